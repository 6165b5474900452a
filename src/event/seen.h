/*
 * The schema as seen: which fields events have, how often, and of which types,
 * whether the pipeline reads them or not.
 *
 * Counted are the messages that are in order as a whole (event.h): JSON, an
 * object, no key of the pipeline's twice, no number beyond its bounds. Whether
 * their fields keep the rules does not matter.
 *
 * A field is known by its path: the keys from the outside in, joined by ".";
 * what is in objects is a field of its own, what is in arrays is not. Beyond
 * SEEN_DEPTH_MAX keys nothing is looked at. A field that occurs twice in an
 * event (foreign keys may) counts once, as what came first. Paths are foreign
 * text: any bytes of UTF-8.
 *
 * Bounds: SEEN_MAX fields, of which each that the pipeline reads has its place,
 * so that noise does not take it; paths of SEEN_PATH_MAX bytes. What is beyond
 * is counted as often as it occurs.
 *
 * Changes. Events are numbered as they are counted, and decide alone, so that
 * the same events make the same changes wherever commits and runs end. Of the
 * first SEEN_LEARNING events there are none. Then
 *   - a field appears with the first event that has it, and again with the
 *     first after it has vanished;
 *   - a field vanishes at the end of a block of SEEN_BLOCK events that have it
 *     not, when at least half of the events of an earlier block had it, and the
 *     partition that had it last has gone on for as many offsets since: where
 *     partitions are read one after the other, what comes from an older part
 *     of the stream says nothing of what the newer one has;
 *   - a type is new when the field was there with another one. A null never is,
 *     nor what comes first after nulls, nor a whole number among others.
 *
 * Plain memory, no I/O, no clock. Belongs to one thread. What it holds is all
 * that the store has, and more: a commit writes what has changed, and, when it
 * has succeeded, seen_committed() takes note. One that failed has changed
 * nothing here.
 */
#ifndef WEIR_EVENT_SEEN_H
#define WEIR_EVENT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/position.h"
#include "pipeline/pipeline.h"

#define SEEN_MAX       256 /* fields */
#define SEEN_PATH_MAX  200 /* bytes */
#define SEEN_DEPTH_MAX PIPELINE_PATH_MAX
#define SEEN_LEARNING  100  /* events */
#define SEEN_BLOCK     1000 /* events */
#define SEEN_CHANGES   32   /* the newest ones, that are kept */

/* Stored: new ones go at the end. */
enum seen_type {
	SEEN_NULL,
	SEEN_BOOLEAN,
	SEEN_INTEGER, /* without fraction and exponent */
	SEEN_NUMBER,
	SEEN_STRING,
	SEEN_OBJECT,
	SEEN_ARRAY,
	SEEN_TYPES,
};

struct seen_field {
	char *path;
	uint32_t size;
	bool known;                /* the pipeline reads it */
	int64_t events;            /* that have it */
	int64_t types[SEEN_TYPES]; /* so many of these as each type */
	struct position first, last;
	int64_t before; /* events when the block began */
	bool usual;     /* at least half of the events of a block had it */
	bool gone;      /* it has vanished */

	bool changed;       /* since the last commit */
	unsigned met;       /* types, as bits; some may not be counted yet */
	int64_t last_event; /* the number of the event at `last` */
	unsigned next;      /* the field that came behind it, most likely */
};

enum seen_change_kind {
	SEEN_APPEARED,
	SEEN_VANISHED, /* its position is that of the last event with it */
	SEEN_TYPE,     /* it has a new type */
	SEEN_CHANGE_KINDS,
};

struct seen_change {
	int64_t number; /* from 1 on */
	enum seen_change_kind kind;
	enum seen_type type; /* of a field that vanished: means nothing */
	unsigned field;      /* index */
	struct position position;
	int64_t time_ms; /* clock */
};

struct seen_kind;

struct seen {
	const struct event_spec *spec;
	int64_t events, beyond;
	int64_t changes;                    /* since the store began */
	struct seen_field fields[SEEN_MAX]; /* as they came to be seen */
	unsigned fields_len, foreign_len;   /* of these, not the pipeline's */
	unsigned foreign_max;
	uint16_t table[4 * SEEN_MAX]; /* by hash of the path: index + 1; 0 */
	/* The change of number n is at n % SEEN_CHANGES. */
	struct seen_change log[SEEN_CHANGES];

	/* Of the event that is being counted. */
	struct position at;
	int64_t now_ms; /* clock */

	/* The offset up to which a partition has been read; NULL: not known,
	   and events alone decide. */
	int64_t (*read_to)(const void *ctx, int32_t partition);
	const void *read_ctx;

