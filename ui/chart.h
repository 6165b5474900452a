/*
 * Pictures beside numbers: bars, sparklines, an area chart with axes, lines.
 *
 * They are drawn of block and braille characters. Without braille, and in
 * ASCII, where blocks have a counterpart each (canvas.c), the area chart has
 * one value a column, and lines are drawn of letters.
 */
#ifndef WEIR_UI_CHART_H
#define WEIR_UI_CHART_H

#include <stdint.h>

#include "canvas.h"
#include "format.h"

#define CHART_AXIS 8 /* columns of a y axis and its labels, "200 k ┤" */

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

/*
 * The same for lines, which are told apart by how far they are from each other:
 * 1, 1.2, 1.5, 2, 3, 4, 5, 6, 8 × 10^n, at least 0.2; shrinks when less than 60
 * % is needed.
 */
double chart_scale_close(double held, double largest);

/* What a y axis goes from and to. */
struct chart_range {
	double base, top;
};

/*
 * The axis of lines whose values are `smallest` to `largest`: from 0 with
 * chart_scale_close(), unless all of them are so near each other and so far
 * from 0 that they would be one line; then over round numbers, over a tenth of
 * the top at least, and at most half of it. `held` is what it has been (all 0:
 * none yet): grows at once, shrinks when less than half of it is needed. A
 * smallest of at most 0.2 is an axis from 0.
 */
struct chart_range chart_range_close(struct chart_range held, double smallest,
				     double largest);

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

/*
 * The y axis left of a plot that has `rows` of the area. Where it does not
 * begin at 0, its foot is "≈".
 */
void chart_y_axis(struct canvas *canvas, const struct area *area, int rows,
		  struct chart_range range);

/* Of a line over time; its value is a number, maybe an infinite one. */
struct chart_point {
	int dot; /* from the left of the plot; a column has two */
	double value;
	bool open; /* it may still change */
};

/*
 * One of several lines in a plot of `range`, through points from left to right,
 * joined where they are at most `gap` dots apart, dotted where they are open.
 * What is above the range is drawn at its edge, what is below is not drawn. One
 * of STYLE_ACCENT covers those before it. Without braille it is drawn of
 * `mark`, and of points where it is open.
 */
void chart_line(struct canvas *canvas, const struct area *plot,
		enum style style, char mark, const struct chart_point *points,
		unsigned len, int gap, struct chart_range range);

/*
 * Draws the mark of a line on the last of its points that is not open and where
 * no other mark is.
 */
void chart_line_mark(struct canvas *canvas, const struct area *plot,
		     enum style style, char mark,
		     const struct chart_point *points, unsigned len,
		     struct chart_range range);

/* How many of `len` seconds chart_seconds() shows in an area. */
unsigned chart_seconds_shown(const struct area *area, unsigned len);

#endif
