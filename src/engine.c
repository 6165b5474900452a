/*
 * The flow, top to bottom: engine_main() is the picture of docs/design.md. A
 * message is taken from the topic, decoded, checked, aggregated or buried; now
 * and then all that has gathered is committed with the offsets behind it.
 *
 * Positions, deltas and counters move together, in this thread only, and reach
 * the store in one transaction: that is the whole of exactly-once. A commit
 * that fails leaves them as they are and is tried again.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "engine-state.h"

/*
 * A commit follows the last one after ten times its cost, so that committing
 * takes at most a tenth of the time, and waiting for topics before it at most a
 * third; never sooner than the screen could show it, never later than a person
 * would wait. When all that has come is consumed, it takes time from nothing, and
 * follows sooner; once, so that a trickle of events costs no more than a flood.
 */
#define COMMIT_COST_FACTOR 10
#define COMMIT_REST_FACTOR 2
#define COMMIT_WAIT_FACTOR 2
#define COMMIT_MIN_NS      INT64_C(100000000)
#define COMMIT_MAX_NS      INT64_C(2000000000)
#define COMMIT_IDLE_NS     INT64_C(1000000000) /* when nothing happens */
#define COMMIT_RETRY_NS    INT64_C(1000000000) /* after one that failed */

#define KEEP_PART       16 /* of --memory, kept by each table between commits */
#define TAKE_MS         20
#define BEGIN_NS        INT64_C(1000000000) /* between questions of cross_gap() */
#define BOUNDS_MS       2000
#define FLUSH_MS        10000
#define FLUSH_OUTAGE_MS 3000                 /* the same, without a broker */
#define DRAIN_NS        INT64_C(10000000000) /* without progress, then give up */
#define OUTAGE_NS       INT64_C(2000000000)  /* the same, without a broker */

static void
set_text(struct engine *engine, char to[ERR_TEXT_MAX], const char *text)
{
	pthread_mutex_lock(&engine->lock);
	snprintf(to, ERR_TEXT_MAX, "%s", text);
	pthread_mutex_unlock(&engine->lock);
}

/* ---- Events ---- */

/*
 * Offsets are missing. Those before the first that the topic still has were
 * removed before we came; the others hold no event (transaction markers, what
 * compaction took).
 */
static void
cross_gap(struct engine *engine, unsigned number, int64_t to)
{
	struct store_partition *p = &engine->partitions[number];
	int64_t begin = consumer_begin(engine->consumer, number), lost;
	struct consumer_log log = {.topic = p->topic, .partition = p->number};

	/*
	 * The broker is asked seldom: in a compacted topic, or one written in
	 * transactions, every few events have a gap between them.
	 */
	if (engine->now_ns - engine->begin_asked_ns >= BEGIN_NS) {
		engine->begin_asked_ns = engine->now_ns;
		consumer_bounds(engine->consumer, &log, 1, BOUNDS_MS);
		/* Without an answer, the honest guess is the worse one. */
		begin = log.rc ? to : log.begin;
	}
	lost = (begin < to ? begin : to) - p->position;
	if (lost < 0)
		lost = 0;
	p->lost += lost;
	p->skipped += to - p->position - lost;
	p->position = to;
}

static void
take_event(struct engine *engine, const struct consumer_message *message)
{
	unsigned number = message->slot;
	struct store_partition *p = &engine->partitions[number];
	struct engine_slot *slot = &engine->slots[number];
	struct event_fault fault;
	struct event event;
	enum reason reason;
	int64_t mark_ms;

	if (message->offset < p->position)
		return; /* fetched again after a broker's failure: counted */
	if (message->offset > p->position)
		cross_gap(engine, number, message->offset);
	p->position = message->offset + 1;
	slot->last = message;
	if (!slot->first)
		slot->first = message;
	engine->marks[number].changed_ns = engine->now_ns;
	engine->seen->at = (struct position){(int32_t)number, message->offset};
	reason = decoder_decode(engine->decoder, message->data, message->size,
				engine->now_ms, &event, &fault);
	if (reason) {
		engine_bury(engine, message, reason, &fault);
		return;
	}
	engine->valid++;
	engine_derive_event(engine, message, &event);
	if (event.time_ms > p->newest_ms)
		p->newest_ms = event.time_ms;
	if (event.time_ms > engine->state.newest_ms)
		engine->state.newest_ms = event.time_ms;
	/*
	 * An event that is dated ahead, as the rules allow within limits, does
	 * not move the watermark beyond now: it would make the others late.
	 */
	mark_ms =
	    event.time_ms < engine->now_ms ? event.time_ms : engine->now_ms;
	if (mark_ms > engine->marks[number].newest_ms)
		engine->marks[number].newest_ms = mark_ms;
	aggregate_add(&engine->aggregate, &event,
		      (struct position){(int32_t)number, message->offset},
		      engine->state.watermark_ms);
}

