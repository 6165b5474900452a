#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "format.h"

static const char *const eighths_across[] = {"",  "▏", "▎", "▍", "▌",
					     "▋", "▊", "▉", "█"};
/* The dots of a character, by side and from the bottom up. */
static const uint8_t braille[2][4] = {{0x40, 0x04, 0x02, 0x01},
				      {0x80, 0x20, 0x10, 0x08}};
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

double
chart_scale_close(double held, double largest)
{
	static const double steps[] = {0.12, 0.15, 0.2, 0.3,
				       0.4,  0.5,  0.6, 0.8};
	double power;

	if (held > 0 && largest <= held && largest >= held * 0.6)
		return held;
	if (!(largest > 0.2)) /* less has too many digits for an axis */
		return 0.2;
	if (largest > 1e18)
		return 1e19;
	power = pow(10, ceil(log10(largest)));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (largest <= steps[i] * power)
			return steps[i] * power;
	/* log10() may be off by a hair at powers of ten. */
	return largest <= power ? power : power * 1.5;
}

/* Two or four steps of 1, 2 or 5 × 10^n, so that the middle is round as well.
 */
static struct chart_range
round_range(double smallest, double largest)
{
	static const double times[] = {2, 2.5, 2};
	double step = pow(10, floor(log10(largest)) - 3);
	struct chart_range range;

	for (unsigned i = 0;; i++) {
		range.base = floor(smallest / step) * step;
		range.top = ceil(largest / step) * step;
		if (range.base == range.top)
			range.base -= step;
		if (lround((range.top - range.base) / step) % 2)
			range.base -= step;
		if (range.top - range.base <= step * 4.5 &&
		    range.top - range.base >= range.top * 0.1 - step * 0.01)
			return range;
		step *= times[i % 3];
	}
}

