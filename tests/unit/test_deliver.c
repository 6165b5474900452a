/*
 * Delivery: order, the bound of a queue, what is tried again and what is not,
 * and that whoever pushes never waits. A target here is a gate: it lets as many
 * notices through as the test says.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/command.h"
#include "alert/deliver.h"
#include "base/clock.h"

#define DEADLINE_NS INT64_C(30000000000)

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned open; /* so many more may pass */
	unsigned busy; /* not now, so many times first */
	int refuse;    /* 0, or what it answers */
	uint64_t got[256];
	unsigned len;
	unsigned tries;
	bool freed;
};

static int
send_gate(void *ctx, const struct notice *notice, const _Atomic bool *hurry,
	  struct err *err)
{
	struct gate *gate = ctx;
	int rc = 0;

	pthread_mutex_lock(&gate->lock);
	gate->tries++;
	if (gate->busy) {
		gate->busy--;
		rc = err_set(err, WEIR_FULL, 0, "busy");
	}
	while (rc == 0 && gate->open == 0 && !atomic_load(hurry)) {
		struct timespec until =
		    clock_timespec(clock_steady_ns() + 10000000);

		pthread_cond_timedwait(&gate->changed, &gate->lock, &until);
	}
	if (rc == 0 && gate->open > 0) {
		gate->open--;
		gate->got[gate->len++] = notice->number;
		if (gate->refuse)
			rc = err_set(err, WEIR_SYSTEM, 0, "refused");
	}
	pthread_mutex_unlock(&gate->lock);
	return rc;
}

static void
free_gate(void *ctx)
{
	((struct gate *)ctx)->freed = true;
}

static void
open_gate(struct gate *gate, unsigned more)
{
	pthread_mutex_lock(&gate->lock);
	gate->open += more;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

static struct delivery *
begin(struct gate *gate)
{
	struct delivery_target target = {"the gate", gate, send_gate,
					 free_gate};
	struct delivery *delivery = delivery_new();
	struct err err;

	memset(gate, 0, sizeof(*gate));
	pthread_mutex_init(&gate->lock, NULL);
	clock_cond_init(&gate->changed);
	assert_false(delivery_has_targets(delivery));
	assert_int_equal(delivery_add(delivery, &target, &err), 0);
	return delivery;
}

static void
push(struct delivery *delivery, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i <= to; i++) {
		struct notice notice = {.number = i};

		delivery_push(delivery, &notice);
	}
}

/* Until delivery_done() says so. */
static void
wait_done(struct delivery *delivery, uint64_t number)
{
	int64_t until_ns = clock_steady_ns() + DEADLINE_NS;

	while (delivery_done(delivery) < number && clock_steady_ns() < until_ns)
		delivery_drain(delivery, 10);
	assert_int_equal(delivery_done(delivery), number);
}

static void
in_order_and_bounded(void **state)
{
	struct gate gate;
	struct delivery *delivery = begin(&gate);
	char text[ERR_TEXT_MAX];

	(void)state;
	assert_int_equal(delivery_done(delivery), 0);
	push(delivery, 1, 1);
	assert_int_equal(delivery_done(delivery), 0);
	open_gate(&gate, 1);
	wait_done(delivery, 1);
	assert_false(delivery_problem(delivery, text));
	/* The queue takes 64; six are not told, and that is said. */
	push(delivery, 2, 71);
	assert_int_equal(delivery_done(delivery), 1);
	assert_true(delivery_problem(delivery, text));
	assert_string_equal(text, "6 alerts were not told to the gate, which "
				  "does not keep up");
	open_gate(&gate, 10);
	wait_done(delivery, 11);
	open_gate(&gate, 200);
	wait_done(delivery, 71);
	assert_false(delivery_problem(delivery, text));
	assert_int_equal(gate.len, 65);
	for (unsigned i = 0; i < gate.len; i++)
		assert_int_equal(gate.got[i], i + 1);
	delivery_free(delivery);
	assert_true(gate.freed);
}

static void
tried_again(void **state)
{
	struct gate gate;
	struct delivery *delivery = begin(&gate);
	char text[ERR_TEXT_MAX];

	(void)state;
	gate.busy = 2;
	open_gate(&gate, 1);
	push(delivery, 1, 1);
	wait_done(delivery, 1);
	assert_int_equal(gate.tries, 3);
	assert_int_equal(gate.len, 1);
	/* What is refused is said, and done with. */
	gate.refuse = 1;
	open_gate(&gate, 1);
	push(delivery, 2, 2);
	wait_done(delivery, 2);
	assert_true(delivery_problem(delivery, text));
	assert_string_equal(text, "refused");
	delivery_free(delivery);
}

