/*
 * What is kept of alerts, in the same transactions as the rows that they are
 * about: src/alert/ judges, this asks LMDB for it and stores what comes of it.
 *
 * The writer has all of it in memory. When a commit fails, that is thrown away
 * and read again by the next one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "store/alerts-door.h"

#define META_SIZE 72

/* ---- Records ---- */

static void
encode_alert(const struct alert *a, char data[ALERT_RECORD])
{
	put_u64(data, a->state);
	put_u64(data + 8, a->id);
	put_u64(data + 16, (uint64_t)a->window_ms);
	put_u64(data + 24, (uint64_t)a->seen_ms);
	put_u64(data + 32, (uint64_t)a->run_ms);
	put_u64(data + 40, (uint64_t)a->since_ms);
	put_u64(data + 48, (uint64_t)a->fired_ms);
	put_u64(data + 56, (uint64_t)a->at_ms);
	put_u64(data + 64, (uint64_t)a->cleared_at_ms);
	put_value(data + 72, a->value);
	put_value(data + 88, a->limit);
}

bool
alert_decode(MDB_val data, struct alert *a)
{
	const char *at = data.mv_data;

	if (data.mv_size != ALERT_RECORD || get_u64(at) >= ALERT_CLEARED)
		return false;
	a->state = (enum alert_state)get_u64(at);
	a->id = get_u64(at + 8);
	a->window_ms = (int64_t)get_u64(at + 16);
	a->seen_ms = (int64_t)get_u64(at + 24);
	a->run_ms = (int64_t)get_u64(at + 32);
	a->since_ms = (int64_t)get_u64(at + 40);
	a->fired_ms = (int64_t)get_u64(at + 48);
	a->at_ms = (int64_t)get_u64(at + 56);
	a->cleared_at_ms = (int64_t)get_u64(at + 64);
	return get_value(at + 72, &a->value) && get_value(at + 88, &a->limit);
}

static void
encode_change(const struct alert_change *c, uint32_t slot,
	      char data[CHANGE_RECORD])
{
	put_u64(data, slot);
	put_u64(data + 8, c->state);
	put_u64(data + 16, c->id);
	put_u64(data + 24, (uint64_t)c->window_ms);
	put_u64(data + 32, (uint64_t)c->since_ms);
	put_u64(data + 40, (uint64_t)c->fired_ms);
	put_u64(data + 48, (uint64_t)c->at_ms);
	put_value(data + 56, c->value);
	put_value(data + 72, c->limit);
}

bool
change_decode(MDB_val data, struct alert_change *c, uint32_t *slot)
{
	const char *at = data.mv_data;

	if (data.mv_size < CHANGE_RECORD ||
	    data.mv_size > CHANGE_RECORD + sizeof(c->key) ||
	    get_u64(at + 8) > ALERT_CLEARED)
		return false;
	*slot = (uint32_t)get_u64(at);
	c->state = (enum alert_state)get_u64(at + 8);
	c->id = get_u64(at + 16);
	c->window_ms = (int64_t)get_u64(at + 24);
	c->since_ms = (int64_t)get_u64(at + 32);
	c->fired_ms = (int64_t)get_u64(at + 40);
	c->at_ms = (int64_t)get_u64(at + 48);
	c->key_size = (uint32_t)(data.mv_size - CHANGE_RECORD);
	memcpy(c->key, at + CHANGE_RECORD, c->key_size);
	return get_value(at + 56, &c->value) && get_value(at + 72, &c->limit);
}

static void
encode_rule(const struct alert_rule *rule, char data[RULE_RECORD])
{
	put_u64(data, rule->slot);
	put_u64(data + 8, rule->spec->hash);
	put_u64(data + 16, rule->muted);
	put_u64(data + 24, (uint64_t)rule->fired);
	put_u64(data + 32, (uint64_t)rule->fired_ms);
	put_u64(data + 40, (uint64_t)rule->beyond);
	put_u64(data + 48, (uint64_t)rule->judged_ms);
}

