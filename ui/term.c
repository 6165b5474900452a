#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "keys.h"
#include "term.h"
#include "theme.h"

/*
 * ncurses' terminal is a global, and a signal handler has no other way to find
 * what to restore: this and base/crash.c are the places with mutable globals.
 */
static SCREEN *terminal;
static bool anew; /* draw all of it the next time */
static attr_t attributes[STYLES];
static short pairs[STYLES];

/* What a signal handler and exit() write; made while all is well. */
static struct {
	volatile sig_atomic_t armed;
	char bytes[256];
	size_t size;
	struct termios termios;
	bool has_termios;
} restore;

static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
#define FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))
static struct sigaction fatal_before[FATAL_SIGNALS];

static bool
can(const char *capability)
{
	char name[16];
	const char *text;

	snprintf(name, sizeof(name), "%s", capability);
	text = tigetstr(name);
	return text && text != (const char *)-1;
}

/* A capability without its padding, "$<50/>", which no terminal needs now. */
static void
restore_add(const char *capability)
{
	char name[16];
	const char *text;

	snprintf(name, sizeof(name), "%s", capability);
	text = tigetstr(name);
	if (!text || text == (const char *)-1)
		return;
	for (; *text && restore.size < sizeof(restore.bytes); text++) {
		if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
			text = strchr(text, '>');
		else
			restore.bytes[restore.size++] = *text;
	}
}

/* Only what is safe in a signal handler. */
static void
write_raw(const char *bytes, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t n = write(STDOUT_FILENO, bytes + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
}

static void
restore_now(void)
{
	if (!restore.armed)
		return;
	restore.armed = 0;
	write_raw(restore.bytes, restore.size);
	if (restore.has_termios)
		tcsetattr(STDIN_FILENO, TCSANOW, &restore.termios);
}

static void
on_fatal(int number, siginfo_t *info, void *context)
{
	const struct sigaction *before = NULL;

	restore_now();
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		if (fatal_signals[i] == number)
			before = &fatal_before[i];
	sigaction(number, before, NULL);
	/*
	 * A fault happens again when we return, with all that a debugger or
	 * a sanitizer wants to know; a signal that was sent does not.
	 */
	if (info->si_code > 0)
		return;
	if (before && before->sa_flags & SA_SIGINFO)
		before->sa_sigaction(number, info, context);
	else
		raise(number);
}

static void
arm_restore(void)
{
	static bool registered;
	static char stack[64 * 1024];
	stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fatal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t now;

	restore.size = 0;
	restore_add("sgr0");
	restore_add("cnorm");
	restore_add("rmkx");
	restore_add("rmcup");
	restore.armed = 1;
	/* For a stack that has run over; a sanitizer's own is left. */
	if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
		sigaltstack(&alternative, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &action, &fatal_before[i]);
	if (!registered && atexit(restore_now) == 0)
		registered = true;
}

static void
start_colours(void)
{
	bool colour = theme_wants_colour() && has_colors() &&
		      start_color() == OK && use_default_colors() == OK;

	for (int i = 0; i < STYLES; i++) {
		const struct theme_style *style = &theme[i];

		attributes[i] = A_NORMAL;
		pairs[i] = 0;
		if (style->bold)
			attributes[i] |= A_BOLD;
		if (style->dim)
			attributes[i] |= A_DIM;
		if (style->reverse)
			attributes[i] |= A_REVERSE;
		if (colour && style->colour != COLOUR_DEFAULT &&
		    init_pair((short)(i + 1), (short)style->colour, -1) == OK)
			pairs[i] = (short)(i + 1);
	}
}

bool
term_has_unicode(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int
term_start(struct err *err)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, WEIR_SYSTEM, 0,
			       "standard input and output are not a terminal; "
			       "use --headless to run without one");
	if (!name || !*name)
		return err_set(
		    err, WEIR_SYSTEM, 0,
		    "TERM is not set, so the terminal's kind is not "
		    "known; set it, for example TERM=xterm-256color, "
		    "or use --headless");
	restore.has_termios = tcgetattr(STDIN_FILENO, &restore.termios) == 0;
	/* initscr() would end the program for a terminal it does not know. */
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return err_set(
		    err, WEIR_SYSTEM, 0,
		    "no terminal \"%.64s\" is known here; set TERM to "
		    "one that is, for example TERM=xterm-256color, "
		    "or use --headless",
		    name);
	set_term(terminal);
	if (!can("cup") || !can("clear")) {
		endwin();
		delscreen(terminal);
		terminal = NULL;
		return err_set(err, WEIR_SYSTEM, 0,
			       "a terminal \"%.64s\" cannot move its cursor; "
			       "use another one or --headless",
			       name);
	}
	set_escdelay(25);
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	start_colours();
	arm_restore();
	anew = true;
	return 0;
}

