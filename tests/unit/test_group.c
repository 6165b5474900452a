/*
 * Groups against brute force. A stream of changes goes through a group as a
 * commit does it: decode what was stored, change, finish, rescan when asked,
 * encode. After each, everything a group knows is compared with what a plain
 * array of all rows says.
 *
 * The streams are chosen for the places where incremental upkeep can go wrong:
 * around RANKING_SHOWN and RANKING_CAPACITY keys, with many ties, with values
 * that only grow and that go up and down, at both ends of the order.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/group.h"
#include "base/random.h"

static const char text[] =
    "{\"name\": \"groups\", \"topic\": {\"name\": \"groups\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"},"
    "  \"i\": {\"type\": \"integer\", \"optional\": true},"
    "  \"r\": {\"type\": \"number\", \"optional\": true}}},"
    " \"tables\": {"
    "  \"counts\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}},"
    "  \"sums\": {\"by\": [\"k\"], \"measures\": {"
    "   \"n\": \"count\", \"sum\": {\"sum\": \"i\"}}, \"rank\": \"sum\"},"
    "  \"means\": {\"by\": [\"k\"], \"measures\": {"
    "   \"mean\": {\"average\": \"r\"}, \"n\": \"count\"}},"
    "  \"least\": {\"by\": [\"k\"], \"measures\": {"
    "   \"min\": {\"minimum\": \"i\"}}}}}";

enum { F_K, F_T, F_I, F_R };
enum { T_COUNTS, T_SUMS, T_MEANS, T_LEAST };

static struct pipeline *p;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (pipeline_parse(text, sizeof(text) - 1, "groups.json", &p, &err)) {
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
	return 0;
}

#define KEYS_MAX 6000

struct model_row {
	char key[24];
	size_t key_size;
	bool there;
	char row[ROW_MAX];
	/* Of the commit under way. */
	bool touched;
	char delta[ROW_MAX];
};

struct world {
	struct random random;
	struct row_layout layout;
	struct model_row rows[KEYS_MAX];
	unsigned keys;
	char total[ROW_MAX];
	struct group group;
	struct buf summary, rankings;
	unsigned commits, rescans;
};

static void
world_init(struct world *world, unsigned table, unsigned keys, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	random_init(&world->random, seed, 0);
	row_layout_init(&world->layout, p, &p->tables[table]);
	row_init(&world->layout, world->total);
	world->keys = keys;
	for (unsigned i = 0; i < keys; i++) {
		struct model_row *row = &world->rows[i];

		/* Not all of one size, and NUL in some; different by number. */
		row->key_size = (size_t)snprintf(row->key, sizeof(row->key),
						 "%s%u", i % 3 ? "k" : "",
						 i * 2654435761u % 1000003);
		if (i % 5 == 0)
			row->key[row->key_size++] = '\0';
	}
	group_init(&world->group, &world->layout);
}

static void
world_release(struct world *world)
{
	group_release(&world->group);
	buf_release(&world->summary);
	buf_release(&world->rankings);
}

/* ---- The oracle ---- */

struct ranked {
	uint64_t bits;
	struct text key;
};

static int
compare_keys(struct text a, struct text b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int c = memcmp(a.data, b.data, size);

	if (c)
		return c;
	return a.size < b.size ? -1 : a.size > b.size;
}

static int
smallest_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->bits != y->bits)
		return x->bits < y->bits ? -1 : 1;
	return compare_keys(x->key, y->key);
}

static int
largest_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->bits != y->bits)
		return x->bits > y->bits ? -1 : 1;
	return compare_keys(x->key, y->key);
}

static void
check_ranking(const struct ranking *ranking, const struct ranked *want,
	      size_t len)
{
	for (size_t i = 0; i < RANKING_SHOWN; i++) {
		struct text key;
		uint64_t bits;

		if (!ranking_get(ranking, i, &bits, &key)) {
			assert_int_equal(i, len);
			return;
		}
		assert_true(i < len);
		assert_true(bits == want[i].bits);
		assert_int_equal(compare_keys(key, want[i].key), 0);
	}
}

