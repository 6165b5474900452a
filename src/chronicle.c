#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chronicle.h"

static unsigned
ended(const struct view *view)
{
	unsigned n = 0;

	for (unsigned i = 0; i < view->partitions_len; i++)
		n += view->partitions[i].state == VIEW_PARTITION_ENDED;
	return n;
}

static void
tell_partitions(const struct chronicle *before, const struct view *view,
		struct log *log)
{
	for (unsigned i = before->partitions; i < view->partitions_len; i++) {
		const struct view_partition *p = &view->partitions[i];

		log_add(log, view->commit_ms, LEVEL_NOTE,
			"partition %" PRId32 " of %s is new: from offset "
			"%" PRId64 " on",
			p->id, p->topic, p->begin);
	}
	if (ended(view) > before->ended)
		log_add(log, view->commit_ms, LEVEL_WARNING,
			"partitions that have ended (made anew, gone, or read "
			"on by others): %u more",
			ended(view) - before->ended);
}

static void
tell_change(const struct view *view, const struct view_change *change,
	    struct log *log)
{
	const struct view_seen *field = &view->seen[change->field];
	const struct view_position *p = &change->position;
	char where[LOG_TEXT_MAX];

	snprintf(where, sizeof(where), "%s[%" PRId32 "]@%" PRId64,
		 p->topic ? p->topic : "?", p->partition, p->offset);
	switch (change->kind) {
	case VIEW_CHANGE_APPEARED:
		log_add(log, change->time_ms, LEVEL_WARNING,
			"field %.*s appeared: %s, %s", (int)field->name.size,
			field->name.data, where, view_type_name(change->type));
		break;
	case VIEW_CHANGE_VANISHED:
		log_add(log, change->time_ms, LEVEL_WARNING,
			"field %.*s vanished: last in %s",
			(int)field->name.size, field->name.data, where);
		break;
	case VIEW_CHANGE_TYPE:
		log_add(log, change->time_ms, LEVEL_WARNING,
			"field %.*s has a new type: %s, %s",
			(int)field->name.size, field->name.data, where,
			view_type_name(change->type));
		break;
	}
}

/* Oldest first, as the log is read backwards. */
static void
tell_changes(const struct chronicle *before, const struct view *view,
	     struct log *log)
{
	int64_t more = view->changes_total - before->changes;
	unsigned told = view->changes_len;

	if (more < told)
		told = more < 0 ? 0 : (unsigned)more;
	if (more > told)
		log_add(log, view->commit_ms, LEVEL_WARNING,
			"%" PRId64 " more changes of fields", more - told);
	while (told-- > 0)
		tell_change(view, &view->changes[told], log);
}

static enum log_level
alert_level(const struct view *view, const struct view_alert *alert)
{
	static const enum log_level levels[] = {
	    [SEVERITY_INFO] = LEVEL_NOTE,
	    [SEVERITY_WARNING] = LEVEL_WARNING,
	    [SEVERITY_CRITICAL] = LEVEL_ERROR,
	};

	return alert->state == VIEW_ALERT_FIRING
		   ? levels[view->pipeline->alerts[alert->rule].severity]
		   : LEVEL_NOTE;
}

static void
tell_alert(const struct view *view, const struct view_alert *alert,
	   struct log *log)
{
	struct view_text key = alert->key, message = alert->message;

	/* Most messages say which key it is. */
	if (message.size &&
	    memmem(message.data, message.size, key.data, key.size))
		key.size = 0;
	log_add(log, alert->since_ms, alert_level(view, alert),
		"alert %s: %s%s%.*s%s%.*s", view_alert_state_name(alert->state),
		view->pipeline->alerts[alert->rule].name, key.size ? ", " : "",
		(int)key.size, key.size ? key.data : "",
		message.size ? ": " : "", (int)message.size,
		message.size ? message.data : "");
}

/* Oldest first, as the log is read backwards. */
static void
tell_alerts(const struct chronicle *before, const struct view *view,
	    struct log *log)
{
	unsigned len = 0, told;

	while (len < view->alert_log_len &&
	       view->alert_log[len].since_ms > before->alert_ms)
		len++;
	told = len < CHRONICLE_ALERTS ? len : CHRONICLE_ALERTS;
	if (len > told)
		log_add(log, view->alert_log[told].since_ms, LEVEL_WARNING,
			"%u more changes of alerts", len - told);
	while (told-- > 0)
		tell_alert(view, &view->alert_log[told], log);
}

static void
count_reasons(const struct view *view, int64_t by_reason[REASONS])
{
	memset(by_reason, 0, REASONS * sizeof(*by_reason));
	for (unsigned i = 0; i < view->reasons_len; i++)
		for (unsigned j = 0; j < REASONS; j++)
			if (strcmp(view->reasons[i].name,
				   reason_name((enum reason)j)) == 0)
				by_reason[j] = view->reasons[i].count;
}

