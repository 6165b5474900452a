# What the fault tests share, behind tests/lib/tap.sh, which it reads:
#
#	. "${srcdir:-.}/tests/fault/lib.sh"
#
# One weir at a time: start begins it, ended waits for its end.
. "${srcdir:-.}/tests/lib/tap.sh"
LC_ALL=C.UTF-8
export LC_ALL

mounts=
cleanup() {
	[ -z "${immutable:-}" ] || chattr -i "$immutable" 2>/dev/null
	for mounted in $mounts; do
		umount "$mounted" 2>/dev/null || umount -l "$mounted"
	done
	chmod -R u+rwX "$tmp" 2>/dev/null
}

# Starts weir; its output is in $tmp/out and $tmp/err, its process is $weir.
start() { # arguments...
	: >"$tmp/err"
	"$WEIR" "$@" >"$tmp/out" 2>"$tmp/err" &
	weir=$!
	pids="$pids $weir"
}

# Waits for it to end; its exit code is $code, 124 when it had to be killed.
ended() { # seconds
	end_within "$1" "$weir"
}

# One value of a store's report; nothing while there is none.
report_value() { # store jq-filter
	"$WEIR" report "$1" 2>/dev/null | jq -r "$2" 2>/dev/null
}
