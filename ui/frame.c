#include <stdio.h>
#include <string.h>

#include "cast.h"
#include "frame.h"

#define NEWS_COLS 200

static int64_t
at_us(const struct frame *frame, int64_t now_ms)
{
	return (now_ms - frame->begun_ms) * 1000;
}

/* ---- What is new ---- */

/* A marker where a rule's alerts begin to fire. */
static void
mark_alerts(struct frame *frame, const struct view *view, int64_t now_ms)
{
	const struct pipeline *pipeline = view->pipeline;

	for (unsigned i = 0; i < view->rules_len; i++) {
		bool fires = view->rules[i].firing > 0;
		char text[PIPELINE_NAME_MAX + 8];

		if (fires && !frame->firing[i] && frame->options->cast) {
			snprintf(text, sizeof(text), "alert: %s",
				 pipeline->alerts[i].name);
			cast_mark(frame->options->cast, text,
				  at_us(frame, now_ms));
		}
		frame->firing[i] = fires;
	}
}

static void
take_view(struct frame *frame, int64_t now_ms)
{
	struct view *view = NULL;
	struct err err = {.text = ""};
	int rc = frame->source->view(
	    frame->source->ctx, screen_commit(&frame->screen), &view, &err);

	if (rc == 0 && view) {
		mark_alerts(frame, view, now_ms);
		screen_set_view(&frame->screen, view, now_ms);
		frame->changed = true;
	}
	/* A store that cannot be read now may be readable again soon. */
	if (rc != 0 && rc != WEIR_NOT_FOUND) {
		frame->changed |= strcmp(frame->screen.problem, err.text) != 0;
		screen_set_problem(&frame->screen, err.text);
	} else if (frame->screen.problem[0]) {
		screen_set_problem(&frame->screen, "");
		frame->changed = true;
	}
}

bool
frame_fetch(struct frame *frame, int64_t now_ms)
{
	struct dashboard_live live = {0};
	bool news;
	char told[ERR_TEXT_MAX];

	take_view(frame, now_ms);
	news = screen_take_news(&frame->screen, &frame->news);
	if (frame->source->told &&
	    frame->source->told(frame->source->ctx, told, sizeof(told))) {
		screen_say(&frame->screen, told, now_ms);
		frame->changed = true;
	}
	/* What stands still is all of the screen. */
	if (frame->source->log && !frame->screen.frozen)
		frame->changed |=
		    frame->source->log(frame->source->ctx, &frame->log);
	live.actual_per_s = -1;
	frame->source->live(frame->source->ctx, &live);
	screen_set_live(&frame->screen, &live);
	if (live.generating != frame->live.generating ||
	    live.actual_per_s != frame->live.actual_per_s ||
	    live.held_back != frame->live.held_back ||
	    live.ended != frame->live.ended ||
	    live.disconnected != frame->live.disconnected ||
	    !controls_same(&live.controls, &frame->live.controls) ||
	    memcmp(live.faults, frame->live.faults, sizeof(live.faults)) != 0 ||
	    strcmp(live.message, frame->live.message) != 0)
		frame->changed = true;
	frame->live = live;
	/* Times on the screen are in seconds. */
	if (now_ms / 1000 != frame->second)
		frame->changed = true;
	return news;
}

/* Asks for the rows that the screen wants, and takes those that came. */
static void
browse(struct frame *frame)
{
	const struct dashboard_source *source = frame->source;
	struct page *page;
	struct err err;
	int rc;

	if (!source->browse)
		return;
	if (frame->browsing != frame->screen.rows.number) {
		frame->browsing = frame->screen.rows.number;
		source->browse(source->ctx,
			       screen_wants_rows(&frame->screen)
				   ? &frame->screen.rows.query
				   : NULL,
			       frame->browsing);
	}
	rc = source->browsed(source->ctx, &page, &err);
	if (rc == WEIR_NOT_FOUND)
		return;
	if (rc)
		screen_set_page_problem(&frame->screen, err.text);
	else
		screen_set_page(&frame->screen, page);
	frame->changed = true;
}

static void
look_up(struct frame *frame)
{
	const struct dashboard_source *source = frame->source;
	const struct keypage *page = &frame->screen.key;
	const struct view_text id = {page->id, page->id_size};
	struct view_event *event;
	struct view_key *key;
	struct err err;

	if (source->key && screen_wants_key(&frame->screen)) {
		bool there =
		    source->key(source->ctx, page->table, page->window_ms, &id,
				page->windows, &key, &err) == 0;

		screen_set_key(&frame->screen, there ? key : NULL,
			       there ? NULL : err.text);
		frame->changed = true;
	}
	event = source->fetched ? source->fetched(source->ctx) : NULL;
	if (event) {
		screen_set_event(&frame->screen, event);
		frame->changed = true;
	}
}

void
frame_ask(struct frame *frame)
{
	look_up(frame);
	browse(frame);
}

/* ---- Keys ---- */

/* The snapshot that the screen asks for, and what goes with it. */
static void
step(struct frame *frame, int64_t now_ms)
{
	struct dashboard_past past;
	struct err err;
	int rc = frame->source->past(frame->source->ctx, frame->screen.ask.id,
				     frame->screen.ask.step, &past, &err);

	if (rc == 0)
		screen_set_past(&frame->screen, &past, now_ms);
	else if (rc == WEIR_NOT_FOUND)
		screen_no_past(&frame->screen, now_ms);
	else
		screen_say(&frame->screen, err.text, now_ms);
}

