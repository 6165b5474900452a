#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "kafka/output.h"
#include "kafka/rdkafka-door.h"
#include "kafka/release.h"
#include "kafka/consumer.h"

#define TAKE_MAX     RELEASE_MAX
#define ANSWER_MS    10000
#define LOOK_MS      200      /* for a broker */
#define AGAIN_NS     50000000 /* between two questions */
#define WAKE_MS      50
#define NUDGE_MS     2
#define PEEK_STEP_MS 100
#define WAKE_NS      INT64_C(50000000)
#define NUDGE_NS     INT64_C(5000000)
#define KBYTES_MAX   ((size_t)2097151) /* librdkafka's limit */
/* Longer than these, a process that was not stopped does not stand still. */
#define PAUSED_NS INT64_C(150000000)  /* while taking, beyond the timeout */
#define AWAY_NS   INT64_C(3000000000) /* between two takes */
#define NO_SLOT   UINT32_MAX

/* A topic is opened once and stays; its handle leads to it (topic_opaque). */
struct topic {
	struct topic *next;
	char *name;
	rd_kafka_topic_t *handle;
	unsigned *slots; /* by partition; NO_SLOT: not read */
	unsigned slots_len;
};

struct slot {
	struct topic *topic; /* NULL: free */
	int32_t partition;
	int64_t next; /* behind the last message taken */
	bool heard;   /* anything came: bounds are those of this log */
};

struct consumer {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	struct topic *topics;
	struct slot *slots;
	unsigned slots_len;
	struct consumer_log *waking; /* room; slots_len */
	struct release *release;     /* has what was taken */
	size_t taken_len;
	struct consumer_message messages[TAKE_MAX];
	size_t messages_len;
	struct consumer_message *held; /* set aside; held_room of both */
	rd_kafka_message_t **records;  /* that they are in */
	size_t held_len, records_len, held_room;
	char problem[256], said[PROBLEM_TEXT_MAX];
	unsigned problem_slot;
	int64_t woken_ns; /* when the fetching thread was last woken */
	size_t queued, queued_most; /* messages, at the last take; before that,
				       since it was woken */
	int64_t taken_ns; /* when the last take ended; 0: it does not matter */
	bool embedded;
};

/* LEADER_UNAVAILABLE needs debug=topic, beside what the user asked for. */
static void
listen_for_doubts(rd_kafka_conf_t *conf)
{
	char debug[512] = "", why[256];
	size_t size = sizeof(debug) - sizeof(",topic");

	if (rd_kafka_conf_get(conf, "debug", debug, &size) != RD_KAFKA_CONF_OK)
		debug[0] = '\0';
	strcat(debug, debug[0] ? ",topic" : "topic");
	rd_kafka_conf_set(conf, "debug", debug, why, sizeof(why));
}

