/*
 * Scripts: what each step becomes, and of what is no script, where and why.
 *
 * Every text lies in a block of exactly its size, so that AddressSanitizer sees
 * a byte read beyond it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "canvas.h"
#include "keys.h"
#include "rate.h"
#include "script.h"

/* A text may hold NUL, so it has a size. */
#define T(literal) literal, sizeof(literal) - 1

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static int
parse(const char *text, size_t size, struct script **out, struct err *err)
{
	char *exact = xmalloc(size);
	int code;

	memcpy(exact, text, size);
	code = script_parse("f", exact, size, out, err);
	free(exact);
	return code;
}

static struct script *
parse_ok(const char *text)
{
	struct script *script = NULL;
	struct err err = {.text = ""};

	if (parse(text, strlen(text), &script, &err))
		fail_msg("%s: %s", text, err.text);
	return script;
}

/* A script of one line, which is the whole of `text`. */
static struct script *
parse_one(const char *text)
{
	struct script *script = parse_ok(text);

	assert_int_equal(script->len, 1);
	assert_int_equal(script->steps[0].line, 1);
	return script;
}

static void
assert_refused(const char *text, size_t size, const char *wanted)
{
	struct script *script = (struct script *)(uintptr_t)1;
	struct err err = {.text = ""};

	if (parse(text, size, &script, &err) != WEIR_USAGE)
		fail_msg("taken: %s", text);
	assert_int_equal(err.code, WEIR_USAGE);
	assert_string_equal(err.text, wanted);
	assert_ptr_equal(script, (struct script *)(uintptr_t)1);
}

/* ---- What is one ---- */

static const char whole[] = "# a comment\n"
			    "\n"
			    "wait 1.5s  # and another\n"
			    "keys + + > Enter Down*3\n"
			    "type u00001\n"
			    "\tresize\t120x40\t\n"
			    "expect \"hot \\\"item\\\"\" within 20s\n"
			    "expect not \"broker d\xc3\xb6wn\"\n"
			    "mark \"the broker # goes \\\\ down\"\n"
			    "screenshot a b.svg\n"
			    "rate 10k";

static void
test_whole(void **state)
{
	static const uint32_t keys_wanted[] = {
	    '+', '+', '>', KEYS_ENTER, KEYS_DOWN, KEYS_DOWN, KEYS_DOWN};
	static const enum script_kind kinds[] = {
	    SCRIPT_WAIT,   SCRIPT_KEYS,       SCRIPT_TYPE,
	    SCRIPT_RESIZE, SCRIPT_EXPECT,     SCRIPT_EXPECT_NOT,
	    SCRIPT_MARK,   SCRIPT_SCREENSHOT, SCRIPT_RATE};
	struct script *script = parse_ok(whole);
	const struct script_step *step = script->steps;

	(void)state;
	assert_string_equal(script->name, "f");
	assert_int_equal(script->len, LEN(kinds));
	for (unsigned i = 0; i < script->len; i++) {
		assert_int_equal(step[i].kind, kinds[i]);
		assert_int_equal(step[i].line, 3 + i);
	}
	assert_int_equal(step[0].ms, 1500);
	assert_int_equal(step[1].keys_len, LEN(keys_wanted));
	assert_memory_equal(step[1].keys, keys_wanted, sizeof(keys_wanted));
	assert_int_equal(step[2].keys_len, 6);
	assert_int_equal(step[2].keys[0], 'u');
	assert_int_equal(step[2].keys[5], '1');
	assert_null(step[2].text);
	assert_int_equal(step[3].cols, 120);
	assert_int_equal(step[3].rows, 40);
	assert_string_equal(step[4].text, "hot \"item\"");
	assert_int_equal(step[4].ms, 20000);
	assert_string_equal(step[5].text, "broker d\xc3\xb6wn");
	assert_int_equal(step[5].ms, 10000);
	assert_string_equal(step[6].text, "the broker # goes \\ down");
	assert_string_equal(step[7].text, "a b.svg");
	assert_true(step[8].per_s == 10000);
	script_free(script);
	script_free(NULL);
}

