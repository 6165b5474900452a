/*
 * What is painted for terminals, shown by a terminal that others wrote:
 * libvterm. After each of many random changes its cells must be the canvas'.
 *
 * libvterm 0.1 has no dim, and is told italics in its place. The characters
 * are some of those whose width is wcwidth()'s there, too.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <vterm.h>

#include "base/random.h"
#include "paint.h"

#define SEED  20250101
#define STEPS 6000

static const char *const texts[] = {
    "a",          "b",         "Z",         "0",         " ",
    "  ",         "~",         "é",         "ß",         "Ω",
    "—",          "…",         "▸",         "│",         "─",
    "┼",          "█",         "▁",         "⣿",         "⡇",
    "␛",          "�",         "東",        "京都",      "한",
    "ａ",         "「",        "e\xcc\x81", "x y",       "rate",
    "-1,234",     "a   b",     "  two ",    "◌\xcc\x81", "o\xcc\x88\xcc\x81",
    "東\xcc\x81", " \xcc\x81",
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

struct terminal {
	VTerm *vterm;
	VTermScreen *screen;
	bool cursor;
};

static int
on_property(VTermProp property, VTermValue *value, void *user)
{
	struct terminal *terminal = user;

	if (property == VTERM_PROP_CURSORVISIBLE)
		terminal->cursor = value->boolean != 0;
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void
terminal_start(struct terminal *terminal, int rows, int cols)
{
	terminal->vterm = vterm_new(rows, cols);
	vterm_set_utf8(terminal->vterm, 1);
	terminal->screen = vterm_obtain_screen(terminal->vterm);
	vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
	vterm_screen_reset(terminal->screen, 1);
}

/* The parameters of one SGR, with italics for dim; colours have a 2 as well. */
static void
add_sgr(struct buf *out, const char *at, const char *end)
{
	int skip = 0;

	buf_add_str(out, "\033[");
	while (at < end) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		size_t size = (size_t)((stop ? stop : end) - at);

		if (skip == 0 && size == 1 && *at == '2')
			buf_add_str(out, "3");
		else
			buf_add(out, at, size);
		if (skip > 0)
			skip--;
		else if (size == 2 && memcmp(at, "38", 2) == 0)
			skip = 4;
		if (stop)
			buf_add_str(out, ";");
		at += size + (stop != NULL);
	}
	buf_add_str(out, "m");
}

static void
terminal_write(struct terminal *terminal, const struct buf *bytes)
{
	struct buf out = BUF_INIT;
	const char *at = bytes->data, *end = at + bytes->size;

	while (at < end) {
		size_t size = strspn(at + 1, "[0123456789;") + 1;

		if (*at == '\033' && at[size] == 'm') {
			add_sgr(&out, at + 2, at + size);
			at += size + 1;
		} else {
			buf_add(&out, at++, 1);
		}
	}
	if (out.size > 0)
		vterm_input_write(terminal->vterm, out.data, out.size);
	buf_release(&out);
}

static void
terminal_puts(struct terminal *terminal, const char *text)
{
	vterm_input_write(terminal->vterm, text, strlen(text));
}

static bool
same_text(const struct cell *cell, const VTermScreenCell *shown)
{
	if (cell->text[0] == ' ' && cell->text[1] == 0 && shown->chars[0] == 0)
		return true;
	for (int i = 0; i <= CANVAS_MARKS; i++) {
		if (cell->text[i] != shown->chars[i])
			return false;
		if (cell->text[i] == 0)
			return true;
	}
	return shown->chars[1 + CANVAS_MARKS] == 0;
}

