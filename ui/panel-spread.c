/*
 * How many keys have which value: the spread of a table in powers of two,
 * several of them in a row when there are more than rows.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "format.h"

/* The first and one behind the last bucket that has keys; both 0: none. */
static void
spread_range(const struct view_summary *summary, int *first, int *last)
{
	*first = *last = 0;
	for (int i = VIEW_SPREAD - 1; i >= 0; i--) {
		if (summary->spread[i] <= 0)
			continue;
		if (!*last)
			*last = i + 1;
		*first = i;
	}
}

static struct format
bound(double number)
{
	return number < 1e6 ? format_int((int64_t)number)
			    : format_compact(number);
}

/* The values of buckets [first, last): "4–7"; of real numbers "4–8". */
static void
spread_label(const struct panel *panel, int first, int last, char *out,
	     size_t size)
{
	bool real = panel_table(panel)->summary.max.kind == VALUE_REAL;
	double low = first ? ldexp(1, first - 1) : 0;
	double high = ldexp(1, last - 1);

	if (!real)
		high -= 1;
	if (last == VIEW_SPREAD)
		snprintf(out, size, "%s+", bound(low).text);
	else if (first == 0 && panel_table(panel)->summary.min.kind &&
		 value_double(panel_table(panel)->summary.min) < 0)
		snprintf(out, size, "≤ %s", bound(high).text);
	else if (high <= low)
		snprintf(out, size, "%s", bound(low).text);
	else
		snprintf(out, size, "%s–%s", bound(low).text, bound(high).text);
}

static int
spread_rows_wanted(const struct panel *panel)
{
	int first, last;

	spread_range(&panel_table(panel)->summary, &first, &last);
	last -= first;
	return 1 + (last < 4 ? 4 : last > 16 ? 16 : last);
}

static void
spread_title(const struct panel *panel, char *out, size_t size)
{
	const struct table_spec *spec = panel_table(panel)->spec;
	char key[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4)];

	panel_key_name(panel, key, sizeof(key));
	snprintf(out, size, "%s per %s", spec->measures[spec->rank].name, key);
}

/* Of a label: all its characters are one wide. */
static int
label_cols(const char *label)
{
	int cols = 0;

	for (; *label; label++)
		cols += ((unsigned char)*label & 0xc0) != 0x80;
	return cols;
}

/*
 * Half of the keys are in or below the bucket that this names. Where there is
 * little room, the word goes, not the number.
 */
static enum style
spread_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_summary *summary = &panel_table(panel)->summary;
	double keys = 0, below = 0; /* cannot overflow */
	char label[128];

	for (int i = 0; i < VIEW_SPREAD; i++)
		if (summary->spread[i] > 0)
			keys += (double)summary->spread[i];
	for (int i = 0; i < VIEW_SPREAD && keys > 0; i++) {
		if (summary->spread[i] > 0)
			below += (double)summary->spread[i];
		if (below < keys - below)
			continue;
		spread_label(panel, i, i + 1, label, sizeof(label));
		snprintf(out, size, "%s%s",
			 label_cols("median ") + label_cols(label) > width
			     ? ""
			     : "median ",
			 label);
		break;
	}
	return STYLE_BOLD;
}

static void
spread_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view_summary *summary = &panel_table(panel)->summary;
	int first, last, each, label_width = 7, value_width, bar;
	int64_t largest = 0;
	char label[128];
	bool percent;

	spread_range(summary, &first, &last);
	if (last == 0) {
		/* -1: not known, which is so in the past. */
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    summary->spread[0] < 0 ? "snapshots keep no spread"
						   : "nothing yet");
		return;
	}
	each = (last - first + area->rows - 1) / area->rows;
	for (int i = first; i < last; i += each) {
		int64_t keys = 0;
		int width;

		for (int j = i; j < i + each && j < last; j++)
			keys += summary->spread[j];
		if (keys > largest)
			largest = keys;
		spread_label(panel, i, i + each < last ? i + each : last, label,
			     sizeof(label));
		width = canvas_width(canvas, label, strlen(label));
		if (width > label_width)
			label_width = width;
	}
	if (panel->key_width < label_width)
		panel->key_width = label_width;
	label_width = panel->key_width;
	value_width = format_column(summary->keys);
	if (value_width > area->cols / 3)
		value_width = area->cols / 3;
	percent = area->cols >= 2 + label_width + 4 + 8 + value_width;
	bar = area->cols - 2 - label_width - 2 - (percent ? 8 : 0) - 1 -
	      value_width;
	panel->scale = chart_scale(panel->scale, (double)largest);
	for (int i = first, row = 0; i < last; i += each, row++) {
		int64_t keys = 0;

		for (int j = i; j < i + each && j < last; j++)
			keys += summary->spread[j];
		spread_label(panel, i, i + each < last ? i + each : last, label,
			     sizeof(label));
		canvas_right(canvas, area, row, 2, label_width, STYLE_NORMAL,
			     label);
		chart_bar(canvas, area, row, 2 + label_width + 2, bar,
			  STYLE_LIVE, (double)keys / panel->scale);
		if (percent)
			canvas_right(
			    canvas, area, row, area->cols - value_width - 8, 7,
			    STYLE_DIM,
			    format_percent((double)keys, (double)summary->keys)
				.text);
		canvas_right(canvas, area, row, area->cols - value_width,
			     value_width, STYLE_NORMAL,
			     format_count_fit(keys, value_width).text);
	}
}

const struct panel_class panel_spread = {
    .kind = PANEL_SPREAD,
    .rows_min = 5,
    .rows_wanted = spread_rows_wanted,
    .title = spread_title,
    .headline = spread_headline,
    .draw = spread_draw,
};
