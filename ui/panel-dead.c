/* Dead letters: how many for which reason, and the last of them. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "format.h"
#include "keypage.h"
#include "panel.h"

static unsigned
dead_rows(const struct panel *panel)
{
	return panel->view->dead_len;
}

static uint64_t
dead_id(const struct panel *panel, unsigned row)
{
	const struct view_dead *dead = &panel->view->dead[row];
	int64_t position[2] = {dead->position.partition, dead->position.offset};

	return hash64(position, sizeof(position));
}

static int
dead_rows_wanted(const struct panel *panel)
{
	unsigned rows = panel->view->dead_len;

	return 4 + (int)(rows < 6 ? 6 : rows);
}

static enum style
dead_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct ledger *l = &panel->view->ledger;

	snprintf(out, size, width >= 32 ? "%s dead, %s of consumed" : "%s dead",
		 format_count(l->dead).text,
		 format_percent((double)l->dead, (double)l->consumed).text);
	return l->dead ? STYLE_BAD : STYLE_BOLD;
}

/* What it is about: "FIELD: none_of". */
struct about {
	char text[PIPELINE_NAME_MAX + 16];
};

static struct about
about_field(const struct view_dead *dead)
{
	struct about about;

	snprintf(about.text, sizeof(about.text), "%s%s%s",
		 dead->field  ? dead->field
		 : dead->rule ? ""
			      : FORMAT_UNKNOWN,
		 dead->field && dead->rule ? ": " : "",
		 dead->rule ? dead->rule : "");
	return about;
}

static void
dead_draw_row(struct panel *panel, unsigned index, struct canvas *canvas,
	      const struct area *line, void *ctx)
{
	const struct view_dead *dead = &panel->view->dead[index];
	const int *width = ctx; /* of position, reason and field */
	int col = 2;

	canvas_right(
	    canvas, line, 0, col, width[0], STYLE_NORMAL,
	    format_position(dead->position.partition, dead->position.offset)
		.text);
	col += width[0] + 2;
	canvas_fit(canvas, line, 0, col, width[1], STYLE_BAD, dead->reason,
		   strlen(dead->reason));
	col += width[1] + 2;
	if (width[2] > 0) {
		struct about about = about_field(dead);

		canvas_fit(canvas, line, 0, col, width[2], STYLE_NORMAL,
			   about.text, strlen(about.text));
		col += width[2] + 2;
	}
	canvas_fit(canvas, line, 0, col, line->cols - col, STYLE_DIM,
		   dead->raw.data, dead->raw.size);
}

static void
dead_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view *view = panel->view;
	int width[3] = {12, 14, area->cols >= 60 ? 16 : 0};
	int row = 0, col = 2;

	if (view->dead_len == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    view->ledger.dead ? "none kept whole" : "none");
		return;
	}
	/* The reasons by count, as many as a line holds. */
	for (unsigned i = 0; i < view->reasons_len && area->rows >= 4; i++) {
		char text[160];
		int taken;

		snprintf(text, sizeof(text), "%s%s %s", i ? " · " : "",
			 view->reasons[i].text,
			 format_count(view->reasons[i].count).text);
		taken = canvas_width(canvas, text, strlen(text));
		if (i && col + taken > area->cols)
			break;
		col += canvas_puts(canvas, area, 0, col, STYLE_NORMAL, text);
		row = 1;
	}
	for (unsigned i = 0; i < view->dead_len; i++) {
		const struct view_dead *dead = &view->dead[i];
		struct format position = format_position(
		    dead->position.partition, dead->position.offset);
		int reason =
		    canvas_width(canvas, dead->reason, strlen(dead->reason));

		if ((int)strlen(position.text) > panel->column_widths[0])
			panel->column_widths[0] = (int)strlen(position.text);
		if (reason > panel->column_widths[1])
			panel->column_widths[1] = reason;
	}
	if (width[0] < panel->column_widths[0])
		width[0] = panel->column_widths[0];
	if (width[1] < panel->column_widths[1])
		width[1] = panel->column_widths[1];
	if (width[1] > area->cols / 4)
		width[1] = area->cols / 4;
	if (area->rows > row + 2) {
		col = 2;
		canvas_right(canvas, area, row, col, width[0], STYLE_DIM,
			     "position");
		col += width[0] + 2;
		col += canvas_fit(canvas, area, row, col, width[1], STYLE_DIM,
				  "reason", 6);
		col = 2 + width[0] + 2 + width[1] + 2;
		if (width[2]) {
			canvas_puts(canvas, area, row, col, STYLE_DIM, "field");
			col += width[2] + 2;
		}
		canvas_puts(canvas, area, row, col, STYLE_DIM, "message");
		row++;
	}
	panel_list(panel, canvas, area, row, view->ledger.dead, dead_draw_row,
		   width);
}

static void
dead_detail(struct panel *panel, unsigned row, struct canvas *canvas,
	    const struct area *area)
{
	const struct view_dead *dead = &panel->view->dead[row];
	struct area text = {area->row + 7, area->col + 2, area->rows - 7,
			    area->cols - 4};
	char note[512];

	canvas_puts(canvas, area, 0, 2, STYLE_DIM, "reason");
	canvas_puts(canvas, area, 0, 14, STYLE_BAD, dead->reason);
	canvas_puts(canvas, area, 1, 2, STYLE_DIM, "field");
	canvas_puts(canvas, area, 1, 14, STYLE_NORMAL, about_field(dead).text);
	canvas_puts(canvas, area, 2, 2, STYLE_DIM, "position");
	position_note(panel->view, &dead->position, note, sizeof(note));
	canvas_printf(
	    canvas, area, 2, 14, STYLE_NORMAL, "%s  %s",
	    format_position(dead->position.partition, dead->position.offset)
		.text,
	    note);
	canvas_puts(canvas, area, 3, 2, STYLE_DIM, "seen");
	canvas_puts(canvas, area, 3, 14, STYLE_NORMAL,
		    format_time(dead->seen_ms).text);
	canvas_puts(canvas, area, 4, 2, STYLE_DIM, "message");
	canvas_printf(canvas, area, 4, 14, STYLE_NORMAL, "%s bytes%s",
		      format_int((int64_t)dead->raw_size).text,
		      dead->raw.size < dead->raw_size
			  ? ", of which the beginning is kept"
			  : "");
	if (dead->position.topic) {
		keypage_command(panel->view, panel->brokers, &dead->position,
				note, sizeof(note));
		canvas_puts(canvas, area, 5, 2, STYLE_DIM, "again");
		canvas_fit(canvas, area, 5, 14, area->cols - 14, STYLE_NORMAL,
			   note, strlen(note));
	}
	if (text.rows > 0 && text.cols > 0)
		canvas_wrap(canvas, &text, 0, STYLE_NORMAL, dead->raw.data,
			    dead->raw.size);
}

const struct panel_class panel_dead = {
    .kind = PANEL_DEAD,
    .name = "dead letters",
    .rows_min = 5,
    .moves = true,
    .rows_wanted = dead_rows_wanted,
    .rows = dead_rows,
    .id = dead_id,
    .headline = dead_headline,
    .draw = dead_draw,
    .detail = dead_detail,
};
