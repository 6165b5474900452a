/*
 * All rows and the page of a key: what keys do, what is asked for, and that a
 * selection stays on its key. The answers are made by hand.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "screen/lists.h"
#include "screen.h"

#define SECOND 133
#define NOW    (SCENE_START_MS + SECOND * 1000)
#define TOTAL  100000

struct fixture {
	struct screen screen;
	struct canvas canvas;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	screen_init(&f->screen);
	f->screen.offers = KEYS_STORE | KEYS_FETCH | KEYS_PAST;
	canvas_init(&f->canvas, false);
	canvas_resize(&f->canvas, 24, 80);
	screen_set_view(&f->screen, lists_view(SCENE_NORMAL, SECOND), NOW);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	screen_release(&f->screen);
	canvas_release(&f->canvas);
	free(f);
	return 0;
}

static enum screen_wish
press(struct fixture *f, uint32_t key)
{
	enum screen_wish wish = screen_key(&f->screen, key, NOW);

	screen_draw(&f->screen, &f->canvas, NOW);
	return wish;
}

static bool
shows(struct fixture *f, const char *text)
{
	struct buf buf = BUF_INIT;
	bool found;

	screen_draw(&f->screen, &f->canvas, NOW + 100);
	canvas_text(&f->canvas, &buf);
	found = strstr(buf.data, text) != NULL;
	buf_release(&buf);
	return found;
}

/* Rows [before, before + len) of TOTAL answer what was asked last. */
static void
answer(struct fixture *f, int64_t before, unsigned len, unsigned at)
{
	screen_set_page(&f->screen, lists_numbered(f->screen.rows.number,
						   before, len, at, TOTAL));
	screen_draw(&f->screen, &f->canvas, NOW);
}

static void
assert_selected(struct fixture *f, const char *key)
{
	const struct page_row *row = rows_selected(&f->screen);

	if (!key) {
		assert_null(row);
		return;
	}
	assert_non_null(row);
	assert_string_equal(row->key.data, key);
}

static const struct page_query *
asked(struct fixture *f)
{
	assert_true(screen_wants_rows(&f->screen));
	return &f->screen.rows.query;
}

static void
test_opens(void **state)
{
	struct fixture *f = *state;
	uint64_t number;

	assert_false(screen_wants_rows(&f->screen));
	press(f, 't');
	assert_int_equal(asked(f)->place, PAGE_FIRST);
	assert_int_equal(asked(f)->sort, 0);
	assert_true(shows(f, "scanning"));
	answer(f, 0, PAGE_ROWS, 0);
	assert_true(shows(f, "100,000 rows"));
	assert_true(shows(f, "       1  key 0 "));
	assert_selected(f, NULL);
	press(f, KEYS_ENTER);
	assert_selected(f, "key 0");
	press(f, KEYS_DOWN);
	assert_selected(f, "key 1");
	number = f->screen.rows.number;
	press(f, KEYS_ESC);
	assert_false(screen_wants_rows(&f->screen));
	assert_true(f->screen.rows.number > number);
	assert_true(shows(f, "▸items"));
}

/* Each column in turn; the other way round; each is another question. */
static void
test_sorts(void **state)
{
	static const int sorts[] = {1, PAGE_BY_KEY, 0, 1};
	struct fixture *f = *state;
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		press(f, 's');
		assert_int_equal(asked(f)->sort, sorts[i]);
		assert_false(asked(f)->reversed);
		assert_true(f->screen.rows.number > number);
		number = f->screen.rows.number;
		answer(f, 0, PAGE_ROWS, 0);
		press(f, KEYS_DOWN);
	}
	press(f, 'v');
	assert_int_equal(asked(f)->sort, 1);
	assert_true(asked(f)->reversed);
	/* What is shown is of the order before, until it is answered. */
	assert_true(shows(f, "spent ↓"));
	assert_true(shows(f, "scanning"));
	answer(f, 0, PAGE_ROWS, 0);
	assert_true(shows(f, "spent ↑"));
	assert_true(shows(f, "by spent, smallest first"));
	assert_selected(f, NULL);
}

static void
test_filters(void **state)
{
	struct fixture *f = *state;

	press(f, '/');
	press(f, 'q'); /* typed, not quit */
	press(f, 0xe9);
	press(f, '7');
	assert_string_equal(asked(f)->filter, "q\xc3\xa9"
					      "7");
	assert_true(shows(f, "/ qé7_"));
	press(f, KEYS_BACKSPACE);
	press(f, KEYS_BACKSPACE); /* a character, not a byte */
	assert_string_equal(asked(f)->filter, "q");
	answer(f, 0, 20, 0);
	press(f, KEYS_DOWN);
	assert_selected(f, "key 0"); /* while it is typed */
	press(f, KEYS_ENTER);
	assert_true(shows(f, "all rows / q "));
	assert_string_equal(asked(f)->filter, "q");
	press(f, '/');
	press(f, KEYS_ESC);
	assert_string_equal(asked(f)->filter, "");
	assert_int_equal(asked(f)->place, PAGE_FIRST);
	assert_true(screen_wants_rows(&f->screen));
	/* No more than there is room for. */
	press(f, '/');
	for (int i = 0; i < 100; i++)
		press(f, 'x');
	assert_int_equal(strlen(asked(f)->filter), PAGE_FILTER_MAX);
	assert_int_equal(press(f, KEYS_REDRAW), SCREEN_REDRAW);
}

