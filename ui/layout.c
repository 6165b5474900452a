#include "layout.h"

#define TWO_COLUMNS 76 /* a body this wide has two */
#define GRID_ROWS   LAYOUT_PANELS_MAX

/* A row of the grid: one or two panels. */
struct grid_row {
	unsigned first, len;
	int rows, wanted;
};

static int
needs(const struct panel *panel)
{
	return panel->class->rows_min;
}

/*
 * Puts panels from `first` on into rows of the grid until the body is full;
 * returns the first panel that is not placed. At least one is.
 */
static unsigned
fill(const struct panel *panels, unsigned panels_len, unsigned first,
     unsigned across, int body_rows, struct grid_row *grid, unsigned *grid_len)
{
	int used = 0;

	*grid_len = 0;
	while (first < panels_len) {
		struct grid_row *row = &grid[*grid_len];

		*row = (struct grid_row){.first = first};
		for (; row->len < across && first + row->len < panels_len;
		     row->len++) {
			const struct panel *panel = &panels[first + row->len];
			int wanted = panel->class->rows_wanted(panel);

			if (needs(panel) > row->rows)
				row->rows = needs(panel);
			if (wanted > row->wanted)
				row->wanted = wanted;
		}
		if (used + row->rows > body_rows) {
			if (*grid_len > 0)
				break;
			row->rows = body_rows;
		}
		used += row->rows;
		first += row->len;
		(*grid_len)++;
	}
	return first;
}

/*
 * What is left goes row by row to those that want more: two at a time to the
 * first, which is what the pipeline's author put first.
 */
static void
stretch(struct grid_row *grid, unsigned grid_len, int body_rows)
{
	int left = body_rows;
	bool given = true;

	for (unsigned i = 0; i < grid_len; i++)
		left -= grid[i].rows;
	while (left > 0 && given) {
		given = false;
		for (unsigned i = 0; i < grid_len && left > 0; i++) {
			int give = i == 0 && left > 1 ? 2 : 1;

			if (grid[i].rows + give > grid[i].wanted)
				give = 1;
			if (grid[i].rows + give > grid[i].wanted)
				continue;
			grid[i].rows += give;
			left -= give;
			given = true;
		}
	}
	if (grid_len > 0)
		grid[grid_len - 1].rows += left;
}

static void
put(struct layout *layout, unsigned panel, struct area area)
{
	layout->at[layout->len].panel = panel;
	layout->at[layout->len].area = area;
	layout->len++;
}

void
layout_place(const struct panel *panels, unsigned panels_len, unsigned focus,
	     bool zoomed, const struct area *body, struct layout *layout)
{
	struct grid_row grid[GRID_ROWS];
	unsigned across = body->cols >= TWO_COLUMNS ? 2 : 1;
	unsigned grid_len, next = 0, first;
	int left = (body->cols - 1) / 2, row;

	*layout = (struct layout){.pages = 1, .divider = -1};
	if (panels_len == 0 || body->rows < 1)
		return;
	if (zoomed) {
		put(layout, focus, *body);
		return;
	}
	do {
		first = next;
		next = fill(panels, panels_len, first, across, body->rows, grid,
			    &grid_len);
		if (next <= focus)
			layout->page++;
	} while (next <= focus);
	layout->pages = layout->page + 1;
	for (unsigned from = next; from < panels_len; layout->pages++) {
		struct grid_row rest[GRID_ROWS];
		unsigned rest_len;

		from = fill(panels, panels_len, from, across, body->rows, rest,
			    &rest_len);
	}
	stretch(grid, grid_len, body->rows);
	row = body->row;
	for (unsigned i = 0; i < grid_len; i++) {
		struct area area = {row, body->col, grid[i].rows, body->cols};

		row += grid[i].rows;
		if (grid[i].len == 1) {
			put(layout, grid[i].first, area);
			continue;
		}
		layout->divider = body->col + left;
		layout->divider_rows += grid[i].rows;
		area.cols = left - 1;
		put(layout, grid[i].first, area);
		area.col = body->col + left + 2;
		area.cols = body->cols - left - 2;
		put(layout, grid[i].first + 1, area);
	}
}
