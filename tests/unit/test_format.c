/* Format: numbers as people read them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "rate.h"

#define assert_format(call, expected) assert_string_equal((call).text, expected)

static void
test_whole_numbers(void **state)
{
	(void)state;
	assert_format(format_int(0), "0");
	assert_format(format_int(7), "7");
	assert_format(format_int(999), "999");
	assert_format(format_int(1000), "1,000");
	assert_format(format_int(1234567), "1,234,567");
	assert_format(format_int(-12), "-12");
	assert_format(format_int(-123), "-123");
	assert_format(format_int(-1234), "-1,234");
	assert_format(format_int(INT64_MAX), "9,223,372,036,854,775,807");
	assert_format(format_int(INT64_MIN), "-9,223,372,036,854,775,808");
	assert_format(format_count(-1), "–");
	assert_format(format_count(0), "0");
	assert_format(format_count_fit(12345678, 7), "12.3 M");
	assert_format(format_count_fit(123456, 7), "123,456");
	assert_format(format_count_fit(-1, 7), "–");
}

static void
test_values(void **state)
{
	(void)state;
	assert_format(format_value(value_none()), "–");
	assert_format(format_value(value_int(0)), "0");
	assert_format(format_value(value_real(0)), "0.00");
	assert_format(format_value(value_real(12.836)), "12.84");
	assert_format(format_value(value_real(1234.5)), "1,234.50");
	assert_format(format_value(value_real(-1234567.125)), "-1,234,567.12");
	assert_format(format_value(value_real(0.00123)), "0.00123");
	assert_format(format_value(value_real(NAN)), "–");
	assert_format(format_value(value_real(INFINITY)), "∞");
	assert_format(format_value(value_real(-INFINITY)), "−∞");
	assert_format(format_value(value_real(1e300)), "1.0e+300");
	assert_format(format_value_fit(value_real(1234567.5), 9), "1.23 M");
}

static void
test_compact(void **state)
{
	(void)state;
	assert_format(format_compact(0), "0");
	assert_format(format_compact(950), "950");
	assert_format(format_compact(0.5), "0.50");
	assert_format(format_compact(999), "999");
	assert_format(format_compact(999.6), "1.00 k");
	assert_format(format_compact(1234), "1.23 k");
	assert_format(format_compact(45600000), "45.6 M");
	assert_format(format_compact(999499), "999 k");
	assert_format(format_compact(999999), "1.00 M");
	assert_format(format_compact(-2500), "-2.50 k");
	assert_format(format_compact((double)INT64_MAX), "9.22 E");
}

static void
test_rates(void **state)
{
	(void)state;
	assert_format(format_rate(-1), "–");
	assert_format(format_rate(0), "0");
	assert_format(format_rate(0.44), "0.4");
	assert_format(format_rate(5), "5");
	assert_format(format_rate(9.97), "10");
	assert_format(format_rate(49870.4), "49,870");
	assert_format(format_rate(INFINITY), "max");
	assert_format(format_rate_fit(1234567, 7), "1.23 M");
}

static void
test_parts_and_times(void **state)
{
	(void)state;
	assert_format(format_percent(38, 1000), "3.8 %");
	assert_format(format_percent(0, 1000), "0.0 %");
	assert_format(format_percent(1, 1000000), "<0.1 %");
	assert_format(format_percent(1, 0), "–");
	assert_format(format_percent(7, 7), "100.0 %");
	assert_format(format_duration_us(-1), "–");
	assert_format(format_duration_us(850), "850 µs");
	assert_format(format_duration_us(4200), "4.2 ms");
	assert_format(format_duration_us(99960), "100 ms");
	assert_format(format_duration_us(1300000), "1.3 s");
	assert_format(format_duration_us(125000000), "2 min 5 s");
	assert_format(format_elapsed(133000), "00:02:13");
	assert_format(format_elapsed(-1), "–");
	assert_format(format_elapsed(INT64_C(266581000)), "3 d 02:03:01");
	assert_format(format_bytes(512), "512 B");
	assert_format(format_bytes(1024), "1.0 KiB");
	assert_format(format_bytes(43200000), "41.2 MiB");
	assert_format(format_bytes(1048575), "1.0 MiB");
	assert_format(format_bytes(INT64_MAX), "8.0 EiB");
	assert_format(format_bytes(-1), "–");
	assert_format(format_time(INT64_C(1735689613250)),
		      "2025-01-01 00:00:13.250 UTC");
	assert_format(format_time(-1), "–");
	assert_format(format_time(INT64_MAX), "–");
	assert_format(format_delay(-1), "–");
	assert_format(format_delay(0), "0 ms");
	assert_format(format_delay(999), "999 ms");
	assert_format(format_delay(1000), "1.0 s");
	assert_format(format_delay(99949), "99.9 s");
	assert_format(format_delay(99950), "2 min");
	assert_format(format_delay(5969000), "99 min");
	assert_format(format_delay(5970000), "1.7 h");
	assert_format(format_delay(INT64_C(358199000)), "99.5 h");
	assert_format(format_delay(INT64_C(358200000)), "4 d");
	assert_format(format_delay(INT64_C(863999999999)), ">9999 d");
	assert_format(format_delay(INT64_MAX), ">9999 d");
	assert_format(format_span(60000), "1 min");
	assert_format(format_span(90000), "90 s");
	assert_format(format_span(7200000), "2 h");
	assert_format(format_span(250), "250 ms");
	assert_format(format_windows(60000, 60000), "1 min");
	assert_format(format_windows(300000, 60000), "5 min every 1 min");
	assert_format(format_window(0, 86400000, false), "1970-01-01");
	assert_format(format_window(0, 2 * 86400000, false),
		      "1970-01-01–1970-01-03");
	assert_format(format_window(60000, 360000, false), "00:01–00:06");
	assert_format(format_window(60000, 360000, true),
		      "1970-01-01 00:01–00:06");
	assert_format(format_window(60000, 70000, false), "00:01:00–00:01:10");
	assert_format(format_window(-1, 70000, false), "–");
	assert_format(format_position(2, 315236), "2@315,236");
	assert_format(format_position(-1, 5), "–");
}

static void
test_columns(void **state)
{
	(void)state;
	assert_int_equal(format_column(0), 7);
	assert_int_equal(format_column(-5), 7);
	assert_int_equal(format_column(999999), 7);
	assert_int_equal(format_column(1000000), 11);
	assert_int_equal(format_column(999999999), 11);
	assert_int_equal(format_column(INT64_MAX), 27);
	for (int64_t n = 1; n < INT64_MAX / 10; n *= 10)
		assert_true((int)strlen(format_int(n).text) <=
			    format_column(n));
}

static void
test_rate_steps(void **state)
{
	(void)state;
	assert_true(rate_step(1000, 1.1, -1) == 1100);
	assert_true(rate_step(1000, 0.9, -1) == 900);
	assert_true(rate_step(1000, 1.01, -1) == 1010);
	assert_true(rate_step(1000, 0.99, -1) == 990);
	/* By 1 at least, to 0 at last, and up again. */
	assert_true(rate_step(5, 1.1, -1) == 6);
	assert_true(rate_step(5, 0.99, -1) == 4);
	assert_true(rate_step(1, 0.9, -1) == 0);
	assert_true(rate_step(0.5, 0.9, -1) == 0);
	assert_true(rate_step(0, 0.5, -1) == 0);
	assert_true(rate_step(0, 1.1, -1) == 1);
	assert_true(rate_step(0, 2, -1) == 1);
	assert_true(rate_step(15, 1.01, -1) == 16);
	/* From "max" down from what is reached. */
	assert_true(isinf(rate_step(INFINITY, 2, 5000)));
	assert_true(rate_step(INFINITY, 0.5, 5000) == 2500);
	assert_true(rate_step(RATE_MAX, 2, -1) == RATE_MAX);
}

static void
test_rates_typed(void **state)
{
	static const struct {
		const char *text;
		double rate; /* -1: refused */
	} cases[] = {
	    {"1200", 1200},    {"1,200", 1200}, {" 50k ", 50000},
	    {"1.5M", 1500000}, {"2 k", 2000},   {"0", 0},
	    {"0.5", 0.5},      {".5", 0.5},     {"max", INFINITY},
	    {"MAX", INFINITY}, {"", -1},        {"k", -1},
	    {"-5", -1},        {"1e9", -1},     {"0x10", -1},
	    {"nan", -1},       {"inf", -1},     {"12 34", -1},
	    {"1.2.3", -1},     {"5kk", -1},     {"99999999999", -1},
	    {",5", -1},        {".", -1},       {"maximum", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double rate = -1;
		bool taken = rate_parse(cases[i].text, &rate);

		assert_int_equal(taken, cases[i].rate >= 0);
		assert_true(rate == cases[i].rate);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole_numbers),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_compact),
	    cmocka_unit_test(test_rates),
	    cmocka_unit_test(test_parts_and_times),
	    cmocka_unit_test(test_columns),
	    cmocka_unit_test(test_rate_steps),
	    cmocka_unit_test(test_rates_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
