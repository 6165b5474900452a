/*
 * Several stores as if they were one.
 *
 * Most tests drive a world: one stream of random events, each in a partition
 * that one of the stores owns, so keys occur in several of them. The events
 * also stand in an array, and what a merged view must say is counted from that
 * array alone, not by merging. The others look at what is not in rows: ledgers,
 * partitions that change hands, watermarks, history, dead letters, overlaps.
 */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/merge.h"
#include "watch.h"
#include "check.h"
#include "folder.h"

#define MINUTE      INT64_C(60000)
#define START_MS    INT64_C(1735689600000)
#define STORES_MAX  3
#define PARTS_MAX   6 /* partitions of a store */
#define KEYS_MAX    3000
#define EVENTS_MAX  40000
#define WINDOWS_MAX 40

#define FIELDS                                                                 \
	" \"event\": {\"time\": \"t\", \"fields\": {"                          \
	"  \"k\": {\"type\": \"string\", \"max_length\": 64},"                 \
	"  \"t\": {\"type\": \"time\"},"                                       \
	"  \"v\": {\"type\": \"integer\", \"optional\": true},"                \
	"  \"w\": {\"type\": \"number\", \"optional\": true}}},"

#define EVERYTHING                                                             \
	"{\"n\": \"count\", \"sum\": {\"sum\": \"v\"},"                        \
	" \"low\": {\"minimum\": \"v\"}, \"high\": {\"maximum\": \"v\"},"      \
	" \"mean\": {\"average\": \"v\"}, \"real\": {\"sum\": \"w\"}}"

static const char text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"}," FIELDS
    " \"tables\": {"
    "  \"counts\": {\"by\": [\"k\"], \"measures\": " EVERYTHING "},"
    "  \"sums\": {\"by\": [\"k\"], \"measures\": " EVERYTHING ","
    "   \"rank\": \"sum\"},"
    "  \"lows\": {\"by\": [\"k\"], \"measures\": " EVERYTHING ","
    "   \"rank\": \"low\"},"
    "  \"means\": {\"by\": [\"k\"], \"measures\": " EVERYTHING ","
    "   \"rank\": \"mean\"},"
    "  \"reals\": {\"by\": [\"k\"], \"measures\": " EVERYTHING ","
    "   \"rank\": \"real\"},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"20m\","
    "    \"lateness\": \"10s\"}}},"
    " \"panels\": [{\"kind\": \"extremes\", \"table\": \"counts\","
    "   \"windows\": \"minutes\"}]}";

static const char other_text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"}," FIELDS
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}}}";

enum { F_K, F_T, F_V, F_W };
enum { T_COUNTS, T_SUMS, T_LOWS, T_MEANS, T_REALS, T_MINUTES, TABLES };
enum { M_N, M_SUM, M_LOW, M_HIGH, M_MEAN, M_REAL, MEASURES };

static struct pipeline *p, *other;
static char root[] = "/tmp/weir-merge-XXXXXX";
static unsigned paths;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (!mkdtemp(root) ||
	    pipeline_parse(text, sizeof(text) - 1, "world.json", &p, &err) ||
	    pipeline_parse(other_text, sizeof(other_text) - 1, "other.json",
			   &other, &err))
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	pipeline_free(other);
	return 0;
}

/* ---- Stores ---- */

/* What one weir has: its store, and what its next commit says. */
struct member {
	struct store *store;
	char path[256];
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partitions[PARTS_MAX];
	unsigned partitions_len;
	struct store_dead dead[4];
	unsigned dead_len;
	struct store_second seconds[400];
	unsigned seconds_len;
};

static const struct store_source usual = {"kafka:abc", "world", "a broker"};

static void
member_init(struct member *m, const struct pipeline *pipeline,
	    const struct store_source *source)
{
	struct err err;

	memset(m, 0, sizeof(*m));
	snprintf(m->path, sizeof(m->path), "%s/%u", root, paths++);
	check_ok(
	    store_open(m->path, STORE_THROWAWAY, pipeline, &m->store, &err),
	    &err);
	check_ok(store_set_source(m->store, source, &err), &err);
	aggregate_init(&m->aggregate, pipeline);
	m->state.watermark_ms = m->state.newest_ms = WATERMARK_NONE;
	m->state.commit_ms = m->state.started_ms = START_MS;
}

static void
member_release(struct member *m)
{
	aggregate_release(&m->aggregate);
	store_close(m->store);
}

static struct store_partition *
add_partition(struct member *m, int32_t number, int64_t begin, int64_t position)
{
	assert_true(m->partitions_len < PARTS_MAX);
	m->partitions[m->partitions_len] = (struct store_partition){
	    .topic = "world",
	    .number = number,
	    .begin = begin,
	    .position = position,
	    .end = position,
	    .newest_ms = WATERMARK_NONE,
	    .first_offset = -1,
	    .last_offset = -1,
	};
	return &m->partitions[m->partitions_len++];
}

static void
member_commit(struct member *m)
{
	struct store_commit commit = {
	    .aggregate = &m->aggregate,
	    .state = &m->state,
	    .partitions = m->partitions,
	    .partitions_len = m->partitions_len,
	    .dead = m->dead,
	    .dead_len = m->dead_len,
	    .seconds = m->seconds,
	    .seconds_len = m->seconds_len,
	};
	struct ledger *l = &m->state.ledger;
	uint64_t number;
	struct err err;

	l->lag = 0;
	for (unsigned i = 0; i < m->partitions_len; i++)
		if (m->partitions[i].state == PARTITION_READ)
			l->lag +=
			    m->partitions[i].end - m->partitions[i].position;
	l->consumed = l->valid + l->dead;
	l->foreign = l->consumed + l->lag + l->lost + l->skipped - l->acked;
	check_ok(store_commit(m->store, &commit, &number, &err), &err);
	aggregate_clear(&m->aggregate, 4 << 20);
	m->dead_len = m->seconds_len = 0;
}

