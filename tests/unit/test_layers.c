/*
 * Rows of large tables, which go into the tree by way of layers.
 *
 * Keys at random change in commits of all sizes, some of which are given up;
 * after each, what is read by every way there is must be what a plain array
 * says. Bounds are so small that a few hundred keys are a large table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/random.h"
#include "store/rows-door.h"
#include "check.h"
#include "folder.h"

#define KEYS     6000
#define KEY_SIZE (KEY_MAX + 1)
#define MANY     500000 /* of which some have equal halves of a hash */

static const char text[] =
    "{\"name\": \"p\", \"topic\": {\"name\": \"p\"}, \"event\": {"
    " \"time\": \"t\", \"fields\": {\"k\": {\"type\": \"string\","
    " \"max_length\": 64}, \"t\": {\"type\": \"time\"}}}, \"tables\": {"
    " \"few\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}},"
    " \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}},"
    " \"more\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}}}";

enum { T_FEW, T_KEYS, T_MORE };

static struct pipeline *p;
static char root[] = "/tmp/weir-layers-XXXXXX";
static char path[256];
static unsigned paths;

struct key {
	char data[KEY_SIZE];
	size_t size;
	int64_t n, was; /* now, and before the commit under way */
	bool changes;
};

struct world {
	struct random random;
	struct store *store;
	struct key keys[KEYS]; /* in order */
	int64_t offset;
	unsigned layers_seen, most_ranges;
	size_t pages;      /* that the last commit wrote */
	size_t most_pages; /* that it was said to write */
};

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	return !mkdtemp(root) || pipeline_parse(text, sizeof(text) - 1,
						"p.json", &p, &err)
		   ? -1
		   : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	return 0;
}

static MDB_val
key_val(const struct key *key)
{
	return val(key->data, key->size);
}

static int
by_key(const void *a, const void *b)
{
	return key_order(key_val(a), key_val(b));
}

/* Short ones with any bytes, so that many begin alike; all different. */
static void
make_keys(struct world *w)
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct key *key = &w->keys[i];

		key->size = 3 + random_below(&w->random, 6);
		for (size_t j = 0; j < key->size; j++)
			key->data[j] =
			    (char)(random_below(&w->random, 2) ? 'a' : 0xff);
		key->data[0] = 'k';
		snprintf(key->data + key->size, 8, "%u", i);
		key->size += strlen(key->data + key->size);
		if (i % 100)
			continue;
		/* As long as they may be. */
		memset(key->data + key->size, 'z', KEY_MAX - key->size);
		key->size = KEY_MAX;
	}
	qsort(w->keys, KEYS, sizeof(*w->keys), by_key);
}

static void
open_world(struct world *w, uint64_t seed)
{
	struct err err;

	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	snprintf(path, sizeof(path), "%s/%u", root, paths++);
	check_ok(store_open(path, STORE_THROWAWAY, p, &w->store, &err), &err);
	make_keys(w);
}

static void
small_bounds(struct world *w, size_t entries)
{
	w->store->bounds.table_pages = 2;
	w->store->bounds.range_pages = 1;
	w->store->bounds.entries = entries;
}

static void
reopen(struct world *w)
{
	struct store was = *w->store;
	struct err err;

	store_close(w->store);
	check_ok(store_open(path, STORE_THROWAWAY, p, &w->store, &err), &err);
	w->store->bounds = was.bounds;
}

/* ---- Changing ---- */

static void
make_delta(struct world *w, const struct row_layout *layout, int64_t events,
	   char *row)
{
	struct event event = {0};

	row_init(layout, row);
	while (events-- > 0)
		row_add(layout, row, &event, (struct position){0, w->offset++});
}

static int
change(struct world *w, struct changes *changes, struct key *key)
{
	const struct row_layout *layout = &w->store->layouts[T_KEYS];
	char delta[ROW_MAX], old[ROW_MAX], now[ROW_MAX];
	int64_t more = 1 + (int64_t)random_below(&w->random, 3);
	bool was;
	int rc;

	make_delta(w, layout, more, delta);
	rc = changes_row(changes, key_val(key), delta, old, now, &was);
	if (rc)
		return rc;
	assert_int_equal(was, key->n > 0);
	if (was)
		assert_int_equal(row_value(layout, old, 0).i, key->n);
	key->n += more;
	assert_int_equal(row_value(layout, now, 0).i, key->n);
	return 0;
}

