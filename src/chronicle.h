/*
 * What has happened from one view to the next, as sentences in the log:
 * partitions that came or ended, fields of events that appeared, vanished or
 * have a new type, alerts that fired, were acknowledged or cleared, events that
 * were lost, dead letters, a ledger that does not balance. Pure but for the
 * log. The first view is where it begins.
 */
#ifndef WEIR_CHRONICLE_H
#define WEIR_CHRONICLE_H

#include "base/buf.h"
#include "base/log.h"
#include "event/reason.h"
#include "store/view.h"

/* Alerts of one view that have a line each; the others are counted. */
#define CHRONICLE_ALERTS 10

/*
 * Dead letters have a line so often at first. As long as they keep coming it is
 * half as often after each line, down to the latter, so that they do not push
 * everything else out of the log; a reason that is new has its line soon.
 */
#define CHRONICLE_DEAD_MS     10000
#define CHRONICLE_DEAD_MAX_MS 300000

/* All zero is a beginning. */
struct chronicle_dead {
	bool begun;
	int64_t told_ms; /* when the last line was; 0: none */
	int64_t wait_ms; /* until the next one, if it is of the same reasons */
	int64_t by_reason[REASONS];
	bool told[REASONS]; /* in the lines since they keep coming */
};

struct chronicle {
	bool begun;
	unsigned partitions, ended; /* how many there were */
	int64_t lost;
	int64_t changes; /* of fields */
	bool balanced;
	int64_t alert_ms; /* the newest change that was told */
	struct chronicle_dead dead;
};

/*
 * Appends what has died since the last time that it said something, exactly by
 * reason, and which fields and rules that was about as far as the view has the
 * letters: "12 dead letters: 9 not allowed (FIELD: none_of), 3 not JSON".
 * False, and nothing: there is none, or the last line was just now.
 */
bool chronicle_tell_dead(struct chronicle_dead *dead, const struct view *view,
			 struct buf *out);

/* All zero is a beginning. A NULL log is fine. */
void chronicle_add(struct chronicle *chronicle, const struct view *view,
		   struct log *log);

#endif
