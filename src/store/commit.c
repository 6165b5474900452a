/*
 * A commit: everything that a set of events did, in one transaction.
 *
 * For each table, the delta is walked in key order, so that pages are visited
 * once, and each changed row is merged with what is stored (rows-door.h).
 * The group that the row belongs to (the table, or the window) follows from the
 * same walk. Offsets, ledger, dead letters and history go into the same
 * transaction; LMDB makes all of it visible at once or not at all.
 *
 * Nothing outside the transaction is changed before it has succeeded, which is
 * what makes a commit that failed for lack of room repeatable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/hash.h"
#include "aggregate/group.h"
#include "store/alerts-door.h"
#include "store/rows-door.h"

/* Expired rows deleted in one commit at the most, so that none takes long. */
#define EXPIRE_ROWS_MAX 20000
/* Address space left to the others when the map grows. */
#define SPACE_SPARE ((size_t)32 << 20)
/* Rows of a delta, in key order: they lie anywhere in memory. */
#define PREFETCH 8
/* Seconds of history kept, a minute more than is shown. */
#define HISTORY_KEEP (VIEW_HISTORY + 60)

struct work {
	struct store *store;
	MDB_txn *txn;
	const struct store_commit *commit;
	struct buf summary, rankings; /* to encode into */
	struct notices notices;
};

/* ---- Groups ---- */

static int
group_save(struct work *work, unsigned table, int64_t window,
	   const struct group *group)
{
	struct store *store = work->store;
	char key[GROUP_KEY];
	MDB_val k, v;
	int rc;

	work->summary.size = work->rankings.size = 0;
	group_encode(group, &work->summary, &work->rankings);
	group_key(key, GROUP_SUMMARY, table, window);
	k = val(key, sizeof(key));
	v = val(work->summary.data, work->summary.size);
	rc = mdb_put(work->txn, store->groups, &k, &v, 0);
	if (rc)
		return rc;
	key[0] = GROUP_RANKING;
	k = val(key, sizeof(key));
	v = val(work->rankings.data, work->rankings.size);
	return mdb_put(work->txn, store->groups, &k, &v, 0);
}

