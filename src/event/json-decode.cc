#include "event/json-decode.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include <simdjson.h>

extern "C" {
#include "base/alloc.h"
#include "event/event.h"
}

namespace dom = simdjson::dom;

/* Enough for ordinary events, so that most decoders never grow. */
#define CAPACITY_MIN 4096
/* Members of an object whose keys are guessed. */
#define GUESSES 64
#define NO_KEY  UINT8_MAX

static_assert(PIPELINE_FIELDS_MAX <= 32, "fields fit the bits of a uint32_t");

struct key {
	const char *data;
	size_t size;
	int field;         /* the first field with this path; -1: none */
	uint32_t below;    /* fields whose path goes on from here, as bits */
	struct node *node; /* their keys; NULL: none */
};

/* An object that holds fields, directly or further in. */
struct node {
	struct key keys[PIPELINE_FIELDS_MAX];
	unsigned keys_len;
	uint64_t sizes; /* bit n: a key has n bytes; bit 63: 63 or more */
	/*
	 * By the place of a member in the object: the index of its key in the
	 * last event, since events of one producer have one order.
	 */
	uint8_t guesses[GUESSES];
};

struct json_decoder {
	const struct event_spec *spec;
	struct node *root;
	int same[PIPELINE_FIELDS_MAX]; /* next field with this path; -1 */
	char *padded;                  /* the message, as simdjson needs it */
	size_t capacity;               /* of padded and parser */
	dom::parser parser;
	dom::document document;
	/* For messages that have to be parsed again; NULL between them. */
	std::unique_ptr<dom::parser> slow;
	dom::element last; /* the last message */
};

/* What a look at the tokens alone finds. */
struct tokens {
	size_t depth;
	bool beyond; /* a number is beyond 64 bits */
};

static struct node *
node_new(void)
{
	struct node *node =
	    static_cast<struct node *>(xcalloc(1, sizeof(struct node)));

	memset(node->guesses, NO_KEY, sizeof(node->guesses));
	return node;
}

static void
node_free(struct node *node)
{
	if (!node)
		return;
	for (unsigned k = 0; k < node->keys_len; k++)
		node_free(node->keys[k].node);
	free(node);
}

static uint64_t
size_bit(size_t size)
{
	return UINT64_C(1) << (size < 63 ? size : 63);
}

/* The key `name` of the node, which is added when it is new. */
static struct key *
node_key(struct node *node, const char *name)
{
	size_t size = strlen(name);
	struct key *key;

	for (unsigned k = 0; k < node->keys_len; k++) {
		key = &node->keys[k];
		if (key->size == size && memcmp(key->data, name, size) == 0)
			return key;
	}
	key = &node->keys[node->keys_len++];
	key->data = name;
	key->size = size;
	key->field = -1;
	node->sizes |= size_bit(size);
	return key;
}

static void
add_field(struct json_decoder *json, int index)
{
	const struct field *field = &json->spec->fields[index];
	struct node *node = json->root;
	struct key *key = node_key(node, field->path[0]);

	for (unsigned i = 1; i < field->path_len; i++) {
		key->below |= UINT32_C(1) << index;
		if (!key->node)
			key->node = node_new();
		node = key->node;
		key = node_key(node, field->path[i]);
	}
	json->same[index] = -1;
	if (key->field < 0) {
		key->field = index;
		return;
	}
	int last = key->field;
	while (json->same[last] >= 0)
		last = json->same[last];
	json->same[last] = index;
}

/* Makes parser and document ready for a message of `capacity` bytes. */
static simdjson::error_code
allocate(dom::parser &parser, dom::document &document, size_t capacity,
	 size_t depth)
{
	simdjson::error_code error = parser.allocate(capacity, depth);

	return error ? error : document.allocate(capacity);
}

/* Ends the program as alloc.h does: no machine has that much memory. */
static void
out_of_memory(void)
{
	free(xmalloc(PTRDIFF_MAX));
	abort();
}

int
json_decoder_new(const struct event_spec *spec, struct json_decoder **out,
		 struct err *err)
{
	struct json_decoder *json = new (std::nothrow) json_decoder();

