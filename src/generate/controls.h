/*
 * Everything about the generator that can be set while it runs, as one plain
 * value: whoever changes something sets the whole of it, and generator threads
 * take it up between two batches.
 */
#ifndef WEIR_GENERATE_CONTROLS_H
#define WEIR_GENERATE_CONTROLS_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/pipeline.h"

struct generator_controls {
	double per_s; /* all threads together; 0: stopped; INFINITY: no limit,
			 and no curve */
	struct curve curve; /* begins anew when it is changed */
	double bad_share;   /* 0..1 */
	/* Parallel to the event's fields. */
	struct controls_field {
		uint64_t count;  /* distinct values; 0: not drawn by zipf, the
				    field has no controls */
		double exponent; /* GEN_EXPONENT_MIN to GEN_EXPONENT_MAX */
	} fields[PIPELINE_FIELDS_MAX];
};

/* As the pipeline file has it; without a generator, all 0. */
void controls_init(struct generator_controls *controls,
		   const struct pipeline *pipeline);
bool controls_same(const struct generator_controls *a,
		   const struct generator_controls *b);
bool curve_same(const struct curve *a, const struct curve *b);

/*
 * The most distinct values that a field drawn by zipf can have without one of
 * them breaking the field's rules.
 */
uint64_t controls_count_max(const struct pipeline *pipeline, unsigned field);

/* The part of the events that has the most frequent value, to about 0.1 %. */
double controls_first_share(const struct controls_field *field);

#endif
