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
	_Atomic int hushed;       /* log nothing any more */
};

/* Takes conf. */
int client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
	       struct err *err);

/*
 * Opens a topic and asks for its number of partitions; WEIR_NOT_FOUND when
 * there is none. What it opens is then known to the client with its leaders:
 * a handle that is not asked for waits up to a second for them.
 */
int client_topic(rd_kafka_t *rk, const char *name, rd_kafka_topic_t **topic,
		 unsigned *partitions, struct err *err);

#endif
