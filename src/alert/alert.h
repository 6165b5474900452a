/*
 * Alerts: the rules of a pipeline, and what became of each, for each key where
 * a rule is about keys. docs/alerts.md says what the rules mean.
 *
 * Plain memory, no I/O, no clock: time comes in as struct alert_moment, rows
 * and summaries through struct alert_source. One owner, the store that writes,
 * which calls, for each commit:
 *
 *   alerts_begin()
 *   alerts_command()   for what somebody acknowledged or muted
 *   alerts_row()       for each changed row of a table that is watched
 *   alerts_table()     for each table, before windows of it expire
 *   alerts_second()    for each whole second by the clock
 *   alerts_end()
 *
 * then writes what is dirty, and, when that has succeeded, alerts_done(). When
 * it has not, what is here is no longer what is stored: release it and load it
 * again.
 *
 * Invariants:
 *  - What is not changed costs nothing: only changed rows are looked at, each
 *    row of a window at most once more, when the window is complete.
 *  - Windows are judged in their order. The oldest that still takes events is
 *    judged only for what later events cannot take back. So the same events
 *    give the same alerts, wherever commits fall between them.
 *  - At most kept_max alerts of a rule; those beyond are counted.
 */
#ifndef WEIR_ALERT_ALERT_H
#define WEIR_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "aggregate/aggregate.h"
#include "aggregate/group.h"
#include "aggregate/row.h"
#include "aggregate/watermark.h"
#include "alert/notice.h"
#include "base/value.h"
#include "pipeline/pipeline.h"

#define ALERT_KEPT_MAX  10000 /* of a rule */
#define ALERT_LOG_MAX   100   /* of all rules together */
#define ALERT_OVER_MAX  301   /* seconds that are looked back at, and one */
#define ALERT_NO_TIME   INT64_MIN
#define ALERT_NO_WINDOW INT64_MIN

enum alert_state {
	ALERT_IDLE, /* kept for its cooldown, or since its window's turn is
		       still to come */
	ALERT_PENDING,
	ALERT_FIRING,
	ALERT_ACKNOWLEDGED,
	ALERT_CLEARED, /* in the log only */
};

/*
 * "The rule's time" is the watermark for tables without windows, the end of the
 * window for those with, and the clock for the flow.
 */
struct alert {
	struct alert *next;       /* in its bucket */
	struct alert *dirty_next; /* in alerts.dirty */
	uint64_t hash;
	size_t at; /* in the rule's alerts */
	bool dirty;
	bool gone;    /* to be deleted */
	bool touched; /* its row has changed in this commit */
	int64_t written_ms;

	enum alert_state state;
	uint64_t id;       /* of this firing; 0: it does not fire */
	int64_t window_ms; /* the last in which the condition held */
	int64_t seen_ms;   /* the newest in which it was seen to hold */
	int64_t run_ms;    /* since when it holds, the rule's time; of windows:
			      the start of the first */
	int64_t since_ms;  /* clock: of the state */
	int64_t fired_ms;  /* clock; -1: never */
	int64_t at_ms;     /* the rule's time of the state */
	int64_t cleared_at_ms; /* the rule's time; ALERT_NO_TIME: never */
	struct value value, limit;
	uint32_t key_size;
	char key[]; /* a row key without window; of no bytes: about none */
};

/* What is kept of alerts that fired or cleared in one commit, for a notice. */
#define ALERT_EXAMPLES 5
struct alert_group {
	int64_t count;
	struct alert_example {
		uint64_t id;
		int64_t window_ms, at_ms;
		struct value value, limit;
		uint32_t key_size;
		char key[PIPELINE_KEY_MAX + 8];
	} * examples; /* the furthest beyond the limit first */
	unsigned len;
};

struct alert_rule {
	const struct alert_spec *spec;
	const struct table_spec *table; /* NULL: of the flow */
	const struct row_layout *layout;
	bool early;    /* later events of a window cannot take it back */
	uint32_t slot; /* its number in the store */
	bool dirty;
	bool muted;
	int64_t fired, fired_ms; /* clock, -1: never */
	int64_t beyond;          /* crossings that found no room */
	int64_t judged_ms;       /* windows before are judged; or
				    ALERT_NO_WINDOW */
	struct alert **buckets;
	size_t buckets_len;
	struct alert **alerts;
	size_t len, room;
	struct alert_group fires, clears; /* of this commit */
	bool fired_last;                  /* the same: what came last */
};

/* An entry of the log: a copy, with the key behind it. */
struct alert_change {
	unsigned rule;
	enum alert_state state;
	uint64_t id;
	int64_t window_ms, since_ms, fired_ms, at_ms;
	struct value value, limit;
	uint32_t key_size;
	char key[PIPELINE_KEY_MAX + 8];
};

struct alert_moment {
	int64_t now_ms; /* clock */
	int64_t watermark_ms;
};

