/*
 * Dead letters: all are counted, the last ones are kept whole in the store, and
 * each is written once to its topic, if there is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine-state.h"

#define FLUSH_MS 1000

/* The last ENGINE_DEAD_KEEP since the commit are kept. */
static void
keep(struct engine *engine, const struct consumer_message *message,
     enum reason reason, int field)
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
	dead->field = field;
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
 * As Kafka Connect's dead-letter queues: the original bytes, and in headers
 * where they come from and what is wrong with them.
 */
static void
write_letter(struct engine *engine, const struct consumer_message *message,
	     enum reason reason, int field)
{
	const struct store_partition *p = &engine->partitions[message->slot];
	const struct pipeline *pipeline = engine->options.pipeline;
	const char *name = field >= 0 ? pipeline->event.fields[field].name : "";
	char text[PIPELINE_NAME_MAX + 64];
	struct output_header headers[4];
	struct output_record record = {
	    .topic = p->topic,
	    .partition = p->number,
	    .offset = message->offset,
	    .timestamp_ms = consumer_timestamp_ms(message),
	    .key = message->key,
	    .key_size = message->key_size,
	    .value = message->data,
	    .value_size = message->size,
	    .headers = headers,
	};
	bool waited = false;
	struct err err;
	int rc;

	snprintf(text, sizeof(text), "%s%s%s", reason_text(reason),
		 *name ? ": " : "", name);
	headers[record.headers_len++] = (struct output_header){
	    "__connect.errors.exception.message", text, strlen(text)};
	headers[record.headers_len++] = (struct output_header){
	    "weir.pipeline", pipeline->name, strlen(pipeline->name)};
	headers[record.headers_len++] = (struct output_header){
	    "weir.reason", reason_name(reason), strlen(reason_name(reason))};
	if (*name)
		headers[record.headers_len++] =
		    (struct output_header){"weir.field", name, strlen(name)};
	/* The topic takes them more slowly than they come: so do we. */
	while ((rc = output_add(engine->dead_letters, &record, &err)) ==
		   WEIR_FULL &&
	       !(waited && atomic_load(&engine->stopping))) {
		output_flush(engine->dead_letters, FLUSH_MS, NULL);
		waited = true;
	}
	if (rc)
		engine_fail(engine, &err);
}

void
engine_bury(struct engine *engine, const struct consumer_message *message,
	    enum reason reason, int field)
{
	engine->dead++;
	engine->state.dead_by_reason[reason]++;
	engine->state.dead_seq++;
	keep(engine, message, reason, field);
	if (engine->dead_letters && !atomic_load(&engine->failed) &&
	    message->offset > engine->slots[message->slot].written)
		write_letter(engine, message, reason, field);
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
