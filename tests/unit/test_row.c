/*
 * Rows: every kind of measure over whole and real numbers against sums made by
 * other means, merging against adding, and the order of rank bits.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/row.h"
#include "base/random.h"

static const char text[] =
    "{\"name\": \"rows\", \"topic\": {\"name\": \"rows\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"},"
    "  \"i\": {\"type\": \"integer\", \"optional\": true},"
    "  \"r\": {\"type\": \"number\", \"optional\": true}}},"
    " \"tables\": {"
    "  \"whole\": {\"by\": [\"k\"], \"measures\": {"
    "   \"n\": \"count\", \"sum\": {\"sum\": \"i\"},"
    "   \"avg\": {\"average\": \"i\"}, \"min\": {\"minimum\": \"i\"},"
    "   \"max\": {\"maximum\": \"i\"}}},"
    "  \"real\": {\"by\": [\"k\"], \"measures\": {"
    "   \"n\": \"count\", \"sum\": {\"sum\": \"r\"},"
    "   \"avg\": {\"average\": \"r\"}, \"min\": {\"minimum\": \"r\"},"
    "   \"max\": {\"maximum\": \"r\"}}},"
    "  \"full\": {\"by\": [\"k\"], \"measures\": {"
    "   \"a\": {\"average\": \"i\"}, \"b\": {\"average\": \"i\"},"
    "   \"c\": {\"average\": \"i\"}, \"d\": {\"average\": \"i\"},"
    "   \"e\": {\"average\": \"i\"}, \"f\": {\"average\": \"i\"},"
    "   \"g\": {\"average\": \"i\"}, \"h\": {\"average\": \"r\"}}}}}";

enum { F_K, F_T, F_I, F_R };
enum { T_WHOLE, T_REAL, T_FULL };
enum { M_COUNT, M_SUM, M_AVERAGE, M_MINIMUM, M_MAXIMUM };

static struct pipeline *p;
static struct row_layout layouts[3];

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (pipeline_parse(text, sizeof(text) - 1, "rows.json", &p, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	for (unsigned i = 0; i < 3; i++)
		row_layout_init(&layouts[i], p, &p->tables[i]);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pipeline_free(p);
	return 0;
}

static struct event
whole(int64_t i)
{
	struct event event = {0};

	event.values[F_I].present = true;
	event.values[F_I].i = i;
	return event;
}

static struct event
real(double d)
{
	struct event event = {0};

	event.values[F_R].present = true;
	event.values[F_R].d = d;
	return event;
}

static void
add(unsigned table, void *row, struct event event, int32_t partition,
    int64_t offset)
{
	row_add(&layouts[table], row, &event,
		(struct position){partition, offset});
}

static void
assert_whole(unsigned table, const void *row, unsigned measure, int64_t want)
{
	struct value value = row_value(&layouts[table], row, measure);

	assert_int_equal(value.kind, VALUE_INT);
	assert_true(value.i == want);
}

static void
assert_real(unsigned table, const void *row, unsigned measure, double want)
{
	struct value value = row_value(&layouts[table], row, measure);

	assert_int_equal(value.kind, VALUE_REAL);
	assert_true(value.d >= want && value.d <= want);
}

static void
a_row_of_no_events(void **state)
{
	char row[ROW_MAX];

	(void)state;
	for (unsigned t = 0; t < 3; t++) {
		row_init(&layouts[t], row);
		for (unsigned m = 0; m < p->tables[t].measures_len; m++)
			assert_int_equal(row_value(&layouts[t], row, m).kind,
					 VALUE_NONE);
		assert_true(row_first(&layouts[t], row).offset < 0);
		assert_true(row_last(&layouts[t], row).offset < 0);
	}
}

static void
the_layout_fits(void **state)
{
	(void)state;
	assert_int_equal(layouts[T_FULL].size, ROW_MAX);
	assert_int_equal(layouts[T_WHOLE].size, 4 * 8 + 16 + 24);
	for (unsigned t = 0; t < 3; t++)
		assert_int_equal(layouts[t].size % 8, 0);
}

static void
whole_measures(void **state)
{
	static const int64_t values[] = {7, -3, 12, 0, -3};
	char row[ROW_MAX];

	(void)state;
	row_init(&layouts[T_WHOLE], row);
	for (unsigned i = 0; i < 5; i++)
		add(T_WHOLE, row, whole(values[i]), 0, i);
	assert_whole(T_WHOLE, row, M_COUNT, 5);
	assert_whole(T_WHOLE, row, M_SUM, 13);
	assert_real(T_WHOLE, row, M_AVERAGE, 13.0 / 5);
	assert_whole(T_WHOLE, row, M_MINIMUM, -3);
	assert_whole(T_WHOLE, row, M_MAXIMUM, 12);
}

static void
real_measures(void **state)
{
	/* Sums of halves and quarters are exact. */
	static const double values[] = {0.5, -2.25, 1e15, 0.25};
	char row[ROW_MAX];

	(void)state;
	row_init(&layouts[T_REAL], row);
	for (unsigned i = 0; i < 4; i++)
		add(T_REAL, row, real(values[i]), 0, i);
	assert_whole(T_REAL, row, M_COUNT, 4);
	assert_real(T_REAL, row, M_SUM, 999999999999998.5);
	assert_real(T_REAL, row, M_AVERAGE, 999999999999998.5 / 4);
	assert_real(T_REAL, row, M_MINIMUM, -2.25);
	assert_real(T_REAL, row, M_MAXIMUM, 1e15);
}

