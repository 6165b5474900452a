#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "snapshot/export.h"
#include "snapshot/sqlite-door.h"

#define WRITE_SIZE 65536

struct writer {
	enum export_format format;
	int fd;
	const struct columns *columns;
	struct buf out;
	uint64_t rows;
	bool gone; /* whoever reads has had enough */
	/* Of a store. */
	const char *path, *name;
	unsigned table;
	const struct pipeline *pipeline;
};

static int
flush(struct writer *w, struct err *err)
{
	for (size_t done = 0; done < w->out.size;) {
		ssize_t n =
		    write(w->fd, w->out.data + done, w->out.size - done);

		if (n < 0 && errno == EINTR)
			continue;
		w->gone = n < 0 && errno == EPIPE;
		if (n < 0)
			return err_errno(err, "cannot write the rows");
		done += (size_t)n;
	}
	w->out.size = 0;
	return 0;
}

/* ---- CSV: RFC 4180 ---- */

/* What a spreadsheet would take for a formula. */
static bool
is_formula(struct text text)
{
	return text.size > 0 && text.data[0] && strchr("=+-@\t\r", *text.data);
}

static void
csv_text(struct buf *out, struct text text)
{
	bool quoted = text.size == 0;

	for (size_t i = 0; !quoted && i < text.size; i++)
		quoted = text.data[i] && strchr(",\"\r\n", text.data[i]);
	if (quoted)
		buf_add(out, "\"", 1);
	if (is_formula(text))
		buf_add(out, "'", 1);
	if (!quoted) {
		buf_add(out, text.data, text.size);
		return;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buf_add(out, "\"", 1);
		buf_add(out, text.data + i, 1);
	}
	buf_add(out, "\"", 1);
}

static void
add_cell(struct writer *w, const struct cell *cell)
{
	bool json = w->format == EXPORT_JSON;

	switch (cell->kind) {
	case CELL_NONE:
		buf_add_str(&w->out, json ? "null" : "");
		break;
	case CELL_TEXT:
		if (json)
			json_quote(&w->out, cell->text.data, cell->text.size);
		else
			csv_text(&w->out, cell->text);
		break;
	case CELL_INT:
		buf_addf(&w->out, "%" PRId64, cell->i);
		break;
	case CELL_BOOL:
		buf_add_str(&w->out, cell->i ? "true" : "false");
		break;
	case CELL_REAL:
		json_number(&w->out, cell->d);
		break;
	}
}

static void
add_header(struct writer *w)
{
	if (w->format == EXPORT_JSON) {
		buf_add_str(&w->out, "[");
		return;
	}
	for (unsigned i = 0; i < w->columns->len; i++)
		buf_addf(&w->out, "%s%s", i ? "," : "",
			 w->columns->all[i].name);
	buf_add_str(&w->out, "\r\n");
}

static int
add_row(struct writer *w, const struct cell *cells, struct err *err)
{
	bool json = w->format == EXPORT_JSON;

	if (json)
		buf_add_str(&w->out, w->rows ? ",\n{" : "\n{");
	for (unsigned i = 0; i < w->columns->len; i++) {
		if (i)
			buf_add_str(&w->out, ",");
		if (json) {
			const char *name = w->columns->all[i].name;

			json_quote(&w->out, name, strlen(name));
			buf_add_str(&w->out, ":");
		}
		add_cell(w, &cells[i]);
	}
	buf_add_str(&w->out, json ? "}" : "\r\n");
	w->rows++;
	return w->out.size >= WRITE_SIZE ? flush(w, err) : 0;
}

static int
add_end(struct writer *w, struct err *err)
{
	if (w->format == EXPORT_JSON)
		buf_add_str(&w->out, w->rows ? "\n]\n" : "]\n");
	return flush(w, err);
}

/* "there is no table x in f; it has: a, b" */
static int
no_table(const char *path, const char *name, const struct buf *names,
	 struct err *err)
{
	return err_set(err, WEIR_NOT_FOUND, 0,
		       "there is no table %s in %s; there are: %s", name, path,
		       names->size ? names->data : "none");
}

/* ---- From a store ---- */

static int
take_row(void *ctx, const struct store_row *row, struct err *err)
{
	struct writer *w = ctx;
	struct cell cells[COLUMNS_MAX];

	columns_cells(w->pipeline, &w->pipeline->tables[w->table], row, cells);
	return add_row(w, cells, err);
}

static int
read_rows(void *ctx, struct store_read *read, struct err *err)
{
	struct writer *w = ctx;

	return store_read_rows(read, w->table, NULL, 0, take_row, w, err);
}

static int
export_store(struct writer *w, struct err *err)
{
	struct columns columns;
	struct store *store;
	int table, rc;

	rc = store_open(w->path, STORE_READ, NULL, &store, err);
	if (rc)
		return rc;
	w->pipeline = store_pipeline(store);
	table = pipeline_table(w->pipeline, w->name);
	if (table < 0) {
		struct buf names = BUF_INIT;

		for (unsigned i = 0; i < w->pipeline->tables_len; i++)
			buf_addf(&names, "%s%s", i ? ", " : "",
				 w->pipeline->tables[i].name);
		rc = no_table(w->path, w->name, &names, err);
		buf_release(&names);
	} else {
		w->table = (unsigned)table;
		columns_init(&columns, w->pipeline,
			     &w->pipeline->tables[table]);
		w->columns = &columns;
		add_header(w);
		rc = store_read(store, read_rows, w, err);
		if (rc == 0)
			rc = add_end(w, err);
	}
	store_close(store);
	return rc;
}

