#!/bin/sh
# Snapshots: what stands in the SQLite file is what the report of the same commit
# says, and what is counted from the events by other means; whatever happens
# meanwhile, the file is whole.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq sqlite3 kcat

mounted=
cleanup() {
	[ -z "$mounted" ] || umount "$mounted" 2>/dev/null || umount -l "$mounted"
}

# FILE SQL: the answer, one line a row
ask() {
	sqlite3 -readonly -cmd '.timeout 5000' "$1" "$2" 2>&1
}

# FILE SQL WANTED
asked() {
	[ "$(ask "$1" "$2")" = "$3" ]
}

# DESCRIPTION ARGUMENTS...: of snapshot_check.py
look() {
	look_what=$1
	shift
	if python3 "$lib/snapshot_check.py" "$@" >"$tmp/look.out" 2>&1; then
		ok "$look_what"
	else
		not_ok "$look_what" "$tmp/look.out"
	fi
}

# DESCRIPTION NAME ARGUMENTS...: a run to its end, report in $tmp/NAME.out
run() {
	run_what=$1
	run_name=$2
	shift 2
	start_weir "$run_name" run "$@" --headless
	end_of "$pid"
	is "$run_what: exit code" "$code" 0
	[ "$code" -eq 0 ] || show "$tmp/$run_name.err"
}

# --- the numbers ---------------------------------------------------------------------

db=$tmp/a.db
"$WEIR" generate "$interactions" --stdout --seed 7 --events 150000 --bad 0.02 \
	>"$tmp/events"
run "with snapshots" first "$interactions" --seed 7 --events 150000 \
	--bad 0.02 --rate 100000 --store "$tmp/a" --snapshot "$db" \
	--snapshot-every 250ms
look "the last snapshot is what the report says" report "$db" "$tmp/first.out"
look "every row is what is counted, here and in exports" rows "$db" \
	"$interactions" "$tmp/events" "$WEIR" "$tmp/a"
check "there were several on the way" \
	[ "$(ask "$db" 'SELECT count(*) FROM snapshot')" -ge 3 ]
# As docs/snapshots.md says it was made.
run "documented" documented "$interactions" --seed 7 --events 200000 --bad 0.01 \
	--rate 50000 --store "$tmp/d" --snapshot "$tmp/d.db" --snapshot-every 1s
check "SQLite's shell answers what is asked there, as written there" \
	python3 "$lib/doc_answers.py" "$srcdir/docs/snapshots.md" "$tmp/d.db"
is "numbers only grow" "$(ask "$db" 'SELECT count(*) FROM (SELECT valid,
	lag(valid, 1, 0) OVER (ORDER BY id) AS b FROM snapshot) WHERE valid < b')" 0
is "there is an average over time" "$(ask "$db" 'SELECT count(*) = (SELECT
	count(*) FROM snapshot) FROM average_per_user_id_over_time')" 1
is "there are extremes over windows" "$(ask "$db" 'SELECT sum(total) = (SELECT
	valid FROM latest) FROM extremes_per_window_item_minute')" 1
is "each dead letter is there once" "$(ask "$db" 'SELECT count(*) -
	count(DISTINCT partition || "/" || "offset") FROM dead_letter')" 0
"$WEIR" snapshot "$tmp/a" "$db" 2>"$tmp/err"
is "weir snapshot finds nothing new, and ends with" $? 0
check "it says so" grep -q 'has commit .* already' "$tmp/err"

# A second run on the same store adds to it; the tables go on.
"$WEIR" generate "$interactions" --stdout --seed 8 --events 50000 \
	>>"$tmp/events"
run "a second run" second "$interactions" --seed 8 --events 50000 \
	--store "$tmp/a" --snapshot "$db"
look "a second run: its last snapshot is what the report says" report "$db" \
	"$tmp/second.out"
look "a second run: every row is what is counted" rows "$db" "$interactions" \
	"$tmp/events" "$WEIR" "$tmp/a"
is "a second run: there are two" \
	"$(ask "$db" 'SELECT count(*) FROM run')" 2

{
	"$WEIR" export "$tmp/a" users 2>"$tmp/err"
	echo $? >"$tmp/code"
} | head -n 1 >"$tmp/out"
is "a reader of an export that goes away is the end" "$(cat "$tmp/code")" 0
check "it says nothing" [ ! -s "$tmp/err" ]

# --- all kinds of keys and measures ---------------------------------------------------

