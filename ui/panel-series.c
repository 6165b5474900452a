/* The throughput of the whole flow, second by second. */
#include <stdio.h>

#include "chart.h"
#include "format.h"
#include "panel.h"

static int
series_rows_wanted(const struct panel *panel)
{
	(void)panel;
	return 12;
}

static enum style
series_headline(const struct panel *panel, int width, char *out, size_t size)
{
	const struct view *view = panel->view;
	double per_s = -1;

	if (view->history_len > 0 && view->history[view->history_len - 1].known)
		per_s = (double)view->history[view->history_len - 1].consumed;
	snprintf(out, size,
		 width >= 28 ? "%s events/s consumed" : "%s events/s",
		 format_rate(per_s).text);
	return STYLE_BOLD;
}

/* The seconds in which alerts began to fire. */
static void
mark_alerts(const struct view *view, enum chart_mark marks[VIEW_HISTORY])
{
	int64_t newest = view->history[view->history_len - 1].second;

	for (unsigned i = 0; i < view->alert_log_len; i++) {
		const struct view_alert *alert = &view->alert_log[i];
		int64_t back = newest - alert->since_ms / 1000;
		enum chart_mark mark =
		    view->rules[alert->rule].muted ? CHART_QUIET : CHART_LOUD;

		if (alert->state == VIEW_ALERT_FIRING && back >= 0 &&
		    back < VIEW_HISTORY &&
		    marks[VIEW_HISTORY - 1 - back] < mark)
			marks[VIEW_HISTORY - 1 - back] = mark;
	}
}

static void
series_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view *view = panel->view;
	int64_t values[VIEW_HISTORY], largest = 0;
	enum chart_mark marks[VIEW_HISTORY] = {CHART_NONE};
	unsigned len =
	    view->history_len < VIEW_HISTORY ? view->history_len : VIEW_HISTORY;
	unsigned from = view->history_len - len;
	unsigned shown = chart_seconds_shown(area, VIEW_HISTORY);

	if (len == 0 && view->commit_us < 0) {
		canvas_puts(canvas, area, 0, 2, STYLE_DIM,
			    "snapshots keep no seconds");
		return;
	}
	/* A history that has only begun stands at the right, as later. */
	for (unsigned i = 0; i < VIEW_HISTORY - len; i++)
		values[i] = -1;
	for (unsigned i = 0; i < len; i++) {
		const struct view_second *at = &view->history[from + i];
		int64_t n = at->known ? at->consumed : -1;

		values[VIEW_HISTORY - len + i] = n;
		if (n > largest && len - i <= shown)
			largest = n;
	}
	if (len > 0)
		mark_alerts(view, marks);
	panel->scale = chart_scale(panel->scale, (double)largest);
	chart_seconds(canvas, area, STYLE_LIVE, values, marks, VIEW_HISTORY,
		      panel->scale, panel->live ? "now" : "end");
}

const struct panel_class panel_series = {
    .kind = PANEL_SERIES,
    .name = "throughput",
    .rows_min = 6,
    .rows_wanted = series_rows_wanted,
    .headline = series_headline,
    .draw = series_draw,
};
