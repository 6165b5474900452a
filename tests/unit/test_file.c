/* Whole files: read up to a size, and replaced as a whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "unit/folder.h"

struct world {
	char folder[64], path[128];
	struct buf text;
	struct err err;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->folder, "/tmp/weir-file.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/a", w->folder);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	buf_release(&w->text);
	remove_folder(w->folder);
	free(w);
	return 0;
}

static int
replace(struct world *w, const char *path, const char *with)
{
	struct buf text = BUF_INIT;
	int code;

	buf_add_str(&text, with);
	code = file_replace(path, &text, &w->err);
	buf_release(&text);
	return code;
}

static void
assert_text(struct world *w, const char *path, const char *wanted)
{
	buf_release(&w->text);
	assert_int_equal(file_read(path, 100, &w->text, &w->err), 0);
	assert_int_equal(w->text.size, strlen(wanted));
	assert_string_equal(w->text.data, wanted);
}

/* But "." and "..". */
static unsigned
count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void
test_read(void **state)
{
	struct world *w = *state;
	char wanted[256];

	assert_int_equal(replace(w, w->path, ""), 0);
	assert_text(w, w->path, "");
	assert_int_equal(replace(w, w->path, "12345"), 0);
	assert_text(w, w->path, "12345");
	/* Behind what the buffer has already, which does not count. */
	assert_int_equal(file_read(w->path, 5, &w->text, &w->err), 0);
	assert_string_equal(w->text.data, "1234512345");
	assert_int_equal(file_read(w->path, 4, &w->text, &w->err), WEIR_SYSTEM);
	snprintf(wanted, sizeof(wanted), "%s is too large: it may have 4 bytes",
		 w->path);
	assert_string_equal(w->err.text, wanted);
	/* It does not end; only so much of it is read. */
	assert_int_equal(file_read("/dev/zero", 100, &w->text, &w->err),
			 WEIR_SYSTEM);
	assert_true(w->text.size < 1000000);
}

static void
test_unreadable(void **state)
{
	struct world *w = *state;
	char wanted[256];

	assert_int_equal(file_read(w->path, 9, &w->text, &w->err), WEIR_SYSTEM);
	assert_int_equal(w->err.foreign, ENOENT);
	snprintf(wanted, sizeof(wanted),
		 "cannot read %s: No such file or directory", w->path);
	assert_string_equal(w->err.text, wanted);
	assert_int_equal(file_read(w->folder, 9, &w->text, &w->err),
			 WEIR_SYSTEM);
	assert_int_equal(w->err.foreign, EISDIR);
}

static void
test_standard_input(void **state)
{
	struct world *w = *state;
	int kept = dup(STDIN_FILENO), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "piped", 5), 5);
	close(ends[1]);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	close(ends[0]);
	assert_text(w, "-", "piped");
	assert_int_equal(replace(w, w->path, "12345"), 0);
	close(STDIN_FILENO);
	assert_int_equal(open(w->path, O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	assert_int_equal(file_read("-", 4, &w->text, &w->err), WEIR_SYSTEM);
	assert_string_equal(w->err.text, "standard input is too large: it may "
					 "have 4 bytes");
	close(STDIN_FILENO);
	assert_int_equal(file_read("-", 4, &w->text, &w->err), WEIR_SYSTEM);
	assert_string_equal(w->err.text,
			    "cannot read standard input: Bad file descriptor");
	if (kept >= 0) {
		assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
		close(kept);
	}
}

static void
test_replace(void **state)
{
	struct world *w = *state;
	struct stat is;

	assert_int_equal(replace(w, w->path, "old and long"), 0);
	assert_int_equal(replace(w, w->path, "new"), 0);
	assert_text(w, w->path, "new");
	assert_int_equal(count_entries(w->folder), 1);
	assert_int_equal(stat(w->path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
}

static void
test_link(void **state)
{
	struct world *w = *state;
	char link[128];
	struct stat is;

	snprintf(link, sizeof(link), "%s/link", w->folder);
	assert_int_equal(replace(w, w->path, "old"), 0);
	assert_int_equal(symlink(w->path, link), 0);
	assert_int_equal(replace(w, link, "new"), 0);
	assert_int_equal(lstat(link, &is), 0);
	assert_true(S_ISLNK(is.st_mode));
	assert_text(w, w->path, "new");
	assert_int_equal(count_entries(w->folder), 2);
}

/* Not enough room for all of it: the old one stays, and nothing beside it. */
static void
test_full(void **state)
{
	struct world *w = *state;
	struct rlimit before, small;
	char wanted[256];
	int code;

	assert_int_equal(replace(w, w->path, "old"), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){8, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	code = replace(w, w->path, "longer than eight bytes");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, WEIR_SYSTEM);
	snprintf(wanted, sizeof(wanted), "cannot write %s: File too large",
		 w->path);
	assert_string_equal(w->err.text, wanted);
	assert_text(w, w->path, "old");
	assert_int_equal(count_entries(w->folder), 1);
}

static void
test_unwritable(void **state)
{
	struct world *w = *state;
	char path[128];

	/* No folder, or none that anybody may write to. */
	snprintf(path, sizeof(path), "%s/none/a", w->folder);
	assert_int_equal(replace(w, path, "x"), WEIR_SYSTEM);
	assert_int_equal(w->err.foreign, ENOENT);
	assert_int_equal(replace(w, "/proc/a", "x"), WEIR_SYSTEM);
	assert_int_equal(replace(w, "", "x"), WEIR_SYSTEM);
	/* What is no file is not replaced by one. */
	assert_int_equal(replace(w, w->folder, "x"), WEIR_SYSTEM);
	assert_int_equal(count_entries(w->folder), 0);
	assert_int_equal(mkfifo(w->path, 0600), 0);
	assert_int_equal(replace(w, w->path, "x"), WEIR_SYSTEM);
	snprintf(path, sizeof(path), "%s/link", w->folder);
	assert_int_equal(symlink(w->path, path), 0);
	assert_int_equal(replace(w, path, "x"), WEIR_SYSTEM);
	assert_int_equal(count_entries(w->folder), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_standard_input, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_replace, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_unwritable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
