/*
 * What tables with windows look like over time: the panel of lines alone and on
 * its page against golden files, and what must hold of it at every size.
 */
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

#include "chart.h"
#include "golden.h"
#include "keys.h"
#include "lines.h"
#include "screen.h"

#define NOW (SCENE_START_MS + 7200 * INT64_C(1000))

/* Draws the page after some keys. The name is the golden file's. */
static void
draw(const char *name, enum lines_scene scene, int cols, int rows,
     const struct canvas *like, const uint32_t *pressed)
{
	struct dashboard_live live = scene_live(SCENE_NORMAL);
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	screen_init(&screen);
	screen.offers = KEYS_COMMANDS;
	canvas_init(&canvas, like && like->ascii);
	canvas.blocks = like && like->blocks;
	canvas_resize(&canvas, rows, cols);
	screen_set_live(&screen, &live);
	screen_set_log(&screen, scene_log(SCENE_NORMAL));
	screen_set_view(&screen, lines_view(scene), NOW);
	for (; pressed && *pressed; pressed++) {
		screen_draw(&screen, &canvas, NOW);
		screen_key(&screen, *pressed, NOW);
	}
	screen_draw(&screen, &canvas, NOW + 100);
	assert_null(scene_check(&canvas));
	canvas_text(&canvas, &text);
	golden_compare(name, &text);
	buf_release(&text);
	screen_release(&screen);
	canvas_release(&canvas);
}

static const uint32_t zoom[] = {'z', 0};
static const uint32_t zoom_days[] = {'2', 'z', 0};
static const uint32_t detail[] = {KEYS_DOWN, KEYS_ENTER, 0};

static void
test_page(void **state)
{
	static const struct {
		int cols, rows;
	} sizes[] = {{80, 24}, {110, 30}, {160, 50}, {200, 60}, {40, 10}};

	(void)state;
	for (int scene = 0; scene < LINES_SCENES; scene++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char name[64];

			/* Of the others those that are looked at most. */
			if (scene != LINES_NORMAL && sizes[i].cols != 80 &&
			    sizes[i].cols != 160)
				continue;
			snprintf(name, sizeof(name), "lines-%s-%dx%d",
				 lines_name((enum lines_scene)scene),
				 sizes[i].cols, sizes[i].rows);
			draw(name, (enum lines_scene)scene, sizes[i].cols,
			     sizes[i].rows, NULL, NULL);
		}
	}
}

static void
test_panel(void **state)
{
	static const struct canvas ascii = {.ascii = true};
	static const struct canvas blocks = {.blocks = true};

	(void)state;
	draw("lines-zoom", LINES_NORMAL, 80, 24, NULL, zoom);
	draw("lines-zoom-ascii", LINES_NORMAL, 80, 24, &ascii, zoom);
	draw("lines-zoom-blocks", LINES_NORMAL, 80, 24, &blocks, zoom);
	draw("lines-zoom-close", LINES_CLOSE, 80, 24, NULL, zoom);
	draw("lines-zoom-close-ascii", LINES_CLOSE, 80, 24, &ascii, zoom);
	draw("lines-zoom-days", LINES_DAYS, 80, 24, NULL, zoom_days);
	draw("lines-zoom-days-160x50", LINES_DAYS, 160, 50, NULL, zoom_days);
	draw("lines-zoom-first-day", LINES_NORMAL, 80, 24, NULL, zoom_days);
	draw("lines-zoom-second-day", LINES_SECOND, 80, 24, NULL, zoom_days);
	draw("lines-zoom-narrow", LINES_NORMAL, 40, 10, NULL, zoom);
	draw("lines-detail", LINES_NORMAL, 80, 24, NULL, detail);
	draw("lines-detail-160x50", LINES_NORMAL, 160, 50, NULL, detail);
	draw("lines-detail-hostile", LINES_HOSTILE, 80, 24, NULL, detail);
	draw("lines-detail-days", LINES_DAYS, 80, 24, NULL,
	     (const uint32_t[]){'2', KEYS_DOWN, KEYS_ENTER, 0});
}