/* What comes next is asked for before it is needed, and once. */
static void
test_walks(void **state)
{
	struct fixture *f = *state;
	uint64_t number;
	int pages;

	press(f, 't');
	answer(f, 0, PAGE_ROWS, 0);
	number = f->screen.rows.number;
	for (pages = 0; f->screen.rows.number == number; pages++)
		press(f, KEYS_PAGE_DOWN);
	assert_int_equal(asked(f)->place, PAGE_AT);
	assert_in_range(f->screen.rows.cursor, PAGE_ROWS * 3 / 4 - 1,
			PAGE_ROWS - 1);
	/* Going on meanwhile does not ask again, which would take longer. */
	number = f->screen.rows.number;
	for (int i = 0; i < 50; i++)
		press(f, KEYS_PAGE_DOWN);
	assert_int_equal(f->screen.rows.number, number);
	assert_selected(f, "key 511");
	answer(f, 0, 2 * PAGE_ROWS, PAGE_ROWS);
	assert_selected(f, "key 511");
	press(f, KEYS_DOWN);
	assert_selected(f, "key 512");
	/* An answer to another question is no answer. */
	screen_set_page(&f->screen, lists_numbered(number - 1, 0, 5, 0, 5));
	assert_selected(f, "key 512");
}

static void
test_ends(void **state)
{
	struct fixture *f = *state;

	press(f, 't');
	answer(f, 0, PAGE_ROWS, 0);
	press(f, KEYS_END);
	assert_int_equal(asked(f)->place, PAGE_LAST);
	answer(f, TOTAL - PAGE_ROWS, PAGE_ROWS, PAGE_ROWS);
	assert_selected(f, "key 99999");
	assert_true(shows(f, " 100,000  key 99999"));
	press(f, KEYS_HOME);
	assert_int_equal(asked(f)->place, PAGE_FIRST);
	press(f, KEYS_DOWN); /* not among rows that are about to go */
	assert_selected(f, NULL);
	answer(f, 0, PAGE_ROWS, 0);
	assert_selected(f, "key 0");
	/* Before the first answer, too. */
	press(f, KEYS_ESC);
	press(f, 't');
	press(f, KEYS_END);
	assert_int_equal(asked(f)->place, PAGE_LAST);
	answer(f, TOTAL - PAGE_ROWS, PAGE_ROWS, PAGE_ROWS);
	assert_selected(f, "key 99999");
}

/* The selection is a key, wherever its row goes. */
static void
test_follows(void **state)
{
	struct fixture *f = *state;
	uint64_t number;
	unsigned line;

	press(f, 't');
	answer(f, 0, PAGE_ROWS, 0);
	for (int i = 0; i < 21; i++)
		press(f, KEYS_DOWN);
	assert_selected(f, "key 20");
	line = f->screen.rows.cursor - f->screen.rows.scroll;
	/* It went far: the rows around it are asked for. */
	number = f->screen.rows.number;
	answer(f, 50000, PAGE_ROWS, 0);
	assert_selected(f, NULL);
	assert_int_equal(f->screen.rows.number, number + 1);
	assert_int_equal(asked(f)->place, PAGE_AT);
	assert_int_equal(asked(f)->key_size, 6);
	assert_memory_equal(asked(f)->key, "key 20", 6);
	/* It stays in its line of the screen, the others move. */
	answer(f, 8, PAGE_ROWS, 12);
	assert_selected(f, "key 20");
	assert_int_equal(f->screen.rows.cursor, 12);
	answer(f, 0, PAGE_ROWS, 20);
	assert_selected(f, "key 20");
	assert_int_equal(f->screen.rows.cursor, 20);
	assert_true(f->screen.rows.cursor - f->screen.rows.scroll <= line);
	/* It is gone: on from where it was. */
	number = f->screen.rows.number;
	answer(f, 60000, 2 * PAGE_ROWS, PAGE_ROWS);
	assert_int_equal(f->screen.rows.number, number);
	press(f, KEYS_DOWN);
	assert_selected(f, "key 60513");
}

