/*
 * The keeper: takes snapshots of a store at intervals, in a thread of its own,
 * so that nothing else waits for SQLite.
 *
 * The thread (weir-snapshot) owns the snapshot file, and a read transaction on
 * the store while it takes one. It runs at a lower priority than the flow. What
 * goes wrong is a sentence, and is tried again at the next interval. In virtual
 * time intervals end when keeper_settle() sees that they have.
 */
#ifndef WEIR_SNAPSHOT_KEEPER_H
#define WEIR_SNAPSHOT_KEEPER_H

#include "base/log.h"
#include "snapshot/snapshot.h"

struct keeper;

struct keeper_options {
	const char *path;                /* borrowed */
	const struct pipeline *pipeline; /* the same */
	struct store *store;             /* the same; any mode */
	int64_t every_ms;
	struct snapshot_options snapshot;
	struct log *log; /* is told of each one; borrowed; NULL: nobody is */
};

int keeper_start(const struct keeper_options *options, struct keeper **out,
		 struct err *err);

/* What is wrong: "" or a sentence. Any thread. Never waits for a snapshot. */
void keeper_problem(struct keeper *keeper, char text[ERR_TEXT_MAX]);

/*
 * Takes one as soon as it can, beside those at intervals. Any thread; waits for
 * nothing. When it is done, keeper_told() says so.
 */
void keeper_ask(struct keeper *keeper);

/*
 * What became of the last one that was asked for: true once when it is done,
 * with a sentence of at most `size` bytes. Any thread.
 */
bool keeper_told(struct keeper *keeper, char *text, size_t size);

/* Virtual time: waits until the snapshots that are due are taken. */
void keeper_settle(struct keeper *keeper);

/*
 * Waits for the snapshot that is under way, takes a last one, and ends the
 * thread. Fails when the last one did; the keeper is gone in any case. NULL is
 * fine.
 */
int keeper_stop(struct keeper *keeper, struct err *err);

#endif
