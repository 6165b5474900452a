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

#define FRAME_MS  100
#define ANSWER_MS 20 /* while what a key asked for is not there yet */
#define NEWS_COLS 200

struct dashboard {
	const struct dashboard_source *source;
	const struct dashboard_options *options;
	struct screen screen;
	struct canvas canvas;
	struct canvas news;         /* a line for the desktop */
	struct dashboard_live live; /* as it was drawn last */
	int64_t second;             /* the clock second that was drawn last */
	uint64_t browsing;          /* the number of what was asked for last */
	bool changed;               /* there is something to draw */
	struct log_lines log;
};

static void
fetch(struct dashboard *d, int64_t now_ms)
{
	struct dashboard_live live = {0};
	struct view *view = NULL;
	struct err err = {.text = ""};
	char told[ERR_TEXT_MAX];
	int rc;

	rc = d->source->view(d->source->ctx, screen_commit(&d->screen), &view,
			     &err);
	if (rc == 0 && view) {
		screen_set_view(&d->screen, view, now_ms);
		d->changed = true;
	}
	if (screen_take_news(&d->screen, &d->news)) {
		if (d->screen.settings.bell)
			term_bell();
		if (d->options->notify)
			term_notify(&d->news);
	}
	/* A store that cannot be read now may be readable again soon. */
	if (rc != 0 && rc != WEIR_NOT_FOUND) {
		d->changed |= strcmp(d->screen.problem, err.text) != 0;
		screen_set_problem(&d->screen, err.text);
	} else if (d->screen.problem[0]) {
		screen_set_problem(&d->screen, "");
		d->changed = true;
	}
	if (d->source->told &&
	    d->source->told(d->source->ctx, told, sizeof(told))) {
		screen_say(&d->screen, told, now_ms);
		d->changed = true;
	}
	/* What stands still is all of the screen. */
	if (d->source->log && !d->screen.frozen)
		d->changed |= d->source->log(d->source->ctx, &d->log);
	live.actual_per_s = -1;
	d->source->live(d->source->ctx, &live);
	screen_set_live(&d->screen, &live);
	if (live.generating != d->live.generating ||
	    live.actual_per_s != d->live.actual_per_s ||
	    live.held_back != d->live.held_back ||
	    live.ended != d->live.ended ||
	    live.disconnected != d->live.disconnected ||
	    !controls_same(&live.controls, &d->live.controls) ||
	    memcmp(live.faults, d->live.faults, sizeof(live.faults)) != 0 ||
	    strcmp(live.message, d->live.message) != 0)
		d->changed = true;
	d->live = live;
	/* Times on the screen are in seconds. */
	if (now_ms / 1000 != d->second)
		d->changed = true;
}

/* Asks for the rows that the screen wants, and takes those that came. */
static void
browse(struct dashboard *d)
{
	const struct dashboard_source *source = d->source;
	struct page *page;
	struct err err;
	int rc;

	if (!source->browse)
		return;
	if (d->browsing != d->screen.rows.number) {
		d->browsing = d->screen.rows.number;
		source->browse(source->ctx,
			       screen_wants_rows(&d->screen)
				   ? &d->screen.rows.query
				   : NULL,
			       d->browsing);
	}
	rc = source->browsed(source->ctx, &page, &err);
	if (rc == WEIR_NOT_FOUND)
		return;
	if (rc)
		screen_set_page_problem(&d->screen, err.text);
	else
		screen_set_page(&d->screen, page);
	d->changed = true;
}

