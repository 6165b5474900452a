/*
 * The path of an event without Kafka: generate, decode, aggregate, commit, in
 * one thread. Everything in it is weir's own, and the same in each run but for
 * the time it takes: instructions, allocations and bytes written can be
 * compared from one machine to the next (tests/bench/cost.sh), and a profile
 * shows nothing else.
 *
 *   path [OPTIONS] EVENTS [USERS [ITEMS]]
 *
 *   -p FILE    the pipeline (default: schema/interactions.json of $srcdir or .)
 *   -u         uniform over USERS, not Zipf
 *   -s STAGE   stop behind generate, decode, aggregate or commit (the default)
 *   -f         the flow alone, for profiles: decoding is not done a second time
 *              to be measured by itself
 *   -c EVENTS  commit after so many (default: 500000), or when memory is full
 *   -m MIB     as weir's --memory (default: 256)
 *   -k DIR     keep the store, in this folder; it is gone on with when it is
 *              there
 *   -S SEED    of the events (default: 1)
 *   -d         durable commits, as on a real cluster
 *   -e         each of USERS once, in an order without order, not Zipf; so that
 *              a store has all of them
 *   -v         says how it was compiled, and nothing else
 *
 * USERS and ITEMS are written over the counts in interactions.json. Prints for
 * each stage CPU nanoseconds, allocations and bytes written, all per event, and
 * at last some figures of the whole.
 *
 *   perf record -g tests/bench/path -f 5000000
 *   valgrind --tool=callgrind tests/bench/path -f 200000
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aggregate/aggregate.h"
#include "base/clock.h"
#include "event/event.h"
#include "generate/generate.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

#define BATCH      4096 /* what the engine takes at once, at most */
#define PARTITIONS 4
#define KEEP_PART  16 /* as in engine.c */

/* Of its own, so that a profile shows each. */
#define STAGE __attribute__((noinline))

/* ---- Allocations, counted ---- */

static unsigned long allocations;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#ifndef SANITIZED
/* The names are glibc's and the C library's: simdjson's and LMDB's count too.
 */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

void *
memalign(size_t alignment, size_t size)
{
	allocations++;
	return __libc_memalign(alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	allocations++;
	return __libc_memalign(alignment, size);
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
	void *made;

	allocations++;
	made = __libc_memalign(alignment, size);
	if (!made)
		return ENOMEM;
	*out = made;
	return 0;
}
#endif

/* ---- The path ---- */

enum stage { GENERATE, DECODE, AGGREGATE, COMMIT, STAGES };

static const char *const stage_names[STAGES] = {"generate", "decode",
						"aggregate", "commit"};

/* What was used up, of a stage or at a moment. */
struct cost {
	int64_t cpu_ns;
	unsigned long allocations;
	unsigned long long written;
};

struct message {
	const char *data;
	size_t size;
	int64_t time_ms;
};

struct path {
	struct pipeline *pipeline;
	struct writer *writer;
	struct decoder *decoder;
	struct seen *seen;
	struct aggregate aggregate;
	struct store *store;
	struct store_state state;
	struct store_partition *partitions;
	unsigned partitions_len;
	char *room; /* BATCH events */
	size_t most;
	struct message messages[BATCH];
	int64_t begun_events; /* the store had so many */
	int64_t events, uncommitted, commits;
	int64_t peak_bytes, longest_ns;
	struct cost costs[STAGES];
	int io;               /* /proc/self/io */
	uint64_t each, items; /* -e: of so many users; 0: not */
};

static void
die(const char *what)
{
	fprintf(stderr, "path: %s\n", what);
	exit(1);
}

static void
check(int rc, const struct err *err)
{
	if (rc)
		die(err->text);
}

/* Bytes that write() and its kin were given: the same on any file system. */
static unsigned long long
written(const struct path *path)
{
	char text[512];
	unsigned long long bytes = 0;
	ssize_t size = pread(path->io, text, sizeof(text) - 1, 0);
	const char *at;

	if (size <= 0)
		return 0;
	text[size] = '\0';
	at = strstr(text, "wchar: ");
	if (at)
		sscanf(at, "wchar: %llu", &bytes);
	return bytes;
}

static struct cost
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (struct cost){ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec,
			     allocations, 0};
}

static void
charge(struct cost *cost, const struct cost *since)
{
	struct cost end = now();

	cost->cpu_ns += end.cpu_ns - since->cpu_ns;
	cost->allocations += end.allocations - since->allocations;
}

/* The multiplier is a prime, so it visits every user of 1 to `each`. */
static size_t
write_each(const struct path *path, uint64_t index, int64_t time_ms, char *to)
{
	uint64_t user = index % path->each * 982451653 % path->each + 1;

	return (size_t)sprintf(
	    to,
	    "{\"user_id\":\"u%06llu\",\"item_id\":\"i%05llu\","
	    "\"interaction_type\":\"view\",\"timestamp\":%lld}",
	    (unsigned long long)user,
	    (unsigned long long)(index % path->items + 1), (long long)time_ms);
}

