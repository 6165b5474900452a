/*
 * Alerts on streams made by hand: event times are fixed, so the moments at
 * which each kind of rule fires and clears are known. Times in what is expected
 * are seconds since the beginning, in the rule's time.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alert.h"
#include "base/alloc.h"
#include "base/random.h"

#define T0       INT64_C(1735689600000) /* a whole hour */
#define ROWS_MAX 20000

enum { F_K, F_T, F_V };
enum { T_KEYS, T_MINUTE, T_THREE, TABLES };

static const char head[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 64},"
    "  \"t\": {\"type\": \"time\"},"
    "  \"v\": {\"type\": \"integer\", \"optional\": true}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"sum\": {\"sum\": \"v\"}}},"
    "  \"minute\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\","
    "   \"mean\": {\"average\": \"v\"}}, \"window\": {\"tumbling\": \"1m\","
    "   \"keep\": \"2h\", \"lateness\": \"10s\"}},"
    "  \"three\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},"
    "   \"window\": {\"hopping\": \"3m\", \"advance\": \"1m\","
    "   \"lateness\": \"10s\"}}},"
    " \"alerts\": [";

struct row {
	unsigned table;
	int64_t window_ms;
	char key[40];
	bool was, changed;
	char old[ROW_MAX], now[ROW_MAX];
};

struct world {
	struct pipeline *p;
	struct alerts *alerts;
	struct row *rows;
	unsigned rows_len;
	int64_t watermark_ms;
	int64_t now_ms;
	struct buf log;
	struct notices notices;
	bool with_values;
	unsigned asked; /* for rows */
};

/* ---- The source: what a store would say ---- */

static struct row *
find(struct world *w, unsigned table, int64_t window_ms, struct text key)
{
	for (unsigned i = 0; i < w->rows_len; i++) {
		struct row *row = &w->rows[i];

		if (row->table == table && row->window_ms == window_ms &&
		    strlen(row->key) == key.size &&
		    memcmp(row->key, key.data, key.size) == 0)
			return row;
	}
	return NULL;
}

static int
ask_row(void *ctx, unsigned table, int64_t window_ms, struct text key,
	const void **row)
{
	struct row *found = find(ctx, table, window_ms, key);

	((struct world *)ctx)->asked++;
	if (found)
		*row = found->now;
	return found ? 0 : WEIR_NOT_FOUND;
}

static int
ask_summary(void *ctx, unsigned table, int64_t window_ms,
	    struct group_summary *summary)
{
	static char total[ROW_MAX];
	struct world *w = ctx;
	const struct row_layout *layout = &w->alerts->layouts[table];

	memset(summary, 0, sizeof(*summary));
	for (unsigned i = 0; i < w->rows_len; i++) {
		const struct row *row = &w->rows[i];
		uint64_t bits;

		if (row->table != table || row->window_ms != window_ms)
			continue;
		if (summary->keys++ == 0)
			memcpy(total, row->now, layout->size);
		else
			row_merge(layout, total, row->now);
		if (!row_rank_bits(layout, row->now, &bits))
			continue;
		if (summary->ranked == 0 || bits < summary->min_bits)
			summary->min_bits = bits;
		if (summary->ranked == 0 || bits > summary->max_bits)
			summary->max_bits = bits;
		summary->ranked++;
	}
	summary->total = total;
	return summary->keys ? 0 : WEIR_NOT_FOUND;
}

static int
ask_window(void *ctx, unsigned table, int64_t from_ms, int64_t *start_ms)
{
	struct world *w = ctx;
	bool found = false;

	for (unsigned i = 0; i < w->rows_len; i++) {
		const struct row *row = &w->rows[i];

		if (row->table == table && row->window_ms >= from_ms &&
		    (!found || row->window_ms < *start_ms)) {
			*start_ms = row->window_ms;
			found = true;
		}
	}
	return found ? 0 : WEIR_NOT_FOUND;
}

static int
ask_rows(void *ctx, unsigned table, int64_t window_ms,
	 int (*visit)(void *arg, struct text key, const void *row), void *arg)
{
	struct world *w = ctx;
	bool any = false;

	for (unsigned i = 0; i < w->rows_len; i++) {
		const struct row *row = &w->rows[i];

		if (row->table != table || row->window_ms != window_ms)
			continue;
		any = true;
		if (visit(arg, (struct text){row->key, strlen(row->key)},
			  row->now))
			break;
	}
	return any ? 0 : WEIR_NOT_FOUND;
}

/* ---- The world ---- */

static void
on_change(void *ctx, const struct alert_change *change)
{
	static const char *const words[] = {
	    [ALERT_FIRING] = "fires",
	    [ALERT_ACKNOWLEDGED] = "acknowledged",
	    [ALERT_CLEARED] = "clears",
	};
	struct world *w = ctx;

	if (!w->with_values)
		buf_addf(&w->log, "%s: ", w->p->alerts[change->rule].name);
	buf_addf(&w->log, "%s %.*s at ", words[change->state],
		 (int)change->key_size, change->key);
	if (change->at_ms == ALERT_NO_TIME)
		buf_add_str(&w->log, "-");
	else
		buf_addf(&w->log, "%" PRId64, (change->at_ms - T0) / 1000);
	if (w->with_values)
		buf_addf(&w->log, ": %g/%g", value_double(change->value),
			 value_double(change->limit));
	buf_add_str(&w->log, "\n");
}

