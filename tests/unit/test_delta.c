/*
 * Deltas: that each key has one row, through growth, and that they come in the
 * order of memcmp(); the oracle sorts the keys with qsort().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregate/delta.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"

#define ROW 40

/* Adds `by` to the count of a key; whether it was new. */
static bool
count(struct delta *delta, const void *key, size_t size, uint64_t by)
{
	int created = -1;
	char *row = delta_row(delta, (struct text){key, size},
			      hash64(key, size), &created);

	assert_true(created == 0 || created == 1);
	if (created)
		memset(row, 0, ROW);
	put_u64(row, get_u64(row) + by);
	/* The whole row is there to be written. */
	memset(row + 8, 0x5a, ROW - 8);
	return created;
}

static void
an_empty_one(void **state)
{
	struct delta delta;

	(void)state;
	delta_init(&delta, ROW);
	assert_int_equal(delta.len, 0);
	delta_sort(&delta);
	delta_clear(&delta, 4 << 20);
	delta_sort(&delta);
	delta_release(&delta);
	delta_release(&delta);
}

static void
a_key_has_one_row(void **state)
{
	struct delta delta;
	struct text key;

	(void)state;
	delta_init(&delta, ROW);
	assert_true(count(&delta, "a", 1, 1));
	assert_true(count(&delta, "a\0", 2, 10));
	assert_true(count(&delta, "", 0, 100));
	assert_false(count(&delta, "a", 1, 2));
	assert_false(count(&delta, "a\0", 2, 20));
	assert_false(count(&delta, "", 0, 200));
	assert_int_equal(delta.len, 3);
	delta_sort(&delta);
	assert_int_equal(get_u64(delta_get(&delta, 0, &key)), 300);
	assert_int_equal(key.size, 0);
	assert_int_equal(get_u64(delta_get(&delta, 1, &key)), 3);
	assert_int_equal(key.size, 1);
	assert_int_equal(get_u64(delta_get(&delta, 2, &key)), 30);
	assert_int_equal(key.size, 2);
	delta_release(&delta);
}

static void
it_grows(void **state)
{
	enum { KEYS = 200000 };
	struct delta delta;
	struct text key;
	size_t small;

	(void)state;
	delta_init(&delta, ROW);
	small = delta_bytes(&delta);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < KEYS; i++) {
			/* Not in order, each once: 7919 is prime to KEYS. */
			char text[16];
			uint64_t n = (uint64_t)i * 7919 % KEYS;
			int size =
			    snprintf(text, sizeof(text), "u%06u", (unsigned)n);

			assert_int_equal(count(&delta, text, (size_t)size, n),
					 round == 0);
		}
	assert_int_equal(delta.len, KEYS);
	assert_true(delta_bytes(&delta) > small + KEYS * (ROW + 7));
	delta_sort(&delta);
	for (unsigned i = 0; i < KEYS; i++) {
		char text[16];
		const char *row = delta_get(&delta, i, &key);

		snprintf(text, sizeof(text), "u%06u", i);
		assert_int_equal(key.size, 7);
		assert_memory_equal(key.data, text, 7);
		assert_int_equal(get_u64(row), 2 * (uint64_t)i);
	}
	delta_release(&delta);
}

static int
compare_text(const void *a, const void *b)
{
	const struct text *x = a, *y = b;
	size_t size = x->size < y->size ? x->size : y->size;
	int c = size ? memcmp(x->data, y->data, size) : 0;

	if (c)
		return c;
	return x->size < y->size ? -1 : x->size > y->size;
}

/*
 * Keys that differ late, early, in length alone, or not at all: a prefix of
 * those before, with a tail.
 */
static size_t
random_key(struct random *random, const struct text *others, size_t others_len,
	   char *room)
{
	size_t size = 0, tail;

	if (others_len && random_below(random, 4) != 0) {
		const struct text *other =
		    &others[random_below(random, others_len)];

		size = random_below(random, other->size + 1);
		memcpy(room, other->data, size);
	}
	tail = random_below(random, random_below(random, 8) ? 6 : 481);
	if (tail > PIPELINE_KEY_MAX - size)
		tail = PIPELINE_KEY_MAX - size;
	for (size_t i = 0; i < tail; i++)
		room[size++] =
		    (char)(random_below(random, 3) == 0 ? 0
							: random_u64(random));
	return size;
}

