/*
 * The store: aggregates, offsets and ledger in one LMDB environment.
 *
 * This folder is the door to LMDB. docs/store.md is the exact format.
 *
 * Invariants:
 *  - one transaction a commit: all that a set of events did, with the offsets
 *    behind them, or nothing (store_commit());
 *  - one writer: a second weir is refused by a lock on the folder, for which
 *    readers in this or other processes do not ask;
 *  - LMDB's memory never leaves this folder, but for what a callback of
 *    store_read_rows() looks at while it runs; a read transaction lives for one
 *    call.
 *
 * The map grows by itself. Growing waits for the readers of this process, so
 * the handle holds a lock; readers in other processes follow by themselves. Who
 * reads for long (store_read()) makes way.
 */
#ifndef WEIR_STORE_STORE_H
#define WEIR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregate/aggregate.h"
#include "aggregate/key.h"
#include "aggregate/watermark.h"
#include "base/err.h"
#include "event/reason.h"
#include "event/seen.h"
#include "pipeline/pipeline.h"
#include "store/ledger.h"
#include "store/view.h"

#define STORE_FORMAT       5
#define STORE_TOPIC_MAX    250   /* Kafka allows names of 249 bytes */
#define STORE_DEAD_RAW_MAX 65536 /* bytes kept of a dead letter */

struct store;
struct alerts;        /* alert/alert.h */
struct alert_command; /* the same */
struct notices;       /* alert/notice.h */

/* Where a store's offsets belong. */
struct store_source {
	char id[128];     /* "embedded:<run>" or "kafka:<cluster id>" */
	char topic[1024]; /* as it was asked for: a name, a list or ^regex */
	char label[160];  /* for people: "embedded broker 127.0.0.1:41733" */
};

enum store_partition_state {
	PARTITION_READ, /* this store goes on with it */
	PARTITION_AWAY, /* another member of the group does, for now */
	/* Nothing more comes: the topic is gone or was made anew, or others
	   have read on from here. Its position is then where it ended. */
	PARTITION_ENDED,
};

/*
 * What stands in the store for one partition: a range of its offsets without a
 * hole, [begin, position), and what tells whether the log is still the same. A
 * partition that was made anew, or that came back from another member of the
 * group, has a new entry, so a store's entries are all that it has read.
 *
 * struct position (aggregate/row.h) names partitions by the index of the entry.
 */
struct store_partition {
	char topic[STORE_TOPIC_MAX];
	int32_t number;
	enum store_partition_state state;
	int64_t position; /* next offset to be consumed */
	int64_t begin;    /* the first offset that counts */
	int64_t end;      /* where the topic was known to end */
	int64_t lost, skipped;
	int64_t newest_ms; /* largest event time; WATERMARK_NONE */
	/* The first and the last event read, -1 none, and their prints. */
	int64_t first_offset, last_offset;
	uint64_t first_print, last_print;
	bool settled; /* ended, and stored so: not written again */
};

/* All that is not rows; what a run goes on from, and what a commit writes. */
struct store_state {
	uint64_t commit; /* the number of the last commit; 0: none */
	int64_t commit_ms, commit_us;    /* when, and how long it took */
	int64_t started_ms;              /* of this run */
	int64_t watermark_ms, newest_ms; /* WATERMARK_NONE: none yet */
	int64_t memory_bytes, memory_limit;
	struct ledger ledger;
	int64_t dead_by_reason[REASONS];
	uint64_t dead_seq; /* how many dead letters were ever kept */
	/* As in struct view; -1: not known. */
	int64_t seen_median_ms, seen_p99_ms, behind_ms;
};

struct store_dead {
	enum reason reason;
	enum rule_kind rule;
	int32_t field; /* index; -1 */
	struct position position;
	int64_t seen_ms;
	uint64_t size; /* of the message; raw holds the first of it */
	char *raw;
	uint32_t raw_size;
};

/* The flow's counters as of the end of one clock second. */
struct store_second {
	int64_t second;
	int64_t produced, acked, consumed, dead, lag, commit_us;
	int64_t changes; /* of the schema as seen */
};

/* A place among the rows of a table with windows, by window and key. */
struct store_place {
	int64_t window_ms;
	char key[KEY_MAX + 1]; /* rows of the window below it are before */
	size_t key_size;
};

/* Whether a row is before a place. */
bool store_is_before(int64_t window_ms, struct text key,
		     const struct store_place *place);
/* The place behind a row; the key is one of a row. */
void store_place_behind(struct store_place *place, int64_t window_ms,
			struct text key);

/* How far one of the pipeline's outputs has come. */
struct store_output {
	/* What this store has made necessary, whether its topic had it already
	   or not: events that are valid, rows of windows. */
	int64_t records;
	/* Of windows: rows before it are in the topic. */
	struct store_place place;
};

