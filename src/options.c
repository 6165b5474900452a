#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "bundle.h"
#include "options.h"
#include "settings.h"

#define MEMORY_DEFAULT (INT64_C(256) << 20)
#define MEMORY_MIN     (INT64_C(16) << 20)
#define GENERATORS_MAX 64
#define COLS_DEFAULT   120
#define ROWS_DEFAULT   40
#define EVERY_DEFAULT  60000 /* ms between snapshots */

static const char help[] =
    "weir shows what goes through a Kafka topic: counted, checked, "
    "aggregated.\n"
    "\n"
    "  weir [run] [PIPELINE]     run it live in this terminal; PIPELINE is a "
    "name\n"
    "                            or a file (default: interactions)\n"
    "  weir view STORE...        the dashboard on a store, also while another\n"
    "                            weir writes it; nothing is changed. Several "
    "stores\n"
    "                            of one topic are shown as if they were one\n"
    "  weir generate PIPELINE    events alone: to a topic, or with --stdout "
    "one\n"
    "                            JSON object a line\n"
    "  weir check PIPELINE       validate a pipeline file\n"
    "  weir report STORE...      what one store or several hold, as one JSON "
    "object\n"
    "  weir snapshot STORE FILE  add what a store holds to an SQLite file\n"
    "  weir export STORE TABLE   all rows of a table, as CSV or JSON; STORE "
    "may "
    "be an\n"
    "                            SQLite file of snapshots\n"
    "  weir record [PIPELINE]    the same as run --headless, for --script and "
    "--record\n"
    "  weir replay BUNDLE        run again what --bundle wrote, and compare\n"
    "  weir alerts --test PIPELINE STORE\n"
    "                            when the alerts of a pipeline file would have "
    "fired\n"
    "                            by what a store holds\n"
    "\n"
    "The stream\n"
    "  -b, --brokers LIST        a Kafka cluster; without it, an embedded "
    "broker\n"
    "  -t, --topic NAME          another topic than the pipeline's; several: "
    "A,B,C\n"
    "                            or a regular expression: ^orders-.*\n"
    "  -X, --property K=V        a librdkafka setting; may be repeated; "
    "K=@FILE: V is\n"
    "                            what stands in FILE\n"
    "  -F, --config FILE         librdkafka settings, one K=V a line\n"
    "                            (either also as WEIR_KAFKA_SASL_PASSWORD=V, "
    "say)\n"
    "      --from WHERE          where a new store begins: beginning, end, a "
    "time\n"
    "                            (2026-11-21T08:00, 15m ago as -15m) or "
    "offsets\n"
    "                            (0:1500,1:1720)\n"
    "      --group NAME          share the partitions with the other members "
    "of a\n"
    "                            consumer group; watches only\n"
    "      --dead-letters TOPIC  write events that break the rules there\n"
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
    "Snapshots\n"
    "      --snapshot FILE       add one to an SQLite file every minute, and "
    "at "
    "the end;\n"
    "                            weir view: step through those that are there\n"
    "      --snapshot-every D    every 10s, 5m, 1h (default: 60s)\n"
    "      --snapshot-keep N     keep the newest N (default: 1000)\n"
    "      --snapshot-keep-for D drop those that are older\n"
    "      --format FORMAT       of an export: csv or json (default: csv)\n"
    "\n"
    "Alerts\n"
    "      --notify              on the desktop\n"
    "      --on-alert COMMAND    run it, without a shell; the alert is in "
    "WEIR_ALERT_...\n"
    "      --alerts-topic NAME   write them there, as JSON\n"
    "\n"
    "The screen\n"
    "      --headless            no terminal: progress on stderr, one JSON "
    "report\n"
    "                            on stdout at the end\n"
    "      --theme NAME          dark, light, mono or colour-blind (the key "
    "T)\n"
    "      --glyphs KIND         charts of braille or blocks, or all in "
    "ascii\n"
    "      --ascii               the same as --glyphs ascii\n"
    "      --mouse               clicks select, the wheel scrolls (the key "
    "M)\n"
    "      --no-bell             no bell when an alert fires (the key b "
    "turns it on)\n"
    "      --notify-terminal     tell the terminal of alerts, to tell the "
    "desktop (OSC 9)\n"
    "\n"
    "Scripts and recordings\n"
    "      --script FILE         keys and expectations, one step a line: "
    "docs/scripts.md\n"
    "      --record FILE         what the screen shows, as an asciicast\n"
    "      --record-keys         with the keys that were pressed\n"
    "      --asciicast VERSION   2 or 3 (default: 2)\n"
    "      --size COLSxROWS      of the screen without a terminal (default: "
    "120x40)\n"
    "      --realtime            without a terminal: by the clock on the wall, "
    "not in\n"
    "                            virtual time, which is the same each time\n"
    "      --bundle FILE         all that the recording follows from, in one "
    "file\n"
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
	OPT_FROM,
	OPT_GROUP,
	OPT_DEAD_LETTERS,
	OPT_NOTIFY,
	OPT_ON_ALERT,
	OPT_ALERTS_TOPIC,
	OPT_TEST,
	OPT_MEMORY,
	OPT_SNAPSHOT,
	OPT_SNAPSHOT_EVERY,
	OPT_SNAPSHOT_KEEP,
	OPT_SNAPSHOT_KEEP_FOR,
	OPT_FORMAT,
	OPT_HEADLESS,
	OPT_SCRIPT,
	OPT_RECORD,
	OPT_RECORD_KEYS,
	OPT_ASCIICAST,
	OPT_SIZE,
	OPT_REALTIME,
	OPT_BUNDLE,
	OPT_STDOUT,
	OPT_THEME,
	OPT_GLYPHS,
	OPT_ASCII,
	OPT_MOUSE,
	OPT_NO_BELL,
	OPT_NOTIFY_TERMINAL,
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
    {"from", required_argument, NULL, OPT_FROM},
    {"group", required_argument, NULL, OPT_GROUP},
    {"dead-letters", required_argument, NULL, OPT_DEAD_LETTERS},
    {"notify", no_argument, NULL, OPT_NOTIFY},
    {"on-alert", required_argument, NULL, OPT_ON_ALERT},
    {"alerts-topic", required_argument, NULL, OPT_ALERTS_TOPIC},
    {"test", no_argument, NULL, OPT_TEST},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"snapshot", required_argument, NULL, OPT_SNAPSHOT},
    {"snapshot-every", required_argument, NULL, OPT_SNAPSHOT_EVERY},
    {"snapshot-keep", required_argument, NULL, OPT_SNAPSHOT_KEEP},
    {"snapshot-keep-for", required_argument, NULL, OPT_SNAPSHOT_KEEP_FOR},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"headless", no_argument, NULL, OPT_HEADLESS},
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"record", required_argument, NULL, OPT_RECORD},
    {"record-keys", no_argument, NULL, OPT_RECORD_KEYS},
    {"asciicast", required_argument, NULL, OPT_ASCIICAST},
    {"size", required_argument, NULL, OPT_SIZE},
    {"realtime", no_argument, NULL, OPT_REALTIME},
    {"bundle", required_argument, NULL, OPT_BUNDLE},
    {"stdout", no_argument, NULL, OPT_STDOUT},
    {"theme", required_argument, NULL, OPT_THEME},
    {"glyphs", required_argument, NULL, OPT_GLYPHS},
    {"ascii", no_argument, NULL, OPT_ASCII},
    {"mouse", no_argument, NULL, OPT_MOUSE},
    {"no-bell", no_argument, NULL, OPT_NO_BELL},
    {"notify-terminal", no_argument, NULL, OPT_NOTIFY_TERMINAL},
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
    {'b', ON(COMMAND_RUN) | ON(COMMAND_GENERATE) | ON(COMMAND_VIEW)},
    {'t', ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {'X', ON(COMMAND_RUN) | ON(COMMAND_GENERATE) | ON(COMMAND_VIEW)},
    {'F', ON(COMMAND_RUN) | ON(COMMAND_GENERATE) | ON(COMMAND_VIEW)},
    {OPT_RATE, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_EVENTS, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_DURATION, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_SEED, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_BAD, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_GENERATORS, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_NO_GENERATE, ON(COMMAND_RUN)},
    {OPT_STORE, ON(COMMAND_RUN)},
    {OPT_FRESH, ON(COMMAND_RUN)},
    {OPT_FROM, ON(COMMAND_RUN)},
    {OPT_GROUP, ON(COMMAND_RUN)},
    {OPT_DEAD_LETTERS, ON(COMMAND_RUN)},
    {OPT_NOTIFY, ON(COMMAND_RUN)},
    {OPT_ON_ALERT, ON(COMMAND_RUN)},
    {OPT_ALERTS_TOPIC, ON(COMMAND_RUN)},
    {OPT_TEST, ON(COMMAND_ALERTS)},
    {OPT_MEMORY, ON(COMMAND_RUN) | ON(COMMAND_GENERATE)},
    {OPT_SNAPSHOT, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_SNAPSHOT_EVERY, ON(COMMAND_RUN)},
    {OPT_SNAPSHOT_KEEP, ON(COMMAND_RUN) | ON(COMMAND_SNAPSHOT)},
    {OPT_SNAPSHOT_KEEP_FOR, ON(COMMAND_RUN) | ON(COMMAND_SNAPSHOT)},
    {OPT_FORMAT, ON(COMMAND_EXPORT)},
    {OPT_HEADLESS, ON(COMMAND_RUN)},
    {OPT_SCRIPT, ON(COMMAND_RUN)},
    {OPT_RECORD, ON(COMMAND_RUN) | ON(COMMAND_REPLAY)},
    {OPT_RECORD_KEYS, ON(COMMAND_RUN)},
    {OPT_ASCIICAST, ON(COMMAND_RUN)},
    {OPT_SIZE, ON(COMMAND_RUN)},
    {OPT_REALTIME, ON(COMMAND_RUN)},
    {OPT_BUNDLE, ON(COMMAND_RUN)},
    {OPT_STDOUT, ON(COMMAND_GENERATE)},
    {OPT_THEME, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_GLYPHS, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_ASCII, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_MOUSE, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_NO_BELL, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
    {OPT_NOTIFY_TERMINAL, ON(COMMAND_RUN) | ON(COMMAND_VIEW)},
};

/* What a bundle holds, or is made by: a replay would not have the others. */
static const int bundled[] = {
    OPT_RATE,   OPT_EVENTS, OPT_SEED, OPT_BAD,   OPT_HEADLESS, OPT_SCRIPT,
    OPT_RECORD, OPT_BUNDLE, OPT_SIZE, OPT_THEME, OPT_GLYPHS,   OPT_ASCII,
};

static const char RECORD[] = "record"; /* run --headless by another name */

static const struct {
	const char *name;
	enum command command;
	bool operand; /* it needs one */
} commands[] = {
    {"run", COMMAND_RUN, false},          {"view", COMMAND_VIEW, true},
    {"generate", COMMAND_GENERATE, true}, {"check", COMMAND_CHECK, true},
    {"report", COMMAND_REPORT, true},     {"snapshot", COMMAND_SNAPSHOT, true},
    {"export", COMMAND_EXPORT, true},     {"alerts", COMMAND_ALERTS, true},
    {RECORD, COMMAND_RUN, false},         {"replay", COMMAND_REPLAY, true},
    {"help", COMMAND_HELP, false},
};

const char *
options_help(void)
{
	return help;
}

bool
options_staged(const struct options *options)
{
	return options->headless && (options->script || options->record);
}

void
options_release(struct options *options)
{
	kafka_settings_release(&options->kafka);
	free(options->from.offsets);
	options->from.offsets = NULL;
	free(options->stores);
	options->stores = NULL;
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
parse_duration(const char *option, const char *text, int64_t *ms,
	       struct err *err)
{
	int64_t value;

	if (duration_parse(text, &value) && value >= 1) {
		*ms = value;
		return 0;
	}
	return err_set(err, WEIR_USAGE, 0,
		       "%s takes a time, as 90s, 10m or 2h, not \"%s\"", option,
		       text);
}

static int
parse_format(const char *text, enum export_format *format, struct err *err)
{
	if (strcmp(text, "csv") != 0 && strcmp(text, "json") != 0)
		return err_set(err, WEIR_USAGE, 0,
			       "--format takes csv or json, not \"%s\"", text);
	*format = text[0] == 'c' ? EXPORT_CSV : EXPORT_JSON;
	return 0;
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

/* COLSxROWS */
static int
parse_size(const char *text, int *cols, int *rows, struct err *err)
{
	char x, behind;

	if (strspn(text, "0123456789x") == strlen(text) &&
	    sscanf(text, "%4d%c%4d%c", cols, &x, rows, &behind) == 3 &&
	    x == 'x' && *cols >= 1 && *cols <= BUNDLE_COLS_MAX && *rows >= 1 &&
	    *rows <= BUNDLE_ROWS_MAX)
		return 0;
	return err_set(err, WEIR_USAGE, 0,
		       "--size takes COLSxROWS, up to %dx%d, not \"%s\"",
		       BUNDLE_COLS_MAX, BUNDLE_ROWS_MAX, text);
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

/* "2026-11-21", with "T08:00" and ":30" and ".250" behind it, UTC with a Z. */
static bool
parse_time(const char *text, int64_t *ms)
{
	static const char *const formats[] = {
	    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
	    "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *rest = strptime(text, formats[i], &tm);
		double fraction = 0;
		time_t seconds;

		if (!rest)
			continue;
		if (*rest == '.' && !number(rest, &fraction, &rest))
			return false;
		if (strcmp(rest, "Z") == 0)
			seconds = timegm(&tm);
		else if (*rest == '\0')
			seconds = mktime(&tm);
		else
			continue;
		*ms = (int64_t)seconds * 1000 + (int64_t)(fraction * 1000);
		return *ms >= 0;
	}
	return false;
}

/* "0:1500,1:1720" */
static bool
parse_offsets(const char *text, struct engine_from *from)
{
	for (const char *at = text;; at++) {
		long long partition, offset;
		char *rest;

		if (*at < '0' || *at > '9')
			return false;
		errno = 0;
		partition = strtoll(at, &rest, 10);
		if (*rest != ':' || rest[1] < '0' || rest[1] > '9')
			return false;
		offset = strtoll(rest + 1, &rest, 10);
		if (errno || partition > INT32_MAX)
			return false;
		from->offsets =
		    xrealloc(from->offsets,
			     (from->offsets_len + 1) * sizeof(*from->offsets));
		from->offsets[from->offsets_len++] =
		    (struct engine_from_offset){(int32_t)partition, offset};
		if (*rest == '\0')
			return true;
		if (*rest != ',')
			return false;
		at = rest;
	}
}

static int
parse_from(const char *text, struct engine_from *from, struct err *err)
{
	int64_t ms;

	if (strcmp(text, "beginning") == 0) {
		from->kind = FROM_BEGINNING;
		return 0;
	}
	if (strcmp(text, "end") == 0) {
		from->kind = FROM_END;
		return 0;
	}
	from->offsets_len = 0;
	if (parse_offsets(text, from)) {
		from->kind = FROM_OFFSETS;
		return 0;
	}
	from->kind = FROM_TIME;
	if (parse_time(text, &from->time_ms))
		return 0;
	if (text[0] == '-' && duration_parse(text + 1, &ms) && ms >= 1 &&
	    ms < clock_wall_ms()) {
		from->time_ms = clock_wall_ms() - ms;
		return 0;
	}
	return err_set(err, WEIR_USAGE, 0,
		       "--from takes beginning, end, a time as "
		       "2026-11-21T08:00 (with a Z behind it: UTC) or -15m, or "
		       "offsets as 0:1500,1:1720, not \"%s\"",
		       text);
}

/* Whether it is one of the values that a setting can have. */
static int
parse_setting(const char *name, const char *value, struct err *err)
{
	struct settings settings;
	struct err why;
	int rc = settings_set(&settings, name, value, &why);

	return rc ? err_set(err, rc, 0, "--%s", why.text) : 0;
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
		kafka_settings_brokers(&o->kafka, KAFKA_OPTION, value);
		break;
	case 't':
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--topic takes the name of a topic");
		o->topic = value;
		break;
	case 'X':
		rc = kafka_settings_add(&o->kafka, KAFKA_OPTION, value, err);
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
		rc = parse_duration("--duration", value, &o->duration_ms, err);
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
	case OPT_FROM:
		rc = parse_from(value, &o->from, err);
		break;
	case OPT_GROUP:
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--group takes the name of a consumer "
				       "group");
		o->group = value;
		break;
	case OPT_DEAD_LETTERS:
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--dead-letters takes a topic");
		o->dead_letters = value;
		break;
	case OPT_NOTIFY:
		o->notify = true;
		break;
	case OPT_ON_ALERT:
		if (strspn(value, " ") == strlen(value))
			return err_set(err, WEIR_USAGE, 0,
				       "--on-alert takes a command");
		o->on_alert = value;
		break;
	case OPT_ALERTS_TOPIC:
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--alerts-topic takes a topic");
		o->alerts_topic = value;
		break;
	case OPT_TEST:
		o->test = true;
		break;
	case OPT_MEMORY:
		rc = parse_memory(value, &o->memory_bytes, err);
		break;
	case OPT_SNAPSHOT:
		if (!*value)
			return err_set(err, WEIR_USAGE, 0,
				       "--snapshot takes a file");
		o->snapshot = value;
		break;
	case OPT_SNAPSHOT_EVERY:
		rc = parse_duration("--snapshot-every", value,
				    &o->snapshot_every_ms, err);
		break;
	case OPT_SNAPSHOT_KEEP:
		rc = parse_count("--snapshot-keep", value, 1, INT32_MAX,
				 &o->snapshots.keep, err);
		break;
	case OPT_SNAPSHOT_KEEP_FOR:
		rc = parse_duration("--snapshot-keep-for", value,
				    &o->snapshots.keep_for_ms, err);
		break;
	case OPT_FORMAT:
		rc = parse_format(value, &o->format, err);
		break;
	case OPT_HEADLESS:
		o->headless = true;
		break;
	case OPT_SCRIPT:
		o->script = value;
		break;
	case OPT_RECORD:
		o->record = value;
		break;
	case OPT_RECORD_KEYS:
		o->record_keys = true;
		break;
	case OPT_ASCIICAST:
		rc = parse_count("--asciicast", value, 2, 3, &count, err);
		if (rc == 0)
			o->asciicast = (int)count;
		break;
	case OPT_SIZE:
		rc = parse_size(value, &o->cols, &o->rows, err);
		break;
	case OPT_REALTIME:
		o->realtime = true;
		break;
	case OPT_BUNDLE:
		o->bundle = value;
		break;
	case OPT_STDOUT:
		o->to_stdout = true;
		break;
	case OPT_THEME:
		rc = parse_setting("theme", value, err);
		o->theme = value;
		break;
	case OPT_GLYPHS:
		rc = parse_setting("glyphs", value, err);
		o->glyphs = value;
		break;
	case OPT_ASCII:
		o->glyphs = "ascii";
		break;
	case OPT_MOUSE:
		o->mouse = true;
		break;
	case OPT_NO_BELL:
		o->no_bell = true;
		break;
	case OPT_NOTIFY_TERMINAL:
		o->notify_terminal = true;
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
check_record(const struct options *o, struct err *err)
{
	bool staged = options_staged(o);

	if (!o->headless && (o->cols || o->realtime || o->bundle))
		return err_set(err, WEIR_USAGE, 0,
			       "--size, --realtime and --bundle are for a run "
			       "without a terminal: `weir record`");
	if (staged && !o->script && !o->duration_ms && !o->events)
		return err_set(err, WEIR_USAGE, 0,
			       "a recording without a terminal ends with "
			       "--script, --duration or --events: give one");
	if (staged && !o->realtime && (o->kafka.brokers || o->generators > 1))
		return err_set(err, WEIR_USAGE, 0,
			       "virtual time takes the embedded broker and one "
			       "generator; with --brokers or --generators give "
			       "--realtime");
	if (o->headless && !staged && (o->cols || o->realtime || o->bundle))
		return err_set(err, WEIR_USAGE, 0,
			       "--size, --realtime and --bundle need --script "
			       "or --record");
	if (o->bundle && !o->script)
		return err_set(err, WEIR_USAGE, 0, "--bundle needs --script");
	return 0;
}

static const char *
long_name(int option)
{
	const struct option *opt = longs;

	while (opt->val != option)
		opt++;
	return opt->name;
}

static int
check_bundle(const int *given, unsigned given_len, struct err *err)
{
	for (unsigned i = 0; i < given_len; i++) {
		size_t j = 0;

		while (j < sizeof(bundled) / sizeof(*bundled) &&
		       bundled[j] != given[i])
			j++;
		if (j == sizeof(bundled) / sizeof(*bundled))
			return err_set(err, WEIR_USAGE, 0,
				       "--%s does not go with --bundle: a "
				       "bundle has no place for it",
				       long_name(given[i]));
	}
	return 0;
}

/* What may be a secret is not for everybody who lists processes. */
static void
hide_secret(char *property)
{
	static const char *const secret[] = {
	    "password",          "secret", "key", "token", "jaas", "pem",
	    "oauthbearer.config"};
	char *equals = strchr(property, '=');

	if (!equals)
		return;
	*equals = '\0';
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
		if (strcasestr(property, secret[i])) {
			memset(equals + 1, 'x', strlen(equals + 1));
			break;
		}
	*equals = '=';
}

/* Only commands that go to a cluster look at the environment. */
static int
add_environment(struct options *o, struct err *err)
{
	if (o->command != COMMAND_RUN &&
	    (o->command != COMMAND_GENERATE || o->to_stdout))
		return 0;
	return kafka_settings_environment(&o->kafka, environ, err);
}

static int
check_meaning(const struct options *o, const int *given, unsigned given_len,
	      const char *name, struct err *err)
{
	for (unsigned i = 0; i < given_len; i++) {
		for (size_t j = 0; j < sizeof(meant_for) / sizeof(*meant_for);
		     j++) {
			if (meant_for[j].option != given[i] ||
			    meant_for[j].commands & ON(o->command))
				continue;
			return err_set(err, WEIR_USAGE, 0,
				       "--%s has no meaning for `weir %s`",
				       long_name(given[i]), name);
		}
	}
	if (o->no_generate && !o->kafka.brokers)
		return err_set(err, WEIR_USAGE, 0,
			       "--no-generate needs --brokers: nobody else "
			       "writes to an embedded broker before it runs");
	if (o->group && !o->kafka.brokers)
		return err_set(err, WEIR_USAGE, 0,
			       "--group needs --brokers: nobody shares an "
			       "embedded broker's partitions");
	/* What we produce would be in partitions that others read. */
	if (o->group &&
	    (o->per_s >= 0 || o->events || o->seeded || o->bad_share >= 0))
		return err_set(err, WEIR_USAGE, 0,
			       "--group only watches: it goes with none of "
			       "--rate, --events, --seed and --bad; `weir "
			       "generate` produces beside it");
	if (o->command == COMMAND_RUN && !o->no_generate && !o->group &&
	    o->topic && (o->topic[0] == '^' || strchr(o->topic, ',')))
		return err_set(err, WEIR_USAGE, 0,
			       "several topics can only be watched: give "
			       "--no-generate as well");
	if (o->command == COMMAND_RUN && !o->snapshot &&
	    (o->snapshot_every_ms || o->snapshots.keep ||
	     o->snapshots.keep_for_ms))
		return err_set(err, WEIR_USAGE, 0,
			       "--snapshot-every, --snapshot-keep and "
			       "--snapshot-keep-for need --snapshot FILE");
	if ((o->command == COMMAND_SNAPSHOT || o->command == COMMAND_EXPORT) &&
	    (o->stores_len != 2 || !*o->stores[1]))
		return err_set(
		    err, WEIR_USAGE, 0,
		    "`weir %s` takes a store and %s; see `weir "
		    "--help`",
		    name, o->command == COMMAND_EXPORT ? "a table" : "a file");
	if (o->command == COMMAND_ALERTS && (!o->test || o->stores_len != 2))
		return err_set(err, WEIR_USAGE, 0,
			       "it is `weir alerts --test PIPELINE STORE`; see "
			       "`weir --help`");
	if (o->no_generate &&
	    (o->per_s >= 0 || o->events || o->seeded || o->bad_share >= 0))
		return err_set(err, WEIR_USAGE, 0,
			       "--no-generate goes with none of --rate, "
			       "--events, --seed and --bad");
	return 0;
}

static bool
of_stores(int command)
{
	return command == COMMAND_VIEW || command == COMMAND_REPORT ||
	       command == COMMAND_SNAPSHOT || command == COMMAND_EXPORT ||
	       command == COMMAND_ALERTS;
}

/* Commands take one operand, or, of stores, any number. */
static int
take_operand(struct options *o, const char *word, bool several, struct err *err)
{
	if (o->operand && !several)
		return err_set(err, WEIR_USAGE, 0,
			       "\"%s\" is one word too many; see `weir --help`",
			       word);
	if (!o->operand)
		o->operand = word;
	o->stores =
	    xrealloc(o->stores, (o->stores_len + 1) * sizeof(*o->stores));
	o->stores[o->stores_len++] = word;
	return 0;
}

int
options_parse(int argc, char **argv, struct options *o, struct err *err)
{
	const char *name = "run";
	bool needs_operand = false;
	int given[64], option, command = -1;
	unsigned given_len = 0;
	int rc;

	memset(o, 0, sizeof(*o));
	o->per_s = o->bad_share = -1;
	o->generators = 1;
	o->memory_bytes = MEMORY_DEFAULT;
	o->asciicast = 2;
	opterr = 0;
	optind = 1;
	/* "-" at the front: operands come in their place, as 1. */
	while ((option = getopt_long(argc, argv, "-:b:t:X:F:", longs, NULL)) !=
	       -1) {
		const char *word = argv[optind - 1];

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
			     !o->operand && command < 0 &&
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
			rc = take_operand(o, optarg, of_stores(command), err);
			if (rc)
				return rc;
			continue;
		}
		rc = parse_one(option, optarg, o, err);
		if (option == 'X')
			hide_secret(optarg);
		if (rc)
			return rc;
		if (o->command == COMMAND_HELP || o->command == COMMAND_VERSION)
			return 0;
		if (given_len < sizeof(given) / sizeof(*given))
			given[given_len++] = option;
	}
	for (; optind < argc; optind++) {
		rc = take_operand(o, argv[optind], of_stores(command), err);
		if (rc)
			return rc;
	}
	o->command = command < 0 ? COMMAND_RUN : (enum command)command;
	o->headless |= strcmp(name, RECORD) == 0;
	if (o->command == COMMAND_HELP)
		return 0;
	if (needs_operand && !o->operand)
		return err_set(err, WEIR_USAGE, 0,
			       "`weir %s` needs %s; see `weir --help`", name,
			       command == COMMAND_REPLAY ? "a bundle"
			       : of_stores(command) && command != COMMAND_ALERTS
				   ? "the folder of a store"
				   : "a pipeline");
	if (add_environment(o, err))
		return WEIR_USAGE;
	rc = check_meaning(o, given, given_len, name, err);
	if (rc == 0 && o->command == COMMAND_RUN)
		rc = check_record(o, err);
	if (rc == 0 && o->bundle)
		rc = check_bundle(given, given_len, err);
	if (!o->cols) {
		o->cols = COLS_DEFAULT;
		o->rows = ROWS_DEFAULT;
	}
	if (!o->snapshot_every_ms)
		o->snapshot_every_ms = EVERY_DEFAULT;
	if (!o->snapshots.keep)
		o->snapshots.keep = SNAPSHOT_KEEP_DEFAULT;
	return rc;
}
