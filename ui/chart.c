#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "format.h"

#define Y_AXIS 8 /* columns of labels and the axis, "200 k ┤" */

static const char *const eighths_across[] = {"",  "▏", "▎", "▍", "▌",
					     "▋", "▊", "▉", "█"};
static const char *const eighths_up[] = {"▁", "▂", "▃", "▄",
					 "▅", "▆", "▇", "█"};

void
chart_bar(struct canvas *canvas, const struct area *area, int row, int col,
	  int width, enum style style, double share)
{
	int eighths;

	if (!(share > 0) || width <= 0)
		return;
	if (share > 1)
		share = 1;
	eighths = (int)lround(share * width * 8);
	if (eighths == 0)
		eighths = 1; /* there is some */
	canvas_repeat(canvas, area, row, col, eighths / 8, style, "█");
	canvas_puts(canvas, area, row, col + eighths / 8, style,
		    eighths_across[eighths % 8]);
}

#define SPARK_MAX 512

void
chart_spark(struct canvas *canvas, const struct area *area, int row, int col,
	    int width, enum style style, const int64_t *values, unsigned len,
	    int64_t end_second)
{
	double sums[SPARK_MAX] = {0}, largest = 0;
	unsigned known[SPARK_MAX] = {0};
	int each, cells;

	if (width > SPARK_MAX)
		width = SPARK_MAX;
	if (width <= 0 || len == 0)
		return;
	each = ((int)len + width - 1) / width;
	cells = ((int)len + each - 1) / each;
	if (end_second < (int64_t)len)
		end_second = len;
	for (unsigned i = 0; i < len; i++) {
		int64_t second = end_second - (len - 1 - i);
		int64_t cell = cells - 1 - (end_second / each - second / each);

		if (values[i] < 0 || cell < 0)
			continue;
		sums[cell] += (double)values[i];
		known[cell]++;
	}
	for (int i = 0; i < cells; i++)
		if (known[i] && sums[i] / known[i] > largest)
			largest = sums[i] / known[i];
	for (int i = 0; i < cells; i++) {
		double part = 0;
		int level = 0;

		if (!known[i])
			continue;
		if (largest > 0)
			part = sums[i] / known[i] / largest;
		if (part > 0) /* the lowest says none at all */
			level = 1 + (int)lround(part * 6);
		canvas_puts(canvas, area, row, col + width - cells + i, style,
			    eighths_up[level]);
	}
}

double
chart_nice(double largest)
{
	double power;

	if (!(largest > 1))
		return 1;
	if (largest > 1e18)
		return 1e19;
	power = pow(10, floor(log10(largest)));
	/* log10() may be off by a hair at powers of ten. */
	for (; power < largest; power *= 10) {
		if (largest <= power * 2)
			return power * 2;
		if (largest <= power * 5)
			return power * 5;
	}
	return power;
}

double
chart_scale(double held, double largest)
{
	if (held <= 0 || largest > held || largest < held * 0.4)
		return chart_nice(largest);
	return held;
}

/* The value at a column of dots; -1 where none is known. */
static double
at_dot(const int64_t *values, unsigned len, int dot, int dots)
{
	int64_t index;

	if (dots <= 0 || len == 0)
		return -1;
	index = (int64_t)dot * len / dots;
	return values[index] < 0 ? -1 : (double)values[index];
}

/* Of `dots`, how many show a value: some for more than none. */
static int
dots_high(double value, double scale, int dots)
{
	int high;

	if (!(value > 0))
		return 0;
	high = (int)lround(fmin(value / scale, 1) * dots);
	return high > 0 ? high : 1;
}

static void
draw_braille(struct canvas *canvas, const struct area *plot, enum style style,
	     const int64_t *values, unsigned len, double scale)
{
	static const uint8_t bits[2][4] = {{0x40, 0x04, 0x02, 0x01},
					   {0x80, 0x20, 0x10, 0x08}};

	for (int col = 0; col < plot->cols; col++) {
		int heights[2];

		for (int side = 0; side < 2; side++) {
			double v =
			    at_dot(values, len, col * 2 + side, plot->cols * 2);

			heights[side] = dots_high(v, scale, plot->rows * 4);
		}
		for (int row = 0; row < plot->rows; row++) {
			int below = (plot->rows - 1 - row) * 4;
			uint32_t dots = 0;
			char utf8[4] = {0};

			for (int side = 0; side < 2; side++)
				for (int i = 0; i < 4; i++)
					if (heights[side] > below + i)
						dots |= bits[side][i];
			if (!dots)
				continue;
			/* U+2800 + dots */
			utf8[0] = (char)0xe2;
			utf8[1] = (char)(0xa0 | dots >> 6);
			utf8[2] = (char)(0x80 | (dots & 0x3f));
			canvas_puts(canvas, plot, row, col, style, utf8);
		}
	}
}

