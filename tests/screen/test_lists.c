/*
 * What lists look like: the panels of tables and windows, all rows, the page of
 * a key; scenes at several sizes against golden files.
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

#include "golden.h"
#include "keys.h"
#include "lists.h"
#include "screen.h"

#define SECOND 133
#define NOW    (SCENE_START_MS + SECOND * 1000)

struct drawing {
	enum scene scene;
	int cols, rows;
	bool ascii;
	bool part;           /* all rows are still being gone through */
	const char *gone;    /* why there is no key; NULL: it is there */
	const char *problem; /* why there is no event; NULL: it is there */
};

/* What a dashboard does: answers what the screen asks for. */
static void
serve(struct screen *screen, const struct drawing *d, enum screen_wish wish)
{
	struct page *page;
	const struct view_text id = {screen->key.id, screen->key.id_size};

	if (screen_wants_rows(screen) &&
	    (!screen->rows.page ||
	     screen->rows.page->question != screen->rows.number)) {
		page = lists_page(screen->view, &screen->rows.query,
				  screen->rows.number, !d->part);
		screen_set_page(screen, page);
	}
	if (screen_wants_key(screen)) {
		struct view_key *key =
		    d->gone ? NULL : lists_key(d->scene, SECOND, &id);

		screen_set_key(screen, key,
			       key       ? NULL
			       : d->gone ? d->gone
					 : "it is not in the scene");
	}
	if (wish == SCREEN_FETCH)
		screen_set_event(screen, lists_event(d->scene, d->problem));
}

/* Draws it after some keys. The name is the golden file's. */
static void
draw(const char *name, const struct drawing *d, const uint32_t *pressed)
{
	struct dashboard_live live = scene_live(d->scene);
	struct buf text = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	screen_init(&screen);
	screen.offers = KEYS_COMMANDS | KEYS_STORE | KEYS_FETCH;
	canvas_init(&canvas, d->ascii);
	canvas_resize(&canvas, d->rows, d->cols);
	screen_set_live(&screen, &live);
	screen_set_view(&screen, lists_view(d->scene, SECOND), NOW);
	for (; *pressed; pressed++) {
		screen_draw(&screen, &canvas, NOW);
		serve(&screen, d, screen_key(&screen, *pressed, NOW));
	}
	screen_draw(&screen, &canvas, NOW + 100);
	assert_null(scene_check(&canvas));
	canvas_text(&canvas, &text);
	golden_compare(name, &text);
	buf_release(&text);
	screen_release(&screen);
	canvas_release(&canvas);
}

static const uint32_t nothing[] = {0};
static const uint32_t all_rows[] = {'t', KEYS_DOWN, KEYS_DOWN, 0};
static const uint32_t one_key[] = {KEYS_DOWN, KEYS_ENTER, 0};
static const uint32_t windows[] = {KEYS_TAB, 'z', KEYS_DOWN, KEYS_DOWN, 0};
static const uint32_t window[] = {KEYS_TAB, KEYS_DOWN, KEYS_DOWN, KEYS_ENTER,
				  0};
static const uint32_t event[] = {'t', KEYS_DOWN, KEYS_ENTER, 'e', 0};

static void
test_scenes(void **state)
{
	static const struct {
		const char *name;
		const uint32_t *keys;
	} drawings[] = {{"panels", nothing},
			{"rows", all_rows},
			{"key", one_key},
			{"windows", windows}};
	static const enum scene scenes[] = {
	    SCENE_NORMAL, SCENE_EMPTY, SCENE_HOSTILE, SCENE_HUGE, SCENE_ODD};
	static const struct {
		int cols, rows;
	} sizes[] = {{80, 24}, {120, 40}, {200, 60}, {40, 10}};

	(void)state;
	for (size_t s = 0; s < sizeof(scenes) / sizeof(scenes[0]); s++) {
		for (size_t i = 0; i < 4 * 4; i++) {
			struct drawing d = {.scene = scenes[s],
					    .cols = sizes[i % 4].cols,
					    .rows = sizes[i % 4].rows};
			char name[64];

			snprintf(name, sizeof(name), "lists-%s-%s-%dx%d",
				 drawings[i / 4].name, scene_name(d.scene),
				 d.cols, d.rows);
			draw(name, &d, drawings[i / 4].keys);
		}
	}
}

static void
test_more(void **state)
{
	struct drawing d = {.scene = SCENE_NORMAL, .cols = 80, .rows = 24};

	(void)state;
	draw("lists-filter", &d, (const uint32_t[]){'/', 'i', '0', 0x6771, 0});
	draw("lists-filtered", &d,
	     (const uint32_t[]){'/', 'i', '0', KEYS_ENTER, 's', 'v', 0});
	draw("lists-by-key", &d, (const uint32_t[]){'t', 's', 's', 0});
	draw("lists-window", &d, window);
	draw("lists-window-rows", &d,
	     (const uint32_t[]){KEYS_TAB, KEYS_DOWN, KEYS_DOWN, KEYS_ENTER, 't',
				0});
	draw("lists-event", &d, event);
	d.problem = "the broker has this event no longer: retention has "
		    "removed it";
	draw("lists-event-gone", &d, event);
	d.gone = "this key is no longer in the store";
	draw("lists-key-gone", &d, one_key);
	d = (struct drawing){
	    .scene = SCENE_NORMAL, .cols = 80, .rows = 24, .part = true};
	draw("lists-scanning", &d, all_rows);
	d = (struct drawing){.scene = SCENE_HOSTILE, .cols = 80, .rows = 24};
	draw("lists-event-hostile", &d, event);
	d.ascii = true;
	draw("lists-rows-ascii", &d, all_rows);
	draw("lists-key-ascii", &d, one_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scenes),
	    cmocka_unit_test(test_more),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
