#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "kafka/rdkafka-door.h"
#include <librdkafka/rdkafka_mock.h>

#include "kafka/embedded.h"

#define BROKER    1 /* the only one; the mock cluster numbers it so */
#define NO_LEADER -1
#define API_FETCH 1
#define REST_NS   1000000

struct embedded {
	struct kafka_shared shared;
	rd_kafka_t *rk; /* carries the cluster's thread, has no broker itself */
	rd_kafka_mock_cluster_t *cluster;
	struct embedded_topic {
		char *name;
		unsigned partitions;
	} * topics;
	unsigned topics_len;
};

int
embedded_start(const struct kafka_settings *settings, const char *topic,
	       unsigned partitions, struct embedded **out, struct err *err)
{
	struct embedded *embedded = xcalloc(1, sizeof(*embedded));
	struct kafka_settings plain = {.log = settings->log,
				       .log_ctx = settings->log_ctx};
	rd_kafka_conf_t *conf;
	int rc;

	rc = client_conf(&plain, NULL, NULL, &embedded->shared, &conf, err);
	if (rc == 0)
		rc = client_new(RD_KAFKA_PRODUCER, conf, &embedded->rk, err);
	if (rc)
		goto fail;
	embedded->cluster = rd_kafka_mock_cluster_new(embedded->rk, 1);
	if (!embedded->cluster) {
		rc = err_set(err, WEIR_KAFKA, 0,
			     "the embedded broker cannot open a loopback port");
		goto fail;
	}
	rc = embedded_topic(embedded, topic, partitions, err);
	if (rc)
		goto fail;
	*out = embedded;
	return 0;
fail:
	embedded_stop(embedded);
	return rc;
}

void
embedded_stop(struct embedded *embedded)
{
	if (!embedded)
		return;
	if (embedded->cluster)
		rd_kafka_mock_cluster_destroy(embedded->cluster);
	if (embedded->rk)
		rd_kafka_destroy(embedded->rk);
	for (unsigned i = 0; i < embedded->topics_len; i++)
		free(embedded->topics[i].name);
	free(embedded->topics);
	free(embedded);
}

/*
 * Before something is asked of the cluster's thread right after something else:
 * it reads away what woke it up behind serving it, and what woke it up
 * meanwhile with it. Then it sleeps, for up to a second, when there is no
 * traffic (librdkafka 2.0.2, rd_kafka_mock_cluster_io_poll).
 */
static void
let_it_rest(void)
{
	struct timespec pause = {0, REST_NS};

	nanosleep(&pause, NULL);
}

int
embedded_topic(struct embedded *embedded, const char *topic,
	       unsigned partitions, struct err *err)
{
	struct embedded_topic *made;
	rd_kafka_resp_err_t code;

	let_it_rest();
	code = rd_kafka_mock_topic_create(embedded->cluster, topic,
					  (int)partitions, 1);
	if (code)
		return err_set(err, WEIR_KAFKA, code,
			       "the embedded broker cannot make the topic %s: "
			       "%s",
			       topic, rd_kafka_err2str(code));
	embedded->topics =
	    xrealloc(embedded->topics,
		     (embedded->topics_len + 1) * sizeof(*embedded->topics));
	made = &embedded->topics[embedded->topics_len++];
	*made = (struct embedded_topic){xstrdup(topic), partitions};
	return 0;
}

const char *
embedded_brokers(const struct embedded *embedded)
{
	return rd_kafka_mock_cluster_bootstraps(embedded->cluster);
}

/* ---- Faults ---- */

void
embedded_slow(struct embedded *embedded, int ms)
{
	let_it_rest();
	rd_kafka_mock_broker_set_rtt(embedded->cluster, BROKER, ms);
}

void
embedded_down(struct embedded *embedded, bool down)
{
	let_it_rest();
	if (down)
		rd_kafka_mock_broker_set_down(embedded->cluster, BROKER);
	else
		rd_kafka_mock_broker_set_up(embedded->cluster, BROKER);
}

void
embedded_refuse_reads(struct embedded *embedded, unsigned fetches)
{
	rd_kafka_resp_err_t *codes = xcalloc(fetches + 1, sizeof(*codes));

	for (unsigned i = 0; i < fetches; i++)
		codes[i] = RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR;
	rd_kafka_mock_clear_request_errors(embedded->cluster, API_FETCH);
	if (fetches)
		rd_kafka_mock_push_request_errors_array(
		    embedded->cluster, API_FETCH, fetches, codes);
	free(codes);
}

void
embedded_lead(struct embedded *embedded, bool lead)
{
	for (unsigned i = 0; i < embedded->topics_len; i++)
		for (unsigned p = 0; p < embedded->topics[i].partitions; p++) {
			let_it_rest();
			rd_kafka_mock_partition_set_leader(
			    embedded->cluster, embedded->topics[i].name,
			    (int32_t)p, lead ? BROKER : NO_LEADER);
		}
}
