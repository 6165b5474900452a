#!/bin/sh
# The schema as seen: every field that occurs, its types, its first and its last
# position and what changed, against a count by other means
# (tests/lib/schema_oracle.py); also across a kill -9.
. "${srcdir:-.}/tests/lib/tap.sh"
: "${MOCK:=$PWD/tests/lib/mock}"
need python3 jq kcat
[ -x "$MOCK" ] || { echo "1..0 # SKIP $MOCK is not built" && exit 0; }

cat >"$tmp/fields.json" <<'END'
{
  "name": "fields",
  "topic": {"name": "fields-events", "partitions": 1},
  "event": {
    "time": "at",
    "max_bytes": 8192,
    "fields": {
      "who": {"type": "string", "path": "who.id", "max_length": 40},
      "amount": {"type": "number", "min": 0, "max": 20000},
      "device": {"type": "string", "optional": true},
      "tier": {"type": "string", "optional": true},
      "at": {"type": "time"}
    }
  },
  "tables": {"who": {"by": ["who"], "measures": {"events": "count"}}},
  "panels": [{"kind": "schema"}],
  "alerts": [
    {"name": "schema", "flow": "schema_changes", "above": 0, "over": "5m"},
    {"name": "much", "flow": "schema_changes", "above": 1000}
  ]
}
END

# One partition: the order in which events are consumed is that of offsets.
mkfifo "$tmp/orders"
"$MOCK" fields-events 1 <"$tmp/orders" >"$tmp/mock" &
pids="$pids $!"
exec 9>"$tmp/orders"
wait_for 30 test -s "$tmp/mock"
broker=$(sed 1q "$tmp/mock")
now=$(date +%s)000
sent=0

weir() { # NAME
	start_weir "$1" run "$tmp/fields.json" --headless --brokers "$broker" \
		--no-generate --from beginning --duration 300s \
		--store "$tmp/store"
}

# LINES-FILE: into the topic, and consumed.
feed() {
	sent=$((sent + $(wc -l <"$1")))
	kcat -q -b "$broker" -t fields-events -P -l "$1" || return
	wait_for 60 report_says "$tmp/store" ".ledger.consumed == $sent"
}

part() { # PART
	python3 "$lib/schema_stream.py" "$1" "$now" >"$tmp/$1" || return
	feed "$tmp/$1"
}

# DESCRIPTION REPORT
judge() {
	kcat -q -b "$broker" -t fields-events -C -e -o beginning \
		-f '%t\t%p\t%o\t%s\n' >"$tmp/read" 2>"$tmp/kcat.err"
	check "$1" python3 "$lib/schema_oracle.py" "$tmp/fields.json" "$2" \
		"$tmp/read"
	diag "$(sed 1q "$tmp/check.out")"
}

weir first
first=$pid
check "the first events are taken" part begins
"$WEIR" report "$tmp/store" >"$tmp/report"
judge "their fields are what is counted" "$tmp/report"
is "nothing of them is a change" "$(of "$tmp/report" .schema.changes_total)" 0
check "fields come, and types" part grows
check "an alert fires" wait_for 60 report_says "$tmp/store" \
	'[.alerts[] | select(.name == "schema" and .state == "firing")] | length == 1'
"$WEIR" report "$tmp/store" >"$tmp/report"
judge "they are what is counted" "$tmp/report"
is "what appeared is told with where it did" \
	"$(of "$tmp/report" '[.schema.changes[] | select(.name == "device"
		and .change == "appeared") | [.type, .position.offset >= 100]]')" \
	'[["string",true]]'
check "events come while it is killed" part vanishes
kill -9 "$first"
end_of "$first"
"$WEIR" report "$tmp/store" >"$tmp/report"
judge "killed: fields that vanish are what is counted" "$tmp/report"
is "the one that went and came again" \
	"$(of "$tmp/report" '[.schema.changes[] | select(.name == "old")
		| .change]')" '["appeared","vanished","type"]'

# In the middle of a block, then, with changes of both runs.
weir second
second=$pid
check "names as nobody would choose them" part hostile
python3 "$lib/corpus.py" "$now" 3000 >"$tmp/corpus"
check "and messages of strangers, most of them odd" feed "$tmp/corpus"
check "and the first ones again" part begins
check "and more" part grows
kill -INT "$second"
end_of "$second"
is "weir ends well" "$code" 0
[ "$code" -eq 0 ] || show "$tmp/second.err"
judge "they are what is counted" "$tmp/second.out"
is "there are no more than there is room for" \
	"$(of "$tmp/second.out" '.schema | [(.fields | length) <= 256,
		([.fields[] | select(.known | not)] | length), .beyond > 0]')" \
	'[true,251,true]'
is "the pipeline's own has its place" \
	"$(of "$tmp/second.out" '[.schema.fields[] | select(.name == "tier")
		| [.known, .events]]')" '[[true,60]]'
is "the alert has fired, the other one has not" \
	"$(of "$tmp/second.out" '[.alert_rules[] | [.name, .fired >= 1]]')" \
	'[["schema",true],["much",false]]'
exec 9>&-

# What a shape took is what it would have been without: the generator's events.
"$WEIR" run --headless --seed 5 --events 50000 --bad 0.2 --store "$tmp/made" \
	>"$tmp/made.out" 2>"$tmp/made.err"
is "a field is in every event that was read" \
	"$(of "$tmp/made.out" '[.schema.events + (.ledger.dead_by_reason
		| [.no_value, .too_large, .not_json, .too_deep, .not_object,
		   .duplicate_key] | add), ([.schema.fields[]
		| (.types | add) == .events] | all)]')" '[50000,true]'
finish
