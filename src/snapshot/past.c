#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "event/reason.h"
#include "snapshot/past.h"
#include "snapshot/sqlite-door.h"

#define BUSY_MS 200 /* somebody waits at the screen */

/* What is read, and where it goes. */
struct reading {
	struct snapshot file; /* db, path and pipeline only */
	struct past *past;
	struct view *view;
	int64_t run;
};

/*
 * Calls take() with each row of a query, whose parameters ?1 and ?2 are the
 * snapshot's id and a text (may be NULL).
 */
static int
each_row(struct reading *r, const char *sql, const char *text,
	 int (*take)(struct reading *r, sqlite3_stmt *row, void *ctx,
		     struct err *err),
	 void *ctx, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int code = SQLITE_DONE, rc;

	rc = sql_prepare(r->file.db, r->file.path, sql, &statement, err);
	if (rc)
		return rc;
	if (sqlite3_bind_parameter_count(statement) >= 1)
		sqlite3_bind_int64(statement, 1, r->past->id);
	if (text)
		sql_bind_string(statement, 2, text);
	while (rc == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW)
		rc = take(r, statement, ctx, err);
	if (rc == 0 && code != SQLITE_DONE)
		rc = sql_fail(r->file.db, r->file.path, "being read", err);
	sqlite3_finalize(statement);
	return rc;
}

/* ---- Values ---- */

static int64_t
int_of(sqlite3_stmt *row, int at)
{
	return sqlite3_column_int64(row, at);
}

static struct view_text
text_of(struct reading *r, sqlite3_stmt *row, int at)
{
	const void *data = sqlite3_column_blob(row, at);

	return view_copy(r->view, data ? data : "",
			 data ? (size_t)sqlite3_column_bytes(row, at) : 0);
}

/* SQLite makes whole numbers of whole reals, where a column is NUMERIC. */
static struct value
as(struct value value, bool real)
{
	return real && value.kind == VALUE_INT ? value_real((double)value.i)
					       : value;
}

static struct value
value_of(sqlite3_stmt *row, int at, bool real)
{
	switch (sqlite3_column_type(row, at)) {
	case SQLITE_INTEGER:
		return as(value_int(sqlite3_column_int64(row, at)), real);
	case SQLITE_FLOAT:
		return value_real(sqlite3_column_double(row, at));
	default:
		return value_none();
	}
}

static bool
is_real(const struct pipeline *p, const struct measure *measure)
{
	return measure->kind == MEASURE_AVERAGE ||
	       (measure->field >= 0 &&
		p->event.fields[measure->field].type == FIELD_NUMBER);
}

/* Eight columns from `at` on. */
static void
read_summary(struct reading *r, sqlite3_stmt *row, int at, bool real,
	     struct view_summary *summary)
{
	summary->keys = int_of(row, at);
	summary->total = value_of(row, at + 1, real);
	summary->average = value_of(row, at + 2, true);
	summary->min = value_of(row, at + 3, real);
	summary->min_keys = int_of(row, at + 4);
	summary->min_key = text_of(r, row, at + 5);
	summary->max = value_of(row, at + 6, real);
	summary->max_key = text_of(r, row, at + 7);
	for (int i = 0; i < VIEW_SPREAD; i++)
		summary->spread[i] = -1;
}

/* ---- The parts of a view ---- */

