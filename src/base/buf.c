#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"

void
buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

char *
buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->size + more + 1;

	if (need > buf->capacity) {
		size_t capacity = buf->capacity ? buf->capacity : 64;

		while (capacity < need)
			capacity *= 2;
		buf->data = xrealloc(buf->data, capacity);
		buf->capacity = capacity;
	}
	buf->data[buf->size] = '\0';
	return buf->data + buf->size;
}

void
buf_add(struct buf *buf, const void *data, size_t size)
{
	char *to = buf_reserve(buf, size);

	if (size)
		memcpy(to, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void
buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void
buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int need;

	va_start(ap, fmt);
	need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (need < 0)
		return;
	buf_reserve(buf, (size_t)need);
	va_start(ap, fmt);
	vsnprintf(buf->data + buf->size, (size_t)need + 1, fmt, ap);
	va_end(ap);
	buf->size += (size_t)need;
}
