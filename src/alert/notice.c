#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/key.h"
#include "alert/alert.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/datetime.h"
#include "base/json.h"
#include "base/utf8.h"

#define HEAD      96 /* bytes of a stored notice before its texts */
#define TEXTS     5
#define REPLACE   "\xef\xbf\xbd" /* U+FFFD */
#define UNKNOWN   "\xe2\x80\x93" /* an en dash */
#define EXACT_MAX 1e15

/* As they are stored: what has cleared, and whether others of the rule fire. */
#define CLEARED_OVER 1
#define CLEARED      2

/* ---- Lists ---- */

struct notice *
notices_add(struct notices *notices)
{
	struct notice *notice;

	if (notices->len == notices->room) {
		notices->room = notices->room ? notices->room * 2 : 4;
		notices->items = xrealloc(
		    notices->items, notices->room * sizeof(*notices->items));
	}
	notice = &notices->items[notices->len++];
	memset(notice, 0, sizeof(*notice));
	return notice;
}

void
notice_release(struct notice *notice)
{
	buf_release(&notice->pipeline);
	buf_release(&notice->rule);
	buf_release(&notice->key);
	buf_release(&notice->message);
	buf_release(&notice->record);
}

void
notices_release(struct notices *notices)
{
	for (size_t i = 0; i < notices->len; i++)
		notice_release(&notices->items[i]);
	free(notices->items);
	memset(notices, 0, sizeof(*notices));
}

const char *
notice_state(const struct notice *notice)
{
	return notice->cleared ? "cleared" : "firing";
}

/* ---- As it is stored ---- */

void
notice_encode(const struct notice *n, struct buf *out)
{
	const struct buf *texts[TEXTS] = {&n->pipeline, &n->rule, &n->key,
					  &n->message, &n->record};
	char head[HEAD];

	put_u64(head, n->number);
	put_u64(head + 8, n->alert);
	put_u64(head + 16, n->severity);
	put_u64(head + 24, n->over ? CLEARED_OVER : n->cleared ? CLEARED : 0);
	put_u64(head + 32, (uint64_t)n->count);
	put_u64(head + 40, (uint64_t)n->clock_ms);
	put_u64(head + 48, (uint64_t)n->at_ms);
	put_u64(head + 56, (uint64_t)n->window_ms);
	put_value(head + 64, n->value);
	put_value(head + 80, n->limit);
	buf_add(out, head, sizeof(head));
	for (unsigned i = 0; i < TEXTS; i++) {
		char size[4];

		put_u32(size, (uint32_t)texts[i]->size);
		buf_add(out, size, sizeof(size));
		buf_add(out, texts[i]->data, texts[i]->size);
	}
}

bool
notice_decode(const void *data, size_t size, struct notice *n)
{
	struct buf *texts[TEXTS] = {&n->pipeline, &n->rule, &n->key,
				    &n->message, &n->record};
	const char *at = data;

	if (size < HEAD)
		return false;
	n->number = get_u64(at);
	n->alert = get_u64(at + 8);
	if (get_u64(at + 16) > SEVERITY_CRITICAL)
		return false;
	n->severity = (enum alert_severity)get_u64(at + 16);
	n->cleared = get_u64(at + 24) != 0;
	n->over = get_u64(at + 24) == CLEARED_OVER;
	n->count = (int64_t)get_u64(at + 32);
	n->clock_ms = (int64_t)get_u64(at + 40);
	n->at_ms = (int64_t)get_u64(at + 48);
	n->window_ms = (int64_t)get_u64(at + 56);
	if (!get_value(at + 64, &n->value) || !get_value(at + 80, &n->limit))
		return false;
	at += HEAD;
	size -= HEAD;
	for (unsigned i = 0; i < TEXTS; i++) {
		uint32_t text;

		if (size < 4)
			return false;
		text = get_u32(at);
		at += 4;
		size -= 4;
		if (size < text)
			return false;
		buf_reserve(texts[i], 1);
		buf_add(texts[i], at, text);
		at += text;
		size -= text;
	}
	return size == 0;
}

void
notice_copy(struct notice *to, const struct notice *from)
{
	struct buf bytes = BUF_INIT;

	notice_encode(from, &bytes);
	notice_decode(bytes.data, bytes.size, to);
	buf_release(&bytes);
}

/* ---- Words ---- */