STAGE static void
stage_generate(struct path *path, unsigned len)
{
	char *to = path->room;

	for (unsigned i = 0; i < len; i++) {
		int64_t index = path->begun_events + path->events + i;
		int64_t time_ms =
		    CLOCK_SEEDED_START_MS + index * CLOCK_SEEDED_STEP_MS;
		struct text key;

		path->messages[i].data = to;
		path->messages[i].size =
		    path->each ? write_each(path, (uint64_t)index, time_ms, to)
			       : writer_next(path->writer, time_ms, to, &key);
		path->messages[i].time_ms = time_ms;
		to += path->messages[i].size;
	}
}

STAGE static enum reason
stage_decode(struct path *path, const struct message *message,
	     struct position position, struct event *event)
{
	struct event_fault fault;

	path->seen->at = position;
	return decoder_decode(path->decoder, message->data, message->size,
			      message->time_ms, event, &fault);
}

STAGE static void
stage_aggregate(struct path *path, const struct event *event,
		struct position position)
{
	aggregate_add(&path->aggregate, event, position,
		      path->state.watermark_ms);
}

STAGE static void
stage_settle(struct path *path)
{
	aggregate_settle(&path->aggregate);
}

STAGE static void
stage_commit(struct path *path, size_t memory)
{
	struct store_commit commit = {
	    .aggregate = &path->aggregate,
	    .state = &path->state,
	    .partitions = path->partitions,
	    .partitions_len = path->partitions_len,
	    .seen = path->seen,
	};
	struct err err;

	seen_settle(path->seen);
	check(store_commit(path->store, &commit, &path->state.commit, &err),
	      &err);
	seen_committed(path->seen);
	aggregate_clear(&path->aggregate, memory / KEEP_PART);
}

/* Decodes alone, or adds what it decodes to the tables, too. */
static void
take(struct path *path, unsigned len, bool add)
{
	unsigned number = (unsigned)(path->events / BATCH) % PARTITIONS;
	struct store_partition *p = &path->partitions[number];
	struct event event;

	for (unsigned i = 0; i < len; i++) {
		struct position position = {(int32_t)number, p->position};

		if (stage_decode(path, &path->messages[i], position, &event) !=
		    REASON_NONE)
			die("an event has a fault");
		if (!add)
			continue;
		p->position++;
		if (event.time_ms > p->newest_ms)
			p->newest_ms = event.time_ms;
		stage_aggregate(path, &event, position);
	}
	if (add)
		stage_settle(path);
}

static void
commit(struct path *path, size_t memory)
{
	struct store_state *state = &path->state;
	struct ledger *l = &state->ledger;
	struct cost began;
	unsigned long long before = written(path);
	int64_t ns;

	state->newest_ms = WATERMARK_NONE;
	state->watermark_ms = INT64_MAX;
	for (unsigned i = 0; i < path->partitions_len; i++) {
		struct store_partition *p = &path->partitions[i];

		p->end = p->position;
		p->last_offset = p->position - 1;
		if (p->newest_ms > state->newest_ms)
			state->newest_ms = p->newest_ms;
		if (p->newest_ms < state->watermark_ms)
			state->watermark_ms = p->newest_ms;
	}
	l->valid = l->consumed = l->foreign = path->begun_events + path->events;
	state->commit_ms = state->newest_ms;
	began = now();
	ns = path->costs[COMMIT].cpu_ns;
	stage_commit(path, memory);
	charge(&path->costs[COMMIT], &began);
	ns = path->costs[COMMIT].cpu_ns - ns;
	if (ns > path->longest_ns)
		path->longest_ns = ns;
	path->costs[COMMIT].written += written(path) - before;
	path->commits++;
	path->uncommitted = 0;
}

static void
batch(struct path *path, unsigned len, enum stage last, bool twice)
{
	struct cost began = now(), decoded = {0};

	stage_generate(path, len);
	charge(&path->costs[GENERATE], &began);
	if (last >= DECODE && (twice || last == DECODE)) {
		began = now();
		take(path, len, false);
		charge(&decoded, &began);
		path->costs[DECODE].cpu_ns += decoded.cpu_ns;
		path->costs[DECODE].allocations += decoded.allocations;
	}
	if (last >= AGGREGATE) {
		began = now();
		take(path, len, true);
		charge(&path->costs[AGGREGATE], &began);
		path->costs[AGGREGATE].cpu_ns -= decoded.cpu_ns;
		path->costs[AGGREGATE].allocations -= decoded.allocations;
	}
	path->events += len;
	path->uncommitted += len;
}

