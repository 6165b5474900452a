/*
 * Changing rows of a table, in key order, within a commit.
 *
 * Of a table that has ranges, the rows that a commit changes in one of them are
 * gathered; then they become a layer, or, where there are enough of them for
 * each page, they go into the tree with all layers of the range. A commit moves
 * about twice as many rows into trees as it brings, so that none takes long.
 *
 * Whether a key is in a layer, an index in memory knows: it is made from the
 * layers when a key of the range is changed, and forgotten when a commit fails.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "store/rows-door.h"

/* Rows that make a page worth writing. */
#define ROWS_A_PAGE 8
/* So many layers of a range become one, at RANGE_LAYERS in any case. */
#define LAYERS_MANY (RANGE_LAYERS / 2)
/* A layer has no more, and one row. */
#define LAYER_BYTES ((size_t)1 << 20)
#define SLOTS_LEAST 16

/* Of a key that is in a layer: where it is in the newest one. */
struct slot {
	uint32_t tag;   /* of the key's hash */
	uint32_t entry; /* counted over the range's layers, + 1; 0: empty */
};

struct range {
	struct range_record record;
	char *low;
	size_t low_size;
	bool changed; /* its record is to be written */
	bool indexed;
	uint32_t *bases; /* the first entry of each layer */
	size_t bases_capacity;
	struct slot *slots;
	size_t slots_len, slots_used; /* a power of two, or 0 */
};

struct ranges {
	struct range *all; /* in key order */
	size_t len, capacity;
	uint32_t next_id;
	uint64_t entries;
	size_t bytes; /* of all indexes */
};

/* ---- What is known of a range ---- */

static void
index_clear(struct ranges *ranges, struct range *range)
{
	ranges->bytes -= range->slots_len * sizeof(*range->slots);
	free(range->slots);
	free(range->bases);
	range->slots = NULL;
	range->bases = NULL;
	range->slots_len = range->slots_used = range->bases_capacity = 0;
	range->indexed = false;
}

void
ranges_forget(struct store *store, unsigned table)
{
	struct ranges *ranges = store->ranges[table];

	if (!ranges)
		return;
	for (size_t i = 0; i < ranges->len; i++) {
		index_clear(ranges, &ranges->all[i]);
		free(ranges->all[i].low);
	}
	free(ranges->all);
	free(ranges);
	store->ranges[table] = NULL;
}

size_t
ranges_bytes(const struct store *store, unsigned table)
{
	return store->ranges[table] ? store->ranges[table]->bytes : 0;
}

/* Rows in layers that a table may have: the tables that have any share. */
static double
entries_max(const struct store *store)
{
	unsigned tables = 0;

	for (unsigned i = 0; i < store->pipeline->tables_len; i++)
		tables += store->ranged[i];
	return (double)store->bounds.entries / (tables ? tables : 1);
}

/* How many rows go into the tree for each of its pages that they change. */
static double
density_least(const struct store *store, unsigned table)
{
	double density =
	    entries_max(store) / (double)(store->leaf_pages[table] + 1);

	return density < 1 ? 1 : density > ROWS_A_PAGE ? ROWS_A_PAGE : density;
}

/* Rows that a commit of so many may move, before the last range of them. */
static size_t
room_for(const struct store *store, unsigned table, size_t rows)
{
	return (density_least(store, table) < 2 ? rows : 2 * rows) +
	       store->bounds.range_pages;
}

size_t
ranges_pages(const struct store *store, unsigned table, size_t rows,
	     size_t bytes)
{
	size_t there = store->leaf_pages[table], added, moved, ranges;

	/* As if all were new, and pages half full. */
	added = bytes * 2 / store->page_size;
	if (!store->ranged[table] || rows == 0)
		return (rows < there ? rows : there) + added;
	moved = (size_t)((double)room_for(store, table, rows) /
			 density_least(store, table));
	if (moved > there)
		moved = there;
	/* Each layer begins on a page of its own. */
	ranges = there / store->bounds.range_pages + 1;
	return moved + 2 * store->bounds.range_pages + 2 * added +
	       (rows < ranges ? rows : ranges);
}

