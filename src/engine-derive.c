/*
 * The pipeline's outputs: topics that are made of valid events, or of windows
 * once they are complete, each record once.
 *
 * An event's record is written as a dead letter is, before the commit that has
 * the event. A window's are written behind the commit that has completed it,
 * from the store, where they can no longer change, in the order of windows and
 * keys; the next commit stores how far that has come. Who was killed in between
 * finds in the topic itself what it has.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "derive.h"
#include "engine-state.h"

/* Rows that are written behind one commit at the most. */
#define ROWS_MAX 20000
#define ENDED    1 /* what visiting rows ends with, before all were visited */

static const struct output_position_names event_names = {
    "weir.source.topic", "weir.source.partition", "weir.source.offset"};
static const struct output_position_names window_names = {
    "weir.window.table", "weir.window.partition", "weir.window.start"};

static const struct output_spec *
output_spec(const struct engine *engine, unsigned output)
{
	return &engine->options.pipeline->outputs[output];
}

static struct output_header
pipeline_header(const struct engine *engine)
{
	const char *name = engine->options.pipeline->name;

	return (struct output_header){"weir.pipeline", name, strlen(name)};
}

/* ---- Opening ---- */

/*
 * What windows come from, as a record says it: "TOPIC/TABLE"; for many topics,
 * their hash.
 */
static void
name_windows(const struct engine *engine, unsigned output,
	     char name[OUTPUT_SOURCE_MAX])
{
	const struct engine_options *o = &engine->options;
	const struct pipeline *p = o->pipeline;
	const char *topic = o->topic ? o->topic : p->topic;
	const char *table = p->tables[output_spec(engine, output)->table].name;

	if (strlen(topic) < STORE_TOPIC_MAX)
		snprintf(name, OUTPUT_SOURCE_MAX, "%s/%s", topic, table);
	else
		snprintf(name, OUTPUT_SOURCE_MAX, "%016" PRIx64 "/%s",
			 hash64(topic, strlen(topic)), table);
}

static uint64_t
key_hash(struct text key)
{
	return output_hash(key.data, key.size, NULL, 0);
}

static int
find_there(struct engine *engine, unsigned output, struct err *err)
{
	struct engine_there *there = &engine->there[output];
	char name[OUTPUT_SOURCE_MAX];
	int64_t last_ms;
	int rc;

	name_windows(engine, output, name);
	rc = output_last(engine->trails[TRAIL_OUTPUTS + output].output, name, 0,
			 &last_ms, &there->hash, err);
	there->sought = last_ms < 0;
	there->place = (struct store_place){.window_ms = last_ms};
	return rc;
}

static int
open_output(struct engine *engine, unsigned output, struct err *err)
{
	const struct engine_options *o = &engine->options;
	const struct output_spec *spec = output_spec(engine, output);
	bool windows = spec->table >= 0;
	int rc;

	if (assignment_means(engine->assignment, spec->topic) ||
	    (o->dead_letters && strcmp(o->dead_letters, spec->topic) == 0) ||
	    (o->alerts_topic && strcmp(o->alerts_topic, spec->topic) == 0))
		return err_set(err, WEIR_USAGE, 0,
			       "the output topic %s is one of those that are "
			       "watched, or that of dead letters or alerts; "
			       "give the output of the pipeline file another",
			       spec->topic);
	if (windows && o->group)
		return err_set(err, WEIR_USAGE, 0,
			       "the output topic %s is made of windows, and "
			       "each member of a group has a part of them; "
			       "take it out of the pipeline file, or leave "
			       "out --group",
			       spec->topic);
	/* Windows are in one order, so in one partition. */
	rc = engine_open_trail(
	    engine, TRAIL_OUTPUTS + output, spec->topic,
	    windows ? 1 : assignment_partitions(engine->assignment),
	    windows ? &window_names : &event_names, err);
	return rc == 0 && windows ? find_there(engine, output, err) : rc;
}

int
engine_open_outputs(struct engine *engine, struct err *err)
{
	unsigned len = engine->options.pipeline->outputs_len;
	int rc = 0;

	if (len)
		rc = store_load_outputs(engine->store, engine->outputs, err);
	for (unsigned i = 0; rc == 0 && i < len; i++)
		rc = open_output(engine, i, err);
	return rc;
}

/* ---- Events ---- */

