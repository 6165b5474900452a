/*
 * Scripts that are played: the player, the stage and the frame between them,
 * over a source that is made by hand and counts what it is asked. Its clock
 * moves by pass() alone, so every moment below is exact.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "cast.h"
#include "frame.h"
#include "player.h"
#include "screen/lists.h"
#include "stage.h"
#include "folder.h"

#define SECOND    133
#define START_MS  (SCENE_START_MS + SECOND * INT64_C(1000))
#define NEVER     INT64_MAX
#define NOTES_MAX 64

static char folder[] = "/tmp/weir-test-XXXXXX";

/* Times are milliseconds since the start; NEVER: it does not happen. */
static struct world {
	int64_t now_ms;
	unsigned passes;
	int64_t tick_ms; /* by so much each look at the clock moves it */

	/* What the source has to tell. */
	enum scene scene;
	struct dashboard_live live;
	int64_t message_ms, silent_ms; /* live.message is there between them */
	int64_t ended_ms, failed_ms;   /* the flow */
	int64_t broken_ms;             /* pass() fails */
	int64_t signal_ms;             /* somebody presses Ctrl-C */
	int64_t unread_ms, read_ms;    /* there is no view between them */
	uint64_t fires[4];             /* of rules: bit n: at n tenths */
	bool still;                    /* nothing is committed any more */
	bool keep_fails;

	/* What it was asked. */
	unsigned views, controls, faults, snapshots, told, settled, kept, keys;
	struct generator_controls controlled;
	bool faulty[FAULTS];
	struct {
		int64_t ms;
		char text[64];
	} notes[NOTES_MAX];
	unsigned notes_len;
	uint64_t acknowledged;
	unsigned acknowledgements;
	struct {
		unsigned times, rule;
		bool muted;
	} mute;
	struct {
		unsigned times;
		int64_t id;
		int step;
	} past;
	struct {
		unsigned times;
		bool asked, settled;
		uint64_t number;
	} browse;
	struct view_position fetched;
	unsigned fetches;
	bool fetch_settled;
	enum settings_theme theme;

	struct dashboard_source source;
	struct dashboard_options options;
	struct script *script;
	struct player player;
	struct err err;
} w;

/* ---- The source ---- */

static int64_t
since_start(void)
{
	return w.now_ms - START_MS;
}

static bool
is_between(int64_t from_ms, int64_t to_ms)
{
	return since_start() >= from_ms && since_start() < to_ms;
}

static struct view *
make_view(int second)
{
	struct view *view = w.scene == SCENE_NORMAL
				? lists_view(w.scene, second)
				: scene_view(w.scene, second);

	if (w.scene == SCENE_ALERTS)
		for (unsigned i = 0; i < view->rules_len; i++)
			view->rules[i].firing =
			    w.fires[i] >> (since_start() / 100) & 1;
	return view;
}

/* There is a commit at each moment, or only one. */
static int
get_view(void *ctx, uint64_t seen, struct view **view, struct err *err)
{
	uint64_t commit = w.still ? 1 : (uint64_t)since_start() + 1;

	(void)ctx;
	w.views++;
	if (is_between(w.unread_ms, w.read_ms))
		return err_set(err, WEIR_SYSTEM, 0, "the store is away");
	if (seen >= commit)
		return err_set(err, WEIR_NOT_FOUND, 0, "nothing newer");
	*view = make_view(SECOND);
	(*view)->commit = commit;
	return 0;
}

static void
get_live(void *ctx, struct dashboard_live *live)
{
	(void)ctx;
	*live = w.live;
	if (is_between(w.message_ms, w.silent_ms))
		snprintf(live->message, sizeof(live->message), "all is lost");
	live->ended = since_start() >= w.ended_ms;
	live->failed = since_start() >= w.failed_ms;
}

static void
control(void *ctx, const struct generator_controls *controls)
{
	(void)ctx;
	w.controls++;
	w.controlled = w.live.controls = *controls;
}

