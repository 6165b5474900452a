/*
 * How the generator's rate goes over time: a part of the whole rate, from 0 to
 * 1, by the time since the curve began. Pure functions; struct curve is the
 * pipeline's (pipeline.h). A time before the beginning is the beginning.
 */
#ifndef WEIR_GENERATE_CURVE_H
#define WEIR_GENERATE_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/pipeline.h"

/* Whether the rate changes with time. */
bool curve_varies(const struct curve *curve);
/* The part of the rate at a moment. */
double curve_at(const struct curve *curve, int64_t elapsed_ns);
/* Its integral from the beginning on, in seconds of the whole rate. */
double curve_sum(const struct curve *curve, int64_t elapsed_ns);
/* Whether one value has its own share at that moment. */
bool curve_spikes(const struct curve *curve, int64_t elapsed_ns);

#endif
