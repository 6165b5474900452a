/*
 * What the files of this folder share; nobody else includes it, since it
 * includes rdkafka.h.
 */
#ifndef WEIR_KAFKA_RDKAFKA_DOOR_H
#define WEIR_KAFKA_RDKAFKA_DOOR_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "kafka/client.h"
#include "kafka/problem.h"

struct kafka_default {
	const char *name;
	const char *value;
};

/*
 * The state of a client that callbacks write and any thread reads. Zeroed
 * before its first use; needs no release.
 */
struct kafka_shared {
	void (*log)(void *ctx, int level, const char *text);
	void *log_ctx;
	bool debug; /* nothing is left out of the log */
	rd_kafka_t *rk;
	int64_t looked_ns;             /* client_look_for_brokers()'s */
	char brokers[256], topic[256]; /* for sentences */
	_Atomic int disconnected;      /* no broker can be reached */
	_Atomic int hushed;            /* log nothing any more */
	_Atomic int answered;          /* a broker has answered once */
	_Atomic int doubtful;          /* LEADER_UNAVAILABLE was logged */
	_Atomic int troubled;          /* there is a problem: look below */
	bool has_lock;
	pthread_mutex_t lock;   /* of what follows */
	struct problem problem; /* the last one; text "": none */
	bool refused;           /* the problem is that we may not */
	bool fatal;             /* the client cannot be used any more */
};

/*
 * What librdkafka logs, with debug=topic, in the thread that fetches, when a
 * broker says that it does not have a partition (any more): before anything is
 * fetched of another one of the same name. Nothing else tells.
 */
#define LEADER_UNAVAILABLE "LEADERUA"

/*
 * A configuration: weir's defaults (up to a NULL name), then the user's
 * settings, then what they may not change since counting right depends on it
 * (likewise; NULL: nothing). `opaque` comes back in callbacks, and must begin
 * with a struct kafka_shared. Errors go to client_problem().
 */
int client_conf(const struct kafka_settings *settings,
		const struct kafka_default *defaults,
		const struct kafka_default *musts, void *opaque,
		rd_kafka_conf_t **conf, struct err *err);

/* What those must have who read from an offset that they know, and no other. */
extern const struct kafka_default client_exact[];

/*
 * librdkafka reports an error: of an error callback, an error event, or a
 * message that was not delivered. What means nothing to people is left out; a
 * broker that cannot be reached while others can is no problem. Any thread.
 */
void client_problem(struct kafka_shared *shared, int code, const char *reason);
/* What is wrong now, as a sentence; false and "" when nothing is. */
bool client_said(struct kafka_shared *shared, char *to, size_t size);
/* A broker answers, or has taken or given messages. Cheap when all was well. */
void client_recovered(struct kafka_shared *shared);
/* Whether the cluster, or a fatal error, keeps this client from writing. */
bool client_refused(struct kafka_shared *shared);

/* Of a topic that was just made, or a leader that moves: ask again. */
bool client_passes(int code);

/*
 * Asks for a topic (NULL: only whether a broker is there): what the client
 * knows of its partitions and leaders is then new. False: no answer.
 */
bool client_ask(rd_kafka_t *rk, rd_kafka_topic_t *topic, int timeout_ms);
/*
 * While no broker can be reached, for who has nothing under way that would tell
 * when one is back: asks, once a second. One thread.
 */
void client_look_for_brokers(struct kafka_shared *shared,
			     rd_kafka_topic_t *topic, int timeout_ms);

/* Takes conf. */
int client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
	       struct err *err);

/*
 * Opens a topic and asks for its number of partitions; WEIR_NOT_FOUND when
 * there is none. Waits up to 10 s for a broker, not for what does not end by
 * itself, as a wrong password, and serves callbacks meanwhile. What it opens is
 * then known to the client with its leaders: a handle that is not asked for
 * waits up to a second for them.
 */
int client_topic(rd_kafka_t *rk, const char *name, rd_kafka_topic_t **topic,
		 unsigned *partitions, struct err *err);

#endif
