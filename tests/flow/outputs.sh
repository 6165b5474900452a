#!/bin/sh
# Topics that are derived from another, on the embedded broker: kcat writes events and
# reads what weir makes of them, which an oracle counts from the events alone.
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat jq python3
made=$lib/outputs.json

all_of() { # topic
	kcat -q -b "$broker" -t "$1" -C -e -o beginning \
		-f '%p\t%o\t%h\t%k\t%s\n' 2>"$tmp/kcat.err" | sort -s -n -k1,1 -k2,2
}
compare() { # report
	python3 "$lib/outputs_oracle.py" "$tmp/source" "$tmp/events" "$tmp/sums" "$1"
}

sed 's/"rate": 2000/"rate": 0/' "$made" >"$tmp/made.json"
start_weir run run "$tmp/made.json" --headless --duration 300s --store "$tmp/store"
run=$pid
if ! broker_of run; then
	not_ok "weir runs with outputs" "$tmp/run.err"
	finish
fi
ok "weir runs with outputs"

# A minute of events, 100 a second, as if it were over: of all kinds, one in ten of
# them not valid. The last window does not close.
python3 - "$(date +%s)" >"$tmp/written" <<'END'
import json, sys
start = (int(sys.argv[1]) - 3600) * 1000000
names = ["a", "b\u00e9", "c d", "\u001b[31m", "\u6771\u4eac", "\"", "\\", ""]
for i in range(6000):
    event = {"user": {"name": names[i * 7 % len(names)], "id": i},
             "n": -1 if i % 10 == 3 else i * 1000003, "at": start + i * 10000 + i % 7,
             "x": [0.1, 2.5, 1e300, 5e-324, 12345678.9, 3, 1 / 3][i % 7]}
    if i % 3:
        event["kind"] = [None, "k", "\u2028\u009b"][i // 3 % 3]
    if i % 2:
        event["ok"] = i % 4 == 1
    print(i % 11, json.dumps(event, ensure_ascii=i % 5 == 0), sep="\t")
END
check "kcat writes 6,000 events" kcat -q -b "$broker" -t made -P -K '	' \
	-l "$tmp/written"
check "weir takes them" wait_for 60 report_says "$tmp/store" \
	'.ledger.consumed == 6000'
# Partitions in which nothing comes any more do not hold windows back for long.
check "and writes all windows but the last two" wait_for 60 \
	report_says "$tmp/store" '.outputs[1].records == 8 * 58'
all_of made >"$tmp/source"
all_of made.events >"$tmp/events"
all_of made.sums >"$tmp/sums"
"$WEIR" report "$tmp/store" >"$tmp/report"
check "each valid event is there once, each row of a complete window too" \
	compare "$tmp/report"
show "$tmp/check.out"
is "the first event, to the byte" \
	"$(awk -F '\t' '$3 ~ /weir.source.offset=0,/ && $1 == 3 {print $5}' \
		"$tmp/events" | sed 's/"at":.*//')" \
	"$(awk -F '\t' '$1 == 3 {print $5; exit}' "$tmp/source" | python3 -c '
import json, sys
e = json.load(sys.stdin)
f = [("who", e["user"]["name"]), ("kind", e.get("kind")), ("n", e["n"]), ("x", e["x"]),
	("ok", e.get("ok"))]
print("{" + ",".join(json.dumps(k) + ":" + json.dumps(v, ensure_ascii=False)
	for k, v in f) + ",")')"
kill -INT "$run"
end_of "$run"
is "weir ends well" "$code" 0
[ "$code" -eq 0 ] || show "$tmp/run.err"

# --- The same store on the next embedded broker ------------------------------------------

start_weir run run "$tmp/made.json" --headless --duration 300s --store "$tmp/store"
run=$pid
broker_of run
# Into all partitions: what stands still completes no window.
now=$(date +%s)
for key in 0 1 2 3 4 5 6 7 8 9 10; do
	printf '%d\t{"user":{"name":"new"},"n":1,"x":1,"at":%d000000}\n' \
		$key $((now - 60)) $key $((now - 30))
done >"$tmp/written"
kcat -q -b "$broker" -t made -P -K '	' -l "$tmp/written"
check "a continued store goes on" wait_for 60 report_says "$tmp/store" \
	'[.outputs[].records] == [5400 + 22, 464 + 16 + 1]'
all_of made.sums | cut -f 4 >"$tmp/sums"
is "what was not complete before, and what is new, is in the topics; nothing else" \
	"$(wc -l <"$tmp/sums" | tr -d ' '), last $(tail -n 1 "$tmp/sums"); $(
		all_of made.events | wc -l | tr -d ' ')" '17, last new; 22'
kill -INT "$run"
end_of "$run"
is "and ends well" "$code" 0

# --- Too large to be written whole -------------------------------------------------------

start_weir large run "$tmp/made.json" --headless --duration 300s \
	--store "$tmp/large.store" -X message.max.bytes=1000
large=$pid
broker_of large
python3 -c 'import json, sys
for size in 10, 250:
	print(json.dumps({"user": {"name": "x" * size}, "kind": "y" * size, "n": 1,
		"x": 1, "at": int(sys.argv[1]) * 1000000}))' "$now" >"$tmp/written"
kcat -q -b "$broker" -t made -P -p 2 -l "$tmp/written"
end_of "$large"
is "an event too large for a record ends weir" "$code" 1
check "which says how large is large enough" grep -qE \
	"^weir: .*offset 1 of partition 2 of made .* topic made.events .*=1[0-9]{3} or more" \
	"$tmp/large.err"
show "$tmp/large.err"
check "and has not counted it" says "$tmp/large.out" \
	".ledger.valid <= 1 and .outputs[0].records == .ledger.valid"

# --- In lockstep -------------------------------------------------------------------------

# The broker is away, and comes back slow for a moment, while windows go on being
# written.
cat >"$tmp/faults.script" <<'END'
wait 4s
keys f Down Right
wait 2s
keys Up Right
wait 100ms
keys Down Right
wait 200ms
keys Up Right
wait 5s
END
for i in one two; do
	code=0
	"$WEIR" record "$made" --seed 7 --script "$tmp/faults.script" \
		--record "$tmp/$i.cast" >"$tmp/$i.json" 2>"$tmp/$i.err" </dev/null ||
		code=$?
	is "lockstep: run $i ends well" "$code" 0
	[ "$code" -eq 0 ] || show "$tmp/$i.err"
done
check "lockstep: byte for byte the same recording" cmp "$tmp/one.cast" "$tmp/two.cast"
check "and the same report" cmp "$tmp/one.json" "$tmp/two.json"
check "in which all is written" says "$tmp/one.json" '.outputs[0].records == .ledger.valid
	and .ledger.lag == 0 and .outputs[1].records > 20 * 5'

# --- What does not go -------------------------------------------------------------------

says_no() { # what, sentence, arguments...
	tap_no=$1
	tap_sentence=$2
	shift 2
	start_weir no run "$@" --headless --store "$tmp/no.store"
	end_of "$pid"
	is "$tap_no: exit code" "$code" 2
	check "$tap_no: the sentence" grep -qF "$tap_sentence" "$tmp/no.err"
	show "$tmp/no.err"
}
says_no "an output into the topic that is watched" \
	"weir: the output topic made.events is one of those that are watched" \
	"$made" -t made.events
says_no "an output into the topic of dead letters" \
	"weir: the output topic made.sums is one of those that are watched" \
	"$made" --dead-letters made.sums
says_no "an output into the topic of alerts" \
	"weir: the output topic made.sums is one of those that are watched" \
	"$made" --alerts-topic made.sums
finish