static void
begin(struct world *w, const char *rules)
{
	struct buf text = BUF_INIT;
	struct err err = {0};

	memset(w, 0, sizeof(*w));
	buf_addf(&text, "%s%s]}", head, rules);
	if (pipeline_parse(text.data, text.size, "world.json", &w->p, &err))
		fail_msg("%s", err.text);
	buf_release(&text);
	w->alerts = alerts_new(w->p);
	w->alerts->on_change = on_change;
	w->alerts->on_change_ctx = w;
	w->rows = xcalloc(ROWS_MAX, sizeof(*w->rows));
	w->watermark_ms = WATERMARK_NONE;
	w->now_ms = T0;
	w->with_values = true;
	buf_add_str(&w->log, "");
}

static void
end(struct world *w)
{
	notices_release(&w->notices);
	buf_release(&w->log);
	alerts_free(w->alerts);
	pipeline_free(w->p);
	free(w->rows);
}

static void
add_to_row(struct world *w, unsigned table, int64_t window, const char *key,
	   const struct event *e)
{
	const struct row_layout *layout = &w->alerts->layouts[table];
	struct row *row = find(w, table, window, e->values[F_K].text);

	if (!row) {
		assert_true(w->rows_len < ROWS_MAX);
		row = &w->rows[w->rows_len++];
		row->table = table;
		row->window_ms = window;
		snprintf(row->key, sizeof(row->key), "%s", key);
		row_init(layout, row->now);
	} else if (!row->changed) {
		row->was = true;
		memcpy(row->old, row->now, sizeof(row->old));
	}
	row->changed = true;
	row_add(layout, row->now, e, (struct position){0, 0});
}

/* An event at so many seconds from the beginning. */
static void
event(struct world *w, const char *key, double at_s, int64_t v)
{
	struct event e = {.time_ms = T0 + (int64_t)(at_s * 1000)};
	int64_t minute = window_start(e.time_ms, 60000);

	e.values[F_K].present = e.values[F_T].present = true;
	e.values[F_K].text = (struct text){key, strlen(key)};
	e.values[F_T].i = e.time_ms;
	e.values[F_V].present = true;
	e.values[F_V].i = v;
	add_to_row(w, T_KEYS, 0, key, &e);
	add_to_row(w, T_MINUTE, minute, key, &e);
	for (unsigned hop = 0; hop < 3; hop++)
		add_to_row(w, T_THREE, minute - 60000 * (int64_t)hop, key, &e);
}

static void
events(struct world *w, const char *key, double at_s, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		event(w, key, at_s, 1);
}

/* Commits; the watermark stands at so many seconds (less than 0: as it did). */
static void
commit_seconds(struct world *w, double watermark_s,
	       const struct alert_second *seconds, unsigned len)
{
	struct alert_source source = {w, ask_row, ask_summary, ask_window,
				      ask_rows};
	struct alert_moment now;

	if (watermark_s >= 0)
		w->watermark_ms = T0 + (int64_t)(watermark_s * 1000);
	w->now_ms += 100;
	now = (struct alert_moment){w->now_ms, w->watermark_ms};
	alerts_begin(w->alerts, &now);
	for (unsigned t = 0; t < TABLES; t++) {
		for (unsigned i = 0; i < w->rows_len; i++) {
			struct row *row = &w->rows[i];

			if (!row->changed || row->table != t)
				continue;
			row->changed = false;
			if (alerts_watch(w->alerts, t))
				alerts_row(
				    w->alerts, t, row->window_ms,
				    (struct text){row->key, strlen(row->key)},
				    row->was ? row->old : NULL, row->now);
			row->was = true;
		}
		assert_int_equal(alerts_table(w->alerts, t, &source), 0);
	}
	for (unsigned i = 0; i < len; i++)
		alerts_second(w->alerts, &seconds[i]);
	alerts_end(w->alerts);
	alerts_notices(w->alerts, &w->notices);
	alerts_done(w->alerts);
}

static void
commit(struct world *w, double watermark_s)
{
	commit_seconds(w, watermark_s, NULL, 0);
}

/* What happened since it was asked last. */
static void
expect(struct world *w, const char *wanted)
{
	assert_string_equal(w->log.data, wanted);
	w->log.size = 0;
	w->log.data[0] = '\0';
}

/* ---- Windows ---- */

#define HOT                                                                    \
	"{\"name\": \"hot\", \"table\": \"minute\", \"above\": 5,"             \
	" \"clear_below\": 3"

static void
test_above_in_a_window(void **state)
{
	struct world w;

	(void)state;
	begin(&w, HOT "}");
	events(&w, "a", 1, 5);
	events(&w, "b", 1, 2);
	commit(&w, 1);
	commit(&w, 20);
	expect(&w, ""); /* 5 is not above 5 */
	events(&w, "a", 30, 1);
	commit(&w, 30);
	expect(&w, "fires a at 60: 6/5\n"); /* at once, once */
	events(&w, "a", 31, 7);
	commit(&w, 31);
	expect(&w, "");
	/* The window after: below the limit, not below that of clearing. */
	events(&w, "a", 70, 4);
	commit(&w, 130);
	events(&w, "a", 150, 2);
	commit(&w, 189.999);
	expect(&w, "");
	/* 120 to 180 is complete 10 s later, and 2 is below 3. */
	commit(&w, 190);
	expect(&w, "clears a at 180: 2/5\n");
	commit(&w, 1000);
	expect(&w, "");
	assert_int_equal(w.alerts->rules[0].fired, 1);
	assert_int_equal(w.alerts->rules[0].len, 0); /* nothing is kept */
	end(&w);
}

