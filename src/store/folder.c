#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "store/folder.h"
#include "store/store.h"

#define LOCK_FILE "weir.lock"

char *
folder_plain(const char *path)
{
	char *plain = xstrdup(path);

	for (size_t size = strlen(plain); size > 1 && plain[size - 1] == '/';)
		plain[--size] = '\0';
	return plain;
}

int
folder_make(const char *path, struct err *err)
{
	char *copy = xstrdup(path);
	int rc = 0;

	for (char *at = copy + 1; rc == 0; at++) {
		bool end = *at == '\0';

		if (*at != '/' && !end)
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			rc = err_errno(
			    err, "cannot make the folder %s for the store",
			    copy);
		if (end)
			break;
		*at = '/';
	}
	free(copy);
	return rc;
}

int
folder_look(const char *path, enum contents *contents, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	*contents = CONTENTS_NONE;
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_errno(err, "cannot use %s as a store", path);
	*contents = CONTENTS_EMPTY;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, FOLDER_DATA) == 0) {
			*contents = CONTENTS_STORE;
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "lock.mdb") != 0 &&
		    strcmp(entry->d_name, LOCK_FILE) != 0)
			*contents = CONTENTS_OTHER;
	}
	closedir(dir);
	return 0;
}

/*
 * The lock belongs to this open file (F_OFD_SETLK): it goes with the process
 * however that ends, is not lost when another descriptor of the same file is
 * closed, and readers can ask for it without taking it.
 */
int
folder_lock(const char *path, int *fd, struct err *err)
{
	struct buf name = BUF_INIT;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char pid[24] = "";
	ssize_t got;
	int rc = 0;

	buf_addf(&name, "%s/" LOCK_FILE, path);
	*fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0) {
		rc = err_errno(err, "cannot write into the store folder %s",
			       path);
		goto done;
	}
	if (fcntl(*fd, F_OFD_SETLK, &lock) != 0) {
		got = read(*fd, pid, sizeof(pid) - 1);
		pid[got > 0 ? got : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		rc = err_set(err, WEIR_STORE_BUSY, errno,
			     "the store %s is open in another weir%s%s; use "
			     "another --store, or `weir view %s` to watch it",
			     path, pid[0] ? ", process " : "", pid, path);
		close(*fd);
		*fd = -1;
		goto done;
	}
	snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(*fd, 0) != 0 ||
	    pwrite(*fd, pid, strlen(pid), 0) != (ssize_t)strlen(pid)) {
		rc = err_errno(err, "cannot write into the store folder %s",
			       path);
		close(*fd);
		*fd = -1;
	}
done:
	buf_release(&name);
	return rc;
}

/*
 * LMDB maps its table of readers without having allocated it: on a full disk,
 * touching it is a SIGBUS. 126 readers take two pages.
 */
int
folder_reserve(const char *path, struct err *err)
{
	struct buf name = BUF_INIT;
	int fd, rc = 0, code = 0;

	buf_addf(&name, "%s/lock.mdb", path);
	fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		code = posix_fallocate(fd, 0, 8192);
	if (fd < 0 || (code && code != EOPNOTSUPP && code != EINVAL)) {
		if (code)
			errno = code;
		rc = err_errno(err, "cannot write into the store folder %s",
			       path);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&name);
	return rc;
}

static void
remove_in(const char *path, const char *name)
{
	struct buf file = BUF_INIT;

	buf_addf(&file, "%s/%s", path, name);
	unlink(file.data);
	buf_release(&file);
}

int
store_set_aside(const char *name, struct err *err)
{
	enum contents contents;
	struct buf last = BUF_INIT;
	char *path = folder_plain(name);
	int rc, fd = -1;

	rc = folder_look(path, &contents, err);
	if (rc || contents != CONTENTS_STORE)
		goto done;
	rc = folder_lock(path, &fd, err);
	if (rc)
		goto done;
	buf_addf(&last, "%s.last", path);
	rc = folder_look(last.data, &contents, err);
	if (rc == 0 && contents == CONTENTS_STORE) {
		remove_in(last.data, FOLDER_DATA);
		remove_in(last.data, "lock.mdb");
		remove_in(last.data, LOCK_FILE);
		if (rmdir(last.data) != 0)
			rc = err_errno(err, "cannot remove the old store %s",
				       last.data);
	}
	if (rc == 0 && rename(path, last.data) != 0)
		rc = err_errno(err, "cannot move the store %s aside to %s",
			       path, last.data);
done:
	buf_release(&last);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

bool
folder_rests(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct buf name = BUF_INIT;
	bool rests = true;
	int fd;

	buf_addf(&name, "%s/" LOCK_FILE, path);
	fd = open(name.data, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (fcntl(fd, F_OFD_GETLK, &lock) == 0)
			rests = lock.l_type == F_UNLCK;
		close(fd);
	}
	buf_release(&name);
	return rests;
}
