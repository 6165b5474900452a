#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/group.h"
#include "base/alloc.h"
#include "base/bytes.h"

/* Where an order is asked for, keys stand beside their ranking's arena. */
static int
compare(const struct ranking *ranking, uint64_t a_bits, struct text a,
	uint64_t b_bits, struct text b)
{
	if (a_bits != b_bits)
		return (a_bits < b_bits) == ranking->largest_first ? 1 : -1;
	return text_order(a, b);
}

static struct text
entry_key(const struct ranking *ranking, const struct ranking_entry *entry)
{
	return (struct text){ranking->keys.data + entry->key_at,
			     entry->key_size};
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	const struct ranking *ranking = arg;
	const struct ranking_entry *x = a, *y = b;

	return compare(ranking, x->bits, entry_key(ranking, x), y->bits,
		       entry_key(ranking, y));
}

/* ---- Rankings ---- */

static void
ranking_init(struct ranking *ranking, bool largest_first)
{
	memset(ranking, 0, sizeof(*ranking));
	ranking->largest_first = largest_first;
	ranking->complete = true;
	ranking->entries =
	    xmalloc(RANKING_CAPACITY * sizeof(*ranking->entries));
	ranking->added = xmalloc(RANKING_CAPACITY * sizeof(*ranking->added));
}

static void
ranking_release(struct ranking *ranking)
{
	free(ranking->entries);
	free(ranking->added);
	buf_release(&ranking->bound_key);
	buf_release(&ranking->keys);
}

static void
ranking_clear(struct ranking *ranking)
{
	ranking->complete = true;
	ranking->broken = false;
	ranking->len = ranking->live = ranking->added_len = 0;
	ranking->keys.size = 0;
	ranking->bound_key.size = 0;
}

/* Whether a key of this value belongs into the ranking. */
static bool
within(const struct ranking *ranking, uint64_t bits, struct text key)
{
	if (ranking->complete)
		return true;
	/* Nearly every key is decided here, by its value alone. */
	if (bits != ranking->bound_bits)
		return (bits > ranking->bound_bits) == ranking->largest_first;
	return compare(ranking, bits, key, ranking->bound_bits,
		       (struct text){ranking->bound_key.data,
				     ranking->bound_key.size}) <= 0;
}

/*
 * Merges what was added into the order, drops what is gone, and moves the
 * bound when it is too long. Keys go to a new arena, so that it stays small.
 */
static void
ranking_fold(struct ranking *ranking)
{
	struct ranking_entry *merged;
	struct buf keys = BUF_INIT;
	size_t a = 0, b = 0, len = 0, all = ranking->live + ranking->added_len;

	if (all == ranking->len && ranking->added_len == 0)
		return;
	if (ranking->added_len > 1)
		qsort_r(ranking->added, ranking->added_len,
			sizeof(*ranking->added), compare_entries, ranking);
	merged = xmalloc(RANKING_CAPACITY * sizeof(*merged));
	while (len < RANKING_CAPACITY) {
		const struct ranking_entry *x, *y, *next;
		struct text key;

		while (a < ranking->len && ranking->entries[a].gone)
			a++;
		x = a < ranking->len ? &ranking->entries[a] : NULL;
		y = b < ranking->added_len ? &ranking->added[b] : NULL;
		if (!x && !y)
			break;
		next = !y || (x && compare_entries(x, y, ranking) < 0) ? x : y;
		if (next == x)
			a++;
		else
			b++;
		key = entry_key(ranking, next);
		merged[len] = *next;
		merged[len].key_at = (uint32_t)keys.size;
		buf_add(&keys, key.data, key.size);
		len++;
	}
	free(ranking->entries);
	buf_release(&ranking->keys);
	ranking->entries = merged;
	ranking->keys = keys;
	ranking->len = ranking->live = len;
	ranking->added_len = 0;
	if (all > len) {
		const struct ranking_entry *last = &merged[len - 1];

		ranking->complete = false;
		ranking->bound_bits = last->bits;
		ranking->bound_key.size = 0;
		buf_add(&ranking->bound_key, keys.data + last->key_at,
			last->key_size);
	}
}

static void
ranking_add(struct ranking *ranking, uint64_t bits, struct text key)
{
	struct ranking_entry *entry;

	if (!within(ranking, bits, key))
		return;
	if (ranking->added_len == RANKING_CAPACITY) {
		ranking_fold(ranking);
		if (!within(ranking, bits, key))
			return;
	}
	entry = &ranking->added[ranking->added_len++];
	entry->bits = bits;
	entry->key_at = (uint32_t)ranking->keys.size;
	entry->key_size = (uint32_t)key.size;
	entry->gone = false;
	buf_add(&ranking->keys, key.data, key.size);
}

