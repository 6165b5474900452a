# What the fault tests share: TAP, a folder of their own, waiting for things.
# To be sourced, from the build directory:  . "${srcdir:-.}/tests/fault/lib.sh"
#
# Nothing here sleeps for a fixed time: wait_for() asks until a condition holds
# or a deadline has passed.

set -u
export LC_ALL=C.UTF-8
: "${srcdir:=.}" "${WEIR:=./weir}"
case $WEIR in /*) ;; *) WEIR=$PWD/$WEIR ;; esac
srcdir=$(cd "$srcdir" && pwd)
lib=$srcdir/tests/lib
tests=0
pids=
mounts=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/weir-fault.XXXXXX") || exit 1
export XDG_STATE_HOME="$tmp/state"

cleanup() {
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	[ -z "${immutable:-}" ] || chattr -i "$immutable" 2>/dev/null
	for mounted in $mounts; do
		umount "$mounted" 2>/dev/null || umount -l "$mounted"
	done
	chmod -R u+rwX "$tmp" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

ok() { # description
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

not_ok() { # description [file with diagnostics]
	tests=$((tests + 1))
	echo "not ok $tests - $1"
	[ $# -lt 2 ] || sed 's/^/#   /' "$2" | head -n 40
}

# Runs a command; what it prints are the diagnostics when it fails.
check() { # description command...
	checked=$1
	shift
	if "$@" >"$tmp/check" 2>&1; then
		ok "$checked"
		sed -n 's/^note: /# /p' "$tmp/check"
	else
		not_ok "$checked" "$tmp/check"
	fi
}

diag() {
	echo "# $*"
}

done_testing() {
	echo "1..$tests"
	exit 0
}

# Programs that must be there; in CI their absence is a failure.
need() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		if [ -n "${CI:-}" ]; then
			not_ok "$program is installed"
			done_testing
		fi
		echo "1..0 # SKIP $program is not installed"
		exit 0
	done
}

now() {
	date +%s
}

wait_for() { # seconds command...
	wait_until=$(($(now) + $1))
	shift
	until "$@"; do
		[ "$(now)" -lt "$wait_until" ] || return 1
		sleep 0.05
	done
}

gone() { # pid
	! kill -0 "$1" 2>/dev/null ||
		grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# Starts weir; its output is in $tmp/out and $tmp/err, its process is $weir.
start() { # arguments...
	: >"$tmp/err"
	"$WEIR" "$@" >"$tmp/out" 2>"$tmp/err" &
	weir=$!
	pids="$pids $weir"
}

# Waits for it to end; its exit code is $code, 124 when it had to be killed.
finish() { # seconds
	if wait_for "$1" gone "$weir"; then
		wait "$weir"
		code=$?
	else
		kill -KILL "$weir" 2>/dev/null
		wait "$weir" 2>/dev/null
		code=124
	fi
	forget "$weir"
}

forget() { # pid
	kept=
	for pid in $pids; do
		[ "$pid" = "$1" ] || kept="$kept $pid"
	done
	pids=$kept
}

# Random numbers, the same in each run.
random=${SEED:-20250101}
roll() { # below what; the number is $rolled
	random=$(((random * 1103515245 + 12345) & 0x7fffffff))
	rolled=$(((random >> 8) % $1))
}

# One value of a store's report; nothing while there is none.
report_value() { # store jq-filter
	"$WEIR" report "$1" 2>/dev/null | jq -r "$2" 2>/dev/null
}

report_says() { # store jq-filter that is true or false
	[ "$(report_value "$1" "$2")" = true ]
}