static int
take_snapshot(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct view *view = r->view;
	struct ledger *l = &view->ledger;
	int64_t *const numbers[] = {
	    &l->produced, &l->acked,    &l->unacked, &l->failed,
	    &l->foreign,  &l->consumed, &l->valid,   &l->dead,
	    &l->late,     &l->lag,      &l->lost,    &l->skipped,
	};
	const char *source = (const char *)sqlite3_column_text(row, 8);
	const char *topic = (const char *)sqlite3_column_text(row, 9);

	(void)ctx;
	(void)err;
	r->past->id = int_of(row, 0);
	r->run = int_of(row, 1);
	r->past->taken_ms = int_of(row, 2);
	view->commit = (uint64_t)int_of(row, 3);
	view->commit_ms = int_of(row, 4);
	view->watermark_ms =
	    sqlite3_column_type(row, 5) == SQLITE_NULL ? -1 : int_of(row, 5);
	view->balanced = int_of(row, 6) != 0;
	view->started_ms = int_of(row, 7);
	snprintf(view->source, sizeof(view->source), "%s",
		 source ? source : "");
	snprintf(view->topic, sizeof(view->topic), "%s", topic ? topic : "");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		*numbers[i] = int_of(row, 10 + (int)i);
	view->commit_us = view->newest_ms = view->store_bytes =
	    view->memory_bytes = view->memory_limit = view->seen_median_ms =
		view->seen_p99_ms = view->behind_ms = -1;
	return 0;
}

static int
take_place(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	r->past->number = int_of(row, 0);
	r->past->total = int_of(row, 1);
	return 0;
}

#define SNAPSHOT                                                               \
	"SELECT s.id, s.run, s.taken_ms, s.commit_number, s.commit_ms,"        \
	" s.watermark_ms, s.balanced, r.started_ms, r.source, r.topic,"        \
	" s.produced, s.acked, s.unacked, s.failed, s.\"foreign\", "           \
	"s.consumed,"                                                          \
	" s.valid, s.dead, s.late, s.lag, s.lost, s.skipped"                   \
	" FROM snapshot s JOIN run r ON r.id = s.run "

static int
read_snapshot(struct reading *r, int64_t id, int step, struct err *err)
{
	static const char before[] =
	    SNAPSHOT "WHERE s.id < ?1 ORDER BY s.id DESC LIMIT 1";
	static const char after[] =
	    SNAPSHOT "WHERE s.id > ?1 ORDER BY s.id LIMIT 1";
	int rc;

	r->past->id = id;
	r->run = -1;
	rc = each_row(r, step < 0 ? before : after, NULL, take_snapshot, NULL,
		      err);
	if (rc)
		return rc;
	if (r->run < 0)
		return err_set(err, WEIR_NOT_FOUND, 0, "%s has no %s snapshot",
			       r->file.path, step < 0 ? "earlier" : "later");
	return each_row(r,
			"SELECT (SELECT count(*) FROM snapshot WHERE id <= ?1),"
			" (SELECT count(*) FROM snapshot)",
			NULL, take_place, NULL, err);
}

static enum view_partition_state
state_of(const char *name)
{
	for (int i = VIEW_PARTITION_READ; name && i <= VIEW_PARTITION_ENDED;
	     i++)
		if (strcmp(
			view_partition_state_name((enum view_partition_state)i),
			name) == 0)
			return (enum view_partition_state)i;
	return VIEW_PARTITION_ENDED;
}

/* What is collected while its number is not known. */
struct list {
	void *items;
	size_t size; /* of one */
	unsigned len, most;
};

static void *
list_add(struct list *list)
{
	list->items = xrealloc(list->items, (list->len + 1) * list->size);
	return memset((char *)list->items + list->size * list->len++, 0,
		      list->size);
}

/* Moves what was collected into the view. */
static void *
list_end(struct list *list, struct view *view, unsigned *len)
{
	void *items = NULL;

	*len = list->len;
	if (list->len) {
		items = view_alloc(view, list->size * list->len);
		memcpy(items, list->items, list->size * list->len);
	}
	free(list->items);
	return items;
}

static int
take_partition(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct view_partition *partition = list_add(ctx);

	(void)err;
	partition->topic = text_of(r, row, 0).data;
	partition->id = (int32_t)int_of(row, 1);
	partition->state = state_of((const char *)sqlite3_column_text(row, 2));
	partition->begin = int_of(row, 3);
	partition->position = int_of(row, 4);
	partition->end = int_of(row, 5);
	partition->lost = int_of(row, 6);
	partition->skipped = int_of(row, 7);
	partition->newest_ms = -1;
	if (partition->state == VIEW_PARTITION_READ &&
	    partition->end > partition->position)
		partition->lag = partition->end - partition->position;
	return 0;
}

