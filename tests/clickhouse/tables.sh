#!/bin/sh
# ClickHouse behind weir: the tables of schema/clickhouse, as shipped, read the
# topics that weir writes of web events, and hold what weir's report says.
#
# What it needs is fetched by tests/run, or by hand with tests/clickhouse/python;
# without it it is skipped. CLICKHOUSE_TESTS=required in the environment makes that
# a failure.
export LC_ALL=C.UTF-8
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat jq python3
clickhouse=$srcdir/tests/clickhouse
if ! python=$("$clickhouse/python" --have); then
	why="there is no ClickHouse: tests/clickhouse/python fetches it"
	if [ "${CLICKHOUSE_TESTS:-}" = required ]; then
		echo "Bail out! $why"
		exit 1
	fi
	echo "1..0 # SKIP $why"
	exit 0
fi
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# STATEMENT or @FILE: the rows, as a JSON array of arrays.
ask() {
	printf '%s' "$1" | tr '\n\t' '  ' >&9
	echo >&9
	read -r answer <&8
	printf '%s\n' "$answer" | jq -c .
}

answers() { # statement rows
	[ "$(ask "$1")" = "$2" ]
}

# Until a query that counts says so.
comes_to() { # what seconds statement number
	if wait_for "$2" answers "$3" "[[$4]]"; then
		ok "$1"
	else
		not_ok "$1"
		diag "got:    $(ask "$3")"
		diag "wanted: [[$4]]"
		show "$tmp/clickhouse.err"
		show "$tmp/run.err"
	fi
}

# WHAT STATEMENT FILTER: ClickHouse answers what the filter makes of the report.
as_reported() {
	ask "$2" | jq -c '.[]?' >"$tmp/got"
	jq -c "$3 | .[]" "$tmp/report" >"$tmp/wanted"
	if [ -s "$tmp/wanted" ] && cmp -s "$tmp/got" "$tmp/wanted"; then
		ok "$1: $(wc -l <"$tmp/wanted" | tr -d ' ')"
	else
		not_ok "$1"
		diff "$tmp/got" "$tmp/wanted" >"$tmp/diff"
		show "$tmp/diff"
	fi
}

writes() { # topic file [arguments of kcat...]
	writes_to=$1
	writes_from=$2
	shift 2
	kcat -q -b "$broker" -t "$writes_to" -P -l "$@" "$writes_from"
}

reads() { # topic
	kcat -q -J -b "$broker" -t "$1" -C -e -o beginning >"$tmp/$1" \
		2>"$tmp/kcat.err"
}

# --- both run ---------------------------------------------------------------------

start_weir run run "$srcdir/schema/web_events.json" --headless --rate 0 \
	--store "$tmp/store"
run=$pid
if ! broker_of run; then
	not_ok "weir runs with web_events" "$tmp/run.err"
	finish
fi

# Of all time zones not that of the data.
mkfifo "$tmp/orders" "$tmp/answers"
exec 9<>"$tmp/orders"
TZ=Asia/Tokyo "$python" "$clickhouse/server.py" "$tmp/clickhouse" \
	<"$tmp/orders" >"$tmp/answers" 2>"$tmp/clickhouse.err" 9>&- &
pids="$pids $!"
exec 8<"$tmp/answers"
sed "s/localhost:9092/$broker/" "$srcdir/schema/clickhouse/events_db.sql" \
	>"$tmp/events_db.sql"
is "ClickHouse takes the tables as they are" "$(ask "@$tmp/events_db.sql")" '[]'

# How one would count users at first: by each block that is inserted.
ask 'CREATE TABLE events_db.users_by_block
	(event_date Date, country String, dau UInt32)
	ENGINE = MergeTree ORDER BY (event_date, country)' >"$tmp/made"
ask 'CREATE MATERIALIZED VIEW events_db.users_by_block_mv
	TO events_db.users_by_block
	AS SELECT toDate(timestamp) AS event_date, country,
		count(DISTINCT user_id) AS dau
	FROM events_db.events GROUP BY event_date, country' >>"$tmp/made"

# --- events, in two parts --------------------------------------------------------------

