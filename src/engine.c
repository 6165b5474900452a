/*
 * The flow, top to bottom: engine_main() is the picture of docs/design.md. A
 * message is taken from the topic, decoded, checked, aggregated or buried; now
 * and then all that has gathered is committed with the offsets behind it.
 *
 * Positions, deltas and counters move together, in this thread only, and reach
 * the store in one transaction: that is the whole of exactly-once. A commit
 * that fails leaves them as they are and is tried again.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "account.h"
#include "aggregate/aggregate.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "engine.h"
#include "event/event.h"
#include "generate/generator.h"
#include "kafka/consumer.h"
#include "kafka/embedded.h"
#include "kafka/producer.h"

/*
 * A commit follows the last one after ten times its cost, so that committing
 * takes at most a tenth of the time; never sooner than the screen could show
 * it, never later than a person would wait.
 */
#define COMMIT_COST_FACTOR 10
#define COMMIT_MIN_NS      INT64_C(100000000)
#define COMMIT_MAX_NS      INT64_C(2000000000)
#define COMMIT_IDLE_NS     INT64_C(1000000000) /* when nothing happens */
#define COMMIT_RETRY_NS    INT64_C(1000000000) /* after one that failed */

#define KEEP_PART 32 /* of --memory, kept by each table between commits */
#define TAKE_MS   20
#define BEGIN_NS                                                               \
	INT64_C(1000000000) /* between two questions of cross_gap()            \
			     */
#define FLUSH_MS     10000
#define DRAIN_NS     INT64_C(10000000000) /* without progress, then give up */
#define OUTAGE_NS    INT64_C(2000000000)  /* the same, without a broker */
#define DEAD_KEEP    VIEW_DEAD
#define SECONDS_KEEP 128

struct engine {
	struct engine_options options;
	char *brokers;
	struct embedded *embedded;
	struct producer *producer;
	struct consumer *consumer;
	struct generator *generator;
	struct store *store;
	struct decoder *decoder;

	/* The engine's thread alone, once it runs. */
	pthread_t thread;
	bool running;
	struct aggregate aggregate;
	struct store_partition *partitions;
	struct watermark_partition *marks;
	int64_t *ends;  /* what the producer knows, at least as at the start */
	int64_t *heard; /* room to ask it */
	size_t *consumed_bytes; /* of this round */
	unsigned partitions_len;
	struct store_state state;
	struct ledger before;                 /* as the run began */
	int64_t valid, dead, late;            /* of this run */
	struct store_dead letters[DEAD_KEEP]; /* since the last commit */
	unsigned letters_len;
	struct store_second seconds[SECONDS_KEEP];
	unsigned seconds_len;
	struct store_second last_second; /* the counters at its end */
	int64_t now_ms, now_ns;          /* of this round */
	int64_t committed_ns, commit_cost_ns, retry_ns;
	bool changed; /* since the last commit */
	int64_t begin_asked_ns;
	int64_t started_ns;

	/* Between threads. */
	_Atomic bool stopping, ended, failed;
	pthread_mutex_t lock;             /* of the two texts; "": no problem */
	char problem[ERR_TEXT_MAX];       /* with the store */
	char fetch_problem[ERR_TEXT_MAX]; /* with the topic */

	/* The asking thread's: the rate over about the last second. */
	int64_t rate_at_ns[16], rate_count[16];
	unsigned rate_len;
};

static void
set_text(struct engine *engine, char to[ERR_TEXT_MAX], const char *text)
{
	pthread_mutex_lock(&engine->lock);
	snprintf(to, ERR_TEXT_MAX, "%s", text);
	pthread_mutex_unlock(&engine->lock);
}

/* --- events
 * ------------------------------------------------------------------------- */

/*
 * Offsets are missing. Those before the first that the topic still has were
 * removed before we came; the others hold no event (transaction markers, what
 * compaction took).
 */
static void
cross_gap(struct engine *engine, unsigned number, int64_t to)
{
	struct store_partition *p = &engine->partitions[number];
	int64_t begin = consumer_begin(engine->consumer, number), end, lost;

	/*
	 * The broker is asked seldom: in a compacted topic, or one written in
	 * transactions, every few events have a gap between them.
	 */
	if (engine->now_ns - engine->begin_asked_ns >= BEGIN_NS) {
		engine->begin_asked_ns = engine->now_ns;
		/* Without an answer, the honest guess is the worse one. */
		if (consumer_bounds(engine->consumer, number, &begin, &end,
				    NULL))
			begin = to;
	}
	lost = (begin < to ? begin : to) - p->position;
	if (lost < 0)
		lost = 0;
	p->lost += lost;
	p->skipped += to - p->position - lost;
	p->position = to;
}

