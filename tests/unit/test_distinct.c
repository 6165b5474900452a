/*
 * Distinct counts: memory and store together, against plain sets of what was
 * added; and the estimates of HyperLogLog, against numbers that are known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "aggregate/hyperloglog.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/lmdb-door.h"
#include "store/merge.h"
#include "check.h"
#include "folder.h"

#define MINUTE   INT64_C(60000)
#define START_MS INT64_C(1735689600000)

static const char text[] =
    "{\"name\": \"sets\", \"topic\": {\"name\": \"sets\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 16},"
    "  \"t\": {\"type\": \"time\"},"
    "  \"v\": {\"type\": \"integer\", \"optional\": true},"
    "  \"s\": {\"type\": \"string\", \"max_length\": 100}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"v\": {\"distinct\": \"v\"}, \"s\": {\"distinct\": \"s\"}},"
    "   \"rank\": \"v\"},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {"
    "   \"s\": {\"distinct\": \"s\"}},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"5m\","
    "    \"lateness\": \"10s\"}},"
    "  \"rough\": {\"by\": [\"k\"], \"measures\": {"
    "   \"v\": {\"distinct\": \"v\", \"approximate\": true},"
    "   \"k\": {\"distinct\": \"k\", \"approximate\": true}}}}}";

enum { F_K, F_T, F_V, F_S };
enum { T_KEYS, T_MINUTES, T_ROUGH };

static struct pipeline *p;

static char root[] = "/tmp/weir-distinct-XXXXXX";
static char path[256];
static unsigned paths;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (!mkdtemp(root) ||
	    pipeline_parse(text, sizeof(text) - 1, "sets.json", &p, &err))
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	return 0;
}

static int
new_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/%u", root, paths++);
	return 0;
}

/* ---- A world of sets ---- */

#define KEYS    8
#define VALUES  5000
#define WINDOWS 64

struct world {
	struct random random;
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partition;
	int64_t n[KEYS];
	bool v[KEYS][VALUES], s[KEYS][VALUES];
	bool windows[WINDOWS][KEYS][VALUES]; /* of s */
	struct view *view;                   /* of the last commit */
};

static struct world world, second;

static void
open_store(struct world *w)
{
	struct err err;

	check_ok(store_open(path, STORE_THROWAWAY, p, &w->store, &err), &err);
}

static void
world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	open_store(w);
	aggregate_init(&w->aggregate, p);
	w->state.watermark_ms = w->state.newest_ms = WATERMARK_NONE;
	w->state.commit_ms = START_MS;
	strcpy(w->partition.topic, "topic");
	w->partition.newest_ms = WATERMARK_NONE;
}

static void
world_release(struct world *w)
{
	view_free(w->view);
	aggregate_release(&w->aggregate);
	store_close(w->store);
}

/* A value as a text: with NULs, and many of one length. */
static struct text
text_of(unsigned value, char room[100])
{
	memset(room, 0, 100);
	put_be32(room, value);
	memset(room + 4, 'x', 96);
	return (struct text){room, value == 0 ? 0 : 4 + value % 97};
}

/* v is absent when it is negative. */
static void
add(struct world *w, unsigned key, int64_t time_ms, int v, unsigned s)
{
	struct event event = {.time_ms = time_ms};
	int64_t window = (time_ms - START_MS) / MINUTE;
	char name[16], room[100];

	snprintf(name, sizeof(name), "key %u", key);
	event.values[F_K].present = true;
	event.values[F_K].text = (struct text){name, strlen(name)};
	event.values[F_T].present = true;
	event.values[F_T].i = time_ms;
	event.values[F_V].present = v >= 0;
	event.values[F_V].i = v - VALUES / 2;
	event.values[F_S].present = true;
	event.values[F_S].text = text_of(s, room);
	aggregate_add(&w->aggregate, &event,
		      (struct position){0, w->partition.position++},
		      w->state.watermark_ms);
	/* What an event pointed to is gone when the rows are changed. */
	memset(name, '?', sizeof(name));
	memset(room, '?', sizeof(room));
	w->state.ledger.valid++;
	w->n[key]++;
	if (v >= 0)
		w->v[key][v] = true;
	w->s[key][s] = true;
	if (w->state.watermark_ms == WATERMARK_NONE ||
	    START_MS + (window + 1) * MINUTE + 10000 > w->state.watermark_ms)
		w->windows[window][key][s] = true;
	else
		w->state.ledger.late++;
}

