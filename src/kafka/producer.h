/*
 * The producer: idempotent, every delivery report counted.
 *
 * Generator threads gather events in batches of their own and hand them over
 * together; each is created when it is handed over, by clock time. Delivery
 * reports come in on a thread of librdkafka. Counts are read as one consistent
 * picture.
 *
 * On the embedded broker, which forgets what nobody has read in time, the
 * producer knows how many bytes of each partition are written and not consumed,
 * and says when to hold back.
 */
#ifndef WEIR_KAFKA_PRODUCER_H
#define WEIR_KAFKA_PRODUCER_H

#include "kafka/client.h"
#include "pipeline/pipeline.h"

/* The largest event that fits into a batch. */
#define PRODUCER_EVENT_MAX (256 << 10)

struct producer;
struct producer_batch;

struct producer_counts {
	int64_t produced; /* taken from generators */
	int64_t acked, failed;
};

/*
 * memory_bytes bounds what waits to be sent; in virtual time, where it says
 * when to hold back, what is not consumed. hold_back: the broker is the
 * embedded one. The topic must exist. A message's partition is the CRC-32 of
 * its key modulo their number, as in librdkafka's and kcat's default
 * (consistent); messages without a key go to each partition in turn.
 */
int producer_new(const struct kafka_settings *settings, const char *topic,
		 size_t memory_bytes, bool hold_back, struct producer **out,
		 struct err *err);

/*
 * Waits for delivery reports up to timeout_ms, or until hurry() (may be NULL)
 * says so, then fails what is left.
 */
void producer_flush(struct producer *producer, int timeout_ms,
		    bool (*hurry)(void *ctx), void *ctx);
/* Sends what waits for more, and waits for it up to timeout_ms. */
void producer_push(struct producer *producer, int timeout_ms);
void producer_free(struct producer *producer); /* NULL is fine */

/*
 * Counts, and for each partition the offset behind the last event that was
 * acknowledged (0: none), into ends[ends_len]; what is behind the
 * producer's own partitions stays. Any thread.
 */
void producer_counts(struct producer *producer, struct producer_counts *counts,
		     int64_t *ends, unsigned ends_len);

/* How many events generators have given so far. Any thread. */
int64_t producer_produced(struct producer *producer);

/* The engine has consumed so many bytes (event_cost()) of a partition. */
void producer_consumed(struct producer *producer, unsigned partition,
		       size_t bytes);
/*
 * Everything of a partition was consumed and nothing is under way to it: what
 * was lost, or written by others, no longer counts.
 */
void producer_caught_up(struct producer *producer, unsigned partition);
/*
 * The topic was made anew: what was acknowledged in the old one no longer says
 * where the partition ends.
 */
void producer_anew(struct producer *producer, int32_t partition);
unsigned producer_partitions(const struct producer *producer);
/* What an event is counted as: its bytes and what the log adds to it. */
static inline size_t
event_cost(size_t key_and_value_bytes)
{
	return key_and_value_bytes + 16;
}

/* Whether generators must wait for the consumer. Any thread. */
bool producer_held_back(struct producer *producer);
bool producer_disconnected(struct producer *producer);
/* What is wrong at the moment, as a sentence; false and "" when nothing is. */
bool producer_problem(struct producer *producer, char *to, size_t size);
/* It may not write, or cannot any more: every event fails. Any thread. */
bool producer_refused(struct producer *producer);

/*
 * One generator thread's batch. Adding copies; WEIR_FULL: hand it over first.
 */
struct producer_batch *producer_batch_new(struct producer *producer);
void producer_batch_free(struct producer_batch *batch);
/* Room for one event of at most `size` bytes; NULL: the batch is full. */
char *producer_batch_room(struct producer_batch *batch, size_t size);
/*
 * The event written there, of `size` bytes, with its key inside of it or behind
 * it, but in the room.
 */
void producer_batch_add(struct producer_batch *batch, size_t size,
			struct text key);
/*
 * Hands over what is in the batch. Returns WEIR_FULL when librdkafka's queue
 * takes no more at the moment; what is left stays in the batch: try again.
 */
int producer_batch_send(struct producer_batch *batch, struct err *err);

#endif
