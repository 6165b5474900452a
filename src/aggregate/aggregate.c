#include <stdlib.h>
#include <string.h>

#include "aggregate/aggregate.h"
#include "aggregate/key.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"

#define BLOCK 16 /* events */

/* A key and where it leads, for one event of the block. */
struct pending_row {
	uint64_t hash;
	uint32_t key, key_size; /* in keys; no bytes: the event is too late */
};

struct aggregate_block {
	unsigned len;
	struct position positions[BLOCK];
	/* Their numbers; of texts those that are counted distinct. */
	struct event events[BLOCK];
	char *texts;
	/* BLOCK of each lane: a table has one for each window of an event. */
	struct pending_row *rows;
	size_t keys_size;
	char *keys;
};

static bool
same_keys(const struct table_spec *a, const struct table_spec *b)
{
	return a->by_len == b->by_len &&
	       memcmp(a->by, b->by, a->by_len * sizeof(a->by[0])) == 0;
}

/* The string fields that a table counts distinct. */
static void
note_texts(struct aggregate *aggregate, const struct table_spec *table)
{
	const struct pipeline *p = aggregate->pipeline;

	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *measure = &table->measures[i];
		unsigned n = 0;

		if (measure->kind != MEASURE_DISTINCT ||
		    p->event.fields[measure->field].type != FIELD_STRING)
			continue;
		while (n < aggregate->texts_len &&
		       aggregate->texts[n] != (unsigned)measure->field)
			n++;
		if (n < aggregate->texts_len)
			continue;
		aggregate->texts[aggregate->texts_len++] =
		    (unsigned)measure->field;
		aggregate->texts_size +=
		    p->event.fields[measure->field].max_length;
	}
}

static struct aggregate_block *
new_block(unsigned lanes, size_t texts_size)
{
	struct aggregate_block *block = xmalloc(sizeof(*block));
	size_t rows = (size_t)lanes * BLOCK;

	block->len = 0;
	block->rows = xcalloc(rows, sizeof(*block->rows));
	block->keys_size = 0;
	block->keys = xmalloc(rows * (WINDOW_KEY_SIZE + KEY_MAX));
	block->texts = texts_size ? xmalloc(BLOCK * texts_size) : NULL;
	return block;
}

static void
free_block(struct aggregate_block *block)
{
	free(block->rows);
	free(block->keys);
	free(block->texts);
	free(block);
}

static unsigned
hops_of(const struct table_spec *table)
{
	return table->window_ms ? window_hops(table) : 1;
}

static void
make_lanes(struct aggregate *aggregate)
{
	const struct pipeline *p = aggregate->pipeline;
	unsigned len = 0;

	for (unsigned i = 0; i < p->tables_len; i++)
		len += hops_of(&p->tables[i]);
	aggregate->lanes = xcalloc(len, sizeof(*aggregate->lanes));
	for (unsigned i = 0; i < p->tables_len; i++) {
		struct aggregate_table *table = &aggregate->tables[i];

		table->hops = hops_of(&p->tables[i]);
		for (unsigned hop = 0; hop < table->hops; hop++)
			aggregate->lanes[aggregate->lanes_len++] = table;
	}
	for (unsigned i = 0; i < 2; i++)
		aggregate->blocks[i] = new_block(len, aggregate->texts_size);
}

void
aggregate_init(struct aggregate *aggregate, const struct pipeline *p)
{
	memset(aggregate, 0, sizeof(*aggregate));
	aggregate->pipeline = p;
	for (unsigned i = 0; i < p->tables_len; i++) {
		struct aggregate_table *table = &aggregate->tables[i];

		row_layout_init(&table->layout, p, &p->tables[i]);
		delta_init(&table->delta, table->layout.size);
		while (!same_keys(&p->tables[table->keys_of], &p->tables[i]))
			table->keys_of++;
		table->plain_key = key_plain(p, &p->tables[i]);
		table->first_ms = WINDOW_NO_EVENT;
		aggregate->measures |= !table->layout.counts;
		distinct_init(&table->distinct, p, &p->tables[i]);
		aggregate->distinct |= table->distinct.table != NULL;
		note_texts(aggregate, &p->tables[i]);
	}
	make_lanes(aggregate);
}

