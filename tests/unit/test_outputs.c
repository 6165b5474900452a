/*
 * The pipeline's outputs: what a file may say of them, what their records are,
 * to the byte, and what the store keeps of windows until they are written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/aggregate.h"
#include "aggregate/key.h"
#include "aggregate/watermark.h"
#include "base/buf.h"
#include "derive.h"
#include "event/event.h"
#include "check.h"
#include "folder.h"
#include "store/store.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
/* 2024-02-29 23:59:00 UTC */
#define START_MS INT64_C(1709251140000)

#define HEAD                                                                   \
	"{\"name\": \"world\", \"topic\": {\"name\": \"world\"},\n"            \
	"\"dead_letters\": {\"topic\": \"world.dead\"},\n"                     \
	"\"alerts_topic\": \"world.alerts\",\n"                                \
	"\"event\": {\"time\": \"t\", \"fields\": {\n"                         \
	"  \"k\": {\"type\": \"string\", \"path\": \"who.k\", "                \
	"\"max_length\": 100},\n"                                              \
	"  \"i\": {\"type\": \"integer\", \"optional\": true},\n"              \
	"  \"x\": {\"type\": \"number\", \"optional\": true},\n"               \
	"  \"b\": {\"type\": \"boolean\", \"optional\": true},\n"              \
	"  \"u\": {\"type\": \"time\", \"unit\": \"ns\", \"optional\": "       \
	"true},\n"                                                             \
	"  \"t\": {\"type\": \"time\", \"unit\": \"ms\"}}},\n"                 \
	"\"tables\": {\n"                                                      \
	"  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}},\n"   \
	"  \"minutes\": {\"by\": [\"k\", \"i\", \"b\"], \"measures\": {\n"     \
	"    \"n\": \"count\", \"most\": {\"maximum\": \"i\"},\n"              \
	"    \"x\": {\"sum\": \"x\"}},\n"                                      \
	"    \"window\": {\"tumbling\": \"1m\", \"average\": \"1s\",\n"        \
	"      \"keep\": \"2m\", \"lateness\": \"10s\"}},\n"                   \
	"  \"plain\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"},\n"   \
	"    \"window\": {\"tumbling\": \"1m\"}}}"

#define EVENTS_LINE                                                            \
	"{\"topic\": \"world.all\", \"events\": true,"                         \
	" \"add\": {\"day\": {\"date\": \"t\"}, \"then\": {\"datetime\": "     \
	"\"u\"}}}"
#define WINDOWS_LINE                                                           \
	"{\"topic\": \"world.minutes\", \"windows\": \"minutes\","             \
	" \"fields\": {\"who\": {\"key\": \"k\"}, \"i\": {\"key\": \"i\"},"    \
	" \"b\": {\"key\": \"b\"}, \"from\": {\"window\": \"start\"},"         \
	" \"to\": {\"window\": \"end\"}, \"n\": {\"measure\": \"n\"},"         \
	" \"most\": {\"measure\": \"most\"}, \"x\": {\"average\": \"x\"}}}"

static const char text[] =
    HEAD ",\n\"outputs\": [" EVENTS_LINE ", " WINDOWS_LINE "]}";

static struct pipeline *p;

static struct pipeline *
parse(const char *file)
{
	struct pipeline *pipeline;
	struct err err;

	check_ok(pipeline_parse(file, strlen(file), "f", &pipeline, &err),
		 &err);
	return pipeline;
}

/* ---- The file ---- */

#define WINDOWS "{\"topic\": \"o\", \"windows\": \"minutes\""
#define FIELD(text)                                                            \
	"[" WINDOWS ", \"fields\": {\"a\": {\"key\": \"k\"}, \"c\": " text "}" \
	"}"                                                                    \
	"]"

