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

#define WORDS_MAX 14

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
	assert_false(o.seeded || o.no_generate || o.fresh || o.headless ||
		     o.to_stdout || o.theme || o.glyphs || o.mouse);
	assert_int_equal(o.from.kind, FROM_BEGINNING);
	assert_null(o.group);
	assert_null(o.dead_letters);
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
	    {"record", COMMAND_RUN, NULL},
	    {"record interactions", COMMAND_RUN, "interactions"},
	    {"run record", COMMAND_RUN, "record"},
	    {"replay bug.weir", COMMAND_REPLAY, "bug.weir"},
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
several_stores(void **state)
{
	static const char *const lines[] = {
	    "view a --ascii b c", "report a b c", "--ascii view a -- b c"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct options o;
		struct err err = {0};

		if (parse(lines[i], &o, &err))
			fail_msg("weir %s: %s", lines[i], err.text);
		assert_int_equal(o.stores_len, 3);
		assert_string_equal(o.operand, "a");
		assert_string_equal(o.stores[0], "a");
		assert_string_equal(o.stores[1], "b");
		assert_string_equal(o.stores[2], "c");
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
	assert_true(o.fresh && o.headless && !o.mouse);
	assert_string_equal(o.glyphs, "ascii");
	options_release(&o);
	assert_int_equal(parse("--brokers=h:1 --topic=t --no-generate "
			       "--from end -X linger.ms=5 -Xclient.id=a=b",
			       &o, &err),
			 0);
	assert_true(o.no_generate && o.from.kind == FROM_END);
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
snapshots(void **state)
{
	struct options o;
	struct err err;

	(void)state;
	assert_int_equal(parse("", &o, &err), 0);
	assert_null(o.snapshot);
	assert_int_equal(o.snapshots.keep, 1000);
	assert_int_equal(o.snapshots.keep_for_ms, 0);
	options_release(&o);
	assert_int_equal(parse("--snapshot f.db", &o, &err), 0);
	assert_string_equal(o.snapshot, "f.db");
	assert_int_equal(o.snapshot_every_ms, 60000);
	options_release(&o);
	assert_int_equal(parse("--snapshot f.db --snapshot-every 5m "
			       "--snapshot-keep 7 --snapshot-keep-for 2d",
			       &o, &err),
			 0);
	assert_int_equal(o.snapshot_every_ms, 300000);
	assert_int_equal(o.snapshots.keep, 7);
	assert_int_equal(o.snapshots.keep_for_ms, 172800000);
	options_release(&o);
	assert_int_equal(parse("view dir --snapshot f.db --no-bell "
			       "--notify-terminal",
			       &o, &err),
			 0);
	assert_string_equal(o.snapshot, "f.db");
	assert_true(o.no_bell && o.notify_terminal);
	options_release(&o);
	assert_int_equal(parse("snapshot dir f.db --snapshot-keep 2", &o, &err),
			 0);
	assert_int_equal(o.command, COMMAND_SNAPSHOT);
	assert_string_equal(o.stores[0], "dir");
	assert_string_equal(o.stores[1], "f.db");
	assert_int_equal(o.snapshots.keep, 2);
	options_release(&o);
	assert_int_equal(parse("export dir users", &o, &err), 0);
	assert_int_equal(o.command, COMMAND_EXPORT);
	assert_string_equal(o.stores[1], "users");
	assert_int_equal(o.format, EXPORT_CSV);
	options_release(&o);
	assert_int_equal(parse("export dir users --format json", &o, &err), 0);
	assert_int_equal(o.format, EXPORT_JSON);
	options_release(&o);
}

static void
recordings(void **state)
{
	struct options o;
	struct err err = {0};

	(void)state;
	assert_int_equal(parse("", &o, &err), 0);
	assert_null(o.script);
	assert_null(o.record);
	assert_null(o.bundle);
	assert_false(o.record_keys || o.realtime || o.headless);
	assert_int_equal(o.asciicast, 2);
	assert_int_equal(o.cols, 120);
	assert_int_equal(o.rows, 40);
	options_release(&o);
	/* In a terminal. */
	assert_int_equal(parse("x --script s --record r --record-keys "
			       "--asciicast 3",
			       &o, &err),
			 0);
	assert_string_equal(o.operand, "x");
	assert_string_equal(o.script, "s");
	assert_string_equal(o.record, "r");
	assert_true(o.record_keys && !o.headless);
	assert_int_equal(o.asciicast, 3);
	options_release(&o);
	/* Without one. */
	assert_int_equal(parse("record x --script s --bundle b --size 80x24 "
			       "--seed 5",
			       &o, &err),
			 0);
	assert_int_equal(o.command, COMMAND_RUN);
	assert_true(o.headless);
	assert_string_equal(o.operand, "x");
	assert_string_equal(o.bundle, "b");
	assert_int_equal(o.cols, 80);
	assert_int_equal(o.rows, 24);
	options_release(&o);
	assert_int_equal(parse("replay b --record r", &o, &err), 0);
	assert_int_equal(o.command, COMMAND_REPLAY);
	assert_string_equal(o.operand, "b");
	assert_string_equal(o.record, "r");
	options_release(&o);
}

/* What goes with what. */
static void
recordings_that_end(void **state)
{
	static const char *const lines[] = {
	    "record",
	    "record --script s",
	    "run --headless --script s",
	    "record --record r --duration 5s",
	    "record --record r --events 5",
	    "record --script s --size 1x1",
	    "record --script s --size 1024x512",
	    "record --script s --realtime",
	    "record --script s --realtime --brokers b:1",
	    "record --script s --realtime --generators 4",
	    "record --script s --snapshot f --record-keys --asciicast 3",
	    "record --script s --bundle b --record r --rate 5 --bad 0.1 "
	    "--events 9",
	    "run x --headless --script s --bundle b --seed 1 --size 80x24 "
	    "--ascii",
	    "record --script s --bundle b --theme light --glyphs blocks",
	    "--script s --brokers b:1 --no-generate",
	    "--record r --generators 4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct options o;
		struct err err = {0};

		if (parse(lines[i], &o, &err))
			fail_msg("weir %s: %s", lines[i], err.text);
		options_release(&o);
	}
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
	    {"snapshot", "needs the folder of a store"},
	    {"snapshot dir", "takes a store and a file"},
	    {"snapshot a b c", "takes a store and a file"},
	    {"export dir", "takes a store and a table"},
	    {"export dir ''", "takes a store and a table"},
	    {"export dir t --format xml", "--format takes csv or json"},
	    {"view dir -t topic", "--topic has no meaning"},
	    {"view dir --format csv", "--format has no meaning"},
	    {"snapshot dir f --snapshot g", "--snapshot has no meaning"},
	    {"view dir --snapshot-every 5s", "--snapshot-every has no"},
	    {"report dir --no-bell", "--no-bell has no meaning"},
	    {"--snapshot ''", "--snapshot takes a file"},
	    {"--snapshot f --snapshot-every 0",
	     "--snapshot-every takes a time"},
	    {"--snapshot f --snapshot-keep 0", "--snapshot-keep takes"},
	    {"--snapshot f --snapshot-keep-for x",
	     "--snapshot-keep-for takes a time"},
	    {"--snapshot-every 5s", "need --snapshot FILE"},
	    {"--snapshot-keep 5", "need --snapshot FILE"},
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
	    {"replay", "`weir replay` needs a bundle"},
	    {"record a b", "\"b\" is one word too many"},
	    {"record --script", "the option --script needs a value"},
	    {"--asciicast 1", "--asciicast takes"},
	    {"--asciicast 4", "--asciicast takes"},
	    {"--asciicast v3", "--asciicast takes"},
	    {"record --script s --size 80", "--size takes COLSxROWS"},
	    {"record --script s --size 80x", "--size takes COLSxROWS"},
	    {"record --script s --size x24", "--size takes COLSxROWS"},
	    {"record --script s --size 0x24", "--size takes COLSxROWS"},
	    {"record --script s --size 80x0", "--size takes COLSxROWS"},
	    {"record --script s --size 1025x24", "--size takes COLSxROWS"},
	    {"record --script s --size 80x513", "--size takes COLSxROWS"},
	    {"record --script s --size 80x24x1", "--size takes COLSxROWS"},
	    {"record --script s --size 80X24", "--size takes COLSxROWS"},
	    {"record --script s --size -80x24", "--size takes COLSxROWS"},
	    {"record --script s --size 00080x24", "--size takes COLSxROWS"},
	    {"record --script s --size ''", "--size takes COLSxROWS"},
	    /* These are for a run without a terminal, */
	    {"--size 80x24", "without a terminal: `weir record`"},
	    {"--script s --realtime", "without a terminal: `weir record`"},
	    {"--script s --bundle b", "without a terminal: `weir record`"},
	    /* which is played or recorded, */
	    {"record --size 80x24", "need --script or --record"},
	    {"--headless --realtime", "need --script or --record"},
	    {"--headless --bundle b", "need --script or --record"},
	    /* and ends. */
	    {"record --record r", "give one"},
	    {"record --record r --realtime", "give one"},
	    {"record --script s --brokers b:1", "virtual time takes"},
	    {"record --script s --generators 2", "virtual time takes"},
	    /* What a replay would not have. */
	    {"record --record r --events 5 --bundle b",
	     "--bundle needs --script"},
	    {"record --script s --bundle b --realtime",
	     "--realtime does not go"},
	    {"record --script s --bundle b --duration 5s",
	     "--duration does not go"},
	    {"record --script s --bundle b --snapshot f",
	     "--snapshot does not go"},
	    {"record --script s --bundle b --store d", "--store does not go"},
	    {"record --script s --bundle b --dead-letters t",
	     "--dead-letters does not go"},
	    {"record --script s --bundle b --record-keys",
	     "--record-keys does not go"},
	    {"record --script s --bundle b --asciicast 3",
	     "--asciicast does not go"},
	    {"record --script s --bundle b --topic t", "--topic does not go"},
	    {"record --script s --bundle b --memory 64M",
	     "--memory does not go"},
	    {"record --script s --bundle b --notify", "--notify does not go"},
	    {"record --script s --bundle b --on-alert x",
	     "--on-alert does not go"},
	    {"record --script s --bundle b --alerts-topic t",
	     "--alerts-topic does not go"},
	    {"record --script s --bundle b --no-bell", "--no-bell does not go"},
	    {"record --script s --bundle b --property linger.ms=5",
	     "--property does not go"},
	    {"view d --script s", "--script has no meaning for `weir view`"},
	    {"view d --record r", "--record has no meaning for `weir view`"},
	    {"replay b --script s", "--script has no meaning"},
	    {"replay b --record-keys", "--record-keys has no meaning"},
	    {"replay b --asciicast 3", "--asciicast has no meaning"},
	    {"replay b --size 80x24", "--size has no meaning"},
	    {"replay b --realtime", "--realtime has no meaning"},
	    {"replay b --bundle c", "--bundle has no meaning"},
	    {"replay b --seed 1", "--seed has no meaning"},
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

/* ---- Settings of Kafka: files, the environment, secrets ---- */

/* A file in /tmp of this text; its path goes to path[32]. */
static void
make_file(char *path, const char *text, size_t size)
{
	int fd;

	strcpy(path, "/tmp/weir-options-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
}

static const char *
value_of(const struct options *o, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < o->kafka.properties_len; i++)
		if (strcmp(o->kafka.properties[i].name, name) == 0)
			value = o->kafka.properties[i].value;
	return value;
}

static void
values_from_files(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *value, *says;
	} cases[] = {
	    {"hunter2\n", 8, "hunter2", NULL},
	    {"hunter2", 7, "hunter2", NULL},
	    {"hunter2\r\n", 9, "hunter2", NULL},
	    /* One newline only; spaces count. */
	    {" a b \n\n", 7, " a b \n", NULL},
	    {"", 0, "", NULL},
	    {"hunter2\0", 8, NULL,
	     "given for \"sasl.password\": it is not "
	     "text"},
	};
	char path[32], settings[32], line[128];
	struct options o;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make_file(path, cases[i].text, cases[i].size);
		snprintf(line, sizeof(line), "-X sasl.password=@%s", path);
		if (cases[i].value) {
			assert_int_equal(parse(line, &o, &err), 0);
			assert_string_equal(value_of(&o, "sasl.password"),
					    cases[i].value);
		} else {
			assert_int_equal(parse(line, &o, &err), WEIR_USAGE);
			assert_non_null(strstr(err.text, cases[i].says));
			assert_null(strstr(err.text, "hunter2"));
		}
		options_release(&o);
		unlink(path);
	}
	assert_int_equal(
	    parse("-X sasl.password=@@x -X client.id=a@b", &o, &err), 0);
	assert_string_equal(value_of(&o, "sasl.password"), "@x");
	assert_string_equal(value_of(&o, "client.id"), "a@b");
	options_release(&o);
	/* What looks like a path may be a password. */
	assert_int_equal(parse("-X sasl.password=@hunter2", &o, &err),
			 WEIR_USAGE);
	assert_non_null(strstr(err.text, "No such file"));
	assert_non_null(strstr(err.text, "written @@"));
	assert_null(strstr(err.text, "hunter2"));
	options_release(&o);
	assert_int_equal(parse("-X sasl.password=@/tmp", &o, &err), WEIR_USAGE);
	options_release(&o);
	/* The same in a file of settings. */
	make_file(path, "hunter3\n", 8);
	snprintf(line, sizeof(line), "sasl.password=@%s\nclient.id=@@y\n",
		 path);
	make_file(settings, line, strlen(line));
	snprintf(line, sizeof(line), "-F %s", settings);
	assert_int_equal(parse(line, &o, &err), 0);
	assert_string_equal(value_of(&o, "sasl.password"), "hunter3");
	assert_string_equal(value_of(&o, "client.id"), "@y");
	options_release(&o);
	unlink(path);
	assert_int_equal(parse(line, &o, &err), WEIR_USAGE);
	assert_non_null(strstr(err.text, ":1: cannot read the file"));
	options_release(&o);
	unlink(settings);
}

static void
the_environment(void **state)
{
	char path[32], line[128];
	struct options o;
	struct err err = {0};

	(void)state;
	setenv("WEIR_KAFKA_SASL_PASSWORD", "one=1", 1);
	setenv("WEIR_KAFKA_CLIENT_ID", "environment", 1);
	setenv("WEIR_KAFKA_LINGER_MS", "3", 1);
	/* It is about a cluster, and there is none. */
	assert_int_equal(parse("", &o, &err), 0);
	assert_int_equal(o.kafka.properties_len, 0);
	options_release(&o);
	assert_int_equal(parse("-b h:1", &o, &err), 0);
	assert_string_equal(value_of(&o, "sasl.password"), "one=1");
	assert_string_equal(value_of(&o, "client.id"), "environment");
	options_release(&o);
	/* Environment, then -F, then -X, in whatever order they stand. */
	make_file(path, "client.id=file\nlinger.ms=4\n", 27);
	snprintf(line, sizeof(line), "-X client.id=option -F %s -b h:1", path);
	assert_int_equal(parse(line, &o, &err), 0);
	assert_string_equal(value_of(&o, "sasl.password"), "one=1");
	assert_string_equal(value_of(&o, "linger.ms"), "4");
	assert_string_equal(value_of(&o, "client.id"), "option");
	options_release(&o);
	unlink(path);
	/* Where the cluster is. */
	setenv("WEIR_KAFKA_BOOTSTRAP_SERVERS", "env:1", 1);
	assert_int_equal(parse("--no-generate", &o, &err), 0);
	assert_string_equal(o.kafka.brokers, "env:1");
	assert_string_equal(value_of(&o, "client.id"), "environment");
	options_release(&o);
	make_file(path, "bootstrap.servers=file:1\n", 25);
	snprintf(line, sizeof(line), "-F %s", path);
	assert_int_equal(parse(line, &o, &err), 0);
	assert_string_equal(o.kafka.brokers, "file:1");
	options_release(&o);
	snprintf(line, sizeof(line), "-b option:1 -F %s", path);
	assert_int_equal(parse(line, &o, &err), 0);
	assert_string_equal(o.kafka.brokers, "option:1");
	options_release(&o);
	unlink(path);
	/* An underscore of the name is two. */
	setenv("WEIR_KAFKA_SSL__KEY", "hunter2", 1);
	assert_int_equal(parse("", &o, &err), WEIR_USAGE);
	assert_non_null(strstr(err.text, "\"ssl_key\""));
	options_release(&o);
	unsetenv("WEIR_KAFKA_SSL__KEY");
	setenv("WEIR_KAFKA_SASL_PASWORD", "hunter2", 1);
	assert_int_equal(parse("", &o, &err), WEIR_USAGE);
	assert_string_equal(err.text,
			    "WEIR_KAFKA_SASL_PASWORD in the environment: "
			    "librdkafka has no setting \"sasl.pasword\"; did "
			    "you mean \"sasl.password\"?");
	options_release(&o);
	/* Only who goes to a cluster asks. */
	assert_int_equal(parse("check x", &o, &err), 0);
	options_release(&o);
	assert_int_equal(parse("generate x --stdout", &o, &err), 0);
	options_release(&o);
	unsetenv("WEIR_KAFKA_SASL_PASWORD");
	setenv("WEIR_KAFKA_LINGER_MS", "hunter2", 1);
	assert_int_equal(parse("", &o, &err), WEIR_USAGE);
	assert_null(strstr(err.text, "hunter2"));
	options_release(&o);
	setenv("WEIR_KAFKA_LINGER_MS", "3", 1);
	setenv("WEIR_KAFKA_BOOTSTRAP_SERVERS", "", 1);
	assert_int_equal(parse("", &o, &err), WEIR_USAGE);
	assert_non_null(strstr(err.text, "takes HOST:PORT"));
	options_release(&o);
	unsetenv("WEIR_KAFKA_BOOTSTRAP_SERVERS");
	unsetenv("WEIR_KAFKA_SASL_PASSWORD");
	unsetenv("WEIR_KAFKA_CLIENT_ID");
	unsetenv("WEIR_KAFKA_LINGER_MS");
}

static void
secrets_leave_the_command_line(void **state)
{
	char words[][64] = {"weir",
			    "-b",
			    "h:1",
			    "-X",
			    "sasl.password=hunter2",
			    "-Xssl.key.password=hunter2",
			    "--property=ssl.keystore.password=hunter2",
			    "--prop",
			    "sasl.oauthbearer.config=hunter2",
			    "-X",
			    "client.id=me",
			    "-X",
			    "sasl.password=@/no/hunter2"};
	char *argv[sizeof(words) / sizeof(*words) + 1] = {NULL};
	int argc = (int)(sizeof(words) / sizeof(*words));
	struct options o;
	struct err err;

	(void)state;
	for (int i = 0; i < argc; i++)
		argv[i] = words[i];
	/* All but the last, which is refused. */
	assert_int_equal(options_parse(argc - 2, argv, &o, &err), 0);
	assert_string_equal(value_of(&o, "sasl.password"), "hunter2");
	assert_string_equal(value_of(&o, "sasl.oauthbearer.config"), "hunter2");
	options_release(&o);
	assert_string_equal(argv[4], "sasl.password=xxxxxxx");
	assert_string_equal(argv[10], "client.id=me");
	assert_int_equal(options_parse(argc, argv, &o, &err), WEIR_USAGE);
	options_release(&o);
	for (int i = 0; i < argc; i++)
		assert_null(strstr(argv[i], "hunter2"));
}

static void
alerts(void **state)
{
	static const char *const wrong[] = {
	    "--on-alert ''",
	    "--alerts-topic ''",
	    "--test",
	    "alerts",
	    "alerts --test",
	    "alerts --test x",
	    "alerts x y",
	    "alerts --test x y z",
	    "report --notify x",
	    "view --on-alert x y",
	};
	struct options o;
	struct err err;

	(void)state;
	assert_int_equal(
	    parse("--notify --on-alert x --alerts-topic y", &o, &err), 0);
	assert_true(o.notify);
	assert_string_equal(o.on_alert, "x");
	assert_string_equal(o.alerts_topic, "y");
	options_release(&o);
	assert_int_equal(parse("alerts --test p.json dir", &o, &err), 0);
	assert_int_equal(o.command, COMMAND_ALERTS);
	assert_string_equal(o.stores[0], "p.json");
	assert_string_equal(o.stores[1], "dir");
	options_release(&o);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(parse(wrong[i], &o, &err), WEIR_USAGE);
		options_release(&o);
	}
}

