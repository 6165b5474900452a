#include "aggregate/watermark.h"

int64_t
watermark_of(const struct watermark_partition *partitions, unsigned len,
	     int64_t current, int64_t now_ns)
{
	int64_t least = INT64_MAX, furthest = WATERMARK_NONE;

	for (unsigned i = 0; i < len; i++) {
		const struct watermark_partition *p = &partitions[i];

		if (p->caught_up &&
		    now_ns - p->changed_ns >= WATERMARK_IDLE_NS) {
			if (p->newest_ms > furthest)
				furthest = p->newest_ms;
			continue;
		}
		if (p->newest_ms == WATERMARK_NONE)
			return current;
		if (p->newest_ms < least)
			least = p->newest_ms;
	}
	/* All idle: then none holds back the one that has come furthest. */
	if (least == INT64_MAX)
		least = furthest;
	return least > current ? least : current;
}
