/* The pages of the generator and of faults: what their keys ask for. */
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
	f->screen.offers = KEYS_FAULTS | KEYS_PAST;
	canvas_init(&f->canvas, false);
	canvas_resize(&f->canvas, 40, 120);
	screen_set_live(&f->screen, &live);
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 133), NOW);
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
	assert_null(scene_check(&f->canvas));
	return wish;
}

static void
type(struct fixture *f, const char *text)
{
	press(f, KEYS_ENTER);
	assert_int_equal(f->screen.mode, SCREEN_PROMPT);
	for (; *text; text++)
		press(f, (unsigned char)*text);
}

static bool
shows(struct fixture *f, const char *text)
{
	struct buf out = BUF_INIT;
	bool found;

	screen_draw(&f->screen, &f->canvas, NOW);
	canvas_text(&f->canvas, &out);
	buf_add(&out, "", 1);
	found = strstr(out.data, text) != NULL;
	buf_release(&out);
	return found;
}

/* The line with this name is selected. */
static void
go_to(struct fixture *f, const char *name)
{
	char marked[64];

	snprintf(marked, sizeof(marked), "▸ %s ", name);
	press(f, KEYS_HOME);
	for (int i = 0; i < 20 && !shows(f, marked); i++)
		press(f, KEYS_DOWN);
	assert_true(shows(f, marked));
}

static void
test_opens(void **state)
{
	struct fixture *f = *state;

	press(f, 'g');
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	assert_true(shows(f, "─ generator ─"));
	press(f, 'f');
	assert_int_equal(f->screen.mode, SCREEN_FAULTS);
	assert_true(shows(f, "─ faults of the embedded broker ─"));
	press(f, 'f');
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	press(f, 'g');
	press(f, '?');
	press(f, ' ');
	press(f, KEYS_PAGE_DOWN);
	press(f, 'x');
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	press(f, KEYS_TAB);
	press(f, 'z');
	press(f, 's');
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	press(f, KEYS_ESC);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_int_equal(f->screen.focus, 0);
	/* They are of now. */
	press(f, 'f');
	assert_int_equal(press(f, '{'), SCREEN_STEP);
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
}

/* Keys of the pages are for the pages. */
static void
test_not_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(press(f, KEYS_RIGHT), SCREEN_NOTHING);
	assert_int_equal(press(f, KEYS_F2), SCREEN_NOTHING);
	assert_true(f->screen.live.controls.per_s == 10000);
	assert_int_equal(press(f, 'F'), SCREEN_NOTHING);
	assert_true(shows(f, "no fault is on"));
	f->screen.offers = 0;
	press(f, 'f');
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, "only the embedded broker has faults"));
	f->screen.live.generating = false;
	press(f, 'g');
	assert_int_equal(f->screen.mode, SCREEN_PANELS);
	assert_true(shows(f, "only watching"));
}

static void
test_steps(void **state)
{
	struct fixture *f = *state;
	struct generator_controls *set = &f->screen.live.controls;

	press(f, 'g');
	assert_int_equal(press(f, KEYS_RIGHT), SCREEN_CONTROL);
	assert_true(set->per_s == 11000);
	assert_true(f->screen.live.controls.per_s == 11000);
	press(f, KEYS_LEFT);
	assert_true(set->per_s == 9900);
	/* The other keys for the rate work here, too. */
	assert_int_equal(press(f, '>'), SCREEN_CONTROL);
	assert_true(set->per_s == 19800);

	go_to(f, "shape");
	for (int i = 1; i <= CURVES; i++) {
		assert_int_equal(press(f, KEYS_RIGHT), SCREEN_CONTROL);
		assert_int_equal(set->curve.kind, i % CURVES);
		assert_int_equal(set->curve.field,
				 i % CURVES == CURVE_SPIKE ? 0 : -1);
	}
	press(f, KEYS_LEFT);
	assert_int_equal(set->curve.kind, CURVE_SPIKE);
	go_to(f, "spike of");
	press(f, KEYS_RIGHT);
	assert_int_equal(set->curve.field, 1);
	press(f, KEYS_RIGHT);
	assert_int_equal(set->curve.field, 0);
	go_to(f, "its share");
	press(f, KEYS_RIGHT);
	assert_true(fabs(set->curve.share - 0.6) < 1e-9);
	for (int i = 0; i < 20; i++)
		press(f, KEYS_RIGHT);
	assert_true(set->curve.share == 1);
	/* At the end there is nothing to ask for. */
	assert_int_equal(press(f, KEYS_RIGHT), SCREEN_NOTHING);
	go_to(f, "period");
	press(f, KEYS_LEFT);
	assert_int_equal(set->curve.period_ms, 30000);
	go_to(f, "bad events");
	press(f, KEYS_RIGHT);
	assert_true(set->bad_share == 0.001);
	press(f, KEYS_LEFT);
	assert_int_equal(press(f, KEYS_LEFT), SCREEN_NOTHING);
	go_to(f, "user values");
	press(f, KEYS_RIGHT);
	assert_int_equal(set->fields[0].count, 200000);
	press(f, KEYS_LEFT);
	press(f, KEYS_LEFT);
	assert_int_equal(set->fields[0].count, 50000);
	for (int i = 0; i < 40; i++)
		press(f, KEYS_LEFT);
	assert_int_equal(set->fields[0].count, 1);
	for (int i = 0; i < 60; i++)
		press(f, KEYS_RIGHT);
	assert_true(set->fields[0].count == GEN_COUNT_MAX);
	press(f, KEYS_LEFT);
	assert_true(set->fields[0].count == UINT64_C(2000000000));
	go_to(f, "item skew");
	press(f, KEYS_LEFT);
	assert_true(fabs(set->fields[1].exponent - 1.0) < 1e-9);
	for (int i = 0; i < 20; i++)
		press(f, KEYS_LEFT);
	assert_true(set->fields[1].exponent == GEN_EXPONENT_MIN);
	press(f, KEYS_RIGHT);
	assert_true(fabs(set->fields[1].exponent - 0.1) < 1e-9);
}

