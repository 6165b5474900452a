/* "outputs": topics that are written from the stream. */
#include <stdio.h>
#include <string.h>

#include "pipeline/compile.h"

/* ---- The topic ---- */

/* What already is the name of a topic; NULL: nothing. */
static const char *
topic_user(const struct pipeline *p, unsigned output)
{
	const char *name = p->outputs[output].topic;

	if (strcmp(name, p->topic) == 0)
		return "the topic that is watched";
	if (p->dead_letters && strcmp(name, p->dead_letters) == 0)
		return "the topic of dead letters";
	if (p->alerts_topic && strcmp(name, p->alerts_topic) == 0)
		return "the topic of alerts";
	for (unsigned i = 0; i < output; i++) {
		if (strcmp(name, p->outputs[i].topic) == 0)
			return "the topic of another output";
	}
	return NULL;
}

static int
read_topic(const struct reader *r, const struct json_value *value,
	   struct pipeline *p, unsigned output)
{
	const char *user;
	int code = compile_topic_name(r, value, &p->outputs[output].topic);

	if (code)
		return code;
	user = topic_user(p, output);
	return user ? reader_error(r, value, "is %s", user) : 0;
}

/* ---- Columns ---- */

static struct output_column *
add_column(struct output_spec *output, enum column_source source,
	   unsigned index)
{
	struct output_column *column = &output->columns[output->columns_len++];

	column->source = source;
	column->index = index;
	return column;
}

static int
read_time_field(const struct reader *r, const struct json_value *value,
		const struct pipeline *p, unsigned *index)
{
	const char *names[PIPELINE_FIELDS_MAX], *name;
	unsigned len = 0;
	int code = reader_string(r, value, &name), field;

	if (code)
		return code;
	for (unsigned i = 0; i < p->event.fields_len; i++) {
		if (p->event.fields[i].type == FIELD_TIME)
			names[len++] = p->event.fields[i].name;
	}
	field = pipeline_field(p, name);
	if (field < 0 || p->event.fields[field].type != FIELD_TIME)
		return reader_unknown(r, value, "field of type time", name,
				      names, len);
	*index = (unsigned)field;
	return 0;
}

static int
read_added(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct output_spec *output)
{
	static const struct reader_key keys[] = {{"date", false},
						 {"datetime", false}};
	const struct json_value *date, *datetime;
	struct output_column *column;
	unsigned index;
	int code;

	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	date = json_get(value, "date");
	datetime = json_get(value, "datetime");
	if (!date == !datetime)
		return reader_error(r, value,
				    "needs either \"date\" or \"datetime\"");
	code = read_time_field(r, date ? date : datetime, p, &index);
	if (code)
		return code;
	column =
	    add_column(output, date ? COLUMN_DATE : COLUMN_DATETIME, index);
	code = reader_name(r, value, json_key(value), column->name,
			   sizeof(column->name));
	if (code)
		return code;
	return pipeline_field(p, column->name) < 0
		   ? 0
		   : reader_error(r, value, "is a field of the event already");
}

/* All fields of the event, then what is added. */
static int
read_events(const struct reader *r, const struct json_value *value,
	    const struct pipeline *p, struct output_spec *output)
{
	const struct json_value *add = json_get(value, "add"), *member;
	bool events;
	int code = reader_bool(r, json_get(value, "events"), &events);

	if (!code && !events)
		code =
		    reader_error(r, json_get(value, "events"), "must be true");
	if (!code && json_get(value, "fields"))
		code = reader_error(r, json_get(value, "fields"),
				    "is for windows; events have all their "
				    "fields, and what \"add\" adds");
	if (code)
		return code;
	output->table = -1;
	for (unsigned i = 0; i < p->event.fields_len; i++) {
		struct output_column *column =
		    add_column(output, COLUMN_FIELD, i);

		memcpy(column->name, p->event.fields[i].name,
		       sizeof(column->name));
	}
	if (!add)
		return 0;
	code =
	    reader_list(r, add, JSON_OBJECT, 0,
			PIPELINE_COLUMNS_MAX - PIPELINE_FIELDS_MAX, "columns");
	for (member = json_first(add); !code && member;
	     member = json_next(member))
		code = read_added(r, member, p, output);
	return code;
}

/* ---- Windows ---- */

static int
read_key_column(const struct reader *r, const struct json_value *value,
		const struct pipeline *p, const struct table_spec *table,
		struct output_column *column)
{
	const char *names[PIPELINE_BY_MAX];

