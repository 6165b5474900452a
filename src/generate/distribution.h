/*
 * Drawing from a fixed distribution, in the same time whatever its size.
 *
 * Weights, and Zipf up to DISTRIBUTION_ALIAS_MAX ranks, go through an alias
 * table (Walker 1977, built as by Vose 1991): one random number and one look
 * into memory a draw. A part is off by at most 2^-32 of an even part. Larger
 * Zipf distributions take no memory: rejection-inversion (Hoermann and
 * Derflinger 1996), about 1.1 random numbers a draw.
 *
 * Read-only once made; threads may share it, each with its own random stream.
 */
#ifndef WEIR_GENERATE_DISTRIBUTION_H
#define WEIR_GENERATE_DISTRIBUTION_H

#include <stdint.h>

#include "base/random.h"

#define DISTRIBUTION_ALIAS_MAX (UINT64_C(1) << 20) /* 8 MiB */

struct distribution_cell {
	uint32_t threshold; /* of 2^32: below it this cell, else the other */
	uint32_t other;
};

struct distribution {
	uint64_t count;                  /* draws are 0 to count - 1 */
	struct distribution_cell *cells; /* NULL: by rejection */
	/* By rejection, of rank x = draw + 1; H is the integral of x^-s. */
	double exponent;
	double h_first; /* H(1.5) - 1 */
	double h_last;  /* H(count + 0.5) */
	double sure;    /* a rank this close above x needs no test */
};

/* Draw i with probability weights[i] / their sum; all of them above 0. */
void distribution_weights(struct distribution *d, const double *weights,
			  uint32_t count);

/*
 * Draw i with a probability in proportion to 1 / (i + 1)^exponent; exponent
 * above 0, count from 1 to 2^32.
 */
void distribution_zipf(struct distribution *d, double exponent, uint64_t count);

/* The same, always by rejection: to compare the two. */
void distribution_zipf_rejection(struct distribution *d, double exponent,
				 uint64_t count);

void distribution_release(struct distribution *d);

uint64_t distribution_draw_rejection(const struct distribution *d,
				     struct random *random);

/* A draw in two steps, between which what it needs comes from memory. */
struct distribution_draw {
	uint64_t cell; /* by rejection: what was drawn */
	uint32_t rest; /* of 2^32 */
};

static inline struct distribution_draw
distribution_draw_ahead(const struct distribution *d, struct random *random)
{
	unsigned __int128 product;
	struct distribution_draw draw;

	if (!d->cells)
		return (struct distribution_draw){
		    distribution_draw_rejection(d, random), 0};
	/* The high half picks the cell, the low half is what is left of it. */
	product = (unsigned __int128)random_u64(random) * d->count;
	draw.cell = (uint64_t)(product >> 64);
	draw.rest = (uint32_t)((uint64_t)product >> 32);
	__builtin_prefetch(&d->cells[draw.cell]);
	return draw;
}

static inline uint64_t
distribution_drawn(const struct distribution *d,
		   const struct distribution_draw *draw)
{
	if (d->cells && draw->rest >= d->cells[draw->cell].threshold)
		return d->cells[draw->cell].other;
	return draw->cell;
}

static inline uint64_t
distribution_draw(const struct distribution *d, struct random *random)
{
	struct distribution_draw draw = distribution_draw_ahead(d, random);

	return distribution_drawn(d, &draw);
}

#endif
