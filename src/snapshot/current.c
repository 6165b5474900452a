/*
 * Current tables, and the views that follow from the pipeline: their names, and
 * the SQL that makes and fills them.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "snapshot/sqlite-door.h"

/* ---- Names ---- */

static bool
is_named(const void *ctx, const char *name)
{
	const struct snapshot *s = ctx;

	for (unsigned i = 0; i < s->pipeline->tables_len; i++)
		if (strcasecmp(s->tables[i].name, name) == 0 ||
		    strcasecmp(s->tables[i].view, name) == 0)
			return true;
	return false;
}

static void
name_it(const struct snapshot *s, char to[COLUMN_NAME_MAX], const char *name)
{
	char unique[COLUMN_NAME_MAX];

	column_unique(unique, name, is_named, s);
	memcpy(to, unique, sizeof(unique));
}

/* The fields of a table's key, with `between` between them. */
static void
add_fields(struct buf *to, const struct pipeline *p,
	   const struct table_spec *spec, const char *between)
{
	for (unsigned i = 0; i < spec->by_len; i++)
		buf_addf(to, "%s%s", i ? between : "",
			 p->event.fields[spec->by[i]].name);
}

static void
name_view(struct snapshot *s, unsigned table)
{
	const struct table_spec *spec = &s->pipeline->tables[table];
	struct buf name = BUF_INIT;

	if (spec->window_ms) {
		buf_addf(&name, "extremes_per_window_%s", spec->name);
	} else {
		buf_add_str(&name, "average_per_");
		add_fields(&name, s->pipeline, spec, "_and_");
		buf_add_str(&name, "_over_time");
		if (is_named(s, name.data))
			buf_addf(&name, "_of_%s", spec->name);
	}
	name_it(s, s->tables[table].view, name.data);
	buf_release(&name);
}

void
current_names(struct snapshot *s)
{
	const struct pipeline *p = s->pipeline;
	char name[COLUMN_NAME_MAX];

	for (unsigned i = 0; i < p->tables_len; i++) {
		columns_init(&s->tables[i].columns, p, &p->tables[i]);
		snprintf(name, sizeof(name), "current_%s", p->tables[i].name);
		name_it(s, s->tables[i].name, name);
	}
	for (unsigned i = 0; i < p->tables_len; i++)
		name_view(s, i);
}

/* ---- Making them ---- */

/*
 * What tells rows apart. In a primary key nothing may be NULL, and in an index
 * NULL differs from NULL: a part that is missing stands there as a blob without
 * bytes, which no other value is.
 */
static bool
add_key(struct buf *sql, const struct columns *columns)
{
	bool optional = false;

	for (unsigned i = 0; i < columns->key_len; i++) {
		buf_add_str(sql, i ? ", " : "");
		if (columns->all[i].optional)
			buf_add_str(sql, "ifnull(");
		sql_name(sql, columns->all[i].name);
		if (columns->all[i].optional)
			buf_add_str(sql, ", x'')");
		optional |= columns->all[i].optional;
	}
	return optional;
}

static void
add_current(struct buf *sql, const struct current *table)
{
	const struct columns *columns = &table->columns;
	struct buf key = BUF_INIT;
	bool optional = add_key(&key, columns);

	buf_add_str(sql, "CREATE TABLE ");
	sql_name(sql, table->name);
	buf_add_str(sql, " (\n");
	for (unsigned i = 0; i < columns->len; i++) {
		buf_add_str(sql, i ? ",\n\t" : "\t");
		sql_name(sql, columns->all[i].name);
		buf_addf(sql, " %s", column_type_name(columns->all[i].type));
	}
	if (optional) {
		char name[COLUMN_NAME_MAX + 8];

		snprintf(name, sizeof(name), "%s key", table->name);
		buf_add_str(sql, "\n);\nCREATE UNIQUE INDEX ");
		sql_name(sql, name);
		buf_add_str(sql, " ON ");
		sql_name(sql, table->name);
		buf_addf(sql, " (%s);\n", key.data);
	} else {
		buf_addf(sql, ",\n\tPRIMARY KEY (%s)\n) WITHOUT ROWID;\n",
			 key.data);
	}
	buf_release(&key);
}

