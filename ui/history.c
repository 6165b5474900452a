#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "format.h"
#include "history.h"

#define Y_AXIS   8 /* columns of labels and the axis, as in chart.c */
#define BAR_MAX  4 /* columns of a window, its gap included */
#define COLS_MIN 40
#define DAY_MS   INT64_C(86400000)

static const char *const eighths[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

static bool
is_known(const struct view_key_window *window)
{
	return window->value.kind != VALUE_NONE &&
	       !isnan(value_double(window->value));
}

void
history_of(const struct view_key_window *windows, unsigned len,
	   struct history *history)
{
	double sum = 0;

	*history = (struct history){.smallest = -1, .largest = -1};
	for (unsigned i = 0; i < len; i++) {
		double value = value_double(windows[i].value);

		if (!is_known(&windows[i]))
			continue;
		if (history->largest < 0 ||
		    value > value_double(windows[history->largest].value))
			history->largest = (int)i;
		if (!windows[i].complete)
			continue;
		if (history->smallest < 0 ||
		    value < value_double(windows[history->smallest].value))
			history->smallest = (int)i;
		sum += value;
		history->complete++;
	}
	if (history->complete)
		history->average = sum / history->complete;
}

struct plot {
	struct area area;
	struct area below;             /* of the axis and its times */
	double low, high;              /* of the axis */
	int bar;                       /* columns of a window */
	int64_t newest_ms, advance_ms; /* starts of windows */
};

/* The first column of a window's bar; below 0: it is too old to be shown. */
static int
column_of(const struct plot *plot, const struct view_key_window *window)
{
	int64_t back = (plot->newest_ms - window->start_ms) / plot->advance_ms;

	if (back >= plot->area.cols / plot->bar)
		return -1;
	return plot->area.cols - (int)(back + 1) * plot->bar;
}

/* How high a value is, in eighths of a row. */
static int
height_of(const struct plot *plot, double value)
{
	double part = (value - plot->low) / (plot->high - plot->low);

	/* The ends of the range may be beyond the axis' own numbers. */
	if (!(part > 0))
		return 0;
	return (int)lround(fmin(part, 1) * plot->area.rows * 8);
}

static void
draw_bar(struct canvas *canvas, const struct plot *plot,
	 const struct view_key_window *window)
{
	int width = plot->bar > 2 ? plot->bar - 1 : plot->bar;
	int col = column_of(plot, window);
	int high = height_of(plot, value_double(window->value));

	if (high == 0)
		high = 1; /* it occurs */
	for (int row = 0; row < plot->area.rows; row++) {
		int part = high - (plot->area.rows - 1 - row) * 8;

		if (part > 0)
			canvas_repeat(canvas, &plot->area, row, col, width,
				      window->complete ? STYLE_LIVE : STYLE_DIM,
				      eighths[part > 8 ? 7 : part - 1]);
	}
}

/* Where there are no bars. */
static void
draw_average(struct canvas *canvas, const struct plot *plot, double average)
{
	int row = plot->area.rows - 1 - (height_of(plot, average) - 1) / 8;

	if (row < 0)
		row = 0;
	for (int col = 0; col < plot->area.cols; col++)
		if (canvas_cell(canvas, plot->area.row + row,
				plot->area.col + col)
			->text[0] == ' ')
			canvas_puts(canvas, &plot->area, row, col, STYLE_DIM,
				    "┄");
}

static void
draw_axes(struct canvas *canvas, const struct area *area,
	  const struct plot *plot)
{
	int bottom = plot->area.rows;

	for (int row = 0; row < bottom; row++)
		canvas_puts(canvas, area, row, Y_AXIS - 1, STYLE_DIM,
			    row ? "│" : "┤");
	canvas_right(canvas, area, 0, 0, Y_AXIS - 2, STYLE_DIM,
		     chart_tick(plot->high).text);
	canvas_right(canvas, area, bottom, 0, Y_AXIS - 2, STYLE_DIM,
		     plot->low < 0 ? chart_tick(plot->low).text : "0");
	canvas_puts(canvas, area, bottom, Y_AXIS - 1, STYLE_DIM, "└");
	canvas_repeat(canvas, &plot->below, 0, 0, plot->below.cols, STYLE_DIM,
		      "─");
}

/* 12:03:00, and the day where windows are of several. */
static struct format
time_of(const struct plot *plot, int64_t ms)
{
	return plot->area.cols / plot->bar * plot->advance_ms < DAY_MS
		   ? format_clock(ms)
		   : format_time(ms);
}

static void
draw_times(struct canvas *canvas, const struct plot *plot)
{
	int64_t shown = plot->area.cols / plot->bar;
	struct format last = time_of(plot, plot->newest_ms);
	struct format first =
	    time_of(plot, plot->newest_ms - (shown - 1) * plot->advance_ms);
	int half = plot->below.cols / 2;

	canvas_fit(canvas, &plot->below, 1, plot->below.cols % plot->bar, half,
		   STYLE_DIM, first.text, strlen(first.text));
	canvas_right(canvas, &plot->below, 1, half, plot->below.cols - half,
		     STYLE_DIM, last.text);
}

/* On the axis, below the bar. */
static void
draw_mark(struct canvas *canvas, const struct plot *plot,
	  const struct view_key_window *windows, int window, const char *mark)
{
	int col = window < 0 ? -1 : column_of(plot, &windows[window]);

	if (col >= 0)
		canvas_puts(canvas, &plot->below, 0, col, STYLE_BOLD, mark);
}

/* ↓ min 12 at 12:03:00   ┄ average 33.2 of 45   ↑ max 57 at 12:07:00 */
static void
draw_legend(struct canvas *canvas, const struct area *area, int row,
	    const struct plot *plot, const struct view_key_window *windows,
	    unsigned len, const struct history *history)
{
	char parts[4][128] = {"", "", "", ""};
	unsigned open = 0;
	int col = 2;

	while (open < len && !windows[len - 1 - open].complete)
		open++;
	if (history->smallest >= 0) {
		const struct view_key_window *at = &windows[history->smallest];

		snprintf(parts[0], sizeof(parts[0]), "↓ min %s at %s",
			 format_value(at->value).text,
			 time_of(plot, at->start_ms).text);
		snprintf(parts[1], sizeof(parts[1]),
			 "┄ average %s of %u window%s",
			 format_real(history->average).text, history->complete,
			 history->complete == 1 ? "" : "s");
	}
	if (history->largest >= 0) {
		const struct view_key_window *at = &windows[history->largest];

		snprintf(parts[2], sizeof(parts[2]), "↑ max %s at %s",
			 format_value(at->value).text,
			 time_of(plot, at->start_ms).text);
	}
	if (open == 1)
		snprintf(parts[3], sizeof(parts[3]), "the last is open");
	else if (open)
		snprintf(parts[3], sizeof(parts[3]), "the last %u are open",
			 open);
	for (int i = 0; i < 4; i++) {
		int width = canvas_width(canvas, parts[i], strlen(parts[i]));

		if (width == 0 || col + width > area->cols)
			continue;
		canvas_puts(canvas, area, row, col, STYLE_NORMAL, parts[i]);
		col += width + 3;
	}
}

/* As wide as the windows need, and not narrower than their times. */
static void
fit_columns(struct plot *plot, int64_t span_ms)
{
	int64_t windows = span_ms / plot->advance_ms + 1;

	plot->bar =
	    windows < plot->area.cols ? plot->area.cols / (int)windows : 1;
	if (plot->bar > BAR_MAX)
		plot->bar = BAR_MAX;
	if (windows * plot->bar < plot->area.cols)
		plot->area.cols = windows * plot->bar > COLS_MIN
				      ? (int)windows * plot->bar
				  : plot->area.cols < COLS_MIN ? plot->area.cols
							       : COLS_MIN;
	plot->below.cols = plot->area.cols;
}

void
history_draw(struct canvas *canvas, const struct area *area, int64_t advance_ms,
	     const struct view_key_window *windows, unsigned len)
{
	struct plot plot = {.area = *area, .advance_ms = advance_ms};
	struct history history;
	double smallest, largest;

	plot.area.col += Y_AXIS;
	plot.area.cols -= Y_AXIS;
	plot.area.rows -= 3; /* the axis, its times, the legend */
	history_of(windows, len, &history);
	if (plot.area.rows < 2 || plot.area.cols < 8 || history.largest < 0)
		return;
	plot.below = (struct area){area->row + plot.area.rows, plot.area.col, 2,
				   plot.area.cols};
	plot.newest_ms = windows[len - 1].start_ms;
	fit_columns(&plot, plot.newest_ms - windows[0].start_ms);
	largest = smallest = value_double(windows[history.largest].value);
	for (unsigned i = 0; i < len; i++)
		if (is_known(&windows[i]))
			smallest =
			    fmin(smallest, value_double(windows[i].value));
	plot.high = largest > 0 ? chart_nice(largest) : 0;
	plot.low = smallest < 0 ? -chart_nice(-smallest) : 0;
	if (plot.high <= plot.low)
		plot.high = plot.low + 1;
	for (unsigned i = 0; i < len; i++)
		if (is_known(&windows[i]) && column_of(&plot, &windows[i]) >= 0)
			draw_bar(canvas, &plot, &windows[i]);
	if (history.complete)
		draw_average(canvas, &plot, history.average);
	draw_axes(canvas, area, &plot);
	draw_mark(canvas, &plot, windows, history.smallest, "↓");
	draw_mark(canvas, &plot, windows, history.largest, "↑");
	draw_times(canvas, &plot);
	draw_legend(canvas, area, plot.area.rows + 2, &plot, windows, len,
		    &history);
}
