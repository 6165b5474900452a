/*
 * The keys of a table with windows over time: a line each, known by a letter
 * and a colour, beside a list of them with their newest complete values. Where
 * there are few windows, or little room, the list has bars instead.
 *
 * Windows that are open still grow: their part of a line is dotted, and the
 * headline goes by complete ones alone. A window in which a key does not occur
 * is a gap in its line, not a zero.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "format.h"
#include "history.h"

#define WINDOWS_MIN 3 /* fewer make no line */
#define PLOT_MIN    10
#define KEY_MAX     24 /* columns of a key beside the chart */
#define DOTS_MAX    12 /* from one window to the next */
#define DAY_MS      INT64_C(86400000)

static char
mark_of(unsigned line)
{
	return (char)('a' + line);
}

static unsigned
lines_rows(const struct panel *panel)
{
	const struct view_table *table = panel_table(panel);

	if (table->windows_len == 0)
		return 0;
	return table->lines_len < VIEW_LINES ? table->lines_len : VIEW_LINES;
}

static bool
is_known(struct value value)
{
	return value.kind != VALUE_NONE && !isnan(value_double(value));
}

/* What is not known comes last. */
static bool
is_larger(struct value a, struct value b)
{
	if (!is_known(a) || !is_known(b))
		return is_known(a) && !is_known(b);
	return value_double(a) > value_double(b);
}

