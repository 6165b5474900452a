/*
 * What the files of this folder share; nobody else includes it, since it
 * includes rdkafka.h.
 */
#ifndef WEIR_KAFKA_RDKAFKA_DOOR_H
#define WEIR_KAFKA_RDKAFKA_DOOR_H

#include <librdkafka/rdkafka.h>

#include "kafka/client.h"

struct kafka_default {
	const char *name;
	const char *value;
};

/*
 * A configuration: weir's defaults (up to a NULL name), then the user's
 * settings. `opaque` comes back in callbacks, and must begin with a
 * struct kafka_shared.
 */
int client_conf(const struct kafka_settings *settings,
		const struct kafka_default *defaults, void *opaque,
		rd_kafka_conf_t **conf, struct err *err);

/* The state of a client that callbacks write and any thread reads. */
struct kafka_shared {
	void (*log)(void *ctx, int level, const char *text);
	void *log_ctx;
	_Atomic int disconnected; /* no broker can be reached */
};

/* Takes conf. */
int client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
	       struct err *err);

/* The number of partitions; WEIR_NOT_FOUND when there is no such topic. */
int client_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms,
		      unsigned *partitions, struct err *err);

#endif
