/*
 * Building a view: one read transaction, then plain memory (view.h). Of several
 * stores, one of each: what is in more than one is merged here, row by row, or,
 * for what goes through all rows, by merge.c.
 *
 * Costs what is shown, not what is stored: summaries are small records of
 * their own, and rows are looked up for the keys at both ends only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "base/hash.h"
#include "aggregate/group.h"
#include "aggregate/key.h"
#include "store/alerts-door.h"
#include "store/rows-door.h"

/* Rows at either end for which every window is looked at. */
#define WINDOW_ROWS 50

struct work {
	const struct whole *whole;
	const struct part *parts; /* the whole's */
	unsigned parts_len;
	const struct pipeline *pipeline;
	const struct row_layout *layouts;
	struct view *view;
	struct buf text;
};

static struct view_text
copy_key(struct work *work, unsigned table, struct text key)
{
	work->text.size = 0;
	buf_reserve(&work->text, 1);
	key_text(work->pipeline, &work->pipeline->tables[table], key,
		 &work->text);
	return view_copy(work->view, work->text.data, work->text.size);
}

/* ---- Summaries ---- */

static void
summarise(struct work *work, unsigned table, const struct group_summary *from,
	  struct view_summary *to)
{
	const struct row_layout *layout = &work->layouts[table];
	const struct row_cell *cell = &layout->cells[layout->rank];

	to->keys = from->keys;
	to->total = row_value(layout, from->total, layout->rank);
	/* Of no events there is no extreme, but there are none. */
	if (to->total.kind == VALUE_NONE && cell->kind == MEASURE_COUNT)
		to->total = value_int(0);
	if (measure_adds_up(cell->kind) || cell->kind == MEASURE_DISTINCT) {
		if (to->total.kind != VALUE_NONE && from->keys > 0)
			to->average = value_real(value_double(to->total) /
						 (double)from->keys);
		/* Keys can have values in common. */
		if (cell->kind == MEASURE_DISTINCT)
			to->total = value_none();
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

/* The same of a group that was read whole. */
static void
summarise_group(struct work *work, unsigned table, const struct group *group,
		struct view_summary *to)
{
	struct group_summary from = {
	    .keys = group->keys,
	    .ranked = group->ranked,
	    .min_keys = group->min_keys,
	    .spread = (const char *)group->spread,
	    .total = group->total,
	};

	ranking_get(&group->bottom, 0, &from.min_bits, &from.min_key);
	ranking_get(&group->top, 0, &from.max_bits, &from.max_key);
	summarise(work, table, &from, to);
}

/* ---- Rows ---- */

struct view_position
view_position(const struct view *view, const struct part *part,
	      struct position position)
{
	const struct view_partition *from;

	if (position.offset < 0 ||
	    (unsigned)position.partition >= part->entries)
		return (struct view_position){-1, position.offset, NULL};
	from = &view->partitions[part->entry + (unsigned)position.partition];
	return (struct view_position){from->id, position.offset, from->topic};
}

/*
 * A row as all parts together have it. When several have it, the order in which
 * their events came is not known: the first event is of the first part, the
 * last of the last. WEIR_NOT_FOUND without a word when none has it.
 */
static int
find_row(const struct work *work, unsigned table, MDB_val key, char *row,
	 struct view_position *first, struct view_position *last,
	 struct err *err)
{
	const struct row_layout *layout = &work->layouts[table];
	unsigned found = 0;

	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct part *part = &work->parts[i];
		MDB_val v;
		int rc;

		rc = row_find(part->store, part->txn, table, key, &v);
		if (rc == MDB_NOTFOUND)
			continue;
		if (rc)
			return store_fail(err, rc, part->store,
					  "reading a row");
		if (found) {
			row_merge(layout, row, v.mv_data);
		} else {
			memcpy(row, v.mv_data, layout->size);
			*first = view_position(work->view, part,
					       row_first(layout, v.mv_data));
		}
		*last = view_position(work->view, part,
				      row_last(layout, v.mv_data));
		found++;
	}
	if (found > 1)
		return parts_distinct(work->parts, work->parts_len, table,
				      (struct text){key.mv_data, key.mv_size},
				      row, err);
	return found ? 0 : WEIR_NOT_FOUND;
}

/* A key of a ranking: before it is put into room for one. */
static int
check_name(const struct work *work, struct text name, struct err *err)
{
	if (name.size > KEY_MAX)
		return err_set(err, WEIR_STORE, 0,
			       "the store %s is damaged: a ranked key is too "
			       "long",
			       work->parts[0].store->path);
	return 0;
}

/* WEIR_NOT_FOUND without a word when there is none. */
static int
fill_row(struct work *work, unsigned table, const char *prefix,
	 size_t prefix_size, struct text name, struct view_row *row,
	 struct err *err)
{
	const struct row_layout *layout = &work->layouts[table];
	char key[WINDOW_KEY_SIZE + KEY_MAX], merged[ROW_MAX];
	int rc = check_name(work, name, err);