static struct merge *
merge_members(struct member *members, unsigned len)
{
	struct store *stores[STORES_MAX];
	struct merge *merge;
	struct err err;

	for (unsigned i = 0; i < len; i++)
		stores[i] = members[i].store;
	check_ok(merge_new(stores, len, &merge, &err), &err);
	return merge;
}

/* A view of the members as they are now. */
static struct view *
view_members(struct member *members, unsigned len)
{
	struct merge *merge = merge_members(members, len);
	struct view *view;
	struct err err;

	check_ok(merge_view(merge, 0, true, &view, &err), &err);
	merge_free(merge);
	return view;
}

/* ---- The world ---- */

struct happened {
	unsigned key;
	int64_t time_ms;
	bool has_v, has_w, late;
	int64_t v;
	double w;
};

struct world {
	struct random random;
	struct member members[STORES_MAX];
	unsigned members_len, keys;
	struct happened events[EVENTS_MAX];
	unsigned events_len;
	struct merge *merge;
	struct view *view;
};

static struct world world;

static const char *
key_name(unsigned key)
{
	static char name[32];

	/* The first has no bytes at all. */
	if (key == 0)
		name[0] = '\0';
	else
		snprintf(name, sizeof(name), "key %05u", key);
	return name;
}

/* Each member has partitions of its own: member 1 has 2 and 3, say. */
static void
world_init(struct world *w, unsigned members, unsigned keys, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	w->members_len = members;
	w->keys = keys;
	for (unsigned i = 0; i < members; i++) {
		member_init(&w->members[i], p, &usual);
		for (int32_t n = 0; n < 2; n++)
			add_partition(&w->members[i], (int32_t)i * 2 + n, 0, 0);
	}
	w->merge = merge_members(w->members, members);
}

static void
world_release(struct world *w)
{
	view_free(w->view);
	merge_free(w->merge);
	for (unsigned i = 0; i < w->members_len; i++)
		member_release(&w->members[i]);
}

static void
add(struct world *w, unsigned number, const struct happened *what)
{
	struct member *m = &w->members[number];
	unsigned entry = (unsigned)random_below(&w->random, m->partitions_len);
	struct store_partition *partition = &m->partitions[entry];
	struct happened *h = &w->events[w->events_len++];
	const char *name = key_name(what->key);
	struct event event = {.time_ms = what->time_ms};
	int64_t window = (what->time_ms - START_MS) / MINUTE;

	assert_true(w->events_len <= EVENTS_MAX);
	assert_true(window >= 0 && window < WINDOWS_MAX);
	*h = *what;
	h->late =
	    m->state.watermark_ms != WATERMARK_NONE &&
	    START_MS + (window + 1) * MINUTE + 10000 <= m->state.watermark_ms;
	event.values[F_K].present = true;
	event.values[F_K].text = (struct text){name, strlen(name)};
	event.values[F_T].present = true;
	event.values[F_T].i = what->time_ms;
	event.values[F_V].present = what->has_v;
	event.values[F_V].i = what->v;
	event.values[F_W].present = what->has_w;
	event.values[F_W].d = what->w;
	aggregate_add(&m->aggregate, &event,
		      (struct position){(int32_t)entry, partition->position},
		      m->state.watermark_ms);
	aggregate_settle(&m->aggregate);
	partition->position++;
	partition->end = partition->position;
	if (what->time_ms > partition->newest_ms)
		partition->newest_ms = what->time_ms;
	if (what->time_ms > m->state.newest_ms)
		m->state.newest_ms = what->time_ms;
	m->state.ledger.valid++;
	m->state.ledger.late += h->late;
}

static void
add_count(struct world *w, unsigned number, unsigned key, unsigned n)
{
	struct happened h = {.key = key, .time_ms = START_MS};

	while (n-- > 0)
		add(w, number, &h);
}

static void
add_random(struct world *w, unsigned n, int64_t from_ms, int64_t span_ms)
{
	while (n-- > 0) {
		double skew = random_double(&w->random);
		struct happened h = {
		    .key = (unsigned)(skew * skew * w->keys),
		    .has_v = random_below(&w->random, 3) > 0,
		    .has_w = random_below(&w->random, 2) > 0,
		};

		h.time_ms = from_ms + (int64_t)random_below(&w->random,
							    (uint64_t)span_ms);
		h.v = (int64_t)random_below(&w->random, 2001) - 1000;
		/* Sums of quarters are exact, whatever their order. */
		h.w = (double)random_below(&w->random, 4000) / 4 - 500;
		add(w, (unsigned)random_below(&w->random, w->members_len), &h);
	}
}

static void
look(struct world *w, bool windows)
{
	uint64_t seen = w->view ? w->view->commit : 0;
	struct err err;

	view_free(w->view);
	w->view = NULL;
	check_ok(merge_view(w->merge, seen, windows, &w->view, &err), &err);
}

static void
commit_all(struct world *w)
{
	for (unsigned i = 0; i < w->members_len; i++)
		member_commit(&w->members[i]);
}

/* ---- What a view must say ---- */

/* All events of a key, or of several. */
struct tally {
	int64_t n, v_n, w_n, sum, low, high;
	double real;
};

static void
count_event(struct tally *t, const struct happened *h)
{
	t->n++;
	if (h->has_v) {
		t->sum += h->v;
		t->low = t->v_n == 0 || h->v < t->low ? h->v : t->low;
		t->high = t->v_n == 0 || h->v > t->high ? h->v : t->high;
		t->v_n++;
	}
	if (h->has_w) {
		t->real += h->w;
		t->w_n++;
	}
}

