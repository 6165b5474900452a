#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/compile.h"

#include "base/alloc.h"
#include "pipeline/nearest.h"

#define RATE_MAX      1e9
#define NUMBER_MAX    INT64_C(1000000000000000000) /* 10^18 */
#define WIDTH_MAX     20
#define WEIGHTS_MAX   256
#define WEIGHT_MIN    1e-9
#define WEIGHT_MAX    1e9
#define DEFAULT_RATE  1000
#define FORMATTED_MAX 64 /* of a number field, JSON_NUMBER_MAX and more */
#define UUID_SIZE     36
#define SPAN_MAX      (INT64_C(366) * 86400000) /* ms */

bool
compile_is_number(const char *text, bool whole)
{
	text += *text == '-';
	if (*text == '0')
		text++;
	else if (*text >= '1' && *text <= '9')
		text += strspn(text, "0123456789");
	else
		return false;
	if (!whole && *text == '.') {
		size_t digits = strspn(++text, "0123456789");

		if (digits == 0)
			return false;
		text += digits;
	}
	if (!whole && (*text == 'e' || *text == 'E')) {
		size_t digits;

		text++;
		text += *text == '+' || *text == '-';
		digits = strspn(text, "0123456789");
		if (digits == 0)
			return false;
		text += digits;
	}
	return *text == '\0';
}

/* Through the JSON door, whose numbers do not depend on the locale. */
static bool
parse_number(const char *text, bool whole, double *out)
{
	struct json *json;
	int64_t i;
	bool fits;

	if (!compile_is_number(text, whole) ||
	    json_parse(text, strlen(text), "", &json, NULL))
		return false;
	fits = json_double(json_root(json), out) &&
	       (!whole || json_int(json_root(json), &i));
	json_free(json);
	return fits;
}

/* Whether a field's rules allow a generated text; the value says where. */
static int
check_text(const struct reader *r, const struct json_value *value,
	   const struct field *field, const char *text)
{
	struct buf quoted = BUF_INIT;
	double d = 0;
	int code = 0;

	json_quote(&quoted, text, strnlen(text, FORMATTED_MAX));
	switch (field->type) {
	case FIELD_STRING:
		if (field->one_of) {
			unsigned i;

			for (i = 0; i < field->one_of_len; i++) {
				if (field->one_of[i].size == strlen(text) &&
				    !memcmp(field->one_of[i].data, text,
					    strlen(text)))
					break;
			}
			if (i == field->one_of_len)
				code = reader_error(r, value,
						    "%s is not in \"one_of\" "
						    "of the field",
						    quoted.data);
		} else if (strlen(text) > field->max_length) {
			code = reader_error(r, value,
					    "%s is longer than \"max_length\" "
					    "of the field, %" PRIu32,
					    quoted.data, field->max_length);
		}
		break;
	case FIELD_INT:
	case FIELD_NUMBER:
		if (!parse_number(text, field->type == FIELD_INT, &d))
			code = reader_error(
			    r, value, "%s is no %s of JSON", quoted.data,
			    field->type == FIELD_INT ? "whole number of 64 bits"
						     : "number");
		else if ((field->has_min && d < field->min) ||
			 (field->has_max && d > field->max))
			code = reader_error(r, value,
					    "%s is outside of \"min\" and "
					    "\"max\" of the field",
					    quoted.data);
		break;
	case FIELD_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false"))
			code = reader_error(r, value,
					    "must be true or false, not %s",
					    quoted.data);
		break;
	case FIELD_TIME:
		break;
	}
	buf_release(&quoted);
	return code;
}

/* ---- Numbers: zipf, uniform, sequence ---- */

static int
format_error(const struct reader *r, const struct json_value *value)
{
	return reader_error(r, value,
			    "must hold one %%d or %%0Nd, N from 1 to %d, as in "
			    "\"u%%06d\"; %%%% is a percent sign",
			    WIDTH_MAX);
}

/* Splits at the one %d or %0Nd; "%%" becomes "%". */
static int
read_format(const struct reader *r, const struct json_value *value,
	    struct gen_field *gen)
{
	struct buf parts[2] = {BUF_INIT, BUF_INIT};
	const char *text;
	unsigned part = 0;
	int code = reader_string(r, value, &text);

