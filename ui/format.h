/*
 * Numbers as people read them. Pure functions; the texts are UTF-8 (canvas.h
 * turns the few signs beyond ASCII into ASCII where that is wanted).
 *
 * A number that is not known is a dash, never 0. Widths are in columns.
 */
#ifndef WEIR_UI_FORMAT_H
#define WEIR_UI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"

#define FORMAT_UNKNOWN "–"

/*
 * A short text by value, so that a call can stand where the text is used:
 * canvas_puts(..., format_int(n).text).
 */
struct format {
	char text[48];
};

/* 1,234,567 */
struct format format_int(int64_t number);
/* The same, and a dash below 0. */
struct format format_count(int64_t number);
/* Whole numbers as above; others with two decimals, or three significant. */
struct format format_value(struct value value);
struct format format_real(double number);
/* At most `width` columns: compact when the whole number does not fit. */
struct format format_value_fit(struct value value, int width);
struct format format_count_fit(int64_t number, int width);
/* 950, 1.23 k, 45.6 M: three significant digits. */
struct format format_compact(double number);
/* Events per second: one decimal below 10; "max" for INFINITY; below 0: –. */
struct format format_rate(double per_s);
struct format format_rate_fit(double per_s, int width);
/* "3.8 %" of the whole; "<0.1 %" when there is some; – of nothing. */
struct format format_percent(double part, double whole);
/* 850 µs, 4.2 ms, 1.3 s, 2 min 5 s; below 0: –. */
struct format format_duration_us(int64_t us);
/* 180 ms, 3.1 s, 12 min, 2.5 h, 40 d: at most 7 columns; below 0: –. */
struct format format_delay(int64_t ms);
/* 00:02:13; from a day on 3 d 02:13:01; below 0: –. */
struct format format_elapsed(int64_t ms);
/* 512 B, 41.2 MiB; below 0: –. */
struct format format_bytes(int64_t bytes);
/* 2025-01-01 00:00:13.250 UTC; below 0: –. */
struct format format_time(int64_t ms);
/* The time of day of it alone, 00:00:13; below 0: –. */
struct format format_clock(int64_t ms);
/*
 * A span of time: 2025-01-01 of a day, 00:01–00:06 of less, with seconds where
 * there are any. dated: always with the date.
 */
struct format format_window(int64_t start_ms, int64_t end_ms, bool dated);
/* A length of time that is a setting: 1 m, 90 s, 2 h, 250 ms. */
struct format format_span(int64_t ms);
/* Of windows: 1 min, or where they overlap 5 min every 1 min. */
struct format format_windows(int64_t window_ms, int64_t advance_ms);
/* partition@offset; – when not known. */
struct format format_position(int32_t partition, int64_t offset);

/*
 * How wide a column for numbers up to `largest` is: it grows by whole steps
 * (7, 11, 15, ... columns), so that a column moves rarely while it grows.
 */
int format_column(int64_t largest);

#endif
