/*
 * Why an event is dead: the reason, and which rule of the pipeline file it
 * breaks. Each is a row of a const table; the orders are kept in stores, so new
 * ones go at the end.
 */
#ifndef WEIR_EVENT_REASON_H
#define WEIR_EVENT_REASON_H

enum reason {
	REASON_NONE,      /* the event is valid */
	REASON_NO_VALUE,  /* a null payload (tombstone) or an empty one */
	REASON_TOO_LARGE, /* more bytes than the pipeline's event.max_bytes */
	REASON_NOT_JSON,  /* against RFC 8259, broken UTF-8 included */
	REASON_TOO_DEEP,  /* nested deeper than EVENT_DEPTH_MAX */
	REASON_NOT_OBJECT,
	REASON_DUPLICATE_KEY, /* of a field that the pipeline reads */
	REASON_MISSING,       /* a required field is absent or null */
	REASON_WRONG_TYPE,
	REASON_OUT_OF_RANGE, /* min, max, or beyond 64 bits */
	REASON_NOT_ONE_OF,
	REASON_TOO_LONG,
	REASON_BAD_TIME, /* before 1970 or too far in the future */
	REASON_NONE_OF,
	REASONS
};

/* A rule of the pipeline file. Breaking it has always the same reason. */
enum rule_kind {
	RULE_NONE, /* it is about none: what every message must be */
	RULE_MAX_BYTES,
	RULE_REQUIRED, /* not optional */
	RULE_TYPE,
	RULE_MIN,
	RULE_MAX, /* also 64 bits, of an integer without */
	RULE_ONE_OF,
	RULE_NONE_OF,
	RULE_MAX_LENGTH,
	RULE_UNIT, /* no time in it: negative, or beyond 64 bits of ms */
	RULE_FUTURE,
	RULES
};

/* "not_json" (reports, stores' readers) and "not JSON" (people). Static. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);

/* As in pipeline files: "none_of"; NULL for RULE_NONE and beyond. Static. */
const char *rule_name(enum rule_kind rule);
enum reason rule_reason(enum rule_kind rule);

#endif
