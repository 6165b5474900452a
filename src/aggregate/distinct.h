/*
 * Distinct counts: how many different values a field has among the events of a
 * row.
 *
 * Which values a row has had is known to the store alone, so memory gathers
 * what may be new to it: the candidates of a commit interval, each once. The
 * commit finds those that are new and sets the row's cell to their number
 * (store/commit.c). From there on it is a count like any other.
 *
 * A candidate's key begins with its set: the window's start, as in row keys,
 * the size of the row key in two bytes, big-endian, the row key, and the number
 * of the measure in one byte. Behind it stands, of an exact count, the value:
 * the bytes of a string, else 8, as in row keys; of an approximate one, the
 * number of a HyperLogLog register in two bytes. A set's candidates so follow
 * each other, and the oldest window comes first.
 */
#ifndef WEIR_AGGREGATE_DISTINCT_H
#define WEIR_AGGREGATE_DISTINCT_H

#include "aggregate/delta.h"
#include "aggregate/key.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

/* Bytes of a set: window, size, row key, measure. */
#define DISTINCT_SET_MAX (WINDOW_KEY_SIZE + 2 + KEY_MAX + 1)

struct distinct_candidate {
	uint32_t row;  /* delta_place() in the table's delta */
	uint32_t rank; /* approximate: the largest one of the register */
};

struct distinct {
	const struct table_spec *table; /* NULL: it has no such measure */
	const struct pipeline *pipeline;
	struct delta candidates; /* of struct distinct_candidate */
};

/* Whether a table has distinct counts at all. */
bool distinct_used(const struct table_spec *table);

/* The standard error of a measure, as a part of its values; 0: it is exact. */
double distinct_error(const struct measure *measure);

void distinct_init(struct distinct *distinct, const struct pipeline *p,
		   const struct table_spec *table);
void distinct_release(struct distinct *distinct);

/*
 * Adds what an event has for a row: its key in the table's delta, window and
 * all, that key's hash, and the row's place there. A field that is not there
 * adds nothing.
 */
void distinct_add(struct distinct *distinct, struct text key, uint64_t hash,
		  const struct event *event, uint32_t row);

size_t distinct_bytes(const struct distinct *distinct);
void distinct_clear(struct distinct *distinct, size_t keep_bytes);

/* Writes a set's bytes into `room`, DISTINCT_SET_MAX large. */
size_t distinct_set(const struct table_spec *table, struct text key,
		    unsigned measure, char *room);

/* The bytes of a candidate's key that are its set. */
size_t distinct_set_size(const struct table_spec *table, struct text candidate);

#endif
