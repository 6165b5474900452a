#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "browse.h"
#include "chronicle.h"
#include "dashboard.h"
#include "kafka/fetch.h"
#include "settings.h"
#include "show.h"
#include "snapshot/past.h"
#include "stage.h"

/* What the dashboard asks, and who answers. */
struct source {
	const struct show *is;
	struct browse *browse; /* of one store; NULL: of several */
	struct fetch *fetch;   /* NULL: no broker is known */
	struct chronicle chronicle;
	char said[ERR_TEXT_MAX]; /* what is wrong, as the log has it; "":
				    nothing */
	const char *config;      /* where settings are kept; NULL: nowhere */
	struct settings kept;    /* as they are there, or were overruled */
};

static int
source_view(void *ctx, uint64_t seen, struct view **view, struct err *err)
{
	struct source *source = ctx;
	int rc;

	if (source->is->engine)
		rc = engine_view(source->is->engine, seen, false, view, err);
	else if (source->is->watch)
		rc = watch_view(source->is->watch, seen, view, err);
	else
		rc = store_view(source->is->stores[0], seen, false, view, err);
	if (rc == 0)
		chronicle_add(&source->chronicle, *view, source->is->log);
	return rc;
}

/* In the log once: when a problem comes, and when it has gone. */
static void
note_trouble(struct source *source, const char *problem)
{
	if (strcmp(source->said, problem) == 0)
		return;
	if (problem[0])
		log_add(source->is->log, clock_wall_ms(), LEVEL_ERROR, "%s",
			problem);
	else
		log_add(source->is->log, clock_wall_ms(), LEVEL_NOTE,
			"that is over: %s", source->said);
	snprintf(source->said, sizeof(source->said), "%s", problem);
}

static void
source_live(void *ctx, struct dashboard_live *live)
{
	struct source *source = ctx;
	struct engine_live from;

	memset(live, 0, sizeof(*live));
	live->actual_per_s = -1;
	if (!source->is->engine) {
		live->ended = true;
		for (unsigned i = 0; i < source->is->stores_len; i++)
			live->ended &= store_at_rest(source->is->stores[i]);
		if (source->is->watch)
			watch_note(source->is->watch, live->message);
		note_trouble(source, live->message);
		return;
	}
	engine_live(source->is->engine, &from);
	live->generating = from.generating;
	live->controls = from.controls;
	live->curve_ns = from.curve_ns;
	memcpy(live->faults, from.faults, sizeof(live->faults));
	live->actual_per_s = from.actual_per_s;
	live->held_back = from.held_back;
	live->ended = from.ended;
	live->failed = from.failed;
	live->disconnected = from.disconnected;
	snprintf(live->message, sizeof(live->message), "%s", from.problem);
	if (!live->message[0] && source->is->keeper)
		keeper_problem(source->is->keeper, live->message);
	note_trouble(source, !live->message[0] && live->disconnected
				 ? "no broker can be reached"
				 : live->message);
}

static void
source_control(void *ctx, const struct generator_controls *controls)
{
	struct source *source = ctx;

	if (source->is->engine)
		engine_set_controls(source->is->engine, controls);
}

static void
source_fault(void *ctx, enum fault fault, bool on)
{
	struct source *source = ctx;

	engine_set_fault(source->is->engine, fault, on);
}

static void
source_acknowledge(void *ctx, uint64_t id)
{
	struct source *source = ctx;

	engine_acknowledge(source->is->engine, id);
}

static void
source_mute(void *ctx, unsigned rule, bool muted)
{
	struct source *source = ctx;

	engine_mute(source->is->engine, rule, muted);
}

static int
source_past(void *ctx, int64_t id, int step, struct dashboard_past *out,
	    struct err *err)
{
	struct source *source = ctx;
	struct past past;
	int rc = past_read(source->is->snapshots, source->is->pipeline, id,
			   step, &past, err);

	if (rc == 0)
		*out = (struct dashboard_past){
		    past.view, past.id, past.taken_ms, past.number, past.total};
	return rc;
}

static void
source_snapshot(void *ctx)
{
	struct source *source = ctx;

	keeper_ask(source->is->keeper);
	/* Not later: other keys may be pressed at the same moment. */
	if (clock_is_virtual())
		keeper_settle(source->is->keeper);
}

static bool
source_told(void *ctx, char *text, size_t size)
{
	struct source *source = ctx;

	return keeper_told(source->is->keeper, text, size);
}

static struct store *
source_store(const struct source *source)
{
	return source->is->engine ? engine_store(source->is->engine)
				  : source->is->stores[0];
}

static void
source_browse(void *ctx, const struct page_query *query, uint64_t number)
{
	struct source *source = ctx;

	browse_ask(source->browse, query, number);
}

static int
source_browsed(void *ctx, struct page **page, struct err *err)
{
	struct source *source = ctx;

	return browse_take(source->browse, page, err);
}

