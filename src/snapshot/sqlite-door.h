/*
 * What the files of this folder share; nobody else includes it, since it
 * includes sqlite3.h.
 */
#ifndef WEIR_SNAPSHOT_SQLITE_DOOR_H
#define WEIR_SNAPSHOT_SQLITE_DOOR_H

#include <sqlite3.h>

#include "base/buf.h"
#include "snapshot/columns.h"
#include "snapshot/snapshot.h"

#define APPLICATION_ID 0x77656972 /* "weir" */

/* What belongs to a table of the pipeline. */
struct current {
	struct columns columns;
	char name[COLUMN_NAME_MAX]; /* of its current table */
	char view[COLUMN_NAME_MAX];
	sqlite3_stmt *upsert;
	/* Windows that begin before are complete and in the file. */
	int64_t windows_from;
};

/* Statements that are needed at each snapshot (statements.c). */
enum sql {
	SQL_LAST,
	SQL_ADD_RUN,
	SQL_FIND_RUN,
	SQL_ADD_SNAPSHOT,
	SQL_FINISH_SNAPSHOT,
	SQL_ADD_OFFSET,
	SQL_ADD_TABLE,
	SQL_ADD_WINDOW,
	SQL_ADD_RANKING,
	SQL_ADD_LETTER,
	SQL_ADD_REASON,
	SQL_ADD_ALERT,
	SQL_DROP_MANY,
	SQL_DROP_OLD,
	SQL_DROP_LETTERS,
	SQL_DROP_ALERTS,
	SQL_DROP_WINDOWS,
	SQL_DROP_RUNS,
	SQL_LEN,
};

struct snapshot {
	sqlite3 *db;
	char *path;
	const struct pipeline *pipeline;
	struct snapshot_options options;
	struct current tables[PIPELINE_TABLES_MAX];
	sqlite3_stmt *statements[SQL_LEN];
	/* The last one that this process took; 0: none. */
	int64_t id;
	int64_t *since; /* its positions, by entry */
	unsigned since_len;
};

/* SQLite's last error as a sentence. */
int sql_fail(sqlite3 *db, const char *path, const char *doing, struct err *err);
int sql_exec(sqlite3 *db, const char *path, const char *sql, const char *doing,
	     struct err *err);
int sql_prepare(sqlite3 *db, const char *path, const char *sql,
		sqlite3_stmt **out, struct err *err);
/* The first number of the first row, which must be there. */
int sql_number(sqlite3 *db, const char *path, const char *sql, int64_t *number,
	       struct err *err);

/* Opens a database without looking into it. */
int sql_open(const char *path, int flags, sqlite3 **out, struct err *err);

/* Appends a name as an identifier, a text as a string literal. */
void sql_name(struct buf *sql, const char *name);
void sql_literal(struct buf *sql, const char *text);

/* Text when it is UTF-8 without NUL, else a blob; NULL data: NULL. Borrows. */
void sql_bind_text(sqlite3_stmt *statement, int at, const char *data,
		   size_t size);
void sql_bind_string(sqlite3_stmt *statement, int at, const char *text);
void sql_bind_value(sqlite3_stmt *statement, int at, struct value value);
void sql_bind_cell(sqlite3_stmt *statement, int at, const struct cell *cell);

/*
 * That a file is one of snapshots, of this pipeline and of a version that is
 * known. Of the snapshot, only db, path and pipeline are looked at.
 */
int snapshot_check(struct snapshot *snapshot, struct err *err);

/* The names of current tables and views, for columns that are there. */
void current_names(struct snapshot *snapshot);
/* Makes them, in a transaction. */
int current_create(struct snapshot *snapshot, struct err *err);
/* The statement that writes a row of a table; its parameters are the cells. */
int current_prepare(struct snapshot *snapshot, unsigned table, struct err *err);

#endif
