/*
 * Plain librdkafka, reading a topic that is full: what weir's reading of it is
 * measured against. The settings are those of src/kafka/consumer.c at --memory
 * 256M, and nothing is done with what comes.
 *
 *   consume BROKERS TOPIC PARTITIONS EVENTS      until so many were read
 *   consume -t BROKERS TOPIC PARTITIONS EVENTS   the same, and of each event on
 *                                                standard output: partition,
 *                                                offset, its "timestamp"
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKE   4096
#define MEMORY (256 << 20)

static void
die(const char *what)
{
	fprintf(stderr, "consume: %s\n", what);
	exit(1);
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) !=
	    RD_KAFKA_CONF_OK)
		die(why);
}

static void
print_time(const rd_kafka_message_t *message)
{
	static const char name[] = "\"timestamp\":";
	const char *at =
	    memmem(message->payload, message->len, name, sizeof(name) - 1);
	/* A brace follows the number. */
	if (at)
		printf("%d %lld %lld\n", (int)message->partition,
		       (long long)message->offset,
		       strtoll(at + sizeof(name) - 1, NULL, 10));
}

int
main(int argc, char **argv)
{
	static rd_kafka_message_t *taken[TAKE];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool times = argc > 1 && strcmp(argv[1], "-t") == 0;
	char kbytes[24], why[256];
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	long long events, seen = 0;
	rd_kafka_t *rk;
	int partitions;

	if (argc - times != 5)
		die("usage: consume [-t] BROKERS TOPIC PARTITIONS EVENTS");
	argv += times;
	partitions = atoi(argv[3]);
	events = atoll(argv[4]);
	if (partitions < 1 || events < 1)
		die("PARTITIONS and EVENTS are numbers from 1 on");
	snprintf(kbytes, sizeof(kbytes), "%d",
		 MEMORY / 4 / partitions / 4 / 1024);
	set(conf, "bootstrap.servers", argv[1]);
	set(conf, "fetch.wait.max.ms", "100");
	set(conf, "fetch.error.backoff.ms", "100");
	set(conf, "queued.min.messages", "10000000");
	set(conf, "queued.max.messages.kbytes", kbytes);
	set(conf, "fetch.message.max.bytes", "1048576");
	set(conf, "enable.auto.commit", "false");
	set(conf, "enable.partition.eof", "true");
	set(conf, "auto.offset.reset", "earliest");
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!rk)
		die(why);
	topic = rd_kafka_topic_new(rk, argv[2], NULL);
	queue = rd_kafka_queue_new(rk);
	for (int i = 0; i < partitions; i++)
		rd_kafka_consume_start_queue(topic, i,
					     RD_KAFKA_OFFSET_BEGINNING, queue);
	while (seen < events) {
		ssize_t n =
		    rd_kafka_consume_batch_queue(queue, 20, taken, TAKE);

		for (ssize_t i = 0; i < n; i++) {
			if (!taken[i]->err) {
				if (times)
					print_time(taken[i]);
				seen++;
			} else if (taken[i]->err !=
				   RD_KAFKA_RESP_ERR__PARTITION_EOF) {
				die(rd_kafka_message_errstr(taken[i]));
			}
			rd_kafka_message_destroy(taken[i]);
		}
	}
	fflush(stdout);
	/* What is measured is done. */
	_Exit(0);
}
