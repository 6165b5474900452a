#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "kafka/rdkafka-door.h"
#include "kafka/output.h"

#define ANSWER_TIMEOUT_MS 10000
#define AGAIN_NS          50000000 /* between two questions */
#define FLUSH_STEP_MS     100
#define READ_STEP_MS      100
#define WAKE_MS           50
#define LOOK_MS           200        /* for a broker */
#define TAIL_RECORDS      100        /* looked at first by output_last() */
#define KBYTES_MAX        "2097151"  /* librdkafka's limits */
#define MESSAGES_MAX      "10000000" /* likewise */

/*
 * What librdkafka adds to a record (36 bytes at most), and to the batch that
 * has just this one (61), rounded up.
 */
#define RECORD_OVERHEAD 128
/* A header's two lengths, as varints. */
#define HEADER_OVERHEAD 10
/* All headers of our own but the source's name, at their longest. */
#define OWN_HEADERS_BYTES 320
/* Memory that a queued record costs beside its bytes, and each header. */
#define QUEUED_COST        512
#define QUEUED_HEADER_COST 80

#define HASH_HEADER     "weir.hash"
#define KEY_HEADER      "weir.key.size"
#define VALUE_HEADER    "weir.value.size"
#define OWN_HEADERS_MAX 6

struct output {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	char *name;
	struct output_position_names names;
	unsigned partitions;
	size_t record_max; /* key, value and headers of a record */
	size_t memory_bytes;
	size_t waiting, waiting_bytes; /* added and not reported */
	struct err failed;           /* code 0: nothing was refused for good */
	rd_kafka_resp_err_t dropped; /* because something was; 0: nothing */
	struct reader {
		struct kafka_shared shared; /* first, as above */
		rd_kafka_conf_t *conf;
		rd_kafka_t *rk; /* NULL until it is needed */
		rd_kafka_topic_t *topic;
		unsigned partitions;
	} reader;
};

/* ---- Opening and closing ---- */

/* The first reason stays: what fails later does so because of it. */
static void
fail(struct output *output, rd_kafka_resp_err_t code, const char *why)
{
	if (output->failed.code)
		return;
	err_set(&output->failed, WEIR_KAFKA, code,
		"the output topic %s refuses a record for good: %s; %s",
		output->name, why,
		code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
		    ? "raise the topic's max.message.bytes, or, if it is one "
		      "of dead letters, set -X message.max.bytes to what it "
		      "takes, and start again"
		    : "start again when this is settled: the output goes on "
		      "where it ended");
}

static int
failed(const struct output *output, struct err *err)
{
	if (err)
		*err = output->failed;
	return output->failed.code;
}

/* What is dropped because something before it was refused. */
static bool
follows(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE ||
	       code == RD_KAFKA_RESP_ERR__FATAL ||
	       code == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	       code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

/* From rd_kafka_poll(), in the owner's thread. */
static void
on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct output *output = opaque;

	(void)rk;
	output->waiting--;
	output->waiting_bytes -= (uintptr_t)message->_private;
	if (message->err && !follows(message->err))
		fail(output, message->err, rd_kafka_err2str(message->err));
	else if (message->err)
		output->dropped = message->err;
	else
		client_recovered(&output->shared);
}

static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct output *output = opaque;
	char why[256];

	client_problem(&output->shared, code, reason);
	if (code != RD_KAFKA_RESP_ERR__FATAL)
		return;
	code = rd_kafka_fatal_error(rk, why, sizeof(why));
	/* The report of what was refused follows, and says it better. */
	if (code != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE)
		fail(output, code, why);
}

