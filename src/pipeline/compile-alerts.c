#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/compile.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"

#define MINUTE      (60 * COMPILE_SECOND_MS)
#define OVER_MAX    (5 * MINUTE)
#define CHANGE_MAX  60   /* windows before, that are looked up for each key */
#define MESSAGE_MAX 1000 /* bytes */
#define LEAST       10.0 /* of a change */
#define FOR_OVER    "is for \"rate\", \"dead_share\" and \"schema_changes\""

static const char *const severities[] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_CRITICAL] = "critical",
};

static const char *const summaries[ALERT_SUMMARIES] = {
    [ALERT_SUMMARY_KEYS] = "keys",       [ALERT_SUMMARY_TOTAL] = "total",
    [ALERT_SUMMARY_AVERAGE] = "average", [ALERT_SUMMARY_MINIMUM] = "minimum",
    [ALERT_SUMMARY_MAXIMUM] = "maximum",
};

static const char *const flows[ALERT_FLOWS] = {
    [ALERT_LAG] = "lag",
    [ALERT_DEAD_SHARE] = "dead_share",
    [ALERT_RATE] = "rate",
    [ALERT_SILENCE] = "silence",
    [ALERT_SCHEMA] = "schema_changes",
};

static const char *const placeholders[] = {
    "name", "severity", "state", "table",  "measure",
    "key",  "value",    "limit", "window", NULL,
};

const char *
alert_severity_name(enum alert_severity severity)
{
	return severities[severity];
}

const char *
alert_summary_name(enum alert_summary summary)
{
	return summaries[summary];
}

const char *
alert_flow_name(enum alert_flow flow)
{
	return flows[flow];
}

const char *const *
alert_placeholders(void)
{
	return placeholders;
}

/* People read it, in many places: words, with spaces between them. */
static int
read_alert_name(const struct reader *r, const struct json_value *value,
		const struct pipeline *p, struct alert_spec *alert)
{
	const char *name, *at, *end;
	int code = reader_string(r, value, &name);

	if (code)
		return code;
	if (strlen(name) >= sizeof(alert->name))
		return reader_error(r, value,
				    "this name is longer than %zu bytes",
				    sizeof(alert->name) - 1);
	end = name + strlen(name);
	for (at = name; at < end; at += utf8_size(at, end)) {
		unsigned char c = (unsigned char)*at;

		/* C1 control characters are c2 80 to c2 9f. */
		if (c < ' ' || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)at[1] < 0xa0))
			break;
	}
	if (at < end || !*name || *name == ' ' || end[-1] == ' ')
		return reader_error(r, value,
				    "an alert's name is 1 to %zu bytes without "
				    "control characters, and without a space "
				    "at its ends",
				    sizeof(alert->name) - 1);
	for (unsigned i = 0; i < p->alerts_len; i++)
		if (&p->alerts[i] != alert && !strcmp(p->alerts[i].name, name))
			return reader_error(r, value,
					    "there is an alert of this name "
					    "already");
	memcpy(alert->name, name, strlen(name));
	return 0;
}

/* ---- What it looks at ---- */

static int
read_measure_name(const struct reader *r, const struct json_value *value,
		  const struct table_spec *table, struct alert_spec *alert)
{
	unsigned index;
	int code = compile_measure_name(r, value, table, &index);

	if (!code)
		alert->measure = (int)index;
	return code;
}

/* 0: it has no such time. */
static int64_t
default_over_ms(enum alert_flow flow)
{
	switch (flow) {
	case ALERT_RATE:
	case ALERT_DEAD_SHARE:
		return 10 * COMPILE_SECOND_MS;
	case ALERT_SCHEMA:
		return MINUTE;
	default:
		return 0;
	}
}

