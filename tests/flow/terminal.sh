#!/bin/sh
# The program in a real terminal, which is tmux': the screen, the keys, sizes,
# and what is left of it all when it ends, however it ends.
. "${srcdir:-.}/tests/lib/tap.sh"
need tmux jq python3

. "$lib/terminal.sh"

# DESCRIPTION CODE: weir has ended, and the terminal is the shell's again
restored() {
	expect "$1: exit code" "^code=$2\$"
	# The shell works, and what is typed is seen.
	keys "stty -a >'$tmp/stty.after'; echo al'ive'" Enter
	expect "$1: the shell works" '^alive$'
	expect "$1: what is typed is seen" "echo al'ive'"
	# Sizes may have changed; flags may not.
	sed 's/rows [0-9]*; columns [0-9]*;//' "$tmp/stty.before" >"$tmp/stty.1"
	sed 's/rows [0-9]*; columns [0-9]*;//' "$tmp/stty.after" >"$tmp/stty.2"
	check "$1: the terminal's modes are as before" \
		cmp "$tmp/stty.1" "$tmp/stty.2"
	check "$1: it echoes and reads lines" sh -c \
		"grep -Eq '(^| )icanon' '$tmp/stty.2' &&
		grep -Eq '(^| )echo( |\$)' '$tmp/stty.2'"
	is "$1: the cursor is seen, the screen is the first one" \
		"$(terminal display-message -p -t weir \
			'#{cursor_flag} #{alternate_on} #{keypad_cursor_flag}')" \
		'1 0 0'
}

frozen_twice() {
	capture
	grep -v ' FROZEN ' "$tmp/screen" >"$tmp/screen.1"
	grep -q ' FROZEN ' "$tmp/screen" || return 1
	capture
	grep -v ' FROZEN ' "$tmp/screen" >"$tmp/screen.2"
	cmp -s "$tmp/screen.1" "$tmp/screen.2"
}

adds_up() {
	keys Space
	wait_for 30 frozen_twice
	check "$1" python3 "$lib/screen.py" adds-up "$tmp/screen"
	keys Space
	wait_for 30 shows_not ' FROZEN '
}

# --- begin ----------------------------------------------------------------------------

open_terminal
store=$tmp/store
launch run "$interactions" --store "$store"
expect "the pipeline and its source are on the screen" \
	'interactions ◂ embedded broker 127\.0\.0\.1:[0-9]+, 4 partitions'
expect "its tables are, too" '[─▸]users ─.* │ [─1-9] items ─'
some_valid() {
	was=$(number valid) && [ -n "$was" ]
}
wait_for 30 beyond valid 0
wait_for 30 some_valid
check "the numbers grow" wait_for 30 beyond valid "$was"

# --- the rate ----------------------------------------------------------------------------

target() { # DESCRIPTION KEY RATE
	keys "$2"
	expect "$1" "^ *$3 target"
}

expect "the rate is the pipeline's" '^ *1,000/s target'
target "> doubles the rate" '>' '2,000/s'
target "< halves it" '<' '1,000/s'
target "and again" '<' '500/s'
target "+ is a tenth more" + '550/s'
target "- is a tenth less" - '495/s'
target "] is a hundredth more" ']' '500/s'
target "[ is a hundredth less" '[' '495/s'
keys r
expect "r asks for a rate" 'rate, events per second: '
keys 15x Enter
expect "what is no rate is refused" 'not a rate'
keys Escape
expect_not "Esc leaves it" 'events per second: '
expect "and leaves the rate" '^ *495/s target'
keys r 2.5k Enter
expect "a rate can be typed" '^ *2,500/s target'
expect "and is kept" '^ *2,500/s target +2,[45][0-9][0-9]/s made'
target "0 stops" 0 '0/s'
expect "and says so" ' STOPPED( |$)'
stopped() {
	report_says "$store" '.ledger.unacked == 0 and .ledger.lag == 0' &&
		[ "$(number valid)" = "$(jq .ledger.valid "$tmp/report_says")" ]
}
check "then the screen and the store have the same number" \
	wait_for 30 stopped
target "x is as fast as it goes" x max
keys r 20k Enter
expect "and back" '^ *20,000/s target'

# --- keys ----------------------------------------------------------------------------------

