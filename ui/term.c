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
#include "terminfo.h"
#include "theme.h"

/*
 * ncurses' terminal is a global, and a signal handler has no other way to find
 * what to restore: this and base/crash.c are the places with mutable globals.
 */
static SCREEN *terminal;
static bool anew;           /* draw all of it the next time */
static struct canvas shown; /* as it is on the screen, unless anew */
static bool colours;
static bool mouse;
static bool pasting; /* between the marks of a paste */
static struct mouse_event mouse_event;
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

/* Ctrl-Z: ncurses' own handler, and what it does not know of. */
static struct {
	struct sigaction before;
	char pastes[16], pastes_not[16]; /* bracketed paste, on and off */
} stop;

static const int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS,
				    SIGFPE,  SIGILL,  SIGQUIT};
#define FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))
static struct sigaction fatal_before[FATAL_SIGNALS];

static const char *
capability_text(const char *capability)
{
	char name[16];
	const char *text;

	snprintf(name, sizeof(name), "%s", capability);
	text = tigetstr(name);
	return text && text != (const char *)-1 ? text : NULL;
}

/* Text without padding, "$<50/>", which no terminal needs now. */
static void
restore_add(const char *text)
{
	if (!text)
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

/* The handler returns when the program was continued. */
static void
on_stop(int number)
{
	write_raw(stop.pastes_not, strlen(stop.pastes_not));
	stop.before.sa_handler(number);
	write_raw(stop.pastes, strlen(stop.pastes));
}

static void
start_pastes(void)
{
	const char *on = capability_text("BE"), *off = capability_text("BD");
	struct sigaction action;

	if (!on || !off || strlen(on) >= sizeof(stop.pastes) ||
	    strlen(off) >= sizeof(stop.pastes_not))
		return;
	strcpy(stop.pastes, on);
	strcpy(stop.pastes_not, off);
	write_raw(on, strlen(on));
	if (sigaction(SIGTSTP, NULL, &stop.before) ||
	    stop.before.sa_handler == SIG_DFL ||
	    stop.before.sa_handler == SIG_IGN)
		return;
	action = stop.before;
	action.sa_handler = on_stop;
	sigaction(SIGTSTP, &action, NULL);
}

static void
stop_pastes(void)
{
	write_raw(stop.pastes_not, strlen(stop.pastes_not));
	if (stop.before.sa_handler)
		sigaction(SIGTSTP, &stop.before, NULL);
	memset(&stop, 0, sizeof(stop));
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
	 * a sanitizer wants to know; a signal that was sent does not, nor
	 * does Ctrl-\, which the terminal's driver sends.
	 */
	if (info->si_code > 0 && number != SIGQUIT)
		return;
	if (before && before->sa_flags & SA_SIGINFO)
		before->sa_sigaction(number, info, context);
	else
		raise(number);
}

/*
 * What undoes all that was done to the terminal; made anew when more is done.
 * The mouse's sequence is what ncurses uses, by its manual, where terminfo has
 * none.
 */
static void
make_restore(void)
{
	const char *reports = capability_text("XM");

	restore.armed = 0;
	restore.size = 0;
	if (mouse)
		restore_add(reports ? tiparm(reports, 0) : "\033[?1000l");
	restore_add(capability_text("BD"));
	restore_add(capability_text("sgr0"));
	restore_add(capability_text("cnorm"));
	restore_add(capability_text("rmkx"));
	restore_add(capability_text("rmcup"));
	restore.armed = 1;
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

	make_restore();
	/* For a stack that has run over; a sanitizer's own is left. */
	if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
		sigaltstack(&alternative, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &action, &fatal_before[i]);
	if (!registered && atexit(restore_now) == 0)
		registered = true;
}

void
term_set_theme(enum settings_theme theme)
{
	for (int i = 0; i < STYLES; i++) {
		const struct theme_style *style = theme_style(theme, i);
		const struct theme_colour *colour = &style->colour;
		int number = COLORS > 256    ? colour->rgb
			     : COLORS == 256 ? colour->indexed
					     : colour->basic;

		attributes[i] = A_NORMAL;
		pairs[i] = 0;
		if (style->bold)
			attributes[i] |= A_BOLD;
		if (style->dim)
			attributes[i] |= A_DIM;
		if (style->reverse)
			attributes[i] |= A_REVERSE;
		if (style->underline)
			attributes[i] |= A_UNDERLINE;
		if (colours && number >= 0 &&
		    init_extended_pair(i + 1, number, -1) == OK)
			pairs[i] = (short)(i + 1);
	}
	anew = true;
}

bool
term_has_colours(void)
{
	return colours;
}

bool
term_has_mouse(void)
{
	return capability_text("kmous") != NULL;
}

void
term_set_mouse(bool on)
{
	mouse = on && term_has_mouse();
	/* At once: double clicks are the screen's, which has the clock. */
	mouseinterval(0);
	mousemask(mouse ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED
			: 0,
		  NULL);
	make_restore();
}

/*
 * Terminals of any colour are often known by the name of those with 256. Their
 * other description is there when somebody installed it.
 */
static SCREEN *
open_direct(const char *name)
{
	static const char indexed[] = "-256color";
	size_t size = strlen(name), tail = sizeof(indexed) - 1;
	char direct[80];

	if (!theme_wants_rgb() || !theme_wants_colour())
		return NULL;
	if (size > tail && strcmp(name + size - tail, indexed) == 0)
		size -= tail;
	if (size > 64)
		return NULL;
	snprintf(direct, sizeof(direct), "%.*s-direct", (int)size, name);
	/* newterm() would leave some memory behind for what is not there. */
	return terminfo_knows(direct) ? newterm(direct, stdout, stdin) : NULL;
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
	terminal = open_direct(name);
	if (!terminal)
		terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return err_set(
		    err, WEIR_SYSTEM, 0,
		    "no terminal \"%.64s\" is known here; set TERM to "
		    "one that is, for example TERM=xterm-256color, "
		    "or use --headless",
		    name);
	set_term(terminal);
	if (!capability_text("cup") || !capability_text("clear")) {
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
	colours = theme_wants_colour() && has_colors() && start_color() == OK &&
		  use_default_colors() == OK;
	term_set_theme(THEME_DARK);
	mouse = pasting = false;
	canvas_init(&shown, false);
	arm_restore();
	start_pastes();
	return 0;
}

void
term_stop(void)
{
	if (!terminal)
		return;
	stop_pastes();
	endwin();
	restore.armed = 0;
	for (size_t i = 0; i < FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &fatal_before[i], NULL);
	delscreen(terminal);
	terminal = NULL;
	canvas_release(&shown);
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

static bool
same_cell(const struct cell *a, const struct cell *b)
{
	return memcmp(a->text, b->text, sizeof(a->text)) == 0 &&
	       a->width == b->width && a->style == b->style;
}

static void
show_cell(const struct cell *cell, int row, int col)
{
	wchar_t text[2 + CANVAS_MARKS] = {0};
	cchar_t wide;

	for (int i = 0; i <= CANVAS_MARKS; i++)
		text[i] = (wchar_t)cell->text[i];
	if (setcchar(&wide, text, attributes[cell->style], pairs[cell->style],
		     NULL) == OK)
		mvadd_wch(row, col, &wide);
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
	if (shown.rows != canvas->rows || shown.cols != canvas->cols) {
		canvas_resize(&shown, canvas->rows, canvas->cols);
		anew = true;
	}
	if (anew) {
		clearok(curscr, TRUE);
		erase();
	}
	/* Most cells are as they were, and curses need not compare them. */
	for (int i = 0; i < canvas->rows * canvas->cols; i++) {
		const struct cell *cell = &canvas->cells[i];
		int row = i / canvas->cols, col = i % canvas->cols;

		if (!anew && same_cell(cell, &shown.cells[i]))
			continue;
		shown.cells[i] = *cell;
		if (cell->width > 0 && row < rows && col + cell->width <= cols)
			show_cell(cell, row, col);
	}
	anew = false;
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

/* Of a sequence that has begun with Esc and [ or O: what ended it. */
static int
read_sequence(char *text, size_t size)
{
	wint_t c = 0;

	memset(text, 0, size);
	for (size_t i = 0; i < 64; i++) {
		if (get_wch(&c) != OK || c == KEYS_ESC)
			break;
		if (i < size - 1 && c < 0x80)
			text[i] = (char)c;
		if (c >= 0x40 && c <= 0x7e)
			break;
	}
	return (int)c;
}

/*
 * What follows an escape at once is a sequence that ncurses does not know, or
 * Alt and a key: it is read to its end and ignored, or else its letters and
 * brackets would act as keys. An escape within begins another one. The marks of
 * a paste are such sequences.
 */
static uint32_t
after_escape(void)
{
	char text[8];
	wint_t c;
	int kind;

	do {
		do
			kind = get_wch(&c);
		while (kind == OK && c == KEYS_ESC);
		if (kind == ERR)
			return KEYS_ESC;
		if (kind == KEY_CODE_YES || (c != '[' && c != 'O'))
			return KEYS_NONE;
	} while (read_sequence(text, sizeof(text)) == KEYS_ESC);
	if (strcmp(text, "200~") == 0)
		pasting = true;
	else if (strcmp(text, "201~") == 0)
		pasting = false;
	return KEYS_NONE;
}

static uint32_t
read_mouse(void)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return KEYS_NONE;
	mouse_event.row = event.y;
	mouse_event.col = event.x;
	if (event.bstate & BUTTON1_PRESSED)
		mouse_event.kind = MOUSE_CLICK;
	else if (event.bstate & BUTTON4_PRESSED)
		mouse_event.kind = MOUSE_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		mouse_event.kind = MOUSE_WHEEL_DOWN;
	else
		return KEYS_NONE;
	return KEYS_MOUSE_EVENT;
}

static uint32_t
read_function_key(wint_t code)
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
	    {KEY_F(1), KEYS_F1},
	    {KEY_F(2), KEYS_F2},
	    {KEY_F(3), KEYS_F3},
	    {KEY_F(4), KEYS_F4},
	    {KEY_F(5), KEYS_F5},
	    {KEY_F(6), KEYS_F6},
	};

	if (code == KEY_MOUSE)
		return read_mouse();
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].key;
	return KEYS_NONE;
}

uint32_t
term_key(void)
{
	for (;;) {
		wint_t c;
		int kind = get_wch(&c);
		uint32_t key = c;

		if (kind == ERR)
			return KEYS_NONE;
		if (kind == KEY_CODE_YES)
			key = read_function_key(c);
		else if (c == KEYS_ESC)
			key = after_escape();
		else if (pasting && (c < 0x20 || c == 0x7f))
			key = KEYS_NONE;
		else if (c == '\n')
			key = KEYS_ENTER;
		else if (c == '\b')
			key = KEYS_BACKSPACE;
		/* Should the mark of its end be lost: Esc is never pasted. */
		if (key == KEYS_ESC)
			pasting = false;
		if (key != KEYS_NONE)
			return key;
	}
}

void
term_mouse_event(struct mouse_event *event)
{
	*event = mouse_event;
}

bool
term_key_was_pasted(void)
{
	return pasting;
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
