/*
 * What a writer makes of controls: nothing as long as they are the pipeline's
 * own; values, skew, damage and spikes as they say. Events are judged by the
 * quality gate.
 */
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
#include "event/event.h"
#include "generate/distribution.h"
#include "generate/generate.h"

#define EVENTS 20000

/* "name" is drawn by zipf of 100, and no longer than two digits allow. */
static const char text[] =
    "{\"name\":\"p\",\"topic\":{\"name\":\"p\",\"key\":\"name\"},"
    "\"event\":{\"time\":\"at\",\"fields\":{"
    "\"name\":{\"type\":\"string\",\"max_length\":5},"
    "\"level\":{\"type\":\"integer\",\"max\":5000},"
    "\"ratio\":{\"type\":\"number\",\"min\":0,\"max\":1},"
    "\"free\":{\"type\":\"integer\"},"
    "\"kind\":{\"type\":\"string\",\"one_of\":[\"a\",\"b\"]},"
    "\"at\":{\"type\":\"time\"}}},"
    "\"tables\":{\"t\":{\"by\":[\"name\"],\"measures\":{\"n\":\"count\"}}},"
    "\"generator\":{\"fields\":{"
    "\"name\":{\"zipf\":1,\"count\":100,\"format\":\"n%02d\"},"
    "\"level\":{\"zipf\":0.5,\"count\":50},"
    "\"ratio\":{\"zipf\":1,\"count\":99,\"format\":\"0.%02d\"},"
    "\"free\":{\"zipf\":1,\"count\":10},"
    "\"kind\":{\"weights\":{\"a\":1,\"b\":1}}}}}";

enum { NAME, LEVEL, RATIO, FREE };

struct fixture {
	struct pipeline *p;
	struct generator_controls controls;
	struct writer *writer;
	struct decoder *decoder;
	char *out;
};

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = {.text = ""};

	if (pipeline_parse(text, strlen(text), "f", &f->p, &err) ||
	    writer_new(f->p, 7, 0, &f->writer, &err) ||
	    decoder_new(f->p, &f->decoder, &err))
		fail_msg("%s", err.text);
	controls_init(&f->controls, f->p);
	f->out = xmalloc(writer_max_damaged(f->writer));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	writer_free(f->writer);
	decoder_free(f->decoder);
	pipeline_free(f->p);
	free(f->out);
	free(f);
	return 0;
}

/* How often each number of "name" comes up; returns how many are dead. */
static unsigned
count_names(struct fixture *f, unsigned *counts, unsigned len)
{
	unsigned dead = 0;

	memset(counts, 0, len * sizeof(*counts));
	for (int i = 0; i < EVENTS; i++) {
		int64_t time_ms = CLOCK_SEEDED_START_MS + i;
		struct event_fault fault;
		struct event event;
		struct text key;
		size_t size = writer_next(f->writer, time_ms, f->out, &key);
		unsigned number;

		assert_true(size <= writer_max_bytes(f->writer));
		dead += decoder_decode(f->decoder, f->out, size, time_ms,
				       &event, &fault) != 0;
		number = (unsigned)strtoul(key.data + 1, NULL, 10);
		assert_true(number >= 1 && number <= len);
		counts[number - 1]++;
	}
	return dead;
}

/* Taking up what is so already changes no byte. */
static void
test_same(void **state)
{
	struct fixture *f = *state;
	struct writer *other;
	char *out = xmalloc(writer_max_damaged(f->writer));
	struct text key;

	assert_int_equal(writer_new(f->p, 7, 0, &other, NULL), 0);
	for (int i = 0; i < EVENTS; i++) {
		size_t size = writer_next(other, i, out, &key);

		if (i % 100 == 0) {
			f->controls.per_s = i;
			f->controls.curve = curve_default(CURVE_SINE, -1);
			writer_control(f->writer, &f->controls);
		}
		assert_int_equal(writer_next(f->writer, i, f->out, &key), size);
		assert_memory_equal(f->out, out, size);
	}
	writer_free(other);
	free(out);
}

