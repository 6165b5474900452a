/*
 * Dead letters: all are counted, the last ones are kept whole in the store, and
 * each is written once to its topic, if there is one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine-state.h"
#include "letter.h"

#define FLUSH_MS 1000

/* The last ENGINE_DEAD_KEEP since the commit are kept. */
static void
keep(struct engine *engine, const struct consumer_message *message,
     enum reason reason, const struct event_fault *fault)
{
	struct store_dead *dead;

	if (engine->letters_len == ENGINE_DEAD_KEEP) {
		free(engine->letters[0].raw);
		memmove(&engine->letters[0], &engine->letters[1],
			(ENGINE_DEAD_KEEP - 1) * sizeof(engine->letters[0]));
		engine->letters_len--;
	}
	dead = &engine->letters[engine->letters_len++];
	dead->reason = reason;
	dead->rule = fault->rule;
	dead->field = fault->field;
	dead->position =
	    (struct position){(int32_t)message->slot, message->offset};
	dead->seen_ms = engine->now_ms;
	dead->size = message->size;
	dead->raw_size =
	    (uint32_t)(message->size < STORE_DEAD_RAW_MAX ? message->size
							  : STORE_DEAD_RAW_MAX);
	dead->raw =
	    xstrndup(message->data ? message->data : "", dead->raw_size);
}

/*
 * The row in place of the event. A key that leaves no room for it goes: of a
 * row that is cut nothing could be read.
 */
static void
become_row(const struct engine *engine, const struct letter *letter,
	   struct output_record *record, struct buf *row)
{
	size_t room = output_room(engine->dead_letters, record);

	record->source_hash = output_hash(record->key, record->key_size,
					  record->value, record->value_size);
	letter_row(letter, room, row);
	if (row->size > room) {
		record->key = NULL;
		record->key_size = 0;
		row->size = 0;
		letter_row(letter, output_room(engine->dead_letters, record),
			   row);
	}
	record->value = row->data;
	record->value_size = row->size;
}

static void
add_header(struct output_header *headers, unsigned *len, const char *name,
	   const char *value)
{
	if (value)
		headers[(*len)++] =
		    (struct output_header){name, value, strlen(value)};
}

/*
 * As Kafka Connect's dead-letter queues: the original bytes, and in headers
 * where they come from and what is wrong with them; or all of it as a row.
 */
static void
write_letter(struct engine *engine, const struct consumer_message *message,
	     enum reason reason, const struct event_fault *fault)
{
	const struct store_partition *p = &engine->partitions[message->slot];
	const struct pipeline *pipeline = engine->options.pipeline;
	struct letter letter = {
	    .reason = reason,
	    .field = fault->field < 0
			 ? NULL
			 : pipeline->event.fields[fault->field].name,
	    .rule = rule_name(fault->rule),
	    .topic = p->topic,
	    .partition = p->number,
	    .offset = message->offset,
	    .timestamp_ms = consumer_timestamp_ms(message),
	    .raw = message->data,
	    .raw_size = message->size,
	};
	struct output_header headers[5];
	struct output_record record = {
	    .topic = p->topic,
	    .partition = p->number,
	    .offset = message->offset,
	    .timestamp_ms = letter.timestamp_ms,
	    .key = message->key,
	    .key_size = message->key_size,
	    .value = message->data,
	    .value_size = message->size,
	    .headers = headers,
	};
	struct buf words = BUF_INIT, row = BUF_INIT;
	bool waited = false;
	struct err err;
	int rc;

	letter_message(&pipeline->event, reason, fault, &words);
	letter.message = words.data;
	add_header(headers, &record.headers_len,
		   "__connect.errors.exception.message", letter.message);
	add_header(headers, &record.headers_len, "weir.pipeline",
		   pipeline->name);
	add_header(headers, &record.headers_len, "weir.reason",
		   reason_name(reason));
	add_header(headers, &record.headers_len, "weir.field", letter.field);
	add_header(headers, &record.headers_len, "weir.rule", letter.rule);
	if (pipeline->dead_letters_json)
		become_row(engine, &letter, &record, &row);
	/* The topic takes them more slowly than they come: so do we. */
	while ((rc = output_add(engine->dead_letters, &record, &err)) ==
		   WEIR_FULL &&
	       !(waited && atomic_load(&engine->stopping))) {
		output_flush(engine->dead_letters, FLUSH_MS, NULL);
		waited = true;
	}
	if (rc)
		engine_fail(engine, &err);
	buf_release(&words);
	buf_release(&row);
}

void
engine_bury(struct engine *engine, const struct consumer_message *message,
	    enum reason reason, const struct event_fault *fault)
{
	engine->dead++;
	engine->state.dead_by_reason[reason]++;
	engine->state.dead_seq++;
	keep(engine, message, reason, fault);
	if (engine->dead_letters && !atomic_load(&engine->failed) &&
	    message->offset > engine->slots[message->slot].written)
		write_letter(engine, message, reason, fault);
}

int
engine_flush_dead(struct engine *engine, struct err *err)
{
	int rc;

	if (!engine->dead_letters)
		return 0;
	/* One that could not be added is missing, whatever the flush says. */
	if (atomic_load(&engine->failed))
		return err_set(err, WEIR_KAFKA, 0, "%s", engine->problem);
	rc = output_flush(engine->dead_letters, FLUSH_MS, err);
	if (rc == WEIR_FULL)
		err_set(err, WEIR_FULL, 0,
			"the topic of dead letters, %s, does not take them at "
			"the moment; nothing is committed until it does",
			engine->options.dead_letters);
	return rc;
}
