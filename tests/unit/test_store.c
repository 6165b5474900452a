/*
 * The store, on a real LMDB environment in a temporary folder.
 *
 * Most tests drive a world: events at random go into an aggregate and, beside
 * it, into a plain array of counts; after each commit a view of the store must
 * say what the array says. The others look at one promise each: one writer, no
 * foreign store misread, nothing kept longer than it should be, and, with a
 * thread or another process reading while commits go on, that all numbers of a
 * view are of one commit.
 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/lmdb-door.h"
#include "check.h"
#include "folder.h"

#define MINUTE     INT64_C(60000)
#define START_MS   INT64_C(1735689600000)
#define PARTITIONS 3

#define FIELDS                                                                 \
	" \"event\": {\"time\": \"t\", \"fields\": {"                          \
	"  \"k\": {\"type\": \"string\", \"max_length\": 64},"                 \
	"  \"t\": {\"type\": \"time\"},"                                       \
	"  \"v\": {\"type\": \"integer\", \"optional\": true}}},"

static const char text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"}," FIELDS
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"sum\": {\"sum\": \"v\"}}},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"5m\","
    "    \"lateness\": \"10s\"}}},"
    " \"panels\": [{\"kind\": \"extremes\", \"table\": \"keys\","
    "   \"windows\": \"minutes\"}]}";

static const char other_text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"}," FIELDS
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}}}";

enum { F_K, F_T, F_V };
enum { T_KEYS, T_MINUTES };

static struct pipeline *p, *other;

/* ---- A folder for each test ---- */

static char root[] = "/tmp/weir-store-XXXXXX";
static char path[256];
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

static int
new_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/%u", root, paths++);
	return 0;
}

static struct store *
open_store(enum store_mode mode)
{
	struct store *store;
	struct err err;

	check_ok(
	    store_open(path, mode, mode == STORE_READ ? NULL : p, &store, &err),
	    &err);
	return store;
}

static void
assert_refused(enum store_mode mode, const struct pipeline *pipeline, int code)
{
	struct store *store = NULL;
	struct err err = {0};

	assert_int_equal(store_open(path, mode, pipeline, &store, &err), code);
	assert_int_equal(err.code, code);
	assert_true(strlen(err.text) > 10);
	assert_null(store);
}

/* ---- The world ---- */

#define KEYS_MAX    3000
#define WINDOWS_MAX 256

struct world {
	struct random random;
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partitions[PARTITIONS];
	unsigned keys;
	/* What must come out. */
	int64_t n[KEYS_MAX], sum[KEYS_MAX];
	bool known[KEYS_MAX]; /* the sum */
	int64_t windows[WINDOWS_MAX][KEYS_MAX];
	int64_t late;
	struct view *view; /* of the last commit */
};

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

static void
world_init(struct world *w, unsigned keys, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	w->store = open_store(STORE_THROWAWAY);
	w->keys = keys;
	aggregate_init(&w->aggregate, p);
	w->state.watermark_ms = w->state.newest_ms = WATERMARK_NONE;
	w->state.commit_ms = START_MS;
	for (unsigned i = 0; i < PARTITIONS; i++) {
		/* Not a literal: what is between its members is compared. */
		struct store_partition *entry = &w->partitions[i];

		strcpy(entry->topic, "topic");
		entry->number = (int32_t)i;
		entry->newest_ms = WATERMARK_NONE;
		entry->first_offset = -1;
		entry->last_offset = (int64_t)i;
		entry->first_print = i;
		entry->last_print = UINT64_MAX - i;
	}
}

static void
world_release(struct world *w)
{
	view_free(w->view);
	aggregate_release(&w->aggregate);
	store_close(w->store);
}

static void
add(struct world *w, unsigned key, int64_t time_ms, const int64_t *value)
{
	unsigned number = (unsigned)random_below(&w->random, PARTITIONS);
	struct store_partition *partition = &w->partitions[number];
	const char *name = key_name(key);
	struct event event = {.time_ms = time_ms};
	int64_t window = (time_ms - START_MS) / MINUTE;

	assert_true(window >= 0 && window < WINDOWS_MAX);
	event.values[F_K].present = true;
	event.values[F_K].text = (struct text){name, strlen(name)};
	event.values[F_T].present = true;
	event.values[F_T].i = time_ms;
	event.values[F_V].present = value != NULL;
	event.values[F_V].i = value ? *value : 0;
	aggregate_add(&w->aggregate, &event,
		      (struct position){(int32_t)number, partition->position},
		      w->state.watermark_ms);
	aggregate_settle(&w->aggregate);
	partition->position++;
	if (time_ms > partition->newest_ms)
		partition->newest_ms = time_ms;
	if (time_ms > w->state.newest_ms)
		w->state.newest_ms = time_ms;
	w->state.ledger.valid++;
	w->n[key]++;
	if (value) {
		w->sum[key] += *value;
		w->known[key] = true;
	}
	if (w->state.watermark_ms != WATERMARK_NONE &&
	    START_MS + (window + 1) * MINUTE + 10000 <= w->state.watermark_ms) {
		w->late++;
		w->state.ledger.late++;
	} else {
		w->windows[window][key]++;
	}
}

static void
add_random(struct world *w, unsigned n, int64_t from_ms, int64_t span_ms)
{
	while (n-- > 0) {
		double skew = random_double(&w->random);
		int64_t value = (int64_t)random_below(&w->random, 21) - 10;

		add(w, (unsigned)(skew * skew * w->keys),
		    from_ms +
			(int64_t)random_below(&w->random, (uint64_t)span_ms),
		    random_below(&w->random, 4) ? &value : NULL);
	}
}

