#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "generate/curve.h"
#include "rate.h"

double
rate_step(double rate, double factor, double actual)
{
	double next;

	if (isinf(rate)) {
		if (factor >= 1)
			return rate;
		rate = actual > 0 ? actual : RATE_MAX;
	}
	if (rate <= 0)
		return factor > 1 ? 1 : 0;
	next = rate * factor;
	if (fabs(next - rate) < 1)
		next = factor > 1 ? rate + 1 : rate - 1;
	if (next >= 10)
		next = round(next);
	return next < 0 ? 0 : next > RATE_MAX ? RATE_MAX : next;
}

double
rate_wanted(const struct dashboard_live *live, int ahead_s)
{
	const struct generator_controls *set = &live->controls;

	if (isinf(set->per_s))
		return set->per_s;
	return set->per_s *
	       curve_at(&set->curve,
			live->curve_ns + ahead_s * INT64_C(1000000000));
}

/* By hand: strtod() takes a locale's comma, hexadecimal and "nan". */
bool
rate_parse(const char *text, double *rate)
{
	double number = 0, place = 1;
	bool digits = false, point = false;

	while (*text == ' ')
		text++;
	if (strncasecmp(text, "max", 3) == 0) {
		number = INFINITY;
		digits = true;
		text += 3;
	} else {
		for (; isdigit((unsigned char)*text) || *text == ',' ||
		       (*text == '.' && !point);
		     text++) {
			if (*text == '.') {
				point = true;
			} else if (*text == ',') {
				if (!digits || point)
					return false;
			} else if (point) {
				place /= 10;
				number += (*text - '0') * place;
				digits = true;
			} else {
				number = number * 10 + (*text - '0');
				digits = true;
			}
		}
		while (*text == ' ')
			text++;
		if (*text == 'k' || *text == 'K') {
			number *= 1e3;
			text++;
		} else if (*text == 'm' || *text == 'M') {
			number *= 1e6;
			text++;
		}
		if (number > RATE_MAX)
			return false;
	}
	while (*text == ' ')
		text++;
	if (!digits || *text)
		return false;
	*rate = number;
	return true;
}
