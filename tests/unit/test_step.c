/*
 * The flow in steps of virtual time, over the embedded broker: the generator
 * writes what is due and no more, and what the consumer sets aside comes out in
 * one order. Which events there must be is said by a writer of their own.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "generate/generator.h"
#include "kafka/consumer.h"
#include "kafka/embedded.h"
#include "check.h"

#define PARTITIONS  3
#define EVENTS      1000
#define SEED        7
#define MEMORY      ((size_t)64 << 20)
#define WAIT_MS     30000
#define DEADLINE_NS INT64_C(60000000000)

static const char text[] =
    "{\"name\": \"steps\", \"topic\": {\"name\": \"steps\", \"key\": \"k\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"k\": {\"type\": \"string\", \"max_length\": 8},"
    "  \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {\"keys\": {\"by\": [\"k\"],"
    "  \"measures\": {\"n\": \"count\"}}},"
    " \"generator\": {\"fields\": {"
    "  \"k\": {\"zipf\": 1, \"count\": 100, \"format\": \"k%02d\"}}}}";

static struct world {
	struct pipeline *pipeline;
	struct embedded *embedded;
	struct kafka_settings settings;
	struct producer *producer;
	struct generator *generator;
	struct consumer *consumer;
	int64_t begun_ms; /* virtual time never goes back */
} w;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	memset(&w, 0, sizeof(w));
	clock_set(0);
	w.begun_ms = clock_wall_ms() - CLOCK_SEEDED_START_MS;
	check_ok(pipeline_parse(text, sizeof(text) - 1, "steps.json",
				&w.pipeline, &err),
		 &err);
	check_ok(
	    embedded_start(&w.settings, "steps", PARTITIONS, &w.embedded, &err),
	    &err);
	w.settings.brokers = xstrdup(embedded_brokers(w.embedded));
	check_ok(
	    producer_new(&w.settings, "steps", MEMORY, true, &w.producer, &err),
	    &err);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	consumer_free(w.consumer);
	generator_free(w.generator);
	producer_free(w.producer);
	embedded_stop(w.embedded);
	kafka_settings_release(&w.settings);
	pipeline_free(w.pipeline);
	return 0;
}

/* ---- Generating ---- */

static void
start(double per_s, uint64_t events)
{
	struct generator_options options = {.pipeline = w.pipeline,
					    .producer = w.producer,
					    .per_s = per_s,
					    .events = events,
					    .threads = 1,
					    .seeded = true,
					    .stepped = true,
					    .seed = SEED};
	struct err err;

	check_ok(generator_start(&options, &w.generator, &err), &err);
}

/* To a moment since the test began. */
static void
step_to(int64_t ms)
{
	clock_set(w.begun_ms + ms);
	generator_step(w.generator, clock_flow_ns());
}

/* In parts of 10 ms, as the engine does. */
static void
walk(int64_t from_ms, int64_t to_ms)
{
	for (int64_t ms = from_ms + 10; ms <= to_ms; ms += 10)
		step_to(ms);
}

static int64_t
produced(void)
{
	return producer_produced(w.producer);
}

/* How many are in the topic, once all that was produced is. */
static int64_t
written(int64_t ends[PARTITIONS])
{
	int64_t until_ns = clock_steady_ns() + DEADLINE_NS, sum = 0;
	struct producer_counts counts;

	do {
		producer_push(w.producer, 100);
		producer_counts(w.producer, &counts, ends, PARTITIONS);
		assert_true(clock_steady_ns() < until_ns);
	} while (counts.acked + counts.failed < counts.produced);
	assert_int_equal(counts.failed, 0);
	for (int i = 0; i < PARTITIONS; i++)
		sum += ends[i];
	assert_int_equal(sum, counts.acked);
	return sum;
}

/* However time is cut, what is due is generated, from the start on. */
static void
test_rate(void **state)
{
	int64_t ends[PARTITIONS];

	(void)state;
	start(1000, 0);
	for (int ms = 10; ms <= 1000; ms += 10) {
		step_to(ms);
		assert_int_equal(produced(), ms);
	}
	step_to(1000);
	assert_int_equal(produced(), 1000);
	for (int ms = 1007; ms < 2000; ms += 7)
		step_to(ms);
	step_to(2000);
	assert_int_equal(produced(), 2000);
	assert_int_equal(written(ends), 2000);
	assert_false(generator_done(w.generator));
	assert_false(generator_held_back(w.generator));
}

