#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "options.h"

#define MEMORY_DEFAULT (INT64_C(256) << 20)
#define MEMORY_MIN     (INT64_C(16) << 20)
#define GENERATORS_MAX 64

static const char help[] =
    "weir shows what goes through a Kafka topic: counted, checked, "
    "aggregated.\n"
    "\n"
    "  weir [run] [PIPELINE]     run it live in this terminal; PIPELINE is a "
    "name\n"
    "                            or a file (default: interactions)\n"
    "  weir view STORE           the dashboard on a store, also while another\n"
    "                            weir writes it; nothing is changed\n"
    "  weir generate PIPELINE    events alone: to a topic, or with --stdout "
    "one\n"
    "                            JSON object a line\n"
    "  weir check PIPELINE       validate a pipeline file\n"
    "  weir report STORE         what a store holds, as one JSON object\n"
    "\n"
    "The stream\n"
    "  -b, --brokers LIST        a Kafka cluster; without it, an embedded "
    "broker\n"
    "  -t, --topic NAME          another topic than the pipeline's\n"
    "  -X, --property K=V        a librdkafka setting; may be repeated\n"
    "  -F, --config FILE         librdkafka settings, one K=V a line\n"
    "      --from-end            begin a new store behind what is there "
    "already\n"
    "\n"
    "The generator\n"
    "      --rate N              events a second: 500, 20k, 1.5M or max "
    "(default: the\n"
    "                            pipeline's; max when headless with --events)\n"
    "      --events N            stop after so many\n"
    "      --duration D          stop after 90s, 10m, 2h\n"
    "      --seed S              the same events each time, times included\n"
    "      --bad SHARE           damage this share of events, 0 to 1\n"
    "      --generators N        threads that write events (default: 1)\n"
    "      --no-generate         only watch\n"
    "\n"
    "The store\n"
    "      --store DIR           keep aggregates there, and go on from them\n"
    "      --fresh               begin anew; the old store is kept as "
    "DIR.last\n"
    "      --memory SIZE         bound on buffers: 64M, 1G (default: 256M)\n"
    "\n"
    "The screen\n"
    "      --headless            no terminal: progress on stderr, one JSON "
    "report\n"
    "                            on stdout at the end\n"
    "      --ascii               no characters beyond ASCII\n"
    "\n"
    "      --help, --version\n"
    "\n"
    "Exit codes: 0 done; 1 failed while running; 2 wrong usage or pipeline;\n"
    "3 the ledger does not balance.\n";

enum {
	OPT_RATE = 256,
	OPT_EVENTS,
	OPT_DURATION,
	OPT_SEED,
	OPT_BAD,
	OPT_GENERATORS,
	OPT_NO_GENERATE,
	OPT_STORE,
	OPT_FRESH,
	OPT_FROM_END,
	OPT_MEMORY,
	OPT_HEADLESS,
	OPT_STDOUT,
	OPT_ASCII,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
    {"brokers", required_argument, NULL, 'b'},
    {"topic", required_argument, NULL, 't'},
    {"property", required_argument, NULL, 'X'},
    {"config", required_argument, NULL, 'F'},
    {"rate", required_argument, NULL, OPT_RATE},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"duration", required_argument, NULL, OPT_DURATION},
    {"seed", required_argument, NULL, OPT_SEED},
    {"bad", required_argument, NULL, OPT_BAD},
    {"generators", required_argument, NULL, OPT_GENERATORS},
    {"no-generate", no_argument, NULL, OPT_NO_GENERATE},
    {"store", required_argument, NULL, OPT_STORE},
    {"fresh", no_argument, NULL, OPT_FRESH},
    {"from-end", no_argument, NULL, OPT_FROM_END},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"headless", no_argument, NULL, OPT_HEADLESS},
    {"stdout", no_argument, NULL, OPT_STDOUT},
    {"ascii", no_argument, NULL, OPT_ASCII},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

