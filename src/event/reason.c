#include <stddef.h>

#include "event/reason.h"

static const struct {
	const char *name;
	const char *text;
} reasons[REASONS] = {
    [REASON_NONE] = {"none", "valid"},
    [REASON_NO_VALUE] = {"no_value", "no value"},
    [REASON_TOO_LARGE] = {"too_large", "too large"},
    [REASON_NOT_JSON] = {"not_json", "not JSON"},
    [REASON_TOO_DEEP] = {"too_deep", "nested too deep"},
    [REASON_NOT_OBJECT] = {"not_object", "not an object"},
    [REASON_DUPLICATE_KEY] = {"duplicate_key", "duplicate key"},
    [REASON_MISSING] = {"missing", "missing field"},
    [REASON_WRONG_TYPE] = {"wrong_type", "wrong type"},
    [REASON_OUT_OF_RANGE] = {"out_of_range", "out of range"},
    [REASON_NOT_ONE_OF] = {"not_one_of", "not one of"},
    [REASON_TOO_LONG] = {"too_long", "too long"},
    [REASON_BAD_TIME] = {"bad_time", "bad time"},
    [REASON_NONE_OF] = {"none_of", "not allowed"},
};

static const struct {
	const char *name;
	enum reason reason;
} rules[RULES] = {
    [RULE_NONE] = {NULL, REASON_NONE},
    [RULE_MAX_BYTES] = {"max_bytes", REASON_TOO_LARGE},
    [RULE_REQUIRED] = {"required", REASON_MISSING},
    [RULE_TYPE] = {"type", REASON_WRONG_TYPE},
    [RULE_MIN] = {"min", REASON_OUT_OF_RANGE},
    [RULE_MAX] = {"max", REASON_OUT_OF_RANGE},
    [RULE_ONE_OF] = {"one_of", REASON_NOT_ONE_OF},
    [RULE_NONE_OF] = {"none_of", REASON_NONE_OF},
    [RULE_MAX_LENGTH] = {"max_length", REASON_TOO_LONG},
    [RULE_UNIT] = {"unit", REASON_BAD_TIME},
    [RULE_FUTURE] = {"future", REASON_BAD_TIME},
};

const char *
reason_name(enum reason reason)
{
	return (unsigned)reason < REASONS ? reasons[reason].name : "unknown";
}

const char *
reason_text(enum reason reason)
{
	return (unsigned)reason < REASONS ? reasons[reason].text : "unknown";
}

const char *
rule_name(enum rule_kind rule)
{
	return (unsigned)rule < RULES ? rules[rule].name : NULL;
}

enum reason
rule_reason(enum rule_kind rule)
{
	return rules[rule].reason;
}