	int64_t committed_changes;
	int64_t turn;            /* the event that ends the block */
	unsigned last;           /* the field that was counted last */
	struct seen_kind *kinds; /* whose events may not be counted yet */
};

/* The spec must outlive it. */
struct seen *seen_new(const struct event_spec *spec);
void seen_free(struct seen *seen); /* NULL is fine */

/* "string" and so on. Static. */
const char *seen_type_name(enum seen_type type);

/* ---- An event that was read as a whole ---- */

/*
 * Puts a key behind a path of `keys` keys and `size` bytes; returns its size
 * now. One that is longer than SEEN_PATH_MAX is cut, and has a size beyond it.
 */
size_t seen_path_add(char path[SEEN_PATH_MAX], size_t size, unsigned keys,
		     const char *key, size_t key_size);

/* Then each of its fields, then its end. */
void seen_begin(struct seen *seen);
void seen_add(struct seen *seen, const char *path, size_t size,
	      enum seen_type type);
void seen_end(struct seen *seen);

/* ---- Events that have the same fields ---- */

/*
 * A kind of events, of which only the types of some values differ: these are
 * its slots. For each different set of types a counter goes up, and becomes
 * numbers of fields when somebody asks for them (seen_settle()).
 */
#define SEEN_SLOTS    64
#define SEEN_BITS     4 /* of a slot's type in a word of a signature */
#define SEEN_PER_WORD 16
#define SEEN_WORDS    (SEEN_SLOTS / SEEN_PER_WORD + 1)
#define SEEN_VARIANTS 8 /* of a kind; the oldest makes room */

struct seen_variant {
	uint64_t signature[SEEN_WORDS];
	uint8_t types[SEEN_SLOTS];
	int64_t events;     /* not counted yet */
	struct position at; /* of the last of them, */
	int64_t event;      /* and its number */
};

struct seen_kind {
	struct seen *seen;
	struct seen_kind *next;
	int slots[SEEN_SLOTS]; /* index of the field; -1: none */
	unsigned slots_len, last_word;
	struct seen_whole { /* objects and arrays */
		unsigned field;
		enum seen_type type;
	} * wholes;
	unsigned wholes_len;
	int64_t beyond; /* fields that have no place */
	bool has[SEEN_MAX];
	struct seen_variant variants[SEEN_VARIANTS];
	unsigned variants_len, oldest;
	struct seen_variant *current; /* that of the last event */
};

/*
 * A kind without any fields, which are then told in the order in which they
 * stand in an event that has been counted already. Free it before `seen`.
 */
struct seen_kind *seen_kind_new(struct seen *seen);
void seen_kind_free(struct seen_kind *kind); /* NULL is fine */

/* An object or an array. */
void seen_kind_whole(struct seen_kind *kind, const char *path, size_t size,
		     enum seen_type type);
/* The next slot; path NULL: it is no field, but in an array, or too deep. */
void seen_kind_slot(struct seen_kind *kind, const char *path, size_t size);

/* Another variant than the current one becomes that. */
struct seen_variant *seen_kind_turn(struct seen_kind *kind,
				    const uint64_t *signature);
/* The block is over. */
void seen_turn(struct seen *seen);

/*
 * Counts an event of this kind. The types of its slots, in their order, each
 * an enum decoded_type of SEEN_BITS bits, SEEN_PER_WORD in a word, the first in
 * the highest bits that are used; the last word, which may be empty, is there
 * always.
 */
static inline void
seen_count(struct seen_kind *kind, const uint64_t *signature)
{
	struct seen *seen = kind->seen;
	struct seen_variant *v = kind->current;

	seen->events++;
	for (unsigned w = 0; w <= kind->last_word; w++)
		if (v->signature[w] != signature[w]) {
			v = seen_kind_turn(kind, signature);
			break;
		}
	v->events++;
	v->at = seen->at;
	v->event = seen->events;
	if (seen->events == seen->turn)
		seen_turn(seen);
}

/* ---- For who stores it ---- */

/* Now the numbers of fields are those of all events so far. */
void seen_settle(struct seen *seen);

/* What is here is stored. */
void seen_committed(struct seen *seen);

/*
 * Adds a field that was stored, in the order of their numbers; the caller fills
 * in what was counted. NULL: there are too many, or two of one path.
 */
struct seen_field *seen_load(struct seen *seen, const char *path, size_t size);
/* All is loaded, events and changes too. */
void seen_loaded(struct seen *seen);

#ifdef __cplusplus
}
#endif

#endif
