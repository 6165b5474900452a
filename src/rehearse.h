/*
 * `weir alerts --test`: how often the rules of a pipeline file would have fired
 * over what a store holds, and when, as text.
 */
#ifndef WEIR_REHEARSE_H
#define WEIR_REHEARSE_H

#include "base/buf.h"
#include "base/err.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

/*
 * The pipeline must be of the store's fingerprint. *fired: how many alerts
 * fired, of all rules.
 */
int rehearse(struct store *store, const struct pipeline *p, struct buf *out,
	     int64_t *fired, struct err *err);

#endif
