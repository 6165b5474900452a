/*
 * Records as bytes, and whether those that belong together agree. docs/store.md
 * has the format.
 */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "aggregate/key.h"
#include "store/rows-door.h"

void
group_key(char key[GROUP_KEY], char kind, unsigned table, int64_t window)
{
	key[0] = kind;
	key[1] = (char)table;
	put_be64(key + 2, key_from_i64(window));
}

/*
 * The state is a row of 64-bit numbers; both directions go through one list,
 * so that they cannot disagree.
 */
static unsigned
state_numbers(struct store_state *s, int64_t **numbers)
{
	unsigned n = 0;

	numbers[n++] = (int64_t *)&s->commit;
	numbers[n++] = &s->commit_ms;
	numbers[n++] = &s->commit_us;
	numbers[n++] = &s->started_ms;
	numbers[n++] = &s->watermark_ms;
	numbers[n++] = &s->newest_ms;
	numbers[n++] = &s->memory_bytes;
	numbers[n++] = &s->memory_limit;
	numbers[n++] = (int64_t *)&s->dead_seq;
	numbers[n++] = &s->ledger.produced;
	numbers[n++] = &s->ledger.acked;
	numbers[n++] = &s->ledger.unacked;
	numbers[n++] = &s->ledger.failed;
	numbers[n++] = &s->ledger.foreign;
	numbers[n++] = &s->ledger.consumed;
	numbers[n++] = &s->ledger.valid;
	numbers[n++] = &s->ledger.dead;
	numbers[n++] = &s->ledger.late;
	numbers[n++] = &s->ledger.lag;
	numbers[n++] = &s->ledger.lost;
	numbers[n++] = &s->ledger.skipped;
	for (unsigned i = 0; i < REASONS; i++)
		numbers[n++] = &s->dead_by_reason[i];
	numbers[n++] = &s->seen_median_ms;
	numbers[n++] = &s->seen_p99_ms;
	numbers[n++] = &s->behind_ms;
	return n;
}

void
state_encode(const struct store_state *state, char data[STATE_SIZE])
{
	struct store_state copy = *state;
	int64_t *numbers[STATE_SIZE / 8];
	unsigned n = state_numbers(&copy, numbers);

	memset(data, 0, STATE_SIZE);
	for (unsigned i = 0; i < n; i++)
		put_u64(data + 8 * i, (uint64_t)*numbers[i]);
}

/* Far from where sums and differences of such numbers would not fit. */
#define SANE_MAX (INT64_C(1) << 60)

static bool
sane(int64_t number)
{
	return number >= -SANE_MAX && number <= SANE_MAX;
}

int
state_decode(MDB_val data, struct store_state *state)
{
	int64_t *numbers[STATE_SIZE / 8];
	unsigned n = state_numbers(state, numbers);

	if (data.mv_size != STATE_SIZE)
		return MDB_CORRUPTED;
	for (unsigned i = 0; i < n; i++) {
		*numbers[i] =
		    (int64_t)get_u64((const char *)data.mv_data + 8 * i);
		if (!sane(*numbers[i]) && *numbers[i] != WATERMARK_NONE)
			return MDB_CORRUPTED;
	}
	return 0;
}

size_t
partition_encode(const struct store_partition *p, char data[PARTITION_SIZE])
{
	size_t topic = strlen(p->topic);

	put_u64(data, (uint64_t)p->position);
	put_u64(data + 8, (uint64_t)p->begin);
	put_u64(data + 16, (uint64_t)p->end);
	put_u64(data + 24, (uint64_t)p->lost);
	put_u64(data + 32, (uint64_t)p->skipped);
	put_u64(data + 40, (uint64_t)p->newest_ms);
	put_u64(data + 48, (uint64_t)p->first_offset);
	put_u64(data + 56, (uint64_t)p->last_offset);
	put_u64(data + 64, p->first_print);
	put_u64(data + 72, p->last_print);
	put_u32(data + 80, (uint32_t)p->number);
	put_u32(data + 84, (uint32_t)p->state);
	memcpy(data + PARTITION_HEAD, p->topic, topic);
	return PARTITION_HEAD + topic;
}

