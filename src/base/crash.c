#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"

/*
 * A signal handler has no other way to learn of anything: this and ui/term.c
 * are the places with mutable globals.
 */
static _Thread_local const char *volatile at_work_on; /* a store; or NULL */
static atomic_bool told;
static atomic_flag ending = ATOMIC_FLAG_INIT;

static const struct {
	int number;
	const char *name;
} fatal[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
    {SIGILL, "SIGILL"},   {SIGABRT, "SIGABRT"},
};
#define FATAL (sizeof(fatal) / sizeof(fatal[0]))

/* Text that is put together without stdio, which a handler may not use. */
struct sentence {
	char text[1024];
	size_t size;
};

static void
add(struct sentence *to, const char *text)
{
	while (*text && to->size < sizeof(to->text))
		to->text[to->size++] = *text++;
}

static void
say(struct sentence *sentence)
{
	size_t at = 0;

	/* The end of a line is worth more than the end of a long path. */
	if (sentence->size == sizeof(sentence->text))
		sentence->size--;
	sentence->text[sentence->size++] = '\n';
	while (at < sentence->size) {
		ssize_t n = write(STDERR_FILENO, sentence->text + at,
				  sentence->size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void
on_fatal(int number, siginfo_t *info, void *context)
{
	/* Whether this thread brought it about, not kill(1). */
	bool ours = info->si_code > 0 || info->si_pid == getpid();
	const char *store = ours ? at_work_on : NULL, *name = "a signal";
	struct sigaction action = {.sa_handler = SIG_DFL};
	struct sentence sentence;

	(void)context;
	/* Two threads can come upon the same page: one of them speaks. */
	while (atomic_flag_test_and_set(&ending))
		pause();
	for (size_t i = 0; i < FATAL; i++)
		if (fatal[i].number == number)
			name = fatal[i].name;
	sentence.size = 0;
	if (store) {
		add(&sentence, "weir: the store ");
		add(&sentence, store);
		add(&sentence, " is damaged (reading it ended in ");
		add(&sentence, name);
		add(&sentence, "); begin a new one with --fresh, or restore a "
			       "copy");
	} else {
		add(&sentence, "weir: crashed (");
		add(&sentence, name);
		add(&sentence, ours ? "): this is a defect of weir; the store "
				      "keeps its last commit"
				    : "); the store keeps its last commit");
	}
	if (!atomic_load(&told))
		say(&sentence);
	if (store)
		_exit(1);
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
	/*
	 * A fault happens again when we return, with all that a debugger wants
	 * to know; a signal that was sent does not.
	 */
	if (info->si_code <= 0)
		raise(number);
}

void
crash_watch(void)
{
	static char stack[64 * 1024];
	stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fatal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction before;
	stack_t now;

	/* For a stack that has run over; a sanitizer's own is left. */
	if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
		sigaltstack(&alternative, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < FATAL; i++)
		if (sigaction(fatal[i].number, NULL, &before) == 0 &&
		    !(before.sa_flags & SA_SIGINFO) &&
		    before.sa_handler == SIG_DFL)
			sigaction(fatal[i].number, &action, NULL);
}

const char *
crash_enter(const char *path)
{
	const char *before = at_work_on;

	at_work_on = path;
	/* LMDB is not called before it is known whose it is. */
	atomic_signal_fence(memory_order_seq_cst);
	return before;
}

void
crash_leave(const char *before)
{
	atomic_signal_fence(memory_order_seq_cst);
	at_work_on = before;
}

void
crash_told(void)
{
	atomic_store(&told, true);
}