/*
 * A gap shows by the message behind it. When all that was left of a partition
 * was removed, none comes, and it would look like lag for ever. Only after a
 * round that brought nothing: what was fetched before is still to be had.
 */
static void
cross_ends(struct engine *engine)
{
	for (unsigned i = 0; i < engine->partitions_len; i++) {
		int64_t begin = consumer_begin(engine->consumer, i);

		if (begin > engine->partitions[i].position) {
			cross_gap(engine, i, begin);
			engine->changed = true;
		}
	}
}

/* The last DEAD_KEEP since the commit are kept; all are counted. */
static void
bury(struct engine *engine, const struct consumer_message *message,
     enum reason reason, int field)
{
	struct store_dead *dead;

	engine->dead++;
	engine->state.dead_by_reason[reason]++;
	engine->state.dead_seq++;
	if (engine->letters_len == DEAD_KEEP) {
		free(engine->letters[0].raw);
		memmove(&engine->letters[0], &engine->letters[1],
			(DEAD_KEEP - 1) * sizeof(engine->letters[0]));
		engine->letters_len--;
	}
	dead = &engine->letters[engine->letters_len++];
	dead->reason = reason;
	dead->field = field;
	dead->position = (struct position){message->partition, message->offset};
	dead->seen_ms = engine->now_ms;
	dead->size = message->size;
	dead->raw_size =
	    (uint32_t)(message->size < STORE_DEAD_RAW_MAX ? message->size
							  : STORE_DEAD_RAW_MAX);
	dead->raw =
	    xstrndup(message->data ? message->data : "", dead->raw_size);
}

static void
take_event(struct engine *engine, const struct consumer_message *message)
{
	unsigned number = (unsigned)message->partition;
	struct store_partition *p = &engine->partitions[number];
	struct event_fault fault;
	struct event event;
	enum reason reason;
	int64_t mark_ms;

	if (message->offset < p->position)
		return; /* fetched again after a broker's failure: counted */
	if (message->offset > p->position)
		cross_gap(engine, number, message->offset);
	p->position = message->offset + 1;
	engine->marks[number].changed_ns = engine->now_ns;
	reason = decoder_decode(engine->decoder, message->data, message->size,
				engine->now_ms, &event, &fault);
	if (reason) {
		bury(engine, message, reason, fault.field);
		return;
	}
	engine->valid++;
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
		      (struct position){message->partition, message->offset},
		      engine->state.watermark_ms);
}

/* --- accounting
 * ----------------------------------------------------------------------- */

/*
 * What producer, broker and engine know now, as the ledger, and how far event
 * time has come. The producer is asked last: see account.h.
 */
static void
take_stock(struct engine *engine)
{
	struct producer_counts counts = {0};
	struct account_producer producer = {0};

	for (unsigned i = 0; i < engine->partitions_len; i++) {
		struct store_partition *p = &engine->partitions[i];
		int64_t end = consumer_end(engine->consumer, i);

		if (end > p->end)
			p->end = end;
	}
	if (engine->producer) {
		producer_counts(engine->producer, &counts, engine->heard);
		for (unsigned i = 0; i < engine->partitions_len; i++)
			if (engine->heard[i] > engine->ends[i])
				engine->ends[i] = engine->heard[i];
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
		engine->marks[i].caught_up =
		    engine->partitions[i].position >= engine->partitions[i].end;
		if (engine->marks[i].caught_up && engine->producer &&
		    engine->state.ledger.unacked == 0)
			producer_caught_up(engine->producer, i);
	}
	engine->state.watermark_ms =
	    watermark_of(engine->marks, engine->partitions_len,
			 engine->state.watermark_ms, engine->now_ns);
}