static void
test_nothing(void **state)
{
	static const char *const cases[] = {
	    "",        "\n",  "\r\n",         "#",
	    "# x",     " \t", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n#\r\n",
	    "#x\n\n#y"};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct script *script = parse_ok(cases[i]);

		assert_int_equal(script->len, 0);
		script_free(script);
	}
}

/* The ends of lines, and what may stand before the first. */
static void
test_line_ends(void **state)
{
	struct script *script = parse_ok("\xef\xbb\xbfwait 1s\r\n\r\n"
					 "mark x y \r\n#z\r\ntype a\r\n"
					 "screenshot b.txt");

	(void)state;
	assert_int_equal(script->len, 4);
	assert_int_equal(script->steps[1].line, 3);
	assert_string_equal(script->steps[1].text, "x y");
	assert_int_equal(script->steps[2].line, 5);
	assert_int_equal(script->steps[2].keys_len, 1);
	assert_string_equal(script->steps[3].text, "b.txt");
	script_free(script);
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
	    {"wait 0", 0},
	    {"wait 200ms", 200},
	    {"wait 2", 2000},
	    {"wait 1m30s", 90000},
	    {"wait 1h", 3600000},
	    {"wait 60m", 3600000},
	    {"expect \"x\"", 10000},
	    {"expect \"x\" # within 1s", 10000},
	    {"expect \"x\" within 0s", 0},
	    {"expect not \"x\" within 0.5s", 500},
	    {"expect \"x\" within 1h # long", 3600000},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct script *script = parse_one(cases[i].text);

		assert_int_equal(script->steps[0].ms, cases[i].ms);
		script_free(script);
	}
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		int cols, rows;
	} cases[] = {
	    {"resize 1x1", 1, 1},
	    {"resize 080x024", 80, 24},
	    {"resize 1024x512", CANVAS_COLS_MAX, CANVAS_ROWS_MAX},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct script *script = parse_one(cases[i].text);

		assert_int_equal(script->steps[0].cols, cases[i].cols);
		assert_int_equal(script->steps[0].rows, cases[i].rows);
		script_free(script);
	}
}

static void
test_rates(void **state)
{
	static const struct {
		const char *text;
		double per_s;
	} cases[] = {
	    {"rate 0", 0},
	    {"rate 1200", 1200},
	    {"rate 1,200", 1200},
	    {"rate 50k", 50000},
	    {"rate 1.5 M # fast", 1500000},
	    {"rate 1000M", RATE_MAX},
	    {"rate max", INFINITY},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct script *script = parse_one(cases[i].text);

		assert_true(script->steps[0].per_s == cases[i].per_s);
		script_free(script);
	}
}

static void
test_texts(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"mark a", "a"},
	    {"mark  a \t b ", "a \t b"},
	    {"mark a#b", "a#b"},
	    {"mark a #b", "a"},
	    {"mark a # b # c", "a"},
	    {"mark a\"b\"", "a\"b\""},
	    {"mark a \"b\"", "a \"b\""},
	    {"mark a\\b", "a\\b"},
	    {"mark \"a\"", "a"},
	    {"mark \" a \" # b", " a "},
	    {"mark \"#\"", "#"},
	    {"mark \"\\\"\\\\\"", "\"\\"},
	    {"mark \xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	    {"expect \"within\"", "within"},
	    {"expect \"not\"", "not"},
	    {"expect not \"not\"", "not"},
	    {"screenshot \"a # b.ansi\"", "a # b.ansi"},
	    {"screenshot /tmp/x.svg.txt", "/tmp/x.svg.txt"},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct script *script = parse_one(cases[i].text);

		assert_string_equal(script->steps[0].text, cases[i].wanted);
		script_free(script);
	}
}

/* ---- Keys ---- */

static void
assert_keys(const char *text, const uint32_t *wanted, unsigned len)
{
	struct script *script = parse_one(text);

	assert_int_equal(script->steps[0].keys_len, len);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(script->steps[0].keys[i], wanted[i]);
	script_free(script);
}

