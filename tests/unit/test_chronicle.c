/* What is told of two views that follow each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chronicle.h"

#define NOW INT64_C(1735689600000)

struct world {
	struct pipeline pipeline;
	struct chronicle chronicle;
	struct view view;
	struct view_partition partitions[4];
	struct view_alert alerts[40];
	struct log *log;
	struct log_lines lines;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->pipeline.name, "clicks");
	w->pipeline.alerts_len = 2;
	strcpy(w->pipeline.alerts[0].name, "hot item");
	w->pipeline.alerts[0].severity = SEVERITY_CRITICAL;
	strcpy(w->pipeline.alerts[1].name, "quiet");
	w->view = (struct view){.pipeline = &w->pipeline,
				.commit = 7,
				.commit_ms = NOW,
				.balanced = true,
				.partitions = w->partitions,
				.alert_log = w->alerts};
	strcpy(w->view.source, "brokers a:9092");
	strcpy(w->view.topic, "clicks");
	for (int i = 0; i < 4; i++)
		w->partitions[i] = (struct view_partition){
		    .id = i, .topic = "clicks", .begin = 100 * i};
	w->view.partitions_len = 2;
	w->log = log_new();
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	log_free(w->log);
	free(w);
	return 0;
}

/* The lines that a view brings. */
static unsigned
tell(struct world *w)
{
	uint64_t newest;

	log_read(w->log, &w->lines);
	newest = w->lines.len ? w->lines.at[0].number : 0;
	chronicle_add(&w->chronicle, &w->view, w->log);
	log_read(w->log, &w->lines);
	return (unsigned)((w->lines.len ? w->lines.at[0].number : 0) - newest);
}

static void
assert_line(struct world *w, unsigned i, enum log_level level, const char *text)
{
	assert_string_equal(w->lines.at[i].text, text);
	assert_int_equal(w->lines.at[i].level, level);
}

static void
test_begin(void **state)
{
	struct world *w = *state;

	/* What was there before is no news. */
	w->view.ledger.lost = 5;
	w->view.alert_log_len = 1;
	w->alerts[0].since_ms = NOW - 5;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_NOTE,
		    "pipeline clicks, brokers a:9092, topic clicks, commit 7");
	assert_int_equal(tell(w), 0);
}

static void
test_flow(void **state)
{
	struct world *w = *state;

	tell(w);
	w->view.partitions_len = 3;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_NOTE,
		    "partition 2 of clicks is new: from offset 200 on");
	w->partitions[0].state = VIEW_PARTITION_ENDED;
	w->view.ledger.lost = 12;
	assert_int_equal(tell(w), 2);
	assert_line(w, 1, LEVEL_WARNING,
		    "partitions that have ended (made anew, gone, or read on "
		    "by others): 1 more");
	assert_line(w, 0, LEVEL_WARNING,
		    "12 events are lost: they were gone from the topic before "
		    "they were read");
	w->view.balanced = false;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_ERROR,
		    "the ledger does not balance at commit 7");
	w->view.balanced = true;
	assert_int_equal(tell(w), 1);
	assert_int_equal(w->lines.at[0].level, LEVEL_NOTE);
}

static void
test_alerts(void **state)
{
	struct world *w = *state;
	static char key[] = "i\0\x1b", message[] = "much";
	static char whole[] = "so much of i";

	tell(w);
	w->view.alert_log_len = 2;
	w->alerts[0] = (struct view_alert){
	    .rule = 1, .state = VIEW_ALERT_CLEARED, .since_ms = NOW + 20};
	w->alerts[1] = (struct view_alert){.rule = 0,
					   .state = VIEW_ALERT_FIRING,
					   .key = {key, 1},
					   .message = {message, 4},
					   .since_ms = NOW + 10};
	assert_int_equal(tell(w), 2);
	assert_line(w, 1, LEVEL_ERROR, "alert firing: hot item, i: much");
	assert_int_equal(w->lines.at[1].time_ms, NOW + 10);
	assert_line(w, 0, LEVEL_NOTE, "alert cleared: quiet");
	assert_int_equal(tell(w), 0);
	/* A message that says the key is enough. */
	w->alerts[0] = w->alerts[1];
	w->alerts[0].message = (struct view_text){whole, sizeof(whole) - 1};
	w->alerts[0].since_ms = NOW + 30;
	w->view.alert_log_len = 1;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_ERROR, "alert firing: hot item: so much of i");
	/* A storm: what is not told is counted. */
	w->view.alert_log_len = 40;
	for (int i = 0; i < 40; i++) {
		static char keys[40][16];

		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		w->alerts[i] = (struct view_alert){.state = VIEW_ALERT_FIRING,
						   .key = {keys[i], 3},
						   .since_ms = NOW + 100 - i};
	}
	assert_int_equal(tell(w), 1 + CHRONICLE_ALERTS);
	assert_line(w, CHRONICLE_ALERTS, LEVEL_WARNING,
		    "30 more changes of alerts");
	assert_int_equal(tell(w), 0);
}

static struct view_dead
letter(enum reason reason, const char *field, const char *rule)
{
	return (struct view_dead){
	    .reason_name = reason_name(reason), .field = field, .rule = rule};
}

