/*
 * Alerts in a store: in the transaction of the rows, also when that fails; in
 * stores that were made before there were any; notices until they are told.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/alerts-door.h"
#include "store/merge.h"
#include "check.h"
#include "folder.h"

#define START_MS INT64_C(1735689600000)

static const char text[] =
    "{\"name\": \"world\", \"topic\": {\"name\": \"world\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 64},"
    "  \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"keys\": {\"by\": [\"k\"], \"measures\": {\"n\": \"count\"}}},"
    " \"alerts\": ["
    "  {\"name\": \"some\", \"table\": \"keys\", \"above\": 1},"
    "  {\"name\": \"many\", \"table\": \"keys\", \"above\": 3,"
    "   \"severity\": \"critical\"},"
    "  {\"name\": \"slow\", \"table\": \"keys\", \"above\": 0,"
    "   \"for\": \"1h\"},"
    "  {\"name\": \"tried\", \"table\": \"keys\", \"above\": 90,"
    "   \"armed\": false}]}";

static struct pipeline *p;
static char root[] = "/tmp/weir-alerts-XXXXXX";
static char path[256];
static unsigned paths;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	return mkdtemp(root) && !pipeline_parse(text, sizeof(text) - 1,
						"world.json", &p, &err)
		   ? 0
		   : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	pipeline_free(p);
	remove_folder(root);
	return 0;
}

static int
new_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/%u", root, paths++);
	return 0;
}

struct world {
	struct store *store;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partition;
	struct notices notices;
	uint64_t delivered;
	bool tell;
	const struct alert_command *command;
};

static void
begin(struct world *w)
{
	struct store_source source = {
	    .id = "kafka:x", .topic = "topic", .label = "here"};
	struct err err;

	memset(w, 0, sizeof(*w));
	check_ok(store_open(path, STORE_THROWAWAY, p, &w->store, &err), &err);
	check_ok(store_set_source(w->store, &source, &err), &err);
	aggregate_init(&w->aggregate, p);
	w->state.watermark_ms = w->state.newest_ms = START_MS;
	w->state.commit_ms = START_MS;
	strcpy(w->partition.topic, "topic");
	w->partition.newest_ms = START_MS;
	w->partition.first_offset = -1;
	w->tell = true;
}

static void
end(struct world *w)
{
	notices_release(&w->notices);
	aggregate_release(&w->aggregate);
	store_close(w->store);
}

/* Goes on in another process: nothing is left in memory. */
static void
restart(struct world *w)
{
	struct store_partition *partitions;
	struct store_source source;
	struct err err;
	unsigned len;

	store_close(w->store);
	check_ok(store_open(path, STORE_THROWAWAY, p, &w->store, &err), &err);
	check_ok(
	    store_load(w->store, &source, &w->state, &partitions, &len, &err),
	    &err);
	free(partitions);
}

static void
add(struct world *w, const char *key, unsigned count)
{
	while (count-- > 0) {
		struct event event = {.time_ms = START_MS};

		event.values[0].present = true;
		event.values[0].text = (struct text){key, strlen(key)};
		aggregate_add(&w->aggregate, &event,
			      (struct position){0, w->partition.position++},
			      w->state.watermark_ms);
		w->state.ledger.valid++;
	}
	aggregate_settle(&w->aggregate);
}

static int
try_commit(struct world *w, struct err *err)
{
	struct store_commit commit = {
	    .aggregate = &w->aggregate,
	    .state = &w->state,
	    .partitions = &w->partition,
	    .partitions_len = 1,
	    .notices = w->tell ? &w->notices : NULL,
	    .delivered = w->delivered,
	    .commands = w->command,
	    .commands_len = w->command != NULL,
	};
	struct ledger *l = &w->state.ledger;
	int rc;

	l->consumed = l->foreign = l->valid;
	w->partition.end = w->partition.position;
	w->state.commit_ms += 100;
	rc = store_commit(w->store, &commit, &w->state.commit, err);
	if (rc == 0) {
		aggregate_clear(&w->aggregate, 1 << 20);
		w->command = NULL;
	}
	return rc;
}

static void
commit(struct world *w)
{
	struct err err;

	check_ok(try_commit(w, &err), &err);
}

static struct view *
view_of(struct world *w)
{
	struct view *view;
	struct err err;

	check_ok(store_view(w->store, 0, false, &view, &err), &err);
	return view;
}