/* A window has its turn when those before it are complete. */
static void
test_windows_in_order(void **state)
{
	struct world w;

	(void)state;
	begin(&w, HOT "}");
	events(&w, "x", 1, 1);
	commit(&w, 59);
	events(&w, "a", 61, 6);
	commit(&w, 61); /* 0 to 60 may still take events */
	commit(&w, 69.999);
	expect(&w, "");
	commit(&w, 70);
	expect(&w, "fires a at 120: 6/5\n");
	/* Without any row in the window after, there is nothing of it. */
	commit(&w, 189.999);
	expect(&w, "");
	commit(&w, 190);
	expect(&w, "clears a at 180: 0/5\n");
	end(&w);
}

static void
test_flapping(void **state)
{
	struct world w;

	(void)state;
	begin(&w, HOT "}");
	for (unsigned i = 0; i < 20; i++) {
		events(&w, "a", 60 * i + 20, i % 2 ? 4 : 8);
		commit(&w, 60 * i + 25);
	}
	expect(&w, "fires a at 60: 8/5\n");
	commit(&w, 60 * 21 + 10);
	expect(&w, "clears a at 1260: 0/5\n");
	end(&w);
}

static void
test_cooldown(void **state)
{
	static const unsigned counts[] = {8, 0, 8, 8, 0, 0, 0, 8};
	struct world w;

	(void)state;
	begin(&w, HOT ", \"cooldown\": \"2m\"}");
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		events(&w, "a", 60 * i + 20, counts[i]);
		commit(&w, 60 * i + 25);
	}
	/*
	 * Cleared at 120; the window to 180 is too early, that to 240 is not.
	 * Cleared again at 300, and 180 s later.
	 */
	expect(&w, "fires a at 60: 8/5\n"
		   "clears a at 120: 0/5\n"
		   "fires a at 240: 8/5\n"
		   "clears a at 300: 0/5\n"
		   "fires a at 480: 8/5\n");
	end(&w);
}

static void
test_for_windows(void **state)
{
	static const unsigned counts[] = {8, 8, 4, 8, 8, 8, 8, 0};
	struct world w;

	(void)state;
	begin(&w, HOT ", \"for\": \"3m\"}");
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		commit(&w, 60 * i + 19);
		if (i == 5)
			expect(&w, "");
		events(&w, "a", 60 * i + 20, counts[i]);
		commit(&w, 60 * i + 25);
		if (i == 5)
			expect(&w, "fires a at 360: 8/5\n");
	}
	commit(&w, 60 * 8 + 10);
	expect(&w, "clears a at 480: 0/5\n");
	end(&w);
}

/* Only a complete window is small: an open one may still grow. */
static void
test_below_in_a_window(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"cold\", \"table\": \"minute\", \"below\": 3,"
		  " \"clear_above\": 4}");
	events(&w, "a", 1, 2);
	events(&w, "b", 1, 3);
	commit(&w, 69.999);
	expect(&w, "");
	commit(&w, 70);
	expect(&w, "fires a at 60: 2/3\n");
	events(&w, "a", 80, 4); /* not above 4 */
	commit(&w, 130);
	expect(&w, "");
	events(&w, "a", 131, 5);
	commit(&w, 189);
	expect(&w, "");
	commit(&w, 190);
	expect(&w, "clears a at 180: 5/3\n");
	end(&w);
}

/* An average may come back from beyond its limit: the window must be complete.
 */
static void
test_average_waits(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"mean\", \"table\": \"minute\","
		  " \"measure\": \"mean\", \"above\": 10}");
	event(&w, "a", 1, 100);
	event(&w, "b", 1, 100);
	commit(&w, 30);
	expect(&w, "");
	for (unsigned i = 0; i < 9; i++)
		event(&w, "a", 31, 0);
	commit(&w, 70);
	expect(&w, "fires b at 60: 100/10\n");
	end(&w);
}

static void
test_summary_of_windows(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"few\", \"table\": \"minute\","
		  " \"summary\": \"total\", \"below\": 5},"
		  "{\"name\": \"many\", \"table\": \"minute\","
		  " \"summary\": \"keys\", \"above\": 2}");
	events(&w, "a", 1, 5);
	events(&w, "b", 1, 1);
	commit(&w, 20);
	expect(&w, "");
	events(&w, "c", 21, 1);
	commit(&w, 21);
	expect(&w, "fires  at 60: 3/2\n"); /* many, at once */
	/* Nothing at all from 60 on: 0 is below 5. */
	commit(&w, 129.999);
	expect(&w, "");
	commit(&w, 130);
	expect(&w, "fires  at 120: 0/5\nclears  at 120: 0/2\n");
	events(&w, "a", 130, 5);
	commit(&w, 189.999);
	expect(&w, "");
	commit(&w, 190);
	expect(&w, "clears  at 180: 5/5\n");
	end(&w);
}

