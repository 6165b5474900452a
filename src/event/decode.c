#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "event/json-decode.h"
#include "event/shape.h"

/* Texts, sorted by size; what they point to is borrowed from the pipeline. */
struct text_set {
	struct text *texts; /* NULL: no set */
	unsigned len;
};

/*
 * One field's rules, compiled: small enough that those of an ordinary pipeline
 * stay in the cache, and with bounds that integers compare to exactly.
 */
struct rule {
	enum field_type type;
	enum time_unit unit;
	bool optional;
	bool event_time;
	bool has_min, has_max;
	int64_t min_int, max_int; /* FIELD_INT */
	double min, max;          /* FIELD_NUMBER */
	uint32_t max_length;
	struct text_set one_of, none_of;
};

struct decoder {
	const struct event_spec *spec;
	struct json_decoder *json;
	struct shapes *shapes;
	struct seen *seen; /* NULL: nobody counts */
	struct rule rules[PIPELINE_FIELDS_MAX];
	struct decoded values[PIPELINE_FIELDS_MAX];
};

void
decoder_watch(struct decoder *decoder, struct seen *seen)
{
	decoder->seen = seen;
	shapes_watch(decoder->shapes, seen);
}

static int
compare_sizes(const void *left, const void *right)
{
	const struct text *a = left, *b = right;

	return a->size < b->size ? -1 : a->size > b->size;
}

/*
 * Integer bounds from a pair of doubles: those integers that lie within. All
 * that fit are allowed when there is no bound, none when no integer can.
 */
static void
set_int_bounds(struct rule *rule, const struct field *field)
{
	const double limit = 9223372036854775808.0; /* 2^63 */

	rule->min_int = INT64_MIN;
	rule->max_int = INT64_MAX;
	if ((field->has_min && field->min >= limit) ||
	    (field->has_max && field->max < -limit)) {
		rule->min_int = INT64_MAX;
		rule->max_int = INT64_MIN;
		return;
	}
	if (field->has_min && field->min >= -limit) {
		rule->min_int = (int64_t)field->min;
		if ((double)rule->min_int < field->min)
			rule->min_int++;
	}
	if (field->has_max && field->max < limit) {
		rule->max_int = (int64_t)field->max;
		if ((double)rule->max_int > field->max)
			rule->max_int--;
	}
}

static void
compile_set(struct text_set *set, const struct text *texts, unsigned len)
{
	if (!texts)
		return;
	set->len = len;
	set->texts = xcalloc(len, sizeof(*texts));
	memcpy(set->texts, texts, len * sizeof(*texts));
	qsort(set->texts, len, sizeof(*texts), compare_sizes);
}

static void
compile_rule(struct rule *rule, const struct field *field)
{
	rule->type = field->type;
	rule->unit = field->unit;
	rule->optional = field->optional;
	rule->has_min = field->has_min;
	rule->has_max = field->has_max;
	rule->min = field->min;
	rule->max = field->max;
	set_int_bounds(rule, field);
	rule->max_length = field->max_length;
	compile_set(&rule->one_of, field->one_of, field->one_of_len);
	compile_set(&rule->none_of, field->none_of, field->none_of_len);
}

int
decoder_new(const struct pipeline *pipeline, struct decoder **out,
	    struct err *err)
{
	const struct event_spec *spec = &pipeline->event;
	struct decoder *decoder = xcalloc(1, sizeof(*decoder));
	int code;

	assert(spec->fields_len <= PIPELINE_FIELDS_MAX);
	assert(spec->time_field >= 0 &&
	       (unsigned)spec->time_field < spec->fields_len &&
	       spec->fields[spec->time_field].type == FIELD_TIME);
	decoder->spec = spec;
	decoder->shapes = shapes_new(spec);
	for (unsigned i = 0; i < spec->fields_len; i++)
		compile_rule(&decoder->rules[i], &spec->fields[i]);
	decoder->rules[spec->time_field].event_time = true;
	/* Every event needs a time. */
	decoder->rules[spec->time_field].optional = false;
	code = json_decoder_new(spec, &decoder->json, err);
	if (code) {
		decoder_free(decoder);
		return code;
	}
	*out = decoder;
	return 0;
}

void
decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	json_decoder_free(decoder->json);
	shapes_free(decoder->shapes);
	for (unsigned i = 0; i < decoder->spec->fields_len; i++) {
		free(decoder->rules[i].one_of.texts);
		free(decoder->rules[i].none_of.texts);
	}
	free(decoder);
}

static bool
is_in(const struct text_set *set, struct text text)
{
	unsigned low = 0, high = set->len;

	/* The first that is not shorter; few have the same size. */
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (set->texts[middle].size < text.size)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set->len && set->texts[low].size == text.size; low++)
		if (bytes_equal(set->texts[low].data, text.data, text.size))
			return true;
	return false;
}

/* Each check returns the rule that is broken; RULE_NONE: none is. */

