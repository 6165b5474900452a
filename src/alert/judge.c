/*
 * Judging: what rows, summaries and seconds are against the limits of rules,
 * and in which order windows have their turn.
 */
#include <string.h>

#include "alert/alert.h"

/* Windows without an event in a row that are judged one by one. */
#define GAP_MAX 10000

/* ---- Values and limits ---- */

/* As memcmp(); whole numbers exactly. Both are known. */
static int
order(struct value a, struct value b)
{
	double x, y;

	if (a.kind == VALUE_INT && b.kind == VALUE_INT)
		return a.i < b.i ? -1 : a.i > b.i;
	x = value_double(a);
	y = value_double(b);
	return x < y ? -1 : x > y;
}

static enum alert_verdict
judge(const struct alert_spec *spec, struct value value, struct value limit,
      struct value clear)
{
	int to_limit, to_clear;

	if (value.kind == VALUE_NONE)
		return VERDICT_CLEAR;
	to_limit = order(value, limit);
	to_clear = order(value, clear);
	if (spec->below ? to_limit < 0 : to_limit > 0)
		return VERDICT_HOLDS;
	if (!spec->has_clear)
		return VERDICT_CLEAR;
	return (spec->below ? to_clear > 0 : to_clear < 0) ? VERDICT_CLEAR
							   : VERDICT_BETWEEN;
}

enum alert_verdict
alert_judge(const struct alert_spec *spec, struct value value)
{
	return judge(spec, value, spec->limit, spec->clear);
}

/* The value of a key, or of a summary, without any event. */
static struct value
nothing(const struct alert_rule *rule)
{
	const struct alert_spec *spec = rule->spec;
	enum measure_kind kind;

	if (spec->kind == ALERT_SUMMARY) {
		if (spec->summary == ALERT_SUMMARY_KEYS)
			return value_int(0);
		if (spec->summary != ALERT_SUMMARY_TOTAL)
			return value_none();
	}
	kind = rule->layout->cells[spec->measure].kind;
	return measure_adds_up(kind) || kind == MEASURE_DISTINCT ? value_int(0)
								 : value_none();
}

static struct value
summary_value(const struct alert_rule *rule,
	      const struct group_summary *summary)
{
	const struct row_layout *layout = rule->layout;
	struct value total = row_value(layout, summary->total, layout->rank);

	switch (rule->spec->summary) {
	case ALERT_SUMMARY_KEYS:
		return value_int(summary->keys);
	case ALERT_SUMMARY_TOTAL:
		return total;
	case ALERT_SUMMARY_AVERAGE:
		if (layout->cells[layout->rank].kind == MEASURE_AVERAGE)
			return total;
		if (summary->keys == 0 || total.kind == VALUE_NONE)
			return value_none();
		return value_real(value_double(total) / (double)summary->keys);
	case ALERT_SUMMARY_MINIMUM:
		return summary->ranked > 0
			   ? row_rank_value(layout, summary->min_bits)
			   : value_none();
	case ALERT_SUMMARY_MAXIMUM:
		return summary->ranked > 0
			   ? row_rank_value(layout, summary->max_bits)
			   : value_none();
	default:
		return value_none();
	}
}

/* ---- Asking the source ---- */

struct judging {
	struct alerts *alerts;
	struct alert_rule *rule;
	const struct alert_source *source;
	unsigned table;
	int64_t window_ms;
	/* Of changes: where the table begins, if it has begun. */
	bool begun;
	int64_t first_ms;
	int rc; /* of the source, within a walk through rows */
};

/* *there: whether there was an event. */
static int
ask(const struct judging *j, int64_t window_ms, struct text key,
    struct value *value, bool *there)
{
	const struct alert_source *source = j->source;
	struct group_summary summary;
	const void *row;
	int rc;

