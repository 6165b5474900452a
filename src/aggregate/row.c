#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "aggregate/row.h"

/*
 * Positions, behind the cells:
 *   0  u32  first partition, and in the top byte a bit for each measure whose
 *           value is known
 *   4  u32  last partition
 *   8  i64  first offset
 *  16  i64  last offset
 */
#define NO_OFFSET   INT64_C(-1)
#define KNOWN_SHIFT 24

void
row_layout_init(struct row_layout *layout, const struct pipeline *p,
		const struct table_spec *table)
{
	unsigned at = 0;

	memset(layout, 0, sizeof(*layout));
	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *measure = &table->measures[i];
		struct row_cell *cell = &layout->cells[i];

		cell->kind = measure->kind;
		cell->field = measure->field;
		cell->real =
		    measure->field >= 0 &&
		    p->event.fields[measure->field].type == FIELD_NUMBER;
		cell->offset = at;
		at += measure->kind == MEASURE_AVERAGE ? 16 : 8;
	}
	layout->cells_len = table->measures_len;
	layout->rank = table->rank;
	layout->positions = at;
	layout->counts = table->measures_len == 1 &&
			 table->measures[0].kind == MEASURE_COUNT;
	layout->size = at + 24;
	assert(layout->size <= ROW_MAX);
}

void
row_init(const struct row_layout *layout, void *row)
{
	char *positions = (char *)row + layout->positions;

	memset(row, 0, layout->size);
	put_u64(positions + 8, (uint64_t)NO_OFFSET);
	put_u64(positions + 16, (uint64_t)NO_OFFSET);
}

