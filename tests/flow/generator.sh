#!/bin/sh
# Fields that begin and end, faults and UUIDs in the whole flow: what is written
# is the same each time, what is counted is what was written, and all generator
# threads have one beginning, with a seed and without.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq

# FROM UNTIL: the pipeline, with these for two of its fields
pipeline() {
	cat <<END
{
  "name": "odd",
  "topic": {"name": "odd", "partitions": 3, "key": "user"},
  "event": {
    "time": "at",
    "fields": {
      "user": {"type": "integer", "min": 0},
      "land": {"type": "string", "max_length": 8},
      "id": {"type": "string", "max_length": 36},
      "at": {"type": "time"},
      "late": {"type": "string", "max_length": 8, "optional": true},
      "early": {"type": "string", "max_length": 8, "optional": true}
    }
  },
  "tables": {
    "lands": {"by": ["land"], "measures": {"events": "count"}},
    "late": {"by": ["late"], "measures": {"events": "count"}},
    "early": {"by": ["early"], "measures": {"events": "count"}}
  },
  "generator": {
    "fields": {
      "user": {"uniform": [0, 1000]},
      "land": {"weights": {"US": 1, "CA": 1}},
      "id": {"uuid": true},
      "late": {"weights": {"x": 1, "y": 2}, "from": "$1"},
      "early": {"constant": "z", "until": "$2"}
    },
    "faults": [
      {"field": "user", "share": 0.05, "negate": true},
      {"field": "land", "share": 0.05, "value": "ZZ"}
    ]
  }
}
END
}

# NAME PIPELINE ARGUMENTS...: a headless run
run() {
	run_to=$tmp/$1
	run_of=$2
	shift 2
	"$WEIR" run "$run_of" --headless --store "$run_to.store" --rate max "$@" \
		>"$run_to" 2>"$run_to.err" </dev/null
	is "${run_to##*/}: exit code" $? 0
	check "${run_to##*/}: the ledger adds up" says "$run_to" "$ledger_holds"
}

pipeline 12s 7s >"$tmp/odd.json"
for to in first again; do
	"$WEIR" generate "$tmp/odd.json" --stdout --seed 5 --events 30000 \
		--rate max >"$tmp/$to.events"
done
check "the same bytes each time" cmp "$tmp/first.events" "$tmp/again.events"
for n in 12000 23000 30000; do
	head -n "$n" "$tmp/first.events" >"$tmp/head"
	is "$n events: so many with the field that begins" \
		"$(grep -c '"late":' "$tmp/head")" $((n > 12000 ? n - 12000 : 0))
	is "$n events: so many with the one that ends" \
		"$(grep -c '"early":' "$tmp/head")" 7000
done

run one "$tmp/odd.json" --seed 5 --events 30000
check "what is counted is what is written" python3 "$lib/recount.py" \
	"$tmp/odd.json" "$tmp/first.events" "$tmp/one"

# Without the dead: an event each millisecond, of all threads together.
sed 's/"share": 0.05/"share": 0/' "$tmp/odd.json" >"$tmp/whole.json"
run two "$tmp/whole.json" --seed 5 --events 30000 --generators 2
check "the threads begin together" says "$tmp/two" '
	(.tables.late.top | map(select(.key == "∅").events) == [12000]) and
	(.tables.early.top | map(select(.key == "∅").events) == [23000])'

# By the wall clock; the run is shorter than a day.
pipeline 1d 1d >"$tmp/day.json"
run day "$tmp/day.json" --events 3000 --generators 2
check "without a seed they begin when they are started" says "$tmp/day" '
	(.tables.late.top | map(.key) == ["∅"]) and
	(.tables.early.top | map(.key) == ["z"])'
"$WEIR" generate "$tmp/day.json" --stdout --events 3000 --rate max \
	>"$tmp/day.events"
is "so does the stream" "$(grep -c '"early":"z"}$' "$tmp/day.events")" 3000

finish
