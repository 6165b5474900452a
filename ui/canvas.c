#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "canvas.h"

#define REPLACEMENT   0xfffd /* what cannot be shown */
#define DOTTED_CIRCLE 0x25cc /* carries a mark that follows nothing */

/* What is drawn in one or two cells. */
struct grapheme {
	uint32_t text[1 + CANVAS_MARKS];
	int width;
};

/*
 * weir's own signs without Unicode. Foreign text may hold them as well; they
 * are harmless there.
 */
static const struct {
	uint32_t sign;
	char ascii;
} signs[] = {
    {0x00b1, '~'}, {0x00b5, 'u'}, {0x00b7, '.'}, {0x00d7, 'x'}, {0x2013, '-'},
    {0x2014, '-'}, {0x201c, '"'}, {0x201d, '"'}, {0x2026, '~'}, {0x2190, '<'},
    {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'}, {0x2212, '-'}, {0x221e, '#'},
    {0x2248, '~'}, {0x2264, '<'}, {0x2265, '>'}, {0x22ee, ':'}, {0x2500, '-'},
    {0x2502, '|'}, {0x2504, '.'}, {0x2514, '+'}, {0x2518, '+'}, {0x251c, '|'},
    {0x2524, '|'}, {0x252c, '+'}, {0x2534, '+'}, {0x253c, '+'}, {0x2581, '_'},
    {0x2582, '.'}, {0x2583, ':'}, {0x2584, '-'}, {0x2585, '='}, {0x2586, '+'},
    {0x2587, '*'}, {0x2588, '#'}, {0x2589, '#'}, {0x258a, '#'}, {0x258b, '='},
    {0x258c, '='}, {0x258d, '-'}, {0x258e, '-'}, {0x258f, '-'}, {0x25b2, '!'},
    {0x25b8, '>'}, {0x25c2, '<'}, {0x2713, '+'}, {0x2717, '!'},
};

/*
 * Characters without a look of their own, that terminals treat each in its
 * way: Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), the
 * line and paragraph separators, and interlinear annotation.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool
is_hidden(uint32_t code)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (code < hidden[i].first)
			return false;
		if (code <= hidden[i].last)
			return true;
	}
	return false;
}

static uint32_t
to_ascii(uint32_t code)
{
	if (code >= 0x20 && code < 0x7f)
		return code;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i].sign == code)
			return (unsigned char)signs[i].ascii;
	return '?';
}

/*
 * One code point and how many bytes it took; REPLACEMENT for the longest part
 * that begins a valid sequence and breaks off (Unicode 15, table 3-7 and the
 * recommendation below it).
 */
static uint32_t
decode(const unsigned char *s, size_t size, size_t *used)
{
	unsigned char low = 0x80, high = 0xbf;
	uint32_t code;
	size_t more;

	*used = 1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		more = 1;
		code = s[0] & 0x1f;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		more = 2;
		code = s[0] & 0x0f;
		if (s[0] == 0xe0)
			low = 0xa0; /* shorter forms exist */
		else if (s[0] == 0xed)
			high = 0x9f; /* surrogates */
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		more = 3;
		code = s[0] & 0x07;
		if (s[0] == 0xf0)
			low = 0x90;
		else if (s[0] == 0xf4)
			high = 0x8f; /* beyond U+10FFFF */
	} else {
		return REPLACEMENT;
	}
	for (size_t i = 1; i <= more; i++) {
		if (i >= size || s[i] < low || s[i] > high)
			return REPLACEMENT;
		code = code << 6 | (s[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
		*used = i + 1;
	}
	return code;
}

/* wcwidth() is -1 for what has no glyph, too. */
static bool
is_mark(uint32_t code)
{
	return code >= 0x300 && !is_hidden(code) && wcwidth((wchar_t)code) == 0;
}

/* The next grapheme of a text that is not empty; returns the bytes it took. */
static size_t
next_grapheme(const char *data, size_t size, bool ascii, struct grapheme *g)
{
	size_t used, at;
	uint32_t code = decode((const unsigned char *)data, size, &at);
	int width;

	memset(g, 0, sizeof(*g));
	g->width = 1;
	if (ascii) {
		g->text[0] = to_ascii(code);
		return at;
	}
	if (code < 0x20) {
		g->text[0] = 0x2400 + code; /* control pictures */
		return at;
	}
	if (code == 0x7f) {
		g->text[0] = 0x2421;
		return at;
	}
	width = code < 0x7f ? 1 : wcwidth((wchar_t)code);
	if ((code > 0x7f && code < 0xa0) || is_hidden(code) || width < 0) {
		g->text[0] = REPLACEMENT;
		return at;
	}
	if (width == 0) {
		g->text[0] = DOTTED_CIRCLE;
		g->text[1] = code;
		return at;
	}
	g->text[0] = code;
	g->width = width;
	/* Marks beyond what a cell holds are left out: text may stack them. */
	for (int marks = 0; at < size; at += used) {
		if (!((unsigned char)data[at] & 0x80))
			break;
		code =
		    decode((const unsigned char *)data + at, size - at, &used);
		if (!is_mark(code))
			break;
		if (marks < CANVAS_MARKS)
			g->text[++marks] = code;
	}
	return at;
}

void
canvas_init(struct canvas *canvas, bool ascii)
{
	*canvas = (struct canvas){.ascii = ascii};
	canvas_resize(canvas, 1, 1);
}

void
canvas_release(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){0};
}

void
canvas_resize(struct canvas *canvas, int rows, int cols)
{
	rows = rows < 1 ? 1 : rows > CANVAS_ROWS_MAX ? CANVAS_ROWS_MAX : rows;
	cols = cols < 1 ? 1 : cols > CANVAS_COLS_MAX ? CANVAS_COLS_MAX : cols;
	if (rows != canvas->rows || cols != canvas->cols) {
		free(canvas->cells);
		canvas->cells =
		    xcalloc((size_t)rows * (size_t)cols, sizeof(struct cell));
		canvas->rows = rows;
		canvas->cols = cols;
	}
	canvas_clear(canvas);
}

static void
blank(struct cell *cell)
{
	*cell = (struct cell){.text = {' '}, .width = 1, .style = cell->style};
}

void
canvas_clear(struct canvas *canvas)
{
	for (int i = 0; i < canvas->rows * canvas->cols; i++) {
		canvas->cells[i].style = STYLE_NORMAL;
		blank(&canvas->cells[i]);
	}
}

struct area
canvas_all(const struct canvas *canvas)
{
	return (struct area){0, 0, canvas->rows, canvas->cols};
}

const struct cell *
canvas_cell(const struct canvas *canvas, int row, int col)
{
	return &canvas->cells[row * canvas->cols + col];
}

/* The columns [*first, *last) of the canvas in which an area's row is drawn. */
static bool
clip(const struct canvas *canvas, const struct area *area, int row, int *first,
     int *last)
{
	if (row < 0 || row >= area->rows || area->row + row < 0 ||
	    area->row + row >= canvas->rows)
		return false;
	*first = area->col > 0 ? area->col : 0;
	*last = area->col + area->cols;
	if (*last > canvas->cols)
		*last = canvas->cols;
	return *first < *last;
}

static void
set_cell(struct canvas *canvas, int row, int col, enum style style,
	 const struct grapheme *g)
{
	struct cell *cell = &canvas->cells[row * canvas->cols + col];
	struct cell *end = cell + g->width - 1;

	/* A wide character that loses one half loses the other. */
	if (cell->width == 0 && col > 0)
		blank(cell - 1);
	if (end->width == 2)
		blank(end + 1);
	memcpy(cell->text, g->text, sizeof(cell->text));
	cell->width = (uint8_t)g->width;
	cell->style = (uint8_t)style;
	if (g->width == 2)
		*end = (struct cell){.style = (uint8_t)style};
}

int
canvas_put(struct canvas *canvas, const struct area *area, int row, int col,
	   enum style style, const char *data, size_t size)
{
	struct grapheme g;
	int first, last, at = area->col + col;

	if (!clip(canvas, area, row, &first, &last))
		return 0;
	while (size > 0) {
		size_t used = next_grapheme(data, size, canvas->ascii, &g);

		if (at + g.width > last)
			break;
		if (at >= first)
			set_cell(canvas, area->row + row, at, style, &g);
		at += g.width;
		data += used;
		size -= used;
	}
	return at - area->col - col;
}

int
canvas_puts(struct canvas *canvas, const struct area *area, int row, int col,
	    enum style style, const char *text)
{
	return canvas_put(canvas, area, row, col, style, text, strlen(text));
}

int
canvas_printf(struct canvas *canvas, const struct area *area, int row, int col,
	      enum style style, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return canvas_puts(canvas, area, row, col, style, text);
}

int
canvas_fit(struct canvas *canvas, const struct area *area, int row, int col,
	   int width, enum style style, const char *data, size_t size)
{
	struct area field = *area;
	struct grapheme g;
	int taken = 0;

	if (col < 0 || col >= area->cols || width <= 0)
		return 0;
	if (width > area->cols - col)
		width = area->cols - col;
	field.col += col;
	field.cols = width;
	for (size_t at = 0; at < size;) {
		at += next_grapheme(data + at, size - at, canvas->ascii, &g);
		taken += g.width;
		if (taken > width)
			break;
	}
	if (taken <= width)
		return canvas_put(canvas, &field, row, 0, style, data, size);
	field.cols = width - 1;
	taken = canvas_put(canvas, &field, row, 0, style, data, size);
	field.cols = width;
	return taken + canvas_puts(canvas, &field, row, taken, style, "…");
}

void
canvas_right(struct canvas *canvas, const struct area *area, int row, int col,
	     int width, enum style style, const char *text)
{
	size_t size = strlen(text);
	int taken = canvas_width(canvas, text, size);

	if (taken < width)
		canvas_put(canvas, area, row, col + width - taken, style, text,
			   size);
	else
		canvas_fit(canvas, area, row, col, width, style, text, size);
}

int
canvas_wrap(struct canvas *canvas, const struct area *area, int row,
	    enum style style, const char *data, size_t size)
{
	struct grapheme g;
	int first = row, col = 0;

	for (size_t at = 0; at < size && row < area->rows;) {
		size_t used =
		    next_grapheme(data + at, size - at, canvas->ascii, &g);

		if (col > 0 && col + g.width > area->cols) {
			row++;
			col = 0;
			continue;
		}
		canvas_put(canvas, area, row, col, style, data + at, used);
		col += g.width;
		at += used;
	}
	return (row < area->rows ? row + 1 : row) - first;
}

void
canvas_repeat(struct canvas *canvas, const struct area *area, int row, int col,
	      int width, enum style style, const char *text)
{
	for (int i = 0; i < width; i++)
		canvas_puts(canvas, area, row, col + i, style, text);
}

void
canvas_restyle(struct canvas *canvas, const struct area *area, int row, int col,
	       int width, enum style style)
{
	int first, last;

	if (!clip(canvas, area, row, &first, &last))
		return;
	for (int i = area->col + col; i < area->col + col + width; i++)
		if (i >= first && i < last)
			canvas->cells[(area->row + row) * canvas->cols + i]
			    .style = (uint8_t)style;
}

int
canvas_width(const struct canvas *canvas, const char *data, size_t size)
{
	struct grapheme g;
	int width = 0;

	for (size_t at = 0; at < size && width < INT32_MAX - 2;
	     width += g.width)
		at += next_grapheme(data + at, size - at, canvas->ascii, &g);
	return width;
}

static void
add_utf8(struct buf *out, uint32_t code)
{
	char utf8[4];

	buf_add(out, utf8, utf8_encode(code, utf8));
}

void
canvas_text(const struct canvas *canvas, struct buf *out)
{
	for (int row = 0; row < canvas->rows; row++) {
		size_t end = out->size;

		for (int col = 0; col < canvas->cols; col++) {
			const struct cell *cell = canvas_cell(canvas, row, col);

			if (cell->width == 0)
				continue;
			for (int i = 0; i <= CANVAS_MARKS && cell->text[i]; i++)
				add_utf8(out, cell->text[i]);
			if (cell->text[0] != ' ' || cell->text[1])
				end = out->size;
		}
		if (out->size > end)
			out->size = end;
		buf_add(out, "\n", 1);
	}
}