keys '?'
expect "? shows the help" '─ keys ─'
# A frame may be caught half drawn.
names_keys() {
	capture
	missing=
	for key in '?' q Esc Right Left F1 F2 F3 F4 F5 F6 F + - ']' '[' '>' \
		'<' 0 x r g f a A m k b Space '{' '}' d S Tab Shift-Tab Up \
		Down PgUp PgDn Home End Enter e / s t v z '1 ... 9' L T M \
		Ctrl-L Ctrl-C; do
		grep -Fq "  $key  " "$tmp/screen" || missing="$missing $key"
	done
	[ -z "$missing" ]
}
check "the help names every key" wait_for 10 names_keys
keys q
expect_not "any key leaves it" '─ keys ─'
expect "q too, without quitting" '▸users'

keys Tab
expect "Tab goes to the next panel" '[─1-9]▸items ─'
keys BTab
expect "Shift-Tab goes back" '[─1-9]▸users ─'
keys Down
expect "Down selects a row" '^▸ u000'
keys Left Right Up Down PPage NPage End Home
expect "the others move the selection" '^▸ u000'
keys Enter
expect "Enter opens it" 'first event +[0-3]@[0-9]'
keys Escape
expect "Esc closes it" '[─1-9]▸users ─'
keys Escape
expect_not "and drops the selection" '^▸ u000'
keys v
expect "v sorts by the smallest" '^  u[0-9]+ +1 '
keys v
expect "and back" '^  u000001 +[0-9],?[0-9]'
keys z
expect_not "z shows one panel alone" '[─1-9] items ─'
keys z
expect "and all of them again" '[─1-9] items ─'
keys C-l
expect "Ctrl-L draws all of it again" '[─▸]users ─.* │ [─1-9] items ─'
keys 2
expect "2 goes to the panel with that number" '2▸items ─'
keys 1
expect "1 back" '1▸users ─'
keys L
expect "L shows the log" '^─▸log ─'
expect "which says where it began" 'note +pipeline interactions, embedded'
keys L
expect "and leaves it" '1▸users ─'
keys T
expect "T is the next theme" 'theme: light'
keys M
expect "M turns the mouse on" 'mouse on'
is "and the terminal tells of it" \
	"$(terminal display-message -p -t weir '#{mouse_any_flag}')" 1
keys M
expect "and off" 'mouse off'
is "both are kept" "$(cat "$XDG_CONFIG_HOME/weir/config")" "theme = light
mouse = off"
keys C-z
expect "Ctrl-Z leaves it to the shell" '[Ss]topped'
is "with the terminal as it was" "$(terminal display-message -p -t weir \
	'#{cursor_flag} #{alternate_on} #{keypad_cursor_flag}')" '1 0 0'
keys "fg; echo code=\$?" Enter
expect "fg comes back" '1▸users ─'
# What is pasted sets no rate and ends nothing.
terminal set-buffer "0q$(printf '\r')x"
terminal paste-buffer -p -t weir
expect "pasted text is no key" 'pasted text is taken only'
expect "the rate is as it was" '^ *20,000/s target'
# Sequences that no key sends are no keys either.
keys -H 1b 5b 33 34 30 7e 1b 5b 39 39 71 1b 4f 7a
keys '>'
expect "unknown sequences do nothing" '^ *40,000/s target'
expect "and do not freeze it or leave it" '[─1-9]▸users ─'

# --- frozen ------------------------------------------------------------------------------------

# What fires is told at all times, and so is what weir has to say, on the last
# line: the banner is there before, and both are left out.
expect "an alert has its banner" '^ ▲ '
keys Space
expect "Space freezes the screen" ' FROZEN '
wait_for 30 frozen_twice
grep -v '^ ▲ ' "$tmp/screen.2" | sed '$d' >"$tmp/still"
report_says "$store" true >/dev/null
was=$(jq .ledger.consumed "$tmp/report_says")
check "the flow goes on" wait_for 30 report_says "$store" \
	".ledger.consumed > $was + 20000"
capture
grep -Ev '^ ▲ | FROZEN ' "$tmp/screen" | sed '$d' >"$tmp/screen.1"
check "the screen stands still" cmp "$tmp/still" "$tmp/screen.1"
keys Space
expect_not "Space again goes on" ' FROZEN '
check "with the newest numbers" wait_for 30 beyond valid "$was"

# --- what is on one screen adds up ---------------------------------------------------------------

for i in 1 2 3; do
	adds_up "120x40: all numbers on one screen add up, $i"
done
terminal resize-window -t weir -x 160 -y 50
expect "160x50: two columns, and the ledger below" '^.{79}│'
for i in 1 2 3; do
	adds_up "160x50: all numbers on one screen add up, $i"
done
terminal resize-window -t weir -x 220 -y 60
expect "220x60: the ledger is there in full" \
	'produced .* = acked .* consumed = valid '