static int
read_subject(const struct reader *r, const struct json_value *value,
	     const struct pipeline *p, struct alert_spec *alert)
{
	const struct json_value *table = json_get(value, "table");
	const struct json_value *measure = json_get(value, "measure");
	const struct json_value *summary = json_get(value, "summary");
	const struct json_value *flow = json_get(value, "flow");
	const struct json_value *over = json_get(value, "over");
	const struct table_spec *spec;
	unsigned index;
	int code;

	alert->table = alert->measure = -1;
	if (!table == !flow)
		return reader_error(r, flow ? flow : value,
				    "needs either \"table\" or \"flow\"");
	if (flow) {
		alert->kind = ALERT_FLOW;
		if (measure || summary)
			return reader_error(r, measure ? measure : summary,
					    "goes with \"table\", not with "
					    "\"flow\"");
		code =
		    reader_choice(r, flow, "flow", flows, ALERT_FLOWS, &index);
		if (code)
			return code;
		alert->flow = index;
		alert->over_ms = default_over_ms(alert->flow);
		if (over && !alert->over_ms)
			return reader_error(r, over, FOR_OVER);
		if (over && reader_duration(r, over, COMPILE_SECOND_MS,
					    OVER_MAX, &alert->over_ms))
			return WEIR_PIPELINE;
		if (alert->over_ms % COMPILE_SECOND_MS)
			return reader_error(r, over, "must be whole seconds");
		return 0;
	}
	if (over)
		return reader_error(r, over, FOR_OVER);
	code = compile_table_name(r, table, p, &alert->table);
	if (code)
		return code;
	spec = &p->tables[alert->table];
	if (measure && summary)
		return reader_error(r, summary,
				    "goes without \"measure\": it is of the "
				    "one that ranks");
	if (!summary) {
		alert->kind = ALERT_KEYS;
		alert->measure = (int)spec->rank;
		return measure ? read_measure_name(r, measure, spec, alert) : 0;
	}
	alert->kind = ALERT_SUMMARY;
	code = reader_choice(r, summary, "summary", summaries, ALERT_SUMMARIES,
			     &index);
	if (code)
		return code;
	alert->summary = index;
	if (index != ALERT_SUMMARY_KEYS)
		alert->measure = (int)spec->rank;
	if (index == ALERT_SUMMARY_AVERAGE &&
	    (spec->measures[spec->rank].kind == MEASURE_MINIMUM ||
	     spec->measures[spec->rank].kind == MEASURE_MAXIMUM))
		return reader_error(
		    r, summary,
		    "there is no average: table \"%s\" is "
		    "ranked by a %s",
		    spec->name,
		    measure_kind_name(spec->measures[spec->rank].kind));
	if (index == ALERT_SUMMARY_TOTAL &&
	    spec->measures[spec->rank].kind == MEASURE_DISTINCT)
		return reader_error(r, summary,
				    "there is no total: keys of table \"%s\" "
				    "can have values in common",
				    spec->name);
	return 0;
}

/* ---- When it holds ---- */

static int
read_number(const struct reader *r, const struct json_value *value,
	    struct value *out)
{
	double d;
	int64_t i;

	if (json_int(value, &i)) {
		*out = value_int(i);
		return 0;
	}
	if (reader_double(r, value, -HUGE_VAL, HUGE_VAL, &d))
		return WEIR_PIPELINE;
	*out = value_real(d);
	return 0;
}

/* "above" or "below", and where it ends: of a rule or of its "change". */
static int
read_limits(const struct reader *r, const struct json_value *value,
	    struct alert_spec *alert)
{
	const struct json_value *above = json_get(value, "above");
	const struct json_value *below = json_get(value, "below");
	const struct json_value *clear, *other;
	int code;

