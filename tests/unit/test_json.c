/*
 * The JSON door: what is refused and with which words, what values know about
 * themselves, and that whatever is written is JSON that reads back the same.
 *
 * Every text to be parsed lies in a block of exactly its size, so that
 * AddressSanitizer sees a byte read beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/random.h"

static int
parse(const char *text, size_t size, struct json **out, struct err *err)
{
	char *exact = xmalloc(size);
	int code;

	memcpy(exact, text, size);
	code = json_parse(exact, size, "f", out, err);
	free(exact);
	return code;
}

static struct json *
parse_ok(const char *text)
{
	struct json *json = NULL;
	struct err err = {.text = ""};

	if (parse(text, strlen(text), &json, &err))
		fail_msg("%s: %s", text, err.text);
	return json;
}

/* A text may hold NUL, so it has a size. */
#define T(literal) literal, sizeof(literal) - 1

static const struct {
	const char *text;
	size_t size;
	const char *error;
} refused[] = {
    {T(""), "f:1: the file ends where a value was expected"},
    {T(" \n\n"), "f:3: the file ends where a value was expected"},
    {T("{"), "f:1: the file ends where a key in quotes or '}' was expected"},
    {T("{\n\"a\""), "f:2: the file ends where ':' after a key was expected"},
    {T("{\"a\":"), "f:1: the file ends where a value was expected"},
    {T("{\"a\":1"), "f:1: the file ends where ',' or '}' was expected"},
    {T("{\"a\":1,}"), "f:1: expected a key in quotes, not '}'"},
    {T("{,}"), "f:1: expected a key in quotes or '}', not ','"},
    {T("{a:1}"), "f:1: expected a key in quotes or '}', not 'a'"},
    {T("{\"a\" 1}"), "f:1: expected ':' after a key, not '1'"},
    {T("{\"a\":1 \"b\":2}"), "f:1: expected ',' or '}', not '\"'"},
    {T("[1,]"), "f:1: expected a value, not ']'"},
    {T("[1 2]"), "f:1: expected ',' or ']', not '2'"},
    {T("[\n1,\n2"), "f:3: the file ends where ',' or ']' was expected"},
    {T("[1}"), "f:1: expected ',' or ']', not '}'"},
    {T("{} {}"), "f:1: expected the end of the file, not '{'"},
    {T("1\n2"), "f:2: expected the end of the file, not '2'"},
    {T("1\0"), "f:1: expected the end of the file, not the byte 0x00"},
    {T("[\v]"), "f:1: expected a value, not the byte 0x0b"},
    {T("\xc2\xa0"), "f:1: expected a value, not the byte 0xc2"},
    {T("tru"), "f:1: expected a value, not 't'"},
    {T("trueish"), "f:1: expected the end of the file, not 'i'"},
    {T("NaN"), "f:1: expected a value, not 'N'"},
    {T("nan"), "f:1: expected a value, not 'n'"},
    {T("+1"), "f:1: expected a value, not '+'"},
    {T(".5"), "f:1: expected a value, not '.'"},
    {T("-"), "f:1: the file ends where a digit was expected"},
    {T("-x"), "f:1: expected a digit, not 'x'"},
    {T("01"), "f:1: expected the end of the file, not '1'"},
    {T("0x1"), "f:1: expected the end of the file, not 'x'"},
    {T("1."), "f:1: the file ends where a digit was expected"},
    {T("1e"), "f:1: the file ends where a digit was expected"},
    {T("1e+"), "f:1: the file ends where a digit was expected"},
    {T("[1.e1]"), "f:1: expected a digit, not 'e'"},
    {T("\n1e309"), "f:2: this number is too large"},
    {T("-1e999"), "f:1: this number is too large"},
    {T("[0.0000000000000000000000000000000000000000000000000000000000001,"
       "\n0.00000000000000000000000000000000000000000000000000000000000001]"),
     "f:2: this number has too many digits"},
    {T("\"a"), "f:1: this string has no end"},
    {T("\"a\nb\""), "f:1: this string has no end"},
    {T("\"a\\"), "f:1: the file ends where one of \"\\/bfnrtu after a \\ was "
		 "expected"},
    {T("\"\\x\""), "f:1: expected one of \"\\/bfnrtu after a \\, not 'x'"},
    {T("\"\t\""), "f:1: a control character in a string must be escaped"},
    {T("\"a\0b\""), "f:1: a control character in a string must be escaped"},
    {T("\"\\u12\""), "f:1: \\u needs four hexadecimal digits"},
    {T("\"\\u12"), "f:1: \\u needs four hexadecimal digits"},
    {T("\"\\u00g0\""), "f:1: \\u needs four hexadecimal digits"},
    {T("\"\\u0000\""), "f:1: a string may not hold NUL"},
    {T("\"\\ud800\""), "f:1: half of a surrogate pair is no character"},
    {T("\"\\ud800\\n\""), "f:1: half of a surrogate pair is no character"},
    {T("\"\\ud800\\u0041\""), "f:1: half of a surrogate pair is no character"},
    {T("\"\\udc00\\ud800\""), "f:1: half of a surrogate pair is no character"},
    {T("\"\\udc00\\udc00\""), "f:1: half of a surrogate pair is no character"},
    {T("\"\x80\""), "f:1: this string is not UTF-8"},
    {T("\"\xc0\x80\""), "f:1: this string is not UTF-8"},
    {T("\"\xc3\""), "f:1: this string is not UTF-8"},
    {T("\"\xc3"), "f:1: this string is not UTF-8"},
    {T("\"\xe0\x80\x80\""), "f:1: this string is not UTF-8"},
    {T("\"\xed\xa0\x80\""), "f:1: this string is not UTF-8"},
    {T("\"\xf4\x90\x80\x80\""), "f:1: this string is not UTF-8"},
    {T("\"\xf8\x88\x80\x80\x80\""), "f:1: this string is not UTF-8"},
    {T("/"), "f:1: expected a value, not '/'"},
    {T("// 1"), "f:1: the file ends where a value was expected"},
    {T("1 /\n"), "f:1: expected the end of the file, not '/'"},
    {T("\n/* a\n\n"), "f:2: this comment has no end"},
    {T("/*/ 1"), "f:1: this comment has no end"},
    {T("1 /* a *"), "f:1: this comment has no end"},
    {T("tr/**/ue"), "f:1: expected a value, not 't'"},
    {T("{\"a\": 1,\n\"a\": 2}"), "f:2: a: this key is there twice"},
    {T("{\"a\": 1,\n\"b\": 2,\n\"b\": 3,\n\"a\": 4}"),
     "f:3: b: this key is there twice"},
    {T("[0, {\"x y\": {\"\\u0061\": 1,\n\n\"a\": 2}}]"),
     "f:3: [1][\"x y\"].a: this key is there twice"},
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct json *json = NULL;
		struct err err = {.text = "nothing"};
		int code = parse(refused[i].text, refused[i].size, &json, &err);

		assert_string_equal(err.text, refused[i].error);
		assert_int_equal(code, WEIR_PIPELINE);
		assert_int_equal(err.code, WEIR_PIPELINE);
		assert_null(json);
	}
}

