/*
 * Delivery: notices to whoever wants them, without ever delaying who has them.
 *
 * Each target has a thread and a queue of its own. A full queue takes no more:
 * what is newest is counted as not delivered, and said. What a target refuses
 * is said and not tried again, but for WEIR_FULL, which is tried until it works
 * or the delivery ends.
 *
 * At least once: delivery_done() says up to which notice all targets are done;
 * who stores that, and gives what lies behind it again after a restart, loses
 * none. Numbers tell what comes twice.
 */
#ifndef WEIR_ALERT_DELIVER_H
#define WEIR_ALERT_DELIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "alert/notice.h"
#include "base/err.h"

#define DELIVERY_QUEUE   64 /* notices of a target */
#define DELIVERY_TARGETS 3

struct delivery;

struct delivery_target {
	const char *name; /* in sentences: "to NAME"; static */
	void *ctx;
	/*
	 * In the target's thread; may take its time, but ends soon when *hurry
	 * is true. WEIR_FULL: not now, try the same again.
	 */
	int (*send)(void *ctx, const struct notice *notice,
		    const _Atomic bool *hurry, struct err *err);
	void (*free)(void *ctx); /* when its thread has ended, in any thread */
};

struct delivery *delivery_new(void);
/* Starts its thread. Takes ctx, also when it fails. */
int delivery_add(struct delivery *delivery,
		 const struct delivery_target *target, struct err *err);
bool delivery_has_targets(const struct delivery *delivery);

/* Copies it. Never waits. One thread, as what follows. */
void delivery_push(struct delivery *delivery, const struct notice *notice);
/* All targets are done with the notices up to this number. */
uint64_t delivery_done(struct delivery *delivery);
/* What is wrong, as a sentence; false and "" when nothing is. Any thread. */
bool delivery_problem(struct delivery *delivery, char text[ERR_TEXT_MAX]);

/* Waits until all is delivered, not longer than so. */
void delivery_drain(struct delivery *delivery, int timeout_ms);
/*
 * Ends the threads; what is not delivered is dropped. One that is stuck in
 * send(), as when the desktop's daemon hangs, is left behind after 2 s: it
 * frees its target if it ever returns. NULL is fine.
 */
void delivery_free(struct delivery *delivery);

#endif