static const struct {
	const char *outputs, *error;
} wrong[] = {
    {"{}", "f:20: outputs: must be an array, not an object"},
    {"[{}]", "f:20: outputs[0]: needs \"topic\""},
    {"[{\"topic\": \"a b\"}]",
     "f:20: outputs[0].topic: is no topic name: 1 to 249 letters, digits and "
     "\"._-\", not \".\" or \"..\""},
    {"[{\"topic\": \"world\"}]",
     "f:20: outputs[0].topic: is the topic that is watched"},
    {"[{\"topic\": \"world.dead\"}]",
     "f:20: outputs[0].topic: is the topic of dead letters"},
    {"[{\"topic\": \"world.alerts\"}]",
     "f:20: outputs[0].topic: is the topic of alerts"},
    {"[{\"topic\": \"o\", \"events\": true},\n {\"topic\": \"o\"}]",
     "f:21: outputs[1].topic: is the topic of another output"},
    {"[{\"topic\": \"o\"}]",
     "f:20: outputs[0]: needs either \"events\" or \"windows\""},
    {"[" WINDOWS ", \"events\": true}]",
     "f:20: outputs[0]: needs either \"events\" or \"windows\""},
    {"[{\"topic\": \"o\", \"events\": false}]",
     "f:20: outputs[0].events: must be true"},
    {"[{\"topic\": \"o\", \"events\": true, \"fields\": {}}]",
     "f:20: outputs[0].fields: is for windows; events have all their fields, "
     "and what \"add\" adds"},
    {"[{\"topic\": \"o\", \"events\": true, \"add\": {\"day\": {}}}]",
     "f:20: outputs[0].add.day: needs either \"date\" or \"datetime\""},
    {"[{\"topic\": \"o\", \"events\": true, \"add\": {\"day\": {\"date\": "
     "\"k\"}}}]",
     "f:20: outputs[0].add.day.date: no field of type time \"k\"; there is "
     "\"u\", \"t\""},
    {"[{\"topic\": \"o\", \"events\": true, \"add\": {\"k\": {\"date\": "
     "\"t\"}}}]",
     "f:20: outputs[0].add.k: is a field of the event already"},
    {"[" WINDOWS "}]", "f:20: outputs[0]: needs \"fields\""},
    {"[" WINDOWS ", \"fields\": {}}]",
     "f:20: outputs[0].fields: is empty: there must be columns"},
    {"[" WINDOWS ", \"fields\": {}, \"add\": {}}]",
     "f:20: outputs[0].add: is for events; windows have \"fields\""},
    {"[{\"topic\": \"o\", \"windows\": \"keys\", \"fields\": {}}]",
     "f:20: outputs[0].windows: table \"keys\" has no window"},
    {"[{\"topic\": \"o\", \"windows\": \"minute\", \"fields\": {}}]",
     "f:20: outputs[0].windows: no table \"minute\"; did you mean "
     "\"minutes\"?"},
    {FIELD("{}"), "f:20: outputs[0].fields.c: needs exactly one of \"key\", "
		  "\"window\", \"measure\", \"average\""},
    {FIELD("{\"key\": \"k\", \"measure\": \"n\"}"),
     "f:20: outputs[0].fields.c: needs exactly one of \"key\", \"window\", "
     "\"measure\", \"average\""},
    {FIELD("{\"key\": \"x\"}"), "f:20: outputs[0].fields.c.key: no field of "
				"the key \"x\"; there is \"k\", \"i\", \"b\""},
    {FIELD("{\"window\": \"begin\"}"),
     "f:20: outputs[0].fields.c.window: no part of a window \"begin\"; there "
     "is \"start\", \"end\""},
    {FIELD("{\"measure\": \"m\"}"), "f:20: outputs[0].fields.c.measure: no "
				    "measure \"m\"; there is \"n\", \"most\", "
				    "\"x\""},
    {FIELD("{\"average\": \"most\"}"),
     "f:20: outputs[0].fields.c.average: is no count and no sum"},
    {"[{\"topic\": \"o\", \"windows\": \"plain\", \"fields\": {\"c\": "
     "{\"average\": \"n\"}}}]",
     "f:20: outputs[0].fields.c.average: needs \"average\" in the window of "
     "table \"plain\""},
};

static void
what_a_file_may_not_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf file = BUF_INIT;
		struct pipeline *none = NULL;
		struct err err = {0};

		buf_addf(&file, "%s,\n\"outputs\": %s}", HEAD,
			 wrong[i].outputs);
		assert_int_equal(
		    pipeline_parse(file.data, file.size, "f", &none, &err),
		    WEIR_PIPELINE);
		assert_string_equal(err.text, wrong[i].error);
		buf_release(&file);
	}
}

static void
what_a_file_says(void **state)
{
	struct pipeline *without = parse(HEAD "}");

	(void)state;
	assert_int_equal(without->outputs_len, 0);
	assert_true(without->fingerprint == p->fingerprint);
	pipeline_free(without);
	assert_int_equal(p->outputs_len, 2);
	assert_string_equal(p->outputs[0].topic, "world.all");
	assert_int_equal(p->outputs[0].table, -1);
	assert_int_equal(p->outputs[0].columns_len, 8);
	assert_int_equal(p->outputs[1].table, 1);
	assert_int_equal(p->outputs[1].columns_len, 8);
	assert_string_equal(p->outputs[1].columns[7].name, "x");
	assert_int_equal(p->outputs[1].columns[7].source, COLUMN_AVERAGE);
	assert_int_equal(p->outputs[1].columns[7].index, 2);
}