static int
source_key(void *ctx, unsigned table, int64_t window_ms,
	   const struct view_text *id, int windows, struct view_key **key,
	   struct err *err)
{
	return store_read_key(source_store(ctx), table, window_ms,
			      (struct text){id->data, id->size}, windows, key,
			      err);
}

static void
source_fetch(void *ctx, const struct view_position *position)
{
	struct source *source = ctx;

	fetch_ask(source->fetch, position->topic, position->partition,
		  position->offset);
	/* Not later, as a snapshot. */
	if (clock_is_virtual())
		fetch_settle(source->fetch);
}

static struct view_event *
source_fetched(void *ctx)
{
	struct source *source = ctx;

	return fetch_take(source->fetch);
}

static bool
source_log(void *ctx, struct log_lines *lines)
{
	struct source *source = ctx;

	return log_read(source->is->log, lines);
}

static int
source_keep(void *ctx, const struct settings *settings, struct err *err)
{
	struct source *source = ctx;
	struct err why;
	int rc;

	rc = settings_keep(source->config, &source->kept, settings, &why);
	if (rc == 0) {
		source->kept = *settings;
		return 0;
	}
	log_add(source->is->log, clock_wall_ms(), LEVEL_WARNING, "%s",
		why.text);
	*err = why;
	return rc;
}

static void
source_note(void *ctx, const char *text)
{
	struct source *source = ctx;

	log_add(source->is->log, clock_wall_ms(), LEVEL_NOTE, "mark: %s", text);
}

static int
source_pass(void *ctx, int ms, struct err *err)
{
	struct source *source = ctx;
	int rc = engine_step(source->is->engine, ms, err);

	if (rc == 0 && source->is->keeper)
		keeper_settle(source->is->keeper);
	return rc;
}

static void
source_settle(void *ctx)
{
	struct source *source = ctx;

	browse_settle(source->browse);
}

static int64_t
source_now_ms(void *ctx)
{
	(void)ctx;
	return clock_wall_ms();
}

int
show_settings(const struct options *o, struct buf *file,
	      struct settings *settings, struct err *err)
{
	int rc = 0;

	settings_init(settings);
	/* A recording does not depend on whose it is. */
	if (!o->headless && settings_path(file))
		rc = settings_load(file->data, settings, err);
	if (o->theme)
		settings_set(settings, "theme", o->theme, NULL);
	if (o->glyphs)
		settings_set(settings, "glyphs", o->glyphs, NULL);
	if (o->mouse)
		settings->mouse = true;
	if (o->no_bell)
		settings->bell = false;
	return rc;
}

int
show(const struct show *is, int signal_fd, const struct options *o,
     struct err *err)
{
	struct source live = {.is = is};
	struct dashboard_source source = {
	    .ctx = &live,
	    .view = source_view,
	    .live = source_live,
	    .control = source_control,
	    .now_ms = source_now_ms,
	    .log = source_log,
	    .note = source_note,
	};
	struct dashboard_options options = {
	    .signal_fd = signal_fd,
	    .notify = o->notify_terminal,
	    .brokers = clock_is_virtual() ? "BROKER" : o->kafka.brokers,
	    .player = is->player,
	    .cast = is->cast,
	    .rows = o->rows,
	    .cols = o->cols,
	};
	const struct kafka_settings *kafka =
	    is->engine ? engine_settings(is->engine) : &o->kafka;
	struct buf config = BUF_INIT;
	struct err broken;
	int rc = 0;

	if (show_settings(o, &config, &options.settings, &broken)) {
		options.say = broken.text;
		log_add(is->log, clock_wall_ms(), LEVEL_WARNING, "%s",
			broken.text);
	}
	if (is->engine)
		chronicle_add(&live.chronicle, engine_first_view(is->engine),
			      is->log);
	live.kept = options.settings;
	if (config.size) {
		live.config = config.data;
		source.keep = source_keep;
	}
	if (!is->watch) {
		rc = browse_start(source_store(&live), &live.browse, err);
		source.browse = source_browse;
		source.browsed = source_browsed;
		source.key = source_key;
	}
	if (rc == 0 && kafka->brokers) {
		rc = fetch_start(kafka, &live.fetch, err);
		source.fetch = source_fetch;
		source.fetched = source_fetched;
	}
	if (is->engine) {
		source.acknowledge = source_acknowledge;
		source.mute = source_mute;
		if (engine_has_faults(is->engine))
			source.fault = source_fault;
	}
	if (is->keeper) {
		source.snapshot = source_snapshot;
		source.told = source_told;
	}
	if (is->snapshots)
		source.past = source_past;
	if (clock_is_virtual()) {
		source.pass = source_pass;
		source.settle = source_settle;
	}
	if (rc == 0)
		rc = o->headless ? stage_run(&source, &options, err)
				 : dashboard_run(&source, &options, err);
	fetch_stop(live.fetch);
	browse_stop(live.browse);
	buf_release(&config);
	return rc;
}