static void
set_fault(void *ctx, enum fault fault, bool on)
{
	(void)ctx;
	w.faults++;
	w.faulty[fault] = w.live.faults[fault].wanted = on;
}

static int64_t
get_now_ms(void *ctx)
{
	(void)ctx;
	w.now_ms += w.tick_ms;
	return w.now_ms;
}

static void
acknowledge(void *ctx, uint64_t id)
{
	(void)ctx;
	w.acknowledgements++;
	w.acknowledged = id;
}

static void
mute(void *ctx, unsigned rule, bool muted)
{
	(void)ctx;
	w.mute.times++;
	w.mute.rule = rule;
	w.mute.muted = muted;
}

static int
get_past(void *ctx, int64_t id, int step, struct dashboard_past *past,
	 struct err *err)
{
	(void)ctx;
	w.past.times++;
	w.past.id = id;
	w.past.step = step;
	if (id < INT64_MAX)
		return err_set(err, WEIR_NOT_FOUND, 0, "there is none");
	*past = scene_past(SCENE_NORMAL, 7);
	return 0;
}

static void
browse(void *ctx, const struct page_query *query, uint64_t number)
{
	(void)ctx;
	w.browse.times++;
	w.browse.asked = query != NULL;
	w.browse.number = number;
}

/* The answer comes to those who wait. */
static int
get_page(void *ctx, struct page **page, struct err *err)
{
	(void)ctx;
	if (!w.browse.settled)
		return err_set(err, WEIR_NOT_FOUND, 0, "not yet");
	w.browse.settled = false;
	*page = lists_numbered(w.browse.number, 0, 20, 0, 100000);
	return 0;
}

static int
get_key(void *ctx, unsigned table, int64_t window_ms,
	const struct view_text *id, int windows, struct view_key **key,
	struct err *err)
{
	(void)ctx;
	(void)table;
	(void)window_ms;
	(void)windows;
	w.keys++;
	*key = lists_key(SCENE_NORMAL, SECOND, id);
	return *key ? 0 : err_set(err, WEIR_NOT_FOUND, 0, "no such key");
}

static void
fetch(void *ctx, const struct view_position *position)
{
	(void)ctx;
	w.fetches++;
	w.fetched = *position;
}

static struct view_event *
get_event(void *ctx)
{
	(void)ctx;
	if (!w.fetch_settled)
		return NULL;
	w.fetch_settled = false;
	return lists_event(SCENE_NORMAL, "the event is gone");
}

static void
take_snapshot(void *ctx)
{
	(void)ctx;
	w.snapshots++;
}

static bool
get_told(void *ctx, char *text, size_t size)
{
	(void)ctx;
	if (w.told == w.snapshots)
		return false;
	w.told = w.snapshots;
	snprintf(text, size, "snapshot %u is taken", w.told);
	return true;
}

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	assert_true(w.notes_len < NOTES_MAX);
	w.notes[w.notes_len].ms = since_start();
	snprintf(w.notes[w.notes_len++].text, sizeof(w.notes[0].text), "%s",
		 text);
}

static int
pass(void *ctx, int ms, struct err *err)
{
	(void)ctx;
	w.passes++;
	/* A stage that does not end is a failure, too. */
	assert_true(w.passes < 1000);
	if (since_start() >= w.broken_ms)
		return err_set(err, WEIR_KAFKA, 0, "the broker is silent");
	w.now_ms += ms;
	if (since_start() == w.signal_ms / 2)
		raise(SIGWINCH);
	if (since_start() == w.signal_ms)
		raise(SIGINT);
	return 0;
}

static void
settle(void *ctx)
{
	(void)ctx;
	w.settled++;
	w.browse.settled = w.browse.asked && w.browse.times > 0;
	w.fetch_settled = w.fetches > 0;
}