int
consumer_new(const struct kafka_settings *settings, size_t memory_bytes,
	     unsigned partitions, bool embedded, struct consumer **out,
	     struct err *err)
{
	struct consumer *consumer = xcalloc(1, sizeof(*consumer));
	size_t room = memory_bytes / 4 / 1024, share;
	char kbytes[24], fetch[24];
	/*
	 * Both limits are of the one queue that all partitions share.
	 * librdkafka 2.0 looks only once a second whether a queue that was full
	 * has room again, so the one in messages is out of reach and the one in
	 * bytes reserves for the 400 bytes that a small message costs beside
	 * its payload. What a fetch brings of each partition comes on top.
	 *
	 * A broker answers a waiting fetch when something comes; the embedded
	 * one sleeps through it, so it is asked more often.
	 */
	const struct kafka_default defaults[] = {
	    {"fetch.wait.max.ms", embedded ? "10" : "100"},
	    {"fetch.error.backoff.ms", "100"},
	    {"queued.max.messages.kbytes", kbytes},
	    {"fetch.message.max.bytes", fetch},
	    {"queued.min.messages", "10000000"},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	int rc;

	consumer->embedded = embedded;
	if (embedded || room > KBYTES_MAX)
		room = KBYTES_MAX;
	if (room < 256)
		room = 256;
	share = room / (partitions ? partitions : 1);
	if (share < 64)
		share = 64;
	snprintf(kbytes, sizeof(kbytes), "%zu", room);
	snprintf(fetch, sizeof(fetch), "%zu",
		 (share < 1024 ? share : 1024) * 1024);
	rc =
	    client_conf(settings, defaults, client_exact, consumer, &conf, err);
	if (rc)
		goto fail;
	listen_for_doubts(conf);
	rc = client_new(RD_KAFKA_CONSUMER, conf, &consumer->rk, err);
	if (rc)
		goto fail;
	rc = release_new(&consumer->release, err);
	if (rc)
		goto fail;
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
	release_free(consumer->release);
	consumer_release_held(consumer);
	free(consumer->held);
	free(consumer->records);
	for (unsigned i = 0; i < consumer->slots_len; i++)
		consumer_stop(consumer, i);
	if (consumer->queue)
		rd_kafka_queue_destroy(consumer->queue);
	for (struct topic *topic = consumer->topics, *next; topic;
	     topic = next) {
		next = topic->next;
		rd_kafka_topic_destroy(topic->handle);
		free(topic->name);
		free(topic->slots);
		free(topic);
	}
	if (consumer->rk)
		rd_kafka_destroy(consumer->rk);
	free(consumer->slots);
	free(consumer->waking);
	free(consumer);
}

/* ---- Topics ---- */

static struct topic *
open_topic(struct consumer *consumer, const char *name, struct err *err)
{
	rd_kafka_topic_conf_t *conf;
	struct topic *topic;

	for (topic = consumer->topics; topic; topic = topic->next)
		if (strcmp(topic->name, name) == 0)
			return topic;
	topic = xcalloc(1, sizeof(*topic));
	conf = rd_kafka_default_topic_conf_dup(consumer->rk);
	rd_kafka_topic_conf_set_opaque(conf, topic);
	topic->handle = rd_kafka_topic_new(consumer->rk, name, conf);
	if (!topic->handle) {
		err_set(err, WEIR_KAFKA, rd_kafka_last_error(),
			"librdkafka does not take the topic name %s: %s", name,
			rd_kafka_err2str(rd_kafka_last_error()));
		rd_kafka_topic_conf_destroy(conf);
		free(topic);
		return NULL;
	}
	topic->name = xstrdup(name);
	topic->next = consumer->topics;
	consumer->topics = topic;
	return topic;
}

/* ---- Questions to the broker ---- */

static bool
is_unknown(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	       code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static int
ask_failed(rd_kafka_resp_err_t code, const char *topic, int32_t partition,
	   struct err *err)
{
	if (is_unknown(code))
		return err_set(err, WEIR_NOT_FOUND, code,
			       "the cluster has no partition %d of %s",
			       (int)partition, topic);
	return err_set(err, WEIR_KAFKA, code,
		       "cannot ask for the offsets of %s[%d]: %s", topic,
		       (int)partition, rd_kafka_err2str(code));
}

/*
 * What the client knows of a topic may be older than a partition that was added
 * to it: asked anew, it knows.
 */
static void
ask_for_partitions(struct consumer *consumer, const char *name, int timeout_ms)
{
	struct topic *topic = open_topic(consumer, name, NULL);

	if (topic)
		client_ask(consumer->rk, topic->handle, timeout_ms);
}

/*
 * Offsets at a time, or RD_KAFKA_OFFSET_BEGINNING or _END as numbers, of those
 * logs that have answered so far; `answer` is where it goes. Not by way of
 * rd_kafka_query_watermark_offsets(), which heeds no timeout once its request
 * is under way (librdkafka 2.0.2).
 */
static void
ask_offsets(struct consumer *consumer, struct consumer_log *logs, size_t len,
	    int64_t which, int timeout_ms, size_t answer)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)len);
	rd_kafka_resp_err_t code = 0;

	for (size_t i = 0; i < len; i++)
		if (logs[i].rc == 0)
			rd_kafka_topic_partition_list_add(list, logs[i].topic,
							  logs[i].partition)
			    ->offset = which;
	if (list->cnt > 0)
		code =
		    rd_kafka_offsets_for_times(consumer->rk, list, timeout_ms);
	/* One that is unknown fails them all: halves lead to it. */
	if (list->cnt > 1 && is_unknown(code)) {
		ask_offsets(consumer, logs, len / 2, which, timeout_ms, answer);
		ask_offsets(consumer, logs + len / 2, len - len / 2, which,
			    timeout_ms, answer);
		goto done;
	}
	for (size_t i = 0; i < len; i++) {
		struct consumer_log *log = &logs[i];
		/* The list may have come back in another order. */
		const rd_kafka_topic_partition_t *p =
		    rd_kafka_topic_partition_list_find(list, log->topic,
						       log->partition);

		if (log->rc)
			continue;
		if (code || !p || p->err)
			log->rc =
			    ask_failed(code ? code
				       : p  ? p->err
					    : 0,
				       log->topic, log->partition, &log->why);
		else
			memcpy((char *)log + answer, &p->offset,
			       sizeof(p->offset));
	}
