/*
 * Numbers in stored records: little-endian, unaligned. Big-endian numbers are
 * used in keys only, so that LMDB's byte order is the numbers' order.
 */
#ifndef WEIR_BASE_BYTES_H
#define WEIR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
get_u64(const void *from)
{
	uint64_t v;

	memcpy(&v, from, sizeof(v));
	return v;
}

static inline void
put_u64(void *to, uint64_t v)
{
	memcpy(to, &v, sizeof(v));
}

static inline uint32_t
get_u32(const void *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return v;
}

static inline void
put_u32(void *to, uint32_t v)
{
	memcpy(to, &v, sizeof(v));
}

/* memcmp() == 0, for short ones without a call; they may overlap. */
static inline bool
bytes_equal(const void *a, const void *b, size_t size)
{
	const char *x = (const char *)a, *y = (const char *)b;

	if (size > 16)
		return memcmp(a, b, size) == 0;
	if (size >= 8)
		return get_u64(x) == get_u64(y) &&
		       get_u64(x + size - 8) == get_u64(y + size - 8);
	if (size >= 4)
		return get_u32(x) == get_u32(y) &&
		       get_u32(x + size - 4) == get_u32(y + size - 4);
	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* memcpy(), for short ones without a call. */
static inline void
bytes_copy(void *to, const void *from, size_t size)
{
	char *x = (char *)to;
	const char *y = (const char *)from;

	if (size > 16) {
		memcpy(to, from, size);
	} else if (size >= 8) {
		uint64_t last = get_u64(y + size - 8);

		put_u64(x, get_u64(y));
		put_u64(x + size - 8, last);
	} else if (size >= 4) {
		uint32_t last = get_u32(y + size - 4);

		put_u32(x, get_u32(y));
		put_u32(x + size - 4, last);
	} else {
		for (size_t i = 0; i < size; i++)
			x[i] = y[i];
	}
}

static inline double
get_real(const void *from)
{
	double v;

	memcpy(&v, from, sizeof(v));
	return v;
}

static inline void
put_real(void *to, double v)
{
	memcpy(to, &v, sizeof(v));
}

static inline uint64_t
get_be64(const void *from)
{
	return __builtin_bswap64(get_u64(from));
}

static inline void
put_be64(void *to, uint64_t v)
{
	put_u64(to, __builtin_bswap64(v));
}

static inline uint32_t
get_be32(const void *from)
{
	return __builtin_bswap32(get_u32(from));
}

static inline void
put_be32(void *to, uint32_t v)
{
	put_u32(to, __builtin_bswap32(v));
}

/* Signed numbers in keys: the sign bit flipped, so that -1 sorts before 0. */
static inline uint64_t
key_from_i64(int64_t v)
{
	return (uint64_t)v ^ (UINT64_C(1) << 63);
}

static inline int64_t
key_to_i64(uint64_t key)
{
	return (int64_t)(key ^ (UINT64_C(1) << 63));
}

#endif
