/* A table's keys as parts of its total: a bar, the part, the value. */
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "format.h"

static int
share_rows_wanted(const struct panel *panel)
{
	int rows = (int)columns_rows(panel);

	return 1 + (rows < 3 ? 3 : rows > 12 ? 12 : rows);
}

static enum style
share_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view_table *table = panel_table(panel);

	if (table->summary.max.kind == VALUE_NONE)
		return STYLE_BOLD;
	if (width >= 32 && table->summary.max_key.size <= 24)
		snprintf(out, size, "%.*s %s", (int)table->summary.max_key.size,
			 table->summary.max_key.data,
			 format_percent(value_double(table->summary.max),
					value_double(table->summary.total))
			     .text);
	else
		snprintf(out, size, "largest %s",
			 format_percent(value_double(table->summary.max),
					value_double(table->summary.total))
			     .text);
	return STYLE_BOLD;
}

struct share {
	int key, bar, value;
};

static void
share_draw_row(struct panel *panel, unsigned index, struct canvas *canvas,
	       const struct area *line, void *ctx)
{
	const struct view_table *table = panel_table(panel);
	const struct view_row *row = columns_row(panel, index);
	const struct share *share = ctx;
	struct value value = row->measures[table->spec->rank];
	double total = value_double(table->summary.total);
	int right = line->cols - share->value;

	canvas_fit(canvas, line, 0, 2, share->key, STYLE_NORMAL, row->key.data,
		   row->key.size);
	canvas_right(canvas, line, 0, right, share->value, STYLE_NORMAL,
		     format_value_fit(value, share->value).text);
	if (value.kind == VALUE_NONE)
		total = 0;
	canvas_right(canvas, line, 0, right - 8, 7, STYLE_BOLD,
		     format_percent(value_double(value), total).text);
	if (total > 0)
		chart_bar(canvas, line, 0, 2 + share->key + 1, share->bar,
			  STYLE_LIVE, value_double(value) / total);
}

static void
share_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view_table *table = panel_table(panel);
	unsigned rows = panel_rows(panel);
	struct share share = {.key = 4};
	struct format total = format_value(table->summary.total);

	for (unsigned i = 0; i < rows; i++) {
		const struct view_text *key =
		    &columns_row(panel, panel_at(panel, i))->key;
		int width = canvas_width(canvas, key->data,
					 key->size < 256 ? key->size : 256);

		if (panel->key_width < width)
			panel->key_width = width;
	}
	if (share.key < panel->key_width)
		share.key = panel->key_width;
	if (share.key > area->cols / 3)
		share.key = area->cols / 3;
	share.value = 7;
	while (share.value < (int)strlen(total.text) && share.value < 19)
		share.value += 4;
	share.bar = area->cols - 2 - share.key - 1 - 8 - 1 - share.value;
	panel_list(panel, canvas, area, 0, table->summary.keys, share_draw_row,
		   &share);
	if (rows == 0)
		canvas_puts(canvas, area, 0, 2, STYLE_DIM, "nothing yet");
}

const struct panel_class panel_share = {
    .kind = PANEL_SHARE,
    .rows_min = 4,
    .sorts = true,
    .moves = true,
    .rows_wanted = share_rows_wanted,
    .rows = columns_rows,
    .id = columns_id,
    .headline = share_headline,
    .draw = share_draw,
    .detail = columns_detail,
};
