/*
 * Browsing tables of a real store. What a page must say is made from a plain
 * array of what was counted, put in order by qsort().
 */
#include <dirent.h>
#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "browse.h"

#define START_MS    INT64_C(1735689600000)
#define DEADLINE_NS INT64_C(60000000000)
#define KEYS_MAX    1000000

static const char pipeline_text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 64},"
    "  \"t\": {\"type\": \"time\"},"
    "  \"v\": {\"type\": \"number\", \"optional\": true}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"sum\": {\"sum\": \"v\"}}},"
    "  \"minutes\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"tumbling\": \"1m\", \"keep\": \"5m\","
    "    \"lateness\": \"10s\"}}}}";

enum { F_K, F_T, F_V };
enum { T_KEYS, T_MINUTES };
enum { M_N, M_SUM };

/* What was counted of a key. */
struct count {
	char name[16];
	int64_t n;
	double sum;
	bool known;
};

static struct world {
	struct pipeline *pipeline;
	char path[64];
	struct store *store;
	struct browse *browse;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partition;
	struct random random;
	struct count *counts;
	unsigned keys;
	uint64_t number; /* of the last question */
} w;

/* ---- The store ---- */

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	memset(&w, 0, sizeof(w));
	snprintf(w.path, sizeof(w.path), "/tmp/weir-browse-%d", (int)getpid());
	assert_int_equal(pipeline_parse(pipeline_text,
					sizeof(pipeline_text) - 1, "world.json",
					&w.pipeline, &err),
			 0);
	assert_int_equal(
	    store_open(w.path, STORE_THROWAWAY, w.pipeline, &w.store, &err), 0);
	assert_int_equal(browse_start(w.store, &w.browse, &err), 0);
	aggregate_init(&w.aggregate, w.pipeline);
	random_init(&w.random, 7, 0);
	w.counts = calloc(KEYS_MAX, sizeof(*w.counts));
	w.state.watermark_ms = w.state.newest_ms = WATERMARK_NONE;
	w.state.commit_ms = START_MS;
	strcpy(w.partition.topic, "world");
	w.partition.newest_ms = WATERMARK_NONE;
	w.partition.first_offset = w.partition.last_offset = -1;
	return 0;
}

static int
tear_down(void **state)
{
	struct dirent *entry;
	DIR *dir;

	(void)state;
	browse_stop(w.browse);
	store_close(w.store);
	aggregate_release(&w.aggregate);
	pipeline_free(w.pipeline);
	free(w.counts);
	dir = opendir(w.path);
	while ((entry = readdir(dir))) {
		char name[512];

		snprintf(name, sizeof(name), "%s/%s", w.path, entry->d_name);
		unlink(name);
	}
	closedir(dir);
	rmdir(w.path);
	return 0;
}

/* The first has no bytes; every third has capitals. */
static void
name_keys(unsigned keys)
{
	for (unsigned i = 1; i < keys; i++)
		snprintf(w.counts[i].name, sizeof(w.counts[i].name),
			 i % 3 == 0 ? "KEY %07u" : "key %07u", i);
	w.keys = keys;
}

static void
add(unsigned key, const double *value)
{
	struct count *count = &w.counts[key];
	struct event event = {.time_ms = START_MS};

	event.values[F_K].present = event.values[F_T].present = true;
	event.values[F_K].text =
	    (struct text){count->name, strlen(count->name)};
	event.values[F_T].i = START_MS;
	event.values[F_V].present = value != NULL;
	event.values[F_V].d = value ? *value : 0;
	aggregate_add(&w.aggregate, &event,
		      (struct position){0, w.partition.position},
		      w.state.watermark_ms);
	aggregate_settle(&w.aggregate);
	w.partition.position++;
	w.state.ledger.valid++;
	count->n++;
	if (value) {
		count->sum += *value;
		count->known = true;
	}
}

static void
commit(void)
{
	struct store_commit commit = {.aggregate = &w.aggregate,
				      .state = &w.state,
				      .partitions = &w.partition,
				      .partitions_len = 1};
	struct ledger *l = &w.state.ledger;
	uint64_t number;
	struct err err;

	l->consumed = l->foreign = l->valid;
	w.partition.end = w.partition.position;
	if (store_commit(w.store, &commit, &number, &err))
		fail_msg("%s", err.text);
	aggregate_clear(&w.aggregate, 4 << 20);
}

