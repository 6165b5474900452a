#include <math.h>
#include <stdint.h>

#include "lag.h"

struct lag
lag_of(const struct view *view)
{
	struct lag lag = {.trend = LAG_UNKNOWN, .catch_up_s = -1};
	double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, read = 0;
	double slope, moved, noise;

	for (unsigned i = 1; i <= LAG_SECONDS && i <= view->history_len; i++) {
		const struct view_second *at =
		    &view->history[view->history_len - i];
		double x = -(double)i;

		if (!at->known || at->lag < 0)
			continue;
		n++;
		sum_x += x;
		sum_xx += x * x;
		sum_y += (double)at->lag;
		sum_xy += x * (double)at->lag;
		read += (double)at->consumed;
	}
	if (n < 3 || view->ledger.lag < 0)
		return lag;
	/* The line of least squares, in events per second. */
	slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
	moved = fabs(slope) * LAG_SECONDS;
	noise = fmax(fmax(sum_y / n / 20, read / n / 10), 10);
	lag.trend = moved < noise ? LAG_STEADY
		    : slope > 0   ? LAG_GROWS
				  : LAG_SHRINKS;
	lag.behind =
	    view->ledger.lag > 0 && (double)view->ledger.lag > read / n;
	if (lag.behind && lag.trend == LAG_SHRINKS)
		lag.catch_up_s = (double)view->ledger.lag / -slope;
	return lag;
}