	*value = nothing(j->rule);
	if (j->rule->spec->kind == ALERT_SUMMARY) {
		rc =
		    source->summary(source->ctx, j->table, window_ms, &summary);
		if (rc == 0)
			*value = summary_value(j->rule, &summary);
	} else {
		rc = source->row(source->ctx, j->table, window_ms, key, &row);
		if (rc == 0)
			*value = row_value(j->rule->layout, row,
					   (unsigned)j->rule->spec->measure);
	}
	*there = rc == 0;
	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

/*
 * The average over the windows before; not known unless the table goes back so
 * far. Of the windows that hold its first event, only the last counts: the
 * others are of the time before the stream. Where nothing is 0, windows without
 * an event count.
 */
static int
average_before(struct judging *j, struct text key, struct value *average)
{
	const struct table_spec *table = j->rule->table;
	int64_t step_ms = table->advance_ms;
	unsigned windows = j->rule->spec->change_windows, known = 0;
	int64_t from_ms = j->window_ms - windows * step_ms;
	double sum = 0;

	*average = value_none();
	if (!j->begun || j->first_ms + table->window_ms - step_ms > from_ms)
		return 0;
	for (unsigned i = 1; i <= windows; i++) {
		struct value value;
		bool there;
		int rc =
		    ask(j, j->window_ms - i * step_ms, key, &value, &there);

		if (rc)
			return rc;
		if (value.kind == VALUE_NONE)
			continue;
		sum += value_double(value);
		known++;
	}
	if (known > 0)
		*average = value_real(sum / known);
	return 0;
}

/* What the value of a window is; *limit is then what it is compared to. */
static int
judge_value(struct judging *j, struct text key, struct value value,
	    struct value *limit, enum alert_verdict *verdict)
{
	const struct alert_spec *spec = j->rule->spec;
	struct value average, clear;
	double mean;
	int rc;

	*limit = spec->limit;
	*verdict = VERDICT_CLEAR;
	if (!spec->change_windows) {
		*verdict = alert_judge(spec, value);
		return 0;
	}
	/* Before anything is looked up: most keys are small. */
	if (value.kind == VALUE_NONE ||
	    (!spec->below && value_double(value) < spec->least))
		return 0;
	rc = average_before(j, key, &average);
	mean = value_double(average);
	if (rc || average.kind == VALUE_NONE || mean <= 0 ||
	    (spec->below && mean < spec->least))
		return rc;
	*limit = value_real(mean * value_double(spec->limit));
	clear = value_real(mean * value_double(spec->clear));
	*verdict = judge(spec, value, *limit, clear);
	return 0;
}

/* ---- Rows without windows ---- */

void
alerts_row(struct alerts *alerts, unsigned table, int64_t window_ms,
	   struct text key, const void *old, const void *now)
{
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];
		const struct alert_spec *spec = rule->spec;
		unsigned measure = (unsigned)spec->measure;
		enum alert_verdict verdict;
		struct alert *alert;
		struct value value;
		bool windowed;

		if (spec->kind != ALERT_KEYS || spec->table != (int)table)
			continue;
		windowed = rule->table->window_ms != 0;
		/* The others are looked at when the window is complete. */
		if (windowed && !rule->early)
			continue;
		value = row_value(rule->layout, now, measure);
		verdict = alert_judge(spec, value);
		if (verdict == VERDICT_HOLDS) {
			alert = alert_find_or_add(alerts, rule, key);
		} else if (windowed) {
			continue;
		} else {
			alert = alert_find(rule, key);
			if (!alert)
				continue;
		}
		if (!alert) {
			/* Each crossing once, not each event behind it. */
			if (!old ||
			    alert_judge(
				spec, row_value(rule->layout, old, measure)) !=
				VERDICT_HOLDS) {
				rule->beyond++;
				rule->dirty = true;
			}
			continue;
		}
		if (!windowed) {
			alert_observe(alerts, rule, alert, verdict, value,
				      spec->limit, ALERT_NO_WINDOW,
				      alerts->now.watermark_ms);
			continue;
		}
		alert->touched = true;
		if (alert->seen_ms == ALERT_NO_WINDOW ||
		    alert->seen_ms < window_ms) {
			alert->seen_ms = window_ms;
			alert_mark(alerts, alert);
		}
	}
}

