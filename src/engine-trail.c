/*
 * Trails: topics that are written beside the flow, a record for an event at the
 * most, each once. output.h says what that rests on: what is in a topic already
 * is asked for when a partition is placed, and a commit waits until all of its
 * events' records are there.
 */
#include "engine-state.h"

#define ANSWER_MS 10000
#define FLUSH_MS  1000

int
engine_open_trail(struct engine *engine, unsigned trail, const char *topic,
		  unsigned partitions,
		  const struct output_position_names *names, struct err *err)
{
	const struct engine_options *o = &engine->options;
	unsigned len = o->pipeline->outputs_len + (o->dead_letters != NULL);
	int rc;

	engine->trails[trail].topic = topic;
	if (engine->embedded)
		rc = embedded_topic(engine->embedded, topic, partitions, err);
	else
		rc = kafka_topic_create(&o->kafka, topic, partitions, 0, err);
	if (rc == 0)
		rc = output_new(&o->kafka, topic, names,
				o->memory_bytes / 8 / len,
				&engine->trails[trail].output, err);
	return rc;
}

void
engine_close_trails(struct engine *engine)
{
	for (unsigned i = 0; i < TRAILS; i++) {
		output_free(engine->trails[i].output);
		engine->trails[i].output = NULL;
	}
}

/* Records of an earlier topic of the same name do not count. */
static int
find_written(struct engine *engine, struct output *output, unsigned i,
	     int64_t end, int64_t *written, struct err *err)
{
	const struct store_partition *p = &engine->partitions[i];
	struct consumer_log log = {.topic = p->topic, .partition = p->number};
	uint64_t hash;
	int rc;

	rc = output_last(output, p->topic, p->number, &log.offset, &hash, err);
	if (rc || log.offset < p->position || log.offset >= end)
		return rc;
	consumer_peek(engine->consumer, &log, 1, ANSWER_MS);
	if (log.rc && log.rc != WEIR_NOT_FOUND) {
		if (err)
			*err = log.why;
		return log.rc;
	}
	if (log.rc == WEIR_NOT_FOUND || log.print.content == hash)
		*written = log.offset;
	return 0;
}

/* Those of windows have no records of events. */
static bool
is_of_events(const struct engine *engine, unsigned trail)
{
	const struct pipeline *p = engine->options.pipeline;

	return trail < TRAIL_OUTPUTS ||
	       p->outputs[trail - TRAIL_OUTPUTS].table < 0;
}

int
engine_place_trails(struct engine *engine, unsigned i, int64_t end,
		    struct err *err)
{
	int rc = 0;

	for (unsigned t = 0; rc == 0 && t < TRAILS; t++) {
		struct output *output = engine->trails[t].output;

		engine->slots[i].written[t] = -1;
		if (output && is_of_events(engine, t))
			rc = find_written(engine, output, i, end,
					  &engine->slots[i].written[t], err);
	}
	return rc;
}

bool
engine_trail_wants(const struct engine *engine, unsigned trail,
		   const struct consumer_message *message)
{
	return engine->trails[trail].output && !atomic_load(&engine->failed) &&
	       message->offset > engine->slots[message->slot].written[trail];
}

int
engine_trail_add(struct engine *engine, unsigned trail,
		 const struct output_record *record, struct err *err)
{
	struct output *output = engine->trails[trail].output;
	bool waited = false;
	int rc;

	while ((rc = output_add(output, record, err)) == WEIR_FULL &&
	       !(waited && atomic_load(&engine->stopping))) {
		output_flush(output, FLUSH_MS, NULL);
		waited = true;
	}
	return rc;
}

int
engine_flush_trails(struct engine *engine, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < TRAILS; i++) {
		const struct engine_trail *trail = &engine->trails[i];

		if (!trail->output)
			continue;
		/* A record that could not be added is missing, whatever the
		 * flush says. */
		if (atomic_load(&engine->failed))
			return err_set(err, WEIR_KAFKA, 0, "%s",
				       engine->problem);
		rc = output_flush(trail->output, FLUSH_MS, err);
		if (rc == WEIR_FULL)
			err_set(err, WEIR_FULL, 0,
				"the topic %s does not take records at the "
				"moment; nothing is committed until it does",
				trail->topic);
	}
	return rc;
}