	if (!above == !below)
		return reader_error(r, below ? below : value,
				    "needs either \"above\" or \"below\"");
	alert->below = below != NULL;
	code = read_number(r, above ? above : below, &alert->limit);
	if (code)
		return code;
	clear = json_get(value, below ? "clear_above" : "clear_below");
	other = json_get(value, below ? "clear_below" : "clear_above");
	if (other)
		return reader_error(r, other, "goes with \"%s\"",
				    below ? "above" : "below");
	if (!clear)
		return 0;
	alert->has_clear = true;
	code = read_number(r, clear, &alert->clear);
	if (code)
		return code;
	if (below ? value_double(alert->clear) < value_double(alert->limit)
		  : value_double(alert->clear) > value_double(alert->limit))
		return reader_error(r, clear, "must not be %s \"%s\"",
				    below ? "less than" : "more than",
				    below ? "below" : "above");
	return 0;
}

static int
read_change(const struct reader *r, const struct json_value *change,
	    const struct pipeline *p, struct alert_spec *alert)
{
	static const struct reader_key keys[] = {
	    {"windows", true},      {"above", false},       {"below", false},
	    {"clear_below", false}, {"clear_above", false}, {"least", false},
	};
	const struct table_spec *spec;
	const struct json_value *least;
	int64_t windows;
	int code;

	if (alert->table < 0 || !p->tables[alert->table].window_ms)
		return reader_error(r, change,
				    "compares windows: the rule needs a table "
				    "that has one");
	spec = &p->tables[alert->table];
	code = reader_object(r, change, READER_KEYS(keys));
	if (!code)
		code = reader_int(r, json_get(change, "windows"), 1, CHANGE_MAX,
				  &windows);
	if (!code)
		code = read_limits(r, change, alert);
	if (code)
		return code;
	if (value_double(alert->limit) <= 0)
		return reader_error(r, change,
				    "the limit of a change is a ratio: 2.0 is "
				    "twice the average");
	if (spec->window_ms + windows * spec->advance_ms + spec->lateness_ms >
	    spec->keep_ms)
		return reader_error(r, json_get(change, "windows"),
				    "table \"%s\" does not keep so many "
				    "complete windows",
				    spec->name);
	alert->change_windows = (unsigned)windows;
	alert->least = LEAST;
	least = json_get(change, "least");
	return least ? reader_double(r, least, 0, HUGE_VAL, &alert->least) : 0;
}

static int
read_condition(const struct reader *r, const struct json_value *value,
	       const struct pipeline *p, struct alert_spec *alert)
{
	static const char *const limits[] = {"above", "below", "clear_below",
					     "clear_above"};
	const struct json_value *change = json_get(value, "change");

	if (!change) {
		if (!json_get(value, "above") && !json_get(value, "below"))
			return reader_error(r, value,
					    "needs one of \"above\", "
					    "\"below\", \"change\"");
		return read_limits(r, value, alert);
	}
	for (unsigned i = 0; i < COMPILE_LEN(limits); i++)
		if (json_get(value, limits[i]))
			return reader_error(r, json_get(value, limits[i]),
					    "belongs into \"change\", or "
					    "\"change\" has to go");
	return read_change(r, change, p, alert);
}

/* ---- What it says ---- */

static int
read_message(const struct reader *r, const struct json_value *value,
	     struct alert_spec *alert)
{
	const char *text;
	unsigned known = COMPILE_LEN(placeholders) - 1;
	int code = reader_string(r, value, &text);

	if (code)
		return code;
	if (strlen(text) > MESSAGE_MAX || !*text)
		return reader_error(r, value, "must have 1 to %d bytes",
				    MESSAGE_MAX);
	for (const char *at = strchr(text, '{'); at; at = strchr(at, '{')) {
		size_t size = strcspn(++at, "{}");
		char name[32] = "";
		unsigned i = 0;

		if (*at == '{') { /* "{{" is a brace */
			at++;
			continue;
		}
		if (at[size] != '}')
			return reader_error(r, value,
					    "a '{' without its '}'; \"{{\" "
					    "stands for a brace");
		memcpy(name, at, size < sizeof(name) ? size : sizeof(name) - 1);
		while (i < known && strcmp(placeholders[i], name) != 0)
			i++;
		if (i == known)
			return reader_unknown(r, value, "placeholder", name,
					      placeholders, known);
	}
	alert->message = xstrdup(text);
	return 0;
}

