#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "columns.h"
#include "format.h"
#include "keys.h"
#include "screen.h"

/* So near to the end of what is there, what is behind it is asked for. */
#define MARGIN  (PAGE_ROWS / 4)
#define KEY_MIN 6

static const struct table_spec *
spec_of(const struct screen *screen)
{
	return &screen->view->pipeline->tables[screen->rows.query.table];
}

/* ---- Questions ---- */

static void
ask(struct rows *rows, enum page_place place)
{
	rows->query.place = place;
	rows->number++;
}

static void
ask_at(struct rows *rows, const struct page_row *row)
{
	struct page_query *query = &rows->query;

	query->key_size = row->id.size < sizeof(query->key) ? row->id.size : 0;
	memcpy(query->key, row->id.data, query->key_size);
	query->value = query->sort == PAGE_BY_KEY ? value_none()
						  : row->measures[query->sort];
	ask(rows, PAGE_AT);
}

/* Around what is selected, wherever it is now. */
static void
ask_selected(struct rows *rows)
{
	struct page_query *query = &rows->query;

	query->key_size = rows->selected_size;
	memcpy(query->key, rows->selected, rows->selected_size);
	query->value = value_none();
	ask(rows, PAGE_AT);
}

/* In another order, or through another filter, it begins at the first row. */
static void
begin_anew(struct rows *rows)
{
	rows->stale = true;
	rows->selecting = false;
	rows->jumping = false;
	rows->cursor = rows->scroll = 0;
	ask(rows, PAGE_FIRST);
}

static int
find(const struct rows *rows, const char *id, size_t size)
{
	for (unsigned i = 0; rows->page && i < rows->page->rows_len; i++) {
		const struct view_text *at = &rows->page->rows[i].id;

		if (at->size == size && memcmp(at->data, id, size) == 0)
			return (int)i;
	}
	return -1;
}

static int
selected(const struct rows *rows)
{
	return rows->selecting ? find(rows, rows->selected, rows->selected_size)
			       : -1;
}

const struct page_row *
rows_selected(const struct screen *screen)
{
	int at = selected(&screen->rows);

	return at < 0 ? NULL : &screen->rows.page->rows[at];
}

static void
select_row(struct rows *rows, unsigned at)
{
	const struct view_text *id = &rows->page->rows[at].id;

	rows->selecting = true;
	rows->cursor = at;
	rows->selected_size = id->size < sizeof(rows->selected) ? id->size : 0;
	memcpy(rows->selected, id->data, rows->selected_size);
}

bool
rows_select_at(struct screen *screen, int row)
{
	struct rows *rows = &screen->rows;
	int at = row - rows->first_row;

	if (!rows->page || at < 0 || at >= rows->visible ||
	    rows->scroll + (unsigned)at >= rows->page->rows_len)
		return false;
	select_row(rows, rows->scroll + (unsigned)at);
	return true;
}

/* Whether there are rows before, or behind, those of the page. */
static bool
has_before(const struct page *page)
{
	return page->before > 0;
}

static bool
has_behind(const struct page *page)
{
	return page->before + page->rows_len < page->matching;
}

/*
 * Asks for what the selection comes near to; not before the last question was
 * answered, or keys that come fast would leave no time for an answer.
 */
static void
ask_ahead(struct rows *rows)
{
	const struct page *page = rows->page;

	if (!page->complete || page->question != rows->number ||
	    !rows->selecting)
		return;
	if ((rows->cursor < MARGIN && has_before(page)) ||
	    (rows->cursor + MARGIN >= page->rows_len && has_behind(page)))
		ask_at(rows, &page->rows[rows->cursor]);
}

/* ---- Answers ---- */

bool
screen_wants_rows(const struct screen *screen)
{
	return screen->rows.open;
}

bool
screen_waits_for_rows(const struct screen *screen)
{
	const struct rows *rows = &screen->rows;

	return rows->open &&
	       !(rows->page && rows->page->question == rows->number);
}

