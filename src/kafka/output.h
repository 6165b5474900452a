/*
 * An output: records derived from source events, in a topic of their own, each
 * exactly once.
 *
 * A record carries the position of the event that it comes from in its headers,
 * and goes to the partition of the source's number (modulo the output's
 * partitions), so that the records of one source partition stay in order. Who
 * starts again asks output_last() how far the output has come, and adds only
 * what lies behind it; who commits a source position calls output_flush()
 * before. So a crash neither loses nor repeats a record, without transactions.
 * A record that is refused for good is the end of the output: nothing is
 * written behind the gap, which output_last() would not see.
 *
 * A source need not be a partition: whatever numbers its records so that they
 * never go back will do, such as the windows of a table.
 *
 * What that does not cover: bytes that a killed process had on their way and
 * that the broker takes after output_last() was answered; an output whose
 * number of partitions was changed between crash and start; two writers with
 * the same source in the same output, who take each other's records for their
 * own; and a refusal of the very first batch in a partition, when brokers have
 * no sequence yet that would tell them to refuse what is on its way behind it.
 *
 * Who opens it names the headers of the position; its numbers are decimal text.
 * Beside them stands "weir.hash", output_hash() in 16 hexadecimal digits. They
 * stand behind all others: of several headers with one name the last counts.
 *
 * One owner, the engine's thread, but for output_disconnected().
 */
#ifndef WEIR_KAFKA_OUTPUT_H
#define WEIR_KAFKA_OUTPUT_H

#include "kafka/client.h"

struct output;

struct output_header {
	const char *name;
	const void *value; /* NULL: a null value */
	size_t size;
};

#define OUTPUT_HEADERS_MAX 16  /* beside those of the position */
#define OUTPUT_SOURCE_MAX  320 /* bytes of a source's name, NUL included */

/* The headers that say where a record comes from. Static texts. */
struct output_position_names {
	const char *topic, *partition, *offset;
};

struct output_record {
	const char *topic; /* the source's position */
	int32_t partition; /* not negative, nor is the offset */
	int64_t offset;
	/*
	 * Of the source record (brokers may refuse others); 0 or less: none,
	 * and it becomes the time of adding.
	 */
	int64_t timestamp_ms;
	const void *key; /* NULL: none */
	size_t key_size;
	const void *value; /* NULL: a null value */
	size_t value_size;
	bool whole; /* nothing of it may be cut or left out */
	const struct output_header *headers;
	unsigned headers_len;
	uint64_t source_hash; /* output_hash() of the source's key and value;
				 0: of this record's */
};

/*
 * Connects to the output topic, which must exist (kafka_topic_create()).
 * memory_bytes bounds what waits to be sent: keys, values, headers, and what
 * librdkafka needs beside them. Settings of the user's win, but for those that
 * exactly-once rests on (idempotence, no gaps, no timeout). WEIR_NOT_FOUND,
 * WEIR_KAFKA as consumer_new().
 */
int output_new(const struct kafka_settings *settings, const char *topic,
	       const struct output_position_names *names, size_t memory_bytes,
	       struct output **out, struct err *err);
void output_free(struct output *output); /* NULL is fine; drops what waits */

/*
 * The last source offset of a source partition that is in the output, -1 when
 * there is none, and the hash of that record (source_hash, or its own as it was
 * added), 0 when there is none: whether it is of the same topic, and not of one
 * of the same name that was deleted, shows when the source's event at that
 * offset has the same hash.
 * Reads the tail of the output's partition, further back until it is found or
 * the partition begins; records of others are passed over. Fails with
 * WEIR_KAFKA when the broker is silent for 10 s. Its connection of its
 * own is opened when it is called, and closed by the next output_add().
 */
int output_last(struct output *output, const char *topic, int32_t partition,
		int64_t *offset, uint64_t *hash, struct err *err);

/* Of a record's key and value; null and empty are the same. Stored. */
uint64_t output_hash(const void *key, size_t key_size, const void *value,
		     size_t value_size);

/* How many bytes of a value such a record has room for, whatever it has now. */
size_t output_room(const struct output *output,
		   const struct output_record *record);

/*
 * Copies and queues one record. A value that is too large for the producer's
 * message.max.bytes is cut, and the header "weir.value.size" then says how many
 * bytes it had; so is a key that leaves no room ("weir.key.size"), and of
 * headers that leave none the last are left out: no event of any size stops the
 * output. One that is `whole` is refused instead, for good. WEIR_FULL: the
 * queue is full, flush first. WEIR_KAFKA: as output_flush().
 */
int output_add(struct output *output, const struct output_record *record,
	       struct err *err);

/*
 * Waits up to timeout_ms until all that was added is acknowledged: 0.
 * WEIR_FULL: not yet, try again. WEIR_KAFKA: a record was refused for good;
 * this stays so, and the source position must not be committed.
 */
int output_flush(struct output *output, int timeout_ms, struct err *err);

/* Whether no broker can be reached, as far as add and flush know. */
bool output_disconnected(struct output *output);

#endif
