/*
 * Scripts and recordings of a run: what is asked for on the command line, or
 * by a bundle, opened before the flow and closed behind it.
 *
 * Lockstep is a run without a terminal that is played or recorded: time is
 * virtual then, and the same seed and script give the same frames.
 */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include "bundle.h"
#include "cast.h"
#include "options.h"
#include "player.h"

#define RECORD_SEED 1 /* in lockstep, when none is given */

struct record {
	const struct options *options;
	const struct pipeline *pipeline;
	const struct bundle *replayed; /* borrowed; NULL: none is */
	struct script *script;         /* NULL: none */
	struct player player;
	struct cast *cast; /* NULL: nothing is recorded */
	int64_t begun_ms;
	bool lockstep;
};

/* Whether a run with these options is in lockstep. */
bool record_is_lockstep(const struct options *options);

/*
 * Reads the script, makes the recording, and makes time virtual in lockstep.
 * Without a terminal the locale is C.UTF-8 from then on; before any thread.
 * What it is given is borrowed. WEIR_USAGE, WEIR_SYSTEM as of those.
 * record_end() in any case.
 */
int record_begin(struct record *record, const struct options *options,
		 const struct pipeline *pipeline, const struct bundle *replayed,
		 struct err *err);

/*
 * Ends the recording; writes the bundle, unless nothing was begun; compares the
 * frames with those of the bundle that was replayed, if they are known:
 * WEIR_NOT_FOUND when they are others. `seed`: of
 * the run.
 */
int record_end(struct record *record, uint64_t seed, struct err *err);

/* The options of the run that a bundle is of; they borrow its texts. */
void record_options(const struct bundle *bundle, struct options *options);

#endif
