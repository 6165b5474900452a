#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/json.h"

#include "base/alloc.h"
#include "base/utf8.h"

/*
 * How reading works: cJSON makes the tree, but keeps neither lines nor whole
 * 64-bit integers, and takes what RFC 8259 does not. So a scanner of our own
 * goes over the text first. It blanks comments, refuses what is not JSON, and
 * notes of each value, in the order in which they begin, what cJSON would
 * forget. Then both are walked side by side.
 */
struct json_value {
	const cJSON *item;
	int64_t i;
	uint32_t line;
	uint32_t up;    /* how many values before this its parent is; 0: root */
	uint32_t span;  /* values in it, itself included */
	uint32_t index; /* in its array */
	bool is_int;
};

struct json {
	cJSON *tree;
	struct json_value *values; /* in the order in which they begin */
	size_t values_len, values_capacity;
};

struct scanner {
	const char *file;
	char *at; /* the text ends in a NUL, and no other is accepted */
	const char *end;
	uint32_t line;
	struct json *json;
	struct err *err;
};

/*
 * cJSON says NULL when memory ran out. With the house's allocator it ends the
 * program instead, so no result below needs a check. Set before main(), since
 * the hooks are a global of the library.
 */
__attribute__((constructor)) static void
set_hooks(void)
{
	cJSON_Hooks hooks = {xmalloc, free};

	cJSON_InitHooks(&hooks);
}

static int
scan_error(const struct scanner *s, const char *what)
{
	return err_set(s->err, WEIR_PIPELINE, 0, "%s:%" PRIu32 ": %s", s->file,
		       s->line, what);
}

/* An error about what is (not) at s->at. */
static int
scan_unexpected(const struct scanner *s, const char *expected)
{
	unsigned char c = (unsigned char)*s->at;

	if (s->at == s->end)
		return err_set(s->err, WEIR_PIPELINE, 0,
			       "%s:%" PRIu32 ": the file ends where %s was "
			       "expected",
			       s->file, s->line, expected);
	if (c > ' ' && c < 0x7f)
		return err_set(s->err, WEIR_PIPELINE, 0,
			       "%s:%" PRIu32 ": expected %s, not '%c'", s->file,
			       s->line, expected, c);
	return err_set(s->err, WEIR_PIPELINE, 0,
		       "%s:%" PRIu32 ": expected %s, not the byte 0x%02x",
		       s->file, s->line, expected, c);
}

static int
skip_comment(struct scanner *s)
{
	bool block = s->at[1] == '*';
	uint32_t begun = s->line;

	s->at[0] = s->at[1] = ' ';
	s->at += 2;
	for (; s->at < s->end; s->at++) {
		if (*s->at == '\n') {
			if (!block)
				return 0;
			s->line++;
			continue;
		}
		if (block && *s->at == '*' && s->at[1] == '/') {
			s->at[0] = s->at[1] = ' ';
			s->at += 2;
			return 0;
		}
		*s->at = ' ';
	}
	s->line = begun;
	return block ? scan_error(s, "this comment has no end") : 0;
}

static int
skip_space(struct scanner *s)
{
	int code;

	for (;;) {
		switch (*s->at) {
		case '\n':
			s->line++;
			s->at++;
			break;
		case ' ':
		case '\t':
		case '\r':
			s->at++;
			break;
		case '/':
			if (s->at[1] != '/' && s->at[1] != '*')
				return 0;
			code = skip_comment(s);
			if (code)
				return code;
			break;
		default:
			return 0;
		}
	}
}