static void
fetch_base(struct frame *frame, int64_t now_ms)
{
	struct dashboard_past base;
	struct err err;
	int64_t id;
	int rc;

	if (!screen_wants_base(&frame->screen, &id))
		return;
	rc = frame->source->past(frame->source->ctx, id, -1, &base, &err);
	if (rc == 0) {
		screen_set_base(&frame->screen, &base);
		return;
	}
	screen_no_base(&frame->screen, now_ms);
	if (rc != WEIR_NOT_FOUND)
		screen_say(&frame->screen, err.text, now_ms);
}

static void
keep_settings(struct frame *frame, int64_t now_ms)
{
	const struct dashboard_source *source = frame->source;
	struct err err;

	frame->canvas.blocks = frame->screen.settings.glyphs == GLYPHS_BLOCKS;
	if (frame->options->cast)
		cast_set_theme(frame->options->cast,
			       frame->screen.settings.theme);
	if (source->keep &&
	    source->keep(source->ctx, &frame->screen.settings, &err))
		screen_say(&frame->screen, err.text, now_ms);
}

/* Those that are wanted otherwise than they were. */
static void
set_faults(struct frame *frame)
{
	for (int i = 0; i < FAULTS; i++)
		frame->source->fault(frame->source->ctx, (enum fault)i,
				     frame->screen.live.faults[i].wanted);
}

enum screen_wish
frame_grant(struct frame *frame, enum screen_wish wish, int64_t now_ms)
{
	const struct dashboard_source *source = frame->source;
	struct screen *screen = &frame->screen;

	frame->changed = true;
	switch (wish) {
	case SCREEN_CONTROL:
		source->control(source->ctx, &screen->live.controls);
		break;
	case SCREEN_FAULT:
		set_faults(frame);
		break;
	case SCREEN_ACKNOWLEDGE:
		source->acknowledge(source->ctx, screen->ask.alert);
		break;
	case SCREEN_MUTE:
		source->mute(source->ctx, screen->ask.rule, screen->ask.muted);
		break;
	case SCREEN_SNAPSHOT:
		source->snapshot(source->ctx);
		break;
	case SCREEN_STEP:
		step(frame, now_ms);
		break;
	case SCREEN_FETCH:
		source->fetch(source->ctx, &screen->key.key->row.last);
		break;
	case SCREEN_SETTINGS:
		keep_settings(frame, now_ms);
		break;
	case SCREEN_QUIT:
	case SCREEN_REDRAW:
	case SCREEN_NOTHING:
		break;
	}
	fetch_base(frame, now_ms);
	look_up(frame);
	return wish == SCREEN_QUIT || wish == SCREEN_REDRAW ||
		       wish == SCREEN_SETTINGS
		   ? wish
		   : SCREEN_NOTHING;
}

enum screen_wish
frame_key(struct frame *frame, uint32_t key, int64_t now_ms)
{
	if (frame->options->cast)
		cast_key(frame->options->cast, key, at_us(frame, now_ms));
	return frame_grant(frame, screen_key(&frame->screen, key, now_ms),
			   now_ms);
}

void
frame_set_rate(struct frame *frame, double per_s, int64_t now_ms)
{
	if (!frame->screen.live.generating)
		return;
	frame->screen.live.controls.per_s = per_s;
	frame_grant(frame, SCREEN_CONTROL, now_ms);
}

void
frame_mark(struct frame *frame, const char *text, int64_t now_ms)
{
	if (frame->options->cast)
		cast_mark(frame->options->cast, text, at_us(frame, now_ms));
	if (frame->source->note)
		frame->source->note(frame->source->ctx, text);
}

/* ---- Drawing ---- */

bool
frame_draw(struct frame *frame, int rows, int cols, int64_t now_ms)
{
	if (rows != frame->canvas.rows || cols != frame->canvas.cols) {
		canvas_resize(&frame->canvas, rows, cols);
		frame->changed = true;
	}
	if (!frame->changed)
		return false;
	screen_draw(&frame->screen, &frame->canvas, now_ms);
	frame->second = now_ms / 1000;
	frame->changed = false;
	if (frame->options->cast)
		cast_frame(frame->options->cast, &frame->canvas,
			   at_us(frame, now_ms));
	return true;
}

/* ---- Begin and end ---- */

void
frame_init(struct frame *frame, const struct dashboard_source *source,
	   const struct dashboard_options *options, bool ascii)
{
	struct screen *screen = &frame->screen;

	memset(frame, 0, sizeof(*frame));
	frame->source = source;
	frame->options = options;
	frame->begun_ms = source->now_ms(source->ctx);
	frame->changed = true;
	screen_init(screen);
	screen->settings = options->settings;
	screen->offers = (source->acknowledge ? KEYS_COMMANDS : 0) |
			 (source->past ? KEYS_PAST : 0) |
			 (source->snapshot ? KEYS_SNAPSHOT : 0) |
			 (source->browse ? KEYS_STORE : 0) |
			 (source->fetch ? KEYS_FETCH : 0) |
			 (source->fault ? KEYS_FAULTS : 0);
	screen->brokers = options->brokers;
	if (source->log)
		screen_set_log(screen, &frame->log);
	if (options->say)
		screen_say(screen, options->say, frame->begun_ms);
	canvas_init(&frame->canvas, ascii);
	canvas_init(&frame->news, ascii);
	canvas_resize(&frame->news, 1, NEWS_COLS);
	frame->canvas.blocks = options->settings.glyphs == GLYPHS_BLOCKS;
}

void
frame_release(struct frame *frame)
{
	canvas_release(&frame->canvas);
	canvas_release(&frame->news);
	screen_release(&frame->screen);
}
