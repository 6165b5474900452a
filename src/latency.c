#include <string.h>

#include "latency.h"

#define PARTS 8 /* of a batch, each counted as of its middle */

static unsigned
bucket_of(int64_t ms)
{
	unsigned power;

	if (ms < 16)
		return (unsigned)ms;
	power = 63 - (unsigned)__builtin_clzll((unsigned long long)ms);
	if (power > 40)
		return LATENCY_BUCKETS - 1;
	return 16 + (power - 4) * 8 + (unsigned)(ms >> (power - 3) & 7);
}

/* The middle of a bucket. */
static int64_t
value_of(unsigned bucket)
{
	unsigned power = 4 + (bucket - 16) / 8;
	int64_t step;

	if (bucket < 16)
		return bucket;
	step = INT64_C(1) << (power - 3);
	return (8 + (bucket - 16) % 8) * step + step / 2;
}

/* Forgets the seconds that are too old; all when the clock was set back. */
static void
turn(struct latency *latency, int64_t now_ms)
{
	int64_t second = now_ms / 1000, n = second - latency->second;

	if (n < 0 || n > LATENCY_SECONDS)
		n = LATENCY_SECONDS;
	for (int64_t i = 0; i < n; i++)
		memset(latency->counts[(second - i) % LATENCY_SECONDS], 0,
		       sizeof(latency->counts[0]));
	latency->second = second;
}

void
latency_read(struct latency *latency, int64_t first_ms, int64_t last_ms,
	     int64_t events)
{
	struct latency_batch *batch;

	if (first_ms < 0 || last_ms < 0 || events <= 0)
		return;
	if (first_ms > last_ms) { /* several clients, or one clock set back */
		int64_t first = first_ms;

		first_ms = last_ms;
		last_ms = first;
	}
	if (latency->batches_len < LATENCY_BATCHES) {
		batch = &latency->batches[latency->batches_len++];
		*batch = (struct latency_batch){first_ms, last_ms, events};
		return;
	}
	batch = &latency->batches[LATENCY_BATCHES - 1];
	if (first_ms < batch->oldest_ms)
		batch->oldest_ms = first_ms;
	if (last_ms > batch->newest_ms)
		batch->newest_ms = last_ms;
	batch->events += events;
}

void
latency_seen(struct latency *latency, int64_t now_ms)
{
	int64_t *counts;

	turn(latency, now_ms);
	counts = latency->counts[latency->second % LATENCY_SECONDS];
	for (unsigned i = 0; i < latency->batches_len; i++) {
		const struct latency_batch *batch = &latency->batches[i];
		int64_t span = batch->newest_ms - batch->oldest_ms, counted = 0;

		for (int part = 0; part < PARTS; part++) {
			int64_t events = batch->events * (part + 1) / PARTS;
			int64_t age = now_ms - batch->oldest_ms -
				      span * (2 * part + 1) / (2 * PARTS);

			if (age >= 0)
				counts[bucket_of(age)] += events - counted;
			counted = events;
		}
	}
	latency->batches_len = 0;
}

void
latency_figures(struct latency *latency, int64_t now_ms, int64_t *median_ms,
		int64_t *p99_ms)
{
	int64_t counts[LATENCY_BUCKETS] = {0}, total = 0, below = 0;

	*median_ms = *p99_ms = -1;
	turn(latency, now_ms);
	for (int s = 0; s < LATENCY_SECONDS; s++)
		for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
			counts[i] += latency->counts[s][i];
			total += latency->counts[s][i];
		}
	for (unsigned i = 0; i < LATENCY_BUCKETS && *p99_ms < 0; i++) {
		below += counts[i];
		if (*median_ms < 0 && below > 0 && below >= total - below)
			*median_ms = value_of(i);
		if (below > 0 && below >= total - total / 100)
			*p99_ms = value_of(i);
	}
}