static void
draw_blocks(struct canvas *canvas, const struct area *plot, enum style style,
	    const int64_t *values, unsigned len, double scale)
{
	static const char *const ascii[] = {"", ".", ":", "#"};
	static const char *const blocks[] = {"",  "▁", "▂", "▃", "▄",
					     "▅", "▆", "▇", "█"};
	const char *const *signs = canvas->ascii ? ascii : blocks;
	int steps = canvas->ascii ? 3 : 8;

	for (int col = 0; col < plot->cols; col++) {
		double v =
		    fmax(at_dot(values, len, col * 2, plot->cols * 2),
			 at_dot(values, len, col * 2 + 1, plot->cols * 2));
		int height = dots_high(v, scale, plot->rows * steps);

		for (int row = 0; row < plot->rows; row++) {
			int part = height - (plot->rows - 1 - row) * steps;

			if (part > 0)
				canvas_puts(canvas, plot, row, col, style,
					    signs[part < steps ? part : steps]);
		}
	}
}

struct format
chart_tick(double number)
{
	struct format f = format_compact(number);
	size_t point = strcspn(f.text, "."), end = point, keep;

	if (!f.text[point])
		return f;
	end += 1 + strspn(f.text + point + 1, "0123456789");
	for (keep = end; keep > point && strchr("0.", f.text[keep - 1]); keep--)
		;
	memmove(f.text + keep, f.text + end, strlen(f.text + end) + 1);
	return f;
}

static void
draw_axes(struct canvas *canvas, const struct area *area,
	  const struct area *plot, const int64_t *values, unsigned len,
	  double scale, const char *end)
{
	int bottom = plot->rows, last = plot->cols - 1;
	int end_width = canvas_width(canvas, end, strlen(end));
	char label[64];

	for (int row = 0; row < plot->rows; row++) {
		bool tick =
		    row == 0 || (plot->rows >= 4 && plot->rows % 2 == 0 &&
				 row == plot->rows / 2);

		if (tick)
			canvas_right(canvas, area, row, 0, Y_AXIS - 2,
				     STYLE_DIM,
				     chart_tick(row ? scale / 2 : scale).text);
		canvas_puts(canvas, area, row, Y_AXIS - 1, STYLE_DIM,
			    tick ? "┤" : "│");
	}
	canvas_right(canvas, area, bottom, 0, Y_AXIS - 2, STYLE_DIM, "0");
	canvas_puts(canvas, area, bottom, Y_AXIS - 1, STYLE_DIM, "└");
	for (int col = 0; col < plot->cols; col++) {
		bool known =
		    at_dot(values, len, col * 2, plot->cols * 2) >= 0 ||
		    at_dot(values, len, col * 2 + 1, plot->cols * 2) >= 0;

		/* Dots below what is not known, so that it is no zero. */
		canvas_puts(canvas, area, bottom, Y_AXIS + col, STYLE_DIM,
			    known ? "─" : "┄");
	}
	if (bottom + 1 >= area->rows)
		return;
	snprintf(label, sizeof(label), "−%u s", len);
	canvas_puts(canvas, area, bottom + 1, Y_AXIS, STYLE_DIM, label);
	canvas_puts(canvas, area, bottom + 1, Y_AXIS + last - end_width + 1,
		    STYLE_DIM, end);
	if (plot->cols >= 30) {
		canvas_puts(canvas, area, bottom, Y_AXIS + last / 2, STYLE_DIM,
			    "┴");
		snprintf(label, sizeof(label), "−%u", len / 2);
		canvas_puts(canvas, area, bottom + 1, Y_AXIS + last / 2 - 1,
			    STYLE_DIM, label);
	}
}

/* Over the x axis, in the columns of at_dot(). */
static void
draw_marks(struct canvas *canvas, const struct area *area, int row, int cols,
	   const enum chart_mark *marks, unsigned len)
{
	for (int col = 0; col < cols; col++) {
		enum chart_mark mark = CHART_NONE;

		for (unsigned i = 0; i < len; i++)
			if ((int64_t)i * cols / len == col && marks[i] > mark)
				mark = marks[i];
		if (mark)
			canvas_puts(canvas, area, row, Y_AXIS + col,
				    mark == CHART_LOUD ? STYLE_BAD
						       : STYLE_PENDING,
				    mark == CHART_LOUD ? "▲" : "×");
	}
}

unsigned
chart_seconds_shown(const struct area *area, unsigned len)
{
	unsigned shown =
	    area->cols > Y_AXIS ? (unsigned)(area->cols - Y_AXIS) * 2 : 0;

	/* Whole tens of seconds read better on the axis. */
	if (shown >= 20)
		shown -= shown % 10;
	return shown < len ? shown : len;
}

void
chart_seconds(struct canvas *canvas, const struct area *area, enum style style,
	      const int64_t *values, const enum chart_mark *marks, unsigned len,
	      double scale, const char *end)
{
	struct area plot = *area;
	unsigned shown = chart_seconds_shown(area, len);

	plot.col += Y_AXIS;
	plot.cols -= Y_AXIS;
	plot.rows -= area->rows >= 5 ? 2 : 1;
	if (plot.cols < 5 || plot.rows < 1 || !(scale > 0))
		return;
	values += len - shown;
	if (marks)
		marks += len - shown;
	if (canvas->ascii || canvas->blocks)
		draw_blocks(canvas, &plot, style, values, shown, scale);
	else
		draw_braille(canvas, &plot, style, values, shown, scale);
	draw_axes(canvas, area, &plot, values, shown, scale, end);
	if (marks)
		draw_marks(canvas, area, plot.rows, plot.cols, marks, shown);
}
