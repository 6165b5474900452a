#include <stdatomic.h>

#include "base/clock.h"

static _Atomic int64_t virtual_ms = -1; /* -1: time is the system's */

void
clock_set(int64_t ms)
{
	if (ms > atomic_load(&virtual_ms))
		atomic_store(&virtual_ms, ms);
}

bool
clock_is_virtual(void)
{
	return atomic_load(&virtual_ms) >= 0;
}

int64_t
clock_wall_ms(void)
{
	int64_t ms = atomic_load_explicit(&virtual_ms, memory_order_relaxed);
	struct timespec ts;

	if (ms >= 0)
		return CLOCK_SEEDED_START_MS + ms;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_flow_ns(void)
{
	int64_t ms = atomic_load_explicit(&virtual_ms, memory_order_relaxed);

	/* Not from 0 on, which often means "never". */
	return ms >= 0 ? (ms + 1000) * 1000000 : clock_steady_ns();
}

int64_t
clock_steady_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void
clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec
clock_timespec(int64_t steady_ns)
{
	return (struct timespec){steady_ns / 1000000000,
				 steady_ns % 1000000000};
}