static int
open_producer(struct output *output, const struct kafka_settings *settings,
	      struct err *err)
{
	/* The queue is bounded by output_add(), which sees headers, too. */
	const struct kafka_default defaults[] = {
	    {"linger.ms", "5"},
	    /* One after the other, their answers do not wait for each other. */
	    {"max.in.flight", clock_is_virtual() ? "1" : "5"},
	    {"queue.buffering.max.messages", MESSAGES_MAX},
	    {"queue.buffering.max.kbytes", KBYTES_MAX},
	    {NULL, NULL},
	};
	/*
	 * Without the guarantee librdkafka goes on behind a batch that was
	 * refused. Without the timeout of 0 it gives up on a broker that is
	 * away.
	 */
	static const struct kafka_default musts[] = {
	    {"enable.idempotence", "true"},
	    {"enable.gapless.guarantee", "true"},
	    {"message.timeout.ms", "0"},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	char text[24];
	size_t size = sizeof(text);
	int rc;

	rc = client_conf(settings, defaults, musts, output, &conf, err);
	if (rc)
		return rc;
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
	rd_kafka_conf_set_error_cb(conf, on_error);
	/* It calls the guarantee experimental, each time. */
	atomic_store(&output->shared.hushed, 1);
	rc = client_new(RD_KAFKA_PRODUCER, conf, &output->rk, err);
	atomic_store(&output->shared.hushed, 0);
	if (rc)
		return rc;
	if (rd_kafka_conf_get(rd_kafka_conf(output->rk), "message.max.bytes",
			      text, &size) != RD_KAFKA_CONF_OK)
		snprintf(text, sizeof(text), "1000000");
	/* librdkafka takes no value below 1000. */
	output->record_max = strtoul(text, NULL, 10) - RECORD_OVERHEAD;
	return client_topic(output->rk, output->name, &output->topic,
			    &output->partitions, err);
}

/* Kept, since the settings are the caller's, and connected on demand. */
static int
prepare_reader(struct reader *reader, const struct kafka_settings *settings,
	       size_t memory_bytes, struct err *err)
{
	char kbytes[24];
	/* As in consumer.c: a bound in bytes alone, a quarter for payload. */
	const struct kafka_default defaults[] = {
	    {"enable.auto.commit", "false"},
	    {"fetch.wait.max.ms", "10"},
	    {"fetch.error.backoff.ms", "100"},
	    {"queued.min.messages", "10000000"},
	    {"queued.max.messages.kbytes", kbytes},
	    {NULL, NULL},
	};
	/* What retention removed meanwhile is not the end of the topic. */
	static const struct kafka_default musts[] = {
	    {"enable.partition.eof", "true"},
	    {"auto.offset.reset", "earliest"},
	    {NULL, NULL},
	};
	size_t share = memory_bytes / 4 / 1024;

	snprintf(kbytes, sizeof(kbytes), "%zu",
		 share < 64          ? (size_t)64
		 : share > (1 << 20) ? (size_t)(1 << 20)
				     : share);
	return client_conf(settings, defaults, musts, reader, &reader->conf,
			   err);
}

int
output_new(const struct kafka_settings *settings, const char *topic,
	   const struct output_position_names *names, size_t memory_bytes,
	   struct output **out, struct err *err)
{
	struct output *output = xcalloc(1, sizeof(*output));
	int rc;

	output->name = xstrdup(topic);
	output->names = *names;
	output->memory_bytes = memory_bytes;
	rc = open_producer(output, settings, err);
	if (rc == 0)
		rc = prepare_reader(&output->reader, settings, memory_bytes,
				    err);
	if (rc) {
		output_free(output);
		return rc;
	}
	*out = output;
	return 0;
}

static void
close_reader(struct reader *reader)
{
	if (reader->topic)
		rd_kafka_topic_destroy(reader->topic);
	if (reader->rk)
		rd_kafka_destroy(reader->rk);
	reader->topic = NULL;
	reader->rk = NULL;
}

void
output_free(struct output *output)
{
	if (!output)
		return;
	close_reader(&output->reader);
	if (output->reader.conf)
		rd_kafka_conf_destroy(output->reader.conf);
	if (output->topic)
		rd_kafka_topic_destroy(output->topic);
	if (output->rk)
		rd_kafka_destroy(output->rk);
	free(output->name);
	free(output);
}

bool
output_disconnected(struct output *output)
{
	return atomic_load(&output->shared.disconnected);
}

/* ---- How far the output has come ---- */

struct position {
	const char *topic;
	int32_t partition;
	int64_t offset; /* -1: not found */
	uint64_t hash;
};

/* Digits and nothing else, as we write them; -1: something else. */
static int64_t
parse_decimal(const char *text, size_t size)
{
	int64_t number = 0;

	if (size == 0 || (size > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text[i] - '0', &number))
			return -1;
	}
	return number;
}