/* [2^(i-1), 2^i), by looking for it. */
static unsigned
spread_of(double v)
{
	unsigned i = 0;

	while (i < GROUP_SPREAD - 1 && v >= ldexp(1, (int)i))
		i++;
	return i;
}

static void
check(struct world *world)
{
	static struct ranked all[KEYS_MAX];
	const struct row_layout *layout = &world->layout;
	const struct group *group = &world->group;
	int64_t keys = 0, min_keys = 0, spread[GROUP_SPREAD] = {0};
	struct group_summary summary;
	struct err err;
	size_t len = 0;

	for (unsigned i = 0; i < world->keys; i++) {
		const struct model_row *row = &world->rows[i];

		if (!row->there)
			continue;
		keys++;
		if (!row_rank_bits(layout, row->row, &all[len].bits))
			continue;
		spread[spread_of(
		    value_double(row_rank_value(layout, all[len].bits)))]++;
		all[len].key = (struct text){row->key, row->key_size};
		len++;
	}
	assert_int_equal(group->keys, keys);
	assert_int_equal(group->ranked, len);
	assert_memory_equal(group->spread, spread, sizeof(spread));
	assert_memory_equal(group->total, world->total, layout->size);
	qsort(all, len, sizeof(*all), largest_first);
	check_ranking(&group->top, all, len);
	assert_int_equal(group_decode_summary(layout, world->summary.data,
					      world->summary.size, &summary,
					      &err),
			 0);
	if (len) {
		assert_true(summary.max_bits == all[0].bits);
		assert_int_equal(compare_keys(summary.max_key, all[0].key), 0);
	}
	qsort(all, len, sizeof(*all), smallest_first);
	check_ranking(&group->bottom, all, len);
	while ((size_t)min_keys < len && all[min_keys].bits == all[0].bits)
		min_keys++;
	assert_int_equal(group->min_keys, min_keys);
	assert_int_equal(summary.keys, keys);
	assert_int_equal(summary.ranked, len);
	assert_int_equal(summary.min_keys, min_keys);
	assert_memory_equal(summary.spread, spread, sizeof(spread));
	assert_memory_equal(summary.total, world->total, layout->size);
	if (len) {
		assert_true(group->min_bits == all[0].bits);
		assert_true(summary.min_bits == all[0].bits);
		assert_int_equal(compare_keys(summary.min_key, all[0].key), 0);
	}
}

/* ---- The stream ---- */

static void
touch(struct world *world, unsigned i, const struct event *event)
{
	struct model_row *row = &world->rows[i];

	if (!row->touched)
		row_init(&world->layout, row->delta);
	row->touched = true;
	row_add(&world->layout, row->delta, event, (struct position){0, 1});
}

static void
touch_whole(struct world *world, unsigned i, int64_t value)
{
	struct event event = {0};

	event.values[F_I].present = true;
	event.values[F_I].i = value;
	touch(world, i, &event);
}

/* As the store does it; in key order it is not, and need not be. */
static void
commit(struct world *world)
{
	struct group *group = &world->group;
	struct err err;

	if (world->commits++) {
		if (group_decode(group, world->summary.data,
				 world->summary.size, world->rankings.data,
				 world->rankings.size, &err))
			fail_msg("%s", err.text);
	} else {
		group_clear(group);
	}
	for (unsigned i = 0; i < world->keys; i++) {
		struct model_row *row = &world->rows[i];
		struct text key = {row->key, row->key_size};
		char old[ROW_MAX];
		bool was = row->there;

		if (!row->touched)
			continue;
		memcpy(old, row->row, sizeof(old));
		if (was)
			row_merge(&world->layout, row->row, row->delta);
		else
			memcpy(row->row, row->delta, sizeof(row->row));
		row_merge(&world->layout, world->total, row->delta);
		row->there = true;
		row->touched = false;
		group_change(group, key, row->delta, was ? old : NULL,
			     row->row);
	}
	if (group_finish(group)) {
		world->rescans++;
		group_rescan_begin(group);
		for (unsigned i = 0; i < world->keys; i++) {
			struct model_row *row = &world->rows[i];

			if (row->there)
				group_rescan_add(
				    group,
				    (struct text){row->key, row->key_size},
				    row->row);
		}
		group_rescan_end(group);
	}
	world->summary.size = world->rankings.size = 0;
	group_encode(group, &world->summary, &world->rankings);
	check(world);
}