void
aggregate_release(struct aggregate *aggregate)
{
	if (!aggregate->pipeline)
		return;
	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++) {
		delta_release(&aggregate->tables[i].delta);
		distinct_release(&aggregate->tables[i].distinct);
	}
	free(aggregate->lanes);
	free_block(aggregate->blocks[0]);
	free_block(aggregate->blocks[1]);
}

/*
 * The last window that an event is in. Most are of the one before, and dividing
 * takes as long as all the rest.
 */
static int64_t
window_of(struct aggregate_table *table, const struct table_spec *spec,
	  int64_t time_ms)
{
	if (time_ms < table->window_start ||
	    time_ms - table->window_start >= spec->advance_ms)
		table->window_start = window_start(time_ms, spec->advance_ms);
	return table->window_start;
}

static void
ask_for_rows(const struct aggregate *aggregate,
	     const struct aggregate_block *block, unsigned event)
{
	const struct pending_row *row = block->rows + event;

	for (unsigned i = 0; i < aggregate->lanes_len; i++, row += BLOCK)
		delta_prefetch_row(&aggregate->lanes[i]->delta, row->hash);
}

/* By itself, so that what counts nothing distinct pays nothing for it. */
static __attribute__((noinline)) void
change_distinct(struct aggregate *aggregate,
		const struct aggregate_block *block)
{
	const struct pending_row *rows = block->rows;

	for (unsigned i = 0; i < aggregate->lanes_len; i++, rows += BLOCK) {
		struct aggregate_table *table = aggregate->lanes[i];

		if (!table->distinct.table)
			continue;
		for (unsigned n = 0; n < block->len; n++) {
			const struct pending_row *to = &rows[n];
			struct text key = {block->keys + to->key, to->key_size};
			int created;
			void *row;

			if (key.size == 0)
				continue;
			row = delta_row(&table->delta, key, to->hash, &created);
			distinct_add(&table->distinct, key, to->hash,
				     &block->events[n],
				     delta_place(&table->delta, row));
		}
	}
}

static void
change_rows(struct aggregate *aggregate, struct aggregate_block *block)
{
	for (unsigned i = 0; i < aggregate->lanes_len; i++) {
		struct aggregate_table *table = aggregate->lanes[i];
		const struct pending_row *to = block->rows + (size_t)i * BLOCK;

		for (unsigned n = 0; n < block->len; n++, to++) {
			struct text key = {block->keys + to->key, to->key_size};
			int created;
			void *row;

			if (key.size == 0)
				continue;
			row = delta_row(&table->delta, key, to->hash, &created);
			if (created)
				row_init(&table->layout, row);
			row_add(&table->layout, row, &block->events[n],
				block->positions[n]);
		}
	}
	if (aggregate->distinct)
		change_distinct(aggregate, block);
	block->len = 0;
	block->keys_size = 0;
}

/* What is counted distinct outlives the event's text. */
static void
keep_texts(const struct aggregate *aggregate, struct aggregate_block *block)
{
	char *to = block->texts + block->len * aggregate->texts_size;

	for (unsigned i = 0; i < aggregate->texts_len; i++) {
		struct event_value *value =
		    &block->events[block->len].values[aggregate->texts[i]];

		if (!value->present)
			continue;
		bytes_copy(to, value->text.data, value->text.size);
		value->text.data = to;
		to += value->text.size;
	}
}

/* The row of which the key begins at `begin` and goes on at `to`; its end. */
static inline char *
put_row(const struct aggregate_block *block,
	const struct aggregate_table *table, struct pending_row *row,
	char *begin, char *to, struct text key, uint64_t hash)
{
	bytes_copy(to, key.data, key.size);
	to += key.size;
	row->hash = hash;
	row->key = (uint32_t)(begin - block->keys);
	row->key_size = (uint32_t)(to - begin);
	delta_prefetch_slot(&table->delta, hash);
	return to;
}

/* The event's rows in its windows; whether one of these is closed. */
static inline bool
put_windows(const struct aggregate_block *block, struct aggregate_table *table,
	    const struct table_spec *spec, const struct event *event,
	    int64_t watermark_ms, struct text key, uint64_t hash,
	    struct pending_row **row, char **to)
{
	int64_t start = window_of(table, spec, event->time_ms);
	bool late = false;

