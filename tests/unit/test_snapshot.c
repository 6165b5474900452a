/*
 * Reading a whole store, and snapshots of it, against plain arrays of counts:
 * random events go into a store made by hand and, beside it, into the arrays;
 * after each commit every row that is read, and every row in SQLite, must be
 * what the arrays say.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "snapshot/export.h"
#include "snapshot/keeper.h"
#include "snapshot/sqlite-door.h"
#include "store/lmdb-door.h"
#include "check.h"
#include "folder.h"

#define MINUTE     INT64_C(60000)
#define START_MS   INT64_C(1735689600000)
#define PARTITIONS 3
#define KEYS       200
#define WINDOWS    64

static const char text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 64},"
    "  \"o\": {\"type\": \"string\", \"max_length\": 64, \"optional\": true},"
    "  \"b\": {\"type\": \"boolean\"},"
    "  \"i\": {\"type\": \"integer\"},"
    "  \"x\": {\"type\": \"number\", \"optional\": true},"
    "  \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"sum\": {\"sum\": \"i\"}, \"mean\": {\"average\": \"x\"}}},"
    "  \"parts\": {\"by\": [\"o\", \"b\"], \"measures\": {\"n\": \"count\"}},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"5m\","
    "    \"lateness\": \"10s\"}},"
    "  \"Keys\": {\"by\": [\"k\"], \"measures\": {\"K\": \"count\","
    "   \"last_offset\": {\"minimum\": \"i\"}}}}}";

static const char other_text[] =
    "{\"name\": \"other\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\"}, \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}}}";

enum { F_K, F_O, F_B, F_I, F_X, F_T };
enum { T_KEYS, T_PARTS, T_MINUTES, T_KEYS_2 };

static struct pipeline *p, *other;
static const struct snapshot_options keep_all = {.keep = 1000};

/* ---- Folders ---- */

static char root[] = "/tmp/weir-snapshot-XXXXXX";
static char path[256], file[256];
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
	snprintf(path, sizeof(path), "%s/%u", root, paths);
	snprintf(file, sizeof(file), "%s/%u.db", root, paths++);
	return 0;
}

/* ---- The world ---- */

struct world {
	struct random random;
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partitions[PARTITIONS];
	/* What must come out. */
	int64_t n[KEYS], sum[KEYS], least[KEYS], halves[KEYS], xs[KEYS];
	int64_t parts[3][2]; /* o: missing, "", "odd" */
	int64_t windows[WINDOWS][KEYS];
	struct position first[KEYS], last[KEYS];
	int64_t last_commit[KEYS]; /* the commit that changed it last */
	uint64_t commit;
};

/* Some are what a foreign program might make of them. */
static struct text
key_of(unsigned key)
{
	static char name[32];
	static const struct text odd[] = {{"", 0},
					  {"\0", 1},
					  {"a\0b", 3},
					  {"\xff\xfe", 2},
					  {"it's \"q\"", 8},
					  {"=1+1", 4},
					  {"a,b\r\nc", 6},
					  {"\xc3\xa9", 2},
					  {"\xed\xa0\x80", 3},
					  {"x'); DROP TABLE run", 19},
					  {"\xc3", 1}};

	if (key < sizeof(odd) / sizeof(*odd))
		return odd[key];
	snprintf(name, sizeof(name), "key %05u", key);
	return (struct text){name, strlen(name)};
}

static int
number_of(struct text key)
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct text want = key_of(i);

		if (want.size == key.size &&
		    memcmp(want.data, key.data, key.size) == 0)
			return (int)i;
	}
	fail_msg("an unknown key of %zu bytes", key.size);
	return -1;
}

static void
world_init(struct world *w, const char *where, uint64_t seed)
{
	struct store_source source = {
	    .id = "kafka:x", .topic = "topic", .label = "here"};
	struct err err;

	memset(w, 0, sizeof(*w));
	random_init(&w->random, seed, 0);
	check_ok(store_open(where, STORE_THROWAWAY, p, &w->store, &err), &err);
	check_ok(store_set_source(w->store, &source, &err), &err);
	aggregate_init(&w->aggregate, p);
	w->state.watermark_ms = w->state.newest_ms = WATERMARK_NONE;
	w->state.commit_ms = START_MS;
	w->state.started_ms = START_MS + (int64_t)seed;
	for (unsigned i = 0; i < PARTITIONS; i++)
		w->partitions[i] = (struct store_partition){
		    .topic = "topic",
		    .number = (int32_t)i,
		    .newest_ms = WATERMARK_NONE,
		    .first_offset = -1,
		};
}

static void
world_release(struct world *w)
{
	aggregate_release(&w->aggregate);
	store_close(w->store);
}