/* Alerts that fire, and thousands of windows without an event. */
static void
test_gaps(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"hot\", \"table\": \"minute\", \"above\": 5,"
		  " \"cooldown\": \"9000m\"},"
		  "{\"name\": \"cold\", \"table\": \"minute\", \"below\": 1}");
	for (unsigned i = 0; i < 20; i++) {
		char key[2] = {(char)('a' + i), '\0'};

		events(&w, key, 1, 6);
	}
	commit(&w, 70);
	assert_int_equal(w.alerts->rules[0].fired, 20);
	w.log.size = 0;
	w.asked = 0;
	event(&w, "a", 60 * 9000, 1);
	commit(&w, 60 * 9000 + 70);
	assert_int_equal(w.notices.len, 2);
	assert_int_equal(w.notices.items[1].count, 20);
	assert_int_equal(w.notices.items[1].at_ms, T0 + 120000);
	assert_int_equal(w.notices.items[1].value.i, 0);
	/* Only in the window that has an event is there something to ask. */
	assert_true(w.asked <= 20);
	end(&w);
}

#define CHANGE(more)                                                           \
	"{\"name\": \"jump\", \"table\": \"minute\", \"change\":"              \
	" {\"windows\": 2, " more "}}"

static void
test_change(void **state)
{
	static const unsigned counts[] = {10, 10, 20, 31, 40, 20};
	struct world w;

	(void)state;
	begin(&w, CHANGE("\"above\": 2, \"clear_below\": 1.5"));
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		events(&w, "a", 60 * i + 1, counts[i]);
		/* Twelve times as many, and never a word: too few. */
		events(&w, "tiny", 60 * i + 1, i == 3 ? 9 : 1);
		/* New: of it there is no average. */
		if (i == 3)
			events(&w, "new", 60 * i + 1, 50);
		commit(&w, 60 * i + 69.9);
		if (i == 3)
			expect(&w, "");
		commit(&w, 60 * i + 70);
		/* 20 is not more than twice 10; 31 is, of (10 + 20) / 2. */
		if (i == 2)
			expect(&w, "");
		if (i == 3)
			expect(&w, "fires a at 240: 31/30\n");
		/* 40: 25.5 * 1.5 is 38.25, which is less. */
		if (i == 4)
			expect(&w, "");
	}
	/* 20 is below 35.5 * 1.5. */
	expect(&w, "clears a at 360: 20/71\n");
	end(&w);

	/* The first windows have none before them. */
	begin(&w, CHANGE("\"above\": 2, \"least\": 1"));
	events(&w, "a", 1, 1);
	commit(&w, 70);
	events(&w, "a", 61, 50);
	commit(&w, 130);
	expect(&w, "");
	end(&w);

	begin(&w, CHANGE("\"below\": 0.5"));
	for (unsigned i = 0; i < 3; i++) {
		events(&w, "a", 60 * i + 1, i == 2 ? 9 : 20);
		events(&w, "tiny", 60 * i + 1, i == 2 ? 1 : 4);
		commit(&w, 60 * i + 70);
	}
	expect(&w, "fires a at 180: 9/10\n");
	end(&w);
}

/* Windows that overlap come one step after the other, not one length. */
static void
test_hopping(void **state)
{
	static const unsigned few[] = {4, 2, 0, 0, 0};
	static const unsigned many[] = {10, 10, 10, 10, 10, 10, 100, 10, 10};
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"hot\", \"table\": \"three\", \"above\": 5,"
		  " \"clear_below\": 3}");
	for (unsigned i = 0; i < sizeof(few) / sizeof(*few); i++) {
		events(&w, "a", 60 * i + 1, few[i]);
		events(&w, "b", 60 * i + 1, 1);
		commit(&w, 60 * i + 70);
		/* Of the second and third minute before it; it is early. */
		if (i == 0)
			expect(&w, "");
		if (i == 1)
			expect(&w, "fires a at 120: 6/5\n");
		if (i == 2)
			expect(&w, "");
		if (i == 3)
			expect(&w, "clears a at 240: 2/5\n");
	}
	expect(&w, "");
	end(&w);

	begin(&w, "{\"name\": \"jump\", \"table\": \"three\", \"change\":"
		  " {\"windows\": 2, \"above\": 1.5}}");
	for (unsigned i = 0; i < sizeof(many) / sizeof(*many); i++) {
		events(&w, "a", 60 * i + 1, many[i]);
		commit(&w, 60 * i + 69.9);
		/* Nor of the first, though 20 are twice 10, and 30 more. */
		if (i < 7)
			expect(&w, "");
		commit(&w, 60 * i + 70);
		/* 120 in three minutes; 30 in those one and two steps before.
		 */
		if (i == 6)
			expect(&w, "fires a at 420: 120/45\n");
	}
	expect(&w, "clears a at 540: 120/180\n");
	end(&w);
}

/* ---- Where commits fall ---- */

#define STEPS 4000

