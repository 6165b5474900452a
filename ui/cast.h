/*
 * Recordings: what canvases showed, and when, as an asciicast of version 2 or 3
 * (https://docs.asciinema.org/manual/asciicast/v3/), a file that asciinema and
 * its players show.
 *
 * A recording plays in the main screen of a terminal, so that its last picture
 * is still there when it is over: it begins with hiding the cursor and
 * clearing, and ends with the cursor shown in the last row. All that is written
 * follows from what is given; the same calls make the same bytes.
 *
 * The header is written at once and each event when it happens, a whole line
 * at a time: of a program that was killed there is all up to then. When a line
 * cannot be written, the file keeps the lines before it, nothing more is
 * written, and cast_close() says so.
 *
 * Times are microseconds since the recording began. They never decrease: one
 * that is earlier than the last is taken as the last.
 *
 * A recording belongs to one thread at a time.
 */
#ifndef WEIR_UI_CAST_H
#define WEIR_UI_CAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "canvas.h"
#include "theme.h"

struct cast;

struct cast_options {
	int version;         /* 2 or 3 */
	int cols, rows;      /* of the first canvas */
	int64_t timestamp_s; /* when it began, by the clock; 0: left out */
	const char *title;   /* NULL: none; needed for cast_open() only */
	enum settings_theme theme;
	bool colour;
	bool keys; /* keys become input events */
};

/*
 * Makes the file, or empties it, and writes the header. WEIR_SYSTEM when the
 * file cannot be made.
 */
int cast_open(const char *path, const struct cast_options *options,
	      struct cast **out, struct err *err);

/*
 * What is shown from now on: an event of what differs from the canvas before,
 * and one of the size before it when it is another. Nothing when nothing
 * differs.
 */
void cast_frame(struct cast *cast, const struct canvas *canvas, int64_t at_us);

/* The next frame is drawn as this theme has it. */
void cast_set_theme(struct cast *cast, enum settings_theme theme);

/* A marker, which players can jump to; any text, "" for none. */
void cast_mark(struct cast *cast, const char *label, int64_t at_us);

/*
 * A key of keys.h, as the bytes that an xterm sends for it in its normal mode.
 * Nothing without options.keys, or for what has no bytes of its own: the mouse.
 */
void cast_key(struct cast *cast, uint32_t key, int64_t at_us);

/*
 * The digest of all bytes so far, that xxh128sum prints of the file, as 32
 * hexadecimal digits.
 */
void cast_digest(const struct cast *cast, char hex[33]);

/*
 * Writes the end, closes the file and frees the recording. WEIR_SYSTEM when
 * not all of it could be written; what there is stays, and can be played.
 */
int cast_close(struct cast *cast, int64_t at_us, struct err *err);

#endif
