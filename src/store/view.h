/*
 * A view: all that a screen or a report shows, of one commit.
 *
 * It is built from one LMDB read transaction (invariant 3), then is plain
 * memory: it holds no transaction open, nobody else writes it, and all numbers
 * in it add up. The user interface knows this struct and nothing of the store.
 *
 * Text in it (keys, dead letters) is foreign: any bytes may occur, also NUL,
 * control characters and broken UTF-8. Who shows it escapes it.
 *
 * Unknown numbers are VALUE_NONE or -1 as noted, never 0.
 */
#ifndef WEIR_STORE_VIEW_H
#define WEIR_STORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"
#include "pipeline/pipeline.h"
#include "store/ledger.h"

#define VIEW_SECONDS 60  /* of a row's recent past */
#define VIEW_HISTORY 300 /* seconds of the whole flow's recent past */
#define VIEW_RANKING 100 /* rows from either end of a table */
#define VIEW_DEAD    100 /* dead letters kept whole */
#define VIEW_SPREAD  64
#define VIEW_WINDOWS 120 /* newest windows of a windowed table */
#define VIEW_LINES   8   /* keys of a table with windows that are drawn */
#define VIEW_SEEN    256 /* fields of events, the pipeline's and others */
#define VIEW_CHANGES 32  /* of these fields, the newest */
#define VIEW_ALERTS  100 /* alerts that are not cleared, and as many past */

struct view_text {
	const char *data; /* NUL behind it; may hold NUL */
	size_t size;
};

struct view_position {
	int32_t partition; /* -1: unknown */
	int64_t offset;
	const char *topic; /* NULL: unknown */
};

struct view_row {
	struct view_text key; /* parts of a composite key joined by " · " */
	struct view_text id;  /* the key as it is stored; size 0: not known, as
				 of a snapshot */
	struct value measures[PIPELINE_MEASURES_MAX];
	struct view_position first, last; /* the events that made it */
	/*
	 * Change of the ranking measure in each of the last VIEW_SECONDS
	 * whole seconds by the clock, oldest first; -1 where it is not known
	 * (the key was not in the ranking then). Unwindowed tables only.
	 */
	int64_t recent[VIEW_SECONDS];
	double per_s; /* mean of the known among the last 10; -1: unknown */
	/*
	 * Smallest and largest value of this key in the windows of the panel's
	 * windowed table (struct panel_spec windows): over complete windows for
	 * the smallest, over the current one too for the largest, and only of
	 * windows in which the key occurs.
	 */
	struct value window_min, window_max;
};

/* What a group of keys - a table, or one window of a table - sums up to. */
struct view_summary {
	int64_t keys;
	struct value total;       /* of the ranking measure over all events;
				     VALUE_NONE for distinct: keys can have
				     values in common */
	struct value average;     /* mean over keys for count, sum, distinct;
				     over events for average, minimum and
				     maximum measures */
	struct value min, max;    /* over keys */
	int64_t min_keys;         /* how many keys have the smallest value */
	struct view_text min_key; /* the first of them, by bytes */
	struct view_text max_key; /* of those with the largest, the first */
	/*
	 * spread[0]: keys with values below 1; spread[i]: keys with values in
	 * [2^(i-1), 2^i). -1: not kept (of a snapshot).
	 */
	int64_t spread[VIEW_SPREAD];
};

struct view_window {
	int64_t start_ms, end_ms; /* event time, [start, end) */
	bool complete;            /* the watermark has passed end + lateness */
	int64_t span_ms; /* of it since the table's first event (window.h);
			    of a snapshot, which does not know, all */
	struct view_summary summary;
	struct view_row *top; /* largest first; NULL unless asked for */
	unsigned top_len;
};

/* A key of a table with windows, over all windows of the view. */
struct view_line {
	struct view_text key, id; /* as of struct view_row */
	/*
	 * Parallel to the table's windows: of the measure that ranks, as an
	 * average where the table has average_ms; VALUE_NONE: the key does not
	 * occur in it.
	 */
	struct value *values;
};

struct view_table {
	const struct table_spec *spec; /* the pipeline's */
	struct view_summary summary;   /* of a windowed table: of its newest
					  window; all zero when there is none */
	struct view_row *top;          /* largest first */
	unsigned top_len;
	struct view_row *bottom; /* smallest first */
	unsigned bottom_len;
	int64_t late; /* events too late for this windowed table */
	struct view_window *windows; /* newest first; NULL for unwindowed */
	unsigned windows_len;
	/* The largest keys of the newest windows, in the order of keys; only
	   of tables with a "lines" panel. */
	struct view_line *lines;
	unsigned lines_len;
};

