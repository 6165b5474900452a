/* Alerts around the panels: the banner, their keys, and what is new. */
#include <stdio.h>
#include <string.h>

#include "banner.h"
#include "columns.h"
#include "keys.h"
#include "screen.h"

/* An alert that began to fire so long ago is news to a screen that begins. */
#define FRESH_MS 5000

/* ---- What fires ---- */

static bool
tells(const struct view *view, unsigned rule)
{
	return rule < view->rules_len && rule < view->pipeline->alerts_len &&
	       !view->rules[rule].muted && view->rules[rule].firing > 0;
}

static enum alert_severity
severity(const struct view *view, unsigned rule)
{
	return view->pipeline->alerts[rule].severity;
}

bool
banner_group(const struct view *view, struct banner_group *group)
{
	int64_t all = 0;
	int worst = -1;

	if (!view)
		return false;
	for (unsigned i = 0; i < view->rules_len; i++) {
		if (!tells(view, i))
			continue;
		all += view->rules[i].firing;
		if (worst < 0 ||
		    severity(view, i) > severity(view, (unsigned)worst))
			worst = (int)i;
	}
	if (worst < 0)
		return false;
	*group = (struct banner_group){.rule = (unsigned)worst};
	for (unsigned i = 0; i < view->alerts_len && !group->example; i++) {
		const struct view_alert *alert = &view->alerts[i];

		if (alert->state != VIEW_ALERT_FIRING ||
		    !tells(view, alert->rule) ||
		    severity(view, alert->rule) < severity(view, group->rule))
			continue;
		group->example = alert;
		group->rule = alert->rule;
	}
	group->firing = view->rules[group->rule].firing;
	group->others = all - group->firing;
	return true;
}

/* ---- The banner ---- */

bool
banner_is_there(const struct screen *screen)
{
	struct banner_group group;

	return banner_group(screen_newest(screen), &group);
}

/* What the banner leaves out, or says shorter, when there is little room. */
enum detail {
	DETAIL_ALL,
	DETAIL_NO_ZONE,
	DETAIL_SHORT_KEYS,
	DETAIL_SHORT,
	DETAIL_NO_OTHERS,
	DETAIL_NO_TIME,
	DETAIL_NO_EXAMPLE, /* one of many keys */
	DETAIL_NO_KEYS,
	DETAILS,
};

/* " at 5,212, limit 5,000, since 12:03:10 UTC", " 5,212 > 5,000" */
static void
say_numbers(const struct view *view, const struct banner_group *group,
	    enum detail detail, char *out, size_t size)
{
	const struct view_alert *at = group->example;
	struct format since;
	double value, limit;
	size_t used;

	out[0] = '\0';
	if (!at || (group->firing > 1 && detail >= DETAIL_NO_EXAMPLE))
		return;
	value = value_double(at->value);
	limit = value_double(at->limit);
	if (detail < DETAIL_SHORT)
		used = (size_t)snprintf(out, size, " at %s, limit %s",
					format_value(at->value).text,
					format_value(at->limit).text);
	else
		used = (size_t)snprintf(out, size, " %s %s %s",
					format_value_fit(at->value, 11).text,
					value > limit   ? ">"
					: value < limit ? "<"
							: "=",
					format_value_fit(at->limit, 11).text);
	if (detail >= DETAIL_NO_TIME || used >= size)
		return;
	since = panel_alerts_since(view->commit_ms, at->since_ms);
	snprintf(out + used, size - used, ", since %s%s", since.text,
		 detail < DETAIL_NO_ZONE && strchr(since.text, ':') ? " UTC"
								    : "");
}

/* "critical  hot item  10,000 keys firing, as " */
static void
say_rule(const struct view *view, const struct banner_group *group,
	 enum detail detail, char *out, size_t size)
{
	const struct alert_spec *spec = &view->pipeline->alerts[group->rule];
	const char *before =
	    detail < DETAIL_SHORT ? alert_severity_name(spec->severity) : "";
	bool example = group->example && detail < DETAIL_NO_EXAMPLE;
	bool of_keys = group->example && group->example->key.size;