static int
keep(void *ctx, const struct settings *settings, struct err *err)
{
	(void)ctx;
	w.kept++;
	w.theme = settings->theme;
	return w.keep_fails
		   ? err_set(err, WEIR_SYSTEM, 0, "the settings are not kept")
		   : 0;
}

static int
set_up(void **state)
{
	sigset_t signals;

	(void)state;
	w = (struct world){
	    .now_ms = START_MS,
	    .live = scene_live(SCENE_NORMAL),
	    .message_ms = NEVER,
	    .silent_ms = NEVER,
	    .ended_ms = NEVER,
	    .failed_ms = NEVER,
	    .broken_ms = NEVER,
	    .signal_ms = NEVER,
	    .unread_ms = NEVER,
	    .read_ms = NEVER,
	    .source = {.view = get_view,
		       .live = get_live,
		       .control = control,
		       .fault = set_fault,
		       .now_ms = get_now_ms,
		       .acknowledge = acknowledge,
		       .mute = mute,
		       .past = get_past,
		       .browse = browse,
		       .browsed = get_page,
		       .key = get_key,
		       .fetch = fetch,
		       .fetched = get_event,
		       .snapshot = take_snapshot,
		       .told = get_told,
		       .note = note,
		       .pass = pass,
		       .settle = settle,
		       .keep = keep},
	    .options = {.rows = 40, .cols = 120},
	};
	settings_init(&w.options.settings);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGWINCH);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	w.options.signal_fd = signalfd(-1, &signals, SFD_NONBLOCK);
	return w.options.signal_fd < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(w.options.signal_fd);
	script_free(w.script);
	buf_release(&w.player.screen);
	return 0;
}

/* ---- Playing ---- */

/* `text`: NULL: no script. A second script of a test follows the first. */
static int
play(const char *text)
{
	w.options.player = NULL;
	if (text) {
		script_free(w.script);
		buf_release(&w.player.screen);
		assert_int_equal(
		    script_parse("test", text, strlen(text), &w.script, &w.err),
		    0);
		w.player = (struct player){.script = w.script};
		w.options.player = &w.player;
	}
	return stage_run(&w.source, &w.options, &w.err);
}

static void
play_ok(const char *text)
{
	if (play(text))
		fail_msg("%s", w.err.text);
}

static void
play_fails(const char *text, int code, const char *sentence)
{
	assert_int_equal(play(text), code);
	assert_string_equal(w.err.text, sentence);
}

static void
assert_note(unsigned i, int64_t ms, const char *text)
{
	assert_true(i < w.notes_len);
	assert_string_equal(w.notes[i].text, text);
	assert_int_equal(w.notes[i].ms, ms);
}

/* ---- Files ---- */

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* The caller's. */
static struct buf
read_file(const char *name)
{
	FILE *file = fopen(path_of(name), "r");
	struct buf out = BUF_INIT;
	char bytes[4096];
	size_t size;

	assert_non_null(file);
	buf_add(&out, "", 0);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(&out, bytes, size);
	fclose(file);
	return out;
}

static unsigned
count(const struct buf *buf, const char *text)
{
	unsigned times = 0;

	for (const char *at = buf->data; (at = strstr(at, text)); at++)
		times++;
	return times;
}

/* What playing it records; the caller's. */
static struct buf
record(const char *script, bool with_keys)
{
	struct cast_options options = {.version = 2,
				       .cols = w.options.cols,
				       .rows = w.options.rows,
				       .colour = true,
				       .keys = with_keys};

	assert_int_equal(
	    cast_open(path_of("cast"), &options, &w.options.cast, &w.err), 0);
	play_ok(script);
	assert_int_equal(
	    cast_close(w.options.cast, since_start() * 1000, &w.err), 0);
	w.options.cast = NULL;
	return read_file("cast");
}

