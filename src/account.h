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

/* What the producer said in this run. */
struct account_producer {
	int64_t produced, acked, failed;
	/* By the store's entries: the offset behind the last event that was
	   acknowledged. Entries past ends_len have none. */
	const int64_t *ends;
	unsigned ends_len;
};

/*
 * `before` is the ledger without what is counted here: valid, dead, late are of
 * this run; what is lost, skipped and lagging, of the entries that are being
 * read (PARTITION_READ). Sets the end of each of these to at least its position
 * and what the producer knows, and returns the ledger over all runs.
 */
struct ledger account(const struct ledger *before,
		      const struct account_producer *producer,
		      struct store_partition *partitions,
		      unsigned partitions_len, int64_t valid, int64_t dead,
		      int64_t late);

/*
 * The ledger that a new run goes on from, with no entry being read yet. What
 * the run before had not heard of counts as failed.
 */
struct ledger account_begin(const struct ledger *last);
/* An entry is read from now on, or no longer: who counts what it lost. */
void account_join(struct ledger *before, const struct store_partition *entry);
void account_leave(struct ledger *before, const struct store_partition *entry);

#endif
