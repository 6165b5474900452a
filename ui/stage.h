/*
 * The dashboard without a terminal: drawn on a canvas of a given size, for a
 * script and a recording. Time passes as the source says, so that in lockstep
 * each frame is the same each time, however long it took.
 */
#ifndef WEIR_UI_STAGE_H
#define WEIR_UI_STAGE_H

#include "dashboard.h"

/*
 * Draws frame by frame until the script is over or asks to quit, or, without a
 * script, the flow has ended; or a signal comes, or the flow has failed. Errors
 * of the source's pass() and of player_turn().
 */
int stage_run(const struct dashboard_source *source,
	      const struct dashboard_options *options, struct err *err);

#endif
