#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "generate/distribution.h"

#include "base/alloc.h"

/*
 * Vose: cells that have less than an even part are filled up from those that
 * have more, until all are even.
 */
void
distribution_weights(struct distribution *d, const double *weights,
		     uint32_t count)
{
	double *parts = xmalloc(count * sizeof(*parts)), sum = 0;
	uint32_t *stack = xmalloc(count * sizeof(*stack));
	uint32_t small = 0, large = count; /* the stack has two ends */

	assert(count > 0);
	*d = (struct distribution){.count = count};
	d->cells = xmalloc(count * sizeof(*d->cells));
	/* The small ones first, which loses the least of them. */
	for (uint32_t i = count; i-- > 0;)
		sum += weights[i];
	for (uint32_t i = 0; i < count; i++) {
		parts[i] = weights[i] / sum * count;
		if (parts[i] < 1)
			stack[small++] = i;
		else
			stack[--large] = i;
	}
	while (small > 0 && large < count) {
		uint32_t low = stack[--small], high = stack[large];
		double threshold = parts[low] * 0x1p32;

		/* However rare, what has a weight can happen. */
		d->cells[low].threshold =
		    threshold < 1 ? 1 : (uint32_t)threshold;
		d->cells[low].other = high;
		parts[high] -= 1 - parts[low];
		if (parts[high] < 1) {
			large++;
			stack[small++] = high;
		}
	}
	/* What rounding left over is even. */
	while (small > 0) {
		uint32_t i = stack[--small];

		d->cells[i] = (struct distribution_cell){UINT32_MAX, i};
	}
	for (; large < count; large++) {
		uint32_t i = stack[large];

		d->cells[i] = (struct distribution_cell){UINT32_MAX, i};
	}
	free(parts);
	free(stack);
}

void
distribution_zipf(struct distribution *d, double exponent, uint64_t count)
{
	double *weights;

	if (count > DISTRIBUTION_ALIAS_MAX) {
		distribution_zipf_rejection(d, exponent, count);
		return;
	}
	weights = xmalloc(count * sizeof(*weights));
	for (uint64_t i = 0; i < count; i++)
		weights[i] = pow((double)(i + 1), -exponent);
	distribution_weights(d, weights, (uint32_t)count);
	free(weights);
}

void
distribution_release(struct distribution *d)
{
	free(d->cells);
	*d = (struct distribution){0};
}

/* (e^x - 1) / x and log(1 + x) / x, also where x is next to 0. */
static double
expm1_over(double x)
{
	return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2;
}

static double
log1p_over(double x)
{
	return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x / 2;
}

/* The integral of x^-s, such that it holds for s = 1 too. */
static double
integral(double s, double x)
{
	double log_x = log(x);

	return expm1_over((1 - s) * log_x) * log_x;
}

static double
inverse(double s, double h)
{
	double t = h * (1 - s);

	/* Rounding must not leave the range of the logarithm. */
	return exp(log1p_over(t < -1 ? -1 : t) * h);
}

void
distribution_zipf_rejection(struct distribution *d, double exponent,
			    uint64_t count)
{
	*d = (struct distribution){.count = count, .exponent = exponent};
	d->h_first = integral(exponent, 1.5) - 1;
	d->h_last = integral(exponent, (double)count + 0.5);
	d->sure =
	    2 - inverse(exponent, integral(exponent, 2.5) - pow(2, -exponent));
}

uint64_t
distribution_draw_rejection(const struct distribution *d, struct random *random)
{
	for (;;) {
		double h = d->h_last +
			   random_double(random) * (d->h_first - d->h_last);
		double x = inverse(d->exponent, h), rank = floor(x + 0.5);

		if (!(rank >= 1))
			rank = 1;
		else if (rank > (double)d->count)
			rank = (double)d->count;
		if (rank - x <= d->sure ||
		    h >= integral(d->exponent, rank + 0.5) -
			     pow(rank, -d->exponent))
			return (uint64_t)rank - 1;
	}
}
