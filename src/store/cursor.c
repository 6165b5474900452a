/* Reading rows: the tree of a table, and the layers over it, as one. */
#include "store/rows-door.h"

void
range_encode(const struct range_record *range, char data[RANGE_SIZE])
{
	put_u32(data, range->id);
	put_u32(data + 4, range->layers);
	put_u64(data + 8, range->tree_rows);
	put_u64(data + 16, range->entries);
	put_u64(data + 24, range->new_keys);
}

int
range_decode(MDB_val data, struct range_record *range)
{
	const char *from = data.mv_data;

	if (data.mv_size != RANGE_SIZE)
		return MDB_CORRUPTED;
	*range = (struct range_record){
	    .id = get_u32(from),
	    .layers = get_u32(from + 4),
	    .tree_rows = get_u64(from + 8),
	    .entries = get_u64(from + 16),
	    .new_keys = get_u64(from + 24),
	};
	return range->new_keys > range->entries ||
		       range->layers > range->entries ||
		       range->layers > RANGE_LAYERS ||
		       range->entries > UINT32_MAX / 2 ||
		       range->id == UINT32_MAX
		   ? MDB_CORRUPTED
		   : 0;
}

/* Whether a record of "ranges" is of this table. */
static bool
of_table(MDB_val k, unsigned table)
{
	return k.mv_size >= 1 && *(const unsigned char *)k.mv_data == table;
}

/* Sets the cursor on the range that a key is in. MDB_NOTFOUND: none. */
static int
find_range(MDB_cursor *ranges, unsigned table, MDB_val key,
	   struct range_record *range)
{
	char bound[RANGE_KEY_MAX + 1]; /* one may stand behind a key */
	MDB_val k = val(bound, 1 + key.mv_size), v;
	int rc;

	if (key.mv_size > sizeof(bound) - 1)
		return MDB_CORRUPTED;
	bound[0] = (char)table;
	memcpy(bound + 1, key.mv_data, key.mv_size);
	rc = mdb_cursor_get(ranges, &k, &v, MDB_SET_RANGE);
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	if (rc)
		rc = mdb_cursor_get(ranges, &k, &v, MDB_LAST);
	else if (k.mv_size != 1 + key.mv_size ||
		 memcmp(k.mv_data, bound, k.mv_size) != 0)
		rc = mdb_cursor_get(ranges, &k, &v, MDB_PREV);
	if (rc)
		return rc;
	return of_table(k, table) ? range_decode(v, range) : MDB_NOTFOUND;
}

/* Where the range that the cursor is on ends. */
static int
find_high(struct row_cursor *rows)
{
	MDB_val k, v, low = rows->high;
	int rc = mdb_cursor_get(rows->ranges, &k, &v, MDB_NEXT);

	if (rc && rc != MDB_NOTFOUND)
		return rc;
	rows->last = rc || !of_table(k, rows->table);
	if (rows->last)
		return 0;
	rows->high = val((const char *)k.mv_data + 1, k.mv_size - 1);
	return key_order(low, rows->high) < 0 ? 0 : MDB_CORRUPTED;
}

static int
enter_range(struct row_cursor *rows, const struct range_record *range,
	    MDB_val from)
{
	int rc = layer_push_range(&rows->heap, rows->layers, rows->table,
				  range->id, range->layers,
				  rows->store->layouts[rows->table].size, from);

	return rc ? rc : find_high(rows);
}

/* The range behind this one; the cursor is on it already. */
static int
next_range(struct row_cursor *rows)
{
	struct range_record range;
	MDB_val k, v;
	int rc = mdb_cursor_get(rows->ranges, &k, &v, MDB_GET_CURRENT);

	if (rc == 0)
		rc = range_decode(v, &range);
	return rc ? rc : enter_range(rows, &range, rows->high);
}

static int
tree_next(struct row_cursor *rows, MDB_cursor_op op)
{
	int rc =
	    mdb_cursor_get(rows->tree, &rows->tree_key, &rows->tree_row, op);

	rows->tree_over = rc == MDB_NOTFOUND;
	if (rc == 0 &&
	    rows->tree_row.mv_size != rows->store->layouts[rows->table].size)
		return MDB_CORRUPTED;
	return rows->tree_over ? 0 : rc;
}

int
range_first(MDB_cursor *ranges, unsigned table)
{
	char bound = (char)table;
	MDB_val k = val(&bound, 1), v;
	int rc = mdb_cursor_get(ranges, &k, &v, MDB_SET_RANGE);

	if (rc || !of_table(k, table))
		return rc ? rc : MDB_NOTFOUND;
	return k.mv_size == 1 ? 0 : MDB_CORRUPTED;
}

int
row_cursor_open(struct row_cursor *rows, struct store *store, MDB_txn *txn,
		unsigned table)
{
	int rc;

	*rows =
	    (struct row_cursor){.store = store, .table = table, .last = true};
	rc = mdb_cursor_open(txn, store->tables[table], &rows->tree);
	if (rc || store->pipeline->tables[table].window_ms)
		return rc;
	rc = mdb_cursor_open(txn, store->ranges_dbi, &rows->ranges);
	if (rc == 0)
		rc = range_first(rows->ranges, table);
	if (rc == MDB_NOTFOUND) {
		mdb_cursor_close(rows->ranges);
		rows->ranges = NULL;
		return 0;
	}
	if (rc == 0)
		rc = mdb_cursor_open(txn, store->layers_dbi, &rows->layers);
	if (rc)
		row_cursor_close(rows);
	return rc;
}

