/*
 * The pace, on time that is made up: exact rates, bounded bursts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "base/random.h"
#include "generate/pace.h"

#define SECOND INT64_C(1000000000)
#define START  (INT64_C(123456) * SECOND)
#define ALL    UINT64_MAX

static const double rates[] = {1, 10, 1000, 100000};
#define RATES (sizeof(rates) / sizeof(rates[0]))

/* Called every so often, it gives all that is due and never more. */
static void
test_exact(void **state)
{
	static const int64_t steps_ns[] = {1000000, 7777777, 333333, 49000000};

	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		for (size_t j = 0; j < 4; j++) {
			struct pace pace;
			double taken = 0;
			int64_t ns = 0;

			pace_init(&pace, rates[i], START);
			while (ns + steps_ns[j] < 100 * SECOND) {
				double due;

				ns += steps_ns[j];
				taken +=
				    (double)pace_take(&pace, ALL, START + ns);
				due = (double)ns / 1e9 * rates[i];
				assert_true(taken <= due + 1e-6);
				assert_true(taken > due - 1 - 1e-6);
			}
		}
	}
}

/* As the generator does it: sleep as long as it is told, wake up late. */
static void
test_wait(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 1, 0);
	for (size_t i = 0; i < RATES; i++) {
		struct pace pace;
		int64_t now_ns = START;
		double taken = 0, due;

		pace_init(&pace, rates[i], now_ns);
		while (taken < 500) {
			int64_t wait_ns = pace_wait_ns(&pace, now_ns);
			uint64_t got;

			assert_true(wait_ns > 0 && wait_ns <= SECOND);
			/* Not a microsecond too long. */
			assert_int_equal(
			    pace_take(&pace, ALL, now_ns + wait_ns - 1000), 0);
			now_ns +=
			    wait_ns + (int64_t)random_below(&random, 20000000);
			got = pace_take(&pace, ALL, now_ns);
			assert_true(got >= 1);
			taken += (double)got;
		}
		due = (double)(now_ns - START) / 1e9 * rates[i];
		assert_true(taken <= due + 1e-6 && taken > due - 1 - 1e-6);
	}
}

/* In an hour of a rate that no binary fraction expresses, not one is lost. */
static void
test_long(void **state)
{
	struct pace pace;
	double taken = 0;

	(void)state;
	pace_init(&pace, 1234.567, START);
	for (int64_t ms = 1; ms <= 3600 * 1000; ms++)
		taken += (double)pace_take(&pace, ALL, START + ms * 1000000);
	assert_true(fabs(taken - 3600 * 1234.567) <= 1);
}

/* However long it was held back: what 50 ms give, and the one to wait for. */
static void
test_burst(void **state)
{
	(void)state;
	for (size_t i = 0; i < RATES; i++) {
		struct pace pace;
		uint64_t most = 1 + (uint64_t)(rates[i] * 0.05);

		pace_init(&pace, rates[i], START);
		assert_int_equal(pace_take(&pace, ALL, START + 3600 * SECOND),
				 most);
		assert_int_equal(pace_take(&pace, ALL, START + 3600 * SECOND),
				 0);
	}
}

static void
test_want(void **state)
{
	struct pace pace;
	int64_t now_ns = START + SECOND / 100;

	(void)state;
	pace_init(&pace, 1000, START);
	assert_int_equal(pace_take(&pace, 0, now_ns), 0);
	assert_int_equal(pace_take(&pace, 3, now_ns), 3);
	assert_int_equal(pace_wait_ns(&pace, now_ns), 0);
	assert_int_equal(pace_take(&pace, 100, now_ns), 7);
	pace_return(&pace, 4);
	assert_int_equal(pace_take(&pace, 100, now_ns), 4);
	assert_int_equal(pace_take(&pace, 100, now_ns), 0);
	/* Putting back does not get round the bound. */
	pace_return(&pace, 1000000);
	assert_int_equal(pace_take(&pace, ALL, now_ns), 51);
}

