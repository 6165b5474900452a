/*
 * All rows of a table, or of one window of it: a page over the panels that can
 * be sorted by any column, filtered and walked through from end to end.
 *
 * It holds the rows around its place (store/page.h) and asks for others before
 * they are needed. The selection is a key: it stays on it wherever the row
 * goes.
 */
#ifndef WEIR_UI_ROWS_H
#define WEIR_UI_ROWS_H

#include "panel.h"
#include "store/page.h"

struct rows {
	bool open;
	struct page_query query;
	uint64_t number; /* of the query; another one is another query */
	struct page_query shown; /* what the page answers */
	struct page *page;       /* the newest answer; NULL: none yet */
	bool stale; /* what is shown is of another order or filter */
	char problem[ERR_TEXT_MAX];
	bool typing; /* the filter */
	bool selecting;
	char selected[PAGE_KEY_MAX];
	size_t selected_size;
	bool jumping;    /* the first or the last row, once it is there */
	unsigned cursor; /* where the selection stood last, in the page */
	unsigned scroll;
	int visible;   /* rows at the last drawing */
	int first_row; /* of the screen, where they began */
	/* These only grow, so that columns keep still. */
	int key_width, number_width;
	int widths[PIPELINE_MEASURES_MAX];
};

#endif
