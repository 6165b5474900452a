/*
 * Durations as people write them: "200ms", "1.5s", "90s", "1m30s", "2h", "3d";
 * larger units first, each at most once. A single number without a unit is
 * seconds.
 */
#ifndef WEIR_BASE_DURATION_H
#define WEIR_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MAX_MS INT64_C(1000000000000) /* 31 years */

/*
 * In milliseconds, from 0 to DURATION_MAX_MS; what is less than one is dropped.
 * False, and *ms untouched, when the text is anything else.
 */
bool duration_parse(const char *text, int64_t *ms);

#endif
