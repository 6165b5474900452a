/* What is painted, byte by byte, and pictures. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "paint.h"
#include "screen/scene.h"
#include "screen.h"

#define SEED 20250101
#define NOW  (SCENE_START_MS + 133 * 1000)

static void
copy(struct canvas *to, const struct canvas *from)
{
	canvas_resize(to, from->rows, from->cols);
	memcpy(to->cells, from->cells,
	       sizeof(*to->cells) * (size_t)(to->rows * to->cols));
}

/* From one row of 20 columns to another, each put at a column. */
static void
assert_painted(const char *from, int col, enum style style, const char *to,
	       const char *expected)
{
	struct canvas before, after;
	struct area all;
	struct buf out = BUF_INIT;

	canvas_init(&before, false);
	canvas_init(&after, false);
	canvas_resize(&before, 1, 20);
	all = canvas_all(&before);
	canvas_puts(&before, &all, 0, 0, STYLE_NORMAL, from);
	copy(&after, &before);
	canvas_puts(&after, &all, 0, col, style, to);
	buf_add_str(&out, ""); /* nothing is a text, too */
	paint_ansi(&before, &after, THEME_DARK, true, &out);
	assert_string_equal(out.data, expected);
	buf_release(&out);
	canvas_release(&before);
	canvas_release(&after);
}

static void
test_changes(void **state)
{
	(void)state;
	assert_painted("same", 0, STYLE_NORMAL, "same", "");
	/* What cannot be seen is no change. */
	assert_painted("", 3, STYLE_ALARM, "", "");
	assert_painted("", 3, STYLE_BAD, "   ", "");
	assert_painted("abc", 1, STYLE_NORMAL, "x", "\033[1;2Hx");
	assert_painted("abc", 0, STYLE_NORMAL, "x", "\033[Hx");
	/* Up to three cells are written again, four are moved over. */
	assert_painted("a123b", 0, STYLE_NORMAL, "x123y", "\033[Hx123y");
	assert_painted("a12345b", 0, STYLE_NORMAL, "x12345y",
		       "\033[Hx\033[5Cy");
	assert_painted("a┼┼b", 0, STYLE_NORMAL, "x┼┼y", "\033[Hx\033[2Cy");
	assert_painted("a─b", 0, STYLE_NORMAL, "x─y", "\033[Hx─y");
	/* Blanks are written as the pen is. */
	assert_painted("a b", 0, STYLE_GOOD, "x y",
		       "\033[H\033[38;2;95;215;95mx y\033[m");
	assert_painted("a b", 0, STYLE_REVERSE, "x", "\033[H\033[7mx\033[m");
	/* The end of a row is erased. */
	assert_painted("a text that goes", 2, STYLE_NORMAL, "              ",
		       "\033[1;3H\033[K");
	assert_painted("a text that goes", 0, STYLE_BOLD, "x               ",
		       "\033[H\033[1mx \033[m\033[K");
	/* Behind the last column the cursor does not wait. */
	assert_painted("", 19, STYLE_NORMAL, "x", "\033[1;20Hx\r");
	assert_painted("", 18, STYLE_BAD, "東",
		       "\033[1;19H\033[1;38;2;255;95;95m東\033[m\r");
	/* Both columns of what goes. */
	assert_painted("東b", 0, STYLE_NORMAL, "x", "\033[Hx ");
	assert_painted("東b", 1, STYLE_NORMAL, "x", "\033[H x");
	assert_painted("東京", 1, STYLE_NORMAL, "都", "\033[H 都 ");
	assert_painted("e", 0, STYLE_NORMAL, "e\xcc\x81", "\033[He\xcc\x81");
}

/* What looks otherwise is moved over, though it is short. */
static void
test_between(void **state)
{
	struct canvas before, after;
	struct area all;
	struct buf out = BUF_INIT;

	(void)state;
	canvas_init(&before, false);
	canvas_init(&after, false);
	canvas_resize(&before, 1, 20);
	all = canvas_all(&before);
	canvas_puts(&before, &all, 0, 0, STYLE_NORMAL, "a b c");
	canvas_restyle(&before, &all, 0, 2, 1, STYLE_BOLD);
	copy(&after, &before);
	canvas_puts(&after, &all, 0, 0, STYLE_NORMAL, "x");
	canvas_puts(&after, &all, 0, 4, STYLE_NORMAL, "y");
	paint_ansi(&before, &after, THEME_DARK, true, &out);
	assert_string_equal(out.data, "\033[Hx\033[3Cy");
	buf_release(&out);
	canvas_release(&before);
	canvas_release(&after);
}

