/*
 * The schema as seen, in stores: what was counted is what views say, also when
 * a store is opened again, when a commit is tried twice, and of several stores.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"
#include "folder.h"
#include "store/merge.h"
#include "store/store.h"

#define NOW INT64_C(1735689600000)

static const char text[] =
    "{\"name\": \"p\", \"topic\": {\"name\": \"t\"}, \"event\": {"
    " \"time\": \"at\", \"fields\": {"
    "  \"user\": {\"type\": \"string\", \"path\": \"user.id\"},"
    "  \"at\": {\"type\": \"time\"}}},"
    " \"tables\": {\"users\": {\"by\": [\"user\"],"
    "  \"measures\": {\"events\": \"count\"}}}}";

static struct pipeline *p;
static char root[] = "/tmp/weir-seen-XXXXXX";
static unsigned paths;

struct world {
	char path[64];
	struct store *store;
	struct seen *seen;
	struct aggregate aggregate;
	struct store_state state;
	struct store_partition partitions[2];
	int64_t offset;
};

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (!mkdtemp(root) ||
	    pipeline_parse(text, sizeof(text) - 1, "p.json", &p, &err))
		return -1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	remove_folder(root);
	pipeline_free(p);
	return 0;
}

static void
open_world(struct world *w)
{
	struct store_partition *partitions;
	struct store_source source;
	struct err err;
	unsigned len;

	check_ok(store_open(w->path, STORE_THROWAWAY, p, &w->store, &err),
		 &err);
	check_ok(
	    store_load(w->store, &source, &w->state, &partitions, &len, &err),
	    &err);
	free(partitions);
	w->seen = seen_new(&p->event);
	check_ok(store_load_seen(w->store, w->seen, &err), &err);
}

static void
begin(struct world *w, int32_t partition)
{
	const struct store_source source = {"kafka:abc", "t", "a broker"};
	struct err err;

	memset(w, 0, sizeof(*w));
	snprintf(w->path, sizeof(w->path), "%s/%u", root, paths++);
	aggregate_init(&w->aggregate, p);
	open_world(w);
	check_ok(store_set_source(w->store, &source, &err), &err);
	for (int i = 0; i < 2; i++) {
		struct store_partition *entry = &w->partitions[i];

		strcpy(entry->topic, "t");
		entry->number = partition + i;
		entry->newest_ms = WATERMARK_NONE;
		entry->first_offset = entry->last_offset = -1;
	}
}

static void
close_world(struct world *w)
{
	store_close(w->store);
	seen_free(w->seen);
}

static void
end(struct world *w)
{
	close_world(w);
	aggregate_release(&w->aggregate);
}

/* An event with one field; fields of the pipeline have no part in this. */
static void
event(struct world *w, const char *path, enum seen_type type)
{
	w->seen->at = (struct position){(int32_t)(w->offset % 2), w->offset};
	w->seen->now_ms = NOW + w->offset++;
	seen_begin(w->seen);
	seen_add(w->seen, path, strlen(path), type);
	seen_end(w->seen);
}

static void
commit(struct world *w)
{
	struct store_commit commit = {
	    .aggregate = &w->aggregate,
	    .state = &w->state,
	    .partitions = w->partitions,
	    .partitions_len = 2,
	    .seen = w->seen,
	};
	uint64_t number;
	struct err err;

	w->state.commit_ms = NOW + 1000;
	w->state.watermark_ms = w->state.newest_ms = WATERMARK_NONE;
	seen_settle(w->seen);
	check_ok(store_commit(w->store, &commit, &number, &err), &err);
}

static struct view *
look(struct world *w)
{
	struct view *view;
	struct err err;

	check_ok(store_view(w->store, 0, false, &view, &err), &err);
	return view;
}

static void
assert_field(const struct view *view, unsigned i, const char *name, bool known,
	     int64_t events, int32_t first, int64_t first_offset, int32_t last,
	     int64_t last_offset)
{
	const struct view_seen *field = &view->seen[i];

	assert_true(i < view->seen_len);
	assert_string_equal(field->name.data, name);
	assert_int_equal(field->known, known);
	assert_int_equal(field->events, events);
	assert_string_equal(field->first.topic, "t");
	assert_int_equal(field->first.partition, first);
	assert_int_equal(field->first.offset, first_offset);
	assert_int_equal(field->last.partition, last);
	assert_int_equal(field->last.offset, last_offset);
}

