#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "event/json-decode.h"
#include "event/seen.h"

#define NONE SEEN_MAX

struct seen *
seen_new(const struct event_spec *spec)
{
	struct seen *seen = xcalloc(1, sizeof(*seen));

	seen->spec = spec;
	seen->foreign_max = SEEN_MAX - spec->fields_len;
	seen->turn = SEEN_BLOCK;
	seen->last = NONE;
	return seen;
}

void
seen_free(struct seen *seen)
{
	if (!seen)
		return;
	for (unsigned i = 0; i < seen->fields_len; i++)
		free(seen->fields[i].path);
	free(seen);
}

const char *
seen_type_name(enum seen_type type)
{
	static const char *const names[SEEN_TYPES] = {
	    [SEEN_NULL] = "null",       [SEEN_BOOLEAN] = "boolean",
	    [SEEN_INTEGER] = "integer", [SEEN_NUMBER] = "number",
	    [SEEN_STRING] = "string",   [SEEN_OBJECT] = "object",
	    [SEEN_ARRAY] = "array",
	};

	return names[type];
}

/* ---- Fields ---- */

/* Whether a field of the pipeline has this path. */
static bool
is_known(const struct event_spec *spec, const char *path, size_t size)
{
	for (unsigned f = 0; f < spec->fields_len; f++) {
		const struct field *field = &spec->fields[f];
		const char *at = path, *end = path + size;
		unsigned k = 0;

		for (; k < field->path_len; k++) {
			size_t key = strlen(field->path[k]);

			if (k > 0 && (at == end || *at++ != '.'))
				break;
			if ((size_t)(end - at) < key ||
			    memcmp(at, field->path[k], key) != 0)
				break;
			at += key;
		}
		if (k == field->path_len && at == end)
			return true;
	}
	return false;
}

static bool
has_path(const struct seen_field *field, const char *path, size_t size)
{
	return field->size == size && bytes_equal(field->path, path, size);
}

/* Where the path is in the table, or would be. */
static uint16_t *
table_place(struct seen *seen, const char *path, size_t size)
{
	const size_t mask = sizeof(seen->table) / sizeof(seen->table[0]) - 1;
	size_t at = hash64(path, size) & mask;

	while (seen->table[at] &&
	       !has_path(&seen->fields[seen->table[at] - 1], path, size))
		at = (at + 1) & mask;
	return &seen->table[at];
}

/* The field's index; NONE. Events of one producer have one order. */
static unsigned
find(struct seen *seen, const char *path, size_t size)
{
	unsigned i = seen->last == NONE ? 0 : seen->fields[seen->last].next;

	if (i >= seen->fields_len || !has_path(&seen->fields[i], path, size)) {
		i = *table_place(seen, path, size);
		if (i-- == 0)
			return NONE;
	}
	if (seen->last != NONE)
		seen->fields[seen->last].next = i;
	seen->last = i;
	return i;
}

static struct seen_field *
add(struct seen *seen, const char *path, size_t size, bool known)
{
	struct seen_field *field = &seen->fields[seen->fields_len++];

	*table_place(seen, path, size) = (uint16_t)seen->fields_len;
	seen->foreign_len += !known;
	field->path = xstrndup(path, size);
	field->size = (uint32_t)size;
	field->known = known;
	field->first.offset = field->last.offset = -1;
	return field;
}

/* NONE: there is no place for it. */
static unsigned
find_or_add(struct seen *seen, const char *path, size_t size)
{
	unsigned i;
	bool known;

	if (size > SEEN_PATH_MAX)
		return NONE;
	i = find(seen, path, size);
	if (i != NONE)
		return i;
	known = is_known(seen->spec, path, size);
	if (!known && seen->foreign_len >= seen->foreign_max)
		return NONE;
	add(seen, path, size, known);
	return seen->fields_len - 1;
}

/* ---- Changes ---- */

static void
change(struct seen *seen, enum seen_change_kind kind, unsigned field,
       enum seen_type type, struct position position)
{
	int64_t number = ++seen->changes;

	seen->log[number % SEEN_CHANGES] = (struct seen_change){
	    .number = number,
	    .kind = kind,
	    .type = type,
	    .field = field,
	    .position = position,
	    .time_ms = seen->now_ms,
	};
}

static bool
is_new_type(const struct seen_field *field, enum seen_type type)
{
	unsigned others = field->met & ~(1u << SEEN_NULL);

	if (type == SEEN_NULL || !others || field->met & 1u << type)
		return false;
	return type != SEEN_INTEGER || !(others & 1u << SEEN_NUMBER);
}

