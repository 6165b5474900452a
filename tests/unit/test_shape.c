/*
 * Shapes against json-decode.h, which has the last word: what a shape takes,
 * that one takes, with the same values. A shape may refuse whatever it likes,
 * so that it does take the ordinary is tested, too.
 *
 * Shapes learn a few messages and get thousands that differ from them a
 * little. Each lies in a block of exactly its size, so that AddressSanitizer
 * sees a byte read beyond it.
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
#include "base/buf.h"
#include "base/random.h"
#include "event/shape.h"

#define MAX_BYTES (1u << 20)
#define LEN(list) (sizeof(list) / sizeof((list)[0]))

/* The paths that are read; the last one twice. */
static const char *const paths[][3] = {
    {"name"}, {"n"},           {"x"},
    {"ok"},   {"user", "id"},  {"user", "geo", "city"},
    {"at"},   {"never", "in"}, {"n"},
};
#define FIELDS LEN(paths)

/* Messages with a @ for each value. */
static const char *const forms[] = {
    "{\"name\":@,\"n\":@,\"x\":@,\"ok\":@,\"at\":@}",
    "{\"user\":{\"id\":@,\"geo\":{\"city\":@,\"other\":@}},\"at\":@}",
    " {\r\n\t\"list\" : [ @ , {\"n\": @}, [@], [], {} ] , \"n\" : @\n} \n",
    "{\"at\":@,\"\xc3\xa9\":@,\"user\":{},\"name\":@}",
    "{\"n\":@}",
};

/* Of these nothing can be learned, or less than they seem to say. */
static const char *const hard[] = {
    "{\"\\u006e\":@,\"at\":@}",
    "{\"user\":@,\"n\":@}",
    "{\"user\":{\"geo\":@}}",
    "{\"user\":[{\"id\":@}]}",
    "{\"user\":{\"geo\":{\"city\":{\"in\":@}}}}",
    "{\"n\":[@]}",
    "{\"n\":{\"n\":@}}",
    "{\"x\":{},\"n\":@}",
};

/* What a shape has to take, wherever it stands. */
static const char *const plain[] = {
    "\"\"",
    "\"u\"",
    "\"u0001234\"",
    "\"sixteen bytes ...\"",
    "\"<>&'/ \x7f and words and words and words\"",
    "0",
    "7",
    "-1",
    "12345678",
    "-123456789012345678",
    "999999999999999999",
    "0.5",
    "-0.0",
    "1234567.12345678",
    "3.00",
    "true",
    "false",
    "null",
};

/* What may stand where a value does, or may not. */
static const char *const odd[] = {
    "",
    " ",
    "-",
    "+1",
    "01",
    "-01",
    "00",
    "-0",
    "1.",
    ".5",
    "-.5",
    "1.e1",
    "1e3",
    "1E3",
    "1e+3",
    "1e-3",
    "1e",
    "1e+",
    "0e0",
    "1e400",
    "-1e400",
    "1e-400",
    "2.5e0",
    "0.1e1",
    "1.5.5",
    "1-1",
    "0x10",
    "1_000",
    "NaN",
    "Infinity",
    "1234567890123456789",
    "-1234567890123456789",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "0.1234567890123456",
    "123456789.12345678",
    "9007199254740993.0",
    "0.000000000000000000000001",
    "100000000000000000000.5",
    "12345678a",
    "1234567:",
    "1234567/",
    "True",
    "tru",
    "truee",
    "true1",
    "fals",
    "nul",
    "nulll",
    "NULL",
    "\"",
    "\"\"\"",
    "\"a\"b\"",
    "\"\\n\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\x\"",
    "\"\\",
    "\"\\\"",
    "\"a\tb\"",
    "\"a\nb\"",
    "\"\x1f\"",
    "\"\xc3\xa9\"",
    "\"\xc3\"",
    "\"\xff\"",
    "\"\xed\xa0\x80\"",
    "'a'",
    "a",
    "{}",
    "[]",
    "{\"a\":1}",
    "[1,2]",
    "[",
    "]",
    "{",
    "}",
    "1,2",
    "1 ",
    " 1",
    "1\n",
    "\t\"a\"",
    "1 2",
    "1,\"n\":2",
    "1,\"name\":\"b\"",
    "1}",
    "1}}",
    "\"a\",\"user\":{\"id\":1}",
    "// 1\n1",
    "1/**/",
    "\xef\xbb\xbf\x31",
};

/* Bytes put in anywhere. */
static const char *const pieces[] = {
    " ",        "\n",   "\r\n", "\t",   "\v",       "\f",        ",",
    ":",        "\"",   "\\",   "{",    "}",        "[",         "]",
    "0",        "-",    ".",    "e",    "1e3",      "\\u0061",   "\xef\xbb\xbf",
    "\xc2\xa0", "\x7f", "\x80", "null", "\"n\":1,", "\"at\":1,", "//",
    "/**/",
};

