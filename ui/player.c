#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "paint.h"
#include "player.h"

/* ---- Waiting ---- */

/* Since when the step that comes next is waited for. */
static int64_t
since(struct player *player, int64_t now_ms)
{
	if (!player->begun)
		player->since_ms = now_ms;
	player->begun = true;
	return player->since_ms;
}

/*
 * The next step begins when this one was over, not when somebody noticed: many
 * short waits take as long as they say.
 */
static enum player_state
wait_on(struct player *player, const struct script_step *step, int64_t now_ms)
{
	int64_t until_ms = since(player, now_ms) + step->ms;

	if (now_ms < until_ms)
		return PLAYER_WAITS;
	player->since_ms = until_ms;
	player->at++;
	return PLAYER_ACTED;
}

/* ---- The screen ---- */

static bool
is_there(const struct canvas *canvas, const char *text)
{
	struct buf screen = BUF_INIT;
	bool yes;

	canvas_text(canvas, &screen);
	yes = screen.data && strstr(screen.data, text);
	buf_release(&screen);
	return yes;
}

static enum player_state
expect(struct player *player, const struct script_step *step,
       const struct frame *frame, int64_t now_ms, struct err *err)
{
	bool wanted = step->kind == SCRIPT_EXPECT;

	if (is_there(&frame->canvas, step->text) == wanted) {
		player->begun = false;
		player->at++;
		return PLAYER_ACTED;
	}
	if (now_ms - since(player, now_ms) < step->ms)
		return PLAYER_WAITS;
	err_set(err, WEIR_NOT_FOUND, 0,
		"%s:%u: \"%s\" %s on the screen within %g s",
		player->script->name, step->line, step->text,
		wanted ? "was not" : "was still", (double)step->ms / 1000);
	canvas_text(&frame->canvas, &player->screen);
	return PLAYER_FAILED;
}

static void
paint(const struct frame *frame, enum script_picture kind, struct buf *out)
{
	const struct screen *screen = &frame->screen;
	enum settings_theme theme = screen->settings.theme;

	switch (kind) {
	case PICTURE_SVG:
		paint_svg(&frame->canvas, theme, !screen->colourless, out);
		break;
	case PICTURE_ANSI:
		paint_lines(&frame->canvas, theme, !screen->colourless, out);
		break;
	case PICTURE_TEXT:
		canvas_text(&frame->canvas, out);
		break;
	}
}

static enum player_state
screenshot(const struct player *player, const struct script_step *step,
	   const struct frame *frame, struct err *err)
{
	struct buf picture = BUF_INIT;
	FILE *file = fopen(step->text, "we");
	bool written = false;

	if (file) {
		paint(frame, step->picture, &picture);
		written =
		    fwrite(picture.data, 1, picture.size, file) == picture.size;
		written &= fclose(file) == 0;
	}
	buf_release(&picture);
	if (written)
		return PLAYER_ACTED;
	err_errno(err, "%s:%u: cannot write %s", player->script->name,
		  step->line, step->text);
	return PLAYER_FAILED;
}

/* ---- Steps ---- */

static void
press(struct frame *frame, const struct script_step *step, int64_t now_ms,
      enum screen_wish *wish)
{
	for (unsigned i = 0; i < step->keys_len && *wish != SCREEN_QUIT; i++) {
		enum screen_wish is = frame_key(frame, step->keys[i], now_ms);

		if (is != SCREEN_NOTHING)
			*wish = is;
	}
}

/* Those that take no time. */
static enum player_state
act(struct player *player, const struct script_step *step, struct frame *frame,
    int64_t now_ms, enum screen_wish *wish, struct err *err)
{
	player->at++;
	switch (step->kind) {
	case SCRIPT_KEYS:
	case SCRIPT_TYPE:
		press(frame, step, now_ms, wish);
		break;
	case SCRIPT_RESIZE:
		player->rows = step->rows;
		player->cols = step->cols;
		break;
	case SCRIPT_MARK:
		frame_mark(frame, step->text, now_ms);
		break;
	case SCRIPT_RATE:
		frame_set_rate(frame, step->per_s, now_ms);
		break;
	case SCRIPT_SCREENSHOT:
		return screenshot(player, step, frame, err);
	case SCRIPT_WAIT:
	case SCRIPT_EXPECT:
	case SCRIPT_EXPECT_NOT:
		break;
	}
	return PLAYER_ACTED;
}

enum player_state
player_turn(struct player *player, struct frame *frame, int64_t now_ms,
	    enum screen_wish *wish, struct err *err)
{
	const struct script_step *step;

	*wish = SCREEN_NOTHING;
	if (player->at == player->script->len)
		return PLAYER_OVER;
	step = &player->script->steps[player->at];
	if (step->kind == SCRIPT_WAIT)
		return wait_on(player, step, now_ms);
	if (step->kind == SCRIPT_EXPECT || step->kind == SCRIPT_EXPECT_NOT)
		return expect(player, step, frame, now_ms, err);
	return act(player, step, frame, now_ms, wish, err);
}
