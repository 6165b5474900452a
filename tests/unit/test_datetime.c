/* Datetime: times as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/datetime.h"

static void
assert_datetime(int64_t ms, const char *expected)
{
	char text[DATETIME_ROOM];

	assert_int_equal(datetime_format(ms, text), *expected != '\0');
	assert_string_equal(text, expected);
}

static void
test_years(void **state)
{
	(void)state;
	assert_datetime(0, "1970-01-01 00:00:00");
	assert_datetime(1735689599999, "2024-12-31 23:59:59");
	assert_datetime(1709164800000, "2024-02-29 00:00:00");
	assert_datetime(253402300799999, "9999-12-31 23:59:59");
	assert_datetime(-62167219200000, "0000-01-01 00:00:00");
}

/* The second that they are in began before them, also before 1970. */
static void
test_before_1970(void **state)
{
	(void)state;
	assert_datetime(-1, "1969-12-31 23:59:59");
	assert_datetime(-1000, "1969-12-31 23:59:59");
	assert_datetime(-1500, "1969-12-31 23:59:58");
}

static void
test_beyond(void **state)
{
	(void)state;
	assert_datetime(253402300800000, "");
	assert_datetime(-62167219200001, "");
	assert_datetime(INT64_MAX, "");
	assert_datetime(INT64_MIN, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_years),
	    cmocka_unit_test(test_before_1970),
	    cmocka_unit_test(test_beyond),
	};

	return cmocka_run_group_tests_name("datetime", tests, NULL, NULL);
}