static struct world world;

/* Keys around the sizes that matter. */
static const unsigned sizes[] = {1,
				 2,
				 RANKING_SHOWN - 1,
				 RANKING_SHOWN,
				 RANKING_SHOWN + 1,
				 RANKING_CAPACITY - 1,
				 RANKING_CAPACITY,
				 RANKING_CAPACITY + 1,
				 2 * RANKING_CAPACITY + 7,
				 KEYS_MAX};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

/* Squaring makes low numbers frequent: some keys are hot, many are cold. */
static unsigned
skewed(struct world *w)
{
	double d = random_double(&w->random);

	return (unsigned)(d * d * d * w->keys);
}

static void
counts_that_grow(void **state)
{
	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		unsigned commits = sizes[s] > RANKING_CAPACITY ? 60 : 120;

		world_init(&world, T_COUNTS, sizes[s], s);
		for (unsigned c = 0; c < commits; c++) {
			uint64_t n = random_below(&world.random,
						  c % 3 ? sizes[s] + 1 : 4);

			for (; n > 0; n--)
				touch(&world, skewed(&world),
				      &(struct event){0});
			commit(&world);
		}
		world_release(&world);
	}
}

/* All keys have the same value, or one of three, most of the time. */
static void
counts_that_tie(void **state)
{
	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		world_init(&world, T_COUNTS, sizes[s], 100 + s);
		for (unsigned c = 0; c < 24; c++) {
			unsigned part = c % 6;

			for (unsigned i = 0; i < sizes[s]; i++)
				if (part == 5 || i % 5 == part)
					touch(&world, i, &(struct event){0});
			commit(&world);
		}
		world_release(&world);
	}
}

static void
sums_up_and_down(void **state)
{
	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		unsigned commits = sizes[s] > RANKING_CAPACITY ? 60 : 120;

		world_init(&world, T_SUMS, sizes[s], 200 + s);
		for (unsigned c = 0; c < commits; c++) {
			uint64_t n = random_below(&world.random,
						  c % 2 ? sizes[s] + 1 : 30);

			for (; n > 0; n--)
				touch_whole(
				    &world,
				    (unsigned)random_below(&world.random,
							   sizes[s]),
				    (int64_t)random_below(&world.random, 9) -
					4);
			/* Now and then to an end of 64 bits, and back. */
			if (c % 7 == 0)
				touch_whole(&world, skewed(&world),
					    c % 2 ? INT64_MAX : INT64_MIN);
			commit(&world);
		}
		world_release(&world);
	}
}

/* The field is missing often, so that some keys have no rank at first. */
static void
means_with_unknown_values(void **state)
{
	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		world_init(&world, T_MEANS, sizes[s], 300 + s);
		for (unsigned c = 0; c < 50; c++) {
			uint64_t n = random_below(&world.random, sizes[s] + 1);

			for (; n > 0; n--) {
				struct event event = {0};

				event.values[F_R].present =
				    random_below(&world.random, 3) == 0;
				event.values[F_R].d =
				    (double)random_below(&world.random, 64) /
					4 -
				    8;
				touch(&world,
				      (unsigned)random_below(&world.random,
							     sizes[s]),
				      &event);
			}
			commit(&world);
		}
		world_release(&world);
	}
}

