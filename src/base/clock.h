/*
 * Time as a parameter (invariant 7).
 *
 * Four times occur in weir, and are never mixed:
 *   event time    milliseconds since 1970-01-01 UTC, from the event itself;
 *   clock time    the same unit, "now";
 *   flow time     nanoseconds since any moment, for what happens in the flow:
 *                 the pace, commits, seconds;
 *   steady time   the same unit, for waiting for somebody else: a broker, a
 *                 thread.
 *
 * Clock and flow time are the system's, or virtual: set by clock_set() and
 * standing still in between, so that a run is the same each time. Steady time
 * is always the system's.
 */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* 2025-01-01T00:00:00Z: event 0 of every seeded run (docs/pipelines.md). */
#define CLOCK_SEEDED_START_MS INT64_C(1735689600000)
/* Event n of a seeded run is this much later than event n - 1. */
#define CLOCK_SEEDED_STEP_MS 1

int64_t clock_wall_ms(void);
int64_t clock_flow_ns(void);
int64_t clock_steady_ns(void); /* CLOCK_MONOTONIC */

/*
 * Makes time virtual, from CLOCK_SEEDED_START_MS on, and moves it to so many
 * milliseconds behind that. Never back. One thread; the others read.
 */
void clock_set(int64_t ms);
bool clock_is_virtual(void);

/* A condition whose waits end at a steady time, and such a time for it. */
void clock_cond_init(pthread_cond_t *cond);
struct timespec clock_timespec(int64_t steady_ns);

#endif