/* Errors may be of no interest. */
static void
test_no_err(void **state)
{
	struct json *json = NULL;

	(void)state;
	assert_int_equal(json_parse("{", 1, "f", &json, NULL), WEIR_PIPELINE);
	assert_int_equal(json_parse("1e999", 5, "f", &json, NULL),
			 WEIR_PIPELINE);
}

static const char document[] = "\xef\xbb\xbf// a comment: {\"x\": 1}\n"
			       "{\n"
			       "  \"a\": /* one\n"
			       "    line */ 1, // ]\n"
			       "  \"b/*\": \"// no comment\",\n"
			       "  \"list\":\n"
			       "    [true, null,\n"
			       "     {\"deep\": [[], -0.5e1]},\n"
			       "     \"x\"],\n"
			       "  \"\": {}\n"
			       "}\n"
			       "// the end";

static void
check_path(const struct json_value *value, const char *path, unsigned line)
{
	struct buf out = BUF_INIT;

	assert_non_null(value);
	json_path(value, &out);
	assert_string_equal(out.data, path);
	assert_int_equal(json_line(value), line);
	buf_release(&out);
}

static void
test_walk(void **state)
{
	struct json *json = parse_ok(document);
	const struct json_value *root = json_root(json), *v, *list, *deep;
	int64_t i = 0;
	double d = 0;
	bool b = false;

	(void)state;
	assert_int_equal(json_type(root), JSON_OBJECT);
	assert_int_equal(json_len(root), 4);
	assert_null(json_key(root));
	assert_null(json_next(root));
	check_path(root, "", 2);

	v = json_first(root);
	check_path(v, "a", 3);
	assert_true(json_int(v, &i) && i == 1);
	v = json_next(v);
	check_path(v, "[\"b/*\"]", 5);
	assert_string_equal(json_string(v), "// no comment");
	assert_string_equal(json_key(v), "b/*");

	list = json_next(v);
	check_path(list, "list", 6);
	assert_ptr_equal(list, json_get(root, "list"));
	assert_int_equal(json_len(list), 4);
	v = json_first(list);
	check_path(v, "list[0]", 7);
	assert_true(json_bool(v, &b) && b);
	assert_null(json_key(v));
	v = json_next(v);
	check_path(v, "list[1]", 7);
	assert_int_equal(json_type(v), JSON_NULL);
	v = json_next(v);
	check_path(v, "list[2]", 8);
	deep = json_get(v, "deep");
	check_path(json_next(json_first(deep)), "list[2].deep[1]", 8);
	assert_true(json_double(json_next(json_first(deep)), &d) && d == -5.0);
	assert_null(json_first(json_first(deep)));
	assert_null(json_next(json_next(json_first(deep))));
	v = json_next(v);
	check_path(v, "list[3]", 9);
	assert_null(json_next(v));

	v = json_next(list);
	check_path(v, "[\"\"]", 10);
	assert_int_equal(json_len(v), 0);
	assert_null(json_next(v));
	assert_null(json_get(root, "A"));
	assert_null(json_get(list, "a"));
	json_free(json);
}

