#!/bin/sh
# Several weirs in a consumer group on a real broker: members come and go, are
# killed, stall, come back, share with foreign clients. Every event is in a store;
# it is in one store only, or the report of all stores says that it is not.
#
#	sh tests/kafka/groups.sh [PART...]	only these: shared killed stalled
#		rewound shares letters patterns refused
. "${srcdir:-.}/tests/kafka/lib.sh"
parts=${*:-shared killed stalled rewound shares letters patterns refused}
broker

# A partition may be read by nobody for a while: its events are not late then.
patient=$tmp/patient.json
sed 's/"lateness": "10s"/"lateness": "30m"/' "$interactions" >"$patient"
grep -q '"lateness": "30m"' "$patient" || {
	echo "Bail out! the pipeline has no lateness of 10s any more"
	exit 1
}

# Members that are gone are missed soon.
quick="-X session.timeout.ms=6000 -X heartbeat.interval.ms=1000"

# NAME TOPIC [ARGUMENTS...]: a member of the topic's group; its store is
# $tmp/NAME.store, its process $pid.
member() {
	joining=$1
	joined=$2
	shift 2
	# shellcheck disable=SC2086
	start_weir "$joining" run "$patient" -b "$address" -t "$joined" \
		--group "$joined" $quick --headless --duration 1000s \
		--store "$tmp/$joining.store" "$@"
}

# TOPIC [ARGUMENTS...]: events, until end_generator; the process is $generator.
begin_generator() {
	into=$1
	shift
	start_weir generate generate "$patient" -b "$address" -t "$into" \
		--rate 8000 "$@"
	generator=$pid
}

end_generator() { # topic
	stop_weir "$1: generate" "$generator"
	show "$tmp/generate.err"
}

consumed_of() { # name
	"$WEIR" report "$tmp/$1.store" 2>/dev/null | jq .ledger.consumed
}

# NAME N: until that store has N events more than now.
reads_on() {
	before=$(consumed_of "$1")
	wait_for 60 report_says "$tmp/$1.store" \
		".ledger.consumed >= ${before:-0} + $2"
}

# NAME...: their stores, as one report.
whole() {
	stores=
	for one; do
		stores="$stores $tmp/$one.store"
	done
	# shellcheck disable=SC2086
	"$WEIR" report $stores >"$tmp/whole" 2>"$tmp/whole.err"
}

# FILTER NAME...
whole_says() {
	whole_filter=$1
	shift
	whole "$@" && says "$tmp/whole" "$whole_filter"
}

# TOPIC NAME...: until those read each partition, and all that the topic holds now.
all_read() {
	reached=$(ends "$1")
	shift
	wait_for 90 whole_says ".ledger.lag == 0 and ([.offsets[]
		| select(.state == \"read\")] | sort_by(.partition)
		| map(.next) == $reached)" "$@"
}

# N NAME: that store reads N partitions now.
reads_partitions() {
	report_says "$tmp/$2.store" \
		"[.offsets[] | select(.state == \"read\")] | length == $1"
}

# TOPIC: the group has published the ends of the topic.
published() {
	is "$1: the offsets that the group has published are the ends" \
		"$(admin group-offsets "$1" | jq -cS ".[\"$1\"]
			| to_entries | sort_by(.key | tonumber) | map(.value)")" \
		"$(ends "$1")"
}

# TOPIC NAME...: what the stores have is what the topic has, each event once or
# counted as an overlap; and the tables are those of exactly these events.
accounted() {
	of_topic=$1
	shift
	if whole "$@"; then
		ok "$of_topic: the stores are reported as one"
	else
		not_ok "$of_topic: the stores are reported as one" \
			"$tmp/whole.err"
	fi
	check "$of_topic: the ledger adds up" says "$tmp/whole" "$ledger_holds"
	kcat -q -b "$address" -t "$of_topic" -C -e -o beginning -f '%p %o %s\n' \
		>"$tmp/read" 2>"$tmp/kcat.err"
	is "$of_topic: kcat reads all of it" "$(wc -l <"$tmp/read" | tr -d ' ')" \
		"$(ends "$of_topic" | jq add)"
	pairs=
	for one; do
		"$WEIR" report "$tmp/$one.store" >"$tmp/$one.report" 2>&1
		pairs="$pairs $tmp/$one.store=$tmp/$one.report"
	done
	# shellcheck disable=SC2086
	if python3 "$kafka/ranges.py" "$of_topic" "$(ends "$of_topic")" \
		"$tmp/whole" "$tmp/read" $pairs >"$tmp/counted" \
		2>"$tmp/ranges"; then
		ok "$of_topic: each event is in a store, and overlaps are told"
	else
		not_ok "$of_topic: each event is in a store, and overlaps are told"
	fi
	show "$tmp/ranges"
	is "$of_topic: each overlap is told in a sentence" \
		"$(grep -c '^weir: partition .* are counted twice$' "$tmp/whole.err")" \
		"$(jq '.overlaps | length' "$tmp/whole")"
	jq '.offsets = (.offsets + .offsets_ended
		| map(if .state == "read" then . else .end = .next end))' \
		"$tmp/whole" >"$tmp/whole.flat"
	check "$of_topic: the tables are those of these events" recounted \
		"$patient" "$tmp/counted" "$tmp/whole.flat" \
		"$(wc -l <"$tmp/counted" | tr -d ' ')"
}

