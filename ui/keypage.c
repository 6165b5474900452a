#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/distinct.h"
#include "chart.h"
#include "columns.h"
#include "format.h"
#include "history.h"
#include "keypage.h"
#include "screen.h"

#define EMBEDDED "embedded broker "

/* ---- Lines ---- */

/* A drawing that goes on from line to line. */
struct lines {
	struct canvas *canvas;
	const struct area *area;
	int at;
};

static void
line(struct lines *to, const char *label, const char *value, const char *note)
{
	int cols = to->area->cols, col = cols >= 60 ? 24 : 17;
	int width = cols >= 100 ? 26 : 20;

	canvas_fit(to->canvas, to->area, to->at, 2, col - 3, STYLE_DIM, label,
		   strlen(label));
	canvas_right(to->canvas, to->area, to->at, col, width, STYLE_BOLD,
		     value);
	col += width + 2;
	if (cols >= 60)
		canvas_fit(to->canvas, to->area, to->at, col, cols - col,
			   STYLE_DIM, note, strlen(note));
	to->at++;
}

static struct area
rest(const struct lines *lines)
{
	return (struct area){lines->area->row + lines->at, lines->area->col,
			     lines->area->rows - lines->at, lines->area->cols};
}

/* "sum of amount", "distinct of account, ±0.8 %" */
static void
meaning(const struct view *view, const struct measure *measure, char *out,
	size_t size)
{
	static const char *const kinds[] = {
	    [MEASURE_COUNT] = "count",     [MEASURE_SUM] = "sum",
	    [MEASURE_AVERAGE] = "average", [MEASURE_MINIMUM] = "minimum",
	    [MEASURE_MAXIMUM] = "maximum", [MEASURE_DISTINCT] = "distinct",
	};
	double error = distinct_error(measure);

	if (measure->field < 0)
		snprintf(out, size, "%s", kinds[measure->kind]);
	else
		snprintf(out, size, "%s of %s%s%s", kinds[measure->kind],
			 view->pipeline->event.fields[measure->field].name,
			 error > 0 ? ", ±" : "",
			 error > 0 ? format_percent(error, 1).text : "");
}

/* ---- Numbers ---- */

static void
draw_measures(const struct keypage_facts *facts, struct lines *to)
{
	const struct view_table *table = &facts->view->tables[facts->table];
	const struct table_spec *spec = table->spec;
	const struct measure *ranked = &spec->measures[spec->rank];
	struct value value = facts->row->measures[spec->rank];
	char note[256];

	for (unsigned i = 0; i < spec->measures_len; i++) {
		const struct measure *measure = &spec->measures[i];

		meaning(facts->view, measure, note, sizeof(note));
		line(to, measure->name,
		     format_value(facts->row->measures[i]).text, note);
	}
	/* Of a window other than the newest, the whole is not known here. */
	if (!measure_adds_up(ranked->kind) || spec->window_ms)
		return;
	snprintf(note, sizeof(note), "of %s %s",
		 format_value(table->summary.total).text, ranked->name);
	line(to, "share",
	     format_percent(value_double(value),
			    value.kind ? value_double(table->summary.total) : 0)
		 .text,
	     note);
	line(to, "per s", format_rate(facts->row->per_s).text,
	     "mean of the last 10 s");
}

static void
draw_extremes(const struct keypage_facts *facts, struct lines *to)
{
	const struct view_key *key = facts->key;
	struct value smallest = facts->row->window_min;
	struct value largest = facts->row->window_max;
	struct history history;
	struct format span;
	char note[256];

	if (facts->windows < 0)
		return;
	if (key) {
		history_of(key->windows, key->windows_len, &history);
		smallest = history.smallest < 0
			       ? value_none()
			       : key->windows[history.smallest].value;
		largest = history.largest < 0
			      ? value_none()
			      : key->windows[history.largest].value;
	}
	span = format_span(
	    facts->view->pipeline->tables[facts->windows].window_ms);
	snprintf(note, sizeof(note),
		 "in a complete window of %s in which it occurs", span.text);
	line(to, "smallest", format_value(smallest).text, note);
	snprintf(note, sizeof(note), "in a window of %s", span.text);
	line(to, "largest", format_value(largest).text, note);
}

/* ---- Where they come from ---- */

void
keypage_command(const struct view *view, const char *brokers,
		const struct view_position *position, char *out, size_t size)
{
	if (!brokers)
		brokers =
		    strncmp(view->source, EMBEDDED, sizeof(EMBEDDED) - 1) == 0
			? view->source + sizeof(EMBEDDED) - 1
			: view->source;
	snprintf(out, size, "kcat -C -b %s -t %s -p %d -o %lld -c 1", brokers,
		 position->topic ? position->topic : "TOPIC",
		 (int)position->partition, (long long)position->offset);
}

