/* The windows of a table, the newest first, and what each sums up to. */
#include <stdio.h>
#include <string.h>

#include "aggregate/window.h"
#include "base/hash.h"
#include "columns.h"
#include "format.h"

enum { KEYS, TOTAL, AVERAGE, MIN, MAX, NUMBERS };

static const char *const titles[NUMBERS] = {"keys", "total", "average", "min",
					    "max"};
/* What comes first where there is little room. */
static const int order[NUMBERS] = {TOTAL, KEYS, MAX, MIN, AVERAGE};

#define STATE 8 /* "complete" */

struct columns {
	int start;
	struct {
		int col, width; /* width 0: there is no room for it */
	} at[NUMBERS];
	int state; /* column; 0: there is no room for it */
};

static unsigned
windows_rows(const struct panel *panel)
{
	return panel_table(panel)->windows_len;
}

static const struct view_window *
window_at(const struct panel *panel, unsigned row)
{
	return &panel_table(panel)->windows[row];
}

static uint64_t
windows_id(const struct panel *panel, unsigned row)
{
	return hash64(&window_at(panel, row)->start_ms, sizeof(int64_t));
}

static int
windows_rows_wanted(const struct panel *panel)
{
	unsigned rows = windows_rows(panel);

	return 2 + (int)(rows < 4 ? 4 : rows > 20 ? 20 : rows);
}

static enum style
windows_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_table *table = panel_table(panel);
	char errors[64];
	int len;

	columns_errors(&table->spec->measures[table->spec->rank], 1, errors,
		       sizeof(errors));
	len = snprintf(
	    out, size, width >= 32 ? "%u of %s · %s late" : "%u of %s",
	    table->windows_len,
	    format_windows(table->spec->window_ms, table->spec->advance_ms)
		.text,
	    format_count(table->late).text);
	if (errors[0] && len + 3 + (int)strlen(errors) <= width)
		snprintf(out + len, size - (size_t)len, " · %s", errors);
	return STYLE_BOLD;
}

/* Of distinct counts there is none: keys can have values in common. */
static bool
has_total(const struct panel *panel)
{
	const struct table_spec *spec = panel_table(panel)->spec;

	return spec->measures[spec->rank].kind != MEASURE_DISTINCT;
}

static struct value
number_of(const struct view_window *window, int number)
{
	switch (number) {
	case KEYS:
		return window->summary.keys < 0
			   ? value_none()
			   : value_int(window->summary.keys);
	case TOTAL:
		return window->summary.total;
	case AVERAGE:
		return window->summary.average;
	case MIN:
		return window->summary.min;
	default:
		return window->summary.max;
	}
}

static bool
overlaps(const struct panel *panel)
{
	const struct table_spec *spec = panel_table(panel)->spec;

	return spec->advance_ms < spec->window_ms;
}

/*
 * Days are said where a time of day is not enough, and ends where windows do
 * not follow each other.
 */
static struct format
start_of(const struct panel *panel, const struct view_window *window)
{
	const struct view_table *table = panel_table(panel);
	int64_t span = table->spec->advance_ms * (int64_t)table->windows_len;
	struct format f = format_time(window->start_ms);

	if (overlaps(panel))
		return format_window(window->start_ms, window->end_ms,
				     span >= 86400000);
	if (span < 86400000)
		return format_clock(window->start_ms);
	f.text[16] = '\0'; /* to the minute */
	return f;
}

static void
place_columns(struct panel *panel, const struct canvas *canvas,
	      const struct area *area, struct columns *columns)
{
	int used, gap = area->cols >= 60 ? 3 : 2, col;

	*columns = (struct columns){0};
	for (unsigned i = 0; i < windows_rows(panel); i++) {
		struct format span = start_of(panel, window_at(panel, i));
		int start = canvas_width(canvas, span.text, strlen(span.text));

		if (panel->key_width < start)
			panel->key_width = start;
		for (int n = 0; n < NUMBERS; n++) {
			struct value value = number_of(window_at(panel, i), n);
			int len = (int)strlen(format_value(value).text);

			while (panel->column_widths[n] < len &&
			       panel->column_widths[n] < 27)
				panel->column_widths[n] += 4;
		}
	}
	columns->start = panel->key_width < 8 ? 8 : panel->key_width;
	used = 2 + columns->start;
	for (int i = 0; i < NUMBERS; i++) {
		int n = order[i], width = panel->column_widths[n];

		if (n == TOTAL && !has_total(panel))
			continue;
		if (width < 7)
			panel->column_widths[n] = width = 7;
		if (used + gap + width > area->cols)
			continue;
		columns->at[n].width = width;
		used += gap + width;
	}
	if (used + gap + STATE <= area->cols)
		columns->state = used + gap;
	col = 2 + columns->start;
	for (int n = 0; n < NUMBERS; n++) {
		if (!columns->at[n].width)
			continue;
		columns->at[n].col = col + gap;
		col += gap + columns->at[n].width;
	}
}