struct store_commit {
	struct aggregate *aggregate; /* is put in key order, else unchanged */
	const struct store_state *state; /* as it shall be; commit is ignored */
	const struct store_partition *partitions; /* by index */
	unsigned partitions_len;
	const struct store_dead *dead; /* new ones, oldest first */
	unsigned dead_len;
	const struct store_second *seconds; /* new or changed ones */
	unsigned seconds_len;
	const struct seen *seen; /* settled; what of it has changed is written;
				    NULL: nothing was counted */
	const struct alert_command *commands; /* of people, oldest first */
	unsigned commands_len;
	/*
	 * What is to be told of alerts is appended when it has succeeded, and
	 * stays in the store until `delivered`, a later commit's, says that all
	 * up to that number need not be told again. NULL: nobody is told.
	 */
	struct notices *notices;
	uint64_t delivered;
	/*
	 * Of each of the pipeline's outputs; NULL: nothing is written there.
	 * Windows do not expire before their rows have been written.
	 */
	const struct store_output *outputs;
};

enum store_mode {
	STORE_READ,      /* the store must exist */
	STORE_WRITE,     /* make it when it is not there; hold the lock */
	STORE_THROWAWAY, /* as STORE_WRITE, but need not survive a power cut:
			    for brokers that do not survive one either */
};

/*
 * Opens or makes the store in folder `path`. For STORE_READ, `pipeline` may be
 * NULL: the store knows its own (store_pipeline()). Otherwise the store must
 * be of the same fingerprint.
 *
 * Errors: WEIR_STORE_BUSY another weir writes it; WEIR_STORE_FOREIGN it is
 * something else, or of another pipeline or format; WEIR_NOT_FOUND there is
 * none (STORE_READ); WEIR_SYSTEM the folder cannot be used.
 */
int store_open(const char *path, enum store_mode mode,
	       const struct pipeline *pipeline, struct store **out,
	       struct err *err);
void store_close(struct store *store); /* NULL is fine */

/*
 * Moves a store that is there, and that no weir writes, to "PATH.last", in
 * place of the one kept there before. Nothing to move is fine.
 */
int store_set_aside(const char *path, struct err *err);

/* Of a store that was opened to read: whether no weir writes it now. */
bool store_at_rest(const struct store *store);

const struct pipeline *store_pipeline(const struct store *store);

/*
 * What the last commit left. *partitions is the caller's to free. For a new
 * store, all zero and no partitions; source->id is then "".
 */
int store_load(struct store *store, struct store_source *source,
	       struct store_state *state, struct store_partition **partitions,
	       unsigned *partitions_len, struct err *err);

/* The schema as seen, into an empty one. */
int store_load_seen(struct store *store, struct seen *seen, struct err *err);

/*
 * Bounds what changing large tables keeps in memory, as --memory says; a store
 * that is not told goes by 256 MiB. Writer's thread.
 */
void store_set_memory(struct store *store, int64_t bytes);

/* Names the source that is read from now on. Writer's thread. */
int store_set_source(struct store *store, const struct store_source *source,
		     struct err *err);

/*
 * Merges and writes everything in one transaction; *number is then the
 * commit's. Writer's thread. On error nothing is changed and the same commit
 * can be tried again: WEIR_STORE_FULL when there is no room.
 */
int store_commit(struct store *store, const struct store_commit *commit,
		 uint64_t *number, struct err *err);

/*
 * About how much memory a commit of these deltas will need: for changed pages,
 * each changed row may touch one, but no more than there are; and for what is
 * known of the rows that wait beside the tree of a large table.
 */
size_t store_commit_bytes(const struct store *store,
			  const struct aggregate *aggregate);

/*
 * A view of the last commit, if it is newer than `seen` (else WEIR_NOT_FOUND).
 * windows: with the ranking of each window (reports). Any thread; readers and
 * the writer do not wait for each other, but while the map grows.
 */
int store_view(struct store *store, uint64_t seen, bool windows,
	       struct view **view, struct err *err);

/* ---- Alerts ---- */

/* Appends the notices that are not known to be delivered, oldest first. */
int store_undelivered(struct store *store, struct notices *out,
		      struct err *err);

/* As `delivered` of a commit, without one. Writer's thread. */
int store_delivered(struct store *store, uint64_t number, struct err *err);

/*
 * Judges new alerts (alerts_new()) of any rules for the tables of this store by
 * all that it holds: windows, seconds, and rows as they are now. *state is what
 * the store's last commit left.
 */
int store_try_alerts(struct store *store, struct alerts *alerts,
		     struct store_state *state, struct err *err);

