#include "config.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "record.h"
#include "show.h"

#define TITLE_MAX 256

bool
record_is_lockstep(const struct options *o)
{
	return options_staged(o) && !o->realtime;
}

static struct settings
settings_of(const struct options *o)
{
	struct settings settings;
	struct buf file = BUF_INIT;
	struct err broken; /* the dashboard says it */

	show_settings(o, &file, &settings, &broken);
	buf_release(&file);
	return settings;
}

/*
 * How wide characters are depends on the locale, and a recording does not: also
 * where there is none, as in a job of cron.
 */
static int
set_locale(struct err *err)
{
	if (setlocale(LC_ALL, "C.UTF-8") ||
	    strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		return 0;
	return err_set(err, WEIR_SYSTEM, 0,
		       "a recording without a terminal takes the locale "
		       "C.UTF-8, which is not installed here");
}

/* Of this terminal, where there is one. */
static void
size_of(const struct options *o, int *cols, int *rows)
{
	struct winsize size;

	*cols = o->cols;
	*rows = o->rows;
	if (o->headless || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col == 0 || size.ws_row == 0)
		return;
	*cols = size.ws_col;
	*rows = size.ws_row;
}

static int
open_script(struct record *record, struct err *err)
{
	const struct options *o = record->options;
	const struct bundle *replayed = record->replayed;
	int rc = 0;

	if (replayed)
		rc = script_parse(replayed->script_name, replayed->script_text,
				  strlen(replayed->script_text),
				  &record->script, err);
	else if (o->script)
		rc = script_load(o->script, &record->script, err);
	record->player.script = record->script;
	return rc;
}

static int
open_cast(struct record *record, struct err *err)
{
	const struct options *o = record->options;
	char title[TITLE_MAX];
	struct cast_options options = {
	    .version = o->asciicast,
	    .title = title,
	    .theme = settings_of(o).theme,
	    .colour = theme_wants_colour() || o->headless,
	    .keys = o->record_keys,
	};
	const char *path = o->record;

	/* For the digest alone. */
	if (!path && (o->bundle || record->replayed))
		path = "/dev/null";
	if (!path)
		return 0;
	size_of(o, &options.cols, &options.rows);
	snprintf(title, sizeof(title), "weir %s", record->pipeline->name);
	if (!record->lockstep)
		options.timestamp_s = clock_wall_ms() / 1000;
	return cast_open(path, &options, &record->cast, err);
}

int
record_begin(struct record *record, const struct options *options,
	     const struct pipeline *pipeline, const struct bundle *replayed,
	     struct err *err)
{
	int rc;

	*record = (struct record){
	    .options = options,
	    .pipeline = pipeline,
	    .replayed = replayed,
	    .lockstep = record_is_lockstep(options),
	};
	rc = open_script(record, err);
	if (rc == 0 && options_staged(options))
		rc = set_locale(err);
	if (rc == 0 && record->lockstep)
		clock_set(0);
	record->begun_ms = clock_wall_ms();
	if (rc == 0)
		rc = open_cast(record, err);
	return rc;
}

static int
write_bundle(const struct record *record, uint64_t seed, const char *digest,
	     struct err *err)
{
	const struct options *o = record->options;
	struct settings settings = settings_of(o);
	struct bundle bundle = {
	    .version = xstrdup(PACKAGE_VERSION),
	    .pipeline_name = xstrdup(record->pipeline->file),
	    .script_name = xstrdup(record->script->name),
	    .script_text = xstrdup(record->script->text),
	    .seed = seed,
	    .per_s = o->per_s,
	    .bad_share = o->bad_share,
	    .events = o->events,
	    .cols = o->cols,
	    .rows = o->rows,
	    .theme = xstrdup(settings_theme_name(settings.theme)),
	    .ascii = settings.glyphs == GLYPHS_ASCII,
	    .blocks = settings.glyphs == GLYPHS_BLOCKS,
	};
	struct buf pipeline = BUF_INIT;
	int rc = file_read(record->pipeline->file, PIPELINE_FILE_MAX, &pipeline,
			   err);

	memcpy(bundle.digest, digest, sizeof(bundle.digest));
	bundle.pipeline_text = pipeline.data;
	if (rc == 0)
		rc = bundle_write(o->bundle, &bundle, err);
	bundle_release(&bundle);
	return rc;
}

void
record_options(const struct bundle *bundle, struct options *o)
{
	o->headless = true;
	o->script = bundle->script_name;
	o->seeded = true;
	o->seed = bundle->seed;
	o->per_s = bundle->per_s;
	o->bad_share = bundle->bad_share;
	o->events = bundle->events;
	o->cols = bundle->cols;
	o->rows = bundle->rows;
	o->theme = bundle->theme;
	o->glyphs = bundle->ascii    ? "ascii"
		    : bundle->blocks ? "blocks"
				     : "braille";
}

int
record_end(struct record *record, uint64_t seed, struct err *err)
{
	const struct bundle *replayed = record->replayed;
	int64_t us = (clock_wall_ms() - record->begun_ms) * 1000;
	char digest[33] = "";
	bool begun = record->cast != NULL;
	int rc = 0;

	if (record->cast) {
		cast_digest(record->cast, digest);
		rc = cast_close(record->cast, us, err);
	}
	record->cast = NULL;
	if (rc == 0 && begun && record->options->bundle)
		rc = write_bundle(record, seed, digest, err);
	if (rc == 0 && begun && replayed && replayed->digest[0] &&
	    strcmp(replayed->digest, digest) != 0)
		rc = err_set(err, WEIR_NOT_FOUND, 0,
			     "the frames are not those that were recorded, by "
			     "weir %s (this is %s)",
			     replayed->version, PACKAGE_VERSION);
	script_free(record->script);
	record->script = NULL;
	buf_release(&record->player.screen);
	return rc;
}