static void
windows_draw_row(struct panel *panel, unsigned row, struct canvas *canvas,
		 const struct area *line, void *ctx)
{
	const struct view_window *window = window_at(panel, row);
	const struct columns *columns = ctx;
	struct format start = start_of(panel, window);

	canvas_fit(canvas, line, 0, 2, columns->start, STYLE_NORMAL, start.text,
		   strlen(start.text));
	for (int n = 0; n < NUMBERS; n++)
		if (columns->at[n].width)
			canvas_right(canvas, line, 0, columns->at[n].col,
				     columns->at[n].width,
				     n == TOTAL ? STYLE_BOLD : STYLE_NORMAL,
				     format_value_fit(number_of(window, n),
						      columns->at[n].width)
					 .text);
	if (columns->state)
		canvas_puts(canvas, line, 0, columns->state,
			    window->complete ? STYLE_DIM : STYLE_PENDING,
			    window->complete ? "complete" : "open");
}

static void
windows_draw(struct panel *panel, struct canvas *canvas,
	     const struct area *area)
{
	const struct view_table *table = panel_table(panel);
	struct columns columns;

	if (windows_rows(panel) == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM, "nothing yet");
		return;
	}
	place_columns(panel, canvas, area, &columns);
	canvas_puts(canvas, area, 0, 2, STYLE_DIM,
		    overlaps(panel) ? "window" : "start");
	for (int n = 0; n < NUMBERS; n++)
		if (columns.at[n].width)
			canvas_right(canvas, area, 0, columns.at[n].col,
				     columns.at[n].width, STYLE_DIM, titles[n]);
	panel_list(panel, canvas, area, 1, table->windows_len, windows_draw_row,
		   &columns);
}

struct lines {
	struct canvas *canvas;
	const struct area *area;
	int at;
};

static void
line(struct lines *to, const char *label, const char *value, const char *note,
     size_t size)
{
	canvas_puts(to->canvas, to->area, to->at, 2, STYLE_DIM, label);
	canvas_right(to->canvas, to->area, to->at, 12, 27, STYLE_BOLD, value);
	canvas_fit(to->canvas, to->area, to->at, 41, to->area->cols - 42,
		   STYLE_NORMAL, note, size);
	to->at++;
}

static void
windows_detail(struct panel *panel, unsigned row, struct canvas *canvas,
	       const struct area *area)
{
	const struct view_window *window = window_at(panel, row);
	const struct view_summary *summary = &window->summary;
	const struct table_spec *spec = panel_table(panel)->spec;
	const char *ranked = spec->measures[spec->rank].name;
	struct lines to = {canvas, area, 0};
	char note[128];

	line(&to, "start", format_time(window->start_ms).text, "event time",
	     10);
	line(&to, "end", format_time(window->end_ms).text,
	     window->complete ? "complete: nothing more is counted in it"
			      : "open: it still grows",
	     window->complete ? 39 : 20);
	to.at++;
	line(&to, "keys", format_count(summary->keys).text, "", 0);
	if (has_total(panel))
		line(&to, "total", format_value(summary->total).text, ranked,
		     strlen(ranked));
	line(&to, "average", format_value(summary->average).text,
	     columns_per_key(panel) ? "per key" : "per event",
	     columns_per_key(panel) ? 7 : 9);
	line(&to, "largest", format_value(summary->max).text,
	     summary->max_key.data ? summary->max_key.data : "",
	     summary->max_key.size);
	if (spec->average_ms && window->span_ms > 0) {
		snprintf(note, sizeof(note), "per %s, of the same",
			 format_span(spec->average_ms).text);
		line(&to, "",
		     format_value(
			 window_average(summary->max, window->span_ms, spec))
			 .text,
		     note, strlen(note));
	}
	line(&to, "smallest", format_value(summary->min).text,
	     summary->min_key.data ? summary->min_key.data : "",
	     summary->min_key.size);
	snprintf(note, sizeof(note), "key%s with the smallest",
		 summary->min_keys == 1 ? "" : "s");
	line(&to, "", format_count(summary->keys ? summary->min_keys : -1).text,
	     note, strlen(note));
	columns_errors(&spec->measures[spec->rank], 1, note, sizeof(note));
	if (note[0])
		line(&to, "error", "", note, strlen(note));
}

const struct panel_class panel_windows_list = {
    .kind = PANEL_WINDOWS,
    .rows_min = 6,
    .rows_wanted = windows_rows_wanted,
    .rows = windows_rows,
    .id = windows_id,
    .headline = windows_headline,
    .draw = windows_draw,
    .detail = windows_detail,
};
