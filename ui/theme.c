#include <stdlib.h>
#include <string.h>

#include "theme.h"

/* In the order of terminals: black, red, green, yellow, blue, ... */
enum { RED = 1, GREEN, YELLOW, BLUE, MAGENTA, CYAN };

#define OWN                                                                    \
	{                                                                      \
		-1, -1, -1                                                     \
	}

/* What means nothing by colour looks the same in all of them. */
#define PLAIN                                                                  \
	[STYLE_NORMAL] = {.colour = OWN},                                      \
	[STYLE_BOLD] = {.colour = OWN, .bold = true},                          \
	[STYLE_DIM] = {.colour = OWN, .dim = true},                            \
	[STYLE_REVERSE] = {.colour = OWN, .reverse = true}

static const struct theme_style themes[SETTINGS_THEMES][STYLE_LINE] =
    {
	/* Also right where the background is not known. */
	[THEME_DARK] =
	    {
		PLAIN,
		[STYLE_ACCENT] = {.colour = {MAGENTA, 177, 0xd787ff},
				  .bold = true},
		[STYLE_LIVE] = {.colour = {CYAN, 80, 0x5fc9d8}},
		[STYLE_GOOD] = {.colour = {GREEN, 77, 0x5fd75f}},
		[STYLE_PENDING] = {.colour = {YELLOW, 221, 0xffd75f}},
		[STYLE_BAD] = {.colour = {RED, 203, 0xff5f5f}, .bold = true},
		[STYLE_ALARM] = {.colour = {RED, 203, 0xff5f5f},
				 .bold = true,
				 .reverse = true},
	    },
	/* Yellow and cyan cannot be read on white. */
	[THEME_LIGHT] =
	    {
		PLAIN,
		[STYLE_ACCENT] = {.colour = {BLUE, 25, 0x005faf}, .bold = true},
		[STYLE_LIVE] = {.colour = {BLUE, 31, 0x0087af}},
		[STYLE_GOOD] = {.colour = {GREEN, 28, 0x008700}},
		[STYLE_PENDING] = {.colour = {MAGENTA, 130, 0xaf5f00}},
		[STYLE_BAD] = {.colour = {RED, 160, 0xd70000}, .bold = true},
		[STYLE_ALARM] = {.colour = {RED, 160, 0xd70000},
				 .bold = true,
				 .reverse = true},
	    },
	[THEME_MONO] =
	    {
		PLAIN,
		[STYLE_ACCENT] = {.colour = OWN,
				  .bold = true,
				  .underline = true},
		[STYLE_LIVE] = {.colour = OWN},
		[STYLE_GOOD] = {.colour = OWN, .bold = true},
		[STYLE_PENDING] = {.colour = OWN, .bold = true},
		[STYLE_BAD] = {.colour = OWN, .bold = true, .reverse = true},
		[STYLE_ALARM] = {.colour = OWN, .bold = true, .reverse = true},
	    },
	/*
	 * Colours that people with any kind of colour blindness can tell apart:
	 * of the palette of Okabe and Ito (https://jfly.uni-koeln.de/color/),
	 * without its yellow and its darkest blue, so that they show on black
	 * and on white.
	 */
	[THEME_COLOUR_BLIND] =
	    {
		PLAIN,
		[STYLE_ACCENT] = {.colour = {MAGENTA, 175, 0xcc79a7},
				  .bold = true},
		[STYLE_LIVE] = {.colour = {-1, 36, 0x009e73}},
		[STYLE_GOOD] = {.colour = {CYAN, 74, 0x56b4e9}},
		[STYLE_PENDING] = {.colour = {YELLOW, 178, 0xe69f00}},
		[STYLE_BAD] = {.colour = {RED, 166, 0xd55e00}, .bold = true},
		[STYLE_ALARM] = {.colour = {RED, 166, 0xd55e00},
				 .bold = true,
				 .reverse = true},
	    },
};

#define INK(basic, indexed, rgb)                                               \
	{                                                                      \
		.colour = { basic, indexed, rgb }                              \
	}

/*
 * The lines of charts. Marks tell them apart as well, so that colours may come
 * twice where there are eight; red and green are left to bad and good there.
 */
static const struct theme_style lines[SETTINGS_THEMES][THEME_LINES] = {
    [THEME_DARK] = {INK(CYAN, 75, 0x5fafff), INK(YELLOW, 215, 0xffaf5f),
		    INK(BLUE, 151, 0xafd7af), INK(MAGENTA, 183, 0xd7afff),
		    INK(-1, 80, 0x5fd7d7), INK(CYAN, 217, 0xffafaf),
		    INK(YELLOW, 187, 0xd7d7af), INK(BLUE, 250, 0xbcbcbc)},
    [THEME_LIGHT] = {INK(BLUE, 26, 0x005fd7), INK(MAGENTA, 166, 0xd75f00),
		     INK(-1, 64, 0x5f8700), INK(BLUE, 91, 0x8700af),
		     INK(MAGENTA, 30, 0x008787), INK(-1, 125, 0xaf005f),
		     INK(BLUE, 94, 0x875f00), INK(MAGENTA, 240, 0x585858)},
    [THEME_MONO] = {INK(-1, -1, -1), INK(-1, -1, -1), INK(-1, -1, -1),
		    INK(-1, -1, -1), INK(-1, -1, -1), INK(-1, -1, -1),
		    INK(-1, -1, -1), INK(-1, -1, -1)},
    /* Of the same palette, then of other lightness. */
    [THEME_COLOUR_BLIND] = {INK(CYAN, 74, 0x56b4e9), INK(YELLOW, 178, 0xe69f00),
			    INK(-1, 36, 0x009e73), INK(MAGENTA, 175, 0xcc79a7),
			    INK(BLUE, 166, 0xd55e00), INK(CYAN, 246, 0x949494),
			    INK(YELLOW, 94, 0x875f00),
			    INK(MAGENTA, 67, 0x5f87af)},
};

const struct theme_style *
theme_style(enum settings_theme theme, enum style style)
{
	if (style >= STYLE_LINE)
		return &lines[theme][style - STYLE_LINE];
	return &themes[theme][style];
}

bool
theme_wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return !no_colour || !*no_colour;
}

bool
theme_wants_rgb(void)
{
	const char *colours = getenv("COLORTERM");

	return colours && (strcmp(colours, "truecolor") == 0 ||
			   strcmp(colours, "24bit") == 0);
}
