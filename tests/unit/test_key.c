/*
 * Keys: what they are in bytes, that their byte order is the order of the
 * values and that different values never share one, and how people read them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/key.h"
#include "base/random.h"

static const char text[] =
    "{\"name\": \"keys\", \"topic\": {\"name\": \"keys\"},"
    " \"event\": {\"time\": \"t\", \"fields\": {"
    "  \"s\": {\"type\": \"string\", \"max_length\": 100},"
    "  \"o\": {\"type\": \"string\", \"max_length\": 60, \"optional\": true},"
    "  \"i\": {\"type\": \"integer\"},"
    "  \"j\": {\"type\": \"integer\", \"optional\": true},"
    "  \"b\": {\"type\": \"boolean\", \"optional\": true},"
    "  \"t\": {\"type\": \"time\"}}},"
    " \"tables\": {"
    "  \"s\": {\"by\": [\"s\"], \"measures\": {\"n\": \"count\"}},"
    "  \"o\": {\"by\": [\"o\"], \"measures\": {\"n\": \"count\"}},"
    "  \"i\": {\"by\": [\"i\"], \"measures\": {\"n\": \"count\"}},"
    "  \"so\": {\"by\": [\"s\", \"o\"], \"measures\": {\"n\": \"count\"}},"
    "  \"os\": {\"by\": [\"o\", \"s\"], \"measures\": {\"n\": \"count\"}},"
    "  \"all\": {\"by\": [\"o\", \"j\", \"b\", \"s\"],"
    "   \"measures\": {\"n\": \"count\"}}}}";

enum { F_S, F_O, F_I, F_J, F_B };
enum { T_S, T_O, T_I, T_SO, T_OS, T_ALL, TABLES };

static struct pipeline *p;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if (pipeline_parse(text, sizeof(text) - 1, "keys.json", &p, &err)) {
		print_error("%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pipeline_free(p);
	return 0;
}

static struct event_value
string(const char *data, size_t size)
{
	return (struct event_value){.present = true, .text = {data, size}};
}

static struct event_value
integer(int64_t i)
{
	return (struct event_value){.present = true, .i = i};
}

static void
assert_key(unsigned table, const struct event *event, const char *want,
	   size_t size, const char *read)
{
	char room[KEY_MAX];
	struct text key;
	struct buf out = BUF_INIT;

	key_encode(p, &p->tables[table], event, room, &key);
	assert_int_equal(key.size, size);
	assert_memory_equal(key.data, want, size);
	key_text(p, &p->tables[table], key, &out);
	assert_string_equal(out.data ? out.data : "", read);
	buf_release(&out);
}

/* The parts that a key is decoded into are those that it was made of. */
static void
assert_decoded(unsigned table, const struct event *event)
{
	const struct table_spec *spec = &p->tables[table];
	char room[KEY_MAX], parts_room[KEY_MAX];
	struct key_part parts[PIPELINE_BY_MAX];
	struct text key;

	key_encode(p, spec, event, room, &key);
	assert_true(key_decode(p, spec, key, parts_room, parts));
	for (unsigned i = 0; i < spec->by_len; i++) {
		const struct event_value *value = &event->values[spec->by[i]];
		const struct field *field = &p->event.fields[spec->by[i]];

		assert_int_equal(parts[i].present,
				 value->present || !field->optional);
		if (!parts[i].present)
			continue;
		if (field->type == FIELD_STRING) {
			assert_int_equal(parts[i].text.size, value->text.size);
			assert_memory_equal(parts[i].text.data,
					    value->text.data, value->text.size);
		} else {
			assert_true(parts[i].i == value->i);
		}
	}
}

static void
keys_are_decoded(void **state)
{
	static const char *const texts[] = {"",       "\0",     "a\0\0b",
					    "\xff\0", "\0\xff", "plain"};
	static const size_t sizes[] = {0, 1, 4, 2, 2, 5};

	(void)state;
	for (unsigned i = 0; i < 6 * 6 * 8; i++) {
		struct event e = {0};

		e.values[F_S] = string(texts[i % 6], sizes[i % 6]);
		e.values[F_O] = string(texts[i / 6 % 6], sizes[i / 6 % 6]);
		e.values[F_I] = integer(i % 2 ? INT64_MIN : INT64_MAX);
		e.values[F_J] = integer(-(int64_t)i);
		e.values[F_B] = integer(i % 2);
		e.values[F_O].present = i / 36 & 1;
		e.values[F_J].present = i / 72 & 1;
		e.values[F_B].present = i / 144 & 1;
		for (unsigned table = 0; table < TABLES; table++)
			assert_decoded(table, &e);
	}
}