# An hour and a half, from an hour before midnight on; then, in each partition, one
# event later on, so that windows close.
midnight=1735689600
python3 "$srcdir/tests/kafka/data_generator.py" --seed 8 --rps 2 \
	--start $((midnight - 3600)) --duration 5400 >"$tmp/events"
head -n 5000 "$tmp/events" >"$tmp/first"
tail -n +5001 "$tmp/events" >"$tmp/second"
last=$((midnight + 2400))
printf '{"event_type":"page_view","user_id":7,"page_url":"/","button_id":"","timestamp":%d,"country":"DE"}\n' \
	$last >"$tmp/last"
head -n 100 "$tmp/events" | sed 's/^.\{9\}//' >"$tmp/rubbish"

check "the first events are written" writes my_events "$tmp/first"
check "weir takes them" wait_for 60 report_says "$tmp/store" \
	'.ledger.consumed == 5000'
comes_to "they come to ClickHouse" 90 'SELECT count() FROM events_db.events' \
	"$(of "$tmp/report_says" .ledger.valid)"

# Others write what is no JSON into weir's topics, too.
for topic in enriched_events country_event_averages dlq; do
	check "rubbish is written to $topic" writes $topic "$tmp/rubbish"
done
check "more events are written" writes my_events "$tmp/second"
check "and rubbish" writes my_events "$tmp/rubbish"
for partition in 0 1 2 3; do
	writes my_events "$tmp/last" -p $partition
done
check "weir takes them, to the last" wait_for 60 report_says "$tmp/store" \
	".ledger.consumed == 10904 and .watermark_ms == ${last}000"
cp "$tmp/report_says" "$tmp/report"
valid=$(of "$tmp/report" .ledger.valid)
dead=$(of "$tmp/report" .ledger.dead)
results=$(of "$tmp/report" '[.tables.country_averages.windows[]
	| select(.complete) | .keys] | add')
check "weir's ledger adds up" says "$tmp/report" "$ledger_holds"

# --- ClickHouse has the same ---------------------------------------------------------------

comes_to "every valid event is in events" 90 \
	'SELECT count() FROM events_db.events FINAL' "$valid"
comes_to "every dead letter is in dlq_table" 90 \
	'SELECT count() FROM events_db.dlq_table FINAL' "$dead"
comes_to "every result is in country_event_averages_raw" 90 \
	'SELECT count() FROM events_db.country_event_averages_raw FINAL' \
	"$results"
comes_to "every user is in daily_active_users_final" 90 \
	'SELECT sum(dau) FROM events_db.daily_active_users_final' \
	"$(of "$tmp/report" '[.tables.daily_active_users.windows[].top[].users] | add')"

# Once more when the topics are read again.
compare() {
	as_reported "$1: dead letters by reason" \
		'SELECT reason, count() FROM events_db.dlq_table FINAL
		GROUP BY reason ORDER BY reason' \
		'.ledger.dead_by_reason | to_entries | map([.key, .value]) | sort'
	as_reported "$1: rolling averages of every complete window" \
		'SELECT country, toUnixTimestamp(window_start),
			toUnixTimestamp(window_end), average_events
		FROM events_db.country_event_averages_raw FINAL
		ORDER BY country, window_start' \
		'[.tables.country_averages.windows[] | select(.complete)
			| (.start_ms / 1000) as $from | (.end_ms / 1000) as $to
			| .top[] | [.key, $from, $to, .rolling_average]] | sort'
	as_reported "$1: daily active users" \
		'SELECT event_date, country, dau
		FROM events_db.daily_active_users_final
		ORDER BY event_date, country' \
		'[.tables.daily_active_users.windows[]
			| (.start_ms / 1000 | strftime("%Y-%m-%d")) as $day
			| .top[] | [$day, .key, .users]] | sort'
	as_reported "$1: the five most visited pages" \
		'SELECT page_url, count() AS visits FROM events_db.events FINAL
		GROUP BY page_url ORDER BY visits DESC, page_url LIMIT 5' \
		'.tables.pages.top[:5] | map([.key, .events])'
	as_reported "$1: shares of event types" \
		"SELECT event_type, count() FROM events_db.events FINAL
		GROUP BY event_type ORDER BY event_type" \
		'.tables.event_types.top | map([.key, .events]) | sort'
	as_reported "$1: shares of devices" \
		"SELECT ifNull(device_type, '∅') AS device, count()
		FROM events_db.events FINAL GROUP BY device ORDER BY device" \
		'.tables.devices.top | map([.key, .events]) | sort'
}
compare "read once"