/* What holds may have held for long enough by now, without a new event. */
static void
go_on(struct alerts *alerts, struct alert_rule *rule)
{
	for (size_t i = 0; i < rule->len; i++) {
		struct alert *alert = rule->alerts[i];

		if (alert->state == ALERT_PENDING)
			alert_observe(alerts, rule, alert, VERDICT_HOLDS,
				      alert->value, alert->limit,
				      ALERT_NO_WINDOW,
				      alerts->now.watermark_ms);
	}
}

static const struct text no_key = {"", 0};

static int
judge_summary(struct alerts *alerts, struct alert_rule *rule, unsigned table,
	      const struct alert_source *source)
{
	struct judging j = {
	    .alerts = alerts, .rule = rule, .source = source, .table = table};
	enum alert_verdict verdict;
	struct alert *alert;
	struct value value;
	bool there;
	int rc = ask(&j, 0, no_key, &value, &there);

	if (rc)
		return rc;
	verdict = alert_judge(rule->spec, value);
	alert = verdict == VERDICT_HOLDS
		    ? alert_find_or_add(alerts, rule, no_key)
		    : alert_find(rule, no_key);
	if (alert)
		alert_observe(alerts, rule, alert, verdict, value,
			      rule->spec->limit, ALERT_NO_WINDOW,
			      alerts->now.watermark_ms);
	return 0;
}

/* ---- Windows ---- */

int64_t
alert_bound(const struct table_spec *table, int64_t watermark_ms)
{
	if (watermark_ms == WATERMARK_NONE)
		return ALERT_NO_WINDOW;
	/* The last that is complete, and the one behind it. */
	return window_start(watermark_ms - table->lateness_ms -
				table->window_ms,
			    table->advance_ms) +
	       table->advance_ms;
}

static int
observe_key(struct judging *j, struct alert *alert, struct text key,
	    struct value value, bool open)
{
	enum alert_verdict verdict;
	struct value limit;
	int rc = judge_value(j, key, value, &limit, &verdict);

	/* Of an open window only what cannot be taken back counts. */
	if (rc || (open && verdict != VERDICT_HOLDS))
		return rc;
	if (!alert && verdict != VERDICT_HOLDS)
		return 0;
	if (!alert)
		alert = alert_find_or_add(j->alerts, j->rule, key);
	if (!alert) {
		j->rule->beyond++;
		j->rule->dirty = true;
		return 0;
	}
	alert_observe(j->alerts, j->rule, alert, verdict, value, limit,
		      j->window_ms, 0);
	return 0;
}

static int
visit_row(void *arg, struct text key, const void *row)
{
	struct judging *j = arg;

	/* Those that are kept have been looked up. */
	if (alert_find(j->rule, key))
		return 0;
	j->rc = observe_key(
	    j, NULL, key,
	    row_value(j->rule->layout, row, (unsigned)j->rule->spec->measure),
	    false);
	return j->rc;
}

/* One window; `open`: it may still take events. */
static int
judge_window(struct judging *j, bool open)
{
	struct alert_rule *rule = j->rule;
	const struct alert_source *source = j->source;
	size_t len = rule->len; /* what comes in is judged as it does */
	struct value value;
	bool there;
	int rc;

	if (rule->spec->kind == ALERT_SUMMARY) {
		rc = ask(j, j->window_ms, no_key, &value, &there);
		return rc ? rc
			  : observe_key(j, alert_find(rule, no_key), no_key,
					value, open);
	}
	for (size_t i = 0; i < len; i++) {
		struct alert *alert = rule->alerts[i];
		struct text key = {alert->key, alert->key_size};

		if (open && !j->alerts->look_back &&
		    (alert->seen_ms == ALERT_NO_WINDOW ||
		     alert->seen_ms < j->window_ms || !alert->touched))
			continue;
		rc = ask(j, j->window_ms, key, &value, &there);
		/* Of keys that do not come, only those in a state are known. */
		if (rc == 0 && !there && alert->state == ALERT_IDLE)
			continue;
		if (rc == 0)
			rc = observe_key(j, alert, key, value, open);
		if (rc)
			return rc;
	}
	if (rule->early && !j->alerts->look_back)
		return 0;
	j->rc = 0;
	rc = source->rows(source->ctx, j->table, j->window_ms, visit_row, j);
	return j->rc ? j->rc : rc == WEIR_NOT_FOUND ? 0 : rc;
}