static void
test_events(void **state)
{
	int64_t ends[PARTITIONS];

	(void)state;
	start(1000, 245);
	walk(0, 240);
	assert_int_equal(produced(), 240);
	assert_false(generator_done(w.generator));
	step_to(250);
	assert_int_equal(produced(), 245);
	assert_true(generator_done(w.generator));
	walk(250, 500);
	assert_int_equal(produced(), 245);
	assert_int_equal(written(ends), 245);
}

static void
test_stopped(void **state)
{
	struct generator_controls controls;
	int64_t curve_ns;

	(void)state;
	start(0, 0);
	walk(0, 1000);
	assert_int_equal(produced(), 0);
	generator_get_controls(w.generator, &controls, &curve_ns);
	controls.per_s = 100;
	generator_set_controls(w.generator, &controls, clock_flow_ns());
	/* Taken up at the next step. */
	step_to(1000);
	walk(1000, 1500);
	assert_int_equal(produced(), 50);
	controls.per_s = 0;
	generator_set_controls(w.generator, &controls, clock_flow_ns());
	step_to(1500);
	walk(1500, 2500);
	assert_int_equal(produced(), 50);
	/* Who is told to end generates no more. */
	controls.per_s = INFINITY;
	generator_set_controls(w.generator, &controls, clock_flow_ns());
	generator_end(w.generator);
	step_to(2510);
	assert_int_equal(produced(), 50);
	assert_true(generator_done(w.generator));
}

/* When nobody consumes it goes on to the producer's bound, and returns. */
static void
test_held_back(void **state)
{
	int64_t ends[PARTITIONS], before;

	(void)state;
	start(INFINITY, 0);
	step_to(10);
	before = produced();
	assert_true(before > 0);
	assert_true(generator_held_back(w.generator));
	step_to(1000);
	assert_int_equal(produced(), before);
	assert_int_equal(written(ends), before);
	step_to(1010);
	assert_int_equal(produced(), before);
	for (unsigned i = 0; i < PARTITIONS; i++)
		producer_caught_up(w.producer, i);
	step_to(1020);
	assert_true(produced() > before);
	assert_int_equal(written(ends), produced());
}

/* ---- Consuming ---- */

/* Partition 2 is slot 0, and so on. */
static int32_t
partition_of(unsigned slot)
{
	return (int32_t)(PARTITIONS - 1 - slot);
}

static void
start_slot(unsigned slot, int64_t offset)
{
	struct err err;

	check_ok(consumer_start(w.consumer, slot, "steps", partition_of(slot),
				offset, &err),
		 &err);
}

static void
start_consuming(void)
{
	struct err err;

	check_ok(consumer_new(&w.settings, MEMORY, PARTITIONS, true,
			      &w.consumer, &err),
		 &err);
}

/* Takes and sets aside until a slot is read up to its end. */
static void
hold_to(unsigned slot, int64_t end)
{
	int64_t until_ns = clock_steady_ns() + DEADLINE_NS;
	const struct consumer_message *messages;

	while (consumer_next(w.consumer, slot) < end) {
		assert_true(clock_steady_ns() < until_ns);
		consumer_take(w.consumer, 10, &messages);
		consumer_hold(w.consumer);
		/* There is nothing left to be released. */
		consumer_release(w.consumer);
	}
}

/* What the generator must have written, by the number of the event. */
struct expected {
	char data[128];
	size_t size;
	char key[8];
	size_t key_size;
	unsigned times; /* it has come */
};

static struct expected *
expect_events(void)
{
	struct expected *all = xcalloc(EVENTS, sizeof(*all));
	struct generator_controls controls;
	struct writer *writer;
	struct err err;

	controls_init(&controls, w.pipeline);
	check_ok(writer_new(w.pipeline, SEED, 0, &writer, &err), &err);
	writer_control(writer, &controls);
	assert_true(writer_max_bytes(writer) <= sizeof(all->data));
	for (int i = 0; i < EVENTS; i++) {
		struct text key;

		all[i].size = writer_next(
		    writer, CLOCK_SEEDED_START_MS + i * CLOCK_SEEDED_STEP_MS,
		    all[i].data, &key);
		memcpy(all[i].key, key.data, key.size);
		all[i].key_size = key.size;
	}
	writer_free(writer);
	return all;
}

/* The number of an event, by its time. */
static unsigned
number_of(const struct consumer_message *message)
{
	char copy[128] = "";
	const char *time;
	int64_t number;

	assert_true(message->size < sizeof(copy));
	memcpy(copy, message->data, message->size);
	time = strstr(copy, "\"t\":");
	assert_non_null(time);
	number = strtoll(time + 4, NULL, 10) - CLOCK_SEEDED_START_MS;
	assert_true(number >= 0 && number < EVENTS);
	return (unsigned)number;
}