/* ---- Tests ---- */

static void
a_view_has_them(void **state)
{
	struct alert_command command = {ALERT_ACKNOWLEDGE, 1, 0};
	struct world w;
	struct view *view;

	(void)state;
	begin(&w);
	add(&w, "a", 2);
	commit(&w);
	add(&w, "b", 4);
	commit(&w);
	view = view_of(&w);
	assert_int_equal(view->rules_len, 4);
	assert_int_equal(view->rules[0].firing, 2);
	assert_int_equal(view->rules[0].fired, 2);
	assert_int_equal(view->rules[1].firing, 1);
	assert_int_equal(view->rules[2].pending, 2);
	assert_int_equal(view->rules[2].fired_ms, -1);
	assert_int_equal(view->alerts_len, 5);
	/* What fires, the most severe first, then the newest; then pending. */
	assert_int_equal(view->alerts[0].rule, 1);
	assert_string_equal(view->alerts[0].key.data, "b");
	assert_string_equal(view->alerts[0].message.data, "many: b 4 > 3");
	assert_string_equal(view->alerts[1].key.data, "b");
	assert_string_equal(view->alerts[2].key.data, "a");
	assert_int_equal(view->alerts[2].id, 1);
	assert_int_equal(view->alerts[2].fired_ms, START_MS + 100);
	assert_int_equal(view->alerts[2].window_ms, -1);
	assert_int_equal(view->alerts[3].state, VIEW_ALERT_PENDING);
	assert_int_equal(view->alert_log_len, 3);
	assert_int_equal(view->alert_log[2].id, 1);
	view_free(view);

	w.command = &command;
	commit(&w);
	restart(&w);
	view = view_of(&w);
	assert_int_equal(view->rules[0].acknowledged, 1);
	assert_int_equal(view->alert_log[0].state, VIEW_ALERT_ACKNOWLEDGED);
	assert_int_equal(view->alert_log[0].id, 1);
	view_free(view);
	command = (struct alert_command){ALERT_MUTE, 0, 1};
	w.command = &command;
	commit(&w);
	restart(&w);
	view = view_of(&w);
	assert_true(view->rules[1].muted);
	view_free(view);
	end(&w);
}

/* It begins muted, says nothing when it fires, and stays armed once it is. */
static void
a_rule_is_tried_out(void **state)
{
	const struct alert_command arm = {ALERT_UNMUTE, 0, 3};
	struct world w;
	struct view *view;

	(void)state;
	begin(&w);
	add(&w, "a", 91);
	commit(&w);
	view = view_of(&w);
	assert_true(view->rules[3].muted);
	assert_int_equal(view->rules[3].fired, 1);
	assert_int_equal(view->rules[3].firing, 1);
	view_free(view);
	assert_int_equal(w.notices.len, 2);
	for (size_t i = 0; i < w.notices.len; i++)
		assert_string_not_equal(w.notices.items[i].rule.data, "tried");
	w.command = &arm;
	commit(&w);
	restart(&w);
	view = view_of(&w);
	assert_false(view->rules[3].muted);
	view_free(view);
	end(&w);
}

static void
a_failed_commit_changes_nothing(void **state)
{
	char key[64], file[300];
	struct rlimit before, small;
	struct world w;
	struct view *view;
	struct stat st;
	struct err err;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	begin(&w);
	commit(&w);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key %05u", i);
		add(&w, key, 2);
	}
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)st.st_size;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_not_equal(try_commit(&w, &err), 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(w.notices.len, 0);
	}
	view = view_of(&w);
	assert_int_equal(view->rules[0].fired, 0);
	view_free(view);
	/*
	 * LMDB goes on with an environment in which writing failed; what was
	 * thrown away is judged once more, and once only.
	 */
	commit(&w);
	view = view_of(&w);
	assert_int_equal(view->rules[0].fired, 5000);
	assert_int_equal(view->rules[0].firing, 5000);
	assert_int_equal(view->alerts_len, VIEW_ALERTS);
	assert_int_equal(view->alert_log_len, ALERT_LOG_MAX);
	assert_int_equal(view->alert_log[0].id, 5000);
	view_free(view);
	assert_int_equal(w.notices.len, 1);
	assert_int_equal(w.notices.items[0].count, 5000);
	commit(&w);
	assert_int_equal(w.notices.len, 1);
	end(&w);
}

