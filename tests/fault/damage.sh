#!/bin/sh
# Pages of a store are overwritten. LMDB keeps no checksums, so it may be led
# anywhere by them: weir says that the store is damaged or is right all the same,
# but neither dies of it, hangs, nor harms what can still be read.
#
#	PLACES=1000 SEED=7 sh tests/fault/damage.sh	other places, and more
. "${srcdir:-.}/tests/fault/lib.sh"
need python3 jq

# What a sanitizer makes of a signal, the program is to do itself.
signals=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}$signals:handle_abort=0"

store=$tmp/whole
start run interactions --headless --seed 6 --events 30000 --store "$store"
ended 60
cp "$tmp/out" "$tmp/whole.json"
size=$(stat -c %s "$store/data.mdb")
if [ "$code" = 0 ] && [ "$size" -gt 1000000 ]; then
	ok "a store of $((size / $(getconf PAGESIZE))) pages"
else
	not_ok "a store of $size bytes, exit code $code" "$tmp/err"
	finish
fi
check "damage: said, or nothing is wrong" python3 "$lib/damage.py" "$WEIR" \
	"$store" "$tmp/whole.json" "$tmp" "${PLACES:-120}" \
	"$interactions"

# Most of this one are the values behind distinct counts.
cat >"$tmp/sites.json" <<'END'
{
  "name": "sites",
  "topic": {"name": "sites", "key": "user"},
  "event": {"time": "at", "fields": {
    "user": {"type": "string", "max_length": 16},
    "country": {"type": "string", "max_length": 8},
    "at": {"type": "time"}}},
  "tables": {
    "countries": {"by": ["country"], "measures": {"events": "count",
      "users": {"distinct": "user"},
      "rough": {"distinct": "user", "approximate": true}}},
    "seconds": {"by": ["country"], "measures": {"users": {"distinct": "user"}},
      "window": {"tumbling": "1s"}}},
  "generator": {"rate": 2000, "fields": {
    "user": {"zipf": 0.7, "count": 200000, "format": "u%06d"},
    "country": {"weights": {"US": 6, "DE": 3, "JP": 1}}}}
}
END
start run "$tmp/sites.json" --headless --seed 7 --events 20000 \
	--store "$tmp/sets"
ended 60
cp "$tmp/out" "$tmp/sets.json"
check "damage to distinct values: the same" python3 "$lib/damage.py" "$WEIR" \
	"$tmp/sets" "$tmp/sets.json" "$tmp" "$((${PLACES:-120} / 2))" \
	"$tmp/sites.json"

# Cut off at each of several lengths, at rest and while it is written.
for pages in 0 1 2 3 50 200; do
	rm -rf "$tmp/cut"
	cp -r "$store" "$tmp/cut"
	truncate -s $((pages * $(getconf PAGESIZE))) "$tmp/cut/data.mdb"
	code=0
	timeout 60 "$WEIR" report "$tmp/cut" >"$tmp/out" 2>"$tmp/err" || code=$?
	if [ "$code" = 1 ] && grep -q "^weir: .*$tmp/cut" "$tmp/err"; then
		ok "report of the first $pages pages: says so"
	else
		echo "exit code $code" >>"$tmp/err"
		not_ok "report of the first $pages pages: says so" "$tmp/err"
	fi
done
rm -rf "$tmp/cut"
start run interactions --headless --seed 8 --rate 20000 --store "$tmp/cut"
wait_for 30 report_says "$tmp/cut" '.ledger.valid > 20000'
truncate -s $((2 * $(getconf PAGESIZE))) "$tmp/cut/data.mdb"
ended 60
if [ "$code" = 1 ] && grep -q "^weir: the store $tmp/cut is damaged" \
	"$tmp/err"; then
	ok "cut off while it runs: says so and ends"
else
	echo "exit code $code" >>"$tmp/err"
	not_ok "cut off while it runs: says so and ends" "$tmp/err"
fi

# A crash that no store is the cause of is not put down to one.
start run interactions --headless --seed 9 --rate 1000 --store "$tmp/sound"
wait_for 30 report_says "$tmp/sound" '.ledger.valid > 0'
kill -s BUS "$weir"
ended 30
if [ "$code" = 135 ] && grep -q '^weir: crashed (SIGBUS)' "$tmp/err" &&
	! grep -q damaged "$tmp/err"; then
	ok "SIGBUS from outside: not the store's fault"
else
	echo "exit code $code" >>"$tmp/err"
	not_ok "SIGBUS from outside: not the store's fault" "$tmp/err"
fi
check "and its store is whole" report_says "$tmp/sound" \
	'.ledger.balanced and .ledger.valid == .tables.users.total'
finish
