/*
 * The embedded broker: librdkafka's mock cluster, one broker on loopback that
 * speaks Kafka's protocol, so that weir runs with nothing beside it and kcat
 * can read along.
 *
 * It keeps EMBEDDED_RETENTION_BYTES or 100,000 record batches of a partition
 * and drops older ones without a word (librdkafka 2.0.2, rdkafka_mock.c:
 * rd_kafka_mock_partition_new); all of it is gone when it stops. Who writes to
 * it must not be further ahead of who reads than that: see producer.h.
 */
#ifndef WEIR_KAFKA_EMBEDDED_H
#define WEIR_KAFKA_EMBEDDED_H

#include "kafka/client.h"

#define EMBEDDED_RETENTION_BYTES (5 << 20)

struct embedded;

int embedded_start(const struct kafka_settings *settings, const char *topic,
		   unsigned partitions, struct embedded **out, struct err *err);
void embedded_stop(struct embedded *embedded); /* NULL is fine */

/* Makes one more topic. WEIR_KAFKA, also when it is there already. */
int embedded_topic(struct embedded *embedded, const char *topic,
		   unsigned partitions, struct err *err);

/* "127.0.0.1:PORT"; valid until it stops. */
const char *embedded_brokers(const struct embedded *embedded);

/*
 * What faults are made of (faults.h). All but embedded_refuse_reads() wait for
 * the broker's thread. From one thread at a time, once all topics are made.
 */
/* Answers are held back for so long. */
void embedded_slow(struct embedded *embedded, int ms);
/* It has no connections and takes none; or is there again. */
void embedded_down(struct embedded *embedded, bool down);
/* The next fetches are answered with an error; instead of those asked before.
 */
void embedded_refuse_reads(struct embedded *embedded, unsigned fetches);
/* It leads the partitions of all topics that were made, or nobody does. */
void embedded_lead(struct embedded *embedded, bool lead);

#endif
