/*
 * The program: options, wiring, exit codes. The only file that prints or exits.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/hash.h"
#include "base/log.h"
#include "chronicle.h"
#include "engine.h"
#include "generate/generator.h"
#include "generate/stream.h"
#include "options.h"
#include "record.h"
#include "rehearse.h"
#include "report.h"
#include "show.h"
#include "snapshot/keeper.h"
#include "snapshot/past.h"
#include "store/merge.h"
#include "watch.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNBALANCED = 3,
};

#define DEFAULT_PIPELINE "interactions"
#define PROGRESS_MS      1000
#define POLL_MS          100
#define STORES_MAX       9 /* embedded brokers at a time with stores unnamed */

static enum exit_code
fail(const struct err *err)
{
	fprintf(stderr, "weir: %s\n", err->text);
	return err->code == WEIR_USAGE || err->code == WEIR_PIPELINE
		   ? EXIT_USAGE
		   : EXIT_FAILED;
}

/* ---- Signals ---- */

/*
 * Signals come through a file descriptor; all threads are made with them
 * blocked, so none is ever interrupted.
 */
static int
open_signals(struct err *err)
{
	struct sigaction hangup;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* Under nohup it stays ignored. */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 &&
	    hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	signal(SIGPIPE, SIG_IGN);
	/* Who started us may not care for children; we do. */
	signal(SIGCHLD, SIG_DFL);
	fd = -1;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		err_errno(err, "cannot watch signals");
	return fd;
}

/* Takes what is there; whether one of it asks to end. */
static bool
end_asked(int signal_fd)
{
	struct signalfd_siginfo info;
	bool asked = false;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		asked |= info.ssi_signo != SIGWINCH;
	return asked;
}

/* While the end of the flow is waited for, a second signal ends the waiting. */
static bool
hurry(void *ctx)
{
	return end_asked(*(const int *)ctx);
}

/* ---- Files ---- */

/*
 * Pipelines are beside the program when it runs from a build tree, else where
 * they were installed.
 */
static int
load_pipeline(const char *name, struct pipeline **pipeline, struct err *err)
{
	char beside[4096];
	const char *dirs[3] = {NULL};
	unsigned n = 0;
	ssize_t size;

	size = readlink("/proc/self/exe", beside, sizeof(beside) - 16);
	if (size > 0) {
		char *slash;

		beside[size] = '\0';
		slash = strrchr(beside, '/');
		strcpy(slash ? slash : beside, "/schema");
		if (access(beside, R_OK) == 0)
			dirs[n++] = beside;
	}
	dirs[n++] = WEIR_SCHEMA_DIR;
	return pipeline_load(name ? name : DEFAULT_PIPELINE, dirs, pipeline,
			     err);
}

/* $XDG_STATE_HOME/weir/PIPELINE-SOURCE */
static int
default_store(const struct options *o, const struct pipeline *pipeline,
	      struct buf *path, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const char *topic = o->topic ? o->topic : pipeline->topic;
	struct buf source = BUF_INIT;

	if (state && state[0] == '/')
		buf_addf(path, "%s/weir/", state);
	else if (home && home[0] == '/')
		buf_addf(path, "%s/.local/state/weir/", home);
	else
		return err_set(err, WEIR_USAGE, 0,
			       "neither XDG_STATE_HOME nor HOME says where to "
			       "keep the store; give --store DIR");
	buf_addf(path, "%s-", pipeline->name);
	if (!o->kafka.brokers) {
		buf_add_str(path, "embedded");
		return 0;
	}
	for (const char *at = o->kafka.brokers;
	     *at && at < o->kafka.brokers + 64; at++)
		buf_addf(path, "%c", strchr("/,: \t", *at) ? '_' : *at);
	buf_addf(path, "-%s-", strpbrk(topic, "^,") ? "topics" : topic);
	/* What does not fit into a file's name tells them apart all the same.
	 */
	buf_addf(&source, "%s\n%s\n%s", o->kafka.brokers, topic,
		 o->group ? o->group : "");
	buf_addf(path, "%08x", (unsigned)hash64(source.data, source.size));
	buf_release(&source);
	return 0;
}

/* ---- Run ---- */

/* What was said last about what is wrong; "": nothing is. */
struct trouble {
	char said[ERR_TEXT_MAX];
};