/* Few values for many keys: ties; some sums negative, some not known. */
static void
fill(unsigned keys)
{
	name_keys(keys);
	for (unsigned i = 0; i < keys; i++) {
		for (uint64_t n = 1 + random_below(&w.random, 5); n > 0; n--) {
			double value = (double)random_below(&w.random, 7) - 3.5;

			add(i, i % 5 ? &value : NULL);
		}
		if (i % 200000 == 199999)
			commit();
	}
	commit();
}

/* ---- What must come ---- */

static const struct page_query *sorting;

static int
by_query(const void *a, const void *b)
{
	const struct count *x = *(struct count *const *)a;
	const struct count *y = *(struct count *const *)b;
	int c = strcmp(x->name, y->name);
	double d;

	if (sorting->sort == PAGE_BY_KEY)
		return sorting->reversed ? -c : c;
	if (sorting->sort == M_SUM && x->known != y->known)
		return x->known ? -1 : 1;
	d = sorting->sort == M_N ? (double)(x->n - y->n) : x->sum - y->sum;
	if (sorting->sort == M_SUM && !x->known)
		d = 0;
	if (sorting->reversed)
		d = -d;
	return d > 0 ? -1 : d < 0 ? 1 : c;
}

/* All that pass the filter, in order; the caller's. */
static struct count **
expected(const struct page_query *query, unsigned *len)
{
	struct count **all = calloc(w.keys + 1, sizeof(struct count *));

	*len = 0;
	for (unsigned i = 0; i < w.keys; i++)
		if (w.counts[i].n > 0 &&
		    strcasestr(w.counts[i].name, query->filter))
			all[(*len)++] = &w.counts[i];
	sorting = query;
	qsort(all, *len, sizeof(struct count *), by_query);
	return all;
}

static void
check_row(const struct page_row *row, const struct count *want)
{
	assert_int_equal(row->key.size, strlen(want->name));
	assert_memory_equal(row->key.data, want->name, row->key.size);
	assert_int_equal(row->measures[M_N].kind, VALUE_INT);
	assert_int_equal(row->measures[M_N].i, want->n);
	assert_int_equal(row->measures[M_SUM].kind,
			 want->known ? VALUE_REAL : VALUE_NONE);
	if (want->known)
		assert_true(row->measures[M_SUM].d == want->sum);
}

/* ---- Asking ---- */

/* The whole answer, which is the caller's. */
static struct page *
answer(const struct page_query *query)
{
	int64_t deadline = clock_steady_ns() + DEADLINE_NS;
	struct page *page = NULL;
	struct err err;

	browse_ask(w.browse, query, ++w.number);
	while (clock_steady_ns() < deadline) {
		int rc = browse_take(w.browse, &page, &err);

		if (rc == 0 && page->question == w.number && page->complete)
			return page;
		if (rc == 0)
			free(page);
		else if (rc != WEIR_NOT_FOUND)
			fail_msg("%s", err.text);
		poll(NULL, 0, 1);
	}
	fail_msg("there is no answer");
	return NULL;
}

static void
ask_at(struct page_query *query, const struct page_row *row)
{
	query->place = PAGE_AT;
	query->key_size = row->id.size;
	memcpy(query->key, row->id.data, row->id.size);
}

/* A page is rows [before, before + rows_len) of what is expected. */
static void
check_page(const struct page *page, struct count **all, unsigned len)
{
	assert_int_equal(page->matching, len);
	assert_int_equal(page->keys, w.keys);
	assert_int_equal(page->looked_at, w.keys);
	assert_true(page->before + page->rows_len <= len);
	for (unsigned i = 0; i < page->rows_len; i++)
		check_row(&page->rows[i], all[page->before + i]);
}

