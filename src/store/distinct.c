/*
 * The values behind distinct counts (aggregate/distinct.h): of an exact one,
 * a record for each value of each row; of an approximate one, a record of
 * registers for each row.
 */
#include <stdlib.h>
#include <string.h>

#include "aggregate/hyperloglog.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "store/lmdb-door.h"

static bool
has_prefix(MDB_val key, struct text prefix)
{
	return key.mv_size >= prefix.size &&
	       memcmp(key.mv_data, prefix.data, prefix.size) == 0;
}

/* ---- A commit ---- */

/* Candidates `i` to `end` of one set, which come in the order of the keys. */
static int
merge_values(MDB_cursor *cursor, const struct delta *candidates, size_t i,
	     size_t end, int64_t *added)
{
	for (; i < end; i++) {
		MDB_val k, v = val("", 0);
		struct text key;
		int rc;

		delta_get(candidates, i, &key);
		k = val(key.data, key.size);
		rc = mdb_cursor_put(cursor, &k, &v, MDB_NOOVERWRITE);
		if (rc == 0)
			(*added)++;
		else if (rc != MDB_KEYEXIST)
			return rc;
	}
	return 0;
}

/* The registers of a set, zeros if there are none. */
static int
load_registers(MDB_txn *txn, MDB_dbi dbi, struct text set,
	       unsigned char registers[HYPERLOGLOG_REGISTERS])
{
	MDB_val k = val(set.data, set.size), v;
	int rc = mdb_get(txn, dbi, &k, &v);

	memset(registers, 0, HYPERLOGLOG_REGISTERS);
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (v.mv_size != HYPERLOGLOG_REGISTERS)
		return MDB_CORRUPTED;
	memcpy(registers, v.mv_data, HYPERLOGLOG_REGISTERS);
	return 0;
}

/* Returns whether any was raised. */
static bool
raise_registers(unsigned char registers[HYPERLOGLOG_REGISTERS],
		const struct delta *candidates, size_t i, size_t end)
{
	bool raised = false;

	for (; i < end; i++) {
		const struct distinct_candidate *candidate;
		const unsigned char *place;
		unsigned at;
		struct text key;

		candidate = delta_get(candidates, i, &key);
		place = (const unsigned char *)key.data + key.size - 2;
		at = (unsigned)place[0] << 8 | place[1];
		if (registers[at] >= candidate->rank)
			continue;
		registers[at] = (unsigned char)candidate->rank;
		raised = true;
	}
	return raised;
}

static int
merge_registers(MDB_txn *txn, MDB_dbi dbi, struct text set,
		const struct delta *candidates, size_t i, size_t end,
		int64_t *added)
{
	unsigned char registers[HYPERLOGLOG_REGISTERS];
	int64_t before, after;
	MDB_val k = val(set.data, set.size), v;
	int rc = load_registers(txn, dbi, set, registers);

	if (rc)
		return rc;
	before = hyperloglog_estimate(registers);
	if (before < 0)
		return MDB_CORRUPTED;
	if (!raise_registers(registers, candidates, i, end))
		return 0;
	after = hyperloglog_estimate(registers);
	*added = after - before;
	v = val(registers, sizeof(registers));
	return mdb_put(txn, dbi, &k, &v, 0);
}

int
store_distinct_merge(struct store *store, MDB_txn *txn, unsigned table,
		     struct aggregate_table *from)
{
	const struct table_spec *spec = &store->pipeline->tables[table];
	struct delta *candidates = &from->distinct.candidates;
	MDB_dbi dbi = store->distinct[table];
	MDB_cursor *cursor;
	size_t end;
	int rc;

	if (!distinct_used(spec))
		return 0;
	rc = mdb_cursor_open(txn, dbi, &cursor);
	if (rc)
		return rc;
	delta_sort(candidates);
	for (size_t i = 0; rc == 0 && i < candidates->len; i = end) {
		const struct distinct_candidate *candidate;
		struct text key, set;
		unsigned measure;
		int64_t added = 0;

		candidate = delta_get(candidates, i, &key);
		set = (struct text){key.data, distinct_set_size(spec, key)};
		measure = (unsigned char)set.data[set.size - 1];
		for (end = i + 1; end < candidates->len; end++) {
			delta_get(candidates, end, &key);
			if (!has_prefix(val(key.data, key.size), set))
				break;
		}
		if (spec->measures[measure].approximate)
			rc = merge_registers(txn, dbi, set, candidates, i, end,
					     &added);
		else
			rc = merge_values(cursor, candidates, i, end, &added);
		/* Set, not added: a commit that failed is tried again. */
		row_set_distinct(&from->layout,
				 delta_at(&from->delta, candidate->row),
				 measure, added);
	}
	mdb_cursor_close(cursor);
	return rc;
}

