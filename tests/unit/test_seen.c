/*
 * The schema as seen, against a count that the test keeps while it makes the
 * messages: it knows what it wrote, and reads nothing back. Messages go through
 * a decoder, so those that fit a shape and those that are read as a whole are
 * mixed, as they come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/random.h"
#include "event/event.h"
#include "event/seen.h"

#define NOW INT64_C(1735689600000)

static const char pipeline_text[] =
    "{\"name\": \"p\", \"topic\": {\"name\": \"t\"}, \"event\": {"
    " \"time\": \"at\", \"max_bytes\": 100000, \"fields\": {"
    "  \"user\": {\"type\": \"string\", \"path\": \"user.id\"},"
    "  \"n\": {\"type\": \"integer\", \"optional\": true},"
    "  \"tier\": {\"type\": \"string\", \"optional\": true},"
    "  \"at\": {\"type\": \"time\"}}},"
    " \"tables\": {\"users\": {\"by\": [\"user\"],"
    "  \"measures\": {\"events\": \"count\"}}}}";

/* What the test has counted. */
struct naive_field {
	char path[SEEN_PATH_MAX + 8];
	size_t size;
	int64_t events, types[SEEN_TYPES], first, last;
};

struct world {
	struct pipeline *pipeline;
	struct decoder *decoder;
	struct seen *seen;
	struct buf text;
	int32_t partition;
	int64_t offset;

	struct naive_field fields[SEEN_MAX];
	unsigned fields_len;
	int64_t events, beyond;
	struct naive_field *had[1000]; /* by this event */
	unsigned had_len;
};

static void
begin(struct world *w)
{
	struct err err = {0};

	memset(w, 0, sizeof(*w));
	w->partition = 3;
	if (pipeline_parse(pipeline_text, strlen(pipeline_text), "p.json",
			   &w->pipeline, &err))
		fail_msg("%s", err.text);
	w->seen = seen_new(&w->pipeline->event);
	assert_int_equal(decoder_new(w->pipeline, &w->decoder, NULL), 0);
	decoder_watch(w->decoder, w->seen);
	buf_add_str(&w->text, "");
}

static void
end(struct world *w)
{
	decoder_free(w->decoder);
	seen_free(w->seen);
	pipeline_free(w->pipeline);
	buf_release(&w->text);
}

/* The message lies in a block of its size, for AddressSanitizer. */
static enum reason
take(struct world *w, const char *text, size_t size)
{
	char *copy = xmalloc(size);
	struct event_fault fault;
	struct event event;
	enum reason reason;

	memcpy(copy, text, size);
	w->seen->at = (struct position){w->partition, w->offset++};
	w->seen->now_ms = NOW + w->offset;
	reason = decoder_decode(w->decoder, copy, size, NOW, &event, &fault);
	free(copy);
	return reason;
}

static enum reason
say(struct world *w, const char *text)
{
	return take(w, text, strlen(text));
}

static void
say_times(struct world *w, const char *text, int times)
{
	for (int i = 0; i < times; i++)
		say(w, text);
}

static const struct seen_field *
field(struct world *w, const char *path)
{
	seen_settle(w->seen);
	for (unsigned i = 0; i < w->seen->fields_len; i++)
		if (strcmp(w->seen->fields[i].path, path) == 0)
			return &w->seen->fields[i];
	fail_msg("there is no field %s", path);
	return NULL;
}

/* ---- A naive count ---- */

static bool
naive_is_known(const char *path, size_t size)
{
	static const char *const known[] = {"user.id", "n", "tier", "at"};

	for (int i = 0; i < 4; i++)
		if (size == strlen(known[i]) &&
		    memcmp(path, known[i], size) == 0)
			return true;
	return false;
}

static void
count(struct world *w, const char *path, size_t size, enum seen_type type)
{
	struct naive_field *f = NULL;
	unsigned foreign = 0;

	for (unsigned i = 0; size <= SEEN_PATH_MAX && i < w->fields_len; i++) {
		struct naive_field *at = &w->fields[i];

		foreign += !naive_is_known(at->path, at->size);
		if (at->size == size && memcmp(at->path, path, size) == 0)
			f = at;
	}
	if (size > SEEN_PATH_MAX ||
	    (!f && !naive_is_known(path, size) && foreign >= SEEN_MAX - 4)) {
		w->beyond++;
		return;
	}
	for (unsigned i = 0; f && i < w->had_len; i++)
		if (w->had[i] == f)
			return;
	if (!f) {
		f = &w->fields[w->fields_len++];
		memcpy(f->path, path, size);
		f->size = size;
		f->first = w->offset;
	}
	f->events++;
	f->types[type]++;
	f->last = w->offset;
	w->had[w->had_len++] = f;
}