static int
compare_lines(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The lines of a log in the order of their bytes. */
static void
sort_lines(struct buf *log)
{
	char *lines[STEPS], *rest, *copy = xstrdup(log->data);
	unsigned len = 0;

	for (char *line = strtok_r(copy, "\n", &rest); line && len < STEPS;
	     line = strtok_r(NULL, "\n", &rest))
		lines[len++] = line;
	qsort(lines, len, sizeof(*lines), compare_lines);
	log->size = 0;
	for (unsigned i = 0; i < len; i++)
		buf_addf(log, "%s\n", lines[i]);
	free(copy);
}

static const char order_rules[] =
    HOT "},"
	"{\"name\": \"cool\", \"table\": \"minute\", \"above\": 6,"
	" \"cooldown\": \"3m\"},"
	"{\"name\": \"long\", \"table\": \"minute\", \"above\": 4,"
	" \"for\": \"2m\"},"
	"{\"name\": \"cold\", \"table\": \"minute\", \"below\": 3},"
	"{\"name\": \"jump\", \"table\": \"minute\", \"change\":"
	" {\"windows\": 3, \"above\": 1.5, \"least\": 2}},"
	"{\"name\": \"sum\", \"table\": \"minute\", \"summary\": \"total\","
	" \"above\": 40, \"clear_below\": 30},"
	"{\"name\": \"low\", \"table\": \"minute\", \"summary\": \"maximum\","
	" \"below\": 7},"
	"{\"name\": \"three\", \"table\": \"three\", \"above\": 15,"
	" \"clear_below\": 9, \"for\": \"4m\"},"
	"{\"name\": \"leap\", \"table\": \"three\", \"change\":"
	" {\"windows\": 3, \"above\": 1.5, \"least\": 1}}";

/* The same events, up to 9 s out of order; a commit after each or `rarely`. */
static void
play(struct buf *log, uint64_t seed, unsigned rarely)
{
	struct random events_of, commits_of;
	double time_s = 0, most_s = 0;
	struct world w;

	random_init(&events_of, seed, 0);
	random_init(&commits_of, seed, 1);
	begin(&w, order_rules);
	w.with_values = false;
	for (unsigned i = 0; i < STEPS; i++) {
		double late_s = (double)random_below(&events_of, 9000) / 1000;
		uint64_t which = random_below(&events_of, 9);
		char key[2] = {
		    (char)('a' + random_below(&events_of, which + 1)), '\0'};
		double at_s;

		time_s += (double)random_below(&events_of, 2000) / 1000;
		at_s = time_s > late_s ? time_s - late_s : 0;
		event(&w, key, at_s, 1);
		if (at_s > most_s)
			most_s = at_s;
		if (random_below(&commits_of, rarely) == 0)
			commit(&w, most_s);
	}
	commit(&w, most_s);
	sort_lines(&w.log);
	buf_add(log, w.log.data, w.log.size);
	end(&w);
}

static void
test_commits_do_not_matter(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct buf each = BUF_INIT, some = BUF_INIT, few = BUF_INIT;

		play(&each, seed, 1);
		play(&some, seed, 30);
		play(&few, seed, 700);
		assert_true(each.size > 1000);
		assert_string_equal(each.data, some.data);
		assert_string_equal(each.data, few.data);
		buf_release(&each);
		buf_release(&some);
		buf_release(&few);
	}
}

/* ---- Tables without windows ---- */

static void
test_rows(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"rich\", \"table\": \"keys\","
		  " \"measure\": \"sum\", \"above\": 100,"
		  " \"clear_below\": 50, \"for\": \"10s\"}");
	event(&w, "a", 0, 101);
	commit(&w, 5);
	commit(&w, 14.999);
	expect(&w, "");
	commit(&w, 15); /* no event: event time alone */
	expect(&w, "fires a at 15: 101/100\n");
	event(&w, "a", 16, -40);
	commit(&w, 16);
	expect(&w, ""); /* 61 */
	event(&w, "a", 17, -20);
	commit(&w, 17);
	expect(&w, "clears a at 17: 41/100\n");
	/* It has to hold without a break. */
	event(&w, "a", 18, 100);
	commit(&w, 18);
	event(&w, "a", 25, -90);
	commit(&w, 25);
	event(&w, "a", 26, 90);
	commit(&w, 26);
	commit(&w, 35);
	expect(&w, "");
	commit(&w, 36);
	expect(&w, "fires a at 36: 141/100\n");
	end(&w);
}

static void
test_summary(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"keys\", \"table\": \"keys\","
		  " \"summary\": \"keys\", \"above\": 2},"
		  "{\"name\": \"mean\", \"table\": \"keys\","
		  " \"summary\": \"average\", \"above\": 1.5}");
	event(&w, "a", 0, 0);
	event(&w, "b", 0, 0);
	event(&w, "b", 0, 0);
	commit(&w, 1);
	expect(&w, ""); /* 3 / 2 is not above 1.5 */
	event(&w, "b", 0, 0);
	commit(&w, 2);
	expect(&w, "fires  at 2: 2/1.5\n");
	event(&w, "c", 0, 0);
	commit(&w, 3);
	expect(&w, "fires  at 3: 3/2\n");
	event(&w, "d", 0, 0);
	commit(&w, 4);
	expect(&w, "clears  at 4: 1.5/1.5\n");
	end(&w);
}

/* ---- The flow ---- */

static int64_t second_0 = T0 / 1000;

/* Seconds from `from` on, one a commit. */
static void
seconds(struct world *w, int64_t from, unsigned len, int64_t consumed,
	int64_t consumed_each, int64_t dead_each, int64_t lag)
{
	for (unsigned i = 0; i < len; i++) {
		struct alert_second s = {
		    .second = second_0 + from + i,
		    .consumed = consumed + consumed_each * (i + 1),
		    .dead = dead_each * (from + i),
		    .lag = lag,
		};

		commit_seconds(w, -1, &s, 1);
	}
}