static uint64_t
commit_with(struct world *w, const struct store_dead *dead, unsigned dead_len,
	    const struct store_second *seconds, unsigned seconds_len)
{
	struct store_commit commit = {
	    .aggregate = &w->aggregate,
	    .state = &w->state,
	    .partitions = w->partitions,
	    .partitions_len = PARTITIONS,
	    .dead = dead,
	    .dead_len = dead_len,
	    .seconds = seconds,
	    .seconds_len = seconds_len,
	};
	struct ledger *l = &w->state.ledger;
	uint64_t number = 0;
	struct err err;

	l->consumed = l->valid + l->dead;
	l->foreign = l->consumed;
	for (unsigned i = 0; i < PARTITIONS; i++)
		w->partitions[i].end = w->partitions[i].position;
	check_ok(store_commit(w->store, &commit, &number, &err), &err);
	aggregate_clear(&w->aggregate, 4 << 20);
	view_free(w->view);
	w->view = NULL;
	check_ok(store_view(w->store, number - 1, true, &w->view, &err), &err);
	assert_int_equal(w->view->commit, number);
	return number;
}

static uint64_t
commit(struct world *w)
{
	return commit_with(w, NULL, 0, NULL, 0);
}

/* ---- What a view must say ---- */

static int
number_of(const struct view_text *key)
{
	unsigned number = 0;

	if (key->size)
		assert_int_equal(sscanf(key->data, "key %05u", &number), 1);
	return (int)number;
}

static void
assert_value(struct value value, int64_t want)
{
	assert_int_equal(value.kind, VALUE_INT);
	assert_true(value.i == want);
}

/* A summary against the counts of all keys; 0: the key is not there. */
static void
check_summary(const struct view_summary *s, const int64_t *n, unsigned len)
{
	int64_t keys = 0, total = 0, min = INT64_MAX, max = 0, min_keys = 0;
	int64_t spread[VIEW_SPREAD] = {0};
	int min_key = -1, max_key = -1;

	for (unsigned i = 0; i < len; i++) {
		unsigned log = 1;

		if (n[i] == 0)
			continue;
		keys++;
		total += n[i];
		while (n[i] >> log)
			log++;
		spread[log]++;
		if (n[i] < min) {
			min = n[i];
			min_key = (int)i;
			min_keys = 0;
		}
		min_keys += n[i] == min;
		if (n[i] > max) {
			max = n[i];
			max_key = (int)i;
		}
	}
	assert_int_equal(s->keys, keys);
	if (keys == 0)
		return;
	assert_value(s->total, total);
	assert_int_equal(s->average.kind, VALUE_REAL);
	assert_true(fabs(s->average.d - (double)total / (double)keys) < 1e-9);
	assert_value(s->min, min);
	assert_value(s->max, max);
	assert_int_equal(s->min_keys, min_keys);
	assert_int_equal(number_of(&s->min_key), min_key);
	assert_int_equal(number_of(&s->max_key), max_key);
	assert_memory_equal(s->spread, spread, sizeof(spread));
}

/* Both ends of a ranking; keys of the same count come in their order. */
static void
check_rows(const struct view_row *rows, unsigned rows_len, const int64_t *n,
	   unsigned len, bool largest_first)
{
	static bool taken[KEYS_MAX];

	memset(taken, 0, sizeof(taken));
	for (unsigned r = 0; r < VIEW_RANKING; r++) {
		int best = -1;

		for (unsigned i = 0; i < len; i++)
			if (n[i] && !taken[i] &&
			    (best < 0 ||
			     (largest_first ? n[i] > n[best] : n[i] < n[best])))
				best = (int)i;
		if (best < 0) {
			assert_int_equal(rows_len, r);
			return;
		}
		taken[best] = true;
		assert_true(r < rows_len);
		assert_int_equal(number_of(&rows[r].key), best);
		assert_value(rows[r].measures[0], n[best]);
		assert_true(rows[r].first.partition >= 0 &&
			    rows[r].first.partition < PARTITIONS);
		assert_true(rows[r].first.offset >= 0);
		assert_true(rows[r].last.offset >= 0);
	}
	assert_int_equal(rows_len, VIEW_RANKING);
}

static bool
window_complete(const struct world *w, int64_t window)
{
	return w->state.watermark_ms != WATERMARK_NONE &&
	       START_MS + (window + 1) * MINUTE + 10000 <=
		   w->state.watermark_ms;
}

static bool
window_expired(const struct world *w, int64_t window)
{
	return w->state.watermark_ms != WATERMARK_NONE &&
	       START_MS + (window + 6) * MINUTE <= w->state.watermark_ms;
}

static bool
empty(const int64_t *n, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (n[i])
			return false;
	return true;
}

static void
check_windows(const struct world *w)
{
	const struct view_table *table = &w->view->tables[T_MINUTES];
	unsigned at = 0;

	assert_int_equal(table->late, w->late);
	for (int64_t i = WINDOWS_MAX - 1; i >= 0; i--) {
		const struct view_window *window = &table->windows[at];

		if (window_expired(w, i) || empty(w->windows[i], w->keys))
			continue;
		assert_true(at++ < table->windows_len);
		assert_true(window->start_ms == START_MS + i * MINUTE);
		assert_true(window->end_ms == START_MS + (i + 1) * MINUTE);
		assert_int_equal(window->complete, window_complete(w, i));
		check_summary(&window->summary, w->windows[i], w->keys);
		check_rows(window->top, window->top_len, w->windows[i], w->keys,
			   true);
		if (at == 1) {
			check_summary(&table->summary, w->windows[i], w->keys);
			check_rows(table->bottom, table->bottom_len,
				   w->windows[i], w->keys, false);
		}
	}
	assert_int_equal(at, table->windows_len);
}

