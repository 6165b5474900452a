/* The screen's state: keys, rates, selection, freezing. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "screen.h"
#include "screen/scene.h"

#define NOW (SCENE_START_MS + 133000)

struct fixture {
	struct screen screen;
	struct canvas canvas;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct dashboard_live live = scene_live(SCENE_NORMAL);

	screen_init(&f->screen);
	canvas_init(&f->canvas, false);
	canvas_resize(&f->canvas, 40, 120);
	screen_set_live(&f->screen, &live);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 133), NOW);
	screen_draw(&f->screen, &f->canvas, NOW);
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
press(struct fixture *f, uint32_t key, int64_t now_ms)
{
	enum screen_wish wish = screen_key(&f->screen, key, now_ms);

	screen_draw(&f->screen, &f->canvas, now_ms);
	assert_null(scene_check(&f->canvas));
	return wish;
}

/* Whether the drawn screen holds a text. */
static bool
shows(struct fixture *f, int64_t now_ms, const char *text)
{
	struct buf out = BUF_INIT;
	bool found;

	screen_draw(&f->screen, &f->canvas, now_ms);
	canvas_text(&f->canvas, &out);
	buf_add(&out, "", 1);
	found = strstr(out.data, text) != NULL;
	buf_release(&out);
	return found;
}

static void
swap_rows(struct view *view, unsigned a, unsigned b)
{
	struct view_row row = view->tables[0].top[a];

	view->tables[0].top[a] = view->tables[0].top[b];
	view->tables[0].top[b] = row;
}

/* The key that stands at a place of the first panel. */
static void
assert_key_at(struct fixture *f, unsigned place, const char *key)
{
	struct panel *panel = &f->screen.panels[0];
	const struct view_row *row =
	    &f->screen.view->tables[0].top[panel_at(panel, place)];

	assert_string_equal(row->key.data, key);
}

static void
test_rate_keys(void **state)
{
	static const struct {
		uint32_t key;
		double from, to;
	} cases[] = {
	    {'+', 10000, 11000}, {'-', 10000, 9000},
	    {']', 10000, 10100}, {'[', 10000, 9900},
	    {'>', 10000, 20000}, {'<', 10000, 5000},
	    {'0', 10000, 0},     {'x', 10000, INFINITY},
	    {'+', 0, 1},         {'>', 0, 1},
	    {'-', 0, 0},         {'+', 4, 5},
	    {'-', 1, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->screen.live.target_per_s = cases[i].from;
		assert_int_equal(press(f, cases[i].key, NOW), SCREEN_SET_RATE);
		assert_true(f->screen.live.target_per_s == cases[i].to);
	}
	f->screen.live.target_per_s = 0;
	assert_true(shows(f, NOW, "STOPPED"));
}

static void
test_only_watching(void **state)
{
	struct fixture *f = *state;

	f->screen.live.generating = false;
	for (const char *key = "+-[]<>0xr"; *key; key++) {
		f->screen.message[0] = '\0';
		assert_int_equal(press(f, (unsigned char)*key, NOW),
				 SCREEN_NOTHING);
		assert_int_equal(f->screen.mode, SCREEN_PANELS);
		assert_true(shows(f, NOW, "only watching"));
	}
	/* Messages go by themselves. */
	assert_false(shows(f, NOW + SCREEN_MESSAGE_MS, "only watching"));
}

static void
test_prompt(void **state)
{
	struct fixture *f = *state;

	press(f, 'r', NOW);
	assert_int_equal(f->screen.mode, SCREEN_PROMPT);
	for (const char *key = "2q5z"; *key; key++)
		assert_int_equal(press(f, (unsigned char)*key, NOW),
				 SCREEN_NOTHING);
	assert_int_equal(press(f, KEYS_ENTER, NOW), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PROMPT);
	assert_true(shows(f, NOW, "type 1200, 50k, 1.5M, or max"));
	for (int i = 0; i < 9; i++)
		press(f, KEYS_BACKSPACE, NOW);
	for (const char *key = "25k"; *key; key++)
		press(f, (unsigned char)*key, NOW);
	assert_int_equal(press(f, KEYS_ENTER, NOW), SCREEN_SET_RATE);
	assert_true(f->screen.live.target_per_s == 25000);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, NOW, "25,000/s target"));

	press(f, 'r', NOW);
	press(f, '7', NOW);
	assert_int_equal(press(f, KEYS_ESC, NOW), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(f->screen.live.target_per_s == 25000);
	/* It takes no more than it has room for. */
	press(f, 'r', NOW);
	for (int i = 0; i < 100; i++)
		press(f, '9', NOW);
	assert_int_equal(strlen(f->screen.prompt), SCREEN_PROMPT_MAX);
}

static void
test_rows_keep_their_place(void **state)
{
	struct fixture *f = *state;
	struct view *view = scene_view(SCENE_NORMAL, 134);

	assert_key_at(f, 0, "u000001");
	swap_rows(view, 0, 4);
	screen_set_view(&f->screen, view, NOW + PANEL_HOLD_MS - 1);
	assert_key_at(f, 0, "u000001");
	assert_key_at(f, 4, "u000005");
	view = scene_view(SCENE_NORMAL, 135);
	swap_rows(view, 0, 4);
	screen_set_view(&f->screen, view, NOW + PANEL_HOLD_MS);
	assert_key_at(f, 0, "u000005");
	assert_key_at(f, 4, "u000001");
}