/* Of each row of the help, as it is written and in other letters. */
static void
test_labels(void **state)
{
	(void)state;
	for (unsigned i = 0; i < keys_len; i++) {
		const char *label = keys[i].label;
		char text[64];

		if (keys[i].key == '1')
			label = "1"; /* "1 ... 9" */
		snprintf(text, sizeof(text), "keys %s", label);
		assert_keys(text, &keys[i].key, 1);
		if (!label[1])
			continue;
		for (char *c = text + 5; *c; c++)
			*c ^= *c >= 'a' && *c <= 'z' ? 0x20 : 0;
		assert_keys(text, &keys[i].key, 1);
		for (char *c = text + 5; *c; c++)
			*c ^= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
		assert_keys(text, &keys[i].key, 1);
	}
}

static void
test_keys(void **state)
{
	static const struct {
		const char *text;
		uint32_t keys[8];
		unsigned len;
	} cases[] = {
	    {"keys Backspace delete", {KEYS_BACKSPACE, KEYS_DELETE}, 2},
	    {"keys a A 9 ~ \"", {'a', 'A', '9', '~', '"'}, 5},
	    {"keys \xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80*2",
	     {0xe9, 0x6f22, 0x1f600, 0x1f600},
	     4},
	    {"keys * **2 \\", {'*', '*', '*', '\\'}, 4},
	    {"keys +*1 Esc*002 # Up", {'+', KEYS_ESC, KEYS_ESC}, 3},
	    {"keys\tq\t", {'q'}, 1},
	    {"type a b", {'a', ' ', 'b'}, 3},
	    {"type \"# \"", {'#', ' '}, 2},
	    {"type Enter # not that", {'E', 'n', 't', 'e', 'r'}, 5},
	    {"type \xc3\xa9\xf0\x9f\x98\x80", {0xe9, 0x1f600}, 2},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++)
		assert_keys(cases[i].text, cases[i].keys, cases[i].len);
}

/* ---- What is none ---- */

