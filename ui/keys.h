/*
 * The keys: one table says what each does, and both the bottom line and the
 * help are made of it. Adding a key is adding a row.
 */
#ifndef WEIR_UI_KEYS_H
#define WEIR_UI_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A key as the terminal's door decodes it: the character that it types, or one
 * of these. Control characters are themselves.
 */
enum key {
	KEYS_NONE = 0,
	KEYS_INTERRUPT = 0x03, /* Ctrl-C, where it makes no signal */
	KEYS_TAB = 0x09,
	KEYS_REDRAW = 0x0c, /* Ctrl-L */
	KEYS_ENTER = 0x0d,
	KEYS_ESC = 0x1b,
	KEYS_BACKSPACE = 0x7f,
	KEYS_UP = 0x110000, /* beyond Unicode */
	KEYS_DOWN,
	KEYS_LEFT,
	KEYS_RIGHT,
	KEYS_HOME,
	KEYS_END,
	KEYS_PAGE_UP,
	KEYS_PAGE_DOWN,
	KEYS_BACKTAB,
	KEYS_DELETE,
	KEYS_F1,
	KEYS_F2,
	KEYS_F3,
	KEYS_F4,
	KEYS_F5,
	KEYS_F6,
	KEYS_MOUSE_EVENT, /* struct mouse_event says which */
};

enum mouse_kind {
	MOUSE_CLICK,
	MOUSE_WHEEL_UP,
	MOUSE_WHEEL_DOWN,
};

struct mouse_event {
	enum mouse_kind kind;
	int row, col; /* of the screen, from 0 on */
};

enum action {
	ACTION_NONE,
	ACTION_RATE_UP,
	ACTION_RATE_DOWN,
	ACTION_RATE_UP_FINE,
	ACTION_RATE_DOWN_FINE,
	ACTION_RATE_DOUBLE,
	ACTION_RATE_HALVE,
	ACTION_RATE_STOP,
	ACTION_RATE_MAX,
	ACTION_RATE_TYPE,
	ACTION_GENERATOR,
	ACTION_FAULTS,
	ACTION_FAULTS_OFF,
	ACTION_LESS,
	ACTION_MORE,
	ACTION_PRESET_1,
	ACTION_PRESET_2,
	ACTION_PRESET_3,
	ACTION_PRESET_4,
	ACTION_PRESET_5,
	ACTION_PRESET_6,
	ACTION_FREEZE,
	ACTION_PANEL_NEXT,
	ACTION_PANEL_BACK,
	ACTION_PANEL_NUMBER,
	ACTION_LOG,
	ACTION_THEME,
	ACTION_MOUSE,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_FIRST,
	ACTION_LAST,
	ACTION_SORT,
	ACTION_REVERSE,
	ACTION_FILTER,
	ACTION_ROWS,
	ACTION_FETCH,
	ACTION_ZOOM,
	ACTION_OPEN,
	ACTION_CLOSE,
	ACTION_ACKNOWLEDGE,
	ACTION_ACKNOWLEDGE_ALL,
	ACTION_MUTE,
	ACTION_OPEN_KEY,
	ACTION_BELL,
	ACTION_PAST_BACK,
	ACTION_PAST_FORWARD,
	ACTION_COMPARE,
	ACTION_SNAPSHOT,
	ACTION_REDRAW,
	ACTION_HELP,
	ACTION_QUIT,
	ACTIONS,
};

/* What must hold for a key to do something; it is ignored otherwise. */
enum keys_when {
	KEYS_RATE = 1 << 0,      /* this weir generates */
	KEYS_ROWS = 1 << 1,      /* the focused panel has rows */
	KEYS_SORTS = 1 << 2,     /* it can be sorted */
	KEYS_MARKED = 1 << 3,    /* a row is selected */
	KEYS_OPENED = 1 << 4,    /* something is there to close */
	KEYS_PANELS = 1 << 5,    /* there is more than one panel */
	KEYS_NO_DETAIL = 1 << 6, /* no detail is open */
	KEYS_LIVE = 1 << 7,      /* the screen is not in the past */
	KEYS_BACK = 1 << 8,      /* it is in the past */
	KEYS_ALERTS = 1 << 9,    /* the pipeline has rules for alerts */
	KEYS_FIRING = 1 << 10,   /* an alert fires that nobody acknowledged */
	KEYS_RULE = 1 << 11,     /* one is selected, or on the banner */
	KEYS_KEY = 1 << 12,      /* and a panel shows its key */
	/* What the caller can do. */
	KEYS_COMMANDS = 1 << 13, /* acknowledge and mute */
	KEYS_PAST = 1 << 14,     /* read snapshots */
	KEYS_SNAPSHOT = 1 << 15, /* take one */
	KEYS_LOG = 1 << 16,      /* there is a panel of the log */
	KEYS_MOUSE = 1 << 17,    /* the terminal has one */
	KEYS_STORE = 1 << 20,    /* go through all rows of a table */
	KEYS_FETCH = 1 << 21,    /* fetch an event from its topic */
	KEYS_FAULTS = 1 << 24,   /* make faults */
	/* And again what must hold. */
	KEYS_PAGE =
	    1 << 18, /* the generator's page or that of faults is open */
	KEYS_PRESETS = 1 << 19, /* it is the generator's */
	KEYS_TABLE = 1 << 22,   /* the focused panel is about a table */
	KEYS_EVENT = 1 << 23,   /* the page of a key is open */
	KEYS_FAULTY = 1 << 25,  /* a fault is on */
};

/* What a key is about: a part of the help. */
enum keys_group {
	KEYS_ANYWHERE,
	KEYS_ABOUT_ROWS,
	KEYS_ABOUT_GENERATOR,
	KEYS_ABOUT_ALERTS,
	KEYS_ABOUT_PAST,
	KEYS_GROUPS,
};

struct key_binding {
	uint32_t key;
	enum action action;
	enum keys_group group;
	unsigned when;     /* enum keys_when: all must hold */
	const char *label; /* the key's name in the help */
	const char *help;
	/* On the bottom line; NULL: not there, or with another one. */
	const char *hint_label, *hint;
	/* Its turn there, from 1 on: the first stay longest; 0: not there. */
	unsigned turn;
};

extern const char *const keys_groups[KEYS_GROUPS]; /* headings */

extern const struct key_binding keys[]; /* by groups */
extern const unsigned keys_len;

/* The row of a key; NULL when it has none. 1 to 9 are one row, that of 1. */
const struct key_binding *keys_find(uint32_t key);
/* The key with that turn on the bottom line; NULL behind the last. */
const struct key_binding *keys_in_turn(unsigned turn);

#endif
