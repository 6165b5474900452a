#!/bin/sh
# Topics of a real broker: which are made, which are read, and from where on; what
# compaction takes; the store of another cluster.
#
#	sh tests/kafka/topics.sh [PART...]	only these: unmade made list pattern
#		from cluster compacted
. "${srcdir:-.}/tests/kafka/lib.sh"
parts=${*:-unmade made list pattern from cluster compacted}

cleanup() {
	for one in kafka other; do
		[ ! -e "$tmp/$one/pid" ] || "$kafka/stop" "$tmp/$one" --kill
	done
}

# This broker makes whatever topic is asked for, if the client lets it.
broker auto.create.topics.enable=true

# TOPIC: 1 when there is one. Looking for it by its name could make it.
topics_like() {
	admin topics | jq --arg name "$1" 'map(select(. == $name)) | length'
}

# WHO TOPIC PARTITION N: events 0 to N - 1.
written() {
	numbers "$1" 0 "$4" >"$tmp/events"
	kcat_writes "$2" "$3" "$tmp/events"
}

# --- watching makes no topic ---------------------------------------------------------------------

unmade() {
	admin create-topic there 3
	written w there 0 200
	set -- run "$numbered" -b "$address" --no-generate --headless \
		--duration 1000s --store "$tmp/no.store"
	says_no "unmade: a topic that is not there" 1 \
		'the cluster has no topic nosuch; check --topic' "$@" -t nosuch
	says_no "unmade: the same with dead letters" 1 \
		'the cluster has no topic nosuch; check --topic' "$@" -t nosuch \
		--dead-letters noletters
	says_no "unmade: one of several" 1 \
		'the cluster has no topic nosuch; check --topic' "$@" \
		-t there,nosuch
	says_no "unmade: in a group" 1 \
		'the cluster has no topic nosuch; check --topic' "$@" \
		-t nosuch --group nosuch
	says_no "unmade: an expression that matches none" 1 \
		'the cluster has no topic that matches \^nosuch' "$@" \
		-t '^nosuch.*'
	check "unmade: no store is begun" test ! -e "$tmp/no.store"
	is "unmade: no such topic is made" \
		"$(admin topics | jq -c 'map(select(. == "there" or
			. == "nosuch" or . == "noletters"))')" '["there"]'
	# That one is for weir to make: as many partitions as the source.
	watch letters "$numbered" -t there --dead-letters letters
	run=$pid
	check "unmade: weir reads" read_to_end letters there
	stop_weir letters "$run"
	is "unmade: dead letters get a topic like the source" \
		"$(admin describe-topic letters | jq .partitions)" 3

	# A watched topic that is deleted is not made anew by who looks for it.
	admin create-topic deleted 2
	written w deleted 0 200
	watch deleted "$numbered" -t deleted --dead-letters letters
	run=$pid
	check "unmade: weir reads the topic" read_to_end deleted deleted
	admin delete-topic deleted
	check "unmade: and says that it is gone" wait_for 60 grep -q \
		'^weir: .*the topic deleted is gone' "$tmp/deleted.err"
	check "unmade: its partitions are over" wait_for 60 report_says \
		"$tmp/deleted.store" '(.offsets | length == 0) and
			(.offsets_ended | length == 2)'
	stop_weir deleted "$run"
	is "unmade: it is not made anew" "$(topics_like deleted)" 0
}

# --- generating makes it -------------------------------------------------------------------------

made_like() { # topic
	admin describe-topic "$1" |
		jq -c '[.partitions, .configs["retention.ms"]]'
}

made() {
	sed 's/"topic": {.*}/"topic": {"name": "made", "partitions": 3, "retention": "36h"}/' \
		"$interactions" >"$tmp/kept.json"
	check "made: weir generates into a topic that is not there" "$WEIR" \
		generate "$tmp/kept.json" -b "$address" --events 500 --rate max
	is "made: it is as the pipeline says" "$(made_like made)" \
		'[3,"129600000"]'
	start_weir made run "$tmp/kept.json" -b "$address" -t made-too \
		--events 500 --headless --store "$tmp/made.store"
	end_within 60 "$pid"
	is "made: weir generates and reads" "$code" 0
	is "made: it is as the pipeline says, too" "$(made_like made-too)" \
		'[3,"129600000"]'
	is "made: all is read" "$(of "$tmp/made.out" .ledger.consumed)" 500
	check "made: a pipeline that says nothing" "$WEIR" generate \
		"$interactions" -b "$address" -t made-default --events 5
	is "made: the cluster says how long events are kept" \
		"$(made_like made-default)" '[4,"604800000"]'
	admin create-topic made-before 2 retention.ms=7200000
	check "made: weir generates into a topic that is there" "$WEIR" \
		generate "$tmp/kept.json" -b "$address" -t made-before \
		--events 5
	is "made: it stays as it was" "$(made_like made-before)" '[2,"7200000"]'
}

