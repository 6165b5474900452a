#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/alloc.h"
#include "base/hash.h"

#define VALUE_EVERY_MS 1000 /* a value that only moves is stored so often */

/* ---- What a rule keeps ---- */

static void
link_alert(struct alert_rule *rule, struct alert *alert)
{
	struct alert **bucket =
	    &rule->buckets[alert->hash & (rule->buckets_len - 1)];

	alert->next = *bucket;
	*bucket = alert;
}

static void
grow(struct alert_rule *rule)
{
	if (rule->len < rule->room)
		return;
	rule->room = rule->room ? rule->room * 2 : 16;
	rule->alerts =
	    xrealloc(rule->alerts, rule->room * sizeof(struct alert *));
	free(rule->buckets);
	rule->buckets_len = rule->room;
	rule->buckets = xcalloc(rule->buckets_len, sizeof(struct alert *));
	for (size_t i = 0; i < rule->len; i++)
		link_alert(rule, rule->alerts[i]);
}

struct alert *
alerts_add(struct alert_rule *rule, struct text key)
{
	struct alert *alert = xcalloc(1, sizeof(*alert) + key.size);

	grow(rule);
	alert->hash = hash64(key.data, key.size);
	alert->key_size = (uint32_t)key.size;
	if (key.size)
		memcpy(alert->key, key.data, key.size);
	alert->window_ms = alert->seen_ms = ALERT_NO_WINDOW;
	alert->run_ms = alert->cleared_at_ms = alert->at_ms = ALERT_NO_TIME;
	alert->fired_ms = -1;
	alert->at = rule->len;
	rule->alerts[rule->len++] = alert;
	link_alert(rule, alert);
	return alert;
}

static void
remove_alert(struct alert_rule *rule, struct alert *alert)
{
	struct alert **at =
	    &rule->buckets[alert->hash & (rule->buckets_len - 1)];

	while (*at != alert)
		at = &(*at)->next;
	*at = alert->next;
	rule->alerts[alert->at] = rule->alerts[--rule->len];
	rule->alerts[alert->at]->at = alert->at;
	free(alert);
}

struct alert *
alert_find(const struct alert_rule *rule, struct text key)
{
	struct alert *alert;
	uint64_t hash;

	if (rule->len == 0)
		return NULL;
	hash = hash64(key.data, key.size);
	alert = rule->buckets[hash & (rule->buckets_len - 1)];
	while (alert &&
	       (alert->hash != hash || alert->key_size != key.size ||
		(key.size && memcmp(alert->key, key.data, key.size) != 0)))
		alert = alert->next;
	return alert;
}

struct alert *
alert_find_or_add(struct alerts *alerts, struct alert_rule *rule,
		  struct text key)
{
	struct alert *alert = alert_find(rule, key);

	if (!alert && rule->len < alerts->kept_max)
		alert = alerts_add(rule, key);
	if (alert)
		alert->gone = false;
	return alert;
}

void
alert_mark(struct alerts *alerts, struct alert *alert)
{
	if (alert->dirty)
		return;
	alert->dirty = true;
	alert->dirty_next = alerts->dirty;
	alerts->dirty = alert;
}

/* ---- Begin and end ---- */

/* Whether a measure of a row, once it is beyond a limit, stays there. */
static bool
only_grows(const struct pipeline *p, const struct table_spec *table,
	   unsigned measure)
{
	const struct measure *m = &table->measures[measure];
	const struct field *field;

	if (m->kind == MEASURE_COUNT || m->kind == MEASURE_MAXIMUM ||
	    m->kind == MEASURE_DISTINCT)
		return true;
	if (m->kind != MEASURE_SUM)
		return false;
	field = &p->event.fields[m->field];
	return field->has_min && field->min >= 0;
}

static bool
is_early(const struct pipeline *p, const struct alert_spec *spec)
{
	const struct table_spec *table;
	bool grows;
	enum measure_kind kind;

	if (spec->table < 0 || spec->change_windows)
		return false;
	if (spec->measure < 0)
		return !spec->below; /* the number of keys */
	table = &p->tables[spec->table];
	kind = table->measures[spec->measure].kind;
	grows = only_grows(p, table, (unsigned)spec->measure);
	if (spec->kind == ALERT_KEYS)
		return spec->below ? kind == MEASURE_MINIMUM : grows;
	switch (spec->summary) {
	case ALERT_SUMMARY_TOTAL:
		return spec->below ? kind == MEASURE_MINIMUM
				   : grows && (measure_adds_up(kind) ||
					       kind == MEASURE_MAXIMUM);
	case ALERT_SUMMARY_MAXIMUM:
		return !spec->below && grows;
	case ALERT_SUMMARY_MINIMUM:
		return spec->below && kind == MEASURE_MINIMUM;
	default:
		return false;
	}
}

