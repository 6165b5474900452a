/*
 * Runs a command and says what it took.
 *
 *   measure [-o FILE] [-s STORE -n EVENTS] COMMAND...
 *
 * Without -s until the command ends. With it the command is a weir that would
 * go on: until its store has EVENTS consumed events, committed; it is then
 * asked to end. Time and CPU are of the moment at which they were there.
 *
 * Writes to FILE, or to standard error, as shell assignments:
 *
 *   wall=     seconds since the command was started
 *   cpu=      CPU seconds, of all threads and waited-for children
 *   half=     seconds until the first half of EVENTS was there; 0 without -s
 *   anon=     KiB: the largest RssAnon seen, every 10 ms
 *   file=     KiB: the largest RssFile seen, which is mapped files in the page
 *             cache
 *   code=     the exit code
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define STEP_NS     2000000
#define STATUS_STEP 5 /* of these steps */

struct taken {
	double wall, cpu, half;
	long anon, file;
};

static void
die(const char *what)
{
	fprintf(stderr, "measure: %s\n", what);
	exit(1);
}

static double
seconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0)
		return 0;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
look_at_memory(pid_t pid, struct taken *taken)
{
	char name[64], line[256];
	long kib;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)pid);
	file = fopen(name, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "RssAnon: %ld", &kib) == 1 &&
		    kib > taken->anon)
			taken->anon = kib;
		if (sscanf(line, "RssFile: %ld", &kib) == 1 &&
		    kib > taken->file)
			taken->file = kib;
	}
	if (file)
		fclose(file);
}

/* How many events the store has; -1 when there is none yet. */
static long long
stored(const char *folder, struct store **store)
{
	struct store_partition *partitions = NULL;
	struct store_source source;
	struct store_state state;
	unsigned len;

	if (!*store && store_open(folder, STORE_READ, NULL, store, NULL) != 0) {
		*store = NULL;
		return -1;
	}
	if (store_load(*store, &source, &state, &partitions, &len, NULL) != 0)
		return -1;
	free(partitions);
	return state.ledger.consumed;
}

int
main(int argc, char **argv)
{
	const char *folder = NULL;
	struct store *store = NULL;
	struct taken taken = {0};
	struct rusage usage;
	long long events = 0;
	bool reached = false;
	FILE *out = stderr;
	clockid_t clock;
	double began;
	pid_t pid;
	int c, status = 0;

	while ((c = getopt(argc, argv, "+o:s:n:")) != -1) {
		switch (c) {
		case 'o':
			out = fopen(optarg, "w");
			if (!out)
				die("the file of -o cannot be written");
			break;
		case 's':
			folder = optarg;
			break;
		case 'n':
			events = atoll(optarg);
			break;
		default:
			die("usage: measure [-o FILE] [-s STORE -n EVENTS] "
			    "COMMAND...");
		}
	}
	if (optind == argc || (folder && events < 1))
		die("usage: measure [-o FILE] [-s STORE -n EVENTS] COMMAND...");
	began = seconds(CLOCK_MONOTONIC);
	pid = fork();
	if (pid == 0) {
		execvp(argv[optind], &argv[optind]);
		fprintf(stderr, "measure: %s: %s\n", argv[optind],
			strerror(errno));
		_exit(127);
	}
	if (pid < 0 || clock_getcpuclockid(pid, &clock) != 0)
		die("the command cannot be started");
	for (unsigned step = 0; wait4(pid, &status, WNOHANG, &usage) == 0;
	     step++) {
		struct timespec pause = {0, STEP_NS};
		long long have = 0;

		if (step % STATUS_STEP == 0)
			look_at_memory(pid, &taken);
		if (folder && !reached)
			have = stored(folder, &store);
		if (taken.half == 0 && have > 0 && have >= events / 2)
			taken.half = seconds(CLOCK_MONOTONIC) - began;
		if (have > 0 && have >= events) {
			taken.wall = seconds(CLOCK_MONOTONIC) - began;
			taken.cpu = seconds(clock);
			reached = true;
			kill(pid, SIGTERM);
		}
		nanosleep(&pause, NULL);
	}
	if (!reached) {
		taken.wall = seconds(CLOCK_MONOTONIC) - began;
		taken.cpu =
		    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
			1e6;
	}
	store_close(store);
	status =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(out,
		"wall=%.3f\ncpu=%.3f\nhalf=%.3f\nanon=%ld\nfile=%ld\ncode=%d\n",
		taken.wall, taken.cpu, taken.half, taken.anon, taken.file,
		status);
	if (folder && !reached)
		die("the command ended before the store had all events");
	return status;
}