/* The first or the last row was jumped to, and is there now. */
static void
land(struct rows *rows)
{
	const struct page *page = rows->page;

	if (!rows->jumping || !page->complete)
		return;
	rows->jumping = false;
	if (page->rows_len == 0)
		return;
	select_row(rows,
		   rows->query.place == PAGE_LAST ? page->rows_len - 1 : 0);
}

void
screen_set_page(struct screen *screen, struct page *page)
{
	struct rows *rows = &screen->rows;
	int was = selected(rows), now;
	int line = was - (int)rows->scroll;
	bool jumped = rows->jumping;

	/* A frozen screen takes answers, but not the same ones anew. */
	if (!rows->open || page->question != rows->number ||
	    (screen->frozen && rows->page && rows->page->complete &&
	     rows->page->question == page->question)) {
		free(page);
		return;
	}
	free(rows->page);
	rows->page = page;
	rows->shown = rows->query;
	rows->stale = false;
	rows->problem[0] = '\0';
	land(rows);
	now = selected(rows);
	if (now >= 0) {
		/* It stays in its line, and the others move. */
		rows->cursor = (unsigned)now;
		rows->scroll = now > line ? (unsigned)(now - line) : 0;
		ask_ahead(rows);
	} else if (rows->selecting && page->complete) {
		if (rows->query.place == PAGE_AT &&
		    rows->query.key_size == rows->selected_size &&
		    memcmp(rows->query.key, rows->selected,
			   rows->selected_size) == 0)
			rows->cursor = page->at; /* it is gone */
		else
			ask_selected(rows);
	}
	if (jumped && screen->mode == SCREEN_KEY && screen->key.rows)
		keypage_follow(screen);
}

void
screen_set_page_problem(struct screen *screen, const char *problem)
{
	snprintf(screen->rows.problem, sizeof(screen->rows.problem), "%s",
		 problem);
}

/* ---- Opening and closing ---- */

bool
rows_possible(const struct screen *screen)
{
	const struct panel *panel = screen->focus < screen->panels_len
					? &screen->panels[screen->focus]
					: NULL;

	if (screen->mode == SCREEN_ROWS)
		return true;
	return panel && panel->view && panel->spec.table >= 0;
}

/*
 * Of windows the selected one, of lines that which their list is about, or else
 * the newest.
 */
static unsigned
window_of(const struct panel *panel)
{
	const struct view_table *table = panel_table(panel);
	int place = panel_selected(panel);

	if (panel->spec.kind == PANEL_WINDOWS && place >= 0)
		return (unsigned)place;
	if (panel->spec.kind == PANEL_LINES)
		return panel_settled_window(table);
	return 0;
}

void
rows_open(struct screen *screen)
{
	const struct panel *panel = screen_panel(screen);
	struct rows *rows = &screen->rows;
	uint64_t number = rows->number;
	const struct view_table *table = panel_table(panel);

	free(rows->page);
	*rows = (struct rows){.open = true, .number = number};
	rows->query.table = (unsigned)panel->spec.table;
	rows->query.sort = (int)table->spec->rank;
	rows->query.reversed = panel->smallest_first;
	if (table->windows_len)
		rows->query.window_ms =
		    table->windows[window_of(panel)].start_ms;
	begin_anew(rows);
	screen->mode = SCREEN_ROWS;
}

void
rows_close(struct screen *screen)
{
	struct rows *rows = &screen->rows;
	uint64_t number = rows->number + 1;

	free(rows->page);
	*rows = (struct rows){.number = number};
	if (screen->mode == SCREEN_ROWS)
		screen->mode = SCREEN_PANELS;
}

/* ---- Keys ---- */

/* The measure that ranks, the others, the key; then again. */
void
rows_sort(struct screen *screen)
{
	const struct table_spec *spec = spec_of(screen);
	struct page_query *query = &screen->rows.query;
	int rank = (int)spec->rank, last = (int)spec->measures_len - 1;

	if (query->sort == PAGE_BY_KEY) {
		query->sort = rank;
	} else {
		query->sort = query->sort == rank ? 0 : query->sort + 1;
		if (query->sort == rank)
			query->sort++;
		if (query->sort > last)
			query->sort = PAGE_BY_KEY;
	}
	query->reversed = false;
	begin_anew(&screen->rows);
}

