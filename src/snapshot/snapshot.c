#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "snapshot/sqlite-door.h"

#define BUSY_MS       5000
#define RANKING_SHOWN 10
#define WAL_KEPT      (64 << 20) /* bytes that stay reserved for the next one */

static const char schema[] =
#include "src/snapshot/schema.inc"
    ;

const char *
snapshot_schema(void)
{
	return schema;
}

static const char *const statements[SQL_LEN] = {
    [SQL_LAST] = "SELECT id, run, commit_number FROM snapshot"
		 " ORDER BY id DESC LIMIT 1",
    [SQL_ADD_RUN] = "INSERT OR IGNORE INTO run (started_ms, pipeline,"
		    " fingerprint, source, topic) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_FIND_RUN] = "SELECT id FROM run WHERE started_ms = ?1"
		     " AND fingerprint = ?2 AND source = ?3 AND topic = ?4",
    [SQL_ADD_SNAPSHOT] =
	"INSERT INTO snapshot (id, run, taken_ms, commit_number, commit_ms,"
	" watermark_ms, produced, acked, unacked, failed, \"foreign\","
	" consumed, valid, dead, late, lag, lost, skipped, balanced,"
	" rows_written, read_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	" ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0, 0)",
    [SQL_FINISH_SNAPSHOT] = "UPDATE snapshot SET rows_written = ?2,"
			    " read_ms = ?3 WHERE id = ?1",
    [SQL_ADD_OFFSET] = "INSERT INTO snapshot_offset VALUES"
		       " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [SQL_ADD_TABLE] = "INSERT INTO snapshot_table VALUES"
		      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		      " ?13)",
    [SQL_ADD_WINDOW] =
	"INSERT INTO window_summary VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	" ?9, ?10, ?11, ?12, ?13) ON CONFLICT (table_name, start_ms)"
	" DO UPDATE SET end_ms = excluded.end_ms, complete = excluded.complete,"
	" keys = excluded.keys, total = excluded.total,"
	" average = excluded.average, min_value = excluded.min_value,"
	" min_keys = excluded.min_keys, min_example = excluded.min_example,"
	" max_value = excluded.max_value, max_key = excluded.max_key,"
	" snapshot = excluded.snapshot"
	" WHERE (complete, keys, total, average, min_value, min_keys,"
	" min_example, max_value, max_key) IS NOT (excluded.complete,"
	" excluded.keys, excluded.total, excluded.average, excluded.min_value,"
	" excluded.min_keys, excluded.min_example, excluded.max_value,"
	" excluded.max_key)",
    [SQL_ADD_RANKING] = "INSERT INTO ranking VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
			" ?7)",
    [SQL_ADD_LETTER] = "INSERT OR IGNORE INTO dead_letter VALUES (?1, ?2, ?3,"
		       " ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_ADD_REASON] = "INSERT INTO dead_by_reason VALUES (?1, ?2, ?3)",
    [SQL_ADD_ALERT] = "INSERT OR IGNORE INTO alert VALUES (?1, ?2, ?3, ?4, ?5,"
		      " ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_DROP_MANY] =
	"DELETE FROM snapshot WHERE id <= (SELECT id FROM snapshot"
	" ORDER BY id DESC LIMIT 1 OFFSET ?1)",
    [SQL_DROP_OLD] = "DELETE FROM snapshot WHERE taken_ms < ?1 AND id <> ?2",
    [SQL_DROP_LETTERS] = "DELETE FROM dead_letter WHERE snapshot <"
			 " (SELECT min(id) FROM snapshot)",
    [SQL_DROP_ALERTS] = "DELETE FROM alert WHERE snapshot <"
			" (SELECT min(id) FROM snapshot)",
    [SQL_DROP_WINDOWS] = "DELETE FROM window_summary WHERE table_name = ?1"
			 " AND start_ms < ?2 AND snapshot <"
			 " (SELECT min(id) FROM snapshot)",
    [SQL_DROP_RUNS] = "DELETE FROM run WHERE id NOT IN"
		      " (SELECT run FROM snapshot)",
};

