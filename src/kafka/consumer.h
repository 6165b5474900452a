/*
 * The consumer: all partitions of a topic, from given offsets, in batches.
 *
 * It joins no group and publishes no offsets: the store's are the truth. One
 * owner, the engine's thread. Fetching goes on in librdkafka's threads up to
 * the memory given, then waits.
 */
#ifndef WEIR_KAFKA_CONSUMER_H
#define WEIR_KAFKA_CONSUMER_H

#include "kafka/client.h"

struct consumer;

struct consumer_message {
	const void *data; /* NULL: a null value; borrowed until the release */
	size_t size, key_size;
	int32_t partition;
	int64_t offset;
	bool at_end; /* no message: the partition was read up to offset */
};

/*
 * Connects and looks at the topic. memory_bytes bounds what is fetched ahead.
 * embedded: the broker is ours, and the producer bounds what it holds.
 * WEIR_NOT_FOUND: there is no such topic; WEIR_KAFKA: no broker answers, or it
 * says no.
 */
int consumer_new(const struct kafka_settings *settings, const char *topic,
		 size_t memory_bytes, bool embedded, struct consumer **out,
		 struct err *err);
void consumer_free(struct consumer *consumer); /* NULL is fine */

unsigned consumer_partitions(const struct consumer *consumer);
/* Kafka's id of the cluster, "" when it has none. Valid with the consumer. */
const char *consumer_cluster_id(struct consumer *consumer);

/* Asks the broker for the first offset and the one behind the last. */
int consumer_bounds(struct consumer *consumer, unsigned partition,
		    int64_t *begin, int64_t *end, struct err *err);

/* Begins to fetch each partition at its offset. */
int consumer_start(struct consumer *consumer, const int64_t *offsets,
		   struct err *err);

/*
 * Waits up to timeout_ms for messages; returns how many there are, at
 * *messages. Each partition's are in order. They are borrowed until
 * consumer_release(), which must come before the next take.
 */
size_t consumer_take(struct consumer *consumer, int timeout_ms,
		     const struct consumer_message **messages);
void consumer_release(struct consumer *consumer);

/*
 * Where a partition was known to begin, and to end, at the last fetch; -1: not
 * known.
 */
int64_t consumer_begin(struct consumer *consumer, unsigned partition);
int64_t consumer_end(struct consumer *consumer, unsigned partition);

/* No more log: what it is connected to is about to be stopped. */
void consumer_hush(struct consumer *consumer);

/* What is wrong with fetching at the moment; "" when nothing is. */
const char *consumer_problem(struct consumer *consumer);
bool consumer_disconnected(struct consumer *consumer);

#endif
