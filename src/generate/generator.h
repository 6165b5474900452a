/*
 * The generator: threads that write events into the producer at a rate.
 *
 * Stepped, there are no threads: it writes when it is told to.
 *
 * Each thread owns its random stream, its pace and its batch; they share only
 * the controls and the word to stop. With a seed, one thread gives the same
 * events in the same order at any rate; several give the same events, and only
 * each thread's own in order. That holds as long as no control is changed but
 * the rate and how it goes over time: when a thread takes up the others is up
 * to its scheduling.
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
	bool stepped;     /* one "thread", which is generator_step()'s caller */
	uint64_t seed;
};

int generator_start(const struct generator_options *options,
		    struct generator **out, struct err *err);

/*
 * Stepped: writes what has become due by now_ns (flow time), and hands it over.
 * What the producer has no room for is not written. Never waits.
 */
void generator_step(struct generator *generator, int64_t now_ns);

/* Asks all threads to end; what they have written is handed over. */
void generator_end(struct generator *generator);
/* Waits until they have ended. */
void generator_join(struct generator *generator);
/* Ends and joins what still runs. NULL is fine. */
void generator_free(struct generator *generator);

/*
 * Sets all that can be set. Each thread takes it up between two batches, within
 * a few milliseconds; the first event after a change of a field's distribution
 * may take longer (writer_control()). A curve that is another one than before
 * begins at now_ns. Events too large to be sent once they are damaged are not
 * damaged: bad_share is then 0. Any thread.
 */
void generator_set_controls(struct generator *generator,
			    const struct generator_controls *controls,
			    int64_t now_ns);
/* As they are, and when the curve began (steady time). Any thread. */
void generator_get_controls(struct generator *generator,
			    struct generator_controls *controls,
			    int64_t *curve_ns);

/* Whether all threads have ended. Any thread. */
bool generator_done(const struct generator *generator);
/* Whether a thread is waiting for the consumer or the producer's queue. */
bool generator_held_back(const struct generator *generator);

#endif
