#!/bin/sh
# A real broker that stalls, dies, grows partitions, forgets, and loses its topic:
# the report is right in the end, or says what was lost; nothing hangs.
#
#	sh tests/kafka/faults.sh [PART...]	only these: stalled killed grown
#		deleted retained anew_less anew_more anew_unread refused
. "${srcdir:-.}/tests/kafka/lib.sh"
parts=${*:-stalled killed grown deleted retained anew_less anew_more anew_unread refused}
broker

# --- the broker stalls, and dies, under a weir that writes and reads -------------------------

# NAME: a weir that generates and consumes; its process is $run.
flow() {
	admin create-topic "$1" 4
	start_weir "$1" run interactions -b "$address" -t "$1" --headless \
		--rate 5000 --bad 0.01 --duration 1000s --store "$tmp/$1.store"
	run=$pid
	check "$1: events flow" wait_for 60 report_says "$tmp/$1.store" \
		'.ledger.consumed >= 5000'
}

# NAME: they flow again, and in the end everything is there.
flows_on() {
	before=$("$WEIR" report "$tmp/$1.store" | jq .ledger.consumed)
	check "$1: events flow again" wait_for 90 report_says "$tmp/$1.store" \
		".ledger.consumed >= $before + 10000 and .ledger.lag < 5000"
	stop_weir "$1" "$run"
	check "$1: the ledger adds up" says "$tmp/$1.out" "$ledger_holds"
	is "$1: nothing is lost, left, skipped or failed" \
		"$(of "$tmp/$1.out" '.ledger | [.lost, .lag, .skipped,
			.failed, .unacked, .foreign]')" '[0,0,0,0,0,0]'
	kcat_reads "$1" "$tmp/read"
	check "$1: the report is what kcat reads" recounted "$interactions" \
		"$tmp/read" "$tmp/$1.out" 0
}

stalled() {
	flow stalled
	broker_signal STOP
	# The fault itself takes its time: longer than clients are patient.
	stalled_until=$(($(date +%s) + 10))
	wait_for 20 sh -c "[ \$(date +%s) -ge $stalled_until ]"
	broker_signal CONT
	flows_on stalled
}

killed() {
	flow killed
	"$kafka/stop" "$tmp/kafka" --kill
	broker
	flows_on killed
}

# --- new partitions -----------------------------------------------------------------------------

grown() {
	admin create-topic grown 2
	watch grown "$numbered" -t grown
	run=$pid
	numbers before 0 300 >"$tmp/events"
	check "grown: kcat writes" kcat_writes grown 1 "$tmp/events"
	check "grown: weir reads to the end" read_to_end grown grown
	admin add-partitions grown 5
	numbers after 0 700 >"$tmp/events"
	check "grown: kcat writes to a new partition" \
		kcat_writes grown 3 "$tmp/events"
	check "grown: weir reads the new partitions to the end" \
		read_to_end grown grown
	stop_weir grown "$run"
	check "grown: the ledger adds up" says "$tmp/grown.out" "$ledger_holds"
	is "grown: all events are counted" "$(of "$tmp/grown.out" '.ledger
		| [.consumed, .valid, .lost, .lag]')" '[1000,1000,0,0]'
	kcat_reads grown "$tmp/read"
	check "grown: the report is what kcat reads" recounted "$numbered" \
		"$tmp/read" "$tmp/grown.out" 1000
	# The next run knows them, too.
	numbers later 0 100 >"$tmp/events"
	kcat_writes grown 4 "$tmp/events"
	watch grown "$numbered" -t grown
	run=$pid
	check "grown: the next run goes on" read_to_end grown grown
	stop_weir grown "$run"
	is "grown: and counts what is new" "$(of "$tmp/grown.out" '.ledger
		| [.consumed, .lost]')" '[1100,0]'
}

# --- what weir has not read goes away ------------------------------------------------------------

