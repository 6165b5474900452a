/*
 * Aggregation: valid events into the deltas of all tables.
 *
 * Plain memory, no I/O, no clock. One owner, the engine's thread. What is
 * gathered here since the last commit is what the next commit merges into the
 * store; aggregate_clear() follows only when that has succeeded.
 */
#ifndef WEIR_AGGREGATE_AGGREGATE_H
#define WEIR_AGGREGATE_AGGREGATE_H

#include "aggregate/delta.h"
#include "aggregate/distinct.h"
#include "aggregate/row.h"
#include "aggregate/window.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

struct aggregate_table {
	struct row_layout layout;
	struct delta delta;
	struct distinct distinct;
	int64_t late; /* events since the last commit too late for it */
	/* The smallest time of those that were late for none of their windows;
	   WINDOW_NO_EVENT: none. */
	int64_t first_ms;
	unsigned keys_of;     /* the first table with the same `by` */
	int plain_key;        /* the field that is its key as it is; -1 */
	unsigned hops;        /* how many of its rows an event changes */
	int64_t window_start; /* the last window that the last event is in */
};

struct aggregate_block; /* events that are on their way into their rows */

struct aggregate {
	const struct pipeline *pipeline;
	struct aggregate_table tables[PIPELINE_TABLES_MAX];
	int64_t late;  /* events since the last commit too late for any */
	bool measures; /* some are of fields, not just counts */
	bool distinct; /* some count values */
	/* String fields that are counted distinct, and their longest texts. */
	unsigned texts[PIPELINE_FIELDS_MAX], texts_len;
	size_t texts_size;
	/* The table of each row that an event changes: of as many as hops. */
	struct aggregate_table **lanes;
	unsigned lanes_len;
	struct aggregate_block *blocks[2]; /* that of now, the one before */
};

/* It must stay where it is: it has pointers into itself. */
void aggregate_init(struct aggregate *aggregate, const struct pipeline *p);
void aggregate_release(struct aggregate *aggregate);

/*
 * Adds a valid event to every table; its text is not needed afterwards. The
 * rows have it after aggregate_settle() only, which must come before anybody
 * looks at them. Windows whose end plus lateness the watermark has passed take
 * no more events. One that at least one of its windows did not take is counted
 * as late, once for the table.
 */
void aggregate_add(struct aggregate *aggregate, const struct event *event,
		   struct position position, int64_t watermark_ms);

void aggregate_settle(struct aggregate *aggregate);

size_t aggregate_bytes(const struct aggregate *aggregate);
/* keep_bytes: memory that each table may keep for the next interval. */
void aggregate_clear(struct aggregate *aggregate, size_t keep_bytes);

#endif