static void
assert_counted(struct world *w)
{
	struct seen *seen = w->seen;

	seen_settle(seen);
	assert_int_equal(seen->events, w->events);
	assert_int_equal(seen->beyond, w->beyond);
	assert_int_equal(seen->fields_len, w->fields_len);
	for (unsigned i = 0; i < w->fields_len; i++) {
		const struct seen_field *is = &seen->fields[i];
		const struct naive_field *was = &w->fields[i];

		assert_int_equal(is->size, was->size);
		assert_memory_equal(is->path, was->path, was->size);
		assert_int_equal(is->known,
				 naive_is_known(was->path, was->size));
		assert_int_equal(is->events, was->events);
		for (int t = 0; t < SEEN_TYPES; t++)
			assert_int_equal(is->types[t], was->types[t]);
		assert_int_equal(is->first.offset, was->first);
		assert_int_equal(is->last.offset, was->last);
		assert_int_equal(is->last.partition, 3);
	}
}

/* ---- Random messages ---- */

struct making {
	struct world *w;
	struct random *random;
	unsigned names; /* so many different ones */
	bool odd;       /* also what no shape takes */
};

static void
write_key(struct making *m, const char *name, bool escaped)
{
	struct buf *text = &m->w->text;

	buf_add_str(text, "\"");
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < ' ' || (escaped && *at > 0))
			buf_addf(text, "\\u%04x", (unsigned char)*at);
		else
			buf_add(text, at, 1);
	buf_add_str(text, "\":");
}

static enum seen_type
write_scalar(struct making *m)
{
	static const struct {
		const char *text;
		enum seen_type type;
		bool odd;
	} values[] = {
	    {"null", SEEN_NULL, false},
	    {"true", SEEN_BOOLEAN, false},
	    {"0", SEEN_INTEGER, false},
	    {"-12345", SEEN_INTEGER, false},
	    {"1.5", SEEN_NUMBER, false},
	    {"\"text\"", SEEN_STRING, false},
	    {"\"\"", SEEN_STRING, false},
	    {"18446744073709551615", SEEN_INTEGER, true},
	    {"-0", SEEN_INTEGER, true},
	    {"1e3", SEEN_NUMBER, true},
	    {"3.0", SEEN_NUMBER, false},
	    {"\"\\u00e9\"", SEEN_STRING, true},
	    {"\"\xc3\xa9\"", SEEN_STRING, true},
	    {"false", SEEN_BOOLEAN, false},
	};
	const size_t len = sizeof(values) / sizeof(values[0]);
	size_t i;

	do
		i = random_below(m->random, len);
	while (values[i].odd && (!m->odd || random_below(m->random, 8) != 0));
	buf_add_str(&m->w->text, values[i].text);
	return values[i].type;
}

/* Members of an object at a path of so many keys; SIZE_MAX: in an array. */
static void
write_members(struct making *m, struct random *form, const char *path,
	      size_t size, unsigned keys, unsigned depth)
{
	struct buf *text = &m->w->text;
	unsigned members = (unsigned)random_below(form, depth ? 3 : 6);

	for (unsigned i = 0; i < members; i++) {
		char name[160], whole[4096];
		size_t number = random_below(form, m->names);
		unsigned kind = (unsigned)random_below(form, 8);
		bool escaped = m->odd && random_below(form, 40) == 0;
		size_t whole_size = SIZE_MAX;
		enum seen_type type;

		if (number % 97 == 13)
			snprintf(name, sizeof(name), "%0*zu", 90, number);
		else if (number % 89 == 7)
			snprintf(name, sizeof(name), "\x1b[2J\xe4\xba\xac%zu.",
				 number);
		else
			snprintf(name, sizeof(name), "k%zu", number);
		if (i || depth == 0)
			buf_add_str(text, ",");
		write_key(m, name, escaped);
		if (size != SIZE_MAX)
			whole_size = (size_t)snprintf(
			    whole, sizeof(whole), "%.*s%s%s", (int)size, path,
			    keys ? "." : "", name);
		if (kind == 0 && depth < 11) {
			if (size != SIZE_MAX && keys < SEEN_DEPTH_MAX)
				count(m->w, whole, whole_size, SEEN_OBJECT);
			buf_add_str(text, "{");
			write_members(m, form, whole, whole_size, keys + 1,
				      depth + 1);
			buf_add_str(text, "}");
			continue;
		}
		if (kind == 1 && depth < 11) {
			if (size != SIZE_MAX && keys < SEEN_DEPTH_MAX)
				count(m->w, whole, whole_size, SEEN_ARRAY);
			buf_add_str(text, "[{");
			write_members(m, form, NULL, SIZE_MAX, 0, depth + 1);
			buf_add_str(text, "},");
			write_scalar(m);
			buf_add_str(text, "]");
			continue;
		}
		type = write_scalar(m);
		if (size != SIZE_MAX && keys < SEEN_DEPTH_MAX)
			count(m->w, whole, whole_size, type);
	}
}