/* ---- Start and end ---- */

static char *
read_file(const char *name)
{
	FILE *file = fopen(name, "r");
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room + 1);

	if (!file || !text)
		die("the pipeline cannot be read");
	size = fread(text, 1, room, file);
	fclose(file);
	text[size] = '\0';
	return text;
}

/* Another text in place of one that must be there; frees the old whole. */
static char *
replaced(char *whole, const char *from, const char *to)
{
	const char *at = strstr(whole, from);
	char *made = NULL;

	if (!at || asprintf(&made, "%.*s%s%s", (int)(at - whole), whole, to,
			    at + strlen(from)) < 0)
		die("USERS and ITEMS are for interactions.json");
	free(whole);
	return made;
}

static struct pipeline *
load(const char *file, bool uniform, const char *users, const char *items)
{
	const char *srcdir = getenv("srcdir");
	char name[4096], to[128];
	struct pipeline *pipeline;
	struct err err;
	char *text;

	snprintf(name, sizeof(name), "%s/schema/interactions.json",
		 srcdir ? srcdir : ".");
	text = read_file(file ? file : name);
	if (items) {
		snprintf(to, sizeof(to), "\"count\": %s, \"format\": \"i",
			 items);
		text = replaced(text, "\"count\": 10000, \"format\": \"i", to);
	}
	if (users || uniform) {
		snprintf(to, sizeof(to),
			 uniform ? "{\"uniform\": [1, %s],"
				 : "{\"zipf\": 1.0, \"count\": %s,",
			 users ? users : "100000");
		text = replaced(text, "{\"zipf\": 1.0, \"count\": 100000,", to);
	}
	check(pipeline_parse(text, strlen(text), file ? file : name, &pipeline,
			     &err),
	      &err);
	free(text);
	return pipeline;
}

static void
open_store(struct path *path, const char *folder, bool durable, size_t memory)
{
	struct store_source source;
	struct err err;

	check(store_open(folder, durable ? STORE_WRITE : STORE_THROWAWAY,
			 path->pipeline, &path->store, &err),
	      &err);
	store_set_memory(path->store, (int64_t)memory);
	check(store_load(path->store, &source, &path->state, &path->partitions,
			 &path->partitions_len, &err),
	      &err);
	if (path->partitions_len == 0) {
		path->partitions =
		    calloc(PARTITIONS, sizeof(*path->partitions));
		if (!path->partitions)
			die("out of memory");
		path->partitions_len = PARTITIONS;
		path->state.watermark_ms = path->state.newest_ms =
		    WATERMARK_NONE;
		for (unsigned i = 0; i < PARTITIONS; i++) {
			struct store_partition *p = &path->partitions[i];

			snprintf(p->topic, sizeof(p->topic), "%s",
				 path->pipeline->topic);
			p->number = (int32_t)i;
			p->newest_ms = WATERMARK_NONE;
			p->first_offset = p->last_offset = -1;
		}
	}
	/* A weir without a cluster goes on with such a store. */
	snprintf(source.id, sizeof(source.id), "embedded:path");
	snprintf(source.topic, sizeof(source.topic), "%s",
		 path->pipeline->topic);
	snprintf(source.label, sizeof(source.label), "no broker");
	check(store_set_source(path->store, &source, &err), &err);
	path->begun_events = path->state.ledger.valid;
}

static void
print(const struct path *path, enum stage last, bool twice)
{
	double n = (double)path->events;
	struct cost all = {0};
	struct rusage usage;

	printf("%-12s %12s %12s %12s\n", "per event", "CPU ns", "allocations",
	       "bytes");
	for (int i = 0; i <= (int)last; i++) {
		const struct cost *c = &path->costs[i];
		const char *name = stage_names[i];

		if (i == DECODE && !twice && last > DECODE)
			continue;
		if (i == AGGREGATE && !twice)
			name = "decode+aggr";
		printf("%-12s %12.1f %12.6f %12.1f\n", name,
		       (double)c->cpu_ns / n, (double)c->allocations / n,
		       (double)c->written / n);
		if (i == GENERATE)
			continue;
		all.cpu_ns += c->cpu_ns;
		all.allocations += c->allocations;
		all.written += c->written;
	}
	printf("%-12s %12.1f %12.6f %12.1f\n", "consuming",
	       (double)all.cpu_ns / n, (double)all.allocations / n,
	       (double)all.written / n);
	getrusage(RUSAGE_SELF, &usage);
	printf("events %lld, commits %lld, the longest %.1f ms of CPU; deltas "
	       "%lld KiB at most; resident %ld KiB at most\n",
	       (long long)path->events, (long long)path->commits,
	       (double)path->longest_ns / 1e6,
	       (long long)path->peak_bytes / 1024, usage.ru_maxrss);
}