/* A frozen screen stands still, but answers. */
static void
test_frozen(void **state)
{
	struct fixture *f = *state;

	press(f, 't');
	answer(f, 0, PAGE_ROWS, 0);
	press(f, ' ');
	answer(f, 700, PAGE_ROWS, 0);
	assert_true(shows(f, "       1  key 0 "));
	press(f, 's');
	answer(f, 700, PAGE_ROWS, 0);
	assert_true(shows(f, "     701  key 700 "));
}

/* Not here, and why. */
static void
test_refusals(void **state)
{
	struct fixture *f = *state;

	f->screen.offers &= ~(unsigned)KEYS_STORE;
	press(f, 't');
	assert_true(shows(f, "several stores"));
	assert_false(screen_wants_rows(&f->screen));
	press(f, 'v'); /* the ranking can be reversed all the same */
	assert_true(shows(f, "smallest first"));
	press(f, 'v');
	f->screen.offers |= KEYS_STORE;
	press(f, KEYS_BACKTAB);
	press(f, '/');
	assert_true(shows(f, "this panel has no table"));
	press(f, 'e');
	assert_true(shows(f, "only on the page of a key"));
	press(f, KEYS_TAB);
	f->screen.offers &= ~(unsigned)KEYS_FETCH;
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	screen_set_key(&f->screen,
		       lists_key(SCENE_NORMAL, SECOND,
				 &(struct view_text){f->screen.key.id,
						     f->screen.key.id_size}),
		       NULL);
	press(f, 'e');
	assert_true(shows(f, "no broker is known"));
}

static void
give_key(struct fixture *f)
{
	const struct view_text id = {f->screen.key.id, f->screen.key.id_size};

	assert_true(screen_wants_key(&f->screen));
	screen_set_key(&f->screen, lists_key(SCENE_NORMAL, SECOND, &id), NULL);
}

/* Its page is read again when there is a newer commit, and goes with it. */
static void
test_key(void **state)
{
	struct fixture *f = *state;

	assert_false(screen_wants_key(&f->screen));
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	give_key(f);
	assert_true(shows(f, "kcat -C -b 127.0.0.1:41733 -t interactions -p 1 "
			     "-o 315001 -c 1"));
	assert_false(screen_wants_key(&f->screen));
	screen_set_view(&f->screen, lists_view(SCENE_NORMAL, SECOND + 1),
			NOW + 1000);
	give_key(f);
	/* Also below what covers it. */
	press(f, '?');
	screen_set_view(&f->screen, lists_view(SCENE_NORMAL, SECOND + 2),
			NOW + 2000);
	give_key(f);
	press(f, KEYS_ESC);
	press(f, KEYS_DOWN);
	assert_memory_equal(f->screen.key.id, "i000002", 7);
	give_key(f);
	assert_true(shows(f, "  i000002\n"));
	screen_set_key(&f->screen, NULL, "it is gone");
	assert_true(shows(f, "it is gone"));
	press(f, KEYS_ESC);
	assert_true(shows(f, "▸ i000002"));
	f->screen.brokers = "elsewhere:9092";
	press(f, KEYS_ENTER);
	give_key(f);
	assert_true(shows(f, "kcat -C -b elsewhere:9092 -t"));
}

static void
test_event(void **state)
{
	struct fixture *f = *state;

	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	give_key(f);
	assert_int_equal(press(f, 'e'), SCREEN_FETCH);
	assert_true(shows(f, "fetching its last event"));
	screen_set_event(&f->screen, lists_event(SCENE_NORMAL, NULL));
	assert_true(shows(f, "{\"user\":\"u000007\""));
	assert_int_equal(press(f, 'e'), SCREEN_NOTHING);
	assert_true(shows(f, "interactions in each window"));
	/* What comes when nobody waits any more is dropped. */
	assert_int_equal(press(f, 'e'), SCREEN_FETCH);
	press(f, KEYS_ESC);
	screen_set_event(&f->screen, lists_event(SCENE_NORMAL, NULL));
	press(f, KEYS_ENTER);
	give_key(f);
	assert_false(shows(f, "u000007\"\""));
}

/* The past is not in the store. */
static void
test_past(void **state)
{
	struct fixture *f = *state;
	struct dashboard_past past = scene_past(SCENE_NORMAL, 7);

	press(f, 't');
	answer(f, 0, PAGE_ROWS, 0);
	assert_int_equal(press(f, '{'), SCREEN_STEP);
	assert_false(screen_wants_rows(&f->screen));
	past.view->pipeline = f->screen.view->pipeline;
	screen_set_past(&f->screen, &past, NOW);
	press(f, 't');
	assert_true(shows(f, "this is the past"));
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	assert_false(screen_wants_key(&f->screen));
	assert_true(shows(f, "first event"));
}

