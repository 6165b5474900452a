/*
 * Views of tables with windows over time, as a pipeline of web events has them,
 * beside what else such a page shows: an average over the last 5 minutes each
 * minute and the users of each day, by country.
 */
#ifndef WEIR_TESTS_LINES_H
#define WEIR_TESTS_LINES_H

#include "scene.h"

enum lines_scene {
	LINES_NORMAL,  /* two hours; the first day */
	LINES_DAYS,    /* twenty days; three countries had begun late */
	LINES_SECOND,  /* the second day has begun */
	LINES_BEGUN,   /* no window is complete */
	LINES_EMPTY,   /* no event yet */
	LINES_HOSTILE, /* keys that want to harm the terminal */
	LINES_CLOSE,   /* values near each other, far from 0 */
	LINES_ODD,     /* values at the ends of their ranges, and none */
	LINES_SCENES,
};

enum { LINES_AVERAGES, LINES_USERS, LINES_TYPES, LINES_DEVICES, LINES_PAGES };

#define LINES_KEYS 7

const char *lines_name(enum lines_scene scene);
/* Static; the panels are those of the whole page. */
const struct pipeline *lines_pipeline(void);
struct view *lines_view(enum lines_scene scene);

#endif