static void
write_event(struct engine *engine, unsigned output,
	    const struct consumer_message *message, const struct event *event)
{
	const struct store_partition *p = &engine->partitions[message->slot];
	struct output_header header = pipeline_header(engine);
	struct output_record record = {
	    .topic = p->topic,
	    .partition = p->number,
	    .offset = message->offset,
	    .timestamp_ms = consumer_timestamp_ms(message),
	    .key = message->key,
	    .key_size = message->key_size,
	    .whole = true,
	    .headers = &header,
	    .headers_len = 1,
	    .source_hash = consumer_print(message).content,
	};
	struct err err;

	engine->text.size = 0;
	derive_event(engine->options.pipeline, output_spec(engine, output),
		     event, &engine->text);
	record.value = engine->text.data;
	record.value_size = engine->text.size;
	if (engine_trail_add(engine, TRAIL_OUTPUTS + output, &record, &err))
		engine_fail(engine, &err);
}

void
engine_derive_event(struct engine *engine,
		    const struct consumer_message *message,
		    const struct event *event)
{
	for (unsigned i = 0; i < engine->options.pipeline->outputs_len; i++) {
		if (output_spec(engine, i)->table >= 0)
			continue;
		engine->outputs[i].records++;
		if (engine_trail_wants(engine, TRAIL_OUTPUTS + i, message))
			write_event(engine, i, message, event);
	}
}

/* ---- Windows ---- */

/* What of a table's windows is being visited, for an output. */
struct visit {
	struct engine *engine;
	unsigned output;
	char name[OUTPUT_SOURCE_MAX];
	struct buf key;
};

/* Looks for the last record of the topic among the rows of its window. */
static int
seek_row(void *ctx, const struct store_complete *row, struct err *err)
{
	struct engine_there *there = ctx;

	(void)err;
	there->sought = true;
	if (row->window_ms != there->place.window_ms)
		return ENDED;
	if (key_hash(row->key) != there->hash)
		return 0;
	store_place_behind(&there->place, row->window_ms, row->key);
	return ENDED;
}

static int
seek_there(struct engine *engine, unsigned output, struct err *err)
{
	struct engine_there *there = &engine->there[output];
	struct store_place from = there->place;
	int rc;

	if (there->sought)
		return 0;
	rc = store_read_complete(engine->store,
				 (unsigned)output_spec(engine, output)->table,
				 &from, seek_row, there, err);
	return rc == ENDED ? 0 : rc;
}

static int
write_row(struct visit *visit, const struct store_complete *row,
	  struct err *err)
{
	struct engine *engine = visit->engine;
	const struct pipeline *p = engine->options.pipeline;
	const struct output_spec *spec = output_spec(engine, visit->output);
	const struct table_spec *table = &p->tables[spec->table];
	struct output_header header = pipeline_header(engine);
	struct output_record record = {
	    .topic = visit->name,
	    .offset = row->window_ms,
	    .whole = true,
	    /* No timestamp: by one of the window's time, brokers would
	       remove at once what is written of old events. */
	    .headers = &header,
	    .headers_len = 1,
	    .source_hash = key_hash(row->key),
	};
	const struct derive_row from = {row->key, row->measures, row->window_ms,
					row->first_ms};

	visit->key.size = engine->text.size = 0;
	key_text(p, table, row->key, &visit->key);
	derive_window(p, spec, &from, &engine->text);
	record.key = visit->key.data;
	record.key_size = visit->key.size;
	record.value = engine->text.data;
	record.value_size = engine->text.size;
	return output_add(engine->trails[TRAIL_OUTPUTS + visit->output].output,
			  &record, err);
}

static int
visit_row(void *ctx, const struct store_complete *row, struct err *err)
{
	struct visit *visit = ctx;
	struct engine *engine = visit->engine;
	int rc = 0;

	if (engine->derived == ROWS_MAX)
		return ENDED;
	if (!store_is_before(row->window_ms, row->key,
			     &engine->there[visit->output].place))
		rc = write_row(visit, row, err);
	/* It goes on behind the next commit, which waits for these. */
	if (rc == WEIR_FULL)
		return ENDED;
	if (rc == 0) {
		engine->outputs[visit->output].records++;
		engine->derived++;
	}
	return rc;
}

static int
write_windows(struct engine *engine, unsigned output, struct err *err)
{
	struct visit visit = {
	    .engine = engine, .output = output, .key = BUF_INIT};
	int rc = seek_there(engine, output, err);

	if (rc)
		return rc;
	name_windows(engine, output, visit.name);
	rc = store_read_complete(
	    engine->store, (unsigned)output_spec(engine, output)->table,
	    &engine->outputs[output].place, visit_row, &visit, err);
	buf_release(&visit.key);
	return rc == ENDED ? 0 : rc;
}

int
engine_derive_windows(struct engine *engine, struct err *err)
{
	int rc = 0;

	engine->derived = 0;
	for (unsigned i = 0;
	     rc == 0 && i < engine->options.pipeline->outputs_len; i++) {
		if (output_spec(engine, i)->table >= 0)
			rc = write_windows(engine, i, err);
	}
	if (engine->derived > 0)
		engine->changed = true;
	return rc;
}
