/*
 * Reading one value of a pipeline file, with an error that says where:
 * "FILE:LINE: PATH: what is wrong". All functions but reader_error() return 0,
 * or WEIR_PIPELINE and leave *out as it was, so that defaults may stand in it.
 */
#ifndef WEIR_PIPELINE_READER_H
#define WEIR_PIPELINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct reader {
	const char *file;
	struct err *err;
};

/* A key of an object. */
struct reader_key {
	const char *name;
	bool required;
};

#define READER_KEYS(keys) (keys), sizeof(keys) / sizeof((keys)[0])

/* Returns WEIR_PIPELINE. What is wrong, without a full stop. */
int reader_error(const struct reader *r, const struct json_value *value,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The same for a name that is not among `names`: `no KIND "NAME"` and the
 * nearest of them.
 */
int reader_unknown(const struct reader *r, const struct json_value *value,
		   const char *kind, const char *name, const char *const *names,
		   unsigned names_len);

/* An object that holds these keys, the required ones for sure. */
int reader_object(const struct reader *r, const struct json_value *value,
		  const struct reader_key *keys, size_t keys_len);

/*
 * An array, or an object of any keys, of min, 0 or 1, to max values called
 * `what`.
 */
int reader_list(const struct reader *r, const struct json_value *value,
		enum json_type type, unsigned min, unsigned max,
		const char *what);

int reader_string(const struct reader *r, const struct json_value *value,
		  const char **out); /* borrowed from the document */
int reader_bool(const struct reader *r, const struct json_value *value,
		bool *out);
int reader_int(const struct reader *r, const struct json_value *value,
	       int64_t min, int64_t max, int64_t *out);
int reader_double(const struct reader *r, const struct json_value *value,
		  double min, double max, double *out);

/* "500ms", "10s", "1m", "2h", "1d"; min, max and *out in milliseconds. */
int reader_duration(const struct reader *r, const struct json_value *value,
		    int64_t min, int64_t max, int64_t *out);

/*
 * Copies a name that fits [A-Za-z_][A-Za-z0-9_.-]* into `out` of `size` bytes.
 * `name` is the value's key or its text; the value says where.
 */
int reader_name(const struct reader *r, const struct json_value *value,
		const char *name, char *out, size_t size);

/* The index of the value's text in names; `kind` is what they are. */
int reader_choice(const struct reader *r, const struct json_value *value,
		  const char *kind, const char *const *names,
		  unsigned names_len, unsigned *out);

#endif