/* Its events of one kind, in order: "[0.000000, "m", "here"]\n" and so on. */
static void
assert_events(const struct buf *cast, const char *kind, const char *expected)
{
	struct buf found = BUF_INIT;
	const char *end;
	char part[16];

	snprintf(part, sizeof(part), ", \"%s\", ", kind);
	buf_add(&found, "", 0);
	for (const char *line = cast->data; *line; line = end + 1) {
		const char *is = strstr(line, part);

		end = strchr(line, '\n');
		assert_non_null(end);
		if (is && is < end)
			buf_add(&found, line, (size_t)(end + 1 - line));
	}
	assert_string_equal(found.data, expected);
	buf_release(&found);
}

/* ---- Waiting ---- */

/* Ten times 250 ms are 2.5 s, though frames are a tenth of a second apart. */
static void
test_waits(void **state)
{
	(void)state;
	play_ok("wait 250ms\nwait 250ms\nwait 250ms\nwait 250ms\nwait 250ms\n"
		"wait 250ms\nwait 250ms\nwait 250ms\nwait 250ms\nwait 250ms\n"
		"mark over\n");
	assert_int_equal(w.passes, 25);
	assert_note(0, 2500, "over");
}

/* Steps between them take no time. */
static void
test_waits_between(void **state)
{
	static const int64_t expected_ms[] = {300, 500, 800, 1000, 1300, 1500};

	(void)state;
	play_ok("wait 250ms\nmark a\nwait 250ms\nmark b\nwait 250ms\nkeys +\n"
		"mark c\nwait 250ms\nmark d\nwait 250ms\nmark e\nwait 0s\n"
		"wait 250ms\nmark f\n");
	assert_int_equal(w.notes_len, 6);
	for (unsigned i = 0; i < w.notes_len; i++)
		assert_int_equal(w.notes[i].ms, expected_ms[i]);
	assert_int_equal(w.passes, 15);
}

static void
test_no_time(void **state)
{
	struct buf cast;

	(void)state;
	cast = record("keys +\nrate 5k\nmark a\nresize 100x30\nwait 0s\n"
		      "expect \"5,000/s target\" within 0s\nmark b\n",
		      false);
	assert_int_equal(w.passes, 0);
	assert_int_equal(w.controls, 2);
	assert_note(0, 0, "a");
	assert_note(1, 0, "b");
	assert_int_equal(count(&cast, "[0.000000, "), count(&cast, "\n["));
	buf_release(&cast);
}

/* Without pass() time passes by itself. */
static void
test_by_the_clock(void **state)
{
	(void)state;
	w.source.pass = NULL;
	w.source.settle = NULL;
	w.tick_ms = FRAME_MS;
	play_ok("wait 1s\nmark over\n");
	assert_int_equal(w.passes, 0);
	assert_int_equal(w.notes_len, 1);
	assert_true(w.notes[0].ms >= 1000);
}

/* ---- What is expected ---- */

static void
test_expect(void **state)
{
	(void)state;
	w.message_ms = 700;
	w.silent_ms = 1500;
	play_ok("expect \"all is lost\" within 1s\nmark there\n"
		"expect \"all is lost\" within 0s\n"
		"expect not \"all is lost\" within 800ms\nmark gone\n"
		"expect not \"all is lost\" within 0s\n"
		"wait 250ms\nmark later\n");
	assert_note(0, 700, "there");
	assert_note(1, 1500, "gone");
	assert_note(2, 1800, "later");
	assert_int_equal(w.player.screen.size, 0);
}

/* At the very end of its time it is in time. */
static void
test_expect_in_time(void **state)
{
	(void)state;
	w.message_ms = 1000;
	play_ok("expect \"all is lost\" within 1s\nmark there\n");
	assert_note(0, 1000, "there");
}

static void
test_expect_fails(void **state)
{
	(void)state;
	play_fails("# first\n\nexpect \"all is lost\" within 1s\nmark never\n",
		   WEIR_NOT_FOUND,
		   "test:3: \"all is lost\" was not on the screen within 1 s");
	assert_int_equal(since_start(), 1000);
	assert_int_equal(w.notes_len, 0);
	/* What there was. */
	assert_non_null(strstr(w.player.screen.data, "10,000/s target"));
	assert_int_equal(count(&w.player.screen, "\n"), w.options.rows);
}