	for (unsigned i = 0; i < table->by_len; i++)
		names[i] = p->event.fields[table->by[i]].name;
	column->source = COLUMN_KEY;
	return reader_choice(r, value, "field of the key", names, table->by_len,
			     &column->index);
}

static int
read_window_column(const struct reader *r, const struct json_value *value,
		   struct output_column *column)
{
	static const char *const ends[] = {"start", "end"};
	unsigned end;
	int code = reader_choice(r, value, "part of a window", ends,
				 COMPILE_LEN(ends), &end);

	if (!code)
		column->source = end ? COLUMN_WINDOW_END : COLUMN_WINDOW_START;
	return code;
}

static int
read_measure_column(const struct reader *r, const struct json_value *value,
		    const struct table_spec *table, bool average,
		    struct output_column *column)
{
	int code = compile_measure_name(r, value, table, &column->index);

	column->source = average ? COLUMN_AVERAGE : COLUMN_MEASURE;
	if (code || !average)
		return code;
	if (!table->average_ms)
		return reader_error(r, value,
				    "needs \"average\" in the window of table "
				    "\"%s\"",
				    table->name);
	if (!measure_adds_up(table->measures[column->index].kind))
		return reader_error(r, value, "is no count and no sum");
	return 0;
}

static int
read_column(const struct reader *r, const struct json_value *value,
	    const struct pipeline *p, const struct table_spec *table,
	    struct output_column *column)
{
	static const struct reader_key keys[] = {
	    {"key", false},
	    {"window", false},
	    {"measure", false},
	    {"average", false},
	};
	const struct json_value *from = NULL;
	unsigned len = 0, kind = 0;
	int code;

	code = reader_name(r, value, json_key(value), column->name,
			   sizeof(column->name));
	if (!code)
		code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	for (unsigned i = 0; i < COMPILE_LEN(keys); i++) {
		const struct json_value *one = json_get(value, keys[i].name);

		if (!one)
			continue;
		from = one;
		kind = i;
		len++;
	}
	if (len != 1)
		return reader_error(r, value,
				    "needs exactly one of \"key\", \"window\", "
				    "\"measure\", \"average\"");
	if (kind == 0)
		return read_key_column(r, from, p, table, column);
	if (kind == 1)
		return read_window_column(r, from, column);
	return read_measure_column(r, from, table, kind == 3, column);
}

static int
read_windows(const struct reader *r, const struct json_value *value,
	     const struct pipeline *p, struct output_spec *output)
{
	const struct json_value *fields = json_get(value, "fields"), *member;
	const struct json_value *windows = json_get(value, "windows");
	const struct table_spec *table;
	int code = compile_table_name(r, windows, p, &output->table);

	if (code)
		return code;
	table = &p->tables[output->table];
	if (!table->window_ms)
		return reader_error(r, windows, "table \"%s\" has no window",
				    table->name);
	if (json_get(value, "add"))
		return reader_error(r, json_get(value, "add"),
				    "is for events; windows have \"fields\"");
	if (!fields)
		return reader_error(r, value, "needs \"fields\"");
	code = reader_list(r, fields, JSON_OBJECT, 1, PIPELINE_COLUMNS_MAX,
			   "columns");
	for (member = json_first(fields); !code && member;
	     member = json_next(member))
		code = read_column(r, member, p, table,
				   &output->columns[output->columns_len++]);
	return code;
}

/* ---- All ---- */

static int
read_output(const struct reader *r, const struct json_value *value,
	    struct pipeline *p, unsigned number)
{
	static const struct reader_key keys[] = {
	    {"topic", true},    {"events", false}, {"add", false},
	    {"windows", false}, {"fields", false},
	};
	struct output_spec *output = &p->outputs[number];
	int code;

	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = read_topic(r, json_get(value, "topic"), p, number);
	if (code)
		return code;
	if (!json_get(value, "events") == !json_get(value, "windows"))
		return reader_error(r, value,
				    "needs either \"events\" or \"windows\"");
	return json_get(value, "events") ? read_events(r, value, p, output)
					 : read_windows(r, value, p, output);
}

int
compile_outputs(const struct reader *r, const struct json_value *value,
		struct pipeline *p)
{
	const struct json_value *item;
	int code;

	if (!value)
		return 0;
	code = reader_list(r, value, JSON_ARRAY, 0, PIPELINE_OUTPUTS_MAX,
			   "outputs");
	for (item = json_first(value); !code && item; item = json_next(item)) {
		/* Counted also when it failed, so that it is freed. */
		p->outputs_len++;
		code = read_output(r, item, p, p->outputs_len - 1);
	}
	return code;
}
