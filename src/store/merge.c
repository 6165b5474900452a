#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/crash.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "store/merge.h"
#include "store/rows-door.h"

/* Commits come at least every second: such a store is still written. */
#define WRITTEN_MS 5000

/*
 * The merged summary of a window, and a print of the summaries that it was
 * made of. Any event changes those: they have the last offset in them.
 */
struct summary {
	unsigned table;
	int64_t window;
	uint64_t print;
	struct buf data;
	bool used; /* in this view or the last; else it has gone */
};

struct merge {
	struct store **stores;
	struct part *parts; /* of the view that is being built */
	unsigned len;
	struct summary *summaries;
	size_t summaries_len;
};

/* ---- Groups ---- */

/* The rows of one part of a group, in key order. */
struct run {
	const struct part *part;
	struct row_cursor rows;
	struct text key; /* without the window */
	const void *row;
	bool over;
	const struct run *with; /* the first run that has the same key */
};

/* Takes the first or next row, which must have the prefix. */
static int
run_next(struct run *run, bool first, const char *prefix, size_t prefix_size)
{
	MDB_val k, v;
	int rc = first ? row_cursor_seek(&run->rows, val(prefix, prefix_size),
					 &k, &v)
		       : row_cursor_next(&run->rows, &k, &v);

	run->over = rc == MDB_NOTFOUND ||
		    (rc == 0 && (k.mv_size < prefix_size ||
				 memcmp(k.mv_data, prefix, prefix_size) != 0));
	if (run->over)
		return 0;
	if (rc)
		return rc;
	run->key.data = (const char *)k.mv_data + prefix_size;
	run->key.size = k.mv_size - prefix_size;
	run->row = v.mv_data;
	return 0;
}

/* The run with the smallest key; those that have it too point to it. */
static const struct run *
find_least(struct run *runs, unsigned len)
{
	const struct run *least = NULL;

	for (unsigned i = 0; i < len; i++) {
		struct run *run = &runs[i];
		int c;

		run->with = NULL;
		if (run->over)
			continue;
		c = least ? text_order(run->key, least->key) : -1;
		if (c < 0)
			least = run;
		if (c <= 0)
			run->with = least;
	}
	return least;
}

/* Of a row that several parts have; the key is without the window. */
static int
unite_distinct(const struct whole *whole, unsigned table, const char *prefix,
	       size_t prefix_size, struct text key, void *row, struct err *err)
{
	char full[WINDOW_KEY_SIZE + KEY_MAX];

	if (key.size > KEY_MAX)
		return store_fail(err, MDB_CORRUPTED, whole->parts[0].store,
				  "reading rows");
	memcpy(full, prefix, prefix_size);
	memcpy(full + prefix_size, key.data, key.size);
	return parts_distinct(whole->parts, whole->parts_len, table,
			      (struct text){full, prefix_size + key.size}, row,
			      err);
}

/* All rows of the runs, side by side, into the group. */
static int
merge_runs(const struct whole *whole, unsigned table, struct run *runs,
	   const char *prefix, size_t prefix_size, struct group *group,
	   struct err *err)
{
	const struct row_layout *layout = group->layout;
	unsigned len = whole->parts_len;
	const struct run *least;
	bool unknown;

	while ((least = find_least(runs, len))) {
		const void *row = least->row;
		char merged[ROW_MAX];

		for (const struct run *run = least + 1; run < runs + len;
		     run++) {
			if (run->with != least)
				continue;
			if (row != merged)
				memcpy(merged, row, layout->size);
			row_merge(layout, merged, run->row);
			row = merged;
		}
		if (row == merged) {
			int rc =
			    unite_distinct(whole, table, prefix, prefix_size,
					   least->key, merged, err);

			if (rc)
				return rc;
		}
		group_change(group, least->key, row, NULL, row);
		for (unsigned i = 0; i < len; i++) {
			int rc;

			if (runs[i].with != least)
				continue;
			rc = run_next(&runs[i], false, prefix, prefix_size);
			if (rc)
				return store_fail(err, rc, runs[i].part->store,
						  "reading rows");
		}
	}
	/* No key has left it: nothing is unknown. */
	unknown = group_finish(group);
	assert(!unknown);
	(void)unknown;
	return 0;
}

