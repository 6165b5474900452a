#include "aggregate/watermark.h"

int64_t
watermark_of(const struct watermark_partition *partitions, unsigned len,
	     int64_t current, int64_t now_ns)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < len; i++) {
		const struct watermark_partition *p = &partitions[i];

		if (p->caught_up && now_ns - p->changed_ns >= WATERMARK_IDLE_NS)
			continue;
		if (p->newest_ms == WATERMARK_NONE)
			return current;
		if (p->newest_ms < least)
			least = p->newest_ms;
	}
	/* All idle: the stream stands still, and so does its watermark. */
	if (least == INT64_MAX)
		return current;
	return least > current ? least : current;
}