void
rows_reverse(struct screen *screen)
{
	screen->rows.query.reversed = !screen->rows.query.reversed;
	begin_anew(&screen->rows);
}

void
rows_filter(struct screen *screen)
{
	screen->rows.typing = true;
}

enum screen_wish
rows_type(struct screen *screen, uint32_t key)
{
	struct rows *rows = &screen->rows;
	char *filter = rows->query.filter, utf8[4];
	size_t len = strlen(filter), size;

	switch (key) {
	case KEYS_ENTER:
		rows->typing = false;
		return SCREEN_NOTHING;
	case KEYS_ESC:
	case KEYS_INTERRUPT:
		rows->typing = false;
		if (len == 0)
			return SCREEN_NOTHING;
		filter[0] = '\0';
		break;
	case KEYS_BACKSPACE:
	case KEYS_DELETE:
		if (len == 0)
			return SCREEN_NOTHING;
		/* A whole character. */
		do
			len--;
		while (len > 0 && ((unsigned char)filter[len] & 0xc0) == 0x80);
		filter[len] = '\0';
		break;
	case KEYS_REDRAW:
		return SCREEN_REDRAW;
	default:
		if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key > 0x10ffff)
			return SCREEN_NOTHING;
		size = utf8_encode(key, utf8);
		if (len + size > PAGE_FILTER_MAX)
			return SCREEN_NOTHING;
		memcpy(filter + len, utf8, size);
		filter[len + size] = '\0';
		break;
	}
	begin_anew(rows);
	return SCREEN_NOTHING;
}

static void
jump(struct rows *rows, enum page_place place)
{
	const struct page *page = rows->page;
	bool there = page && page->complete && !rows->stale;

	/* What is there need not be asked for. */
	if (there && place == PAGE_FIRST && !has_before(page)) {
		if (page->rows_len)
			select_row(rows, 0);
	} else if (there && place == PAGE_LAST && !has_behind(page)) {
		if (page->rows_len)
			select_row(rows, page->rows_len - 1);
	} else {
		rows->selecting = false;
		rows->jumping = true;
		rows->stale = true;
		ask(rows, place);
	}
}

void
rows_move(struct screen *screen, enum panel_move move)
{
	struct rows *rows = &screen->rows;
	int len = rows->page ? (int)rows->page->rows_len : 0;
	int page = rows->visible > 2 ? rows->visible - 1 : 1;
	int place = selected(rows);

	if (move == PANEL_FIRST || move == PANEL_LAST) {
		jump(rows, move == PANEL_FIRST ? PAGE_FIRST : PAGE_LAST);
		return;
	}
	/* Not among rows that are about to go; the first of those that come. */
	if (len == 0 || rows->stale) {
		rows->jumping |= rows->query.place == PAGE_FIRST;
		return;
	}
	if (place < 0 && rows->selecting)
		place = (int)rows->cursor; /* it left: go on from there */
	else if (place < 0)
		place = (int)rows->scroll - 1;
	place += move == PANEL_UP        ? -1
		 : move == PANEL_DOWN    ? 1
		 : move == PANEL_PAGE_UP ? -page
					 : page;
	place = place < 0 ? 0 : place >= len ? len - 1 : place;
	select_row(rows, (unsigned)place);
	ask_ahead(rows);
}

/* ---- Drawing ---- */

struct columns {
	int key, number; /* widths */
	int gap;
	struct {
		int col, width; /* width 0: there is no room for it */
	} at[PIPELINE_MEASURES_MAX];
	unsigned order[PIPELINE_MEASURES_MAX]; /* measures, as they stand */
};

static const struct page_row *
row_at(const struct rows *rows, unsigned place)
{
	return &rows->page->rows[place];
}

