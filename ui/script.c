#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "canvas.h"
#include "keys.h"
#include "rate.h"
#include "script.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "pipeline/nearest.h"
#include "pipeline/pipeline.h"

#define QUOTED_MAX 64 /* bytes of the script's own text in a message */

struct parser {
	struct script *script;
	unsigned capacity; /* of its steps */
	unsigned line;
	/* Of the line, without its end; `at` is what is looked at next. */
	const char *begin, *at, *end;
	struct err *err;
};

/* What a line begins with. */
struct command {
	const char *name;
	enum script_kind kind;
	/* From behind the name on; what is not taken is refused. */
	int (*parse)(struct parser *p, struct script_step *step);
};

/* Keys that have a name and no row in the help. */
static const struct {
	const char *name;
	uint32_t key;
} other_keys[] = {
    {"Backspace", KEYS_BACKSPACE},
    {"Delete", KEYS_DELETE},
};
#define OTHER_KEYS (sizeof(other_keys) / sizeof(other_keys[0]))

/* ---- What is wrong ---- */

static int wrong(const struct parser *p, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* All before `at` is known to be UTF-8. Returns WEIR_USAGE. */
static int
wrong(const struct parser *p, const char *at, const char *fmt, ...)
{
	unsigned column = 1;
	char what[512];
	va_list ap;

	for (const char *c = p->begin; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(p->err, WEIR_USAGE, 0, "%s:%u:%u: %s", p->script->name,
		       p->line, column, what);
}

static void
quote(struct buf *out, struct text text)
{
	size_t size = text.size;

	if (size > QUOTED_MAX) {
		/* Not in the middle of a character. */
		size = QUOTED_MAX;
		while (((unsigned char)text.data[size] & 0xc0) == 0x80)
			size--;
	}
	json_quote(out, text.data, size);
	if (size < text.size)
		buf_add_str(out, "...");
}

/* `wants` is what should stand where `found` does, of no bytes for nothing. */
static int
wrong_word(const struct parser *p, struct text found, const char *wants)
{
	struct buf what = BUF_INIT;

	buf_add_str(&what, wants);
	if (found.size) {
		buf_add_str(&what, ", not ");
		quote(&what, found);
	}
	wrong(p, found.data, "%s", what.data);
	buf_release(&what);
	return WEIR_USAGE;
}

/* "no KIND "NAME"; did you mean ...?" */
static int
unknown(const struct parser *p, const char *kind, struct text name,
	const char *const *names, unsigned len)
{
	char *copy = xstrndup(name.data, name.size);
	struct buf what = BUF_INIT;

	buf_addf(&what, "no %s ", kind);
	quote(&what, name);
	nearest_hint(&what, copy, names, len);
	wrong(p, name.data, "%s", what.data);
	buf_release(&what);
	free(copy);
	return WEIR_USAGE;
}

/* ---- Words ---- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_space(struct parser *p)
{
	while (p->at < p->end && is_space(*p->at))
		p->at++;
}

/* Goes to the next word; true when there is none: the end, or a comment. */
static bool
at_end(struct parser *p)
{
	skip_space(p);
	return p->at == p->end || *p->at == '#';
}

/* Up to the next space; of no bytes at the end. */
static struct text
take_word(struct parser *p)
{
	struct text word;

	if (at_end(p))
		return (struct text){p->at, 0};
	word.data = p->at;
	while (p->at < p->end && !is_space(*p->at))
		p->at++;
	word.size = (size_t)(p->at - word.data);
	return word;
}

/* All words up to the end, with what is between them. */
static struct text
take_rest(struct parser *p)
{
	struct text rest = {p->at, 0};

	while (!at_end(p)) {
		struct text word = take_word(p);

		if (rest.size == 0)
			rest.data = word.data;
		rest.size = (size_t)(p->at - rest.data);
	}
	return rest;
}

static bool
is(struct text word, const char *text)
{
	return word.size == strlen(text) &&
	       memcmp(word.data, text, word.size) == 0;
}

/*
 * A whole number from 1 to max, less than INT_MAX / 10; returns what stands
 * behind it. NULL: there is none.
 */
static const char *
read_count(const char *at, const char *end, int max, int *count)
{
	*count = 0;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		*count = *count * 10 + (*at - '0');
		if (*count > max)
			return NULL;
	}
	return *count ? at : NULL;
}

static int
take_duration(struct parser *p, const char *wants, int64_t *ms)
{
	struct text word = take_word(p);
	char *copy = xstrndup(word.data, word.size);
	bool known = duration_parse(copy, ms) && *ms <= SCRIPT_WAIT_MAX;

	free(copy);
	return known ? 0 : wrong_word(p, word, wants);
}

/* ---- Texts ---- */

/* Checks and copies one that began at `begin`. */
static int
keep_text(const struct parser *p, const char *begin, struct text text,
	  char **out)
{
	if (text.size == 0)
		return wrong(p, begin, "this text is empty");
	if (text.size > SCRIPT_TEXT_MAX)
		return wrong(p, begin,
			     "a text may have %d bytes; this one has %zu",
			     SCRIPT_TEXT_MAX, text.size);
	*out = xstrndup(text.data, text.size);
	return 0;
}

static bool
at_quote(struct parser *p)
{
	return !at_end(p) && *p->at == '"';
}

/* From the opening quote to behind the closing one, without backslashes. */
static int
unquote(struct parser *p, struct buf *text)
{
	const char *begin = p->at++;

	for (; p->at < p->end && *p->at != '"'; p->at++) {
		if (*p->at == '\\') {
			p->at++;
			if (p->at == p->end ||
			    (*p->at != '"' && *p->at != '\\'))
				return wrong(p, p->at - 1,
					     "in quotes only \" and \\ follow "
					     "a \\");
		}
		buf_add(text, p->at, 1);
	}
	if (p->at == p->end)
		return wrong(p, begin, "this text has no closing quote");
	p->at++;
	if (p->at < p->end && !is_space(*p->at))
		return wrong(p, p->at,
			     "a space is missing after the closing quote");
	return 0;
}

static int
take_quoted(struct parser *p, char **out)
{
	struct buf text = BUF_INIT;
	const char *begin = p->at;
	int code = unquote(p, &text);

	if (!code)
		code = keep_text(p, begin, (struct text){text.data, text.size},
				 out);
	buf_release(&text);
	return code;
}

/* In quotes, or else all of the line. */
static int
take_text(struct parser *p, const char *wants, char **out)
{
	struct text rest;

	if (at_quote(p))
		return take_quoted(p, out);
	rest = take_rest(p);
	if (rest.size == 0)
		return wrong_word(p, rest, wants);
	return keep_text(p, rest.data, rest, out);
}

/* ---- Keys ---- */

static void
press(struct script_step *step, uint32_t key, unsigned times)
{
	step->keys = xrealloc(step->keys,
			      (step->keys_len + times) * sizeof(*step->keys));
	while (times--)
		step->keys[step->keys_len++] = key;
}

/* Whether a label of the help is a name: not a sign, not "1 ... 9". */
static bool
is_name(const char *label)
{
	return label[1] && !strchr(label, ' ');
}

static bool
find_name(struct text name, uint32_t *key)
{
	for (unsigned i = 0; i < keys_len; i++) {
		const char *label = keys[i].label;

		if (is_name(label) && strlen(label) == name.size &&
		    strncasecmp(label, name.data, name.size) == 0) {
			*key = keys[i].key;
			return true;
		}
	}
	for (unsigned i = 0; i < OTHER_KEYS; i++) {
		if (strlen(other_keys[i].name) == name.size &&
		    strncasecmp(other_keys[i].name, name.data, name.size) ==
			0) {
			*key = other_keys[i].key;
			return true;
		}
	}
	return false;
}

static int
unknown_key(const struct parser *p, struct text name)
{
	const char **names = xcalloc(keys_len + OTHER_KEYS, sizeof(*names));
	unsigned len = 0;

	for (unsigned i = 0; i < keys_len; i++)
		if (is_name(keys[i].label))
			names[len++] = keys[i].label;
	for (unsigned i = 0; i < OTHER_KEYS; i++)
		names[len++] = other_keys[i].name;
	unknown(p, "key", name, names, len);
	free(names);
	return WEIR_USAGE;
}

/* NAME or NAME*TIMES; a '*' that the word begins with is a key. */
static int
add_key(const struct parser *p, struct text word, struct script_step *step)
{
	const char *end = word.data + word.size;
	const char *star = memrchr(word.data + 1, '*', word.size - 1);
	uint32_t key;
	int times = 1;

	if (star) {
		if (read_count(star + 1, end, SCRIPT_KEYS_MAX, &times) != end)
			return wrong(p, star + 1,
				     "a key is repeated 1 to %d times, as in "
				     "Down*5",
				     SCRIPT_KEYS_MAX);
		word.size = (size_t)(star - word.data);
	}
	if (utf8_size(word.data, end) == word.size)
		key = utf8_decode(word.data, (unsigned)word.size);
	else if (!find_name(word, &key))
		return unknown_key(p, word);
	if (step->keys_len + (unsigned)times > SCRIPT_KEYS_MAX)
		return wrong(p, word.data, "a line may press %d keys",
			     SCRIPT_KEYS_MAX);
	press(step, key, (unsigned)times);
	return 0;
}

/* ---- Steps ---- */

static int
parse_wait(struct parser *p, struct script_step *step)
{
	return take_duration(p,
			     "wait takes a time of at most 1h, as 200ms, 1.5s "
			     "or 1m30s",
			     &step->ms);
}

static int
parse_keys(struct parser *p, struct script_step *step)
{
	struct text word = take_word(p);
	int code = 0;

	if (word.size == 0)
		return wrong_word(p, word,
				  "keys takes keys, as + Enter Down*5");
	for (; word.size && !code; word = take_word(p))
		code = add_key(p, word, step);
	return code;
}

static int
parse_type(struct parser *p, struct script_step *step)
{
	int code = take_text(p, "type takes a text", &step->text);
	const char *at, *end;

	if (code)
		return code;
	at = step->text;
	end = at + strlen(at);
	while (at < end) {
		unsigned size = utf8_size(at, end);

		press(step, utf8_decode(at, size), 1);
		at += size;
	}
	free(step->text);
	step->text = NULL;
	return 0;
}

static int
parse_resize(struct parser *p, struct script_step *step)
{
	struct text word = take_word(p);
	const char *end = word.data + word.size;
	const char *x =
	    read_count(word.data, end, CANVAS_COLS_MAX, &step->cols);
	char wants[80];

	if (x && x < end && *x == 'x' &&
	    read_count(x + 1, end, CANVAS_ROWS_MAX, &step->rows) == end)
		return 0;
	snprintf(wants, sizeof(wants),
		 "resize takes columns and rows, as 120x40, at most %dx%d",
		 CANVAS_COLS_MAX, CANVAS_ROWS_MAX);
	return wrong_word(p, word, wants);
}

static int
parse_expect(struct parser *p, struct script_step *step)
{
	static const char wants[] = "expect takes a text in quotes, as expect "
				    "\"hot item\" within 20s";
	struct text word;
	int code;

	if (!at_quote(p)) {
		word = take_word(p);
		if (!is(word, "not"))
			return wrong_word(p, word, wants);
		step->kind = SCRIPT_EXPECT_NOT;
	}
	if (!at_quote(p))
		return wrong_word(p, take_word(p), wants);
	code = take_quoted(p, &step->text);
	step->ms = SCRIPT_WITHIN;
	if (code || at_end(p))
		return code;
	word = take_word(p);
	if (!is(word, "within"))
		return wrong_word(p, word,
				  "after its text expect takes only within and "
				  "a time");
	return take_duration(p,
			     "within takes a time of at most 1h, as 500ms or "
			     "20s",
			     &step->ms);
}

static int
parse_mark(struct parser *p, struct script_step *step)
{
	return take_text(p, "mark takes a text", &step->text);
}

static int
parse_screenshot(struct parser *p, struct script_step *step)
{
	static const char *const endings[] = {[PICTURE_SVG] = ".svg",
					      [PICTURE_ANSI] = ".ansi",
					      [PICTURE_TEXT] = ".txt"};
	static const char wants[] =
	    "screenshot takes a file that ends in .svg, .ansi "
	    "or .txt";
	const char *begin;
	size_t size;
	int code;

	skip_space(p);
	begin = p->at;
	code = take_text(p, wants, &step->text);
	if (code)
		return code;
	size = strlen(step->text);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t ending = strlen(endings[i]);

		if (size <= ending ||
		    strcmp(step->text + size - ending, endings[i]) != 0)
			continue;
		step->picture = (enum script_picture)i;
		return 0;
	}
	return wrong(p, begin, "%s", wants);
}