static void
assert_first(enum settings_theme theme, bool colour, const char *expected)
{
	struct canvas canvas, small;
	struct area all;
	struct buf out = BUF_INIT;

	canvas_init(&canvas, false);
	canvas_init(&small, false);
	canvas_resize(&canvas, 3, 12);
	all = canvas_all(&canvas);
	canvas_puts(&canvas, &all, 0, 0, STYLE_NORMAL, "a");
	canvas_puts(&canvas, &all, 0, 1, STYLE_BOLD, "b");
	canvas_puts(&canvas, &all, 0, 2, STYLE_BAD, "c");
	canvas_puts(&canvas, &all, 0, 3, STYLE_ALARM, "d");
	canvas_puts(&canvas, &all, 0, 4, STYLE_BAD, "e");
	canvas_puts(&canvas, &all, 0, 5, STYLE_GOOD, "f");
	canvas_puts(&canvas, &all, 0, 6, STYLE_LIVE, "g");
	canvas_puts(&canvas, &all, 0, 7, STYLE_DIM, "h");
	canvas_puts(&canvas, &all, 2, 0, STYLE_ACCENT, "i");
	canvas_puts(&canvas, &all, 2, 1, STYLE_REVERSE, " ");
	paint_ansi(NULL, &canvas, theme, colour, &out);
	assert_string_equal(out.data, expected);
	/* The same when another size was shown. */
	for (int i = 0; i < 2; i++) {
		canvas_resize(&small, 2 + i, 12 - i);
		out.size = 0;
		paint_ansi(&small, &canvas, theme, colour, &out);
		assert_string_equal(out.data, expected);
	}
	buf_release(&out);
	canvas_release(&canvas);
	canvas_release(&small);
}

static void
test_first(void **state)
{
	(void)state;
	assert_first(THEME_DARK, true,
		     "\033[?25l\033[m\033[2J\033[Ha\033[1mb"
		     "\033[38;2;255;95;95mc\033[7md"
		     "\033[0;1;38;2;255;95;95me"
		     "\033[0;38;2;95;215;95mf\033[38;2;95;201;216mg"
		     "\033[0;2mh\033[3H\033[0;1;38;2;215;135;255mi"
		     "\033[0;7m \033[m");
	assert_first(THEME_DARK, false,
		     "\033[?25l\033[m\033[2J\033[Ha\033[1mbc\033[7md"
		     "\033[0;1me\033[mfg\033[2mh\033[3H\033[0;1mi"
		     "\033[0;7m \033[m");
	assert_first(THEME_MONO, true,
		     "\033[?25l\033[m\033[2J\033[Ha\033[1mb\033[7mcde"
		     "\033[0;1mf\033[mg\033[2mh\033[3H\033[0;1;4mi"
		     "\033[0;7m \033[m");
}

static void
test_lines(void **state)
{
	struct canvas canvas;
	struct area all;
	struct buf out = BUF_INIT;

	(void)state;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 4, 5);
	all = canvas_all(&canvas);
	canvas_puts(&canvas, &all, 0, 0, STYLE_BOLD, "a b");
	canvas_puts(&canvas, &all, 1, 1, STYLE_NORMAL, "\033[2J");
	canvas_puts(&canvas, &all, 3, 3, STYLE_REVERSE, "  ");
	paint_lines(&canvas, THEME_DARK, true, &out);
	assert_string_equal(out.data, "\033[1ma b\033[m\n ␛[2J\n\n"
				      "   \033[7m  \033[m\n");
	buf_release(&out);
	canvas_release(&canvas);
}

/* What tests/lib/svg.py reads in a picture; false: there is no Python. */
static bool
read_back(const struct buf *picture, struct buf *text)
{
	char path[] = "/tmp/weir-test-XXXXXX", line[4096];
	int fd = mkstemp(path), status;
	struct buf command = BUF_INIT;
	const char *folder = getenv("srcdir");
	FILE *file;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, picture->data, picture->size),
			 (ssize_t)picture->size);
	close(fd);
	buf_addf(&command,
		 "command -v python3 >/dev/null || exit 77; "
		 "PYTHONUTF8=1 python3 '%s/tests/lib/svg.py' %s",
		 folder ? folder : ".", path);
	file = popen(command.data, "r");
	assert_non_null(file);
	text->size = 0;
	while (fgets(line, sizeof(line), file))
		buf_add_str(text, line);
	status = pclose(file);
	unlink(path);
	buf_release(&command);
	if (status == 77 << 8)
		return false;
	assert_int_equal(status, 0);
	return true;
}

static void
assert_picture(const struct canvas *canvas)
{
	struct buf picture = BUF_INIT, got = BUF_INIT, expected = BUF_INIT;

	paint_svg(canvas, THEME_DARK, true, &picture);
	if (!read_back(&picture, &got))
		skip();
	canvas_text(canvas, &expected);
	assert_string_equal(got.data, expected.data);
	buf_release(&picture);
	buf_release(&got);
	buf_release(&expected);
}

