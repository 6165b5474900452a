#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "kafka/rdkafka-door.h"
#include "kafka/sender.h"

#define STEP_MS 50

struct sender {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	char *name;
	bool reported;
	rd_kafka_resp_err_t result;
};

/* From rd_kafka_poll(), in the owner's thread. */
static void
on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct sender *sender = opaque;

	(void)rk;
	sender->reported = true;
	sender->result = message->err;
	if (!message->err)
		client_recovered(&sender->shared);
}

static void
on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct sender *sender = opaque;

	(void)rk;
	client_problem(&sender->shared, code, reason);
}

int
sender_new(const struct kafka_settings *settings, const char *topic,
	   struct sender **out, struct err *err)
{
	static const struct kafka_default defaults[] = {
	    {"linger.ms", "0"},
	    {NULL, NULL},
	};
	/* Given back after that long, to be tried again by who sends. */
	static const struct kafka_default musts[] = {
	    {"message.timeout.ms", "10000"},
	    {NULL, NULL},
	};
	struct sender *sender = xcalloc(1, sizeof(*sender));
	rd_kafka_conf_t *conf;
	unsigned partitions;
	int rc;

	sender->name = xstrdup(topic);
	rc = client_conf(settings, defaults, musts, sender, &conf, err);
	if (rc == 0) {
		rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
		rd_kafka_conf_set_error_cb(conf, on_error);
		rc = client_new(RD_KAFKA_PRODUCER, conf, &sender->rk, err);
	}
	if (rc == 0)
		rc = client_topic(sender->rk, topic, &sender->topic,
				  &partitions, err);
	if (rc)
		sender_free(sender);
	else
		*out = sender;
	return rc;
}

void
sender_free(struct sender *sender)
{
	if (!sender)
		return;
	if (sender->rk)
		rd_kafka_purge(sender->rk, RD_KAFKA_PURGE_F_QUEUE |
					       RD_KAFKA_PURGE_F_INFLIGHT);
	if (sender->topic)
		rd_kafka_topic_destroy(sender->topic);
	if (sender->rk) {
		rd_kafka_poll(sender->rk, 0);
		rd_kafka_destroy(sender->rk);
	}
	free(sender->name);
	free(sender);
}

int
sender_send(struct sender *sender, const void *key, size_t key_size,
	    const void *value, size_t value_size, const _Atomic bool *hurry,
	    struct err *err)
{
	rd_kafka_resp_err_t code;
	union {
		const void *in;
		void *out;
	} copied = {.in = value}; /* by RD_KAFKA_MSG_F_COPY */

	sender->reported = false;
	if (rd_kafka_produce(sender->topic, RD_KAFKA_PARTITION_UA,
			     RD_KAFKA_MSG_F_COPY, copied.out, value_size, key,
			     key_size, NULL) == 0) {
		while (!sender->reported && !atomic_load(hurry))
			rd_kafka_poll(sender->rk, STEP_MS);
		code = sender->reported ? sender->result
					: RD_KAFKA_RESP_ERR__TIMED_OUT;
	} else {
		code = rd_kafka_last_error();
	}
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	if (client_passes(code) || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
	    code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
	    code == RD_KAFKA_RESP_ERR__TRANSPORT ||
	    code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
	    code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return err_set(err, WEIR_FULL, code,
			       "the topic of alerts, %s, takes none at the "
			       "moment: %s",
			       sender->name, rd_kafka_err2str(code));
	return err_set(err, WEIR_KAFKA, code,
		       "the topic of alerts, %s, refuses one: %s", sender->name,
		       rd_kafka_err2str(code));
}