static int
parse_rate(struct parser *p, struct script_step *step)
{
	struct text rest = take_rest(p);
	char *copy = xstrndup(rest.data, rest.size);
	bool known = rate_parse(copy, &step->per_s);

	free(copy);
	if (known)
		return 0;
	return wrong_word(p, rest,
			  "rate takes events a second, as 1200, 50k, 1.5M or "
			  "max");
}

static const struct command commands[] = {
    {"wait", SCRIPT_WAIT, parse_wait},
    {"keys", SCRIPT_KEYS, parse_keys},
    {"type", SCRIPT_TYPE, parse_type},
    {"resize", SCRIPT_RESIZE, parse_resize},
    {"expect", SCRIPT_EXPECT, parse_expect},
    {"mark", SCRIPT_MARK, parse_mark},
    {"screenshot", SCRIPT_SCREENSHOT, parse_screenshot},
    {"rate", SCRIPT_RATE, parse_rate},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* ---- Lines ---- */

static const struct command *
find_command(struct text word)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (is(word, commands[i].name))
			return &commands[i];
	return NULL;
}

static int
unknown_command(const struct parser *p, struct text word)
{
	const char *names[COMMANDS];

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	return unknown(p, "step", word, names, COMMANDS);
}

/* A new step, which the script frees from now on. */
static struct script_step *
add_step(struct parser *p, enum script_kind kind)
{
	struct script *script = p->script;

	if (script->len == p->capacity) {
		p->capacity = p->capacity ? p->capacity * 2 : 16;
		script->steps = xrealloc(script->steps,
					 p->capacity * sizeof(*script->steps));
	}
	script->steps[script->len] =
	    (struct script_step){.kind = kind, .line = p->line};
	return &script->steps[script->len++];
}

