#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/compile.h"

#include "base/alloc.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

#define TOPIC_NAME_MAX 249 /* Kafka's */
#define PARTITIONS_MAX 1024
/* Kafka's brokers take 1 MiB unless told otherwise; 64 MiB is far beyond. */
#define EVENT_BYTES_MAX    (64 << 20)
#define LENGTH_MAX         (1 << 20)
#define WINDOWS_MAX        10000 /* of one table at a time */
#define DURATION_MAX       (366 * DAY)
#define INT_BOUND_MAX      INT64_C(9007199254740992) /* 2^53: doubles are exact */
#define DEFAULT_LENGTH     256
#define DEFAULT_PARTITIONS 4
#define DEFAULT_BYTES      (1 << 20)

static const char *const type_names[] = {
    [FIELD_STRING] = "string", [FIELD_INT] = "integer",
    [FIELD_NUMBER] = "number", [FIELD_BOOL] = "boolean",
    [FIELD_TIME] = "time",
};

static const char *const unit_names[] = {
    [TIME_S] = "s",
    [TIME_MS] = "ms",
    [TIME_US] = "us",
    [TIME_NS] = "ns",
};

static const char *const measure_names[] = {
    [MEASURE_COUNT] = "count",     [MEASURE_SUM] = "sum",
    [MEASURE_AVERAGE] = "average", [MEASURE_MINIMUM] = "minimum",
    [MEASURE_MAXIMUM] = "maximum", [MEASURE_DISTINCT] = "distinct",
};

static const struct {
	const char *name;
	bool table; /* it shows a table; otherwise the flow */
} panel_kinds[PANEL_KINDS] = {
    [PANEL_AVERAGE] = {"average", true},
    [PANEL_EXTREMES] = {"extremes", true},
    [PANEL_SHARE] = {"share", true},
    [PANEL_SPREAD] = {"spread", true},
    [PANEL_SERIES] = {"series", false},
    [PANEL_LEDGER] = {"ledger", false},
    [PANEL_DEAD] = {"dead", false},
    [PANEL_PARTITIONS] = {"partitions", false},
    [PANEL_ALERTS] = {"alerts", false},
    [PANEL_TABLE] = {"table", true},
    [PANEL_WINDOWS] = {"windows", true},
    [PANEL_GENERATOR] = {"generator", false},
    [PANEL_LOG] = {"log", false},
    [PANEL_LINES] = {"lines", true},
    [PANEL_SCHEMA] = {"schema", false},
};

#define LEN(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

const char *
field_type_name(enum field_type type)
{
	return type_names[type];
}

const char *
measure_kind_name(enum measure_kind kind)
{
	return measure_names[kind];
}

const char *
panel_kind_name(enum panel_kind kind)
{
	return panel_kinds[kind].name;
}

struct text *
compile_texts(const char *const *texts, unsigned len)
{
	size_t size = len * sizeof(struct text);
	struct text *copy;
	char *bytes;

	for (unsigned i = 0; i < len; i++)
		size += strlen(texts[i]);
	copy = xmalloc(size);
	bytes = (char *)(copy + len);
	for (unsigned i = 0; i < len; i++) {
		size_t text_size = strlen(texts[i]);

		memcpy(bytes, texts[i], text_size);
		copy[i] = (struct text){bytes, text_size};
		bytes += text_size;
	}
	return copy;
}

/* ---- The event ---- */

static int
add_path_key(const struct reader *r, const struct json_value *value,
	     const char *key, size_t size, struct field *field)
{
	if (size == 0)
		return reader_error(r, value, "a key of a path is empty");
	if (field->path_len == PIPELINE_PATH_MAX)
		return reader_error(r, value, "a path of more than %d keys",
				    PIPELINE_PATH_MAX);
	field->path[field->path_len++] = xstrndup(key, size);
	return 0;
}

static int
split_path(const struct reader *r, const struct json_value *value,
	   const char *path, struct field *field)
{
	for (;;) {
		size_t size = strcspn(path, ".");
		int code = add_path_key(r, value, path, size, field);

		if (code)
			return code;
		path += size;
		if (!*path)
			return 0;
		path++;
	}
}

static int
read_path(const struct reader *r, const struct json_value *value,
	  struct field *field)
{
	const struct json_value *key;
	const char *text;
	int code;

