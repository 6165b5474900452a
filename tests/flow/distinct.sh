#!/bin/sh
# Distinct counts: what `weir generate` writes goes into sets of Python's, and
# how large these are is what the report of the same run says; also of runs that
# were killed, and of a store that several went on with.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq

sites=$tmp/sites.json
cat >"$sites" <<'END'
{
  "name": "sites",
  "topic": {"name": "sites", "partitions": 3, "key": "user"},
  "event": {
    "time": "at",
    "fields": {
      "user": {"type": "string", "max_length": 16},
      "country": {"type": "string", "max_length": 8},
      "page": {"type": "integer"},
      "at": {"type": "time"}
    }
  },
  "tables": {
    "countries": {"by": ["country"], "rank": "users", "measures": {
      "events": "count", "users": {"distinct": "user"},
      "rough": {"distinct": "user", "approximate": true},
      "pages": {"distinct": "page"}}},
    "pages": {"by": ["page"], "measures": {"users": {"distinct": "user"}}},
    "minutes": {"by": ["country"], "measures": {"users": {"distinct": "user"},
      "rough": {"distinct": "page", "approximate": true}},
      "window": {"tumbling": "10s", "keep": "24h", "lateness": "12h"}}
  },
  "panels": [{"kind": "table", "table": "countries"},
    {"kind": "windows", "table": "minutes"}],
  "generator": {
    "rate": 2000,
    "fields": {
      "user": {"zipf": 0.7, "count": 200000, "format": "u%06d"},
      "country": {"weights": {"US": 60, "DE": 25, "JP": 10, "NZ": 5}},
      "page": {"uniform": [1, 3000]}
    }
  }
}
END

# DESCRIPTION REPORT RUN...: as distinct_oracle.py has them
agrees() {
	agrees_what=$1
	shift
	if python3 "$lib/distinct_oracle.py" "$WEIR" "$sites" "$@" \
		>"$tmp/oracle" 2>&1; then
		ok "$agrees_what"
	else
		not_ok "$agrees_what"
	fi
	sed 's/^/# /' "$tmp/oracle"
}

# --- to their end ----------------------------------------------------------------------

"$WEIR" run "$sites" --headless --seed 3 --events 200000 \
	--store "$tmp/s1" >"$tmp/r1" 2>"$tmp/err" || show "$tmp/err"
agrees "200,000 events" "$tmp/r1" "3:$tmp/r1"
# Little memory: many commits, and most values are there already.
"$WEIR" run "$sites" --headless --seed 4 --events 300000 --memory 16M \
	--store "$tmp/s2" >"$tmp/r2" 2>"$tmp/err" || show "$tmp/err"
check "little memory takes many commits" jq -e '.commit >= 5' "$tmp/r2"
agrees "300,000 events in little memory" "$tmp/r2" "4:$tmp/r2"
is "the error is said of what is approximate" \
	"$(jq -c '[.tables[].standard_error]' "$tmp/r2")" \
	'[{"rough":0.008125},null,{"rough":0.008125}]'
is "there is no total of sets that overlap" \
	"$(jq -c '[.tables.countries.total, .tables.minutes.windows[0].total]' \
		"$tmp/r2")" '[null,null]'

# --- on the screen -----------------------------------------------------------------------

sed 's/"rank": "users"/"rank": "rough"/' "$sites" >"$tmp/rough.json"
cat >"$tmp/script" <<'END'
expect "4 countries · rough ±0.8 %" within 20s
keys Down Enter
expect "distinct of user, ±0.8 %"
END
check "what is approximate says so" "$WEIR" record "$tmp/rough.json" \
	--seed 3 --script "$tmp/script"

# --- killed, and gone on with -----------------------------------------------------------

enough() { # commits
	[ "$("$WEIR" report "$tmp/s3" 2>/dev/null |
		jq ".commit >= $1 and .ledger.valid > 0")" = true ]
}

runs=
for seed in 5 6 7 8; do
	begun=$(jq .commit "$tmp/k" 2>/dev/null || echo 0)
	"$WEIR" run "$sites" --headless --seed "$seed" --rate 100000 \
		--events 100000000 --store "$tmp/s3" >"$tmp/out" 2>"$tmp/err" &
	pids=$!
	wait_for 60 enough $((begun + seed - 3))
	kill -KILL "$pids"
	wait "$pids" 2>/dev/null
	pids=
	"$WEIR" report "$tmp/s3" >"$tmp/k" 2>"$tmp/err" || show "$tmp/err"
	cp "$tmp/k" "$tmp/k$seed"
	runs="$runs $seed:$tmp/k$seed"
	# shellcheck disable=SC2086
	agrees "killed in run $((seed - 4)) on a store" "$tmp/k" $runs
done
finish