/* Of one key over its windows, as the extremes panel shows them. */
static void
check_extremes(const struct world *w, const struct view_row *row)
{
	int key = number_of(&row->key);
	int64_t min = INT64_MAX, max = 0;

	for (int64_t i = 0; i < WINDOWS_MAX; i++) {
		int64_t n = w->windows[i][key];

		if (n == 0 || window_expired(w, i))
			continue;
		if (n > max)
			max = n;
		if (n < min && window_complete(w, i))
			min = n;
	}
	if (max)
		assert_value(row->window_max, max);
	else
		assert_int_equal(row->window_max.kind, VALUE_NONE);
	if (min < INT64_MAX)
		assert_value(row->window_min, min);
	else
		assert_int_equal(row->window_min.kind, VALUE_NONE);
}

static void
check(const struct world *w)
{
	const struct view *v = w->view;
	const struct view_table *table = &v->tables[T_KEYS];

	assert_true(v->balanced);
	assert_memory_equal(&v->ledger, &w->state.ledger, sizeof(v->ledger));
	assert_int_equal(v->tables_len, 2);
	check_summary(&table->summary, w->n, w->keys);
	check_rows(table->top, table->top_len, w->n, w->keys, true);
	check_rows(table->bottom, table->bottom_len, w->n, w->keys, false);
	for (unsigned i = 0; i < table->top_len; i++) {
		const struct view_row *row = &table->top[i];
		int key = number_of(&row->key);

		if (w->known[key])
			assert_value(row->measures[1], w->sum[key]);
		else
			assert_int_equal(row->measures[1].kind, VALUE_NONE);
		if (i < 50)
			check_extremes(w, row);
	}
	check_windows(w);
	assert_int_equal(v->partitions_len, PARTITIONS);
	for (unsigned i = 0; i < PARTITIONS; i++) {
		assert_int_equal(v->partitions[i].id, i);
		assert_int_equal(v->partitions[i].position,
				 w->partitions[i].position);
		assert_int_equal(v->partitions[i].lag, 0);
	}
}

static struct world world;

/* ---- Commits and views ---- */