/* What cannot be a key is not taken for one, and nothing is read behind it. */
static void
what_is_no_key_is_not_decoded(void **state)
{
	static const struct {
		unsigned table;
		const char *data;
		size_t size;
	} cases[] = {
	    {T_O, "", 0},       {T_I, "1234567", 7}, {T_I, "123456789", 9},
	    {T_SO, "a", 1},     {T_SO, "a\0", 2},    {T_SO, "a\0x\0\0", 5},
	    {T_SO, "a\0\0", 3}, {T_ALL, "\0\1", 2},  {T_ALL, "\0\0\1", 3},
	    {T_OS, "\1a", 2},
	};
	struct key_part parts[PIPELINE_BY_MAX];
	char room[KEY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *copy = malloc(cases[i].size + 1);

		assert_non_null(copy);
		memcpy(copy, cases[i].data, cases[i].size);
		copy = realloc(copy, cases[i].size ? cases[i].size : 1);
		if (key_decode(p, &p->tables[cases[i].table],
			       (struct text){copy, cases[i].size}, room, parts))
			fail_msg("case %zu is decoded", i);
		free(copy);
	}
}

static void
one_string(void **state)
{
	struct event e = {0};

	(void)state;
	e.values[F_S] = string("abc", 3);
	assert_key(T_S, &e, "abc", 3, "abc");
	e.values[F_S] = string("a\0c", 3);
	assert_key(T_S, &e, "a\0c", 3, "a");
	e.values[F_S] = string("", 0);
	assert_key(T_S, &e, "\0", 1, "");
	e.values[F_S] = string("\0", 1);
	assert_key(T_S, &e, "\0\0", 2, "");
	e.values[F_S] = string("\0x", 2);
	assert_key(T_S, &e, "\0\0x", 3, "");
}

static void
one_optional_string(void **state)
{
	struct event e = {0};

	(void)state;
	assert_key(T_O, &e, "\0", 1, "∅");
	e.values[F_O] = string("", 0);
	assert_key(T_O, &e, "\1", 1, "");
	e.values[F_O] = string("\0", 1);
	assert_key(T_O, &e, "\1\0", 2, "");
	e.values[F_O] = string("a", 1);
	assert_key(T_O, &e, "\1a", 2, "a");
}

static void
whole_numbers(void **state)
{
	struct event e = {0};

	(void)state;
	e.values[F_I] = integer(0);
	assert_key(T_I, &e, "\x80\0\0\0\0\0\0\0", 8, "0");
	e.values[F_I] = integer(-1);
	assert_key(T_I, &e, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, "-1");
	e.values[F_I] = integer(INT64_MIN);
	assert_key(T_I, &e, "\0\0\0\0\0\0\0\0", 8, "-9223372036854775808");
	e.values[F_I] = integer(INT64_MAX);
	assert_key(T_I, &e, "\xff\xff\xff\xff\xff\xff\xff\xff", 8,
		   "9223372036854775807");
}

static void
composites(void **state)
{
	struct event e = {0};

	(void)state;
	e.values[F_S] = string("a", 1);
	e.values[F_O] = string("b", 1);
	assert_key(T_SO, &e, "a\0\0\1b", 5, "a · b");
	assert_key(T_OS, &e, "\1b\0\0a", 5, "b · a");
	e.values[F_S] = string("x\0y", 3);
	assert_key(T_SO, &e, "x\0\xffy\0\0\1b", 8, "x");
	e.values[F_S] = string("", 0);
	e.values[F_O].present = false;
	assert_key(T_SO, &e, "\0\0\0", 3, " · ∅");
	assert_key(T_OS, &e, "\0", 1, "∅ · ");
	assert_key(T_ALL, &e, "\0\0\0", 3, "∅ · ∅ · ∅ · ");
	e.values[F_J] = integer(2);
	e.values[F_B] = integer(1);
	e.values[F_S] = string("z", 1);
	assert_key(T_ALL, &e, "\0\1\x80\0\0\0\0\0\0\2\1\1z", 13,
		   "∅ · 2 · true · z");
	e.values[F_B].i = 0;
	assert_key(T_ALL, &e, "\0\1\x80\0\0\0\0\0\0\2\1\0z", 13,
		   "∅ · 2 · false · z");
}

/* NUL inside comes back as it was; text stops at it, bytes do not. */
static void
text_keeps_all_bytes(void **state)
{
	struct event e = {0};
	char room[KEY_MAX];
	struct text key;
	struct buf out = BUF_INIT;
	static const char want[] = "\0x\0\0 \xc2\xb7 \0";

	(void)state;
	e.values[F_S] = string("\0x\0\0", 4);
	e.values[F_O] = string("\0", 1);
	key_encode(p, &p->tables[T_SO], &e, room, &key);
	key_text(p, &p->tables[T_SO], key, &out);
	assert_int_equal(out.size, sizeof(want) - 1);
	assert_memory_equal(out.data, want, sizeof(want) - 1);
	out.size = 0;
	key_encode(p, &p->tables[T_S], &e, room, &key);
	key_text(p, &p->tables[T_S], key, &out);
	assert_int_equal(out.size, 4);
	assert_memory_equal(out.data, "\0x\0\0", 4);
	buf_release(&out);
}

