/*
 * Distributions against their exact probabilities, which are computed here from
 * the definition and not by the code under test. Seeds are fixed, so a test
 * either passes always or never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "generate/distribution.h"

#define DRAWS 2000000

/*
 * Pearson's chi-square, with cells of too few expected draws put together,
 * turned into standard deviations (Wilson and Hilferty).
 */
static double
deviation(const uint64_t *counts, const double *parts, uint64_t len)
{
	double chi2 = 0, expected = 0, counted = 0, cells = 0, freedom;

	for (uint64_t i = 0; i < len; i++) {
		expected += parts[i] * DRAWS;
		counted += (double)counts[i];
		if (expected < 20 && i + 1 < len)
			continue;
		if (expected > 0) {
			chi2 += (counted - expected) * (counted - expected) /
				expected;
			cells++;
		}
		expected = counted = 0;
	}
	freedom = cells - 1;
	if (freedom < 1)
		return 0;
	return (cbrt(chi2 / freedom) - (1 - 2 / (9 * freedom))) /
	       sqrt(2 / (9 * freedom));
}

static void
check(const struct distribution *d, const double *weights, uint64_t len)
{
	uint64_t *counts = xcalloc(len, sizeof(*counts));
	double *parts = xcalloc(len, sizeof(*parts)), sum = 0, off;
	struct random random;

	for (uint64_t i = 0; i < len; i++)
		sum += weights[i];
	for (uint64_t i = 0; i < len; i++)
		parts[i] = weights[i] / sum;
	random_init(&random, 2025, len);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t drawn = distribution_draw(d, &random);

		assert_true(drawn < len);
		counts[drawn]++;
	}
	off = deviation(counts, parts, len);
	if (!(off < 4))
		fail_msg("%g standard deviations off", off);
	free(counts);
	free(parts);
}

static void
test_weights(void **state)
{
	static const double cases[][6] = {
	    {1},
	    {1, 1},
	    {70, 25, 5},
	    {1, 2, 3, 4, 5, 6},
	    {1e-9, 1, 1e9, 5e8, 1},
	    {0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct distribution d;
		uint32_t len = 0;

		while (len < 6 && cases[i][len] > 0)
			len++;
		distribution_weights(&d, cases[i], len);
		check(&d, cases[i], len);
		distribution_release(&d);
	}
}

/* The probabilities that the cells of an alias table amount to. */
static void
test_alias_exact(void **state)
{
	static const double exponents[] = {0.5, 1.0, 1.1, 2.0};
	enum { LEN = 10000 };
	double *exact = xcalloc(LEN, sizeof(*exact));
	double *made = xcalloc(LEN, sizeof(*made));

	(void)state;
	for (size_t n = 0; n < 4; n++) {
		struct distribution d;
		double sum = 0;

		distribution_zipf(&d, exponents[n], LEN);
		for (int i = 0; i < LEN; i++)
			sum += 1 / pow(i + 1, exponents[n]);
		memset(made, 0, LEN * sizeof(*made));
		for (int i = 0; i < LEN; i++) {
			double part = d.cells[i].threshold * 0x1p-32;

			assert_true(d.cells[i].other < LEN);
			made[i] += part / LEN;
			made[d.cells[i].other] += (1 - part) / LEN;
		}
		for (int i = 0; i < LEN; i++) {
			exact[i] = 1 / pow(i + 1, exponents[n]) / sum;
			/* Each cell that gives to i may be off by 2^-32. */
			assert_true(fabs(made[i] - exact[i]) <
				    0x1p-32 + exact[i] * 1e-6);
		}
		distribution_release(&d);
	}
	free(exact);
	free(made);
}

static const struct {
	double exponent;
	uint64_t count;
} zipfs[] = {
    {1.0, 1}, {1.0, 2},     {0.01, 10},   {0.5, 1000}, {0.9999999, 1000},
    {1, 100}, {1.1, 10000}, {1, 100000},  {2, 1000},   {3.5, 100},
    {10, 10}, {1, 1 << 20}, {1.2, 50000},
};

static void
check_zipf(bool rejection)
{
	for (size_t i = 0; i < sizeof(zipfs) / sizeof(zipfs[0]); i++) {
		uint64_t count = zipfs[i].count;
		double *weights = xcalloc(count, sizeof(*weights));
		struct distribution d;

		for (uint64_t k = 0; k < count; k++)
			weights[k] =
			    exp(-zipfs[i].exponent * log((double)k + 1));
		if (rejection)
			distribution_zipf_rejection(&d, zipfs[i].exponent,
						    count);
		else
			distribution_zipf(&d, zipfs[i].exponent, count);
		assert_int_equal(d.cells == NULL, rejection);
		check(&d, weights, count);
		distribution_release(&d);
		free(weights);
	}
}

static void
test_zipf_alias(void **state)
{
	(void)state;
	check_zipf(false);
}

static void
test_zipf_rejection(void **state)
{
	(void)state;
	check_zipf(true);
}

/* Too many ranks for a table: a few of the first, and halves of the rest. */
static void
test_zipf_large(void **state)
{
	const uint64_t count = UINT64_C(1) << 32;
	enum { FIRST = 64, CELLS = FIRST + 26 };
	uint64_t counts[CELLS] = {0};
	double parts[CELLS] = {0}, sum = 0, off;
	struct distribution d;
	struct random random;

	(void)state;
	distribution_zipf(&d, 1.0, count);
	assert_null(d.cells);
	/* H(n) = ln n + gamma + 1/2n: of ranks 65 to 128, 129 to 256, ... */
	for (int i = 0; i < FIRST; i++)
		parts[i] = 1.0 / (i + 1);
	for (int i = FIRST; i < CELLS; i++) {
		double from = ldexp(FIRST, i - FIRST);
		double to = ldexp(FIRST, i - FIRST + 1);

		parts[i] = log(to / from) + 0.5 / to - 0.5 / from;
	}
	for (int i = 0; i < CELLS; i++)
		sum += parts[i];
	for (int i = 0; i < CELLS; i++)
		parts[i] /= sum;
	random_init(&random, 9, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t rank = distribution_draw(&d, &random) + 1;
		int cell = 0;

		assert_true(rank >= 1 && rank <= count);
		if (rank <= FIRST) {
			counts[rank - 1]++;
			continue;
		}
		while (rank > (uint64_t)FIRST << (cell + 1))
			cell++;
		counts[FIRST + cell]++;
	}
	off = deviation(counts, parts, CELLS);
	if (!(off < 4))
		fail_msg("%g standard deviations off", off);
	distribution_release(&d);
}

/* What is checked with can fail: shifted by two parts in a hundred. */
static void
test_deviation(void **state)
{
	double parts[10];
	uint64_t counts[10];

	(void)state;
	for (int i = 0; i < 10; i++) {
		parts[i] = 0.1;
		counts[i] = DRAWS / 10;
	}
	assert_true(deviation(counts, parts, 10) < 0);
	counts[0] += DRAWS / 500;
	counts[1] -= DRAWS / 500;
	assert_true(deviation(counts, parts, 10) > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_deviation),
	    cmocka_unit_test(test_weights),
	    cmocka_unit_test(test_alias_exact),
	    cmocka_unit_test(test_zipf_alias),
	    cmocka_unit_test(test_zipf_rejection),
	    cmocka_unit_test(test_zipf_large),
	};

	return cmocka_run_group_tests_name("distribution", tests, NULL, NULL);
}
