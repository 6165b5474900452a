/*
 * Dead letters: all are counted, the last ones are kept whole in the store, and
 * each is written once to its topic, if there is one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine-state.h"
#include "letter.h"

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
	const struct output *output = engine->trails[TRAIL_DEAD].output;
	size_t room = output_room(output, record);

	record->source_hash = output_hash(record->key, record->key_size,
					  record->value, record->value_size);
	letter_row(letter, room, row);
	if (row->size > room) {
		record->key = NULL;
		record->key_size = 0;
		row->size = 0;
		letter_row(letter, output_room(output, record), row);
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
	struct err err;

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
	if (engine_trail_add(engine, TRAIL_DEAD, &record, &err))
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
	if (engine_trail_wants(engine, TRAIL_DEAD, message))
		write_letter(engine, message, reason, fault);
}