	if (!json)
		return err_set(err, WEIR_SYSTEM, 0,
			       "out of memory for the event decoder");
	json->spec = spec;
	json->capacity = CAPACITY_MIN;
	json->root = node_new();
	for (unsigned i = 0; i < spec->fields_len; i++)
		add_field(json, (int)i);
	json->padded = static_cast<char *>(
	    xmalloc(json->capacity + simdjson::SIMDJSON_PADDING));
	/*
	 * simdjson does not count an empty object or array as a level: with
	 * this limit it lets EVENT_DEPTH_MAX levels pass when the innermost is
	 * empty, never more, and parse_again() judges what it stops.
	 */
	if (allocate(json->parser, json->document, json->capacity,
		     EVENT_DEPTH_MAX)) {
		json_decoder_free(json);
		return err_set(err, WEIR_SYSTEM, 0,
			       "cannot set up the event decoder: simdjson has "
			       "no memory or does not run on this processor");
	}
	*out = json;
	return 0;
}

void
json_decoder_free(struct json_decoder *json)
{
	if (!json)
		return;
	node_free(json->root);
	free(json->padded);
	delete json;
}

static void
reserve(struct json_decoder *json, size_t size)
{
	size_t capacity = json->capacity;

	while (capacity < size)
		capacity *= 2;
	/* Growing stops at the largest message, not at the power beyond. */
	if (capacity > json->spec->max_bytes)
		capacity = json->spec->max_bytes;
	if (capacity < size)
		capacity = size;
	free(json->padded);
	json->padded =
	    static_cast<char *>(xmalloc(capacity + simdjson::SIMDJSON_PADDING));
	if (allocate(json->parser, json->document, capacity, EVENT_DEPTH_MAX))
		out_of_memory();
	json->capacity = capacity;
}

static void
copy_padded(struct json_decoder *json, const void *data, size_t size)
{
	memcpy(json->padded, data, size);
	memset(json->padded + size, ' ', simdjson::SIMDJSON_PADDING);
}

static struct key *
find_key(struct node *node, std::string_view name, size_t member)
{
	if (member < GUESSES && node->guesses[member] != NO_KEY) {
		struct key *key = &node->keys[node->guesses[member]];

		if (key->size == name.size() &&
		    memcmp(key->data, name.data(), key->size) == 0)
			return key;
	}
	if (!(node->sizes & size_bit(name.size())))
		return nullptr;
	for (unsigned k = 0; k < node->keys_len; k++) {
		struct key *key = &node->keys[k];

		if (key->size != name.size() ||
		    memcmp(key->data, name.data(), key->size) != 0)
			continue;
		if (member < GUESSES)
			node->guesses[member] = (uint8_t)k;
		return key;
	}
	return nullptr;
}

static struct decoded
decode_element(dom::element element)
{
	struct decoded value = {};

	switch (element.type()) {
	case dom::element_type::INT64:
		value.type = DECODED_INT;
		value.i = element.get_int64().value_unsafe();
		break;
	case dom::element_type::UINT64:
		value.type = DECODED_UINT;
		value.u = element.get_uint64().value_unsafe();
		break;
	case dom::element_type::DOUBLE:
		value.type = DECODED_REAL;
		value.d = element.get_double().value_unsafe();
		break;
	case dom::element_type::STRING: {
		std::string_view text = element.get_string().value_unsafe();

		value.type = DECODED_TEXT;
		value.text.data = text.data();
		value.text.size = text.size();
		break;
	}
	case dom::element_type::BOOL:
		value.type = DECODED_BOOL;
		value.i = element.get_bool().value_unsafe();
		break;
	case dom::element_type::NULL_VALUE:
		value.type = DECODED_NULL;
		break;
	case dom::element_type::ARRAY:
	case dom::element_type::OBJECT:
		value.type = DECODED_OTHER;
		break;
	}
	return value;
}

/*
 * Takes the values of the node's fields out of the object, in one pass over
 * its members. Returns the field of the first key that occurs twice, or -1.
 */
static int
walk(const struct json_decoder *json, struct node *node, dom::object object,
     struct decoded *values)
{
	uint32_t seen = 0;
	size_t member = 0;