/* The value of a measure; false: no event had its field. */
static bool
measure(const struct tally *t, unsigned which, double *value)
{
	switch (which) {
	case M_N:
		*value = (double)t->n;
		return t->n > 0;
	case M_SUM:
		*value = (double)t->sum;
		return t->v_n > 0;
	case M_LOW:
		*value = (double)t->low;
		return t->v_n > 0;
	case M_HIGH:
		*value = (double)t->high;
		return t->v_n > 0;
	case M_MEAN:
		*value = t->v_n ? (double)t->sum / (double)t->v_n : 0;
		return t->v_n > 0;
	default:
		*value = t->real;
		return t->w_n > 0;
	}
}

static void
assert_measure(struct value value, const struct tally *t, unsigned which)
{
	double want;

	if (!measure(t, which, &want)) {
		assert_int_equal(value.kind, VALUE_NONE);
		return;
	}
	assert_int_equal(value.kind, which == M_MEAN || which == M_REAL
					 ? VALUE_REAL
					 : VALUE_INT);
	if (fabs(value_double(value) - want) > 0)
		fail_msg("measure %u is %g, not %g", which, value_double(value),
			 want);
}

static unsigned
number_of(const struct view_text *key)
{
	unsigned number = 0;

	if (key->size)
		assert_int_equal(sscanf(key->data, "key %05u", &number), 1);
	return number;
}

static void
check_summary(const struct view_summary *s, const struct tally *tallies,
	      const struct tally *all, unsigned len, unsigned rank)
{
	int64_t keys = 0, ranked = 0, min_keys = 0, spread[VIEW_SPREAD] = {0};
	unsigned min_key = 0, max_key = 0;
	double min = 0, max = 0, value;

	for (unsigned i = 0; i < len; i++) {
		unsigned slot = 0;

		keys += tallies[i].n > 0;
		if (tallies[i].n == 0 || !measure(&tallies[i], rank, &value))
			continue;
		for (double above = 1; value >= above; above *= 2)
			slot++;
		spread[slot]++;
		if (ranked == 0 || value < min) {
			min = value;
			min_key = i;
			min_keys = 0;
		}
		min_keys += value <= min;
		if (ranked == 0 || value > max) {
			max = value;
			max_key = i;
		}
		ranked++;
	}
	assert_int_equal(s->keys, keys);
	if (keys == 0)
		return;
	assert_measure(s->total, all, rank);
	if (rank == M_N || rank == M_SUM || rank == M_REAL) {
		measure(all, rank, &value);
		assert_int_equal(s->average.kind,
				 ranked ? VALUE_REAL : VALUE_NONE);
		assert_true(!ranked ||
			    fabs(s->average.d - value / (double)keys) < 1e-9);
	} else if (rank == M_MEAN) {
		assert_measure(s->average, all, M_MEAN);
	} else {
		assert_int_equal(s->average.kind, VALUE_NONE);
	}
	assert_int_equal(s->min_keys, min_keys);
	assert_memory_equal(s->spread, spread, sizeof(spread));
	if (ranked == 0)
		return;
	assert_measure(s->min, &tallies[min_key], rank);
	assert_measure(s->max, &tallies[max_key], rank);
	assert_int_equal(number_of(&s->min_key), min_key);
	assert_int_equal(number_of(&s->max_key), max_key);
}

/* Both ends of a ranking; keys of the same value come in their order. */
static void
check_rows(const struct view_row *rows, unsigned rows_len,
	   const struct tally *tallies, unsigned len, unsigned rank,
	   unsigned measures, bool largest_first)
{
	static bool taken[KEYS_MAX];

	memset(taken, 0, sizeof(taken));
	for (unsigned r = 0; r < VIEW_RANKING; r++) {
		int best = -1;
		double value, best_value = 0;

		for (unsigned i = 0; i < len; i++)
			if (!taken[i] && tallies[i].n > 0 &&
			    measure(&tallies[i], rank, &value) &&
			    (best < 0 ||
			     (largest_first ? value > best_value
					    : value < best_value))) {
				best = (int)i;
				best_value = value;
			}
		if (best < 0) {
			assert_int_equal(rows_len, r);
			return;
		}
		taken[best] = true;
		assert_true(r < rows_len);
		assert_int_equal(number_of(&rows[r].key), best);
		for (unsigned m = 0; m < measures; m++)
			assert_measure(rows[r].measures[m], &tallies[best], m);
		assert_string_equal(rows[r].first.topic, "world");
		assert_true(rows[r].first.offset >= 0);
		assert_string_equal(rows[r].last.topic, "world");
	}
	assert_int_equal(rows_len, VIEW_RANKING);
}

/* The least watermark ends windows, the largest makes them expire. */
static void
watermarks(const struct world *w, int64_t *least, int64_t *largest)
{
	*least = INT64_MAX;
	*largest = WATERMARK_NONE;
	for (unsigned i = 0; i < w->members_len; i++) {
		int64_t its = w->members[i].state.watermark_ms;

		*least = its < *least ? its : *least;
		*largest = its > *largest ? its : *largest;
	}
}

static bool
passed(int64_t watermark_ms, int64_t time_ms)
{
	return watermark_ms != WATERMARK_NONE && time_ms <= watermark_ms;
}

static void
tally_window(const struct world *w, int64_t start_ms, struct tally *tallies,
	     struct tally *all)
{
	memset(tallies, 0, w->keys * sizeof(*tallies));
	memset(all, 0, sizeof(*all));
	for (unsigned i = 0; i < w->events_len; i++) {
		const struct happened *h = &w->events[i];

		if (h->late || h->time_ms < start_ms ||
		    h->time_ms >= start_ms + MINUTE)
			continue;
		count_event(&tallies[h->key], h);
		count_event(all, h);
	}
}

/* The smallest and largest of the keys over their windows are kept for this. */
static int64_t window_min[KEYS_MAX], window_max[KEYS_MAX];

