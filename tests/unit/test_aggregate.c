/*
 * Aggregation: which window an event falls into, until when it may come, what
 * counts as late, and how far the watermark has come. The sums are compared
 * with a count over a plain array of events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/aggregate.h"
#include "aggregate/watermark.h"
#include "base/bytes.h"
#include "base/random.h"

#define MINUTE INT64_C(60000)

static const char text[] =
    "{\"name\": \"sums\", \"topic\": {\"name\": \"sums\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"},"
    "  \"i\": {\"type\": \"integer\", \"optional\": true}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"sum\": {\"sum\": \"i\"}}},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"10m\","
    "    \"lateness\": \"10s\"}},"
    "  \"seconds\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"7s\", \"keep\": \"10m\","
    "    \"lateness\": \"0s\"}}}}";

enum { F_K, F_T, F_I };
enum { T_KEYS, T_MINUTES, T_SECONDS };

/* Windows that overlap, and one that does not. */
static const char hopping_text[] =
    "{\"name\": \"hops\", \"topic\": {\"name\": \"hops\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"fives\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"hopping\": \"5m\", \"advance\": \"1m\","
    "    \"lateness\": \"10s\"}},"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"lateness\": \"30s\"}},"
    "  \"odd\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"hopping\": \"49s\", \"advance\": \"7s\","
    "    \"lateness\": \"0s\"}}}}";

enum { H_FIVES, H_KEYS, H_MINUTES, H_ODD };

