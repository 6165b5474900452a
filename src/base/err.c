#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/*
 * There may be foreign text in it, and it goes to standard error as it is: no
 * control character, which a terminal would obey. C1 is two bytes in UTF-8.
 */
static void
make_plain(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
}

int
err_set(struct err *err, enum weir_err code, int foreign, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->foreign = foreign;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	make_plain(err->text);
	return code;
}

int
err_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	size_t used;
	va_list ap;

	if (!err)
		return WEIR_SYSTEM;
	err->code = WEIR_SYSTEM;
	err->foreign = saved;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	/* GNU's strerror_r(), which returns the text. */
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 strerror_r(saved, reason, sizeof(reason)));
	make_plain(err->text);
	return WEIR_SYSTEM;
}
