#include <unistd.h>

#include <curses.h>
/* With its folder: ui/ has a term.h, too. */
#include <ncursesw/term.h>

#include "terminfo.h"

bool
terminfo_knows(const char *name)
{
	int found;

	if (setupterm(name, STDOUT_FILENO, &found) != OK)
		return false;
	del_curterm(cur_term);
	return true;
}
