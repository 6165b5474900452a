/*
 * "Did you mean": the known name that a mistyped one is nearest to.
 */
#ifndef WEIR_PIPELINE_NEAREST_H
#define WEIR_PIPELINE_NEAREST_H

#include "base/buf.h"

/*
 * The name in `names` (`len` of them) with the fewest letters to insert,
 * delete, replace or swap; the first of several. NULL when none is near: more
 * than a third of the longer name would have to change. Borrowed from names.
 */
const char *nearest_name(const char *name, const char *const *names,
			 unsigned len);

/*
 * Appends what to do about an unknown name: `; did you mean "x"?` when one is
 * near, else `; there is "x", "y"` (at most eight), nothing when there are
 * none.
 */
void nearest_hint(struct buf *out, const char *name, const char *const *names,
		  unsigned len);

#endif