/* Rows that come and go while the order is held. */
static void
test_rows_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct view *view = scene_view(SCENE_NORMAL, 134);

	view->tables[0].top[1].key = view_copy(view, "new", 3);
	view->tables[0].top_len = 10;
	screen_set_view(&f->screen, view, NOW + 10);
	assert_int_equal(panel_rows(&f->screen.panels[0]), 10);
	assert_key_at(f, 0, "u000001");
	assert_key_at(f, 1, "u000003");
	assert_key_at(f, 9, "new");
	view = scene_view(SCENE_EMPTY, 135);
	screen_set_view(&f->screen, view, NOW + 20);
	assert_int_equal(panel_rows(&f->screen.panels[0]), 0);
	press(f, KEYS_DOWN, NOW + 20);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 136), NOW + 30);
	assert_key_at(f, 0, "u000001");
}

static void
test_selection_follows_the_key(void **state)
{
	struct fixture *f = *state;
	struct panel *panel = &f->screen.panels[0];
	struct view *view;

	assert_int_equal(panel_selected(panel), -1);
	for (int i = 0; i < 3; i++)
		press(f, KEYS_DOWN, NOW);
	assert_int_equal(panel_selected(panel), 2);
	view = scene_view(SCENE_NORMAL, 140);
	swap_rows(view, 2, 7);
	screen_set_view(&f->screen, view, NOW + 5000);
	assert_int_equal(panel_selected(panel), 7);
	assert_key_at(f, 7, "u000003");
	/* It leaves the ranking, and comes back. */
	view = scene_view(SCENE_NORMAL, 141);
	view->tables[0].top[2].key = view_copy(view, "other", 5);
	screen_set_view(&f->screen, view, NOW + 7000);
	assert_int_equal(panel_selected(panel), -1);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 142), NOW + 9000);
	assert_int_equal(panel_selected(panel), 2);
	press(f, KEYS_END, NOW);
	assert_int_equal(panel_selected(panel), VIEW_RANKING - 1);
	press(f, KEYS_PAGE_UP, NOW);
	assert_true(panel_selected(panel) < VIEW_RANKING - 1);
	press(f, KEYS_HOME, NOW);
	assert_int_equal(panel_selected(panel), 0);
	press(f, KEYS_UP, NOW);
	assert_int_equal(panel_selected(panel), 0);
	press(f, KEYS_ESC, NOW);
	assert_int_equal(panel_selected(panel), -1);
}

static void
test_detail(void **state)
{
	struct fixture *f = *state;
	struct view *view;

	press(f, KEYS_ENTER, NOW); /* selects first */
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	press(f, KEYS_DOWN, NOW);
	press(f, KEYS_ENTER, NOW);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	assert_true(shows(f, NOW, "u000002"));
	assert_true(shows(f, NOW, "2@315,002"));
	view = scene_view(SCENE_NORMAL, 134);
	view->tables[0].top[1].key = view_copy(view, "other", 5);
	screen_set_view(&f->screen, view, NOW + 2000);
	assert_true(shows(f, NOW + 2000, "no longer among"));
	press(f, KEYS_ESC, NOW);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
}

static void
test_frozen(void **state)
{
	struct fixture *f = *state;
	struct dashboard_live live = scene_live(SCENE_NORMAL);

	press(f, ' ', NOW);
	assert_true(shows(f, NOW + 2000, "FROZEN 2 s"));
	live.actual_per_s = 4321;
	screen_set_live(&f->screen, &live);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 140), NOW + 7000);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 141), NOW + 8000);
	assert_int_equal(screen_commit(&f->screen), 1411);
	assert_true(shows(f, NOW + 8000, "1,331"));
	assert_false(shows(f, NOW + 8000, "1,411"));
	assert_false(shows(f, NOW + 8000, "4,321"));
	assert_true(shows(f, NOW + 8000, "00:02:13"));
	/* The flow still obeys. */
	assert_int_equal(press(f, '>', NOW + 8000), SCREEN_SET_RATE);
	press(f, ' ', NOW + 8000);
	assert_false(shows(f, NOW + 8000, "FROZEN"));
	assert_true(shows(f, NOW + 8000, "1,411"));
	assert_true(shows(f, NOW + 8000, "4,321"));
}