struct alerts *
alerts_new(const struct pipeline *p)
{
	struct alerts *alerts = xcalloc(1, sizeof(*alerts));

	alerts->pipeline = p;
	alerts->kept_max = ALERT_KEPT_MAX;
	alerts->next_id = alerts->next_change = alerts->next_notice = 1;
	alerts->last.second = -1;
	for (unsigned i = 0; i < p->tables_len; i++)
		row_layout_init(&alerts->layouts[i], p, &p->tables[i]);
	for (unsigned i = 0; i < p->alerts_len; i++) {
		const struct alert_spec *spec = &p->alerts[i];
		struct alert_rule *rule = &alerts->rules[alerts->rules_len++];

		rule->spec = spec;
		rule->fired_ms = -1;
		rule->judged_ms = ALERT_NO_WINDOW;
		rule->early = is_early(p, spec);
		if (spec->table < 0)
			continue;
		rule->table = &p->tables[spec->table];
		rule->layout = &alerts->layouts[spec->table];
	}
	return alerts;
}

void
alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		for (size_t j = 0; j < rule->len; j++)
			free(rule->alerts[j]);
		free(rule->alerts);
		free(rule->buckets);
		free(rule->fires.examples);
		free(rule->clears.examples);
	}
	free(alerts);
}

bool
alerts_watch(const struct alerts *alerts, unsigned table)
{
	for (unsigned i = 0; i < alerts->rules_len; i++)
		if (alerts->rules[i].spec->kind == ALERT_KEYS &&
		    alerts->rules[i].spec->table == (int)table)
			return true;
	return false;
}

/* ---- Transitions ---- */

static void
log_change(struct alerts *alerts, const struct alert_rule *rule,
	   const struct alert *alert, enum alert_state state)
{
	struct alert_change *to =
	    &alerts->changes[alerts->changes_len++ % ALERT_LOG_MAX];

	to->rule = (unsigned)(rule - alerts->rules);
	to->state = state;
	to->id = alert->id;
	to->window_ms = alert->window_ms;
	to->since_ms = alert->since_ms;
	to->fired_ms = alert->fired_ms;
	to->at_ms = alert->at_ms;
	to->value = alert->value;
	to->limit = alert->limit;
	to->key_size = alert->key_size;
	memcpy(to->key, alert->key, alert->key_size);
	if (alerts->on_change)
		alerts->on_change(alerts->on_change_ctx, to);
}

/* Keeps the furthest beyond the limit. */
static void
add_example(struct alert_group *group, const struct alert *alert, bool below)
{
	double value = value_double(alert->value);
	struct alert_example *to;
	unsigned at = group->len;

	group->count++;
	if (!group->examples)
		group->examples =
		    xcalloc(ALERT_EXAMPLES, sizeof(*group->examples));
	while (at > 0) {
		double other = value_double(group->examples[at - 1].value);

		if (below ? value >= other : value <= other)
			break;
		at--;
	}
	if (at == ALERT_EXAMPLES)
		return;
	if (group->len < ALERT_EXAMPLES)
		group->len++;
	memmove(&group->examples[at + 1], &group->examples[at],
		(group->len - 1 - at) * sizeof(*group->examples));
	to = &group->examples[at];
	to->id = alert->id;
	to->window_ms = alert->window_ms;
	to->at_ms = alert->at_ms;
	to->value = alert->value;
	to->limit = alert->limit;
	to->key_size = alert->key_size;
	memcpy(to->key, alert->key, alert->key_size);
}

/* The clock's time of what happens now. */
static int64_t
clock_of(const struct alerts *alerts, const struct alert_rule *rule,
	 int64_t time_ms)
{
	return rule->table ? alerts->now.now_ms : time_ms;
}

static void
fire(struct alerts *alerts, struct alert_rule *rule, struct alert *alert,
     int64_t time_ms)
{
	alert->state = ALERT_FIRING;
	alert->id = alerts->next_id++;
	alert->since_ms = alert->fired_ms = clock_of(alerts, rule, time_ms);
	alert->at_ms = time_ms;
	rule->fired++;
	rule->fired_ms = alert->fired_ms;
	rule->dirty = true;
	log_change(alerts, rule, alert, ALERT_FIRING);
	add_example(&rule->fires, alert, rule->spec->below);
	rule->fired_last = true;
}

static void
clear(struct alerts *alerts, struct alert_rule *rule, struct alert *alert,
      int64_t time_ms)
{
	alert->since_ms = clock_of(alerts, rule, time_ms);
	alert->at_ms = alert->cleared_at_ms = time_ms;
	log_change(alerts, rule, alert, ALERT_CLEARED);
	add_example(&rule->clears, alert, rule->spec->below);
	rule->fired_last = false;
	alert->state = ALERT_IDLE;
	alert->id = 0;
}

static bool
held_long_enough(const struct alert_rule *rule, const struct alert *alert,
		 int64_t time_ms)
{
	int64_t for_ms = rule->spec->for_ms;

	if (for_ms == 0)
		return true;
	return time_ms != ALERT_NO_TIME && alert->run_ms != ALERT_NO_TIME &&
	       time_ms - alert->run_ms >= for_ms;
}

static bool
cooled_down(const struct alert_rule *rule, const struct alert *alert,
	    int64_t time_ms)
{
	return alert->cleared_at_ms == ALERT_NO_TIME ||
	       time_ms == ALERT_NO_TIME ||
	       time_ms - alert->cleared_at_ms >= rule->spec->cooldown_ms;
}