/* The seed of the form says which keys; values are the making's. */
static void
send(struct making *m, uint64_t form_seed)
{
	struct world *w = m->w;
	struct random form;

	random_init(&form, form_seed, 0);
	w->text.size = w->had_len = 0;
	w->events++;
	buf_addf(&w->text, "{\"at\":%lld,\"user\":{", (long long)NOW);
	count(w, "at", 2, SEEN_INTEGER);
	count(w, "user", 4, SEEN_OBJECT);
	if (random_below(&form, 10)) {
		buf_add_str(&w->text, "\"id\":");
		count(w, "user.id", 7, write_scalar(m));
	}
	buf_add_str(&w->text, "}");
	write_members(m, &form, NULL, 0, 0, 0);
	if (random_below(&form, 3) == 0) {
		buf_add_str(&w->text, ",\"n\":");
		count(w, "n", 1, write_scalar(m));
	}
	buf_add_str(&w->text, "}");
	take(w, w->text.data, w->text.size);
}

/* Few forms of few names, more than there are shapes, more than have room. */
static void
test_random(void **state)
{
	static const struct {
		unsigned forms, names;
		bool odd;
	} streams[] = {{1, 4, false},  {3, 10, false},   {6, 40, true},
		       {20, 30, true}, {200, 600, true}, {5, 2, true}};

	(void)state;
	for (unsigned s = 0; s < 6; s++) {
		for (uint64_t seed = 1; seed <= 8; seed++) {
			struct world *w = xmalloc(sizeof(*w));
			struct random random;
			struct making m = {w, &random, streams[s].names,
					   streams[s].odd};

			begin(w);
			random_init(&random, seed, s);
			for (int i = 0; i < 3000; i++) {
				send(&m, 1000 * seed +
					     random_below(&random,
							  streams[s].forms));
				if (i % 700 == 0)
					assert_counted(w);
			}
			assert_counted(w);
			if (streams[s].names > SEEN_MAX) {
				assert_int_equal(w->seen->foreign_len,
						 SEEN_MAX - 4);
				assert_true(w->seen->beyond > 0);
			}
			end(w);
			free(w);
		}
	}
}

/* One form of so many values, of which few change at a time. */
static void
test_wide(void **state)
{
	static const unsigned widths[] = {1,  2,  15, 16, 17, 31, 32,
					  33, 47, 48, 49, 63, 64, 65};

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct world *w = xmalloc(sizeof(*w));
		unsigned kinds[65] = {0};
		struct random random;

		begin(w);
		random_init(&random, i, 0);
		for (int n = 0; n < 1000; n++) {
			static const char *const values[] = {"1", "\"x\"",
							     "null", "0.5"};
			static const enum seen_type types[] = {
			    SEEN_INTEGER, SEEN_STRING, SEEN_NULL, SEEN_NUMBER};

			kinds[random_below(&random, widths[i])] =
			    (unsigned)random_below(&random, 4);
			w->text.size = w->had_len = 0;
			w->events++;
			for (unsigned k = 0; k < widths[i]; k++) {
				char name[16];

				snprintf(name, sizeof(name), "k%u", k);
				buf_addf(&w->text, "%c\"%s\":%s", k ? ',' : '{',
					 name, values[kinds[k]]);
				count(w, name, strlen(name), types[kinds[k]]);
			}
			buf_add_str(&w->text, "}");
			take(w, w->text.data, w->text.size);
		}
		assert_counted(w);
		end(w);
		free(w);
	}
}

/* ---- What is counted ---- */

#define HEAD "{\"at\":1,\"user\":{\"id\":\"u\"}"

