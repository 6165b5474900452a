#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "format.h"
#include "keys.h"
#include "rate.h"
#include "screen.h"

void
screen_init(struct screen *screen)
{
	*screen = (struct screen){.shown_per_s = -1};
	settings_init(&screen->settings);
	screen->live.actual_per_s = -1;
}

void
screen_release(struct screen *screen)
{
	view_free(screen->view);
	view_free(screen->next);
	view_free(screen->base.view);
	rows_close(screen);
	keypage_close(screen);
	screen_init(screen);
}

struct panel *
screen_panel(struct screen *screen)
{
	return screen->focus < screen->panels_len
		   ? &screen->panels[screen->focus]
		   : NULL;
}

uint64_t
screen_commit(const struct screen *screen)
{
	if (screen->next)
		return screen->next->commit;
	return screen->view ? screen->view->commit : 0;
}

static void
add_panel(struct screen *screen, const struct view *view,
	  const struct panel_spec *spec)
{
	struct panel *panel = &screen->panels[screen->panels_len];

	if (screen->panels_len == LAYOUT_PANELS_MAX ||
	    !panel_possible(spec, view))
		return;
	panel_init(panel, spec);
	panel->log = screen->log;
	screen->panels_len++;
}

static bool
has_panel(const struct screen *screen, enum panel_kind kind)
{
	for (unsigned i = 0; i < screen->panels_len; i++)
		if (screen->panels[i].spec.kind == kind)
			return true;
	return false;
}

/*
 * The schema, behind all others, once events have fields that the pipeline does
 * not read: else there is no more to it than what the pipeline's file says.
 */
static void
add_schema(struct screen *screen, const struct view *view)
{
	if (!has_panel(screen, PANEL_SCHEMA) && schema_unread(view) > 0)
		add_panel(screen, view,
			  &(struct panel_spec){PANEL_SCHEMA, -1, -1});
}

/*
 * The pipeline's panels in its order (an average of each table when it names
 * none), then those that need no table and that it does not name.
 */
static void
make_panels(struct screen *screen, const struct view *view)
{
	static const enum panel_kind always[] = {PANEL_SERIES, PANEL_LEDGER,
						 PANEL_ALERTS, PANEL_PARTITIONS,
						 PANEL_DEAD,   PANEL_LOG};
	const struct pipeline *pipeline = view->pipeline;

	screen->panels_len = 0;
	screen->focus = 0;
	screen->zoomed = screen->in_log = false;
	screen->page_len = screen->layout.len = 0;
	keypage_close(screen);
	rows_close(screen);
	screen->mode = SCREEN_PANELS;
	for (unsigned i = 0;
	     i < pipeline->panels_len && i < PIPELINE_PANELS_MAX; i++)
		add_panel(screen, view, &pipeline->panels[i]);
	for (int i = 0; pipeline->panels_len == 0 && i < (int)view->tables_len;
	     i++)
		add_panel(screen, view,
			  &(struct panel_spec){PANEL_AVERAGE, i, -1});
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!has_panel(screen, always[i]))
			add_panel(screen, view,
				  &(struct panel_spec){always[i], -1, -1});
}

const struct view *
screen_newest(const struct screen *screen)
{
	return screen->next || screen->back ? screen->next : screen->view;
}

struct view *
screen_show(struct screen *screen, struct view *view, int64_t now_ms)
{
	struct view *before = screen->view;

	if (!screen->view || screen->view->pipeline != view->pipeline ||
	    screen->view->tables_len != view->tables_len)
		make_panels(screen, view);
	add_schema(screen, view);
	/* The panels carry their order from the view before. */
	for (unsigned i = 0; i < screen->panels_len; i++)
		panel_set_view(&screen->panels[i], view, now_ms);
	screen->view = view;
	return before;
}

void
screen_set_view(struct screen *screen, struct view *view, int64_t now_ms)
{
	screen->view_ms = now_ms;
	banner_look(screen, view, now_ms);
	if ((screen->frozen || screen->back) && screen->view) {
		view_free(screen->next);
		screen->next = view;
		return;
	}
	view_free(screen_show(screen, view, now_ms));
}

void
screen_set_live(struct screen *screen, const struct dashboard_live *live)
{
	screen->live = *live;
	if (!screen->frozen)
		screen->shown_per_s = live->actual_per_s;
}

