/*
 * A panel: one part of the screen about one thing, with a rule above that says
 * its name and its one headline number.
 *
 * A kind of panel is a const struct panel_class in a file of its own
 * (panel-*.c) and a row in panel.c's table. What it draws comes from the view
 * alone; the log's from the log, the generator's from the moment. The rest here
 * is what panels have in common: an order of rows that keeps still, a selection
 * that follows its row, and columns.
 *
 * Rows are known by an id, a hash of what the row is about (a key, a position,
 * a partition), not by where they stand.
 */
#ifndef WEIR_UI_PANEL_H
#define WEIR_UI_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "canvas.h"
#include "chart.h"
#include "store/view.h"

/* Rows keep their place at least this long before a new order moves them. */
#define PANEL_HOLD_MS     1000
#define PANEL_COLUMNS_MAX (PIPELINE_MEASURES_MAX + 5)

struct column_choice; /* columns.h */
struct dashboard_live;
struct panel;

struct panel_class {
	enum panel_kind kind;
	const char *name; /* NULL: it is named after its table */
	int rows_min;     /* of its area, rule included, to be worth showing */
	bool sorts;       /* can show the smallest first */
	bool moves;       /* its rows change places: their order is held */
	/* The rows that it makes use of, rule included. */
	int (*rows_wanted)(const struct panel *panel);
	/*
	 * Rows that can be selected; NULL when there are none. id and detail
	 * then are there, too.
	 */
	unsigned (*rows)(const struct panel *panel);
	uint64_t (*id)(const struct panel *panel, unsigned row);
	/* Fills the name (optional) and the headline, for `width` columns. */
	void (*title)(const struct panel *panel, char *name, size_t size);
	enum style (*headline)(const struct panel *panel, int width, char *out,
			       size_t size);
	void (*draw)(struct panel *panel, struct canvas *canvas,
		     const struct area *area);
	/* What columns_draw() draws; else NULL. */
	const struct column_choice *columns;
	unsigned columns_len;
	/* Everything there is about one row. */
	void (*detail)(struct panel *panel, unsigned row, struct canvas *canvas,
		       const struct area *area);
};

struct panel {
	const struct panel_class *class;
	struct panel_spec spec;
	const struct view *view;             /* borrowed from the screen */
	const struct log_lines *log;         /* the same */
	const struct dashboard_live *moment; /* the same; set when drawn */
	bool focused;
	unsigned number;     /* on its page, drawn in its rule; 0: none */
	bool live;           /* what is shown is now: not frozen, not ended */
	const char *brokers; /* for commands; NULL: as the view says */
	bool smallest_first;

	/* The order that is shown: indices into the view's rows. */
	unsigned order[VIEW_RANKING];
	unsigned order_len;
	int64_t ordered_ms;

	bool selecting;
	uint64_t selected; /* id */
	unsigned cursor;   /* where it stood last */
	unsigned scroll;
	int visible;   /* rows at the last drawing */
	int first_row; /* the canvas' row of the first of them */

	/* These only grow, so that columns keep still. */
	int key_width;
	int column_widths[PANEL_COLUMNS_MAX];
	double scale, detail_scale;
	struct chart_range range;
};

enum panel_move {
	PANEL_UP,
	PANEL_DOWN,
	PANEL_PAGE_UP,
	PANEL_PAGE_DOWN,
	PANEL_FIRST,
	PANEL_LAST,
};

void panel_init(struct panel *panel, const struct panel_spec *spec);

/* Whether a panel of this kind fits that view: its tables are there. */
bool panel_possible(const struct panel_spec *spec, const struct view *view);

/*
 * Shows another view. The one before must still be there: its order is carried
 * over unless it has been held for PANEL_HOLD_MS.
 */
void panel_set_view(struct panel *panel, const struct view *view,
		    int64_t now_ms);
void panel_sort(struct panel *panel, bool smallest_first, int64_t now_ms);

/* Moves the selection; without one, begins at the first row (or the last). */
void panel_move(struct panel *panel, enum panel_move move);
/* Selects the row at a place. */
void panel_select(struct panel *panel, unsigned place);
/* The place of the selected row; -1 when there is none at the moment. */
int panel_selected(const struct panel *panel);

unsigned panel_rows(const struct panel *panel);
/* The view's index of the row at a place. */
unsigned panel_at(const struct panel *panel, unsigned place);

/* The rule with name and headline, then the class's own drawing. */
void panel_draw(struct panel *panel, struct canvas *canvas,
		const struct area *area);
/* The name of the panel, escaped by whom it is drawn. */
void panel_name(const struct panel *panel, char *out, size_t size);

/* For classes. */
const struct view_table *panel_table(const struct panel *panel);
const struct view_table *panel_windows(const struct panel *panel);
/*
 * Of a table's windows the newest that is complete, or, when there is none, the
 * oldest, which will be the first.
 */
unsigned panel_settled_window(const struct view_table *table);
/* The name of the key's field, or of each joined by " · ". */
void panel_key_name(const struct panel *panel, char *out, size_t size);
void table_key_name(const struct pipeline *p, const struct table_spec *spec,
		    char *out, size_t size);
uint64_t panel_text_id(const struct view_text *text);
/*
 * Draws the rows that are in sight from a row of the area on, through a
 * function that draws one of them, keeps the selection in sight and marks it.
 * `total` is how many there are in truth: what is not shown is counted in the
 * last row.
 */
void panel_list(struct panel *panel, struct canvas *canvas,
		const struct area *area, int from, int64_t total,
		void (*draw_row)(struct panel *panel, unsigned row,
				 struct canvas *canvas, const struct area *line,
				 void *ctx),
		void *ctx);

extern const struct panel_class panel_alerts, panel_average, panel_extremes,
    panel_share, panel_spread, panel_series, panel_ledger, panel_dead,
    panel_partitions, panel_table_list, panel_windows_list, panel_log,
    panel_generator, panel_lines, panel_schema;

/* Fields of events that the pipeline does not read, nor any that is in them. */
unsigned schema_unread(const struct view *view);

/* "partition@offset", and the topic where there are several. */
void position_note(const struct view *view,
		   const struct view_position *position, char *out,
		   size_t size);

#endif
