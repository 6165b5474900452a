/*
 * The styles that text on the screen can have, and what each means.
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
	STYLES,
};

/* The eight colours that every colour terminal has, in their usual order. */
enum theme_colour {
	COLOUR_DEFAULT = -1,
	COLOUR_RED = 1,
	COLOUR_GREEN = 2,
	COLOUR_YELLOW = 3,
	COLOUR_MAGENTA = 5,
	COLOUR_CYAN = 6,
};

struct theme_style {
	enum theme_colour colour;
	bool bold, dim, reverse;
};

extern const struct theme_style theme[STYLES];

/*
 * Whether colours are wanted: not when NO_COLOR is in the environment and not
 * empty (https://no-color.org).
 */
bool theme_wants_colour(void);

#endif
