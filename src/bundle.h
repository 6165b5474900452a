/*
 * A bug report in one file: all that a recording follows from, so that it can
 * be played again elsewhere. JSON, described in docs/scripts.md.
 *
 * What was loaded has every member, each of its type and within its range.
 * Whether the pipeline and the script are right is for those who compile them.
 */
#ifndef WEIR_BUNDLE_H
#define WEIR_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define BUNDLE_FORMAT   1
#define BUNDLE_COLS_MAX 1024 /* as a canvas may have */
#define BUNDLE_ROWS_MAX 512

/* No text is NULL. Broken UTF-8 in one is written as U+FFFD. */
struct bundle {
	char *version;       /* of the weir that wrote it */
	char *pipeline_name; /* as messages call its file */
	char *pipeline_text; /* the file's text as it was */
	char *script_name;   /* the same of the script */
	char *script_text;
	uint64_t seed;
	double per_s;       /* the rate at the start; INFINITY: as fast as it
			       goes; -1: the pipeline's */
	double bad_share;   /* 0 to 1; -1: the pipeline's */
	uint64_t events;    /* up to INT64_MAX; 0: no end */
	int cols, rows;     /* 1 to BUNDLE_COLS_MAX, BUNDLE_ROWS_MAX */
	char *theme;        /* settings_theme_name() */
	bool ascii, blocks; /* what the canvas draws with (ui/canvas.h) */
	char digest[33];    /* of the recording, 32 hex digits in lower case;
			       "": not known */
};

/*
 * Writes it to a file, which is replaced whole or, with WEIR_SYSTEM, not at
 * all. As file_replace(), so the file is its owner's alone.
 */
int bundle_write(const char *path, const struct bundle *bundle,
		 struct err *err);

/*
 * "-" is standard input. The bundle is to be released. WEIR_USAGE: the file is
 * none, with what is wrong and where; WEIR_SYSTEM: it cannot be read.
 */
int bundle_load(const char *path, struct bundle *bundle, struct err *err);

/* Frees the texts and makes it empty. One of zeros is fine. */
void bundle_release(struct bundle *bundle);

#endif