/* Says what is wrong when it changes, and that it is over. */
static void
tell(struct trouble *trouble, const char *problem)
{
	if (strcmp(trouble->said, problem) == 0)
		return;
	fprintf(stderr, "weir: %s\n", problem[0] ? problem : "going on");
	snprintf(trouble->said, sizeof(trouble->said), "%s", problem);
}

static void
say_dead(struct chronicle_dead *dead, const struct view *view)
{
	struct buf text = BUF_INIT;

	if (chronicle_tell_dead(dead, view, &text))
		fprintf(stderr, "weir: %s\n", text.data);
	buf_release(&text);
}

/* Without a terminal: progress once a second, until done or told to end. */
static void
watch_headless(struct engine *engine, struct keeper *keeper, int signal_fd,
	       struct chronicle_dead *dead)
{
	int64_t said_ns = clock_steady_ns();
	struct trouble trouble = {""};
	uint64_t seen = 0;
	struct engine_live live;

	/* What earlier runs found is no news. */
	say_dead(dead, engine_first_view(engine));
	for (;;) {
		struct pollfd wait = {.fd = signal_fd, .events = POLLIN};
		struct view *view = NULL;

		poll(&wait, 1, POLL_MS);
		if (end_asked(signal_fd))
			return;
		engine_live(engine, &live);
		if (live.ended || live.failed)
			return;
		if (clock_steady_ns() - said_ns < PROGRESS_MS * 1000000LL)
			continue;
		said_ns = clock_steady_ns();
		if (engine_view(engine, seen, false, &view, NULL) == 0) {
			seen = view->commit;
			fprintf(stderr,
				"weir: commit %" PRIu64 ": consumed %" PRId64
				", dead %" PRId64 ", lag %" PRId64
				", lost %" PRId64 "\n",
				view->commit, view->ledger.consumed,
				view->ledger.dead, view->ledger.lag,
				view->ledger.lost);
			say_dead(dead, view);
			view_free(view);
		}
		if (!live.problem[0] && live.disconnected)
			snprintf(live.problem, sizeof(live.problem), "%s",
				 "no broker can be reached; waiting");
		if (!live.problem[0] && keeper)
			keeper_problem(keeper, live.problem);
		tell(&trouble, live.problem);
	}
}

static enum exit_code
print_report(const struct view *view)
{
	struct buf text = BUF_INIT;
	bool written;

	report_print(view, &text);
	written = fwrite(text.data, 1, text.size, stdout) == text.size &&
		  fflush(stdout) == 0;
	buf_release(&text);
	if (!written) {
		fprintf(stderr, "weir: cannot write the report: %s\n",
			strerror(errno));
		return EXIT_FAILED;
	}
	if (!view->balanced) {
		fprintf(stderr, "weir: the ledger does not balance\n");
		return EXIT_UNBALANCED;
	}
	return EXIT_DONE;
}

static void
log_to_stderr(void *ctx, int level, const char *text)
{
	const struct kafka_settings *settings = ctx;

	if (level <= 4 /* LOG_WARNING */ || settings->debug)
		fprintf(stderr, "weir: kafka: %s\n", text);
}

/* librdkafka's words on the screen, from any of its threads. */
struct kafka_log {
	struct log *log;
	const struct kafka_settings *settings;
};

static void
log_to_screen(void *ctx, int level, const char *text)
{
	static const enum log_level levels[] = {
	    LEVEL_ERROR,   LEVEL_ERROR, LEVEL_ERROR, LEVEL_ERROR,
	    LEVEL_WARNING, LEVEL_NOTE,  LEVEL_NOTE,  LEVEL_DEBUG,
	};
	const struct kafka_log *to = ctx;

	/* Some is asked for by weir itself (consumer.c), not by the user. */
	if (level < 0 || level > 7 || (level == 7 && !to->settings->debug))
		return;
	log_add(to->log, clock_wall_ms(), levels[level], "kafka: %s", text);
}

static int
random_seed(uint64_t *seed, struct err *err)
{
	if (getrandom(seed, sizeof(*seed), 0) != sizeof(*seed))
		return err_errno(err, "cannot get random numbers");
	return 0;
}

/*
 * Nobody watches a headless run of so many events: unless told otherwise it
 * goes as fast as it can.
 */
static double
rate_of(const struct options *o, const struct pipeline *pipeline)
{
	if (o->per_s >= 0)
		return o->per_s;
	return o->headless && o->events && !record_is_lockstep(o)
		   ? INFINITY
		   : pipeline->generator.rate;
}

