/*
 * What all Kafka clients of weir share: log, errors, topics.
 *
 * This folder is the door to librdkafka.
 */
#ifndef WEIR_KAFKA_CLIENT_H
#define WEIR_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kafka/settings.h"

/*
 * Makes the topic if the cluster does not have it, and waits until it does.
 * retention_ms: how long the cluster keeps what is written to it; 0: as long as
 * it does by default, -1: for ever. A topic that exists is left as it is.
 * Fails with WEIR_KAFKA, also when no broker answers.
 */
int kafka_topic_create(const struct kafka_settings *settings, const char *topic,
		       unsigned partitions, int64_t retention_ms,
		       struct err *err);

#endif
