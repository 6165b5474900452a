/*
 * Times as people and tables read them: UTC, "2025-01-01 00:00:00".
 */
#ifndef WEIR_BASE_DATETIME_H
#define WEIR_BASE_DATETIME_H

#include <stdbool.h>
#include <stdint.h>

#define DATETIME_DATE 10 /* bytes of it that are the date */
#define DATETIME_ROOM 20

/*
 * Milliseconds since 1970 as the second that they are in. False, and "", for
 * years that have not four digits: before 0 and after 9999.
 */
bool datetime_format(int64_t ms, char out[DATETIME_ROOM]);

#endif
