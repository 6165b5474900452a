/*
 * Reading all of a commit: every window and every row, one after the other, in
 * the read transaction that the view of the same commit was built from.
 */
#include <inttypes.h>
#include <string.h>

#include "base/crash.h"
#include "store/rows-door.h"

/* Rows between two looks at whether the writer waits. */
#define ROWS_AT_ONCE 64

struct store_read {
	struct part part;
	struct whole whole;
	struct view *view;
};

int
store_read(struct store *store,
	   int (*use)(void *ctx, struct store_read *read, struct err *err),
	   void *ctx, struct err *err)
{
	struct store_read read = {
	    .whole = {.parts = &read.part, .parts_len = 1}};
	const char *before = crash_enter(store->path);
	int rc;

	rc = part_begin(&read.part, store, err);
	if (rc) {
		crash_leave(before);
		return rc;
	}
	read.whole.state = read.part.state;
	read.whole.expired_ms = read.part.state.watermark_ms;
	read.whole.history_end = read.part.state.commit_ms / 1000;
	if (read.part.state.commit == 0)
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "nothing has been committed to the store %s yet",
			     store->path);
	else
		rc = view_build(&read.whole, false, &read.view, err);
	/* What the caller does with it is not LMDB's. */
	crash_leave(before);
	if (rc == 0)
		rc = use(ctx, &read, err);
	view_free(read.view);
	part_end(&read.part);
	return rc;
}

const struct view *
store_read_view(const struct store_read *read)
{
	return read->view;
}

int64_t
store_read_oldest(const struct store_read *read, unsigned table)
{
	const struct table_spec *spec = read->view->tables[table].spec;
	int64_t watermark = read->whole.expired_ms;

	if (!spec->window_ms || watermark == WATERMARK_NONE)
		return INT64_MIN;
	return watermark - spec->window_ms - spec->keep_ms + 1;
}

/* ---- Windows ---- */

static int
scan_windows(struct store_read *read, unsigned table, int64_t from_ms,
	     int (*visit)(void *ctx, const struct view_window *window,
			  struct err *err),
	     void *ctx, struct err *err)
{
	struct store *store = read->part.store;
	int64_t oldest = store_read_oldest(read, table);
	char bound[GROUP_KEY];
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc;

	if (from_ms < oldest)
		from_ms = oldest;
	rc = mdb_cursor_open(read->part.txn, store->groups, &cursor);
	if (rc)
		return store_fail(err, rc, store, "reading windows");
	group_key(bound, GROUP_SUMMARY, table, from_ms);
	k = val(bound, sizeof(bound));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data;
		struct view_window window = {0};
		struct view *room;
		int failed;

		if (k.mv_size != GROUP_KEY || at[0] != GROUP_SUMMARY ||
		    (unsigned char)at[1] != table)
			break;
		if (atomic_load(&store->growing)) {
			mdb_cursor_close(cursor);
			return err_set(err, WEIR_FULL, 0,
				       "the store %s had to grow while it was "
				       "read",
				       store->path);
		}
		window.start_ms = key_to_i64(get_be64(at + 2));
		room = view_new(store->pipeline);
		failed =
		    view_read_window(&read->whole, room, table, &window, err);
		if (failed == 0) {
			crash_leave(NULL);
			failed = visit(ctx, &window, err);
			crash_enter(store->path);
		}
		view_free(room);
		if (failed) {
			mdb_cursor_close(cursor);
			return failed;
		}
	}
	mdb_cursor_close(cursor);
	return rc && rc != MDB_NOTFOUND
		   ? store_fail(err, rc, store, "reading windows")
		   : 0;
}

int
store_read_windows(struct store_read *read, unsigned table, int64_t from_ms,
		   int (*visit)(void *ctx, const struct view_window *window,
				struct err *err),
		   void *ctx, struct err *err)
{
	const char *before = crash_enter(read->part.store->path);
	int rc = scan_windows(read, table, from_ms, visit, ctx, err);

	crash_leave(before);
	return rc;
}