/* ---- Records ---- */

static void
assert_event(const char *message, const char *wanted)
{
	struct event_fault fault;
	struct decoder *decoder;
	struct buf out = BUF_INIT;
	struct event event;
	struct err err;

	check_ok(decoder_new(p, &decoder, &err), &err);
	assert_int_equal(decoder_decode(decoder, message, strlen(message),
					START_MS, &event, &fault),
			 REASON_NONE);
	derive_event(p, &p->outputs[0], &event, &out);
	assert_string_equal(out.data, wanted);
	buf_release(&out);
	decoder_free(decoder);
}

static void
records_of_events(void **state)
{
	(void)state;
	assert_event("{\"t\": 1709251140007, \"who\": {\"k\": \"a\"}}",
		     "{\"k\":\"a\",\"i\":null,\"x\":null,\"b\":null,"
		     "\"u\":null,\"t\":1709251140007,\"day\":\"2024-02-29\","
		     "\"then\":null}");
	/* As exact as they came, and harmless to whoever reads them. */
	assert_event("{\"b\": false, \"i\": -9223372036854775808, \"x\": 0.1, "
		     "\"t\": 0, \"u\": 1709251199999999999, \"more\": 1, "
		     "\"who\": {\"k\": \"\\\"\\u001b[2J\\u009b\\n\\u00e9\"}}",
		     "{\"k\":\"\\\"\\u001b[2J\\u009b\\n\u00e9\","
		     "\"i\":-9223372036854775808,\"x\":0.1,\"b\":false,"
		     "\"u\":1709251199999999999,\"t\":0,"
		     "\"day\":\"1970-01-01\","
		     "\"then\":\"2024-02-29 23:59:59\"}");
	assert_event("{\"b\": true, \"i\": 9223372036854775807, \"x\": 3, "
		     "\"t\": 951782400000, \"u\": 18446744073709551615, "
		     "\"who\": {\"k\": \"\"}}",
		     "{\"k\":\"\",\"i\":9223372036854775807,\"x\":3,"
		     "\"b\":true,\"u\":18446744073709551615,"
		     "\"t\":951782400000,\"day\":\"2000-02-29\","
		     "\"then\":\"2554-07-21 23:34:33\"}");
}

static void
a_date_that_has_no_such_text(void **state)
{
	struct event event = {0};
	struct buf out = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < p->event.fields_len; i++)
		event.values[i].present = p->event.fields[i].type == FIELD_TIME;
	event.values[4].i = INT64_C(253402300799999); /* 9999, its end */
	event.values[5].i = INT64_C(253402300800000);
	derive_event(p, &p->outputs[0], &event, &out);
	assert_non_null(strstr(out.data, "\"day\":null"));
	assert_non_null(strstr(out.data, "\"then\":\"9999-12-31 23:59:59\""));
	event.values[5].i = INT64_MAX;
	out.size = 0;
	derive_event(p, &p->outputs[0], &event, &out);
	assert_non_null(strstr(out.data, "\"day\":null"));
	buf_release(&out);
}

static void
assert_row(const struct derive_row *row, const char *wanted)
{
	struct buf out = BUF_INIT;

	derive_window(p, &p->outputs[1], row, &out);
	assert_string_equal(out.data, wanted);
	buf_release(&out);
}