static struct range *
insert_range(struct ranges *ranges, size_t at, uint32_t id, const void *low,
	     size_t low_size)
{
	struct range *range;

	if (ranges->len == ranges->capacity) {
		ranges->capacity = ranges->capacity ? 2 * ranges->capacity : 16;
		ranges->all = xrealloc(ranges->all,
				       ranges->capacity * sizeof(*ranges->all));
	}
	range = &ranges->all[at];
	memmove(range + 1, range, (ranges->len - at) * sizeof(*range));
	ranges->len++;
	*range = (struct range){.record.id = id, .low_size = low_size};
	range->low = xmalloc(low_size + 1);
	memcpy(range->low, low, low_size);
	if (ranges->next_id <= id)
		ranges->next_id = id + 1;
	return range;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Two of the same number would write each other's layers. */
static int
check_ids(const struct ranges *ranges)
{
	uint32_t *ids = xcalloc(ranges->len + 1, sizeof(*ids));
	int rc = 0;

	for (size_t i = 0; i < ranges->len; i++)
		ids[i] = ranges->all[i].record.id;
	qsort(ids, ranges->len, sizeof(*ids), by_number);
	for (size_t i = 1; i < ranges->len; i++)
		if (ids[i] == ids[i - 1])
			rc = MDB_CORRUPTED;
	free(ids);
	return rc;
}

/* Reads the ranges of a table. */
static int
ranges_load(struct changes *changes)
{
	struct ranges *ranges = changes->ranges;
	char bound = (char)changes->table;
	MDB_val k = val(&bound, 1), v;
	MDB_cursor *cursor;
	size_t most;
	int rc;

	rc = store_entries(changes->store, changes->txn,
			   changes->store->ranges_dbi, RANGE_SIZE, &most);
	if (rc == 0)
		rc = mdb_cursor_open(changes->txn, changes->store->ranges_dbi,
				     &cursor);
	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *key = k.mv_data;
		struct range *range;

		if (k.mv_size < 1 || k.mv_size > RANGE_KEY_MAX ||
		    key[0] != bound)
			break;
		if (ranges->len == most ||
		    (ranges->len == 0 && k.mv_size > 1)) {
			rc = MDB_CORRUPTED;
			break;
		}
		range = insert_range(ranges, ranges->len, 0, key + 1,
				     k.mv_size - 1);
		rc = range_decode(v, &range->record);
		if (rc)
			break;
		if (ranges->next_id <= range->record.id)
			ranges->next_id = range->record.id + 1;
		ranges->entries += range->record.entries;
	}
	mdb_cursor_close(cursor);
	return rc && rc != MDB_NOTFOUND ? rc : check_ids(ranges);
}

static bool
lies_before(const struct range *range, MDB_val key)
{
	return key_order(val(range->low, range->low_size), key) <= 0;
}

/*
 * Cuts the rows that the tree has from range `at` on, up to the next one, into
 * as many as they need. The range has no layers.
 */