static void
add_random(struct world *w, unsigned n, int64_t from_ms, int64_t span_ms)
{
	while (n-- > 0) {
		double skew = random_double(&w->random);
		unsigned key = (unsigned)random_below(&w->random, KEYS);
		int v = (int)(skew * skew * VALUES);

		/* The last key never has a v. */
		add(w, key,
		    from_ms +
			(int64_t)random_below(&w->random, (uint64_t)span_ms),
		    key == KEYS - 1 || random_below(&w->random, 5) == 0 ? -1
									: v,
		    (unsigned)random_below(&w->random, VALUES));
	}
}

static int
try_commit(struct world *w, uint64_t *number, struct err *err)
{
	struct store_commit commit = {.aggregate = &w->aggregate,
				      .state = &w->state,
				      .partitions = &w->partition,
				      .partitions_len = 1};
	struct ledger *l = &w->state.ledger;

	l->consumed = l->foreign = l->valid;
	w->partition.end = w->partition.position;
	aggregate_settle(&w->aggregate);
	return store_commit(w->store, &commit, number, err);
}

static void
commit(struct world *w)
{
	uint64_t number = 0;
	struct err err;

	check_ok(try_commit(w, &number, &err), &err);
	aggregate_clear(&w->aggregate, 1 << 20);
	view_free(w->view);
	w->view = NULL;
	check_ok(store_view(w->store, number - 1, true, &w->view, &err), &err);
}

/* ---- What must come out ---- */

static int64_t
count(const bool *set)
{
	int64_t n = 0;

	for (unsigned i = 0; i < VALUES; i++)
		n += set[i];
	return n;
}

static unsigned
key_of(const struct view_text *name)
{
	unsigned key = KEYS;

	assert_int_equal(sscanf(name->data, "key %u", &key), 1);
	assert_true(key < KEYS);
	return key;
}

static void
assert_value(struct value value, int64_t want)
{
	assert_int_equal(value.kind, want < 0 ? VALUE_NONE : VALUE_INT);
	if (want >= 0)
		assert_int_equal(value.i, want);
}

static void
check_keys(const struct world *w, const struct view *view)
{
	const struct view_table *table = &view->tables[T_KEYS];
	int64_t sum = 0, keys = 0, min = INT64_MAX, max = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		int64_t v = count(w->v[i]);

		keys += w->n[i] > 0;
		sum += v;
		if (v && v < min)
			min = v;
		if (v > max)
			max = v;
	}
	assert_int_equal(table->summary.keys, keys);
	assert_int_equal(table->summary.total.kind, VALUE_NONE);
	assert_int_equal(table->summary.average.kind, VALUE_REAL);
	assert_true(
	    fabs(table->summary.average.d - (double)sum / (double)keys) < 1e-9);
	assert_value(table->summary.min, min);
	assert_value(table->summary.max, max);
	for (unsigned i = 0; i < table->top_len; i++) {
		const struct view_row *row = &table->top[i];
		unsigned key = key_of(&row->key);

		assert_value(row->measures[0], w->n[key]);
		assert_value(row->measures[1], count(w->v[key]));
		assert_value(row->measures[2], count(w->s[key]));
	}
}

