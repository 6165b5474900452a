/*
 * Building a view: one read transaction, then plain memory (view.h).
 *
 * Costs what is shown, not what is stored: summaries are small records of
 * their own, and rows are looked up for the keys at both ends only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "aggregate/group.h"
#include "aggregate/key.h"
#include "store/lmdb-door.h"

/* Rows at either end for which every window is looked at. */
#define WINDOW_ROWS 50

struct work {
	struct store *store;
	MDB_txn *txn;
	struct view *view;
	struct store_state state;
	struct buf text;
};

static struct view_text
copy_key(struct work *work, unsigned table, struct text key)
{
	work->text.size = 0;
	buf_reserve(&work->text, 1);
	key_text(work->store->pipeline, &work->store->pipeline->tables[table],
		 key, &work->text);
	return view_copy(work->view, work->text.data, work->text.size);
}

/* ---- Summaries ---- */

static void
summarise(struct work *work, unsigned table, const struct group_summary *from,
	  struct view_summary *to)
{
	const struct row_layout *layout = &work->store->layouts[table];
	const struct row_cell *cell = &layout->cells[layout->rank];

	to->keys = from->keys;
	to->total = row_value(layout, from->total, layout->rank);
	/* Of no events there is no extreme, but there are none. */
	if (to->total.kind == VALUE_NONE && cell->kind == MEASURE_COUNT)
		to->total = value_int(0);
	if (cell->kind == MEASURE_COUNT || cell->kind == MEASURE_SUM) {
		if (to->total.kind != VALUE_NONE && from->keys > 0)
			to->average = value_real(value_double(to->total) /
						 (double)from->keys);
	} else if (cell->kind == MEASURE_AVERAGE) {
		to->average = to->total;
	}
	if (from->ranked > 0) {
		to->min = row_rank_value(layout, from->min_bits);
		to->max = row_rank_value(layout, from->max_bits);
		to->min_key = copy_key(work, table, from->min_key);
		to->max_key = copy_key(work, table, from->max_key);
	}
	to->min_keys = from->min_keys;
	memcpy(to->spread, from->spread, sizeof(to->spread));
}

static int
read_summary(struct work *work, unsigned table, int64_t window,
	     struct view_summary *summary, struct err *err)
{
	struct group_summary stored;
	char key[GROUP_KEY];
	MDB_val k, v;
	int rc;

	group_key(key, GROUP_SUMMARY, table, window);
	k = val(key, sizeof(key));
	rc = mdb_get(work->txn, work->store->groups, &k, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return store_fail(err, rc, work->store, "reading a summary");
	rc = group_decode_summary(&work->store->layouts[table], v.mv_data,
				  v.mv_size, &stored, err);
	if (rc == 0)
		summarise(work, table, &stored, summary);
	return rc;
}

/* ---- Rows ---- */

static struct view_position
view_position(struct position position)
{
	return (struct view_position){
	    position.offset < 0 ? -1 : position.partition, position.offset};
}

static int
fill_row(struct work *work, unsigned table, const char *prefix,
	 size_t prefix_size, struct text name, struct view_row *row,
	 struct err *err)
{
	const struct row_layout *layout = &work->store->layouts[table];
	char key[WINDOW_KEY_SIZE + KEY_MAX];
	MDB_val k, v;
	int rc;

	for (unsigned i = 0; i < VIEW_SECONDS; i++)
		row->recent[i] = -1;
	row->per_s = -1;
	row->key = copy_key(work, table, name);
	if (prefix_size + name.size > sizeof(key))
		return err_set(err, WEIR_STORE, 0,
			       "the store %s is damaged: a ranked key is too "
			       "long",
			       work->store->path);
	memcpy(key, prefix, prefix_size);
	memcpy(key + prefix_size, name.data, name.size);
	k = val(key, prefix_size + name.size);
	rc = mdb_get(work->txn, work->store->tables[table], &k, &v);
	if (rc || v.mv_size != layout->size)
		return store_fail(err, rc ? rc : MDB_CORRUPTED, work->store,
				  "reading a row");
	for (unsigned i = 0; i < layout->cells_len; i++)
		row->measures[i] = row_value(layout, v.mv_data, i);
	row->first = view_position(row_first(layout, v.mv_data));
	row->last = view_position(row_last(layout, v.mv_data));
	return 0;
}

/*
 * The rows at both ends of a group; hashes of their keys go to `hashes` (top
 * first), as they are what samples know keys by.
 */
static int
read_rankings(struct work *work, unsigned table, int64_t window,
	      struct view_row *rows[2], unsigned lens[2],
	      uint64_t hashes[2][VIEW_RANKING],
	      struct text names[2][VIEW_RANKING], struct group *group,
	      struct err *err)
{
	const struct ranking *rankings[] = {&group->top, &group->bottom};
	size_t prefix_size = work->store->pipeline->tables[table].window_ms
				 ? WINDOW_KEY_SIZE
				 : 0;
	char prefix[WINDOW_KEY_SIZE];
	int rc;

