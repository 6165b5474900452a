/*
 * What outputs need of the store: how far each has come, and the rows of
 * complete windows, which are final: their events would be late.
 */
#include <string.h>

#include "aggregate/key.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "store/lmdb-door.h"

/* Records, window of the place, table + 1 (0: of events); then its key. */
#define OUTPUT_HEAD 24

bool
store_is_before(int64_t window_ms, struct text key,
		const struct store_place *place)
{
	if (window_ms != place->window_ms)
		return window_ms < place->window_ms;
	return text_order(key, (struct text){place->key, place->key_size}) < 0;
}

void
store_place_behind(struct store_place *place, int64_t window_ms,
		   struct text key)
{
	/* No key is between one and the same with a 00 behind it. */
	place->window_ms = window_ms;
	memcpy(place->key, key.data, key.size);
	place->key[key.size] = '\0';
	place->key_size = key.size + 1;
}

/* ---- Records ---- */

static void
output_key(const struct output_spec *spec, struct buf *key)
{
	buf_add_str(key, META_OUTPUT);
	buf_add_str(key, spec->topic);
}

/* As if it were a new one when it was one of another table. */
static int
decode(MDB_val data, const struct output_spec *spec,
       struct store_output *output)
{
	const char *at = data.mv_data;

	if (data.mv_size < OUTPUT_HEAD ||
	    data.mv_size > OUTPUT_HEAD + sizeof(output->place.key))
		return MDB_CORRUPTED;
	if ((int64_t)get_u64(at + 16) != spec->table + 1)
		return 0;
	output->records = (int64_t)get_u64(at);
	output->place.window_ms = (int64_t)get_u64(at + 8);
	output->place.key_size = data.mv_size - OUTPUT_HEAD;
	memcpy(output->place.key, at + OUTPUT_HEAD, output->place.key_size);
	return 0;
}

static int
load(struct store *store, MDB_txn *txn, const struct output_spec *spec,
     struct store_output *output)
{
	struct buf key = BUF_INIT;
	MDB_val data;
	int rc;

	memset(output, 0, sizeof(*output));
	output_key(spec, &key);
	rc = store_get(txn, store->meta, key.data, &data);
	if (rc == 0)
		rc = decode(data, spec, output);
	buf_release(&key);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int
store_output_records(struct store *store, MDB_txn *txn, unsigned output,
		     int64_t *records)
{
	struct store_output stored;
	int rc = load(store, txn, &store->pipeline->outputs[output], &stored);

	*records = stored.records;
	return rc;
}

int
store_load_outputs(struct store *store,
		   struct store_output outputs[PIPELINE_OUTPUTS_MAX],
		   struct err *err)
{
	const struct pipeline *p = store->pipeline;
	const char *before = crash_enter(store->path);
	MDB_txn *txn;
	int rc = store_read_begin(store, &txn, err);

	if (rc == 0) {
		for (unsigned i = 0; rc == 0 && i < p->outputs_len; i++)
			rc = load(store, txn, &p->outputs[i], &outputs[i]);
		if (rc)
			rc = store_fail(err, rc, store, "reading outputs");
		store_read_end(store, txn);
	}
	crash_leave(before);
	return rc;
}

int
store_outputs_write(struct store *store, MDB_txn *txn,
		    const struct store_output *outputs)
{
	const struct pipeline *p = store->pipeline;
	int rc = 0;

	if (!outputs)
		return 0;
	for (unsigned i = 0; rc == 0 && i < p->outputs_len; i++) {
		const struct store_output *output = &outputs[i];
		char data[OUTPUT_HEAD + sizeof(output->place.key)];
		struct buf key = BUF_INIT;
		MDB_val k, v;

		put_u64(data, (uint64_t)output->records);
		put_u64(data + 8, (uint64_t)output->place.window_ms);
		put_u64(data + 16, (uint64_t)(p->outputs[i].table + 1));
		memcpy(data + OUTPUT_HEAD, output->place.key,
		       output->place.key_size);
		output_key(&p->outputs[i], &key);
		k = val(key.data, key.size);
		v = val(data, OUTPUT_HEAD + output->place.key_size);
		rc = mdb_put(txn, store->meta, &k, &v, 0);
		buf_release(&key);
	}
	return rc;
}

int64_t
store_outputs_floor(const struct store *store,
		    const struct store_output *outputs, unsigned table)
{
	const struct pipeline *p = store->pipeline;
	int64_t floor = INT64_MAX;

	for (unsigned i = 0; outputs && i < p->outputs_len; i++) {
		if (p->outputs[i].table == (int)table &&
		    outputs[i].place.window_ms < floor)
			floor = outputs[i].place.window_ms;
	}
	return floor;
}

/* ---- Rows ---- */

static int
visit_rows(const struct part *part, unsigned table, struct store_place *place,
	   int (*visit)(void *ctx, const struct store_complete *row,
			struct err *err),
	   void *ctx, struct err *err)
{
	struct store *store = part->store;
	const struct table_spec *spec = &store->pipeline->tables[table];
	const struct row_layout *layout = &store->layouts[table];
	struct store_complete row = {0};
	char bound[WINDOW_KEY_SIZE + sizeof(place->key)];
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc, ended = 0;

	rc = first_decode(store, part->txn, table, &row.first_ms);
	if (rc && rc != MDB_NOTFOUND)
		return store_fail(err, rc, store, "reading windows");
	rc = mdb_cursor_open(part->txn, store->tables[table], &cursor);
	if (rc)
		return store_fail(err, rc, store, "reading rows");
	put_be64(bound, key_from_i64(place->window_ms));
	memcpy(bound + WINDOW_KEY_SIZE, place->key, place->key_size);
	k = val(bound, WINDOW_KEY_SIZE + place->key_size);
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		rc = window_decode(k, &row.window_ms);
		if (rc == 0 && v.mv_size != layout->size)
			rc = MDB_CORRUPTED;
		if (rc || !window_closed(row.window_ms, spec,
					 part->state.watermark_ms))
			break;
		row.key.data = (const char *)k.mv_data + WINDOW_KEY_SIZE;
		row.key.size = k.mv_size - WINDOW_KEY_SIZE;
		for (unsigned i = 0; i < layout->cells_len; i++)
			row.measures[i] = row_value(layout, v.mv_data, i);
		crash_leave(NULL);
		ended = visit(ctx, &row, err);
		crash_enter(store->path);
		if (ended)
			break;
		store_place_behind(place, row.window_ms, row.key);
	}
	mdb_cursor_close(cursor);
	return rc && rc != MDB_NOTFOUND
		   ? store_fail(err, rc, store, "reading rows")
		   : ended;
}

int
store_read_complete(struct store *store, unsigned table,
		    struct store_place *place,
		    int (*visit)(void *ctx, const struct store_complete *row,
				 struct err *err),
		    void *ctx, struct err *err)
{
	const struct table_spec *spec = &store->pipeline->tables[table];
	const char *before = crash_enter(store->path);
	struct part part;
	int64_t open_ms;
	int rc = part_begin(&part, store, err);

	if (rc) {
		crash_leave(before);
		return rc;
	}
	if (part.state.watermark_ms != WATERMARK_NONE) {
		rc = visit_rows(&part, table, place, visit, ctx, err);
		open_ms = part.state.watermark_ms - spec->window_ms -
			  spec->lateness_ms + 1;
		if (rc == 0 && open_ms > place->window_ms)
			*place = (struct store_place){.window_ms = open_ms};
	}
	part_end(&part);
	crash_leave(before);
	return rc;
}
