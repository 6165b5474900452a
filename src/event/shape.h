/*
 * Shapes: a quick way to the values of events that look like earlier ones.
 *
 * The events of one producer differ in their values; the keys, brackets and
 * spaces around these stand in the same places. So what a message consisted of
 * is learned from one that simdjson has accepted, and the next is compared with
 * it: the same bytes between the values, and for each value a text of plain
 * ASCII without escapes, an integer of at most 18 digits, a short decimal
 * fraction, true, false or null. A message of which this holds is JSON, has the
 * same keys in the same objects, and its values are known; of any other nothing
 * is said, and json-decode.h has to read it.
 *
 * Belongs to one thread. Reads no byte behind the message.
 */
#ifndef WEIR_EVENT_SHAPE_H
#define WEIR_EVENT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "event/json-decode.h"
#include "event/seen.h"

struct shapes;

/* The spec must outlive them. */
struct shapes *shapes_new(const struct event_spec *spec);
void shapes_free(struct shapes *shapes); /* NULL is fine */

/*
 * From now on, before any message: messages that fit are counted into `seen`,
 * which must outlive them.
 */
void shapes_watch(struct shapes *shapes, struct seen *seen);

/*
 * The values of the spec's fields, exactly as json_decoder_decode() gives them
 * with REASON_NONE, texts borrowed from the message; false when no shape fits.
 */
bool shapes_decode(struct shapes *shapes, const char *data, size_t size,
		   struct decoded *values);

/*
 * Learns from a message that json_decoder_decode() had nothing against, and
 * that has been counted.
 */
void shapes_learn(struct shapes *shapes, const char *data, size_t size);

#endif