# --- several topics --------------------------------------------------------------------------------

# REPORT: [[topic, partition, begin, next]...]
ranges() {
	of "$1" '.offsets | map([.topic, .partition, .begin, .next]) | sort'
}

list() {
	admin create-topic list-a 2
	admin create-topic list-b 1
	admin create-topic list-c 1
	written a list-a 0 300
	written a list-a 1 200
	written b list-b 0 700
	written c list-c 0 50
	watch list "$numbered" -t list-a,list-b
	run=$pid
	check "list: weir reads both" wait_for 60 report_says "$tmp/list.store" \
		'.ledger.consumed == 1200 and .ledger.lag == 0'
	written b list-b 0 100
	check "list: and what comes" wait_for 60 report_says "$tmp/list.store" \
		'.ledger.consumed == 1300 and .ledger.lag == 0'
	stop_weir list "$run"
	check "list: the ledger adds up" says "$tmp/list.out" "$ledger_holds"
	is "list: offsets have topic and partition" "$(ranges "$tmp/list.out")" \
		'[["list-a",0,0,300],["list-a",1,0,200],["list-b",0,0,800]]'
	kcat_reads list-a "$tmp/read"
	kcat_reads list-b "$tmp/read.b"
	cat "$tmp/read.b" >>"$tmp/read"
	check "list: the report is what kcat reads of both" recounted \
		"$numbered" "$tmp/read" "$tmp/list.out" 1300
	# The same store goes on with the same list only.
	says_no "list: the store with another list" 1 \
		'belongs to topic list-a,list-b of .*--fresh' run "$numbered" \
		-b "$address" -t list-a,list-c --no-generate --headless \
		--store "$tmp/list.store"
	written a list-a 1 30
	watch list "$numbered" -t list-a,list-b
	run=$pid
	check "list: the next run goes on" wait_for 60 report_says \
		"$tmp/list.store" '.ledger.consumed == 1330'
	stop_weir list "$run"
	watch twice "$numbered" -t list-c,list-c
	run=$pid
	check "list: a topic that is named twice is read" read_to_end twice list-c
	stop_weir twice "$run"
	is "list: once" "$(of "$tmp/twice.out" '[.ledger.consumed,
		(.offsets | length)]')" '[50,1]'
	set -- run "$numbered" -b "$address" --headless --duration 1000s \
		--store "$tmp/no.store"
	for wrong in , a, ,a a,,b; do
		says_no "list: $wrong" 2 'is no list of topics' \
			"$@" --no-generate -t "$wrong"
	done
	says_no "list: no name" 2 '--topic takes the name of a topic' "$@" \
		--no-generate -t ''
	says_no "list: generating into several" 2 \
		'several topics can only be watched' "$@" -t list-a,list-b
	says_no "list: generating into a pattern" 2 \
		'several topics can only be watched' "$@" -t '^list-.*'
}

