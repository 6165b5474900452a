/*
 * The output, on a broker of librdkafka's mock kit: the embedded one, or one of
 * the test's own where it has to fail. What is in a topic is read, and what
 * others write there is written, by plain librdkafka.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/embedded.h"
#include "kafka/output.h"
#include "check.h"

#define PARTITIONS 3
#define MEMORY     ((size_t)4 << 20)
#define TOPIC      "events.dead"
#define WAIT_MS    30000

static const struct output_position_names names = {"__connect.errors.topic",
						   "__connect.errors.partition",
						   "__connect.errors.offset"};

/* ---- A broker, and what is in its topic ---- */

struct world {
	struct embedded *embedded; /* or: */
	rd_kafka_t *carrier;
	rd_kafka_mock_cluster_t *cluster;
	struct kafka_settings settings;
	struct output *output;
};

static void
no_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	(void)level;
	(void)fac;
	(void)text;
}

static int
set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err err;

	if (embedded_start(&w->settings, "events", PARTITIONS, &w->embedded,
			   &err) ||
	    embedded_topic(w->embedded, TOPIC, PARTITIONS, &err))
		return -1;
	w->settings.brokers = xstrdup(embedded_brokers(w->embedded));
	*state = w;
	return 0;
}

static int
set_up_fragile(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	rd_kafka_conf_set_log_cb(conf, no_log);
	w->carrier = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!w->carrier)
		return -1;
	w->cluster = rd_kafka_mock_cluster_new(w->carrier, 1);
	if (!w->cluster ||
	    rd_kafka_mock_topic_create(w->cluster, TOPIC, PARTITIONS, 1))
		return -1;
	w->settings.brokers =
	    xstrdup(rd_kafka_mock_cluster_bootstraps(w->cluster));
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	output_free(w->output);
	embedded_stop(w->embedded);
	if (w->cluster)
		rd_kafka_mock_cluster_destroy(w->cluster);
	if (w->carrier)
		rd_kafka_destroy(w->carrier);
	kafka_settings_release(&w->settings);
	free(w);
	return 0;
}

static void
set(struct world *w, const char *property)
{
	struct err err;

	check_ok(kafka_settings_add(&w->settings, KAFKA_OPTION, property, &err),
		 &err);
}

/* As after a start: what was known is forgotten. */
static void
open_output(struct world *w)
{
	struct err err;

	output_free(w->output);
	w->output = NULL;
	check_ok(
	    output_new(&w->settings, TOPIC, &names, MEMORY, &w->output, &err),
	    &err);
}

static void
flush(struct world *w)
{
	struct err err;

	check_ok(output_flush(w->output, WAIT_MS, &err), &err);
}

static int64_t
last_hash(struct world *w, const char *topic, int32_t partition, uint64_t *hash)
{
	int64_t offset = -2;
	struct err err;

	check_ok(output_last(w->output, topic, partition, &offset, hash, &err),
		 &err);
	return offset;
}

static int64_t
last(struct world *w, const char *topic, int32_t partition)
{
	uint64_t hash;

	return last_hash(w, topic, partition, &hash);
}

/* A record of the source "events", with a text as value. */
static struct output_record
record(int32_t partition, int64_t offset, const char *value)
{
	struct output_record r = {
	    .topic = "events",
	    .partition = partition,
	    .offset = offset,
	    .value = value,
	    .value_size = strlen(value),
	};

	return r;
}

static void
add(struct world *w, const struct output_record *r)
{
	struct err err;

	check_ok(output_add(w->output, r, &err), &err);
}

static void
add_text(struct world *w, int32_t partition, int64_t offset, const char *value)
{
	struct output_record r = record(partition, offset, value);

	add(w, &r);
}

static rd_kafka_t *
plain_client(const struct world *w, rd_kafka_type_t type)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set_log_cb(conf, no_log);
	rd_kafka_conf_set(conf, "bootstrap.servers", w->settings.brokers, why,
			  sizeof(why));
	rd_kafka_conf_set(conf, "linger.ms", "5", why, sizeof(why));
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", why,
			  sizeof(why));
	rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", why, sizeof(why));
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	assert_non_null(rk);
	return rk;
}