static void
keep_second(struct engine *engine, const struct store_second *second)
{
	if (engine->seconds_len == SECONDS_KEEP) {
		memmove(&engine->seconds[0], &engine->seconds[1],
			(SECONDS_KEEP - 1) * sizeof(engine->seconds[0]));
		engine->seconds_len--;
	}
	engine->seconds[engine->seconds_len++] = *second;
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
static void
turn_seconds(struct engine *engine)
{
	struct store_second *last = &engine->last_second;
	struct store_second now;
	int64_t n;

	now.second = engine->now_ms / 1000 - 1; /* the one that has ended */
	if (now.second == last->second)
		return;
	n = now.second - last->second;
	take_stock(engine);
	now.produced = engine->state.ledger.produced;
	now.acked = engine->state.ledger.acked;
	now.consumed = engine->state.ledger.consumed;
	now.dead = engine->state.ledger.dead;
	now.lag = engine->state.ledger.lag;
	now.commit_us = engine->commit_cost_ns / 1000;
	/* The clock was set back or jumped: begin anew there. */
	for (int64_t i = 1; n > 0 && n <= SECONDS_KEEP && i < n; i++) {
		struct store_second between = now;

		between.second = last->second + i;
		between.produced = part(last->produced, now.produced, i, n);
		between.acked = part(last->acked, now.acked, i, n);
		between.consumed = part(last->consumed, now.consumed, i, n);
		between.dead = part(last->dead, now.dead, i, n);
		keep_second(engine, &between);
	}
	keep_second(engine, &now);
	*last = now;
}

/* --- commits
 * ---------------------------------------------------------------------------------
 */

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
	int64_t pause = engine->commit_cost_ns * COMMIT_COST_FACTOR;

	if (engine->retry_ns)
		return engine->now_ns >= engine->retry_ns;
	if (memory_full(engine))
		return true;
	if (pause < COMMIT_MIN_NS)
		pause = COMMIT_MIN_NS;
	if (pause > COMMIT_MAX_NS)
		pause = COMMIT_MAX_NS;
	return since >= pause &&
	       (engine->changed || finishing || since >= COMMIT_IDLE_NS);
}

static int
commit(struct engine *engine, struct err *err)
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
	};
	int64_t began_ns = clock_steady_ns();
	struct err why;
	int rc;

	take_stock(engine);
	engine->state.commit_ms = engine->now_ms;
	engine->state.commit_us = engine->commit_cost_ns / 1000;
	engine->state.memory_bytes =
	    (int64_t)(aggregate_bytes(&engine->aggregate) +
		      store_commit_bytes(engine->store, &engine->aggregate));
	rc = store_commit(engine->store, &commit, &engine->state.commit, &why);
	engine->now_ns = clock_steady_ns();
	if (rc) {
		set_text(engine, engine->problem, why.text);
		engine->retry_ns = engine->now_ns + COMMIT_RETRY_NS;
		if (rc != WEIR_STORE_FULL)
			atomic_store(&engine->failed, true);
		if (err)
			*err = why;
		return rc;
	}
	if (engine->retry_ns)
		set_text(engine, engine->problem, "");
	engine->retry_ns = 0;
	engine->late += engine->aggregate.late;
	aggregate_clear(&engine->aggregate,
			engine->options.memory_bytes / KEEP_PART);
	for (unsigned i = 0; i < engine->letters_len; i++)
		free(engine->letters[i].raw);
	engine->letters_len = engine->seconds_len = 0;
	engine->changed = false;
	engine->committed_ns = engine->now_ns;
	engine->commit_cost_ns = engine->now_ns - began_ns;
	return 0;
}

/* --- the flow
 * ----------------------------------------------------------------------------------
 */

static void
read_clocks(struct engine *engine)
{
	engine->now_ms = clock_wall_ms();
	engine->now_ns = clock_steady_ns();
}

