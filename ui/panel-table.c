/* A table's keys with all their measures, by the one that ranks. */
#include <stdio.h>

#include "columns.h"
#include "format.h"

static const struct column_choice choices[] = {
    {COLUMN_RANKED, 0}, {COLUMN_OTHERS, 1}, {COLUMN_PER_S, 2},
    {COLUMN_SHARE, 3},  {COLUMN_RECENT, 4},
};

static enum style
table_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_table *table = panel_table(panel);
	const struct table_spec *spec = table->spec;
	struct format total = format_value(table->summary.total);

	if (width >= 32 && columns_adds_up(panel))
		snprintf(out, size, "%s keys · %s %s",
			 format_count(table->summary.keys).text, total.text,
			 spec->measures[spec->rank].name);
	else
		snprintf(out, size, "%s keys",
			 format_count(table->summary.keys).text);
	return STYLE_BOLD;
}

const struct panel_class panel_table_list = {
    .kind = PANEL_TABLE,
    .rows_min = 8,
    .sorts = true,
    .moves = true,
    .rows_wanted = columns_rows_wanted,
    .rows = columns_rows,
    .id = columns_id,
    .headline = table_headline,
    .draw = columns_draw,
    .columns = choices,
    .columns_len = sizeof(choices) / sizeof(choices[0]),
    .detail = columns_detail,
};
