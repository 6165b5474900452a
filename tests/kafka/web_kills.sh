#!/bin/sh
# schema/web_events.json as it is, by a weir that is killed twenty times while the
# events are written: each record is in each derived topic once, and the report and
# the topics are what is recounted from the events by other means.
#
#	WEIR_WEB_KILLS   how many kills (default: 20)
#	SEED             of the events and the moments
. "${srcdir:-.}/tests/kafka/lib.sh"
kills=${WEIR_WEB_KILLS:-20}
broker
store=$tmp/web.store
set -- "$srcdir/schema/web_events.json" -b "$address" --no-generate --headless \
	--duration 1000s --store "$store"

# Ten minutes of event time for each kill, around midnight: so many windows close
# that there is always something to be written.
per_kill=600
midnight=1735689600
begin=$((midnight - kills * per_kill / 2))
last=$((begin + kills * per_kill + 3600))
admin create-topic my_events 4
"$python" "$kafka/data_generator.py" --seed "$random" --rps 5 --start $begin \
	--duration $((kills * per_kill)) --device-after 1800 >"$tmp/events"
# A second for each kill, in pieces.
python3 -c 'import sys, time
lines, piece = sys.stdin.readlines(), int(sys.argv[1])
for at in range(0, len(lines), piece):
	sys.stdout.writelines(lines[at:at + piece])
	sys.stdout.flush()
	time.sleep(0.05)' $((per_kill * 5 / 20)) <"$tmp/events" |
	kcat -q -b "$address" -t my_events -P -X linger.ms=5 \
		-X sticky.partitioning.linger.ms=5 &
writer=$!
pids="$pids $writer"

position() {
	"$WEIR" report "$store" 2>/dev/null |
		jq -r '"\(.ledger.consumed) \(.outputs[1].records)"' \
			2>/dev/null
}

kill_often web "$kills" 200 700 "$@"
diag "$killed kills; before $moved of them averages were written"
if [ $((moved * 5)) -ge "$kills" ]; then
	ok "enough of the kills came while averages were written"
else
	not_ok "enough of the kills came while averages were written" \
		"$tmp/kills"
fi
if wait_for 120 gone "$writer"; then
	end_of "$writer"
	is "all events are written" "$code" 0
else
	not_ok "all events are written"
fi
# In each partition, one event later on, so that windows close.
printf '{"event_type":"page_view","user_id":7,"page_url":"/","button_id":"","timestamp":%d,"country":"DE"}\n' \
	$last >"$tmp/last"
for partition in 0 1 2 3; do
	kcat_writes my_events $partition "$tmp/last"
done

reads() { # topic
	kcat -q -J -b "$address" -t "$1" -C -e -o beginning >"$tmp/$1" \
		2>"$tmp/kcat.err"
}

recount() { # report
	for topic in my_events enriched_events country_event_averages dlq; do
		reads $topic || return
	done
	python3 "$lib/web_events.py" "$tmp/my_events" "$1" \
		--enriched "$tmp/enriched_events" \
		--averages "$tmp/country_event_averages" --dlq "$tmp/dlq"
}

all_written() {
	report_says "$store" ".watermark_ms == ${last}000" &&
		recount "$tmp/report_says"
}

start_weir web run "$@"
run=$pid
check "one more run reads to the end" read_to_end web my_events
check "every result is written" wait_for 120 all_written
stop_weir web "$run"
check "the ledger adds up" says "$tmp/web.out" "$ledger_holds"
is "every event was consumed" "$(of "$tmp/web.out" .ledger.consumed)" \
	$((kills * per_kill * 5 + 4))
check "each record is once in each topic, the report is what is recounted" \
	recount "$tmp/web.out"
tail -n 1 "$tmp/check.out"
for topic in enriched_events country_event_averages dlq; do
	diag "$topic: $(wc -l <"$tmp/$topic") records"
done
finish
