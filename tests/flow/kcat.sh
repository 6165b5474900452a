#!/bin/sh
# Others on the topic: kcat reads what weir writes, and weir counts what kcat
# writes, to the last event.
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat jq python3

# --- kcat reads ------------------------------------------------------------------------

# Few users, so that the report lists all of them.
sed 's/"count": 100000, "format": "u%06d"/"count": 5, "format": "u%06d"/' \
	"$interactions" >"$tmp/few.json"
start_weir run run "$tmp/few.json" --headless --rate 2000 --duration 300s \
	--store "$tmp/store"
run=$pid
if ! broker_of run; then
	not_ok "a headless weir says which broker it uses" "$tmp/run.err"
	finish
fi
ok "a headless weir says which broker it uses"
is "kcat sees a topic of 4 partitions" \
	"$(kcat -b "$broker" -L -J 2>/dev/null | jq -c '[.topics[]
		| select(.topic == "interactions") | .partitions | length]')" \
	'[4]'

check "events come" wait_for 60 report_says "$tmp/store" \
	'.ledger.consumed >= 1500'
kcat -q -b "$broker" -t interactions -C -c 1000 -e -o beginning \
	-f '%k\t%s\n' >"$tmp/read" 2>"$tmp/kcat.err"
is "kcat reads 1,000" "$(wc -l <"$tmp/read" | tr -d ' ')" 1000
is "the key of each is its user" \
	"$(jq -Rn '[inputs | split("\t") | .[0] == (.[1] | fromjson | .user_id)]
		| all' "$tmp/read")" true
cut -f 2 "$tmp/read" >"$tmp/events"
is "each is valid" \
	"$(python3 "$lib/recount.py" "$tmp/few.json" "$tmp/events")" \
	'{"events": 1000, "valid": 1000, "dead_by_reason": {}}'

# Damaged events keep their keys, which tell where they came from.
start_weir bad run interactions --headless --rate 2000 --bad 0.5 --seed 3 \
	--duration 300s --store "$tmp/bad.store"
bad=$pid
check "damaged events come" wait_for 60 report_says "$tmp/bad.store" \
	'.ledger.dead >= 1500'
check "it is said why they are dead" wait_for 30 grep -qE \
	'^weir: [0-9]+ dead letters: .*[0-9]+ missing field \([a-z_]+: required' \
	"$tmp/bad.err"
first=$broker
broker_of bad
kcat -q -b "$broker" -t interactions -C -c 2000 -e -o beginning \
	-f '%k\n' >"$tmp/keys" 2>"$tmp/kcat.err"
is "each has the key of a user" "$(grep -cE '^u[0-9]{6}$' "$tmp/keys")" 2000
kill -INT "$bad"
end_of "$bad"
broker=$first

# --- kcat writes -------------------------------------------------------------------------

awk -v now="$(date +%s)" 'BEGIN {
	for (i = 0; i < 500; i++) {
		user = i < 300 ? "foreign-a" : i < 450 ? "foreign-b" : "foreign-c"
		printf "%s\t{\"user_id\":\"%s\",\"item_id\":\"i00001\"," \
			"\"interaction_type\":\"view\",\"timestamp\":%d000}\n",
			user, user, now
	}
	for (i = 0; i < 20; i++)
		printf "rubbish\tgarbage, line %d\n", i
}' >"$tmp/foreign"
check "kcat writes 500 events and 20 lines of garbage" \
	kcat -q -b "$broker" -t interactions -P -K '	' -l "$tmp/foreign"
check "weir counts them while it runs" wait_for 60 \
	report_says "$tmp/store" '.ledger.foreign == 520 and .ledger.lag < 1000
		and .ledger.dead == 20'
kill -INT "$run"
end_of "$run"
is "it ends well" "$code" 0
check "its ledger adds up" says "$tmp/run.out" "$ledger_holds"
is "nothing is left or lost" \
	"$(of "$tmp/run.out" '.ledger | [.foreign, .dead, .lag, .lost]')" \
	'[520,20,0,0]'