/* The first value must not be compared with a zero that was never there. */
static void
the_first_value_counts_by_itself(void **state)
{
	char row[ROW_MAX];

	(void)state;
	row_init(&layouts[T_WHOLE], row);
	add(T_WHOLE, row, whole(5), 0, 0);
	assert_whole(T_WHOLE, row, M_MINIMUM, 5);
	row_init(&layouts[T_WHOLE], row);
	add(T_WHOLE, row, whole(-5), 0, 0);
	assert_whole(T_WHOLE, row, M_MAXIMUM, -5);
	row_init(&layouts[T_REAL], row);
	add(T_REAL, row, real(0.5), 0, 0);
	assert_real(T_REAL, row, M_MINIMUM, 0.5);
	row_init(&layouts[T_REAL], row);
	add(T_REAL, row, real(-0.5), 0, 0);
	assert_real(T_REAL, row, M_MAXIMUM, -0.5);
}

static void
missing_fields_are_not_zero(void **state)
{
	struct event none = {0};
	char row[ROW_MAX];

	(void)state;
	row_init(&layouts[T_WHOLE], row);
	add(T_WHOLE, row, none, 0, 0);
	assert_whole(T_WHOLE, row, M_COUNT, 1);
	for (unsigned m = M_SUM; m <= M_MAXIMUM; m++)
		assert_int_equal(row_value(&layouts[T_WHOLE], row, m).kind,
				 VALUE_NONE);
	add(T_WHOLE, row, whole(-4), 0, 1);
	add(T_WHOLE, row, none, 0, 2);
	assert_whole(T_WHOLE, row, M_COUNT, 3);
	assert_whole(T_WHOLE, row, M_SUM, -4);
	assert_real(T_WHOLE, row, M_AVERAGE, -4);
	assert_whole(T_WHOLE, row, M_MINIMUM, -4);
	assert_whole(T_WHOLE, row, M_MAXIMUM, -4);
}