# An event's number is its offset, so the sum of those that were counted says which
# they were: those that are lost lie before what the broker kept. Some that weir
# had not counted were on their way to it, and are not lost.
#
# NAME BEGIN END: lost, consumed and the sums of the events.
lost_exactly() {
	stop_weir "$1" "$run"
	check "$1: the ledger adds up" says "$tmp/$1.out" "$ledger_holds"
	lost=$(jq .ledger.lost "$tmp/$1.out")
	diag "$1: begin $2, end $3, lost $lost"
	is "$1: what is not lost is consumed" "$(of "$tmp/$1.out" '.ledger
		| [.consumed, .lag, .skipped]')" "[$(($3 - lost)),0,0]"
	is "$1: exactly the lost ones are not counted" \
		"$(numbers_in "$tmp/$1.out" w)" \
		"[$(($3 - lost)),$(($3 * ($3 - 1) / 2 - lost * (2 * $2 - lost - 1) / 2))]"
	if [ "$lost" -gt 0 ] && [ "$lost" -le $(($2 - 1000)) ]; then
		ok "$1: some are lost, and not more than were removed"
	else
		not_ok "$1: some are lost, and not more than were removed"
	fi
}

# NAME [CONFIG=VALUE...]: a weir that has read 1,000 and is stopped; 50,000 more.
asleep() {
	asleep=$1
	shift
	admin create-topic "$asleep" 1 "$@"
	watch "$asleep" "$numbered" -t "$asleep"
	run=$pid
	numbers w 0 1000 >"$tmp/events"
	kcat_writes "$asleep" 0 "$tmp/events"
	check "$asleep: weir reads to the end" read_to_end "$asleep" "$asleep"
	kill -STOP "$run"
	numbers w 1000 51000 >"$tmp/events"
	check "$asleep: kcat writes" kcat_writes "$asleep" 0 "$tmp/events"
}

deleted() {
	asleep deleted
	admin delete-records deleted 0 40000
	kill -CONT "$run"
	check "deleted: weir reads to the end" read_to_end deleted deleted
	lost_exactly deleted 40000 51000
}

begins_later() { # topic
	[ "$(admin offsets "$1" | jq '.[0].begin')" -gt 1000 ]
}

retained() {
	asleep retained segment.bytes=100000
	admin set-config retained retention.bytes=200000
	check "retained: the broker removes segments" \
		wait_for 60 begins_later retained
	kill -CONT "$run"
	check "retained: weir reads to the end" read_to_end retained retained
	lost_exactly retained "$(admin offsets retained | jq '.[0].begin')" 51000
}

# --- another topic of the same name -----------------------------------------------------------------

# NAME EVENTS: while weir watches, which does not hear of the last 500 of the old
# topic; as many in the new one.
anew() {
	admin create-topic "$1" 2
	watch "$1" "$numbered" -t "$1"
	run=$pid
	numbers old 0 1000 >"$tmp/events"
	kcat_writes "$1" 0 "$tmp/events"
	check "$1: weir reads to the end" read_to_end "$1" "$1"
	kill -STOP "$run"
	numbers unread 0 500 >"$tmp/events"
	kcat_writes "$1" 0 "$tmp/events"
	admin delete-topic "$1"
	admin create-topic "$1" 2
	numbers new 0 "$2" >"$tmp/events"
	check "$1: kcat writes to the new topic" kcat_writes "$1" 0 "$tmp/events"
	# What has stood still amid a commit doubts what it knows only after 3 s.
	stopped_until=$(($(date +%s) + 5))
	wait_for 20 sh -c "[ \$(date +%s) -ge $stopped_until ]"
	kill -CONT "$run"
	check "$1: weir counts all of the new topic" wait_for 90 report_says \
		"$tmp/$1.store" '.ledger.lag == 0 and ([.tables.who.top[]
			| select(.key == "new") | .events] == ['"$2"'])'
	# And goes on.
	numbers later 0 100 >"$tmp/events"
	kcat_writes "$1" 1 "$tmp/events"
	check "$1: and what is written after that" wait_for 60 report_says \
		"$tmp/$1.store" '.ledger.lag == 0 and ([.tables.who.top[]
			| select(.key == "later") | .events] == [100])'
	stop_weir "$1" "$run"
	check "$1: the ledger adds up" says "$tmp/$1.out" "$ledger_holds"
	is "$1: the events of both topics, once" \
		"$(for who in old new later; do
			numbers_in "$tmp/$1.out" $who
		done | tr '\n' ' ')" \
		"[1000,499500] [$2,$(($2 * ($2 - 1) / 2))] [100,4950] "
	# Those that were on their way are consumed. Of the others weir may know.
	check "$1: of the old topic's last events none is consumed and lost" \
		says "$tmp/$1.out" ".ledger | .lost >= 0 and
			.consumed >= 1100 + $2 and .consumed + .lost <= 1600 + $2"
}

