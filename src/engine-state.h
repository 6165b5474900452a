/*
 * The engine's state, for the files that it is made of; nobody else includes
 * it.
 *
 *   engine.c        the flow, its start and its end
 *   engine-open.c   what must be open before anything flows
 *   engine-place.c  which partitions are read, and from where on
 *   engine-trail.c  topics that are written beside the flow, each record once
 *   engine-dead.c   dead letters
 *   engine-derive.c the pipeline's outputs: events and windows
 *   engine-alerts.c alerts: commands, and who is told
 *   engine-stock.c  counting: the ledger, watermarks, seconds
 *   engine-step.c   the flow in steps, without its threads
 */
#ifndef WEIR_ENGINE_STATE_H
#define WEIR_ENGINE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "aggregate/aggregate.h"
#include "alert/alert.h"
#include "alert/deliver.h"
#include "engine.h"
#include "event/event.h"
#include "generate/generator.h"
#include "kafka/assignment.h"
#include "kafka/consumer.h"
#include "kafka/embedded.h"
#include "kafka/faults.h"
#include "kafka/output.h"
#include "kafka/producer.h"
#include "latency.h"

#define ENGINE_DEAD_KEEP    VIEW_DEAD
#define ENGINE_SECONDS_KEEP 128
#define ENGINE_COMMANDS     64 /* about alerts, waiting for a commit */

/* Trails: that of dead letters, then those of the pipeline's outputs. */
enum {
	TRAIL_DEAD,
	TRAIL_OUTPUTS,
	TRAILS = TRAIL_OUTPUTS + PIPELINE_OUTPUTS_MAX
};

/* A topic that is written beside the flow. */
struct engine_trail {
	const char *topic;
	struct output *output; /* NULL: nothing is written */
};

/* Of an output of windows: what was in its topic when it was opened. */
struct engine_there {
	struct store_place place; /* rows before it are */
	/* And those of its window up to the key with this hash, which is looked
	   for once that window is complete. */
	uint64_t hash;
	bool sought;
};

/* Beside each entry of the store's partitions: how it is being read. */
struct engine_slot {
	bool fetching;
	bool unplaced;     /* it is to be read, and not fetched yet, or no
			      longer: engine_follow() places it */
	bool placed;       /* it was fetched before in this run */
	int64_t published; /* the group's offset when it was gained; -1 */
	int64_t told;      /* the offset that we published last */
	/* The last event whose record is in the trail's topic already, from an
	   earlier run; -1: none. */
	int64_t written[TRAILS];
	size_t consumed_bytes;                       /* of this round */
	const struct consumer_message *first, *last; /* the same */
	int64_t created_ms; /* when the last event was; -1: not known */
};

struct engine {
	struct engine_options options;
	char *brokers;
	struct embedded *embedded;
	struct faults *faults; /* of the embedded broker; or NULL */
	struct producer *producer;
	struct assignment *assignment;
	struct consumer *consumer;
	struct engine_trail trails[TRAILS];
	struct delivery *delivery; /* of alerts */
	struct generator *generator;
	struct store *store;
	struct view *first; /* as of the first commit */
	struct decoder *decoder;
	struct seen *seen;

	/* The engine's thread alone, once it runs. */
	pthread_t thread;
	bool running;
	struct aggregate aggregate;
	/* The store's entries, with what belongs to each: partitions_len. */
	struct store_partition *partitions;
	struct engine_slot *slots;
	struct watermark_partition *marks;
	int64_t *ends; /* what the producer knows, at least as at the start */
	unsigned partitions_len;
	int64_t *heard; /* room to ask it, by partition */
	unsigned heard_len;
	struct assignment_offset *publishing; /* room; partitions_len */
	struct store_state state;
	struct ledger before;                        /* account.h */
	int64_t valid, dead, late;                   /* of this run */
	struct store_dead letters[ENGINE_DEAD_KEEP]; /* since the last commit */
	unsigned letters_len;
	/* By the pipeline's outputs. */
	struct store_output outputs[PIPELINE_OUTPUTS_MAX];
	struct engine_there there[PIPELINE_OUTPUTS_MAX];
	int64_t derived; /* rows of windows since the last commit */
	struct store_second seconds[ENGINE_SECONDS_KEEP];
	unsigned seconds_len;
	struct store_second last_second; /* the counters at its end */
	struct latency latency;
	int64_t now_ms, now_ns; /* of this round */
	int64_t committed_ns, commit_wait_ns, commit_cost_ns, retry_ns;
	bool changed;    /* since the last commit */
	bool idle;       /* nothing has come for a while */
	bool rested;     /* the last commit was made then */
	struct buf text; /* room for a derived record */
	int64_t begin_asked_ns, placed_ns;
	int64_t started_ns;

	/* Between threads. */
	_Atomic bool stopping, ended, failed;
	pthread_mutex_t lock;             /* of the two texts; "": no problem */
	char problem[ERR_TEXT_MAX];       /* with the store */
	char fetch_problem[ERR_TEXT_MAX]; /* with the topic */
	char place_problem[ERR_TEXT_MAX]; /* the engine's thread alone */
	struct alert_command commands[ENGINE_COMMANDS]; /* under the lock */
	unsigned commands_len;
	_Atomic bool commanded;                      /* there are some */
	struct alert_command taken[ENGINE_COMMANDS]; /* by the commit */
	unsigned taken_len;

