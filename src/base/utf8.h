/* UTF-8, strictly: Unicode 15, table 3-7. */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The size in bytes of the character at `at`, 1 to 4; 0: what stands there,
 * before `end`, is none. There must be a byte. NUL is a character.
 */
unsigned utf8_size(const char *at, const char *end);

/* The character of so many bytes, as utf8_size() has it. */
uint32_t utf8_decode(const char *at, unsigned size);

/* Writes a character, and returns its size: 1 to 4. */
size_t utf8_encode(uint32_t code, char out[4]);

#endif