static void
test_types(void **state)
{
	struct json *json = parse_ok("[null,false,1,\"s\",[],{}]");
	const struct json_value *v = json_first(json_root(json));
	static const char *const names[] = {"null",     "true or false",
					    "a number", "a string",
					    "an array", "an object"};

	(void)state;
	for (int type = JSON_NULL; type <= JSON_OBJECT; type++) {
		int64_t i = 77;
		double d = 77;
		bool b = true;

		assert_int_equal(json_type(v), type);
		assert_string_equal(json_type_name(type), names[type]);
		assert_int_equal(json_bool(v, &b), type == JSON_BOOL);
		assert_int_equal(json_int(v, &i), type == JSON_NUMBER);
		assert_int_equal(json_double(v, &d), type == JSON_NUMBER);
		assert_int_equal(json_string(v) != NULL, type == JSON_STRING);
		assert_int_equal(b, type != JSON_BOOL);
		assert_int_equal(i, type == JSON_NUMBER ? 1 : 77);
		assert_true(d == (type == JSON_NUMBER ? 1 : 77));
		v = json_next(v);
	}
	assert_null(v);
	json_free(json);
}

static void
test_integers(void **state)
{
	static const struct {
		const char *text;
		bool whole;
		int64_t i;
	} cases[] = {
	    {"0", true, 0},
	    {"-0", true, 0},
	    {"9007199254740993", true, INT64_C(9007199254740993)},
	    {"9223372036854775807", true, INT64_MAX},
	    {"9223372036854775808", false, 0},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"-9223372036854775809", false, 0},
	    {"92233720368547758070", false, 0},
	    {"1.0", false, 0},
	    {"1e3", false, 0},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct json *json = parse_ok(cases[n].text);
		int64_t i = 0;
		double d = -1;

		assert_int_equal(json_int(json_root(json), &i), cases[n].whole);
		assert_true(i == cases[n].i);
		assert_true(json_double(json_root(json), &d));
		assert_true(d == strtod(cases[n].text, NULL));
		json_free(json);
	}
}

