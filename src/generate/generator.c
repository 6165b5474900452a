#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "generate/generator.h"
#include "generate/pace.h"

#define TAKE_EVENTS 512 /* between two looks at the clock and the rate */
#define TICK_NS     INT64_C(2000000)   /* events gather for this long */
#define PAUSE_NS    INT64_C(1000000)   /* while held back */
#define WAIT_MAX_NS INT64_C(500000000) /* a change of rate wakes earlier */

struct thread {
	struct generator *generator;
	unsigned number;
	pthread_t id;
	struct writer *writer;
	struct producer_batch *batch;
	struct pace pace;
	/* What it has taken up, and the number of that change. */
	struct generator_controls controls;
	int64_t curve_ns;
	unsigned changes;
	uint64_t left, written; /* events */
	_Atomic bool held_back;
};

struct generator {
	struct generator_options options;
	struct thread *threads;
	unsigned started, joined;
	bool damages; /* damaged events can be sent */
	_Atomic bool ending;
	_Atomic unsigned running;
	_Atomic unsigned changes; /* of the controls; written under the lock */
	pthread_mutex_t lock;     /* of these, and for waking */
	pthread_cond_t wake;
	struct generator_controls controls;
	int64_t curve_ns; /* when the curve began */
};

/* As long as nothing is changed. */
static void
wait_ns(struct thread *thread, int64_t ns)
{
	struct generator *generator = thread->generator;
	struct timespec until = clock_timespec(
	    clock_steady_ns() + (ns < WAIT_MAX_NS ? ns : WAIT_MAX_NS));

	pthread_mutex_lock(&generator->lock);
	if (!atomic_load(&generator->ending) &&
	    atomic_load(&generator->changes) == thread->changes)
		pthread_cond_timedwait(&generator->wake, &generator->lock,
				       &until);
	pthread_mutex_unlock(&generator->lock);
}

static void
pause_generating(void)
{
	struct timespec pause = {0, PAUSE_NS};

	nanosleep(&pause, NULL);
}

/* Hands the batch over, waiting for room; false when told to end meanwhile. */
static bool
send_batch(struct thread *thread)
{
	struct generator *generator = thread->generator;

	while (producer_batch_send(thread->batch, NULL) == WEIR_FULL) {
		atomic_store(&thread->held_back, true);
		if (atomic_load(&generator->ending))
			return false;
		pause_generating();
	}
	return true;
}

/* What was set since the last time. */
static void
take_up(struct thread *thread, int64_t now_ns)
{
	struct generator *generator = thread->generator;
	const struct generator_controls *controls = &thread->controls;

	if (atomic_load(&generator->changes) == thread->changes)
		return;
	pthread_mutex_lock(&generator->lock);
	thread->controls = generator->controls;
	thread->curve_ns = generator->curve_ns;
	thread->changes = atomic_load(&generator->changes);
	pthread_mutex_unlock(&generator->lock);
	pace_set(&thread->pace, controls->per_s / generator->options.threads,
		 now_ns);
	pace_follow(&thread->pace, &controls->curve, thread->curve_ns, now_ns);
	writer_control(thread->writer, controls);
}

/*
 * Writes `count` events, the first of which is number `index` of all. Of seeded
 * events a spike goes by event time, so that it is of the same ones each time.
 */
static void
write_events(struct thread *thread, uint64_t count, uint64_t index,
	     int64_t now_ns)
{
	const struct curve *curve = &thread->controls.curve;
	const struct generator_options *options = &thread->generator->options;
	size_t most = writer_max_bytes(thread->writer);
	int64_t time_ms = options->seeded ? 0 : clock_wall_ms();

	if (!options->seeded)
		writer_spike(thread->writer,
			     curve_spikes(curve, now_ns - thread->curve_ns));
	for (uint64_t i = 0; i < count; i++) {
		char *room = producer_batch_room(thread->batch, most);
		struct text key;
		size_t size;

		while (!room) {
			if (!send_batch(thread))
				return;
			room = producer_batch_room(thread->batch, most);
		}
		if (options->seeded)
			time_ms = CLOCK_SEEDED_START_MS +
				  (int64_t)((index + i) * options->threads +
					    thread->number) *
				      CLOCK_SEEDED_STEP_MS;
		if (options->seeded && curve->kind == CURVE_SPIKE)
			writer_spike(
			    thread->writer,
			    curve_spikes(curve,
					 (time_ms - CLOCK_SEEDED_START_MS) *
					     1000000));
		size = writer_next(thread->writer, time_ms, room, &key);
		producer_batch_add(thread->batch, size, key);
	}
}

