/*
 * What judging alerts asks the store for, in a commit's transaction or in one
 * that only reads; and trying rules on what is stored.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/crash.h"
#include "store/alerts-door.h"
#include "store/rows-door.h"

/* ---- What judging asks for ---- */

struct asking {
	struct store *store;
	MDB_txn *txn;
};

static int
code_of(int rc)
{
	return rc == MDB_NOTFOUND ? WEIR_NOT_FOUND : rc;
}

static int
ask_row(void *ctx, unsigned table, int64_t window_ms, struct text key,
	const void **row)
{
	const struct asking *asking = ctx;
	char full[WINDOW_KEY_SIZE + KEY_MAX];
	MDB_val k = val(full, WINDOW_KEY_SIZE + key.size), v;
	int rc;

	if (key.size > KEY_MAX)
		return MDB_CORRUPTED;
	put_be64(full, key_from_i64(window_ms));
	memcpy(full + WINDOW_KEY_SIZE, key.data, key.size);
	rc = mdb_get(asking->txn, asking->store->tables[table], &k, &v);
	if (rc == 0 && v.mv_size != asking->store->layouts[table].size)
		rc = MDB_CORRUPTED;
	*row = v.mv_data;
	return code_of(rc);
}

static int
ask_summary(void *ctx, unsigned table, int64_t window_ms,
	    struct group_summary *summary)
{
	const struct asking *asking = ctx;
	char key[GROUP_KEY];
	MDB_val k = val(key, sizeof(key)), v;
	int rc;

	group_key(key, GROUP_SUMMARY, table, window_ms);
	rc = mdb_get(asking->txn, asking->store->groups, &k, &v);
	if (rc == 0 &&
	    group_decode_summary(&asking->store->layouts[table], v.mv_data,
				 v.mv_size, summary, NULL))
		rc = MDB_CORRUPTED;
	return code_of(rc);
}

static int
ask_window(void *ctx, unsigned table, int64_t from_ms, int64_t *start_ms)
{
	const struct asking *asking = ctx;
	char key[GROUP_KEY];
	MDB_val k = val(key, sizeof(key)), v;
	MDB_cursor *cursor;
	int rc;

	group_key(key, GROUP_SUMMARY, table, from_ms);
	rc = mdb_cursor_open(asking->txn, asking->store->groups, &cursor);
	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	if (rc == 0) {
		const char *at = k.mv_data;

		if (k.mv_size != GROUP_KEY || at[0] != GROUP_SUMMARY ||
		    (unsigned char)at[1] != table)
			rc = MDB_NOTFOUND;
		else
			*start_ms = key_to_i64(get_be64(at + 2));
	}
	mdb_cursor_close(cursor);
	return code_of(rc);
}

static int
ask_rows(void *ctx, unsigned table, int64_t window_ms,
	 int (*visit)(void *arg, struct text key, const void *row), void *arg)
{
	const struct asking *asking = ctx;
	const struct store *store = asking->store;
	size_t prefix_size =
	    store->pipeline->tables[table].window_ms ? WINDOW_KEY_SIZE : 0;
	char prefix[WINDOW_KEY_SIZE];
	struct row_cursor rows;
	MDB_val k, v;
	int rc = row_cursor_open(&rows, asking->store, asking->txn, table);

	if (rc)
		return rc;
	put_be64(prefix, key_from_i64(window_ms));
	rc = row_cursor_seek(&rows, val(prefix, prefix_size), &k, &v);
	for (; rc == 0; rc = row_cursor_next(&rows, &k, &v)) {
		if (k.mv_size < prefix_size ||
		    memcmp(k.mv_data, prefix, prefix_size) != 0)
			break;
		if (k.mv_size > prefix_size + KEY_MAX) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (visit(arg,
			  (struct text){(const char *)k.mv_data + prefix_size,
					k.mv_size - prefix_size},
			  v.mv_data))
			break;
	}
	row_cursor_close(&rows);
	return code_of(rc);
}

static struct alert_source
source_of(struct asking *asking)
{
	return (struct alert_source){
	    .ctx = asking,
	    .row = ask_row,
	    .summary = ask_summary,
	    .window = ask_window,
	    .rows = ask_rows,
	};
}

int
store_alerts_table(struct store *store, MDB_txn *txn, unsigned table)
{
	struct asking asking = {store, txn};
	struct alert_source source = source_of(&asking);

	return alerts_table(store->rules, table, &source);
}

/* ---- Trying rules on what is stored ---- */

struct trying {
	struct alerts *alerts;
	unsigned table;
};

static int
try_row(void *arg, struct text key, const void *row)
{
	const struct trying *trying = arg;

	alerts_row(trying->alerts, trying->table, 0, key, NULL, row);
	return 0;
}

static int
try_rows(struct alerts *alerts, struct asking *asking, unsigned table)
{
	struct trying trying = {alerts, table};
	int rc = ask_rows(asking, table, 0, try_row, &trying);

	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

/* Of windows that have expired, rows may be gone already. */
static int
begin_with_oldest(struct alert_rule *rule, struct asking *asking,
		  int64_t watermark_ms)
{
	const struct table_spec *table = rule->table;
	int64_t oldest_ms;
	int rc;

	if (!table || !table->window_ms || watermark_ms == WATERMARK_NONE)
		return 0;
	oldest_ms = watermark_ms - table->window_ms - table->keep_ms + 1;
	rc = ask_window(asking, (unsigned)rule->spec->table, oldest_ms,
			&oldest_ms);
	if (rc == 0)
		rule->judged_ms = oldest_ms;
	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

static int
try_all(struct alerts *alerts, struct part *part)
{
	const struct pipeline *p = part->store->pipeline;
	struct asking asking = {part->store, part->txn};
	struct alert_source source = source_of(&asking);
	struct alert_moment now = {part->state.commit_ms,
				   part->state.watermark_ms};
	int rc = 0;

	alerts->look_back = true;
	alerts_begin(alerts, &now);
	for (unsigned i = 0; rc == 0 && i < alerts->rules_len; i++)
		rc = begin_with_oldest(&alerts->rules[i], &asking,
				       now.watermark_ms);
	for (unsigned i = 0; rc == 0 && i < p->tables_len; i++) {
		if (p->tables[i].window_ms == 0 && alerts_watch(alerts, i))
			rc = try_rows(alerts, &asking, i);
		if (rc == 0)
			rc = alerts_table(alerts, i, &source);
	}
	return rc ? rc
		  : store_alert_seconds(part->store, part->txn, alerts,
					alerts_second);
}

int
store_try_alerts(struct store *store, struct alerts *alerts,
		 struct store_state *state, struct err *err)
{
	const char *before = crash_enter(store->path);
	struct part part;
	int rc = part_begin(&part, store, err);

	if (rc == 0) {
		*state = part.state;
		rc = try_all(alerts, &part);
		if (rc)
			rc = store_fail(err, rc, store, "trying alerts");
		part_end(&part);
	}
	crash_leave(before);
	return rc;
}