static void
test_view(void **state)
{
	struct world w;
	struct view *view;

	(void)state;
	begin(&w, 4);
	commit(&w);
	view = look(&w);
	assert_int_equal(view->seen_len, 0);
	assert_int_equal(view->seen_events, 0);
	view_free(view);
	for (int i = 0; i < 50; i++)
		event(&w, "a", i % 2 ? SEEN_STRING : SEEN_NULL);
	for (int i = 0; i < 51; i++)
		event(&w, "user.id", SEEN_STRING);
	event(&w, "a", SEEN_BOOLEAN);
	commit(&w);
	view = look(&w);
	assert_int_equal(view->seen_events, 102);
	assert_int_equal(view->seen_len, 2);
	assert_field(view, 0, "a", false, 51, 4, 0, 5, 101);
	assert_int_equal(view->seen[0].types[VIEW_TYPE_NULL], 25);
	assert_int_equal(view->seen[0].types[VIEW_TYPE_STRING], 25);
	assert_int_equal(view->seen[0].types[VIEW_TYPE_BOOLEAN], 1);
	assert_field(view, 1, "user.id", true, 51, 4, 50, 4, 100);
	assert_int_equal(view->changes_total, 1);
	assert_int_equal(view->changes_len, 1);
	assert_int_equal(view->changes[0].kind, VIEW_CHANGE_TYPE);
	assert_int_equal(view->changes[0].type, VIEW_TYPE_BOOLEAN);
	assert_int_equal(view->changes[0].field, 0);
	assert_int_equal(view->changes[0].position.partition, 5);
	assert_int_equal(view->changes[0].position.offset, 101);
	assert_int_equal(view->changes[0].time_ms, NOW + 101);
	view_free(view);
	end(&w);
}

/* What is here is put over what is there, as often as it takes. */
static void
test_again(void **state)
{
	struct world w;
	struct view *view;

	(void)state;
	begin(&w, 0);
	for (int i = 0; i < 101; i++)
		event(&w, "a", SEEN_STRING);
	event(&w, "b", SEEN_STRING);
	commit(&w);
	commit(&w);
	seen_committed(w.seen);
	commit(&w); /* nothing has changed */
	event(&w, "b", SEEN_STRING);
	commit(&w);
	seen_committed(w.seen);
	view = look(&w);
	assert_int_equal(view->seen_events, 103);
	assert_field(view, 0, "a", false, 101, 0, 0, 0, 100);
	assert_field(view, 1, "b", false, 2, 1, 101, 0, 102);
	assert_int_equal(view->changes_total, 1);
	assert_int_equal(view->changes_len, 1);
	view_free(view);
	end(&w);
}

/* A store that is opened again, within a block, goes on. */
static void
test_reopened(void **state)
{
	struct world w;
	struct view *view;

	(void)state;
	begin(&w, 0);
	for (int i = 0; i < 600; i++)
		event(&w, "old", SEEN_STRING);
	for (int i = 0; i < 700; i++)
		event(&w, "a", SEEN_STRING);
	commit(&w);
	close_world(&w);
	open_world(&w);
	assert_int_equal(w.seen->events, 1300);
	for (int i = 0; i < 699; i++)
		event(&w, "a", SEEN_STRING);
	commit(&w);
	close_world(&w);
	open_world(&w);
	assert_int_equal(w.seen->changes, 1); /* "a" appeared */
	event(&w, "a", SEEN_STRING);
	assert_int_equal(w.seen->changes, 2); /* "old" vanished */
	commit(&w);
	close_world(&w);
	open_world(&w);
	event(&w, "old", SEEN_STRING);
	event(&w, "old", SEEN_ARRAY);
	commit(&w);
	view = look(&w);
	assert_int_equal(view->changes_len, 4);
	assert_int_equal(view->changes[3].kind, VIEW_CHANGE_APPEARED);
	assert_int_equal(view->changes[2].kind, VIEW_CHANGE_VANISHED);
	assert_int_equal(view->changes[2].position.offset, 599);
	assert_int_equal(view->changes[1].kind, VIEW_CHANGE_APPEARED);
	assert_int_equal(view->changes[1].position.offset, 2000);
	assert_int_equal(view->changes[0].kind, VIEW_CHANGE_TYPE);
	view_free(view);
	/* Of many changes the last ones are kept. */
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		event(&w, name, SEEN_INTEGER);
		if (i % 7 == 0) {
			commit(&w);
			seen_committed(w.seen);
		}
	}
	commit(&w);
	view = look(&w);
	assert_int_equal(view->changes_total, 104);
	assert_int_equal(view->changes_len, VIEW_CHANGES);
	for (unsigned i = 0; i < VIEW_CHANGES; i++)
		assert_int_equal(view->changes[i].field, 101 - i);
	view_free(view);
	end(&w);
}

