/*
 * How an event is written: making a writer cuts the event into parts, one a
 * field, each of a literal (brackets, keys, quotes, the fixed beginning of the
 * value) and a value that changes. Writing copies the literals in blocks of 16
 * bytes, past their ends, and writes digits between them; nothing is looked up,
 * escaped or allocated.
 *
 * When a field begins or ends, the event is laid out anew. A part that is not
 * written keeps its place among the others and is drawn all the same, so that
 * their values do not depend on it.
 *
 * The pipeline's own faults (gen_fault) replace values in the written event.
 *
 * How an event is damaged: it is written whole, then edited. The faults and
 * what they are applied to are listed when it is laid out, so that each
 * really breaks a rule of the pipeline (event/event.h). Damage and the
 * pipeline's faults have random streams of their own: the other events of a
 * seed do not depend on their shares.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generate/generate.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "generate/distribution.h"

#define BLOCK      16 /* bytes that are copied at once */
#define DIGITS_MAX 20 /* of a 64-bit number, its sign included */
#define UUID_SIZE  36
/* Strings longer than this are not made too long: that would be large. */
#define TOO_LONG_MAX 4096
/* Random streams of other things are this far from those of events. */
#define DAMAGE_STREAM (UINT64_C(1) << 32)
#define SPIKE_STREAM  (UINT64_C(1) << 33)
#define FAULT_STREAM  (UINT64_C(1) << 34)

enum part_kind {
	PART_FIXED, /* the literal is all of it */
	PART_RANK,  /* draw + 1 */
	PART_SPIKE, /* the same, or now and then the one in the middle */
	PART_RANGE,
	PART_SEQUENCE,
	PART_TIME,
	PART_TEXT, /* one of texts, by draw */
	PART_UUID,
	PART_HIDDEN, /* drawn and not written */
};

struct part {
	enum part_kind kind; /* as it is written now */
	enum part_kind own;  /* as it is drawn: not as a spike, not hidden */
	unsigned width;      /* numbers: at least so many digits */
	const char *literal; /* before what changes */
	size_t literal_size;
	size_t lead;  /* bytes of the value at the literal's end */
	size_t trail; /* bytes of it at the beginning of the next literal */
	struct distribution distribution;
	double exponent; /* of the distribution, if it is Zipf's */
	struct distribution_draw ahead; /* for the next event */
	int64_t min, max, next;
	uint64_t range; /* max - min + 1 */
	enum time_unit unit;
	struct text *texts; /* as JSON, BLOCK readable bytes behind each */

	unsigned field;
	size_t name_size;  /* "name": in bytes; stands before the value */
	size_t drawn_max;  /* bytes of what changes */
	size_t value_max;  /* bytes of the value, faults included */
	size_t start, end; /* of the value in the event written last */
};

/* What a fault does to an event. */
enum edit {
	EDIT_CUT,     /* ends anywhere before its end */
	EDIT_REMOVE,  /* a member is left out */
	EDIT_REPLACE, /* a value becomes text */
	EDIT_REPEAT,  /* a member is there twice */
};

struct damage {
	enum edit edit;
	unsigned part;
	char *text;
	size_t size;
};

/* A kind of fault, and the ways to bring it about. */
struct fault {
	struct damage *damages;
	unsigned len;
};

/* docs/pipelines.md lists them in this order; each is as likely. */
enum {
	FAULT_TRUNCATED,
	FAULT_MISSING,
	FAULT_WRONG_TYPE,
	FAULT_OUT_OF_RANGE,
	FAULT_NOT_ONE_OF,
	FAULT_TOO_LONG,
	FAULT_BAD_TIME,
	FAULT_DUPLICATE_KEY,
	FAULT_NONE_OF,
	FAULTS,
};

/* A fault of the pipeline. */
struct planted {
	unsigned part;
	double share;
	struct buf text; /* as JSON; without data: a minus sign in front */
	uint32_t later;  /* those behind it that win over it, a bit each */
};

struct writer {
	const struct pipeline *pipeline;
	/* Laid out for events of phase_ms from phase_begin_ms on. */
	int64_t begin_ms, phase_begin_ms;
	uint64_t phase_ms;
	bool hidden[PIPELINE_FIELDS_MAX]; /* parallel to the event's fields */
	struct part parts[PIPELINE_FIELDS_MAX];
	unsigned parts_len;
	const char *tail; /* the literal behind the last part */
	size_t tail_size;
	int key_part; /* -1: no key */
	bool key_quoted;
	double bad_share;
	int spike_field; /* -1: none has a spike */
	double spike_share;
	bool spiking;
	struct planted planted[GEN_FAULTS_MAX];
	unsigned planted_len;
	struct random random, damage_random, spike_random, fault_random;
	struct buf literals;
	struct fault faults[FAULTS]; /* those that there are, first */
	unsigned faults_len;
	size_t event_max; /* bytes, undamaged */
	size_t max_bytes; /* the same, damaged */
};

