#include "aggregate/watermark.h"
#include "aggregate/window.h"

int64_t
window_start(int64_t time_ms, int64_t advance_ms)
{
	int64_t rest = time_ms % advance_ms;

	return time_ms - (rest < 0 ? rest + advance_ms : rest);
}

unsigned
window_hops(const struct table_spec *table)
{
	return (unsigned)(table->window_ms / table->advance_ms);
}

bool
window_closed(int64_t start_ms, const struct table_spec *table,
	      int64_t watermark_ms)
{
	return watermark_ms != WATERMARK_NONE &&
	       start_ms + table->window_ms + table->lateness_ms <= watermark_ms;
}

int64_t
window_span(int64_t start_ms, const struct table_spec *table, int64_t first_ms)
{
	int64_t end_ms = start_ms + table->window_ms;

	/* Behind its end: all that it holds came too late for others. */
	if (first_ms <= start_ms || first_ms >= end_ms)
		return table->window_ms;
	return end_ms - first_ms;
}

struct value
window_average(struct value value, int64_t span_ms,
	       const struct table_spec *table)
{
	if (value.kind == VALUE_NONE || !table->average_ms)
		return value_none();
	return value_real(value_double(value) * (double)table->average_ms /
			  (double)span_ms);
}
