/*
 * Hashing: the door to xxHash. XXH3, 64 bits. Its values are kept in stores
 * (docs/store.md), so the function may not change without a new format.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(const void *data, size_t size);

#endif
