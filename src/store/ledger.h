/*
 * The ledger: every event accounted for (invariant 4).
 *
 *   produced         = acked + unacked + failed
 *   consumed         = valid + dead
 *   acked + foreign  = consumed + lag + lost + skipped
 *
 * It is sampled when the engine commits and stands in the same transaction as
 * what the events did, so it is exact at that instant. Counts are events since
 * the store began, over all its runs.
 */
#ifndef WEIR_STORE_LEDGER_H
#define WEIR_STORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct ledger {
	int64_t produced; /* given to the producer by our generator */
	int64_t acked;    /* known to be in the topic: by a delivery report,
			     or because we have consumed it already */
	int64_t unacked;  /* given, not known yet */
	int64_t failed;   /* reported as not delivered, or still unacked when
			     the weir that produced them died */
	int64_t foreign;  /* in the topic since we began, written by others */
	int64_t consumed; /* taken from the topic */
	int64_t valid;    /* consumed and aggregated */
	int64_t dead;     /* consumed and rejected by the quality gate */
	int64_t late;     /* of valid: too late for at least one window */
	int64_t lag;      /* in the topic, not consumed yet */
	int64_t lost;     /* gone from the topic before we read it */
	int64_t skipped;  /* offsets that hold no event: transaction markers,
			     records that compaction removed */
};

/* Whether the three equations hold and nothing is negative. */
bool ledger_balanced(const struct ledger *ledger);

#endif