for i in 1 2 3; do
	adds_up "220x60: all numbers on one screen add up, $i"
done

# --- sizes ------------------------------------------------------------------------------------------

terminal resize-window -t weir -x 80 -y 24
expect "80x24: the first panels are there" 'users ─.*items ─'
expect "80x24: the ledger is there" '^ ✓ in topic .* = valid '
expect "80x24: and the keys" '^ \? help  q quit'
adds_up "80x24: all numbers on one screen add up"
terminal resize-window -t weir -x 39 -y 9
expect "39x9 is too small, and it says so" '^too small: 39x9'
expect "39x9: and what it needs" '^needs 40x10'
terminal resize-window -t weir -x 1 -y 1
expect_not "1x1 shows nothing of use" 'too small'
report_says "$store" true >/dev/null
was=$(jq .ledger.consumed "$tmp/report_says")
check "1x1: the flow goes on" wait_for 30 report_says "$store" \
	".ledger.consumed > $was"
for size in '200 60' '40 10' '500 5' '3 70' '120 40'; do
	terminal resize-window -t weir -x "${size% *}" -y "${size#* }"
done
expect "back to 120x40 in haste: all is there" '[─▸]users ─.* │ [─1-9] items ─'
expect "the ledger too" '^ ✓ produced .* in topic .* = valid '
adds_up "and adds up"

# --- somebody else looks on -----------------------------------------------------------------------

terminal new-window -d -n view -t weir: \
	"'$WEIR' view '$store' 2>'$tmp/view.err'; echo \$? >'$tmp/view.code'"
looks_on() {
	terminal capture-pane -p -t weir:view >"$tmp/view" 2>/dev/null &&
		grep -Eq -e "$1" "$tmp/view"
}
check "weir view shows the same pipeline" wait_for 30 looks_on \
	'interactions ◂ embedded broker'
check "it shows events read" wait_for 30 looks_on '[0-9]/s read'
# Both at the same commit, while the flow goes on: what panels head with, charts and
# the ledger are then the same, though columns keep widths that one of them needed
# once. (A frame may be caught half drawn: once more then.)
lines_of() {
	sed -n 's/.*commit  *\([0-9,]*\) .*/\1/p' "$1"
	grep -E '^([─1-9][ ▸]| *[0-9]*[0-9.]* ?k? [┤│]| [✓✗] )' "$1" |
		sed -e 's/[─9] log ─.*//' -e 's/  */ /g'
}
twins() {
	capture && looks_on . && lines_of "$tmp/screen" >"$tmp/lines.run" &&
		lines_of "$tmp/view" >"$tmp/lines.view" &&
		[ "$(wc -l <"$tmp/lines.run")" -gt 10 ] &&
		cmp "$tmp/lines.run" "$tmp/lines.view"
}
if wait_for 60 twins; then
	ok "at the same commit it shows the same numbers"
else
	not_ok "at the same commit it shows the same numbers"
	diff "$tmp/lines.run" "$tmp/lines.view" | sed 's/^/#   /'
fi
terminal send-keys -t weir:view +
check "it cannot change the rate" wait_for 30 looks_on 'only watching'
terminal send-keys -t weir:view q
check "q ends it" wait_for 30 test -s "$tmp/view.code"
is "weir view: exit code" "$(cat "$tmp/view.code")" 0

# --- ends ----------------------------------------------------------------------------------------

keys q
restored "q" 0
expect "q: where the store is, is said" "weir view $store"
"$WEIR" report "$store" >"$tmp/report" 2>&1
check "q: the ledger adds up, and nothing is left" says "$tmp/report" \
	"($ledger_holds) and .ledger.lag + .ledger.lost + .ledger.unacked == 0"

launch run "$interactions" --store "$store"
expect "the store is continued" '[─▸]users ─.* │ [─1-9] items ─'
kill -TERM "$(cat "$tmp/pid")"
restored "SIGTERM" 0

launch run "$interactions" --store "$store"
expect "once more" '[─▸]users ─.* │ [─1-9] items ─'
keys C-c
restored "Ctrl-C" 0

for signal in SEGV ABRT; do
	launch run "$interactions" --store "$store"
	expect "SIG$signal: it runs" '[─▸]users ─.* │ [─1-9] items ─'
	kill -s "$signal" "$(cat "$tmp/pid")"
	# The address sanitizer makes a crash an exit code of its own.
	restored "SIG$signal" "$(if [ $signal != SEGV ]; then echo 134
		elif nm "$WEIR" | grep -q __asan_init; then echo 1
		else echo 139; fi)"
