#include "account.h"

struct ledger
account_begin(const struct ledger *last)
{
	struct ledger l = *last;

	l.failed += l.unacked;
	l.unacked = 0;
	l.lag = 0;
	return l;
}

void
account_join(struct ledger *before, const struct store_partition *entry)
{
	before->lost -= entry->lost;
	before->skipped -= entry->skipped;
}

void
account_leave(struct ledger *before, const struct store_partition *entry)
{
	before->lost += entry->lost;
	before->skipped += entry->skipped;
}

struct ledger
account(const struct ledger *before, const struct account_producer *producer,
	struct store_partition *partitions, unsigned partitions_len,
	int64_t valid, int64_t dead, int64_t late)
{
	struct ledger l = *before;
	int64_t unheard = 0, unacked;

	l.produced += producer->produced;
	l.acked += producer->acked;
	l.failed += producer->failed;
	unacked = producer->produced - producer->acked - producer->failed;
	l.lag = 0;
	for (unsigned i = 0; i < partitions_len; i++) {
		struct store_partition *p = &partitions[i];
		int64_t reported =
		    i < producer->ends_len ? producer->ends[i] : 0;

		if (p->state != PARTITION_READ || p->position < 0)
			continue;
		if (p->end < p->position)
			p->end = p->position;
		if (p->end < reported)
			p->end = reported;
		if (reported < p->begin)
			reported = p->begin;
		unheard += p->end - reported;
		l.lag += p->end - p->position;
		l.lost += p->lost;
		l.skipped += p->skipped;
	}
	if (unheard > unacked)
		unheard = unacked;
	l.acked += unheard;
	l.unacked = unacked - unheard;
	l.valid += valid;
	l.dead += dead;
	l.late += late;
	l.consumed = l.valid + l.dead;
	l.foreign = l.consumed + l.lag + l.lost + l.skipped - l.acked;
	return l;
}