/* ---- Writing ---- */

/*
 * A number below 10^8 as eight digits, the first in the lowest byte: halved
 * into parts of four digits, these of two, these of one, all at once. The
 * factors divide by 100 and by 10 what fits the parts.
 */
static uint64_t
eight_digits(uint64_t number)
{
	uint64_t parts = number / 10000 | number % 10000 << 32;
	uint64_t high = parts * 10486 >> 20 & UINT64_C(0x0000007f0000007f);

	parts = high | (parts - 100 * high) << 16;
	high = parts * 103 >> 10 & UINT64_C(0x000f000f000f000f);
	return (high | (parts - 10 * high) << 8) + UINT64_C(0x3030303030303030);
}

/* Up to seven bytes more than the number's are written. */
static char *
put_number(char *to, uint64_t number, unsigned width)
{
	const uint64_t limit = 100000000;
	uint64_t digits;
	unsigned zeros;

	if (number >= limit) {
		to = put_number(to, number / limit, width < 8 ? 0 : width - 8);
		put_u64(to, eight_digits(number % limit));
		return to + 8;
	}
	for (; width > 8; width--)
		*to++ = '0';
	digits = eight_digits(number);
	/* Of the zeros in front, as many as the width asks for are written. */
	zeros = number ? (unsigned)__builtin_ctzll(
			     digits & ~UINT64_C(0x3030303030303030)) /
			     8
		       : 7;
	if (zeros > 8 - width)
		zeros = 8 - width;
	put_u64(to, digits >> 8 * zeros);
	return to + 8 - zeros;
}

static char *
put_signed(char *to, int64_t number, unsigned width)
{
	if (number >= 0)
		return put_number(to, (uint64_t)number, width);
	*to++ = '-';
	return put_number(to, -(uint64_t)number, 0);
}

/* Both sides have up to BLOCK - 1 bytes more than size. */
static inline char *
put_blocks(char *to, const char *from, size_t size)
{
	char *end = to + size;

	do {
		memcpy(to, from, BLOCK);
		to += BLOCK;
		from += BLOCK;
	} while (to < end);
	return end;
}

static char *
put_time(char *to, int64_t time_ms, enum time_unit unit)
{
	switch (unit) {
	case TIME_S:
		return put_signed(to, time_ms / 1000, 0);
	case TIME_MS:
		return put_signed(to, time_ms, 0);
	case TIME_US:
		return put_signed(to, (int64_t)((uint64_t)time_ms * 1000), 0);
	case TIME_NS:
		return put_signed(to, (int64_t)((uint64_t)time_ms * 1000000),
				  0);
	}
	return to;
}

/*
 * Draws are made an event ahead, in the order of the parts: large distributions
 * are not in the cache, and have come from memory when they are needed.
 */
static inline void
draw_ahead(struct writer *w, struct part *part, enum part_kind own)
{
	if (own == PART_RANK || own == PART_TEXT)
		part->ahead =
		    distribution_draw_ahead(&part->distribution, &w->random);
	else if (own == PART_RANGE)
		part->ahead.cell = random_below(&w->random, part->range);
}

static inline uint64_t
drawn(struct writer *w, struct part *part, enum part_kind own)
{
	uint64_t number =
	    own == PART_RANGE
		? part->ahead.cell
		: distribution_drawn(&part->distribution, &part->ahead);

	draw_ahead(w, part, own);
	return number;
}

/* What is drawn from a field with a spike; the others' draws stay the same. */
static uint64_t
drawn_in_spike(struct writer *w, struct part *part)
{
	uint64_t number = drawn(w, part, PART_RANK);

	if (random_double(&w->spike_random) < w->spike_share)
		number = part->distribution.count / 2;
	return number;
}

static int64_t
drawn_in_turn(struct part *part)
{
	int64_t number = part->next;

	part->next = number < part->max ? number + 1 : part->min;
	return number;
}

/* Eight digits of a number in base 16, the first in the lowest byte. */
static uint64_t
eight_digits_16(uint32_t number)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t digits = __builtin_bswap32(number), letters;

	digits = (digits | digits << 16) & UINT64_C(0x0000ffff0000ffff);
	digits = (digits | digits << 8) & UINT64_C(0x00ff00ff00ff00ff);
	digits = (digits >> 4 | digits << 8) & 0xf * ones;
	/* Those from 10 on: 6 more would carry. */
	letters = (digits + 6 * ones) >> 4 & ones;
	return digits + '0' * ones + ('a' - '0' - 10) * letters;
}