/* Widths of what is in sight. */
static void
measure_widths(struct rows *rows, const struct canvas *canvas,
	       const struct table_spec *spec, unsigned room)
{
	const struct page *page = rows->page;
	unsigned end = rows->scroll + room;
	int number = (int)strlen(format_int(page->keys).text);

	if (end > page->rows_len)
		end = page->rows_len;
	if (rows->number_width < number)
		rows->number_width = number;
	for (unsigned m = 0; m < spec->measures_len; m++) {
		const char *name = spec->measures[m].name;
		int title = canvas_width(canvas, name, strlen(name)) + 2;
		int widest = 0, width = 7;

		for (unsigned i = rows->scroll; i < end; i++) {
			struct format f =
			    format_value(row_at(rows, i)->measures[m]);

			if ((int)strlen(f.text) > widest)
				widest = (int)strlen(f.text);
		}
		while (width < widest && width < 27)
			width += 4;
		if (width < title)
			width = title < 18 ? title : 18;
		if (rows->widths[m] < width)
			rows->widths[m] = width;
	}
	for (unsigned i = rows->scroll; i < end; i++) {
		const struct view_text *key = &row_at(rows, i)->key;
		int width = canvas_width(canvas, key->data,
					 key->size < 256 ? key->size : 256);

		if (rows->key_width < width)
			rows->key_width = width;
	}
}

/*
 * The number of the row, the key, the measure that ranks, the others. Where
 * there is little room, the one that is sorted by has it first.
 */
static void
place_columns(const struct screen *screen, const struct area *area,
	      const char *key_name, struct columns *columns)
{
	const struct rows *rows = &screen->rows;
	const struct table_spec *spec = spec_of(screen);
	int most = area->cols * 2 / 5, used, col;
	unsigned len = 0;

	*columns = (struct columns){.gap = area->cols >= 60 ? 3 : 1};
	columns->order[len++] = spec->rank;
	for (unsigned m = 0; m < spec->measures_len; m++)
		if (m != spec->rank)
			columns->order[len++] = m;
	columns->number = area->cols >= 60 ? rows->number_width + 2 : 0;
	columns->key = (int)strlen(key_name) + 2;
	if (columns->key < rows->key_width)
		columns->key = rows->key_width;
	if (columns->key > most)
		columns->key = most < KEY_MIN ? KEY_MIN : most;
	used = 2 + columns->number + columns->key;
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < len; i++) {
			unsigned m = columns->order[i];
			int width = columns->gap + rows->widths[m];
			bool first = (int)m == rows->shown.sort;

			if (first != (pass == 0) || used + width > area->cols)
				continue;
			columns->at[m].width = rows->widths[m];
			used += width;
		}
	}
	col = 2 + columns->number + columns->key;
	for (unsigned i = 0; i < len; i++) {
		unsigned m = columns->order[i];

		if (!columns->at[m].width)
			continue;
		columns->at[m].col = col + columns->gap;
		col = columns->at[m].col + columns->at[m].width;
	}
}

/* What is sorted by has an arrow: down, the largest is first. */
static void
draw_headings(const struct screen *screen, struct canvas *canvas,
	      const struct area *area, int row, const char *key_name,
	      const struct columns *columns)
{
	const struct page_query *query = &screen->rows.shown;
	const struct table_spec *spec = spec_of(screen);
	char text[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4) + 8];
	bool by_key = query->sort == PAGE_BY_KEY;

	snprintf(text, sizeof(text), "%s%s", key_name,
		 !by_key           ? ""
		 : query->reversed ? " ↓"
				   : " ↑");
	canvas_fit(canvas, area, row, 2 + columns->number, columns->key,
		   by_key ? STYLE_BOLD : STYLE_DIM, text, strlen(text));
	for (unsigned m = 0; m < spec->measures_len; m++) {
		bool sorted = (int)m == query->sort;

		snprintf(text, sizeof(text), "%s%s", spec->measures[m].name,
			 !sorted           ? ""
			 : query->reversed ? " ↑"
					   : " ↓");
		if (columns->at[m].width)
			canvas_right(canvas, area, row, columns->at[m].col,
				     columns->at[m].width,
				     sorted ? STYLE_BOLD : STYLE_DIM, text);
	}
}

