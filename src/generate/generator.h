/*
 * The generator: threads that write events into the producer at a rate.
 *
 * Each thread owns its random stream, its pace and its batch; they share only
 * the rate and the word to stop. With a seed, one thread gives the same events
 * in the same order at any rate; several give the same events, and only each
 * thread's own in order.
 */
#ifndef WEIR_GENERATE_GENERATOR_H
#define WEIR_GENERATE_GENERATOR_H

#include "generate/generate.h"
#include "kafka/producer.h"

struct generator;

struct generator_options {
	const struct pipeline *pipeline;
	struct producer *producer;
	double per_s;     /* all threads together; INFINITY: no limit */
	uint64_t events;  /* stop after so many; 0: no end */
	unsigned threads; /* at least 1 */
	bool seeded;      /* event times from the seeded clock (clock.h) */
	uint64_t seed;
};

int generator_start(const struct generator_options *options,
		    struct generator **out, struct err *err);

/* Asks all threads to end; what they have written is handed over. */
void generator_end(struct generator *generator);
/* Waits until they have ended. */
void generator_join(struct generator *generator);
/* Ends and joins what still runs. NULL is fine. */
void generator_free(struct generator *generator);

/* Takes effect within a few milliseconds. Any thread. */
void generator_set_rate(struct generator *generator, double per_s);
double generator_rate(const struct generator *generator);

/* Whether all threads have ended. Any thread. */
bool generator_done(const struct generator *generator);
/* Whether a thread is waiting for the consumer or the producer's queue. */
bool generator_held_back(const struct generator *generator);

#endif