/* A UUID of version 4 (RFC 9562, 5.4): all random but version and variant. */
static char *
put_uuid(char *to, struct random *random)
{
	uint64_t high = random_u64(random), low = random_u64(random), digits;

	high = (high & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	low = low >> 2 | UINT64_C(1) << 63;
	/* What is put too much the next one overwrites. */
	put_u64(to, eight_digits_16((uint32_t)(high >> 32)));
	to[8] = '-';
	digits = eight_digits_16((uint32_t)high);
	put_u64(to + 9, digits);
	to[13] = '-';
	put_u64(to + 14, digits >> 32);
	to[18] = '-';
	digits = eight_digits_16((uint32_t)(low >> 32));
	put_u64(to + 19, digits);
	to[23] = '-';
	put_u64(to + 24, digits >> 32);
	put_u64(to + 28, eight_digits_16((uint32_t)low));
	return to + UUID_SIZE;
}

/* Draws as if it were written. */
static void
pass_over(struct writer *w, struct part *part)
{
	draw_ahead(w, part, part->own);
	if (part->own == PART_SEQUENCE) {
		drawn_in_turn(part);
	} else if (part->own == PART_UUID) {
		random_u64(&w->random);
		random_u64(&w->random);
	}
}

static size_t
write_event(struct writer *w, int64_t time_ms, char *out)
{
	char *to = out;

	for (unsigned i = 0; i < w->parts_len; i++) {
		struct part *part = &w->parts[i];
		const struct text *text;

		to = put_blocks(to, part->literal, part->literal_size);
		part->start = (size_t)(to - out) - part->lead;
		switch (part->kind) {
		case PART_FIXED:
			break;
		case PART_RANK:
			to = put_number(to, drawn(w, part, PART_RANK) + 1,
					part->width);
			break;
		case PART_SPIKE:
			to = put_number(to, drawn_in_spike(w, part) + 1,
					part->width);
			break;
		case PART_RANGE:
			to = put_signed(
			    to, part->min + (int64_t)drawn(w, part, PART_RANGE),
			    part->width);
			break;
		case PART_SEQUENCE:
			to = put_signed(to, drawn_in_turn(part), part->width);
			break;
		case PART_TIME:
			to = put_time(to, time_ms, part->unit);
			break;
		case PART_TEXT:
			text = &part->texts[drawn(w, part, PART_TEXT)];
			to = put_blocks(to, text->data, text->size);
			break;
		case PART_UUID:
			to = put_uuid(to, &w->random);
			break;
		case PART_HIDDEN:
			pass_over(w, part);
			break;
		}
		part->end = (size_t)(to - out) + part->trail;
	}
	to = put_blocks(to, w->tail, w->tail_size);
	return (size_t)(to - out);
}

/* Replaces out[start, end) in an event of `size` bytes; returns its size. */
static size_t
splice(char *out, size_t size, size_t start, size_t end, const char *text,
       size_t text_size)
{
	memmove(out + start + text_size, out + end, size - end);
	if (text_size)
		memcpy(out + start, text, text_size);
	return size - (end - start) + text_size;
}

/* Whether a number as JSON writes it is nothing but zeros. */
static bool
is_zero(const char *text, const char *end)
{
	for (; text < end && *text != 'e' && *text != 'E'; text++)
		if (*text >= '1' && *text <= '9')
			return false;
	return true;
}

/* The parts' places stay right: the key and damage go by them. */
static size_t
plant(struct writer *w, const struct planted *planted, char *out, size_t size)
{
	struct part *part = &w->parts[planted->part], *end;
	const struct buf *text = &planted->text;
	size_t grown, before = size;

	if (part->kind == PART_HIDDEN)
		return size;
	if (text->data)
		size = splice(out, size, part->start, part->end, text->data,
			      text->size);
	else if (!is_zero(out + part->start, out + part->end))
		size = splice(out, size, part->start, part->start, "-", 1);
	/* It may be less than nothing; sizes wrap around. */
	grown = size - before;
	part->end += grown;
	for (end = &w->parts[w->parts_len], part++; part < end; part++) {
		part->start += grown;
		part->end += grown;
	}
	return size;
}

/* Each is drawn whether it counts or not. */
static size_t
plant_faults(struct writer *w, char *out, size_t size)
{
	uint32_t hits = 0;

	for (unsigned i = 0; i < w->planted_len; i++)
		if (random_double(&w->fault_random) < w->planted[i].share)
			hits |= UINT32_C(1) << i;
	for (unsigned i = 0; hits >> i; i++)
		if (hits >> i & 1 && !(hits & w->planted[i].later))
			size = plant(w, &w->planted[i], out, size);
	return size;
}

static size_t
damage_event(struct writer *w, char *out, size_t size)
{
	const struct fault *fault =
	    &w->faults[random_below(&w->damage_random, w->faults_len)];
	const struct damage *damage =
	    &fault->damages[random_below(&w->damage_random, fault->len)];
	const struct part *part = &w->parts[damage->part];
	size_t start = part->start, end = part->end;

	switch (damage->edit) {
	case EDIT_CUT:
		return 1 + random_below(&w->damage_random, size - 1);
	case EDIT_REPLACE:
		return splice(out, size, start, end, damage->text,
			      damage->size);
	case EDIT_REMOVE:
		start -= part->name_size;
		if (out[start - 1] == ',')
			start--;
		else if (out[end] == ',')
			end++;
		return splice(out, size, start, end, NULL, 0);
	case EDIT_REPEAT:
		start -= part->name_size;
		memmove(out + end + 1 + (end - start), out + end, size - end);
		out[end] = ',';
		memcpy(out + end + 1, out + start, end - start);
		return size + 1 + (end - start);
	}
	return size;
}

/* ---- Layout ---- */

/*
 * Literals are gathered in one buffer, which moves while it grows. Until it is
 * complete, literal_size is where the literal ends in it; lay_out() puts that
 * right.
 */
static void
begin_value(struct writer *w, unsigned field, size_t name_size)
{
	struct part *part = &w->parts[w->parts_len];

	part->field = field;
	part->name_size = name_size;
	part->lead = w->literals.size;
}

static void
end_value(struct writer *w)
{
	struct part *part = &w->parts[w->parts_len++];

	/* From here on, literals are the next part's. */
	part->lead = w->literals.size - part->lead;
	part->literal_size = w->literals.size;
}

/* Appends without the quotes that json_quote() puts around. */
static void
add_inside(struct buf *out, const char *text)
{
	struct buf quoted = BUF_INIT;

	json_quote(&quoted, text, strlen(text));
	buf_add(out, quoted.data + 1, quoted.size - 2);
	buf_release(&quoted);
}

static void
add_text(struct buf *out, const struct text *text, bool quoted)
{
	if (quoted)
		json_quote(out, text->data, text->size);
	else
		buf_add(out, text->data, text->size);
}

static void
make_texts(struct part *part, const struct gen_field *gen, bool quoted)
{
	struct buf all = BUF_INIT;
	size_t *ends = xcalloc(gen->values_len, sizeof(*ends));
	size_t begin = 0, head = gen->values_len * sizeof(struct text);
	char *bytes;

	for (unsigned i = 0; i < gen->values_len; i++) {
		add_text(&all, &gen->values[i], quoted);
		ends[i] = all.size;
	}
	part->texts = xcalloc(1, head + all.size + BLOCK);
	bytes = (char *)part->texts + head;
	memcpy(bytes, all.data, all.size);
	for (unsigned i = 0; i < gen->values_len; i++) {
		size_t size = ends[i] - begin;

		part->texts[i] = (struct text){bytes + begin, size};
		if (size > part->drawn_max)
			part->drawn_max = size;
		begin = ends[i];
	}
	buf_release(&all);
	free(ends);
}

/* The part of a field, whose key stands in the literals already. */
static void
add_value(struct writer *w, unsigned field, size_t name_size)
{
	const struct gen_field *gen = &w->pipeline->generator.fields[field];
	bool quoted = w->pipeline->event.fields[field].type == FIELD_STRING;
	struct buf *literals = &w->literals;

	begin_value(w, field, name_size);
	if (gen->kind == GEN_CONSTANT)
		add_text(literals, &gen->values[0], quoted);
	/* Texts have their quotes. */
	quoted &= gen->kind != GEN_CONSTANT && gen->kind != GEN_WEIGHTS;
	if (quoted)
		buf_add_str(literals, "\"");
	if (gen->prefix)
		add_inside(literals, gen->prefix);
	end_value(w);
	if (gen->suffix)
		add_inside(literals, gen->suffix);
	if (quoted)
		buf_add_str(literals, "\"");
	w->parts[w->parts_len - 1].trail =
	    literals->size - w->parts[w->parts_len - 1].literal_size;
}

static void
add_hidden(struct writer *w, unsigned field)
{
	begin_value(w, field, 0);
	end_value(w);
	w->parts[w->parts_len - 1].trail = 0;
}

/*
 * The members that these fields are, at `depth` of their paths. A nested object
 * stands where its first field does, written or not; with nothing to write in
 * it, it is not there.
 */
static void
add_members(struct writer *w, const unsigned *fields, unsigned len,
	    unsigned depth)
{
	const struct field *specs = w->pipeline->event.fields;
	bool done[PIPELINE_FIELDS_MAX] = {false};
	bool first = true;

	for (unsigned i = 0; i < len; i++) {
		const struct field *spec = &specs[fields[i]];
		unsigned inner[PIPELINE_FIELDS_MAX], inner_len = 0;
		const char *key = spec->path[depth];
		bool nested = depth + 1 < spec->path_len, shown = false;
		size_t name_at;

		if (done[i])
			continue;
		for (unsigned j = i; j < len; j++) {
			if (strcmp(specs[fields[j]].path[depth], key))
				continue;
			done[j] = true;
			inner[inner_len++] = fields[j];
			shown |= !w->hidden[fields[j]];
		}
		if (shown) {
			if (!first)
				buf_add_str(&w->literals, ",");
			first = false;
			name_at = w->literals.size;
			json_quote(&w->literals, key, strlen(key));
			buf_add_str(&w->literals, nested ? ":{" : ":");
		}
		if (nested)
			add_members(w, inner, inner_len, depth + 1);
		else if (shown)
			add_value(w, fields[i], w->literals.size - name_at);
		else
			add_hidden(w, fields[i]);
		if (nested && shown)
			buf_add_str(&w->literals, "}");
	}
}

/* Places the parts and their literals, of those that are not hidden. */
static void
lay_out(struct writer *w)
{
	const struct pipeline *p = w->pipeline;
	unsigned fields[PIPELINE_FIELDS_MAX], len = 0;
	size_t begin = 0;

	for (unsigned i = 0; i < p->event.fields_len; i++) {
		if (p->generator.fields[i].kind != GEN_ABSENT)
			fields[len++] = i;
	}
	w->parts_len = 0;
	w->literals.size = 0;
	buf_add_str(&w->literals, "{");
	add_members(w, fields, len, 0);
	buf_add_str(&w->literals, "}");
	buf_reserve(&w->literals, BLOCK);
	memset(w->literals.data + w->literals.size, 0, BLOCK);

	w->key_part = -1;
	for (unsigned i = 0; i < w->parts_len; i++) {
		struct part *part = &w->parts[i];
		bool hidden = w->hidden[part->field];

		part->literal = w->literals.data + begin;
		begin = part->literal_size;
		part->literal_size =
		    (size_t)(w->literals.data + begin - part->literal);
		part->kind = hidden ? PART_HIDDEN : part->own;
		if (p->key_field == (int)part->field && !hidden) {
			w->key_part = (int)i;
			w->key_quoted =
			    p->event.fields[part->field].type == FIELD_STRING;
		}
	}
	w->tail = w->literals.data + begin;
	w->tail_size = w->literals.size - begin;
}

/* ---- Damage, as it applies to the layout ---- */

/* text: taken; NULL for edits that need none. */
static void
add_damage(struct writer *w, int fault, enum edit edit, unsigned part,
	   struct buf *text)
{
	struct fault *to = &w->faults[fault];

	to->damages =
	    xrealloc(to->damages, (to->len + 1) * sizeof(*to->damages));
	to->damages[to->len++] = (struct damage){
	    edit, part, text ? text->data : NULL, text ? text->size : 0};
}

static void
add_replacement(struct writer *w, int fault, unsigned part, const char *text)
{
	struct buf copy = BUF_INIT;

	buf_add_str(&copy, text);
	add_damage(w, fault, EDIT_REPLACE, part, &copy);
}

/* A string that is not among the field's values. */
static void
add_not_one_of(struct writer *w, unsigned part, const struct field *field)
{
	struct buf text = BUF_INIT;
	unsigned i;

	buf_add_str(&text, "\"");
	do {
		buf_add_str(&text, "?");
		for (i = 0; i < field->one_of_len; i++) {
			if (field->one_of[i].size == text.size - 1 &&
			    !memcmp(field->one_of[i].data, text.data + 1,
				    text.size - 1))
				break;
		}
	} while (i < field->one_of_len);
	buf_add_str(&text, "\"");
	add_damage(w, FAULT_NOT_ONE_OF, EDIT_REPLACE, part, &text);
}

static void
add_none_of(struct writer *w, unsigned part, const struct field *field)
{
	for (unsigned i = 0; i < field->none_of_len; i++) {
		struct buf text = BUF_INIT;

		json_quote(&text, field->none_of[i].data,
			   field->none_of[i].size);
		add_damage(w, FAULT_NONE_OF, EDIT_REPLACE, part, &text);
	}
}

static void
add_too_long(struct writer *w, unsigned part, const struct field *field)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, "\"");
	for (uint32_t i = 0; i <= field->max_length; i++)
		buf_add(&text, "x", 1);
	buf_add_str(&text, "\"");
	add_damage(w, FAULT_TOO_LONG, EDIT_REPLACE, part, &text);
}

