/*
 * Writers: the same seed gives the same bytes, every event is what the pipeline
 * says, and every damaged one is dead. Whether an event is valid is judged by
 * the quality gate itself (event/event.h), its text by the strict JSON door.
 *
 * The room for an event is a block of exactly writer_max_bytes(), so that
 * AddressSanitizer sees a byte written beyond it.
 */
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
#include "base/json.h"
#include "event/event.h"
#include "generate/generate.h"

#define START_MS CLOCK_SEEDED_START_MS

/* One of everything. */
static const char all[] =
    "{\"name\":\"all\",\"topic\":{\"name\":\"all\",\"key\":\"user\"},"
    "\"event\":{\"time\":\"at\",\"fields\":{"
    "\"user\":{\"type\":\"string\",\"path\":\"who.id\",\"max_length\":20},"
    "\"kind\":{\"type\":\"string\",\"one_of\":[\"a\\\"b\",\"\",\"\\u00e9\"]},"
    "\"city\":{\"type\":\"string\",\"path\":\"who.geo.city\"},"
    "\"at\":{\"type\":\"time\",\"unit\":\"us\"},"
    "\"price\":{\"type\":\"number\",\"min\":0,\"max\":1},"
    "\"free\":{\"type\":\"number\"},"
    "\"units\":{\"type\":\"integer\",\"min\":-2,\"max\":12},"
    "\"big\":{\"type\":\"integer\"},"
    "\"gift\":{\"type\":\"boolean\"},"
    "\"sure\":{\"type\":\"boolean\",\"optional\":true},"
    "\"seen\":{\"type\":\"time\",\"unit\":\"s\",\"path\":\"who.seen\"},"
    "\"never\":{\"type\":\"string\",\"optional\":true}}},"
    "\"tables\":{\"t\":{\"by\":[\"user\"],\"measures\":{\"n\":\"count\"}}},"
    "\"generator\":{\"fields\":{"
    "\"user\":{\"zipf\":1,\"count\":3000000,\"format\":\"u\\\"%05d\"},"
    "\"kind\":{\"weights\":{\"a\\\"b\":1,\"\":2,\"\\u00e9\":3}},"
    "\"city\":{\"constant\":\"new\\nyork\"},"
    "\"price\":{\"uniform\":[0,99],\"format\":\"0.%02d\"},"
    "\"free\":{\"constant\":-1.5e-7},"
    "\"units\":{\"sequence\":[-2,12]},"
    "\"big\":{\"uniform\":[-1000000000000000000,1000000000000000000]},"
    "\"gift\":{\"weights\":{\"true\":1,\"false\":1}},"
    "\"sure\":{\"constant\":true},"
    "\"seen\":{\"clock\":true}}}}";

static struct pipeline *
load(const char *text)
{
	struct pipeline *p = NULL;
	struct err err = {.text = ""};

	if (pipeline_parse(text, strlen(text), "f", &p, &err))
		fail_msg("%s", err.text);
	return p;
}

static struct pipeline *
load_interactions(void)
{
	/* Automake says where the source is when it runs tests. */
	const char *source = getenv("srcdir");
	char dir[4096];
	const char *dirs[] = {dir, NULL};
	struct pipeline *p = NULL;
	struct err err = {.text = ""};

	snprintf(dir, sizeof(dir), "%s/schema", source ? source : ".");
	if (pipeline_load("interactions", dirs, &p, &err))
		fail_msg("%s", err.text);
	return p;
}

struct source {
	struct writer *writer;
	char *out;
	size_t size;
	struct text key;
};

static void
source_init(struct source *s, const struct pipeline *p, uint64_t seed,
	    unsigned stream)
{
	struct err err = {.text = ""};

	if (writer_new(p, seed, stream, &s->writer, &err))
		fail_msg("%s", err.text);
	s->out = xmalloc(writer_max_bytes(s->writer));
}

static void
source_next(struct source *s, int64_t time_ms)
{
	size_t max = writer_max_bytes(s->writer);

	s->size = writer_next(s->writer, time_ms, s->out, &s->key);
	assert_true(s->size > 0 && s->size <= max);
	assert_true(s->key.data >= s->out &&
		    s->key.data + s->key.size <= s->out + max);
}

static void
source_release(struct source *s)
{
	writer_free(s->writer);
	free(s->out);
}

