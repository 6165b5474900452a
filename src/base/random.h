/*
 * Streams of random numbers: xoshiro256** 1.0 (Blackman and Vigna,
 * https://prng.di.unimi.it/), seeded by splitmix64. Not for secrets.
 *
 * The numbers are part of what a seeded run promises (docs/pipelines.md): the
 * same seed and stream give the same numbers on every machine and in every
 * version. A stream belongs to one thread.
 */
#ifndef WEIR_BASE_RANDOM_H
#define WEIR_BASE_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state[4]; /* never all zero */
};

/*
 * stream tells threads or purposes apart under one seed. Streams start at
 * points of the one cycle of 2^256 - 1 numbers that hashing picks: that two of
 * them meet within 2^64 numbers has a chance of about 2^-190.
 */
void random_init(struct random *random, uint64_t seed, uint64_t stream);

static inline uint64_t
random_rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

/* All 64 bits, each as likely 0 as 1. */
static inline uint64_t
random_u64(struct random *random)
{
	uint64_t *s = random->state;
	uint64_t result = random_rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = random_rotate(s[3], 45);
	return result;
}

/* In [0, 1), a multiple of 2^-53. */
static inline double
random_double(struct random *random)
{
	return (double)(random_u64(random) >> 11) * 0x1p-53;
}

/*
 * In [0, n), each exactly as likely; n is at least 1. Lemire, "Fast Random
 * Integer Generation in an Interval" (2019).
 */
static inline uint64_t
random_below(struct random *random, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)random_u64(random) * n;

	if ((uint64_t)product < n) {
		uint64_t uneven = -n % n;

		while ((uint64_t)product < uneven)
			product = (unsigned __int128)random_u64(random) * n;
	}
	return (uint64_t)(product >> 64);
}

#endif
