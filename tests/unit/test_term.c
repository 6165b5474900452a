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

/* ---- Colours ---- */

/* Draws one word in the style of what is good, and ends. */
static void
paint(const char *term, const char *colorterm, const char *no_colour,
      enum settings_theme theme)
{
	struct canvas canvas;
	struct area all;
	struct err err;

	setenv("TERM", term, 1);
	setenv("COLORTERM", colorterm, 1);
	setenv("NO_COLOR", no_colour, 1);
	if (term_start(&err))
		_exit(1);
	term_set_theme(theme);
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 1, 20);
	all = canvas_all(&canvas);
	canvas_puts(&canvas, &all, 0, 0, STYLE_GOOD, "balanced");
	term_show(&canvas);
	canvas_release(&canvas);
	term_stop();
	_exit(0);
}

static void
assert_painted(const char *term, const char *colorterm, const char *no_colour,
	       enum settings_theme theme, const char *wanted)
{
	struct buf out = BUF_INIT;
	int fd, status;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0)
		paint(term, colorterm, no_colour, theme);
	read_all(fd, &out);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_non_null(strstr(out.data, "balanced"));
	if (!strstr(out.data, wanted))
		fail_msg("%s, %s: no %s", term, colorterm, wanted + 1);
	/* All colours are 30 to 38; 39 is the terminal's own. */
	for (const char *at = out.data; !*wanted && *at; at++)
		if (strncmp(at, "\033[3", 3) == 0 && at[3] >= '0')
			assert_true(at[3] == '9');
	buf_release(&out);
}

static void
test_colours(void **state)
{
	(void)state;
	assert_painted("xterm", "", "", THEME_DARK, "\033[32m");
	assert_painted("xterm-256color", "", "", THEME_DARK, "\033[38;5;77m");
	assert_painted("xterm-256color", "", "", THEME_LIGHT, "\033[38;5;28m");
	assert_painted("xterm-256color", "", "", THEME_COLOUR_BLIND,
		       "\033[38;5;74m");
	assert_painted("xterm-256color", "", "", THEME_MONO, "");
	assert_painted("xterm-256color", "truecolor", "1", THEME_DARK, "");
	assert_painted("vt100", "truecolor", "", THEME_DARK, "");
}

/* A terminal that has every colour, and is known by two descriptions. */
static void
test_direct(void **state)
{
	static const char made[] =
	    "TERMINFO=%s tic -x - <<'END'\n"
	    "weir-256color,\n\tuse=xterm-256color,\n"
	    "weir-direct,\n\tcolors#0x1000000, pairs#0x7fff, RGB,\n"
	    "\tsetaf=\\E[38;2;%%p1%%{65536}%%/%%d;%%p1%%{256}%%/%%{255}%%&"
	    "%%d;%%p1%%{255}%%&%%dm,\n"
	    "\tuse=xterm-256color,\nEND\n";
	char folder[] = "/tmp/weir-terminfo.XXXXXX", command[1024];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), made, folder);
	if (system(command) != 0) {
		print_message("# there is no tic\n");
		assert_int_equal(rmdir(folder), 0);
		return;
	}
	setenv("TERMINFO", folder, 1);
	assert_painted("weir-256color", "", "", THEME_DARK, "\033[38;5;77m");
	assert_painted("weir-256color", "truecolor", "", THEME_DARK,
		       "\033[38;2;95;215;95m");
	assert_painted("weir-256color", "24bit", "", THEME_COLOUR_BLIND,
		       "\033[38;2;86;180;233m");
	assert_painted("weir-direct", "", "", THEME_DARK,
		       "\033[38;2;95;215;95m");
	assert_painted("weir-256color", "truecolor", "1", THEME_DARK, "");
	unsetenv("TERMINFO");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_told),
	    cmocka_unit_test(test_colours),
	    cmocka_unit_test(test_direct),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
