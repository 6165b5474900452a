#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "format.h"
#include "panel.h"

static const struct panel_class *const classes[PANEL_KINDS] = {
    [PANEL_AVERAGE] = &panel_average,
    [PANEL_EXTREMES] = &panel_extremes,
    [PANEL_SHARE] = &panel_share,
    [PANEL_SPREAD] = &panel_spread,
    [PANEL_SERIES] = &panel_series,
    [PANEL_LEDGER] = &panel_ledger,
    [PANEL_DEAD] = &panel_dead,
    [PANEL_PARTITIONS] = &panel_partitions,
    [PANEL_ALERTS] = &panel_alerts,
    [PANEL_TABLE] = &panel_table_list,
    [PANEL_WINDOWS] = &panel_windows_list,
    [PANEL_LOG] = &panel_log,
    [PANEL_LINES] = &panel_lines,
    [PANEL_GENERATOR] = &panel_generator,
    [PANEL_SCHEMA] = &panel_schema,
};

void
panel_init(struct panel *panel, const struct panel_spec *spec)
{
	*panel = (struct panel){.class = classes[spec->kind], .spec = *spec};
}

bool
panel_possible(const struct panel_spec *spec, const struct view *view)
{
	if ((unsigned)spec->kind >= PANEL_KINDS || !classes[spec->kind])
		return false;
	if (spec->kind == PANEL_ALERTS)
		return view->pipeline->alerts_len > 0;
	if (spec->kind == PANEL_GENERATOR)
		return view->pipeline->generator.present;
	if (classes[spec->kind]->name)
		return true;
	return spec->table >= 0 && (unsigned)spec->table < view->tables_len &&
	       view->tables[spec->table].spec != NULL;
}

const struct view_table *
panel_table(const struct panel *panel)
{
	return &panel->view->tables[panel->spec.table];
}

const struct view_table *
panel_windows(const struct panel *panel)
{
	int windows = panel->spec.windows;

	if (windows < 0 || (unsigned)windows >= panel->view->tables_len ||
	    !panel->view->tables[windows].spec)
		return NULL;
	return &panel->view->tables[windows];
}

unsigned
panel_settled_window(const struct view_table *table)
{
	for (unsigned i = 0; i < table->windows_len; i++)
		if (table->windows[i].complete)
			return i;
	return table->windows_len ? table->windows_len - 1 : 0;
}

void
table_key_name(const struct pipeline *p, const struct table_spec *spec,
	       char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < spec->by_len && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 i ? " · " : "",
					 p->event.fields[spec->by[i]].name);
}

void
panel_key_name(const struct panel *panel, char *out, size_t size)
{
	table_key_name(panel->view->pipeline, panel_table(panel)->spec, out,
		       size);
}

uint64_t
panel_text_id(const struct view_text *text)
{
	return hash64(text->data, text->size);
}

static bool
holds_order(const struct panel *panel)
{
	return panel->class->moves && panel->class->rows;
}

unsigned
panel_rows(const struct panel *panel)
{
	if (!panel->view || !panel->class->rows)
		return 0;
	if (holds_order(panel))
		return panel->order_len;
	return panel->class->rows(panel);
}

unsigned
panel_at(const struct panel *panel, unsigned place)
{
	return holds_order(panel) ? panel->order[place] : place;
}

static unsigned
view_rows(const struct panel *panel)
{
	unsigned rows = panel->class->rows(panel);

	return rows < VIEW_RANKING ? rows : VIEW_RANKING;
}

static void
order_anew(struct panel *panel, int64_t now_ms)
{
	panel->order_len = view_rows(panel);
	for (unsigned i = 0; i < panel->order_len; i++)
		panel->order[i] = i;
	panel->ordered_ms = now_ms;
}

/*
 * Each row that is still there stays where it is; those that are gone leave,
 * and the new ones wait behind the others for the next order.
 */
