/*
 * The ledger's arithmetic: single situations with the numbers written out, and
 * a topic that is played through at random, with a producer whose reports come
 * late, others who write too, retention, holes, and runs that end at any time.
 * The oracle is the play itself: it knows who wrote what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"
#include "base/random.h"

#define PARTITIONS 3

static struct account_producer
producer(int64_t produced, int64_t acked, int64_t failed, const int64_t *ends,
	 unsigned ends_len)
{
	return (struct account_producer){produced, acked, failed, ends,
					 ends_len};
}

/*
 * As the engine begins a run: it goes on with the entries of the same source;
 * those of one that is no more are over, with what was not read of them.
 */
static struct ledger
begin(const struct ledger *last, bool same,
      const struct store_partition *partitions, unsigned len)
{
	struct ledger l = account_begin(last);

	for (unsigned i = 0; i < len; i++) {
		if (same)
			account_join(&l, &partitions[i]);
		else
			l.lost += partitions[i].end - partitions[i].position;
	}
	return l;
}

static void
nothing_is_balanced(void **state)
{
	struct ledger zero = {0}, l;
	struct account_producer none = {0};

	(void)state;
	l = begin(&zero, true, NULL, 0);
	assert_true(ledger_balanced(&l));
	l = account(&l, &none, NULL, 0, 0, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_memory_equal(&l, &zero, sizeof(l));
}

/* Each equation and each sign by itself. */
static void
an_unbalanced_ledger_is_seen(void **state)
{
	static const struct ledger good = {
	    .produced = 10,
	    .acked = 7,
	    .unacked = 2,
	    .failed = 1,
	    .foreign = 3,
	    .consumed = 6,
	    .valid = 4,
	    .dead = 2,
	    .late = 1,
	    .lag = 2,
	    .lost = 1,
	    .skipped = 1,
	};
	struct ledger l;

	(void)state;
	assert_true(ledger_balanced(&good));
	for (size_t i = 0; i < sizeof(l) / sizeof(int64_t); i++) {
		int64_t numbers[sizeof(l) / sizeof(int64_t)];

		/* late may be anything up to valid. */
		if (i == offsetof(struct ledger, late) / sizeof(int64_t))
			continue;
		memcpy(numbers, &good, sizeof(numbers));
		numbers[i]++;
		memcpy(&l, numbers, sizeof(l));
		assert_false(ledger_balanced(&l));
	}
	l = good;
	l.late = l.valid + 1;
	assert_false(ledger_balanced(&l));
	l.late = -1;
	assert_false(ledger_balanced(&l));
	l = good;
	l.foreign = -1;
	l.lag = -2;
	assert_false(ledger_balanced(&l));
}

static void
reports_may_come_after_consumption(void **state)
{
	const struct ledger before = {0};
	const int64_t ends[] = {4, 0};
	/* Ten written, four reported, nine seen in the topic, eight read. */
	struct account_producer p = producer(10, 4, 0, ends, 2);
	struct store_partition partitions[] = {
	    {.position = 6, .end = 7},
	    {.position = 2, .end = 2},
	};
	struct ledger l = account(&before, &p, partitions, 2, 8, 0, 0);

	(void)state;
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.produced, 10);
	assert_int_equal(l.acked, 9);
	assert_int_equal(l.unacked, 1);
	assert_int_equal(l.foreign, 0);
	assert_int_equal(l.lag, 1);
}

static void
ends_follow_positions_and_reports(void **state)
{
	const struct ledger before = {0};
	const int64_t ends[] = {9};
	struct account_producer p = producer(20, 9, 0, ends, 1);
	struct store_partition partitions[] = {
	    {.position = 5, .end = 3},
	    {.position = 11, .end = 10}, /* past ends_len: no report */
	};
	struct ledger l = account(&before, &p, partitions, 2, 16, 0, 0);

	(void)state;
	assert_int_equal(partitions[0].end, 9);
	assert_int_equal(partitions[1].end, 11);
	assert_int_equal(l.lag, 4);
	assert_int_equal(l.acked, 20);
	assert_int_equal(l.unacked, 0);
	assert_int_equal(l.foreign, 0);
	assert_true(ledger_balanced(&l));
}