/* Which commands an option has a meaning for. */
#define ON(command) (1u << (command))
static const struct {
	int option;
	unsigned commands;
} meant_for[] = {
    {'b', ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {'t', ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {'X', ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {'F', ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_RATE, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_EVENTS, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_DURATION, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_SEED, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_BAD, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_GENERATORS, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_NO_GENERATE, ON(COMMAND_RUN)},
    {OPT_STORE, ON(COMMAND_RUN)},
    {OPT_FRESH, ON(COMMAND_RUN)},
    {OPT_FROM_END, ON(COMMAND_RUN)},
    {OPT_MEMORY, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_HEADLESS, ON(COMMAND_RUN)},
    {OPT_STDOUT, ON(COMMAND_GENERATE)},
    {OPT_ASCII, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
};

static const struct {
	const char *name;
	enum command command;
	bool operand; /* it needs one */
} commands[] = {
    {"run", COMMAND_RUN, false},          {"view", COMMAND_VIEW, true},
    {"generate", COMMAND_GENERATE, true}, {"check", COMMAND_CHECK, true},
    {"report", COMMAND_REPORT, true},     {"help", COMMAND_HELP, false},
};

const char *
options_help(void)
{
	return help;
}

void
options_release(struct options *options)
{
	kafka_settings_release(&options->kafka);
}

/* A number and what stands behind it; false when there is no number. */
static bool
number(const char *text, double *value, const char **rest)
{
	char *end;

	/* strtod() would also take "inf", "nan" and "0x10". */
	if (strspn(text, "0123456789.") == 0)
		return false;
	errno = 0;
	*value = strtod(text, &end);
	*rest = end;
	return end != text && errno == 0 && isfinite(*value) &&
	       strspn(text, "0123456789.eE+-") >= (size_t)(end - text);
}

static int
parse_rate(const char *text, double *per_s, struct err *err)
{
	const char *rest;

	if (strcmp(text, "max") == 0) {
		*per_s = INFINITY;
		return 0;
	}
	if (number(text, per_s, &rest)) {
		if (strcmp(rest, "k") == 0 || strcmp(rest, "K") == 0)
			*per_s *= 1e3;
		else if (strcmp(rest, "M") == 0)
			*per_s *= 1e6;
		else if (*rest)
			*per_s = -1;
		if (*per_s >= 0 && *per_s <= 1e9)
			return 0;
	}
	return err_set(err, WEIR_USAGE, 0,
		       "--rate takes events a second, as 500, 20k, 1.5M or "
		       "max, not \"%s\"",
		       text);
}

static int
parse_duration(const char *text, int64_t *ms, struct err *err)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"ms", 1},  {"", 1e3},    {"s", 1e3},
		     {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
	const char *rest;
	double value;

	if (number(text, &value, &rest))
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strcmp(rest, units[i].unit) == 0 &&
			    value * units[i].ms >= 1 &&
			    value * units[i].ms < 1e12) {
				*ms = (int64_t)(value * units[i].ms);
				return 0;
			}
	return err_set(err, WEIR_USAGE, 0,
		       "--duration takes a time, as 90s, 10m or 2h, not "
		       "\"%s\"",
		       text);
}

static int
parse_memory(const char *text, int64_t *bytes, struct err *err)
{
	static const struct {
		const char *unit;
		double bytes;
	} units[] = {{"", 1}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}};
	const char *rest;
	double value;

	if (number(text, &value, &rest))
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strcmp(rest, units[i].unit) == 0 &&
			    value * units[i].bytes >= (double)MEMORY_MIN &&
			    value * units[i].bytes < 1e15) {
				*bytes = (int64_t)(value * units[i].bytes);
				return 0;
			}
	return err_set(err, WEIR_USAGE, 0,
		       "--memory takes a size of at least 16M, as 64M or 1G, "
		       "not \"%s\"",
		       text);
}

static int
parse_count(const char *option, const char *text, uint64_t least, uint64_t most,
	    uint64_t *count, struct err *err)
{
	unsigned long long value;
	const char *end;
	char *rest;

	errno = 0;
	value = strtoull(text, &rest, 10);
	end = rest;
	if ((strcmp(end, "k") == 0 || strcmp(end, "M") == 0) &&
	    value <= UINT64_MAX / 1000000) {
		value *= *end == 'k' ? 1000 : 1000000;
		end = "";
	}
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    value >= least && value <= most) {
		*count = value;
		return 0;
	}
	return err_set(
	    err, WEIR_USAGE, 0,
	    "%s takes a whole number of at least %llu, as 500, 20k or "
	    "3M, not \"%s\"",
	    option, (unsigned long long)least, text);
}

static int
parse_share(const char *text, double *share, struct err *err)
{
	const char *rest;

	if (number(text, share, &rest) && *rest == '\0' && *share <= 1)
		return 0;
	return err_set(err, WEIR_USAGE, 0,
		       "--bad takes a share from 0 to 1, not \"%s\"", text);
}

static int
parse_one(int option, const char *value, struct options *o, struct err *err)
{
	uint64_t count;
	int rc = 0;

	switch (option) {
	case 'b':
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--brokers takes HOST:PORT[,...]");
		free(o->kafka.brokers);
		o->kafka.brokers = xstrdup(value);
		break;
	case 't':
		o->topic = value;
		break;
	case 'X':
		rc = kafka_settings_add(&o->kafka, value, err);
		break;
	case 'F':
		rc = kafka_settings_file(&o->kafka, value, err);
		break;
	case OPT_RATE:
		rc = parse_rate(value, &o->per_s, err);
		break;
	case OPT_EVENTS:
		rc = parse_count("--events", value, 1, INT64_MAX, &o->events,
				 err);
		break;
	case OPT_DURATION:
		rc = parse_duration(value, &o->duration_ms, err);
		break;
	case OPT_SEED:
		o->seeded = true;
		rc = parse_count("--seed", value, 0, UINT64_MAX, &o->seed, err);
		break;
	case OPT_BAD:
		rc = parse_share(value, &o->bad_share, err);
		break;
	case OPT_GENERATORS:
		rc = parse_count("--generators", value, 1, GENERATORS_MAX,
				 &count, err);
		if (rc == 0)
			o->generators = (unsigned)count;
		break;
	case OPT_NO_GENERATE:
		o->no_generate = true;
		break;
	case OPT_STORE:
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--store takes a folder");
		o->store = value;
		break;
	case OPT_FRESH:
		o->fresh = true;
		break;
	case OPT_FROM_END:
		o->from_end = true;
		break;
	case OPT_MEMORY:
		rc = parse_memory(value, &o->memory_bytes, err);
		break;
	case OPT_HEADLESS:
		o->headless = true;
		break;
	case OPT_STDOUT:
		o->to_stdout = true;
		break;
	case OPT_ASCII:
		o->ascii = true;
		break;
	case OPT_HELP:
		o->command = COMMAND_HELP;
		break;
	case OPT_VERSION:
		o->command = COMMAND_VERSION;
		break;
	default:
		break;
	}
	return rc;
}

