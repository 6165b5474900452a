/*
 * The flow, second by second: what its counters say over the last seconds.
 */
#include <string.h>

#include "alert/alert.h"

static const struct text no_key = {"", 0};

/*
 * Changes in the last seconds, or in those that are known: a first one need not
 * wait until all are. While no weir runs there are none, so what has come since
 * the last second of another run came in its very last moments.
 */
static int64_t
changes(const struct alerts *alerts, int64_t over_ms)
{
	size_t seconds = (size_t)(over_ms / 1000);
	size_t last = alerts->seconds_len - 1;

	return alerts->seconds[last].changes -
	       (last >= seconds ? alerts->seconds[last - seconds].changes
				: alerts->changes_before);
}

/* Consumed and dead in the last seconds; false: they are not all known. */
static bool
look_back(const struct alerts *alerts, int64_t over_ms, int64_t *consumed,
	  int64_t *dead)
{
	size_t seconds = (size_t)(over_ms / 1000);
	const struct alert_second *last, *before;

	if (alerts->seconds_len <= seconds)
		return false;
	last = &alerts->seconds[alerts->seconds_len - 1];
	before = last - seconds;
	*consumed = last->consumed - before->consumed;
	*dead = last->dead - before->dead;
	return true;
}

/* False: it cannot be said now, and nothing changes. */
static bool
flow_value(const struct alerts *alerts, const struct alert_spec *spec,
	   struct value *value)
{
	int64_t consumed, dead;

	switch (spec->flow) {
	case ALERT_LAG:
		*value = value_int(alerts->last.lag);
		return true;
	case ALERT_SILENCE:
		*value = value_int(alerts->silent_s);
		return true;
	case ALERT_RATE:
		if (!look_back(alerts, spec->over_ms, &consumed, &dead))
			return false;
		*value =
		    value_real((double)consumed * 1000 / (double)spec->over_ms);
		return true;
	case ALERT_DEAD_SHARE:
		if (!look_back(alerts, spec->over_ms, &consumed, &dead))
			return false;
		*value = consumed > 0
			     ? value_real((double)dead / (double)consumed)
			     : value_none();
		return true;
	case ALERT_SCHEMA:
		*value = value_int(changes(alerts, spec->over_ms));
		return true;
	default:
		return false;
	}
}

/* The last ALERT_OVER_MAX; a hole, or a clock set back, begins anew. */
static bool
keep_second(struct alerts *alerts, const struct alert_second *second)
{
	bool next = alerts->last.second >= 0 &&
		    second->second == alerts->last.second + 1;

	if (alerts->last.second >= 0 &&
	    second->consumed <= alerts->last.consumed)
		alerts->silent_s++;
	else
		alerts->silent_s = 0;
	if (!next) {
		alerts->seconds_len = 0;
		alerts->changes_before = alerts->last.second >= 0
					     ? alerts->last.changes
					     : second->changes;
	}
	if (alerts->seconds_len == ALERT_OVER_MAX) {
		memmove(&alerts->seconds[0], &alerts->seconds[1],
			(ALERT_OVER_MAX - 1) * sizeof(alerts->seconds[0]));
		alerts->seconds_len--;
	}
	alerts->seconds[alerts->seconds_len++] = *second;
	alerts->last = *second;
	return next;
}

void
alerts_known_second(struct alerts *alerts, const struct alert_second *second)
{
	int64_t silent_s = alerts->silent_s;

	keep_second(alerts, second);
	alerts->silent_s = silent_s;
}

void
alerts_second(struct alerts *alerts, const struct alert_second *second)
{
	int64_t time_ms = second->second * 1000 + 1000;
	bool goes_on;

	/* A run that begins in the second in which another one ended. */
	if (second->second == alerts->last.second)
		return;
	goes_on = keep_second(alerts, second);
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];
		const struct alert_spec *spec = rule->spec;
		enum alert_verdict verdict;
		struct alert *alert;
		struct value value;

		if (spec->kind != ALERT_FLOW)
			continue;
		alert = alert_find(rule, no_key);
		/* What nobody has seen does not count as time that it held. */
		if (alert && !goes_on && alert->state == ALERT_PENDING)
			alert->run_ms = ALERT_NO_TIME;
		if (!flow_value(alerts, spec, &value))
			continue;
		verdict = alert_judge(spec, value);
		if (verdict == VERDICT_HOLDS && !alert)
			alert = alert_find_or_add(alerts, rule, no_key);
		if (alert)
			alert_observe(alerts, rule, alert, verdict, value,
				      spec->limit, ALERT_NO_WINDOW, time_ms);
	}
}
