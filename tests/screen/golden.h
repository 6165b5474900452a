/* Golden files: what was drawn before, in tests/screen/golden. */
#ifndef WEIR_TESTS_GOLDEN_H
#define WEIR_TESTS_GOLDEN_H

#include "base/buf.h"

/*
 * Fails the test when the text is not that of the file NAME.txt. With
 * UPDATE_GOLDEN=1 in the environment it writes the file instead; look at the
 * difference before it is committed.
 */
void golden_compare(const char *name, const struct buf *text);

#endif
