/* Going by numbers, the log, the mouse, themes; and where the lag is going. */
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
#include "lag.h"
#include "screen.h"
#include "screen/scene.h"

#define NOW (SCENE_START_MS + 133000)

struct fixture {
	struct screen screen;
	struct canvas canvas;
};

static void
draw(struct fixture *f)
{
	screen_draw(&f->screen, &f->canvas, NOW);
	assert_null(scene_check(&f->canvas));
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct dashboard_live live = scene_live(SCENE_NORMAL);

	screen_init(&f->screen);
	f->screen.offers = KEYS_MOUSE;
	canvas_init(&f->canvas, false);
	canvas_resize(&f->canvas, 40, 120);
	screen_set_live(&f->screen, &live);
	screen_set_log(&f->screen, scene_log(SCENE_NORMAL));
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 133), NOW);
	draw(f);
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

	draw(f);
	return wish;
}

static enum screen_wish
mouse(struct fixture *f, enum mouse_kind kind, int row, int col, int64_t now_ms)
{
	struct mouse_event event = {kind, row, col};
	enum screen_wish wish = screen_mouse(&f->screen, &event, now_ms);

	draw(f);
	return wish;
}

/* Whether the drawn screen holds a text. */
static bool
shows(struct fixture *f, const char *text)
{
	struct buf out = BUF_INIT;
	bool found;

	canvas_text(&f->canvas, &out);
	buf_add(&out, "", 1);
	found = strstr(out.data, text) != NULL;
	buf_release(&out);
	return found;
}

static enum panel_kind
focused(const struct fixture *f)
{
	return f->screen.panels[f->screen.focus].spec.kind;
}

/* ---- Numbers ---- */

static void
test_numbers(void **state)
{
	struct fixture *f = *state;

	/* Each panel's number is where its rule begins. */
	assert_true(shows(f, "1▸users "));
	assert_true(shows(f, "│ 6 ledger "));
	press(f, '6');
	assert_int_equal(focused(f), PANEL_LEDGER);
	assert_true(shows(f, "6▸ledger "));
	press(f, '1');
	assert_int_equal(f->screen.focus, 0);
	/* With one alone on the screen they mean the same. */
	press(f, 'z');
	assert_false(shows(f, "1▸"));
	press(f, '6');
	assert_int_equal(focused(f), PANEL_LEDGER);
	assert_true(shows(f, "▸ledger "));
	press(f, 'z');
	/* In a detail they do nothing. */
	press(f, '1');
	press(f, KEYS_DOWN);
	press(f, KEYS_ENTER);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	press(f, '6');
	assert_int_equal(f->screen.focus, 0);
}

/* They are those of the page. */
static void
test_numbers_of_pages(void **state)
{
	struct fixture *f = *state;
	unsigned first;

	canvas_resize(&f->canvas, 24, 80);
	draw(f);
	assert_int_equal(f->screen.page_len, 6);
	press(f, '9');
	assert_int_equal(f->screen.focus, 0);
	for (unsigned i = 0; i < 6; i++)
		press(f, KEYS_TAB);
	assert_int_equal(f->screen.layout.page, 1);
	first = f->screen.focus;
	press(f, '2');
	assert_int_equal(f->screen.focus, first + 1);
	press(f, '1');
	assert_int_equal(f->screen.focus, first);
	canvas_resize(&f->canvas, 1, 1);
	draw(f);
	press(f, '2');
	assert_true(f->screen.focus < f->screen.panels_len);
}

/* ---- The log ---- */

