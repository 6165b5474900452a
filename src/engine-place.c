/*
 * Which partitions are read, and from where on.
 *
 * The store knows how far it has read of each partition, and what the first and
 * the last event were. A partition goes on there, if its log is still the same:
 * a topic of the same name may have been made anew, or its log cut back by an
 * election. Kafka's clients do not see a topic's id, so the last event is
 * looked at again, which tells more: it is the same one or it is not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "engine-state.h"

#define ANSWER_MS 10000
#define BRIEF_MS  2000                /* the same, while others wait */
#define PLACE_NS  INT64_C(1000000000) /* between two tries */

/* ---- Entries ---- */

unsigned
engine_add_entry(struct engine *engine, const char *topic, int32_t number,
		 int64_t begin)
{
	unsigned i = engine->partitions_len, len = i + 1;
	struct store_partition *p;

	engine->partitions =
	    xrealloc(engine->partitions, len * sizeof(*engine->partitions));
	engine->slots = xrealloc(engine->slots, len * sizeof(*engine->slots));
	engine->marks = xrealloc(engine->marks, len * sizeof(*engine->marks));
	engine->ends = xrealloc(engine->ends, len * sizeof(*engine->ends));
	engine->publishing =
	    xrealloc(engine->publishing, len * sizeof(*engine->publishing));
	engine->partitions_len = len;
	p = &engine->partitions[i];
	memset(p, 0, sizeof(*p));
	snprintf(p->topic, sizeof(p->topic), "%s", topic);
	p->number = number;
	p->state = PARTITION_AWAY;
	p->begin = p->position = p->end = begin;
	p->newest_ms = WATERMARK_NONE;
	p->first_offset = p->last_offset = -1;
	engine->slots[i] =
	    (struct engine_slot){.published = -1, .told = -1, .created_ms = -1};
	for (unsigned t = 0; t < TRAILS; t++)
		engine->slots[i].written[t] = -1;
	engine->marks[i] = (struct watermark_partition){
	    .newest_ms = WATERMARK_NONE, .caught_up = true};
	engine->ends[i] = 0;
	return i;
}

/* The entry that a partition would go on with; -1. */
static int
find_entry(const struct engine *engine, const char *topic, int32_t number)
{
	for (unsigned i = engine->partitions_len; i-- > 0;) {
		const struct store_partition *p = &engine->partitions[i];

		if (p->number == number && p->state != PARTITION_ENDED &&
		    strcmp(p->topic, topic) == 0)
			return (int)i;
	}
	return -1;
}

static void
join(struct engine *engine, unsigned i)
{
	if (engine->partitions[i].state == PARTITION_READ)
		return;
	engine->partitions[i].state = PARTITION_READ;
	account_join(&engine->before, &engine->partitions[i]);
}

/* Nothing more is read of it, for now or for ever. */
static void
leave(struct engine *engine, unsigned i, enum store_partition_state state)
{
	struct store_partition *p = &engine->partitions[i];

	if (engine->slots[i].fetching)
		consumer_stop(engine->consumer, i);
	engine->slots[i].fetching = engine->slots[i].unplaced = false;
	if (p->state == PARTITION_READ)
		account_leave(&engine->before, p);
	p->state = state;
	if (p->end < p->position)
		p->end = p->position;
	engine->marks[i] = (struct watermark_partition){
	    .newest_ms = WATERMARK_NONE, .caught_up = true};
	engine->changed = true;
}

/* The log is gone with what was not read of it. */
static void
leave_lost(struct engine *engine, unsigned i)
{
	struct store_partition *p = &engine->partitions[i];

	if (p->state == PARTITION_READ && p->end > p->position) {
		p->lost += p->end - p->position;
		p->position = p->end;
	}
	leave(engine, i, PARTITION_ENDED);
}

/* ---- Is it still the same log? ---- */

enum log { LOG_SAME, LOG_CUT_BACK, LOG_ANEW };

/*
 * The event by which a log is known again: the last one that we saw, or, in a
 * log that ends before our position, the first. -1: there is none in it.
 */
static int64_t
known_event(const struct store_partition *p, const struct consumer_log *log)
{
	int64_t offset =
	    p->position > log->end ? p->first_offset : p->last_offset;

	return offset < log->begin || offset >= log->end ? -1 : offset;
}

/* With what consumer_peek() found. */
static enum log
compare_log(const struct store_partition *p, const struct consumer_log *log)
{
	bool ahead = p->position > log->end;
	uint64_t whole = ahead ? p->first_print : p->last_print;

	if (log->offset >= 0 && log->rc == 0 && log->print.whole != whole)
		return LOG_ANEW;
	if (!ahead)
		return LOG_SAME;
	/*
	 * It ends before our position. What we saw first is still there, or has
	 * been removed since: a log that begins behind it is not a new one.
	 */
	if (p->first_offset >= 0 && p->first_offset < log->begin)
		return LOG_CUT_BACK;
	return log->offset >= 0 && log->rc == 0 ? LOG_CUT_BACK : LOG_ANEW;
}

