/*
 * The last resort: signals that end the program (SIGSEGV, SIGBUS, SIGFPE,
 * SIGILL, SIGABRT) do so with one sentence on stderr.
 *
 * LMDB keeps no checksums and follows what is in a store's pages, so damaged
 * ones may lead it anywhere, or to an assertion of its own that fails. Who
 * calls it says so by crash_enter(). When the thread is then ended by what it
 * did itself, the store is what is wrong: the program ends with exit code 1,
 * and the store stays as its last commit left it. Everything else is a defect
 * of weir: it is said, and the signal then does what it does, core dump and
 * all.
 *
 * librdkafka's own threads block all signals; a crash of theirs is the
 * system's.
 *
 * Signals that have a handler already, a sanitizer's say, are left to it. A
 * later handler, as the terminal's, may do its part and then put back the one
 * it found.
 */
#ifndef WEIR_BASE_CRASH_H
#define WEIR_BASE_CRASH_H

/* From now on; once, before there are threads. */
void crash_watch(void);

/*
 * This thread works on the store at `path` (borrowed until it leaves) by means
 * of LMDB. Gives back what crash_leave() is to be told.
 */
const char *crash_enter(const char *path);
void crash_leave(const char *before);

/* Why the program ends was said already: a signal says nothing more. */
void crash_told(void);

#endif
