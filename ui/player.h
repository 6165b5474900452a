/*
 * The player: takes the steps of a script, in the place of a person. It knows
 * no clock and no terminal: it is asked, at each frame, what is to be done now.
 * Owner: the main thread.
 */
#ifndef WEIR_UI_PLAYER_H
#define WEIR_UI_PLAYER_H

#include "frame.h"
#include "script.h"

struct player {
	const struct script *script; /* borrowed */
	unsigned at;                 /* the step that comes next */
	bool begun;                  /* it has waited already, */
	int64_t since_ms;            /* since this clock time */
	int rows, cols;              /* what was asked for last; 0: nothing */
	struct buf screen;           /* when it failed: what there was */
};

enum player_state {
	PLAYER_WAITS, /* nothing is to be done now */
	PLAYER_ACTED, /* draw, and ask again */
	PLAYER_OVER,
	PLAYER_FAILED,
};

/*
 * Takes the next step, when it is due; what is expected is looked for on the
 * frame's canvas. *wish: as frame_key(). PLAYER_FAILED: the sentence begins
 * with the script's name and line; WEIR_NOT_FOUND: what was expected was not
 * there, and player->screen is what was; else errors of writing a screenshot.
 */
enum player_state player_turn(struct player *player, struct frame *frame,
			      int64_t now_ms, enum screen_wish *wish,
			      struct err *err);

#endif
