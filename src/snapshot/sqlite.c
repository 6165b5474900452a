/* SQLite, in weir's words. */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "snapshot/sqlite-door.h"

int
sql_fail(sqlite3 *db, const char *path, const char *doing, struct err *err)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
	int system = db ? sqlite3_system_errno(db) : 0;

	if ((code & 0xff) == SQLITE_FULL ||
	    ((code & 0xff) == SQLITE_IOERR &&
	     (system == ENOSPC || system == EDQUOT)))
		return err_set(err, WEIR_STORE_FULL, code,
			       "the disk of the snapshot file %s is full; make "
			       "room",
			       path);
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, WEIR_STORE_BUSY, code,
			       "the snapshot file %s is locked by another "
			       "program",
			       path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set(err, WEIR_STORE, code,
			       "the snapshot file %s may not be written", path);
	case SQLITE_CANTOPEN:
		return err_set(err, WEIR_SYSTEM, code,
			       "cannot open the snapshot file %s: %s", path,
			       system ? strerror(system)
				      : "it is no file that can be used");
	case SQLITE_NOTADB:
		return err_set(err, WEIR_STORE_FOREIGN, code,
			       "%s is no snapshot file; give the name of "
			       "another one",
			       path);
	case SQLITE_CORRUPT:
		return err_set(err, WEIR_STORE, code,
			       "the snapshot file %s is damaged (%s while %s); "
			       "move it away, and a new one is begun",
			       path, db ? sqlite3_errmsg(db) : "", doing);
	default:
		return err_set(err, WEIR_STORE, code,
			       "the snapshot file %s failed while %s: %s", path,
			       doing, db ? sqlite3_errmsg(db) : "no memory");
	}
}

int
sql_exec(sqlite3 *db, const char *path, const char *sql, const char *doing,
	 struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, path, doing, err);
	return 0;
}

int
sql_prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **out,
	    struct err *err)
{
	if (sqlite3_prepare_v2(db, sql, -1, out, NULL) != SQLITE_OK)
		return sql_fail(db, path, "preparing a statement", err);
	return 0;
}

int
sql_number(sqlite3 *db, const char *path, const char *sql, int64_t *number,
	   struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = sql_prepare(db, path, sql, &statement, err);

	if (rc == 0 && sqlite3_step(statement) != SQLITE_ROW)
		rc = sql_fail(db, path, "being read", err);
	if (rc == 0)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return rc;
}

int
sql_open(const char *path, int flags, sqlite3 **out, struct err *err)
{
	struct buf name = BUF_INIT;
	int rc;

	/* Some names mean something else to SQLite: ":memory:". */
	buf_addf(&name, "%s%s", path[0] == '/' ? "" : "./", path);
	*out = NULL;
	rc = sqlite3_open_v2(name.data, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
	buf_release(&name);
	if (rc != SQLITE_OK) {
		rc = sql_fail(*out, path, "being opened", err);
		sqlite3_close(*out);
		*out = NULL;
		return rc;
	}
	sqlite3_extended_result_codes(*out, 1);
	return 0;
}

/* ---- Names and values ---- */

static void
quote(struct buf *sql, char mark, const char *text)
{
	buf_add(sql, &mark, 1);
	for (; *text; text++) {
		if (*text == mark)
			buf_add(sql, &mark, 1);
		buf_add(sql, text, 1);
	}
	buf_add(sql, &mark, 1);
}

void
sql_name(struct buf *sql, const char *name)
{
	quote(sql, '"', name);
}

void
sql_literal(struct buf *sql, const char *text)
{
	quote(sql, '\'', text);
}

void
sql_bind_text(sqlite3_stmt *statement, int at, const char *data, size_t size)
{
	if (!data) {
		sqlite3_bind_null(statement, at);
		return;
	}
	for (size_t i = 0, n; i < size; i += n) {
		n = utf8_size(data + i, data + size);
		if (n == 0 || data[i] == '\0') {
			sqlite3_bind_blob64(statement, at, data, size,
					    SQLITE_STATIC);
			return;
		}
	}
	sqlite3_bind_text64(statement, at, data, size, SQLITE_STATIC,
			    SQLITE_UTF8);
}

void
sql_bind_string(sqlite3_stmt *statement, int at, const char *text)
{
	sql_bind_text(statement, at, text, text ? strlen(text) : 0);
}

void
sql_bind_value(sqlite3_stmt *statement, int at, struct value value)
{
	if (value.kind == VALUE_INT)
		sqlite3_bind_int64(statement, at, value.i);
	else if (value.kind == VALUE_REAL)
		sqlite3_bind_double(statement, at, value.d);
	else
		sqlite3_bind_null(statement, at);
}

void
sql_bind_cell(sqlite3_stmt *statement, int at, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NONE:
		sqlite3_bind_null(statement, at);
		break;
	case CELL_TEXT:
		/* An empty text has no bytes to point to. */
		sql_bind_text(statement, at,
			      cell->text.size ? cell->text.data : "",
			      cell->text.size);
		break;
	case CELL_INT:
	case CELL_BOOL:
		sqlite3_bind_int64(statement, at, cell->i);
		break;
	case CELL_REAL:
		sqlite3_bind_double(statement, at, cell->d);
		break;
	}
}
