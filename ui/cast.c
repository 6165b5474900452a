#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cast.h"
#include "keys.h"
#include "paint.h"

struct cast {
	char *path;
	int fd;
	int failed;  /* errno of the first write that failed */
	off_t whole; /* the size of all lines; until one failed */
	struct hash_stream *hash;
	int version;
	enum settings_theme theme;
	bool colour, keys;
	struct canvas shown;
	bool painted; /* shown is on the screen */
	int64_t at_us;
	struct buf line, bytes;
};

/*
 * What a terminal's 16 colours are, xterm's: players want to know, though weir
 * names the colours that it uses.
 */
static const char palette[] =
    "#000000:#cd0000:#00cd00:#cdcd00:#0000ee:#cd00cd:#00cdcd:#e5e5e5:"
    "#7f7f7f:#ff0000:#00ff00:#ffff00:#5c5cff:#ff00ff:#00ffff:#ffffff";

/* xterm's "PC-Style Function Keys", cursor keys in normal mode (ctlseqs). */
static const struct {
	uint32_t key;
	const char *bytes;
} sequences[] = {
    {KEYS_UP, "\033[A"},       {KEYS_DOWN, "\033[B"},
    {KEYS_RIGHT, "\033[C"},    {KEYS_LEFT, "\033[D"},
    {KEYS_HOME, "\033[H"},     {KEYS_END, "\033[F"},
    {KEYS_PAGE_UP, "\033[5~"}, {KEYS_PAGE_DOWN, "\033[6~"},
    {KEYS_BACKTAB, "\033[Z"},  {KEYS_DELETE, "\033[3~"},
    {KEYS_F1, "\033OP"},       {KEYS_F2, "\033OQ"},
    {KEYS_F3, "\033OR"},       {KEYS_F4, "\033OS"},
    {KEYS_F5, "\033[15~"},     {KEYS_F6, "\033[17~"},
};

static bool
write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* The line that was made. */
static void
write_line(struct cast *cast)
{
	buf_add_str(&cast->line, "\n");
	hash_stream_add(cast->hash, cast->line.data, cast->line.size);
	if (cast->failed == 0 &&
	    !write_all(cast->fd, cast->line.data, cast->line.size)) {
		cast->failed = errno;
		/* Players stop at a part of a line. A device keeps it. */
		(void)!ftruncate(cast->fd, cast->whole);
	}
	cast->whole += (off_t)cast->line.size;
	cast->line.size = 0;
}

/* Version 2 has the time since the beginning, 3 that since the last event. */
static void
write_event(struct cast *cast, int64_t at_us, char code, const char *data,
	    size_t size)
{
	int64_t us;

	if (at_us < cast->at_us)
		at_us = cast->at_us;
	us = cast->version == 3 ? at_us - cast->at_us : at_us;
	cast->at_us = at_us;
	buf_addf(&cast->line, "[%" PRId64 ".%06d, \"%c\", ", us / 1000000,
		 (int)(us % 1000000), code);
	json_quote(&cast->line, data, size);
	buf_add_str(&cast->line, "]");
	write_line(cast);
}

static void
add_theme(struct buf *line, enum settings_theme theme)
{
	const struct paint_own *own = paint_own(theme);

	buf_addf(line,
		 ", \"theme\": {\"fg\": \"#%06x\", \"bg\": \"#%06x\", "
		 "\"palette\": \"%s\"}",
		 own->foreground, own->background, palette);
}

static void
write_header(struct cast *cast, const struct cast_options *options)
{
	struct buf *line = &cast->line;

	buf_addf(line,
		 cast->version == 3
		     ? "{\"version\": 3, \"term\": {\"cols\": %d, \"rows\": %d"
		     : "{\"version\": 2, \"width\": %d, \"height\": %d",
		 cast->shown.cols, cast->shown.rows);
	add_theme(line, cast->theme);
	if (cast->version == 3)
		buf_add_str(line, "}"); /* of the terminal */
	if (options->timestamp_s)
		buf_addf(line, ", \"timestamp\": %" PRId64,
			 options->timestamp_s);
	if (options->title) {
		buf_add_str(line, ", \"title\": ");
		json_quote(line, options->title, strlen(options->title));
	}
	buf_add_str(line, "}");
	write_line(cast);
}

