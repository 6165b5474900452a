# Helpers of tests that look at the screen in a real terminal, which is tmux'.
#
# Sourced behind tests/lib/tap.sh. open_terminal begins a shell in it; launch
# starts weir there, keys are typed, and what the screen shows is waited for. Its
# lines, as they were looked at last, are in $tmp/screen.
LC_ALL=C.UTF-8
LANG=C.UTF-8
TMUX_TMPDIR=$tmp
export LC_ALL LANG TMUX_TMPDIR
unset TMUX NO_COLOR

terminal() {
	tmux -L "weir-test-$$" -f /dev/null "$@"
}
cleanup() {
	terminal kill-server 2>/dev/null
}

keys() {
	terminal send-keys -t weir "$@"
}

capture() {
	terminal capture-pane -p -t weir >"$tmp/screen" 2>/dev/null
}

shows() {
	capture && grep -Eq -e "$1" "$tmp/screen"
}

shows_not() {
	capture && ! grep -Eq -e "$1" "$tmp/screen"
}

# DESCRIPTION REGEX: sooner or later the screen shows it
expect() {
	if wait_for 30 shows "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "not on the screen: $2"
		sed 's/^/#   |/' "$tmp/screen"
	fi
}

expect_not() {
	if wait_for 30 shows_not "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "still on the screen: $2"
	fi
}

# LABEL: the number behind it, or nothing
number() {
	capture && python3 "$lib/screen.py" number "$1" "$tmp/screen"
}

beyond() {
	[ "$(number "$1" || echo -1)" -gt "$2" ]
}

# ARGUMENTS...: weir, in the foreground of the terminal's shell. Its process id
# goes to $tmp/pid; the shell says its exit code.
launch() {
	rm -f "$tmp/pid"
	{
		echo "echo \$\$ >'$tmp/pid'"
		echo "export ASAN_OPTIONS='${ASAN_OPTIONS:-}'"
		printf "exec '%s'" "$WEIR"
		printf " '%s'" "$@"
		echo
	} >"$tmp/go"
	keys "clear; stty -a >'$tmp/stty.before'; sh '$tmp/go'; echo code=\$?" \
		Enter
}

# In a terminal of 120 x 40; where there can be none, the test is skipped.
open_terminal() {
	if ! terminal new-session -d -s weir -x 120 -y 40 \
		"env PS1='ready> ' ENV= sh -i" 2>"$tmp/err"; then
		if [ -n "${CI:-}" ]; then
			not_ok "tmux runs: $(cat "$tmp/err")"
			finish
		fi
		echo "1..0 # SKIP tmux does not run here: $(sed 1q "$tmp/err")"
		exit 0
	fi
	expect "there is a shell" '^ready>'
}