static bool
parse_hash(const char *text, size_t size, uint64_t *hash)
{
	static const char digits[] = "0123456789abcdef";

	if (size != 16)
		return false;
	*hash = 0;
	for (size_t i = 0; i < size; i++) {
		const char *digit = memchr(digits, text[i], 16);

		if (!digit)
			return false;
		*hash = *hash << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

/* "" when there is none, or a null. */
static const char *
header(const rd_kafka_headers_t *headers, const char *name, size_t *size)
{
	const void *value;

	if (rd_kafka_header_get_last(headers, name, &value, size) || !value) {
		*size = 0;
		return "";
	}
	return value;
}

/* Takes the position over if the record is one of ours, from that source. */
static void
look_at(const struct output_position_names *names,
	const rd_kafka_message_t *message, struct position *position)
{
	rd_kafka_headers_t *headers;
	const char *text;
	size_t size;
	int64_t offset;
	uint64_t hash;

	if (rd_kafka_message_headers(message, &headers))
		return;
	text = header(headers, names->topic, &size);
	if (size != strlen(position->topic) ||
	    memcmp(text, position->topic, size) != 0)
		return;
	text = header(headers, names->partition, &size);
	if (parse_decimal(text, size) != position->partition)
		return;
	text = header(headers, names->offset, &size);
	offset = parse_decimal(text, size);
	text = header(headers, HASH_HEADER, &size);
	if (offset < 0 || !parse_hash(text, size, &hash))
		return;
	position->offset = offset;
	position->hash = hash;
}

static int
silent(const struct output *output, int32_t partition, rd_kafka_resp_err_t code,
       struct err *err)
{
	return err_set(err, WEIR_KAFKA, code,
		       "cannot read the end of the output %s[%d]: %s; check "
		       "whether its broker is running",
		       output->name, (int)partition, rd_kafka_err2str(code));
}

/*
 * RD_KAFKA_OFFSET_BEGINNING or _END as a number. Not by way of
 * rd_kafka_query_watermark_offsets(), which heeds no timeout once its request
 * is under way (librdkafka 2.0.2).
 */
static rd_kafka_resp_err_t
ask_offset(struct output *output, int32_t at, int64_t which, int timeout_ms,
	   int64_t *offset)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(list, output->name, at)->offset =
	    which;
	code = rd_kafka_offsets_for_times(output->reader.rk, list, timeout_ms);
	if (!code)
		code = list->elems[0].err;
	*offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}

/* Where the partition begins and ends, once it has a leader. */
static rd_kafka_resp_err_t
ask_bounds(struct output *output, int32_t at, int64_t *begin, int64_t *end)
{
	int64_t deadline =
	    clock_steady_ns() + ANSWER_TIMEOUT_MS * INT64_C(1000000);
	const struct timespec pause = {0, AGAIN_NS};
	rd_kafka_resp_err_t code;

	for (;;) {
		code = ask_offset(output, at, RD_KAFKA_OFFSET_BEGINNING,
				  ANSWER_TIMEOUT_MS, begin);
		if (!code)
			code = ask_offset(output, at, RD_KAFKA_OFFSET_END,
					  ANSWER_TIMEOUT_MS, end);
		if (!client_passes(code) || clock_steady_ns() > deadline)
			return code;
		/* The leader that it knows may be the wrong one. */
		client_ask(output->reader.rk, output->reader.topic,
			   ANSWER_TIMEOUT_MS);
		nanosleep(&pause, NULL);
	}
}

/*
 * Reads [from, to) or up to the partition's end, which may be before `to`: the
 * last offsets of a log need not be records.
 */
static int
read_range(struct output *output, int32_t at, int64_t from, int64_t to,
	   struct position *position, struct err *err)
{
	struct reader *reader = &output->reader;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	int idle_ms = 0, rc = 0;
	bool more = true;

	if (rd_kafka_consume_start(reader->topic, at, from) != 0)
		return silent(output, at, rd_kafka_last_error(), err);
	while (more) {
		rd_kafka_message_t *message =
		    rd_kafka_consume(reader->topic, at, READ_STEP_MS);

		if (message && !message->err) {
			idle_ms = 0;
			more = message->offset + 1 < to;
			look_at(&output->names, message, position);
		} else if (message &&
			   message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			more = false;
		} else if (idle_ms >= ANSWER_TIMEOUT_MS) {
			rc = silent(output, at, code, err);
			more = false;
		} else {
			int64_t end;

			idle_ms += READ_STEP_MS;
			if (message)
				code = message->err;
			/* See wake_fetching() in consumer.c. */
			ask_offset(output, at, RD_KAFKA_OFFSET_END, WAKE_MS,
				   &end);
		}
		if (message)
			rd_kafka_message_destroy(message);
	}
	rd_kafka_consume_stop(reader->topic, at);
	return rc;
}

static int
open_reader(struct output *output, struct err *err)
{
	struct reader *reader = &output->reader;
	int rc = 0;

	if (!reader->rk) {
		/* A copy, since it is taken also when that fails. */
		rc = client_new(RD_KAFKA_CONSUMER,
				rd_kafka_conf_dup(reader->conf), &reader->rk,
				err);
	}
	if (rc == 0 && !reader->topic)
		rc = client_topic(reader->rk, output->name, &reader->topic,
				  &reader->partitions, err);
	return rc;
}

int
output_last(struct output *output, const char *topic, int32_t partition,
	    int64_t *offset, uint64_t *hash, struct err *err)
{
	struct position position = {topic, partition, -1, 0};
	int32_t at = (int32_t)((unsigned)partition % output->partitions);
	int64_t begin, end, from, to, span = TAIL_RECORDS;
	rd_kafka_resp_err_t code;
	int rc;

	assert(partition >= 0);
	rc = open_reader(output, err);
	if (rc)
		return rc;
	code = ask_bounds(output, at, &begin, &end);
	if (code)
		return silent(output, at, code, err);
	for (to = end; to > begin && position.offset < 0; to = from) {
		from = end - begin > span ? end - span : begin;
		rc = read_range(output, at, from, to, &position, err);
		if (rc)
			return rc;
		span *= 10;
	}
	*offset = position.offset;
	*hash = position.hash;
	return 0;
}

uint64_t
output_hash(const void *key, size_t key_size, const void *value,
	    size_t value_size)
{
	unsigned char both[3 * sizeof(uint64_t)];

	/* The size tells where the key ends. */
	put_u64(both, key_size);
	put_u64(both + 8, key_size ? hash64(key, key_size) : 0);
	put_u64(both + 16, value_size ? hash64(value, value_size) : 0);
	return hash64(both, sizeof(both));
}

/* ---- Adding ---- */

/* What of a record fits. */
struct fit {
	size_t key_size, value_size;
	unsigned headers_len;
	size_t cost; /* memory while it waits */
};

static struct fit
fit_record(const struct output *output, const struct output_record *record)
{
	/* The room goes to our headers, the caller's, the key, the value. */
	size_t room =
	    output->record_max - OWN_HEADERS_BYTES - strlen(record->topic);
	size_t all = room;
	struct fit fit;

	for (fit.headers_len = 0; fit.headers_len < record->headers_len;
	     fit.headers_len++) {
		const struct output_header *h =
		    &record->headers[fit.headers_len];
		size_t size = strlen(h->name) + h->size + HEADER_OVERHEAD;

		if (size > room)
			break;
		room -= size;
	}
	fit.key_size = record->key_size < room ? record->key_size : room;
	room -= fit.key_size;
	fit.value_size = record->value_size < room ? record->value_size : room;
	room -= fit.value_size;
	fit.cost = all - room + OWN_HEADERS_BYTES + strlen(record->topic) +
		   QUEUED_COST +
		   (fit.headers_len + OWN_HEADERS_MAX) * QUEUED_HEADER_COST;
	return fit;
}

size_t
output_room(const struct output *output, const struct output_record *record)
{
	struct output_record full = *record;

	full.value_size = SIZE_MAX;
	return fit_record(output, &full).value_size;
}

static void
add_size(rd_kafka_headers_t *headers, const char *name, size_t size)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", size);
	rd_kafka_header_add(headers, name, -1, text, -1);
}

