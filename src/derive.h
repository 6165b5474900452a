/*
 * What stands in derived topics: a JSON object for an event, or for a key of a
 * window, with the columns that the pipeline's output names, in their order.
 *
 * Whole numbers are exact, others the shortest that read back the same; what is
 * not there, and a date beyond the year 9999, are null. Texts are escaped as
 * JSON wants it. Pure; no clock, no I/O.
 */
#ifndef WEIR_DERIVE_H
#define WEIR_DERIVE_H

#include "base/buf.h"
#include "base/value.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

/* A row of a window that is complete. */
struct derive_row {
	struct text key; /* as it is stored, without the window */
	const struct value *measures;
	int64_t start_ms;
	int64_t first_ms; /* the table's first event, or WINDOW_NO_EVENT */
};

/* Appends the record of a valid event; `output` is one of events. */
void derive_event(const struct pipeline *p, const struct output_spec *output,
		  const struct event *event, struct buf *out);

/*
 * Appends that of a row; `output` is one of windows. A key that is none of its
 * table has null for each of its fields.
 */
void derive_window(const struct pipeline *p, const struct output_spec *output,
		   const struct derive_row *row, struct buf *out);

#endif