/* The flow's counters at the end of a second by the clock. */
struct alert_second {
	int64_t second;
	int64_t consumed, dead, lag;
	int64_t changes; /* of the schema as seen */
};

enum alert_command_kind { ALERT_ACKNOWLEDGE, ALERT_MUTE, ALERT_UNMUTE };

struct alert_command {
	enum alert_command_kind kind;
	uint64_t id;   /* to acknowledge; 0: all that fire */
	unsigned rule; /* to mute */
};

/*
 * What is asked while a commit is judged, of the rows as the commit has made
 * them. 0; WEIR_NOT_FOUND; anything else ends the judging and is returned.
 */
struct alert_source {
	void *ctx;
	/* Borrowed until the next call. */
	int (*row)(void *ctx, unsigned table, int64_t window_ms,
		   struct text key, const void **row);
	int (*summary)(void *ctx, unsigned table, int64_t window_ms,
		       struct group_summary *summary);
	/* The first window at `from_ms` or later. */
	int (*window)(void *ctx, unsigned table, int64_t from_ms,
		      int64_t *start_ms);
	/* All rows of a window; ends when visit() does not return 0. */
	int (*rows)(void *ctx, unsigned table, int64_t window_ms,
		    int (*visit)(void *arg, struct text key, const void *row),
		    void *arg);
};

struct alerts {
	const struct pipeline *pipeline;
	struct row_layout layouts[PIPELINE_TABLES_MAX];
	struct alert_rule rules[PIPELINE_ALERTS_MAX];
	unsigned rules_len;
	unsigned kept_max; /* ALERT_KEPT_MAX; tests take less */
	bool look_back;    /* rows are asked for instead of being told */

	/* Numbers; stored. */
	uint64_t next_id, next_change, next_notice, delivered;
	uint32_t next_slot;
	struct alert_second last; /* second -1: none */
	int64_t silent_s;

	/* Seconds without a hole up to `last`, oldest first. */
	struct alert_second seconds[ALERT_OVER_MAX];
	unsigned seconds_len;
	int64_t changes_before; /* those of the schema before the first */

	/* Of this commit. */
	struct alert_moment now;
	struct alert *dirty;
	struct alert_change changes[ALERT_LOG_MAX]; /* a ring: the newest */
	uint64_t changes_len;                       /* all of them */
	/* Called for each change, besides; NULL: nobody asks. */
	void (*on_change)(void *ctx, const struct alert_change *change);
	void *on_change_ctx;
};

/* The pipeline outlives it. */
struct alerts *alerts_new(const struct pipeline *p);
void alerts_free(struct alerts *alerts); /* NULL is fine */

/* Whether changed rows of a table are to be told. */
bool alerts_watch(const struct alerts *alerts, unsigned table);

void alerts_begin(struct alerts *alerts, const struct alert_moment *now);
void alerts_command(struct alerts *alerts, const struct alert_command *command);
/* old: NULL when the key is new. */
void alerts_row(struct alerts *alerts, unsigned table, int64_t window_ms,
		struct text key, const void *old, const void *now);
int alerts_table(struct alerts *alerts, unsigned table,
		 const struct alert_source *source);
void alerts_second(struct alerts *alerts, const struct alert_second *second);
void alerts_end(struct alerts *alerts);
void alerts_done(struct alerts *alerts);

/* A second that was seen by an earlier run: known, and not judged. */
void alerts_known_second(struct alerts *alerts,
			 const struct alert_second *second);

/*
 * What was told in this commit, one notice for each rule and state; appended.
 * Rules that are muted tell nothing.
 */
void alerts_notices(struct alerts *alerts, struct notices *out);

/* ---- For who stores it ---- */

/* Adds one that was stored; the caller fills it. */
struct alert *alerts_add(struct alert_rule *rule, struct text key);

/* The start of the oldest window that is not complete. */
int64_t alert_bound(const struct table_spec *table, int64_t watermark_ms);

/* ---- Between the files of this folder ---- */

enum alert_verdict {
	VERDICT_HOLDS,
	VERDICT_BETWEEN, /* no longer, but not beyond the limit of clearing */
	VERDICT_CLEAR,
};

/* Of a rule that compares with its own limit, not with windows before. */
enum alert_verdict alert_judge(const struct alert_spec *spec,
			       struct value value);

struct alert *alert_find(const struct alert_rule *rule, struct text key);
/* NULL: there is no room. */
struct alert *alert_find_or_add(struct alerts *alerts, struct alert_rule *rule,
				struct text key);
/* The rule's time is window_ms' end, or, without one, time_ms. */
void alert_observe(struct alerts *alerts, struct alert_rule *rule,
		   struct alert *alert, enum alert_verdict verdict,
		   struct value value, struct value limit, int64_t window_ms,
		   int64_t time_ms);
void alert_mark(struct alerts *alerts, struct alert *alert);

#endif
