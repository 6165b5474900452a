#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "event/shape.h"

#define SHAPES       8 /* learned last; more kinds of events are rare */
#define SLOTS_MAX    SEEN_SLOTS /* values of an event */
#define TEXT_MAX     2048       /* bytes around them */
#define DEPTH_MAX    16
#define DIGITS_MAX   18 /* of an integer: always fits 64 bits */
#define EXACT_MAX    15 /* digits of a fraction: exact in a double */
#define DECIMALS_MAX 15 /* so are the powers of ten up to 10^22 */
#define WORD         8
/*
 * When so many messages fitted none, only one in so many is tried. Behind one
 * from which there was nothing to learn, so many are not learned from.
 */
#define FUTILE 64

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A value, and the bytes in front of it. */
struct slot {
	uint32_t literal, literal_size; /* in text */
	int field;                      /* the first that it is for; -1: none */
};

struct shape {
	struct slot slots[SLOTS_MAX];
	unsigned slots_len;
	uint32_t tail, tail_size; /* behind the last value */
	uint32_t missing;         /* fields that are not in it, as bits */
	uint32_t text_size;
	char text[TEXT_MAX + WORD]; /* all the literals; a word is readable
				       from any byte of them */
	struct seen_kind *kind;     /* its fields; NULL: nobody counts */
};

struct shapes {
	const struct event_spec *spec;
	struct seen *seen;             /* NULL: nobody counts */
	int same[PIPELINE_FIELDS_MAX]; /* next field with this path; -1 */
	struct shape *shapes[SHAPES];
	unsigned len, last, oldest;
	unsigned futile; /* messages since one fitted */
	unsigned pause;  /* messages that are not to be learned from */
};

static bool
same_path(const struct field *a, const struct field *b)
{
	if (a->path_len != b->path_len)
		return false;
	for (unsigned i = 0; i < a->path_len; i++)
		if (strcmp(a->path[i], b->path[i]) != 0)
			return false;
	return true;
}

struct shapes *
shapes_new(const struct event_spec *spec)
{
	struct shapes *shapes = xcalloc(1, sizeof(*shapes));

	shapes->spec = spec;
	for (unsigned i = 0; i < spec->fields_len; i++) {
		shapes->same[i] = -1;
		for (unsigned j = spec->fields_len; --j > i;)
			if (same_path(&spec->fields[i], &spec->fields[j]))
				shapes->same[i] = (int)j;
	}
	return shapes;
}

static void
shape_free(struct shape *shape)
{
	seen_kind_free(shape->kind);
	free(shape);
}

void
shapes_free(struct shapes *shapes)
{
	if (!shapes)
		return;
	for (unsigned i = 0; i < shapes->len; i++)
		shape_free(shapes->shapes[i]);
	free(shapes);
}

void
shapes_watch(struct shapes *shapes, struct seen *seen)
{
	shapes->seen = seen;
}

/* ---- Reading ---- */

static inline bool
same_bytes(const char *at, const char *end, const char *literal, size_t size)
{
	size_t left = (size_t)(end - at), i = 0;

	if (left < size)
		return false;
	if (left < WORD)
		return memcmp(at, literal, size) == 0;
	for (; i + WORD <= size; i += WORD)
		if (get_u64(at + i) != get_u64(literal + i))
			return false;
	if (i == size)
		return true;
	/* The rest: the last word of the literal, or the first of both. */
	if (size >= WORD)
		return get_u64(at + size - WORD) ==
		       get_u64(literal + size - WORD);
	return (get_u64(at) ^ get_u64(literal)) << 8 * (WORD - size) == 0;
}

static inline uint64_t
zero_bytes(uint64_t word)
{
	return (word - EACH(0x01)) & ~word & EACH(0x80);
}

/*
 * The quote behind a text; NULL when something else comes first that may not
 * stand there, or not as it is: control characters, escapes, what is not ASCII.
 *
 * In each of the masks the lowest bit is exact; those above it may be wrong.
 */