/* All rows of the group once more: those whose key begins with `prefix`. */
static int
group_rescan(struct row_cursor *rows, struct group *group, const char *prefix,
	     size_t prefix_size)
{
	MDB_val k, v, last = val("", 0);
	int64_t left = group->keys;
	int rc;

	group_rescan_begin(group);
	rc = row_cursor_seek(rows, val(prefix, prefix_size), &k, &v);
	for (; rc == 0; rc = row_cursor_next(rows, &k, &v)) {
		struct text key;

		if (k.mv_size < prefix_size ||
		    memcmp(k.mv_data, prefix, prefix_size) != 0)
			break;
		/* Pages of noise may even go in circles. */
		if (left-- <= 0 || key_order(last, k) >= 0)
			return MDB_CORRUPTED;
		last = k;
		key.data = (const char *)k.mv_data + prefix_size;
		key.size = k.mv_size - prefix_size;
		group_rescan_add(group, key, v.mv_data);
	}
	group_rescan_end(group);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- Tables ---- */

/*
 * The part of the delta from entry *i on that belongs to one group: all of it,
 * or, for a windowed table, one window.
 */
static int
merge_group(struct work *work, struct changes *changes, struct group *group,
	    size_t *i, struct err *err)
{
	unsigned table = changes->table;
	const struct delta *delta =
	    &work->commit->aggregate->tables[table].delta;
	size_t prefix = work->store->pipeline->tables[table].window_ms
			    ? WINDOW_KEY_SIZE
			    : 0;
	char window[WINDOW_KEY_SIZE] = {0};
	bool known, watched = alerts_watch(work->store->rules, table);
	int64_t start = 0;
	struct text key;
	int rc;

	if (prefix) {
		delta_get(delta, *i, &key);
		memcpy(window, key.data, prefix);
		start = key_to_i64(get_be64(window));
	}
	rc = store_group(work->store, work->txn, table, start, group, err);
	if (rc)
		return rc;
	known = group->keys > 0;
	for (; *i < delta->len; (*i)++) {
		const void *row = delta_get(delta, *i, &key);
		char old[ROW_MAX], now[ROW_MAX];
		struct text name;
		bool was;

		if (prefix && memcmp(key.data, window, prefix) != 0)
			break;
		delta_prefetch(delta, *i + PREFETCH);
		rc = changes_row(changes, val(key.data, key.size), row, old,
				 now, &was);
		/* A row of a group that is not there, or has none. */
		if (rc == 0 && was && !known)
			rc = MDB_CORRUPTED;
		if (rc)
			return store_fail(err, rc, work->store,
					  "writing a row");
		name.data = key.data + prefix;
		name.size = key.size - prefix;
		group_change(group, name, row, was ? old : NULL, now);
		if (watched)
			alerts_row(work->store->rules, table, start, name,
				   was ? old : NULL, now);
	}
	rc = changes_end(changes);
	if (rc)
		return store_fail(err, rc, work->store, "writing rows");
	if (group_finish(group)) {
		struct row_cursor rows;

		rc = row_cursor_open(&rows, work->store, work->txn, table);
		if (rc == 0) {
			rc = group_rescan(&rows, group, window, prefix);
			row_cursor_close(&rows);
		}
	}
	if (rc == 0)
		rc = group_save(work, table, start, group);
	return rc ? store_fail(err, rc, work->store, "writing a ranking") : 0;
}

/*
 * What the keys at both ends stood at in this second, for the sparklines of
 * the rows that are on the screen. Later commits of the same second overwrite.
 */
static int
sample_ranking(struct work *work, unsigned table, const struct group *group)
{
	char key[10], data[2 * RANKING_SHOWN * SAMPLE_SIZE];
	const struct ranking *rankings[] = {&group->top, &group->bottom};
	size_t size = 0;
	MDB_val k, v;

	for (unsigned r = 0; r < 2; r++) {
		for (size_t i = 0; i < RANKING_SHOWN; i++) {
			struct text name;
			uint64_t bits;

			if (!ranking_get(rankings[r], i, &bits, &name))
				break;
			put_u64(data + size, hash64(name.data, name.size));
			put_u64(data + size + 8, bits);
			size += SAMPLE_SIZE;
		}
	}
	key[0] = HISTORY_RANK;
	put_be64(key + 1, key_from_i64(work->commit->state->commit_ms / 1000));
	key[9] = (char)table;
	k = val(key, sizeof(key));
	v = val(data, size);
	return mdb_put(work->txn, work->store->history, &k, &v, 0);
}

/* The distinct values of windows, in the same way: bounded, oldest first. */
static int
expire_distinct(struct work *work, unsigned table)
{
	const struct aggregate_table *from =
	    &work->commit->aggregate->tables[table];

	return store_distinct_expire(
	    work->store, work->txn, table, work->commit->state->watermark_ms,
	    EXPIRE_ROWS_MAX + 2 * from->distinct.candidates.len);
}

/*
 * Windows that are older than the table keeps them and written where they are
 * to be, oldest first. Their group goes with the last of their rows.
 */
static int
expire_windows(struct work *work, unsigned table, MDB_cursor *cursor)
{
	const struct table_spec *spec = &work->store->pipeline->tables[table];
	int64_t watermark = work->commit->state->watermark_ms;
	int64_t floor =
	    store_outputs_floor(work->store, work->commit->outputs, table);
	int64_t window = 0;
	bool any = false;
	/* More than come in: no table grows because it expires too slowly. */
	size_t left = EXPIRE_ROWS_MAX +
		      2 * work->commit->aggregate->tables[table].delta.len;
	MDB_val k, v;
	int rc;

	if (watermark == WATERMARK_NONE)
		return 0;
	rc = expire_distinct(work, table);
	if (rc)
		return rc;
	for (;;) {
		char key[GROUP_KEY];
		int64_t start = 0;

		rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST);
		if (rc == 0) {
			rc = window_decode(k, &start);
			if (rc)
				return rc;
		}
		if (any && (rc || start != window)) {
			int gone;

			group_key(key, GROUP_SUMMARY, table, window);
			k = val(key, sizeof(key));
			gone =
			    mdb_del(work->txn, work->store->groups, &k, NULL);
			if (gone && gone != MDB_NOTFOUND)
				return gone;
			key[0] = GROUP_RANKING;
			k = val(key, sizeof(key));
			gone =
			    mdb_del(work->txn, work->store->groups, &k, NULL);
			if (gone && gone != MDB_NOTFOUND)
				return gone;
		}
		if (rc || start >= floor ||
		    start + spec->window_ms + spec->keep_ms > watermark)
			return rc == MDB_NOTFOUND ? 0 : rc;
		if (left-- == 0)
			return 0;
		window = start;
		any = true;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			return rc;
	}
}

