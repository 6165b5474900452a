#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/deliver.h"
#include "base/alloc.h"
#include "base/clock.h"

#define AGAIN_NS INT64_C(500000000)  /* after a target that could not now */
#define LEAVE_NS INT64_C(2000000000) /* for a target that does not return */

struct queue {
	struct delivery_target target;
	struct delivery *delivery;
	pthread_t thread;
	/* Under the delivery's lock. */
	struct notice items[DELIVERY_QUEUE]; /* a ring; the first is being
						sent, and stays until then */
	size_t first, len;
	int64_t dropped;    /* since it worked last */
	struct err problem; /* code 0: none */
	bool ended;         /* the thread is done with it */
	bool left;          /* nobody joins the thread: the queue is its own */
};

struct delivery {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a queue, or that it ends */
	struct queue *queues[DELIVERY_TARGETS];
	unsigned len;
	unsigned users;  /* its owner, and threads that were left */
	uint64_t pushed; /* the number of the last notice */
	bool ending;
	_Atomic bool hurry;
};

struct delivery *
delivery_new(void)
{
	struct delivery *delivery = xcalloc(1, sizeof(*delivery));

	delivery->users = 1;
	pthread_mutex_init(&delivery->lock, NULL);
	clock_cond_init(&delivery->changed);
	return delivery;
}

/* Waits a while, or until it ends. The lock is held. */
static void
pause_queue(struct delivery *delivery)
{
	struct timespec until = clock_timespec(clock_steady_ns() + AGAIN_NS);

	while (!delivery->ending &&
	       pthread_cond_timedwait(&delivery->changed, &delivery->lock,
				      &until) == 0)
		;
}

/* The lock is held. */
static void
send_first(struct queue *queue)
{
	struct delivery *delivery = queue->delivery;
	const struct notice *notice = &queue->items[queue->first];
	struct err err = {.code = WEIR_OK};
	int rc;

	pthread_mutex_unlock(&delivery->lock);
	rc = queue->target.send(queue->target.ctx, notice, &delivery->hurry,
				&err);
	pthread_mutex_lock(&delivery->lock);
	if (rc == 0)
		queue->dropped = 0;
	queue->problem = err;
	queue->problem.code = rc ? err.code : WEIR_OK;
	if (rc == WEIR_FULL) {
		pause_queue(delivery);
		return;
	}
	notice_release(&queue->items[queue->first]);
	queue->first = (queue->first + 1) % DELIVERY_QUEUE;
	queue->len--;
	pthread_cond_broadcast(&delivery->changed);
}

static void
queue_free(struct queue *queue)
{
	queue->target.free(queue->target.ctx);
	for (size_t i = 0; i < queue->len; i++)
		notice_release(
		    &queue->items[(queue->first + i) % DELIVERY_QUEUE]);
	free(queue);
}

/* The last one that lets go of it frees it. */
static void
let_go(struct delivery *delivery)
{
	bool last;

	pthread_mutex_lock(&delivery->lock);
	last = --delivery->users == 0;
	pthread_mutex_unlock(&delivery->lock);
	if (!last)
		return;
	pthread_cond_destroy(&delivery->changed);
	pthread_mutex_destroy(&delivery->lock);
	free(delivery);
}

static void *
queue_main(void *arg)
{
	struct queue *queue = arg;
	struct delivery *delivery = queue->delivery;
	bool left;

	pthread_setname_np(pthread_self(), "weir-alerts");
	pthread_mutex_lock(&delivery->lock);
	for (;;) {
		while (queue->len == 0 && !delivery->ending)
			pthread_cond_wait(&delivery->changed, &delivery->lock);
		if (delivery->ending)
			break;
		send_first(queue);
	}
	queue->ended = true;
	left = queue->left;
	pthread_cond_broadcast(&delivery->changed);
	pthread_mutex_unlock(&delivery->lock);
	if (left) {
		queue_free(queue);
		let_go(delivery);
	}
	return NULL;
}

int
delivery_add(struct delivery *delivery, const struct delivery_target *target,
	     struct err *err)
{
	struct queue *queue = xcalloc(1, sizeof(*queue));
	int rc;

