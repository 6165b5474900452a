/* What is said of a dead letter, and that its row is JSON at every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "letter.h"

#define BASE64                                                                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static struct letter
letter_of(const void *raw, size_t size)
{
	return (struct letter){
	    .reason = REASON_NONE_OF,
	    .field = "country",
	    .rule = "none_of",
	    .message = "not allowed: country",
	    .topic = "my_events",
	    .partition = 2,
	    .offset = 123,
	    .timestamp_ms = INT64_C(1795303800999),
	    .raw = raw,
	    .raw_size = size,
	};
}

static void
assert_row(const struct letter *letter, const char *wanted)
{
	struct buf row = BUF_INIT;

	letter_row(letter, SIZE_MAX, &row);
	assert_string_equal(row.data, wanted);
	buf_release(&row);
}

#define HEAD                                                                   \
	"{\"reason\":\"none_of\",\"field\":\"country\",\"rule\":\"none_of\","  \
	"\"message\":\"not allowed: country\",\"topic\":\"my_events\","        \
	"\"partition\":2,\"offset\":123,\"timestamp\":\"2026-11-21 "           \
	"23:30:00\","

static void
test_rows(void **state)
{
	static const char event[] = "{\"country\":\"ZZ\\n\"}";
	static const char odd[] = "\"\\\b\t\n\0\x7f\xc2\x85\xe2\x82\xac";
	static const char broken[] = "\xff\xfe{";
	struct letter letter = letter_of(event, sizeof(event) - 1);

	(void)state;
	assert_row(&letter, HEAD "\"raw_size\":18,\"raw\":"
				 "\"{\\\"country\\\":\\\"ZZ\\\\n\\\"}\","
				 "\"raw_base64\":null}");
	letter = letter_of(odd, sizeof(odd) - 1);
	assert_row(&letter, HEAD "\"raw_size\":12,\"raw\":"
				 "\"\\\"\\\\\\u0008\\t\\n\\u0000\\u007f\\u0085"
				 "\xe2\x82\xac\",\"raw_base64\":null}");
	letter = letter_of(broken, 3);
	assert_row(&letter,
		   HEAD "\"raw_size\":3,\"raw\":null,\"raw_base64\":\"//57\"}");
	letter = letter_of(broken, 2);
	assert_row(&letter,
		   HEAD "\"raw_size\":2,\"raw\":null,\"raw_base64\":\"//4=\"}");
	letter = letter_of(broken, 1);
	assert_row(&letter,
		   HEAD "\"raw_size\":1,\"raw\":null,\"raw_base64\":\"/w==\"}");
	letter = letter_of("", 0);
	assert_row(&letter,
		   HEAD "\"raw_size\":0,\"raw\":\"\",\"raw_base64\":null}");
	letter = letter_of(NULL, 0);
	letter.reason = REASON_NO_VALUE;
	letter.field = letter.rule = NULL;
	letter.message = "no value";
	letter.timestamp_ms = -1;
	assert_row(&letter,
		   "{\"reason\":\"no_value\",\"field\":null,\"rule\":null,"
		   "\"message\":\"no value\",\"topic\":\"my_events\","
		   "\"partition\":2,\"offset\":123,\"timestamp\":null,"
		   "\"raw_size\":0,\"raw\":null,\"raw_base64\":null}");
	/* Others write any timestamp; those of tables have four-digit years. */
	letter.timestamp_ms = INT64_MAX;
	assert_row(&letter,
		   "{\"reason\":\"no_value\",\"field\":null,\"rule\":null,"
		   "\"message\":\"no value\",\"topic\":\"my_events\","
		   "\"partition\":2,\"offset\":123,\"timestamp\":null,"
		   "\"raw_size\":0,\"raw\":null,\"raw_base64\":null}");
}