/* Bytes that this process has written, to whatever. */
static size_t
written(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	unsigned long bytes = 0;
	char line[128];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "wchar: %lu", &bytes);
	fclose(file);
	return bytes;
}

/* Each of some keys, as many as in a share of 1 / `part`. */
static int
commit(struct world *w, uint64_t part, unsigned from, unsigned to, bool give_up)
{
	struct changes changes;
	MDB_txn *txn;
	MDB_stat stat;
	size_t rows = 0, bytes = 0;
	int rc;

	for (unsigned i = 0; i < KEYS; i++) {
		struct key *key = &w->keys[i];

		key->was = key->n;
		key->changes =
		    i >= from && i < to && random_below(&w->random, part) == 0;
		rows += key->changes;
		bytes += key->changes * (48 + key->size);
	}
	w->most_pages = ranges_pages(w->store, T_KEYS, rows, bytes);
	assert_int_equal(mdb_txn_begin(w->store->env, NULL, 0, &txn), 0);
	rc = changes_begin(&changes, w->store, txn, T_KEYS, rows);
	if (rc == 0) {
		for (unsigned i = 0; rc == 0 && i < KEYS; i++)
			if (w->keys[i].changes)
				rc = change(w, &changes, &w->keys[i]);
		if (rc == 0)
			rc = changes_end(&changes);
		changes_release(&changes);
	}
	w->pages = 0;
	if (rc || give_up) {
		mdb_txn_abort(txn);
		ranges_forget(w->store, T_KEYS);
		for (unsigned i = 0; i < KEYS; i++)
			w->keys[i].n = w->keys[i].was;
		return rc;
	}
	assert_int_equal(mdb_stat(txn, w->store->tables[T_KEYS], &stat), 0);
	w->pages = written();
	rc = mdb_txn_commit(txn);
	w->pages = (written() - w->pages) / w->store->page_size;
	w->store->leaf_pages[T_KEYS] = stat.ms_leaf_pages;
	return rc;
}

/* ---- Reading ---- */

static void
is_row(struct world *w, const struct key *key, MDB_val k, MDB_val row)
{
	const struct row_layout *layout = &w->store->layouts[T_KEYS];

	assert_int_equal(key_order(k, key_val(key)), 0);
	assert_int_equal(row.mv_size, layout->size);
	assert_int_equal(row_value(layout, row.mv_data, 0).i, key->n);
}

/* From a place on, the next `most` rows. */
static void
check_from(struct world *w, struct row_cursor *cursor, unsigned first,
	   bool exact, unsigned most)
{
	MDB_val from = exact
			   ? key_val(&w->keys[first])
			   : val(w->keys[first].data, w->keys[first].size - 1);
	MDB_val k, row;
	unsigned i = first;
	int rc;

	if (!exact)
		while (i > 0 && key_order(key_val(&w->keys[i - 1]), from) >= 0)
			i--;
	rc = row_cursor_seek(cursor, from, &k, &row);
	while (most-- > 0) {
		while (i < KEYS && w->keys[i].n == 0)
			i++;
		if (i == KEYS) {
			assert_int_equal(rc, MDB_NOTFOUND);
			return;
		}
		assert_int_equal(rc, 0);
		is_row(w, &w->keys[i++], k, row);
		rc = row_cursor_next(cursor, &k, &row);
	}
}

/* Just behind a key, as who goes on from it asks. */
static void
check_behind(struct world *w, struct row_cursor *cursor, unsigned i)
{
	char behind[KEY_MAX + 1];
	MDB_val k, row;
	int rc;

	memcpy(behind, w->keys[i].data, w->keys[i].size);
	behind[w->keys[i].size] = 0;
	rc =
	    row_cursor_seek(cursor, val(behind, w->keys[i].size + 1), &k, &row);
	for (i++; i < KEYS && w->keys[i].n == 0; i++)
		;
	assert_int_equal(rc, i < KEYS ? 0 : MDB_NOTFOUND);
	if (rc == 0)
		is_row(w, &w->keys[i], k, row);
}

