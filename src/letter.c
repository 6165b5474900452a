#include <inttypes.h>
#include <string.h>

#include "letter.h"

#include "base/datetime.h"
#include "base/json.h"
#include "base/utf8.h"

static bool
limit_of(const struct event_spec *spec, const struct event_fault *fault,
	 double *limit)
{
	const struct field *field =
	    fault->field < 0 ? NULL : &spec->fields[fault->field];

	switch (fault->rule) {
	case RULE_MIN:
		*limit = field->min;
		return field->has_min;
	case RULE_MAX:
		*limit = field->max;
		return field->has_max;
	case RULE_MAX_LENGTH:
		*limit = field->max_length;
		return true;
	case RULE_MAX_BYTES:
		*limit = spec->max_bytes;
		return true;
	default:
		return false;
	}
}

void
letter_message(const struct event_spec *spec, enum reason reason,
	       const struct event_fault *fault, struct buf *out)
{
	double limit;

	buf_add_str(out, reason_text(reason));
	if (fault->field >= 0)
		buf_addf(out, ": %s", spec->fields[fault->field].name);
	if (limit_of(spec, fault, &limit)) {
		buf_addf(out, " (%s ", rule_name(fault->rule));
		json_number(out, limit);
		buf_add_str(out, ")");
	}
}

static void
add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, "\"%s\":", key);
	if (text)
		json_quote(out, text, strlen(text));
	else
		buf_add_str(out, "null");
	buf_add_str(out, ",");
}

static void
add_time(struct buf *out, int64_t ms)
{
	char text[DATETIME_ROOM];
	bool known = ms > 0 && datetime_format(ms, text);

	add_text(out, "timestamp", known ? text : NULL);
}

static bool
is_utf8(const char *text, size_t size)
{
	const char *end = text + size;
	unsigned len;

	for (; text < end; text += len) {
		len = utf8_size(text, end);
		if (len == 0)
			return false;
	}
	return true;
}

/* RFC 4648, section 4, of as many bytes as fit into `room`. */
static void
add_base64(struct buf *out, const unsigned char *data, size_t size, size_t room)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t most = room / 4 * 3;
	char *to;

	if (size > most)
		size = most;
	to = buf_reserve(out, (size + 2) / 3 * 4);
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t three = (uint32_t)data[i] << 16;

		if (left > 1)
			three |= (uint32_t)data[i + 1] << 8;
		if (left > 2)
			three |= data[i + 2];
		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = left > 1 ? digits[three >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[three & 63] : '=';
	}
	out->size += (size + 2) / 3 * 4;
}

static void
add_raw(struct buf *out, const struct letter *letter, size_t room)
{
	static const char text_begin[] = "\"raw\":",
			  text_end[] = ",\"raw_base64\":null}",
			  base64_begin[] = "\"raw\":null,\"raw_base64\":\"",
			  base64_end[] = "\"}";
	size_t around;

	if (!letter->raw) {
		buf_add_str(out, "\"raw\":null,\"raw_base64\":null}");
	} else if (is_utf8(letter->raw, letter->raw_size)) {
		around = strlen(text_begin) + strlen(text_end);
		buf_add_str(out, text_begin);
		json_quote_within(out, letter->raw, letter->raw_size,
				  room > around ? room - around : 0);
		buf_add_str(out, text_end);
	} else {
		around = strlen(base64_begin) + strlen(base64_end);
		buf_add_str(out, base64_begin);
		add_base64(out, letter->raw, letter->raw_size,
			   room > around ? room - around : 0);
		buf_add_str(out, base64_end);
	}
}

void
letter_row(const struct letter *letter, size_t room, struct buf *out)
{
	size_t begin = out->size, head;

	buf_add_str(out, "{");
	add_text(out, "reason", reason_name(letter->reason));
	add_text(out, "field", letter->field);
	add_text(out, "rule", letter->rule);
	add_text(out, "message", letter->message);
	add_text(out, "topic", letter->topic);
	buf_addf(out, "\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",",
		 letter->partition, letter->offset);
	add_time(out, letter->timestamp_ms);
	buf_addf(out, "\"raw_size\":%zu,", letter->raw_size);
	head = out->size - begin;
	add_raw(out, letter, room > head ? room - head : 0);
}
