/*
 * Where the panels go: two columns with one divider between them when there is
 * room, otherwise one; as many rows of panels as fit, each with what it needs
 * before any gets what it wants. Panels keep their order. Those that do not fit
 * are on further pages; the page shown is the one with the focused panel.
 */
#ifndef WEIR_UI_LAYOUT_H
#define WEIR_UI_LAYOUT_H

#include "canvas.h"
#include "panel.h"

#define LAYOUT_PANELS_MAX (PIPELINE_PANELS_MAX + PANEL_KINDS)

struct layout {
	struct {
		unsigned panel;
		struct area area;
	} at[LAYOUT_PANELS_MAX];
	unsigned len;
	unsigned page, pages; /* page counts from 0 */
	int divider;          /* column; -1: none */
	int divider_rows;     /* from the body's first row on */
};

void layout_place(const struct panel *panels, unsigned panels_len,
		  unsigned focus, bool zoomed, const struct area *body,
		  struct layout *layout);

#endif
