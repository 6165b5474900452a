/*
 * JSON for what is not per event (pipeline files, reports): the door to cJSON.
 *
 * Reading is strict: RFC 8259 and UTF-8, with two additions and four limits.
 * Comments are allowed where white space is: from two slashes to the end of
 * the line, and from slash-star to star-slash. A byte order mark at the
 * beginning is ignored. Refused are keys that occur twice in an object, nesting
 * deeper than JSON_DEPTH_MAX, numbers that no double can hold or of more than
 * JSON_NUMBER_MAX bytes, and NUL in strings. Every value knows its line.
 *
 * Writing never fails: what JSON cannot express becomes what it can (broken
 * UTF-8 becomes U+FFFD, a number that is not finite becomes null).
 *
 * A document belongs to one thread at a time. Several may be used at once.
 */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"

#define JSON_DEPTH_MAX  64 /* objects and arrays in each other */
#define JSON_NUMBER_MAX 63 /* cJSON's limit */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* ---- Reading ---- */

struct json;       /* a document; owns its values and their text */
struct json_value; /* in a document; borrowed until its json_free() */

/*
 * Parses a whole document; `file` is used in messages only and `text` is not
 * needed afterwards. Fails with WEIR_PIPELINE: "FILE:LINE: what is wrong".
 */
int json_parse(const char *text, size_t size, const char *file,
	       struct json **out, struct err *err);
void json_free(struct json *json); /* NULL is fine */

const struct json_value *json_root(const struct json *json);

enum json_type json_type(const struct json_value *value);
const char *json_type_name(enum json_type type); /* "an object", "null" */

/* Counted from 1; for a member of an object, the line of its key. */
unsigned json_line(const struct json_value *value);

/*
 * Appends where a value is in its document: "tables.users.by[0]"; nothing for
 * the root. Keys that are not plain words are quoted: x["a b"].
 */
void json_path(const struct json_value *value, struct buf *out);

/* Members of an object and elements of an array, in the file's order. */
const struct json_value *json_first(const struct json_value *value);
const struct json_value *json_next(const struct json_value *value);
unsigned json_len(const struct json_value *value); /* walks them all */
const struct json_value *json_get(const struct json_value *object,
				  const char *key);   /* NULL: not there */
const char *json_key(const struct json_value *value); /* NULL: no member */

/*
 * False, and *out untouched, when the value is of another type. An integer is
 * a number without fraction or exponent that fits 64 bits; it is exact.
 */
bool json_bool(const struct json_value *value, bool *out);
bool json_int(const struct json_value *value, int64_t *out);
bool json_double(const struct json_value *value, double *out);
const char *json_string(const struct json_value *value); /* NULL: none */

/* ---- Writing ---- */

/*
 * An object or array under construction. Those made by json_new_*() are freed
 * with all inside of them by json_node_free(); those made by json_add_*()
 * belong to what they were added to.
 *
 * key is for objects, where it must be new, and NULL for arrays.
 */
struct json_node;

struct json_node *json_new_object(void);
struct json_node *json_new_array(void);
void json_node_free(struct json_node *node); /* NULL is fine */

struct json_node *json_add_object(struct json_node *to, const char *key);
struct json_node *json_add_array(struct json_node *to, const char *key);
void json_add_text(struct json_node *to, const char *key, const char *data,
		   size_t size);
void json_add_string(struct json_node *to, const char *key, const char *text);
void json_add_int(struct json_node *to, const char *key, int64_t i);
void json_add_double(struct json_node *to, const char *key, double d);
/* An unknown value is null. */
void json_add_value(struct json_node *to, const char *key, struct value value);
void json_add_bool(struct json_node *to, const char *key, bool b);
void json_add_null(struct json_node *to, const char *key);

/* Pretty: a line a value, indented by tabs. Neither ends in a newline. */
void json_print(const struct json_node *node, bool pretty, struct buf *out);
char *json_text(const struct json_node *node, bool pretty); /* free() it */

/*
 * Appends bytes as a JSON string, quotes included. Control characters, DEL and
 * C1 included, are escaped; broken UTF-8 becomes U+FFFD.
 */
void json_quote(struct buf *out, const char *data, size_t size);
/* The same of as many characters as fit into `room` bytes, at least 2. */
void json_quote_within(struct buf *out, const char *data, size_t size,
		       size_t room);

/*
 * Appends the shortest decimal that reads back as the same double, with a '.'
 * whatever the locale; "null" when it is not finite.
 */
void json_number(struct buf *out, double d);

#endif
