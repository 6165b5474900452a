#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

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
	return WEIR_SYSTEM;
}
