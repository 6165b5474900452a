/* The log: what weir and librdkafka have to say, the newest first. */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "panel.h"

#define TIME  8
#define LEVEL 5

static const enum style level_styles[] = {
    [LEVEL_ERROR] = STYLE_BAD,
    [LEVEL_WARNING] = STYLE_PENDING,
    [LEVEL_NOTE] = STYLE_NORMAL,
    [LEVEL_DEBUG] = STYLE_DIM,
};

static unsigned
log_rows(const struct panel *panel)
{
	return panel->log ? panel->log->len : 0;
}

static uint64_t
log_id(const struct panel *panel, unsigned row)
{
	return panel->log->at[row].number;
}

static int
log_rows_wanted(const struct panel *panel)
{
	return 2 + (int)log_rows(panel);
}

static enum style
log_headline(const struct panel *panel, int width, char *out, size_t size)
{
	int errors = 0, warnings = 0;

	(void)width;
	for (unsigned i = 0; i < log_rows(panel); i++) {
		errors += panel->log->at[i].level == LEVEL_ERROR;
		warnings += panel->log->at[i].level == LEVEL_WARNING;
	}
	if (errors > 0)
		snprintf(out, size, "%d error%s", errors,
			 errors == 1 ? "" : "s");
	else if (warnings > 0)
		snprintf(out, size, "%d warning%s", warnings,
			 warnings == 1 ? "" : "s");
	else
		snprintf(out, size, "%u line%s", log_rows(panel),
			 log_rows(panel) == 1 ? "" : "s");
	return errors ? STYLE_BAD : warnings ? STYLE_PENDING : STYLE_BOLD;
}

static void
log_draw_row(struct panel *panel, unsigned index, struct canvas *canvas,
	     const struct area *line, void *ctx)
{
	const struct log_line *at = &panel->log->at[index];
	int col = 2, room;
	char times[16];

	(void)ctx;
	canvas_puts(canvas, line, 0, col, STYLE_DIM,
		    format_clock(at->time_ms).text);
	col += TIME + 2;
	canvas_puts(canvas, line, 0, col, level_styles[at->level],
		    log_level_name(at->level));
	col += LEVEL + 2;
	room = line->cols - col;
	if (at->times > 1) {
		snprintf(times, sizeof(times), "×%u", (unsigned)at->times);
		room -= canvas_width(canvas, times, strlen(times)) + 2;
	}
	if (room > 0)
		col += canvas_fit(canvas, line, 0, col, room,
				  level_styles[at->level], at->text,
				  strlen(at->text));
	if (at->times > 1)
		canvas_puts(canvas, line, 0, col + 2, STYLE_DIM, times);
}

static void
log_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	if (log_rows(panel) == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM, "nothing yet");
		return;
	}
	panel_list(panel, canvas, area, 0, log_rows(panel), log_draw_row, NULL);
}

static void
log_detail(struct panel *panel, unsigned row, struct canvas *canvas,
	   const struct area *area)
{
	const struct log_line *at = &panel->log->at[row];
	struct area text = {area->row + 3, area->col + 2, area->rows - 3,
			    area->cols - 4};

	canvas_puts(canvas, area, 0, 2, STYLE_DIM, "time");
	canvas_puts(canvas, area, 0, 14, STYLE_NORMAL,
		    format_time(at->time_ms).text);
	canvas_puts(canvas, area, 1, 2, STYLE_DIM, "level");
	canvas_puts(canvas, area, 1, 14, level_styles[at->level],
		    log_level_name(at->level));
	if (at->times > 1)
		canvas_printf(canvas, area, 1, 14 + LEVEL + 2, STYLE_NORMAL,
			      "%s times in a row",
			      format_int((int64_t)at->times).text);
	if (text.rows > 0 && text.cols > 0)
		canvas_wrap(canvas, &text, 0, STYLE_NORMAL, at->text,
			    strlen(at->text));
}

const struct panel_class panel_log = {
    .kind = PANEL_LOG,
    .name = "log",
    .rows_min = 4,
    .rows_wanted = log_rows_wanted,
    .rows = log_rows,
    .id = log_id,
    .headline = log_headline,
    .draw = log_draw,
    .detail = log_detail,
};
