/*
 * Windows that overlap, from events to views: through commits, stores that are
 * opened again and several stores as one, what each window holds, of how much
 * of the stream it is, which have expired, and the lines of the keys. All of it
 * is compared with a count over a plain list of events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/watermark.h"
#include "base/random.h"
#include "store/merge.h"
#include "store/store.h"
#include "check.h"
#include "folder.h"

#define MINUTE   INT64_C(60000)
#define LENGTH   (5 * MINUTE)
#define LATENESS 10000
#define KEEP     (20 * MINUTE)
#define START_MS INT64_C(1735689600000)
#define END_MS   (START_MS + 90 * MINUTE)

enum { MEMBERS = 2, KEYS = 12, EVENTS_MAX = 20000 };

static const char text[] =
    "{\"name\": \"hops\", \"topic\": {\"name\": \"hops\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {\"fives\": {\"by\": [\"k\"], \"measures\": {\"n\": "
    "\"count\"},"
    "  \"window\": {\"hopping\": \"5m\", \"advance\": \"1m\", \"keep\": "
    "\"20m\","
    "   \"lateness\": \"10s\", \"average\": \"1m\"}}},"
    " \"panels\": [{\"kind\": \"lines\", \"table\": \"fives\"}]}";

enum { F_K, F_T };

static struct pipeline *p;
static char root[] = "/tmp/weir-windows-XXXXXX";

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	return !mkdtemp(root) || pipeline_parse(text, sizeof(text) - 1,
						"hops.json", &p, &err)
		   ? -1
		   : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	return 0;
}

/* ---- The world ---- */

struct member {
	char path[256];
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partition;
};

struct happened {
	int64_t time_ms, watermark_ms; /* its store's, as it came */
	unsigned key;
};

struct world {
	struct random random;
	struct member members[MEMBERS];
	unsigned members_len;
	struct happened events[EVENTS_MAX];
	unsigned events_len;
	struct view *view;
};

static struct world world;

static void
open_member(struct member *m)
{
	struct store_source source = {"kafka:abc", "hops", "a broker"};
	struct err err;

	check_ok(store_open(m->path, STORE_THROWAWAY, p, &m->store, &err),
		 &err);
	check_ok(store_set_source(m->store, &source, &err), &err);
	aggregate_init(&m->aggregate, p);
}

static void
close_member(struct member *m)
{
	aggregate_release(&m->aggregate);
	store_close(m->store);
}

static void
world_init(struct world *w, unsigned members, uint64_t seed)
{
	static unsigned paths;

	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	w->members_len = members;
	for (unsigned i = 0; i < members; i++) {
		struct member *m = &w->members[i];

		snprintf(m->path, sizeof(m->path), "%s/%u", root, paths++);
		m->state.watermark_ms = m->state.newest_ms = WATERMARK_NONE;
		m->state.commit_ms = m->state.started_ms = START_MS;
		m->partition = (struct store_partition){
		    .topic = "hops",
		    .number = (int32_t)i,
		    .newest_ms = WATERMARK_NONE,
		    .first_offset = -1,
		    .last_offset = -1,
		};
		open_member(m);
	}
}

static void
world_release(struct world *w)
{
	view_free(w->view);
	for (unsigned i = 0; i < w->members_len; i++)
		close_member(&w->members[i]);
}

static const char *
key_name(unsigned key)
{
	static char name[16];

	snprintf(name, sizeof(name), "key %02u", key);
	return name;
}

static bool
closed(int64_t start, int64_t watermark)
{
	return start + LENGTH + LATENESS <= watermark;
}

/* Too late for one of the windows that hold it. */
static bool
is_late(const struct happened *e)
{
	for (int64_t start = START_MS - LENGTH; start <= e->time_ms;
	     start += MINUTE)
		if (e->time_ms < start + LENGTH &&
		    closed(start, e->watermark_ms))
			return true;
	return false;
}

static void
add(struct world *w, unsigned member, unsigned key, int64_t time_ms)
{
	struct member *m = &w->members[member];
	struct happened *e = &w->events[w->events_len++];
	struct event event = {.time_ms = time_ms};
	const char *name = key_name(key);

	assert_true(w->events_len <= EVENTS_MAX);
	*e = (struct happened){time_ms, m->state.watermark_ms, key};
	event.values[F_K].present = true;
	event.values[F_K].text = (struct text){name, strlen(name)};
	aggregate_add(&m->aggregate, &event,
		      (struct position){0, m->partition.position},
		      m->state.watermark_ms);
	m->partition.end = ++m->partition.position;
	if (time_ms > m->state.newest_ms)
		m->state.newest_ms = m->partition.newest_ms = time_ms;
	m->state.ledger.valid++;
	m->state.ledger.late += is_late(e);
}

