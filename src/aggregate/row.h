/*
 * Rows: what a table keeps of one key.
 *
 * A row is a fixed number of bytes that follows from its table (docs/store.md
 * has the exact layout): one or two 8-byte cells a measure, then the positions
 * of the first and the last event that made it. The same bytes stand in memory
 * and in the store, and rows merge: the row of events A merged with the row of
 * events B is the row of A and B. That is what lets the engine aggregate a
 * commit interval in memory and put it on top of what is stored.
 *
 * Whole numbers are exact; sums of integers stop at the ends of 64 bits instead
 * of wrapping. Sums of reals are IEEE doubles, so their last digits depend on
 * the order of addition.
 */
#ifndef WEIR_AGGREGATE_ROW_H
#define WEIR_AGGREGATE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/position.h"
#include "base/value.h"
#include "event/event.h"
#include "pipeline/pipeline.h"

/* Every measure an average (two cells), then the positions. */
#define ROW_MAX (PIPELINE_MEASURES_MAX * 16 + 24)

/* Partitions are kept in 24 bits, beside the mask of known measures. */
#define ROW_PARTITION_MAX 0xffffff

struct row_cell {
	enum measure_kind kind;
	int field;       /* index into event.values; -1 for count */
	bool real;       /* of a number field: doubles */
	unsigned offset; /* of its first cell in the row */
};

struct row_layout {
	struct row_cell cells[PIPELINE_MEASURES_MAX];
	unsigned cells_len;
	unsigned rank;      /* the measure that ranks */
	unsigned positions; /* offset of the positions */
	bool counts;        /* its only measure is a count */
	unsigned size;      /* bytes of a row, a multiple of 8 */
};

void row_layout_init(struct row_layout *layout, const struct pipeline *p,
		     const struct table_spec *table);

/* A row of no events. Its first position is unknown until row_add(). */
void row_init(const struct row_layout *layout, void *row);

/*
 * Adds one event, consumed after all that are in the row. To a distinct count
 * it adds nothing: that is set by row_set_distinct().
 */
void row_add(const struct row_layout *layout, void *row,
	     const struct event *event, struct position position);

/* Adds the events of `from`, consumed after all that are in `into`. */
void row_merge(const struct row_layout *layout, void *into, const void *from);

/* Sets a distinct count, or what a row adds to one. */
void row_set_distinct(const struct row_layout *layout, void *row,
		      unsigned measure, int64_t values);

/* The value of a measure; VALUE_NONE when no event had its field. */
struct value row_value(const struct row_layout *layout, const void *row,
		       unsigned measure);

struct position row_first(const struct row_layout *layout, const void *row);
struct position row_last(const struct row_layout *layout, const void *row);

/*
 * The ranking measure as a number whose unsigned order is the order of the
 * values, exact for 64-bit integers; false when its value is not known.
 */
bool row_rank_bits(const struct row_layout *layout, const void *row,
		   uint64_t *bits);
struct value row_rank_value(const struct row_layout *layout, uint64_t bits);

#endif