static void
records_of_windows(void **state)
{
	struct value measures[] = {value_int(7), value_none(),
				   value_real(0.75)};
	struct derive_row row = {.measures = measures,
				 .start_ms = START_MS,
				 .first_ms = WINDOW_NO_EVENT};
	struct event event = {0};
	char room[KEY_MAX];

	(void)state;
	event.values[0].present = true;
	event.values[0].text = (struct text){"a\0\"b", 4};
	key_encode(p, &p->tables[1], &event, room, &row.key);
	assert_row(&row, "{\"who\":\"a\\u0000\\\"b\",\"i\":null,\"b\":null,"
			 "\"from\":\"2024-02-29 23:59:00\","
			 "\"to\":\"2024-03-01 00:00:00\",\"n\":7,"
			 "\"most\":null,\"x\":0.0125}");
	event.values[1].present = event.values[3].present = true;
	event.values[1].i = -5;
	event.values[3].i = 1;
	measures[1] = value_int(INT64_MIN);
	measures[2] = value_none();
	key_encode(p, &p->tables[1], &event, room, &row.key);
	assert_row(&row, "{\"who\":\"a\\u0000\\\"b\",\"i\":-5,\"b\":true,"
			 "\"from\":\"2024-02-29 23:59:00\","
			 "\"to\":\"2024-03-01 00:00:00\",\"n\":7,"
			 "\"most\":-9223372036854775808,\"x\":null}");
	/* The stream began in the last quarter of it. */
	measures[2] = value_int(3);
	row.first_ms = START_MS + 45 * SECOND;
	row.key = (struct text){"\x01no key", 7};
	assert_row(&row, "{\"who\":null,\"i\":null,\"b\":null,"
			 "\"from\":\"2024-02-29 23:59:00\","
			 "\"to\":\"2024-03-01 00:00:00\",\"n\":7,"
			 "\"most\":-9223372036854775808,\"x\":0.2}");
}

/* ---- The store ---- */

static char root[] = "/tmp/weir-outputs-XXXXXX";
static char path[256];
static unsigned paths;

struct world {
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partition;
	struct store_output outputs[PIPELINE_OUTPUTS_MAX];
};

static void
open_world(struct world *w, const struct pipeline *pipeline)
{
	struct store_source source = {.id = "kafka:x", .topic = "world"};
	struct store_partition *partitions;
	unsigned len;
	struct err err;

	memset(w, 0, sizeof(*w));
	check_ok(store_open(path, STORE_WRITE, pipeline, &w->store, &err),
		 &err);
	check_ok(
	    store_load(w->store, &source, &w->state, &partitions, &len, &err),
	    &err);
	if (len)
		w->partition = partitions[0];
	free(partitions);
	strcpy(source.id, "kafka:x");
	check_ok(store_set_source(w->store, &source, &err), &err);
	check_ok(store_load_outputs(w->store, w->outputs, &err), &err);
	strcpy(w->partition.topic, "world");
	aggregate_init(&w->aggregate, pipeline);
}

static void
close_world(struct world *w)
{
	aggregate_release(&w->aggregate);
	store_close(w->store);
}

static void
add(struct world *w, const char *key, int64_t time_ms)
{
	struct event event = {.time_ms = time_ms};

	event.values[0].present = event.values[5].present = true;
	event.values[0].text = (struct text){key, strlen(key)};
	event.values[5].i = time_ms;
	aggregate_add(&w->aggregate, &event,
		      (struct position){0, w->partition.position++},
		      w->state.watermark_ms);
	w->state.ledger.consumed++;
	w->state.ledger.valid++;
	w->state.ledger.acked++;
	w->state.ledger.produced++;
}

static void
commit(struct world *w, int64_t watermark_ms)
{
	struct store_commit commit = {.aggregate = &w->aggregate,
				      .state = &w->state,
				      .partitions = &w->partition,
				      .partitions_len = 1,
				      .outputs = w->outputs};
	struct err err;

	aggregate_settle(&w->aggregate);
	w->state.watermark_ms = watermark_ms;
	w->partition.end = w->partition.position;
	check_ok(store_commit(w->store, &commit, &w->state.commit, &err), &err);
	aggregate_clear(&w->aggregate, 0);
}

struct read_rows {
	char rows[512];
	unsigned stop_after; /* 0: at the end */
};

static int
see(void *ctx, const struct store_complete *row, struct err *err)
{
	struct read_rows *seen = ctx;
	struct buf key = BUF_INIT;
	size_t at = strlen(seen->rows);

	if (seen->stop_after == 1)
		return err_set(err, WEIR_FULL, 0, "enough");
	if (seen->stop_after)
		seen->stop_after--;
	key_text(p, &p->tables[1], row->key, &key);
	snprintf(seen->rows + at, sizeof(seen->rows) - at, "%d %.1s %d|",
		 (int)((row->window_ms - START_MS) / MINUTE), key.data,
		 (int)row->measures[0].i);
	buf_release(&key);
	return 0;
}

/* All but the last of `most` rows are taken. */
static void
assert_complete(struct world *w, unsigned most, const char *rows)
{
	struct read_rows seen = {.stop_after = most};
	struct err err;
	int rc = store_read_complete(w->store, 1, &w->outputs[1].place, see,
				     &seen, &err);

	assert_int_equal(rc, most ? WEIR_FULL : 0);
	assert_string_equal(seen.rows, rows);
}