/* What makes figures comparable: the compiler's first version number, say. */
static void
print_compiler(void)
{
#if defined(__clang__)
	printf("clang %d", __clang_major__);
#else
	printf("gcc %d", __GNUC__);
#endif
#ifdef SANITIZED
	printf(", sanitized");
#endif
#ifndef __OPTIMIZE__
	printf(", unoptimized");
#endif
	printf("\n");
}

static void
remove_store(const char *folder)
{
	static const char *const files[] = {"data.mdb", "lock.mdb",
					    "weir.lock"};
	char name[4096];

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, files[i]);
		unlink(name);
	}
	if (rmdir(folder) != 0)
		fprintf(stderr, "path: %s was left behind\n", folder);
}

static long long
number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (n < 1 || *end)
		die("EVENTS, USERS, ITEMS and the options' values are numbers "
		    "from 1 on");
	return n;
}

int
main(int argc, char **argv)
{
	static struct path path;
	char folder[] = "/tmp/weir-path-XXXXXX";
	const char *file = NULL, *keep = NULL;
	enum stage last = COMMIT;
	bool uniform = false, twice = true, durable = false, each = false;
	long long every = 500000, events, seed = 1;
	size_t memory = 256;
	struct err err;
	int c;

	while ((c = getopt(argc, argv, "p:us:fc:m:k:S:dev")) != -1) {
		switch (c) {
		case 'p':
			file = optarg;
			break;
		case 'u':
			uniform = true;
			break;
		case 's':
			for (last = GENERATE; last < STAGES; last++)
				if (strcmp(optarg, stage_names[last]) == 0)
					break;
			if (last == STAGES)
				die("stages are generate, decode, aggregate "
				    "and commit");
			break;
		case 'f':
			twice = false;
			break;
		case 'c':
			every = number(optarg);
			break;
		case 'm':
			memory = (size_t)number(optarg);
			break;
		case 'k':
			keep = optarg;
			break;
		case 'S':
			seed = number(optarg);
			break;
		case 'd':
			durable = true;
			break;
		case 'e':
			each = true;
			break;
		case 'v':
			print_compiler();
			return 0;
		default:
			die("usage: path [OPTIONS] EVENTS [USERS [ITEMS]]");
		}
	}
	if (argc - optind < 1 || argc - optind > 3)
		die("usage: path [OPTIONS] EVENTS [USERS [ITEMS]]");
	events = number(argv[optind]);
	memory <<= 20;
	path.pipeline =
	    load(file, uniform, argc - optind > 1 ? argv[optind + 1] : NULL,
		 argc - optind > 2 ? argv[optind + 2] : NULL);
	if (each) {
		path.each = argc - optind > 1
				? (uint64_t)number(argv[optind + 1])
				: 100000;
		path.items = argc - optind > 2
				 ? (uint64_t)number(argv[optind + 2])
				 : 10000;
	}
	check(writer_new(path.pipeline, (uint64_t)seed, 0, &path.writer, &err),
	      &err);
	check(decoder_new(path.pipeline, &path.decoder, &err), &err);
	path.seen = seen_new(&path.pipeline->event);
	decoder_watch(path.decoder, path.seen);
	aggregate_init(&path.aggregate, path.pipeline);
	path.most = writer_max_bytes(path.writer);
	path.room = malloc(path.most * BATCH);
	if (!path.room || (!keep && !mkdtemp(folder)))
		die("no room for the store");
	path.io = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
	open_store(&path, keep ? keep : folder, durable, memory);

	while (path.events < events) {
		long long left = events - path.events;
		int64_t bytes;

		batch(&path, left < BATCH ? (unsigned)left : BATCH, last,
		      twice);
		if (last < AGGREGATE)
			continue;
		bytes =
		    (int64_t)(aggregate_bytes(&path.aggregate) +
			      store_commit_bytes(path.store, &path.aggregate));
		if (bytes > path.peak_bytes)
			path.peak_bytes = bytes;
		if (bytes <= (int64_t)(memory / 2) &&
		    path.uncommitted < every && path.events < events)
			continue;
		if (last == COMMIT) {
			commit(&path, memory);
		} else {
			aggregate_clear(&path.aggregate, memory / KEEP_PART);
			path.uncommitted = 0;
		}
	}
	print(&path, last, twice);

	if (path.io >= 0)
		close(path.io);
	store_close(path.store);
	if (!keep)
		remove_store(folder);
	free(path.partitions);
	free(path.room);
	aggregate_release(&path.aggregate);
	decoder_free(path.decoder);
	seen_free(path.seen);
	writer_free(path.writer);
	pipeline_free(path.pipeline);
	return 0;
}
