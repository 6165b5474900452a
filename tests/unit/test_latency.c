/* From creation to being seen: figures against ages that were sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "latency.h"

#define NOW INT64_C(1735689600000)

static void
assert_figures(struct latency *latency, int64_t now_ms, int64_t median_ms,
	       int64_t p99_ms)
{
	int64_t median, p99;

	latency_figures(latency, now_ms, &median, &p99);
	assert_int_equal(median, median_ms);
	assert_int_equal(p99, p99_ms);
}

static void
test_nothing(void **state)
{
	struct latency latency = {0};

	(void)state;
	assert_figures(&latency, NOW, -1, -1);
	latency_read(&latency, -1, NOW, 5); /* a broker's time */
	latency_read(&latency, NOW, NOW, 0);
	latency_seen(&latency, NOW);
	assert_figures(&latency, NOW, -1, -1);
	/* A clock that is ahead of ours. */
	latency_read(&latency, NOW + 5000, NOW + 6000, 100);
	latency_seen(&latency, NOW);
	assert_figures(&latency, NOW, -1, -1);
}

static void
test_small(void **state)
{
	struct latency latency = {0};

	(void)state;
	latency_read(&latency, NOW - 7, NOW - 7, 1);
	assert_figures(&latency, NOW, -1, -1); /* read, not yet seen */
	latency_seen(&latency, NOW);
	assert_figures(&latency, NOW, 7, 7);
	latency_read(&latency, NOW - 3, NOW - 3, 98);
	latency_seen(&latency, NOW);
	assert_figures(&latency, NOW, 3, 7); /* the 99th of 99 */
	latency_read(&latency, NOW - 12, NOW - 12, 1);
	latency_seen(&latency, NOW);
	/* 98 at 3, one at 7, one at 12: of a hundred, the 99th. */
	assert_figures(&latency, NOW, 3, 7);
}

static void
test_forgets(void **state)
{
	struct latency latency = {0};

	(void)state;
	latency_read(&latency, NOW - 9, NOW - 9, 1000);
	latency_seen(&latency, NOW);
	latency_read(&latency, NOW + 4000, NOW + 4000, 10);
	latency_seen(&latency, NOW + 4002);
	assert_figures(&latency, NOW + 9999, 9, 9);
	assert_figures(&latency, NOW + 10000, 2, 2);
	assert_figures(&latency, NOW + 14000, -1, -1);
	/* A clock that was set back begins anew. */
	latency_read(&latency, NOW - 1, NOW - 1, 10);
	latency_seen(&latency, NOW);
	assert_figures(&latency, NOW, 1, 1);
	assert_figures(&latency, NOW - 60000, -1, -1);
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
assert_near(int64_t is, int64_t wanted)
{
	assert_in_range(is, wanted - wanted / 10 - 1, wanted + wanted / 10 + 1);
}

/*
 * Batches of many lengths, more of them than are kept apart, against the ages
 * of all their events.
 */
static void
test_batches(void **state)
{
	enum { BATCHES = 600, EVENTS = 400 };
	int64_t *ages = malloc(sizeof(*ages) * BATCHES * EVENTS);
	struct latency latency = {0};
	int64_t median, p99, first = NOW - 9000, step = 15;
	size_t n = 0;

	(void)state;
	/* Each begins where the one before ended, as a partition's do. */
	for (int b = 0; b < BATCHES; b++, first += step) {
		latency_read(&latency, first, first + step, EVENTS);
		for (int i = 0; i < EVENTS; i++)
			ages[n++] = NOW - first - step * i / EVENTS;
	}
	latency_seen(&latency, NOW);
	qsort(ages, n, sizeof(*ages), by_size);
	latency_figures(&latency, NOW, &median, &p99);
	assert_near(median, ages[n / 2]);
	assert_near(p99, ages[n - n / 100]);
	free(ages);
}

/* Days, and what no clock can have meant. */
static void
test_large(void **state)
{
	struct latency latency = {0};
	int64_t median, p99;

	(void)state;
	latency_read(&latency, NOW - 3 * INT64_C(86400000),
		     NOW - 3 * INT64_C(86400000), 10);
	latency_seen(&latency, NOW);
	latency_figures(&latency, NOW, &median, &p99);
	assert_near(median, 3 * INT64_C(86400000));
	latency_read(&latency, 0, 0, 1000);
	latency_seen(&latency, NOW);
	latency_figures(&latency, NOW, &median, &p99);
	assert_near(p99, NOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing), cmocka_unit_test(test_small),
	    cmocka_unit_test(test_forgets), cmocka_unit_test(test_batches),
	    cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
