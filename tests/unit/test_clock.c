/*
 * Time: the system's until it is made virtual, which is for the whole program
 * and for good; so the order of these tests counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

/* 2020 and 2100: what a clock may say. */
#define EARLIEST_MS INT64_C(1577836800000)
#define LATEST_MS   INT64_C(4102444800000)

static int64_t
system_ns(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Waits until the system's clock has moved on. */
static void
let_time_pass(void)
{
	int64_t now_ns = system_ns();

	while (system_ns() == now_ns)
		continue;
}

static void
assert_steady(void)
{
	int64_t before_ns = system_ns(), steady_ns = clock_steady_ns();

	assert_true(before_ns <= steady_ns);
	assert_true(steady_ns <= system_ns());
}

static void
test_system(void **state)
{
	int64_t flow_ns = clock_flow_ns(), wall_ms = clock_wall_ms();

	(void)state;
	assert_false(clock_is_virtual());
	assert_true(wall_ms > EARLIEST_MS && wall_ms < LATEST_MS);
	assert_steady();
	let_time_pass();
	assert_true(clock_flow_ns() > flow_ns);
	assert_true(clock_flow_ns() <= system_ns());
}

/* Both begin where every seeded run does, and stand still. */
static void
test_begin(void **state)
{
	int64_t flow_ns;

	(void)state;
	clock_set(0);
	assert_true(clock_is_virtual());
	assert_int_equal(clock_wall_ms(), CLOCK_SEEDED_START_MS);
	flow_ns = clock_flow_ns();
	/* 0 often means "never". */
	assert_true(flow_ns > 0);
	let_time_pass();
	assert_int_equal(clock_wall_ms(), CLOCK_SEEDED_START_MS);
	assert_int_equal(clock_flow_ns(), flow_ns);
}

static void
test_moves(void **state)
{
	static const int64_t set_ms[] = {1, 10, 10, 250, 3600000};
	int64_t begun_ns = clock_flow_ns();

	(void)state;
	for (size_t i = 0; i < sizeof(set_ms) / sizeof(set_ms[0]); i++) {
		clock_set(set_ms[i]);
		assert_int_equal(clock_wall_ms(),
				 CLOCK_SEEDED_START_MS + set_ms[i]);
		assert_int_equal(clock_flow_ns() - begun_ns,
				 set_ms[i] * 1000000);
	}
}

static void
test_never_back(void **state)
{
	static const int64_t set_ms[] = {3599999, 250, 0, -1, INT64_MIN};
	int64_t wall_ms = clock_wall_ms(), flow_ns = clock_flow_ns();

	(void)state;
	for (size_t i = 0; i < sizeof(set_ms) / sizeof(set_ms[0]); i++) {
		clock_set(set_ms[i]);
		assert_true(clock_is_virtual());
		assert_int_equal(clock_wall_ms(), wall_ms);
		assert_int_equal(clock_flow_ns(), flow_ns);
	}
}

/* Who waits for somebody else does so by the system's time. */
static void
test_steady(void **state)
{
	int64_t steady_ns = clock_steady_ns();

	(void)state;
	assert_steady();
	clock_set(INT64_C(7200000));
	assert_steady();
	let_time_pass();
	assert_true(clock_steady_ns() > steady_ns);
}

/* Waits for a moment that is over end at once, whatever virtual time says. */
static void
test_condition(void **state)
{
	struct timespec until = clock_timespec(clock_steady_ns());
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never;

	(void)state;
	clock_cond_init(&never);
	pthread_mutex_lock(&lock);
	while (pthread_cond_timedwait(&never, &lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&never);
	assert_true(system_ns() >=
		    (int64_t)until.tv_sec * 1000000000 + until.tv_nsec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_system), cmocka_unit_test(test_begin),
	    cmocka_unit_test(test_moves),  cmocka_unit_test(test_never_back),
	    cmocka_unit_test(test_steady), cmocka_unit_test(test_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