# --- members come and go ----------------------------------------------------------------------

shared() {
	admin create-topic shared 5
	begin_generator shared --bad 0.01
	member a shared
	a=$pid
	member b shared
	b=$pid
	check "shared: the first reads" reads_on a 2000
	check "shared: the second reads" reads_on b 2000
	member c shared
	c=$pid
	check "shared: a third takes its part" reads_on c 2000
	check "shared: the first goes on" reads_on a 2000
	check "shared: the second goes on" reads_on b 2000
	stop_weir c "$c"
	check "shared: when the third has left, the first goes on" reads_on a 4000
	check "shared: and the second" reads_on b 4000
	end_generator shared
	check "shared: all is read" all_read shared a b c
	stop_weir a "$a"
	stop_weir b "$b"
	published shared
	accounted shared a b c
	is "shared: no event is in two stores" "$(of "$tmp/whole" .overlaps)" '[]'
	is "shared: the sum over the stores is the topic" \
		"$(jq -s 'map(.ledger.consumed) | add' "$tmp/a.report" \
			"$tmp/b.report" "$tmp/c.report")" \
		"$(ends shared | jq add)"
	# One alone, in no group.
	watch lone "$patient" -t shared
	lone=$pid
	check "shared: one alone reads to the end" read_to_end lone shared
	stop_weir lone "$lone"
	same_tables='del(.tables[].windows?[]?.complete) | [.tables,
		(.ledger | .consumed, .valid, .dead, .dead_by_reason)]'
	is "shared: the numbers of one alone are the same" \
		"$(jq -cS "$same_tables" "$tmp/whole")" \
		"$(jq -cS "$same_tables" "$tmp/lone.out")"
}

# --- a member is killed, and comes back --------------------------------------------------------

killed() {
	admin create-topic killed 6
	begin_generator killed
	member d killed
	d=$pid
	member e killed
	e=$pid
	member f killed
	f=$pid
	for one in d e f; do
		check "killed: $one reads" reads_on $one 2000
		check "killed: $one has its part" wait_for 60 \
			reads_partitions 2 $one
	done
	kill -KILL "$e"
	end_of "$e" 2>/dev/null
	check "killed: one of the others takes its part over" wait_for 60 \
		reads_partitions 3 d
	check "killed: the other too" wait_for 60 reads_partitions 3 f
	check "killed: one goes on" reads_on d 3000
	check "killed: the other goes on" reads_on f 3000
	end_generator killed
	check "killed: all is read" all_read killed d e f
	accounted killed d e f
	jq -c .overlaps "$tmp/whole" >"$tmp/overlaps"

	# Back, with its store, while events come.
	was=$(consumed_of e)
	begin_generator killed
	member e killed
	e=$pid
	check "killed: it comes back and reads" reads_on e 3000
	check "killed: it had kept what it had" test "$was" -gt 2000
	for one in d e f; do
		check "killed: $one has its part again" wait_for 60 \
			reads_partitions 2 $one
	done
	end_generator killed
	check "killed: all is read again" all_read killed d e f
	stop_weir d "$d"
	stop_weir e "$e"
	stop_weir f "$f"
	published killed
	accounted killed d e f
	is "killed: with it come no further overlaps" \
		"$(of "$tmp/whole" .overlaps)" "$(cat "$tmp/overlaps")"
}

# One is thrown out while it sleeps, and reads on before it learns of that.
stalled() {
	admin create-topic stalled 4
	begin_generator stalled
	member g stalled
	g=$pid
	member h stalled
	h=$pid
	check "stalled: one reads" reads_on g 2000
	check "stalled: the other reads" reads_on h 2000
	kill -STOP "$h"
	check "stalled: one has all partitions" wait_for 60 reads_partitions 4 g
	check "stalled: and goes on" reads_on g 3000
	kill -CONT "$h"
	check "stalled: the other goes on" reads_on h 3000
	check "stalled: one has its part again" wait_for 60 reads_partitions 2 g
	check "stalled: the other has its part" wait_for 60 reads_partitions 2 h
	end_generator stalled
	check "stalled: all is read" all_read stalled g h
	stop_weir g "$g"
	stop_weir h "$h"
	published stalled
	accounted stalled g h
}

