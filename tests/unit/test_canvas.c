/* Canvas: escaping, widths and edges. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canvas.h"
#include "screen/scene.h"

/* What a text looks like on one row of `cols` columns. */
static void
assert_drawn(bool ascii, int cols, const char *data, size_t size,
	     const char *expected)
{
	struct canvas canvas;
	struct buf out = BUF_INIT;
	struct area all;

	canvas_init(&canvas, ascii);
	canvas_resize(&canvas, 1, cols);
	all = canvas_all(&canvas);
	canvas_put(&canvas, &all, 0, 0, STYLE_NORMAL, data, size);
	assert_null(scene_check(&canvas));
	canvas_text(&canvas, &out);
	out.data[out.size - 1] = '\0'; /* the newline */
	assert_string_equal(out.data, expected);
	buf_release(&out);
	canvas_release(&canvas);
}

static void
test_escapes(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *shown, *ascii;
	} cases[] = {
#define TEXT(s) s, sizeof(s) - 1
	    {TEXT("plain"), "plain", "plain"},
	    {TEXT("\033[31m"), "␛[31m", "?[31m"},
	    {TEXT("a\0b"), "a␀b", "a?b"},
	    {TEXT("\r\n\t\b\a"), "␍␊␉␈␇", "?????"},
	    {TEXT("\x7f"), "␡", "?"},
	    /* C1, encoded and raw */
	    {TEXT("\xc2\x9b"
		  "0m"),
	     "�0m", "?0m"},
	    {TEXT("\x9b"
		  "0m"),
	     "�0m", "?0m"},
	    {TEXT("\xc2\x80\xc2\x9f"), "��", "??"},
	    /* bidi and zero width */
	    {TEXT("a\xe2\x80\xae"
		  "b"),
	     "a�b", "a?b"},
	    {TEXT("\xe2\x81\xa6x\xe2\x81\xa9"), "�x�", "?x?"},
	    {TEXT("\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf"), "���", "???"},
	    {TEXT("\xc2\xad"), "�", "?"},
	    {TEXT("\xf3\xa0\x80\x81"), "�", "?"}, /* a tag */
	    {TEXT("\xef\xb8\x8f"), "�", "?"},     /* a variation selector */
	    /* broken UTF-8: one sign for each maximal part */
	    {TEXT("\xff"), "�", "?"},
	    {TEXT("\xc0\xaf"), "��", "??"},
	    {TEXT("\xe2\x82"), "�", "?"},
	    {TEXT("\xe2\x82x"), "�x", "?x"},
	    {TEXT("\xf0\x9f\x98"), "�", "?"},
	    {TEXT("\xed\xa0\x80"), "���", "???"}, /* a surrogate */
	    {TEXT("\xf4\x90\x80\x80"), "����", "????"},
	    {TEXT("\xf8\x88\x80\x80\x80"), "�����", "?????"},
	    {TEXT("\xe2\x82\xe2\x82\xac"), "�€", "??"},
	    {TEXT("\xef\xbf\xbf"), "�", "?"}, /* no character */
	    /* fine as they are */
	    {TEXT("é€"), "é€", "??"},
	    {TEXT("東京"), "東京", "??"},
	    {TEXT("– · …"), "– · …", "- . ~"},
#undef TEXT
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_drawn(false, 20, cases[i].data, cases[i].size,
			     cases[i].shown);
		assert_drawn(true, 20, cases[i].data, cases[i].size,
			     cases[i].ascii);
	}
}

static void
test_marks(void **state)
{
	(void)state;
	assert_drawn(false, 9, "e\xcc\x81x", 4, "e\xcc\x81x");
	/* Two stay, the others are left out. */
	assert_drawn(false, 9, "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84x", 10,
		     "e\xcc\x81\xcc\x82x");
	/* A mark without a character has a circle to sit on. */
	assert_drawn(false, 9, "\xcc\x81x", 3, "◌\xcc\x81x");
	assert_drawn(false, 9, "\n\xcc\x81", 3, "␊◌\xcc\x81");
}

static void
test_wide(void **state)
{
	struct canvas canvas;
	struct area all;

	(void)state;
	assert_drawn(false, 4, "東京都", 9, "東京");
	/* It does not straddle the edge. */
	assert_drawn(false, 3, "東京", 6, "東");
	assert_drawn(false, 1, "東", 3, "");

	canvas_init(&canvas, false);
	canvas_resize(&canvas, 1, 6);
	all = canvas_all(&canvas);
	assert_int_equal(canvas_width(&canvas, "東京", 6), 4);
	/* Who loses one half loses the other. */
	for (int col = 0; col < 6; col++) {
		canvas_clear(&canvas);
		canvas_puts(&canvas, &all, 0, 0, STYLE_NORMAL, "東京都");
		canvas_puts(&canvas, &all, 0, col, STYLE_NORMAL, "x");
		assert_null(scene_check(&canvas));
		canvas_puts(&canvas, &all, 0, col, STYLE_NORMAL, "都");
		assert_null(scene_check(&canvas));
	}
	canvas_release(&canvas);
}

