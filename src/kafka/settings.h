/*
 * Settings of librdkafka that the user gives: -X, -F and the environment.
 *
 * They win over what weir chooses for itself. Values may be secrets: they never
 * reach a message or a log.
 */
#ifndef WEIR_KAFKA_SETTINGS_H
#define WEIR_KAFKA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Where a setting comes from: a later one wins over an earlier one. */
enum kafka_source {
	KAFKA_ENVIRONMENT,
	KAFKA_FILE,
	KAFKA_OPTION,
};

struct kafka_property {
	enum kafka_source source;
	char *name, *value;
};

struct kafka_settings {
	char *brokers; /* bootstrap.servers; NULL: none given */
	enum kafka_source brokers_source;
	struct kafka_property *properties; /* in the order they are applied */
	size_t properties_len;
	bool debug; /* librdkafka's "debug" is set: all of its log is wanted */
	/*
	 * librdkafka's log, from any of its threads: level as in syslog(3).
	 * NULL: dropped. Never stderr by itself: that would wreck the screen.
	 */
	void (*log)(void *ctx, int level, const char *text);
	void *log_ctx;
};

void kafka_settings_release(struct kafka_settings *settings);
/* Takes a copy, unless a source that wins has said where the brokers are. */
void kafka_settings_brokers(struct kafka_settings *settings,
			    enum kafka_source source, const char *brokers);
/*
 * Adds "name=value". A value "@file" is what stands in the file, without the
 * newline at its end; "@@x" is "@x". WEIR_USAGE when there is no '=', no such
 * setting or no such file.
 */
int kafka_settings_add(struct kafka_settings *settings,
		       enum kafka_source source, const char *property,
		       struct err *err);
/* One "name=value" a line; '#' begins a comment. As kcat -F. */
int kafka_settings_file(struct kafka_settings *settings, const char *path,
			struct err *err);
/*
 * Settings of the environment, which is as environ(7): WEIR_KAFKA_SASL_PASSWORD
 * is sasl.password; two underscores stand for one. To be called last: they are
 * about a cluster, and left out when nothing says where it is.
 */
int kafka_settings_environment(struct kafka_settings *settings,
			       char *const *environment, struct err *err);

#endif
