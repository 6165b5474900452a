#include <math.h>

#include "generate/pace.h"

#define NS_PER_S 1e9

/*
 * One token, and what comes in PACE_BURST_NS. So a caller that wakes up to
 * PACE_BURST_NS late loses nothing, at any rate.
 */
static double
most_tokens(double per_s)
{
	return 1 + per_s * ((double)PACE_BURST_NS / NS_PER_S);
}

/* The tokens that come between two moments. */
static double
tokens_between(const struct pace *pace, int64_t from_ns, int64_t to_ns)
{
	if (curve_varies(&pace->curve))
		return pace->per_s *
		       (curve_sum(&pace->curve, to_ns - pace->curve_ns) -
			curve_sum(&pace->curve, from_ns - pace->curve_ns));
	return (double)(to_ns - from_ns) * pace->per_s / NS_PER_S;
}

/* The tokens there are at now_ns. */
static double
tokens_at(const struct pace *pace, int64_t now_ns)
{
	double tokens = pace->tokens, most = most_tokens(pace->per_s);

	if (now_ns > pace->updated_ns)
		tokens += tokens_between(pace, pace->updated_ns, now_ns);
	return tokens < most ? tokens : most;
}

void
pace_init(struct pace *pace, double per_s, int64_t now_ns)
{
	/* Not a number is not a rate either. */
	*pace = (struct pace){
	    .per_s = per_s > 0 ? per_s : 0,
	    .updated_ns = now_ns,
	    .curve = curve_default(CURVE_CONSTANT, -1),
	    .curve_ns = now_ns,
	};
}

/* Tokens from before keep their worth. */
static void
settle(struct pace *pace, int64_t now_ns)
{
	pace->tokens = isinf(pace->per_s) ? 0 : tokens_at(pace, now_ns);
	pace->updated_ns = now_ns;
}

void
pace_set(struct pace *pace, double per_s, int64_t now_ns)
{
	settle(pace, now_ns);
	pace->per_s = per_s > 0 ? per_s : 0;
}

void
pace_follow(struct pace *pace, const struct curve *curve, int64_t began_ns,
	    int64_t now_ns)
{
	settle(pace, now_ns);
	pace->curve = *curve;
	pace->curve_ns = began_ns;
}

uint64_t
pace_take(struct pace *pace, uint64_t want, int64_t now_ns)
{
	double tokens;
	uint64_t whole;

	if (isinf(pace->per_s))
		return want;
	if (pace->per_s <= 0)
		return 0;
	tokens = tokens_at(pace, now_ns);
	/*
	 * With nothing to take, nothing is written back: adding up many small
	 * times would add up their rounding too.
	 */
	if (tokens < 1 || want == 0)
		return 0;
	whole = (uint64_t)tokens < want ? (uint64_t)tokens : want;
	pace->tokens = tokens - (double)whole;
	if (now_ns > pace->updated_ns)
		pace->updated_ns = now_ns;
	return whole;
}

void
pace_return(struct pace *pace, uint64_t unused)
{
	if (!isinf(pace->per_s))
		pace->tokens += (double)unused;
}

int64_t
pace_wait_ns(const struct pace *pace, int64_t now_ns)
{
	double tokens, wait_ns, part;

	if (isinf(pace->per_s))
		return 0;
	if (pace->per_s <= 0)
		return INT64_MAX;
	tokens = tokens_at(pace, now_ns);
	if (tokens >= 1)
		return 0;
	part = curve_at(&pace->curve, now_ns - pace->curve_ns);
	wait_ns = ceil((1 - tokens) * NS_PER_S / (pace->per_s * part));
	if (curve_varies(&pace->curve) && !(wait_ns < PACE_LOOK_NS))
		return PACE_LOOK_NS;
	if (wait_ns >= 0x1p63)
		return INT64_MAX;
	return wait_ns < 1 ? 1 : (int64_t)wait_ns;
}
