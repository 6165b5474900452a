/* What the screen looks like: scenes at several sizes against golden files. */
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

#include "golden.h"
#include "keys.h"
#include "scene.h"
#include "screen.h"

#define SECOND 133
#define NOW    (SCENE_START_MS + SECOND * 1000)

/* Draws a scene after some keys. The name is the golden file's. */
static void
draw(const char *name, enum scene scene, int cols, int rows, bool ascii,
     const uint32_t *pressed)
{
	struct dashboard_live live = scene_live(scene);
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	screen_init(&screen);
	screen.offers = KEYS_COMMANDS;
	canvas_init(&canvas, ascii);
	canvas_resize(&canvas, rows, cols);
	screen_set_live(&screen, &live);
	screen_set_log(&screen, scene_log(scene));
	screen_set_view(&screen, scene_view(scene, SECOND), NOW);
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

/* Draws a snapshot after some keys, that of a second ago to be compared with.
 */
static void
draw_past(const char *name, enum scene scene, int cols, int rows,
	  const uint32_t *pressed)
{
	struct dashboard_live live = scene_live(scene);
	struct dashboard_past past = scene_past(scene, 7);
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;
	int64_t id;

	screen_init(&screen);
	screen.offers = KEYS_COMMANDS | KEYS_PAST | KEYS_SNAPSHOT;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, rows, cols);
	screen_set_live(&screen, &live);
	screen_set_view(&screen, scene_view(scene, SECOND), NOW);
	screen_key(&screen, '{', NOW);
	screen_set_past(&screen, &past, NOW);
	for (; *pressed; pressed++) {
		screen_key(&screen, *pressed, NOW);
		if (screen_wants_base(&screen, &id)) {
			past = scene_past(scene, 6);
			screen_set_base(&screen, &past);
		}
	}
	screen_draw(&screen, &canvas, NOW + 100);
	assert_null(scene_check(&canvas));
	canvas_text(&canvas, &text);
	golden_compare(name, &text);
	buf_release(&text);
	screen_release(&screen);
	canvas_release(&canvas);
}

static void
test_past(void **state)
{
	static const struct {
		int cols, rows;
	} sizes[] = {{80, 24}, {120, 40}, {200, 60}, {40, 10}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int cols = sizes[i].cols, rows = sizes[i].rows;
		char name[64];

		snprintf(name, sizeof(name), "past-%dx%d", cols, rows);
		draw_past(name, SCENE_ALERTS, cols, rows,
			  (const uint32_t[]){0});
		snprintf(name, sizeof(name), "difference-%dx%d", cols, rows);
		draw_past(name, SCENE_ALERTS, cols, rows,
			  (const uint32_t[]){'d', 0});
		snprintf(name, sizeof(name), "difference-hostile-%dx%d", cols,
			 rows);
		draw_past(name, SCENE_STORM, cols, rows,
			  (const uint32_t[]){'d', 'd', KEYS_PAGE_DOWN, 0});
	}
}

static void
test_scenes(void **state)
{
	static const struct {
		int cols, rows;
	} sizes[] = {{80, 24}, {120, 40}, {200, 60}, {40, 10}, {39, 9}, {1, 1}};

	(void)state;
	for (int scene = 0; scene < SCENES; scene++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char name[64];

			snprintf(name, sizeof(name), "%s-%dx%d",
				 scene_name((enum scene)scene), sizes[i].cols,
				 sizes[i].rows);
			draw(name, (enum scene)scene, sizes[i].cols,
			     sizes[i].rows, false, NULL);
		}
	}
}

static void
test_ascii(void **state)
{
	(void)state;
	draw("normal-ascii", SCENE_NORMAL, 80, 24, true, NULL);
	draw("storm-ascii", SCENE_STORM, 120, 40, true, NULL);
	draw("alerts-ascii", SCENE_ALERTS, 120, 40, true, NULL);
	draw("hostile-ascii", SCENE_HOSTILE, 80, 24, true, NULL);
}

