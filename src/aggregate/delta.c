#include <stdlib.h>
#include <string.h>

#include "aggregate/delta.h"
#include "base/alloc.h"
#include "base/bytes.h"

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
	free(delta->data);
	free(delta->order);
	free(delta->order_spare);
	memset(delta, 0, sizeof(*delta));
}

static struct delta_record *
record_at(const struct delta *delta, size_t at)
{
	/* Records begin at multiples of 8 in memory from malloc(). */
	return (struct delta_record *)(void *)(delta->data + at);
}

static char *
row_of(struct delta_record *record)
{
	return (char *)(record + 1);
}

static size_t
record_bytes(const struct delta *delta, size_t key_size)
{
	return (sizeof(struct delta_record) + delta->row_size + key_size + 7) &
	       ~(size_t)7;
}

static size_t
free_slot(const struct delta *delta, uint32_t hash)
{
	size_t mask = delta->slots_len - 1, at = hash & mask;

	while (delta->slots[at].record)
		at = (at + 1) & mask;
	return at;
}

static void
slots_grow(struct delta *delta)
{
	struct delta_slot *old = delta->slots;
	size_t old_len = delta->slots_len;

	delta->slots_len *= 2;
	delta->slots = xcalloc(delta->slots_len, sizeof(*delta->slots));
	for (size_t i = 0; i < old_len; i++) {
		const struct delta_record *record;

		if (!old[i].record)
			continue;
		record = record_at(delta, ((size_t)old[i].record - 1) * 8);
		delta->slots[free_slot(delta, record->hash)] = old[i];
	}
	free(old);
}

void *
delta_insert(struct delta *delta, struct text key, uint64_t hash)
{
	size_t need = record_bytes(delta, key.size), at;
	struct delta_record *record;

	if ((delta->len + 1) * 2 > delta->slots_len)
		slots_grow(delta);
	if (delta->data_capacity - delta->data_size < need) {
		delta->data_capacity =
		    delta->data_capacity ? delta->data_capacity * 2 : 32768;
		delta->data = xrealloc(delta->data, delta->data_capacity);
	}
	record = record_at(delta, delta->data_size);
	record->hash = (uint32_t)hash;
	record->key_size = (uint32_t)key.size;
	memcpy(row_of(record) + delta->row_size, key.data, key.size);
	at = free_slot(delta, record->hash);
	delta->slots[at].tag = (uint32_t)(hash >> 32);
	delta->slots[at].record = (uint32_t)(delta->data_size / 8) + 1;
	delta->data_size += need;
	delta->len++;
	return row_of(record);
}

size_t
delta_bytes(const struct delta *delta)
{
	/* Sorting takes two order arrays on top. */
	return delta->slots_len * sizeof(*delta->slots) +
	       (delta->len > delta->order_capacity ? delta->len
						   : delta->order_capacity) *
		   2 * sizeof(*delta->order) +
	       delta->data_capacity;
}

static int
compare_keys(const void *a, const void *b, void *arg)
{
	const struct delta *delta = arg;
	struct delta_record *x = record_at(
	    delta, (size_t)((const struct delta_order *)a)->record * 8);
	struct delta_record *y = record_at(
	    delta, (size_t)((const struct delta_order *)b)->record * 8);

	return text_order(
	    (struct text){row_of(x) + delta->row_size, x->key_size},
	    (struct text){row_of(y) + delta->row_size, y->key_size});
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
	size_t len = delta->len, at = 0;

	if (delta->order_capacity < len) {
		delta->order_capacity = len;
		delta->order =
		    xrealloc(delta->order, len * sizeof(*delta->order));
		delta->order_spare =
		    xrealloc(delta->order_spare, len * sizeof(*delta->order));
	}
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < len; i++) {
		struct delta_record *record = record_at(delta, at);
		struct delta_order *order = &delta->order[i];
		char prefix[PREFIX] = {0};

		memcpy(prefix, row_of(record) + delta->row_size,
		       record->key_size < PREFIX ? record->key_size : PREFIX);
		order->high = get_be64(prefix);
		order->low = get_be64(prefix + 8);
		order->record = (uint32_t)(at / 8);
		for (unsigned byte = 0; byte < PREFIX; byte++)
			counts[byte][digit_of(order, byte)]++;
		at += record_bytes(delta, record->key_size);
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
	struct delta_record *record =
	    record_at(delta, (size_t)delta->order[i].record * 8);

	*key =
	    (struct text){row_of(record) + delta->row_size, record->key_size};
	return row_of(record);
}

void
delta_clear(struct delta *delta, size_t keep_bytes)
{
	unsigned row_size = delta->row_size;

	/*
	 * What one large interval took would count against the bound for ever,
	 * and growing again costs little beside the commit.
	 */
	if (delta_bytes(delta) > keep_bytes) {
		delta_release(delta);
		delta_init(delta, row_size);
		return;
	}
	/* A table that was large once does not stay so. */
	if (delta->slots_len > SLOTS_MIN &&
	    delta->len * 16 < delta->slots_len) {
		free(delta->slots);
		delta->slots_len /= 2;
		delta->slots = xcalloc(delta->slots_len, sizeof(*delta->slots));
	} else {
		memset(delta->slots, 0,
		       delta->slots_len * sizeof(*delta->slots));
	}
	delta->len = 0;
	delta->data_size = 0;
}
