/*
 * The command line, as a table: what is given, and what it becomes or which
 * words it is refused with.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"

#define WORDS_MAX 12

/* `line` is cut at spaces; "''" stands for an empty word. */
static int
parse(const char *line, struct options *options, struct err *err)
{
	static char room[512];
	static char name[] = "weir";
	char *argv[WORDS_MAX + 2] = {name};
	int argc = 1;
	char *rest = room;

	assert_true(strlen(line) < sizeof(room));
	snprintf(room, sizeof(room), "%s", line);
	for (char *word; (word = strtok_r(rest, " ", &rest));) {
		assert_true(argc <= WORDS_MAX);
		if (strcmp(word, "''") == 0)
			*word = '\0';
		argv[argc++] = word;
	}
	return options_parse(argc, argv, options, err);
}

static void
nothing_given(void **state)
{
	struct options o;
	struct err err;

	(void)state;
	assert_int_equal(parse("", &o, &err), 0);
	assert_int_equal(o.command, COMMAND_RUN);
	assert_null(o.operand);
	assert_null(o.kafka.brokers);
	assert_null(o.topic);
	assert_null(o.store);
	assert_true(o.per_s < 0);
	assert_true(o.bad_share < 0);
	assert_int_equal(o.events, 0);
	assert_int_equal(o.duration_ms, 0);
	assert_int_equal(o.generators, 1);
	assert_int_equal(o.memory_bytes, 256 << 20);
	assert_false(o.seeded || o.no_generate || o.fresh || o.from_end ||
		     o.headless || o.to_stdout || o.ascii);
	options_release(&o);
}

