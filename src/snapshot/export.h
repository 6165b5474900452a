/*
 * Exports: all rows of a table as CSV or JSON, from a store or from a snapshot
 * file. docs/snapshots.md has the formats.
 *
 * Rows are written as they are read: nothing is built in memory.
 */
#ifndef WEIR_SNAPSHOT_EXPORT_H
#define WEIR_SNAPSHOT_EXPORT_H

#include "base/err.h"

enum export_format { EXPORT_CSV, EXPORT_JSON };

/*
 * `path` is the folder of a store or a snapshot file; rows go to `fd`, in the
 * order of their keys. A reader of a pipe that has had enough is the end, too.
 *
 * Errors: WEIR_NOT_FOUND there is no such file, or no such table; WEIR_SYSTEM
 * it cannot be written; else as of store_open() and SQLite.
 */
int export_table(const char *path, const char *table, enum export_format format,
		 int fd, struct err *err);

#endif
