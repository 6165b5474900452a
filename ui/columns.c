#include <stdio.h>
#include <string.h>

#include "aggregate/distinct.h"
#include "chart.h"
#include "columns.h"
#include "format.h"
#include "keypage.h"

#define KEY_MIN    6
#define RECENT_MIN 10

struct column {
	enum column_kind kind;
	unsigned measure; /* COLUMN_RANKED, COLUMN_OTHERS */
	int priority;
	const char *title;
	int slot;       /* in panel->column_widths */
	int col, width; /* width 0: there is no room for it */
};

struct columns {
	struct column at[PANEL_COLUMNS_MAX];
	unsigned len;
	int gap;
};

static const struct measure *
ranked(const struct panel *panel)
{
	const struct table_spec *spec = panel_table(panel)->spec;

	return &spec->measures[spec->rank];
}

bool
columns_adds_up(const struct panel *panel)
{
	return measure_adds_up(ranked(panel)->kind);
}

bool
columns_per_key(const struct panel *panel)
{
	return columns_adds_up(panel) ||
	       ranked(panel)->kind == MEASURE_DISTINCT;
}

unsigned
columns_rows(const struct panel *panel)
{
	const struct view_table *table = panel_table(panel);

	return panel->smallest_first ? table->bottom_len : table->top_len;
}

const struct view_row *
columns_row(const struct panel *panel, unsigned row)
{
	const struct view_table *table = panel_table(panel);

	return panel->smallest_first ? &table->bottom[row] : &table->top[row];
}

uint64_t
columns_id(const struct panel *panel, unsigned row)
{
	return panel_text_id(&columns_row(panel, row)->key);
}

int
columns_rows_wanted(const struct panel *panel)
{
	return 3 + (int)columns_rows(panel);
}

static struct value
column_value(const struct panel *panel, const struct column *column,
	     const struct view_row *row)
{
	(void)panel;
	switch (column->kind) {
	case COLUMN_RANKED:
	case COLUMN_OTHERS:
		return row->measures[column->measure];
	case COLUMN_WINDOW_MIN:
		return row->window_min;
	case COLUMN_WINDOW_MAX:
		return row->window_max;
	default:
		return value_none();
	}
}

static struct format
column_text(const struct panel *panel, const struct column *column,
	    const struct view_row *row)
{
	const struct table_spec *spec = panel_table(panel)->spec;

	switch (column->kind) {
	case COLUMN_PER_S:
		return format_rate_fit(row->per_s, column->width);
	case COLUMN_SHARE:
		if (row->measures[spec->rank].kind == VALUE_NONE)
			return format_percent(0, 0);
		return format_percent(
		    value_double(row->measures[spec->rank]),
		    value_double(panel_table(panel)->summary.total));
	default:
		return format_value_fit(column_value(panel, column, row),
					column->width);
	}
}

/* Wide enough for the numbers that there are, in the steps of 999,999,999. */
static int
numbers_width(const struct panel *panel, const struct column *column)
{
	unsigned rows = panel_rows(panel);
	int widest = 0, width = 7;

	for (unsigned i = 0; i < rows; i++) {
		struct format f = format_value(column_value(
		    panel, column, columns_row(panel, panel_at(panel, i))));
		int len = (int)strlen(f.text);

		if (len > widest)
			widest = len;
	}
	while (width < widest && width < 27)
		width += 4;
	return width;
}

static void
add(struct columns *columns, enum column_kind kind, unsigned measure,
    int priority, const char *title)
{
	if (columns->len == PANEL_COLUMNS_MAX)
		return;
	columns->at[columns->len] = (struct column){.kind = kind,
						    .measure = measure,
						    .priority = priority,
						    .title = title,
						    .slot = (int)columns->len};
	columns->len++;
}

