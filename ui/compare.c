/*
 * What has changed between two moments: the ledger, and of each table its
 * summary and its first keys. Blocks of lines, in as many columns as there is
 * room for. What one of the moments does not know is a dash, and so is its
 * change.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "screen.h"

#define COLUMN_WIDTH 58 /* a column that is worth having */
#define COLUMNS_MAX  3
#define TOP_MAX      10
#define TABLE_LINES  (1 + 5 + TOP_MAX + 1)
#define LEDGER_LINES 8
#define LINES_MAX    (LEDGER_LINES + PIPELINE_TABLES_MAX * TABLE_LINES)

struct line {
	enum { LINE_EMPTY, LINE_HEAD, LINE_NUMBER, LINE_KEY } kind;
	struct view_text label; /* borrowed */
	char note[128];         /* of a head, behind the label */
	struct value before, after, change;
};

struct moments {
	const struct view *before, *after;
	const struct dashboard_past *before_past, *after_past; /* NULL: now */
};

struct lines {
	struct line at[LINES_MAX];
	int len;
	int blocks[PIPELINE_TABLES_MAX + 2]; /* where each begins; the end */
	int blocks_len;
};

/* False while the other moment is not there yet. */
static bool
find_moments(const struct screen *screen, struct moments *m)
{
	*m = (struct moments){screen->base.view, screen->view, &screen->base,
			      screen->back ? &screen->past : NULL};
	if (screen->base_kind == BASE_NOW)
		*m = (struct moments){screen->view, screen->next, &screen->past,
				      NULL};
	return m->before && m->after &&
	       m->before->tables_len == m->after->tables_len;
}

/* ---- Lines ---- */

static struct value
change_of(struct value before, struct value after)
{
	int64_t change;

	if (!before.kind || !after.kind)
		return value_none();
	if (before.kind == VALUE_INT && after.kind == VALUE_INT &&
	    !__builtin_sub_overflow(after.i, before.i, &change))
		return value_int(change);
	return value_real(value_double(after) - value_double(before));
}

static struct line *
add(struct lines *lines, int kind, struct view_text label)
{
	struct line *line = &lines->at[lines->len++];

	*line = (struct line){.label = label};
	line->kind = kind;
	return line;
}

static struct view_text
words(const char *text)
{
	return (struct view_text){text, strlen(text)};
}

static void
add_number(struct lines *lines, const char *label, struct value before,
	   struct value after, bool comparable)
{
	struct line *line = add(lines, LINE_NUMBER, words(label));

	line->before = before;
	line->after = after;
	if (comparable)
		line->change = change_of(before, after);
}

static void
begin_block(struct lines *lines)
{
	lines->blocks[lines->blocks_len++] = lines->len;
}

static void
add_ledger(struct lines *lines, const struct ledger *before,
	   const struct ledger *after)
{
	const struct {
		const char *label;
		int64_t before, after;
	} numbers[] = {
	    {"consumed", before->consumed, after->consumed},
	    {"valid", before->valid, after->valid},
	    {"dead", before->dead, after->dead},
	    {"late", before->late, after->late},
	    {"lag", before->lag, after->lag},
	    {"lost", before->lost, after->lost},
	};

	begin_block(lines);
	add(lines, LINE_HEAD, words("ledger"));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(lines, numbers[i].label,
			   value_int(numbers[i].before),
			   value_int(numbers[i].after), true);
	add(lines, LINE_EMPTY, words(""));
}

/* What a key had then; unknown when it was at neither end of the ranking. */
static struct value
value_of_key(const struct view_table *table, const struct view_text *key)
{
	unsigned rank = table->spec->rank;

	for (int side = 0; side < 2; side++) {
		const struct view_row *rows = side ? table->bottom : table->top;
		unsigned len = side ? table->bottom_len : table->top_len;

		for (unsigned i = 0; i < len; i++)
			if (rows[i].key.size == key->size &&
			    (key->size == 0 ||
			     memcmp(rows[i].key.data, key->data, key->size) ==
				 0))
				return rows[i].measures[rank];
	}
	return value_none();
}

/* Whether both are of the same window, if of any. */
static bool
same_window(const struct view_table *before, const struct view_table *after)
{
	if (before->windows_len == 0 || after->windows_len == 0)
		return before->spec->window_ms == 0;
	return before->windows[0].start_ms == after->windows[0].start_ms;
}