static void
add_grouped(struct buf *out, int64_t i)
{
	char digits[24];
	int size;

	size = snprintf(digits, sizeof(digits), "%" PRIu64,
			i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
	if (i < 0)
		buf_add_str(out, "-");
	for (int at = 0; at < size; at++) {
		if (at > 0 && (size - at) % 3 == 0)
			buf_add_str(out, ",");
		buf_add(out, &digits[at], 1);
	}
}

void
alert_value(struct value value, struct buf *out)
{
	double d;

	if (value.kind == VALUE_NONE) {
		buf_add_str(out, UNKNOWN);
		return;
	}
	d = value_double(value);
	if (value.kind == VALUE_INT)
		add_grouped(out, value.i);
	else if (fabs(d) >= 1000 && fabs(d) < EXACT_MAX)
		add_grouped(out, (int64_t)(d < 0 ? d - 0.5 : d + 0.5));
	else
		buf_addf(out, "%.4g", d);
}

void
alert_time(int64_t ms, struct buf *out)
{
	char text[DATETIME_ROOM];

	if (datetime_format(ms, text))
		buf_add_str(out, text);
	else
		buf_addf(out, "%" PRId64, ms);
}

static void
add_placeholder(const struct alert_words *w, const char *name, size_t size,
		struct buf *out)
{
	const struct alert_spec *spec = w->spec;
	const struct table_spec *table =
	    spec->table < 0 ? NULL : &w->pipeline->tables[spec->table];
	const char *const *names = alert_placeholders();
	unsigned i = 0;

	while (names[i] &&
	       (strncmp(names[i], name, size) != 0 || names[i][size] != '\0'))
		i++;
	switch (i) {
	case 0:
		buf_add_str(out, spec->name);
		break;
	case 1:
		buf_add_str(out, alert_severity_name(spec->severity));
		break;
	case 2:
		buf_add_str(out, w->state);
		break;
	case 3:
		buf_add_str(out, table ? table->name : "");
		break;
	case 4:
		if (spec->kind == ALERT_FLOW)
			buf_add_str(out, alert_flow_name(spec->flow));
		else if (spec->kind == ALERT_SUMMARY)
			buf_add_str(out, alert_summary_name(spec->summary));
		else
			buf_add_str(out, table->measures[spec->measure].name);
		break;
	case 5:
		buf_add(out, w->key.data, w->key.size);
		break;
	case 6:
		alert_value(w->value, out);
		break;
	case 7:
		alert_value(w->limit, out);
		break;
	case 8:
		if (w->window_ms != ALERT_NO_WINDOW)
			alert_time(w->window_ms, out);
		break;
	default:
		break;
	}
}

/* "i00001 5,012 > 5,000"; of what has cleared "i00001 3,120, was > 5,000". */
static void
add_comparison(struct text key, struct value value, struct value limit,
	       bool below, bool cleared, struct buf *out)
{
	if (key.size) {
		buf_add(out, key.data, key.size);
		buf_add_str(out, " ");
	}
	alert_value(value, out);
	buf_addf(out, "%s %s ", cleared ? ", was" : "", below ? "<" : ">");
	alert_value(limit, out);
}

void
alert_message(const struct alert_words *w, struct buf *out)
{
	const char *at = w->spec->message;

	if (!at) {
		buf_addf(out, "%s: ", w->spec->name);
		add_comparison(w->key, w->value, w->limit, w->spec->below,
			       strcmp(w->state, "cleared") == 0, out);
		return;
	}
	while (*at) {
		size_t plain = strcspn(at, "{");

		buf_add(out, at, plain);
		at += plain;
		if (at[0] == '{' && at[1] == '{') {
			buf_add_str(out, "{");
			at += 2;
		} else if (*at == '{') {
			size_t size = strcspn(++at, "}");

			add_placeholder(w, at, size, out);
			at += size + (at[size] == '}');
		}
	}
}

/* ---- A notice of a commit ---- */

static void
key_of(const struct alerts *alerts, const struct alert_rule *rule,
       const struct alert_example *example, struct buf *out)
{
	struct text key = {example->key, example->key_size};

	out->size = 0;
	buf_reserve(out, 1)[0] = '\0';
	if (key.size)
		key_text(alerts->pipeline, rule->table, key, out);
}

static void
add_time(struct json_node *to, const char *key, int64_t ms)
{
	if (ms == ALERT_NO_TIME)
		json_add_null(to, key);
	else
		json_add_int(to, key, ms);
}

static void
add_example(struct json_node *to, const struct alerts *alerts,
	    const struct alert_rule *rule, const struct alert_example *from)
{
	struct json_node *node = json_add_object(to, NULL);
	struct buf key = BUF_INIT;

	json_add_int(node, "id", (int64_t)from->id);
	key_of(alerts, rule, from, &key);
	json_add_text(node, "key", key.data, key.size);
	add_time(node, "window_start_ms", from->window_ms);
	json_add_value(node, "value", from->value);
	json_add_value(node, "limit", from->limit);
	add_time(node, "time_ms", from->at_ms);
	buf_release(&key);
}

static void
add_record(const struct alerts *alerts, const struct alert_rule *rule,
	   const struct alert_group *group, struct notice *n)
{
	const struct alert_spec *spec = rule->spec;
	struct json_node *node = json_new_object(), *list;

	json_add_int(node, "number", (int64_t)n->number);
	json_add_string(node, "pipeline", alerts->pipeline->name);
	json_add_string(node, "name", spec->name);
	json_add_string(node, "severity", alert_severity_name(spec->severity));
	json_add_string(node, "state", notice_state(n));
	json_add_int(node, "count", n->count);
	json_add_text(node, "message", n->message.data, n->message.size);
	if (spec->table >= 0)
		json_add_string(node, "table", rule->table->name);
	if (spec->kind == ALERT_FLOW)
		json_add_string(node, "flow", alert_flow_name(spec->flow));
	else if (spec->kind == ALERT_SUMMARY)
		json_add_string(node, "summary",
				alert_summary_name(spec->summary));
	else
		json_add_string(node, "measure",
				rule->table->measures[spec->measure].name);
	json_add_int(node, "clock_ms", n->clock_ms);
	list = json_add_array(node, "alerts");
	for (unsigned i = 0; i < group->len; i++)
		add_example(list, alerts, rule, &group->examples[i]);
	json_print(node, false, &n->record);
	json_node_free(node);
}

static bool
is_over(const struct alert_rule *rule)
{
	for (size_t i = 0; i < rule->len; i++)
		if (rule->alerts[i]->state == ALERT_FIRING ||
		    rule->alerts[i]->state == ALERT_ACKNOWLEDGED)
			return false;
	return true;
}

static void
add_notice(struct alerts *alerts, const struct alert_rule *rule,
	   const struct alert_group *group, bool cleared, struct notices *out)
{
	const struct alert_example *first = &group->examples[0];
	struct notice *n = notices_add(out);
	struct alert_words words = {
	    .pipeline = alerts->pipeline,
	    .spec = rule->spec,
	    .window_ms = first->window_ms,
	    .value = first->value,
	    .limit = first->limit,
	};

	n->number = alerts->next_notice++;
	n->alert = first->id;
	n->severity = rule->spec->severity;
	n->cleared = cleared;
	n->over = cleared && is_over(rule);
	n->count = group->count;
	n->clock_ms = alerts->now.now_ms;
	n->at_ms = first->at_ms;
	n->window_ms = first->window_ms;
	n->value = first->value;
	n->limit = first->limit;
	buf_add_str(&n->pipeline, alerts->pipeline->name);
	buf_add_str(&n->rule, rule->spec->name);
	key_of(alerts, rule, first, &n->key);
	words.state = notice_state(n);
	words.key = (struct text){n->key.data, n->key.size};
	/* What is about no key may have fired in several windows. */
	if (group->count == 1 || rule->spec->kind != ALERT_KEYS) {
		alert_message(&words, &n->message);
	} else {
		buf_addf(&n->message, "%s: ", rule->spec->name);
		add_grouped(&n->message, group->count);
		buf_addf(&n->message, " keys%s, e.g. ",
			 cleared ? " cleared" : "");
		add_comparison(words.key, n->value, n->limit, rule->spec->below,
			       cleared, &n->message);
	}
	add_record(alerts, rule, group, n);
}

void
alerts_notices(struct alerts *alerts, struct notices *out)
{
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		const struct alert_rule *rule = &alerts->rules[i];

		if (rule->muted)
			continue;
		/* What it has come to is told last. */
		if (rule->fires.count > 0 && !rule->fired_last)
			add_notice(alerts, rule, &rule->fires, false, out);
		if (rule->clears.count > 0)
			add_notice(alerts, rule, &rule->clears, true, out);
		if (rule->fires.count > 0 && rule->fired_last)
			add_notice(alerts, rule, &rule->fires, false, out);
	}
}