	for (unsigned left = table->hops; left > 0; left--, *row += BLOCK) {
		if (window_closed(start, spec, watermark_ms)) {
			(*row)->hash = (*row)->key_size = 0;
			late = true;
		} else {
			put_be64(*to, key_from_i64(start));
			*to = put_row(block, table, *row, *to,
				      *to + WINDOW_KEY_SIZE, key,
				      hash_with(hash, (uint64_t)start));
		}
		start -= spec->advance_ms;
	}
	if (late)
		table->late++;
	else if (event->time_ms < table->first_ms)
		table->first_ms = event->time_ms;
	return late;
}

/*
 * With 100,000 keys, nearly every look-up waits for memory, twice: for the slot
 * and for the row. So events are gathered in blocks. Each one's slots are asked
 * for as it comes; when the block is full, its rows are; and these are changed
 * when the next one is full. What else is done meanwhile takes longer than the
 * memory. Tables of the same key share what it costs to encode and to hash it.
 */
void
aggregate_add(struct aggregate *aggregate, const struct event *event,
	      struct position position, int64_t watermark_ms)
{
	const struct pipeline *p = aggregate->pipeline;
	struct aggregate_block *block = aggregate->blocks[0];
	struct pending_row *row = block->rows + block->len;
	char *to = block->keys + block->keys_size;
	struct text keys[PIPELINE_TABLES_MAX];
	uint64_t hashes[PIPELINE_TABLES_MAX];
	char rooms[PIPELINE_TABLES_MAX][KEY_MAX];
	bool late = false;

	for (unsigned i = 0; i < p->tables_len; i++) {
		struct aggregate_table *table = &aggregate->tables[i];
		const struct table_spec *spec = &p->tables[i];
		unsigned n = table->keys_of;

		if (n == i) {
			if (table->plain_key >= 0)
				keys[i] = event->values[table->plain_key].text;
			/* An empty one, or one that begins so, is no key. */
			if (table->plain_key < 0 || !keys[i].size ||
			    !keys[i].data[0])
				key_encode(p, spec, event, rooms[i], &keys[i]);
			hashes[i] = hash64(keys[i].data, keys[i].size);
		}
		if (spec->window_ms) {
			late |=
			    put_windows(block, table, spec, event, watermark_ms,
					keys[n], hashes[n], &row, &to);
		} else {
			to = put_row(block, table, row, to, to, keys[n],
				     hashes[n]);
			row += BLOCK;
		}
	}
	block->keys_size = (size_t)(to - block->keys);
	aggregate->late += late;
	block->positions[block->len] = position;
	if (aggregate->measures)
		memcpy(block->events[block->len].values, event->values,
		       p->event.fields_len * sizeof(*event->values));
	if (aggregate->texts_len)
		keep_texts(aggregate, block);
	if (block->len >= BLOCK / 2)
		ask_for_rows(aggregate, block, block->len - BLOCK / 2);
	else if (aggregate->blocks[1]->len)
		ask_for_rows(aggregate, aggregate->blocks[1],
			     block->len + BLOCK / 2);
	if (++block->len < BLOCK)
		return;
	change_rows(aggregate, aggregate->blocks[1]);
	aggregate->blocks[0] = aggregate->blocks[1];
	aggregate->blocks[1] = block;
}

void
aggregate_settle(struct aggregate *aggregate)
{
	change_rows(aggregate, aggregate->blocks[1]);
	change_rows(aggregate, aggregate->blocks[0]);
}

size_t
aggregate_bytes(const struct aggregate *aggregate)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++)
		bytes += delta_bytes(&aggregate->tables[i].delta) +
			 distinct_bytes(&aggregate->tables[i].distinct);
	return bytes;
}

void
aggregate_clear(struct aggregate *aggregate, size_t keep_bytes)
{
	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++) {
		delta_clear(&aggregate->tables[i].delta, keep_bytes);
		distinct_clear(&aggregate->tables[i].distinct, keep_bytes);
		aggregate->tables[i].late = 0;
		aggregate->tables[i].first_ms = WINDOW_NO_EVENT;
	}
	aggregate->late = 0;
}