static void
add(struct world *w, unsigned key, int64_t time_ms)
{
	unsigned number = (unsigned)random_below(&w->random, PARTITIONS);
	unsigned o = (unsigned)random_below(&w->random, 3);
	unsigned b = (unsigned)random_below(&w->random, 2);
	int64_t i = (int64_t)random_below(&w->random, 21) - 10;
	bool has_x = random_below(&w->random, 3) == 0;
	struct position position = {(int32_t)number,
				    w->partitions[number].position};
	struct event event = {.time_ms = time_ms};

	event.values[F_K] =
	    (struct event_value){.present = true, .text = key_of(key)};
	event.values[F_O] = (struct event_value){
	    .present = o > 0, .text = {o == 2 ? "odd" : "", o == 2 ? 3 : 0}};
	event.values[F_B] = (struct event_value){.present = true, .i = b};
	event.values[F_I] = (struct event_value){.present = true, .i = i};
	event.values[F_X].present = has_x;
	event.values[F_X].d = (double)i / 2;
	event.values[F_T] = (struct event_value){.present = true, .i = time_ms};
	aggregate_add(&w->aggregate, &event, position, w->state.watermark_ms);
	aggregate_settle(&w->aggregate);
	w->partitions[number].position++;
	if (w->n[key] == 0) {
		w->first[key] = position;
		w->least[key] = i;
	}
	w->last[key] = position;
	w->last_commit[key] = (int64_t)w->commit + 1;
	w->n[key]++;
	w->sum[key] += i;
	if (i < w->least[key])
		w->least[key] = i;
	if (has_x) {
		w->halves[key] += i;
		w->xs[key]++;
	}
	w->parts[o][b]++;
	w->windows[(time_ms - START_MS) / MINUTE][key]++;
	w->state.ledger.valid++;
}

static void
add_random(struct world *w, unsigned n, int64_t from_ms)
{
	while (n-- > 0)
		add(w, (unsigned)random_below(&w->random, KEYS),
		    from_ms + (int64_t)random_below(&w->random, MINUTE));
}

static void
commit_dead(struct world *w, const struct store_dead *dead, unsigned len)
{
	struct store_commit commit = {
	    .aggregate = &w->aggregate,
	    .state = &w->state,
	    .partitions = w->partitions,
	    .partitions_len = PARTITIONS,
	    .dead = dead,
	    .dead_len = len,
	};
	struct ledger *l = &w->state.ledger;
	struct err err;

	l->dead += len;
	l->consumed = l->foreign = l->valid + l->dead;
	for (unsigned i = 0; i < PARTITIONS; i++)
		w->partitions[i].end = w->partitions[i].position;
	w->state.commit_ms += 1000;
	check_ok(store_commit(w->store, &commit, &w->commit, &err), &err);
	aggregate_clear(&w->aggregate, 4 << 20);
}

static void
commit(struct world *w)
{
	commit_dead(w, NULL, 0);
}

static unsigned
keys_there(const struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < KEYS; i++)
		n += w->n[i] > 0;
	return n;
}

/* ---- Reading a store ---- */

struct reading {
	struct world *w;
	unsigned table;
	const int64_t *since;
	unsigned rows;
	bool seen[KEYS];
	struct text before; /* the key before, of plain strings */
	char before_room[64];
	int64_t window_before;
	int64_t from_ms;
	int64_t windows[WINDOWS];
	unsigned windows_len;
	int (*use)(struct reading *r, struct store_read *read, struct err *err);
};

static int
take_key(void *ctx, const struct store_row *row, struct err *err)
{
	struct reading *r = ctx;
	const struct world *w = r->w;
	struct text key = row->key[0].text;
	unsigned i = (unsigned)number_of(key);
	size_t least = key.size < r->before.size ? key.size : r->before.size;
	int order = least ? memcmp(r->before.data, key.data, least) : 0;

	(void)err;
	assert_false(r->seen[i]);
	r->seen[i] = true;
	if (r->rows++)
		assert_true(order < 0 ||
			    (order == 0 && r->before.size < key.size));
	memcpy(r->before_room, key.data, key.size);
	r->before = (struct text){r->before_room, key.size};
	assert_true(row->measures[0].i == w->n[i]);
	assert_true(row->measures[1].i == w->sum[i]);
	assert_int_equal(row->measures[2].kind,
			 w->xs[i] ? VALUE_REAL : VALUE_NONE);
	if (w->xs[i])
		assert_true(row->measures[2].d ==
			    (double)w->halves[i] / 2 / (double)w->xs[i]);
	assert_int_equal(row->first.partition, w->first[i].partition);
	assert_true(row->first.offset == w->first[i].offset);
	assert_int_equal(row->last.partition, w->last[i].partition);
	assert_true(row->last.offset == w->last[i].offset);
	assert_string_equal(row->last.topic, "topic");
	return 0;
}

static int
take_window_row(void *ctx, const struct store_row *row, struct err *err)
{
	struct reading *r = ctx;
	int64_t window = (row->window_ms - START_MS) / MINUTE;

	(void)err;
	assert_true(row->window_ms >= r->window_before);
	r->window_before = row->window_ms;
	assert_true(row->measures[0].i ==
		    r->w->windows[window][number_of(row->key[0].text)]);
	r->rows++;
	return 0;
}

static int
take_window(void *ctx, const struct view_window *window, struct err *err)
{
	struct reading *r = ctx;
	int64_t total = 0, i = (window->start_ms - START_MS) / MINUTE;

	(void)err;
	for (unsigned k = 0; k < KEYS; k++)
		total += r->w->windows[i][k];
	assert_true(window->summary.total.i == total);
	assert_true(window->end_ms == window->start_ms + MINUTE);
	r->windows[r->windows_len++] = window->start_ms;
	return 0;
}

