/*
 * How the screen is to look and behave: what a user chooses once, kept in
 * $XDG_CONFIG_HOME/weir/config (else ~/.config/weir/config).
 *
 * The file has one "NAME = VALUE" a line; '#' begins a comment. What the user
 * changes on the screen is written at once: the lines of what has changed are
 * replaced, all others stay as they are, and the file is replaced as a whole.
 * Nothing here is worth failing for: a file that cannot be read or written, or
 * a broken line in it, is a sentence.
 */
#ifndef WEIR_SETTINGS_H
#define WEIR_SETTINGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum settings_theme {
	THEME_DARK,
	THEME_LIGHT,
	THEME_MONO,
	THEME_COLOUR_BLIND,
	SETTINGS_THEMES,
};

/* What charts are drawn of. */
enum settings_glyphs {
	GLYPHS_BRAILLE,
	GLYPHS_BLOCKS,
	GLYPHS_ASCII, /* and all else, too */
	SETTINGS_GLYPHS,
};

struct settings {
	enum settings_theme theme;
	enum settings_glyphs glyphs;
	bool mouse;
	bool bell; /* when an alert fires */
};

void settings_init(struct settings *settings);

/* By name and value, as in the file; WEIR_USAGE with what would be right. */
int settings_set(struct settings *settings, const char *name, const char *value,
		 struct err *err);

const char *settings_theme_name(enum settings_theme theme); /* static */

/* Appends the file's path; false when the environment names no folder. */
bool settings_path(struct buf *path);

/*
 * Takes what the file says. No file is fine. WEIR_USAGE: the sentence is about
 * the first broken line; the others count all the same. WEIR_SYSTEM: it cannot
 * be read.
 */
int settings_load(const char *path, struct settings *settings, struct err *err);

/*
 * Writes what differs from `before`, with the folders it needs. WEIR_SYSTEM:
 * the file is as it was.
 */
int settings_keep(const char *path, const struct settings *before,
		  const struct settings *settings, struct err *err);

#endif