	if (code)
		return code;
	buf_add(&parts[0], "", 0);
	buf_add(&parts[1], "", 0);
	for (; *text; text++) {
		if (*text != '%' || text[1] == '%') {
			text += *text == '%';
			buf_add(&parts[part], text, 1);
			continue;
		}
		text++;
		gen->width = 0;
		if (*text == '0') {
			for (text++; *text >= '0' && *text <= '9'; text++) {
				gen->width =
				    gen->width * 10 + (unsigned)(*text - '0');
				if (gen->width > WIDTH_MAX)
					break;
			}
			if (gen->width == 0 || gen->width > WIDTH_MAX)
				part = 1; /* an error below */
		}
		if (*text != 'd' || part == 1) {
			part = 2;
			break;
		}
		part = 1;
	}
	if (part == 1) {
		gen->prefix = parts[0].data;
		gen->suffix = parts[1].data;
		return 0;
	}
	buf_release(&parts[0]);
	buf_release(&parts[1]);
	return format_error(r, value);
}

/* A number as the writer will write it. */
static void
format_number(const struct gen_field *gen, int64_t number, struct buf *out)
{
	if (!gen->prefix)
		buf_addf(out, "%" PRId64, number);
	else
		buf_addf(out, "%s%0*" PRId64 "%s", gen->prefix, (int)gen->width,
			 number, gen->suffix);
}

/*
 * Both ends of the range are tried: between them, texts are neither longer nor
 * further out, and as much a number as they are.
 */
static int
check_numbers(const struct reader *r, const struct json_value *value,
	      const struct field *field, const struct gen_field *gen)
{
	int64_t low = gen->kind == GEN_ZIPF ? 1 : gen->min;
	int64_t high = gen->kind == GEN_ZIPF ? (int64_t)gen->count : gen->max;
	struct buf text = BUF_INIT;
	int code = 0;

	if (field->type == FIELD_BOOL)
		return reader_error(r, value,
				    "a boolean field takes \"weights\" or "
				    "\"constant\"");
	if (field->one_of)
		return reader_error(r, value,
				    "a field with \"one_of\" takes \"weights\" "
				    "or \"constant\"");
	if (gen->prefix && low < 0)
		return reader_error(r, value,
				    "\"format\" needs numbers from 0 on");
	for (int i = 0; i < 2 && !code; i++) {
		text.size = 0;
		format_number(gen, i == 0 ? low : high, &text);
		code = check_text(r, value, field, text.data);
	}
	buf_release(&text);
	return code;
}

static int
read_zipf(const struct reader *r, const struct json_value *value,
	  const struct field *field, struct gen_field *gen)
{
	const struct json_value *count = json_get(value, "count");
	int64_t i;

	(void)field;
	gen->kind = GEN_ZIPF;
	if (reader_double(r, json_get(value, "zipf"), GEN_EXPONENT_MIN,
			  GEN_EXPONENT_MAX, &gen->exponent))
		return WEIR_PIPELINE;
	if (!count)
		return reader_error(r, value, "needs \"count\"");
	if (reader_int(r, count, 1, (int64_t)GEN_COUNT_MAX, &i))
		return WEIR_PIPELINE;
	gen->count = (uint64_t)i;
	return 0;
}

static int
read_range(const struct reader *r, const struct json_value *range,
	   struct gen_field *gen)
{
	const struct json_value *first, *last;

	if (json_type(range) != JSON_ARRAY || json_len(range) != 2)
		return reader_error(r, range,
				    "must be the first and the last number, as "
				    "in [1, 6]");
	first = json_first(range);
	last = json_next(first);
	if (reader_int(r, first, -NUMBER_MAX, NUMBER_MAX, &gen->min) ||
	    reader_int(r, last, -NUMBER_MAX, NUMBER_MAX, &gen->max))
		return WEIR_PIPELINE;
	if (gen->min > gen->max)
		return reader_error(r, last, "is less than the first number");
	return 0;
}

static int
read_uniform(const struct reader *r, const struct json_value *value,
	     const struct field *field, struct gen_field *gen)
{
	(void)field;
	gen->kind = GEN_UNIFORM;
	return read_range(r, json_get(value, "uniform"), gen);
}

static int
read_sequence(const struct reader *r, const struct json_value *value,
	      const struct field *field, struct gen_field *gen)
{
	(void)field;
	gen->kind = GEN_SEQUENCE;
	return read_range(r, json_get(value, "sequence"), gen);
}

/* ---- Values: weights, constant, uuid, clock ---- */

