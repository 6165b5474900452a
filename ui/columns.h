/*
 * Rows of a table in columns: what the panels about keys have in common.
 *
 * Which columns there are depends on the width: those with the least
 * `priority` come first. The last minute takes what is left.
 */
#ifndef WEIR_UI_COLUMNS_H
#define WEIR_UI_COLUMNS_H

#include "panel.h"

enum column_kind {
	COLUMN_RANKED, /* the measure that ranks */
	COLUMN_OTHERS, /* the other measures, a column each */
	COLUMN_PER_S,
	COLUMN_SHARE,
	COLUMN_WINDOW_MIN,
	COLUMN_WINDOW_MAX,
	COLUMN_RECENT,
};

struct column_choice {
	enum column_kind kind;
	int priority;
};

/* For struct panel_class, which has the columns. */
unsigned columns_rows(const struct panel *panel);
uint64_t columns_id(const struct panel *panel, unsigned row);
int columns_rows_wanted(const struct panel *panel);
void columns_detail(struct panel *panel, unsigned row, struct canvas *canvas,
		    const struct area *area);

const struct view_row *columns_row(const struct panel *panel, unsigned row);

/* Whether shares of the total mean anything for the measure that ranks. */
bool columns_adds_up(const struct panel *panel);

/* Whether its average is over keys, not over events. */
bool columns_per_key(const struct panel *panel);

/* "users, pages ±0.8 %": the measures that are approximate; "": none. */
void columns_errors(const struct measure *measures, unsigned len, char *out,
		    size_t size);

/* A line about the table as a whole, the headings, then the rows. */
void columns_draw(struct panel *panel, struct canvas *canvas,
		  const struct area *area);

#endif