/* One beyond a bound; where doubles are too coarse, beyond all doubles. */
static void
add_beyond(struct writer *w, unsigned part, double bound, int step)
{
	struct buf text = BUF_INIT;

	if (fabs(bound) < 0x1p53) {
		double beyond = step > 0 ? floor(bound) : ceil(bound);

		buf_addf(&text, "%" PRId64, (int64_t)beyond + step);
	} else {
		buf_add_str(&text, "1e400");
	}
	add_damage(w, FAULT_OUT_OF_RANGE, EDIT_REPLACE, part, &text);
}

static void
add_out_of_range(struct writer *w, unsigned part, const struct field *field)
{
	if (field->has_max)
		add_beyond(w, part, field->max, 1);
	if (field->has_min)
		add_beyond(w, part, field->min, -1);
	if (field->has_max || field->has_min)
		return;
	add_replacement(w, FAULT_OUT_OF_RANGE, part,
			field->type == FIELD_INT ? "9223372036854775808"
						 : "1e400");
}

static void
add_bad_time(struct writer *w, unsigned part, const struct field *field,
	     bool event_time)
{
	/*
	 * The year 9999, and in nanoseconds 2262, beyond which 64 bits do not
	 * go: later than any "future" (a year at most), whatever the clock of
	 * the reader.
	 */
	static const char *const future[] = {
	    [TIME_S] = "253370764800",
	    [TIME_MS] = "253370764800000",
	    [TIME_US] = "253370764800000000",
	    [TIME_NS] = "9223372036854775807",
	};

	add_replacement(w, FAULT_BAD_TIME, part, "-1");
	if (event_time)
		add_replacement(w, FAULT_BAD_TIME, part, future[field->unit]);
}