static void
test_log(void **state)
{
	struct fixture *f = *state;
	static struct log_lines more;

	press(f, '3');
	press(f, 'L');
	assert_int_equal(focused(f), PANEL_LOG);
	assert_true(shows(f, "note   snapshot 31 of commit 1331"));
	assert_true(shows(f, "warn   kafka: GroupCoordinator"));
	/* The selection stays with its line while others come. */
	press(f, KEYS_DOWN);
	press(f, KEYS_DOWN);
	assert_true(shows(f, "▸ 00:01:59  note   that is over"));
	more = *scene_log(SCENE_NORMAL);
	memmove(&more.at[1], &more.at[0], more.len * sizeof(more.at[0]));
	more.len++;
	more.at[0].number++;
	more.at[0].time_ms += 5000;
	snprintf(more.at[0].text, sizeof(more.at[0].text), "quite new");
	screen_set_log(&f->screen, &more);
	draw(f);
	assert_true(shows(f, "00:02:11  note   quite new"));
	assert_true(shows(f, "▸ 00:01:59  note   that is over"));
	press(f, KEYS_ENTER);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	press(f, KEYS_ESC);
	/* L, Esc and z all lead back to where it was. */
	press(f, 'L');
	assert_int_equal(f->screen.focus, 2);
	assert_false(f->screen.zoomed);
	press(f, 'z');
	press(f, 'L');
	press(f, KEYS_ESC);
	assert_int_equal(f->screen.focus, 2);
	assert_true(f->screen.zoomed);
	press(f, 'z');
	/* Who goes on to another panel stays there. */
	press(f, 'L');
	press(f, '4');
	press(f, KEYS_ESC);
	assert_int_equal(f->screen.focus, 3);
	screen_set_log(&f->screen, NULL);
	press(f, 'L');
	assert_true(shows(f, "nothing yet"));
}

/* ---- Settings ---- */

static void
test_settings(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= SETTINGS_THEMES; i++) {
		assert_int_equal(press(f, 'T'), SCREEN_SETTINGS);
		assert_int_equal(f->screen.settings.theme, i % SETTINGS_THEMES);
	}
	assert_true(shows(f, "theme: dark"));
	f->screen.colourless = true;
	press(f, 'T');
	assert_true(shows(f, "theme: light, without colours here"));
	assert_int_equal(press(f, 'M'), SCREEN_SETTINGS);
	assert_true(f->screen.settings.mouse);
	assert_int_equal(press(f, 'M'), SCREEN_SETTINGS);
	assert_false(f->screen.settings.mouse);
	f->screen.offers = 0;
	assert_int_equal(press(f, 'M'), SCREEN_NOTHING);
	assert_true(shows(f, "this terminal tells nothing of a mouse"));
}

/* Nothing that matters may be told by colour alone. */
static void
test_themes(void **state)
{
	(void)state;
	for (int theme = 0; theme < SETTINGS_THEMES; theme++)
		for (int style = 0; style < STYLES; style++) {
			const struct theme_style *is = theme_style(
			    (enum settings_theme)theme, (enum style)style);

			assert_in_range(is->colour.basic + 1, 0, 8);
			assert_in_range(is->colour.indexed + 1, 0, 256);
			assert_in_range(is->colour.rgb + 1, 0, 0x1000000);
			if (theme == THEME_MONO)
				assert_int_equal(is->colour.rgb, -1);
			/* Eight of them are no colours but numbers there. */
			if (is->colour.rgb >= 0)
				assert_true(is->colour.rgb > 7);
			if (style == STYLE_ACCENT || style == STYLE_BAD ||
			    style == STYLE_ALARM)
				assert_true(is->bold);
			if (style == STYLE_ALARM || style == STYLE_REVERSE)
				assert_true(is->reverse);
		}
}

/* Whether any cell is of a range of code points. */
static bool
holds(const struct canvas *canvas, uint32_t first, uint32_t last)
{
	for (int i = 0; i < canvas->rows * canvas->cols; i++)
		if (canvas->cells[i].text[0] >= first &&
		    canvas->cells[i].text[0] <= last)
			return true;
	return false;
}

static void
test_glyphs(void **state)
{
	struct fixture *f = *state;

	press(f, '5'); /* the throughput */
	press(f, 'z');
	assert_true(holds(&f->canvas, 0x2801, 0x28ff));
	f->canvas.blocks = true;
	draw(f);
	assert_false(holds(&f->canvas, 0x2801, 0x28ff));
	assert_true(holds(&f->canvas, 0x2581, 0x2587));
	f->canvas.ascii = true;
	draw(f);
	assert_false(holds(&f->canvas, 0x80, 0x10ffff));
}

