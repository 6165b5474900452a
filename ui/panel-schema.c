/* The schema as seen: which fields events have, of which types, since when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "keypage.h"
#include "panel.h"

#define NEWS_MS (10 * 60 * 1000) /* the headline says a change for so long */
#define GAP     2

/* Of columns, from the left: these have their place first. */
enum { NAME, SHARE, TYPES, READ, FIRST, LAST, COLUMNS };

static const char *const titles[COLUMNS] = {
    [NAME] = "field", [SHARE] = "share", [TYPES] = "types",
    [READ] = "read",  [FIRST] = "since", [LAST] = "last",
};

/* Whether the pipeline reads a field that is in this one. */
static bool
is_partly_read(const struct view *view, const struct view_seen *field)
{
	size_t size = field->name.size;

	for (unsigned i = 0;
	     field->types[VIEW_TYPE_OBJECT] > 0 && i < view->seen_len; i++) {
		const struct view_seen *other = &view->seen[i];

		if (other->known && other->name.size > size &&
		    other->name.data[size] == '.' &&
		    memcmp(other->name.data, field->name.data, size) == 0)
			return true;
	}
	return false;
}

unsigned
schema_unread(const struct view *view)
{
	unsigned unread = 0;

	for (unsigned i = 0; i < view->seen_len; i++)
		unread += !view->seen[i].known &&
			  !is_partly_read(view, &view->seen[i]);
	return unread;
}

static const char *
say_read(const struct view *view, const struct view_seen *field)
{
	if (field->known)
		return "yes";
	return is_partly_read(view, field) ? "part" : "no";
}

static unsigned
schema_rows(const struct panel *panel)
{
	return panel->view->seen_len;
}

static uint64_t
schema_id(const struct panel *panel, unsigned row)
{
	return panel_text_id(&panel->view->seen[row].name);
}

static int
schema_rows_wanted(const struct panel *panel)
{
	unsigned rows = panel->view->seen_len;

	return 2 + (int)(rows < 4 ? 4 : rows > 64 ? 64 : rows);
}

static void
say_change(const struct view *view, const struct view_change *change, char *out,
	   size_t size)
{
	const struct view_text *name = &view->seen[change->field].name;
	const struct view_position *p = &change->position;
	char where[320];

	if (p->topic)
		snprintf(where, sizeof(where), "%s[%" PRId32 "]@%" PRId64,
			 p->topic, p->partition, p->offset);
	else
		snprintf(where, sizeof(where), FORMAT_UNKNOWN);
	switch (change->kind) {
	case VIEW_CHANGE_APPEARED:
		snprintf(out, size, "%.*s since %s", (int)name->size,
			 name->data, where);
		break;
	case VIEW_CHANGE_VANISHED:
		snprintf(out, size, "%.*s gone since %s", (int)name->size,
			 name->data, where);
		break;
	case VIEW_CHANGE_TYPE:
		snprintf(out, size, "%.*s %s since %s", (int)name->size,
			 name->data, view_type_name(change->type), where);
		break;
	}
}

static enum style
schema_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view *view = panel->view;

	if (width >= 32 && view->changes_len > 0 &&
	    view->commit_ms - view->changes[0].time_ms < NEWS_MS) {
		say_change(view, &view->changes[0], out, size);
		return STYLE_PENDING;
	}
	if (width >= 24 && view->seen_beyond > 0)
		snprintf(out, size, "%u fields, and others", view->seen_len);
	else if (width >= 24)
		snprintf(out, size, "%u field%s, %u not read", view->seen_len,
			 view->seen_len == 1 ? "" : "s", schema_unread(view));
	else
		snprintf(out, size, "%u", view->seen_len);
	return STYLE_BOLD;
}

/* "string", or "string 98.0 % null 2.0 %": the most frequent first. */
static void
say_types(const struct view_seen *field, char *out, size_t size)
{
	bool said[VIEW_TYPES] = {false};
	size_t used = 0;

	out[0] = '\0';
	for (;;) {
		int most = -1;

		for (int i = 0; i < VIEW_TYPES; i++)
			if (!said[i] && field->types[i] > 0 &&
			    (most < 0 || field->types[i] > field->types[most]))
				most = i;
		if (most < 0 || used >= size)
			return;
		said[most] = true;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 used ? " " : "",
					 view_type_name((enum view_type)most));
		if (field->types[most] < field->events && used < size)
			used += (size_t)snprintf(
			    out + used, size - used, " %s",
			    format_percent((double)field->types[most],
					   (double)field->events)
				.text);
	}
}

