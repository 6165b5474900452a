/*
 * The page of faults: each with its state and since when, and of the selected
 * one what it does and what is to be seen of it. docs/faults.md says more.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "screen.h"

static const struct {
	const char *name, *brief;
	const char *does, *look;
} texts[FAULTS] = {
    [FAULT_SLOW] = {"broker slow", "answers take 500 ms longer",
		    "Each answer of the broker is held back for half a second, "
		    "as on a slow network.",
		    "Look at: lag and unacked grow to what half a second is, "
		    "and stay; nothing fails."},
    [FAULT_DOWN] =
	{"broker down", "no connections",
	 "The broker closes all connections and takes none.",
	 "Look at: unacked grows, lag stands still. When it is back, "
	 "all is sent. What it had stored without having said so is "
	 "sent again, and stored twice: it shows as foreign (Kafka "
	 "would know it again)."},
    [FAULT_READS] =
	{"reads fail", "fetches are errors",
	 "Each fetch is answered with an error, as of a broken disk; "
	 "writing goes on.",
	 "Look at: lag grows until the generator is held back; "
	 "alerts on lag fire; then it goes down to 0."},
    [FAULT_NO_LEADER] = {"no leader", "writes and reads refused",
			 "The partitions have no leader: the broker refuses "
			 "writes and reads with an error.",
			 "Look at: unacked grows. Clients ask again and again "
			 "who leads, and go on by themselves."},
};

_Static_assert(FAULT_SLOW_MS == 500, "the words above say so");

#define NAME_WIDTH  14
#define STATE_WIDTH 12
#define SINCE_WIDTH 10
#define TEXT_WIDTH  76 /* of what is explained, at most */

void
page_faults_list(const struct screen *screen, char *out, size_t size)
{
	size_t used = 0;
	int on = 0;

	out[0] = '\0';
	for (int i = 0; i < FAULTS && used < size; i++)
		if (screen->live.faults[i].wanted ||
		    screen->live.faults[i].on) {
			used +=
			    (size_t)snprintf(out + used, size - used, "%s%s",
					     used ? ", " : "", texts[i].name);
			on++;
		}
	if (on > 2)
		snprintf(out, size, "%d at once", on);
}

static const char *
state_of(const struct fault_state *state)
{
	if (state->wanted != state->on)
		return state->wanted ? "setting in" : "ending";
	return state->on ? "ON" : "off";
}

static void
draw_fault(const struct screen *screen, struct canvas *canvas,
	   const struct area *body, int row, int i, int64_t now_ms)
{
	const struct fault_state *state = &screen->live.faults[i];
	bool selected = i == screen->fault_line;
	int64_t since_ms = state->since_ms ? now_ms - state->since_ms : -1;
	int col = 2;

	if (selected)
		canvas_puts(canvas, body, row, 0, STYLE_ACCENT, "▸");
	canvas_puts(canvas, body, row, col,
		    selected ? STYLE_ACCENT : STYLE_NORMAL, texts[i].name);
	col += NAME_WIDTH;
	canvas_puts(canvas, body, row, col,
		    state->wanted || state->on ? STYLE_ALARM : STYLE_NORMAL,
		    state_of(state));
	col += STATE_WIDTH;
	canvas_right(canvas, body, row, col, SINCE_WIDTH, STYLE_NORMAL,
		     format_elapsed(since_ms).text);
	col += SINCE_WIDTH + 3;
	canvas_fit(canvas, body, row, col, body->cols - col - 1, STYLE_DIM,
		   texts[i].brief, strlen(texts[i].brief));
}

/* A paragraph, broken between words; returns how many rows it took. */
static int
draw_words(struct canvas *canvas, const struct area *area, int row,
	   const char *text)
{
	int rows = 0;

	while (*text) {
		int size = (int)strlen(text);

		if (size > area->cols) {
			size = area->cols;
			while (size > 1 && text[size] != ' ')
				size--;
		}
		canvas_put(canvas, area, row + rows++, 0, STYLE_NORMAL, text,
			   (size_t)size);
		text += size;
		text += *text == ' ';
	}
	return rows;
}

void
page_faults_draw(struct screen *screen, struct canvas *canvas,
		 const struct area *body, int64_t now_ms)
{
	const char *const more[] = {texts[screen->fault_line].does,
				    texts[screen->fault_line].look,
				    "Enter turns it on and off; F turns all "
				    "off. What is lost stays 0."};
	int row = 1;

	overlay_draw_rule(canvas, body, "faults of the embedded broker");
	if (body->rows > FAULTS + 2) {
		canvas_puts(canvas, body, row, 2, STYLE_DIM, "fault");
		canvas_puts(canvas, body, row, 2 + NAME_WIDTH, STYLE_DIM,
			    "state");
		canvas_right(canvas, body, row++, 2 + NAME_WIDTH + STATE_WIDTH,
			     SINCE_WIDTH, STYLE_DIM, "since");
	}
	for (int i = 0; i < FAULTS; i++)
		draw_fault(screen, canvas, body, row++, i, now_ms);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		struct area text = {body->row, body->col + 2, body->rows,
				    body->cols - 4};

		if (text.cols > TEXT_WIDTH)
			text.cols = TEXT_WIDTH;
		row += 1 + draw_words(canvas, &text, row + 1, more[i]);
	}
}

void
page_faults_move(struct screen *screen, enum panel_move how)
{
	int *line = &screen->fault_line;

	if (how == PANEL_UP && *line > 0)
		--*line;
	else if (how == PANEL_DOWN && *line < FAULTS - 1)
		++*line;
	else if (how == PANEL_FIRST || how == PANEL_PAGE_UP)
		*line = 0;
	else if (how == PANEL_LAST || how == PANEL_PAGE_DOWN)
		*line = FAULTS - 1;
}

enum screen_wish
page_faults_change(struct screen *screen, int way, int64_t now_ms)
{
	int i = screen->fault_line;
	struct fault_state *state = &screen->live.faults[i];
	bool on = way == 0 ? !state->wanted : way > 0;
	char text[64];

	if (on == state->wanted)
		return SCREEN_NOTHING;
	state->wanted = on;
	state->since_ms = now_ms;
	snprintf(text, sizeof(text), on ? "fault: %s" : "no longer: %s",
		 texts[i].name);
	screen_say(screen, text, now_ms);
	return SCREEN_FAULT;
}

enum screen_wish
page_faults_lift(struct screen *screen, int64_t now_ms)
{
	for (int i = 0; i < FAULTS; i++) {
		struct fault_state *state = &screen->live.faults[i];

		if (state->wanted)
			state->since_ms = now_ms;
		state->wanted = false;
	}
	screen_say(screen, "all faults off", now_ms);
	return SCREEN_FAULT;
}
