/*
 * A broker for tests, which can be slow or away: librdkafka's mock cluster.
 *
 *   mock TOPIC PARTITIONS [RTT_MS]
 *
 * Prints its address and serves until standard input ends. Lines on it change
 * what it does, and are printed again when they are in force:
 *
 *   rtt MS    each answer is held back for so long
 *   down      no connection is left, and none can be made
 *   up        all is well again
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROKER 1 /* the only one */

static rd_kafka_mock_cluster_t *cluster;

static void
die(const char *what)
{
	fprintf(stderr, "mock: %s\n", what);
	exit(1);
}

static int
obey(const char *line)
{
	int ms;

	if (sscanf(line, "rtt %d", &ms) == 1)
		return (int)rd_kafka_mock_broker_set_rtt(cluster, BROKER, ms);
	if (strcmp(line, "down\n") == 0)
		return (int)rd_kafka_mock_broker_set_down(cluster, BROKER);
	if (strcmp(line, "up\n") == 0)
		return (int)rd_kafka_mock_broker_set_up(cluster, BROKER);
	return -1;
}

int
main(int argc, char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char line[64], why[256];
	rd_kafka_t *rk;

	if (argc < 3 || argc > 4 || atoi(argv[2]) < 1)
		die("usage: mock TOPIC PARTITIONS [RTT_MS]");
	/* The client that carries the cluster has no broker, on purpose. */
	rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk)
		die(why);
	cluster = rd_kafka_mock_cluster_new(rk, 1);
	if (!cluster)
		die("cannot open a loopback port");
	if (rd_kafka_mock_topic_create(cluster, argv[1], atoi(argv[2]), 1))
		die("cannot make the topic");
	if (argc == 4)
		rd_kafka_mock_broker_set_rtt(cluster, BROKER, atoi(argv[3]));
	puts(rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (obey(line))
			die("rtt MS, down or up");
		fputs(line, stdout);
		fflush(stdout);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return 0;
}