static void
carry_order(struct panel *panel, const uint64_t *ids, unsigned ids_len)
{
	unsigned rows = view_rows(panel), len = 0;
	uint64_t now[VIEW_RANKING];
	bool placed[VIEW_RANKING] = {false};

	for (unsigned i = 0; i < rows; i++)
		now[i] = panel->class->id(panel, i);
	for (unsigned i = 0; i < ids_len; i++) {
		for (unsigned j = 0; j < rows; j++) {
			if (placed[j] || now[j] != ids[i])
				continue;
			placed[j] = true;
			panel->order[len++] = j;
			break;
		}
	}
	for (unsigned j = 0; j < rows; j++)
		if (!placed[j])
			panel->order[len++] = j;
	panel->order_len = len;
}

void
panel_set_view(struct panel *panel, const struct view *view, int64_t now_ms)
{
	uint64_t ids[VIEW_RANKING];
	unsigned len = panel->order_len;
	bool hold = panel->view && holds_order(panel) && len > 0 &&
		    now_ms >= panel->ordered_ms &&
		    now_ms - panel->ordered_ms < PANEL_HOLD_MS;

	if (hold)
		for (unsigned i = 0; i < len; i++)
			ids[i] = panel->class->id(panel, panel->order[i]);
	panel->view = view;
	if (!holds_order(panel))
		return;
	if (hold)
		carry_order(panel, ids, len);
	else
		order_anew(panel, now_ms);
}

void
panel_sort(struct panel *panel, bool smallest_first, int64_t now_ms)
{
	panel->smallest_first = smallest_first;
	panel->scroll = 0;
	if (panel->view && holds_order(panel))
		order_anew(panel, now_ms);
}

int
panel_selected(const struct panel *panel)
{
	unsigned rows = panel_rows(panel);

	if (!panel->selecting)
		return -1;
	for (unsigned i = 0; i < rows; i++)
		if (panel->class->id(panel, panel_at(panel, i)) ==
		    panel->selected)
			return (int)i;
	return -1;
}

void
panel_select(struct panel *panel, unsigned place)
{
	panel->selecting = true;
	panel->detail_scale = 0; /* a chart of another row */
	panel->cursor = place;
	panel->selected = panel->class->id(panel, panel_at(panel, place));
}

void
panel_move(struct panel *panel, enum panel_move move)
{
	int rows = (int)panel_rows(panel), page = panel->visible - 1;
	int place = panel_selected(panel);

	if (rows == 0)
		return;
	if (page < 1)
		page = 1;
	if (place < 0 && panel->selecting)
		place = (int)panel->cursor; /* it left: go on from there */
	else if (place < 0)
		place = move == PANEL_UP || move == PANEL_PAGE_UP ? rows : -1;
	switch (move) {
	case PANEL_UP:
		place--;
		break;
	case PANEL_DOWN:
		place++;
		break;
	case PANEL_PAGE_UP:
		place -= page;
		break;
	case PANEL_PAGE_DOWN:
		place += page;
		break;
	case PANEL_FIRST:
		place = 0;
		break;
	case PANEL_LAST:
		place = rows - 1;
		break;
	}
	place = place < 0 ? 0 : place >= rows ? rows - 1 : place;
	panel_select(panel, (unsigned)place);
}

