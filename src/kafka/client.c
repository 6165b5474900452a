#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/rdkafka-door.h"

#define ANSWER_TIMEOUT_MS 10000
/*
 * How long a broker is asked at first before callbacks are served; then twice
 * as long each time, since an answer may take longer than that.
 */
#define SLICE_MS 100
#define LOOK_NS  INT64_C(1000000000) /* between two looks for a broker */

/* ---- Problems ---- */

/* What the cluster does not allow; a broker's address is not in it. */
static bool
explain_refusal(const struct kafka_shared *shared, int code,
		struct problem *problem)
{
	if (code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
	    code != RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
		return false;
	problem->patience_ms = 0;
	if (rd_kafka_type(shared->rk) == RD_KAFKA_PRODUCER)
		snprintf(problem->text, sizeof(problem->text),
			 "the cluster does not let this user write to the "
			 "topic %s; ask for the operation Write on it (before "
			 "Kafka 3.0 also IdempotentWrite on the cluster)",
			 shared->topic);
	else
		snprintf(problem->text, sizeof(problem->text),
			 "the cluster does not let this user read the topic "
			 "%s; ask for the operation Read on it",
			 shared->topic);
	return true;
}

void
client_problem(struct kafka_shared *shared, int code, const char *reason)
{
	char underlying[PROBLEM_TEXT_MAX / 2];
	bool fatal = code == RD_KAFKA_RESP_ERR__FATAL;
	struct problem problem;

	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		atomic_store(&shared->disconnected, 1);
		return;
	}
	if (fatal) {
		code = rd_kafka_fatal_error(shared->rk, underlying,
					    sizeof(underlying));
		reason = underlying;
	}
	pthread_mutex_lock(&shared->lock);
	if (explain_refusal(shared, code, &problem)) {
		shared->problem = problem;
		shared->refused = true;
	} else if (fatal) {
		snprintf(shared->problem.text, sizeof(shared->problem.text),
			 "librdkafka cannot go on: %s", reason);
		shared->problem.patience_ms = 0;
		shared->refused = true;
	} else if (!shared->refused &&
		   problem_explain(code, reason, &problem)) {
		shared->problem = problem;
	}
	shared->fatal |= fatal;
	atomic_store(&shared->troubled, shared->problem.text[0] != '\0');
	pthread_mutex_unlock(&shared->lock);
}

void
client_recovered(struct kafka_shared *shared)
{
	atomic_store(&shared->disconnected, 0);
	if (!atomic_load(&shared->troubled))
		return;
	pthread_mutex_lock(&shared->lock);
	if (!shared->fatal) {
		shared->problem.text[0] = '\0';
		shared->refused = false;
		atomic_store(&shared->troubled, 0);
	}
	pthread_mutex_unlock(&shared->lock);
}

bool
client_refused(struct kafka_shared *shared)
{
	bool refused;

	if (!atomic_load(&shared->troubled))
		return false;
	pthread_mutex_lock(&shared->lock);
	refused = shared->refused;
	pthread_mutex_unlock(&shared->lock);
	return refused;
}

/* The last problem, also one that others make up for. */
static void
tell_last(struct kafka_shared *shared, char *to, size_t size)
{
	pthread_mutex_lock(&shared->lock);
	if (shared->problem.text[0])
		snprintf(to, size, "%s", shared->problem.text);
	else
		snprintf(to, size,
			 "no broker answers at %s; check the address, or "
			 "whether it is running",
			 shared->brokers);
	pthread_mutex_unlock(&shared->lock);
}

static int
patience_ms(struct kafka_shared *shared)
{
	int ms = ANSWER_TIMEOUT_MS;

	pthread_mutex_lock(&shared->lock);
	/* Of several brokers another one may answer. */
	if (shared->problem.text[0] && atomic_load(&shared->disconnected))
		ms = shared->problem.patience_ms;
	pthread_mutex_unlock(&shared->lock);
	return ms;
}

bool
client_said(struct kafka_shared *shared, char *to, size_t size)
{
	bool lasting = false;

	if (atomic_load(&shared->troubled)) {
		pthread_mutex_lock(&shared->lock);
		lasting = shared->problem.text[0] != '\0' &&
			  shared->problem.patience_ms == 0;
		pthread_mutex_unlock(&shared->lock);
	}
	if (size)
		to[0] = '\0';
	if (!lasting && !atomic_load(&shared->disconnected))
		return false;
	tell_last(shared, to, size);
	return true;
}

/* ---- Configurations ---- */

