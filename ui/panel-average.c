/* A table's average per key, and its keys by value. */
#include <stdio.h>

#include "columns.h"
#include "format.h"

static const struct column_choice choices[] = {
    {COLUMN_RANKED, 0}, {COLUMN_PER_S, 1},  {COLUMN_SHARE, 3},
    {COLUMN_OTHERS, 4}, {COLUMN_RECENT, 2},
};

static enum style
average_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_table *table = panel_table(panel);
	struct format average = format_value(table->summary.average);
	char key[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4)];

	panel_key_name(panel, key, sizeof(key));
	/* Averages, minima and maxima are averaged over events. */
	if (!columns_per_key(panel))
		snprintf(key, sizeof(key), "event");
	if (width < 24)
		snprintf(out, size, "avg %s", average.text);
	else
		snprintf(out, size, "average %s per %s", average.text, key);
	return STYLE_BOLD;
}

const struct panel_class panel_average = {
    .kind = PANEL_AVERAGE,
    .rows_min = 8,
    .sorts = true,
    .moves = true,
    .rows_wanted = columns_rows_wanted,
    .rows = columns_rows,
    .id = columns_id,
    .headline = average_headline,
    .draw = columns_draw,
    .columns = choices,
    .columns_len = sizeof(choices) / sizeof(choices[0]),
    .detail = columns_detail,
};