/* The event that is being counted has the field, perhaps as never before. */
static void
meet(struct seen *seen, unsigned index, enum seen_type type)
{
	struct seen_field *field = &seen->fields[index];
	bool judged = seen->events > SEEN_LEARNING;

	if (field->first.offset < 0 || field->gone) {
		if (judged)
			change(seen, SEEN_APPEARED, index, type, seen->at);
		if (field->first.offset < 0)
			field->first = seen->at;
		field->gone = false;
		field->changed = true;
	} else if (judged && is_new_type(field, type)) {
		change(seen, SEEN_TYPE, index, type, seen->at);
	}
	field->met |= 1u << type;
}

/* ---- An event that was read as a whole ---- */

size_t
seen_path_add(char path[SEEN_PATH_MAX], size_t size, unsigned keys,
	      const char *key, size_t key_size)
{
	size_t dot = keys > 0;

	if (size + dot > SEEN_PATH_MAX || key_size > SEEN_PATH_MAX - size - dot)
		return SEEN_PATH_MAX + 1;
	if (dot)
		path[size] = '.';
	memcpy(path + size + dot, key, key_size);
	return size + dot + key_size;
}

void
seen_begin(struct seen *seen)
{
	seen->events++;
	seen->last = NONE;
}

void
seen_add(struct seen *seen, const char *path, size_t size, enum seen_type type)
{
	unsigned index = find_or_add(seen, path, size);
	struct seen_field *field;

	if (index == NONE) {
		seen->beyond++;
		return;
	}
	field = &seen->fields[index];
	if (field->last_event == seen->events)
		return;
	meet(seen, index, type);
	field->events++;
	field->types[type]++;
	field->last = seen->at;
	field->last_event = seen->events;
	field->changed = true;
}

void
seen_end(struct seen *seen)
{
	if (seen->events == seen->turn)
		seen_turn(seen);
}

/* ---- Events that have the same fields ---- */

static const uint8_t seen_types[] = {
    [DECODED_NULL] = SEEN_NULL,   [DECODED_BOOL] = SEEN_BOOLEAN,
    [DECODED_INT] = SEEN_INTEGER, [DECODED_UINT] = SEEN_INTEGER,
    [DECODED_REAL] = SEEN_NUMBER, [DECODED_TEXT] = SEEN_STRING,
};

/* A field that comes again is then met as if for the first time. */
static void
forget_variants(struct seen_kind *kind)
{
	kind->variants_len = kind->oldest = 0;
	kind->current = &kind->variants[0];
	/* No signature: there is no such type. */
	memset(kind->current->signature, 0xff,
	       sizeof(kind->current->signature));
}

struct seen_kind *
seen_kind_new(struct seen *seen)
{
	struct seen_kind *kind = xcalloc(1, sizeof(*kind));

	kind->seen = seen;
	kind->next = seen->kinds;
	seen->kinds = kind;
	seen->last = NONE;
	forget_variants(kind);
	return kind;
}

static void
count_field(struct seen_kind *kind, const struct seen_variant *v,
	    unsigned index, enum seen_type type)
{
	struct seen_field *field = &kind->seen->fields[index];

	field->events += v->events;
	field->types[type] += v->events;
	field->changed = true;
	if (v->event > field->last_event) {
		field->last_event = v->event;
		field->last = v->at;
	}
}

static void
settle_variant(struct seen_kind *kind, struct seen_variant *v)
{
	if (v->events == 0)
		return;
	for (unsigned i = 0; i < kind->slots_len; i++)
		if (kind->slots[i] >= 0)
			count_field(kind, v, (unsigned)kind->slots[i],
				    v->types[i]);
	for (unsigned i = 0; i < kind->wholes_len; i++)
		count_field(kind, v, kind->wholes[i].field,
			    kind->wholes[i].type);
	kind->seen->beyond += kind->beyond * v->events;
	v->events = 0;
}

static void
settle_kind(struct seen_kind *kind)
{
	for (unsigned i = 0; i < kind->variants_len; i++)
		settle_variant(kind, &kind->variants[i]);
}

void
seen_kind_free(struct seen_kind *kind)
{
	struct seen_kind **at;

	if (!kind)
		return;
	settle_kind(kind);
	for (at = &kind->seen->kinds; *at != kind;)
		at = &(*at)->next;
	*at = kind->next;
	free(kind->wholes);
	free(kind);
}

/* -1: there is no place for it, or it stands there twice. */
static int
kind_field(struct seen_kind *kind, const char *path, size_t size)
{
	unsigned index =
	    size > SEEN_PATH_MAX ? NONE : find(kind->seen, path, size);

	if (index == NONE) {
		kind->beyond++;
		return -1;
	}
	if (kind->has[index])
		return -1;
	kind->has[index] = true;
	return (int)index;
}

void
seen_kind_whole(struct seen_kind *kind, const char *path, size_t size,
		enum seen_type type)
{
	int index = kind_field(kind, path, size);