/* Whether a newer letter is about the same. */
static bool
named_before(const struct view *view, unsigned i)
{
	const struct view_dead *dead = &view->dead[i];

	for (unsigned j = 0; j < i; j++) {
		const struct view_dead *newer = &view->dead[j];

		if (newer->reason_name == dead->reason_name &&
		    newer->field == dead->field && newer->rule == dead->rule)
			return true;
	}
	return false;
}

/* The fields and rules that a reason is about, of the newest letters. */
static void
name_fields(const struct view *view, const char *reason, int64_t newest,
	    struct buf *out)
{
	unsigned named = 0;

	for (unsigned i = 0; i < view->dead_len && i < newest; i++) {
		const struct view_dead *dead = &view->dead[i];

		if (dead->reason_name != reason || !dead->field ||
		    named_before(view, i))
			continue;
		buf_addf(out, "%s%s", named++ ? ", " : " (", dead->field);
		if (dead->rule)
			buf_addf(out, ": %s", dead->rule);
	}
	if (named)
		buf_add_str(out, ")");
}

/* Whether it is time for a line, and how long until the next. */
static bool
is_due(struct chronicle_dead *dead, const int64_t *more, int64_t now_ms)
{
	int64_t past_ms = now_ms - dead->told_ms;
	bool known = true;

	for (unsigned i = 0; i < REASONS; i++)
		known = known && (more[i] <= 0 || dead->told[i]);
	if (dead->told_ms &&
	    past_ms < (known ? dead->wait_ms : CHRONICLE_DEAD_MS))
		return false;
	/* They had stopped: a beginning again. */
	if (!dead->told_ms || past_ms >= 2 * dead->wait_ms) {
		memset(dead->told, 0, sizeof(dead->told));
		dead->wait_ms = CHRONICLE_DEAD_MS;
	} else if (known) {
		dead->wait_ms *= 2;
		if (dead->wait_ms > CHRONICLE_DEAD_MAX_MS)
			dead->wait_ms = CHRONICLE_DEAD_MAX_MS;
	}
	for (unsigned i = 0; i < REASONS; i++)
		dead->told[i] = dead->told[i] || more[i] > 0;
	return true;
}

bool
chronicle_tell_dead(struct chronicle_dead *dead, const struct view *view,
		    struct buf *out)
{
	int64_t now[REASONS], more[REASONS], all = 0;
	const char *before = ":";

	count_reasons(view, now);
	for (unsigned i = 0; i < REASONS; i++) {
		more[i] = now[i] - dead->by_reason[i];
		all += more[i];
	}
	if (dead->begun && (all <= 0 || !is_due(dead, more, view->commit_ms)))
		return false;
	memcpy(dead->by_reason, now, sizeof(now));
	if (!dead->begun) {
		dead->begun = true;
		return false;
	}
	dead->told_ms = view->commit_ms;
	buf_addf(out, "%" PRId64 " dead letter%s", all, all == 1 ? "" : "s");
	for (;;) {
		unsigned most = 0;

		for (unsigned i = 1; i < REASONS; i++)
			if (more[i] > more[most])
				most = i;
		if (more[most] <= 0)
			return true;
		buf_addf(out, "%s %" PRId64 " %s", before, more[most],
			 reason_text((enum reason)most));
		name_fields(view, reason_name((enum reason)most), all, out);
		more[most] = 0;
		before = ",";
	}
}

static void
tell_dead(struct chronicle_dead *dead, const struct view *view, struct log *log)
{
	struct buf text = BUF_INIT;

	if (chronicle_tell_dead(dead, view, &text))
		log_add(log, view->commit_ms, LEVEL_WARNING, "%s", text.data);
	buf_release(&text);
}

void
chronicle_add(struct chronicle *chronicle, const struct view *view,
	      struct log *log)
{
	if (!chronicle->begun) {
		log_add(log, view->commit_ms, LEVEL_NOTE,
			"pipeline %s, %s, topic %s, commit %" PRIu64,
			view->pipeline->name, view->source, view->topic,
			view->commit);
	} else {
		tell_partitions(chronicle, view, log);
		tell_changes(chronicle, view, log);
		tell_alerts(chronicle, view, log);
		if (view->ledger.lost > chronicle->lost)
			log_add(log, view->commit_ms, LEVEL_WARNING,
				"%" PRId64 " events are lost: they were gone "
				"from the topic before they were read",
				view->ledger.lost - chronicle->lost);
		if (view->balanced != chronicle->balanced)
			log_add(log, view->commit_ms,
				view->balanced ? LEVEL_NOTE : LEVEL_ERROR,
				"the ledger %s at commit %" PRIu64,
				view->balanced ? "balances again"
					       : "does not balance",
				view->commit);
	}
	tell_dead(&chronicle->dead, view, log);
	chronicle->begun = true;
	chronicle->partitions = view->partitions_len;
	chronicle->ended = ended(view);
	chronicle->lost = view->ledger.lost;
	chronicle->changes = view->changes_total;
	chronicle->balanced = view->balanced;
	if (view->alert_log_len > 0 &&
	    view->alert_log[0].since_ms > chronicle->alert_ms)
		chronicle->alert_ms = view->alert_log[0].since_ms;
}