	if (json_type(value) != JSON_ARRAY) {
		code = reader_string(r, value, &text);
		return code ? code : split_path(r, value, text, field);
	}
	code = reader_list(r, value, JSON_ARRAY, 1, PIPELINE_PATH_MAX, "keys");
	for (key = json_first(value); !code && key; key = json_next(key)) {
		code = reader_string(r, key, &text);
		if (!code)
			code = add_path_key(r, key, text, strlen(text), field);
	}
	return code;
}

/* No two fields may read the same value, nor one inside of another's. */
static int
check_path(const struct reader *r, const struct json_value *value,
	   const struct event_spec *event, const struct field *field)
{
	for (unsigned i = 0; i < event->fields_len; i++) {
		const struct field *other = &event->fields[i];
		unsigned same = 0;

		while (same < other->path_len && same < field->path_len &&
		       !strcmp(other->path[same], field->path[same]))
			same++;
		if (same == other->path_len && same == field->path_len)
			return reader_error(r, value,
					    "has the same path as \"%s\"",
					    other->name);
		if (same == other->path_len)
			return reader_error(r, value,
					    "its path goes through that of "
					    "\"%s\", which is no object",
					    other->name);
		if (same == field->path_len)
			return reader_error(r, value,
					    "its path is an object, in which "
					    "\"%s\" is",
					    other->name);
	}
	return 0;
}

/* The values of "one_of" or "none_of". */
static int
read_values(const struct reader *r, const struct json_value *value,
	    struct text **out, unsigned *out_len)
{
	const char *texts[PIPELINE_ONE_OF_MAX];
	const struct json_value *item;
	unsigned len = 0;
	int code;

	code =
	    reader_list(r, value, JSON_ARRAY, 1, PIPELINE_ONE_OF_MAX, "values");
	if (code)
		return code;
	for (item = json_first(value); item; item = json_next(item)) {
		code = reader_string(r, item, &texts[len]);
		if (code)
			return code;
		for (unsigned i = 0; i < len; i++) {
			if (!strcmp(texts[i], texts[len]))
				return reader_error(r, item,
						    "this value is there "
						    "twice");
		}
		len++;
	}
	*out = compile_texts(texts, len);
	*out_len = len;
	return 0;
}

static bool
is_among(struct text text, const struct text *texts, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (text_order(text, texts[i]) == 0)
			return true;
	return false;
}

static int
read_none_of(const struct reader *r, const struct json_value *value,
	     struct field *field)
{
	const struct json_value *item = json_first(value);
	int code = read_values(r, value, &field->none_of, &field->none_of_len);

	for (unsigned i = 0; !code && i < field->none_of_len; i++) {
		if (is_among(field->none_of[i], field->one_of,
			     field->one_of_len))
			code = reader_error(r, item,
					    "this value is in \"one_of\", too");
		else if (field->none_of[i].size > field->max_length)
			code = reader_error(r, item,
					    "is longer than \"max_length\", "
					    "%" PRIu32,
					    field->max_length);
		item = json_next(item);
	}
	return code;
}

static int
read_lengths(const struct reader *r, const struct json_value *value,
	     struct field *field)
{
	const struct json_value *length = json_get(value, "max_length");
	const struct json_value *one_of = json_get(value, "one_of"), *item;
	int64_t max = DEFAULT_LENGTH;
	size_t longest = 1;
	int code;

	if (one_of) {
		code =
		    read_values(r, one_of, &field->one_of, &field->one_of_len);
		if (code)
			return code;
		for (unsigned i = 0; i < field->one_of_len; i++) {
			if (field->one_of[i].size > longest)
				longest = field->one_of[i].size;
		}
		max = (int64_t)longest;
	}
	if (length) {
		code = reader_int(r, length, 1, LENGTH_MAX, &max);
		if (code)
			return code;
	}
	field->max_length = (uint32_t)max;
	if (!one_of)
		return 0;
	for (item = json_first(one_of); item; item = json_next(item)) {
		if (strlen(json_string(item)) > field->max_length)
			return reader_error(r, item,
					    "is longer than \"max_length\", "
					    "%" PRIu32,
					    field->max_length);
	}
	return 0;
}

