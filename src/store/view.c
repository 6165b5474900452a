#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "event/seen.h"
#include "store/view.h"

/* Blocks grow by doubling, so a large view costs few of them. */
struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void *
view_alloc(struct view *view, size_t size)
{
	struct arena_block *block = view->arena;
	void *at;

	size = (size + 15) & ~(size_t)15;
	if (!block || block->size - block->used < size) {
		size_t room = block ? block->size * 2 : 16384;

		if (room > 4 << 20)
			room = 4 << 20;
		if (room < size)
			room = size;
		block = xcalloc(1, sizeof(*block) + room);
		block->size = room;
		block->next = view->arena;
		view->arena = block;
	}
	at = block->data + block->used;
	block->used += size;
	return at;
}

struct view_text
view_copy(struct view *view, const void *data, size_t size)
{
	char *copy = view_alloc(view, size + 1);

	if (size)
		memcpy(copy, data, size);
	return (struct view_text){copy, size};
}

const char *
view_partition_state_name(enum view_partition_state state)
{
	static const char *const names[] = {"read", "away", "ended"};

	return names[state];
}

const char *
view_type_name(enum view_type type)
{
	return seen_type_name((enum seen_type)type);
}

const char *
view_change_kind_name(enum view_change_kind kind)
{
	static const char *const names[] = {"appeared", "vanished", "type"};

	return names[kind];
}

const char *
view_alert_state_name(enum view_alert_state state)
{
	static const char *const names[] = {"pending", "firing", "acknowledged",
					    "cleared"};

	return names[state];
}

bool
view_several_topics(const struct view *view)
{
	const char *first = NULL;

	for (unsigned i = 0; i < view->partitions_len; i++) {
		const struct view_partition *p = &view->partitions[i];

		if (p->state != VIEW_PARTITION_READ)
			continue;
		if (first && strcmp(first, p->topic) != 0)
			return true;
		first = p->topic;
	}
	return false;
}

struct view *
view_new(const struct pipeline *pipeline)
{
	struct view *view = xcalloc(1, sizeof(*view));

	view->pipeline = pipeline;
	return view;
}

void
view_free(struct view *view)
{
	if (!view)
		return;
	for (struct arena_block *block = view->arena; block;) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	free(view);
}

void
view_key_free(struct view_key *key)
{
	if (key)
		view_free(key->memory);
}
