#!/bin/sh
# A store that is written by a weir that is killed a hundred times has in the end
# exactly what the topic has: each event once, each dead letter once.
#
#	WEIR_TOTALS_EVENTS   how many events (default: 1000000)
#	WEIR_TOTALS_KILLS    how many kills (default: 100)
#	SEED                 of the moments
. "${srcdir:-.}/tests/kafka/lib.sh"
events=${WEIR_TOTALS_EVENTS:-1000000}
kills=${WEIR_TOTALS_KILLS:-100}
broker
store=$tmp/totals.store

# So many users, and so little memory, that their table is a large one: its rows
# go by way of layers.
sed 's/"user_id": *{"zipf"[^}]*}/"user_id": {"uniform": [1, 200000], "format": "u%06d"}/' \
	"$interactions" >"$tmp/wide.json"

admin create-topic totals 4
set -- "$tmp/wide.json" -b "$address" -t totals --no-generate --headless \
	--duration 1000s --store "$store" --memory 16M
letters=no
if "$WEIR" --help | grep -q -e --dead-letters; then
	letters=yes
	admin create-topic letters 3
	set -- "$@" --dead-letters letters
fi

# So slow that there is always something to be read, until the last kill.
start_weir generate generate "$tmp/wide.json" -b "$address" -t totals --seed 5 \
	--events "$events" --rate $((events * 3 / kills)) --bad 0.01
generator=$pid

position() {
	"$WEIR" report "$store" 2>/dev/null |
		jq -r '"\(.commit) \(.ledger.consumed)"' 2>/dev/null || echo "0 0"
}

# Starting is a part of the delay, so that some kills come before the store is open
# and some after a few commits.
kill_often totals "$kills" 20 400 "$@"
unread=$(awk -v events="$events" '$NF < events { n++ } END { print n + 0 }' \
	"$tmp/kills")
diag "$killed kills; before $moved of them events were committed; work left at $unread"
if [ $((moved * 10)) -ge "$kills" ] && [ $((unread * 4)) -ge "$kills" ]; then
	ok "enough of the kills came after commits and amid the work"
else
	not_ok "enough of the kills came after commits and amid the work"
	cat "$tmp/kills"
fi

if wait_for 300 gone "$generator"; then
	end_of "$generator"
	is "all events are written" "$code" 0
else
	not_ok "all events are written"
fi
show "$tmp/generate.err"
start_weir totals run "$@"
last=$pid
check "one more run reads to the end" read_to_end totals totals
stop_weir totals "$last"
"$WEIR" report "$store" >"$tmp/report" 2>"$tmp/report.err" ||
	show "$tmp/report.err"
check "the ledger adds up" says "$tmp/report" "$ledger_holds"
is "every event of the topic is counted, none is lost" \
	"$(of "$tmp/report" '.ledger | [.consumed, .lag, .lost, .skipped]')" \
	"$(ends totals | jq -c '[add, 0, 0, 0]')"
is "weir report and the run's own report are the same" \
	"$(jq -S 'del(.rates, .source)' "$tmp/report")" \
	"$(jq -S 'del(.rates, .source)' "$tmp/totals.out")"

# By kcat and awk: only what is valid looks like this.
kcat_reads totals "$tmp/read"
is "kcat reads as many as were asked for" "$(wc -l <"$tmp/read" | tr -d ' ')" \
	"$events"
awk -F '"' -v latest="$(date +%s)000" '
	/^{"user_id":"[^"]+","item_id":"[^"]+","interaction_type":"(click|view|purchase)","timestamp":[0-9]+}$/ {
		at = substr($15, 2) + 0
		if (length($4) <= 64 && length($8) <= 64 && at <= latest) {
			users[$4]++
			items[$8]++
			types[$12]++
			valid++
		}
	}
	function show(table, counts,    key) {
		for (key in counts)
			print table, key, counts[key]
	}
	END {
		print "events", "dead", NR - valid
		print "events", "valid", valid
		show("users", users)
		show("items", items)
		show("types", types)
	}' "$tmp/read" | sort >"$tmp/counts"
counted() { # table
	awk -v table="$1" '$1 == table {print $2, $3}' "$tmp/counts"
}
is "valid and dead are what awk counts" "$(counted events)" \
	"$(jq -r '.ledger | "dead \(.dead)", "valid \(.valid)"' "$tmp/report")"
counted users >"$tmp/counted"
"$WEIR" export "$store" users | tr -d '\r' | awk -F , 'NR > 1 {print $1, $2}' |
	sort >"$tmp/exported"
diag "$(wc -l <"$tmp/counted") users"
check "each user's total is what awk counts" diff "$tmp/counted" "$tmp/exported"
is "each type's total is what awk counts" "$(counted types)" \
	"$(jq -r '.tables.types.top[] | "\(.key) \(.interactions)"' \
		"$tmp/report" | sort)"
is "items: number, total, smallest and largest are what awk counts" \
	"$(counted items | awk 'NR == 1 {min = $2}
		{n++; sum += $2}
		$2 > max {max = $2}
		$2 < min {min = $2; with = 0}
		$2 == min {with++}
		END {print n, sum, min, with, max}')" \
	"$(jq -r '.tables.items | "\(.keys) \(.total) \(.min.value) " +
		"\(.min.keys) \(.max.value)"' "$tmp/report")"
check "all of the report is what recount.py counts" recounted "$tmp/wide.json" \
	"$tmp/read" "$tmp/report" "$events"
[ ! -s "$tmp/check.out" ] || show "$tmp/check.out"

if [ $letters = yes ]; then
	check "each dead event is in the topic of dead letters once" \
		clients dead totals letters "$tmp/wide.json"
	show "$tmp/check.out"
else
	diag "weir has no --dead-letters: not tested"
fi
finish
