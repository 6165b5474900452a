#!/bin/sh
# Another program's web events on a real broker: weir's report, and the topics that
# it writes, are what is recounted from the topic by other means.
. "${srcdir:-.}/tests/kafka/lib.sh"
broker
web_events=$srcdir/schema/web_events.json

reads() { # topic
	kcat -q -J -b "$address" -t "$1" -C -e -o beginning \
		-X isolation.level=read_committed >"$tmp/$1" 2>"$tmp/kcat.err"
}

# REPORT ARGUMENTS...: report and topics are what is recounted.
recount() {
	recounted_report=$1
	shift
	python3 "$lib/web_events.py" "$tmp/my_events" "$recounted_report" "$@"
}

# All of event time is over, and each result that is complete is written.
all_written() {
	report_says "$tmp/web.store" ".watermark_ms == ${last}000" &&
		reads my_events && reads country_event_averages &&
		recount "$tmp/report_says" \
			--averages "$tmp/country_event_averages"
}

read_all() {
	for topic in my_events enriched_events country_event_averages dlq; do
		check "$topic can be read" reads $topic
	done
	check "report and topics are what is recounted" recount "$tmp/web.out" \
		--enriched "$tmp/enriched_events" \
		--averages "$tmp/country_event_averages" --dlq "$tmp/dlq"
	tail -n 1 "$tmp/check.out"
}

# Three hours around midnight, with lines that no producer of these events writes;
# then, in each partition, one event later on, so that windows close.
midnight=1735689600
last=$((midnight + 6000))
admin create-topic my_events 4
check "a pure Python client writes the events" "$python" \
	"$kafka/data_generator.py" --broker "$address" --seed 21 --rps 2 \
	--start $((midnight - 5400)) --duration 10800 --device-after 1800
cat >"$tmp/rubbish" <<'END'
not json
[]
{"event_type":"page_view"}
{"event_type":"scroll","user_id":1,"page_url":"/","button_id":"","timestamp":1735689600,"country":"DE"}
{"event_type":"page_view","user_id":"1","page_url":"/","button_id":"","timestamp":1735689600,"country":"DE"}
{"event_type":"page_view","user_id":-1,"page_url":"/","button_id":"","timestamp":1735689600,"country":"ZZ"}
{"event_type":"page_view","user_id":1,"page_url":"/","button_id":"","timestamp":-1,"country":"DE"}
{"event_type":"page_view","user_id":1,"page_url":"/","button_id":"0123456789012345678901234567890123456","timestamp":1735689600,"country":"DE"}
{"event_type":"page_view","user_id":1,"page_url":"/ü","button_id":"a","timestamp":1735689600,"country":"DE","device_type":null,"more":{"than":["is",1]}}
{"event_type":"button_click","user_id":1,"page_url":"/\u0007","button_id":"b","timestamp":1735689600,"country":"DE","device_type":"\u0007"}
END
check "kcat writes others" kcat_writes my_events 1 "$tmp/rubbish"
check "and what has no value" sh -c "echo user/ |
	kcat -q -b $address -t my_events -P -p 2 -K / -Z"
printf '{"event_type":"page_view","user_id":7,"page_url":"/","button_id":"","timestamp":%d,"country":"DE"}\n' \
	$last >"$tmp/last"
for partition in 0 1 2 3; do
	kcat_writes my_events $partition "$tmp/last"
done

watch web "$web_events"
run=$pid
check "weir reads to the end" read_to_end web my_events
check "every result is written" wait_for 60 all_written
stop_weir web "$run"
check "the ledger adds up" says "$tmp/web.out" "$ledger_holds"
is "every event was consumed" "$(of "$tmp/web.out" .ledger.consumed)" 21615
is "every rule was broken" \
	"$(of "$tmp/web.out" '.ledger.dead_by_reason | keys')" \
	'["bad_time","missing","no_value","none_of","not_json","not_object","not_one_of","out_of_range","too_long","wrong_type"]'
is "there are two days" \
	"$(of "$tmp/web.out" '.tables.daily_active_users.windows
		| map(.start_ms / 1000 | strftime("%Y-%m-%d"))')" \
	'["2024-12-31","2025-01-01"]'

read_all

# Once more, on the same store and topics: nothing is written again.
watch web "$web_events"
run=$pid
check "weir goes on" wait_for 60 report_says "$tmp/web.store" \
	'.ledger.consumed == 21615 and .ledger.lag == 0'
printf '{"event_type":"page_view","user_id":8,"page_url":"/","button_id":"c","timestamp":%d,"country":"FR"}\n' \
	$last >"$tmp/more"
check "one more event" kcat_writes my_events 0 "$tmp/more"
check "weir takes it" wait_for 60 report_says "$tmp/web.store" \
	'.ledger.consumed == 21616'
stop_weir web "$run"
read_all
finish
