/*
 * From a message to a typed event, through the quality gate.
 *
 * A decoder belongs to one thread. Decoding is strict: RFC 8259 and UTF-8 over
 * the whole message, whatever of it the pipeline reads. Keys of the pipeline's
 * fields may occur once; other keys are ignored.
 *
 * One event always has the same reason. First, of the whole message, in this
 * order:
 *   no_value       no payload, or one of no bytes
 *   too_large
 *   not_json       half a surrogate pair ("\ud800") and a byte order mark too
 *   too_deep
 *   not_object
 *   duplicate_key  the first in the message, spelled with escapes or not
 *   out_of_range   a number anywhere, even in an ignored key, that is neither
 *                  a 64-bit integer nor a finite double
 * Then of its fields, the first in the pipeline's order that has a fault, and
 * of that field the first of:
 *   missing        absent or null, or an object on the way to it is
 *   wrong_type     as when what should be an object on the way to it is not.
 *                  A whole number is one without fraction and exponent: 3, not
 *                  3.0
 *   out_of_range   min, max; a whole number above INT64_MAX
 *   not_one_of
 *   none_of
 *   too_long
 *   bad_time       negative, or beyond 64 bits as milliseconds; for the event
 *                  time also later than now and future_ms
 *
 * No input ends the program or grows memory beyond what event.max_bytes allows.
 */
#ifndef WEIR_EVENT_EVENT_H
#define WEIR_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/reason.h"
#include "event/seen.h"
#include "pipeline/pipeline.h"

/* Objects and arrays inside each other; the outermost is 1. */
#define EVENT_DEPTH_MAX 1024

/* One typed value; which member holds follows from the field's type. */
struct event_value {
	bool present; /* false: optional and missing or null */
	union {
		struct text text; /* FIELD_STRING, unescaped; borrowed until
				     the next call, from the decoder or the
				     message */
		struct {
			int64_t i; /* FIELD_INT, FIELD_TIME in ms, FIELD_BOOL */
			/* FIELD_TIME: as it is there, in the field's unit */
			uint64_t written;
		};
		double d; /* FIELD_NUMBER */
	};
};

struct event {
	struct event_value values[PIPELINE_FIELDS_MAX]; /* by field index */
	int64_t time_ms; /* the pipeline's time field */
};

/* What is wrong with an event, beside the reason. */
struct event_fault {
	int field; /* index of the field it is about; -1: the whole message */
	enum rule_kind rule; /* that is broken */
};

struct decoder;

/* The pipeline must outlive the decoder. Fails only with WEIR_SYSTEM. */
int decoder_new(const struct pipeline *pipeline, struct decoder **out,
		struct err *err);
void decoder_free(struct decoder *decoder); /* NULL is fine */

/*
 * From now on, before any message, fields are counted into `seen`, which must
 * outlive the decoder.
 */
void decoder_watch(struct decoder *decoder, struct seen *seen);

/*
 * Decodes and checks one message; data may be NULL (a tombstone) and needs no
 * padding. now_ms is clock time, against which future event times are judged.
 * Returns REASON_NONE and fills *event, or the reason and *fault; *event is
 * then of no use.
 */
enum reason decoder_decode(struct decoder *decoder, const void *data,
			   size_t size, int64_t now_ms, struct event *event,
			   struct event_fault *fault);

#endif