static void
test_typed(void **state)
{
	struct fixture *f = *state;
	struct generator_controls *set = &f->screen.live.controls;

	press(f, 'g');
	go_to(f, "user values");
	type(f, "2.5k");
	assert_true(shows(f, "distinct values: 2.5k"));
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_CONTROL);
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	assert_int_equal(set->fields[0].count, 2500);
	type(f, "0");
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_NOTHING);
	assert_int_equal(f->screen.mode, SCREEN_PROMPT);
	assert_true(shows(f, "from 1 to 4,294,967,296"));
	press(f, KEYS_ESC);
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	assert_int_equal(set->fields[0].count, 2500);
	type(f, "max");
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_NOTHING);
	press(f, KEYS_ESC);
	go_to(f, "bad events");
	type(f, "12.5");
	press(f, KEYS_ENTER);
	assert_true(set->bad_share == 0.125);
	type(f, "x");
	press(f, KEYS_ENTER);
	assert_true(shows(f, "not a number"));
	press(f, KEYS_ESC);
	/* The rate has its own question, here as elsewhere. */
	go_to(f, "rate");
	type(f, "7k");
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_CONTROL);
	assert_true(set->per_s == 7000);
	assert_int_equal(f->screen.mode, SCREEN_GENERATOR);
	/* What is only chosen goes on by Enter. */
	go_to(f, "shape");
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_CONTROL);
	assert_int_equal(set->curve.kind, CURVE_RAMP);
}

static void
test_presets(void **state)
{
	struct fixture *f = *state;
	struct generator_controls *set = &f->screen.live.controls, calm;

	controls_init(&calm, f->screen.view->pipeline);
	press(f, 'g');
	press(f, KEYS_RIGHT);
	assert_int_equal(press(f, KEYS_F1), SCREEN_CONTROL);
	assert_true(controls_same(set, &calm));
	assert_int_equal(press(f, KEYS_F1), SCREEN_NOTHING);
	press(f, KEYS_F2);
	assert_true(set->per_s == 10 * calm.per_s);
	press(f, KEYS_F3);
	assert_int_equal(set->curve.kind, CURVE_BURSTS);
	assert_true(set->per_s == 10 * calm.per_s);
	press(f, KEYS_F4);
	assert_int_equal(set->curve.kind, CURVE_SPIKE);
	assert_int_equal(set->curve.field, 0);
	assert_true(set->per_s == calm.per_s);
	press(f, KEYS_F5);
	assert_true(set->bad_share == 0.1);
	assert_int_equal(set->curve.kind, CURVE_CONSTANT);
	press(f, KEYS_F6);
	assert_true(isinf(set->per_s) && set->bad_share == 0);
	assert_true(isinf(f->screen.live.controls.per_s));
}

/* The selection stays within a list that has become shorter. */
static void
test_list_shrinks(void **state)
{
	struct fixture *f = *state;

	press(f, 'g');
	press(f, KEYS_F4);
	press(f, KEYS_END);
	press(f, KEYS_F1);
	assert_true(shows(f, "▸ item skew"));
	canvas_resize(&f->canvas, 10, 40);
	assert_true(shows(f, "▸ item skew"));
	press(f, KEYS_HOME);
	assert_true(shows(f, "▸ rate"));
}