static int
scan_group(const struct whole *whole, unsigned table, int64_t window,
	   struct group *group, struct err *err)
{
	const struct store *first = whole->parts[0].store;
	size_t prefix_size =
	    first->pipeline->tables[table].window_ms ? WINDOW_KEY_SIZE : 0;
	struct run *runs = xcalloc(whole->parts_len, sizeof(*runs));
	char prefix[WINDOW_KEY_SIZE];
	int rc = 0;

	group_clear(group);
	put_be64(prefix, key_from_i64(window));
	for (unsigned i = 0; rc == 0 && i < whole->parts_len; i++) {
		const struct part *part = &whole->parts[i];

		runs[i].part = part;
		rc = row_cursor_open(&runs[i].rows, part->store, part->txn,
				     table);
		if (rc == 0)
			rc = run_next(&runs[i], true, prefix, prefix_size);
		if (rc)
			rc = store_fail(err, rc, part->store, "reading rows");
	}
	if (rc == 0)
		rc = merge_runs(whole, table, runs, prefix, prefix_size, group,
				err);
	for (unsigned i = 0; i < whole->parts_len; i++)
		row_cursor_close(&runs[i].rows);
	free(runs);
	return rc;
}

/*
 * The stored summaries of a group: how many, one of them with its part, and a
 * print of all.
 */
static int
find_summaries(const struct whole *whole, unsigned table, int64_t window,
	       unsigned *found, const struct part **part, MDB_val *summary,
	       uint64_t *print, struct err *err)
{
	char key[GROUP_KEY];

	*found = 0;
	*print = 0;
	group_key(key, GROUP_SUMMARY, table, window);
	for (unsigned i = 0; i < whole->parts_len; i++) {
		const struct part *at = &whole->parts[i];
		MDB_val k = val(key, sizeof(key)), v;
		uint64_t prints[3] = {*print, i, 0};
		int rc;

		rc = mdb_get(at->txn, at->store->groups, &k, &v);
		if (rc == MDB_NOTFOUND)
			continue;
		if (rc)
			return store_fail(err, rc, at->store,
					  "reading a summary");
		(*found)++;
		*part = at;
		*summary = v;
		prints[2] = hash64(v.mv_data, v.mv_size);
		*print = hash64(prints, sizeof(prints));
	}
	return 0;
}

int
whole_group(const struct whole *whole, unsigned table, int64_t window,
	    struct group *group, struct err *err)
{
	const struct part *part = NULL;
	MDB_val summary;
	uint64_t print;
	unsigned found;
	int rc;

	rc = find_summaries(whole, table, window, &found, &part, &summary,
			    &print, err);
	if (rc)
		return rc;
	if (found > 1)
		return scan_group(whole, table, window, group, err);
	if (found == 0) {
		group_clear(group);
		return 0;
	}
	return store_group(part->store, part->txn, table, window, group, err);
}

/* ---- Summaries of windows ---- */

static struct summary *
find_summary(struct merge *merge, unsigned table, int64_t window)
{
	struct summary *free_one = NULL;

	for (size_t i = 0; i < merge->summaries_len; i++) {
		struct summary *s = &merge->summaries[i];

		if (s->data.size > 0 && s->table == table &&
		    s->window == window)
			return s;
		if (s->data.size == 0)
			free_one = s;
	}
	if (!free_one) {
		merge->summaries =
		    xrealloc(merge->summaries, (merge->summaries_len + 1) *
						   sizeof(*merge->summaries));
		free_one = &merge->summaries[merge->summaries_len++];
		*free_one = (struct summary){.data = BUF_INIT};
	}
	free_one->table = table;
	free_one->window = window;
	return free_one;
}