/* What is to be done to a file of version i + 1 to make it one of i + 2. */
static const char *const migrations[SNAPSHOT_VERSION] = {
    /* Version 2 has the history of alerts. */
    "CREATE TABLE alert ("
    " rule TEXT NOT NULL, alert INTEGER NOT NULL, state TEXT NOT NULL,"
    " since_ms INTEGER NOT NULL, since TEXT GENERATED ALWAYS AS"
    " (strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch')),"
    " time_ms INTEGER, severity TEXT NOT NULL, key TEXT NOT NULL,"
    " window_start_ms INTEGER, value NUMERIC, \"limit\" NUMERIC,"
    " message TEXT NOT NULL, snapshot INTEGER NOT NULL,"
    " PRIMARY KEY (rule, alert, state, since_ms));",
    NULL,
};

/* ---- The file ---- */

static int
exec(struct snapshot *s, const char *sql, const char *doing, struct err *err)
{
	return sql_exec(s->db, s->path, sql, doing, err);
}

static int
set_version(struct snapshot *s, struct err *err)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 APPLICATION_ID, SNAPSHOT_VERSION);
	return exec(s, sql, "being made", err);
}

static void
fingerprint_text(const struct pipeline *p, char text[17])
{
	snprintf(text, 17, "%016" PRIx64, p->fingerprint);
}

static int
make(struct snapshot *s, struct err *err)
{
	struct buf sql = BUF_INIT;
	char fingerprint[17];
	int rc;

	fingerprint_text(s->pipeline, fingerprint);
	buf_add_str(&sql, "INSERT INTO pipeline VALUES (");
	sql_literal(&sql, s->pipeline->name);
	buf_addf(&sql, ", '%s')", fingerprint);
	rc = exec(s, schema, "being made", err);
	if (rc == 0)
		rc = exec(s, sql.data, "being made", err);
	if (rc == 0)
		rc = current_create(s, err);
	if (rc == 0)
		rc = set_version(s, err);
	buf_release(&sql);
	return rc;
}

static int
migrate(struct snapshot *s, int64_t version, struct err *err)
{
	int rc = 0;

	for (; rc == 0 && version < SNAPSHOT_VERSION; version++)
		rc = exec(s, migrations[version - 1],
			  "being brought up to date", err);
	return rc ? rc : set_version(s, err);
}

static int
foreign(const struct snapshot *s, const char *what, struct err *err)
{
	return err_set(err, WEIR_STORE_FOREIGN, 0,
		       "%s is %s; give the name of another snapshot file",
		       s->path, what);
}

/* That a file with something in it is ours, and of this pipeline. */
static int
check(struct snapshot *s, int64_t application, int64_t version, struct err *err)
{
	char wanted[17], what[200];
	sqlite3_stmt *statement = NULL;
	const char *name, *is;
	int rc;

	if (application != APPLICATION_ID || version < 1)
		return foreign(s, "a database of something else", err);
	if (version > SNAPSHOT_VERSION) {
		snprintf(what, sizeof(what),
			 "of a newer weir (version %" PRId64
			 "; this one knows %d)",
			 version, SNAPSHOT_VERSION);
		return foreign(s, what, err);
	}
	rc = sql_prepare(s->db, s->path,
			 "SELECT name, fingerprint FROM pipeline", &statement,
			 err);
	if (rc)
		return rc;
	fingerprint_text(s->pipeline, wanted);
	if (sqlite3_step(statement) != SQLITE_ROW) {
		rc = sql_fail(s->db, s->path, "being read", err);
		goto done;
	}
	/* NULL, where somebody else made the file. */
	name = (const char *)sqlite3_column_text(statement, 0);
	is = (const char *)sqlite3_column_text(statement, 1);
	if (!is || strcmp(is, wanted) != 0) {
		snprintf(what, sizeof(what),
			 "of another pipeline, or of other fields, rules or "
			 "tables (%.64s)",
			 name ? name : "");
		rc = foreign(s, what, err);
	}
done:
	sqlite3_finalize(statement);
	return rc;
}

static int
look(struct snapshot *s, int64_t *things, int64_t *application,
     int64_t *version, struct err *err)
{
	int rc;

	rc = sql_number(s->db, s->path, "SELECT count(*) FROM sqlite_master",
			things, err);
	if (rc == 0)
		rc = sql_number(s->db, s->path, "PRAGMA application_id",
				application, err);
	if (rc == 0)
		rc = sql_number(s->db, s->path, "PRAGMA user_version", version,
				err);
	return rc;
}