static int
read_partitions(struct reading *r, struct err *err)
{
	struct list list = {.size = sizeof(struct view_partition)};
	int rc;

	rc = each_row(r,
		      "SELECT topic, partition, state, begin_offset,"
		      " next_offset, end_offset, lost, skipped"
		      " FROM snapshot_offset WHERE snapshot = ?1"
		      " ORDER BY entry",
		      NULL, take_partition, &list, err);
	r->view->partitions =
	    list_end(&list, r->view, &r->view->partitions_len);
	return rc;
}

static enum reason
reason_of(const char *name)
{
	for (int i = REASON_NONE + 1; i < REASONS; i++)
		if (strcmp(reason_name((enum reason)i), name) == 0)
			return (enum reason)i;
	return REASON_NONE;
}

/* A reason's name and its wording; one of a newer weir is its own wording. */
static void
name_reason(struct reading *r, sqlite3_stmt *row, int at, const char **name,
	    const char **text)
{
	enum reason reason;

	*name = text_of(r, row, at).data;
	reason = reason_of(*name);
	*text = reason == REASON_NONE ? *name : reason_text(reason);
}

static int
take_reason(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct view_reason *reason = list_add(ctx);

	(void)err;
	name_reason(r, row, 0, &reason->name, &reason->text);
	reason->count = int_of(row, 1);
	return 0;
}

static int
take_dead(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct list *list = ctx;
	struct view_dead *dead;

	(void)err;
	/* Not those that another store had. */
	if (list->len >= r->view->ledger.dead)
		return 0;
	dead = list_add(list);
	dead->position.topic = text_of(r, row, 0).data;
	dead->position.partition = (int32_t)int_of(row, 1);
	dead->position.offset = int_of(row, 2);
	dead->seen_ms = int_of(row, 3);
	name_reason(r, row, 4, &dead->reason_name, &dead->reason);
	if (sqlite3_column_type(row, 5) != SQLITE_NULL)
		dead->field = text_of(r, row, 5).data;
	dead->raw_size = (size_t)int_of(row, 6);
	dead->raw = text_of(r, row, 7);
	return 0;
}

/* The letter in a row, or the next one behind: which snapshot wrote it. */
static int
letter_at(struct reading *r, int64_t rowid, int64_t *snapshot, struct err *err)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT snapshot FROM dead_letter WHERE rowid >= %" PRId64
		 " ORDER BY rowid LIMIT 1",
		 rowid);
	return sql_number(r->file.db, r->file.path, sql, snapshot, err);
}

/*
 * The first row with a letter that was written later. Letters are written in
 * the order of snapshots, and there is no index: looking at each of them would
 * read all messages that came since.
 */
static int
find_later(struct reading *r, int64_t *rowid, struct err *err)
{
	int64_t from = 1, to, snapshot;
	int rc;

	rc = sql_number(r->file.db, r->file.path,
			"SELECT coalesce(max(rowid), 0) + 1 FROM dead_letter",
			&to, err);
	while (rc == 0 && from < to) {
		int64_t middle = from + (to - from) / 2;

		rc = letter_at(r, middle, &snapshot, err);
		if (rc)
			break;
		if (snapshot > r->past->id)
			to = middle;
		else
			from = middle + 1;
	}
	*rowid = from;
	return rc;
}

static int
read_dead(struct reading *r, struct err *err)
{
	int64_t later = 0;
	char sql[256];
	struct list reasons = {.size = sizeof(struct view_reason)};
	struct list letters = {.size = sizeof(struct view_dead)};
	int rc;

	rc = each_row(r,
		      "SELECT reason, count FROM dead_by_reason"
		      " WHERE snapshot = ?1 ORDER BY count DESC, reason",
		      NULL, take_reason, &reasons, err);
	if (rc == 0)
		rc = find_later(r, &later, err);
	snprintf(sql, sizeof(sql),
		 "SELECT topic, partition, \"offset\", seen_ms, reason, field,"
		 " size, message FROM dead_letter WHERE rowid < %" PRId64
		 " ORDER BY rowid DESC LIMIT %d",
		 later, VIEW_DEAD);
	if (rc == 0)
		rc = each_row(r, sql, NULL, take_dead, &letters, err);
	r->view->reasons = list_end(&reasons, r->view, &r->view->reasons_len);
	r->view->dead = list_end(&letters, r->view, &r->view->dead_len);
	return rc;
}