pattern() {
	admin create-topic orders-a 2
	admin create-topic orders-b 1
	admin create-topic my-orders-x 1
	written a orders-a 0 100
	written a orders-a 1 200
	written x my-orders-x 0 400
	numbers b 0 300000 >"$tmp/events"
	kcat_writes orders-b 0 "$tmp/events"
	# So slowly that there is something left when the topic goes.
	watch orders "$numbered" -t '^orders-.*' -X fetch.message.max.bytes=2000 \
		-X queued.max.messages.kbytes=1
	run=$pid
	check "pattern: weir reads what matches" wait_for 60 report_says \
		"$tmp/orders.store" '([.tables.who.top[] | select(.key == "a")
			| .events] == [300]) and .ledger.consumed > 300'
	admin delete-topic orders-b
	admin create-topic orders-c 2
	written c orders-c 1 500
	check "pattern: a topic that comes is read" wait_for 60 report_says \
		"$tmp/orders.store" '[.tables.who.top[] | select(.key == "c")
			| .events] == [500]'
	check "pattern: one that is gone is over" wait_for 60 report_says \
		"$tmp/orders.store" '[.offsets_ended[].topic] == ["orders-b"]'
	written a orders-a 1 50
	check "pattern: the others go on" wait_for 60 report_says \
		"$tmp/orders.store" '.ledger.lag == 0 and ([.tables.who.top[]
			| select(.key == "a") | .events] == [350])'
	stop_weir orders "$run"
	check "pattern: the ledger adds up" says "$tmp/orders.out" "$ledger_holds"
	read_of_b=$(jq '[.tables.who.top[] | select(.key == "b") | .events][0]' \
		"$tmp/orders.out")
	is "pattern: of the one that is gone the first are counted" \
		"$(numbers_in "$tmp/orders.out" b)" \
		"[$read_of_b,$((read_of_b * (read_of_b - 1) / 2))]"
	is "pattern: the others of it are lost" "$(of "$tmp/orders.out" \
		'[.ledger.lost, .ledger.consumed, (.offsets_ended[0]
			| .begin, .next, .lost)]')" \
		"[$((300000 - read_of_b)),$((read_of_b + 850)),0,300000,$((300000 - read_of_b))]"
	check "pattern: which are some" test "$read_of_b" -lt 300000
	is "pattern: offsets have topic and partition" \
		"$(ranges "$tmp/orders.out")" \
		'[["orders-a",0,0,100],["orders-a",1,0,250],["orders-c",0,0,0],["orders-c",1,0,500]]'

	# The broker's own topics.
	admin commit pattern orders-a 0 1
	is "pattern: the broker has a topic of its own" \
		"$(topics_like __consumer_offsets)" 1
	watch all "$numbered" -t '^.*'
	run=$pid
	check "pattern: all topics are read" wait_for 60 report_says \
		"$tmp/all.store" '.ledger.lag == 0 and
			([.offsets[] | .topic] | index("orders-a") != null)'
	stop_weir all "$run"
	is "pattern: all of them, but not the broker's own" \
		"$(of "$tmp/all.out" '[.offsets[].topic] | unique')" \
		"$(admin topics | jq -c 'map(select(startswith("__") | not))')"
	# Nothing in it is an event.
	watch own "$numbered" -t '^__consumer_offsets$'
	run=$pid
	check "pattern: who names it reads it" wait_for 60 report_says \
		"$tmp/own.store" '.ledger.dead > 0 and .ledger.lag == 0'
	stop_weir own "$run"
	for wrong in '^orders-(' '^[' '^*{2'; do
		says_no "pattern: $wrong" 2 'is no regular expression for topics' \
			run "$numbered" -b "$address" --no-generate --headless \
			-t "$wrong" --store "$tmp/no.store"
	done
}

# --- from where on ----------------------------------------------------------------------------------

# TOPIC OFFSET...: what kcat reads of each partition, from there; "end": nothing.
kcat_from() {
	kcat_topic=$1
	shift
	partition=0
	: >"$tmp/read"
	for offset; do
		[ "$offset" = end ] ||
			kcat -q -b "$address" -t "$kcat_topic" -C -e -p $partition \
				-o "$offset" -f '%s\n' >>"$tmp/read" \
				2>"$tmp/kcat.err"
		partition=$((partition + 1))
	done
}

# NAME WHERE OFFSET...: a new store that begins there has what kcat reads from
# these offsets.
begins() {
	name=$1
	where=$2
	shift 2
	watch "$name" "$numbered" -t from --from "$where"
	run=$pid
	check "from $where: weir reads to the end" read_to_end "$name" from
	stop_weir "$name" "$run"
	kcat_from from "$@"
	there=$(wc -l <"$tmp/read" | tr -d ' ')
	diag "from $where: $there events"
	is "from $where: as many as kcat reads" \
		"$(of "$tmp/$name.out" '.ledger | [.consumed, .lost, .skipped]')" \
		"[$there,0,0]"
	check "from $where: and the same" recounted "$numbered" "$tmp/read" \
		"$tmp/$name.out" "$there"
}