int
snapshot_check(struct snapshot *s, struct err *err)
{
	int64_t things, application, version;
	int rc = look(s, &things, &application, &version, err);

	return rc ? rc : check(s, application, version, err);
}

/* Nothing is changed in a file that is not ours. */
static int
begin(struct snapshot *s, struct err *err)
{
	int64_t things, application, version;
	char sql[96];
	int rc;

	rc = look(s, &things, &application, &version, err);
	if (rc == 0 && things > 0)
		rc = check(s, application, version, err);
	if (rc)
		return rc;
	snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit = %d", WAL_KEPT);
	rc = exec(s, "PRAGMA journal_mode = WAL", "being opened", err);
	if (rc == 0)
		rc = exec(s, sql, "being opened", err);
	/* Nothing is lost or torn by a power cut but the last snapshots. */
	if (rc == 0)
		rc = exec(s,
			  "PRAGMA synchronous = NORMAL;"
			  "PRAGMA wal_autocheckpoint = 0;"
			  "PRAGMA cache_size = -8192;"
			  "PRAGMA temp_store = MEMORY;",
			  "being opened", err);
	if (rc || (things > 0 && version == SNAPSHOT_VERSION))
		return rc;
	rc = exec(s, "BEGIN IMMEDIATE", "being made", err);
	if (rc)
		return rc;
	/* Somebody else may have been faster. */
	rc = look(s, &things, &application, &version, err);
	if (rc == 0 && things > 0)
		rc = check(s, application, version, err);
	if (rc == 0 && things > 0)
		rc = migrate(s, version, err);
	else if (rc == 0)
		rc = make(s, err);
	if (rc == 0)
		rc = exec(s, "COMMIT", "being made", err);
	if (rc)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int
snapshot_open(const char *path, const struct pipeline *pipeline,
	      const struct snapshot_options *options, struct snapshot **out,
	      struct err *err)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));
	int rc;

	s->path = xstrdup(path);
	s->pipeline = pipeline;
	s->options = *options;
	current_names(s);
	rc = sql_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s->db,
		      err);
	if (rc == 0) {
		sqlite3_busy_timeout(s->db, BUSY_MS);
		rc = begin(s, err);
	}
	for (unsigned i = 0; rc == 0 && i < pipeline->tables_len; i++)
		rc = current_prepare(s, i, err);
	for (unsigned i = 0; rc == 0 && i < SQL_LEN; i++)
		rc = sql_prepare(s->db, path, statements[i], &s->statements[i],
				 err);
	if (rc)
		snapshot_close(s);
	else
		*out = s;
	return rc;
}

void
snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < PIPELINE_TABLES_MAX; i++)
		sqlite3_finalize(s->tables[i].upsert);
	for (unsigned i = 0; i < SQL_LEN; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->since);
	free(s->path);
	free(s);
}

bool
snapshot_is_gone(const struct snapshot *s)
{
	int moved = 0;

	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED,
				    &moved) == SQLITE_OK &&
	       moved;
}

/* ---- Writing one ---- */

struct taking {
	struct snapshot *s;
	struct snapshot_result *result;
	int64_t now_ms;
	bool successor; /* of what this process has written last */
	int64_t run;
	/* As the file will be, when it is committed. */
	int64_t *since;
	unsigned since_len;
	int64_t windows_from[PIPELINE_TABLES_MAX];
	/* Of the table that is gone through. */
	unsigned table;
	int64_t rows;
};

/* Runs a statement that gives no row; it is ready for the next time. */
static int
run(struct taking *t, sqlite3_stmt *statement, struct err *err)
{
	int rc = sqlite3_step(statement) == SQLITE_DONE
		     ? 0
		     : sql_fail(t->s->db, t->s->path, "being written", err);

	sqlite3_reset(statement);
	return rc;
}

static sqlite3_stmt *
statement_of(const struct taking *t, enum sql which)
{
	return t->s->statements[which];
}

/* The newest snapshot in the file; an id of 0: there is none. */
static int
read_last(struct snapshot *s, int64_t *id, int64_t *its_run, int64_t *commit,
	  struct err *err)
{
	sqlite3_stmt *statement = s->statements[SQL_LAST];
	int code = sqlite3_step(statement), rc = 0;

