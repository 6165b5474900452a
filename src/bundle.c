#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "pipeline/reader.h"
#include "settings.h"

#define FILE_MAX  (16 << 20) /* two files of 1 MiB, all of it escaped */
#define PER_S_MAX 1e9        /* as --rate takes it */

/* In the order in which they are written. */
static const struct reader_key members[] = {
    {"weir_bundle", true},   {"version", true},     {"pipeline_name", true},
    {"pipeline_text", true}, {"script_name", true}, {"script_text", true},
    {"seed", true},          {"per_s", true},       {"bad_share", true},
    {"events", true},        {"cols", true},        {"rows", true},
    {"theme", true},         {"ascii", true},       {"blocks", true},
    {"digest", true},
};

/* ---- Writing ---- */

/* -1 is null, INFINITY "max". */
static void
add_part(struct json_node *root, const char *name, double d)
{
	if (d < 0)
		json_add_null(root, name);
	else if (isinf(d))
		json_add_string(root, name, "max");
	else
		json_add_double(root, name, d);
}

int
bundle_write(const char *path, const struct bundle *b, struct err *err)
{
	struct json_node *root = json_new_object();
	struct buf text = BUF_INIT;
	char seed[24];
	int code;

	assert(b->events <= INT64_MAX);
	snprintf(seed, sizeof(seed), "%" PRIu64, b->seed);
	json_add_int(root, "weir_bundle", BUNDLE_FORMAT);
	json_add_string(root, "version", b->version);
	json_add_string(root, "pipeline_name", b->pipeline_name);
	json_add_string(root, "pipeline_text", b->pipeline_text);
	json_add_string(root, "script_name", b->script_name);
	json_add_string(root, "script_text", b->script_text);
	json_add_string(root, "seed", seed);
	add_part(root, "per_s", b->per_s);
	add_part(root, "bad_share", b->bad_share);
	json_add_int(root, "events", (int64_t)b->events);
	json_add_int(root, "cols", b->cols);
	json_add_int(root, "rows", b->rows);
	json_add_string(root, "theme", b->theme);
	json_add_bool(root, "ascii", b->ascii);
	json_add_bool(root, "blocks", b->blocks);
	json_add_string(root, "digest", b->digest);
	json_print(root, true, &text);
	buf_add_str(&text, "\n");
	json_node_free(root);
	code = file_replace(path, &text, err);
	buf_release(&text);
	return code;
}

/* ---- Reading ---- */

static int
read_text(const struct reader *r, const struct json_value *value, char **out)
{
	const char *text;
	int code = reader_string(r, value, &text);

	if (!code)
		*out = xstrdup(text);
	return code;
}

/* In quotes, since most that reads JSON loses digits beyond 2^53. */
static int
read_seed(const struct reader *r, const struct json_value *value, uint64_t *out)
{
	const char *at = json_string(value);
	uint64_t seed = 0;
	bool valid = at && *at;

	for (; valid && *at; at++)
		valid = *at >= '0' && *at <= '9' &&
			!__builtin_mul_overflow(seed, 10, &seed) &&
			!__builtin_add_overflow(seed, *at - '0', &seed);
	if (!valid)
		return reader_error(r, value,
				    "must be a whole number from 0 to %" PRIu64
				    ", in quotes",
				    UINT64_MAX);
	*out = seed;
	return 0;
}

/* null is -1. */
static int
read_part(const struct reader *r, const struct json_value *value, double max,
	  double *out)
{
	if (json_type(value) != JSON_NULL)
		return reader_double(r, value, 0, max, out);
	*out = -1;
	return 0;
}

static int
read_rate(const struct reader *r, const struct json_value *value, double *out)
{
	const char *text = json_string(value);

	if (!text || strcmp(text, "max") != 0)
		return read_part(r, value, PER_S_MAX, out);
	*out = INFINITY;
	return 0;
}

static int
read_count(const struct reader *r, const struct json_value *value, int max,
	   int *out)
{
	int64_t count;
	int code = reader_int(r, value, 1, max, &count);

	if (!code)
		*out = (int)count;
	return code;
}

static int
read_events(const struct reader *r, const struct json_value *value,
	    uint64_t *out)
{
	int64_t events;
	int code = reader_int(r, value, 0, INT64_MAX, &events);

	if (!code)
		*out = (uint64_t)events;
	return code;
}

