#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/rdkafka-door.h"

#define ANSWER_TIMEOUT_MS 10000

/* ---- Settings ---- */

void
kafka_settings_release(struct kafka_settings *settings)
{
	for (size_t i = 0; i < settings->properties_len; i++) {
		free(settings->properties[i].name);
		free(settings->properties[i].value);
	}
	free(settings->properties);
	free(settings->brokers);
	memset(settings, 0, sizeof(*settings));
}

/* librdkafka's own words, without the value, which may be a secret. */
static int
check_property(const char *name, const char *value, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_conf_res_t res;

	res = rd_kafka_conf_set(conf, name, value, why, sizeof(why));
	rd_kafka_conf_destroy(conf);
	if (res == RD_KAFKA_CONF_UNKNOWN)
		return err_set(err, WEIR_USAGE, 0,
			       "librdkafka has no setting \"%s\"", name);
	if (res != RD_KAFKA_CONF_OK)
		return err_set(err, WEIR_USAGE, 0,
			       "librdkafka does not take this value for \"%s\"",
			       name);
	return 0;
}

int
kafka_settings_add(struct kafka_settings *settings, const char *property,
		   struct err *err)
{
	const char *equals = strchr(property, '=');
	struct kafka_property *slot;
	char *name;
	int rc;

	if (!equals || equals == property)
		return err_set(err, WEIR_USAGE, 0,
			       "a librdkafka setting is NAME=VALUE");
	name = xstrndup(property, (size_t)(equals - property));
	rc = check_property(name, equals + 1, err);
	if (rc) {
		free(name);
		return rc;
	}
	/* Where the cluster is decides more than a setting: see engine.c. */
	if (strcmp(name, "bootstrap.servers") == 0 ||
	    strcmp(name, "metadata.broker.list") == 0) {
		free(settings->brokers);
		settings->brokers = xstrdup(equals + 1);
		free(name);
		return 0;
	}
	settings->properties =
	    xrealloc(settings->properties, (settings->properties_len + 1) *
					       sizeof(*settings->properties));
	slot = &settings->properties[settings->properties_len++];
	slot->name = name;
	slot->value = xstrdup(equals + 1);
	return 0;
}

int
kafka_settings_file(struct kafka_settings *settings, const char *path,
		    struct err *err)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	unsigned number = 0;
	int rc = 0;

	if (!file)
		return err_errno(err, "cannot read the settings in %s", path);
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		char *at = line + strspn(line, " \t");
		size_t size = strlen(at);
		struct err why;

		number++;
		while (size && strchr(" \t\r\n", at[size - 1]))
			at[--size] = '\0';
		if (size == 0 || at[0] == '#')
			continue;
		if (kafka_settings_add(settings, at, &why))
			rc = err_set(err, WEIR_USAGE, 0, "%s:%u: %s", path,
				     number, why.text);
	}
	if (rc == 0 && ferror(file))
		rc = err_errno(err, "cannot read the settings in %s", path);
	fclose(file);
	return rc;
}

/* ---- Configurations ---- */

static void
on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	struct kafka_shared *shared = rd_kafka_opaque(rk);

	(void)fac;
	if (shared && shared->log && !atomic_load(&shared->hushed))
		shared->log(shared->log_ctx, level, text);
}

int
client_conf(const struct kafka_settings *settings,
	    const struct kafka_default *defaults, void *opaque,
	    rd_kafka_conf_t **out, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct kafka_shared *shared = opaque;
	char why[256];

	shared->log = settings->log;
	shared->log_ctx = settings->log_ctx;
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_opaque(conf, opaque);
	for (; defaults->name; defaults++) {
		if (rd_kafka_conf_set(conf, defaults->name, defaults->value,
				      why, sizeof(why)) != RD_KAFKA_CONF_OK) {
			rd_kafka_conf_destroy(conf);
			return err_set(err, WEIR_KAFKA, 0,
				       "librdkafka refuses %s=%s: %s",
				       defaults->name, defaults->value, why);
		}
	}
	if (settings->brokers &&
	    rd_kafka_conf_set(conf, "bootstrap.servers", settings->brokers, why,
			      sizeof(why)) != RD_KAFKA_CONF_OK) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, WEIR_USAGE, 0, "%s", why);
	}
	for (size_t i = 0; i < settings->properties_len; i++) {
		const struct kafka_property *p = &settings->properties[i];

		/* Checked when it was added. */
		rd_kafka_conf_set(conf, p->name, p->value, why, sizeof(why));
	}
	*out = conf;
	return 0;
}

int
client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
	   struct err *err)
{
	char why[256];