static int
read_bound(const struct reader *r, const struct json_value *value,
	   const struct field *field, double *out)
{
	int64_t i;

	if (field->type == FIELD_NUMBER)
		return reader_double(r, value, -HUGE_VAL, HUGE_VAL, out);
	if (reader_int(r, value, -INT_BOUND_MAX, INT_BOUND_MAX, &i))
		return WEIR_PIPELINE;
	*out = (double)i;
	return 0;
}

static int
read_bounds(const struct reader *r, const struct json_value *value,
	    struct field *field)
{
	const struct json_value *min = json_get(value, "min");
	const struct json_value *max = json_get(value, "max");

	if (min && read_bound(r, min, field, &field->min))
		return WEIR_PIPELINE;
	if (max && read_bound(r, max, field, &field->max))
		return WEIR_PIPELINE;
	field->has_min = min != NULL;
	field->has_max = max != NULL;
	if (min && max && field->min > field->max)
		return reader_error(r, max, "is less than \"min\"");
	return 0;
}

/* Which keys go with which types. */
static int
check_field_keys(const struct reader *r, const struct json_value *value,
		 enum field_type type)
{
	static const struct {
		const char *key;
		const char *types; /* as people read them */
		unsigned set;      /* 1 << type */
	} rules[] = {
	    {"max_length", "string", 1 << FIELD_STRING},
	    {"one_of", "string", 1 << FIELD_STRING},
	    {"none_of", "string", 1 << FIELD_STRING},
	    {"min", "integer and number", 1 << FIELD_INT | 1 << FIELD_NUMBER},
	    {"max", "integer and number", 1 << FIELD_INT | 1 << FIELD_NUMBER},
	    {"unit", "time", 1 << FIELD_TIME},
	};

	for (unsigned i = 0; i < LEN(rules); i++) {
		const struct json_value *member = json_get(value, rules[i].key);

		if (member && !(rules[i].set & 1U << type))
			return reader_error(r, member,
					    "is for %s fields; this is a%s %s "
					    "field",
					    rules[i].types,
					    type == FIELD_INT ? "n" : "",
					    type_names[type]);
	}
	return 0;
}

static int
read_field(const struct reader *r, const struct json_value *value,
	   const struct event_spec *event, struct field *field)
{
	static const struct reader_key keys[] = {
	    {"type", true}, {"path", false},       {"optional", false},
	    {"min", false}, {"max_length", false}, {"one_of", false},
	    {"max", false}, {"unit", false},       {"none_of", false},
	};
	const struct json_value *member;
	unsigned choice = TIME_MS;
	int code;

	code = reader_name(r, value, json_key(value), field->name,
			   sizeof(field->name));
	if (!code)
		code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = reader_choice(r, json_get(value, "type"), "type",
				     type_names, LEN(type_names), &choice);
	if (code)
		return code;
	field->type = choice;

	code = check_field_keys(r, value, field->type);
	if (code)
		return code;
	member = json_get(value, "path");
	code = member ? read_path(r, member, field)
		      : split_path(r, value, field->name, field);
	if (!code)
		code = check_path(r, member ? member : value, event, field);
	if (code)
		return code;

	member = json_get(value, "optional");
	if (member && reader_bool(r, member, &field->optional))
		return WEIR_PIPELINE;
	choice = TIME_MS;
	member = json_get(value, "unit");
	if (member && reader_choice(r, member, "unit", unit_names,
				    LEN(unit_names), &choice))
		return WEIR_PIPELINE;
	field->unit = choice;
	if (field->type != FIELD_STRING)
		return read_bounds(r, value, field);
	code = read_lengths(r, value, field);
	member = json_get(value, "none_of");
	return !code && member ? read_none_of(r, member, field) : code;
}

/* The index of the field that is named by the value's text. */
static int
find_field(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, unsigned *out)
{
	const char *names[PIPELINE_FIELDS_MAX];

	for (unsigned i = 0; i < p->event.fields_len; i++)
		names[i] = p->event.fields[i].name;
	return reader_choice(r, value, "field", names, p->event.fields_len,
			     out);
}

static int
read_time_field(const struct reader *r, const struct json_value *value,
		struct pipeline *p)
{
	const struct field *field;
	unsigned index;
	int code;

