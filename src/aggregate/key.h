/*
 * Keys: the bytes by which a table tells its rows apart.
 *
 * The byte order of keys is the order of their values, so equal values break
 * ties the same way everywhere, and no key is empty, which LMDB would refuse. A
 * key of one required string is that string, with a 00 in front when it is
 * empty or begins with 00. In other keys, strings that are not last end in 00
 * 00 with 00 inside written as 00 ff, integers take 8 bytes big-endian with the
 * sign bit flipped, booleans one byte; an optional field begins with 00 when it
 * is missing, else 01.
 */
#ifndef WEIR_AGGREGATE_KEY_H
#define WEIR_AGGREGATE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

/* Bytes of a window's start in front of the keys of a windowed table. */
#define WINDOW_KEY_SIZE 8

/* Bytes of the longest key. */
#define KEY_MAX (PIPELINE_KEY_MAX + 8)

/*
 * The key of an event in a table. *key points into `event` or into `room`,
 * which holds KEY_MAX bytes; valid as long as both are.
 */
void key_encode(const struct pipeline *p, const struct table_spec *table,
		const struct event *event, char *room, struct text *key);

/*
 * The field whose text is the key, unless it is empty or begins with 00; -1
 * when there is none.
 */
int key_plain(const struct pipeline *p, const struct table_spec *table);

/*
 * Appends a key as people read it: parts joined by " · ", a missing part as
 * "∅". It is foreign text still: who shows it escapes it.
 */
void key_text(const struct pipeline *p, const struct table_spec *table,
	      struct text key, struct buf *out);

/* The value of one of a table's `by` fields. */
struct key_part {
	bool present;     /* false: an optional field was missing */
	struct text text; /* of a string field */
	int64_t i;        /* of an integer, a time; of a boolean 0 or 1 */
};

/*
 * The values that a key is made of, in the order of `by`. Texts point into
 * `key` or into `room`, which holds KEY_MAX bytes; valid as long as both are.
 * False when these bytes are no key of this table.
 */
bool key_decode(const struct pipeline *p, const struct table_spec *table,
		struct text key, char *room,
		struct key_part parts[PIPELINE_BY_MAX]);

#endif
