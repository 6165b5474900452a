#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "frame.h"
#include "player.h"
#include "stage.h"

struct stage {
	struct frame frame;
	int rows, cols;
};

/* With all answers, where they can be waited for. */
static void
draw(struct stage *stage, int64_t now_ms)
{
	const struct dashboard_source *source = stage->frame.source;

	frame_ask(&stage->frame);
	if (source->settle) {
		source->settle(source->ctx);
		frame_ask(&stage->frame);
	}
	frame_draw(&stage->frame, stage->rows, stage->cols, now_ms);
}

/* What the script says at this moment; PLAYER_WAITS: to go on. */
static enum player_state
play(struct stage *stage, int64_t now_ms, struct err *err)
{
	struct frame *frame = &stage->frame;
	struct player *player = frame->options->player;
	enum screen_wish wish;
	enum player_state state;

	if (!player)
		return frame->live.ended ? PLAYER_OVER : PLAYER_WAITS;
	while ((state = player_turn(player, frame, now_ms, &wish, err)) ==
	       PLAYER_ACTED) {
		if (wish == SCREEN_QUIT)
			return PLAYER_OVER;
		if (player->rows) {
			stage->rows = player->rows;
			stage->cols = player->cols;
		}
		draw(stage, now_ms);
	}
	return state;
}

/* Takes the signals that have come. Returns whether one asks to end. */
static bool
read_signals(int fd)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		end |= info.ssi_signo != SIGWINCH;
	return end;
}

/* Until the next frame. Returns whether a signal asks to end. */
static bool
let_pass(const struct stage *stage, int64_t drawn_ms)
{
	const struct dashboard_source *source = stage->frame.source;
	struct pollfd signals = {.fd = stage->frame.options->signal_fd,
				 .events = POLLIN};
	int64_t passed_ms = source->now_ms(source->ctx) - drawn_ms;
	int wait_ms = 0;

	if (!source->pass && passed_ms >= 0 && passed_ms < FRAME_MS)
		wait_ms = FRAME_MS - (int)passed_ms;
	return poll(&signals, 1, wait_ms) > 0 && read_signals(signals.fd);
}

int
stage_run(const struct dashboard_source *source,
	  const struct dashboard_options *options, struct err *err)
{
	struct stage stage = {.rows = options->rows, .cols = options->cols};
	enum player_state state = PLAYER_WAITS;
	int64_t now_ms;
	int rc = 0;

	frame_init(&stage.frame, source, options,
		   options->settings.glyphs == GLYPHS_ASCII);
	do {
		now_ms = source->now_ms(source->ctx);
		frame_fetch(&stage.frame, now_ms);
		draw(&stage, now_ms);
		state = play(&stage, now_ms, err);
		if (state == PLAYER_WAITS && source->pass)
			rc = source->pass(source->ctx, FRAME_MS, err);
	} while (rc == 0 && state == PLAYER_WAITS && !stage.frame.live.failed &&
		 !let_pass(&stage, now_ms));
	if (state == PLAYER_FAILED)
		rc = err->code;
	frame_release(&stage.frame);
	return rc;
}
