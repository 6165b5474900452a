/*
 * Groups: what all rows of a table, or of one window of it, sum up to.
 *
 * A group knows the number of keys, the merged row of all events, the smallest
 * value with the number of keys that have it, the spread of values, and the
 * keys at both ends. All of it is exact at every commit, and is kept up to
 * date from changed rows alone:
 *
 *   group_begin(); group_change() for each changed key, once; group_finish()
 *
 * The rankings hold more than is shown: all keys at or beyond a bound, up to
 * RANKING_CAPACITY. Keys that leave make them shorter; only when one is shorter
 * than RANKING_SHOWN, or the number of keys at the minimum is no longer known,
 * does group_finish() ask for all rows once more: group_rescan_begin(),
 * group_rescan_add() for every row, group_rescan_end().
 *
 * Ties are broken by key bytes, smaller first, in both rankings.
 */
#ifndef WEIR_AGGREGATE_GROUP_H
#define WEIR_AGGREGATE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregate/row.h"
#include "base/buf.h"

#define RANKING_SHOWN    100
#define RANKING_CAPACITY 1024
#define GROUP_SPREAD     64

struct ranking_entry {
	uint64_t bits; /* row_rank_bits() */
	uint32_t key_at, key_size;
	bool gone;
};

struct ranking {
	bool largest_first;
	bool complete; /* every ranked key of the group is in it */
	bool broken;   /* a key was not where it should be: what was stored is
			  damaged, so the rows are asked instead */
	/* Unless complete: all keys up to this one, included, are in it. */
	uint64_t bound_bits;
	struct buf bound_key;
	struct ranking_entry *entries; /* in order */
	size_t len, live;              /* live: not gone */
	struct ranking_entry *added;   /* since the last fold, not in order */
	size_t added_len;
	struct buf keys;
};

struct group {
	const struct row_layout *layout;
	int64_t keys;
	char total[ROW_MAX];
	int64_t ranked; /* keys whose ranking measure is known */
	uint64_t min_bits;
	int64_t min_keys; /* 0 while ranked > 0: not known, rescan */
	int64_t spread[GROUP_SPREAD];
	struct ranking top, bottom;
};

/* What the stored summary of a group says; borrows from the stored bytes. */
struct group_summary {
	int64_t keys, ranked, min_keys;
	uint64_t min_bits, max_bits; /* of no use when ranked is 0 */
	struct text min_key, max_key;
	const char *spread; /* GROUP_SPREAD little-endian 64-bit numbers */
	const char *total;  /* a row */
};

void group_init(struct group *group, const struct row_layout *layout);
void group_release(struct group *group);

/* Forgets everything; for going on with another group. */
void group_clear(struct group *group);

/*
 * A row was changed by `delta`; `old` is NULL when the key is new. Each key at
 * most once between group_clear() or group_decode() and group_finish().
 */
void group_change(struct group *group, struct text key, const void *delta,
		  const void *old, const void *now);

/* Puts rankings in order. Whether all rows must be gone through. */
bool group_finish(struct group *group);

void group_rescan_begin(struct group *group);
void group_rescan_add(struct group *group, struct text key, const void *row);
void group_rescan_end(struct group *group);

/*
 * The stored form (docs/store.md) is two records: a small summary, which is all
 * that most readers need, and the rankings.
 */
void group_encode(const struct group *group, struct buf *summary,
		  struct buf *rankings);
/* WEIR_STORE when the bytes are not of a group of this layout. */
int group_decode(struct group *group, const void *summary, size_t summary_size,
		 const void *rankings, size_t rankings_size, struct err *err);
int group_decode_summary(const struct row_layout *layout, const void *data,
			 size_t size, struct group_summary *summary,
			 struct err *err);

/* Entry i of a finished ranking; false behind the last. */
bool ranking_get(const struct ranking *ranking, size_t i, uint64_t *bits,
		 struct text *key);

#endif