static void
add_table(struct lines *lines, const struct view_table *before,
	  const struct view_table *after, unsigned top)
{
	const struct table_spec *spec = after->spec;
	const struct view_summary *b = &before->summary, *a = &after->summary;
	enum measure_kind kind = spec->measures[spec->rank].kind;
	bool same = same_window(before, after);
	struct line *head;

	begin_block(lines);
	head = add(lines, LINE_HEAD, words(spec->name));
	if (!spec->window_ms)
		snprintf(head->note, sizeof(head->note), "%s",
			 spec->measures[spec->rank].name);
	else if (same && after->windows_len)
		snprintf(head->note, sizeof(head->note), "window from %s",
			 format_clock(after->windows[0].start_ms).text);
	else
		snprintf(
		    head->note, sizeof(head->note), "windows from %s and %s",
		    format_clock(
			before->windows_len ? before->windows[0].start_ms : -1)
			.text,
		    format_clock(after->windows_len ? after->windows[0].start_ms
						    : -1)
			.text);
	add_number(lines, "keys", value_int(b->keys), value_int(a->keys), same);
	if (measure_adds_up(kind))
		add_number(lines, "total", b->total, a->total, same);
	add_number(lines, "average", b->average, a->average, same);
	add_number(lines, "min", b->min, a->min, same);
	add_number(lines, "max", b->max, a->max, same);
	for (unsigned i = 0; i < after->top_len && i < top; i++) {
		struct line *line = add(lines, LINE_KEY, after->top[i].key);

		line->after = after->top[i].measures[spec->rank];
		if (!same)
			continue;
		line->before = value_of_key(before, &after->top[i].key);
		line->change = change_of(line->before, line->after);
	}
	add(lines, LINE_EMPTY, words(""));
}

static void
list_lines(const struct moments *m, unsigned top, struct lines *lines)
{
	lines->len = lines->blocks_len = 0;
	add_ledger(lines, &m->before->ledger, &m->after->ledger);
	for (unsigned i = 0;
	     i < m->after->tables_len && i < PIPELINE_TABLES_MAX; i++)
		add_table(lines, &m->before->tables[i], &m->after->tables[i],
			  top);
	lines->blocks[lines->blocks_len] = lines->len;
}

/* ---- Drawing ---- */

/* With a sign: what grows has one as well. */
static struct format
signed_fit(struct value change, int width)
{
	struct format number = format_value_fit(change, width - 1), f;

	if (change.kind == VALUE_NONE || value_double(change) <= 0)
		return format_value_fit(change, width);
	snprintf(f.text, sizeof(f.text), "+%.40s", number.text);
	return f;
}

/* Wide enough for all numbers, in steps, and never less than before. */
static void
set_widths(struct screen *screen, const struct lines *lines, int cols)
{
	int *widths = screen->compare_widths, most = (cols - 12) / 3 - 2;

	for (int i = 0; i < 3; i++)
		if (widths[i] < 9)
			widths[i] = 9;
	for (int i = 0; i < lines->len; i++) {
		const struct value *values[] = {&lines->at[i].before,
						&lines->at[i].after,
						&lines->at[i].change};

		for (int j = 0; j < 3; j++) {
			int len = (int)strlen(format_value(*values[j]).text);

			while (widths[j] < len + (j == 2) && widths[j] < 25)
				widths[j] += 2;
		}
	}
	for (int i = 0; i < 3; i++)
		if (widths[i] > most)
			widths[i] = most < 5 ? 5 : most;
}

static void
draw_line(const struct line *line, struct canvas *canvas,
	  const struct area *area, const int *widths)
{
	int change = area->cols - widths[2];
	int after = change - 2 - widths[1];
	int before = after - 2 - widths[0];
	bool still = line->change.kind && value_double(line->change) == 0;
	int used;

	if (line->kind == LINE_EMPTY)
		return;
	if (line->kind == LINE_HEAD) {
		used = canvas_fit(canvas, area, 0, 0, area->cols, STYLE_BOLD,
				  line->label.data, line->label.size);
		canvas_fit(canvas, area, 0, used + 2, area->cols - used - 2,
			   STYLE_DIM, line->note, strlen(line->note));
		return;
	}
	used = line->kind == LINE_KEY ? 4 : 2;
	canvas_fit(canvas, area, 0, used, before - used - 1,
		   line->kind == LINE_KEY ? STYLE_NORMAL : STYLE_DIM,
		   line->label.data, line->label.size);
	canvas_right(canvas, area, 0, before, widths[0], STYLE_NORMAL,
		     format_value_fit(line->before, widths[0]).text);
	canvas_right(canvas, area, 0, after, widths[1], STYLE_NORMAL,
		     format_value_fit(line->after, widths[1]).text);
	canvas_right(canvas, area, 0, change, widths[2],
		     still || !line->change.kind ? STYLE_DIM : STYLE_BOLD,
		     signed_fit(line->change, widths[2]).text);
}

static int64_t
time_of(const struct view *view, const struct dashboard_past *past)
{
	return past ? past->taken_ms : view->commit_ms;
}

/*
 * " before  snapshot 6 of 31  2026-11-21 12:02:10 UTC, commit 112"; behind
 * it how long after the other one, at from_ms (-1: none), it is.
 */