/* Whether a window without an event means something to the rule. */
static bool
minds_gaps(const struct alert_rule *rule)
{
	if (rule->spec->kind == ALERT_SUMMARY && rule->spec->below)
		return true;
	for (size_t i = 0; i < rule->len; i++)
		if (rule->alerts[i]->state != ALERT_IDLE)
			return true;
	return false;
}

/*
 * A window without an event. There may be thousands of them, and as many
 * alerts: nothing is asked for that is known.
 */
static int
judge_gap(struct judging *j)
{
	struct alert_rule *rule = j->rule;
	struct value value = nothing(rule);
	int rc = 0;

	if (rule->spec->kind == ALERT_SUMMARY)
		return observe_key(j, alert_find(rule, no_key), no_key, value,
				   false);
	for (size_t i = 0; rc == 0 && i < rule->len; i++) {
		struct alert *alert = rule->alerts[i];
		struct text key = {alert->key, alert->key_size};

		if (alert->state != ALERT_IDLE)
			rc = observe_key(j, alert, key, value, false);
	}
	return rc;
}

static int
judge_windows(struct alerts *alerts, struct alert_rule *rule, unsigned table,
	      const struct alert_source *source)
{
	struct judging j = {
	    .alerts = alerts, .rule = rule, .source = source, .table = table};
	int64_t step_ms = rule->table->advance_ms;
	int64_t bound = alert_bound(rule->table, alerts->now.watermark_ms);
	int64_t at = rule->judged_ms, gaps = 0;
	int rc = 0;

	if (bound == ALERT_NO_WINDOW)
		return 0;
	if (rule->spec->change_windows || at == ALERT_NO_WINDOW) {
		rc = source->window(source->ctx, table, INT64_MIN, &j.first_ms);
		j.begun = rc == 0;
		if (rc && rc != WEIR_NOT_FOUND)
			return rc;
		if (at == ALERT_NO_WINDOW)
			at = j.begun && j.first_ms < bound ? j.first_ms : bound;
	}
	while (at < bound) {
		int64_t next = bound;

		rc = source->window(source->ctx, table, at, &next);
		if (rc && rc != WEIR_NOT_FOUND)
			return rc;
		if (rc || next > bound)
			next = bound;
		for (; at < next && minds_gaps(rule) && gaps < GAP_MAX;
		     gaps++) {
			j.window_ms = at;
			rc = judge_gap(&j);
			if (rc)
				return rc;
			at += step_ms;
		}
		at = next;
		if (at >= bound)
			break;
		j.window_ms = at;
		rc = judge_window(&j, false);
		if (rc)
			return rc;
		at += step_ms;
	}
	if (rule->judged_ms != bound) {
		rule->judged_ms = bound;
		rule->dirty = true;
		/* The turn of what was seen before. */
		for (size_t i = 0; i < rule->len; i++)
			rule->alerts[i]->touched = true;
	}
	j.window_ms = bound;
	return rule->early ? judge_window(&j, true) : 0;
}

int
alerts_table(struct alerts *alerts, unsigned table,
	     const struct alert_source *source)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		if (rule->spec->table != (int)table)
			continue;
		if (rule->table->window_ms)
			rc = judge_windows(alerts, rule, table, source);
		else if (rule->spec->kind == ALERT_SUMMARY)
			rc = judge_summary(alerts, rule, table, source);
		else
			go_on(alerts, rule);
	}
	return rc;
}