static void
commands_and_operands(void **state)
{
	static const struct {
		const char *line;
		enum command command;
		const char *operand;
	} cases[] = {
	    {"run", COMMAND_RUN, NULL},
	    {"interactions", COMMAND_RUN, "interactions"},
	    {"run interactions", COMMAND_RUN, "interactions"},
	    {"run run", COMMAND_RUN, "run"},
	    {"./view", COMMAND_RUN, "./view"},
	    {"view /tmp/x", COMMAND_VIEW, "/tmp/x"},
	    {"view --ascii /tmp/x", COMMAND_VIEW, "/tmp/x"},
	    {"--ascii view /tmp/x", COMMAND_VIEW, "/tmp/x"},
	    {"generate x --stdout", COMMAND_GENERATE, "x"},
	    {"check x.json", COMMAND_CHECK, "x.json"},
	    {"report dir", COMMAND_REPORT, "dir"},
	    {"help", COMMAND_HELP, NULL},
	    {"--help", COMMAND_HELP, NULL},
	    {"view --help", COMMAND_HELP, NULL},
	    {"--headless --help --nonsense", COMMAND_HELP, NULL},
	    {"--version", COMMAND_VERSION, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options o;
		struct err err = {0};

		if (parse(cases[i].line, &o, &err))
			fail_msg("weir %s: %s", cases[i].line, err.text);
		assert_int_equal(o.command, cases[i].command);
		if (cases[i].operand)
			assert_string_equal(o.operand, cases[i].operand);
		else
			assert_true(o.operand == NULL ||
				    o.command == COMMAND_HELP);
		options_release(&o);
	}
}

static void
every_option(void **state)
{
	struct options o;
	struct err err;

	(void)state;
	assert_int_equal(parse("-b a:1,b:2 -t top --rate 20k --events 7 "
			       "--duration 90s --seed 18446744073709551615",
			       &o, &err),
			 0);
	assert_string_equal(o.kafka.brokers, "a:1,b:2");
	assert_string_equal(o.topic, "top");
	assert_true(o.per_s >= 20000 && o.per_s <= 20000);
	assert_int_equal(o.events, 7);
	assert_int_equal(o.duration_ms, 90000);
	assert_true(o.seeded);
	assert_true(o.seed == UINT64_MAX);
	options_release(&o);
	assert_int_equal(parse("x --bad 0.25 --generators 3 --store dir "
			       "--fresh --memory 64M --headless --ascii",
			       &o, &err),
			 0);
	assert_true(o.bad_share >= 0.25 && o.bad_share <= 0.25);
	assert_int_equal(o.generators, 3);
	assert_string_equal(o.store, "dir");
	assert_int_equal(o.memory_bytes, 64 << 20);
	assert_true(o.fresh && o.headless && o.ascii);
	options_release(&o);
	assert_int_equal(parse("--brokers=h:1 --topic=t --no-generate "
			       "--from-end -X linger.ms=5 -Xclient.id=a=b",
			       &o, &err),
			 0);
	assert_true(o.no_generate && o.from_end);
	assert_int_equal(o.kafka.properties_len, 2);
	assert_string_equal(o.kafka.properties[0].name, "linger.ms");
	assert_string_equal(o.kafka.properties[0].value, "5");
	assert_string_equal(o.kafka.properties[1].name, "client.id");
	assert_string_equal(o.kafka.properties[1].value, "a=b");
	options_release(&o);
	/* The last one counts. */
	assert_int_equal(parse("-b a:1 -b b:2 --rate 1 --rate max", &o, &err),
			 0);
	assert_string_equal(o.kafka.brokers, "b:2");
	assert_true(isinf(o.per_s));
	options_release(&o);
}

static void
numbers(void **state)
{
	static const struct {
		const char *line;
		double per_s;
		int64_t duration_ms, memory_bytes;
	} cases[] = {
	    {"--rate 0", 0, 0, 0},
	    {"--rate 500", 500, 0, 0},
	    {"--rate 1.5M", 1.5e6, 0, 0},
	    {"--rate 2K", 2000, 0, 0},
	    {"--rate 1e3", 1000, 0, 0},
	    {"--rate .5", 0.5, 0, 0},
	    {"--rate 1000M", 1e9, 0, 0},
	    {"--rate max", HUGE_VAL, 0, 0},
	    {"--duration 10", 0, 10000, 0},
	    {"--duration 250ms", 0, 250, 0},
	    {"--duration 1.5s", 0, 1500, 0},
	    {"--duration 10m", 0, 600000, 0},
	    {"--duration 2h", 0, 7200000, 0},
	    {"--duration 3d", 0, 259200000, 0},
	    {"--memory 16M", 0, 0, 16 << 20},
	    {"--memory 16777216", 0, 0, 16 << 20},
	    {"--memory 32768K", 0, 0, 32 << 20},
	    {"--memory 1.5G", 0, 0, INT64_C(3) << 29},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options o;
		struct err err = {0};

		if (parse(cases[i].line, &o, &err))
			fail_msg("weir %s: %s", cases[i].line, err.text);
		if (strncmp(cases[i].line, "--rate", 6) == 0)
			assert_true(o.per_s >= cases[i].per_s &&
				    o.per_s <= cases[i].per_s);
		if (cases[i].duration_ms)
			assert_int_equal(o.duration_ms, cases[i].duration_ms);
		if (cases[i].memory_bytes)
			assert_int_equal(o.memory_bytes, cases[i].memory_bytes);
		options_release(&o);
	}
}

static void
what_is_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"a b", "\"b\" is one word too many"},
	    {"interactions view", "\"view\" is one word too many"},
	    {"view", "needs the folder of a store"},
	    {"report", "needs the folder of a store"},
	    {"generate", "needs a pipeline"},
	    {"check", "needs a pipeline"},
	    {"--nonsense", "there is no option --nonsense"},
	    {"--rate", "the option --rate needs a value"},
	    {"-b", "the option -b needs a value"},
	    {"-b ''", "--brokers takes HOST:PORT"},
	    {"--rate fast", "--rate takes events a second"},
	    {"--rate -1", "--rate takes events a second"},
	    {"--rate 1x", "--rate takes events a second"},
	    {"--rate 1kk", "--rate takes events a second"},
	    {"--rate ''", "--rate takes events a second"},
	    {"--rate inf", "--rate takes events a second"},
	    {"--rate nan", "--rate takes events a second"},
	    {"--rate 0x10", "--rate takes events a second"},
	    {"--rate 1e400", "--rate takes events a second"},
	    {"--rate 1001M", "--rate takes events a second"},
	    {"--duration 0", "--duration takes a time"},
	    {"--duration 0.5ms", "--duration takes a time"},
	    {"--duration 1w", "--duration takes a time"},
	    {"--duration -1s", "--duration takes a time"},
	    /* As nanoseconds it must fit 64 bits. */
	    {"--duration 200000d", "--duration takes a time"},
	    {"--memory 15M", "--memory takes a size of at least 16M"},
	    {"--memory lots", "--memory takes a size of at least 16M"},
	    {"--memory 1e300", "--memory takes a size of at least 16M"},
	    {"--events 0", "--events takes a whole number"},
	    {"--events 1.5", "--events takes a whole number"},
	    {"--events -1", "--events takes a whole number"},
	    {"--events ''", "--events takes a whole number"},
	    {"--events 9223372036854775808", "--events takes a whole number"},
	    {"--seed x", "--seed takes a whole number"},
	    {"--seed 18446744073709551616", "--seed takes a whole number"},
	    {"--bad 1.1", "--bad takes a share"},
	    {"--bad -0.1", "--bad takes a share"},
	    {"--generators 0", "--generators takes a whole number"},
	    {"--generators 65", "--generators takes a whole number"},
	    {"-X nonsense", "is NAME=VALUE"},
	    {"-X =5", "is NAME=VALUE"},
	    {"-X no.such=1", "no setting \"no.such\""},
	    {"-X linger.ms=soon", "does not take this value"},
	    {"-F /no/such/file", "cannot read the settings"},
	    {"--store ''", "--store takes a folder"},
	    {"--no-generate", "--no-generate needs --brokers"},
	    {"-b x --no-generate --rate 5", "goes with none of"},
	    {"-b x --no-generate --events 5", "goes with none of"},
	    {"-b x --no-generate --seed 5", "goes with none of"},
	    {"-b x --no-generate --bad 0", "goes with none of"},
	    {"view x --rate 5", "--rate has no meaning for `weir view`"},
	    {"report x --ascii", "--ascii has no meaning for `weir report`"},
	    {"check x -b h", "--brokers has no meaning for `weir check`"},
	    {"generate x --store d", "--store has no meaning"},
	    {"--stdout", "--stdout has no meaning for `weir run`"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options o;
		struct err err = {0};

		if (parse(cases[i].line, &o, &err) == 0)
			fail_msg("weir %s: taken", cases[i].line);
		if (!strstr(err.text, cases[i].says))
			fail_msg("weir %s: says \"%s\"", cases[i].line,
				 err.text);
		options_release(&o);
	}
}