struct alert_rule *
rule_decode(struct alerts *alerts, MDB_val key, MDB_val data)
{
	const char *at = data.mv_data;

	if (data.mv_size != RULE_RECORD)
		return NULL;
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];
		size_t size = strlen(rule->spec->name);

		if (key.mv_size - 1 != size ||
		    memcmp((const char *)key.mv_data + 1, rule->spec->name,
			   size) != 0 ||
		    get_u64(at + 8) != rule->spec->hash)
			continue;
		rule->slot = (uint32_t)get_u64(at);
		rule->muted = get_u64(at + 16) != 0;
		rule->fired = (int64_t)get_u64(at + 24);
		rule->fired_ms = (int64_t)get_u64(at + 32);
		rule->beyond = (int64_t)get_u64(at + 40);
		rule->judged_ms = (int64_t)get_u64(at + 48);
		return rule;
	}
	return NULL;
}

static void
number_key(char key[9], char kind, uint64_t number)
{
	key[0] = kind;
	put_be64(key + 1, number);
}

static size_t
alert_key(const struct alert_rule *rule, const struct alert *alert,
	  char key[ALERT_KEY_MAX])
{
	key[0] = ALERTS_STATE;
	put_be32(key + 1, rule->slot);
	memcpy(key + 5, alert->key, alert->key_size);
	return 5 + alert->key_size;
}

static size_t
rule_key(const struct alert_rule *rule, char key[ALERT_KEY_MAX])
{
	size_t size = strlen(rule->spec->name);

	key[0] = ALERTS_RULE;
	memcpy(key + 1, rule->spec->name, size);
	return 1 + size;
}

/* ---- Loading ---- */

static int
load_numbers(struct store *store, MDB_txn *txn, struct alerts *alerts)
{
	MDB_val k = val(ALERTS_META, 1), v;
	int rc = mdb_get(txn, store->alerts, &k, &v);
	const char *at = v.mv_data;

	if (rc)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (v.mv_size != META_SIZE)
		return MDB_CORRUPTED;
	alerts->next_id = get_u64(at);
	alerts->next_change = get_u64(at + 8);
	alerts->next_notice = get_u64(at + 16);
	alerts->delivered = get_u64(at + 24);
	alerts->next_slot = (uint32_t)get_u64(at + 32);
	alerts->last.second = (int64_t)get_u64(at + 40);
	alerts->last.consumed = (int64_t)get_u64(at + 48);
	alerts->last.dead = (int64_t)get_u64(at + 56);
	alerts->silent_s = (int64_t)get_u64(at + 64);
	return 0;
}

