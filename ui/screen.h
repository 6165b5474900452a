/*
 * The screen: the state of the user interface, and how it is drawn. Plain
 * memory: no terminal, no clock, no I/O, so that all of it can be tested. Keys,
 * views and the time go in; a canvas and the wish to quit, to redraw or to set
 * a rate come out.
 *
 * screen.c holds the state and the keys, past.c, banner.c, go.c and mouse.c
 * what belongs to snapshots, alerts, going from panel to panel and the mouse of
 * it; status.c draws the lines around the panels; overlay.c, compare.c, rows.c,
 * keypage.c, page-generator.c and page-faults.c what covers the panels.
 *
 * All numbers of one drawing are of one view, which is of one commit; only the
 * second line (rate, messages) and the banners are of the moment.
 */
#ifndef WEIR_UI_SCREEN_H
#define WEIR_UI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "canvas.h"
#include "dashboard.h"
#include "keypage.h"
#include "keys.h"
#include "layout.h"
#include "panel.h"
#include "rows.h"
#include "settings.h"
#include "store/view.h"

/* Smaller terminals are told so. */
#define SCREEN_COLS_MIN 40
#define SCREEN_ROWS_MIN 10
/* A message stays this long on the bottom line. */
#define SCREEN_MESSAGE_MS 4000
/* Without a commit for longer than this, the screen says so. */
#define SCREEN_STALL_MS   3000
#define SCREEN_DOUBLE_MS  500 /* between the clicks of a double one */
#define SCREEN_PROMPT_MAX 24
#define SCREEN_LEDGER     12 /* numbers in the ledger's line */

enum screen_mode {
	SCREEN_PANELS,
	SCREEN_DETAIL, /* of the focused panel's selected row */
	SCREEN_HELP,
	SCREEN_PROMPT,  /* a rate is being typed */
	SCREEN_COMPARE, /* what has changed between two moments */
	SCREEN_ROWS,    /* all rows of a table */
	SCREEN_KEY,     /* one of them, or of a panel's rows */
	SCREEN_GENERATOR,
	SCREEN_FAULTS,
};

/* What a key asks of the caller. */
enum screen_wish {
	SCREEN_NOTHING,
	SCREEN_QUIT,
	SCREEN_REDRAW,      /* everything, also what seems unchanged */
	SCREEN_CONTROL,     /* the generator, as screen.live.controls */
	SCREEN_FAULT,       /* those that screen.live.faults wants, no others */
	SCREEN_ACKNOWLEDGE, /* the alert screen.ask.alert */
	SCREEN_MUTE,        /* the rule screen.ask.rule, as screen.ask.muted */
	SCREEN_SNAPSHOT,    /* take one */
	SCREEN_STEP,  /* from the snapshot screen.ask.id by screen.ask.step */
	SCREEN_FETCH, /* the event at screen.key.key->row.last */
	SCREEN_SETTINGS, /* screen.settings have changed: apply, keep them */
};

/* What a moment is compared with. */
enum screen_base {
	BASE_BEFORE, /* the snapshot before it; of now, the newest one */
	BASE_NOW,    /* in the past: now */
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

	/*
	 * In the past, view is a snapshot's, and next is the newest view there
	 * is of now (NULL: none). past.view is not used.
	 */
	bool back;
	struct dashboard_past past;

	enum screen_base base_kind;
	struct dashboard_past base; /* view NULL: not there yet */
	int compare_from;           /* the first line that is shown */
	int compare_page;           /* lines at the last drawing */

	struct rows rows;
	struct keypage key;
	const char *brokers;         /* for commands; NULL: as the view says */
	const struct log_lines *log; /* borrowed */

	unsigned offers; /* KEYS_COMMANDS to KEYS_FAULTS: what the caller can */
	struct {
		uint64_t alert;
		unsigned rule;
		bool muted;
		int64_t id;
		int step;
	} ask;

	struct settings settings;
	bool colourless; /* the terminal has no colours, or NO_COLOR is set */
	/* Of each rule, in the newest view: how many alerts fire untold. */
	int64_t firing[PIPELINE_ALERTS_MAX];
	const struct pipeline *firing_of; /* NULL: of none yet */
	bool news; /* there are alerts that nobody was told of */
	unsigned news_rule;

	struct panel panels[LAYOUT_PANELS_MAX];
	unsigned panels_len;
	unsigned focus;
	bool zoomed;
	unsigned focus_before; /* what leaving the log goes back to */
	bool zoomed_before;
	bool in_log; /* L zoomed it, and goes back */
	/* The panels of the page with the focus, when it was drawn last. */
	unsigned page_first, page_len;
	struct layout layout; /* as it was drawn last; empty when covered */
	struct {
		int64_t ms; /* 0: nothing was clicked */
		unsigned panel;
		uint64_t row; /* id */
	} clicked;

