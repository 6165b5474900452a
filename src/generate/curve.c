#include <math.h>

#include "generate/curve.h"

#define TURN (2 * M_PI)

bool
curve_varies(const struct curve *curve)
{
	return curve->kind != CURVE_CONSTANT && curve->kind != CURVE_SPIKE;
}

/* Periods since the beginning: 2.25 is a quarter into the third. */
static double
periods(const struct curve *curve, int64_t elapsed_ns)
{
	if (elapsed_ns < 0)
		return 0;
	return (double)elapsed_ns / ((double)curve->period_ms * 1e6);
}

double
curve_at(const struct curve *curve, int64_t elapsed_ns)
{
	double at = periods(curve, elapsed_ns), rest = 1 - curve->low;

	switch (curve->kind) {
	case CURVE_RAMP:
		return at < 1 ? curve->low + rest * at : 1;
	case CURVE_SINE:
		return curve->low + rest * (1 - cos(TURN * at)) / 2;
	case CURVE_BURSTS:
		return at - floor(at) < curve->part ? 1 : curve->low;
	case CURVE_CONSTANT:
	case CURVE_SPIKE:
	case CURVES:
		break;
	}
	return 1;
}

double
curve_sum(const struct curve *curve, int64_t elapsed_ns)
{
	double at = periods(curve, elapsed_ns), rest = 1 - curve->low;
	double sum = at, within;

	switch (curve->kind) {
	case CURVE_RAMP:
		sum = at < 1 ? curve->low * at + rest * at * at / 2
			     : curve->low + rest / 2 + at - 1;
		break;
	case CURVE_SINE:
		sum = curve->low * at + rest / 2 * (at - sin(TURN * at) / TURN);
		break;
	case CURVE_BURSTS:
		within = at - floor(at);
		if (within > curve->part)
			within = curve->part;
		sum =
		    curve->low * at + rest * (floor(at) * curve->part + within);
		break;
	case CURVE_CONSTANT:
	case CURVE_SPIKE:
	case CURVES:
		break;
	}
	return sum * (double)curve->period_ms / 1000;
}

bool
curve_spikes(const struct curve *curve, int64_t elapsed_ns)
{
	double at = periods(curve, elapsed_ns);

	return curve->kind == CURVE_SPIKE && at - floor(at) < curve->part;
}