/* ---- Commits ---- */

/* What is gathered, and what committing it will take, against the bound. */
static bool
memory_full(const struct engine *engine)
{
	return aggregate_bytes(&engine->aggregate) +
		   store_commit_bytes(engine->store, &engine->aggregate) >
	       engine->options.memory_bytes / 2;
}

static bool
commit_due(const struct engine *engine, bool finishing)
{
	int64_t since = engine->now_ns - engine->committed_ns;
	int64_t factor = engine->idle && !engine->rested ? COMMIT_REST_FACTOR
							 : COMMIT_COST_FACTOR;
	int64_t pause = engine->commit_cost_ns * factor +
			engine->commit_wait_ns * COMMIT_WAIT_FACTOR;

	if (engine->retry_ns)
		return engine->now_ns >= engine->retry_ns;
	if (memory_full(engine))
		return true;
	if (pause < COMMIT_MIN_NS)
		pause = COMMIT_MIN_NS;
	if (pause > COMMIT_MAX_NS)
		pause = COMMIT_MAX_NS;
	return since >= pause &&
	       (engine->changed || finishing ||
		atomic_load(&engine->commanded) || since >= COMMIT_IDLE_NS);
}

void
engine_fail(struct engine *engine, const struct err *err)
{
	set_text(engine, engine->problem, err->text);
	atomic_store(&engine->failed, true);
}

/* A commit that failed for lack of room, or of a broker, is tried again. */
static int
put_off(struct engine *engine, int rc, const struct err *why, struct err *err)
{
	engine->now_ns = clock_flow_ns();
	engine->retry_ns = engine->now_ns + COMMIT_RETRY_NS;
	if (rc == WEIR_STORE_FULL || rc == WEIR_FULL)
		set_text(engine, engine->problem, why->text);
	else
		engine_fail(engine, why);
	if (err)
		*err = *why;
	return rc;
}

int
engine_commit(struct engine *engine, struct err *err)
{
	struct store_commit commit = {
	    .aggregate = &engine->aggregate,
	    .state = &engine->state,
	    .partitions = engine->partitions,
	    .partitions_len = engine->partitions_len,
	    .dead = engine->letters,
	    .dead_len = engine->letters_len,
	    .seconds = engine->seconds,
	    .seconds_len = engine->seconds_len,
	    .seen = engine->seen,
	    .outputs = engine->outputs,
	};
	struct notices notices = NOTICES_INIT;
	int64_t asked_ns = clock_flow_ns(), began_ns;
	struct err why;
	int rc;

	rc = engine_flush_trails(engine, &why);
	if (rc)
		return put_off(engine, rc, &why, err);
	began_ns = clock_flow_ns();
	engine_take_stock(engine);
	engine->state.commit_ms = engine->now_ms;
	engine->state.commit_us = engine->commit_cost_ns / 1000;
	engine->state.behind_ms = engine_behind_ms(engine);
	latency_figures(&engine->latency, engine->now_ms,
			&engine->state.seen_median_ms,
			&engine->state.seen_p99_ms);
	engine->state.memory_bytes =
	    (int64_t)(aggregate_bytes(&engine->aggregate) +
		      store_commit_bytes(engine->store, &engine->aggregate));
	engine_before_commit(engine, &commit, &notices);
	seen_settle(engine->seen);
	rc = store_commit(engine->store, &commit, &engine->state.commit, &why);
	engine->now_ns = clock_flow_ns();
	if (rc)
		return put_off(engine, rc, &why, err);
	latency_seen(&engine->latency, clock_wall_ms());
	engine_after_commit(engine, &notices);
	notices_release(&notices);
	if (engine->retry_ns)
		set_text(engine, engine->problem, "");
	engine->retry_ns = 0;
	engine->late += engine->aggregate.late;
	aggregate_clear(&engine->aggregate,
			engine->options.memory_bytes / KEEP_PART);
	for (unsigned i = 0; i < engine->letters_len; i++)
		free(engine->letters[i].raw);
	engine->letters_len = engine->seconds_len = 0;
	seen_committed(engine->seen);
	for (unsigned i = 0; i < engine->partitions_len; i++)
		engine->partitions[i].settled =
		    engine->partitions[i].state == PARTITION_ENDED;
	engine_publish(engine, false);
	engine->changed = false;
	engine->rested = engine->idle;
	engine->committed_ns = engine->now_ns;
	engine->commit_wait_ns = began_ns - asked_ns;
	engine->commit_cost_ns = engine->now_ns - began_ns;
	rc = engine_derive_windows(engine, &why);
	if (rc) {
		engine_fail(engine, &why);
		if (err)
			*err = why;
	}
	return rc;
}

