#include <stdlib.h>

#include "base/alloc.h"
#include "kafka/rdkafka-door.h"
#include <librdkafka/rdkafka_mock.h>

#include "kafka/embedded.h"

struct embedded {
	struct kafka_shared shared;
	rd_kafka_t *rk; /* carries the cluster's thread, has no broker itself */
	rd_kafka_mock_cluster_t *cluster;
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
	free(embedded);
}

int
embedded_topic(struct embedded *embedded, const char *topic,
	       unsigned partitions, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(
	    embedded->cluster, topic, (int)partitions, 1);

	if (code)
		return err_set(err, WEIR_KAFKA, code,
			       "the embedded broker cannot make the topic %s: "
			       "%s",
			       topic, rd_kafka_err2str(code));
	return 0;
}

const char *
embedded_brokers(const struct embedded *embedded)
{
	return rd_kafka_mock_cluster_bootstraps(embedded->cluster);
}
