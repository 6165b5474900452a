/* "tables": their keys, measures and windows. */
#include <inttypes.h>
#include <string.h>

#include "pipeline/compile.h"

#define WINDOWS_MAX     10000 /* of one table at a time */
#define DEFAULT_KEEP_MS (2 * 3600 * COMPILE_SECOND_MS)

static const char *const measure_names[] = {
    [MEASURE_COUNT] = "count",     [MEASURE_SUM] = "sum",
    [MEASURE_AVERAGE] = "average", [MEASURE_MINIMUM] = "minimum",
    [MEASURE_MAXIMUM] = "maximum", [MEASURE_DISTINCT] = "distinct",
};

const char *
measure_kind_name(enum measure_kind kind)
{
	return measure_names[kind];
}

/* ---- Names ---- */

int
compile_table_name(const struct reader *r, const struct json_value *value,
		   const struct pipeline *p, int *out)
{
	const char *names[PIPELINE_TABLES_MAX];
	unsigned index;
	int code;

	for (unsigned i = 0; i < p->tables_len; i++)
		names[i] = p->tables[i].name;
	code = reader_choice(r, value, "table", names, p->tables_len, &index);
	if (!code)
		*out = (int)index;
	return code;
}

int
compile_measure_name(const struct reader *r, const struct json_value *value,
		     const struct table_spec *table, unsigned *out)
{
	const char *names[PIPELINE_MEASURES_MAX];

	for (unsigned i = 0; i < table->measures_len; i++)
		names[i] = table->measures[i].name;
	return reader_choice(r, value, "measure", names, table->measures_len,
			     out);
}

/* ---- Keys ---- */

/* The most bytes of a table's key, as aggregate/key.h encodes it. */
static uint64_t
key_size(const struct pipeline *p, const struct table_spec *table)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < table->by_len; i++) {
		const struct field *field = &p->event.fields[table->by[i]];

		size += field->optional;
		if (field->type != FIELD_STRING)
			size += 8;
		else if (i + 1 == table->by_len)
			size += field->max_length;
		else
			size += 2 * (uint64_t)field->max_length + 2;
	}
	return size;
}

static int
read_by(const struct reader *r, const struct json_value *value,
	const struct pipeline *p, struct table_spec *table)
{
	const struct json_value *item;
	uint64_t size;
	int code;

	code = reader_list(r, value, JSON_ARRAY, 1, PIPELINE_BY_MAX, "fields");
	if (code)
		return code;
	for (item = json_first(value); item; item = json_next(item)) {
		unsigned field;

		code = compile_key_field(r, item, p, &field);
		if (code)
			return code;
		for (unsigned i = 0; i < table->by_len; i++) {
			if (table->by[i] == field)
				return reader_error(r, item,
						    "this field is there "
						    "twice");
		}
		table->by[table->by_len++] = field;
	}
	size = key_size(p, table);
	if (size > PIPELINE_KEY_MAX)
		return reader_error(r, value,
				    "this key can take %" PRIu64 " bytes, and "
				    "%d is the limit; lower \"max_length\" of "
				    "its fields",
				    size, PIPELINE_KEY_MAX);
	return 0;
}

/* ---- Measures ---- */

static int
read_distinct(const struct reader *r, const struct json_value *value,
	      const struct json_value *approximate, const struct pipeline *p,
	      struct measure *measure)
{
	const struct field *field;
	unsigned index;
	int code = compile_field_name(r, value, p, &index);

	if (code)
		return code;
	field = &p->event.fields[index];
	if (!compile_is_key(field->type))
		return reader_error(r, value,
				    "what is counted distinct is a string, "
				    "integer or boolean field; \"%s\" is of "
				    "type %s",
				    field->name, field_type_name(field->type));
	measure->field = (int)index;
	return approximate ? reader_bool(r, approximate, &measure->approximate)
			   : 0;
}

/* The only measure that needs no field, and so is a text. */
static int
read_count(const struct reader *r, const struct json_value *value,
	   struct measure *measure)
{
	const char *name = json_string(value);
	unsigned index;

	for (unsigned i = MEASURE_COUNT + 1; i < COMPILE_LEN(measure_names);
	     i++)
		if (strcmp(name, measure_names[i]) == 0)
			return reader_error(
			    r, value, "needs a field: {\"%s\": FIELD}", name);
	measure->kind = MEASURE_COUNT;
	measure->field = -1;
	return reader_choice(r, value, "measure", measure_names, 1, &index);
}

