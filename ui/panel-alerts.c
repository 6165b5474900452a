/* Alerts: those that fire, what became of others, and the rules. */
#include <stdio.h>
#include <string.h>

#include "banner.h"
#include "base/hash.h"
#include "format.h"
#include "panel.h"

static const struct {
	const char *mark, *now, *past; /* what it is, and what it once did */
	enum style style;
} states[] = {
    [VIEW_ALERT_PENDING] = {"…", "pending", "came up", STYLE_PENDING},
    [VIEW_ALERT_FIRING] = {"▲", "firing", "fired", STYLE_BAD},
    [VIEW_ALERT_ACKNOWLEDGED] = {"✓", "acknowledged", "acknowledged",
				 STYLE_NORMAL},
    [VIEW_ALERT_CLEARED] = {"·", "cleared", "cleared", STYLE_DIM},
};

static const enum style severities[] = {
    [SEVERITY_INFO] = STYLE_NORMAL,
    [SEVERITY_WARNING] = STYLE_PENDING,
    [SEVERITY_CRITICAL] = STYLE_BAD,
};

enum style
panel_alerts_style(enum alert_severity severity)
{
	return severities[severity];
}

struct format
panel_alerts_since(int64_t now_ms, int64_t since_ms)
{
	int64_t days = (now_ms - since_ms) / 86400000;
	struct format f;

	if (since_ms < 0 || days < 1)
		return format_clock(since_ms);
	snprintf(f.text, sizeof(f.text), "%.12s d ago", format_int(days).text);
	return f;
}

struct panel_alerts_row
panel_alerts_row(const struct view *view, unsigned row)
{
	struct panel_alerts_row at = {.kind = ALERTS_NOW};

	if (row < view->alerts_len) {
		at.alert = &view->alerts[row];
	} else if ((row -= view->alerts_len) < view->alert_log_len) {
		at.kind = ALERTS_PAST;
		at.alert = &view->alert_log[row];
	} else {
		at.kind = ALERTS_RULE;
		at.rule = row - view->alert_log_len;
	}
	if (at.alert)
		at.rule = at.alert->rule;
	return at;
}

static unsigned
rules_len(const struct view *view)
{
	unsigned len = view->rules_len;

	return len < view->pipeline->alerts_len ? len
						: view->pipeline->alerts_len;
}

static unsigned
alerts_rows(const struct panel *panel)
{
	const struct view *view = panel->view;

	return view->alerts_len + view->alert_log_len + rules_len(view);
}

static uint64_t
alerts_id(const struct panel *panel, unsigned row)
{
	struct panel_alerts_row at = panel_alerts_row(panel->view, row);
	uint64_t parts[3] = {at.kind, at.rule, 0};

	if (at.alert) {
		parts[2] = at.alert->id;
		/* It is there once for each thing that became of it. */
		if (at.kind == ALERTS_PAST)
			parts[1] = at.alert->state;
	}
	return hash64(parts, sizeof(parts));
}

static int
alerts_rows_wanted(const struct panel *panel)
{
	unsigned rows = alerts_rows(panel);

	return 3 + (int)(rows < 4 ? 4 : rows);
}

static enum style
alerts_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view *view = panel->view;
	int64_t firing = 0, acknowledged = 0, pending = 0;
	enum style style = STYLE_BOLD;

	for (unsigned i = 0; i < rules_len(view); i++) {
		const struct view_rule *rule = &view->rules[i];

		firing += rule->firing;
		acknowledged += rule->acknowledged;
		pending += rule->pending;
		if (rule->firing && style != STYLE_BAD)
			style = panel_alerts_style(
			    view->pipeline->alerts[i].severity);
	}
	if (rules_len(view) == 0)
		snprintf(out, size, "not known");
	else if (width >= 48)
		snprintf(out, size, "%s firing, %s acknowledged, %s pending",
			 format_count(firing).text,
			 format_count(acknowledged).text,
			 format_count(pending).text);
	else
		snprintf(out, size, "%s firing",
			 format_count_fit(firing, 11).text);
	return firing ? style : STYLE_BOLD;
}

/* Columns, from left to right; a width of 0: there is no room. */
struct widths {
	int state; /* with the mark */
	int severity, rule, key, value, limit, since;
};