struct fixture {
	struct event_spec spec;
	struct json_decoder *json;
	struct shapes *shapes;
	struct buf known;         /* a message that they have learned */
	size_t tried, taken;      /* by the shapes */
	struct buf message, next; /* room */
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->spec.fields_len = FIELDS;
	f->spec.max_bytes = MAX_BYTES;
	for (size_t i = 0; i < FIELDS; i++) {
		struct field *field = &f->spec.fields[i];

		for (size_t k = 0; k < 3 && paths[i][k]; k++)
			field->path[field->path_len++] = xstrdup(paths[i][k]);
	}
	assert_int_equal(json_decoder_new(&f->spec, &f->json, NULL), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	shapes_free(f->shapes);
	json_decoder_free(f->json);
	for (size_t i = 0; i < FIELDS; i++)
		for (unsigned k = 0; k < f->spec.fields[i].path_len; k++)
			free(f->spec.fields[i].path[k]);
	buf_release(&f->known);
	buf_release(&f->message);
	buf_release(&f->next);
	free(f);
	return 0;
}

/* The form with these values in turn, the first one `at`. */
static void
fill(struct buf *out, const char *form, const char *const *values, size_t len,
     size_t at)
{
	out->size = 0;
	for (; *form; form++) {
		if (*form != '@')
			buf_add(out, form, 1);
		else
			buf_add_str(out, values[at++ % len]);
	}
}

/* One value stands at `place`, plain ones elsewhere; false: no such place. */
static bool
fill_one(struct buf *out, const char *form, size_t place, const char *value)
{
	size_t places = 0;

	out->size = 0;
	for (; *form; form++) {
		if (*form != '@')
			buf_add(out, form, 1);
		else
			buf_add_str(out, places++ == place ? value : plain[1]);
	}
	return place < places;
}

/* ---- One message, both ways ---- */

static void
show(const char *what, const char *data, size_t size)
{
	print_message("%s: ", what);
	for (size_t i = 0; i < size; i++)
		if (data[i] >= ' ' && data[i] <= '~' && data[i] != '\\')
			print_message("%c", data[i]);
		else
			print_message("\\x%02x", (unsigned char)data[i]);
	print_message("\n");
}

static bool
same_value(const struct decoded *a, const struct decoded *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case DECODED_BOOL:
	case DECODED_INT:
		return a->i == b->i;
	case DECODED_UINT:
		return a->u == b->u;
	case DECODED_REAL:
		/* The sign of zero, too. */
		return memcmp(&a->d, &b->d, sizeof(a->d)) == 0;
	case DECODED_TEXT:
		return a->text.size == b->text.size &&
		       memcmp(a->text.data, b->text.data, a->text.size) == 0;
	default:
		return true;
	}
}

/* Whether the shapes take it; when they do, it must be with json's values. */
static bool
compare(struct fixture *f, const char *data, size_t size)
{
	struct decoded quick[FIELDS], strict[FIELDS];
	char *copy = xmalloc(size);
	enum reason reason;
	bool taken;
	int field;

	memcpy(copy, data, size);
	f->tried++;
	taken = shapes_decode(f->shapes, copy, size, quick);
	if (taken) {
		f->taken++;
		reason =
		    json_decoder_decode(f->json, copy, size, strict, &field);
		if (reason)
			show(reason_name(reason), data, size);
		assert_int_equal(reason, REASON_NONE);
		for (size_t i = 0; i < FIELDS; i++) {
			if (!same_value(&quick[i], &strict[i])) {
				show("another value", data, size);
				fail_msg("field %zu", i);
			}
		}
	}
	free(copy);
	/* Too many that do not fit, and they are no longer tried. */
	assert_true(
	    shapes_decode(f->shapes, f->known.data, f->known.size, quick));
	return taken;
}

static bool
compare_buf(struct fixture *f, const struct buf *message)
{
	return message->size == 0 || compare(f, message->data, message->size);
}

static void
learn(struct fixture *f, const struct buf *message)
{
	struct decoded values[FIELDS];
	char *copy = xmalloc(message->size);
	int field;

	memcpy(copy, message->data, message->size);
	assert_int_equal(
	    json_decoder_decode(f->json, copy, message->size, values, &field),
	    REASON_NONE);
	shapes_learn(f->shapes, copy, message->size);
	free(copy);
	f->known.size = 0;
	buf_add(&f->known, message->data, message->size);
}

