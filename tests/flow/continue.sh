#!/bin/sh
# A named store is continued: its numbers go on over runs, each with a broker of
# its own. What does not belong together is refused and left as it is.
. "${srcdir:-.}/tests/lib/tap.sh"
need jq python3

store=$tmp/store

# NAME ARGUMENTS...: a headless run of that store to its end
run() {
	run_name=$1
	shift
	code=0
	"$WEIR" run "$@" --headless --store "$store" >"$tmp/$run_name" \
		2>"$tmp/$run_name.err" </dev/null || code=$?
}

# --- two runs -----------------------------------------------------------------------------

# With a seed, events begin at the same time in each run, and the windows of the
# first are still there in the second.
run first "$interactions" --seed 7 --events 30000
is "a first run: exit code" "$code" 0
run second "$interactions" --seed 8 --events 20000
is "a second run: exit code" "$code" 0
[ "$code" -eq 0 ] || show "$tmp/second.err"
check "its ledger adds up" says "$tmp/second" "$ledger_holds"
is "what was produced and consumed adds up" \
	"$(of "$tmp/second" '.ledger | [.produced, .acked, .consumed, .valid,
		.dead, .foreign, .lag, .lost]')" \
	'[50000,50000,50000,50000,0,0,0,0]'
is "offsets are those of the second broker" \
	"$(of "$tmp/second" '[.offsets[] | .next - .begin] | add')" 20000
is "and begin at 0" "$(of "$tmp/second" '[.offsets[].begin] | unique')" '[0]'
check "the number of commits goes on" says "$tmp/second" \
	".commit > $(of "$tmp/first" .commit)"
is "the tables add up" \
	"$(of "$tmp/second" '[.tables.users.total, .tables.items.total,
		.tables.types.total]')" '[50000,50000,50000]'

"$WEIR" generate "$interactions" --stdout --seed 7 --events 30000 >"$tmp/events"
"$WEIR" generate "$interactions" --stdout --seed 8 --events 20000 >>"$tmp/events"
# The same tables, as if both had been one run: offsets apart.
jq '.offsets[0].begin -= 30000' "$tmp/second" >"$tmp/as.one"
if python3 "$lib/recount.py" --late "$interactions" "$tmp/events" \
	"$tmp/as.one" >"$tmp/recount"; then
	ok "both runs together are what is counted"
else
	not_ok "both runs together are what is counted"
fi
cat "$tmp/recount"
"$WEIR" report "$store" >"$tmp/report"
check "the store says what the run said" cmp "$tmp/second" "$tmp/report"

# --- another pipeline -----------------------------------------------------------------------

sed 's/"max_length": 64/"max_length": 63/' "$interactions" >"$tmp/other.json"
run refused "$tmp/other.json" --events 1000
is "with other rules the store is refused" "$code" 1
is "in one sentence" "$(grep -c . "$tmp/refused.err")" 1
check "that names the store and the way out" \
	grep -q "^weir: .*$store.*--fresh" "$tmp/refused.err"
is "and no report" "$(wc -c <"$tmp/refused" | tr -d ' ')" 0
"$WEIR" report "$store" >"$tmp/report"
check "the store is as it was" cmp "$tmp/second" "$tmp/report"

# What the screen shows and what is generated may change.
sed -e '/"kind": "spread"/d' -e 's/"rate": 1000/"rate": 2000/' "$interactions" \
	>"$tmp/panels.json"
run panels "$tmp/panels.json" --events 1000
is "with other panels it goes on" "$code" 0
is "where it was" "$(of "$tmp/panels" .ledger.consumed)" 51000

# --- two at a time ----------------------------------------------------------------------------

start_weir holder run "$interactions" --headless --rate 100 --duration 300s \
	--store "$store"
holder=$pid
if broker_of holder; then
	run intruder "$interactions" --events 1000
	is "a second weir on the same store is refused" "$code" 1
	is "in one sentence" "$(grep -c . "$tmp/intruder.err")" 1
else
	not_ok "it goes on once more" "$tmp/holder.err"
fi
kill -TERM "$holder"
end_of "$holder"
is "the first ends well" "$code" 0
check "and has lost nothing" says "$tmp/holder.out" \
	"($ledger_holds) and .ledger.consumed >= 51000 and .ledger.lost == 0"

# --- --fresh ----------------------------------------------------------------------------------

run fresh "$interactions" --events 2000 --fresh
is "--fresh: exit code" "$code" 0
is "it begins anew" \
	"$(of "$tmp/fresh" '[.ledger.consumed, .tables.users.total]')" \
	'[2000,2000]'
"$WEIR" report "$store.last" >"$tmp/last"
check "and keeps the store that was, beside it" \
	cmp "$tmp/holder.out" "$tmp/last"
run fresh "$tmp/other.json" --events 3000 --fresh
is "also with another pipeline" "$(of "$tmp/fresh" .ledger.consumed)" 3000
"$WEIR" report "$store.last" >"$tmp/last"
is "the last one is kept" "$(of "$tmp/last" .ledger.consumed)" 2000

# --- without a name ---------------------------------------------------------------------------

for i in 1 2; do
	"$WEIR" run "$interactions" --headless --events ${i}000 \
		>"$tmp/unnamed.$i" 2>"$tmp/unnamed.err" </dev/null ||
		diag "$(cat "$tmp/unnamed.err")"
done
is "a store without a name is not continued" \
	"$(of "$tmp/unnamed.2" .ledger.consumed)" 2000
"$WEIR" report "$XDG_STATE_HOME/weir/interactions-embedded.last" >"$tmp/last"
check "but kept once" cmp "$tmp/unnamed.1" "$tmp/last"
is "folders are the user's alone" "$(find "$XDG_STATE_HOME/weir" -type d \
	! -perm 700 | tr '\n' ' ')" ""
is "and so are files" "$(find "$XDG_STATE_HOME/weir" -type f ! -perm 600 |
	tr '\n' ' ')" ""

finish