static void
commit(struct member *m)
{
	struct store_commit commit = {
	    .aggregate = &m->aggregate,
	    .state = &m->state,
	    .partitions = &m->partition,
	    .partitions_len = 1,
	};
	struct ledger *l = &m->state.ledger;
	uint64_t number;
	struct err err;

	aggregate_settle(&m->aggregate);
	l->consumed = l->foreign = l->valid;
	check_ok(store_commit(m->store, &commit, &number, &err), &err);
	aggregate_clear(&m->aggregate, 4 << 20);
}

static void
look(struct world *w)
{
	struct store *stores[MEMBERS];
	struct merge *merge;
	struct err err;

	view_free(w->view);
	w->view = NULL;
	if (w->members_len == 1) {
		check_ok(
		    store_view(w->members[0].store, 0, true, &w->view, &err),
		    &err);
		return;
	}
	for (unsigned i = 0; i < w->members_len; i++)
		stores[i] = w->members[i].store;
	check_ok(merge_new(stores, w->members_len, &merge, &err), &err);
	check_ok(merge_view(merge, 0, true, &w->view, &err), &err);
	merge_free(merge);
}

/* ---- What a view must say ---- */

static void
count_window(const struct world *w, int64_t start, int64_t counts[KEYS])
{
	memset(counts, 0, KEYS * sizeof(*counts));
	for (unsigned i = 0; i < w->events_len; i++) {
		const struct happened *e = &w->events[i];

		if (e->time_ms >= start && e->time_ms < start + LENGTH &&
		    !closed(start, e->watermark_ms))
			counts[e->key]++;
	}
}

static int64_t
total_of(const int64_t counts[KEYS])
{
	int64_t total = 0;

	for (unsigned k = 0; k < KEYS; k++)
		total += counts[k];
	return total;
}

/* The part of a window since the first event that was in time. */
static int64_t
span_of(const struct world *w, int64_t start)
{
	int64_t first = INT64_MAX;

	for (unsigned i = 0; i < w->events_len; i++)
		if (w->events[i].time_ms < first && !is_late(&w->events[i]))
			first = w->events[i].time_ms;
	if (first > start && first < start + LENGTH)
		return start + LENGTH - first;
	return LENGTH;
}

/* The largest keys that are not there yet, the smaller of equal ones first. */
static void
pick_lines(const int64_t counts[KEYS], bool picked[KEYS], unsigned *len)
{
	for (; *len < VIEW_LINES; (*len)++) {
		int best = -1;

		for (unsigned k = 0; k < KEYS; k++)
			if (!picked[k] && counts[k] > 0 &&
			    (best < 0 || counts[k] > counts[best]))
				best = (int)k;
		if (best < 0)
			return;
		picked[best] = true;
	}
}

static void
check_lines(const struct world *w, const struct view_table *table)
{
	bool picked[KEYS] = {false};
	int64_t counts[KEYS];
	unsigned len = 0, at = 0;

	for (unsigned i = 0; i < table->windows_len; i++) {
		if (!table->windows[i].complete)
			continue;
		count_window(w, table->windows[i].start_ms, counts);
		pick_lines(counts, picked, &len);
		break;
	}
	if (table->windows_len > 0) {
		count_window(w, table->windows[0].start_ms, counts);
		pick_lines(counts, picked, &len);
	}
	assert_int_equal(table->lines_len, len);
	for (unsigned k = 0; k < KEYS; k++) {
		const struct view_line *line = &table->lines[at];

		if (!picked[k])
			continue;
		at++;
		assert_string_equal(line->key.data, key_name(k));
		assert_string_equal(line->id.data, key_name(k));
		for (unsigned i = 0; i < table->windows_len; i++) {
			const struct view_window *window = &table->windows[i];
			struct value value = line->values[i];

			count_window(w, window->start_ms, counts);
			assert_int_equal(value.kind,
					 counts[k] ? VALUE_REAL : VALUE_NONE);
			if (counts[k])
				assert_true(value.d ==
					    (double)(counts[k] * MINUTE) /
						(double)window->span_ms);
		}
	}
	assert_int_equal(at, len);
}