/*
 * What will never work is said before anything begins. What may pass, as a full
 * disk, is tried again at each snapshot.
 */
static int
check_snapshots(const struct options *o, const struct pipeline *pipeline,
		struct err *err)
{
	struct snapshot *snapshot;
	int rc;

	rc =
	    snapshot_open(o->snapshot, pipeline, &o->snapshots, &snapshot, err);
	if (rc == 0)
		snapshot_close(snapshot);
	return rc == WEIR_STORE_FOREIGN || rc == WEIR_SYSTEM ? rc : 0;
}

static int
start_snapshots(const struct options *o, const struct pipeline *pipeline,
		struct engine *engine, struct log *log, struct keeper **keeper,
		struct err *err)
{
	struct keeper_options options = {
	    .path = o->snapshot,
	    .pipeline = pipeline,
	    .store = engine_store(engine),
	    .every_ms = o->snapshot_every_ms,
	    .snapshot = o->snapshots,
	    .log = log,
	};

	return o->snapshot ? keeper_start(&options, keeper, err) : 0;
}

/* Without a generator there is nothing to see, unless others write. */
static int
check_run(const struct options *o, const struct pipeline *pipeline,
	  struct engine_options *engine, struct err *err)
{
	if (!pipeline->generator.present && engine->generate) {
		if (!o->kafka.brokers)
			return err_set(err, WEIR_USAGE, 0,
				       "the pipeline %s has no generator: give "
				       "--brokers to watch a topic",
				       pipeline->name);
		engine->generate = false;
	}
	if (!o->headless && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
		return err_set(
		    err, WEIR_USAGE, 0,
		    "there is no terminal to draw on; use --headless");
	return 0;
}

/* Where the store is, into `path`; a new one where the old one is no use. */
static int
choose_store(const struct options *o, const struct pipeline *pipeline,
	     bool throwaway, struct buf *path, struct err *err)
{
	size_t unnumbered;
	int rc = 0;

	if (o->store)
		buf_add_str(path, o->store);
	else
		rc = default_store(o, pipeline, path, err);
	unnumbered = path->size;
	/*
	 * The log of an embedded broker begins empty, and so does the store,
	 * unless it was named.
	 */
	if (rc == 0 && (o->fresh || throwaway))
		rc = store_set_aside(path->data, err);
	/* Nobody named it: another weir's demonstration need not end ours. */
	for (unsigned i = 2;
	     rc == WEIR_STORE_BUSY && !o->store && throwaway && i <= STORES_MAX;
	     i++) {
		path->size = unnumbered;
		buf_addf(path, "-%u", i);
		rc = store_set_aside(path->data, err);
	}
	return rc;
}

/*
 * The last view: the dead letters that were not told yet, the report, and
 * whether it balances.
 */
static enum exit_code
run_over(struct engine *engine, const struct options *o,
	 struct chronicle_dead *dead)
{
	enum exit_code code = EXIT_DONE;
	struct view *view;
	struct err err;

	if (engine_view(engine, 0, true, &view, &err))
		return fail(&err);
	dead->told_ms = 0;
	if (dead->begun)
		say_dead(dead, view);
	if (o->headless)
		code = print_report(view);
	else if (!view->balanced)
		code = EXIT_UNBALANCED;
	view_free(view);
	return code;
}

/* What there was instead of what a script expected. */
static void
print_screen(const struct buf *screen)
{
	if (screen->size)
		fwrite(screen->data, 1, screen->size, stderr);
}

/* While the engine runs, and its end. */
static enum exit_code
run_engine(struct engine *engine, const struct options *o,
	   const struct pipeline *pipeline, const char *path, struct log *log,
	   struct record *record, int signal_fd)
{
	struct show what = {
	    .engine = engine,
	    .log = log,
	    .snapshots = o->snapshot,
	    .pipeline = store_pipeline(engine_store(engine)),
	};
	struct chronicle_dead dead = {0};
	enum exit_code code = EXIT_DONE, over;
	struct keeper *keeper = NULL;
	struct err err;
	int rc;