# --- an overlap that is sure -----------------------------------------------------------------------

# As if a member had died before it could publish.
rewound() {
	admin create-topic rewound 2
	"$WEIR" generate "$patient" -b "$address" -t rewound --events 20000 \
		--rate max --bad 0.05 >"$tmp/out" 2>"$tmp/generate.err"
	member i rewound
	i=$pid
	check "rewound: one reads all" all_read rewound i
	stop_weir i "$i"
	published rewound
	second_end=$(ends rewound | jq '.[1]')
	admin commit rewound rewound 0 1000
	admin commit rewound rewound 1 $((second_end - 77))
	member j rewound
	j=$pid
	check "rewound: the next begins where the group says" all_read rewound j
	stop_weir j "$j"
	accounted rewound i j
	is "rewound: both overlaps are told" \
		"$(of "$tmp/whole" '.overlaps | map([.partition, .begin, .end,
			.events, (.stores | length)])')" \
		"$(ends rewound | jq -c '[[0, 1000, .[0], .[0] - 1000, 2],
			[1, .[1] - 77, .[1], 77, 2]]')"
	published rewound
}

# --- a foreign member -------------------------------------------------------------------------------

made_into() { # topic events
	"$WEIR" generate "$patient" -b "$address" -t "$1" --events "$2" \
		--rate max >"$tmp/out" 2>"$tmp/generate.err"
}