	/* The asking thread's: the rate over about the last second. */
	int64_t rate_at_ns[16], rate_count[16];
	unsigned rate_len;
};

/*
 * Opens broker, producer, consumer and store, and makes the store's entries the
 * engine's. What it opened stays with the engine also on failure.
 */
int engine_open(struct engine *engine, struct err *err);
/* It cannot go on; nothing is committed any more. */
void engine_fail(struct engine *engine, const struct err *err);
/* Closes all of it but the store; what is not open is fine. */
void engine_close_kafka(struct engine *engine);

/* The parts of a round, for who runs it. */
void engine_read_clocks(struct engine *engine);
/* What was taken from the topic, into memory. */
void engine_take(struct engine *engine, const struct consumer_message *messages,
		 size_t len);
/* Fetches no more of what was not what it seemed; engine_follow() does again.
 */
void engine_stop_broken(struct engine *engine);
/*
 * Seconds, the end of --duration, and the commit when one is due; `generated`:
 * the generator had ended before the round. Whether all is done is known then.
 */
int engine_end_round(struct engine *engine, bool generated, struct err *err);
int engine_commit(struct engine *engine, struct err *err);
/*
 * Stepped: waits until all that was generated is consumed, unless faults are in
 * the way. WEIR_KAFKA when it does not get there.
 */
int engine_settle(struct engine *engine, struct err *err);

/* Leaves the group, having published what the store holds. */
void engine_leave(struct engine *engine);

/* Adds an entry to the store's partitions; nothing is read of it yet. */
unsigned engine_add_entry(struct engine *engine, const char *topic,
			  int32_t number, int64_t begin);
/*
 * Carries out what the assignment says, and places what is to be read and is
 * not fetched: at the start all of it, or it fails; later as far as it goes,
 * now and then again. Commits before something is given up.
 */
int engine_follow(struct engine *engine, bool starting, struct err *err);
/* Publishes what was committed, in a group. */
void engine_publish(struct engine *engine, bool wait);

/* Counts a dead letter, keeps it, and writes it to its topic. */
void engine_bury(struct engine *engine, const struct consumer_message *message,
		 enum reason reason, const struct event_fault *fault);

/*
 * Makes the trail's topic, of so many partitions, if it is not there, and opens
 * it. That nothing is read from it is the caller's to know.
 */
int engine_open_trail(struct engine *engine, unsigned trail, const char *topic,
		      unsigned partitions,
		      const struct output_position_names *names,
		      struct err *err);
/*
 * Finds how far each trail has come in a partition that is about to be read,
 * and whose log ends at `end`: what is read again is not written again.
 */
int engine_place_trails(struct engine *engine, unsigned i, int64_t end,
			struct err *err);
/* Whether an event's record is still to be written. */
bool engine_trail_wants(const struct engine *engine, unsigned trail,
			const struct consumer_message *message);
/*
 * Adds a record; when the topic takes them more slowly than they come, waits
 * for it. WEIR_FULL: it does not take it, and the engine is to stop; WEIR_KAFKA
 * when it was refused.
 */
int engine_trail_add(struct engine *engine, unsigned trail,
		     const struct output_record *record, struct err *err);
/*
 * Waits a while until all records are in their topics: before a commit.
 * WEIR_FULL: not yet, try again.
 */
int engine_flush_trails(struct engine *engine, struct err *err);
void engine_close_trails(struct engine *engine);

/* Opens the pipeline's outputs, and finds how far those of windows have come.
 */
int engine_open_outputs(struct engine *engine, struct err *err);
/* Writes what outputs want of a valid event. */
void engine_derive_event(struct engine *engine,
			 const struct consumer_message *message,
			 const struct event *event);
/*
 * Writes rows of windows that were complete at the last commit, as many as a
 * commit may wait for; engine->derived says how many. The next commit stores
 * that they are written.
 */
int engine_derive_windows(struct engine *engine, struct err *err);

/* Connects to who is told of alerts, and tells what is left to tell. */
int engine_open_delivery(struct engine *engine, struct err *err);
/* What people said about alerts goes into the commit; what is to be told of it
 * comes from there. */
void engine_before_commit(struct engine *engine, struct store_commit *commit,
			  struct notices *notices);
/* After one that has succeeded. */
void engine_after_commit(struct engine *engine, const struct notices *notices);
/* Waits a while until all is told, and stores what is. */
int engine_end_delivery(struct engine *engine, struct err *err);

/*
 * What producer, broker and engine know now, as the ledger, and how far event
 * time has come.
 */
void engine_take_stock(struct engine *engine);
/* How long ago what was read last was created (struct view's behind_ms). */
int64_t engine_behind_ms(const struct engine *engine);

/* The counters as they stood at the end of each clock second. */
void engine_begin_seconds(struct engine *engine);
void engine_turn_seconds(struct engine *engine);

#endif
