/*
 * How long events take from their creation until they can be seen: the median
 * and the 99th percentile over the last LATENCY_SECONDS.
 *
 * Created: the record's CreateTime, which the client that produced it took when
 * it was given the event. Not event time: that is what an event says of itself,
 * may be of another day (a backfill) or of a clock of its own (--seed), and
 * differs from topic to topic in what it means. Records with a broker's time
 * (LogAppendTime) are not counted, nor are those of a clock that is ahead of
 * ours.
 *
 * Seen: when the commit with it is over, since from then on a view shows it.
 * That moment is known after the commit only, so a commit stores the figures as
 * they were after the one before it (as commit_us).
 *
 * It costs two looks per partition and batch, not one per event: between the
 * first and the last message of a batch, creation is taken to go on evenly.
 * Plain memory, no clock.
 */
#ifndef WEIR_LATENCY_H
#define WEIR_LATENCY_H

#include <stdint.h>

#define LATENCY_SECONDS 10
#define LATENCY_BATCHES 512 /* between two commits; what exceeds it is one */
/*
 * Exact below 16 ms, then eight buckets for each power of two: within 7 % of
 * the truth, up to 2^40 ms.
 */
#define LATENCY_BUCKETS (16 + 8 * 37)

struct latency {
	struct latency_batch {
		int64_t oldest_ms, newest_ms; /* created */
		int64_t events;
	} batches[LATENCY_BATCHES]; /* since the last commit */
	unsigned batches_len;
	int64_t second; /* the newest of the counts; by the clock */
	int64_t counts[LATENCY_SECONDS][LATENCY_BUCKETS]; /* by second */
};

/* All zero is a beginning. */

/* Events of one partition that were read, by the first and the last. */
void latency_read(struct latency *latency, int64_t first_ms, int64_t last_ms,
		  int64_t events);
/* All that was read can be seen. */
void latency_seen(struct latency *latency, int64_t now_ms);
/* Of what came to be seen in the last LATENCY_SECONDS; -1: nothing was. */
void latency_figures(struct latency *latency, int64_t now_ms,
		     int64_t *median_ms, int64_t *p99_ms);

#endif