	*id = *its_run = *commit = 0;
	if (code == SQLITE_ROW) {
		*id = sqlite3_column_int64(statement, 0);
		*its_run = sqlite3_column_int64(statement, 1);
		*commit = sqlite3_column_int64(statement, 2);
	} else if (code != SQLITE_DONE) {
		rc = sql_fail(s->db, s->path, "being read", err);
	}
	sqlite3_reset(statement);
	return rc;
}

static int
find_run(struct taking *t, const struct view *view, struct err *err)
{
	sqlite3_stmt *add = statement_of(t, SQL_ADD_RUN);
	sqlite3_stmt *find = statement_of(t, SQL_FIND_RUN);
	char fingerprint[17];
	int rc;

	fingerprint_text(t->s->pipeline, fingerprint);
	sqlite3_bind_int64(add, 1, view->started_ms);
	sql_bind_string(add, 2, t->s->pipeline->name);
	sql_bind_string(add, 3, fingerprint);
	sql_bind_string(add, 4, view->source);
	sql_bind_string(add, 5, view->topic);
	rc = run(t, add, err);
	if (rc)
		return rc;
	sqlite3_bind_int64(find, 1, view->started_ms);
	sql_bind_string(find, 2, fingerprint);
	sql_bind_string(find, 3, view->source);
	sql_bind_string(find, 4, view->topic);
	if (sqlite3_step(find) == SQLITE_ROW)
		t->run = sqlite3_column_int64(find, 0);
	else
		rc = sql_fail(t->s->db, t->s->path, "being read", err);
	sqlite3_reset(find);
	return rc;
}

static int
add_snapshot(struct taking *t, const struct view *view, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_ADD_SNAPSHOT);
	const struct ledger *l = &view->ledger;
	const int64_t numbers[] = {t->result->id,   t->run,
				   t->now_ms,       (int64_t)view->commit,
				   view->commit_ms, view->watermark_ms,
				   l->produced,     l->acked,
				   l->unacked,      l->failed,
				   l->foreign,      l->consumed,
				   l->valid,        l->dead,
				   l->late,         l->lag,
				   l->lost,         l->skipped,
				   view->balanced};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sqlite3_bind_int64(to, (int)i + 1, numbers[i]);
	if (view->watermark_ms < 0)
		sqlite3_bind_null(to, 6);
	return run(t, to, err);
}

static int
add_offsets(struct taking *t, const struct view *view, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_ADD_OFFSET);
	int rc = 0;

	t->since = xcalloc(view->partitions_len + 1, sizeof(*t->since));
	t->since_len = view->partitions_len;
	for (unsigned i = 0; rc == 0 && i < view->partitions_len; i++) {
		const struct view_partition *p = &view->partitions[i];

		t->since[i] = p->position;
		sqlite3_bind_int64(to, 1, t->result->id);
		sqlite3_bind_int64(to, 2, i);
		sql_bind_string(to, 3, p->topic);
		sqlite3_bind_int64(to, 4, p->id);
		sql_bind_string(to, 5, view_partition_state_name(p->state));
		sqlite3_bind_int64(to, 6, p->begin);
		sqlite3_bind_int64(to, 7, p->position);
		sqlite3_bind_int64(to, 8, p->end);
		sqlite3_bind_int64(to, 9, p->lost);
		sqlite3_bind_int64(to, 10, p->skipped);
		rc = run(t, to, err);
	}
	return rc;
}

/* Eight parameters from `at` on. */
static void
bind_summary(sqlite3_stmt *to, int at, const struct view_summary *summary)
{
	sqlite3_bind_int64(to, at, summary->keys);
	sql_bind_value(to, at + 1, summary->total);
	sql_bind_value(to, at + 2, summary->average);
	sql_bind_value(to, at + 3, summary->min);
	sqlite3_bind_int64(to, at + 4, summary->min_keys);
	sql_bind_text(to, at + 5, summary->min_key.data, summary->min_key.size);
	sql_bind_value(to, at + 6, summary->max);
	sql_bind_text(to, at + 7, summary->max_key.data, summary->max_key.size);
}

static char *
measures_text(const struct table_spec *spec, const struct view_row *row)
{
	struct json_node *node = json_new_object();
	char *text;

	for (unsigned i = 0; i < spec->measures_len; i++)
		json_add_value(node, spec->measures[i].name, row->measures[i]);
	text = json_text(node, false);
	json_node_free(node);
	return text;
}

