#!/bin/sh
# How exact the generator's rate is: at each target over 10 s, once as lines on
# stdout and once through the broker. Ends with 1 when one is off by more than
# 1 %. Not a test: a busy machine may miss a rate without anything being wrong.
#
#	WEIR=build/weir sh tests/bench/rate.sh [RATE...]
set -u
: "${WEIR:?is not set: the path of the program}"
srcdir=${srcdir:-.}
seconds=10
tmp=$(mktemp -d "${TMPDIR:-/tmp}/weir-bench.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
pipeline=$srcdir/schema/interactions.json
failed=0

# WHERE TARGET MEASURED
line() {
	awk -v where="$1" -v target="$2" -v measured="$3" 'BEGIN {
		off = (measured / target - 1) * 100
		bad = off > 1 || off < -1
		printf "%-8s %12.1f %14.2f %+10.3f %%%s\n", where, target,
			measured, off, bad ? "  off" : ""
		exit bad
	}' || failed=1
}

[ $# -gt 0 ] || set -- 10 1000 100000
printf '%-8s %12s %14s %12s\n' through "target, /s" "measured, /s" deviation
for rate; do
	# The events say themselves when they were made; of those that were made
	# at the last instant it is not known how long that lasted.
	"$WEIR" generate "$pipeline" --stdout --rate "$rate" \
		--duration "${seconds}s" >"$tmp/events" || exit 1
	line stdout "$rate" "$(awk -F'"timestamp":' '
		{ at = $2 + 0 }
		NR == 1 { first = at }
		at > last { before = NR - 1; last = at }
		END { if (last > first) print before * 1000 / (last - first)
			else print 0 }' "$tmp/events")"

	# By the clock of the run itself: produced in the time it was told to.
	"$WEIR" run "$pipeline" --headless --rate "$rate" \
		--duration "${seconds}s" --store "$tmp/store" --fresh \
		>"$tmp/report" 2>"$tmp/err" || {
		cat "$tmp/err"
		exit 1
	}
	line broker "$rate" "$(awk -F'[:,]' -v seconds="$seconds" '
		/"produced":/ { print $2 / seconds; exit }' "$tmp/report")"
done
exit $failed
