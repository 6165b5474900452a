/*
 * A watch over several stores: a thread of its own merges them again when one
 * of them has a newer commit, so that the dashboard never waits for it.
 *
 * Merging takes at most about a quarter of the time, and is at least 200 ms
 * apart.
 */
#ifndef WEIR_WATCH_H
#define WEIR_WATCH_H

#include "store/merge.h"

struct watch;

/* The merge stays the caller's; the watch alone uses it until it is stopped. */
int watch_start(struct merge *merge, struct watch **out, struct err *err);

/*
 * Waits for the merge that is under way. Views that were taken stay valid. NULL
 * is fine.
 */
void watch_stop(struct watch *watch);

/*
 * The newest view, when its commit is newer than `seen`; else WEIR_NOT_FOUND,
 * or what the last merge failed with. Never waits. Any thread.
 */
int watch_view(struct watch *watch, uint64_t seen, struct view **view,
	       struct err *err);

/* What people must know of the newest view: "" or a sentence. Any thread. */
void watch_note(struct watch *watch, char text[ERR_TEXT_MAX]);

#endif
