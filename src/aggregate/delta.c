#include <stdlib.h>
#include <string.h>

#include "aggregate/delta.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"

#define SLOTS_MIN 1024
#define PREFIX    16 /* bytes of a key that the radix sort sees */

void
delta_init(struct delta *delta, unsigned row_size)
{
	memset(delta, 0, sizeof(*delta));
	delta->row_size = row_size;
	delta->slots_len = SLOTS_MIN;
	delta->slots = xcalloc(SLOTS_MIN, sizeof(*delta->slots));
}

void
delta_release(struct delta *delta)
{
	free(delta->slots);
	free(delta->entries);
	free(delta->data);
	free(delta->order);
	free(delta->order_spare);
	memset(delta, 0, sizeof(*delta));
}

static void
slots_grow(struct delta *delta)
{
	size_t mask;

	free(delta->slots);
	delta->slots_len *= 2;
	delta->slots = xcalloc(delta->slots_len, sizeof(*delta->slots));
	mask = delta->slots_len - 1;
	for (size_t i = 0; i < delta->len; i++) {
		const struct delta_entry *entry = &delta->entries[i];
		const char *key = delta->data + entry->at + delta->row_size;
		size_t slot = entry->hash & mask;

		while (delta->slots[slot].entry)
			slot = (slot + 1) & mask;
		delta->slots[slot].tag =
		    (uint32_t)(hash64(key, entry->key_size) >> 32);
		delta->slots[slot].entry = (uint32_t)i + 1;
	}
}

void *
delta_row(struct delta *delta, struct text key, int *created)
{
	uint64_t hash = hash64(key.data, key.size);
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t mask = delta->slots_len - 1;
	size_t slot = (uint32_t)hash & mask;
	size_t need;
	struct delta_entry *entry;
	char *row;

	for (; delta->slots[slot].entry; slot = (slot + 1) & mask) {
		if (delta->slots[slot].tag != tag)
			continue;
		entry = &delta->entries[delta->slots[slot].entry - 1];
		row = delta->data + entry->at;
		if (entry->key_size == key.size &&
		    memcmp(row + delta->row_size, key.data, key.size) == 0) {
			*created = 0;
			return row;
		}
	}
	if (delta->len == delta->capacity) {
		delta->capacity = delta->capacity ? delta->capacity * 2 : 512;
		delta->entries = xrealloc(
		    delta->entries, delta->capacity * sizeof(*delta->entries));
	}
	need = (delta->row_size + key.size + 7) & ~(size_t)7;
	if (delta->data_capacity - delta->data_size < need) {
		delta->data_capacity =
		    delta->data_capacity ? delta->data_capacity * 2 : 32768;
		delta->data = xrealloc(delta->data, delta->data_capacity);
	}
	entry = &delta->entries[delta->len++];
	entry->at = delta->data_size;
	entry->key_size = (uint32_t)key.size;
	entry->hash = (uint32_t)hash;
	row = delta->data + delta->data_size;
	memcpy(row + delta->row_size, key.data, key.size);
	delta->data_size += need;
	delta->slots[slot].tag = tag;
	delta->slots[slot].entry = (uint32_t)delta->len;
	if (delta->len * 2 > delta->slots_len)
		slots_grow(delta);
	*created = 1;
	return row;
}

size_t
delta_bytes(const struct delta *delta)
{
	/* Sorting takes two order arrays on top. */
	return delta->slots_len * sizeof(*delta->slots) +
	       delta->capacity *
		   (sizeof(*delta->entries) + 2 * sizeof(*delta->order)) +
	       delta->data_capacity;
}

static int
compare_keys(const void *a, const void *b, void *arg)
{
	const struct delta *delta = arg;
	const struct delta_entry *x =
	    &delta->entries[((const struct delta_order *)a)->entry];
	const struct delta_entry *y =
	    &delta->entries[((const struct delta_order *)b)->entry];
	size_t size = x->key_size < y->key_size ? x->key_size : y->key_size;
	int c = memcmp(delta->data + x->at + delta->row_size,
		       delta->data + y->at + delta->row_size, size);

	if (c)
		return c;
	return x->key_size < y->key_size ? -1 : x->key_size > y->key_size;
}

static unsigned
digit_of(const struct delta_order *order, unsigned byte)
{
	return (unsigned)((byte < 8 ? order->low >> (8 * byte)
				    : order->high >> (8 * (byte - 8))) &
			  0xff);
}

/*
 * Least significant digit first, by the bytes of the prefix; bytes that are
 * the same in all keys, as in "u000123" or a window's start, are passed over.
 * Keys of equal prefix are then sorted as a whole.
 */
void
delta_sort(struct delta *delta)
{
	uint32_t counts[PREFIX][256];
	struct delta_order *from, *to;
	size_t len = delta->len;

	if (delta->order_capacity < delta->capacity) {
		delta->order_capacity = delta->capacity;
		delta->order = xrealloc(
		    delta->order, delta->capacity * sizeof(*delta->order));
		delta->order_spare =
		    xrealloc(delta->order_spare,
			     delta->capacity * sizeof(*delta->order));
	}
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < len; i++) {
		const struct delta_entry *entry = &delta->entries[i];
		struct delta_order *order = &delta->order[i];
		char prefix[PREFIX] = {0};

		memcpy(prefix, delta->data + entry->at + delta->row_size,
		       entry->key_size < PREFIX ? entry->key_size : PREFIX);
		order->high = get_be64(prefix);
		order->low = get_be64(prefix + 8);
		order->entry = (uint32_t)i;
		for (unsigned byte = 0; byte < PREFIX; byte++)
			counts[byte][digit_of(order, byte)]++;
	}
	from = delta->order;
	to = delta->order_spare;
	for (unsigned byte = 0; len && byte < PREFIX; byte++) {
		struct delta_order *swap;
		uint32_t sum = 0;

		if (counts[byte][digit_of(&from[0], byte)] == len)
			continue;
		for (unsigned digit = 0; digit < 256; digit++) {
			uint32_t count = counts[byte][digit];

			counts[byte][digit] = sum;
			sum += count;
		}
		for (size_t i = 0; i < len; i++)
			to[counts[byte][digit_of(&from[i], byte)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	delta->order = from;
	delta->order_spare = to;
	for (size_t i = 0; i < len;) {
		size_t end = i + 1;

		while (end < len && from[end].high == from[i].high &&
		       from[end].low == from[i].low)
			end++;
		if (end - i > 1)
			qsort_r(from + i, end - i, sizeof(*from), compare_keys,
				delta);
		i = end;
	}
}

void *
delta_get(const struct delta *delta, size_t i, struct text *key)
{
	const struct delta_entry *entry =
	    &delta->entries[delta->order[i].entry];
	char *row = delta->data + entry->at;

	*key = (struct text){row + delta->row_size, entry->key_size};
	return row;
}

void
delta_clear(struct delta *delta)
{
	/* A table that was large once does not stay so. */
	if (delta->slots_len > SLOTS_MIN && delta->len * 16 < delta->slots_len) {
		free(delta->slots);
		delta->slots_len /= 2;
		delta->slots =
		    xcalloc(delta->slots_len, sizeof(*delta->slots));
	} else {
		memset(delta->slots, 0,
		       delta->slots_len * sizeof(*delta->slots));
	}
	delta->len = 0;
	delta->data_size = 0;
}