	queue->target = *target;
	queue->delivery = delivery;
	rc = pthread_create(&queue->thread, NULL, queue_main, queue);
	if (rc) {
		target->free(target->ctx);
		free(queue);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the thread that tells alerts to "
			       "%s",
			       target->name);
	}
	pthread_mutex_lock(&delivery->lock);
	delivery->queues[delivery->len++] = queue;
	pthread_mutex_unlock(&delivery->lock);
	return 0;
}

bool
delivery_has_targets(const struct delivery *delivery)
{
	return delivery->len > 0;
}

void
delivery_push(struct delivery *delivery, const struct notice *notice)
{
	pthread_mutex_lock(&delivery->lock);
	delivery->pushed = notice->number;
	for (unsigned i = 0; i < delivery->len; i++) {
		struct queue *queue = delivery->queues[i];
		size_t at = (queue->first + queue->len) % DELIVERY_QUEUE;

		if (queue->len == DELIVERY_QUEUE) {
			queue->dropped++;
			continue;
		}
		memset(&queue->items[at], 0, sizeof(queue->items[at]));
		notice_copy(&queue->items[at], notice);
		queue->len++;
	}
	pthread_cond_broadcast(&delivery->changed);
	pthread_mutex_unlock(&delivery->lock);
}

uint64_t
delivery_done(struct delivery *delivery)
{
	uint64_t done;

	pthread_mutex_lock(&delivery->lock);
	done = delivery->pushed;
	for (unsigned i = 0; i < delivery->len; i++) {
		const struct queue *queue = delivery->queues[i];

		if (queue->len > 0 &&
		    queue->items[queue->first].number - 1 < done)
			done = queue->items[queue->first].number - 1;
	}
	pthread_mutex_unlock(&delivery->lock);
	return done;
}

bool
delivery_problem(struct delivery *delivery, char text[ERR_TEXT_MAX])
{
	text[0] = '\0';
	pthread_mutex_lock(&delivery->lock);
	for (unsigned i = 0; i < delivery->len && !text[0]; i++) {
		const struct queue *queue = delivery->queues[i];

		if (queue->dropped)
			snprintf(text, ERR_TEXT_MAX,
				 "%" PRId64 " alerts were not told to %s, "
				 "which does not keep up%s%.400s",
				 queue->dropped, queue->target.name,
				 queue->problem.code ? ": " : "",
				 queue->problem.code ? queue->problem.text
						     : "");
		else if (queue->problem.code)
			snprintf(text, ERR_TEXT_MAX, "%s", queue->problem.text);
	}
	pthread_mutex_unlock(&delivery->lock);
	return text[0] != '\0';
}

void
delivery_drain(struct delivery *delivery, int timeout_ms)
{
	struct timespec until =
	    clock_timespec(clock_steady_ns() + (int64_t)timeout_ms * 1000000);

	pthread_mutex_lock(&delivery->lock);
	for (;;) {
		size_t left = 0;

		for (unsigned i = 0; i < delivery->len; i++)
			left += delivery->queues[i]->len;
		if (left == 0 ||
		    pthread_cond_timedwait(&delivery->changed, &delivery->lock,
					   &until))
			break;
	}
	pthread_mutex_unlock(&delivery->lock);
}

void
delivery_free(struct delivery *delivery)
{
	struct queue *ended[DELIVERY_TARGETS];
	struct timespec until;
	unsigned len = 0;

	if (!delivery)
		return;
	atomic_store(&delivery->hurry, true);
	until = clock_timespec(clock_steady_ns() + LEAVE_NS);
	pthread_mutex_lock(&delivery->lock);
	delivery->ending = true;
	pthread_cond_broadcast(&delivery->changed);
	for (unsigned i = 0; i < delivery->len; i++) {
		struct queue *queue = delivery->queues[i];

		while (!queue->ended &&
		       pthread_cond_timedwait(&delivery->changed,
					      &delivery->lock, &until) == 0)
			;
		if (queue->ended) {
			ended[len++] = queue;
			continue;
		}
		queue->left = true;
		delivery->users++;
		pthread_detach(queue->thread);
	}
	pthread_mutex_unlock(&delivery->lock);
	for (unsigned i = 0; i < len; i++) {
		pthread_join(ended[i]->thread, NULL);
		queue_free(ended[i]);
	}
	let_go(delivery);
}
