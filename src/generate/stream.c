#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "generate/curve.h"
#include "generate/generate.h"
#include "generate/pace.h"
#include "generate/stream.h"

#define ROOM      (1 << 18)
#define TAKE      1024 /* events between two looks at the clock */
#define PAUSE_MAX 50   /* ms */

/* *gone: the reader has closed its end. */
static int
write_all(int fd, const char *data, size_t size, bool *gone, struct err *err)
{
	*gone = false;
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			*gone = true;
			return 0;
		}
		if (n < 0)
			return err_errno(err, "cannot write the events");
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static bool
stop_asked(int fd, int timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, fd >= 0, timeout_ms) > 0;
}

int
stream_events(int fd, const struct stream_options *o, struct err *err)
{
	const struct curve *curve = &o->pipeline->generator.curve;
	uint64_t left = o->events ? o->events : UINT64_MAX, index = 0;
	int64_t begun_ns = clock_steady_ns();
	struct writer *writer;
	struct pace pace;
	size_t most, used = 0;
	bool gone = false;
	char *room;
	int rc;

	rc = writer_new(o->pipeline, o->seed, 0, &writer, err);
	if (rc)
		return rc;
	writer_begin(writer,
		     o->seeded ? CLOCK_SEEDED_START_MS : clock_wall_ms());
	most = writer_max_bytes(writer) + 1;
	room = xmalloc(ROOM + most);
	pace_init(&pace, o->per_s, begun_ns);
	pace_follow(&pace, curve, begun_ns, begun_ns);
	while (rc == 0 && left > 0 && !gone && !stop_asked(o->stop_fd, 0)) {
		int64_t now_ns = clock_steady_ns();
		int64_t time_ms = o->seeded ? 0 : clock_wall_ms();
		uint64_t count;

		if (o->duration_ms &&
		    now_ns - begun_ns >= o->duration_ms * 1000000)
			break;
		count = pace_take(&pace, left < TAKE ? left : TAKE, now_ns);
		if (!o->seeded)
			writer_spike(writer,
				     curve_spikes(curve, now_ns - begun_ns));
		for (uint64_t i = 0; rc == 0 && !gone && i < count; i++) {
			struct text key;

			if (o->seeded)
				time_ms = CLOCK_SEEDED_START_MS +
					  (int64_t)index * CLOCK_SEEDED_STEP_MS;
			if (o->seeded && curve->kind == CURVE_SPIKE)
				writer_spike(
				    writer,
				    curve_spikes(curve,
						 (int64_t)index *
						     CLOCK_SEEDED_STEP_MS *
						     1000000));
			used += writer_next(writer, time_ms, room + used, &key);
			room[used++] = '\n';
			index++;
			if (used >= ROOM) {
				rc = write_all(fd, room, used, &gone, err);
				used = 0;
			}
		}
		left -= count;
		if (count == 0) {
			int64_t wait_ms =
			    pace_wait_ns(&pace, now_ns) / 1000000 + 1;

			/* Nothing to do: the reader gets what there is. */
			rc = write_all(fd, room, used, &gone, err);
			used = 0;
			stop_asked(o->stop_fd, wait_ms < PAUSE_MAX
						   ? (int)wait_ms
						   : PAUSE_MAX);
		}
	}
	if (rc == 0 && !gone)
		rc = write_all(fd, room, used, &gone, err);
	free(room);
	writer_free(writer);
	return rc;
}