static void
sums_stop_at_the_ends(void **state)
{
	char row[ROW_MAX], other[ROW_MAX];

	(void)state;
	row_init(&layouts[T_WHOLE], row);
	add(T_WHOLE, row, whole(INT64_MAX - 1), 0, 0);
	add(T_WHOLE, row, whole(1), 0, 1);
	assert_whole(T_WHOLE, row, M_SUM, INT64_MAX);
	add(T_WHOLE, row, whole(1), 0, 2);
	assert_whole(T_WHOLE, row, M_SUM, INT64_MAX);
	memcpy(other, row, sizeof(other));
	row_merge(&layouts[T_WHOLE], row, other);
	assert_whole(T_WHOLE, row, M_SUM, INT64_MAX);
	assert_whole(T_WHOLE, row, M_COUNT, 6);
	row_init(&layouts[T_WHOLE], row);
	add(T_WHOLE, row, whole(INT64_MIN), 0, 0);
	add(T_WHOLE, row, whole(-1), 0, 1);
	assert_whole(T_WHOLE, row, M_SUM, INT64_MIN);
	assert_whole(T_WHOLE, row, M_MINIMUM, INT64_MIN);
}

static void
positions_of_the_first_and_last_event(void **state)
{
	char row[ROW_MAX], other[ROW_MAX];
	const struct row_layout *layout = &layouts[T_FULL];

	(void)state;
	row_init(layout, row);
	/* All eight bits of the mask are set: they share a word with it. */
	add(T_FULL, row, whole(1), ROW_PARTITION_MAX, INT64_MAX - 1);
	add(T_FULL, row, real(1), 3, 8);
	assert_int_equal(row_first(layout, row).partition, ROW_PARTITION_MAX);
	assert_true(row_first(layout, row).offset == INT64_MAX - 1);
	assert_int_equal(row_last(layout, row).partition, 3);
	assert_int_equal(row_last(layout, row).offset, 8);
	row_init(layout, other);
	add(T_FULL, other, whole(1), 2, 0);
	row_merge(layout, row, other);
	assert_int_equal(row_first(layout, row).partition, ROW_PARTITION_MAX);
	assert_int_equal(row_last(layout, row).partition, 2);
	assert_int_equal(row_last(layout, row).offset, 0);
	/* Into nothing: all of it is taken over. */
	row_init(layout, other);
	row_merge(layout, other, row);
	assert_memory_equal(other, row, layout->size);
}

static void
merging_is_adding(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 1, 0);
	for (unsigned round = 0; round < 2000; round++) {
		unsigned table = (unsigned)random_below(&random, 3);
		const struct row_layout *layout = &layouts[table];
		char all[ROW_MAX], into[ROW_MAX], from[ROW_MAX];
		unsigned n = (unsigned)random_below(&random, 12);
		unsigned cut = (unsigned)random_below(&random, n + 1);
		int64_t count = 0;

		row_init(layout, all);
		row_init(layout, into);
		row_init(layout, from);
		for (unsigned i = 0; i < n; i++) {
			struct event event = {0};
			int32_t partition = (int32_t)random_below(&random, 9);

			event.values[F_I].present = random_below(&random, 2);
			event.values[F_R].present = random_below(&random, 2);
			event.values[F_I].i = (int64_t)random_u64(&random) >>
					      random_below(&random, 60);
			/* Exact in any order. */
			event.values[F_R].d =
			    (double)random_below(&random, 4096) / 16 - 100;
			add(table, all, event, partition, i);
			add(table, i < cut ? into : from, event, partition, i);
			count++;
		}
		if (cut < n)
			row_merge(layout, into, from);
		/*
		 * Sums that stopped at an end depend on the order; all others
		 * must be the same bytes.
		 */
		if (table == T_REAL)
			assert_memory_equal(into, all, layout->size);
		if (table != T_FULL && n)
			assert_whole(table, into, M_COUNT, count);
		assert_int_equal(row_first(layout, into).offset,
				 row_first(layout, all).offset);
		assert_int_equal(row_last(layout, into).offset,
				 row_last(layout, all).offset);
		if (table == T_WHOLE) {
			for (unsigned m = M_MINIMUM; m <= M_MAXIMUM; m++) {
				struct value a = row_value(layout, into, m);
				struct value b = row_value(layout, all, m);

				assert_int_equal(a.kind, b.kind);
				if (a.kind == VALUE_INT)
					assert_true(a.i == b.i);
			}
		}
	}
}

