/*
 * What the files of this folder share; nobody else includes it, since it
 * includes lmdb.h.
 */
#ifndef WEIR_STORE_LMDB_DOOR_H
#define WEIR_STORE_LMDB_DOOR_H

#include <lmdb.h>
#include <pthread.h>

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

/* First byte of the keys of "groups"; then table (1), window (8). */
#define GROUP_SUMMARY 's'
#define GROUP_RANKING 'r'
#define GROUP_LATE    'l' /* then table (1) alone: a count */
#define GROUP_KEY     10

/* First byte of the keys of "history". */
#define HISTORY_FLOW 'f' /* then second (8): counters */
#define HISTORY_RANK 'r' /* then second (8), table (1): samples */

/* First byte of the keys of "dead". */
#define DEAD_LETTER 'l' /* then its number (8) */

#define STATE_SIZE     (8 * (9 + 12 + REASONS + 1))
#define PARTITION_SIZE (8 * 6)
#define SECOND_SIZE    (8 * 6)
#define SAMPLE_SIZE    16 /* hash64 of the key, rank bits */
#define DEAD_HEAD      48

struct store {
	MDB_env *env;
	MDB_dbi meta, offsets, groups, history, dead;
	MDB_dbi tables[PIPELINE_TABLES_MAX];
	struct row_layout layouts[PIPELINE_TABLES_MAX];
	const struct pipeline *pipeline;
	struct pipeline *own_pipeline; /* when it came from the store */
	char *path;
	int lock_fd; /* -1 for readers */
	bool sync;
	/* Held to read by transactions, to write while the map is changed. */
	pthread_rwlock_t map_lock;
	/* Writer's: pages and rows of each table as of the last commit. */
	size_t leaf_pages[PIPELINE_TABLES_MAX];
	size_t page_size;
};

int store_fail(struct err *err, int rc, const struct store *store,
	       const char *doing);

static inline MDB_val
val(const void *data, size_t size)
{
	union {
		const void *in;
		void *out;
	} u = {.in = data}; /* LMDB takes what it only reads as void * */

	return (MDB_val){.mv_size = size, .mv_data = u.out};
}

/* Reads a record of `meta`; 0, or LMDB's code. */
int store_get(MDB_txn *txn, MDB_dbi dbi, const char *key, MDB_val *data);

void group_key(char key[GROUP_KEY], char kind, unsigned table, int64_t window);

/*
 * The group of a table, or of one of its windows, with its rankings; an empty
 * one when nothing is stored.
 */
int store_group(struct store *store, MDB_txn *txn, unsigned table,
		int64_t window, struct group *group, struct err *err);

void state_decode(const void *data, struct store_state *state);
void state_encode(const struct store_state *state, char data[STATE_SIZE]);
void partition_decode(const void *data, struct store_partition *partition);
void partition_encode(const struct store_partition *partition,
		      char data[PARTITION_SIZE]);

/* Begins a read transaction under map_lock; end with store_read_end(). */
int store_read_begin(struct store *store, MDB_txn **txn, struct err *err);
void store_read_end(struct store *store, MDB_txn *txn);

#endif
