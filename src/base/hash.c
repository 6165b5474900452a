#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "base/hash.h"

#define STATE_ALIGNMENT 64 /* more than malloc()'s; xxhash.h wants it */

struct hash_stream {
	void *memory;
	XXH3_state_t *state; /* in it */
};

uint64_t
hash64(const void *data, size_t size)
{
	return XXH3_64bits(data, size);
}

struct hash_stream *
hash_stream_new(void)
{
	struct hash_stream *stream = xmalloc(sizeof(*stream));
	uintptr_t at;

	stream->memory = xmalloc(sizeof(XXH3_state_t) + STATE_ALIGNMENT);
	at = (uintptr_t)stream->memory + STATE_ALIGNMENT;
	stream->state = (XXH3_state_t *)(at - at % STATE_ALIGNMENT);
	XXH3_128bits_reset(stream->state);
	return stream;
}

void
hash_stream_free(struct hash_stream *stream)
{
	if (!stream)
		return;
	free(stream->memory);
	free(stream);
}

void
hash_stream_add(struct hash_stream *stream, const void *data, size_t size)
{
	XXH3_128bits_update(stream->state, data, size);
}

void
hash_stream_text(const struct hash_stream *stream, char text[33])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(stream->state));
	for (size_t i = 0; i < sizeof(bytes.digest); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes.digest[i]);
}