int
store_alert_seconds(struct store *store, MDB_txn *txn, struct alerts *alerts,
		    void (*take)(struct alerts *alerts,
				 const struct alert_second *second))
{
	MDB_cursor *cursor;
	MDB_val k = val("f", 1), v;
	int rc = mdb_cursor_open(txn, store->history, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data, *data = v.mv_data;
		struct alert_second second;

		if (k.mv_size != 9 || at[0] != HISTORY_FLOW ||
		    v.mv_size != SECOND_SIZE)
			break;
		second.second = key_to_i64(get_be64(at + 1));
		second.consumed = (int64_t)get_u64(data + 16);
		second.dead = (int64_t)get_u64(data + 24);
		second.lag = (int64_t)get_u64(data + 32);
		second.changes = (int64_t)get_u64(data + 48);
		take(alerts, &second);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
load_rules(struct store *store, MDB_txn *txn, struct alerts *alerts,
	   bool known[PIPELINE_ALERTS_MAX])
{
	MDB_cursor *cursor;
	char first = ALERTS_RULE;
	MDB_val k = val(&first, 1), v;
	int rc = mdb_cursor_open(txn, store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const struct alert_rule *rule;

		if (k.mv_size < 1 || *(const char *)k.mv_data != ALERTS_RULE)
			break;
		if (v.mv_size != RULE_RECORD) {
			rc = MDB_CORRUPTED;
			break;
		}
		rule = rule_decode(alerts, k, v);
		if (rule)
			known[rule - alerts->rules] = true;
		else
			rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* States of rules that are gone, or are others now, go with them. */
static int
load_states(struct store *store, MDB_txn *txn, struct alerts *alerts,
	    const bool known[PIPELINE_ALERTS_MAX])
{
	MDB_cursor *cursor;
	char first = ALERTS_STATE;
	MDB_val k = val(&first, 1), v;
	int rc = mdb_cursor_open(txn, store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data;
		struct alert_rule *rule = NULL;
		struct alert *alert;
		uint32_t slot;

		if (k.mv_size < 1 || at[0] != ALERTS_STATE)
			break;
		if (k.mv_size < 5 || k.mv_size > ALERT_KEY_MAX) {
			rc = MDB_CORRUPTED;
			break;
		}
		slot = get_be32(at + 1);
		for (unsigned i = 0; i < alerts->rules_len; i++)
			if (known[i] && alerts->rules[i].slot == slot)
				rule = &alerts->rules[i];
		if (!rule) {
			rc = mdb_cursor_del(cursor, 0);
			if (rc)
				break;
			continue;
		}
		alert = alerts_add(rule, (struct text){at + 5, k.mv_size - 5});
		if (!alert_decode(v, alert)) {
			rc = MDB_CORRUPTED;
			break;
		}
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* New rules begin with the windows that are not complete yet. */
static int
begin_rules(struct store *store, MDB_txn *txn, struct alerts *alerts,
	    const bool known[PIPELINE_ALERTS_MAX])
{
	struct store_state state = {.watermark_ms = WATERMARK_NONE};
	MDB_val v;
	int rc = store_get(txn, store->meta, META_STATE, &v);

	if (rc == 0)
		rc = state_decode(v, &state);
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	for (unsigned i = 0; i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		if (known[i])
			continue;
		rule->slot = alerts->next_slot++;
		rule->dirty = true;
		rule->muted = !rule->spec->armed;
		if (rule->table && rule->table->window_ms)
			rule->judged_ms =
			    alert_bound(rule->table, state.watermark_ms);
	}
	return 0;
}

static int
load(struct store *store, MDB_txn *txn)
{
	struct alerts *alerts = alerts_new(store->pipeline);
	bool known[PIPELINE_ALERTS_MAX] = {false};
	/* The seconds that rates and shares look back at. */
	int rc = store_alert_seconds(store, txn, alerts, alerts_known_second);

	if (rc == 0)
		rc = load_numbers(store, txn, alerts);
	if (rc == 0)
		rc = load_rules(store, txn, alerts, known);
	if (rc == 0)
		rc = load_states(store, txn, alerts, known);
	if (rc == 0)
		rc = begin_rules(store, txn, alerts, known);
	if (rc)
		alerts_free(alerts);
	else
		store->rules = alerts;
	return rc;
}

/* ---- In a commit ---- */

int
store_alerts_begin(struct store *store, MDB_txn *txn,
		   const struct store_commit *commit)
{
	struct alert_moment now = {commit->state->commit_ms,
				   commit->state->watermark_ms};
	int rc = store->rules ? 0 : load(store, txn);

	if (rc)
		return rc;
	alerts_begin(store->rules, &now);
	for (unsigned i = 0; i < commit->commands_len; i++)
		alerts_command(store->rules, &commit->commands[i]);
	return 0;
}

static int
save_states(struct store *store, MDB_txn *txn)
{
	struct alerts *alerts = store->rules;
	char key[ALERT_KEY_MAX], data[ALERT_RECORD];
	MDB_val k, v;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < alerts->rules_len; i++) {
		struct alert_rule *rule = &alerts->rules[i];

		for (size_t j = 0; rc == 0 && j < rule->len; j++) {
			const struct alert *alert = rule->alerts[j];

			if (!alert->dirty)
				continue;
			k = val(key, alert_key(rule, alert, key));
			if (alert->gone) {
				rc = mdb_del(txn, store->alerts, &k, NULL);
				if (rc == MDB_NOTFOUND)
					rc = 0;
				continue;
			}
			encode_alert(alert, data);
			v = val(data, sizeof(data));
			rc = mdb_put(txn, store->alerts, &k, &v, 0);
		}
	}
	return rc;
}

static int
save_rules(struct store *store, MDB_txn *txn)
{
	const struct alerts *alerts = store->rules;
	char key[ALERT_KEY_MAX], data[RULE_RECORD];
	MDB_val k, v = val(data, sizeof(data));
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < alerts->rules_len; i++) {
		const struct alert_rule *rule = &alerts->rules[i];

		if (!rule->dirty)
			continue;
		encode_rule(rule, data);
		k = val(key, rule_key(rule, key));
		rc = mdb_put(txn, store->alerts, &k, &v, 0);
	}
	return rc;
}

/* Deletes records of one kind with numbers below `first`, oldest first. */
static int
drop_below(struct store *store, MDB_txn *txn, char kind, uint64_t first)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn, store->alerts, &cursor);

	if (rc)
		return rc;
	for (;;) {
		const char *at;

		k = val(&kind, 1);
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		at = k.mv_data;
		if (rc || k.mv_size != 9 || at[0] != kind ||
		    get_be64(at + 1) >= first)
			break;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
save_changes(struct store *store, MDB_txn *txn)
{
	const struct alerts *alerts = store->rules;
	uint64_t len = alerts->changes_len;
	uint64_t first = len > ALERT_LOG_MAX ? len - ALERT_LOG_MAX : 0;
	uint64_t next = alerts->next_change + len;
	char key[9], data[CHANGE_RECORD + sizeof(alerts->changes[0].key)];
	int rc = 0;

	for (uint64_t i = first; rc == 0 && i < len; i++) {
		const struct alert_change *change =
		    &alerts->changes[i % ALERT_LOG_MAX];
		MDB_val k = val(key, sizeof(key)), v;

		number_key(key, ALERTS_LOG, alerts->next_change + i);
		encode_change(change, alerts->rules[change->rule].slot, data);
		memcpy(data + CHANGE_RECORD, change->key, change->key_size);
		v = val(data, CHANGE_RECORD + change->key_size);
		rc = mdb_put(txn, store->alerts, &k, &v, 0);
	}
	if (rc == 0 && len > 0 && next > ALERT_LOG_MAX)
		rc = drop_below(store, txn, ALERTS_LOG, next - ALERT_LOG_MAX);
	return rc;
}

static int
save_notices(struct store *store, MDB_txn *txn, const struct notices *notices)
{
	struct alerts *alerts = store->rules;
	uint64_t next = alerts->next_notice, first = alerts->delivered + 1;
	struct buf data = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < notices->len; i++) {
		char key[9];
		MDB_val k = val(key, sizeof(key)), v;

		number_key(key, ALERTS_NOTICE, notices->items[i].number);
		data.size = 0;
		notice_encode(&notices->items[i], &data);
		v = val(data.data, data.size);
		rc = mdb_put(txn, store->alerts, &k, &v, 0);
	}
	buf_release(&data);
	if (next > NOTICES_KEPT && first < next - NOTICES_KEPT)
		first = next - NOTICES_KEPT;
	return rc ? rc : drop_below(store, txn, ALERTS_NOTICE, first);
}

static int
save_numbers(struct store *store, MDB_txn *txn)
{
	const struct alerts *alerts = store->rules;
	char data[META_SIZE];
	MDB_val k = val(ALERTS_META, 1), v = val(data, sizeof(data));

	put_u64(data, alerts->next_id);
	put_u64(data + 8, alerts->next_change + alerts->changes_len);
	put_u64(data + 16, alerts->next_notice);
	put_u64(data + 24, alerts->delivered);
	put_u64(data + 32, alerts->next_slot);
	put_u64(data + 40, (uint64_t)alerts->last.second);
	put_u64(data + 48, (uint64_t)alerts->last.consumed);
	put_u64(data + 56, (uint64_t)alerts->last.dead);
	put_u64(data + 64, (uint64_t)alerts->silent_s);
	return mdb_put(txn, store->alerts, &k, &v, 0);
}

int
store_alerts_end(struct store *store, MDB_txn *txn,
		 const struct store_commit *commit, struct notices *notices)
{
	struct alerts *alerts = store->rules;
	int rc;

	for (unsigned i = 0; i < commit->seconds_len; i++) {
		const struct store_second *s = &commit->seconds[i];
		struct alert_second second = {s->second, s->consumed, s->dead,
					      s->lag, s->changes};

		alerts_second(alerts, &second);
	}
	alerts_end(alerts);
	if (commit->notices) {
		alerts_notices(alerts, notices);
		if (commit->delivered > alerts->delivered)
			alerts->delivered = commit->delivered;
	}
	rc = save_states(store, txn);
	if (rc == 0)
		rc = save_rules(store, txn);
	if (rc == 0)
		rc = save_changes(store, txn);
	if (rc == 0)
		rc = save_notices(store, txn, notices);
	return rc || alerts->rules_len == 0 ? rc : save_numbers(store, txn);
}

void
store_alerts_done(struct store *store, bool committed,
		  const struct store_commit *commit, struct notices *notices)
{
	if (committed) {
		alerts_done(store->rules);
		for (size_t i = 0; i < notices->len; i++)
			*notices_add(commit->notices) = notices->items[i];
		notices->len = 0;
	} else {
		/* What is in memory is not what is stored. */
		alerts_free(store->rules);
		store->rules = NULL;
	}
	notices_release(notices);
}

/* ---- Delivery ---- */

static int
read_undelivered(struct store *store, MDB_txn *txn, struct notices *out)
{
	char kind = ALERTS_NOTICE;
	MDB_cursor *cursor;
	MDB_val k = val(&kind, 1), v;
	int rc = mdb_cursor_open(txn, store->alerts, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		if (k.mv_size != 9 || *(const char *)k.mv_data != kind)
			break;
		if (!notice_decode(v.mv_data, v.mv_size, notices_add(out))) {
			rc = MDB_CORRUPTED;
			break;
		}
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int
store_undelivered(struct store *store, struct notices *out, struct err *err)
{
	const char *before = crash_enter(store->path);
	MDB_txn *txn;
	int rc = store_read_begin(store, &txn, err);

	if (rc == 0) {
		rc = read_undelivered(store, txn, out);
		store_read_end(store, txn);
		if (rc)
			rc = store_fail(err, rc, store, "reading alerts");
	}
	crash_leave(before);
	return rc;
}

static int
set_delivered(struct store *store, MDB_txn *txn)
{
	struct notices none = NOTICES_INIT;
	int rc = save_numbers(store, txn);

	return rc ? rc : save_notices(store, txn, &none);
}

int
store_delivered(struct store *store, uint64_t number, struct err *err)
{
	const char *before;
	MDB_txn *txn;
	int rc;

	/* Without them there was no commit to deliver anything of. */
	if (!store->rules || store->rules->delivered >= number)
		return 0;
	store->rules->delivered = number;
	before = crash_enter(store->path);
	rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc == 0) {
		rc = set_delivered(store, txn);
		if (rc)
			mdb_txn_abort(txn);
		else
			rc = mdb_txn_commit(txn);
	}
	crash_leave(before);
	return rc ? store_fail(err, rc, store, "writing alerts") : 0;
}