/* Half a token of the old rate is half a token of the new one. */
static void
test_change(void **state)
{
	struct pace pace;
	int64_t now_ns = START;

	(void)state;
	pace_init(&pace, 1, now_ns);
	now_ns += SECOND / 2;
	pace_set(&pace, 10, now_ns);
	assert_int_equal(pace_take(&pace, ALL, now_ns + 49999999), 0);
	assert_int_equal(pace_take(&pace, ALL, now_ns + 50000001), 1);

	/* From fast to slow, the flood of the fast one is not let through. */
	pace_init(&pace, 100000, START);
	now_ns = START + SECOND;
	pace_set(&pace, 10, now_ns);
	assert_int_equal(pace_take(&pace, ALL, now_ns), 1);
	/* And from slow to fast the past is not counted at the new rate. */
	pace_init(&pace, 1, START);
	pace_set(&pace, 100000, START + SECOND / 2);
	assert_int_equal(pace_take(&pace, ALL, START + SECOND / 2), 0);
	assert_int_equal(pace_take(&pace, ALL, START + SECOND / 2 + 1000000),
			 100);
}

static void
test_stopped(void **state)
{
	static const double none[] = {0, -0.0, -5, NAN, -INFINITY};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct pace pace;
		int64_t now_ns = START;

		pace_init(&pace, none[i], now_ns);
		now_ns += 1000 * SECOND;
		assert_int_equal(pace_take(&pace, ALL, now_ns), 0);
		assert_true(pace_wait_ns(&pace, now_ns) == INT64_MAX);
		/* The time that it stood still gives nothing. */
		pace_set(&pace, 10, now_ns);
		assert_int_equal(pace_take(&pace, ALL, now_ns), 0);
		assert_int_equal(pace_wait_ns(&pace, now_ns), SECOND / 10);
		/* Stopped at once, tokens or not. */
		now_ns += SECOND;
		pace_set(&pace, none[i], now_ns);
		assert_int_equal(pace_take(&pace, ALL, now_ns), 0);
	}
}

static void
test_unlimited(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, INFINITY, START);
	assert_int_equal(pace_take(&pace, 12345, START), 12345);
	assert_int_equal(pace_wait_ns(&pace, START), 0);
	pace_return(&pace, 10);
	pace_set(&pace, 1000, START + SECOND);
	assert_int_equal(pace_take(&pace, ALL, START + SECOND), 0);
	assert_int_equal(pace_take(&pace, ALL, START + SECOND + 5000000), 5);
	pace_set(&pace, INFINITY, START + SECOND);
	assert_int_equal(pace_take(&pace, 7, START), 7);
}

/* Steady time does not go back; if it does, nothing is given or lost. */
static void
test_backwards(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, 1000, START);
	assert_int_equal(pace_take(&pace, ALL, START + 10000000), 10);
	assert_int_equal(pace_take(&pace, ALL, START), 0);
	assert_int_equal(pace_take(&pace, ALL, START + 20000000), 10);
}

/* A rate so low that its token is beyond 64 bits of nanoseconds. */
static void
test_slow(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, 1e-300, START);
	assert_true(pace_wait_ns(&pace, START) == INT64_MAX);
	pace_init(&pace, 0.001, START);
	assert_int_equal(pace_take(&pace, ALL, START + 999 * SECOND), 0);
	assert_int_equal(pace_take(&pace, ALL, START + 1000 * SECOND), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exact),     cmocka_unit_test(test_wait),
	    cmocka_unit_test(test_long),      cmocka_unit_test(test_burst),
	    cmocka_unit_test(test_want),      cmocka_unit_test(test_change),
	    cmocka_unit_test(test_stopped),   cmocka_unit_test(test_unlimited),
	    cmocka_unit_test(test_backwards), cmocka_unit_test(test_slow),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
