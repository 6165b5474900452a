/*
 * A sender: single records into a topic, each waited for. For what is rare; who
 * sends does nothing else meanwhile. At least once: a record whose
 * acknowledgement was lost is in the topic twice when it is sent again.
 *
 * One thread at a time.
 */
#ifndef WEIR_KAFKA_SENDER_H
#define WEIR_KAFKA_SENDER_H

#include <stdatomic.h>

#include "kafka/client.h"

struct sender;

/* The topic must exist. Errors as of consumer_new(). */
int sender_new(const struct kafka_settings *settings, const char *topic,
	       struct sender **out, struct err *err);
void sender_free(struct sender *sender); /* NULL is fine */

/*
 * Returns when the record is acknowledged, refused (WEIR_KAFKA), or cannot be
 * written for now (WEIR_FULL); soon when *hurry is true.
 */
int sender_send(struct sender *sender, const void *key, size_t key_size,
		const void *value, size_t value_size, const _Atomic bool *hurry,
		struct err *err);

#endif
