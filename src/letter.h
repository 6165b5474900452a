/*
 * A dead letter in words, and as a row: one JSON object with fixed members,
 * which a table behind the topic of dead letters can read (docs/pipelines.md).
 * Pure.
 */
#ifndef WEIR_LETTER_H
#define WEIR_LETTER_H

#include "base/buf.h"
#include "event/event.h"

/* All borrowed. */
struct letter {
	enum reason reason;
	const char *field, *rule; /* names; NULL: none */
	const char *message;      /* letter_message() */
	const char *topic;        /* where the event comes from */
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* of the record; 0 or less: not known */
	const void *raw;      /* the event; NULL: a null value */
	size_t raw_size;
};

/* Appends what is wrong: "out of range: FIELD (min 0)". */
void letter_message(const struct event_spec *spec, enum reason reason,
		    const struct event_fault *fault, struct buf *out);

/*
 * Appends the row, of at most `room` bytes if what is not the event fits into
 * them: of the event there is as much as has room, as text when all of it is
 * UTF-8, else in base64.
 */
void letter_row(const struct letter *letter, size_t room, struct buf *out);

#endif