static void
test_modes(void **state)
{
	struct fixture *f = *state;
	struct dashboard_live live = scene_live(SCENE_NORMAL);

	assert_false(shows(f, NOW + SCREEN_STALL_MS, "no commit for"));
	assert_true(shows(f, NOW + 5000, "no commit for 5 s"));
	live.ended = true;
	screen_set_live(&f->screen, &live);
	assert_true(shows(f, NOW + 5000, "ENDED"));
	assert_false(shows(f, NOW + 5000, "no commit for"));
	live = scene_live(SCENE_NORMAL);
	live.held_back = live.disconnected = true;
	snprintf(live.message, sizeof(live.message), "the disk is full");
	screen_set_live(&f->screen, &live);
	assert_true(shows(f, NOW, "HELD BACK"));
	assert_true(shows(f, NOW, "DISCONNECTED"));
	assert_true(shows(f, NOW, "the disk is full"));
	live.message[0] = '\0';
	screen_set_live(&f->screen, &live);
	screen_set_problem(&f->screen, "the store cannot be read");
	assert_true(shows(f, NOW, "the store cannot be read"));
	screen_set_problem(&f->screen, "");
	assert_false(shows(f, NOW, "the store cannot be read"));
}

static void
test_panels(void **state)
{
	struct fixture *f = *state;
	unsigned panels = f->screen.panels_len;

	assert_int_equal(panels, 8);
	for (unsigned i = 0; i < panels; i++) {
		assert_int_equal(f->screen.focus, i);
		press(f, 'z', NOW);
		press(f, 's', NOW);
		press(f, 'z', NOW);
		press(f, 's', NOW);
		press(f, KEYS_TAB, NOW);
	}
	assert_int_equal(f->screen.focus, 0);
	press(f, KEYS_BACKTAB, NOW);
	assert_int_equal(f->screen.focus, panels - 1);
	press(f, KEYS_TAB, NOW);
	press(f, 's', NOW);
	assert_true(shows(f, NOW, "smallest first"));
	assert_true(shows(f, NOW, "u098204"));
}

static void
test_help_and_quit(void **state)
{
	struct fixture *f = *state;

	canvas_resize(&f->canvas, 60, 200);
	press(f, '?', NOW);
	for (unsigned i = 0; i < keys_len; i++)
		assert_true(shows(f, NOW, keys[i].help));
	assert_int_equal(press(f, 'q', NOW), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_int_equal(press(f, KEYS_REDRAW, NOW), SCREEN_REDRAW);
	assert_int_equal(press(f, KEYS_INTERRUPT, NOW), SCREEN_QUIT);
	assert_int_equal(press(f, 'q', NOW), SCREEN_QUIT);
}

/* Each key once, each action with a key and a sentence. */
static void
test_key_table(void **state)
{
	bool has[ACTIONS] = {false};

	(void)state;
	for (unsigned i = 0; i < keys_len; i++) {
		assert_ptr_equal(keys_find(keys[i].key), &keys[i]);
		assert_true(keys[i].help && *keys[i].help);
		has[keys[i].action] = true;
	}
	for (int i = ACTION_NONE + 1; i < ACTIONS; i++)
		assert_true(has[i]);
}

/* Any keys, views and sizes in any order. */
static void
test_random(void **state)
{
	static const uint32_t some[] = {'+',
					'-',
					'[',
					']',
					'<',
					'>',
					'0',
					'x',
					'r',
					' ',
					's',
					'z',
					'?',
					'5',
					'k',
					'm',
					0x1f600,
					0xe9,
					KEYS_TAB,
					KEYS_BACKTAB,
					KEYS_UP,
					KEYS_DOWN,
					KEYS_LEFT,
					KEYS_RIGHT,
					KEYS_HOME,
					KEYS_END,
					KEYS_PAGE_UP,
					KEYS_PAGE_DOWN,
					KEYS_ENTER,
					KEYS_ESC,
					KEYS_BACKSPACE,
					KEYS_DELETE,
					KEYS_REDRAW,
					KEYS_NONE,
					0x1,
					'q',
					KEYS_INTERRUPT,
					KEYS_ENTER,
					KEYS_DOWN,
					KEYS_TAB};
	struct fixture *f = *state;
	uint64_t seed = 42;
	int64_t now = NOW;

	for (int round = 0; round < 3000; round++) {
		unsigned n;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n = (unsigned)(seed >> 40);
		now += n % 700;
		if (n % 11 == 0)
			canvas_resize(&f->canvas, (int)(n / 11 % 70),
				      (int)(n / 770 % 220));
		if (n % 7 == 0) {
			struct dashboard_live live =
			    scene_live((enum scene)(n / 7 % SCENES));

			screen_set_live(&f->screen, &live);
			screen_set_view(&f->screen,
					scene_view((enum scene)(n / 7 % SCENES),
						   (int)(n / 64 % 400)),
					now);
		}
		f->canvas.ascii = n % 5 == 0;
		screen_key(
		    &f->screen,
		    some[(seed >> 20) % (sizeof(some) / sizeof(some[0]))], now);
		screen_draw(&f->screen, &f->canvas, now);
		assert_null(scene_check(&f->canvas));
		assert_true(f->screen.live.target_per_s >= 0);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_rate_keys),
	    TEST(test_only_watching),
	    TEST(test_prompt),
	    TEST(test_rows_keep_their_place),
	    TEST(test_rows_come_and_go),
	    TEST(test_selection_follows_the_key),
	    TEST(test_detail),
	    TEST(test_frozen),
	    TEST(test_modes),
	    TEST(test_panels),
	    TEST(test_help_and_quit),
	    TEST(test_key_table),
	    TEST(test_random),
	};
#undef TEST

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