static void
test_expect_fails_at_once(void **state)
{
	(void)state;
	w.message_ms = 0;
	play_fails("expect not \"all is lost\" within 0s\n", WEIR_NOT_FOUND,
		   "test:1: \"all is lost\" was still on the screen within "
		   "0 s");
	assert_int_equal(w.passes, 0);
	assert_non_null(strstr(w.player.screen.data, "all is lost"));
}

/* Its time begins when the wait before it was over. */
static void
test_expect_not_fails(void **state)
{
	(void)state;
	w.message_ms = 0;
	play_fails("wait 300ms\nexpect not \"all is lost\" within 2.5s\n",
		   WEIR_NOT_FOUND,
		   "test:2: \"all is lost\" was still on the screen within "
		   "2.5 s");
	assert_int_equal(since_start(), 2800);
}

/* A text is in one row. */
static void
test_expect_one_row(void **state)
{
	(void)state;
	w.message_ms = 0;
	assert_int_equal(play("expect \"lostall\" within 0s\n"),
			 WEIR_NOT_FOUND);
	play_ok("resize 40x12\nexpect \"all is lost\" within 0s\n");
}

/* ---- Keys ---- */

static void
test_keys(void **state)
{
	(void)state;
	play_ok("keys +\n"
		"expect \"11,000/s target\" within 0s\n"
		"type xr7k\n"
		"keys Enter\n"
		"expect \"7,000/s target\" within 0s\n");
	assert_int_equal(w.controls, 3);
	assert_true(w.controlled.per_s == 7000);

	play_ok("keys f Down Enter Esc\nexpect \"FAULT broker down\"\n");
	assert_int_equal(w.faults, FAULTS);
	for (int i = 0; i < FAULTS; i++)
		assert_int_equal(w.faulty[i], i == FAULT_DOWN);
	play_ok("keys F\n");
	assert_int_equal(w.faults, 2 * FAULTS);
	assert_false(w.faulty[FAULT_DOWN]);

	play_ok("keys S S\nexpect \"snapshot 2 is taken\" within 1s\n");
	assert_int_equal(w.snapshots, 2);
}

static void
test_alert_keys(void **state)
{
	(void)state;
	w.scene = SCENE_ALERTS;
	w.fires[0] = 1;
	play_ok("keys a\n");
	assert_int_equal(w.acknowledgements, 1);
	assert_int_equal(w.acknowledged, 41);
	play_ok("keys A m\n");
	assert_int_equal(w.acknowledgements, 2);
	assert_int_equal(w.acknowledged, 0);
	assert_int_equal(w.mute.times, 1);
	assert_int_equal(w.mute.rule, 0);
	assert_true(w.mute.muted);
}

static void
test_past_keys(void **state)
{
	(void)state;
	play_ok("keys {\nexpect \"7 of 31\" within 0s\n"
		"keys {\nexpect \"7 of 31\" within 0s\n");
	assert_int_equal(w.past.times, 2);
	assert_int_equal(w.past.step, -1);
	assert_true(w.past.id < INT64_MAX);
	play_ok("keys d\n");
	assert_int_equal(w.past.times, 3);
	assert_true(w.past.id == INT64_MAX);
}

/* What is asked for is there in the same frame. */
static void
test_answers(void **state)
{
	(void)state;
	play_ok("keys t\nexpect \"100,000 rows\" within 0s\n"
		"expect \"key 7 \" within 0s\nwait 1s\nkeys Esc\n");
	assert_true(w.settled > 0);
	/* For none at first, for rows, and again for none. */
	assert_int_equal(w.browse.times, 3);
	assert_false(w.browse.asked);

	play_ok("keys Down Enter\nexpect \"i000001\" within 0s\n"
		"keys e\nexpect \"the event is gone\" within 0s\n");
	assert_true(w.keys > 0);
	assert_int_equal(w.fetches, 1);
	assert_true(w.fetched.offset >= 0);
}

