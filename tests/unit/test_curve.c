/*
 * Curves and the pace that follows them, on time that is made up. What comes is
 * held against sums over small steps, made here.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "generate/curve.h"
#include "generate/pace.h"

#define SECOND INT64_C(1000000000)
#define START  (INT64_C(123456) * SECOND)
#define ALL    UINT64_MAX

static const struct curve curves[] = {
    {CURVE_CONSTANT, 60000, 0.1, 0.2, -1, 0.5},
    {CURVE_RAMP, 30000, 0, 0.2, -1, 0.5},
    {CURVE_RAMP, 20000, 0.25, 0.2, -1, 0.5},
    {CURVE_SINE, 10000, 0, 0.2, -1, 0.5},
    {CURVE_SINE, 17000, 0.4, 0.2, -1, 0.5},
    {CURVE_BURSTS, 10000, 0, 0.3, -1, 0.5},
    {CURVE_BURSTS, 7000, 0.1, 1, -1, 0.5},
    {CURVE_SPIKE, 30000, 0.1, 0.5, 0, 0.5},
};
#define LEN (sizeof(curves) / sizeof(curves[0]))

/* Known by hand. */
static void
test_moments(void **state)
{
	static const struct {
		unsigned curve;
		double seconds, part;
	} moments[] = {
	    {0, 5, 1},      {1, 0, 0},      {1, 15, 0.5},  {1, 30, 1},
	    {1, 3000, 1},   {2, 10, 0.625}, {3, 0, 0},     {3, 2.5, 0.5},
	    {3, 5, 1},      {3, 10, 0},     {3, 25, 1},    {4, 0, 0.4},
	    {5, 0, 1},      {5, 2.999, 1},  {5, 3.001, 0}, {5, 9.999, 0},
	    {5, 10.001, 1}, {6, 6.9, 1},    {7, 20, 1},    {5, -1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		double part = curve_at(&curves[moments[i].curve],
				       (int64_t)(moments[i].seconds * 1e9));

		assert_true(fabs(part - moments[i].part) < 1e-9);
	}
	assert_true(curve_spikes(&curves[7], 0));
	assert_true(curve_spikes(&curves[7], 14 * SECOND));
	assert_false(curve_spikes(&curves[7], 16 * SECOND));
	assert_true(curve_spikes(&curves[7], 31 * SECOND));
	assert_false(curve_spikes(&curves[0], 0));
}

/* The integral is what the parts add up to. */
static void
test_sum(void **state)
{
	const int64_t step_ns = 100000;

	(void)state;
	for (size_t i = 0; i < LEN; i++) {
		double sum = 0;

		for (int64_t ns = 0; ns < 65 * SECOND; ns += step_ns) {
			sum += curve_at(&curves[i], ns + step_ns / 2) *
			       (double)step_ns / 1e9;
			if (ns % (5 * SECOND) == 0)
				assert_true(
				    fabs(curve_sum(&curves[i], ns + step_ns) -
					 sum) < 1e-3);
		}
	}
}

/* All that is due and never more, however it is asked. */
static void
test_exact(void **state)
{
	static const int64_t steps_ns[] = {1000000, 7777777, 49000000};

	(void)state;
	for (size_t i = 0; i < LEN; i++) {
		for (size_t j = 0; j < 3; j++) {
			struct pace pace;
			double taken = 0;

			pace_init(&pace, 5000, START);
			pace_follow(&pace, &curves[i], START, START);
			for (int64_t ns = steps_ns[j]; ns < 90 * SECOND;
			     ns += steps_ns[j]) {
				double due = 5000 * curve_sum(&curves[i], ns);

				taken +=
				    (double)pace_take(&pace, ALL, START + ns);
				assert_true(taken <= due + 1e-4);
				assert_true(taken > due - 1 - 1e-4);
			}
		}
	}
}

/* As the generator does it: what it waits is never so long that some is lost.
 */
static void
test_wait(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 1, 0);
	for (size_t i = 0; i < LEN; i++) {
		int64_t now_ns = START, end_ns = START + 120 * SECOND;
		struct pace pace;
		double taken = 0, due;

		pace_init(&pace, 300, now_ns);
		pace_follow(&pace, &curves[i], START, START);
		while (now_ns < end_ns) {
			int64_t wait_ns = pace_wait_ns(&pace, now_ns);

			assert_true(wait_ns >= 0 && wait_ns <= PACE_LOOK_NS);
			now_ns +=
			    wait_ns + (int64_t)random_below(&random, 20000000);
			taken += (double)pace_take(&pace, ALL, now_ns);
		}
		due = 300 * curve_sum(&curves[i], now_ns - START);
		assert_true(taken <= due + 1e-4 && taken > due - 1 - 1e-4);
	}
}

/* Another rate or curve takes nothing away and adds nothing. */
static void
test_change(void **state)
{
	struct pace pace;
	double taken = 0, due = 0;
	int64_t now_ns = START;

	(void)state;
	pace_init(&pace, 1000, now_ns);
	for (size_t i = 0; i < LEN; i++) {
		double rate = 1000 + 100 * (double)i;
		int64_t began_ns = now_ns;

		pace_set(&pace, rate, now_ns);
		pace_follow(&pace, &curves[i], began_ns, now_ns);
		while (now_ns < began_ns + 25 * SECOND) {
			now_ns += 10000000;
			taken += (double)pace_take(&pace, ALL, now_ns);
		}
		due += rate * curve_sum(&curves[i], now_ns - began_ns);
	}
	assert_true(taken <= due + 1e-3 && taken > due - 1 - 1e-3);
	/* Without a limit there is nothing to follow. */
	pace_set(&pace, INFINITY, now_ns);
	assert_int_equal(pace_take(&pace, 7, now_ns), 7);
	assert_int_equal(pace_wait_ns(&pace, now_ns), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_moments), cmocka_unit_test(test_sum),
	    cmocka_unit_test(test_exact),   cmocka_unit_test(test_wait),
	    cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