static void
list_columns(const struct panel *panel, struct columns *columns)
{
	const struct table_spec *spec = panel_table(panel)->spec;
	const struct view_table *windows = panel_windows(panel);

	for (unsigned i = 0; i < panel->class->columns_len; i++) {
		const struct column_choice *choice = &panel->class->columns[i];
		int priority = choice->priority;

		switch (choice->kind) {
		case COLUMN_RANKED:
			add(columns, COLUMN_RANKED, spec->rank, priority,
			    spec->measures_len == 1 && columns_adds_up(panel)
				? "total"
				: ranked(panel)->name);
			break;
		case COLUMN_OTHERS:
			for (unsigned m = 0; m < spec->measures_len; m++)
				if (m != spec->rank)
					add(columns, COLUMN_OTHERS, m, priority,
					    spec->measures[m].name);
			break;
		case COLUMN_PER_S:
			if (!spec->window_ms && columns_adds_up(panel))
				add(columns, COLUMN_PER_S, 0, priority,
				    "per s");
			break;
		case COLUMN_SHARE:
			if (columns_adds_up(panel))
				add(columns, COLUMN_SHARE, 0, priority,
				    "share");
			break;
		case COLUMN_WINDOW_MIN:
			if (windows)
				add(columns, COLUMN_WINDOW_MIN, 0, priority,
				    "min");
			break;
		case COLUMN_WINDOW_MAX:
			if (windows)
				add(columns, COLUMN_WINDOW_MAX, 0, priority,
				    "max");
			break;
		case COLUMN_RECENT:
			if (!spec->window_ms && columns_adds_up(panel))
				add(columns, COLUMN_RECENT, 0, priority,
				    "last 60 s");
			break;
		}
	}
}

static int
wanted_width(struct panel *panel, const struct canvas *canvas,
	     const struct column *column)
{
	int title = canvas_width(canvas, column->title, strlen(column->title));
	int *held = &panel->column_widths[column->slot];
	int width;

	switch (column->kind) {
	case COLUMN_PER_S:
		return 7;
	case COLUMN_SHARE:
		return 7;
	case COLUMN_RECENT:
		return RECENT_MIN;
	default:
		width = numbers_width(panel, column);
	}
	if (title > 16)
		title = 16;
	if (width < title)
		width = title;
	if (*held < width)
		*held = width;
	return *held;
}

static int
key_width(struct panel *panel, const struct canvas *canvas, int cols)
{
	unsigned rows = panel_rows(panel);
	char name[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4)];
	int width, most = cols * 2 / 5;

	panel_key_name(panel, name, sizeof(name));
	width = canvas_width(canvas, name, strlen(name));
	for (unsigned i = 0; i < rows; i++) {
		const struct view_text *key =
		    &columns_row(panel, panel_at(panel, i))->key;
		size_t size = key->size < 256 ? key->size : 256;
		int taken = canvas_width(canvas, key->data, size);

		if (taken > width)
			width = taken;
	}
	if (panel->key_width < width)
		panel->key_width = width;
	if (most < KEY_MIN)
		most = KEY_MIN;
	return panel->key_width < most ? panel->key_width : most;
}

static void
place_columns(struct panel *panel, const struct canvas *canvas,
	      const struct area *area, struct columns *columns)
{
	int key = key_width(panel, canvas, area->cols);
	int used = 2 + key, col = used;

	columns->gap = area->cols >= 60 ? 3 : area->cols >= 45 ? 2 : 1;
	for (int priority = 0; priority < 10; priority++) {
		for (unsigned i = 0; i < columns->len; i++) {
			struct column *column = &columns->at[i];
			int width;

			if (column->priority != priority)
				continue;
			width = wanted_width(panel, canvas, column);
			if (used + columns->gap + width > area->cols)
				continue;
			column->width = width;
			used += columns->gap + width;
		}
	}
	for (unsigned i = 0; i < columns->len; i++) {
		struct column *column = &columns->at[i];

		if (!column->width)
			continue;
		if (column->kind == COLUMN_RECENT) {
			column->width += area->cols - used;
			if (column->width > VIEW_SECONDS)
				column->width = VIEW_SECONDS;
			/* Columns of the same number of seconds each. */
			column->width =
			    VIEW_SECONDS / ((VIEW_SECONDS + column->width - 1) /
					    column->width);
		}
		column->col = col + columns->gap;
		col = column->col + column->width;
	}
}

static void
draw_headings(struct panel *panel, struct canvas *canvas,
	      const struct area *area, int row, const struct columns *columns)
{
	char name[PIPELINE_BY_MAX * (PIPELINE_NAME_MAX + 4)];

	panel_key_name(panel, name, sizeof(name));
	canvas_fit(canvas, area, row, 2,
		   columns->len && columns->at[0].width ? columns->at[0].col - 3
							: area->cols - 2,
		   STYLE_DIM, name, strlen(name));
	for (unsigned i = 0; i < columns->len; i++) {
		const struct column *column = &columns->at[i];

		if (!column->width)
			continue;
		if (column->kind == COLUMN_RECENT)
			canvas_fit(canvas, area, row, column->col,
				   column->width, STYLE_DIM, column->title,
				   strlen(column->title));
		else
			canvas_right(canvas, area, row, column->col,
				     column->width, STYLE_DIM, column->title);
	}
}