/* What is due now, up to `most`; 0: nothing is, or it has to wait. */
static uint64_t
write_due(struct thread *thread, uint64_t most, int64_t now_ns)
{
	const struct generator_options *options = &thread->generator->options;
	bool held_back = producer_held_back(options->producer);
	uint64_t count = 0;

	take_up(thread, now_ns);
	if (!held_back)
		count = pace_take(&thread->pace,
				  thread->left < most ? thread->left : most,
				  now_ns);
	if (held_back || count > 0)
		atomic_store(&thread->held_back, held_back);
	write_events(thread, count, thread->written, now_ns);
	thread->written += count;
	thread->left -= count;
	return count;
}

static void *
generator_main(void *arg)
{
	struct thread *thread = arg;
	struct generator *generator = thread->generator;
	struct producer *producer = generator->options.producer;

	pthread_setname_np(pthread_self(), "weir-generate");
	while (thread->left > 0 && !atomic_load(&generator->ending)) {
		int64_t now_ns = clock_flow_ns(), ns;

		if (write_due(thread, TAKE_EVENTS, now_ns) > 0)
			continue;
		send_batch(thread);
		if (producer_held_back(producer)) {
			pause_generating();
			continue;
		}
		ns = pace_wait_ns(&thread->pace, now_ns);
		wait_ns(thread, ns > TICK_NS ? ns : TICK_NS);
	}
	/*
	 * What was written is produced: it should reach the queue. What does
	 * not, because no broker takes anything, fails with the batch.
	 */
	for (unsigned tries = 0;
	     producer_batch_send(thread->batch, NULL) == WEIR_FULL &&
	     tries < 1000;
	     tries++)
		pause_generating();
	atomic_store(&thread->held_back, false);
	atomic_fetch_sub(&generator->running, 1);
	return NULL;
}

void
generator_step(struct generator *generator, int64_t now_ns)
{
	struct thread *thread = &generator->threads[0];
	uint64_t most = PRODUCER_EVENT_MAX / writer_max_bytes(thread->writer);

	if (most > TAKE_EVENTS)
		most = TAKE_EVENTS;
	if (most == 0)
		most = 1;
	/* A batch that was handed over has room for that much. */
	do {
		if (producer_batch_send(thread->batch, NULL) == WEIR_FULL) {
			atomic_store(&thread->held_back, true);
			return;
		}
	} while (thread->left > 0 && !atomic_load(&generator->ending) &&
		 write_due(thread, most, now_ns) > 0);
	if (thread->left == 0 || atomic_load(&generator->ending))
		atomic_store(&generator->running, 0);
}

/* How many of all events are this thread's. */
static uint64_t
share_of(const struct generator_options *options, unsigned number)
{
	if (!options->events)
		return UINT64_MAX;
	return options->events / options->threads +
	       (number < options->events % options->threads);
}

int
generator_start(const struct generator_options *options, struct generator **out,
		struct err *err)
{
	struct generator *generator = xcalloc(1, sizeof(*generator));
	int64_t begin_ms =
	    options->seeded ? CLOCK_SEEDED_START_MS : clock_wall_ms();
	int rc = 0;