cat >"$tmp/kinds.json" <<'END'
{
  "name": "kinds",
  "topic": {"name": "kinds", "partitions": 3},
  "event": {
    "time": "at",
    "fields": {
      "who": {"type": "string", "max_length": 40},
      "city": {"type": "string", "optional": true, "max_length": 40},
      "never": {"type": "string", "optional": true, "max_length": 40},
      "amount": {"type": "number"},
      "level": {"type": "integer", "min": -50, "max": 50},
      "vip": {"type": "boolean"},
      "at": {"type": "time"}
    }
  },
  "tables": {
    "select": {"by": ["who"], "rank": "group", "measures": {"n": "count",
      "group": {"sum": "amount"}, "level": {"average": "level"}}},
    "a.b-c": {"by": ["city", "vip", "never"], "measures": {"n": "count",
      "least": {"minimum": "amount"}, "most": {"maximum": "level"}}},
    "level": {"by": ["level", "who"], "measures": {"Level": "count"}},
    "brief": {"by": ["city"], "measures": {"n": "count", "sum": {"sum": "level"}},
      "window": {"tumbling": "1s", "keep": "5s", "lateness": "1s"}}
  },
  "generator": {
    "rate": 1000,
    "fields": {
      "who": {"zipf": 0.9, "count": 500, "format": "ü%03d"},
      "city": {"weights": {"Åbo": 3, "=SUM(A1)": 5, "": 1}},
      "amount": {"uniform": [0, 9999], "format": "%d.25"},
      "level": {"uniform": [-50, 50]},
      "vip": {"weights": {"true": 1, "false": 9}}
    }
  }
}
END
"$WEIR" generate "$tmp/kinds.json" --stdout --seed 3 --events 30000 \
	>"$tmp/events"
run "all kinds" kinds "$tmp/kinds.json" --seed 3 --events 30000 --rate 60000 \
	--store "$tmp/kinds" --snapshot "$tmp/kinds.db" --snapshot-every 100ms
look "all kinds: the last snapshot is what the report says" report \
	"$tmp/kinds.db" "$tmp/kinds.out"
look "all kinds: every row is what is counted" rows "$tmp/kinds.db" \
	"$tmp/kinds.json" "$tmp/events" "$WEIR" "$tmp/kinds"

# --- hostile keys ----------------------------------------------------------------------

db=$tmp/hostile.db
start_weir hostile run "$interactions" --headless --rate 0 --store "$tmp/h" \
	--snapshot "$db" --snapshot-every 200ms
broker_of hostile
python3 - "$tmp/keys" >"$tmp/messages" <<'END'
import json, sys
keys = ["", "\0", "a\0b", "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1",
	"it's", "say \"so\"", "a,b", "line\nbreak", "line\r\nbreak", "\x1b[2J",
	"'); DROP TABLE snapshot; --", "\"", "'", ";", "é", "e\u0301", "\u202e",
	"😀", "\ufffd", "NULL", "0x10", "1e5", " ", "%s%n", "\\", "'=1"]
json.dump({k: i + 1 for i, k in enumerate(keys)}, open(sys.argv[1], "w"))
for i, key in enumerate(keys):
	for n in range(i + 1):
		print(json.dumps({"user_id": key, "item_id": "i", "timestamp": n,
				  "interaction_type": "view"}))
END
sent=$(wc -l <"$tmp/messages")
check "hostile keys can be sent" kcat -P -b "$broker" -t interactions -l \
	"$tmp/messages"
check "hostile keys: a snapshot has them while weir runs" wait_for 30 \
	asked "$db" 'SELECT valid FROM latest' "$((sent))"
look "hostile keys: in SQLite and in exports they are what was sent" \
	keys "$db" users "$tmp/keys" "$WEIR" "$tmp/h"
check "hostile keys: weir snapshot on a store that is being written" \
	"$WEIR" snapshot "$tmp/h" "$tmp/beside.db"
look "hostile keys: they are there as well" \
	keys "$tmp/beside.db" users "$tmp/keys" "$WEIR" "$tmp/h"
kill -INT "$pid"
end_of "$pid"
is "hostile keys: ends with 0" "$code" 0
look "hostile keys: the last snapshot is what the report says" report "$db" \
	"$tmp/hostile.out"

# --- what is refused ---------------------------------------------------------------------

code=0
"$WEIR" run "$tmp/kinds.json" --headless --events 10 --store "$tmp/refused" \
	--snapshot "$db" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
