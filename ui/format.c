#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

#include "base/datetime.h"

static struct format format_text(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static struct format
format_text(const char *fmt, ...)
{
	struct format f;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	return f;
}

/* Columns: all bytes that do not continue a character. */
static int
columns(const struct format *f)
{
	int width = 0;

	for (const char *s = f->text; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

/* Puts separators into a run of digits, which may follow a minus. */
static struct format
separated(const char *digits)
{
	struct format f;
	size_t size = strlen(digits), to = 0, from = 0;

	if (digits[0] == '-')
		f.text[to++] = digits[from++];
	for (; from < size && to + 2 < sizeof(f.text); from++) {
		f.text[to++] = digits[from];
		if ((size - from - 1) % 3 == 0 && from + 1 < size)
			f.text[to++] = ',';
	}
	f.text[to] = '\0';
	return f;
}

struct format
format_int(int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	return separated(digits);
}

struct format
format_count(int64_t number)
{
	if (number < 0)
		return format_text(FORMAT_UNKNOWN);
	return format_int(number);
}

struct format
format_real(double number)
{
	char digits[32];
	struct format whole;
	double size = fabs(number);

	if (isnan(number))
		return format_text(FORMAT_UNKNOWN);
	if (size >= 1e15) /* INFINITY, too */
		return format_compact(number);
	if (size > 0 && size < 0.01)
		return format_text("%.3g", number);
	snprintf(digits, sizeof(digits), "%.2f", number);
	digits[strlen(digits) - 3] = '\0';
	whole = separated(digits);
	snprintf(digits, sizeof(digits), "%.2f", number);
	return format_text("%s%s", whole.text, digits + strlen(digits) - 3);
}

struct format
format_value(struct value value)
{
	switch (value.kind) {
	case VALUE_INT:
		return format_int(value.i);
	case VALUE_REAL:
		return format_real(value.d);
	case VALUE_NONE:
		break;
	}
	return format_text(FORMAT_UNKNOWN);
}

struct format
format_value_fit(struct value value, int width)
{
	struct format f = format_value(value);

	if (columns(&f) > width)
		return format_compact(value_double(value));
	return f;
}

struct format
format_count_fit(int64_t number, int width)
{
	struct format f = format_count(number);

	if (columns(&f) > width)
		return format_compact((double)number);
	return f;
}

struct format
format_compact(double number)
{
	static const char *const units[] = {"",   " k", " M", " G",
					    " T", " P", " E"};
	size_t unit = 0;
	double size = fabs(number);

	if (isnan(number))
		return format_text(FORMAT_UNKNOWN);
	if (isinf(number))
		return format_text(number < 0 ? "−∞" : "∞");
	/* What would be rounded to 1,000 belongs to the next unit. */
	while (size >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1000;
		number /= 1000;
		unit++;
	}
	if (size >= 999.5)
		return format_text("%.1e", number * 1e18);
	if (unit == 0 && size == floor(size))
		return format_text("%.0f", number);
	return format_text("%.*f%s",
			   size < 9.995   ? 2
			   : size < 99.95 ? 1
					  : 0,
			   number, units[unit]);
}

struct format
format_rate(double per_s)
{
	if (isnan(per_s) || per_s < 0)
		return format_text(FORMAT_UNKNOWN);
	if (isinf(per_s))
		return format_text("max");
	if (per_s < 9.95 && per_s != floor(per_s))
		return format_text("%.1f", per_s);
	if (per_s >= 9e18)
		return format_compact(per_s);
	return format_int(llround(per_s));
}

struct format
format_rate_fit(double per_s, int width)
{
	struct format f = format_rate(per_s);

	if (columns(&f) > width)
		return format_compact(per_s);
	return f;
}

struct format
format_percent(double part, double whole)
{
	double percent = whole > 0 ? part / whole * 100 : NAN;

	if (isnan(percent) || isinf(percent))
		return format_text(FORMAT_UNKNOWN);
	if (percent > 0 && percent < 0.05)
		return format_text("<0.1 %%");
	if (percent >= 1e6)
		return format_text("%.1e %%", percent);
	return format_text("%.1f %%", percent);
}

struct format
format_duration_us(int64_t us)
{
	double s = (double)us / 1e6;

	if (us < 0)
		return format_text(FORMAT_UNKNOWN);
	if (us < 1000)
		return format_text("%" PRId64 " µs", us);
	if (us < 1000 * 1000)
		return format_text(us < 99950 ? "%.1f ms" : "%.0f ms",
				   (double)us / 1e3);
	if (s < 99.95)
		return format_text("%.1f s", s);
	return format_text("%" PRId64 " min %" PRId64 " s", us / 60000000,
			   us / 1000000 % 60);
}

struct format
format_delay(int64_t ms)
{
	double s = (double)ms / 1e3;

	if (ms < 0)
		return format_text(FORMAT_UNKNOWN);
	if (ms < 1000)
		return format_text("%" PRId64 " ms", ms);
	if (s < 99.95)
		return format_text("%.1f s", s);
	if (s < 5970)
		return format_text("%.0f min", s / 60);
	if (s < 99.5 * 3600)
		return format_text("%.1f h", s / 3600);
	if (s < 9999.5 * 86400)
		return format_text("%.0f d", s / 86400);
	return format_text(">9999 d");
}

struct format
format_elapsed(int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		return format_text(FORMAT_UNKNOWN);
	if (s < 86400)
		return format_text("%02d:%02d:%02d", (int)(s / 3600),
				   (int)(s / 60 % 60), (int)(s % 60));
	return format_text("%" PRId64 " d %02d:%02d:%02d", s / 86400,
			   (int)(s / 3600 % 24), (int)(s / 60 % 60),
			   (int)(s % 60));
}

struct format
format_bytes(int64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB"};
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 0)
		return format_text(FORMAT_UNKNOWN);
	if (bytes < 1024)
		return format_text("%" PRId64 " B", bytes);
	for (; size >= 1023.95; unit++)
		size /= 1024;
	return format_text("%.1f %s", size, units[unit]);
}

struct format
format_time(int64_t ms)
{
	char text[DATETIME_ROOM];

	if (ms < 0 || !datetime_format(ms, text))
		return format_text(FORMAT_UNKNOWN);
	return format_text("%s.%03d UTC", text, (int)(ms % 1000));
}

struct format
format_clock(int64_t ms)
{
	if (ms < 0)
		return format_text(FORMAT_UNKNOWN);
	ms /= 1000;
	return format_text("%02d:%02d:%02d", (int)(ms / 3600 % 24),
			   (int)(ms / 60 % 60), (int)(ms % 60));
}

struct format
format_window(int64_t start_ms, int64_t end_ms, bool dated)
{
	const int64_t day = 86400000;
	bool seconds = start_ms % 60000 || end_ms % 60000;
	struct format start = format_time(start_ms), end = format_time(end_ms);
	size_t to = seconds ? 19 : 16;

	if (start_ms < 0)
		return format_text(FORMAT_UNKNOWN);
	if (start_ms % day == 0 && end_ms % day == 0) {
		start.text[10] = end.text[10] = '\0';
		return end_ms - start_ms == day
			   ? start
			   : format_text("%s–%s", start.text, end.text);
	}
	start.text[to] = end.text[to] = '\0';
	return format_text("%s–%s", start.text + (dated ? 0 : 11),
			   end.text + 11);
}

struct format
format_span(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {
	    {86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};

	if (ms < 0)
		return format_text(FORMAT_UNKNOWN);
	for (size_t i = 0; ms > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (ms % units[i].ms == 0)
			return format_text("%" PRId64 " %s", ms / units[i].ms,
					   units[i].unit);
	return format_text("%" PRId64 " ms", ms);
}

struct format
format_windows(int64_t window_ms, int64_t advance_ms)
{
	struct format span = format_span(window_ms);

	if (advance_ms >= window_ms)
		return span;
	return format_text("%s every %s", span.text,
			   format_span(advance_ms).text);
}

struct format
format_position(int32_t partition, int64_t offset)
{
	if (partition < 0 || offset < 0)
		return format_text(FORMAT_UNKNOWN);
	return format_text("%" PRId32 "@%s", partition,
			   format_int(offset).text);
}

int
format_column(int64_t largest)
{
	int width = 7; /* 999,999 */

	for (int64_t bound = 999999; largest > bound && width < 27;
	     width += 4) {
		if (bound > INT64_MAX / 1000)
			return 27;
		bound = bound * 1000 + 999;
	}
	return width;
}
