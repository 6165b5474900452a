#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"

#define SECOND    7200
#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)

static const char *const names[LINES_SCENES] = {
    [LINES_NORMAL] = "normal", [LINES_DAYS] = "days",
    [LINES_SECOND] = "second", [LINES_BEGUN] = "begun",
    [LINES_EMPTY] = "empty",   [LINES_HOSTILE] = "hostile",
    [LINES_CLOSE] = "close",   [LINES_ODD] = "odd",
};

static const char *const countries[LINES_KEYS] = {"CA", "DE", "FR", "JP",
						  "SE", "UK", "US"};
static const char *const harmful[LINES_KEYS] = {
    "\033[2Jgone",
    "\xe2\x80\xaegnp.exe",
    "broken \xff\xfe",
    "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe5\xba\x81\xe8\x88\x8d",
    "",
    "a very long key that goes on and on and on and on and on",
    "%s%n"};

const char *
lines_name(enum lines_scene scene)
{
	return names[scene];
}

static void
add_table(struct pipeline *p, const char *name, unsigned field,
	  const char *measure, enum measure_kind kind)
{
	struct table_spec *table = &p->tables[p->tables_len++];

	snprintf(table->name, PIPELINE_NAME_MAX, "%s", name);
	table->by[0] = field;
	table->by_len = table->measures_len = 1;
	snprintf(table->measures[0].name, PIPELINE_NAME_MAX, "%s", measure);
	table->measures[0].kind = kind;
	table->measures[0].field = kind == MEASURE_COUNT ? -1 : 0;
}

static void
add_panel(struct pipeline *p, enum panel_kind kind, int table)
{
	p->panels[p->panels_len++] = (struct panel_spec){kind, table, -1};
}

const struct pipeline *
lines_pipeline(void)
{
	static const char *const fields[] = {"user_id", "country", "event_type",
					     "device_type", "page_url"};
	static struct pipeline p;

	if (p.name[0])
		return &p;
	p = *scene_pipeline();
	snprintf(p.name, sizeof(p.name), "web_events");
	for (int i = 0; i < 5; i++)
		snprintf(p.event.fields[i].name, PIPELINE_NAME_MAX, "%s",
			 fields[i]);
	memset(p.tables, 0, sizeof(p.tables));
	p.tables_len = p.panels_len = 0;
	add_table(&p, "country_averages", 1, "events", MEASURE_COUNT);
	p.tables[LINES_AVERAGES].window_ms = 5 * MINUTE_MS;
	p.tables[LINES_AVERAGES].advance_ms = MINUTE_MS;
	p.tables[LINES_AVERAGES].average_ms = MINUTE_MS;
	add_table(&p, "daily_active_users", 1, "users", MEASURE_DISTINCT);
	p.tables[LINES_USERS].window_ms = DAY_MS;
	p.tables[LINES_USERS].advance_ms = DAY_MS;
	p.tables[LINES_USERS].measures[0].approximate = true;
	add_table(&p, "event_types", 2, "events", MEASURE_COUNT);
	add_table(&p, "devices", 3, "events", MEASURE_COUNT);
	add_table(&p, "pages", 4, "events", MEASURE_COUNT);
	add_panel(&p, PANEL_LINES, LINES_AVERAGES);
	add_panel(&p, PANEL_LINES, LINES_USERS);
	add_panel(&p, PANEL_SHARE, LINES_TYPES);
	add_panel(&p, PANEL_SHARE, LINES_DEVICES);
	add_panel(&p, PANEL_TABLE, LINES_PAGES);
	add_panel(&p, PANEL_DEAD, -1);
	add_panel(&p, PANEL_SCHEMA, -1);
	add_panel(&p, PANEL_LEDGER, -1);
	add_panel(&p, PANEL_SERIES, -1);
	add_panel(&p, PANEL_ALERTS, -1);
	add_panel(&p, PANEL_PARTITIONS, -1);
	p.alerts_len = 1;
	p.alerts[0] =
	    (struct alert_spec){.name = "dead letters",
				.severity = SEVERITY_WARNING,
				.kind = ALERT_FLOW,
				.flow = ALERT_DEAD_SHARE,
				.table = -1,
				.measure = -1,
				.limit = {.kind = VALUE_REAL, .d = 0.3}};
	return &p;
}

static struct view_text
text(struct view *view, const char *s)
{
	return view_copy(view, s, strlen(s));
}

/* Of a line in a window, `back` windows ago; each has a wave of its own. */
static struct value
value_in(enum lines_scene scene, unsigned table, int line, int back,
	 double part)
{
	double level = 10 + 2 * line, swing;

	if (scene == LINES_ODD)
		return back % 5 == 0   ? value_none()
		       : back % 5 == 1 ? value_real(INFINITY)
		       : back % 5 == 2 ? value_int(INT64_MIN)
		       : back % 5 == 3 ? value_real(NAN)
				       : value_int(INT64_MAX);
	swing = 0.2 * sin(back / (7.0 + line) + 2 * line);
	if (scene == LINES_CLOSE) {
		level = 7.6 + 0.02 * line;
		swing *= 0.1;
	}
	if (table == LINES_USERS)
		return value_int((int64_t)(40 * level * (1 + swing) * part));
	return value_real(round(100 * level * (1 + swing) * part) / 100);
}

/*
 * The newest `len` windows, of which the newest `open` are not complete: they
 * have the part of their events that there is yet.
 */
