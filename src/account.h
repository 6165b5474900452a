/*
 * The ledger's arithmetic: from what producer, broker and engine each counted
 * to the ledger of a commit (store/ledger.h). Pure; no clock, no I/O.
 *
 * The three are asked one after the other while the flow goes on, so they
 * differ by what is under way. What has been seen in the topic counts as
 * acknowledged even when its delivery report has not come in yet; what lies in
 * the topic beyond all that we have produced is foreign.
 */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include "store/ledger.h"
#include "store/store.h"

/* What the producer said in this run; partitions past ends_len have none. */
struct account_producer {
	int64_t produced, acked, failed;
	const int64_t *ends; /* offset behind the last acknowledged event */
	unsigned ends_len;
};

/*
 * `before` is the ledger as the run began (account_begin()); valid, dead, late
 * are of this run. Sets each partition's end to at least its position and what
 * the producer knows, and returns the ledger over all runs.
 */
struct ledger account(const struct ledger *before,
		      const struct account_producer *producer,
		      struct store_partition *partitions,
		      unsigned partitions_len, int64_t valid, int64_t dead,
		      int64_t late);

/*
 * The ledger that a new run goes on from. What the run before had not heard of
 * counts as failed. same_source: its offsets still hold, so what it had not
 * read is still there to be read; otherwise the topic is gone with all that was
 * unread, which is lost.
 */
struct ledger account_begin(const struct ledger *last, bool same_source,
			    const struct store_partition *partitions,
			    unsigned partitions_len);

#endif