	int generator_line, fault_line; /* what is selected on their pages */
	bool typing; /* the prompt is for the generator's page */
	char prompt[SCREEN_PROMPT_MAX + 1];
	char message[160];
	int64_t message_ms; /* when it was said */
	int help_from;      /* the first line of the help that is shown */
	int help_page;      /* lines at the last drawing */
	int ledger_widths[SCREEN_LEDGER]; /* only grow, so they keep still */
	int compare_widths[4];            /* the same */
};

void screen_init(struct screen *screen);
void screen_release(struct screen *screen);

/*
 * Takes the view. A frozen screen keeps the newest for later. Views of another
 * pipeline begin the panels anew.
 */
void screen_set_view(struct screen *screen, struct view *view, int64_t now_ms);
void screen_set_live(struct screen *screen, const struct dashboard_live *live);
/* Borrowed until another one is set; NULL: there is none. */
void screen_set_log(struct screen *screen, const struct log_lines *log);
/* A sentence that stays until it is set to "". Any text. */
void screen_set_problem(struct screen *screen, const char *text);
/* A sentence on the bottom line for a while. Any text. */
void screen_say(struct screen *screen, const char *text, int64_t now_ms);

/*
 * Answers to SCREEN_STEP: the snapshot, whose view it takes; or that there is
 * none in that direction, which after the newest is the way back to now.
 */
void screen_set_past(struct screen *screen, const struct dashboard_past *past,
		     int64_t now_ms);
void screen_no_past(struct screen *screen, int64_t now_ms);

/*
 * Whether it wants the snapshot before *id to compare with, and the answers;
 * screen_set_base() takes the view.
 */
bool screen_wants_base(const struct screen *screen, int64_t *id);
void screen_set_base(struct screen *screen, const struct dashboard_past *base);
void screen_no_base(struct screen *screen, int64_t now_ms);

/*
 * Whether it wants the rows of screen.rows.query, and the answers:
 * screen_set_page() takes the page; a problem is a sentence.
 */
bool screen_wants_rows(const struct screen *screen);
/* Whether nothing of the answer has come yet. */
bool screen_waits_for_rows(const struct screen *screen);
void screen_set_page(struct screen *screen, struct page *page);
void screen_set_page_problem(struct screen *screen, const char *problem);

/*
 * Whether it wants what the store has of screen.key, now, and the answer, which
 * it takes; NULL with a sentence when there is none.
 */
bool screen_wants_key(struct screen *screen);
void screen_set_key(struct screen *screen, struct view_key *key,
		    const char *problem);
/* Answers SCREEN_FETCH; takes the event. */
void screen_set_event(struct screen *screen, struct view_event *event);

/*
 * Whether alerts have begun to fire that people are to be told of: once for
 * each group of them. Draws who they are into one line.
 */
bool screen_take_news(struct screen *screen, struct canvas *line);

/* The commit of the newest view that came; 0: none. */
uint64_t screen_commit(const struct screen *screen);

enum screen_wish screen_key(struct screen *screen, uint32_t key,
			    int64_t now_ms);
/* Whether text is being typed: what is pasted elsewhere is no key. */
bool screen_is_typing(const struct screen *screen);

/* A click focuses and selects, a second one on the row opens it. */
enum screen_wish screen_mouse(struct screen *screen,
			      const struct mouse_event *event, int64_t now_ms);

/* Draws all of it; the canvas' size is the screen's. */
void screen_draw(struct screen *screen, struct canvas *canvas, int64_t now_ms);

/* For the files of this module. */

/* enum keys_when that hold now. */
unsigned screen_when(const struct screen *screen);
struct panel *screen_panel(struct screen *screen); /* focused; or NULL */
/* Begins to ask for a rate; typing: for what the generator's page wants. */
void screen_ask(struct screen *screen, bool typing);

/* Opens the detail of the selected row, or selects one first. */
void screen_open(struct screen *screen);
/* Moves the selection, or what a page or the help shows. */
void screen_move(struct screen *screen, enum panel_move how);

/* The newest view of now; NULL: none. */
const struct view *screen_newest(const struct screen *screen);
/* Shows a view; the one before is then the caller's. */
struct view *screen_show(struct screen *screen, struct view *view,
			 int64_t now_ms);

