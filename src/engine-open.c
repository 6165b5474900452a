/*
 * What must be open before anything flows, from upstream to downstream: the
 * broker if it is ours, producer, consumer, store, dead letters.
 */
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

/* Records go to the partition of the source's number: as many, or more. */
static int
open_dead_letters(struct engine *engine, struct err *err)
{
	/* Those of Kafka Connect's dead-letter queues (KIP-298). */
	static const struct output_position_names names = {
	    "__connect.errors.topic", "__connect.errors.partition",
	    "__connect.errors.offset"};
	const char *topic = engine->options.dead_letters;

	if (assignment_means(engine->assignment, topic))
		return err_set(err, WEIR_USAGE, 0,
			       "the topic of dead letters, %s, is one of those "
			       "that are watched: each letter would be one "
			       "again; give another --dead-letters or --topic",
			       topic);
	return engine_open_trail(engine, TRAIL_DEAD, topic,
				 assignment_partitions(engine->assignment),
				 &names, err);
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
		engine->faults = faults_new(engine->embedded);
	} else {
		engine->brokers = xstrdup(o->kafka.brokers);
		if (o->generate)
			rc = kafka_topic_create(&o->kafka, topic,
						o->pipeline->partitions,
						o->pipeline->retention_ms, err);
	}
	if (rc == 0 && o->generate)
		rc = producer_new(&o->kafka, topic, o->memory_bytes / 8,
				  engine->embedded != NULL, &engine->producer,
				  err);
	if (rc == 0)
		rc = assignment_new(&o->kafka, topic, o->group,
				    &engine->assignment, err);
	if (rc == 0)
		rc = consumer_new(&o->kafka, o->memory_bytes / 4,
				  assignment_partitions(engine->assignment),
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
	/* Its port is another one each time. */
	snprintf(source->label, sizeof(source->label), "%s%s",
		 engine->embedded ? "embedded broker " : "",
		 engine->options.stepped ? "in lockstep" : engine->brokers);
	if (engine->embedded)
		return random_id(source->id, sizeof(source->id), err);
	id = assignment_cluster_id(engine->assignment);
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

/*
 * The store's entries. Those of another source - an embedded broker that is no
 * more - are over, and what was not read of them is lost.
 */
static void
take_entries(struct engine *engine, const struct store_partition *stored,
	     unsigned len, bool same)
{
	for (unsigned i = 0; i < len; i++) {
		struct store_partition *p;

		engine_add_entry(engine, stored[i].topic, stored[i].number, 0);
		p = &engine->partitions[i];
		*p = stored[i];
		if (p->state == PARTITION_READ && same) {
			/* Until it is known that we are to go on with it. */
			p->state = PARTITION_AWAY;
		} else if (p->state == PARTITION_READ) {
			engine->before.lost += p->end - p->position;
			p->lost += p->end - p->position;
			p->position = p->end;
		}
		if (!same)
			p->state = PARTITION_ENDED;
	}
}

static int
open_store(struct engine *engine, const char *topic, struct err *err)
{
	const struct engine_options *o = &engine->options;
	struct store_source was, is = {0};
	struct store_partition *stored = NULL;
	unsigned stored_len = 0;
	bool same;
	int rc;

	rc = store_open(o->store_path,
			o->throwaway ? STORE_THROWAWAY : STORE_WRITE,
			o->pipeline, &engine->store, err);
	if (rc == 0)
		store_set_memory(engine->store, o->memory_bytes);
	if (rc == 0)
		rc = store_load(engine->store, &was, &engine->state, &stored,
				&stored_len, err);
	if (rc == 0)
		rc = store_load_seen(engine->store, engine->seen, err);
	if (rc == 0)
		rc = name_source(engine, topic, &is, err);
	if (rc == 0)
		rc = same_source(&was, &is, o->store_path, &same, err);
	if (rc)
		goto done;
	engine->before = account_begin(&engine->state.ledger);
	take_entries(engine, stored, stored_len, same);
	rc = store_set_source(engine->store, &is, err);
done:
	free(stored);
	return rc;
}

int
engine_open(struct engine *engine, struct err *err)
{
	const struct engine_options *o = &engine->options;
	const char *topic = o->topic ? o->topic : o->pipeline->topic;
	int rc = open_kafka(engine, topic, err);

	if (rc == 0)
		rc = open_store(engine, topic, err);
	/* Last: their topic is not made for a store that does not fit. */
	if (rc == 0 && o->dead_letters)
		rc = open_dead_letters(engine, err);
	if (rc == 0)
		rc = engine_open_outputs(engine, err);
	if (rc == 0)
		rc = engine_open_delivery(engine, err);
	/* Nor are the members of a group disturbed for it. */
	if (rc == 0 && !engine->embedded)
		rc = assignment_start(engine->assignment, err);
	return rc;
}

void
engine_close_kafka(struct engine *engine)
{
	faults_free(engine->faults);
	generator_free(engine->generator);
	delivery_free(engine->delivery);
	producer_free(engine->producer);
	engine_close_trails(engine);
	assignment_free(engine->assignment);
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
	engine->faults = NULL;
	engine->generator = NULL;
	engine->delivery = NULL;
	engine->assignment = NULL;
	engine->consumer = NULL;
	engine->producer = NULL;
	engine->embedded = NULL;
}