static void
test_excluded(void **state)
{
	static const char *const wholes[] = {
	    "garbage",
	    "[1]",
	    HEAD ",\"n\":1,\"n\":2}",
	    HEAD ",\"other\":99999999999999999999}",
	    HEAD ",\"other\":1e400}",
	    HEAD ",",
	};
	struct world w;

	(void)state;
	begin(&w);
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
		assert_int_not_equal(say(&w, wholes[i]), REASON_NONE);
	assert_int_not_equal(take(&w, " ", 1), REASON_NONE);
	assert_int_equal(w.seen->events, 0);
	assert_int_equal(w.seen->fields_len, 0);
	/* What breaks a rule is counted, whichever way it is read. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(say(&w, "{\"at\":-5,\"user\":7,\"n\":1.5}"),
				 REASON_WRONG_TYPE);
	for (int i = 0; i < 5; i++)
		assert_int_equal(say(&w, "{\"at\":-5,\"n\":1.5}"),
				 REASON_MISSING);
	assert_int_equal(w.seen->events, 10);
	assert_int_equal(field(&w, "n")->types[SEEN_NUMBER], 10);
	assert_int_equal(field(&w, "user")->types[SEEN_INTEGER], 5);
	assert_false(field(&w, "user")->known);
	assert_true(field(&w, "n")->known);
	end(&w);
}

/* ---- Changes ---- */

static void
assert_change(struct world *w, int64_t number, enum seen_change_kind kind,
	      const char *path, enum seen_type type, int64_t offset)
{
	const struct seen_change *c = &w->seen->log[number % SEEN_CHANGES];

	assert_int_equal(c->number, number);
	assert_int_equal(c->kind, kind);
	assert_string_equal(w->seen->fields[c->field].path, path);
	assert_int_equal(c->type, type);
	assert_int_equal(c->position.offset, offset);
}

static void
test_appears(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	/* Whatever the first ones are is no change. */
	say_times(&w, HEAD "}", 97);
	say(&w, HEAD ",\"a\":1}");
	say(&w, HEAD ",\"a\":\"1\"}");
	say(&w, HEAD ",\"b\":{\"c\":1}}");
	assert_int_equal(w.seen->events, SEEN_LEARNING);
	assert_int_equal(w.seen->changes, 0);
	say(&w, HEAD ",\"tier\":null}");
	assert_int_equal(w.seen->changes, 1);
	assert_change(&w, 1, SEEN_APPEARED, "tier", SEEN_NULL, 100);
	assert_int_equal(w.seen->log[1].time_ms, NOW + 101);
	/* The first that is not null is no new type, another one is. */
	say_times(&w, HEAD ",\"tier\":null}", 3);
	say_times(&w, HEAD ",\"tier\":\"x\"}", 3);
	assert_int_equal(w.seen->changes, 1);
	say_times(&w, HEAD ",\"tier\":null}", 3);
	say_times(&w, HEAD ",\"tier\":true}", 3);
	say_times(&w, HEAD ",\"tier\":\"x\"}", 3);
	assert_int_equal(w.seen->changes, 2);
	assert_change(&w, 2, SEEN_TYPE, "tier", SEEN_BOOLEAN, 110);
	/* Numbers: whole ones among others are none, but not the reverse. */
	say_times(&w, HEAD ",\"x\":1}", 2);
	say_times(&w, HEAD ",\"x\":1.5}", 2);
	assert_int_equal(w.seen->changes, 4);
	assert_change(&w, 4, SEEN_TYPE, "x", SEEN_NUMBER, 118);
	say_times(&w, HEAD ",\"y\":1.5}", 2);
	say_times(&w, HEAD ",\"y\":2}", 2);
	assert_int_equal(w.seen->changes, 5);
	/* What is in a new object appears with it. */
	say(&w, HEAD ",\"z\":{\"in\":[1]}}");
	assert_int_equal(w.seen->changes, 7);
	assert_change(&w, 6, SEEN_APPEARED, "z", SEEN_OBJECT, 124);
	assert_change(&w, 7, SEEN_APPEARED, "z.in", SEEN_ARRAY, 124);
	end(&w);
}

static void
test_vanishes(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	/* Half of a block, and one less. */
	say_times(&w, HEAD ",\"half\":1,\"less\":1}", 490);
	say_times(&w, HEAD ",\"half\":1}", 10);
	say_times(&w, HEAD "}", 500);
	assert_int_equal(w.seen->events, SEEN_BLOCK);
	say_times(&w, HEAD "}", SEEN_BLOCK - 1);
	assert_int_equal(w.seen->changes, 0);
	say(&w, HEAD "}");
	assert_int_equal(w.seen->changes, 1);
	assert_change(&w, 1, SEEN_VANISHED, "half", SEEN_NULL, 499);
	/* Told once; and again when it comes, which a shape takes. */
	say_times(&w, HEAD "}", SEEN_BLOCK + 7);
	assert_int_equal(w.seen->changes, 1);
	say_times(&w, HEAD ",\"half\":1}", 5);
	assert_int_equal(w.seen->changes, 2);
	assert_change(&w, 2, SEEN_APPEARED, "half", SEEN_INTEGER, 3007);
	assert_int_equal(field(&w, "half")->first.offset, 0);
	assert_int_equal(field(&w, "half")->events, 505);
	/* One event in a block keeps it. */
	say_times(&w, HEAD ",\"half\":1}", SEEN_BLOCK);
	say_times(&w, HEAD "}", SEEN_BLOCK - 20);
	say(&w, HEAD ",\"half\":1}");
	say_times(&w, HEAD "}", SEEN_BLOCK);
	assert_int_equal(w.seen->changes, 2);
	say_times(&w, HEAD "}", SEEN_BLOCK);
	assert_int_equal(w.seen->changes, 3);
	end(&w);
}

static int64_t
read_to(const void *ctx, int32_t partition)
{
	const int64_t *offsets = ctx;

	return offsets[partition];
}

/* What another partition has says nothing of the one that had it. */
static void
test_partitions(void **state)
{
	int64_t offsets[5] = {0};
	struct world w;

	(void)state;
	begin(&w);
	w.seen->read_to = read_to;
	w.seen->read_ctx = offsets;
	say_times(&w, HEAD ",\"new\":1}", SEEN_BLOCK);
	offsets[3] = w.offset;
	w.partition = 4;
	say_times(&w, HEAD "}", 3 * SEEN_BLOCK);
	offsets[4] = w.offset;
	assert_int_equal(w.seen->changes, 0);
	/* It has gone on, by one offset too few; then far enough. */
	offsets[3] += SEEN_BLOCK - 1;
	say_times(&w, HEAD "}", SEEN_BLOCK);
	assert_int_equal(w.seen->changes, 0);
	offsets[3]++;
	say_times(&w, HEAD "}", SEEN_BLOCK);
	assert_int_equal(w.seen->changes, 1);
	assert_change(&w, 1, SEEN_VANISHED, "new", SEEN_NULL, SEEN_BLOCK - 1);
	end(&w);
}

/* ---- Bounds ---- */

static void
test_bounds(void **state)
{
	struct world w;
	struct buf text = BUF_INIT;

	(void)state;
	begin(&w);
	buf_add_str(&text, "{\"at\":1");
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, ",\"f%d\":%d", i, i);
	buf_add_str(&text, "}");
	for (int i = 0; i < 3; i++)
		take(&w, text.data, text.size);
	assert_int_equal(w.seen->fields_len, SEEN_MAX - 4 + 1);
	assert_int_equal(w.seen->beyond, 3 * (1000 - (SEEN_MAX - 4)));
	/* The pipeline's have a place, in shapes too. */
	for (int i = 0; i < 3; i++)
		say(&w, HEAD ",\"tier\":\"x\",\"new\":1,\"n\":2}");
	assert_int_equal(field(&w, "tier")->events, 3);
	assert_int_equal(field(&w, "user.id")->events, 3);
	assert_int_equal(w.seen->fields_len, SEEN_MAX);
	/* "user" is no field of the pipeline, "new" neither. */
	assert_int_equal(w.seen->beyond, 3 * (1000 - (SEEN_MAX - 4)) + 6);
	buf_release(&text);
	end(&w);
}

