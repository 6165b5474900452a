/*
 * Views made by hand for the tests of the screen: the same ones each time, with
 * numbers that a person can check by eye. Any number of seconds into a run.
 */
#ifndef WEIR_TESTS_SCENE_H
#define WEIR_TESTS_SCENE_H

#include "canvas.h"
#include "dashboard.h"
#include "store/view.h"

enum scene {
	SCENE_NORMAL,
	SCENE_EMPTY,   /* the first commit, before any event */
	SCENE_HOSTILE, /* text that wants to harm the terminal */
	SCENE_HUGE,    /* numbers at the end of their range */
	SCENE_ODD,     /* negative, real and unknown numbers; unbalanced */
	SCENE_ALERTS,  /* alerts in each state, one of them critical */
	SCENE_STORM,   /* ten thousand alerts at once, of hostile keys */
	SCENES,
};

#define SCENE_START_MS INT64_C(1735689600000)

const char *scene_name(enum scene scene);

/* The pipelines of scenes without and with rules for alerts; static. */
const struct pipeline *scene_pipeline(void);
const struct pipeline *scene_alerts_pipeline(void);

/* The view `second` seconds after the start; its commit is second × 10 + 1. */
struct view *scene_view(enum scene scene, int second);

/*
 * The fields of its events: four that are read, an object that is not, and one
 * in it that came later.
 */
void scene_schema(struct view *view, enum scene scene, int second);

/* What a snapshot keeps of it: the number-th of 31, one each 10 seconds. */
struct dashboard_past scene_past(enum scene scene, int number);

/* What goes with it; the log is static until the next call. */
const struct log_lines *scene_log(enum scene scene);
struct dashboard_live scene_live(enum scene scene);

/*
 * What must hold of every canvas: no control character in any cell, nothing
 * beyond ASCII when it is to be ASCII, wide characters whole. Returns what is
 * wrong in which cell, or NULL; static until the next call.
 */
const char *scene_check(const struct canvas *canvas);

#endif