static void
check_windows(const struct world *w, bool tops)
{
	static struct tally tallies[KEYS_MAX];
	const struct view_table *table = &w->view->tables[T_MINUTES];
	int64_t least, largest, late = 0;
	unsigned at = 0;

	watermarks(w, &least, &largest);
	for (unsigned i = 0; i < w->events_len; i++)
		late += w->events[i].late;
	assert_int_equal(table->late, late);
	memset(window_min, 0, sizeof(window_min));
	memset(window_max, 0, sizeof(window_max));
	for (int64_t i = WINDOWS_MAX - 1; i >= 0; i--) {
		int64_t start_ms = START_MS + i * MINUTE;
		const struct view_window *window = &table->windows[at];
		bool complete = passed(least, start_ms + MINUTE + 10000);
		struct tally all;

		tally_window(w, start_ms, tallies, &all);
		if (passed(largest, start_ms + 21 * MINUTE) || all.n == 0)
			continue;
		assert_true(at++ < table->windows_len);
		assert_true(window->start_ms == start_ms);
		assert_true(window->end_ms == start_ms + MINUTE);
		assert_int_equal(window->complete, complete);
		check_summary(&window->summary, tallies, &all, w->keys, M_N);
		if (tops)
			check_rows(window->top, window->top_len, tallies,
				   w->keys, M_N, 1, true);
		if (at == 1) {
			check_summary(&table->summary, tallies, &all, w->keys,
				      M_N);
			check_rows(table->top, table->top_len, tallies, w->keys,
				   M_N, 1, true);
			check_rows(table->bottom, table->bottom_len, tallies,
				   w->keys, M_N, 1, false);
		}
		for (unsigned k = 0; k < w->keys; k++) {
			int64_t n = tallies[k].n;

			if (n > window_max[k])
				window_max[k] = n;
			if (n && complete &&
			    (!window_min[k] || n < window_min[k]))
				window_min[k] = n;
		}
	}
	assert_int_equal(at, table->windows_len);
}

/* Of one key over its windows, as the extremes panel shows them. */
static void
check_extremes(const struct view_table *table)
{
	for (unsigned i = 0; i < table->top_len && i < 50; i++) {
		const struct view_row *row = &table->top[i];
		unsigned key = number_of(&row->key);

		assert_int_equal(row->window_max.kind,
				 window_max[key] ? VALUE_INT : VALUE_NONE);
		assert_true(row->window_max.i == window_max[key]);
		assert_int_equal(row->window_min.kind,
				 window_min[key] ? VALUE_INT : VALUE_NONE);
		assert_true(row->window_min.i == window_min[key]);
	}
}

static void
check(const struct world *w, bool tops)
{
	static const unsigned ranks[] = {M_N, M_SUM, M_LOW, M_MEAN, M_REAL};
	static struct tally tallies[KEYS_MAX];
	struct tally all = {0};
	unsigned n = 0;

	memset(tallies, 0, sizeof(tallies));
	for (unsigned i = 0; i < w->events_len; i++) {
		count_event(&tallies[w->events[i].key], &w->events[i]);
		count_event(&all, &w->events[i]);
	}
	for (unsigned t = 0; t < T_MINUTES; t++) {
		const struct view_table *table = &w->view->tables[t];

		check_summary(&table->summary, tallies, &all, w->keys,
			      ranks[t]);
		check_rows(table->top, table->top_len, tallies, w->keys,
			   ranks[t], MEASURES, true);
		check_rows(table->bottom, table->bottom_len, tallies, w->keys,
			   ranks[t], MEASURES, false);
	}
	check_windows(w, tops);
	check_extremes(&w->view->tables[T_COUNTS]);
	assert_true(w->view->balanced);
	assert_int_equal(w->view->ledger.valid, w->events_len);
	assert_int_equal(w->view->ledger.consumed, w->events_len);
	assert_int_equal(w->view->ledger.foreign, w->events_len);
	assert_int_equal(w->view->overlaps_len, 0);
	for (unsigned i = 0; i < w->members_len; i++) {
		const struct member *m = &w->members[i];

		for (unsigned j = 0; j < m->partitions_len; j++, n++) {
			const struct view_partition *at =
			    &w->view->partitions[n];

			assert_int_equal(at->id, m->partitions[j].number);
			assert_string_equal(at->topic, "world");
			assert_string_equal(at->store, m->path);
			assert_int_equal(at->position,
					 m->partitions[j].position);
		}
	}
	assert_int_equal(w->view->partitions_len, n);
}

/* ---- Numbers ---- */

static void
the_merged_say_what_one_would(void **state)
{
	(void)state;
	for (unsigned keys = 3; keys <= KEYS_MAX; keys *= 10) {
		struct world *w = &world;

		world_init(w, keys == 30 ? 3 : 2, keys, keys);
		for (unsigned c = 0; c < 12; c++) {
			bool tops = c % 2 == 0;

			add_random(w,
				   1 + (unsigned)random_below(&w->random, 3000),
				   START_MS + c * MINUTE, 3 * MINUTE);
			commit_all(w);
			look(w, tops);
			check(w, tops);
		}
		world_release(w);
	}
}

/* Also when one store alone has what the others do not know at all. */
static void
keys_of_one_store_alone(void **state)
{
	struct world *w = &world;

	(void)state;
	world_init(w, 3, 300, 1);
	for (unsigned i = 0; i < 900; i++) {
		struct happened h = {
		    .key = i % 300, .time_ms = START_MS + (i % 3) * 2 * MINUTE};

		add(w, i % 3, &h); /* key i: store i % 3 */
	}
	commit_all(w);
	look(w, true);
	check(w, true);
	world_release(w);
}

/*
 * Key 500 is not the smallest anywhere, nor in any ranking that is stored, but
 * it is the smallest of all; key 2600 likewise the largest.
 */