static void
add_view(struct buf *sql, const struct table_spec *spec,
	 const struct current *table)
{
	buf_add_str(sql, "CREATE VIEW ");
	sql_name(sql, table->view);
	if (spec->window_ms) {
		buf_add_str(
		    sql, " AS\nSELECT strftime('%Y-%m-%dT%H:%M:%SZ', "
			 "start_ms / 1000.0, 'unixepoch') AS start,\n"
			 "\tstart_ms, end_ms, complete, keys, total, average,\n"
			 "\tmin_value, min_keys, min_example, max_value, "
			 "max_key\nFROM window_summary WHERE table_name = ");
		sql_literal(sql, spec->name);
		buf_add_str(sql, " ORDER BY start_ms;\n");
		return;
	}
	buf_add_str(sql,
		    " AS\nSELECT s.id AS snapshot, s.taken, s.commit_number, "
		    "t.keys, t.total, t.average,\n\tt.min_value, t.max_value\n"
		    "FROM snapshot_table t JOIN snapshot s ON s.id = "
		    "t.snapshot\nWHERE t.table_name = ");
	sql_literal(sql, spec->name);
	buf_add_str(sql, " ORDER BY s.id;\n");
}

static void
add_description(struct buf *sql, const struct pipeline *p,
		const struct table_spec *spec, const struct current *table)
{
	const struct measure *measure = &spec->measures[spec->rank];
	struct buf fields = BUF_INIT;

	add_fields(&fields, p, spec, ", ");
	buf_add_str(sql, "INSERT INTO pipeline_table VALUES (");
	sql_literal(sql, spec->name);
	buf_add_str(sql, ", ");
	sql_literal(sql, table->name);
	buf_add_str(sql, ", ");
	sql_literal(sql, fields.data);
	buf_add_str(sql, ", ");
	sql_literal(sql, measure->name);
	buf_add_str(sql, ", ");
	sql_literal(sql, measure_kind_name(measure->kind));
	if (spec->window_ms)
		buf_addf(sql, ", %lld);\n", (long long)spec->window_ms);
	else
		buf_add_str(sql, ", NULL);\n");
	buf_release(&fields);
}

int
current_create(struct snapshot *s, struct err *err)
{
	const struct pipeline *p = s->pipeline;
	struct buf sql = BUF_INIT;
	int rc;

	for (unsigned i = 0; i < p->tables_len; i++) {
		add_current(&sql, &s->tables[i]);
		add_view(&sql, &p->tables[i], &s->tables[i]);
		add_description(&sql, p, &p->tables[i], &s->tables[i]);
	}
	rc = sql_exec(s->db, s->path, sql.data ? sql.data : "", "being made",
		      err);
	buf_release(&sql);
	return rc;
}

/* ---- Filling them ---- */

static void
add_names(struct buf *sql, const struct columns *columns, unsigned from,
	  const char *before)
{
	for (unsigned i = from; i < columns->len; i++) {
		buf_addf(sql, "%s%s", i > from ? ", " : "", before);
		sql_name(sql, columns->all[i].name);
	}
}

/* A row that is as it was is not written. */
int
current_prepare(struct snapshot *s, unsigned table, struct err *err)
{
	const struct current *t = &s->tables[table];
	const struct columns *columns = &t->columns;
	struct buf sql = BUF_INIT;
	int rc;

	if (t->upsert)
		return 0;
	buf_add_str(&sql, "INSERT INTO ");
	sql_name(&sql, t->name);
	buf_add_str(&sql, " (");
	add_names(&sql, columns, 0, "");
	buf_add_str(&sql, ") VALUES (");
	for (unsigned i = 0; i < columns->len; i++)
		buf_addf(&sql, "%s?%u", i ? ", " : "", i + 1);
	buf_add_str(&sql, ") ON CONFLICT (");
	add_key(&sql, columns);
	buf_add_str(&sql, ") DO UPDATE SET ");
	for (unsigned i = columns->key_len; i < columns->len; i++) {
		buf_add_str(&sql, i > columns->key_len ? ", " : "");
		sql_name(&sql, columns->all[i].name);
		buf_add_str(&sql, " = excluded.");
		sql_name(&sql, columns->all[i].name);
	}
	buf_add_str(&sql, " WHERE (");
	add_names(&sql, columns, columns->key_len, "");
	buf_add_str(&sql, ") IS NOT (");
	add_names(&sql, columns, columns->key_len, "excluded.");
	buf_add_str(&sql, ")");
	rc = sql_prepare(s->db, s->path, sql.data, &s->tables[table].upsert,
			 err);
	buf_release(&sql);
	return rc;
}
