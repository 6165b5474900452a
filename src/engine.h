/*
 * The engine: the flow from the topic to the store, and what feeds it.
 *
 *   generator ─► producer ─► [ topic ] ─► consumer ─► decoder ─► aggregate ─►
 * store
 *
 * engine_start() opens everything in that order and starts two kinds of
 * threads: the generator's, and one that consumes, decodes, aggregates and
 * commits, which alone writes the store. engine_stop() ends them from upstream
 * to downstream: what was generated is flushed, consumed and committed.
 *
 * Stepped, it has neither: whoever calls engine_step() moves the flow on, by
 * virtual time, and a run with a seed is the same each time. That takes the
 * embedded broker, and virtual time before the start (clock_set()).
 *
 * The functions here may be called by one other thread at a time (the
 * dashboard's); but for engine_step() they never wait for the flow.
 */
#ifndef WEIR_ENGINE_H
#define WEIR_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fault.h"
#include "generate/controls.h"
#include "kafka/client.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

struct engine;

/* Where what the store does not know begins. Its own offsets win. */
struct engine_from {
	enum {
		FROM_BEGINNING,
		FROM_END,
		FROM_TIME,   /* the first event of this time or later */
		FROM_OFFSETS /* partitions that are not named: the beginning */
	} kind;
	int64_t time_ms;
	struct engine_from_offset {
		int32_t partition;
		int64_t offset;
	} * offsets; /* the caller's */
	unsigned offsets_len;
};

struct engine_options {
	const struct pipeline *pipeline;
	struct kafka_settings kafka; /* borrowed; brokers NULL: embedded */
	const char *topic; /* NULL: the pipeline's; several with commas, or a
			      regular expression that begins with ^ */
	const char *group; /* NULL: all partitions, no consumer group */
	const char *dead_letters; /* the topic of dead letters; NULL: none */
	const char *alerts_topic; /* where alerts are written; NULL: nowhere */
	const char *on_alert;     /* a command that is run; NULL: none */
	bool notify;              /* on the desktop */
	struct engine_from from;
	bool generate;
	double per_s;        /* INFINITY: as fast as it goes */
	uint64_t events;     /* 0: no end */
	int64_t duration_ms; /* 0: no end */
	unsigned generators; /* threads */
	bool stepped;
	bool seeded;
	uint64_t seed;
	const char *store_path;
	bool throwaway;      /* the store need not survive a power cut */
	size_t memory_bytes; /* bound on buffers; docs/design.md, "Memory" */
};

struct engine_live {
	bool generating;
	struct generator_controls controls; /* while generating */
	int64_t curve_ns;                   /* since its curve began */
	double actual_per_s; /* over about the last second; -1: unknown */
	bool held_back;
	struct fault_state faults[FAULTS];
	bool ended;  /* --events or --duration reached, and all of it stored */
	bool failed; /* it cannot go on: problem says why */
	bool disconnected;
	char problem[ERR_TEXT_MAX]; /* "": none */
};

/*
 * Errors as of the modules it opens. What it opened it has closed again when it
 * fails.
 */
int engine_start(const struct engine_options *options, struct engine **out,
		 struct err *err);

/*
 * Moves the flow on by so many milliseconds of virtual time: what is due is
 * generated, consumed and committed, unless faults are in the way. Stepped
 * only. WEIR_KAFKA when the broker does not go along; errors of committing.
 */
int engine_step(struct engine *engine, int ms, struct err *err);

/*
 * Ends the flow and frees the engine's threads and connections; the store
 * stays open until engine_free(), for a last view. `hurry` (may be NULL) is
 * asked now and then, and ends the draining early when true. Fails when the
 * last commit did.
 */
int engine_stop(struct engine *engine, bool (*hurry)(void *ctx), void *ctx,
		struct err *err);
void engine_free(struct engine *engine); /* NULL is fine */

/* As store_view(). */
int engine_view(struct engine *engine, uint64_t seen, bool windows,
		struct view **view, struct err *err);
/* Its store, to be read from any thread until engine_free(). */
struct store *engine_store(struct engine *engine);
/* Before this run consumed anything; valid until engine_free(). */
const struct view *engine_first_view(const struct engine *engine);
void engine_live(struct engine *engine, struct engine_live *live);
/* As generator_set_controls(); no generator: nothing. */
void engine_set_controls(struct engine *engine,
			 const struct generator_controls *controls);
/* Whether the broker is the embedded one: faults can be made on it. */
bool engine_has_faults(const struct engine *engine);
/* As faults_set(); on a real cluster: nothing. */
void engine_set_fault(struct engine *engine, enum fault fault, bool on);
/* An alert by its id; 0: all that fire. Stored with the next commit. */
void engine_acknowledge(struct engine *engine, uint64_t id);
/* A rule of the pipeline tells nobody any more, or again. */
void engine_mute(struct engine *engine, unsigned rule, bool muted);

/* "127.0.0.1:PORT" or the brokers given; valid until it is stopped. */
const char *engine_brokers(const struct engine *engine);
/* Its clients' settings, these brokers among them; valid as long. */
const struct kafka_settings *engine_settings(const struct engine *engine);

#endif
