#include <stddef.h>

#include "keys.h"

/*
 * In the order of the help. On the bottom line, what comes first stays longest
 * when there is little room.
 */
const struct key_binding keys[] = {
    {'?', ACTION_HELP, 0, "?", "this help", "?", "help"},
    {'q', ACTION_QUIT, 0, "q", "quit, as Ctrl-C does", "q", "quit"},
    {KEYS_ESC, ACTION_CLOSE, KEYS_OPENED, "Esc",
     "close the detail, leave zoom, past, selection", "Esc", "close"},
    {'e', ACTION_FETCH, KEYS_EVENT | KEYS_FETCH, "e",
     "on a key's page: its last event, from the topic; again: back", "e",
     "event"},
    {'/', ACTION_FILTER, KEYS_TABLE | KEYS_NO_DETAIL | KEYS_STORE | KEYS_LIVE,
     "/", "all rows with what is typed in their key", "/", "filter"},
    {'s', ACTION_SORT, KEYS_TABLE | KEYS_NO_DETAIL | KEYS_STORE | KEYS_LIVE,
     "s", "all rows, sorted by the next column", "s", "sort"},
    {'+', ACTION_RATE_UP, KEYS_RATE | KEYS_LIVE, "+", "one tenth faster", "+ -",
     "rate"},
    {'-', ACTION_RATE_DOWN, KEYS_RATE | KEYS_LIVE, "-", "one tenth slower",
     NULL, NULL},
    {']', ACTION_RATE_UP_FINE, KEYS_RATE | KEYS_LIVE, "]",
     "one hundredth faster", NULL, NULL},
    {'[', ACTION_RATE_DOWN_FINE, KEYS_RATE | KEYS_LIVE, "[",
     "one hundredth slower", NULL, NULL},
    {'>', ACTION_RATE_DOUBLE, KEYS_RATE | KEYS_LIVE, ">", "twice the rate",
     NULL, NULL},
    {'<', ACTION_RATE_HALVE, KEYS_RATE | KEYS_LIVE, "<", "half the rate", NULL,
     NULL},
    {'0', ACTION_RATE_STOP, KEYS_RATE | KEYS_LIVE, "0", "stop generating", NULL,
     NULL},
    {'x', ACTION_RATE_MAX, KEYS_RATE | KEYS_LIVE, "x", "as fast as it goes",
     NULL, NULL},
    {'r', ACTION_RATE_TYPE, KEYS_RATE | KEYS_LIVE, "r",
     "type a rate: 1200, 50k, 1.5M, max", "r", "set rate"},
    {'a', ACTION_ACKNOWLEDGE, KEYS_FIRING | KEYS_COMMANDS, "a",
     "acknowledge the selected or the banner's alert", "a", "acknowledge"},
    {'A', ACTION_ACKNOWLEDGE_ALL, KEYS_FIRING | KEYS_COMMANDS, "A",
     "acknowledge all alerts", "A", "all"},
    {'m', ACTION_MUTE, KEYS_RULE | KEYS_COMMANDS, "m",
     "mute that alert's rule; again: no longer", "m", "mute"},
    {'k', ACTION_OPEN_KEY, KEYS_KEY, "k", "the page of that alert's key", "k",
     "its key"},
    {'b', ACTION_BELL, KEYS_ALERTS, "b", "no bell for alerts; again: with it",
     NULL, NULL},
    {' ', ACTION_FREEZE, KEYS_LIVE, "Space",
     "freeze the screen, not the flow; again: go on", "Space", "freeze"},
    {'{', ACTION_PAST_BACK, KEYS_PAST, "{",
     "into the past: the snapshot before", "{ }", "past"},
    {'}', ACTION_PAST_FORWARD, KEYS_PAST | KEYS_BACK, "}",
     "the snapshot after; from the newest back to now", NULL, NULL},
    {'d', ACTION_COMPARE, KEYS_PAST, "d",
     "what changed since a snapshot; in the past, two ways", "d", "difference"},
    {'S', ACTION_SNAPSHOT, KEYS_SNAPSHOT, "S", "take a snapshot now", "S",
     "snapshot"},
    {KEYS_TAB, ACTION_PANEL_NEXT, KEYS_PANELS | KEYS_NO_DETAIL, "Tab",
     "the next panel", "Tab", "panel"},
    {KEYS_BACKTAB, ACTION_PANEL_BACK, KEYS_PANELS | KEYS_NO_DETAIL, "Shift-Tab",
     "the panel before", NULL, NULL},
    {'1', ACTION_PANEL_NUMBER, KEYS_PANELS | KEYS_NO_DETAIL, "1 ... 9",
     "the panel with that number", NULL, NULL},
    {KEYS_UP, ACTION_UP, KEYS_ROWS, "Up", "select the row above", "↑ ↓",
     "select"},
    {KEYS_DOWN, ACTION_DOWN, KEYS_ROWS, "Down", "select the row below", NULL,
     NULL},
    {KEYS_PAGE_UP, ACTION_PAGE_UP, KEYS_ROWS, "PgUp", "a page up", NULL, NULL},
    {KEYS_PAGE_DOWN, ACTION_PAGE_DOWN, KEYS_ROWS, "PgDn", "a page down", NULL,
     NULL},
    {KEYS_HOME, ACTION_FIRST, KEYS_ROWS, "Home", "the first row", NULL, NULL},
    {KEYS_END, ACTION_LAST, KEYS_ROWS, "End", "the last row", NULL, NULL},
    {KEYS_ENTER, ACTION_OPEN, KEYS_ROWS | KEYS_MARKED | KEYS_NO_DETAIL, "Enter",
     "all there is about the selected row", "Enter", "open"},
    {'t', ACTION_ROWS, KEYS_TABLE | KEYS_STORE | KEYS_LIVE | KEYS_PANELS, "t",
     "all rows of the table, or of the window", "t", "all rows"},
    {'v', ACTION_REVERSE, KEYS_SORTS | KEYS_NO_DETAIL, "v",
     "the other way round: the smallest first", "v", "reverse"},
    {'z', ACTION_ZOOM, KEYS_PANELS | KEYS_NO_DETAIL, "z",
     "the focused panel alone; again: all of them", "z", "zoom"},
    {'L', ACTION_LOG, KEYS_LOG | KEYS_NO_DETAIL, "L",
     "the log alone; again: back", "L", "log"},
    {'T', ACTION_THEME, 0, "T", "the next theme; it is kept", NULL, NULL},
    {'M', ACTION_MOUSE, KEYS_MOUSE, "M", "the mouse on, or off; it is kept",
     NULL, NULL},
    {KEYS_REDRAW, ACTION_REDRAW, 0, "Ctrl-L", "draw everything anew", NULL,
     NULL},
    {KEYS_INTERRUPT, ACTION_QUIT, 0, "Ctrl-C", "quit", NULL, NULL},
};

const unsigned keys_len = sizeof(keys) / sizeof(keys[0]);

const struct key_binding *
keys_find(uint32_t key)
{
	if (key > '1' && key <= '9')
		key = '1';
	for (unsigned i = 0; i < keys_len; i++)
		if (keys[i].key == key)
			return &keys[i];
	return NULL;
}
