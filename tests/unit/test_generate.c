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

/* With what is not allowed, beside what may be there or not. */
static void
test_damage_none_of(void **state)
{
	struct pipeline *p =
	    load("{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{"
		 "\"time\":\"t\",\"fields\":{\"t\":{\"type\":\"time\"},"
		 "\"s\":{\"type\":\"string\",\"optional\":true,"
		 "\"max_length\":400,\"none_of\":[\"Z\\\"\",\"X\"]}}},"
		 "\"tables\":{\"a\":{\"by\":[\"s\"],\"measures\":{\"n\":"
		 "\"count\"},\"window\":{\"tumbling\":\"1m\"}}},"
		 "\"generator\":{\"fields\":{\"s\":{\"constant\":\"\"}}}}");

	(void)state;
	assert_non_null(p);
	check_damage(p, 1,
		     SEEN(NOT_JSON) | SEEN(MISSING) | SEEN(WRONG_TYPE) |
			 SEEN(TOO_LONG) | SEEN(BAD_TIME) | SEEN(DUPLICATE_KEY) |
			 SEEN(NONE_OF));
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

/* What a fault, a beginning and an end are of; the event time is in seconds. */
static const char odd[] =
    "{\"name\":\"odd\",\"topic\":{\"name\":\"odd\",\"key\":\"user\"},"
    "\"event\":{\"time\":\"at\",\"fields\":{"
    "\"late\":{\"type\":\"string\",\"optional\":true,\"path\":\"in.late\"},"
    "\"user\":{\"type\":\"integer\",\"min\":0},"
    "\"page\":{\"type\":\"string\"},"
    "\"id\":{\"type\":\"string\",\"max_length\":36},"
    "\"early\":{\"type\":\"integer\",\"optional\":true,\"path\":\"in.early\"},"
    "\"at\":{\"type\":\"time\",\"unit\":\"s\"},"
    "\"price\":{\"type\":\"number\"},"
    "\"land\":{\"type\":\"string\",\"max_length\":2},"
    "\"mark\":{\"type\":\"string\",\"optional\":true}}},"
    "\"tables\":{\"t\":{\"by\":[\"user\"],\"measures\":{\"n\":\"count\"}}},"
    "\"generator\":{\"fields\":{"
    "\"late\":{\"weights\":{\"x\":1,\"yy\":1},\"from\":\"5s\"},"
    "\"user\":{\"uniform\":[1,1000]},"
    "\"page\":{\"uniform\":[1,100],\"format\":\"/page/%d\"},"
    "\"id\":{\"uuid\":true},"
    "\"early\":{\"sequence\":[1,1000000],\"until\":\"12s\"},"
    "\"price\":{\"uniform\":[0,3],\"format\":\"%d.00\"},"
    "\"land\":{\"weights\":{\"US\":1,\"CA\":1}},"
    "\"mark\":{\"uuid\":true,\"from\":\"7s\",\"until\":\"9s\"}}}}";

/* Also fixed for good. */
static void
test_golden_odd(void **state)
{
	struct pipeline *p = load(odd);
	struct source s;

	(void)state;
	source_init(&s, p, 1, 0);
	check_first(&s, START_MS,
		    "{\"in\":{\"early\":1},\"user\":913,\"page\":\"/page/3"
		    "\",\"id\":\"5826d727-b1c5-4926-a154-7d913db51808"
		    "\",\"at\":1735689600,\"price\":0.00,\"land\":\"US\"}",
		    "913");
	check_first(&s, START_MS + 8000,
		    "{\"in\":{\"late\":\"x\",\"early\":2},\"user\":374,\"pag"
		    "e\":\"/page/58\",\"id\":\"afcbedc9-b00d-46b6-9be9-"
		    "db2301d88b3e\",\"at\":1735689608,\"price\":3.00,\""
		    "land\":\"CA\",\"mark\":\"bd4bb8e5-5d54-4185-be54-f"
		    "2f917030e9b\"}",
		    "374");
	check_first(&s, START_MS + 12000,
		    "{\"in\":{\"late\":\"x\"},\"user\":305,\"page\":\"/page/"
		    "18\",\"id\":\"a0dc159d-c2ba-4ef3-9eec-19d50ba673"
		    "be\",\"at\":1735689612,\"price\":0.00,\"land\":\"CA\""
		    "}",
		    "305");
	source_release(&s);
	pipeline_free(p);
}

static void
test_uuid(void **state)
{
	static const char form[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
	struct pipeline *p = load(odd);
	unsigned seen[36][256] = {{0}};
	struct source s;
	const int many = 16000;

	(void)state;
	source_init(&s, p, 2, 0);
	for (int i = 0; i < many; i++) {
		const char *id;

		source_next(&s, START_MS);
		s.out[s.size] = '\0';
		id = strstr(s.out, "\"id\":\"");
		assert_non_null(id);
		assert_int_equal(id[6 + 36], '"');
		for (int j = 0; j < 36; j++)
			seen[j][(unsigned char)id[6 + j]]++;
	}
	/* Each digit as likely where it is random: 6 standard deviations. */
	for (int j = 0; j < 36; j++) {
		const char *digits = form[j] == 'x'   ? "0123456789abcdef"
				     : form[j] == 'v' ? "89ab"
						      : (char[]){form[j], 0};
		unsigned share = many / (unsigned)strlen(digits);

		for (; *digits; digits++)
			assert_true(seen[j][(int)*digits] <= share + 360 &&
				    seen[j][(int)*digits] + 360 >= share);
	}
	source_release(&s);
	pipeline_free(p);
}

/* The text of a member of an event, NULL where it has none; free() it. */
static char *
member_of(const struct source *s, const char *path)
{
	char *text = xstrndup(s->out, s->size), *at, *member = NULL;

	at = strstr(text, path);
	if (at) {
		at += strlen(path);
		member = xstrndup(at, strcspn(at, ",}"));
	}
	free(text);
	return member;
}

static void
check_same_member(const struct source *a, const struct source *b,
		  const char *path, bool there)
{
	char *left = member_of(a, path), *right = member_of(b, path);

	assert_non_null(left);
	if (there && (!right || strcmp(left, right)))
		fail_msg("%s %s, not %s", path, right ? right : "-", left);
	if (!there && right)
		fail_msg("%s %s", path, right);
	free(left);
	free(right);
}

/*
 * Fields are there exactly from and until their times, and what is drawn, also
 * of themselves, is what it would be without.
 */
static void
test_spans(void **state)
{
	static const char *const always[] = {
	    "\"user\":", "\"page\":",  "\"id\":",
	    "\"at\":",   "\"price\":", "\"land\":"};
	/* Over each of the bounds, back before one, and before the beginning.
	 */
	static const int times_ms[] = {0,     1,     4999,  5000,  5001, 6999,
				       7000,  8999,  9000,  11999, 4999, 11999,
				       12000, 12001, 99999, -7,    5000};
	struct pipeline *p = load(odd), *whole = load(odd);
	const int64_t begin_ms = START_MS + 123456;
	struct source s, w;

	(void)state;
	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++)
		whole->generator.fields[i].from_ms =
		    whole->generator.fields[i].until_ms = 0;
	source_init(&s, p, 3, 0);
	source_init(&w, whole, 3, 0);
	assert_int_equal(writer_max_bytes(s.writer),
			 writer_max_bytes(w.writer));
	writer_begin(s.writer, begin_ms);
	for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++) {
		int ms = times_ms[i];
		bool late = ms >= 5000, early = ms < 12000;

		source_next(&s, begin_ms + ms);
		source_next(&w, begin_ms + ms);
		for (size_t j = 0; j < sizeof(always) / sizeof(always[0]); j++)
			check_same_member(&w, &s, always[j], true);
		check_same_member(&w, &s, "\"late\":", late);
		check_same_member(&w, &s, "\"early\":", early);
		check_same_member(&w, &s, "\"mark\":", ms >= 7000 && ms < 9000);
		if (late && early)
			assert_memory_equal(s.out, "{\"in\":{\"late\":\"", 15);
		else
			assert_memory_equal(s.out,
					    late ? "{\"in\":{\"late\":\""
						 : "{\"in\":{\"early\":",
					    15 - !late);
	}
	source_release(&s);
	source_release(&w);
	pipeline_free(p);
	pipeline_free(whole);
}