static struct widths
widths_for(struct panel *panel, const struct canvas *canvas, int cols)
{
	const struct pipeline *p = panel->view->pipeline;
	struct widths w = {.state = 1, .value = 9};
	int used;

	for (unsigned i = 0; i < p->alerts_len; i++) {
		int name = canvas_width(canvas, p->alerts[i].name,
					strlen(p->alerts[i].name));

		if (panel->key_width < name)
			panel->key_width = name;
	}
	w.rule = panel->key_width < 4 ? 4 : panel->key_width;
	if (w.rule > cols / 4)
		w.rule = cols / 4;
	if (cols >= 50)
		w.since = 9;
	if (cols >= 64)
		w.limit = w.value = 11;
	if (cols >= 78)
		w.severity = 8;
	if (cols >= 92)
		w.state = 14;
	used = 2 + w.state + (w.state > 1 ? 2 : 1) + w.rule + 2 + 2 + w.value;
	used += w.severity ? w.severity + 2 : 0;
	used += w.limit ? w.limit + 2 : 0;
	used += w.since ? w.since + 2 : 0;
	w.key = cols - used;
	return w;
}

/* Where the columns stand. */
struct places {
	int state, severity, rule, key, value, limit, since;
};

static struct places
places_of(const struct widths *w)
{
	struct places at = {.state = 2};

	at.severity = at.state + w->state + (w->state > 1 ? 2 : 1);
	at.rule = at.severity + (w->severity ? w->severity + 2 : 0);
	at.key = at.rule + w->rule + 2;
	at.value = at.key + w->key + 2;
	at.limit = at.value + w->value + 2;
	at.since = at.limit + (w->limit ? w->limit + 2 : 0);
	return at;
}

static void
put_state(struct canvas *canvas, const struct area *line, int col, int width,
	  enum style style, const char *mark, const char *word)
{
	canvas_puts(canvas, line, 0, col, style, mark);
	if (width > 1)
		canvas_fit(canvas, line, 0, col + 2, width - 2, style, word,
			   strlen(word));
}

/* "never fired", "fired 12 times": of a rule, where others have their key. */
static void
put_rule(const struct view *view, unsigned rule, struct canvas *canvas,
	 const struct area *line, const struct widths *w,
	 const struct places *at)
{
	const struct view_rule *stands = &view->rules[rule];
	int room = w->key + 2 + w->value;
	char text[64];

	put_state(canvas, line, at->state, w->state, STYLE_DIM,
		  stands->muted ? "×" : " ", stands->muted ? "muted" : "rule");
	if (stands->fired == 0)
		snprintf(text, sizeof(text), "never fired");
	else
		snprintf(text, sizeof(text), "fired %s time%s",
			 format_count(stands->fired).text,
			 stands->fired == 1 ? "" : "s");
	if (w->state == 1 && stands->muted)
		snprintf(text, sizeof(text), "muted");
	canvas_fit(canvas, line, 0, at->key, room, STYLE_DIM, text,
		   strlen(text));
	if (w->since && stands->fired)
		canvas_right(
		    canvas, line, 0, at->since, w->since, STYLE_DIM,
		    panel_alerts_since(view->commit_ms, stands->fired_ms).text);
}

static void
put_alert(const struct view *view, const struct view_alert *alert, bool past,
	  struct canvas *canvas, const struct area *line,
	  const struct widths *w, const struct places *at)
{
	enum style plain = past ? STYLE_DIM : STYLE_NORMAL;

	put_state(canvas, line, at->state, w->state,
		  past ? STYLE_DIM : states[alert->state].style,
		  past ? "·" : states[alert->state].mark,
		  past ? states[alert->state].past : states[alert->state].now);
	if (alert->key.size)
		canvas_fit(canvas, line, 0, at->key, w->key, plain,
			   alert->key.data, alert->key.size);
	else
		canvas_puts(canvas, line, 0, at->key, STYLE_DIM,
			    FORMAT_UNKNOWN);
	canvas_right(canvas, line, 0, at->value, w->value,
		     past ? STYLE_DIM : STYLE_BOLD,
		     format_value_fit(alert->value, w->value).text);
	if (w->limit)
		canvas_right(canvas, line, 0, at->limit, w->limit, plain,
			     format_value_fit(alert->limit, w->limit).text);
	if (w->since)
		canvas_right(
		    canvas, line, 0, at->since, w->since, plain,
		    panel_alerts_since(view->commit_ms, alert->since_ms).text);
}

