/*
 * Scripts: what plays the dashboard without a person, read from a text of one
 * step a line (docs/scripts.md). This is the text's form only: no terminal and
 * no clock, and what a step does is the player's.
 *
 * A script that was read is whole: every step has what its kind wants, within
 * the limits below. It is read-only then.
 */
#ifndef WEIR_UI_SCRIPT_H
#define WEIR_UI_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SCRIPT_SIZE_MAX  (1 << 20) /* bytes of a file */
#define SCRIPT_STEPS_MAX 10000
#define SCRIPT_KEYS_MAX  1000    /* of a step */
#define SCRIPT_TEXT_MAX  1000    /* bytes */
#define SCRIPT_WAIT_MAX  3600000 /* ms; of expect, too */
#define SCRIPT_WITHIN    10000   /* ms, when expect does not say */

enum script_kind {
	SCRIPT_WAIT,       /* ms */
	SCRIPT_KEYS,       /* keys */
	SCRIPT_TYPE,       /* keys: the characters of a text */
	SCRIPT_RESIZE,     /* cols, rows */
	SCRIPT_EXPECT,     /* text on the screen within ms */
	SCRIPT_EXPECT_NOT, /* text not, or no longer, on the screen within ms */
	SCRIPT_MARK,       /* text */
	SCRIPT_SCREENSHOT, /* text: the file; picture: by its ending */
	SCRIPT_RATE,       /* per_s */
};

enum script_picture {
	PICTURE_SVG,
	PICTURE_ANSI,
	PICTURE_TEXT,
};

/* What its kind does not name is 0 or NULL. */
struct script_step {
	enum script_kind kind;
	unsigned line;     /* of the file, from 1 on */
	int64_t ms;        /* 0 to SCRIPT_WAIT_MAX; 0 within: at once */
	uint32_t *keys;    /* enum key, keys.h */
	unsigned keys_len; /* 1 to SCRIPT_KEYS_MAX */
	int cols, rows;    /* 1 to CANVAS_COLS_MAX, CANVAS_ROWS_MAX */
	char *text;        /* UTF-8 on one line, 1 to SCRIPT_TEXT_MAX bytes */
	double per_s;      /* 0 to RATE_MAX, or INFINITY: as fast as it goes */
	enum script_picture picture;
};

struct script {
	char *name; /* as messages call it */
	char *text; /* as it was read */
	struct script_step *steps;
	unsigned len; /* 0 is fine: nothing happens */
};

/*
 * Reads a script of `size` bytes, which are not needed afterwards. WEIR_USAGE:
 * "NAME:LINE:COLUMN: what is wrong", both from 1 on, columns in characters.
 */
int script_parse(const char *name, const char *text, size_t size,
		 struct script **out, struct err *err);

/*
 * The same of a file; "-" is standard input, which may be waited for. Also
 * WEIR_SYSTEM: it cannot be read, or is larger than SCRIPT_SIZE_MAX.
 */
int script_load(const char *path, struct script **out, struct err *err);

void script_free(struct script *script); /* NULL is fine */

#endif