static bool
same_look(const struct theme_style *style, bool colour, bool is_space,
	  const VTermScreenCell *shown)
{
	int32_t rgb = colour ? style->colour.rgb : -1;

	if (shown->attrs.reverse != style->reverse ||
	    shown->attrs.underline != style->underline ||
	    !VTERM_COLOR_IS_DEFAULT_BG(&shown->bg))
		return false;
	/* Nothing else is seen of a blank. */
	if (is_space && !style->reverse && !style->underline)
		return true;
	if (shown->attrs.bold != style->bold ||
	    shown->attrs.italic != style->dim)
		return false;
	if (rgb < 0)
		return VTERM_COLOR_IS_DEFAULT_FG(&shown->fg);
	return VTERM_COLOR_IS_RGB(&shown->fg) &&
	       !VTERM_COLOR_IS_DEFAULT_FG(&shown->fg) &&
	       rgb == (shown->fg.rgb.red << 16 | shown->fg.rgb.green << 8 |
		       shown->fg.rgb.blue);
}

/* A right half says nothing that its left half does not say. */
static void
assert_shown(const struct terminal *terminal, const struct canvas *canvas,
	     enum settings_theme theme, bool colour, int step)
{
	for (int i = 0; i < canvas->rows * canvas->cols; i++) {
		const struct cell *cell = &canvas->cells[i];
		VTermPos at = {i / canvas->cols, i % canvas->cols};
		VTermScreenCell shown;
		bool is_space = cell->text[0] == ' ' && cell->text[1] == 0;

		assert_true(
		    vterm_screen_get_cell(terminal->screen, at, &shown));
		if (cell->width == 0) {
			assert_int_equal(shown.chars[0], (uint32_t)-1);
			continue;
		}
		if (shown.width == cell->width && same_text(cell, &shown) &&
		    same_look(theme_style(theme, cell->style), colour, is_space,
			      &shown))
			continue;
		fail_msg("step %d, %dx%d, row %d, column %d: U+%04x, width %d, "
			 "style %d is shown as U+%04x, width %d",
			 step, canvas->cols, canvas->rows, at.row, at.col,
			 cell->text[0], cell->width, cell->style,
			 shown.chars[0], shown.width);
	}
}

/* The next text is drawn plain. */
static void
assert_pen_is_plain(const struct terminal *terminal)
{
	static const VTermAttr attributes[] = {
	    VTERM_ATTR_BOLD, VTERM_ATTR_ITALIC, VTERM_ATTR_REVERSE};
	VTermState *state = vterm_obtain_state(terminal->vterm);
	VTermValue value;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]);
	     i++) {
		vterm_state_get_penattr(state, attributes[i], &value);
		assert_false(value.boolean);
	}
	vterm_state_get_penattr(state, VTERM_ATTR_UNDERLINE, &value);
	assert_int_equal(value.number, VTERM_UNDERLINE_OFF);
	vterm_state_get_penattr(state, VTERM_ATTR_FOREGROUND, &value);
	assert_true(VTERM_COLOR_IS_DEFAULT_FG(&value.color));
}

/* Mostly small, and now and then the largest. */
static int
random_size(struct random *random, int most)
{
	int size = 1 + (int)random_below(random, (uint64_t)most);

	if (random_below(random, 8) == 0)
		return most;
	return 1 + (int)random_below(random, (uint64_t)size);
}

static void
draw_text(struct canvas *canvas, struct random *random)
{
	struct area all = canvas_all(canvas);
	const char *text = texts[random_below(random, TEXTS)];

	canvas_puts(canvas, &all, (int)random_below(random, canvas->rows),
		    (int)random_below(random, canvas->cols),
		    (enum style)random_below(random, STYLES), text);
}