static void
release_faults(struct writer *w)
{
	for (unsigned i = 0; i < w->faults_len; i++) {
		for (unsigned j = 0; j < w->faults[i].len; j++)
			free(w->faults[i].damages[j].text);
		free(w->faults[i].damages);
	}
	/* Those that there are stand first; what is behind repeats them. */
	memset(w->faults, 0, sizeof(w->faults));
	w->faults_len = 0;
}

static void
make_faults(struct writer *w)
{
	const struct event_spec *event = &w->pipeline->event;
	size_t most = 0, key_max = 0;
	unsigned len = 0;

	release_faults(w);
	add_damage(w, FAULT_TRUNCATED, EDIT_CUT, 0, NULL);
	for (unsigned i = 0; i < w->parts_len; i++) {
		const struct part *part = &w->parts[i];
		const struct field *field = &event->fields[part->field];

		if (part->kind == PART_HIDDEN)
			continue;
		if (!field->optional)
			add_damage(w, FAULT_MISSING, EDIT_REMOVE, i, NULL);
		add_damage(w, FAULT_DUPLICATE_KEY, EDIT_REPEAT, i, NULL);
		add_replacement(w, FAULT_WRONG_TYPE, i,
				field->type == FIELD_STRING ? "0" : "\"?\"");
		add_none_of(w, i, field);
		if (field->one_of)
			add_not_one_of(w, i, field);
		else if (field->type == FIELD_STRING &&
			 field->max_length < TOO_LONG_MAX)
			add_too_long(w, i, field);
		if (field->type == FIELD_INT || field->type == FIELD_NUMBER)
			add_out_of_range(w, i, field);
		if (field->type == FIELD_TIME)
			add_bad_time(w, i, field,
				     event->time_field == (int)part->field);
		if (part->name_size + part->value_max + 1 > most)
			most = part->name_size + part->value_max + 1;
		if (w->key_part == (int)i)
			key_max = part->value_max;
	}
	for (unsigned i = 0; i < FAULTS; i++) {
		for (unsigned j = 0; j < w->faults[i].len; j++) {
			if (w->faults[i].damages[j].size > most)
				most = w->faults[i].damages[j].size;
		}
		if (w->faults[i].len > 0)
			w->faults[len++] = w->faults[i];
	}
	w->faults_len = len;
	/* The first time it is made with all fields: it never gets more. */
	if (w->max_bytes == 0)
		w->max_bytes = w->event_max + BLOCK + most + key_max;
}

