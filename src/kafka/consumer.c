#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/rdkafka-door.h"
#include "kafka/consumer.h"

#define TAKE_MAX          4096
#define ANSWER_TIMEOUT_MS 10000
#define RETRY_NS          INT64_C(1000000000)
#define WAKE_MS           50
#define WAKE_NS           INT64_C(50000000)
#define KBYTES_MAX        ((size_t)2097151) /* librdkafka's limit */

struct consumer {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	char *name;
	char *cluster_id;
	unsigned partitions, started;
	rd_kafka_message_t *taken[TAKE_MAX];
	size_t taken_len;
	struct consumer_message messages[TAKE_MAX];
	char problem[256];
	int64_t asked_ns; /* when it was last asked whether a broker is back */
	int64_t woken_ns; /* when the fetching thread was last woken */
	int64_t *next;    /* by partition: behind the last message taken */
};

static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct consumer *consumer = opaque;

	(void)rk;
	(void)reason;
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		atomic_store(&consumer->shared.disconnected, 1);
}

int
consumer_new(const struct kafka_settings *settings, const char *topic,
	     size_t memory_bytes, bool embedded, struct consumer **out,
	     struct err *err)
{
	struct consumer *consumer = xcalloc(1, sizeof(*consumer));
	char kbytes[24], fetch[24];
	/*
	 * Both limits are a partition's (legacy consumer). librdkafka 2.0 looks
	 * only once a second whether a queue that was full has room again, so
	 * the one in messages is out of reach and the one in bytes reserves
	 * for the 400 bytes that a small message costs beside its payload.
	 *
	 * A broker answers a waiting fetch when something comes; the embedded
	 * one sleeps through it, so it is asked more often.
	 */
	struct kafka_default defaults[] = {
	    {"enable.partition.eof", "true"},
	    {"enable.auto.commit", "false"},
	    {"auto.offset.reset", "earliest"},
	    {"fetch.wait.max.ms", embedded ? "10" : "100"},
	    {"fetch.error.backoff.ms", "100"},
	    {"queued.max.messages.kbytes", kbytes},
	    {"fetch.message.max.bytes", fetch},
	    {"queued.min.messages", "10000000"},
	    {NULL, NULL},
	};
	unsigned assumed = 4;
	rd_kafka_conf_t *conf;
	int rc;

	for (;;) {
		size_t share = memory_bytes / assumed / 4 / 1024;

		if (embedded || share > KBYTES_MAX)
			share = KBYTES_MAX;
		if (share < 64)
			share = 64;
		snprintf(kbytes, sizeof(kbytes), "%zu", share);
		snprintf(fetch, sizeof(fetch), "%zu",
			 (share < 1024 ? share : 1024) * 1024);
		rc = client_conf(settings, defaults, consumer, &conf, err);
		if (rc)
			goto fail;
		rd_kafka_conf_set_error_cb(conf, on_error);
		rc = client_new(RD_KAFKA_CONSUMER, conf, &consumer->rk, err);
		if (rc == 0)
			rc = client_topic(consumer->rk, topic, &consumer->topic,
					  &consumer->partitions, err);
		if (rc)
			goto fail;
		if (consumer->partitions <= assumed)
			break;
		assumed = consumer->partitions;
		rd_kafka_topic_destroy(consumer->topic);
		rd_kafka_destroy(consumer->rk);
		consumer->topic = NULL;
		consumer->rk = NULL;
	}
	consumer->name = xstrdup(topic);
	consumer->next = xcalloc(consumer->partitions, sizeof(*consumer->next));
	consumer->queue = rd_kafka_queue_new(consumer->rk);
	*out = consumer;
	return 0;
fail:
	consumer_free(consumer);
	return rc;
}

void
consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return;
	consumer_release(consumer);
	for (unsigned i = 0; i < consumer->started; i++)
		rd_kafka_consume_stop(consumer->topic, (int32_t)i);
	if (consumer->queue)
		rd_kafka_queue_destroy(consumer->queue);
	if (consumer->topic)
		rd_kafka_topic_destroy(consumer->topic);
	if (consumer->rk) {
		if (consumer->cluster_id)
			rd_kafka_mem_free(consumer->rk, consumer->cluster_id);
		rd_kafka_destroy(consumer->rk);
	}
	free(consumer->name);
	free(consumer->next);
	free(consumer);
}

unsigned
consumer_partitions(const struct consumer *consumer)
{
	return consumer->partitions;
}

const char *
consumer_cluster_id(struct consumer *consumer)
{
	if (!consumer->cluster_id)
		consumer->cluster_id =
		    rd_kafka_clusterid(consumer->rk, ANSWER_TIMEOUT_MS);
	return consumer->cluster_id ? consumer->cluster_id : "";
}

