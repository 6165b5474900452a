/*
 * The dashboard: the terminal, its keys and its panels.
 *
 * It runs in the main thread, which is the only one that draws. It reads
 * struct view and sends commands; it knows nothing of Kafka or LMDB: all that
 * it needs comes through struct dashboard_source.
 */
#ifndef WEIR_UI_DASHBOARD_H
#define WEIR_UI_DASHBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "fault.h"
#include "generate/controls.h"
#include "settings.h"
#include "store/page.h"
#include "store/view.h"

struct cast;
struct player;

/* What changes between commits: asked for at each frame, never stored. */
struct dashboard_live {
	bool generating;                    /* false: this weir only watches */
	struct generator_controls controls; /* the same rate, and the rest */
	int64_t curve_ns;                   /* since its curve began */
	double actual_per_s; /* generated over the last second; -1: unknown */
	bool held_back;      /* the generator waits for the consumer */
	bool ended;          /* over: --events or --duration reached, or the
				store is at rest */
	bool failed;         /* it cannot go on */
	bool disconnected;   /* no broker can be reached at the moment */
	struct fault_state faults[FAULTS]; /* all off where none can be made */
	char message[ERR_TEXT_MAX]; /* a problem that persists now; "" for none
				     */
};

/* A moment of the past: a snapshot, as a view. */
struct dashboard_past {
	struct view *view;     /* whose it is, is said where it is passed */
	int64_t id;            /* of the snapshot */
	int64_t taken_ms;      /* clock time */
	int64_t number, total; /* it is the number-th of total, from 1 on */
};

/*
 * Implemented by the caller. All are called in the dashboard's thread and
 * must not block for longer than a read transaction.
 */
struct dashboard_source {
	void *ctx;
	/*
	 * A view newer than commit `seen` into *view, which the dashboard
	 * then owns; WEIR_NOT_FOUND when there is none newer.
	 */
	int (*view)(void *ctx, uint64_t seen, struct view **view,
		    struct err *err);
	void (*live)(void *ctx, struct dashboard_live *live);
	/* Sets all that the generator can be told. */
	void (*control)(void *ctx, const struct generator_controls *controls);
	/* Makes or lifts a fault soon. NULL: none can be made here. */
	void (*fault)(void *ctx, enum fault fault, bool on);
	int64_t (*now_ms)(void *ctx); /* clock time */
	/*
	 * An alert by its id (0: all that fire) is acknowledged; a rule tells
	 * nobody any more, or again. What came of it is in a later view. Both
	 * NULL: not here.
	 */
	void (*acknowledge)(void *ctx, uint64_t id);
	void (*mute)(void *ctx, unsigned rule, bool muted);
	/*
	 * The snapshot next to the one with this id, before it (step < 0) or
	 * after it; before INT64_MAX is the newest. The view, of the same
	 * pipeline as view()'s, is then the dashboard's. WEIR_NOT_FOUND when
	 * there is none in that direction. NULL: no snapshots are known.
	 */
	int (*past)(void *ctx, int64_t id, int step,
		    struct dashboard_past *past, struct err *err);
	/*
	 * Asks for rows of a table, in place of those asked for before (query
	 * NULL: for none any more), which somebody else then reads; and takes
	 * the newest of them: see browse.h. Both NULL: rankings are all there
	 * is.
	 */
	void (*browse)(void *ctx, const struct page_query *query,
		       uint64_t number);
	int (*browsed)(void *ctx, struct page **page, struct err *err);
	/*
	 * What there is of a key as it is stored: see store_read_key(). There
	 * when browse is.
	 */
	int (*key)(void *ctx, unsigned table, int64_t window_ms,
		   const struct view_text *id, int windows,
		   struct view_key **key, struct err *err);
	/*
	 * Asks for an event of the topic, and takes it once it has come, or
	 * cannot come (NULL: not yet): see fetch.h. Both NULL: no broker is
	 * known.
	 */
	void (*fetch)(void *ctx, const struct view_position *position);
	struct view_event *(*fetched)(void *ctx);
	/*
	 * A snapshot is to be taken now; told() is asked at each frame whether
	 * there is something new to be said about it. Both NULL: none are
	 * taken.
	 */
	void (*snapshot)(void *ctx);
	bool (*told)(void *ctx, char *text, size_t size);
	/* As log_read(). NULL: there is none. */
	bool (*log)(void *ctx, struct log_lines *lines);
	/* Something that is to be in the log. NULL: there is none. */
	void (*note)(void *ctx, const char *text);
	/*
	 * In lockstep: moves virtual time on by so much, with the flow, and
	 * waits until the rows that were asked for are there (events and
	 * snapshots are, when it is asked for them). Both NULL: time passes by
	 * itself, and answers come when they come.
	 */
	int (*pass)(void *ctx, int ms, struct err *err);
	void (*settle)(void *ctx);
	/* The user has changed these. NULL: they are not kept. */
	int (*keep)(void *ctx, const struct settings *settings,
		    struct err *err);
};

struct dashboard_options {
	int signal_fd; /* signalfd(2) of SIGINT, SIGTERM, SIGHUP, SIGWINCH,
			  all blocked by the caller */
	struct settings settings;
	const char *say; /* at first, on the bottom line; NULL: nothing */
	bool notify; /* the terminal is told of alerts, to tell the desktop */
	const char *brokers;   /* in commands that are shown; NULL: as the view
				  says where it comes from */
	struct player *player; /* NULL: no script is played */
	struct cast *cast; /* what is drawn goes there, too; NULL: nowhere */
	int rows, cols;    /* at first, without a terminal */
};

/*
 * Takes the terminal, draws until the user or a script quits, or a signal
 * comes, and restores the terminal. Returns 0, or WEIR_SYSTEM when the terminal
 * cannot be used: the sentence says why; errors of player_turn() when a script
 * is played.
 */
int dashboard_run(const struct dashboard_source *source,
		  const struct dashboard_options *options, struct err *err);

#endif
