/*
 * The alerts of a view. Of several stores, those of each: a rule that fires in
 * two of them has two alerts, since each has judged its own events only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "aggregate/key.h"
#include "store/alerts-door.h"

/* Before they are sorted, and all but VIEW_ALERTS of them dropped. */
#define GATHERED (4 * VIEW_ALERTS)

/* Borrowed from the read transaction. */
struct entry {
	struct text key;
	struct alert_change is;
	unsigned severity;
};

struct work {
	const struct whole *whole;
	struct view *view;
	/* Of the part that is being read. */
	struct alerts *alerts;
	bool known[PIPELINE_ALERTS_MAX];
	struct entry *entries;
	unsigned len;
	struct buf key, message;
};

static enum view_alert_state
state_of(enum alert_state state)
{
	static const enum view_alert_state states[] = {
	    [ALERT_IDLE] = VIEW_ALERT_CLEARED,
	    [ALERT_PENDING] = VIEW_ALERT_PENDING,
	    [ALERT_FIRING] = VIEW_ALERT_FIRING,
	    [ALERT_ACKNOWLEDGED] = VIEW_ALERT_ACKNOWLEDGED,
	    [ALERT_CLEARED] = VIEW_ALERT_CLEARED,
	};

	return states[state];
}

static void
fill(struct work *work, const struct alert_change *from, struct text key,
     struct view_alert *to)
{
	const struct pipeline *p = work->view->pipeline;
	const struct alert_spec *spec = &p->alerts[from->rule];
	struct alert_words words = {
	    .pipeline = p,
	    .spec = spec,
	    .window_ms = from->window_ms,
	    .value = from->value,
	    .limit = from->limit,
	};

	to->id = from->id;
	to->rule = from->rule;
	to->state = state_of(from->state);
	to->window_ms =
	    from->window_ms == ALERT_NO_WINDOW ? -1 : from->window_ms;
	to->value = from->value;
	to->limit = from->limit;
	to->since_ms = from->since_ms;
	to->fired_ms = from->fired_ms;
	to->at_ms = from->at_ms == ALERT_NO_TIME ? -1 : from->at_ms;
	work->key.size = work->message.size = 0;
	buf_reserve(&work->key, 1);
	if (key.size && spec->table >= 0)
		key_text(p, &p->tables[spec->table], key, &work->key);
	to->key = view_copy(work->view, work->key.data, work->key.size);
	to->key_id = view_copy(work->view, key.data, key.size);
	words.state = view_alert_state_name(to->state);
	words.key = (struct text){work->key.data, work->key.size};
	alert_message(&words, &work->message);
	to->message =
	    view_copy(work->view, work->message.data, work->message.size);
}

/* ---- Rules ---- */