static void
check_first(struct source *s, int64_t time_ms, const char *event,
	    const char *key)
{
	char *text;

	source_next(s, time_ms);
	text = xstrndup(s->out, s->size);
	assert_string_equal(text, event);
	free(text);
	text = xstrndup(s->key.data, s->key.size);
	assert_string_equal(text, key);
	free(text);
}

/* Fixed for good: other bytes from this seed would break every script. */
static void
test_golden(void **state)
{
	struct pipeline *p = load_interactions();
	struct source s;

	(void)state;
	source_init(&s, p, 1, 0);
	check_first(&s, START_MS,
		    "{\"user_id\":\"u000004\",\"item_id\":\"i00140\","
		    "\"interaction_type\":\"view\","
		    "\"timestamp\":1735689600000}",
		    "u000004");
	check_first(&s, START_MS + 1,
		    "{\"user_id\":\"u009168\",\"item_id\":\"i00002\","
		    "\"interaction_type\":\"view\","
		    "\"timestamp\":1735689600001}",
		    "u009168");
	source_release(&s);
	pipeline_free(p);
}

static void
test_same_seed(void **state)
{
	struct pipeline *p = load_interactions();
	struct source s[4];
	unsigned other_seed = 0, other_stream = 0;

	(void)state;
	source_init(&s[0], p, 7, 1);
	source_init(&s[1], p, 7, 1);
	source_init(&s[2], p, 8, 1);
	source_init(&s[3], p, 7, 2);
	for (int i = 0; i < 10000; i++) {
		for (int j = 0; j < 4; j++)
			source_next(&s[j], START_MS + i);
		assert_int_equal(s[0].size, s[1].size);
		assert_memory_equal(s[0].out, s[1].out, s[0].size);
		assert_memory_equal(s[0].key.data, s[1].key.data,
				    s[0].key.size);
		other_seed += s[0].size != s[2].size ||
			      memcmp(s[0].out, s[2].out, s[0].size);
		other_stream += s[0].size != s[3].size ||
				memcmp(s[0].out, s[3].out, s[0].size);
	}
	assert_true(other_seed > 9000 && other_stream > 9000);
	for (int j = 0; j < 4; j++)
		source_release(&s[j]);
	pipeline_free(p);
}

static int64_t
int_at(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);
	int64_t i = 0;

	assert_non_null(value);
	assert_true(json_int(value, &i));
	return i;
}

static const char *
string_at(const struct json_value *object, const char *key)
{
	const struct json_value *value = json_get(object, key);

	assert_non_null(value);
	assert_non_null(json_string(value));
	return json_string(value);
}

static void
test_values(void **state)
{
	static const char *const order[] = {
	    "who",   "kind", "at",   "price", "free",
	    "units", "big",  "gift", "sure",
	};
	struct pipeline *p = load(all);
	unsigned kinds[3] = {0}, gifts = 0, negative = 0;
	struct source s;

	(void)state;
	source_init(&s, p, 3, 0);
	for (int i = 0; i < 6000; i++) {
		const struct json_value *root, *who, *v;
		struct json *json = NULL;
		struct err err = {.text = ""};
		const char *text;
		double d = -1;
		bool b = false;
		size_t n = 0;

		source_next(&s, START_MS + i);
		assert_null(memchr(s.out, '\n', s.size));
		if (json_parse(s.out, s.size, "event", &json, &err))
			fail_msg("%s", err.text);
		root = json_root(json);
		for (v = json_first(root); v; v = json_next(v))
			assert_string_equal(json_key(v), order[n++]);
		assert_int_equal(n, 9);

		who = json_get(root, "who");
		assert_int_equal(json_len(who), 3);
		text = string_at(who, "id");
		assert_memory_equal(text, "u\"", 2);
		assert_true(strlen(text) >= 7 && strlen(text) <= 9);
		assert_int_equal(strspn(text + 2, "0123456789"),
				 strlen(text) - 2);
		assert_string_equal(string_at(json_get(who, "geo"), "city"),
				    "new\nyork");
		assert_int_equal(int_at(who, "seen"), (START_MS + i) / 1000);
		assert_int_equal(int_at(root, "at"), (START_MS + i) * 1000);
		/* As it stands in the message, escapes and all. */
		assert_int_equal(s.key.size, strlen(text) + 1);
		assert_memory_equal(s.key.data, "u\\\"", 3);

		text = string_at(root, "kind");
		kinds[*text == 'a' ? 0 : *text ? 2 : 1]++;
		assert_true(json_double(json_get(root, "price"), &d));
		assert_true(d >= 0 && d <= 0.99);
		assert_true(json_double(json_get(root, "free"), &d));
		assert_true(d == -1.5e-7);
		assert_int_equal(int_at(root, "units"), i % 15 - 2);
		negative += int_at(root, "big") < 0;
		assert_true(json_bool(json_get(root, "gift"), &b));
		gifts += b;
		assert_true(json_bool(json_get(root, "sure"), &b) && b);
		json_free(json);
	}
	/* 1 : 2 : 3 and halves; the standard deviation is below 39. */
	assert_in_range(kinds[0], 1000 - 160, 1000 + 160);
	assert_in_range(kinds[1], 2000 - 160, 2000 + 160);
	assert_in_range(gifts, 3000 - 160, 3000 + 160);
	assert_in_range(negative, 3000 - 160, 3000 + 160);
	source_release(&s);
	pipeline_free(p);
}

