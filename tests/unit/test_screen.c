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

/* The same, however wide the columns are. */
static bool
reads(struct fixture *f, int64_t now_ms, const char *text)
{
	struct buf out = BUF_INIT;
	size_t to = 0;
	bool found;

	screen_draw(&f->screen, &f->canvas, now_ms);
	canvas_text(&f->canvas, &out);
	buf_add(&out, "", 1);
	for (size_t i = 0; i < out.size; i++)
		if (out.data[i] != ' ' || to == 0 || out.data[to - 1] != ' ')
			out.data[to++] = out.data[i];
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
		f->screen.live.controls.per_s = cases[i].from;
		assert_int_equal(press(f, cases[i].key, NOW), SCREEN_CONTROL);
		assert_true(f->screen.live.controls.per_s == cases[i].to);
	}
	f->screen.live.controls.per_s = 0;
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
	assert_int_equal(press(f, KEYS_ENTER, NOW), SCREEN_CONTROL);
	assert_true(f->screen.live.controls.per_s == 25000);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, NOW, "25,000/s target"));

	press(f, 'r', NOW);
	press(f, '7', NOW);
	assert_int_equal(press(f, KEYS_ESC, NOW), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(f->screen.live.controls.per_s == 25000);
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
	assert_int_equal(press(f, '>', NOW + 8000), SCREEN_CONTROL);
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

	assert_int_equal(panels, 9);
	for (unsigned i = 0; i < panels; i++) {
		assert_int_equal(f->screen.focus, i);
		press(f, 'z', NOW);
		press(f, 'v', NOW);
		press(f, 'z', NOW);
		press(f, 'v', NOW);
		press(f, KEYS_TAB, NOW);
	}
	assert_int_equal(f->screen.focus, 0);
	press(f, KEYS_BACKTAB, NOW);
	assert_int_equal(f->screen.focus, panels - 1);
	press(f, KEYS_TAB, NOW);
	press(f, 'v', NOW);
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
	unsigned turns = 0;

	(void)state;
	for (unsigned i = 0; i < keys_len; i++) {
		assert_ptr_equal(keys_find(keys[i].key), &keys[i]);
		assert_true(keys[i].help && *keys[i].help);
		has[keys[i].action] = true;
		/* Groups are together; each has its heading. */
		assert_true(keys_groups[keys[i].group]);
		assert_true(i == 0 || keys[i].group >= keys[i - 1].group);
		assert_true(!keys[i].hint == !keys[i].turn);
		assert_true(!keys[i].hint == !keys[i].hint_label);
		turns += keys[i].turn > 0;
	}
	/* No turn is missing or taken twice. */
	for (unsigned turn = 1; turn <= turns; turn++)
		assert_non_null(keys_in_turn(turn));
	assert_null(keys_in_turn(turns + 1));
	for (int i = ACTION_NONE + 1; i < ACTIONS; i++)
		assert_true(has[i]);
}

/* ---- Alerts ---- */

static void
show_alerts(struct fixture *f)
{
	f->screen.offers = KEYS_COMMANDS;
	screen_set_view(&f->screen, scene_view(SCENE_ALERTS, 133), NOW);
	screen_draw(&f->screen, &f->canvas, NOW);
}

static struct panel *
focus_on(struct fixture *f, enum panel_kind kind)
{
	for (unsigned i = 0; i < f->screen.panels_len; i++)
		if (f->screen.panels[i].spec.kind == kind) {
			f->screen.focus = i;
			return &f->screen.panels[i];
		}
	fail_msg("there is no such panel");
	return NULL;
}