static void
check_windows(const struct world *w, const struct view *view)
{
	const struct view_table *table = &view->tables[T_MINUTES];

	for (unsigned i = 0; i < table->windows_len; i++) {
		const struct view_window *window = &table->windows[i];
		int64_t at = (window->start_ms - START_MS) / MINUTE;

		assert_true(window->top_len > 0);
		for (unsigned r = 0; r < window->top_len; r++) {
			unsigned key = key_of(&window->top[r].key);

			assert_value(window->top[r].measures[0],
				     count(w->windows[at][key]));
		}
	}
}

/* What registers that saw these values, in any order, estimate. */
static int64_t
estimate(const bool *v)
{
	unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};

	for (int i = 0; i < VALUES; i++) {
		unsigned char rank;
		char bytes[8];
		unsigned at;

		put_be64(bytes, key_from_i64(i - VALUES / 2));
		at = hyperloglog_register(hash64(bytes, 8), &rank);
		if (v[i] && registers[at] < rank)
			registers[at] = rank;
	}
	return hyperloglog_estimate(registers);
}

static void
check_rough(const struct world *w, const struct view *view)
{
	const struct view_table *table = &view->tables[T_ROUGH];

	for (unsigned i = 0; i < table->top_len; i++) {
		const struct view_row *row = &table->top[i];
		const bool *v = w->v[key_of(&row->key)];
		int64_t want = count(v);

		/* A row has one key, whose hash is the row's. */
		assert_value(row->measures[1], 1);
		if (!want) {
			assert_value(row->measures[0], -1);
			continue;
		}
		assert_value(row->measures[0], estimate(v));
		assert_true((double)llabs(row->measures[0].i - want) <=
			    1 + 3 * HYPERLOGLOG_ERROR * (double)want);
	}
}

static void
check(const struct world *w, const struct view *view)
{
	check_keys(w, view);
	check_windows(w, view);
	check_rough(w, view);
}

/* ---- Tests of sets ---- */

static void
counts_are_those_of_sets(void **state)
{
	(void)state;
	world_init(&world, 1);
	for (unsigned i = 0; i < 30; i++) {
		add_random(&world, 20 + i * i, START_MS + i * MINUTE / 3,
			   2 * MINUTE);
		commit(&world);
		check(&world, world.view);
	}
	world_release(&world);
}

static void
a_value_counts_once_over_restarts(void **state)
{
	struct store_partition *partitions;
	struct store_source source = {.id = "kafka:x", .topic = "topic"};
	struct err err;
	unsigned len;

	(void)state;
	world_init(&world, 2);
	check_ok(store_set_source(world.store, &source, &err), &err);
	for (unsigned i = 0; i < 5; i++) {
		struct store_state loaded;

		add(&world, 1, START_MS, 7, 7);
		add(&world, 1, START_MS, 7, 7);
		add(&world, 1, START_MS, 7, 0);
		add(&world, 2, START_MS, -1, 100 + i);
		commit(&world);
		check(&world, world.view);
		store_close(world.store);
		open_store(&world);
		/* What is stored twice is the same. */
		check_ok(store_load(world.store, &source, &loaded, &partitions,
				    &len, &err),
			 &err);
		free(partitions);
	}
	world_release(&world);
}

/*
 * The key of one and the value of the other could be taken for each other's
 * bytes: "a" with "bc", "ab" with "c".
 */