static const struct {
	const char *text;
	size_t size;
	const char *error;
} refused[] = {
    {T("wiat 1s"), "f:1:1: no step \"wiat\"; did you mean \"wait\"?"},
    {T("\n\n  Wait 1s"), "f:3:3: no step \"Wait\"; did you mean \"wait\"?"},
    {T("press x"),
     "f:1:1: no step \"press\"; there is \"wait\", \"keys\", \"type\", "
     "\"resize\", \"expect\", \"mark\", \"screenshot\", \"rate\""},
    {T("wait#"), "f:1:1: no step \"wait#\"; did you mean \"wait\"?"},
    {T("012345678901234567890123456789012345678901234567890123456789012345678"
       "9"),
     "f:1:1: no step "
     "\"0123456789012345678901234567890123456789012345678901234567890123\"...;"
     " there is \"wait\", \"keys\", \"type\", \"resize\", \"expect\", "
     "\"mark\", \"screenshot\", \"rate\""},
    /* Not cut within a character. */
    {T("012345678901234567890123456789012345678901234567890123456789012\xc3\xa9"
       "!"),
     "f:1:1: no step "
     "\"012345678901234567890123456789012345678901234567890123456789012\"...; "
     "there is \"wait\", \"keys\", \"type\", \"resize\", \"expect\", "
     "\"mark\", \"screenshot\", \"rate\""},

    {T("wait"), "f:1:5: wait takes a time of at most 1h, as 200ms, 1.5s or "
		"1m30s"},
    {T("wait  # 1s"), "f:1:7: wait takes a time of at most 1h, as 200ms, 1.5s "
		      "or 1m30s"},
    {T("wait soon"), "f:1:6: wait takes a time of at most 1h, as 200ms, 1.5s "
		     "or 1m30s, not \"soon\""},
    {T("wait -1s"), "f:1:6: wait takes a time of at most 1h, as 200ms, 1.5s "
		    "or 1m30s, not \"-1s\""},
    {T("wait 3600.001s"), "f:1:6: wait takes a time of at most 1h, as 200ms, "
			  "1.5s or 1m30s, not \"3600.001s\""},
    {T("wait 1s 2s"), "f:1:9: nothing but a comment may follow here"},
    {T("wait 1s#"), "f:1:6: wait takes a time of at most 1h, as 200ms, 1.5s "
		    "or 1m30s, not \"1s#\""},

    {T("keys"), "f:1:5: keys takes keys, as + Enter Down*5"},
    {T("keys # Enter"), "f:1:6: keys takes keys, as + Enter Down*5"},
    {T("keys + Entr"), "f:1:8: no key \"Entr\"; did you mean \"Enter\"?"},
    {T("keys ENTRE*2"), "f:1:6: no key \"ENTRE\"; did you mean \"Enter\"?"},
    {T("keys deltee"), "f:1:6: no key \"deltee\"; did you mean \"Delete\"?"},
    {T("keys \xc3\xa9 \xc3\xa9\xc3\xa9"),
     "f:1:8: no key \"\xc3\xa9\xc3\xa9\"; there is \"Ctrl-C\", \"Esc\", "
     "\"Space\", \"Ctrl-L\", \"Tab\", \"Shift-Tab\", \"Up\", \"Down\", ..."},
    {T("keys *5"), "f:1:6: no key \"*5\"; did you mean \"F5\"?"},
    {T("keys Up*"), "f:1:9: a key is repeated 1 to 1000 times, as in Down*5"},
    {T("keys \xc3\xa9*0"),
     "f:1:8: a key is repeated 1 to 1000 times, as in Down*5"},
    {T("keys Up*1001"),
     "f:1:9: a key is repeated 1 to 1000 times, as in Down*5"},
    {T("keys Up*5x"), "f:1:9: a key is repeated 1 to 1000 times, as in "
		      "Down*5"},
    {T("keys Up*99999999999999999999"),
     "f:1:9: a key is repeated 1 to 1000 times, as in Down*5"},
    {T("keys Up*1000 Down"), "f:1:14: a line may press 1000 keys"},

    {T("type"), "f:1:5: type takes a text"},
    {T("type #"), "f:1:6: type takes a text"},
    {T("type \"\""), "f:1:6: this text is empty"},

    {T("resize"), "f:1:7: resize takes columns and rows, as 120x40, at most "
		  "1024x512"},
    {T("resize 120"), "f:1:8: resize takes columns and rows, as 120x40, at "
		      "most 1024x512, not \"120\""},
    {T("resize 120 x 40"), "f:1:8: resize takes columns and rows, as 120x40, "
			   "at most 1024x512, not \"120\""},
    {T("resize x40"), "f:1:8: resize takes columns and rows, as 120x40, at "
		      "most 1024x512, not \"x40\""},
    {T("resize 120x"), "f:1:8: resize takes columns and rows, as 120x40, at "
		       "most 1024x512, not \"120x\""},
    {T("resize 120X40"), "f:1:8: resize takes columns and rows, as 120x40, at "
			 "most 1024x512, not \"120X40\""},
    {T("resize 120x40x2"), "f:1:8: resize takes columns and rows, as 120x40, "
			   "at most 1024x512, not \"120x40x2\""},
    {T("resize 0x40"), "f:1:8: resize takes columns and rows, as 120x40, at "
		       "most 1024x512, not \"0x40\""},
    {T("resize 1025x512"), "f:1:8: resize takes columns and rows, as 120x40, "
			   "at most 1024x512, not \"1025x512\""},
    {T("resize 1024x513"), "f:1:8: resize takes columns and rows, as 120x40, "
			   "at most 1024x512, not \"1024x513\""},

    {T("expect"), "f:1:7: expect takes a text in quotes, as expect \"hot "
		  "item\" within 20s"},
    {T("expect hot item"), "f:1:8: expect takes a text in quotes, as expect "
			   "\"hot item\" within 20s, not \"hot\""},
    {T("expect not"), "f:1:11: expect takes a text in quotes, as expect \"hot "
		      "item\" within 20s"},
    {T("expect not not \"x\""),
     "f:1:12: expect takes a text in quotes, as expect \"hot item\" within "
     "20s, not \"not\""},
    {T("expect \"\""), "f:1:8: this text is empty"},
    {T("expect not \"\""), "f:1:12: this text is empty"},
    {T("expect \"x"), "f:1:8: this text has no closing quote"},
    {T("expect \"x\ny\""), "f:1:8: this text has no closing quote"},
    {T("expect \"x\\\""), "f:1:8: this text has no closing quote"},
    {T("expect \"\xc3\xa9\\n\""), "f:1:10: in quotes only \" and \\ follow a "
				  "\\"},
    {T("expect \"x\\"), "f:1:10: in quotes only \" and \\ follow a \\"},
    {T("expect \"x\\\n\""), "f:1:10: in quotes only \" and \\ follow a \\"},
    {T("expect \"x\"within 5s"),
     "f:1:11: a space is missing after the closing quote"},
    {T("expect \"x\"# y"),
     "f:1:11: a space is missing after the closing quote"},
    {T("expect \"x\" 5s"), "f:1:12: after its text expect takes only within "
			   "and a time, not \"5s\""},
    {T("expect \"x\" within"),
     "f:1:18: within takes a time of at most 1h, as 500ms or 20s"},
    {T("expect \"x\" within 61m"), "f:1:19: within takes a time of at most "
				   "1h, as 500ms or 20s, not \"61m\""},
    {T("expect \"x\" within 5s \"y\""),
     "f:1:22: nothing but a comment may follow here"},

    {T("mark"), "f:1:5: mark takes a text"},
    {T("mark \"a\" b"), "f:1:10: nothing but a comment may follow here"},

    {T("screenshot"), "f:1:11: screenshot takes a file that ends in .svg, "
		      ".ansi or .txt"},
    {T("screenshot a.png # b.svg"),
     "f:1:12: screenshot takes a file that ends in .svg, .ansi or .txt"},
    {T("screenshot a.SVG"), "f:1:12: screenshot takes a file that ends in "
			    ".svg, .ansi or .txt"},
    {T("screenshot  \".svg\""), "f:1:13: screenshot takes a file that ends "
				"in .svg, .ansi or .txt"},

    {T("rate"), "f:1:5: rate takes events a second, as 1200, 50k, 1.5M or "
		"max"},
    {T("rate fast"), "f:1:6: rate takes events a second, as 1200, 50k, 1.5M "
		     "or max, not \"fast\""},
    {T("rate 10k 20k"), "f:1:6: rate takes events a second, as 1200, 50k, "
			"1.5M or max, not \"10k 20k\""},
    {T("rate 1001M"), "f:1:6: rate takes events a second, as 1200, 50k, 1.5M "
		      "or max, not \"1001M\""},

    /* Bytes, also in comments and quotes; columns are characters. */
    {T("\xef\xbb\xbf\xc3\xa9"
       " x"),
     "f:1:1: no step \"\xc3\xa9\"; there is \"wait\", \"keys\", \"type\", "
     "\"resize\", \"expect\", \"mark\", \"screenshot\", \"rate\""},
    {T("mark \xc3\xa9\xff"), "f:1:7: the byte 0xff here is no UTF-8"},
    {T("# \xe2\x82"), "f:1:3: the byte 0xe2 here is no UTF-8"},
    {T("mark \xc3\n\xa9"), "f:1:6: the byte 0xc3 here is no UTF-8"},
    {T("mark \"\xed\xa0\x80\""), "f:1:7: the byte 0xed here is no UTF-8"},
    {T("wait 1s\xef\xbb"), "f:1:8: the byte 0xef here is no UTF-8"},
    {T("\xff\xfew"), "f:1:1: the byte 0xff here is no UTF-8"},
    {T("mark a\0b"), "f:1:7: a control character, U+0000, may not stand here"},
    {T("\0"), "f:1:1: a control character, U+0000, may not stand here"},
    {T("mark \x1b[m"), "f:1:6: a control character, U+001B, may not stand "
		       "here"},
    {T("#\x7f"), "f:1:2: a control character, U+007F, may not stand here"},
    {T("#\xc2\x9b"), "f:1:2: a control character, U+009B, may not stand here"},
    {T("wait 1s\r"), "f:1:8: a control character, U+000D, may not stand here"},
    {T("wait 1s\r\r\n"),
     "f:1:8: a control character, U+000D, may not stand here"},
    {T("wait 1s\rwait 1s\n"),
     "f:1:8: a control character, U+000D, may not stand here"},
    /* The first that is wrong, by line. */
    {T("wait 1s\nwait\n\xff"), "f:2:5: wait takes a time of at most 1h, as "
			       "200ms, 1.5s or 1m30s"},
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(refused); i++)
		assert_refused(refused[i].text, refused[i].size,
			       refused[i].error);
}

