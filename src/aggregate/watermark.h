/*
 * Watermarks: how far event time has come.
 *
 * A partition's watermark is the largest event time seen in it. The stream's is
 * the smallest of its partitions', so that a partition that is read faster than
 * another, as when an old topic is caught up with, makes no event of the other
 * late. A partition that was read to its end and got nothing new for
 * WATERMARK_IDLE_NS does not hold the others back; when all have stopped, the
 * largest event time is the watermark. Watermarks never go back.
 */
#ifndef WEIR_AGGREGATE_WATERMARK_H
#define WEIR_AGGREGATE_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#define WATERMARK_NONE    INT64_MIN
#define WATERMARK_IDLE_NS INT64_C(5000000000)

struct watermark_partition {
	int64_t newest_ms;  /* WATERMARK_NONE: no event yet */
	bool caught_up;     /* nothing is left to read at the moment */
	int64_t changed_ns; /* steady time of its last event, or of the
			       beginning */
};

/*
 * The stream's watermark, never less than `current`. WATERMARK_NONE while no
 * partition has one, or one that may still have old events has none.
 */
int64_t watermark_of(const struct watermark_partition *partitions, unsigned len,
		     int64_t current, int64_t now_ns);

#endif
