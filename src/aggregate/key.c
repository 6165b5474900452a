#include <inttypes.h>
#include <string.h>

#include "aggregate/key.h"
#include "base/bytes.h"

static char *
put_string(char *to, struct text text, bool last)
{
	if (last) {
		memcpy(to, text.data, text.size);
		return to + text.size;
	}
	for (size_t i = 0; i < text.size; i++) {
		*to++ = text.data[i];
		if (text.data[i] == '\0')
			*to++ = '\xff';
	}
	*to++ = '\0';
	*to++ = '\0';
	return to;
}

int
key_plain(const struct pipeline *p, const struct table_spec *table)
{
	const struct field *field = &p->event.fields[table->by[0]];

	return table->by_len == 1 && field->type == FIELD_STRING &&
		       !field->optional
		   ? (int)table->by[0]
		   : -1;
}

void
key_encode(const struct pipeline *p, const struct table_spec *table,
	   const struct event *event, char *room, struct text *key)
{
	int plain = key_plain(p, table);
	char *to = room;

	if (plain >= 0) {
		*key = event->values[plain].text;
		if (key->size && key->data[0])
			return;
		room[0] = '\0';
		memcpy(room + 1, key->data, key->size);
		*key = (struct text){room, key->size + 1};
		return;
	}
	for (unsigned i = 0; i < table->by_len; i++) {
		const struct field *field = &p->event.fields[table->by[i]];
		const struct event_value *value = &event->values[table->by[i]];

		if (field->optional) {
			*to++ = value->present ? 1 : 0;
			if (!value->present)
				continue;
		}
		switch (field->type) {
		case FIELD_STRING:
			to =
			    put_string(to, value->text, i + 1 == table->by_len);
			break;
		case FIELD_BOOL:
			*to++ = value->i ? 1 : 0;
			break;
		case FIELD_INT:
		case FIELD_TIME:
		case FIELD_NUMBER: /* pipelines refuse both as keys */
			put_be64(to, key_from_i64(value->i));
			to += 8;
			break;
		}
	}
	*key = (struct text){room, (size_t)(to - room)};
}

/* Reads a string part from `at`; returns where the next part begins. */
static const char *
get_string(const char *at, const char *end, bool last, struct buf *out)
{
	if (last) {
		buf_add(out, at, (size_t)(end - at));
		return end;
	}
	while (at < end) {
		if (*at == '\0') {
			if (end - at >= 2 && at[1] == '\0')
				return at + 2;
			buf_add(out, "", 1);
			at += 2;
		} else {
			buf_add(out, at++, 1);
		}
	}
	return end;
}

void
key_text(const struct pipeline *p, const struct table_spec *table,
	 struct text key, struct buf *out)
{
	const char *at = key.data, *end = key.data + key.size;

	if (key_plain(p, table) >= 0 && at < end && *at == '\0')
		at++;
	for (unsigned i = 0; i < table->by_len; i++) {
		const struct field *field = &p->event.fields[table->by[i]];
		bool last = i + 1 == table->by_len;

		if (i > 0)
			buf_add_str(out, " · ");
		if (field->optional) {
			if (at >= end || *at++ == 0) {
				buf_add_str(out, "∅");
				continue;
			}
		}
		switch (field->type) {
		case FIELD_STRING:
			at = get_string(at, end, last, out);
			break;
		case FIELD_BOOL:
			if (at < end)
				buf_add_str(out, *at++ ? "true" : "false");
			break;
		case FIELD_INT:
		case FIELD_TIME:
		case FIELD_NUMBER:
			if (end - at >= 8)
				buf_addf(out, "%" PRId64,
					 key_to_i64(get_be64(at)));
			at = end - at >= 8 ? at + 8 : end;
			break;
		}
	}
}

/* A string part that is not the last, unescaped into *room. */
static const char *
decode_string(const char *at, const char *end, char **room, struct text *text)
{
	*text = (struct text){*room, 0};
	while (at < end) {
		if (*at != '\0') {
			*(*room)++ = *at++;
		} else if (end - at >= 2 && at[1] == '\xff') {
			*(*room)++ = '\0';
			at += 2;
		} else {
			break;
		}
	}
	if (end - at < 2 || at[0] != '\0' || at[1] != '\0')
		return NULL;
	text->size = (size_t)(*room - text->data);
	return at + 2;
}

bool
key_decode(const struct pipeline *p, const struct table_spec *table,
	   struct text key, char *room, struct key_part parts[PIPELINE_BY_MAX])
{
	const char *at = key.data, *end = key.data + key.size;

	if (key.size > KEY_MAX)
		return false;
	if (key_plain(p, table) >= 0 && at < end && *at == '\0')
		at++;
	for (unsigned i = 0; i < table->by_len; i++) {
		const struct field *field = &p->event.fields[table->by[i]];
		struct key_part *part = &parts[i];

		*part = (struct key_part){.present = true};
		if (field->optional) {
			if (at == end)
				return false;
			part->present = *at++ != 0;
			if (!part->present)
				continue;
		}
		switch (field->type) {
		case FIELD_STRING:
			if (i + 1 == table->by_len) {
				part->text =
				    (struct text){at, (size_t)(end - at)};
				at = end;
				break;
			}
			at = decode_string(at, end, &room, &part->text);
			if (!at)
				return false;
			break;
		case FIELD_BOOL:
			if (at == end)
				return false;
			part->i = *at++ != 0;
			break;
		case FIELD_INT:
		case FIELD_TIME:
		case FIELD_NUMBER:
			if (end - at < 8)
				return false;
			part->i = key_to_i64(get_be64(at));
			at += 8;
			break;
		}
	}
	return at == end;
}