static void
test_lag(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"lag\", \"flow\": \"lag\", \"above\": 100,"
		  " \"clear_below\": 10, \"for\": \"5s\"}");
	seconds(&w, 0, 3, 0, 10, 0, 100);
	seconds(&w, 3, 5, 30, 10, 0, 101);
	expect(&w, ""); /* held from the end of second 3 to that of 7: 4 s */
	seconds(&w, 8, 1, 80, 10, 0, 101);
	expect(&w, "fires  at 9: 101/100\n");
	seconds(&w, 9, 3, 90, 10, 0, 10);
	expect(&w, "");
	seconds(&w, 12, 1, 120, 10, 0, 9);
	expect(&w, "clears  at 13: 9/100\n");
	/* Shorter than that: not a word. */
	seconds(&w, 13, 4, 130, 10, 0, 500);
	seconds(&w, 17, 1, 170, 10, 0, 0);
	seconds(&w, 18, 4, 180, 10, 0, 500);
	expect(&w, "");
	/* What happened between two runs does not count as time. */
	seconds(&w, 100, 5, 300, 10, 0, 500);
	expect(&w, "");
	seconds(&w, 105, 1, 350, 10, 0, 500);
	expect(&w, "fires  at 106: 500/100\n");
	end(&w);
}

static void
test_dead_share(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"dead\", \"flow\": \"dead_share\","
		  " \"over\": \"2s\", \"above\": 0.1}");
	seconds(&w, 0, 2, 0, 100, 20, 0);
	expect(&w, ""); /* two seconds are not known yet */
	seconds(&w, 2, 1, 200, 100, 20, 0);
	expect(&w, "fires  at 3: 0.2/0.1\n");
	/* Nothing comes at all: nothing is dead. */
	for (int64_t i = 3; i < 5; i++) {
		struct alert_second s = {
		    .second = second_0 + i, .consumed = 300, .dead = 40};

		commit_seconds(&w, -1, &s, 1);
	}
	expect(&w, "clears  at 5: 0/0.1\n");
	end(&w);
}

static void
changes(struct world *w, int64_t from, unsigned len, int64_t changes)
{
	for (unsigned i = 0; i < len; i++) {
		struct alert_second s = {.second = second_0 + from + i,
					 .consumed = from + i,
					 .changes = changes};

		commit_seconds(w, -1, &s, 1);
	}
}

static void
test_schema_changes(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"schema\", \"flow\": \"schema_changes\","
		  " \"over\": \"10s\", \"above\": 0}");
	/* Those of earlier runs are none of these. */
	changes(&w, 0, 3, 7);
	expect(&w, "");
	/* At once, though ten seconds are not known yet; for ten seconds. */
	changes(&w, 3, 1, 9);
	expect(&w, "fires  at 4: 2/0\n");
	changes(&w, 4, 9, 9);
	expect(&w, "");
	changes(&w, 13, 1, 9);
	expect(&w, "clears  at 14: 0/0\n");
	changes(&w, 14, 2, 10);
	expect(&w, "fires  at 15: 1/0\n");
	/* What a run committed in its last moments counts in the next one. */
	changes(&w, 100, 1, 11);
	expect(&w, "");
	changes(&w, 101, 9, 11);
	expect(&w, "");
	changes(&w, 110, 1, 11);
	expect(&w, "clears  at 111: 0/0\n");
	/* But not what it has judged. */
	changes(&w, 111, 1, 12);
	expect(&w, "fires  at 112: 1/0\n");
	changes(&w, 200, 1, 12);
	expect(&w, "clears  at 201: 0/0\n");
	end(&w);
	/* A minute, when nothing is said. */
	begin(&w, "{\"name\": \"schema\", \"flow\": \"schema_changes\","
		  " \"above\": 1}");
	assert_int_equal(w.p->alerts[0].over_ms, 60000);
	end(&w);
	/* As long as can be: what is older is none of them. */
	begin(&w, "{\"name\": \"schema\", \"flow\": \"schema_changes\","
		  " \"over\": \"5m\", \"above\": 0}");
	changes(&w, 0, 1, 0);
	changes(&w, 1, 300, 1);
	expect(&w, "fires  at 2: 1/0\n");
	changes(&w, 301, 1, 1);
	expect(&w, "clears  at 302: 0/0\n");
	changes(&w, 302, 700, 1);
	expect(&w, "");
	end(&w);
}

static void
test_rate(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"slow\", \"flow\": \"rate\", \"over\": \"2s\","
		  " \"below\": 50, \"clear_above\": 80}");
	seconds(&w, 0, 4, 0, 100, 0, 0);
	seconds(&w, 4, 1, 400, 0, 0, 0);
	expect(&w, ""); /* 100 in two seconds */
	seconds(&w, 5, 1, 400, 0, 0, 0);
	expect(&w, "fires  at 6: 0/50\n");
	seconds(&w, 6, 2, 400, 80, 0, 0);
	expect(&w, "");
	seconds(&w, 8, 2, 560, 81, 0, 0);
	expect(&w, "clears  at 9: 80.5/50\n");
	end(&w);
}