static void
rows_of_complete_windows(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, p);
	add(&w, "b", START_MS + MINUTE);
	add(&w, "b", START_MS + SECOND);
	add(&w, "a", START_MS);
	add(&w, "a", START_MS + MINUTE - 1);
	add(&w, "c", START_MS + 2 * MINUTE);
	commit(&w, WATERMARK_NONE);
	assert_complete(&w, 0, "");
	/* One millisecond short of its lateness. */
	commit(&w, START_MS + MINUTE + 10 * SECOND - 1);
	assert_complete(&w, 0, "");
	commit(&w, START_MS + MINUTE + 10 * SECOND);
	assert_complete(&w, 2, "0 a 2|");
	assert_complete(&w, 0, "0 b 1|");
	assert_complete(&w, 0, "");
	commit(&w, START_MS + 3 * MINUTE + 10 * SECOND);
	assert_complete(&w, 2, "1 b 1|");
	/* How far it has come is stored with a commit, not before. */
	close_world(&w);
	open_world(&w, p);
	assert_complete(&w, 2, "1 b 1|");
	w.outputs[1].records = 5;
	commit(&w, w.state.watermark_ms);
	close_world(&w);
	open_world(&w, p);
	assert_int_equal(w.outputs[1].records, 5);
	assert_complete(&w, 0, "2 c 1|");
	close_world(&w);
}

/* A watermark that jumps closes windows and lets them expire at once. */
static void
windows_wait_until_they_are_written(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, p);
	add(&w, "a", START_MS);
	add(&w, "b", START_MS + MINUTE);
	add(&w, "c", START_MS + 2 * MINUTE);
	commit(&w, START_MS + 100 * MINUTE);
	commit(&w, START_MS + 100 * MINUTE);
	assert_complete(&w, 3, "0 a 1|1 b 1|");
	commit(&w, START_MS + 101 * MINUTE);
	/* That of a is gone; that of b is where it stopped, and stays. */
	w.outputs[1].place = (struct store_place){0};
	assert_complete(&w, 0, "1 b 1|2 c 1|");
	commit(&w, START_MS + 102 * MINUTE);
	w.outputs[1].place = (struct store_place){0};
	assert_complete(&w, 0, "");
	close_world(&w);
}

/* Windows before 1970 have no place in an output, and hold nothing up. */
static void
windows_before_1970(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, p);
	add(&w, "a", -MINUTE);
	add(&w, "b", 0);
	commit(&w, START_MS);
	assert_complete(&w, 0, "-28487519 b 1|");
	close_world(&w);
}

static void
an_output_of_another_table(void **state)
{
	struct pipeline *other = parse(
	    HEAD ",\n\"outputs\": [{\"topic\": \"world.all\", \"events\": true}"
		 ", {\"topic\": \"world.minutes\", \"windows\": \"plain\", "
		 "\"fields\": {\"n\": {\"measure\": \"n\"}}}]}");
	struct world w;

	(void)state;
	open_world(&w, p);
	add(&w, "a", START_MS);
	commit(&w, START_MS + 2 * MINUTE);
	assert_complete(&w, 0, "0 a 1|");
	w.outputs[0].records = 1;
	w.outputs[1].records = 1;
	commit(&w, START_MS + 2 * MINUTE);
	close_world(&w);
	open_world(&w, other);
	assert_int_equal(w.outputs[0].records, 1);
	assert_int_equal(w.outputs[1].records, 0);
	assert_int_equal(w.outputs[1].place.window_ms, 0);
	close_world(&w);
	pipeline_free(other);
}

/* ---- All ---- */

static int
set_up(void **state)
{
	(void)state;
	p = parse(text);
	return mkdtemp(root) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	return 0;
}

static int
new_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/%u", root, paths++);
	return 0;
}

#define STORED(test) cmocka_unit_test_setup(test, new_path)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_file_may_not_say),
	    cmocka_unit_test(what_a_file_says),
	    cmocka_unit_test(records_of_events),
	    cmocka_unit_test(a_date_that_has_no_such_text),
	    cmocka_unit_test(records_of_windows),
	    STORED(rows_of_complete_windows),
	    STORED(windows_wait_until_they_are_written),
	    STORED(windows_before_1970),
	    STORED(an_output_of_another_table),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