/* One round: what has come, into memory. */
static void
consume(struct engine *engine, int timeout_ms)
{
	const struct consumer_message *messages;
	size_t len = consumer_take(engine->consumer, timeout_ms, &messages);

	read_clocks(engine);
	/* This thread alone writes it, so it may look without the lock. */
	if (strcmp(engine->fetch_problem, consumer_problem(engine->consumer)) !=
	    0)
		set_text(engine, engine->fetch_problem,
			 consumer_problem(engine->consumer));
	for (size_t i = 0; i < len; i++) {
		const struct consumer_message *message = &messages[i];

		if (message->at_end) {
			/* What lies between was no event: markers, say. */
			if (message->offset >
			    engine->partitions[message->partition].position)
				cross_gap(engine, (unsigned)message->partition,
					  message->offset);
			continue;
		}
		engine->changed = true;
		take_event(engine, message);
		engine->consumed_bytes[message->partition] +=
		    event_cost(message->size + message->key_size);
	}
	aggregate_settle(&engine->aggregate);
	for (unsigned i = 0; engine->producer && i < engine->partitions_len;
	     i++) {
		producer_consumed(engine->producer, i,
				  engine->consumed_bytes[i]);
		engine->consumed_bytes[i] = 0;
	}
	consumer_release(engine->consumer);
	/* Silence because of an outage is not idleness: see watermark.h. */
	if (consumer_disconnected(engine->consumer))
		for (unsigned i = 0; i < engine->partitions_len; i++)
			engine->marks[i].changed_ns = engine->now_ns;
	if (len == 0)
		cross_ends(engine);
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

static void *
engine_main(void *arg)
{
	struct engine *engine = arg;

	pthread_setname_np(pthread_self(), "weir-engine");
	read_clocks(engine);
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
			read_clocks(engine);
		} else {
			consume(engine, TAKE_MS);
		}
		turn_seconds(engine);
		if (duration_over(engine) && engine->generator)
			generator_end(engine->generator);
		if (commit_due(engine,
			       generated && !atomic_load(&engine->ended)) &&
		    commit(engine, NULL) == 0 && all_done(engine, generated))
			atomic_store(&engine->ended, true);
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

		take_stock(engine);
		for (unsigned i = 0; i < engine->partitions_len; i++)
			left |=
			    engine->partitions[i].position < engine->ends[i];
		if (!left || atomic_load(&engine->failed) ||
		    (hurry && hurry(ctx)))
			return;
		if (engine->retry_ns && memory_full(engine))
			return;
		consume(engine, TAKE_MS);
		turn_seconds(engine);
		if (commit_due(engine, false))
			commit(engine, NULL);
		if (engine->valid + engine->dead > before)
			moved_ns = engine->now_ns;
		if (engine->now_ns - moved_ns >
		    (consumer_disconnected(engine->consumer) ? OUTAGE_NS
							     : DRAIN_NS))
			return;
	}
}

/* --- start
 * --------------------------------------------------------------------------------------
 */

static int
random_id(char *to, size_t room, struct err *err)
{
	unsigned char bytes[8];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(err, "cannot get random numbers");
	snprintf(to, room, "embedded:%02x%02x%02x%02x%02x%02x%02x%02x",
		 bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5],
		 bytes[6], bytes[7]);
	return 0;
}

static int
open_kafka(struct engine *engine, const char *topic, struct err *err)
{
	const struct engine_options *o = &engine->options;
	int rc = 0;

	if (!o->kafka.brokers) {
		rc = embedded_start(&o->kafka, topic, o->pipeline->partitions,
				    &engine->embedded, err);
		if (rc)
			return rc;
		engine->brokers = xstrdup(embedded_brokers(engine->embedded));
		engine->options.kafka.brokers = engine->brokers;
	} else {
		engine->brokers = xstrdup(o->kafka.brokers);
		if (o->generate)
			rc = kafka_topic_create(&o->kafka, topic,
						o->pipeline->partitions, err);
	}
	if (rc == 0 && o->generate)
		rc = producer_new(&o->kafka, topic, o->memory_bytes / 8,
				  engine->embedded != NULL, &engine->producer,
				  err);
	if (rc == 0)
		rc = consumer_new(&o->kafka, topic, o->memory_bytes / 4,
				  engine->embedded != NULL, &engine->consumer,
				  err);
	return rc;
}

static int
name_source(struct engine *engine, const char *topic,
	    struct store_source *source, struct err *err)
{
	const char *id;

	snprintf(source->topic, sizeof(source->topic), "%s", topic);
	snprintf(source->label, sizeof(source->label), "%s%s",
		 engine->embedded ? "embedded broker " : "", engine->brokers);
	if (engine->embedded)
		return random_id(source->id, sizeof(source->id), err);
	id = consumer_cluster_id(engine->consumer);
	snprintf(source->id, sizeof(source->id), "kafka:%s", id);
	return 0;
}

static bool
is_embedded(const struct store_source *source)
{
	return strncmp(source->id, "embedded:", 9) == 0;
}

/*
 * Whether the store's offsets hold for this source. Those of an embedded broker
 * never do for the next one; those of another cluster or topic are a mistake.
 */
static int
same_source(const struct store_source *was, const struct store_source *is,
	    const char *path, bool *same, struct err *err)
{
	*same =
	    strcmp(was->id, is->id) == 0 && strcmp(was->topic, is->topic) == 0;
	if (*same || was->id[0] == '\0' ||
	    (is_embedded(was) && is_embedded(is)))
		return 0;
	return err_set(err, WEIR_STORE_FOREIGN, 0,
		       "the store %s belongs to topic %s of %s; use another "
		       "--store, or begin a new one with --fresh",
		       path, was->topic, was->label);
}