/* Anew, of this form only. */
static void
learn_form(struct fixture *f, const char *form)
{
	shapes_free(f->shapes);
	f->shapes = shapes_new(&f->spec);
	fill(&f->message, form, plain, LEN(plain), 0);
	learn(f, &f->message);
}

/* ---- Tests ---- */

/* All of what is ordinary is taken, whatever stood there before. */
static void
test_plain(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LEN(forms); i++) {
		learn_form(f, forms[i]);
		for (size_t v = 0; v < LEN(plain); v++) {
			fill(&f->message, forms[i], plain, LEN(plain), v);
			if (!compare_buf(f, &f->message)) {
				show("not taken", f->message.data,
				     f->message.size);
				fail();
			}
		}
	}
}

static void
test_odd_values(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LEN(forms); i++) {
		learn_form(f, forms[i]);
		for (size_t v = 0; v < LEN(odd); v++)
			for (size_t place = 0;
			     fill_one(&f->message, forms[i], place, odd[v]);
			     place++)
				compare_buf(f, &f->message);
	}
}

/* Learns a message, whatever comes of it; the known one stays. */
static void
try_to_learn(struct fixture *f, const struct buf *message)
{
	struct decoded values[FIELDS];
	char *copy = xmalloc(message->size);
	int field;

	memcpy(copy, message->data, message->size);
	assert_int_equal(
	    json_decoder_decode(f->json, copy, message->size, values, &field),
	    REASON_NONE);
	shapes_learn(f->shapes, copy, message->size);
	free(copy);
}

static void
test_hard(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LEN(hard); i++) {
		for (size_t v = 0; v < LEN(plain); v++) {
			learn_form(f, forms[4]);
			fill(&f->message, hard[i], plain, LEN(plain), v);
			try_to_learn(f, &f->message);
			for (size_t w = 0; w < LEN(plain); w++) {
				fill(&f->message, hard[i], plain, LEN(plain),
				     w);
				compare_buf(f, &f->message);
			}
		}
	}
}

/* Messages that fit but for a value push no other shape out. */
static void
test_known(void **state)
{
	struct fixture *f = *state;

	learn_form(f, forms[1]);
	fill(&f->message, forms[0], plain, LEN(plain), 0);
	learn(f, &f->message);
	for (unsigned n = 0; n < 100; n++) {
		fill_one(&f->message, forms[0], 0, "\"\xc3\xa9\"");
		assert_false(compare_buf(f, &f->message));
		try_to_learn(f, &f->message);
	}
	fill(&f->message, forms[1], plain, LEN(plain), 0);
	assert_true(compare_buf(f, &f->message));
	/* Nor do they keep new ones out for long. */
	fill(&f->message, forms[2], plain, LEN(plain), 0);
	for (unsigned n = 0; n < 100; n++)
		try_to_learn(f, &f->message);
	assert_true(compare_buf(f, &f->message));
}

/* Nested, long and wide, around the bounds of a shape and far beyond. */
static void
test_bounds(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 1; n < 3000; n += n < 100 ? 1 : 97) {
		for (unsigned kind = 0; kind < 3; kind++) {
			struct buf *m = &f->message;

			learn_form(f, forms[4]);
			m->size = 0;
			buf_add_str(m, "{\"a\":[");
			for (unsigned i = 0; kind == 0 && i < n % 900; i++)
				buf_add_str(m, i % 2 ? "[" : "{\"b\":");
			for (unsigned i = 0; kind == 1 && i < n; i++)
				buf_add_str(m, "1,");
			for (unsigned i = 0; kind == 2 && i < n; i++)
				buf_add_str(m, " ");
			buf_add_str(m, "1");
			for (unsigned i = n % 900; kind == 0 && i-- > 0;)
				buf_add_str(m, i % 2 ? "]" : "}");
			buf_add_str(m, "],\"n\":12}");
			try_to_learn(f, m);
			compare_buf(f, m);
			m->data[m->size - 2] = '3';
			compare_buf(f, m);
		}
	}
	assert_true(f->taken > 100);
}

/* Each byte another one, each missing, and each the last. */
static void
test_every_byte(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LEN(forms); i++) {
		size_t size;

		learn_form(f, forms[i]);
		size = f->message.size;
		for (size_t at = 0; at < size; at++) {
			f->next.size = 0;
			buf_add(&f->next, f->message.data, size);
			for (int byte = 0; byte < 256; byte++) {
				f->next.data[at] = (char)byte;
				compare_buf(f, &f->next);
			}
			f->next.size = at;
			compare_buf(f, &f->next);
			buf_add(&f->next, f->message.data + at + 1,
				size - at - 1);
			compare_buf(f, &f->next);
		}
	}
	assert_true(f->taken > 1000);
}