/* All of a partition; each message and the array are the caller's. */
static size_t
read_all(const struct world *w, int32_t partition, rd_kafka_message_t ***out,
	 rd_kafka_t **reader)
{
	rd_kafka_message_t **messages = NULL;
	size_t len = 0, capacity = 0;
	int64_t deadline = clock_steady_ns() + WAIT_MS * INT64_C(1000000);
	rd_kafka_topic_t *topic;

	*reader = plain_client(w, RD_KAFKA_CONSUMER);
	topic = rd_kafka_topic_new(*reader, TOPIC, NULL);
	assert_int_equal(
	    rd_kafka_consume_start(topic, partition, RD_KAFKA_OFFSET_BEGINNING),
	    0);
	for (;;) {
		rd_kafka_message_t *m = rd_kafka_consume(topic, partition, 100);

		assert_true(clock_steady_ns() < deadline);
		if (!m)
			continue;
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			rd_kafka_message_destroy(m);
			break;
		}
		if (m->err) {
			rd_kafka_message_destroy(m);
			continue;
		}
		if (len == capacity) {
			capacity = capacity ? capacity * 2 : 64;
			messages =
			    xrealloc(messages, capacity * sizeof(*messages));
		}
		messages[len++] = m;
	}
	rd_kafka_consume_stop(topic, partition);
	rd_kafka_topic_destroy(topic);
	*out = messages;
	return len;
}

static void
free_all(rd_kafka_message_t **messages, size_t len, rd_kafka_t *reader)
{
	for (size_t i = 0; i < len; i++)
		rd_kafka_message_destroy(messages[i]);
	free(messages);
	rd_kafka_destroy(reader);
}

/* The header at an index, all of it: "name=value", value as text. */
static void
check_header(const rd_kafka_message_t *m, size_t i, const char *name,
	     const char *value)
{
	rd_kafka_headers_t *headers;
	const char *found;
	const void *at;
	size_t size;

	assert_int_equal(rd_kafka_message_headers(m, &headers), 0);
	assert_int_equal(
	    rd_kafka_header_get_all(headers, i, &found, &at, &size), 0);
	assert_string_equal(found, name);
	if (!value) {
		assert_null(at);
		return;
	}
	assert_int_equal(size, strlen(value));
	assert_memory_equal(at, value, size);
}

static size_t
count_headers(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers;

	assert_int_equal(rd_kafka_message_headers(m, &headers), 0);
	return rd_kafka_header_cnt(headers);
}

/* NULL: there is none. */
static const char *
find_header(const rd_kafka_message_t *m, const char *name)
{
	rd_kafka_headers_t *headers;
	const void *at;
	size_t size;

	assert_int_equal(rd_kafka_message_headers(m, &headers), 0);
	if (rd_kafka_header_get_last(headers, name, &at, &size))
		return NULL;
	return at;
}

/* What others write. */

struct foreign {
	const char *topic, *partition, *offset, *hash; /* NULL: no header */
};

static void
write_foreign(const struct world *w, int32_t partition, const struct foreign *f,
	      size_t count)
{
	rd_kafka_t *rk = plain_client(w, RD_KAFKA_PRODUCER);

	for (size_t i = 0; i < count; i++) {
		rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
		const struct {
			const char *name, *value;
		} of[] = {
		    {"__connect.errors.topic", f->topic},
		    {"__connect.errors.partition", f->partition},
		    {"__connect.errors.offset", f->offset},
		    {"weir.hash", f->hash},
		};

		for (size_t j = 0; j < 4; j++)
			if (of[j].value)
				rd_kafka_header_add(headers, of[j].name, -1,
						    of[j].value, -1);
		assert_int_equal(
		    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(TOPIC),
				      RD_KAFKA_V_PARTITION(partition),
				      RD_KAFKA_V_VALUE(NULL, 0),
				      RD_KAFKA_V_HEADERS(headers),
				      RD_KAFKA_V_END),
		    0);
	}
	assert_int_equal(rd_kafka_flush(rk, WAIT_MS), 0);
	rd_kafka_destroy(rk);
}

/* ---- What is written ---- */