static void
keys_and_values_do_not_run_together(void **state)
{
	static const char *const pairs[][2] = {
	    {"a", "bc"}, {"ab", "c"}, {"abc", ""}, {"", "abc"}, {"", ""}};
	uint64_t number = 0;
	struct view *view;
	struct err err;

	(void)state;
	world_init(&world, 3);
	for (unsigned i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct event event = {.time_ms = START_MS};

		for (unsigned n = 0; n < 2; n++) {
			unsigned field = n ? F_S : F_K;

			event.values[field].present = true;
			event.values[field].text =
			    (struct text){pairs[i][n], strlen(pairs[i][n])};
		}
		aggregate_add(&world.aggregate, &event, (struct position){0, i},
			      WATERMARK_NONE);
		world.state.ledger.valid++;
	}
	check_ok(try_commit(&world, &number, &err), &err);
	check_ok(store_view(world.store, 0, true, &view, &err), &err);
	assert_int_equal(view->tables[T_MINUTES].summary.keys, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct view_row *row =
		    &view->tables[T_MINUTES].windows[0].top[i];

		assert_value(row->measures[0], row->key.size == 0 ? 2 : 1);
	}
	view_free(view);
	world_release(&world);
}

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
a_commit_that_fails_is_repeated(void **state)
{
	size_t space = address_space();
	struct rlimit before, small;
	uint64_t number;
	struct err err;

	(void)state;
	if (space > (size_t)1 << 40)
		return; /* a sanitizer's shadow: no limit can be told */
	world_init(&world, 4);
	assert_int_equal(mdb_env_set_mapsize(world.store->env, 2 << 20), 0);
	add_random(&world, 100, START_MS, MINUTE);
	commit(&world);
	for (unsigned i = 0; i < 3; i++) {
		add_random(&world, 60000, START_MS, 4 * MINUTE);
		aggregate_settle(&world.aggregate);
		assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
		small = before;
		small.rlim_cur = address_space() + (33 << 20);
		assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
		assert_int_equal(try_commit(&world, &number, &err),
				 WEIR_STORE_FULL);
		assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	}
	commit(&world);
	check(&world, world.view);
	world_release(&world);
}

static size_t
stored(const struct world *w, unsigned table)
{
	MDB_stat stat;
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(w->store->env, NULL, MDB_RDONLY, &txn),
			 0);
	assert_int_equal(mdb_stat(txn, w->store->distinct[table], &stat), 0);
	mdb_txn_abort(txn);
	return stat.ms_entries;
}

static void
values_go_with_their_windows(void **state)
{
	size_t kept = 0;

	(void)state;
	world_init(&world, 5);
	add_random(&world, 30000, START_MS, MINUTE);
	commit(&world);
	/* The last that goes, the first that stays, and the newest. */
	add_random(&world, 1000, START_MS + 4 * MINUTE, MINUTE);
	add_random(&world, 1000, START_MS + 5 * MINUTE, MINUTE);
	add_random(&world, 1000, START_MS + 10 * MINUTE, MINUTE);
	commit(&world);
	for (unsigned i = 0; i < KEYS; i++)
		kept += (size_t)(count(world.windows[5][i]) +
				 count(world.windows[10][i]));
	assert_true(stored(&world, T_MINUTES) > 20000 + kept);
	world.state.watermark_ms = START_MS + 10 * MINUTE;
	/* Not all at once, and then all but what is kept. */
	commit(&world);
	assert_true(stored(&world, T_MINUTES) > kept);
	commit(&world);
	commit(&world);
	assert_int_equal(stored(&world, T_MINUTES), kept);
	check(&world, world.view);
	/* What is too late leaves nothing behind. */
	add_random(&world, 1000, START_MS, MINUTE);
	commit(&world);
	assert_int_equal(stored(&world, T_MINUTES), kept);
	check(&world, world.view);
	world_release(&world);
}

static void
what_is_gathered_counts_as_memory(void **state)
{
	size_t before;

	(void)state;
	world_init(&world, 6);
	before = aggregate_bytes(&world.aggregate);
	add_random(&world, 30000, START_MS, MINUTE);
	aggregate_settle(&world.aggregate);
	/* A record and a slot at the least, of three sets. */
	assert_true(aggregate_bytes(&world.aggregate) - before > 60000 * 64);
	aggregate_clear(&world.aggregate, 0);
	assert_int_equal(aggregate_bytes(&world.aggregate), before);
	world_release(&world);
}

