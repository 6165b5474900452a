#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/key.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "browse.h"

#define SLICE_ROWS   4096 /* about 0.4 ms, when its pages are in memory */
#define PART_NS      INT64_C(100000000)
#define PAUSE_MIN_NS INT64_C(1000000000)
#define PAUSE_COST   4 /* times what the pass before it took */

_Static_assert(PAGE_KEY_MAX == KEY_MAX, "a page has room for any key");

/* A row that is kept. */
struct entry {
	bool unknown;    /* what it is sorted by */
	uint64_t bits;   /* the same as a number in the order of the page */
	struct text key; /* points into room, but for those not kept */
	char room[KEY_MAX];
	struct value measures[PIPELINE_MEASURES_MAX];
};

/*
 * The rows on one side of the place that are nearest to it: a heap with the
 * farthest on top, which is the first to leave.
 */
struct side {
	bool after;
	struct entry *entries; /* PAGE_ROWS, in no order */
	struct entry *heap[PAGE_ROWS];
	unsigned len;
	int64_t rows; /* of all, how many are on this side */
};

struct pass {
	const struct pipeline *pipeline;
	const struct table_spec *spec;
	struct page_query query;
	uint64_t number;
	struct entry place; /* PAGE_AT */
	struct side before, after;
	int64_t looked_at;
	uint64_t first_commit, last_commit;
	int64_t keys;
	struct buf text;
};

struct browse {
	struct store *store;
	struct pass pass; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted, done;
	/* Under the lock. */
	bool stopped, asked;
	bool due;           /* virtual time: to be answered (again) now */
	int64_t settled_ms; /* when that was last, */
	uint64_t settled;   /* and the question */
	struct page_query query;
	uint64_t number;
	struct page *page; /* the newest, until it is taken */
	struct err problem;
};

/* ---- Order ---- */

/* As unsigned numbers in the order of the values; false when unknown. */
static bool
order_bits(struct value value, uint64_t *bits)
{
	uint64_t raw;

	if (value.kind == VALUE_INT) {
		*bits = key_from_i64(value.i);
		return true;
	}
	if (value.kind == VALUE_NONE || isnan(value.d))
		return false;
	if (value.d == 0)
		value.d = 0; /* -0 is no less */
	memcpy(&raw, &value.d, sizeof(raw));
	*bits = raw >> 63 ? ~raw : raw | UINT64_C(1) << 63;
	return true;
}

static void
set_order(const struct page_query *query, struct value value,
	  struct entry *entry)
{
	entry->bits = 0;
	entry->unknown = false;
	if (query->sort == PAGE_BY_KEY)
		return;
	entry->unknown = !order_bits(value, &entry->bits);
	/* Largest first is the usual way. */
	if (!query->reversed)
		entry->bits = ~entry->bits;
}