static void
test_strings(void **state)
{
	struct json *json =
	    parse_ok("\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f"
		     "\xf0\x9f\x98\x80\"");

	(void)state;
	assert_string_equal(
	    json_string(json_root(json)),
	    "\xc3\xa9\xf0\x9f\x98\x80\"\\/\b\f\n\r\t\x1f\xf0\x9f\x98\x80");
	json_free(json);
}

static void
test_depth(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	struct json *json = NULL;
	struct err err = {.text = ""};

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(parse(text, 2 * JSON_DEPTH_MAX, &json, &err), 0);
	json_free(json);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(parse(text, 2 * JSON_DEPTH_MAX + 2, &json, &err),
			 WEIR_PIPELINE);
	assert_string_equal(err.text, "f:1: nested too deep");
}

/* Many members must not take the square of their number in time. */
static void
test_many(void **state)
{
	struct buf text = BUF_INIT;
	struct json *json;
	const unsigned many = 100000;

	(void)state;
	buf_add_str(&text, "{");
	for (unsigned i = 0; i < many; i++)
		buf_addf(&text, "%s\"k%u\":%u", i ? "," : "", i, i);
	buf_add_str(&text, "}");
	json = parse_ok(text.data);
	assert_int_equal(json_len(json_root(json)), many);
	json_free(json);
	buf_release(&text);
}

/* Whatever happens to a file, it is parsed or refused. */
static void
test_mutations(void **state)
{
	char text[sizeof(document)];
	struct random random;
	unsigned parsed = 0, failed = 0;

	(void)state;
	for (size_t size = 0; size < sizeof(document); size++) {
		struct json *json = NULL;

		if (!parse(document, size, &json, NULL))
			parsed++;
		json_free(json);
	}
	random_init(&random, 1, 0);
	for (int i = 0; i < 20000; i++) {
		struct json *json = NULL;

		memcpy(text, document, sizeof(document));
		for (int changes = 0; changes < 3; changes++)
			text[random_below(&random, sizeof(document) - 1)] =
			    (char)random_u64(&random);
		if (parse(text, sizeof(document) - 1, &json, NULL)) {
			failed++;
			continue;
		}
		parsed++;
		json_free(json);
	}
	assert_true(parsed > 100);
	assert_true(failed > 1000);
}

/* ---- Writing ---- */

static void
check_text(struct json_node *node, bool pretty, const char *expected)
{
	char *text = json_text(node, pretty);
	struct buf out = BUF_INIT;

	buf_add_str(&out, "> ");
	json_print(node, pretty, &out);
	assert_string_equal(text, expected);
	assert_string_equal(out.data + 2, expected);
	assert_int_equal(out.size, strlen(expected) + 2);
	buf_release(&out);
	free(text);
}

static void
test_write(void **state)
{
	struct json_node *root = json_new_object(), *list, *inner;

	(void)state;
	json_add_string(root, "s", "a\"\\/\n\t\x01");
	json_add_int(root, "max", INT64_MAX);
	json_add_int(root, "min", INT64_MIN);
	json_add_bool(root, "t", true);
	json_add_bool(root, "f", false);
	json_add_null(root, "n");
	list = json_add_array(root, "list \"q\"");
	json_add_double(list, NULL, 0.1);
	json_add_double(list, NULL, NAN);
	json_add_double(list, NULL, -INFINITY);
	inner = json_add_object(list, NULL);
	json_add_text(inner, "nul", "a\0b", 3);
	json_add_array(inner, "\xff");
	check_text(root, false,
		   "{\"s\":\"a\\\"\\\\/\\n\\t\\u0001\","
		   "\"max\":9223372036854775807,"
		   "\"min\":-9223372036854775808,\"t\":true,\"f\":false,"
		   "\"n\":null,\"list \\\"q\\\"\":[0.1,null,null,"
		   "{\"nul\":\"a\\u0000b\",\"\xef\xbf\xbd\":[]}]}");
	json_node_free(root);

	root = json_new_object();
	json_add_int(root, "a", 1);
	json_add_array(root, "b");
	check_text(root, true, "{\n\t\"a\":\t1,\n\t\"b\":\t[]\n}");
	json_node_free(root);
	root = json_new_array();
	check_text(root, false, "[]");
	json_node_free(root);
	json_node_free(NULL);
}