static void
draw_row(const struct screen *screen, unsigned place, struct canvas *canvas,
	 const struct area *line, const struct columns *columns)
{
	const struct rows *rows = &screen->rows;
	const struct page_row *row = row_at(rows, place);
	const struct table_spec *spec = spec_of(screen);

	/* While it is gone through, no row has a number yet. */
	if (columns->number)
		canvas_right(canvas, line, 0, 2, columns->number - 2, STYLE_DIM,
			     format_count(rows->page->complete
					      ? rows->page->before + place + 1
					      : -1)
				 .text);
	canvas_fit(canvas, line, 0, 2 + columns->number, columns->key,
		   STYLE_NORMAL, row->key.data, row->key.size);
	for (unsigned m = 0; m < spec->measures_len; m++)
		if (columns->at[m].width)
			canvas_right(canvas, line, 0, columns->at[m].col,
				     columns->at[m].width,
				     (int)m == rows->shown.sort ? STYLE_BOLD
								: STYLE_NORMAL,
				     format_value_fit(row->measures[m],
						      columns->at[m].width)
					 .text);
}

/* "users, all rows", and of a window which one; then the filter. */
static void
say_name(const struct screen *screen, char *out, size_t size)
{
	const struct rows *rows = &screen->rows;
	const struct table_spec *spec = spec_of(screen);
	size_t used;

	if (spec->window_ms)
		snprintf(out, size, "%s, window of %s", spec->name,
			 format_time(rows->query.window_ms).text);
	else
		snprintf(out, size, "%s, all rows", spec->name);
	used = strlen(out);
	if (rows->query.filter[0] || rows->typing)
		snprintf(out + used, size - used, " / %s%s", rows->query.filter,
			 rows->typing ? "_" : "");
}

/* "scanning 43 %", "98,204 rows", "31 of 98,204 match" */
static void
draw_headline(const struct screen *screen, struct canvas *canvas,
	      const struct area *body, const char *name)
{
	const struct rows *rows = &screen->rows;
	const struct page *page = rows->page;
	enum style style = STYLE_BOLD;
	char text[128];

	if (rows->problem[0]) {
		style = STYLE_BAD;
		snprintf(text, sizeof(text), "cannot be read");
	} else if (!page || rows->stale) {
		style = STYLE_PENDING;
		snprintf(text, sizeof(text), "scanning");
	} else if (!page->complete) {
		style = STYLE_PENDING;
		snprintf(
		    text, sizeof(text), "scanning %s",
		    format_percent((double)page->looked_at, (double)page->keys)
			.text);
	} else if (rows->query.filter[0]) {
		snprintf(text, sizeof(text), "%s of %s match",
			 format_int(page->matching).text,
			 format_int(page->keys).text);
	} else {
		snprintf(text, sizeof(text), "%s row%s",
			 format_int(page->matching).text,
			 page->matching == 1 ? "" : "s");
	}
	overlay_draw_headline(canvas, body, name, style, text);
}

/* "by interactions, largest first · as of commit 812" */
static void
draw_order(const struct screen *screen, struct canvas *canvas,
	   const struct area *area, int row, const char *key_name)
{
	const struct rows *rows = &screen->rows;
	const struct page *page = rows->page;
	bool by_key = rows->shown.sort == PAGE_BY_KEY;
	char text[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4) + 128];
	size_t used;

	used = (size_t)snprintf(
	    text, sizeof(text), "by %s, %s first",
	    by_key ? key_name
		   : spec_of(screen)->measures[rows->shown.sort].name,
	    by_key                 ? rows->shown.reversed ? "last" : "first"
	    : rows->shown.reversed ? "smallest"
				   : "largest");
	if (by_key && !rows->shown.reversed)
		used = (size_t)snprintf(text, sizeof(text), "by %s", key_name);
	if (page->first_commit == page->last_commit)
		snprintf(text + used, sizeof(text) - used, " · as of commit %s",
			 format_int((int64_t)page->last_commit).text);
	else
		snprintf(text + used, sizeof(text) - used,
			 " · as of commits %s to %s",
			 format_int((int64_t)page->first_commit).text,
			 format_int((int64_t)page->last_commit).text);
	canvas_fit(canvas, area, row, 2, area->cols - 2, STYLE_DIM, text,
		   strlen(text));
}