static void
minima_that_fall(void **state)
{
	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		world_init(&world, T_LEAST, sizes[s], 400 + s);
		for (unsigned c = 0; c < 50; c++) {
			uint64_t n = random_below(&world.random, sizes[s] + 1);

			for (; n > 0; n--)
				touch_whole(
				    &world, skewed(&world),
				    (int64_t)random_below(&world.random, 1000) -
					10 * (int64_t)c);
			commit(&world);
		}
		world_release(&world);
	}
}

/*
 * Every key in the ranking leaves it at once, at one end or at both: the next
 * ones can only be known from all rows.
 */
static void
an_end_that_is_swept_away(void **state)
{
	unsigned rescans;

	(void)state;
	world_init(&world, T_SUMS, KEYS_MAX, 500);
	for (unsigned i = 0; i < KEYS_MAX; i++)
		touch_whole(&world, i, i);
	commit(&world);
	rescans = world.rescans;
	for (unsigned i = 0; i < RANKING_CAPACITY; i++)
		touch_whole(&world, i, 2500);
	commit(&world);
	assert_true(world.rescans > rescans);
	rescans = world.rescans;
	for (unsigned i = 0; i < RANKING_CAPACITY; i++)
		touch_whole(&world, KEYS_MAX - 1 - i, -3000);
	commit(&world);
	assert_true(world.rescans > rescans);
	rescans = world.rescans;
	/* A change that touches neither end asks for nothing. */
	touch_whole(&world, KEYS_MAX / 2, 1);
	commit(&world);
	assert_int_equal(world.rescans, rescans);
	world_release(&world);
}

/*
 * One key more than a ranking holds: what it leaves out must come back when all
 * that were before it have gone behind it.
 */
static void
one_key_too_many(void **state)
{
	enum { KEYS = RANKING_CAPACITY + 1 };

	(void)state;
	for (unsigned end = 0; end < 2; end++) {
		world_init(&world, T_SUMS, KEYS, 510 + end);
		for (unsigned i = 0; i < KEYS; i++)
			touch_whole(&world, i, i);
		commit(&world);
		/* The two that were left out, at either end, stay. */
		for (unsigned i = 1; i < KEYS - 1; i++)
			touch_whole(&world, i, end ? 5000 : -5000);
		commit(&world);
		world_release(&world);
	}
}

/* The last key of a ranking leaves it, then most of those before it do. */
static void
the_key_at_the_bound(void **state)
{
	const unsigned last = RANKING_CAPACITY - 1;

	(void)state;
	world_init(&world, T_SUMS, KEYS_MAX, 520);
	for (unsigned i = 0; i < KEYS_MAX; i++)
		touch_whole(&world, i, i);
	commit(&world);
	touch_whole(&world, last, 10000);
	commit(&world);
	for (unsigned i = 0; i + RANKING_SHOWN <= last; i++)
		touch_whole(&world, i, 10000);
	commit(&world);
	world_release(&world);
}

/* In a stream of counts, going through all rows is the exception. */
static void
rescans_are_rare(void **state)
{
	(void)state;
	world_init(&world, T_COUNTS, KEYS_MAX, 600);
	for (unsigned c = 0; c < 200; c++) {
		for (unsigned n = 0; n < 1000; n++)
			touch(&world, skewed(&world), &(struct event){0});
		commit(&world);
	}
	assert_true(world.rescans < 30);
	world_release(&world);
}

/* ---- What is stored ---- */

