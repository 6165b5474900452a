#!/bin/sh
# What an event costs, in what a machine's speed has no part in: instructions of
# each stage (callgrind), allocations, and bytes written by commits. The events
# and commits are the same each time (tests/bench/path.c), so the figures are too.
# A figure fails when it has grown by more than a tenth over cost.expected.
#
#	UPDATE_COST=1 srcdir=.. sh ../tests/bench/cost.sh     from the build folder:
#		writes cost.expected anew
#
# Instructions depend on the compiler, and simdjson's on the processor: with
# another compiler than the one that made cost.expected, or without AVX2, the
# test is skipped.
. "${srcdir:-.}/tests/lib/tap.sh"
need valgrind callgrind_annotate
: "${COST_PATH:=$(dirname "$WEIR")/tests/bench/path}"
expected=$srcdir/tests/bench/cost.expected
events=200000

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

compiler=$("$COST_PATH" -v)
case $compiler in
*sanitized*) skip "built with sanitizers" ;;
*unoptimized*) skip "built without optimization" ;;
esac
grep -qw avx2 /proc/cpuinfo || skip "this processor has no AVX2"
if [ -z "${UPDATE_COST:-}" ] && ! grep -qx "# compiler: $compiler" "$expected"; then
	skip "cost.expected was made by another compiler than $compiler"
fi

# NAME ARGUMENTS...: lines "NAME MEASURE STAGE FIGURE" of one kind of stream.
count() {
	name=$1
	shift
	"$COST_PATH" -f "$@" >"$tmp/$name.path" || return
	awk -v name="$name" '
		$1 == "consuming" {print name, "allocations", $1, $3}
		$1 == "commit" {print name, "bytes", $1, $4}
		' "$tmp/$name.path"
	valgrind --tool=callgrind --callgrind-out-file="$tmp/$name.calls" \
		"$COST_PATH" -f "$@" >"$tmp/$name.log" 2>&1 || {
		show "$tmp/$name.log" >&2
		return 1
	}
	callgrind_annotate --inclusive=yes --auto=no --threshold=100 \
		"$tmp/$name.calls" | awk -v name="$name" -v events="$events" '
		match($0, /:stage_[a-z]+/) {
			stage = substr($0, RSTART + 7, RLENGTH - 7)
			gsub(/,/, "", $1)
			if (!(stage in ir) || $1 > ir[stage])
				ir[stage] = $1
		}
		END {
			for (stage in ir)
				if (stage != "settle")
					printf "%s instructions %s %.1f\n", name,
						stage, ir[stage] / events
		}' | sort
}

# Few keys that are hot, and many of which none is: what is cheap for the one is
# often dear for the other. Then a table that is large for its memory.
{
	count zipf -c 50000 "$events" &&
		count uniform -u -c 100000 "$events" 10000000 &&
		count large -u -m 16 -c 5000 "$events" 1000000
} >"$tmp/counted" || {
	echo "Bail out! the path could not be counted"
	exit 1
}

if [ -n "${UPDATE_COST:-}" ]; then
	{
		echo "# What an event costs: tests/bench/cost.sh says how it is counted,"
		echo "# and how this file is written."
		echo "# compiler: $compiler"
		cat "$tmp/counted"
	} >"$expected"
fi

check "all that is expected was counted" test \
	"$(grep -vc '^#' "$expected")" -eq "$(wc -l <"$tmp/counted")"
while read -r name measure stage figure; do
	wanted=$(awk -v key="$name $measure $stage" \
		'$1 " " $2 " " $3 == key {print $4}' "$expected")
	verdict=$(awk -v is="$figure" -v was="${wanted:--1}" 'BEGIN {
		print (was < 0 ? "unknown" : is > was * 1.1 ? "more" :
			is < was * 0.9 ? "less" : "same")
	}')
	what="$name: $measure of $stage per event: $figure, expected $wanted"
	case $verdict in
	same) ok "$what" ;;
	less)
		ok "$what"
		diag "less than before: UPDATE_COST=1 writes it down"
		;;
	*) not_ok "$what" ;;
	esac
done <"$tmp/counted"
finish