static int
merge_table(struct work *work, unsigned table, struct err *err)
{
	struct store *store = work->store;
	struct changes changes;
	struct delta *delta;
	struct group group;
	size_t i = 0;
	int rc;

	rc = store_distinct_merge(store, work->txn, table,
				  &work->commit->aggregate->tables[table]);
	if (rc)
		return store_fail(err, rc, store, "writing distinct values");
	delta = &work->commit->aggregate->tables[table].delta;
	rc = changes_begin(&changes, store, work->txn, table, delta->len);
	if (rc)
		return store_fail(err, rc, store, "opening a table");
	group_init(&group, &store->layouts[table]);
	delta_sort(delta);
	while (rc == 0 && i < delta->len)
		rc = merge_group(work, &changes, &group, &i, err);
	if (rc)
		goto done;
	/* Windows are judged before they go. */
	rc = store_alerts_table(store, work->txn, table);
	if (rc) {
		rc = store_fail(err, rc, store, "judging alerts");
		goto done;
	}
	if (store->pipeline->tables[table].window_ms) {
		rc = expire_windows(work, table, changes.tree);
	} else {
		if (delta->len == 0)
			rc = store_group(store, work->txn, table, 0, &group,
					 err);
		if (rc)
			goto done;
		rc = sample_ranking(work, table, &group);
	}
	if (rc)
		rc = store_fail(err, rc, store, "writing a table");
done:
	group_release(&group);
	changes_release(&changes);
	return rc;
}

/* ---- Everything else ---- */

static int
write_partitions(struct work *work)
{
	for (unsigned i = 0; i < work->commit->partitions_len; i++) {
		char key[4], data[PARTITION_SIZE];
		MDB_val k = val(key, sizeof(key)), v;
		int rc;

		if (work->commit->partitions[i].settled)
			continue;
		put_be32(key, i);
		v = val(data,
			partition_encode(&work->commit->partitions[i], data));
		rc = mdb_put(work->txn, work->store->offsets, &k, &v, 0);
		if (rc)
			return rc;
	}
	return 0;
}

static int
write_dead(struct work *work)
{
	const struct store_commit *commit = work->commit;
	uint64_t seq = commit->state->dead_seq;
	MDB_dbi dbi = work->store->dead;
	struct buf data = BUF_INIT;
	char key[9];
	MDB_val k, v;
	MDB_cursor *cursor;
	int rc = 0;

	key[0] = DEAD_LETTER;
	for (unsigned i = 0; i < commit->dead_len; i++) {
		const struct store_dead *dead = &commit->dead[i];
		char head[DEAD_HEAD] = {0};

		put_u32(head, (uint32_t)dead->reason);
		put_u32(head + 4, (uint32_t)dead->field);
		put_u64(head + 8, (uint64_t)dead->position.partition);
		put_u64(head + 16, (uint64_t)dead->position.offset);
		put_u64(head + 24, (uint64_t)dead->seen_ms);
		put_u64(head + 32, dead->size);
		put_u32(head + 40, (uint32_t)dead->rule);
		data.size = 0;
		buf_add(&data, head, sizeof(head));
		buf_add(&data, dead->raw, dead->raw_size);
		put_be64(key + 1, seq - commit->dead_len + i);
		k = val(key, sizeof(key));
		v = val(data.data, data.size);
		rc = mdb_put(work->txn, dbi, &k, &v, 0);
		if (rc)
			goto done;
	}
	rc = commit->dead_len ? mdb_cursor_open(work->txn, dbi, &cursor) : 0;
	if (rc || !commit->dead_len)
		goto done;
	while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST)) == 0) {
		if (k.mv_size != sizeof(key)) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (get_be64((const char *)k.mv_data + 1) + VIEW_DEAD >= seq)
			break;
		if ((rc = mdb_cursor_del(cursor, 0)) != 0)
			break;
	}
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND)
		rc = 0;
done:
	buf_release(&data);
	return rc;
}

