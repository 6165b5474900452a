/*
 * What the files of this folder share; nobody else includes it, since it
 * includes lmdb.h.
 */
#ifndef WEIR_STORE_LMDB_DOOR_H
#define WEIR_STORE_LMDB_DOOR_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "aggregate/aggregate.h"
#include "aggregate/group.h"
#include "store/store.h"

/* Keys of the sub-database "meta". */
#define META_FORMAT      "format"
#define META_FINGERPRINT "fingerprint"
#define META_PIPELINE    "pipeline"
#define META_FILE        "file"
#define META_SOURCE_ID   "source id"
#define META_TOPIC       "topic"
#define META_LABEL       "label"
#define META_STATE       "state"
#define META_OUTPUT      "output " /* then the topic's name */

/* First byte of the keys of "groups"; then table (1), window (8). */
#define GROUP_SUMMARY 's'
#define GROUP_RANKING 'r'
#define GROUP_LATE    'l' /* then table (1) alone: a count */
#define GROUP_FIRST   'f' /* then table (1) alone: a time */
#define GROUP_KEY     10

/* First byte of the keys of "history". */
#define HISTORY_FLOW 'f' /* then second (8): counters */
#define HISTORY_RANK 'r' /* then second (8), table (1): samples */

/* First byte of the keys of "seen". */
#define SEEN_META   'm' /* nothing behind it: events, beyond, changes */
#define SEEN_FIELD  'f' /* then its index (4) */
#define SEEN_CHANGE 'c' /* then its place (4): number modulo SEEN_CHANGES */

/* First byte of the keys of "dead". */
#define DEAD_LETTER 'l' /* then its number (8) */

#define STATE_SIZE     (8 * (9 + 12 + REASONS + 3))
#define PARTITION_HEAD (8 * 11)
#define PARTITION_SIZE (PARTITION_HEAD + STORE_TOPIC_MAX)
#define SECOND_SIZE    (8 * 7)
#define SAMPLE_SIZE    16 /* hash64 of the key, rank bits */
#define DEAD_HEAD      48

struct store {
	MDB_env *env;
	MDB_dbi meta, offsets, groups, history, dead, seen, alerts;
	bool has_alerts; /* stores were made without, and are read so */
	MDB_dbi tables[PIPELINE_TABLES_MAX];
	MDB_dbi distinct[PIPELINE_TABLES_MAX]; /* where distinct_used() */
	MDB_dbi ranges_dbi, layers_dbi;        /* see rows-door.h */
	struct row_layout layouts[PIPELINE_TABLES_MAX];
	const struct pipeline *pipeline;
	struct pipeline *own_pipeline; /* when it came from the store */
	char *path;
	int lock_fd; /* -1 for readers */
	bool sync;
	/* Held to read by transactions, to write while the map is changed. */
	pthread_rwlock_t map_lock;
	/* The writer waits for map_lock: long reads end. */
	_Atomic bool growing;
	/* Writer's: pages and rows of each table as of the last commit. */
	size_t leaf_pages[PIPELINE_TABLES_MAX];
	size_t distinct_pages[PIPELINE_TABLES_MAX];
	size_t page_size;
	/* Writer's: ranges of each table, as far as they were asked for. */
	struct ranges *ranges[PIPELINE_TABLES_MAX];
	bool ranged[PIPELINE_TABLES_MAX]; /* that have any */
	struct {
		size_t table_pages; /* from so many on, a table has ranges */
		size_t range_pages; /* of each */
		size_t entries;     /* rows in layers, of all tables */
	} bounds;
	/* Writer's: alerts as of the last commit; NULL: to be read. */
	struct alerts *rules;
};

int store_fail(struct err *err, int rc, const struct store *store,
	       const char *doing);

/*
 * How many records a database says it has, or MDB_CORRUPTED when so many, of
 * `least` bytes each, cannot be in the file: before memory is asked for them.
 */
int store_entries(const struct store *store, MDB_txn *txn, MDB_dbi dbi,
		  size_t least, size_t *entries);

/*
 * Whether what is stored twice is the same: what each table sums up to, against
 * its rows and the ledger. LMDB keeps no checksums, so damage that leaves a
 * readable tree shows here or not at all. WEIR_STORE when it is not.
 */
int store_check(struct store *store, MDB_txn *txn,
		const struct store_state *state, struct err *err);

static inline MDB_val
val(const void *data, size_t size)
{
	union {
		const void *in;
		void *out;
	} u = {.in = data}; /* LMDB takes what it only reads as void * */

	return (MDB_val){.mv_size = size, .mv_data = u.out};
}

/* The start of the window that a row key of a windowed table begins with. */
int window_decode(MDB_val key, int64_t *start);
/* A count: MDB_NOTFOUND and 0 when there is none. */
int late_decode(struct store *store, MDB_txn *txn, unsigned table,
		int64_t *late);
/* The time of a windowed table's first event, as window_span() has it:
 * MDB_NOTFOUND and WINDOW_NO_EVENT when there is none. */