static int
read_measure(const struct reader *r, const struct json_value *value,
	     const struct pipeline *p, struct measure *measure)
{
	static const struct reader_key keys[] = {
	    {"sum", false},     {"average", false},  {"minimum", false},
	    {"maximum", false}, {"distinct", false}, {"approximate", false},
	};
	const struct json_value *member = NULL, *approximate;
	const struct field *field;
	unsigned index, len = 0;
	int code;

	code = reader_name(r, value, json_key(value), measure->name,
			   sizeof(measure->name));
	if (code)
		return code;
	if (json_type(value) == JSON_STRING)
		return read_count(r, value, measure);
	if (json_type(value) != JSON_OBJECT)
		return reader_error(r, value,
				    "must be \"count\" or an object such as "
				    "{\"sum\": FIELD}");
	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	for (unsigned i = 0; i < COMPILE_LEN(measure_names); i++) {
		const struct json_value *one =
		    json_get(value, measure_names[i]);

		if (!one)
			continue;
		member = one;
		measure->kind = i;
		len++;
	}
	if (len != 1)
		return reader_error(r, value,
				    "needs exactly one of \"sum\", "
				    "\"average\", \"minimum\", \"maximum\", "
				    "\"distinct\"");
	approximate = json_get(value, "approximate");
	if (measure->kind == MEASURE_DISTINCT)
		return read_distinct(r, member, approximate, p, measure);
	if (approximate)
		return reader_error(r, approximate, "is for \"distinct\" only");
	code = compile_field_name(r, member, p, &index);
	if (code)
		return code;
	field = &p->event.fields[index];
	if (field->type != FIELD_INT && field->type != FIELD_NUMBER)
		return reader_error(r, member,
				    "the %s needs an integer or number field; "
				    "\"%s\" is of type %s",
				    json_key(member), field->name,
				    field_type_name(field->type));
	measure->field = (int)index;
	return 0;
}

static int
read_measures(const struct reader *r, const struct json_value *value,
	      const struct pipeline *p, struct table_spec *table)
{
	const struct json_value *member;
	int code;

	code = reader_list(r, value, JSON_OBJECT, 1, PIPELINE_MEASURES_MAX,
			   "measures");
	if (code)
		return code;
	for (member = json_first(value); member; member = json_next(member)) {
		code = read_measure(r, member, p,
				    &table->measures[table->measures_len++]);
		if (code)
			return code;
	}
	return 0;
}

/* ---- Windows ---- */

/* How long its windows are, and how far apart. */
static int
read_lengths_of_windows(const struct reader *r, const struct json_value *value,
			struct table_spec *table)
{
	const struct json_value *tumbling = json_get(value, "tumbling");
	const struct json_value *hopping = json_get(value, "hopping");
	const struct json_value *advance = json_get(value, "advance");
	int code;

	if (!tumbling == !hopping)
		return reader_error(r, value,
				    "needs either \"tumbling\" or \"hopping\"");
	if (!hopping != !advance)
		return reader_error(r, advance ? advance : value,
				    "\"hopping\" and \"advance\" go together");
	code =
	    reader_duration(r, hopping ? hopping : tumbling, COMPILE_SECOND_MS,
			    COMPILE_DURATION_MAX_MS, &table->window_ms);
	table->advance_ms = table->window_ms;
	if (code || !advance)
		return code;
	code = reader_duration(r, advance, COMPILE_SECOND_MS,
			       COMPILE_DURATION_MAX_MS, &table->advance_ms);
	if (code)
		return code;
	if (table->window_ms % table->advance_ms)
		return reader_error(r, advance,
				    "must go into \"hopping\" a whole number "
				    "of times");
	if (table->window_ms / table->advance_ms > PIPELINE_HOPS_MAX)
		return reader_error(r, advance,
				    "an event would be in %" PRId64
				    " windows, and %d is the limit",
				    table->window_ms / table->advance_ms,
				    PIPELINE_HOPS_MAX);
	return 0;
}

static int
read_keep(const struct reader *r, const struct json_value *value,
	  struct table_spec *table)
{
	const struct json_value *keep = json_get(value, "keep");
	int code;

