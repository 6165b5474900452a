#!/bin/sh
# The numbers are right: what `weir generate` writes is counted by recount.py,
# which shares nothing with weir, and is what the report of the same run says.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq

# PIPELINE FILE ARGUMENTS...: events as lines
events() {
	events_of=$1
	events_to=$2
	shift 2
	"$WEIR" generate "$events_of" --stdout "$@" >"$events_to" 2>"$tmp/err" ||
		diag "weir generate: $(cat "$tmp/err")"
}

# DESCRIPTION PIPELINE REPORT ARGUMENTS...: a headless run
run() {
	run_what=$1
	run_of=$2
	run_to=$3
	shift 3
	code=0
	"$WEIR" run "$run_of" --headless --store "$run_to.store" "$@" \
		>"$run_to" 2>"$run_to.err" </dev/null || code=$?
	rm -rf "$run_to.store"
	is "$run_what: exit code" "$code" 0
	[ "$code" -eq 0 ] || show "$run_to.err"
	check "$run_what: the ledger adds up" says "$run_to" "$ledger_holds"
}

# DESCRIPTION ARGUMENTS...: of recount.py
recount() {
	recount_what=$1
	shift
	if python3 "$lib/recount.py" "$@" >"$tmp/recount.out" 2>&1; then
		ok "$recount_what"
	else
		not_ok "$recount_what"
	fi
	sed 's/^[^#]/# &/' "$tmp/recount.out"
}

lines() {
	wc -l <"$1" | tr -d ' '
}

# --- the same events ----------------------------------------------------------------

events "$interactions" "$tmp/events" --seed 7 --events 200000
events "$interactions" "$tmp/again" --seed 7 --events 200000
events "$interactions" "$tmp/other" --seed 8 --events 200000
is "as many events as were asked for" "$(lines "$tmp/events")" 200000
check "a seed gives the same bytes each time" cmp "$tmp/events" "$tmp/again"
if cmp -s "$tmp/events" "$tmp/other"; then
	not_ok "another seed gives others"
else
	ok "another seed gives others"
fi

# --- interactions ---------------------------------------------------------------------

run "200,000 events" "$interactions" "$tmp/r1" --seed 7 --events 200000
run "the same in little memory" "$interactions" "$tmp/r2" --seed 7 \
	--events 200000 --memory 16M
recount "both reports are what is counted" "$interactions" "$tmp/events" \
	"$tmp/r1" "$tmp/r2"

head -n 100000 "$tmp/events" >"$tmp/half"
run "100,000 events at 50,000 a second" "$interactions" "$tmp/r3" --seed 7 \
	--events 100000 --rate 50000
recount "the report is what is counted" "$interactions" "$tmp/half" "$tmp/r3"

events "$interactions" "$tmp/events" --seed 42 --events 1000000
run "a million events, as fast as it goes" "$interactions" "$tmp/r4" \
	--seed 42 --events 1000000 --rate max
is "there are 4 partitions" "$(of "$tmp/r4" '.offsets | length')" 4
is "none is empty" "$(of "$tmp/r4" '[.offsets[].next > 0] | all')" true
recount "the report is what is counted" "$interactions" "$tmp/events" \
	"$tmp/r4"

# --- damaged events ---------------------------------------------------------------------

events "$interactions" "$tmp/events" --seed 9 --events 100000 --bad 0.05
run "100,000 events, one in 20 damaged" "$interactions" "$tmp/r5" --seed 9 \
	--events 100000 --bad 0.05
is "every damage of these fields came about" \
	"$(of "$tmp/r5" '.ledger.dead_by_reason | keys')" \
	'["bad_time","duplicate_key","missing","not_json","not_one_of","too_long","wrong_type"]'
recount "valid, and dead for each reason, are what is judged" "$interactions" \
	"$tmp/events" "$tmp/r5"

# --- all there is in a pipeline -----------------------------------------------------------

