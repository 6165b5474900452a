#include "base/utf8.h"
#include "paint.h"

/* A cell, in units of the picture; its eighths and the dots are whole. */
#define WIDTH    12
#define HEIGHT   24
#define FONT     20 /* monospaced fonts are 0.6 of it wide, most of them */
#define BASELINE 18
#define MARGIN   12
#define STROKE   2

#define DOTTED 0x2504 /* a line across, of three dots */

enum { UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8 };

/* The lines that are drawn as shapes, by where they go from the middle. */
static const struct {
	uint32_t code;
	unsigned ways;
} lines[] = {
    {0x2500, LEFT | RIGHT},
    {0x2502, UP | DOWN},
    {0x250c, RIGHT | DOWN},
    {0x2510, LEFT | DOWN},
    {0x2514, UP | RIGHT},
    {0x2518, UP | LEFT},
    {0x251c, UP | RIGHT | DOWN},
    {0x2524, UP | DOWN | LEFT},
    {0x252c, RIGHT | DOWN | LEFT},
    {0x2534, UP | RIGHT | LEFT},
    {0x253c, UP | RIGHT | DOWN | LEFT},
};

/* U+2596 to U+259F: upper left, upper right, lower left, lower right. */
static const uint8_t quadrants[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};

static void
add_rect(struct buf *path, int x, int y, int width, int height)
{
	buf_addf(path, "M%d %dh%dv%dh%dz", x, y, width, height, -width);
}

static void
add_line(struct buf *path, unsigned ways, int x, int y)
{
	int side = (WIDTH - STROKE) / 2, above = (HEIGHT - STROKE) / 2;
	int left = ways & LEFT ? 0 : side, top = ways & UP ? 0 : above;
	int right = ways & RIGHT ? WIDTH : side + STROKE;
	int bottom = ways & DOWN ? HEIGHT : above + STROKE;

	if (ways & (LEFT | RIGHT))
		add_rect(path, x + left, y + above, right - left, STROKE);
	if (ways & (UP | DOWN))
		add_rect(path, x + side, y + top, STROKE, bottom - top);
}

/* U+2580 to U+259F but the shades, U+2591 to U+2593. */
static void
add_block(struct buf *path, uint32_t code, int x, int y)
{
	int eighths = (int)(code - 0x2580);

	if (code == 0x2580)
		add_rect(path, x, y, WIDTH, HEIGHT / 2);
	else if (code <= 0x2588)
		add_rect(path, x, y + HEIGHT - eighths * HEIGHT / 8, WIDTH,
			 eighths * HEIGHT / 8);
	else if (code <= 0x258f)
		add_rect(path, x, y, (16 - eighths) * WIDTH / 8, HEIGHT);
	else if (code == 0x2590)
		add_rect(path, x + WIDTH / 2, y, WIDTH / 2, HEIGHT);
	else if (code == 0x2594)
		add_rect(path, x, y, WIDTH, HEIGHT / 8);
	else if (code == 0x2595)
		add_rect(path, x + WIDTH - WIDTH / 8, y, WIDTH / 8, HEIGHT);
	else
		for (int i = 0; i < 4; i++)
			if (quadrants[code - 0x2596] & 1 << i)
				add_rect(path, x + i % 2 * WIDTH / 2,
					 y + i / 2 * HEIGHT / 2, WIDTH / 2,
					 HEIGHT / 2);
}

/* The dots of braille, in the order of a character's bits. */
static void
add_dots(struct buf *path, unsigned dots, int x, int y)
{
	static const struct {
		int col, row;
	} places[8] = {{0, 0}, {0, 1}, {0, 2}, {1, 0},
		       {1, 1}, {1, 2}, {0, 3}, {1, 3}};

	for (int i = 0; i < 8; i++)
		if (dots & 1u << i)
			add_rect(path, x + places[i].col * WIDTH / 2 + 1,
				 y + places[i].row * HEIGHT / 4 + 1,
				 WIDTH / 2 - 2, HEIGHT / 4 - 2);
}

/* 0 for what is none of the lines. */
static unsigned
line_ways(uint32_t code)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].code == code)
			return lines[i].ways;
	return 0;
}

static bool
is_braille(uint32_t code)
{
	return code >= 0x2800 && code <= 0x28ff;
}

static bool
is_block(uint32_t code)
{
	return code >= 0x2580 && code <= 0x259f &&
	       (code < 0x2591 || code > 0x2593);
}

/* Whether it is drawn as a shape, and not as text. */
static bool
is_shape(const struct cell *cell)
{
	uint32_t code = cell->text[0];

	return cell->text[1] == 0 && (is_braille(code) || is_block(code) ||
				      code == DOTTED || line_ways(code));
}

static void
add_shape(struct buf *path, uint32_t code, int x, int y)
{
	if (is_braille(code))
		add_dots(path, code - 0x2800, x, y);
	else if (is_block(code))
		add_block(path, code, x, y);
	else if (code == DOTTED)
		for (int i = 0; i < 3; i++)
			add_rect(path, x + i * WIDTH / 3 + 1,
				 y + (HEIGHT - STROKE) / 2, STROKE, STROKE);
	else
		add_line(path, line_ways(code), x, y);
}

/* A right half's is that of its left half. */
static enum style
cell_style(const struct cell *cell)
{
	return cell->width ? cell->style : cell[-1].style;
}

