#include <stdlib.h>

#include "theme.h"

const struct theme_style theme[STYLES] = {
    [STYLE_NORMAL] = {.colour = COLOUR_DEFAULT},
    [STYLE_BOLD] = {.colour = COLOUR_DEFAULT, .bold = true},
    [STYLE_DIM] = {.colour = COLOUR_DEFAULT, .dim = true},
    [STYLE_ACCENT] = {.colour = COLOUR_MAGENTA, .bold = true},
    [STYLE_LIVE] = {.colour = COLOUR_CYAN},
    [STYLE_GOOD] = {.colour = COLOUR_GREEN},
    [STYLE_PENDING] = {.colour = COLOUR_YELLOW},
    [STYLE_BAD] = {.colour = COLOUR_RED, .bold = true},
    [STYLE_REVERSE] = {.colour = COLOUR_DEFAULT, .reverse = true},
    [STYLE_ALARM] = {.colour = COLOUR_RED, .bold = true, .reverse = true},
};

bool
theme_wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return !no_colour || !*no_colour;
}
