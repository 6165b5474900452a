/*
 * The decoder and its quality gate: one table of messages with the reason and
 * the field that they must be dead for, and single tests for what a line of
 * text cannot say. The pipeline is made by hand, so that nothing but the module
 * itself is tested.
 *
 * Every message lies in a block of exactly its size, so that AddressSanitizer
 * sees a byte read beyond it, and all share one decoder, which must not
 * remember an error.
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
#include "base/random.h"
#include "event/event.h"

#define NOW_MS    INT64_C(1735689600000)
#define FUTURE_MS INT64_C(3600000)
#define MAX_BYTES (16u << 20)

/* The fields of the test's pipeline; rules in make_pipeline(). */
enum {
	F_NAME,  /* string of at most 8 bytes */
	F_KIND,  /* one of click, view, purchase and the empty string */
	F_AT,    /* the event time, ms */
	F_COUNT, /* int, -5..10 */
	F_BIG,   /* int */
	F_SCORE, /* number, -1.5..2.5 */
	F_REAL,  /* number */
	F_FLAG,  /* bool */
	F_S,     /* times in every unit */
	F_MS,
	F_US,
	F_NS,
	F_ID,   /* user.id, string */
	F_CITY, /* user.geo.city, string */
	F_ZIP,  /* user.geo.zip, int */
	F_NEED, /* must.have, int: the only one required of those below F_AT */
	F_TWIN, /* the path of F_COUNT once more, as a number */
	FIELDS
};

static const char *const names[FIELDS] = {
    "name", "kind", "at", "count", "big",  "score", "real", "flag", "s",
    "ms",   "us",   "ns", "id",    "city", "zip",   "need", "twin",
};

static struct text kinds[] = {
    {"click", 5}, {"view", 4}, {"", 0}, {"purchase", 8}};

struct fixture {
	struct pipeline *pipeline;
	struct decoder *decoder;
	struct event event;
	struct event_fault fault;
	char *copy; /* of the last message: texts may point into it */
};

static void
set_path(struct field *field, const char *a, const char *b, const char *c)
{
	const char *const keys[] = {a, b, c};

	field->path_len = 0;
	for (size_t i = 0; i < 3 && keys[i]; i++)
		field->path[field->path_len++] = xstrdup(keys[i]);
}

static struct pipeline *
make_pipeline(void)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));
	struct field *f = p->event.fields;

	p->event.fields_len = FIELDS;
	p->event.time_field = F_AT;
	p->event.max_bytes = MAX_BYTES;
	p->event.future_ms = FUTURE_MS;
	for (size_t i = 0; i < FIELDS; i++) {
		snprintf(f[i].name, sizeof(f[i].name), "%s", names[i]);
		set_path(&f[i], names[i], NULL, NULL);
		f[i].max_length = 256;
		f[i].optional = i > F_AT && i != F_NEED;
	}
	for (size_t i = F_ID; i <= F_TWIN; i++)
		free(f[i].path[0]);
	set_path(&f[F_ID], "user", "id", NULL);
	set_path(&f[F_CITY], "user", "geo", "city");
	set_path(&f[F_ZIP], "user", "geo", "zip");
	set_path(&f[F_NEED], "must", "have", NULL);
	set_path(&f[F_TWIN], "count", NULL, NULL);

	f[F_NAME].max_length = 8;
	f[F_KIND].one_of = kinds;
	f[F_KIND].one_of_len = sizeof(kinds) / sizeof(kinds[0]);
	f[F_AT].type = FIELD_TIME;
	f[F_AT].unit = TIME_MS;
	f[F_COUNT].type = FIELD_INT;
	f[F_COUNT].has_min = f[F_COUNT].has_max = true;
	f[F_COUNT].min = -5;
	f[F_COUNT].max = 10;
	f[F_BIG].type = FIELD_INT;
	f[F_SCORE].type = FIELD_NUMBER;
	f[F_SCORE].has_min = f[F_SCORE].has_max = true;
	f[F_SCORE].min = -1.5;
	f[F_SCORE].max = 2.5;
	f[F_REAL].type = FIELD_NUMBER;
	f[F_FLAG].type = FIELD_BOOL;
	for (size_t i = F_S; i <= F_NS; i++)
		f[i].type = FIELD_TIME;
	f[F_S].unit = TIME_S;
	f[F_MS].unit = TIME_MS;
	f[F_US].unit = TIME_US;
	f[F_NS].unit = TIME_NS;
	f[F_ZIP].type = FIELD_INT;
	f[F_NEED].type = FIELD_INT;
	f[F_TWIN].type = FIELD_NUMBER;
	return p;
}

static void
free_pipeline(struct pipeline *p)
{
	for (size_t i = 0; i < p->event.fields_len; i++)
		for (unsigned k = 0; k < p->event.fields[i].path_len; k++)
			free(p->event.fields[i].path[k]);
	free(p);
}

static int
setup(void **state)
{
	struct fixture *fix = xcalloc(1, sizeof(*fix));
	struct err err;

	fix->pipeline = make_pipeline();
	assert_int_equal(decoder_new(fix->pipeline, &fix->decoder, &err), 0);
	*state = fix;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fix = *state;

	decoder_free(fix->decoder);
	free_pipeline(fix->pipeline);
	free(fix->copy);
	free(fix);
	return 0;
}

/* Decodes a copy that ends where its memory ends. */
static enum reason
decode(struct fixture *fix, const void *data, size_t size)
{
	free(fix->copy);
	fix->copy = malloc(size ? size : 1);
	assert_non_null(fix->copy);
	memcpy(fix->copy, data, size);
	memset(&fix->event, 0xA5, sizeof(fix->event));
	fix->fault.field = 12345;
	fix->fault.rule = RULES;
	return decoder_decode(fix->decoder, fix->copy, size, NOW_MS,
			      &fix->event, &fix->fault);
}

static enum reason
decode_text(struct fixture *fix, const char *text)
{
	return decode(fix, text, strlen(text));
}

/* The beginning and end of a valid event. */
#define HEAD         "{\"name\":\"ann\",\"kind\":\"view\",\"at\":1735689600000"
#define TAIL         ",\"must\":{\"have\":1}}"
#define WITH(member) HEAD "," member TAIL

static const char valid[] = HEAD TAIL;