int
partition_decode(MDB_val data, struct store_partition *p)
{
	const char *at = data.mv_data;

	memset(p, 0, sizeof(*p));
	if (data.mv_size < PARTITION_HEAD ||
	    data.mv_size - PARTITION_HEAD >= sizeof(p->topic) ||
	    get_u32(at + 84) > PARTITION_ENDED)
		return MDB_CORRUPTED;
	p->position = (int64_t)get_u64(at);
	p->begin = (int64_t)get_u64(at + 8);
	p->end = (int64_t)get_u64(at + 16);
	p->lost = (int64_t)get_u64(at + 24);
	p->skipped = (int64_t)get_u64(at + 32);
	p->newest_ms = (int64_t)get_u64(at + 40);
	p->first_offset = (int64_t)get_u64(at + 48);
	p->last_offset = (int64_t)get_u64(at + 56);
	p->first_print = get_u64(at + 64);
	p->last_print = get_u64(at + 72);
	p->number = (int32_t)get_u32(at + 80);
	p->state = (enum store_partition_state)get_u32(at + 84);
	p->settled = p->state == PARTITION_ENDED;
	memcpy(p->topic, at + PARTITION_HEAD, data.mv_size - PARTITION_HEAD);
	return sane(p->position) && sane(p->begin) && sane(p->end) &&
		       sane(p->lost) && sane(p->skipped) &&
		       (sane(p->newest_ms) || p->newest_ms == WATERMARK_NONE)
		   ? 0
		   : MDB_CORRUPTED;
}

int
window_decode(MDB_val key, int64_t *start)
{
	if (key.mv_size < WINDOW_KEY_SIZE ||
	    key.mv_size > WINDOW_KEY_SIZE + KEY_MAX)
		return MDB_CORRUPTED;
	*start = key_to_i64(get_be64(key.mv_data));
	return sane(*start) ? 0 : MDB_CORRUPTED;
}

/* A number that a windowed table has once. */
static int
number_decode(struct store *store, MDB_txn *txn, char kind, unsigned table,
	      int64_t none, int64_t *number)
{
	char key[2] = {kind, (char)table};
	MDB_val k = val(key, sizeof(key)), v;
	int rc = mdb_get(txn, store->groups, &k, &v);

	*number = none;
	if (rc)
		return rc;
	if (v.mv_size != 8)
		return MDB_CORRUPTED;
	*number = (int64_t)get_u64(v.mv_data);
	return sane(*number) ? 0 : MDB_CORRUPTED;
}

int
late_decode(struct store *store, MDB_txn *txn, unsigned table, int64_t *late)
{
	return number_decode(store, txn, GROUP_LATE, table, 0, late);
}

int
first_decode(struct store *store, MDB_txn *txn, unsigned table,
	     int64_t *first_ms)
{
	return number_decode(store, txn, GROUP_FIRST, table, WINDOW_NO_EVENT,
			     first_ms);
}

int
store_get(MDB_txn *txn, MDB_dbi dbi, const char *key, MDB_val *data)
{
	MDB_val k = val(key, strlen(key));

	return mdb_get(txn, dbi, &k, data);
}

int
store_group(struct store *store, MDB_txn *txn, unsigned table, int64_t window,
	    struct group *group, struct err *err)
{
	char key[GROUP_KEY];
	MDB_val k, summary, rankings;
	int rc;

	group_clear(group);
	group_key(key, GROUP_SUMMARY, table, window);
	k = val(key, sizeof(key));
	rc = mdb_get(txn, store->groups, &k, &summary);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc == 0) {
		key[0] = GROUP_RANKING;
		k = val(key, sizeof(key));
		rc = mdb_get(txn, store->groups, &k, &rankings);
	}
	if (rc)
		return store_fail(err, rc, store, "reading a ranking");
	rc = group_decode(group, summary.mv_data, summary.mv_size,
			  rankings.mv_data, rankings.mv_size, NULL);
	return rc ? store_fail(err, MDB_CORRUPTED, store, "reading a ranking")
		  : 0;
}