static inline const char *
text_end(const char *at, const char *end)
{
	for (; end - at >= WORD; at += WORD) {
		uint64_t word = get_u64(at);
		uint64_t stop = zero_bytes(word ^ EACH('"')) |
				zero_bytes(word ^ EACH('\\')) |
				((word - EACH(' ')) & ~word & EACH(0x80)) |
				(word & EACH(0x80));

		if (stop) {
			at += __builtin_ctzll(stop) / 8;
			return *at == '"' ? at : NULL;
		}
	}
	for (; at < end; at++)
		if (*at == '"' || *at == '\\' || *at < ' ' || *at > '~')
			return *at == '"' ? at : NULL;
	return NULL;
}

static inline bool
eight_digits(uint64_t word)
{
	return ((word & EACH(0xf0)) |
		((word + EACH(0x06)) & EACH(0xf0)) >> 4) == EACH(0x33);
}

/* Pairs of digits, then pairs of these, then of these; little-endian. */
static inline uint64_t
eight_value(uint64_t word)
{
	word = (word & EACH(0x0f)) * (1 + (10 << 8)) >> 8;
	word = (word & UINT64_C(0x00ff00ff00ff00ff)) * (1 + (100 << 16)) >> 16;
	return (word & UINT64_C(0x0000ffff0000ffff)) *
		   (1 + (UINT64_C(10000) << 32)) >>
	       32;
}

static inline const char *
digits_end(const char *at, const char *end, uint64_t *number)
{
	for (; end - at >= WORD && eight_digits(get_u64(at)); at += WORD)
		*number = *number * 100000000 + eight_value(get_u64(at));
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	return at;
}

/* The end of a number whose value is certain; NULL: it may be one. */
static const char *
take_number(const char *at, const char *end, struct decoded *value)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
					1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
					1e12, 1e13, 1e14, 1e15};
	bool negative = *at == '-';
	uint64_t number = 0;
	const char *digits = at + negative, *point;

	at = digits_end(digits, end, &number);
	if (at == digits || at - digits > DIGITS_MAX ||
	    (*digits == '0' && at - digits > 1))
		return NULL;
	if (at < end && *at == '.') {
		point = at;
		at = digits_end(point + 1, end, &number);
		if (at == point + 1 || at - digits - 1 > EXACT_MAX)
			return NULL;
		value->type = DECODED_REAL;
		value->d = (double)number / powers[at - point - 1];
		if (negative)
			value->d = -value->d;
	} else if (negative && number == 0) {
		return NULL;
	} else {
		value->type = DECODED_INT;
		value->i = negative ? -(int64_t)number : (int64_t)number;
	}
	return at;
}

/* `word` and its NUL have up to eight bytes. */
static const char *
take_word(const char *at, const char *end, const char *word, size_t size)
{
	if ((size_t)(end - at) < size || memcmp(at, word, size) != 0)
		return NULL;
	return at + size;
}

/* What follows is compared with the next literal, which ends a number. */
static inline const char *
take_value(const char *at, const char *end, struct decoded *value)
{
	const char *start = at + 1;

	if (at == end)
		return NULL;
	switch (*at) {
	case '"':
		at = text_end(start, end);
		if (!at)
			return NULL;
		value->type = DECODED_TEXT;
		value->text.data = start;
		value->text.size = (size_t)(at - start);
		return at + 1;
	case 't':
		value->type = DECODED_BOOL;
		value->i = 1;
		return take_word(at, end, "true", 4);
	case 'f':
		value->type = DECODED_BOOL;
		value->i = 0;
		return take_word(at, end, "false", 5);
	case 'n':
		value->type = DECODED_NULL;
		return take_word(at, end, "null", 4);
	default:
		return take_number(at, end, value);
	}
}