static void
draw_positions(const struct keypage_facts *facts, struct lines *to)
{
	const struct view_row *row = facts->row;
	char note[512];

	position_note(facts->view, &row->first, note, sizeof(note));
	line(to, "first event",
	     format_position(row->first.partition, row->first.offset).text,
	     note);
	position_note(facts->view, &row->last, note, sizeof(note));
	line(to, "last event",
	     format_position(row->last.partition, row->last.offset).text, note);
	if (row->last.partition < 0 || !row->last.topic)
		return;
	keypage_command(facts->view, facts->brokers, &row->last, note,
			sizeof(note));
	canvas_fit(to->canvas, to->area, to->at++, 2, to->area->cols - 2,
		   STYLE_NORMAL, note, strlen(note));
}

/* "41 bytes", "null", "100,000 bytes, of which the beginning is here" */
static void
say_size(const struct view_text *text, size_t size, char *out, size_t room)
{
	if (!text->data)
		snprintf(out, room, "null");
	else
		snprintf(out, room, "%s byte%s%s",
			 format_int((int64_t)size).text, size == 1 ? "" : "s",
			 text->size < size ? ", of which the beginning is here"
					   : "");
}

static void
draw_event(const struct keypage_facts *facts, struct lines *to)
{
	const struct view_event *event = facts->event;
	char text[256], size[96];
	struct area area;

	if (!event) {
		canvas_puts(to->canvas, to->area, to->at++, 2, STYLE_PENDING,
			    "fetching its last event");
		return;
	}
	area = rest(to);
	area.col += 2;
	area.cols -= 4;
	if (event->problem[0]) {
		canvas_wrap(to->canvas, &area, 0, STYLE_BAD, event->problem,
			    strlen(event->problem));
		return;
	}
	say_size(&event->value, event->value_size, size, sizeof(size));
	snprintf(
	    text, sizeof(text), "event %s of %s: %s",
	    format_position(event->position.partition, event->position.offset)
		.text,
	    format_time(event->timestamp_ms).text, size);
	canvas_puts(to->canvas, to->area, to->at++, 2, STYLE_DIM, text);
	canvas_puts(to->canvas, to->area, to->at, 2, STYLE_DIM, "key ");
	if (event->key.data)
		canvas_fit(to->canvas, to->area, to->at, 6, to->area->cols - 8,
			   STYLE_NORMAL, event->key.data, event->key.size);
	else
		canvas_puts(to->canvas, to->area, to->at, 6, STYLE_DIM, "null");
	to->at++;
	area = rest(to);
	area.col += 2;
	area.cols -= 4;
	if (area.rows > 0 && event->value.data)
		canvas_wrap(to->canvas, &area, 0, STYLE_NORMAL,
			    event->value.data, event->value.size);
}

/* ---- Charts ---- */

static void
draw_windows(const struct keypage_facts *facts, struct lines *to, int rows)
{
	const struct table_spec *spec =
	    &facts->view->pipeline->tables[facts->windows];
	char text[2 * PIPELINE_NAME_MAX + 64];
	struct history history;
	struct area area;

	snprintf(text, sizeof(text), "%s in each window of %s",
		 spec->measures[spec->rank].name,
		 format_windows(spec->window_ms, spec->advance_ms).text);
	history_of(facts->key->windows, facts->key->windows_len, &history);
	if (history.largest < 0)
		snprintf(
		    text, sizeof(text),
		    "it occurs in none of the newest %u windows of %s",
		    facts->key->windows_len,
		    format_windows(spec->window_ms, spec->advance_ms).text);
	canvas_puts(to->canvas, to->area, to->at++, 2, STYLE_DIM, text);
	if (history.largest < 0)
		return;
	area = rest(to);
	area.rows = rows - 1;
	history_draw(to->canvas, &area, spec->advance_ms, facts->key->windows,
		     facts->key->windows_len);
	to->at += rows - 1;
}