is "consumed is what it produced and what is foreign" \
	"$(of "$tmp/run.out" '.ledger | .consumed - .produced')" 520
is "the garbage is not JSON" \
	"$(of "$tmp/run.out" '.ledger.dead_by_reason')" '{"not_json":20}'
is "all of the foreign users' events are counted" \
	"$(of "$tmp/run.out" '[.tables.users.top[]
		| select(.key | startswith("foreign")) | [.key, .interactions]]')" \
	'[["foreign-a",300],["foreign-b",150],["foreign-c",50]]'
is "no other user has one of them" \
	"$(of "$tmp/run.out" '[.tables.users.top[].interactions] | add')" \
	"$(of "$tmp/run.out" .ledger.valid)"

# --- kcat writes whatever it likes ----------------------------------------------------------

cat >"$tmp/odd.json" <<'END'
{
  "name": "odd",
  "topic": {"name": "odd-events", "partitions": 3},
  "event": {
    "time": "at",
    "max_bytes": 8192,
    "fields": {
      "who": {"type": "string", "path": "user.id", "max_length": 40},
      "city": {"type": "string", "path": "user.geo.city", "optional": true, "max_length": 24},
      "amount": {"type": "number", "min": 0, "max": 20000},
      "level": {"type": "integer", "optional": true, "min": -50, "max": 50},
      "vip": {"type": "boolean", "optional": true},
      "at": {"type": "time"}
    }
  },
  "tables": {
    "who": {"by": ["who"], "rank": "level", "measures": {"events": "count",
      "amount": {"sum": "amount"}, "level": {"sum": "level"}}},
    "kinds": {"by": ["vip", "city", "who"], "rank": "level", "measures": {
      "level": {"average": "level"}, "least": {"minimum": "amount"}}},
    "city": {"by": ["city"], "measures": {"events": "count"}},
    "levels": {"by": ["level", "vip"], "measures": {"events": "count"},
      "window": {"tumbling": "1h", "keep": "366d", "lateness": "365d"}}
  },
  "generator": {"rate": 0, "fields": {"who": {"constant": "u"}, "amount": {"constant": 1}}}
}
END
start_weir odd run "$tmp/odd.json" --headless --duration 300s \
	--store "$tmp/odd"
run=$pid
if ! broker_of odd; then
	not_ok "weir runs with another pipeline" "$tmp/odd.err"
	finish
fi
python3 "$lib/corpus.py" "$(date +%s)000" 6000 >"$tmp/written"
check "kcat writes 6,000 lines, most of them odd" \
	kcat -q -b "$broker" -t odd-events -P -l "$tmp/written"
check "weir takes them all" wait_for 60 \
	report_says "$tmp/odd" '.ledger.consumed == 6000'
kcat -q -b "$broker" -t odd-events -C -e -o beginning >"$tmp/read" \
	2>"$tmp/kcat.err"
LC_ALL=C sort "$tmp/written" >"$tmp/written.sorted"
LC_ALL=C sort "$tmp/read" >"$tmp/read.sorted"
check "they are in the topic as they were written" \
	cmp "$tmp/written.sorted" "$tmp/read.sorted"
kill -INT "$run"
end_of "$run"
is "weir ends well" "$code" 0
[ "$code" -eq 0 ] || show "$tmp/odd.err"
if python3 "$lib/recount.py" --foreign 6000 --late --rel 1e-9 "$tmp/odd.json" \
	"$tmp/read" "$tmp/odd.out" >"$tmp/recount"; then
	ok "the report is what is judged and counted"
else
	not_ok "the report is what is judged and counted"
fi
cat "$tmp/recount"
is "there were dead letters of every kind" \
	"$(of "$tmp/odd.out" '.ledger.dead_by_reason | keys')" \
	'["bad_time","duplicate_key","missing","not_json","not_object","out_of_range","too_deep","too_large","too_long","wrong_type"]'

finish