/* As memcmp(): whether a comes before b. */
static int
compare(const struct page_query *query, const struct entry *a,
	const struct entry *b)
{
	int c;

	if (a->unknown != b->unknown)
		return a->unknown ? 1 : -1;
	if (!a->unknown && a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	c = text_order(a->key, b->key);
	return query->sort == PAGE_BY_KEY && query->reversed ? -c : c;
}

/* ---- The rows next to the place ---- */

/* Whether a is farther from the place than b. */
static bool
farther(const struct page_query *query, const struct side *side,
	const struct entry *a, const struct entry *b)
{
	int c = compare(query, a, b);

	return side->after ? c > 0 : c < 0;
}

static void
sift_down(const struct page_query *query, struct side *side, unsigned at)
{
	for (;;) {
		unsigned child = 2 * at + 1;
		struct entry *swap;

		if (child >= side->len)
			return;
		if (child + 1 < side->len &&
		    farther(query, side, side->heap[child + 1],
			    side->heap[child]))
			child++;
		if (!farther(query, side, side->heap[child], side->heap[at]))
			return;
		swap = side->heap[at];
		side->heap[at] = side->heap[child];
		side->heap[child] = swap;
		at = child;
	}
}

static void
sift_up(const struct page_query *query, struct side *side, unsigned at)
{
	while (at > 0) {
		unsigned parent = (at - 1) / 2;
		struct entry *swap = side->heap[at];

		if (!farther(query, side, swap, side->heap[parent]))
			return;
		side->heap[at] = side->heap[parent];
		side->heap[parent] = swap;
		at = parent;
	}
}

static void
keep(struct entry *to, const struct entry *from, const struct value *measures)
{
	to->unknown = from->unknown;
	to->bits = from->bits;
	memcpy(to->room, from->key.data, from->key.size);
	to->key = (struct text){to->room, from->key.size};
	memcpy(to->measures, measures, sizeof(to->measures));
}

static void
offer(const struct page_query *query, struct side *side,
      const struct entry *entry, const struct value *measures)
{
	side->rows++;
	if (side->len < PAGE_ROWS) {
		side->heap[side->len] = &side->entries[side->len];
		keep(side->heap[side->len], entry, measures);
		sift_up(query, side, side->len++);
	} else if (farther(query, side, side->heap[0], entry)) {
		keep(side->heap[0], entry, measures);
		sift_down(query, side, 0);
	}
}

/* ---- Rows ---- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
contains(const char *data, size_t size, const char *part)
{
	size_t len = strlen(part);

	for (size_t i = 0; i + len <= size; i++) {
		size_t same = 0;

		while (same < len && lower(data[i + same]) == lower(part[same]))
			same++;
		if (same == len)
			return true;
	}
	return false;
}

static const struct buf *
people_read(struct pass *pass, struct text key)
{
	pass->text.size = 0;
	buf_reserve(&pass->text, 1);
	key_text(pass->pipeline, pass->spec, key, &pass->text);
	return &pass->text;
}

static void
look_at(void *ctx, struct text key, const struct value *measures)
{
	struct pass *pass = ctx;
	const struct page_query *query = &pass->query;
	bool after = query->place != PAGE_LAST;
	struct entry entry;

	pass->looked_at++;
	if (query->filter[0]) {
		const struct buf *text = people_read(pass, key);

		if (!contains(text->data, text->size, query->filter))
			return;
	}
	entry.key = key;
	set_order(query,
		  query->sort == PAGE_BY_KEY ? value_none()
					     : measures[query->sort],
		  &entry);
	if (query->place == PAGE_AT)
		after = compare(query, &entry, &pass->place) >= 0;
	offer(query, after ? &pass->after : &pass->before, &entry, measures);
}

/* ---- Pages ---- */

static int
compare_entries(const void *a, const void *b, void *ctx)
{
	const struct entry *const *x = a, *const *y = b;

	return compare(ctx, *x, *y);
}

static struct page *
make_page(struct pass *pass, bool complete)
{
	const struct entry *sorted[2 * PAGE_ROWS];
	size_t sizes[2 * PAGE_ROWS]; /* of what people read */
	unsigned len = 0;
	struct page *page;
	struct buf texts = BUF_INIT;
	size_t at = 0;
	char *data;

	for (unsigned i = 0; i < pass->before.len; i++)
		sorted[len++] = pass->before.heap[i];
	for (unsigned i = 0; i < pass->after.len; i++)
		sorted[len++] = pass->after.heap[i];
	qsort_r(sorted, len, sizeof(struct entry *), compare_entries,
		&pass->query);
	/* The key and what people read of it, until it is known where. */
	for (unsigned i = 0; i < len; i++) {
		const struct buf *text = people_read(pass, sorted[i]->key);

		buf_add(&texts, sorted[i]->key.data, sorted[i]->key.size);
		buf_add(&texts, "", 1);
		buf_add(&texts, text->data, text->size);
		buf_add(&texts, "", 1);
		sizes[i] = text->size;
	}
	page =
	    xcalloc(1, sizeof(*page) + len * sizeof(*page->rows) + texts.size);
	page->rows = (struct page_row *)(page + 1);
	data = (char *)(page->rows + len);
	if (texts.size)
		memcpy(data, texts.data, texts.size);
	for (unsigned i = 0; i < len; i++) {
		struct page_row *row = &page->rows[i];

		row->id = (struct view_text){data + at, sorted[i]->key.size};
		at += row->id.size + 1;
		row->key = (struct view_text){data + at, sizes[i]};
		at += row->key.size + 1;
		memcpy(row->measures, sorted[i]->measures,
		       sizeof(row->measures));
	}
	buf_release(&texts);
	page->question = pass->number;
	page->complete = complete;
	page->looked_at = pass->looked_at;
	page->keys = pass->keys;
	page->matching = pass->before.rows + pass->after.rows;
	page->before = pass->before.rows - pass->before.len;
	page->first_commit = pass->first_commit;
	page->last_commit = pass->last_commit;
	page->rows_len = len;
	page->at = pass->before.len;
	return page;
}

static void
publish(struct browse *browse, struct page *page)
{
	pthread_mutex_lock(&browse->lock);
	/* The answer to an old question is of no use. */
	if (page->question == browse->number && browse->asked) {
		free(browse->page);
		browse->page = page;
		browse->problem.code = WEIR_OK;
		page = NULL;
	}
	pthread_mutex_unlock(&browse->lock);
	free(page);
}

/* ---- A pass ---- */

static void
take_place(void *ctx, struct text key, const struct value *measures)
{
	struct pass *pass = ctx;

	if (text_order(key, pass->place.key) == 0 &&
	    pass->query.sort != PAGE_BY_KEY)
		pass->query.value = measures[pass->query.sort];
}

/* Where the key stands now; when it is gone, where it stood. */
static int
find_place(struct browse *browse, struct pass *pass, struct err *err)
{
	const struct page_query *query = &pass->query;
	struct store_slice one = {.table = query->table,
				  .window_ms = query->window_ms,
				  .rows_max = 1,
				  .from_size = query->key_size};
	int rc;

	memcpy(one.from, query->key, query->key_size);
	pass->place.key = (struct text){query->key, query->key_size};
	rc = store_read_slice(browse->store, &one, take_place, pass, err);
	set_order(query, query->value, &pass->place);
	return rc;
}

static bool
is_void(struct browse *browse, uint64_t number)
{
	bool yes;

	pthread_mutex_lock(&browse->lock);
	yes = browse->stopped || !browse->asked || browse->number != number;
	pthread_mutex_unlock(&browse->lock);
	return yes;
}

static void
begin(struct browse *browse, const struct page_query *query, uint64_t number)
{
	struct pass *pass = &browse->pass;

	pass->query = *query;
	pass->number = number;
	pass->spec = &pass->pipeline->tables[query->table];
	pass->before.len = pass->after.len = 0;
	pass->before.rows = pass->after.rows = 0;
	pass->looked_at = pass->keys = 0;
	pass->first_commit = pass->last_commit = 0;
}

/*
 * Goes through all rows, unless another question comes. `parts`: what was found
 * so far is shown meanwhile.
 */
static int
go_through(struct browse *browse, bool parts, struct err *err)
{
	struct pass *pass = &browse->pass;
	struct store_slice slice = {.table = pass->query.table,
				    .window_ms = pass->query.window_ms,
				    .rows_max = SLICE_ROWS};
	int64_t shown_ns = clock_steady_ns();
	int rc = 0;

	if (pass->query.place == PAGE_AT)
		rc = find_place(browse, pass, err);
	do {
		if (rc == 0)
			rc = store_read_slice(browse->store, &slice, look_at,
					      pass, err);
		if (rc || is_void(browse, pass->number))
			return rc;
		if (!pass->first_commit)
			pass->first_commit = slice.commit;
		pass->last_commit = slice.commit;
		pass->keys = slice.keys;
		if (parts && slice.more &&
		    clock_steady_ns() - shown_ns > PART_NS) {
			publish(browse, make_page(pass, false));
			shown_ns = clock_steady_ns();
		}
	} while (slice.more);
	/* Keys that came while it went through are there, too. */
	if (pass->keys < pass->looked_at)
		pass->keys = pass->looked_at;
	publish(browse, make_page(pass, true));
	return 0;
}

/* Whether nothing was committed since the pass. */
static bool
is_current(struct browse *browse)
{
	const struct pass *pass = &browse->pass;
	struct store_slice none = {.table = pass->query.table,
				   .window_ms = pass->query.window_ms};

	return store_read_slice(browse->store, &none, NULL, NULL, NULL) == 0 &&
	       none.commit == pass->first_commit &&
	       none.commit == pass->last_commit;
}

static void *
browse_main(void *arg)
{
	struct browse *browse = arg;
	uint64_t answered = 0;
	bool fresh = true; /* nothing was answered yet */
	int64_t next_ns = 0;

	pthread_setname_np(pthread_self(), "weir-browse");
	pthread_mutex_lock(&browse->lock);
	while (!browse->stopped) {
		struct page_query query = browse->query;
		uint64_t number = browse->number;
		bool again = !fresh && answered == number;
		int64_t began_ns = clock_steady_ns();
		struct err err;
		int rc = 0;

		if (!browse->asked) {
			pthread_cond_wait(&browse->wanted, &browse->lock);
			continue;
		}
		if (again && !browse->due && clock_is_virtual()) {
			pthread_cond_wait(&browse->wanted, &browse->lock);
			continue;
		}
		if (again && !browse->due && began_ns < next_ns) {
			struct timespec until = clock_timespec(next_ns);

			pthread_cond_timedwait(&browse->wanted, &browse->lock,
					       &until);
			continue;
		}
		pthread_mutex_unlock(&browse->lock);
		if (!again || !is_current(browse)) {
			begin(browse, &query, number);
			rc = go_through(browse,
					!again && query.place != PAGE_AT &&
					    !clock_is_virtual(),
					&err);
		}
		next_ns = clock_steady_ns() +
			  (clock_steady_ns() - began_ns) * PAUSE_COST;
		if (next_ns < began_ns + PAUSE_MIN_NS)
			next_ns = began_ns + PAUSE_MIN_NS;
		pthread_mutex_lock(&browse->lock);
		if (rc && browse->number == number)
			browse->problem = err;
		if (browse->number == number) {
			browse->due = false;
			pthread_cond_broadcast(&browse->done);
		}
		answered = number;
		fresh = false;
	}
	pthread_mutex_unlock(&browse->lock);
	return NULL;
}

/* ---- The caller's side ---- */

static void
release(struct browse *browse)
{
	pthread_cond_destroy(&browse->wanted);
	pthread_cond_destroy(&browse->done);
	pthread_mutex_destroy(&browse->lock);
	buf_release(&browse->pass.text);
	free(browse->pass.before.entries);
	free(browse->pass.after.entries);
	free(browse->page);
	free(browse);
}

int
browse_start(struct store *store, struct browse **out, struct err *err)
{
	struct browse *browse = xcalloc(1, sizeof(*browse));
	struct pass *pass = &browse->pass;
	int rc;

	browse->store = store;
	pass->pipeline = store_pipeline(store);
	pass->before.entries = xcalloc(PAGE_ROWS, sizeof(struct entry));
	pass->after.entries = xcalloc(PAGE_ROWS, sizeof(struct entry));
	pass->after.after = true;
	pthread_mutex_init(&browse->lock, NULL);
	clock_cond_init(&browse->wanted);
	pthread_cond_init(&browse->done, NULL);
	rc = pthread_create(&browse->thread, NULL, browse_main, browse);
	if (rc) {
		release(browse);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start the thread that goes through "
			       "tables");
	}
	*out = browse;
	return 0;
}