/* ---- From a snapshot file ---- */

static enum column_type
type_of(const char *declared)
{
	for (unsigned i = COLUMN_TEXT; i <= COLUMN_BOOLEAN; i++)
		if (declared && strcmp(declared, column_type_name(
						     (enum column_type)i)) == 0)
			return (enum column_type)i;
	return COLUMN_TEXT;
}

static struct cell
cell_of(sqlite3_stmt *statement, int at, enum column_type type)
{
	struct cell cell = {.kind = CELL_NONE};

	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		/* Whole numbers stand in a real column without a fraction. */
		if (type == COLUMN_REAL) {
			cell.kind = CELL_REAL;
			cell.d = sqlite3_column_double(statement, at);
			break;
		}
		cell.kind = type == COLUMN_BOOLEAN ? CELL_BOOL : CELL_INT;
		cell.i = sqlite3_column_int64(statement, at);
		break;
	case SQLITE_FLOAT:
		cell.kind = CELL_REAL;
		cell.d = sqlite3_column_double(statement, at);
		break;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		cell.kind = CELL_TEXT;
		cell.text.data = sqlite3_column_blob(statement, at);
		cell.text.size = (size_t)sqlite3_column_bytes(statement, at);
		if (!cell.text.data)
			cell.text.data = "";
		break;
	default:
		break;
	}
	return cell;
}

static int
export_rows(struct writer *w, sqlite3 *db, const char *current, int key_len,
	    struct err *err)
{
	struct columns columns = {.len = 0};
	sqlite3_stmt *rows = NULL;
	struct buf sql = BUF_INIT;
	int code = SQLITE_DONE, rc;

	buf_add_str(&sql, "SELECT * FROM ");
	sql_name(&sql, current);
	for (int i = 0; i < key_len; i++)
		buf_addf(&sql, "%s%d", i ? ", " : " ORDER BY ", i + 1);
	rc = sql_prepare(db, w->path, sql.data, &rows, err);
	buf_release(&sql);
	if (rc)
		return rc;
	for (int i = 0; i < sqlite3_column_count(rows) && i < COLUMNS_MAX;
	     i++) {
		struct column *column = &columns.all[columns.len++];

		snprintf(column->name, sizeof(column->name), "%s",
			 sqlite3_column_name(rows, i));
		column->type = type_of(sqlite3_column_decltype(rows, i));
	}
	w->columns = &columns;
	add_header(w);
	while (rc == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct cell cells[COLUMNS_MAX];

		for (unsigned i = 0; i < columns.len; i++)
			cells[i] = cell_of(rows, (int)i, columns.all[i].type);
		rc = add_row(w, cells, err);
	}
	if (rc == 0 && code != SQLITE_DONE)
		rc = sql_fail(db, w->path, "being read", err);
	if (rc == 0)
		rc = add_end(w, err);
	sqlite3_finalize(rows);
	return rc;
}

static int
export_file(struct writer *w, struct err *err)
{
	sqlite3_stmt *tables = NULL;
	struct buf names = BUF_INIT, current = BUF_INIT;
	int64_t application;
	sqlite3 *db;
	int key_len = 0, rc;

	rc = sql_open(w->path, SQLITE_OPEN_READONLY, &db, err);
	if (rc)
		return rc;
	sqlite3_busy_timeout(db, 5000);
	rc =
	    sql_number(db, w->path, "PRAGMA application_id", &application, err);
	if (rc == 0 && application != APPLICATION_ID)
		rc = err_set(err, WEIR_STORE_FOREIGN, 0,
			     "%s is neither a store nor a snapshot file",
			     w->path);
	if (rc == 0)
		rc = sql_prepare(
		    db, w->path,
		    "SELECT name, current_table, (window_ms IS NOT NULL)"
		    " + 1 + length(key_fields)"
		    " - length(replace(key_fields, ',', ''))"
		    " FROM pipeline_table WHERE name IS NOT NULL"
		    " AND current_table IS NOT NULL",
		    &tables, err);
	while (rc == 0 && sqlite3_step(tables) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(tables, 0);

		buf_addf(&names, "%s%s", names.size ? ", " : "", name);
		if (strcmp(name, w->name) != 0)
			continue;
		buf_add_str(&current,
			    (const char *)sqlite3_column_text(tables, 1));
		key_len = sqlite3_column_int(tables, 2);
	}
	sqlite3_finalize(tables);
	if (rc == 0 && !current.size)
		rc = no_table(w->path, w->name, &names, err);
	if (rc == 0)
		rc = export_rows(w, db, current.data, key_len, err);
	sqlite3_close(db);
	buf_release(&names);
	buf_release(&current);
	return rc;
}

int
export_table(const char *path, const char *table, enum export_format format,
	     int fd, struct err *err)
{
	struct writer w = {
	    .format = format, .fd = fd, .path = path, .name = table};
	struct stat st;
	int rc;

	if (stat(path, &st) != 0)
		return err_errno(err, "cannot read %s", path);
	rc = S_ISDIR(st.st_mode) ? export_store(&w, err) : export_file(&w, err);
	buf_release(&w.out);
	return w.gone ? 0 : rc;
}