/* ---- The flow ---- */

void
engine_read_clocks(struct engine *engine)
{
	engine->now_ms = clock_wall_ms();
	engine->now_ns = clock_flow_ns();
}

/* What a round did to a partition: how its log is known again, and room. */
static void
round_off(struct engine *engine, unsigned i)
{
	struct engine_slot *slot = &engine->slots[i];
	struct store_partition *p = &engine->partitions[i];

	if (slot->last) {
		p->last_offset = slot->last->offset;
		p->last_print = consumer_print(slot->last).whole;
		if (p->first_offset < 0) {
			p->first_offset = slot->first->offset;
			p->first_print = consumer_print(slot->first).whole;
		}
		slot->created_ms = consumer_created_ms(slot->last);
		latency_read(&engine->latency, consumer_created_ms(slot->first),
			     slot->created_ms,
			     slot->last->offset - slot->first->offset + 1);
		slot->first = slot->last = NULL;
	}
	if (slot->consumed_bytes && engine->producer)
		producer_consumed(engine->producer, (unsigned)p->number,
				  slot->consumed_bytes);
	slot->consumed_bytes = 0;
}

void
engine_take(struct engine *engine, const struct consumer_message *messages,
	    size_t len)
{
	engine->seen->now_ms = engine->now_ms;
	for (size_t i = 0; i < len; i++) {
		const struct consumer_message *message = &messages[i];
		struct store_partition *p = &engine->partitions[message->slot];

		switch (message->kind) {
		case CONSUMER_EVENT:
			engine->changed = true;
			take_event(engine, message);
			engine->slots[message->slot].consumed_bytes +=
			    event_cost(message->size + message->key_size);
			break;
		case CONSUMER_END:
			/* What lies between was no event: markers, say. */
			if (message->offset > p->position)
				cross_gap(engine, message->slot,
					  message->offset);
			break;
		case CONSUMER_BROKEN:
			engine->slots[message->slot].unplaced = true;
			break;
		}
	}
	aggregate_settle(&engine->aggregate);
	for (unsigned i = 0; i < engine->partitions_len; i++)
		round_off(engine, i);
}

void
engine_stop_broken(struct engine *engine)
{
	for (unsigned i = 0; i < engine->partitions_len; i++)
		if (engine->slots[i].unplaced && engine->slots[i].fetching) {
			consumer_stop(engine->consumer, i);
			engine->slots[i].fetching = false;
		}
}

/* One round: what has come, into memory. */
static void
consume(struct engine *engine, int timeout_ms)
{
	const struct consumer_message *messages;
	size_t len = consumer_take(engine->consumer, timeout_ms, &messages);

	engine->idle = len == 0;
	engine_read_clocks(engine);
	engine_take(engine, messages, len);
	consumer_release(engine->consumer);
	engine_stop_broken(engine);
	/* Silence because of an outage is not idleness: see watermark.h. */
	if (consumer_disconnected(engine->consumer))
		for (unsigned i = 0; i < engine->partitions_len; i++)
			engine->marks[i].changed_ns = engine->now_ns;
}

static bool
duration_over(const struct engine *engine)
{
	return engine->options.duration_ms > 0 &&
	       engine->now_ns - engine->started_ns >=
		   engine->options.duration_ms * 1000000;
}