/*
 * Not worth a line: that a setting is for the other kind of client, since weir
 * makes both from the same settings; that the client which is the embedded
 * broker connects to none; that the embedded broker, or one before
 * Kafka 0.11, cannot be told to make no topics; and before the first answer why
 * there is none, since that becomes the error weir ends with.
 */
static bool
is_noise(const struct kafka_shared *shared, const char *facility,
	 const char *text)
{
	if (shared->debug)
		return false;
	if (strcmp(facility, "CONFWARN") == 0)
		return strstr(text, "will be ignored by this") ||
		       strstr(text, "No `bootstrap.servers` configured");
	if (strcmp(facility, "AUTOCREATE") == 0)
		return true;
	/* A new broker's coordinators take a moment; it is tried again. */
	if (strstr(text, "Coordinator load in progress"))
		return true;
	/* This one is told whenever it comes. */
	if (strcmp(facility, "FATAL") == 0)
		return true;
	return !atomic_load(&shared->answered) &&
	       (strcmp(facility, "FAIL") == 0 || strcmp(facility, "SSL") == 0);
}

static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	struct kafka_shared *shared = rd_kafka_opaque(rk);

	if (shared && strcmp(facility, LEADER_UNAVAILABLE) == 0)
		atomic_store(&shared->doubtful, 1);
	if (shared && shared->log && !atomic_load(&shared->hushed) &&
	    !is_noise(shared, facility, text))
		shared->log(shared->log_ctx, level, text);
}

static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	(void)rk;
	client_problem(opaque, code, reason);
}

/* librdkafka does not say which file it cannot read. */
static int
check_files(const struct kafka_settings *settings, struct err *err)
{
	static const char end[] = ".location";

	for (size_t i = 0; i < settings->properties_len; i++) {
		const struct kafka_property *p = &settings->properties[i];
		size_t size = strlen(p->name);

		if (size < sizeof(end) ||
		    strcmp(p->name + size - (sizeof(end) - 1), end) != 0 ||
		    p->value[0] == '\0' || strcmp(p->value, "probe") == 0 ||
		    access(p->value, R_OK) == 0)
			continue;
		return err_errno(err, "cannot read the file of %s, %s", p->name,
				 p->value);
	}
	return 0;
}

static int
set_all(rd_kafka_conf_t *conf, const struct kafka_default *list,
	struct err *err)
{
	char why[256];

	for (; list && list->name; list++)
		if (rd_kafka_conf_set(conf, list->name, list->value, why,
				      sizeof(why)) != RD_KAFKA_CONF_OK)
			return err_set(err, WEIR_KAFKA, 0,
				       "librdkafka refuses %s=%s: %s",
				       list->name, list->value, why);
	return 0;
}

const struct kafka_default client_exact[] = {
    {"enable.partition.eof", "true"},
    {"enable.auto.commit", "false"},
    {"auto.offset.reset", "error"},
    {NULL, NULL},
};

int
client_conf(const struct kafka_settings *settings,
	    const struct kafka_default *defaults,
	    const struct kafka_default *musts, void *opaque,
	    rd_kafka_conf_t **out, struct err *err)
{
	/* Of all clients. */
	static const struct kafka_default common[] = {
	    /* A producer would else have them made with the cluster's
	       defaults. */
	    {"allow.auto.create.topics", "false"},
	    /* A broker that is back is found within seconds; 10 s else. */
	    {"reconnect.backoff.max.ms", "2000"},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	struct kafka_shared *shared = opaque;
	char why[256];
	int rc;

	if (check_files(settings, err))
		return WEIR_SYSTEM;
	if (!shared->has_lock)
		pthread_mutex_init(&shared->lock, NULL);
	shared->has_lock = true;
	shared->log = settings->log;
	shared->log_ctx = settings->log_ctx;
	shared->debug = settings->debug;
	snprintf(shared->brokers, sizeof(shared->brokers), "%s",
		 settings->brokers ? settings->brokers : "");
	conf = rd_kafka_conf_new();
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, opaque);
	rc = set_all(conf, common, err);
	if (rc == 0)
		rc = set_all(conf, defaults, err);
	if (rc)
		goto fail;
	if (settings->brokers &&
	    rd_kafka_conf_set(conf, "bootstrap.servers", settings->brokers, why,
			      sizeof(why)) != RD_KAFKA_CONF_OK) {
		rc = err_set(err, WEIR_USAGE, 0, "%s", why);
		goto fail;
	}
	for (size_t i = 0; i < settings->properties_len; i++) {
		const struct kafka_property *p = &settings->properties[i];

		/* Checked when it was added. */
		rd_kafka_conf_set(conf, p->name, p->value, why, sizeof(why));
	}
	rc = set_all(conf, musts, err);
	if (rc)
		goto fail;
	*out = conf;
	return 0;
fail:
	rd_kafka_conf_destroy(conf);
	return rc;
}

