/*
 * The styles that text on the screen can have, what each means, and what it
 * looks like in each theme.
 *
 * Colour means something, and nothing depends on it alone: whatever a style
 * says is also said in words, by a mark or by bold. Text without a meaning of
 * its own has the terminal's foreground and background.
 *
 * This is a table and knows nothing of curses; term.c turns it into attributes.
 */
#ifndef WEIR_UI_THEME_H
#define WEIR_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

#define THEME_LINES 8

enum style {
	STYLE_NORMAL,
	STYLE_BOLD,    /* headlines, numbers that matter most */
	STYLE_DIM,     /* rules, headings, labels */
	STYLE_ACCENT,  /* the selection and the focused panel */
	STYLE_LIVE,    /* what moves: sparklines, charts, bars */
	STYLE_GOOD,    /* only: the ledger balances */
	STYLE_PENDING, /* lagging, held back, waiting */
	STYLE_BAD,     /* lost, dead, does not balance */
	STYLE_REVERSE, /* modes: FROZEN, ENDED and the like */
	STYLE_ALARM,   /* modes that are a problem */
	STYLE_LINE,    /* the first of THEME_LINES: lines of one chart, which
			  marks tell apart as well */
	STYLE_LINE_LAST = STYLE_LINE + THEME_LINES - 1,
	STYLES,
};

/*
 * A colour as terminals of each kind have it: one of the eight that every
 * colour terminal has, one of xterm's 256, and 0xRRGGBB. -1, -1, -1 is the
 * terminal's own.
 */
struct theme_colour {
	int8_t basic;
	int16_t indexed;
	int32_t rgb;
};

struct theme_style {
	struct theme_colour colour;
	bool bold, dim, reverse, underline;
};

const struct theme_style *theme_style(enum settings_theme theme,
				      enum style style);

/*
 * Whether colours are wanted: not when NO_COLOR is in the environment and not
 * empty (https://no-color.org).
 */
bool theme_wants_colour(void);
/* Whether the terminal says that it shows any colour (COLORTERM). */
bool theme_wants_rgb(void);

#endif