static void
draw_seconds(const struct keypage_facts *facts, struct lines *to, int rows)
{
	const struct table_spec *spec = facts->view->tables[facts->table].spec;
	const struct view_row *row = facts->row;
	char text[PIPELINE_NAME_MAX + 64];
	struct area area;
	int64_t largest = 0;

	snprintf(text, sizeof(text), "%s per second, last %d s",
		 spec->measures[spec->rank].name, VIEW_SECONDS);
	canvas_puts(to->canvas, to->area, to->at++, 2, STYLE_DIM, text);
	for (int i = 0; i < VIEW_SECONDS; i++)
		if (row->recent[i] > largest)
			largest = row->recent[i];
	*facts->scale = chart_scale(*facts->scale, (double)largest);
	area = rest(to);
	area.rows = rows - 1;
	if (area.cols > 8 + 2 * VIEW_SECONDS)
		area.cols = 8 + 2 * VIEW_SECONDS;
	chart_seconds(to->canvas, &area, STYLE_LIVE, row->recent, NULL,
		      VIEW_SECONDS, *facts->scale, facts->live ? "now" : "end");
	to->at += rows - 1;
}

#define CHART_MIN 6 /* rows, its heading included */
#define CHART_MAX 15

static void
draw_charts(const struct keypage_facts *facts, struct lines *to)
{
	const struct table_spec *spec = facts->view->tables[facts->table].spec;
	int rows = to->area->rows - to->at;
	bool windows =
	    facts->windows >= 0 && facts->key && facts->key->windows_len > 0;
	bool seconds = false;

	for (int i = 0; i < VIEW_SECONDS; i++)
		seconds |= facts->row->recent[i] >= 0;
	if (spec->window_ms ||
	    !measure_adds_up(spec->measures[spec->rank].kind))
		seconds = false;
	/* Both where there is room. */
	if (windows && seconds) {
		seconds = rows >= 2 * CHART_MIN + 1;
		rows = seconds ? (rows - 1) / 2 : rows;
	}
	if (rows > CHART_MAX)
		rows = CHART_MAX;
	if (rows < CHART_MIN)
		return;
	if (windows) {
		draw_windows(facts, to, rows);
		to->at++;
	}
	if (seconds)
		draw_seconds(facts, to, rows);
}

void
keypage_draw_facts(const struct keypage_facts *facts, struct canvas *canvas,
		   const struct area *area)
{
	struct area text = {area->row, area->col + 2, area->rows < 3 ? 1 : 3,
			    area->cols - 2};
	struct lines to = {canvas, area, 0};

	to.at = canvas_wrap(canvas, &text, 0, STYLE_BOLD, facts->row->key.data,
			    facts->row->key.size);
	if (area->rows >= 22)
		to.at++;
	draw_measures(facts, &to);
	draw_extremes(facts, &to);
	draw_positions(facts, &to);
	if (area->rows >= 22)
		to.at++;
	if (facts->event || facts->fetching)
		draw_event(facts, &to);
	else
		draw_charts(facts, &to);
}

/* ---- The page ---- */

/*
 * The windowed table that shows a key's values over time: the one that a panel
 * shows beside its table, or else the first by the same fields.
 */
static int
twin_of(const struct view *view, unsigned table)
{
	const struct pipeline *p = view->pipeline;
	const struct table_spec *spec = &p->tables[table];

	if (spec->window_ms)
		return (int)table;
	for (unsigned i = 0; i < p->panels_len; i++)
		if (p->panels[i].table == (int)table &&
		    p->panels[i].windows >= 0)
			return p->panels[i].windows;
	for (unsigned i = 0; i < p->tables_len; i++)
		if (p->tables[i].window_ms &&
		    p->tables[i].by_len == spec->by_len &&
		    memcmp(p->tables[i].by, spec->by,
			   spec->by_len * sizeof(spec->by[0])) == 0)
			return (int)i;
	return -1;
}

static void
forget(struct keypage *page)
{
	view_key_free(page->key);
	free(page->event);
	page->key = NULL;
	page->event = NULL;
	page->fetching = false;
	page->problem[0] = '\0';
}

void
keypage_open(struct screen *screen, bool rows, unsigned table,
	     int64_t window_ms, const struct view_text *id)
{
	struct keypage *page = &screen->key;

	forget(page);
	*page = (struct keypage){.rows = rows,
				 .table = table,
				 .window_ms = window_ms,
				 .windows = twin_of(screen->view, table),
				 .unread = true};
	page->id_size = id->size < sizeof(page->id) ? id->size : 0;
	memcpy(page->id, id->data, page->id_size);
	screen->mode = SCREEN_KEY;
}