is "the dead are those of the rules" \
	"$(ask "SELECT DISTINCT reason, field, rule FROM events_db.dlq_table
		ORDER BY reason")" \
	'[["none_of","country","none_of"],["not_json",null,null],["out_of_range","user_id","min"]]'
is "times and days are UTC" \
	"$(ask "SELECT toString(min(timestamp)), toString(max(timestamp)),
		countIf(event_date != toDate(timestamp)), uniqExact(event_date)
		FROM events_db.events")" \
	'[["2024-12-31 23:00:00","2025-01-01 00:40:00",0,2]]'
is "the first half a minute has no device, nor has the last event" \
	"$(ask "SELECT countIf(device_type IS NULL) = countIf(timestamp = $last
			OR timestamp < $((midnight - 3570))),
		countIf(device_type IS NULL) > 4 FROM events_db.events")" \
	'[[1,1]]'
users=$(ask 'SELECT sum(dau) FROM events_db.daily_active_users_final' |
	jq '.[0][0]')
counted=$(ask 'SELECT sum(dau) FROM events_db.users_by_block' | jq '.[0][0]')
check "users by block, added up, are too many: $counted instead of $users" \
	[ "$counted" -gt "$users" ]

# What docs/web_events.md asks, as it stands there.
awk '/^```sql$/ { on = 1; query = ""; next }
	/^```$/ && on { on = 0; print query }
	on { query = query " " $0 }' "$srcdir/docs/web_events.md" >"$tmp/queries"
check "the document has questions" [ -s "$tmp/queries" ]
while read -r query; do
	ask "$query" >"$tmp/rows"
	check "as documented: $(printf '%.60s' "$query")" \
		jq -e 'type == "array" and length > 0' "$tmp/rows"
done <"$tmp/queries"

# --- weir's topics, counted by other means -------------------------------------------------

for topic in my_events enriched_events country_event_averages dlq; do
	reads $topic
	# What others wrote there is not weir's.
	[ $topic = my_events ] || jq -c 'select(.payload | startswith("{"))' \
		"$tmp/$topic" >"$tmp/$topic.weir"
done
check "report and topics are what is recounted" python3 "$lib/web_events.py" \
	"$tmp/my_events" "$tmp/report" \
	--enriched "$tmp/enriched_events.weir" \
	--averages "$tmp/country_event_averages.weir" --dlq "$tmp/dlq.weir"
tail -n 1 "$tmp/check.out"

# --- read again ------------------------------------------------------------------------------

# As after a crash before any offset was committed, at worst: all is inserted a
# second time.
ask 'SYSTEM STOP MERGES' >/dev/null
states=$(ask 'SELECT count() FROM events_db.daily_active_users' | jq '.[0][0]')
sed -e 's/_queue\>/_queue_again/; s/_mv\>/_mv_again/; s/clickhouse-/again-/' \
	-e 's/^CREATE \(TABLE\|VIEW\)/& IF NOT EXISTS/' "$tmp/events_db.sql" \
	>"$tmp/again.sql"
is "other groups read the topics" "$(ask "@$tmp/again.sql")" '[]'
for count in "events $valid" "dlq_table $dead" \
	"country_event_averages_raw $results"; do
	table=${count% *}
	comes_to "$table: every row is there twice" 90 \
		"SELECT sum(rows) FROM system.parts WHERE active
		AND database = 'events_db' AND table = '$table'" \
		$((2 * ${count#* }))
	is "$table: and once with FINAL" \
		"$(ask "SELECT count() FROM events_db.$table FINAL")" \
		"[[${count#* }]]"
done
comes_to "users are counted again, of each day and country" 90 \
	"SELECT count() >= $states + 12 FROM events_db.daily_active_users" 1
compare "read twice"

kill -INT "$run"
end_of "$run"
is "weir ends well" "$code" 0
[ "$code" -eq 0 ] || show "$tmp/run.err"
finish