anew_less() {
	anew anew_less 300
}

anew_more() {
	anew anew_more 4000
}

# Of the old topic weir knew that there was more.
anew_unread() {
	admin create-topic anew_unread 1
	numbers old 0 1500000 >"$tmp/events"
	kcat_writes anew_unread 0 "$tmp/events"
	watch anew_unread "$numbered" -t anew_unread --memory 16M
	run=$pid
	check "anew_unread: weir begins to read" wait_for 60 report_says \
		"$tmp/anew_unread.store" '.ledger.consumed > 0'
	kill -STOP "$run"
	check "anew_unread: and knows of more" report_says \
		"$tmp/anew_unread.store" '.ledger.lag > 100000'
	admin delete-topic anew_unread
	admin create-topic anew_unread 1
	numbers new 0 700 >"$tmp/events"
	kcat_writes anew_unread 0 "$tmp/events"
	kill -CONT "$run"
	check "anew_unread: weir counts all of the new topic" wait_for 90 \
		report_says "$tmp/anew_unread.store" '.ledger.lag == 0 and
			([.tables.who.top[] | select(.key == "new")
			| .events, .n] == [700, 244650])'
	stop_weir anew_unread "$run"
	check "anew_unread: the ledger adds up" says "$tmp/anew_unread.out" \
		"$ledger_holds"
	read_of_old=$(jq '[.tables.who.top[] | select(.key == "old")
		| .events][0]' "$tmp/anew_unread.out")
	is "anew_unread: the first events of the old topic are counted" \
		"$(numbers_in "$tmp/anew_unread.out" old)" \
		"[$read_of_old,$((read_of_old * (read_of_old - 1) / 2))]"
	is "anew_unread: all others are lost" \
		"$(of "$tmp/anew_unread.out" '.ledger | [.consumed, .lost]')" \
		"[$((read_of_old + 700)),$((1500000 - read_of_old))]"
}

# While it does not watch: only the topic's id tells.
refused() {
	admin create-topic refused 2
	watch refused "$numbered" -t refused
	numbers old 0 1000 >"$tmp/events"
	kcat_writes refused 0 "$tmp/events"
	check "refused: weir reads to the end" read_to_end refused refused
	stop_weir refused "$pid"
	cp "$tmp/refused.out" "$tmp/refused.first"
	admin delete-topic refused
	admin create-topic refused 2
	numbers new 0 4000 >"$tmp/events"
	kcat_writes refused 0 "$tmp/events"
	watch refused "$numbered" -t refused
	end_within 30 "$pid"
	is "refused: a store of another topic of this name is refused" "$code" 1
	check "refused: a sentence says why" grep -q '^weir: .*made anew' \
		"$tmp/refused.err"
	show "$tmp/refused.err"
	"$WEIR" report "$tmp/refused.store" >"$tmp/refused.second"
	is "refused: the store is as it was" \
		"$(jq -cS '[.ledger, .tables, .offsets]' "$tmp/refused.second")" \
		"$(jq -cS '[.ledger, .tables, .offsets]' "$tmp/refused.first")"
}

for part in $parts; do
	$part
done
finish