static void
the_help_names_every_option(void **state)
{
	static const char *const names[] = {
	    "--brokers",       "--topic",
	    "--property",      "--config",
	    "--from",          "--rate",
	    "--events",        "--duration",
	    "--group",         "--dead-letters",
	    "--seed",          "--bad",
	    "--generators",    "--no-generate",
	    "--store",         "--fresh",
	    "--memory",        "--headless",
	    "--ascii",         "--stdout",
	    "--help",          "--version",
	    "--snapshot",      "--snapshot-every",
	    "--snapshot-keep", "--snapshot-keep-for",
	    "--format",        "--notify",
	    "--on-alert",      "--alerts-topic",
	    "--test",          "--script",
	    "--record",        "--record-keys",
	    "--asciicast",     "--size",
	    "--realtime",      "--bundle",
	    "weir record",     "weir replay"};

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
	    cmocka_unit_test(several_stores),
	    cmocka_unit_test(every_option),
	    cmocka_unit_test(snapshots),
	    cmocka_unit_test(alerts),
	    cmocka_unit_test(recordings),
	    cmocka_unit_test(recordings_that_end),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(values_of_settings_are_not_told),
	    cmocka_unit_test(settings_from_a_file),
	    cmocka_unit_test(values_from_files),
	    cmocka_unit_test(the_environment),
	    cmocka_unit_test(secrets_leave_the_command_line),
	    cmocka_unit_test(the_help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
