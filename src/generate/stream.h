/*
 * Events alone, one JSON object a line, into a file descriptor: what `weir
 * generate --stdout` does. The lines are those that a generator thread of the
 * same seed would produce.
 */
#ifndef WEIR_GENERATE_STREAM_H
#define WEIR_GENERATE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/pipeline.h"

struct stream_options {
	const struct pipeline *pipeline;
	double per_s;        /* INFINITY: as fast as the reader takes them */
	uint64_t events;     /* 0: no end */
	int64_t duration_ms; /* 0: no end */
	bool seeded;         /* event times from the seeded clock */
	uint64_t seed;
	int stop_fd; /* readable: stop; -1: never */
};

/* A reader that goes away is no error. */
int stream_events(int fd, const struct stream_options *options,
		  struct err *err);

#endif