/* ---- Phases ---- */

/*
 * The event as it is at a time, and from when until when it is that. A time
 * before the beginning is the beginning.
 */
static void
begin_phase(struct writer *w, int64_t time_ms)
{
	int64_t elapsed_ms = time_ms > w->begin_ms ? time_ms - w->begin_ms : 0;
	int64_t begin_ms = INT64_MIN, end_ms = INT64_MAX;
	bool changed = false;

	for (unsigned i = 0; i < w->parts_len; i++) {
		unsigned field = w->parts[i].field;
		const struct gen_field *gen =
		    &w->pipeline->generator.fields[field];
		const int64_t bounds_ms[] = {gen->from_ms, gen->until_ms};
		bool hidden = elapsed_ms < gen->from_ms ||
			      (gen->until_ms && elapsed_ms >= gen->until_ms);

		changed |= hidden != w->hidden[field];
		w->hidden[field] = hidden;
		for (unsigned j = 0; j < 2; j++) {
			int64_t bound_ms = w->begin_ms + bounds_ms[j];

			if (bounds_ms[j] == 0)
				continue;
			if (bounds_ms[j] > elapsed_ms && bound_ms < end_ms)
				end_ms = bound_ms;
			if (bounds_ms[j] <= elapsed_ms && bound_ms > begin_ms)
				begin_ms = bound_ms;
		}
	}
	w->phase_begin_ms = begin_ms;
	w->phase_ms = (uint64_t)end_ms - (uint64_t)begin_ms;
	if (!changed)
		return;
	lay_out(w);
	writer_spike(w, w->spiking);
	make_faults(w);
}

