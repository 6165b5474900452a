/* Reading some rows: a slice of a table, or one key. */
#include <assert.h>
#include <string.h>

#include "base/crash.h"
#include "store/rows-door.h"

/* One store, in a read transaction that part_end() ends. */
static int
begin(struct store *store, struct part *part, struct whole *whole,
      struct err *err)
{
	int rc = part_begin(part, store, err);

	if (rc)
		return rc;
	*whole = (struct whole){.parts = part,
				.parts_len = 1,
				.state = part->state,
				.expired_ms = part->state.watermark_ms};
	return 0;
}

static int
count_keys(const struct whole *whole, struct store_slice *slice,
	   struct err *err)
{
	struct group_summary summary;
	int rc =
	    whole_summary(whole, slice->table, slice->window_ms, &summary, err);

	slice->keys = rc ? 0 : summary.keys;
	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

static int
visit_rows(const struct part *part, struct store_slice *slice,
	   void (*visit)(void *ctx, struct text key,
			 const struct value *measures),
	   void *ctx, struct err *err)
{
	struct store *store = part->store;
	const struct row_layout *layout = &store->layouts[slice->table];
	size_t prefix = store->pipeline->tables[slice->table].window_ms
			    ? WINDOW_KEY_SIZE
			    : 0;
	char bound[WINDOW_KEY_SIZE + KEY_MAX + 1];
	struct value measures[PIPELINE_MEASURES_MAX];
	unsigned seen = 0;
	struct row_cursor rows;
	MDB_val k, v;
	int rc;

	rc = row_cursor_open(&rows, store, part->txn, slice->table);
	if (rc)
		return store_fail(err, rc, store, "reading rows");
	put_be64(bound, key_from_i64(slice->window_ms));
	memcpy(bound + prefix, slice->from, slice->from_size);
	rc = row_cursor_seek(&rows, val(bound, prefix + slice->from_size), &k,
			     &v);
	for (; rc == 0 && seen < slice->rows_max; seen++) {
		struct text key;

		if (k.mv_size < prefix || k.mv_size - prefix > KEY_MAX) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (memcmp(k.mv_data, bound, prefix) != 0)
			break;
		key.data = (const char *)k.mv_data + prefix;
		key.size = k.mv_size - prefix;
		for (unsigned i = 0; i < layout->cells_len; i++)
			measures[i] = row_value(layout, v.mv_data, i);
		visit(ctx, key, measures);
		/* No key is between one and the same with a 00 behind it. */
		memcpy(slice->from, key.data, key.size);
		slice->from[key.size] = '\0';
		slice->from_size = key.size + 1;
		rc = row_cursor_next(&rows, &k, &v);
	}
	slice->more = seen == slice->rows_max;
	row_cursor_close(&rows);
	return rc && rc != MDB_NOTFOUND
		   ? store_fail(err, rc, store, "reading rows")
		   : 0;
}

int
store_read_slice(struct store *store, struct store_slice *slice,
		 void (*visit)(void *ctx, struct text key,
			       const struct value *measures),
		 void *ctx, struct err *err)
{
	const char *before = crash_enter(store->path);
	struct whole whole;
	struct part part;
	int rc;

	assert(slice->from_size <= sizeof(slice->from));
	rc = begin(store, &part, &whole, err);
	if (rc == 0) {
		slice->commit = part.state.commit;
		slice->more = false;
		rc = count_keys(&whole, slice, err);
		if (rc == 0)
			rc = visit_rows(&part, slice, visit, ctx, err);
		part_end(&part);
	}
	crash_leave(before);
	return rc;
}

int
store_read_key(struct store *store, unsigned table, int64_t window_ms,
	       struct text key, int windows, struct view_key **out,
	       struct err *err)
{
	const char *before = crash_enter(store->path);
	struct whole whole;
	struct part part;
	int rc;

	rc = begin(store, &part, &whole, err);
	if (rc == 0) {
		rc = view_read_key(&whole, table, window_ms, key, windows, out,
				   err);
		part_end(&part);
	}
	crash_leave(before);
	return rc;
}
