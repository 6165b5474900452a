#include <assert.h>
#include <string.h>

#include "aggregate/distinct.h"
#include "aggregate/hyperloglog.h"
#include "base/bytes.h"
#include "base/hash.h"

_Static_assert(DISTINCT_SET_MAX + 2 <= PIPELINE_DISTINCT_MAX,
	       "a register's key always fits");

bool
distinct_used(const struct table_spec *table)
{
	for (unsigned i = 0; i < table->measures_len; i++)
		if (table->measures[i].kind == MEASURE_DISTINCT)
			return true;
	return false;
}

double
distinct_error(const struct measure *measure)
{
	return measure->approximate ? HYPERLOGLOG_ERROR : 0;
}

void
distinct_init(struct distinct *distinct, const struct pipeline *p,
	      const struct table_spec *table)
{
	memset(distinct, 0, sizeof(*distinct));
	if (!distinct_used(table))
		return;
	distinct->table = table;
	distinct->pipeline = p;
	delta_init(&distinct->candidates, sizeof(struct distinct_candidate));
}

void
distinct_release(struct distinct *distinct)
{
	if (distinct->table)
		delta_release(&distinct->candidates);
}

static size_t
window_size(const struct table_spec *table)
{
	return table->window_ms ? WINDOW_KEY_SIZE : 0;
}

size_t
distinct_set(const struct table_spec *table, struct text key, unsigned measure,
	     char *room)
{
	size_t window = window_size(table), size = key.size - window;
	char *to = room;

	memcpy(to, key.data, window);
	to += window;
	*to++ = (char)(size >> 8);
	*to++ = (char)size;
	memcpy(to, key.data + window, size);
	to += size;
	*to++ = (char)measure;
	return (size_t)(to - room);
}

size_t
distinct_set_size(const struct table_spec *table, struct text candidate)
{
	const unsigned char *size =
	    (const unsigned char *)candidate.data + window_size(table);

	return window_size(table) + 2 + (size_t)(size[0] << 8 | size[1]) + 1;
}

/* A value as keys have it: bytes of the event, or the 8 in `room`. */
static struct text
value_bytes(const struct field *field, const struct event_value *value,
	    char room[8])
{
	if (field->type == FIELD_STRING)
		return value->text;
	put_be64(room, key_from_i64(value->i));
	return (struct text){room, 8};
}

void
distinct_add(struct distinct *distinct, struct text key, uint64_t hash,
	     const struct event *event, uint32_t row)
{
	const struct table_spec *table = distinct->table;
	char room[PIPELINE_DISTINCT_MAX];

	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *measure = &table->measures[i];
		const struct event_value *value;
		struct distinct_candidate *candidate;
		struct text bytes;
		char number[8];
		unsigned char rank = 0;
		uint64_t value_hash;
		size_t size;
		int created;

		if (measure->kind != MEASURE_DISTINCT)
			continue;
		value = &event->values[measure->field];
		if (!value->present)
			continue;
		bytes = value_bytes(
		    &distinct->pipeline->event.fields[measure->field], value,
		    number);
		value_hash = hash64(bytes.data, bytes.size);
		if (measure->approximate) {
			unsigned place =
			    hyperloglog_register(value_hash, &rank);

			number[0] = (char)(place >> 8);
			number[1] = (char)place;
			bytes = (struct text){number, 2};
			value_hash = place;
		}
		size = distinct_set(table, key, i, room);
		assert(size + bytes.size <= sizeof(room));
		memcpy(room + size, bytes.data, bytes.size);
		/* A row's key can be the value itself: not one hash of both. */
		candidate = delta_row(
		    &distinct->candidates,
		    (struct text){room, size + bytes.size},
		    hash_with(hash_with(hash, i + 1), value_hash), &created);
		if (created)
			*candidate = (struct distinct_candidate){row, 0};
		if (candidate->rank < rank)
			candidate->rank = rank;
	}
}

size_t
distinct_bytes(const struct distinct *distinct)
{
	return distinct->table ? delta_bytes(&distinct->candidates) : 0;
}

void
distinct_clear(struct distinct *distinct, size_t keep_bytes)
{
	if (distinct->table)
		delta_clear(&distinct->candidates, keep_bytes);
}