static void
a_record_as_it_was_given(void **state)
{
	static const char key[] = "k\0y", value[] = "{\"a\":\0\xff}";
	static const struct output_header headers[] = {
	    {"reason", "not JSON", 8},
	    {"nothing", NULL, 0},
	    /* From a dead letter that was an event again. */
	    {"__connect.errors.offset", "77", 2},
	};
	struct world *w = *state;
	struct output_record r = {
	    .topic = "events",
	    .partition = 4, /* of a source with more of them */
	    .offset = INT64_MAX,
	    .timestamp_ms = 1735689600123,
	    .key = key,
	    .key_size = sizeof(key) - 1,
	    .value = value,
	    .value_size = sizeof(value) - 1,
	    .headers = headers,
	    .headers_len = 3,
	};
	rd_kafka_message_t **m;
	rd_kafka_timestamp_type_t type;
	rd_kafka_t *reader;
	uint64_t hash;
	char text[24];

	open_output(w);
	add(w, &r);
	flush(w);
	assert_int_equal(read_all(w, 0, &m, &reader), 0);
	free_all(m, 0, reader);
	assert_int_equal(read_all(w, 4 % PARTITIONS, &m, &reader), 1);
	assert_int_equal(m[0]->key_len, sizeof(key) - 1);
	assert_memory_equal(m[0]->key, key, sizeof(key) - 1);
	assert_int_equal(m[0]->len, sizeof(value) - 1);
	assert_memory_equal(m[0]->payload, value, sizeof(value) - 1);
	assert_int_equal(rd_kafka_message_timestamp(m[0], &type),
			 1735689600123);
	assert_int_equal(type, RD_KAFKA_TIMESTAMP_CREATE_TIME);
	assert_int_equal(count_headers(m[0]), 7);
	check_header(m[0], 0, "reason", "not JSON");
	check_header(m[0], 1, "nothing", NULL);
	check_header(m[0], 2, "__connect.errors.offset", "77");
	check_header(m[0], 3, "__connect.errors.topic", "events");
	check_header(m[0], 4, "__connect.errors.partition", "4");
	check_header(m[0], 5, "__connect.errors.offset", "9223372036854775807");
	hash = output_hash(key, sizeof(key) - 1, value, sizeof(value) - 1);
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	check_header(m[0], 6, "weir.hash", text);
	free_all(m, 1, reader);

	/* And the last header counts, not the one that came along. */
	open_output(w);
	assert_int_equal(last_hash(w, "events", 4, &hash), INT64_MAX);
	assert_int_equal(
	    hash, output_hash(key, sizeof(key) - 1, value, sizeof(value) - 1));
}

static void
null_and_empty(void **state)
{
	struct world *w = *state;
	int64_t before_ms = clock_wall_ms();
	struct output_record r = {.topic = "events", .timestamp_ms = -1};
	rd_kafka_message_t **m;
	rd_kafka_timestamp_type_t type;
	rd_kafka_t *reader;
	int64_t stamp;
	uint64_t hash;

	open_output(w);
	add(w, &r);
	r.offset = 1;
	r.key = r.value = "";
	add(w, &r);
	flush(w);
	assert_int_equal(read_all(w, 0, &m, &reader), 2);
	assert_null(m[0]->key);
	assert_null(m[0]->payload);
	stamp = rd_kafka_message_timestamp(m[0], &type);
	assert_true(stamp >= before_ms && stamp <= clock_wall_ms());
	assert_non_null(m[1]->key);
	assert_int_equal(m[1]->key_len, 0);
	assert_non_null(m[1]->payload);
	assert_int_equal(m[1]->len, 0);
	free_all(m, 2, reader);
	open_output(w);
	assert_int_equal(last_hash(w, "events", 0, &hash), 1);
	assert_int_equal(hash, output_hash(NULL, 0, NULL, 0));
}

static void
the_hash(void **state)
{
	(void)state;
	assert_int_equal(output_hash(NULL, 0, NULL, 0),
			 output_hash("", 0, "", 0));
	assert_int_equal(output_hash("ab", 2, "c", 1),
			 output_hash("abx", 2, "cx", 1));
	/* Where the key ends matters, and which of them it is. */
	assert_int_not_equal(output_hash("ab", 2, "c", 1),
			     output_hash("a", 1, "bc", 2));
	assert_int_not_equal(output_hash("a", 1, NULL, 0),
			     output_hash(NULL, 0, "a", 1));
	assert_int_not_equal(output_hash("\0", 1, NULL, 0),
			     output_hash(NULL, 0, NULL, 0));
	/* Stored: it may not change. */
	assert_int_equal(output_hash("key", 3, "value", 5),
			 UINT64_C(0x2aa031734da94f1a));
}

/* Made of an event that is still known by its own hash. */
static void
of_another_source(void **state)
{
	struct world *w = *state;
	struct output_record r = record(0, 7, "a row");
	uint64_t hash;

	r.key = "k";
	r.key_size = 1;
	r.source_hash = output_hash("k", 1, "the event", 9);
	open_output(w);
	add(w, &r);
	flush(w);
	open_output(w);
	assert_int_equal(last_hash(w, "events", 0, &hash), 7);
	assert_int_equal(hash, output_hash("k", 1, "the event", 9));
}