static void
test_silence(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"silence\", \"flow\": \"silence\","
		  " \"above\": 3}");
	seconds(&w, 0, 3, 0, 1, 0, 0);
	seconds(&w, 3, 3, 3, 0, 0, 0);
	expect(&w, "");
	seconds(&w, 6, 1, 3, 0, 0, 0);
	expect(&w, "fires  at 7: 4/3\n");
	seconds(&w, 7, 1, 3, 1, 0, 0);
	expect(&w, "clears  at 8: 0/3\n");
	end(&w);
}

/* ---- Bounds, notices, people ---- */

static void
test_bounded(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"n\", \"table\": \"keys\", \"above\": 1}");
	w.alerts->kept_max = 3;
	for (unsigned i = 0; i < 5; i++) {
		char key[2] = {(char)('a' + i), '\0'};

		events(&w, key, 0, 2);
	}
	commit(&w, 0);
	expect(&w, "fires a at 0: 2/1\nfires b at 0: 2/1\nfires c at 0: 2/1\n");
	/* Each crossing is counted once, whatever comes behind it. */
	for (unsigned i = 0; i < 4; i++) {
		events(&w, "d", 0, 1);
		events(&w, "e", 0, 1);
		commit(&w, 0);
	}
	expect(&w, "");
	assert_int_equal(w.alerts->rules[0].beyond, 2);
	assert_int_equal(w.alerts->rules[0].len, 3);
	end(&w);
}

static void
test_one_notice(void **state)
{
	const struct notice *n;
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"hot item\", \"table\": \"keys\", \"above\": 0,"
		  " \"severity\": \"critical\"}");
	for (unsigned i = 0; i < 9999; i++) {
		char key[16];

		snprintf(key, sizeof(key), "i%05u", i);
		/* Rows are found one by one here: not for each of them. */
		w.rows[w.rows_len] =
		    (struct row){.table = T_KEYS, .changed = true};
		snprintf(w.rows[w.rows_len].key, 40, "%s", key);
		row_init(&w.alerts->layouts[0], w.rows[w.rows_len].now);
		{
			struct event e = {0};

			row_add(&w.alerts->layouts[0], w.rows[w.rows_len].now,
				&e, (struct position){0, 0});
		}
		w.rows_len++;
	}
	events(&w, "most", 0, 1234);
	commit(&w, 0);
	assert_int_equal(w.notices.len, 1);
	n = &w.notices.items[0];
	assert_int_equal(n->count, 10000);
	assert_int_equal(n->number, 1);
	assert_false(n->cleared);
	assert_string_equal(n->key.data, "most");
	assert_string_equal(n->message.data,
			    "hot item: 10,000 keys, e.g. most 1,234 > 0");
	assert_non_null(strstr(n->record.data, "\"count\":10000"));
	assert_int_equal(w.alerts->changes_len, 0);
	end(&w);
}

/* A rule that goes back and forth in one commit, as after a pause. */
static void
test_last_is_told_last(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "{\"name\": \"keys\", \"table\": \"minute\","
		  " \"summary\": \"keys\", \"above\": 1}");
	for (unsigned i = 0; i < 3; i++) {
		event(&w, "a", 60 * i, 1);
		if (i != 1)
			event(&w, "b", 60 * i, 1);
	}
	commit(&w, 190);
	expect(&w, "fires  at 60: 2/1\nclears  at 120: 1/1\n"
		   "fires  at 180: 2/1\n");
	assert_int_equal(w.notices.len, 2);
	assert_true(w.notices.items[0].cleared);
	assert_int_equal(w.notices.items[0].number, 1);
	assert_false(w.notices.items[1].cleared);
	assert_int_equal(w.notices.items[1].count, 2);
	/* It is about no key. */
	assert_string_equal(w.notices.items[1].message.data, "keys: 2 > 1");
	event(&w, "a", 190, 1);
	event(&w, "a", 240, 1);
	event(&w, "b", 240, 1);
	event(&w, "a", 300, 1);
	commit(&w, 370);
	assert_int_equal(w.notices.len, 4);
	assert_false(w.notices.items[2].cleared);
	assert_true(w.notices.items[3].cleared);
	assert_true(w.notices.items[3].over);
	end(&w);
}

static void
test_message(void **state)
{
	struct world w;

	(void)state;
	begin(&w, HOT ", \"message\": \"{{{key}} {state}: {value} of {measure}"
		      " in {window}, more than {limit} ({severity})\"}");
	events(&w, "<b>&", 1, 6);
	commit(&w, 10);
	assert_int_equal(w.notices.len, 1);
	assert_string_equal(w.notices.items[0].message.data,
			    "{<b>&} firing: 6 of n in 2025-01-01 00:00:00, "
			    "more than 5 (warning)");
	end(&w);
}