static void
check_query(struct page_query *query)
{
	unsigned len, most;
	struct count **all = expected(query, &len);
	struct page *page, *at;

	most = len < PAGE_ROWS ? len : PAGE_ROWS;
	query->place = PAGE_FIRST;
	page = answer(query);
	check_page(page, all, len);
	assert_int_equal(page->before, 0);
	assert_int_equal(page->rows_len, most);
	free(page);

	query->place = PAGE_LAST;
	page = answer(query);
	check_page(page, all, len);
	assert_int_equal(page->before + page->rows_len, len);
	assert_int_equal(page->rows_len, most);
	if (len > 0) {
		/* Around the first of these: as many on both sides. */
		ask_at(query, &page->rows[0]);
		at = answer(query);
		check_page(at, all, len);
		assert_int_equal(at->before + at->at, page->before);
		assert_int_equal(at->rows_len - at->at, most);
		assert_int_equal(at->at, page->before < PAGE_ROWS ? page->before
								  : PAGE_ROWS);
		free(at);
	}
	free(page);
	free(all);
}

static void
test_orders(void **state)
{
	static const char *const filters[] = {"", "key 00", "99", "Y 0001",
					      "none such"};
	static const int sorts[] = {M_N, M_SUM, PAGE_BY_KEY};

	(void)state;
	fill(3000);
	for (size_t s = 0; s < 3; s++) {
		for (size_t f = 0; f < sizeof(filters) / sizeof(*filters);
		     f++) {
			struct page_query query = {.table = T_KEYS,
						   .sort = sorts[s]};

			snprintf(query.filter, sizeof(query.filter), "%s",
				 filters[f]);
			check_query(&query);
			query.reversed = true;
			check_query(&query);
		}
	}
}

/* From one end to the other, a page after the other, no row twice or never. */
static void
walk(int sort, bool back)
{
	struct page_query query = {.table = T_KEYS,
				   .sort = sort,
				   .place = back ? PAGE_LAST : PAGE_FIRST};
	unsigned len, pages = 0;
	struct count **all = expected(&query, &len);
	struct page *page = answer(&query);
	int64_t seen = page->rows_len;

	while (back ? page->before > 0
		    : page->before + page->rows_len < page->matching) {
		int64_t end = page->before + page->rows_len;
		int64_t before = page->before;

		ask_at(&query, &page->rows[back ? 0 : page->rows_len - 1]);
		free(page);
		page = answer(&query);
		check_page(page, all, len);
		seen += back ? before - page->before
			     : page->before + page->rows_len - end;
		pages++;
	}
	assert_int_equal(seen, len);
	assert_int_equal(pages, (len - PAGE_ROWS + PAGE_ROWS - 2) /
				    (back ? PAGE_ROWS : PAGE_ROWS - 1));
	free(page);
	free(all);
}

static void
test_walk(void **state)
{
	(void)state;
	fill(3000);
	walk(M_N, false);
	walk(M_N, true);
	walk(M_SUM, false);
	walk(PAGE_BY_KEY, true);
}

/* The place is where the key is now, not where it was. */
static void
test_moving(void **state)
{
	struct page_query query = {.table = T_KEYS, .sort = M_N};
	unsigned len, key = 1500;
	struct count **all;
	struct page *page;

	(void)state;
	fill(3000);
	query.place = PAGE_AT;
	query.key_size = strlen(w.counts[key].name);
	memcpy(query.key, w.counts[key].name, query.key_size);
	/* An old value, which is not to be used. */
	query.value = value_int(1);
	for (int round = 0; round < 5; round++) {
		all = expected(&query, &len);
		page = answer(&query);
		check_page(page, all, len);
		check_row(&page->rows[page->at], &w.counts[key]);
		free(page);
		free(all);
		for (int i = 0; i < 3; i++)
			add(key, NULL);
		add((unsigned)random_below(&w.random, w.keys), NULL);
		commit();
	}
	/* A key that is not there: where it would be by its value. */
	query.key_size = 1;
	query.key[0] = 'k';
	query.value = value_int(3);
	all = expected(&query, &len);
	page = answer(&query);
	check_page(page, all, len);
	assert_true(page->rows[page->at].measures[M_N].i <= 3);
	assert_true(page->rows[page->at - 1].measures[M_N].i >= 3);
	free(page);
	free(all);
}