static void
damage_is_seen(void **state)
{
	struct group group;
	struct group_summary summary;
	struct err err;

	(void)state;
	world_init(&world, T_COUNTS, 300, 700);
	for (unsigned i = 0; i < 300; i++)
		touch(&world, i, &(struct event){0});
	commit(&world);
	group_init(&group, &world.layout);
	/* Cut anywhere: each byte is needed. Copies, so that reads show. */
	for (size_t size = 0; size < world.summary.size; size++) {
		char *cut = malloc(size ? size : 1);

		assert_non_null(cut);
		memcpy(cut, world.summary.data, size);
		assert_int_equal(group_decode_summary(&world.layout, cut, size,
						      &summary, &err),
				 WEIR_STORE);
		assert_int_equal(group_decode(&group, cut, size,
					      world.rankings.data,
					      world.rankings.size, &err),
				 WEIR_STORE);
		free(cut);
	}
	for (size_t size = 0; size < world.rankings.size; size++) {
		char *cut = malloc(size ? size : 1);

		assert_non_null(cut);
		memcpy(cut, world.rankings.data, size);
		assert_int_equal(group_decode(&group, world.summary.data,
					      world.summary.size, cut, size,
					      &err),
				 WEIR_STORE);
		free(cut);
	}
	buf_add(&world.rankings, "", 1);
	assert_int_equal(group_decode(&group, world.summary.data,
				      world.summary.size, world.rankings.data,
				      world.rankings.size, &err),
			 WEIR_STORE);
	group_release(&group);
	world_release(&world);
}

/* Any byte changed: an error or other numbers, but no access beyond. */
static void
noise_does_no_harm(void **state)
{
	struct group group;
	struct err err;

	(void)state;
	world_init(&world, T_COUNTS, 300, 800);
	for (unsigned i = 0; i < 300; i++)
		touch(&world, i, &(struct event){0});
	commit(&world);
	group_init(&group, &world.layout);
	for (unsigned round = 0; round < 5000; round++) {
		size_t at = random_below(&world.random, world.rankings.size);
		char was = world.rankings.data[at];

		world.rankings.data[at] = (char)random_u64(&world.random);
		if (group_decode(&group, world.summary.data, world.summary.size,
				 world.rankings.data, world.rankings.size,
				 &err) == 0) {
			struct model_row *row = &world.rows[round % 300];

			touch(&world, round % 300, &(struct event){0});
			row->touched = false;
			group_change(&group,
				     (struct text){row->key, row->key_size},
				     row->delta, row->row, row->delta);
			group_finish(&group);
		}
		world.rankings.data[at] = was;
	}
	group_release(&group);
	world_release(&world);
}

/* A ranking that lost a key is found out when the key moves. */
static void
a_missing_key_asks_for_a_rescan(void **state)
{
	struct group group;
	struct err err;
	struct model_row *row = &world.rows[0];
	struct event event = {0};
	char now[ROW_MAX];

	(void)state;
	world_init(&world, T_COUNTS, 10, 900);
	for (unsigned i = 0; i < 10; i++)
		touch(&world, i, &event);
	commit(&world);
	group_init(&group, &world.layout);
	assert_int_equal(group_decode(&group, world.summary.data,
				      world.summary.size, world.rankings.data,
				      world.rankings.size, &err),
			 0);
	memcpy(now, row->row, sizeof(now));
	row_merge(&world.layout, now, row->row);
	group_change(&group, (struct text){"nobody", 6}, row->row, row->row,
		     now);
	assert_true(group_finish(&group));
	group_release(&group);
	world_release(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_that_grow),
	    cmocka_unit_test(counts_that_tie),
	    cmocka_unit_test(sums_up_and_down),
	    cmocka_unit_test(means_with_unknown_values),
	    cmocka_unit_test(minima_that_fall),
	    cmocka_unit_test(an_end_that_is_swept_away),
	    cmocka_unit_test(one_key_too_many),
	    cmocka_unit_test(the_key_at_the_bound),
	    cmocka_unit_test(rescans_are_rare),
	    cmocka_unit_test(damage_is_seen),
	    cmocka_unit_test(noise_does_no_harm),
	    cmocka_unit_test(a_missing_key_asks_for_a_rescan),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
