/*
 * Writing events: from a compiled pipeline and a random stream to JSON.
 *
 * A writer belongs to one thread. It allocates when it is made and never
 * afterwards. The same pipeline, seed and stream number give the same bytes.
 */
#ifndef WEIR_GENERATE_GENERATE_H
#define WEIR_GENERATE_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/pipeline.h"

struct writer; /* one event after the other */

/*
 * stream: 0, 1, ... tells generator threads apart under one seed. Fails with
 * WEIR_PIPELINE when the pipeline has no generator. What is read of the
 * pipeline must outlive the writer.
 */
int writer_new(const struct pipeline *pipeline, uint64_t seed, unsigned stream,
	       struct writer **out, struct err *err);
void writer_free(struct writer *writer); /* NULL is fine */

/* The most bytes that one event can take. */
size_t writer_max_bytes(const struct writer *writer);

/*
 * Writes the next event, one JSON object without white space or newline, with
 * event time time_ms, to `out`, which has room for writer_max_bytes(). Returns
 * its size. *key is the message key inside of `out` (size 0: no key): the
 * value of the pipeline's key field without quotes. A damaged event (see
 * generator_spec.bad_share) keeps its key.
 */
size_t writer_next(struct writer *writer, int64_t time_ms, char *out,
		   struct text *key);

#endif