static void
fill_windows(struct view *view, enum lines_scene scene, unsigned index,
	     unsigned len, unsigned open)
{
	struct view_table *table = &view->tables[index];
	int64_t step = table->spec->advance_ms;
	int64_t newest = SCENE_START_MS + SECOND * INT64_C(1000) / step * step;

	table->windows = view_alloc(view, len * sizeof(*table->windows));
	table->windows_len = len;
	table->lines = view_alloc(view, LINES_KEYS * sizeof(*table->lines));
	table->lines_len = LINES_KEYS;
	for (unsigned w = 0; w < len; w++) {
		struct view_window *window = &table->windows[w];

		window->start_ms = newest - step * w;
		window->end_ms = window->start_ms + table->spec->window_ms;
		window->complete = w >= open;
		window->span_ms = table->spec->window_ms;
		window->summary.keys = LINES_KEYS;
	}
	for (int i = 0; i < LINES_KEYS; i++) {
		struct view_line *line = &table->lines[i];

		line->key = text(view, scene == LINES_HOSTILE ? harmful[i]
							      : countries[i]);
		line->id = text(view, countries[i]);
		line->values = view_alloc(view, len * sizeof(struct value));
		for (unsigned w = 0; w < len; w++) {
			double part = w < open ? (w + 0.5) / open : 1;
			bool there = !(i == 3 && w >= 20 && w < 40);

			if (scene == LINES_DAYS && i < 3 && w > 12)
				there = false;
			line->values[w] =
			    there ? value_in(scene, index, i, (int)w, part)
				  : value_none();
		}
	}
}

static void
fill_keys(struct view *view, unsigned index, const char *const *keys, int len,
	  int64_t total)
{
	struct view_table *table = &view->tables[index];
	int64_t left = total;

	table->top = view_alloc(view, sizeof(*table->top) * (size_t)len);
	table->bottom = view_alloc(view, sizeof(*table->top) * (size_t)len);
	table->top_len = table->bottom_len = (unsigned)len;
	for (int i = 0; i < len; i++) {
		struct view_row *row = &table->top[i];
		int64_t count =
		    i + 1 < len ? left / (len - i) + 10 * (len - i) : left;

		left -= count;
		row->key = row->id = text(view, keys[i]);
		row->measures[0] = value_int(count);
		row->first = (struct view_position){i % 4, i, "my_events"};
		row->last =
		    (struct view_position){i % 4, 9000 + i, "my_events"};
		for (int s = 0; s < VIEW_SECONDS; s++)
			row->recent[s] = count / SECOND + (s + i) % 3;
		row->per_s = (double)count / SECOND;
		table->bottom[len - 1 - i] = *row;
	}
	table->summary.keys = len;
	table->summary.total = value_int(total);
	table->summary.average = value_real((double)total / len);
	table->summary.max = table->top[0].measures[0];
	table->summary.max_key = table->top[0].key;
	table->summary.min = table->bottom[0].measures[0];
	table->summary.min_key = table->bottom[0].key;
	table->summary.min_keys = 1;
}

static void
fill_seen(struct view *view)
{
	static const char *const fields[] = {
	    "event_type", "user_id", "page_url",   "button_id",
	    "timestamp",  "country", "device_type"};

	view->seen_len = 7;
	view->seen = view_alloc(view, 7 * sizeof(*view->seen));
	view->seen_events = 72000;
	for (int i = 0; i < 7; i++) {
		struct view_seen *seen = &view->seen[i];

		seen->name = text(view, fields[i]);
		seen->known = true;
		seen->events = i < 6 ? 72000 : 71700;
		seen->types[i == 1 || i == 4 ? VIEW_TYPE_INTEGER
					     : VIEW_TYPE_STRING] = seen->events;
		seen->first =
		    (struct view_position){0, i < 6 ? 0 : 75, "my_events"};
		seen->last = (struct view_position){3, 17999, "my_events"};
	}
}

struct view *
lines_view(enum lines_scene scene)
{
	static const char *const types[] = {"page_view", "button_click"};
	static const char *const devices[] = {"mobile", "desktop", "tablet"};
	static const char *const pages[] = {"/page/17", "/page/4",  "/page/81",
					    "/page/52", "/page/9",  "/page/33",
					    "/page/70", "/page/100"};
	const struct pipeline *pipeline = lines_pipeline();
	struct view *view = scene_view(
	    scene == LINES_EMPTY ? SCENE_EMPTY : SCENE_NORMAL, SECOND);

	view->pipeline = pipeline;
	snprintf(view->topic, sizeof(view->topic), "my_events");
	view->tables_len = pipeline->tables_len;
	view->tables =
	    view_alloc(view, sizeof(*view->tables) * view->tables_len);
	for (unsigned i = 0; i < view->tables_len; i++)
		view->tables[i].spec = &pipeline->tables[i];
	view->rules_len = 1;
	view->rules = view_alloc(view, sizeof(*view->rules));
	view->rules[0].fired_ms = -1;
	if (scene == LINES_EMPTY)
		return view;
	fill_windows(view, scene, LINES_AVERAGES,
		     scene == LINES_BEGUN ? 5 : VIEW_WINDOWS, 5);
	fill_windows(view, scene, LINES_USERS,
		     scene == LINES_DAYS     ? 20
		     : scene == LINES_SECOND ? 2
					     : 1,
		     1);
	fill_keys(view, LINES_TYPES, types, 2, 61200);
	fill_keys(view, LINES_DEVICES, devices, 3, 60945);
	fill_keys(view, LINES_PAGES, pages, 8, 61200);
	view->tables[LINES_PAGES].summary.keys = 100;
	fill_seen(view);
	return view;
}