/* An object with nothing in it is not there, nor is the comma behind it. */
static void
test_spans_empty(void **state)
{
	struct pipeline *p = load(
	    "{\"name\":\"x\",\"topic\":{\"name\":\"x\",\"key\":\"a\"},"
	    "\"event\":{\"time\":\"t\",\"fields\":{"
	    "\"a\":{\"type\":\"string\",\"optional\":true,\"path\":\"o.p.a\"},"
	    "\"t\":{\"type\":\"time\"},"
	    "\"b\":{\"type\":\"boolean\",\"optional\":true,\"path\":\"o.b\"}}},"
	    "\"tables\":{\"n\":{\"by\":[\"a\"],\"measures\":{\"n\":\"count\"}}}"
	    ","
	    "\"generator\":{\"fields\":{"
	    "\"a\":{\"zipf\":1,\"count\":1,\"from\":\"2ms\",\"until\":\"3ms\"},"
	    "\"b\":{\"constant\":true,\"from\":\"1ms\"}}}}");
	struct source s;

	(void)state;
	source_init(&s, p, 1, 0);
	check_first(&s, START_MS, "{\"t\":1735689600000}", "");
	check_first(&s, START_MS + 1,
		    "{\"o\":{\"b\":true},\"t\":1735689600001}", "");
	check_first(&s, START_MS + 2,
		    "{\"o\":{\"p\":{\"a\":\"1\"},\"b\":true},"
		    "\"t\":1735689600002}",
		    "1");
	check_first(&s, START_MS + 3,
		    "{\"o\":{\"b\":true},\"t\":1735689600003}", "");
	source_release(&s);
	pipeline_free(p);
}