/* Those that this view did not ask for have expired. */
static void
forget_summaries(struct merge *merge)
{
	for (size_t i = 0; i < merge->summaries_len; i++) {
		struct summary *s = &merge->summaries[i];

		if (!s->used)
			s->data.size = 0;
		s->used = false;
	}
}

static int
make_summary(const struct whole *whole, unsigned table, int64_t window,
	     struct buf *data, struct err *err)
{
	struct buf rankings = BUF_INIT;
	struct group group;
	int rc;

	group_init(&group, &whole->parts[0].store->layouts[table]);
	rc = scan_group(whole, table, window, &group, err);
	data->size = 0;
	if (rc == 0)
		group_encode(&group, data, &rankings);
	group_release(&group);
	buf_release(&rankings);
	return rc;
}

int
whole_summary(const struct whole *whole, unsigned table, int64_t window,
	      struct group_summary *summary, struct err *err)
{
	const struct row_layout *layout =
	    &whole->parts[0].store->layouts[table];
	const struct part *part = NULL;
	struct summary *s;
	MDB_val stored;
	uint64_t print;
	unsigned found;
	int rc;

	rc = find_summaries(whole, table, window, &found, &part, &stored,
			    &print, err);
	if (rc)
		return rc;
	if (found == 0)
		return WEIR_NOT_FOUND;
	if (found == 1)
		return group_decode_summary(layout, stored.mv_data,
					    stored.mv_size, summary, err);
	s = find_summary(whole->merge, table, window);
	s->used = true;
	if (s->data.size == 0 || s->print != print) {
		rc = make_summary(whole, table, window, &s->data, err);
		if (rc)
			return rc;
		s->print = print;
	}
	return group_decode_summary(layout, s->data.data, s->data.size, summary,
				    err);
}

/* ---- Partitions ---- */

static int
compare_partitions(const struct view_partition *a,
		   const struct view_partition *b)
{
	int c = strcmp(a->topic, b->topic);

	return c ? c : (a->id > b->id) - (a->id < b->id);
}

/* An entry of a partition, and the part that it is of. */
struct entry {
	struct view_partition *partition;
	unsigned part;
};

/* By partition, and in it in the order in which they were read. */
static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = compare_partitions(x->partition, y->partition);

	if (c)
		return c;
	if (x->partition->position != y->partition->position)
		return x->partition->position < y->partition->position ? -1 : 1;
	if (x->partition->begin != y->partition->begin)
		return x->partition->begin < y->partition->begin ? -1 : 1;
	return (x->part > y->part) - (x->part < y->part);
}

/*
 * Of one partition: an entry behind which another store has read on is passed.
 * Not by one that has ended: that can be of a log that is no more, and if
 * others have read on from it, one of theirs is there as well.
 */
static void
settle(const struct entry *entries, unsigned len, struct ledger *ledger)
{
	for (unsigned i = 0; i < len; i++) {
		struct view_partition *p = entries[i].partition;
		bool passed = false;
		int64_t lag;

		for (unsigned j = i + 1; j < len; j++)
			passed |=
			    entries[j].part != entries[i].part &&
			    entries[j].partition->state != VIEW_PARTITION_ENDED;
		if (!passed || p->state != VIEW_PARTITION_READ)
			continue;
		/* It was counted as foreign, unless somebody here wrote it. */
		lag = p->lag < ledger->foreign ? p->lag : ledger->foreign;
		ledger->lag -= lag;
		ledger->foreign -= lag;
		p->state = VIEW_PARTITION_AWAY;
		p->lag = 0;
	}
}

