#include <inttypes.h>
#include <string.h>

#include "aggregate/key.h"
#include "aggregate/window.h"
#include "base/datetime.h"
#include "base/json.h"
#include "derive.h"

static void
add_null(struct buf *out)
{
	buf_add_str(out, "null");
}

static void
add_bool(struct buf *out, bool b)
{
	buf_add_str(out, b ? "true" : "false");
}

static void
add_date(struct buf *out, int64_t ms, bool with_time)
{
	char text[DATETIME_ROOM];

	if (!datetime_format(ms, text))
		add_null(out);
	else
		buf_addf(out, "\"%.*s\"",
			 with_time ? DATETIME_ROOM : DATETIME_DATE, text);
}

static void
add_value(struct buf *out, struct value value)
{
	switch (value.kind) {
	case VALUE_NONE:
		add_null(out);
		break;
	case VALUE_INT:
		buf_addf(out, "%" PRId64, value.i);
		break;
	case VALUE_REAL:
		json_number(out, value.d);
		break;
	}
}

static void
add_name(struct buf *out, const struct output_spec *output, unsigned column)
{
	const char *name = output->columns[column].name;

	buf_add_str(out, column ? "," : "{");
	json_quote(out, name, strlen(name));
	buf_add_str(out, ":");
}

/* ---- Events ---- */

static void
add_field(struct buf *out, enum field_type type,
	  const struct event_value *value)
{
	switch (type) {
	case FIELD_STRING:
		json_quote(out, value->text.data, value->text.size);
		break;
	case FIELD_INT:
		buf_addf(out, "%" PRId64, value->i);
		break;
	case FIELD_NUMBER:
		json_number(out, value->d);
		break;
	case FIELD_BOOL:
		add_bool(out, value->i);
		break;
	case FIELD_TIME:
		buf_addf(out, "%" PRIu64, value->written);
		break;
	}
}

void
derive_event(const struct pipeline *p, const struct output_spec *output,
	     const struct event *event, struct buf *out)
{
	for (unsigned i = 0; i < output->columns_len; i++) {
		const struct output_column *column = &output->columns[i];
		const struct event_value *value = &event->values[column->index];

		add_name(out, output, i);
		if (!value->present)
			add_null(out);
		else if (column->source == COLUMN_FIELD)
			add_field(out, p->event.fields[column->index].type,
				  value);
		else
			add_date(out, value->i,
				 column->source == COLUMN_DATETIME);
	}
	buf_add_str(out, "}");
}

/* ---- Windows ---- */

static void
add_key_part(struct buf *out, enum field_type type, const struct key_part *part)
{
	if (!part->present)
		add_null(out);
	else if (type == FIELD_STRING)
		json_quote(out, part->text.data, part->text.size);
	else if (type == FIELD_BOOL)
		add_bool(out, part->i);
	else
		buf_addf(out, "%" PRId64, part->i);
}

void
derive_window(const struct pipeline *p, const struct output_spec *output,
	      const struct derive_row *row, struct buf *out)
{
	const struct table_spec *table = &p->tables[output->table];
	int64_t span_ms = window_span(row->start_ms, table, row->first_ms);
	struct key_part parts[PIPELINE_BY_MAX];
	char room[KEY_MAX];

	if (!key_decode(p, table, row->key, room, parts))
		memset(parts, 0, sizeof(parts));
	for (unsigned i = 0; i < output->columns_len; i++) {
		const struct output_column *column = &output->columns[i];
		unsigned index = column->index;

		add_name(out, output, i);
		switch (column->source) {
		case COLUMN_KEY:
			add_key_part(out,
				     p->event.fields[table->by[index]].type,
				     &parts[index]);
			break;
		case COLUMN_WINDOW_START:
			add_date(out, row->start_ms, true);
			break;
		case COLUMN_WINDOW_END:
			add_date(out, row->start_ms + table->window_ms, true);
			break;
		case COLUMN_MEASURE:
			add_value(out, row->measures[index]);
			break;
		case COLUMN_AVERAGE:
			add_value(out, window_average(row->measures[index],
						      span_ms, table));
			break;
		case COLUMN_FIELD:
		case COLUMN_DATE:
		case COLUMN_DATETIME:
			break; /* of events */
		}
	}
	buf_add_str(out, "}");
}