static void
alerts_draw_row(struct panel *panel, unsigned index, struct canvas *canvas,
		const struct area *line, void *ctx)
{
	const struct view *view = panel->view;
	struct panel_alerts_row row = panel_alerts_row(view, index);
	const struct alert_spec *spec = &view->pipeline->alerts[row.rule];
	bool dim = row.kind != ALERTS_NOW;
	const struct widths *w = ctx;
	struct places at = places_of(w);

	if (row.alert)
		put_alert(view, row.alert, dim, canvas, line, w, &at);
	else
		put_rule(view, row.rule, canvas, line, w, &at);
	if (w->severity)
		canvas_puts(canvas, line, 0, at.severity,
			    dim ? STYLE_DIM
				: panel_alerts_style(spec->severity),
			    alert_severity_name(spec->severity));
	canvas_fit(canvas, line, 0, at.rule, w->rule,
		   dim ? STYLE_DIM : STYLE_NORMAL, spec->name,
		   strlen(spec->name));
}

static void
alerts_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view *view = panel->view;
	struct widths w = widths_for(panel, canvas, area->cols);
	struct places at = places_of(&w);
	int64_t total = rules_len(view) + view->alert_log_len;

	if (rules_len(view) == 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    "not shown of the past");
		return;
	}
	/* The view has the first of them; their number it knows of all. */
	for (unsigned i = 0; i < rules_len(view); i++)
		total += view->rules[i].firing + view->rules[i].acknowledged +
			 view->rules[i].pending;
	if (area->rows >= 3) {
		if (w.state > 1)
			canvas_puts(canvas, area, 0, at.state + 2, STYLE_DIM,
				    "state");
		if (w.severity)
			canvas_puts(canvas, area, 0, at.severity, STYLE_DIM,
				    "severity");
		canvas_puts(canvas, area, 0, at.rule, STYLE_DIM, "rule");
		canvas_puts(canvas, area, 0, at.key, STYLE_DIM, "key");
		canvas_right(canvas, area, 0, at.value, w.value, STYLE_DIM,
			     "value");
		if (w.limit)
			canvas_right(canvas, area, 0, at.limit, w.limit,
				     STYLE_DIM, "limit");
		if (w.since)
			canvas_right(canvas, area, 0, at.since, w.since,
				     STYLE_DIM, "since UTC");
	}
	panel_list(panel, canvas, area, area->rows >= 3, total, alerts_draw_row,
		   &w);
}

/* ---- The page of one ---- */

#define LABEL 14

static void
put_line(struct canvas *canvas, const struct area *area, int row,
	 const char *label, enum style style, const char *data, size_t size)
{
	canvas_puts(canvas, area, row, 2, STYLE_DIM, label);
	canvas_fit(canvas, area, row, 2 + LABEL, area->cols - 3 - LABEL, style,
		   data, size);
}

static void
put_text(struct canvas *canvas, const struct area *area, int row,
	 const char *label, enum style style, const char *text)
{
	put_line(canvas, area, row, label, style, text, strlen(text));
}

/* Returns the row behind it. */
static int
draw_alert(const struct view *view, const struct view_alert *alert, bool past,
	   struct canvas *canvas, const struct area *area)
{
	struct area message = {area->row, area->col + 2, area->rows < 3 ? 1 : 3,
			       area->cols - 3};
	struct format from = format_time(alert->since_ms);
	char text[192];
	int row;

	row = canvas_wrap(canvas, &message, 0, STYLE_BOLD, alert->message.data,
			  alert->message.size);
	row += row > 0;
	if (past)
		snprintf(text, sizeof(text), "%s at %s",
			 states[alert->state].past, from.text);
	else
		snprintf(text, sizeof(text), "%s since %s, for %s",
			 states[alert->state].now, from.text,
			 format_elapsed(view->commit_ms > alert->since_ms
					    ? view->commit_ms - alert->since_ms
					    : 0)
			     .text);
	put_text(canvas, area, row++, past ? "then" : "state",
		 past ? STYLE_NORMAL : states[alert->state].style, text);
	put_text(canvas, area, row++, "fired", STYLE_NORMAL,
		 alert->fired_ms < 0 ? "not yet"
				     : format_time(alert->fired_ms).text);
	if (alert->key.size)
		put_line(canvas, area, row++, "key", STYLE_BOLD,
			 alert->key.data, alert->key.size);
	if (alert->window_ms >= 0)
		put_text(canvas, area, row++, "window from", STYLE_NORMAL,
			 format_time(alert->window_ms).text);
	put_text(canvas, area, row++, "value", STYLE_BOLD,
		 format_value(alert->value).text);
	put_text(canvas, area, row++, "limit", STYLE_NORMAL,
		 format_value(alert->limit).text);
	return row;
}