static uint64_t
hash_of(const struct output_record *record)
{
	return record->source_hash
		   ? record->source_hash
		   : output_hash(record->key, record->key_size, record->value,
				 record->value_size);
}

static rd_kafka_headers_t *
make_headers(const struct output_position_names *names,
	     const struct output_record *record, const struct fit *fit)
{
	rd_kafka_headers_t *headers =
	    rd_kafka_headers_new(fit->headers_len + OWN_HEADERS_MAX);
	char text[24];

	for (unsigned i = 0; i < fit->headers_len; i++) {
		const struct output_header *h = &record->headers[i];

		rd_kafka_header_add(headers, h->name, -1, h->value,
				    (ssize_t)h->size);
	}
	/* Last: the event may have brought headers of these names along. */
	rd_kafka_header_add(headers, names->topic, -1, record->topic, -1);
	add_size(headers, names->partition, (size_t)record->partition);
	add_size(headers, names->offset, (size_t)record->offset);
	snprintf(text, sizeof(text), "%016llx",
		 (unsigned long long)hash_of(record));
	rd_kafka_header_add(headers, HASH_HEADER, -1, text, -1);
	if (fit->key_size < record->key_size)
		add_size(headers, KEY_HEADER, record->key_size);
	if (fit->value_size < record->value_size)
		add_size(headers, VALUE_HEADER, record->value_size);
	return headers;
}