/* Whether everything there was to do is done and stored. */
static bool
all_done(struct engine *engine, bool generated)
{
	const struct ledger *l = &engine->state.ledger;

	if (!engine->generator)
		return duration_over(engine);
	return generated && l->unacked == 0 && l->lag == 0;
}

int
engine_end_round(struct engine *engine, bool generated, struct err *err)
{
	int rc;

	engine_turn_seconds(engine);
	if (duration_over(engine) && engine->generator)
		generator_end(engine->generator);
	if (!commit_due(engine, generated && !atomic_load(&engine->ended)))
		return 0;
	rc = engine_commit(engine, err);
	if (rc == 0 && all_done(engine, generated))
		atomic_store(&engine->ended, true);
	return rc;
}

/* What the group, the topics and the broker say between two rounds. */
static void
follow(struct engine *engine)
{
	char written[ERR_TEXT_MAX];
	const char *problem;
	struct err err;

	if (engine_follow(engine, false, &err) == WEIR_STORE_FOREIGN)
		engine_fail(engine, &err);
	problem = engine->place_problem;
	if (!problem[0])
		problem = assignment_problem(engine->assignment);
	if (!problem[0])
		problem = consumer_problem(engine->consumer);
	if (!problem[0] && engine->producer &&
	    producer_problem(engine->producer, written, sizeof(written)))
		problem = written;
	/* Who may not write at all need not go on trying. */
	if (problem == written && producer_refused(engine->producer) &&
	    engine->state.ledger.acked == engine->before.acked) {
		err_set(&err, WEIR_KAFKA, 0, "%s", written);
		engine_fail(engine, &err);
	}
	/* This thread alone writes it, so it may look without the lock. */
	if (strcmp(engine->fetch_problem, problem) != 0)
		set_text(engine, engine->fetch_problem, problem);
}

static void *
engine_main(void *arg)
{
	struct engine *engine = arg;

	pthread_setname_np(pthread_self(), "weir-engine");
	engine_read_clocks(engine);
	while (!atomic_load(&engine->stopping) &&
	       !atomic_load(&engine->failed)) {
		/* Before the commit: what is done then is in it. */
		bool generated =
		    engine->generator && generator_done(engine->generator);

		if (engine->retry_ns && memory_full(engine)) {
			/* No room to gather, none to commit: the topic waits.
			 */
			struct timespec pause = {0, TAKE_MS * 1000000};

			nanosleep(&pause, NULL);
			engine_read_clocks(engine);
		} else {
			consume(engine, TAKE_MS);
		}
		follow(engine);
		engine_end_round(engine, generated, NULL);
	}
	return NULL;
}

/*
 * Downstream of a producer that was flushed: takes what is still in the topic.
 * Only what we wrote ourselves is waited for, and not longer than it moves.
 */
static void
drain(struct engine *engine, bool (*hurry)(void *ctx), void *ctx)
{
	int64_t moved_ns = clock_steady_ns();

	for (;;) {
		int64_t before = engine->valid + engine->dead;
		bool left = false;

		engine_take_stock(engine);
		for (unsigned i = 0; i < engine->partitions_len; i++)
			left |=
			    engine->slots[i].fetching &&
			    engine->partitions[i].position < engine->ends[i];
		if (!left || atomic_load(&engine->failed) ||
		    (hurry && hurry(ctx)))
			return;
		if (engine->retry_ns && memory_full(engine))
			return;
		consume(engine, TAKE_MS);
		follow(engine);
		engine_turn_seconds(engine);
		if (commit_due(engine, false))
			engine_commit(engine, NULL);
		if (engine->valid + engine->dead > before)
			moved_ns = clock_steady_ns();
		if (clock_steady_ns() - moved_ns >
		    (consumer_disconnected(engine->consumer) ? OUTAGE_NS
							     : DRAIN_NS))
			return;
	}
}

/* ---- Start ---- */

/* 0 of an entry that is not there, as a damaged store may name one. */
static int64_t
read_to(const void *ctx, int32_t partition)
{
	const struct engine *engine = ctx;

	return (unsigned)partition < engine->partitions_len
		   ? engine->partitions[partition].position
		   : 0;
}

