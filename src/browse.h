/*
 * Browsing: any row of a table, in any order, through a filter, while it is
 * being written.
 *
 * A thread of its own goes through all rows of the table, or of one window of
 * it, in the order of keys, and keeps those next to the place that is asked
 * for: at most PAGE_ROWS on either side, whatever the number of keys. Paging
 * on is asking for another place.
 *
 * A pass reads in slices, each in a read transaction of a few milliseconds, so
 * the store's file does not grow by it. Each key is looked at once; its values
 * are of the commit of its slice, so rows of a store that is being written need
 * not be of one commit: a page says between which commits they lie. Of a store
 * at rest they are of one.
 *
 * While a query stands it is answered again when there was a commit, at most
 * once a second, and in at most about a fifth of the time. In virtual time that
 * is when browse_settle() says so.
 */
#ifndef WEIR_BROWSE_H
#define WEIR_BROWSE_H

#include "base/err.h"
#include "store/page.h"
#include "store/store.h"

struct browse;

/* The store stays the caller's, and must be there until browse_stop(). */
int browse_start(struct store *store, struct browse **out, struct err *err);
/* Ends within a slice. NULL is fine. */
void browse_stop(struct browse *browse);

/*
 * Asks another question, in place of the one before; NULL: none any more.
 * `number` is the caller's, and comes back with the answers. Never waits.
 */
void browse_ask(struct browse *browse, const struct page_query *query,
		uint64_t number);

/*
 * The newest answer that was not taken yet, which is then the caller's;
 * WEIR_NOT_FOUND when there is none, otherwise what reading failed with. Of the
 * first and last rows what was found so far comes ten times a second. Never
 * waits.
 */
int browse_take(struct browse *browse, struct page **page, struct err *err);

/* Virtual time: waits until the question is answered, again when it is time. */
void browse_settle(struct browse *browse);

#endif
