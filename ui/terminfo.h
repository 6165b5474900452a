/*
 * What descriptions of terminals there are: the part of the door to ncurses
 * that needs <term.h>, whose macros are words such as bell and columns.
 */
#ifndef WEIR_UI_TERMINFO_H
#define WEIR_UI_TERMINFO_H

#include <stdbool.h>

/* Whether a terminal of this name is known. Before term_start() opens one. */
bool terminfo_knows(const char *name);

#endif