/* Sizes around the limit: what fits is whole, one more byte is cut. */
static void
large_values_are_cut(void **state)
{
	struct world *w = *state;
	char *data = xmalloc(2000000);
	struct output_record r = {.topic = "events", .key = "k", .key_size = 1};
	size_t largest, sizes[3];
	rd_kafka_message_t **m;
	rd_kafka_t *reader;
	uint64_t hash;

	memset(data, 'x', 2000000);
	set(w, "message.max.bytes=2000");
	open_output(w);
	r.value = data;
	r.value_size = 1000000;
	add(w, &r);
	flush(w);
	assert_int_equal(read_all(w, 0, &m, &reader), 1);
	largest = m[0]->len;
	assert_true(largest > 1400 && largest < 2000);
	assert_int_equal(output_room(w->output, &r), largest);
	assert_string_equal(find_header(m[0], "weir.value.size"), "1000000");
	assert_null(find_header(m[0], "weir.key.size"));
	free_all(m, 1, reader);
	/* The hash is the whole event's. */
	open_output(w);
	assert_int_equal(last_hash(w, "events", 0, &hash), 0);
	assert_int_equal(hash, output_hash("k", 1, data, 1000000));

	sizes[0] = largest - 1;
	sizes[1] = largest;
	sizes[2] = largest + 1;
	for (int i = 0; i < 3; i++) {
		r.offset = i + 1;
		r.value_size = sizes[i];
		add(w, &r);
	}
	flush(w);
	assert_int_equal(read_all(w, 0, &m, &reader), 4);
	assert_int_equal(m[1]->len, largest - 1);
	assert_null(find_header(m[1], "weir.value.size"));
	assert_int_equal(m[2]->len, largest);
	assert_null(find_header(m[2], "weir.value.size"));
	assert_int_equal(m[3]->len, largest);
	assert_non_null(find_header(m[3], "weir.value.size"));
	assert_int_equal(atoi(find_header(m[3], "weir.value.size")),
			 largest + 1);
	free_all(m, 4, reader);
	free(data);
}

/* librdkafka's smallest limit, and the most that can be asked of it. */
static void
everything_is_too_large(void **state)
{
	struct world *w = *state;
	char *data = xmalloc(1000000), topic[250];
	struct output_header headers[OUTPUT_HEADERS_MAX] = {{"first", "1", 1}};
	struct output_record r = {
	    .topic = topic,
	    .partition = INT32_MAX,
	    .offset = INT64_MAX,
	    .timestamp_ms = INT64_MAX / 2,
	    .key = data,
	    .key_size = 1000000,
	    .value = data,
	    .value_size = 1000000,
	    .headers = headers,
	    .headers_len = OUTPUT_HEADERS_MAX,
	};
	int32_t at = INT32_MAX % PARTITIONS;
	rd_kafka_message_t **m;
	rd_kafka_t *reader;
	uint64_t hash;

	memset(data, 'x', 1000000);
	memset(topic, 't', 249);
	topic[249] = '\0';
	for (int i = 1; i < OUTPUT_HEADERS_MAX; i++) {
		headers[i].name = "large";
		headers[i].value = data;
		headers[i].size = 500;
	}
	set(w, "message.max.bytes=1000");
	open_output(w);
	add(w, &r);
	flush(w);
	assert_int_equal(read_all(w, at, &m, &reader), 1);
	assert_true(m[0]->key_len > 100);
	assert_non_null(m[0]->payload);
	assert_int_equal(m[0]->len, 0);
	assert_int_equal(count_headers(m[0]), 7);
	check_header(m[0], 0, "first", "1");
	assert_string_equal(find_header(m[0], "weir.key.size"), "1000000");
	assert_string_equal(find_header(m[0], "weir.value.size"), "1000000");
	free_all(m, 1, reader);
	open_output(w);
	assert_int_equal(last_hash(w, topic, INT32_MAX, &hash), INT64_MAX);
	assert_int_equal(hash, output_hash(data, 1000000, data, 1000000));
	free(data);
}

/* Half an object is none: nothing of it is written, nor anything behind it. */
static void
what_must_be_whole_is_refused(void **state)
{
	struct world *w = *state;
	char *data = xmalloc(2000), wanted[64];
	struct output_record r = {
	    .topic = "events", .key = "k", .key_size = 1, .whole = true};
	rd_kafka_message_t **m;
	rd_kafka_t *reader;
	const char *said;
	struct err err;

	memset(data, 'x', 2000);
	set(w, "message.max.bytes=2000");
	open_output(w);
	r.value = data;
	r.value_size = output_room(w->output, &r);
	add(w, &r);
	flush(w);
	r.offset = 1;
	r.value_size++;
	assert_int_equal(output_add(w->output, &r, &err), WEIR_KAFKA);
	assert_non_null(strstr(err.text, "offset 1 of partition 0 of events"));
	said = strstr(err.text, "message.max.bytes=");
	assert_non_null(said);
	snprintf(wanted, sizeof(wanted), "%.*s", (int)strcspn(said, " "), said);
	assert_int_equal(output_flush(w->output, WAIT_MS, &err), WEIR_KAFKA);
	r.value_size = 1;
	assert_int_equal(output_add(w->output, &r, &err), WEIR_KAFKA);

	/* What it says is enough. */
	r.value_size = output_room(w->output, &r) + 1;
	set(w, wanted);
	open_output(w);
	assert_int_equal(last(w, "events", 0), 0);
	add(w, &r);
	flush(w);
	assert_int_equal(read_all(w, 0, &m, &reader), 2);
	assert_int_equal(m[1]->len, r.value_size);
	free_all(m, 2, reader);
	free(data);
}

