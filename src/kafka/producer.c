#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "kafka/embedded.h"
#include "kafka/rdkafka-door.h"
#include "kafka/producer.h"

/*
 * Half of what the embedded broker keeps: record batches have heads that
 * event_cost() does not see, and generators overshoot by a batch.
 */
#define HOLD_BACK_BYTES (EMBEDDED_RETENTION_BYTES / 2)
#define FLUSH_STEP_MS   100
#define BATCH_EVENTS    512 /* of one partition */
#define BATCH_BYTES     PRODUCER_EVENT_MAX

struct in_flight {
	_Atomic int64_t written, consumed; /* bytes */
};

struct producer {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	unsigned partitions;
	bool hold_back;
	int64_t hold_back_bytes;     /* of all partitions, in virtual time */
	struct in_flight *in_flight; /* by partition */
	_Atomic int64_t produced;
	pthread_mutex_t lock; /* of the three below: one picture */
	int64_t acked, failed;
	int64_t *ends;
	uint32_t crc_table[4][256];
};

struct producer_batch {
	struct producer *producer;
	char *data;
	size_t used;
	unsigned turn; /* the partition of the next event without a key */
	struct {
		rd_kafka_message_t messages[BATCH_EVENTS];
		unsigned len;
		size_t bytes; /* event_cost() of those not counted yet */
	} * partitions;
	int64_t added; /* not counted as produced yet */
};

/* On librdkafka's background thread. */
static void
on_event(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque)
{
	struct producer *producer = opaque;
	const rd_kafka_message_t *message;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	bool acked = false;

	(void)rk;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		pthread_mutex_lock(&producer->lock);
		while ((message = rd_kafka_event_message_next(event))) {
			int64_t *end;

			if (message->err) {
				producer->failed++;
				/* What the broker says; it may be a refusal. */
				if (message->err > 0)
					code = message->err;
				producer_consumed(producer,
						  (unsigned)message->partition,
						  event_cost(message->len +
							     message->key_len));
				continue;
			}
			producer->acked++;
			acked = true;
			end = &producer->ends[message->partition];
			if (message->offset + 1 > *end)
				*end = message->offset + 1;
		}
		pthread_mutex_unlock(&producer->lock);
		if (acked)
			client_recovered(&producer->shared);
		if (code)
			client_problem(&producer->shared, code, "");
		break;
	case RD_KAFKA_EVENT_ERROR:
		client_problem(&producer->shared, rd_kafka_event_error(event),
			       rd_kafka_event_error_string(event));
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
}

/* Events of the main queue go to librdkafka's own thread, and on_event(). */
static void
serve_in_background(rd_kafka_t *rk)
{
	rd_kafka_queue_t *main_queue = rd_kafka_queue_get_main(rk);
	rd_kafka_queue_t *background = rd_kafka_queue_get_background(rk);

	rd_kafka_queue_forward(main_queue, background);
	rd_kafka_queue_destroy(background);
	rd_kafka_queue_destroy(main_queue);
}

/* table[n]: of a byte with n zero bytes behind it. */
static void
crc_init(uint32_t table[4][256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[0][i] = c;
	}
	for (int n = 1; n < 4; n++)
		for (uint32_t i = 0; i < 256; i++)
			table[n][i] = table[n - 1][i] >> 8 ^
				      table[0][table[n - 1][i] & 0xff];
}

/*
 * CRC-32 as in zlib, which is what librdkafka's partitioner takes; four bytes
 * at a time.
 */
static uint32_t
crc32_of(const uint32_t table[4][256], struct text key)
{
	uint32_t c = 0xffffffffu;
	size_t i = 0;

	for (; i + 4 <= key.size; i += 4) {
		c ^= get_u32(key.data + i);
		c = table[3][c & 0xff] ^ table[2][c >> 8 & 0xff] ^
		    table[1][c >> 16 & 0xff] ^ table[0][c >> 24];
	}
	for (; i < key.size; i++)
		c = table[0][(c ^ (unsigned char)key.data[i]) & 0xff] ^ c >> 8;
	return ~c;
}

int
producer_new(const struct kafka_settings *settings, const char *topic,
	     size_t memory_bytes, bool hold_back, struct producer **out,
	     struct err *err)
{
	struct producer *producer = xcalloc(1, sizeof(*producer));
	/* A queued message costs some 250 bytes beside its payload. */
	size_t messages;
	char messages_text[24], kbytes_text[24];
	struct kafka_default defaults[] = {
	    {"enable.idempotence", "true"},
	    {"linger.ms", "20"},
	    /* One after the other, their answers do not wait for each other. */
	    {"max.in.flight", clock_is_virtual() ? "1" : "5"},
	    {"batch.num.messages", "10000"},
	    {"queue.buffering.max.messages", messages_text},
	    {"queue.buffering.max.kbytes", kbytes_text},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	int rc;