/* A text of so many bytes, typed or expected. */
static void
test_text_limit(void **state)
{
	static const struct {
		const char *before, *after, *error;
	} cases[] = {
	    {"type ", "",
	     "f:1:6: a text may have 1000 bytes; this one has "
	     "1001"},
	    {"expect \"", "\"",
	     "f:1:8: a text may have 1000 bytes; this one "
	     "has 1001"},
	};

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct buf text = BUF_INIT;
		struct script *script;

		buf_addf(&text, "%s%0*d%s", cases[i].before, SCRIPT_TEXT_MAX, 0,
			 cases[i].after);
		script = parse_one(text.data);
		assert_true(script->steps[0].keys_len == SCRIPT_TEXT_MAX ||
			    strlen(script->steps[0].text) == SCRIPT_TEXT_MAX);
		script_free(script);
		buf_release(&text);
		buf_addf(&text, "%s%0*d%s", cases[i].before,
			 SCRIPT_TEXT_MAX + 1, 0, cases[i].after);
		assert_refused(text.data, text.size, cases[i].error);
		buf_release(&text);
	}
}

static void
test_key_limit(void **state)
{
	struct script *script = parse_one("keys Up*999 Down");

	(void)state;
	assert_int_equal(script->steps[0].keys_len, SCRIPT_KEYS_MAX);
	assert_int_equal(script->steps[0].keys[998], KEYS_UP);
	assert_int_equal(script->steps[0].keys[999], KEYS_DOWN);
	script_free(script);
	script = parse_one("keys Up*1000");
	assert_int_equal(script->steps[0].keys_len, SCRIPT_KEYS_MAX);
	script_free(script);
}