static void
test_faults(void **state)
{
	struct fixture *f = *state;
	struct fault_state *faults = f->screen.live.faults;

	press(f, 'f');
	press(f, KEYS_DOWN);
	assert_int_equal(press(f, KEYS_ENTER), SCREEN_FAULT);
	for (int i = 0; i < FAULTS; i++)
		assert_int_equal(faults[i].wanted, i == FAULT_DOWN);
	assert_true(shows(f, "FAULT broker down"));
	assert_true(shows(f, "setting in"));
	faults[FAULT_DOWN].on = true;
	assert_true(shows(f, "broker down   ON"));
	/* On is on already. */
	assert_int_equal(press(f, KEYS_RIGHT), SCREEN_NOTHING);
	press(f, KEYS_UP);
	press(f, KEYS_RIGHT);
	assert_true(shows(f, "FAULT broker slow, broker down"));
	press(f, KEYS_END);
	press(f, KEYS_ENTER);
	assert_true(shows(f, "FAULT 3 at once"));
	press(f, 'f');
	/* Also without the page. */
	assert_true(shows(f, "FAULT 3 at once"));
	assert_int_equal(press(f, 'F'), SCREEN_FAULT);
	for (int i = 0; i < FAULTS; i++)
		assert_false(faults[i].wanted);
	/* It is said as long as it is so. */
	assert_true(shows(f, "FAULT broker down"));
	faults[FAULT_DOWN].on = false;
	assert_false(shows(f, "FAULT"));
}

/* Whatever is pressed at whatever size, all that is asked for can be done. */
static void
test_random(void **state)
{
	static const uint32_t some[] = {
	    'g',
	    'f',
	    'F',
	    KEYS_UP,
	    KEYS_DOWN,
	    KEYS_LEFT,
	    KEYS_LEFT,
	    KEYS_RIGHT,
	    KEYS_RIGHT,
	    KEYS_ENTER,
	    KEYS_ESC,
	    KEYS_HOME,
	    KEYS_END,
	    KEYS_PAGE_DOWN,
	    '5',
	    'k',
	    '.',
	    KEYS_F1,
	    KEYS_F3,
	    KEYS_F4,
	    KEYS_F6,
	    '?',
	    KEYS_BACKSPACE,
	    'r',
	    'd',
	    '{',
	    ' ',
	    KEYS_TAB,
	    'z',
	};
	struct fixture *f = *state;
	uint64_t seed = 1;

	for (int round = 0; round < 5000; round++) {
		const struct generator_controls *set = &f->screen.live.controls;
		unsigned n;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n = (unsigned)(seed >> 40);
		if (n % 11 == 0)
			canvas_resize(&f->canvas, (int)(n / 11 % 70),
				      (int)(n / 770 % 220));
		if (n % 29 == 0) {
			enum scene scene = (enum scene)(n / 29 % SCENES);
			struct dashboard_live live = scene_live(scene);

			screen_set_live(&f->screen, &live);
			screen_set_view(&f->screen, scene_view(scene, 133),
					NOW);
		}
		press(f, some[(seed >> 20) % (sizeof(some) / sizeof(some[0]))]);
		assert_true(set->per_s >= 0);
		assert_true(set->bad_share >= 0 && set->bad_share <= 1);
		assert_true(set->curve.kind < CURVES);
		assert_true((set->curve.kind == CURVE_SPIKE) ==
			    (set->curve.field >= 0));
		for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++)
			assert_true(set->fields[i].count <= GEN_COUNT_MAX);
	}
}

/* Below the controls stands what the pipeline file says of its fields. */
static void
test_notes(void **state)
{
	struct fixture *f = *state;
	struct view *view = scene_view(SCENE_NORMAL, 133);
	struct text other = {"a\nvalue that is very long", 25}, none = {"", 0};
	struct pipeline p = *scene_pipeline();
	struct generator_spec *g = &p.generator;

	view->pipeline = &p;
	screen_set_view(&f->screen, view, NOW);
	press(f, 'g');
	assert_false(shows(f, "uuid"));
	g->fields[0].kind = GEN_UUID;
	g->fields[1].from_ms = 30000;
	g->fields[1].until_ms = 3600000;
	g->faults[0] = (struct gen_fault){1, 0.05, NULL};
	g->faults[1] = (struct gen_fault){2, 0.5, &other};
	g->faults[2] = (struct gen_fault){2, 1, &none};
	g->faults_len = 3;
	press(f, KEYS_HOME);
	assert_true(shows(f, "uuid"));
	assert_true(shows(f, "from 30 s, until 1 h, 5.0 % negated"));
	assert_true(shows(f, "50.0 % a\xe2\x90\x8avalue that is…, "
			     "100.0 % empty"));
	/* The last of what is left is for what there is no room for. */
	for (int rows = 40; rows > 1; rows--) {
		canvas_resize(&f->canvas, rows, 60);
		press(f, KEYS_HOME);
		assert_false(shows(f, "uuid") && !shows(f, "negated") &&
			     !shows(f, "and 2 more fields"));
	}
	assert_false(shows(f, "uuid"));
	/* The view and its pipeline go away together. */
	screen_set_view(&f->screen, scene_view(SCENE_NORMAL, 133), NOW);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_opens),        TEST(test_notes),  TEST(test_not_there),
	    TEST(test_steps),        TEST(test_typed),  TEST(test_presets),
	    TEST(test_list_shrinks), TEST(test_faults), TEST(test_random),
	};
#undef TEST

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