static void
test_time_units(void **state)
{
	static const struct {
		const char *unit, *event;
	} cases[] = {
	    {"s", "{\"t\":1735689600}"},
	    {"ms", "{\"t\":1735689600123}"},
	    {"us", "{\"t\":1735689600123000}"},
	    {"ns", "{\"t\":1735689600123000000}"},
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf text = BUF_INIT;
		struct pipeline *p;
		struct source s;

		buf_addf(&text,
			 "{\"name\":\"x\",\"topic\":{\"name\":\"x\"},"
			 "\"event\":{\"time\":\"t\",\"fields\":{\"t\":{\"type\""
			 ":\"time\",\"unit\":\"%s\"},\"s\":{\"type\":"
			 "\"string\",\"optional\":true}}},\"tables\":{\"a\":{"
			 "\"by\":[\"s\"],\"measures\":{\"n\":\"count\"}}},"
			 "\"generator\":{\"fields\":{}}}",
			 cases[i].unit);
		p = load(text.data);
		source_init(&s, p, 1, 0);
		check_first(&s, START_MS + 123, cases[i].event, "");
		source_release(&s);
		pipeline_free(p);
		buf_release(&text);
	}
}

/*
 * A damaged event differs from the one that the same seed gives undamaged, and
 * it is dead; all others are the same, and valid.
 */
static void
check_damage(struct pipeline *p, double share, unsigned reasons)
{
	const int many = 20000;
	struct source clean, s;
	struct decoder *decoder = NULL;
	struct err err;
	unsigned seen = 0, damaged = 0;
	double off;

	p->generator.bad_share = 0;
	source_init(&clean, p, 5, 0);
	p->generator.bad_share = share;
	source_init(&s, p, 5, 0);
	assert_int_equal(decoder_new(p, &decoder, &err), 0);
	for (int i = 0; i < many; i++) {
		int64_t time_ms = START_MS + i;
		struct event event;
		struct event_fault fault;
		enum reason reason;
		bool same;

		source_next(&clean, time_ms);
		source_next(&s, time_ms);
		same =
		    clean.size == s.size && !memcmp(clean.out, s.out, s.size);
		/* A clock long after a seeded run's, as in most of them. */
		reason = decoder_decode(decoder, s.out, s.size,
					time_ms + INT64_C(40000000000), &event,
					&fault);
		if (same != (reason == REASON_NONE))
			fail_msg("%s: %.*s", reason_name(reason), (int)s.size,
				 s.out);
		/* Only what is cut off is no JSON at all. */
		if (reason == REASON_NOT_JSON) {
			assert_true(s.size < clean.size);
			assert_memory_equal(s.out, clean.out, s.size);
		}
		seen |= 1U << reason;
		damaged += !same;
		assert_int_equal(clean.key.size, s.key.size);
		assert_memory_equal(clean.key.data, s.key.data, s.key.size);
	}
	assert_int_equal(seen & ~(1U << REASON_NONE), reasons);
	/* 4 standard deviations of 0.0036 at most. */
	off = (double)damaged / many - share;
	assert_true(off < 0.0145 && off > -0.0145);
	decoder_free(decoder);
	source_release(&clean);
	source_release(&s);
}

#define SEEN(reason) (1U << REASON_##reason)