static void
an_extreme_that_no_store_knows(void **state)
{
	static struct world one;
	struct world *w = &one;

	(void)state;
	world_init(w, 2, 2700, 2);
	for (unsigned key = 0; key < 2700; key++) {
		unsigned few = 2 + key % 2, many = 12 - key % 2;

		if (key == 500)
			few = many = 4; /* 8, all others have 14 */
		if (key == 2600)
			few = many = 11; /* 22 */
		add_count(w, key % 2, key, few);
		add_count(w, !(key % 2), key, many);
	}
	commit_all(w);
	for (unsigned i = 0; i < 2; i++) {
		struct view *view;
		struct err err;

		check_ok(store_view(w->members[i].store, 0, true, &view, &err),
			 &err);
		assert_int_not_equal(
		    number_of(&view->tables[T_COUNTS].summary.min_key), 500);
		assert_int_not_equal(
		    number_of(&view->tables[T_COUNTS].summary.max_key), 2600);
		view_free(view);
	}
	look(w, true);
	assert_int_equal(number_of(&w->view->tables[T_COUNTS].summary.min_key),
			 500);
	assert_true(w->view->tables[T_COUNTS].summary.min.i == 8);
	assert_int_equal(w->view->tables[T_COUNTS].summary.min_keys, 1);
	assert_int_equal(number_of(&w->view->tables[T_COUNTS].summary.max_key),
			 2600);
	assert_true(w->view->tables[T_COUNTS].summary.max.i == 22);
	check(w, true);
	world_release(w);
}

/* A window that was looked at already, and then changes in one store. */
static void
windows_that_change_are_read_again(void **state)
{
	struct world *w = &world;
	struct happened h = {.key = 7};

	(void)state;
	world_init(w, 2, 50, 3);
	add_random(w, 4000, START_MS, 8 * MINUTE);
	commit_all(w);
	look(w, false);
	check(w, false);
	for (unsigned c = 0; c < 8; c++) {
		h.time_ms = START_MS + c * MINUTE;
		add(w, c % 2, &h);
		member_commit(&w->members[c % 2]);
		look(w, false);
		check(w, false);
	}
	world_release(w);
}

/* ---- Empty stores, and news ---- */

static void
stores_without_events(void **state)
{
	struct world *w = &world;
	struct view *view = NULL;
	struct err err;

	(void)state;
	world_init(w, 3, 20, 4);
	/* None of them has had a commit. */
	assert_int_equal(merge_view(w->merge, 0, true, &view, &err),
			 WEIR_NOT_FOUND);
	assert_null(view);
	/* One has, of nothing. */
	member_commit(&w->members[1]);
	look(w, true);
	assert_int_equal(w->view->commit, 1);
	assert_int_equal(w->view->tables[T_COUNTS].summary.keys, 0);
	assert_int_equal(w->view->tables[T_COUNTS].top_len, 0);
	assert_int_equal(w->view->tables[T_MINUTES].windows_len, 0);
	/* One has events, one has had a commit, one none. */
	for (unsigned i = 0; i < 40; i++) {
		struct happened h = {.key = i % 20, .time_ms = START_MS};

		add(w, 0, &h);
	}
	member_commit(&w->members[0]);
	look(w, true);
	assert_int_equal(w->view->commit, 2);
	assert_int_equal(w->view->tables[T_COUNTS].summary.keys, 20);
	assert_int_equal(w->view->ledger.valid, 40);
	assert_int_equal(w->view->started_ms, START_MS);
	world_release(w);
}

static void
a_view_only_when_any_store_has_news(void **state)
{
	struct world *w = &world;
	struct view *view = NULL;
	struct err err;

	(void)state;
	world_init(w, 2, 20, 5);
	commit_all(w);
	look(w, false);
	assert_int_equal(w->view->commit, 2);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(
		    merge_view(w->merge, w->view->commit, false, &view, &err),
		    WEIR_NOT_FOUND);
		member_commit(&w->members[i % 2]);
		look(w, false);
		assert_int_equal(w->view->commit, 3 + i);
	}
	world_release(w);
}

/* ---- What adds up beside the rows ---- */

static void
ledgers_and_reasons_add_up(void **state)
{
	struct world *w = &world;
	const struct ledger *l;

	(void)state;
	world_init(w, 3, 20, 6);
	for (unsigned i = 0; i < 3; i++) {
		struct store_state *s = &w->members[i].state;
		int64_t n = (int64_t)(i + 1);

		s->ledger.produced = 90 * n;
		s->ledger.acked = 70 * n;
		s->ledger.unacked = 15 * n;
		s->ledger.failed = 5 * n;
		s->ledger.valid = 1000 * n;
		s->ledger.dead = 30 * n;
		s->ledger.late = 3 * n;
		s->ledger.lost = 7 * n;
		s->ledger.skipped = 11 * n;
		s->dead_by_reason[REASON_NOT_JSON] = 10 * n;
		s->dead_by_reason[REASON_MISSING] = 20 * n;
		s->memory_bytes = 100 * n;
		s->memory_limit = 200 * n;
		s->commit_us = 50 * (4 - n);
		s->commit_ms = START_MS + 100 * (int64_t)(i == 1);
		s->started_ms = START_MS - 100 * (int64_t)(i == 2);
		w->members[i].partitions[0].end += n;
	}
	commit_all(w);
	look(w, true);
	l = &w->view->ledger;
	assert_int_equal(l->produced, 540);
	assert_int_equal(l->acked, 420);
	assert_int_equal(l->unacked, 90);
	assert_int_equal(l->failed, 30);
	assert_int_equal(l->valid, 6000);
	assert_int_equal(l->dead, 180);
	assert_int_equal(l->consumed, 6180);
	assert_int_equal(l->late, 18);
	assert_int_equal(l->lost, 42);
	assert_int_equal(l->skipped, 66);
	assert_int_equal(l->lag, 6);
	assert_int_equal(l->foreign, 6180 + 6 + 42 + 66 - 420);
	assert_true(w->view->balanced);
	assert_int_equal(w->view->reasons_len, 2);
	assert_string_equal(w->view->reasons[0].name, "missing");
	assert_int_equal(w->view->reasons[0].count, 120);
	assert_int_equal(w->view->reasons[1].count, 60);
	assert_int_equal(w->view->memory_bytes, 600);
	assert_int_equal(w->view->memory_limit, 1200);
	assert_int_equal(w->view->commit_us, 150);
	assert_int_equal(w->view->commit_ms, START_MS + 100);
	assert_int_equal(w->view->started_ms, START_MS - 100);
	assert_string_equal(w->view->topic, "world");
	assert_string_equal(w->view->source, "a broker");
	world_release(w);
}