static void
draw_moment(struct canvas *canvas, const struct area *area, int row,
	    const char *label, const struct view *view,
	    const struct dashboard_past *past, int64_t from_ms)
{
	int64_t at_ms = time_of(view, past);
	int col = area->cols < 100 ? 29 : 34;
	struct format when;
	char text[192], name[64] = "now";

	if (past)
		snprintf(name, sizeof(name), "snapshot %.20s of %.20s",
			 format_int(past->number).text,
			 format_int(past->total).text);
	canvas_puts(canvas, area, row, 2, STYLE_DIM, label);
	snprintf(text, sizeof(text), "%s", name);
	canvas_puts(canvas, area, row, 10, STYLE_BOLD, text);
	when = area->cols < 72 ? format_clock(at_ms) : format_time(at_ms);
	/* Whole seconds tell snapshots apart. */
	if (strchr(when.text, '.'))
		strcpy(strchr(when.text, '.'), " UTC");
	snprintf(text, sizeof(text), "%s, commit %s%s%s", when.text,
		 format_int((int64_t)view->commit).text,
		 from_ms < 0 ? "" : ", +",
		 from_ms < 0 ? "" : format_elapsed(at_ms - from_ms).text);
	canvas_fit(canvas, area, row, col, area->cols - col - 1, STYLE_NORMAL,
		   text, strlen(text));
}

/* Which column each block is in: the one that is the shortest so far. */
static int
place_blocks(const struct lines *lines, int across, int *column)
{
	int heights[COLUMNS_MAX] = {0}, tallest = 0;

	for (int i = 0; i < lines->blocks_len; i++) {
		int to = 0;

		for (int j = 1; j < across; j++)
			if (heights[j] < heights[to])
				to = j;
		column[i] = to;
		heights[to] += lines->blocks[i + 1] - lines->blocks[i];
		if (tallest < heights[to])
			tallest = heights[to];
	}
	return tallest - 1; /* without the empty line at the end */
}

static bool
is_cut(const struct screen *screen, const struct lines *lines, int room,
       int across)
{
	int column[PIPELINE_TABLES_MAX + 1];

	return place_blocks(lines, across, column) >
	       screen->compare_from + room;
}

static void
draw_columns(struct screen *screen, struct canvas *canvas,
	     const struct area *area, const struct lines *lines, int across)
{
	int column[PIPELINE_TABLES_MAX + 1], next[COLUMNS_MAX] = {0};
	int width = (area->cols - 4 - 4 * (across - 1)) / across;
	int tallest = place_blocks(lines, across, column);
	int room = area->rows - 1;

	screen->compare_page = room > 1 ? room - 1 : 1;
	if (screen->compare_from > tallest - room)
		screen->compare_from = tallest - room;
	if (screen->compare_from < 0)
		screen->compare_from = 0;
	set_widths(screen, lines, width);
	for (int i = 0; i < across; i++) {
		static const char *const heads[] = {"before", "after",
						    "change"};
		int right = area->col + 2 + i * (width + 4) + width;
		struct area head = {area->row, 0, 1, area->cols};

		for (int j = 2; j >= 0; j--) {
			right -= screen->compare_widths[j];
			canvas_right(canvas, &head, 0, right,
				     screen->compare_widths[j], STYLE_DIM,
				     heads[j]);
			right -= 2;
		}
	}
	for (int i = 0; i < lines->blocks_len; i++) {
		int *at = &next[column[i]];

		for (int j = lines->blocks[i]; j < lines->blocks[i + 1]; j++) {
			int row = (*at)++ - screen->compare_from;
			struct area line = {
			    area->row + 1 + row,
			    area->col + 2 + column[i] * (width + 4), 1, width};

			if (row >= 0 && row < room)
				draw_line(&lines->at[j], canvas, &line,
					  screen->compare_widths);
		}
	}
}

void
compare_draw(struct screen *screen, struct canvas *canvas,
	     const struct area *body)
{
	struct area rest = {body->row + 3, body->col, body->rows - 3,
			    body->cols};
	int across = (body->cols + 4) / (COLUMN_WIDTH + 4);
	struct moments m;
	struct lines lines;
	int64_t before_ms;
	char title[96];

	if (!find_moments(screen, &m)) {
		overlay_draw_rule(canvas, body, "difference");
		canvas_puts(canvas, body, 1, 2, STYLE_DIM,
			    "there is nothing to compare with yet");
		return;
	}
	across = across < 1 ? 1 : across > COLUMNS_MAX ? COLUMNS_MAX : across;
	list_lines(&m, body->rows >= 30 ? TOP_MAX : TOP_MAX / 2, &lines);
	before_ms = time_of(m.before, m.before_past);
	snprintf(title, sizeof(title), "difference%s%s",
		 !screen->back || !screen->next  ? ""
		 : screen->base_kind == BASE_NOW ? ": d for the snapshot before"
						 : ": d for now",
		 is_cut(screen, &lines, rest.rows - 1, across)
		     ? "; PgDn for more"
		     : "");
	overlay_draw_rule(canvas, body, title);
	draw_moment(canvas, body, 1, "before", m.before, m.before_past, -1);
	draw_moment(canvas, body, 2, "after", m.after, m.after_past, before_ms);
	if (rest.rows > 1)
		draw_columns(screen, canvas, &rest, &lines, across);
}
