#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "settings.h"

#define FILE_MAX 65536 /* bytes of a file that somebody wrote by hand */

static const char *const themes[] = {"dark", "light", "mono", "colour-blind",
				     NULL};
static const char *const glyphs[] = {"braille", "blocks", "ascii", NULL};
static const char *const switches[] = {"off", "on", NULL};

enum { ENTRY_THEME, ENTRY_GLYPHS, ENTRY_MOUSE, ENTRY_BELL, ENTRIES };

static const struct {
	const char *name;
	const char *const *values;
} entries[ENTRIES] = {
    [ENTRY_THEME] = {"theme", themes},
    [ENTRY_GLYPHS] = {"glyphs", glyphs},
    [ENTRY_MOUSE] = {"mouse", switches},
    [ENTRY_BELL] = {"bell", switches},
};

static unsigned
get(const struct settings *settings, int entry)
{
	switch (entry) {
	case ENTRY_THEME:
		return settings->theme;
	case ENTRY_GLYPHS:
		return settings->glyphs;
	case ENTRY_MOUSE:
		return settings->mouse;
	default:
		return settings->bell;
	}
}

static void
set(struct settings *settings, int entry, unsigned value)
{
	switch (entry) {
	case ENTRY_THEME:
		settings->theme = value;
		break;
	case ENTRY_GLYPHS:
		settings->glyphs = value;
		break;
	case ENTRY_MOUSE:
		settings->mouse = value;
		break;
	default:
		settings->bell = value;
	}
}

void
settings_init(struct settings *settings)
{
	*settings = (struct settings){.bell = true};
}

const char *
settings_theme_name(enum settings_theme theme)
{
	return themes[theme];
}

/* "dark, light or mono" */
static void
list_values(const char *const *values, char *out, size_t size)
{
	size_t used = 0;

	for (int i = 0; values[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
					 i == 0          ? ""
					 : values[i + 1] ? ", "
							 : " or ",
					 values[i]);
}

static int
find_entry(const char *name)
{
	for (int i = 0; i < ENTRIES; i++)
		if (strcmp(entries[i].name, name) == 0)
			return i;
	return -1;
}

int
settings_set(struct settings *settings, const char *name, const char *value,
	     struct err *err)
{
	int entry = find_entry(name);
	char list[128];

	if (entry < 0)
		return err_set(err, WEIR_USAGE, 0,
			       "there is no setting \"%.64s\": it is theme, "
			       "glyphs, mouse or bell",
			       name);
	for (unsigned i = 0; entries[entry].values[i]; i++) {
		if (strcmp(entries[entry].values[i], value) != 0)
			continue;
		set(settings, entry, i);
		return 0;
	}
	list_values(entries[entry].values, list, sizeof(list));
	return err_set(err, WEIR_USAGE, 0, "%s takes %s, not \"%.64s\"", name,
		       list, value);
}

bool
settings_path(struct buf *path)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && config[0] == '/')
		buf_addf(path, "%s/weir/config", config);
	else if (home && home[0] == '/')
		buf_addf(path, "%s/.config/weir/config", home);
	else
		return false;
	return true;
}

/* All of a file; WEIR_NOT_FOUND when there is none. */
static int
read_file(const char *path, struct buf *text, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = -1;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return WEIR_NOT_FOUND;
	while (fd >= 0 && text->size <= FILE_MAX) {
		n = read(fd, buf_reserve(text, 4096), 4096);
		if (n <= 0)
			break;
		text->size += (size_t)n;
	}
	if (n < 0) {
		err_errno(err, "cannot read the settings %s", path);
		if (fd >= 0)
			close(fd);
		return WEIR_SYSTEM;
	}
	close(fd);
	if (text->size > FILE_MAX)
		return err_set(err, WEIR_SYSTEM, 0,
			       "the settings %s are too large for a file of "
			       "settings; they are left alone",
			       path);
	buf_add(text, "", 0); /* a NUL behind it, also of an empty file */
	return 0;
}

