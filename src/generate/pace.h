/*
 * Pace: a token bucket on steady time. Plain arithmetic, no clock, no thread:
 * the caller says what time it is (clock_steady_ns()), so tests need no sleep.
 *
 * Tokens are events. They come at `per_s` and are kept for at most
 * PACE_BURST_NS, so a generator that was held back does not catch up with a
 * flood; at low rates at least one token can always be kept. Fractions carry
 * over, so the rate is exact in the long run.
 *
 * With a curve the tokens come at a part of the rate that changes with time;
 * how many come between two moments is its integral, so they are as exact.
 */
#ifndef WEIR_GENERATE_PACE_H
#define WEIR_GENERATE_PACE_H

#include <stdint.h>

#include "generate/curve.h"

#define PACE_BURST_NS INT64_C(50000000) /* 50 ms */
#define PACE_LOOK_NS  INT64_C(20000000)

struct pace {
	double per_s; /* 0: stopped; INFINITY: no limit */
	double tokens;
	int64_t updated_ns;
	struct curve curve;
	int64_t curve_ns; /* when it began */
};

/* Without a curve. */
void pace_init(struct pace *pace, double per_s, int64_t now_ns);

/* Takes effect from now_ns on; tokens from before keep their worth. */
void pace_set(struct pace *pace, double per_s, int64_t now_ns);

/*
 * From now_ns on the rate follows a curve that began at began_ns. Without a
 * limit there is nothing to follow.
 */
void pace_follow(struct pace *pace, const struct curve *curve, int64_t began_ns,
		 int64_t now_ns);

/* How many events may be written now, at most `want`; takes them. */
uint64_t pace_take(struct pace *pace, uint64_t want, int64_t now_ns);

/* Puts back what was taken and not used. */
void pace_return(struct pace *pace, uint64_t unused);

/*
 * Nanoseconds until a token is there; INT64_MAX when stopped. On a curve that
 * varies at most PACE_LOOK_NS: it may go up before.
 */
int64_t pace_wait_ns(const struct pace *pace, int64_t now_ns);

#endif