/* The view's index of a line by its place: the largest first. */
static unsigned
line_at(const struct panel *panel, unsigned row)
{
	const struct view_table *table = panel_table(panel);
	unsigned order[VIEW_LINES], window = panel_settled_window(table);

	for (unsigned i = 0; i < lines_rows(panel); i++) {
		unsigned at = i;

		for (; at > 0 &&
		       is_larger(table->lines[i].values[window],
				 table->lines[order[at - 1]].values[window]);
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order[row];
}

static uint64_t
lines_id(const struct panel *panel, unsigned row)
{
	const struct view_line *line =
	    &panel_table(panel)->lines[line_at(panel, row)];

	return panel_text_id(line->id.size ? &line->id : &line->key);
}

static int
lines_rows_wanted(const struct panel *panel)
{
	return panel_table(panel)->windows_len < WINDOWS_MIN
		   ? 2 + (int)lines_rows(panel)
		   : 14;
}

/* ---- Words ---- */

/* What values are of: "visits/min", "people ±0.8 %". */
static void
unit_of(const struct table_spec *spec, char *out, size_t size)
{
	const struct measure *measure = &spec->measures[spec->rank];
	struct format span = format_span(spec->average_ms);
	const char *per = span.text;

	columns_errors(measure, 1, out, size);
	if (out[0])
		return;
	if (strncmp(per, "1 ", 2) == 0)
		per += 2;
	snprintf(out, size, "%s%s%s", measure->name,
		 spec->average_ms ? "/" : "", spec->average_ms ? per : "");
}

static bool
by_days(const struct table_spec *spec)
{
	return spec->window_ms % DAY_MS == 0 && spec->advance_ms % DAY_MS == 0;
}

/* A day's date; else when the window ends, with the date where that matters. */
static struct format
time_of(const struct table_spec *spec, const struct view_window *window,
	bool dated)
{
	struct format f =
	    format_time(by_days(spec) ? window->start_ms : window->end_ms);
	bool seconds = spec->window_ms % 60000 || spec->advance_ms % 60000;
	size_t from = by_days(spec) || dated ? 0 : 11;

	f.text[by_days(spec) ? 10 : seconds ? 19 : 16] = '\0';
	memmove(f.text, f.text + from, strlen(f.text + from) + 1);
	return f;
}

/* US 14.20 events/min · 7 keys · 5 min every 1 min: as much of it as fits. */
static enum style
lines_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_table *table = panel_table(panel);
	const struct table_spec *spec = table->spec;
	char unit[PIPELINE_NAME_MAX + 64], parts[4][224];
	const struct view_line *line;
	unsigned at;
	size_t used = 0;

	if (lines_rows(panel) == 0)
		return STYLE_BOLD;
	at = panel_settled_window(table);
	line = &table->lines[line_at(panel, 0)];
	if (!table->windows[at].complete) {
		if (width < 30)
			snprintf(out, size, "open");
		else if (by_days(spec))
			snprintf(out, size, "%s is open",
				 time_of(spec, &table->windows[at], true).text);
		else
			snprintf(out, size, "no window is complete yet");
		return STYLE_PENDING;
	}
	unit_of(spec, unit, sizeof(unit));
	snprintf(parts[0], sizeof(parts[0]), "%.*s %s",
		 line->key.size <= KEY_MAX ? (int)line->key.size : 7,
		 line->key.size <= KEY_MAX ? line->key.data : "largest",
		 format_value(line->values[at]).text);
	snprintf(parts[1], sizeof(parts[1]), " %s", unit);
	snprintf(parts[2], sizeof(parts[2]), " · %s keys",
		 format_count(table->windows[at].summary.keys).text);
	snprintf(parts[3], sizeof(parts[3]), " · %s",
		 format_windows(spec->window_ms, spec->advance_ms).text);
	for (int i = 0; i < 4 && used + strlen(parts[i]) < size; i++) {
		if (i > 0 && used + strlen(parts[i]) > (size_t)width)
			break;
		memcpy(out + used, parts[i], strlen(parts[i]) + 1);
		used += strlen(parts[i]);
	}
	return STYLE_BOLD;
}

/* ---- The list ---- */

struct list {
	unsigned window; /* that it is about */
	int key, bar, value;
	bool marks; /* letters of a chart's lines; else bars */
	bool open;  /* also what the newest window has so far */
	double largest;
};

/* Keys and values have as much room as they have needed yet. */
static void
measure_list(struct panel *panel, const struct canvas *canvas,
	     const struct area *area, struct list *list)
{
	const struct view_table *table = panel_table(panel);
	int most = area->cols / 3 < KEY_MAX ? area->cols / 3 : KEY_MAX;

	*list = (struct list){.window = panel_settled_window(table)};
	list->open = table->windows[list->window].complete && list->window > 0;
	for (unsigned i = 0; i < lines_rows(panel); i++) {
		const struct view_text *key = &table->lines[i].key;
		struct value value = table->lines[i].values[list->window];
		int width = canvas_width(canvas, key->data,
					 key->size < 256 ? key->size : 256);

		if (panel->key_width < width)
			panel->key_width = width;
		width = (int)strlen(format_value(value).text);
		while (panel->column_widths[0] < width &&
		       panel->column_widths[0] < 19)
			panel->column_widths[0] += 2;
		if (is_known(value))
			list->largest =
			    fmax(list->largest, value_double(value));
	}
	list->key = panel->key_width < most ? panel->key_width : most;
	list->value = panel->column_widths[0] < 6 ? 6 : panel->column_widths[0];
}

static void
draw_row(struct panel *panel, unsigned row, struct canvas *canvas,
	 const struct area *line, void *ctx)
{
	const struct list *list = ctx;
	unsigned at = line_at(panel, row);
	const struct view_table *table = panel_table(panel);
	const struct view_line *keyed = &table->lines[at];
	struct value value = keyed->values[list->window];
	int col = 2, end = line->cols;

	if (list->marks) {
		canvas_printf(canvas, line, 0, col, STYLE_LINE + at, "%c",
			      mark_of(at));
		col += 2;
	}
	canvas_fit(canvas, line, 0, col, list->key, STYLE_NORMAL,
		   keyed->key.data, keyed->key.size);
	if (list->open) {
		end -= list->value + 2;
		canvas_right(
		    canvas, line, 0, end + 2, list->value, STYLE_DIM,
		    format_value_fit(keyed->values[0], list->value).text);
	}
	canvas_right(canvas, line, 0, end - list->value, list->value,
		     STYLE_BOLD, format_value_fit(value, list->value).text);
	if (list->bar > 0 && is_known(value) && list->largest > 0)
		chart_bar(canvas, line, 0, col + list->key + 1, list->bar,
			  table->windows[list->window].complete ? STYLE_LIVE
								: STYLE_DIM,
			  value_double(value) / list->largest);
}

static void
draw_list(struct panel *panel, struct canvas *canvas, const struct area *area,
	  int from, struct list *list)
{
	const struct view_table *table = panel_table(panel);

	panel_list(panel, canvas, area, from,
		   table->windows[list->window].summary.keys, draw_row, list);
}

/*
 * Names, values and bars of one window, and what the newest has so far; which
 * windows these are is said where no key has to give way to it.
 */
static void
draw_bars(struct panel *panel, struct canvas *canvas, const struct area *area,
	  struct list *list)
{
	const struct view_table *table = panel_table(panel);
	const struct view_window *window = &table->windows[list->window];
	struct format time = time_of(table->spec, window, true);
	bool heading = area->rows > (int)lines_rows(panel);
	int value = list->value + 2, least = 2 + list->key + 1 + 8 + 1;

	if (heading && value < (int)strlen(time.text) + 2)
		value = (int)strlen(time.text) + 2;
	list->open = list->open && heading && least + 2 * value <= area->cols;
	list->value = value - 2;
	list->bar =
	    area->cols - 2 - list->key - 1 - value - (list->open ? value : 0);
	if (heading) {
		canvas_right(canvas, area, 0,
			     area->cols - list->value -
				 (list->open ? value : 0),
			     list->value, STYLE_DIM, time.text);
		if (list->open)
			canvas_right(canvas, area, 0, area->cols - list->value,
				     list->value, STYLE_DIM, "so far");
	}
	draw_list(panel, canvas, area, heading, list);
}

/* ---- The chart ---- */

struct plot {
	struct area area;
	int step;       /* dots from one window to the next */
	unsigned shown; /* windows, the newest first */
};

/* Windows stand at the right as long as they are few. */
static int
dot_at(const struct view_table *table, const struct plot *plot, unsigned window)
{
	int64_t back =
	    (table->windows[0].start_ms - table->windows[window].start_ms) /
	    table->spec->advance_ms;
	int last = plot->area.cols * 2 - 1;

	if (back < 0 || back > last / plot->step)
		return -1;
	return last - (int)back * plot->step;
}

static void
fit_windows(const struct view_table *table, struct plot *plot)
{
	int64_t span = (table->windows[0].start_ms -
			table->windows[table->windows_len - 1].start_ms) /
		       table->spec->advance_ms;
	int64_t step = span > 0 ? (plot->area.cols * 2 - 1) / span : 1;

	plot->step = step < 1 ? 1 : step > DOTS_MAX ? DOTS_MAX : (int)step;
	while (plot->shown < table->windows_len && plot->shown < VIEW_WINDOWS &&
	       dot_at(table, plot, plot->shown) >= 0)
		plot->shown++;
}

/*
 * Where the stream has only begun, a window may be an average of a moment;
 * those make no scale for the others, unless the list is about one.
 */
static double
largest_of(const struct panel *panel, const struct plot *plot)
{
	const struct view_table *table = panel_table(panel);
	unsigned listed = panel_settled_window(table);
	double whole = 0, all = 0;

	for (unsigned i = 0; i < lines_rows(panel); i++) {
		for (unsigned w = 0; w < plot->shown; w++) {
			struct value value = table->lines[i].values[w];

			if (!is_known(value))
				continue;
			all = fmax(all, value_double(value));
			if (w == listed || table->windows[w].span_ms >=
					       table->spec->average_ms)
				whole = fmax(whole, value_double(value));
		}
	}
	return whole > 0 ? whole : all;
}

/* Of complete windows; 0: there is none, or none that makes a scale. */
static double
smallest_of(const struct panel *panel, const struct plot *plot)
{
	const struct view_table *table = panel_table(panel);
	double least = INFINITY;

	for (unsigned i = 0; i < lines_rows(panel); i++)
		for (unsigned w = 0; w < plot->shown; w++)
			if (table->windows[w].complete &&
			    table->windows[w].span_ms >=
				table->spec->average_ms &&
			    is_known(table->lines[i].values[w]))
				least = fmin(
				    least,
				    value_double(table->lines[i].values[w]));
	return isinf(least) ? 0 : least;
}

/* The view's index of the line that is selected; -1: none is. */
static int
selected_line(const struct panel *panel)
{
	int place = panel_selected(panel);

	if (place < 0)
		return -1;
	return (int)line_at(panel, panel_at(panel, (unsigned)place));
}

static void
draw_line(const struct panel *panel, struct canvas *canvas,
	  const struct plot *plot, unsigned line, bool mark)
{
	const struct view_table *table = panel_table(panel);
	bool selected = selected_line(panel) == (int)line;
	enum style style = selected ? STYLE_ACCENT : STYLE_LINE + line;
	struct chart_point points[VIEW_WINDOWS];
	unsigned len = 0;

	for (unsigned w = plot->shown; w-- > 0;)
		if (is_known(table->lines[line].values[w]))
			points[len++] = (struct chart_point){
			    dot_at(table, plot, w),
			    value_double(table->lines[line].values[w]),
			    !table->windows[w].complete};
	if (mark)
		chart_line_mark(canvas, &plot->area, style, mark_of(line),
				points, len, panel->range);
	else
		chart_line(canvas, &plot->area, style, mark_of(line), points,
			   len, plot->step, panel->range);
}

/* The selected one over the others, and marks over all. */
static void
draw_lines(const struct panel *panel, struct canvas *canvas,
	   const struct plot *plot)
{
	unsigned rows = lines_rows(panel);
	int selected = selected_line(panel);

	for (unsigned row = 0; row < rows; row++)
		draw_line(panel, canvas, plot, line_at(panel, row), false);
	if (selected >= 0)
		draw_line(panel, canvas, plot, (unsigned)selected, false);
	for (unsigned row = 0; row < rows; row++)
		draw_line(panel, canvas, plot, line_at(panel, row), true);
}

/*
 * The times of the oldest window and of the newest complete one, which the list
 * is about. The axis is whole where windows are complete.
 */
static void
draw_times(const struct view_table *table, struct canvas *canvas,
	   const struct area *area, const struct plot *plot)
{
	const struct view_window *first = &table->windows[plot->shown - 1];
	unsigned newest = panel_settled_window(table), oldest = plot->shown - 1;
	int bottom = plot->area.rows, from, to, width;
	bool dated;
	struct format f;

	canvas_repeat(canvas, area, bottom, CHART_AXIS, plot->area.cols,
		      STYLE_DIM, "┄");
	if (newest > oldest)
		newest = 0;
	from = dot_at(table, plot, oldest) / 2;
	to = dot_at(table, plot, newest) / 2;
	if (table->windows[newest].complete)
		canvas_repeat(canvas, area, bottom, CHART_AXIS + from,
			      to - from + 1, STYLE_DIM, "─");
	if (bottom + 1 >= area->rows)
		return;
	dated = table->windows[0].end_ms - first->end_ms >= DAY_MS;
	f = time_of(table->spec, &table->windows[newest], dated);
	width = (int)strlen(f.text);
	to = to + 1 > width ? to + 1 - width : 0;
	canvas_puts(canvas, area, bottom, CHART_AXIS + to + width - 1,
		    STYLE_DIM, "┴");
	canvas_puts(canvas, area, bottom + 1, CHART_AXIS + to, STYLE_DIM,
		    f.text);
	f = time_of(table->spec, first, dated);
	if (from + width + 2 <= to)
		canvas_puts(canvas, area, bottom + 1, CHART_AXIS + from,
			    STYLE_DIM, f.text);
}

static void
draw_chart(struct panel *panel, struct canvas *canvas, const struct area *area,
	   struct plot *plot)
{
	const struct view_table *table = panel_table(panel);

	fit_windows(table, plot);
	panel->range = chart_range_close(panel->range, smallest_of(panel, plot),
					 largest_of(panel, plot));
	chart_y_axis(canvas, area, plot->area.rows, panel->range);
	draw_times(table, canvas, area, plot);
	draw_lines(panel, canvas, plot);
}

static void
lines_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view_table *table = panel_table(panel);
	struct area side = *area;
	struct plot plot = {.area = *area};
	struct list list;

	if (lines_rows(panel) == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    panel->view->commit_us < 0 ? "not kept"
						       : "nothing yet");
		return;
	}
	measure_list(panel, canvas, area, &list);
	side.cols = 2 + 2 + list.key + 2 + list.value;
	side.col += area->cols - side.cols;
	plot.area.col += CHART_AXIS;
	plot.area.cols -= CHART_AXIS + side.cols;
	plot.area.rows -= 2; /* the axis and its times */
	if (table->windows_len < WINDOWS_MIN || plot.area.rows < 3 ||
	    plot.area.cols < PLOT_MIN) {
		draw_bars(panel, canvas, area, &list);
		return;
	}
	list.marks = true;
	list.open = false;
	draw_chart(panel, canvas, area, &plot);
	draw_list(panel, canvas, &side, 0, &list);
}