/* Where each partition goes on, or begins. */
static int
place(struct engine *engine, unsigned number, bool stored, bool from_end,
      struct err *err)
{
	struct store_partition *p = &engine->partitions[number];
	int64_t begin, end;
	int rc;

	rc = consumer_bounds(engine->consumer, number, &begin, &end, err);
	if (rc)
		return rc;
	if (!stored) {
		p->begin = from_end ? end : begin;
		p->position = p->begin;
		p->newest_ms = WATERMARK_NONE;
	} else if (p->position > end) {
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "the store has consumed partition %u up to "
			       "offset %" PRId64 ", but it ends at %" PRId64
			       ": the topic was made anew; begin a new store "
			       "with --fresh",
			       number, p->position, end);
	} else if (p->position < begin) {
		p->lost += begin - p->position;
		p->position = begin;
	}
	/* The topic's end moved back: an unclean election took events away. */
	if (stored && end < p->end)
		p->lost += p->end - end;
	p->end = end;
	engine->ends[number] = end;
	engine->marks[number].newest_ms =
	    p->newest_ms < engine->now_ms ? p->newest_ms : engine->now_ms;
	engine->marks[number].changed_ns = engine->started_ns;
	return 0;
}

static int
open_store(struct engine *engine, const char *topic, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct store_source was, is = {0};
	struct store_partition *stored = NULL;
	unsigned stored_len = 0;
	int64_t *offsets = NULL;
	bool same;
	int rc;

	rc = store_open(o->store_path,
			o->throwaway ? STORE_THROWAWAY : STORE_WRITE,
			o->pipeline, &engine->store, err);
	if (rc == 0)
		rc = store_load(engine->store, &was, &engine->state, &stored,
				&stored_len, err);
	if (rc == 0)
		rc = name_source(engine, topic, &is, err);
	if (rc == 0)
		rc = same_source(&was, &is, o->store_path, &same, err);
	if (rc)
		goto done;
	engine->before = account_begin(&engine->state.ledger, same, stored,
				       same ? stored_len : 0);
	engine->partitions_len = consumer_partitions(engine->consumer);
	if (same && stored_len > engine->partitions_len) {
		rc = err_set(err, WEIR_STORE_FOREIGN, 0,
			     "the store knows %u partitions of %s, the cluster "
			     "has %u: the topic was made anew; begin a new "
			     "store with --fresh",
			     stored_len, topic, engine->partitions_len);
		goto done;
	}
	engine->partitions =
	    xcalloc(engine->partitions_len, sizeof(*engine->partitions));
	engine->marks = xcalloc(engine->partitions_len, sizeof(*engine->marks));
	engine->ends = xcalloc(engine->partitions_len, sizeof(*engine->ends));
	engine->heard = xcalloc(engine->partitions_len, sizeof(*engine->heard));
	engine->consumed_bytes =
	    xcalloc(engine->partitions_len, sizeof(*engine->consumed_bytes));
	offsets = xcalloc(engine->partitions_len, sizeof(*offsets));
	for (unsigned i = 0; rc == 0 && i < engine->partitions_len; i++) {
		bool have = same && i < stored_len;

		if (have)
			engine->partitions[i] = stored[i];
		/* Partitions that were added later are read from their start.
		 */
		rc = place(engine, i, have, o->from_end && !same, err);
		offsets[i] = engine->partitions[i].position;
	}
	if (rc == 0)
		rc = store_set_source(engine->store, &is, err);
	if (rc == 0)
		rc = consumer_start(engine->consumer, offsets, err);
done:
	free(offsets);
	free(stored);
	return rc;
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
	    .seeded = o->seeded,
	    .seed = o->seed,
	};
	int rc = 0;

	if (o->generate)
		rc = generator_start(&generator, &engine->generator, err);
	if (rc)
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
	const char *topic =
	    options->topic ? options->topic : options->pipeline->topic;
	int rc;

	engine->options = *options;
	pthread_mutex_init(&engine->lock, NULL);
	read_clocks(engine);
	engine->started_ns = engine->committed_ns = engine->now_ns;
	aggregate_init(&engine->aggregate, options->pipeline);
	rc = decoder_new(options->pipeline, &engine->decoder, err);
	if (rc == 0)
		rc = open_kafka(engine, topic, err);
	if (rc == 0)
		rc = open_store(engine, topic, err);
	if (rc == 0) {
		engine->state.started_ms = engine->now_ms;
		engine->state.memory_limit = (int64_t)options->memory_bytes;
		engine->last_second.second = engine->now_ms / 1000 - 1;
		take_stock(engine);
		engine->last_second.produced = engine->state.ledger.produced;
		engine->last_second.acked = engine->state.ledger.acked;
		engine->last_second.consumed = engine->state.ledger.consumed;
		engine->last_second.dead = engine->state.ledger.dead;
		keep_second(engine, &engine->last_second);
		/* A first commit at once: there is something to look at. */
		rc = commit(engine, err);
	}
	if (rc == 0)
		rc = start_threads(engine, err);
	if (rc) {
		engine_free(engine);
		return rc;
	}
	*out = engine;
	return 0;
}

