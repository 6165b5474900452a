/*
 * The screen: the state of the user interface, and how it is drawn. Plain
 * memory: no terminal, no clock, no I/O, so that all of it can be tested. Keys,
 * views and the time go in; a canvas and the wish to quit, to redraw or to set
 * a rate come out.
 *
 * screen.c holds the state and the keys, status.c draws the lines around the
 * panels, overlay.c what covers the panels.
 *
 * All numbers of one drawing are of one view, which is of one commit; only the
 * second line (rate, messages) is of the moment.
 */
#ifndef WEIR_UI_SCREEN_H
#define WEIR_UI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "dashboard.h"
#include "layout.h"
#include "panel.h"
#include "store/view.h"

/* Smaller terminals are told so. */
#define SCREEN_COLS_MIN 40
#define SCREEN_ROWS_MIN 10
/* A message stays this long on the bottom line. */
#define SCREEN_MESSAGE_MS 4000
/* Without a commit for longer than this, the screen says so. */
#define SCREEN_STALL_MS   3000
#define SCREEN_PROMPT_MAX 24
#define SCREEN_LEDGER     12 /* numbers in the ledger's line */

enum screen_mode {
	SCREEN_PANELS,
	SCREEN_DETAIL, /* of the focused panel's selected row */
	SCREEN_HELP,
	SCREEN_PROMPT, /* a rate is being typed */
};

/* What a key asks of the caller. */
enum screen_wish {
	SCREEN_NOTHING,
	SCREEN_QUIT,
	SCREEN_REDRAW,   /* everything, also what seems unchanged */
	SCREEN_SET_RATE, /* to screen.live.target_per_s */
};

struct screen {
	enum screen_mode mode;
	enum screen_mode before; /* what help and prompt return to */

	struct view *view; /* what is shown; NULL: none yet */
	struct view *next; /* while frozen: what came since */
	int64_t view_ms;   /* when the newest came */

	struct dashboard_live live; /* the newest */
	double shown_per_s;         /* actual_per_s; stands still when frozen */
	char problem[ERR_TEXT_MAX]; /* why there is no view; "" for none */

	bool frozen;
	int64_t frozen_ms;

	struct panel panels[LAYOUT_PANELS_MAX];
	unsigned panels_len;
	unsigned focus;
	bool zoomed;

	char prompt[SCREEN_PROMPT_MAX + 1];
	char message[160];
	int64_t message_ms; /* when it was said */
	int help_from;      /* the first line of the help that is shown */
	int help_page;      /* lines at the last drawing */
	int ledger_widths[SCREEN_LEDGER]; /* only grow, so they keep still */
};

void screen_init(struct screen *screen);
void screen_release(struct screen *screen);

/*
 * Takes the view. A frozen screen keeps the newest for later. Views of another
 * pipeline begin the panels anew.
 */
void screen_set_view(struct screen *screen, struct view *view, int64_t now_ms);
void screen_set_live(struct screen *screen, const struct dashboard_live *live);
/* A sentence that stays until it is set to "". Any text. */
void screen_set_problem(struct screen *screen, const char *text);
/* The commit of the newest view that came; 0: none. */
uint64_t screen_commit(const struct screen *screen);

enum screen_wish screen_key(struct screen *screen, uint32_t key,
			    int64_t now_ms);

/* Draws all of it; the canvas' size is the screen's. */
void screen_draw(struct screen *screen, struct canvas *canvas, int64_t now_ms);

/* For the files of this module. */

/* enum keys_when that hold now. */
unsigned screen_when(const struct screen *screen);
struct panel *screen_panel(struct screen *screen); /* focused; or NULL */

/* status.c: each draws one line, the `row`th. */
void status_draw_first(struct screen *screen, struct canvas *canvas, int row,
		       int64_t now_ms);
void status_draw_second(struct screen *screen, struct canvas *canvas, int row,
			int64_t now_ms);
void status_draw_banner(struct screen *screen, struct canvas *canvas, int row);
bool status_has_banner(const struct screen *screen);
void status_draw_ledger(struct screen *screen, struct canvas *canvas, int row);
void status_draw_bottom(struct screen *screen, struct canvas *canvas, int row,
			const struct layout *layout, int64_t now_ms);
/* A table's shares in one line. */
void status_draw_share(struct screen *screen, struct canvas *canvas, int row,
		       const struct panel *panel);

/* overlay.c: cover the body. */
void overlay_draw_help(struct screen *screen, struct canvas *canvas,
		       const struct area *body);
void overlay_draw_detail(struct screen *screen, struct canvas *canvas,
			 const struct area *body);

#endif