/* ---- Where to begin ---- */

static int
find_begin(struct engine *engine, const struct store_partition *p,
	   bool starting, int64_t begin, int64_t end, int64_t *at,
	   struct err *err)
{
	const struct engine_from *from = &engine->options.from;

	*at = begin;
	/* What was not there yet when we began is new from its beginning. */
	if (!starting && !engine->options.group)
		return 0;
	switch (from->kind) {
	case FROM_BEGINNING:
		break;
	case FROM_END:
		*at = end;
		break;
	case FROM_TIME:
		return consumer_offset_at(engine->consumer, p->topic, p->number,
					  from->time_ms, at, err);
	case FROM_OFFSETS:
		for (unsigned i = 0; i < from->offsets_len; i++)
			if (from->offsets[i].partition == p->number)
				*at = from->offsets[i].offset;
		if (*at < begin)
			*at = begin;
		if (*at > end)
			*at = end;
		break;
	}
	return 0;
}

/* An entry that replaces another one of the same partition. */
static unsigned
replace(struct engine *engine, unsigned i, int64_t begin)
{
	char topic[STORE_TOPIC_MAX];
	unsigned n;

	memcpy(topic, engine->partitions[i].topic, sizeof(topic));
	n = engine_add_entry(engine, topic, engine->partitions[i].number,
			     begin);
	join(engine, n);
	/* Placing may fail yet: then it is tried again. */
	engine->slots[n].placed = engine->slots[n].unplaced = true;
	return n;
}

/* Goes on with a partition that the store knows; *i may become another. */
static int
go_on(struct engine *engine, unsigned *i, const struct consumer_log *log,
      struct err *err)
{
	struct store_partition *p = &engine->partitions[*i];
	int64_t published = engine->slots[*i].published;
	enum log is;

	if (published > p->position) {
		/* Another member of the group has read on from here. */
		leave(engine, *i, PARTITION_ENDED);
		*i = replace(engine, *i, published);
		return 0;
	}
	is = compare_log(p, log);
	if (is == LOG_ANEW && !engine->slots[*i].placed)
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "partition %d of %s is not the one that the "
			       "store has read up to offset %" PRId64
			       ": the topic was made anew; begin a new store "
			       "with --fresh",
			       (int)p->number, p->topic, p->position);
	if (is == LOG_ANEW) {
		leave_lost(engine, *i);
		if (engine->producer)
			producer_anew(engine->producer,
				      engine->partitions[*i].number);
		/*
		 * A group's offset went with its topic: one that is there is
		 * how far another member has read of the new one.
		 */
		*i = replace(engine, *i,
			     published >= 0 && published <= log->end
				 ? published
				 : log->begin);
	} else if (is == LOG_CUT_BACK) {
		leave(engine, *i, PARTITION_ENDED);
		*i = replace(engine, *i, log->end);
	} else if (log->high >= 0 && log->high < p->end) {
		/* An unclean election took away what was not read yet. */
		p->lost += p->end - log->high;
	}
	return 0;
}

/* Finds where a partition goes on or begins, and fetches it from there. */
static int
place(struct engine *engine, unsigned i, const struct consumer_log *log,
      bool starting, struct err *err)
{
	struct store_partition *p = &engine->partitions[i];
	int rc = 0;

	if (p->position >= 0)
		rc = go_on(engine, &i, log, err);
	else if (engine->slots[i].published >= 0)
		p->begin = engine->slots[i].published;
	else
		rc = find_begin(engine, p, starting, log->begin, log->end,
				&p->begin, err);
	if (rc)
		return rc;
	p = &engine->partitions[i];
	if (p->position < 0)
		p->position = p->begin;
	if (p->position < log->begin) {
		p->lost += log->begin - p->position;
		p->position = log->begin;
	}
	p->end = log->end > p->position ? log->end : p->position;
	engine->ends[i] = log->end;
	rc = engine_place_trails(engine, i, log->end, err);
	if (rc == 0)
		rc = consumer_start(engine->consumer, i, p->topic, p->number,
				    p->position, err);
	if (rc)
		return rc;
	engine->slots[i].fetching = engine->slots[i].placed = true;
	engine->slots[i].unplaced = false;
	engine->slots[i].published = -1;
	engine->marks[i].newest_ms =
	    p->newest_ms < engine->now_ms ? p->newest_ms : engine->now_ms;
	engine->marks[i].changed_ns = engine->now_ns;
	engine->changed = true;
	return 0;
}

/* Asks of all logs at once what placing needs: it may be far to the broker. */
static void
ask_logs(struct engine *engine, const unsigned *entries,
	 struct consumer_log *logs, size_t len, int timeout_ms)
{
	consumer_bounds(engine->consumer, logs, len, timeout_ms);
	for (size_t k = 0; k < len; k++) {
		const struct store_partition *p =
		    &engine->partitions[entries[k]];
		bool read_on =
		    engine->slots[entries[k]].published > p->position;

		logs[k].offset = logs[k].rc || p->position < 0 || read_on
				     ? -1
				     : known_event(p, &logs[k]);
	}
	consumer_peek(engine->consumer, logs, len, timeout_ms);
}