/* Rows and dead letters name the partitions of their own store. */
static void
positions_are_of_their_store(void **state)
{
	struct world *w = &world;
	const struct view_row *row;

	(void)state;
	world_init(w, 2, 3, 7);
	/* Key 1 in the second store alone, key 2 in both. */
	w->members[1].partitions_len = 1; /* number 2 */
	w->members[1].partitions[0].position = 500;
	w->members[0].partitions_len = 1; /* number 0 */
	add_count(w, 1, 1, 3);
	add_count(w, 0, 2, 1);
	add_count(w, 1, 2, 1);
	commit_all(w);
	look(w, true);
	row = &w->view->tables[T_COUNTS].top[0];
	assert_int_equal(number_of(&row->key), 1);
	assert_int_equal(row->first.partition, 2);
	assert_int_equal(row->first.offset, 500);
	assert_int_equal(row->last.partition, 2);
	assert_int_equal(row->last.offset, 502);
	row = &w->view->tables[T_COUNTS].top[1];
	assert_int_equal(row->first.partition, 0);
	assert_int_equal(row->first.offset, 0);
	assert_int_equal(row->last.partition, 2);
	assert_int_equal(row->last.offset, 503);
	world_release(w);
}

static void
the_newest_dead_letters_of_all(void **state)
{
	struct world *w = &world;
	char raw[8] = "letter";
	int64_t n = 0;

	(void)state;
	world_init(w, 3, 1, 8);
	for (unsigned c = 0; c < 60; c++) {
		/* One after the other, most of them in the last store. */
		unsigned which = c % 10 == 0 ? 0 : (c % 10 == 5 ? 1 : 2);
		struct member *m = &w->members[which];

		for (unsigned i = 0; i < 3; i++, n++)
			m->dead[i] = (struct store_dead){
			    .reason = REASON_MISSING,
			    .field = F_K,
			    .position = {(int32_t)(n % 2), n},
			    .seen_ms = START_MS + n,
			    .size = 6,
			    .raw = raw,
			    .raw_size = 6,
			};
		m->dead_len = 3;
		m->state.dead_seq += 3;
		m->state.ledger.dead += 3;
		member_commit(m);
	}
	look(w, false);
	assert_int_equal(w->view->dead_len, VIEW_DEAD);
	for (unsigned i = 0; i < VIEW_DEAD; i++) {
		const struct view_dead *dead = &w->view->dead[i];
		int64_t at = n - 1 - i, c = at / 3;
		int32_t which = c % 10 == 0 ? 0 : (c % 10 == 5 ? 1 : 2);

		assert_int_equal(dead->seen_ms, START_MS + at);
		assert_int_equal(dead->position.offset, at);
		assert_int_equal(dead->position.partition, which * 2 + at % 2);
		assert_int_equal(dead->raw.size, 6);
		assert_string_equal(dead->field, "k");
	}
	world_release(w);
}

/*
 * Two stores are written, the first of them a second behind; the third was
 * written until a minute ago. Counters are cumulative: 10 s, 100 s, 1000 s.
 */
static void
history_is_the_sum(void **state)
{
	const int64_t base = START_MS / 1000;
	struct world *w = &world;

	(void)state;
	world_init(w, 3, 1, 9);
	for (unsigned i = 0; i < 3; i++) {
		struct member *m = &w->members[i];
		int64_t each = i == 0 ? 10 : i == 1 ? 100 : 1000;
		int64_t until = i == 0 ? 199 : i == 1 ? 200 : 140;

		for (int64_t s = 0; s < until; s++)
			m->seconds[m->seconds_len++] = (struct store_second){
			    .second = base + s,
			    .produced = each * s,
			    .acked = 2 * each * s,
			    .consumed = 3 * each * s,
			    .dead = 4 * each * s,
			    .lag = each,
			    .commit_us = 5 * each,
			};
		m->state.commit_ms = (base + until) * 1000 + 10;
		member_commit(m);
	}
	look(w, false);
	assert_int_equal(w->view->commit_ms, (base + 200) * 1000 + 10);
	assert_int_equal(w->view->history_len, VIEW_HISTORY);
	for (unsigned i = 0; i < VIEW_HISTORY; i++) {
		const struct view_second *at = &w->view->history[i];
		int64_t s = at->second - base;
		int64_t each = s < 140 ? 1110 : 110;

		/* It ends with the last that both know. */
		assert_int_equal(s, 199 - VIEW_HISTORY + (int64_t)i);
		assert_int_equal(at->known, s > 0);
		if (s <= 0)
			continue;
		assert_int_equal(at->produced, each);
		assert_int_equal(at->acked, 2 * each);
		assert_int_equal(at->consumed, 3 * each);
		assert_int_equal(at->dead, 4 * each);
		assert_int_equal(at->lag, each);
		assert_int_equal(at->commit_us, s < 140 ? 5000 : 500);
	}
	world_release(w);
}

/* ---- Watermarks and partitions that change hands ---- */

