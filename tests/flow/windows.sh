#!/bin/sh
# Windows that overlap and windows that do not, of events that come out of order
# and too late, in ten partitions of which one falls silent: which events are in
# which window, which are late, and of how much of the stream an average is, as
# windows.py works it out.
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat jq python3

cat >"$tmp/hops.json" <<'END'
{
  "name": "hops",
  "topic": {"name": "hops-events", "partitions": 10},
  "event": {
    "time": "t",
    "fields": {
      "k": {"type": "string", "max_length": 8},
      "t": {"type": "time"}
    }
  },
  "tables": {
    "fives": {"by": ["k"], "measures": {"n": "count"},
      "window": {"hopping": "5m", "advance": "1m", "lateness": "10s", "average": "1m"}},
    "minutes": {"by": ["k"], "measures": {"n": "count"},
      "window": {"tumbling": "1m", "lateness": "30s"}},
    "keys": {"by": ["k"], "measures": {"n": "count"}}
  },
  "panels": [{"kind": "lines", "table": "fives"}],
  "generator": {"rate": 0, "fields": {"k": {"constant": "none"}}}
}
END
mkdir "$tmp/events"
: >"$tmp/events/ticks"
python3 "$lib/windows.py" make "$tmp/events"

start_weir run run "$tmp/hops.json" --headless --duration 600s \
	--store "$tmp/store"
run=$pid
if ! broker_of run; then
	not_ok "a headless weir says which broker it uses" "$tmp/run.err"
	finish
fi

# FILE PARTITION
send() {
	kcat -q -b "$broker" -t hops-events -P -p "$2" -l "$1" || return
	sent=$((sent + $(wc -l <"$1")))
}

# STEP WATERMARK: all that was sent has been counted, and the watermark has come
# so far. A stream that stands still has one that does: then an event more.
counted() {
	report_says "$tmp/store" ".ledger.consumed == $sent" || return
	says "$tmp/report_says" ".watermark_ms >= $2" && return
	send "$tmp/events/$1-tick" 0 && echo "$1" >>"$tmp/events/ticks"
	return 1
}

sent=0
while read -r step watermark; do
	for partition in 0 1 2 3 4 5 6 7 8 9; do
		events=$tmp/events/$step-$partition
		[ ! -e "$events" ] || send "$events" "$partition"
	done
	check "step $step is counted" wait_for 60 counted "$step" "$watermark"
done <"$tmp/events/steps"

kill -INT "$run"
end_of "$run"
is "it ends well" "$code" 0
check "its ledger adds up" says "$tmp/run.out" "$ledger_holds"
check "each window and what is late is as it should be" \
	python3 "$lib/windows.py" check "$tmp/events" "$tmp/run.out"
"$WEIR" report "$tmp/store" >"$tmp/report"
check "and in the store" \
	python3 "$lib/windows.py" check "$tmp/events" "$tmp/report"
is "the partition that fell silent held nothing back" \
	"$(of "$tmp/report" '(.offsets | map(.next) | min) as $least
		| [.offsets[] | select(.next == $least) | .partition]')" '[9]'

finish
