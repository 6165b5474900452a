/*
 * The past: snapshots read back as views, so that what shows a view shows them.
 *
 * A view of the past is as exact as the view that it was made of, and holds
 * less: a snapshot keeps summaries, the first ten of each ranking, positions,
 * the ledger, dead letters and windows that have not changed since. What it
 * does not keep is unknown: rates, the last minute and the extremes over
 * windows of a row, where its events stand; the history, spreads (-1 each),
 * sizes, newest event times; alerts (no rules: rules_len is 0).
 *
 * Each call opens the file anew, read-only, and reads in one transaction of
 * SQLite: it waits for no writer, holds nothing open, and finds the file that
 * is there now. It takes some milliseconds.
 */
#ifndef WEIR_SNAPSHOT_PAST_H
#define WEIR_SNAPSHOT_PAST_H

#include <stdint.h>

#include "base/err.h"
#include "pipeline/pipeline.h"
#include "store/view.h"

struct past {
	struct view *view;     /* the caller's */
	int64_t id;            /* of the snapshot */
	int64_t taken_ms;      /* clock time */
	int64_t number, total; /* it is the number-th of total, from 1 on */
};

/*
 * The snapshot next to the one with this id, before it (step < 0) or after it;
 * that one need not be there any more. Before INT64_MAX is the newest. The view
 * borrows the pipeline.
 *
 * Errors: WEIR_NOT_FOUND there is none in that direction; WEIR_STORE_FOREIGN it
 * is no snapshot file, or of another pipeline; WEIR_SYSTEM it cannot be opened;
 * WEIR_STORE_BUSY another program has locked it; WEIR_STORE else.
 */
int past_read(const char *path, const struct pipeline *pipeline, int64_t id,
	      int step, struct past *past, struct err *err);

#endif