/* The rows of a window: the selected one, or the newest. */
static void
test_window(void **state)
{
	struct fixture *f = *state;

	press(f, KEYS_TAB);
	press(f, 't');
	assert_int_equal(asked(f)->table, 2);
	assert_int_equal(asked(f)->window_ms, SCENE_START_MS + 45 * 60000);
	press(f, KEYS_ESC);
	press(f, KEYS_DOWN);
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	assert_true(shows(f, "2025-01-01 00:44:00.000 UTC"));
	press(f, 't');
	assert_int_equal(asked(f)->window_ms, SCENE_START_MS + 44 * 60000);
	answer(f, 0, 20, 0);
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	assert_true(screen_wants_key(&f->screen));
	assert_int_equal(f->screen.key.table, 2);
	assert_int_equal(f->screen.key.windows, 2);
	assert_int_equal(f->screen.key.window_ms, SCENE_START_MS + 44 * 60000);
	press(f, KEYS_DOWN);
	assert_memory_equal(f->screen.key.id, "key 1", 5);
	press(f, KEYS_ESC);
	assert_selected(f, "key 1");
}

/* An alert's key is opened from the store, ranked or not. */
static void
test_alert_key(void **state)
{
	struct fixture *f = *state;
	struct view *view = lists_view(SCENE_ALERTS, SECOND);
	const struct view_text far = {"i777777", 7};

	view->alerts[0].key = view->alerts[0].key_id = far;
	screen_set_view(&f->screen, view, NOW);
	press(f, 'k');
	assert_true(screen_wants_key(&f->screen));
	assert_int_equal(f->screen.key.id_size, far.size);
	assert_memory_equal(f->screen.key.id, far.data, far.size);
	/* Of the table whose panel has these keys. */
	assert_int_equal(f->screen.key.table, 1);
	assert_int_equal(f->screen.key.window_ms, 0);
}

/* Any keys, answers, views and sizes in any order. */
static void
test_random(void **state)
{
	static const uint32_t some[] = {
	    't',
	    '/',
	    's',
	    'v',
	    'e',
	    'a',
	    'i',
	    '0',
	    '{',
	    'd',
	    'z',
	    '?',
	    ' ',
	    0x6771,
	    'k',
	    KEYS_TAB,
	    KEYS_BACKTAB,
	    KEYS_UP,
	    KEYS_DOWN,
	    KEYS_DOWN,
	    KEYS_HOME,
	    KEYS_END,
	    KEYS_PAGE_UP,
	    KEYS_PAGE_DOWN,
	    KEYS_ENTER,
	    KEYS_ENTER,
	    KEYS_ESC,
	    KEYS_DELETE,
	    KEYS_BACKSPACE,
	    't',
	};
	struct fixture *f = *state;
	struct screen *screen = &f->screen;
	uint64_t seed = 42;

	for (int round = 0; round < 5000; round++) {
		enum scene scene;
		enum screen_wish wish;
		unsigned n;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n = (unsigned)(seed >> 40);
		scene = (enum scene)(n / 7 % SCENE_ALERTS);
		if (n % 11 == 0)
			canvas_resize(&f->canvas, (int)(n / 11 % 70),
				      (int)(n / 770 % 220));
		if (n % 17 == 0)
			screen_set_view(screen, lists_view(scene, SECOND), NOW);
		f->canvas.ascii = n % 5 == 0;
		wish = screen_key(
		    screen,
		    some[(seed >> 20) % (sizeof(some) / sizeof(some[0]))], NOW);
		if (wish == SCREEN_STEP)
			screen_no_past(screen, NOW);
		if (wish == SCREEN_FETCH && n % 3)
			screen_set_event(screen, lists_event(scene, NULL));
		if (screen_wants_key(screen)) {
			const struct view_text id = {screen->key.id,
						     screen->key.id_size};
			struct view_key *key =
			    lists_key(SCENE_HOSTILE, SECOND, &id);

			screen_set_key(screen, key, key ? NULL : "gone");
		}
		if (screen_wants_rows(screen) && n % 4 == 0)
			screen_set_page(screen, lists_page(screen->view,
							   &screen->rows.query,
							   screen->rows.number,
							   n % 8 == 0));
		if (screen_wants_rows(screen) && n % 4 == 1)
			screen_set_page(screen,
					lists_numbered(screen->rows.number,
						       n % 99999, n % 1024,
						       n % 1024 / 2, TOTAL));
		screen_draw(screen, &f->canvas, NOW);
		assert_null(scene_check(&f->canvas));
	}
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_opens),     TEST(test_sorts),    TEST(test_filters),
	    TEST(test_walks),     TEST(test_ends),     TEST(test_follows),
	    TEST(test_frozen),    TEST(test_refusals), TEST(test_key),
	    TEST(test_event),     TEST(test_past),     TEST(test_window),
	    TEST(test_alert_key), TEST(test_random),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