/* Every byte, and each number of them, back from base64 by its digits. */
static void
test_base64(void **state)
{
	unsigned char data[300], back[300];

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(255 - i * 7);
	for (size_t size = 1; size <= sizeof(data); size++) {
		struct letter letter = letter_of(data, size);
		struct buf row = BUF_INIT;
		const char *digits;
		size_t len = 0;
		uint32_t bits = 0;
		int n = 0;

		letter_row(&letter, SIZE_MAX, &row);
		digits = strstr(row.data, "\"raw_base64\":\"");
		assert_non_null(digits);
		digits += strlen("\"raw_base64\":\"");
		assert_int_equal(strcspn(digits, "\"") % 4, 0);
		for (; *digits != '"' && *digits != '='; digits++) {
			const char *digit = strchr(BASE64, *digits);

			assert_non_null(digit);
			bits = bits << 6 | (uint32_t)(digit - BASE64);
			n += 6;
			if (n >= 8)
				back[len++] = (unsigned char)(bits >> (n -= 8));
		}
		assert_int_equal(len, size);
		assert_memory_equal(back, data, size);
		buf_release(&row);
	}
}

/* The beginning of the text that the row has, up to where it was cut. */
static void
check_cut(const char *event, size_t size, bool text)
{
	struct letter letter = letter_of(event, size);
	struct buf whole = BUF_INIT;
	size_t least = strlen(HEAD) + 60, before = 0;

	letter_row(&letter, SIZE_MAX, &whole);
	for (size_t room = least; room <= whole.size + 2; room++) {
		const struct json_value *raw;
		struct buf row = BUF_INIT;
		struct json *json;
		struct err err;
		int64_t said;

		letter_row(&letter, room, &row);
		assert_true(row.size <= room);
		/* A character more would not have fitted. */
		assert_true(row.size + 6 > room || row.size == whole.size);
		assert_true(row.size >= before);
		before = row.size;
		if (json_parse(row.data, row.size, "row", &json, &err))
			fail_msg("%s: %s", row.data, err.text);
		raw = json_get(json_root(json), text ? "raw" : "raw_base64");
		assert_int_equal(json_type(raw), JSON_STRING);
		if (text)
			assert_memory_equal(json_string(raw), event,
					    strlen(json_string(raw)));
		assert_true(
		    json_int(json_get(json_root(json), "raw_size"), &said));
		assert_int_equal(said, size);
		json_free(json);
		buf_release(&row);
	}
	assert_int_equal(before, whole.size);
	buf_release(&whole);
}

static void
test_cut(void **state)
{
	static const char text[] = "a\"\\\n\x01\xc3\xbc\xe2\x82\xac"
				   "\xf0\x9f\x98\x80{\"a\":\"\x7f\"}";
	static const char broken[] = "\xff\xfe\xfd{\"country\":\"ZZ\"}";

	(void)state;
	check_cut(text, sizeof(text) - 1, true);
	check_cut(broken, sizeof(broken) - 1, false);
}

static void
assert_message(const struct event_spec *spec, int field, enum rule_kind rule,
	       const char *wanted)
{
	struct event_fault fault = {field, rule};
	struct buf text = BUF_INIT;

	letter_message(spec, rule ? rule_reason(rule) : REASON_NOT_JSON, &fault,
		       &text);
	assert_string_equal(text.data, wanted);
	buf_release(&text);
}

static void
test_messages(void **state)
{
	static struct event_spec spec = {
	    .fields = {{.name = "user_id",
			.has_min = true,
			.min = 0,
			.max_length = 200},
		       {.name = "price", .has_max = true, .max = 99.5}},
	    .max_bytes = 1 << 20,
	};

	(void)state;
	assert_message(&spec, -1, RULE_NONE, "not JSON");
	assert_message(&spec, -1, RULE_MAX_BYTES,
		       "too large (max_bytes 1048576)");
	assert_message(&spec, 0, RULE_MIN, "out of range: user_id (min 0)");
	assert_message(&spec, 1, RULE_MAX, "out of range: price (max 99.5)");
	/* 64 bits, and no limit of the file's. */
	assert_message(&spec, 0, RULE_MAX, "out of range: user_id");
	assert_message(&spec, 0, RULE_MAX_LENGTH,
		       "too long: user_id (max_length 200)");
	assert_message(&spec, 1, RULE_NONE_OF, "not allowed: price");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_base64),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests_name("letter", tests, NULL, NULL);
}
