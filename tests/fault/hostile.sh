#!/bin/sh
# What others write into the topic: each message is counted under its reason,
# the stream goes on, and memory stays bounded.
. "${srcdir:-.}/tests/fault/lib.sh"
need python3 jq kcat awk

# The user of generated events is always the same: the table then holds few
# keys, and each foreign one is at one end of the ranking.
sed -e 's/"user_id": *{"zipf"[^}]*}/"user_id": {"constant": "generated"}/' \
	-e 's/"users": .*/"users": {"by": ["user_id"], "measures": {"n": "count"}},/' \
	"$interactions" >"$tmp/interactions.json"
cat >"$tmp/ranges.json" <<'PIPELINE'
{
  "name": "ranges",
  "topic": {"name": "ranges", "partitions": 2},
  "event": {
    "time": "at",
    "max_bytes": 4096,
    "fields": {
      "city": {"type": "string", "path": "user.geo.city", "max_length": 20},
      "n": {"type": "integer", "min": -10, "max": 10},
      "x": {"type": "number", "min": -0.25, "max": 1.5},
      "on": {"type": "boolean", "optional": true},
      "at": {"type": "time", "unit": "s"}
    }
  },
  "tables": {
    "cities": {"by": ["city"], "measures": {"n": "count", "sum": {"sum": "n"}}},
    "on": {"by": ["on"], "measures": {"n": "count", "most": {"maximum": "x"}}}
  },
  "generator": {
    "rate": 1,
    "fields": {
      "city": {"constant": "generated"},
      "n": {"uniform": [-0, 10]},
      "x": {"constant": 1}
    }
  }
}
PIPELINE

consumed_all() { # store number
	report_says "$1" ".ledger.foreign >= $2 and .ledger.lag == 0 and
		.ledger.unacked == 0"
}

# kcat as somebody else's producer. Each file is one message. Large ones go one
# by one: the embedded broker keeps 5 MiB of a partition, and what is lost to
# that is not what is looked at here.
send_all() { # topic folder store
	mkdir "$2/large" || return 1
	find "$2" -name '*.msg' -size +64k -exec mv '{}' "$2/large" ';'
	kcat -P -b "$broker" -t "$1" "$2"/*.msg || return 1
	# A message of no bytes, and one without a value.
	printf 'key:\n' | kcat -P -b "$broker" -t "$1" -K: || return 1
	printf 'key:\n' | kcat -P -b "$broker" -t "$1" -K: -Z || return 1
	sent=$(($(find "$2" -maxdepth 1 -name '*.msg' | wc -l) + 2))
	for large in "$2"/large/*.msg; do
		[ -e "$large" ] || continue
		wait_for 20 consumed_all "$3" "$sent" || return 1
		kcat -P -b "$broker" -t "$1" -X message.max.bytes=20000000 \
			"$large" || return 1
		sent=$((sent + 1))
	done
}

hostile() { # what topic
	what=$1
	store=$tmp/store-$what
	mkdir "$tmp/$what"
	number=$(python3 "$lib/hostile_messages.py" make "$what" "$tmp/$what")
	start run "$tmp/$what.json" --headless --rate 5 --store "$store"
	wait_for 20 grep -q '^weir: broker ' "$tmp/err"
	broker=$(sed -n 's/^weir: broker \([^,]*\),.*/\1/p' "$tmp/err")
	check "$what: $number messages can be sent" send_all "$what" \
		"$tmp/$what" "$store"
	if wait_for 30 consumed_all "$store" "$number"; then
		ok "$what: all are consumed"
	else
		"$WEIR" report "$store" >"$tmp/check"
		cat "$tmp/err" >>"$tmp/check"
		not_ok "$what: all are consumed" "$tmp/check"
	fi
	# The stream goes on behind them.
	produced=$(report_value "$store" .ledger.valid)
	if wait_for 20 report_says "$store" ".ledger.valid > $produced"; then
		ok "$what: the generator's events still come"
	else
		not_ok "$what: the generator's events still come"
	fi
	kill -INT "$weir"
	ended 30
	if [ "$code" = 0 ]; then
		ok "$what: ends with 0"
	else
		not_ok "$what: ends with 0, not $code" "$tmp/err"
	fi
	check "$what: each is counted under its reason" python3 \
		"$lib/hostile_messages.py" judge "$tmp/$what" "$tmp/out"
	grep -v -e '^weir: \(commit\|broker\) ' \
		-e '^weir: [0-9]* dead letters*: ' "$tmp/err" >"$tmp/said"
	if [ -s "$tmp/said" ]; then
		not_ok "$what: nothing to complain about" "$tmp/said"
	else
		ok "$what: nothing to complain about"
	fi
	if "$WEIR" report "$store" | cmp -s - "$tmp/out"; then
		ok "$what: the store says the same afterwards"
	else
		not_ok "$what: the store says the same afterwards"
	fi
}

