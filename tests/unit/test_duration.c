/* Durations: which texts are some, and how long they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/duration.h"

static void
test_some(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
	    {"0", 0},
	    {"0s", 0},
	    {"90", 90000},
	    {"1.5", 1500},
	    {"200ms", 200},
	    {"1.5s", 1500},
	    {".5s", 500},
	    {"5.s", 5000},
	    {"0.29s", 290}, /* 289.99... as a double times 1000 */
	    {"0.0009s", 0},
	    {"1.9ms", 1},
	    {"0.0000000001d", 0},
	    {"0.123456789123456789d", 10666666},
	    {"1m30s", 90000},
	    {"1.5m1.5s", 91500},
	    {"1d1h1m1s1ms", 90061001},
	    {"00001s", 1000},
	    {"1000000000000ms", DURATION_MAX_MS},
	    {"1000000000", DURATION_MAX_MS},
	    {"11574d", INT64_C(999993600000)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -1;

		if (!duration_parse(cases[i].text, &ms) || ms != cases[i].ms)
			fail_msg("%s is %lld", cases[i].text, (long long)ms);
	}
}

static void
test_none(void **state)
{
	static const char *const cases[] = {
	    "",
	    " 1s",
	    "1s ",
	    "1 s",
	    "s",
	    ".",
	    ".s",
	    "-1s",
	    "+1s",
	    "1e3s",
	    "0x10",
	    "nan",
	    "inf",
	    "1,5s",
	    "1.5.5s",
	    "1w",
	    "1S",
	    "1sec",
	    "1m30",  /* a number alone only */
	    "30s1m", /* larger first */
	    "1s1s",  /* each once */
	    "1m1m",
	    "1000000000001ms",
	    "1000000001",
	    "11575d",
	    "11574d1h46m40s1ms",
	    "99999999999999999999999999s",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -7;

		if (duration_parse(cases[i], &ms) || ms != -7)
			fail_msg("\"%s\" is %lld", cases[i], (long long)ms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_some),
	    cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