/* ---- One key ---- */

/* In as many columns as there is room for, the newest first. */
static void
draw_values(const struct view_table *table, const struct view_line *line,
	    struct canvas *canvas, const struct area *area)
{
	struct format widest = format_window(table->windows[0].start_ms,
					     table->windows[0].end_ms, true);
	int width = canvas_width(canvas, widest.text, strlen(widest.text));
	int each = width + 2 + 11 + 2 + 8, rows = area->rows;
	unsigned at = 0;

	for (int col = 2; col + each <= area->cols; col += each + 4) {
		for (int row = 0; row < rows && at < table->windows_len;
		     row++, at++) {
			const struct view_window *w = &table->windows[at];

			canvas_puts(
			    canvas, area, row, col, STYLE_NORMAL,
			    format_window(w->start_ms, w->end_ms, true).text);
			canvas_right(
			    canvas, area, row, col + width + 2, 11, STYLE_BOLD,
			    format_value_fit(line->values[at], 11).text);
			canvas_puts(canvas, area, row, col + width + 2 + 11 + 2,
				    w->complete ? STYLE_DIM : STYLE_PENDING,
				    w->complete ? "complete" : "open");
		}
	}
}

static void
lines_detail(struct panel *panel, unsigned row, struct canvas *canvas,
	     const struct area *area)
{
	const struct view_table *table = panel_table(panel);
	const struct table_spec *spec = table->spec;
	const struct view_line *line = &table->lines[line_at(panel, row)];
	struct view_key_window windows[VIEW_WINDOWS];
	unsigned len = table->windows_len;
	struct area rest = {area->row, area->col + 2, 1, area->cols - 2};
	char unit[PIPELINE_NAME_MAX + 64];

	unit_of(spec, unit, sizeof(unit));
	canvas_fit(canvas, &rest, 0, 0, rest.cols - 2, STYLE_BOLD,
		   line->key.data, line->key.size);
	canvas_printf(canvas, area, 1, 2, STYLE_DIM, "%s in windows of %s",
		      unit,
		      format_windows(spec->window_ms, spec->advance_ms).text);
	rest =
	    (struct area){area->row + 3, area->col, area->rows - 3, area->cols};
	for (unsigned i = 0; i < len && len <= VIEW_WINDOWS; i++)
		windows[len - 1 - i] = (struct view_key_window){
		    table->windows[i].start_ms, table->windows[i].end_ms,
		    table->windows[i].complete, line->values[i]};
	if (rest.rows >= 14 && len >= WINDOWS_MIN && len <= VIEW_WINDOWS) {
		rest.rows = rest.rows / 2 < 15 ? rest.rows / 2 : 15;
		history_draw(canvas, &rest, spec->advance_ms, windows, len);
		rest.row += rest.rows + 1;
		rest.rows = area->row + area->rows - rest.row;
	}
	draw_values(table, line, canvas, &rest);
}

const struct panel_class panel_lines = {
    .kind = PANEL_LINES,
    .rows_min = 7,
    .moves = true,
    .rows_wanted = lines_rows_wanted,
    .rows = lines_rows,
    .id = lines_id,
    .headline = lines_headline,
    .draw = lines_draw,
    .detail = lines_detail,
};