static void
a_new_store_is_empty(void **state)
{
	struct store *store = open_store(STORE_WRITE);
	struct store_source source;
	struct store_state loaded;
	struct store_partition *partitions;
	struct view *view = NULL;
	struct err err;
	unsigned len;
	struct stat st;

	(void)state;
	check_ok(store_load(store, &source, &loaded, &partitions, &len, &err),
		 &err);
	assert_string_equal(source.id, "");
	assert_int_equal(loaded.commit, 0);
	assert_true(loaded.watermark_ms == WATERMARK_NONE);
	assert_null(partitions);
	assert_int_equal(len, 0);
	assert_int_equal(store_view(store, 0, true, &view, &err),
			 WEIR_NOT_FOUND);
	assert_null(view);
	store_close(store);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
one_commit(void **state)
{
	(void)state;
	world_init(&world, 40, 1);
	add_random(&world, 500, START_MS, 3 * MINUTE);
	assert_int_equal(commit(&world), 1);
	check(&world);
	world_release(&world);
}

static void
nothing_to_commit(void **state)
{
	(void)state;
	world_init(&world, 1, 2);
	assert_int_equal(commit(&world), 1);
	check(&world);
	assert_int_equal(world.view->tables[T_KEYS].top_len, 0);
	assert_int_equal(commit(&world), 2);
	check(&world);
	add(&world, 0, START_MS, NULL);
	assert_int_equal(commit(&world), 3);
	check(&world);
	assert_int_equal(commit(&world), 4);
	check(&world);
	world_release(&world);
}

/* Time goes on, windows close and expire, some events are late. */
static void
many_commits(void **state)
{
	(void)state;
	for (unsigned keys = 3; keys <= KEYS_MAX; keys *= 10) {
		new_path(state);
		world_init(&world, keys, keys);
		for (unsigned c = 0; c < 40; c++) {
			int64_t now = START_MS + c * MINUTE / 2;
			int64_t back = c < 4 ? 0 : 2 * MINUTE;

			add_random(&world,
				   (unsigned)random_below(&world.random, 800),
				   now - back, 3 * MINUTE);
			if (c > 2 && c % 3 == 0)
				world.state.watermark_ms = now;
			world.state.commit_ms += 300;
			assert_int_equal(commit(&world), c + 1);
			check(&world);
		}
		assert_true(world.late > 0);
		world_release(&world);
	}
}

/* What is stored goes on where it was. */
static void
a_store_is_opened_again(void **state)
{
	struct store_source source = {"kafka:abc", "topic", "three brokers"};
	struct store_source loaded;
	struct store_state state_loaded;
	struct store_partition *partitions;
	struct err err;
	unsigned len;

	(void)state;
	world_init(&world, 300, 3);
	check_ok(store_set_source(world.store, &source, &err), &err);
	for (unsigned c = 1; c <= 6; c++) {
		add_random(&world, 400, START_MS, 4 * MINUTE);
		world.partitions[1].lost = 7;
		world.partitions[2].skipped = 9;
		world.state.dead_by_reason[REASON_NOT_JSON] = c;
		world.state.memory_limit = -5;
		assert_int_equal(commit(&world), c);
		store_close(world.store);
		world.store = open_store(c % 2 ? STORE_WRITE : STORE_THROWAWAY);
		check_ok(store_load(world.store, &loaded, &state_loaded,
				    &partitions, &len, &err),
			 &err);
		world.state.commit = c;
		assert_memory_equal(&state_loaded, &world.state,
				    sizeof(state_loaded));
		assert_string_equal(loaded.id, source.id);
		assert_string_equal(loaded.topic, source.topic);
		assert_string_equal(loaded.label, source.label);
		assert_int_equal(len, PARTITIONS);
		assert_memory_equal(partitions, world.partitions,
				    sizeof(world.partitions));
		free(partitions);
		check(&world);
	}
	/* What is over stays as it was when that was stored. */
	world.partitions[1].state = PARTITION_ENDED;
	commit(&world);
	world.partitions[1].settled = true;
	world.partitions[1].lost = 1000;
	world.partitions[2].state = PARTITION_AWAY;
	strcpy(world.partitions[2].topic, "another");
	commit(&world);
	strcpy(source.id, "embedded:1");
	check_ok(store_set_source(world.store, &source, &err), &err);
	check_ok(store_load(world.store, &loaded, &state_loaded, &partitions,
			    &len, &err),
		 &err);
	assert_string_equal(loaded.id, "embedded:1");
	assert_int_equal(len, PARTITIONS);
	assert_int_equal(partitions[1].state, PARTITION_ENDED);
	assert_int_equal(partitions[1].lost, 7);
	assert_true(partitions[1].settled);
	assert_memory_equal(&partitions[2], &world.partitions[2],
			    sizeof(partitions[2]));
	assert_int_equal(state_loaded.ledger.valid, world.state.ledger.valid);
	free(partitions);
	world_release(&world);
}

static void
a_view_only_when_there_is_news(void **state)
{
	struct view *view = NULL;
	struct err err;

	(void)state;
	world_init(&world, 5, 4);
	add_random(&world, 10, START_MS, MINUTE);
	commit(&world);
	assert_int_equal(store_view(world.store, 1, false, &view, &err),
			 WEIR_NOT_FOUND);
	assert_int_equal(store_view(world.store, 9, false, &view, &err),
			 WEIR_NOT_FOUND);
	check_ok(store_view(world.store, 0, false, &view, &err), &err);
	assert_null(view->tables[T_MINUTES].windows[0].top);
	view_free(view);
	world_release(&world);
}

/* More rows expire at once than one commit deletes. */
static void
windows_expire(void **state)
{
	struct world *w = &world;

	(void)state;
	world_init(w, KEYS_MAX, 5);
	for (unsigned window = 0; window < 10; window++)
		for (unsigned key = 0; key < KEYS_MAX; key++)
			add(w, key, START_MS + window * MINUTE, NULL);
	commit(w);
	check(w);
	w->state.watermark_ms = START_MS + 30 * MINUTE;
	commit(w);
	/* Gone from sight at once, whatever is still to be deleted. */
	check(w);
	assert_int_equal(w->view->tables[T_MINUTES].windows_len, 0);
	assert_int_equal(w->view->tables[T_MINUTES].top_len, 0);
	commit(w);
	check(w);
	/* An event for an expired window is late and makes none of it. */
	add(w, 1, START_MS, NULL);
	commit(w);
	check(w);
	assert_int_equal(w->late, 1);
	/* What comes next is a new window, with nothing of the old ones. */
	add(w, 1, START_MS + 31 * MINUTE, NULL);
	commit(w);
	check(w);
	world_release(w);
}

/* Old windows leave nothing in the store: it stays as large as it was. */
static void
the_store_does_not_grow_with_time(void **state)
{
	int64_t early = 0;

	(void)state;
	world_init(&world, 60, 13);
	for (unsigned window = 0; window < 250; window++) {
		int64_t now = START_MS + window * MINUTE;

		for (unsigned key = 0; key < 60; key++)
			add(&world, key, now, NULL);
		world.state.watermark_ms = now;
		world.state.commit_ms += 10000;
		commit(&world);
		if (window == 50)
			early = world.view->store_bytes;
	}
	check(&world);
	assert_true(world.view->store_bytes < early + early / 2);
	world_release(&world);
}

/* Going through the rows of one window must not take in its neighbours. */
static void
a_window_has_its_own_ranking(void **state)
{
	(void)state;
	world_init(&world, KEYS_MAX, 14);
	for (unsigned window = 0; window < 3; window++)
		for (unsigned key = 0; key < KEYS_MAX; key++)
			add(&world, key, START_MS + window * MINUTE, NULL);
	commit(&world);
	check(&world);
	/* All keys of the short ranking leave it: the next are asked for. */
	for (unsigned key = 0; key < 1100; key++)
		add(&world, key, START_MS + MINUTE, NULL);
	commit(&world);
	check(&world);
	world_release(&world);
}

/*
 * A window that is over in the very commit that brings its first rows must not
 * leave anything behind.
 */
static void
a_window_that_expires_as_it_comes(void **state)
{
	(void)state;
	world_init(&world, 10, 6);
	add_random(&world, 50, START_MS, MINUTE);
	world.state.watermark_ms = START_MS + 60 * MINUTE;
	commit(&world);
	check(&world);
	commit(&world);
	check(&world);
	assert_int_equal(world.view->tables[T_MINUTES].windows_len, 0);
	world_release(&world);
}

/* ---- Dead letters and history ---- */

static void
the_last_dead_letters_are_kept(void **state)
{
	static struct store_dead letters[VIEW_DEAD];
	static char raw[STORE_DEAD_RAW_MAX];
	int64_t all = 0;

	(void)state;
	world_init(&world, 1, 7);
	memset(raw, 'x', sizeof(raw));
	for (unsigned c = 0; c < 12; c++) {
		/* As many as the engine keeps between two commits. */
		unsigned n = c % 3 == 0 ? VIEW_DEAD : 7;

		for (unsigned i = 0; i < n; i++) {
			letters[i] = (struct store_dead){
			    .reason = REASON_MISSING,
			    .rule = RULE_REQUIRED,
			    .field = F_K,
			    .position = {1, all},
			    .seen_ms = START_MS + all,
			    .size = 1000000,
			    .raw = raw,
			    .raw_size = all % 5 ? 3 : sizeof(raw),
			};
			all++;
		}
		letters[n - 1].reason = REASON_NOT_JSON;
		letters[n - 1].rule = RULE_NONE;
		letters[n - 1].field = -1;
		letters[n - 1].raw_size = 0;
		world.state.ledger.dead += n;
		world.state.dead_seq += n;
		world.state.dead_by_reason[REASON_MISSING] += n - 1;
		world.state.dead_by_reason[REASON_NOT_JSON]++;
		commit_with(&world, letters, n, NULL, 0);
		assert_int_equal(world.view->dead_len, VIEW_DEAD);
		for (unsigned i = 0; i < VIEW_DEAD; i++) {
			const struct view_dead *dead = &world.view->dead[i];

			assert_int_equal(dead->position.partition, 1);
			assert_int_equal(dead->position.offset, all - 1 - i);
			assert_int_equal(dead->seen_ms, START_MS + all - 1 - i);
			assert_int_equal(dead->raw_size, 1000000);
			if (i == 0) {
				assert_null(dead->field);
				assert_null(dead->rule);
				assert_int_equal(dead->raw.size, 0);
				assert_string_equal(
				    dead->reason, reason_text(REASON_NOT_JSON));
			} else if (i < n) {
				assert_string_equal(dead->field, "k");
				assert_string_equal(dead->rule, "required");
				assert_int_equal(
				    dead->raw.size,
				    (all - 1 - i) % 5 ? 3 : sizeof(raw));
			}
		}
		assert_int_equal(world.view->reasons_len, 2);
		assert_int_equal(world.view->reasons[0].count,
				 world.state.dead_by_reason[REASON_MISSING]);
		assert_string_equal(world.view->reasons[0].name, "missing");
		assert_int_equal(world.view->reasons[1].count, c + 1);
	}
	world_release(&world);
}

static void
history_is_what_happened_in_each_second(void **state)
{
	const int64_t base = START_MS / 1000;
	unsigned known = 0;

	(void)state;
	world_init(&world, 1, 8);
	/* 500 seconds, more than is kept; one is missing. */
	for (int64_t s = 0; s < 500; s++) {
		struct store_second second = {
		    .second = base + s,
		    .produced = 10 * s * s,
		    .acked = 9 * s * s,
		    .consumed = 8 * s * s,
		    .dead = s,
		    .lag = 1000 - s,
		    .commit_us = 100 + s,
		};

		world.state.commit_ms = (base + s + 1) * 1000 + 5;
		commit_with(&world, NULL, 0, &second, s == 480 ? 0 : 1);
	}
	assert_int_equal(world.view->history_len, VIEW_HISTORY);
	for (unsigned i = 0; i < VIEW_HISTORY; i++) {
		const struct view_second *at = &world.view->history[i];
		int64_t s = at->second - base;

		assert_int_equal(s, 500 - VIEW_HISTORY + i);
		/* Neither the missing one nor the difference to it. */
		assert_int_equal(at->known, s != 480 && s != 481);
		if (!at->known)
			continue;
		known++;
		assert_int_equal(at->produced, 10 * (2 * s - 1));
		assert_int_equal(at->acked, 9 * (2 * s - 1));
		assert_int_equal(at->consumed, 8 * (2 * s - 1));
		assert_int_equal(at->dead, 1);
		assert_int_equal(at->lag, 1000 - s);
		assert_int_equal(at->commit_us, 100 + s);
	}
	assert_int_equal(known, VIEW_HISTORY - 2);
	world_release(&world);
}

/* Key 1 has 10 more each second, key 2 begins late, key 3 stands still. */
static void
recent_values_of_rows(void **state)
{
	struct world *w = &world;

	(void)state;
	world_init(w, 4, 9);
	for (int64_t s = 0; s < 90; s++) {
		for (unsigned i = 0; i < 10; i++)
			add(w, 1, START_MS, NULL);
		for (unsigned i = 0; s >= 60 && i < 3; i++)
			add(w, 2, START_MS, NULL);
		if (s == 0)
			add(w, 3, START_MS, NULL);
		w->state.commit_ms = START_MS + s * 1000 + 200;
		commit(w);
		w->state.commit_ms += 500; /* two commits in a second */
		commit(w);
	}
	assert_int_equal(w->view->tables[T_KEYS].top_len, 3);
	for (unsigned r = 0; r < 3; r++) {
		static const int64_t steps[] = {10, 3, 0};
		const struct view_row *row = &w->view->tables[T_KEYS].top[r];

		assert_int_equal(number_of(&row->key), r + 1);
		for (unsigned i = 0; i < VIEW_SECONDS; i++) {
			/* The present second is not over: not in it. */
			int64_t s = 90 - 1 - VIEW_SECONDS + i;

			if (r == 1 && s <= 60)
				assert_int_equal(row->recent[i], -1);
			else
				assert_int_equal(row->recent[i], steps[r]);
		}
		assert_true(fabs(row->per_s - (double)steps[r]) < 1e-9);
	}
	/* A key at both ends of a short ranking has it at both. */
	assert_memory_equal(w->view->tables[T_KEYS].bottom[2].recent,
			    w->view->tables[T_KEYS].top[0].recent,
			    sizeof(w->view->tables[T_KEYS].top[0].recent));
	world_release(w);
}

/* What happened in a long pause is not known by the second. */
static void
a_pause_is_not_guessed_at(void **state)
{
	struct world *w = &world;
	const struct view_row *row;

	(void)state;
	world_init(w, 2, 15);
	for (int64_t s = 0; s < 40; s++) {
		if (s > 5 && s < 25)
			continue;
		for (unsigned i = 0; i < 20; i++)
			add(w, 1, START_MS, NULL);
		w->state.commit_ms = START_MS + s * 1000;
		commit(w);
	}
	row = &w->view->tables[T_KEYS].top[0];
	for (unsigned i = 0; i < VIEW_SECONDS; i++) {
		int64_t s = 39 - VIEW_SECONDS + (int64_t)i;
		bool known = (s >= 1 && s <= 5) || s >= 26;

		assert_int_equal(row->recent[i], known ? 20 : -1);
	}
	world_release(w);
}

/* ---- Who may open what ---- */

static void
nothing_to_read(void **state)
{
	(void)state;
	assert_refused(STORE_READ, NULL, WEIR_NOT_FOUND);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused(STORE_READ, NULL, WEIR_NOT_FOUND);
}

static void
put_file(const char *name, const char *data, size_t size)
{
	char file[512];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void
folders_of_others_are_left_alone(void **state)
{
	char file[512];

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	put_file("thesis.txt", "dear reader", 11);
	assert_refused(STORE_WRITE, p, WEIR_STORE_FOREIGN);
	assert_refused(STORE_READ, NULL, WEIR_STORE_FOREIGN);
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	assert_int_not_equal(access(file, F_OK), 0);
}

static void
a_data_file_of_something_else(void **state)
{
	static char noise[65536];

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	memset(noise, 'n', sizeof(noise));
	put_file("data.mdb", noise, sizeof(noise));
	assert_refused(STORE_WRITE, p, WEIR_STORE_FOREIGN);
	assert_refused(STORE_READ, NULL, WEIR_STORE_FOREIGN);
}

static void
another_pipeline_is_refused(void **state)
{
	struct store *store;

	(void)state;
	store_close(open_store(STORE_WRITE));
	assert_refused(STORE_WRITE, other, WEIR_STORE_FOREIGN);
	assert_refused(STORE_READ, other, WEIR_STORE_FOREIGN);
	/* Refusing has changed nothing, and let go of the lock. */
	store_close(open_store(STORE_WRITE));
	store = open_store(STORE_READ);
	assert_ptr_not_equal(store_pipeline(store), p);
	assert_string_equal(store_pipeline(store)->name, "world");
	assert_true(store_pipeline(store)->fingerprint == p->fingerprint);
	store_close(store);
}

/* Runs `body` in another process; what it returns is its exit code. */
static int
in_child(int (*body)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
open_to_write(void)
{
	struct store *store;
	struct err err;
	char pid[32];
	int rc = store_open(path, STORE_WRITE, p, &store, &err);

	snprintf(pid, sizeof(pid), "process %ld", (long)getppid());
	if (rc != WEIR_STORE_BUSY)
		return 1;
	return strstr(err.text, pid) ? 0 : 2;
}

static int
set_aside(void)
{
	struct err err;

	return store_set_aside(path, &err) == WEIR_STORE_BUSY ? 0 : 1;
}

static int
read_one(void)
{
	struct store *store;
	struct view *view;
	struct err err;
	int code = 0;

	if (store_open(path, STORE_READ, NULL, &store, &err) ||
	    store_view(store, 0, true, &view, &err))
		return 1;
	if (!view->balanced || view->ledger.valid != 100)
		code = 2;
	view_free(view);
	store_close(store);
	return code;
}

static void
one_writer_and_many_readers(void **state)
{
	(void)state;
	world_init(&world, 10, 10);
	assert_int_equal(in_child(open_to_write), 0);
	assert_int_equal(in_child(set_aside), 0);
	add_random(&world, 100, START_MS, MINUTE);
	commit(&world);
	assert_int_equal(in_child(read_one), 0);
	world_release(&world);
	assert_int_equal(in_child(read_one), 0);
	store_close(open_store(STORE_WRITE));
}

static void
a_store_is_set_aside(void **state)
{
	char last[300], kept[256], slash[300];
	struct err err;

	(void)state;
	snprintf(last, sizeof(last), "%s.last", path);
	snprintf(slash, sizeof(slash), "%s/", path);
	strcpy(kept, path);
	/* Nothing there is fine. */
	check_ok(store_set_aside(path, &err), &err);
	for (unsigned round = 1; round <= 3; round++) {
		world_init(&world, 10, round);
		add_random(&world, 10 * round, START_MS, MINUTE);
		commit(&world);
		world_release(&world);
		/* As people's shells complete it. */
		check_ok(store_set_aside(round == 2 ? slash : path, &err),
			 &err);
		assert_int_not_equal(access(path, F_OK), 0);
		/* What is kept is the last one, and can be read. */
		assert_true(strlen(last) < sizeof(path));
		strcpy(path, last);
		world.store = open_store(STORE_READ);
		check_ok(store_view(world.store, 0, false, &world.view, &err),
			 &err);
		assert_int_equal(world.view->ledger.valid, 10 * round);
		view_free(world.view);
		store_close(world.store);
		strcpy(path, kept);
	}
}

/* ---- Readers beside the writer ---- */

#define RACE_NS INT64_C(1000000000)

static _Atomic bool race_over;

/* All numbers of a view are of one commit: what must add up, does. */
static const char *
disagreement(const struct view *v)
{
	const struct view_table *keys = &v->tables[T_KEYS];
	const struct view_table *minutes = &v->tables[T_MINUTES];
	int64_t position = 0, ranked = 0, windows = 0;

	if (!v->balanced)
		return "the ledger does not balance";
	for (unsigned i = 0; i < v->partitions_len; i++)
		position += v->partitions[i].position;
	if (position != v->ledger.consumed)
		return "offsets and ledger are of two commits";
	if (v->ledger.valid && (keys->summary.total.kind != VALUE_INT ||
				keys->summary.total.i != v->ledger.valid))
		return "a table's total is not what was valid";
	/* There are fewer keys than are shown: the rows are all of it. */
	for (unsigned i = 0; i < keys->top_len; i++)
		ranked += keys->top[i].measures[0].i;
	if (ranked != v->ledger.valid || keys->top_len != keys->summary.keys)
		return "the rows do not add up to the total";
	for (unsigned i = 0; i < minutes->windows_len; i++)
		windows += minutes->windows[i].summary.total.i;
	if (windows != v->ledger.valid)
		return "the windows do not add up to the total";
	return NULL;
}

struct race {
	struct store *store;
	unsigned views;
	char problem[ERR_TEXT_MAX];
};

static void *
race_main(void *arg)
{
	struct race *race = arg;
	uint64_t seen = 0;

	while (!atomic_load(&race_over) && !race->problem[0]) {
		struct view *view;
		struct err err;
		const char *problem;
		int rc =
		    store_view(race->store, seen, race->views % 2, &view, &err);

		if (rc == WEIR_NOT_FOUND)
			continue;
		if (rc) {
			snprintf(race->problem, sizeof(race->problem), "%s",
				 err.text);
			break;
		}
		problem = disagreement(view);
		if (!problem && view->commit <= seen)
			problem = "commits go backwards";
		if (problem)
			snprintf(race->problem, sizeof(race->problem), "%s",
				 problem);
		seen = view->commit;
		race->views++;
		view_free(view);
	}
	return NULL;
}

/* Another process, which ends when told through the pipe's end. */
static int
race_in_child(int until_fd)
{
	struct store *store = NULL;
	struct err err;
	uint64_t seen = 0;
	char byte;
	unsigned views = 0;
	int64_t deadline = clock_steady_ns() + 60 * RACE_NS;

	while (read(until_fd, &byte, 1) < 0 && clock_steady_ns() < deadline) {
		struct view *view;
		const char *problem;
		int rc;

		if (!store && store_open(path, STORE_READ, NULL, &store, &err))
			return 1;
		rc = store_view(store, seen, false, &view, &err);
		if (rc == WEIR_NOT_FOUND)
			continue;
		if (rc) {
			fprintf(stderr, "# %s\n", err.text);
			return 2;
		}
		problem = disagreement(view);
		seen = view->commit;
		view_free(view);
		if (problem) {
			fprintf(stderr, "# %s\n", problem);
			return 3;
		}
		views++;
	}
	store_close(store);
	return views ? 0 : 4;
}

static void
all_numbers_of_a_view_are_of_one_commit(void **state)
{
	struct race race = {0};
	pthread_t thread;
	pid_t child;
	int ends[2], status;
	int64_t deadline;
	uint64_t number = 0;

	(void)state;
	world_init(&world, VIEW_RANKING, 11);
	commit(&world);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[1]);
		/* The parent's store is not this process's to touch. */
		_exit(race_in_child(ends[0]));
	}
	close(ends[0]);
	atomic_store(&race_over, false);
	race.store = world.store;
	assert_int_equal(pthread_create(&thread, NULL, race_main, &race), 0);
	deadline = clock_steady_ns() + RACE_NS;
	while (clock_steady_ns() < deadline) {
		add_random(&world, 50, START_MS, 4 * MINUTE);
		world.state.commit_ms += 20;
		number = commit(&world);
	}
	atomic_store(&race_over, true);
	pthread_join(thread, NULL);
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_string_equal(race.problem, "");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(number > 10);
	assert_true(race.views > 5);
	world_release(&world);
}

/* ---- The end of a process ---- */

/* Commits until it is killed, telling each number. */
static void
commit_for_ever(int tell_fd)
{
	world_init(&world, 50, 12);
	for (;;) {
		uint64_t number;

		add_random(&world, 200, START_MS, 3 * MINUTE);
		number = commit(&world);
		if (write(tell_fd, &number, sizeof(number)) != sizeof(number))
			_exit(1);
	}
}

static void
a_killed_writer_leaves_its_last_commit(void **state)
{
	uint64_t number = 0, told;
	struct view *view;
	struct err err;
	pid_t child;
	int ends[2], status;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		commit_for_ever(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	while (number < 20 && read(ends[0], &told, sizeof(told)) > 0)
		number = told;
	assert_int_equal(number, 20);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	while (read(ends[0], &told, sizeof(told)) > 0)
		number = told;
	close(ends[0]);
	world.store = open_store(STORE_WRITE);
	check_ok(store_view(world.store, 0, true, &view, &err), &err);
	assert_true(view->commit == number || view->commit == number + 1);
	assert_int_equal(view->ledger.valid, 200 * view->commit);
	assert_null(disagreement(view));
	view_free(view);
	store_close(world.store);
}

/* ---- No room to grow ---- */

/* What the address space of this process is, in bytes. */
static size_t
address_space(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
a_map_that_cannot_grow_is_tried_again(void **state)
{
	struct store_commit more = {.aggregate = &world.aggregate,
				    .state = &world.state,
				    .partitions = world.partitions,
				    .partitions_len = PARTITIONS};
	size_t space = address_space();
	struct rlimit before, small;
	uint64_t number = 0;
	struct view *view;
	struct err err = {0};
	int rc;

	(void)state;
	if (space > (size_t)1 << 40)
		return; /* a sanitizer's shadow: no limit can be told */
	world_init(&world, KEYS_MAX, 77);
	assert_int_equal(mdb_env_set_mapsize(world.store->env, 2 << 20), 0);
	add_random(&world, 1000, START_MS, MINUTE);
	commit(&world);
	add_random(&world, 200000, START_MS, 100 * MINUTE);
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	small = before;
	small.rlim_cur = address_space() + (40 << 20);
	assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
	world.state.ledger.consumed = world.state.ledger.valid;
	world.state.ledger.foreign = world.state.ledger.valid;
	rc = store_commit(world.store, &more, &number, &err);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(rc, WEIR_STORE_FULL);
	assert_non_null(strstr(err.text, "address space"));
	/* Nothing has changed, and there is a map still. */
	check_ok(store_view(world.store, 0, false, &view, &err), &err);
	assert_int_equal(view->commit, 1);
	assert_int_equal(view->ledger.valid, 1000);
	view_free(view);
	assert_int_equal(commit(&world), 2);
	check(&world);
	world_release(&world);
}

/* ---- Damage ---- */

/* Changes a number of 64 bits within a record, behind the store's back. */
static void
harm(MDB_dbi dbi, const void *key, size_t key_size, size_t at, uint64_t by)
{
	MDB_val k = val(key, key_size), v;
	MDB_txn *txn;
	char data[4096];

	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_get(txn, dbi, &k, &v), 0);
	assert_true(v.mv_size <= sizeof(data));
	memcpy(data, v.mv_data, v.mv_size);
	put_u64(data + at, get_u64(data + at) + by);
	v.mv_data = data;
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

/* It can be opened; but nothing is shown of it, and no run goes on with it. */
static void
assert_damaged(const char *what)
{
	struct store_source source;
	struct store_state stored;
	struct store_partition *partitions = NULL;
	struct view *view = NULL;
	struct err err = {0};
	unsigned len;

	assert_int_equal(store_view(world.store, 0, true, &view, &err),
			 WEIR_STORE);
	assert_non_null(strstr(err.text, "damaged"));
	assert_non_null(strstr(err.text, what));
	err.text[0] = '\0';
	assert_int_equal(
	    store_load(world.store, &source, &stored, &partitions, &len, &err),
	    WEIR_STORE);
	assert_non_null(strstr(err.text, what));
	free(partitions);
}

static void
numbers_that_disagree_are_damage(void **state)
{
	static const struct store_source source = {.id = "embedded:1",
						   .topic = "topic"};
	char summary[GROUP_KEY];
	struct err err;

	(void)state;
	world_init(&world, 50, 78);
	check_ok(store_set_source(world.store, &source, &err), &err);
	add_random(&world, 500, START_MS, MINUTE);
	commit(&world);
	group_key(summary, GROUP_SUMMARY, T_KEYS, 0);
	/* Keys, and then the total behind the spread (docs/store.md). */
	harm(world.store->groups, summary, sizeof(summary), 0, 1);
	assert_damaged("rows");
	harm(world.store->groups, summary, sizeof(summary), 0, (uint64_t)-1);
	harm(world.store->groups, summary, sizeof(summary),
	     8 * (3 + GROUP_SPREAD), 1);
	assert_damaged("its ledger");
	harm(world.store->groups, summary, sizeof(summary),
	     8 * (3 + GROUP_SPREAD), (uint64_t)-1);
	/* A position that no topic has. */
	harm(world.store->offsets, "\0\0\0", 4, 0, UINT64_C(1) << 62);
	assert_damaged("read");
	harm(world.store->offsets, "\0\0\0", 4, 0,
	     (uint64_t)-1 - (UINT64_C(1) << 62) + 1);
	commit(&world);
	check(&world);
	world_release(&world);
}

#define TEST(name) cmocka_unit_test_setup(name, new_path)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_store_is_empty),
	    TEST(one_commit),
	    TEST(nothing_to_commit),
	    TEST(many_commits),
	    TEST(a_store_is_opened_again),
	    TEST(a_view_only_when_there_is_news),
	    TEST(windows_expire),
	    TEST(the_store_does_not_grow_with_time),
	    TEST(a_window_has_its_own_ranking),
	    TEST(a_window_that_expires_as_it_comes),
	    TEST(the_last_dead_letters_are_kept),
	    TEST(history_is_what_happened_in_each_second),
	    TEST(recent_values_of_rows),
	    TEST(a_pause_is_not_guessed_at),
	    TEST(nothing_to_read),
	    TEST(folders_of_others_are_left_alone),
	    TEST(a_data_file_of_something_else),
	    TEST(another_pipeline_is_refused),
	    TEST(one_writer_and_many_readers),
	    TEST(a_store_is_set_aside),
	    TEST(all_numbers_of_a_view_are_of_one_commit),
	    TEST(a_killed_writer_leaves_its_last_commit),
	    TEST(a_map_that_cannot_grow_is_tried_again),
	    TEST(numbers_that_disagree_are_damage),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
