#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/keeper.h"

#define NICE  10
#define TRIES 5 /* while the store grows */

struct keeper {
	struct keeper_options options;
	struct snapshot *snapshot; /* the thread's; NULL: to be opened */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopping;
	/* Under the lock. */
	bool stopped;
	struct err problem; /* code 0: none */
};

static int
take_once(struct keeper *k, struct err *err)
{
	const struct keeper_options *o = &k->options;
	struct snapshot_result result;
	int rc = 0;

	/* Somebody may have moved the file away: then there is a new one. */
	if (k->snapshot && snapshot_is_gone(k->snapshot)) {
		snapshot_close(k->snapshot);
		k->snapshot = NULL;
	}
	if (!k->snapshot)
		rc = snapshot_open(o->path, o->pipeline, &o->snapshot,
				   &k->snapshot, err);
	if (rc)
		return rc;
	for (unsigned i = 0; i < TRIES; i++) {
		rc = snapshot_take(k->snapshot, o->store, clock_wall_ms(),
				   &result, err);
		if (rc != WEIR_FULL)
			break;
	}
	/* No commit yet: nothing is wrong. */
	if (rc == WEIR_NOT_FOUND)
		return 0;
	if (rc && rc != WEIR_STORE_FULL && rc != WEIR_STORE_BUSY) {
		snapshot_close(k->snapshot);
		k->snapshot = NULL;
	}
	return rc;
}

static void
take(struct keeper *k)
{
	struct err err = {.code = WEIR_OK};
	int rc = take_once(k, &err);

	pthread_mutex_lock(&k->lock);
	k->problem.code = WEIR_OK;
	if (rc)
		k->problem = err;
	pthread_mutex_unlock(&k->lock);
}

/* Until then, or until the keeper is to stop. */
static bool
wait_until(struct keeper *k, int64_t until_ns)
{
	struct timespec until = clock_timespec(until_ns);
	bool stopped;

	pthread_mutex_lock(&k->lock);
	while (!k->stopped &&
	       pthread_cond_timedwait(&k->stopping, &k->lock, &until) == 0)
		;
	stopped = k->stopped;
	pthread_mutex_unlock(&k->lock);
	return stopped;
}

static void *
keeper_main(void *arg)
{
	struct keeper *k = arg;
	int64_t every_ns = k->options.every_ms * 1000000;
	int64_t next_ns = clock_steady_ns() + every_ns;

	pthread_setname_np(pthread_self(), "weir-snapshot");
	/* Linux has this for each thread. If not, snapshots are only faster. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	while (!wait_until(k, next_ns)) {
		take(k);
		next_ns += every_ns;
		if (next_ns < clock_steady_ns())
			next_ns = clock_steady_ns() + every_ns;
	}
	/* Nothing is held up any more, but the end. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 0);
	take(k);
	snapshot_close(k->snapshot);
	return NULL;
}

int
keeper_start(const struct keeper_options *options, struct keeper **out,
	     struct err *err)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	int rc;

	k->options = *options;
	pthread_mutex_init(&k->lock, NULL);
	clock_cond_init(&k->stopping);
	rc = pthread_create(&k->thread, NULL, keeper_main, k);
	if (rc) {
		pthread_cond_destroy(&k->stopping);
		pthread_mutex_destroy(&k->lock);
		free(k);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the thread that takes snapshots");
	}
	*out = k;
	return 0;
}

void
keeper_problem(struct keeper *k, char text[ERR_TEXT_MAX])
{
	pthread_mutex_lock(&k->lock);
	text[0] = '\0';
	if (k->problem.code)
		memcpy(text, k->problem.text, ERR_TEXT_MAX);
	pthread_mutex_unlock(&k->lock);
}

int
keeper_stop(struct keeper *k, struct err *err)
{
	int rc;

	if (!k)
		return 0;
	pthread_mutex_lock(&k->lock);
	k->stopped = true;
	pthread_cond_signal(&k->stopping);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	rc = k->problem.code;
	if (rc && err)
		*err = k->problem;
	pthread_cond_destroy(&k->stopping);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return rc;
}