static void
test_quit(void **state)
{
	(void)state;
	play_ok("keys + q + +\nmark never\nwait 1h\n");
	assert_int_equal(w.controls, 1);
	assert_int_equal(w.notes_len, 0);
	assert_int_equal(w.passes, 0);
	play_ok("wait 300ms\ntype q\nwait 1h\n");
	assert_int_equal(w.passes, 3);
}

static void
test_rate(void **state)
{
	(void)state;
	play_ok("rate 5k\nexpect \"5,000/s target\" within 0s\n");
	assert_int_equal(w.controls, 1);
	assert_true(w.controlled.per_s == 5000);
	play_ok("rate max\n");
	assert_true(isinf(w.controlled.per_s));
	play_ok("rate 0\nexpect \"STOPPED\" within 0s\n");
	assert_true(w.controlled.per_s == 0);
	assert_int_equal(w.controls, 3);
	/* Of others' events there is none. */
	w.live.generating = false;
	play_ok("rate 5k\n");
	assert_int_equal(w.controls, 3);
}

/* ---- Recording ---- */

static void
test_resize(void **state)
{
	struct buf cast;

	(void)state;
	cast = record("wait 100ms\nresize 60x20\nwait 200ms\nresize 100x30\n"
		      "resize 100x30\n",
		      false);
	assert_events(&cast, "r",
		      "[0.100000, \"r\", \"60x20\"]\n"
		      "[0.300000, \"r\", \"100x30\"]\n");
	buf_release(&cast);
	/* It stays. */
	assert_int_equal(play("resize 60x20\nwait 1s\nexpect \"no such\" "
			      "within 1s\n"),
			 WEIR_NOT_FOUND);
	assert_int_equal(count(&w.player.screen, "\n"), 20);
}

static void
test_marks(void **state)
{
	struct buf cast;

	(void)state;
	cast = record("mark begin\nwait 1.5s\nmark \"the \\\"end\\\"\"\n"
		      "keys + q\n",
		      true);
	assert_events(&cast, "m",
		      "[0.000000, \"m\", \"begin\"]\n"
		      "[1.500000, \"m\", \"the \\\"end\\\"\"]\n");
	assert_events(&cast, "i",
		      "[1.500000, \"i\", \"+\"]\n"
		      "[1.500000, \"i\", \"q\"]\n");
	assert_int_equal(w.notes_len, 2);
	assert_note(0, 0, "begin");
	assert_note(1, 1500, "the \"end\"");
	buf_release(&cast);
	/* Also where there is no log, or no recording. */
	w.source.note = NULL;
	cast = record("mark alone\n", true);
	assert_int_equal(count(&cast, "alone"), 1);
	buf_release(&cast);
	play_ok("mark nowhere\n");
}

/* A frame that shows nothing new is not recorded. */
static void
test_frames(void **state)
{
	struct buf cast;

	(void)state;
	w.still = true;
	cast = record("wait 900ms\n", false);
	/* The first, and the cursor at the end. */
	assert_int_equal(count(&cast, "\"o\""), 2);
	buf_release(&cast);
}

/* Once when alerts of a rule begin to fire, not while they do. */
static void
test_alerts(void **state)
{
	struct buf cast;

	(void)state;
	w.scene = SCENE_ALERTS;
	w.fires[0] = 0x13c; /* 0.2 to 0.5 s, and at 0.8 s */
	w.fires[2] = 0xfff;
	cast = record("wait 1s\n", false);
	assert_events(&cast, "m",
		      "[0.000000, \"m\", \"alert: falling behind\"]\n"
		      "[0.200000, \"m\", \"alert: hot item\"]\n"
		      "[0.800000, \"m\", \"alert: hot item\"]\n");
	buf_release(&cast);
	assert_int_equal(w.notes_len, 0);
}