/* Without the spaces at both ends, in place. */
static char *
trim(char *text)
{
	static const char spaces[] = " \t\r";
	size_t size;

	text += strspn(text, spaces);
	size = strlen(text);
	while (size > 0 && strchr(spaces, text[size - 1]))
		text[--size] = '\0';
	return text;
}

/* Splits "name = value" in place; false when there is nothing on the line. */
static bool
split(char *line, char **name, char **value)
{
	char *equals;

	line[strcspn(line, "#")] = '\0';
	equals = strchr(line, '=');
	if (equals)
		*equals = '\0';
	*name = trim(line);
	*value = equals ? trim(equals + 1) : NULL;
	return equals || **name;
}

int
settings_load(const char *path, struct settings *settings, struct err *err)
{
	struct buf text = BUF_INIT;
	struct err why;
	int rc = read_file(path, &text, err), broken = 0;
	unsigned number = 1;

	for (char *line = text.data, *next; rc == 0 && line;
	     line = next, number++) {
		char *name, *value;
		int code;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!split(line, &name, &value))
			continue;
		code = value ? settings_set(settings, name, value, &why)
			     : err_set(&why, WEIR_USAGE, 0,
				       "it is NAME = VALUE a line");
		if (code && !broken)
			broken = err_set(err, code, 0, "%s:%u: %s", path,
					 number, why.text);
	}
	buf_release(&text);
	if (rc == WEIR_NOT_FOUND)
		return 0;
	return rc ? rc : broken;
}

/* Whether a line, which is not changed, sets an entry. */
static bool
line_sets(const char *line, size_t size, const char *entry)
{
	struct buf copy = BUF_INIT;
	char *name, *value;
	bool sets;

	buf_add(&copy, line, size);
	sets = split(copy.data, &name, &value) && value &&
	       strcmp(name, entry) == 0;
	buf_release(&copy);
	return sets;
}

/* The text with other lines for what has changed; new ones at its end. */
static void
edit(const struct buf *text, const struct settings *before,
     const struct settings *settings, struct buf *out)
{
	bool written[ENTRIES] = {false};
	size_t end;

	for (size_t at = 0; at < text->size; at = end) {
		const char *line = text->data + at;
		const char *stop = memchr(line, '\n', text->size - at);
		size_t size = stop ? (size_t)(stop - line) : text->size - at;
		int entry;

		end = at + size + (stop != NULL);
		for (entry = 0; entry < ENTRIES; entry++)
			if (get(before, entry) != get(settings, entry) &&
			    line_sets(line, size, entries[entry].name))
				break;
		if (entry == ENTRIES) {
			buf_add(out, line, size);
			buf_add_str(out, "\n");
		} else if (!written[entry]) {
			written[entry] = true;
			buf_addf(out, "%s = %s\n", entries[entry].name,
				 entries[entry].values[get(settings, entry)]);
		}
	}
	for (int entry = 0; entry < ENTRIES; entry++)
		if (get(before, entry) != get(settings, entry) &&
		    !written[entry])
			buf_addf(out, "%s = %s\n", entries[entry].name,
				 entries[entry].values[get(settings, entry)]);
}

/* The folders above a file; those that are there are fine. */
static void
make_folders(const char *file)
{
	char *path = xstrdup(file);

	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	free(path);
}

int
settings_keep(const char *path, const struct settings *before,
	      const struct settings *settings, struct err *err)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct err why;
	int rc = read_file(path, &text, err);

	if (rc == WEIR_NOT_FOUND)
		rc = 0;
	if (rc == 0) {
		edit(&text, before, settings, &out);
		make_folders(path);
		rc = file_replace(path, &out, &why);
		if (rc)
			err_set(err, rc, why.foreign,
				"the settings cannot be kept: %s", why.text);
	}
	buf_release(&text);
	buf_release(&out);
	return rc;
}
