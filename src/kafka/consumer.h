/*
 * The consumer: partitions from given offsets on, in batches.
 *
 * It joins no group and publishes no offsets (assignment.h does): the store's
 * are the truth. Each partition that is read has a slot, a small number of the
 * caller's, by which its messages are known. One owner, the engine's thread.
 * Fetching goes on in librdkafka's threads up to the memory given, then waits.
 *
 * It never jumps: when the log has no longer, or not yet, what would come next,
 * the partition's messages end with one that says so, and the caller decides.
 */
#ifndef WEIR_KAFKA_CONSUMER_H
#define WEIR_KAFKA_CONSUMER_H

#include "kafka/client.h"

struct consumer;

enum consumer_kind {
	CONSUMER_EVENT,
	CONSUMER_END,    /* the partition was read up to offset */
	CONSUMER_BROKEN, /* the offset is not in the log, or the topic is
			    gone, or may be another one: stop it before the
			    next take, and place it anew */
};

struct consumer_message {
	enum consumer_kind kind;
	unsigned slot;
	int64_t offset;
	const void *data; /* NULL: a null value; borrowed until the release */
	const void *key;  /* NULL: none */
	size_t size, key_size;
	const void *record; /* librdkafka's own */
};

/*
 * memory_bytes bounds what is fetched ahead, of about so many partitions.
 * embedded: the broker is ours, and the producer bounds what it holds.
 */
int consumer_new(const struct kafka_settings *settings, size_t memory_bytes,
		 unsigned partitions, bool embedded, struct consumer **out,
		 struct err *err);
void consumer_free(struct consumer *consumer); /* NULL is fine */

/*
 * What tells one event from another at the same offset of another log: a hash
 * of key and value, and one of these and the timestamp.
 */
struct consumer_print {
	uint64_t content, whole;
};
struct consumer_print consumer_print(const struct consumer_message *message);

/* Questions about partitions, which are asked of all of them at once. */
struct consumer_log {
	const char *topic;
	int32_t partition;
	/* Answered by consumer_bounds(); an open transaction is behind end. */
	int64_t begin, end;
	int64_t offset;              /* asked of consumer_peek(); -1: nothing */
	struct consumer_print print; /* and answered by it */
	int64_t high; /* likewise: the end of all there is; -1: not known */
	/* The last answer: WEIR_NOT_FOUND there is no such partition, or no
	   event at offset; WEIR_KAFKA none came, or an error. */
	int rc;
	struct err why;
};

/*
 * The first offset of each and the one behind the last. timeout_ms is for each
 * of two questions.
 */
void consumer_bounds(struct consumer *consumer, struct consumer_log *logs,
		     size_t len, int timeout_ms);
/*
 * The event at an offset of each, of those that answered before; none of them
 * may be read at the moment. Waits for timeout_ms.
 */
void consumer_peek(struct consumer *consumer, struct consumer_log *logs,
		   size_t len, int timeout_ms);
/* The first offset with a timestamp of time_ms or later; the end if none. */
int consumer_offset_at(struct consumer *consumer, const char *topic,
		       int32_t partition, int64_t time_ms, int64_t *offset,
		       struct err *err);

/* Begins to fetch a partition, as slot. */
int consumer_start(struct consumer *consumer, unsigned slot, const char *topic,
		   int32_t partition, int64_t offset, struct err *err);
/* No more messages of it come. Not between take and release. */
void consumer_stop(struct consumer *consumer, unsigned slot);

/*
 * Waits up to timeout_ms for messages; returns how many there are, at
 * *messages. Each partition's are in order. They are borrowed until
 * consumer_release(), which must come before the next take.
 */
size_t consumer_take(struct consumer *consumer, int timeout_ms,
		     const struct consumer_message **messages);
void consumer_release(struct consumer *consumer);

/*
 * Sets aside what was taken, until consumer_release_held(), in place of the
 * release: so that more can be taken first. CONSUMER_BROKEN is not kept: the
 * caller has seen to it by then.
 */
void consumer_hold(struct consumer *consumer);
/* All of that: by slots, each in the order of its offsets. */
size_t consumer_held(struct consumer *consumer,
		     const struct consumer_message **messages);
void consumer_release_held(struct consumer *consumer);
/* The offset behind what was taken of a slot. */
int64_t consumer_next(const struct consumer *consumer, unsigned slot);

/* Of an event that is borrowed: its record's timestamp; -1: none. */
int64_t consumer_timestamp_ms(const struct consumer_message *message);
/*
 * The same where the client that produced it gave the timestamp (CreateTime);
 * -1 where a broker did (LogAppendTime).
 */
int64_t consumer_created_ms(const struct consumer_message *message);

/*
 * Where a partition was known to begin, and to end, at the last fetch; -1: not
 * known.
 */
int64_t consumer_begin(struct consumer *consumer, unsigned slot);
int64_t consumer_end(struct consumer *consumer, unsigned slot);

/* No more log: what it is connected to is about to be stopped. */
void consumer_hush(struct consumer *consumer);

/*
 * What is wrong at the moment, with fetching or else with the connection, as a
 * sentence; "" when nothing is. Valid until the next call.
 */
const char *consumer_problem(struct consumer *consumer);
bool consumer_disconnected(struct consumer *consumer);

#endif