static void
test_step_limit(void **state)
{
	struct buf text = BUF_INIT;
	struct script *script;

	(void)state;
	for (unsigned i = 0; i < SCRIPT_STEPS_MAX; i++)
		buf_add_str(&text, "keys q\n");
	script = parse_ok(text.data);
	assert_int_equal(script->len, SCRIPT_STEPS_MAX);
	script_free(script);
	buf_add_str(&text, "\n wait 1s");
	assert_refused(text.data, text.size,
		       "f:10002:2: a script may have 10000 steps");
	buf_release(&text);
}

/* ---- Files ---- */

static void
test_load(void **state)
{
	char path[] = "/tmp/weir-script.XXXXXX", wanted[128];
	int fd = mkstemp(path), kept = dup(STDIN_FILENO);
	struct script *script;
	struct err err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "wait 1s", 7), 7);
	assert_int_equal(script_load(path, &script, &err), 0);
	assert_string_equal(script->name, path);
	assert_int_equal(script->len, 1);
	script_free(script);
	assert_int_equal(write(fd, "\nwiat", 5), 5);
	assert_int_equal(script_load(path, &script, &err), WEIR_USAGE);
	snprintf(wanted, sizeof(wanted),
		 "%s:2:1: no step \"wiat\"; did you mean \"wait\"?", path);
	assert_string_equal(err.text, wanted);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_true(dup2(fd, STDIN_FILENO) >= 0);
	assert_int_equal(script_load("-", &script, &err), WEIR_USAGE);
	assert_string_equal(err.text, "standard input:2:1: no step \"wiat\"; "
				      "did you mean \"wait\"?");
	if (kept >= 0) {
		assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
		close(kept);
	}

	/* Up to the limit it may be nothing but newlines. */
	for (int more = 0; more < 2; more++) {
		struct buf text = BUF_INIT;

		memset(buf_reserve(&text, SCRIPT_SIZE_MAX + 1), '\n',
		       SCRIPT_SIZE_MAX + 1);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
		    pwrite(fd, text.data, (size_t)(SCRIPT_SIZE_MAX + more), 0),
		    SCRIPT_SIZE_MAX + more);
		buf_release(&text);
		assert_int_equal(script_load(path, &script, &err),
				 more ? WEIR_SYSTEM : 0);
		if (!more)
			script_free(script);
	}
	snprintf(wanted, sizeof(wanted),
		 "%s is too large: it may have 1048576 bytes", path);
	assert_string_equal(err.text, wanted);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(script_load(path, &script, &err), WEIR_SYSTEM);
	snprintf(wanted, sizeof(wanted),
		 "cannot read %s: No such file or directory", path);
	assert_string_equal(err.text, wanted);
}

