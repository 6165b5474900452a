#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dashboard.h"
#include "keys.h"
#include "screen.h"
#include "term.h"

#define FRAME_MS 100

struct dashboard {
	const struct dashboard_source *source;
	const struct dashboard_options *options;
	struct screen screen;
	struct canvas canvas;
	struct dashboard_live live; /* as it was drawn last */
	int64_t second;             /* the clock second that was drawn last */
	bool changed;               /* there is something to draw */
};

static void
fetch(struct dashboard *d, int64_t now_ms)
{
	struct dashboard_live live = {0};
	struct view *view = NULL;
	struct err err = {.text = ""};
	int rc;

	rc = d->source->view(d->source->ctx, screen_commit(&d->screen), &view,
			     &err);
	if (rc == 0 && view) {
		screen_set_view(&d->screen, view, now_ms);
		d->changed = true;
	}
	/* A store that cannot be read now may be readable again soon. */
	if (rc != 0 && rc != WEIR_NOT_FOUND) {
		d->changed |= strcmp(d->screen.problem, err.text) != 0;
		screen_set_problem(&d->screen, err.text);
	} else if (d->screen.problem[0]) {
		screen_set_problem(&d->screen, "");
		d->changed = true;
	}
	live.actual_per_s = -1;
	d->source->live(d->source->ctx, &live);
	screen_set_live(&d->screen, &live);
	if (live.generating != d->live.generating ||
	    live.target_per_s != d->live.target_per_s ||
	    live.actual_per_s != d->live.actual_per_s ||
	    live.held_back != d->live.held_back ||
	    live.ended != d->live.ended ||
	    live.disconnected != d->live.disconnected ||
	    strcmp(live.message, d->live.message) != 0)
		d->changed = true;
	d->live = live;
	/* Times on the screen are in seconds. */
	if (now_ms / 1000 != d->second)
		d->changed = true;
}

static void
draw(struct dashboard *d, int64_t now_ms)
{
	int rows, cols;

	term_size(&rows, &cols);
	if (rows != d->canvas.rows || cols != d->canvas.cols) {
		canvas_resize(&d->canvas, rows, cols);
		d->changed = true;
	}
	if (!d->changed)
		return;
	screen_draw(&d->screen, &d->canvas, now_ms);
	term_show(&d->canvas);
	d->second = now_ms / 1000;
	d->changed = false;
}

/* Returns whether to quit. */
static bool
read_keys(struct dashboard *d, int64_t now_ms)
{
	uint32_t key;

	while ((key = term_key()) != KEYS_NONE) {
		d->changed = true;
		switch (screen_key(&d->screen, key, now_ms)) {
		case SCREEN_QUIT:
			return true;
		case SCREEN_REDRAW:
			term_redraw();
			break;
		case SCREEN_SET_RATE:
			d->source->set_rate(d->source->ctx,
					    d->screen.live.target_per_s);
			break;
		case SCREEN_NOTHING:
			break;
		}
	}
	return false;
}

/* Returns whether one of them asks to quit. */
static bool
read_signals(struct dashboard *d)
{
	struct signalfd_siginfo info;

	if (read(d->options->signal_fd, &info, sizeof(info)) !=
	    (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo != SIGWINCH)
		return true;
	d->changed = true; /* the size is asked for at each drawing */
	return false;
}

static int
loop(struct dashboard *d, struct err *err)
{
	int64_t next_ms = 0;

	for (;;) {
		struct pollfd fds[2] = {
		    {.fd = STDIN_FILENO, .events = POLLIN},
		    {.fd = d->options->signal_fd, .events = POLLIN}};
		int64_t now_ms = d->source->now_ms(d->source->ctx);
		int wait_ms, n;

		/* A clock that was set back must not stop the frames. */
		if (now_ms >= next_ms || next_ms - now_ms > FRAME_MS) {
			fetch(d, now_ms);
			next_ms = now_ms + FRAME_MS;
		}
		draw(d, now_ms);
		if (d->live.ended && d->options->quit_when_ended)
			return 0;
		wait_ms = (int)(next_ms - now_ms);
		n = poll(fds, 2, wait_ms);
		if (n < 0 && errno != EINTR)
			return err_errno(err, "cannot wait for keys");
		if (n < 0) {
			/* Perhaps the terminal was somebody else's since. */
			term_redraw();
			d->changed = true;
			continue;
		}
		if (fds[1].revents && read_signals(d))
			return 0;
		if (fds[0].revents && term_is_gone(fds[0].revents))
			return 0;
		if (fds[0].revents &&
		    read_keys(d, d->source->now_ms(d->source->ctx)))
			return 0;
	}
}

int
dashboard_run(const struct dashboard_source *source,
	      const struct dashboard_options *options, struct err *err)
{
	struct dashboard d = {.source = source, .options = options};
	int rc = term_start(err);

	if (rc)
		return rc;
	screen_init(&d.screen);
	canvas_init(&d.canvas, options->ascii || !term_has_unicode());
	d.changed = true;
	rc = loop(&d, err);
	canvas_release(&d.canvas);
	screen_release(&d.screen);
	term_stop();
	return rc;
}