	if (start_snapshots(o, pipeline, engine, log, &keeper, &err)) {
		code = fail(&err);
	} else if (o->headless && !options_staged(o)) {
		fprintf(stderr, "weir: broker %s, topic %s, store %s\n",
			engine_brokers(engine),
			o->topic ? o->topic : pipeline->topic, path);
		watch_headless(engine, keeper, signal_fd, &dead);
	} else {
		what.keeper = keeper;
		what.player = record->script ? &record->player : NULL;
		what.cast = record->cast;
		rc = show(&what, signal_fd, o, &err);
		print_screen(&record->player.screen);
		if (rc)
			code = fail(&err);
	}
	if (engine_stop(engine, hurry, &signal_fd, &err))
		code = fail(&err);
	if (keeper_stop(keeper, &err))
		code = fail(&err);
	over = run_over(engine, o, &dead);
	return code == EXIT_DONE ? over : code;
}

/* librdkafka's words where nobody looks, and they would differ each time. */
static void
log_to_nobody(void *ctx, int level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

static void
choose_log(struct options *o, struct kafka_log *log)
{
	o->kafka.log_ctx = &o->kafka;
	if (o->headless)
		setvbuf(stderr, NULL, _IOLBF, 0);
	if (!o->headless || options_staged(o))
		log->log = log_new();
	if (record_is_lockstep(o)) {
		o->kafka.log = log_to_nobody;
	} else if (log->log) {
		o->kafka.log = log_to_screen;
		o->kafka.log_ctx = log;
	} else {
		o->kafka.log = log_to_stderr;
	}
}

static enum exit_code
run(struct options *o, struct pipeline *pipeline, const struct bundle *replayed,
    int signal_fd)
{
	struct engine_options engine_options = {
	    .pipeline = pipeline,
	    .topic = o->topic,
	    .group = o->group,
	    .dead_letters =
		o->dead_letters ? o->dead_letters : pipeline->dead_letters,
	    .alerts_topic =
		o->alerts_topic ? o->alerts_topic : pipeline->alerts_topic,
	    .on_alert = o->on_alert,
	    .notify = o->notify,
	    .from = o->from,
	    .generate = !o->no_generate && !o->group,
	    .per_s = rate_of(o, pipeline),
	    .events = o->events,
	    .duration_ms = o->duration_ms,
	    .generators = o->generators,
	    .stepped = record_is_lockstep(o),
	    .seeded = o->seeded,
	    .seed = o->seeded ? o->seed : RECORD_SEED,
	    .throwaway = !o->kafka.brokers && !o->store,
	    .memory_bytes = (size_t)o->memory_bytes,
	};
	struct buf path = BUF_INIT;
	struct engine *engine = NULL;
	struct kafka_log kafka_log = {.settings = &o->kafka};
	struct record record;
	struct err err = {0};
	enum exit_code code;
	int rc;

	rc = check_run(o, pipeline, &engine_options, &err);
	if (rc)
		return fail(&err);
	choose_log(o, &kafka_log);
	engine_options.kafka = o->kafka;
	rc = record_begin(&record, o, pipeline, replayed, &err);
	if (rc == 0 && o->snapshot)
		rc = check_snapshots(o, pipeline, &err);
	if (rc == 0)
		rc = choose_store(o, pipeline, engine_options.throwaway, &path,
				  &err);
	engine_options.store_path = path.data;
	if (rc == 0 && !o->seeded && !engine_options.stepped)
		rc = random_seed(&engine_options.seed, &err);
	if (rc == 0)
		rc = engine_start(&engine_options, &engine, &err);
	if (rc)
		code = fail(&err);
	else
		code = run_engine(engine, o, pipeline, path.data, kafka_log.log,
				  &record, signal_fd);
	if (record_end(&record, engine_options.seed, &err) && code == EXIT_DONE)
		code = fail(&err);
	if (!o->headless && code == EXIT_DONE)
		printf("weir: the store is kept: weir view %s\n", path.data);
	engine_free(engine);
	log_free(kafka_log.log);
	buf_release(&path);
	return code;
}

/* ---- The other commands ---- */

/* Events into a topic, and nothing else. */
static int
generate_to_topic(const struct options *o, const struct pipeline *pipeline,
		  uint64_t seed, int signal_fd, struct err *err)
{
	const char *topic = o->topic ? o->topic : pipeline->topic;
	struct generator_options options = {
	    .pipeline = pipeline,
	    .per_s = o->per_s >= 0 ? o->per_s : pipeline->generator.rate,
	    .events = o->events,
	    .threads = o->generators,
	    .seeded = o->seeded,
	    .seed = seed,
	};
	struct generator *generator = NULL;
	struct producer_counts counts;
	struct trouble trouble = {""};
	char problem[ERR_TEXT_MAX];
	int64_t begun_ns = clock_steady_ns();
	int rc;

	rc = kafka_topic_create(&o->kafka, topic, pipeline->partitions,
				pipeline->retention_ms, err);
	if (rc == 0)
		rc = producer_new(&o->kafka, topic, (size_t)o->memory_bytes,
				  false, &options.producer, err);
	if (rc)
		return rc;
	rc = generator_start(&options, &generator, err);
	while (rc == 0 && !generator_done(generator)) {
		struct pollfd wait = {.fd = signal_fd, .events = POLLIN};

		poll(&wait, 1, POLL_MS);
		producer_problem(options.producer, problem, sizeof(problem));
		if (producer_refused(options.producer))
			break;
		tell(&trouble, problem);
		if (end_asked(signal_fd) ||
		    (o->duration_ms &&
		     clock_steady_ns() - begun_ns >= o->duration_ms * 1000000))
			break;
	}
	if (generator) {
		generator_end(generator);
		generator_join(generator);
	}
	if (rc == 0) {
		producer_flush(options.producer, 30000, hurry, &signal_fd);
		producer_counts(options.producer, &counts, NULL, 0);
		fprintf(stderr,
			"weir: produced %" PRId64 ", acked %" PRId64
			", failed %" PRId64 "\n",
			counts.produced, counts.acked, counts.failed);
		producer_problem(options.producer, problem, sizeof(problem));
		if (counts.acked != counts.produced && problem[0])
			rc = err_set(err, WEIR_KAFKA, 0,
				     "%" PRId64 " events were not delivered: "
				     "%s",
				     counts.produced - counts.acked, problem);
		else if (counts.acked != counts.produced)
			rc = err_set(err, WEIR_KAFKA, 0,
				     "%" PRId64 " events were not delivered",
				     counts.produced - counts.acked);
	}
	generator_free(generator);
	producer_free(options.producer);
	return rc;
}

static enum exit_code
generate(struct options *o, struct pipeline *pipeline, int signal_fd)
{
	uint64_t seed = o->seed;
	struct err err;
	int rc = 0;

	if (!pipeline->generator.present)
		rc =
		    err_set(&err, WEIR_USAGE, 0,
			    "the pipeline %s has no generator", pipeline->name);
	else if (!o->to_stdout && !o->kafka.brokers)
		rc = err_set(&err, WEIR_USAGE, 0,
			     "`weir generate` needs --brokers, or --stdout");
	if (rc == 0 && !o->seeded)
		rc = random_seed(&seed, &err);
	o->kafka.log = log_to_stderr;
	o->kafka.log_ctx = &o->kafka;
	if (rc == 0 && o->to_stdout) {
		struct stream_options options = {
		    .pipeline = pipeline,
		    .per_s = o->per_s >= 0 ? o->per_s : INFINITY,
		    .events = o->events,
		    .duration_ms = o->duration_ms,
		    .seeded = o->seeded,
		    .seed = seed,
		    .stop_fd = signal_fd,
		};

		rc = stream_events(STDOUT_FILENO, &options, &err);
	} else if (rc == 0) {
		rc = generate_to_topic(o, pipeline, seed, signal_fd, &err);
	}
	return rc ? fail(&err) : EXIT_DONE;
}

/* ---- Stores that are there ---- */

static void
close_stores(struct store **stores, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		store_close(stores[i]);
	free(stores);
}

static int
open_stores(const struct options *o, struct store ***out, struct err *err)
{
	struct store **stores = xcalloc(o->stores_len, sizeof(struct store *));
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < o->stores_len; i++)
		rc =
		    store_open(o->stores[i], STORE_READ, NULL, &stores[i], err);
	if (rc)
		close_stores(stores, o->stores_len);
	else
		*out = stores;
	return rc;
}

/* That snapshots can be read from a file; there need not be any yet. */
static int
check_past(const char *path, const struct pipeline *pipeline, struct err *err)
{
	struct past past;
	int rc = past_read(path, pipeline, INT64_MAX, -1, &past, err);

	if (rc == 0)
		view_free(past.view);
	return rc == WEIR_NOT_FOUND ? 0 : rc;
}

static enum exit_code
view_stores(const struct options *o, int signal_fd)
{
	struct show live = {.stores_len = o->stores_len,
			    .snapshots = o->snapshot};
	struct store **stores;
	struct merge *merge = NULL;
	struct err err;
	int rc = 0;

	if (!(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))) {
		err_set(&err, WEIR_USAGE, 0,
			"there is no terminal to draw on; use `weir report`");
		return fail(&err);
	}
	if (open_stores(o, &stores, &err))
		return fail(&err);
	live.stores = stores;
	live.pipeline = store_pipeline(stores[0]);
	if (o->snapshot)
		rc = check_past(o->snapshot, live.pipeline, &err);
	if (rc == 0 && o->stores_len > 1) {
		rc = merge_new(stores, o->stores_len, &merge, &err);
		if (rc == 0)
			rc = watch_start(merge, &live.watch, &err);
	}
	live.log = log_new();
	if (rc == 0)
		rc = show(&live, signal_fd, o, &err);
	log_free(live.log);
	watch_stop(live.watch);
	merge_free(merge);
	close_stores(stores, o->stores_len);
	return rc ? fail(&err) : EXIT_DONE;
}