static void
test_theme(void **state)
{
	static const char clear[] = "\\u001b[2J";
	struct buf cast;

	(void)state;
	cast = record("wait 100ms\nkeys T\nwait 100ms\n", false);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.theme, THEME_LIGHT);
	/* All of it is painted anew, in the theme's colours. */
	assert_int_equal(count(&cast, clear), 2);
	assert_int_equal(count(&cast, "[0.100000, \"o\", \"\\u001b[?25l"), 1);
	buf_release(&cast);
	w.keep_fails = true;
	play_ok("keys T\nexpect \"the settings are not kept\" within 0s\n");
}

/* ---- Screenshots ---- */

static void
shoot(const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "keys g\nscreenshot %s\n", path_of(name));
	play_ok(text);
}

static void
test_screenshots(void **state)
{
	struct buf text, picture, lines;

	(void)state;
	shoot("a.txt");
	shoot("a.svg");
	shoot("a.ansi");
	text = read_file("a.txt");
	picture = read_file("a.svg");
	lines = read_file("a.ansi");
	assert_int_equal(count(&text, "\n"), w.options.rows);
	assert_int_equal(count(&text, "\033"), 0);
	assert_true(count(&text, "shape") > 0);
	assert_int_equal(count(&picture, "<svg "), 1);
	assert_int_equal(count(&picture, "</svg>"), 1);
	assert_int_equal(count(&lines, "\n"), w.options.rows);
	assert_true(count(&lines, "\033[") > count(&lines, "\n"));
	buf_release(&text);
	buf_release(&picture);
	buf_release(&lines);
	/* Of the theme that is set. */
	w.options.settings.theme = THEME_LIGHT;
	lines = read_file("a.ansi");
	shoot("a.ansi");
	text = read_file("a.ansi");
	assert_string_not_equal(lines.data, text.data);
	buf_release(&text);
	buf_release(&lines);
}

static void
test_no_screenshot(void **state)
{
	char script[256], sentence[256];

	(void)state;
	play_fails("mark a\nscreenshot /no/such/folder.svg\nmark b\n",
		   WEIR_SYSTEM,
		   "test:2: cannot write /no/such/folder.svg: No such file or "
		   "directory");
	assert_int_equal(w.notes_len, 1);
	assert_int_equal(w.player.screen.size, 0);
	/* It is small enough to fail only when it is closed, or it is not. */
	assert_int_equal(symlink("/dev/full", path_of("full.txt")), 0);
	assert_int_equal(symlink("/dev/full", path_of("full.svg")), 0);
	for (int i = 0; i < 2; i++) {
		const char *path = path_of(i ? "full.svg" : "full.txt");

		snprintf(script, sizeof(script), "resize 40x10\n%sshot %s\n",
			 "screen", path);
		snprintf(sentence, sizeof(sentence),
			 "test:2: cannot write %s: No space left on device",
			 path);
		play_fails(script, WEIR_SYSTEM, sentence);
	}
}

/* ---- The end ---- */

static void
test_script_over(void **state)
{
	struct buf cast;

	(void)state;
	w.ended_ms = 0; /* of the flow, which the script outlives */
	cast = record("", false);
	assert_int_equal(w.passes, 0);
	/* The first picture is there, and the cursor at the end. */
	assert_int_equal(count(&cast, "\"o\""), 2);
	buf_release(&cast);
	play_ok("wait 2s\nmark over\n");
	assert_note(0, 2000, "over");
}

static void
test_flow_over(void **state)
{
	(void)state;
	w.ended_ms = 1200;
	play_ok(NULL);
	assert_int_equal(w.passes, 12);
}

static void
test_flow_fails(void **state)
{
	(void)state;
	w.failed_ms = 500;
	play_ok("wait 1h\n");
	assert_int_equal(w.passes, 6);
	w.passes = 0;
	play_ok(NULL);
	assert_int_equal(w.passes, 1);
}