	/*
	 * In virtual time what fits into the queue must not depend on the
	 * broker's speed: what is written and not consumed is bounded instead.
	 */
	producer->hold_back_bytes = INT64_MAX;
	if (clock_is_virtual()) {
		producer->hold_back_bytes = (int64_t)memory_bytes;
		memory_bytes = SIZE_MAX;
	}
	messages = memory_bytes / 512;
	snprintf(messages_text, sizeof(messages_text), "%zu",
		 messages < 10000      ? (size_t)10000
		 : messages > 10000000 ? (size_t)10000000
				       : messages);
	snprintf(kbytes_text, sizeof(kbytes_text), "%zu",
		 memory_bytes / 1024 < 4096      ? (size_t)4096
		 : memory_bytes / 1024 > 2097151 ? (size_t)2097151
						 : memory_bytes / 1024);
	producer->hold_back = hold_back;
	pthread_mutex_init(&producer->lock, NULL);
	crc_init(producer->crc_table);
	rc = client_conf(settings, defaults, NULL, producer, &conf, err);
	if (rc)
		goto fail;
	rd_kafka_conf_set_events(conf,
				 RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	rd_kafka_conf_set_background_event_cb(conf, on_event);
	rc = client_new(RD_KAFKA_PRODUCER, conf, &producer->rk, err);
	if (rc == 0)
		rc = client_topic(producer->rk, topic, &producer->topic,
				  &producer->partitions, err);
	if (rc)
		goto fail;
	producer->in_flight =
	    xcalloc(producer->partitions, sizeof(*producer->in_flight));
	producer->ends = xcalloc(producer->partitions, sizeof(*producer->ends));
	serve_in_background(producer->rk);
	*out = producer;
	return 0;
fail:
	producer_free(producer);
	return rc;
}

void
producer_flush(struct producer *producer, int timeout_ms,
	       bool (*hurry)(void *ctx), void *ctx)
{
	for (int ms = 0; ms < timeout_ms && !(hurry && hurry(ctx));
	     ms += FLUSH_STEP_MS)
		if (rd_kafka_flush(producer->rk, FLUSH_STEP_MS) == 0)
			return;
	rd_kafka_purge(producer->rk,
		       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_flush(producer->rk, 1000);
}

void
producer_push(struct producer *producer, int timeout_ms)
{
	rd_kafka_flush(producer->rk, timeout_ms);
}

void
producer_free(struct producer *producer)
{
	if (!producer)
		return;
	if (producer->topic)
		rd_kafka_topic_destroy(producer->topic);
	if (producer->rk)
		rd_kafka_destroy(producer->rk);
	pthread_mutex_destroy(&producer->lock);
	free(producer->in_flight);
	free(producer->ends);
	free(producer);
}

void
producer_counts(struct producer *producer, struct producer_counts *counts,
		int64_t *ends, unsigned ends_len)
{
	pthread_mutex_lock(&producer->lock);
	counts->acked = producer->acked;
	counts->failed = producer->failed;
	for (unsigned i = 0; i < ends_len && i < producer->partitions; i++)
		ends[i] = producer->ends[i];
	pthread_mutex_unlock(&producer->lock);
	/* After the others: an event is produced before it is acked. */
	counts->produced = atomic_load(&producer->produced);
}

int64_t
producer_produced(struct producer *producer)
{
	return atomic_load_explicit(&producer->produced, memory_order_relaxed);
}

void
producer_consumed(struct producer *producer, unsigned partition, size_t bytes)
{
	if (partition < producer->partitions)
		atomic_fetch_add_explicit(
		    &producer->in_flight[partition].consumed, (int64_t)bytes,
		    memory_order_relaxed);
}

void
producer_caught_up(struct producer *producer, unsigned partition)
{
	struct in_flight *f;

	if (partition >= producer->partitions)
		return;
	f = &producer->in_flight[partition];
	atomic_store(&f->consumed, atomic_load(&f->written));
}

void
producer_anew(struct producer *producer, int32_t partition)
{
	if ((unsigned)partition >= producer->partitions)
		return;
	pthread_mutex_lock(&producer->lock);
	producer->ends[partition] = 0;
	pthread_mutex_unlock(&producer->lock);
}

unsigned
producer_partitions(const struct producer *producer)
{
	return producer->partitions;
}

bool
producer_held_back(struct producer *producer)
{
	int64_t all = 0;

	if (!producer->hold_back)
		return false;
	for (unsigned i = 0; i < producer->partitions; i++) {
		struct in_flight *f = &producer->in_flight[i];
		int64_t consumed =
		    atomic_load_explicit(&f->consumed, memory_order_relaxed);
		int64_t written =
		    atomic_load_explicit(&f->written, memory_order_relaxed);

		if (written - consumed > HOLD_BACK_BYTES)
			return true;
		all += written - consumed;
	}
	return all > producer->hold_back_bytes;
}

bool
producer_disconnected(struct producer *producer)
{
	return atomic_load(&producer->shared.disconnected);
}

bool
producer_problem(struct producer *producer, char *to, size_t size)
{
	return client_said(&producer->shared, to, size);
}

bool
producer_refused(struct producer *producer)
{
	return client_refused(&producer->shared);
}

/* ---- Batches ---- */

struct producer_batch *
producer_batch_new(struct producer *producer)
{
	struct producer_batch *batch = xcalloc(1, sizeof(*batch));

	batch->producer = producer;
	batch->data = xmalloc(BATCH_BYTES);
	batch->partitions =
	    xcalloc(producer->partitions, sizeof(*batch->partitions));
	return batch;
}

void
producer_batch_free(struct producer_batch *batch)
{
	if (!batch)
		return;
	/* Counted as produced, but never taken by librdkafka. */
	pthread_mutex_lock(&batch->producer->lock);
	for (unsigned i = 0; i < batch->producer->partitions; i++)
		batch->producer->failed += batch->partitions[i].len;
	pthread_mutex_unlock(&batch->producer->lock);
	free(batch->data);
	free(batch->partitions);
	free(batch);
}

char *
producer_batch_room(struct producer_batch *batch, size_t size)
{
	if (BATCH_BYTES - batch->used < size)
		return NULL;
	/* One event may go to any partition. */
	for (unsigned i = 0; i < batch->producer->partitions; i++)
		if (batch->partitions[i].len == BATCH_EVENTS)
			return NULL;
	return batch->data + batch->used;
}

void
producer_batch_add(struct producer_batch *batch, size_t size, struct text key)
{
	struct producer *producer = batch->producer;
	char *event = batch->data + batch->used;
	rd_kafka_message_t *message;
	unsigned partition;

	if (key.size)
		partition =
		    crc32_of(producer->crc_table, key) % producer->partitions;
	else
		partition = batch->turn++ % producer->partitions;
	message = &batch->partitions[partition]
		       .messages[batch->partitions[partition].len++];
	message->payload = event;
	message->len = size;
	message->key = NULL;
	message->key_len = key.size;
	/* A key that lies behind its event goes with it: the next one comes. */
	if (key.size && key.data >= event + size) {
		memmove(event + size, key.data, key.size);
		message->key = event + size;
		batch->used += key.size;
	} else if (key.size) {
		message->key = event + (key.data - event);
	}
	batch->used += size;
	batch->partitions[partition].bytes += event_cost(size + key.size);
	batch->added++;
}

/*
 * Counts what was added since the last time: before it is handed over, so that
 * no event is acknowledged that was not produced.
 */
static void
count_added(struct producer_batch *batch)
{
	struct producer *producer = batch->producer;

	for (unsigned i = 0; i < producer->partitions; i++) {
		atomic_fetch_add_explicit(&producer->in_flight[i].written,
					  (int64_t)batch->partitions[i].bytes,
					  memory_order_relaxed);
		batch->partitions[i].bytes = 0;
	}
	atomic_fetch_add(&producer->produced, batch->added);
	batch->added = 0;
}

/*
 * As rd_kafka_produce_batch(), which takes the system's time: one by one, with
 * that of the clock.
 */
static unsigned
produce_at(struct producer *producer, unsigned partition,
	   rd_kafka_message_t *messages, unsigned len)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < len; i++) {
		rd_kafka_message_t *message = &messages[i];

		message->err = rd_kafka_producev(
		    producer->rk, RD_KAFKA_V_RKT(producer->topic),
		    RD_KAFKA_V_PARTITION((int32_t)partition),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		    RD_KAFKA_V_VALUE(message->payload, message->len),
		    RD_KAFKA_V_KEY(message->key, message->key_len),
		    RD_KAFKA_V_TIMESTAMP(clock_wall_ms()), RD_KAFKA_V_END);
		taken += message->err == 0;
	}
	return taken;
}

static unsigned
produce(struct producer *producer, unsigned partition,
	rd_kafka_message_t *messages, unsigned len)
{
	if (clock_is_virtual())
		return produce_at(producer, partition, messages, len);
	return (unsigned)rd_kafka_produce_batch(
	    producer->topic, (int32_t)partition, RD_KAFKA_MSG_F_COPY, messages,
	    (int)len);
}

int
producer_batch_send(struct producer_batch *batch, struct err *err)
{
	struct producer *producer = batch->producer;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	bool left = false;

	count_added(batch);
	for (unsigned p = 0; p < producer->partitions; p++) {
		rd_kafka_message_t *messages = batch->partitions[p].messages;
		unsigned len = batch->partitions[p].len, kept = 0;

		if (len == 0)
			continue;
		if (produce(producer, p, messages, len) == len) {
			batch->partitions[p].len = 0;
			continue;
		}
		for (unsigned i = 0; i < len; i++) {
			if (messages[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
				messages[kept] = messages[i];
				messages[kept].err = 0;
				kept++;
			} else if (messages[i].err) {
				/* Too large for the broker, or fatal. */
				pthread_mutex_lock(&producer->lock);
				producer->failed++;
				pthread_mutex_unlock(&producer->lock);
				if (messages[i].err > 0)
					code = messages[i].err;
				producer_consumed(
				    producer, p,
				    event_cost(messages[i].len +
					       messages[i].key_len));
			}
		}
		batch->partitions[p].len = kept;
		left |= kept > 0;
	}
	if (code)
		client_problem(&producer->shared, code, "");
	if (left)
		return err_set(err, WEIR_FULL, 0,
			       "the producer's queue is full: the broker takes "
			       "events more slowly than they are generated");
	batch->used = 0;
	return 0;
}
