#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define READ_SIZE 65536

const char *
file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int
read_all(int fd, const char *path, size_t max, struct buf *text,
	 struct err *err)
{
	size_t begin = text->size;

	for (;;) {
		ssize_t n = read(fd, buf_reserve(text, READ_SIZE), READ_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot read %s",
					 file_name(path));
		text->size += (size_t)n;
		if (text->size - begin > max)
			return err_set(err, WEIR_SYSTEM, 0,
				       "%s is too large: it may have %zu bytes",
				       file_name(path), max);
		if (n == 0)
			break;
	}
	buf_add(text, "", 0); /* a NUL behind it */
	return 0;
}

int
file_read(const char *path, size_t max, struct buf *text, struct err *err)
{
	int fd, code;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, path, max, text, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, "cannot read %s", path);
	code = read_all(fd, path, max, text, err);
	close(fd);
	return code;
}

static bool
write_all(int fd, const struct buf *text)
{
	size_t done = 0;

	while (done < text->size) {
		ssize_t n = write(fd, text->data + done, text->size - done);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

/* Writes a new file under a name that is made of `pattern`, in place. */
static bool
write_new(char *pattern, const struct buf *text)
{
	int fd = mkostemp(pattern, O_CLOEXEC), why;
	bool written;

	if (fd < 0)
		return false;
	written = write_all(fd, text);
	why = errno;
	if (close(fd) != 0 && written) {
		written = false;
		why = errno;
	}
	if (!written) {
		unlink(pattern);
		errno = why;
	}
	return written;
}

int
file_replace(const char *path, const struct buf *text, struct err *err)
{
	char *real = realpath(path, NULL);
	struct buf name = BUF_INIT;
	struct stat is;
	int code = 0;

	if (!real)
		real = xstrdup(path);
	if (stat(real, &is) == 0 && !S_ISREG(is.st_mode)) {
		code = err_set(err, WEIR_SYSTEM, 0,
			       "cannot write %s: it is there already, and no "
			       "regular file",
			       path);
		goto done;
	}
	buf_addf(&name, "%s.XXXXXX", real);
	if (!write_new(name.data, text)) {
		code = err_errno(err, "cannot write %s", path);
	} else if (rename(name.data, real) != 0) {
		code = err_errno(err, "cannot write %s", path);
		unlink(name.data);
	}
done:
	buf_release(&name);
	free(real);
	return code;
}