static void
test_alerts_appear(void **state)
{
	struct fixture *f = *state;
	struct view *view;

	/* A pipeline without rules has neither panel nor keys for them. */
	for (unsigned i = 0; i < f->screen.panels_len; i++)
		assert_int_not_equal(f->screen.panels[i].spec.kind,
				     PANEL_ALERTS);
	assert_int_equal(press(f, 'b', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "has no rules for alerts"));
	show_alerts(f);
	assert_true(shows(f, NOW, " alerts ─"));
	assert_true(shows(f, NOW,
			  "▲ critical  hot item  i000007 at 5,212, "
			  "limit 5,000, since 00:02:01 UTC"));
	assert_true(shows(f, NOW, "and 2 more  a acknowledge"));
	/* Muted, it is counted and has no banner. */
	view = scene_view(SCENE_ALERTS, 134);
	view->rules[0].muted = true;
	screen_set_view(&f->screen, view, NOW);
	assert_false(shows(f, NOW, "▲ critical"));
	assert_true(shows(f, NOW,
			  "▲ warning  falling behind at 12,034, limit "
			  "10,000"));
	assert_true(shows(f, NOW, "and 1 more  a acknowledge"));
	assert_true(shows(f, NOW, "3 firing"));
	/* Acknowledged, it has none either. */
	view = scene_view(SCENE_ALERTS, 135);
	for (unsigned i = 0; i < view->rules_len; i++)
		view->rules[i].firing = 0;
	for (unsigned i = 0; i < view->alerts_len; i++)
		view->alerts[i].state = VIEW_ALERT_ACKNOWLEDGED;
	screen_set_view(&f->screen, view, NOW);
	assert_false(shows(f, NOW, "limit 10,000"));
	assert_int_equal(press(f, 'a', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "no alert fires"));
}

static void
test_storm_is_one_banner(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	unsigned banners = 0;

	f->screen.offers = KEYS_COMMANDS;
	canvas_resize(&f->canvas, 60, 200);
	screen_set_view(&f->screen, scene_view(SCENE_STORM, 133), NOW);
	assert_true(shows(f, NOW,
			  "▲ critical  hot item  10,000 keys firing, "
			  "as ␛[2J␛[1;1Hgone at 5,012, limit 5,000"));
	assert_true(shows(f, NOW, "and 3 more  A acknowledge"));
	canvas_text(&f->canvas, &out);
	buf_add(&out, "", 1);
	for (const char *at = out.data; (at = strstr(at, "\n ▲ ")); at++)
		banners++;
	assert_int_equal(banners, 1);
	buf_release(&out);
	/* What the view has no example of is said all the same. */
	f->screen.view->alerts_len = 0;
	assert_true(shows(f, NOW, "hot item  10,000 firing"));
}

/* The body is as it was, only shorter. */
static void
test_banner_covers_nothing(void **state)
{
	struct fixture *f = *state;

	show_alerts(f);
	for (int rows = SCREEN_ROWS_MIN; rows < 60; rows++) {
		canvas_resize(&f->canvas, rows, 120);
		screen_draw(&f->screen, &f->canvas, NOW);
		assert_int_equal(canvas_cell(&f->canvas, 2, 1)->text[0],
				 0x25b2);
		assert_int_equal(canvas_cell(&f->canvas, 3, 2)->text[0], 'u');
		assert_int_equal(canvas_cell(&f->canvas, 3, 8)->text[0],
				 0x2500);
		assert_int_equal(canvas_cell(&f->canvas, rows - 1, 1)->text[0],
				 '?');
	}
}