/* ---- Escaping ---- */

/* C0, DEL, C1, and what turns the direction of the text behind it. */
static bool
is_control(const char *at, unsigned size)
{
	unsigned char c = (unsigned char)at[0], d, e;

	if (size == 1)
		return c < 0x20 || c == 0x7f;
	d = (unsigned char)at[1];
	if (size == 2)
		return (c == 0xc2 && d < 0xa0) || (c == 0xd8 && d == 0x9c);
	e = (unsigned char)at[2];
	return size == 3 && c == 0xe2 &&
	       ((d == 0x80 &&
		 (e == 0x8e || e == 0x8f || (e >= 0xa8 && e <= 0xae))) ||
		(d == 0x81 && e >= 0xa6 && e <= 0xa9));
}

void
notice_markup(const char *text, size_t size, size_t most, struct buf *out)
{
	const char *at = text, *end = text + size;

	buf_reserve(out, 1);
	while (at < end) {
		unsigned step = utf8_size(at, end);

		if ((size_t)(at - text) + (step ? step : 1) > most) {
			buf_add_str(out, "\xe2\x80\xa6"); /* … */
			return;
		}
		if (step == 0)
			buf_add_str(out, REPLACE);
		else if (*at == '\n' || *at == '\t')
			buf_add_str(out, " ");
		else if (is_control(at, step))
			buf_add_str(out, REPLACE);
		else if (*at == '&')
			buf_add_str(out, "&amp;");
		else if (*at == '<')
			buf_add_str(out, "&lt;");
		else if (*at == '>')
			buf_add_str(out, "&gt;");
		else if (*at == '"')
			buf_add_str(out, "&quot;");
		else if (*at == '\'')
			buf_add_str(out, "&apos;");
		else
			buf_add(out, at, step);
		at += step ? step : 1;
	}
}

void
notice_variable(const char *text, size_t size, struct buf *out)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\0')
			buf_add_str(out, REPLACE);
		else
			buf_add(out, &text[i], 1);
	}
}
