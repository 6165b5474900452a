/*
 * The transport alone: the same bytes through the same embedded broker with
 * plain librdkafka, produced and consumed in one process, and nothing done with
 * them. What weir reaches is measured against this (tests/bench/run).
 *
 *   plain EVENTS PARTITIONS < lines
 *
 * Lines are read once and produced in turn until EVENTS are written, each with
 * its first string value as the key, to the partitions in turn. Settings are
 * those of src/kafka/; like weir, the producer holds back when the consumer is
 * HOLD_BACK bytes of a partition behind, since the broker forgets the rest.
 *
 * Prints: events per second, and CPU nanoseconds per event.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define TOPIC     "plain"
#define BATCH     512
#define TAKE      4096
#define HOLD_BACK (5 << 19)
#define MAX_PARTS 64

struct shared {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	char **lines;
	size_t *sizes;
	char **keys; /* inside of the lines */
	size_t *key_sizes;
	size_t lines_len;
	long events;
	int partitions;
	_Atomic long written[MAX_PARTS], read[MAX_PARTS];
	_Atomic long delivered;
};

static void
die(const char *what)
{
	fprintf(stderr, "plain: %s\n", what);
	exit(1);
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static rd_kafka_t *
client(rd_kafka_type_t type, const char *const *settings, void *opaque,
       void (*on_event)(rd_kafka_t *, rd_kafka_event_t *, void *))
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_t *rk;

	for (; settings && settings[0]; settings += 2)
		if (rd_kafka_conf_set(conf, settings[0], settings[1], why,
				      sizeof(why)) != RD_KAFKA_CONF_OK)
			die(why);
	/* Warnings and worse: the broker's client has no address, on purpose.
	 */
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);
	rd_kafka_conf_set_opaque(conf, opaque);
	if (on_event) {
		rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
		rd_kafka_conf_set_background_event_cb(conf, on_event);
	}
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		die(why);
	return rk;
}

static void
on_event(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque)
{
	struct shared *shared = opaque;

	(void)rk;
	if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
		shared->delivered += (long)rd_kafka_event_message_count(event);
	rd_kafka_event_destroy(event);
}

static void *
produce(void *arg)
{
	struct shared *shared = arg;
	rd_kafka_message_t batch[BATCH];
	size_t line = 0;
	int partition = 0;

	for (long left = shared->events; left > 0;) {
		int n = left < BATCH ? (int)left : BATCH;
		long bytes = 0;

		while (shared->written[partition] - shared->read[partition] >
		       HOLD_BACK) {
			struct timespec pause = {0, 1000000};

			nanosleep(&pause, NULL);
		}
		for (int i = 0; i < n; i++) {
			memset(&batch[i], 0, sizeof(batch[i]));
			batch[i].payload = shared->lines[line];
			batch[i].len = shared->sizes[line];
			batch[i].key = shared->keys[line];
			batch[i].key_len = shared->key_sizes[line];
			bytes += (long)(batch[i].len + batch[i].key_len) + 16;
			line = line + 1 < shared->lines_len ? line + 1 : 0;
		}
		shared->written[partition] += bytes;
		for (int sent = 0; sent < n;) {
			sent += rd_kafka_produce_batch(shared->topic, partition,
						       RD_KAFKA_MSG_F_COPY,
						       batch + sent, n - sent);
			if (sent < n) {
				struct timespec pause = {0, 1000000};

				nanosleep(&pause, NULL);
			}
		}
		left -= n;
		partition = (partition + 1) % shared->partitions;
	}
	return NULL;
}