/* All that is text in a picture is where it is on the canvas. */
static void
test_picture(void **state)
{
	static const char *const texts[] = {
	    "plain words",
	    "<b>&amp;\"'</b>",
	    "]]>",
	    "<!--",
	    "東京都",
	    "e\xcc\x81x",
	    " \xcc\x81",
	    "\033[31m",
	    "\xff\xfe",
	    "\xef\xbf\xbf",
	    "\xf0\xbf\xbf\xbf",
	    "&#0;",
	    "한국",
	    "%s%n",
	};
	struct random random;
	struct canvas canvas;
	struct area all;

	(void)state;
	random_init(&random, SEED, 0);
	canvas_init(&canvas, false);
	for (int i = 0; i < 12; i++) {
		canvas_resize(&canvas, 1 + (int)random_below(&random, 30),
			      1 + (int)random_below(&random, 100));
		all = canvas_all(&canvas);
		for (int n = 0; n < 200; n++)
			canvas_puts(
			    &canvas, &all,
			    (int)random_below(&random, canvas.rows),
			    (int)random_below(&random, canvas.cols),
			    (enum style)random_below(&random, STYLES),
			    texts[random_below(&random, sizeof(texts) /
							    sizeof(texts[0]))]);
		assert_picture(&canvas);
	}
	canvas_release(&canvas);
}

/* A whole screen of text that wants to harm; its lines are shapes. */
static void
test_hostile_picture(void **state)
{
	struct dashboard_live live = scene_live(SCENE_HOSTILE);
	struct buf picture = BUF_INIT, got = BUF_INIT;
	struct screen screen;
	struct canvas canvas;

	(void)state;
	screen_init(&screen);
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 50, 160);
	screen_set_live(&screen, &live);
	screen_set_view(&screen, scene_view(SCENE_HOSTILE, 133), NOW);
	screen_draw(&screen, &canvas, NOW);
	for (int theme = 0; theme < SETTINGS_THEMES; theme++) {
		picture.size = 0;
		paint_svg(&canvas, theme, theme % 2, &picture);
		if (!read_back(&picture, &got))
			skip();
		assert_non_null(strstr(got.data, "weir"));
	}
	buf_release(&picture);
	buf_release(&got);
	screen_release(&screen);
	canvas_release(&canvas);
}

static void
assert_shape(const char *text, enum style style, const char *expected)
{
	struct canvas canvas;
	struct area all;
	struct buf out = BUF_INIT;
	const char *body;

	canvas_init(&canvas, false);
	canvas_resize(&canvas, 1, 2);
	all = canvas_all(&canvas);
	canvas_puts(&canvas, &all, 0, 0, style, text);
	paint_svg(&canvas, THEME_DARK, true, &out);
	body = strstr(out.data, "<rect ");
	assert_non_null(body);
	body = strchr(body, '\n') + 1;
	assert_string_equal(body, expected);
	buf_release(&out);
	canvas_release(&canvas);
}

static void
test_shapes(void **state)
{
	(void)state;
#define PATH(d) "<path class=\"s0\" d=\"" d "\"/>\n</svg>\n"
	assert_shape("─", STYLE_NORMAL, PATH("M0 11h12v2h-12z"));
	assert_shape("│", STYLE_NORMAL, PATH("M5 0h2v24h-2z"));
	assert_shape("├", STYLE_NORMAL, PATH("M5 11h7v2h-7zM5 0h2v24h-2z"));
	assert_shape("┘", STYLE_NORMAL, PATH("M0 11h7v2h-7zM5 0h2v13h-2z"));
	assert_shape("█▁", STYLE_NORMAL,
		     PATH("M0 0h12v24h-12zM12 21h12v3h-12z"));
	assert_shape("▌▐", STYLE_NORMAL, PATH("M0 0h6v24h-6zM18 0h6v24h-6z"));
	assert_shape("▏▕", STYLE_NORMAL, PATH("M0 0h1v24h-1zM23 0h1v24h-1z"));
	assert_shape("▚", STYLE_NORMAL, PATH("M0 0h6v12h-6zM6 12h6v12h-6z"));
	/* Dots 1 and 8. */
	assert_shape("⢁", STYLE_NORMAL, PATH("M1 1h4v4h-4zM7 19h4v4h-4z"));
#undef PATH
	assert_shape("a", STYLE_REVERSE,
		     "<path class=\"g8\" d=\"M0 0h12v24h-12z\"/>\n"
		     "<text class=\"s8\" x=\"0\" y=\"18\" textLength=\"12\" "
		     "lengthAdjust=\"spacingAndGlyphs\">a</text>\n</svg>\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_between),
	    cmocka_unit_test(test_first),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_picture),
	    cmocka_unit_test(test_hostile_picture),
	    cmocka_unit_test(test_shapes),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