static void
test_covers(void **state)
{
	(void)state;
	draw("help", SCENE_NORMAL, 80, 24, false, (const uint32_t[]){'?', 0});
	draw("prompt", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){'r', '5', 'q', KEYS_ENTER, 0});
	draw("frozen", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){' ', KEYS_DOWN, 0});
	draw("detail", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){KEYS_TAB, KEYS_DOWN, KEYS_ENTER, 0});
	draw("detail-hostile", SCENE_HOSTILE, 80, 24, false,
	     (const uint32_t[]){KEYS_DOWN, KEYS_ENTER, KEYS_END, KEYS_UP, 0});
	draw("detail-dead", SCENE_HOSTILE, 80, 24, false,
	     (const uint32_t[]){KEYS_BACKTAB, KEYS_BACKTAB, KEYS_DOWN,
				KEYS_ENTER, 0});
	draw("zoom", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){'z', 'v', 0});
	/* The panel of alerts is the fourth from the end. */
	draw("zoom-alerts", SCENE_ALERTS, 120, 24, false,
	     (const uint32_t[]){KEYS_BACKTAB, KEYS_BACKTAB, KEYS_BACKTAB,
				KEYS_BACKTAB, 'z', KEYS_DOWN, KEYS_DOWN, 0});
	draw("detail-alert", SCENE_ALERTS, 80, 24, false,
	     (const uint32_t[]){KEYS_BACKTAB, KEYS_BACKTAB, KEYS_BACKTAB,
				KEYS_BACKTAB, KEYS_DOWN, KEYS_ENTER, 0});
	draw("detail-alert-hostile", SCENE_STORM, 80, 24, false,
	     (const uint32_t[]){KEYS_BACKTAB, KEYS_BACKTAB, KEYS_BACKTAB,
				KEYS_BACKTAB, KEYS_DOWN, KEYS_ENTER, 0});
	draw("log", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){'L', KEYS_DOWN, KEYS_DOWN, 0});
	draw("log-200x60", SCENE_HUGE, 200, 60, false,
	     (const uint32_t[]){'L', KEYS_END, 0});
	draw("log-120x40", SCENE_HOSTILE, 120, 40, false,
	     (const uint32_t[]){'L', 0});
	draw("log-40x10", SCENE_NORMAL, 40, 10, false,
	     (const uint32_t[]){'L', KEYS_DOWN, 0});
	draw("log-ascii", SCENE_HOSTILE, 80, 24, true,
	     (const uint32_t[]){'L', 0});
	draw("detail-log", SCENE_HUGE, 80, 24, false,
	     (const uint32_t[]){'L', KEYS_DOWN, KEYS_ENTER, 0});
	draw("detail-log-hostile", SCENE_HOSTILE, 40, 10, false,
	     (const uint32_t[]){'L', KEYS_DOWN, KEYS_DOWN, KEYS_ENTER, 0});
	draw("zoom-ledger", SCENE_NORMAL, 80, 24, false,
	     (const uint32_t[]){'2', '6', 'z', 0});
	draw("detail-rule", SCENE_ALERTS, 80, 24, false,
	     (const uint32_t[]){KEYS_BACKTAB, KEYS_BACKTAB, KEYS_BACKTAB,
				KEYS_BACKTAB, KEYS_END, KEYS_ENTER, 0});
}

/* The pages of the generator and of faults, and the generator's panel. */
static void
draw_page(const char *name, int cols, int rows, bool ascii,
	  const uint32_t *pressed, const struct dashboard_live *live)
{
	struct view *view = scene_view(SCENE_NORMAL, SECOND);
	struct pipeline with_panel = *scene_pipeline();
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	with_panel.panels[0] = (struct panel_spec){PANEL_GENERATOR, -1, -1};
	view->pipeline = &with_panel;
	screen_init(&screen);
	screen.offers = KEYS_COMMANDS | KEYS_FAULTS;
	canvas_init(&canvas, ascii);
	canvas_resize(&canvas, rows, cols);
	screen_set_live(&screen, live);
	screen_set_view(&screen, view, NOW);
	for (; *pressed; pressed++)
		screen_key(&screen, *pressed, NOW);
	screen_draw(&screen, &canvas, NOW + SCREEN_MESSAGE_MS);
	assert_null(scene_check(&canvas));
	canvas_text(&canvas, &text);
	golden_compare(name, &text);
	buf_release(&text);
	screen_release(&screen);
	canvas_release(&canvas);
}