static void
read_lines(struct shared *shared)
{
	size_t capacity = 0, room = 0;
	char *line = NULL, *copy, *key;
	ssize_t size;

	while ((size = getline(&line, &room, stdin)) > 0) {
		if (line[size - 1] == '\n')
			size--;
		if (shared->lines_len == capacity) {
			capacity = capacity ? capacity * 2 : 1024;
			shared->lines = realloc(
			    shared->lines, capacity * sizeof(*shared->lines));
			shared->sizes = realloc(
			    shared->sizes, capacity * sizeof(*shared->sizes));
			shared->keys = realloc(
			    shared->keys, capacity * sizeof(*shared->keys));
			shared->key_sizes =
			    realloc(shared->key_sizes,
				    capacity * sizeof(*shared->key_sizes));
			if (!shared->lines || !shared->sizes || !shared->keys ||
			    !shared->key_sizes)
				die("out of memory");
		}
		line[size] = '\0';
		copy = strdup(line);
		if (!copy)
			die("out of memory");
		key = strstr(copy, ":\"");
		shared->lines[shared->lines_len] = copy;
		shared->sizes[shared->lines_len] = (size_t)size;
		shared->keys[shared->lines_len] = key ? key + 2 : copy;
		shared->key_sizes[shared->lines_len] =
		    key ? strcspn(key + 2, "\"") : 0;
		shared->lines_len++;
	}
	free(line);
	if (shared->lines_len == 0)
		die("no lines on stdin");
}

int
main(int argc, char **argv)
{
	static struct shared shared;
	static rd_kafka_message_t *taken[TAKE];
	char brokers[256];
	const char *const producing[] = {"bootstrap.servers",
					 brokers,
					 "enable.idempotence",
					 "true",
					 "linger.ms",
					 "20",
					 "batch.num.messages",
					 "10000",
					 "queue.buffering.max.messages",
					 "65536",
					 NULL};
	const char *const consuming[] = {"bootstrap.servers",
					 brokers,
					 "fetch.wait.max.ms",
					 "10",
					 "queued.min.messages",
					 "10000000",
					 NULL};
	rd_kafka_t *broker, *consumer;
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue, *from, *to;
	struct rusage usage;
	pthread_t thread;
	double began, wall, cpu;
	long seen = 0;

	if (argc != 3)
		die("usage: plain EVENTS PARTITIONS < lines");
	shared.events = atol(argv[1]);
	shared.partitions = atoi(argv[2]);
	if (shared.events < 1 || shared.partitions < 1 ||
	    shared.partitions > MAX_PARTS)
		die("EVENTS and PARTITIONS are numbers from 1 on");
	read_lines(&shared);
	broker = client(RD_KAFKA_PRODUCER, NULL, NULL, NULL);
	cluster = rd_kafka_mock_cluster_new(broker, 1);
	rd_kafka_mock_topic_create(cluster, TOPIC, shared.partitions, 1);
	snprintf(brokers, sizeof(brokers), "%s",
		 rd_kafka_mock_cluster_bootstraps(cluster));
	shared.rk = client(RD_KAFKA_PRODUCER, producing, &shared, on_event);
	from = rd_kafka_queue_get_main(shared.rk);
	to = rd_kafka_queue_get_background(shared.rk);
	rd_kafka_queue_forward(from, to);
	shared.topic = rd_kafka_topic_new(shared.rk, TOPIC, NULL);
	consumer = client(RD_KAFKA_CONSUMER, consuming, NULL, NULL);
	topic = rd_kafka_topic_new(consumer, TOPIC, NULL);
	queue = rd_kafka_queue_new(consumer);
	for (int i = 0; i < shared.partitions; i++)
		rd_kafka_consume_start_queue(topic, i, 0, queue);

	getrusage(RUSAGE_SELF, &usage);
	cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	began = now_s();
	pthread_create(&thread, NULL, produce, &shared);
	while (seen < shared.events) {
		ssize_t n =
		    rd_kafka_consume_batch_queue(queue, 100, taken, TAKE);

		for (ssize_t i = 0; i < n; i++) {
			if (!taken[i]->err) {
				shared.read[taken[i]->partition] +=
				    (long)(taken[i]->len + taken[i]->key_len) +
				    16;
				seen++;
			}
			rd_kafka_message_destroy(taken[i]);
		}
	}
	wall = now_s() - began;
	pthread_join(thread, NULL);
	getrusage(RUSAGE_SELF, &usage);
	cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	      (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6 -
	      cpu;
	printf("%.0f %.0f\n", (double)shared.events / wall,
	       cpu * 1e9 / (double)shared.events);
	fflush(stdout);
	/* What is measured is done; the broker would take a second to stop. */
	_exit(0);
}
