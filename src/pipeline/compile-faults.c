/* The generator's faults: which of its values are now and then another one. */
#include <string.h>

#include "pipeline/compile.h"

static int
read_field(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, unsigned *out)
{
	if (compile_field_name(r, value, p, out))
		return WEIR_PIPELINE;
	if (p->generator.fields[*out].kind == GEN_ABSENT)
		return reader_error(r, value,
				    "the generator never writes \"%s\"",
				    p->event.fields[*out].name);
	return 0;
}

/* Whether none of its numbers has a minus sign: one can be put in front. */
static bool
never_negative(const struct gen_field *gen)
{
	if (gen->prefix)
		return gen->prefix[0] != '-';
	for (unsigned i = 0; i < gen->values_len; i++)
		if (gen->values[i].data[0] == '-')
			return false;
	return gen->min >= 0;
}

static int
check_negate(const struct reader *r, const struct json_value *negate,
	     const struct field *field, const struct gen_field *gen)
{
	bool yes;

	if (reader_bool(r, negate, &yes))
		return WEIR_PIPELINE;
	if (!yes)
		return reader_error(r, negate, "must be true");
	if (field->type != FIELD_INT && field->type != FIELD_NUMBER)
		return reader_error(r, negate,
				    "is for integer and number fields only");
	if (!never_negative(gen))
		return reader_error(r, negate,
				    "needs numbers from 0 on, but the "
				    "generator writes negative ones");
	return 0;
}

/* A value of the field's type, but not necessarily one that its rules allow. */
static int
read_value(const struct reader *r, const struct json_value *value,
	   const struct field *field, struct gen_fault *fault)
{
	const char *text, *wanted = NULL;

	if (reader_string(r, value, &text))
		return WEIR_PIPELINE;
	switch (field->type) {
	case FIELD_STRING:
		break;
	case FIELD_INT:
	case FIELD_TIME:
		if (!compile_is_number(text, true))
			wanted = "a whole number";
		break;
	case FIELD_NUMBER:
		if (!compile_is_number(text, false))
			wanted = "a number";
		break;
	case FIELD_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false"))
			wanted = "true or false";
		break;
	}
	if (wanted)
		return reader_error(r, value, "must be %s, in quotes", wanted);
	fault->value = compile_texts(&text, 1);
	return 0;
}

static int
read_fault(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct gen_fault *fault)
{
	static const struct reader_key keys[] = {
	    {"field", true},
	    {"share", true},
	    {"negate", false},
	    {"value", false},
	};
	const struct json_value *negate = json_get(value, "negate");
	const struct json_value *text = json_get(value, "value");
	const struct field *field;

	if (reader_object(r, value, READER_KEYS(keys)) ||
	    read_field(r, json_get(value, "field"), p, &fault->field) ||
	    reader_double(r, json_get(value, "share"), 0, 1, &fault->share))
		return WEIR_PIPELINE;
	if (!negate == !text)
		return reader_error(r, value,
				    "needs either \"negate\" or \"value\"");
	field = &p->event.fields[fault->field];
	if (negate)
		return check_negate(r, negate, field,
				    &p->generator.fields[fault->field]);
	return read_value(r, text, field, fault);
}

int
compile_faults(const struct reader *r, const struct json_value *faults,
	       struct pipeline *p)
{
	struct generator_spec *generator = &p->generator;
	const struct json_value *member;
	int code;

	code = reader_list(r, faults, JSON_ARRAY, 0, GEN_FAULTS_MAX, "faults");
	if (code)
		return code;
	for (member = json_first(faults); member; member = json_next(member)) {
		code = read_fault(r, member, p,
				  &generator->faults[generator->faults_len++]);
		if (code)
			return code;
	}
	return 0;
}
