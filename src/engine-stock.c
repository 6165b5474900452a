#include <string.h>

#include "account.h"
#include "engine-state.h"

/*
 * What producer, broker and engine know now, as the ledger, and how far event
 * time has come. The producer is asked last: see account.h.
 */
void
engine_take_stock(struct engine *engine)
{
	struct producer_counts counts = {0};
	struct account_producer producer = {0};

	for (unsigned i = 0; i < engine->partitions_len; i++) {
		struct store_partition *p = &engine->partitions[i];
		int64_t end = engine->slots[i].fetching
				  ? consumer_end(engine->consumer, i)
				  : -1;

		if (end > p->end)
			p->end = end;
	}
	if (engine->producer) {
		producer_counts(engine->producer, &counts, engine->heard,
				engine->heard_len);
		for (unsigned i = 0; i < engine->partitions_len; i++) {
			unsigned number =
			    (unsigned)engine->partitions[i].number;

			if (engine->slots[i].fetching &&
			    number < engine->heard_len &&
			    engine->heard[number] > engine->ends[i])
				engine->ends[i] = engine->heard[number];
		}
	}
	producer.produced = counts.produced;
	producer.acked = counts.acked;
	producer.failed = counts.failed;
	producer.ends = engine->ends;
	producer.ends_len = engine->partitions_len;
	engine->state.ledger =
	    account(&engine->before, &producer, engine->partitions,
		    engine->partitions_len, engine->valid, engine->dead,
		    engine->late + engine->aggregate.late);
	for (unsigned i = 0; i < engine->partitions_len; i++) {
		const struct store_partition *p = &engine->partitions[i];

		if (p->state != PARTITION_READ)
			continue;
		engine->marks[i].caught_up =
		    p->position >= p->end && !engine->slots[i].unplaced;
		if (engine->marks[i].caught_up && engine->producer &&
		    engine->state.ledger.unacked == 0)
			producer_caught_up(engine->producer,
					   (unsigned)p->number);
	}
	engine->state.watermark_ms =
	    watermark_of(engine->marks, engine->partitions_len,
			 engine->state.watermark_ms, engine->now_ns);
}

int64_t
engine_behind_ms(const struct engine *engine)
{
	int64_t behind = 0;

	for (unsigned i = 0; i < engine->partitions_len; i++) {
		const struct store_partition *p = &engine->partitions[i];
		int64_t created_ms = engine->slots[i].created_ms;

		if (p->state != PARTITION_READ || p->position >= p->end)
			continue;
		/* Nothing of it was read, or by a clock ahead of ours. */
		if (created_ms < 0 || created_ms > engine->now_ms)
			return -1;
		if (engine->now_ms - created_ms > behind)
			behind = engine->now_ms - created_ms;
	}
	return behind;
}

static void
keep_second(struct engine *engine, const struct store_second *second)
{
	if (engine->seconds_len == ENGINE_SECONDS_KEEP) {
		memmove(&engine->seconds[0], &engine->seconds[1],
			(ENGINE_SECONDS_KEEP - 1) * sizeof(engine->seconds[0]));
		engine->seconds_len--;
	}
	engine->seconds[engine->seconds_len++] = *second;
}

void
engine_begin_seconds(struct engine *engine)
{
	struct store_second *last = &engine->last_second;

	engine_take_stock(engine);
	last->second = engine->now_ms / 1000 - 1;
	last->produced = engine->state.ledger.produced;
	last->acked = engine->state.ledger.acked;
	last->consumed = engine->state.ledger.consumed;
	last->dead = engine->state.ledger.dead;
	last->changes = engine->seen->changes;
	keep_second(engine, last);
}

static int64_t
part(int64_t from, int64_t to, int64_t i, int64_t n)
{
	return from + (to - from) * i / n;
}

/*
 * The counters as they stood at the end of each clock second. A round that
 * took longer than one spreads what happened evenly.
 */
void
engine_turn_seconds(struct engine *engine)
{
	struct store_second *last = &engine->last_second;
	struct store_second now;
	int64_t n;

	now.second = engine->now_ms / 1000 - 1; /* the one that has ended */
	if (now.second == last->second)
		return;
	n = now.second - last->second;
	engine_take_stock(engine);
	now.produced = engine->state.ledger.produced;
	now.acked = engine->state.ledger.acked;
	now.consumed = engine->state.ledger.consumed;
	now.dead = engine->state.ledger.dead;
	now.changes = engine->seen->changes;
	now.lag = engine->state.ledger.lag;
	now.commit_us = engine->commit_cost_ns / 1000;
	/* The clock was set back or jumped: begin anew there. */
	for (int64_t i = 1; n > 0 && n <= ENGINE_SECONDS_KEEP && i < n; i++) {
		struct store_second between = now;

		between.second = last->second + i;
		between.produced = part(last->produced, now.produced, i, n);
		between.acked = part(last->acked, now.acked, i, n);
		between.consumed = part(last->consumed, now.consumed, i, n);
		between.dead = part(last->dead, now.dead, i, n);
		between.changes = part(last->changes, now.changes, i, n);
		keep_second(engine, &between);
	}
	keep_second(engine, &now);
	*last = now;
}