	code = find_field(r, value, p, &index);
	if (code)
		return code;
	field = &p->event.fields[index];
	if (field->type != FIELD_TIME)
		return reader_error(r, value,
				    "the event time must be a time field; "
				    "\"%s\" is of type %s",
				    field->name, type_names[field->type]);
	if (field->optional)
		return reader_error(r, value,
				    "every event needs a time; \"%s\" must not "
				    "be optional",
				    field->name);
	p->event.time_field = (int)index;
	return 0;
}

int
compile_event(const struct reader *r, const struct json_value *value,
	      struct pipeline *p)
{
	static const struct reader_key keys[] = {
	    {"time", true},
	    {"fields", true},
	    {"max_bytes", false},
	    {"future", false},
	};
	struct event_spec *event = &p->event;
	const struct json_value *member, *field;
	int64_t bytes = DEFAULT_BYTES;
	int code;

	event->future_ms = HOUR;
	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	member = json_get(value, "fields");
	code = reader_list(r, member, JSON_OBJECT, 1, PIPELINE_FIELDS_MAX,
			   "fields");
	if (code)
		return code;
	for (field = json_first(member); field; field = json_next(field)) {
		struct field *to = &event->fields[event->fields_len];

		code = read_field(r, field, event, to);
		/* Counted also when it failed, so that it is freed. */
		event->fields_len++;
		if (code)
			return code;
	}
	code = read_time_field(r, json_get(value, "time"), p);
	if (code)
		return code;
	member = json_get(value, "max_bytes");
	if (member && reader_int(r, member, 2, EVENT_BYTES_MAX, &bytes))
		return WEIR_PIPELINE;
	event->max_bytes = (uint32_t)bytes;
	member = json_get(value, "future");
	if (member)
		return reader_duration(r, member, 0, DURATION_MAX,
				       &event->future_ms);
	return 0;
}

/* ---- The topic ---- */

