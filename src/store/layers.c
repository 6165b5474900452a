/*
 * Layers: rows that a commit changed in a range, in key order, in one record.
 *
 * The number of rows, where each of them begins, then the rows: the size of
 * the key, the key, the row.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "store/rows-door.h"

void
layer_key(char key[LAYER_KEY], unsigned table, uint32_t range, uint32_t number)
{
	key[0] = (char)table;
	put_be32(key + 1, range);
	put_be32(key + 5, number);
}

int
layer_open(struct layer *layer, MDB_val data, size_t row_size)
{
	if (data.mv_size < 4)
		return MDB_CORRUPTED;
	*layer = (struct layer){
	    .data = data.mv_data,
	    .size = data.mv_size,
	    .row_size = row_size,
	    .rows = get_u32(data.mv_data),
	};
	return layer->rows == 0 || layer->rows > (data.mv_size - 4) / 4
		   ? MDB_CORRUPTED
		   : 0;
}

/* In front of the key. */
static size_t
key_size(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;

	return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

int
layer_row(const struct layer *layer, uint32_t at, MDB_val *key, MDB_val *row)
{
	size_t place = get_u32(layer->data + 4 + 4 * (size_t)at), size;

	if (place + 2 > layer->size)
		return MDB_CORRUPTED;
	size = key_size(layer->data + place);
	if (size > KEY_MAX || place + 2 + size + layer->row_size > layer->size)
		return MDB_CORRUPTED;
	*key = val(layer->data + place + 2, size);
	*row = val(layer->data + place + 2 + size, layer->row_size);
	return 0;
}

int
layer_find(const struct layer *layer, MDB_val key, uint32_t *at)
{
	uint32_t low = 0, high = layer->rows;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		MDB_val its, row;
		int rc = layer_row(layer, middle, &its, &row);

		if (rc)
			return rc;
		if (key_order(its, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return 0;
}

/* ---- Making ---- */

void
layer_add(struct layer_maker *maker, MDB_val key, const void *row,
	  size_t row_size)
{
	char place[4],
	    size[2] = {(char)(key.mv_size & 0xff), (char)(key.mv_size >> 8)};

	put_u32(place, (uint32_t)maker->rows.size);
	buf_add(&maker->places, place, sizeof(place));
	buf_add(&maker->rows, size, sizeof(size));
	buf_add(&maker->rows, key.mv_data, key.mv_size);
	buf_add(&maker->rows, row, row_size);
	maker->len++;
}

void
layer_added(const struct layer_maker *maker, uint32_t at, size_t row_size,
	    MDB_val *key, MDB_val *row)
{
	const char *from =
	    maker->rows.data + get_u32(maker->places.data + 4 * (size_t)at);
	size_t size = key_size(from);

	*key = val(from + 2, size);
	*row = val(from + 2 + size, row_size);
}

MDB_val
layer_made(struct layer_maker *maker)
{
	size_t head = 4 + 4 * (size_t)maker->len;
	char number[4];

	maker->whole.size = 0;
	put_u32(number, maker->len);
	buf_add(&maker->whole, number, sizeof(number));
	for (uint32_t i = 0; i < maker->len; i++) {
		put_u32(number, get_u32(maker->places.data + 4 * (size_t)i) +
				    (uint32_t)head);
		buf_add(&maker->whole, number, sizeof(number));
	}
	buf_add(&maker->whole, maker->rows.data, maker->rows.size);
	return val(maker->whole.data, maker->whole.size);
}

void
layer_clear(struct layer_maker *maker)
{
	maker->rows.size = maker->places.size = 0;
	maker->len = 0;
}

void
layer_release(struct layer_maker *maker)
{
	buf_release(&maker->rows);
	buf_release(&maker->places);
	buf_release(&maker->whole);
}

/* ---- Several as one ---- */

static bool
comes_before(const struct layer_head *a, const struct layer_head *b)
{
	int c = key_order(a->key, b->key);

	return c ? c < 0 : a->number > b->number;
}

static void
swap(struct layer_heap *heap, size_t a, size_t b)
{
	struct layer_head head = heap->heads[a];

	heap->heads[a] = heap->heads[b];
	heap->heads[b] = head;
}

static void
sift_down(struct layer_heap *heap)
{
	for (size_t at = 0;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1;
		     child <= 2 * at + 2 && child < heap->len; child++)
			if (comes_before(&heap->heads[child],
					 &heap->heads[least]))
				least = child;
		if (least == at)
			return;
		swap(heap, at, least);
		at = least;
	}
}

int
layer_push(struct layer_heap *heap, const struct layer *layer, uint32_t number,
	   MDB_val from)
{
	struct layer_head head = {.layer = *layer, .number = number};
	int rc = layer_find(layer, from, &head.at);

	if (rc == 0 && head.at < layer->rows)
		rc = layer_row(layer, head.at, &head.key, &head.row);
	if (rc || head.at == layer->rows)
		return rc;
	if (heap->len == heap->capacity) {
		heap->capacity = heap->capacity ? 2 * heap->capacity : 16;
		heap->heads = xrealloc(heap->heads,
				       heap->capacity * sizeof(*heap->heads));
	}
	heap->heads[heap->len] = head;
	for (size_t at = heap->len++; at > 0; at = (at - 1) / 2) {
		size_t parent = (at - 1) / 2;

		if (!comes_before(&heap->heads[at], &heap->heads[parent]))
			break;
		swap(heap, at, parent);
	}
	return 0;
}

/* The first head goes on to its next row. */
static int
advance(struct layer_heap *heap)
{
	struct layer_head *head = &heap->heads[0];
	MDB_val before = head->key;
	int rc = 0;

	if (++head->at == head->layer.rows) {
		*head = heap->heads[--heap->len];
	} else {
		rc = layer_row(&head->layer, head->at, &head->key, &head->row);
		if (rc == 0 && key_order(before, head->key) >= 0)
			rc = MDB_CORRUPTED;
	}
	sift_down(heap);
	return rc;
}

int
layer_pop(struct layer_heap *heap, MDB_val *key, MDB_val *row)
{
	int rc;

	if (heap->len == 0)
		return MDB_NOTFOUND;
	*key = heap->heads[0].key;
	*row = heap->heads[0].row;
	do
		rc = advance(heap);
	while (rc == 0 && heap->len &&
	       key_order(heap->heads[0].key, *key) == 0);
	return rc;
}

int
layer_push_range(struct layer_heap *heap, MDB_cursor *cursor, unsigned table,
		 uint32_t range, uint32_t layers, size_t row_size, MDB_val from)
{
	char first[LAYER_KEY];
	MDB_val k = val(first, sizeof(first)), v;
	uint32_t number = 0;
	int rc;

	layer_key(first, table, range, 0);
	heap->len = 0;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		struct layer layer;

		if (k.mv_size != LAYER_KEY)
			return MDB_CORRUPTED;
		if (memcmp(k.mv_data, first, LAYER_KEY - 4) != 0)
			break;
		/* Pages of noise may even go in circles. */
		if (get_be32((const char *)k.mv_data + 5) != number)
			return MDB_CORRUPTED;
		rc = layer_open(&layer, v, row_size);
		if (rc == 0)
			rc = layer_push(heap, &layer, number++, from);
		if (rc)
			return rc;
	}
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	return number == layers ? 0 : MDB_CORRUPTED;
}

void
layer_heap_release(struct layer_heap *heap)
{
	free(heap->heads);
}
