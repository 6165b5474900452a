#!/bin/sh
# Topics that are derived from another, by a weir that is killed twenty times: each
# event is in one of them once, each key of each complete window in the other.
#
#	WEIR_OUTPUTS_EVENTS   how many events (default: 100000)
#	WEIR_OUTPUTS_KILLS    how many kills (default: 20)
#	SEED                  of the moments
. "${srcdir:-.}/tests/kafka/lib.sh"
events=${WEIR_OUTPUTS_EVENTS:-100000}
kills=${WEIR_OUTPUTS_KILLS:-20}
broker
store=$tmp/outputs.store
made=$lib/outputs.json

admin create-topic made 4
set -- "$made" -b "$address" --no-generate --headless --duration 1000s \
	--store "$store" --memory 16M

# Some events that are not valid: the generator has no such rule. So slow that there
# is always something to be read, until the last kill.
sed -e 's/, "min": 0//' -e 's/"uniform": \[0, 9\]/"uniform": [-1, 9]/' "$made" \
	>"$tmp/unruly.json"
start_weir generate generate "$tmp/unruly.json" -b "$address" --seed 5 \
	--events "$events" --rate $((events * 3 / kills / 2))
generator=$pid

position() {
	"$WEIR" report "$store" 2>/dev/null |
		jq -r '"\(.ledger.consumed) \(.outputs[1].records)"' \
			2>/dev/null || echo "0 0"
}

# Starting is a part of the delay, so that some kills come before anything is
# written and some after a few commits.
kill_often outputs "$kills" 200 700 "$@"
diag "$killed kills; before $moved of them windows were written"
if [ $((moved * 5)) -ge "$kills" ]; then
	ok "enough of the kills came while windows were written"
else
	not_ok "enough of the kills came while windows were written"
	cat "$tmp/kills"
fi

if wait_for 300 gone "$generator"; then
	end_of "$generator"
	is "all events are written" "$code" 0
else
	not_ok "all events are written"
fi
show "$tmp/generate.err"
start_weir outputs run "$@"
last=$pid
check "one more run reads to the end" read_to_end outputs made
stop_weir outputs "$last"
check "the ledger adds up" says "$tmp/outputs.out" "$ledger_holds"

all_of() { # topic
	kcat -q -b "$address" -t "$1" -C -e -o beginning \
		-f '%p\t%o\t%h\t%k\t%s\n' 2>"$tmp/kcat.err" | sort -s -n -k1,1 -k2,2
}
all_of made >"$tmp/source"
all_of made.events >"$tmp/events"
all_of made.sums >"$tmp/sums"
is "kcat reads as many as were asked for" \
	"$(wc -l <"$tmp/source" | tr -d ' ')" "$events"
compare() {
	"$python" "$lib/outputs_oracle.py" "$tmp/source" "$tmp/events" \
		"$tmp/sums" "$tmp/outputs.out"
}
check "each event and each row of a complete window is there once" compare
show "$tmp/check.out"
check "each dead event is in the topic of dead letters once" \
	clients dead made made.dead "$made"
show "$tmp/check.out"

# A store that begins anew finds all of it in the topics.
"$WEIR" report "$store" >"$tmp/report.old"
start_weir again run "$made" -b "$address" --no-generate --headless \
	--duration 1000s --store "$tmp/again.store"
last=$pid
check "another store reads all of it" read_to_end again made
stop_weir again "$last"
all_of made.events >"$tmp/events.again"
check "and writes no event again" cmp "$tmp/events" "$tmp/events.again"
all_of made.sums >"$tmp/sums"
cp "$tmp/again.out" "$tmp/outputs.out"
cp "$tmp/events.again" "$tmp/events"
check "nor any row" compare
show "$tmp/check.out"

says_no "windows in a group" 2 "the output topic made.sums is made of windows" \
	run "$made" -b "$address" --group g --no-generate --headless \
	--store "$tmp/no.store"
finish