void
panel_list(struct panel *panel, struct canvas *canvas, const struct area *area,
	   int from, int64_t total,
	   void (*draw_row)(struct panel *panel, unsigned row,
			    struct canvas *canvas, const struct area *line,
			    void *ctx),
	   void *ctx)
{
	unsigned rows = panel_rows(panel), room, place;
	int selected = panel_selected(panel);
	bool more;

	panel->visible = 0;
	if (area->rows <= from)
		return;
	room = (unsigned)(area->rows - from);
	if (total < rows)
		total = rows;
	more = total > room && room >= 4;
	if (more)
		room--;
	panel->visible = (int)room;
	panel->first_row = area->row + from;
	if (selected >= 0) {
		panel->cursor = (unsigned)selected;
		if (panel->cursor < panel->scroll)
			panel->scroll = panel->cursor;
		if (panel->cursor >= panel->scroll + room)
			panel->scroll = panel->cursor - room + 1;
	}
	if (panel->scroll + room > rows)
		panel->scroll = rows > room ? rows - room : 0;
	for (place = 0; place < room && panel->scroll + place < rows; place++) {
		struct area line = {area->row + from + (int)place, area->col, 1,
				    area->cols};
		bool marked = selected == (int)(panel->scroll + place);

		draw_row(panel, panel_at(panel, panel->scroll + place), canvas,
			 &line, ctx);
		if (marked) {
			canvas_puts(canvas, &line, 0, 0, STYLE_ACCENT, "▸");
			canvas_restyle(canvas, &line, 0, 0, line.cols,
				       STYLE_ACCENT);
		}
	}
	if (more) {
		int64_t above = panel->scroll, below = total - above - place;
		char text[160];

		if (above)
			snprintf(text, sizeof(text), "⋮ %s above, %s below",
				 format_int(above).text,
				 format_int(below).text);
		else
			snprintf(text, sizeof(text), "⋮ %s more",
				 format_int(below).text);
		canvas_puts(canvas, area, area->rows - 1, 2, STYLE_DIM, text);
	}
}

void
panel_name(const struct panel *panel, char *out, size_t size)
{
	if (panel->class->title)
		panel->class->title(panel, out, size);
	else if (panel->class->name)
		snprintf(out, size, "%s", panel->class->name);
	else
		snprintf(out, size, "%s", panel_table(panel)->spec->name);
}

/* 1 name ──────────────────────────── headline ── */
static void
draw_rule(const struct panel *panel, struct canvas *canvas,
	  const struct area *area)
{
	char name[2 * PIPELINE_NAME_MAX + 16], headline[256];
	enum style style = STYLE_BOLD;
	int used, room, width;

	canvas_repeat(canvas, area, 0, 0, area->cols, STYLE_DIM, "─");
	if (panel->number)
		canvas_printf(canvas, area, 0, 0, STYLE_DIM, "%u",
			      panel->number);
	panel_name(panel, name, sizeof(name));
	canvas_puts(canvas, area, 0, 1, STYLE_NORMAL,
		    panel->focused ? "▸" : " ");
	if (panel->focused)
		canvas_restyle(canvas, area, 0, 1, 1, STYLE_ACCENT);
	used = 2 + canvas_fit(canvas, area, 0, 2, area->cols - 4,
			      panel->focused ? STYLE_ACCENT : STYLE_NORMAL,
			      name, strlen(name));
	used += canvas_puts(canvas, area, 0, used, STYLE_NORMAL, " ");
	room = area->cols - used - 4;
	if (room < 5)
		return;
	headline[0] = '\0';
	style = panel->class->headline(panel, room, headline, sizeof(headline));
	width = canvas_width(canvas, headline, strlen(headline));
	if (width == 0)
		return;
	if (width > room)
		width = room;
	used = area->cols - width - 3;
	canvas_puts(canvas, area, 0, used++, STYLE_NORMAL, " ");
	canvas_fit(canvas, area, 0, used, width, style, headline,
		   strlen(headline));
	canvas_puts(canvas, area, 0, used + width, STYLE_NORMAL, " ");
}

void
panel_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	struct area inside = {area->row + 1, area->col, area->rows - 1,
			      area->cols};

	if (area->rows < 1 || area->cols < 1)
		return;
	draw_rule(panel, canvas, area);
	panel->visible = 0;
	if (inside.rows > 0)
		panel->class->draw(panel, canvas, &inside);
}

void
position_note(const struct view *view, const struct view_position *position,
	      char *out, size_t size)
{
	if (position->topic && view_several_topics(view))
		snprintf(out, size, "partition@offset of %s", position->topic);
	else
		snprintf(out, size, "partition@offset");
}