/* librdkafka's interface has no const; it copies. */
static void *
borrowed(const void *data)
{
	return (void *)(uintptr_t)data;
}

static rd_kafka_resp_err_t
hand_over(struct output *output, const struct output_record *record,
	  const struct fit *fit)
{
	rd_kafka_headers_t *headers = make_headers(&output->names, record, fit);
	int32_t at =
	    (int32_t)((unsigned)record->partition % output->partitions);
	const rd_kafka_vu_t message[] = {
	    {RD_KAFKA_VTYPE_RKT, {.rkt = output->topic}},
	    {RD_KAFKA_VTYPE_PARTITION, {.i32 = at}},
	    {RD_KAFKA_VTYPE_MSGFLAGS, {.i = RD_KAFKA_MSG_F_COPY}},
	    {RD_KAFKA_VTYPE_TIMESTAMP,
	     {.i64 = record->timestamp_ms > 0 ? record->timestamp_ms : 0}},
	    {RD_KAFKA_VTYPE_KEY,
	     {.mem = {borrowed(record->key), fit->key_size}}},
	    {RD_KAFKA_VTYPE_VALUE,
	     {.mem = {borrowed(record->value), fit->value_size}}},
	    {RD_KAFKA_VTYPE_HEADERS, {.headers = headers}},
	    {RD_KAFKA_VTYPE_OPAQUE, {.ptr = (void *)(uintptr_t)fit->cost}},
	};
	rd_kafka_resp_err_t code;
	rd_kafka_error_t *error;

	error = rd_kafka_produceva(output->rk, message,
				   sizeof(message) / sizeof(message[0]));
	if (!error)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	code = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	rd_kafka_headers_destroy(headers);
	return code;
}

