/*
 * Snapshots: the numbers of one commit, in an SQLite file that people can ask.
 *
 * This folder is the door to SQLite. schema/snapshot.sql is the schema and is
 * what is executed; docs/snapshots.md explains it.
 *
 * A snapshot is read in one read transaction on the store and written in one
 * transaction of SQLite: all its numbers are of one commit, and it is there as
 * a whole or not at all. Its current tables hold every row of the pipeline's
 * tables; only the rows that have changed since the snapshot before are written
 * (store_read_rows()). What is not known to be the successor of what is in the
 * file - the first snapshot of a process, or when another process has written
 * there meanwhile - is compared row by row.
 *
 * The file is in WAL mode: others can read it at any time. A struct snapshot
 * belongs to one thread at a time.
 */
#ifndef WEIR_SNAPSHOT_SNAPSHOT_H
#define WEIR_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

#define SNAPSHOT_VERSION      2    /* of the schema: PRAGMA user_version */
#define SNAPSHOT_KEEP_DEFAULT 1000 /* snapshots */

struct snapshot;

struct snapshot_options {
	uint64_t keep;       /* newest snapshots that stay; at least 1 */
	int64_t keep_for_ms; /* older ones go; 0: at any age they stay */
};

struct snapshot_result {
	int64_t id;
	uint64_t commit;
	bool same; /* the file's newest one is of this commit: nothing done */
	int64_t rows_written; /* rows of current tables */
	int64_t read_ns;      /* how long the store's commit was held */
};

/*
 * Opens or makes a file. The pipeline is borrowed until snapshot_close().
 *
 * Errors: WEIR_STORE_FOREIGN it is something else, of another pipeline, or of a
 * newer weir; WEIR_SYSTEM it cannot be opened; WEIR_STORE_FULL and
 * WEIR_STORE_BUSY (another program has locked it) may pass; WEIR_STORE else.
 */
int snapshot_open(const char *path, const struct pipeline *pipeline,
		  const struct snapshot_options *options, struct snapshot **out,
		  struct err *err);
void snapshot_close(struct snapshot *snapshot); /* NULL is fine */

/*
 * Takes a snapshot of the store's last commit. On error the file is as it was:
 * WEIR_NOT_FOUND nothing was committed yet, or the file is not where it was any
 * more (open it again); WEIR_FULL the store had to grow (at once again);
 * WEIR_STORE_FULL and WEIR_STORE_BUSY as above. now_ms is clock time.
 */
int snapshot_take(struct snapshot *snapshot, struct store *store,
		  int64_t now_ms, struct snapshot_result *result,
		  struct err *err);

/* Whether the file was moved or removed: what is written is in no folder. */
bool snapshot_is_gone(const struct snapshot *snapshot);

/* The schema, as it stands in schema/snapshot.sql. Static. */
const char *snapshot_schema(void);

#endif
