/*
 * The assignment: which partitions this weir is to read.
 *
 * Without a group, all partitions of the topics named; a thread of its own
 * looks now and then whether there are new ones. In a consumer group, those
 * that the group gives it, by Kafka's own protocol: membership alone; what is
 * read, and where it begins, is the engine's business (consumer.h).
 *
 * Both tell what changed as a list that the engine carries out and then
 * settles; a group waits for that before it gives a partition to another
 * member, so what was read of it is stored and published by then.
 *
 * One owner, the engine's thread (or the one that starts and stops it).
 */
#ifndef WEIR_KAFKA_ASSIGNMENT_H
#define WEIR_KAFKA_ASSIGNMENT_H

#include "kafka/client.h"

#define ASSIGNMENT_TOPIC_MAX 250 /* Kafka allows names of 249 bytes */

struct assignment;

enum assignment_kind {
	ASSIGNMENT_GAINED,
	ASSIGNMENT_GIVEN_UP, /* another member of the group will go on */
	ASSIGNMENT_GONE,     /* the topic is no longer there */
};

struct assignment_change {
	enum assignment_kind kind;
	char topic[ASSIGNMENT_TOPIC_MAX];
	int32_t partition;
	int64_t published; /* the group's offset; -1: none, or no group */
};

/*
 * topics: a name, several separated by commas, or a regular expression
 * (extended POSIX) that begins with ^. group NULL: all partitions.
 * WEIR_NOT_FOUND: there is no such topic; WEIR_USAGE: the expression is wrong;
 * WEIR_KAFKA: no broker answers, or it says no.
 */
int assignment_new(const struct kafka_settings *settings, const char *topics,
		   const char *group, struct assignment **out, struct err *err);
/*
 * Joins the group, or begins to look for changes. Without it the partitions
 * stay as they are, as the embedded broker's do.
 */
int assignment_start(struct assignment *assignment, struct err *err);
/* Leaves the group. NULL is fine. */
void assignment_free(struct assignment *assignment);

/* Whether a topic of this name, there or not, is one of them. */
bool assignment_means(const struct assignment *assignment, const char *topic);
/* How many partitions the topics had when it was made, of all members. */
unsigned assignment_partitions(const struct assignment *assignment);
/* Kafka's id of the cluster, "" when it has none. Valid with the assignment. */
const char *assignment_cluster_id(struct assignment *assignment);

/*
 * What has changed since the last call; 0: nothing. Borrowed until
 * assignment_settled(), which must be called when it was carried out. Must be
 * called often: a member that does not is thrown out of its group
 * (max.poll.interval.ms).
 */
size_t assignment_changes(struct assignment *assignment,
			  const struct assignment_change **changes);
void assignment_settled(struct assignment *assignment);

struct assignment_offset {
	const char *topic;
	int32_t partition;
	int64_t offset; /* the next one to be read */
};

/*
 * Publishes offsets in the group, if there is one. wait: until they are, or a
 * few seconds have passed; else without waiting.
 */
void assignment_publish(struct assignment *assignment,
			const struct assignment_offset *offsets, size_t len,
			bool wait);
/* Whether some were refused meanwhile (a rebalance was under way); once. */
bool assignment_unpublished(struct assignment *assignment);

/* What is wrong with the group or the topics; "" when nothing is. */
const char *assignment_problem(struct assignment *assignment);

#endif