void
keypage_follow(struct screen *screen)
{
	const struct keypage *page = &screen->key;
	struct panel *panel = screen_panel(screen);
	const struct view_text *id = NULL;
	int64_t window_ms = 0;
	unsigned table = 0;

	if (page->rows) {
		const struct page_row *row = rows_selected(screen);

		table = screen->rows.query.table;
		window_ms = screen->rows.query.window_ms;
		if (row)
			id = &row->id;
	} else if (panel && panel_selected(panel) >= 0) {
		table = (unsigned)panel->spec.table;
		id = &columns_row(
			  panel,
			  panel_at(panel, (unsigned)panel_selected(panel)))
			  ->id;
	}
	if (id && (id->size != page->id_size ||
		   memcmp(id->data, page->id, id->size) != 0))
		keypage_open(screen, page->rows, table, window_ms, id);
}

void
keypage_close(struct screen *screen)
{
	forget(&screen->key);
	screen->mode = screen->key.rows ? SCREEN_ROWS : SCREEN_PANELS;
}

bool
screen_wants_key(struct screen *screen)
{
	struct keypage *page = &screen->key;
	bool covered =
	    screen->mode == SCREEN_PROMPT || screen->mode == SCREEN_HELP;

	if ((covered ? screen->before : screen->mode) != SCREEN_KEY)
		return false;
	if (!page->unread &&
	    (screen->frozen || page->seen == screen_commit(screen)))
		return false;
	page->unread = false;
	page->seen = screen_commit(screen);
	return true;
}

void
screen_set_key(struct screen *screen, struct view_key *key, const char *problem)
{
	struct keypage *page = &screen->key;

	if (key || problem) {
		view_key_free(page->key);
		page->key = key;
	}
	snprintf(page->problem, sizeof(page->problem), "%s",
		 problem ? problem : "");
}

void
screen_set_event(struct screen *screen, struct view_event *event)
{
	struct keypage *page = &screen->key;

	if (!page->fetching) {
		free(event);
		return;
	}
	free(page->event);
	page->event = event;
	page->fetching = false;
}

enum screen_wish
keypage_fetch(struct screen *screen)
{
	struct keypage *page = &screen->key;
	bool shown = page->event || page->fetching;

	free(page->event);
	page->event = NULL;
	page->fetching = !shown;
	return shown ? SCREEN_NOTHING : SCREEN_FETCH;
}

/* What only a ranking knows of a key: its last minute. */
static void
add_recent(const struct view_table *table, struct view_row *row)
{
	const struct view_row *ends[] = {table->top, table->bottom};
	const unsigned lens[] = {table->top_len, table->bottom_len};

	for (int i = 0; i < VIEW_SECONDS; i++)
		row->recent[i] = -1;
	row->per_s = -1;
	for (int end = 0; end < 2; end++) {
		for (unsigned i = 0; i < lens[end]; i++) {
			const struct view_row *at = &ends[end][i];

			if (at->id.size != row->id.size ||
			    memcmp(at->id.data, row->id.data, row->id.size))
				continue;
			memcpy(row->recent, at->recent, sizeof(row->recent));
			row->per_s = at->per_s;
			return;
		}
	}
}

void
keypage_draw(struct screen *screen, struct canvas *canvas,
	     const struct area *body)
{
	struct keypage *page = &screen->key;
	const struct table_spec *spec = screen->view->tables[page->table].spec;
	struct area inside = {body->row + 1, body->col, body->rows - 1,
			      body->cols};
	char name[PIPELINE_NAME_MAX + 128];

	snprintf(name, sizeof(name), "%s", spec->name);
	if (spec->window_ms)
		snprintf(name, sizeof(name), "%s, window of %s", spec->name,
			 format_time(page->window_ms).text);
	overlay_draw_rule(canvas, body, name);
	if (page->key) {
		char commit[64];

		struct keypage_facts facts = {
		    .view = screen->view,
		    .table = page->table,
		    .windows = page->windows,
		    .row = &page->key->row,
		    .key = page->key,
		    .event = page->event,
		    .fetching = page->fetching,
		    .brokers = screen->brokers,
		    .live = !screen->frozen && !screen->live.ended,
		    .scale = &page->scale,
		};

		snprintf(commit, sizeof(commit), "commit %s",
			 format_int((int64_t)page->key->commit).text);
		overlay_draw_headline(canvas, body, name, STYLE_NORMAL, commit);
		if (!spec->window_ms)
			add_recent(&screen->view->tables[page->table],
				   &page->key->row);
		keypage_draw_facts(&facts, canvas, &inside);
	} else {
		canvas_wrap(canvas,
			    &(struct area){inside.row, inside.col + 2,
					   inside.rows, inside.cols - 4},
			    0, STYLE_PENDING, page->problem,
			    strlen(page->problem));
	}
}
