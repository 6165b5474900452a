/*
 * Random streams: the published generator, streams that differ, and bounded
 * numbers that are even.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

/*
 * The first numbers of xoshiro256** from the state 1, 2, 3, 4, as the test
 * vectors of several independent implementations have them.
 */
static void
test_vector(void **state)
{
	static const uint64_t expected[] = {
	    UINT64_C(11520),
	    UINT64_C(0),
	    UINT64_C(1509978240),
	    UINT64_C(1215971899390074240),
	    UINT64_C(1216172134540287360),
	    UINT64_C(607988272756665600),
	    UINT64_C(16172922978634559625),
	    UINT64_C(8476171486693032832),
	    UINT64_C(10595114339597558777),
	    UINT64_C(2904607092377533576),
	};
	struct random random = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_true(random_u64(&random) == expected[i]);
}

static void
test_streams(void **state)
{
	static const uint64_t seeds[] = {0, 1, 2, UINT64_MAX};
	struct random a, b;

	(void)state;
	random_init(&a, 7, 3);
	random_init(&b, 7, 3);
	for (int i = 0; i < 1000; i++)
		assert_true(random_u64(&a) == random_u64(&b));

	/* Each of 16 pairs of seed and stream is another one. */
	for (unsigned i = 0; i < 16; i++) {
		for (unsigned j = 0; j < i; j++) {
			random_init(&a, seeds[i / 4], seeds[i % 4]);
			random_init(&b, seeds[j / 4], seeds[j % 4]);
			for (int n = 0; n < 4; n++)
				assert_true(random_u64(&a) != random_u64(&b));
		}
	}
}

static void
test_double(void **state)
{
	struct random random;
	double sum = 0, low = 1, high = 0;
	const int many = 1000000;

	(void)state;
	random_init(&random, 1, 0);
	for (int i = 0; i < many; i++) {
		double d = random_double(&random);

		assert_true(d >= 0 && d < 1);
		sum += d;
		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	/* Standard error of the mean: 0.29 / 1000. */
	assert_true(sum / many > 0.4985 && sum / many < 0.5015);
	assert_true(low < 1e-4 && high > 1 - 1e-4);
}

static void
check_even(uint64_t n, unsigned cells)
{
	uint64_t counts[16] = {0};
	struct random random;
	const int many = 1000000;
	double chi2 = 0, expected = (double)many / cells;

	random_init(&random, 42, n);
	for (int i = 0; i < many; i++) {
		uint64_t drawn = random_below(&random, n);

		assert_true(drawn < n);
		counts[(unsigned __int128)drawn * cells / n]++;
	}
	for (unsigned i = 0; i < cells; i++) {
		double off = (double)counts[i] - expected;

		chi2 += off * off / expected;
	}
	/* Of at most 15 degrees of freedom: 1 in 100,000 is beyond 52. */
	assert_true(chi2 < 52);
	/* Too even is not random either: at 5 and more, 1 in 100,000. */
	assert_true(cells < 6 || chi2 > 0.06);
}

static void
test_below(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 1, 0);
	for (int i = 0; i < 100; i++)
		assert_true(random_below(&random, 1) == 0);
	check_even(2, 2);
	check_even(3, 3);
	check_even(10, 10);
	check_even(1000, 8);
	check_even(UINT64_C(3) << 62, 12);
	check_even(UINT64_MAX, 16);
}

/* Without rejection, every third number below 3 * 2^62 would come twice as
   often as its neighbours. */
static void
test_rejection(void **state)
{
	struct random random;
	unsigned counts[3] = {0};

	(void)state;
	random_init(&random, 1, 0);
	for (int i = 0; i < 300000; i++)
		counts[random_below(&random, UINT64_C(3) << 62) % 3]++;
	/* 4 standard deviations of 258. */
	for (int i = 0; i < 3; i++)
		assert_in_range(counts[i], 100000 - 1033, 100000 + 1033);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vector),    cmocka_unit_test(test_streams),
	    cmocka_unit_test(test_double),    cmocka_unit_test(test_below),
	    cmocka_unit_test(test_rejection),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