static int
start_threads(struct engine *engine, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct generator_options generator = {
	    .pipeline = o->pipeline,
	    .producer = engine->producer,
	    .per_s = o->per_s,
	    .events = o->events,
	    .threads = o->generators,
	    /* In steps, events are of the time at which they are written. */
	    .seeded = o->seeded && !o->stepped,
	    .stepped = o->stepped,
	    .seed = o->seed,
	};
	int rc = 0;

	if (o->generate)
		rc = generator_start(&generator, &engine->generator, err);
	if (rc || o->stepped)
		return rc;
	rc = pthread_create(&engine->thread, NULL, engine_main, engine);
	if (rc)
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the engine's thread");
	engine->running = true;
	return 0;
}

int
engine_start(const struct engine_options *options, struct engine **out,
	     struct err *err)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));
	int rc;

	engine->options = *options;
	pthread_mutex_init(&engine->lock, NULL);
	engine_read_clocks(engine);
	engine->started_ns = engine->committed_ns = engine->now_ns;
	aggregate_init(&engine->aggregate, options->pipeline);
	engine->seen = seen_new(&options->pipeline->event);
	engine->seen->read_to = read_to;
	engine->seen->read_ctx = engine;
	rc = decoder_new(options->pipeline, &engine->decoder, err);
	if (rc == 0)
		decoder_watch(engine->decoder, engine->seen);
	if (rc == 0)
		rc = engine_open(engine, err);
	if (rc == 0 && engine->producer) {
		engine->heard_len = producer_partitions(engine->producer);
		engine->heard =
		    xcalloc(engine->heard_len, sizeof(*engine->heard));
	}
	if (rc == 0)
		rc = engine_follow(engine, true, err);
	if (rc == 0) {
		engine->state.started_ms = engine->now_ms;
		engine->state.memory_limit = (int64_t)options->memory_bytes;
		engine_begin_seconds(engine);
		/* A first commit at once: there is something to look at. */
		rc = engine_commit(engine, err);
	}
	if (rc == 0)
		rc = engine_view(engine, 0, false, &engine->first, err);
	if (rc == 0)
		rc = start_threads(engine, err);
	if (rc) {
		engine_free(engine);
		return rc;
	}
	*out = engine;
	return 0;
}

/* ---- Stop ---- */

int
engine_stop(struct engine *engine, bool (*hurry)(void *ctx), void *ctx,
	    struct err *err)
{
	bool outage;
	int rc;

