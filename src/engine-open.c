/*
 * What must be open before anything flows, from upstream to downstream: the
 * broker if it is ours, producer, consumer, store. Then each partition is
 * placed where the store left it, or where a new store begins.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "account.h"
#include "base/alloc.h"
#include "engine-state.h"

static int
random_id(char *to, size_t room, struct err *err)
{
	unsigned char bytes[8];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(err, "cannot get random numbers");
	snprintf(to, room, "embedded:%02x%02x%02x%02x%02x%02x%02x%02x",
		 bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5],
		 bytes[6], bytes[7]);
	return 0;
}

static int
open_kafka(struct engine *engine, const char *topic, struct err *err)
{
	const struct engine_options *o = &engine->options;
	int rc = 0;

	if (!o->kafka.brokers) {
		rc = embedded_start(&o->kafka, topic, o->pipeline->partitions,
				    &engine->embedded, err);
		if (rc)
			return rc;
		engine->brokers = xstrdup(embedded_brokers(engine->embedded));
		engine->options.kafka.brokers = engine->brokers;
	} else {
		engine->brokers = xstrdup(o->kafka.brokers);
		if (o->generate)
			rc = kafka_topic_create(&o->kafka, topic,
						o->pipeline->partitions, err);
	}
	if (rc == 0 && o->generate)
		rc = producer_new(&o->kafka, topic, o->memory_bytes / 8,
				  engine->embedded != NULL, &engine->producer,
				  err);
	if (rc == 0)
		rc = consumer_new(&o->kafka, topic, o->memory_bytes / 4,
				  engine->embedded != NULL, &engine->consumer,
				  err);
	return rc;
}

static int
name_source(struct engine *engine, const char *topic,
	    struct store_source *source, struct err *err)
{
	const char *id;

	snprintf(source->topic, sizeof(source->topic), "%s", topic);
	snprintf(source->label, sizeof(source->label), "%s%s",
		 engine->embedded ? "embedded broker " : "", engine->brokers);
	if (engine->embedded)
		return random_id(source->id, sizeof(source->id), err);
	id = consumer_cluster_id(engine->consumer);
	snprintf(source->id, sizeof(source->id), "kafka:%s", id);
	return 0;
}

static bool
is_embedded(const struct store_source *source)
{
	return strncmp(source->id, "embedded:", 9) == 0;
}

/*
 * Whether the store's offsets hold for this source. Those of an embedded broker
 * never do for the next one; those of another cluster or topic are a mistake.
 */
static int
same_source(const struct store_source *was, const struct store_source *is,
	    const char *path, bool *same, struct err *err)
{
	*same =
	    strcmp(was->id, is->id) == 0 && strcmp(was->topic, is->topic) == 0;
	if (*same || was->id[0] == '\0' ||
	    (is_embedded(was) && is_embedded(is)))
		return 0;
	return err_set(err, WEIR_STORE_FOREIGN, 0,
		       "the store %s belongs to topic %s of %s; use another "
		       "--store, or begin a new one with --fresh",
		       path, was->topic, was->label);
}

/* Where each partition goes on, or begins. */
static int
place(struct engine *engine, unsigned number, bool stored, bool from_end,
      struct err *err)
{
	struct store_partition *p = &engine->partitions[number];
	int64_t begin, end;
	int rc;

	rc = consumer_bounds(engine->consumer, number, &begin, &end, err);
	if (rc)
		return rc;
	if (!stored) {
		p->begin = from_end ? end : begin;
		p->position = p->begin;
		p->newest_ms = WATERMARK_NONE;
	} else if (p->position > end) {
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "the store has consumed partition %u up to "
			       "offset %" PRId64 ", but it ends at %" PRId64
			       ": the topic was made anew; begin a new store "
			       "with --fresh",
			       number, p->position, end);
	} else if (p->position < begin) {
		p->lost += begin - p->position;
		p->position = begin;
	}
	/* The topic's end moved back: an unclean election took events away. */
	if (stored && end < p->end)
		p->lost += p->end - end;
	p->end = end;
	engine->ends[number] = end;
	engine->marks[number].newest_ms =
	    p->newest_ms < engine->now_ms ? p->newest_ms : engine->now_ms;
	engine->marks[number].changed_ns = engine->started_ns;
	return 0;
}

static int
open_store(struct engine *engine, const char *topic, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct store_source was, is = {0};
	struct store_partition *stored = NULL;
	unsigned stored_len = 0;
	int64_t *offsets = NULL;
	bool same;
	int rc;

	rc = store_open(o->store_path,
			o->throwaway ? STORE_THROWAWAY : STORE_WRITE,
			o->pipeline, &engine->store, err);
	if (rc == 0)
		rc = store_load(engine->store, &was, &engine->state, &stored,
				&stored_len, err);
	if (rc == 0)
		rc = name_source(engine, topic, &is, err);
	if (rc == 0)
		rc = same_source(&was, &is, o->store_path, &same, err);
	if (rc)
		goto done;
	engine->before = account_begin(&engine->state.ledger, same, stored,
				       same ? stored_len : 0);
	engine->partitions_len = consumer_partitions(engine->consumer);
	if (same && stored_len > engine->partitions_len) {
		rc = err_set(err, WEIR_STORE_FOREIGN, 0,
			     "the store knows %u partitions of %s, the cluster "
			     "has %u: the topic was made anew; begin a new "
			     "store with --fresh",
			     stored_len, topic, engine->partitions_len);
		goto done;
	}
	engine->partitions =
	    xcalloc(engine->partitions_len, sizeof(*engine->partitions));
	engine->marks = xcalloc(engine->partitions_len, sizeof(*engine->marks));
	engine->ends = xcalloc(engine->partitions_len, sizeof(*engine->ends));
	engine->heard = xcalloc(engine->partitions_len, sizeof(*engine->heard));
	engine->consumed_bytes =
	    xcalloc(engine->partitions_len, sizeof(*engine->consumed_bytes));
	offsets = xcalloc(engine->partitions_len, sizeof(*offsets));
	for (unsigned i = 0; rc == 0 && i < engine->partitions_len; i++) {
		bool have = same && i < stored_len;

		if (have)
			engine->partitions[i] = stored[i];
		/* Partitions that were added later are read from their start.
		 */
		rc = place(engine, i, have, o->from_end && !same, err);
		offsets[i] = engine->partitions[i].position;
	}
	if (rc == 0)
		rc = store_set_source(engine->store, &is, err);
	if (rc == 0)
		rc = consumer_start(engine->consumer, offsets, err);
done:
	free(offsets);
	free(stored);
	return rc;
}

int
engine_open(struct engine *engine, struct err *err)
{
	const struct engine_options *o = &engine->options;
	const char *topic = o->topic ? o->topic : o->pipeline->topic;
	int rc = open_kafka(engine, topic, err);

	return rc ? rc : open_store(engine, topic, err);
}

void
engine_close_kafka(struct engine *engine)
{
	generator_free(engine->generator);
	producer_free(engine->producer);
	if (engine->embedded && engine->consumer) {
		/*
		 * The embedded broker sleeps for up to a second before it
		 * sees that it shall stop, unless somebody asks it something:
		 * the consumer does, all the time.
		 */
		consumer_hush(engine->consumer);
		embedded_stop(engine->embedded);
		engine->embedded = NULL;
	}
	consumer_free(engine->consumer);
	embedded_stop(engine->embedded);
	engine->generator = NULL;
	engine->consumer = NULL;
	engine->producer = NULL;
	engine->embedded = NULL;
}
