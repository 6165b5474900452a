/*
 * Whatever is pressed, pasted, clicked, resized and shown, in whatever order,
 * the screen holds: it draws within its canvas, and nothing that may not be in
 * a cell. The steps are random ones of a fixed seed; WEIR_RANDOM_STEPS and
 * WEIR_RANDOM_SEED in the environment give others.
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

#include "base/random.h"
#include "keys.h"
#include "screen.h"
#include "screen/scene.h"

#define STEPS 20000

struct player {
	struct random random;
	struct screen screen;
	struct canvas canvas;
	int64_t now_ms;
	int second;
	unsigned step;
	bool alerts; /* the pipeline has rules */
};

static uint64_t
from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static unsigned
below(struct player *p, unsigned limit)
{
	return (unsigned)random_below(&p->random, limit);
}

/* Of one pipeline: a dashboard shows one. */
static enum scene
any_scene(struct player *p)
{
	static const enum scene with[] = {SCENE_ALERTS, SCENE_STORM},
				without[] = {SCENE_NORMAL, SCENE_EMPTY,
					     SCENE_HOSTILE, SCENE_HUGE,
					     SCENE_ODD};

	return p->alerts ? with[below(p, 2)] : without[below(p, 5)];
}

static uint32_t
any_key(struct player *p)
{
	switch (below(p, 10)) {
	case 0: /* any code point, or none */
		return below(p, 0x111000);
	case 1: /* control characters */
		return below(p, 0x20);
	case 2:
	case 3:
		return 0x20 + below(p, 0x60);
	default:
		return keys[below(p, keys_len)].key;
	}
}

static void
resize(struct player *p)
{
	static const int sizes[][2] = {
	    {1, 1},   {1, 300}, {300, 1}, {24, 80}, {40, 120},   {60, 200},
	    {10, 40}, {9, 39},  {10, 41}, {11, 75}, {512, 1024},
	};
	unsigned which = below(p, 16);

	if (which < sizeof(sizes) / sizeof(sizes[0]))
		canvas_resize(&p->canvas, sizes[which][0], sizes[which][1]);
	else
		canvas_resize(&p->canvas, 1 + (int)below(p, 70),
			      1 + (int)below(p, 220));
}

/* What the dashboard would do. */
static void
grant(struct player *p, enum screen_wish wish)
{
	struct dashboard_past past;
	int64_t id;

	if (wish == SCREEN_STEP && below(p, 4) == 0)
		screen_no_past(&p->screen, p->now_ms);
	else if (wish == SCREEN_STEP) {
		past = scene_past(any_scene(p), 1 + (int)below(p, 30));
		screen_set_past(&p->screen, &past, p->now_ms);
	}
	if (!screen_wants_base(&p->screen, &id))
		return;
	if (below(p, 4) == 0) {
		screen_no_base(&p->screen, p->now_ms);
	} else {
		past = scene_past(any_scene(p), 1 + (int)below(p, 30));
		screen_set_base(&p->screen, &past);
	}
}

static void
point(struct player *p)
{
	struct mouse_event event = {
	    .kind = (enum mouse_kind)below(p, 3),
	    .row = (int)below(p, 80) - 5,
	    .col = (int)below(p, 230) - 5,
	};

	grant(p, screen_mouse(&p->screen, &event, p->now_ms));
}

static void
show(struct player *p)
{
	enum scene scene = any_scene(p);
	struct dashboard_live live = scene_live(scene);

	live.ended = below(p, 20) == 0;
	screen_set_live(&p->screen, &live);
	screen_set_log(&p->screen, below(p, 8) ? scene_log(scene) : NULL);
	screen_set_view(&p->screen, scene_view(scene, p->second), p->now_ms);
	screen_set_problem(&p->screen,
			   below(p, 10) ? "" : "the \033[5mstore\n is gone");
}

static void
check(struct player *p)
{
	const char *wrong;

	screen_draw(&p->screen, &p->canvas, p->now_ms);
	wrong = scene_check(&p->canvas);
	if (wrong)
		fail_msg("step %u: %s, %dx%d", p->step, wrong, p->canvas.cols,
			 p->canvas.rows);
	if (p->screen.panels_len > 0)
		assert_true(p->screen.focus < p->screen.panels_len);
	assert_true(strlen(p->screen.prompt) <= SCREEN_PROMPT_MAX);
}

static void
play(bool alerts, bool ascii, uint64_t seed, unsigned steps)
{
	struct player p = {
	    .now_ms = SCENE_START_MS + 133000, .second = 133, .alerts = alerts};

	random_init(&p.random, seed, 0);
	screen_init(&p.screen);
	p.screen.offers = below(&p, 2) ? KEYS_COMMANDS | KEYS_PAST |
					     KEYS_SNAPSHOT | KEYS_MOUSE
				       : 0;
	canvas_init(&p.canvas, ascii);
	canvas_resize(&p.canvas, 40, 120);
	for (p.step = 0; p.step < steps; p.step++) {
		switch (below(&p, 40)) {
		case 0:
			resize(&p);
			break;
		case 1:
			p.second = 1 + (int)below(&p, 400);
			show(&p);
			break;
		case 2:
			/* Clocks are also set back. */
			p.now_ms += (int64_t)below(&p, 20000) - 2000;
			break;
		case 3:
		case 4:
			point(&p);
			break;
		default:
			grant(&p, screen_key(&p.screen, any_key(&p), p.now_ms));
		}
		check(&p);
	}
	screen_release(&p.screen);
	canvas_release(&p.canvas);
}

static void
test_keys(void **state)
{
	unsigned steps = (unsigned)from_environment("WEIR_RANDOM_STEPS", STEPS);
	uint64_t seed = from_environment("WEIR_RANDOM_SEED", 5);

	(void)state;
	print_message("# seed %llu, %u steps\n", (unsigned long long)seed,
		      steps);
	for (unsigned i = 0; i < 4; i++)
		play(i & 1, i & 2, seed + i, steps / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
