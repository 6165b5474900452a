/*
 * Snapshots read back as views. The files are filled by SQL here, not by
 * weir, so that anything can stand in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "snapshot/past.h"
#include "snapshot/snapshot.h"

static const char pipeline_text[] =
    "{\"name\": \"shop\", \"topic\": {\"name\": \"orders\"},"
    " \"event\": {\"time\": \"at\", \"fields\": {"
    "  \"who\": {\"type\": \"string\"}, \"amount\": {\"type\": \"number\"},"
    "  \"at\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"people\": {\"by\": [\"who\"], \"measures\": {\"n\": \"count\","
    "   \"spent\": {\"sum\": \"amount\"}}},"
    "  \"minute\": {\"by\": [\"who\"], \"measures\": {\"spent\":"
    "   {\"sum\": \"amount\"}}, \"window\": {\"tumbling\": \"1m\"}}}}";

struct fixture {
	struct pipeline *pipeline;
	char path[64];
	sqlite3 *db;
};

static void
sql(struct fixture *f, const char *text)
{
	char *message = NULL;

	if (sqlite3_exec(f->db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", message, text);
}

/* Snapshots 3, 5 and 9 of a run; the others were dropped. */
static int
set_up(void **state)
{
	const struct snapshot_options options = {.keep = 10};
	struct fixture *f = calloc(1, sizeof(*f));
	struct snapshot *snapshot;
	struct err err;

	assert_int_equal(pipeline_parse(pipeline_text, strlen(pipeline_text),
					"shop.json", &f->pipeline, &err),
			 0);
	snprintf(f->path, sizeof(f->path), "/tmp/weir-past-%d.db",
		 (int)getpid());
	assert_int_equal(
	    snapshot_open(f->path, f->pipeline, &options, &snapshot, &err), 0);
	snapshot_close(snapshot);
	assert_int_equal(sqlite3_open(f->path, &f->db), SQLITE_OK);
	sql(f, "INSERT INTO run VALUES"
	       " (1, 1000, 'shop', 'x', 'kafka:9092', 'orders');");
	for (int id = 3; id <= 9; id += id == 3 ? 2 : 4) {
		char text[2048];

		snprintf(
		    text, sizeof(text),
		    "INSERT INTO snapshot (id, run, taken_ms, commit_number,"
		    " commit_ms, watermark_ms, produced, acked, unacked,"
		    " failed, \"foreign\", consumed, valid, dead, late, lag,"
		    " lost, skipped, balanced, rows_written, read_ms) VALUES"
		    " (%d, 1, %d000, %d7, %d001, NULL, 101, 102, 103, 104,"
		    " 105, 106, 107, 2, 109, 110, 111, 112, 1, 0, 0);"
		    "INSERT INTO snapshot_table VALUES"
		    " (%d, 'people', NULL, NULL, NULL, 40, %d00, 2.5, 1, 7,"
		    " 'low', 90, 'high'),"
		    " (%d, 'minute', 120000, 180000, 4, 4, 10, 2.5, 1, 1,"
		    " 'low', 4, 'high');"
		    "INSERT INTO ranking VALUES"
		    " (%d, 'people', 'top', 1, 'high', 90,"
		    "  '{\"n\":90,\"spent\":5}'),"
		    " (%d, 'people', 'top', 2, x'00ff1b', 9, 'no json'),"
		    " (%d, 'people', 'bottom', 1, '', 1,"
		    "  '{\"n\":9223372036854775807,\"spent\":null}');",
		    id, id, id, id, id, id, id, id, id, id);
		sql(f, text);
	}
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char path[80];

	sqlite3_close(f->db);
	pipeline_free(f->pipeline);
	unlink(f->path);
	snprintf(path, sizeof(path), "%s-wal", f->path);
	unlink(path);
	snprintf(path, sizeof(path), "%s-shm", f->path);
	unlink(path);
	free(f);
	return 0;
}

static void
go(struct fixture *f, int64_t id, int step, struct past *past)
{
	struct err err = {.text = ""};

	if (past_read(f->path, f->pipeline, id, step, past, &err))
		fail_msg("%s", err.text);
}

