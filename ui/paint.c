#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "paint.h"

/* How a cell is drawn: its colour, and attributes above it. 0 is plain. */
#define PEN_RGB       UINT32_C(0xffffff)
#define PEN_COLOURED  (UINT32_C(1) << 24)
#define PEN_BOLD      (UINT32_C(1) << 25)
#define PEN_DIM       (UINT32_C(1) << 26)
#define PEN_UNDERLINE (UINT32_C(1) << 27)
#define PEN_REVERSE   (UINT32_C(1) << 28)
/* What is seen of a blank. */
#define PEN_ON_BLANK (PEN_UNDERLINE | PEN_REVERSE)

static const struct {
	uint32_t attribute;
	const char *sgr;
} attributes[] = {
    {PEN_BOLD, "1"},
    {PEN_DIM, "2"},
    {PEN_UNDERLINE, "4"},
    {PEN_REVERSE, "7"},
};

/* A terminal that is being painted on. */
struct painter {
	uint32_t pens[STYLES];
	struct buf *out;
	uint32_t pen;
	int row, col; /* of the cursor; row -1: not known */
};

static const struct cell blank = {
    .text = {' '}, .width = 1, .style = STYLE_NORMAL};

static uint32_t
style_pen(const struct theme_style *style, bool colour)
{
	uint32_t pen = 0;

	if (colour && style->colour.rgb >= 0)
		pen = PEN_COLOURED | (uint32_t)style->colour.rgb;
	if (style->bold)
		pen |= PEN_BOLD;
	if (style->dim)
		pen |= PEN_DIM;
	if (style->underline)
		pen |= PEN_UNDERLINE;
	if (style->reverse)
		pen |= PEN_REVERSE;
	return pen;
}

static struct painter
painter(enum settings_theme theme, bool colour, struct buf *out)
{
	struct painter p = {.out = out, .row = -1};

	for (int i = 0; i < STYLES; i++)
		p.pens[i] = style_pen(theme_style(theme, i), colour);
	return p;
}

static bool
is_space(const struct cell *cell)
{
	return cell->text[0] == ' ' && cell->text[1] == 0;
}

/* Blanks look the same in most styles. */
static uint32_t
cell_pen(const struct painter *p, const struct cell *cell)
{
	uint32_t pen = p->pens[cell->style];

	return is_space(cell) && !(pen & PEN_ON_BLANK) ? 0 : pen;
}

static bool
is_blank(const struct painter *p, const struct cell *cell)
{
	return is_space(cell) && cell_pen(p, cell) == 0;
}

/* Right halves are what their left halves are. */
static bool
looks_same(const struct painter *p, const struct cell *a, const struct cell *b)
{
	if (a->width != b->width)
		return false;
	return a->width == 0 ||
	       (memcmp(a->text, b->text, sizeof(a->text)) == 0 &&
		cell_pen(p, a) == cell_pen(p, b));
}

/* Attributes are added to those that are set, or set anew after a reset. */
static void
set_pen(struct painter *p, uint32_t pen)
{
	uint32_t was = p->pen;
	const char *separator = "";

	if (pen == was)
		return;
	p->pen = pen;
	buf_add_str(p->out, "\033[");
	if (was & ~pen & ~PEN_RGB) {
		if (pen)
			buf_add_str(p->out, "0");
		separator = ";";
		was = 0;
	}
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]);
	     i++) {
		if (!(pen & ~was & attributes[i].attribute))
			continue;
		buf_addf(p->out, "%s%s", separator, attributes[i].sgr);
		separator = ";";
	}
	if (pen & PEN_COLOURED &&
	    (!(was & PEN_COLOURED) || (pen ^ was) & PEN_RGB))
		buf_addf(p->out, "%s38;2;%u;%u;%u", separator, pen >> 16 & 0xff,
			 pen >> 8 & 0xff, pen & 0xff);
	buf_add_str(p->out, "m");
}

/* Whether a cell can be written as the pen is. */
static bool
suits_pen(const struct painter *p, const struct cell *cell)
{
	if (is_blank(p, cell))
		return !(p->pen & PEN_ON_BLANK);
	return cell_pen(p, cell) == p->pen;
}

static size_t
encode(const struct cell *cell, char utf8[4 * (1 + CANVAS_MARKS)])
{
	size_t size = 0;

	for (int i = 0; i <= CANVAS_MARKS && cell->text[i]; i++)
		size += utf8_encode(cell->text[i], utf8 + size);
	return size;
}