static void
assert_range(struct chart_range held, double smallest, double largest,
	     double base, double top)
{
	struct chart_range range = chart_range_close(held, smallest, largest);

	assert_true(fabs(range.base - base) < top * 1e-9);
	assert_true(fabs(range.top - top) < top * 1e-9);
}

/* Where an axis begins and ends. */
static void
test_range(void **state)
{
	const struct chart_range none = {0, 0}, held = {700, 800};

	(void)state;
	assert_range(none, 0, 0, 0, 0.2);
	assert_range(none, 0, 790, 0, 800);
	assert_range(none, 300, 790, 0, 800);
	assert_range(none, 755, 795.4, 720, 800);
	assert_range(none, 740.5, 795.4, 720, 800);
	assert_range(none, 800, 800, 700, 800);
	assert_range(none, 7.49, 7.81, 7.2, 8);
	assert_range(none, 0.0762, 0.0781, 0, 0.2);
	assert_range(none, 12345, 12399, 11000, 13000);
	/* It grows at once, and shrinks late. */
	assert_range(held, 755, 795.4, 700, 800);
	assert_range(held, 655, 795.4, 600, 800);
	assert_range((struct chart_range){500, 900}, 755, 795.4, 720, 800);
	assert_range(held, 100, 795.4, 0, 800);
	assert_range((struct chart_range){0, 800}, 755, 795.4, 720, 800);
	/* Whatever the values are, they are in it, and its ticks differ. */
	for (double smallest = 1e-4; smallest < 1e14; smallest *= 1.37) {
		for (double times = 1; times < 3; times += 0.07) {
			double largest = smallest * times;
			struct chart_range range =
			    chart_range_close(none, smallest, largest);
			char top[64];

			assert_true(range.base <= smallest * (1 + 1e-9));
			assert_true(range.top >= largest * (1 - 1e-9));
			if (range.base <= 0)
				continue;
			snprintf(top, sizeof(top), "%s",
				 chart_tick(range.top).text);
			assert_string_not_equal(chart_tick(range.base).text,
						top);
			assert_string_not_equal(
			    chart_tick(range.base / 2 + range.top / 2).text,
			    top);
		}
	}
	/* Huge and no numbers are shown somehow, and it ends. */
	chart_range_close(none, 1e19, 1e19);
	chart_range_close(none, 1, INFINITY);
	chart_range_close(none, INFINITY, INFINITY);
	chart_range_close(none, -5, -1);
}

struct fixture {
	struct view *view;
	struct panel panel;
	struct canvas canvas;
};

static void
set_up(struct fixture *f, enum lines_scene scene, int table)
{
	struct panel_spec spec = {PANEL_LINES, table, -1};

	f->view = lines_view(scene);
	panel_init(&f->panel, &spec);
	panel_set_view(&f->panel, f->view, NOW);
	canvas_init(&f->canvas, false);
}

static void
tear_down(struct fixture *f)
{
	view_free(f->view);
	canvas_release(&f->canvas);
}

/* Draws it within an edge of '#'. */
static void
draw_inside(struct fixture *f, int cols, int rows)
{
	struct area all, inside = {1, 1, rows, cols};

	canvas_resize(&f->canvas, rows + 2, cols + 2);
	all = canvas_all(&f->canvas);
	for (int row = 0; row < all.rows; row++)
		canvas_repeat(&f->canvas, &all, row, 0, all.cols, STYLE_NORMAL,
			      row % (rows + 1) ? " " : "#");
	for (int row = 0; row < all.rows; row++) {
		canvas_puts(&f->canvas, &all, row, 0, STYLE_NORMAL, "#");
		canvas_puts(&f->canvas, &all, row, cols + 1, STYLE_NORMAL, "#");
	}
	panel_draw(&f->panel, &f->canvas, &inside);
}

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

