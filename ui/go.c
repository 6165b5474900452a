/* Going from panel to panel, and into and out of the zoom. */
#include "screen.h"

void
go_to_number(struct screen *screen, unsigned number)
{
	if (number >= 1 && number <= screen->page_len) {
		screen->focus = screen->page_first + number - 1;
		screen->in_log = false;
	}
}

unsigned
go_find_log(const struct screen *screen)
{
	unsigned i;

	for (i = 0; i < screen->panels_len; i++)
		if (screen->panels[i].spec.kind == PANEL_LOG)
			break;
	return i;
}

void
go_to_log(struct screen *screen)
{
	unsigned log = go_find_log(screen);

	if (screen->zoomed && screen->focus == log) {
		go_out(screen);
		return;
	}
	screen->focus_before = screen->focus;
	screen->zoomed_before = screen->zoomed;
	screen->focus = log;
	screen->zoomed = screen->in_log = true;
}

void
go_out(struct screen *screen)
{
	screen->zoomed = false;
	if (!screen->in_log)
		return;
	screen->focus = screen->focus_before;
	screen->zoomed = screen->zoomed_before;
	screen->in_log = false;
}