static void
test_fit(void **state)
{
	static const struct {
		const char *text;
		int width;
		const char *expected;
	} cases[] = {
	    {"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"},
	    {"abcdef", 1, "…"},      {"abcdef", 0, ""},
	    {"東京都", 5, "東京…"},  {"東京都", 4, "東…"},
	    {"東京都", 6, "東京都"}, {"", 3, ""},
	};
	struct canvas canvas;
	struct area all;

	(void)state;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 1, 10);
	all = canvas_all(&canvas);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		canvas_clear(&canvas);
		canvas_fit(&canvas, &all, 0, 0, cases[i].width, STYLE_NORMAL,
			   cases[i].text, strlen(cases[i].text));
		assert_null(scene_check(&canvas));
		canvas_text(&canvas, &out);
		out.data[out.size - 1] = '\0';
		assert_string_equal(out.data, cases[i].expected);
		buf_release(&out);
	}
	canvas_clear(&canvas);
	canvas_right(&canvas, &all, 0, 2, 5, STYLE_BOLD, "1,2");
	assert_int_equal(canvas_cell(&canvas, 0, 6)->text[0], '2');
	assert_int_equal(canvas_cell(&canvas, 0, 4)->text[0], '1');
	assert_int_equal(canvas_cell(&canvas, 0, 4)->style, STYLE_BOLD);
	canvas_release(&canvas);
}

/* Whatever is drawn where, cells outside the area keep what they hold. */
static void
test_stays_inside(void **state)
{
	struct canvas canvas;

	(void)state;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 6, 12);
	for (int row = -2; row < 8; row++) {
		for (int col = -4; col < 14; col++) {
			struct area area = {1, 3, 4, 6};
			struct area beyond = {row, col, 3, 20};

			canvas_clear(&canvas);
			canvas_puts(&canvas, &area, row, col, STYLE_NORMAL,
				    "東xyz京abcdefgh");
			canvas_fit(&canvas, &area, row, col, 9, STYLE_NORMAL,
				   "東xyz京abcdefgh", 17);
			canvas_right(&canvas, &area, row, col, 9, STYLE_NORMAL,
				     "東xyz京");
			canvas_repeat(&canvas, &area, row, col, 9, STYLE_NORMAL,
				      "─");
			canvas_restyle(&canvas, &area, row, col, 30, STYLE_BAD);
			canvas_wrap(&canvas, &area, row < 0 ? 0 : row,
				    STYLE_NORMAL, "東xyz京abcdefgh東東東東",
				    29);
			assert_null(scene_check(&canvas));
			for (int r = 0; r < 6; r++) {
				for (int c = 0; c < 12; c++) {
					const struct cell *cell =
					    canvas_cell(&canvas, r, c);

					if (r >= 1 && r < 5 && c >= 3 && c < 9)
						continue;
					assert_int_equal(cell->text[0], ' ');
					assert_int_equal(cell->style,
							 STYLE_NORMAL);
				}
			}
			/* Areas beyond the canvas are cut. */
			canvas_puts(&canvas, &beyond, 1, 1, STYLE_NORMAL,
				    "東xyz京abcdefgh");
			canvas_wrap(&canvas, &beyond, 0, STYLE_NORMAL,
				    "東xyz京abcdefgh東東東東", 29);
			assert_null(scene_check(&canvas));
		}
	}
	canvas_release(&canvas);
}

static void
test_sizes(void **state)
{
	struct canvas canvas;

	(void)state;
	canvas_init(&canvas, false);
	assert_int_equal(canvas.rows, 1);
	canvas_resize(&canvas, -5, 0);
	assert_int_equal(canvas.rows, 1);
	assert_int_equal(canvas.cols, 1);
	canvas_resize(&canvas, 1 << 30, 1 << 30);
	assert_int_equal(canvas.rows, CANVAS_ROWS_MAX);
	assert_int_equal(canvas.cols, CANVAS_COLS_MAX);
	canvas_release(&canvas);
}

/* Random bytes, mostly such that begin sequences. */
static void
test_random_bytes(void **state)
{
	static const unsigned char some[] = {
	    0x00, 0x1b, '[',  0x7f, 0x80, 0x9b, 0xbf, 0xc2, 0xcc, 0x81,
	    0xe2, 0x80, 0x8b, 0xae, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0xf4,
	    0xe6, 0x9d, 0xb1, 'a',  ' ',  0xef, 0xbb, 0xbf, 0xff, '\n'};
	uint64_t seed = 7;
	struct canvas canvas;

	(void)state;
	canvas_init(&canvas, false);
	canvas_resize(&canvas, 2, 23);
	for (int round = 0; round < 20000; round++) {
		struct area area = {0, 3, 2, 17};
		char text[40];

		for (size_t i = 0; i < sizeof(text); i++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			text[i] = (char)(seed >> 62
					     ? some[(seed >> 33) % sizeof(some)]
					     : seed >> 40);
		}
		canvas.ascii = round % 4 == 0;
		canvas_clear(&canvas);
		canvas_put(&canvas, &area, 0, 0, STYLE_NORMAL, text,
			   sizeof(text));
		canvas_fit(&canvas, &area, 1, round % 17, round % 9,
			   STYLE_NORMAL, text, sizeof(text));
		assert_null(scene_check(&canvas));
	}
	canvas_release(&canvas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_escapes),      cmocka_unit_test(test_marks),
	    cmocka_unit_test(test_wide),         cmocka_unit_test(test_fit),
	    cmocka_unit_test(test_stays_inside), cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_random_bytes),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