static void
add_path(struct buf *out, char kind, enum style style, struct buf *path)
{
	if (path->size > 0)
		buf_addf(out, "<path class=\"%c%d\" d=\"%s\"/>\n", kind, style,
			 path->data);
	path->size = 0;
}

/* All that has a style and is no text, as one shape. */
static void
draw_shapes(const struct canvas *canvas, enum settings_theme theme,
	    enum style style, struct buf *out)
{
	const struct theme_style *looks = theme_style(theme, style);
	struct buf grounds = BUF_INIT, shapes = BUF_INIT;

	for (int i = 0; i < canvas->rows * canvas->cols; i++) {
		const struct cell *cell = &canvas->cells[i];
		int x = i % canvas->cols * WIDTH, y = i / canvas->cols * HEIGHT;

		if (cell_style(cell) != style)
			continue;
		if (looks->reverse)
			add_rect(&grounds, x, y, WIDTH, HEIGHT);
		if (looks->underline)
			add_rect(&shapes, x, y + BASELINE + STROKE, WIDTH,
				 STROKE);
		if (is_shape(cell))
			add_shape(&shapes, cell->text[0], x, y);
	}
	add_path(out, 'g', style, &grounds);
	add_path(out, 's', style, &shapes);
	buf_release(&grounds);
	buf_release(&shapes);
}

static void
add_text(struct buf *out, const struct cell *cell)
{
	char utf8[4];

	for (int i = 0; i <= CANVAS_MARKS && cell->text[i]; i++) {
		uint32_t code = cell->text[i];

		if (code == '<')
			buf_add_str(out, "&lt;");
		else if (code == '>')
			buf_add_str(out, "&gt;");
		else if (code == '&')
			buf_add_str(out, "&amp;");
		else
			buf_add(out, utf8, utf8_encode(code, utf8));
	}
}

static bool
is_text(const struct cell *cell)
{
	return cell->width > 0 && !is_shape(cell) &&
	       (cell->text[0] != ' ' || cell->text[1]);
}

/*
 * The text from a cell on that is one element, in cells: a word in one style.
 * What fonts may have in another width stands alone.
 */
static int
word_len(const struct cell *cell, int most)
{
	int len = 1;

	if (cell->width != 1 || cell->text[1])
		return cell->width;
	while (len < most && cell[len].style == cell->style &&
	       cell[len].width == 1 && cell[len].text[1] == 0 &&
	       is_text(&cell[len]))
		len++;
	return len;
}

static void
draw_words(const struct canvas *canvas, int row, struct buf *out)
{
	const struct cell *cells = canvas_cell(canvas, row, 0);

	for (int col = 0, len; col < canvas->cols; col += len) {
		len = 1;
		if (!is_text(&cells[col]))
			continue;
		len = word_len(&cells[col], canvas->cols - col);
		buf_addf(out,
			 "<text class=\"s%d\" x=\"%d\" y=\"%d\" "
			 "textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\">",
			 cells[col].style, col * WIDTH, row * HEIGHT + BASELINE,
			 len * WIDTH);
		for (int i = col; i < col + len; i++)
			add_text(out, &cells[i]);
		buf_add_str(out, "</text>\n");
	}
}

static bool
has_style(const struct canvas *canvas, int style)
{
	for (int i = 0; i < canvas->rows * canvas->cols; i++)
		if (canvas->cells[i].style == style)
			return true;
	return false;
}

/*
 * sN is what is drawn in style N, gN the ground of its reversed cells. Those of
 * lines are many, and few pictures have them.
 */
static void
add_classes(const struct canvas *canvas, enum settings_theme theme, bool colour,
	    struct buf *out)
{
	const struct paint_own *own = paint_own(theme);

	buf_add_str(out, "<style>\n");
	for (int i = 0; i < STYLES; i++) {
		const struct theme_style *style = theme_style(theme, i);
		uint32_t ink = colour && style->colour.rgb >= 0
				   ? (uint32_t)style->colour.rgb
				   : own->foreground;

		if (i >= STYLE_LINE && !has_style(canvas, i))
			continue;
		buf_addf(out, ".s%d{fill:#%06x%s%s}\n", i,
			 style->reverse ? own->background : ink,
			 style->bold ? ";font-weight:bold" : "",
			 style->dim ? ";fill-opacity:.6" : "");
		if (style->reverse)
			buf_addf(out, ".g%d{fill:#%06x}\n", i, ink);
	}
	buf_add_str(out, "</style>\n");
}

void
paint_svg(const struct canvas *canvas, enum settings_theme theme, bool colour,
	  struct buf *out)
{
	int width = canvas->cols * WIDTH + 2 * MARGIN;
	int height = canvas->rows * HEIGHT + 2 * MARGIN;

	buf_addf(out,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
		 "width=\"%d\" height=\"%d\" viewBox=\"%d %d %d %d\" "
		 "xml:space=\"preserve\" font-size=\"%d\" font-family=\""
		 "'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,"
		 "'Courier New',monospace\">\n",
		 width, height, -MARGIN, -MARGIN, width, height, FONT);
	add_classes(canvas, theme, colour, out);
	buf_addf(out,
		 "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		 "fill=\"#%06x\"/>\n",
		 -MARGIN, -MARGIN, width, height, paint_own(theme)->background);
	for (int style = 0; style < STYLES; style++)
		draw_shapes(canvas, theme, style, out);
	for (int row = 0; row < canvas->rows; row++)
		draw_words(canvas, row, out);
	buf_add_str(out, "</svg>\n");
}