int
consumer_bounds(struct consumer *consumer, unsigned partition, int64_t *begin,
		int64_t *end, struct err *err)
{
	rd_kafka_resp_err_t code;

	code = rd_kafka_query_watermark_offsets(consumer->rk, consumer->name,
						(int32_t)partition, begin, end,
						ANSWER_TIMEOUT_MS);
	if (code)
		return err_set(err, WEIR_KAFKA, code,
			       "cannot ask for the offsets of %s[%u]: %s",
			       consumer->name, partition,
			       rd_kafka_err2str(code));
	return 0;
}

int
consumer_start(struct consumer *consumer, const int64_t *offsets,
	       struct err *err)
{
	for (unsigned i = 0; i < consumer->partitions; i++) {
		if (rd_kafka_consume_start_queue(consumer->topic, (int32_t)i,
						 offsets[i],
						 consumer->queue) != 0) {
			rd_kafka_resp_err_t code = rd_kafka_last_error();

			return err_set(
			    err, WEIR_KAFKA, code, "cannot consume %s[%u]: %s",
			    consumer->name, i, rd_kafka_err2str(code));
		}
		consumer->next[i] = offsets[i];
		consumer->started = i + 1;
	}
	return 0;
}

/* While no broker could be reached: asks, once a second, whether one can. */
static void
look_for_brokers(struct consumer *consumer)
{
	const struct rd_kafka_metadata *metadata;
	int64_t now = clock_steady_ns();

	if (now - consumer->asked_ns < RETRY_NS)
		return;
	consumer->asked_ns = now;
	if (rd_kafka_metadata(consumer->rk, 0, consumer->topic, &metadata,
			      200) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_metadata_destroy(metadata);
		atomic_store(&consumer->shared.disconnected, 0);
	}
}

/*
 * The queue is empty and there is more: the fetching thread, which stopped when
 * the queue was full, looks only once a second whether it still is (librdkafka
 * 2.0). A request of any kind wakes it; the answer does not matter.
 */
static void
wake_fetching(struct consumer *consumer)
{
	int64_t now = clock_steady_ns();

	if (now - consumer->woken_ns < WAKE_NS)
		return;
	consumer->woken_ns = now;
	for (unsigned i = 0; i < consumer->partitions; i++) {
		int64_t begin, end;

		if (consumer_end(consumer, i) > consumer->next[i])
			rd_kafka_query_watermark_offsets(
			    consumer->rk, consumer->name, (int32_t)i, &begin,
			    &end, WAKE_MS);
	}
}

size_t
consumer_take(struct consumer *consumer, int timeout_ms,
	      const struct consumer_message **messages)
{
	ssize_t got;
	size_t len = 0;

	/* Error callbacks, in this thread. */
	rd_kafka_poll(consumer->rk, 0);
	if (consumer_disconnected(consumer))
		look_for_brokers(consumer);
	got = rd_kafka_consume_batch_queue(consumer->queue, timeout_ms,
					   consumer->taken, TAKE_MAX);
	consumer->taken_len = got > 0 ? (size_t)got : 0;
	if (got <= 0 && !consumer_disconnected(consumer))
		wake_fetching(consumer);
	for (size_t i = 0; i < consumer->taken_len; i++) {
		const rd_kafka_message_t *from = consumer->taken[i];
		struct consumer_message *to = &consumer->messages[len];

		if ((unsigned)from->partition >= consumer->partitions)
			continue;
		to->data = NULL;
		to->size = to->key_size = 0;
		to->partition = from->partition;
		to->offset = from->offset;
		to->at_end = from->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
		if (to->at_end) {
			consumer->next[from->partition] = from->offset;
			len++;
			continue;
		}
		if (from->err) {
			snprintf(consumer->problem, sizeof(consumer->problem),
				 "%s[%d]: %s", consumer->name,
				 (int)from->partition,
				 rd_kafka_message_errstr(from));
			continue;
		}
		to->data = from->payload;
		to->size = from->len;
		to->key_size = from->key_len;
		consumer->next[from->partition] = from->offset + 1;
		len++;
	}
	if (len) {
		consumer->problem[0] = '\0';
		atomic_store(&consumer->shared.disconnected, 0);
	}
	*messages = consumer->messages;
	return len;
}

void
consumer_release(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->taken_len; i++)
		rd_kafka_message_destroy(consumer->taken[i]);
	consumer->taken_len = 0;
}

int64_t
consumer_end(struct consumer *consumer, unsigned partition)
{
	int64_t begin, end;

	if (rd_kafka_get_watermark_offsets(consumer->rk, consumer->name,
					   (int32_t)partition, &begin, &end) ||
	    end < 0)
		return -1;
	return end;
}

int64_t
consumer_begin(struct consumer *consumer, unsigned partition)
{
	int64_t begin, end;

	if (rd_kafka_get_watermark_offsets(consumer->rk, consumer->name,
					   (int32_t)partition, &begin, &end))
		return -1;
	return begin;
}

const char *
consumer_problem(struct consumer *consumer)
{
	return consumer->problem;
}

bool
consumer_disconnected(struct consumer *consumer)
{
	return atomic_load(&consumer->shared.disconnected);
}

void
consumer_hush(struct consumer *consumer)
{
	atomic_store(&consumer->shared.hushed, 1);
}
