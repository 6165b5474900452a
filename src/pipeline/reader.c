#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/reader.h"

#include "pipeline/nearest.h"

#define QUOTED_MAX 64 /* bytes of foreign text in a message */

static const struct {
	const char *suffix;
	int64_t ms;
} units[] = {
    {"ms", 1},
    {"s", 1000},
    {"m", 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"d", 24 * 60 * 60 * 1000},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static void
add_quoted(struct buf *out, const char *text)
{
	size_t size = strlen(text);

	if (size > QUOTED_MAX) {
		/* Not in the middle of a character. */
		size = QUOTED_MAX;
		while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
			size--;
	}
	json_quote(out, text, size);
	if (text[size])
		buf_add_str(out, "...");
}

int
reader_error(const struct reader *r, const struct json_value *value,
	     const char *fmt, ...)
{
	struct buf path = BUF_INIT;
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	json_path(value, &path);
	/* Deep in foreign text a path is long; what is wrong matters more. */
	err_set(r->err, WEIR_PIPELINE, 0, "%s:%u: %.160s%s%s", r->file,
		json_line(value), path.data, path.size ? ": " : "", what);
	buf_release(&path);
	return WEIR_PIPELINE;
}

int
reader_unknown(const struct reader *r, const struct json_value *value,
	       const char *kind, const char *name, const char *const *names,
	       unsigned names_len)
{
	struct buf what = BUF_INIT;

	buf_addf(&what, "no %s ", kind);
	add_quoted(&what, name);
	nearest_hint(&what, name, names, names_len);
	reader_error(r, value, "%s", what.data);
	buf_release(&what);
	return WEIR_PIPELINE;
}

static int
wrong_type(const struct reader *r, const struct json_value *value,
	   const char *wanted)
{
	return reader_error(r, value, "must be %s, not %s", wanted,
			    json_type_name(json_type(value)));
}

int
reader_object(const struct reader *r, const struct json_value *value,
	      const struct reader_key *keys, size_t keys_len)
{
	const struct json_value *member;

	if (json_type(value) != JSON_OBJECT)
		return wrong_type(r, value, "an object");
	for (member = json_first(value); member; member = json_next(member)) {
		const char *names[32];
		unsigned i;

		for (i = 0; i < keys_len; i++) {
			names[i] = keys[i].name;
			if (!strcmp(json_key(member), keys[i].name))
				break;
		}
		if (i == keys_len)
			return reader_unknown(r, member, "key",
					      json_key(member), names, i);
	}
	for (size_t i = 0; i < keys_len; i++) {
		if (keys[i].required && !json_get(value, keys[i].name))
			return reader_error(r, value, "needs \"%s\"",
					    keys[i].name);
	}
	return 0;
}

int
reader_list(const struct reader *r, const struct json_value *value,
	    enum json_type type, unsigned min, unsigned max, const char *what)
{
	unsigned len;

	if (json_type(value) != type)
		return wrong_type(r, value, json_type_name(type));
	len = json_len(value);
	if (len < min)
		return reader_error(r, value, "is empty: there must be %s",
				    what);
	if (len > max)
		return reader_error(r, value, "%u %s are more than %u", len,
				    what, max);
	return 0;
}

int
reader_string(const struct reader *r, const struct json_value *value,
	      const char **out)
{
	const char *text = json_string(value);

	if (!text)
		return wrong_type(r, value, "a string");
	*out = text;
	return 0;
}

int
reader_bool(const struct reader *r, const struct json_value *value, bool *out)
{
	if (!json_bool(value, out))
		return wrong_type(r, value, "true or false");
	return 0;
}

int
reader_int(const struct reader *r, const struct json_value *value, int64_t min,
	   int64_t max, int64_t *out)
{
	int64_t i;

	if (!json_int(value, &i) || i < min || i > max)
		return reader_error(r, value,
				    "must be a whole number from %" PRId64
				    " to %" PRId64,
				    min, max);
	*out = i;
	return 0;
}

int
reader_double(const struct reader *r, const struct json_value *value,
	      double min, double max, double *out)
{
	double d;

	if (!json_double(value, &d))
		return wrong_type(r, value, "a number");
	if (d < min || d > max)
		return reader_error(r, value, "must be a number from %g to %g",
				    min, max);
	*out = d;
	return 0;
}

/* False when text is no duration; INT64_MAX when it is a very long one. */
static bool
parse_duration(const char *text, int64_t *out)
{
	int64_t ms = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(ms, 10, &ms) ||
		    __builtin_add_overflow(ms, *text - '0', &ms))
			ms = INT64_MAX;
	}
	for (size_t i = 0; i < UNITS; i++) {
		if (strcmp(text, units[i].suffix))
			continue;
		if (__builtin_mul_overflow(ms, units[i].ms, &ms))
			ms = INT64_MAX;
		*out = ms;
		return true;
	}
	return false;
}

static void
format_duration(int64_t ms, char *out, size_t size)
{
	size_t i = UNITS - 1;

	while (i > 0 && (ms == 0 || ms % units[i].ms))
		i--;
	snprintf(out, size, "%" PRId64 "%s", ms / units[i].ms, units[i].suffix);
}

int
reader_duration(const struct reader *r, const struct json_value *value,
		int64_t min, int64_t max, int64_t *out)
{
	const char *text = json_string(value);
	char low[32], high[32];
	int64_t ms;

	if (!text || !parse_duration(text, &ms))
		return reader_error(r, value,
				    "must be a duration such as \"500ms\", "
				    "\"10s\", \"1m\", \"2h\" or \"1d\"");
	if (ms < min || ms > max) {
		format_duration(min, low, sizeof(low));
		format_duration(max, high, sizeof(high));
		return reader_error(
		    r, value, "must be a duration from %s to %s", low, high);
	}
	*out = ms;
	return 0;
}

int
reader_name(const struct reader *r, const struct json_value *value,
	    const char *name, char *out, size_t size)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz_";
	size_t len = strlen(name);
	bool valid = *name && strchr(first, *name);

	for (const char *c = name; valid && *c; c++)
		valid = strchr(first, *c) || strchr("0123456789.-", *c);
	if (!valid) {
		struct buf quoted = BUF_INIT;

		add_quoted(&quoted, name);
		reader_error(r, value,
			     "%s is no name: letters, digits and \"_.-\", not "
			     "beginning with a digit, '.' or '-'",
			     quoted.data);
		buf_release(&quoted);
		return WEIR_PIPELINE;
	}
	if (len >= size)
		return reader_error(
		    r, value, "this name is longer than %zu bytes", size - 1);
	memcpy(out, name, len + 1);
	return 0;
}

int
reader_choice(const struct reader *r, const struct json_value *value,
	      const char *kind, const char *const *names, unsigned names_len,
	      unsigned *out)
{
	const char *text = json_string(value);

	if (!text)
		return wrong_type(r, value, "a string");
	for (unsigned i = 0; i < names_len; i++) {
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	}
	return reader_unknown(r, value, kind, text, names, names_len);
}