int
row_cursor_seek(struct row_cursor *rows, MDB_val from, MDB_val *key,
		MDB_val *row)
{
	struct range_record range;
	int rc;

	rows->tree_key = from;
	rc = tree_next(rows, from.mv_size ? MDB_SET_RANGE : MDB_FIRST);
	if (rc == 0 && rows->ranges) {
		rc = find_range(rows->ranges, rows->table, from, &range);
		if (rc == MDB_NOTFOUND)
			rc = MDB_CORRUPTED; /* there is a first one */
		rows->high = val("", 0);
		if (rc == 0)
			rc = enter_range(rows, &range, from);
	}
	return rc ? rc : row_cursor_next(rows, key, row);
}

int
row_cursor_next(struct row_cursor *rows, MDB_val *key, MDB_val *row)
{
	for (;;) {
		bool in_tree =
		    !rows->tree_over &&
		    (rows->last || key_order(rows->tree_key, rows->high) < 0);
		int c = -1, rc;

		if (rows->heap.len)
			c = in_tree ? key_order(rows->tree_key,
						rows->heap.heads[0].key)
				    : 1;
		else if (!in_tree && rows->last)
			return MDB_NOTFOUND;
		else if (!in_tree) {
			rc = next_range(rows);
			if (rc)
				return rc;
			continue;
		}
		if (c < 0) {
			*key = rows->tree_key;
			*row = rows->tree_row;
			return tree_next(rows, MDB_NEXT);
		}
		if (!rows->last &&
		    key_order(rows->heap.heads[0].key, rows->high) >= 0)
			return MDB_CORRUPTED;
		/* The layer's row stands for the tree's. */
		rc = layer_pop(&rows->heap, key, row);
		return rc || c > 0 ? rc : tree_next(rows, MDB_NEXT);
	}
}

void
row_cursor_close(struct row_cursor *rows)
{
	layer_heap_release(&rows->heap);
	if (rows->layers)
		mdb_cursor_close(rows->layers);
	if (rows->ranges)
		mdb_cursor_close(rows->ranges);
	if (rows->tree)
		mdb_cursor_close(rows->tree);
	*rows = (struct row_cursor){0};
}

/* The row of a key in the newest layer that has it. */
static int
get_from_layers(MDB_cursor *layers, unsigned table,
		const struct range_record *range, size_t row_size, MDB_val key,
		MDB_val *row)
{
	char bound[LAYER_KEY];
	MDB_val k = val(bound, sizeof(bound)), v;
	uint32_t next = range->layers;
	int rc;

	layer_key(bound, table, range->id, UINT32_MAX);
	rc = mdb_cursor_get(layers, &k, &v, MDB_SET_RANGE);
	if (rc == 0 || rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(layers, &k, &v, rc ? MDB_LAST : MDB_PREV);
	for (; rc == 0; rc = mdb_cursor_get(layers, &k, &v, MDB_PREV)) {
		struct layer layer;
		uint32_t at;

		if (k.mv_size != LAYER_KEY)
			return MDB_CORRUPTED;
		if (memcmp(k.mv_data, bound, LAYER_KEY - 4) != 0)
			break;
		if (next == 0 ||
		    get_be32((const char *)k.mv_data + 5) != --next)
			return MDB_CORRUPTED;
		rc = layer_open(&layer, v, row_size);
		if (rc == 0)
			rc = layer_find(&layer, key, &at);
		if (rc == 0 && at < layer.rows) {
			rc = layer_row(&layer, at, &k, row);
			if (rc == 0 && key_order(k, key) == 0)
				return 0;
		}
		if (rc)
			return rc;
	}
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	return next == 0 ? MDB_NOTFOUND : MDB_CORRUPTED;
}

static int
find_in_layers(struct store *store, MDB_txn *txn, unsigned table, MDB_val key,
	       MDB_val *row)
{
	struct range_record range;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, store->ranges_dbi, &cursor);

	if (rc)
		return rc;
	rc = find_range(cursor, table, key, &range);
	mdb_cursor_close(cursor);
	if (rc || range.layers == 0)
		return rc ? rc : MDB_NOTFOUND;
	rc = mdb_cursor_open(txn, store->layers_dbi, &cursor);
	if (rc)
		return rc;
	rc = get_from_layers(cursor, table, &range, store->layouts[table].size,
			     key, row);
	mdb_cursor_close(cursor);
	return rc;
}

int
row_find(struct store *store, MDB_txn *txn, unsigned table, MDB_val key,
	 MDB_val *row)
{
	size_t row_size = store->layouts[table].size;
	int rc = MDB_NOTFOUND;

	if (!store->pipeline->tables[table].window_ms)
		rc = find_in_layers(store, txn, table, key, row);
	if (rc != MDB_NOTFOUND)
		return rc;
	rc = mdb_get(txn, store->tables[table], &key, row);
	return rc == 0 && row->mv_size != row_size ? MDB_CORRUPTED : rc;
}

int
row_count(struct store *store, MDB_txn *txn, unsigned table, size_t *count)
{
	struct range_record range;
	MDB_cursor *cursor;
	size_t ranges;
	char bound = (char)table;
	MDB_val k = val(&bound, 1), v;
	int rc;

	rc = store_entries(store, txn, store->tables[table],
			   store->layouts[table].size, count);
	if (rc == 0)
		rc = store_entries(store, txn, store->ranges_dbi, RANGE_SIZE,
				   &ranges);
	if (rc || ranges == 0)
		return rc;
	rc = mdb_cursor_open(txn, store->ranges_dbi, &cursor);
	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0 && of_table(k, table);
	     rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		rc = ranges-- ? range_decode(v, &range) : MDB_CORRUPTED;
		if (rc)
			break;
		*count += range.new_keys;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}