/* ---- How far it has come ---- */

static void
an_empty_output(void **state)
{
	struct world *w = *state;
	uint64_t hash = 5;

	open_output(w);
	for (int32_t i = 0; i < 2 * PARTITIONS; i++) {
		assert_int_equal(last_hash(w, "events", i, &hash), -1);
		assert_int_equal(hash, 0);
	}
}

static void
several_sources(void **state)
{
	struct world *w = *state;
	struct output_record other = record(1, 900, "other");

	open_output(w);
	other.topic = "events2"; /* begins as the other one does */
	add_text(w, 1, 10, "a");
	add_text(w, 4, 40, "b"); /* in the same partition of the output */
	add(w, &other);
	add_text(w, 1, 11, "c");
	add_text(w, 4, 44, "d");
	add_text(w, 2, 20, "e");
	flush(w);
	open_output(w);
	assert_int_equal(last(w, "events", 0), -1);
	assert_int_equal(last(w, "events", 1), 11);
	assert_int_equal(last(w, "events", 4), 44);
	assert_int_equal(last(w, "events", 7), -1);
	assert_int_equal(last(w, "events", 2), 20);
	assert_int_equal(last(w, "events2", 1), 900);
	assert_int_equal(last(w, "event", 1), -1);
}

/* Of a record that is not the event itself, what counts is the event's. */
static void
the_hash_of_the_source(void **state)
{
	struct world *w = *state;
	struct output_record r = record(1, 10, "made of it");
	uint64_t hash = 0;

	open_output(w);
	r.source_hash = output_hash("key", 3, "event", 5);
	add(w, &r);
	flush(w);
	assert_int_equal(last_hash(w, "events", 1, &hash), 10);
	assert_true(hash == r.source_hash);
}

/* Positions of other names are those of others. */
static void
names_of_the_position(void **state)
{
	static const struct output_position_names mine = {
	    "my.topic", "my.partition", "my.offset"};
	struct world *w = *state;
	struct err err;

	open_output(w);
	add_text(w, 1, 10, "a");
	flush(w);
	output_free(w->output);
	w->output = NULL;
	check_ok(
	    output_new(&w->settings, TOPIC, &mine, MEMORY, &w->output, &err),
	    &err);
	assert_int_equal(last(w, "events", 1), -1);
	add_text(w, 1, 7, "b");
	flush(w);
	assert_int_equal(last(w, "events", 1), 7);
	open_output(w);
	assert_int_equal(last(w, "events", 1), 10);
}

static void
records_of_others(void **state)
{
	static const char hash[] = "00112233445566ff";
	static const struct foreign of[] = {
	    {NULL, NULL, NULL, NULL},
	    {"events", "0", "99", NULL}, /* Kafka Connect's */
	    {NULL, "0", "99", hash},
	    {"events", NULL, "99", hash},
	    {"events", "0", NULL, hash},
	    {"event", "0", "99", hash},
	    {"events\n", "0", "99", hash},
	    {"events", "1", "99", hash},
	    {"events", "00", "99", hash},
	    {"events", "-0", "99", hash},
	    {"events", "", "99", hash},
	    {"events", "4294967296", "99", hash}, /* 0 in 32 bits */
	    {"events", "0", "", hash},
	    {"events", "0", "-1", hash},
	    {"events", "0", "+99", hash},
	    {"events", "0", " 99", hash},
	    {"events", "0", "99 ", hash},
	    {"events", "0", "099", hash},
	    {"events", "0", "9x", hash},
	    {"events", "0", "9.9", hash},
	    {"events", "0", "9223372036854775808", hash},
	    {"events", "0", "99999999999999999999999999", hash},
	    {"events", "0", "99", ""},
	    {"events", "0", "99", "0123456789abcdeg"},
	    {"events", "0", "99", "0123456789ABCDEF"},
	    {"events", "0", "99", "0123456789abcde"},
	    {"events", "0", "99", "0123456789abcdef0"},
	};
	static const struct foreign as_ours = {"events", "0", "99", hash};
	struct world *w = *state;
	uint64_t found;

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		write_foreign(w, 0, &of[i], 1);
	open_output(w);
	assert_int_equal(last(w, "events", 0), -1);
	add_text(w, 0, 7, "x");
	flush(w);
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		write_foreign(w, 0, &of[i], 1);
	open_output(w);
	assert_int_equal(last_hash(w, "events", 0, &found), 7);
	assert_int_equal(found, output_hash(NULL, 0, "x", 1));
	/* What all of these were not. */
	write_foreign(w, 0, &as_ours, 1);
	assert_int_equal(last_hash(w, "events", 0, &found), 99);
	assert_int_equal(found, UINT64_C(0x00112233445566ff));
}