void
writer_begin(struct writer *w, int64_t begin_ms)
{
	w->begin_ms = begin_ms;
	begin_phase(w, begin_ms);
}

/* ---- The next event ---- */

size_t
writer_next(struct writer *w, int64_t time_ms, char *out, struct text *key)
{
	size_t size;

	if ((uint64_t)time_ms - (uint64_t)w->phase_begin_ms >= w->phase_ms)
		begin_phase(w, time_ms);
	size = write_event(w, time_ms, out);
	if (w->planted_len > 0)
		size = plant_faults(w, out, size);
	*key = (struct text){out, 0};
	if (w->key_part >= 0) {
		const struct part *part = &w->parts[w->key_part];

		key->data = out + part->start + w->key_quoted;
		key->size = part->end - part->start - 2 * w->key_quoted;
	}
	if (w->bad_share > 0 &&
	    random_double(&w->damage_random) < w->bad_share) {
		/* Away from where it is edited. */
		char *kept = out + w->max_bytes - key->size;

		if (key->size)
			memcpy(kept, key->data, key->size);
		key->data = kept;
		size = damage_event(w, out, size);
	}
	return size;
}

size_t
writer_max_bytes(const struct writer *w)
{
	return w->bad_share > 0 ? w->max_bytes : w->event_max + BLOCK;
}

size_t
writer_max_damaged(const struct writer *w)
{
	return w->max_bytes;
}

/* ---- Controls ---- */

void
writer_control(struct writer *w, const struct generator_controls *controls)
{
	const struct curve *curve = &controls->curve;

	writer_spike(w, false);
	w->bad_share = controls->bad_share;
	w->spike_field = -1;
	if (curve->kind == CURVE_SPIKE && curve->field >= 0 &&
	    controls->fields[curve->field].count > 0)
		w->spike_field = curve->field;
	w->spike_share = curve->share;
	for (unsigned i = 0; i < w->parts_len; i++) {
		struct part *part = &w->parts[i];
		const struct controls_field *field =
		    &controls->fields[part->field];

		if (part->own != PART_RANK || field->count == 0 ||
		    (field->count == part->distribution.count &&
		     field->exponent == part->exponent))
			continue;
		distribution_release(&part->distribution);
		distribution_zipf(&part->distribution, field->exponent,
				  field->count);
		part->exponent = field->exponent;
		/* What was drawn ahead was drawn of what is no more. */
		draw_ahead(w, part, PART_RANK);
	}
}

void
writer_spike(struct writer *w, bool on)
{
	w->spiking = on;
	for (unsigned i = 0; i < w->parts_len; i++) {
		struct part *part = &w->parts[i];

		if ((int)part->field == w->spike_field &&
		    part->kind != PART_HIDDEN)
			part->kind = on ? PART_SPIKE : PART_RANK;
	}
}

/* ---- Making a writer ---- */