static const struct {
	const char *message;
	enum reason reason;
	int field;
} cases[] = {
    {valid, REASON_NONE, -1},
    {" \t\r\n" HEAD TAIL " \t\r\n", REASON_NONE, -1},

    /* No value */
    {"", REASON_NO_VALUE, -1},

    /* Not JSON: the whole */
    {" ", REASON_NOT_JSON, -1},
    {" \t\r\n", REASON_NOT_JSON, -1},
    {"\f", REASON_NOT_JSON, -1},
    {"{", REASON_NOT_JSON, -1},
    {"}", REASON_NOT_JSON, -1},
    {"\"", REASON_NOT_JSON, -1},
    {"tru", REASON_NOT_JSON, -1},
    {"truee", REASON_NOT_JSON, -1},
    {"True", REASON_NOT_JSON, -1},
    {"nulll", REASON_NOT_JSON, -1},
    {"NaN", REASON_NOT_JSON, -1},
    {"01", REASON_NOT_JSON, -1},
    {"1 2", REASON_NOT_JSON, -1},
    {"-", REASON_NOT_JSON, -1},
    {"1x", REASON_NOT_JSON, -1},
    {"\xEF\xBB\xBF" HEAD TAIL, REASON_NOT_JSON, -1},
    {HEAD TAIL "{}", REASON_NOT_JSON, -1},
    {HEAD TAIL ",", REASON_NOT_JSON, -1},
    {HEAD TAIL "}", REASON_NOT_JSON, -1},
    {HEAD TAIL " x", REASON_NOT_JSON, -1},
    {HEAD TAIL "\f", REASON_NOT_JSON, -1},
    {HEAD TAIL "\x1A", REASON_NOT_JSON, -1},
    {"not json", REASON_NOT_JSON, -1},

    /* Not JSON: members, in fields that the pipeline does not read */
    {WITH("\"x\":"), REASON_NOT_JSON, -1},
    {WITH("\"x\""), REASON_NOT_JSON, -1},
    {WITH("x:1"), REASON_NOT_JSON, -1},
    {WITH("'x':1"), REASON_NOT_JSON, -1},
    {WITH("1:1"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1,"), REASON_NOT_JSON, -1},
    {WITH("\"x\":[1,]"), REASON_NOT_JSON, -1},
    {WITH("\"x\":[1 2]"), REASON_NOT_JSON, -1},
    {WITH("\"x\":[1}"), REASON_NOT_JSON, -1},
    {WITH("\"x\":nul"), REASON_NOT_JSON, -1},
    {WITH("\"x\":TRUE"), REASON_NOT_JSON, -1},
    {WITH("\"x\":undefined"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1 // comment\n"), REASON_NOT_JSON, -1},
    {WITH("\"x\":/**/1"), REASON_NOT_JSON, -1},
    {WITH("\"x\":\\\"\""), REASON_NOT_JSON, -1},

    /* Not JSON: numbers */
    {WITH("\"x\":NaN"), REASON_NOT_JSON, -1},
    {WITH("\"x\":Infinity"), REASON_NOT_JSON, -1},
    {WITH("\"x\":-Infinity"), REASON_NOT_JSON, -1},
    {WITH("\"x\":+1"), REASON_NOT_JSON, -1},
    {WITH("\"x\":.5"), REASON_NOT_JSON, -1},
    {WITH("\"x\":5."), REASON_NOT_JSON, -1},
    {WITH("\"x\":01"), REASON_NOT_JSON, -1},
    {WITH("\"x\":-01"), REASON_NOT_JSON, -1},
    {WITH("\"x\":--1"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1e"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1e+"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1.e5"), REASON_NOT_JSON, -1},
    {WITH("\"x\":0x10"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1.2.3"), REASON_NOT_JSON, -1},
    {WITH("\"x\":1\"\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":1_000"), REASON_NOT_JSON, -1},
    {WITH("\"x\":99999999999999999999x"), REASON_NOT_JSON, -1},
    {WITH("\"x\":099999999999999999999"), REASON_NOT_JSON, -1},

    /* Not JSON: strings */
    {WITH("\"x\":\"\t\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\n\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\x1F\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\x\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\'\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\u12\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\u12g4\""), REASON_NOT_JSON, -1},
    {WITH("\"\\q\":1"), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\"), REASON_NOT_JSON, -1},
    /* half a pair of surrogates is no character */
    {WITH("\"x\":\"\\ud800\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\udbff!\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\udc00\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\udfff\\ud800\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\ud800\\u0041\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\ud800\\ud800\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\\ud83d\\ude00\""), REASON_NONE, -1},

    /* Not JSON: UTF-8 */
    {WITH("\"x\":\"\x80\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xC3\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xC0\xAF\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xE0\x80\xAF\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xED\xA0\x80\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xF4\x90\x80\x80\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xF8\x88\x80\x80\x80\""), REASON_NOT_JSON, -1},
    {WITH("\"x\":\"\xFF\""), REASON_NOT_JSON, -1},
    {WITH("\"\xE2\x82\":1"), REASON_NOT_JSON, -1},
    {HEAD TAIL "\xC3", REASON_NOT_JSON, -1},
    {WITH("\"\xE2\x82\xAC\":\"\xF0\x9F\x98\x80\""), REASON_NONE, -1},

    /* Not an object */
    {"[]", REASON_NOT_OBJECT, -1},
    {"[{\"name\":\"ann\"}]", REASON_NOT_OBJECT, -1},
    {"null", REASON_NOT_OBJECT, -1},
    {"true", REASON_NOT_OBJECT, -1},
    {"false ", REASON_NOT_OBJECT, -1},
    {"0", REASON_NOT_OBJECT, -1},
    {"-1.5e3", REASON_NOT_OBJECT, -1},
    {"\"{}\"", REASON_NOT_OBJECT, -1},
    {"\"\"", REASON_NOT_OBJECT, -1},

    /* Duplicate keys: those of the pipeline only, before any other rule */
    {WITH("\"x\":1,\"x\":2"), REASON_NONE, -1},
    {WITH("\"x\":{\"name\":1,\"name\":1}"), REASON_NONE, -1},
    {WITH("\"user\":{\"name\":1,\"at\":1}"), REASON_NONE, -1},
    {WITH("\"name\":\"ann\""), REASON_DUPLICATE_KEY, F_NAME},
    {WITH("\"n\\u0061me\":\"bob\""), REASON_DUPLICATE_KEY, F_NAME},
    {WITH("\"at\":null"), REASON_DUPLICATE_KEY, F_AT},
    {WITH("\"count\":1,\"count\":1"), REASON_DUPLICATE_KEY, F_COUNT},
    {WITH("\"count\":null,\"count\":null"), REASON_DUPLICATE_KEY, F_COUNT},
    {WITH("\"user\":1,\"user\":2"), REASON_DUPLICATE_KEY, F_ID},
    {WITH("\"user\":null,\"us\\u0065r\":{}"), REASON_DUPLICATE_KEY, F_ID},
    {WITH("\"user\":{\"geo\":1,\"geo\":{}}"), REASON_DUPLICATE_KEY, F_CITY},
    {WITH("\"user\":{\"id\":\"a\",\"id\":\"a\"}"), REASON_DUPLICATE_KEY, F_ID},
    {WITH("\"user\":{\"geo\":{\"zip\":1,\"zip\":2}}"), REASON_DUPLICATE_KEY,
     F_ZIP},
    {WITH("\"user\":{\"user\":1,\"must\":1,\"must\":2}"), REASON_NONE, -1},
    {"{\"flag\":1,\"flag\":2}", REASON_DUPLICATE_KEY, F_FLAG},
    {WITH("\"flag\":1,\"flag\":2,\"x\":1e999"), REASON_DUPLICATE_KEY, F_FLAG},

    /* Missing: absent or null, for the first in field order */
    {"{}", REASON_MISSING, F_NAME},
    {"{\"Name\":\"ann\"}", REASON_MISSING, F_NAME},
    {"{\"names\":\"ann\",\"nam\":\"ann\"}", REASON_MISSING, F_NAME},
    {"{\"\":\"ann\"}", REASON_MISSING, F_NAME},
    {"{\"name\":null,\"kind\":5}", REASON_MISSING, F_NAME},
    {"{\"kind\":\"view\",\"at\":1}", REASON_MISSING, F_NAME},
    {"{\"name\":\"ann\",\"kind\":null,\"at\":1}", REASON_MISSING, F_KIND},
    {"{\"name\":\"ann\",\"kind\":\"view\"}", REASON_MISSING, F_AT},
    {HEAD "}", REASON_MISSING, F_NEED},
    {HEAD ",\"have\":1}", REASON_MISSING, F_NEED},
    {HEAD ",\"must\":null}", REASON_MISSING, F_NEED},
    {HEAD ",\"must\":{}}", REASON_MISSING, F_NEED},
    {HEAD ",\"must\":{\"have\":null}}", REASON_MISSING, F_NEED},
    {HEAD ",\"must\":{\"must\":{\"have\":1}}}", REASON_MISSING, F_NEED},
    {WITH("\"count\":null,\"user\":null"), REASON_NONE, -1},
    {WITH("\"user\":{\"geo\":null,\"id\":null}"), REASON_NONE, -1},
    {WITH("\"user\":{}"), REASON_NONE, -1},

    /* Wrong type */
    {"{\"name\":1}", REASON_WRONG_TYPE, F_NAME},
    {"{\"name\":[\"ann\"]}", REASON_WRONG_TYPE, F_NAME},
    {"{\"name\":{}}", REASON_WRONG_TYPE, F_NAME},
    {"{\"name\":true}", REASON_WRONG_TYPE, F_NAME},
    {WITH("\"count\":3.0"), REASON_WRONG_TYPE, F_COUNT},
    {WITH("\"count\":3e0"), REASON_WRONG_TYPE, F_COUNT},
    {WITH("\"count\":\"3\""), REASON_WRONG_TYPE, F_COUNT},
    {WITH("\"count\":false"), REASON_WRONG_TYPE, F_COUNT},
    {WITH("\"score\":\"1\""), REASON_WRONG_TYPE, F_SCORE},
    {WITH("\"score\":true"), REASON_WRONG_TYPE, F_SCORE},
    {WITH("\"flag\":1"), REASON_WRONG_TYPE, F_FLAG},
    {WITH("\"flag\":\"true\""), REASON_WRONG_TYPE, F_FLAG},
    {WITH("\"s\":1.5"), REASON_WRONG_TYPE, F_S},
    {WITH("\"ms\":1e3"), REASON_WRONG_TYPE, F_MS},
    {WITH("\"us\":\"2025-01-01\""), REASON_WRONG_TYPE, F_US},
    {WITH("\"ns\":[]"), REASON_WRONG_TYPE, F_NS},
    {WITH("\"user\":1"), REASON_WRONG_TYPE, F_ID},
    {WITH("\"user\":[{\"id\":\"a\"}]"), REASON_WRONG_TYPE, F_ID},
    {WITH("\"user\":\"a\""), REASON_WRONG_TYPE, F_ID},
    {WITH("\"user\":{\"id\":\"a\",\"geo\":false}"), REASON_WRONG_TYPE, F_CITY},
    {HEAD ",\"must\":1}", REASON_WRONG_TYPE, F_NEED},

    /* Out of range */
    {WITH("\"count\":-5"), REASON_NONE, -1},
    {WITH("\"count\":-6"), REASON_OUT_OF_RANGE, F_COUNT},
    {WITH("\"count\":10"), REASON_NONE, -1},
    {WITH("\"count\":11"), REASON_OUT_OF_RANGE, F_COUNT},
    {WITH("\"count\":18446744073709551615"), REASON_OUT_OF_RANGE, F_COUNT},
    {WITH("\"big\":9223372036854775807"), REASON_NONE, -1},
    {WITH("\"big\":9223372036854775808"), REASON_OUT_OF_RANGE, F_BIG},
    {WITH("\"big\":-9223372036854775808"), REASON_NONE, -1},
    {WITH("\"score\":-1.5"), REASON_NONE, -1},
    {WITH("\"score\":-1.5000000000000002"), REASON_OUT_OF_RANGE, F_SCORE},
    {WITH("\"score\":2.5"), REASON_NONE, -1},
    {WITH("\"score\":3"), REASON_OUT_OF_RANGE, F_SCORE},
    {WITH("\"score\":18446744073709551615"), REASON_OUT_OF_RANGE, F_SCORE},

    /* Numbers beyond 64 bits: wherever they are, before other rules */
    {WITH("\"big\":18446744073709551616"), REASON_OUT_OF_RANGE, F_BIG},
    {WITH("\"big\":-9223372036854775809"), REASON_OUT_OF_RANGE, F_BIG},
    {WITH("\"real\":1e309"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"real\":9e308"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"real\":-1e309"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"real\":1.7976931348623159e308"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"real\":1.7976931348623157e308"), REASON_NONE, -1},
    {WITH("\"real\":1e99999999999999999999"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"x\":99999999999999999999"), REASON_OUT_OF_RANGE, -1},
    {WITH("\"x\":[0,{\"y\":1e999}]"), REASON_OUT_OF_RANGE, -1},
    {WITH("\"user\":{\"geo\":{\"zip\":1e999}}"), REASON_OUT_OF_RANGE, F_ZIP},
    {WITH("\"x\":1e999,\"real\":1e999,\"big\":0"), REASON_OUT_OF_RANGE, F_REAL},
    {WITH("\"ns\":18446744073709551616,\"big\":0"), REASON_OUT_OF_RANGE, F_NS},
    {WITH("\"name\":1e999"), REASON_DUPLICATE_KEY, F_NAME},
    {"{\"flag\":1e999}", REASON_OUT_OF_RANGE, F_FLAG},
    {WITH("\"x\":\"1e999 \\\" 01\",\"y\":1e999"), REASON_OUT_OF_RANGE, -1},
    {WITH("\"x\":\"\\\\\",\"y\":1e999,\"z\":\"\\\\\\\"\""), REASON_OUT_OF_RANGE,
     -1},
    {"1e999", REASON_NOT_OBJECT, -1},
    {"[1e999]", REASON_NOT_OBJECT, -1},
    /* but what is not JSON further on is not JSON */
    {WITH("\"real\":1e999,\"x\":01"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,\"x\":nul"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999 1"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,\"x\":\"\\q\""), REASON_NOT_JSON, -1},
    {WITH("\\\"x\":1,\"real\":1e999"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,\"x\":a\"1e999,\""), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,\"x\":\\\"1e999,\""), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999x"), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999\"\""), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999,\"x\":\"\xFF\""), REASON_NOT_JSON, -1},
    {WITH("\"real\":1e999") "]", REASON_NOT_JSON, -1},
    {WITH("1e999:1"), REASON_NOT_JSON, -1},

    /* Small numbers are no error: they round to zero */
    {WITH("\"real\":1e-400"), REASON_NONE, -1},
    {WITH("\"real\":-0"), REASON_NONE, -1},
    {WITH("\"real\":0e999"), REASON_NONE, -1},
    {WITH("\"real\":5e-324"), REASON_NONE, -1},

    /* Not one of */
    {"{\"name\":\"ann\",\"kind\":\"views\"}", REASON_NOT_ONE_OF, F_KIND},
    {"{\"name\":\"ann\",\"kind\":\"vie\"}", REASON_NOT_ONE_OF, F_KIND},
    {"{\"name\":\"ann\",\"kind\":\"View\"}", REASON_NOT_ONE_OF, F_KIND},
    {"{\"name\":\"ann\",\"kind\":\"view\\u0000\"}", REASON_NOT_ONE_OF, F_KIND},
    {"{\"name\":\"ann\",\"kind\":\"v\\u0069ew\"}", REASON_MISSING, F_AT},
    {"{\"name\":\"ann\",\"kind\":\"\"}", REASON_MISSING, F_AT},
    {"{\"name\":\"ann\",\"kind\":\"click\"}", REASON_MISSING, F_AT},
    {"{\"name\":\"ann\",\"kind\":\"purchase\"}", REASON_MISSING, F_AT},

    /* Too long: bytes of UTF-8, unescaped */
    {"{\"name\":\"12345678\"}", REASON_MISSING, F_KIND},
    {"{\"name\":\"123456789\"}", REASON_TOO_LONG, F_NAME},
    {"{\"name\":\"\\u0031234567\\u0038\"}", REASON_MISSING, F_KIND},
    {"{\"name\":\"\\u20ac\\u20ac\"}", REASON_MISSING, F_KIND},
    {"{\"name\":\"\\u20ac\\u20ac\\u20ac\"}", REASON_TOO_LONG, F_NAME},
    {"{\"name\":\"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"
     "\\u0000\"}",
     REASON_TOO_LONG, F_NAME},

    /* Bad time; 1735693200000 is now and an hour */
    {"{\"name\":\"\",\"kind\":\"\",\"at\":-1}", REASON_BAD_TIME, F_AT},
    {"{\"name\":\"\",\"kind\":\"\",\"at\":0}", REASON_MISSING, F_NEED},
    {"{\"name\":\"\",\"kind\":\"\",\"at\":-0}", REASON_MISSING, F_NEED},
    {"{\"name\":\"\",\"kind\":\"\",\"at\":1735693200000}", REASON_MISSING,
     F_NEED},
    {"{\"name\":\"\",\"kind\":\"\",\"at\":1735693200001}", REASON_BAD_TIME,
     F_AT},
    {"{\"name\":\"\",\"kind\":\"\",\"at\":18446744073709551615}",
     REASON_BAD_TIME, F_AT},
    {WITH("\"s\":-1"), REASON_BAD_TIME, F_S},
    {WITH("\"s\":9223372036854775"), REASON_NONE, -1},
    {WITH("\"s\":9223372036854776"), REASON_BAD_TIME, F_S},
    {WITH("\"s\":18446744073709552"), REASON_BAD_TIME, F_S},
    {WITH("\"ms\":9223372036854775807"), REASON_NONE, -1},
    {WITH("\"ms\":9223372036854775808"), REASON_BAD_TIME, F_MS},
    {WITH("\"us\":18446744073709551615"), REASON_NONE, -1},
    {WITH("\"us\":-1"), REASON_BAD_TIME, F_US},
    {WITH("\"ns\":18446744073709551615"), REASON_NONE, -1},
    {WITH("\"ns\":-1000000"), REASON_BAD_TIME, F_NS},

    /* One event, one reason: the first field in the pipeline's order */
    {"{\"must\":1,\"flag\":1,\"count\":99,\"at\":-1,\"kind\":\"?\"}",
     REASON_MISSING, F_NAME},
    {"{\"must\":1,\"flag\":1,\"count\":99,\"at\":-1,\"kind\":\"?\","
     "\"name\":\"\"}",
     REASON_NOT_ONE_OF, F_KIND},
    {"{\"must\":1,\"flag\":1,\"count\":99,\"at\":-1,\"kind\":\"\","
     "\"name\":\"\"}",
     REASON_BAD_TIME, F_AT},
    {"{\"must\":1,\"flag\":1,\"count\":99,\"at\":0,\"kind\":\"\","
     "\"name\":\"\"}",
     REASON_OUT_OF_RANGE, F_COUNT},
};

static void
test_cases(void **state)
{
	struct fixture *fix = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum reason reason = decode_text(fix, cases[i].message);

		if (reason != cases[i].reason ||
		    (reason && fix->fault.field != cases[i].field))
			fail_msg("%s\nis %s of field %d, expected %s of %d",
				 cases[i].message, reason_name(reason),
				 fix->fault.field, reason_name(cases[i].reason),
				 cases[i].field);
		/* The decoder does not remember it. */
		assert_int_equal(decode_text(fix, valid), REASON_NONE);
		assert_int_equal(fix->event.time_ms, NOW_MS);
	}
}

static void
assert_text(const struct event_value *value, const char *data, size_t size)
{
	assert_true(value->present);
	assert_int_equal(value->text.size, size);
	assert_memory_equal(value->text.data, data, size);
}

static void
test_values(void **state)
{
	struct fixture *fix = *state;
	const struct event_value *v = fix->event.values;

	assert_int_equal(
	    decode_text(fix, "{\"name\":\"a\\u0000b\\n\\u00e9\\ud83d\\ude00\","
			     "\"kind\":\"\",\"at\":1735689600123,"
			     "\"count\":-5,\"big\":-9223372036854775808,"
			     "\"score\":2,\"real\":18446744073709551615,"
			     "\"flag\":true,\"s\":7,\"ms\":8,\"us\":9999,"
			     "\"ns\":18446744073709551615,"
			     "\"user\":{\"geo\":{\"zip\":0,\"city\":"
			     "\"Z\\u00fcrich\"},\"x\":{\"id\":1},"
			     "\"id\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"},"
			     "\"must\":{\"have\":42}}"),
	    REASON_TOO_LONG);
	assert_int_equal(fix->fault.field, F_NAME);
	assert_int_equal(
	    decode_text(fix, "{\"name\":\"\\u0000b\\n\\ud83d\\ude00\","
			     "\"kind\":\"\",\"at\":1735689600123,"
			     "\"count\":-5,\"big\":-9223372036854775808,"
			     "\"score\":2,\"real\":18446744073709551615,"
			     "\"flag\":true,\"s\":7,\"ms\":8,\"us\":9999,"
			     "\"ns\":18446744073709551615,"
			     "\"user\":{\"geo\":{\"zip\":0,\"city\":"
			     "\"Z\\u00fcrich\"},\"x\":{\"id\":1},"
			     "\"id\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"},"
			     "\"must\":{\"have\":42}}"),
	    REASON_NONE);
	assert_text(&v[F_NAME], "\0b\n\xF0\x9F\x98\x80", 7);
	assert_text(&v[F_KIND], "", 0);
	assert_int_equal(v[F_AT].i, INT64_C(1735689600123));
	assert_int_equal(fix->event.time_ms, INT64_C(1735689600123));
	assert_int_equal(v[F_COUNT].i, -5);
	assert_true(v[F_BIG].i == INT64_MIN);
	assert_true(v[F_SCORE].d == 2.0);
	assert_true(v[F_REAL].d == 18446744073709551616.0);
	assert_int_equal(v[F_FLAG].i, 1);
	assert_int_equal(v[F_S].i, 7000);
	assert_int_equal(v[F_MS].i, 8);
	assert_int_equal(v[F_US].i, 9);
	assert_int_equal(v[F_NS].i, INT64_C(18446744073709));
	assert_text(&v[F_ID], "\"\\/\b\f\n\r\t", 8);
	assert_text(&v[F_CITY], "Z\xC3\xBCrich", 7);
	assert_int_equal(v[F_ZIP].i, 0);
	assert_int_equal(v[F_NEED].i, 42);
	assert_true(v[F_TWIN].d == -5.0);
	for (size_t i = 0; i < FIELDS; i++)
		assert_true(v[i].present);

	assert_int_equal(decode_text(fix, WITH("\"flag\":false,\"ms\":null")),
			 REASON_NONE);
	for (size_t i = 0; i < FIELDS; i++)
		assert_int_equal(v[i].present,
				 i <= F_AT || i == F_FLAG || i == F_NEED);
	assert_int_equal(v[F_FLAG].i, 0);
}

static void
test_no_value(void **state)
{
	struct fixture *fix = *state;

	assert_int_equal(decoder_decode(fix->decoder, NULL, 0, NOW_MS,
					&fix->event, &fix->fault),
			 REASON_NO_VALUE);
	assert_int_equal(fix->fault.field, -1);
	assert_int_equal(decoder_decode(fix->decoder, "x", 0, NOW_MS,
					&fix->event, &fix->fault),
			 REASON_NO_VALUE);
}

/* No byte is ignored in a place where none may stand. */
static void
test_every_byte(void **state)
{
	struct fixture *fix = *state;
	static const char *const wholes[] = {
	    "@" HEAD TAIL,    HEAD TAIL "@",    WITH("\"x\":1@"),
	    WITH("\"x\":@1"), WITH("\"x\"@:1"), WITH("\"x\":[@]")};

	for (size_t w = 0; w < sizeof(wholes) / sizeof(wholes[0]); w++)
		for (int byte = 0; byte < 256; byte++) {
			char text[256];
			size_t size = strlen(wholes[w]);
			bool space = byte == ' ' || byte == '\t' ||
				     byte == '\n' || byte == '\r';
			bool digit = byte >= '0' && byte <= '9';
			enum reason reason;

			memcpy(text, wholes[w], size);
			*(char *)memchr(text, '@', size) = (char)byte;
			reason = decode(fix, text, size);
			if (space || (digit && w == 2) || (digit && w == 5) ||
			    (byte == '-' && w == 3) ||
			    (byte >= '1' && byte <= '9' && w == 3))
				assert_int_equal(reason, REASON_NONE);
			else
				assert_int_equal(reason, REASON_NOT_JSON);
		}
}

/* No part of a message is a message. */
static void
test_every_prefix(void **state)
{
	struct fixture *fix = *state;
	static const char text[] =
	    WITH("\"user\":{\"id\":\"\\u20ac\",\"x\":[1,-2.5e3,true,null]}");

	for (size_t size = 1; size < sizeof(text) - 1; size++)
		assert_int_equal(decode(fix, text, size), REASON_NOT_JSON);
	assert_int_equal(decode(fix, text, sizeof(text) - 1), REASON_NONE);
}

static void
test_key_orders(void **state)
{
	struct fixture *fix = *state;
	static const char *const members[] = {
	    "\"name\":\"ann\"",        "\"kind\":\"view\"",
	    "\"at\":1735689600000",    "\"must\":{\"a\":0,\"have\":7}",
	    "\"user\":{\"id\":\"u\"}", "\"unknown\":{\"name\":[]}",
	};
	unsigned order[6] = {0, 1, 2, 3, 4, 5}, at[6] = {0};
	unsigned i = 0, rounds = 0;

	/* Heap's algorithm: all 720. */
	for (;;) {
		char text[256];
		int size = snprintf(text, sizeof(text), "{%s,%s,%s,%s,%s,%s}",
				    members[order[0]], members[order[1]],
				    members[order[2]], members[order[3]],
				    members[order[4]], members[order[5]]);
		unsigned swap, with;

		assert_int_equal(decode(fix, text, (size_t)size), REASON_NONE);
		assert_text(&fix->event.values[F_NAME], "ann", 3);
		assert_text(&fix->event.values[F_KIND], "view", 4);
		assert_text(&fix->event.values[F_ID], "u", 1);
		assert_int_equal(fix->event.values[F_NEED].i, 7);
		assert_int_equal(fix->event.time_ms, NOW_MS);
		rounds++;
		while (i < 6 && at[i] >= i)
			at[i++] = 0;
		if (i == 6)
			break;
		with = i % 2 ? at[i] : 0;
		swap = order[with];
		order[with] = order[i];
		order[i] = swap;
		at[i]++;
		i = 0;
	}
	assert_int_equal(rounds, 720);
}

static void
assert_same_values(const struct fixture *a, const struct fixture *b)
{
	for (unsigned f = 0; f < FIELDS; f++) {
		const struct event_value *x = &a->event.values[f];
		const struct event_value *y = &b->event.values[f];

		assert_int_equal(x->present, y->present);
		if (!x->present)
			continue;
		if (a->pipeline->event.fields[f].type == FIELD_STRING) {
			assert_text(y, x->text.data, x->text.size);
			continue;
		}
		assert_int_equal(x->i, y->i); /* of reals: their bits */
	}
}

/* Changes a few bytes into what has a meaning in JSON, or takes some away. */
static size_t
mutate(struct random *random, char *text, size_t size)
{
	static const char bytes[] = "\"\\{}[],: 0123456789-.eEtfn\x01\x1f"
				    "\x7f\xc3\xa9\x80 ua";

	for (uint64_t n = random_below(random, 4); n > 0 && size > 1; n--) {
		size_t at = random_below(random, size);
		size_t len = 1 + random_below(random, 3);
		char byte = bytes[random_below(random, sizeof(bytes) - 1)];

		switch (random_below(random, 3)) {
		case 0:
			text[at] = byte;
			break;
		case 1:
			memmove(text + at + 1, text + at, size - at);
			text[at] = byte;
			size++;
			break;
		default:
			len = len < size - at ? len : size - at;
			memmove(text + at, text + at + len, size - at - len);
			size -= len;
		}
	}
	return size;
}

/*
 * What was learned from earlier events changes nothing: a decoder that has seen
 * all of them says of each what one says that has seen none.
 */
static void
test_learned(void **state)
{
	static const char *const events[] = {
	    valid,
	    HEAD ",\"count\":-3,\"big\":123456789012345678,\"score\":-1.25,"
		 "\"real\":0.1,\"flag\":true,\"other\":null" TAIL,
	    "{ \"user\" : { \"id\" : \"abcdefghij\" , \"geo\":{\"city\":\"x\","
	    "\"zip\":12345678}},\"at\":1735689600000,\"name\":\"\",\"kind\":"
	    "\"purchase\",\"must\":{\"have\":10000000,\"list\":[1,[],{},"
	    "{\"name\":2.5}]}} ",
	    "{\"s\":1735689600,\"us\":1735689600000000,\"ns\":"
	    "17356896000000000,"
	    "\"name\":\"12345678\",\"kind\":\"\",\"at\":12345678,\"must\":"
	    "{\"have\":-99999999},\"real\":123456.789012345,\"flag\":false}",
	};
	const size_t events_len = sizeof(events) / sizeof(events[0]);
	struct fixture *fix = *state, fresh = *fix;
	struct random random;
	unsigned valid_ones = 0;

	random_init(&random, 1, 1);
	fresh.copy = NULL;
	for (unsigned i = 0; i < 30000; i++) {
		const char *event = events[i % events_len];
		size_t size = strlen(event);
		enum reason reason;
		char text[512];
		struct err err;

		assert_int_equal(decode(fix, event, size), REASON_NONE);
		memcpy(text, event, size);
		size = mutate(&random, text, size);
		assert_int_equal(
		    decoder_new(fix->pipeline, &fresh.decoder, &err), 0);
		reason = decode(&fresh, text, size);
		assert_int_equal(decode(fix, text, size), reason);
		if (reason) {
			assert_int_equal(fix->fault.field, fresh.fault.field);
		} else {
			assert_same_values(&fresh, fix);
			assert_int_equal(fix->event.time_ms,
					 fresh.event.time_ms);
			valid_ones++;
		}
		decoder_free(fresh.decoder);
	}
	free(fresh.copy);
	/* Many are, or this would say little. */
	assert_in_range(valid_ones, 8000, 25000);
}

/* An event whose member x holds `levels` levels around `core`. */
static enum reason
decode_nested(struct fixture *fix, size_t levels, bool objects,
	      const char *core)
{
	char *text = xmalloc(levels * 8 + strlen(core) + sizeof(valid) + 64);
	char *at = text;
	enum reason reason;

	at += sprintf(at, HEAD ",\"x\":");
	for (size_t i = 0; i < levels; i++)
		at += sprintf(at, objects ? "{\"k\":" : "[");
	at += sprintf(at, "%s", core);
	for (size_t i = 0; i < levels; i++)
		*at++ = objects ? '}' : ']';
	at += sprintf(at, TAIL);
	reason = decode(fix, text, (size_t)(at - text));
	free(text);
	return reason;
}

/* The event itself is a level. */
static void
test_depth(void **state)
{
	struct fixture *fix = *state;
	const size_t edge = EVENT_DEPTH_MAX - 1;

	for (int objects = 0; objects < 2; objects++) {
		static const struct {
			size_t more;
			const char *core;
		} kinds_of_core[] = {{0, "1"},    {1, "[]"},
				     {1, "{}"},   {1, "[1]"},
				     {2, "[[]]"}, {2, "{\"a\":[]}"}};

		assert_int_equal(decode_nested(fix, 1000, objects, "1"),
				 REASON_NONE);
		for (size_t i = 0; i < 6; i++) {
			size_t more = kinds_of_core[i].more;
			const char *core = kinds_of_core[i].core;

			assert_int_equal(
			    decode_nested(fix, edge - more - 1, objects, core),
			    REASON_NONE);
			assert_int_equal(
			    decode_nested(fix, edge - more, objects, core),
			    REASON_NONE);
			assert_text(&fix->event.values[F_NAME], "ann", 3);
			assert_int_equal(
			    decode_nested(fix, edge - more + 1, objects, core),
			    REASON_TOO_DEEP);
			assert_int_equal(fix->fault.field, -1);
			assert_int_equal(
			    decode_nested(fix, edge - more + 2, objects, core),
			    REASON_TOO_DEEP);
		}
		assert_int_equal(decode_nested(fix, 1000000, objects, "1"),
				 REASON_TOO_DEEP);
		/* What is not JSON at any depth is not JSON. */
		assert_int_equal(decode_nested(fix, 5000, objects, "01"),
				 REASON_NOT_JSON);
		assert_int_equal(decode_nested(fix, 5000, objects, "x"),
				 REASON_NOT_JSON);
		assert_int_equal(decode_nested(fix, edge, objects, "1]"),
				 REASON_NOT_JSON);
		assert_int_equal(decode_nested(fix, 5000, objects, "1e999"),
				 REASON_TOO_DEEP);
		assert_int_equal(decode_nested(fix, edge, objects, "1e999"),
				 REASON_OUT_OF_RANGE);
		/* Brackets in strings are no levels. */
		assert_int_equal(
		    decode_nested(fix, edge, objects, "\"[[\\\"[[{{\""),
		    REASON_NONE);
		assert_int_equal(decode_text(fix, valid), REASON_NONE);
	}
}

static void
test_deep_roots(void **state)
{
	struct fixture *fix = *state;
	static char text[4000];

	memset(text, '[', 2000);
	memset(text + 2000, ']', 2000);
	assert_int_equal(decode(fix, text, 4000), REASON_TOO_DEEP);
	assert_int_equal(decode(fix, text, 3999), REASON_NOT_JSON);
	assert_int_equal(decode(fix, text, 2000), REASON_NOT_JSON);
	assert_int_equal(decode(fix, text + 2000 - 1024, 2048),
			 REASON_NOT_OBJECT);
	assert_int_equal(decode(fix, text + 2000 - 1025, 2050),
			 REASON_TOO_DEEP);
}

/* A valid event of exactly `size` bytes. */
static char *
large_event(size_t size)
{
	static const char head[] = HEAD ",\"x\":\"";
	static const char tail[] = "\"" TAIL;
	char *text = xmalloc(size);

	memset(text, 'x', size);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + size - (sizeof(tail) - 1), tail, sizeof(tail) - 1);
	return text;
}

static void
test_sizes(void **state)
{
	struct fixture *fix = *state;
	static const struct {
		size_t size;
		enum reason reason;
	} sizes[] = {
	    {4095, REASON_NONE},
	    {4096, REASON_NONE},
	    {4097, REASON_NONE},
	    {10u << 20, REASON_NONE},
	    {MAX_BYTES - 1, REASON_NONE},
	    {MAX_BYTES, REASON_NONE},
	    {MAX_BYTES + 1, REASON_TOO_LARGE},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = large_event(sizes[i].size);

		assert_int_equal(decode(fix, text, sizes[i].size),
				 sizes[i].reason);
		/* Too large is said before anything is read. */
		text[0] = 'x';
		assert_int_equal(decode(fix, text, sizes[i].size),
				 sizes[i].reason ? sizes[i].reason
						 : REASON_NOT_JSON);
		assert_int_equal(fix->fault.field, -1);
		free(text);
	}
	assert_int_equal(decode_text(fix, valid), REASON_NONE);
}

/* Where the limit is smaller than what a decoder begins with. */
static void
test_small_limit(void **state)
{
	struct fixture *fix = *state;
	struct decoder *decoder;
	struct err err;

	fix->pipeline->event.max_bytes = sizeof(valid) - 1;
	assert_int_equal(decoder_new(fix->pipeline, &decoder, &err), 0);
	assert_int_equal(decoder_decode(decoder, valid, sizeof(valid) - 1,
					NOW_MS, &fix->event, &fix->fault),
			 REASON_NONE);
	assert_int_equal(decoder_decode(decoder, HEAD TAIL " ", sizeof(valid),
					NOW_MS, &fix->event, &fix->fault),
			 REASON_TOO_LARGE);
	decoder_free(decoder);
	decoder_free(NULL);
}

/* More members than a decoder remembers the order of. */
static void
test_many_members(void **state)
{
	struct fixture *fix = *state;
	char text[8192], *at = text;

	*at++ = '{';
	for (int i = 0; i < 500; i++)
		at += sprintf(at, "\"k%d\":%d,", i, i);
	at += sprintf(at, "%s", &valid[1]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(decode(fix, text, (size_t)(at - text)),
				 REASON_NONE);
		assert_text(&fix->event.values[F_NAME], "ann", 3);
		assert_int_equal(decode_text(fix, valid), REASON_NONE);
	}
	at += sprintf(at - 1, ",\"name\":\"bob\"}");
	assert_int_equal(decode(fix, text, (size_t)(at - 1 - text)),
			 REASON_DUPLICATE_KEY);
}

/* Whole numbers are compared exactly, where doubles could not. */
static void
test_int_bounds(void **state)
{
	struct fixture *fix = *state;
	struct field *big = &fix->pipeline->event.fields[F_BIG];
	static const struct {
		bool has_min, has_max;
		double min, max;
		const char *value;
		enum reason reason;
	} bounds[] = {
	    {1, 0, 9007199254740992.0, 0, "9007199254740991",
	     REASON_OUT_OF_RANGE},
	    {1, 0, 9007199254740992.0, 0, "9007199254740993", REASON_NONE},
	    {0, 1, 0, 9007199254740992.0, "9007199254740993",
	     REASON_OUT_OF_RANGE},
	    {0, 1, 0, 9007199254740992.0, "9007199254740992", REASON_NONE},
	    {1, 1, 0.5, 1.5, "0", REASON_OUT_OF_RANGE},
	    {1, 1, 0.5, 1.5, "1", REASON_NONE},
	    {1, 1, 0.5, 1.5, "2", REASON_OUT_OF_RANGE},
	    {1, 1, -1.5, -0.5, "-2", REASON_OUT_OF_RANGE},
	    {1, 1, -1.5, -0.5, "-1", REASON_NONE},
	    {1, 1, -1.5, -0.5, "0", REASON_OUT_OF_RANGE},
	    {1, 0, 9223372036854775808.0, 0, "9223372036854775807",
	     REASON_OUT_OF_RANGE},
	    {0, 1, 0, 9223372036854775808.0, "9223372036854775807",
	     REASON_NONE},
	    {1, 0, -9223372036854775808.0, 0, "-9223372036854775808",
	     REASON_NONE},
	    {0, 1, 0, -9223372036854775808.0, "-9223372036854775807",
	     REASON_OUT_OF_RANGE},
	    {0, 1, 0, -9223372036854775808.0, "-9223372036854775808",
	     REASON_NONE},
	    {1, 1, -1e300, 1e300, "-9223372036854775808", REASON_NONE},
	    {1, 1, 1e300, 2e300, "9223372036854775807", REASON_OUT_OF_RANGE},
	    {0, 1, 0, -1e300, "-9223372036854775808", REASON_OUT_OF_RANGE},
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct decoder *decoder;
		struct err err;
		char text[256];
		int size = snprintf(text, sizeof(text), HEAD ",\"big\":%s" TAIL,
				    bounds[i].value);

		big->has_min = bounds[i].has_min;
		big->has_max = bounds[i].has_max;
		big->min = bounds[i].min;
		big->max = bounds[i].max;
		assert_int_equal(decoder_new(fix->pipeline, &decoder, &err), 0);
		assert_int_equal(decoder_decode(decoder, text, (size_t)size,
						NOW_MS, &fix->event,
						&fix->fault),
				 bounds[i].reason);
		decoder_free(decoder);
	}
}

/* 256 allowed values, of several lengths and with a common beginning. */
static void
test_many_values(void **state)
{
	struct fixture *fix = *state;
	struct field *kind = &fix->pipeline->event.fields[F_KIND];
	static char words[PIPELINE_ONE_OF_MAX][8];
	static struct text allowed[PIPELINE_ONE_OF_MAX];
	struct decoder *decoder;
	struct err err;

	for (size_t i = 0; i < PIPELINE_ONE_OF_MAX; i++) {
		size_t number = i * 37 % PIPELINE_ONE_OF_MAX;

		allowed[i].data = words[i];
		allowed[i].size = (size_t)snprintf(words[i], sizeof(words[i]),
						   "v%zu", number);
	}
	kind->one_of = allowed;
	kind->one_of_len = PIPELINE_ONE_OF_MAX;
	assert_int_equal(decoder_new(fix->pipeline, &decoder, &err), 0);
	for (int i = 0; i < 1100; i++) {
		char text[128];
		int size = snprintf(
		    text, sizeof(text),
		    "{\"name\":\"\",\"kind\":\"v%d\",\"at\":0" TAIL, i);

		assert_int_equal(
		    decoder_decode(decoder, text, (size_t)size, NOW_MS,
				   &fix->event, &fix->fault),
		    i < PIPELINE_ONE_OF_MAX ? REASON_NONE : REASON_NOT_ONE_OF);
	}
	decoder_free(decoder);
}

/* What is not allowed, between what is and what is too long. */
static void
test_none_of(void **state)
{
	struct fixture *fix = *state;
	struct field *name = &fix->pipeline->event.fields[F_NAME];
	static struct text banned[] = {
	    {"ZZ", 2}, {"XX", 2}, {"", 0}, {"ZZZ", 3}};
	static const struct {
		const char *name;
		enum reason reason;
	} names_of[] = {
	    {"ZZ", REASON_NONE_OF},
	    {"XX", REASON_NONE_OF},
	    {"", REASON_NONE_OF},
	    {"ZZZ", REASON_NONE_OF},
	    {"zz", REASON_NONE},
	    {"Z", REASON_NONE},
	    {"ZZZZ", REASON_NONE},
	    {"XZ", REASON_NONE},
	    {"ZZ\\u0000", REASON_NONE},
	    {"\\u005aZ", REASON_NONE_OF},
	    {"ZZZZZZZZZ", REASON_TOO_LONG},
	};
	struct decoder *decoder;
	struct err err;

	name->none_of = banned;
	name->none_of_len = sizeof(banned) / sizeof(banned[0]);
	assert_int_equal(decoder_new(fix->pipeline, &decoder, &err), 0);
	for (size_t i = 0; i < sizeof(names_of) / sizeof(names_of[0]); i++) {
		char text[128];
		int size =
		    snprintf(text, sizeof(text),
			     "{\"name\":\"%s\",\"kind\":\"\",\"at\":0" TAIL,
			     names_of[i].name);

		assert_int_equal(decoder_decode(decoder, text, (size_t)size,
						NOW_MS, &fix->event,
						&fix->fault),
				 names_of[i].reason);
		if (names_of[i].reason == REASON_NONE_OF) {
			assert_int_equal(fix->fault.field, F_NAME);
			assert_int_equal(fix->fault.rule, RULE_NONE_OF);
		}
	}
	decoder_free(decoder);
}

/* Which rule is broken, and that none is where the message is no event. */
static void
test_rules(void **state)
{
	struct fixture *fix = *state;
	static const struct {
		const char *message;
		enum rule_kind rule;
	} broken[] = {
	    {"", RULE_NONE},
	    {"x", RULE_NONE},
	    {"[]", RULE_NONE},
	    {"{\"name\":\"a\",\"name\":\"b\"}", RULE_NONE},
	    {WITH("\"real\":1e999"), RULE_NONE},
	    {"{}", RULE_REQUIRED},
	    {"{\"name\":null}", RULE_REQUIRED},
	    {"{\"name\":1}", RULE_TYPE},
	    {WITH("\"count\":3.0"), RULE_TYPE},
	    {WITH("\"flag\":1"), RULE_TYPE},
	    {WITH("\"ms\":\"1\""), RULE_TYPE},
	    {WITH("\"count\":-6"), RULE_MIN},
	    {WITH("\"count\":11"), RULE_MAX},
	    {WITH("\"big\":9223372036854775808"), RULE_MAX},
	    {WITH("\"score\":-2"), RULE_MIN},
	    {WITH("\"score\":3"), RULE_MAX},
	    {"{\"name\":\"a\",\"kind\":\"?\"}", RULE_ONE_OF},
	    {"{\"name\":\"123456789\"}", RULE_MAX_LENGTH},
	    {WITH("\"s\":-1"), RULE_UNIT},
	    {WITH("\"s\":9223372036854776"), RULE_UNIT},
	    {"{\"name\":\"\",\"kind\":\"\",\"at\":-1}", RULE_UNIT},
	    {"{\"name\":\"\",\"kind\":\"\",\"at\":1735693200001}", RULE_FUTURE},
	};
	char *large = xcalloc(1, MAX_BYTES + 1);

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		enum reason reason = decode_text(fix, broken[i].message);

		if (fix->fault.rule != broken[i].rule)
			fail_msg("%s\nbreaks %d, expected %d",
				 broken[i].message, (int)fix->fault.rule,
				 (int)broken[i].rule);
		if (broken[i].rule)
			assert_int_equal(rule_reason(broken[i].rule), reason);
	}
	assert_int_equal(decode(fix, large, MAX_BYTES + 1), REASON_TOO_LARGE);
	assert_int_equal(fix->fault.rule, RULE_MAX_BYTES);
	free(large);
}

/* The clock's ends do not wrap around. */
static void
test_clock(void **state)
{
	struct fixture *fix = *state;
	struct event_fault *fault = &fix->fault;

	assert_int_equal(decoder_decode(fix->decoder, valid, sizeof(valid) - 1,
					INT64_MAX, &fix->event, fault),
			 REASON_NONE);
	assert_int_equal(decoder_decode(fix->decoder, valid, sizeof(valid) - 1,
					INT64_MIN, &fix->event, fault),
			 REASON_BAD_TIME);
	assert_int_equal(decoder_decode(fix->decoder, valid, sizeof(valid) - 1,
					NOW_MS - FUTURE_MS, &fix->event, fault),
			 REASON_NONE);
	assert_int_equal(decoder_decode(fix->decoder, valid, sizeof(valid) - 1,
					NOW_MS - FUTURE_MS - 1, &fix->event,
					fault),
			 REASON_BAD_TIME);
	assert_int_equal(fault->field, F_AT);
}

/* A key that is a field and on the way to others as well. */
static void
test_field_on_path(void **state)
{
	struct fixture *fix = *state;
	struct field *id = &fix->pipeline->event.fields[F_NAME];
	struct decoder *decoder;
	struct err err;
	static const struct {
		const char *user;
		enum reason reason;
		int field;
	} users[] = {
	    {"\"ann\"", REASON_WRONG_TYPE, F_ID},
	    {"{\"id\":\"a\"}", REASON_WRONG_TYPE, F_NAME},
	    {"null", REASON_MISSING, F_NAME},
	};

	free(id->path[0]);
	set_path(id, "user", NULL, NULL);
	assert_int_equal(decoder_new(fix->pipeline, &decoder, &err), 0);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		char text[128];
		int size = snprintf(text, sizeof(text),
				    "{\"kind\":\"\",\"at\":0,\"user\":%s" TAIL,
				    users[i].user);

		assert_int_equal(decoder_decode(decoder, text, (size_t)size,
						NOW_MS, &fix->event,
						&fix->fault),
				 users[i].reason);
		assert_int_equal(fix->fault.field, users[i].field);
	}
	decoder_free(decoder);
}

static void
test_reasons(void **state)
{
	(void)state;
	for (int i = 0; i < REASONS; i++) {
		assert_true(strlen(reason_name((enum reason)i)) > 0);
		assert_true(strlen(reason_text((enum reason)i)) > 0);
	}
	assert_string_equal(reason_name(REASONS), "unknown");
	assert_string_equal(reason_text((enum reason) - 1), "unknown");
	for (int i = RULE_NONE + 1; i < RULES; i++) {
		assert_true(strlen(rule_name((enum rule_kind)i)) > 0);
		assert_true(rule_reason((enum rule_kind)i) > REASON_NONE);
	}
	assert_null(rule_name(RULE_NONE));
	assert_null(rule_name(RULES));
}

#define CASE(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_cases),
	    CASE(test_values),
	    CASE(test_no_value),
	    CASE(test_every_byte),
	    CASE(test_every_prefix),
	    CASE(test_key_orders),
	    CASE(test_learned),
	    CASE(test_depth),
	    CASE(test_deep_roots),
	    CASE(test_sizes),
	    CASE(test_small_limit),
	    CASE(test_many_members),
	    CASE(test_int_bounds),
	    CASE(test_many_values),
	    CASE(test_none_of),
	    CASE(test_rules),
	    CASE(test_clock),
	    CASE(test_field_on_path),
	    cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
