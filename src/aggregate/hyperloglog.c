#include <math.h>

#include "aggregate/hyperloglog.h"

/* The names of the paper: m registers; ranks go from 0 to q + 1. */
#define M ((double)HYPERLOGLOG_REGISTERS)
#define Q (HYPERLOGLOG_RANK_MAX - 1)

unsigned
hyperloglog_register(uint64_t hash, unsigned char *rank)
{
	/* The bit behind the hash's last ends the zeros. */
	uint64_t rest =
	    hash << HYPERLOGLOG_BITS | UINT64_C(1) << (HYPERLOGLOG_BITS - 1);

	*rank = (unsigned char)(__builtin_clzll(rest) + 1);
	return (unsigned)(hash >> (64 - HYPERLOGLOG_BITS));
}

/* x + sum of x^(2^k) 2^(k-1) for k from 1 on; infinite at 1. */
static double
sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

/* (1 - x - sum of (1 - x^(2^-k))^2 2^-k for k from 1 on) / 3. */
static double
tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

int64_t
hyperloglog_estimate(const unsigned char registers[HYPERLOGLOG_REGISTERS])
{
	unsigned counts[HYPERLOGLOG_RANK_MAX + 1] = {0};
	double z;

	for (unsigned i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
		if (registers[i] > HYPERLOGLOG_RANK_MAX)
			return -1;
		counts[registers[i]]++;
	}
	z = M * tau(1 - counts[Q + 1] / M);
	for (unsigned k = Q; k >= 1; k--)
		z = (z + counts[k]) / 2;
	z += M * sigma(counts[0] / M);
	/* Where every rank is the largest, z is 0. */
	return z > 0 ? llround(fmin(M / (2 * M_LN2) * M / z, 0x1p62))
		     : INT64_C(1) << 62;
}