static struct format
position_of(const struct view_position *position)
{
	return format_position(position->partition, position->offset);
}

static void
schema_draw_row(struct panel *panel, unsigned row, struct canvas *canvas,
		const struct area *line, void *ctx)
{
	const struct view_seen *field = &panel->view->seen[row];
	const int *width = ctx;
	enum style style = field->known ? STYLE_NORMAL : STYLE_DIM;
	char types[256];
	int col = 2;

	canvas_fit(canvas, line, 0, col, width[NAME], style, field->name.data,
		   field->name.size);
	col += width[NAME] + GAP;
	canvas_right(canvas, line, 0, col, width[SHARE], style,
		     format_percent((double)field->events,
				    (double)panel->view->seen_events)
			 .text);
	col += width[SHARE] + GAP;
	say_types(field, types, sizeof(types));
	canvas_fit(canvas, line, 0, col, width[TYPES], style, types,
		   strlen(types));
	col += width[TYPES] + GAP;
	if (width[READ] > 0) {
		canvas_puts(canvas, line, 0, col, style,
			    say_read(panel->view, field));
		col += width[READ] + GAP;
	}
	if (width[FIRST] > 0) {
		canvas_right(canvas, line, 0, col, width[FIRST], style,
			     position_of(&field->first).text);
		col += width[FIRST] + GAP;
	}
	if (width[LAST] > 0)
		canvas_right(canvas, line, 0, col, width[LAST], style,
			     position_of(&field->last).text);
}

/* What its rows need; these only grow, so that columns keep still. */
static void
measure(struct panel *panel, const struct canvas *canvas)
{
	int *widths = panel->column_widths;

	for (unsigned i = 0; i < panel->view->seen_len; i++) {
		const struct view_seen *field = &panel->view->seen[i];
		char types[256];
		int width[COLUMNS] = {0};

		say_types(field, types, sizeof(types));
		width[NAME] =
		    canvas_width(canvas, field->name.data, field->name.size);
		width[TYPES] = (int)strlen(types);
		width[FIRST] = (int)strlen(position_of(&field->first).text);
		width[LAST] = (int)strlen(position_of(&field->last).text);
		for (int c = 0; c < COLUMNS; c++)
			if (widths[c] < width[c])
				widths[c] = width[c];
	}
}

static int
at_most(int width, int most)
{
	return width < most ? width : most;
}

/* Name, share and types are always there; the others as there is room. */
static void
set_widths(const struct panel *panel, int cols, int width[COLUMNS])
{
	static const int optional[] = {FIRST, READ, LAST};
	const int *wanted = panel->column_widths;
	int left;

	width[NAME] = at_most(wanted[NAME] < 12 ? 12 : wanted[NAME], cols / 3);
	width[SHARE] = 7;
	width[TYPES] = at_most(wanted[TYPES] < 12 ? 12 : wanted[TYPES],
			       cols >= 60 ? 44 : 16);
	width[READ] = width[FIRST] = width[LAST] = 0;
	left = cols - 2 - width[NAME] - GAP - width[SHARE] - GAP - width[TYPES];
	for (unsigned i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		int column = optional[i];
		int needs = column == READ        ? 4
			    : wanted[column] < 10 ? 10
						  : wanted[column];

		if (left < GAP + needs)
			continue;
		width[column] = needs;
		left -= GAP + needs;
	}
}

static void
schema_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	int width[COLUMNS], row = 0, col = 2;

	if (panel->view->seen_len == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM, "none known");
		return;
	}
	measure(panel, canvas);
	set_widths(panel, area->cols, width);
	if (area->rows > 2) {
		for (int c = 0; c < COLUMNS; c++) {
			if (width[c] == 0)
				continue;
			if (c == SHARE || c == FIRST || c == LAST)
				canvas_right(canvas, area, 0, col, width[c],
					     STYLE_DIM, titles[c]);
			else
				canvas_puts(canvas, area, 0, col, STYLE_DIM,
					    titles[c]);
			col += width[c] + GAP;
		}
		row = 1;
	}
	panel_list(panel, canvas, area, row, panel->view->seen_len,
		   schema_draw_row, width);
}

