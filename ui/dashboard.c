#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dashboard.h"
#include "frame.h"
#include "keys.h"
#include "player.h"
#include "term.h"

#define ANSWER_MS 20 /* while what a key asked for is not there yet */

static void
fetch(struct frame *f, int64_t now_ms)
{
	if (!frame_fetch(f, now_ms))
		return;
	if (f->screen.settings.bell)
		term_bell();
	if (f->options->notify)
		term_notify(&f->news);
}

static void
draw(struct frame *f, int64_t now_ms)
{
	int rows, cols;

	term_size(&rows, &cols);
	if (frame_draw(f, rows, cols, now_ms))
		term_show(&f->canvas);
}

static void
apply_settings(const struct settings *settings)
{
	term_set_theme(settings->theme);
	term_set_mouse(settings->mouse);
}

/* What of a wish is about the terminal. Returns whether to quit. */
static bool
obey(struct frame *f, enum screen_wish wish)
{
	if (wish == SCREEN_REDRAW)
		term_redraw();
	/* Of several keys of a script, the last wish may hide another. */
	if (wish == SCREEN_REDRAW || wish == SCREEN_SETTINGS)
		apply_settings(&f->screen.settings);
	return wish == SCREEN_QUIT;
}

static enum screen_wish
take_key(struct frame *f, uint32_t key, int64_t now_ms)
{
	struct mouse_event event;

	if (key == KEYS_MOUSE_EVENT) {
		term_mouse_event(&event);
		return frame_grant(f, screen_mouse(&f->screen, &event, now_ms),
				   now_ms);
	}
	/* A text that slipped must not set rates, or end it all. */
	if (term_key_was_pasted() && !screen_is_typing(&f->screen)) {
		screen_say(&f->screen,
			   "pasted text is taken only where text is typed",
			   now_ms);
		f->changed = true;
		return SCREEN_NOTHING;
	}
	return frame_key(f, key, now_ms);
}

/* Returns whether to quit. */
static bool
read_keys(struct frame *f, int64_t now_ms)
{
	uint32_t key;

	while ((key = term_key()) != KEYS_NONE)
		if (obey(f, take_key(f, key, now_ms)))
			return true;
	return false;
}

/* Returns whether one of them asks to quit. */
static bool
read_signals(struct frame *f)
{
	struct signalfd_siginfo info;

	if (read(f->options->signal_fd, &info, sizeof(info)) !=
	    (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo != SIGWINCH)
		return true;
	f->changed = true; /* the size is asked for at each drawing */
	return false;
}

/*
 * What the script says at this moment. Returns whether that was all, or it has
 * failed.
 */
static bool
play(struct frame *f, int64_t now_ms, int *rc, struct err *err)
{
	struct player *player = f->options->player;
	enum player_state state = PLAYER_WAITS;
	enum screen_wish wish = SCREEN_NOTHING;

	*rc = 0;
	if (!player)
		return false;
	while ((state = player_turn(player, f, now_ms, &wish, err)) ==
	       PLAYER_ACTED) {
		if (obey(f, wish))
			return true;
		frame_ask(f);
		draw(f, now_ms);
	}
	*rc = state == PLAYER_FAILED ? err->code : 0;
	return state != PLAYER_WAITS;
}

static int
loop(struct frame *f, struct err *err)
{
	const struct dashboard_source *source = f->source;
	int64_t next_ms = 0;
	int rc;

	for (;;) {
		struct pollfd fds[2] = {
		    {.fd = STDIN_FILENO, .events = POLLIN},
		    {.fd = f->options->signal_fd, .events = POLLIN}};
		int64_t now_ms = source->now_ms(source->ctx);
		int wait_ms, n;

		/* A clock that was set back must not stop the frames. */
		if (now_ms >= next_ms || next_ms - now_ms > FRAME_MS) {
			fetch(f, now_ms);
			next_ms = now_ms + FRAME_MS;
		}
		frame_ask(f);
		draw(f, now_ms);
		if (play(f, now_ms, &rc, err))
			return rc;
		wait_ms = (int)(next_ms - now_ms);
		if (wait_ms > ANSWER_MS && screen_waits_for_rows(&f->screen))
			wait_ms = ANSWER_MS;
		n = poll(fds, 2, wait_ms);
		if (n < 0 && errno != EINTR)
			return err_errno(err, "cannot wait for keys");
		if (n < 0) {
			/* Perhaps the terminal was somebody else's since. */
			term_redraw();
			f->changed = true;
			continue;
		}
		if (fds[1].revents && read_signals(f))
			return 0;
		if (fds[0].revents && term_is_gone(fds[0].revents))
			return 0;
		if (fds[0].revents && read_keys(f, source->now_ms(source->ctx)))
			return 0;
	}
}

int
dashboard_run(const struct dashboard_source *source,
	      const struct dashboard_options *options, struct err *err)
{
	struct frame f;
	bool ascii =
	    options->settings.glyphs == GLYPHS_ASCII || !term_has_unicode();
	int rc = term_start(err);

	if (rc)
		return rc;
	frame_init(&f, source, options, ascii);
	f.screen.colourless = !term_has_colours();
	f.screen.offers |= term_has_mouse() ? KEYS_MOUSE : 0;
	apply_settings(&options->settings);
	rc = loop(&f, err);
	frame_release(&f);
	term_stop();
	return rc;
}
