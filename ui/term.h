/*
 * The terminal: the door to ncurses. It shows a canvas and reads keys, and
 * leaves the terminal as it found it on every way out: term_stop(), exit(), and
 * signals that end the program (SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL,
 * SIGQUIT). Ctrl-Z and fg work. There is one terminal; the main thread owns it.
 */
#ifndef WEIR_UI_TERM_H
#define WEIR_UI_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "canvas.h"
#include "keys.h"

/*
 * Takes the terminal on standard input and output. WEIR_SYSTEM when it is none,
 * or when TERM names none that is known: the sentence says what to do.
 */
int term_start(struct err *err);
void term_stop(void); /* does nothing when not started */

/* Whether text beyond ASCII can be shown, by the locale. Before term_start().
 */
bool term_has_unicode(void);

/*
 * The theme, in the colours that the terminal has: any when it is known by a
 * description of such a kind ("-direct") and COLORTERM asks for it, else 256 or
 * eight; none where NO_COLOR says so. At first THEME_DARK.
 */
void term_set_theme(enum settings_theme theme);
bool term_has_colours(void);

/* Clicks and the wheel are keys; off at first. */
bool term_has_mouse(void);
void term_set_mouse(bool on);

/* Its size now, as the terminal says. */
void term_size(int *rows, int *cols);

/*
 * Shows the canvas, writing what differs from what was shown before; all of it
 * after term_redraw() or in another size.
 */
void term_show(const struct canvas *canvas);
void term_redraw(void);

/* Rings, or flashes where there is no bell. */
void term_bell(void);

/*
 * Asks the terminal to tell the desktop what stands in the first row of the
 * canvas (OSC 9; terminals without it ignore it). A canvas holds no control
 * characters, so the text cannot end the sequence early. It must not begin
 * with a digit: some terminals have commands that do.
 */
void term_notify(const struct canvas *canvas);

/* The next key that was pressed (keys.h), KEYS_NONE when there is none. */
uint32_t term_key(void);
/* Of KEYS_MOUSE_EVENT, when it was the last key. */
void term_mouse_event(struct mouse_event *event);
/*
 * Whether the last key was pasted, where the terminal tells (bracketed paste).
 * Of what is pasted, only characters are keys.
 */
bool term_key_was_pasted(void);

/*
 * What poll(2) says about standard input: whether there is anything to read at
 * all, or the terminal is gone.
 */
bool term_is_gone(short revents);

#endif
