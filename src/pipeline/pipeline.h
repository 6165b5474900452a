/*
 * A pipeline: the compiled form of one file in schema/.
 *
 * It drives everything (invariant 1): what an event looks like, which rules it
 * must keep, which tables are made of it, what the screen shows and how events
 * are generated. It is read-only once compiled and shared by all threads.
 *
 * The file format is documented in docs/pipelines.md and, for editors, in
 * schema/pipeline.schema.json.
 */
#ifndef WEIR_PIPELINE_PIPELINE_H
#define WEIR_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/value.h"

#define PIPELINE_FILE_MAX     (1 << 20) /* bytes of a pipeline file */
#define PIPELINE_NAME_MAX     64        /* bytes of a name, NUL included */
#define PIPELINE_FIELDS_MAX   32
#define PIPELINE_TABLES_MAX   16
#define PIPELINE_BY_MAX       4 /* fields of a table's key */
#define PIPELINE_MEASURES_MAX 8 /* measures of a table */
#define PIPELINE_PATH_MAX     8 /* depth of a nested field */
#define PIPELINE_ONE_OF_MAX   256
#define PIPELINE_PANELS_MAX   16
#define PIPELINE_ALERTS_MAX   32
#define PIPELINE_OUTPUTS_MAX  8
#define PIPELINE_COLUMNS_MAX  48 /* of an output's record */
#define PIPELINE_HOPS_MAX     64 /* windows that an event is in */
/*
 * Bytes of an encoded table key without its window. LMDB's limit is 511, a
 * window's start takes 8. Compiling refuses tables whose fields could exceed
 * it.
 */
#define PIPELINE_KEY_MAX 480
/* Bytes of a value that is counted distinct, with its row's key: LMDB's. */
#define PIPELINE_DISTINCT_MAX 511

enum field_type {
	FIELD_STRING, /* UTF-8 */
	FIELD_INT,    /* 64-bit signed */
	FIELD_NUMBER, /* double; whole numbers are accepted */
	FIELD_BOOL,
	FIELD_TIME, /* kept as milliseconds since 1970 UTC */
};

enum time_unit { TIME_S, TIME_MS, TIME_US, TIME_NS };

struct text {
	const char *data; /* not NUL-terminated */
	size_t size;
};

/* By bytes, a prefix first: LMDB's order of keys. As memcmp(). */
static inline int
text_order(struct text a, struct text b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int c = size ? memcmp(a.data, b.data, size) : 0;

	if (c)
		return c;
	return a.size < b.size ? -1 : a.size > b.size;
}

struct field {
	char name[PIPELINE_NAME_MAX];
	char *path[PIPELINE_PATH_MAX]; /* object keys from the outside in */
	unsigned path_len;             /* at least 1 */
	enum field_type type;
	enum time_unit unit; /* FIELD_TIME only */
	bool optional;       /* missing or null is allowed */
	uint32_t max_length; /* FIELD_STRING: bytes of UTF-8; default: the
				longest of one_of, else 256 */
	struct text *one_of; /* FIELD_STRING: allowed values; NULL for any */
	unsigned one_of_len;
	struct text *none_of; /* FIELD_STRING: values that are not allowed */
	unsigned none_of_len;
	bool has_min, has_max; /* FIELD_INT, FIELD_NUMBER; both inclusive */
	double min, max;
};

struct event_spec {
	struct field fields[PIPELINE_FIELDS_MAX];
	unsigned fields_len;
	int time_field;     /* index into fields: the event time */
	uint32_t max_bytes; /* larger messages are dead; default 1 MiB */
	int64_t future_ms;  /* event times later than now + this are dead;
			       default 1 h */
};

enum measure_kind {
	MEASURE_COUNT,
	MEASURE_SUM,
	MEASURE_AVERAGE,
	MEASURE_MINIMUM,
	MEASURE_MAXIMUM,
	MEASURE_DISTINCT, /* how many different values a field has */
};

/* Whether the values of keys make a total: each event adds to it. */
static inline bool
measure_adds_up(enum measure_kind kind)
{
	return kind == MEASURE_COUNT || kind == MEASURE_SUM;
}