	if (group->firing == 1)
		snprintf(out, size, "%s%s%s%s", before, *before ? "  " : "",
			 spec->name, of_keys ? "  " : "");
	else
		snprintf(out, size, "%s%s%s  %s%s%s%s", before,
			 *before ? "  " : "", spec->name,
			 format_count(group->firing).text,
			 of_keys ? " keys" : "",
			 detail < DETAIL_SHORT || !example ? " firing" : "",
			 !example  ? ""
			 : of_keys ? ", as "
				   : ", one");
}

/* "and 2 more   a acknowledge", which is drawn in two styles. */
static void
say_keys(const struct screen *screen, const struct banner_group *group,
	 enum detail detail, char *others, size_t others_size, char *keys_text,
	 size_t keys_size)
{
	others[0] = keys_text[0] = '\0';
	if (group->others && detail < DETAIL_NO_OTHERS)
		snprintf(others, others_size, "and %s more",
			 format_count(group->others).text);
	if (!(screen->offers & KEYS_COMMANDS) || detail >= DETAIL_NO_KEYS)
		return;
	/* Ten thousand are not acknowledged one by one. */
	snprintf(keys_text, keys_size, "%s %s", group->firing == 1 ? "a" : "A",
		 detail < DETAIL_SHORT_KEYS ? "acknowledge" : "ack");
}

void
banner_draw(struct screen *screen, struct canvas *canvas, int row)
{
	const struct view *view = screen_newest(screen);
	struct area line = {row, 0, 1, canvas->cols};
	char rule[PIPELINE_NAME_MAX + 96], numbers[192], others[64], key[24];
	struct view_text text = {"", 0};
	struct banner_group group;
	enum style style;
	int wanted, left = 0, col = 1, right;

	if (!banner_group(view, &group))
		return;
	if (group.example)
		text = group.example->key;
	wanted =
	    canvas_width(canvas, text.data, text.size < 256 ? text.size : 256);
	for (int detail = 0; detail < DETAILS; detail++) {
		int need = detail < DETAIL_NO_OTHERS ? 16 : 8;

		if (detail == DETAIL_NO_EXAMPLE && group.firing > 1)
			wanted = 0;
		say_rule(view, &group, (enum detail)detail, rule, sizeof(rule));
		say_numbers(view, &group, (enum detail)detail, numbers,
			    sizeof(numbers));
		say_keys(screen, &group, (enum detail)detail, others,
			 sizeof(others), key, sizeof(key));
		left = line.cols - 5 -
		       canvas_width(canvas, rule, strlen(rule)) -
		       canvas_width(canvas, numbers, strlen(numbers)) -
		       (int)(others[0] ? strlen(others) + 2 : 0) -
		       (int)(key[0] ? strlen(key) + 2 : 0) -
		       (screen->back ? 5 : 0);
		if (left >= (wanted < need ? wanted : need))
			break;
	}
	style = panel_alerts_style(severity(view, group.rule));
	right = line.cols - 1;
	if (key[0]) {
		right -= (int)strlen(key);
		canvas_puts(canvas, &line, 0, right, STYLE_DIM, key);
		canvas_restyle(canvas, &line, 0, right, 1, STYLE_BOLD);
		right -= 2;
	}
	if (others[0]) {
		right -= (int)strlen(others);
		canvas_puts(canvas, &line, 0, right, STYLE_NORMAL, others);
		right -= 2;
	}
	line.cols = right > 0 ? right : 0;
	col += canvas_puts(canvas, &line, 0, col, style, "▲ ");
	/* What is shown else may be old. */
	if (screen->back)
		col += canvas_puts(canvas, &line, 0, col, style, "now: ");
	col += canvas_puts(canvas, &line, 0, col, style, rule);
	if (wanted)
		col += canvas_fit(canvas, &line, 0, col,
				  left < 1        ? 1
				  : wanted < left ? wanted
						  : left,
				  STYLE_BOLD, text.data, text.size);
	canvas_fit(canvas, &line, 0, col, line.cols - col, style, numbers,
		   strlen(numbers));
}

/* ---- Keys ---- */

/*
 * The row that is selected in a panel of alerts; without one, what the banner
 * says. False when there is neither.
 */