/* Each store takes events by its own watermark. */
static void
windows_end_with_the_last_and_go_with_the_first(void **state)
{
	struct world *w = &world;
	const struct view_table *table;
	int64_t second_ms;

	(void)state;
	world_init(w, 2, 30, 10);
	for (unsigned c = 0; c < 30; c++) {
		int64_t now = START_MS + c * MINUTE;

		add_random(w, 300, c < 3 ? START_MS : now - 2 * MINUTE,
			   3 * MINUTE);
		w->members[0].state.watermark_ms = now + MINUTE / 2;
		/* None at first, then far behind, then not much. */
		second_ms = c < 6    ? -1
			    : c < 20 ? now - 4 * MINUTE
				     : now + MINUTE / 4;
		if (c >= 6)
			w->members[1].state.watermark_ms = second_ms;
		commit_all(w);
		look(w, c % 2);
		check(w, c % 2);
		assert_int_equal(w->view->watermark_ms, second_ms);
	}
	table = &w->view->tables[T_MINUTES];
	assert_true(table->late > 0);
	/* The second store still has the minutes before. */
	assert_int_equal(table->windows[table->windows_len - 1].start_ms,
			 START_MS + 9 * MINUTE);
	world_release(w);
}

static int64_t
merged_watermark(struct member *members, unsigned len)
{
	struct view *view = view_members(members, len);
	int64_t watermark_ms = view->watermark_ms;

	view_free(view);
	return watermark_ms;
}

/* Who takes no more events holds nobody's watermark back. */
static void
who_holds_the_watermark_back(void **state)
{
	static struct member m[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		member_init(&m[i], p, &usual);
		add_partition(&m[i], (int32_t)i, 0, 100);
	}
	m[0].state.watermark_ms = m[0].state.newest_ms = 5000;
	member_commit(&m[0]);
	/* No commit yet. */
	assert_int_equal(merged_watermark(m, 2), 5000);
	/* Read to the end, and no event in it. */
	member_commit(&m[1]);
	assert_int_equal(merged_watermark(m, 2), 5000);
	/* There may be old events in what is left. */
	m[1].partitions[0].end = 110;
	member_commit(&m[1]);
	assert_int_equal(merged_watermark(m, 2), -1);
	m[1].partitions[0].position = 110;
	m[1].state.newest_ms = 3000;
	member_commit(&m[1]);
	assert_int_equal(merged_watermark(m, 2), -1);
	m[1].state.watermark_ms = 3000;
	member_commit(&m[1]);
	assert_int_equal(merged_watermark(m, 2), 3000);
	/* Given away. */
	m[1].partitions[0].state = PARTITION_AWAY;
	member_commit(&m[1]);
	assert_int_equal(merged_watermark(m, 2), 5000);
	/* Nobody goes on. */
	m[0].partitions[0].state = PARTITION_AWAY;
	member_commit(&m[0]);
	assert_int_equal(merged_watermark(m, 2), 3000);
	for (unsigned i = 0; i < 2; i++)
		member_release(&m[i]);
}

/*
 * The first weir ended with 40 of its partition unread; the second has read on
 * from there. The first store does not know.
 */
static void
a_partition_that_was_passed_on(void **state)
{
	static struct member m[2];
	struct view *view;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		member_init(&m[i], p, &usual);
	add_partition(&m[0], 7, 0, 60)->end = 100;
	m[0].state.ledger.valid = 60;
	m[0].state.watermark_ms = m[0].state.newest_ms = 1000;
	member_commit(&m[0]);
	add_partition(&m[1], 8, 0, 0);
	add_partition(&m[1], 7, 60, 60)->end = 130;
	m[1].state.watermark_ms = m[1].state.newest_ms = 9000;
	member_commit(&m[1]);
	for (unsigned i = 0; i < 2; i++) {
		/* Nothing read yet there; then some. */
		view = view_members(m, 2);
		assert_int_equal(view->partitions[0].state,
				 VIEW_PARTITION_AWAY);
		assert_int_equal(view->partitions[0].lag, 0);
		assert_int_equal(view->partitions[2].state,
				 VIEW_PARTITION_READ);
		assert_int_equal(view->ledger.lag, i ? 10 : 70);
		assert_int_equal(view->ledger.foreign, 130);
		assert_true(view->balanced);
		assert_int_equal(view->overlaps_len, 0);
		assert_int_equal(view->watermark_ms, 9000);
		view_free(view);
		m[1].partitions[1].position = 120;
		m[1].state.ledger.valid = 60;
		member_commit(&m[1]);
	}
	/* Made anew: what has ended there passes nothing. */
	m[1].partitions[1].state = PARTITION_ENDED;
	m[1].state.ledger.lag = 0;
	member_commit(&m[1]);
	view = view_members(m, 2);
	assert_int_equal(view->partitions[0].state, VIEW_PARTITION_READ);
	assert_int_equal(view->ledger.lag, 40);
	view_free(view);
	for (unsigned i = 0; i < 2; i++)
		member_release(&m[i]);
}

/* ---- Overlaps ---- */

static void
assert_overlap(const struct view *view, unsigned i, int32_t partition,
	       int64_t begin, int64_t end, int64_t events)
{
	const struct view_overlap *o = &view->overlaps[i];

	assert_true(i < view->overlaps_len);
	assert_string_equal(o->topic, "world");
	assert_int_equal(o->partition, partition);
	assert_int_equal(o->begin, begin);
	assert_int_equal(o->end, end);
	assert_int_equal(o->events, events);
}