static int
compare_offsets(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
add_overlap(struct view *view, const struct entry *entries, unsigned len,
	    int64_t begin, int64_t end, const bool *in, unsigned parts_len)
{
	struct view_overlap *o;
	const struct view_partition *p = entries[0].partition;
	unsigned stores = 0;

	for (unsigned i = 0; i < parts_len; i++)
		stores += in[i];
	if (stores < 2)
		return;
	o = &view->overlaps[view->overlaps_len++];
	*o = (struct view_overlap){
	    .topic = p->topic,
	    .partition = p->id,
	    .begin = begin,
	    .end = end,
	    .events = (end - begin) * (stores - 1),
	};
	o->stores = view_alloc(view, stores * sizeof(*o->stores));
	for (unsigned part = 0; part < parts_len; part++)
		for (unsigned i = 0; in[part] && i < len; i++)
			if (entries[i].part == part) {
				o->stores[o->stores_len++] =
				    entries[i].partition->store;
				break;
			}
}

/*
 * The ranges of one partition that several stores have read: between two
 * offsets at which any range begins or ends, the same stores have read all or
 * nothing. Neighbours of the same stores are one range.
 */
static void
find_overlaps(struct view *view, const struct entry *entries, unsigned len,
	      unsigned parts_len)
{
	int64_t *cuts = xcalloc(len, 2 * sizeof(*cuts)), begin = 0;
	bool *in = xcalloc(parts_len, sizeof(*in));
	bool *before = xcalloc(parts_len, sizeof(*before));

	for (unsigned i = 0; i < len; i++) {
		cuts[2 * i] = entries[i].partition->begin;
		cuts[2 * i + 1] = entries[i].partition->position;
	}
	qsort(cuts, 2 * len, sizeof(*cuts), compare_offsets);
	for (unsigned c = 0; c < 2 * len; c++) {
		memset(in, 0, parts_len * sizeof(*in));
		for (unsigned i = 0; i < len; i++)
			if (entries[i].partition->begin <= cuts[c] &&
			    cuts[c] < entries[i].partition->position)
				in[entries[i].part] = true;
		if (memcmp(in, before, parts_len * sizeof(*in)) == 0)
			continue;
		add_overlap(view, entries, len, begin, cuts[c], before,
			    parts_len);
		memcpy(before, in, parts_len * sizeof(*in));
		begin = cuts[c];
	}
	free(cuts);
	free(in);
	free(before);
}

/* ---- The watermark ---- */

/* Whether events can still come that this part takes for its own windows. */
static bool
holds_back(const struct part *part, const struct view *view)
{
	bool goes_on = false;
	int64_t lag = 0;

	for (unsigned i = 0; i < part->entries; i++) {
		const struct view_partition *p =
		    &view->partitions[part->entry + i];

		goes_on |= p->state == VIEW_PARTITION_READ;
		lag += p->lag;
	}
	return goes_on && (part->state.newest_ms != WATERMARK_NONE || lag > 0);
}

static int64_t
least_watermark(const struct whole *whole, const struct view *view)
{
	int64_t held = INT64_MAX, any = INT64_MAX;

	for (unsigned i = 0; i < whole->parts_len; i++) {
		const struct part *part = &whole->parts[i];
		int64_t its = part->state.watermark_ms;

		if (its < held && holds_back(part, view))
			held = its;
		if (its < any && its != WATERMARK_NONE)
			any = its;
	}
	if (held != INT64_MAX)
		return held;
	return any != INT64_MAX ? any : WATERMARK_NONE;
}

void
whole_partitions(struct whole *whole, struct view *view)
{
	unsigned len = view->partitions_len;
	struct entry *entries = xcalloc(len, sizeof(*entries));

	for (unsigned i = 0, n = 0; i < whole->parts_len; i++)
		for (unsigned j = 0; j < whole->parts[i].entries; j++, n++)
			entries[n] = (struct entry){&view->partitions[n], i};
	qsort(entries, len, sizeof(*entries), compare_entries);
	/* An overlap ends where a range begins or ends. */
	view->overlaps = view_alloc(view, 2 * len * sizeof(*view->overlaps));
	for (unsigned i = 0, end; i < len; i = end) {
		end = i + 1;
		while (end < len &&
		       compare_partitions(entries[i].partition,
					  entries[end].partition) == 0)
			end++;
		settle(&entries[i], end - i, &whole->state.ledger);
		find_overlaps(view, &entries[i], end - i, whole->parts_len);
	}
	free(entries);
	whole->state.watermark_ms = least_watermark(whole, view);
}

/* ---- All else adds up ---- */

static void
add_ledger(struct ledger *to, const struct ledger *from)
{
	to->produced += from->produced;
	to->acked += from->acked;
	to->unacked += from->unacked;
	to->failed += from->failed;
	to->foreign += from->foreign;
	to->consumed += from->consumed;
	to->valid += from->valid;
	to->dead += from->dead;
	to->late += from->late;
	to->lag += from->lag;
	to->lost += from->lost;
	to->skipped += from->skipped;
}

static void
add_state(struct store_state *to, const struct store_state *from)
{
	if (from->commit == 0)
		return;
	if (to->commit == 0 || from->started_ms < to->started_ms)
		to->started_ms = from->started_ms;
	to->commit += from->commit;
	if (from->commit_ms > to->commit_ms)
		to->commit_ms = from->commit_ms;
	if (from->commit_us > to->commit_us)
		to->commit_us = from->commit_us;
	if (from->newest_ms > to->newest_ms)
		to->newest_ms = from->newest_ms;
	to->memory_bytes += from->memory_bytes;
	to->memory_limit += from->memory_limit;
	if (from->seen_median_ms > to->seen_median_ms)
		to->seen_median_ms = from->seen_median_ms;
	if (from->seen_p99_ms > to->seen_p99_ms)
		to->seen_p99_ms = from->seen_p99_ms;
	if (from->behind_ms > to->behind_ms)
		to->behind_ms = from->behind_ms;
	to->dead_seq += from->dead_seq;
	add_ledger(&to->ledger, &from->ledger);
	for (unsigned i = 0; i < REASONS; i++)
		to->dead_by_reason[i] += from->dead_by_reason[i];
}

static void
add_up(struct whole *whole)
{
	struct store_state *state = &whole->state;
	int64_t end_ms;
	unsigned entry = 0;

	state->watermark_ms = state->newest_ms = WATERMARK_NONE;
	state->seen_median_ms = state->seen_p99_ms = state->behind_ms = -1;
	whole->expired_ms = WATERMARK_NONE;
	for (unsigned i = 0; i < whole->parts_len; i++) {
		struct part *part = &whole->parts[i];

		part->entry = entry;
		entry += part->entries;
		add_state(state, &part->state);
		if (part->state.watermark_ms > whole->expired_ms)
			whole->expired_ms = part->state.watermark_ms;
	}
	end_ms = state->commit_ms;
	for (unsigned i = 0; i < whole->parts_len; i++) {
		int64_t its = whole->parts[i].state.commit_ms;

		if (its < end_ms && its >= state->commit_ms - WRITTEN_MS)
			end_ms = its;
	}
	whole->history_end = end_ms / 1000;
}

/* ---- Which stores fit ---- */

static MDB_val
meta_of(const struct part *part, const char *key)
{
	MDB_val v;

	return store_get(part->txn, part->store->meta, key, &v) ? val("", 0)
								: v;
}

static bool
same_meta(const struct part *a, const struct part *b, const char *key)
{
	MDB_val x = meta_of(a, key), y = meta_of(b, key);

	return x.mv_size == y.mv_size &&
	       memcmp(x.mv_data, y.mv_data, x.mv_size) == 0;
}

static int
check_source(const struct merge *merge, struct err *err)
{
	const struct part *first = NULL;

	for (unsigned i = 0; i < merge->len; i++) {
		const struct part *part = &merge->parts[i];

		if (part->state.commit == 0)
			continue;
		if (!first)
			first = part;
		if (!same_meta(first, part, META_SOURCE_ID))
			return err_set(err, WEIR_STORE_FOREIGN, 0,
				       "the stores %s and %s are of different "
				       "brokers; only stores of one topic can "
				       "be shown as one",
				       first->store->path, part->store->path);
		if (!same_meta(first, part, META_TOPIC))
			return err_set(err, WEIR_STORE_FOREIGN, 0,
				       "the stores %s and %s are of different "
				       "topics; only stores of one topic can "
				       "be shown as one",
				       first->store->path, part->store->path);
	}
	return 0;
}

static int
check_pair(const struct store *a, const struct store *b, struct err *err)
{
	struct stat x, y;
	int x_fd, y_fd;

	if (mdb_env_get_fd(a->env, &x_fd) == 0 &&
	    mdb_env_get_fd(b->env, &y_fd) == 0 && fstat(x_fd, &x) == 0 &&
	    fstat(y_fd, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino)
		return err_set(err, WEIR_USAGE, 0,
			       "%s and %s are the same store; give each store "
			       "once",
			       a->path, b->path);
	if (a->pipeline->fingerprint != b->pipeline->fingerprint)
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "the stores %s and %s were made with different "
			       "fields, rules or tables (%s, %s); only stores "
			       "of one pipeline can be shown as one",
			       a->path, b->path, a->pipeline->file,
			       b->pipeline->file);
	return 0;
}

/* ---- The merge ---- */

static void
end_parts(struct merge *merge)
{
	for (unsigned i = 0; i < merge->len; i++)
		part_end(&merge->parts[i]);
}

static int
begin_parts(struct merge *merge, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < merge->len; i++)
		rc = part_begin(&merge->parts[i], merge->stores[i], err);
	if (rc == 0)
		rc = check_source(merge, err);
	if (rc)
		end_parts(merge);
	return rc;
}