/* How a part's value is drawn, and how long it can be. */
static void
make_value(struct writer *w, struct part *part)
{
	const struct gen_field *gen =
	    &w->pipeline->generator.fields[part->field];
	const struct field *spec = &w->pipeline->event.fields[part->field];

	part->width = gen->width;
	part->min = part->next = gen->min;
	part->max = gen->max;
	part->unit = spec->unit;
	part->drawn_max = gen->width > DIGITS_MAX ? gen->width : DIGITS_MAX;
	switch (gen->kind) {
	case GEN_TIME:
		part->own = PART_TIME;
		break;
	case GEN_ZIPF:
		part->own = PART_RANK;
		part->exponent = gen->exponent;
		distribution_zipf(&part->distribution, gen->exponent,
				  gen->count);
		break;
	case GEN_UNIFORM:
		part->own = PART_RANGE;
		part->range = (uint64_t)gen->max - (uint64_t)gen->min + 1;
		break;
	case GEN_SEQUENCE:
		part->own = PART_SEQUENCE;
		break;
	case GEN_WEIGHTS:
		part->own = PART_TEXT;
		distribution_weights(&part->distribution, gen->weights,
				     gen->values_len);
		part->drawn_max = 0;
		make_texts(part, gen, spec->type == FIELD_STRING);
		break;
	case GEN_CONSTANT:
		part->own = PART_FIXED;
		part->drawn_max = 0;
		break;
	case GEN_UUID:
		part->own = PART_UUID;
		part->drawn_max = UUID_SIZE;
		break;
	case GEN_ABSENT:
		break; /* lay_out() leaves them out */
	}
	part->kind = part->own;
}

static unsigned
part_of(const struct writer *w, unsigned field)
{
	unsigned i = 0;

	while (w->parts[i].field != field)
		i++;
	return i;
}

static void
make_planted(struct writer *w)
{
	const struct pipeline *p = w->pipeline;
	const struct generator_spec *spec = &p->generator;

	w->planted_len = spec->faults_len;
	for (unsigned i = 0; i < spec->faults_len; i++) {
		const struct gen_fault *fault = &spec->faults[i];
		struct planted *planted = &w->planted[i];

		planted->part = part_of(w, fault->field);
		planted->share = fault->share;
		if (fault->value)
			add_text(&planted->text, fault->value,
				 p->event.fields[fault->field].type ==
				     FIELD_STRING);
		for (unsigned j = i + 1; j < spec->faults_len; j++)
			if (spec->faults[j].field == fault->field)
				planted->later |= UINT32_C(1) << j;
	}
}

/* With all fields written and their longest values. */
static void
measure(struct writer *w)
{
	w->event_max = w->literals.size;
	for (unsigned i = 0; i < w->parts_len; i++) {
		struct part *part = &w->parts[i];
		size_t fixed = part->lead + part->trail;

		part->value_max = fixed + part->drawn_max;
		for (unsigned j = 0; j < w->planted_len; j++) {
			const struct buf *text = &w->planted[j].text;
			size_t size = text->data ? text->size
						 : fixed + part->drawn_max + 1;

			if (w->planted[j].part == i && size > part->value_max)
				part->value_max = size;
		}
		w->event_max += part->value_max - fixed;
	}
}

int
writer_new(const struct pipeline *pipeline, uint64_t seed, unsigned stream,
	   struct writer **out, struct err *err)
{
	struct writer *w;

	if (!pipeline->generator.present)
		return err_set(err, WEIR_PIPELINE, 0,
			       "%s has no \"generator\"; it can only be "
			       "watched",
			       pipeline->file);
	w = xcalloc(1, sizeof(*w));
	w->pipeline = pipeline;
	w->bad_share = pipeline->generator.bad_share;
	random_init(&w->random, seed, stream);
	random_init(&w->damage_random, seed, DAMAGE_STREAM + stream);
	random_init(&w->spike_random, seed, SPIKE_STREAM + stream);
	random_init(&w->fault_random, seed, FAULT_STREAM + stream);
	w->spike_field = pipeline->generator.curve.field;
	w->spike_share = pipeline->generator.curve.share;
	lay_out(w);
	for (unsigned i = 0; i < w->parts_len; i++)
		make_value(w, &w->parts[i]);
	make_planted(w);
	measure(w);
	if (w->event_max > pipeline->event.max_bytes) {
		err_set(err, WEIR_PIPELINE, 0,
			"%s: its generator's events can take %zu bytes, more "
			"than event.max_bytes, %" PRIu32,
			pipeline->file, w->event_max,
			pipeline->event.max_bytes);
		writer_free(w);
		return WEIR_PIPELINE;
	}
	make_faults(w);
	for (unsigned i = 0; i < w->parts_len; i++)
		draw_ahead(w, &w->parts[i], w->parts[i].own);
	writer_begin(w, CLOCK_SEEDED_START_MS);
	*out = w;
	return 0;
}

void
writer_free(struct writer *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->parts_len; i++) {
		distribution_release(&w->parts[i].distribution);
		free(w->parts[i].texts);
	}
	for (unsigned i = 0; i < w->planted_len; i++)
		buf_release(&w->planted[i].text);
	release_faults(w);
	buf_release(&w->literals);
	free(w);
}