static void
notices_wait(void **state)
{
	struct notices again = NOTICES_INIT;
	struct world w;
	struct err err;

	(void)state;
	begin(&w);
	for (unsigned i = 0; i < 3; i++) {
		char key[2] = {(char)('a' + i), '\0'};

		add(&w, key, 2);
		commit(&w);
	}
	assert_int_equal(w.notices.len, 3);
	w.delivered = 1;
	commit(&w);
	restart(&w); /* as if it had been killed */
	check_ok(store_undelivered(w.store, &again, &err), &err);
	assert_int_equal(again.len, 2);
	assert_int_equal(again.items[0].number, 2);
	assert_string_equal(again.items[0].key.data, "b");
	assert_string_equal(again.items[1].message.data, "some: c 2 > 1");
	notices_release(&again);
	/* A run that tells nobody makes none, and leaves these. */
	w.tell = false;
	add(&w, "x", 2);
	commit(&w);
	restart(&w);
	check_ok(store_undelivered(w.store, &again, &err), &err);
	assert_int_equal(again.len, 2);
	assert_int_equal(again.items[0].number, 2);
	notices_release(&again);
	w.tell = true;
	/* Numbers are not used again. */
	add(&w, "d", 2);
	commit(&w);
	assert_int_equal(w.notices.items[3].number, 4);
	check_ok(store_delivered(w.store, 4, &err), &err);
	restart(&w);
	check_ok(store_undelivered(w.store, &again, &err), &err);
	assert_int_equal(again.len, 0);
	/* Without anybody to tell, nothing waits. */
	w.tell = false;
	add(&w, "e", 2);
	commit(&w);
	check_ok(store_undelivered(w.store, &again, &err), &err);
	assert_int_equal(again.len, 0);
	notices_release(&again);
	end(&w);
}

/* A store of a weir that knew no alerts. */
static void
make_old(void)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, 24), 0);
	assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "alerts", 0, &dbi), 0);
	assert_int_equal(mdb_drop(txn, dbi, 1), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void
old_stores_open(void **state)
{
	struct store *store;
	struct world w;
	struct view *view;
	struct err err;

	(void)state;
	begin(&w);
	add(&w, "a", 2);
	commit(&w);
	end(&w);
	make_old();
	check_ok(store_open(path, STORE_READ, NULL, &store, &err), &err);
	check_ok(store_view(store, 0, false, &view, &err), &err);
	assert_int_equal(view->rules_len, 4);
	assert_int_equal(view->rules[0].fired, 0);
	assert_int_equal(view->alerts_len, 0);
	view_free(view);
	store_close(store);
	begin(&w);
	w.partition.position = 2;
	w.state.ledger.valid = 2;
	commit(&w);
	view = view_of(&w);
	assert_int_equal(view->rules[0].fired, 0); /* nothing has changed */
	view_free(view);
	add(&w, "a", 1);
	commit(&w);
	view = view_of(&w);
	assert_int_equal(view->rules[0].fired, 1);
	view_free(view);
	end(&w);
}

static void
several_stores(void **state)
{
	struct store *stores[2];
	struct world a, b;
	struct merge *merge;
	struct view *view;
	struct err err;

	begin(&a);
	add(&a, "a", 2);
	commit(&a);
	new_path(state);
	begin(&b);
	add(&b, "a", 2);
	commit(&b);
	stores[0] = a.store;
	stores[1] = b.store;
	check_ok(merge_new(stores, 2, &merge, &err), &err);
	check_ok(merge_view(merge, 0, false, &view, &err), &err);
	assert_int_equal(view->rules[0].fired, 2);
	assert_int_equal(view->rules[0].firing, 2);
	assert_int_equal(view->alert_log_len, 2);
	assert_int_equal(view->alerts_len, 4);
	view_free(view);
	merge_free(merge);
	end(&a);
	end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_view_has_them, new_path),
	    cmocka_unit_test_setup(a_rule_is_tried_out, new_path),
	    cmocka_unit_test_setup(a_failed_commit_changes_nothing, new_path),
	    cmocka_unit_test_setup(notices_wait, new_path),
	    cmocka_unit_test_setup(old_stores_open, new_path),
	    cmocka_unit_test_setup(several_stores, new_path),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
