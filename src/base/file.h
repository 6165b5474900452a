/*
 * Small files as a whole: read into memory, or replaced. Any thread.
 */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* How messages call a path that may be "-", standard input. */
const char *file_name(const char *path);

/*
 * Appends all of a file, or with "-" all of standard input, and waits for it
 * where it is a pipe. The buffer is NUL-terminated, also when it is empty.
 * WEIR_SYSTEM: it cannot be read, or has more than `max` bytes.
 */
int file_read(const char *path, size_t max, struct buf *text, struct err *err);

/*
 * Replaces a file, or makes a new one: whoever opens it finds the old text or
 * all of the new one. It is written beside it and then renamed, so the new one
 * is its owner's alone (mode 0600). A link to a file stays one, the file is
 * replaced. WEIR_SYSTEM: the old one is as it was; also where something else
 * than a file stands there, such as a device.
 */
int file_replace(const char *path, const struct buf *text, struct err *err);

#endif