static void
test_acknowledge_and_mute(void **state)
{
	struct fixture *f = *state;
	struct panel *panel;

	show_alerts(f);
	assert_int_equal(press(f, 'a', NOW), SCREEN_ACKNOWLEDGE);
	assert_int_equal(f->screen.ask.alert, 41);
	assert_int_equal(press(f, 'A', NOW), SCREEN_ACKNOWLEDGE);
	assert_int_equal(f->screen.ask.alert, 0);
	assert_true(shows(f, NOW, "acknowledged: 3"));
	assert_int_equal(press(f, 'm', NOW), SCREEN_MUTE);
	assert_int_equal(f->screen.ask.rule, 0);
	assert_true(f->screen.ask.muted);
	/* What is selected comes before the banner. */
	panel = focus_on(f, PANEL_ALERTS);
	for (int i = 0; i < 3; i++)
		press(f, KEYS_DOWN, NOW);
	assert_int_equal(press(f, 'a', NOW), SCREEN_ACKNOWLEDGE);
	assert_int_equal(f->screen.ask.alert, 37);
	press(f, KEYS_DOWN, NOW);
	assert_int_equal(press(f, 'a', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "does not fire"));
	assert_int_equal(press(f, 'm', NOW), SCREEN_MUTE);
	assert_int_equal(f->screen.ask.rule, 1);
	/* The last row is a rule that is muted. */
	press(f, KEYS_END, NOW);
	assert_int_equal(panel_selected(panel), 5 + 7 + 4 - 1);
	assert_int_equal(press(f, 'm', NOW), SCREEN_MUTE);
	assert_int_equal(f->screen.ask.rule, 3);
	assert_false(f->screen.ask.muted);
	press(f, KEYS_ENTER, NOW);
	assert_true(shows(f, NOW, "few purchases, info, muted"));
	/* Who only watches can do neither. */
	f->screen.offers = 0;
	for (const char *key = "aAm"; *key; key++) {
		f->screen.message[0] = '\0';
		assert_int_equal(press(f, (unsigned char)*key, NOW),
				 SCREEN_NOTHING);
		assert_true(shows(f, NOW, "only watching"));
	}
}

static void
test_alert_pages(void **state)
{
	struct fixture *f = *state;

	show_alerts(f);
	focus_on(f, PANEL_ALERTS);
	press(f, KEYS_DOWN, NOW);
	press(f, KEYS_ENTER, NOW);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	assert_true(shows(f, NOW, "hot item: i000007 is at 5212, beyond"));
	assert_true(shows(f, NOW, "1 firing, 0 acknowledged, 1 pending"));
	assert_true(shows(f, NOW, "12 times, last 2025-01-01 00:02:01"));
	/* The windowed table's keys are in the panel of the other one. */
	press(f, 'k', NOW);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	assert_int_equal(f->screen.focus, 1);
	assert_true(shows(f, NOW, "first event"));
	assert_true(shows(f, NOW, "i000007"));
	press(f, KEYS_ESC, NOW);
	/* One that is not among the rows. */
	f->screen.view->alerts[0].key =
	    view_copy(f->screen.view, "elsewhere", 9);
	f->screen.focus = 0;
	press(f, 'k', NOW);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, NOW, "not among the first or last 100 of items"));
}

/* Once for a group that begins to fire, if it matters and is not muted. */
static void
test_news(void **state)
{
	static const struct {
		int64_t hot, user, quiet;
		bool mute_hot, news;
	} steps[] = {
	    {0, 0, 0, false, false}, {1, 0, 0, false, true},
	    {9, 0, 0, false, false}, {9, 1, 0, false, true},
	    {0, 1, 0, false, false}, {2, 1, 0, true, false},
	    {2, 1, 3, true, false},  {0, 0, 0, false, false},
	    {1, 1, 0, false, true},
	};
	struct fixture *f = *state;
	struct canvas line;
	struct buf text = BUF_INIT;

	canvas_init(&line, false);
	canvas_resize(&line, 1, 200);
	assert_false(screen_take_news(&f->screen, &line));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct view *view = scene_view(SCENE_ALERTS, 133 + (int)i);

		view->rules[0].firing = steps[i].hot;
		view->rules[0].muted = steps[i].mute_hot;
		view->rules[1].firing = steps[i].user;
		view->rules[2].firing = 0;
		view->rules[3].muted = false;
		view->rules[3].firing = steps[i].quiet;
		screen_set_view(&f->screen, view, NOW + (int64_t)i * 1000);
		assert_int_equal(screen_take_news(&f->screen, &line),
				 steps[i].news);
		assert_false(screen_take_news(&f->screen, &line));
	}
	assert_null(scene_check(&line));
	canvas_text(&line, &text);
	buf_add(&text, "", 1);
	assert_string_equal(text.data,
			    "weir: critical  hot item  i000007 at 5,212, limit "
			    "5,000, since 00:02:09 UTC\n");
	text.size = 0;
	/* Also while it is frozen, and whatever the text is. */
	press(f, ' ', NOW);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 150), NOW);
	screen_set_view(&f->screen, scene_view(SCENE_STORM, 151),
			SCENE_START_MS + 151000);
	assert_true(screen_take_news(&f->screen, &line));
	assert_null(scene_check(&line));
	canvas_text(&line, &text);
	assert_memory_equal(text.data,
			    "weir: critical  hot item  10,000 keys firing, as "
			    "␛[2J␛[1;1Hgone",
			    60);
	/* What has fired for long is no news to a screen that begins. */
	screen_release(&f->screen);
	screen_set_view(&f->screen, scene_view(SCENE_ALERTS, 133),
			NOW + 3600000);
	assert_false(screen_take_news(&f->screen, &line));
	press(f, 'b', NOW);
	assert_false(f->screen.settings.bell);
	buf_release(&text);
	canvas_release(&line);
}

