#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "watch.h"

#define PAUSE_MIN_NS INT64_C(200000000)
#define PAUSE_COST   3 /* times what the merge before it took */

struct watch {
	struct merge *merge; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopping;
	/* Under the lock. */
	bool stopped;
	struct view *view; /* the newest, until it is taken */
	struct err problem;
	char note[ERR_TEXT_MAX];
};

/* One overlap as it is; of more, how many and how much. */
static void
write_note(const struct view *view, char text[ERR_TEXT_MAX])
{
	const struct view_overlap *o = view->overlaps;
	int64_t events = 0;

	text[0] = '\0';
	if (view->overlaps_len == 1) {
		snprintf(text, ERR_TEXT_MAX,
			 "up to %" PRId64 " events are counted twice: offsets "
			 "%" PRId64 " to %" PRId64 " of partition %d of %s "
			 "are in %u stores",
			 o->events, o->begin, o->end - 1, (int)o->partition,
			 o->topic, o->stores_len);
		return;
	}
	for (unsigned i = 0; i < view->overlaps_len; i++)
		events += o[i].events;
	if (view->overlaps_len)
		snprintf(text, ERR_TEXT_MAX,
			 "up to %" PRId64 " events are counted twice: %u "
			 "ranges of offsets are in several stores; `weir "
			 "report` lists them",
			 events, view->overlaps_len);
}

/* Takes what a merge gave. Called with the lock. */
static void
put_result(struct watch *watch, int rc, struct view *view,
	   const struct err *err)
{
	if (rc == 0) {
		view_free(watch->view);
		watch->view = view;
		write_note(view, watch->note);
	}
	if (rc == 0 || rc == WEIR_NOT_FOUND)
		watch->problem.code = WEIR_OK;
	else
		watch->problem = *err;
}

/* Waits with the lock; returns early when the watch is stopped. */
static void
wait_ns(struct watch *watch, int64_t ns)
{
	struct timespec until = clock_timespec(clock_steady_ns() + ns);

	while (!watch->stopped &&
	       pthread_cond_timedwait(&watch->stopping, &watch->lock, &until) ==
		   0)
		;
}

static void *
watch_main(void *arg)
{
	struct watch *watch = arg;
	uint64_t seen = 0;

	pthread_setname_np(pthread_self(), "weir-watch");
	pthread_mutex_lock(&watch->lock);
	while (!watch->stopped) {
		struct view *view = NULL;
		struct err err;
		int64_t began_ns, pause_ns;
		int rc;

		pthread_mutex_unlock(&watch->lock);
		began_ns = clock_steady_ns();
		rc = merge_view(watch->merge, seen, false, &view, &err);
		if (rc == 0)
			seen = view->commit;
		pause_ns = (clock_steady_ns() - began_ns) * PAUSE_COST;
		pthread_mutex_lock(&watch->lock);
		put_result(watch, rc, view, &err);
		wait_ns(watch,
			pause_ns > PAUSE_MIN_NS ? pause_ns : PAUSE_MIN_NS);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

int
watch_start(struct merge *merge, struct watch **out, struct err *err)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));
	int rc;

	watch->merge = merge;
	pthread_mutex_init(&watch->lock, NULL);
	clock_cond_init(&watch->stopping);
	rc = pthread_create(&watch->thread, NULL, watch_main, watch);
	if (rc) {
		pthread_cond_destroy(&watch->stopping);
		pthread_mutex_destroy(&watch->lock);
		free(watch);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the thread that merges stores");
	}
	*out = watch;
	return 0;
}

void
watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopped = true;
	pthread_cond_signal(&watch->stopping);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	view_free(watch->view);
	pthread_cond_destroy(&watch->stopping);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

int
watch_view(struct watch *watch, uint64_t seen, struct view **view,
	   struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&watch->lock);
	if (watch->view && watch->view->commit > seen) {
		*view = watch->view;
		watch->view = NULL;
	} else if (watch->problem.code) {
		rc = watch->problem.code;
		if (err)
			*err = watch->problem;
	} else {
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "none of the stores has a newer commit");
	}
	pthread_mutex_unlock(&watch->lock);
	return rc;
}

void
watch_note(struct watch *watch, char text[ERR_TEXT_MAX])
{
	pthread_mutex_lock(&watch->lock);
	memcpy(text, watch->note, ERR_TEXT_MAX);
	pthread_mutex_unlock(&watch->lock);
}
