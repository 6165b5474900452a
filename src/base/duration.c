#include <stddef.h>
#include <string.h>

#include "base/duration.h"

#define BILLION INT64_C(1000000000)

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

/*
 * A number as its whole part and billionths, by hand: strtod() takes a locale's
 * comma, hexadecimal and "nan". Returns what stands behind it; NULL: there is
 * none, or it is too large.
 */
static const char *
read_number(const char *at, int64_t *whole, int64_t *billionths)
{
	int64_t place = BILLION;
	bool digits = false;

	*whole = *billionths = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		*whole = *whole * 10 + (*at - '0');
		if (*whole > DURATION_MAX_MS)
			return NULL;
		digits = true;
	}
	if (*at != '.')
		return digits ? at : NULL;
	for (at++; *at >= '0' && *at <= '9'; at++) {
		place /= 10;
		*billionths += (*at - '0') * place;
		digits = true;
	}
	return digits ? at : NULL;
}

/* The milliseconds of the unit of so many letters; 0: there is no such unit. */
static int64_t
find_unit(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == size &&
		    memcmp(units[i].name, name, size) == 0)
			return units[i].ms;
	return 0;
}

bool
duration_parse(const char *text, int64_t *ms)
{
	int64_t total = 0, larger = INT64_MAX;
	const char *at = text;

	do {
		int64_t whole, billionths, unit;
		const char *name = read_number(at, &whole, &billionths);
		size_t size;

		if (!name)
			return false;
		size = strcspn(name, "0123456789.");
		unit = size == 0 && at == text && !*name
			   ? 1000
			   : find_unit(name, size);
		if (unit == 0 || unit >= larger ||
		    whole > DURATION_MAX_MS / unit)
			return false;
		total += whole * unit + billionths * unit / BILLION;
		larger = unit;
		at = name + size;
	} while (*at);
	if (total > DURATION_MAX_MS)
		return false;
	*ms = total;
	return true;
}