/* ---- The past ---- */

static void
go_to(struct fixture *f, enum scene scene, int number)
{
	struct dashboard_past past = scene_past(scene, number);

	screen_set_past(&f->screen, &past, NOW);
	screen_draw(&f->screen, &f->canvas, NOW);
	assert_null(scene_check(&f->canvas));
}

static void
test_past_steps(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(press(f, '{', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "--snapshot FILE"));
	f->screen.offers = KEYS_PAST;
	assert_int_equal(press(f, '}', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "this is now"));
	assert_int_equal(press(f, '{', NOW), SCREEN_STEP);
	assert_true(f->screen.ask.id == INT64_MAX && f->screen.ask.step < 0);
	screen_no_past(&f->screen, NOW);
	assert_true(shows(f, NOW, "there are no snapshots yet"));
	press(f, KEYS_DOWN, NOW);
	press(f, '{', NOW);
	go_to(f, SCENE_NORMAL, 7);
	assert_true(shows(f, NOW, " PAST 00:01:10 UTC, snapshot 7 of 31"));
	assert_true(shows(f, NOW + 86400000,
			  " PAST 2025-01-01 00:01:10 UTC, snapshot 7 of 31"));
	assert_true(reads(f, NOW, "valid 664,682"));
	assert_true(shows(f, NOW, "00:01:10  ✓ balanced"));
	assert_false(shows(f, NOW, "made"));
	assert_false(shows(f, NOW, "no commit for"));
	/* The selection follows its key through time. */
	assert_int_equal(panel_selected(&f->screen.panels[0]), 0);
	assert_int_equal(press(f, '{', NOW), SCREEN_STEP);
	assert_int_equal(f->screen.ask.id, 7);
	go_to(f, SCENE_NORMAL, 6);
	press(f, '{', NOW);
	screen_no_past(&f->screen, NOW);
	assert_true(shows(f, NOW, "the oldest"));
	assert_true(shows(f, NOW, "snapshot 6 of 31"));
	/* The flow goes on meanwhile, and is not shown. */
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 140), NOW);
	assert_int_equal(screen_commit(&f->screen), 1401);
	assert_true(shows(f, NOW, "snapshot 6 of 31"));
	assert_false(shows(f, NOW, "1,401"));
	assert_int_equal(press(f, ' ', NOW), SCREEN_NOTHING);
	assert_int_equal(press(f, '+', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "this is the past"));
	press(f, '}', NOW);
	assert_true(f->screen.ask.id == 6 && f->screen.ask.step > 0);
	screen_no_past(&f->screen, NOW);
	assert_false(shows(f, NOW, "PAST"));
	assert_true(shows(f, NOW, "1,401"));
	/* Esc is the way back, too, also from a frozen screen. */
	press(f, ' ', NOW);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 141), NOW);
	press(f, '{', NOW);
	go_to(f, SCENE_NORMAL, 30);
	press(f, KEYS_ESC, NOW);
	assert_false(shows(f, NOW, "PAST"));
	assert_false(shows(f, NOW, "FROZEN"));
	assert_true(shows(f, NOW, "1,411"));
	assert_int_equal(panel_selected(&f->screen.panels[0]), 0);
}