bool
client_passes(int code)
{
	return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	       code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR;
}

int
client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
	   struct err *err)
{
	/* What to do about errors that do not say so. */
	static const struct {
		const char *has, *hint;
	} hints[] = {
	    {"kerberos", "; for a name and a password give sasl.mechanism "
			 "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
	    {"ssl.key.location failed",
	     "; check that it belongs to ssl.certificate.location, and "
	     "ssl.key.password"},
	    {"ssl.ca.location failed", "; it takes certificates in PEM"},
	    {"ssl.certificate.location failed", "; it takes one in PEM"},
	    {"", ""},
	};
	char why[256], shorter[256];
	struct kafka_shared *shared;
	size_t i = 0;

	*rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!*rk) {
		rd_kafka_conf_destroy(conf);
		problem_shorten(why, shorter, sizeof(shorter));
		while (!strstr(why, hints[i].has))
			i++;
		return err_set(err, WEIR_KAFKA, 0,
			       "librdkafka cannot make a client: %s%s", shorter,
			       hints[i].hint);
	}
	shared = rd_kafka_opaque(*rk);
	shared->rk = *rk;
	return 0;
}

/* ---- Questions ---- */

bool
client_ask(rd_kafka_t *rk, rd_kafka_topic_t *topic, int timeout_ms)
{
	const struct rd_kafka_metadata *metadata;

	if (rd_kafka_metadata(rk, 0, topic, &metadata, timeout_ms))
		return false;
	rd_kafka_metadata_destroy(metadata);
	return true;
}

void
client_look_for_brokers(struct kafka_shared *shared, rd_kafka_topic_t *topic,
			int timeout_ms)
{
	int64_t now = clock_steady_ns();

	if (!atomic_load(&shared->disconnected) ||
	    now - shared->looked_ns < LOOK_NS)
		return;
	shared->looked_ns = now;
	if (client_ask(shared->rk, topic, timeout_ms))
		client_recovered(shared);
}

/* ---- Topics ---- */

/*
 * Asks until a broker answers, or there is no hope of it. Errors of connections
 * come with callbacks, so between questions they are served.
 */
static int
ask(struct kafka_shared *shared, rd_kafka_topic_t *topic,
    const struct rd_kafka_metadata **metadata, struct err *err)
{
	int64_t begun_ns = clock_steady_ns();
	int slice_ms = SLICE_MS, passed_ms = 0, left_ms = ANSWER_TIMEOUT_MS;
	rd_kafka_resp_err_t code;
	char why[PROBLEM_TEXT_MAX];

	do {
		code =
		    rd_kafka_metadata(shared->rk, 0, topic, metadata,
				      slice_ms < left_ms ? slice_ms : left_ms);
		rd_kafka_poll(shared->rk, 0);
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
			atomic_store(&shared->answered, 1);
			client_recovered(shared);
			return 0;
		}
		slice_ms *= 2;
		passed_ms = (int)((clock_steady_ns() - begun_ns) / 1000000);
		left_ms = patience_ms(shared) - passed_ms;
	} while (left_ms > 0);
	tell_last(shared, why, sizeof(why));
	return err_set(err, WEIR_KAFKA, code, "%s", why);
}