static void
test_quote(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *quoted;
	} cases[] = {
	    {T(""), "\"\""},
	    {T("plain \xc3\xa9 \xf0\x9f\x98\x80"),
	     "\"plain \xc3\xa9 \xf0\x9f\x98\x80\""},
	    {T("\0\x1f\x7f"), "\"\\u0000\\u001f\\u007f\""},
	    {T("\xc2\x80\xc2\x9b\xc2\xa0"), "\"\\u0080\\u009b\xc2\xa0\""},
	    {T("\x80"), "\"\xef\xbf\xbd\""},
	    {T("a\xc3"), "\"a\xef\xbf\xbd\""},
	    {T("\xc3z"), "\"\xef\xbf\xbdz\""},
	    {T("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	    {T("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		char *exact = xmalloc(cases[i].size);

		memcpy(exact, cases[i].text, cases[i].size);
		json_quote(&out, exact, cases[i].size);
		assert_string_equal(out.data, cases[i].quoted);
		buf_release(&out);
		free(exact);
	}
}

/* Any bytes at all come out as a string that the strict reader takes. */
static void
test_quote_any(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 2, 0);
	for (int i = 0; i < 20000; i++) {
		char bytes[24];
		size_t size = random_below(&random, sizeof(bytes));
		struct buf out = BUF_INIT;
		struct json *json = NULL;
		struct err err = {.text = ""};

		for (size_t n = 0; n < size; n++) {
			do
				bytes[n] = (char)random_u64(&random);
			while (!bytes[n]);
		}
		json_quote(&out, bytes, size);
		if (parse(out.data, out.size, &json, &err))
			fail_msg("%s: %s", out.data, err.text);
		json_free(json);
		buf_release(&out);
	}
}

static void
check_number(double d, const char *expected)
{
	struct buf out = BUF_INIT;

	json_number(&out, d);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void
test_number(void **state)
{
	struct random random;

	(void)state;
	check_number(0, "0");
	check_number(1, "1");
	check_number(-2.5, "-2.5");
	check_number(0.1, "0.1");
	check_number(0.1 + 0.2, "0.30000000000000004");
	check_number(1e21, "1e+21");
	check_number(5e-324, "4.94065645841247e-324");
	check_number(1e300 * 1e300, "null");
	check_number(NAN, "null");
	random_init(&random, 3, 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = random_u64(&random);
		struct buf out = BUF_INIT;
		struct json *json;
		double d, back = 0;

		memcpy(&d, &bits, sizeof(d));
		if (!isfinite(d))
			continue;
		json_number(&out, d);
		json = parse_ok(out.data);
		assert_true(json_double(json_root(json), &back));
		assert_memory_equal(&d, &back, sizeof(d));
		json_free(json);
		buf_release(&out);
	}
}

/* Where the locale has a decimal comma; skipped where there is no such one. */
static void
test_locale(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
					    "de_DE.utf8", "fr_FR.utf8"};
	const char *found = NULL;
	struct json *json;
	double d = 0;

	(void)state;
	for (size_t i = 0; i < 4 && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]);
	if (!found) {
		print_message("# no locale with a decimal comma here\n");
		return;
	}
	check_number(-1234.5, "-1234.5");
	json = parse_ok("-1234.5");
	assert_true(json_double(json_root(json), &d));
	setlocale(LC_NUMERIC, "C");
	assert_true(d == -1234.5);
	json_free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),   cmocka_unit_test(test_no_err),
	    cmocka_unit_test(test_walk),      cmocka_unit_test(test_types),
	    cmocka_unit_test(test_integers),  cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_depth),     cmocka_unit_test(test_many),
	    cmocka_unit_test(test_mutations), cmocka_unit_test(test_write),
	    cmocka_unit_test(test_quote),     cmocka_unit_test(test_quote_any),
	    cmocka_unit_test(test_number),    cmocka_unit_test(test_locale),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