hostile interactions
hostile ranges

# More than the embedded broker keeps of a partition (5 MiB): it is gone before
# it can be read, and says so. A run that has nothing else to do ends all the
# same.
store=$tmp/store-huge
start run "$tmp/interactions.json" --headless --rate 80 --events 800 \
	--store "$store"
wait_for 20 grep -q '^weir: broker ' "$tmp/err"
broker=$(sed -n 's/^weir: broker \([^,]*\),.*/\1/p' "$tmp/err")
head -c 10485760 /dev/zero | tr '\0' x >"$tmp/huge"
# A partition that holds something drops such a message at once; one that is
# empty keeps it until the next comes.
for partition in 0 1; do
	echo small | kcat -P -b "$broker" -t interactions -p "$partition"
done
wait_for 20 report_says "$store" '.ledger.dead == 2'
for partition in 0 1 2 3; do
	kcat -P -b "$broker" -t interactions -p "$partition" \
		-X message.max.bytes=20000000 "$tmp/huge" 2>>"$tmp/check"
done
ended 60
if [ "$code" = 0 ]; then
	ok "messages of 10 MiB: the run ends by itself"
else
	"$WEIR" report "$store" | jq -c .ledger >>"$tmp/err"
	not_ok "messages of 10 MiB: the run ends by itself, not with $code" \
		"$tmp/err"
fi
"$WEIR" report "$store" >"$tmp/report"
check "messages of 10 MiB: each event is accounted for" jq -e '.ledger |
	if .balanced and .produced == 800 and .foreign == 6 and .failed == 0
		and .consumed + .lag + .lost == 806 and .dead + .lag + .lost >= 6
	then true else debug | false end' "$tmp/report"

# Two million keys of 60 bytes in little memory. Of the process' memory only what
# it allocated counts (RssAnon): the store's pages are the page cache's.
many() { # what distribution keys
	cat >"$tmp/many.json" <<PIPELINE
{
  "name": "many",
  "topic": {"name": "many"},
  "event": {"time": "at", "fields": {
    "id": {"type": "string", "max_length": 60},
    "at": {"type": "time"}}},
  "tables": {"ids": {"by": ["id"], "measures": {"n": "count"}}},
  "generator": {"fields": {
    "id": {$2,
      "format": "a-key-that-is-as-long-as-uuids-and-paths%020d"}}}
}
PIPELINE
	start run "$tmp/many.json" --headless --events 2000000 --seed 1 \
		--memory 32M --store "$tmp/store-$1"
	peak=0
	until gone "$weir"; do
		anon=$(awk '/^RssAnon/ {print $2}' "/proc/$weir/status" \
			2>/dev/null)
		[ "${anon:-0}" -le "$peak" ] || peak=$anon
		sleep 0.05
	done
	ended 1
	if [ "$code" = 0 ] && jq -e "$3" <"$tmp/out" >"$tmp/check"; then
		ok "$1: two million events are counted"
	else
		cat "$tmp/err" >>"$tmp/check"
		not_ok "$1: two million events are counted" "$tmp/check"
	fi
	# The address sanitizer keeps what was freed.
	if nm "$WEIR" | grep -q __asan_init; then
		ok "$1: memory stays below $PEAK_MAX_MIB MiB # SKIP sanitizer"
	elif [ "$peak" -gt 1024 ] && [ "$peak" -lt $((PEAK_MAX_MIB * 1024)) ]
	then
		ok "$1: memory stays below $PEAK_MAX_MIB MiB"
	else
		not_ok "$1: memory stays below $PEAK_MAX_MIB MiB"
	fi
	diag "peak of allocated memory: $((peak / 1024)) MiB"
	rm -rf "$tmp/store-$1"
}

PEAK_MAX_MIB=200
many sequence '"sequence": [1, 2000000]' '.ledger.balanced
	and .ledger.valid == 2000000 and .ledger.lost == 0
	and .tables.ids.keys == 2000000 and .tables.ids.total == 2000000
	and .tables.ids.min.value == 1 and .tables.ids.max.value == 1
	and .tables.ids.min.keys == 2000000'
# Spread over the whole tree, each commit changes nearly all of its pages. Of
# two million draws from two million keys, 1 - 1/e of the keys come up.
many uniform '"uniform": [1, 2000000]' '.ledger.balanced
	and .ledger.valid == 2000000 and .ledger.lost == 0
	and .tables.ids.total == 2000000
	and .tables.ids.keys > 1260000 and .tables.ids.keys < 1268500'
finish
