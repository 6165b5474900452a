#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "lists.h"

/* Tables of the scenes. */
#define ITEMS   1
#define MINUTES 2

#define WINDOWS 45

static const struct pipeline *
lists_pipeline(const struct pipeline *from)
{
	static struct pipeline p;

	p = *from;
	p.panels_len = from->panels_len + 2;
	memcpy(p.panels + 2, from->panels,
	       from->panels_len * sizeof(*from->panels));
	p.panels[0] = (struct panel_spec){PANEL_TABLE, ITEMS, -1};
	p.panels[1] = (struct panel_spec){PANEL_WINDOWS, MINUTES, -1};
	return &p;
}

/* What a window, or a key in it, comes to. */
static struct value
value_in(enum scene scene, int i, int64_t usual)
{
	switch (scene) {
	case SCENE_HUGE:
		return i % 3 ? value_int(INT64_MAX - i) : value_int(INT64_MIN);
	case SCENE_ODD:
		return i % 4 == 0   ? value_none()
		       : i % 4 == 1 ? value_int(-7 * i)
		       : i % 4 == 2 ? value_real(NAN)
				    : value_real(0.125 * i);
	default:
		return value_int(usual);
	}
}

static int64_t
level(int i)
{
	return 500 + (int64_t)(300 * sin(i / 3.0));
}

static void
fill_windows(struct view *view, enum scene scene)
{
	struct view_table *table = &view->tables[MINUTES];

	table->late = 17;
	table->windows = view_alloc(view, WINDOWS * sizeof(struct view_window));
	table->windows_len = WINDOWS;
	for (int i = 0; i < WINDOWS; i++) {
		struct view_window *window = &table->windows[i];
		struct view_summary *s = &window->summary;

		window->start_ms =
		    SCENE_START_MS + (WINDOWS - i) * INT64_C(60000);
		window->end_ms = window->start_ms + 60000;
		window->complete = i > 0;
		s->keys = scene == SCENE_HUGE ? INT64_MAX : 9000 + i;
		s->total = value_in(scene, i, 1000 * level(i));
		s->average = scene == SCENE_ODD
				 ? value_none()
				 : value_real((double)(1000 * level(i)) /
					      (double)s->keys);
		s->min = value_in(scene, i + 1, 1 + i % 3);
		s->min_keys = 212;
		s->max = value_in(scene, i + 2, 10 * level(i));
		s->max_key = view->tables[ITEMS].top[0].key;
		s->min_key = view->tables[ITEMS].bottom[0].key;
	}
}

struct view *
lists_view(enum scene scene, int second)
{
	struct view *view = scene_view(scene, second);

	view->pipeline = lists_pipeline(view->pipeline);
	for (unsigned t = 0; t < view->tables_len; t++) {
		struct view_table *table = &view->tables[t];

		for (unsigned i = 0; i < table->top_len; i++)
			table->top[i].id = table->top[i].key;
		for (unsigned i = 0; i < table->bottom_len; i++)
			table->bottom[i].id = table->bottom[i].key;
	}
	for (unsigned i = 0; i < view->alerts_len; i++)
		view->alerts[i].key_id = view->alerts[i].key;
	if (scene != SCENE_EMPTY)
		fill_windows(view, scene);
	return view;
}

static struct page *
new_page(uint64_t number, unsigned len, const struct buf *texts,
	 const size_t *sizes)
{
	struct page *page = xcalloc(
	    1, sizeof(*page) + len * sizeof(struct page_row) + texts->size);
	char *data;

	page->question = number;
	page->rows = (struct page_row *)(page + 1);
	page->rows_len = len;
	data = (char *)(page->rows + len);
	if (texts->size)
		memcpy(data, texts->data, texts->size);
	for (unsigned i = 0; i < len; i++) {
		page->rows[i].id = page->rows[i].key =
		    (struct view_text){data, sizes[i]};
		data += sizes[i] + 1;
	}
	return page;
}