# "amount" has quarters, so that its sums are exact in any order and may rank;
# "score" has not.
cat >"$tmp/kinds.json" <<'END'
{
  "name": "kinds",
  "topic": {"name": "kinds", "partitions": 3, "key": "who"},
  "event": {
    "time": "at",
    "fields": {
      "who": {"type": "string", "path": "user.id", "max_length": 40},
      "city": {"type": "string", "path": "user.geo.city", "optional": true, "max_length": 24},
      "device": {"type": "string", "optional": true, "max_length": 16},
      "amount": {"type": "number", "min": 0, "max": 20000},
      "score": {"type": "number", "path": "result.score"},
      "level": {"type": "integer", "min": -50, "max": 50},
      "vip": {"type": "boolean", "path": ["flags", "is.vip"]},
      "at": {"type": "time", "unit": "us", "path": "meta.at"},
      "never": {"type": "integer", "optional": true}
    }
  },
  "tables": {
    "spent": {"by": ["who"], "rank": "amount", "measures": {"events": "count",
      "amount": {"sum": "amount"}, "score": {"sum": "score"},
      "mean": {"average": "score"}, "level": {"sum": "level"}}},
    "mean": {"by": ["city", "vip"], "rank": "mean", "measures": {
      "mean": {"average": "level"}, "score": {"average": "score"},
      "amount": {"average": "amount"}, "never": {"average": "never"}}},
    "least": {"by": ["level"], "rank": "least", "measures": {
      "least": {"minimum": "amount"}, "score": {"minimum": "score"},
      "never": {"minimum": "never"}}},
    "most": {"by": ["vip", "level", "who"], "rank": "most", "measures": {
      "most": {"maximum": "amount"}, "level": {"maximum": "level"},
      "events": "count"}},
    "lowest": {"by": ["who"], "rank": "level", "measures": {
      "level": {"minimum": "level"}}},
    "devices": {"by": ["device", "city"], "measures": {"events": "count"}},
    "unranked": {"by": ["who"], "rank": "never", "measures": {
      "events": "count", "never": {"sum": "never"}}},
    "ten": {"by": ["city"], "rank": "amount", "measures": {
      "events": "count", "amount": {"sum": "amount"}, "level": {"average": "level"}},
      "window": {"tumbling": "10s"}},
    "ten_mean": {"by": ["who"], "rank": "mean", "measures": {"mean": {"average": "amount"}},
      "window": {"tumbling": "10s", "keep": "1h", "lateness": "3s"}},
    "brief": {"by": ["who", "vip"], "measures": {"events": "count"},
      "window": {"tumbling": "1s", "keep": "20s"}}
  },
  "generator": {
    "rate": 1000,
    "fields": {
      "who": {"zipf": 0.9, "count": 5000, "format": "ü%05d"},
      "city": {"weights": {"Åbo": 3, "Zürich": 5, "東京": 2, "": 1}},
      "amount": {"uniform": [0, 9999], "format": "%d.25"},
      "score": {"uniform": [0, 99], "format": "0.%02d"},
      "level": {"uniform": [-50, 50]},
      "vip": {"weights": {"true": 1, "false": 9}}
    }
  }
}
END
check "a pipeline with all kinds is fine" "$WEIR" check "$tmp/kinds.json"
events "$tmp/kinds.json" "$tmp/events" --seed 3 --events 100000
run "all kinds of fields and measures" "$tmp/kinds.json" "$tmp/r6" --seed 3 \
	--events 100000
recount "the report is what is counted" --rel 1e-9 "$tmp/kinds.json" \
	"$tmp/events" "$tmp/r6"
events "$tmp/kinds.json" "$tmp/events" --seed 4 --events 50000 --bad 0.2
run "the same, one in 5 damaged" "$tmp/kinds.json" "$tmp/r7" --seed 4 \
	--events 50000 --bad 0.2 --memory 16M
recount "the report is what is judged" --rel 1e-9 "$tmp/kinds.json" \
	"$tmp/events" "$tmp/r7"

# --- keys that are hard to tell apart -----------------------------------------------------

# NUMBER: all events, the next ones when those before were read: the embedded
# broker keeps 5 MiB of a partition.
in_pieces() {
	split -l 2000 "$tmp/events" "$tmp/piece."
	taken=0
	for piece in "$tmp"/piece.*; do
		kcat -q -P -b "$broker" -t hard -l "$piece" || return 1
		taken=$((taken + 2000))
		wait_for 60 report_says "$tmp/hard" \
			".ledger.consumed == $taken" || return 1
	done
	[ $taken -eq "$1" ]
}

if command -v kcat >/dev/null; then
	python3 "$lib/hard_keys.py" 5 20000 "$tmp/hard.json" "$tmp/events"
	start_weir hard run "$tmp/hard.json" --headless --rate 0 --memory 16M \
		--store "$tmp/hard"
	broker_of hard
	check "keys that are hard to tell apart are taken" in_pieces 20000
	kill -INT "$pid"
	end_of "$pid"
	is "it ends well" "$code" 0
	recount "the report is what is counted" --foreign 20000 \
		"$tmp/hard.json" "$tmp/events" "$tmp/hard.out"
else
	ok "keys that are hard to tell apart # SKIP there is no kcat"
fi

finish