static int
place_all(struct engine *engine, bool starting, struct err *err)
{
	struct consumer_log *logs =
	    xcalloc(engine->partitions_len, sizeof(*logs));
	unsigned *entries = xcalloc(engine->partitions_len, sizeof(*entries));
	struct err why = {0};
	size_t len = 0;
	int rc = 0;

	for (unsigned i = 0; i < engine->partitions_len; i++) {
		if (!engine->slots[i].unplaced)
			continue;
		logs[len].topic = engine->partitions[i].topic;
		logs[len].partition = engine->partitions[i].number;
		entries[len++] = i;
	}
	ask_logs(engine, entries, logs, len, starting ? ANSWER_MS : BRIEF_MS);
	for (size_t k = 0; k < len; k++) {
		/* That an event is no longer there is an answer, too. */
		bool answered =
		    logs[k].rc == 0 ||
		    (logs[k].rc == WEIR_NOT_FOUND && logs[k].offset >= 0);
		int failed = logs[k].rc;

		/* It lies in an entry, and these move when one is added. */
		logs[k].topic = NULL;
		if (answered)
			failed =
			    place(engine, entries[k], &logs[k], starting, &why);
		else
			why = logs[k].why;
		if (failed)
			rc = failed;
		if (failed && (starting || failed == WEIR_STORE_FOREIGN ||
			       atomic_load(&engine->stopping)))
			break;
	}
	snprintf(engine->place_problem, sizeof(engine->place_problem), "%s",
		 rc ? why.text : "");
	if (rc && err)
		*err = why;
	free(entries);
	free(logs);
	return rc;
}

/* ---- What the assignment says ---- */

static void
gain(struct engine *engine, const struct assignment_change *change)
{
	int found = find_entry(engine, change->topic, change->partition);
	unsigned i;

	/* Position -1: where it begins is not known yet. */
	i = found >= 0 ? (unsigned)found
		       : engine_add_entry(engine, change->topic,
					  change->partition, -1);
	join(engine, i);
	engine->slots[i].unplaced = true;
	engine->slots[i].published = change->published;
	engine->slots[i].told = -1;
}

static void
lose(struct engine *engine, const struct assignment_change *change)
{
	int found = find_entry(engine, change->topic, change->partition);

	if (found < 0)
		return;
	if (change->kind == ASSIGNMENT_GONE)
		leave_lost(engine, (unsigned)found);
	else
		leave(engine, (unsigned)found, PARTITION_AWAY);
}

int
engine_follow(struct engine *engine, bool starting, struct err *err)
{
	const struct assignment_change *changes;
	size_t len = assignment_changes(engine->assignment, &changes);
	bool given_up = false, unplaced = len > 0;
	int rc = 0;

	for (size_t i = 0; i < len; i++)
		given_up |= changes[i].kind == ASSIGNMENT_GIVEN_UP;
	if (given_up) {
		/* Nobody may go on with it before this is stored. */
		rc = engine_commit(engine, err);
		if (rc)
			return rc;
		/* Again: what was sent without waiting may be under way. */
		engine_publish(engine, true);
	}
	for (size_t i = 0; i < len; i++) {
		if (changes[i].kind == ASSIGNMENT_GAINED)
			gain(engine, &changes[i]);
		else
			lose(engine, &changes[i]);
	}
	if (len)
		assignment_settled(engine->assignment);
	for (unsigned i = 0; !unplaced && i < engine->partitions_len; i++)
		unplaced = engine->slots[i].unplaced;
	if (!unplaced || (len == 0 && !engine->options.stepped &&
			  engine->now_ns - engine->placed_ns < PLACE_NS))
		return 0;
	rc = place_all(engine, starting, err);
	engine->placed_ns = clock_flow_ns();
	return rc;
}

void
engine_publish(struct engine *engine, bool wait)
{
	bool again = wait || assignment_unpublished(engine->assignment);
	size_t len = 0;

	if (!engine->options.group)
		return;
	for (unsigned i = 0; i < engine->partitions_len; i++) {
		const struct store_partition *p = &engine->partitions[i];
		const struct engine_slot *slot = &engine->slots[i];

		/* Also of what cannot be fetched at the moment. */
		if (!slot->fetching && !(slot->unplaced && slot->told >= 0))
			continue;
		if (!again && slot->told == p->position)
			continue;
		engine->slots[i].told = p->position;
		engine->publishing[len++] = (struct assignment_offset){
		    p->topic, p->number, p->position};
	}
	assignment_publish(engine->assignment, engine->publishing, len, wait);
}

void
engine_leave(struct engine *engine)
{
	if (!engine->assignment)
		return;
	engine_publish(engine, true);
	assignment_free(engine->assignment);
	engine->assignment = NULL;
}
