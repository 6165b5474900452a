#include <math.h>
#include <string.h>

#include "generate/controls.h"

void
controls_init(struct generator_controls *controls,
	      const struct pipeline *pipeline)
{
	const struct generator_spec *spec = &pipeline->generator;

	*controls = (struct generator_controls){
	    .per_s = spec->rate,
	    .curve = spec->curve,
	    .bad_share = spec->bad_share,
	};
	for (unsigned i = 0; spec->present && i < pipeline->event.fields_len;
	     i++)
		if (spec->fields[i].kind == GEN_ZIPF)
			controls->fields[i] = (struct controls_field){
			    spec->fields[i].count, spec->fields[i].exponent};
}

bool
curve_same(const struct curve *a, const struct curve *b)
{
	return a->kind == b->kind && a->period_ms == b->period_ms &&
	       a->low == b->low && a->part == b->part && a->field == b->field &&
	       a->share == b->share;
}

bool
controls_same(const struct generator_controls *a,
	      const struct generator_controls *b)
{
	if (a->per_s != b->per_s || a->bad_share != b->bad_share ||
	    !curve_same(&a->curve, &b->curve))
		return false;
	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++)
		if (a->fields[i].count != b->fields[i].count ||
		    a->fields[i].exponent != b->fields[i].exponent)
			return false;
	return true;
}

/* The largest number of so many digits, within what a count may be. */
static uint64_t
largest_of(size_t digits)
{
	uint64_t power = 1;

	for (size_t i = 0; i < digits && power < GEN_COUNT_MAX; i++)
		power *= 10;
	return power - 1 < GEN_COUNT_MAX ? power - 1 : GEN_COUNT_MAX;
}

uint64_t
controls_count_max(const struct pipeline *pipeline, unsigned field)
{
	const struct gen_field *gen = &pipeline->generator.fields[field];
	const struct field *rules = &pipeline->event.fields[field];
	size_t around = 0;

	if (rules->type == FIELD_STRING) {
		if (gen->prefix)
			around = strlen(gen->prefix) + strlen(gen->suffix);
		return largest_of(rules->max_length - around);
	}
	/* What a format makes of larger numbers was not checked. */
	if (gen->prefix)
		return gen->count;
	if (rules->has_max && rules->max < (double)GEN_COUNT_MAX)
		return (uint64_t)rules->max;
	return GEN_COUNT_MAX;
}

double
controls_first_share(const struct controls_field *field)
{
	const uint64_t exact = 1000;
	uint64_t len = field->count < exact ? field->count : exact;
	double sum = 0, from = (double)len + 0.5;
	double to = (double)field->count + 0.5, s = field->exponent;

	for (uint64_t i = len; i > 0; i--)
		sum += pow((double)i, -s);
	/* The many behind are an integral. */
	if (field->count > len)
		sum += fabs(s - 1) < 1e-9
			   ? log(to / from)
			   : (pow(to, 1 - s) - pow(from, 1 - s)) / (1 - s);
	return 1 / sum;
}