/* The event itself, at the moment of clock time at which it was written. */
static void
check_event(const struct consumer_message *message, struct expected *all)
{
	unsigned number = number_of(message);
	struct expected *is = &all[number];

	assert_int_equal(message->size, is->size);
	assert_memory_equal(message->data, is->data, is->size);
	assert_int_equal(message->key_size, is->key_size);
	assert_memory_equal(message->key, is->key, is->key_size);
	/* 10 each 10 ms, the first of them when those are over. */
	assert_int_equal(consumer_timestamp_ms(message),
			 CLOCK_SEEDED_START_MS + w.begun_ms +
			     (number / 10 + 1) * 10);
	is->times++;
}

/* Several takes come out as one: by slots, then by offsets, whole. */
static void
test_hold(void **state)
{
	struct expected *all = expect_events();
	int64_t ends[PARTITIONS], next[PARTITIONS] = {0};
	const struct consumer_message *held;
	unsigned slot = 0;
	size_t len, events = 0;

	(void)state;
	start(1000, EVENTS);
	start_consuming();
	assert_int_equal(consumer_held(w.consumer, &held), 0);
	for (unsigned i = 0; i < PARTITIONS; i++)
		start_slot(i, 0);
	/* Five rounds, with all slots in each. */
	for (int ms = 0; ms < EVENTS; ms += 200) {
		walk(ms, ms + 200);
		written(ends);
		for (unsigned i = 0; i < PARTITIONS; i++)
			hold_to(i, ends[partition_of(i)]);
	}
	len = consumer_held(w.consumer, &held);
	for (size_t i = 0; i < len; i++) {
		assert_true(held[i].slot >= slot);
		slot = held[i].slot;
		if (held[i].kind != CONSUMER_EVENT) {
			/* An event of the same offset came later. */
			assert_int_equal(held[i].kind, CONSUMER_END);
			assert_true(held[i].offset <= next[slot]);
			continue;
		}
		assert_int_equal(held[i].offset, next[slot]++);
		check_event(&held[i], all);
		events++;
	}
	assert_int_equal(events, EVENTS);
	for (int i = 0; i < EVENTS; i++)
		assert_int_equal(all[i].times, 1);
	for (unsigned i = 0; i < PARTITIONS; i++)
		assert_int_equal(next[i], ends[partition_of(i)]);
	consumer_release_held(w.consumer);
	assert_int_equal(consumer_held(w.consumer, &held), 0);
	free(all);
}

/*
 * A slot that is placed anew brings what was set aside already once more, right
 * behind it.
 */
static void
test_hold_broken(void **state)
{
	struct expected *all = expect_events();
	int64_t ends[PARTITIONS], end, until_ns;
	const struct consumer_message *messages;
	size_t len = 0, events = 0;
	bool broken = false;

	(void)state;
	start(1000, EVENTS);
	walk(0, EVENTS);
	assert_int_equal(written(ends), EVENTS);
	end = ends[partition_of(0)];
	assert_true(end > 1);
	start_consuming();
	start_slot(0, end + 1000);
	until_ns = clock_steady_ns() + DEADLINE_NS;
	while (!broken) {
		assert_true(clock_steady_ns() < until_ns);
		len = consumer_take(w.consumer, 10, &messages);
		for (size_t i = 0; i < len; i++) {
			assert_int_equal(messages[i].kind, CONSUMER_BROKEN);
			assert_int_equal(messages[i].offset, end + 1000);
			broken = true;
		}
		consumer_hold(w.consumer);
	}
	for (int i = 0; i < 2; i++) {
		consumer_stop(w.consumer, 0);
		start_slot(0, 0);
		assert_int_equal(consumer_next(w.consumer, 0), 0);
		hold_to(0, end);
	}
	len = consumer_held(w.consumer, &messages);
	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			assert_true(messages[i - 1].offset <=
				    messages[i].offset);
		assert_int_not_equal(messages[i].kind, CONSUMER_BROKEN);
		if (messages[i].kind != CONSUMER_EVENT)
			continue;
		assert_int_equal(messages[i].offset, events / 2);
		check_event(&messages[i], all);
		events++;
	}
	assert_int_equal(events, 2 * end);
	for (int i = 0; i < EVENTS; i++)
		assert_true(all[i].times == 0 || all[i].times == 2);
	/* What is still set aside goes with the consumer. */
	free(all);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_rate),      TEST(test_events), TEST(test_stopped),
	    TEST(test_held_back), TEST(test_hold),   TEST(test_hold_broken),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