static void
look_up(struct dashboard *d)
{
	const struct dashboard_source *source = d->source;
	const struct keypage *page = &d->screen.key;
	const struct view_text id = {page->id, page->id_size};
	struct view_event *event;
	struct view_key *key;
	struct err err;

	if (source->key && screen_wants_key(&d->screen)) {
		bool there =
		    source->key(source->ctx, page->table, page->window_ms, &id,
				page->windows, &key, &err) == 0;

		screen_set_key(&d->screen, there ? key : NULL,
			       there ? NULL : err.text);
		d->changed = true;
	}
	event = source->fetched ? source->fetched(source->ctx) : NULL;
	if (event) {
		screen_set_event(&d->screen, event);
		d->changed = true;
	}
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

/* The snapshot that the screen asks for, and what goes with it. */
static void
step(struct dashboard *d, int64_t now_ms)
{
	struct dashboard_past past;
	struct err err;
	int rc = d->source->past(d->source->ctx, d->screen.ask.id,
				 d->screen.ask.step, &past, &err);

	if (rc == 0)
		screen_set_past(&d->screen, &past, now_ms);
	else if (rc == WEIR_NOT_FOUND)
		screen_no_past(&d->screen, now_ms);
	else
		screen_say(&d->screen, err.text, now_ms);
}

static void
fetch_base(struct dashboard *d, int64_t now_ms)
{
	struct dashboard_past base;
	struct err err;
	int64_t id;
	int rc;

	if (!screen_wants_base(&d->screen, &id))
		return;
	rc = d->source->past(d->source->ctx, id, -1, &base, &err);
	if (rc == 0) {
		screen_set_base(&d->screen, &base);
		return;
	}
	screen_no_base(&d->screen, now_ms);
	if (rc != WEIR_NOT_FOUND)
		screen_say(&d->screen, err.text, now_ms);
}

static void
apply_settings(struct dashboard *d)
{
	const struct settings *settings = &d->screen.settings;

	term_set_theme(settings->theme);
	term_set_mouse(settings->mouse);
	d->canvas.blocks = settings->glyphs == GLYPHS_BLOCKS;
}

static void
keep_settings(struct dashboard *d, int64_t now_ms)
{
	struct err err;

	apply_settings(d);
	if (d->source->keep &&
	    d->source->keep(d->source->ctx, &d->screen.settings, &err))
		screen_say(&d->screen, err.text, now_ms);
}

static enum screen_wish
take_key(struct dashboard *d, uint32_t key, int64_t now_ms)
{
	struct mouse_event event;

	if (key == KEYS_MOUSE_EVENT) {
		term_mouse_event(&event);
		return screen_mouse(&d->screen, &event, now_ms);
	}
	/* A text that slipped must not set rates, or end it all. */
	if (term_key_was_pasted() && !screen_is_typing(&d->screen)) {
		screen_say(&d->screen,
			   "pasted text is taken only where text is typed",
			   now_ms);
		return SCREEN_NOTHING;
	}
	return screen_key(&d->screen, key, now_ms);
}

/* Those that are wanted otherwise than they were. */
static void
set_faults(struct dashboard *d)
{
	for (int i = 0; i < FAULTS; i++)
		d->source->fault(d->source->ctx, (enum fault)i,
				 d->screen.live.faults[i].wanted);
}

/* Returns whether to quit. */
static bool
read_keys(struct dashboard *d, int64_t now_ms)
{
	uint32_t key;

	while ((key = term_key()) != KEYS_NONE) {
		d->changed = true;
		switch (take_key(d, key, now_ms)) {
		case SCREEN_QUIT:
			return true;
		case SCREEN_REDRAW:
			term_redraw();
			break;
		case SCREEN_CONTROL:
			d->source->control(d->source->ctx,
					   &d->screen.live.controls);
			break;
		case SCREEN_FAULT:
			set_faults(d);
			break;
		case SCREEN_ACKNOWLEDGE:
			d->source->acknowledge(d->source->ctx,
					       d->screen.ask.alert);
			break;
		case SCREEN_MUTE:
			d->source->mute(d->source->ctx, d->screen.ask.rule,
					d->screen.ask.muted);
			break;
		case SCREEN_SNAPSHOT:
			d->source->snapshot(d->source->ctx);
			break;
		case SCREEN_STEP:
			step(d, now_ms);
			break;
		case SCREEN_FETCH:
			d->source->fetch(d->source->ctx,
					 &d->screen.key.key->row.last);
			break;
		case SCREEN_SETTINGS:
			keep_settings(d, now_ms);
			break;
		case SCREEN_NOTHING:
			break;
		}
		fetch_base(d, now_ms);
		look_up(d);
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
			look_up(d);
			next_ms = now_ms + FRAME_MS;
		}
		browse(d);
		draw(d, now_ms);
		if (d->live.ended && d->options->quit_when_ended)
			return 0;
		wait_ms = (int)(next_ms - now_ms);
		if (wait_ms > ANSWER_MS && screen_waits_for_rows(&d->screen))
			wait_ms = ANSWER_MS;
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
	bool ascii =
	    options->settings.glyphs == GLYPHS_ASCII || !term_has_unicode();
	int rc = term_start(err);

	if (rc)
		return rc;
	screen_init(&d.screen);
	d.screen.settings = options->settings;
	d.screen.colourless = !term_has_colours();
	d.screen.offers = (source->acknowledge ? KEYS_COMMANDS : 0) |
			  (source->past ? KEYS_PAST : 0) |
			  (source->snapshot ? KEYS_SNAPSHOT : 0) |
			  (source->browse ? KEYS_STORE : 0) |
			  (source->fetch ? KEYS_FETCH : 0) |
			  (source->fault ? KEYS_FAULTS : 0) |
			  (term_has_mouse() ? KEYS_MOUSE : 0);
	d.screen.brokers = options->brokers;
	if (source->log)
		screen_set_log(&d.screen, &d.log);
	if (options->say)
		screen_say(&d.screen, options->say,
			   source->now_ms(source->ctx));
	canvas_init(&d.canvas, ascii);
	canvas_init(&d.news, ascii);
	canvas_resize(&d.news, 1, NEWS_COLS);
	apply_settings(&d);
	d.changed = true;
	rc = loop(&d, err);
	canvas_release(&d.canvas);
	canvas_release(&d.news);
	screen_release(&d.screen);
	term_stop();
	return rc;
}
