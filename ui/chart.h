/*
 * Pictures beside numbers: bars, sparklines and an area chart with axes.
 *
 * They are drawn of block and braille characters. Without braille, and in
 * ASCII, where blocks have a counterpart each (canvas.c), the area chart has
 * one value a column.
 */
#ifndef WEIR_UI_CHART_H
#define WEIR_UI_CHART_H

#include <stdint.h>

#include "canvas.h"
#include "format.h"

/* A bar over `share` (0 to 1) of the width, to an eighth of a column. */
void chart_bar(struct canvas *canvas, const struct area *area, int row, int col,
	       int width, enum style style, double share);

/*
 * The last `len` seconds, oldest first, -1 where not known; the newest at the
 * right edge. Each column holds ceil(len / width) seconds, their mean, on the
 * scale of the largest column. Columns begin at multiples of their length in
 * seconds, so that the picture moves by whole columns and never shimmers:
 * end_second is the absolute number of the newest second.
 */
void chart_spark(struct canvas *canvas, const struct area *area, int row,
		 int col, int width, enum style style, const int64_t *values,
		 unsigned len, int64_t end_second);

/* The smallest of 1, 2, 5 × 10^n that is not below `largest`; at least 1. */
double chart_nice(double largest);

/*
 * A number on an axis: 20 k, since three digits would be a precision that it
 * does not have.
 */
struct format chart_tick(double number);

/*
 * The scale for a chart that has had the scale `held` (0: none yet): grows at
 * once, shrinks only when less than 40 % of it is needed.
 */
double chart_scale(double held, double largest);

/* What happened in a second, marked on the x axis; the larger covers. */
enum chart_mark {
	CHART_NONE,
	CHART_QUIET, /* an alert of a rule that is muted */
	CHART_LOUD,  /* an alert began to fire */
};

/*
 * One value a second, oldest first, -1 where not known, over the whole area
 * with a y axis from 0 to `scale` and an x axis in seconds back from `end`, the
 * label of the right edge. Shows as many of the newest as there is room for at
 * two a column. marks: one a value, or NULL.
 */
void chart_seconds(struct canvas *canvas, const struct area *area,
		   enum style style, const int64_t *values,
		   const enum chart_mark *marks, unsigned len, double scale,
		   const char *end);

/* How many of `len` seconds chart_seconds() shows in an area. */
unsigned chart_seconds_shown(const struct area *area, unsigned len);

#endif
