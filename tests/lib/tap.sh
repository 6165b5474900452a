# Helpers of the tests that are shell scripts: TAP, a temporary folder, waiting,
# processes.
#
# A test sources this file first:
#
#	. "${srcdir:-.}/tests/lib/tap.sh"
#
# and ends with `finish`. It may be run from any folder, by automake with WEIR
# and srcdir in its environment, or by hand from the source folder:
#
#	WEIR=build/weir sh tests/flow/signals.sh
#
# $tmp is a folder of its own that goes away at the end, with all processes in
# $pids; the default stores and the settings of weir are in it too. Nothing sleeps but wait_for.
set -u

srcdir=${srcdir:-.}
lib=$srcdir/tests/lib
interactions=$srcdir/schema/interactions.json
: "${WEIR:?is not set: the path of the program to be tested}"
case $WEIR in
/*) ;;
*) WEIR=$PWD/$WEIR ;;
esac
[ -n "${TMPDIR:-}" ] && [ -d "${TMPDIR:-}" ] || TMPDIR=/tmp

tap_n=0
tap_failures=0
pids=

tmp=$(mktemp -d "$TMPDIR/weir-test.XXXXXX") || exit 99
mkdir "$tmp/state" || exit 99
XDG_STATE_HOME=$tmp/state
XDG_CONFIG_HOME=$tmp/config
export XDG_STATE_HOME XDG_CONFIG_HOME

tap_cleanup() {
	for tap_pid in $pids; do
		kill -9 "$tap_pid" 2>/dev/null && wait "$tap_pid" 2>/dev/null
	done
	# A test may have more to stop; it defines this function again.
	cleanup
	rm -rf "$tmp"
}
cleanup() { :; }
trap tap_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# The first lines of a file, as diagnostics.
show() {
	[ -s "$1" ] && sed -n '1,20s/^/#   /p' "$1"
	return 0
}

ok() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

# DESCRIPTION [FILE]: the file's first lines are the diagnostics
not_ok() {
	tap_n=$((tap_n + 1))
	tap_failures=$((tap_failures + 1))
	echo "not ok $tap_n - $1"
	[ $# -lt 2 ] || show "$2"
}

# DESCRIPTION COMMAND...: the command succeeds. What it prints is shown when it
# does not, and lines that begin with "note: " when it does.
check() {
	tap_what=$1
	shift
	if "$@" >"$tmp/check.out" 2>&1; then
		ok "$tap_what"
		sed -n 's/^note: /# /p' "$tmp/check.out"
	else
		not_ok "$tap_what" "$tmp/check.out"
	fi
}

# DESCRIPTION GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		diag "got:    $2"
		diag "wanted: $3"
	fi
}

# What the test cannot do without. Whoever sets CI wants to know that it was
# not there, not that nothing was tested.
need() {
	for tap_tool; do
		command -v "$tap_tool" >/dev/null 2>&1 && continue
		if [ -n "${CI:-}" ]; then
			echo "Bail out! there is no $tap_tool"
			exit 1
		fi
		echo "1..0 # SKIP there is no $tap_tool"
		exit 0
	done
}

finish() {
	echo "1..$tap_n"
	[ "$tap_failures" -eq 0 ] || diag "$tap_failures of $tap_n failed"
	exit 0
}

# SECONDS COMMAND...: until the command succeeds; fails when it never did. The
# machine may be slow: deadlines are for what will never happen. After some of
# that the test has failed anyway, and patience ends.
tap_waits=0
wait_for() {
	tap_seconds=$1
	shift
	[ "$tap_waits" -lt 4 ] || tap_seconds=2
	tap_until=$(($(date +%s) + tap_seconds))
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge "$tap_until" ]; then
			tap_waits=$((tap_waits + 1))
			return 1
		fi
		sleep 0.05
	done
}

# Random numbers, the same in each run.
random=${SEED:-20250101}
roll() { # below what; the number is $rolled
	random=$(((random * 1103515245 + 12345) & 0x7fffffff))
	rolled=$(((random >> 8) % $1))
}

# --- weir ------------------------------------------------------------------------

# NAME ARGUMENTS...: weir in the background; what it says goes to $tmp/NAME.out
# and $tmp/NAME.err, its process id to $pid.
start_weir() {
	tap_name=$1
	shift
	# It may begin late, and what the last one said is over.
	: >"$tmp/$tap_name.err"
	"$WEIR" "$@" >"$tmp/$tap_name.out" 2>"$tmp/$tap_name.err" </dev/null &
	pid=$!
	pids="$pids $pid"
}

# PID: its end, and its exit code in $code.
end_of() {
	code=0
	wait "$1" || code=$?
	tap_left=
	for tap_pid in $pids; do
		[ "$tap_pid" = "$1" ] || tap_left="$tap_left $tap_pid"
	done
	pids=$tap_left
}

gone() { # pid
	! kill -0 "$1" 2>/dev/null ||
		grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# SECONDS PID: until it has ended by itself, else it is killed; its exit code in
# $code, 124 when it was killed.
end_within() {
	if wait_for "$1" gone "$2"; then
		end_of "$2"
	else
		kill -KILL "$2" 2>/dev/null
		end_of "$2"
		code=124
	fi
}

# NAME: the broker that a headless weir named on stderr, in $broker.
broker_of() {
	# The first line is this or why there is none.
	wait_for 60 grep -q '^weir: ' "$tmp/$1.err" || return 1
	broker=$(sed -n 's/^weir: broker \([^,]*\),.*/\1/p' "$tmp/$1.err" |
		sed 1q)
	[ -n "$broker" ]
}

# FILE JQ-FILTER: there is one report in the file, and the filter is true of it.
# (jq -e alone is content with an empty file.)
says() {
	jq -e -s "length == 1 and (.[0] | $2)" "$1"
}

# The same of the report of a store, also of one that is being written.
report_says() {
	"$WEIR" report "$1" >"$tmp/report_says" 2>/dev/null &&
		says "$tmp/report_says" "$2"
}

# FILE FILTER: what jq makes of it, in one line.
of() {
	jq -c "$2" "$1" 2>&1
}

# All equations of the ledger, and nothing negative.
ledger_holds='.ledger | .balanced
	and .produced == .acked + .unacked + .failed
	and .consumed == .valid + .dead
	and .acked + .foreign == .consumed + .lag + .lost + .skipped
	and ([.dead_by_reason[]] | add // 0) == .dead
	and ([.. | numbers] | min) >= 0'
