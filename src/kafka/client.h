/*
 * What all Kafka clients of weir share: settings, log, errors, topics.
 *
 * This folder is the door to librdkafka. Settings given by the user (-X, -F)
 * win over what weir chooses for itself; values of settings never reach a
 * message or a log.
 */
#ifndef WEIR_KAFKA_CLIENT_H
#define WEIR_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kafka_property {
	char *name, *value;
};

struct kafka_settings {
	char *brokers; /* bootstrap.servers */
	struct kafka_property *properties;
	size_t properties_len;
	/*
	 * librdkafka's log, from any of its threads: level as in syslog(3).
	 * NULL: dropped. Never stderr by itself: that would wreck the screen.
	 */
	void (*log)(void *ctx, int level, const char *text);
	void *log_ctx;
};

void kafka_settings_release(struct kafka_settings *settings);
/* Adds "name=value". WEIR_USAGE when there is no '=' or no such setting. */
int kafka_settings_add(struct kafka_settings *settings, const char *property,
		       struct err *err);
/* One "name=value" a line; '#' begins a comment. As kcat -F. */
int kafka_settings_file(struct kafka_settings *settings, const char *path,
			struct err *err);

/*
 * Makes the topic if the cluster does not have it, and waits until it does.
 * Fails with WEIR_KAFKA, also when no broker answers.
 */
int kafka_topic_create(const struct kafka_settings *settings, const char *topic,
		       unsigned partitions, struct err *err);

#endif
