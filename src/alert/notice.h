/*
 * Notices: what is told of alerts, to whom it is delivered (deliver.h). One
 * for all alerts of a rule that fired in the same commit, or cleared.
 *
 * A notice is whole: it can be told again after a restart, also when the rule
 * is no more. Its texts are foreign: who passes them on escapes them.
 */
#ifndef WEIR_ALERT_NOTICE_H
#define WEIR_ALERT_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "pipeline/pipeline.h"

/* Undelivered ones that are kept; older ones go. */
#define NOTICES_KEPT 64

struct notice {
	uint64_t number; /* of this store, from 1; never used again */
	uint64_t alert;  /* the id of the (first) alert */
	enum alert_severity severity;
	bool cleared;                       /* else it fires */
	bool over;                          /* nothing of the rule does */
	int64_t count;                      /* alerts in it */
	int64_t clock_ms, at_ms, window_ms; /* ALERT_NO_WINDOW: none */
	struct value value, limit;          /* of the first */
	/* NUL-terminated; may hold NULs. */
	struct buf pipeline, rule, key, message;
	struct buf record; /* all of it, as one JSON object */
};

struct notices {
	struct notice *items;
	size_t len, room;
};

#define NOTICES_INIT                                                           \
	{                                                                      \
		NULL, 0, 0                                                     \
	}

/* A zeroed one at the end. */
struct notice *notices_add(struct notices *notices);
void notices_release(struct notices *notices);
void notice_release(struct notice *notice);
/* Into one that is zeroed. */
void notice_copy(struct notice *to, const struct notice *from);

/* As it is stored. */
void notice_encode(const struct notice *notice, struct buf *out);
/* False when these bytes are no notice. */
bool notice_decode(const void *data, size_t size, struct notice *notice);

/* "firing", "cleared" */
const char *notice_state(const struct notice *notice);

/* ---- Words ---- */

/* What a message is filled in with. */
struct alert_words {
	const struct pipeline *pipeline;
	const struct alert_spec *spec;
	const char *state;
	struct text key;   /* as people read it; of no bytes: none */
	int64_t window_ms; /* ALERT_NO_WINDOW: none */
	struct value value, limit;
};

/* Appends the rule's message, filled in. */
void alert_message(const struct alert_words *words, struct buf *out);
/* Appends a value as people read it: 12,345 or 0.0512; "–" when not known. */
void alert_value(struct value value, struct buf *out);
/* Appends "2025-01-01 00:03:00". UTC. */
void alert_time(int64_t ms, struct buf *out);

/* ---- Escaping ---- */

/*
 * Appends text for a desktop's notification: Pango markup escaped, control
 * characters and what is no UTF-8 replaced, at most so many bytes of `text`,
 * none of its characters cut.
 */
void notice_markup(const char *text, size_t size, size_t most, struct buf *out);
/*
 * Appends text for an environment variable: all of it but NUL, which cannot
 * stand there and becomes U+FFFD.
 */
void notice_variable(const char *text, size_t size, struct buf *out);

#endif