done:
	rd_kafka_topic_partition_list_destroy(list);
}

static bool
passes(const struct consumer_log *log)
{
	return log->rc == WEIR_KAFKA && client_passes(log->why.foreign);
}

/* Whether there are some that are to be asked again, which then are. */
static bool
ask_again(struct consumer *consumer, struct consumer_log *logs, size_t len,
	  bool (*again)(const struct consumer_log *log), int timeout_ms)
{
	const char *asked = "";
	bool any = false;

	for (size_t i = 0; i < len; i++) {
		if (!again(&logs[i]))
			continue;
		logs[i].rc = 0;
		any = true;
		if (strcmp(asked, logs[i].topic) != 0)
			ask_for_partitions(consumer, logs[i].topic, timeout_ms);
		asked = logs[i].topic;
	}
	if (any)
		ask_offsets(consumer, logs, len, RD_KAFKA_OFFSET_END,
			    timeout_ms, offsetof(struct consumer_log, end));
	return any;
}

static bool
is_missing(const struct consumer_log *log)
{
	return log->rc == WEIR_NOT_FOUND;
}

void
consumer_bounds(struct consumer *consumer, struct consumer_log *logs,
		size_t len, int timeout_ms)
{
	int64_t deadline = clock_steady_ns() + timeout_ms * INT64_C(1000000);
	const struct timespec pause = {0, AGAIN_NS};

	for (size_t i = 0; i < len; i++)
		logs[i].rc = 0;
	ask_offsets(consumer, logs, len, RD_KAFKA_OFFSET_END, timeout_ms,
		    offsetof(struct consumer_log, end));
	ask_again(consumer, logs, len, is_missing, timeout_ms);
	while (clock_steady_ns() < deadline &&
	       ask_again(consumer, logs, len, passes, timeout_ms))
		nanosleep(&pause, NULL);
	ask_offsets(consumer, logs, len, RD_KAFKA_OFFSET_BEGINNING, timeout_ms,
		    offsetof(struct consumer_log, begin));
}

int
consumer_offset_at(struct consumer *consumer, const char *topic,
		   int32_t partition, int64_t time_ms, int64_t *offset,
		   struct err *err)
{
	struct consumer_log log = {.topic = topic, .partition = partition};

	ask_offsets(consumer, &log, 1, time_ms, ANSWER_MS,
		    offsetof(struct consumer_log, begin));
	*offset = log.begin;
	if (log.rc == 0 && log.begin < 0) {
		consumer_bounds(consumer, &log, 1, ANSWER_MS);
		*offset = log.end;
	}
	if (log.rc && err)
		*err = log.why;
	return log.rc;
}