static int
cut(struct changes *changes, size_t at)
{
	struct ranges *ranges = changes->ranges;
	const struct store *store = changes->store;
	uint64_t rows = (uint64_t)((double)store->bounds.range_pages *
				   changes->rows_per_page);
	struct range *range = &ranges->all[at];
	bool last = at + 1 == ranges->len;
	MDB_val k = val(range->low, range->low_size), v;
	int rc;

	if (rows < 2)
		rows = 2;
	range->record.tree_rows = 0;
	range->changed = true;
	rc = mdb_cursor_get(changes->tree, &k, &v,
			    k.mv_size ? MDB_SET_RANGE : MDB_FIRST);
	for (; rc == 0; rc = mdb_cursor_get(changes->tree, &k, &v, MDB_NEXT)) {
		if (!last && lies_before(&ranges->all[at + 1], k))
			break;
		if (k.mv_size > KEY_MAX || !lies_before(range, k))
			return MDB_CORRUPTED;
		if (ranges->next_id == UINT32_MAX)
			return MDB_CORRUPTED;
		if (range->record.tree_rows == rows) {
			range = insert_range(ranges, ++at, ranges->next_id,
					     k.mv_data, k.mv_size);
			range->changed = true;
		}
		range->record.tree_rows++;
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- The index ---- */

/* A layer of the range that is worked on. */
static int
open_layer(struct changes *changes, const struct range *range, uint32_t number,
	   struct layer **layer)
{
	*layer = &changes->layers[number];
	if (!(*layer)->data) {
		char key[LAYER_KEY];
		MDB_val k = val(key, sizeof(key)), v;
		int rc;

		layer_key(key, changes->table, range->record.id, number);
		rc = mdb_get(changes->txn, changes->store->layers_dbi, &k, &v);
		if (rc == MDB_NOTFOUND)
			rc = MDB_CORRUPTED;
		if (rc == 0)
			rc = layer_open(
			    *layer, v,
			    changes->store->layouts[changes->table].size);
		return rc;
	}
	return 0;
}

/* The layer that an entry is in: the last one that begins before it. */
static uint32_t
layer_of(const struct range *range, uint32_t entry)
{
	uint32_t low = 0, high = range->record.layers + 1;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (range->bases[middle] <= entry)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* An entry's key and row, be it in a layer or of this commit. */
static int
get_entry(struct changes *changes, const struct range *range, uint32_t entry,
	  MDB_val *key, MDB_val *row)
{
	uint32_t number = layer_of(range, entry);
	struct layer *layer;
	int rc;

	entry -= range->bases[number];
	if (number == range->record.layers) {
		layer_added(&changes->fresh, entry,
			    changes->store->layouts[changes->table].size, key,
			    row);
		return 0;
	}
	rc = open_layer(changes, range, number, &layer);
	if (rc == 0 && entry >= layer->rows)
		rc = MDB_CORRUPTED;
	return rc ? rc : layer_row(layer, entry, key, row);
}

static void
size_index(struct ranges *ranges, struct range *range, size_t len)
{
	struct slot *slots = xcalloc(len, sizeof(*slots));

	for (size_t i = 0; i < range->slots_len; i++) {
		size_t at = range->slots[i].tag & (len - 1);

		if (!range->slots[i].entry)
			continue;
		while (slots[at].entry)
			at = (at + 1) & (len - 1);
		slots[at] = range->slots[i];
	}
	ranges->bytes += (len - range->slots_len) * sizeof(*slots);
	free(range->slots);
	range->slots = slots;
	range->slots_len = len;
}

/* The slot of a key, and its row; an empty one, if no layer has the key. */
static int
find_slot(struct changes *changes, struct range *range, MDB_val key,
	  struct slot **slot, MDB_val *row)
{
	uint32_t tag = (uint32_t)(hash64(key.mv_data, key.mv_size) >> 32);
	size_t mask, at;

	if (range->slots_used * 4 >= range->slots_len * 3)
		size_index(changes->ranges, range,
			   range->slots_len ? 2 * range->slots_len
					    : SLOTS_LEAST);
	mask = range->slots_len - 1;
	for (at = tag & mask; range->slots[at].entry; at = (at + 1) & mask) {
		MDB_val its;
		int rc;

		if (range->slots[at].tag != tag)
			continue;
		rc = get_entry(changes, range, range->slots[at].entry - 1, &its,
			       row);
		if (rc)
			return rc;
		if (key_order(its, key) == 0)
			break;
	}
	*slot = &range->slots[at];
	(*slot)->tag = tag;
	return 0;
}

/* The newest entry of a key, from now on. */
static void
set_slot(struct range *range, struct slot *slot, uint32_t entry)
{
	if (!slot->entry)
		range->slots_used++;
	slot->entry = entry + 1;
}

/* Where the layer begins that comes next; the one behind it is nowhere yet. */
static void
add_base(struct range *range)
{
	size_t need = (size_t)range->record.layers + 2;

	if (need > range->bases_capacity) {
		range->bases_capacity = 2 * need;
		range->bases =
		    xrealloc(range->bases,
			     range->bases_capacity * sizeof(*range->bases));
	}
	range->bases[range->record.layers] = (uint32_t)range->record.entries;
	range->bases[range->record.layers + 1] = UINT32_MAX;
}

/* Before memory is asked for: whether the layers have as many as they should.
 */
static int
count_entries(struct changes *changes, const struct range *range)
{
	uint64_t entries = 0;

	for (uint32_t i = 0; i < range->record.layers; i++) {
		struct layer *layer;
		int rc = open_layer(changes, range, i, &layer);

		if (rc)
			return rc;
		entries += layer->rows;
	}
	return entries == range->record.entries ? 0 : MDB_CORRUPTED;
}

static int
make_index(struct changes *changes, struct range *range)
{
	struct range_record record = range->record;
	size_t len = SLOTS_LEAST;
	int rc = count_entries(changes, range);

	if (rc)
		return rc;
	while (len * 3 < record.entries * 4)
		len *= 2;
	size_index(changes->ranges, range, len);
	/* As if its layers came one after the other. */
	range->record.entries = range->record.layers = 0;
	for (uint32_t i = 0; rc == 0 && i < record.layers; i++) {
		struct layer *layer = &changes->layers[i];

		add_base(range);
		range->record.layers = i + 1;
		for (uint32_t at = 0; rc == 0 && at < layer->rows; at++) {
			MDB_val key, row;
			struct slot *slot;

			rc = layer_row(layer, at, &key, &row);
			if (rc == 0)
				rc =
				    find_slot(changes, range, key, &slot, &row);
			if (rc == 0)
				set_slot(range, slot,
					 (uint32_t)range->record.entries + at);
		}
		range->record.entries += layer->rows;
	}
	range->record = record;
	add_base(range);
	range->indexed = rc == 0;
	return rc;
}

/* ---- Into layers, and into the tree ---- */

static void
enter(struct changes *changes, size_t at)
{
	size_t layers = (size_t)changes->ranges->all[at].record.layers + 1;

	changes->at = at;
	if (layers > changes->layers_capacity) {
		changes->layers_capacity = 2 * layers;
		changes->layers =
		    xrealloc(changes->layers, changes->layers_capacity *
						  sizeof(*changes->layers));
	}
	memset(changes->layers, 0, layers * sizeof(*changes->layers));
}

/* All rows in layers of the range, each key once, and those of this commit. */
static int
gather(struct changes *changes)
{
	const struct range *range = &changes->ranges->all[changes->at];
	bool last = changes->at + 1 == changes->ranges->len;
	size_t row_size = changes->store->layouts[changes->table].size;
	struct layer *layer, fresh;
	MDB_val key, row;
	int rc = 0;

	changes->heap.len = 0;
	for (uint32_t i = 0; rc == 0 && i < range->record.layers; i++) {
		rc = open_layer(changes, range, i, &layer);
		if (rc == 0)
			rc = layer_push(&changes->heap, layer, i, val("", 0));
	}
	if (rc == 0 && changes->fresh.len) {
		rc = layer_open(&fresh, layer_made(&changes->fresh), row_size);
		if (rc == 0)
			rc = layer_push(&changes->heap, &fresh,
					range->record.layers, val("", 0));
	}
	layer_clear(&changes->moving);
	while (rc == 0 && (rc = layer_pop(&changes->heap, &key, &row)) == 0) {
		if (!lies_before(range, key) ||
		    (!last && lies_before(range + 1, key)))
			return MDB_CORRUPTED;
		layer_add(&changes->moving, key, row.mv_data, row_size);
	}
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The range has no layers any more: what was in them has been gathered. */
static int
drop_layers(struct changes *changes)
{
	struct range *range = &changes->ranges->all[changes->at];

	for (uint32_t i = 0; i < range->record.layers; i++) {
		char name[LAYER_KEY];
		MDB_val k = val(name, sizeof(name));
		int rc;

		layer_key(name, changes->table, range->record.id, i);
		rc =
		    mdb_del(changes->txn, changes->store->layers_dbi, &k, NULL);
		if (rc)
			return rc;
	}
	changes->moved += changes->moving.len;
	changes->ranges->entries -= range->record.entries;
	range->record.entries = range->record.layers = 0;
	range->changed = true;
	index_clear(changes->ranges, range);
	layer_clear(&changes->fresh);
	return 0;
}

static int
write_layer(struct changes *changes, struct layer_maker *rows)
{
	struct range *range = &changes->ranges->all[changes->at];
	char name[LAYER_KEY];
	MDB_val k = val(name, sizeof(name)), v = layer_made(rows);
	int rc;

	layer_key(name, changes->table, range->record.id, range->record.layers);
	rc = mdb_put(changes->txn, changes->store->layers_dbi, &k, &v, 0);
	if (rc)
		return rc;
	range->record.layers++;
	range->record.entries += rows->len;
	changes->ranges->entries += rows->len;
	range->changed = true;
	if (range->indexed)
		add_base(range);
	layer_clear(rows);
	return 0;
}

/* The layers of a range, and what this commit has changed, become one. */
static int
unite(struct changes *changes)
{
	int rc = gather(changes);

	if (rc == 0)
		rc = drop_layers(changes);
	return rc ? rc : write_layer(changes, &changes->moving);
}

/* All of it goes into the tree. */
static int
move(struct changes *changes)
{
	struct range *range = &changes->ranges->all[changes->at];
	size_t row_size = changes->store->layouts[changes->table].size;
	int rc = gather(changes);

	/* Writing moves what LMDB has given; so all was gathered before. */
	for (uint32_t i = 0; rc == 0 && i < changes->moving.len; i++) {
		MDB_val key, row;

		layer_added(&changes->moving, i, row_size, &key, &row);
		rc = mdb_cursor_put(changes->tree, &key, &row, 0);
	}
	if (rc == 0)
		rc = drop_layers(changes);
	if (rc)
		return rc;
	range->record.tree_rows += range->record.new_keys;
	range->record.new_keys = 0;
	if ((double)range->record.tree_rows >
	    2 * changes->rows_per_page *
		(double)changes->store->bounds.range_pages)
		return cut(changes, changes->at);
	return 0;
}

/* How many rows there are for each page of the range. */
static double
density(const struct changes *changes, const struct range *range, size_t more)
{
	double pages = (double)range->record.tree_rows / changes->rows_per_page;

	return (double)(range->record.entries + more) / (pages < 1 ? 1 : pages);
}

/* What this commit has changed in the range that it is at, as yet. */
static int
finish(struct changes *changes)
{
	struct range *range = &changes->ranges->all[changes->at];
	bool room = changes->moved < changes->room;
	uint32_t layers = range->record.layers + 1;

	if (changes->fresh.len == 0)
		return 0;
	if (room && density(changes, range, changes->fresh.len) >= ROWS_A_PAGE)
		return move(changes);
	if (layers == RANGE_LAYERS || (room && layers >= LAYERS_MANY))
		return unite(changes);
	return write_layer(changes, &changes->fresh);
}

struct candidate {
	double weight;
	size_t at;
};

static int
by_weight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->weight > y->weight ? -1 : x->weight < y->weight;
}

/* Cutting one moves those behind it. */
static int
from_behind(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->at > y->at ? -1 : x->at < y->at;
}

/* The ranges that should move, or be united, as far as there is room. */
static size_t
choose(const struct changes *changes, bool must, struct candidate *chosen)
{
	const struct ranges *ranges = changes->ranges;
	size_t len = 0, taken = 0, rows = changes->moved;

	for (size_t i = 0; i < ranges->len; i++) {
		const struct range *range = &ranges->all[i];
		double weight = density(changes, range, 0) / ROWS_A_PAGE;
		double layers = (double)range->record.layers / LAYERS_MANY;

		if (!must && weight < layers)
			weight = layers;
		if (range->record.entries && (must || weight >= 1))
			chosen[len++] = (struct candidate){weight, i};
	}
	qsort(chosen, len, sizeof(*chosen), by_weight);
	for (; taken < len && rows < changes->room; taken++)
		rows += ranges->all[chosen[taken].at].record.entries;
	qsort(chosen, taken, sizeof(*chosen), from_behind);
	return taken;
}

/* Of the ranges that nothing came to, or not enough by itself. */
static int
move_others(struct changes *changes)
{
	struct ranges *ranges = changes->ranges;
	bool must = (double)ranges->entries > entries_max(changes->store);
	struct candidate *chosen;
	size_t len;
	int rc = 0;

	if (changes->moved >= changes->room || ranges->entries == 0)
		return 0;
	chosen = xcalloc(ranges->len, sizeof(*chosen));
	len = choose(changes, must, chosen);
	for (size_t i = 0; rc == 0 && i < len; i++) {
		const struct range *range = &ranges->all[chosen[i].at];

		enter(changes, chosen[i].at);
		rc = must || density(changes, range, 0) >= ROWS_A_PAGE
			 ? move(changes)
			 : unite(changes);
	}
	free(chosen);
	return rc;
}

static int
write_records(struct changes *changes)
{
	struct ranges *ranges = changes->ranges;

	for (size_t i = 0; i < ranges->len; i++) {
		struct range *range = &ranges->all[i];
		char key[RANGE_KEY_MAX], data[RANGE_SIZE];
		MDB_val k = val(key, 1 + range->low_size);
		MDB_val v = val(data, sizeof(data));
		int rc;

		if (!range->changed)
			continue;
		key[0] = (char)changes->table;
		memcpy(key + 1, range->low, range->low_size);
		range_encode(&range->record, data);
		rc = mdb_put(changes->txn, changes->store->ranges_dbi, &k, &v,
			     0);
		if (rc)
			return rc;
		range->changed = false;
	}
	return 0;
}

/* ---- Changes ---- */

/* Once a table is large, its keys are cut into ranges. */
static int
begin_ranges(struct changes *changes, size_t rows)
{
	struct store *store = changes->store;
	struct ranges *ranges = store->ranges[changes->table];
	MDB_stat stat;
	int rc;

	rc = mdb_stat(changes->txn, store->tables[changes->table], &stat);
	if (rc)
		return rc;
	changes->rows_per_page =
	    stat.ms_leaf_pages
		? (double)stat.ms_entries / (double)stat.ms_leaf_pages
		: 1;
	changes->ranges = ranges;
	if (!ranges) {
		ranges = store->ranges[changes->table] =
		    xcalloc(1, sizeof(*ranges));
		changes->ranges = ranges;
		rc = ranges_load(changes);
	}
	if (rc == 0 && ranges->len == 0 &&
	    stat.ms_leaf_pages >= store->bounds.table_pages) {
		insert_range(ranges, 0, 0, "", 0);
		rc = cut(changes, 0);
	}
	if (rc)
		return rc;
	if (ranges->len == 0) {
		changes->ranges = NULL;
		return 0;
	}
	store->ranged[changes->table] = true;
	changes->room = room_for(store, changes->table, rows);
	enter(changes, 0);
	return 0;
}

int
changes_begin(struct changes *changes, struct store *store, MDB_txn *txn,
	      unsigned table, size_t rows)
{
	int rc;

	*changes = (struct changes){.store = store, .txn = txn, .table = table};
	rc = mdb_cursor_open(txn, store->tables[table], &changes->tree);
	if (rc || rows == 0 || store->pipeline->tables[table].window_ms)
		return rc;
	rc = begin_ranges(changes, rows);
	if (rc)
		changes_release(changes);
	return rc;
}

/*
 * Merges one row in the tree. The cursor ends on it, which makes the next, near
 * key cheap.
 */
static int
merge_in_tree(struct changes *changes, MDB_val key, const void *delta,
	      char *old, char *now, bool *was)
{
	const struct row_layout *layout =
	    &changes->store->layouts[changes->table];
	MDB_val v = val(delta, layout->size);
	int rc;

	/* One search does both: a row that is there is not overwritten. */
	rc = mdb_cursor_put(changes->tree, &key, &v, MDB_NOOVERWRITE);
	*was = rc == MDB_KEYEXIST;
	if (!*was) {
		memcpy(now, delta, layout->size);
		return rc;
	}
	if (v.mv_size != layout->size)
		return MDB_CORRUPTED;
	memcpy(old, v.mv_data, layout->size);
	memcpy(now, old, layout->size);
	row_merge(layout, now, delta);
	v = val(now, layout->size);
	return mdb_cursor_put(changes->tree, &key, &v, MDB_CURRENT);
}

/* The range that a key is in; what was changed in the one before is written. */
static int
come_to(struct changes *changes, MDB_val key)
{
	const struct ranges *ranges = changes->ranges;
	size_t low = changes->at, high = ranges->len;
	int rc;

	if ((low + 1 == high || !lies_before(&ranges->all[low + 1], key)) &&
	    changes->fresh.rows.size < LAYER_BYTES)
		return 0;
	rc = finish(changes);
	if (rc)
		return rc;
	for (high = ranges->len; high - low > 1;) {
		size_t middle = low + (high - low) / 2;

		if (lies_before(&ranges->all[middle], key))
			low = middle;
		else
			high = middle;
	}
	enter(changes, low);
	return 0;
}

int
changes_row(struct changes *changes, MDB_val key, const void *delta, char *old,
	    char *now, bool *was)
{
	const struct row_layout *layout =
	    &changes->store->layouts[changes->table];
	struct ranges *ranges = changes->ranges;
	struct range *range;
	struct slot *slot;
	MDB_val row;
	int rc;

	if (!ranges)
		return merge_in_tree(changes, key, delta, old, now, was);
	rc = come_to(changes, key);
	if (rc)
		return rc;
	range = &ranges->all[changes->at];
	if (!range->indexed)
		rc = make_index(changes, range);
	if (rc == 0)
		rc = find_slot(changes, range, key, &slot, &row);
	if (rc)
		return rc;
	*was = slot->entry != 0;
	if (!*was) {
		MDB_val same = key;

		rc = mdb_cursor_get(changes->tree, &same, &row, MDB_SET);
		*was = rc == 0;
		if (rc == MDB_NOTFOUND) {
			range->record.new_keys++;
			range->changed = true;
			rc = 0;
		} else if (rc == 0 && row.mv_size != layout->size) {
			rc = MDB_CORRUPTED;
		}
		if (rc)
			return rc;
	}
	if (*was) {
		memcpy(old, row.mv_data, layout->size);
		memcpy(now, old, layout->size);
		row_merge(layout, now, delta);
	} else {
		memcpy(now, delta, layout->size);
	}
	set_slot(range, slot,
		 range->bases[range->record.layers] + changes->fresh.len);
	layer_add(&changes->fresh, key, now, layout->size);
	return 0;
}

int
changes_end(struct changes *changes)
{
	int rc;

	if (!changes->ranges)
		return 0;
	rc = finish(changes);
	if (rc == 0)
		rc = move_others(changes);
	return rc ? rc : write_records(changes);
}

void
changes_release(struct changes *changes)
{
	mdb_cursor_close(changes->tree);
	layer_release(&changes->fresh);
	layer_release(&changes->moving);
	layer_heap_release(&changes->heap);
	free(changes->layers);
}
