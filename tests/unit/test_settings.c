/* The file of settings: read with its faults, written line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "settings.h"

struct world {
	char folder[64], path[128];
	struct settings settings;
	struct err err;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->folder, "/tmp/weir-settings.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/a/b/config", w->folder);
	settings_init(&w->settings);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", w->folder);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static void
write_text(struct world *w, const char *text)
{
	char folder[128];
	FILE *file;

	snprintf(folder, sizeof(folder), "%s/a", w->folder);
	mkdir(folder, 0700);
	snprintf(folder, sizeof(folder), "%s/a/b", w->folder);
	mkdir(folder, 0700);
	file = fopen(w->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
assert_text(struct world *w, const char *wanted)
{
	char text[1024];
	FILE *file = fopen(w->path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	assert_string_equal(text, wanted);
}

static void
assert_settings(struct world *w, enum settings_theme theme,
		enum settings_glyphs glyphs, bool mouse, bool bell)
{
	assert_int_equal(w->settings.theme, theme);
	assert_int_equal(w->settings.glyphs, glyphs);
	assert_int_equal(w->settings.mouse, mouse);
	assert_int_equal(w->settings.bell, bell);
}

static void
test_load(void **state)
{
	struct world *w = *state;

	/* None is fine, also where there is no folder. */
	assert_int_equal(settings_load(w->path, &w->settings, &w->err), 0);
	assert_settings(w, THEME_DARK, GLYPHS_BRAILLE, false, true);
	write_text(w, "");
	assert_int_equal(settings_load(w->path, &w->settings, &w->err), 0);
	write_text(w, "# mine\n\n theme=light # bright room\r\n"
		      "glyphs = blocks\nmouse\t=\ton\nbell = off");
	assert_int_equal(settings_load(w->path, &w->settings, &w->err), 0);
	assert_settings(w, THEME_LIGHT, GLYPHS_BLOCKS, true, false);
}

/* One sentence, and the other lines count. */
static void
test_broken(void **state)
{
	struct world *w = *state;
	char wanted[256];

	write_text(w, "theme = mono\nglyphs = runes\nfont = big\nbell = off\n");
	assert_int_equal(settings_load(w->path, &w->settings, &w->err),
			 WEIR_USAGE);
	snprintf(wanted, sizeof(wanted),
		 "%s:2: glyphs takes braille, blocks or ascii, not \"runes\"",
		 w->path);
	assert_string_equal(w->err.text, wanted);
	assert_settings(w, THEME_MONO, GLYPHS_BRAILLE, false, false);
	write_text(w, "font = big\n");
	assert_int_equal(settings_load(w->path, &w->settings, &w->err),
			 WEIR_USAGE);
	snprintf(wanted, sizeof(wanted),
		 "%s:1: there is no setting \"font\": it is theme, glyphs, "
		 "mouse or bell",
		 w->path);
	assert_string_equal(w->err.text, wanted);
	write_text(w, "bell = on\ntheme\n");
	assert_int_equal(settings_load(w->path, &w->settings, &w->err),
			 WEIR_USAGE);
	snprintf(wanted, sizeof(wanted), "%s:2: it is NAME = VALUE a line",
		 w->path);
	assert_string_equal(w->err.text, wanted);
	assert_settings(w, THEME_MONO, GLYPHS_BRAILLE, false, true);
}

/* Whatever the bytes, it ends, and says something or nothing. */
static void
test_rubbish(void **state)
{
	struct world *w = *state;
	uint32_t seed = 1;

	for (int round = 0; round < 500; round++) {
		static const char some[] =
		    "=# \n\r\ttheme=mouse\x1b\xff\x80oni";
		char text[200];

		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = some[(seed >> 16) % (sizeof(some) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		write_text(w, text);
		settings_load(w->path, &w->settings, &w->err);
		assert_true(w->settings.theme < SETTINGS_THEMES);
		assert_true(w->settings.glyphs < SETTINGS_GLYPHS);
	}
}

static void
test_keep(void **state)
{
	struct world *w = *state;
	struct settings before = w->settings;

	/* Where there is nothing, folders are made. */
	w->settings.theme = THEME_COLOUR_BLIND;
	assert_int_equal(settings_keep(w->path, &before, &w->settings, &w->err),
			 0);
	assert_text(w, "theme = colour-blind\n");
	/* Only what changed is written; the rest is the user's. */
	write_text(w, "# mine\nglyphs = blocks\ntheme = dark # old\nfont = x");
	before = w->settings;
	w->settings.theme = THEME_MONO;
	w->settings.mouse = true;
	assert_int_equal(settings_keep(w->path, &before, &w->settings, &w->err),
			 0);
	assert_text(w, "# mine\nglyphs = blocks\ntheme = mono\nfont = x\n"
		       "mouse = on\n");
	/* Twice the same setting: once is enough. */
	write_text(w, "mouse = on\nmouse = on\n");
	before = w->settings;
	w->settings.mouse = false;
	assert_int_equal(settings_keep(w->path, &before, &w->settings, &w->err),
			 0);
	assert_text(w, "mouse = off\n");
}

static void
test_link(void **state)
{
	struct world *w = *state;
	struct settings before = w->settings;
	char real[128];
	struct stat is;

	write_text(w, "");
	snprintf(real, sizeof(real), "%s/real", w->folder);
	assert_int_equal(rename(w->path, real), 0);
	assert_int_equal(symlink(real, w->path), 0);
	w->settings.bell = false;
	assert_int_equal(settings_keep(w->path, &before, &w->settings, &w->err),
			 0);
	assert_int_equal(lstat(w->path, &is), 0);
	assert_true(S_ISLNK(is.st_mode));
	assert_text(w, "bell = off\n");
}

/* No room, no right, no folder: a sentence, and the file is as it was. */
static void
test_refused(void **state)
{
	struct world *w = *state;
	struct settings before = w->settings;
	static const char wanted[] = "the settings cannot be kept: ";

	w->settings.bell = false;
	assert_int_equal(settings_keep("/proc/nobody/config", &before,
				       &w->settings, &w->err),
			 WEIR_SYSTEM);
	assert_memory_equal(w->err.text, wanted, sizeof(wanted) - 1);
	assert_int_equal(
	    settings_keep("/dev/null/x/config", &before, &w->settings, &w->err),
	    WEIR_SYSTEM);
	/* A folder where the file should be. */
	write_text(w, "");
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(mkdir(w->path, 0700), 0);
	assert_int_equal(settings_load(w->path, &w->settings, &w->err),
			 WEIR_SYSTEM);
	assert_int_equal(settings_keep(w->path, &before, &w->settings, &w->err),
			 WEIR_SYSTEM);
	assert_int_equal(rmdir(w->path), 0);
}

static void
test_path(void **state)
{
	struct buf path = BUF_INIT;

	(void)state;
	setenv("XDG_CONFIG_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	assert_true(settings_path(&path));
	assert_string_equal(path.data, "/x/weir/config");
	buf_release(&path);
	/* The specification wants an absolute path, or it is ignored. */
	setenv("XDG_CONFIG_HOME", "x", 1);
	assert_true(settings_path(&path));
	assert_string_equal(path.data, "/h/.config/weir/config");
	buf_release(&path);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	assert_false(settings_path(&path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rubbish, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_keep, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	    cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