int
cast_open(const char *path, const struct cast_options *options,
	  struct cast **out, struct err *err)
{
	struct cast *cast;
	int fd;

	assert(options->version == 2 || options->version == 3);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(err, "cannot write the recording %s", path);
	cast = xcalloc(1, sizeof(*cast));
	cast->path = xstrdup(path);
	cast->fd = fd;
	cast->hash = hash_stream_new();
	cast->version = options->version;
	cast->theme = options->theme;
	cast->colour = options->colour;
	cast->keys = options->keys;
	canvas_init(&cast->shown, false);
	canvas_resize(&cast->shown, options->rows, options->cols);
	write_header(cast, options);
	*out = cast;
	return 0;
}

void
cast_set_theme(struct cast *cast, enum settings_theme theme)
{
	if (theme != cast->theme)
		cast->painted = false;
	cast->theme = theme;
}

void
cast_frame(struct cast *cast, const struct canvas *canvas, int64_t at_us)
{
	struct canvas *shown = &cast->shown;
	size_t cells = (size_t)canvas->rows * (size_t)canvas->cols;
	char size[32];

	if (canvas->rows != shown->rows || canvas->cols != shown->cols) {
		snprintf(size, sizeof(size), "%dx%d", canvas->cols,
			 canvas->rows);
		write_event(cast, at_us, 'r', size, strlen(size));
		canvas_resize(shown, canvas->rows, canvas->cols);
		cast->painted = false;
	}
	cast->bytes.size = 0;
	paint_ansi(cast->painted ? shown : NULL, canvas, cast->theme,
		   cast->colour, &cast->bytes);
	if (cast->bytes.size > 0)
		write_event(cast, at_us, 'o', cast->bytes.data,
			    cast->bytes.size);
	memcpy(shown->cells, canvas->cells, cells * sizeof(*canvas->cells));
	cast->painted = true;
}

void
cast_mark(struct cast *cast, const char *label, int64_t at_us)
{
	write_event(cast, at_us, 'm', label, strlen(label));
}

void
cast_key(struct cast *cast, uint32_t key, int64_t at_us)
{
	char utf8[4];

	if (!cast->keys || key == KEYS_NONE)
		return;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		if (sequences[i].key != key)
			continue;
		write_event(cast, at_us, 'i', sequences[i].bytes,
			    strlen(sequences[i].bytes));
		return;
	}
	if (key < KEYS_UP)
		write_event(cast, at_us, 'i', utf8, utf8_encode(key, utf8));
}

void
cast_digest(const struct cast *cast, char hex[33])
{
	hash_stream_text(cast->hash, hex);
}

int
cast_close(struct cast *cast, int64_t at_us, struct err *err)
{
	int rc = 0;

	cast->bytes.size = 0;
	if (cast->painted) {
		buf_addf(&cast->bytes, "\033[m\033[%d;%dH\033[?25h",
			 cast->shown.rows, cast->shown.cols);
		write_event(cast, at_us, 'o', cast->bytes.data,
			    cast->bytes.size);
	}
	if (close(cast->fd) != 0 && cast->failed == 0)
		cast->failed = errno;
	if (cast->failed) {
		errno = cast->failed;
		rc = err_errno(err,
			       "the recording %s is not whole, because its "
			       "file cannot be written",
			       cast->path);
	}
	hash_stream_free(cast->hash);
	canvas_release(&cast->shown);
	buf_release(&cast->line);
	buf_release(&cast->bytes);
	free(cast->path);
	free(cast);
	return rc;
}