void
screen_set_log(struct screen *screen, const struct log_lines *log)
{
	screen->log = log;
	for (unsigned i = 0; i < screen->panels_len; i++)
		screen->panels[i].log = log;
}

void
screen_set_problem(struct screen *screen, const char *text)
{
	snprintf(screen->problem, sizeof(screen->problem), "%s", text);
}

void
screen_say(struct screen *screen, const char *text, int64_t now_ms)
{
	snprintf(screen->message, sizeof(screen->message), "%s", text);
	screen->message_ms = now_ms;
}

/* What covers the panels, also below a prompt. */
static enum screen_mode
shown_mode(const struct screen *screen)
{
	return screen->mode == SCREEN_PROMPT ? screen->before : screen->mode;
}

static bool
on_page(const struct screen *screen)
{
	return screen->mode == SCREEN_GENERATOR ||
	       screen->mode == SCREEN_FAULTS;
}

unsigned
screen_when(const struct screen *screen)
{
	const struct panel *panel = screen->focus < screen->panels_len
					? &screen->panels[screen->focus]
					: NULL;
	unsigned when = screen->offers | banner_when(screen);

	when |= screen->back ? KEYS_BACK : KEYS_LIVE;
	if (screen->live.generating)
		when |= KEYS_RATE;
	for (int i = 0; i < FAULTS; i++)
		if (screen->live.faults[i].wanted)
			when |= KEYS_FAULTY;
	if (on_page(screen)) {
		when |= KEYS_PAGE | KEYS_ROWS | KEYS_MARKED | KEYS_NO_DETAIL |
			KEYS_OPENED;
		if (screen->mode == SCREEN_GENERATOR)
			when |= KEYS_PRESETS;
		return when;
	}
	if (screen->panels_len > 1 && screen->mode != SCREEN_ROWS)
		when |= KEYS_PANELS;
	if (screen->mode != SCREEN_DETAIL && screen->mode != SCREEN_COMPARE &&
	    screen->mode != SCREEN_KEY)
		when |= KEYS_NO_DETAIL;
	if (!(when & KEYS_NO_DETAIL) || screen->zoomed || screen->back ||
	    screen->mode == SCREEN_ROWS || (panel && panel->selecting))
		when |= KEYS_OPENED;
	if (screen->mode == SCREEN_COMPARE)
		return when | KEYS_ROWS;
	if (rows_possible(screen))
		when |= KEYS_TABLE;
	if (screen->mode == SCREEN_ROWS)
		return when | KEYS_SORTS | KEYS_ROWS |
		       (rows_selected(screen) ? KEYS_MARKED : 0);
	if (screen->mode == SCREEN_KEY)
		return when | KEYS_ROWS |
		       (screen->key.key && screen->key.key->row.last.topic
			    ? KEYS_EVENT
			    : 0);
	if (!panel)
		return when;
	if (go_find_log(screen) < screen->panels_len)
		when |= KEYS_LOG;
	if (panel_rows(panel) > 0)
		when |= KEYS_ROWS;
	if (panel->class->sorts)
		when |= KEYS_SORTS;
	if (panel_selected(panel) >= 0)
		when |= KEYS_MARKED;
	return when;
}

static enum screen_wish
set_rate(struct screen *screen, double rate, int64_t now_ms)
{
	char text[128];

	if (rate == 0)
		snprintf(text, sizeof(text), "generating stopped");
	else if (isinf(rate))
		snprintf(text, sizeof(text), "as fast as it goes");
	else
		snprintf(text, sizeof(text), "rate set to %s/s",
			 format_rate(rate).text);
	screen_say(screen, text, now_ms);
	screen->live.controls.per_s = rate;
	return SCREEN_CONTROL;
}

static enum screen_wish
step(struct screen *screen, double factor, int64_t now_ms)
{
	return set_rate(screen,
			rate_step(screen->live.controls.per_s, factor,
				  screen->live.actual_per_s),
			now_ms);
}

void
screen_ask(struct screen *screen, bool typing)
{
	screen->before = screen->mode;
	screen->mode = SCREEN_PROMPT;
	screen->typing = typing;
	screen->prompt[0] = '\0';
	screen->message[0] = '\0';
}

