#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

uint64_t
hash64(const void *data, size_t size)
{
	return XXH3_64bits(data, size);
}