/* The past of a store that has no commit yet. */
static void
test_past_without_now(void **state)
{
	struct fixture *f = *state;

	screen_release(&f->screen);
	f->screen.offers = KEYS_PAST;
	assert_int_equal(press(f, 'd', NOW), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	press(f, '{', NOW);
	go_to(f, SCENE_NORMAL, 3);
	assert_true(shows(f, NOW, "snapshot 3 of 31"));
	press(f, 'd', NOW);
	press(f, 'd', NOW);
	press(f, KEYS_ESC, NOW);
	press(f, KEYS_ESC, NOW);
	assert_true(shows(f, NOW, "waiting for the first commit"));
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 133), NOW);
	assert_true(shows(f, NOW, "1,331"));
}

static void
test_compare(void **state)
{
	struct fixture *f = *state;
	struct dashboard_past base = scene_past(SCENE_NORMAL, 13);
	int64_t id;

	f->screen.offers = KEYS_PAST;
	assert_false(screen_wants_base(&f->screen, &id));
	press(f, 'd', NOW);
	assert_true(screen_wants_base(&f->screen, &id));
	assert_true(id == INT64_MAX);
	screen_no_base(&f->screen, NOW);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	press(f, 'd', NOW);
	screen_set_base(&f->screen, &base);
	assert_false(screen_wants_base(&f->screen, &id));
	/* 130 and 133 seconds at 9,500 a second. */
	assert_true(shows(f, NOW, "snapshot 13 of 31"));
	assert_true(reads(f, NOW, "1,235,000 1,263,500 +28,500"));
	/* The largest is an eighth of it. */
	assert_true(reads(f, NOW, " u000001 154,375 157,937 +3,562"));
	press(f, 'd', NOW);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	/* In the past there are two ways. */
	press(f, '{', NOW);
	go_to(f, SCENE_NORMAL, 10);
	press(f, 'd', NOW);
	assert_true(screen_wants_base(&f->screen, &id));
	assert_int_equal(id, 10);
	base = scene_past(SCENE_NORMAL, 9);
	screen_set_base(&f->screen, &base);
	assert_true(reads(f, NOW, "855,000 950,000 +95,000"));
	press(f, 'd', NOW);
	assert_false(screen_wants_base(&f->screen, &id));
	assert_true(reads(f, NOW, "950,000 1,263,500 +313,500"));
	press(f, 'd', NOW);
	assert_true(shows(f, NOW, "snapshot 9 of 31"));
	/* Another step, another base; before the oldest there is now. */
	press(f, '{', NOW);
	go_to(f, SCENE_NORMAL, 1);
	assert_true(screen_wants_base(&f->screen, &id));
	assert_int_equal(id, 1);
	screen_no_base(&f->screen, NOW);
	assert_true(reads(f, NOW, "95,000 1,263,500 +1,168,500"));
	press(f, KEYS_ESC, NOW);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, NOW, "PAST"));
	press(f, KEYS_ESC, NOW);
	assert_false(shows(f, NOW, "PAST"));
}

/* Each end of a page can be reached, and no more. */
static void
test_compare_scrolls(void **state)
{
	struct dashboard_past base = scene_past(SCENE_NORMAL, 13);
	struct fixture *f = *state;

	canvas_resize(&f->canvas, 24, 80);
	f->screen.offers = KEYS_PAST;
	press(f, 'd', NOW);
	screen_set_base(&f->screen, &base);
	assert_true(shows(f, NOW, "consumed"));
	assert_true(shows(f, NOW, "PgDn for more"));
	press(f, KEYS_PAGE_DOWN, NOW);
	assert_false(shows(f, NOW, "consumed"));
	press(f, KEYS_END, NOW);
	assert_true(shows(f, NOW, "purchase"));
	assert_false(shows(f, NOW, "PgDn for more"));
	press(f, KEYS_DOWN, NOW);
	press(f, KEYS_HOME, NOW);
	press(f, KEYS_UP, NOW);
	assert_true(shows(f, NOW, "consumed"));
}

