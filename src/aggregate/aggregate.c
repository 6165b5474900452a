#include <string.h>

#include "aggregate/aggregate.h"
#include "aggregate/key.h"
#include "aggregate/watermark.h"
#include "base/bytes.h"

void
aggregate_init(struct aggregate *aggregate, const struct pipeline *p)
{
	memset(aggregate, 0, sizeof(*aggregate));
	aggregate->pipeline = p;
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

void
aggregate_add(struct aggregate *aggregate, const struct event *event,
	      struct position position, int64_t watermark_ms)
{
	const struct pipeline *p = aggregate->pipeline;
	bool late = false;

	for (unsigned i = 0; i < p->tables_len; i++) {
		const struct table_spec *spec = &p->tables[i];
		struct aggregate_table *table = &aggregate->tables[i];
		char room[KEY_MAX], windowed[WINDOW_KEY_SIZE + KEY_MAX];
		struct text key;
		int created;
		void *row;

		if (spec->window_ms) {
			int64_t start =
			    window_start(event->time_ms, spec->window_ms);

			if (window_closed(start, spec, watermark_ms)) {
				table->late++;
				late = true;
				continue;
			}
			key_encode(p, spec, event, room, &key);
			put_be64(windowed, key_from_i64(start));
			memcpy(windowed + WINDOW_KEY_SIZE, key.data, key.size);
			key.data = windowed;
			key.size += WINDOW_KEY_SIZE;
		} else {
			key_encode(p, spec, event, room, &key);
		}
		row = delta_row(&table->delta, key, &created);
		if (created)
			row_init(&table->layout, row);
		row_add(&table->layout, row, event, position);
	}
	aggregate->late += late;
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
aggregate_clear(struct aggregate *aggregate)
{
	for (unsigned i = 0; i < aggregate->pipeline->tables_len; i++) {
		delta_clear(&aggregate->tables[i].delta);
		aggregate->tables[i].late = 0;
	}
	aggregate->late = 0;
}
