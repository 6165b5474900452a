/*
 * A number as weir shows and reports it: unknown, whole, or real.
 * Whole numbers stay 64-bit integers from the event to the screen.
 */
#ifndef WEIR_BASE_VALUE_H
#define WEIR_BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum value_kind {
	VALUE_NONE, /* not known: shown as a dash, null in JSON; never 0 */
	VALUE_INT,
	VALUE_REAL,
};

struct value {
	enum value_kind kind;
	union {
		int64_t i;
		double d;
	};
};

static inline struct value
value_none(void)
{
	return (struct value){.kind = VALUE_NONE, .i = 0};
}

static inline struct value
value_int(int64_t i)
{
	return (struct value){.kind = VALUE_INT, .i = i};
}

static inline struct value
value_real(double d)
{
	return (struct value){.kind = VALUE_REAL, .d = d};
}

/* The value as a double; 0 when it is not known. */
static inline double
value_double(struct value v)
{
	return v.kind == VALUE_INT ? (double)v.i : v.kind ? v.d : 0.0;
}

/* In records: 16 bytes, the kind and its 64 bits. */
static inline void
put_value(char *to, struct value value)
{
	put_u64(to, value.kind);
	put_u64(to + 8, value.kind == VALUE_NONE ? 0 : (uint64_t)value.i);
}

/* False when the bytes are none. */
static inline bool
get_value(const char *from, struct value *value)
{
	uint64_t kind = get_u64(from);

	*value = value_none();
	if (kind > VALUE_REAL)
		return false;
	value->kind = (enum value_kind)kind;
	value->i = (int64_t)get_u64(from + 8);
	return true;
}

#endif