	*rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!*rk) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, WEIR_KAFKA, 0,
			       "librdkafka cannot make a client: %s", why);
	}
	return 0;
}

/* ---- Topics ---- */

int
client_topic(rd_kafka_t *rk, const char *name, rd_kafka_topic_t **topic,
	     unsigned *partitions, struct err *err)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t code;
	int rc = 0;

	*topic = rd_kafka_topic_new(rk, name, NULL);
	if (!*topic)
		return err_set(err, WEIR_KAFKA, 0,
			       "librdkafka does not take the topic name %s: %s",
			       name, rd_kafka_err2str(rd_kafka_last_error()));
	code = rd_kafka_metadata(rk, 0, *topic, &metadata, ANSWER_TIMEOUT_MS);
	if (code) {
		rc = err_set(err, WEIR_KAFKA, code,
			     "no broker answers (%s); check the address, or "
			     "whether it is running",
			     rd_kafka_err2str(code));
		goto done;
	}
	code = metadata->topic_cnt == 1
		   ? metadata->topics[0].err
		   : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		rc = err_set(err, WEIR_NOT_FOUND, code,
			     "the cluster has no topic %s", name);
	else if (code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		rc = err_set(err, WEIR_NOT_FOUND, code,
			     "the topic %s has no leader yet", name);
	else if (code)
		rc = err_set(err, WEIR_KAFKA, code,
			     "the topic %s cannot be used: %s", name,
			     rd_kafka_err2str(code));
	else
		*partitions = (unsigned)metadata->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(metadata);
done:
	if (rc) {
		rd_kafka_topic_destroy(*topic);
		*topic = NULL;
	}
	return rc;
}

static int
create(rd_kafka_t *rk, const char *topic, unsigned partitions, struct err *err)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *new_topic;
	rd_kafka_event_t *event = NULL;
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t code;
	char why[256];
	size_t n;
	int rc = 0;

	new_topic =
	    rd_kafka_NewTopic_new(topic, (int)partitions, -1, why, sizeof(why));
	if (!new_topic) {
		rc = err_set(err, WEIR_KAFKA, 0, "cannot make the topic %s: %s",
			     topic, why);
		goto done;
	}
	rd_kafka_CreateTopics(rk, &new_topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_TIMEOUT_MS);
	if (!event) {
		rc = err_set(err, WEIR_KAFKA, RD_KAFKA_RESP_ERR__TIMED_OUT,
			     "cannot make the topic %s: no broker answers",
			     topic);
		goto done;
	}
	code = rd_kafka_event_error(event);
	snprintf(why, sizeof(why), "%s",
		 code ? rd_kafka_event_error_string(event) : "");
	if (!code) {
		results = rd_kafka_CreateTopics_result_topics(
		    rd_kafka_event_CreateTopics_result(event), &n);
		code = n == 1 ? rd_kafka_topic_result_error(results[0]) : 0;
		if (code)
			snprintf(
			    why, sizeof(why), "%s",
			    rd_kafka_topic_result_error_string(results[0]));
	}
	if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		rc = err_set(err, WEIR_KAFKA, code,
			     "cannot make the topic %s: %s", topic, why);
done:
	if (event)
		rd_kafka_event_destroy(event);
	if (new_topic)
		rd_kafka_NewTopic_destroy(new_topic);
	rd_kafka_queue_destroy(queue);
	return rc;
}

int
kafka_topic_create(const struct kafka_settings *settings, const char *topic,
		   unsigned partitions, struct err *err)
{
	static const struct kafka_default defaults[] = {{NULL, NULL}};
	struct kafka_shared shared = {0};
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	const struct timespec pause = {0, 100000000};
	rd_kafka_topic_t *handle = NULL;
	unsigned there;
	int64_t deadline;
	int rc;

	rc = client_conf(settings, defaults, &shared, &conf, err);
	if (rc == 0)
		rc = client_new(RD_KAFKA_PRODUCER, conf, &rk, err);
	if (rc)
		return rc;
	rc = client_topic(rk, topic, &handle, &there, err);
	if (rc == WEIR_NOT_FOUND) {
		rc = create(rk, topic, partitions, err);
		/* A new topic takes a moment to have leaders. */
		deadline =
		    clock_steady_ns() + (int64_t)ANSWER_TIMEOUT_MS * 1000000;
		while (rc == 0) {
			rc = client_topic(rk, topic, &handle, &there, err);
			if (rc != WEIR_NOT_FOUND ||
			    clock_steady_ns() > deadline)
				break;
			nanosleep(&pause, NULL);
			rc = 0;
		}
	}
	if (handle)
		rd_kafka_topic_destroy(handle);
	rd_kafka_destroy(rk);
	return rc;
}