static void
test_paths(void **state)
{
	struct world w;
	struct buf text = BUF_INIT;

	(void)state;
	begin(&w);
	for (int i = 0; i < 3; i++) {
		text.size = 0;
		buf_addf(&text, "{\"%0200d\":1,\"%0201d\":1,\"\":{\"\":1}}", 7,
			 7);
		take(&w, text.data, text.size);
	}
	seen_settle(w.seen);
	assert_int_equal(w.seen->fields_len, 3);
	assert_int_equal(w.seen->beyond, 3);
	assert_int_equal(field(&w, "")->types[SEEN_OBJECT], 3);
	assert_int_equal(field(&w, ".")->types[SEEN_INTEGER], 3);
	for (int i = 0; i < 3; i++)
		say(&w, "{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":"
			"{\"8\":{\"9\":1}}}}}}}}}");
	assert_int_equal(field(&w, "1.2.3.4.5.6.7.8")->types[SEEN_OBJECT], 3);
	assert_int_equal(w.seen->fields_len, 11);
	assert_int_equal(w.seen->beyond, 3);
	/* A foreign key that is there twice counts as the first. */
	for (int i = 0; i < 3; i++)
		say(&w, "{\"t\":1,\"t\":\"x\",\"t\":null}");
	assert_int_equal(field(&w, "t")->events, 3);
	assert_int_equal(field(&w, "t")->types[SEEN_INTEGER], 3);
	buf_release(&text);
	end(&w);
}