static enum screen_wish
prompt_key(struct screen *screen, uint32_t key, int64_t now_ms)
{
	size_t len = strlen(screen->prompt);
	double rate;
	char text[128];

	switch (key) {
	case KEYS_ESC:
	case KEYS_INTERRUPT:
		screen->mode = screen->before;
		screen->message[0] = '\0';
		return SCREEN_NOTHING;
	case KEYS_BACKSPACE:
	case KEYS_DELETE:
		if (len > 0)
			screen->prompt[len - 1] = '\0';
		screen->message[0] = '\0';
		return SCREEN_NOTHING;
	case KEYS_REDRAW:
		return SCREEN_REDRAW;
	case KEYS_ENTER:
		if (len == 0) {
			screen->mode = screen->before;
			return SCREEN_NOTHING;
		}
		if (screen->typing)
			return page_generator_answer(screen, now_ms);
		if (!rate_parse(screen->prompt, &rate)) {
			snprintf(text, sizeof(text),
				 "not a rate: type 1200, 50k, 1.5M, or max");
			screen_say(screen, text, now_ms);
			return SCREEN_NOTHING;
		}
		screen->mode = screen->before;
		return set_rate(screen, rate, now_ms);
	default:
		if (key >= 0x20 && key < 0x7f && len < SCREEN_PROMPT_MAX) {
			screen->prompt[len] = (char)key;
			screen->prompt[len + 1] = '\0';
			screen->message[0] = '\0';
		}
		return SCREEN_NOTHING;
	}
}

/* Lines of the help or the comparison, or rows of the panel. */
void
screen_move(struct screen *screen, enum panel_move how)
{
	bool help = screen->mode == SCREEN_HELP;
	bool key = screen->mode == SCREEN_KEY;
	/* Within bounds when drawn. */
	int *from = help ? &screen->help_from : &screen->compare_from;
	int page = help ? screen->help_page : screen->compare_page;

	if (screen->mode == SCREEN_GENERATOR) {
		page_generator_move(screen, how);
		return;
	}
	if (screen->mode == SCREEN_FAULTS) {
		page_faults_move(screen, how);
		return;
	}
	if (!help && screen->mode != SCREEN_COMPARE) {
		if (screen->mode == SCREEN_ROWS || (key && screen->key.rows))
			rows_move(screen, how);
		else
			panel_move(screen_panel(screen), how);
		if (key)
			keypage_follow(screen);
		return;
	}
	switch (how) {
	case PANEL_UP:
		--*from;
		break;
	case PANEL_DOWN:
		++*from;
		break;
	case PANEL_PAGE_UP:
		*from -= page;
		break;
	case PANEL_PAGE_DOWN:
		*from += page;
		break;
	case PANEL_FIRST:
		*from = 0;
		break;
	case PANEL_LAST:
		*from = INT_MAX / 2;
		break;
	}
}

static enum screen_wish
help_key(struct screen *screen, uint32_t key)
{
	switch (key) {
	case KEYS_DOWN:
		screen_move(screen, PANEL_DOWN);
		break;
	case KEYS_UP:
		screen_move(screen, PANEL_UP);
		break;
	case KEYS_PAGE_DOWN:
	case ' ':
		screen_move(screen, PANEL_PAGE_DOWN);
		break;
	case KEYS_PAGE_UP:
		screen_move(screen, PANEL_PAGE_UP);
		break;
	case KEYS_REDRAW:
		return SCREEN_REDRAW;
	case KEYS_INTERRUPT:
		return SCREEN_QUIT;
	default:
		screen->mode = screen->before;
	}
	return SCREEN_NOTHING;
}

static void
freeze(struct screen *screen, int64_t now_ms)
{
	screen->frozen = !screen->frozen;
	screen->frozen_ms = now_ms;
	if (screen->frozen)
		return;
	screen->shown_per_s = screen->live.actual_per_s;
	if (screen->next) {
		struct view *next = screen->next;

		screen->next = NULL;
		view_free(screen_show(screen, next, now_ms));
	}
}