done
# Signals of LMDB's making are not the sanitizer's here.
cp -r "$store" "$tmp/cut"
ASAN_OPTIONS=handle_segv=0:handle_sigbus=0 launch run "$interactions" \
	--store "$tmp/cut"
expect "a store to be cut off: it runs" '[─▸]users ─.* │ [─1-9] items ─'
truncate -s 8192 "$tmp/cut/data.mdb"
restored "a store that is cut off" 1
expect "a store that is cut off: it is said" \
	'weir: the store .*/cut is damaged'
"$WEIR" report "$store" >"$tmp/report" 2>&1
check "after these, the store is whole" says "$tmp/report" "$ledger_holds"

# --- hostile text ----------------------------------------------------------------------------------

if ! command -v kcat >/dev/null 2>&1; then
	if [ -n "${CI:-}" ]; then
		not_ok "there is no kcat"
	else
		tap_n=$((tap_n + 1))
		echo "ok $tap_n - hostile text # SKIP there is no kcat"
	fi
	finish
fi
terminal pipe-pane -t weir "cat >'$tmp/raw'"
launch run "$interactions" --rate 0 --store "$tmp/hostile"
expect "a stopped weir waits" ' STOPPED( |$)'
# The broker's port is on the screen.
broker=$(sed -n 's/.*embedded broker \(127[0-9.]*:[0-9]*\).*/\1/p' \
	"$tmp/screen" | sed 1q)
python3 - "$(date +%s)000" >"$tmp/messages" <<'END'
import json
import sys

names = [
	"HOSTILE1\x1b]0;OWNED\x07\x1b[5;31mred\x1bc",
	"HOSTILE2\u009b5;31mx\u009d0;OWNED\u009c\u0085\u0090q\x00y",
	"HOSTILE3\u202edlrow\u2066\u200f\ufeff\u2028z",
	"HOSTILE4 e" + "\u0301" * 12 + " \u6f22\u5b57\uff21",
	"\r\nHOSTILE5\t\b\b\x7f\x0e\x0bz",
	"\u0301HOSTILE6\u200d\U000e0041\u00ad",
	"HOSTILE7" + "\u6f22" * 18,
	"",
]
out = sys.stdout.buffer
for i, name in enumerate(names):
	for n in range(100 - i):
		event = {"user_id": name, "item_id": name,
			 "interaction_type": "view",
			 "timestamp": int(sys.argv[1])}
		# Control characters must be escaped in JSON, others need not be.
		out.write(json.dumps(event, ensure_ascii=n % 2 == 0).encode())
		out.write(b"\n")
for n in range(20):
	out.write(b"\x1b]0;OWNED\x07 HOSTILE8 \x1b[5;31m\x9b5m \x1bP1q\x1b\\ "
		  b"\xc2\x9b5m\xe2\x80\xae\xff\x0e %d\r\n" % n)
END
check "kcat writes hostile text" kcat -q -b "$broker" -t interactions -P \
	-l "$tmp/messages"
check "weir counts it" wait_for 30 report_says "$tmp/hostile" \
	'.ledger.foreign == 792 and .ledger.dead == 20'
expect "it is on the screen" 'HOSTILE1.*HOSTILE1'
expect "so is what was refused" 'HOSTILE8'
is_aligned() {
	capture && python3 "$lib/screen.py" aligned "$tmp/screen"
}
check "the line between the panels is straight" wait_for 10 is_aligned
for key in Down Down Down Down Down Down Down; do
	keys $key Enter
	expect "the detail shows one of them" 'first event'
	keys Escape
	expect_not "and closes" 'first event'
done
terminal resize-window -t weir -x 80 -y 24
expect "80x24: it is on the screen" 'HOSTILE4'
check "80x24: the line between the panels is straight" wait_for 10 is_aligned
terminal resize-window -t weir -x 120 -y 40
keys BTab BTab BTab
expect "the panel of dead letters" '[─1-9]▸dead letters ─'
keys z Down Enter
expect "the detail of a dead letter" 'reason +not JSON'
expect "its text is there" 'HOSTILE8'
is "the window's title is not theirs" \
	"$(terminal display-message -p -t weir '#{pane_title}' | grep -c OWNED)" 0
# One at a time: what follows Esc at once would be one key with it.
keys Escape
expect "Esc leaves the detail" '[0-9]@[0-9]+ +not JSON'
keys q
restored "hostile text" 0
terminal pipe-pane -t weir
check "only what may be sent to a terminal was sent" \
	python3 "$lib/screen.py" tame "$tmp/raw"
check "and the text was among it" grep -q HOSTILE1 "$tmp/raw"

finish
