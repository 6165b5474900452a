/*
 * What people say about alerts, through an engine on its own broker: it is
 * stored by a commit of its own, also while nothing flows.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine.h"
#include "folder.h"

#define DEADLINE_NS INT64_C(60000000000)

static const char text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 64},"
    "  \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}},"
    " \"alerts\": ["
    "  {\"name\": \"some\", \"table\": \"keys\", \"above\": 1}],"
    " \"generator\": {\"fields\": {\"k\": {\"sequence\": [1, 3]}}}}";

static bool
one_acknowledged(const struct view *view)
{
	return view->rules[0].acknowledged == 1 && view->rules[0].firing == 2;
}

static bool
all_firing(const struct view *view)
{
	return view->rules[0].firing == 3;
}

static bool
all_acknowledged(const struct view *view)
{
	return view->rules[0].acknowledged == 3;
}

static bool
muted(const struct view *view)
{
	return view->rules[0].muted;
}

static bool
not_muted(const struct view *view)
{
	return !view->rules[0].muted;
}

static void
wait_for(struct engine *engine, bool (*what)(const struct view *view))
{
	int64_t until_ns = clock_steady_ns() + DEADLINE_NS;
	uint64_t seen = 0;
	bool is = false;

	while (!is && clock_steady_ns() < until_ns) {
		struct timespec pause = {0, 5000000};
		struct view *view;

		if (engine_view(engine, seen, false, &view, NULL) == 0) {
			is = what(view);
			seen = view->commit;
			view_free(view);
		}
		if (!is)
			nanosleep(&pause, NULL);
	}
	assert_true(is);
}

static void
people_are_heard(void **state)
{
	char root[] = "/tmp/weir-engine-XXXXXX";
	struct engine_options options = {
	    .topic = "world",
	    .generate = true,
	    .per_s = INFINITY,
	    .events = 6,
	    .generators = 1,
	    .seeded = true,
	    .store_path = root,
	    .throwaway = true,
	    .memory_bytes = 64 << 20,
	};
	struct pipeline *p;
	struct engine *engine;
	struct err err = {0};

	(void)state;
	assert_non_null(mkdtemp(root));
	if (pipeline_parse(text, sizeof(text) - 1, "world.json", &p, &err))
		fail_msg("%s", err.text);
	options.pipeline = p;
	if (engine_start(&options, &engine, &err))
		fail_msg("%s", err.text);
	wait_for(engine, all_firing);
	engine_acknowledge(engine, 2);
	wait_for(engine, one_acknowledged);
	engine_acknowledge(engine, 0);
	wait_for(engine, all_acknowledged);
	engine_mute(engine, 0, true);
	wait_for(engine, muted);
	engine_mute(engine, 7, true); /* there is no such rule */
	engine_mute(engine, 0, false);
	wait_for(engine, not_muted);
	assert_int_equal(engine_stop(engine, NULL, NULL, &err), 0);
	engine_free(engine);
	pipeline_free(p);
	remove_folder(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(people_are_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