/* While commits go on, a page is in order, has no key twice, and counts all. */
static void
test_under_way(void **state)
{
	struct page_query query = {.table = T_KEYS, .sort = M_N};
	uint64_t last = 0;
	unsigned len;
	struct count **all;
	struct page *page;

	(void)state;
	fill(20000);
	for (int round = 0; round < 30; round++) {
		int64_t deadline = clock_steady_ns() + DEADLINE_NS;
		int rc = WEIR_NOT_FOUND;

		query.place = round % 2 ? PAGE_LAST : PAGE_FIRST;
		browse_ask(w.browse, &query, ++w.number);
		/* The writer does not wait for the reader, nor it for him. */
		while (rc && clock_steady_ns() < deadline) {
			for (int i = 0; i < 50; i++)
				add((unsigned)random_below(&w.random, w.keys),
				    NULL);
			commit();
			rc = browse_take(w.browse, &page, NULL);
			if (rc == 0 && !page->complete) {
				free(page);
				rc = WEIR_NOT_FOUND;
			}
		}
		assert_int_equal(rc, 0);
		assert_int_equal(page->matching, w.keys);
		assert_true(page->first_commit <= page->last_commit);
		assert_true(page->last_commit > last);
		last = page->last_commit;
		for (unsigned i = 1; i < page->rows_len; i++) {
			const struct page_row *a = &page->rows[i - 1];
			const struct page_row *b = &page->rows[i];

			assert_true(a->measures[M_N].i > b->measures[M_N].i ||
				    (a->measures[M_N].i == b->measures[M_N].i &&
				     strcmp(a->key.data, b->key.data) < 0));
		}
		free(page);
	}
	query.place = PAGE_FIRST;
	all = expected(&query, &len);
	page = answer(&query);
	check_page(page, all, len);
	assert_int_equal(page->first_commit, page->last_commit);
	free(page);
	free(all);
}

/* The same query is answered again when there was a commit. */
static void
test_again(void **state)
{
	struct page_query query = {.table = T_KEYS, .sort = M_N};
	int64_t deadline = clock_steady_ns() + DEADLINE_NS;
	struct page *page;
	uint64_t commit_before;

	(void)state;
	fill(100);
	page = answer(&query);
	commit_before = page->last_commit;
	free(page);
	add(7, NULL);
	commit();
	while (browse_take(w.browse, &page, NULL)) {
		assert_true(clock_steady_ns() < deadline);
		poll(NULL, 0, 1);
	}
	assert_int_equal(page->question, w.number);
	assert_true(page->complete);
	assert_int_equal(page->last_commit, commit_before + 1);
	free(page);
	/* Nobody wants any more: nothing comes. */
	browse_ask(w.browse, NULL, ++w.number);
	assert_int_equal(browse_take(w.browse, &page, NULL), WEIR_NOT_FOUND);
}

/* A page of the commit, if there is to be one. */
static void
check_settled(bool answered, uint64_t commit)
{
	struct page *page;

	browse_settle(w.browse);
	assert_int_equal(browse_take(w.browse, &page, NULL),
			 answered ? 0 : WEIR_NOT_FOUND);
	if (!answered)
		return;
	assert_int_equal(page->question, w.number);
	assert_true(page->complete);
	assert_int_equal(page->first_commit, commit);
	assert_int_equal(page->last_commit, commit);
	free(page);
}

/*
 * In virtual time a question is answered when it is waited for, and again after
 * a commit, but not within a second. Virtual time is for good: this is the last
 * test.
 */