static void
test_sizes(void **state)
{
	(void)state;
	for (int scene = 0; scene < 2 * LINES_SCENES; scene++) {
		struct fixture f;

		set_up(&f, (enum lines_scene)(scene / 2),
		       scene % 2 ? LINES_USERS : LINES_AVERAGES);
		for (int rows = 1; rows <= 60; rows += 1 + rows / 10) {
			for (int cols = 1; cols <= 200; cols += 1 + cols / 20) {
				const struct cell *edge;

				draw_inside(&f, cols, rows);
				assert_null(scene_check(&f.canvas));
				for (int i = 0; i < (rows + 2) * (cols + 2);
				     i++) {
					int row = i / (cols + 2);
					int col = i % (cols + 2);

					if (row % (rows + 1) &&
					    col % (cols + 1))
						continue;
					edge = canvas_cell(&f.canvas, row, col);
					assert_int_equal(edge->text[0], '#');
				}
			}
		}
		tear_down(&f);
	}
}

static void
test_empty(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, LINES_EMPTY, LINES_AVERAGES);
	draw_inside(&f, 60, 10);
	assert_true(shows(&f, "nothing yet"));
	assert_int_equal(panel_rows(&f.panel), 0);
	tear_down(&f);
}

/* The newest complete window makes the headline, whatever open ones have. */
static void
test_headline(void **state)
{
	struct view_table *table;
	struct fixture f;

	(void)state;
	set_up(&f, LINES_NORMAL, LINES_AVERAGES);
	table = &f.view->tables[LINES_AVERAGES];
	table->lines[2].values[4] = value_real(999);
	table->lines[1].values[5] = value_real(77.25);
	draw_inside(&f, 100, 12);
	assert_true(shows(&f, " DE 77.25 events/min · 7 keys · "
			      "5 min every 1 min "));
	assert_false(shows(&f, "999"));
	tear_down(&f);

	set_up(&f, LINES_SECOND, LINES_USERS);
	draw_inside(&f, 100, 12);
	assert_true(shows(&f, " users ±0.8 % · 7 keys · 1 d "));
	tear_down(&f);

	set_up(&f, LINES_BEGUN, LINES_AVERAGES);
	draw_inside(&f, 100, 12);
	assert_true(shows(&f, "no window is complete yet"));
	tear_down(&f);
}

/* The columns of the chart in which anything is drawn, the axis aside. */
static unsigned
columns_drawn(struct fixture *f, int from, int to)
{
	unsigned drawn = 0;

	for (int col = from; col < to; col++) {
		bool any = false;

		for (int row = 2; row < f->canvas.rows - 3; row++)
			any |=
			    canvas_cell(&f->canvas, row, col)->text[0] != ' ';
		drawn += any;
	}
	return drawn;
}

/* Where a key does not occur, its line has a gap. */
static void
test_gap(void **state)
{
	struct view_table *table;
	unsigned whole, gap;
	struct fixture f;

	(void)state;
	set_up(&f, LINES_NORMAL, LINES_AVERAGES);
	table = &f.view->tables[LINES_AVERAGES];
	table->lines_len = 1;
	panel_set_view(&f.panel, f.view, NOW + 2000);
	/* 60 columns of dots for as many windows. */
	draw_inside(&f, 100, 12);
	whole = columns_drawn(&f, 9, 80);
	for (int w = 30; w < 50; w++)
		table->lines[0].values[w] = value_none();
	draw_inside(&f, 100, 12);
	gap = columns_drawn(&f, 9, 80);
	/* Two windows a column; the columns at its ends may have one each. */
	assert_in_range(whole - gap, 9, 10);
	tear_down(&f);
}

