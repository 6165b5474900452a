/*
 * The door to the terminal: the bytes that reach one when an alert is told of.
 * The terminal is a pseudo terminal; a child draws, the parent reads.
 */
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "screen.h"
#include "screen/scene.h"
#include "term.h"

#define NOW (SCENE_START_MS + 133000)

/* What tells of ten thousand alerts of keys that want to harm. */
static void
tell(void)
{
	struct screen screen;
	struct canvas line;
	struct err err;

	setenv("TERM", "xterm", 1);
	if (term_start(&err))
		_exit(1);
	screen_init(&screen);
	canvas_init(&line, false);
	canvas_resize(&line, 1, 200);
	for (int key = 0; key < 16; key++) {
		struct view *view = scene_view(SCENE_STORM, 133);

		/* Each of the texts in turn, as what is named. */
		view->alerts[0].key = view->alerts[key].key;
		screen_set_view(&screen, view, NOW);
		if (!screen_take_news(&screen, &line))
			_exit(2);
		term_bell();
		term_notify(&line);
		screen_set_view(&screen, scene_view(SCENE_NORMAL, 133), NOW);
	}
	screen_release(&screen);
	canvas_release(&line);
	term_stop();
	_exit(0);
}

/* All that a child writes. */
static void
read_all(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n;

	/* At the end of the child, a terminal gives an error. */
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)n);
	buf_add(out, "", 1);
}

static void
test_told(void **state)
{
	static const char begin[] = "\033]9;", end[] = "\033\\";
	struct buf out = BUF_INIT;
	unsigned notices = 0, bells = 0;
	int fd, status;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		tell();
	read_all(fd, &out);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (size_t i = 0; i < out.size; i++)
		bells += out.data[i] == '\a';
	for (const char *at = out.data; (at = strstr(at, begin));) {
		const char *text = at + sizeof(begin) - 1;
		const char *stop = strstr(text, end);

		assert_non_null(stop);
		assert_memory_equal(text, "weir: critical  hot item", 24);
		/* Nothing in it ends it early, or is a control character. */
		for (const char *c = text; c < stop; c++) {
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
			assert_false((unsigned char)*c == 0xc2 &&
				     (unsigned char)c[1] < 0xa0);
		}
		notices++;
		at = stop;
	}
	assert_int_equal(notices, 16);
	assert_int_equal(bells, 16);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_told),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
