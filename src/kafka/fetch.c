#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/fetch.h"
#include "kafka/rdkafka-door.h"

#define STEP_MS     100
#define PATIENCE_MS 2000 /* with a broker that cannot be reached */
#define TOPIC_MAX   249  /* Kafka's */

struct question {
	uint64_t number; /* 0: none */
	char topic[TOPIC_MAX + 1];
	int32_t partition;
	int64_t offset;
};

struct fetch {
	const struct kafka_settings *settings;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted, done;
	/* Under the lock. */
	bool stopped;
	struct question question; /* the newest */
	uint64_t answered;        /* the number of the last that was */
	struct view_event *event; /* its answer, until it is taken */
};

/* ---- Answers ---- */

/* NULL data is a null. Cut at VIEW_EVENT_MAX. */
static struct view_text
put_text(char **at, const void *data, size_t size)
{
	struct view_text text = {NULL, 0};

	if (!data)
		return text;
	text.data = *at;
	text.size = size < VIEW_EVENT_MAX ? size : VIEW_EVENT_MAX;
	memcpy(*at, data, text.size);
	*at += text.size + 1; /* zeroed */
	return text;
}

static struct view_event *
make_event(const struct question *q, const rd_kafka_message_t *message)
{
	size_t key = message && message->key ? message->key_len : 0;
	size_t value = message && message->payload ? message->len : 0;
	size_t topic = strlen(q->topic);
	struct view_event *event;
	rd_kafka_timestamp_type_t type;
	char *at;

	event =
	    xcalloc(1, sizeof(*event) + topic + 3 +
			   (key < VIEW_EVENT_MAX ? key : VIEW_EVENT_MAX) +
			   (value < VIEW_EVENT_MAX ? value : VIEW_EVENT_MAX));
	at = (char *)(event + 1);
	event->position = (struct view_position){q->partition, q->offset, at};
	put_text(&at, q->topic, topic);
	event->timestamp_ms = -1;
	if (!message)
		return event;
	event->key_size = key;
	event->value_size = value;
	event->key = put_text(&at, message->key, key);
	event->value = put_text(&at, message->payload, value);
	event->timestamp_ms = rd_kafka_message_timestamp(message, &type);
	if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
		event->timestamp_ms = -1;
	return event;
}

/* Why a message, or the report of an error, is not what was asked for. */
static struct view_event *
explain(const struct question *q, const rd_kafka_message_t *message)
{
	struct view_event *event = make_event(q, NULL);
	char *text = event->problem;
	size_t size = sizeof(event->problem);

	switch (message->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		snprintf(text, size,
			 "the topic has no event at this offset any more, the "
			 "next one is at %" PRId64 ": it was compacted",
			 message->offset);
		break;
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		snprintf(text, size,
			 "partition %d of %s ends before this offset: the "
			 "topic may be another one of the same name",
			 (int)q->partition, q->topic);
		break;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		snprintf(text, size,
			 "the broker has this event no longer: retention has "
			 "removed it (an embedded broker keeps the last 5 MiB "
			 "of a partition)");
		break;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		snprintf(text, size, "the cluster has no partition %d of %s",
			 (int)q->partition, q->topic);
		break;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		snprintf(text, size,
			 "the cluster does not let this user read the topic "
			 "%s; ask for the operation Read on it",
			 q->topic);
		break;
	default:
		snprintf(text, size, "it cannot be fetched: %s",
			 rd_kafka_err2str(message->err));
		break;
	}
	return event;
}