int first_decode(struct store *store, MDB_txn *txn, unsigned table,
		 int64_t *first_ms);

/* Reads a record of `meta`; 0, or LMDB's code. */
int store_get(MDB_txn *txn, MDB_dbi dbi, const char *key, MDB_val *data);

void group_key(char key[GROUP_KEY], char kind, unsigned table, int64_t window);

/*
 * The group of a table, or of one of its windows, with its rankings; an empty
 * one when nothing is stored.
 */
int store_group(struct store *store, MDB_txn *txn, unsigned table,
		int64_t window, struct group *group, struct err *err);

/* ---- Distinct counts (distinct.c); 0, or LMDB's code ---- */

/*
 * Stores what is new among the candidates of a table, and sets the distinct
 * counts of the delta's rows to how many that is; before these are merged.
 */
int store_distinct_merge(struct store *store, MDB_txn *txn, unsigned table,
			 struct aggregate_table *from);
/* Deletes the values of expired windows, oldest first, `most` at the most. */
int store_distinct_expire(struct store *store, MDB_txn *txn, unsigned table,
			  int64_t watermark_ms, size_t most);
/* Pages that storing them will take. */
size_t store_distinct_pages(const struct store *store, unsigned table,
			    const struct aggregate_table *from);

/* ---- Records ---- */

/* 0, or MDB_CORRUPTED: so in all that decode. */
int state_decode(MDB_val data, struct store_state *state);
void state_encode(const struct store_state *state, char data[STATE_SIZE]);
int partition_decode(MDB_val data, struct store_partition *partition);
/* Returns the size. */
size_t partition_encode(const struct store_partition *partition,
			char data[PARTITION_SIZE]);

/* Writes how far outputs have come; 0, or LMDB's code. */
int store_outputs_write(struct store *store, MDB_txn *txn,
			const struct store_output *outputs);
/* The first window of a table that an output may still read. */
int64_t store_outputs_floor(const struct store *store,
			    const struct store_output *outputs, unsigned table);
/* How many records of an output a store says there are; 0, or LMDB's code. */
int store_output_records(struct store *store, MDB_txn *txn, unsigned output,
			 int64_t *records);

/* Begins a read transaction under map_lock; end with store_read_end(). */
int store_read_begin(struct store *store, MDB_txn **txn, struct err *err);
void store_read_end(struct store *store, MDB_txn *txn);

/*
 * Writes what of it has changed; reads all of it into an empty one, in which
 * nothing has changed. LMDB's codes.
 */
int seen_write(struct store *store, MDB_txn *txn, const struct seen *seen);
int seen_read(struct store *store, MDB_txn *txn, struct seen *seen);

/* ---- What a view is made of ---- */

/* A store, in one read transaction. */
struct part {
	struct store *store;
	MDB_txn *txn;
	struct store_state state;
	unsigned entry, entries; /* its partitions' place in the view's */
};

/* One store, or several as if they were one (merge.h). */
struct whole {
	struct part *parts;
	unsigned parts_len;
	struct store_state state;
	int64_t expired_ms;  /* windows that this watermark ends are left out */
	int64_t history_end; /* the first second that is not over */
	struct merge *merge; /* NULL: one store */
};

/* Begins to read; a store without a commit has a state of zeros. */
int part_begin(struct part *part, struct store *store, struct err *err);
void part_end(struct part *part);

/* The schema as seen, of all parts together. */
int view_read_seen(const struct whole *whole, struct view *view,
		   struct err *err);

int view_build(struct whole *whole, bool windows, struct view **view,
	       struct err *err);

/* Rows name partitions by the index of the part's entry. */
struct view_position view_position(const struct view *view,
				   const struct part *part,
				   struct position position);

/*
 * Sets the distinct counts of a row that was merged from several parts: their
 * sum counts values twice. `key` is the row's, window and all.
 */
int parts_distinct(const struct part *parts, unsigned len, unsigned table,
		   struct text key, void *row, struct err *err);

/* One window without its ranking; its texts are the view's. */
int view_read_window(const struct whole *whole, struct view *view,
		     unsigned table, struct view_window *window,
		     struct err *err);

/* As store_read_key(), in what is being read. */
int view_read_key(const struct whole *whole, unsigned table, int64_t window_ms,
		  struct text key, int windows, struct view_key **out,
		  struct err *err);

/*
 * Of the group of a table, or of one of its windows, in all parts together.
 * What the summary borrows is valid until the next call. An empty group when
 * no part has it; for the summary, WEIR_NOT_FOUND.
 */
int whole_group(const struct whole *whole, unsigned table, int64_t window,
		struct group *group, struct err *err);
int whole_summary(const struct whole *whole, unsigned table, int64_t window,
		  struct group_summary *summary, struct err *err);

/*
 * Of several parts, once the view has their partitions: which of these go on,
 * what follows from that for ledger and watermark, and the overlaps.
 */
void whole_partitions(struct whole *whole, struct view *view);

#endif