struct measure {
	char name[PIPELINE_NAME_MAX];
	enum measure_kind kind;
	int field; /* index of an int or number field, of distinct a key's; -1
		      for count */
	bool approximate; /* distinct: counted by a HyperLogLog */
};

struct table_spec {
	char name[PIPELINE_NAME_MAX];
	unsigned by[PIPELINE_BY_MAX]; /* field indices */
	unsigned by_len;              /* at least 1 */
	struct measure measures[PIPELINE_MEASURES_MAX];
	unsigned measures_len; /* at least 1 */
	unsigned rank;         /* the measure that ranks its keys; default 0 */
	int64_t window_ms;     /* length of a window; 0: the table has none */
	int64_t advance_ms;    /* from the start of one window to the next: of
				  tumbling windows window_ms; of hopping ones
				  less, of which window_ms is a multiple */
	int64_t average_ms;    /* values of windows are also given as an
				  average per so long (window.h); 0: not */
	int64_t keep_ms;       /* windows older than this expire; default 2 h,
				  or two windows */
	int64_t lateness_ms;   /* how late an event may be and still count;
				  default 10 s; less than keep_ms */
};

enum panel_kind {
	PANEL_AVERAGE,    /* a table's average per key, its keys by value */
	PANEL_EXTREMES,   /* a table's smallest and largest, per window too */
	PANEL_SHARE,      /* a table's keys as parts of the total */
	PANEL_SPREAD,     /* how many keys have which value */
	PANEL_SERIES,     /* throughput over time; has no table */
	PANEL_LEDGER,     /* the ledger; has no table */
	PANEL_DEAD,       /* dead letters; has no table */
	PANEL_PARTITIONS, /* positions and lag; has no table */
	PANEL_ALERTS,     /* alerts and their rules; has no table */
	PANEL_TABLE,      /* a table's keys with all their measures */
	PANEL_WINDOWS,    /* the windows of a table with windows */
	PANEL_GENERATOR,  /* how events are generated; has no table */
	PANEL_LOG,        /* what weir and librdkafka say; has no table */
	PANEL_LINES,      /* the keys of a table with windows over time */
	PANEL_SCHEMA,     /* the fields that events have; has no table */
	PANEL_KINDS,
};

struct panel_spec {
	enum panel_kind kind;
	int table;   /* index into tables, of one without a window (of
			PANEL_WINDOWS, PANEL_LINES: with one); -1 for kinds that
			show no table */
	int windows; /* extremes: index of the windowed table with the same
			key, for the minimum and maximum per window; -1 */
};

enum alert_severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

/* What a rule looks at (docs/alerts.md). */
enum alert_kind {
	ALERT_KEYS,    /* a measure of each key of a table */
	ALERT_SUMMARY, /* what a table, or a window of it, sums up to */
	ALERT_FLOW,    /* the ledger and the flow, second by second */
};

enum alert_summary {
	ALERT_SUMMARY_KEYS, /* the number of keys; the others are of the
			       measure that ranks */
	ALERT_SUMMARY_TOTAL,
	ALERT_SUMMARY_AVERAGE,
	ALERT_SUMMARY_MINIMUM,
	ALERT_SUMMARY_MAXIMUM,
	ALERT_SUMMARIES,
};

enum alert_flow {
	ALERT_LAG,        /* events in the topic and not consumed */
	ALERT_DEAD_SHARE, /* dead of what was consumed, 0 to 1 */
	ALERT_RATE,       /* events consumed a second */
	ALERT_SILENCE,    /* seconds without an event */
	ALERT_SCHEMA,     /* changes of the schema as seen (event/seen.h) */
	ALERT_FLOWS,
};

struct alert_spec {
	char name[PIPELINE_NAME_MAX];
	enum alert_severity severity;
	bool armed;  /* false: a new rule begins muted, to be tried out */
	int table;   /* index into tables; -1: it is about the flow */
	int measure; /* of that table; -1 where it is about no measure */
	enum alert_kind kind;
	enum alert_summary summary; /* ALERT_SUMMARY */
	enum alert_flow flow;       /* ALERT_FLOW */
	bool below;                 /* it holds below the limit, not above */
	/* Of a change: the limit's part of the average of the windows before */
	struct value limit;
	bool has_clear; /* else it clears as soon as it does not hold */
	struct value clear;
	unsigned change_windows; /* 0: the limit is a value itself */
	double least; /* change: a smaller value and average mean nothing */
	int64_t for_ms, cooldown_ms;
	int64_t over_ms; /* dead share, rate and changes: over so long */
	char *message;   /* a template; NULL: weir's own */
	uint64_t hash;   /* of all that decides when it fires */
};

