/*
 * The history of a key: its value in each window of a table as bars over time,
 * with axes, and the smallest, the average and the largest marked.
 */
#ifndef WEIR_UI_HISTORY_H
#define WEIR_UI_HISTORY_H

#include "canvas.h"
#include "store/view.h"

#define HISTORY_ROWS_MIN 5

/* What the values of a key's windows come to. */
struct history {
	/*
	 * Of the windows in which the key occurs: the smallest and the average
	 * of those that are complete, the largest of all, since a window that
	 * is open can only grow. Indices of windows; -1: none.
	 */
	int smallest, largest;
	unsigned complete; /* so many make the average */
	double average;
};

void history_of(const struct view_key_window *windows, unsigned len,
		struct history *history);

/*
 * As many of the newest windows as there is room for; advance_ms: from the
 * start of one to the next.
 */
void history_draw(struct canvas *canvas, const struct area *area,
		  int64_t advance_ms, const struct view_key_window *windows,
		  unsigned len);

#endif