static int
use(void *ctx, struct store_read *read, struct err *err)
{
	struct reading *r = ctx;
	int rc;

	assert_true(store_read_view(read)->commit == r->w->commit);
	if (r->table == T_KEYS)
		return store_read_rows(read, T_KEYS, r->since, PARTITIONS,
				       take_key, r, err);
	rc = store_read_windows(read, T_MINUTES, r->from_ms, take_window, r,
				err);
	return rc ? rc
		  : store_read_rows(read, T_MINUTES, r->since, PARTITIONS,
				    take_window_row, r, err);
}

static void
every_row_is_read(void **state)
{
	struct world w;
	int64_t since[PARTITIONS];

	(void)state;
	world_init(&w, path, 1);
	for (unsigned round = 0; round < 12; round++) {
		struct reading all = {.w = &w}, new = {.w = &w, .since = since};
		struct err err;
		unsigned changed = 0;

		for (unsigned i = 0; i < PARTITIONS; i++)
			since[i] = w.partitions[i].position;
		add_random(&w, round < 10 ? 40 : 0, START_MS);
		commit(&w);
		check_ok(store_read(w.store, use, &all, &err), &err);
		assert_int_equal(all.rows, keys_there(&w));
		/* What has changed since the commit before, and nothing else.
		 */
		check_ok(store_read(w.store, use, &new, &err), &err);
		for (unsigned i = 0; i < KEYS; i++) {
			bool is = w.last_commit[i] == (int64_t)w.commit;

			changed += is;
			assert_int_equal(new.seen[i], is);
		}
		assert_int_equal(new.rows, changed);
	}
	world_release(&w);
}

static void
windows_are_read_but_expired_ones(void **state)
{
	struct world w;
	struct reading all = {.w = &w, .table = T_MINUTES};
	struct reading late = {.w = &w, .table = T_MINUTES};
	struct err err;
	unsigned rows = 0;

	(void)state;
	world_init(&w, path, 2);
	for (unsigned minute = 0; minute < 9; minute++)
		add_random(&w, 100, START_MS + minute * MINUTE);
	commit(&w);
	/* Windows 0 to 2 expire by this: they may be there still. */
	w.state.watermark_ms = START_MS + 8 * MINUTE;
	commit(&w);
	all.from_ms = INT64_MIN;
	check_ok(store_read(w.store, use, &all, &err), &err);
	for (unsigned minute = 3; minute < 9; minute++) {
		assert_true(all.windows[minute - 3] ==
			    START_MS + minute * MINUTE);
		for (unsigned i = 0; i < KEYS; i++)
			rows += w.windows[minute][i] > 0;
	}
	assert_int_equal(all.windows_len, 6);
	assert_int_equal(all.rows, rows);
	late.from_ms = START_MS + 6 * MINUTE + 1;
	check_ok(store_read(w.store, use, &late, &err), &err);
	assert_int_equal(late.windows_len, 2);
	world_release(&w);
}

static int
fail_at_second(void *ctx, const struct store_row *row, struct err *err)
{
	unsigned *rows = ctx;

	(void)row;
	return ++*rows == 2 ? err_set(err, WEIR_USAGE, 7, "enough") : 0;
}

static int
use_failing(void *ctx, struct store_read *read, struct err *err)
{
	return store_read_rows(read, T_KEYS, NULL, 0, fail_at_second, ctx, err);
}

static int
use_growing(void *ctx, struct store_read *read, struct err *err)
{
	struct world *w = ctx;
	struct reading r = {.w = w};

	atomic_store(&w->store->growing, true);
	return store_read_rows(read, T_KEYS, NULL, 0, take_key, &r, err);
}

static void
reading_ends_early(void **state)
{
	struct world w;
	struct err err = {0};
	unsigned rows = 0;

	(void)state;
	world_init(&w, path, 3);
	assert_int_equal(store_read(w.store, use_failing, &rows, &err),
			 WEIR_NOT_FOUND);
	add_random(&w, 1000, START_MS);
	commit(&w);
	assert_int_equal(store_read(w.store, use_failing, &rows, &err),
			 WEIR_USAGE);
	assert_int_equal(rows, 2);
	assert_string_equal(err.text, "enough");
	/* The writer waits: it is let go first. */
	assert_int_equal(store_read(w.store, use_growing, &w, &err), WEIR_FULL);
	atomic_store(&w.store->growing, false);
	/* No transaction was left open: the map can be written. */
	commit(&w);
	world_release(&w);
}

/* ---- Asking SQLite ---- */