static bool
meant(const struct screen *screen, struct panel_alerts_row *row)
{
	const struct panel *panel = screen->focus < screen->panels_len
					? &screen->panels[screen->focus]
					: NULL;
	struct banner_group group;
	int place = -1;

	if (panel && panel->spec.kind == PANEL_ALERTS && panel->view)
		place = panel_selected(panel);
	if (place >= 0) {
		*row = panel_alerts_row(panel->view,
					panel_at(panel, (unsigned)place));
		return true;
	}
	if (!banner_group(screen_newest(screen), &group))
		return false;
	*row = (struct panel_alerts_row){ALERTS_NOW, group.example, group.rule};
	return true;
}

/* A panel whose rows are the keys that the rule is about; -1: none. */
static int
panel_of(const struct screen *screen, unsigned rule)
{
	const struct pipeline *p = screen->view->pipeline;
	int table = p->alerts[rule].table;

	for (unsigned i = 0; table >= 0 && i < screen->panels_len; i++) {
		const struct panel *panel = &screen->panels[i];

		if (panel->class->rows == columns_rows &&
		    (panel->spec.table == table ||
		     panel->spec.windows == table))
			return (int)i;
	}
	return -1;
}

/* Whether the page of its key can be read from the store. */
static bool
in_store(const struct screen *screen, const struct panel_alerts_row *row)
{
	return (screen->offers & KEYS_STORE) && !screen->back &&
	       row->alert->key_id.size > 0;
}

unsigned
banner_when(const struct screen *screen)
{
	const struct view *now = screen_newest(screen);
	struct panel_alerts_row row;
	unsigned when = 0;

	if (!screen->view || screen->view->pipeline->alerts_len == 0)
		return 0;
	when |= KEYS_ALERTS;
	for (unsigned i = 0; now && i < now->rules_len; i++)
		if (now->rules[i].firing > 0)
			when |= KEYS_FIRING;
	if (!meant(screen, &row))
		return when;
	when |= KEYS_RULE;
	if (row.alert && row.alert->key.size &&
	    (panel_of(screen, row.rule) >= 0 || in_store(screen, &row)))
		when |= KEYS_KEY;
	return when;
}

static const char *
rule_name(const struct screen *screen, unsigned rule)
{
	return screen->view->pipeline->alerts[rule].name;
}

enum screen_wish
banner_acknowledge(struct screen *screen, bool all, int64_t now_ms)
{
	const struct view *now = screen_newest(screen);
	struct panel_alerts_row row;
	char text[160];

	if (all) {
		int64_t firing = 0;

		for (unsigned i = 0; i < now->rules_len; i++)
			firing += now->rules[i].firing;
		screen->ask.alert = 0;
		snprintf(text, sizeof(text), "acknowledged: %s",
			 firing == 1 ? "the one that fires"
				     : format_count(firing).text);
	} else if (!meant(screen, &row) || !row.alert ||
		   row.kind != ALERTS_NOW ||
		   row.alert->state != VIEW_ALERT_FIRING) {
		screen_say(screen, "what is selected does not fire", now_ms);
		return SCREEN_NOTHING;
	} else {
		screen->ask.alert = row.alert->id;
		snprintf(text, sizeof(text), "acknowledged: %s%s%.64s",
			 rule_name(screen, row.rule),
			 row.alert->key.size ? "  " : "", row.alert->key.data);
	}
	screen_say(screen, text, now_ms);
	return SCREEN_ACKNOWLEDGE;
}

enum screen_wish
banner_mute(struct screen *screen, int64_t now_ms)
{
	const struct view *now = screen_newest(screen);
	struct panel_alerts_row row;
	char text[160];

	if (!now || !meant(screen, &row) || row.rule >= now->rules_len)
		return SCREEN_NOTHING;
	screen->ask.rule = row.rule;
	screen->ask.muted = !now->rules[row.rule].muted;
	snprintf(text, sizeof(text),
		 screen->ask.muted ? "%s is muted: no banner, no bell"
				   : "%s is no longer muted",
		 rule_name(screen, row.rule));
	screen_say(screen, text, now_ms);
	return SCREEN_MUTE;
}