/*
 * What decides whether and when it fires: a rule that only says it in other
 * words goes on as it was.
 */
static uint64_t
hash_rule(const struct pipeline *p, const struct alert_spec *a)
{
	struct buf text = BUF_INIT;
	uint64_t hash;

	buf_addf(
	    &text,
	    "%s %s %d %d %d %d %.17g %d %.17g %u %.17g %" PRId64 " %" PRId64
	    " %" PRId64,
	    a->table < 0 ? "" : p->tables[a->table].name,
	    a->measure < 0 ? "" : p->tables[a->table].measures[a->measure].name,
	    (int)a->kind, (int)a->summary, (int)a->flow, a->below,
	    value_double(a->limit), a->has_clear, value_double(a->clear),
	    a->change_windows, a->least, a->for_ms, a->cooldown_ms, a->over_ms);
	hash = hash64(text.data, text.size);
	buf_release(&text);
	return hash;
}

static int
read_alert(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct alert_spec *alert)
{
	static const struct reader_key keys[] = {
	    {"name", true},         {"table", false},       {"measure", false},
	    {"summary", false},     {"flow", false},        {"over", false},
	    {"above", false},       {"below", false},       {"change", false},
	    {"clear_below", false}, {"clear_above", false}, {"for", false},
	    {"cooldown", false},    {"severity", false},    {"message", false},
	    {"armed", false},
	};
	const struct json_value *member;
	unsigned severity = SEVERITY_WARNING;
	int code;

	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = read_alert_name(r, json_get(value, "name"), p, alert);
	if (!code)
		code = read_subject(r, value, p, alert);
	if (!code)
		code = read_condition(r, value, p, alert);
	member = json_get(value, "for");
	if (!code && member)
		code = reader_duration(r, member, 0, COMPILE_DURATION_MAX_MS,
				       &alert->for_ms);
	member = json_get(value, "cooldown");
	if (!code && member)
		code = reader_duration(r, member, 0, COMPILE_DURATION_MAX_MS,
				       &alert->cooldown_ms);
	member = json_get(value, "severity");
	if (!code && member)
		code = reader_choice(r, member, "severity", severities,
				     COMPILE_LEN(severities), &severity);
	member = json_get(value, "message");
	if (!code && member)
		code = read_message(r, member, alert);
	alert->armed = true;
	member = json_get(value, "armed");
	if (!code && member && !json_bool(member, &alert->armed))
		code = reader_error(r, member, "must be true or false");
	alert->severity = severity;
	alert->hash = hash_rule(p, alert);
	return code;
}

int
compile_alerts(const struct reader *r, const struct json_value *value,
	       struct pipeline *p)
{
	const struct json_value *item;
	int code;

	if (!value)
		return 0;
	code =
	    reader_list(r, value, JSON_ARRAY, 0, PIPELINE_ALERTS_MAX, "alerts");
	for (item = json_first(value); !code && item; item = json_next(item)) {
		/* Counted also when it failed, so that it is freed. */
		p->alerts_len++;
		code = read_alert(r, item, p, &p->alerts[p->alerts_len - 1]);
	}
	return code;
}

int
compile_alerts_topic(const struct reader *r, const struct json_value *value,
		     struct pipeline *p)
{
	struct buf name = BUF_INIT;
	bool wanted;
	int code = 0;

	if (!value)
		return 0;
	if (!json_bool(value, &wanted)) {
		code = compile_topic_name(r, value, &p->alerts_topic);
	} else if (wanted) {
		buf_addf(&name, "%s.alerts", p->name);
		p->alerts_topic = xstrdup(name.data);
		buf_release(&name);
	}
	if (!code && p->alerts_topic && !strcmp(p->alerts_topic, p->topic))
		code = reader_error(r, value, "is the topic that is watched");
	return code;
}