int
merge_new(struct store *const *stores, unsigned len, struct merge **out,
	  struct err *err)
{
	struct merge *merge = xcalloc(1, sizeof(*merge));
	int rc = 0;

	assert(len > 0);
	merge->len = len;
	merge->stores = xcalloc(len, sizeof(struct store *));
	merge->parts = xcalloc(len, sizeof(*merge->parts));
	memcpy(merge->stores, stores, len * sizeof(struct store *));
	for (unsigned i = 0; i < len; i++)
		for (unsigned j = i + 1; rc == 0 && j < len; j++)
			rc = check_pair(stores[i], stores[j], err);
	if (rc == 0)
		rc = begin_parts(merge, err);
	if (rc) {
		merge_free(merge);
		return rc;
	}
	end_parts(merge);
	*out = merge;
	return 0;
}

void
merge_free(struct merge *merge)
{
	if (!merge)
		return;
	for (size_t i = 0; i < merge->summaries_len; i++)
		buf_release(&merge->summaries[i].data);
	free(merge->summaries);
	free(merge->stores);
	free(merge->parts);
	free(merge);
}

static int
view_all(struct merge *merge, uint64_t seen, bool windows, struct view **view,
	 struct err *err)
{
	struct whole whole = {
	    .parts = merge->parts, .parts_len = merge->len, .merge = merge};
	int rc;

	rc = begin_parts(merge, err);
	if (rc)
		return rc;
	add_up(&whole);
	if (whole.state.commit <= seen) {
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "none of the stores has a newer commit");
	} else {
		rc = view_build(&whole, windows, view, err);
		forget_summaries(merge);
	}
	end_parts(merge);
	return rc;
}

int
merge_view(struct merge *merge, uint64_t seen, bool windows, struct view **view,
	   struct err *err)
{
	/* Which one would be damaged is not known. */
	const char *before = crash_enter(merge->stores[0]->path);
	int rc = view_all(merge, seen, windows, view, err);

	crash_leave(before);
	return rc;
}