void
term_stop(void)
{
	if (!terminal)
		return;
	endwin();
	restore.armed = 0;
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &fatal_before[i], NULL);
	delscreen(terminal);
	terminal = NULL;
}

void
term_size(int *rows, int *cols)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0) {
		*rows = size.ws_row;
		*cols = size.ws_col;
	} else {
		*rows = LINES;
		*cols = COLS;
	}
}

void
term_redraw(void)
{
	anew = true;
}

void
term_show(const struct canvas *canvas)
{
	int rows, cols;

	term_size(&rows, &cols);
	if (is_term_resized(rows, cols)) {
		resizeterm(rows, cols);
		/* What the terminal made of its text is not known. */
		anew = true;
	}
	if (anew)
		clearok(curscr, TRUE);
	anew = false;
	erase();
	for (int row = 0; row < canvas->rows && row < rows; row++) {
		for (int col = 0; col < canvas->cols && col < cols; col++) {
			const struct cell *cell = canvas_cell(canvas, row, col);
			wchar_t text[2 + CANVAS_MARKS] = {0};
			cchar_t wide;

			if (cell->width == 0 || col + cell->width > cols)
				continue;
			for (int i = 0; i <= CANVAS_MARKS; i++)
				text[i] = (wchar_t)cell->text[i];
			if (setcchar(&wide, text, attributes[cell->style],
				     pairs[cell->style], NULL) == OK)
				mvadd_wch(row, col, &wide);
		}
	}
	refresh();
}

void
term_bell(void)
{
	beep();
}

void
term_notify(const struct canvas *canvas)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, "\033]9;");
	canvas_text(canvas, &text);
	/* The line's end becomes the sequence's. */
	while (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	buf_add_str(&text, "\033\\");
	/* Nothing of ncurses' own is waiting: term_show() writes all of it. */
	write_raw(text.data, text.size);
	buf_release(&text);
}

/*
 * What follows an escape at once is a sequence that ncurses does not know, or
 * Alt and a key: it is read to its end and ignored, or else its letters and
 * brackets would act as keys.
 */
static uint32_t
after_escape(void)
{
	wint_t c;
	int kind = get_wch(&c);

	if (kind == ERR)
		return KEYS_ESC;
	if (kind == KEY_CODE_YES || (c != '[' && c != 'O'))
		return KEYS_NONE;
	for (int i = 0; i < 64; i++) {
		kind = get_wch(&c);
		if (kind != OK || (c >= 0x40 && c <= 0x7e))
			break;
	}
	return KEYS_NONE;
}

uint32_t
term_key(void)
{
	static const struct {
		wint_t code;
		uint32_t key;
	} codes[] = {
	    {KEY_UP, KEYS_UP},
	    {KEY_DOWN, KEYS_DOWN},
	    {KEY_LEFT, KEYS_LEFT},
	    {KEY_RIGHT, KEYS_RIGHT},
	    {KEY_HOME, KEYS_HOME},
	    {KEY_END, KEYS_END},
	    {KEY_PPAGE, KEYS_PAGE_UP},
	    {KEY_NPAGE, KEYS_PAGE_DOWN},
	    {KEY_BTAB, KEYS_BACKTAB},
	    {KEY_ENTER, KEYS_ENTER},
	    {KEY_BACKSPACE, KEYS_BACKSPACE},
	    {KEY_DC, KEYS_DELETE},
	    {KEY_FIND, KEYS_HOME},
	    {KEY_SELECT, KEYS_END},
	};

	for (;;) {
		wint_t c;
		int kind = get_wch(&c);
		uint32_t key = c;

		if (kind == ERR)
			return KEYS_NONE;
		if (kind == KEY_CODE_YES) {
			key = KEYS_NONE;
			for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]);
			     i++)
				if (codes[i].code == c)
					key = codes[i].key;
		} else if (c == '\n') {
			key = KEYS_ENTER;
		} else if (c == '\b') {
			key = KEYS_BACKSPACE;
		} else if (c == KEYS_ESC) {
			key = after_escape();
		}
		if (key != KEYS_NONE)
			return key;
	}
}

bool
term_is_gone(short revents)
{
	int waiting = 0;

	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	/* Ready to be read, and nothing there: the end of it. */
	return revents & POLLIN &&
	       (ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0);
}