/* Behind, and before, more records of others than are looked at at once. */
static void
far_from_the_end(void **state)
{
	static const struct foreign f = {"events", "3", "5",
					 "0123456789abcdef"};
	struct world *w = *state;

	/* A queue that is full now and then. */
	set(w, "queued.max.messages.kbytes=1");
	write_foreign(w, 0, &f, 1500);
	open_output(w);
	assert_int_equal(last(w, "events", 0), -1);
	add_text(w, 0, 1, "x");
	add_text(w, 0, 2, "x");
	flush(w);
	write_foreign(w, 0, &f, 2500);
	open_output(w);
	assert_int_equal(last(w, "events", 0), 2);
	assert_int_equal(last(w, "events", 6), -1);
}

/* At the borders of what is read in one go: 100, 1000, ... from the end. */
static void
borders_of_the_tail(void **state)
{
	static const struct foreign f = {NULL, NULL, NULL, NULL};
	static const size_t behind[] = {0, 98, 99, 100, 101, 998, 999, 1000};
	struct world *w = *state;
	size_t there = 0;

	open_output(w);
	add_text(w, 0, 1, "x");
	flush(w);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		if (behind[i] > there)
			write_foreign(w, 0, &f, behind[i] - there);
		there = behind[i];
		open_output(w);
		assert_int_equal(last(w, "events", 0), 1);
	}
}

/*
 * What the whole is for. Of 100 events the output has all, the store knows the
 * first half; then the rest of 200 comes.
 */
static void
each_exactly_once(void **state)
{
	struct world *w = *state;
	rd_kafka_message_t **m;
	rd_kafka_t *reader;
	int64_t came_to, committed = 49;
	char text[24];

	open_output(w);
	for (int64_t i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "event %d", (int)i);
		add_text(w, 1, i, text);
	}
	flush(w);
	open_output(w);
	came_to = last(w, "events", 1);
	assert_int_equal(came_to, 99);
	for (int64_t i = committed + 1; i < 200; i++) {
		snprintf(text, sizeof(text), "event %d", (int)i);
		if (i > came_to)
			add_text(w, 1, i, text);
	}
	flush(w);
	assert_int_equal(read_all(w, 1, &m, &reader), 200);
	for (int64_t i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "event %d", (int)i);
		assert_int_equal(m[i]->len, strlen(text));
		assert_memory_equal(m[i]->payload, text, strlen(text));
		assert_int_equal(
		    atoi(find_header(m[i], "__connect.errors.offset")), i);
	}
	free_all(m, 200, reader);
}

/* ---- Bounds ---- */

/* Adds until there is no room; returns how many there were. */
static int64_t
fill(struct world *w, int64_t from, const char *value)
{
	for (int64_t i = from; i < from + 100000; i++) {
		struct output_record r = record(0, i, value);
		struct err err;
		int rc = output_add(w->output, &r, &err);

		if (rc == WEIR_FULL)
			return i;
		check_ok(rc, &err);
	}
	fail_msg("the queue has no bound");
	return -1;
}

static void
check_in_order(struct world *w, int64_t count)
{
	rd_kafka_message_t **m;
	rd_kafka_t *reader;

	assert_int_equal(read_all(w, 0, &m, &reader), count);
	for (int64_t i = 0; i < count; i++)
		assert_int_equal(
		    atoi(find_header(m[i], "__connect.errors.offset")), i);
	free_all(m, (size_t)count, reader);
}

static void
a_full_queue(void **state)
{
	struct world *w = *state;
	int64_t first, second;
	struct err err;

	/* Nothing leaves before it is flushed. */
	set(w, "linger.ms=900000");
	set(w, "queue.buffering.max.messages=10");
	open_output(w);
	first = fill(w, 0, "x");
	assert_int_equal(first, 10);
	assert_int_equal(output_flush(w->output, 0, &err), WEIR_FULL);
	flush(w);
	second = fill(w, first, "x");
	assert_int_equal(second, 20);
	flush(w);
	check_in_order(w, second);
}