/* The type that a field has in an event, as JSON knows it. */
enum view_type {
	VIEW_TYPE_NULL,
	VIEW_TYPE_BOOLEAN,
	VIEW_TYPE_INTEGER, /* without fraction and exponent */
	VIEW_TYPE_NUMBER,
	VIEW_TYPE_STRING,
	VIEW_TYPE_OBJECT,
	VIEW_TYPE_ARRAY,
	VIEW_TYPES,
};

/* "null", "string" and so on. Static. */
const char *view_type_name(enum view_type type);

/* A field that occurs in events, whether the pipeline reads it or not. */
struct view_seen {
	struct view_text name;     /* keys from the outside in, joined by "." */
	bool known;                /* a field of the pipeline has this path */
	int64_t events;            /* that have it */
	int64_t types[VIEW_TYPES]; /* so many of these as each type */
	struct view_position first, last;
};

enum view_change_kind {
	VIEW_CHANGE_APPEARED,
	VIEW_CHANGE_VANISHED, /* its position is that of the last event with it
			       */
	VIEW_CHANGE_TYPE,     /* it has a type that it never had */
};

/* Something new about the fields of events (event/seen.h). */
struct view_change {
	enum view_change_kind kind;
	unsigned field;      /* index into seen */
	enum view_type type; /* of a field that vanished: means nothing */
	struct view_position position;
	int64_t time_ms; /* clock */
};

/* "appeared", "vanished", "type". Static. */
const char *view_change_kind_name(enum view_change_kind kind);

enum view_partition_state {
	VIEW_PARTITION_READ,  /* goes on */
	VIEW_PARTITION_AWAY,  /* read by another member of the group */
	VIEW_PARTITION_ENDED, /* over: made anew, gone, or read on by others */
};

/* "read", "away", "ended": in reports and snapshots. Static. */
const char *view_partition_state_name(enum view_partition_state state);

/* A range of offsets of one partition; a partition may have several. */
struct view_partition {
	int32_t id;
	const char *topic;
	enum view_partition_state state;
	int64_t position; /* next offset to be consumed */
	int64_t begin;    /* the first offset that this store counts */
	int64_t end;      /* where the topic is known to end */
	int64_t lag;      /* events; 0 unless it goes on */
	int64_t lost, skipped;
	int64_t newest_ms; /* largest event time seen; -1: none */
	const char *store; /* of several, the one it is in; else NULL */
};

/* Offsets [begin, end) of a partition that several stores have counted. */
struct view_overlap {
	const char *topic;
	int32_t partition;
	int64_t begin, end;
	const char **stores; /* two or more */
	unsigned stores_len;
	int64_t events; /* at most so many are counted too often */
};

struct view_dead {
	const char *reason;      /* people's wording; static */
	const char *reason_name; /* reason.h; static */
	const char *field;       /* of the pipeline; NULL when not about one */
	const char *rule;        /* rule_name(); static; NULL: about none */
	struct view_position position;
	int64_t seen_ms;      /* clock time */
	struct view_text raw; /* the message, cut at 64 KiB */
	size_t raw_size;      /* its true size */
};

struct view_reason {
	const char *name, *text; /* reason.h; static */
	int64_t count;
};

struct view_second {
	int64_t second; /* clock time / 1000 */
	bool known;     /* false: nothing was committed in it */
	/* Events in that second; lag and commit_us as of its end. */
	int64_t produced, acked, consumed, dead;
	int64_t lag;
	int64_t commit_us;
};

enum view_alert_state {
	VIEW_ALERT_PENDING, /* its condition holds, not yet for long enough */
	VIEW_ALERT_FIRING,
	VIEW_ALERT_ACKNOWLEDGED, /* firing, and somebody has seen it */
	VIEW_ALERT_CLEARED,
};

/* "pending", "firing", "acknowledged", "cleared". Static. */
const char *view_alert_state_name(enum view_alert_state state);

/* An alert: a rule, for one key where the rule is about keys. */
struct view_alert {
	uint64_t id;   /* of this firing; unique in a store, never 0 */
	unsigned rule; /* index into pipeline->alerts */
	enum view_alert_state state;
	struct view_text key; /* as view_row.key; size 0: it is about no key */
	struct view_text key_id;  /* the same as view_row.id */
	int64_t window_ms;        /* its window's start; -1: about none */
	struct value value;       /* when it was last looked at */
	struct value limit;       /* what that was compared to */
	int64_t since_ms;         /* clock time when this state began */
	int64_t fired_ms;         /* clock time; -1: never */
	struct view_text message; /* the rule's, filled in; foreign text */
	int64_t at_ms; /* since_ms in the rule's time: event time for tables
			  (docs/alerts.md); -1: not known */
};

/* What became of a rule. */
struct view_rule {
	int64_t pending, firing, acknowledged; /* alerts in these states */
	int64_t fired;    /* so often since the store began */
	int64_t fired_ms; /* clock time of the last; -1: never */
	bool muted;       /* counted and shown, but told nobody */
	int64_t beyond;   /* would have fired, but too many are kept */
};