/* "a", "a and b", "a, b and c" */
static void
add_names(struct buf *text, const char *const *names, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		buf_addf(text, "%s%s",
			 i == 0         ? ""
			 : i + 1 == len ? " and "
					: ", ",
			 names[i]);
}

static void
print_overlaps(const struct view *view)
{
	for (unsigned i = 0; i < view->overlaps_len; i++) {
		const struct view_overlap *at = &view->overlaps[i];
		struct buf names = BUF_INIT;

		add_names(&names, at->stores, at->stores_len);
		fprintf(stderr,
			"weir: partition %d of %s: offsets %" PRId64
			" to %" PRId64 " are in %s%s: up to %" PRId64
			" events are counted twice\n",
			(int)at->partition, at->topic, at->begin, at->end - 1,
			at->stores_len == 2 ? "both " : "", names.data,
			at->events);
		buf_release(&names);
	}
}

static enum exit_code
report_stores(const struct options *o)
{
	struct store **stores;
	struct merge *merge = NULL;
	struct view *view = NULL;
	struct err err;
	enum exit_code code;
	int rc;

	if (open_stores(o, &stores, &err))
		return fail(&err);
	if (o->stores_len == 1) {
		rc = store_view(stores[0], 0, true, &view, &err);
	} else {
		rc = merge_new(stores, o->stores_len, &merge, &err);
		if (rc == 0)
			rc = merge_view(merge, 0, true, &view, &err);
	}
	if (rc) {
		code = fail(&err);
	} else {
		print_overlaps(view);
		code = print_report(view);
	}
	view_free(view);
	merge_free(merge);
	close_stores(stores, o->stores_len);
	return code;
}

