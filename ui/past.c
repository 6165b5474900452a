/* Snapshots on the screen: stepping through them, and what to compare with. */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "keys.h"
#include "screen.h"

enum screen_wish
past_step(struct screen *screen, int step, int64_t now_ms)
{
	(void)now_ms;
	screen->ask.id = screen->back ? screen->past.id : INT64_MAX;
	screen->ask.step = step;
	return SCREEN_STEP;
}

/* Another moment: rows take their places at once. */
static void
release_order(struct screen *screen)
{
	for (unsigned i = 0; i < screen->panels_len; i++)
		screen->panels[i].order_len = 0;
}

void
screen_set_past(struct screen *screen, const struct dashboard_past *past,
		int64_t now_ms)
{
	struct view *before;

	release_order(screen);
	before = screen_show(screen, past->view, now_ms);
	/* What was shown of now is kept, unless there is something newer. */
	if (!screen->back && !screen->next)
		screen->next = before;
	else
		view_free(before);
	screen->back = true;
	screen->frozen = false;
	screen->past = *past;
	screen->past.view = NULL;
	past_forget(screen);
}

void
past_leave(struct screen *screen, int64_t now_ms)
{
	struct view *before;

	release_order(screen);
	if (screen->next) {
		before = screen_show(screen, screen->next, now_ms);
	} else {
		before = screen->view;
		screen->view = NULL;
		screen->panels_len = 0;
		screen->mode = SCREEN_PANELS;
	}
	screen->next = NULL;
	screen->back = false;
	view_free(before);
	past_forget(screen);
	screen->base_kind = BASE_BEFORE;
	screen->shown_per_s = screen->live.actual_per_s;
}

void
screen_no_past(struct screen *screen, int64_t now_ms)
{
	if (screen->back && screen->ask.step > 0) {
		past_leave(screen, now_ms);
		screen_say(screen, "back to now", now_ms);
	} else if (screen->back) {
		screen_say(screen, "this is the oldest snapshot", now_ms);
	} else {
		screen_say(screen, "there are no snapshots yet", now_ms);
	}
}

/* ---- What is compared ---- */

void
past_forget(struct screen *screen)
{
	view_free(screen->base.view);
	screen->base.view = NULL;
}

void
past_compare(struct screen *screen, int64_t now_ms)
{
	if (!screen->view) {
		screen_say(screen, "nothing is committed yet", now_ms);
	} else if (screen->mode != SCREEN_COMPARE) {
		past_forget(screen);
		screen->mode = SCREEN_COMPARE;
		screen->base_kind = BASE_BEFORE;
		screen->compare_from = 0;
		memset(screen->compare_widths, 0,
		       sizeof(screen->compare_widths));
	} else if (screen->back && screen->next &&
		   screen->base_kind == BASE_BEFORE) {
		screen->base_kind = BASE_NOW;
	} else if (screen->back) {
		screen->base_kind = BASE_BEFORE;
	} else {
		screen->mode = SCREEN_PANELS;
		past_forget(screen);
	}
}

bool
screen_wants_base(const struct screen *screen, int64_t *id)
{
	*id = screen->back ? screen->past.id : INT64_MAX;
	return screen->mode == SCREEN_COMPARE &&
	       screen->base_kind == BASE_BEFORE && !screen->base.view;
}

void
screen_set_base(struct screen *screen, const struct dashboard_past *base)
{
	past_forget(screen);
	screen->base = *base;
}

void
screen_no_base(struct screen *screen, int64_t now_ms)
{
	if (screen->back && screen->next) {
		screen->base_kind = BASE_NOW;
		screen_say(screen,
			   "this is the oldest snapshot: compared with now",
			   now_ms);
		return;
	}
	screen->mode = SCREEN_PANELS;
	screen_say(screen, "there is no snapshot to compare with", now_ms);
}