static void
ranking_remove(struct ranking *ranking, uint64_t bits, struct text key)
{
	size_t low = 0, high = ranking->len;

	if (!within(ranking, bits, key))
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;
		struct ranking_entry *entry = &ranking->entries[middle];
		int c = compare(ranking, entry->bits, entry_key(ranking, entry),
				bits, key);

		if (c == 0) {
			if (entry->gone)
				break;
			entry->gone = true;
			ranking->live--;
			return;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	ranking->broken = true;
}

bool
ranking_get(const struct ranking *ranking, size_t i, uint64_t *bits,
	    struct text *key)
{
	if (i >= ranking->len)
		return false;
	*bits = ranking->entries[i].bits;
	*key = entry_key(ranking, &ranking->entries[i]);
	return true;
}

/* ---- Groups ---- */

void
group_init(struct group *group, const struct row_layout *layout)
{
	memset(group, 0, sizeof(*group));
	group->layout = layout;
	ranking_init(&group->top, true);
	ranking_init(&group->bottom, false);
	group_clear(group);
}

void
group_release(struct group *group)
{
	ranking_release(&group->top);
	ranking_release(&group->bottom);
}

void
group_clear(struct group *group)
{
	group->keys = group->ranked = group->min_keys = 0;
	group->min_bits = 0;
	row_init(group->layout, group->total);
	memset(group->spread, 0, sizeof(group->spread));
	ranking_clear(&group->top);
	ranking_clear(&group->bottom);
}

static unsigned
spread_of(const struct group *group, uint64_t bits)
{
	double v = value_double(row_rank_value(group->layout, bits));
	int exponent;

	if (!(v >= 1))
		return 0;
	if (isinf(v))
		return GROUP_SPREAD - 1; /* frexp() says nothing of it */
	frexp(v, &exponent);             /* v in [2^(exponent-1), 2^exponent) */
	return exponent < GROUP_SPREAD ? (unsigned)exponent : GROUP_SPREAD - 1;
}

static void
leave(struct group *group, struct text key, uint64_t bits)
{
	group->ranked--;
	group->spread[spread_of(group, bits)]--;
	if (bits == group->min_bits && group->min_keys > 0)
		group->min_keys--;
	ranking_remove(&group->top, bits, key);
	ranking_remove(&group->bottom, bits, key);
}

static void
enter(struct group *group, struct text key, uint64_t bits)
{
	/*
	 * While min_keys is 0 other keys may be below this one; it is found
	 * out in group_finish().
	 */
	if (group->ranked == 0 ||
	    (group->min_keys > 0 && bits < group->min_bits)) {
		group->min_bits = bits;
		group->min_keys = 1;
	} else if (group->min_keys > 0 && bits == group->min_bits) {
		group->min_keys++;
	}
	group->ranked++;
	group->spread[spread_of(group, bits)]++;
	ranking_add(&group->top, bits, key);
	ranking_add(&group->bottom, bits, key);
}

void
group_change(struct group *group, struct text key, const void *delta,
	     const void *old, const void *now)
{
	uint64_t old_bits = 0, bits = 0;
	bool was, is;

	row_merge(group->layout, group->total, delta);
	if (!old)
		group->keys++;
	was = old && row_rank_bits(group->layout, old, &old_bits);
	is = row_rank_bits(group->layout, now, &bits);
	if (was && is && old_bits == bits)
		return;
	if (was)
		leave(group, key, old_bits);
	if (is)
		enter(group, key, bits);
}

bool
group_finish(struct group *group)
{
	struct ranking *bottom = &group->bottom;

	ranking_fold(&group->top);
	ranking_fold(bottom);
	if (group->ranked > 0 && group->min_keys == 0 && bottom->len > 0) {
		uint64_t least = bottom->entries[0].bits;
		size_t same = 1;

		while (same < bottom->len &&
		       bottom->entries[same].bits == least)
			same++;
		/* Beyond the bound there may be more of the same value. */
		if (bottom->complete || bottom->bound_bits != least) {
			group->min_bits = least;
			group->min_keys = (int64_t)same;
		}
	}
	if (group->ranked > 0 && group->min_keys == 0)
		return true;
	if (group->top.broken || bottom->broken)
		return true;
	return (!group->top.complete && group->top.len < RANKING_SHOWN) ||
	       (!bottom->complete && bottom->len < RANKING_SHOWN);
}

void
group_rescan_begin(struct group *group)
{
	group->ranked = group->min_keys = 0;
	memset(group->spread, 0, sizeof(group->spread));
	ranking_clear(&group->top);
	ranking_clear(&group->bottom);
}

void
group_rescan_add(struct group *group, struct text key, const void *row)
{
	uint64_t bits;

	if (row_rank_bits(group->layout, row, &bits))
		enter(group, key, bits);
}

void
group_rescan_end(struct group *group)
{
	ranking_fold(&group->top);
	ranking_fold(&group->bottom);
}

/* ---- The stored form ---- */

static void
add_u64(struct buf *out, uint64_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void
add_u32(struct buf *out, uint32_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void
ranking_encode(const struct ranking *ranking, struct buf *out)
{
	add_u32(out, ranking->complete);
	add_u32(out, (uint32_t)ranking->len);
	add_u64(out, ranking->bound_bits);
	add_u32(out, (uint32_t)ranking->bound_key.size);
	buf_add(out, ranking->bound_key.data, ranking->bound_key.size);
	for (size_t i = 0; i < ranking->len; i++) {
		const struct ranking_entry *entry = &ranking->entries[i];

		add_u64(out, entry->bits);
		add_u32(out, entry->key_size);
		buf_add(out, ranking->keys.data + entry->key_at,
			entry->key_size);
	}
}

static void
add_first_key(const struct ranking *ranking, struct buf *out)
{
	struct text key = {"", 0};
	uint64_t bits = 0;

	ranking_get(ranking, 0, &bits, &key);
	add_u64(out, bits);
	add_u32(out, (uint32_t)key.size);
	buf_add(out, key.data, key.size);
}

void
group_encode(const struct group *group, struct buf *summary,
	     struct buf *rankings)
{
	add_u64(summary, (uint64_t)group->keys);
	add_u64(summary, (uint64_t)group->ranked);
	add_u64(summary, (uint64_t)group->min_keys);
	buf_add(summary, group->spread, sizeof(group->spread));
	buf_add(summary, group->total, group->layout->size);
	add_first_key(&group->bottom, summary);
	add_first_key(&group->top, summary);
	ranking_encode(&group->top, rankings);
	ranking_encode(&group->bottom, rankings);
}

struct reader {
	const char *at, *end;
	bool broken;
};

static const void *
take(struct reader *reader, size_t size)
{
	const char *at = reader->at;

	if ((size_t)(reader->end - at) < size) {
		reader->broken = true;
		return NULL;
	}
	reader->at += size;
	return at;
}

static uint64_t
take_u64(struct reader *reader)
{
	const void *at = take(reader, 8);

	return at ? get_u64(at) : 0;
}

static uint32_t
take_u32(struct reader *reader)
{
	const void *at = take(reader, 4);

	return at ? get_u32(at) : 0;
}

static void
take_key(struct reader *reader, struct buf *into)
{
	uint32_t size = take_u32(reader);
	const void *key = take(reader, size);

	if (key)
		buf_add(into, key, size);
}

static void
ranking_decode(struct ranking *ranking, struct reader *reader)
{
	uint32_t len;

	ranking_clear(ranking);
	ranking->complete = take_u32(reader) != 0;
	len = take_u32(reader);
	ranking->bound_bits = take_u64(reader);
	take_key(reader, &ranking->bound_key);
	if (len > RANKING_CAPACITY) {
		reader->broken = true;
		return;
	}
	for (uint32_t i = 0; i < len && !reader->broken; i++) {
		struct ranking_entry *entry = &ranking->entries[i];

		entry->bits = take_u64(reader);
		entry->key_at = (uint32_t)ranking->keys.size;
		take_key(reader, &ranking->keys);
		entry->key_size = (uint32_t)ranking->keys.size - entry->key_at;
		entry->gone = false;
	}
	ranking->len = ranking->live = len;
}

static int
damaged(struct err *err)
{
	return err_set(err, WEIR_STORE, 0,
		       "a stored group is damaged: it does not end where it "
		       "should");
}

int
group_decode_summary(const struct row_layout *layout, const void *data,
		     size_t size, struct group_summary *summary,
		     struct err *err)
{
	struct reader reader = {data, (const char *)data + size, false};

	memset(summary, 0, sizeof(*summary));
	summary->keys = (int64_t)take_u64(&reader);
	summary->ranked = (int64_t)take_u64(&reader);
	summary->min_keys = (int64_t)take_u64(&reader);
	summary->spread = take(&reader, GROUP_SPREAD * 8);
	summary->total = take(&reader, layout->size);
	summary->min_bits = take_u64(&reader);
	summary->min_key.size = take_u32(&reader);
	summary->min_key.data = take(&reader, summary->min_key.size);
	summary->max_bits = take_u64(&reader);
	summary->max_key.size = take_u32(&reader);
	summary->max_key.data = take(&reader, summary->max_key.size);
	if (reader.broken || reader.at != reader.end)
		return damaged(err);
	return 0;
}

int
group_decode(struct group *group, const void *data, size_t size,
	     const void *rankings, size_t rankings_size, struct err *err)
{
	struct reader reader = {rankings,
				(const char *)rankings + rankings_size, false};
	struct group_summary summary;
	int rc;

	group_clear(group);
	rc = group_decode_summary(group->layout, data, size, &summary, err);
	if (rc)
		return rc;
	group->keys = summary.keys;
	group->ranked = summary.ranked;
	group->min_bits = summary.min_bits;
	group->min_keys = summary.min_keys;
	memcpy(group->spread, summary.spread, sizeof(group->spread));
	memcpy(group->total, summary.total, group->layout->size);
	ranking_decode(&group->top, &reader);
	ranking_decode(&group->bottom, &reader);
	if (reader.broken || reader.at != reader.end)
		return damaged(err);
	return 0;
}
