/*
 * Writing events: from a compiled pipeline and a random stream to JSON.
 *
 * A writer belongs to one thread. It allocates when it is made or told what to
 * do, never while it writes but for the event with which a field begins or ends
 * (gen_field.from_ms). The same pipeline, seed, stream number, controls, times
 * and beginning give the same bytes.
 */
#ifndef WEIR_GENERATE_GENERATE_H
#define WEIR_GENERATE_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "generate/controls.h"

struct writer; /* one event after the other */

/*
 * stream: 0, 1, ... tells generator threads apart under one seed. Fails with
 * WEIR_PIPELINE when the pipeline has no generator. What is read of the
 * pipeline must outlive the writer.
 */
int writer_new(const struct pipeline *pipeline, uint64_t seed, unsigned stream,
	       struct writer **out, struct err *err);
void writer_free(struct writer *writer); /* NULL is fine */

/*
 * When the generator began, in event time: from there on it counts when a field
 * begins and ends. Without it CLOCK_SEEDED_START_MS, as in seeded runs.
 */
void writer_begin(struct writer *writer, int64_t begin_ms);

/*
 * The most bytes that one event can take: with the share of damaged events as
 * it is, and when some are damaged.
 */
size_t writer_max_bytes(const struct writer *writer);
size_t writer_max_damaged(const struct writer *writer);

/*
 * What is drawn from now on; rates are not the writer's. Where the number of
 * values or the exponent is another one than before, up to
 * DISTRIBUTION_ALIAS_MAX values this makes a table: docs/design.md,
 * "Parameters", says how long that takes.
 */
void writer_control(struct writer *writer,
		    const struct generator_controls *controls);
/*
 * From now on the value in the middle of the curve's field has the curve's
 * share, or only its own again. For a curve of another kind than CURVE_SPIKE:
 * nothing.
 */
void writer_spike(struct writer *writer, bool on);

/*
 * Writes the next event, one JSON object without white space or newline, with
 * event time time_ms, to `out`, which has room for writer_max_bytes(). Returns
 * its size. *key is the message key inside of `out` (size 0: no key): the
 * value of the pipeline's key field without quotes, also when that is one of
 * the pipeline's faults. A damaged event (see generator_spec.bad_share) keeps
 * its key.
 */
size_t writer_next(struct writer *writer, int64_t time_ms, char *out,
		   struct text *key);

#endif