static int
read_theme(const struct reader *r, const struct json_value *value, char **out)
{
	const char *names[SETTINGS_THEMES];
	unsigned theme;
	int code;

	for (unsigned i = 0; i < SETTINGS_THEMES; i++)
		names[i] = settings_theme_name(i);
	code = reader_choice(r, value, "theme", names, SETTINGS_THEMES, &theme);
	if (!code)
		*out = xstrdup(names[theme]);
	return code;
}

static int
read_digest(const struct reader *r, const struct json_value *value, char *out,
	    size_t size)
{
	const char *text;
	int code = reader_string(r, value, &text);
	size_t len;

	if (code)
		return code;
	len = strlen(text);
	if (strspn(text, "0123456789abcdef") != len ||
	    (len != 0 && len != size - 1))
		return reader_error(r, value, "must be %zu hex digits, or \"\"",
				    size - 1);
	memcpy(out, text, len + 1);
	return 0;
}

/* Before all else: what other members there are, the format decides. */
static int
read_format(const struct reader *r, const struct json_value *root)
{
	const struct json_value *value = json_get(root, "weir_bundle");
	int64_t format;

	if (!value)
		return reader_error(r, root,
				    "this is no bug report of weir's: it has "
				    "no \"weir_bundle\"");
	if (!json_int(value, &format) || format != BUNDLE_FORMAT)
		return reader_error(r, value,
				    "must be %d: a report of another format "
				    "wants the weir that wrote it",
				    BUNDLE_FORMAT);
	return 0;
}

static int
read_members(const struct reader *r, const struct json_value *root,
	     struct bundle *b)
{
	const struct {
		const char *name;
		char **to;
	} texts[] = {
	    {"version", &b->version},
	    {"pipeline_name", &b->pipeline_name},
	    {"pipeline_text", &b->pipeline_text},
	    {"script_name", &b->script_name},
	    {"script_text", &b->script_text},
	};
	int code = read_format(r, root);

	if (!code)
		code = reader_object(r, root, READER_KEYS(members));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !code; i++)
		code = read_text(r, json_get(root, texts[i].name), texts[i].to);
	if (!code)
		code = read_seed(r, json_get(root, "seed"), &b->seed);
	if (!code)
		code = read_rate(r, json_get(root, "per_s"), &b->per_s);
	if (!code)
		code =
		    read_part(r, json_get(root, "bad_share"), 1, &b->bad_share);
	if (!code)
		code = read_events(r, json_get(root, "events"), &b->events);
	if (!code)
		code = read_count(r, json_get(root, "cols"), BUNDLE_COLS_MAX,
				  &b->cols);
	if (!code)
		code = read_count(r, json_get(root, "rows"), BUNDLE_ROWS_MAX,
				  &b->rows);
	if (!code)
		code = read_theme(r, json_get(root, "theme"), &b->theme);
	if (!code)
		code = reader_bool(r, json_get(root, "ascii"), &b->ascii);
	if (!code)
		code = reader_bool(r, json_get(root, "blocks"), &b->blocks);
	if (!code)
		code = read_digest(r, json_get(root, "digest"), b->digest,
				   sizeof(b->digest));
	return code;
}

/* With the reader's own codes. */
static int
read_bundle(const struct reader *r, const struct buf *text, struct bundle *b)
{
	struct json *json;
	int code = json_parse(text->data, text->size, r->file, &json, r->err);

	if (code)
		return code;
	code = read_members(r, json_root(json), b);
	json_free(json);
	return code;
}

int
bundle_load(const char *path, struct bundle *bundle, struct err *err)
{
	struct err why;
	struct reader r = {file_name(path), &why};
	struct buf text = BUF_INIT;
	struct bundle b = {0};
	int code = file_read(path, FILE_MAX, &text, err);

	if (!code && read_bundle(&r, &text, &b))
		code = err_set(err, WEIR_USAGE, 0, "%s", why.text);
	buf_release(&text);
	if (code)
		bundle_release(&b);
	else
		*bundle = b;
	return code;
}

void
bundle_release(struct bundle *b)
{
	free(b->version);
	free(b->pipeline_name);
	free(b->pipeline_text);
	free(b->script_name);
	free(b->script_text);
	free(b->theme);
	*b = (struct bundle){0};
}
