#include <stdlib.h>
#include <string.h>

#include "aggregate/aggregate.h"
#include "aggregate/key.h"
#include "aggregate/watermark.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"

#define PENDING 2

struct pending_row {
	unsigned table;
	uint64_t hash;
	size_t key_size;
	char key[WINDOW_KEY_SIZE + KEY_MAX];
};

struct aggregate_pending {
	struct event event; /* its numbers; the text is gone */
	struct position position;
	struct pending_row rows[PIPELINE_TABLES_MAX];
	unsigned len;
};

void
aggregate_init(struct aggregate *aggregate, const struct pipeline *p)
{
	memset(aggregate, 0, sizeof(*aggregate));
	aggregate->pipeline = p;
	aggregate->pending = xcalloc(PENDING, sizeof(*aggregate->pending));
	for (unsigned i = 0; i < p->tables_len; i++) {
		struct aggregate_table *table = &aggregate->tables[i];

		row_layout_init(&table->layout, p, &p->tables[i]);
		delta_init(&table->delta, table->layout.size);
	}
}

void
aggregate_release(struct aggregate *aggregate)
{
	if (!aggregate->pipeline)
		return;
	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++)
		delta_release(&aggregate->tables[i].delta);
	free(aggregate->pending);
}

int64_t
window_start(int64_t time_ms, int64_t size_ms)
{
	int64_t rest = time_ms % size_ms;

	return time_ms - (rest < 0 ? rest + size_ms : rest);
}

bool
window_closed(int64_t start_ms, const struct table_spec *table,
	      int64_t watermark_ms)
{
	return watermark_ms != WATERMARK_NONE &&
	       start_ms + table->window_ms + table->lateness_ms <= watermark_ms;
}

/* Puts the key of an event in a table into `room`; false when it is late. */
static bool
take_key(const struct pipeline *p, const struct table_spec *spec,
	 const struct event *event, int64_t watermark_ms, char *room,
	 size_t *size)
{
	char encoded[KEY_MAX], *to = room;
	struct text key;

	if (spec->window_ms) {
		int64_t start = window_start(event->time_ms, spec->window_ms);

		if (window_closed(start, spec, watermark_ms))
			return false;
		put_be64(to, key_from_i64(start));
		to += WINDOW_KEY_SIZE;
	}
	key_encode(p, spec, event, encoded, &key);
	memcpy(to, key.data, key.size);
	*size = (size_t)(to - room) + key.size;
	return true;
}

static void
finish(struct aggregate *aggregate, struct aggregate_pending *pending)
{
	for (unsigned n = 0; n < pending->len; n++) {
		const struct pending_row *to = &pending->rows[n];
		struct aggregate_table *table = &aggregate->tables[to->table];
		struct text key = {to->key, to->key_size};
		int created;
		void *row;

		row = delta_row(&table->delta, key, to->hash, &created);
		if (created)
			row_init(&table->layout, row);
		row_add(&table->layout, row, &pending->event,
			pending->position);
	}
	pending->len = 0;
}

/*
 * With 100,000 keys, nearly every look-up waits for memory, twice: for the slot
 * and for the row. So an event takes three steps, one at each call: its slots
 * are asked for, then its rows, and only then are they changed. What another
 * event does meanwhile, its decoding above all, takes longer than the memory.
 */
void
aggregate_add(struct aggregate *aggregate, const struct event *event,
	      struct position position, int64_t watermark_ms)
{
	const struct pipeline *p = aggregate->pipeline;
	struct aggregate_pending *last =
	    &aggregate->pending[(aggregate->next + 1) % PENDING];
	struct aggregate_pending *pending =
	    &aggregate->pending[aggregate->next];

	for (unsigned n = 0; n < last->len; n++)
		delta_prefetch_row(
		    &aggregate->tables[last->rows[n].table].delta,
		    last->rows[n].hash);
	finish(aggregate, pending);
	for (unsigned i = 0; i < p->tables_len; i++) {
		struct pending_row *to = &pending->rows[pending->len];

		if (!take_key(p, &p->tables[i], event, watermark_ms, to->key,
			      &to->key_size)) {
			aggregate->tables[i].late++;
			continue;
		}
		to->table = i;
		to->hash = hash64(to->key, to->key_size);
		delta_prefetch_slot(&aggregate->tables[i].delta, to->hash);
		pending->len++;
	}
	aggregate->late += pending->len < p->tables_len;
	pending->position = position;
	memcpy(pending->event.values, event->values,
	       p->event.fields_len * sizeof(*event->values));
	aggregate->next = (aggregate->next + 1) % PENDING;
}

void
aggregate_settle(struct aggregate *aggregate)
{
	for (unsigned i = 0; i < PENDING; i++)
		finish(aggregate,
		       &aggregate->pending[(aggregate->next + i) % PENDING]);
}

size_t
aggregate_bytes(const struct aggregate *aggregate)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++)
		bytes += delta_bytes(&aggregate->tables[i].delta);
	return bytes;
}

void
aggregate_clear(struct aggregate *aggregate, size_t keep_bytes)
{
	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++) {
		delta_clear(&aggregate->tables[i].delta, keep_bytes);
		aggregate->tables[i].late = 0;
	}
	aggregate->late = 0;
}