	lens[0] = lens[1] = 0;
	rc = store_group(work->store, work->txn, table, window, group, err);
	put_be64(prefix, key_from_i64(window));
	for (unsigned end = 0; rc == 0 && end < 2; end++) {
		size_t len = rankings[end]->len;

		if (len > VIEW_RANKING)
			len = VIEW_RANKING;
		rows[end] = view_alloc(work->view, len * sizeof(**rows));
		for (size_t i = 0; rc == 0 && i < len; i++) {
			struct text name;
			uint64_t bits;

			ranking_get(rankings[end], i, &bits, &name);
			rc = fill_row(work, table, prefix, prefix_size, name,
				      &rows[end][i], err);
			hashes[end][i] = hash64(name.data, name.size);
			names[end][i] = name;
		}
		lens[end] = rc ? 0 : (unsigned)len;
	}
	return rc;
}

/* ---- The recent past of rows ---- */

#define RECENT_MAX 1e15
#define SLOTS      512 /* a power of two, over twice the rows at both ends */

struct recent {
	uint64_t hash;
	struct view_row *rows[2]; /* a key can be at both ends */
	bool used, known;
	double last; /* the value at second last_at */
	int64_t last_at;
};

static struct recent *
recent_find(struct recent *slots, uint64_t hash)
{
	size_t at = hash & (SLOTS - 1);

	while (slots[at].used && slots[at].hash != hash)
		at = (at + 1) & (SLOTS - 1);
	return &slots[at];
}

/*
 * The value stood at `value` at the end of `second`. The change since the
 * sample before is spread evenly over the seconds between: a commit can take
 * longer than one.
 */
static void
recent_sample(struct recent *slot, int64_t second, double value, int64_t first)
{
	if (slot->known) {
		int64_t gap = second - slot->last_at;
		double change = (value - slot->last) / (double)gap;

		/* A measure that fell shows as standing still. */
		if (!(change > 0))
			change = 0;
		else if (change > RECENT_MAX)
			change = RECENT_MAX;

		for (int64_t s = slot->last_at + 1; s <= second; s++) {
			int64_t i = s - first;

			if (i < 0 || i >= VIEW_SECONDS || gap > 5)
				continue;
			for (unsigned r = 0; r < 2; r++)
				if (slot->rows[r])
					slot->rows[r]->recent[i] =
					    (int64_t)(change + 0.5);
		}
	}
	slot->known = true;
	slot->last = value;
	slot->last_at = second;
}

static void
rate_of(struct view_row *row)
{
	int64_t sum = 0;
	unsigned n = 0;

	for (unsigned i = VIEW_SECONDS - 10; i < VIEW_SECONDS; i++) {
		if (row->recent[i] < 0)
			continue;
		sum += row->recent[i];
		n++;
	}
	if (n)
		row->per_s = (double)sum / n;
}

static int
read_recent(struct work *work, unsigned table, struct view_row *rows[2],
	    const unsigned lens[2], uint64_t hashes[2][VIEW_RANKING],
	    struct err *err)
{
	const struct row_layout *layout = &work->store->layouts[table];
	struct recent slots[SLOTS];
	int64_t now = work->state.commit_ms / 1000;
	int64_t first = now - VIEW_SECONDS;
	MDB_cursor *cursor;
	char key[10];
	MDB_val k, v;
	int rc;