/* ---- Tables ---- */

static struct value
measure_value(const struct json_value *value, bool real)
{
	int64_t i;
	double d;

	if (value && json_int(value, &i))
		return as(value_int(i), real);
	if (value && json_double(value, &d))
		return value_real(d);
	return value_none();
}

static void
read_measures(struct reading *r, sqlite3_stmt *from, int at,
	      const struct table_spec *spec, struct view_row *row)
{
	const char *text = (const char *)sqlite3_column_text(from, at);
	struct json *json;

	if (!text || json_parse(text, strlen(text), r->file.path, &json, NULL))
		return;
	for (unsigned i = 0; i < spec->measures_len; i++) {
		const struct measure *measure = &spec->measures[i];

		row->measures[i] =
		    measure_value(json_type(json_root(json)) == JSON_OBJECT
				      ? json_get(json_root(json), measure->name)
				      : NULL,
				  is_real(r->file.pipeline, measure));
	}
	json_free(json);
}

struct ranking {
	const struct table_spec *spec;
	struct list list;
};

static int
take_rank(struct reading *r, sqlite3_stmt *from, void *ctx, struct err *err)
{
	struct ranking *ranking = ctx;
	struct view_row *row = list_add(&ranking->list);

	(void)err;
	row->key = text_of(r, from, 0);
	read_measures(r, from, 1, ranking->spec, row);
	row->first.partition = row->last.partition = -1;
	row->first.offset = row->last.offset = -1;
	for (int i = 0; i < VIEW_SECONDS; i++)
		row->recent[i] = -1;
	row->per_s = -1;
	return 0;
}

static int
read_ranking(struct reading *r, const struct table_spec *spec, const char *sql,
	     struct view_row **rows, unsigned *len, struct err *err)
{
	struct ranking ranking = {spec, {.size = sizeof(struct view_row)}};
	int rc = each_row(r, sql, spec->name, take_rank, &ranking, err);

	*rows = list_end(&ranking.list, r->view, len);
	return rc;
}

struct windows {
	struct view_table *table;
	struct list list;
	bool there; /* the table was in the snapshot */
};

static bool
measure_real(const struct reading *r, const struct table_spec *spec)
{
	return is_real(r->file.pipeline, &spec->measures[spec->rank]);
}

/* The newest window is as it was then, whatever became of it later. */
static int
take_table(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct windows *windows = ctx;
	struct view_table *table = windows->table;
	const struct table_spec *spec = table->spec;
	struct view_window *newest;

	(void)err;
	windows->there = true;
	read_summary(r, row, 3, measure_real(r, spec), &table->summary);
	table->late = int_of(row, 2);
	if (sqlite3_column_type(row, 0) == SQLITE_NULL)
		return 0;
	newest = list_add(&windows->list);
	newest->start_ms = int_of(row, 0);
	newest->end_ms = int_of(row, 1);
	newest->span_ms = newest->end_ms - newest->start_ms;
	newest->complete =
	    r->view->watermark_ms >= 0 &&
	    r->view->watermark_ms - spec->lateness_ms >= newest->end_ms;
	newest->summary = table->summary;
	return 0;
}