/* Lines of each key's own letter, in the list in the order of size. */
static void
test_marks(void **state)
{
	struct view_table *table;
	struct fixture f;

	(void)state;
	set_up(&f, LINES_NORMAL, LINES_AVERAGES);
	table = &f.view->tables[LINES_AVERAGES];
	for (unsigned w = 0; w < table->windows_len; w++)
		for (int i = 0; i < LINES_KEYS; i++)
			table->lines[i].values[w] = value_int(1000 * (i + 1));
	panel_set_view(&f.panel, f.view, NOW + 2000);
	draw_inside(&f, 80, 30);
	assert_true(shows(&f, "  g US   7,000#"));
	assert_true(shows(&f, "  a CA   1,000#"));
	for (char mark = 'a'; mark <= 'g'; mark++) {
		int in_chart = 0;

		for (int i = 0; i < f.canvas.rows * f.canvas.cols; i++)
			in_chart += i % f.canvas.cols > 10 &&
				    i % f.canvas.cols < 66 &&
				    i / f.canvas.cols > 1 &&
				    f.canvas.cells[i].text[0] == (uint32_t)mark;
		assert_int_equal(in_chart, 1);
	}
	/* The selected one covers the others: here some are where it is. */
	for (unsigned w = 0; w < table->windows_len; w++)
		for (int i = 0; i < LINES_KEYS; i++)
			table->lines[i].values[w] = value_int(7000 + 60 * i);
	panel_set_view(&f.panel, f.view, NOW + 4000);
	panel_move(&f.panel, PANEL_LAST);
	draw_inside(&f, 80, 30);
	assert_true(shows(&f, "▸ a CA   7,000#"));
	for (int row = 1; row < 28; row++) {
		const struct cell *cell = canvas_cell(&f.canvas, row, 20);

		if (cell->style == STYLE_ACCENT)
			assert_int_equal(
			    __builtin_popcount(cell->text[0] & 0xff), 2);
	}
	tear_down(&f);
}

/* Windows that overlap are shown with their ends. */
static void
test_windows(void **state)
{
	struct panel_spec spec = {PANEL_WINDOWS, LINES_AVERAGES, -1};
	struct view_window *window;
	struct fixture f;
	struct area area;

	(void)state;
	set_up(&f, LINES_NORMAL, LINES_AVERAGES);
	panel_init(&f.panel, &spec);
	panel_set_view(&f.panel, f.view, NOW);
	draw_inside(&f, 100, 20);
	assert_true(shows(&f, " 120 of 5 min every 1 min · 0 late "));
	assert_true(shows(&f, "  window "));
	assert_true(shows(&f, "  01:55–02:00 "));
	/* Its largest key as an average, of a window that had half its time. */
	window = &f.view->tables[LINES_AVERAGES].windows[7];
	window->summary.max = value_int(100);
	window->span_ms = 150000;
	canvas_clear(&f.canvas);
	area = canvas_all(&f.canvas);
	f.panel.class->detail(&f.panel, 7, &f.canvas, &area);
	assert_true(shows(&f, " 100\n"));
	assert_true(shows(&f, " 40.00  per 1 min, of the same"));
	tear_down(&f);
}

/* All rows are those of the window that the list is about. */
static void
test_rows(void **state)
{
	struct screen screen;
	struct canvas canvas;

	(void)state;
	screen_init(&screen);
	screen.offers = KEYS_STORE;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 50, 160);
	screen_set_view(&screen, lines_view(LINES_NORMAL), NOW);
	screen_draw(&screen, &canvas, NOW);
	screen_key(&screen, KEYS_END, NOW);
	screen_key(&screen, 't', NOW);
	assert_int_equal(screen.mode, SCREEN_ROWS);
	assert_int_equal(
	    screen.rows.query.window_ms,
	    screen.view->tables[LINES_AVERAGES].windows[5].start_ms);
	screen_release(&screen);
	canvas_release(&canvas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_page),    cmocka_unit_test(test_panel),
	    cmocka_unit_test(test_range),   cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_empty),   cmocka_unit_test(test_headline),
	    cmocka_unit_test(test_gap),     cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_windows), cmocka_unit_test(test_rows),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