static int
add_ranking(struct taking *t, const struct table_spec *spec, const char *side,
	    const struct view_row *rows, unsigned len, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_ADD_RANKING);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < len && i < RANKING_SHOWN; i++) {
		char *measures = measures_text(spec, &rows[i]);

		sqlite3_bind_int64(to, 1, t->result->id);
		sql_bind_string(to, 2, spec->name);
		sql_bind_string(to, 3, side);
		sqlite3_bind_int64(to, 4, i + 1);
		sql_bind_text(to, 5, rows[i].key.data, rows[i].key.size);
		sql_bind_value(to, 6, rows[i].measures[spec->rank]);
		sql_bind_string(to, 7, measures);
		rc = run(t, to, err);
		free(measures);
	}
	return rc;
}

static int
add_table(struct taking *t, const struct view_table *table, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_ADD_TABLE);
	int rc;

	sqlite3_clear_bindings(to);
	sqlite3_bind_int64(to, 1, t->result->id);
	sql_bind_string(to, 2, table->spec->name);
	if (table->windows_len > 0) {
		sqlite3_bind_int64(to, 3, table->windows[0].start_ms);
		sqlite3_bind_int64(to, 4, table->windows[0].end_ms);
	}
	if (table->spec->window_ms)
		sqlite3_bind_int64(to, 5, table->late);
	bind_summary(to, 6, &table->summary);
	rc = run(t, to, err);
	if (rc == 0)
		rc = add_ranking(t, table->spec, "top", table->top,
				 table->top_len, err);
	if (rc == 0)
		rc = add_ranking(t, table->spec, "bottom", table->bottom,
				 table->bottom_len, err);
	return rc;
}

static int
add_window(void *ctx, const struct view_window *window, struct err *err)
{
	struct taking *t = ctx;
	sqlite3_stmt *to = statement_of(t, SQL_ADD_WINDOW);

	sql_bind_string(to, 1, t->s->pipeline->tables[t->table].name);
	sqlite3_bind_int64(to, 2, window->start_ms);
	sqlite3_bind_int64(to, 3, window->end_ms);
	sqlite3_bind_int64(to, 4, window->complete);
	bind_summary(to, 5, &window->summary);
	sqlite3_bind_int64(to, 13, t->result->id);
	if (window->complete)
		t->windows_from[t->table] = window->start_ms + 1;
	return run(t, to, err);
}

static int
add_dead(struct taking *t, const struct view *view, struct err *err)
{
	sqlite3_stmt *letter = statement_of(t, SQL_ADD_LETTER);
	sqlite3_stmt *reason = statement_of(t, SQL_ADD_REASON);
	int rc = 0;

	for (unsigned i = view->dead_len; rc == 0 && i-- > 0;) {
		const struct view_dead *dead = &view->dead[i];

		sql_bind_string(letter, 1,
				dead->position.topic ? dead->position.topic
						     : "");
		sqlite3_bind_int64(letter, 2, dead->position.partition);
		sqlite3_bind_int64(letter, 3, dead->position.offset);
		sqlite3_bind_int64(letter, 4, dead->seen_ms);
		sql_bind_string(letter, 5, dead->reason_name);
		sql_bind_string(letter, 6, dead->field);
		sqlite3_bind_int64(letter, 7, (int64_t)dead->raw_size);
		sql_bind_text(letter, 8, dead->raw.data, dead->raw.size);
		sqlite3_bind_int64(letter, 9, t->result->id);
		rc = run(t, letter, err);
	}
	for (unsigned i = 0; rc == 0 && i < view->reasons_len; i++) {
		sqlite3_bind_int64(reason, 1, t->result->id);
		sql_bind_string(reason, 2, view->reasons[i].name);
		sqlite3_bind_int64(reason, 3, view->reasons[i].count);
		rc = run(t, reason, err);
	}
	return rc;
}