int
store_distinct_expire(struct store *store, MDB_txn *txn, unsigned table,
		      int64_t watermark_ms, size_t most)
{
	const struct table_spec *spec = &store->pipeline->tables[table];
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc;

	if (!distinct_used(spec))
		return 0;
	rc = mdb_cursor_open(txn, store->distinct[table], &cursor);
	if (rc)
		return rc;
	while (most-- > 0) {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
		if (rc)
			break;
		if (k.mv_size <= WINDOW_KEY_SIZE) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (key_to_i64(get_be64(k.mv_data)) >=
		    watermark_ms - spec->window_ms - spec->keep_ms + 1)
			break;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

size_t
store_distinct_pages(const struct store *store, unsigned table,
		     const struct aggregate_table *from)
{
	const struct table_spec *spec = &store->pipeline->tables[table];
	const struct delta *candidates = &from->distinct.candidates;
	size_t there = store->distinct_pages[table], sets = 0, pages;

	if (!distinct_used(spec))
		return 0;
	/* As of the tables' rows; and registers have pages of their own. */
	pages = (candidates->len < there ? candidates->len : there) +
		candidates->data_size * 2 / store->page_size;
	for (unsigned i = 0; i < spec->measures_len; i++)
		if (spec->measures[i].approximate)
			sets += from->delta.len;
	if (sets > candidates->len)
		sets = candidates->len;
	return pages + sets * (HYPERLOGLOG_REGISTERS / store->page_size + 1);
}

/* ---- Several stores ---- */

/* The values of one set in one store. */
struct values {
	MDB_cursor *cursor;
	struct text key;
	bool over;
};

static int
values_next(struct values *values, MDB_cursor_op op, struct text set)
{
	MDB_val k = val(set.data, set.size), v;
	int rc = mdb_cursor_get(values->cursor, &k, &v, op);
	struct text key;

	values->over = rc == MDB_NOTFOUND || (rc == 0 && !has_prefix(k, set));
	if (rc || values->over)
		return rc == MDB_NOTFOUND ? 0 : rc;
	key = (struct text){k.mv_data, k.mv_size};
	/* Pages of noise may even go in circles. */
	if (op == MDB_NEXT && text_order(values->key, key) >= 0)
		return MDB_CORRUPTED;
	values->key = key;
	return 0;
}

/* Each value once, side by side in key order. */
static int
count_values(struct values *values, unsigned len, struct text set,
	     int64_t *count)
{
	for (*count = 0;; (*count)++) {
		const struct values *least = NULL;
		struct text key;

		for (unsigned i = 0; i < len; i++)
			if (!values[i].over &&
			    (!least ||
			     text_order(values[i].key, least->key) < 0))
				least = &values[i];
		if (!least)
			return 0;
		key = least->key;
		for (unsigned i = 0; i < len; i++) {
			int rc;

			if (values[i].over ||
			    text_order(values[i].key, key) != 0)
				continue;
			rc = values_next(&values[i], MDB_NEXT, set);
			if (rc)
				return rc;
		}
	}
}

static int
unite_values(const struct part *parts, unsigned len, unsigned table,
	     struct text set, int64_t *count)
{
	struct values *values = xcalloc(len, sizeof(*values));
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < len; i++) {
		rc = mdb_cursor_open(parts[i].txn,
				     parts[i].store->distinct[table],
				     &values[i].cursor);
		if (rc == 0)
			rc = values_next(&values[i], MDB_SET_RANGE, set);
	}
	if (rc == 0)
		rc = count_values(values, len, set, count);
	for (unsigned i = 0; i < len; i++)
		if (values[i].cursor)
			mdb_cursor_close(values[i].cursor);
	free(values);
	return rc;
}

static int
unite_registers(const struct part *parts, unsigned len, unsigned table,
		struct text set, int64_t *count)
{
	unsigned char all[HYPERLOGLOG_REGISTERS] = {0};

	for (unsigned i = 0; i < len; i++) {
		unsigned char one[HYPERLOGLOG_REGISTERS];
		int rc = load_registers(
		    parts[i].txn, parts[i].store->distinct[table], set, one);

		if (rc)
			return rc;
		for (unsigned r = 0; r < HYPERLOGLOG_REGISTERS; r++)
			if (all[r] < one[r])
				all[r] = one[r];
	}
	*count = hyperloglog_estimate(all);
	return *count < 0 ? MDB_CORRUPTED : 0;
}

int
parts_distinct(const struct part *parts, unsigned len, unsigned table,
	       struct text key, void *row, struct err *err)
{
	const struct store *store = parts[0].store;
	const struct row_layout *layout = &store->layouts[table];
	const struct table_spec *spec = &store->pipeline->tables[table];
	char room[DISTINCT_SET_MAX];
	struct text set = {room, 0};

	for (unsigned i = 0; i < layout->cells_len; i++) {
		int64_t count = 0;
		int rc;

		if (layout->cells[i].kind != MEASURE_DISTINCT ||
		    row_value(layout, row, i).kind == VALUE_NONE)
			continue;
		set.size = distinct_set(spec, key, i, room);
		rc = spec->measures[i].approximate
			 ? unite_registers(parts, len, table, set, &count)
			 : unite_values(parts, len, table, set, &count);
		if (rc)
			return store_fail(err, rc, store,
					  "reading distinct values");
		row_set_distinct(layout, row, i, count);
	}
	return 0;
}