static void
test_settle(void **state)
{
	static const struct {
		int64_t ms;
		bool asks, commits, answered;
	} steps[] = {
	    {0, true, false, true},      {0, false, false, false},
	    {100, false, true, false},   {900, false, true, false},
	    {999, false, true, false},   {1000, false, false, true},
	    {1000, false, true, false},  {1500, true, false, true},
	    {1600, true, true, true},    {2000, false, true, false},
	    {2599, false, true, false},  {2600, false, true, true},
	    {3600, false, false, false}, /* there is nothing new */
	    {3700, false, true, false},  {4600, false, false, true},
	};
	struct page_query query = {.table = T_KEYS, .sort = M_N};
	uint64_t commits = 1;

	(void)state;
	clock_set(0);
	fill(100);
	/* Nobody asks: nothing is waited for. */
	check_settled(false, 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		clock_set(steps[i].ms);
		if (steps[i].commits) {
			add(7, NULL);
			commit();
			commits++;
		}
		if (steps[i].asks)
			browse_ask(w.browse, &query, ++w.number);
		check_settled(steps[i].answered, commits);
	}
	browse_ask(w.browse, NULL, ++w.number);
	clock_set(10000);
	check_settled(false, 0);
}

static void
test_windows(void **state)
{
	struct page_query query = {
	    .table = T_MINUTES, .window_ms = START_MS, .sort = M_N};
	struct page *page;

	(void)state;
	page = answer(&query); /* before the first commit */
	assert_int_equal(page->rows_len, 0);
	assert_int_equal(page->last_commit, 0);
	free(page);
	fill(600);
	page = answer(&query);
	assert_int_equal(page->matching, 600);
	assert_int_equal(page->keys, 600);
	assert_int_equal(page->rows_len, PAGE_ROWS);
	free(page);
	query.window_ms = START_MS + 60000;
	page = answer(&query);
	assert_int_equal(page->matching, 0);
	free(page);
}

/* One key and its windows. */
static void
test_key(void **state)
{
	struct view_key *key;
	struct err err = {0};

	(void)state;
	fill(10);
	assert_int_equal(store_read_key(w.store, T_KEYS, 0,
					(struct text){"key 0000004", 11},
					T_MINUTES, &key, &err),
			 0);
	assert_int_equal(key->row.measures[M_N].i, w.counts[4].n);
	assert_string_equal(key->row.key.data, "key 0000004");
	assert_string_equal(key->row.last.topic, "world");
	assert_int_equal(key->row.last.partition, 0);
	assert_true(key->row.last.offset >= key->row.first.offset);
	assert_int_equal(key->windows_len, 1);
	assert_int_equal(key->windows[0].start_ms, START_MS);
	assert_int_equal(key->windows[0].value.i, w.counts[4].n);
	assert_false(key->windows[0].complete);
	view_key_free(key);
	/* As it is stored: a key without bytes is 00. */
	assert_int_equal(store_read_key(w.store, T_MINUTES, START_MS,
					(struct text){"", 1}, -1, &key, &err),
			 0);
	assert_int_equal(key->row.key.size, 0);
	assert_int_equal(key->row.measures[M_N].i, w.counts[0].n);
	assert_int_equal(key->windows_len, 0);
	view_key_free(key);
	assert_int_equal(store_read_key(w.store, T_KEYS, 0,
					(struct text){"nobody", 6}, T_MINUTES,
					&key, &err),
			 WEIR_NOT_FOUND);
	assert_true(strlen(err.text) > 10);
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* However many keys there are, a bounded number of rows is kept. */
static void
test_million(void **state)
{
	struct page_query query = {.table = T_KEYS, .sort = M_SUM};
	unsigned len;
	struct count **all;
	struct page *page;
	size_t before, most = 0;

	(void)state;
	fill(KEYS_MAX);
	all = expected(&query, &len);
	assert_int_equal(len, KEYS_MAX);
	before = heap_bytes();
	browse_ask(w.browse, &query, ++w.number);
	for (page = NULL; !page || !page->complete;) {
		size_t now = heap_bytes();

		if (now > before && now - before > most)
			most = now - before;
		free(page);
		page = NULL;
		if (browse_take(w.browse, &page, NULL))
			poll(NULL, 0, 1);
	}
	assert_true(most < 4 << 20);
	check_page(page, all, len);
	ask_at(&query, &page->rows[page->rows_len - 1]);
	free(page);
	page = answer(&query);
	check_page(page, all, len);
	free(page);
	free(all);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_orders),    TEST(test_walk),    TEST(test_moving),
	    TEST(test_under_way), TEST(test_again),   TEST(test_windows),
	    TEST(test_key),       TEST(test_million), TEST(test_settle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