static int
check_meaning(const struct options *o, const int *given, unsigned given_len,
	      const char *name, struct err *err)
{
	for (unsigned i = 0; i < given_len; i++) {
		for (size_t j = 0; j < sizeof(meant_for) / sizeof(*meant_for);
		     j++) {
			const struct option *opt = longs;

			if (meant_for[j].option != given[i] ||
			    meant_for[j].commands & ON(o->command))
				continue;
			while (opt->val != given[i])
				opt++;
			return err_set(err, WEIR_USAGE, 0,
				       "--%s has no meaning for `weir %s`",
				       opt->name, name);
		}
	}
	if (o->no_generate && !o->kafka.brokers)
		return err_set(err, WEIR_USAGE, 0,
			       "--no-generate needs --brokers: nobody else "
			       "writes to an embedded broker before it runs");
	if (o->no_generate &&
	    (o->per_s >= 0 || o->events || o->seeded || o->bad_share >= 0))
		return err_set(err, WEIR_USAGE, 0,
			       "--no-generate goes with none of --rate, "
			       "--events, --seed and --bad");
	return 0;
}

int
options_parse(int argc, char **argv, struct options *o, struct err *err)
{
	const char *name = "run";
	bool needs_operand = false;
	int given[64], option, operands = 0, command = -1;
	unsigned given_len = 0;

	memset(o, 0, sizeof(*o));
	o->per_s = o->bad_share = -1;
	o->generators = 1;
	o->memory_bytes = MEMORY_DEFAULT;
	opterr = 0;
	optind = 1;
	/* "-" at the front: operands come in their place, as 1. */
	while ((option = getopt_long(argc, argv, "-:b:t:X:F:", longs, NULL)) !=
	       -1) {
		const char *word = argv[optind - 1];
		int rc;

		if (option == '?' && optopt && optopt < OPT_RATE)
			return err_set(err, WEIR_USAGE, 0,
				       "there is no option -%c; see `weir "
				       "--help`",
				       optopt);
		if (option == '?' && optopt)
			return err_set(err, WEIR_USAGE, 0,
				       "the option %s takes no value", word);
		if (option == '?')
			return err_set(err, WEIR_USAGE, 0,
				       "there is no option %s; see `weir "
				       "--help`",
				       word);
		if (option == ':')
			return err_set(err, WEIR_USAGE, 0,
				       "the option %s needs a value", word);
		if (option == 1) {
			bool is_command = false;

			for (size_t i = 0;
			     operands == 0 && command < 0 &&
			     i < sizeof(commands) / sizeof(*commands);
			     i++) {
				if (strcmp(optarg, commands[i].name) != 0)
					continue;
				is_command = true;
				command = (int)commands[i].command;
				name = commands[i].name;
				needs_operand = commands[i].operand;
			}
			if (is_command)
				continue;
			if (operands++ > 0)
				return err_set(err, WEIR_USAGE, 0,
					       "\"%s\" is one word too many; "
					       "see `weir --help`",
					       optarg);
			o->operand = optarg;
			continue;
		}
		rc = parse_one(option, optarg, o, err);
		if (rc)
			return rc;
		if (o->command == COMMAND_HELP || o->command == COMMAND_VERSION)
			return 0;
		if (given_len < sizeof(given) / sizeof(*given))
			given[given_len++] = option;
	}
	if (optind < argc && !o->operand)
		o->operand = argv[optind++];
	if (optind < argc)
		return err_set(err, WEIR_USAGE, 0,
			       "\"%s\" is one word too many; see `weir --help`",
			       argv[optind]);
	o->command = command < 0 ? COMMAND_RUN : (enum command)command;
	if (o->command == COMMAND_HELP)
		return 0;
	if (needs_operand && !o->operand)
		return err_set(err, WEIR_USAGE, 0,
			       "`weir %s` needs %s; see `weir --help`", name,
			       o->command == COMMAND_VIEW ||
				       o->command == COMMAND_REPORT
				   ? "the folder of a store"
				   : "a pipeline");
	return check_meaning(o, given, given_len, name, err);
}
