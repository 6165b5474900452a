#!/bin/sh
# A network that is slow, and a broker that is away for a while. Nothing here
# depends on how long things take; deadlines are for what would never end.
. "${srcdir:-.}/tests/fault/lib.sh"
: "${MOCK:=$PWD/tests/lib/mock}"
need python3 jq kcat
[ -x "$MOCK" ] || { echo "1..0 # SKIP $MOCK is not built" && exit 0; }

"$WEIR" generate "$interactions" --stdout --seed 7 --events 20000 \
	>"$tmp/events" 2>"$tmp/err"

# A broker of its own for each part; it ends when descriptor 9 is closed.
broker() { # rtt
	rm -f "$tmp/orders" "$tmp/mock"
	mkfifo "$tmp/orders"
	"$MOCK" interactions 4 "$1" <"$tmp/orders" >"$tmp/mock" 9>&- &
	mock=$!
	pids="$pids $mock"
	exec 9>"$tmp/orders"
	wait_for 30 test -s "$tmp/mock"
	address=$(head -n 1 "$tmp/mock")
}

order() { # line
	orders=$(wc -l <"$tmp/mock")
	echo "$1" >&9
	wait_for 30 obeyed
}

obeyed() {
	[ "$(wc -l <"$tmp/mock")" -gt "$orders" ]
}

no_broker() {
	exec 9>&-
	end_within 30 "$mock"
}

# All there was is counted, and counted right: recount.py shares nothing with
# weir.
right='.ledger.balanced and .ledger.valid == 20000 and .ledger.produced == 20000
	and .ledger.acked == 20000 and .ledger.lag == 0 and .ledger.lost == 0
	and .ledger.failed == 0 and .ledger.foreign == 0 and .ledger.dead == 0'

right_report() { # description
	if [ "$code" = 0 ] && jq -e "$right" "$tmp/out" >"$tmp/check"; then
		ok "$1: it ends, and nothing is lost"
	else
		echo "exit code $code" >>"$tmp/err"
		jq -c .ledger "$tmp/out" >>"$tmp/err" 2>&1
		not_ok "$1: it ends, and nothing is lost" "$tmp/err"
	fi
	check "$1: the report is what is counted" python3 "$lib/recount.py" \
		"$interactions" "$tmp/events" "$tmp/out"
}

run() { # name [rate]
	start run "$interactions" --headless --brokers "$address" --seed 7 \
		--events 20000 --rate "${2:-5000}" --store "$tmp/$1"
}

consumed() { # store, at least so many
	report_says "$1" ".ledger.consumed >= $2"
}

# 1. Slow from the beginning to the end.
broker 200
run slow
ended 120
right_report "200 ms to the broker and back"
no_broker

# 2. As slow, then fast, then slower than anybody expects.
broker 200
run changing
wait_for 60 consumed "$tmp/changing" 1
order "rtt 0"
wait_for 60 consumed "$tmp/changing" 5000
order "rtt 1500"
said=$(report_value "$tmp/changing" .ledger.consumed)
wait_for 60 consumed "$tmp/changing" "$((${said:-0} + 1))"
order "rtt 50"
ended 120
right_report "a network that changes"
no_broker

# 3. Away in the middle of it, twice.
broker 20
run away 2000
wait_for 60 consumed "$tmp/away" 2000
order down
said_away() {
	grep -qE '^weir: no broker (can be reached|answers)' "$tmp/err"
}
if wait_for 60 said_away; then
	ok "a broker that is away: says so"
else
	not_ok "a broker that is away: says so" "$tmp/err"
fi
if gone "$weir"; then
	not_ok "a broker that is away: it waits for it" "$tmp/err"
else
	ok "a broker that is away: it waits for it"
fi
said=$(report_value "$tmp/away" .ledger.consumed)
order up
if wait_for 60 consumed "$tmp/away" "$((${said:-0} + 1000))"; then
	ok "there again: it goes on by itself"
else
	not_ok "there again: it goes on by itself" "$tmp/err"
fi
order down
order up
ended 120
# A request whose answer was lost is sent again. Kafka knows it again by its
# sequence number; this broker does not, and has such events twice. So what is
# in the topic is counted, and nothing that was generated may be missing there.
kcat -C -b "$address" -t interactions -o beginning -e -q -f '%s\n' \
	>"$tmp/topic" 2>>"$tmp/err"
twice=$(($(wc -l <"$tmp/topic") - 20000))
sort "$tmp/events" >"$tmp/generated"
sort "$tmp/topic" | comm -23 "$tmp/generated" - >"$tmp/missing"
if [ "$code" = 0 ] && [ ! -s "$tmp/missing" ] && jq -e --argjson twice "$twice" \
	'.ledger | .balanced and .produced == 20000 and .acked == 20000
	and .foreign == $twice and .consumed == 20000 + $twice
	and .lag + .lost + .failed + .dead + .skipped == 0' "$tmp/out" \
	>"$tmp/check"; then
	ok "a broker that was away: nothing is lost, all that was acked is consumed"
else
	echo "exit code $code; $(wc -l <"$tmp/missing") are missing, $twice twice" \
		>>"$tmp/err"
	jq -c .ledger "$tmp/out" >>"$tmp/err" 2>&1
	not_ok "a broker that was away: nothing is lost, all that was acked is consumed" \
		"$tmp/err"
fi
diag "$twice events were written twice"
check "a broker that was away: the report is what is in the topic" python3 \
	"$lib/recount.py" --late --foreign "$twice" "$interactions" \
	"$tmp/topic" "$tmp/out"
no_broker

# 4. Away for good, and weir is told to end: it does, with what it has.
broker 20
run lost
wait_for 60 consumed "$tmp/lost" 2000
order down
kill -INT "$weir"
ended 120
valid=$(jq .ledger.valid "$tmp/out" 2>/dev/null)
if [ "$code" = 0 ] && [ "${valid:-0}" -ge 2000 ] && jq -e '.ledger.balanced' \
	"$tmp/out" >/dev/null && "$WEIR" report "$tmp/lost" | cmp -s - "$tmp/out"
then
	ok "a broker that does not come back: it ends when told to"
else
	echo "exit code $code" >>"$tmp/err"
	jq -c .ledger "$tmp/out" >>"$tmp/err" 2>&1
	not_ok "a broker that does not come back: it ends when told to" \
		"$tmp/err"
fi
no_broker
finish
