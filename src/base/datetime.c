#include <string.h>
#include <time.h>

#include "base/datetime.h"

/* 0000-01-01 00:00:00 and 9999-12-31 23:59:59. */
#define FIRST_SECOND INT64_C(-62167219200)
#define LAST_SECOND  INT64_C(253402300799)

static void
put_number(char *to, int number, unsigned digits)
{
	while (digits-- > 0) {
		to[digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

bool
datetime_format(int64_t ms, char out[DATETIME_ROOM])
{
	static const char form[DATETIME_ROOM] = "0000-00-00 00:00:00";
	time_t seconds = ms / 1000 - (ms % 1000 < 0);
	struct tm tm;

	out[0] = '\0';
	if (seconds < FIRST_SECOND || seconds > LAST_SECOND ||
	    !gmtime_r(&seconds, &tm))
		return false;
	memcpy(out, form, sizeof(form));
	put_number(out, tm.tm_year + 1900, 4);
	put_number(out + 5, tm.tm_mon + 1, 2);
	put_number(out + 8, tm.tm_mday, 2);
	put_number(out + 11, tm.tm_hour, 2);
	put_number(out + 14, tm.tm_min, 2);
	put_number(out + 17, tm.tm_sec, 2);
	return true;
}