/* ---- The mouse ---- */

static void
test_mouse(void **state)
{
	struct fixture *f = *state;
	const struct panel *users = &f->screen.panels[0];
	const struct panel *items = &f->screen.panels[1];

	/* Of the right panel's rows, the second. */
	mouse(f, MOUSE_CLICK, items->first_row + 1, 80, NOW);
	assert_int_equal(f->screen.focus, 1);
	assert_int_equal(panel_selected(items), 1);
	assert_true(shows(f, "│ ▸ i000002"));
	/* Once more, soon: it opens. Later, or elsewhere: it does not. */
	mouse(f, MOUSE_CLICK, items->first_row + 1, 80,
	      NOW + SCREEN_DOUBLE_MS + 1);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	mouse(f, MOUSE_CLICK, items->first_row, 80, NOW + SCREEN_DOUBLE_MS + 2);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	mouse(f, MOUSE_CLICK, items->first_row, 81,
	      NOW + SCREEN_DOUBLE_MS + 100);
	assert_int_equal(f->screen.mode, SCREEN_DETAIL);
	assert_true(shows(f, "first event"));
	/* What is covered is not there. */
	mouse(f, MOUSE_CLICK, users->first_row, 5, NOW);
	assert_int_equal(f->screen.focus, 1);
	press(f, KEYS_ESC);
	/* A rule focuses, and selects nothing. */
	mouse(f, MOUSE_CLICK, users->first_row - 3, 5, NOW);
	assert_int_equal(f->screen.focus, 0);
	assert_int_equal(panel_selected(users), -1);
	/* Neither does what is no panel. */
	mouse(f, MOUSE_CLICK, 0, 5, NOW);
	mouse(f, MOUSE_CLICK, 39, 5, NOW);
	mouse(f, MOUSE_CLICK, 1000, 1000, NOW);
	mouse(f, MOUSE_CLICK, -1, -1, NOW);
	assert_int_equal(f->screen.focus, 0);
}

static void
test_wheel(void **state)
{
	struct fixture *f = *state;
	const struct panel *items = &f->screen.panels[1];
	const struct panel *series = &f->screen.panels[4];

	mouse(f, MOUSE_WHEEL_DOWN, items->first_row, 80, NOW);
	assert_int_equal(f->screen.focus, 1);
	assert_int_equal(panel_selected(items), 2);
	mouse(f, MOUSE_WHEEL_DOWN, items->first_row, 80, NOW);
	assert_int_equal(panel_selected(items), 5);
	mouse(f, MOUSE_WHEEL_UP, items->first_row, 80, NOW);
	assert_int_equal(panel_selected(items), 2);
	for (int i = 0; i < 100; i++)
		mouse(f, MOUSE_WHEEL_DOWN, items->first_row, 80, NOW);
	assert_int_equal(panel_selected(items), VIEW_RANKING - 1);
	/* A panel without rows has none to scroll. */
	for (unsigned i = 0; i < f->screen.layout.len; i++)
		if (f->screen.layout.at[i].panel == 4)
			mouse(f, MOUSE_WHEEL_DOWN,
			      f->screen.layout.at[i].area.row, 5, NOW);
	assert_int_equal(f->screen.focus, 4);
	assert_int_equal(panel_selected(series), -1);
	/* The help has more lines than a small screen. */
	canvas_resize(&f->canvas, 12, 80);
	press(f, '?');
	mouse(f, MOUSE_WHEEL_DOWN, 5, 5, NOW);
	assert_int_equal(f->screen.help_from, 3);
	mouse(f, MOUSE_WHEEL_UP, 5, 5, NOW);
	mouse(f, MOUSE_WHEEL_UP, 5, 5, NOW);
	assert_int_equal(f->screen.help_from, 0);
}