static bool
shape_decode(const struct shapes *shapes, const struct shape *shape,
	     const char *at, const char *end, struct decoded *values)
{
	uint64_t signature[SEEN_WORDS], types = 0;

	for (unsigned i = 0; i < shape->slots_len; i++) {
		const struct slot *slot = &shape->slots[i];
		struct decoded ignored, *value = &ignored;

		if (!same_bytes(at, end, shape->text + slot->literal,
				slot->literal_size))
			return false;
		if (slot->field >= 0)
			value = &values[slot->field];
		at = take_value(at + slot->literal_size, end, value);
		if (!at)
			return false;
		types = types << SEEN_BITS | value->type;
		if ((i + 1) % SEEN_PER_WORD == 0) {
			signature[i / SEEN_PER_WORD] = types;
			types = 0;
		}
		if (slot->field < 0)
			continue;
		for (int f = shapes->same[slot->field]; f >= 0;
		     f = shapes->same[f])
			values[f] = *value;
	}
	if ((size_t)(end - at) != shape->tail_size ||
	    !same_bytes(at, end, shape->text + shape->tail, shape->tail_size))
		return false;
	for (uint32_t bits = shape->missing; bits; bits &= bits - 1)
		values[__builtin_ctz(bits)].type = DECODED_ABSENT;
	signature[shape->slots_len / SEEN_PER_WORD] = types;
	if (shape->kind)
		seen_count(shape->kind, signature);
	return true;
}

bool
shapes_decode(struct shapes *shapes, const char *data, size_t size,
	      struct decoded *values)
{
	const char *end = data + size;

	if (shapes->futile > FUTILE && shapes->futile % FUTILE) {
		shapes->futile++;
		return false;
	}
	for (unsigned i = 0; i < shapes->len; i++) {
		unsigned n = (shapes->last + i) % shapes->len;

		if (!shape_decode(shapes, shapes->shapes[n], data, end, values))
			continue;
		shapes->last = n;
		shapes->futile = 0;
		return true;
	}
	shapes->futile++;
	return false;
}

/* ---- Learning ---- */

/* A message of which is known that it is JSON, being cut into its values. */
struct learning {
	struct shapes *shapes;
	struct shape *shape;
	const char *at, *end;
	const char *literal;         /* behind the last value */
	struct text path[DEPTH_MAX]; /* keys from the outside in */
	unsigned depth, arrays;      /* objects and arrays around */
};

static void
skip_space(struct learning *l)
{
	while (*l->at == ' ' || *l->at == '\t' || *l->at == '\n' ||
	       *l->at == '\r')
		l->at++;
}

/* The path as that of a field is told; NULL: it is none. */
static const char *
path_here(const struct learning *l, char path[SEEN_PATH_MAX], size_t *size)
{
	*size = 0;
	if (l->arrays || l->depth == 0 || l->depth > SEEN_DEPTH_MAX)
		return NULL;
	for (unsigned i = 0; i < l->depth; i++)
		*size = seen_path_add(path, *size, i, l->path[i].data,
				      l->path[i].size);
	return path;
}

/* The field at the path, or -1; *below: there are some further in. */
static int
field_here(const struct learning *l, bool *below)
{
	const struct event_spec *spec = l->shapes->spec;
	int found = -1;

	*below = false;
	if (l->arrays)
		return -1;
	for (unsigned f = spec->fields_len; f-- > 0;) {
		const struct field *field = &spec->fields[f];
		unsigned n = 0;

		while (n < field->path_len && n < l->depth &&
		       strlen(field->path[n]) == l->path[n].size &&
		       memcmp(field->path[n], l->path[n].data,
			      l->path[n].size) == 0)
			n++;
		if (n < l->depth)
			continue;
		if (field->path_len > l->depth) {
			*below = true;
			continue;
		}
		found = (int)f;
	}
	return found;
}

static bool
keep_literal(struct learning *l, uint32_t *at, uint32_t *size)
{
	struct shape *shape = l->shape;
	size_t n = (size_t)(l->at - l->literal);

	if (n > TEXT_MAX - shape->text_size)
		return false;
	*at = shape->text_size;
	*size = (uint32_t)n;
	memcpy(shape->text + shape->text_size, l->literal, n);
	shape->text_size += (uint32_t)n;
	return true;
}

static void
skip_text(struct learning *l)
{
	for (l->at++; *l->at != '"'; l->at++)
		if (*l->at == '\\')
			l->at++;
	l->at++;
}