	if (rc)
		return rc;

	for (unsigned i = 0; i < VIEW_SECONDS; i++)
		row->recent[i] = -1;
	row->per_s = -1;
	row->key = copy_key(work, table, name);
	row->id = view_copy(work->view, name.data, name.size);
	memcpy(key, prefix, prefix_size);
	memcpy(key + prefix_size, name.data, name.size);
	rc = find_row(work, table, val(key, prefix_size + name.size), merged,
		      &row->first, &row->last, err);
	for (unsigned i = 0; rc == 0 && i < layout->cells_len; i++)
		row->measures[i] = row_value(layout, merged, i);
	return rc;
}

/*
 * The rows at both ends of a group; hashes of their keys go to `hashes` (top
 * first), as they are what samples know keys by. Names are the group's.
 */
static int
read_rankings(struct work *work, unsigned table, int64_t window,
	      const struct group *group, struct view_row *rows[2],
	      unsigned lens[2], uint64_t hashes[2][VIEW_RANKING],
	      struct text names[2][VIEW_RANKING], struct err *err)
{
	const struct ranking *rankings[] = {&group->top, &group->bottom};
	size_t prefix_size =
	    work->pipeline->tables[table].window_ms ? WINDOW_KEY_SIZE : 0;
	char prefix[WINDOW_KEY_SIZE];
	int rc = 0;

	lens[0] = lens[1] = 0;
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
			if (rc == WEIR_NOT_FOUND)
				rc = store_fail(err, MDB_CORRUPTED,
						work->parts[0].store,
						"reading a row");
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

/* Samples are of one store: of several together it is not known. */
static int
read_recent(struct work *work, unsigned table, struct view_row *rows[2],
	    const unsigned lens[2], uint64_t hashes[2][VIEW_RANKING],
	    struct err *err)
{
	const struct row_layout *layout = &work->layouts[table];
	const struct part *part = &work->parts[0];
	struct recent slots[SLOTS];
	int64_t now = part->state.commit_ms / 1000;
	int64_t first = now - VIEW_SECONDS, last = first - 1;
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
	rc = mdb_cursor_open(part->txn, part->store->history, &cursor);
	if (rc)
		return store_fail(err, rc, part->store, "reading history");
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
		/* Keys go up, or a page of them is damaged. */
		if (second >= now || second < last)
			break;
		last = second;
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
		   ? store_fail(err, rc, part->store, "reading history")
		   : 0;
}

/* ---- Windows ---- */

static bool
expired(const struct work *work, const struct table_spec *spec, int64_t start)
{
	return work->whole->expired_ms != WATERMARK_NONE &&
	       start + spec->window_ms + spec->keep_ms <=
		   work->whole->expired_ms;
}

/*
 * The newest window of a table in any part whose summary stands before `bound`;
 * WEIR_NOT_FOUND without a word when there is none.
 */
static int
window_before(const struct work *work, unsigned table, const char *bound,
	      int64_t *start, struct err *err)
{
	bool found = false;

	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct part *part = &work->parts[i];
		MDB_cursor *cursor;
		MDB_val k = val(bound, GROUP_KEY), v;
		int rc;

		rc = mdb_cursor_open(part->txn, part->store->groups, &cursor);
		if (rc)
			return store_fail(err, rc, part->store,
					  "reading windows");
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		if (rc == 0 || rc == MDB_NOTFOUND)
			rc = mdb_cursor_get(cursor, &k, &v,
					    rc ? MDB_LAST : MDB_PREV);
		mdb_cursor_close(cursor);
		if (rc && rc != MDB_NOTFOUND)
			return store_fail(err, rc, part->store,
					  "reading windows");
		if (rc == 0 && k.mv_size == GROUP_KEY) {
			const char *at = k.mv_data;
			int64_t its;

			if (at[0] != GROUP_SUMMARY ||
			    (unsigned char)at[1] != table)
				continue;
			rc = window_decode(val(at + 2, WINDOW_KEY_SIZE), &its);
			if (rc)
				return store_fail(err, rc, part->store,
						  "reading windows");
			if (!found || its > *start)
				*start = its;
			found = true;
		}
	}
	return found ? 0 : WEIR_NOT_FOUND;
}

static int
read_top(struct work *work, unsigned table, const struct group *group,
	 struct view_window *window, struct err *err)
{
	uint64_t hashes[2][VIEW_RANKING];
	struct text names[2][VIEW_RANKING];
	struct view_row *rows[2] = {NULL, NULL};
	unsigned lens[2];
	int rc;