/* What the store has of it, whether a ranking has it or not. */
static void
open_stored(struct screen *screen, const struct panel_alerts_row *row, int at)
{
	const struct pipeline *p = screen->view->pipeline;
	int table =
	    at < 0 ? p->alerts[row->rule].table : screen->panels[at].spec.table;

	if (at >= 0)
		screen->focus = (unsigned)at;
	keypage_open(screen, false, (unsigned)table,
		     p->tables[table].window_ms ? row->alert->window_ms : 0,
		     &row->alert->key_id);
}

void
banner_open_key(struct screen *screen, int64_t now_ms)
{
	struct panel_alerts_row row;
	struct panel *panel;
	char name[2 * PIPELINE_NAME_MAX + 16], text[224];
	int at;

	if (!meant(screen, &row) || !row.alert)
		return;
	at = panel_of(screen, row.rule);
	panel = at < 0 ? NULL : &screen->panels[at];
	if (panel) {
		panel->selecting = true;
		panel->selected = panel_text_id(&row.alert->key);
		panel->detail_scale = 0;
	}
	if (in_store(screen, &row)) {
		open_stored(screen, &row, at);
		return;
	}
	/* It may be at the other end of the ranking. */
	if (panel_selected(panel) < 0)
		panel_sort(panel, !panel->smallest_first, now_ms);
	if (panel_selected(panel) < 0) {
		panel_sort(panel, !panel->smallest_first, now_ms);
		panel->selecting = false;
		panel_name(panel, name, sizeof(name));
		snprintf(text, sizeof(text),
			 "that key is not among the first or last %d of %s",
			 VIEW_RANKING, name);
		screen_say(screen, text, now_ms);
		return;
	}
	screen->focus = (unsigned)at;
	screen->mode = SCREEN_DETAIL;
}

/* ---- News ---- */

/*
 * A group is new when alerts of a rule fire and none did before. What fires
 * already when the screen begins is no news, unless it is fresh.
 */
void
banner_look(struct screen *screen, const struct view *view, int64_t now_ms)
{
	bool begins = screen->firing_of != view->pipeline;

	screen->firing_of = view->pipeline;
	for (unsigned i = 0; i < PIPELINE_ALERTS_MAX; i++) {
		int64_t before = begins ? 0 : screen->firing[i];

		screen->firing[i] = 0;
		if (i >= view->pipeline->alerts_len || !tells(view, i))
			continue;
		screen->firing[i] = view->rules[i].firing;
		if (before > 0 || severity(view, i) < SEVERITY_WARNING ||
		    (begins && now_ms - view->rules[i].fired_ms > FRESH_MS))
			continue;
		/* Of several, the most severe is named. */
		if (!screen->news ||
		    severity(view, i) > severity(view, screen->news_rule))
			screen->news_rule = i;
		screen->news = true;
	}
}

bool
screen_take_news(struct screen *screen, struct canvas *line)
{
	const struct view *view = screen_newest(screen);
	struct area all = canvas_all(line);
	const struct view_alert *example = NULL;
	struct banner_group group = {.rule = screen->news_rule};
	char text[PIPELINE_NAME_MAX + 192];
	int col = 0;

	if (!screen->news)
		return false;
	screen->news = false;
	canvas_clear(line);
	if (!view || !tells(view, group.rule))
		return true;
	for (unsigned i = 0; i < view->alerts_len && !example; i++)
		if (view->alerts[i].rule == group.rule &&
		    view->alerts[i].state == VIEW_ALERT_FIRING)
			example = &view->alerts[i];
	group.example = example;
	group.firing = view->rules[group.rule].firing;
	col += canvas_puts(line, &all, 0, 0, STYLE_NORMAL, "weir: ");
	say_rule(view, &group, DETAIL_ALL, text, sizeof(text));
	col += canvas_puts(line, &all, 0, col, STYLE_NORMAL, text);
	if (!example)
		return true;
	col += canvas_fit(line, &all, 0, col, 48, STYLE_NORMAL,
			  example->key.data, example->key.size);
	say_numbers(view, &group, DETAIL_ALL, text, sizeof(text));
	canvas_puts(line, &all, 0, col, STYLE_NORMAL, text);
	return true;
}