static bool
learn_scalar(struct learning *l)
{
	struct shape *shape = l->shape;
	struct slot *slot = &shape->slots[shape->slots_len];
	char path[SEEN_PATH_MAX];
	size_t size;
	bool below;

	if (shape->slots_len == SLOTS_MAX)
		return false;
	slot->field = field_here(l, &below);
	if (below || !keep_literal(l, &slot->literal, &slot->literal_size))
		return false;
	shape->slots_len++;
	if (shape->kind) {
		const char *name = path_here(l, path, &size);

		seen_kind_slot(shape->kind, name, size);
	}
	for (int f = slot->field; f >= 0; f = l->shapes->same[f])
		shape->missing &= ~(UINT32_C(1) << f);
	if (*l->at == '"')
		skip_text(l);
	else
		while (l->at < l->end && !strchr(",]} \t\r\n", *l->at))
			l->at++;
	l->literal = l->at;
	return true;
}

/* A key and its colon; one with escapes is spelled in too many ways. */
static bool
learn_key(struct learning *l)
{
	struct text *key = &l->path[l->depth - 1];

	skip_space(l);
	key->data = l->at + 1;
	skip_text(l);
	key->size = (size_t)(l->at - 1 - key->data);
	skip_space(l);
	l->at++;
	return !memchr(key->data, '\\', key->size);
}

/*
 * A value: one that changes, or an object or array with further ones. What
 * stands where the pipeline has no value, or where one is no value, is for
 * json-decode.h.
 */
static bool
learn_value(struct learning *l)
{
	struct seen_kind *kind = l->shape->kind;
	char path[SEEN_PATH_MAX];
	bool object, below;
	size_t size;

	skip_space(l);
	object = *l->at == '{';
	if (!object && *l->at != '[')
		return learn_scalar(l);
	if (field_here(l, &below) >= 0 || (below && !object) ||
	    l->depth == DEPTH_MAX)
		return false;
	if (kind && path_here(l, path, &size))
		seen_kind_whole(kind, path, size,
				object ? SEEN_OBJECT : SEEN_ARRAY);
	l->at++;
	skip_space(l);
	if (*l->at == (object ? '}' : ']')) {
		l->at++;
		return true;
	}
	l->arrays += !object;
	l->depth++;
	l->path[l->depth - 1] = (struct text){"", 0};
	for (;;) {
		if (object && !learn_key(l))
			return false;
		if (!learn_value(l))
			return false;
		skip_space(l);
		if (*l->at++ != ',')
			break;
	}
	l->depth--;
	l->arrays -= !object;
	return true;
}

/* It was not the shape that a message did not fit, but one of its values. */
static bool
is_known(const struct shapes *shapes, const struct shape *shape)
{
	for (unsigned i = 0; i < shapes->len; i++) {
		const struct shape *old = shapes->shapes[i];

		if (old->slots_len == shape->slots_len &&
		    old->text_size == shape->text_size &&
		    old->tail == shape->tail &&
		    old->missing == shape->missing &&
		    memcmp(old->slots, shape->slots,
			   shape->slots_len * sizeof(shape->slots[0])) == 0 &&
		    memcmp(old->text, shape->text, shape->text_size) == 0)
			return true;
	}
	return false;
}

void
shapes_learn(struct shapes *shapes, const char *data, size_t size)
{
	struct learning l = {
	    .shapes = shapes, .at = data, .end = data + size, .literal = data};
	struct shape *shape;
	bool learned;

	if (shapes->futile > FUTILE && shapes->futile % FUTILE != 1)
		return;
	if (shapes->pause) {
		shapes->pause--;
		return;
	}
	shape = xcalloc(1, sizeof(*shape));
	l.shape = shape;
	if (shapes->seen)
		shape->kind = seen_kind_new(shapes->seen);
	shape->missing = shapes->spec->fields_len == 32
			     ? UINT32_MAX
			     : (UINT32_C(1) << shapes->spec->fields_len) - 1;
	learned = learn_value(&l);
	l.at = l.end;
	if (!learned || !keep_literal(&l, &shape->tail, &shape->tail_size) ||
	    is_known(shapes, shape)) {
		shapes->pause = FUTILE;
		shape_free(shape);
		return;
	}
	if (shapes->len < SHAPES) {
		shapes->last = shapes->len++;
	} else {
		shapes->last = shapes->oldest;
		shapes->oldest = (shapes->oldest + 1) % SHAPES;
		shape_free(shapes->shapes[shapes->last]);
	}
	shapes->shapes[shapes->last] = shape;
}