static void
check_world(struct world *w)
{
	struct row_cursor cursor;
	MDB_txn *txn;
	MDB_val k, row;
	MDB_stat stat;
	size_t count, keys = 0;
	unsigned i = 0;
	int rc;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	assert_int_equal(row_cursor_open(&cursor, w->store, txn, T_KEYS), 0);
	rc = row_cursor_seek(&cursor, val("", 0), &k, &row);
	for (; rc == 0; rc = row_cursor_next(&cursor, &k, &row)) {
		while (i < KEYS && w->keys[i].n == 0)
			i++;
		assert_true(i < KEYS);
		is_row(w, &w->keys[i++], k, row);
	}
	assert_int_equal(rc, MDB_NOTFOUND);
	for (; i < KEYS; i++)
		assert_int_equal(w->keys[i].n, 0);
	for (i = 0; i < 20; i++)
		check_from(w, &cursor, (unsigned)random_below(&w->random, KEYS),
			   random_below(&w->random, 2),
			   (unsigned)random_below(&w->random, 200));
	for (i = 0; i < KEYS; i += 1 + (unsigned)random_below(&w->random, 99))
		check_behind(w, &cursor, i);
	row_cursor_close(&cursor);
	for (i = 0; i < KEYS; i++) {
		keys += w->keys[i].n > 0;
		if (random_below(&w->random, 5))
			continue;
		rc =
		    row_find(w->store, txn, T_KEYS, key_val(&w->keys[i]), &row);
		assert_int_equal(rc, w->keys[i].n ? 0 : MDB_NOTFOUND);
		if (rc == 0)
			is_row(w, &w->keys[i], key_val(&w->keys[i]), row);
	}
	assert_int_equal(row_count(w->store, txn, T_KEYS, &count), 0);
	assert_int_equal(count, keys);
	/* The tables on both sides have nothing of it. */
	assert_int_equal(row_count(w->store, txn, T_FEW, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(row_count(w->store, txn, T_MORE, &count), 0);
	assert_int_equal(count, 0);
	mdb_stat(txn, w->store->layers_dbi, &stat);
	w->layers_seen += stat.ms_entries > 0;
	mdb_stat(txn, w->store->ranges_dbi, &stat);
	if (w->most_ranges < stat.ms_entries)
		w->most_ranges = (unsigned)stat.ms_entries;
	mdb_txn_abort(txn);
}

/* ---- Tests ---- */

static void
all_ways_to_read_agree(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		open_world(w, seed);
		small_bounds(w, seed % 4 == 0 ? 0 : 100 * seed * seed);
		if (seed % 3 == 0)
			w->store->bounds.range_pages = 20;
		for (unsigned n = 0; n < 60; n++) {
			unsigned from = 0, to = KEYS;

			/* A part of the order, or all of it. */
			if (random_below(&w->random, 3) == 0) {
				from = (unsigned)random_below(&w->random, KEYS);
				to = from + (unsigned)random_below(&w->random,
								   KEYS / 4);
			}
			assert_int_equal(
			    commit(w, 1 + random_below(&w->random, 80), from,
				   to, random_below(&w->random, 8) == 0),
			    0);
			check_world(w);
			/* Inner pages, and those that say which are free. */
			assert_true(w->pages <= w->most_pages + 16);
			if (random_below(&w->random, 10) == 0)
				reopen(w);
			if (random_below(&w->random, 10) == 0)
				w->store->bounds.entries =
				    random_below(&w->random, 10000);
		}
		assert_true(w->most_ranges > 2);
		assert_true(seed % 4 == 0 || w->layers_seen > 10);
		store_close(w->store);
	}
	free(w);
}

static size_t
layers_of(struct world *w)
{
	MDB_stat stat;
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	mdb_stat(txn, w->store->layers_dbi, &stat);
	mdb_txn_abort(txn);
	return stat.ms_entries;
}

static void
no_more_wait_than_may(void **state)
{
	struct world *w = malloc(sizeof(*w));
	uint64_t most = 0;

	(void)state;
	open_world(w, 5);
	small_bounds(w, 80);
	assert_int_equal(commit(w, 1, 0, KEYS, false), 0);
	for (unsigned n = 0; n < 100; n++) {
		uint64_t entries = 0;
		struct range_record range;
		MDB_cursor *cursor;
		MDB_txn *txn;
		MDB_val k, v;

		assert_int_equal(commit(w, 200, 0, KEYS, false), 0);
		assert_int_equal(
		    mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn), 0);
		assert_int_equal(
		    mdb_cursor_open(txn, w->store->ranges_dbi, &cursor), 0);
		while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
			assert_int_equal(range_decode(v, &range), 0);
			entries += range.entries;
		}
		mdb_cursor_close(cursor);
		mdb_txn_abort(txn);
		assert_true(entries <= 80);
		most = entries > most ? entries : most;
	}
	assert_true(most > 40);
	check_world(w);
	store_close(w->store);
	free(w);
}