struct chart_range
chart_range_close(struct chart_range held, double smallest, double largest)
{
	struct chart_range range = {0, 0};

	/* Ticks have two digits behind the point, and a letter up to 10^15. */
	if (smallest > 0.2 && largest < 1e15 && smallest <= largest)
		range = round_range(smallest, largest);
	if (range.base <= 0 || range.base < range.top / 2) {
		range.base = 0;
		range.top =
		    chart_scale_close(held.base > 0 ? 0 : held.top, largest);
		return range;
	}
	if (held.base > 0 && held.base <= smallest && held.top >= largest &&
	    range.top - range.base >= (held.top - held.base) * 0.5)
		return held;
	return range;
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
put_dots(struct canvas *canvas, const struct area *plot, int row, int col,
	 enum style style, uint32_t dots)
{
	/* U+2800 + dots */
	char utf8[4] = {(char)0xe2, (char)(0xa0 | dots >> 6),
			(char)(0x80 | (dots & 0x3f)), '\0'};

	canvas_puts(canvas, plot, row, col, style, utf8);
}

static void
draw_braille(struct canvas *canvas, const struct area *plot, enum style style,
	     const int64_t *values, unsigned len, double scale)
{
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

			for (int side = 0; side < 2; side++)
				for (int i = 0; i < 4; i++)
					if (heights[side] > below + i)
						dots |= braille[side][i];
			if (dots)
				put_dots(canvas, plot, row, col, style, dots);
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

void
chart_y_axis(struct canvas *canvas, const struct area *area, int rows,
	     struct chart_range range)
{
	double middle = range.base + (range.top - range.base) / 2;

	for (int row = 0; row < rows; row++) {
		bool tick =
		    row == 0 || (rows >= 4 && rows % 2 == 0 && row == rows / 2);

		if (tick)
			canvas_right(canvas, area, row, 0, CHART_AXIS - 2,
				     STYLE_DIM,
				     chart_tick(row ? middle : range.top).text);
		canvas_puts(canvas, area, row, CHART_AXIS - 1, STYLE_DIM,
			    tick ? "┤" : "│");
	}
	canvas_right(canvas, area, rows, 0, CHART_AXIS - 2, STYLE_DIM,
		     range.base > 0 ? chart_tick(range.base).text : "0");
	canvas_puts(canvas, area, rows, CHART_AXIS - 1, STYLE_DIM,
		    range.base > 0 ? "≈" : "└");
}

static void
draw_axes(struct canvas *canvas, const struct area *area,
	  const struct area *plot, const int64_t *values, unsigned len,
	  double scale, const char *end)
{
	int bottom = plot->rows, last = plot->cols - 1;
	int end_width = canvas_width(canvas, end, strlen(end));
	char label[64];

	chart_y_axis(canvas, area, plot->rows, (struct chart_range){0, scale});
	for (int col = 0; col < plot->cols; col++) {
		bool known =
		    at_dot(values, len, col * 2, plot->cols * 2) >= 0 ||
		    at_dot(values, len, col * 2 + 1, plot->cols * 2) >= 0;

		/* Dots below what is not known, so that it is no zero. */
		canvas_puts(canvas, area, bottom, CHART_AXIS + col, STYLE_DIM,
			    known ? "─" : "┄");
	}
	if (bottom + 1 >= area->rows)
		return;
	snprintf(label, sizeof(label), "−%u s", len);
	canvas_puts(canvas, area, bottom + 1, CHART_AXIS, STYLE_DIM, label);
	canvas_puts(canvas, area, bottom + 1, CHART_AXIS + last - end_width + 1,
		    STYLE_DIM, end);
	if (plot->cols >= 30) {
		canvas_puts(canvas, area, bottom, CHART_AXIS + last / 2,
			    STYLE_DIM, "┴");
		snprintf(label, sizeof(label), "−%u", len / 2);
		canvas_puts(canvas, area, bottom + 1, CHART_AXIS + last / 2 - 1,
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
			canvas_puts(canvas, area, row, CHART_AXIS + col,
				    mark == CHART_LOUD ? STYLE_BAD
						       : STYLE_PENDING,
				    mark == CHART_LOUD ? "▲" : "×");
	}
}

unsigned
chart_seconds_shown(const struct area *area, unsigned len)
{
	unsigned shown = area->cols > CHART_AXIS
			     ? (unsigned)(area->cols - CHART_AXIS) * 2
			     : 0;

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

	plot.col += CHART_AXIS;
	plot.cols -= CHART_AXIS;
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

/* The dot of a value, from the bottom up; a negative one is below the plot. */
static int
dot_of(const struct area *plot, double value, struct chart_range range)
{
	double part = (value - range.base) / (range.top - range.base);

	part = fmin(fmax(part, range.base > 0 ? -20 : 0), 1);

	return (int)lround(part * (plot->rows * 4 - 1));
}

/* A cell of the plot; an empty one where it is beyond the canvas. */
static struct cell
drawn_at(const struct canvas *canvas, const struct area *plot, int row, int col)
{
	row += plot->row;
	col += plot->col;
	if (row < 0 || row >= canvas->rows || col < 0 || col >= canvas->cols)
		return (struct cell){.text = {' '}, .width = 1};
	return *canvas_cell(canvas, row, col);
}

/* Adds a dot to those of the lines before; the selected one covers them. */
static void
add_dot(struct canvas *canvas, const struct area *plot, enum style style,
	char mark, int x, int y)
{
	int row = plot->rows - 1 - y / 4, col = x / 2;
	struct cell drawn = drawn_at(canvas, plot, row, col);
	uint32_t dots = drawn.text[0] - 0x2800;

	if (y < 0)
		return;
	if (canvas->ascii || canvas->blocks) {
		canvas_put(canvas, plot, row, col, style, &mark, 1);
		return;
	}
	if (dots > 0xff || (style == STYLE_ACCENT && drawn.style != style))
		dots = 0;
	put_dots(canvas, plot, row, col, style, dots | braille[x % 2][y % 4]);
}

void
chart_line(struct canvas *canvas, const struct area *plot, enum style style,
	   char mark, const struct chart_point *points, unsigned len, int gap,
	   struct chart_range range)
{
	int x = 0, y = 0;
	unsigned dotted = 0;

	for (unsigned i = 0; i < len; i++) {
		const struct chart_point *point = &points[i];
		int across = point->dot - x;
		int up = dot_of(plot, point->value, range) - y, steps;

		steps = abs(across) > abs(up) ? abs(across) : abs(up);
		if (i == 0 || across > gap || steps == 0) {
			x += across;
			y += up;
			across = up = 0;
			steps = 1;
		}
		for (int step = 1; step <= steps; step++) {
			if (point->open && dotted++ % 2)
				continue;
			add_dot(canvas, plot, style, point->open ? '.' : mark,
				x + across * step / steps,
				y + up * step / steps);
		}
		x += across;
		y += up;
	}
}

void
chart_line_mark(struct canvas *canvas, const struct area *plot,
		enum style style, char mark, const struct chart_point *points,
		unsigned len, struct chart_range range)
{
	for (unsigned i = len; i-- > 0;) {
		int col = points[i].dot / 2;
		int dot = dot_of(plot, points[i].value, range);
		int row = plot->rows - 1 - dot / 4;
		uint32_t drawn = drawn_at(canvas, plot, row, col).text[0];

		if (dot < 0 || points[i].open || (drawn >= 'a' && drawn <= 'z'))
			continue;
		canvas_put(canvas, plot, row, col, style, &mark, 1);
		return;
	}
}