/* What a terminal would obey, or cannot show, is nowhere in a script. */
static int
check_line(const struct parser *p)
{
	unsigned size;

	for (const char *at = p->begin; at < p->end; at += size) {
		uint32_t c;

		size = utf8_size(at, p->end);
		if (size == 0)
			return wrong(p, at, "the byte 0x%02x here is no UTF-8",
				     (unsigned char)*at);
		c = utf8_decode(at, size);
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
			return wrong(p, at,
				     "a control character, U+%04X, may not "
				     "stand here",
				     c);
	}
	return 0;
}

static int
parse_line(struct parser *p)
{
	const struct command *command;
	struct text word;
	int code = check_line(p);

	if (code || at_end(p))
		return code;
	word = take_word(p);
	command = find_command(word);
	if (!command)
		return unknown_command(p, word);
	if (p->script->len == SCRIPT_STEPS_MAX)
		return wrong(p, word.data, "a script may have %d steps",
			     SCRIPT_STEPS_MAX);
	code = command->parse(p, add_step(p, command->kind));
	if (code || at_end(p))
		return code;
	return wrong(p, p->at, "nothing but a comment may follow here");
}

int
script_parse(const char *name, const char *text, size_t size,
	     struct script **out, struct err *err)
{
	static const char bom[] = "\xef\xbb\xbf";
	const char *stop = text + size;
	struct parser p = {.err = err};
	int code = 0;

	p.script = xcalloc(1, sizeof(*p.script));
	p.script->name = xstrdup(name);
	p.script->text = xstrndup(text, size);
	if (size >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0)
		text += strlen(bom);
	while (text < stop && !code) {
		const char *newline = memchr(text, '\n', (size_t)(stop - text));

		p.line++;
		p.begin = p.at = text;
		p.end = newline ? newline : stop;
		text = newline ? newline + 1 : stop;
		if (newline && newline > p.begin && newline[-1] == '\r')
			p.end--;
		code = parse_line(&p);
	}
	if (code) {
		script_free(p.script);
		return code;
	}
	*out = p.script;
	return 0;
}

int
script_load(const char *path, struct script **out, struct err *err)
{
	struct buf text = BUF_INIT;
	int code = file_read(path, SCRIPT_SIZE_MAX, &text, err);

	if (!code)
		code = script_parse(file_name(path), text.data, text.size, out,
				    err);
	buf_release(&text);
	return code;
}

void
script_free(struct script *script)
{
	if (!script)
		return;
	for (unsigned i = 0; i < script->len; i++) {
		free(script->steps[i].keys);
		free(script->steps[i].text);
	}
	free(script->steps);
	free(script->name);
	free(script->text);
	free(script);
}
