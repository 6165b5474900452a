#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/compile.h"

#include "base/alloc.h"

#define TOPIC_NAME_MAX 249 /* Kafka's */
#define PARTITIONS_MAX 1024
/* Kafka's brokers take 1 MiB unless told otherwise; 64 MiB is far beyond. */
#define EVENT_BYTES_MAX    (64 << 20)
#define LENGTH_MAX         (1 << 20)
#define INT_BOUND_MAX      INT64_C(9007199254740992) /* 2^53: doubles are exact */
#define DEFAULT_FUTURE_MS  (3600 * COMPILE_SECOND_MS)
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

const char *
field_type_name(enum field_type type)
{
	return type_names[type];
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

	for (unsigned i = 0; i < COMPILE_LEN(rules); i++) {
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
		code =
		    reader_choice(r, json_get(value, "type"), "type",
				  type_names, COMPILE_LEN(type_names), &choice);
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
				    COMPILE_LEN(unit_names), &choice))
		return WEIR_PIPELINE;
	field->unit = choice;
	if (field->type != FIELD_STRING)
		return read_bounds(r, value, field);
	code = read_lengths(r, value, field);
	member = json_get(value, "none_of");
	return !code && member ? read_none_of(r, member, field) : code;
}

int
compile_field_name(const struct reader *r, const struct json_value *value,
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

	code = compile_field_name(r, value, p, &index);
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

	event->future_ms = DEFAULT_FUTURE_MS;
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
		return reader_duration(r, member, 0, COMPILE_DURATION_MAX_MS,
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

bool
compile_is_key(enum field_type type)
{
	return type == FIELD_STRING || type == FIELD_INT || type == FIELD_BOOL;
}

int
compile_key_field(const struct reader *r, const struct json_value *value,
		  const struct pipeline *p, unsigned *out)
{
	const struct field *field;
	int code = compile_field_name(r, value, p, out);

	if (code)
		return code;
	field = &p->event.fields[*out];
	if (!compile_is_key(field->type))
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
		code = reader_choice(r, format, "format", formats,
				     COMPILE_LEN(formats), &choice);
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
	return reader_duration(r, value, COMPILE_SECOND_MS,
			       COMPILE_DURATION_MAX_MS, out);
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
		code = compile_key_field(r, member, p, &key);
		if (code)
			return code;
		p->key_field = (int)key;
	}
	return 0;
}