static bool
is_cut(const struct output_record *record, const struct fit *fit)
{
	return fit->key_size < record->key_size ||
	       fit->value_size < record->value_size ||
	       fit->headers_len < record->headers_len;
}

/* As if a broker had refused it, for good. */
static void
refuse(struct output *output, const struct output_record *record)
{
	size_t size = RECORD_OVERHEAD + OWN_HEADERS_BYTES +
		      strlen(record->topic) + record->key_size +
		      record->value_size;

	for (unsigned i = 0; i < record->headers_len; i++)
		size += strlen(record->headers[i].name) +
			record->headers[i].size + HEADER_OVERHEAD;
	err_set(&output->failed, WEIR_KAFKA,
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
		"what offset %lld of partition %d of %s becomes in the output "
		"topic %s is too large for a record: set -X "
		"message.max.bytes=%zu or more, raise the topic's "
		"max.message.bytes if it is less, and start again: the output "
		"goes on where it ended",
		(long long)record->offset, (int)record->partition,
		record->topic, output->name, size);
}

/* One record always has room, however large it is. */
static bool
has_room(const struct output *output, const struct fit *fit)
{
	return output->waiting == 0 ||
	       output->waiting_bytes + fit->cost <= output->memory_bytes;
}

int
output_add(struct output *output, const struct output_record *record,
	   struct err *err)
{
	struct fit fit;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
	char why[256];

	assert(record->partition >= 0 && record->offset >= 0);
	assert(record->headers_len <= OUTPUT_HEADERS_MAX);
	assert(strlen(record->topic) < OUTPUT_SOURCE_MAX);
	close_reader(&output->reader);
	rd_kafka_poll(output->rk, 0);
	if (output->failed.code)
		return failed(output, err);
	fit = fit_record(output, record);
	if (record->whole && is_cut(record, &fit)) {
		refuse(output, record);
		return failed(output, err);
	}
	if (has_room(output, &fit))
		code = hand_over(output, record, &fit);
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return err_set(err, WEIR_FULL, code,
			       "the queue of the output %s is full: its broker "
			       "takes records more slowly than they come",
			       output->name);
	if (code == RD_KAFKA_RESP_ERR__FATAL)
		code = rd_kafka_fatal_error(output->rk, why, sizeof(why));
	else if (code)
		snprintf(why, sizeof(why), "%s", rd_kafka_err2str(code));
	if (code) {
		fail(output, code, why);
		return failed(output, err);
	}
	output->waiting++;
	output->waiting_bytes += fit.cost;
	return 0;
}

int
output_flush(struct output *output, int timeout_ms, struct err *err)
{
	rd_kafka_poll(output->rk, 0);
	/* In steps: a refusal ends the wait. */
	for (int ms = 0; output->waiting && !output->failed.code;
	     ms += FLUSH_STEP_MS) {
		if (ms >= timeout_ms)
			return err_set(err, WEIR_FULL, 0,
				       "%zu records of the output %s are not "
				       "acknowledged yet",
				       output->waiting, output->name);
		rd_kafka_flush(output->rk, timeout_ms - ms < FLUSH_STEP_MS
					       ? timeout_ms - ms
					       : FLUSH_STEP_MS);
	}
	/* Its reason should have come by now. */
	if (!output->failed.code && output->dropped)
		fail(output, output->dropped,
		     rd_kafka_err2str(output->dropped));
	if (output->failed.code)
		return failed(output, err);
	if (timeout_ms > 0)
		client_look_for_brokers(&output->shared, output->topic,
					timeout_ms < LOOK_MS ? timeout_ms
							     : LOOK_MS);
	return 0;
}