is "a file of another pipeline is refused" "$code" 1
check "it says why" grep -q 'hostile.db is of another pipeline' "$tmp/err"
check "nothing was begun" [ ! -e "$tmp/refused" ]
code=0
"$WEIR" snapshot "$tmp/kinds" "$interactions" 2>"$tmp/err" || code=$?
is "a file that is no database is refused" "$code" 1
check "it is left as it is" cmp "$interactions" "$srcdir/schema/interactions.json"

# --- killed ----------------------------------------------------------------------------------

# Many keys and no pause between snapshots: nearly always one is being written.
# Whether it is, its lock tells.
cat >"$tmp/kill.py" <<'END'
import os, signal, sqlite3, sys, time
file, pid, delay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
db = sqlite3.connect(file, timeout=0, isolation_level=None)
time.sleep(delay)
until = time.monotonic() + 20
while time.monotonic() < until:
	try:
		db.execute("BEGIN IMMEDIATE")
		db.execute("ROLLBACK")
	except sqlite3.OperationalError:
		time.sleep(delay / 10)
		os.kill(pid, signal.SIGKILL)
		sys.exit(0)
	time.sleep(0.001)
os.kill(pid, signal.SIGKILL)
sys.exit(1)
END
sed 's/"user_id": *{"zipf"[^}]*}/"user_id": {"uniform": [1, 1000000], "format": "u%07d"}/' \
	"$interactions" >"$tmp/wide.json"
db=$tmp/killed.db
whole=0
midway=0
next=0
for i in 1 2 3 4 5 6; do
	had=$(ask "$db" 'SELECT coalesce(max(id), 0) FROM snapshot')
	[ $i -gt 1 ] || had=0
	start_weir killed run "$tmp/wide.json" --headless --seed $i \
		--rate 300000 --store "$tmp/k" --snapshot "$db" \
		--snapshot-every 20ms
	wait_for 60 asked "$db" "SELECT max(id) > $had FROM snapshot" 1
	python3 "$tmp/kill.py" "$db" "$pid" "0.$((i * 17 % 10))$i" &&
		midway=$((midway + 1))
	end_of "$pid"
	asked "$db" 'PRAGMA integrity_check' ok && whole=$((whole + 1))
	"$WEIR" snapshot "$tmp/k" "$db" 2>"$tmp/err" || show "$tmp/err"
	"$WEIR" report "$tmp/k" >"$tmp/report"
	if python3 "$lib/snapshot_check.py" report "$db" "$tmp/report" \
		>"$tmp/look.out" 2>&1 && asked "$db" "SELECT sum(interactions)
		= (SELECT valid FROM latest) FROM current_users" 1; then
		next=$((next + 1))
	else
		show "$tmp/look.out"
	fi
done
is "killed six times: the file is whole each time" $whole 6
is "killed six times: the next snapshot is what the report says" $next 6
is "killed six times: amid the writing" $midway 6

# --- a full disk -----------------------------------------------------------------------------

mkdir "$tmp/small"
if mount -t tmpfs -o size=2m weir-snapshot "$tmp/small" 2>"$tmp/mount"; then
	mounted=$tmp/small
	db=$tmp/small/full.db
	start_weir full run "$tmp/wide.json" --headless --seed 1 --rate 50000 \
		--store "$tmp/f" --snapshot "$db" --snapshot-every 100ms
	check "a full disk: says so" wait_for 60 \
		grep -q '^weir: the disk of the snapshot file .* is full' \
		"$tmp/full.err"
	"$WEIR" report "$tmp/f" >"$tmp/report"
	valid=$(of "$tmp/report" .ledger.valid)
	check "a full disk: the flow goes on" wait_for 30 report_says "$tmp/f" \
		".ledger.valid > $valid + 50000"
	mount -o remount,size=400m "$tmp/small"
	check "room again: the next snapshot works" wait_for 30 \
		asked "$db" "SELECT valid > $valid FROM latest" 1
	check "room again: says so" wait_for 30 grep -q '^weir: going on' \
		"$tmp/full.err"
	kill -INT "$pid"
	end_of "$pid"
	is "room again: ends with 0" "$code" 0
	look "room again: the last snapshot is what the report says" report \
		"$db" "$tmp/full.out"
else
	ok "a full disk # SKIP cannot mount a small one: $(sed 1q "$tmp/mount")"
fi
finish