	for (dom::key_value_pair pair : object) {
		struct key *key = find_key(node, pair.key, member++);

		if (!key)
			continue;

		uint32_t bit = UINT32_C(1) << (key - node->keys);
		if (seen & bit)
			return key->field >= 0 ? key->field
					       : __builtin_ctz(key->below);
		seen |= bit;

		if (key->field >= 0) {
			struct decoded value = decode_element(pair.value);

			for (int f = key->field; f >= 0; f = json->same[f])
				values[f] = value;
		}
		if (!key->node || pair.value.is_null())
			continue;
		if (pair.value.is_object()) {
			int twice = walk(json, key->node,
					 pair.value.get_object().value_unsafe(),
					 values);
			if (twice >= 0)
				return twice;
			continue;
		}
		for (uint32_t bits = key->below; bits; bits &= bits - 1)
			values[__builtin_ctz(bits)].type = DECODED_OTHER;
	}
	return -1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 8259, section 6. */
static bool
is_number(const char *at, const char *end)
{
	if (at < end && *at == '-')
		at++;
	if (at == end || !is_digit(*at))
		return false;
	if (*at == '0')
		at++;
	else
		while (at < end && is_digit(*at))
			at++;
	if (at < end && *at == '.') {
		if (++at == end || !is_digit(*at))
			return false;
		while (at < end && is_digit(*at))
			at++;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		if (++at < end && (*at == '+' || *at == '-'))
			at++;
		if (at == end || !is_digit(*at))
			return false;
		while (at < end && is_digit(*at))
			at++;
	}
	return at == end;
}

static bool
ends_token(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' ||
	       c == ':' || c == '[' || c == ']' || c == '{' || c == '}';
}

/*
 * Reads the tokens of the padded message: how deep its brackets go, and which
 * of its numbers are beyond 64 bits. These are overwritten with `digit` and
 * spaces, so that a second parse can say whether the rest is JSON. Only that
 * parse can: here is checked no more than that numbers are numbers.
 * Returns false when the message cannot be JSON.
 *
 * A quote or backslash where none may stand leads this function astray, but
 * is itself never overwritten, so that the second parse fails on it.
 */
static bool
read_tokens(struct json_decoder *json, size_t size, char digit,
	    struct tokens *tokens)
{
	char *at = json->padded, *end = at + size;
	size_t depth = 0;

	*tokens = {};
	while (at < end) {
		char c = *at;

		if (c == '"') {
			for (at++; at < end && *at != '"'; at++)
				if (*at == '\\')
					at++;
			if (at >= end)
				return false;
			at++;
			continue;
		}
		if (ends_token(c)) {
			if (c == '[' || c == '{') {
				depth++;
				if (depth > tokens->depth)
					tokens->depth = depth;
			} else if ((c == ']' || c == '}') && depth > 0) {
				depth--;
			}
			at++;
			continue;
		}

		char *token = at;
		while (at < end && !ends_token(*at))
			at++;
		if (*token != '-' && !is_digit(*token))
			continue;
		if (!is_number(token, at))
			return false;
		size_t token_size = (size_t)(at - token);
		/* The shortest that is beyond 64 bits has 5: 9e308. */
		if (token_size < 5)
			continue;
		simdjson::error_code error =
		    json->slow->parse(token, token_size, true).error();
		if (!error)
			continue;
		if (error == simdjson::MEMALLOC)
			out_of_memory();
		memset(token, ' ', token_size);
		*token = digit;
		tokens->beyond = true;
	}
	return true;
}

/*
 * For messages that simdjson refuses for a number or for their depth, which
 * may hide an error further on: the verdict of a parser without these limits.
 * A message whose only fault is numbers beyond 64 bits returns REASON_NONE,
 * tokens->beyond and a document that has `digit` in their place.
 */
static enum reason
parse_again(struct json_decoder *json, const void *data, size_t size,
	    char digit, struct tokens *tokens, dom::element *root)
{
	json->slow.reset(new (std::nothrow) dom::parser());
	if (!json->slow)
		out_of_memory();
	copy_padded(json, data, size);
	if (!read_tokens(json, size, digit, tokens))
		return REASON_NOT_JSON;
	/* simdjson's limit is exclusive. */
	if (json->slow->allocate(size, tokens->depth + 1))
		out_of_memory();
	simdjson::error_code error =
	    json->slow->parse(json->padded, size, false).get(*root);
	if (error == simdjson::MEMALLOC)
		out_of_memory();
	if (error)
		return REASON_NOT_JSON;
	return tokens->depth > EVENT_DEPTH_MAX ? REASON_TOO_DEEP : REASON_NONE;
}

static enum reason
take_values(struct json_decoder *json, dom::element root,
	    struct decoded *values, int *field)
{
	for (unsigned i = 0; i < json->spec->fields_len; i++)
		values[i].type = DECODED_ABSENT;
	*field = -1;
	if (!root.is_object())
		return REASON_NOT_OBJECT;
	*field =
	    walk(json, json->root, root.get_object().value_unsafe(), values);
	return *field < 0 ? REASON_NONE : REASON_DUPLICATE_KEY;
}

/*
 * The field whose number is beyond 64 bits: its value, 0 now, is 1 when the
 * message is read with that digit. -1 when no field's is.
 */
static int
field_beyond(struct json_decoder *json, const void *data, size_t size,
	     const struct decoded *values)
{
	struct decoded others[PIPELINE_FIELDS_MAX];
	struct tokens tokens;
	dom::element root;
	int field;

	if (parse_again(json, data, size, '1', &tokens, &root) ||
	    take_values(json, root, others, &field))
		return -1;
	for (unsigned i = 0; i < json->spec->fields_len; i++)
		if (values[i].type == DECODED_INT && values[i].i == 0 &&
		    others[i].i == 1)
			return (int)i;
	return -1;
}

enum reason
json_decoder_decode(struct json_decoder *json, const void *data, size_t size,
		    struct decoded *values, int *field)
{
	struct tokens tokens = {};
	dom::element root;
	enum reason reason;

