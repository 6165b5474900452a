/*
 * The schema as seen, in the same transactions as all else. A commit writes the
 * fields that have changed as they now are; docs/store.md has the format.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "store/lmdb-door.h"

#define META_SIZE   (8 * 3)
#define FIELD_HEAD  (8 * (1 + SEEN_TYPES + 4 + 1 + 1))
#define CHANGE_SIZE (8 * 7)
#define KEY_SIZE    5

#define FLAG_USUAL 1
#define FLAG_GONE  2

_Static_assert((int)SEEN_TYPES == (int)VIEW_TYPES &&
		   (int)SEEN_ARRAY == (int)VIEW_TYPE_ARRAY,
	       "types of views are those of the schema");
_Static_assert(SEEN_CHANGES == VIEW_CHANGES && SEEN_MAX == VIEW_SEEN,
	       "a view has room for all of one store");

/* ---- Writing ---- */

static void
number_key(char key[KEY_SIZE], char kind, uint32_t number)
{
	key[0] = kind;
	put_be32(key + 1, number);
}

static char *
put_position(char *at, struct position position)
{
	put_u64(at, (uint64_t)position.partition);
	put_u64(at + 8, (uint64_t)position.offset);
	return at + 16;
}

static size_t
encode_field(const struct seen_field *field,
	     char data[FIELD_HEAD + SEEN_PATH_MAX])
{
	char *at = data;

	put_u64(at, (uint64_t)field->events);
	at += 8;
	for (unsigned i = 0; i < SEEN_TYPES; i++, at += 8)
		put_u64(at, (uint64_t)field->types[i]);
	at = put_position(at, field->first);
	at = put_position(at, field->last);
	put_u64(at, (uint64_t)field->before);
	put_u64(at + 8, (field->usual ? FLAG_USUAL : 0) |
			    (field->gone ? FLAG_GONE : 0));
	memcpy(data + FIELD_HEAD, field->path, field->size);
	return FIELD_HEAD + field->size;
}

static int
write_fields(struct store *store, MDB_txn *txn, const struct seen *seen)
{
	char key[KEY_SIZE], data[FIELD_HEAD + SEEN_PATH_MAX];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < seen->fields_len; i++) {
		MDB_val k = val(key, sizeof(key)), v;

		if (!seen->fields[i].changed)
			continue;
		number_key(key, SEEN_FIELD, i);
		v = val(data, encode_field(&seen->fields[i], data));
		rc = mdb_put(txn, store->seen, &k, &v, 0);
	}
	return rc;
}

static int
write_changes(struct store *store, MDB_txn *txn, const struct seen *seen)
{
	char key[KEY_SIZE], data[CHANGE_SIZE];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < SEEN_CHANGES; i++) {
		const struct seen_change *change = &seen->log[i];
		MDB_val k = val(key, sizeof(key)), v = val(data, sizeof(data));

		if (change->number <= seen->committed_changes)
			continue;
		number_key(key, SEEN_CHANGE, i);
		put_u64(data, (uint64_t)change->number);
		put_u64(data + 8, change->kind);
		put_u64(data + 16, change->type);
		put_u64(data + 24, change->field);
		put_position(data + 32, change->position);
		put_u64(data + 48, (uint64_t)change->time_ms);
		rc = mdb_put(txn, store->seen, &k, &v, 0);
	}
	return rc;
}

int
seen_write(struct store *store, MDB_txn *txn, const struct seen *seen)
{
	char kind = SEEN_META, data[META_SIZE];
	MDB_val k = val(&kind, 1), v = val(data, sizeof(data));
	int rc;

	put_u64(data, (uint64_t)seen->events);
	put_u64(data + 8, (uint64_t)seen->beyond);
	put_u64(data + 16, (uint64_t)seen->changes);
	rc = mdb_put(txn, store->seen, &k, &v, 0);
	if (rc == 0)
		rc = write_fields(store, txn, seen);
	return rc ? rc : write_changes(store, txn, seen);
}

/* ---- Reading ---- */

static bool
get_count(const char *at, int64_t *count)
{
	*count = (int64_t)get_u64(at);
	return *count >= 0 && *count <= INT64_MAX / 1024;
}

/* Of an entry that there may not be: who looks one up sees to that. */
static bool
get_position(const char *at, struct position *position)
{
	uint64_t partition = get_u64(at);

	position->partition = (int32_t)partition;
	return partition <= ROW_PARTITION_MAX &&
	       get_count(at + 8, &position->offset);
}

static bool
decode_field(struct seen *seen, MDB_val v)
{
	const char *at = v.mv_data;
	struct seen_field *field;
	bool sane;

	if (v.mv_size < FIELD_HEAD)
		return false;
	field = seen_load(seen, at + FIELD_HEAD, v.mv_size - FIELD_HEAD);
	if (!field)
		return false;
	sane = get_count(at, &field->events);
	at += 8;
	for (unsigned i = 0; i < SEEN_TYPES; i++, at += 8)
		sane &= get_count(at, &field->types[i]);
	sane &= get_position(at, &field->first);
	sane &= get_position(at + 16, &field->last);
	sane &= get_count(at + 32, &field->before);
	field->usual = get_u64(at + 40) & FLAG_USUAL;
	field->gone = get_u64(at + 40) & FLAG_GONE;
	return sane;
}

