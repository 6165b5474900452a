/*
 * The flow in steps: engine_main() and the generator's thread in one, by
 * virtual time. Nothing here depends on how fast the machine or the broker is,
 * and events are taken in one order: by partitions, and of all that a step
 * brings at once.
 */
#include "base/clock.h"
#include "engine-state.h"

#define PART_MS     10 /* of a step, in which events are of one time */
#define TAKE_MS     1
#define PUSH_MS     100
#define PATIENCE_NS INT64_C(60000000000) /* as long as nothing moves */

/* What faults are in the way of. */
static bool
reads_fail(struct engine *engine, bool *writes_fail)
{
	struct fault_state faults[FAULTS] = {{0}};

	if (engine->faults)
		faults_get(engine->faults, faults);
	*writes_fail = faults[FAULT_DOWN].on || faults[FAULT_NO_LEADER].on;
	return *writes_fail || faults[FAULT_READS].on;
}

static int
give_up(struct engine *engine, const char *what, struct err *err)
{
	return err_set(err, WEIR_KAFKA, 0,
		       "the broker at %s has not %s for %d s", engine->brokers,
		       what, (int)(PATIENCE_NS / 1000000000));
}

/* Until all is acknowledged, or refused. */
static int
write_all(struct engine *engine, struct err *err)
{
	int64_t moved_ns = clock_steady_ns(), over = -1;
	struct producer_counts counts;

	for (;;) {
		producer_counts(engine->producer, &counts, NULL, 0);
		if (counts.acked + counts.failed == counts.produced)
			return 0;
		if (counts.acked + counts.failed != over)
			moved_ns = clock_steady_ns();
		over = counts.acked + counts.failed;
		if (clock_steady_ns() - moved_ns > PATIENCE_NS)
			return give_up(engine, "taken what was written", err);
		producer_push(engine->producer, PUSH_MS);
	}
}

/* Something is in the topic that was not taken yet. */
static bool
is_behind(const struct engine *engine)
{
	for (unsigned i = 0; i < engine->partitions_len; i++) {
		const struct engine_slot *slot = &engine->slots[i];

		if (slot->unplaced ||
		    (slot->fetching &&
		     consumer_next(engine->consumer, i) < engine->ends[i]))
			return true;
	}
	return false;
}

/* Until all that is in the topic was taken; then into memory. */
static int
read_all(struct engine *engine, struct err *err)
{
	int64_t moved_ns = clock_steady_ns();
	const struct consumer_message *messages;
	size_t len;
	int rc = 0;

	engine_take_stock(engine);
	while (rc == 0 && is_behind(engine)) {
		len = consumer_take(engine->consumer, TAKE_MS, &messages);
		for (size_t i = 0; i < len; i++)
			if (messages[i].kind == CONSUMER_BROKEN)
				engine->slots[messages[i].slot].unplaced = true;
			else
				moved_ns = clock_steady_ns();
		consumer_hold(engine->consumer);
		engine_stop_broken(engine);
		rc = engine_follow(engine, false, err);
		if (rc == 0 && clock_steady_ns() - moved_ns > PATIENCE_NS)
			rc = give_up(engine, "given what was written", err);
	}
	len = consumer_held(engine->consumer, &messages);
	engine_take(engine, messages, len);
	consumer_release_held(engine->consumer);
	return rc;
}

/* Until dead letters and outputs are in their topics. */
static int
write_trails(struct engine *engine, struct err *err)
{
	int64_t until_ns = clock_steady_ns() + PATIENCE_NS;
	int rc;

	do
		rc = engine_flush_trails(engine, err);
	while (rc == WEIR_FULL && clock_steady_ns() < until_ns);
	return rc;
}

int
engine_settle(struct engine *engine, struct err *err)
{
	bool writes_fail, reads = !reads_fail(engine, &writes_fail);
	int rc = 0;

	engine_read_clocks(engine);
	if (engine->generator)
		generator_step(engine->generator, engine->now_ns);
	if (engine->producer && !writes_fail)
		rc = write_all(engine, err);
	if (rc == 0 && reads)
		rc = read_all(engine, err);
	if (rc == 0 && reads)
		rc = write_trails(engine, err);
	/* Silence because of an outage is not idleness: see watermark.h. */
	for (unsigned i = 0; !reads && i < engine->partitions_len; i++)
		engine->marks[i].changed_ns = engine->now_ns;
	return rc;
}

int
engine_step(struct engine *engine, int ms, struct err *err)
{
	bool generated = engine->generator && generator_done(engine->generator);
	int64_t now_ms = clock_wall_ms() - CLOCK_SEEDED_START_MS;
	int rc;

	for (int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
		now_ms += end_ms - now_ms < PART_MS ? end_ms - now_ms : PART_MS;
		clock_set(now_ms);
		if (engine->generator)
			generator_step(engine->generator, clock_flow_ns());
	}
	rc = engine_settle(engine, err);
	if (rc == 0)
		rc = engine_end_round(engine, generated, err);
	return rc;
}