static int
read_weights(const struct reader *r, const struct json_value *value,
	     const struct field *field, struct gen_field *gen)
{
	const struct json_value *weights = json_get(value, "weights"), *member;
	const char *texts[WEIGHTS_MAX];
	unsigned i = 0;
	int code;

	gen->kind = GEN_WEIGHTS;
	code = reader_list(r, weights, JSON_OBJECT, 1, WEIGHTS_MAX, "values");
	if (code)
		return code;
	gen->values_len = json_len(weights);
	gen->weights = xcalloc(gen->values_len, sizeof(*gen->weights));
	for (member = json_first(weights); member; member = json_next(member)) {
		code = reader_double(r, member, WEIGHT_MIN, WEIGHT_MAX,
				     &gen->weights[i]);
		if (!code)
			code = check_text(r, member, field, json_key(member));
		if (code)
			return code;
		texts[i++] = json_key(member);
	}
	gen->values = compile_texts(texts, i);
	return 0;
}

static int
read_constant(const struct reader *r, const struct json_value *value,
	      const struct field *field, struct gen_field *gen)
{
	const struct json_value *constant = json_get(value, "constant");
	enum json_type wanted = field->type == FIELD_STRING ? JSON_STRING
				: field->type == FIELD_BOOL ? JSON_BOOL
							    : JSON_NUMBER;
	struct buf text = BUF_INIT;
	const char *string;
	int64_t i;
	double d;
	bool b;
	int code;

	gen->kind = GEN_CONSTANT;
	if (json_type(constant) != wanted)
		return reader_error(r, constant, "must be %s, not %s",
				    json_type_name(wanted),
				    json_type_name(json_type(constant)));
	if (json_bool(constant, &b))
		buf_add_str(&text, b ? "true" : "false");
	else if (json_int(constant, &i))
		buf_addf(&text, "%" PRId64, i);
	else if (json_double(constant, &d))
		json_number(&text, d);
	else
		buf_add_str(&text, json_string(constant));
	code = check_text(r, constant, field, text.data);
	if (!code) {
		string = text.data;
		gen->values = compile_texts(&string, 1);
		gen->values_len = 1;
	}
	buf_release(&text);
	return code;
}

static int
read_true(const struct reader *r, const struct json_value *value)
{
	bool yes = false;

	if (!json_bool(value, &yes) || !yes)
		return reader_error(r, value, "must be true");
	return 0;
}

static int
read_uuid(const struct reader *r, const struct json_value *value,
	  const struct field *field, struct gen_field *gen)
{
	const struct json_value *uuid = json_get(value, "uuid");

	gen->kind = GEN_UUID;
	if (read_true(r, uuid))
		return WEIR_PIPELINE;
	if (field->type != FIELD_STRING)
		return reader_error(r, uuid, "is for string fields only");
	if (field->one_of)
		return reader_error(r, uuid,
				    "a field with \"one_of\" takes \"weights\" "
				    "or \"constant\"");
	if (field->max_length < UUID_SIZE)
		return reader_error(r, uuid,
				    "has %d bytes, more than \"max_length\" of "
				    "the field, %" PRIu32,
				    UUID_SIZE, field->max_length);
	return 0;
}

static int
read_clock(const struct reader *r, const struct json_value *value,
	   const struct field *field, struct gen_field *gen)
{
	const struct json_value *clock = json_get(value, "clock");

	gen->kind = GEN_TIME;
	if (read_true(r, clock))
		return WEIR_PIPELINE;
	if (field->type != FIELD_TIME)
		return reader_error(r, clock, "is for time fields only");
	return 0;
}

/* ---- Fields ---- */

static const struct distribution_key {
	const char *name;
	bool numbers; /* takes "format" and is checked as numbers */
	int (*read)(const struct reader *r, const struct json_value *value,
		    const struct field *field, struct gen_field *gen);
} distributions[] = {
    {"zipf", true, read_zipf},          {"uniform", true, read_uniform},
    {"sequence", true, read_sequence},  {"weights", false, read_weights},
    {"constant", false, read_constant}, {"uuid", false, read_uuid},
    {"clock", false, read_clock},
};
#define DISTRIBUTIONS (sizeof(distributions) / sizeof(distributions[0]))

/* When an optional field is written. */
static int
read_span(const struct reader *r, const struct json_value *value,
	  const struct field *field, struct gen_field *gen)
{
	const struct json_value *from = json_get(value, "from");
	const struct json_value *until = json_get(value, "until");

	if ((from || until) && !field->optional)
		return reader_error(r, from ? from : until,
				    "is for optional fields only: an event "
				    "without \"%s\" is dead",
				    field->name);
	if (from && reader_duration(r, from, 1, SPAN_MAX, &gen->from_ms))
		return WEIR_PIPELINE;
	if (until && reader_duration(r, until, 1, SPAN_MAX, &gen->until_ms))
		return WEIR_PIPELINE;
	if (until && gen->until_ms <= gen->from_ms)
		return reader_error(r, until, "is not after \"from\"");
	return 0;
}