	table->keep_ms = DEFAULT_KEEP_MS;
	if (table->keep_ms < 2 * table->window_ms)
		table->keep_ms = 2 * table->window_ms;
	if (keep) {
		code =
		    reader_duration(r, keep, COMPILE_SECOND_MS,
				    COMPILE_DURATION_MAX_MS, &table->keep_ms);
		if (code)
			return code;
		if (table->keep_ms < table->window_ms)
			return reader_error(r, keep, "is less than the window");
	}
	if (table->keep_ms / table->advance_ms > WINDOWS_MAX)
		return reader_error(r, keep ? keep : value,
				    "keeps %" PRId64 " windows, and %d is the "
				    "limit",
				    table->keep_ms / table->advance_ms,
				    WINDOWS_MAX);
	return 0;
}

static int
read_window(const struct reader *r, const struct json_value *value,
	    struct table_spec *table)
{
	static const struct reader_key keys[] = {
	    {"tumbling", false}, {"hopping", false},  {"advance", false},
	    {"keep", false},     {"lateness", false}, {"average", false},
	};
	const struct json_value *lateness = json_get(value, "lateness");
	const struct json_value *average = json_get(value, "average");
	int code;

	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = read_lengths_of_windows(r, value, table);
	if (!code)
		code = read_keep(r, value, table);
	if (!code && average)
		code = reader_duration(r, average, COMPILE_SECOND_MS,
				       COMPILE_DURATION_MAX_MS,
				       &table->average_ms);
	if (code)
		return code;
	if (average && !measure_adds_up(table->measures[table->rank].kind))
		return reader_error(r, average,
				    "the measure that ranks, \"%s\", is no "
				    "count and no sum",
				    table->measures[table->rank].name);
	table->lateness_ms = 10 * COMPILE_SECOND_MS;
	if (table->lateness_ms >= table->keep_ms)
		table->lateness_ms = table->keep_ms / 2;
	if (lateness) {
		code = reader_duration(r, lateness, 0, COMPILE_DURATION_MAX_MS,
				       &table->lateness_ms);
		if (code)
			return code;
		if (table->lateness_ms >= table->keep_ms)
			return reader_error(r, lateness,
					    "must be less than \"keep\"");
	}
	return 0;
}

/* ---- All ---- */

/*
 * What a store keeps of an exact distinct count is a key too: its row's key
 * and a value (aggregate/distinct.h).
 */
static int
check_distinct(const struct reader *r, const struct json_value *measures,
	       const struct pipeline *p, const struct table_spec *table)
{
	/* A key of one string can get a 00 in front, a row's key a window. */
	uint64_t key = (table->window_ms ? 8 : 0) + 2 + key_size(p, table) +
		       (table->by_len == 1) + 1;

	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *measure = &table->measures[i];
		const struct field *field;
		uint64_t size;

		if (measure->kind != MEASURE_DISTINCT || measure->approximate)
			continue;
		field = &p->event.fields[measure->field];
		size =
		    key + (field->type == FIELD_STRING ? field->max_length : 8);
		if (size > PIPELINE_DISTINCT_MAX)
			return reader_error(
			    r, json_get(measures, measure->name),
			    "a value of \"%s\" and its row's key can take "
			    "%" PRIu64 " bytes, and %d is the limit; lower "
			    "\"max_length\" of their fields, or add "
			    "\"approximate\": true",
			    field->name, size, PIPELINE_DISTINCT_MAX);
	}
	return 0;
}

static int
read_table(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct table_spec *table)
{
	static const struct reader_key keys[] = {
	    {"by", true},
	    {"measures", true},
	    {"rank", false},
	    {"window", false},
	};
	const struct json_value *member;
	int code;

	code = reader_name(r, value, json_key(value), table->name,
			   sizeof(table->name));
	if (!code)
		code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = read_by(r, json_get(value, "by"), p, table);
	if (!code)
		code = read_measures(r, json_get(value, "measures"), p, table);
	if (code)
		return code;
	member = json_get(value, "rank");
	if (member) {
		code = compile_measure_name(r, member, table, &table->rank);
		if (code)
			return code;
	}
	member = json_get(value, "window");
	code = member ? read_window(r, member, table) : 0;
	return code ? code
		    : check_distinct(r, json_get(value, "measures"), p, table);
}

int
compile_tables(const struct reader *r, const struct json_value *value,
	       struct pipeline *p)
{
	const struct json_value *member;
	int code;

	code = reader_list(r, value, JSON_OBJECT, 1, PIPELINE_TABLES_MAX,
			   "tables");
	if (code)
		return code;
	for (member = json_first(value); member; member = json_next(member)) {
		code = read_table(r, member, p, &p->tables[p->tables_len++]);
		if (code)
			return code;
	}
	return 0;
}
