/*
 * The log: the newest sentences of what weir and librdkafka have to say, for
 * who looks at the screen. A ring in memory, of a bounded size: the oldest make
 * room, and the same sentence again and again is one line with a count.
 *
 * Lines are added by any thread and may hold foreign text; who shows them
 * escapes it.
 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINES    200
#define LOG_TEXT_MAX 400 /* longer sentences are cut */

enum log_level {
	LEVEL_ERROR,
	LEVEL_WARNING,
	LEVEL_NOTE,
	LEVEL_DEBUG,
};

struct log_line {
	uint64_t number; /* counts from 1; none is used twice */
	int64_t time_ms; /* clock time; the last time when there are several */
	enum log_level level;
	uint32_t times;          /* so often in a row */
	char text[LOG_TEXT_MAX]; /* NUL-terminated; perhaps no UTF-8 */
};

/* A copy of the log. */
struct log_lines {
	uint64_t version; /* of the log when it was copied; 0: never */
	unsigned len;
	struct log_line at[LOG_LINES]; /* newest first */
};

struct log;

struct log *log_new(void);
void log_free(struct log *log); /* NULL is fine; nobody may add any more */

/* Any thread. A NULL log drops it. */
void log_add(struct log *log, int64_t now_ms, enum log_level level,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Copies the log when it is another than that of lines->version. Any thread. */
bool log_read(struct log *log, struct log_lines *lines);

/* "error", "warn", "note", "debug". Static. */
const char *log_level_name(enum log_level level);

#endif
