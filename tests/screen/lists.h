/*
 * Views, pages, keys and events made by hand for the tests of lists, from the
 * scenes of scene.h: what the rankings there hold is all that there is.
 */
#ifndef WEIR_TESTS_LISTS_H
#define WEIR_TESTS_LISTS_H

#include "scene.h"
#include "store/page.h"

/*
 * The scene with two panels more, which come first: a table's keys with all
 * their measures, and the windows of another one.
 */
struct view *lists_view(enum scene scene, int second);

/*
 * The answer to a query, whatever its order and filter: the largest of the
 * table, or rows of the window. `complete` false: a part of it.
 */
struct page *lists_page(const struct view *view, const struct page_query *query,
			uint64_t number, bool complete);

/* So many rows, row i being "key i" and of the value total - i. */
struct page *lists_numbered(uint64_t number, int64_t before, unsigned len,
			    unsigned at, int64_t total);

/* What a store would have of a key; NULL when it is not in the rankings. */
struct view_key *lists_key(enum scene scene, int second,
			   const struct view_text *id);

/* Its last event; problem NULL: it is there. */
struct view_event *lists_event(enum scene scene, const char *problem);

#endif