/* A key cut anywhere, as in a damaged store, is text all the same. */
static void
broken_keys_end_somewhere(void **state)
{
	struct event e = {0};
	char room[KEY_MAX];
	struct text key;

	(void)state;
	e.values[F_S] = string("a\0b", 3);
	e.values[F_O] = string("c\0d", 3);
	e.values[F_J] = integer(-5);
	e.values[F_B] = integer(1);
	for (unsigned table = 0; table < TABLES; table++) {
		key_encode(p, &p->tables[table], &e, room, &key);
		for (size_t size = 0; size <= key.size; size++) {
			struct buf out = BUF_INIT;
			char *cut = malloc(size ? size : 1);

			assert_non_null(cut);
			memcpy(cut, key.data, size);
			key_text(p, &p->tables[table], (struct text){cut, size},
				 &out);
			buf_release(&out);
			free(cut);
		}
	}
}

/* ---- Order ---- */

struct sample {
	struct event event;
	char s[100], o[60];
};

static struct event_value
random_string(struct random *random, char *room, size_t most)
{
	static const char alphabet[] = {0, 0, 1, 'a', 'b', (char)0xff};
	size_t size = random_below(random, 6);

	if (random_below(random, 50) == 0)
		size = most;
	for (size_t i = 0; i < size; i++)
		room[i] = alphabet[random_below(random, sizeof(alphabet))];
	return string(room, size);
}

static void
random_sample(struct random *random, struct sample *sample)
{
	struct event *e = &sample->event;

	memset(sample, 0, sizeof(*sample));
	e->values[F_S] = random_string(random, sample->s, sizeof(sample->s));
	e->values[F_O] = random_string(random, sample->o, sizeof(sample->o));
	e->values[F_O].present = random_below(random, 3) != 0;
	e->values[F_I] =
	    integer((int64_t)random_u64(random) >> random_below(random, 64));
	e->values[F_J] = integer((int64_t)random_below(random, 3) - 1);
	e->values[F_J].present = random_below(random, 3) != 0;
	e->values[F_B] = integer((int64_t)random_below(random, 2));
	e->values[F_B].present = random_below(random, 3) != 0;
}

static int
compare_bytes(struct text a, struct text b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int c = size ? memcmp(a.data, b.data, size) : 0;

	if (c)
		return c < 0 ? -1 : 1;
	return a.size < b.size ? -1 : a.size > b.size;
}

/* Missing is less than all values; false less than true. */
static int
compare_values(unsigned table, const struct event *a, const struct event *b)
{
	const struct table_spec *spec = &p->tables[table];

	for (unsigned i = 0; i < spec->by_len; i++) {
		unsigned f = spec->by[i];
		const struct event_value *x = &a->values[f], *y = &b->values[f];
		int c;

		if (x->present != y->present)
			return x->present ? 1 : -1;
		if (!x->present)
			continue;
		if (p->event.fields[f].type == FIELD_STRING)
			c = compare_bytes(x->text, y->text);
		else
			c = x->i < y->i ? -1 : x->i > y->i;
		if (c)
			return c;
	}
	return 0;
}

static void
the_order_of_keys_is_that_of_values(void **state)
{
	struct random random;

	(void)state;
	random_init(&random, 3, 0);
	for (unsigned round = 0; round < 20000; round++) {
		struct sample a, b;

		random_sample(&random, &a);
		random_sample(&random, &b);
		for (unsigned table = 0; table < TABLES; table++) {
			const struct table_spec *spec = &p->tables[table];
			char room_a[KEY_MAX], room_b[KEY_MAX];
			struct text x, y;

			key_encode(p, spec, &a.event, room_a, &x);
			key_encode(p, spec, &b.event, room_b, &y);
			assert_true(x.size >= 1 && x.size <= PIPELINE_KEY_MAX);
			assert_int_equal(
			    compare_bytes(x, y),
			    compare_values(table, &a.event, &b.event));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_string),
	    cmocka_unit_test(one_optional_string),
	    cmocka_unit_test(whole_numbers),
	    cmocka_unit_test(composites),
	    cmocka_unit_test(text_keeps_all_bytes),
	    cmocka_unit_test(keys_are_decoded),
	    cmocka_unit_test(what_is_no_key_is_not_decoded),
	    cmocka_unit_test(broken_keys_end_somewhere),
	    cmocka_unit_test(the_order_of_keys_is_that_of_values),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