/* --- stop
 * ------------------------------------------------------------------------------------------
 */

static void
close_kafka(struct engine *engine)
{
	generator_free(engine->generator);
	producer_free(engine->producer);
	if (engine->embedded && engine->consumer) {
		/*
		 * The embedded broker sleeps for up to a second before it
		 * sees that it shall stop, unless somebody asks it something:
		 * the consumer does, all the time.
		 */
		consumer_hush(engine->consumer);
		embedded_stop(engine->embedded);
		engine->embedded = NULL;
	}
	consumer_free(engine->consumer);
	embedded_stop(engine->embedded);
	engine->generator = NULL;
	engine->consumer = NULL;
	engine->producer = NULL;
	engine->embedded = NULL;
}

int
engine_stop(struct engine *engine, bool (*hurry)(void *ctx), void *ctx,
	    struct err *err)
{
	int rc;

	/* Upstream first; the engine goes on consuming meanwhile. */
	if (engine->generator) {
		generator_end(engine->generator);
		generator_join(engine->generator);
	}
	if (engine->producer)
		producer_flush(engine->producer, FLUSH_MS, hurry, ctx);
	atomic_store(&engine->stopping, true);
	if (engine->running)
		pthread_join(engine->thread, NULL);
	engine->running = false;
	if (atomic_load(&engine->failed)) {
		rc = err_set(err, WEIR_STORE, 0, "%s", engine->problem);
	} else {
		if (engine->producer)
			drain(engine, hurry, ctx);
		read_clocks(engine);
		rc = commit(engine, err);
	}
	close_kafka(engine);
	return rc;
}

void
engine_free(struct engine *engine)
{
	if (!engine)
		return;
	close_kafka(engine);
	store_close(engine->store);
	decoder_free(engine->decoder);
	aggregate_release(&engine->aggregate);
	for (unsigned i = 0; i < engine->letters_len; i++)
		free(engine->letters[i].raw);
	free(engine->partitions);
	free(engine->marks);
	free(engine->ends);
	free(engine->heard);
	free(engine->consumed_bytes);
	free(engine->brokers);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

/* --- for the dashboard's thread
 * -------------------------------------------------------------------- */

int
engine_view(struct engine *engine, uint64_t seen, bool windows,
	    struct view **view, struct err *err)
{
	return store_view(engine->store, seen, windows, view, err);
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
	memset(live, 0, sizeof(*live));
	live->actual_per_s = -1;
	live->ended = atomic_load(&engine->ended);
	live->failed = atomic_load(&engine->failed);
	if (engine->generator) {
		live->generating = true;
		live->target_per_s = generator_rate(engine->generator);
		live->held_back = generator_held_back(engine->generator);
		live->actual_per_s = actual_rate(engine, clock_steady_ns());
	}
	if (engine->consumer)
		live->disconnected = consumer_disconnected(engine->consumer);
	if (engine->producer && producer_disconnected(engine->producer))
		live->disconnected = true;
	pthread_mutex_lock(&engine->lock);
	snprintf(live->problem, sizeof(live->problem), "%s",
		 engine->problem[0] ? engine->problem : engine->fetch_problem);
	pthread_mutex_unlock(&engine->lock);
}

void
engine_set_rate(struct engine *engine, double per_s)
{
	if (engine->generator)
		generator_set_rate(engine->generator, per_s);
}

const char *
engine_brokers(const struct engine *engine)
{
	return engine->brokers;
}
