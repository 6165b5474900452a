/*
 * Windows: spans of event time that a table counts apart.
 *
 * A table's windows begin at the multiples of advance_ms since 1970 UTC and are
 * window_ms long, [start, end). Tumbling windows follow each other; hopping
 * ones overlap, and an event is in window_ms / advance_ms of them.
 *
 * Times are event time in milliseconds. Pure arithmetic.
 */
#ifndef WEIR_AGGREGATE_WINDOW_H
#define WEIR_AGGREGATE_WINDOW_H

#include "base/value.h"
#include "pipeline/pipeline.h"

/* A table's first event: none yet. */
#define WINDOW_NO_EVENT INT64_MAX

/* The largest multiple of `advance_ms` that is not above time_ms: the start of
 * the last window that holds it. */
int64_t window_start(int64_t time_ms, int64_t advance_ms);

/* How many windows hold an event: 1 of tumbling ones. */
unsigned window_hops(const struct table_spec *table);

/* Whether a window takes no more events at this watermark. */
bool window_closed(int64_t start_ms, const struct table_spec *table,
		   int64_t watermark_ms);

/*
 * The part of a window since the table's first event, of which it is an
 * average: its whole length but for those in which the stream began. first_ms
 * is the smallest time of the events that came too late for none of their
 * windows: what has closed can then not change any more. At least 1.
 */
int64_t window_span(int64_t start_ms, const struct table_spec *table,
		    int64_t first_ms);

/* A window's count or sum as an average per average_ms; not known stays so. */
struct value window_average(struct value value, int64_t span_ms,
			    const struct table_spec *table);

#endif
