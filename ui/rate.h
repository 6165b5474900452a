/*
 * What the rate keys do to a rate, and rates as people type them. Rates are
 * events per second from 0, which is stopped, to INFINITY, as fast as it goes.
 */
#ifndef WEIR_UI_RATE_H
#define WEIR_UI_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "dashboard.h"

#define RATE_MAX 1e9 /* beyond it the only rate is INFINITY */

/*
 * The rate changed to `factor` times itself: by at least 1 event/s, to whole
 * events from 10 on, never below 0. From 0 it goes up to 1. From INFINITY it
 * goes down from `actual`, what is reached in truth (-1: unknown).
 */
double rate_step(double rate, double factor, double actual);

/*
 * What is wanted so many seconds from now: the part of the rate that the curve
 * has then; without a limit there is nothing to follow.
 */
double rate_wanted(const struct dashboard_live *live, int ahead_s);

/* "1200", "1,200", "0.5", "50k", "1.5 M", "max"; false for anything else. */
bool rate_parse(const char *text, double *rate);

#endif
