/* Every event accounted for: all numbers of the ledger, and what was dead. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "panel.h"

#define LABEL 9

/* Read down: what was produced, what was consumed, and what is between. */
static const struct {
	const char *label;
	size_t number;   /* in struct ledger */
	enum style some; /* when it is not 0 */
} entries[] = {
#define LEDGER(member, some)                                                   \
	{                                                                      \
#member, offsetof(struct ledger, member), some                 \
	}
    LEDGER(produced, STYLE_BOLD),  LEDGER(acked, STYLE_NORMAL),
    LEDGER(unacked, STYLE_NORMAL), LEDGER(failed, STYLE_BAD),
    LEDGER(consumed, STYLE_BOLD),  LEDGER(valid, STYLE_NORMAL),
    LEDGER(dead, STYLE_BAD),       LEDGER(late, STYLE_PENDING),
    LEDGER(foreign, STYLE_NORMAL), LEDGER(lag, STYLE_PENDING),
    LEDGER(lost, STYLE_BAD),       LEDGER(skipped, STYLE_NORMAL),
#undef LEDGER
};
#define ENTRIES 12

_Static_assert(sizeof(entries) / sizeof(entries[0]) == ENTRIES,
	       "they are laid out in columns");

static int64_t
number_of(const struct ledger *ledger, int entry)
{
	int64_t number;

	memcpy(&number, (const char *)ledger + entries[entry].number,
	       sizeof(number));
	return number;
}

static int
ledger_rows_wanted(const struct panel *panel)
{
	return 10 + (int)(panel->view->reasons_len < 4
			      ? panel->view->reasons_len
			      : 4);
}

static enum style
ledger_headline(const struct panel *panel, int width, char *out, size_t size)
{
	if (panel->view->balanced) {
		snprintf(out, size,
			 width >= 40 ? "✓ balanced at commit %s" : "✓ balanced",
			 format_count((int64_t)panel->view->commit).text);
		return STYLE_GOOD;
	}
	snprintf(out, size,
		 width >= 18 ? "✗ does not balance" : "✗ unbalanced");
	return STYLE_BAD;
}

/* Returns how many rows it took. */
static int
draw_entries(struct panel *panel, struct canvas *canvas,
	     const struct area *area)
{
	const struct ledger *ledger = &panel->view->ledger;
	int *width = &panel->column_widths[0];
	int across, down, gap = 3, each;

	if (*width < 7)
		*width = 7;
	for (int i = 0; i < ENTRIES; i++) {
		int len = (int)strlen(format_int(number_of(ledger, i)).text);

		if (*width < len)
			*width = len | 1;
	}
	each = LABEL + *width;
	if (2 * each + gap > area->cols - 2)
		gap = 1;
	across = (area->cols - 2 + gap) / (each + gap);
	across = across >= 3 ? 3 : across >= 2 ? 2 : 1;
	down = ENTRIES / across;
	for (int i = 0; i < ENTRIES; i++) {
		int64_t number = number_of(ledger, i);
		int col = 2 + i / down * (each + gap), room = *width;
		enum style style = number ? entries[i].some : STYLE_NORMAL;

		if (across == 1 && room > area->cols - 2 - LABEL)
			room = area->cols - 2 - LABEL;
		canvas_puts(canvas, area, i % down, col, STYLE_DIM,
			    entries[i].label);
		/* A negative count is wrong, and shown as it is. */
		canvas_right(canvas, area, i % down, col + LABEL, room, style,
			     format_value_fit(value_int(number), room).text);
	}
	return down;
}

static void
ledger_draw(struct panel *panel, struct canvas *canvas, const struct area *area)
{
	const struct view *view = panel->view;
	int row = draw_entries(panel, canvas, area);

	canvas_printf(canvas, area, row++, 2, STYLE_NORMAL,
		      "store %s · memory %s of %s",
		      format_bytes(view->store_bytes).text,
		      format_bytes(view->memory_bytes).text,
		      format_bytes(view->memory_limit).text);
	canvas_printf(canvas, area, row++, 2, STYLE_NORMAL, "newest event %s",
		      format_time(view->newest_ms).text);
	canvas_printf(canvas, area, row++, 2, STYLE_NORMAL,
		      "seen after %s, p99 %s · lag %s",
		      format_delay(view->seen_median_ms).text,
		      format_delay(view->seen_p99_ms).text,
		      format_delay(view->behind_ms).text);
	for (unsigned i = 0; i < view->reasons_len && row < area->rows; i++) {
		canvas_puts(canvas, area, row, 2, STYLE_DIM, "dead");
		canvas_right(canvas, area, row, 2 + LABEL, 11, STYLE_BAD,
			     format_count_fit(view->reasons[i].count, 11).text);
		canvas_fit(canvas, area, row++, 2 + LABEL + 13,
			   area->cols - 15 - LABEL, STYLE_DIM,
			   view->reasons[i].text,
			   strlen(view->reasons[i].text));
	}
}

const struct panel_class panel_ledger = {
    .kind = PANEL_LEDGER,
    .name = "ledger",
    .rows_min = 6,
    .rows_wanted = ledger_rows_wanted,
    .headline = ledger_headline,
    .draw = ledger_draw,
};