/* ---- Outputs ---- */

/*
 * How far each of the pipeline's outputs had come at the last commit. One that
 * was not there, or was made of another table, begins with what this store has
 * of windows since 1970.
 */
int store_load_outputs(struct store *store,
		       struct store_output outputs[PIPELINE_OUTPUTS_MAX],
		       struct err *err);

/* A row of a complete window. Borrowed until the callback returns. */
struct store_complete {
	int64_t window_ms;
	struct text key; /* as it is stored, without the window */
	struct value measures[PIPELINE_MEASURES_MAX];
	int64_t first_ms; /* the table's first event, or WINDOW_NO_EVENT */
};

/*
 * Calls visit() for the rows of a table's complete windows as of the last
 * commit, from a place on, in the order of windows and keys; those of windows
 * that have expired too, as long as they are there. The place moves behind each
 * row, and behind the last one to the windows that are not complete yet. What
 * visit() returns, other than 0, ends it, before that row, and is returned.
 * Writer's thread.
 */
int store_read_complete(
    struct store *store, unsigned table, struct store_place *place,
    int (*visit)(void *ctx, const struct store_complete *row, struct err *err),
    void *ctx, struct err *err);

/* ---- All rows ---- */

/* A commit, while store_read() lasts. */
struct store_read;

/* A row of a table. Texts are borrowed until the callback returns. */
struct store_row {
	int64_t window_ms; /* its window's start; 0: the table has none */
	struct key_part key[PIPELINE_BY_MAX];
	struct value measures[PIPELINE_MEASURES_MAX];
	struct view_position first, last; /* the events that made it */
};

/*
 * Calls use() within one read transaction on the last commit, and returns what
 * it returns. WEIR_NOT_FOUND when there was no commit yet. Any thread.
 *
 * While it lasts, the writer does not use pages again that this commit needs,
 * so the file grows. The writer waits for it only when the map has to grow:
 * then store_read_rows() ends with WEIR_FULL at the next row, and the caller
 * begins again.
 */
int store_read(struct store *store,
	       int (*use)(void *ctx, struct store_read *read, struct err *err),
	       void *ctx, struct err *err);

/* The view of this commit, without the rankings of windows. Borrowed. */
const struct view *store_read_view(const struct store_read *read);

/*
 * The windows of a table that have not expired and begin at `from_ms` or later,
 * oldest first, without rankings. Fails when visit() does.
 */
int store_read_windows(struct store_read *read, unsigned table, int64_t from_ms,
		       int (*visit)(void *ctx, const struct view_window *window,
				    struct err *err),
		       void *ctx, struct err *err);

/*
 * Every row of a table, but those of expired windows, in the order of keys;
 * none is kept in memory. With `since`, only rows with an event behind it: by
 * entry of the view's partitions, the position that an earlier read of the same
 * store had; entries behind since_len are new. Any event that changes a row
 * becomes its last one, so these are exactly the rows that have changed.
 * Fails when visit() does.
 */
int store_read_rows(struct store_read *read, unsigned table,
		    const int64_t *since, unsigned since_len,
		    int (*visit)(void *ctx, const struct store_row *row,
				 struct err *err),
		    void *ctx, struct err *err);

/*
 * The earliest window start that has not expired in this commit; INT64_MIN when
 * there is no watermark yet, or the table has no windows.
 */
int64_t store_read_oldest(const struct store_read *read, unsigned table);

/* ---- Some rows ---- */

/* Rows that follow each other in a table, or in one window of it. */
struct store_slice {
	unsigned table;
	int64_t window_ms; /* of a table with windows: which one */
	unsigned rows_max;
	/* Where it begins: the first key that is not before this one. When it
	   was read, where the next one does. */
	char from[KEY_MAX + 1];
	size_t from_size;
	/* Answers. */
	uint64_t commit; /* that it was read from; 0: there is none yet */
	int64_t keys;    /* of the table, or of the window, in that commit */
	bool more;       /* there may be rows behind it */
};

/*
 * Calls visit() for each row of a slice, with its key as it is stored and its
 * measures, in one read transaction. Any thread.
 */
int store_read_slice(struct store *store, struct store_slice *slice,
		     void (*visit)(void *ctx, struct text key,
				   const struct value *measures),
		     void *ctx, struct err *err);

/*
 * The row of a key as it is stored, of a table or (window_ms) of a window of
 * it, and with `windows` (a table by the same fields; -1: none) its values in
 * that one's windows. WEIR_NOT_FOUND when there is no such row. Costs a row a
 * window. Any thread.
 */
int store_read_key(struct store *store, unsigned table, int64_t window_ms,
		   struct text key, int windows, struct view_key **out,
		   struct err *err);

#endif