/* What died between two lines: each once, and not a line an event. */
static void
test_dead(void **state)
{
	struct world *w = *state;
	static const char country[] = "country", user[] = "user_id",
			  none_of[] = "none_of", min[] = "min", max[] = "max";
	struct view_reason reasons[] = {
	    {reason_name(REASON_NONE_OF), "x", 100},
	    {reason_name(REASON_OUT_OF_RANGE), "x", 5},
	    {reason_name(REASON_NOT_JSON), "x", 0},
	};
	struct view_dead dead[] = {
	    letter(REASON_OUT_OF_RANGE, user, max),
	    letter(REASON_NONE_OF, country, none_of),
	    letter(REASON_NOT_JSON, NULL, NULL),
	    letter(REASON_NONE_OF, country, none_of),
	    letter(REASON_OUT_OF_RANGE, user, min),
	    letter(REASON_MISSING, country, none_of),
	};

	w->view.reasons = reasons;
	w->view.reasons_len = 3;
	w->view.dead = dead;
	w->view.dead_len = 6;
	/* What had died before the beginning is no news. */
	assert_int_equal(tell(w), 1);
	reasons[1].count = 6;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_WARNING,
		    "1 dead letter: 1 out of range (user_id: max)");
	/* Soon after, nothing; then all that was not told. */
	reasons[0].count = 101;
	w->view.commit_ms += CHRONICLE_DEAD_MS - 1;
	assert_int_equal(tell(w), 0);
	reasons[0].count = 109;
	reasons[1].count = 8;
	reasons[2].count = 1;
	w->view.commit_ms++;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_WARNING,
		    "12 dead letters: 9 not allowed (country: none_of), 2 out "
		    "of range (user_id: max, user_id: min), 1 not JSON");
	/* Those that keep coming have their next line later. */
	w->view.commit_ms += 2 * CHRONICLE_DEAD_MS;
	assert_int_equal(tell(w), 0);
	/* Letters that are older than what is told say nothing of it. */
	reasons[1].count++;
	assert_int_equal(tell(w), 1);
	assert_line(w, 0, LEVEL_WARNING,
		    "1 dead letter: 1 out of range (user_id: max)");
}

/* Letters of one reason that come all the time do not fill the log. */
static void
test_dead_for_long(void **state)
{
	struct world *w = *state;
	struct view_reason reasons[2] = {
	    {.name = reason_name(REASON_NONE_OF)},
	    {.name = reason_name(REASON_NOT_JSON)},
	};
	int64_t lines = 0;

	w->view.reasons = reasons;
	w->view.reasons_len = 2;
	tell(w);
	for (int second = 0; second < 3600; second++) {
		w->view.commit_ms += 1000;
		reasons[0].count += 1 + second;
		lines += tell(w);
	}
	/* At 1, 11, 31, 71, 151, 311 seconds, then each 5 minutes: 10 more. */
	assert_int_equal(lines, 16);
	/* A reason that is new is told soon, together with all since. */
	w->view.commit_ms += CHRONICLE_DEAD_MS;
	reasons[1].count = 1;
	assert_int_equal(tell(w), 1);
	/* When they have stopped for long, the next one is told at once. */
	w->view.commit_ms += 2 * CHRONICLE_DEAD_MAX_MS;
	reasons[0].count++;
	assert_int_equal(tell(w), 1);
	w->view.commit_ms += CHRONICLE_DEAD_MS;
	reasons[0].count += 2;
	assert_int_equal(tell(w), 1);
}

static void
test_fields(void **state)
{
	struct world *w = *state;
	static char names[2][16] = {"device_type", "a\x1b"};
	struct view_seen seen[2] = {{.name = {names[0], 11}},
				    {.name = {names[1], 2}}};
	struct view_change changes[VIEW_CHANGES] = {{0}};

	w->view.seen = seen;
	w->view.changes = changes;
	w->view.changes_total = 4;
	w->view.changes_len = 1;
	tell(w); /* What was there before is no news. */
	assert_int_equal(tell(w), 0);
	w->view.changes_total = 7;
	w->view.changes_len = 4;
	changes[0] = (struct view_change){
	    VIEW_CHANGE_TYPE, 1, VIEW_TYPE_ARRAY, {3, 9, NULL}, NOW};
	changes[1] = (struct view_change){VIEW_CHANGE_VANISHED,
					  0,
					  VIEW_TYPE_NULL,
					  {1, 77, "my_events"},
					  NOW + 1};
	changes[2] = (struct view_change){VIEW_CHANGE_APPEARED,
					  0,
					  VIEW_TYPE_STRING,
					  {2, 1234, "my_events"},
					  NOW + 2};
	assert_int_equal(tell(w), 3);
	assert_line(w, 2, LEVEL_WARNING,
		    "field device_type appeared: my_events[2]@1234, string");
	assert_int_equal(w->lines.at[2].time_ms, NOW + 2);
	assert_line(w, 1, LEVEL_WARNING,
		    "field device_type vanished: last in my_events[1]@77");
	assert_line(w, 0, LEVEL_WARNING,
		    "field a\x1b has a new type: ?[3]@9, array");
	assert_int_equal(tell(w), 0);
	/* More than are kept. */
	w->view.changes_total = 107;
	w->view.changes_len = VIEW_CHANGES;
	assert_true(tell(w) > 1);
	assert_true(strstr(w->lines.at[w->lines.len - 1].text, "pipeline"));
	for (unsigned i = 0; i < w->lines.len; i++)
		if (strcmp(w->lines.at[i].text, "68 more changes of fields") ==
		    0)
			return;
	fail_msg("those that are not told are not counted");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_begin, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_flow, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_alerts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dead, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dead_for_long, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_fields, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