/* ---- Rows ---- */

/* False when the bytes are no row of the table. */
static bool
decode_row(const struct store_read *read, unsigned table, MDB_val k, MDB_val v,
	   char room[KEY_MAX], struct store_row *row)
{
	const struct pipeline *p = read->part.store->pipeline;
	const struct table_spec *spec = &p->tables[table];
	const struct row_layout *layout = &read->part.store->layouts[table];
	struct text key = {k.mv_data, k.mv_size};

	row->window_ms = 0;
	if (spec->window_ms) {
		row->window_ms = key_to_i64(get_be64(key.data));
		key.data += WINDOW_KEY_SIZE;
		key.size -= WINDOW_KEY_SIZE;
	}
	if (!key_decode(p, spec, key, room, row->key))
		return false;
	for (unsigned i = 0; i < layout->cells_len; i++)
		row->measures[i] = row_value(layout, v.mv_data, i);
	row->first = view_position(read->view, &read->part,
				   row_first(layout, v.mv_data));
	row->last =
	    view_position(read->view, &read->part, row_last(layout, v.mv_data));
	return true;
}

/* Whether the row has an event that was not there at `since`. */
static bool
has_changed(const struct row_layout *layout, const void *row,
	    const int64_t *since, unsigned since_len)
{
	struct position last = row_last(layout, row);

	return (unsigned)last.partition >= since_len ||
	       last.offset >= since[last.partition];
}

static int
scan_rows(struct store_read *read, unsigned table, const int64_t *since,
	  unsigned since_len,
	  int (*visit)(void *ctx, const struct store_row *row, struct err *err),
	  void *ctx, struct err *err)
{
	struct store *store = read->part.store;
	const struct row_layout *layout = &store->layouts[table];
	int64_t oldest = store_read_oldest(read, table);
	size_t prefix =
	    store->pipeline->tables[table].window_ms ? WINDOW_KEY_SIZE : 0;
	char bound[WINDOW_KEY_SIZE], room[KEY_MAX];
	unsigned since_look = 0;
	struct store_row row;
	MDB_val from = val("", 0), k, v;
	struct row_cursor rows;
	int rc;

	rc = row_cursor_open(&rows, store, read->part.txn, table);
	if (rc)
		return store_fail(err, rc, store, "reading rows");
	if (oldest != INT64_MIN) {
		put_be64(bound, key_from_i64(oldest));
		from = val(bound, sizeof(bound));
	}
	rc = row_cursor_seek(&rows, from, &k, &v);
	for (; rc == 0; rc = row_cursor_next(&rows, &k, &v)) {
		int failed;

		if (k.mv_size < prefix) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (++since_look == ROWS_AT_ONCE) {
			since_look = 0;
			if (atomic_load(&store->growing)) {
				row_cursor_close(&rows);
				return err_set(err, WEIR_FULL, 0,
					       "the store %s had to grow "
					       "while it was read",
					       store->path);
			}
		}
		if (since && !has_changed(layout, v.mv_data, since, since_len))
			continue;
		if (!decode_row(read, table, k, v, room, &row)) {
			rc = MDB_CORRUPTED;
			break;
		}
		crash_leave(NULL);
		failed = visit(ctx, &row, err);
		crash_enter(store->path);
		if (failed) {
			row_cursor_close(&rows);
			return failed;
		}
	}
	row_cursor_close(&rows);
	return rc && rc != MDB_NOTFOUND
		   ? store_fail(err, rc, store, "reading rows")
		   : 0;
}

int
store_read_rows(struct store_read *read, unsigned table, const int64_t *since,
		unsigned since_len,
		int (*visit)(void *ctx, const struct store_row *row,
			     struct err *err),
		void *ctx, struct err *err)
{
	const char *before = crash_enter(read->part.store->path);
	int rc = scan_rows(read, table, since, since_len, visit, ctx, err);

	crash_leave(before);
	return rc;
}