int
client_topic(rd_kafka_t *rk, const char *name, rd_kafka_topic_t **topic,
	     unsigned *partitions, struct err *err)
{
	struct kafka_shared *shared = rd_kafka_opaque(rk);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t code;
	int rc = 0;

	snprintf(shared->topic, sizeof(shared->topic), "%s", name);
	*topic = rd_kafka_topic_new(rk, name, NULL);
	if (!*topic)
		return err_set(err, WEIR_KAFKA, 0,
			       "librdkafka does not take the topic name %s: %s",
			       name, rd_kafka_err2str(rd_kafka_last_error()));
	rc = ask(shared, *topic, &metadata, err);
	if (rc)
		goto done;
	code = metadata->topic_cnt == 1
		   ? metadata->topics[0].err
		   : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		rc =
		    err_set(err, WEIR_NOT_FOUND, code,
			    "the cluster has no topic %s; check --topic", name);
	else if (code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		rc = err_set(err, WEIR_NOT_FOUND, code,
			     "the topic %s has no leader yet; try again", name);
	else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
		rc = err_set(err, WEIR_KAFKA, code,
			     "the cluster does not let this user see the topic "
			     "%s; ask for the operation Read or Write on it",
			     name);
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

/* Some brokers say why themselves, as a policy that is broken. */
static int
not_made(const char *topic, rd_kafka_resp_err_t code, const char *why,
	 struct err *err)
{
	if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	    code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
		return err_set(
		    err, WEIR_KAFKA, code,
		    "the cluster has no topic %s and does not let "
		    "this user make it; ask for the operation Create "
		    "on it, or for the topic",
		    topic);
	return err_set(err, WEIR_KAFKA, code, "cannot make the topic %s: %s",
		       topic, why && *why ? why : rd_kafka_err2str(code));
}

static rd_kafka_NewTopic_t *
new_topic(const char *topic, unsigned partitions, int64_t retention_ms,
	  struct err *err)
{
	rd_kafka_NewTopic_t *made;
	char why[256], number[24];

	made =
	    rd_kafka_NewTopic_new(topic, (int)partitions, -1, why, sizeof(why));
	if (!made) {
		err_set(err, WEIR_KAFKA, 0, "cannot make the topic %s: %s",
			topic, why);
		return NULL;
	}
	snprintf(number, sizeof(number), "%" PRId64, retention_ms);
	/* Fails for no name only. */
	if (retention_ms)
		rd_kafka_NewTopic_set_config(made, "retention.ms", number);
	return made;
}

static int
create(struct kafka_shared *shared, const char *topic, unsigned partitions,
       int64_t retention_ms, struct err *err)
{
	rd_kafka_queue_t *queue;
	rd_kafka_NewTopic_t *wanted;
	rd_kafka_event_t *event;
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t code;
	size_t n;
	int rc = 0;

	wanted = new_topic(topic, partitions, retention_ms, err);
	if (!wanted)
		return WEIR_KAFKA;
	queue = rd_kafka_queue_new(shared->rk);
	rd_kafka_CreateTopics(shared->rk, &wanted, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ANSWER_TIMEOUT_MS);
	if (!event) {
		rc = not_made(topic, RD_KAFKA_RESP_ERR__TIMED_OUT,
			      "the cluster does not answer", err);
		goto done;
	}
	code = rd_kafka_event_error(event);
	if (code) {
		rc = not_made(topic, code, rd_kafka_event_error_string(event),
			      err);
		goto done;
	}
	results = rd_kafka_CreateTopics_result_topics(
	    rd_kafka_event_CreateTopics_result(event), &n);
	code = n == 1 ? rd_kafka_topic_result_error(results[0]) : 0;
	if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		rc = not_made(topic, code,
			      rd_kafka_topic_result_error_string(results[0]),
			      err);
done:
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(wanted);
	return rc;
}

/* A new topic takes a moment to be known everywhere and to have leaders. */
static int
wait_for_topic(rd_kafka_t *rk, const char *topic, struct err *err)
{
	const struct timespec pause = {0, 100000000};
	int64_t deadline =
	    clock_steady_ns() + (int64_t)ANSWER_TIMEOUT_MS * 1000000;
	rd_kafka_topic_t *handle;
	unsigned partitions;
	int rc;

	for (;;) {
		rc = client_topic(rk, topic, &handle, &partitions, err);
		if (rc == 0)
			rd_kafka_topic_destroy(handle);
		if (rc != WEIR_NOT_FOUND || clock_steady_ns() > deadline)
			return rc;
		nanosleep(&pause, NULL);
	}
}

int
kafka_topic_create(const struct kafka_settings *settings, const char *topic,
		   unsigned partitions, int64_t retention_ms, struct err *err)
{
	/* Whatever the user says: looking for it must not make it. */
	static const struct kafka_default musts[] = {
	    {"allow.auto.create.topics", "false"},
	    {NULL, NULL},
	};
	struct kafka_shared shared = {0};
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	rd_kafka_topic_t *handle;
	unsigned there;
	int rc;

	rc = client_conf(settings, NULL, musts, &shared, &conf, err);
	if (rc)
		return rc;
	/* A producer would ask for an identity that nobody needs. */
	rc = client_new(RD_KAFKA_CONSUMER, conf, &rk, err);
	if (rc)
		return rc;
	rc = client_topic(rk, topic, &handle, &there, err);
	if (rc == 0)
		rd_kafka_topic_destroy(handle);
	if (rc == WEIR_NOT_FOUND) {
		rc = create(&shared, topic, partitions, retention_ms, err);
		if (rc == 0)
			rc = wait_for_topic(rk, topic, err);
	}
	rd_kafka_destroy(rk);
	return rc;
}