/* ---- Going on ---- */

/* What a store keeps, into a new one. */
static struct seen *
reload(const struct seen *from, const struct event_spec *spec)
{
	struct seen *to = seen_new(spec);

	to->events = from->events;
	to->beyond = from->beyond;
	to->changes = from->changes;
	memcpy(to->log, from->log, sizeof(to->log));
	for (unsigned i = 0; i < from->fields_len; i++) {
		const struct seen_field *f = &from->fields[i];
		struct seen_field *t = seen_load(to, f->path, f->size);

		assert_non_null(t);
		t->events = f->events;
		memcpy(t->types, f->types, sizeof(t->types));
		t->first = f->first;
		t->last = f->last;
		t->before = f->before;
		t->usual = f->usual;
		t->gone = f->gone;
	}
	seen_loaded(to);
	return to;
}

static void
go_on(struct world *w)
{
	struct seen *seen;

	seen_settle(w->seen);
	seen = reload(w->seen, &w->pipeline->event);
	decoder_free(w->decoder);
	seen_free(w->seen);
	w->seen = seen;
	assert_int_equal(decoder_new(w->pipeline, &w->decoder, NULL), 0);
	decoder_watch(w->decoder, w->seen);
}

/* Runs that end anywhere count what one run counts, changes included. */
static void
test_runs(void **state)
{
	struct world *one = xmalloc(sizeof(*one)),
		     *many = xmalloc(sizeof(*many));
	struct random random, other;
	struct making m = {one, &random, 12, true};
	struct making n = {many, &other, 12, true};
	struct random forms, ends;

	(void)state;
	begin(one);
	begin(many);
	random_init(&random, 9, 9);
	random_init(&other, 9, 9);
	random_init(&forms, 9, 1);
	random_init(&ends, 9, 2);
	for (int i = 0; i < 12000; i++) {
		/* Forms come and go. */
		uint64_t form =
		    (uint64_t)(i / 2500) * 3 + random_below(&forms, 4);

		send(&m, form);
		send(&n, form);
		if (random_below(&ends, 300) == 0)
			go_on(many);
	}
	assert_counted(one);
	assert_counted(many);
	assert_true(one->seen->changes > 5);
	assert_int_equal(one->seen->changes, many->seen->changes);
	assert_memory_equal(one->seen->log, many->seen->log,
			    sizeof(one->seen->log));
	for (unsigned i = 0; i < one->seen->fields_len; i++) {
		assert_int_equal(one->seen->fields[i].usual,
				 many->seen->fields[i].usual);
		assert_int_equal(one->seen->fields[i].gone,
				 many->seen->fields[i].gone);
	}
	end(one);
	end(many);
	free(one);
	free(many);
}

static void
test_load(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_non_null(seen_load(w.seen, "a", 1));
	assert_null(seen_load(w.seen, "a", 1));
	for (int i = 1; i < SEEN_MAX - 4; i++) {
		char name[16];
		int size = snprintf(name, sizeof(name), "a%d", i);

		assert_non_null(seen_load(w.seen, name, (size_t)size));
	}
	assert_null(seen_load(w.seen, "b", 1));
	assert_non_null(seen_load(w.seen, "user.id", 7));
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random),   cmocka_unit_test(test_wide),
	    cmocka_unit_test(test_excluded), cmocka_unit_test(test_appears),
	    cmocka_unit_test(test_vanishes), cmocka_unit_test(test_partitions),
	    cmocka_unit_test(test_bounds),   cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_runs),     cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