/* One key at a time: neither layers without end, nor a page for each. */
static void
few_at_a_time(void **state)
{
	struct world *w = malloc(sizeof(*w));
	size_t most = 0;

	(void)state;
	open_world(w, 6);
	small_bounds(w, 100000);
	w->store->bounds.range_pages = 1000;
	assert_int_equal(commit(w, 1, 0, KEYS, false), 0);
	for (unsigned n = 0; n < 600; n++) {
		unsigned i = (unsigned)random_below(&w->random, 5);
		size_t layers;

		assert_int_equal(commit(w, 1, i, i + 1, false), 0);
		layers = layers_of(w);
		if (most < layers)
			most = layers;
	}
	check_world(w);
	assert_true(most > 100);
	assert_true(most <= RANGE_LAYERS / 2);
	store_close(w->store);
	free(w);
}

static int
by_tag(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Two keys that the index cannot tell apart without a look at their bytes. */
static void
keys_of_one_tag(void **state)
{
	struct world *w = malloc(sizeof(*w));
	uint64_t *tags = malloc(MANY * sizeof(*tags));
	unsigned found = 0;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		char key[16];
		size_t size = (size_t)snprintf(key, sizeof(key), "k%u", i);

		tags[i] = (hash64(key, size) >> 32 << 32) | i;
	}
	qsort(tags, MANY, sizeof(*tags), by_tag);
	open_world(w, 8);
	small_bounds(w, 100000);
	for (size_t i = 1; i < MANY && found < KEYS; i++) {
		if (tags[i] >> 32 != tags[i - 1] >> 32)
			continue;
		for (size_t of = i - 1; of <= i && found < KEYS; of++) {
			struct key *key = &w->keys[found++];

			key->size = (size_t)snprintf(key->data, 16, "k%u",
						     (uint32_t)tags[of]);
		}
	}
	assert_true(found > 10);
	qsort(w->keys, KEYS, sizeof(*w->keys), by_key);
	assert_int_equal(commit(w, 1, 0, KEYS, false), 0);
	for (unsigned n = 0; n < 20; n++) {
		assert_int_equal(commit(w, 2, 0, KEYS, false), 0);
		check_world(w);
	}
	store_close(w->store);
	free(tags);
	free(w);
}

static void
small_tables_have_none(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	open_world(w, 7);
	store_set_memory(w->store, 16 << 20);
	for (unsigned n = 0; n < 20; n++)
		assert_int_equal(commit(w, 4, 0, KEYS, false), 0);
	check_world(w);
	assert_int_equal(w->most_ranges, 0);
	assert_int_equal(w->layers_seen, 0);
	/* With other bounds it is large, and then again small: it stays so. */
	small_bounds(w, 1000);
	assert_int_equal(commit(w, 40, 0, KEYS, false), 0);
	check_world(w);
	assert_true(w->most_ranges > 3);
	w->store->bounds.table_pages = 1000000;
	assert_int_equal(commit(w, 40, 0, KEYS, false), 0);
	reopen(w);
	assert_int_equal(commit(w, 40, 0, KEYS, false), 0);
	check_world(w);
	store_close(w->store);
	free(w);
}