static enum rule_kind
check_text(const struct rule *rule, const struct decoded *from,
	   struct event_value *to)
{
	if (from->type != DECODED_TEXT)
		return RULE_TYPE;
	if (rule->one_of.texts && !is_in(&rule->one_of, from->text))
		return RULE_ONE_OF;
	if (rule->none_of.texts && is_in(&rule->none_of, from->text))
		return RULE_NONE_OF;
	if (from->text.size > rule->max_length)
		return RULE_MAX_LENGTH;
	to->text = from->text;
	return RULE_NONE;
}

static enum rule_kind
check_int(const struct rule *rule, const struct decoded *from,
	  struct event_value *to)
{
	if (from->type == DECODED_UINT)
		return RULE_MAX;
	if (from->type != DECODED_INT)
		return RULE_TYPE;
	if (from->i < rule->min_int)
		return RULE_MIN;
	if (from->i > rule->max_int)
		return RULE_MAX;
	to->i = from->i;
	return RULE_NONE;
}

static enum rule_kind
check_number(const struct rule *rule, const struct decoded *from,
	     struct event_value *to)
{
	double d;

	if (from->type == DECODED_REAL)
		d = from->d;
	else if (from->type == DECODED_INT)
		d = (double)from->i;
	else if (from->type == DECODED_UINT)
		d = (double)from->u;
	else
		return RULE_TYPE;
	if (rule->has_min && d < rule->min)
		return RULE_MIN;
	if (rule->has_max && d > rule->max)
		return RULE_MAX;
	to->d = d;
	return RULE_NONE;
}

static enum rule_kind
check_bool(const struct decoded *from, struct event_value *to)
{
	if (from->type != DECODED_BOOL)
		return RULE_TYPE;
	to->i = from->i;
	return RULE_NONE;
}

/* latest_ms: the latest event time that is believed. */
static enum rule_kind
check_time(const struct rule *rule, const struct decoded *from,
	   int64_t latest_ms, struct event_value *to)
{
	uint64_t ms;

	if (from->type != DECODED_INT && from->type != DECODED_UINT)
		return RULE_TYPE;
	if (from->type == DECODED_INT && from->i < 0)
		return RULE_UNIT;
	ms = from->type == DECODED_INT ? (uint64_t)from->i : from->u;
	to->written = ms;
	switch (rule->unit) {
	case TIME_S:
		if (ms > INT64_MAX / 1000)
			return RULE_UNIT;
		ms *= 1000;
		break;
	case TIME_MS:
		break;
	case TIME_US:
		ms /= 1000;
		break;
	case TIME_NS:
		ms /= 1000000;
		break;
	}
	if (ms > INT64_MAX)
		return RULE_UNIT;
	if (rule->event_time && (int64_t)ms > latest_ms)
		return RULE_FUTURE;
	to->i = (int64_t)ms;
	return RULE_NONE;
}

static enum rule_kind
check_value(const struct rule *rule, const struct decoded *from,
	    int64_t latest_ms, struct event_value *to)
{
	to->present = from->type > DECODED_NULL;
	if (!to->present)
		return rule->optional ? RULE_NONE : RULE_REQUIRED;
	switch (rule->type) {
	case FIELD_STRING:
		return check_text(rule, from, to);
	case FIELD_INT:
		return check_int(rule, from, to);
	case FIELD_NUMBER:
		return check_number(rule, from, to);
	case FIELD_BOOL:
		return check_bool(from, to);
	case FIELD_TIME:
		return check_time(rule, from, latest_ms, to);
	}
	return RULE_TYPE;
}

enum reason
decoder_decode(struct decoder *decoder, const void *data, size_t size,
	       int64_t now_ms, struct event *event, struct event_fault *fault)
{
	const struct event_spec *spec = decoder->spec;
	enum rule_kind broken;
	enum reason reason;
	int64_t latest_ms;

	fault->field = -1;
	fault->rule = RULE_NONE;
	if (!data || size == 0)
		return REASON_NO_VALUE;
	if (size > spec->max_bytes) {
		fault->rule = RULE_MAX_BYTES;
		return REASON_TOO_LARGE;
	}
	if (!shapes_decode(decoder->shapes, data, size, decoder->values)) {
		reason = json_decoder_decode(decoder->json, data, size,
					     decoder->values, &fault->field);
		if (reason)
			return reason;
		if (decoder->seen)
			json_decoder_see(decoder->json, decoder->seen);
		shapes_learn(decoder->shapes, data, size);
	}

	if (__builtin_add_overflow(now_ms, spec->future_ms, &latest_ms))
		latest_ms = spec->future_ms < 0 ? INT64_MIN : INT64_MAX;
	for (unsigned i = 0; i < spec->fields_len; i++) {
		broken = check_value(&decoder->rules[i], &decoder->values[i],
				     latest_ms, &event->values[i]);
		if (broken) {
			fault->field = (int)i;
			fault->rule = broken;
			return rule_reason(broken);
		}
	}
	event->time_ms = event->values[spec->time_field].i;
	return REASON_NONE;
}