static int
read_rules(struct work *work, const struct part *part)
{
	char first = ALERTS_RULE;
	MDB_val k = val(&first, 1), v;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(part->txn, part->store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const struct alert_rule *rule;
		struct view_rule *to;

		if (k.mv_size < 1 || *(const char *)k.mv_data != first)
			break;
		rule = rule_decode(work->alerts, k, v);
		if (!rule)
			continue;
		work->known[rule - work->alerts->rules] = true;
		to = &work->view->rules[rule - work->alerts->rules];
		to->fired += rule->fired;
		to->beyond += rule->beyond;
		to->muted |= rule->muted;
		if (rule->fired_ms > to->fired_ms)
			to->fired_ms = rule->fired_ms;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* -1: of a rule that is no more. */
static int
rule_of(const struct work *work, uint32_t slot)
{
	for (unsigned i = 0; i < work->alerts->rules_len; i++)
		if (work->known[i] && work->alerts->rules[i].slot == slot)
			return (int)i;
	return -1;
}

/* ---- What is not cleared ---- */

static unsigned
rank_of(enum alert_state state)
{
	return state == ALERT_FIRING ? 0 : state == ALERT_ACKNOWLEDGED ? 1 : 2;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	unsigned p = rank_of(x->is.state), q = rank_of(y->is.state);

	if (p != q)
		return p < q ? -1 : 1;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->is.since_ms != y->is.since_ms)
		return x->is.since_ms > y->is.since_ms ? -1 : 1;
	if (x->is.id != y->is.id)
		return x->is.id > y->is.id ? -1 : 1;
	return text_order(x->key, y->key);
}

static void
gather(struct work *work, const struct alert *alert, unsigned rule,
       struct text key)
{
	struct view_rule *counts = &work->view->rules[rule];
	struct entry *entry;

	switch (alert->state) {
	case ALERT_PENDING:
		counts->pending++;
		break;
	case ALERT_FIRING:
		counts->firing++;
		break;
	case ALERT_ACKNOWLEDGED:
		counts->acknowledged++;
		break;
	default:
		return;
	}
	if (work->len == GATHERED) {
		qsort(work->entries, work->len, sizeof(*work->entries),
		      compare_entries);
		work->len = VIEW_ALERTS;
	}
	entry = &work->entries[work->len++];
	entry->key = key;
	entry->severity = work->view->pipeline->alerts[rule].severity;
	entry->is.rule = rule;
	entry->is.state = alert->state;
	entry->is.id = alert->id;
	entry->is.window_ms = alert->window_ms;
	entry->is.since_ms = alert->since_ms;
	entry->is.fired_ms = alert->fired_ms;
	entry->is.at_ms = alert->at_ms;
	entry->is.value = alert->value;
	entry->is.limit = alert->limit;
}

static int
read_states(struct work *work, const struct part *part)
{
	char first = ALERTS_STATE;
	MDB_val k = val(&first, 1), v;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(part->txn, part->store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data;
		struct alert alert;
		int rule;

		if (k.mv_size < 1 || at[0] != first)
			break;
		if (k.mv_size < 5 || k.mv_size > ALERT_KEY_MAX ||
		    !alert_decode(v, &alert)) {
			rc = MDB_CORRUPTED;
			break;
		}
		rule = rule_of(work, get_be32(at + 1));
		if (rule >= 0)
			gather(work, &alert, (unsigned)rule,
			       (struct text){at + 5, k.mv_size - 5});
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- The log ---- */

/* Newest first, of each part. */
static int
read_log(struct work *work, const struct part *part)
{
	struct view *view = work->view;
	char bound = ALERTS_LOG + 1;
	MDB_val k = val(&bound, 1), v;
	MDB_cursor *cursor;
	unsigned len = 0;
	int rc = mdb_cursor_open(part->txn, part->store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (rc == 0 || rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(cursor, &k, &v, rc ? MDB_LAST : MDB_PREV);
	for (; rc == 0 && len < ALERT_LOG_MAX;
	     rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV)) {
		struct alert_change change;
		uint32_t slot;
		int rule;

		if (k.mv_size != 9 || *(const char *)k.mv_data != ALERTS_LOG)
			break;
		if (!change_decode(v, &change, &slot)) {
			rc = MDB_CORRUPTED;
			break;
		}
		len++;
		rule = rule_of(work, slot);
		if (rule < 0)
			continue;
		change.rule = (unsigned)rule;
		fill(work, &change, (struct text){change.key, change.key_size},
		     &view->alert_log[view->alert_log_len++]);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
compare_log(const void *a, const void *b)
{
	const struct view_alert *x = a, *y = b;

	return x->since_ms > y->since_ms ? -1 : x->since_ms < y->since_ms;
}

/* ---- All ---- */

static int
read_part(struct work *work, const struct part *part, struct err *err)
{
	int rc;

	if (!part->store->has_alerts)
		return 0;
	memset(work->known, 0, sizeof(work->known));
	rc = read_rules(work, part);
	if (rc == 0)
		rc = read_states(work, part);
	if (rc == 0)
		rc = read_log(work, part);
	return rc ? store_fail(err, rc, part->store, "reading alerts") : 0;
}

static void
fill_alerts(struct work *work)
{
	struct view *view = work->view;

	qsort(work->entries, work->len, sizeof(*work->entries),
	      compare_entries);
	if (work->len > VIEW_ALERTS)
		work->len = VIEW_ALERTS;
	view->alerts = view_alloc(view, work->len * sizeof(*view->alerts));
	for (unsigned i = 0; i < work->len; i++)
		fill(work, &work->entries[i].is, work->entries[i].key,
		     &view->alerts[view->alerts_len++]);
}

int
view_read_alerts(const struct whole *whole, struct view *view, struct err *err)
{
	const struct pipeline *p = view->pipeline;
	struct work work = {.whole = whole, .view = view};
	int rc = 0;

	view->rules = view_alloc(view, p->alerts_len * sizeof(*view->rules));
	view->rules_len = p->alerts_len;
	for (unsigned i = 0; i < p->alerts_len; i++)
		view->rules[i].fired_ms = -1;
	if (p->alerts_len == 0)
		return 0;
	view->alert_log = view_alloc(view, whole->parts_len * ALERT_LOG_MAX *
					       sizeof(*view->alert_log));
	work.alerts = alerts_new(p);
	work.entries = xmalloc(GATHERED * sizeof(*work.entries));
	for (unsigned i = 0; rc == 0 && i < whole->parts_len; i++)
		rc = read_part(&work, &whole->parts[i], err);
	if (rc == 0)
		fill_alerts(&work);
	if (whole->parts_len > 1) {
		qsort(view->alert_log, view->alert_log_len,
		      sizeof(*view->alert_log), compare_log);
		if (view->alert_log_len > ALERT_LOG_MAX)
			view->alert_log_len = ALERT_LOG_MAX;
	}
	free(work.entries);
	alerts_free(work.alerts);
	buf_release(&work.key);
	buf_release(&work.message);
	return rc;
}