static void
what_we_did_not_write_is_foreign(void **state)
{
	const struct ledger before = {0};
	struct account_producer none = {0};
	struct store_partition partitions[] = {
	    {.begin = 100,
	     .position = 150,
	     .end = 170,
	     .lost = 5,
	     .skipped = 3},
	};
	struct ledger l = account(&before, &none, partitions, 1, 40, 2, 7);

	(void)state;
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.foreign, 70);
	assert_int_equal(l.consumed, 42);
	assert_int_equal(l.lag, 20);
	assert_int_equal(l.lost, 5);
	assert_int_equal(l.skipped, 3);
	assert_int_equal(l.late, 7);
}

/* What was there before we came is nobody's acknowledgement. */
static void
offsets_before_the_beginning_do_not_count(void **state)
{
	const struct ledger before = {0};
	struct account_producer p = producer(10, 0, 0, NULL, 0);
	struct store_partition partitions[] = {
	    {.begin = 100, .position = 103, .end = 105},
	};
	struct ledger l = account(&before, &p, partitions, 1, 3, 0, 0);

	(void)state;
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.acked, 5);
	assert_int_equal(l.unacked, 5);
	assert_int_equal(l.foreign, 0);
}

static void
failures_are_not_in_the_topic(void **state)
{
	const struct ledger before = {0};
	const int64_t ends[] = {6};
	struct account_producer p = producer(10, 6, 4, ends, 1);
	struct store_partition partitions[] = {{.position = 6, .end = 6}};
	struct ledger l = account(&before, &p, partitions, 1, 6, 0, 0);

	(void)state;
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.failed, 4);
	assert_int_equal(l.unacked, 0);
	assert_int_equal(l.foreign, 0);
}

static void
a_new_run_on_the_same_source(void **state)
{
	const struct ledger last = {
	    .produced = 100,
	    .acked = 80,
	    .unacked = 15,
	    .failed = 5,
	    .foreign = 7,
	    .consumed = 60,
	    .valid = 58,
	    .dead = 2,
	    .lag = 20,
	    .lost = 4,
	    .skipped = 3,
	};
	struct store_partition partitions[] = {
	    {.position = 67, .end = 87, .lost = 4, .skipped = 3},
	};
	const int64_t ends[] = {87};
	struct account_producer none = {.ends = ends, .ends_len = 1};
	struct ledger l;

	(void)state;
	assert_true(ledger_balanced(&last));
	l = begin(&last, true, partitions, 1);
	l = account(&l, &none, partitions, 1, 0, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.failed, 20);
	assert_int_equal(l.unacked, 0);
	assert_int_equal(l.lag, 20);
	assert_int_equal(l.lost, 4);
	assert_int_equal(l.skipped, 3);
	assert_int_equal(l.foreign, 7);
	/* Read to its end. */
	partitions[0].position = 87;
	l = begin(&last, true, partitions, 1);
	l = account(&l, &none, partitions, 1, 20, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.valid, 78);
	assert_int_equal(l.lag, 0);
}

static void
a_new_run_on_another_source(void **state)
{
	const struct ledger last = {
	    .produced = 30,
	    .acked = 28,
	    .unacked = 2,
	    .consumed = 20,
	    .valid = 20,
	    .lag = 5,
	    .lost = 3,
	};
	const int64_t ends[] = {10};
	struct account_producer p = producer(10, 10, 0, ends, 1);
	struct store_partition partitions[] = {
	    {.position = 9, .end = 10, .lost = 2},
	};
	struct ledger l;

	(void)state;
	assert_true(ledger_balanced(&last));
	l = begin(
	    &last, false,
	    &(struct store_partition){.position = 20, .end = 25, .lost = 3}, 1);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.lost, 8);
	assert_int_equal(l.lag, 0);
	assert_int_equal(l.failed, 2);
	l = account(&l, &p, partitions, 1, 7, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.produced, 40);
	assert_int_equal(l.acked, 38);
	assert_int_equal(l.consumed, 27);
	assert_int_equal(l.lag, 1);
	assert_int_equal(l.lost, 10);
	assert_int_equal(l.foreign, 0);
}

