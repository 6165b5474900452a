#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

struct log {
	pthread_mutex_t lock;
	uint64_t version; /* counts all that was added */
	uint64_t number;  /* of the newest line */
	unsigned len;
	struct log_line ring[LOG_LINES]; /* line n at n % LOG_LINES */
};

struct log *
log_new(void)
{
	struct log *log = xcalloc(1, sizeof(*log));

	pthread_mutex_init(&log->lock, NULL);
	return log;
}

void
log_free(struct log *log)
{
	if (!log)
		return;
	pthread_mutex_destroy(&log->lock);
	free(log);
}

void
log_add(struct log *log, int64_t now_ms, enum log_level level, const char *fmt,
	...)
{
	char text[LOG_TEXT_MAX];
	struct log_line *line;
	va_list args;

	if (!log)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pthread_mutex_lock(&log->lock);
	line = &log->ring[log->number % LOG_LINES];
	if (log->len == 0 || line->level != level ||
	    strcmp(line->text, text) != 0) {
		line = &log->ring[++log->number % LOG_LINES];
		line->number = log->number;
		line->level = level;
		line->times = 0;
		memcpy(line->text, text, sizeof(text));
		if (log->len < LOG_LINES)
			log->len++;
	}
	line->time_ms = now_ms;
	if (line->times < UINT32_MAX)
		line->times++;
	log->version++;
	pthread_mutex_unlock(&log->lock);
}

bool
log_read(struct log *log, struct log_lines *lines)
{
	bool newer;

	pthread_mutex_lock(&log->lock);
	newer = log->version != lines->version;
	if (newer) {
		lines->version = log->version;
		lines->len = log->len;
		for (unsigned i = 0; i < log->len; i++)
			lines->at[i] = log->ring[(log->number - i) % LOG_LINES];
	}
	pthread_mutex_unlock(&log->lock);
	return newer;
}

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warn", "note", "debug"};

	return names[level];
}
