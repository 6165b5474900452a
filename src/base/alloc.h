/*
 * Allocation that does not fail: out of memory ends the program at once with
 * a sentence on stderr, after the store's last commit, which loses nothing
 * (the topic replays what came later). weir's own memory is bounded, so this
 * says that the machine is out of memory, not that the input was large.
 * Any thread. Free with free().
 */
#ifndef WEIR_BASE_ALLOC_H
#define WEIR_BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull)); /* zeroed */
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t size)
    __attribute__((malloc, returns_nonnull));

#endif
