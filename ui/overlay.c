/* What covers the panels: the help and the detail of a row. */
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "screen.h"

#define HELP_MAX 100

void
overlay_draw_rule(struct canvas *canvas, const struct area *body,
		  const char *name)
{
	int width;

	canvas_repeat(canvas, body, 0, 0, body->cols, STYLE_DIM, "─");
	canvas_puts(canvas, body, 0, 1, STYLE_NORMAL, " ");
	width = canvas_fit(canvas, body, 0, 2, body->cols - 6, STYLE_BOLD, name,
			   strlen(name));
	canvas_puts(canvas, body, 0, 2 + width, STYLE_NORMAL, " ");
}

void
overlay_draw_headline(struct canvas *canvas, const struct area *body,
		      const char *name, enum style style, const char *text)
{
	int width = canvas_width(canvas, text, strlen(text));
	int used = 4 + canvas_width(canvas, name, strlen(name));

	if (used + width + 4 > body->cols)
		return;
	canvas_puts(canvas, body, 0, body->cols - width - 3, STYLE_NORMAL, " ");
	canvas_puts(canvas, body, 0, body->cols - width - 2, style, text);
	canvas_puts(canvas, body, 0, body->cols - 2, STYLE_NORMAL, " ");
}

/* A line of the help: a key, or what those behind it are about. */
struct help_line {
	const struct key_binding *key; /* NULL: a heading, or nothing */
	const char *heading;
};

static int
list_help(struct help_line lines[HELP_MAX])
{
	int len = 0;

	for (unsigned i = 0; i < keys_len && len + 3 <= HELP_MAX; i++) {
		if (i == 0 || keys[i].group != keys[i - 1].group) {
			if (i > 0)
				lines[len++] = (struct help_line){NULL, ""};
			lines[len++] = (struct help_line){
			    NULL, keys_groups[keys[i].group]};
		}
		lines[len++] = (struct help_line){&keys[i], NULL};
	}
	return len;
}

static void
draw_help_line(const struct help_line *line, struct canvas *canvas,
	       const struct area *column, int row, unsigned when)
{
	const unsigned possible = KEYS_RATE | KEYS_ALERTS | KEYS_COMMANDS |
				  KEYS_PAST | KEYS_SNAPSHOT | KEYS_STORE |
				  KEYS_FETCH | KEYS_FAULTS;
	bool works;

	if (!line->key) {
		canvas_puts(canvas, column, row, 2, STYLE_DIM, line->heading);
		return;
	}
	/* Keys that do nothing in this run are dim. */
	works = !(line->key->when & possible & ~when);
	canvas_right(canvas, column, row, 2, 9, works ? STYLE_BOLD : STYLE_DIM,
		     line->key->label);
	canvas_fit(canvas, column, row, 13, column->cols - 14,
		   works ? STYLE_NORMAL : STYLE_DIM, line->key->help,
		   strlen(line->key->help));
}

/* The keys in one or two columns, from the table that they work by. */
void
overlay_draw_help(struct screen *screen, struct canvas *canvas,
		  const struct area *body)
{
	struct help_line help[HELP_MAX];
	unsigned when = screen_when(screen);
	int len = list_help(help), across = body->cols >= 100 ? 2 : 1;
	int lines = (len + across - 1) / across;
	int room = body->rows - 1, width = body->cols / across;

	overlay_draw_rule(canvas, body,
			  lines > room ? "keys: PgDn for more" : "keys");
	screen->help_page = room > 1 ? room - 1 : 1;
	if (screen->help_from > lines - room)
		screen->help_from = lines - room;
	if (screen->help_from < 0)
		screen->help_from = 0;
	for (int i = 0; i < len; i++) {
		int row = 1 + i % lines - screen->help_from;
		struct area column = {body->row, body->col + i / lines * width,
				      body->rows, width};

		if (row >= 1)
			draw_help_line(&help[i], canvas, &column, row, when);
	}
}

void
overlay_draw_detail(struct screen *screen, struct canvas *canvas,
		    const struct area *body)
{
	struct panel *panel = screen_panel(screen);
	struct area inside = {body->row + 1, body->col, body->rows - 1,
			      body->cols};
	char name[2 * PIPELINE_NAME_MAX + 16];
	int place;

	if (!panel)
		return;
	panel_name(panel, name, sizeof(name));
	overlay_draw_rule(canvas, body, name);
	place = panel_selected(panel);
	if (place < 0) {
		canvas_puts(canvas, &inside, 0, 2, STYLE_PENDING,
			    "it is no longer among the rows of this panel");
		return;
	}
	panel->class->detail(panel, panel_at(panel, (unsigned)place), canvas,
			     &inside);
}