/* past.c */
enum screen_wish past_step(struct screen *screen, int step, int64_t now_ms);
void past_leave(struct screen *screen, int64_t now_ms);
/* Shows what has changed, or, in the past, the other way of it. */
void past_compare(struct screen *screen, int64_t now_ms);
/* Forgets what was read to compare with. */
void past_forget(struct screen *screen);

/* go.c */
unsigned go_find_log(const struct screen *screen); /* panels_len: none */
void go_to_number(struct screen *screen, unsigned number); /* from 1 on */
void go_to_log(struct screen *screen);                     /* or, again, back */
void go_out(struct screen *screen);                        /* of the zoom */

/* banner.c */
bool banner_is_there(const struct screen *screen);
void banner_draw(struct screen *screen, struct canvas *canvas, int row);
/* KEYS_ALERTS, KEYS_FIRING, KEYS_RULE, KEYS_KEY as they hold. */
unsigned banner_when(const struct screen *screen);
enum screen_wish banner_acknowledge(struct screen *screen, bool all,
				    int64_t now_ms);
enum screen_wish banner_mute(struct screen *screen, int64_t now_ms);
void banner_open_key(struct screen *screen, int64_t now_ms);
/* Looks what is new in the newest view. */
void banner_look(struct screen *screen, const struct view *view,
		 int64_t now_ms);

/* rows.c */
/* Whether the focused panel is about a table, whose rows can be listed. */
bool rows_possible(const struct screen *screen);
void rows_open(struct screen *screen);
void rows_close(struct screen *screen);
void rows_sort(struct screen *screen); /* by the next column */
void rows_reverse(struct screen *screen);
void rows_filter(struct screen *screen); /* begins to type */
enum screen_wish rows_type(struct screen *screen, uint32_t key);
void rows_move(struct screen *screen, enum panel_move move);
/* Selects what was drawn in a row of the screen; whether there is any. */
bool rows_select_at(struct screen *screen, int row);
/* The selected row; NULL when it is not there at the moment. */
const struct page_row *rows_selected(const struct screen *screen);
void rows_draw(struct screen *screen, struct canvas *canvas,
	       const struct area *body);
/* While the filter is typed, in place of the keys. */
void rows_draw_prompt(const struct screen *screen, struct canvas *canvas,
		      const struct area *line);

/* keypage.c */
/* For a key as it is stored; `rows`: from all rows, not from a panel. */
void keypage_open(struct screen *screen, bool rows, unsigned table,
		  int64_t window_ms, const struct view_text *id);
/* Opens what is selected now, on the page or the panel behind it. */
void keypage_follow(struct screen *screen);
void keypage_close(struct screen *screen);
/* Asks for its last event; again: shows what was there before. */
enum screen_wish keypage_fetch(struct screen *screen);
void keypage_draw(struct screen *screen, struct canvas *canvas,
		  const struct area *body);

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
void overlay_draw_rule(struct canvas *canvas, const struct area *body,
		       const char *name);
/* At its right end, where there is room beside the name. */
void overlay_draw_headline(struct canvas *canvas, const struct area *body,
			   const char *name, enum style style,
			   const char *text);
void overlay_draw_help(struct screen *screen, struct canvas *canvas,
		       const struct area *body);
void overlay_draw_detail(struct screen *screen, struct canvas *canvas,
			 const struct area *body);
/* compare.c: so does this. */
void compare_draw(struct screen *screen, struct canvas *canvas,
		  const struct area *body);

/*
 * page-generator.c, page-faults.c: so do these. way: 1 for more or on, -1 for
 * less or off, 0 for Enter, which asks for a value or turns a fault over.
 */
void page_generator_draw(struct screen *screen, struct canvas *canvas,
			 const struct area *body);
void page_generator_move(struct screen *screen, enum panel_move how);
enum screen_wish page_generator_change(struct screen *screen, int way);
enum screen_wish page_generator_preset(struct screen *screen, unsigned number,
				       int64_t now_ms);
/* What is asked for, and the answer, whose mode it leaves when it is one. */
const char *page_generator_question(const struct screen *screen);
enum screen_wish page_generator_answer(struct screen *screen, int64_t now_ms);

void page_faults_draw(struct screen *screen, struct canvas *canvas,
		      const struct area *body, int64_t now_ms);
void page_faults_move(struct screen *screen, enum panel_move how);
enum screen_wish page_faults_change(struct screen *screen, int way,
				    int64_t now_ms);
enum screen_wish page_faults_lift(struct screen *screen, int64_t now_ms);
/* Those that are on: "broker slow, reads fail", "3 at once"; "": none is. */
void page_faults_list(const struct screen *screen, char *out, size_t size);

#endif