static void
change(struct canvas *canvas, struct random *random)
{
	struct area all = canvas_all(canvas);
	int row = (int)random_below(random, canvas->rows);
	int col = (int)random_below(random, canvas->cols);
	uint64_t many = (uint64_t)(canvas->rows * canvas->cols);
	uint64_t times;

	switch (random_below(random, 8)) {
	case 0: /* a full screen */
		for (times = 0; times < many / 2; times++)
			draw_text(canvas, random);
		break;
	case 1:
		canvas_clear(canvas);
		break;
	case 2: /* the rest of a row is blank, or of one character */
		canvas_repeat(canvas, &all, row, col, canvas->cols - col,
			      (enum style)random_below(random, STYLES),
			      random_below(random, 2) ? " " : "─");
		break;
	case 3:
		canvas_restyle(canvas, &all, row, col,
			       random_size(random, canvas->cols),
			       (enum style)random_below(random, STYLES));
		break;
	case 4: /* the last column of the last row */
		canvas_puts(canvas, &all, canvas->rows - 1, canvas->cols - 1,
			    (enum style)random_below(random, STYLES),
			    texts[random_below(random, 6)]);
		break;
	case 5: /* nothing */
		break;
	default:
		times = random_below(random, 12);
		while (times-- > 0)
			draw_text(canvas, random);
	}
}

static void
copy(struct canvas *to, const struct canvas *from)
{
	canvas_resize(to, from->rows, from->cols);
	memcpy(to->cells, from->cells,
	       sizeof(*to->cells) * (size_t)(to->rows * to->cols));
}

static void
test_changes(void **state)
{
	struct terminal terminal = {0};
	struct canvas canvas, before;
	struct random random;
	struct buf out = BUF_INIT;
	enum settings_theme theme = THEME_DARK;
	bool colour = true, anew = true;

	(void)state;
	random_init(&random, SEED, 0);
	canvas_init(&canvas, false);
	canvas_init(&before, false);
	terminal_start(&terminal, 1, 1);
	/* What a terminal may show before. */
	terminal_puts(&terminal, "\033[1;7;31mbefore");
	for (int step = 0; step < STEPS; step++) {
		if (random_below(&random, 20) == 0) {
			canvas_resize(&canvas, random_size(&random, 60),
				      random_size(&random, 200));
			vterm_set_size(terminal.vterm, canvas.rows,
				       canvas.cols);
		}
		if (random_below(&random, 40) == 0) {
			theme = (enum settings_theme)random_below(
			    &random, SETTINGS_THEMES);
			colour = random_below(&random, 3) > 0;
			anew = true;
		}
		change(&canvas, &random);
		out.size = 0;
		paint_ansi(anew ? NULL : &before, &canvas, theme, colour, &out);
		terminal_write(&terminal, &out);
		assert_shown(&terminal, &canvas, theme, colour, step);
		assert_pen_is_plain(&terminal);
		assert_false(terminal.cursor);
		/* What is on the screen needs nothing more. */
		out.size = 0;
		paint_ansi(&canvas, &canvas, theme, colour, &out);
		assert_int_equal(out.size, 0);
		copy(&before, &canvas);
		anew = false;
	}
	buf_release(&out);
	canvas_release(&canvas);
	canvas_release(&before);
	vterm_free(terminal.vterm);
}

static void
test_lines(void **state)
{
	struct canvas canvas;
	struct random random;

	(void)state;
	random_init(&random, SEED, 1);
	canvas_init(&canvas, false);
	for (int step = 0; step < 300; step++) {
		struct terminal terminal = {0};
		struct buf out = BUF_INIT, lines = BUF_INIT;

		canvas_resize(&canvas, random_size(&random, 60),
			      random_size(&random, 200));
		change(&canvas, &random);
		change(&canvas, &random);
		paint_lines(&canvas, THEME_DARK, step % 2, &lines);
		/* The terminal's driver does it for programs. */
		for (size_t i = 0; i < lines.size; i++) {
			if (lines.data[i] == '\n')
				buf_add_str(&out, "\r");
			buf_add(&out, lines.data + i, 1);
		}
		terminal_start(&terminal, canvas.rows + 1, canvas.cols);
		terminal_write(&terminal, &out);
		assert_shown(&terminal, &canvas, THEME_DARK, step % 2, step);
		assert_pen_is_plain(&terminal);
		buf_release(&out);
		buf_release(&lines);
		vterm_free(terminal.vterm);
	}
	canvas_release(&canvas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_lines),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