/* A few bytes of one record of a database become others. */
static void
damage(struct world *w, MDB_dbi dbi)
{
	char key[RANGE_KEY_MAX + LAYER_KEY], data[65536];
	MDB_cursor *cursor;
	MDB_stat stat;
	MDB_txn *txn;
	MDB_val k, v;
	uint64_t skip;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, 0, &txn), 0);
	mdb_stat(txn, dbi, &stat);
	assert_true(stat.ms_entries > 0);
	skip = random_below(&w->random, stat.ms_entries);
	assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
	do
		assert_int_equal(mdb_cursor_get(cursor, &k, &v, MDB_NEXT), 0);
	while (skip-- > 0);
	assert_true(k.mv_size <= sizeof(key) && v.mv_size <= sizeof(data));
	memcpy(key, k.mv_data, k.mv_size);
	memcpy(data, v.mv_data, v.mv_size);
	mdb_cursor_close(cursor);
	k.mv_data = key;
	v.mv_data = data;
	if (random_below(&w->random, 8) == 0)
		v.mv_size = random_below(&w->random, v.mv_size);
	for (unsigned i = 0; v.mv_size && i < 3; i++)
		data[random_below(&w->random, v.mv_size)] ^=
		    (char)(1 << random_below(&w->random, 8));
	if (random_below(&w->random, 8) == 0) {
		assert_int_equal(mdb_del(txn, dbi, &k, NULL), 0);
		key[random_below(&w->random, k.mv_size)] ^= 1;
	}
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

/* Whatever is stored: a code, or rows; never beyond its bytes, or for ever. */
static void
read_anything(struct world *w)
{
	struct row_cursor cursor;
	unsigned long rows = 0;
	MDB_txn *txn;
	MDB_val k, row;
	size_t count;
	int rc;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	rc = row_cursor_open(&cursor, w->store, txn, T_KEYS);
	if (rc == 0) {
		rc = row_cursor_seek(&cursor, val("", 0), &k, &row);
		for (; rc == 0; rc = row_cursor_next(&cursor, &k, &row)) {
			char copy[KEY_MAX + ROW_MAX];

			assert_true(k.mv_size <= KEY_MAX);
			memcpy(copy, k.mv_data, k.mv_size);
			memcpy(copy, row.mv_data, row.mv_size);
			assert_true(++rows < 1000000);
		}
		row_cursor_close(&cursor);
	}
	for (unsigned i = 0; i < KEYS; i += 7)
		row_find(w->store, txn, T_KEYS, key_val(&w->keys[i]), &row);
	row_count(w->store, txn, T_KEYS, &count);
	mdb_txn_abort(txn);
}

/* As commit(), without a look at what rows say. */
static void
change_anything(struct world *w)
{
	const struct row_layout *layout = &w->store->layouts[T_KEYS];
	struct changes changes;
	MDB_txn *txn;
	int rc;

	ranges_forget(w->store, T_KEYS);
	assert_int_equal(mdb_txn_begin(w->store->env, NULL, 0, &txn), 0);
	rc = changes_begin(&changes, w->store, txn, T_KEYS, KEYS / 2);
	if (rc == 0) {
		for (unsigned i = 0; rc == 0 && i < KEYS; i += 2) {
			char delta[ROW_MAX], old[ROW_MAX], now[ROW_MAX];
			bool was;

			make_delta(w, layout, 1, delta);
			rc = changes_row(&changes, key_val(&w->keys[i]), delta,
					 old, now, &was);
		}
		if (rc == 0)
			rc = changes_end(&changes);
		changes_release(&changes);
	}
	mdb_txn_abort(txn);
	ranges_forget(w->store, T_KEYS);
}

/* The record of some key becomes another one. */
static void
overwrite(struct world *w, MDB_dbi dbi, MDB_val k, const void *data,
	  size_t size)
{
	MDB_val v = val(data, size);
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	ranges_forget(w->store, T_KEYS);
}