/* An entry that another member of a group reads counts with none of it. */
static void
what_others_read_does_not_count(void **state)
{
	struct ledger before = {0}, l;
	struct account_producer none = {0};
	struct store_partition partitions[] = {
	    {.position = 50, .end = 90, .lost = 5, .skipped = 3},
	    {.position = 10, .end = 12},
	};

	(void)state;
	l = account(&before, &none, partitions, 2, 52, 0, 0);
	assert_int_equal(l.lag, 42);
	assert_int_equal(l.lost, 5);
	assert_int_equal(l.foreign, 102);
	account_leave(&before, &partitions[0]);
	partitions[0].state = PARTITION_AWAY;
	l = account(&before, &none, partitions, 2, 52, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.lag, 2);
	assert_int_equal(l.lost, 5);
	assert_int_equal(l.skipped, 3);
	assert_int_equal(l.foreign, 62);
	account_join(&before, &partitions[0]);
	partitions[0].state = PARTITION_READ;
	partitions[0].lost = 7;
	l = account(&before, &none, partitions, 2, 52, 0, 0);
	assert_true(ledger_balanced(&l));
	assert_int_equal(l.lost, 7);
	assert_int_equal(l.lag, 42);
}

/* ---- A play ---- */

enum owner { OURS, THEIRS, HOLE };

struct play {
	struct random random;
	bool others;
	/* The topic, and who wrote what. */
	unsigned char log[PARTITIONS][4096];
	int64_t end[PARTITIONS], retained[PARTITIONS], reported[PARTITIONS];
	/* This run's producer. */
	int64_t produced, acked, failed, queued;
	/* The consumer. */
	struct store_partition partitions[PARTITIONS];
	int64_t ends[PARTITIONS];
	int64_t valid, dead, late;
	struct ledger before, ledger;
	/* The truth over all runs. */
	int64_t all_produced, all_consumed, all_ours, all_in_topic, gone;
	/* Ours, there, but counted as failed: nobody told before the end. */
	int64_t mistaken;
};

static uint64_t
below(struct play *play, uint64_t n)
{
	return random_below(&play->random, n);
}

static void
append(struct play *play, unsigned p, enum owner owner)
{
	if (play->end[p] == sizeof(play->log[p]))
		return;
	play->log[p][play->end[p]++] = (unsigned char)owner;
	play->all_in_topic++;
	if (owner == OURS) {
		play->queued--;
		play->all_ours++;
	}
}

static void
report(struct play *play, unsigned p, int64_t n)
{
	while (n-- > 0 && play->reported[p] < play->end[p])
		if (play->log[p][play->reported[p]++] == OURS) {
			play->acked++;
			play->ends[p] = play->reported[p];
		}
}

static void
read_some(struct play *play, unsigned number, int64_t n)
{
	struct store_partition *p = &play->partitions[number];

	for (; n > 0 && p->position < play->end[number]; n--) {
		if (p->position < play->retained[number]) {
			p->lost += play->retained[number] - p->position;
			p->position = play->retained[number];
			continue;
		}
		if (play->log[number][p->position++] == HOLE) {
			p->skipped++;
			continue;
		}
		play->all_consumed++;
		if (below(play, 10) == 0) {
			play->dead++;
		} else {
			play->valid++;
			play->late += below(play, 5) == 0;
		}
	}
}

static void
stock(struct play *play)
{
	struct account_producer p = producer(
	    play->produced, play->acked, play->failed, play->ends, PARTITIONS);

	for (unsigned i = 0; i < PARTITIONS; i++)
		if (below(play, 2) && play->partitions[i].end < play->end[i])
			play->partitions[i].end = play->end[i];
	play->ledger = account(&play->before, &p, play->partitions, PARTITIONS,
			       play->valid, play->dead, play->late);
	assert_true(ledger_balanced(&play->ledger));
	assert_int_equal(play->ledger.produced, play->all_produced);
	assert_int_equal(play->ledger.consumed, play->all_consumed);
	if (!play->others)
		assert_int_equal(play->ledger.foreign, play->mistaken);
}