/* A value that may be a secret is never repeated. */
static void
values_of_settings_are_not_told(void **state)
{
	struct options o;
	struct err err = {0};

	(void)state;
	assert_int_equal(parse("-X security.protocol=hunter2", &o, &err),
			 WEIR_USAGE);
	assert_null(strstr(err.text, "hunter2"));
	options_release(&o);
}

static void
settings_from_a_file(void **state)
{
	static const char settings[] = "# a comment\n"
				       "\n"
				       "  linger.ms=7  \n"
				       "client.id=x # y\r\n"
				       "bootstrap.servers=one:1,two:2\n"
				       "acks=all";
	char path[] = "/tmp/weir-options-XXXXXX", line[64];
	struct options o;
	struct err err = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, settings, sizeof(settings) - 1),
			 sizeof(settings) - 1);
	snprintf(line, sizeof(line), "-F %s", path);
	if (parse(line, &o, &err))
		fail_msg("%s", err.text);
	/* Where the brokers are is not a setting among others. */
	assert_non_null(o.kafka.brokers);
	assert_string_equal(o.kafka.brokers, "one:1,two:2");
	assert_int_equal(o.kafka.properties_len, 3);
	assert_string_equal(o.kafka.properties[0].name, "linger.ms");
	assert_string_equal(o.kafka.properties[0].value, "7");
	assert_string_equal(o.kafka.properties[1].value, "x # y");
	assert_string_equal(o.kafka.properties[2].name, "acks");
	options_release(&o);
	assert_int_equal(write(fd, "\nnonsense\n", 10), 10);
	assert_int_equal(parse(line, &o, &err), WEIR_USAGE);
	assert_non_null(strstr(err.text, ":7: "));
	options_release(&o);
	close(fd);
	unlink(path);
}

static void
the_help_names_every_option(void **state)
{
	static const char *const names[] = {
	    "--brokers",  "--topic",  "--property",   "--config",
	    "--from-end", "--rate",   "--events",     "--duration",
	    "--seed",     "--bad",    "--generators", "--no-generate",
	    "--store",    "--fresh",  "--memory",     "--headless",
	    "--ascii",    "--stdout", "--help",       "--version"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_non_null(strstr(options_help(), names[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_given),
	    cmocka_unit_test(commands_and_operands),
	    cmocka_unit_test(every_option),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(values_of_settings_are_not_told),
	    cmocka_unit_test(settings_from_a_file),
	    cmocka_unit_test(the_help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