static int
take_window(struct reading *r, sqlite3_stmt *row, void *ctx, struct err *err)
{
	struct windows *windows = ctx;
	struct view_window *first = windows->list.items, *window;

	(void)err;
	if (!first || windows->list.len == VIEW_WINDOWS ||
	    int_of(row, 0) >= first->start_ms)
		return 0;
	window = list_add(&windows->list);
	window->start_ms = int_of(row, 0);
	window->end_ms = int_of(row, 1);
	window->complete = int_of(row, 2) != 0;
	window->span_ms = window->end_ms - window->start_ms;
	read_summary(r, row, 3, measure_real(r, windows->table->spec),
		     &window->summary);
	return 0;
}

#define SUMMARY                                                                \
	"keys, total, average, min_value, min_keys, min_example, max_value,"   \
	" max_key"

static int
read_table(struct reading *r, struct view_table *table, struct err *err)
{
	const struct table_spec *spec = table->spec;
	struct windows windows = {
	    table, {.size = sizeof(struct view_window)}, false};
	int rc;

	rc = each_row(r,
		      "SELECT window_start_ms, window_end_ms, late, " SUMMARY
		      " FROM snapshot_table"
		      " WHERE snapshot = ?1 AND table_name = ?2",
		      spec->name, take_table, &windows, err);
	if (rc == 0 && spec->window_ms)
		rc = each_row(r,
			      "SELECT start_ms, end_ms, complete, " SUMMARY
			      " FROM window_summary"
			      " WHERE snapshot <= ?1 AND table_name = ?2"
			      " ORDER BY start_ms DESC LIMIT 200",
			      spec->name, take_window, &windows, err);
	table->windows = list_end(&windows.list, r->view, &table->windows_len);
	if (rc == 0 && !windows.there)
		rc = err_set(err, WEIR_STORE, 0,
			     "the snapshot file %s lacks the table %s in "
			     "snapshot %" PRId64 "; somebody has changed it",
			     r->file.path, spec->name, r->past->id);
	if (rc == 0)
		rc = read_ranking(r, spec,
				  "SELECT key, measures FROM ranking"
				  " WHERE snapshot = ?1 AND table_name = ?2"
				  " AND side = 'top' ORDER BY place LIMIT 100",
				  &table->top, &table->top_len, err);
	if (rc == 0)
		rc = read_ranking(
		    r, spec,
		    "SELECT key, measures FROM ranking"
		    " WHERE snapshot = ?1 AND table_name = ?2"
		    " AND side = 'bottom' ORDER BY place LIMIT 100",
		    &table->bottom, &table->bottom_len, err);
	return rc;
}

static int
read_all(struct reading *r, int64_t id, int step, struct err *err)
{
	const struct pipeline *p = r->file.pipeline;
	int rc;

	rc = read_snapshot(r, id, step, err);
	if (rc == 0)
		rc = read_partitions(r, err);
	if (rc == 0)
		rc = read_dead(r, err);
	if (rc)
		return rc;
	r->view->tables =
	    view_alloc(r->view, sizeof(*r->view->tables) * p->tables_len);
	r->view->tables_len = p->tables_len;
	for (unsigned i = 0; i < p->tables_len; i++)
		r->view->tables[i].spec = &p->tables[i];
	for (unsigned i = 0; rc == 0 && i < p->tables_len; i++)
		rc = read_table(r, &r->view->tables[i], err);
	return rc;
}

int
past_read(const char *path, const struct pipeline *pipeline, int64_t id,
	  int step, struct past *past, struct err *err)
{
	struct reading r = {.file = {.pipeline = pipeline}, .past = past};
	int rc;

	rc = sql_open(path, SQLITE_OPEN_READONLY, &r.file.db, err);
	if (rc)
		return rc;
	sqlite3_busy_timeout(r.file.db, BUSY_MS);
	r.file.path = xstrdup(path);
	r.view = view_new(pipeline);
	rc = sql_exec(r.file.db, path, "BEGIN", "being read", err);
	if (rc == 0)
		rc = snapshot_check(&r.file, err);
	if (rc == 0)
		rc = read_all(&r, id, step, err);
	sqlite3_close(r.file.db);
	free(r.file.path);
	if (rc)
		view_free(r.view);
	else
		past->view = r.view;
	return rc;
}