static struct pipeline *p, *hopping;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (pipeline_parse(text, sizeof(text) - 1, "sums.json", &p, &err) ||
	    pipeline_parse(hopping_text, sizeof(hopping_text) - 1, "hops.json",
			   &hopping, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pipeline_free(p);
	pipeline_free(hopping);
	return 0;
}

static void
add(struct aggregate *aggregate, const char *key, int64_t time_ms,
    int64_t watermark_ms)
{
	struct event event = {.time_ms = time_ms};

	event.values[F_K].present = true;
	event.values[F_K].text = (struct text){key, strlen(key)};
	event.values[F_T].present = true;
	event.values[F_T].i = time_ms;
	aggregate_add(aggregate, &event, (struct position){0, 0}, watermark_ms);
	aggregate_settle(aggregate);
}

/* The count of a key in a table; `window` is of no use without windows. */
static int64_t
count_of(struct aggregate *aggregate, unsigned table, int64_t window,
	 const char *key)
{
	struct aggregate_table *t = &aggregate->tables[table];

	delta_sort(&t->delta);
	for (size_t i = 0; i < t->delta.len; i++) {
		struct text at;
		const void *row = delta_get(&t->delta, i, &at);

		if (aggregate->pipeline->tables[table].window_ms) {
			assert_true(at.size >= WINDOW_KEY_SIZE);
			if (key_to_i64(get_be64(at.data)) != window)
				continue;
			at.data += WINDOW_KEY_SIZE;
			at.size -= WINDOW_KEY_SIZE;
		}
		if (at.size == strlen(key) &&
		    memcmp(at.data, key, at.size) == 0)
			return row_value(&t->layout, row, 0).i;
	}
	return 0;
}

static void
windows_begin_at_multiples(void **state)
{
	static const struct {
		int64_t time, size, start;
	} cases[] = {
	    {0, 60000, 0},
	    {1, 60000, 0},
	    {59999, 60000, 0},
	    {60000, 60000, 60000},
	    {60001, 60000, 60000},
	    {-1, 60000, -60000},
	    {-59999, 60000, -60000},
	    {-60000, 60000, -60000},
	    {-60001, 60000, -120000},
	    {1735689600000, 86400000, 1735689600000},
	    {1735689599999, 86400000, 1735603200000},
	    {8000, 7000, 7000},
	    {INT64_MAX, 1, INT64_MAX},
	    {INT64_MAX, 60000, INT64_MAX - INT64_MAX % 60000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_true(window_start(cases[i].time, cases[i].size) ==
			    cases[i].start);
}

static void
a_window_closes_after_its_lateness(void **state)
{
	const struct table_spec *minutes = &p->tables[T_MINUTES];

	(void)state;
	assert_false(window_closed(0, minutes, WATERMARK_NONE));
	assert_false(window_closed(0, minutes, 0));
	assert_false(window_closed(0, minutes, 60000 + 9999));
	assert_true(window_closed(0, minutes, 60000 + 10000));
	assert_true(window_closed(0, minutes, INT64_MAX));
	assert_false(window_closed(0, &p->tables[T_SECONDS], 6999));
	assert_true(window_closed(0, &p->tables[T_SECONDS], 7000));
}

static void
events_fall_into_their_windows(void **state)
{
	struct aggregate a;

	(void)state;
	aggregate_init(&a, p);
	add(&a, "a", 0, WATERMARK_NONE);
	add(&a, "a", 59999, WATERMARK_NONE);
	add(&a, "a", 60000, WATERMARK_NONE);
	add(&a, "b", 60000, WATERMARK_NONE);
	add(&a, "", 60000, WATERMARK_NONE);
	assert_int_equal(count_of(&a, T_KEYS, 0, "a"), 3);
	assert_int_equal(count_of(&a, T_MINUTES, 0, "a"), 2);
	assert_int_equal(count_of(&a, T_MINUTES, 0, "b"), 0);
	assert_int_equal(count_of(&a, T_MINUTES, 60000, "a"), 1);
	assert_int_equal(count_of(&a, T_MINUTES, 60000, "b"), 1);
	assert_int_equal(count_of(&a, T_SECONDS, 56000, "a"), 2);
	assert_int_equal(a.tables[T_KEYS].delta.len, 3);
	assert_int_equal(a.tables[T_MINUTES].delta.len, 4);
	assert_int_equal(a.late, 0);
	aggregate_clear(&a, 4 << 20);
	assert_int_equal(count_of(&a, T_KEYS, 0, "a"), 0);
	assert_int_equal(a.tables[T_MINUTES].delta.len, 0);
	aggregate_release(&a);
}

/* Late for one window is late; but the tables without windows count it. */
static void
late_events_are_counted(void **state)
{
	struct aggregate a;

	(void)state;
	aggregate_init(&a, p);
	add(&a, "a", 59999, 69999); /* in time for the minute */
	assert_int_equal(a.tables[T_MINUTES].late, 0);
	assert_int_equal(a.tables[T_SECONDS].late, 1);
	assert_int_equal(a.late, 1);
	add(&a, "a", 59999, 70000); /* for neither: one event all the same */
	assert_int_equal(a.tables[T_MINUTES].late, 1);
	assert_int_equal(a.tables[T_SECONDS].late, 2);
	assert_int_equal(a.late, 2);
	add(&a, "a", 70000, 70000);
	assert_int_equal(a.late, 2);
	assert_int_equal(a.tables[T_KEYS].late, 0);
	assert_int_equal(count_of(&a, T_KEYS, 0, "a"), 3);
	assert_int_equal(count_of(&a, T_MINUTES, 0, "a"), 1);
	assert_int_equal(count_of(&a, T_MINUTES, 60000, "a"), 1);
	aggregate_clear(&a, 4 << 20);
	assert_int_equal(a.late, 0);
	assert_int_equal(a.tables[T_SECONDS].late, 0);
	aggregate_release(&a);
}

static void
bytes_grow_with_keys(void **state)
{
	struct aggregate a;
	size_t before;

	(void)state;
	aggregate_init(&a, p);
	before = aggregate_bytes(&a);
	for (unsigned i = 0; i < 20000; i++) {
		char key[200];

		snprintf(key, sizeof(key), "%0150u", i);
		add(&a, key, i, WATERMARK_NONE);
	}
	assert_true(aggregate_bytes(&a) > before + 3 * 20000 * 150);
	aggregate_release(&a);
}

static void
random_events_are_all_somewhere(void **state)
{
	enum { EVENTS = 20000, KEYS = 7, MINUTES = 12 };
	static int64_t counts[KEYS], windows[KEYS][MINUTES];
	static const char *const names[KEYS] = {"a", "b", "c", "d",
						"e", "f", "g"};
	struct random random;
	struct aggregate a;
	int64_t late = 0, late_minutes = 0, watermark = WATERMARK_NONE;

	(void)state;
	random_init(&random, 5, 0);
	aggregate_init(&a, p);
	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned k = (unsigned)random_below(&random, KEYS);
		/* Time goes on, and events are up to two minutes behind. */
		int64_t now = (int64_t)i * (MINUTES - 2) * MINUTE / EVENTS;
		int64_t time = now + (int64_t)random_below(&random, 2 * MINUTE);
		bool minute = true, second = true;

		if (random_below(&random, 100) == 0 && now + MINUTE > watermark)
			watermark = now + MINUTE;
		for (int64_t end = 0; end <= watermark; end += 1000) {
			/* By the second, as arithmetic that is not theirs. */
			if (end % MINUTE == 0 && end + 10000 <= watermark &&
			    time < end)
				minute = false;
			if (end % 7000 == 0 && time < end)
				second = false;
		}
		add(&a, names[k], time, watermark);
		counts[k]++;
		if (minute)
			windows[k][time / MINUTE]++;
		else
			late_minutes++;
		late += !minute || !second;
	}
	assert_true(late_minutes > 0 && late > late_minutes);
	assert_int_equal(a.tables[T_MINUTES].late, late_minutes);
	assert_int_equal(a.late, late);
	for (unsigned k = 0; k < KEYS; k++) {
		assert_int_equal(count_of(&a, T_KEYS, 0, names[k]), counts[k]);
		for (unsigned w = 0; w < MINUTES; w++)
			assert_int_equal(
			    count_of(&a, T_MINUTES, w * MINUTE, names[k]),
			    windows[k][w]);
	}
	aggregate_release(&a);
}

/* ---- Windows that overlap ---- */

static void
an_event_is_in_each_window_that_holds_it(void **state)
{
	struct aggregate a;

	(void)state;
	assert_int_equal(window_hops(&hopping->tables[H_FIVES]), 5);
	assert_int_equal(window_hops(&hopping->tables[H_MINUTES]), 1);
	aggregate_init(&a, hopping);
	add(&a, "a", 10 * MINUTE, WATERMARK_NONE);
	add(&a, "a", 11 * MINUTE - 1, WATERMARK_NONE);
	add(&a, "a", 11 * MINUTE, WATERMARK_NONE);
	add(&a, "b", -1, WATERMARK_NONE);
	for (int64_t w = 5; w <= 12; w++)
		assert_int_equal(count_of(&a, H_FIVES, w * MINUTE, "a"),
				 w < 6 || w > 11 ? 0
				 : w == 6        ? 2
				 : w == 11       ? 1
						 : 3);
	assert_int_equal(count_of(&a, H_FIVES, -5 * MINUTE, "b"), 1);
	assert_int_equal(count_of(&a, H_FIVES, -MINUTE, "b"), 1);
	assert_int_equal(count_of(&a, H_FIVES, 0, "b"), 0);
	assert_int_equal(a.tables[H_FIVES].delta.len, 6 + 5);
	assert_int_equal(count_of(&a, H_KEYS, 0, "a"), 3);
	assert_int_equal(count_of(&a, H_MINUTES, 10 * MINUTE, "a"), 2);
	aggregate_release(&a);
}

/* Too late for some of its windows: late once, and in the others. */
static void
partly_late_is_late_and_not_the_first(void **state)
{
	struct aggregate_table *fives;
	struct aggregate a;

	(void)state;
	aggregate_init(&a, hopping);
	fives = &a.tables[H_FIVES];
	assert_true(fives->first_ms == WINDOW_NO_EVENT);
	add(&a, "a", 10 * MINUTE, 11 * MINUTE + 9999);
	assert_int_equal(fives->late, 0);
	assert_int_equal(fives->first_ms, 10 * MINUTE);
	/* [6, 11) is closed; [7, 12) and the others are not. */
	add(&a, "a", 9 * MINUTE, 11 * MINUTE + 10000);
	assert_int_equal(fives->late, 1);
	assert_int_equal(fives->first_ms, 10 * MINUTE);
	assert_int_equal(count_of(&a, H_FIVES, 5 * MINUTE, "a"), 0);
	assert_int_equal(count_of(&a, H_FIVES, 6 * MINUTE, "a"), 1);
	assert_int_equal(count_of(&a, H_FIVES, 7 * MINUTE, "a"), 2);
	assert_int_equal(count_of(&a, H_FIVES, 9 * MINUTE, "a"), 2);
	/* For all of them. */
	add(&a, "a", 0, 11 * MINUTE + 10000);
	assert_int_equal(fives->late, 2);
	assert_int_equal(count_of(&a, H_FIVES, 0, "a"), 0);
	add(&a, "a", 11 * MINUTE, 11 * MINUTE + 10000);
	assert_int_equal(fives->late, 2);
	assert_int_equal(fives->first_ms, 10 * MINUTE);
	aggregate_clear(&a, 4 << 20);
	assert_int_equal(fives->late, 0);
	assert_true(fives->first_ms == WINDOW_NO_EVENT);
	aggregate_release(&a);
}

static void
a_window_spans_what_there_was_of_the_stream(void **state)
{
	const struct table_spec *fives = &hopping->tables[H_FIVES];
	struct table_spec average = *fives;
	struct value value;

	(void)state;
	assert_int_equal(window_span(0, fives, WINDOW_NO_EVENT), 5 * MINUTE);
	assert_int_equal(window_span(0, fives, -1), 5 * MINUTE);
	assert_int_equal(window_span(0, fives, 0), 5 * MINUTE);
	assert_int_equal(window_span(0, fives, 1), 5 * MINUTE - 1);
	assert_int_equal(window_span(0, fives, 4 * MINUTE), MINUTE);
	assert_int_equal(window_span(0, fives, 5 * MINUTE - 1), 1);
	assert_int_equal(window_span(0, fives, 5 * MINUTE), 5 * MINUTE);
	assert_int_equal(window_span(-5 * MINUTE, fives, -MINUTE), MINUTE);
	assert_int_equal(window_average(value_int(7), MINUTE, fives).kind,
			 VALUE_NONE);
	average.average_ms = MINUTE;
	value = window_average(value_int(10), 5 * MINUTE, &average);
	assert_int_equal(value.kind, VALUE_REAL);
	assert_true(value.d == 2.0);
	assert_true(window_average(value_real(1.5), 30000, &average).d == 3.0);
	assert_int_equal(window_average(value_none(), MINUTE, &average).kind,
			 VALUE_NONE);
}

/* ---- Partitions of different speed ---- */

enum { PARTITIONS = 10, IDLE_ONE = 3, EACH = 400, NAMES = 3 };
enum { HALF_HOUR = 30 * 60000 };

static const char *const names[NAMES] = {"a", "bb", "ccc"};

/* An event, and how far the stream was when it came. */
struct arrival {
	int64_t time_ms, watermark_ms;
	unsigned name;
};

/*
 * Ten partitions, each with its half hour of events, two minutes out of order,
 * are read at different speeds; one of them stops early, and has nothing left.
 * The smallest of the newest times of all but that is what is called watermark,
 * by a look at all events before.
 */
static unsigned
read_partitions(struct random *random, struct arrival *arrivals)
{
	struct watermark_partition marks[PARTITIONS];
	int64_t watermark = WATERMARK_NONE;
	unsigned read[PARTITIONS] = {0}, len = 0, open = PARTITIONS - 1;

	for (unsigned i = 0; i < PARTITIONS; i++) {
		marks[i] = (struct watermark_partition){
		    .newest_ms = WATERMARK_NONE, .caught_up = i == IDLE_ONE};
	}
	while (open > 0) {
		/* Partition 0 is picked ten times as often as 9. */
		unsigned i = (unsigned)random_below(random, PARTITIONS);
		struct arrival *to = &arrivals[len];
		int64_t least = INT64_MAX;

		i = (unsigned)random_below(random, i + 1);
		if (read[i] == (i == IDLE_ONE ? 20 : EACH))
			continue;
		to->time_ms = (int64_t)read[i]++ * HALF_HOUR / EACH +
			      (int64_t)random_below(random, 2 * MINUTE);
		to->name = (unsigned)random_below(random, NAMES);
		to->watermark_ms = watermark;
		len++;
		open -= read[i] == EACH;
		if (to->time_ms > marks[i].newest_ms)
			marks[i].newest_ms = to->time_ms;
		/* Commits are far apart, and so are looks at the time. */
		if (random_below(random, 16) > 0)
			continue;
		watermark = watermark_of(marks, PARTITIONS, watermark,
					 WATERMARK_IDLE_NS);
		for (unsigned n = 0; n < PARTITIONS; n++)
			if (n != IDLE_ONE && marks[n].newest_ms < least)
				least = marks[n].newest_ms;
		assert_int_equal(watermark, least);
	}
	return len;
}

/* Table by table and window by window, each a walk through all events. */
static void
assert_table(struct aggregate *a, unsigned table,
	     const struct arrival *arrivals, unsigned len)
{
	const struct table_spec *spec = &hopping->tables[table];
	int64_t length = spec->window_ms, late = 0, first = INT64_MAX;
	size_t rows = 0;

	for (unsigned n = 0; n < len; n++) {
		const struct arrival *e = &arrivals[n];
		bool in_time = true;

		for (int64_t w = -length; w <= e->time_ms;
		     w += spec->advance_ms)
			if (e->time_ms < w + length &&
			    w + length + spec->lateness_ms <= e->watermark_ms)
				in_time = false;
		late += !in_time;
		if (in_time && e->time_ms < first)
			first = e->time_ms;
	}
	assert_true(late > 0 && late < len);
	assert_int_equal(a->tables[table].late, late);
	assert_int_equal(a->tables[table].first_ms, first);
	for (int64_t w = -length; w < HALF_HOUR + 2 * MINUTE;
	     w += spec->advance_ms) {
		for (unsigned k = 0; k < NAMES; k++) {
			int64_t count = 0;

			for (unsigned n = 0; n < len; n++)
				count += arrivals[n].name == k &&
					 arrivals[n].time_ms >= w &&
					 arrivals[n].time_ms < w + length &&
					 arrivals[n].watermark_ms <
					     w + length + spec->lateness_ms;
			assert_int_equal(count_of(a, table, w, names[k]),
					 count);
			rows += count > 0;
		}
	}
	assert_int_equal(a->tables[table].delta.len, rows);
}

static void
partitions_of_different_speed(void **state)
{
	static struct arrival arrivals[PARTITIONS * EACH];
	struct random random;
	struct aggregate a;
	int64_t late = 0;
	unsigned len;

	(void)state;
	random_init(&random, 11, 0);
	len = read_partitions(&random, arrivals);
	assert_int_equal(len, (PARTITIONS - 1) * EACH + 20);
	aggregate_init(&a, hopping);
	for (unsigned i = 0; i < len; i++) {
		struct event event = {.time_ms = arrivals[i].time_ms};
		const char *name = names[arrivals[i].name];

		event.values[F_K].present = true;
		event.values[F_K].text = (struct text){name, strlen(name)};
		aggregate_add(&a, &event, (struct position){0, i},
			      arrivals[i].watermark_ms);
	}
	aggregate_settle(&a);
	assert_table(&a, H_FIVES, arrivals, len);
	assert_table(&a, H_MINUTES, arrivals, len);
	assert_table(&a, H_ODD, arrivals, len);
	for (unsigned t = 0; t < 4; t++)
		if (a.tables[t].late > late)
			late = a.tables[t].late;
	assert_true(a.late >= late);
	assert_int_equal(a.tables[H_KEYS].late, 0);
	aggregate_release(&a);
}

/* ---- Watermarks ---- */

#define IDLE WATERMARK_IDLE_NS

static void
the_slowest_partition_decides(void **state)
{
	struct watermark_partition w[] = {
	    {.newest_ms = 500},
	    {.newest_ms = 300},
	    {.newest_ms = 400},
	};

	(void)state;
	assert_int_equal(watermark_of(w, 3, WATERMARK_NONE, 0), 300);
	assert_int_equal(watermark_of(w, 3, 350, 0), 350);
	w[1].newest_ms = 900;
	assert_int_equal(watermark_of(w, 3, 350, 0), 400);
	assert_int_equal(watermark_of(w, 0, 7, 0), 7);
	/* One that was never heard of holds back what there is. */
	w[1].newest_ms = WATERMARK_NONE;
	assert_int_equal(watermark_of(w, 3, 350, 0), 350);
	assert_true(watermark_of(w, 3, WATERMARK_NONE, 0) == WATERMARK_NONE);
}

static void
idle_partitions_hold_nobody_back(void **state)
{
	struct watermark_partition w[] = {
	    {.newest_ms = 500, .changed_ns = IDLE},
	    {.newest_ms = 300, .changed_ns = 10, .caught_up = true},
	    {.newest_ms = WATERMARK_NONE, .changed_ns = 20, .caught_up = true},
	};

	(void)state;
	assert_int_equal(watermark_of(w, 3, 1, IDLE + 19), 1);
	assert_int_equal(watermark_of(w, 3, 1, IDLE + 20), 500);
	assert_int_equal(watermark_of(w, 2, 1, IDLE + 9), 300);
	assert_int_equal(watermark_of(w, 2, 1, IDLE + 10), 500);
	/* There is still something to read in it. */
	w[1].caught_up = false;
	assert_int_equal(watermark_of(w, 2, 1, 9 * IDLE), 300);
	w[1].caught_up = w[0].caught_up = true;
	/* All have stopped: the one that has come furthest decides. */
	assert_int_equal(watermark_of(w, 3, 450, 9 * IDLE), 500);
	assert_int_equal(watermark_of(w, 3, 550, 9 * IDLE), 550);
	assert_true(watermark_of(w + 2, 1, WATERMARK_NONE, 9 * IDLE) ==
		    WATERMARK_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(windows_begin_at_multiples),
	    cmocka_unit_test(a_window_closes_after_its_lateness),
	    cmocka_unit_test(events_fall_into_their_windows),
	    cmocka_unit_test(late_events_are_counted),
	    cmocka_unit_test(bytes_grow_with_keys),
	    cmocka_unit_test(random_events_are_all_somewhere),
	    cmocka_unit_test(an_event_is_in_each_window_that_holds_it),
	    cmocka_unit_test(partly_late_is_late_and_not_the_first),
	    cmocka_unit_test(a_window_spans_what_there_was_of_the_stream),
	    cmocka_unit_test(partitions_of_different_speed),
	    cmocka_unit_test(the_slowest_partition_decides),
	    cmocka_unit_test(idle_partitions_hold_nobody_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
