/*
 * A growing byte buffer, always NUL-terminated behind its size.
 *
 * Memory that runs out ends the program (alloc.h): a buffer never reports it.
 * Not thread-safe; one owner.
 */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* never NULL after the first append */
	size_t size;
	size_t capacity;
};

#define BUF_INIT                                                               \
	{                                                                      \
		NULL, 0, 0                                                     \
	}

void buf_release(struct buf *buf); /* frees, and makes it empty again */

/* Room for `more` bytes behind size; returns where they go. */
char *buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *data, size_t size);
void buf_add_str(struct buf *buf, const char *text);
void buf_addf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