static void
test_damage(void **state)
{
	struct pipeline *p = load_interactions();
	unsigned reasons = SEEN(NOT_JSON) | SEEN(MISSING) | SEEN(WRONG_TYPE) |
			   SEEN(NOT_ONE_OF) | SEEN(TOO_LONG) | SEEN(BAD_TIME) |
			   SEEN(DUPLICATE_KEY);

	(void)state;
	check_damage(p, 1, reasons);
	check_damage(p, 0.1, reasons);
	pipeline_free(p);

	p = load(all);
	check_damage(p, 1, reasons | SEEN(OUT_OF_RANGE));
	check_damage(p, 0.5, reasons | SEEN(OUT_OF_RANGE));
	pipeline_free(p);
}

/* Faults that would break no rule are left out. */
static void
test_damage_applies(void **state)
{
	struct pipeline *p = load(
	    "{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{"
	    "\"time\":\"t\",\"fields\":{\"t\":{\"type\":\"time\","
	    "\"unit\":\"ns\"},\"s\":{\"type\":\"string\",\"optional\":true,"
	    "\"max_length\":5000},\"a\":{\"type\":\"number\",\"max\":"
	    "9007199254740992,\"optional\":true},\"b\":{\"type\":"
	    "\"number\",\"min\":-1e308,\"optional\":true},\"k\":{\"type\":"
	    "\"boolean\",\"optional\":true}}},\"tables\":{"
	    "\"a\":{\"by\":[\"k\"],\"measures\":{\"n\":\"count\"}}},"
	    "\"generator\":{\"fields\":{\"s\":{\"constant\":\"\"},"
	    "\"a\":{\"uniform\":[0,9]},\"b\":{\"constant\":0}}}}");

	(void)state;
	check_damage(p, 1,
		     SEEN(NOT_JSON) | SEEN(MISSING) | SEEN(WRONG_TYPE) |
			 SEEN(OUT_OF_RANGE) | SEEN(BAD_TIME) |
			 SEEN(DUPLICATE_KEY));
	pipeline_free(p);
}

/* Every literal and value at each size around that of a copied block. */
static void
test_sizes(void **state)
{
	char key[70], value[70];

	(void)state;
	for (size_t i = 1; i < sizeof(key) - 1; i++) {
		struct buf text = BUF_INIT, event = BUF_INIT;
		struct pipeline *p;
		struct source s;

		memset(key, 'k', i);
		key[i] = '\0';
		memset(value, 'v', i);
		value[i] = '\0';
		buf_addf(&text,
			 "{\"name\":\"x\",\"topic\":{\"name\":\"x\","
			 "\"key\":\"s\"},\"event\":{\"time\":\"t\","
			 "\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{"
			 "\"type\":\"string\",\"path\":\"%s\"},\"n\":{"
			 "\"type\":\"string\"}}},\"tables\":{\"a\":{\"by\":["
			 "\"s\"],\"measures\":{\"n\":\"count\"}}},"
			 "\"generator\":{\"fields\":{\"s\":{\"weights\":{"
			 "\"%s\":1}},\"n\":{\"sequence\":[%zu,%zu],\"format\":"
			 "\"%%0%zud%s\"}}}}",
			 key, value, i * i * i * i, i * i * i * i, i % 20 + 1,
			 value);
		p = load(text.data);
		source_init(&s, p, 1, 0);
		buf_addf(&event,
			 "{\"t\":1735689600000,\"%s\":\"%s\",\"n\":\""
			 "%0*zu%s\"}",
			 key, value, (int)(i % 20 + 1), i * i * i * i, value);
		check_first(&s, START_MS, event.data, value);
		source_release(&s);
		pipeline_free(p);
		buf_release(&text);
		buf_release(&event);
	}
}

static void
test_refused(void **state)
{
	struct pipeline *p = load(all);
	struct writer *writer = NULL;
	struct err err = {.text = ""};

	(void)state;
	p->event.max_bytes = 100;
	assert_int_equal(writer_new(p, 1, 0, &writer, &err), WEIR_PIPELINE);
	assert_memory_equal(err.text, "f: its generator's events can take ",
			    35);
	p->generator.present = false;
	assert_int_equal(writer_new(p, 1, 0, &writer, &err), WEIR_PIPELINE);
	assert_string_equal(err.text,
			    "f has no \"generator\"; it can only be watched");
	assert_null(writer);
	writer_free(NULL);
	pipeline_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_same_seed),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_time_units),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_damage_applies),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