static void
test_people(void **state)
{
	struct alert_command all = {ALERT_ACKNOWLEDGE, 0, 0};
	struct alert_command mute = {ALERT_MUTE, 0, 0};
	struct world w;

	(void)state;
	begin(&w, HOT "}");
	events(&w, "a", 1, 6);
	events(&w, "b", 1, 6);
	commit(&w, 10);
	expect(&w, "fires a at 60: 6/5\nfires b at 60: 6/5\n");
	assert_int_equal(w.notices.len, 1);
	alerts_command(w.alerts,
		       &(struct alert_command){ALERT_ACKNOWLEDGE, 2, 0});
	expect(&w, "acknowledged b at 60: 6/5\n");
	alerts_command(w.alerts, &all);
	expect(&w, "acknowledged a at 60: 6/5\n");
	alerts_command(w.alerts, &all);
	expect(&w, "");
	/* Still over: it is not told again. */
	events(&w, "a", 70, 6);
	commit(&w, 130);
	assert_int_equal(w.notices.len, 2); /* b has cleared */
	assert_true(w.notices.items[1].cleared);
	assert_false(w.notices.items[1].over);
	expect(&w, "clears b at 120: 0/5\n");
	/* A muted rule goes on, and tells nobody. */
	alerts_command(w.alerts, &mute);
	commit(&w, 190);
	expect(&w, "clears a at 180: 0/5\n");
	assert_int_equal(w.notices.len, 2);
	mute.kind = ALERT_UNMUTE;
	alerts_command(w.alerts, &mute);
	events(&w, "a", 190, 6);
	commit(&w, 195);
	assert_int_equal(w.notices.len, 3);
	end(&w);
}

/* ---- Texts ---- */

static void
assert_markup(const char *text, size_t size, size_t most, const char *wanted)
{
	struct buf out = BUF_INIT;

	notice_markup(text, size, most, &out);
	assert_string_equal(out.data, wanted);
	buf_release(&out);
}

static void
test_markup(void **state)
{
	(void)state;
	assert_markup("", 0, 10, "");
	assert_markup("<b>\"a\" & 'b'</b>", 16, 100,
		      "&lt;b&gt;&quot;a&quot; &amp; &apos;b&apos;&lt;/b&gt;");
	assert_markup("a\nb\tc\x1b[2J\x7f\0d", 12, 100,
		      "a b c\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd"
		      "d");
	assert_markup("\xc2\x9b"
		      "1m\xc2\xa0",
		      6, 100,
		      "\xef\xbf\xbd"
		      "1m\xc2\xa0");
	assert_markup("\xe2\x80\xae"
		      "abc\xff",
		      7, 100,
		      "\xef\xbf\xbd"
		      "abc\xef\xbf\xbd");
	assert_markup("\xd8\x9c\xd8\xa7", 4, 100, "\xef\xbf\xbd\xd8\xa7");
	/* No half of a character. */
	assert_markup("a\xc3\xa9\xc3\xa9", 5, 4, "a\xc3\xa9\xe2\x80\xa6");
	assert_markup("\xc3\xa9", 2, 1, "\xe2\x80\xa6");
}

static void
test_variable(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	notice_variable("$(x)\n`y`;\0'\"", 12, &out);
	assert_string_equal(out.data, "$(x)\n`y`;\xef\xbf\xbd'\"");
	buf_release(&out);
}

static void
test_stored_notice(void **state)
{
	struct notice from = {.number = 7,
			      .alert = 9,
			      .severity = SEVERITY_CRITICAL,
			      .cleared = true,
			      .count = 3,
			      .value = {.kind = VALUE_REAL, .d = 0.5},
			      .limit = {.kind = VALUE_INT, .i = -4}};
	struct notice to;
	struct buf bytes = BUF_INIT;

	(void)state;
	buf_add(&from.key, "a\0b", 3);
	buf_add_str(&from.rule, "rule");
	notice_encode(&from, &bytes);
	for (size_t size = 0; size <= bytes.size; size++) {
		memset(&to, 0, sizeof(to));
		assert_int_equal(notice_decode(bytes.data, size, &to),
				 size == bytes.size);
		if (size < bytes.size)
			notice_release(&to);
	}
	assert_int_equal(to.number, 7);
	assert_true(to.cleared);
	assert_int_equal(to.key.size, 3);
	assert_memory_equal(to.key.data, "a\0b", 4);
	assert_string_equal(to.rule.data, "rule");
	assert_string_equal(to.record.data, "");
	assert_int_equal(to.limit.i, -4);
	assert_false(to.over);
	notice_release(&to);
	from.over = true;
	bytes.size = 0;
	notice_encode(&from, &bytes);
	memset(&to, 0, sizeof(to));
	assert_true(notice_decode(bytes.data, bytes.size, &to));
	assert_true(to.cleared && to.over);
	notice_release(&to);
	notice_release(&from);
	buf_release(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_above_in_a_window),
	    cmocka_unit_test(test_windows_in_order),
	    cmocka_unit_test(test_flapping),
	    cmocka_unit_test(test_cooldown),
	    cmocka_unit_test(test_for_windows),
	    cmocka_unit_test(test_below_in_a_window),
	    cmocka_unit_test(test_average_waits),
	    cmocka_unit_test(test_summary_of_windows),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_change),
	    cmocka_unit_test(test_hopping),
	    cmocka_unit_test(test_commits_do_not_matter),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_summary),
	    cmocka_unit_test(test_lag),
	    cmocka_unit_test(test_dead_share),
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_schema_changes),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_bounded),
	    cmocka_unit_test(test_one_notice),
	    cmocka_unit_test(test_last_is_told_last),
	    cmocka_unit_test(test_message),
	    cmocka_unit_test(test_people),
	    cmocka_unit_test(test_markup),
	    cmocka_unit_test(test_variable),
	    cmocka_unit_test(test_stored_notice),
	};

	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
