#include <string.h>

#include "pipeline/nearest.h"

#include "base/json.h"

#define COMPARED_MAX 64 /* letters of a name that are looked at */
#define LISTED_MAX   8

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned min = a < b ? a : b;

	return min < c ? min : c;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * Optimal string alignment: Levenshtein's distance with swaps of neighbours.
 * Letters that differ in case only are the same.
 */
static unsigned
distance(const char *a, const char *b)
{
	unsigned a_len = (unsigned)strnlen(a, COMPARED_MAX);
	unsigned b_len = (unsigned)strnlen(b, COMPARED_MAX);
	unsigned rows[3][COMPARED_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (unsigned j = 0; j <= b_len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *oldest = before;

		now[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
			    lower(a[i - 2]) == y && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_len];
}

const char *
nearest_name(const char *name, const char *const *names, unsigned len)
{
	const char *best = NULL;
	unsigned best_distance = 0;

	for (unsigned i = 0; i < len; i++) {
		unsigned d = distance(name, names[i]);
		size_t longer = strlen(name) > strlen(names[i])
				    ? strlen(name)
				    : strlen(names[i]);

		/* Rounded up, so that of short names one letter may differ. */
		if (d > (longer + 2) / 3 || d == longer)
			continue;
		if (!best || d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}

void
nearest_hint(struct buf *out, const char *name, const char *const *names,
	     unsigned len)
{
	const char *near = nearest_name(name, names, len);

	if (near) {
		buf_add_str(out, "; did you mean ");
		json_quote(out, near, strlen(near));
		buf_add_str(out, "?");
		return;
	}
	for (unsigned i = 0; i < len && i < LISTED_MAX; i++) {
		buf_add_str(out, i ? ", " : "; there is ");
		json_quote(out, names[i], strlen(names[i]));
	}
	if (len > LISTED_MAX)
		buf_add_str(out, ", ...");
}