static void
check(const struct world *w)
{
	const struct view_table *table = &w->view->tables[0];
	int64_t least = INT64_MAX, largest = INT64_MIN, late = 0;
	unsigned at = 0;

	for (unsigned i = 0; i < w->members_len; i++) {
		int64_t its = w->members[i].state.watermark_ms;

		least = its < least ? its : least;
		largest = its > largest ? its : largest;
	}
	for (unsigned i = 0; i < w->events_len; i++)
		late += is_late(&w->events[i]);
	assert_int_equal(table->late, late);
	for (int64_t start = END_MS; start >= START_MS - LENGTH;
	     start -= MINUTE) {
		const struct view_window *window = &table->windows[at];
		int64_t counts[KEYS];

		count_window(w, start, counts);
		if (total_of(counts) == 0 || start + LENGTH + KEEP <= largest)
			continue;
		assert_true(at++ < table->windows_len);
		assert_int_equal(window->start_ms, start);
		assert_int_equal(window->end_ms, start + LENGTH);
		assert_int_equal(window->complete, closed(start, least));
		assert_int_equal(window->span_ms, span_of(w, start));
		assert_int_equal(window->summary.total.i, total_of(counts));
		for (unsigned i = 0; i < window->top_len; i++) {
			unsigned key;

			assert_int_equal(
			    sscanf(window->top[i].key.data, "key %u", &key), 1);
			assert_int_equal(window->top[i].measures[0].i,
					 counts[key]);
		}
	}
	assert_int_equal(at, table->windows_len);
	check_lines(w, table);
}

/* Two minutes of events around a time, few of the last keys. */
static void
add_random(struct world *w, unsigned member, unsigned n, int64_t now_ms)
{
	while (n-- > 0) {
		double skew = random_double(&w->random);

		add(w, member, (unsigned)(skew * skew * KEYS),
		    now_ms + (int64_t)random_below(&w->random, 2 * MINUTE));
	}
}

/* ---- Tests ---- */

/* Time goes on, some events are late, windows expire, the store is closed. */
static void
many_commits(void **state)
{
	struct member *m = &world.members[0];

	(void)state;
	world_init(&world, 1, 1);
	for (int64_t c = 0; c < 120; c++) {
		int64_t now = START_MS + 7 * MINUTE + c * MINUTE / 2;

		/* The first of all comes as the third. */
		add_random(&world, 0, 40, c == 2 ? now - 5 * MINUTE : now);
		if (c > 4 && c % 3 == 0)
			m->state.watermark_ms = now - MINUTE / 3;
		if (c > 20)
			add(&world, 0, 3, now - (c % 7) * MINUTE);
		commit(m);
		look(&world);
		check(&world);
		if (c % 16 == 3) {
			close_member(m);
			open_member(m);
			look(&world);
			check(&world);
		}
	}
	assert_true(world.view->tables[0].late > 0);
	assert_true(world.view->tables[0].windows_len > 20);
	world_release(&world);
}

/* The stream began where the first of the stores saw it begin. */
static void
several_stores(void **state)
{
	(void)state;
	for (unsigned ahead = 0; ahead < MEMBERS; ahead++) {
		world_init(&world, MEMBERS, 2 + ahead);
		for (int64_t c = 0; c < 60; c++) {
			int64_t now = START_MS + 8 * MINUTE + c * MINUTE / 2;
			unsigned member = (unsigned)(c % MEMBERS);
			struct member *m = &world.members[member];

			/* One has later events, and sooner a watermark. */
			add_random(&world, member, 60,
				   now + MINUTE * (member == ahead));
			if (c > 4)
				m->state.watermark_ms =
				    now - MINUTE * (member != ahead);
			commit(m);
			if (c == 0)
				continue;
			look(&world);
			check(&world);
		}
		world_release(&world);
	}
}

/* What came first is known for as long as the store is. */
static void
the_beginning_outlives_its_windows(void **state)
{
	struct member *m = &world.members[0];
	const struct view_table *table;

	(void)state;
	world_init(&world, 1, 3);
	add(&world, 0, 1, START_MS + 90000);
	commit(m);
	look(&world);
	check(&world);
	table = &world.view->tables[0];
	assert_int_equal(table->windows_len, 5);
	assert_int_equal(table->windows[0].span_ms, 4 * MINUTE + 30000);
	assert_int_equal(table->windows[4].span_ms, 30000);
	assert_true(table->lines[0].values[4].d == 2.0);
	m->state.watermark_ms = START_MS + 60 * MINUTE;
	add(&world, 0, 1, START_MS + 60 * MINUTE + 30000);
	commit(m);
	/* Late for some of its windows: nothing begins with it. */
	add(&world, 0, 2, START_MS + 57 * MINUTE);
	commit(m);
	close_member(m);
	open_member(m);
	look(&world);
	check(&world);
	table = &world.view->tables[0];
	for (unsigned i = 0; i < table->windows_len; i++)
		assert_int_equal(table->windows[i].span_ms, LENGTH);
	world_release(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_commits),
	    cmocka_unit_test(several_stores),
	    cmocka_unit_test(the_beginning_outlives_its_windows),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