int64_t
consumer_timestamp_ms(const struct consumer_message *message)
{
	return rd_kafka_message_timestamp(message->record, NULL);
}

int64_t
consumer_created_ms(const struct consumer_message *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(message->record, &type);

	return type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? ms : -1;
}

struct consumer_print
consumer_print(const struct consumer_message *message)
{
	uint64_t both[2];

	both[0] = output_hash(message->key, message->key_size, message->data,
			      message->size);
	both[1] = (uint64_t)consumer_timestamp_ms(message);
	return (struct consumer_print){both[0], hash64(both, sizeof(both))};
}

/* ---- Slots ---- */

static int
begin_fetching(struct topic *topic, int32_t partition, int64_t offset,
	       rd_kafka_queue_t *queue, struct err *err)
{
	rd_kafka_resp_err_t code;

	if (rd_kafka_consume_start_queue(topic->handle, partition, offset,
					 queue) == 0)
		return 0;
	code = rd_kafka_last_error();
	return err_set(err, WEIR_KAFKA, code, "cannot consume %s[%d]: %s",
		       topic->name, (int)partition, rd_kafka_err2str(code));
}

int
consumer_start(struct consumer *consumer, unsigned slot, const char *name,
	       int32_t partition, int64_t offset, struct err *err)
{
	struct topic *topic = open_topic(consumer, name, err);
	int rc;

	if (!topic)
		return WEIR_KAFKA;
	rc = begin_fetching(topic, partition, offset, consumer->queue, err);
	if (rc)
		return rc;
	if (slot >= consumer->slots_len) {
		consumer->slots = xrealloc(
		    consumer->slots, (slot + 1) * sizeof(*consumer->slots));
		memset(&consumer->slots[consumer->slots_len], 0,
		       (slot + 1 - consumer->slots_len) *
			   sizeof(*consumer->slots));
		consumer->slots_len = slot + 1;
		consumer->waking =
		    xrealloc(consumer->waking,
			     consumer->slots_len * sizeof(*consumer->waking));
	}
	while ((unsigned)partition >= topic->slots_len) {
		topic->slots =
		    xrealloc(topic->slots,
			     (topic->slots_len + 1) * sizeof(*topic->slots));
		topic->slots[topic->slots_len++] = NO_SLOT;
	}
	topic->slots[partition] = slot;
	consumer->taken_ns = 0;
	consumer->slots[slot] = (struct slot){topic, partition, offset, false};
	return 0;
}

void
consumer_stop(struct consumer *consumer, unsigned number)
{
	struct slot *slot = &consumer->slots[number];

	if (number >= consumer->slots_len || !slot->topic)
		return;
	rd_kafka_consume_stop(slot->topic->handle, slot->partition);
	slot->topic->slots[slot->partition] = NO_SLOT;
	slot->topic = NULL;
	if (consumer->problem_slot == number)
		consumer->problem[0] = '\0';
}

static void
translate(const rd_kafka_message_t *from, struct consumer_message *to)
{
	to->offset = from->offset;
	to->data = from->payload;
	to->size = from->len;
	to->key = from->key;
	to->key_size = from->key_len;
	to->record = from;
}

static void
answer_peek(struct consumer *consumer, struct consumer_log *log,
	    const rd_kafka_message_t *message)
{
	struct consumer_message translated = {.kind = CONSUMER_EVENT};
	int64_t begin;

	/* Others than these do not say what is in the log. */
	if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
	    message->err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET &&
	    message->err != RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
		log->rc = err_set(&log->why, WEIR_KAFKA, message->err,
				  "cannot read %s[%d]: %s", log->topic,
				  (int)log->partition,
				  rd_kafka_message_errstr(message));
		return;
	}
	/* As of the fetch that this came with. */
	if (!message->err &&
	    rd_kafka_get_watermark_offsets(consumer->rk, log->topic,
					   log->partition, &begin, &log->high))
		log->high = -1;
	if (message->err || message->offset != log->offset) {
		log->rc = err_set(&log->why, WEIR_NOT_FOUND, message->err,
				  "%s[%d] has no event at offset %" PRId64,
				  log->topic, (int)log->partition, log->offset);
		return;
	}
	translate(message, &translated);
	log->print = consumer_print(&translated);
	log->rc = 0;
}