static void
test_pages(void **state)
{
	static const struct {
		int cols, rows;
	} sizes[] = {{80, 24}, {120, 40}, {200, 60}, {40, 10}, {39, 9}};
	struct dashboard_live live = scene_live(SCENE_NORMAL), spikes;
	char name[64];

	(void)state;
	live.controls.curve = curve_default(CURVE_SINE, -1);
	live.controls.bad_share = 0.02;
	live.curve_ns = INT64_C(12000000000);
	live.held_back = true;
	spikes = live;
	spikes.controls.curve = curve_default(CURVE_SPIKE, 1);
	spikes.controls.per_s = INFINITY;
	live.faults[FAULT_DOWN] = (struct fault_state){true, true, NOW - 65000};
	live.faults[FAULT_READS] = (struct fault_state){true, false, NOW};
	live.faults[FAULT_NO_LEADER] =
	    (struct fault_state){false, false, NOW - 3000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int cols = sizes[i].cols, rows = sizes[i].rows;

		snprintf(name, sizeof(name), "generator-%dx%d", cols, rows);
		draw_page(name, cols, rows, false,
			  (const uint32_t[]){'g', KEYS_DOWN, 0}, &live);
		snprintf(name, sizeof(name), "faults-%dx%d", cols, rows);
		draw_page(name, cols, rows, false,
			  (const uint32_t[]){'f', KEYS_DOWN, 0}, &live);
	}
	draw_page("generator-spike", 80, 24, false,
		  (const uint32_t[]){'g', KEYS_END, 0}, &spikes);
	draw_page(
	    "generator-prompt", 80, 24, false,
	    (const uint32_t[]){'g', KEYS_END, KEYS_ENTER, '1', '.', '5', 0},
	    &live);
	draw_page("generator-ascii", 80, 24, true, (const uint32_t[]){'g', 0},
		  &live);
	draw_page("generator-panel", 80, 24, false, (const uint32_t[]){'z', 0},
		  &live);
	draw_page("faults-ascii", 80, 24, true, (const uint32_t[]){'f', 0},
		  &live);
}

/* The schema, which the pipeline names, or which is there for its fields. */
static void
draw_schema(const char *name, enum scene scene, int cols, int rows, bool ascii,
	    bool named, const uint32_t *pressed)
{
	struct view *view = scene_view(scene, SECOND);
	struct pipeline with_panel = *scene_pipeline();
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	if (named)
		with_panel.panels[0] =
		    (struct panel_spec){PANEL_SCHEMA, -1, -1};
	view->pipeline = &with_panel;
	if (scene != SCENE_EMPTY)
		scene_schema(view, scene, SECOND);
	screen_init(&screen);
	canvas_init(&canvas, ascii);
	canvas_resize(&canvas, rows, cols);
	screen_set_view(&screen, view, NOW);
	for (; *pressed; pressed++) {
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

static void
test_schema(void **state)
{
	static const uint32_t none[] = {0};
	static const uint32_t zoom[] = {'z', KEYS_DOWN, 0};
	static const uint32_t detail[] = {KEYS_END, KEYS_ENTER, 0};
	static const uint32_t last[] = {KEYS_BACKTAB, 0};

	(void)state;
	draw_schema("schema-80x24", SCENE_NORMAL, 80, 24, false, true, zoom);
	draw_schema("schema-160x50", SCENE_NORMAL, 160, 50, false, true, zoom);
	draw_schema("schema-40x10", SCENE_NORMAL, 40, 10, false, true, zoom);
	draw_schema("schema-page-160x50", SCENE_NORMAL, 160, 50, false, true,
		    none);
	draw_schema("schema-last-80x24", SCENE_NORMAL, 80, 24, false, false,
		    last);
	draw_schema("schema-last-160x50", SCENE_NORMAL, 160, 50, false, false,
		    last);
	draw_schema("schema-ascii", SCENE_HOSTILE, 80, 24, true, true, zoom);
	draw_schema("schema-hostile", SCENE_HOSTILE, 160, 50, false, true,
		    zoom);
	draw_schema("schema-none", SCENE_EMPTY, 80, 24, false, true,
		    (const uint32_t[]){'z', 0});
	draw_schema("detail-schema", SCENE_NORMAL, 80, 24, false, true, detail);
	draw_schema("detail-schema-hostile", SCENE_HOSTILE, 80, 24, false, true,
		    detail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scenes), cmocka_unit_test(test_ascii),
	    cmocka_unit_test(test_covers), cmocka_unit_test(test_past),
	    cmocka_unit_test(test_pages),  cmocka_unit_test(test_schema),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
