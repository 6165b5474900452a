/*
 * A canvas: the screen as plain memory, a grid of cells without a terminal.
 *
 * All text that reaches the terminal is drawn here, and the drawing functions
 * escape it (invariant 6): whatever bytes they are given,
 *   - no cell holds a control character, C0 or C1, raw or encoded in UTF-8;
 *   - nothing is invisible or changes the direction of text: bidi controls,
 *     zero-width and other ignorable characters show as U+FFFD;
 *   - broken UTF-8 shows as U+FFFD, once for each maximal part that is broken;
 *   - a wide character has two cells or is not drawn: it never straddles an
 *     edge; combining marks sit on the character that they follow in the same
 *     text, at most CANVAS_MARKS of them;
 *   - nothing is drawn outside the area given, or the canvas.
 * With `ascii` no cell holds anything beyond ASCII: weir's own signs have a
 * counterpart each, everything else is a '?'.
 *
 * Widths are wcwidth(3)'s: the program sets the locale's LC_CTYPE before.
 */
#ifndef WEIR_UI_CANVAS_H
#define WEIR_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "theme.h"

#define CANVAS_MARKS    2
#define CANVAS_ROWS_MAX 512
#define CANVAS_COLS_MAX 1024

struct cell {
	uint32_t text[1 + CANVAS_MARKS]; /* a character, then its marks or 0 */
	uint8_t width; /* 1 or 2; 0: the right half of the cell before */
	uint8_t style; /* enum style */
};

struct canvas {
	int rows, cols;
	bool ascii;
	bool blocks;        /* charts of blocks: a font without braille */
	struct cell *cells; /* row by row */
};

/* A rectangle of a canvas; what lies outside the canvas is not drawn. */
struct area {
	int row, col, rows, cols;
};

void canvas_init(struct canvas *canvas, bool ascii);
void canvas_release(struct canvas *canvas);

/* Clears it, too. Sizes are brought within 1 to CANVAS_ROWS/COLS_MAX. */
void canvas_resize(struct canvas *canvas, int rows, int cols);
void canvas_clear(struct canvas *canvas);
struct area canvas_all(const struct canvas *canvas);
const struct cell *canvas_cell(const struct canvas *canvas, int row, int col);

/*
 * Draws text at a row and column of an area and returns how many columns it
 * took; what does not fit is left out.
 */
int canvas_put(struct canvas *canvas, const struct area *area, int row, int col,
	       enum style style, const char *data, size_t size);
int canvas_puts(struct canvas *canvas, const struct area *area, int row,
		int col, enum style style, const char *text);
/* As canvas_puts(), of at most 511 bytes. */
int canvas_printf(struct canvas *canvas, const struct area *area, int row,
		  int col, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* Draws text in `width` columns; longer text is cut and ends in an ellipsis. */
int canvas_fit(struct canvas *canvas, const struct area *area, int row, int col,
	       int width, enum style style, const char *data, size_t size);

/* Draws text that ends at column col + width; cut as canvas_fit() does. */
void canvas_right(struct canvas *canvas, const struct area *area, int row,
		  int col, int width, enum style style, const char *text);

/*
 * Draws text from `row` on over as many rows as it needs, or there are, and
 * returns how many it took.
 */
int canvas_wrap(struct canvas *canvas, const struct area *area, int row,
		enum style style, const char *data, size_t size);

/* Draws one character `width` times. */
void canvas_repeat(struct canvas *canvas, const struct area *area, int row,
		   int col, int width, enum style style, const char *text);

/* Gives what is drawn already another style. */
void canvas_restyle(struct canvas *canvas, const struct area *area, int row,
		    int col, int width, enum style style);

/* The columns that a text takes when drawn; at most INT_MAX. */
int canvas_width(const struct canvas *canvas, const char *data, size_t size);

/* Appends the rows as lines of UTF-8 without the spaces at their ends. */
void canvas_text(const struct canvas *canvas, struct buf *out);

#endif