/* The example and the names of keys in docs/scripts.md. */
static void
test_documentation(void **state)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], *example, *names;
	struct buf text = BUF_INIT, line = BUF_INIT;
	struct script *script;
	struct err err;

	(void)state;
	snprintf(path, sizeof(path), "%s/docs/scripts.md",
		 srcdir ? srcdir : ".");
	assert_int_equal(file_read(path, 100000, &text, &err), 0);
	example = strstr(text.data, "```\n") + 4;
	names = strstr(text.data, "```\nEnter ") + 4;
	*strstr(example, "```") = '\0';
	script = parse_ok(example);
	assert_int_equal(script->len, 13);
	script_free(script);

	*strstr(names, "```") = '\0';
	for (char *c = names; *c; c++)
		if (*c == '\n')
			*c = ' ';
	buf_addf(&line, "keys %s", names);
	script = parse_one(line.data);
	assert_int_equal(script->steps[0].keys_len, 23);
	script_free(script);
	buf_release(&line);
	buf_release(&text);
}

/* ---- Whatever the bytes ---- */

/* What is taken is within the limits; what is not, says where. */
static void
survive(const char *text, size_t size)
{
	struct script *script;
	struct err err = {.text = ""};

	if (parse(text, size, &script, &err)) {
		unsigned line, column;

		assert_int_equal(err.code, WEIR_USAGE);
		assert_int_equal(sscanf(err.text, "f:%u:%u: ", &line, &column),
				 2);
		assert_true(line >= 1 && column >= 1 && column <= size + 1);
		return;
	}
	for (unsigned i = 0; i < script->len; i++) {
		const struct script_step *step = &script->steps[i];

		assert_true(step->ms >= 0 && step->ms <= SCRIPT_WAIT_MAX);
		assert_true(step->keys_len <= SCRIPT_KEYS_MAX);
		assert_true(
		    !step->text ||
		    (*step->text && strlen(step->text) <= SCRIPT_TEXT_MAX));
	}
	script_free(script);
}

static void
test_any_bytes(void **state)
{
	char text[sizeof(whole)];

	(void)state;
	memcpy(text, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		survive(whole, i);
		survive(whole + i, sizeof(whole) - 1 - i);
		for (int byte = 0; byte < 256; byte++) {
			text[i] = (char)byte;
			survive(text, sizeof(text) - 1);
		}
		text[i] = whole[i];
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_line_ends),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_rates),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_text_limit),
	    cmocka_unit_test(test_key_limit),
	    cmocka_unit_test(test_step_limit),
	    cmocka_unit_test(test_load),
	    cmocka_unit_test(test_documentation),
	    cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