static int64_t
add_saturating(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* Stops at the largest double, as integers do: no infinity, no NaN. */
static double
finite_sum(double a, double b)
{
	double sum = a + b;

	if (isfinite(sum))
		return sum;
	return a > 0 ? DBL_MAX : -DBL_MAX;
}

/* Adds to a sum or puts a smaller or larger extreme; both sides are known. */
static void
combine(const struct row_cell *cell, char *at, uint64_t with)
{
	if (cell->real) {
		double old = get_real(at), add;

		memcpy(&add, &with, sizeof(add));
		switch (cell->kind) {
		case MEASURE_COUNT:
		case MEASURE_SUM:
		case MEASURE_AVERAGE:
		case MEASURE_DISTINCT:
			put_real(at, finite_sum(old, add));
			break;
		case MEASURE_MINIMUM:
			put_real(at, add < old ? add : old);
			break;
		case MEASURE_MAXIMUM:
			put_real(at, add > old ? add : old);
			break;
		}
	} else {
		int64_t old = (int64_t)get_u64(at), add = (int64_t)with;

		switch (cell->kind) {
		case MEASURE_COUNT:
		case MEASURE_SUM:
		case MEASURE_AVERAGE:
		case MEASURE_DISTINCT:
			old = add_saturating(old, add);
			break;
		case MEASURE_MINIMUM:
			old = add < old ? add : old;
			break;
		case MEASURE_MAXIMUM:
			old = add > old ? add : old;
			break;
		}
		put_u64(at, (uint64_t)old);
	}
}

/* The whole of row_add() where there is nothing but a count. */
static void
add_count(char *row, struct position position)
{
	char *positions = row + 8;

	put_u64(row, get_u64(row) + 1);
	if ((int64_t)get_u64(positions + 8) == NO_OFFSET) {
		put_u32(positions,
			1u << KNOWN_SHIFT | (uint32_t)position.partition);
		put_u64(positions + 8, (uint64_t)position.offset);
	}
	put_u32(positions + 4, (uint32_t)position.partition);
	put_u64(positions + 16, (uint64_t)position.offset);
}

static void
add_measures(const struct row_layout *layout, void *row,
	     const struct event *event, struct position position)
{
	char *cells = row, *positions = cells + layout->positions;
	uint32_t known = get_u32(positions) >> KNOWN_SHIFT;
	uint32_t first = get_u32(positions) & ROW_PARTITION_MAX;

	for (unsigned i = 0; i < layout->cells_len; i++) {
		const struct row_cell *cell = &layout->cells[i];
		char *at = cells + cell->offset;
		const struct event_value *value;
		uint64_t add;

		if (cell->kind == MEASURE_COUNT) {
			put_u64(at, get_u64(at) + 1);
			known |= 1u << i;
			continue;
		}
		value = &event->values[cell->field];
		if (!value->present)
			continue;
		if (cell->kind == MEASURE_DISTINCT) {
			known |= 1u << i;
			continue;
		}
		memcpy(&add,
		       cell->real ? (const void *)&value->d
				  : (const void *)&value->i,
		       sizeof(add));
		if (known & 1u << i)
			combine(cell, at, add);
		else
			put_u64(at, add);
		if (cell->kind == MEASURE_AVERAGE)
			put_u64(at + 8, get_u64(at + 8) + 1);
		known |= 1u << i;
	}
	if ((int64_t)get_u64(positions + 8) == NO_OFFSET) {
		first = (uint32_t)position.partition;
		put_u64(positions + 8, (uint64_t)position.offset);
	}
	put_u32(positions, known << KNOWN_SHIFT | first);
	put_u32(positions + 4, (uint32_t)position.partition);
	put_u64(positions + 16, (uint64_t)position.offset);
}

void
row_add(const struct row_layout *layout, void *row, const struct event *event,
	struct position position)
{
	if (layout->counts)
		add_count(row, position);
	else
		add_measures(layout, row, event, position);
}

void
row_merge(const struct row_layout *layout, void *into, const void *from)
{
	char *a = into, *a_positions = a + layout->positions;
	const char *b = from, *b_positions = b + layout->positions;
	uint32_t known = get_u32(a_positions) >> KNOWN_SHIFT;
	uint32_t first = get_u32(a_positions) & ROW_PARTITION_MAX;
	uint32_t adds = get_u32(b_positions) >> KNOWN_SHIFT;

	for (unsigned i = 0; i < layout->cells_len; i++) {
		const struct row_cell *cell = &layout->cells[i];
		char *at = a + cell->offset;
		const char *with = b + cell->offset;

		if (!(adds & 1u << i))
			continue;
		if (known & 1u << i)
			combine(cell, at, get_u64(with));
		else
			put_u64(at, get_u64(with));
		if (cell->kind == MEASURE_AVERAGE)
			put_u64(at + 8, get_u64(at + 8) + get_u64(with + 8));
	}
	if ((int64_t)get_u64(a_positions + 8) == NO_OFFSET) {
		first = get_u32(b_positions) & ROW_PARTITION_MAX;
		put_u64(a_positions + 8, get_u64(b_positions + 8));
	}
	put_u32(a_positions, (known | adds) << KNOWN_SHIFT | first);
	put_u32(a_positions + 4, get_u32(b_positions + 4));
	put_u64(a_positions + 16, get_u64(b_positions + 16));
}

void
row_set_distinct(const struct row_layout *layout, void *row, unsigned measure,
		 int64_t values)
{
	put_u64((char *)row + layout->cells[measure].offset, (uint64_t)values);
}

struct value
row_value(const struct row_layout *layout, const void *row, unsigned measure)
{
	const struct row_cell *cell = &layout->cells[measure];
	const char *at = (const char *)row + cell->offset;
	uint32_t known =
	    get_u32((const char *)row + layout->positions) >> KNOWN_SHIFT;

	if (!(known & 1u << measure))
		return value_none();
	if (cell->kind == MEASURE_AVERAGE) {
		double sum =
		    cell->real ? get_real(at) : (double)(int64_t)get_u64(at);

		return value_real(sum / (double)get_u64(at + 8));
	}
	return cell->real ? value_real(get_real(at))
			  : value_int((int64_t)get_u64(at));
}

struct position
row_first(const struct row_layout *layout, const void *row)
{
	const char *positions = (const char *)row + layout->positions;

	return (struct position){
	    (int32_t)(get_u32(positions) & ROW_PARTITION_MAX),
	    (int64_t)get_u64(positions + 8)};
}

struct position
row_last(const struct row_layout *layout, const void *row)
{
	const char *positions = (const char *)row + layout->positions;

	return (struct position){(int32_t)get_u32(positions + 4),
				 (int64_t)get_u64(positions + 16)};
}

/*
 * Doubles order as integers once the negative ones are turned over: the usual
 * trick with IEEE 754. There are no NaNs: JSON has none.
 */
static uint64_t
bits_from_real(double d)
{
	uint64_t u;

	if (d == 0)
		d = 0; /* no negative zero */
	memcpy(&u, &d, sizeof(u));
	return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

static double
bits_to_real(uint64_t bits)
{
	double d;

	bits = bits >> 63 ? bits & ~(UINT64_C(1) << 63) : ~bits;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

bool
row_rank_bits(const struct row_layout *layout, const void *row, uint64_t *bits)
{
	struct value value = row_value(layout, row, layout->rank);

	if (value.kind == VALUE_NONE)
		return false;
	*bits = value.kind == VALUE_INT ? key_from_i64(value.i)
					: bits_from_real(value.d);
	return true;
}

struct value
row_rank_value(const struct row_layout *layout, uint64_t bits)
{
	const struct row_cell *cell = &layout->cells[layout->rank];

	if (cell->real || cell->kind == MEASURE_AVERAGE)
		return value_real(bits_to_real(bits));
	return value_int(key_to_i64(bits));
}
