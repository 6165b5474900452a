#!/bin/sh
# The layers: what may refer to what, checked on the objects themselves.
set -u
n=0
echo 1..4

check() { # description, library, pattern of symbols that must not be undefined
	n=$((n + 1))
	found=$(nm -u "$2" 2>/dev/null | awk '{print $NF}' | grep -E "$3" |
		sort -u | tr '\n' ' ')
	if [ -s "$2" ] && [ -z "$found" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1: $found"
	fi
}

check "ui/ knows no store, no Kafka, no SQL" "$UI_LIBRARY" \
	'^(mdb_|rd_kafka_|sqlite3_|cJSON_|store_|engine_|producer_|consumer_)'
check "src/ knows no curses" "$LIBRARY" \
	'^(initscr|newterm|endwin|wadd|waddch|wgetch|stdscr|doupdate|refresh|dashboard_)'

# Doors: a foreign header is included in its own folder only.
doors() { # header, folder
	grep -rlE "#[[:space:]]*include[[:space:]]*<$1" "$srcdir/src" \
		"$srcdir/ui" | grep -v "^$srcdir/$2" | tr '\n' ' '
}
n=$((n + 1))
wrong="$(doors lmdb.h src/store/)$(doors librdkafka/ src/kafka/)\
$(doors simdjson src/event/json-decode.cc)$(doors 'cjson/' src/base/json.c)\
$(doors xxhash.h src/base/hash.c)$(doors sqlite3.h src/snapshot/)$(doors libnotify/ src/alert/desktop.c)$(doors '[a-z]*curses' ui/term)"
if [ -z "$wrong" ]; then
	echo "ok $n - each library has one door"
else
	echo "not ok $n - each library has one door: $wrong"
fi

# One pipeline file drives everything: no line names what is in one. These of
# the shipped files are words that weir has of its own, or the default pipeline;
# those that are tables must not stand in quotes.
own='click|events|interactions|items|pages|timestamp|types|users|view|window_start'
tables='"(items|pages|users)"'
n=$((n + 1))
if ! command -v python3 >/dev/null; then
	echo "ok $n - no line names an event field or a table # SKIP no python3"
	exit
fi
names=$(cd "$srcdir/schema" && python3 ../tests/lib/names.py \
	$(ls ./*.json | grep -v '\.schema\.json$') |
	grep -vxE "$own" | paste -sd '|' -)
named=$(grep -rnE "\\<($names)\\>|$tables" "$srcdir/src" "$srcdir/ui" \
	--include='*.c' --include='*.cc' --include='*.h' | tr '\n' ' ')
if [ -n "$names" ] && [ -z "$named" ]; then
	echo "ok $n - no line names an event field or a table"
else
	echo "not ok $n - no line names an event field or a table: $named"
fi
