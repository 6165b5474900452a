/* "shape" of a generator: how its rate goes over time. */
#include "pipeline/compile.h"

static const char *const kind_names[CURVES] = {
    [CURVE_CONSTANT] = "constant", [CURVE_RAMP] = "ramp",
    [CURVE_SINE] = "sine",         [CURVE_BURSTS] = "bursts",
    [CURVE_SPIKE] = "spike",
};

const char *
curve_kind_name(enum curve_kind kind)
{
	return kind_names[kind];
}

struct curve
curve_default(enum curve_kind kind, int field)
{
	return (struct curve){
	    .kind = kind,
	    .period_ms = 60000,
	    .low = 0.1,
	    .part = 0.2,
	    .field = kind == CURVE_SPIKE ? field : -1,
	    .share = 0.5,
	};
}

/* Which keys go with which kind, "kind" aside. */
#define OF(kind) (1u << (kind))
static const struct {
	const char *name;
	unsigned kinds;
} curve_keys[] = {
    {"period",
     OF(CURVE_RAMP) | OF(CURVE_SINE) | OF(CURVE_BURSTS) | OF(CURVE_SPIKE)},
    {"low", OF(CURVE_RAMP) | OF(CURVE_SINE) | OF(CURVE_BURSTS)},
    {"part", OF(CURVE_BURSTS) | OF(CURVE_SPIKE)},
    {"field", OF(CURVE_SPIKE)},
    {"share", OF(CURVE_SPIKE)},
};

static int
read_field(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, int *out)
{
	const char *names[PIPELINE_FIELDS_MAX], *name;
	unsigned len = 0;
	int code = reader_string(r, value, &name);

	if (code)
		return code;
	for (unsigned i = 0; i < p->event.fields_len; i++)
		if (p->generator.fields[i].kind == GEN_ZIPF)
			names[len++] = p->event.fields[i].name;
	*out = pipeline_field(p, name);
	if (*out >= 0 && p->generator.fields[*out].kind == GEN_ZIPF)
		return 0;
	return reader_unknown(r, value, "field drawn by \"zipf\"", name, names,
			      len);
}

int
compile_curve(const struct reader *r, const struct json_value *value,
	      struct pipeline *p)
{
	static const struct reader_key keys[] = {
	    {"kind", true},  {"period", false}, {"low", false},
	    {"part", false}, {"field", false},  {"share", false},
	};
	struct curve *curve = &p->generator.curve;
	const struct json_value *member;
	unsigned kind;
	int code = reader_object(r, value, READER_KEYS(keys));

	if (!code)
		code = reader_choice(r, json_get(value, "kind"), "shape",
				     kind_names, CURVES, &kind);
	if (code)
		return code;
	*curve = curve_default((enum curve_kind)kind, -1);
	for (size_t i = 0; i < sizeof(curve_keys) / sizeof(curve_keys[0]);
	     i++) {
		member = json_get(value, curve_keys[i].name);
		if (member && !(curve_keys[i].kinds & OF(kind)))
			return reader_error(r, member,
					    "does not go with \"%s\"",
					    kind_names[kind]);
	}
	member = json_get(value, "field");
	if (kind == CURVE_SPIKE && !member)
		return reader_error(r, value, "a \"spike\" needs \"field\"");
	if (member)
		code = read_field(r, member, p, &curve->field);
	member = json_get(value, "period");
	if (!code && member)
		code = reader_duration(r, member, GEN_PERIOD_MIN,
				       GEN_PERIOD_MAX, &curve->period_ms);
	member = json_get(value, "low");
	if (!code && member)
		code = reader_double(r, member, 0, 1, &curve->low);
	member = json_get(value, "part");
	if (!code && member)
		code = reader_double(r, member, 0.01, 1, &curve->part);
	member = json_get(value, "share");
	if (!code && member)
		code = reader_double(r, member, 0, 1, &curve->share);
	return code;
}