	/* What is faulty on purpose must not cost an event at the end. */
	outage = !faults_lift(engine->faults) && engine->producer &&
		 producer_disconnected(engine->producer);
	/* Upstream first; the engine goes on consuming meanwhile. */
	if (engine->generator)
		generator_end(engine->generator);
	if (engine->generator && engine->options.stepped)
		engine_settle(engine, NULL);
	else if (engine->generator)
		generator_join(engine->generator);
	if (engine->producer)
		producer_flush(engine->producer,
			       outage ? FLUSH_OUTAGE_MS : FLUSH_MS, hurry, ctx);
	atomic_store(&engine->stopping, true);
	if (engine->running)
		pthread_join(engine->thread, NULL);
	engine->running = false;
	if (atomic_load(&engine->failed)) {
		rc = err_set(err, WEIR_STORE, 0, "%s", engine->problem);
	} else {
		if (engine->producer)
			drain(engine, hurry, ctx);
		engine_read_clocks(engine);
		rc = engine_commit(engine, err);
		/* What that has completed is written, and stored as such. */
		while (rc == 0 && engine->derived > 0)
			rc = engine_commit(engine, err);
		if (rc == 0)
			rc = engine_end_delivery(engine, err);
		if (rc == 0)
			engine_leave(engine);
	}
	engine_close_kafka(engine);
	return rc;
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	engine_close_kafka(engine);
	view_free(engine->first);
	store_close(engine->store);
	decoder_free(engine->decoder);
	seen_free(engine->seen);
	aggregate_release(&engine->aggregate);
	buf_release(&engine->text);
	for (unsigned i = 0; i < engine->letters_len; i++)
		free(engine->letters[i].raw);
	free(engine->partitions);
	free(engine->marks);
	free(engine->ends);
	free(engine->slots);
	free(engine->heard);
	free(engine->publishing);
	free(engine->brokers);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

/* ---- For the dashboard's thread ---- */

int
engine_view(struct engine *engine, uint64_t seen, bool windows,
	    struct view **view, struct err *err)
{
	return store_view(engine->store, seen, windows, view, err);
}

struct store *
engine_store(struct engine *engine)
{
	return engine->store;
}

const struct view *
engine_first_view(const struct engine *engine)
{
	return engine->first;
}

/* Samples a tenth of a second apart or more; the oldest is about 1 s old. */
static double
actual_rate(struct engine *engine, int64_t now_ns)
{
	const unsigned room = 11;
	int64_t count = producer_produced(engine->producer);
	unsigned last = engine->rate_len - 1;

	if (engine->rate_len == 0 ||
	    now_ns - engine->rate_at_ns[last] >= 100000000) {
		if (engine->rate_len == room) {
			memmove(&engine->rate_at_ns[0], &engine->rate_at_ns[1],
				(room - 1) * sizeof(engine->rate_at_ns[0]));
			memmove(&engine->rate_count[0], &engine->rate_count[1],
				(room - 1) * sizeof(engine->rate_count[0]));
			engine->rate_len--;
		}
		engine->rate_at_ns[engine->rate_len] = now_ns;
		engine->rate_count[engine->rate_len] = count;
		engine->rate_len++;
	}
	last = engine->rate_len - 1;
	if (engine->rate_at_ns[last] - engine->rate_at_ns[0] < 500000000)
		return -1;
	return (double)(engine->rate_count[last] - engine->rate_count[0]) *
	       1e9 / (double)(engine->rate_at_ns[last] - engine->rate_at_ns[0]);
}

void
engine_live(struct engine *engine, struct engine_live *live)
{
	int64_t now_ns = clock_flow_ns();
	bool faulty = false;
	const char *source;

	memset(live, 0, sizeof(*live));
	live->actual_per_s = -1;
	live->ended = atomic_load(&engine->ended);
	live->failed = atomic_load(&engine->failed);
	if (engine->generator) {
		live->generating = true;
		generator_get_controls(engine->generator, &live->controls,
				       &live->curve_ns);
		live->curve_ns = now_ns - live->curve_ns;
		live->held_back = generator_held_back(engine->generator);
		live->actual_per_s = actual_rate(engine, now_ns);
	}
	if (engine->faults)
		faults_get(engine->faults, live->faults);
	for (int i = 0; i < FAULTS; i++)
		faulty |= live->faults[i].on;
	if (engine->options.stepped) {
		/* When clients notice is not the same each time. */
		live->disconnected = live->faults[FAULT_DOWN].on;
		return;
	}
	if (engine->consumer)
		live->disconnected = consumer_disconnected(engine->consumer);
	if (engine->producer && producer_disconnected(engine->producer))
		live->disconnected = true;
	pthread_mutex_lock(&engine->lock);
	/* Without a broker, what else does not work is because of that. */
	source = engine->problem;
	/* What is wrong on purpose needs no advice. */
	if (!faulty &&
	    (!source[0] || (live->disconnected && engine->fetch_problem[0])))
		source = engine->fetch_problem;
	snprintf(live->problem, sizeof(live->problem), "%s", source);
	pthread_mutex_unlock(&engine->lock);
	/* Alerts that cannot be told are the least of it. */
	if (!live->problem[0] && engine->delivery)
		delivery_problem(engine->delivery, live->problem);
}

void
engine_set_controls(struct engine *engine,
		    const struct generator_controls *controls)
{
	if (engine->generator)
		generator_set_controls(engine->generator, controls,
				       clock_flow_ns());
}

bool
engine_has_faults(const struct engine *engine)
{
	return engine->faults != NULL;
}

void
engine_set_fault(struct engine *engine, enum fault fault, bool on)
{
	if (!engine->faults)
		return;
	/*
	 * One made after another was lifted finds nothing under way: what the
	 * broker had taken by then would not be the same each time.
	 */
	if (engine->options.stepped && on)
		engine_settle(engine, NULL);
	faults_set(engine->faults, fault, on, clock_wall_ms());
	if (engine->options.stepped)
		faults_wait(engine->faults);
}

const char *
engine_brokers(const struct engine *engine)
{
	return engine->brokers;
}

const struct kafka_settings *
engine_settings(const struct engine *engine)
{
	return &engine->options.kafka;
}
