/*
 * The engine's state, for the files that it is made of; nobody else includes
 * it.
 *
 *   engine.c        the flow, its start and its end
 *   engine-open.c   what must be open before anything flows
 *   engine-stock.c  counting: the ledger, watermarks, seconds
 */
#ifndef WEIR_ENGINE_STATE_H
#define WEIR_ENGINE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "aggregate/aggregate.h"
#include "engine.h"
#include "event/event.h"
#include "generate/generator.h"
#include "kafka/consumer.h"
#include "kafka/embedded.h"
#include "kafka/producer.h"

#define ENGINE_DEAD_KEEP    VIEW_DEAD
#define ENGINE_SECONDS_KEEP 128

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
	struct ledger before;                        /* as the run began */
	int64_t valid, dead, late;                   /* of this run */
	struct store_dead letters[ENGINE_DEAD_KEEP]; /* since the last commit */
	unsigned letters_len;
	struct store_second seconds[ENGINE_SECONDS_KEEP];
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

/*
 * Opens broker, producer, consumer and store, and places every partition where
 * it goes on or begins. What it opened stays with the engine also on failure.
 */
int engine_open(struct engine *engine, struct err *err);
/* Closes all of it but the store; what is not open is fine. */
void engine_close_kafka(struct engine *engine);

/*
 * What producer, broker and engine know now, as the ledger, and how far event
 * time has come.
 */
void engine_take_stock(struct engine *engine);

/* The counters as they stood at the end of each clock second. */
void engine_begin_seconds(struct engine *engine);
void engine_turn_seconds(struct engine *engine);

#endif
