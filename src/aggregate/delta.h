/*
 * A delta: what the events of one commit interval add to one table.
 *
 * A hash table from keys to rows, in plain memory. It only grows; a commit
 * takes it in key order and clears it. Its memory is what --memory bounds: the
 * engine asks delta_bytes() and commits before it is too much.
 */
#ifndef WEIR_AGGREGATE_DELTA_H
#define WEIR_AGGREGATE_DELTA_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/pipeline.h"

struct delta_slot {
	uint32_t tag;   /* upper half of the key's hash */
	uint32_t entry; /* index + 1 into entries; 0: empty */
};

struct delta_entry {
	size_t at;      /* of the row in data; the key is behind it */
	uint32_t key_size;
	uint32_t hash;  /* lower half, where the search begins */
};

struct delta_order {
	uint64_t high, low; /* the key's first 16 bytes, as numbers */
	uint32_t entry;
};

struct delta {
	unsigned row_size;
	struct delta_slot *slots;
	size_t slots_len; /* a power of two */
	struct delta_entry *entries;
	size_t len, capacity;
	char *data;
	size_t data_size, data_capacity;
	struct delta_order *order, *order_spare; /* while sorted */
	size_t order_capacity;
};

void delta_init(struct delta *delta, unsigned row_size);
void delta_release(struct delta *delta);

/*
 * The row of a key; *created says whether it is new and not initialised.
 * Valid until the next call.
 */
void *delta_row(struct delta *delta, struct text key, int *created);

/* Bytes that it holds at the moment. */
size_t delta_bytes(const struct delta *delta);

/* Puts entries in key order; delta_get() then goes through them, 0..len-1. */
void delta_sort(struct delta *delta);
void *delta_get(const struct delta *delta, size_t i, struct text *key);

/* Forgets all entries; keeps memory for as many. */
void delta_clear(struct delta *delta);

#endif