/* One of the pipeline's outputs. */
struct view_output {
	int64_t records; /* that were necessary since the store began */
};

struct view {
	const struct pipeline *pipeline; /* outlives the view */
	char source[160]; /* "embedded broker 127.0.0.1:41733" or the brokers */
	char topic[1024]; /* as it was asked for: a name, a list, ^regex */
	uint64_t commit;  /* number of this commit; 0: none yet */
	int64_t commit_ms;    /* clock time of it */
	int64_t commit_us;    /* how long the last one took, microseconds */
	int64_t started_ms;   /* clock time when this run began */
	int64_t store_bytes;  /* pages in use */
	int64_t memory_bytes; /* of weir's own buffers at the commit */
	int64_t memory_limit; /* --memory */
	int64_t watermark_ms; /* event time; -1: none yet */
	int64_t newest_ms;    /* largest event time; -1: none yet */
	/*
	 * From the creation of an event to its being in a view, over the last
	 * seconds before this commit (latency.h); of several stores, the
	 * slowest one's. -1: not known.
	 */
	int64_t seen_median_ms, seen_p99_ms;
	/*
	 * How long before commit_ms the event was created that was read last,
	 * in the partition that is furthest behind: lag as a time. 0: nothing
	 * is left to read; -1: not known.
	 */
	int64_t behind_ms;
	struct ledger ledger;
	bool balanced;               /* ledger_balanced() */
	struct view_reason *reasons; /* those with a count, largest first */
	unsigned reasons_len;
	struct view_dead *dead; /* newest first */
	unsigned dead_len;
	struct view_partition *partitions; /* as they came to be read */
	unsigned partitions_len;
	struct view_overlap *overlaps; /* of several stores (merge.h) */
	unsigned overlaps_len;
	struct view_table *tables; /* parallel to pipeline->tables */
	unsigned tables_len;
	/*
	 * The schema as seen: of the seen_events that were JSON objects, dead
	 * ones too, the fields in the order in which they came to be seen; of
	 * more than VIEW_SEEN, seen_beyond is how often others occurred.
	 */
	struct view_seen *seen;
	unsigned seen_len;
	int64_t seen_events, seen_beyond;
	int64_t changes_total;       /* of all of them so often, */
	struct view_change *changes; /* and the last ones, newest first */
	unsigned changes_len;
	/* Parallel to pipeline->alerts; their counts are of all alerts. */
	struct view_rule *rules;
	unsigned rules_len;
	/* Not cleared: firing, acknowledged, pending; each the most severe
	 * first, of these the newest. At most VIEW_ALERTS. */
	struct view_alert *alerts;
	unsigned alerts_len;
	/* What was fired, acknowledged and cleared, newest first. */
	struct view_alert *alert_log;
	unsigned alert_log_len;
	struct view_output *outputs; /* parallel to pipeline->outputs */
	unsigned outputs_len;
	/*
	 * The last VIEW_HISTORY whole seconds before commit_ms (of several
	 * stores: that all of them that are written know), oldest first, one
	 * entry a second without holes (known says which were seen).
	 */
	struct view_second *history;
	unsigned history_len;
	void *arena; /* owns all of the above */
};

/* A window of a table, for one key. */
struct view_key_window {
	int64_t start_ms, end_ms;
	bool complete;
	struct value value; /* of the measure that ranks; VALUE_NONE: the key
			       does not occur in it */
};

/* What a store has of one key, whether a ranking has it or not. */
struct view_key {
	uint64_t commit;
	struct view_row row; /* recent and per_s: not known */
	/* The newest VIEW_WINDOWS windows, oldest first; may be none. */
	struct view_key_window *windows;
	unsigned windows_len;
	struct view *memory; /* owns all of the above */
};

void view_key_free(struct view_key *key); /* NULL is fine */

#define VIEW_EVENT_MAX 65536 /* bytes kept of its key, and of its value */

/* A message as the topic has it. One block of memory: free() it. */
struct view_event {
	struct view_position position;
	char problem[ERR_TEXT_MAX];  /* why it is not here; "": it is */
	int64_t timestamp_ms;        /* the record's; -1: none */
	struct view_text key, value; /* data NULL: a null */
	size_t key_size, value_size; /* their true sizes */
};

/* Allocates zeroed memory that lives as long as the view. Used to build it. */
void *view_alloc(struct view *view, size_t size);
/* Copies bytes into the view. */
struct view_text view_copy(struct view *view, const void *data, size_t size);

/* Whether partitions of several topics are read: then their topics matter. */
bool view_several_topics(const struct view *view);

struct view *view_new(const struct pipeline *pipeline);
void view_free(struct view *view); /* NULL is fine */

#endif
