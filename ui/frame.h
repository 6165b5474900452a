/*
 * A frame: what lies between the screen and those whom it asks (struct
 * dashboard_source), without a terminal. What is new is taken in, keys are
 * carried out, the screen is drawn on a canvas and recorded. dashboard.c shows
 * the canvas on the terminal, stage.c on none. Owner: the main thread.
 */
#ifndef WEIR_UI_FRAME_H
#define WEIR_UI_FRAME_H

#include "dashboard.h"
#include "screen.h"

#define FRAME_MS 100 /* from one to the next */

struct frame {
	const struct dashboard_source *source;
	const struct dashboard_options *options;
	struct screen screen;
	struct canvas canvas;       /* as it was drawn last */
	struct canvas news;         /* a line for the desktop */
	struct dashboard_live live; /* as it was drawn last */
	int64_t begun_ms;           /* clock time */
	int64_t second;             /* the clock second that was drawn last */
	uint64_t browsing;          /* the number of what was asked for last */
	bool changed;               /* there is something to draw */
	bool firing[PIPELINE_ALERTS_MAX]; /* rules, in the newest view */
	struct log_lines log;
};

/* Both are borrowed. */
void frame_init(struct frame *frame, const struct dashboard_source *source,
		const struct dashboard_options *options, bool ascii);
void frame_release(struct frame *frame);

/*
 * Takes in what is new. Whether alerts have begun to fire that people are to be
 * told of: then frame->news says which.
 */
bool frame_fetch(struct frame *frame, int64_t now_ms);
/* Asks for what the screen wants, and takes the answers that have come. */
void frame_ask(struct frame *frame);

/*
 * Carries out a key, or a wish that came of a click; what it returns is for the
 * terminal's owner: SCREEN_QUIT, SCREEN_REDRAW, SCREEN_SETTINGS (which are kept
 * already) or SCREEN_NOTHING.
 */
enum screen_wish frame_key(struct frame *frame, uint32_t key, int64_t now_ms);
enum screen_wish frame_grant(struct frame *frame, enum screen_wish wish,
			     int64_t now_ms);
/* Sets the generator's rate, where there is one. */
void frame_set_rate(struct frame *frame, double per_s, int64_t now_ms);
/* A mark in the recording and in the log. */
void frame_mark(struct frame *frame, const char *text, int64_t now_ms);

/* Draws in this size when there is anything new to draw: whether it did. */
bool frame_draw(struct frame *frame, int rows, int cols, int64_t now_ms);

#endif