static sqlite3 *
ask_open(void)
{
	sqlite3 *db;

	assert_int_equal(
	    sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	return db;
}

static int64_t
ask(const char *sql)
{
	sqlite3 *db = ask_open();
	sqlite3_stmt *statement;
	int64_t number;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: nothing", sql);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

static void
tell(const char *sql)
{
	sqlite3 *db = ask_open();
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

/* Every row of every current table against the arrays. */
static void
assert_current(const struct world *w)
{
	sqlite3 *db = ask_open();
	sqlite3_stmt *rows;
	unsigned n = 0;

	assert_int_equal(
	    sqlite3_prepare_v2(db,
			       "SELECT k, n, sum, mean, first_partition, "
			       "first_offset, last_partition, last_offset "
			       "FROM current_keys",
			       -1, &rows, NULL),
	    SQLITE_OK);
	for (; sqlite3_step(rows) == SQLITE_ROW; n++) {
		const char *data = sqlite3_column_blob(rows, 0);
		unsigned i = (unsigned)number_of((struct text){
		    data ? data : "", (size_t)sqlite3_column_bytes(rows, 0)});

		assert_true(sqlite3_column_int64(rows, 1) == w->n[i]);
		assert_true(sqlite3_column_int64(rows, 2) == w->sum[i]);
		if (w->xs[i])
			assert_true(sqlite3_column_double(rows, 3) ==
				    (double)w->halves[i] / 2 /
					(double)w->xs[i]);
		else
			assert_int_equal(sqlite3_column_type(rows, 3),
					 SQLITE_NULL);
		assert_int_equal(sqlite3_column_int(rows, 4),
				 w->first[i].partition);
		assert_true(sqlite3_column_int64(rows, 5) ==
			    w->first[i].offset);
		assert_int_equal(sqlite3_column_int(rows, 6),
				 w->last[i].partition);
		assert_true(sqlite3_column_int64(rows, 7) == w->last[i].offset);
		/* Text that is none is a blob. */
		assert_int_equal(sqlite3_column_type(rows, 0),
				 i == 1 || i == 2 || i == 3 || i == 8 || i == 10
				     ? SQLITE_BLOB
				     : SQLITE_TEXT);
	}
	assert_int_equal(n, keys_there(w));
	sqlite3_finalize(rows);
	sqlite3_close(db);
	/* A name that is taken in SQL has a number behind it. */
	for (unsigned i = 11; i < KEYS; i++) {
		char sql[160];

		if (!w->n[i])
			continue;
		snprintf(sql, sizeof(sql),
			 "SELECT K_2 * 1000 + last_offset FROM "
			 "\"current_Keys_2\" WHERE k = 'key %05u'",
			 i);
		assert_true(ask(sql) == w->n[i] * 1000 + w->least[i]);
	}
	for (unsigned o = 0; o < 3; o++) {
		for (unsigned b = 0; b < 2; b++) {
			char sql[160];

			snprintf(sql, sizeof(sql),
				 "SELECT coalesce(sum(n), 0) + 1000000 * "
				 "count(*) FROM current_parts WHERE o IS %s "
				 "AND b = %u",
				 o == 0   ? "NULL"
				 : o == 1 ? "''"
					  : "'odd'",
				 b);
			assert_true(ask(sql) ==
				    w->parts[o][b] +
					(w->parts[o][b] ? 1000000 : 0));
		}
	}
}

static struct snapshot *
open_file(const struct snapshot_options *options)
{
	struct snapshot *s;
	struct err err;

	check_ok(snapshot_open(file, p, options, &s, &err), &err);
	return s;
}

static struct snapshot_result
take(struct snapshot *s, struct world *w)
{
	struct snapshot_result result;
	struct err err;

	check_ok(
	    snapshot_take(s, w->store, w->state.commit_ms + 5, &result, &err),
	    &err);
	assert_true(result.commit == w->commit);
	return result;
}

static void
assert_refused(const struct pipeline *pipeline, int code, const char *words)
{
	struct snapshot *s = NULL;
	struct err err = {0};

	assert_int_equal(snapshot_open(file, pipeline, &keep_all, &s, &err),
			 code);
	if (!strstr(err.text, words) || !strstr(err.text, file))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* ---- Snapshots ---- */

static void
current_tables_follow_the_store(void **state)
{
	struct world w;
	struct snapshot *s = open_file(&keep_all);

	(void)state;
	world_init(&w, path, 4);
	for (unsigned round = 0; round < 10; round++) {
		struct snapshot_result result;
		int64_t changed = 0;

		add_random(&w, 30, START_MS);
		commit(&w);
		result = take(s, &w);
		assert_int_equal(result.id, round + 1);
		assert_false(result.same);
		assert_current(&w);
		if (round == 0)
			continue;
		/* Only what has changed was written. */
		for (unsigned i = 0; i < KEYS; i++)
			changed += w.last_commit[i] == (int64_t)w.commit;
		assert_true(result.rows_written >= 3 * changed);
		assert_true(result.rows_written <= 3 * changed + 6);
	}
	assert_true(take(s, &w).same);
	assert_int_equal(ask("SELECT count(*) FROM snapshot"), 10);
	/* Another process finds all of it unchanged. */
	snapshot_close(s);
	s = open_file(&keep_all);
	assert_true(take(s, &w).same);
	commit(&w);
	assert_int_equal(take(s, &w).rows_written, 0);
	add_random(&w, 30, START_MS);
	commit(&w);
	take(s, &w);
	assert_current(&w);
	snapshot_close(s);
	world_release(&w);
}

static void
numbers_are_those_of_the_commit(void **state)
{
	struct world w;
	struct snapshot *s = open_file(&keep_all);

	(void)state;
	world_init(&w, path, 5);
	add_random(&w, 500, START_MS);
	commit(&w);
	take(s, &w);
	snapshot_close(s);
	assert_int_equal(ask("SELECT valid FROM latest"), 500);
	assert_int_equal(ask("SELECT balanced FROM latest"), 1);
	assert_int_equal(ask("SELECT watermark_ms IS NULL FROM latest"), 1);
	assert_int_equal(ask("SELECT sum(next_offset) FROM snapshot_offset"),
			 500);
	assert_int_equal(ask("SELECT min(total) FROM tables_now"), 500);
	assert_int_equal(ask("SELECT max(total) FROM tables_now"), 500);
	assert_int_equal(ask("SELECT sum(n) FROM current_keys"), 500);
	assert_int_equal(
	    ask("SELECT count(*) FROM tables_now t JOIN current_keys c "
		"ON c.k = t.max_key AND c.n = t.max_value "
		"WHERE t.table_name = 'keys'"),
	    1);
	assert_int_equal(
	    ask("SELECT count(*) FROM ranking_now WHERE table_name = 'keys'"),
	    20);
	assert_int_equal(
	    ask("SELECT value = (SELECT max(n) FROM current_keys) FROM "
		"ranking_now WHERE table_name = 'keys' AND side = 'top' AND "
		"place = 1"),
	    1);
	assert_int_equal(ask("SELECT abs(average - 500.0 / keys) < 1e-9 FROM "
			     "average_per_k_over_time"),
			 1);
	/* Two tables by the same field; a table whose names need quotes. */
	assert_int_equal(ask("SELECT count(*) FROM "
			     "\"average_per_k_over_time_of_Keys\""),
			 1);
	assert_int_equal(ask("SELECT keys FROM average_per_o_and_b_over_time"),
			 6);
	world_release(&w);
}

static void
windows_are_kept(void **state)
{
	struct world w;
	struct snapshot *s = open_file(&keep_all);
	unsigned rows = 0;

	(void)state;
	world_init(&w, path, 6);
	for (unsigned minute = 0; minute < 20; minute++) {
		w.state.watermark_ms = START_MS + minute * MINUTE;
		add_random(&w, 50, START_MS + minute * MINUTE);
		commit(&w);
		take(s, &w);
	}
	/* Windows that the store has forgotten, too; each as it was at last. */
	assert_int_equal(
	    ask("SELECT count(*) FROM extremes_per_window_minutes"), 20);
	for (unsigned minute = 0; minute < 20; minute++) {
		char sql[160];
		int64_t total = 0;

		for (unsigned i = 0; i < KEYS; i++)
			total += w.windows[minute][i];
		snprintf(sql, sizeof(sql),
			 "SELECT total FROM extremes_per_window_minutes "
			 "WHERE start_ms = %lld",
			 (long long)(START_MS + minute * MINUTE));
		assert_int_equal(ask(sql), total);
	}
	assert_int_equal(ask("SELECT sum(complete) FROM window_summary"), 18);
	/* Rows of those that are gone are gone. */
	for (unsigned minute = 14; minute < 20; minute++)
		for (unsigned i = 0; i < KEYS; i++)
			rows += w.windows[minute][i] > 0;
	assert_int_equal(ask("SELECT count(*) FROM current_minutes"), rows);
	assert_int_equal(
	    ask("SELECT min(window_start_ms) FROM current_minutes"),
	    START_MS + 14 * MINUTE);
	snapshot_close(s);
	world_release(&w);
}

static void
another_store_takes_its_place(void **state)
{
	struct world a, b;
	struct snapshot *s = open_file(&keep_all), *second;
	char path_b[300];

	(void)state;
	snprintf(path_b, sizeof(path_b), "%s-b", path);
	world_init(&a, path, 7);
	world_init(&b, path_b, 8);
	add_random(&a, 2000, START_MS);
	commit(&a);
	take(s, &a);
	assert_current(&a);
	add_random(&b, 50, START_MS);
	commit(&b);
	/* Beside the first one, which does not know of it. */
	second = open_file(&keep_all);
	take(second, &b);
	assert_current(&b);
	add_random(&a, 10, START_MS);
	commit(&a);
	take(s, &a);
	assert_current(&a);
	take(second, &b);
	assert_current(&b);
	assert_int_equal(ask("SELECT count(*) FROM run"), 2);
	snapshot_close(second);
	snapshot_close(s);
	world_release(&a);
	world_release(&b);
}

static void
dead_letters_are_there_once(void **state)
{
	struct world w;
	struct snapshot *s = open_file(&keep_all);
	char raw[] = "{\0\xff";
	struct store_dead dead = {.reason = REASON_NOT_JSON,
				  .field = -1,
				  .position = {1, 77},
				  .seen_ms = START_MS,
				  .size = 3,
				  .raw = raw,
				  .raw_size = 3};

	(void)state;
	world_init(&w, path, 9);
	add_random(&w, 5, START_MS);
	w.state.dead_by_reason[REASON_NOT_JSON] = 1;
	commit_dead(&w, &dead, 1);
	take(s, &w);
	dead.position.offset = 78;
	w.state.dead_by_reason[REASON_NOT_JSON] = 2;
	commit_dead(&w, &dead, 1);
	take(s, &w);
	commit(&w);
	take(s, &w);
	assert_int_equal(ask("SELECT count(*) FROM dead_letter"), 2);
	assert_int_equal(ask("SELECT count(*) FROM dead_letter WHERE message = "
			     "x'7b00ff' AND topic = 'topic' AND partition = 1 "
			     "AND \"offset\" IN (77, 78)"),
			 2);
	assert_int_equal(ask("SELECT count FROM dead_by_reason_over_time WHERE "
			     "snapshot = 3 AND reason = 'not_json'"),
			 2);
	snapshot_close(s);
	world_release(&w);
}

static void
old_ones_go(void **state)
{
	struct snapshot_options few = {.keep = 3};
	struct snapshot_options young = {.keep = 1000, .keep_for_ms = 4500};
	struct world w;
	struct snapshot *s = open_file(&few);

	(void)state;
	world_init(&w, path, 10);
	for (unsigned i = 0; i < 8; i++) {
		add_random(&w, 20, START_MS);
		commit(&w);
		take(s, &w);
	}
	assert_int_equal(ask("SELECT min(id) * 100 + max(id) FROM snapshot"),
			 608);
	assert_int_equal(ask("SELECT count(DISTINCT snapshot) FROM ranking"),
			 3);
	assert_int_equal(
	    ask("SELECT count(DISTINCT snapshot) FROM snapshot_offset"), 3);
	assert_current(&w);
	snapshot_close(s);
	/* A second passes at each commit. */
	s = open_file(&young);
	for (unsigned i = 0; i < 8; i++) {
		commit(&w);
		take(s, &w);
	}
	assert_int_equal(ask("SELECT min(id) * 100 + max(id) FROM snapshot"),
			 1216);
	/* Whoever deletes some by hand takes all that belongs to them. */
	tell("DELETE FROM snapshot WHERE id > 13");
	assert_int_equal(ask("SELECT count(DISTINCT snapshot) FROM ranking"),
			 2);
	add_random(&w, 20, START_MS);
	commit(&w);
	assert_int_equal(take(s, &w).id, 14);
	assert_current(&w);
	snapshot_close(s);
	world_release(&w);
}

/* ---- What is refused, and what may pass ---- */

static void
write_file(const char *data, size_t size)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, size, out), size);
	fclose(out);
}

/* What a file is without its version's novelties becomes the same again. */
static void
old_files_are_migrated(void **state)
{
	struct snapshot *s = open_file(&keep_all);
	int64_t columns =
	    ask("SELECT count(*) FROM pragma_table_xinfo('alert')");

	(void)state;
	snapshot_close(s);
	assert_int_equal(columns, 13);
	tell("DROP TABLE alert; PRAGMA user_version = 1");
	s = open_file(&keep_all);
	assert_int_equal(ask("SELECT user_version FROM pragma_user_version"),
			 2);
	assert_int_equal(
	    ask("SELECT count(*) FROM pragma_table_xinfo('alert')"), columns);
	snapshot_close(s);
}

static void
foreign_files_are_refused(void **state)
{
	struct snapshot *s = open_file(&keep_all);
	char large[8192];
	struct err err;

	(void)state;
	snapshot_close(s);
	assert_refused(other, WEIR_STORE_FOREIGN, "of another pipeline");
	tell("PRAGMA user_version = 3");
	assert_refused(p, WEIR_STORE_FOREIGN, "newer weir (version 3");
	/* Somebody's own making. */
	tell("PRAGMA user_version = 2; DROP TABLE pipeline;"
	     "CREATE TABLE pipeline (name, fingerprint);"
	     "INSERT INTO pipeline VALUES (NULL, NULL);"
	     "DROP TABLE pipeline_table; CREATE TABLE pipeline_table"
	     " (name, current_table, key_fields, window_ms);"
	     "INSERT INTO pipeline_table VALUES (NULL, 'a', 'b', NULL),"
	     " ('c', NULL, NULL, NULL)");
	assert_refused(p, WEIR_STORE_FOREIGN, "of another pipeline");
	tell("UPDATE pipeline SET name = 'a' || char(27) || '[2J\xc2\x9b"
	     "m'");
	assert_refused(p, WEIR_STORE_FOREIGN, "tables (a?[2J??m)");
	assert_int_equal(export_table(file, "c", EXPORT_CSV, 1, &err),
			 WEIR_NOT_FOUND);
	unlink(file);
	{
		sqlite3 *db;

		assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
		assert_int_equal(
		    sqlite3_exec(db, "CREATE TABLE mine (a)", NULL, NULL, NULL),
		    SQLITE_OK);
		sqlite3_close(db);
	}
	assert_refused(p, WEIR_STORE_FOREIGN, "something else");
	assert_int_equal(ask("SELECT count(*) FROM sqlite_master"), 1);
	assert_int_equal(ask("SELECT journal_mode = 'delete' FROM "
			     "pragma_journal_mode"),
			 1);
	memset(large, 'x', sizeof(large));
	write_file(large, sizeof(large));
	assert_refused(p, WEIR_STORE_FOREIGN, "no snapshot file");
	unlink(file);
	snprintf(file, sizeof(file), "%s/no/such", root);
	assert_refused(p, WEIR_SYSTEM, "No such file");
}

static void
a_file_that_is_locked_or_full(void **state)
{
	struct world w;
	struct snapshot *s = open_file(&keep_all);
	struct snapshot_result result;
	sqlite3 *db;
	struct err err;
	int64_t pages;
	char sql[64];

	(void)state;
	world_init(&w, path, 11);
	assert_int_equal(snapshot_take(s, w.store, 0, &result, &err),
			 WEIR_NOT_FOUND);
	add_random(&w, 20, START_MS);
	commit(&w);
	take(s, &w);
	/* Locked. */
	db = ask_open();
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	add_random(&w, 400, START_MS);
	commit(&w);
	sqlite3_busy_timeout(s->db, 10);
	assert_int_equal(snapshot_take(s, w.store, 0, &result, &err),
			 WEIR_STORE_BUSY);
	assert_non_null(strstr(err.text, "locked by another"));
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	/* Full. */
	pages = ask("SELECT page_count FROM pragma_page_count");
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
		 (long long)pages);
	assert_int_equal(sqlite3_exec(s->db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(snapshot_take(s, w.store, 0, &result, &err),
			 WEIR_STORE_FULL);
	assert_non_null(strstr(err.text, "make room"));
	assert_int_equal(ask("SELECT count(*) FROM snapshot"), 1);
	assert_int_equal(ask("SELECT sum(n) FROM current_keys"), 20);
	sqlite3_exec(s->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
	take(s, &w);
	assert_current(&w);
	/* Gone. */
	assert_false(snapshot_is_gone(s));
	unlink(file);
	assert_true(snapshot_is_gone(s));
	assert_int_equal(snapshot_take(s, w.store, 0, &result, &err),
			 WEIR_NOT_FOUND);
	snapshot_close(s);
	world_release(&w);
}

/* ---- The keeper ---- */

static void
wait_a_bit(void)
{
	struct timespec t = {0, 5000000};

	nanosleep(&t, NULL);
}

static void
a_keeper_takes_them(void **state)
{
	struct world w;
	struct keeper_options options = {
	    .path = file, .pipeline = p, .every_ms = 20, .snapshot = keep_all};
	struct keeper *keeper;
	char problem[ERR_TEXT_MAX];
	struct err err;
	int64_t until_ns = clock_steady_ns() + 20 * INT64_C(1000000000);

	(void)state;
	world_init(&w, path, 12);
	options.store = w.store;
	check_ok(keeper_start(&options, &keeper, &err), &err);
	/* Nothing was committed yet: nothing is wrong. */
	while (access(file, F_OK) != 0 && clock_steady_ns() < until_ns)
		wait_a_bit();
	keeper_problem(keeper, problem);
	assert_string_equal(problem, "");
	add_random(&w, 50, START_MS);
	commit(&w);
	while (ask("SELECT count(*) FROM sqlite_master WHERE name = "
		   "'current_keys'") == 0 ||
	       ask("SELECT count(*) FROM snapshot") == 0) {
		assert_true(clock_steady_ns() < until_ns);
		wait_a_bit();
	}
	add_random(&w, 50, START_MS);
	commit(&w);
	/* The last one has all of it. */
	check_ok(keeper_stop(keeper, &err), &err);
	assert_current(&w);
	/* A file that is none is a problem, again and again. */
	write_file("no database, but long enough to see that", 40);
	check_ok(keeper_start(&options, &keeper, &err), &err);
	do {
		assert_true(clock_steady_ns() < until_ns);
		wait_a_bit();
		keeper_problem(keeper, problem);
	} while (!problem[0]);
	assert_non_null(strstr(problem, "no snapshot file"));
	/* Once it is away, a new one is begun. */
	unlink(file);
	do {
		assert_true(clock_steady_ns() < until_ns);
		wait_a_bit();
		keeper_problem(keeper, problem);
	} while (problem[0]);
	check_ok(keeper_stop(keeper, &err), &err);
	assert_current(&w);
	world_release(&w);
}

/*
 * In virtual time: at its intervals and when asked, whatever time passes
 * outside. Virtual time is for good: this is the last test.
 */
static void
a_keeper_in_virtual_time(void **state)
{
	/* When it is settled, and how many snapshots there are then. */
	static const struct {
		int64_t ms;
		bool asks;
		int64_t snapshots;
	} steps[] = {
	    {0, false, 0},
	    {100, false, 0},
	    {100, true, 1},
	    {900, false, 1},
	    {999, false, 1},
	    {1000, false, 2},
	    {1000, false, 2},
	    {1100, false, 2},
	    {1999, false, 2},
	    {2000, true, 3}, /* both, of one commit */
	    {2500, true, 4},
	    {2999, false, 4},
	    {3000, false, 5},
	    /* Later than two intervals: once, and the next one from then on. */
	    {5500, false, 6},
	    {6400, false, 6},
	    {6500, false, 7},
	};
	struct world w;
	struct keeper_options options = {.path = file,
					 .pipeline = p,
					 .every_ms = 1000,
					 .snapshot = keep_all};
	struct keeper *keeper;
	char told[ERR_TEXT_MAX];
	struct err err;

	(void)state;
	clock_set(0);
	world_init(&w, path, 13);
	options.store = w.store;
	add_random(&w, 50, START_MS);
	commit(&w);
	check_ok(keeper_start(&options, &keeper, &err), &err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		clock_set(steps[i].ms);
		add_random(&w, 1, START_MS);
		commit(&w);
		if (steps[i].asks)
			keeper_ask(keeper);
		keeper_settle(keeper);
		assert_int_equal(keeper_told(keeper, told, sizeof(told)),
				 steps[i].asks);
		if (steps[i].asks)
			assert_non_null(strstr(told, ".db, 0.0 s"));
		assert_int_equal(access(file, F_OK) == 0
				     ? ask("SELECT count(*) FROM snapshot")
				     : 0,
				 steps[i].snapshots);
		if (i > 0 && steps[i].snapshots > steps[i - 1].snapshots)
			assert_int_equal(
			    ask("SELECT max(taken_ms) FROM snapshot"),
			    CLOCK_SEEDED_START_MS + steps[i].ms);
	}
	check_ok(keeper_stop(keeper, &err), &err);
	assert_current(&w);
	world_release(&w);
}

/* ---- Exports ---- */

static char *
export_of(const char *from, const char *table, enum export_format format,
	  size_t *size)
{
	static char out[65536];
	char name[300];
	struct err err;
	ssize_t got;
	int fd;

	snprintf(name, sizeof(name), "%s/export", root);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	check_ok(export_table(from, table, format, fd, &err), &err);
	got = pread(fd, out, sizeof(out) - 1, 0);
	assert_true(got >= 0);
	out[got] = '\0';
	*size = (size_t)got;
	close(fd);
	return out;
}

static void
exports_are_harmless(void **state)
{
	static const char csv[] =
	    "k,K_2,last_offset,first_partition,first_offset,last_partition,"
	    "last_offset_2\r\n"
	    "\"\",1,";
	struct world w;
	struct snapshot *s = open_file(&keep_all);
	struct err err;
	char *out;
	size_t size;

	(void)state;
	world_init(&w, path, 13);
	for (unsigned i = 0; i < 12; i++)
		add(&w, i, START_MS);
	commit(&w);
	take(s, &w);
	snapshot_close(s);
	out = export_of(path, "Keys", EXPORT_CSV, &size);
	assert_memory_equal(out, csv, sizeof(csv) - 1);
	assert_non_null(
	    memmem(out, size, "\r\n\0,1,", sizeof("\r\n\0,1,") - 1));
	assert_non_null(
	    memmem(out, size, "\r\na\0b,1,", sizeof("\r\na\0b,1,") - 1));
	assert_non_null(memmem(out, size, "\r\n\"it's \"\"q\"\"\",1,",
			       sizeof("\r\n\"it's \"\"q\"\"\",1,") - 1));
	assert_non_null(
	    memmem(out, size, "\r\n'=1+1,1,", sizeof("\r\n'=1+1,1,") - 1));
	assert_non_null(memmem(out, size, "\r\n\"a,b\r\nc\",1,",
			       sizeof("\r\n\"a,b\r\nc\",1,") - 1));
	out = export_of(path, "Keys", EXPORT_JSON, &size);
	assert_int_equal(strlen(out), size);
	assert_non_null(strstr(out, "[\n{\"k\":\"\",\"K_2\":1,"));
	assert_non_null(strstr(out, "{\"k\":\"a\\u0000b\",\"K_2\":1,"));
	assert_non_null(strstr(out, "{\"k\":\"=1+1\",\"K_2\":1,"));
	assert_non_null(strstr(out, "}\n]\n"));
	/* What was a part of the key that is missing, or true. */
	out = export_of(path, "parts", EXPORT_JSON, &size);
	if (w.parts[0][1])
		assert_non_null(strstr(out, "{\"o\":null,\"b\":true,\"n\":"));
	/* The same from either. */
	for (unsigned i = 0; i < p->tables_len; i++) {
		const char *name = p->tables[i].name;
		char *first;

		/* SQLite has blobs behind texts. */
		if (i != T_PARTS)
			continue;
		first = xstrdup(export_of(path, name, EXPORT_CSV, &size));
		assert_string_equal(export_of(file, name, EXPORT_CSV, &size),
				    first);
		free(first);
	}
	assert_int_equal(export_table(path, "no", EXPORT_CSV, 1, &err),
			 WEIR_NOT_FOUND);
	assert_non_null(strstr(err.text, "keys, parts, minutes, Keys"));
	assert_int_equal(export_table(file, "no", EXPORT_CSV, 1, &err),
			 WEIR_NOT_FOUND);
	world_release(&w);
}

static void
the_schema_is_the_file(void **state)
{
	const char *srcdir = getenv("srcdir");
	const char *schema = snapshot_schema();
	char name[1024], *data;
	size_t size;
	FILE *in;

	(void)state;
	snprintf(name, sizeof(name), "%s/schema/snapshot.sql",
		 srcdir ? srcdir : ".");
	in = fopen(name, "r");
	if (!in)
		skip();
	data = xcalloc(1, 65536);
	size = fread(data, 1, 65535, in);
	fclose(in);
	assert_int_equal(size, strlen(schema));
	assert_string_equal(data, schema);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(every_row_is_read, new_path),
	    cmocka_unit_test_setup(windows_are_read_but_expired_ones, new_path),
	    cmocka_unit_test_setup(reading_ends_early, new_path),
	    cmocka_unit_test_setup(current_tables_follow_the_store, new_path),
	    cmocka_unit_test_setup(numbers_are_those_of_the_commit, new_path),
	    cmocka_unit_test_setup(windows_are_kept, new_path),
	    cmocka_unit_test_setup(another_store_takes_its_place, new_path),
	    cmocka_unit_test_setup(dead_letters_are_there_once, new_path),
	    cmocka_unit_test_setup(old_ones_go, new_path),
	    cmocka_unit_test_setup(old_files_are_migrated, new_path),
	    cmocka_unit_test_setup(foreign_files_are_refused, new_path),
	    cmocka_unit_test_setup(a_file_that_is_locked_or_full, new_path),
	    cmocka_unit_test_setup(a_keeper_takes_them, new_path),
	    cmocka_unit_test_setup(exports_are_harmless, new_path),
	    cmocka_unit_test(the_schema_is_the_file),
	    cmocka_unit_test_setup(a_keeper_in_virtual_time, new_path),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