/* What it is about: "interactions of items, windows of 1 min". */
static void
subject(const struct pipeline *p, const struct alert_spec *spec, char *out,
	size_t size)
{
	const struct table_spec *table;

	if (spec->table < 0) {
		snprintf(out, size, "the flow");
		return;
	}
	table = &p->tables[spec->table];
	snprintf(out, size, "%s%s%s%s%s",
		 spec->measure >= 0 ? table->measures[spec->measure].name : "",
		 spec->measure >= 0 ? " of " : "", table->name,
		 table->window_ms ? ", windows of " : "",
		 table->window_ms ? format_span(table->window_ms).text : "");
}

static int
draw_rule(const struct view *view, unsigned rule, struct canvas *canvas,
	  const struct area *area, int row)
{
	const struct alert_spec *spec = &view->pipeline->alerts[rule];
	const struct view_rule *stands =
	    rule < rules_len(view) ? &view->rules[rule] : NULL;
	char text[4 * PIPELINE_NAME_MAX];

	snprintf(text, sizeof(text), "%s, %s%s", spec->name,
		 alert_severity_name(spec->severity),
		 stands && stands->muted ? ", muted: it tells nobody" : "");
	put_text(canvas, area, row++, "rule",
		 panel_alerts_style(spec->severity), text);
	subject(view->pipeline, spec, text, sizeof(text));
	put_text(canvas, area, row++, "about", STYLE_NORMAL, text);
	if (!stands)
		return row;
	snprintf(text, sizeof(text), "%s firing, %s acknowledged, %s pending",
		 format_count(stands->firing).text,
		 format_count(stands->acknowledged).text,
		 format_count(stands->pending).text);
	put_text(canvas, area, row++, "now", STYLE_NORMAL, text);
	if (stands->fired == 0)
		snprintf(text, sizeof(text), "never");
	else
		snprintf(text, sizeof(text), "%s time%s, last %s",
			 format_count(stands->fired).text,
			 stands->fired == 1 ? "" : "s",
			 format_time(stands->fired_ms).text);
	put_text(canvas, area, row++, "fired so far", STYLE_NORMAL, text);
	return row;
}

/* What became of this alert; of a rule, of all of its alerts. */
static void
draw_log(const struct view *view, const struct panel_alerts_row *about,
	 struct canvas *canvas, const struct area *area, int row)
{
	for (unsigned i = 0; i < view->alert_log_len && row < area->rows; i++) {
		const struct view_alert *at = &view->alert_log[i];
		struct format time = format_time(at->since_ms);
		int col = 2;

		if (at->rule != about->rule ||
		    (about->alert && at->id != about->alert->id))
			continue;
		col +=
		    canvas_puts(canvas, area, row, col, STYLE_DIM, time.text) +
		    2;
		canvas_puts(canvas, area, row, col, STYLE_NORMAL,
			    states[at->state].past);
		canvas_right(canvas, area, row, col + 12, 13, STYLE_NORMAL,
			     format_value_fit(at->value, 13).text);
		if (!about->alert)
			canvas_fit(canvas, area, row, col + 27,
				   area->cols - col - 28, STYLE_NORMAL,
				   at->key.data, at->key.size);
		row++;
	}
}

static void
alerts_detail(struct panel *panel, unsigned index, struct canvas *canvas,
	      const struct area *area)
{
	struct panel_alerts_row at = panel_alerts_row(panel->view, index);
	int row = 0;

	if (at.alert)
		row = draw_alert(panel->view, at.alert, at.kind == ALERTS_PAST,
				 canvas, area) +
		      1;
	row = draw_rule(panel->view, at.rule, canvas, area, row) + 1;
	draw_log(panel->view, &at, canvas, area, row);
}

const struct panel_class panel_alerts = {
    .kind = PANEL_ALERTS,
    .name = "alerts",
    .rows_min = 5,
    .rows_wanted = alerts_rows_wanted,
    .rows = alerts_rows,
    .id = alerts_id,
    .headline = alerts_headline,
    .draw = alerts_draw,
    .detail = alerts_detail,
};
