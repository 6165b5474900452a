/*
 * Where the lag is going: whether it grows, and when it will be gone. From the
 * last seconds of a view's history; a pure function.
 */
#ifndef WEIR_UI_LAG_H
#define WEIR_UI_LAG_H

#include <stdbool.h>

#include "store/view.h"

#define LAG_SECONDS 10 /* that the trend is taken over */

enum lag_trend {
	LAG_UNKNOWN,
	LAG_STEADY,
	LAG_GROWS,
	LAG_SHRINKS,
};

struct lag {
	enum lag_trend trend;
	/*
	 * More is left than is read in a second: what flows through is always
	 * in the topic for a moment, and is not behind.
	 */
	bool behind;
	double catch_up_s; /* at this pace; < 0: it does not, or not known */
};

struct lag lag_of(const struct view *view);

#endif