static int
add_alerts(struct taking *t, const struct view *view, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_ADD_ALERT);
	int rc = 0;

	/* As they happened. */
	for (unsigned i = view->alert_log_len; rc == 0 && i-- > 0;) {
		const struct view_alert *a = &view->alert_log[i];
		const struct alert_spec *spec =
		    &view->pipeline->alerts[a->rule];

		sqlite3_clear_bindings(to);
		sql_bind_string(to, 1, spec->name);
		sqlite3_bind_int64(to, 2, (int64_t)a->id);
		sql_bind_string(to, 3, view_alert_state_name(a->state));
		sqlite3_bind_int64(to, 4, a->since_ms);
		if (a->at_ms >= 0)
			sqlite3_bind_int64(to, 5, a->at_ms);
		sql_bind_string(to, 6, alert_severity_name(spec->severity));
		sql_bind_text(to, 7, a->key.data, a->key.size);
		if (a->window_ms >= 0)
			sqlite3_bind_int64(to, 8, a->window_ms);
		sql_bind_value(to, 9, a->value);
		sql_bind_value(to, 10, a->limit);
		sql_bind_text(to, 11, a->message.data, a->message.size);
		sqlite3_bind_int64(to, 12, t->result->id);
		rc = run(t, to, err);
	}
	return rc;
}

/* What is older than what is to be kept. */
static int
drop_old(struct taking *t, struct store_read *read, struct err *err)
{
	const struct snapshot_options *o = &t->s->options;
	sqlite3_stmt *many = statement_of(t, SQL_DROP_MANY);
	sqlite3_stmt *old = statement_of(t, SQL_DROP_OLD);
	sqlite3_stmt *windows = statement_of(t, SQL_DROP_WINDOWS);
	int rc;

	sqlite3_bind_int64(many, 1, (int64_t)o->keep);
	rc = run(t, many, err);
	if (rc == 0 && o->keep_for_ms) {
		sqlite3_bind_int64(old, 1, t->now_ms - o->keep_for_ms);
		sqlite3_bind_int64(old, 2, t->result->id);
		rc = run(t, old, err);
	}
	if (rc == 0)
		rc = run(t, statement_of(t, SQL_DROP_LETTERS), err);
	if (rc == 0)
		rc = run(t, statement_of(t, SQL_DROP_ALERTS), err);
	for (unsigned i = 0; rc == 0 && i < t->s->pipeline->tables_len; i++) {
		if (!t->s->pipeline->tables[i].window_ms)
			continue;
		/* Those that the store still has would only come back. */
		sql_bind_string(windows, 1, t->s->pipeline->tables[i].name);
		sqlite3_bind_int64(windows, 2, store_read_oldest(read, i));
		rc = run(t, windows, err);
	}
	return rc ? rc : run(t, statement_of(t, SQL_DROP_RUNS), err);
}

/* ---- Current tables ---- */

static int
add_row(void *ctx, const struct store_row *row, struct err *err)
{
	struct taking *t = ctx;
	const struct current *current = &t->s->tables[t->table];
	struct cell cells[COLUMNS_MAX];

	columns_cells(t->s->pipeline, &t->s->pipeline->tables[t->table], row,
		      cells);
	for (unsigned i = 0; i < current->columns.len; i++)
		sql_bind_cell(current->upsert, (int)i + 1, &cells[i]);
	t->rows++;
	return run(t, current->upsert, err);
}

/* A statement on the table that is gone through; %s is its name. */
static int
on_current(struct taking *t, const char *before, const char *behind,
	   int64_t *number, struct err *err)
{
	struct snapshot *s = t->s;
	struct buf sql = BUF_INIT;
	int rc;

	buf_add_str(&sql, before);
	sql_name(&sql, s->tables[t->table].name);
	buf_add_str(&sql, behind);
	if (number)
		rc = sql_number(s->db, s->path, sql.data, number, err);
	else
		rc = exec(s, sql.data, "being written", err);
	buf_release(&sql);
	return rc;
}

static int
drop_expired(struct taking *t, int64_t oldest, struct err *err)
{
	char behind[64];

	if (oldest == INT64_MIN)
		return 0;
	snprintf(behind, sizeof(behind), " WHERE window_start_ms < %" PRId64,
		 oldest);
	return on_current(t, "DELETE FROM ", behind, NULL, err);
}