/* Errors that pass are waited out. */
static bool
answers(const rd_kafka_message_t *message)
{
	return message && !client_passes(message->err) &&
	       message->err != RD_KAFKA_RESP_ERR__TRANSPORT &&
	       message->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

/* ---- Asking ---- */

static bool
is_void(struct fetch *fetch, uint64_t number)
{
	bool yes;

	pthread_mutex_lock(&fetch->lock);
	yes = fetch->stopped || fetch->question.number != number;
	pthread_mutex_unlock(&fetch->lock);
	return yes;
}

/* NULL: it is not wanted any more. */
static struct view_event *
consume(struct fetch *fetch, const struct question *q,
	struct kafka_shared *shared, rd_kafka_topic_t *topic)
{
	int64_t began_ns = clock_steady_ns();
	struct view_event *event = NULL;
	/*
	 * In virtual time the answer is the same each time: it says nothing of
	 * a port, nor what the client has noticed up to now.
	 */
	const char *brokers = clock_is_virtual() ? "BROKER" : shared->brokers;

	while (!event && !is_void(fetch, q->number)) {
		rd_kafka_message_t *message =
		    rd_kafka_consume(topic, q->partition, STEP_MS);
		int64_t ms = (clock_steady_ns() - began_ns) / 1000000;

		rd_kafka_poll(shared->rk, 0);
		if (message && !message->err && message->offset == q->offset) {
			event = make_event(q, message);
		} else if (answers(message)) {
			event = explain(q, message);
		} else if (ms >= FETCH_TIMEOUT_MS) {
			event = make_event(q, NULL);
			snprintf(event->problem, sizeof(event->problem),
				 "no answer within %d s; check the brokers at "
				 "%s",
				 FETCH_TIMEOUT_MS / 1000, brokers);
		} else if (ms >= PATIENCE_MS && !clock_is_virtual()) {
			char why[PROBLEM_TEXT_MAX];

			if (client_said(shared, why, sizeof(why))) {
				event = make_event(q, NULL);
				snprintf(event->problem, sizeof(event->problem),
					 "%s", why);
			}
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	return event;
}

/* A small queue: one message is wanted of all that a fetch brings. */
static int
open_client(struct fetch *fetch, const struct question *q,
	    struct kafka_shared *shared, rd_kafka_t **rk,
	    rd_kafka_topic_t **topic, struct err *err)
{
	static const struct kafka_default defaults[] = {
	    {"fetch.wait.max.ms", "10"},
	    {"fetch.error.backoff.ms", "100"},
	    {"queued.min.messages", "1"},
	    {"queued.max.messages.kbytes", "1024"},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	int rc;

	rc = client_conf(fetch->settings, defaults, client_exact, shared, &conf,
			 err);
	if (rc == 0)
		rc = client_new(RD_KAFKA_CONSUMER, conf, rk, err);
	if (rc)
		return rc;
	snprintf(shared->topic, sizeof(shared->topic), "%s", q->topic);
	*topic = rd_kafka_topic_new(*rk, q->topic, NULL);
	if (!*topic ||
	    rd_kafka_consume_start(*topic, q->partition, q->offset) != 0)
		return err_set(err, WEIR_KAFKA, 0, "it cannot be fetched: %s",
			       rd_kafka_err2str(rd_kafka_last_error()));
	return 0;
}

static struct view_event *
answer(struct fetch *fetch, const struct question *q)
{
	struct kafka_shared shared = {0};
	struct view_event *event = NULL;
	rd_kafka_topic_t *topic = NULL;
	rd_kafka_t *rk = NULL;
	struct err err;

	if (open_client(fetch, q, &shared, &rk, &topic, &err)) {
		event = make_event(q, NULL);
		snprintf(event->problem, sizeof(event->problem), "%s",
			 err.text);
	} else {
		event = consume(fetch, q, &shared, topic);
		rd_kafka_consume_stop(topic, q->partition);
	}
	if (topic)
		rd_kafka_topic_destroy(topic);
	if (rk)
		rd_kafka_destroy(rk);
	return event;
}

static void *
fetch_main(void *arg)
{
	struct fetch *fetch = arg;

	pthread_setname_np(pthread_self(), "weir-fetch");
	pthread_mutex_lock(&fetch->lock);
	while (!fetch->stopped) {
		struct question question = fetch->question;
		struct view_event *event;

		if (question.number == fetch->answered) {
			pthread_cond_wait(&fetch->wanted, &fetch->lock);
			continue;
		}
		pthread_mutex_unlock(&fetch->lock);
		event = answer(fetch, &question);
		pthread_mutex_lock(&fetch->lock);
		fetch->answered = question.number;
		pthread_cond_broadcast(&fetch->done);
		if (fetch->question.number == question.number) {
			free(fetch->event);
			fetch->event = event;
		} else {
			free(event);
		}
	}
	pthread_mutex_unlock(&fetch->lock);
	return NULL;
}

/* ---- The caller's side ---- */

static void
release(struct fetch *fetch)
{
	pthread_cond_destroy(&fetch->wanted);
	pthread_cond_destroy(&fetch->done);
	pthread_mutex_destroy(&fetch->lock);
	free(fetch->event);
	free(fetch);
}

int
fetch_start(const struct kafka_settings *settings, struct fetch **out,
	    struct err *err)
{
	struct fetch *fetch = xcalloc(1, sizeof(*fetch));
	int rc;

	fetch->settings = settings;
	pthread_mutex_init(&fetch->lock, NULL);
	pthread_cond_init(&fetch->wanted, NULL);
	pthread_cond_init(&fetch->done, NULL);
	rc = pthread_create(&fetch->thread, NULL, fetch_main, fetch);
	if (rc) {
		release(fetch);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the thread that fetches events");
	}
	*out = fetch;
	return 0;
}

void
fetch_stop(struct fetch *fetch)
{
	if (!fetch)
		return;
	pthread_mutex_lock(&fetch->lock);
	fetch->stopped = true;
	pthread_cond_signal(&fetch->wanted);
	pthread_mutex_unlock(&fetch->lock);
	pthread_join(fetch->thread, NULL);
	release(fetch);
}

void
fetch_ask(struct fetch *fetch, const char *topic, int32_t partition,
	  int64_t offset)
{
	pthread_mutex_lock(&fetch->lock);
	fetch->question.number++;
	snprintf(fetch->question.topic, sizeof(fetch->question.topic), "%s",
		 topic);
	fetch->question.partition = partition;
	fetch->question.offset = offset;
	free(fetch->event);
	fetch->event = NULL;
	pthread_cond_signal(&fetch->wanted);
	pthread_mutex_unlock(&fetch->lock);
}

struct view_event *
fetch_take(struct fetch *fetch)
{
	struct view_event *event;

	pthread_mutex_lock(&fetch->lock);
	event = fetch->event;
	fetch->event = NULL;
	pthread_mutex_unlock(&fetch->lock);
	return event;
}

void
fetch_settle(struct fetch *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	while (fetch->answered != fetch->question.number)
		pthread_cond_wait(&fetch->done, &fetch->lock);
	pthread_mutex_unlock(&fetch->lock);
}
