/*
 * What drawing costs: CPU of a whole frame, of one in which all numbers have
 * changed, and what is written to the terminal of each; and of one in which
 * nothing has. Views are made by hand (tests/screen/scene.c), one a second of a
 * run; the terminal is a pseudo terminal that another process reads.
 *
 *	screen [FRAMES]		prints NAME VALUE lines
 */
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keys.h"
#include "screen.h"
#include "screen/scene.h"
#include "term.h"

#define ROWS   60
#define COLS   200
#define FRAMES 1000
#define PERIOD 100 /* views, which come again */

static double
cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How much has been written so far: this process writes nothing else. */
static long
written(void)
{
	FILE *io = fopen("/proc/self/io", "r");
	char line[64];
	long bytes = 0;

	while (io && fgets(line, sizeof(line), io))
		if (sscanf(line, "wchar: %ld", &bytes) == 1)
			break;
	if (io)
		fclose(io);
	return bytes;
}

struct bench {
	struct screen screen;
	struct canvas canvas;
	double *times;
	int frames;
	FILE *out;
};

enum what { WHOLE, CHANGED, SAME };

static void
measure(struct bench *b, const char *name, enum what what)
{
	struct dashboard_live live = scene_live(SCENE_NORMAL);
	long bytes;

	term_show(&b->canvas);
	bytes = written();
	for (int i = 0; i < b->frames; i++) {
		int second = 100 + i % PERIOD;
		int64_t now_ms = SCENE_START_MS + second * INT64_C(1000);
		double began;

		if (what != SAME) {
			live.actual_per_s = 9000 + second;
			screen_set_live(&b->screen, &live);
			screen_set_view(&b->screen,
					scene_view(SCENE_NORMAL, second),
					now_ms);
		}
		if (what == WHOLE)
			term_redraw();
		began = cpu_ms();
		if (what != SAME)
			screen_draw(&b->screen, &b->canvas, now_ms);
		term_show(&b->canvas);
		b->times[i] = cpu_ms() - began;
	}
	bytes = written() - bytes;
	qsort(b->times, (size_t)b->frames, sizeof(*b->times), by_size);
	fprintf(b->out, "%s_ms %.3f\n%s_p99_ms %.3f\n%s_bytes %ld\n", name,
		b->times[b->frames / 2], name,
		b->times[b->frames - 1 - b->frames / 100], name,
		bytes / b->frames);
}

static void
draw(struct bench *b)
{
	struct err err;

	setenv("TERM", "xterm-256color", 1);
	if (term_start(&err)) {
		fprintf(b->out, "%s\n", err.text);
		exit(1);
	}
	screen_init(&b->screen);
	screen_set_log(&b->screen, scene_log(SCENE_NORMAL));
	canvas_init(&b->canvas, false);
	canvas_resize(&b->canvas, ROWS, COLS);
	screen_set_view(&b->screen, scene_view(SCENE_NORMAL, 100),
			SCENE_START_MS + 100000);
	screen_draw(&b->screen, &b->canvas, SCENE_START_MS + 100000);
	measure(b, "whole", WHOLE);
	measure(b, "changed", CHANGED);
	measure(b, "same", SAME);
	screen_release(&b->screen);
	canvas_release(&b->canvas);
	term_stop();
}

int
main(int argc, char **argv)
{
	struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
	struct bench bench = {.frames = argc > 1 ? atoi(argv[1]) : FRAMES};
	char part[65536];
	int fd, status;
	pid_t pid;

	if (!setlocale(LC_ALL, "C.UTF-8") || bench.frames < 1)
		return 1;
	bench.times = calloc((size_t)bench.frames, sizeof(*bench.times));
	bench.out = fdopen(dup(STDOUT_FILENO), "w");
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0 || !bench.out || !bench.times)
		return 1;
	if (pid == 0) {
		draw(&bench);
		fclose(bench.out);
		_exit(0);
	}
	while (read(fd, part, sizeof(part)) > 0)
		;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		   ? WEXITSTATUS(status)
		   : 1;
}
