/*
 * The door to simdjson: from the bytes of a message to the values of the
 * pipeline's fields, by their paths. Whether these values keep the pipeline's
 * rules is not decided here but in decode.c.
 *
 * The whole message is validated, whatever of it the pipeline reads. simdjson
 * takes UTF-16 surrogates in escapes only as a pair; half of one ("\ud800") is
 * no character, cannot be UTF-8 and makes the message REASON_NOT_JSON.
 *
 * A decoder belongs to one thread. Its memory follows the largest message so
 * far: about 15 bytes a byte of it, and 25 more while the last message was one
 * that had to be parsed twice (a number beyond 64 bits, deep nesting).
 */
#ifndef WEIR_EVENT_JSON_DECODE_H
#define WEIR_EVENT_JSON_DECODE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/err.h"
#include "event/reason.h"
#include "event/seen.h"
#include "pipeline/pipeline.h"

enum decoded_type {
	DECODED_ABSENT, /* no such key, or none of an object on the way to it */
	DECODED_NULL,
	DECODED_BOOL, /* i is 0 or 1 */
	DECODED_INT,
	DECODED_UINT, /* u, above INT64_MAX */
	DECODED_REAL, /* has a fraction or an exponent: 3.0 is one, finite */
	DECODED_TEXT,
	DECODED_OTHER, /* an object, an array, or no object where the path needs
			  one */
};

struct decoded {
	enum decoded_type type;
	union {
		struct text text; /* unescaped, may hold NUL; borrowed until the
				     next call */
		int64_t i;
		uint64_t u;
		double d;
	};
};

struct json_decoder;

/*
 * Compiles the fields' paths; spec must outlive the decoder. Two fields may
 * have the same path. Fails only with WEIR_SYSTEM.
 */
int json_decoder_new(const struct event_spec *spec, struct json_decoder **out,
		     struct err *err);
void json_decoder_free(struct json_decoder *json); /* NULL is fine */

/*
 * Decodes one message of 1..spec->max_bytes bytes, which needs no padding.
 * values has room for spec->fields_len. Returns REASON_NONE and all values, or
 *   REASON_NOT_JSON, REASON_TOO_DEEP, REASON_NOT_OBJECT,
 *   REASON_DUPLICATE_KEY  a key of a path occurs twice in its object,
 *   REASON_OUT_OF_RANGE   a number anywhere in the message that is neither a
 *                         64-bit integer nor a finite double,
 * looked for in this order, and *field: the index of the field that it is
 * about, or -1. Running out of memory ends the program, as alloc.h has it.
 */
enum reason json_decoder_decode(struct json_decoder *json, const void *data,
				size_t size, struct decoded *values,
				int *field);

/* Counts the fields of the last message, which had REASON_NONE. */
void json_decoder_see(const struct json_decoder *json, struct seen *seen);

#ifdef __cplusplus
}
#endif

#endif