	memset(slots, 0, sizeof(slots));
	for (unsigned end = 0; end < 2; end++) {
		for (unsigned i = 0; i < lens[end]; i++) {
			struct recent *slot =
			    recent_find(slots, hashes[end][i]);

			slot->used = true;
			slot->hash = hashes[end][i];
			slot->rows[end] = &rows[end][i];
		}
	}
	rc = mdb_cursor_open(work->txn, work->store->history, &cursor);
	if (rc)
		return store_fail(err, rc, work->store, "reading history");
	key[0] = HISTORY_RANK;
	put_be64(key + 1, key_from_i64(first - 1));
	key[9] = 0;
	k = val(key, sizeof(key));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data;
		int64_t second;

		if (k.mv_size != 10 || at[0] != HISTORY_RANK)
			break;
		second = key_to_i64(get_be64(at + 1));
		if (second >= now)
			break;
		if ((unsigned char)at[9] != table)
			continue;
		for (size_t i = 0; i + SAMPLE_SIZE <= v.mv_size;
		     i += SAMPLE_SIZE) {
			const char *sample = (const char *)v.mv_data + i;
			struct recent *slot =
			    recent_find(slots, get_u64(sample));

			if (!slot->used ||
			    (slot->known && slot->last_at == second))
				continue;
			recent_sample(slot, second,
				      value_double(row_rank_value(
					  layout, get_u64(sample + 8))),
				      first);
		}
	}
	mdb_cursor_close(cursor);
	for (unsigned end = 0; end < 2; end++)
		for (unsigned i = 0; i < lens[end]; i++)
			rate_of(&rows[end][i]);
	return rc && rc != MDB_NOTFOUND
		   ? store_fail(err, rc, work->store, "reading history")
		   : 0;
}

/* ---- Windows ---- */

static bool
expired(const struct work *work, const struct table_spec *spec, int64_t start)
{
	return work->state.watermark_ms != WATERMARK_NONE &&
	       start + spec->window_ms + spec->keep_ms <=
		   work->state.watermark_ms;
}

/* The newest windows of a table, newest first. */
static int
read_windows(struct work *work, unsigned table, bool tops,
	     struct view_table *to, struct err *err)
{
	const struct table_spec *spec = &work->store->pipeline->tables[table];
	MDB_cursor *cursor;
	char key[GROUP_KEY];
	MDB_val k, v;
	int rc;

