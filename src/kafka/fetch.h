/*
 * Fetching one message, the one at an offset of a partition, to be looked at.
 *
 * A thread of its own does it, with a client for each message: it has the
 * settings of the run, joins no group, publishes nothing, and is gone when the
 * message is there. It gives up after FETCH_TIMEOUT_MS.
 */
#ifndef WEIR_KAFKA_FETCH_H
#define WEIR_KAFKA_FETCH_H

#include "kafka/client.h"
#include "store/view.h"

#define FETCH_TIMEOUT_MS 10000

struct fetch;

/* The settings stay the caller's, and must be there until fetch_stop(). */
int fetch_start(const struct kafka_settings *settings, struct fetch **out,
		struct err *err);
/* Does not wait for what is under way for longer than a moment. NULL is fine.
 */
void fetch_stop(struct fetch *fetch);

/* Asks for a message, in place of any that was asked for before. Never waits.
 */
void fetch_ask(struct fetch *fetch, const char *topic, int32_t partition,
	       int64_t offset);

/*
 * The answer, which is then the caller's, to be freed; NULL: there is none yet,
 * or it was taken. What could not be fetched says why. Never waits.
 */
struct view_event *fetch_take(struct fetch *fetch);
/* Waits until what was asked for is answered. */
void fetch_settle(struct fetch *fetch);

#endif