	*field = -1;
	json->slow.reset();
	/* Newer versions of simdjson skip a byte order mark. */
	if (*static_cast<const unsigned char *>(data) == 0xEF)
		return REASON_NOT_JSON;
	if (size > json->capacity)
		reserve(json, size);
	copy_padded(json, data, size);

	simdjson::error_code error =
	    json->parser
		.parse_into_document(json->document, json->padded, size, false)
		.get(root);
	switch (error) {
	case simdjson::SUCCESS:
		break;
	case simdjson::NUMBER_ERROR:
	case simdjson::DEPTH_ERROR:
		reason = parse_again(json, data, size, '0', &tokens, &root);
		if (reason)
			return reason;
		break;
	case simdjson::MEMALLOC:
		out_of_memory();
		break;
	default:
		return REASON_NOT_JSON;
	}

	json->last = root;
	reason = take_values(json, root, values, field);
	if (reason || !tokens.beyond)
		return reason;
	*field = field_beyond(json, data, size, values);
	return REASON_OUT_OF_RANGE;
}

static enum seen_type
type_of(dom::element element)
{
	switch (element.type()) {
	case dom::element_type::INT64:
	case dom::element_type::UINT64:
		return SEEN_INTEGER;
	case dom::element_type::DOUBLE:
		return SEEN_NUMBER;
	case dom::element_type::STRING:
		return SEEN_STRING;
	case dom::element_type::BOOL:
		return SEEN_BOOLEAN;
	case dom::element_type::ARRAY:
		return SEEN_ARRAY;
	case dom::element_type::OBJECT:
		return SEEN_OBJECT;
	case dom::element_type::NULL_VALUE:
		break;
	}
	return SEEN_NULL;
}

/* The members of an object at a path of so many keys. */
static void
see(dom::object object, struct seen *seen, char path[SEEN_PATH_MAX],
    size_t size, unsigned depth)
{
	for (dom::key_value_pair pair : object) {
		enum seen_type type = type_of(pair.value);
		size_t whole;

		/* Most fields are not in another one. */
		if (depth == 0 && type != SEEN_OBJECT) {
			seen_add(seen, pair.key.data(), pair.key.size(), type);
			continue;
		}
		whole = seen_path_add(path, size, depth, pair.key.data(),
				      pair.key.size());
		seen_add(seen, path, whole, type);
		if (type == SEEN_OBJECT && depth + 1 < SEEN_DEPTH_MAX)
			see(pair.value.get_object().value_unsafe(), seen, path,
			    whole, depth + 1);
	}
}

void
json_decoder_see(const struct json_decoder *json, struct seen *seen)
{
	char path[SEEN_PATH_MAX];

	seen_begin(seen);
	see(json->last.get_object().value_unsafe(), seen, path, 0, 0);
	seen_end(seen);
}