static void
test_snapshot_key(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(press(f, 'S', NOW), SCREEN_NOTHING);
	assert_true(shows(f, NOW, "weir run takes them with --snapshot FILE"));
	f->screen.offers = KEYS_SNAPSHOT;
	assert_int_equal(press(f, 'S', NOW), SCREEN_SNAPSHOT);
	assert_true(shows(f, NOW, "taking a snapshot"));
	screen_say(&f->screen, "snapshot 8 in a.db, 0.2 s", NOW);
	assert_true(shows(f, NOW, "snapshot 8 in a.db, 0.2 s"));
}

/* What the dashboard does on a wish; sometimes there is no such snapshot. */
static void
answer(struct screen *screen, enum screen_wish wish, enum scene scene,
       int number, int64_t now_ms)
{
	struct dashboard_past past;
	int64_t id;

	if (wish == SCREEN_STEP && number % 4 == 0) {
		screen_no_past(screen, now_ms);
	} else if (wish == SCREEN_STEP) {
		past = scene_past(scene, number);
		screen_set_past(screen, &past, now_ms);
	}
	if (!screen_wants_base(screen, &id))
		return;
	if (number % 5 == 0) {
		screen_no_base(screen, now_ms);
		return;
	}
	past = scene_past(scene, number);
	screen_set_base(screen, &past);
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
					'v',
					't',
					'/',
					'e',
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
					KEYS_TAB,
					'a',
					'A',
					'm',
					'b',
					'k',
					'{',
					'}',
					'd',
					'{',
					'd',
					'S'};
	struct fixture *f = *state;
	uint64_t seed = 42;
	int64_t now = NOW;

	for (int round = 0; round < 3000; round++) {
		enum screen_wish wish;
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
		f->screen.offers =
		    n % 13 ? KEYS_PAST | KEYS_COMMANDS | KEYS_SNAPSHOT : 0;
		wish = screen_key(
		    &f->screen,
		    some[(seed >> 20) % (sizeof(some) / sizeof(some[0]))], now);
		answer(&f->screen, wish, (enum scene)(n / 5 % SCENES),
		       1 + (int)(n / 64 % 31), now);
		screen_draw(&f->screen, &f->canvas, now);
		assert_null(scene_check(&f->canvas));
		assert_true(f->screen.live.controls.per_s >= 0);
	}
}

/* The schema is there once there is more to it than the pipeline's file says.
 */
static void
test_schema_comes(void **state)
{
	struct fixture *f = *state;
	unsigned panels = f->screen.panels_len;
	struct view *view = scene_view(SCENE_NORMAL, 134);

	scene_schema(view, SCENE_NORMAL, 134);
	view->seen_len = 4; /* those that are read */
	screen_set_view(&f->screen, view, NOW + 1000);
	assert_int_equal(f->screen.panels_len, panels);
	press(f, KEYS_TAB, NOW + 1000);
	for (int second = 135; second < 138; second++) {
		view = scene_view(SCENE_NORMAL, second);
		scene_schema(view, SCENE_NORMAL, second);
		screen_set_view(&f->screen, view, NOW + 2000);
		assert_int_equal(f->screen.panels_len, panels + 1);
		assert_int_equal(f->screen.panels[panels].spec.kind,
				 PANEL_SCHEMA);
		assert_int_equal(f->screen.focus, 1);
	}
	press(f, KEYS_BACKTAB, NOW + 2000);
	press(f, KEYS_BACKTAB, NOW + 2000);
	press(f, 'z', NOW + 2000);
	assert_true(
	    reads(f, NOW + 2000, "client.device_type 33.3 % string 98.0 %"));
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
	    TEST(test_schema_comes),
	    TEST(test_help_and_quit),
	    TEST(test_key_table),
	    TEST(test_alerts_appear),
	    TEST(test_storm_is_one_banner),
	    TEST(test_banner_covers_nothing),
	    TEST(test_acknowledge_and_mute),
	    TEST(test_alert_pages),
	    TEST(test_news),
	    TEST(test_past_steps),
	    TEST(test_past_without_now),
	    TEST(test_compare),
	    TEST(test_compare_scrolls),
	    TEST(test_snapshot_key),
	    TEST(test_random),
	};
#undef TEST

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