static void
draw_list(struct screen *screen, struct canvas *canvas, const struct area *area)
{
	const struct table_spec *spec = spec_of(screen);
	struct rows *rows = &screen->rows;
	unsigned len = rows->page->rows_len, room = (unsigned)area->rows;
	int at = selected(rows);
	struct columns columns;
	char key_name[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4)];
	int row = 0;

	table_key_name(screen->view->pipeline, spec, key_name,
		       sizeof(key_name));
	if (area->rows >= 7)
		draw_order(screen, canvas, area, row++, key_name);
	row++;
	room = area->rows > row ? (unsigned)(area->rows - row) : 0;
	rows->visible = (int)room;
	rows->first_row = area->row + row;
	if (at >= 0) {
		rows->cursor = (unsigned)at;
		if (rows->cursor < rows->scroll)
			rows->scroll = rows->cursor;
		if (rows->cursor >= rows->scroll + room)
			rows->scroll = rows->cursor + 1 - room;
	} else if (rows->shown.place == PAGE_LAST) {
		rows->scroll = len;
	}
	if (rows->scroll + room > len)
		rows->scroll = len > room ? len - room : 0;
	measure_widths(rows, canvas, spec, room);
	place_columns(screen, area, key_name, &columns);
	draw_headings(screen, canvas, area, row - 1, key_name, &columns);
	for (unsigned i = 0; i < room && rows->scroll + i < len; i++) {
		struct area line = {area->row + row + (int)i, area->col, 1,
				    area->cols};

		draw_row(screen, rows->scroll + i, canvas, &line, &columns);
		if (at == (int)(rows->scroll + i)) {
			canvas_puts(canvas, &line, 0, 0, STYLE_ACCENT, "▸");
			canvas_restyle(canvas, &line, 0, 0, line.cols,
				       STYLE_ACCENT);
		}
	}
	if (len == 0 && rows->page->complete)
		canvas_puts(canvas, area, row, 2, STYLE_DIM,
			    rows->query.filter[0] ? "nothing matches"
						  : "nothing yet");
}

void
rows_draw(struct screen *screen, struct canvas *canvas, const struct area *body)
{
	struct rows *rows = &screen->rows;
	struct area inside = {body->row + 1, body->col, body->rows - 1,
			      body->cols};
	char name[PIPELINE_NAME_MAX + PAGE_FILTER_MAX + 96];

	rows->visible = 0;
	say_name(screen, name, sizeof(name));
	overlay_draw_rule(canvas, body, name);
	draw_headline(screen, canvas, body, name);
	if (rows->problem[0]) {
		inside.col += 2;
		inside.cols -= 4;
		canvas_wrap(canvas, &inside, 0, STYLE_BAD, rows->problem,
			    strlen(rows->problem));
	} else if (rows->page && inside.rows >= 2) {
		draw_list(screen, canvas, &inside);
	}
}

void
rows_draw_prompt(const struct screen *screen, struct canvas *canvas,
		 const struct area *line)
{
	const char *filter = screen->rows.query.filter;
	int col = 1;

	col += canvas_puts(canvas, line, 0, col, STYLE_BOLD, "filter: ");
	col += canvas_fit(canvas, line, 0, col, line->cols / 2, STYLE_NORMAL,
			  filter, strlen(filter));
	canvas_puts(canvas, line, 0, col, STYLE_REVERSE, " ");
	canvas_puts(canvas, line, 0, col + 3, STYLE_DIM,
		    "Enter keeps it, Esc clears it");
}