# Both have read on, and said so.
group_at_ends() { # topic
	[ "$(admin group-offsets "$1" | jq -cS ".[\"$1\"] | to_entries
		| sort_by(.key | tonumber) | map(.value)")" = "$(ends "$1")" ]
}

shares() {
	admin create-topic shares 4
	made_into shares 4000
	member k shares
	k=$pid
	check "shares: weir reads alone" all_read shares k
	alone=$(ends shares)
	"$python" "$kafka/clients.py" "$address" member shares shares \
		>"$tmp/member.out" 2>"$tmp/member.err" &
	foreign=$!
	pids="$pids $foreign"
	check "shares: weir gives half of it to a foreign member" wait_for 60 \
		reads_partitions 2 k
	check "shares: who takes it" wait_for 60 grep -q \
		'^assigned \[[0-3], [0-3]\]$' "$tmp/member.err"
	made_into shares 4000
	check "shares: both read to the end" wait_for 60 group_at_ends shares
	kill -TERM "$foreign"
	end_within 60 "$foreign"
	is "shares: the foreign member leaves" "$code" 0
	show "$tmp/member.err"
	check "shares: weir has all partitions" wait_for 60 reads_partitions 4 k
	taken=$(ends shares)
	made_into shares 4000
	check "shares: and reads to the end" all_read shares k
	stop_weir k "$k"
	published shares
	check "shares: the ledger adds up" says "$tmp/k.out" "$ledger_holds"
	its=$(sed -n 's/^assigned //p' "$tmp/member.err" | tail -n 1)
	diag "of the foreign member: $its from $alone to $taken"
	check "shares: the foreign member was given two" \
		test "$(echo "$its" | jq length)" = 2
	jq -n -r --argjson its "$its" --argjson from "$alone" \
		--argjson to "$taken" '$its[] | . as $p
		| range($from[$p]; $to[$p]) | "\($p) \(.)"' | sort \
		>"$tmp/expected"
	sort "$tmp/member.out" >"$tmp/member.sorted"
	check "shares: it read its part, from where weir had stopped" \
		cmp "$tmp/expected" "$tmp/member.sorted"
	is "shares: there weir's ranges end, and begin anew behind it" \
		"$(of "$tmp/k.out" '[.offsets_ended, .offsets]
			| map(sort_by(.partition) | map([.partition, .begin, .next]))')" \
		"$(ends shares | jq -c --argjson its "$its" --argjson from "$alone" \
			--argjson to "$taken" '[[$its[] | [., 0, $from[.]]],
			[range(4) | [., (if IN($its[]) then $to[.] else 0 end)]]]
			as [$ended, $on] | [$ended, [$on[] as [$p, $b] | [$p, $b, .[$p]]]]')"
	is "shares: weir and it have each event once" \
		"$(jq .ledger.consumed "$tmp/k.out")" \
		"$(($(ends shares | jq add) - $(wc -l <"$tmp/member.out")))"
	is "shares: what it read is neither lost nor skipped" \
		"$(of "$tmp/k.out" '.ledger | [.lost, .skipped, .lag]')" '[0,0,0]'
}

# --- dead letters -------------------------------------------------------------------------------------

letters() {
	admin create-topic letters 4
	begin_generator letters --bad 0.1
	member l letters --dead-letters letters.dead
	l=$pid
	member m letters --dead-letters letters.dead
	m=$pid
	check "letters: one reads" reads_on l 2000
	check "letters: the other reads" reads_on m 2000
	stop_weir l "$l"
	check "letters: the other takes over" wait_for 60 reads_partitions 4 m
	check "letters: and goes on" reads_on m 2000
	member l letters --dead-letters letters.dead
	l=$pid
	check "letters: the first comes back" reads_on l 2000
	end_generator letters
	check "letters: all is read" all_read letters l m
	stop_weir l "$l"
	stop_weir m "$m"
	accounted letters l m
	is "letters: no event is in two stores" "$(of "$tmp/whole" .overlaps)" '[]'
	check "letters: each dead event is there once" clients dead letters \
		letters.dead "$patient"
	show "$tmp/check.out"
	# As if a member had died before it could publish, and more came since.
	for p in 0 1 2 3; do
		admin commit letters letters $p 100
	done
	"$WEIR" generate "$patient" -b "$address" -t letters --events 2000 \
		--rate max --bad 0.3 >"$tmp/out" 2>"$tmp/generate.err"
	member r letters --dead-letters letters.dead
	r=$pid
	check "letters: one reads all of it again, and what is new" \
		all_read letters r
	stop_weir r "$r"
	accounted letters l m r
	check "letters: it writes what is new, and nothing again" clients dead \
		letters letters.dead "$patient"
	show "$tmp/check.out"
}

# --- several topics ------------------------------------------------------------------------------------

patterns() {
	admin create-topic patterns-a 2
	admin create-topic patterns-b 1
	made_into patterns-a 3000
	made_into patterns-b 2000
	# The brokers' own topic of the groups is there now, and is not meant.
	for one in n o; do
		# shellcheck disable=SC2086
		start_weir $one run "$patient" -b "$address" -t '^.*patterns-.*|^.*consumer.*' \
			--group pattern $quick -X topic.metadata.refresh.interval.ms=500 \
			--headless --duration 1000s --store "$tmp/$one.store"
		pids_of="${pids_of:-} $pid"
	done
	check "patterns: all of the topics is read" wait_for 60 whole_says \
		'.ledger.consumed >= 5000 and .ledger.lag == 0' n o
	admin create-topic patterns-c 2
	made_into patterns-c 1000
	check "patterns: a topic that comes is read" wait_for 60 whole_says \
		'.ledger.consumed >= 6000 and .ledger.lag == 0' n o
	for pid in $pids_of; do
		stop_weir patterns "$pid"
	done
	whole n o
	check "patterns: the ledger adds up" says "$tmp/whole" "$ledger_holds"
	is "patterns: each event once" "$(of "$tmp/whole" \
		'[.ledger.consumed, .overlaps]')" '[6000,[]]'
	is "patterns: of these topics" "$(of "$tmp/whole" \
		'[.offsets[] | .topic] | unique')" \
		'["patterns-a","patterns-b","patterns-c"]'
}

# --- what is refused -------------------------------------------------------------------------------------

refused() {
	admin create-topic refused 2
	admin create-topic other 2
	made_into refused 1000
	made_into other 1000
	member p refused
	p=$pid
	check "refused: weir reads" all_read refused p
	says_no "a store that is in use" 1 \
		"$tmp/p.store is open in another weir, process $p;" \
		run "$patient" -b "$address" -t refused --group refused $quick \
		--headless --duration 1000s --store "$tmp/p.store"
	made_into refused 500
	check "refused: the one that has it goes on" all_read refused p
	is "refused: nobody took anything from it" "$(consumed_of p)" 1500
	stop_weir p "$p"
	watch q "$patient" -t other
	q=$pid
	check "refused: another reads another topic" read_to_end q other
	stop_weir q "$q"
	says_no "the same store twice" 2 'are the same store; give each store once' \
		report "$tmp/p.store" "$tmp/p.store"
	ln -s "$tmp/p.store" "$tmp/alias"
	says_no "the same store by two names" 2 'are the same store' \
		report "$tmp/p.store" "$tmp/q.store" "$tmp/alias"
	says_no "stores of different topics" 1 \
		"$tmp/p.store and $tmp/q.store are of different topics" \
		report "$tmp/p.store" "$tmp/q.store"
	for option in "--rate 5" "--events 5" "--seed 5" "--bad 0.5"; do
		# shellcheck disable=SC2086
		says_no "a group and $option" 2 \
			'--group only watches: .*`weir generate`' run \
			"$patient" -b "$address" -t refused --group refused \
			$option --headless --store "$tmp/no.store"
	done
	says_no "a group without a cluster" 2 '--group needs --brokers' \
		run "$patient" --group refused --headless --store "$tmp/no.store"
	says_no "generate in a group" 2 '--group has no meaning for' \
		generate "$patient" -b "$address" --group refused
	check "refused: nothing was begun" test ! -e "$tmp/no.store"
}

for part in $parts; do
	$part
done
finish