void
alert_observe(struct alerts *alerts, struct alert_rule *rule,
	      struct alert *alert, enum alert_verdict verdict,
	      struct value value, struct value limit, int64_t window_ms,
	      int64_t time_ms)
{
	enum alert_state before = alert->state;
	int64_t begins_ms = time_ms;

	if (window_ms != ALERT_NO_WINDOW) {
		begins_ms = window_ms;
		time_ms = window_ms + rule->table->window_ms;
	}
	if (verdict == VERDICT_HOLDS) {
		alert->window_ms = window_ms;
		alert->value = value;
		alert->limit = limit;
		if (alert->state == ALERT_IDLE) {
			alert->state = ALERT_PENDING;
			alert->run_ms = begins_ms;
			alert->since_ms = clock_of(alerts, rule, time_ms);
			alert->at_ms = time_ms;
		}
		if (alert->run_ms == ALERT_NO_TIME)
			alert->run_ms = begins_ms;
		if (alert->state == ALERT_PENDING &&
		    held_long_enough(rule, alert, time_ms) &&
		    cooled_down(rule, alert, time_ms))
			fire(alerts, rule, alert, time_ms);
	} else if (alert->state == ALERT_PENDING) {
		alert->state = ALERT_IDLE;
		alert->since_ms = clock_of(alerts, rule, time_ms);
		alert->at_ms = time_ms;
	} else if (alert->state != ALERT_IDLE) {
		/* What it has come to is what is told of it. */
		alert->value = value;
		alert->limit = limit;
		if (verdict == VERDICT_CLEAR)
			clear(alerts, rule, alert, time_ms);
	}
	if (alert->state != before ||
	    (alert->state != ALERT_IDLE &&
	     alerts->now.now_ms - alert->written_ms >= VALUE_EVERY_MS))
		alert_mark(alerts, alert);
}

/* ---- A commit ---- */

void
alerts_begin(struct alerts *alerts, const struct alert_moment *now)
{
	alerts->now = *now;
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		rule->fires.count = rule->clears.count = 0;
		rule->fires.len = rule->clears.len = 0;
	}
	alerts->changes_len = 0;
}

static void
acknowledge(struct alerts *alerts, struct alert_rule *rule, uint64_t id)
{
	for (size_t i = 0; i < rule->len; i++) {
		struct alert *alert = rule->alerts[i];

		if (alert->state != ALERT_FIRING || (id && alert->id != id))
			continue;
		alert->state = ALERT_ACKNOWLEDGED;
		alert->since_ms = alerts->now.now_ms;
		log_change(alerts, rule, alert, ALERT_ACKNOWLEDGED);
		alert_mark(alerts, alert);
	}
}

void
alerts_command(struct alerts *alerts, const struct alert_command *command)
{
	if (command->kind == ALERT_ACKNOWLEDGE) {
		for (unsigned i = 0; i < alerts->rules_len; i++)
			acknowledge(alerts, &alerts->rules[i], command->id);
	} else if (command->rule < alerts->rules_len) {
		struct alert_rule *rule = &alerts->rules[command->rule];

		rule->muted = command->kind == ALERT_MUTE;
		rule->dirty = true;
	}
}

/* Whether an idle alert still has something to wait for. */
static bool
is_needed(const struct alerts *alerts, const struct alert_rule *rule,
	  const struct alert *alert)
{
	int64_t next_ms; /* the earliest of the rule's times to come */

	if (rule->table && rule->table->window_ms) {
		if (alert->seen_ms != ALERT_NO_WINDOW &&
		    (rule->judged_ms == ALERT_NO_WINDOW ||
		     alert->seen_ms >= rule->judged_ms))
			return true;
		next_ms = rule->judged_ms == ALERT_NO_WINDOW
			      ? ALERT_NO_TIME
			      : rule->judged_ms + rule->table->window_ms;
	} else {
		next_ms = rule->table ? alerts->now.watermark_ms
				      : alerts->last.second * 1000 + 2000;
	}
	return !cooled_down(rule, alert, next_ms);
}

void
alerts_end(struct alerts *alerts)
{
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		for (size_t j = 0; j < rule->len; j++) {
			struct alert *alert = rule->alerts[j];

			alert->touched = false;
			if (alert->state != ALERT_IDLE ||
			    is_needed(alerts, rule, alert))
				continue;
			alert->gone = true;
			alert_mark(alerts, alert);
		}
	}
}

void
alerts_done(struct alerts *alerts)
{
	alerts->next_change += alerts->changes_len;
	alerts->changes_len = 0;
	for (struct alert *alert = alerts->dirty; alert;
	     alert = alert->dirty_next) {
		alert->dirty = false;
		alert->written_ms = alerts->now.now_ms;
	}
	alerts->dirty = NULL;
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		rule->dirty = false;
		for (size_t j = rule->len; j-- > 0;)
			if (rule->alerts[j]->gone)
				remove_alert(rule, rule->alerts[j]);
	}
}
