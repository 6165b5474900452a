/* The topic's partitions: how far we are in each, and what is missing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "panel.h"

static const struct {
	const char *title;
	int width;
} columns[] = {
    {"partition", 10}, {"position", 11}, {"end", 11},
    {"lag", 9},        {"lost", 7},      {"newest", 27},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Those that are read: what is over is for reports. */
static unsigned
partitions_rows(const struct panel *panel)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < panel->view->partitions_len; i++)
		rows += panel->view->partitions[i].state == VIEW_PARTITION_READ;
	return rows;
}

/* Its index among all, which stays the same. */
static unsigned
partitions_index(const struct panel *panel, unsigned row)
{
	unsigned i = 0;

	for (;; i++)
		if (panel->view->partitions[i].state == VIEW_PARTITION_READ &&
		    row-- == 0)
			return i;
}

static uint64_t
partitions_id(const struct panel *panel, unsigned row)
{
	return partitions_index(panel, row);
}

static int
partitions_rows_wanted(const struct panel *panel)
{
	unsigned rows = partitions_rows(panel);

	return 2 + (int)(rows < 3 ? 3 : rows > 64 ? 64 : rows);
}

static enum style
partitions_headline(const struct panel *panel, int width, char *out,
		    size_t size)
{
	const struct ledger *l = &panel->view->ledger;

	if (width >= 28 && l->lost)
		snprintf(out, size, "lag %s, lost %s",
			 format_count(l->lag).text, format_count(l->lost).text);
	else
		snprintf(out, size, "lag %s", format_count(l->lag).text);
	return l->lost ? STYLE_BAD : STYLE_BOLD;
}

/* A name rather than a number: no separators. */
static struct format
format_partition(int32_t id)
{
	struct format f;

	snprintf(f.text, sizeof(f.text), "%" PRId32, id);
	return f;
}

static struct format
partitions_value(const struct view_partition *partition, size_t column)
{
	int width = columns[column].width;

	switch (column) {
	case 0:
		return format_partition(partition->id);
	case 1:
		return format_count_fit(partition->position, width);
	case 2:
		return format_count_fit(partition->end, width);
	case 3:
		return format_count_fit(partition->lag, width);
	case 4:
		return format_count_fit(partition->lost, width);
	default:
		return format_time(partition->newest_ms);
	}
}

/* Of several topics, each partition is named with its topic. */
static int
column_width(const struct panel *panel, size_t column, int cols)
{
	int wide = cols * 2 / 5;

	if (column > 0 || wide <= columns[0].width ||
	    !view_several_topics(panel->view))
		return columns[column].width;
	return wide < 40 ? wide : 40;
}

/* "topic[3]", ending where the column does; a long topic is cut. */
static void
draw_name(struct canvas *canvas, const struct area *line, int width,
	  const struct view_partition *partition)
{
	char number[16];
	int topic = (int)strlen(partition->topic), room, col;

	snprintf(number, sizeof(number), "[%" PRId32 "]", partition->id);
	room = width - (int)strlen(number);
	if (topic > room)
		topic = room;
	col = 2 + room - topic;
	canvas_fit(canvas, line, 0, col, topic, STYLE_NORMAL, partition->topic,
		   strlen(partition->topic));
	canvas_puts(canvas, line, 0, col + topic, STYLE_NORMAL, number);
}

static void
partitions_draw_row(struct panel *panel, unsigned row, struct canvas *canvas,
		    const struct area *line, void *ctx)
{
	const struct view_partition *partition =
	    &panel->view->partitions[partitions_index(panel, row)];

	(void)ctx;
	for (size_t i = 0, col = 2; i < COLUMNS; i++) {
		int width = column_width(panel, i, line->cols);
		enum style style = STYLE_NORMAL;

		if (i && (int)col + width > line->cols)
			break;
		if (i == 0 && width > columns[0].width) {
			draw_name(canvas, line, width, partition);
			col += (size_t)width + 1;
			continue;
		}
		if (i == 3 && partition->lag > 0)
			style = STYLE_PENDING;
		if (i == 4 && partition->lost > 0)
			style = STYLE_BAD;
		canvas_right(canvas, line, 0, (int)col, width, style,
			     partitions_value(partition, i).text);
		col += (size_t)width + 1;
	}
}

static void
partitions_draw(struct panel *panel, struct canvas *canvas,
		const struct area *area)
{
	for (size_t i = 0, col = 2; i < COLUMNS; i++) {
		int width = column_width(panel, i, area->cols);

		if (i && (int)col + width > area->cols)
			break;
		canvas_right(canvas, area, 0, (int)col, width, STYLE_DIM,
			     columns[i].title);
		col += (size_t)width + 1;
	}
	panel_list(panel, canvas, area, 1, partitions_rows(panel),
		   partitions_draw_row, NULL);
	if (partitions_rows(panel) == 0)
		canvas_puts(canvas, area, 1, 2, STYLE_DIM, "none known yet");
}

static void
partitions_detail(struct panel *panel, unsigned row, struct canvas *canvas,
		  const struct area *area)
{
	const struct view_partition *p =
	    &panel->view->partitions[partitions_index(panel, row)];
	const struct {
		const char *label;
		struct format value;
	} lines[] = {
	    {"partition", format_partition(p->id)},
	    {"counted from", format_count(p->begin)},
	    {"position", format_count(p->position)},
	    {"end", format_count(p->end)},
	    {"lag", format_count(p->lag)},
	    {"lost", format_count(p->lost)},
	    {"skipped", format_count(p->skipped)},
	    {"newest event", format_time(p->newest_ms)},
	};

	const size_t len = sizeof(lines) / sizeof(lines[0]);

	canvas_puts(canvas, area, (int)len, 2, STYLE_DIM, "topic");
	canvas_fit(canvas, area, (int)len, 16, area->cols - 16, STYLE_NORMAL,
		   p->topic, strlen(p->topic));
	for (size_t i = 0; i < len; i++) {
		canvas_puts(canvas, area, (int)i, 2, STYLE_DIM, lines[i].label);
		canvas_right(canvas, area, (int)i, 16, 27, STYLE_NORMAL,
			     lines[i].value.text);
	}
}

const struct panel_class panel_partitions = {
    .kind = PANEL_PARTITIONS,
    .name = "partitions",
    .rows_min = 5,
    .rows_wanted = partitions_rows_wanted,
    .rows = partitions_rows,
    .id = partitions_id,
    .headline = partitions_headline,
    .draw = partitions_draw,
    .detail = partitions_detail,
};
