/*
 * Why an event is dead. Each reason is a row of one const table; the order is
 * kept in stores, so new ones go at the end.
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
	REASONS
};

/* "not_json" (reports, stores' readers) and "not JSON" (people). Static. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);

#endif