/* What two stores have in common counts once. */
static void
several_stores_are_one_set(void **state)
{
	struct store *stores[2];
	struct merge *merge;
	struct view *view;
	struct err err;

	(void)state;
	world_init(&world, 7);
	new_path(NULL);
	world_init(&second, 8);
	add_random(&world, 5000, START_MS, 3 * MINUTE);
	add_random(&second, 5000, START_MS + MINUTE, 3 * MINUTE);
	second.partition.number = 1;
	commit(&world);
	commit(&second);
	stores[0] = world.store;
	stores[1] = second.store;
	for (unsigned k = 0; k < KEYS; k++) {
		world.n[k] += second.n[k];
		for (unsigned v = 0; v < VALUES; v++) {
			world.v[k][v] |= second.v[k][v];
			world.s[k][v] |= second.s[k][v];
			for (unsigned w = 0; w < WINDOWS; w++)
				world.windows[w][k][v] |=
				    second.windows[w][k][v];
		}
	}
	check_ok(merge_new(stores, 2, &merge, &err), &err);
	check_ok(merge_view(merge, 0, true, &view, &err), &err);
	assert_int_equal(view->tables[T_KEYS].top_len, KEYS - 1);
	check(&world, view);
	view_free(view);
	merge_free(merge);
	world_release(&world);
	world_release(&second);
}

/* ---- Damage ---- */

/* Puts a record where the store looks for one of its own. */
static void
put_record(MDB_dbi dbi, const void *key, size_t key_size, const void *data,
	   size_t size)
{
	MDB_val k = val(key, key_size), v = val(data, size);
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(world.store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void
damaged_registers_are_refused(void **state)
{
	static const char set[] = "\0\005key 1\0";
	char registers[HYPERLOGLOG_REGISTERS + 1];
	uint64_t number;
	struct err err;

	(void)state;
	world_init(&world, 9);
	memset(registers, HYPERLOGLOG_RANK_MAX + 1, sizeof(registers));
	for (size_t size = HYPERLOGLOG_REGISTERS - 1;
	     size <= HYPERLOGLOG_REGISTERS + 1; size++) {
		put_record(world.store->distinct[T_ROUGH], set, sizeof(set) - 1,
			   registers, size);
		add(&world, 1, START_MS, 1, 1);
		assert_int_equal(try_commit(&world, &number, &err), WEIR_STORE);
		assert_non_null(strstr(err.text, "damaged"));
	}
	world_release(&world);
}

static void
values_that_nothing_counts_are_damage(void **state)
{
	struct store_partition *partitions = NULL;
	struct store_source source = {.id = "kafka:x", .topic = "topic"};
	struct store_state loaded;
	struct err err;
	unsigned len;

	(void)state;
	world_init(&world, 10);
	check_ok(store_set_source(world.store, &source, &err), &err);
	add_random(&world, 100, START_MS, MINUTE);
	commit(&world);
	put_record(world.store->distinct[T_KEYS], "\0\001k\001v", 5, "", 0);
	assert_int_equal(
	    store_load(world.store, &source, &loaded, &partitions, &len, &err),
	    WEIR_STORE);
	assert_non_null(strstr(err.text, "damaged"));
	free(partitions);
	world_release(&world);
}

/* ---- Estimates ---- */

/*
 * The error of one set is at random: each size is tried with many sets, whose
 * errors have no bias and the spread that is documented.
 */
static void
estimates_are_as_good_as_they_say(void **state)
{
	static const struct {
		unsigned size, sets;
	} sizes[] = {{1, 50},      {10, 50},      {100, 50},    {1000, 50},
		     {10000, 50},  {30000, 50},   {50000, 50},  {80000, 50},
		     {100000, 50}, {1000000, 12}, {10000000, 3}};
	static unsigned char registers[HYPERLOGLOG_REGISTERS];

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		double n = sizes[i].size, mean = 0, square = 0, worst = 0;
		unsigned sets = sizes[i].sets;

		for (unsigned set = 0; set < sets; set++) {
			double error;

			memset(registers, 0, sizeof(registers));
			for (unsigned v = 0; v < sizes[i].size; v++) {
				uint32_t value[2] = {set, v};
				unsigned char rank;
				unsigned at = hyperloglog_register(
				    hash64(value, sizeof(value)), &rank);

				if (registers[at] < rank)
					registers[at] = rank;
			}
			error =
			    ((double)hyperloglog_estimate(registers) - n) / n;
			mean += error / sets;
			square += error * error / sets;
			if (fabs(error) > worst)
				worst = fabs(error);
		}
		print_message("%10.0f values, %u sets: bias %+.4f %%, "
			      "deviation %.4f %%, worst %.4f %%\n",
			      n, sets, 100 * mean, 100 * sqrt(square),
			      100 * worst);
		/* Of few values, two in one register count as one. */
		assert_true(worst <= 3.5 * HYPERLOGLOG_ERROR + 1 / n);
		assert_true(sqrt(square) <= 1.5 * HYPERLOGLOG_ERROR + 1 / n);
		assert_true(fabs(mean) <=
			    3 * HYPERLOGLOG_ERROR / sqrt((double)sets));
	}
}

/* Registers that grow one by one, to the last: no estimate shrinks. */
static void
estimates_do_not_shrink(void **state)
{
	unsigned char registers[HYPERLOGLOG_REGISTERS] = {0};
	struct random random;
	int64_t before = 0;
	bool grows = true;

	(void)state;
	random_init(&random, 11, 0);
	assert_int_equal(hyperloglog_estimate(registers), 0);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned char *at =
		    &registers[random_below(&random, HYPERLOGLOG_REGISTERS)];
		unsigned char to =
		    (unsigned char)(1 +
				    random_below(
					&random,
					i < 10000 ? 20 : HYPERLOGLOG_RANK_MAX));
		int64_t now;

		if (*at >= to)
			continue;
		*at = to;
		now = hyperloglog_estimate(registers);
		grows &= now >= before;
		before = now;
	}
	for (unsigned i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
		int64_t now;

		registers[i] = HYPERLOGLOG_RANK_MAX;
		now = hyperloglog_estimate(registers);
		grows &= now >= before;
		before = now;
	}
	assert_true(grows);
	assert_true(before > INT64_C(1) << 60);
	registers[5] = HYPERLOGLOG_RANK_MAX + 1;
	assert_int_equal(hyperloglog_estimate(registers), -1);
}

