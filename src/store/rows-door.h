/*
 * Rows of a table: where they are, and how they are read and changed.
 *
 * Rows are in the table's tree. LMDB copies each page that changes, so a commit
 * of keys that lie everywhere in a large tree writes a page for each of them.
 * Rows of a large table therefore take two steps. The order of its keys is cut
 * into ranges; a commit writes what it changed in a range as one layer, a
 * record with whole rows in key order. Layers lie over the tree: the newest row
 * counts. When a range has gathered enough of them for each of its pages, they
 * go into the tree together, and the layers are gone.
 *
 * All of it happens in the transaction of a commit, so a reader sees the tree
 * and the layers as one commit left them, and what it reads of both is the
 * table. The tables with windows, and small ones, have no ranges and no layers.
 *
 * docs/store.md has the format. All of it is foreign to a reader: a damaged
 * store gives MDB_CORRUPTED, never a crash.
 */
#ifndef WEIR_STORE_ROWS_DOOR_H
#define WEIR_STORE_ROWS_DOOR_H

#include "aggregate/key.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "store/lmdb-door.h"

/* ---- Layers (layers.c); 0, or LMDB's code ---- */

#define LAYER_KEY 9 /* table (1), range (4), number (4) */

struct layer {
	const char *data; /* LMDB's, or a buffer's */
	size_t size, row_size;
	uint32_t rows;
};

/* Rows of several layers as one sequence, each key once; {0} is an empty one.
 */
struct layer_head {
	struct layer layer;
	uint32_t number, at;
	MDB_val key, row; /* at `at` */
};

struct layer_heap {
	struct layer_head
	    *heads; /* the least key, and of it the newest, first */
	size_t len, capacity;
};

void layer_key(char key[LAYER_KEY], unsigned table, uint32_t range,
	       uint32_t number);
int layer_open(struct layer *layer, MDB_val data, size_t row_size);
int layer_row(const struct layer *layer, uint32_t at, MDB_val *key,
	      MDB_val *row);
/* The first row whose key is not before `key`; layer->rows when there is none.
 */
int layer_find(const struct layer *layer, MDB_val key, uint32_t *at);

/* Layers are made of rows in key order. */
struct layer_maker {
	struct buf rows, places, whole;
	uint32_t len;
};

void layer_add(struct layer_maker *maker, MDB_val key, const void *row,
	       size_t row_size);
/* A row that was added. */
void layer_added(const struct layer_maker *maker, uint32_t at, size_t row_size,
		 MDB_val *key, MDB_val *row);
/* The record; valid until the maker changes. */
MDB_val layer_made(struct layer_maker *maker);
void layer_clear(struct layer_maker *maker);
void layer_release(struct layer_maker *maker);

/* Its rows from `from` on. */
int layer_push(struct layer_heap *heap, const struct layer *layer,
	       uint32_t number, MDB_val from);
/* Takes the row with the least key, the newest of them. MDB_NOTFOUND: over. */
int layer_pop(struct layer_heap *heap, MDB_val *key, MDB_val *row);
/*
 * All layers of a range, and nothing else; there must be so many. Then the rows
 * of each come in order, or it is MDB_CORRUPTED.
 */
int layer_push_range(struct layer_heap *heap, MDB_cursor *cursor,
		     unsigned table, uint32_t range, uint32_t layers,
		     size_t row_size, MDB_val from);
void layer_heap_release(struct layer_heap *heap);

/* ---- Reading (cursor.c); 0, or LMDB's code ---- */

#define RANGE_KEY_MAX (1 + KEY_MAX) /* table (1), the range's first key */
#define RANGE_SIZE    32
/* Layers at the most: who looks for a key searches all of them. */
#define RANGE_LAYERS 256

/* A range of a table's keys, from `low` to the next one's. */
struct range_record {
	uint32_t id, layers;
	uint64_t tree_rows; /* in the tree, about */
	uint64_t entries;   /* rows in its layers, keys that repeat included */
	uint64_t new_keys;  /* that are in layers and not in the tree */
};

/* Whether a table has ranges, of which the first begins with the empty key. */
int range_first(MDB_cursor *ranges, unsigned table);
void range_encode(const struct range_record *range, char data[RANGE_SIZE]);
int range_decode(MDB_val data, struct range_record *range);

/* All rows of a table, in key order. */
struct row_cursor {
	struct store *store;
	unsigned table;
	MDB_cursor *tree;
	bool tree_over;
	MDB_val tree_key, tree_row; /* the next one of the tree */
	/* Of a table that has ranges; else NULL. */
	MDB_cursor *ranges, *layers;
	bool last;    /* no range is behind this one */
	MDB_val high; /* else: where it ends */
	struct layer_heap heap;
};

int row_cursor_open(struct row_cursor *rows, struct store *store, MDB_txn *txn,
		    unsigned table);
/*
 * The first row that is not before `from`, then the ones behind it. What is
 * given is valid as long as nothing is written, and the row has the size of
 * the table's rows. MDB_NOTFOUND: there is no more.
 */
int row_cursor_seek(struct row_cursor *rows, MDB_val from, MDB_val *key,
		    MDB_val *row);
int row_cursor_next(struct row_cursor *rows, MDB_val *key, MDB_val *row);
void row_cursor_close(struct row_cursor *rows);

/* The row of a key. */
int row_find(struct store *store, MDB_txn *txn, unsigned table, MDB_val key,
	     MDB_val *row);

/* How many rows there are, or MDB_CORRUPTED. */
int row_count(struct store *store, MDB_txn *txn, unsigned table, size_t *count);

/* ---- Changing (ranges.c); writer's thread; 0, or LMDB's code ---- */

/* The changes of one commit to one table. */
struct changes {
	struct store *store;
	MDB_txn *txn;
	unsigned table;
	MDB_cursor *tree;
	struct ranges *ranges; /* NULL: rows go into the tree at once */
	size_t at;             /* range */
	struct layer *layers;  /* of this range, as they are opened */
	size_t layers_capacity;
	struct layer_maker fresh;  /* what this commit changes in it */
	struct layer_maker moving; /* what goes into the tree */
	struct layer_heap heap;
	size_t moved; /* rows that have gone there, or into a united layer */
	size_t room;  /* how many may in this commit, or a range more */
	double rows_per_page;
};

/* `rows`: how many will be changed. */
int changes_begin(struct changes *changes, struct store *store, MDB_txn *txn,
		  unsigned table, size_t rows);
/*
 * Merges one row, in key order; *old is the row as it was, when *was, *now as
 * it is then.
 */
int changes_row(struct changes *changes, MDB_val key, const void *delta,
		char *old, char *now, bool *was);
/* After the last row. */
int changes_end(struct changes *changes);
void changes_release(struct changes *changes);

/* What is known of a table's ranges, to be read anew: a commit failed. */
void ranges_forget(struct store *store, unsigned table);
/* Bytes of memory that knowing them takes. */
size_t ranges_bytes(const struct store *store, unsigned table);
/* Pages that a commit of so many rows will write at the most. */
size_t ranges_pages(const struct store *store, unsigned table, size_t rows,
		    size_t bytes);

static inline int
key_order(MDB_val a, MDB_val b)
{
	size_t size = a.mv_size < b.mv_size ? a.mv_size : b.mv_size;
	int c = size ? memcmp(a.mv_data, b.mv_data, size) : 0;

	return c ? c : a.mv_size < b.mv_size ? -1 : a.mv_size > b.mv_size;
}

#endif