static void
new_run(struct play *play, bool same)
{
	play->queued = 0;
	if (same)
		play->mistaken = play->all_ours - play->ledger.acked;
	else
		/* What was never seen went with the topic. */
		play->all_ours = play->ledger.acked + play->mistaken;
	play->before = begin(&play->ledger, same, play->partitions, PARTITIONS);
	play->produced = play->acked = play->failed = 0;
	play->valid = play->dead = play->late = 0;
	for (unsigned i = 0; i < PARTITIONS; i++) {
		if (!same) {
			play->gone += play->partitions[i].end -
				      play->partitions[i].position;
			play->all_in_topic -=
			    play->end[i] - play->partitions[i].end;
			play->end[i] = play->retained[i] = 0;
			memset(&play->partitions[i], 0,
			       sizeof(play->partitions[i]));
		}
		play->reported[i] = play->ends[i] = play->end[i];
		play->partitions[i].end = play->end[i];
	}
}

static void
step(struct play *play)
{
	unsigned p = (unsigned)below(play, PARTITIONS);
	int64_t n = (int64_t)below(play, 20);

	switch (below(play, 12)) {
	case 0:
	case 1:
		play->produced += n;
		play->all_produced += n;
		play->queued += n;
		break;
	case 2:
	case 3:
	case 4:
		while (n-- > 0 && play->queued > 0)
			append(play, p, OURS);
		break;
	case 5:
		for (; play->others && n > 0; n--)
			append(play, p, below(play, 4) ? THEIRS : HOLE);
		break;
	case 6:
	case 7:
		report(play, p, n);
		break;
	case 8:
	case 9:
		read_some(play, p, n);
		break;
	case 10:
		if (play->queued > 0 && below(play, 4) == 0) {
			play->queued--;
			play->failed++;
		}
		/* Retention comes near to what is read, or over it. */
		if (below(play, 4) == 0 && play->end[p])
			play->retained[p] += (int64_t)below(
			    play,
			    (uint64_t)(play->end[p] - play->retained[p]) + 1);
		break;
	default:
		stock(play);
		if (below(play, 40) == 0)
			new_run(play, below(play, 2));
		break;
	}
}

static void
a_play_at_random(void **state)
{
	static struct play play;

	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		memset(&play, 0, sizeof(play));
		random_init(&play.random, seed, 0);
		play.others = seed % 2;
		for (unsigned i = 0; i < 4000; i++)
			step(&play);
		/* The end: everything is reported and read. */
		play.failed += play.queued;
		play.queued = 0;
		for (unsigned i = 0; i < PARTITIONS; i++) {
			report(&play, i, INT64_MAX);
			play.partitions[i].end = play.end[i];
			read_some(&play, i, INT64_MAX);
		}
		stock(&play);
		assert_int_equal(play.ledger.lag, 0);
		assert_int_equal(play.ledger.unacked, 0);
		/* Each offset there ever was is in one of these. */
		assert_int_equal(play.ledger.consumed + play.ledger.lost +
				     play.ledger.skipped,
				 play.all_in_topic);
		assert_true(play.ledger.lost >= play.gone);
		if (!play.others)
			assert_int_equal(play.ledger.acked + play.mistaken,
					 play.all_ours);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_balanced),
	    cmocka_unit_test(an_unbalanced_ledger_is_seen),
	    cmocka_unit_test(reports_may_come_after_consumption),
	    cmocka_unit_test(ends_follow_positions_and_reports),
	    cmocka_unit_test(what_we_did_not_write_is_foreign),
	    cmocka_unit_test(offsets_before_the_beginning_do_not_count),
	    cmocka_unit_test(failures_are_not_in_the_topic),
	    cmocka_unit_test(a_new_run_on_the_same_source),
	    cmocka_unit_test(a_new_run_on_another_source),
	    cmocka_unit_test(what_others_read_does_not_count),
	    cmocka_unit_test(a_play_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