from() {
	admin create-topic from 3
	now=$(date +%s)
	# Three days: each partition has some events of each; the last has none
	# of the last day.
	for days in 3 2 1; do
		for p in 0 1 2; do
			[ $p$days != 21 ] || continue
			numbers "p$p-$days" 0 $((100 * days + 10 * p)) |
				clients dated from $p \
				$(((now - days * 86400) * 1000))
		done
	done
	begins from-beginning beginning beginning beginning beginning
	begins from-end end end end end
	# Half-way between two of them.
	at=$(((now - 129600) / 60 * 60))
	begins from-utc "$(date -u -d @$at +%Y-%m-%dT%H:%MZ)" \
		s@${at}000 s@${at}000 end
	TZ=Asia/Kathmandu
	export TZ
	begins from-local "$(date -d @$at '+%Y-%m-%d %H:%M:%S')" \
		s@${at}000 s@${at}000 end
	unset TZ
	begins from-ago -60h $(for p in 0 1 2; do
		echo s@$(((now - 60 * 3600) * 1000))
	done)
	# An event among those of the second day, by the millisecond.
	ms=$((now - 2 * 86400))
	begins from-ms "$(date -u -d @$ms +%Y-%m-%dT%H:%M:%S).057Z" \
		s@${ms}057 s@${ms}057 s@${ms}057
	is "from a millisecond: not one more" "$(of "$tmp/from-ms.out" \
		'.offsets | map(.begin)')" '[357,367,377]'
	begins from-later 2999-01-01 end end end
	begins from-offsets 0:10,1:20 10 20 beginning
	begins from-behind 1:99999,2:0 beginning end 0
	# The topic begins later.
	admin delete-records from 0 50
	begins from-before 0:10,1:20,2:30 50 20 30

	# The store knows better.
	written later from 1 40
	watch from-offsets "$numbered" -t from --from end
	run=$pid
	check "from: the next run of a store goes on where it was" \
		read_to_end from-offsets from
	stop_weir from-offsets "$run"
	is "from: not where another --from says" \
		"$(of "$tmp/from-offsets.out" '[.offsets | map(.begin)[]],
			[.tables.who.top[] | select(.key == "later") | .events]' |
			tr '\n' ' ')" '[10,20,0] [40] '
	watch from-end "$numbered" -t from --from beginning
	run=$pid
	check "from: one that began at the end goes on, too" \
		read_to_end from-end from
	stop_weir from-end "$run"
	is "from: with what has come since" \
		"$(of "$tmp/from-end.out" .ledger.consumed)" 40
	for wrong in yesterday 2026-13-01 2026-11-21T25:00Z 0:x x:0 0:-1 0:1, \
		0 -5x - 2026-11-21T08:00+01 ''; do
		says_no "from \"$wrong\"" 2 '--from takes beginning, end, a time' \
			run "$numbered" -b "$address" -t from --no-generate \
			--headless --from "$wrong" --store "$tmp/no.store"
	done
	check "from: nothing was begun" test ! -e "$tmp/no.store"
}

# --- another cluster ------------------------------------------------------------------------------------

cluster() {
	admin create-topic cluster 2
	written w cluster 0 300
	watch cluster "$numbered" -t cluster
	run=$pid
	check "cluster: weir reads" read_to_end cluster cluster
	stop_weir cluster "$run"
	first=$address
	if ! address=$("$kafka/start" "$tmp/other" 2>"$tmp/start.err"); then
		show "$tmp/start.err"
		echo "Bail out! the other broker did not start"
		exit 1
	fi
	admin create-topic cluster 2
	written w cluster 0 700
	says_no "cluster: a store of another" 1 \
		"the store $tmp/cluster.store belongs to topic cluster of $first; use another --store, or begin a new one with --fresh" \
		run "$numbered" -b "$address" -t cluster --no-generate \
		--headless --duration 1000s --store "$tmp/cluster.store" \
		--dead-letters letters-there
	is "cluster: who is refused has made no topic" \
		"$(topics_like letters-there)" 0
	says_no "cluster: in a group" 1 \
		"the store $tmp/cluster.store belongs to topic cluster of $first;" \
		run "$numbered" -b "$address" -t cluster --group cluster \
		--headless --duration 1000s --store "$tmp/cluster.store"
	"$WEIR" report "$tmp/cluster.store" >"$tmp/after" 2>&1
	is "cluster: the store is as it was" \
		"$(jq -cS 'del(.rates)' "$tmp/after")" \
		"$(jq -cS 'del(.rates)' "$tmp/cluster.out")"
	watch cluster "$numbered" -t cluster --fresh
	run=$pid
	check "cluster: with --fresh weir reads" read_to_end cluster cluster
	stop_weir cluster "$run"
	is "cluster: it has begun anew" "$(of "$tmp/cluster.out" \
		.ledger.consumed)" 700
	is "cluster: the old store is kept" \
		"$("$WEIR" report "$tmp/cluster.store.last" |
			jq .ledger.consumed)" 300
	"$kafka/stop" "$tmp/other" --kill
	address=$first
	says_no "cluster: a store of another topic" 1 \
		'belongs to topic cluster of .*--fresh' run "$numbered" \
		-b "$address" -t there --no-generate --headless \
		--duration 1000s --store "$tmp/cluster.store.last"
}

