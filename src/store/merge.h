/*
 * Several stores as if they were one: those of the members of a consumer
 * group, which share the partitions of a topic.
 *
 * A view of them says what a view of a single store that had consumed all of
 * their events would say: a row merges (aggregate/row.h), so a key that is in
 * several stores is one key, with the sum of its counts, the smaller of its
 * minima, the average of all its events; its distinct counts are of the values
 * of all stores put together. Groups do not merge: which key has the
 * smallest value is known only when its parts have been added. Where more than
 * one store has a table, or a window, its rows are gone through once, side by
 * side in key order; where one alone has it, what is stored there holds.
 * Nothing is written anywhere.
 *
 * Each store is read in one transaction, so its rows, offsets and ledger are of
 * one commit. The stores' commits are not of one instant: events of a partition
 * that is being handed over can be missing for the time of a commit, never be
 * there twice.
 *
 * What differs from one store:
 *  - The watermark is the smallest of the stores', since each takes events up
 *    to its own: a window is complete when it is complete in all. Stores that
 *    do not go on with any partition (others have read on in all of them), and
 *    those that have read all there was and found no event, hold nothing back.
 *    Without any other, it is the smallest of those there are.
 *  - Windows expire by the largest watermark of all: a store that has come
 *    further has begun to delete them, and what is left would pass for all.
 *  - A partition that another store has read on in is away, whatever its own
 *    store says, which may be that of a weir that has ended. What it had left
 *    to read is the other's lag, and counts there only.
 *  - The second by second history ends where the stores that are being written
 *    all know it, and is the sum of what each knows. The recent past of single
 *    rows is not known.
 *  - The number of the commit is the sum of the stores', so it grows whenever
 *    one of them does.
 *  - The first and the last event of a row that several stores have are those
 *    of the first and of the last of these, in the order given: what came
 *    first is not known.
 *
 * Overlaps: two stores that have both read an offset of a partition both
 * counted its event. view.overlaps says which; nothing is taken out again.
 */
#ifndef WEIR_STORE_MERGE_H
#define WEIR_STORE_MERGE_H

#include "store/store.h"

struct merge;

/*
 * Stores are the caller's, opened in any mode, and must outlive the merge and
 * its views; the array is copied.
 *
 * Errors: WEIR_USAGE the same store twice; WEIR_STORE_FOREIGN they are not of
 * one pipeline, source and topic. Stores that have had no commit fit to all.
 */
int merge_new(struct store *const *stores, unsigned len, struct merge **out,
	      struct err *err);
void merge_free(struct merge *merge); /* NULL is fine */

/*
 * As store_view(), of all stores. Takes time by the number of rows in tables,
 * or windows, that are in several stores: about 0.1 s for a million; so do the
 * values of exact distinct counts of keys that are in several. Of
 * windows but the newest, those that have not changed since the last call are
 * not gone through again, unless `windows` asks for their rankings. Any thread,
 * one at a time.
 */
int merge_view(struct merge *merge, uint64_t seen, bool windows,
	       struct view **view, struct err *err);

#endif
