#!/bin/sh
# Random keys, pastes, clicks and resizes against the program in a terminal: it
# neither dies nor hangs, and leaves the terminal as it was. WEIR_KEYS_SEED and
# WEIR_KEYS_STEPS in the environment give others.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq

seed=${WEIR_KEYS_SEED:-7}
steps=${WEIR_KEYS_STEPS:-500}
LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export LC_ALL PYTHONDONTWRITEBYTECODE
unset NO_COLOR
store=$tmp/store

# TERM COMMAND...
play() {
	TERM=$1 COLORTERM=truecolor
	shift
	export TERM COLORTERM
	python3 "$lib/random_keys.py" "$seed" "$steps" "$WEIR" "$@"
}

check "weir run holds" play xterm-256color run "$interactions" \
	--store "$store" --snapshot "$tmp/past.db" --snapshot-every 2s --mouse
check "and nothing is lost" report_says "$store" "($ledger_holds)
	and .ledger.lost == 0"
seed=$((seed + 1))
check "weir view holds" play xterm view "$store" --snapshot "$tmp/past.db" \
	--glyphs blocks
seed=$((seed + 1))
check "a terminal without colours" play vt100 view "$store" --ascii

# Ctrl-\ ends a program at once: not without the terminal's modes.
TERM=xterm-256color
export TERM
python3 - "$WEIR" view "$store" --mouse >"$tmp/quit" 2>&1 <<END
import sys
sys.path.insert(0, "$lib")
from pseudo_terminal import MODES, modes_of, termios
from random_keys import Player
terminal = Player(sys.argv[1:])
print(terminal.answers())
terminal.press_last(b"\x1c")
terminal.pump(0.2)
print(modes_of(terminal.output) == MODES)
print(termios.tcgetattr(terminal.slave) == terminal.before)
print(terminal.code)
END
is "Ctrl-\\ leaves the terminal as it was" "$(tr '\n' ' ' <"$tmp/quit")" \
	"True True True -3 "

finish