	if (index < 0)
		return;
	kind->wholes = xrealloc(kind->wholes, (kind->wholes_len + 1) *
						  sizeof(kind->wholes[0]));
	kind->wholes[kind->wholes_len++] =
	    (struct seen_whole){(unsigned)index, type};
}

void
seen_kind_slot(struct seen_kind *kind, const char *path, size_t size)
{
	kind->slots[kind->slots_len++] =
	    path ? kind_field(kind, path, size) : -1;
	kind->last_word = kind->slots_len / SEEN_PER_WORD;
}

/* A set of types that is new, or not among the last ones. */
static struct seen_variant *
add_variant(struct seen_kind *kind, const uint64_t *signature)
{
	struct seen_variant *v;

	if (kind->variants_len < SEEN_VARIANTS) {
		v = &kind->variants[kind->variants_len++];
	} else {
		v = &kind->variants[kind->oldest];
		kind->oldest = (kind->oldest + 1) % SEEN_VARIANTS;
		settle_variant(kind, v);
	}
	memcpy(v->signature, signature,
	       (kind->last_word + 1) * sizeof(*signature));
	for (unsigned i = 0; i < kind->slots_len; i++) {
		unsigned word = i / SEEN_PER_WORD;
		unsigned in_word = kind->slots_len - word * SEEN_PER_WORD;
		unsigned behind; /* slots in the word, behind this one */

		if (in_word > SEEN_PER_WORD)
			in_word = SEEN_PER_WORD;
		behind = in_word - 1 - i % SEEN_PER_WORD;
		v->types[i] = seen_types[signature[word] >> SEEN_BITS * behind &
					 ((1u << SEEN_BITS) - 1)];
		if (kind->slots[i] >= 0)
			meet(kind->seen, (unsigned)kind->slots[i], v->types[i]);
	}
	for (unsigned i = 0; i < kind->wholes_len; i++)
		meet(kind->seen, kind->wholes[i].field, kind->wholes[i].type);
	return v;
}

struct seen_variant *
seen_kind_turn(struct seen_kind *kind, const uint64_t *signature)
{
	size_t size = (kind->last_word + 1) * sizeof(*signature);

	for (unsigned i = 0; i < kind->variants_len; i++) {
		struct seen_variant *v = &kind->variants[i];

		if (memcmp(v->signature, signature, size) == 0)
			return kind->current = v;
	}
	return kind->current = add_variant(kind, signature);
}

/* ---- Blocks ---- */

static bool
is_past(const struct seen *seen, const struct seen_field *field)
{
	return !seen->read_to ||
	       seen->read_to(seen->read_ctx, field->last.partition) -
		       field->last.offset >
		   SEEN_BLOCK;
}

void
seen_turn(struct seen *seen)
{
	bool vanished = false;

	seen_settle(seen);
	for (unsigned i = 0; i < seen->fields_len; i++) {
		struct seen_field *field = &seen->fields[i];
		int64_t events = field->events - field->before;

		if (events >= SEEN_BLOCK / 2 && !field->usual) {
			field->usual = field->changed = true;
		} else if (events == 0 && field->usual &&
			   is_past(seen, field)) {
			field->usual = false;
			field->gone = field->changed = vanished = true;
			change(seen, SEEN_VANISHED, i, SEEN_NULL, field->last);
		}
		field->before = field->events;
	}
	for (struct seen_kind *kind = seen->kinds; vanished && kind;
	     kind = kind->next)
		forget_variants(kind);
	seen->turn += SEEN_BLOCK;
}

/* ---- For who stores it ---- */

void
seen_settle(struct seen *seen)
{
	for (struct seen_kind *kind = seen->kinds; kind; kind = kind->next)
		settle_kind(kind);
}

void
seen_committed(struct seen *seen)
{
	for (unsigned i = 0; i < seen->fields_len; i++)
		seen->fields[i].changed = false;
	seen->committed_changes = seen->changes;
}

struct seen_field *
seen_load(struct seen *seen, const char *path, size_t size)
{
	bool known = is_known(seen->spec, path, size);

	if (size > SEEN_PATH_MAX || seen->fields_len == SEEN_MAX ||
	    (!known && seen->foreign_len >= seen->foreign_max) ||
	    find(seen, path, size) != NONE)
		return NULL;
	return add(seen, path, size, known);
}

void
seen_loaded(struct seen *seen)
{
	for (unsigned i = 0; i < seen->fields_len; i++) {
		struct seen_field *field = &seen->fields[i];

		for (unsigned t = 0; t < SEEN_TYPES; t++)
			field->met |= (unsigned)(field->types[t] > 0) << t;
	}
	seen->last = NONE;
	seen->turn = (seen->events / SEEN_BLOCK + 1) * SEEN_BLOCK;
	seen->committed_changes = seen->changes;
}