static int
read_gen_field(const struct reader *r, const struct json_value *value,
	       const struct field *field, struct gen_field *gen)
{
	static const struct reader_key keys[] = {
	    {"zipf", false},     {"uniform", false}, {"sequence", false},
	    {"weights", false},  {"format", false},  {"count", false},
	    {"constant", false}, {"uuid", false},    {"clock", false},
	    {"from", false},     {"until", false},
	};
	const struct json_value *format = json_get(value, "format");
	const struct json_value *count = json_get(value, "count");
	const struct distribution_key *found = NULL;
	unsigned many = 0;
	int code;

	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	for (size_t i = 0; i < DISTRIBUTIONS; i++) {
		if (json_get(value, distributions[i].name)) {
			found = &distributions[i];
			many++;
		}
	}
	if (many != 1 || !found)
		return reader_error(r, value,
				    "needs exactly one of \"zipf\", "
				    "\"uniform\", \"sequence\", \"weights\", "
				    "\"constant\", \"uuid\", \"clock\"");
	if (field->type == FIELD_TIME && strcmp(found->name, "clock"))
		return reader_error(r, value,
				    "a time field takes {\"clock\": true}");
	if (count && strcmp(found->name, "zipf"))
		return reader_error(r, count, "goes with \"zipf\" only");
	if (format && !found->numbers)
		return reader_error(r, format,
				    "goes with \"zipf\", \"uniform\" and "
				    "\"sequence\" only");
	code = found->read(r, value, field, gen);
	if (!code && format)
		code = read_format(r, format, gen);
	if (!code && found->numbers)
		code = check_numbers(r, format ? format : value, field, gen);
	return code ? code : read_span(r, value, field, gen);
}

static int
read_gen_fields(const struct reader *r, const struct json_value *value,
		struct pipeline *p)
{
	const struct json_value *member;
	const char *names[PIPELINE_FIELDS_MAX];
	int code;

	for (unsigned i = 0; i < p->event.fields_len; i++) {
		names[i] = p->event.fields[i].name;
		p->generator.fields[i].kind = GEN_ABSENT;
	}
	p->generator.fields[p->event.time_field].kind = GEN_TIME;
	code = reader_list(r, value, JSON_OBJECT, 0, PIPELINE_FIELDS_MAX,
			   "fields");
	if (code)
		return code;
	for (member = json_first(value); member; member = json_next(member)) {
		int i = pipeline_field(p, json_key(member));

		if (i < 0)
			return reader_unknown(r, member, "field",
					      json_key(member), names,
					      p->event.fields_len);
		code = read_gen_field(r, member, &p->event.fields[i],
				      &p->generator.fields[i]);
		if (code)
			return code;
	}
	for (unsigned i = 0; i < p->event.fields_len; i++) {
		if (p->generator.fields[i].kind == GEN_ABSENT &&
		    !p->event.fields[i].optional)
			return reader_error(r, value,
					    "needs field \"%s\", which is not "
					    "optional",
					    p->event.fields[i].name);
	}
	return 0;
}

int
compile_generator(const struct reader *r, const struct json_value *value,
		  struct pipeline *p)
{
	static const struct reader_key keys[] = {
	    {"rate", false},   {"shape", false}, {"fields", true},
	    {"faults", false}, {"bad", false},
	};
	static const struct reader_key bad_keys[] = {
	    {"share", true},
	};
	struct generator_spec *generator = &p->generator;
	const struct json_value *member;
	int code;

	generator->present = true;
	generator->rate = DEFAULT_RATE;
	generator->curve = curve_default(CURVE_CONSTANT, -1);
	code = reader_object(r, value, READER_KEYS(keys));
	if (code)
		return code;
	member = json_get(value, "rate");
	if (member && reader_double(r, member, 0, RATE_MAX, &generator->rate))
		return WEIR_PIPELINE;
	code = read_gen_fields(r, json_get(value, "fields"), p);
	member = json_get(value, "shape");
	if (!code && member)
		code = compile_curve(r, member, p);
	member = json_get(value, "faults");
	if (!code && member)
		code = compile_faults(r, member, p);
	member = json_get(value, "bad");
	if (code || !member)
		return code;
	code = reader_object(r, member, READER_KEYS(bad_keys));
	if (code)
		return code;
	return reader_double(r, json_get(member, "share"), 0, 1,
			     &generator->bad_share);
}
