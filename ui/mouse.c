/* What the mouse does, by where things were drawn last. */
#include "screen.h"

#define WHEEL_ROWS 3

/* Which of the drawn panels is at a cell; layout.len: none. */
static unsigned
find(const struct screen *screen, int row, int col)
{
	const struct layout *layout = &screen->layout;
	unsigned i;

	for (i = 0; i < layout->len; i++) {
		const struct area *area = &layout->at[i].area;

		if (row >= area->row && row < area->row + area->rows &&
		    col >= area->col && col < area->col + area->cols)
			break;
	}
	return i;
}

static void
wheel(struct screen *screen, enum panel_move how)
{
	struct panel *panel = screen_panel(screen);

	if (screen->mode == SCREEN_PANELS && panel && panel_rows(panel) == 0)
		return;
	for (int i = 0; i < WHEEL_ROWS; i++)
		screen_move(screen, how);
}

/* Selects the row of the focused panel at a cell; whether there is one. */
static bool
select_at(struct screen *screen, int row)
{
	struct panel *panel = screen_panel(screen);
	int at = row - panel->first_row;
	unsigned place = panel->scroll + (unsigned)at;

	if (at < 0 || at >= panel->visible || place >= panel_rows(panel))
		return false;
	panel_select(panel, place);
	return true;
}

/* The second click on a row soon after the first one opens it. */
static void
clicked(struct screen *screen, uint64_t row, int64_t now_ms)
{
	bool again = screen->clicked.ms > 0 && now_ms >= screen->clicked.ms &&
		     now_ms - screen->clicked.ms <= SCREEN_DOUBLE_MS &&
		     screen->clicked.panel == screen->focus &&
		     screen->clicked.row == row;

	screen->clicked.ms = again ? 0 : now_ms;
	screen->clicked.panel = screen->focus;
	screen->clicked.row = row;
	if (again)
		screen_open(screen);
}

static void
click(struct screen *screen, unsigned number, int row, int64_t now_ms)
{
	if (screen->focus != number)
		screen->in_log = false;
	screen->focus = number;
	if (select_at(screen, row))
		clicked(screen, screen_panel(screen)->selected, now_ms);
	else
		screen->clicked.ms = 0;
}

static void
click_row(struct screen *screen, int row, int64_t now_ms)
{
	if (rows_select_at(screen, row))
		clicked(screen, panel_text_id(&rows_selected(screen)->id),
			now_ms);
	else
		screen->clicked.ms = 0;
}

enum screen_wish
screen_mouse(struct screen *screen, const struct mouse_event *event,
	     int64_t now_ms)
{
	enum panel_move how =
	    event->kind == MOUSE_WHEEL_UP ? PANEL_UP : PANEL_DOWN;
	unsigned at = find(screen, event->row, event->col);

	switch (screen->mode) {
	case SCREEN_HELP:
	case SCREEN_COMPARE:
	case SCREEN_GENERATOR:
	case SCREEN_FAULTS:
		if (event->kind != MOUSE_CLICK)
			wheel(screen, how);
		break;
	case SCREEN_PANELS:
		if (at == screen->layout.len)
			break;
		if (event->kind == MOUSE_CLICK) {
			click(screen, screen->layout.at[at].panel, event->row,
			      now_ms);
			break;
		}
		if (screen->focus != screen->layout.at[at].panel)
			screen->in_log = false;
		screen->focus = screen->layout.at[at].panel;
		wheel(screen, how);
		break;
	case SCREEN_ROWS:
		if (event->kind == MOUSE_CLICK)
			click_row(screen, event->row, now_ms);
		else
			wheel(screen, how);
		break;
	case SCREEN_DETAIL:
	case SCREEN_KEY:
	case SCREEN_PROMPT:
		break;
	}
	return SCREEN_NOTHING;
}
