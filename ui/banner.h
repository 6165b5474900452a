/*
 * Alerts: what the panel, its pages and the banner have in common.
 */
#ifndef WEIR_UI_BANNER_H
#define WEIR_UI_BANNER_H

#include "format.h"
#include "panel.h"

/* "critical", "warning", "info", and what each looks like. */
enum style panel_alerts_style(enum alert_severity severity);

/* Since when, in eight columns: a time of day, or so many days ago. */
struct format panel_alerts_since(int64_t now_ms, int64_t since_ms);

/* A row of a panel of alerts. */
struct panel_alerts_row {
	enum {
		ALERTS_NOW,  /* an alert that is not cleared */
		ALERTS_PAST, /* what once became of one */
		ALERTS_RULE, /* a rule */
	} kind;
	const struct view_alert *alert; /* NULL: it is about the rule alone */
	unsigned rule;
};

struct panel_alerts_row panel_alerts_row(const struct view *view, unsigned row);

/* The alerts of one rule that fire and that nobody has acknowledged. */
struct banner_group {
	unsigned rule;
	const struct view_alert *example; /* the first; NULL: none is known */
	int64_t firing;                   /* at least 1 */
	int64_t others;                   /* alerts of other rules that fire */
};

/*
 * The group that people are to see first: the most severe, of these the newest.
 * Muted rules are left out. False when nothing fires; view may be NULL.
 */
bool banner_group(const struct view *view, struct banner_group *group);

#endif