static void
test_values(void **state)
{
	struct fixture *f = *state;
	unsigned counts[1000], different = 0;

	f->controls.fields[NAME] = (struct controls_field){7, 1};
	writer_control(f->writer, &f->controls);
	assert_int_equal(count_names(f, counts, 7), 0);
	for (int i = 0; i < 7; i++)
		assert_true(counts[i] > 500);
	f->controls.fields[NAME] = (struct controls_field){1000, 0.01};
	writer_control(f->writer, &f->controls);
	assert_int_equal(count_names(f, counts, 1000), 0);
	for (int i = 0; i < 1000; i++)
		different += counts[i] > 0;
	assert_true(different > 990);
	/* Four times as skewed: nearly all is the first. */
	f->controls.fields[NAME].exponent = 4;
	writer_control(f->writer, &f->controls);
	count_names(f, counts, 1000);
	assert_true(counts[0] > EVENTS * 0.9);
}

/* Of more values than fit, the field's rules would refuse some. */
static void
test_most_values(void **state)
{
	struct fixture *f = *state;
	unsigned counts[9999];

	assert_int_equal(controls_count_max(f->p, NAME), 9999);
	assert_int_equal(controls_count_max(f->p, LEVEL), 5000);
	assert_int_equal(controls_count_max(f->p, RATIO), 99);
	assert_true(controls_count_max(f->p, FREE) == GEN_COUNT_MAX);
	for (unsigned i = NAME; i <= FREE; i++)
		f->controls.fields[i] =
		    (struct controls_field){controls_count_max(f->p, i), 0.01};
	writer_control(f->writer, &f->controls);
	assert_int_equal(count_names(f, counts, 9999), 0);
}

static void
test_bad(void **state)
{
	struct fixture *f = *state;
	unsigned counts[100], dead;

	assert_int_equal(count_names(f, counts, 100), 0);
	f->controls.bad_share = 0.2;
	writer_control(f->writer, &f->controls);
	dead = count_names(f, counts, 100);
	assert_true(fabs(dead / (double)EVENTS - 0.2) < 0.02);
	f->controls.bad_share = 0;
	writer_control(f->writer, &f->controls);
	assert_int_equal(count_names(f, counts, 100), 0);
}

static void
test_spike(void **state)
{
	struct fixture *f = *state;
	unsigned before[100], counts[100];

	count_names(f, before, 100);
	f->controls.curve = curve_default(CURVE_SPIKE, NAME);
	f->controls.curve.share = 0.6;
	writer_control(f->writer, &f->controls);
	/* Not yet: only when it is told. */
	count_names(f, counts, 100);
	assert_true(counts[50] < EVENTS * 0.02);
	writer_spike(f->writer, true);
	assert_int_equal(count_names(f, counts, 100), 0);
	assert_true(fabs(counts[50] / (double)EVENTS - 0.6) < 0.02);
	/* The others share what is left, as before. */
	assert_true(fabs((double)counts[0] / before[0] - 0.4) < 0.04);
	writer_spike(f->writer, false);
	count_names(f, counts, 100);
	assert_true(counts[50] < EVENTS * 0.02);
	/* A field without controls has none. */
	f->controls.curve.field = 4;
	writer_control(f->writer, &f->controls);
	writer_spike(f->writer, true);
	assert_int_equal(count_names(f, counts, 100), 0);
}

/* Against the sum itself. */
static void
test_first_share(void **state)
{
	static const struct controls_field fields[] = {
	    {1, 1},        {10, 0.5},       {1000, 1},    {100000, 1},
	    {100000, 1.1}, {2000000, 0.01}, {3000000, 2}, {5000, 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		double sum = 0;

		for (uint64_t n = fields[i].count; n > 0; n--)
			sum += pow((double)n, -fields[i].exponent);
		assert_true(fabs(controls_first_share(&fields[i]) * sum - 1) <
			    1e-3);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_same), TEST(test_values), TEST(test_most_values),
	    TEST(test_bad),  TEST(test_spike),  TEST(test_first_share),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