	to->windows =
	    view_alloc(work->view, VIEW_WINDOWS * sizeof(*to->windows));
	rc = mdb_cursor_open(work->txn, work->store->groups, &cursor);
	if (rc)
		return store_fail(err, rc, work->store, "reading windows");
	/* From behind the last window of the table backwards. */
	group_key(key, GROUP_SUMMARY, table + 1, INT64_MIN);
	k = val(key, sizeof(key));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	rc = mdb_cursor_get(cursor, &k, &v, rc ? MDB_LAST : MDB_PREV);
	while (rc == 0 && to->windows_len < VIEW_WINDOWS) {
		const char *at = k.mv_data;
		struct view_window *window = &to->windows[to->windows_len];
		struct group_summary stored;

		if (k.mv_size != GROUP_KEY || at[0] != GROUP_SUMMARY ||
		    (unsigned char)at[1] != table)
			break;
		window->start_ms = key_to_i64(get_be64(at + 2));
		if (expired(work, spec, window->start_ms))
			break;
		window->end_ms = window->start_ms + spec->window_ms;
		window->complete = window_closed(window->start_ms, spec,
						 work->state.watermark_ms);
		rc = group_decode_summary(&work->store->layouts[table],
					  v.mv_data, v.mv_size, &stored, err);
		if (rc)
			break;
		summarise(work, table, &stored, &window->summary);
		to->windows_len++;
		rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV);
	}
	mdb_cursor_close(cursor);
	if (rc == WEIR_STORE)
		return rc;
	if (rc && rc != MDB_NOTFOUND)
		return store_fail(err, rc, work->store, "reading windows");
	for (unsigned i = 0; tops && i < to->windows_len; i++) {
		struct view_window *window = &to->windows[i];
		uint64_t hashes[2][VIEW_RANKING];
		struct text names[2][VIEW_RANKING];
		struct view_row *rows[2] = {NULL, NULL};
		struct group group;
		unsigned lens[2];

		group_init(&group, &work->store->layouts[table]);
		rc = read_rankings(work, table, window->start_ms, rows, lens,
				   hashes, names, &group, err);
		window->top = rows[0];
		window->top_len = lens[0];
		group_release(&group);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * The extremes of one key over the windows of another table with the same key.
 * A window that is not complete can only grow: it counts for the largest.
 */
static void
window_extremes(struct work *work, unsigned table,
		const struct view_table *windowed, struct text name,
		struct view_row *row)
{
	const struct row_layout *layout = &work->store->layouts[table];
	char key[WINDOW_KEY_SIZE + KEY_MAX];

	for (unsigned i = 0; i < windowed->windows_len; i++) {
		const struct view_window *window = &windowed->windows[i];
		struct value value;
		MDB_val k, v;

		put_be64(key, key_from_i64(window->start_ms));
		memcpy(key + WINDOW_KEY_SIZE, name.data, name.size);
		k = val(key, WINDOW_KEY_SIZE + name.size);
		if (mdb_get(work->txn, work->store->tables[table], &k, &v) ||
		    v.mv_size != layout->size)
			continue;
		value = row_value(layout, v.mv_data, layout->rank);
		if (value.kind == VALUE_NONE)
			continue;
		if (row->window_max.kind == VALUE_NONE ||
		    value_double(value) > value_double(row->window_max))
			row->window_max = value;
		if (window->complete &&
		    (row->window_min.kind == VALUE_NONE ||
		     value_double(value) < value_double(row->window_min)))
			row->window_min = value;
	}
}

/* ---- Tables ---- */

/* The windowed table whose extremes a panel shows beside this one; -1. */
static int
windows_for(const struct pipeline *p, unsigned table)
{
	for (unsigned i = 0; i < p->panels_len; i++)
		if (p->panels[i].table == (int)table &&
		    p->panels[i].windows >= 0)
			return p->panels[i].windows;
	return -1;
}

static int
read_table(struct work *work, unsigned table, bool tops, struct err *err)
{
	const struct table_spec *spec = &work->store->pipeline->tables[table];
	struct view_table *to = &work->view->tables[table];
	uint64_t hashes[2][VIEW_RANKING];
	struct text names[2][VIEW_RANKING];
	struct view_row *rows[2] = {NULL, NULL};
	struct group group;
	unsigned lens[2];
	int64_t window = 0;
	int windowed, rc = 0;

	to->spec = spec;
	if (spec->window_ms) {
		char key[2] = {GROUP_LATE, (char)table};
		MDB_val k = val(key, sizeof(key)), v;

		if (mdb_get(work->txn, work->store->groups, &k, &v) == 0)
			to->late = (int64_t)get_u64(v.mv_data);
		rc = read_windows(work, table, tops, to, err);
		if (rc || to->windows_len == 0)
			return rc;
		window = to->windows[0].start_ms;
		to->summary = to->windows[0].summary;
	} else {
		rc = read_summary(work, table, 0, &to->summary, err);
		if (rc)
			return rc;
	}
	group_init(&group, &work->store->layouts[table]);
	rc = read_rankings(work, table, window, rows, lens, hashes, names,
			   &group, err);
	if (rc == 0 && !spec->window_ms)
		rc = read_recent(work, table, rows, lens, hashes, err);
	/* A table's windows are read before it: see read_tables(). */
	windowed = windows_for(work->store->pipeline, table);
	for (unsigned end = 0; rc == 0 && windowed >= 0 && end < 2; end++)
		for (unsigned i = 0; i < lens[end] && i < WINDOW_ROWS; i++)
			window_extremes(work, (unsigned)windowed,
					&work->view->tables[windowed],
					names[end][i], &rows[end][i]);
	group_release(&group);
	to->top = rows[0];
	to->top_len = lens[0];
	to->bottom = rows[1];
	to->bottom_len = lens[1];
	return rc;
}

static int
read_tables(struct work *work, bool tops, struct err *err)
{
	const struct pipeline *p = work->store->pipeline;
	int rc = 0;

	work->view->tables =
	    view_alloc(work->view, p->tables_len * sizeof(*work->view->tables));
	work->view->tables_len = p->tables_len;
	for (unsigned windowed = 2; rc == 0 && windowed-- > 0;)
		for (unsigned i = 0; rc == 0 && i < p->tables_len; i++)
			if ((p->tables[i].window_ms != 0) == windowed)
				rc = read_table(work, i, tops, err);
	return rc;
}

/* ---- The rest ---- */

static int
read_partitions(struct work *work)
{
	struct view *view = work->view;
	MDB_cursor *cursor;
	MDB_stat stat;
	MDB_val k, v;
	int rc;

	rc = mdb_stat(work->txn, work->store->offsets, &stat);
	if (rc == 0)
		rc = mdb_cursor_open(work->txn, work->store->offsets, &cursor);
	if (rc)
		return rc;
	view->partitions =
	    view_alloc(view, stat.ms_entries * sizeof(*view->partitions));
	while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0 &&
	       view->partitions_len < stat.ms_entries) {
		struct view_partition *to =
		    &view->partitions[view->partitions_len++];
		struct store_partition from;

		if (k.mv_size != 4 || v.mv_size != PARTITION_SIZE) {
			rc = MDB_CORRUPTED;
			break;
		}
		partition_decode(v.mv_data, &from);
		to->id = (int32_t)get_be32(k.mv_data);
		to->position = from.position;
		to->begin = from.begin;
		to->end = from.end;
		to->lag = from.end - from.position;
		to->lost = from.lost;
		to->skipped = from.skipped;
		to->newest_ms =
		    from.newest_ms == WATERMARK_NONE ? -1 : from.newest_ms;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
compare_reasons(const void *a, const void *b)
{
	const struct view_reason *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static int
read_dead(struct work *work)
{
	struct view *view = work->view;
	const struct pipeline *p = work->store->pipeline;
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc;

	view->reasons = view_alloc(view, REASONS * sizeof(*view->reasons));
	for (unsigned i = REASON_NONE + 1; i < REASONS; i++) {
		if (work->state.dead_by_reason[i] == 0)
			continue;
		view->reasons[view->reasons_len++] =
		    (struct view_reason){reason_name(i), reason_text(i),
					 work->state.dead_by_reason[i]};
	}
	qsort(view->reasons, view->reasons_len, sizeof(*view->reasons),
	      compare_reasons);
	rc = mdb_cursor_open(work->txn, work->store->dead, &cursor);
	if (rc)
		return rc;
	view->dead = view_alloc(view, VIEW_DEAD * sizeof(*view->dead));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_LAST);
	while (rc == 0 && view->dead_len < VIEW_DEAD) {
		struct view_dead *to = &view->dead[view->dead_len];
		const char *head = v.mv_data;
		int32_t field;

		if (v.mv_size < DEAD_HEAD) {
			rc = MDB_CORRUPTED;
			break;
		}
		view->dead_len++;
		to->reason = reason_text((enum reason)get_u32(head));
		field = (int32_t)get_u32(head + 4);
		if (field >= 0 && field < (int32_t)p->event.fields_len)
			to->field = p->event.fields[field].name;
		to->position.partition = (int32_t)get_u64(head + 8);
		to->position.offset = (int64_t)get_u64(head + 16);
		to->seen_ms = (int64_t)get_u64(head + 24);
		to->raw_size = get_u64(head + 32);
		to->raw =
		    view_copy(view, head + DEAD_HEAD, v.mv_size - DEAD_HEAD);
		rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/*
 * Counters are stored as they stood at the end of each second; shown is what
 * happened in it, as far as the second before is known.
 */
static int
read_history(struct work *work)
{
	struct view *view = work->view;
	int64_t now = work->state.commit_ms / 1000;
	int64_t first = now - VIEW_HISTORY, last = INT64_MIN;
	int64_t before[4] = {0};
	MDB_cursor *cursor;
	char key[9];
	MDB_val k, v;
	int rc;

	view->history = view_alloc(view, VIEW_HISTORY * sizeof(*view->history));
	view->history_len = VIEW_HISTORY;
	for (unsigned i = 0; i < VIEW_HISTORY; i++)
		view->history[i].second = first + i;
	rc = mdb_cursor_open(work->txn, work->store->history, &cursor);
	if (rc)
		return rc;
	key[0] = HISTORY_FLOW;
	put_be64(key + 1, key_from_i64(first - 1));
	k = val(key, sizeof(key));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data, *data = v.mv_data;
		int64_t second, counters[4];

		if (k.mv_size != 9 || at[0] != HISTORY_FLOW ||
		    v.mv_size != SECOND_SIZE)
			break;
		second = key_to_i64(get_be64(at + 1));
		if (second >= now)
			break;
		for (unsigned i = 0; i < 4; i++)
			counters[i] = (int64_t)get_u64(data + 8 * i);
		if (second >= first && last == second - 1) {
			struct view_second *to = &view->history[second - first];

			to->known = true;
			to->produced = counters[0] - before[0];
			to->acked = counters[1] - before[1];
			to->consumed = counters[2] - before[2];
			to->dead = counters[3] - before[3];
			to->lag = (int64_t)get_u64(data + 32);
			to->commit_us = (int64_t)get_u64(data + 40);
		}
		memcpy(before, counters, sizeof(before));
		last = second;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int64_t
used_bytes(const struct work *work)
{
	MDB_envinfo info;

	if (mdb_env_info(work->store->env, &info))
		return 0;
	return (int64_t)((info.me_last_pgno + 1) * work->store->page_size);
}

static int
read_all(struct work *work, bool windows, struct err *err)
{
	struct view *view = work->view;
	const struct store_state *state = &work->state;
	MDB_val v;
	int rc;

	view->commit = state->commit;
	view->commit_ms = state->commit_ms;
	view->commit_us = state->commit_us;
	view->started_ms = state->started_ms;
	view->store_bytes = used_bytes(work);
	view->memory_bytes = state->memory_bytes;
	view->memory_limit = state->memory_limit;
	view->watermark_ms =
	    state->watermark_ms == WATERMARK_NONE ? -1 : state->watermark_ms;
	view->newest_ms =
	    state->newest_ms == WATERMARK_NONE ? -1 : state->newest_ms;
	view->ledger = state->ledger;
	view->balanced = ledger_balanced(&view->ledger);
	if (store_get(work->txn, work->store->meta, META_LABEL, &v) == 0 &&
	    v.mv_size < sizeof(view->source))
		memcpy(view->source, v.mv_data, v.mv_size);
	if (store_get(work->txn, work->store->meta, META_TOPIC, &v) == 0 &&
	    v.mv_size < sizeof(view->topic))
		memcpy(view->topic, v.mv_data, v.mv_size);
	rc = read_partitions(work);
	if (rc == 0)
		rc = read_dead(work);
	if (rc == 0)
		rc = read_history(work);
	if (rc)
		return store_fail(err, rc, work->store, "being read");
	return read_tables(work, windows, err);
}

int
store_view(struct store *store, uint64_t seen, bool windows, struct view **view,
	   struct err *err)
{
	struct work work = {.store = store};
	MDB_val v;
	int rc;

	rc = store_read_begin(store, &work.txn, err);
	if (rc)
		return rc;
	rc = store_get(work.txn, store->meta, META_STATE, &v);
	if (rc == 0 && v.mv_size != STATE_SIZE)
		rc = MDB_CORRUPTED;
	if (rc == 0)
		state_decode(v.mv_data, &work.state);
	if (rc == MDB_NOTFOUND || (rc == 0 && work.state.commit <= seen)) {
		store_read_end(store, work.txn);
		return err_set(err, WEIR_NOT_FOUND, 0,
			       "the store %s has no newer commit", store->path);
	}
	if (rc) {
		store_read_end(store, work.txn);
		return store_fail(err, rc, store, "being read");
	}
	work.view = view_new(store->pipeline);
	rc = read_all(&work, windows, err);
	store_read_end(store, work.txn);
	buf_release(&work.text);
	if (rc) {
		view_free(work.view);
		return rc;
	}
	*view = work.view;
	return 0;
}