static void
ranks_are_zeros_and_one(void **state)
{
	unsigned char rank;

	(void)state;
	assert_int_equal(hyperloglog_register(0, &rank), 0);
	assert_int_equal(rank, HYPERLOGLOG_RANK_MAX);
	assert_int_equal(hyperloglog_register(UINT64_MAX, &rank),
			 HYPERLOGLOG_REGISTERS - 1);
	assert_int_equal(rank, 1);
	assert_int_equal(hyperloglog_register(1, &rank), 0);
	assert_int_equal(rank, 50);
	assert_int_equal(hyperloglog_register(UINT64_C(3) << 48, &rank), 0);
	assert_int_equal(rank, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranks_are_zeros_and_one),
	    cmocka_unit_test(estimates_are_as_good_as_they_say),
	    cmocka_unit_test(estimates_do_not_shrink),
	    cmocka_unit_test_setup(counts_are_those_of_sets, new_path),
	    cmocka_unit_test_setup(a_value_counts_once_over_restarts, new_path),
	    cmocka_unit_test_setup(keys_and_values_do_not_run_together,
				   new_path),
	    cmocka_unit_test_setup(a_commit_that_fails_is_repeated, new_path),
	    cmocka_unit_test_setup(values_go_with_their_windows, new_path),
	    cmocka_unit_test_setup(what_is_gathered_counts_as_memory, new_path),
	    cmocka_unit_test_setup(several_stores_are_one_set, new_path),
	    cmocka_unit_test_setup(damaged_registers_are_refused, new_path),
	    cmocka_unit_test_setup(values_that_nothing_counts_are_damage,
				   new_path),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