/* ---- Rank bits ---- */

static uint64_t
bits_of_whole(int64_t i)
{
	struct row_layout layout = layouts[T_WHOLE];
	char row[ROW_MAX];
	uint64_t bits = 0;

	layout.rank = M_MAXIMUM;
	row_init(&layout, row);
	assert_false(row_rank_bits(&layout, row, &bits));
	add(T_WHOLE, row, whole(i), 0, 0);
	assert_true(row_rank_bits(&layout, row, &bits));
	assert_int_equal(row_rank_value(&layout, bits).kind, VALUE_INT);
	assert_true(row_rank_value(&layout, bits).i == i);
	return bits;
}

static uint64_t
bits_of_real(double d)
{
	struct row_layout layout = layouts[T_REAL];
	char row[ROW_MAX];
	uint64_t bits = 0;

	layout.rank = M_AVERAGE;
	row_init(&layout, row);
	assert_false(row_rank_bits(&layout, row, &bits));
	add(T_REAL, row, real(d), 0, 0);
	assert_true(row_rank_bits(&layout, row, &bits));
	assert_int_equal(row_rank_value(&layout, bits).kind, VALUE_REAL);
	assert_true(row_rank_value(&layout, bits).d >= d &&
		    row_rank_value(&layout, bits).d <= d);
	return bits;
}

static void
whole_ranks_keep_their_order(void **state)
{
	/* Neighbours that no double tells apart are among them. */
	static const int64_t values[] = {INT64_MIN,
					 INT64_MIN + 1,
					 -(1LL << 53) - 1,
					 -(1LL << 53),
					 -1,
					 0,
					 1,
					 1LL << 53,
					 (1LL << 53) + 1,
					 INT64_MAX - 1,
					 INT64_MAX};

	(void)state;
	for (size_t i = 1; i < sizeof(values) / sizeof(*values); i++)
		assert_true(bits_of_whole(values[i - 1]) <
			    bits_of_whole(values[i]));
}

static void
real_ranks_keep_their_order(void **state)
{
	static const double values[] = {
	    -HUGE_VAL, -DBL_MAX, -1.5,      -1, -DBL_MIN, -4.9e-324, 0,
	    4.9e-324,  DBL_MIN,  1 - 1e-16, 1,  1.5,      DBL_MAX,   HUGE_VAL};

	(void)state;
	for (size_t i = 1; i < sizeof(values) / sizeof(*values); i++)
		assert_true(bits_of_real(values[i - 1]) <
			    bits_of_real(values[i]));
	assert_true(bits_of_real(-0.0) == bits_of_real(0.0));
}

static void
random_ranks_keep_their_order(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 2, 0);
	for (unsigned i = 0; i < 20000; i++) {
		int64_t a = (int64_t)random_u64(&random);
		int64_t b =
		    (int64_t)random_u64(&random) >> random_below(&random, 64);
		double x, y;

		assert_int_equal(a < b, bits_of_whole(a) < bits_of_whole(b));
		memcpy(&x, &a, sizeof(x));
		memcpy(&y, &b, sizeof(y));
		if (isfinite(x) && isfinite(y))
			assert_int_equal(x < y,
					 bits_of_real(x) < bits_of_real(y));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_of_no_events),
	    cmocka_unit_test(the_layout_fits),
	    cmocka_unit_test(whole_measures),
	    cmocka_unit_test(real_measures),
	    cmocka_unit_test(the_first_value_counts_by_itself),
	    cmocka_unit_test(missing_fields_are_not_zero),
	    cmocka_unit_test(sums_stop_at_the_ends),
	    cmocka_unit_test(positions_of_the_first_and_last_event),
	    cmocka_unit_test(merging_is_adding),
	    cmocka_unit_test(whole_ranks_keep_their_order),
	    cmocka_unit_test(real_ranks_keep_their_order),
	    cmocka_unit_test(random_ranks_keep_their_order),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