static void
close_one(struct screen *screen, int64_t now_ms)
{
	struct panel *panel = screen_panel(screen);

	if (screen->mode == SCREEN_COMPARE)
		past_forget(screen);
	if (screen->mode == SCREEN_DETAIL || screen->mode == SCREEN_COMPARE ||
	    on_page(screen))
		screen->mode = SCREEN_PANELS;
	else if (screen->mode == SCREEN_KEY)
		keypage_close(screen);
	else if (screen->mode == SCREEN_ROWS)
		rows_close(screen);
	else if (screen->zoomed)
		go_out(screen);
	else if (screen->back)
		past_leave(screen, now_ms);
	else if (panel)
		panel->selecting = false;
}

static enum screen_wish
cycle_theme(struct screen *screen, int64_t now_ms)
{
	char text[96];

	screen->settings.theme = (screen->settings.theme + 1) % SETTINGS_THEMES;
	snprintf(text, sizeof(text), "theme: %s%s",
		 settings_theme_name(screen->settings.theme),
		 screen->colourless ? ", without colours here" : "");
	screen_say(screen, text, now_ms);
	return SCREEN_SETTINGS;
}

static enum screen_wish
switch_mouse(struct screen *screen, int64_t now_ms)
{
	screen->settings.mouse = !screen->settings.mouse;
	screen_say(screen,
		   screen->settings.mouse
		       ? "mouse on: Shift and the mouse select text"
		       : "mouse off",
		   now_ms);
	return SCREEN_SETTINGS;
}

/*
 * Everything about the selected row: what the store has of its key, or, where
 * it cannot be asked, what the view has.
 */
static void
open_row(struct screen *screen)
{
	const struct panel *panel = screen_panel(screen);
	const struct page_row *row = rows_selected(screen);
	const struct view_row *ranked;

	if (screen->mode == SCREEN_ROWS) {
		keypage_open(screen, true, screen->rows.query.table,
			     screen->rows.query.window_ms, &row->id);
		return;
	}
	screen->mode = SCREEN_DETAIL;
	if (panel->class->rows != columns_rows ||
	    !(screen->offers & KEYS_STORE) || screen->back)
		return;
	ranked = columns_row(panel,
			     panel_at(panel, (unsigned)panel_selected(panel)));
	if (ranked->id.size)
		keypage_open(screen, false, (unsigned)panel->spec.table, 0,
			     &ranked->id);
}

void
screen_open(struct screen *screen)
{
	const struct panel *panel = screen_panel(screen);
	bool rows = screen->mode == SCREEN_ROWS;

	if (!rows && (!panel || panel_rows(panel) == 0))
		return;
	/* Without a selection it selects first. */
	if (rows ? !rows_selected(screen) : panel_selected(panel) < 0)
		screen_move(screen, rows ? PANEL_DOWN : PANEL_FIRST);
	else
		open_row(screen);
}

/* What is of now is left before the past comes. */
static void
leave_pages(struct screen *screen)
{
	if (screen->mode == SCREEN_KEY)
		keypage_close(screen);
	if (screen->mode == SCREEN_ROWS)
		rows_close(screen);
	if (on_page(screen))
		screen->mode = SCREEN_PANELS;
}

static void
toggle_page(struct screen *screen, enum screen_mode page)
{
	bool open = screen->mode != page;

	leave_pages(screen);
	if (screen->mode == SCREEN_COMPARE)
		past_forget(screen);
	screen->mode = open ? page : SCREEN_PANELS;
}

static enum screen_wish
change_page(struct screen *screen, int way, int64_t now_ms)
{
	if (screen->mode == SCREEN_GENERATOR)
		return page_generator_change(screen, way);
	return page_faults_change(screen, way, now_ms);
}