#define GEN_EXPONENT_MIN 0.01
#define GEN_EXPONENT_MAX 10.0
#define GEN_COUNT_MAX    (UINT64_C(1) << 32)
#define GEN_PERIOD_MIN   1000 /* ms */
#define GEN_PERIOD_MAX   86400000
#define GEN_FAULTS_MAX   16

enum gen_kind {
	GEN_TIME,     /* the event time, from the generator's clock */
	GEN_ZIPF,     /* rank 1..count with probability ~ 1 / rank^exponent */
	GEN_UNIFORM,  /* min..max, each as likely */
	GEN_SEQUENCE, /* min, min + 1, ..., max, min, ... */
	GEN_WEIGHTS,  /* one of values by weight */
	GEN_CONSTANT, /* values[0] */
	GEN_UUID,     /* a random UUID, version 4 */
	GEN_ABSENT,   /* an optional field that is never written */
};

struct gen_field {
	enum gen_kind kind;
	double exponent;  /* zipf */
	uint64_t count;   /* zipf */
	int64_t min, max; /* uniform, sequence */
	/*
	 * format: prefix + the number zero-padded to `width` digits + suffix,
	 * from a printf-like "u%06d". Without a format the bare number is
	 * written. Either is unquoted for int and number fields, where loading
	 * has checked that it makes a number of JSON ("0.%03d").
	 */
	char *prefix, *suffix; /* NULL: no format; as they are, not escaped */
	unsigned width;
	/*
	 * weights, constant: texts as they are, not escaped; of other fields
	 * than strings what stands in JSON: 12, 0.5, true.
	 */
	struct text *values;
	double *weights;
	unsigned values_len;
	/* zipf: rank 1 is number 1; rank r is number r. */
	/*
	 * It is written from so long after the generator's beginning on, and
	 * only before the other; 0: from the beginning, without end. Other than
	 * 0 for optional fields only.
	 */
	int64_t from_ms, until_ms;
};

/* A value that is another one than what was drawn, now and then. */
struct gen_fault {
	unsigned field; /* one that is generated */
	double share;   /* 0..1 of the events, each fault by itself */
	/*
	 * Instead of the field's value, whatever its rules; a text as in
	 * gen_field.values. NULL: the number with a minus sign, of an int or
	 * number field whose values are never negative.
	 */
	struct text *value;
};

/* What generated events are like over time (generate/curve.h). */
enum curve_kind {
	CURVE_CONSTANT,
	CURVE_RAMP,   /* from the lowest rate to the whole of it, once */
	CURVE_SINE,   /* up and down between both, the lowest first */
	CURVE_BURSTS, /* the whole rate for a part of each period, or lowest */
	CURVE_SPIKE,  /* an even rate; for a part of each period one value of a
			 field has a share of its own */
	CURVES,
};

struct curve {
	enum curve_kind kind;
	int64_t period_ms; /* GEN_PERIOD_MIN to GEN_PERIOD_MAX */
	double low;        /* the lowest rate, 0..1 of the whole */
	double part;       /* bursts, spike: 0..1 of the period, first */
	int field;         /* spike: index of one drawn by zipf; -1: none */
	double share;      /* spike: 0..1 of that field's values */
};

/* Where a value of an output's record comes from. */
enum column_source {
	COLUMN_FIELD,        /* of the event, as it is there; null if absent */
	COLUMN_DATE,         /* a time field as YYYY-MM-DD, UTC */
	COLUMN_DATETIME,     /* the same as YYYY-MM-DD hh:mm:ss */
	COLUMN_KEY,          /* a field that the table is by */
	COLUMN_WINDOW_START, /* YYYY-MM-DD hh:mm:ss, UTC */
	COLUMN_WINDOW_END,
	COLUMN_MEASURE,
	COLUMN_AVERAGE, /* of a measure, per average_ms of its window */
};

