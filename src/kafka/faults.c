#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/faults.h"

/*
 * Fetches to be refused are handed out this often, so many: a client waits for
 * 100 ms and more after one, and what another one takes is made up for soon.
 */
#define READS_NS    INT64_C(100000000)
#define READS_AHEAD 64

struct faults {
	struct embedded *embedded;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	bool ending;
	struct fault_state states[FAULTS];
	int64_t led_ns; /* the last change of leaders; 0: none */
};

struct faults *
faults_new(struct embedded *embedded)
{
	struct faults *faults = xcalloc(1, sizeof(*faults));

	faults->embedded = embedded;
	pthread_mutex_init(&faults->lock, NULL);
	clock_cond_init(&faults->wake);
	return faults;
}

/* The first that is not as wanted; FAULTS when all are. */
static enum fault
next_change(const struct faults *faults, int64_t now_ns, int64_t *until_ns)
{
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_state *state = &faults->states[i];

		if (state->on == state->wanted)
			continue;
		if (i != FAULT_NO_LEADER || faults->led_ns == 0 ||
		    now_ns - faults->led_ns >= FAULTS_LEADER_NS)
			return (enum fault)i;
		*until_ns = faults->led_ns + FAULTS_LEADER_NS;
	}
	return FAULTS;
}

/* Without the lock: the broker's thread is waited for. */
static void
apply(struct faults *faults, enum fault fault, bool on)
{
	switch (fault) {
	case FAULT_SLOW:
		embedded_slow(faults->embedded, on ? FAULT_SLOW_MS : 0);
		break;
	case FAULT_DOWN:
		embedded_down(faults->embedded, on);
		break;
	case FAULT_READS:
		embedded_refuse_reads(faults->embedded, on ? READS_AHEAD : 0);
		break;
	case FAULT_NO_LEADER:
		embedded_lead(faults->embedded, !on);
		break;
	case FAULTS:
		break;
	}
}

/* Under the lock, which it gives up meanwhile. */
static void
change(struct faults *faults, enum fault fault)
{
	bool on = faults->states[fault].wanted;

	pthread_mutex_unlock(&faults->lock);
	apply(faults, fault, on);
	pthread_mutex_lock(&faults->lock);
	faults->states[fault].on = on;
	if (fault == FAULT_NO_LEADER)
		faults->led_ns = clock_steady_ns();
	pthread_cond_broadcast(&faults->wake);
}

static bool
any_on(const struct faults *faults)
{
	bool on = false;

	for (int i = 0; i < FAULTS; i++)
		on |= faults->states[i].on || faults->states[i].wanted;
	return on;
}

static void *
faults_main(void *arg)
{
	struct faults *faults = arg;
	int64_t refilled_ns = 0;

	pthread_setname_np(pthread_self(), "weir-faults");
	pthread_mutex_lock(&faults->lock);
	while (!faults->ending || any_on(faults)) {
		int64_t now_ns = clock_steady_ns(), until_ns = 0;
		enum fault fault = next_change(faults, now_ns, &until_ns);

		if (fault != FAULTS) {
			change(faults, fault);
			continue;
		}
		if (faults->states[FAULT_READS].on) {
			if (now_ns - refilled_ns >= READS_NS) {
				pthread_mutex_unlock(&faults->lock);
				embedded_refuse_reads(faults->embedded,
						      READS_AHEAD);
				pthread_mutex_lock(&faults->lock);
				refilled_ns = now_ns;
				continue;
			}
			if (until_ns == 0 || until_ns > refilled_ns + READS_NS)
				until_ns = refilled_ns + READS_NS;
		}
		if (until_ns) {
			struct timespec until = clock_timespec(until_ns);

			pthread_cond_timedwait(&faults->wake, &faults->lock,
					       &until);
		} else {
			pthread_cond_wait(&faults->wake, &faults->lock);
		}
	}
	pthread_mutex_unlock(&faults->lock);
	return NULL;
}

void
faults_set(struct faults *faults, enum fault fault, bool on, int64_t now_ms)
{
	pthread_mutex_lock(&faults->lock);
	if (!faults->ending && !faults->running)
		faults->running = pthread_create(&faults->thread, NULL,
						 faults_main, faults) == 0;
	if (!faults->ending && faults->running &&
	    faults->states[fault].wanted != on) {
		faults->states[fault].wanted = on;
		faults->states[fault].since_ms = now_ms;
		pthread_cond_broadcast(&faults->wake);
	}
	pthread_mutex_unlock(&faults->lock);
}

void
faults_get(struct faults *faults, struct fault_state states[FAULTS])
{
	pthread_mutex_lock(&faults->lock);
	memcpy(states, faults->states, sizeof(faults->states));
	pthread_mutex_unlock(&faults->lock);
}

void
faults_wait(struct faults *faults)
{
	int64_t until_ns;

	pthread_mutex_lock(&faults->lock);
	while (faults->running &&
	       next_change(faults, INT64_MAX, &until_ns) != FAULTS)
		pthread_cond_wait(&faults->wake, &faults->lock);
	pthread_mutex_unlock(&faults->lock);
}

bool
faults_lift(struct faults *faults)
{
	bool were;

	if (!faults)
		return false;
	pthread_mutex_lock(&faults->lock);
	were = any_on(faults);
	faults->ending = true;
	for (int i = 0; i < FAULTS; i++)
		faults->states[i].wanted = false;
	pthread_cond_broadcast(&faults->wake);
	pthread_mutex_unlock(&faults->lock);
	if (faults->running)
		pthread_join(faults->thread, NULL);
	faults->running = false;
	return were;
}

void
faults_free(struct faults *faults)
{
	if (!faults)
		return;
	faults_lift(faults);
	pthread_cond_destroy(&faults->wake);
	pthread_mutex_destroy(&faults->lock);
	free(faults);
}