static enum screen_wish
act(struct screen *screen, enum action action, int64_t now_ms)
{
	struct panel *panel = screen_panel(screen);

	switch (action) {
	case ACTION_RATE_UP:
		return step(screen, 1.1, now_ms);
	case ACTION_RATE_DOWN:
		return step(screen, 0.9, now_ms);
	case ACTION_RATE_UP_FINE:
		return step(screen, 1.01, now_ms);
	case ACTION_RATE_DOWN_FINE:
		return step(screen, 0.99, now_ms);
	case ACTION_RATE_DOUBLE:
		return step(screen, 2, now_ms);
	case ACTION_RATE_HALVE:
		return step(screen, 0.5, now_ms);
	case ACTION_RATE_STOP:
		return set_rate(screen, 0, now_ms);
	case ACTION_RATE_MAX:
		return set_rate(screen, INFINITY, now_ms);
	case ACTION_RATE_TYPE:
		screen_ask(screen, false);
		break;
	case ACTION_GENERATOR:
		toggle_page(screen, SCREEN_GENERATOR);
		break;
	case ACTION_FAULTS:
		toggle_page(screen, SCREEN_FAULTS);
		break;
	case ACTION_FAULTS_OFF:
		return page_faults_lift(screen, now_ms);
	case ACTION_LESS:
		return change_page(screen, -1, now_ms);
	case ACTION_MORE:
		return change_page(screen, 1, now_ms);
	case ACTION_PRESET_1:
	case ACTION_PRESET_2:
	case ACTION_PRESET_3:
	case ACTION_PRESET_4:
	case ACTION_PRESET_5:
	case ACTION_PRESET_6:
		return page_generator_preset(
		    screen, (unsigned)(action - ACTION_PRESET_1), now_ms);
	case ACTION_FREEZE:
		freeze(screen, now_ms);
		break;
	case ACTION_PANEL_NEXT:
		screen->focus = (screen->focus + 1) % screen->panels_len;
		screen->in_log = false;
		break;
	case ACTION_PANEL_BACK:
		screen->focus = (screen->focus + screen->panels_len - 1) %
				screen->panels_len;
		screen->in_log = false;
		break;
	case ACTION_UP:
		screen_move(screen, PANEL_UP);
		break;
	case ACTION_DOWN:
		screen_move(screen, PANEL_DOWN);
		break;
	case ACTION_PAGE_UP:
		screen_move(screen, PANEL_PAGE_UP);
		break;
	case ACTION_PAGE_DOWN:
		screen_move(screen, PANEL_PAGE_DOWN);
		break;
	case ACTION_FIRST:
		screen_move(screen, PANEL_FIRST);
		break;
	case ACTION_LAST:
		screen_move(screen, PANEL_LAST);
		break;
	case ACTION_ROWS:
		if (screen->mode == SCREEN_KEY)
			keypage_close(screen);
		if (screen->mode != SCREEN_ROWS)
			rows_open(screen);
		break;
	case ACTION_FILTER:
		if (screen->mode != SCREEN_ROWS)
			rows_open(screen);
		rows_filter(screen);
		break;
	case ACTION_SORT:
		if (screen->mode != SCREEN_ROWS)
			rows_open(screen);
		rows_sort(screen);
		break;
	case ACTION_REVERSE:
		if (screen->mode == SCREEN_ROWS)
			rows_reverse(screen);
		else
			panel_sort(panel, !panel->smallest_first, now_ms);
		break;
	case ACTION_FETCH:
		return keypage_fetch(screen);
	case ACTION_PANEL_NUMBER:
		break; /* go_to_number(), by the key */
	case ACTION_ZOOM:
		if (screen->zoomed)
			go_out(screen);
		else
			screen->zoomed = true;
		break;
	case ACTION_LOG:
		go_to_log(screen);
		break;
	case ACTION_THEME:
		return cycle_theme(screen, now_ms);
	case ACTION_MOUSE:
		return switch_mouse(screen, now_ms);
	case ACTION_OPEN:
		if (on_page(screen))
			return change_page(screen, 0, now_ms);
		screen_open(screen);
		break;
	case ACTION_CLOSE:
		close_one(screen, now_ms);
		break;
	case ACTION_HELP:
		screen->before = screen->mode;
		screen->mode = SCREEN_HELP;
		screen->help_from = 0;
		break;
	case ACTION_ACKNOWLEDGE:
		return banner_acknowledge(screen, false, now_ms);
	case ACTION_ACKNOWLEDGE_ALL:
		return banner_acknowledge(screen, true, now_ms);
	case ACTION_MUTE:
		return banner_mute(screen, now_ms);
	case ACTION_OPEN_KEY:
		banner_open_key(screen, now_ms);
		break;
	case ACTION_BELL:
		screen->settings.bell = !screen->settings.bell;
		screen_say(screen,
			   screen->settings.bell ? "a bell when alerts fire"
						 : "no bell when alerts fire",
			   now_ms);
		return SCREEN_SETTINGS;
	case ACTION_PAST_BACK:
		leave_pages(screen);
		return past_step(screen, -1, now_ms);
	case ACTION_PAST_FORWARD:
		return past_step(screen, 1, now_ms);
	case ACTION_COMPARE:
		leave_pages(screen);
		past_compare(screen, now_ms);
		break;
	case ACTION_SNAPSHOT:
		screen_say(screen, "taking a snapshot", now_ms);
		return SCREEN_SNAPSHOT;
	case ACTION_REDRAW:
		return SCREEN_REDRAW;
	case ACTION_QUIT:
		return SCREEN_QUIT;
	case ACTION_NONE:
	case ACTIONS:
		break;
	}
	return SCREEN_NOTHING;
}