/* The four hexadecimal digits at `at`; -1: they are not. */
static int
hex4(const char *at)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* Behind the backslash. */
static int
scan_escape(struct scanner *s)
{
	int unit;

	if (*s->at && strchr("\"\\/bfnrt", *s->at)) {
		s->at++;
		return 0;
	}
	if (*s->at != 'u')
		return scan_unexpected(s, "one of \"\\/bfnrtu after a \\");
	unit = hex4(s->at + 1);
	if (unit < 0)
		return scan_error(s, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return scan_error(s, "a string may not hold NUL");
	s->at += 5;
	if (unit >= 0xd800 && unit <= 0xdfff) {
		int low =
		    s->at[0] == '\\' && s->at[1] == 'u' ? hex4(s->at + 2) : -1;

		if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
			return scan_error(s, "half of a surrogate pair is no "
					     "character");
		s->at += 6;
	}
	return 0;
}

static int
scan_string(struct scanner *s)
{
	int code;

	s->at++;
	while (*s->at != '"') {
		unsigned char c = (unsigned char)*s->at;
		unsigned size;

		if (s->at == s->end || c == '\n')
			return scan_error(s, "this string has no end");
		if (c < 0x20)
			return scan_error(s, "a control character in a string "
					     "must be escaped");
		if (c == '\\') {
			s->at++;
			code = scan_escape(s);
			if (code)
				return code;
			continue;
		}
		size = utf8_size(s->at, s->end);
		if (size == 0)
			return scan_error(s, "this string is not UTF-8");
		s->at += size;
	}
	s->at++;
	return 0;
}

static bool
skip_digits(struct scanner *s)
{
	const char *begin = s->at;

	while (*s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > begin;
}

static void
note_int(struct json_value *value, const char *digits, size_t size)
{
	bool negative = *digits == '-';
	int64_t i = 0;

	for (size_t n = negative; n < size; n++) {
		if (__builtin_mul_overflow(i, 10, &i) ||
		    __builtin_sub_overflow(i, digits[n] - '0', &i))
			return;
	}
	if (!negative && __builtin_sub_overflow(0, i, &i))
		return;
	value->is_int = true;
	value->i = i;
}

static int
scan_number(struct scanner *s, struct json_value *value)
{
	const char *begin = s->at;
	bool whole = true;

	if (*s->at == '-')
		s->at++;
	if (*s->at == '0')
		s->at++;
	else if (!skip_digits(s))
		return scan_unexpected(s, "a digit");
	if (*s->at == '.') {
		whole = false;
		s->at++;
		if (!skip_digits(s))
			return scan_unexpected(s, "a digit");
	}
	if (*s->at == 'e' || *s->at == 'E') {
		whole = false;
		s->at++;
		if (*s->at == '+' || *s->at == '-')
			s->at++;
		if (!skip_digits(s))
			return scan_unexpected(s, "a digit");
	}
	if (s->at - begin > JSON_NUMBER_MAX)
		return scan_error(s, "this number has too many digits");
	if (whole)
		note_int(value, begin, (size_t)(s->at - begin));
	return 0;
}

static size_t
new_value(struct json *json, uint32_t line)
{
	if (json->values_len == json->values_capacity) {
		json->values_capacity =
		    json->values_capacity ? json->values_capacity * 2 : 64;
		json->values =
		    xrealloc(json->values,
			     json->values_capacity * sizeof(*json->values));
	}
	json->values[json->values_len] =
	    (struct json_value){.line = line, .span = 1};
	return json->values_len++;
}

static int scan_value(struct scanner *s, uint32_t line, size_t parent,
		      uint32_t index, unsigned depth);

/* The members of an object or the elements of an array, from behind the
   bracket to behind its pair. */
static int
scan_inside(struct scanner *s, size_t self, bool object, unsigned depth)
{
	char close = object ? '}' : ']';
	uint32_t index = 0;
	int code;

	code = skip_space(s);
	if (code)
		return code;
	if (*s->at == close) {
		s->at++;
		return 0;
	}
	for (;;) {
		uint32_t line = s->line;

		if (object) {
			if (*s->at != '"')
				return scan_unexpected(
				    s, index ? "a key in quotes"
					     : "a key in quotes or '}'");
			code = scan_string(s);
			if (!code)
				code = skip_space(s);
			if (code)
				return code;
			if (*s->at != ':')
				return scan_unexpected(s, "':' after a key");
			s->at++;
			code = skip_space(s);
			if (code)
				return code;
		}
		code = scan_value(s, line, self, index++, depth);
		if (!code)
			code = skip_space(s);
		if (code)
			return code;
		if (*s->at == close) {
			s->at++;
			return 0;
		}
		if (*s->at != ',')
			return scan_unexpected(s, object ? "',' or '}'"
							 : "',' or ']'");
		s->at++;
		code = skip_space(s);
		if (code)
			return code;
	}
}

static bool
skip_word(struct scanner *s, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(s->at, word, size))
		return false;
	s->at += size;
	return true;
}

/* depth: of the objects and arrays that this value is in. */
static int
scan_value(struct scanner *s, uint32_t line, size_t parent, uint32_t index,
	   unsigned depth)
{
	size_t self = new_value(s->json, line);
	struct json_value *value = &s->json->values[self];
	int code = 0;

	value->up = (uint32_t)(self - parent);
	value->index = index;
	switch (*s->at) {
	case '{':
	case '[':
		if (depth == JSON_DEPTH_MAX)
			return scan_error(s, "nested too deep");
		s->at++;
		code = scan_inside(s, self, s->at[-1] == '{', depth + 1);
		/* The array may have moved. */
		value = &s->json->values[self];
		value->span = (uint32_t)(s->json->values_len - self);
		return code;
	case '"':
		return scan_string(s);
	case 't':
	case 'f':
	case 'n':
		if (skip_word(s, "true") || skip_word(s, "false") ||
		    skip_word(s, "null"))
			return 0;
		return scan_unexpected(s, "a value");
	default:
		if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
			return scan_number(s, value);
		return scan_unexpected(s, "a value");
	}
}

static int
scan(struct scanner *s)
{
	int code;

	if (s->end - s->at >= 3 && !memcmp(s->at, "\xef\xbb\xbf", 3)) {
		memset(s->at, ' ', 3);
		s->at += 3;
	}
	code = skip_space(s);
	if (!code)
		code = scan_value(s, s->line, 0, 0, 0);
	if (!code)
		code = skip_space(s);
	if (code)
		return code;
	if (s->at != s->end)
		return scan_unexpected(s, "the end of the file");
	return 0;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct json_value *const *a = left, *const *b = right;
	int order = strcmp((*a)->item->string, (*b)->item->string);

	if (order)
		return order;
	return *a < *b ? -1 : *a > *b;
}

/* The first member whose key was there before; NULL: none. */
static const struct json_value *
find_duplicate(const struct json_value *object)
{
	const struct json_value **members, *member, *found = NULL;
	unsigned len = json_len(object), i = 0;

	if (len < 2)
		return NULL;
	members = xmalloc(len * sizeof(*members));
	for (member = json_first(object); member; member = json_next(member))
		members[i++] = member;
	qsort(members, len, sizeof(const struct json_value *), compare_keys);
	for (i = 1; i < len; i++) {
		if (!strcmp(members[i - 1]->item->string,
			    members[i]->item->string) &&
		    (!found || members[i] < found))
			found = members[i];
	}
	free(members);
	return found;
}

/* Gives each value its item, in the order in which values begin. */
static void
pair(struct json_value **next, const cJSON *item)
{
	(*next)->item = item;
	(*next)++;
	for (const cJSON *child = item->child; child; child = child->next)
		pair(next, child);
}

/* What only shows once cJSON has read it. */
static int
check_values(const struct json *json, const char *file, struct err *err)
{
	for (size_t i = 0; i < json->values_len; i++) {
		const struct json_value *value = &json->values[i], *twice;
		struct buf path = BUF_INIT;

		if (json_type(value) == JSON_NUMBER &&
		    !isfinite(value->item->valuedouble))
			return err_set(err, WEIR_PIPELINE, 0,
				       "%s:%" PRIu32 ": this number is too "
				       "large",
				       file, value->line);
		if (json_type(value) != JSON_OBJECT)
			continue;
		twice = find_duplicate(value);
		if (!twice)
			continue;
		json_path(twice, &path);
		err_set(err, WEIR_PIPELINE, 0,
			"%s:%" PRIu32 ": %.200s: this key is there twice", file,
			twice->line, path.data);
		buf_release(&path);
		return WEIR_PIPELINE;
	}
	return 0;
}

int
json_parse(const char *text, size_t size, const char *file, struct json **out,
	   struct err *err)
{
	struct json *json = xcalloc(1, sizeof(*json));
	char *copy = xmalloc(size + 1);
	struct scanner s = {file, copy, copy + size, 1, json, err};
	struct json_value *next;
	int code;

	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	code = scan(&s);
	if (code)
		goto done;
	json->tree = cJSON_ParseWithLength(copy, size + 1);
	if (!json->tree) {
		/* The scanner took what cJSON does not: a defect, no crash. */
		code = err_set(err, WEIR_PIPELINE, 0, "%s:1: not JSON", file);
		goto done;
	}
	next = json->values;
	pair(&next, json->tree);
	assert(next == json->values + json->values_len);
	code = check_values(json, file, err);
done:
	free(copy);
	if (code) {
		json_free(json);
		return code;
	}
	*out = json;
	return 0;
}

void
json_free(struct json *json)
{
	if (!json)
		return;
	cJSON_Delete(json->tree);
	free(json->values);
	free(json);
}

const struct json_value *
json_root(const struct json *json)
{
	return json->values;
}

enum json_type
json_type(const struct json_value *value)
{
	switch (value->item->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

const char *
json_type_name(enum json_type type)
{
	static const char *const names[] = {
	    [JSON_NULL] = "null",       [JSON_BOOL] = "true or false",
	    [JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
	    [JSON_ARRAY] = "an array",  [JSON_OBJECT] = "an object",
	};

	return names[type];
}

unsigned
json_line(const struct json_value *value)
{
	return value->line;
}

static bool
is_plain(const char *key)
{
	if (!*key)
		return false;
	for (; *key; key++) {
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_-.$",
			    *key))
			return false;
	}
	return true;
}

void
json_path(const struct json_value *value, struct buf *out)
{
	const char *key = value->item->string;

	if (value->up == 0) {
		buf_add(out, "", 0);
		return;
	}
	json_path(value - value->up, out);
	if (!key) {
		buf_addf(out, "[%" PRIu32 "]", value->index);
	} else if (is_plain(key)) {
		if (out->size)
			buf_add(out, ".", 1);
		buf_add_str(out, key);
	} else {
		buf_add(out, "[", 1);
		json_quote(out, key, strlen(key));
		buf_add(out, "]", 1);
	}
}

const struct json_value *
json_first(const struct json_value *value)
{
	return value->span > 1 ? value + 1 : NULL;
}

const struct json_value *
json_next(const struct json_value *value)
{
	const struct json_value *parent = value - value->up;
	const struct json_value *next = value + value->span;

	if (value->up == 0 || next == parent + parent->span)
		return NULL;
	return next;
}

unsigned
json_len(const struct json_value *value)
{
	const struct json_value *child;
	unsigned len = 0;

	for (child = json_first(value); child; child = json_next(child))
		len++;
	return len;
}

const struct json_value *
json_get(const struct json_value *object, const char *key)
{
	const struct json_value *member;

	if (json_type(object) != JSON_OBJECT)
		return NULL;
	for (member = json_first(object); member; member = json_next(member)) {
		if (!strcmp(member->item->string, key))
			return member;
	}
	return NULL;
}

const char *
json_key(const struct json_value *value)
{
	return value->item->string;
}

bool
json_bool(const struct json_value *value, bool *out)
{
	if (json_type(value) != JSON_BOOL)
		return false;
	*out = cJSON_IsTrue(value->item);
	return true;
}

bool
json_int(const struct json_value *value, int64_t *out)
{
	if (!value->is_int)
		return false;
	*out = value->i;
	return true;
}

bool
json_double(const struct json_value *value, double *out)
{
	if (json_type(value) != JSON_NUMBER)
		return false;
	*out = value->item->valuedouble;
	return true;
}

const char *
json_string(const struct json_value *value)
{
	return json_type(value) == JSON_STRING ? value->item->valuestring
					       : NULL;
}

/* ---- Writing ---- */

static cJSON *
item_of(struct json_node *node)
{
	return (cJSON *)node;
}

static struct json_node *
add(struct json_node *to, const char *key, cJSON *item)
{
	if (!key) {
		assert(cJSON_IsArray(item_of(to)));
		cJSON_AddItemToArray(item_of(to), item);
	} else {
		/* cJSON prints keys itself, and takes broken UTF-8 as it is. */
		struct buf clean = BUF_INIT;

		assert(cJSON_IsObject(item_of(to)));
		buf_add(&clean, "", 0);
		for (const char *end = key + strlen(key); key < end;) {
			unsigned size = utf8_size(key, end);

			if (size)
				buf_add(&clean, key, size);
			else
				buf_add_str(&clean, "\xef\xbf\xbd");
			key += size ? size : 1;
		}
		cJSON_AddItemToObject(item_of(to), clean.data, item);
		buf_release(&clean);
	}
	return (struct json_node *)item;
}

struct json_node *
json_new_object(void)
{
	return (struct json_node *)cJSON_CreateObject();
}

struct json_node *
json_new_array(void)
{
	return (struct json_node *)cJSON_CreateArray();
}

void
json_node_free(struct json_node *node)
{
	cJSON_Delete(item_of(node));
}

struct json_node *
json_add_object(struct json_node *to, const char *key)
{
	return add(to, key, cJSON_CreateObject());
}

struct json_node *
json_add_array(struct json_node *to, const char *key)
{
	return add(to, key, cJSON_CreateArray());
}

static void
add_raw(struct json_node *to, const char *key, struct buf *raw)
{
	add(to, key, cJSON_CreateRaw(raw->data));
	buf_release(raw);
}

void
json_add_text(struct json_node *to, const char *key, const char *data,
	      size_t size)
{
	struct buf raw = BUF_INIT;

	json_quote(&raw, data, size);
	add_raw(to, key, &raw);
}

void
json_add_string(struct json_node *to, const char *key, const char *text)
{
	json_add_text(to, key, text, strlen(text));
}

void
json_add_int(struct json_node *to, const char *key, int64_t i)
{
	struct buf raw = BUF_INIT;

	buf_addf(&raw, "%" PRId64, i);
	add_raw(to, key, &raw);
}

void
json_add_double(struct json_node *to, const char *key, double d)
{
	struct buf raw = BUF_INIT;

	json_number(&raw, d);
	add_raw(to, key, &raw);
}

void
json_add_value(struct json_node *to, const char *key, struct value value)
{
	switch (value.kind) {
	case VALUE_NONE:
		json_add_null(to, key);
		break;
	case VALUE_INT:
		json_add_int(to, key, value.i);
		break;
	case VALUE_REAL:
		json_add_double(to, key, value.d);
		break;
	}
}

void
json_add_bool(struct json_node *to, const char *key, bool b)
{
	add(to, key, cJSON_CreateBool(b));
}

void
json_add_null(struct json_node *to, const char *key)
{
	add(to, key, cJSON_CreateNull());
}

char *
json_text(const struct json_node *node, bool pretty)
{
	const cJSON *item = (const cJSON *)node;

	return pretty ? cJSON_Print(item) : cJSON_PrintUnformatted(item);
}

void
json_print(const struct json_node *node, bool pretty, struct buf *out)
{
	char *text = json_text(node, pretty);

	buf_add_str(out, text);
	free(text);
}

/* Appends the character at *data, and moves behind it. */
static void
quote_character(struct buf *out, const char **data, const char *end)
{
	const char *at = *data;
	unsigned char c = (unsigned char)*at;
	unsigned len = utf8_size(at, end);

	if (len == 0) {
		buf_add_str(out, "\xef\xbf\xbd");
		len = 1;
	} else if (c == '"' || c == '\\') {
		buf_addf(out, "\\%c", c);
	} else if (c == '\n') {
		buf_add_str(out, "\\n");
	} else if (c == '\t') {
		buf_add_str(out, "\\t");
	} else if (c < 0x20 || c == 0x7f) {
		buf_addf(out, "\\u%04x", c);
	} else if (c == 0xc2 && (unsigned char)at[1] < 0xa0) {
		buf_addf(out, "\\u%04x", (unsigned char)at[1]);
	} else {
		buf_add(out, at, len);
	}
	*data += len;
}

void
json_quote_within(struct buf *out, const char *data, size_t size, size_t room)
{
	const char *end = data + size;
	size_t begin = out->size, kept;

	buf_add(out, "\"", 1);
	while (data < end) {
		kept = out->size;
		quote_character(out, &data, end);
		if (out->size - begin >= room) {
			out->size = kept;
			break;
		}
	}
	buf_add(out, "\"", 1);
}

void
json_quote(struct buf *out, const char *data, size_t size)
{
	json_quote_within(out, data, size, SIZE_MAX);
}

void
json_number(struct buf *out, double d)
{
	char text[40];
	int size = 0;
	bool point = false;

	if (!isfinite(d)) {
		buf_add_str(out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		size = snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	/* The locale's decimal point, of one byte or several, becomes '.'. */
	for (int i = 0; i < size; i++) {
		bool ours = strchr("0123456789+-e", text[i]) != NULL;

		if (ours)
			buf_add(out, &text[i], 1);
		else if (!point)
			buf_add(out, ".", 1);
		point = !ours;
	}
}
