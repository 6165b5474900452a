/*
 * Faults of the embedded broker: made and lifted by a thread of their own,
 * since the broker's thread is waited for.
 *
 * None of them loses an event. Each is something that Kafka's clients are made
 * to get over: what is not acknowledged is sent again, what is not fetched
 * stays in the topic. Two things the mock cluster does not do as Kafka would,
 * and faults are made such that it does not matter:
 *
 * - It stores a batch twice when its answer was lost and it is sent again,
 * since it does not look at sequence numbers. FAULT_DOWN does this; such events
 * are consumed and counted as foreign.
 * - It takes a batch that follows a refused one, which Kafka refuses as out of
 *   order. librdkafka relies on that: it takes the refused one for stored, too,
 *   and an acknowledged event is nowhere. So no single write is refused:
 *   FAULT_NO_LEADER refuses all of them for at least FAULTS_LEADER_NS, in which
 *   the producer stops writing. For the same reason no leader is moved to
 *   another broker: what is under way to the old one is refused, while the new
 *   one takes what follows.
 */
#ifndef WEIR_KAFKA_FAULTS_H
#define WEIR_KAFKA_FAULTS_H

#include "fault.h"
#include "kafka/embedded.h"

/* From one change of leaders to the next. */
#define FAULTS_LEADER_NS INT64_C(2000000000)

struct faults;

/* Borrows the broker. There is no thread until there is something to do. */
struct faults *faults_new(struct embedded *embedded);
/* Lifts what is still on. NULL is fine. */
void faults_free(struct faults *faults);

/*
 * Makes or lifts a fault soon, in the order of enum fault; never waits for it.
 * now_ms: clock time.
 */
void faults_set(struct faults *faults, enum fault fault, bool on,
		int64_t now_ms);
void faults_get(struct faults *faults, struct fault_state states[FAULTS]);
/* Waits until all are as wanted, for FAULTS_LEADER_NS at most. */
void faults_wait(struct faults *faults);

/*
 * Lifts all and waits until they are, for FAULTS_LEADER_NS at most; none can be
 * made afterwards. Whether there were any. NULL is fine.
 */
bool faults_lift(struct faults *faults);

#endif