/* What is damaged is what is there. */
static void
test_spans_damage(void **state)
{
	struct pipeline *p = load(odd);
	unsigned reasons = SEEN(NOT_JSON) | SEEN(MISSING) | SEEN(WRONG_TYPE) |
			   SEEN(OUT_OF_RANGE) | SEEN(TOO_LONG) |
			   SEEN(BAD_TIME) | SEEN(DUPLICATE_KEY);

	(void)state;
	check_damage(p, 1, reasons);
	check_damage(p, 0.1, reasons);
	pipeline_free(p);
}

static struct text long_value = {"a \"value\" that is longer than all others",
				 40};
static struct text short_value = {"ZZ", 2};
static struct text big_value = {"123456789012345678901234567890", 30};

#define SET_FAULTS 7

/* Faults, in this order; a share below 0: not this one. */
static void
set_faults(struct pipeline *p, const double *shares)
{
	const struct gen_fault all_faults[] = {
	    {(unsigned)pipeline_field(p, "user"), 0, NULL},
	    {(unsigned)pipeline_field(p, "land"), 0, &short_value},
	    {(unsigned)pipeline_field(p, "land"), 0, &long_value},
	    {(unsigned)pipeline_field(p, "price"), 0, NULL},
	    {(unsigned)pipeline_field(p, "user"), 0, &big_value},
	    {(unsigned)pipeline_field(p, "late"), 0, &short_value},
	    {(unsigned)pipeline_field(p, "user"), 0, NULL},
	};
	struct generator_spec *g = &p->generator;

	g->faults_len = 0;
	for (size_t i = 0; i < SET_FAULTS; i++)
		if (shares[i] >= 0) {
			g->faults[g->faults_len] = all_faults[i];
			g->faults[g->faults_len++].share = shares[i];
		}
}

/* Of pipeline_free(), the texts are not. */
static void
free_with_faults(struct pipeline *p)
{
	p->generator.faults_len = 0;
	pipeline_free(p);
}