static void
test_pass_fails(void **state)
{
	(void)state;
	w.broken_ms = 300;
	play_fails("wait 1s\nmark never\n", WEIR_KAFKA, "the broker is silent");
	assert_int_equal(w.passes, 4);
	assert_int_equal(w.notes_len, 0);
}

/* Another size of a terminal that is not drawn on is nothing. */
static void
test_signal(void **state)
{
	(void)state;
	w.signal_ms = 400;
	play_ok("wait 1h\n");
	assert_int_equal(w.passes, 4);
}

/* ---- Frames ---- */

/* What cannot be read is said as long as it cannot. */
static void
test_no_view(void **state)
{
	(void)state;
	w.unread_ms = 0;
	w.read_ms = 500;
	play_ok("expect \"the store is away\" within 0s\n"
		"expect not \"the store is away\" within 500ms\nmark back\n"
		"expect \"u000001\" within 0s\n");
	assert_note(0, 500, "back");
}

static void
test_draws_what_is_new(void **state)
{
	struct frame frame;

	(void)state;
	frame_init(&frame, &w.source, &w.options, false);
	frame_fetch(&frame, w.now_ms);
	assert_true(frame_draw(&frame, 24, 80, w.now_ms));
	assert_int_equal(frame.canvas.rows, 24);
	assert_int_equal(frame.canvas.cols, 80);
	/* Nothing is new: not even the second. */
	frame_fetch(&frame, w.now_ms);
	assert_false(frame_draw(&frame, 24, 80, w.now_ms));
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	assert_false(frame_draw(&frame, 25, 80, w.now_ms));
	/* Each of these is. */
	w.live.held_back = true;
	frame_fetch(&frame, w.now_ms);
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	w.live.controls.bad_share = 0.5;
	frame_fetch(&frame, w.now_ms);
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	w.live.faults[FAULT_SLOW].on = true;
	frame_fetch(&frame, w.now_ms);
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	w.now_ms += 10;
	frame_fetch(&frame, w.now_ms);
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	assert_int_equal(frame_key(&frame, KEYS_REDRAW, w.now_ms),
			 SCREEN_REDRAW);
	assert_true(frame_draw(&frame, 25, 80, w.now_ms));
	assert_int_equal(frame_key(&frame, 'q', w.now_ms), SCREEN_QUIT);
	assert_int_equal(frame_key(&frame, 'T', w.now_ms), SCREEN_SETTINGS);
	assert_int_equal(frame_key(&frame, '+', w.now_ms), SCREEN_NOTHING);
	assert_int_equal(w.controls, 1);
	frame_release(&frame);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
delete_folder(void **state)
{
	(void)state;
	remove_folder(folder);
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_waits),
	    TEST(test_waits_between),
	    TEST(test_no_time),
	    TEST(test_by_the_clock),
	    TEST(test_expect),
	    TEST(test_expect_in_time),
	    TEST(test_expect_fails),
	    TEST(test_expect_fails_at_once),
	    TEST(test_expect_not_fails),
	    TEST(test_expect_one_row),
	    TEST(test_keys),
	    TEST(test_alert_keys),
	    TEST(test_past_keys),
	    TEST(test_answers),
	    TEST(test_quit),
	    TEST(test_rate),
	    TEST(test_resize),
	    TEST(test_marks),
	    TEST(test_frames),
	    TEST(test_alerts),
	    TEST(test_theme),
	    TEST(test_screenshots),
	    TEST(test_no_screenshot),
	    TEST(test_script_over),
	    TEST(test_flow_over),
	    TEST(test_flow_fails),
	    TEST(test_pass_fails),
	    TEST(test_signal),
	    TEST(test_no_view),
	    TEST(test_draws_what_is_new),
	};
#undef TEST

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return printf("1..0 # SKIP no locale C.UTF-8\n") < 0;
	return cmocka_run_group_tests(tests, make_folder, delete_folder);
}