static void
overlaps_are_found_exactly(void **state)
{
	static struct member m[3];
	struct view *view;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		member_init(&m[i], p, &usual);
	/* Touching: 0 to 99 and 100 to 199. */
	add_partition(&m[0], 0, 0, 100)->state = PARTITION_AWAY;
	add_partition(&m[1], 0, 100, 200);
	/* By one event. */
	add_partition(&m[0], 1, 0, 101)->state = PARTITION_ENDED;
	add_partition(&m[1], 1, 100, 200)->state = PARTITION_AWAY;
	/* The same store twice is of two logs. */
	add_partition(&m[0], 2, 0, 100)->state = PARTITION_ENDED;
	add_partition(&m[0], 2, 0, 50);
	/* In all three, from 20 on; before, in two. */
	add_partition(&m[0], 3, 0, 60);
	add_partition(&m[1], 3, 10, 70);
	add_partition(&m[2], 3, 20, 40);
	/* The same number in another topic. */
	strcpy(add_partition(&m[2], 0, 0, 1000)->topic, "elsewhere");
	/* Nothing read. */
	add_partition(&m[2], 1, 100, 100);
	for (unsigned i = 0; i < 3; i++)
		member_commit(&m[i]);
	view = view_members(m, 3);
	assert_int_equal(view->overlaps_len, 4);
	assert_overlap(view, 0, 1, 100, 101, 1);
	assert_int_equal(view->overlaps[0].stores_len, 2);
	assert_string_equal(view->overlaps[0].stores[0], m[0].path);
	assert_string_equal(view->overlaps[0].stores[1], m[1].path);
	assert_overlap(view, 1, 3, 10, 20, 10);
	assert_int_equal(view->overlaps[1].stores_len, 2);
	assert_overlap(view, 2, 3, 20, 40, 40);
	assert_int_equal(view->overlaps[2].stores_len, 3);
	assert_string_equal(view->overlaps[2].stores[2], m[2].path);
	assert_overlap(view, 3, 3, 40, 60, 20);
	assert_string_equal(view->overlaps[3].stores[0], m[0].path);
	assert_string_equal(view->overlaps[3].stores[1], m[1].path);
	view_free(view);
	for (unsigned i = 0; i < 3; i++)
		member_release(&m[i]);
}

/* ---- What is refused ---- */

static void
assert_refused(struct member *a, struct member *b, int code, const char *says)
{
	struct store *stores[] = {a->store, b->store};
	struct merge *merge = NULL;
	struct err err = {0};

	assert_int_equal(merge_new(stores, 2, &merge, &err), code);
	assert_null(merge);
	assert_non_null(strstr(err.text, says));
	assert_non_null(strstr(err.text, a->path));
	assert_non_null(strstr(err.text, b->path));
}

static void
what_does_not_fit_is_refused(void **state)
{
	static const struct store_source broker = {"kafka:x", "world", "x"};
	static const struct store_source topic = {"kafka:abc", "worlds", "x"};
	static struct member m[4];

	(void)state;
	member_init(&m[0], p, &usual);
	member_init(&m[1], other, &usual);
	member_init(&m[2], p, &broker);
	member_init(&m[3], p, &topic);
	for (unsigned i = 0; i < 4; i++)
		member_commit(&m[i]);
	assert_refused(&m[0], &m[1], WEIR_STORE_FOREIGN, "one pipeline");
	assert_refused(&m[0], &m[2], WEIR_STORE_FOREIGN, "different brokers");
	assert_refused(&m[0], &m[3], WEIR_STORE_FOREIGN, "different topics");
	assert_refused(&m[0], &m[0], WEIR_USAGE, "the same store");
	for (unsigned i = 0; i < 4; i++)
		member_release(&m[i]);
}

/* ---- The watch ---- */

/* The newest view, waited for. */
static struct view *
wait_for(struct watch *watch, uint64_t seen)
{
	int64_t deadline = clock_steady_ns() + INT64_C(30000000000);
	struct view *view;
	struct err err;
	int rc;

	while ((rc = watch_view(watch, seen, &view, &err)) == WEIR_NOT_FOUND) {
		struct timespec pause = {0, 5000000};

		assert_true(clock_steady_ns() < deadline);
		nanosleep(&pause, NULL);
	}
	check_ok(rc, &err);
	return view;
}

static void
a_watch_follows_the_stores(void **state)
{
	struct world *w = &world;
	char note[ERR_TEXT_MAX];
	struct watch *watch;
	struct err err;
	uint64_t seen = 0;

	(void)state;
	world_init(w, 2, 40, 11);
	check_ok(watch_start(w->merge, &watch, &err), &err);
	for (unsigned c = 0; c < 6; c++) {
		add_random(w, 500, START_MS, 5 * MINUTE);
		commit_all(w);
		/* A merge can have come between the two commits. */
		do {
			view_free(w->view);
			w->view = wait_for(watch, seen);
			assert_true(w->view->commit > seen);
			seen = w->view->commit;
		} while (seen < 2 * (c + 1));
		check(w, false);
	}
	watch_note(watch, note);
	assert_string_equal(note, "");
	/* The second has read what the first has. */
	add_partition(&w->members[1], 0, 0, 10);
	member_commit(&w->members[1]);
	view_free(w->view);
	w->view = wait_for(watch, seen);
	watch_note(watch, note);
	assert_non_null(strstr(note, "up to 10 events are counted twice"));
	watch_stop(watch);
	world_release(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_merged_say_what_one_would),
	    cmocka_unit_test(keys_of_one_store_alone),
	    cmocka_unit_test(an_extreme_that_no_store_knows),
	    cmocka_unit_test(windows_that_change_are_read_again),
	    cmocka_unit_test(stores_without_events),
	    cmocka_unit_test(a_view_only_when_any_store_has_news),
	    cmocka_unit_test(ledgers_and_reasons_add_up),
	    cmocka_unit_test(positions_are_of_their_store),
	    cmocka_unit_test(the_newest_dead_letters_of_all),
	    cmocka_unit_test(history_is_the_sum),
	    cmocka_unit_test(windows_end_with_the_last_and_go_with_the_first),
	    cmocka_unit_test(who_holds_the_watermark_back),
	    cmocka_unit_test(a_partition_that_was_passed_on),
	    cmocka_unit_test(overlaps_are_found_exactly),
	    cmocka_unit_test(what_does_not_fit_is_refused),
	    cmocka_unit_test(a_watch_follows_the_stores),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