static bool
member_is(const struct source *s, const char *path, const char *wanted)
{
	char *text = member_of(s, path);
	bool is = text && !strcmp(text, wanted);

	free(text);
	return is;
}

/*
 * The faults of an event, by comparison with the same one without: a bit for
 * each of set_faults(), of the last for the first. All else is the same.
 */
static unsigned
faults_of(const struct source *s, const struct source *clean)
{
	static const char *const rest[] = {"\"page\":", "\"id\":", "\"at\":"};
	char *user = member_of(clean, "\"user\":");
	char *price = member_of(clean, "\"price\":"), text[64];
	char *late = member_of(clean, "\"late\":");
	unsigned faults = 0;

	for (size_t i = 0; i < 3; i++)
		check_same_member(clean, s, rest[i], true);
	snprintf(text, sizeof(text), "-%s", user);
	if (member_is(s, "\"user\":", text))
		faults |= 1;
	else if (member_is(s, "\"user\":", big_value.data))
		faults |= 16;
	else
		check_same_member(clean, s, "\"user\":", true);
	if (member_is(s, "\"land\":", "\"ZZ\""))
		faults |= 2;
	else if (member_is(
		     s, "\"land\":",
		     "\"a \\\"value\\\" that is longer than all others\""))
		faults |= 4;
	else
		check_same_member(clean, s, "\"land\":", true);
	snprintf(text, sizeof(text), "-%s", price);
	if (member_is(s, "\"price\":", text)) {
		assert_string_not_equal(price, "0.00");
		faults |= 8;
	} else {
		check_same_member(clean, s, "\"price\":", true);
	}
	if (member_is(s, "\"late\":", "\"ZZ\"")) {
		assert_non_null(late);
		faults |= 32;
	} else if (late) {
		check_same_member(clean, s, "\"late\":", true);
	} else {
		assert_null(member_of(s, "\"late\":"));
	}
	free(user);
	free(price);
	free(late);
	return faults;
}

#define FAULT_EVENTS 20000

/* Counts of each fault; the key is the value as it is written. */
static void
count_faults(const double *shares, unsigned counts[SET_FAULTS], uint8_t *each)
{
	struct pipeline *p = load(odd), *plain = load(odd);
	struct source s, clean;

	set_faults(p, shares);
	source_init(&s, p, 9, 0);
	source_init(&clean, plain, 9, 0);
	memset(counts, 0, SET_FAULTS * sizeof(*counts));
	for (int i = 0; i < FAULT_EVENTS; i++) {
		struct json *json = NULL;
		struct err err;
		char *key;

		source_next(&s, START_MS + i);
		source_next(&clean, START_MS + i);
		/* Whatever the values, it is JSON. */
		if (json_parse(s.out, s.size, "event", &json, &err))
			fail_msg("%s", err.text);
		json_free(json);
		each[i] = (uint8_t)faults_of(&s, &clean);
		for (int j = 0; j < SET_FAULTS; j++)
			counts[j] += each[i] >> j & 1;
		key = xstrndup(s.key.data, s.key.size);
		assert_true(member_is(&s, "\"user\":", key));
		free(key);
	}
	source_release(&s);
	source_release(&clean);
	free_with_faults(p);
	pipeline_free(plain);
}

static void
check_share(unsigned count, double share)
{
	double off = (double)count / FAULT_EVENTS - share;

	/* 4 standard deviations of 0.0036 at most. */
	if (off > 0.0145 || off < -0.0145)
		fail_msg("%u of %d, not %g", count, FAULT_EVENTS, share);
}

