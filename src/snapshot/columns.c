#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "snapshot/columns.h"

const char *
column_type_name(enum column_type type)
{
	static const char *const names[] = {"TEXT", "INTEGER", "REAL",
					    "BOOLEAN"};

	return names[type];
}

void
column_unique(char to[COLUMN_NAME_MAX], const char *name,
	      bool (*taken)(const void *ctx, const char *name), const void *ctx)
{
	snprintf(to, COLUMN_NAME_MAX, "%s", name);
	for (unsigned n = 2; taken(ctx, to); n++)
		snprintf(to, COLUMN_NAME_MAX, "%.*s_%u", COLUMN_NAME_MAX - 12,
			 name, n);
}

static bool
is_column(const void *ctx, const char *name)
{
	const struct columns *columns = ctx;

	for (unsigned i = 0; i < columns->len; i++)
		if (strcasecmp(columns->all[i].name, name) == 0)
			return true;
	return false;
}

static void
add(struct columns *columns, const char *name, enum column_type type,
    bool optional)
{
	struct column *column = &columns->all[columns->len];
	char unique[COLUMN_NAME_MAX];

	column_unique(unique, name, is_column, columns);
	memcpy(column->name, unique, sizeof(unique));
	column->type = type;
	column->optional = optional;
	columns->len++;
}

void
columns_init(struct columns *columns, const struct pipeline *p,
	     const struct table_spec *table)
{
	static const enum column_type types[] = {
	    [FIELD_STRING] = COLUMN_TEXT,  [FIELD_INT] = COLUMN_INTEGER,
	    [FIELD_NUMBER] = COLUMN_REAL,  [FIELD_BOOL] = COLUMN_BOOLEAN,
	    [FIELD_TIME] = COLUMN_INTEGER,
	};

	memset(columns, 0, sizeof(*columns));
	if (table->window_ms)
		add(columns, "window_start_ms", COLUMN_INTEGER, false);
	for (unsigned i = 0; i < table->by_len; i++) {
		const struct field *field = &p->event.fields[table->by[i]];

		add(columns, field->name, types[field->type], field->optional);
	}
	columns->key_len = columns->len;
	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *m = &table->measures[i];
		bool whole = m->kind == MEASURE_COUNT ||
			     (m->kind != MEASURE_AVERAGE &&
			      p->event.fields[m->field].type != FIELD_NUMBER);

		add(columns, m->name, whole ? COLUMN_INTEGER : COLUMN_REAL,
		    false);
	}
	add(columns, "first_partition", COLUMN_INTEGER, false);
	add(columns, "first_offset", COLUMN_INTEGER, false);
	add(columns, "last_partition", COLUMN_INTEGER, false);
	add(columns, "last_offset", COLUMN_INTEGER, false);
}

static struct cell
whole(int64_t i)
{
	return (struct cell){.kind = CELL_INT, .i = i};
}

/* Unknown positions are -1. */
static struct cell
known(int64_t i)
{
	return i < 0 ? (struct cell){.kind = CELL_NONE} : whole(i);
}

static struct cell
key_cell(const struct field *field, const struct key_part *part)
{
	struct cell cell = {.kind = CELL_NONE};

	if (!part->present)
		return cell;
	if (field->type == FIELD_STRING)
		return (struct cell){.kind = CELL_TEXT, .text = part->text};
	cell = whole(part->i);
	if (field->type == FIELD_BOOL)
		cell.kind = CELL_BOOL;
	return cell;
}

void
columns_cells(const struct pipeline *p, const struct table_spec *table,
	      const struct store_row *row, struct cell *cells)
{
	if (table->window_ms)
		*cells++ = whole(row->window_ms);
	for (unsigned i = 0; i < table->by_len; i++)
		*cells++ =
		    key_cell(&p->event.fields[table->by[i]], &row->key[i]);
	for (unsigned i = 0; i < table->measures_len; i++) {
		struct value value = row->measures[i];

		if (value.kind == VALUE_INT)
			*cells = whole(value.i);
		else if (value.kind == VALUE_REAL)
			*cells = (struct cell){.kind = CELL_REAL, .d = value.d};
		else
			*cells = (struct cell){.kind = CELL_NONE};
		cells++;
	}
	*cells++ = known(row->first.partition);
	*cells++ = known(row->first.offset);
	*cells++ = known(row->last.partition);
	*cells++ = known(row->last.offset);
}