static int
write_rows(struct taking *t, struct store_read *read, struct err *err)
{
	const struct snapshot *s = t->s;
	const int64_t *since = t->successor ? s->since : NULL;
	int64_t there;
	int rc;

	t->rows = 0;
	rc = drop_expired(t, store_read_oldest(read, t->table), err);
	if (rc == 0)
		rc = store_read_rows(read, t->table, since, s->since_len,
				     add_row, t, err);
	if (rc || since)
		return rc;
	/* All of the store's rows are there. Others are of another store. */
	rc = on_current(t, "SELECT count(*) FROM ", "", &there, err);
	if (rc || there == t->rows)
		return rc;
	rc = on_current(t, "DELETE FROM ", "", NULL, err);
	return rc ? rc
		  : store_read_rows(read, t->table, NULL, 0, add_row, t, err);
}

static int
write_table(struct taking *t, struct store_read *read, struct err *err)
{
	int64_t from =
	    t->successor ? t->s->tables[t->table].windows_from : INT64_MIN;
	int64_t changes;
	int rc = 0;

	t->windows_from[t->table] = from;
	if (t->s->pipeline->tables[t->table].window_ms)
		rc = store_read_windows(read, t->table, from, add_window, t,
					err);
	if (rc)
		return rc;
	changes = sqlite3_total_changes(t->s->db);
	rc = write_rows(t, read, err);
	t->result->rows_written += sqlite3_total_changes(t->s->db) - changes;
	return rc;
}

/* ---- The whole ---- */

static int
finish(struct taking *t, int64_t began_ns, struct err *err)
{
	sqlite3_stmt *to = statement_of(t, SQL_FINISH_SNAPSHOT);

	t->result->read_ns = clock_steady_ns() - began_ns;
	sqlite3_bind_int64(to, 1, t->result->id);
	sqlite3_bind_int64(to, 2, t->result->rows_written);
	sqlite3_bind_int64(to, 3, t->result->read_ns / 1000000);
	return run(t, to, err);
}

static int
write_all(void *ctx, struct store_read *read, struct err *err)
{
	struct taking *t = ctx;
	const struct view *view = store_read_view(read);
	int64_t began_ns = clock_steady_ns();
	int64_t id, its_run, commit;
	int rc;

	t->result->commit = view->commit;
	rc = read_last(t->s, &id, &its_run, &commit, err);
	if (rc == 0)
		rc = find_run(t, view, err);
	if (rc)
		return rc;
	t->result->id = id;
	t->result->same =
	    id && its_run == t->run && commit == (int64_t)view->commit;
	if (t->result->same)
		return 0;
	t->successor = t->s->id != 0 && t->s->id == id;
	t->result->id = id + 1;
	rc = add_snapshot(t, view, err);
	if (rc == 0)
		rc = drop_old(t, read, err);
	if (rc == 0)
		rc = add_offsets(t, view, err);
	if (rc == 0)
		rc = add_dead(t, view, err);
	if (rc == 0)
		rc = add_alerts(t, view, err);
	for (unsigned i = 0; rc == 0 && i < view->tables_len; i++)
		rc = add_table(t, &view->tables[i], err);
	for (t->table = 0; rc == 0 && t->table < view->tables_len; t->table++)
		rc = write_table(t, read, err);
	return rc ? rc : finish(t, began_ns, err);
}

int
snapshot_take(struct snapshot *s, struct store *store, int64_t now_ms,
	      struct snapshot_result *result, struct err *err)
{
	struct taking t = {.s = s, .result = result, .now_ms = now_ms};
	int rc;

	memset(result, 0, sizeof(*result));
	if (snapshot_is_gone(s))
		return err_set(err, WEIR_NOT_FOUND, 0,
			       "the snapshot file %s was moved or removed",
			       s->path);
	/* Waiting for other programs comes first, the store's commit then. */
	rc = exec(s, "BEGIN IMMEDIATE", "being written", err);
	if (rc)
		return rc;
	rc = store_read(store, write_all, &t, err);
	if (rc == 0)
		rc = exec(s, "COMMIT", "being written", err);
	if (rc) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		free(t.since);
		return rc;
	}
	if (result->same) {
		free(t.since);
		return 0;
	}
	s->id = result->id;
	free(s->since);
	s->since = t.since;
	s->since_len = t.since_len;
	for (unsigned i = 0; i < PIPELINE_TABLES_MAX; i++)
		s->tables[i].windows_from = t.windows_from[i];
	/* What a reader holds back is done the next time. */
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
				  NULL);
	return 0;
}