static bool
decode_change(struct seen *seen, uint32_t place, MDB_val v)
{
	const char *at = v.mv_data;
	struct seen_change *change;

	if (place >= SEEN_CHANGES || v.mv_size != CHANGE_SIZE ||
	    get_u64(at + 8) >= SEEN_CHANGE_KINDS ||
	    get_u64(at + 16) >= SEEN_TYPES ||
	    get_u64(at + 24) >= seen->fields_len)
		return false;
	change = &seen->log[place];
	change->kind = (enum seen_change_kind)get_u64(at + 8);
	change->type = (enum seen_type)get_u64(at + 16);
	change->field = (unsigned)get_u64(at + 24);
	change->time_ms = (int64_t)get_u64(at + 48);
	return get_position(at + 32, &change->position) &&
	       get_count(at, &change->number);
}

/* The records of one kind, whose numbers are 0, 1, ... without holes. */
static int
read_records(struct store *store, MDB_txn *txn, char kind, struct seen *seen)
{
	MDB_cursor *cursor;
	MDB_val k = val(&kind, 1), v;
	uint32_t number = 0;
	int rc = mdb_cursor_open(txn, store->seen, &cursor);

	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		const char *at = k.mv_data;
		uint32_t is;

		if (k.mv_size != KEY_SIZE || at[0] != kind)
			break;
		is = get_be32(at + 1);
		if (kind == SEEN_FIELD
			? is != number++ || !decode_field(seen, v)
			: !decode_change(seen, is, v)) {
			rc = MDB_CORRUPTED;
			break;
		}
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int
seen_read(struct store *store, MDB_txn *txn, struct seen *seen)
{
	char kind = SEEN_META;
	MDB_val k = val(&kind, 1), v;
	int rc = mdb_get(txn, store->seen, &k, &v);
	const char *at = v.mv_data;

	if (rc)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (v.mv_size != META_SIZE || !get_count(at, &seen->events) ||
	    !get_count(at + 8, &seen->beyond) ||
	    !get_count(at + 16, &seen->changes))
		return MDB_CORRUPTED;
	rc = read_records(store, txn, SEEN_FIELD, seen);
	if (rc == 0)
		rc = read_records(store, txn, SEEN_CHANGE, seen);
	seen_loaded(seen);
	return rc;
}

int
store_load_seen(struct store *store, struct seen *seen, struct err *err)
{
	const char *before = crash_enter(store->path);
	MDB_txn *txn;
	int rc = store_read_begin(store, &txn, err);

	if (rc == 0) {
		rc = seen_read(store, txn, seen);
		if (rc)
			rc = store_fail(err, rc, store,
					"reading the fields of events");
		store_read_end(store, txn);
	}
	crash_leave(before);
	return rc;
}

/* ---- Views ---- */

/* The view's field of this path, which is added; NULL: there is no room. */
static struct view_seen *
view_field(struct view *view, const struct seen_field *field)
{
	struct view_seen *to;

	for (unsigned i = 0; i < view->seen_len; i++) {
		to = &view->seen[i];
		if (to->name.size == field->size &&
		    memcmp(to->name.data, field->path, field->size) == 0)
			return to;
	}
	if (view->seen_len == VIEW_SEEN)
		return NULL;
	to = &view->seen[view->seen_len++];
	to->name = view_copy(view, field->path, field->size);
	to->known = field->known;
	to->first.offset = -1;
	return to;
}

static void
add_field(struct view *view, const struct part *part,
	  const struct seen_field *field, unsigned *index)
{
	struct view_seen *to = view_field(view, field);

	*index = VIEW_SEEN;
	if (!to) {
		view->seen_beyond += field->events;
		return;
	}
	*index = (unsigned)(to - view->seen);
	to->events += field->events;
	for (unsigned i = 0; i < SEEN_TYPES; i++)
		to->types[i] += field->types[i];
	if (to->first.offset < 0)
		to->first = view_position(view, part, field->first);
	to->last = view_position(view, part, field->last);
}

/* Among those that are newer or as new, and were there before. */
static void
add_change(struct view *view, struct view_change change)
{
	unsigned at = view->changes_len;

	if (at == VIEW_CHANGES) {
		if (view->changes[--at].time_ms >= change.time_ms)
			return;
	} else {
		view->changes_len++;
	}
	for (; at > 0 && view->changes[at - 1].time_ms < change.time_ms; at--)
		view->changes[at] = view->changes[at - 1];
	view->changes[at] = change;
}

static void
add_part(struct view *view, const struct part *part, const struct seen *seen)
{
	unsigned indices[SEEN_MAX];

	view->seen_events += seen->events;
	view->seen_beyond += seen->beyond;
	view->changes_total += seen->changes;
	for (unsigned i = 0; i < seen->fields_len; i++)
		add_field(view, part, &seen->fields[i], &indices[i]);
	for (int64_t n = seen->changes;
	     n > 0 && n > seen->changes - SEEN_CHANGES; n--) {
		const struct seen_change *from = &seen->log[n % SEEN_CHANGES];

		if (from->number != n || indices[from->field] == VIEW_SEEN)
			continue;
		add_change(view, (struct view_change){
				     .kind = (enum view_change_kind)from->kind,
				     .field = indices[from->field],
				     .type = (enum view_type)from->type,
				     .position = view_position(view, part,
							       from->position),
				     .time_ms = from->time_ms,
				 });
	}
}

int
view_read_seen(const struct whole *whole, struct view *view, struct err *err)
{
	int rc = 0;

	view->seen = view_alloc(view, VIEW_SEEN * sizeof(*view->seen));
	view->changes = view_alloc(view, VIEW_CHANGES * sizeof(*view->changes));
	for (unsigned i = 0; rc == 0 && i < whole->parts_len; i++) {
		const struct part *part = &whole->parts[i];
		struct seen *seen = seen_new(&part->store->pipeline->event);

		rc = seen_read(part->store, part->txn, seen);
		if (rc)
			rc = store_fail(err, rc, part->store,
					"reading the fields of events");
		else
			add_part(view, part, seen);
		seen_free(seen);
	}
	return rc;
}
