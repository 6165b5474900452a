/*
 * Hashing: the door to xxHash. XXH3, 64 bits. Its values are kept in stores
 * (docs/store.md), so the function may not change without a new format.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash64(const void *data, size_t size);

/* A hash of the data and a number, from the data's. Kept nowhere. */
static inline uint64_t
hash_with(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/*
 * XXH3 of 128 bits, of bytes as they come. Its text is 32 hexadecimal digits,
 * the same that xxh128sum prints of all of them; more bytes may follow.
 */
struct hash_stream;

struct hash_stream *hash_stream_new(void);
void hash_stream_free(struct hash_stream *stream); /* NULL is fine */
void hash_stream_add(struct hash_stream *stream, const void *data, size_t size);
void hash_stream_text(const struct hash_stream *stream, char text[33]);

#endif
