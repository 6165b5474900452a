/*
 * What has happened from one view to the next, as sentences in the log:
 * partitions that came or ended, alerts that fired, were acknowledged or
 * cleared, events that were lost, a ledger that does not balance. Pure but for
 * the log. The first view is where it begins.
 */
#ifndef WEIR_CHRONICLE_H
#define WEIR_CHRONICLE_H

#include "base/log.h"
#include "store/view.h"

/* Alerts of one view that have a line each; the others are counted. */
#define CHRONICLE_ALERTS 10

struct chronicle {
	bool begun;
	unsigned partitions, ended; /* how many there were */
	int64_t lost;
	bool balanced;
	int64_t alert_ms; /* the newest change that was told */
};

/* All zero is a beginning. A NULL log is fine. */
void chronicle_add(struct chronicle *chronicle, const struct view *view,
		   struct log *log);

#endif