void
browse_stop(struct browse *browse)
{
	if (!browse)
		return;
	pthread_mutex_lock(&browse->lock);
	browse->stopped = true;
	pthread_cond_signal(&browse->wanted);
	pthread_mutex_unlock(&browse->lock);
	pthread_join(browse->thread, NULL);
	release(browse);
}

void
browse_ask(struct browse *browse, const struct page_query *query,
	   uint64_t number)
{
	pthread_mutex_lock(&browse->lock);
	browse->asked = query != NULL;
	if (query)
		browse->query = *query;
	browse->number = number;
	free(browse->page);
	browse->page = NULL;
	browse->problem.code = WEIR_OK;
	pthread_cond_signal(&browse->wanted);
	pthread_mutex_unlock(&browse->lock);
}

int
browse_take(struct browse *browse, struct page **page, struct err *err)
{
	int rc = WEIR_NOT_FOUND;

	pthread_mutex_lock(&browse->lock);
	if (browse->page) {
		*page = browse->page;
		browse->page = NULL;
		rc = 0;
	} else if (browse->problem.code) {
		rc = browse->problem.code;
		if (err)
			*err = browse->problem;
	}
	pthread_mutex_unlock(&browse->lock);
	return rc;
}

void
browse_settle(struct browse *browse)
{
	int64_t now_ms = clock_wall_ms();

	pthread_mutex_lock(&browse->lock);
	if (browse->asked &&
	    (browse->settled != browse->number ||
	     now_ms - browse->settled_ms >= PAUSE_MIN_NS / 1000000)) {
		browse->settled = browse->number;
		browse->settled_ms = now_ms;
		browse->due = true;
		pthread_cond_signal(&browse->wanted);
		while (browse->due)
			pthread_cond_wait(&browse->done, &browse->lock);
	}
	pthread_mutex_unlock(&browse->lock);
}
