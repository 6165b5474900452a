/* "panels": what is shown, and of which table. */
#include <string.h>

#include "pipeline/compile.h"

static const struct {
	const char *name;
	bool table; /* it shows a table; otherwise the flow */
} panel_kinds[PANEL_KINDS] = {
    [PANEL_AVERAGE] = {"average", true},
    [PANEL_EXTREMES] = {"extremes", true},
    [PANEL_SHARE] = {"share", true},
    [PANEL_SPREAD] = {"spread", true},
    [PANEL_SERIES] = {"series", false},
    [PANEL_LEDGER] = {"ledger", false},
    [PANEL_DEAD] = {"dead", false},
    [PANEL_PARTITIONS] = {"partitions", false},
    [PANEL_ALERTS] = {"alerts", false},
    [PANEL_TABLE] = {"table", true},
    [PANEL_WINDOWS] = {"windows", true},
    [PANEL_GENERATOR] = {"generator", false},
    [PANEL_LOG] = {"log", false},
    [PANEL_LINES] = {"lines", true},
    [PANEL_SCHEMA] = {"schema", false},
};

const char *
panel_kind_name(enum panel_kind kind)
{
	return panel_kinds[kind].name;
}

static bool
same_key(const struct table_spec *a, const struct table_spec *b)
{
	return a->by_len == b->by_len &&
	       !memcmp(a->by, b->by, a->by_len * sizeof(a->by[0]));
}

static int
read_windows(const struct reader *r, const struct json_value *value,
	     const struct pipeline *p, struct panel_spec *panel)
{
	const struct table_spec *table = &p->tables[panel->table], *windows;
	int code = compile_table_name(r, value, p, &panel->windows);

	if (code)
		return code;
	windows = &p->tables[panel->windows];
	if (!windows->window_ms)
		return reader_error(r, value, "table \"%s\" has no window",
				    windows->name);
	if (!same_key(table, windows))
		return reader_error(r, value,
				    "table \"%s\" is not by the same fields as "
				    "\"%s\"",
				    windows->name, table->name);
	return 0;
}

/* The table that a panel of its kind can show. */
static int
read_shown(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct panel_spec *panel)
{
	const char *kind = panel_kind_name(panel->kind);
	bool over_windows =
	    panel->kind == PANEL_WINDOWS || panel->kind == PANEL_LINES;
	const struct table_spec *table;
	int code = compile_table_name(r, value, p, &panel->table);

	if (code)
		return code;
	table = &p->tables[panel->table];
	if (over_windows && !table->window_ms)
		return reader_error(r, value,
				    "table \"%s\" has no window; \"%s\" "
				    "panels show those with one",
				    table->name, kind);
	if (!over_windows && table->window_ms)
		return reader_error(r, value,
				    "table \"%s\" has a window; \"%s\" "
				    "panels show tables without one, "
				    "\"windows\" and \"lines\" panels those "
				    "with one",
				    table->name, kind);
	if (panel->kind == PANEL_SHARE &&
	    table->measures[table->rank].kind == MEASURE_DISTINCT)
		return reader_error(r, value,
				    "keys of table \"%s\" can have values in "
				    "common, so they are no shares of a whole",
				    table->name);
	return 0;
}

/* The first table with windows by the same fields as the panel's; -1. */
static int
same_with_windows(const struct pipeline *p, const struct panel_spec *panel)
{
	for (unsigned i = 0; i < p->tables_len; i++)
		if (p->tables[i].window_ms &&
		    same_key(&p->tables[i], &p->tables[panel->table]))
			return (int)i;
	return -1;
}

static int
read_panel(const struct reader *r, const struct json_value *value,
	   const struct pipeline *p, struct panel_spec *panel)
{
	static const struct reader_key keys[] = {
	    {"kind", true},
	    {"table", false},
	    {"windows", false},
	};
	const struct json_value *table = json_get(value, "table");
	const struct json_value *windows = json_get(value, "windows");
	const char *names[PANEL_KINDS];
	unsigned kind;
	int code;

	for (unsigned i = 0; i < PANEL_KINDS; i++)
		names[i] = panel_kinds[i].name;
	panel->table = panel->windows = -1;
	code = reader_object(r, value, READER_KEYS(keys));
	if (!code)
		code = reader_choice(r, json_get(value, "kind"), "panel", names,
				     PANEL_KINDS, &kind);
	if (code)
		return code;
	panel->kind = kind;
	if (windows && kind != PANEL_EXTREMES)
		return reader_error(r, windows,
				    "is for \"extremes\" panels only");
	if (!panel_kinds[kind].table)
		return table ? reader_error(r, table,
					    "a \"%s\" panel shows no table",
					    names[kind])
			     : 0;
	if (!table)
		return reader_error(r, value, "a \"%s\" panel needs \"table\"",
				    names[kind]);
	code = read_shown(r, table, p, panel);
	if (code || kind != PANEL_EXTREMES)
		return code;
	if (windows)
		return read_windows(r, windows, p, panel);
	panel->windows = same_with_windows(p, panel);
	return 0;
}

int
compile_panels(const struct reader *r, const struct json_value *value,
	       struct pipeline *p)
{
	const struct json_value *item;
	int code;

	if (!value) {
		/* What needs no table, in the order of its kinds. */
		for (unsigned i = 0; i < PANEL_KINDS; i++) {
			if (!panel_kinds[i].table)
				p->panels[p->panels_len++] =
				    (struct panel_spec){i, -1, -1};
		}
		return 0;
	}
	code =
	    reader_list(r, value, JSON_ARRAY, 1, PIPELINE_PANELS_MAX, "panels");
	if (code)
		return code;
	for (item = json_first(value); item; item = json_next(item)) {
		code = read_panel(r, item, p, &p->panels[p->panels_len++]);
		if (code)
			return code;
	}
	return 0;
}
