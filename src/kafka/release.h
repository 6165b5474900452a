/*
 * Gives messages back to librdkafka in a thread of its own.
 *
 * Each message of librdkafka is some allocations made in another thread, and
 * freeing them takes as long as fetching them. Who consumes has better things
 * to do: it fills one array while the messages of the other one are freed.
 *
 * One owner, the consumer's thread. What waits to be freed is one array at the
 * most.
 */
#ifndef WEIR_KAFKA_RELEASE_H
#define WEIR_KAFKA_RELEASE_H

#include "kafka/rdkafka-door.h"

#define RELEASE_MAX 4096 /* messages in an array */

struct release;

/* WEIR_SYSTEM when there can be no thread. */
int release_new(struct release **out, struct err *err);
/* Waits until all is given back. NULL is fine. */
void release_free(struct release *release);

/* The array to be filled. */
rd_kafka_message_t **release_array(struct release *release);
/*
 * Gives the first `len` messages of that array back, at some time; from then on
 * release_array() is the other one. Waits while that is not empty yet.
 */
void release_give(struct release *release, size_t len);

#endif
