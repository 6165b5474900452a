#!/bin/sh
# The pipeline web_events: what its generator makes is counted by recount.py,
# which shares nothing with weir, and is what the report says: valid, dead by
# reason, rolling averages, users of a day, pages, types, devices.
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat python3 jq

web_events=$srcdir/schema/web_events.json

check "the file is right" "$WEIR" check "$web_events"

# --- generated ----------------------------------------------------------------------

"$WEIR" generate "$web_events" --stdout --seed 7 --events 60000 >"$tmp/events"
code=0
"$WEIR" run "$web_events" --headless --seed 7 --events 60000 \
	--store "$tmp/store" >"$tmp/report" 2>"$tmp/err" </dev/null || code=$?
is "60,000 events: exit code" "$code" 0
check "the report is what is counted" python3 "$lib/recount.py" \
	"$web_events" "$tmp/events" "$tmp/report"
is "reasons are those of the rules" \
	"$(jq -c '.ledger.dead_by_reason | keys' "$tmp/report")" \
	'["none_of","out_of_range"]'
is "a field more comes after 30 seconds" "$(jq -s 'map(has("device_type"))
	| [index(true), (.[30000:] | all)]' -c "$tmp/events")" '[30000,true]'
is "so the report says" \
	"$(jq -c '[.schema.events, (.schema.fields | length)]' "$tmp/report")" \
	'[60000,7]'
is "and that it came" \
	"$(jq -c '[.schema.changes[] | [.name, .change]]' "$tmp/report")" \
	'[["device_type","appeared"]]'

# --- two days -------------------------------------------------------------------------

# A quarter of a second from one event to the next, beginning two hours before
# midnight UTC; the next ones when those before were read, as the embedded
# broker keeps 5 MiB of a partition.
head -n 40000 "$tmp/events" | jq -c --argjson at 1767304800 \
	'.timestamp = $at + ((input_line_number / 4) | floor)' >"$tmp/days"
in_pieces() {
	split -l 4000 "$tmp/days" "$tmp/piece."
	taken=0
	for piece in "$tmp"/piece.*; do
		kcat -q -P -b "$broker" -t my_events -l "$piece" || return 1
		taken=$((taken + $(wc -l <"$piece")))
		wait_for 60 report_says "$tmp/days.store" \
			".ledger.consumed == $taken" || return 1
	done
}
start_weir days run "$web_events" --headless --rate 0 \
	--store "$tmp/days.store"
broker_of days
check "events of two days are taken" in_pieces
# Each country's average of each window: all that are complete, once.
all_averages() {
	kcat -q -C -e -b "$broker" -t country_event_averages \
		>"$tmp/averages" 2>/dev/null
	[ "$(wc -l <"$tmp/averages")" -eq "$("$WEIR" report "$tmp/days.store" |
		jq '.outputs[] | select(.topic == "country_event_averages").records')" ] &&
		grep -q '"window_end":"2026-01-02 00:45:00"' "$tmp/averages"
}
check "averages are written" wait_for 60 all_averages
kill -INT "$pid"
end_of "$pid"
is "it ends well" "$code" 0
check "the report is what is counted" python3 "$lib/recount.py" \
	--foreign 40000 "$web_events" "$tmp/days" "$tmp/days.out"
is "there are two days of six countries" \
	"$(jq -c '[.tables.daily_active_users.windows[]
		| [(.start_ms / 1000 | todate[:10]), .complete, .keys]]' "$tmp/days.out")" \
	'[["2026-01-01",true,6],["2026-01-02",false,6]]'

# In awk: for each country and window, events over its minutes since 22:00.
jq -r 'select(.user_id >= 0 and .country != "ZZ" and .country != "XX")
	| [.country, .timestamp] | @tsv' "$tmp/days" | awk -F '\t' '
	NR == 1 { first = $2 }
	{
		last = $2
		for (end = $2 - $2 % 60 + 60; end <= $2 - $2 % 60 + 300; end += 60)
			n[$1 " " end]++
	}
	END {
		for (key in n) {
			split(key, at, " ")
			if (at[2] + 10 > last)
				continue
			span = at[2] - first
			if (span > 300)
				span = 300
			printf "%s %d %.9f\n", at[1], at[2], n[key] * 60 / span
		}
	}' | sort >"$tmp/wanted"
jq -r '[.country, (.window_end | strptime("%Y-%m-%d %H:%M:%S") | mktime),
	.average_events] | @tsv' "$tmp/averages" | awk '
	{ printf "%s %d %.9f\n", $1, $2, $3 }' | sort >"$tmp/got"
is "as many averages as there should be" "$(wc -l <"$tmp/got" | tr -d ' ')" \
	"$(wc -l <"$tmp/wanted" | tr -d ' ')"
check "and each is right" cmp "$tmp/got" "$tmp/wanted"

finish