/* Deletes history of one kind up to `oldest`, which stays. */
static int
expire_history(struct work *work, char kind, int64_t oldest)
{
	MDB_cursor *cursor;
	MDB_val k = val(&kind, 1), v;
	int rc;

	rc = mdb_cursor_open(work->txn, work->store->history, &cursor);
	if (rc)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE)) == 0) {
		const char *key = k.mv_data;

		if (k.mv_size < 9 || key[0] != kind ||
		    key_to_i64(get_be64(key + 1)) >= oldest)
			break;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
		k = val(&kind, 1);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
write_history(struct work *work)
{
	const struct store_commit *commit = work->commit;
	int64_t oldest = commit->state->commit_ms / 1000 - HISTORY_KEEP;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < commit->seconds_len; i++) {
		const struct store_second *s = &commit->seconds[i];
		char key[9], data[SECOND_SIZE];
		MDB_val k = val(key, sizeof(key)), v = val(data, sizeof(data));

		key[0] = HISTORY_FLOW;
		put_be64(key + 1, key_from_i64(s->second));
		put_u64(data, (uint64_t)s->produced);
		put_u64(data + 8, (uint64_t)s->acked);
		put_u64(data + 16, (uint64_t)s->consumed);
		put_u64(data + 24, (uint64_t)s->dead);
		put_u64(data + 32, (uint64_t)s->lag);
		put_u64(data + 40, (uint64_t)s->commit_us);
		put_u64(data + 48, (uint64_t)s->changes);
		rc = mdb_put(work->txn, work->store->history, &k, &v, 0);
	}
	if (rc == 0)
		rc = expire_history(work, HISTORY_FLOW, oldest);
	if (rc == 0)
		rc = expire_history(work, HISTORY_RANK, oldest);
	return rc;
}

static int
write_number(struct work *work, char kind, unsigned table, int64_t number)
{
	char key[2] = {kind, (char)table}, data[8];
	MDB_val k = val(key, sizeof(key)), v = val(data, sizeof(data));

	put_u64(data, (uint64_t)number);
	return mdb_put(work->txn, work->store->groups, &k, &v, 0);
}

/* How many events were too late for a windowed table: it only grows. */
static int
write_late(struct work *work, unsigned table)
{
	int64_t late = work->commit->aggregate->tables[table].late, before;
	int rc;

	if (late == 0)
		return 0;
	rc = late_decode(work->store, work->txn, table, &before);
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	return write_number(work, GROUP_LATE, table, before + late);
}

/* When the first was that was not: it only goes back. */
static int
write_first(struct work *work, unsigned table)
{
	int64_t first = work->commit->aggregate->tables[table].first_ms, before;
	int rc;

	if (first == WINDOW_NO_EVENT)
		return 0;
	rc = first_decode(work->store, work->txn, table, &before);
	if (rc && rc != MDB_NOTFOUND)
		return rc;
	if (before <= first)
		return 0;
	return write_number(work, GROUP_FIRST, table, first);
}

static int
write_numbers(struct work *work)
{
	const struct pipeline *p = work->store->pipeline;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < p->tables_len; i++) {
		if (!p->tables[i].window_ms)
			continue;
		rc = write_late(work, i);
		if (rc == 0)
			rc = write_first(work, i);
	}
	return rc;
}

static int
write_state(struct work *work, uint64_t *number)
{
	struct store_state state = *work->commit->state;
	char data[STATE_SIZE];
	MDB_val k = val(META_STATE, strlen(META_STATE)), v;
	int rc;

	rc = store_get(work->txn, work->store->meta, META_STATE, &v);
	state.commit = 0;
	if (rc == 0) {
		struct store_state old;

		rc = state_decode(v, &old);
		if (rc)
			return rc;
		state.commit = old.commit;
	} else if (rc != MDB_NOTFOUND) {
		return rc;
	}
	state.commit++;
	*number = state.commit;
	state_encode(&state, data);
	v = val(data, sizeof(data));
	return mdb_put(work->txn, work->store->meta, &k, &v, 0);
}

/* ---- Room ---- */

size_t
store_commit_bytes(const struct store *store, const struct aggregate *aggregate)
{
	size_t pages = 64; /* rankings, history, the tree's inner pages */
	size_t known = 0;

	for (unsigned i = 0; i < store->pipeline->tables_len; i++) {
		const struct delta *delta = &aggregate->tables[i].delta;

		pages += ranges_pages(store, i, delta->len, delta->data_size);
		pages += store_distinct_pages(store, i, &aggregate->tables[i]);
		known += ranges_bytes(store, i);
	}
	return pages * store->page_size + known;
}

/*
 * Whether so much address space can be had. When LMDB cannot map its file again
 * it is left without any map; so this is tried before it is asked to.
 */