/* The pipeline's fields of this path; there may be several. */
static void
say_known(const struct panel *panel, const struct view_seen *seen, char *out,
	  size_t size)
{
	const struct event_spec *spec = &panel->view->pipeline->event;
	size_t used = 0;

	snprintf(out, size, "%s", say_read(panel->view, seen));
	if (!seen->known)
		return;
	for (unsigned f = 0; f < spec->fields_len && used < size; f++) {
		const struct field *field = &spec->fields[f];
		char path[512];
		size_t n = 0;

		for (unsigned k = 0; k < field->path_len && n < sizeof(path);
		     k++)
			n +=
			    (size_t)snprintf(path + n, sizeof(path) - n, "%s%s",
					     k ? "." : "", field->path[k]);
		if (n != seen->name.size ||
		    memcmp(path, seen->name.data, n) != 0)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s, %s%s",
					 used ? "; " : "as ", field->name,
					 field_type_name(field->type),
					 field->optional ? ", optional" : "");
	}
}

static void
draw_position(const struct panel *panel, struct canvas *canvas,
	      const struct area *area, int row, const char *label,
	      const struct view_position *position)
{
	char note[512];

	canvas_puts(canvas, area, row, 2, STYLE_DIM, label);
	position_note(panel->view, position, note, sizeof(note));
	canvas_printf(canvas, area, row, 14, STYLE_NORMAL, "%s  %s",
		      position_of(position).text, note);
	if (!position->topic)
		return;
	keypage_command(panel->view, panel->brokers, position, note,
			sizeof(note));
	canvas_fit(canvas, area, row + 1, 14, area->cols - 14, STYLE_NORMAL,
		   note, strlen(note));
}

static void
schema_detail(struct panel *panel, unsigned row, struct canvas *canvas,
	      const struct area *area)
{
	const struct view *view = panel->view;
	const struct view_seen *field = &view->seen[row];
	char text[512];
	int at = 7;

	canvas_puts(canvas, area, 0, 2, STYLE_DIM, "field");
	canvas_fit(canvas, area, 0, 14, area->cols - 14, STYLE_BOLD,
		   field->name.data, field->name.size);
	canvas_puts(canvas, area, 1, 2, STYLE_DIM, "read");
	say_known(panel, field, text, sizeof(text));
	canvas_fit(canvas, area, 1, 14, area->cols - 14, STYLE_NORMAL, text,
		   strlen(text));
	canvas_puts(canvas, area, 2, 2, STYLE_DIM, "events");
	canvas_printf(
	    canvas, area, 2, 14, STYLE_NORMAL, "%s of %s, %s",
	    format_int(field->events).text, format_int(view->seen_events).text,
	    format_percent((double)field->events, (double)view->seen_events)
		.text);
	draw_position(panel, canvas, area, 3, "first", &field->first);
	draw_position(panel, canvas, area, 5, "last", &field->last);
	for (int i = 0; i < VIEW_TYPES; i++) {
		if (field->types[i] == 0)
			continue;
		canvas_puts(canvas, area, at, 2, STYLE_DIM,
			    view_type_name((enum view_type)i));
		canvas_printf(canvas, area, at++, 14, STYLE_NORMAL, "%s, %s",
			      format_int(field->types[i]).text,
			      format_percent((double)field->types[i],
					     (double)field->events)
				  .text);
	}
	for (unsigned i = 0; i < view->changes_len && at < area->rows; i++) {
		if (view->changes[i].field != row)
			continue;
		say_change(view, &view->changes[i], text, sizeof(text));
		canvas_puts(canvas, area, at, 2, STYLE_DIM, "change");
		canvas_fit(canvas, area, at++, 14, area->cols - 14,
			   STYLE_NORMAL, text, strlen(text));
	}
}

const struct panel_class panel_schema = {
    .kind = PANEL_SCHEMA,
    .name = "schema",
    .rows_min = 4,
    .rows_wanted = schema_rows_wanted,
    .rows = schema_rows,
    .id = schema_id,
    .headline = schema_headline,
    .draw = schema_draw,
    .detail = schema_detail,
};