static enum exit_code
snapshot_store(const struct options *o)
{
	struct snapshot_result result = {0};
	struct snapshot *snapshot = NULL;
	struct store *store = NULL;
	int64_t began_ns = clock_steady_ns();
	struct err err;
	int rc;

	rc = store_open(o->stores[0], STORE_READ, NULL, &store, &err);
	if (rc == 0)
		rc = snapshot_open(o->stores[1], store_pipeline(store),
				   &o->snapshots, &snapshot, &err);
	if (rc == 0)
		rc = snapshot_take(snapshot, store, clock_wall_ms(), &result,
				   &err);
	snapshot_close(snapshot);
	store_close(store);
	if (rc)
		return fail(&err);
	if (result.same)
		fprintf(stderr,
			"weir: %s has commit %" PRIu64 " already, as snapshot "
			"%" PRId64 "\n",
			o->stores[1], result.commit, result.id);
	else
		fprintf(stderr,
			"weir: snapshot %" PRId64 " of commit %" PRIu64
			": %" PRId64 " rows written in %.2f s\n",
			result.id, result.commit, result.rows_written,
			(double)(clock_steady_ns() - began_ns) / 1e9);
	return EXIT_DONE;
}

static enum exit_code
export_rows(const struct options *o)
{
	struct err err;

	if (export_table(o->stores[0], o->stores[1], o->format, STDOUT_FILENO,
			 &err))
		return fail(&err);
	return EXIT_DONE;
}

