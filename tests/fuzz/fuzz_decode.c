/*
 * libFuzzer target: any bytes, as a message. Every field type and rule takes
 * part. Beyond what the sanitizers see, what the decoder promises is checked:
 * the same verdict twice, texts that are valid UTF-8 and within their rules.
 *
 *   clang -fsanitize=fuzzer,address,undefined ...
 *   fuzz_decode tests/fuzz/corpus/decode
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"

#define NOW_MS INT64_C(1735689600000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char user[] = "user", id[] = "id", geo[] = "geo", city[] = "city";
static char kind[] = "kind", at[] = "at", n[] = "n", x[] = "x", ok[] = "ok";
static char ns[] = "ns";

static struct text kinds[] = {{"click", 5}, {"view", 4}, {"purchase", 8}};

static struct pipeline pipeline = {
    .name = "fuzz",
    .event =
	{
	    .fields =
		{
		    {.name = "id",
		     .path = {user, id},
		     .path_len = 2,
		     .max_length = 16},
		    {.name = "city",
		     .path = {user, geo, city},
		     .path_len = 3,
		     .max_length = 256,
		     .optional = true},
		    {.name = "kind",
		     .path = {kind},
		     .path_len = 1,
		     .max_length = 16,
		     .one_of = kinds,
		     .one_of_len = 3},
		    {.name = "at",
		     .path = {at},
		     .path_len = 1,
		     .type = FIELD_TIME,
		     .unit = TIME_MS},
		    {.name = "n",
		     .path = {n},
		     .path_len = 1,
		     .type = FIELD_INT,
		     .optional = true,
		     .has_min = true,
		     .has_max = true,
		     .min = -9007199254740992.0,
		     .max = 1e18},
		    {.name = "x",
		     .path = {x},
		     .path_len = 1,
		     .type = FIELD_NUMBER,
		     .optional = true},
		    {.name = "ok",
		     .path = {ok},
		     .path_len = 1,
		     .type = FIELD_BOOL,
		     .optional = true},
		    {.name = "ns",
		     .path = {ns},
		     .path_len = 1,
		     .type = FIELD_TIME,
		     .unit = TIME_NS,
		     .optional = true},
		},
	    .fields_len = 8,
	    .time_field = 3,
	    .max_bytes = 1u << 20,
	    .future_ms = 3600000,
	},
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* By RFC 3629's table; independent of simdjson. */
static bool
is_utf8(const struct text *text)
{
	const unsigned char *c = (const unsigned char *)text->data;
	const unsigned char *end = c + text->size;

	while (c < end) {
		unsigned low = 0x80, high = 0xBF, more;

		if (*c < 0x80)
			more = 0;
		else if (*c >= 0xC2 && *c <= 0xDF)
			more = 1;
		else if (*c >= 0xE0 && *c <= 0xEF)
			more = 2;
		else if (*c >= 0xF0 && *c <= 0xF4)
			more = 3;
		else
			return false;
		if (*c == 0xE0)
			low = 0xA0;
		else if (*c == 0xED)
			high = 0x9F;
		else if (*c == 0xF0)
			low = 0x90;
		else if (*c == 0xF4)
			high = 0x8F;
		if ((size_t)(end - c) <= more)
			return false;
		for (c++; more > 0; more--, c++) {
			if (*c < low || *c > high)
				return false;
			low = 0x80;
			high = 0xBF;
		}
	}
	return true;
}

static void
check_event(const struct event *event)
{
	const struct event_value *v = event->values;

	for (unsigned i = 0; i < 3; i++) {
		if (!v[i].present)
			continue;
		require(v[i].text.size <= pipeline.event.fields[i].max_length);
		require(is_utf8(&v[i].text));
	}
	require(v[0].present && v[2].present && v[3].present);
	require(event->time_ms == v[3].i && event->time_ms >= 0);
	require(event->time_ms <= NOW_MS + pipeline.event.future_ms);
	require(!v[4].present || (v[4].i >= INT64_C(-9007199254740992) &&
				  v[4].i <= INT64_C(1000000000000000000)));
	require(!v[5].present || v[5].d - v[5].d == 0.0); /* finite */
	require(!v[6].present || v[6].i == 0 || v[6].i == 1);
	require(!v[7].present || v[7].i >= 0);
}

static void
check_seen(struct seen *seen)
{
	seen_settle(seen);
	for (unsigned i = 0; i < seen->fields_len; i++) {
		const struct seen_field *field = &seen->fields[i];
		int64_t events = 0;

		for (unsigned t = 0; t < SEEN_TYPES; t++)
			events += field->types[t];
		require(events == field->events && events > 0);
		require(events <= seen->events);
		require(is_utf8(&(struct text){field->path, field->size}));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoder;
	static struct seen *seen;
	struct event event;
	struct event_fault fault;
	enum reason reason;

	if (!decoder) {
		require(decoder_new(&pipeline, &decoder, NULL) == 0);
		seen = seen_new(&pipeline.event);
		decoder_watch(decoder, seen);
	}
	reason = decoder_decode(decoder, data, size, NOW_MS, &event, &fault);
	require((unsigned)reason < REASONS);
	if (reason)
		require(fault.field >= -1 && fault.field < 8);
	else
		check_event(&event);
	require(decoder_decode(decoder, data, size, NOW_MS, &event, &fault) ==
		reason);
	check_seen(seen);
	return 0;
}