/* It ends, however much is left; that is not done. */
static void
ends_with_some_left(void **state)
{
	struct gate gate;
	struct delivery *delivery = begin(&gate);

	(void)state;
	push(delivery, 5, 9);
	delivery_drain(delivery, 1);
	assert_int_equal(delivery_done(delivery), 4);
	delivery_free(delivery);
	assert_true(gate.freed);
	assert_int_equal(gate.len, 0);
}

/* Of a target that does not hear: it is left, and lets go when it returns. */
struct deaf {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool called, may_return, freed;
};

static int
send_deaf(void *ctx, const struct notice *notice, const _Atomic bool *hurry,
	  struct err *err)
{
	struct timespec until = clock_timespec(clock_steady_ns() + DEADLINE_NS);
	struct deaf *deaf = ctx;

	(void)notice;
	(void)hurry;
	(void)err;
	pthread_mutex_lock(&deaf->lock);
	deaf->called = true;
	pthread_cond_broadcast(&deaf->changed);
	while (!deaf->may_return &&
	       pthread_cond_timedwait(&deaf->changed, &deaf->lock, &until) == 0)
		;
	pthread_mutex_unlock(&deaf->lock);
	return 0;
}

static void
free_deaf(void *ctx)
{
	struct deaf *deaf = ctx;

	pthread_mutex_lock(&deaf->lock);
	deaf->freed = true;
	pthread_cond_broadcast(&deaf->changed);
	pthread_mutex_unlock(&deaf->lock);
}

static void
a_deaf_target_is_left(void **state)
{
	static struct deaf deaf;
	struct delivery_target target = {"the deaf", &deaf, send_deaf,
					 free_deaf};
	struct timespec until = clock_timespec(clock_steady_ns() + DEADLINE_NS);
	struct gate gate;
	struct delivery *delivery = begin(&gate);
	struct err err;

	(void)state;
	pthread_mutex_init(&deaf.lock, NULL);
	clock_cond_init(&deaf.changed);
	assert_int_equal(delivery_add(delivery, &target, &err), 0);
	open_gate(&gate, 1);
	push(delivery, 1, 3);
	pthread_mutex_lock(&deaf.lock);
	while (!deaf.called &&
	       pthread_cond_timedwait(&deaf.changed, &deaf.lock, &until) == 0)
		;
	assert_true(deaf.called);
	pthread_mutex_unlock(&deaf.lock);
	delivery_drain(delivery, 1);
	assert_int_equal(delivery_done(delivery), 0);
	delivery_free(delivery);
	assert_true(gate.freed);
	pthread_mutex_lock(&deaf.lock);
	assert_false(deaf.freed);
	deaf.may_return = true;
	pthread_cond_broadcast(&deaf.changed);
	while (!deaf.freed &&
	       pthread_cond_timedwait(&deaf.changed, &deaf.lock, &until) == 0)
		;
	assert_true(deaf.freed);
	pthread_mutex_unlock(&deaf.lock);
}

static void
commands(void **state)
{
	struct delivery_target target;
	_Atomic bool hurry = false;
	struct notice notice = {.number = 1};
	struct err err;

	(void)state;
	assert_int_equal(command_target("   ", &target, &err), WEIR_USAGE);
	/* No shell: the second word is an argument, whatever it says. */
	assert_int_equal(
	    command_target("test x$(exit) = x$(exit)", &target, &err), 0);
	assert_int_equal(target.send(target.ctx, &notice, &hurry, &err), 0);
	target.free(target.ctx);
	assert_int_equal(command_target("false", &target, &err), 0);
	assert_int_equal(target.send(target.ctx, &notice, &hurry, &err),
			 WEIR_SYSTEM);
	target.free(target.ctx);
	/* In a hurry, it is ended at once. */
	assert_int_equal(command_target("sleep 1000", &target, &err), 0);
	atomic_store(&hurry, true);
	assert_int_equal(target.send(target.ctx, &notice, &hurry, &err),
			 WEIR_SYSTEM);
	target.free(target.ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_order_and_bounded),
	    cmocka_unit_test(tried_again),
	    cmocka_unit_test(ends_with_some_left),
	    cmocka_unit_test(a_deaf_target_is_left),
	    cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