/* ---- Charts ---- */

/* What a burst was no longer counts once it has left the chart. */
static void
test_scale(void **state)
{
	struct fixture *f = *state;
	const struct panel *series = &f->screen.panels[4];
	struct view *view = scene_view(SCENE_NORMAL, 133);
	double before = series->scale;

	assert_int_equal(view->history_len, 133);
	view->history[132 - 100].consumed = 10000000;
	screen_set_view(&f->screen, view, NOW);
	draw(f);
	assert_true(series->scale == before);
	view->history[132 - 99].consumed = 10000000;
	draw(f);
	assert_true(series->scale == 10000000);
}

/* ---- Lag ---- */

/* A history of lag and of what was read in each second; -1: not known. */
static struct lag
lag_after(const int64_t *lags, unsigned len, int64_t consumed)
{
	struct view_second history[32];
	struct view view = {.history = history, .history_len = len};

	for (unsigned i = 0; i < len; i++)
		history[i] = (struct view_second){.second = i,
						  .known = lags[i] >= 0,
						  .consumed = consumed,
						  .lag = lags[i]};
	view.ledger.lag = len ? lags[len - 1] : 0;
	return lag_of(&view);
}

static void
test_lag(void **state)
{
	static const int64_t none[] = {-1, -1, 5, 5},
			     flat[] = {500, 480, 510, 505, 495, 500, 490, 500},
			     falls[] = {90000, 80000, 70000, 60000,
					-1,    40000, 30000},
			     grows[] = {0, 20000, 40000, 60000, 80000},
			     small[] = {0, 0, 3, 0, 1, 2, 0};
	struct lag lag;

	(void)state;
	lag = lag_after(none, 0, 0);
	assert_int_equal(lag.trend, LAG_UNKNOWN);
	lag = lag_after(none, 4, 1000);
	assert_int_equal(lag.trend, LAG_UNKNOWN);
	assert_true(lag.catch_up_s < 0);
	lag = lag_after(flat, 8, 10000);
	assert_int_equal(lag.trend, LAG_STEADY);
	assert_false(lag.behind);
	lag = lag_after(falls, 7, 20000);
	assert_int_equal(lag.trend, LAG_SHRINKS);
	assert_true(lag.behind);
	assert_true(fabs(lag.catch_up_s - 3) < 0.01);
	lag = lag_after(grows, 5, 20000);
	assert_int_equal(lag.trend, LAG_GROWS);
	assert_true(lag.behind);
	assert_true(lag.catch_up_s < 0);
	lag = lag_after(small, 7, 1);
	assert_int_equal(lag.trend, LAG_STEADY);
}

static void
test_lag_is_said(void **state)
{
	struct fixture *f = *state;
	struct view *view = f->screen.view;

	for (unsigned i = 0; i < view->history_len; i++)
		view->history[i].lag = 1000000 - 5000 * (int64_t)i;
	view->ledger.lag = 340000;
	view->behind_ms = 45300;
	draw(f);
	assert_true(shows(f, "340,000 ·  45.3 s ↓"));
	assert_true(shows(f, "catches up in 68.0 s"));
	for (unsigned i = 0; i < view->history_len; i++)
		view->history[i].lag = 5000 * (int64_t)i;
	draw(f);
	assert_true(shows(f, "↑"));
	assert_true(shows(f, "falls behind"));
	view->seen_median_ms = view->seen_p99_ms = view->behind_ms = -1;
	draw(f);
	assert_true(shows(f, "seen after       –"));
	assert_true(shows(f, "340,000 ·       – ↑"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_numbers_of_pages, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_log, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_settings, set_up, tear_down),
	    cmocka_unit_test(test_themes),
	    cmocka_unit_test_setup_teardown(test_glyphs, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_mouse, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_wheel, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_scale, set_up, tear_down),
	    cmocka_unit_test(test_lag),
	    cmocka_unit_test_setup_teardown(test_lag_is_said, set_up,
					    tear_down),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
