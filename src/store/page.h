/*
 * A page: rows of a table around a place in an order, also those that no
 * ranking has. Plain memory, as a view is; browse.h makes them.
 *
 * Text in it is foreign, as in a view.
 */
#ifndef WEIR_STORE_PAGE_H
#define WEIR_STORE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/view.h"

#define PAGE_FILTER_MAX 63
#define PAGE_KEY_MAX    (PIPELINE_KEY_MAX + 8) /* a stored key's bytes */
#define PAGE_ROWS       512 /* at most so many on either side of its place */
#define PAGE_BY_KEY     (-1)

enum page_place {
	PAGE_FIRST, /* the first rows */
	PAGE_LAST,  /* the last rows */
	PAGE_AT,    /* those around a key */
};

/* What is asked for. */
struct page_query {
	unsigned table;
	int64_t window_ms; /* the window's start; 0: the table has none */
	/*
	 * A measure, largest first, or PAGE_BY_KEY, in the order of keys; the
	 * other way round when reversed. Unknown values are last in any case,
	 * and equal ones are in the order of their keys.
	 */
	int sort;
	bool reversed;
	/* What occurs in the key as people read it, ASCII letters in either
	   case; "": anything does. */
	char filter[PAGE_FILTER_MAX + 1];
	enum page_place place;
	/* PAGE_AT: the key, and what it is sorted by once it is gone. */
	char key[PAGE_KEY_MAX];
	size_t key_size;
	struct value value;
};

struct page_row {
	struct view_text id;  /* its key as it is stored */
	struct view_text key; /* the same as people read it */
	struct value measures[PIPELINE_MEASURES_MAX];
};

/* One block of memory: free() it. */
struct page {
	uint64_t question; /* the number of the query */
	bool complete;     /* all rows of the table were looked at */
	int64_t looked_at; /* rows, of keys; less until it is complete */
	int64_t keys;
	int64_t matching; /* of those looked at, the rows that pass the filter
			   */
	int64_t before;   /* of these, those before rows[0] in the order */
	uint64_t first_commit, last_commit; /* that rows were read from */
	struct page_row *rows;
	unsigned rows_len;
	unsigned at; /* the first of rows that is at the place or behind it */
};

#endif
