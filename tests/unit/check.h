/*
 * What must succeed in a test, and what it said if it did not. cmocka.h comes
 * before.
 */
#ifndef WEIR_TESTS_CHECK_H
#define WEIR_TESTS_CHECK_H

#include "base/err.h"

static inline void
check_ok(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%d: %s", rc, err->text);
}

#endif
