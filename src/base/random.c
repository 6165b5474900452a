#include "base/random.h"

static uint64_t
splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
random_init(struct random *random, uint64_t seed, uint64_t stream)
{
	/* Hashed one after the other, so that seed 1 stream 2 is not 2, 1. */
	uint64_t state = seed;

	state = splitmix64(&state) + stream;
	state = splitmix64(&state);
	/* Four outputs in a row of splitmix64 are never all zero. */
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix64(&state);
}