static void
test_steps(void **state)
{
	static const struct {
		int64_t from;
		int step;
		int64_t id, number; /* 0: there is none */
	} cases[] = {
	    {INT64_MAX, -1, 9, 3}, {9, -1, 5, 2}, {5, -1, 3, 1},
	    {3, -1, 0, 0},         {3, 1, 5, 2},  {5, 1, 9, 3},
	    {9, 1, 0, 0},          {6, -1, 5, 2}, {4, 1, 5, 2},
	    {INT64_MIN, 1, 3, 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct past past;
		struct err err;
		int rc = past_read(f->path, f->pipeline, cases[i].from,
				   cases[i].step, &past, &err);

		if (!cases[i].id) {
			assert_int_equal(rc, WEIR_NOT_FOUND);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(past.id, cases[i].id);
		assert_int_equal(past.number, cases[i].number);
		assert_int_equal(past.total, 3);
		assert_int_equal(past.taken_ms, past.id * 1000);
		view_free(past.view);
	}
}

static void
test_view(void **state)
{
	struct fixture *f = *state;
	const struct view_table *people, *minute;
	const struct view *view;
	struct past past;

	go(f, 9, -1, &past);
	view = past.view;
	assert_ptr_equal(view->pipeline, f->pipeline);
	assert_string_equal(view->source, "kafka:9092");
	assert_string_equal(view->topic, "orders");
	assert_int_equal(view->commit, 57);
	assert_int_equal(view->commit_ms, 5001);
	assert_int_equal(view->started_ms, 1000);
	assert_int_equal(view->watermark_ms, -1);
	assert_true(view->balanced);
	assert_int_equal(view->ledger.produced, 101);
	assert_int_equal(view->ledger.acked, 102);
	assert_int_equal(view->ledger.unacked, 103);
	assert_int_equal(view->ledger.failed, 104);
	assert_int_equal(view->ledger.foreign, 105);
	assert_int_equal(view->ledger.consumed, 106);
	assert_int_equal(view->ledger.valid, 107);
	assert_int_equal(view->ledger.dead, 2);
	assert_int_equal(view->ledger.late, 109);
	assert_int_equal(view->ledger.lag, 110);
	assert_int_equal(view->ledger.lost, 111);
	assert_int_equal(view->ledger.skipped, 112);
	people = &view->tables[0];
	assert_int_equal(people->summary.keys, 40);
	assert_int_equal(people->summary.total.kind, VALUE_INT);
	assert_int_equal(people->summary.total.i, 500);
	assert_true(people->summary.average.d == 2.5);
	assert_int_equal(people->summary.min_keys, 7);
	assert_string_equal(people->summary.min_key.data, "low");
	assert_string_equal(people->summary.max_key.data, "high");
	assert_int_equal(people->top_len, 2);
	assert_int_equal(people->top[0].measures[0].i, 90);
	/* A whole sum of a number is a real one. */
	assert_int_equal(people->top[0].measures[1].kind, VALUE_REAL);
	assert_true(people->top[0].measures[1].d == 5.0);
	assert_int_equal(people->bottom[0].measures[0].i, INT64_MAX);
	assert_int_equal(people->bottom[0].measures[1].kind, VALUE_NONE);
	assert_int_equal(people->bottom[0].key.size, 0);
	minute = &view->tables[1];
	assert_int_equal(minute->summary.max.kind, VALUE_REAL);
	assert_int_equal(minute->late, 4);
	assert_int_equal(minute->windows_len, 1);
	assert_int_equal(minute->windows[0].start_ms, 120000);
	view_free(past.view);
}

/* Unknown, and never 0. */
static void
test_what_is_not_kept(void **state)
{
	struct fixture *f = *state;
	const struct view_row *row;
	struct past past;

	go(f, 9, -1, &past);
	row = &past.view->tables[0].top[0];
	assert_true(row->per_s < 0);
	assert_int_equal(row->recent[0], -1);
	assert_int_equal(row->recent[VIEW_SECONDS - 1], -1);
	assert_int_equal(row->window_min.kind, VALUE_NONE);
	assert_int_equal(row->first.partition, -1);
	assert_int_equal(row->last.partition, -1);
	assert_int_equal(past.view->tables[0].summary.spread[0], -1);
	assert_int_equal(past.view->commit_us, -1);
	assert_int_equal(past.view->store_bytes, -1);
	assert_int_equal(past.view->memory_bytes, -1);
	assert_int_equal(past.view->newest_ms, -1);
	assert_int_equal(past.view->history_len, 0);
	assert_int_equal(past.view->rules_len, 0);
	view_free(past.view);
}

static void
test_any_bytes(void **state)
{
	struct fixture *f = *state;
	const struct view_row *row;
	struct past past;

	sql(f, "INSERT INTO dead_letter VALUES"
	       " ('orders', 1, 7, 900, 'not_json', NULL, 3, x'001bff', 4),"
	       " ('orders', 2, 8, 901, 'of the future', 'who', 9, 'x', 5),"
	       " ('orders', 2, 9, 902, 'not_json', NULL, 9, 'later', 6);"
	       "INSERT INTO dead_by_reason VALUES"
	       " (5, 'not_json', 1), (5, 'of the future', 1);"
	       "INSERT INTO snapshot_offset VALUES"
	       " (5, 0, 'orders', 1, 'read', 10, 20, 25, 0, 0),"
	       " (5, 1, 'orders', 2, 'ended', 10, 20, 25, 3, 4),"
	       " (5, 2, 'orders', 3, 'nonsense', 10, 20, 25, 0, 0);");
	go(f, 9, -1, &past);
	row = &past.view->tables[0].top[1];
	assert_int_equal(row->key.size, 3);
	assert_memory_equal(row->key.data, "\0\xff\x1b", 3);
	assert_int_equal(row->measures[0].kind, VALUE_NONE);
	assert_int_equal(past.view->dead_len, 2);
	assert_string_equal(past.view->dead[0].reason, "of the future");
	assert_string_equal(past.view->dead[0].field, "who");
	assert_string_equal(past.view->dead[1].reason, "not JSON");
	assert_null(past.view->dead[1].field);
	assert_int_equal(past.view->dead[1].raw.size, 3);
	assert_memory_equal(past.view->dead[1].raw.data, "\0\x1b\xff", 3);
	assert_int_equal(past.view->reasons_len, 2);
	assert_int_equal(past.view->partitions_len, 3);
	assert_int_equal(past.view->partitions[0].lag, 5);
	assert_int_equal(past.view->partitions[1].lag, 0);
	assert_int_equal(past.view->partitions[1].lost, 3);
	assert_int_equal(past.view->partitions[2].state, VIEW_PARTITION_ENDED);
	view_free(past.view);
}

/* Windows that were written again since are not as they were then. */
static void
test_windows(void **state)
{
	struct fixture *f = *state;
	const struct view_table *minute;
	struct past past;

	sql(f,
	    "INSERT INTO window_summary VALUES"
	    " ('minute', 0, 60000, 1, 3, 6, 2, 1, 1, 'a', 3, 'b', 3),"
	    " ('minute', 60000, 120000, 1, 9, 9, 1, 1, 9, 'a', 1, 'a', 9),"
	    " ('minute', 120000, 180000, 1, 9, 9, 1, 1, 9, 'a', 1, 'a', 9);");
	go(f, 9, -1, &past);
	minute = &past.view->tables[1];
	assert_int_equal(minute->windows_len, 2);
	assert_int_equal(minute->windows[0].start_ms, 120000);
	assert_int_equal(minute->windows[0].summary.keys, 4);
	assert_int_equal(minute->windows[1].start_ms, 0);
	assert_int_equal(minute->windows[1].summary.keys, 3);
	assert_true(minute->windows[1].complete);
	view_free(past.view);
}

static void
refused(struct fixture *f, const char *path, int code, const char *why)
{
	struct past past;
	struct err err = {.text = ""};

	assert_int_equal(
	    past_read(path, f->pipeline, INT64_MAX, -1, &past, &err), code);
	if (!strstr(err.text, why))
		fail_msg("not what was expected: %s", err.text);
}

static void
test_refused(void **state)
{
	struct fixture *f = *state;

	refused(f, "/nowhere/at/all.db", WEIR_SYSTEM, "cannot open");
	refused(f, "/proc/self/exe", WEIR_STORE_FOREIGN, "no snapshot file");
	sql(f, "DELETE FROM snapshot_table WHERE snapshot = 9");
	refused(f, f->path, WEIR_STORE, "lacks the table people");
	sql(f, "DELETE FROM snapshot WHERE id = 9");
	sql(f, "DROP TABLE ranking");
	refused(f, f->path, WEIR_STORE, "ranking");
	sql(f, "UPDATE pipeline SET fingerprint = 'other'");
	refused(f, f->path, WEIR_STORE_FOREIGN, "of another pipeline");
	sql(f, "PRAGMA user_version = 99");
	refused(f, f->path, WEIR_STORE_FOREIGN, "newer weir");
	sql(f, "PRAGMA application_id = 1");
	refused(f, f->path, WEIR_STORE_FOREIGN, "something else");
}

/* A writer amid its transaction is not waited for, and not seen. */
static void
test_beside_a_writer(void **state)
{
	struct fixture *f = *state;
	struct past past;

	sql(f, "BEGIN IMMEDIATE; DELETE FROM snapshot WHERE id = 9;");
	go(f, INT64_MAX, -1, &past);
	assert_int_equal(past.id, 9);
	assert_int_equal(past.total, 3);
	view_free(past.view);
	sql(f, "COMMIT");
	go(f, INT64_MAX, -1, &past);
	assert_int_equal(past.id, 5);
	assert_int_equal(past.total, 2);
	view_free(past.view);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_steps),
	    TEST(test_view),
	    TEST(test_what_is_not_kept),
	    TEST(test_any_bytes),
	    TEST(test_windows),
	    TEST(test_refused),
	    TEST(test_beside_a_writer),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
