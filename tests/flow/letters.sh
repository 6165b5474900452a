#!/bin/sh
# Dead letters as JSON rows: each once, also when weir is killed and goes on, and
# with every byte of the event, whatever bytes these are.
. "${srcdir:-.}/tests/lib/tap.sh"
need kcat jq python3 mkfifo
: "${MOCK:=$PWD/tests/lib/mock}"

cat >"$tmp/pages.json" <<'END'
{
  "name": "pages",
  "topic": {"name": "pages", "partitions": 3, "key": "user_id"},
  "dead_letters": {"topic": "rows", "format": "json"},
  "event": {
    "time": "at",
    "max_bytes": 16384,
    "fields": {
      "kind": {"type": "string", "one_of": ["view", "click"]},
      "user_id": {"type": "integer", "min": 0},
      "country": {"type": "string", "max_length": 32, "none_of": ["ZZ", "X\"X"]},
      "at": {"type": "time"}
    }
  },
  "tables": {"kinds": {"by": ["kind"], "measures": {"events": "count"}}},
  "generator": {
    "bad": {"share": 0.1},
    "fields": {
      "kind": {"weights": {"view": 1, "click": 1}},
      "user_id": {"uniform": [1, 1000]},
      "country": {"weights": {"DE": 3, "ZZ": 1, "X\"X": 1}}
    }
  }
}
END

# A broker that outlives weir.
mkfifo "$tmp/orders"
"$MOCK" pages 3 <"$tmp/orders" >"$tmp/mock" &
pids="$pids $!"
exec 9>"$tmp/orders"
wait_for 30 test -s "$tmp/mock"
address=$(sed 1q "$tmp/mock")
store=$tmp/store

run() { # ARGUMENTS...
	start_weir run run "$tmp/pages.json" --brokers "$address" --no-generate \
		--headless --duration 300s --store "$store" "$@"
}

consumed() {
	"$WEIR" report "$store" 2>/dev/null | jq .ledger.consumed 2>/dev/null
}

print() { # TOPIC FILE
	kcat -q -b "$address" -t "$1" -C -e -o beginning \
		-f '%p %o %T %K %S\n%h\n%k\n%s\n' >"$2"
}

start_weir generate generate "$tmp/pages.json" --brokers "$address" --seed 5 \
	--rate 1000
generator=$pid

# --- killed -------------------------------------------------------------------------------

# Each kill comes when rows are in the topic that no commit knows of, as they are
# written before it.
more_rows() {
	kcat -q -b "$address" -t rows -C -e -o beginning -f '%o\n' \
		>"$tmp/rows.now" 2>/dev/null
	[ "$(wc -l <"$tmp/rows.now")" -gt "$1" ]
}
rows=0
kills=0
for i in 1 2 3 4 5 6; do
	run
	wait_for 60 more_rows "$rows" && kills=$((kills + 1))
	kill -KILL "$pid"
	end_of "$pid" 2>/dev/null
	more_rows 0
	rows=$(wc -l <"$tmp/rows.now")
done
is "six times there were more rows, and weir was killed" "$kills" 6

# --- whatever bytes -------------------------------------------------------------------------

kill -INT "$generator"
end_of "$generator"
is "all events are written" "$code" 0
sent=$(sed -n 's/^weir: produced \([0-9]*\),.*/\1/p' "$tmp/generate.err")
mkdir "$tmp/hostile"
python3 "$lib/hostile_messages.py" make interactions "$tmp/hostile" >/dev/null
find "$tmp/hostile" -name '*.msg' -size +16k -exec rm '{}' ';'
# As text, as no text, and each byte: these are cut below.
python3 - "$tmp/hostile" <<'END'
import sys
for name, data in (
        ("text", b'{"country":"' + b'\xc3\xbc"\\\n' * 2000 + b'"}'),
        ("bytes", bytes(range(256)) * 40),
        ("controls", bytes(range(32)) * 300)):
    with open(f"{sys.argv[1]}/large-{name}.msg", "wb") as file:
        file.write(data)
END
check "hostile messages are written" kcat -P -b "$address" -t pages \
	"$tmp"/hostile/*.msg
printf 'key:\n' | kcat -P -b "$address" -t pages -K:
printf 'key:\n' | kcat -P -b "$address" -t pages -K: -Z
run -X message.max.bytes=4000
last=$pid
check "the last run reads to the end" wait_for 60 report_says "$store" \
	".ledger.consumed > $sent and .ledger.lag == 0"
kill -INT "$last"
end_of "$last"
is "it ends well" "$code" 0
check "its ledger adds up" says "$tmp/run.out" "$ledger_holds"
print pages "$tmp/source"
print rows "$tmp/rows"
check "each dead event is in a row, once, with all its bytes" \
	python3 "$lib/letters.py" "$tmp/pages.json" pages "$tmp/source" \
	"$tmp/rows" 1000
diag "$(cat "$tmp/check.out")"
is "as many as the report has" \
	"$(kcat -q -b "$address" -t rows -C -e -o beginning -f '%o\n' | wc -l |
		tr -d ' ')" "$(of "$tmp/run.out" .ledger.dead)"

# --- a run that is over at once ----------------------------------------------------------

"$WEIR" run "$tmp/pages.json" --headless --seed 3 --events 2000 --rate max \
	--store "$tmp/short" >"$tmp/short.json" 2>"$tmp/short.err"
is "a run of less than a second ends well" $? 0
check "it says what it found dead" grep -q '^weir: [0-9]* dead letters*: .*none_of' \
	"$tmp/short.err"
diag "$(cat "$tmp/short.err")"
finish
