#include <stddef.h>

#include "keys.h"

const char *const keys_groups[KEYS_GROUPS] = {
    [KEYS_ANYWHERE] = "anywhere",
    [KEYS_ABOUT_ROWS] = "panels and their rows",
    [KEYS_ABOUT_GENERATOR] = "what is generated, and what goes wrong",
    [KEYS_ABOUT_ALERTS] = "alerts",
    [KEYS_ABOUT_PAST] = "the past, with --snapshot",
};

/* By groups, in the order of the help. */
const struct key_binding keys[] = {
    {'?', ACTION_HELP, KEYS_ANYWHERE, 0, "?", "this help", "?", "help", 1},
    {'q', ACTION_QUIT, KEYS_ANYWHERE, 0, "q", "quit, as Ctrl-C does", "q",
     "quit", 2},
    {KEYS_INTERRUPT, ACTION_QUIT, KEYS_ANYWHERE, 0, "Ctrl-C", "quit", NULL,
     NULL, 0},
    {KEYS_ESC, ACTION_CLOSE, KEYS_ANYWHERE, KEYS_OPENED, "Esc",
     "close the detail, leave zoom, past, selection", "Esc", "close", 3},
    {' ', ACTION_FREEZE, KEYS_ANYWHERE, KEYS_LIVE, "Space",
     "freeze the screen, not the flow; again: go on", "Space", "freeze", 16},
    {KEYS_REDRAW, ACTION_REDRAW, KEYS_ANYWHERE, 0, "Ctrl-L",
     "draw everything anew", NULL, NULL, 0},
    {'T', ACTION_THEME, KEYS_ANYWHERE, 0, "T", "the next theme; it is kept",
     NULL, NULL, 0},
    {'M', ACTION_MOUSE, KEYS_ANYWHERE, KEYS_MOUSE, "M",
     "the mouse on, or off; it is kept", NULL, NULL, 0},
    {'L', ACTION_LOG, KEYS_ANYWHERE, KEYS_LOG | KEYS_NO_DETAIL, "L",
     "the log alone; again: back", "L", "log", 28},
    {KEYS_TAB, ACTION_PANEL_NEXT, KEYS_ABOUT_ROWS, KEYS_PANELS | KEYS_NO_DETAIL,
     "Tab", "the next panel", "Tab", "panel", 11},
    {KEYS_BACKTAB, ACTION_PANEL_BACK, KEYS_ABOUT_ROWS,
     KEYS_PANELS | KEYS_NO_DETAIL, "Shift-Tab", "the panel before", NULL, NULL,
     0},
    {'1', ACTION_PANEL_NUMBER, KEYS_ABOUT_ROWS, KEYS_PANELS | KEYS_NO_DETAIL,
     "1 ... 9", "the panel with that number", NULL, NULL, 0},
    {'z', ACTION_ZOOM, KEYS_ABOUT_ROWS, KEYS_PANELS | KEYS_NO_DETAIL, "z",
     "the focused panel alone; again: all of them", "z", "zoom", 19},
    {KEYS_UP, ACTION_UP, KEYS_ABOUT_ROWS, KEYS_ROWS, "Up",
     "select the row above", "↑ ↓", "select", 12},
    {KEYS_DOWN, ACTION_DOWN, KEYS_ABOUT_ROWS, KEYS_ROWS, "Down",
     "select the row below", NULL, NULL, 0},
    {KEYS_PAGE_UP, ACTION_PAGE_UP, KEYS_ABOUT_ROWS, KEYS_ROWS, "PgUp",
     "a page up", NULL, NULL, 0},
    {KEYS_PAGE_DOWN, ACTION_PAGE_DOWN, KEYS_ABOUT_ROWS, KEYS_ROWS, "PgDn",
     "a page down", NULL, NULL, 0},
    {KEYS_HOME, ACTION_FIRST, KEYS_ABOUT_ROWS, KEYS_ROWS, "Home",
     "the first row", NULL, NULL, 0},
    {KEYS_END, ACTION_LAST, KEYS_ABOUT_ROWS, KEYS_ROWS, "End", "the last row",
     NULL, NULL, 0},
    {KEYS_ENTER, ACTION_OPEN, KEYS_ABOUT_ROWS,
     KEYS_ROWS | KEYS_MARKED | KEYS_NO_DETAIL, "Enter",
     "all there is about the selected row", "Enter", "open", 10},
    {'e', ACTION_FETCH, KEYS_ABOUT_ROWS, KEYS_EVENT | KEYS_FETCH, "e",
     "on a key's page: its last event, from the topic; again: back", "e",
     "event", 7},
    {'t', ACTION_ROWS, KEYS_ABOUT_ROWS,
     KEYS_TABLE | KEYS_STORE | KEYS_LIVE | KEYS_PANELS, "t",
     "all rows of the table, or of the window", "t", "all rows", 18},
    {'/', ACTION_FILTER, KEYS_ABOUT_ROWS,
     KEYS_TABLE | KEYS_NO_DETAIL | KEYS_STORE | KEYS_LIVE, "/",
     "all rows with what is typed in their key", "/", "filter", 13},
    {'s', ACTION_SORT, KEYS_ABOUT_ROWS,
     KEYS_TABLE | KEYS_NO_DETAIL | KEYS_STORE | KEYS_LIVE, "s",
     "all rows, sorted by the next column", "s", "sort", 14},
    {'v', ACTION_REVERSE, KEYS_ABOUT_ROWS, KEYS_SORTS | KEYS_NO_DETAIL, "v",
     "the other way round: the smallest first", "v", "reverse", 27},
    {'+', ACTION_RATE_UP, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "+",
     "one tenth faster", "+ -", "rate", 9},
    {'-', ACTION_RATE_DOWN, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "-",
     "one tenth slower", NULL, NULL, 0},
    {']', ACTION_RATE_UP_FINE, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "]",
     "one hundredth faster", NULL, NULL, 0},
    {'[', ACTION_RATE_DOWN_FINE, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE,
     "[", "one hundredth slower", NULL, NULL, 0},
    {'>', ACTION_RATE_DOUBLE, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, ">",
     "twice the rate", NULL, NULL, 0},
    {'<', ACTION_RATE_HALVE, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "<",
     "half the rate", NULL, NULL, 0},
    {'0', ACTION_RATE_STOP, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "0",
     "stop generating", NULL, NULL, 0},
    {'x', ACTION_RATE_MAX, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "x",
     "as fast as it goes", NULL, NULL, 0},
    {'r', ACTION_RATE_TYPE, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "r",
     "type a rate: 1200, 50k, 1.5M, max", "r", "set rate", 20},
    {'g', ACTION_GENERATOR, KEYS_ABOUT_GENERATOR, KEYS_RATE | KEYS_LIVE, "g",
     "the generator: rate, shape, skew, bad events", "g", "generator", 15},
    {'f', ACTION_FAULTS, KEYS_ABOUT_GENERATOR, KEYS_FAULTS | KEYS_LIVE, "f",
     "faults of the embedded broker: slow, down, ...", "f", "faults", 17},
    {KEYS_RIGHT, ACTION_MORE, KEYS_ABOUT_GENERATOR, KEYS_PAGE, "Right",
     "on the pages g and f: more of it, on", "← →", "change", 4},
    {KEYS_LEFT, ACTION_LESS, KEYS_ABOUT_GENERATOR, KEYS_PAGE, "Left",
     "on the pages g and f: less of it, off", NULL, NULL, 0},
    {KEYS_F1, ACTION_PRESET_1, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F1",
     "on page g: calm, as the pipeline has it", "F1-F6", "presets", 5},
    {KEYS_F2, ACTION_PRESET_2, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F2",
     "on page g: busy, ten times the rate", NULL, NULL, 0},
    {KEYS_F3, ACTION_PRESET_3, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F3",
     "on page g: bursts of ten times the rate", NULL, NULL, 0},
    {KEYS_F4, ACTION_PRESET_4, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F4",
     "on page g: spikes, half of all is one value", NULL, NULL, 0},
    {KEYS_F5, ACTION_PRESET_5, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F5",
     "on page g: dirty, a tenth is damaged", NULL, NULL, 0},
    {KEYS_F6, ACTION_PRESET_6, KEYS_ABOUT_GENERATOR, KEYS_PRESETS, "F6",
     "on page g: flat out, as fast as it goes", NULL, NULL, 0},
    {'F', ACTION_FAULTS_OFF, KEYS_ABOUT_GENERATOR, KEYS_FAULTY, "F",
     "all faults off", "F", "faults off", 6},
    {'a', ACTION_ACKNOWLEDGE, KEYS_ABOUT_ALERTS, KEYS_FIRING | KEYS_COMMANDS,
     "a", "acknowledge the selected or the banner's alert", "a", "acknowledge",
     8},
    {'A', ACTION_ACKNOWLEDGE_ALL, KEYS_ABOUT_ALERTS,
     KEYS_FIRING | KEYS_COMMANDS, "A", "acknowledge all alerts", "A", "all",
     21},
    {'m', ACTION_MUTE, KEYS_ABOUT_ALERTS, KEYS_RULE | KEYS_COMMANDS, "m",
     "mute that alert's rule; again: no longer", "m", "mute", 22},
    {'k', ACTION_OPEN_KEY, KEYS_ABOUT_ALERTS, KEYS_KEY, "k",
     "the page of that alert's key", "k", "its key", 23},
    {'b', ACTION_BELL, KEYS_ABOUT_ALERTS, KEYS_ALERTS, "b",
     "no bell for alerts; again: with it", NULL, NULL, 0},
    {'{', ACTION_PAST_BACK, KEYS_ABOUT_PAST, KEYS_PAST, "{",
     "into the past: the snapshot before", "{ }", "past", 24},
    {'}', ACTION_PAST_FORWARD, KEYS_ABOUT_PAST, KEYS_PAST | KEYS_BACK, "}",
     "the snapshot after; from the newest back to now", NULL, NULL, 0},
    {'d', ACTION_COMPARE, KEYS_ABOUT_PAST, KEYS_PAST, "d",
     "what changed since a snapshot; in the past, two ways", "d", "difference",
     25},
    {'S', ACTION_SNAPSHOT, KEYS_ABOUT_PAST, KEYS_SNAPSHOT, "S",
     "take a snapshot now", "S", "snapshot", 26},
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

const struct key_binding *
keys_in_turn(unsigned turn)
{
	for (unsigned i = 0; i < keys_len; i++)
		if (keys[i].turn == turn)
			return &keys[i];
	return NULL;
}
