/*
 * A table's smallest and largest value; for each key its smallest and largest
 * window, so that "minimum and maximum" reads both ways.
 */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "format.h"

static const struct column_choice choices[] = {
    {COLUMN_RANKED, 0}, {COLUMN_WINDOW_MIN, 1}, {COLUMN_WINDOW_MAX, 1},
    {COLUMN_PER_S, 3},  {COLUMN_OTHERS, 4},     {COLUMN_RECENT, 2},
};

/* The longest of four wordings that fits. */
static enum style
extremes_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_summary *summary = &panel_table(panel)->summary;
	struct format min = format_value(summary->min);
	struct format max = format_value(summary->max);

	if (summary->keys == 0) {
		snprintf(out, size, "min – · max –");
		return STYLE_BOLD;
	}
	snprintf(out, size, "min %s (%s %s) · max %s", min.text,
		 format_count(summary->min_keys).text,
		 summary->min_keys == 1 ? "key"
					: panel_table(panel)->spec->name,
		 max.text);
	if ((int)strlen(out) - 1 > width)
		snprintf(out, size, "min %s (%s) · max %s", min.text,
			 format_count(summary->min_keys).text, max.text);
	if ((int)strlen(out) - 1 > width)
		snprintf(out, size, "min %s · max %s", min.text, max.text);
	if ((int)strlen(out) - 1 > width)
		snprintf(out, size, "min %s · max %s",
			 format_value_fit(summary->min, 8).text,
			 format_value_fit(summary->max, 8).text);
	return STYLE_BOLD;
}

const struct panel_class panel_extremes = {
    .kind = PANEL_EXTREMES,
    .rows_min = 8,
    .sorts = true,
    .moves = true,
    .rows_wanted = columns_rows_wanted,
    .rows = columns_rows,
    .id = columns_id,
    .headline = extremes_headline,
    .draw = columns_draw,
    .columns = choices,
    .columns_len = sizeof(choices) / sizeof(choices[0]),
    .detail = columns_detail,
};