/* ---- Is it all there? ---- */

int
store_entries(const struct store *store, MDB_txn *txn, MDB_dbi dbi,
	      size_t least, size_t *entries)
{
	MDB_envinfo info;
	MDB_stat stat;
	int rc = mdb_stat(txn, dbi, &stat);

	if (rc == 0)
		rc = mdb_env_info(store->env, &info);
	if (rc)
		return rc;
	if (stat.ms_entries > info.me_mapsize / least)
		return MDB_CORRUPTED;
	*entries = stat.ms_entries;
	return 0;
}

/* Exact distinct counts, against the values that are stored. */
static int
check_distinct(struct store *store, MDB_txn *txn, unsigned table,
	       const struct group_summary *summary, struct err *err)
{
	const struct row_layout *layout = &store->layouts[table];
	const struct table_spec *spec = &store->pipeline->tables[table];
	double counted = 0;
	size_t values = 0;
	int rc;

	if (!distinct_used(spec))
		return 0;
	for (unsigned i = 0; i < spec->measures_len; i++) {
		if (spec->measures[i].approximate)
			return 0;
		if (spec->measures[i].kind == MEASURE_DISTINCT &&
		    summary->total)
			counted +=
			    value_double(row_value(layout, summary->total, i));
	}
	rc = store_entries(store, txn, store->distinct[table], 1, &values);
	if (rc)
		return store_fail(err, rc, store, "being checked");
	if (counted != (double)values)
		return err_set(err, WEIR_STORE, 0,
			       "the store %s is damaged: its table %s counts "
			       "%.0f distinct values, and %zu are there; begin "
			       "a new one with --fresh, or restore a copy",
			       store->path, spec->name, counted, values);
	return 0;
}

static int
check_table(struct store *store, MDB_txn *txn, unsigned table,
	    const struct store_state *state, struct err *err)
{
	const struct row_layout *layout = &store->layouts[table];
	const char *name = store->pipeline->tables[table].name;
	struct group_summary summary = {0};
	char key[GROUP_KEY];
	size_t rows = 0;
	MDB_val k, v;
	int rc;

	group_key(key, GROUP_SUMMARY, table, 0);
	k = val(key, sizeof(key));
	rc = row_count(store, txn, table, &rows);
	if (rc == 0)
		rc = mdb_get(txn, store->groups, &k, &v);
	if (rc == 0 &&
	    group_decode_summary(layout, v.mv_data, v.mv_size, &summary, NULL))
		rc = MDB_CORRUPTED;
	if (rc && rc != MDB_NOTFOUND)
		return store_fail(err, rc, store, "being checked");
	if (summary.keys != (int64_t)rows)
		return err_set(err, WEIR_STORE, 0,
			       "the store %s is damaged: its table %s has %zu "
			       "rows, and should have %" PRId64
			       "; begin a new one with --fresh, or restore a "
			       "copy",
			       store->path, name, rows, summary.keys);
	for (unsigned i = 0; summary.total && i < layout->cells_len; i++) {
		struct value events = row_value(layout, summary.total, i);

		if (layout->cells[i].kind == MEASURE_COUNT &&
		    value_double(events) != (double)state->ledger.valid)
			return err_set(
			    err, WEIR_STORE, 0,
			    "the store %s is damaged: its table %s counts "
			    "%.0f events, its ledger %" PRId64
			    "; begin a new one with --fresh, or restore a "
			    "copy",
			    store->path, name, value_double(events),
			    state->ledger.valid);
	}
	return check_distinct(store, txn, table, &summary, err);
}

int
store_check(struct store *store, MDB_txn *txn, const struct store_state *state,
	    struct err *err)
{
	int rc = 0;

	/* A window's events are not counted anywhere else. */
	for (unsigned i = 0; rc == 0 && i < store->pipeline->tables_len; i++)
		if (store->pipeline->tables[i].window_ms == 0)
			rc = check_table(store, txn, i, state, err);
	return rc;
}