static void
draw_row(struct panel *panel, unsigned index, struct canvas *canvas,
	 const struct area *line, void *ctx)
{
	const struct columns *columns = ctx;
	const struct view_row *row = columns_row(panel, index);
	int key = line->cols - 2;

	for (unsigned i = 0; i < columns->len; i++) {
		const struct column *column = &columns->at[i];

		if (!column->width)
			continue;
		if (column->col - columns->gap - 2 < key)
			key = column->col - columns->gap - 2;
		if (column->kind == COLUMN_RECENT)
			chart_spark(canvas, line, 0, column->col, column->width,
				    STYLE_LIVE, row->recent, VIEW_SECONDS,
				    panel->view->commit_ms / 1000);
		else
			canvas_right(
			    canvas, line, 0, column->col, column->width,
			    column->kind == COLUMN_RANKED ? STYLE_BOLD
							  : STYLE_NORMAL,
			    column_text(panel, column, row).text);
	}
	canvas_fit(canvas, line, 0, 2, key, STYLE_NORMAL, row->key.data,
		   row->key.size);
}

void
columns_errors(const struct measure *measures, unsigned len, char *out,
	       size_t size)
{
	double error = 0;
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < len && used < size; i++) {
		if (distinct_error(&measures[i]) == 0)
			continue;
		error = distinct_error(&measures[i]);
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 used ? ", " : "", measures[i].name);
	}
	if (used && used < size)
		snprintf(out + used, size - used, " ±%s",
			 format_percent(error, 1).text);
}

/*
 * 98,204 users · min and max per 1 min · 1,260,941 interactions: as much of it
 * as fits, but always the order when it is not the usual one.
 */
static void
draw_summary(const struct panel *panel, struct canvas *canvas,
	     const struct area *area, int row)
{
	const struct view_table *table = panel_table(panel);
	const struct view_table *windows = panel_windows(panel);
	char parts[5][192] = {"", "", "", "", ""};
	int col = 2;

	if (panel->smallest_first)
		snprintf(parts[0], sizeof(parts[0]), "smallest first");
	snprintf(parts[1], sizeof(parts[1]), "%s %s",
		 format_count(table->summary.keys).text, table->spec->name);
	if (table->spec->window_ms)
		snprintf(parts[2], sizeof(parts[2]), "newest window of %s",
			 format_span(table->spec->window_ms).text);
	else if (windows)
		snprintf(parts[2], sizeof(parts[2]), "min and max per %s",
			 format_span(windows->spec->window_ms).text);
	if (columns_adds_up(panel))
		snprintf(parts[3], sizeof(parts[3]), "%s %s",
			 format_value(table->summary.total).text,
			 ranked(panel)->name);
	columns_errors(table->spec->measures, table->spec->measures_len,
		       parts[4], sizeof(parts[4]));
	for (int i = 0; i < 5; i++) {
		int width = canvas_width(canvas, parts[i], strlen(parts[i]));

		if (!width || (col > 2 && col + 3 + width > area->cols))
			continue;
		if (col > 2)
			col += canvas_puts(canvas, area, row, col, STYLE_DIM,
					   " · ");
		col += canvas_puts(canvas, area, row, col, STYLE_DIM, parts[i]);
	}
}

void
columns_draw(struct panel *panel, struct canvas *canvas,
	     const struct area *area)
{
	struct columns columns = {0};
	int row = 0;

	list_columns(panel, &columns);
	place_columns(panel, canvas, area, &columns);
	if (area->rows >= 7)
		draw_summary(panel, canvas, area, row++);
	draw_headings(panel, canvas, area, row++, &columns);
	panel_list(panel, canvas, area, row, panel_table(panel)->summary.keys,
		   draw_row, &columns);
	if (panel_rows(panel) == 0)
		canvas_puts(canvas, area, row, 2, STYLE_DIM, "nothing yet");
}

void
columns_detail(struct panel *panel, unsigned index, struct canvas *canvas,
	       const struct area *area)
{
	struct keypage_facts facts = {
	    .view = panel->view,
	    .table = (unsigned)panel->spec.table,
	    .windows = panel_windows(panel) ? panel->spec.windows : -1,
	    .row = columns_row(panel, index),
	    .brokers = panel->brokers,
	    .live = panel->live,
	    .scale = &panel->detail_scale,
	};

	keypage_draw_facts(&facts, canvas, area);
}