static bool
is_topic_name(const char *name)
{
	size_t size = strlen(name);

	return size >= 1 && size <= TOPIC_NAME_MAX && strcmp(name, ".") &&
	       strcmp(name, "..") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

/* A key is compared for being the same: numbers and times are no keys. */
static bool
is_key_type(enum field_type type)
{
	return type == FIELD_STRING || type == FIELD_INT || type == FIELD_BOOL;
}

static int
find_key_field(const struct reader *r, const struct json_value *value,
	       const struct pipeline *p, unsigned *out)
{
	const struct field *field;
	int code = find_field(r, value, p, out);

	if (code)
		return code;
	field = &p->event.fields[*out];
	if (!is_key_type(field->type))
		return reader_error(r, value,
				    "a key is made of string, integer and "
				    "boolean fields; \"%s\" is of type %s",
				    field->name, type_names[field->type]);
	return 0;
}

int
compile_topic_name(const struct reader *r, const struct json_value *value,
		   char **out)
{
	const char *name;
	int code = reader_string(r, value, &name);

	if (code)
		return code;
	if (!is_topic_name(name))
		return reader_error(r, value,
				    "is no topic name: 1 to %d letters, digits "
				    "and \"._-\", not \".\" or \"..\"",
				    TOPIC_NAME_MAX);
	*out = xstrdup(name);
	return 0;
}

int
compile_dead_letters(const struct reader *r, const struct json_value *value,
		     struct pipeline *p)
{
	static const struct reader_key keys[] = {
	    {"topic", true},
	    {"format", false},
	};
	static const char *const formats[] = {"original", "json"};
	const struct json_value *format;
	unsigned choice = 0;
	int code;

	if (!value)
		return 0;
	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = compile_topic_name(r, json_get(value, "topic"),
					  &p->dead_letters);
	format = code ? NULL : json_get(value, "format");
	if (format)
		code = reader_choice(r, format, "format", formats, LEN(formats),
				     &choice);
	p->dead_letters_json = choice == 1;
	return code;
}

static int
compile_retention(const struct reader *r, const struct json_value *value,
		  int64_t *out)
{
	const char *text = json_string(value);

	if (text && strcmp(text, "forever") == 0) {
		*out = -1;
		return 0;
	}
	if (!text || text[0] < '0' || text[0] > '9')
		return reader_error(r, value,
				    "must be \"forever\", or a duration such "
				    "as \"24h\" or \"7d\"");
	return reader_duration(r, value, SECOND, DURATION_MAX, out);
}

int
compile_topic(const struct reader *r, const struct json_value *value,
	      struct pipeline *p)
{
	static const struct reader_key keys[] = {
	    {"name", true},
	    {"partitions", false},
	    {"retention", false},
	    {"key", false},
	};
	const struct json_value *member;
	int64_t partitions = DEFAULT_PARTITIONS;
	unsigned key;
	int code;

	p->key_field = -1;
	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code =
		    compile_topic_name(r, json_get(value, "name"), &p->topic);
	if (code)
		return code;
	member = json_get(value, "partitions");
	if (member && reader_int(r, member, 1, PARTITIONS_MAX, &partitions))
		return WEIR_PIPELINE;
	p->partitions = (unsigned)partitions;
	member = json_get(value, "retention");
	if (member && compile_retention(r, member, &p->retention_ms))
		return WEIR_PIPELINE;
	member = json_get(value, "key");
	if (member) {
		code = find_key_field(r, member, p, &key);
		if (code)
			return code;
		p->key_field = (int)key;
	}
	return 0;
}

/* ---- Tables ---- */

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

		code = find_key_field(r, item, p, &field);
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

static int
read_distinct(const struct reader *r, const struct json_value *value,
	      const struct json_value *approximate, const struct pipeline *p,
	      struct measure *measure)
{
	const struct field *field;
	unsigned index;
	int code = find_field(r, value, p, &index);

	if (code)
		return code;
	field = &p->event.fields[index];
	if (!is_key_type(field->type))
		return reader_error(r, value,
				    "what is counted distinct is a string, "
				    "integer or boolean field; \"%s\" is of "
				    "type %s",
				    field->name, type_names[field->type]);
	measure->field = (int)index;
	return approximate ? reader_bool(r, approximate, &measure->approximate)
			   : 0;
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
	if (json_type(value) == JSON_STRING) {
		/* Only "count" needs no field. */
		measure->kind = MEASURE_COUNT;
		measure->field = -1;
		return reader_choice(r, value, "measure", measure_names, 1,
				     &index);
	}
	if (json_type(value) != JSON_OBJECT)
		return reader_error(r, value,
				    "must be \"count\" or an object such as "
				    "{\"sum\": FIELD}");
	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	for (unsigned i = 0; i < LEN(measure_names); i++) {
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
	code = find_field(r, member, p, &index);
	if (code)
		return code;
	field = &p->event.fields[index];
	if (field->type != FIELD_INT && field->type != FIELD_NUMBER)
		return reader_error(r, member,
				    "the %s needs an integer or number field; "
				    "\"%s\" is of type %s",
				    json_key(member), field->name,
				    type_names[field->type]);
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
	code = reader_duration(r, hopping ? hopping : tumbling, SECOND,
			       DURATION_MAX, &table->window_ms);
	table->advance_ms = table->window_ms;
	if (code || !advance)
		return code;
	code = reader_duration(r, advance, SECOND, DURATION_MAX,
			       &table->advance_ms);
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

	table->keep_ms = 2 * HOUR;
	if (table->keep_ms < 2 * table->window_ms)
		table->keep_ms = 2 * table->window_ms;
	if (keep) {
		code = reader_duration(r, keep, SECOND, DURATION_MAX,
				       &table->keep_ms);
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
		code = reader_duration(r, average, SECOND, DURATION_MAX,
				       &table->average_ms);
	if (code)
		return code;
	if (average && !measure_adds_up(table->measures[table->rank].kind))
		return reader_error(r, average,
				    "the measure that ranks, \"%s\", is no "
				    "count and no sum",
				    table->measures[table->rank].name);
	table->lateness_ms = 10 * SECOND;
	if (table->lateness_ms >= table->keep_ms)
		table->lateness_ms = table->keep_ms / 2;
	if (lateness) {
		code = reader_duration(r, lateness, 0, DURATION_MAX,
				       &table->lateness_ms);
		if (code)
			return code;
		if (table->lateness_ms >= table->keep_ms)
			return reader_error(r, lateness,
					    "must be less than \"keep\"");
	}
	return 0;
}

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
	const char *names[PIPELINE_MEASURES_MAX];
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
		for (unsigned i = 0; i < table->measures_len; i++)
			names[i] = table->measures[i].name;
		code = reader_choice(r, member, "measure", names,
				     table->measures_len, &table->rank);
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

/* ---- Panels ---- */

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

static bool
same_key(const struct table_spec *a, const struct table_spec *b)
{
	return a->by_len == b->by_len &&
	       !memcmp(a->by, b->by, a->by_len * sizeof(a->by[0]));
}

static int
read_windows(const struct reader *r, const struct json_value *value,
	     const struct pipeline *p, struct panel_spec *panel)
{
	const struct table_spec *table = &p->tables[panel->table], *windows;
	int code = compile_table_name(r, value, p, &panel->windows);

	if (code)
		return code;
	windows = &p->tables[panel->windows];
	if (!windows->window_ms)
		return reader_error(r, value, "table \"%s\" has no window",
				    windows->name);
	if (!same_key(table, windows))
		return reader_error(r, value,
				    "table \"%s\" is not by the same fields as "
				    "\"%s\"",
				    windows->name, table->name);
	return 0;
}

static bool
ranks_distinct(const struct table_spec *table)
{
	return table->measures[table->rank].kind == MEASURE_DISTINCT;
}

static int
read_panel(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct panel_spec *panel)
{
	static const struct reader_key keys[] = {
	    {"kind", true},
	    {"table", false},
	    {"windows", false},
	};
	const struct json_value *table = json_get(value, "table");
	const struct json_value *windows = json_get(value, "windows");
	const char *names[PANEL_KINDS];
	bool over_windows;
	unsigned kind;
	int code;

	for (unsigned i = 0; i < PANEL_KINDS; i++)
		names[i] = panel_kinds[i].name;
	panel->table = panel->windows = -1;
	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = reader_choice(r, json_get(value, "kind"), "panel", names,
				     PANEL_KINDS, &kind);
	if (code)
		return code;
	panel->kind = kind;
	if (windows && kind != PANEL_EXTREMES)
		return reader_error(r, windows,
				    "is for \"extremes\" panels only");
	if (!panel_kinds[kind].table) {
		if (table)
			return reader_error(r, table,
					    "a \"%s\" panel shows no table",
					    names[kind]);
		return 0;
	}
	if (!table)
		return reader_error(r, value, "a \"%s\" panel needs \"table\"",
				    names[kind]);
	code = compile_table_name(r, table, p, &panel->table);
	if (code)
		return code;
	over_windows = kind == PANEL_WINDOWS || kind == PANEL_LINES;
	if (over_windows && !p->tables[panel->table].window_ms)
		return reader_error(r, table,
				    "table \"%s\" has no window; \"%s\" "
				    "panels show those with one",
				    p->tables[panel->table].name, names[kind]);
	if (!over_windows && p->tables[panel->table].window_ms)
		return reader_error(r, table,
				    "table \"%s\" has a window; \"%s\" "
				    "panels show tables without one, "
				    "\"windows\" and \"lines\" panels those "
				    "with one",
				    p->tables[panel->table].name, names[kind]);
	if (kind == PANEL_SHARE && ranks_distinct(&p->tables[panel->table]))
		return reader_error(r, table,
				    "keys of table \"%s\" can have values in "
				    "common, so they are no shares of a whole",
				    p->tables[panel->table].name);
	if (windows)
		return read_windows(r, windows, p, panel);
	if (kind != PANEL_EXTREMES)
		return 0;
	for (unsigned i = 0; i < p->tables_len; i++) {
		if (p->tables[i].window_ms &&
		    same_key(&p->tables[i], &p->tables[panel->table])) {
			panel->windows = (int)i;
			break;
		}
	}
	return 0;
}

int
compile_panels(const struct reader *r, const struct json_value *value,
	       struct pipeline *p)
{
	const struct json_value *item;
	int code;

	if (!value) {
		/* What needs no table, in the order of its kinds. */
		for (unsigned i = 0; i < PANEL_KINDS; i++) {
			if (!panel_kinds[i].table)
				p->panels[p->panels_len++] =
				    (struct panel_spec){i, -1, -1};
		}
		return 0;
	}
	code =
	    reader_list(r, value, JSON_ARRAY, 1, PIPELINE_PANELS_MAX, "panels");
	if (code)
		return code;
	for (item = json_first(value); item; item = json_next(item)) {
		code = read_panel(r, item, p, &p->panels[p->panels_len++]);
		if (code)
			return code;
	}
	return 0;
}