static bool
space_for(size_t size)
{
	void *at = mmap(NULL, size + SPACE_SPARE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at != MAP_FAILED && munmap(at, size + SPACE_SPARE) == 0;
}

/*
 * Address space for this commit and the pages that readers still hold. Growing
 * needs a moment without transactions.
 */
static int
make_room(struct store *store, size_t need, bool full)
{
	MDB_envinfo info;
	size_t used, map;
	int rc;

	rc = mdb_env_info(store->env, &info);
	if (rc)
		return rc;
	used = (info.me_last_pgno + 1) * store->page_size;
	map = info.me_mapsize;
	if (full)
		map *= 2;
	while (map - used < 2 * need + map / 8)
		map *= 2;
	if (map == info.me_mapsize)
		return 0;
	/* Readers that were killed hold pages for ever: let go of those. */
	rc = mdb_reader_check(store->env, NULL);
	if (rc)
		return rc;
	/* Wanted is more than is needed, unless it was tried without. */
	if (!space_for(map - info.me_mapsize))
		return full ? ENOMEM : 0;
	atomic_store(&store->growing, true);
	pthread_rwlock_wrlock(&store->map_lock);
	atomic_store(&store->growing, false);
	rc = mdb_env_set_mapsize(store->env, map);
	pthread_rwlock_unlock(&store->map_lock);
	return rc;
}

/* ---- The commit ---- */

static int
commit_once(struct store *store, const struct store_commit *commit,
	    uint64_t *number, struct err *err)
{
	struct work work = {.store = store, .commit = commit};
	size_t leaf_pages[PIPELINE_TABLES_MAX];
	size_t distinct_pages[PIPELINE_TABLES_MAX];
	int rc;

	rc = mdb_txn_begin(store->env, NULL, 0, &work.txn);
	if (rc)
		return store_fail(err, rc, store, "beginning a commit");
	rc = store_alerts_begin(store, work.txn, commit);
	if (rc)
		rc = store_fail(err, rc, store, "reading alerts");
	for (unsigned i = 0; rc == 0 && i < store->pipeline->tables_len; i++) {
		rc = merge_table(&work, i, err);
		if (rc == 0) {
			MDB_stat stat = {0};

			mdb_stat(work.txn, store->tables[i], &stat);
			leaf_pages[i] = stat.ms_leaf_pages;
			stat = (MDB_stat){0};
			if (distinct_used(&store->pipeline->tables[i]))
				mdb_stat(work.txn, store->distinct[i], &stat);
			distinct_pages[i] = stat.ms_leaf_pages;
		}
	}
	if (rc) {
		mdb_txn_abort(work.txn);
		goto done;
	}
	rc = write_partitions(&work);
	if (rc == 0)
		rc = write_dead(&work);
	if (rc == 0)
		rc = write_history(&work);
	if (rc == 0)
		rc = write_numbers(&work);
	if (rc == 0 && commit->seen)
		rc = seen_write(store, work.txn, commit->seen);
	if (rc == 0)
		rc = store_outputs_write(store, work.txn, commit->outputs);
	if (rc == 0)
		rc = store_alerts_end(store, work.txn, commit, &work.notices);
	if (rc == 0)
		rc = write_state(&work, number);
	if (rc) {
		mdb_txn_abort(work.txn);
		rc = store_fail(err, rc, store, "committing");
		goto done;
	}
	rc = mdb_txn_commit(work.txn);
	if (rc) {
		rc = store_fail(err, rc, store, "committing");
		goto done;
	}
	memcpy(store->leaf_pages, leaf_pages,
	       store->pipeline->tables_len * sizeof(*leaf_pages));
	memcpy(store->distinct_pages, distinct_pages,
	       store->pipeline->tables_len * sizeof(*distinct_pages));
done:
	/* What is known of the ranges may be of what was not committed. */
	for (unsigned i = 0; rc && i < store->pipeline->tables_len; i++)
		ranges_forget(store, i);
	store_alerts_done(store, rc == 0, commit, &work.notices);
	buf_release(&work.summary);
	buf_release(&work.rankings);
	return rc;
}

static int
commit_with_room(struct store *store, const struct store_commit *commit,
		 uint64_t *number, struct err *err)
{
	size_t need = store_commit_bytes(store, commit->aggregate);
	struct err local = {0};
	int rc;

	rc = make_room(store, need, false);
	if (rc)
		return store_fail(err, rc, store, "growing");
	rc = commit_once(store, commit, number, &local);
	if (rc == WEIR_STORE_FULL && local.foreign == MDB_MAP_FULL) {
		rc = make_room(store, need, true);
		if (rc)
			return store_fail(err, rc, store, "growing");
		rc = commit_once(store, commit, number, &local);
	}
	if (rc && err)
		*err = local;
	return rc;
}

int
store_commit(struct store *store, const struct store_commit *commit,
	     uint64_t *number, struct err *err)
{
	const char *before = crash_enter(store->path);
	int rc = commit_with_room(store, commit, number, err);

	crash_leave(before);
	return rc;
}
