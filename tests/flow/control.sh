#!/bin/sh
# The pages that change what flows, in a real terminal: what is set on the
# generator's page is found in the store, and each fault is seen, is over when it
# is turned off, and costs no event.
. "${srcdir:-.}/tests/lib/tap.sh"
: "${MOCK:=$PWD/tests/lib/mock}"
need tmux jq python3
. "$lib/terminal.sh"

# DESCRIPTION FILTER: sooner or later it is so in the store
expect_stored() {
	if wait_for 60 report_says "$store" "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "not in the store: $2"
		of "$tmp/report_says" .ledger | sed 's/^/#   /'
	fi
}

# NAME: the line of the open page with this name, from the top
go_to() {
	keys Home
	wait_for 10 shows '^▸ (rate|broker slow)'
	while ! shows "^▸ $1 "; do
		wait_for 10 any_marked || break
		keys Down
		wait_for 10 moved || break
	done
}

# The name in the line that is marked; behind it may be a time that goes on.
# Nothing, where a frame is half drawn.
marked() {
	sed -n 's/^▸ //p' "$tmp/screen" | sed 's/  .*//'
}

any_marked() {
	capture && was=$(marked) && [ -n "$was" ]
}

moved() {
	capture && now=$(marked) && [ -n "$now" ] && [ "$now" != "$was" ]
}

# NAME VALUE SHOWN: types a value in that line
set_to() {
	go_to "$1"
	keys Enter
	wait_for 10 shows ': .*Enter sets it'
	keys "$2" Enter
	expect "$1 is set to $3" "^▸ $1 +$3( |\$)"
}

# What was produced is in the topic, read, and counted. Only what the broker had
# stored twice is there beside.
nothing_lost='.ledger.balanced and .ledger.lost == 0 and .ledger.failed == 0
	and .ledger.unacked == 0 and .ledger.lag == 0
	and .ledger.acked == .ledger.produced
	and .ledger.consumed == .ledger.produced + .ledger.foreign
	and .ledger.skipped == 0'

open_terminal

# --- the generator's page -----------------------------------------------------

store=$tmp/store
launch run "$interactions" --store "$store" --rate 0 --seed 3
expect "a stopped weir waits" ' STOPPED( |$)'
keys g
expect "g opens the page" '^─ generator ─'
set_to 'user_id values' 3 3
set_to 'item_id values' 2k '2,000'
set_to 'item_id skew' 0.01 '0\.01'
go_to rate
keys Enter
expect "the rate has its own question" 'rate, events per second: '
keys 5k Enter
expect "the rate is set" '^▸ rate +5,000/s'
expect_stored "there are three users, and more items than before" \
	'.ledger.valid > 20000 and .tables.users.keys == 3
	and .tables.items.keys == 2000'
expect_stored "of which none is wanted much more than another" \
	'.tables.items.max.value < 6 * .tables.items.average'
check "so far nothing is dead" report_says "$store" '.ledger.dead == 0'
go_to 'bad events'
keys Right Right
expect "steps go up" '^▸ bad events +0\.2 %'
keys Left Left
expect "and down" '^▸ bad events +0\.0 %'
set_to 'bad events' 25 '25\.0 %'
expect_stored "and now a part is" '.ledger.dead > 2000'
go_to shape
keys Right
expect "a ramp" '^▸ shape +ramp'
set_to period 3600 '1 h'
set_to 'lowest rate' 10 '10\.0 %'
expect "begins at the lowest rate" '^ *50[0-9]/s target'
go_to shape
keys Right
expect "a sine" '^▸ shape +sine'
keys Right
expect "bursts" '^▸ shape +bursts'
keys F1
expect "F1 is as the pipeline has it" '^ *1,000/s target'
expect "with its values" 'user_id values +100,000 '
keys F4
expect "F4 has a spike" 'spike of +user_id +its value number 50,001'
spiked() {
	report_says "$store" \
		'[.tables.users.top[] | select(.key == "u050001")] | length == 1'
}
check "that user comes up" wait_for 60 spiked
keys F6
expect "F6 is flat out" '^ *max target'
keys F1 0
expect "0 stops, here too" ' STOPPED( |$)'
keys g
expect_not "g closes the page" '^─ generator ─'
expect_stored "all of it is counted" "$nothing_lost and (.ledger |
	.foreign == 0)"

# --- faults ---------------------------------------------------------------------

keys r 5k Enter
expect "it goes on" '^ *5,000/s target'
keys f
expect "f opens the page of faults" '─ faults of the embedded broker ─'

# NAME FILTER: the fault is on, does that, and is over when it is off
fault() {
	go_to "$1"
	keys Enter
	expect "$1: the status line says so" " FAULT $1( |\$)"
	expect "$1: so does the page" "^▸ $1 +ON "
	expect_stored "$1: it is to be seen" "$2"
	check "$1: the ledger balances" report_says "$store" "$ledger_holds"
	keys Enter
	expect_not "$1: it is over" ' FAULT '
	report_says "$store" true >/dev/null
	was=$(jq .ledger.produced "$tmp/report_says")
	expect_stored "$1: all from before arrives, none is lost" \
		".ledger.consumed > $was + 5000 and .ledger.lost == 0
		and .ledger.failed == 0"
}

fault 'broker slow' '.ledger.unacked + .ledger.lag > 1500'
fault 'broker down' '.ledger.unacked > 3000'
fault 'reads fail' '.ledger.lag > 3000'
fault 'no leader' '.ledger.unacked > 3000'

go_to 'broker slow'
keys Enter
go_to 'no leader'
keys Enter
expect "two at once" ' FAULT broker slow, no leader( |$)'
keys f
expect "the page is closed, the faults are said" ' FAULT broker slow, no leader'
keys F
expect_not "F ends both" ' FAULT '
keys 0
expect_stored "nothing is lost" "$nothing_lost"

# --- the end, with faults on ------------------------------------------------------

keys r 5k Enter f
expect "the page again" '─ faults of the embedded broker ─'
go_to 'broker down'
keys Enter
go_to 'reads fail'
keys Enter
expect "two at once" ' FAULT broker down, reads fail( |$)'
expect_stored "events wait to be sent" '.ledger.unacked > 3000'
keys q
expect "q ends it" '^code=0$'
check "nothing is lost by that" report_says "$store" "$nothing_lost"

# --- a cluster of others ------------------------------------------------------------

if [ -x "$MOCK" ]; then
	mkfifo "$tmp/orders"
	"$MOCK" interactions 4 <"$tmp/orders" >"$tmp/mock" &
	pids="$pids $!"
	exec 9>"$tmp/orders"
	wait_for 30 test -s "$tmp/mock"
	launch run "$interactions" --brokers "$(sed 1q "$tmp/mock")" \
		--store "$tmp/foreign"
	expect "on another broker" '[─▸]users ─'
	expect_not "f is not offered" 'f faults'
	keys f
	expect "and refused" 'only the embedded broker has faults'
	keys q
	expect "it ends" '^code=0$'
	exec 9>&-
fi
finish
