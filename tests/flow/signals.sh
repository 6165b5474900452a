#!/bin/sh
# A signal ends a run as its end would: what was produced is taken, stored and
# reported, and nothing is left on the way.
. "${srcdir:-.}/tests/lib/tap.sh"
need jq

for signal in INT TERM HUP; do
	store=$tmp/$signal
	# As fast as it goes there is always something on the way.
	rate=max
	[ $signal = INT ] && rate=50000
	start_weir "$signal" run "$interactions" --headless --rate $rate \
		--duration 300s --store "$store"
	run=$pid
	check "$signal: events come" wait_for 60 report_says "$store" \
		'.ledger.consumed > 20000'
	check "$signal: the ledger adds up while it runs" report_says "$store" \
		"$ledger_holds"
	check "$signal: it is there to be told" kill -s "$signal" "$run"
	end_of "$run"
	is "$signal: exit code" "$code" 0
	check "$signal: the ledger of the report adds up" \
		says "$tmp/$signal.out" "$ledger_holds"
	check "$signal: all that was produced is consumed" \
		says "$tmp/$signal.out" '.ledger | .produced > 20000
			and .produced == .consumed and .produced == .valid
			and .unacked + .failed + .lag + .lost == 0'
	check "$signal: offsets stand where the topic ends" \
		says "$tmp/$signal.out" '([.offsets[] | .next == .end] | all)
			and ([.offsets[] | .next - .begin] | add) ==
				.ledger.consumed'
	check "$signal: each table has all of it" says "$tmp/$signal.out" \
		'.ledger.valid as $n | .tables | .users.total == $n
			and .items.total == $n and .types.total == $n
			and ([.item_minute.windows[].total] | add) == $n'
	"$WEIR" report "$store" >"$tmp/after" 2>"$tmp/after.err"
	is "$signal: the store can be read afterwards" "$?" 0
	check "$signal: and says the same" cmp "$tmp/$signal.out" "$tmp/after"
done

# --- a second signal, when the first is being obeyed ----------------------------------

start_weir twice run "$interactions" --headless --rate max --duration 300s \
	--store "$tmp/twice"
run=$pid
check "twice: events come" wait_for 60 report_says "$tmp/twice" \
	'.ledger.consumed > 100000'
kill -TERM "$run"
kill -INT "$run"
end_of "$run"
is "twice: exit code" "$code" 0
check "twice: the ledger adds up, whatever is left" says "$tmp/twice.out" \
	"$ledger_holds"

# --- before anything happened -----------------------------------------------------------

start_weir none run "$interactions" --headless --rate 0 --store "$tmp/none"
run=$pid
check "without an event: it runs" broker_of none
kill -TERM "$run"
end_of "$run"
is "without an event: exit code" "$code" 0
is "without an event: nothing is counted" \
	"$(of "$tmp/none.out" '[.ledger.produced, .tables.users.keys,
		.tables.users.min.value,
		(.tables.item_minute.windows | length), .watermark_ms]')" \
	'[0,0,null,0,null]'

# --- the other commands -------------------------------------------------------------------

start_weir stream generate "$interactions" --stdout --rate 20000
run=$pid
check "generate: lines come" wait_for 60 test -s "$tmp/stream.out"
kill -TERM "$run"
end_of "$run"
is "generate: exit code" "$code" 0
is "generate: each line is whole" \
	"$(jq -Rn '[inputs | fromjson | keys | length] | unique' -c \
		"$tmp/stream.out" 2>&1)" '[4]'
is "generate: the last one too" "$(tail -c 1 "$tmp/stream.out" | wc -l |
	tr -d ' ')" 1

finish