static enum exit_code
test_alerts(const struct options *o)
{
	struct pipeline *pipeline;
	struct store *store = NULL;
	struct buf text = BUF_INIT;
	enum exit_code code = EXIT_DONE;
	struct err err;
	int64_t fired;
	int rc;

	if (load_pipeline(o->stores[0], &pipeline, &err)) {
		fail(&err);
		return EXIT_USAGE;
	}
	rc = store_open(o->stores[1], STORE_READ, pipeline, &store, &err);
	if (rc == 0)
		rc = rehearse(store, pipeline, &text, &fired, &err);
	if (rc)
		code = fail(&err);
	else
		fputs(text.data, stdout);
	buf_release(&text);
	store_close(store);
	pipeline_free(pipeline);
	return code;
}

static enum exit_code
check(const struct pipeline *p)
{
	struct writer *writer;
	struct err err;

	/* What its generator could write is known when it is made. */
	if (p->generator.present) {
		if (writer_new(p, 0, 0, &writer, &err))
			return fail(&err);
		writer_free(writer);
	}
	printf("%s: pipeline %s is fine: %u fields, %u tables, %u outputs, "
	       "%u panels, %u alerts, topic %s%s\n",
	       p->file, p->name, p->event.fields_len, p->tables_len,
	       p->outputs_len, p->panels_len, p->alerts_len, p->topic,
	       p->generator.present ? "" : ", no generator");
	return EXIT_DONE;
}

static enum exit_code
with_pipeline(struct options *o, int signal_fd)
{
	struct pipeline *pipeline;
	struct err err;
	enum exit_code code;

	if (load_pipeline(o->operand, &pipeline, &err)) {
		fail(&err);
		return EXIT_USAGE;
	}
	if (o->bad_share >= 0)
		pipeline->generator.bad_share = o->bad_share;
	if (o->command == COMMAND_CHECK)
		code = check(pipeline);
	else if (o->command == COMMAND_GENERATE)
		code = generate(o, pipeline, signal_fd);
	else
		code = run(o, pipeline, NULL, signal_fd);
	pipeline_free(pipeline);
	return code;
}

static enum exit_code
replay(struct options *o, int signal_fd)
{
	struct bundle bundle = {0};
	struct pipeline *pipeline = NULL;
	enum exit_code code;
	struct err err;
	int rc;

	rc = bundle_load(o->operand, &bundle, &err);
	if (rc == 0)
		rc = pipeline_parse(bundle.pipeline_text,
				    strlen(bundle.pipeline_text),
				    bundle.pipeline_name, &pipeline, &err);
	if (rc) {
		code = fail(&err);
	} else {
		record_options(&bundle, o);
		if (o->bad_share >= 0)
			pipeline->generator.bad_share = o->bad_share;
		code = run(o, pipeline, &bundle, signal_fd);
		if (code == EXIT_DONE && bundle.digest[0])
			fprintf(stderr, "weir: the frames are those that were "
					"recorded\n");
	}
	pipeline_free(pipeline);
	bundle_release(&bundle);
	return code;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct err err;
	enum exit_code code;
	int signal_fd = -1;

	crash_watch();
	setlocale(LC_ALL, "");
	/* Numbers in files and reports have a point, whatever the locale. */
	setlocale(LC_NUMERIC, "C");
	if (options_parse(argc, argv, &options, &err)) {
		code = fail(&err);
		goto done;
	}
	signal_fd = open_signals(&err);
	if (signal_fd < 0) {
		code = fail(&err);
		goto done;
	}
	switch (options.command) {
	case COMMAND_HELP:
		fputs(options_help(), stdout);
		code = EXIT_DONE;
		break;
	case COMMAND_VERSION:
		printf("%s\n", PACKAGE_STRING);
		code = EXIT_DONE;
		break;
	case COMMAND_VIEW:
		code = view_stores(&options, signal_fd);
		break;
	case COMMAND_REPORT:
		code = report_stores(&options);
		break;
	case COMMAND_SNAPSHOT:
		code = snapshot_store(&options);
		break;
	case COMMAND_EXPORT:
		code = export_rows(&options);
		break;
	case COMMAND_ALERTS:
		code = test_alerts(&options);
		break;
	case COMMAND_REPLAY:
		code = replay(&options, signal_fd);
		break;
	case COMMAND_RUN:
	case COMMAND_GENERATE:
	case COMMAND_CHECK:
		code = with_pipeline(&options, signal_fd);
		break;
	default:
		code = EXIT_USAGE;
		break;
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE) {
		fprintf(stderr, "weir: cannot write: %s\n", strerror(errno));
		code = EXIT_FAILED;
	}
done:
	if (signal_fd >= 0)
		close(signal_fd);
	options_release(&options);
	return (int)code;
}