static void
test_faults(void **state)
{
	static uint8_t first[FAULT_EVENTS], other[FAULT_EVENTS];
	unsigned counts[SET_FAULTS];

	(void)state;
	count_faults((double[]){0.05, 0.05, -1, -1, -1, -1, -1}, counts, first);
	check_share(counts[0], 0.05);
	check_share(counts[1], 0.05);
	count_faults((double[]){0.05, 0.05, -1, -1, -1, -1, -1}, counts, other);
	assert_memory_equal(first, other, sizeof(first));
	/* Of another share, what it hit before is the same. */
	count_faults((double[]){0.3, 0.05, -1, -1, -1, -1, -1}, counts, other);
	check_share(counts[0], 0.3);
	for (int i = 0; i < FAULT_EVENTS; i++) {
		assert_true((first[i] & 2) == (other[i] & 2));
		assert_false((first[i] & 1) && !(other[i] & 1));
	}
	/* A later one wins, and of four prices one is zero. */
	count_faults((double[]){0.5, 0.6, 0.4, 0.2, 0.25, 0.2, -1}, counts,
		     first);
	check_share(counts[0], 0.5 * 0.75);
	check_share(counts[1], 0.6 * 0.6);
	check_share(counts[2], 0.4);
	check_share(counts[3], 0.2 * 0.75);
	check_share(counts[4], 0.25);
	/* It is not there in the first quarter. */
	check_share(counts[5], 0.2 * 0.75);
	count_faults((double[]){1, 1, 0, 1, 0, 1, 0}, counts, first);
	assert_int_equal(counts[0], FAULT_EVENTS);
	assert_int_equal(counts[1], FAULT_EVENTS);
	assert_int_equal(counts[2] + counts[4], 0);
	assert_int_equal(counts[5], FAULT_EVENTS - 5000);
	/* Of two, the number that was drawn is negated. */
	count_faults((double[]){1, -1, -1, -1, 1, -1, 1}, counts, first);
	assert_int_equal(counts[0], FAULT_EVENTS);
	assert_int_equal(counts[4], 0);
	count_faults((double[]){0, 0, 0, 0, 0, 0, 0}, counts, first);
	assert_int_equal(counts[0] + counts[1] + counts[3], 0);
}

/*
 * Damage of events with faults and fields that begin and end: those that stay
 * whole are the same, the key stays, and nothing needs more room (the sources
 * look at each).
 */
static void
test_faults_damage(void **state)
{
	static const double shares[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
	struct pipeline *p = load(odd);
	struct source clean, s;
	unsigned same = 0;

	(void)state;
	set_faults(p, shares);
	source_init(&clean, p, 4, 0);
	p->generator.bad_share = 0.9;
	source_init(&s, p, 4, 0);
	for (int i = 0; i < FAULT_EVENTS; i++) {
		source_next(&clean, START_MS + i);
		source_next(&s, START_MS + i);
		same +=
		    clean.size == s.size && !memcmp(clean.out, s.out, s.size);
		assert_int_equal(clean.key.size, s.key.size);
		assert_memory_equal(clean.key.data, s.key.data, s.key.size);
	}
	check_share(same, 0.1);
	source_release(&clean);
	source_release(&s);
	free_with_faults(p);
}

/* The longest event that there can be is as long as is said. */
static void
test_faults_room(void **state)
{
	struct pipeline *p = load(odd);
	struct source plain, s;
	size_t more;

	(void)state;
	source_init(&plain, p, 1, 0);
	set_faults(p, (double[]){1, -1, 1, -1, -1, -1, -1});
	source_init(&s, p, 1, 0);
	source_next(&plain, START_MS);
	source_next(&s, START_MS);
	/* A sign; a text of 40 bytes, 2 quotes and 2 escapes for "US". */
	assert_int_equal(s.size - plain.size, 1 + 44 - 4);
	more = writer_max_bytes(s.writer) - writer_max_bytes(plain.writer);
	assert_true(more == 1 + 44 - 4);
	source_release(&plain);
	source_release(&s);
	free_with_faults(p);
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
	    cmocka_unit_test(test_damage_none_of),
	    cmocka_unit_test(test_damage_applies),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_golden_odd),
	    cmocka_unit_test(test_uuid),
	    cmocka_unit_test(test_spans),
	    cmocka_unit_test(test_spans_empty),
	    cmocka_unit_test(test_spans_damage),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_faults_damage),
	    cmocka_unit_test(test_faults_room),
	};

	return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
