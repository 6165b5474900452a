/*
 * A delta: what the events of one commit interval add to one table.
 *
 * A hash table from keys to rows, in plain memory: a look-up costs two misses
 * of the cache, one for the slot and one for the row with its key. It only
 * grows; a commit takes it in key order and clears it. Its memory is what
 * --memory bounds: the engine asks delta_bytes() and commits before it is too
 * much.
 */
#ifndef WEIR_AGGREGATE_DELTA_H
#define WEIR_AGGREGATE_DELTA_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pipeline/pipeline.h"

/*
 * gcc 12 takes a function that only prefetches for one without effect, and
 * drops the call unless it has inlined it before.
 */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

struct delta_slot {
	uint32_t tag;    /* upper half of the key's hash */
	uint32_t record; /* place in data / 8, + 1; 0: empty */
};

/* In front of each row in data, the key behind it, all padded to 8 bytes. */
struct delta_record {
	uint32_t hash; /* lower half, where the search begins */
	uint32_t key_size;
};

struct delta_order {
	uint64_t high, low; /* the key's first 16 bytes, as numbers */
	uint32_t record;
};

struct delta {
	unsigned row_size;
	struct delta_slot *slots;
	size_t slots_len; /* a power of two */
	size_t len;       /* keys */
	char *data;       /* records, one behind the other */
	size_t data_size, data_capacity;
	struct delta_order *order, *order_spare; /* while sorted */
	size_t order_capacity;
};

void delta_init(struct delta *delta, unsigned row_size);
void delta_release(struct delta *delta);

/*
 * Adds the row of a key that has none; what it holds is left to the caller.
 * Moves the others.
 */
void *delta_insert(struct delta *delta, struct text key, uint64_t hash);

/*
 * The row of a key, whose hash is `hash`, always the same one; *created says
 * whether it is new and not initialised. Valid until the next call.
 */
static inline void *
delta_row(struct delta *delta, struct text key, uint64_t hash, int *created)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t mask = delta->slots_len - 1;
	size_t at = (uint32_t)hash & mask;

	for (; delta->slots[at].record; at = (at + 1) & mask) {
		struct delta_slot slot = delta->slots[at];
		char *record;

		if (slot.tag != tag)
			continue;
		record = delta->data + ((size_t)slot.record - 1) * 8;
		if (((struct delta_record *)(void *)record)->key_size !=
		    key.size)
			continue;
		record += sizeof(struct delta_record);
		if (bytes_equal(record + delta->row_size, key.data, key.size)) {
			*created = 0;
			return record;
		}
	}
	*created = 1;
	return delta_insert(delta, key, hash);
}

/*
 * Asks the memory for what delta_row() will touch: the slot, and then, when
 * that has come, the row. Several tables' misses so overlap.
 */
ALWAYS_INLINE void
delta_prefetch_slot(const struct delta *delta, uint64_t hash)
{
	__builtin_prefetch(
	    &delta->slots[(uint32_t)hash & (delta->slots_len - 1)]);
}

ALWAYS_INLINE void
delta_prefetch_row(const struct delta *delta, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	size_t mask = delta->slots_len - 1;
	size_t at = (uint32_t)hash & mask;
	const char *record;

	while (delta->slots[at].record && delta->slots[at].tag != tag)
		at = (at + 1) & mask;
	if (!delta->slots[at].record)
		return;
	record = delta->data + ((size_t)delta->slots[at].record - 1) * 8;
	__builtin_prefetch(record);
	__builtin_prefetch(record + delta->row_size + 8);
}

/* Where a row of it is, for delta_at(): the same until delta_clear(). */
static inline uint32_t
delta_place(const struct delta *delta, const void *row)
{
	return (uint32_t)((size_t)((const char *)row - delta->data) / 8);
}

static inline void *
delta_at(const struct delta *delta, uint32_t place)
{
	return delta->data + (size_t)place * 8;
}

/* Bytes that it holds at the moment. */
size_t delta_bytes(const struct delta *delta);

/* Puts entries in key order; delta_get() then goes through them, 0..len-1. */
void delta_sort(struct delta *delta);
void *delta_get(const struct delta *delta, size_t i, struct text *key);

/* Asks the memory for what delta_get() will give, ahead of it. */
ALWAYS_INLINE void
delta_prefetch(const struct delta *delta, size_t i)
{
	if (i < delta->len)
		__builtin_prefetch(delta->data +
				   (size_t)delta->order[i].record * 8);
}

/* Forgets all entries; keeps memory for as many, up to keep_bytes. */
void delta_clear(struct delta *delta, size_t keep_bytes);

#endif