struct page *
lists_page(const struct view *view, const struct page_query *query,
	   uint64_t number, bool complete)
{
	/* Rows of a window are those of the table by the same fields. */
	const struct view_table *table =
	    &view->tables[query->table == MINUTES ? ITEMS : query->table];
	size_t sizes[VIEW_RANKING];
	struct buf texts = BUF_INIT;
	struct page *page;

	for (unsigned i = 0; i < table->top_len; i++) {
		sizes[i] = table->top[i].key.size;
		buf_add(&texts, table->top[i].key.data, sizes[i]);
		buf_add(&texts, "", 1);
	}
	page = new_page(number, table->top_len, &texts, sizes);
	buf_release(&texts);
	for (unsigned i = 0; i < table->top_len; i++)
		memcpy(page->rows[i].measures, table->top[i].measures,
		       sizeof(page->rows[i].measures));
	page->keys = table->summary.keys;
	page->complete = complete;
	page->looked_at = complete ? page->keys : page->keys / 100 * 43;
	page->matching =
	    query->filter[0] ? page->looked_at / 7 : page->looked_at;
	page->first_commit = page->last_commit = view->commit;
	if (query->filter[0])
		page->last_commit += 2;
	return page;
}

struct page *
lists_numbered(uint64_t number, int64_t before, unsigned len, unsigned at,
	       int64_t total)
{
	size_t *sizes = xcalloc(len + 1, sizeof(*sizes));
	struct buf texts = BUF_INIT;
	struct page *page;

	for (unsigned i = 0; i < len; i++) {
		size_t was = texts.size;

		buf_addf(&texts, "key %lld", (long long)(before + i));
		sizes[i] = texts.size - was;
		buf_add(&texts, "", 1);
	}
	page = new_page(number, len, &texts, sizes);
	for (unsigned i = 0; i < len; i++)
		page->rows[i].measures[0] = value_int(total - before - i);
	page->complete = true;
	page->keys = page->looked_at = page->matching = total;
	page->before = before;
	page->at = at;
	page->first_commit = page->last_commit = 1;
	buf_release(&texts);
	free(sizes);
	return page;
}

struct view_key *
lists_key(enum scene scene, int second, const struct view_text *id)
{
	struct view *memory = lists_view(scene, second);
	struct view_key *key = view_alloc(memory, sizeof(*key));
	const struct view_row *row = NULL;

	for (unsigned t = 0; t < memory->tables_len && !row; t++) {
		const struct view_table *table = &memory->tables[t];

		for (unsigned i = 0; i < table->top_len && !row; i++)
			if (table->top[i].id.size == id->size &&
			    memcmp(table->top[i].id.data, id->data, id->size) ==
				0)
				row = &table->top[i];
	}
	if (!row) {
		view_free(memory);
		return NULL;
	}
	key->row = *row;
	key->commit = memory->commit;
	key->memory = memory;
	key->windows_len = WINDOWS;
	key->windows =
	    view_alloc(memory, WINDOWS * sizeof(struct view_key_window));
	for (int i = 0; i < WINDOWS; i++) {
		const struct view_window *from =
		    &memory->tables[MINUTES].windows[WINDOWS - 1 - i];

		/* In some it does not occur. */
		key->windows[i] = (struct view_key_window){
		    .start_ms = from->start_ms,
		    .end_ms = from->end_ms,
		    .complete = from->complete,
		    .value = i % 11 == 3 ? value_none()
					 : value_in(scene, i, level(i))};
	}
	return key;
}

struct view_event *
lists_event(enum scene scene, const char *problem)
{
	static const char key[] = "u000007";
	static const char value[] =
	    "{\"user\":\"u000007\",\"item\":\"i000042\",\"type\":\"view\"}";
	static const char harm[] = "\033[2J\xe2\x80\xae\xff{\"a\":\"\n\x9b\"}";
	struct view_event *event = xcalloc(1, sizeof(*event));
	bool hostile = scene == SCENE_HOSTILE;

	event->position = (struct view_position){2, 315002, "interactions"};
	event->timestamp_ms = hostile ? -1 : SCENE_START_MS + 132987;
	if (problem) {
		snprintf(event->problem, sizeof(event->problem), "%s", problem);
		return event;
	}
	if (!hostile)
		event->key = (struct view_text){key, sizeof(key) - 1};
	event->key_size = event->key.size;
	event->value = hostile ? (struct view_text){harm, sizeof(harm) - 1}
			       : (struct view_text){value, sizeof(value) - 1};
	event->value_size = hostile ? 100000 : event->value.size;
	return event;
}