/* The same delta goes through all rounds: what it keeps must not show. */
static void
the_order_is_that_of_bytes(void **state)
{
	enum { KEYS_MAX = 3000 };
	static struct text keys[KEYS_MAX];
	static char room[KEYS_MAX][PIPELINE_KEY_MAX];
	struct random random;
	struct delta delta;

	(void)state;
	random_init(&random, 4, 0);
	delta_init(&delta, ROW);
	for (unsigned round = 0; round < 40; round++) {
		size_t n = random_below(&random, round % 2 ? KEYS_MAX : 40);
		size_t distinct = 0;
		uint64_t all = 0;

		for (size_t i = 0; i < n; i++) {
			keys[i].data = room[i];
			keys[i].size = random_key(&random, keys, i, room[i]);
			distinct +=
			    count(&delta, keys[i].data, keys[i].size, 1);
		}
		assert_int_equal(delta.len, distinct);
		qsort(keys, n, sizeof(*keys), compare_text);
		delta_sort(&delta);
		for (size_t i = 0, at = 0; i < n; at++) {
			struct text key;
			const char *row = delta_get(&delta, at, &key);
			uint64_t same = 0;

			assert_int_equal(compare_text(&key, &keys[i]), 0);
			for (; i < n && compare_text(&key, &keys[i]) == 0; i++)
				same++;
			assert_int_equal(get_u64(row), same);
			all += same;
		}
		assert_int_equal(all, n);
		/* Sorting twice, as a commit that is tried again does. */
		delta_sort(&delta);
		for (size_t i = 1; i < distinct; i++) {
			struct text a, b;

			delta_get(&delta, i - 1, &a);
			delta_get(&delta, i, &b);
			assert_true(compare_text(&a, &b) < 0);
		}
		delta_clear(&delta, 4 << 20);
		assert_int_equal(delta.len, 0);
	}
	delta_release(&delta);
}

/* Keys whose hashes agree, in the slot or altogether, are still two keys. */
static void
hashes_may_collide(void **state)
{
	struct delta delta;
	struct text key;
	int created;

	(void)state;
	delta_init(&delta, ROW);
	for (uint64_t i = 0; i < 500; i++) {
		char *row = delta_row(
		    &delta, (struct text){(const char *)&i, sizeof(i)},
		    i % 2 ? UINT64_MAX : i << 40, &created);

		assert_true(created);
		put_u64(row, i);
	}
	for (uint64_t i = 0; i < 500; i++) {
		char *row = delta_row(
		    &delta, (struct text){(const char *)&i, sizeof(i)},
		    i % 2 ? UINT64_MAX : i << 40, &created);

		assert_false(created);
		assert_int_equal(get_u64(row), i);
	}
	delta_sort(&delta);
	for (size_t i = 0; i < 500; i++) {
		uint64_t v = get_u64(delta_get(&delta, i, &key));

		assert_int_equal(get_u64(key.data), v);
	}
	delta_release(&delta);
}

/* Windows' starts, negative and positive, are in front of their keys. */
static void
windows_come_together(void **state)
{
	struct delta delta;
	int64_t last = INT64_MIN;

	(void)state;
	delta_init(&delta, ROW);
	for (int64_t w = -20; w < 20; w++)
		for (unsigned i = 0; i < 30; i++) {
			char key[16];

			put_be64(key, key_from_i64((w * 7 % 20) * 60000));
			put_be64(key + 8, i * 0x9e3779b97f4a7c15u);
			count(&delta, key, sizeof(key), 1);
		}
	delta_sort(&delta);
	for (size_t i = 0; i < delta.len; i++) {
		struct text key;
		int64_t window;

		delta_get(&delta, i, &key);
		window = key_to_i64(get_be64(key.data));
		assert_true(window >= last);
		last = window;
	}
	delta_release(&delta);
}

/* What one burst took does not count against the bound for ever. */
static void
a_large_one_gets_small_again(void **state)
{
	struct delta delta;
	size_t large;

	(void)state;
	delta_init(&delta, ROW);
	for (uint64_t i = 0; i < 200000; i++)
		count(&delta, &i, sizeof(i), 1);
	delta_sort(&delta);
	large = delta_bytes(&delta);
	for (unsigned commit = 0; commit < 40; commit++) {
		delta_clear(&delta, 4 << 20);
		for (uint64_t i = 0; i < 100; i++)
			count(&delta, &i, sizeof(i), 1);
		delta_sort(&delta);
	}
	assert_true(delta_bytes(&delta) < large / 4);
	delta_release(&delta);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_one),
	    cmocka_unit_test(a_key_has_one_row),
	    cmocka_unit_test(it_grows),
	    cmocka_unit_test(the_order_is_that_of_bytes),
	    cmocka_unit_test(hashes_may_collide),
	    cmocka_unit_test(windows_come_together),
	    cmocka_unit_test(a_large_one_gets_small_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