static void
test_several(void **state)
{
	struct store *stores[2];
	struct world one, two;
	struct merge *merge;
	struct view *view;
	struct err err;

	(void)state;
	begin(&one, 0);
	begin(&two, 2);
	for (int i = 0; i < 101; i++) {
		event(&one, "a", SEEN_STRING);
		event(&two, "a", SEEN_INTEGER);
	}
	event(&two, "b", SEEN_STRING);
	event(&one, "c", SEEN_NULL);
	for (int i = 0; i < 2; i++) {
		event(&one, "b", SEEN_STRING);
		event(&one, "d", SEEN_STRING);
	}
	commit(&one);
	commit(&two);
	stores[0] = one.store;
	stores[1] = two.store;
	check_ok(merge_new(stores, 2, &merge, &err), &err);
	check_ok(merge_view(merge, 0, false, &view, &err), &err);
	assert_int_equal(view->seen_events, 106 + 102);
	assert_int_equal(view->seen_len, 4);
	assert_field(view, 0, "a", false, 202, 0, 0, 2, 100);
	assert_int_equal(view->seen[0].types[VIEW_TYPE_STRING], 101);
	assert_int_equal(view->seen[0].types[VIEW_TYPE_INTEGER], 101);
	assert_field(view, 1, "c", false, 1, 1, 101, 1, 101);
	assert_field(view, 2, "b", false, 3, 0, 102, 3, 101);
	assert_field(view, 3, "d", false, 2, 1, 103, 1, 105);
	assert_int_equal(view->changes_total, 4);
	assert_int_equal(view->changes_len, 4);
	/* The newest first: "d", "b" of the one, then both of the 102nd. */
	assert_int_equal(view->changes[0].field, 3);
	assert_int_equal(view->changes[1].field, 2);
	assert_int_equal(view->changes[1].position.partition, 0);
	assert_int_equal(view->changes[2].field, 1);
	assert_int_equal(view->changes[3].field, 2);
	assert_int_equal(view->changes[3].position.partition, 3);
	view_free(view);
	merge_free(merge);
	end(&one);
	end(&two);
}

/* More fields than a view has room for. */
static void
test_several_full(void **state)
{
	struct store *stores[2];
	struct world one, two;
	struct merge *merge;
	struct view *view;
	struct err err;
	int64_t events = 0;

	(void)state;
	begin(&one, 0);
	begin(&two, 2);
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		event(&one, name, SEEN_INTEGER);
		snprintf(name, sizeof(name), "f%d", i + 100);
		event(&two, name, SEEN_INTEGER);
	}
	commit(&one);
	commit(&two);
	stores[0] = one.store;
	stores[1] = two.store;
	check_ok(merge_new(stores, 2, &merge, &err), &err);
	check_ok(merge_view(merge, 0, false, &view, &err), &err);
	assert_int_equal(view->seen_len, VIEW_SEEN);
	assert_int_equal(view->seen_beyond, 300 - VIEW_SEEN);
	for (unsigned i = 0; i < view->seen_len; i++)
		events += view->seen[i].events;
	assert_int_equal(events + view->seen_beyond, view->seen_events);
	for (unsigned i = 0; i < view->changes_len; i++)
		assert_true(view->changes[i].field < VIEW_SEEN);
	view_free(view);
	merge_free(merge);
	end(&one);
	end(&two);
}

/* A position that no event has, as damage leaves one. */
static void
test_damaged(void **state)
{
	static const struct position nowhere[] = {
	    {0, -1}, {-1, 7}, {1 << 24, 7}};

	(void)state;
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		struct world w;
		struct view *view;
		struct err err;

		begin(&w, 0);
		event(&w, "a", SEEN_INTEGER);
		w.seen->fields[0].last = nowhere[i];
		commit(&w);
		assert_int_equal(store_view(w.store, 0, false, &view, &err),
				 WEIR_STORE);
		end(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_damaged), cmocka_unit_test(test_view),
	    cmocka_unit_test(test_again),   cmocka_unit_test(test_reopened),
	    cmocka_unit_test(test_several), cmocka_unit_test(test_several_full),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