# --- compaction -------------------------------------------------------------------------------------------

# TOPIC: an offset that compaction has taken away, so far before the end.
has_gaps() {
	[ "$(kcat -q -b "$address" -t "$1" -C -e -o beginning -f '%o\n' \
		2>/dev/null | wc -l)" -lt "$(($(ends "$1" | jq add) - $2))" ]
}

# TOPIC OFFSET: the event there is gone.
compacted_away() {
	kcat -q -b "$address" -t "$1" -C -e -o beginning -f '%o\n' \
		2>/dev/null >"$tmp/offsets"
	[ -s "$tmp/offsets" ] && ! grep -qx "$2" "$tmp/offsets"
}

compacted() {
	admin create-topic compacted 1 cleanup.policy=compact \
		segment.bytes=20000 min.cleanable.dirty.ratio=0.01 \
		delete.retention.ms=100
	watch follows interactions -t compacted
	run=$pid
	check "compacted: transactions are committed and aborted" \
		clients transactions compacted 30 keyed
	check "compacted: weir reads to the end" read_to_end follows compacted
	stop_weir follows "$run"
	check "compacted: the ledger adds up" says "$tmp/follows.out" \
		"$ledger_holds"
	is "compacted: all committed ones are counted, before or after" \
		"$(of "$tmp/follows.out" '.ledger | [.lost, .lag]')" '[0,0]'
	# The transaction that came last was aborted: it is not the last offset.
	last=$(kcat -q -b "$address" -t compacted -C -e -o beginning -f '%o\n' \
		2>"$tmp/kcat.err" | tail -n 1)
	check "compacted: there is an event that was read last" \
		says "$tmp/follows.out" ".offsets[0].next > $last and $last > 0"
	check "compacted: more of the same keys" \
		clients transactions compacted 30 keyed
	check "compacted: the broker compacts" wait_for 60 has_gaps compacted 2000
	watch compacted interactions -t compacted
	run=$pid
	check "compacted: weir reads it from the beginning" \
		read_to_end compacted compacted
	stop_weir compacted "$run"
	check "compacted: the ledger adds up here" says "$tmp/compacted.out" \
		"$ledger_holds"
	is "compacted: all offsets are consumed or skipped, none is lost" \
		"$(of "$tmp/compacted.out" '[.ledger.consumed + .ledger.skipped,
			.ledger.lost, .ledger.lag]')" \
		"$(admin offsets compacted | jq -c '[.[0].end - .[0].begin, 0, 0]')"
	diag "$(of "$tmp/compacted.out" '.ledger | {consumed, skipped, lost}')"
	check "compacted: some are skipped" says "$tmp/compacted.out" \
		'.ledger.skipped >= 2000'
	check "compacted: what is left is counted" says "$tmp/compacted.out" \
		'.tables.users | .keys == 4 and .total >= 4'
	# The last event that the first store has seen is gone.
	check "compacted: the broker takes what was read last" wait_for 60 \
		compacted_away compacted "$last"
	watch follows interactions -t compacted
	run=$pid
	check "compacted: the first store goes on nevertheless" \
		read_to_end follows compacted
	stop_weir follows "$run"
	check "compacted: the ledger adds up there" says "$tmp/follows.out" \
		"$ledger_holds"
	is "compacted: with one range, all of it consumed or skipped" \
		"$(of "$tmp/follows.out" '[(.offsets, .offsets_ended | length),
			.ledger.consumed + .ledger.skipped, .ledger.lost]')" \
		"$(ends compacted | jq -c '[1, 0, .[0], 0]')"
}

for part in $parts; do
	$part
done
finish