	rc = read_rankings(work, table, window->start_ms, group, rows, lens,
			   hashes, names, err);
	window->top = rows[0];
	window->top_len = lens[0];
	return rc;
}

/* When the table began, in all parts together; WINDOW_NO_EVENT. */
static int
read_first(const struct work *work, unsigned table, int64_t *first_ms,
	   struct err *err)
{
	*first_ms = WINDOW_NO_EVENT;
	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct part *part = &work->parts[i];
		int64_t its;
		int rc = first_decode(part->store, part->txn, table, &its);

		if (rc && rc != MDB_NOTFOUND)
			return store_fail(err, rc, part->store,
					  "reading windows");
		if (its < *first_ms)
			*first_ms = its;
	}
	return 0;
}

/*
 * One window, read whole into `group`; when that is NULL, its summary alone.
 * first_ms: read_first().
 */
static int
read_window(struct work *work, unsigned table, bool top, int64_t first_ms,
	    struct group *group, struct view_window *window, struct err *err)
{
	const struct table_spec *spec = &work->pipeline->tables[table];
	struct group_summary stored;
	int rc;

	window->end_ms = window->start_ms + spec->window_ms;
	window->complete = window_closed(window->start_ms, spec,
					 work->whole->state.watermark_ms);
	window->span_ms = window_span(window->start_ms, spec, first_ms);
	if (!group) {
		rc = whole_summary(work->whole, table, window->start_ms,
				   &stored, err);
		if (rc == 0)
			summarise(work, table, &stored, &window->summary);
		return rc;
	}
	rc = whole_group(work->whole, table, window->start_ms, group, err);
	if (rc)
		return rc;
	summarise_group(work, table, group, &window->summary);
	return top ? read_top(work, table, group, window, err) : 0;
}

/* The newest windows of a table, newest first; the newest into `newest`. */
static int
read_windows(struct work *work, unsigned table, bool tops,
	     struct view_table *to, struct group *newest, struct err *err)
{
	const struct table_spec *spec = &work->pipeline->tables[table];
	char bound[GROUP_KEY];
	struct group group;
	int64_t first_ms;
	int rc = read_first(work, table, &first_ms, err);

	to->windows =
	    view_alloc(work->view, VIEW_WINDOWS * sizeof(*to->windows));
	group_init(&group, &work->layouts[table]);
	/* From behind the last window of the table backwards. */
	group_key(bound, GROUP_SUMMARY, table + 1, INT64_MIN);
	while (rc == 0 && to->windows_len < VIEW_WINDOWS) {
		struct view_window *window = &to->windows[to->windows_len];

		rc = window_before(work, table, bound, &window->start_ms, err);
		if (rc == WEIR_NOT_FOUND ||
		    (rc == 0 && expired(work, spec, window->start_ms))) {
			rc = 0;
			break;
		}
		if (rc == 0)
			rc = read_window(work, table, tops, first_ms,
					 to->windows_len == 0 ? newest
					 : tops               ? &group
							      : NULL,
					 window, err);
		group_key(bound, GROUP_SUMMARY, table, window->start_ms);
		to->windows_len++;
	}
	group_release(&group);
	return rc;
}

/*
 * What the key that stands behind room for a window in `key` has in a window,
 * of the measure that ranks; VALUE_NONE: it does not occur there.
 */
static int
value_in_window(const struct work *work, unsigned table, int64_t start,
		char key[WINDOW_KEY_SIZE + KEY_MAX], size_t name_size,
		struct value *value, struct err *err)
{
	const struct row_layout *layout = &work->layouts[table];
	struct view_position position;
	char row[ROW_MAX];
	int rc;

	put_be64(key, key_from_i64(start));
	rc = find_row(work, table, val(key, WINDOW_KEY_SIZE + name_size), row,
		      &position, &position, err);
	*value = rc ? value_none() : row_value(layout, row, layout->rank);
	return rc == WEIR_NOT_FOUND ? 0 : rc;
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
	char key[WINDOW_KEY_SIZE + KEY_MAX];