static void
memory_is_bounded(void **state)
{
	struct world *w = *state;
	char *key = xmalloc(500000);
	struct output_record r = record(0, 0, "small");
	struct err err;
	int64_t len = 0;
	int rc;

	open_output(w);
	memset(key, 'k', 500000);
	/* Keys, which librdkafka's own bound does not see. */
	r.key = key;
	r.key_size = 500000;
	for (int i = 0; i < 2; i++) {
		/* What was reported is free again. */
		rd_kafka_mock_broker_set_down(w->cluster, 1);
		for (len = 0; (rc = output_add(w->output, &r, &err)) == 0;
		     len++)
			r.offset++;
		assert_int_equal(rc, WEIR_FULL);
		assert_int_equal(len, MEMORY / 501000);
		rd_kafka_mock_broker_set_up(w->cluster, 1);
		flush(w);
	}
	/* Small ones cost more than their bytes. */
	rd_kafka_mock_broker_set_down(w->cluster, 1);
	len = fill(w, r.offset, "x") - r.offset;
	assert_true(len > 1000 && len < (int64_t)(MEMORY / 512));
	rd_kafka_mock_broker_set_up(w->cluster, 1);
	flush(w);
	/* One always has room. */
	output_free(w->output);
	w->output = NULL;
	check_ok(
	    output_new(&w->settings, TOPIC, &names, 1000, &w->output, &err),
	    &err);
	rd_kafka_mock_broker_set_down(w->cluster, 1);
	add(w, &r);
	assert_int_equal(output_add(w->output, &r, &err), WEIR_FULL);
	rd_kafka_mock_broker_set_up(w->cluster, 1);
	flush(w);
	add(w, &r);
	flush(w);
	free(key);
}

static void
free_with_records_waiting(void **state)
{
	struct world *w = *state;
	rd_kafka_message_t **m;
	rd_kafka_t *reader;

	set(w, "linger.ms=900000");
	open_output(w);
	for (int64_t i = 0; i < 100; i++)
		add_text(w, 0, i, "x");
	output_free(w->output);
	w->output = NULL;
	assert_int_equal(read_all(w, 0, &m, &reader), 0);
	free_all(m, 0, reader);
}

/* ---- Brokers that fail ---- */