static int
scan(struct world *w)
{
	struct row_cursor cursor;
	MDB_txn *txn;
	MDB_val k, row;
	int rc;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	rc = row_cursor_open(&cursor, w->store, txn, T_KEYS);
	if (rc == 0) {
		rc = row_cursor_seek(&cursor, val("", 0), &k, &row);
		while (rc == 0)
			rc = row_cursor_next(&cursor, &k, &row);
		row_cursor_close(&cursor);
	}
	mdb_txn_abort(txn);
	return rc;
}

/* What would be other rows, and not just none. */
static void
damage_that_is_found(void **state)
{
	struct world *w = malloc(sizeof(*w));
	char first[RANGE_KEY_MAX], second[RANGE_KEY_MAX];
	struct range_record one, two, other;
	char data[RANGE_SIZE];
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val a, b, v;

	(void)state;
	open_world(w, 9);
	small_bounds(w, 100000);
	for (unsigned n = 0; n < 6; n++)
		assert_int_equal(commit(w, n ? 30 : 2, 0, KEYS, false), 0);
	assert_int_equal(scan(w), MDB_NOTFOUND);
	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	assert_int_equal(mdb_cursor_open(txn, w->store->ranges_dbi, &cursor),
			 0);
	assert_int_equal(mdb_cursor_get(cursor, &a, &v, MDB_FIRST), 0);
	assert_int_equal(range_decode(v, &one), 0);
	assert_int_equal(mdb_cursor_get(cursor, &b, &v, MDB_NEXT), 0);
	assert_int_equal(range_decode(v, &two), 0);
	memcpy(first, a.mv_data, a.mv_size);
	memcpy(second, b.mv_data, b.mv_size);
	a.mv_data = first;
	b.mv_data = second;
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	assert_true(two.layers > 1);

	/* More layers than there should be, and fewer. */
	for (int by = -1; by <= 1; by += 2) {
		other = two;
		other.layers += (uint32_t)by;
		range_encode(&other, data);
		overwrite(w, w->store->ranges_dbi, b, data, sizeof(data));
		assert_int_equal(scan(w), MDB_CORRUPTED);
		assert_int_equal(commit(w, 1, 0, KEYS, false), MDB_CORRUPTED);
	}
	range_encode(&two, data);
	overwrite(w, w->store->ranges_dbi, b, data, sizeof(data));
	check_world(w);
	assert_int_equal(commit(w, 40, 0, KEYS, false), 0);
	/* Two ranges of one number, which nothing else tells. */
	w->store->bounds.entries = 0;
	while (layers_of(w))
		assert_int_equal(commit(w, 3, 0, KEYS, false), 0);
	one = (struct range_record){.id = 1};
	range_encode(&one, data);
	overwrite(w, w->store->ranges_dbi, a, data, sizeof(data));
	overwrite(w, w->store->ranges_dbi, b, data, sizeof(data));
	assert_int_equal(commit(w, 40, 0, KEYS, false), MDB_CORRUPTED);
	/* The first range is gone. */
	assert_int_equal(mdb_txn_begin(w->store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_del(txn, w->store->ranges_dbi, &a, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	ranges_forget(w->store, T_KEYS);
	assert_int_equal(scan(w), MDB_CORRUPTED);
	assert_int_equal(commit(w, 1, 0, KEYS, false), MDB_CORRUPTED);
	store_close(w->store);
	free(w);
}

static void
damage_is_no_crash(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		open_world(w, seed);
		small_bounds(w, 5000);
		for (unsigned n = 0; n < 8; n++)
			assert_int_equal(commit(w, n ? 30 : 2, 0, KEYS, false),
					 0);
		for (unsigned n = 0; n < 4; n++) {
			damage(w, random_below(&w->random, 2)
				      ? w->store->layers_dbi
				      : w->store->ranges_dbi);
			read_anything(w);
			change_anything(w);
		}
		store_close(w->store);
	}
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_ways_to_read_agree),
	    cmocka_unit_test(no_more_wait_than_may),
	    cmocka_unit_test(few_at_a_time),
	    cmocka_unit_test(keys_of_one_tag),
	    cmocka_unit_test(small_tables_have_none),
	    cmocka_unit_test(damage_that_is_found),
	    cmocka_unit_test(damage_is_no_crash),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