	memcpy(key + WINDOW_KEY_SIZE, name.data, name.size);
	for (unsigned i = 0; i < windowed->windows_len; i++) {
		const struct view_window *window = &windowed->windows[i];
		struct value value;

		if (value_in_window(work, table, window->start_ms, key,
				    name.size, &value, NULL) ||
		    value.kind == VALUE_NONE)
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

/* ---- Lines ---- */

static bool
has_lines(const struct pipeline *p, unsigned table)
{
	for (unsigned i = 0; i < p->panels_len; i++)
		if (p->panels[i].kind == PANEL_LINES &&
		    p->panels[i].table == (int)table)
			return true;
	return false;
}

static struct text
line_id(const struct view_line *line)
{
	return (struct text){line->id.data, line->id.size};
}

static int
compare_lines(const void *a, const void *b)
{
	return text_order(line_id(a), line_id(b));
}

/* The largest keys of a window that have no line yet, as long as there is room.
 */
static int
add_lines(struct work *work, unsigned table, const struct group *group,
	  struct view_table *to, struct err *err)
{
	struct text name;
	uint64_t bits;

	for (size_t i = 0; to->lines_len < VIEW_LINES &&
			   ranking_get(&group->top, i, &bits, &name);
	     i++) {
		struct view_line *line = &to->lines[to->lines_len];
		unsigned same = 0;
		int rc = check_name(work, name, err);

		if (rc)
			return rc;
		while (same < to->lines_len &&
		       text_order(line_id(&to->lines[same]), name) != 0)
			same++;
		if (same < to->lines_len)
			continue;
		line->key = copy_key(work, table, name);
		line->id = view_copy(work->view, name.data, name.size);
		line->values = view_alloc(
		    work->view, to->windows_len * sizeof(*line->values));
		to->lines_len++;
	}
	return 0;
}

static int
fill_line(const struct work *work, unsigned table, const struct view_table *of,
	  struct view_line *line, struct err *err)
{
	char key[WINDOW_KEY_SIZE + KEY_MAX];
	int rc = 0;

	memcpy(key + WINDOW_KEY_SIZE, line->id.data, line->id.size);
	for (unsigned i = 0; rc == 0 && i < of->windows_len; i++) {
		struct value *value = &line->values[i];

		rc = value_in_window(work, table, of->windows[i].start_ms, key,
				     line->id.size, value, err);
		if (of->spec->average_ms)
			*value = window_average(*value, of->windows[i].span_ms,
						of->spec);
	}
	return rc;
}

/*
 * First the keys of the newest complete window: which these are stays the same
 * until the next one is. The newest window, in which they are what has come so
 * far, has what room is left.
 */
static int
read_lines(struct work *work, unsigned table, const struct group *newest,
	   struct view_table *to, struct err *err)
{
	unsigned complete = 0;
	struct group group;
	int rc = 0;

	to->lines = view_alloc(work->view, VIEW_LINES * sizeof(*to->lines));
	while (complete < to->windows_len && !to->windows[complete].complete)
		complete++;
	if (complete > 0 && complete < to->windows_len) {
		group_init(&group, &work->layouts[table]);
		rc = whole_group(work->whole, table,
				 to->windows[complete].start_ms, &group, err);
		if (rc == 0)
			rc = add_lines(work, table, &group, to, err);
		group_release(&group);
	}
	if (rc == 0)
		rc = add_lines(work, table, newest, to, err);
	qsort(to->lines, to->lines_len, sizeof(*to->lines), compare_lines);
	for (unsigned i = 0; rc == 0 && i < to->lines_len; i++)
		rc = fill_line(work, table, to, &to->lines[i], err);
	return rc;
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

/* Events that were too late for a windowed table. */
static int
count_late(const struct work *work, unsigned table, int64_t *late,
	   struct err *err)
{
	*late = 0;
	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct part *part = &work->parts[i];
		int64_t its;
		int rc = late_decode(part->store, part->txn, table, &its);

		if (rc && rc != MDB_NOTFOUND)
			return store_fail(err, rc, part->store,
					  "reading windows");
		*late += its;
	}
	return 0;
}

static int
read_table(struct work *work, unsigned table, bool tops, struct err *err)
{
	const struct table_spec *spec = &work->pipeline->tables[table];
	struct view_table *to = &work->view->tables[table];
	uint64_t hashes[2][VIEW_RANKING];
	struct text names[2][VIEW_RANKING];
	struct view_row *rows[2] = {NULL, NULL};
	struct group group;
	unsigned lens[2] = {0, 0};
	int64_t window = 0;
	int windowed, rc;

	to->spec = spec;
	group_init(&group, &work->layouts[table]);
	if (spec->window_ms) {
		rc = count_late(work, table, &to->late, err);
		if (rc == 0)
			rc = read_windows(work, table, tops, to, &group, err);
		if (rc || to->windows_len == 0)
			goto done;
		window = to->windows[0].start_ms;
		to->summary = to->windows[0].summary;
		if (has_lines(work->pipeline, table))
			rc = read_lines(work, table, &group, to, err);
		if (rc)
			goto done;
	} else {
		rc = whole_group(work->whole, table, 0, &group, err);
		if (rc)
			goto done;
		/* Nothing is stored before the first commit with an event. */
		if (group.keys > 0)
			summarise_group(work, table, &group, &to->summary);
	}
	rc = read_rankings(work, table, window, &group, rows, lens, hashes,
			   names, err);
	if (rc == 0 && !spec->window_ms && work->parts_len == 1)
		rc = read_recent(work, table, rows, lens, hashes, err);
	/* A table's windows are read before it: see read_tables(). */
	windowed = windows_for(work->pipeline, table);
	for (unsigned end = 0; rc == 0 && windowed >= 0 && end < 2; end++)
		for (unsigned i = 0; i < lens[end] && i < WINDOW_ROWS; i++)
			window_extremes(work, (unsigned)windowed,
					&work->view->tables[windowed],
					names[end][i], &rows[end][i]);
	to->top = rows[0];
	to->top_len = lens[0];
	to->bottom = rows[1];
	to->bottom_len = lens[1];
done:
	group_release(&group);
	return rc;
}

static int
read_tables(struct work *work, bool tops, struct err *err)
{
	const struct pipeline *p = work->pipeline;
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
read_entries(struct work *work, const struct part *part)
{
	struct view *view = work->view;
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc;

	rc = mdb_cursor_open(part->txn, part->store->offsets, &cursor);
	if (rc)
		return rc;
	for (unsigned i = 0; i < part->entries; i++) {
		struct view_partition *to = &view->partitions[part->entry + i];
		struct store_partition from;

		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
		if (rc == 0)
			rc = k.mv_size == 4 ? partition_decode(v, &from)
					    : MDB_CORRUPTED;
		if (rc)
			break;
		to->id = from.number;
		to->topic =
		    view_copy(view, from.topic, strlen(from.topic)).data;
		to->state = (enum view_partition_state)from.state;
		to->position = from.position;
		to->begin = from.begin;
		to->end = from.end;
		to->lag =
		    from.state == PARTITION_READ ? from.end - from.position : 0;
		to->lost = from.lost;
		to->skipped = from.skipped;
		to->newest_ms =
		    from.newest_ms == WATERMARK_NONE ? -1 : from.newest_ms;
		if (work->parts_len > 1)
			to->store = view_copy(view, part->store->path,
					      strlen(part->store->path))
					.data;
	}
	mdb_cursor_close(cursor);
	return rc;
}

static int
read_partitions(struct work *work, struct err *err)
{
	struct view *view = work->view;
	int rc = 0;

	for (unsigned i = 0; i < work->parts_len; i++)
		view->partitions_len += work->parts[i].entries;
	view->partitions =
	    view_alloc(view, view->partitions_len * sizeof(*view->partitions));
	for (unsigned i = 0; rc == 0 && i < work->parts_len; i++) {
		rc = read_entries(work, &work->parts[i]);
		if (rc)
			rc = store_fail(err, rc, work->parts[i].store,
					"reading offsets");
	}
	return rc;
}

static int
compare_reasons(const void *a, const void *b)
{
	const struct view_reason *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static void
read_reasons(struct work *work)
{
	const int64_t *counts = work->whole->state.dead_by_reason;
	struct view *view = work->view;

	view->reasons = view_alloc(view, REASONS * sizeof(*view->reasons));
	for (unsigned i = REASON_NONE + 1; i < REASONS; i++) {
		if (counts[i] == 0)
			continue;
		view->reasons[view->reasons_len++] = (struct view_reason){
		    reason_name(i), reason_text(i), counts[i]};
	}
	qsort(view->reasons, view->reasons_len, sizeof(*view->reasons),
	      compare_reasons);
}

static void
fill_dead(struct work *work, const struct part *part, MDB_val v,
	  struct view_dead *to)
{
	const struct pipeline *p = work->pipeline;
	const char *head = v.mv_data;
	int32_t field = (int32_t)get_u32(head + 4);

	to->reason = reason_text((enum reason)get_u32(head));
	to->reason_name = reason_name((enum reason)get_u32(head));
	if (field >= 0 && field < (int32_t)p->event.fields_len)
		to->field = p->event.fields[field].name;
	to->position =
	    view_position(work->view, part,
			  (struct position){(int32_t)get_u64(head + 8),
					    (int64_t)get_u64(head + 16)});
	to->seen_ms = (int64_t)get_u64(head + 24);
	to->raw_size = get_u64(head + 32);
	to->rule = rule_name((enum rule_kind)get_u32(head + 40));
	to->raw =
	    view_copy(work->view, head + DEAD_HEAD, v.mv_size - DEAD_HEAD);
}

/* The dead letters of a part, newest first. */
struct letters {
	MDB_cursor *cursor;
	MDB_val v; /* the next; of no size: there is none */
	int64_t seen_ms;
};

static int
next_letter(struct letters *letters, MDB_cursor_op op)
{
	MDB_val k;
	int rc = mdb_cursor_get(letters->cursor, &k, &letters->v, op);

	if (rc == MDB_NOTFOUND) {
		letters->v.mv_size = 0;
		return 0;
	}
	if (rc == 0 && (letters->v.mv_size < DEAD_HEAD ||
			letters->v.mv_size > DEAD_HEAD + STORE_DEAD_RAW_MAX))
		rc = MDB_CORRUPTED;
	if (rc == 0)
		letters->seen_ms =
		    (int64_t)get_u64((const char *)letters->v.mv_data + 24);
	return rc;
}

/* The newest of all. */
static int
read_dead(struct work *work, struct err *err)
{
	struct letters *letters = xcalloc(work->parts_len, sizeof(*letters));
	struct view *view = work->view;
	unsigned i;
	int rc = 0;

	view->dead = view_alloc(view, VIEW_DEAD * sizeof(*view->dead));
	for (i = 0; rc == 0 && i < work->parts_len; i++) {
		rc = mdb_cursor_open(work->parts[i].txn,
				     work->parts[i].store->dead,
				     &letters[i].cursor);
		if (rc == 0)
			rc = next_letter(&letters[i], MDB_LAST);
		if (rc)
			break;
	}
	while (rc == 0 && view->dead_len < VIEW_DEAD) {
		i = work->parts_len;
		for (unsigned j = 0; j < work->parts_len; j++)
			if (letters[j].v.mv_size > 0 &&
			    (i == work->parts_len ||
			     letters[j].seen_ms > letters[i].seen_ms))
				i = j;
		if (i == work->parts_len)
			break;
		fill_dead(work, &work->parts[i], letters[i].v,
			  &view->dead[view->dead_len++]);
		rc = next_letter(&letters[i], MDB_PREV);
	}
	if (rc)
		rc = store_fail(err, rc, work->parts[i].store,
				"reading dead letters");
	for (i = 0; i < work->parts_len; i++)
		if (letters[i].cursor)
			mdb_cursor_close(letters[i].cursor);
	free(letters);
	return rc;
}

/*
 * Counters are stored as they stood at the end of each second; shown is what
 * happened in it, as far as the second before is known.
 */
static int
read_flow(struct work *work, const struct part *part)
{
	struct view *view = work->view;
	int64_t now = work->whole->history_end;
	int64_t first = now - VIEW_HISTORY, last = INT64_MIN;
	uint64_t before[4] = {0};
	MDB_cursor *cursor;
	char key[9];
	MDB_val k, v;
	int rc;

	rc = mdb_cursor_open(part->txn, part->store->history, &cursor);
	if (rc)
		return rc;
	key[0] = HISTORY_FLOW;
	put_be64(key + 1, key_from_i64(first - 1));
	k = val(key, sizeof(key));
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data, *data = v.mv_data;
		uint64_t counters[4];
		int64_t second;

		if (k.mv_size != 9 || at[0] != HISTORY_FLOW ||
		    v.mv_size != SECOND_SIZE)
			break;
		second = key_to_i64(get_be64(at + 1));
		if (second >= now || second <= last)
			break;
		for (unsigned i = 0; i < 4; i++)
			counters[i] = get_u64(data + 8 * i);
		if (second >= first && last == second - 1) {
			struct view_second *to = &view->history[second - first];
			int64_t commit_us = (int64_t)get_u64(data + 40);

			to->known = true;
			to->produced += counters[0] - before[0];
			to->acked += counters[1] - before[1];
			to->consumed += counters[2] - before[2];
			to->dead += counters[3] - before[3];
			to->lag += (int64_t)get_u64(data + 32);
			if (to->commit_us < commit_us)
				to->commit_us = commit_us;
		}
		memcpy(before, counters, sizeof(before));
		last = second;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
read_history(struct work *work, struct err *err)
{
	struct view *view = work->view;
	int rc = 0;

	view->history = view_alloc(view, VIEW_HISTORY * sizeof(*view->history));
	view->history_len = VIEW_HISTORY;
	for (unsigned i = 0; i < VIEW_HISTORY; i++)
		view->history[i].second =
		    work->whole->history_end - VIEW_HISTORY + i;
	for (unsigned i = 0; rc == 0 && i < work->parts_len; i++) {
		rc = read_flow(work, &work->parts[i]);
		if (rc)
			rc = store_fail(err, rc, work->parts[i].store,
					"reading history");
	}
	return rc;
}

static int64_t
used_bytes(const struct work *work)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct store *store = work->parts[i].store;
		MDB_envinfo info;

		if (mdb_env_info(store->env, &info) == 0)
			bytes += (info.me_last_pgno + 1) * store->page_size;
	}
	return (int64_t)bytes;
}

/* A text of `meta`, from the first store that has it. */
static void
read_meta(const struct work *work, const char *key, char *to, size_t room)
{
	MDB_val v;

	for (unsigned i = 0; i < work->parts_len; i++) {
		const struct part *part = &work->parts[i];

		if (store_get(part->txn, part->store->meta, key, &v) == 0 &&
		    v.mv_size > 0 && v.mv_size < room) {
			memcpy(to, v.mv_data, v.mv_size);
			return;
		}
	}
}

static int
read_outputs(struct work *work, struct err *err)
{
	struct view *view = work->view;

	view->outputs_len = work->pipeline->outputs_len;
	view->outputs =
	    view_alloc(view, view->outputs_len * sizeof(*view->outputs));
	for (unsigned i = 0; i < view->outputs_len; i++) {
		for (unsigned j = 0; j < work->parts_len; j++) {
			const struct part *part = &work->parts[j];
			int64_t records;
			int rc = store_output_records(part->store, part->txn, i,
						      &records);

			if (rc)
				return store_fail(err, rc, part->store,
						  "reading outputs");
			view->outputs[i].records += records;
		}
	}
	return 0;
}

static int
read_all(struct work *work, struct whole *whole, bool windows, struct err *err)
{
	struct view *view = work->view;
	const struct store_state *state = &whole->state;
	int rc;

	view->commit = state->commit;
	view->commit_ms = state->commit_ms;
	view->commit_us = state->commit_us;
	view->started_ms = state->started_ms;
	view->store_bytes = used_bytes(work);
	view->memory_bytes = state->memory_bytes;
	view->memory_limit = state->memory_limit;
	view->seen_median_ms = state->seen_median_ms;
	view->seen_p99_ms = state->seen_p99_ms;
	view->behind_ms = state->behind_ms;
	read_meta(work, META_LABEL, view->source, sizeof(view->source));
	read_meta(work, META_TOPIC, view->topic, sizeof(view->topic));
	rc = read_partitions(work, err);
	if (rc)
		return rc;
	if (work->parts_len > 1)
		whole_partitions(whole, view);
	view->watermark_ms =
	    state->watermark_ms == WATERMARK_NONE ? -1 : state->watermark_ms;
	view->newest_ms =
	    state->newest_ms == WATERMARK_NONE ? -1 : state->newest_ms;
	view->ledger = state->ledger;
	view->balanced = ledger_balanced(&view->ledger);
	read_reasons(work);
	rc = read_dead(work, err);
	if (rc == 0)
		rc = view_read_seen(whole, view, err);
	if (rc == 0)
		rc = read_history(work, err);
	if (rc == 0)
		rc = view_read_alerts(whole, view, err);
	if (rc == 0)
		rc = read_outputs(work, err);
	for (unsigned i = 0; rc == 0 && i < work->parts_len; i++)
		rc = store_check(work->parts[i].store, work->parts[i].txn,
				 &work->parts[i].state, err);
	return rc ? rc : read_tables(work, windows, err);
}

/* ---- The whole ---- */

int
part_begin(struct part *part, struct store *store, struct err *err)
{
	size_t entries = 0;
	MDB_val v;
	int rc;

	memset(part, 0, sizeof(*part));
	rc = store_read_begin(store, &part->txn, err);
	if (rc)
		return rc;
	part->store = store;
	part->state.watermark_ms = part->state.newest_ms = WATERMARK_NONE;
	rc = store_get(part->txn, store->meta, META_STATE, &v);
	if (rc == 0)
		rc = state_decode(v, &part->state);
	if (rc == 0)
		rc = store_entries(store, part->txn, store->offsets,
				   PARTITION_HEAD, &entries);
	part->entries = (unsigned)entries;
	if (rc && rc != MDB_NOTFOUND) {
		part_end(part);
		return store_fail(err, rc, store, "being read");
	}
	return 0;
}

void
part_end(struct part *part)
{
	if (part->txn)
		store_read_end(part->store, part->txn);
	part->txn = NULL;
}

static struct work
work_on(const struct whole *whole, struct view *view)
{
	const struct store *store = whole->parts[0].store;

	return (struct work){
	    .whole = whole,
	    .parts = whole->parts,
	    .parts_len = whole->parts_len,
	    .pipeline = store->pipeline,
	    .layouts = store->layouts,
	    .view = view,
	};
}

int
view_read_window(const struct whole *whole, struct view *view, unsigned table,
		 struct view_window *window, struct err *err)
{
	struct work work = work_on(whole, view);
	int64_t first_ms;
	int rc = read_first(&work, table, &first_ms, err);

	if (rc == 0)
		rc = read_window(&work, table, false, first_ms, NULL, window,
				 err);
	buf_release(&work.text);
	return rc;
}

/* The newest windows of a table, with what one key has in them. */
static int
read_key_windows(struct work *work, unsigned table, struct text name,
		 struct view_key *key, struct err *err)
{
	const struct table_spec *spec = &work->pipeline->tables[table];
	char bound[GROUP_KEY], at[WINDOW_KEY_SIZE + KEY_MAX];
	struct view_key_window swap, *windows;
	int rc = 0;

	key->windows = windows =
	    view_alloc(work->view, VIEW_WINDOWS * sizeof(*windows));
	memcpy(at + WINDOW_KEY_SIZE, name.data, name.size);
	group_key(bound, GROUP_SUMMARY, table + 1, INT64_MIN);
	while (key->windows_len < VIEW_WINDOWS) {
		struct view_key_window *window = &windows[key->windows_len];
		int64_t start;

		rc = window_before(work, table, bound, &start, err);
		if (rc || expired(work, spec, start))
			break;
		group_key(bound, GROUP_SUMMARY, table, start);
		*window = (struct view_key_window){
		    .start_ms = start,
		    .end_ms = start + spec->window_ms,
		    .complete = window_closed(start, spec,
					      work->whole->state.watermark_ms)};
		rc = value_in_window(work, table, start, at, name.size,
				     &window->value, err);
		if (rc)
			return rc;
		key->windows_len++;
	}
	for (unsigned i = 0; i < key->windows_len / 2; i++) {
		swap = windows[i];
		windows[i] = windows[key->windows_len - 1 - i];
		windows[key->windows_len - 1 - i] = swap;
	}
	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

int
view_read_key(const struct whole *whole, unsigned table, int64_t window_ms,
	      struct text name, int windows, struct view_key **out,
	      struct err *err)
{
	const struct store *store = whole->parts[0].store;
	struct view *memory = view_new(store->pipeline);
	struct view_key *key = view_alloc(memory, sizeof(*key));
	struct work work = work_on(whole, memory);
	char prefix[WINDOW_KEY_SIZE];
	int rc;

	key->memory = memory;
	key->commit = whole->state.commit;
	put_be64(prefix, key_from_i64(window_ms));
	rc = read_partitions(&work, err);
	if (rc == 0)
		rc = fill_row(&work, table, prefix,
			      work.pipeline->tables[table].window_ms
				  ? WINDOW_KEY_SIZE
				  : 0,
			      name, &key->row, err);
	if (rc == WEIR_NOT_FOUND)
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "this key is no longer in the store");
	if (rc == 0 && windows >= 0)
		rc = read_key_windows(&work, (unsigned)windows, name, key, err);
	buf_release(&work.text);
	if (rc)
		view_key_free(key);
	else
		*out = key;
	return rc;
}

int
view_build(struct whole *whole, bool windows, struct view **view,
	   struct err *err)
{
	const struct store *store = whole->parts[0].store;
	struct work work = work_on(whole, view_new(store->pipeline));
	int rc;

	rc = read_all(&work, whole, windows, err);
	buf_release(&work.text);
	if (rc) {
		view_free(work.view);
		return rc;
	}
	*view = work.view;
	return 0;
}

static int
view_one(struct store *store, uint64_t seen, bool windows, struct view **view,
	 struct err *err)
{
	struct part part;
	struct whole whole = {.parts = &part, .parts_len = 1};
	int rc;

	rc = part_begin(&part, store, err);
	if (rc)
		return rc;
	whole.state = part.state;
	whole.expired_ms = part.state.watermark_ms;
	whole.history_end = part.state.commit_ms / 1000;
	if (part.state.commit <= seen)
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "the store %s has no newer commit", store->path);
	else
		rc = view_build(&whole, windows, view, err);
	part_end(&part);
	return rc;
}

int
store_view(struct store *store, uint64_t seen, bool windows, struct view **view,
	   struct err *err)
{
	const char *before = crash_enter(store->path);
	int rc = view_one(store, seen, windows, view, err);

	crash_leave(before);
	return rc;
}
