/* The log: a ring of the newest lines, from any thread. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static void
test_order(void **state)
{
	struct log *log = log_new();
	static struct log_lines lines;

	(void)state;
	assert_false(log_read(log, &lines));
	log_add(log, 10, LEVEL_NOTE, "one %d", 1);
	log_add(log, 20, LEVEL_ERROR, "two");
	assert_true(log_read(log, &lines));
	assert_int_equal(lines.len, 2);
	assert_string_equal(lines.at[0].text, "two");
	assert_int_equal(lines.at[0].level, LEVEL_ERROR);
	assert_int_equal(lines.at[0].number, 2);
	assert_string_equal(lines.at[1].text, "one 1");
	assert_int_equal(lines.at[1].time_ms, 10);
	assert_false(log_read(log, &lines));
	log_add(NULL, 30, LEVEL_NOTE, "to nobody");
	log_free(log);
	log_free(NULL);
}

/* The same again and again is one line, of another level another one. */
static void
test_repeats(void **state)
{
	struct log *log = log_new();
	static struct log_lines lines;

	(void)state;
	lines.version = 0;
	for (int i = 0; i < 1000; i++)
		log_add(log, i, LEVEL_WARNING, "refused");
	log_add(log, 2000, LEVEL_ERROR, "refused");
	assert_true(log_read(log, &lines));
	assert_int_equal(lines.len, 2);
	assert_int_equal(lines.at[0].times, 1);
	assert_int_equal(lines.at[1].times, 1000);
	assert_int_equal(lines.at[1].time_ms, 999);
	log_free(log);
}

static void
test_bound(void **state)
{
	struct log *log = log_new();
	static struct log_lines lines;
	char wide[2 * LOG_TEXT_MAX];

	(void)state;
	lines.version = 0;
	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	for (int i = 0; i < 3 * LOG_LINES; i++)
		log_add(log, i, LEVEL_NOTE, "%d %s", i, wide);
	assert_true(log_read(log, &lines));
	assert_int_equal(lines.len, LOG_LINES);
	for (int i = 0; i < LOG_LINES; i++) {
		assert_int_equal(atoi(lines.at[i].text), 3 * LOG_LINES - 1 - i);
		assert_int_equal(strlen(lines.at[i].text), LOG_TEXT_MAX - 1);
	}
	log_free(log);
}

static void *
add_many(void *arg)
{
	struct log *log = arg;

	for (int i = 0; i < 10000; i++)
		log_add(log, i, LEVEL_NOTE, "%p %d", (void *)&i, i);
	return NULL;
}

static void
test_threads(void **state)
{
	struct log *log = log_new();
	static struct log_lines lines;
	pthread_t threads[4];

	(void)state;
	lines.version = 0;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, add_many, log), 0);
	while (lines.version < 40000)
		if (log_read(log, &lines))
			for (unsigned i = 1; i < lines.len; i++)
				assert_int_equal(lines.at[i].number,
						 lines.at[0].number - i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(lines.at[0].number, 40000);
	log_free(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_repeats),
	    cmocka_unit_test(test_bound),
	    cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