static void
no_such_topic(void **state)
{
	struct world *w = *state;
	struct err err;

	rd_kafka_mock_topic_set_error(w->cluster, TOPIC,
				      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(
	    output_new(&w->settings, TOPIC, &names, MEMORY, &w->output, &err),
	    WEIR_NOT_FOUND);
	assert_null(w->output);
}

/* Neither time nor the user's settings make it give up. */
static void
a_broker_that_comes_back(void **state)
{
	struct world *w = *state;
	int64_t deadline;
	struct err err;

	set(w, "message.timeout.ms=300");
	set(w, "enable.idempotence=false");
	set(w, "reconnect.backoff.max.ms=100");
	open_output(w);
	for (int64_t i = 0; i < 10; i++)
		add_text(w, 0, i, "x");
	flush(w);
	rd_kafka_mock_broker_set_down(w->cluster, 1);
	for (int64_t i = 10; i < 20; i++)
		add_text(w, 0, i, "x");
	assert_int_equal(output_flush(w->output, 3000, &err), WEIR_FULL);
	assert_true(output_disconnected(w->output));
	rd_kafka_mock_broker_set_up(w->cluster, 1);
	flush(w);
	assert_false(output_disconnected(w->output));
	check_in_order(w, 20);

	/* And when nothing waits that would tell. */
	rd_kafka_mock_broker_set_down(w->cluster, 1);
	deadline = clock_steady_ns() + WAIT_MS * INT64_C(1000000);
	while (!output_disconnected(w->output)) {
		flush(w);
		assert_true(clock_steady_ns() < deadline);
	}
	rd_kafka_mock_broker_set_up(w->cluster, 1);
	while (output_disconnected(w->output)) {
		flush(w);
		assert_true(clock_steady_ns() < deadline);
	}
}

/* Errors that pass: each record once, in order. */
static void
a_broker_that_stumbles(void **state)
{
	struct world *w = *state;

	set(w, "retry.backoff.ms=10");
	open_output(w);
	rd_kafka_mock_push_request_errors(
	    w->cluster, 0 /* Produce */, 3,
	    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
	    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
	    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
	for (int64_t i = 0; i < 100; i++)
		add_text(w, 0, i, "x");
	flush(w);
	check_in_order(w, 100);
}

/* Nothing may come behind a gap. */
static void
a_record_is_refused(void **state)
{
	struct world *w = *state;
	struct output_record r = record(0, 2, "third");
	struct err err, again;

	set(w, "enable.gapless.guarantee=false");
	open_output(w);
	add_text(w, 0, 0, "first");
	flush(w);
	rd_kafka_mock_push_request_errors(
	    w->cluster, 0 /* Produce */, 1,
	    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	add_text(w, 0, 1, "second");
	assert_int_equal(output_flush(w->output, WAIT_MS, &err), WEIR_KAFKA);
	assert_int_equal(err.foreign,
			 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_non_null(strstr(err.text, TOPIC));
	/* It stays so, though the broker would take it now. */
	assert_int_equal(output_add(w->output, &r, &again), WEIR_KAFKA);
	assert_string_equal(again.text, err.text);
	assert_int_equal(output_flush(w->output, 1000, &again), WEIR_KAFKA);
	assert_string_equal(again.text, err.text);
	/* Until it is opened again. */
	open_output(w);
	assert_int_equal(last(w, "events", 0), 0);
	add_text(w, 0, 1, "second");
	add_text(w, 0, 2, "third");
	flush(w);
	check_in_order(w, 3);
}

/* Nor what was queued already, in another batch. */
static void
a_record_is_refused_before_others(void **state)
{
	struct world *w = *state;
	int64_t deadline = clock_steady_ns() + WAIT_MS * INT64_C(1000000);
	rd_kafka_message_t **m;
	rd_kafka_t *reader;
	struct err err;
	size_t len;
	int rc;

	set(w, "enable.gapless.guarantee=false");
	set(w, "batch.num.messages=1");
	set(w, "max.in.flight=1");
	set(w, "linger.ms=900000");
	open_output(w);
	rd_kafka_mock_push_request_errors(w->cluster, 0 /* Produce */, 1,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	for (int64_t i = 0; i < 10; i++)
		add_text(w, 0, i, "x");
	do {
		rc = output_flush(w->output, 100, &err);
		assert_true(clock_steady_ns() < deadline);
	} while (rc == WEIR_FULL);
	assert_int_equal(rc, WEIR_KAFKA);
	assert_non_null(strstr(err.text, "message.max.bytes"));
	output_free(w->output);
	w->output = NULL;
	/*
	 * One request may be on its way by then; a real broker refuses it for
	 * its sequence number, which this one does not look at.
	 */
	len = read_all(w, 0, &m, &reader);
	assert_true(len <= 1);
	free_all(m, len, reader);
}

/* Takes 10 s: that is what is looked at. */
static void
a_silent_broker_ends_the_search(void **state)
{
	struct world *w = *state;
	int64_t offset = 5, began;
	uint64_t hash;
	struct err err;

	set(w, "reconnect.backoff.max.ms=100");
	open_output(w);
	assert_int_equal(last(w, "events", 0), -1);
	rd_kafka_mock_broker_set_down(w->cluster, 1);
	began = clock_steady_ns();
	assert_int_equal(
	    output_last(w->output, "events", 0, &offset, &hash, &err),
	    WEIR_KAFKA);
	assert_int_equal(offset, 5);
	assert_true(clock_steady_ns() - began < 12 * INT64_C(1000000000));
	rd_kafka_mock_broker_set_up(w->cluster, 1);
	assert_int_equal(last(w, "events", 0), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define FRAGILE(name)                                                          \
	cmocka_unit_test_setup_teardown(name, set_up_fragile, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_record_as_it_was_given),
	    TEST(null_and_empty),
	    cmocka_unit_test(the_hash),
	    TEST(of_another_source),
	    TEST(large_values_are_cut),
	    TEST(what_must_be_whole_is_refused),
	    TEST(everything_is_too_large),
	    TEST(an_empty_output),
	    TEST(several_sources),
	    TEST(the_hash_of_the_source),
	    TEST(names_of_the_position),
	    TEST(records_of_others),
	    TEST(far_from_the_end),
	    TEST(borders_of_the_tail),
	    TEST(each_exactly_once),
	    TEST(a_full_queue),
	    FRAGILE(memory_is_bounded),
	    TEST(free_with_records_waiting),
	    FRAGILE(no_such_topic),
	    FRAGILE(a_broker_that_comes_back),
	    FRAGILE(a_broker_that_stumbles),
	    FRAGILE(a_record_is_refused),
	    FRAGILE(a_record_is_refused_before_others),
	    FRAGILE(a_silent_broker_ends_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