/* Begins to fetch the event of one log; whether an answer may come. */
static bool
ask_event(struct consumer *consumer, struct consumer_log *log,
	  rd_kafka_queue_t *queue)
{
	struct topic *topic;

	log->high = -1;
	if (log->rc || log->offset < 0)
		return false;
	topic = open_topic(consumer, log->topic, &log->why);
	log->rc = topic ? begin_fetching(topic, log->partition, log->offset,
					 queue, &log->why)
			: WEIR_KAFKA;
	if (log->rc)
		return false;
	log->rc = err_set(&log->why, WEIR_KAFKA, 0,
			  "the broker does not give the event at offset "
			  "%" PRId64 " of %s[%d]",
			  log->offset, log->topic, (int)log->partition);
	return true;
}

void
consumer_peek(struct consumer *consumer, struct consumer_log *logs, size_t len,
	      int timeout_ms)
{
	int64_t deadline = clock_steady_ns() + timeout_ms * INT64_C(1000000);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->rk);
	bool *asked = xcalloc(len, sizeof(*asked));
	size_t waiting = 0;

	for (size_t i = 0; i < len; i++) {
		asked[i] = ask_event(consumer, &logs[i], queue);
		waiting += asked[i];
	}
	while (waiting > 0 && clock_steady_ns() < deadline) {
		rd_kafka_message_t *message =
		    rd_kafka_consume_queue(queue, PEEK_STEP_MS);
		const char *name = message && message->rkt
				       ? rd_kafka_topic_name(message->rkt)
				       : "";

		/* Further events of the same are passed over. */
		for (size_t i = 0; message && i < len; i++) {
			if (!asked[i] ||
			    logs[i].partition != message->partition ||
			    strcmp(logs[i].topic, name) != 0)
				continue;
			answer_peek(consumer, &logs[i], message);
			rd_kafka_consume_stop(message->rkt, message->partition);
			asked[i] = false;
			waiting--;
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	for (size_t i = 0; i < len; i++) {
		struct topic *topic =
		    asked[i] ? open_topic(consumer, logs[i].topic, NULL) : NULL;

		if (topic)
			rd_kafka_consume_stop(topic->handle, logs[i].partition);
	}
	free(asked);
	rd_kafka_queue_destroy(queue);
}

/* ---- Messages ---- */

/*
 * There is more to fetch, and nobody does: the fetching thread, which stopped
 * when the queue was full, looks only once a second whether it still is
 * (librdkafka 2.0). A request of any kind wakes it; the answer does not matter.
 */
static void
wake_fetching(struct consumer *consumer, int64_t not_within_ns, int timeout_ms)
{
	int64_t now = clock_steady_ns();
	size_t len = 0;

	if (now - consumer->woken_ns < not_within_ns)
		return;
	consumer->woken_ns = now;
	consumer->queued_most = 0;
	for (unsigned i = 0; i < consumer->slots_len; i++) {
		const struct slot *slot = &consumer->slots[i];

		if (slot->topic && consumer_end(consumer, i) > slot->next)
			consumer->waking[len++] =
			    (struct consumer_log){.topic = slot->topic->name,
						  .partition = slot->partition};
	}
	if (len)
		ask_offsets(consumer, consumer->waking, len,
			    RD_KAFKA_OFFSET_END, timeout_ms,
			    offsetof(struct consumer_log, end));
}

/*
 * After a take: an empty queue is always a reason to wake the fetching thread;
 * one that has come down by half and did not grow meanwhile is, so that it
 * fetches while what is left is being consumed.
 */
static void
keep_fetching(struct consumer *consumer)
{
	size_t queued = rd_kafka_queue_length(consumer->queue);
	bool grew = queued + consumer->taken_len > consumer->queued;

	consumer->queued = queued;
	if (consumer->queued_most < queued)
		consumer->queued_most = queued;
	if (consumer->taken_len == 0)
		wake_fetching(consumer, WAKE_NS, WAKE_MS);
	else if (!grew && !consumer->embedded &&
		 queued < consumer->queued_most / 2)
		wake_fetching(consumer, NUDGE_NS, NUDGE_MS);
}

/* Those after which librdkafka fetches no more of the partition. */
static bool
is_broken(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
	       code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
	       is_unknown(code);
}

/* Not an event. False: there is nothing for the caller in it. */
static bool
take_error(struct consumer *consumer, struct slot *slot,
	   const rd_kafka_message_t *from, struct consumer_message *to)
{
	if (is_broken(from->err)) {
		slot->heard = false;
		to->kind = CONSUMER_BROKEN;
		to->offset = slot->next;
		return true;
	}
	if (from->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		slot->heard = true;
		to->kind = CONSUMER_END;
		slot->next = to->offset = from->offset;
		return true;
	}
	snprintf(consumer->problem, sizeof(consumer->problem), "%s[%d]: %s",
		 slot->topic->name, (int)from->partition,
		 rd_kafka_message_errstr(from));
	consumer->problem_slot = to->slot;
	return false;
}

static bool
take_one(struct consumer *consumer, const rd_kafka_message_t *from,
	 struct consumer_message *to)
{
	struct topic *topic =
	    from->rkt ? rd_kafka_topic_opaque(from->rkt) : NULL;
	struct slot *slot;

	if (!topic || (unsigned)from->partition >= topic->slots_len ||
	    topic->slots[from->partition] == NO_SLOT)
		return false;
	to->slot = topic->slots[from->partition];
	slot = &consumer->slots[to->slot];
	if (from->err && !take_error(consumer, slot, from, to))
		return false;
	if (consumer->problem[0] && consumer->problem_slot == to->slot)
		consumer->problem[0] = '\0';
	if (from->err)
		return true;
	slot->heard = true;
	slot->next = from->offset + 1;
	to->kind = CONSUMER_EVENT;
	translate(from, to);
	return true;
}

/*
 * A partition was not where it was, or the process was stopped for a while and
 * did not look: its topic may have been deleted and made anew, with as many
 * events as the old one had, and fetching would go on in the new one as if
 * nothing had happened. Nothing of what was taken is believed;
 * what it means is for the caller to find out, of all partitions.
 */
static size_t
doubt(struct consumer *consumer, const struct consumer_message **messages)
{
	size_t len = 0;

	for (unsigned i = 0; i < consumer->slots_len; i++) {
		if (!consumer->slots[i].topic)
			continue;
		/* The others in the next round. */
		if (len == TAKE_MAX) {
			atomic_store(&consumer->shared.doubtful, 1);
			break;
		}
		consumer->messages[len++] = (struct consumer_message){
		    .kind = CONSUMER_BROKEN,
		    .slot = i,
		    .offset = consumer->slots[i].next};
	}
	*messages = consumer->messages;
	return len;
}

/*
 * A process that was stopped (SIGSTOP, a machine asleep) did not see what
 * happened to its topics meanwhile.
 */
static void
notice_pause(struct consumer *consumer, int64_t begun_ns, int timeout_ms)
{
	int64_t now_ns = clock_steady_ns();

	if (!consumer->embedded &&
	    (now_ns - begun_ns > timeout_ms * INT64_C(1000000) + PAUSED_NS ||
	     (consumer->taken_ns && begun_ns - consumer->taken_ns > AWAY_NS)))
		atomic_store(&consumer->shared.doubtful, 1);
	consumer->taken_ns = now_ns;
}

size_t
consumer_take(struct consumer *consumer, int timeout_ms,
	      const struct consumer_message **messages)
{
	rd_kafka_message_t **taken = release_array(consumer->release);
	int64_t begun_ns;
	ssize_t got;
	size_t len = 0;

	/* Error callbacks, in this thread. */
	rd_kafka_poll(consumer->rk, 0);
	client_look_for_brokers(
	    &consumer->shared,
	    consumer->topics ? consumer->topics->handle : NULL, LOOK_MS);
	begun_ns = clock_steady_ns();
	got = rd_kafka_consume_batch_queue(consumer->queue, timeout_ms, taken,
					   TAKE_MAX);
	consumer->taken_len = got > 0 ? (size_t)got : 0;
	notice_pause(consumer, begun_ns, timeout_ms);
	if (!consumer_disconnected(consumer))
		keep_fetching(consumer);
	consumer->messages_len = 0;
	if (atomic_exchange(&consumer->shared.doubtful, 0))
		return doubt(consumer, messages);
	for (size_t i = 0; i < consumer->taken_len; i++)
		len += take_one(consumer, taken[i], &consumer->messages[len]);
	if (len)
		client_recovered(&consumer->shared);
	*messages = consumer->messages;
	consumer->messages_len = len;
	return len;
}

void
consumer_release(struct consumer *consumer)
{
	if (consumer->taken_len)
		release_give(consumer->release, consumer->taken_len);
	consumer->taken_len = 0;
}

/* ---- Setting aside ---- */

void
consumer_hold(struct consumer *consumer)
{
	size_t records = consumer->records_len + consumer->taken_len;

	/* Then there may be no room yet, which memcpy() must not see. */
	if (consumer->taken_len == 0)
		return;
	if (records > consumer->held_room) {
		consumer->held_room = 2 * records;
		consumer->held =
		    xrealloc(consumer->held,
			     consumer->held_room * sizeof(consumer->held[0]));
		consumer->records = xrealloc(consumer->records,
					     consumer->held_room *
						 sizeof(consumer->records[0]));
	}
	for (size_t i = 0; i < consumer->messages_len; i++)
		if (consumer->messages[i].kind != CONSUMER_BROKEN)
			consumer->held[consumer->held_len++] =
			    consumer->messages[i];
	memcpy(&consumer->records[consumer->records_len],
	       release_array(consumer->release),
	       consumer->taken_len * sizeof(consumer->records[0]));
	consumer->records_len = records;
	consumer->messages_len = consumer->taken_len = 0;
}

static int
compare_held(const void *a, const void *b)
{
	const struct consumer_message *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

size_t
consumer_held(struct consumer *consumer,
	      const struct consumer_message **messages)
{
	if (consumer->held_len)
		qsort(consumer->held, consumer->held_len,
		      sizeof(consumer->held[0]), compare_held);
	*messages = consumer->held;
	return consumer->held_len;
}

void
consumer_release_held(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->records_len; i++)
		rd_kafka_message_destroy(consumer->records[i]);
	consumer->held_len = consumer->records_len = 0;
}

int64_t
consumer_next(const struct consumer *consumer, unsigned slot)
{
	return consumer->slots[slot].next;
}

static bool
cached_bounds(struct consumer *consumer, unsigned number, int64_t *begin,
	      int64_t *end)
{
	const struct slot *slot = &consumer->slots[number];

	return number < consumer->slots_len && slot->topic && slot->heard &&
	       !rd_kafka_get_watermark_offsets(consumer->rk, slot->topic->name,
					       slot->partition, begin, end);
}

int64_t
consumer_end(struct consumer *consumer, unsigned slot)
{
	int64_t begin, end;

	return cached_bounds(consumer, slot, &begin, &end) && end >= 0 ? end
								       : -1;
}

int64_t
consumer_begin(struct consumer *consumer, unsigned slot)
{
	int64_t begin, end;

	return cached_bounds(consumer, slot, &begin, &end) && begin >= 0 ? begin
									 : -1;
}

const char *
consumer_problem(struct consumer *consumer)
{
	if (consumer->problem[0])
		return consumer->problem;
	client_said(&consumer->shared, consumer->said, sizeof(consumer->said));
	return consumer->said;
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