bool
screen_is_typing(const struct screen *screen)
{
	return screen->mode == SCREEN_PROMPT ||
	       (screen->mode == SCREEN_ROWS && screen->rows.typing);
}

/* What is said of keys that do nothing; the first that holds. */
static const struct {
	unsigned when;
	const char *text;
} refusals[] = {
    {KEYS_RATE, "only watching: this weir generates nothing"},
    {KEYS_ALERTS, "the pipeline has no rules for alerts"},
    {KEYS_FIRING, "no alert fires that is not acknowledged"},
    {KEYS_RULE, "no alert fires, and none is selected"},
    {KEYS_KEY, "no alert of a key fires or is selected"},
    {KEYS_COMMANDS,
     "only watching: the weir that writes the store acknowledges and mutes"},
    {KEYS_FAULTS, "only the embedded broker has faults that can be made"},
    {KEYS_FAULTY, "no fault is on"},
    {KEYS_PAST, "there is no past: --snapshot FILE keeps snapshots of it"},
    {KEYS_SNAPSHOT,
     "no snapshots are taken: weir run takes them with --snapshot FILE"},
    {KEYS_TABLE, "this panel has no table: Tab goes to one that has"},
    {KEYS_STORE, "several stores: their rankings are all there is here"},
    {KEYS_EVENT, "only on the page of a key, which Enter opens"},
    {KEYS_FETCH, "no broker is known here: weir view -b BROKERS fetches"},
    {KEYS_BACK, "this is now; { goes back"},
    {KEYS_LIVE, "this is the past; Esc goes back to now"},
    {KEYS_MOUSE, "this terminal tells nothing of a mouse"},
};

enum screen_wish
screen_key(struct screen *screen, uint32_t key, int64_t now_ms)
{
	const struct key_binding *binding;
	unsigned missing;

	if (key == KEYS_NONE)
		return SCREEN_NOTHING;
	if (screen->mode == SCREEN_PROMPT)
		return prompt_key(screen, key, now_ms);
	if (screen->mode == SCREEN_HELP)
		return help_key(screen, key);
	if (screen->mode == SCREEN_ROWS && screen->rows.typing &&
	    (key < KEYS_UP || key == KEYS_DELETE))
		return rows_type(screen, key);
	binding = keys_find(key);
	if (!binding)
		return SCREEN_NOTHING;
	missing = binding->when & ~screen_when(screen);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (missing & refusals[i].when) {
			screen_say(screen, refusals[i].text, now_ms);
			return SCREEN_NOTHING;
		}
	/* Enter without a selection selects first. */
	if (binding->action == ACTION_OPEN)
		missing &= ~(unsigned)KEYS_MARKED;
	if (missing)
		return SCREEN_NOTHING;
	if (binding->action == ACTION_PANEL_NUMBER)
		go_to_number(screen, key - binding->key + 1);
	return act(screen, binding->action, now_ms);
}

static void
draw_too_small(struct canvas *canvas)
{
	struct area all = canvas_all(canvas);

	canvas_printf(canvas, &all, 0, 0, STYLE_NORMAL, "too small: %dx%d",
		      canvas->cols, canvas->rows);
	canvas_printf(canvas, &all, 1, 0, STYLE_NORMAL, "needs %dx%d",
		      SCREEN_COLS_MIN, SCREEN_ROWS_MIN);
	canvas_puts(canvas, &all, 2, 0, STYLE_NORMAL, "q quits");
}

/*
 * Places the panels. When a panel of shares is on another page, its numbers
 * have a line of their own at the bottom of the body (`share`).
 */