struct output_column {
	char name[PIPELINE_NAME_MAX];
	enum column_source source;
	unsigned index; /* of the field, the part of the key, the measure */
};

/*
 * A topic that is written from the stream, a JSON object a record: one for each
 * valid event, or one for each key of each window of a table, once it is
 * complete.
 */
struct output_spec {
	char *topic;
	int table; /* index of a table with windows; -1: events */
	struct output_column columns[PIPELINE_COLUMNS_MAX];
	unsigned columns_len;
};

struct generator_spec {
	bool present; /* without one the pipeline can only be watched */
	double rate;  /* events per second; default 1000 */
	struct curve curve;
	struct gen_field fields[PIPELINE_FIELDS_MAX]; /* parallel to event */
	struct gen_fault
	    faults[GEN_FAULTS_MAX]; /* of one field, a later wins */
	unsigned faults_len;
	double bad_share; /* 0..1: this part of the events is damaged */
};

struct pipeline {
	char name[PIPELINE_NAME_MAX];
	char *file;  /* where it came from */
	char *text;  /* what stood there, NUL-terminated: kept in stores, so
			that they can be read without the file */
	char *topic; /* Kafka topic */
	unsigned partitions;  /* for a topic that weir creates; default 4 */
	int64_t retention_ms; /* of such a topic; 0: as the cluster has it, -1:
				 for ever */
	int key_field;        /* the message key; -1: none */
	char *dead_letters;   /* topic of dead letters; NULL: they are only
				 counted, and the last ones kept */
	bool dead_letters_json; /* as JSON objects; else as they came */
	struct event_spec event;
	struct table_spec tables[PIPELINE_TABLES_MAX];
	unsigned tables_len;
	struct output_spec outputs[PIPELINE_OUTPUTS_MAX];
	unsigned outputs_len;
	struct panel_spec panels[PIPELINE_PANELS_MAX];
	unsigned panels_len;
	struct alert_spec alerts[PIPELINE_ALERTS_MAX];
	unsigned alerts_len;
	char *alerts_topic; /* where alerts are written; NULL: nowhere */
	struct generator_spec generator;
	/*
	 * Of all that gives a store its meaning: event fields and rules,
	 * tables, windows; not of panels, alerts, topics or generator. A store
	 * keeps it and refuses another.
	 */
	uint64_t fingerprint;
};

/*
 * Loads and compiles a pipeline file. `name` is a path when it holds a '/' or
 * ends in ".json", otherwise a name that is looked up as NAME.json in `dirs`
 * (a NULL-terminated list), in order. *out is the caller's; pipeline_free() it.
 *
 * Errors: WEIR_NOT_FOUND names the folders tried and the pipelines there are;
 * WEIR_PIPELINE says "FILE:LINE: PATH: what is wrong", with the nearest valid
 * name where a name was not known.
 */
int pipeline_load(const char *name, const char *const *dirs,
		  struct pipeline **out, struct err *err);

/* The same from memory; `file` is used in messages. For tests and fuzzing. */
int pipeline_parse(const char *text, size_t size, const char *file,
		   struct pipeline **out, struct err *err);

void pipeline_free(struct pipeline *pipeline);

/* The index of a field or table by name; -1 when there is none. */
int pipeline_field(const struct pipeline *p, const char *name);
int pipeline_table(const struct pipeline *p, const char *name);

const char *curve_kind_name(enum curve_kind kind);
/*
 * A curve of this kind as it is when nothing more is said of it: a period of a
 * minute, of which a fifth is burst or spike; a tenth of the rate at least;
 * half of the field's values. field: that of a spike.
 */
struct curve curve_default(enum curve_kind kind, int field);
const char *field_type_name(enum field_type type);
const char *measure_kind_name(enum measure_kind kind);
const char *panel_kind_name(enum panel_kind kind);
const char *alert_severity_name(enum alert_severity severity);
const char *alert_summary_name(enum alert_summary summary);
const char *alert_flow_name(enum alert_flow flow);

/* What may stand in a message of an alert, as {NAME}; NULL-terminated. */
const char *const *alert_placeholders(void);

#endif