	generator->options = *options;
	generator->threads =
	    xcalloc(options->threads, sizeof(*generator->threads));
	controls_init(&generator->controls, options->pipeline);
	generator->controls.per_s = options->per_s;
	generator->curve_ns = clock_flow_ns();
	/* Threads begin by taking this up. */
	atomic_store(&generator->changes, 1);
	atomic_store(&generator->running, options->threads);
	pthread_mutex_init(&generator->lock, NULL);
	clock_cond_init(&generator->wake);
	for (unsigned i = 0; rc == 0 && i < options->threads; i++) {
		struct thread *thread = &generator->threads[i];
		int code;

		thread->generator = generator;
		thread->number = i;
		thread->left = share_of(options, i);
		pace_init(&thread->pace, 0, clock_flow_ns());
		rc = writer_new(options->pipeline, options->seed, i,
				&thread->writer, err);
		if (rc)
			break;
		writer_begin(thread->writer, begin_ms);
		thread->batch = producer_batch_new(options->producer);
		if (writer_max_bytes(thread->writer) > PRODUCER_EVENT_MAX) {
			rc = err_set(err, WEIR_PIPELINE, 0,
				     "%s: the generator's events could be "
				     "larger than %d bytes",
				     options->pipeline->file,
				     PRODUCER_EVENT_MAX);
			break;
		}
		generator->damages =
		    writer_max_damaged(thread->writer) <= PRODUCER_EVENT_MAX;
		/* Its rate counts from now on, not from its first step on. */
		if (options->stepped) {
			take_up(thread, generator->curve_ns);
			continue;
		}
		code =
		    pthread_create(&thread->id, NULL, generator_main, thread);
		if (code)
			rc = err_set(err, WEIR_SYSTEM, code,
				     "cannot start a generator thread");
		else
			generator->started++;
	}
	if (rc) {
		generator_free(generator);
		return rc;
	}
	*out = generator;
	return 0;
}

static void
wake_all(struct generator *generator)
{
	pthread_mutex_lock(&generator->lock);
	pthread_cond_broadcast(&generator->wake);
	pthread_mutex_unlock(&generator->lock);
}

void
generator_end(struct generator *generator)
{
	atomic_store(&generator->ending, true);
	wake_all(generator);
}

void
generator_join(struct generator *generator)
{
	while (generator->joined < generator->started)
		pthread_join(generator->threads[generator->joined++].id, NULL);
	for (unsigned i = 0; i < generator->joined; i++) {
		producer_batch_free(generator->threads[i].batch);
		generator->threads[i].batch = NULL;
	}
}

void
generator_free(struct generator *generator)
{
	if (!generator)
		return;
	generator_end(generator);
	generator_join(generator);
	for (unsigned i = 0; i < generator->options.threads; i++) {
		writer_free(generator->threads[i].writer);
		producer_batch_free(generator->threads[i].batch);
	}
	pthread_cond_destroy(&generator->wake);
	pthread_mutex_destroy(&generator->lock);
	free(generator->threads);
	free(generator);
}

void
generator_set_controls(struct generator *generator,
		       const struct generator_controls *controls,
		       int64_t now_ns)
{
	pthread_mutex_lock(&generator->lock);
	if (!curve_same(&controls->curve, &generator->controls.curve))
		generator->curve_ns = now_ns;
	generator->controls = *controls;
	if (!generator->damages)
		generator->controls.bad_share = 0;
	atomic_fetch_add(&generator->changes, 1);
	pthread_cond_broadcast(&generator->wake);
	pthread_mutex_unlock(&generator->lock);
}

void
generator_get_controls(struct generator *generator,
		       struct generator_controls *controls, int64_t *curve_ns)
{
	pthread_mutex_lock(&generator->lock);
	*controls = generator->controls;
	*curve_ns = generator->curve_ns;
	pthread_mutex_unlock(&generator->lock);
}

bool
generator_done(const struct generator *generator)
{
	return atomic_load(&generator->running) == 0;
}

bool
generator_held_back(const struct generator *generator)
{
	for (unsigned i = 0; i < generator->options.threads; i++)
		if (atomic_load(&generator->threads[i].held_back))
			return true;
	return false;
}