static void
place(const struct screen *screen, struct area *body, struct layout *layout,
      const struct panel **share)
{
	*share = NULL;
	layout_place(screen->panels, screen->panels_len, screen->focus, false,
		     body, layout);
	if (layout->page > 0 || body->rows < 9)
		return;
	for (unsigned i = layout->len; i < screen->panels_len && !*share; i++)
		if (screen->panels[i].spec.kind == PANEL_SHARE)
			*share = &screen->panels[i];
	if (!*share)
		return;
	body->rows--;
	layout_place(screen->panels, screen->panels_len, screen->focus,
		     screen->zoomed, body, layout);
}

static void
draw_panels(struct screen *screen, struct canvas *canvas,
	    const struct layout *layout, const struct area *body)
{
	struct area divider = {body->row, layout->divider, layout->divider_rows,
			       1};

	for (unsigned i = 0; i < layout->len; i++) {
		struct panel *panel = &screen->panels[layout->at[i].panel];

		panel->number = layout->len > 1 && i < 9 ? i + 1 : 0;
		panel_draw(panel, canvas, &layout->at[i].area);
	}
	for (int i = 0; layout->divider >= 0 && i < divider.rows; i++)
		canvas_puts(canvas, &divider, i, 0, STYLE_DIM, "│");
}

static void
draw_body(struct screen *screen, struct canvas *canvas, struct area body,
	  struct layout *layout)
{
	const struct panel *share;
	struct area all = body;

	place(screen, &body, layout, &share);
	/* Numbers mean the same when one of them has the screen to itself. */
	screen->page_first = layout->len ? layout->at[0].panel : 0;
	screen->page_len = layout->len;
	if (screen->zoomed) {
		layout_place(screen->panels, screen->panels_len, screen->focus,
			     true, &all, layout);
		body = all;
		share = NULL;
	}
	draw_panels(screen, canvas, layout, &body);
	screen->layout = *layout;
	if (share)
		status_draw_share(screen, canvas, body.row + body.rows, share);
}

void
screen_draw(struct screen *screen, struct canvas *canvas, int64_t now_ms)
{
	struct area all = canvas_all(canvas), body = all;
	struct layout layout = {.pages = 1, .divider = -1};
	enum screen_mode mode = shown_mode(screen);
	int row = 0;

	canvas_clear(canvas);
	screen->layout.len = 0;
	if (canvas->cols < SCREEN_COLS_MIN || canvas->rows < SCREEN_ROWS_MIN) {
		draw_too_small(canvas);
		return;
	}
	status_draw_first(screen, canvas, row++, now_ms);
	status_draw_second(screen, canvas, row++, now_ms);
	if (status_has_banner(screen))
		status_draw_banner(screen, canvas, row++);
	if (banner_is_there(screen))
		banner_draw(screen, canvas, row++);
	body.row = row;
	body.rows -= row + 2;
	for (unsigned i = 0; i < screen->panels_len; i++) {
		screen->panels[i].focused = i == screen->focus;
		screen->panels[i].brokers = screen->brokers;
		screen->panels[i].live =
		    !screen->frozen && !screen->back && !screen->live.ended;
		screen->panels[i].moment = &screen->live;
	}
	if (screen->mode == SCREEN_HELP)
		overlay_draw_help(screen, canvas, &body);
	else if (!screen->view)
		canvas_puts(canvas, &body, body.rows / 2, 2, STYLE_DIM,
			    "waiting for the first commit");
	else if (mode == SCREEN_GENERATOR)
		page_generator_draw(screen, canvas, &body);
	else if (mode == SCREEN_FAULTS)
		page_faults_draw(screen, canvas, &body, now_ms);
	else if (mode == SCREEN_COMPARE)
		compare_draw(screen, canvas, &body);
	else if (mode == SCREEN_DETAIL)
		overlay_draw_detail(screen, canvas, &body);
	else if (mode == SCREEN_ROWS)
		rows_draw(screen, canvas, &body);
	else if (mode == SCREEN_KEY)
		keypage_draw(screen, canvas, &body);
	else
		draw_body(screen, canvas, body, &layout);
	status_draw_ledger(screen, canvas, all.rows - 2);
	status_draw_bottom(screen, canvas, all.rows - 1, &layout, now_ms);
}
