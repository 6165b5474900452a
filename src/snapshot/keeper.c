#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
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
	pthread_cond_t wanted; /* stopped, asked, or due */
	pthread_cond_t done;
	/* Under the lock. */
	bool stopped;
	bool asked; /* for one at once */
	bool due;   /* virtual time: the interval has ended */
	bool busy;
	int64_t next_ns; /* flow time */
	bool told;       /* there is something in told_text */
	char told_text[ERR_TEXT_MAX];
	struct err problem; /* code 0: none */
};

static int
take_once(struct keeper *k, struct snapshot_result *result, struct err *err)
{
	const struct keeper_options *o = &k->options;
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
				   result, err);
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

/* "snapshot 8 in weir.db, 0.2 s"; a problem stands on the screen anyway. */
static void
say(const struct keeper *k, const struct snapshot_result *result,
    int64_t took_ns, char to[ERR_TEXT_MAX])
{
	const char *name = strrchr(k->options.path, '/');

	name = name ? name + 1 : k->options.path;
	if (k->problem.code)
		memcpy(to, k->problem.text, ERR_TEXT_MAX);
	else if (result->commit == 0)
		snprintf(to, ERR_TEXT_MAX,
			 "no snapshot: nothing is committed yet");
	else if (result->same)
		snprintf(to, ERR_TEXT_MAX,
			 "snapshot %" PRId64 " in %.80s has this commit "
			 "already",
			 result->id, name);
	else
		snprintf(to, ERR_TEXT_MAX,
			 "snapshot %" PRId64 " in %.80s, %.1f s", result->id,
			 name, (double)took_ns / 1e9);
}

static void
take(struct keeper *k, bool asked)
{
	struct snapshot_result result = {.commit = 0};
	struct err err = {.code = WEIR_OK};
	int64_t began_ns = clock_flow_ns();
	char text[ERR_TEXT_MAX];
	int rc = take_once(k, &result, &err);

	pthread_mutex_lock(&k->lock);
	k->problem.code = WEIR_OK;
	if (rc)
		k->problem = err;
	say(k, &result, clock_flow_ns() - began_ns, text);
	if (asked)
		memcpy(k->told_text, text, sizeof(k->told_text));
	k->told |= asked;
	pthread_mutex_unlock(&k->lock);
	/* A problem is told by who asks for it. */
	if (rc == 0 && result.commit > 0 && !result.same)
		log_add(k->options.log, clock_wall_ms(), LEVEL_NOTE, "%s",
			text);
}

enum call { CALL_TIME, CALL_ASKED, CALL_STOPPED };

/* For the end of the interval, or until somebody calls. */
static enum call
wait_on(struct keeper *k)
{
	struct timespec until;
	int rc = 0;
	enum call call;

	pthread_mutex_lock(&k->lock);
	until = clock_timespec(k->next_ns);
	k->busy = false;
	pthread_cond_broadcast(&k->done);
	while (!k->stopped && !k->asked && !k->due && rc == 0)
		rc = clock_is_virtual()
			 ? pthread_cond_wait(&k->wanted, &k->lock)
			 : pthread_cond_timedwait(&k->wanted, &k->lock, &until);
	call = k->stopped ? CALL_STOPPED : k->asked ? CALL_ASKED : CALL_TIME;
	if (call == CALL_ASKED)
		k->asked = false;
	else
		k->due = false;
	k->busy = true;
	pthread_mutex_unlock(&k->lock);
	return call;
}

static void
plan_next(struct keeper *k, enum call call)
{
	int64_t every_ns = k->options.every_ms * 1000000;

	pthread_mutex_lock(&k->lock);
	/* One that was asked for leaves the intervals as they are. */
	if (call == CALL_TIME)
		k->next_ns += every_ns;
	/* One that takes longer than the interval is not caught up with. */
	if (k->next_ns < clock_flow_ns())
		k->next_ns = clock_flow_ns() + every_ns;
	pthread_mutex_unlock(&k->lock);
}

static void *
keeper_main(void *arg)
{
	struct keeper *k = arg;
	enum call call;

	pthread_setname_np(pthread_self(), "weir-snapshot");
	/* Linux has this for each thread. If not, snapshots are only faster. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	while ((call = wait_on(k)) != CALL_STOPPED) {
		take(k, call == CALL_ASKED);
		plan_next(k, call);
	}
	/* Nothing is held up any more, but the end. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 0);
	take(k, false);
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
	clock_cond_init(&k->wanted);
	pthread_cond_init(&k->done, NULL);
	k->busy = true; /* until it waits */
	k->next_ns = clock_flow_ns() + options->every_ms * 1000000;
	rc = pthread_create(&k->thread, NULL, keeper_main, k);
	if (rc) {
		pthread_cond_destroy(&k->wanted);
		pthread_cond_destroy(&k->done);
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

void
keeper_ask(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->asked = true;
	pthread_cond_signal(&k->wanted);
	pthread_mutex_unlock(&k->lock);
}

void
keeper_settle(struct keeper *k)
{
	pthread_mutex_lock(&k->lock);
	k->due = clock_flow_ns() >= k->next_ns;
	pthread_cond_signal(&k->wanted);
	while (k->asked || k->due || k->busy)
		pthread_cond_wait(&k->done, &k->lock);
	pthread_mutex_unlock(&k->lock);
}

bool
keeper_told(struct keeper *k, char *text, size_t size)
{
	bool told;

	pthread_mutex_lock(&k->lock);
	told = k->told;
	if (told)
		snprintf(text, size, "%s", k->told_text);
	k->told = false;
	pthread_mutex_unlock(&k->lock);
	return told;
}

int
keeper_stop(struct keeper *k, struct err *err)
{
	int rc;

	if (!k)
		return 0;
	pthread_mutex_lock(&k->lock);
	k->stopped = true;
	pthread_cond_signal(&k->wanted);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	rc = k->problem.code;
	if (rc && err)
		*err = k->problem;
	pthread_cond_destroy(&k->wanted);
	pthread_cond_destroy(&k->done);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return rc;
}
