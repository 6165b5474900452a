/*
 * What a canvas looks like elsewhere: as bytes for a terminal, as lines of
 * text, as a picture. Plain functions of canvases, and the same bytes on every
 * machine: no terminal is asked, and no description of one is read.
 *
 * Terminals are spoken to as ECMA-48 and xterm have it: CSI n C and CSI r;c H
 * move, CSI K and CSI 2 J erase, SGR 1, 2, 4, 7 and 38;2;r;g;b draw, and text
 * is UTF-8. What escapes foreign text is the canvas: no control character is
 * in a cell.
 *
 * A style is drawn as its theme has it, in its colour of 24 bits. Without
 * `colour` its attributes remain: bold, dim, underlined, reversed.
 */
#ifndef WEIR_UI_PAINT_H
#define WEIR_UI_PAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "canvas.h"
#include "theme.h"

/*
 * Appends what makes a terminal of the canvas' size, that shows `from` as this
 * function painted it, show `to`: cells that differ, the cells between them
 * where that is shorter than to move, nothing when nothing differs. `from`
 * NULL or of another size: hides the cursor, clears, and paints all of it;
 * so it must be when the theme is another one.
 *
 * The cursor stays hidden and is left anywhere, but never waiting behind the
 * last column to wrap; attributes are reset, and must be so when `from` counts.
 */
void paint_ansi(const struct canvas *from, const struct canvas *to,
		enum settings_theme theme, bool colour, struct buf *out);

/*
 * Appends the rows as lines that a terminal shows alike wherever its cursor
 * is: no moves, attributes reset at the end of each, and no blanks there.
 */
void paint_lines(const struct canvas *canvas, enum settings_theme theme,
		 bool colour, struct buf *out);

/*
 * Appends a picture: SVG 1.1, which needs nothing else but a monospaced font.
 * Lines, blocks and braille are shapes, so that they join whatever the font.
 */
void paint_svg(const struct canvas *canvas, enum settings_theme theme,
	       bool colour, struct buf *out);

/*
 * What stands for the terminal's own colours in pictures and recordings,
 * 0xRRGGBB.
 */
struct paint_own {
	uint32_t foreground, background;
};

const struct paint_own *paint_own(enum settings_theme theme);

#endif