static void
put(struct painter *p, const struct cell *cell)
{
	char utf8[4 * (1 + CANVAS_MARKS)];

	if (!suits_pen(p, cell))
		set_pen(p, cell_pen(p, cell));
	buf_add(p->out, utf8, encode(cell, utf8));
	p->col += cell->width;
}

/*
 * From the cursor to a column to the right of it, over cells that are right:
 * they are written once more when that takes no more bytes than to move does.
 */
static void
move_right(struct painter *p, const struct cell *cells, int col)
{
	char utf8[4 * (1 + CANVAS_MARKS)], move[16];
	size_t again = 0;
	bool suit = true;

	if (col == p->col + 1)
		strcpy(move, "\033[C");
	else
		snprintf(move, sizeof(move), "\033[%dC", col - p->col);
	for (int i = p->col; i < col && suit && again <= strlen(move); i++) {
		suit = cells[i].width == 0 || suits_pen(p, &cells[i]);
		again += encode(&cells[i], utf8);
	}
	if (!suit || again > strlen(move)) {
		buf_add_str(p->out, move);
		p->col = col;
		return;
	}
	for (int i = p->col; i < col; i++)
		if (cells[i].width > 0)
			put(p, &cells[i]);
}

/* The cells are those of the row. */
static void
move_to(struct painter *p, const struct cell *cells, int row, int col)
{
	if (p->row == row && p->col == col)
		return;
	if (p->row == row && p->col < col) {
		move_right(p, cells, col);
		return;
	}
	if (col > 0)
		buf_addf(p->out, "\033[%d;%dH", row + 1, col + 1);
	else if (row > 0)
		buf_addf(p->out, "\033[%dH", row + 1);
	else
		buf_add_str(p->out, "\033[H");
	p->row = row;
	p->col = col;
}

/* How many cells there are up to those at the row's end that are blank. */
static int
row_end(const struct painter *p, const struct cell *cells, int cols)
{
	while (cols > 0 && is_blank(p, &cells[cols - 1]))
		cols--;
	return cols;
}

/* What is on the screen in a column; after a clear, a blank. */
static const struct cell *
cell_before(const struct cell *from, int col)
{
	return from ? &from[col] : &blank;
}

/*
 * A wide character is written whole, at its left half. Both columns of one
 * that goes differ from what comes: terminals may blank the half that is left.
 */
static void
paint_row(struct painter *p, const struct cell *from, const struct cell *to,
	  int row, int cols)
{
	static const char erase[] = "\033[K"; /* to the row's end */
	int end = row_end(p, to, cols), until = cols;

	while (until > 0 &&
	       looks_same(p, cell_before(from, until - 1), &to[until - 1]))
		until--;
	for (int col = 0; col < until; col++) {
		if (to[col].width == 0 ||
		    looks_same(p, cell_before(from, col), &to[col]))
			continue;
		move_to(p, to, row, col);
		if (col >= end && until - col >= (int)sizeof(erase)) {
			set_pen(p, 0);
			buf_add_str(p->out, erase);
			break;
		}
		put(p, &to[col]);
	}
}

void
paint_ansi(const struct canvas *from, const struct canvas *to,
	   enum settings_theme theme, bool colour, struct buf *out)
{
	struct painter p = painter(theme, colour, out);

	if (from && (from->rows != to->rows || from->cols != to->cols))
		from = NULL;
	if (!from)
		buf_add_str(out, "\033[?25l\033[m\033[2J");
	for (int row = 0; row < to->rows; row++)
		paint_row(&p, from ? canvas_cell(from, row, 0) : NULL,
			  canvas_cell(to, row, 0), row, to->cols);
	set_pen(&p, 0);
	if (p.col == to->cols)
		buf_add_str(out, "\r"); /* or it would wait to wrap */
}

void
paint_lines(const struct canvas *canvas, enum settings_theme theme, bool colour,
	    struct buf *out)
{
	struct painter p = painter(theme, colour, out);

	for (int row = 0; row < canvas->rows; row++) {
		const struct cell *cells = canvas_cell(canvas, row, 0);
		int end = row_end(&p, cells, canvas->cols);

		for (int col = 0; col < end; col++)
			if (cells[col].width > 0)
				put(&p, &cells[col]);
		set_pen(&p, 0);
		buf_add_str(out, "\n");
	}
}

/*
 * Backgrounds on which the theme's colours can be read, and a foreground that
 * leaves room for what is bold and what is dim.
 */
const struct paint_own *
paint_own(enum settings_theme theme)
{
	static const struct paint_own dark = {0xd0d0d0, 0x161616},
				      light = {0x262626, 0xffffff};

	return theme == THEME_LIGHT ? &light : &dark;
}