static void
test_every_insertion(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LEN(forms); i++) {
		learn_form(f, forms[i]);
		for (size_t at = 0; at <= f->message.size; at++) {
			for (size_t p = 0; p <= LEN(pieces); p++) {
				f->next.size = 0;
				buf_add(&f->next, f->message.data, at);
				if (p < LEN(pieces))
					buf_add_str(&f->next, pieces[p]);
				else
					buf_add(&f->next, "", 1);
				buf_add(&f->next, f->message.data + at,
					f->message.size - at);
				compare_buf(f, &f->next);
			}
		}
	}
}

/* Texts are looked at in words: each byte at each place of one. */
static void
test_texts(void **state)
{
	struct fixture *f = *state;

	learn_form(f, "{\"name\":@,\"at\":@}");
	for (size_t size = 1; size <= 26; size++) {
		for (size_t at = 0; at < size; at++) {
			for (int byte = 0; byte < 256; byte++) {
				char text[32] = "..........................";

				text[at] = (char)byte;
				f->next.size = 0;
				buf_add_str(&f->next, "{\"name\":\"");
				buf_add(&f->next, text, size);
				buf_add_str(&f->next, "\",\"at\":1}");
				compare_buf(f, &f->next);
			}
		}
	}
}

/* Digits of any number, a point anywhere, at any distance from the end. */
static void
test_numbers(void **state)
{
	struct fixture *f = *state;
	struct random random;

	learn_form(f, "{\"x\":@,\"at\":@}");
	random_init(&random, 1, 0);
	f->taken = 0;
	for (unsigned n = 0; n < 100000; n++) {
		unsigned digits = 1 + (unsigned)random_below(&random, 21);
		unsigned point = (unsigned)random_below(&random, 24);

		f->next.size = 0;
		buf_add_str(&f->next, "{\"x\":");
		if (random_below(&random, 3) == 0)
			buf_add_str(&f->next, "-");
		for (unsigned i = 0; i < digits; i++) {
			char digit = "0123456789999"[random_below(&random, 13)];

			if (i > 0 && i == point)
				buf_add_str(&f->next, ".");
			buf_add(&f->next, &digit, 1);
		}
		buf_addf(&f->next, ",\"at\":%u}", n % 3 ? 1 : n);
		compare_buf(f, &f->next);
	}
	assert_true(f->taken > 50000);
}

/* Several changes at once; what json takes is learned, as decode.c does. */
static void
change(struct fixture *f, struct random *random)
{
	struct buf *m = &f->message;
	size_t at = random_below(random, m->size + 1);
	size_t gone = random_below(random, 3) ? 0 : random_below(random, 9);
	uint64_t kind = random_below(random, 4);
	char byte = (char)random_below(random, 256);

	if (gone > m->size - at)
		gone = m->size - at;
	f->next.size = 0;
	buf_add(&f->next, m->data, at);
	if (kind == 0)
		buf_add_str(&f->next,
			    pieces[random_below(random, LEN(pieces))]);
	else if (kind == 1)
		buf_add_str(&f->next, odd[random_below(random, LEN(odd))]);
	else if (kind == 2)
		buf_add_str(&f->next, plain[random_below(random, LEN(plain))]);
	else
		buf_add(&f->next, &byte, 1);
	buf_add(&f->next, m->data + at + gone, m->size - at - gone);
	m->size = 0;
	buf_add(m, f->next.data, f->next.size);
}

static void
test_random(void **state)
{
	struct fixture *f = *state;
	struct random random;
	struct decoded values[FIELDS];
	int field;

	random_init(&random, 2, 0);
	for (unsigned n = 0; n < 300000; n++) {
		const char *form = forms[random_below(&random, LEN(forms))];

		if (n % 1000 == 0)
			learn_form(f, form);
		fill(&f->message, form, plain, LEN(plain),
		     random_below(&random, LEN(plain)));
		for (uint64_t i = random_below(&random, 4); i > 0; i--)
			change(f, &random);
		if (f->message.size == 0 || compare_buf(f, &f->message) ||
		    json_decoder_decode(f->json, f->message.data,
					f->message.size, values, &field))
			continue;
		learn(f, &f->message);
		/* Some are no shape: those say nothing of the next. */
		if (!shapes_decode(f->shapes, f->known.data, f->known.size,
				   values))
			learn_form(f, form);
	}
	assert_true(f->taken > f->tried / 10);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_plain),           CASE(test_odd_values),
	    CASE(test_known),           CASE(test_hard),
	    CASE(test_bounds),          CASE(test_every_byte),
	    CASE(test_every_insertion), CASE(test_texts),
	    CASE(test_numbers),         CASE(test_random),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
