#!/bin/sh
# Scripts and recordings: in lockstep the same bytes each time, whatever the
# machine does meanwhile; what is expected and is not there; bundles; by the
# clock on the wall, without a terminal and in a real one. Casts are checked by
# cast.py, and by asciinema where it is there, which share nothing with weir.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq
# The test leaves its folder.
lib=$(cd "$lib" && pwd)
srcdir=$(cd "$srcdir" && pwd)
interactions=$srcdir/schema/interactions.json

# DESCRIPTION ARGUMENTS...: a recording; its report goes to $tmp/report
record() {
	record_what=$1
	shift
	code=0
	"$WEIR" record "$@" >"$tmp/report" 2>"$tmp/err" </dev/null || code=$?
	is "$record_what" "$code" 0
	[ "$code" -eq 0 ] || show "$tmp/err"
}

# CODE REGEX DESCRIPTION ARGUMENTS...: it ends with this code and sentence
refuse() {
	refuse_code=$1
	refuse_text=$2
	refuse_what=$3
	shift 3
	code=0
	"$WEIR" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
	is "$refuse_what: exit code" "$code" "$refuse_code"
	if grep -Eq -e "$refuse_text" "$tmp/err"; then
		ok "$refuse_what: a sentence"
	else
		not_ok "$refuse_what: a sentence"
		diag "wanted: $refuse_text"
		show "$tmp/err"
	fi
}

cast() {
	python3 "$lib/cast.py" "$@"
}

# --- the same each time -----------------------------------------------------------

# All that a frame can hold: faults, alerts, snapshots, all rows, a fetched
# event, bad events, shapes, several sizes, no limit to the rate.
cat >"$tmp/all.script" <<'END'
rate 5k
wait 2s
expect "balanced" within 5s
mark "down"
keys f
wait 300ms
keys Down Right
expect "DISCONNECTED"
wait 3s
keys F
expect not "DISCONNECTED"
wait 1s
keys Down Right
wait 1s
keys F Esc S
wait 500ms
keys 2 t
wait 1s
keys /
type 0000
keys Enter Down
wait 500ms
keys Enter
wait 500ms
keys e
wait 200ms
screenshot key.txt
screenshot key.svg
screenshot key.ansi
keys Esc Esc Esc Esc Esc
resize 80x24
keys S
wait 300ms
keys {
wait 300ms
expect "PAST"
keys d
wait 300ms
keys Esc Esc g F4
wait 2s
keys F5
wait 12s
keys Esc T L
wait 500ms
resize 160x50
keys L x
wait 300ms
keys 0
wait 1s
expect "balanced"
END
cd "$tmp" || exit 99
record "a script is played" --script all.script --record one.cast \
	--snapshot one.db --record-keys
mv report one.json
mv key.svg one.svg
mv key.txt one.txt
mv key.ansi one.ansi
check "its ledger adds up" says one.json "$ledger_holds"
check "nothing is lost" says one.json '.ledger | .lost == 0 and .lag == 0 and
	.failed == 0 and .foreign == 0 and .dead > 0'
mv one.db first.db
# The same beside what keeps the machine busy.
for i in 1 2 3; do
	sh -c 'while :; do :; done' &
	pids="$pids $!"
done
record "and again, on a busy machine" --script all.script --record two.cast \
	--snapshot one.db --record-keys
for busy in $pids; do
	kill "$busy"
	end_of "$busy" 2>/dev/null
done
check "byte for byte the same recording" cmp one.cast two.cast
check "the same report" cmp one.json report
check "the same picture" cmp one.svg key.svg
check "the same screen as text" cmp one.txt key.txt
check "the same screen in colours" cmp one.ansi key.ansi
record "another seed" --script all.script --record other.cast \
	--snapshot other.db --record-keys --seed 8
if cmp -s one.cast other.cast; then
	not_ok "is another recording"
else
	ok "is another recording"
fi
check "the fetched event is on the screen" grep -q '"item_id"' one.txt
check "the picture is XML" python3 -c "import sys, xml.dom.minidom
xml.dom.minidom.parse(sys.argv[1])" one.svg

# Nor does it depend on the locale, which says how wide characters are.
printf 'wait 1s\n' >short.script
for locale in C C.UTF-8; do
	LC_ALL=$locale record "in the locale $locale" --script short.script \
		--record "$locale.cast"
done
check "the same recording in each" cmp C.cast C.UTF-8.cast

# --- faults -----------------------------------------------------------------------

# What waits for a leader is taken before the broker goes down, though one fault
# is lifted and the other made in the same frame.
cat >toggle.script <<'END'
rate 2k
wait 500ms
keys f Down*3 Right
wait 1s
rate 0
keys Left Up Up Right Esc
wait 200ms
expect "FAULT broker down" within 0s
expect "unacked        0" within 0s
keys F
END
record "one fault after another, in the same frame" --script toggle.script
# The answers to dead letters take longer together than a commit waits.
printf 'keys f Right\nwait 200ms\nkeys F\n' >slow.script
record "dead letters on a slow broker" --script slow.script --rate 3000 \
	--bad 1 --dead-letters letters -X batch.num.messages=5
check "all of them come" says report '.ledger | .dead == 600 and .lag == 0'
# An event that cannot be fetched: by the client's own words, and the port, each
# time would be another.
cat >fetch.script <<'END'
wait 1s
keys f Down Right Esc 1 Down Enter
wait 100ms
keys e
expect "brokers at BROKER" within 0s
END
record "an event of a broker that is down" --script fetch.script
# Each of several snapshots is taken, however fast keys follow each other.
printf 'keys S S S\nwait 100ms\nexpect "has this commit already" within 0s\n' \
	>snapshots.script
record "snapshots in the same frame" --script snapshots.script \
	--snapshot several.db

# --- the format ---------------------------------------------------------------------

check "it is an asciicast of version 2" cast check one.cast
cast markers one.cast >markers
check "the mark is in it" grep -Eq '^2(\.[0-9]+)? down$' markers
check "an alert is in it" grep -Eq ' alert: dead letters$' markers
check "keys are in it" grep -q '"i", "t"' one.cast
check "it is as long as the script's time" python3 -c 'import sys
sys.exit(not 25 < float(sys.argv[1]) < 32)' "$(cast duration one.cast)"
record "version 3" --script all.script --record three.cast \
	--snapshot three.db --asciicast 3
check "it is an asciicast of version 3" cast check three.cast
if grep -q '"i", "t"' three.cast; then
	not_ok "without keys, unless they are asked for"
else
	ok "without keys, unless they are asked for"
fi

# --- what goes wrong ------------------------------------------------------------------

printf 'wait 1s\nexpect "no such text" within 2s\n' >false.script
refuse 1 '^weir: false\.script:2: "no such text" was not on the screen within 2 s$' \
	"what is expected and is not there" record --script false.script
check "the screen is shown" grep -q 'interactions per user_id' "$tmp/err"
check "as it is a report" says out "$ledger_holds"
printf 'wait 1s\nexpect not "balanced" within 1s\n' >false.script
refuse 1 '"balanced" was still on the screen' "what should go and stays" \
	record --script false.script
printf 'wait 1s\n  kys Enter\n' >broken.script
refuse 2 '^weir: broken\.script:2:3: .*keys' "a broken script" \
	record --script broken.script
refuse 1 'no-such\.script' "a script that is not there" \
	record --script no-such.script
printf 'wait 1s\nscreenshot no/such/folder.svg\n' >picture.script
refuse 1 '^weir: picture\.script:2: cannot write no/such/folder\.svg' \
	"a picture that cannot be written" record --script picture.script
refuse 1 'no/such/file\.cast' "a recording that cannot be written" \
	record --script short.script --record no/such/file.cast
refuse 1 '/dev/full' "a full disk" record --script all.script \
	--record /dev/full --snapshot full.db
check "which ends nothing else" says out "$ledger_holds"
refuse 2 'give one' "a recording without an end" record --record x.cast
refuse 2 '--size takes COLSxROWS' "a size that is none" record \
	--script short.script --size 80
refuse 2 'without a terminal' "a size for a terminal" run --size 80x24
refuse 2 '--realtime' "a cluster in virtual time" record \
	--script short.script -b 127.0.0.1:1
for option in --snapshot --topic --memory; do
	refuse 2 '--bundle' "a bundle of what cannot be had again" record \
		--script short.script --bundle x.bundle $option 64M
done
refuse 1 'no-such\.script' "a bundle of no script" record \
	--script no-such.script --bundle x.bundle
refuse 2 'broken\.script' "a bundle of a broken script" record \
	--script broken.script --bundle x.bundle
check "there is none then" test ! -e x.bundle

# --- bundles ---------------------------------------------------------------------------

cat >bug.script <<'END'
wait 2s
keys > > 2 Enter
wait 2s
keys q
END
record "a bundle is written" --script bug.script --seed 11 --bad 0.02 \
	--size 100x30 --theme light --bundle bug.weir
mv report bug.json
mkdir elsewhere
mv bug.weir elsewhere
rm bug.script
code=0
"$WEIR" replay elsewhere/bug.weir --record bug.cast >again.json 2>"$tmp/err" \
	</dev/null || code=$?
is "and replayed" "$code" 0
check "the frames are the same" grep -q 'those that were recorded' "$tmp/err"
check "so is the report" cmp bug.json again.json
check "with a recording, if wanted" cast check bug.cast
jq '.seed = "12"' elsewhere/bug.weir >changed.weir
refuse 1 'the frames are not those that were recorded' "another seed" \
	replay changed.weir
jq '.digest = ""' elsewhere/bug.weir >unknown.weir
check "a bundle of frames that are not known" "$WEIR" replay unknown.weir
echo '{"weir_bundle": 99}' >future.weir
refuse 2 'future\.weir' "a bundle of a later weir" replay future.weir
refuse 2 'short\.script' "what is no bundle" replay short.script

# --- by the clock on the wall -------------------------------------------------------------

cat >wall.script <<'END'
rate 2k
expect "2,000/s target"
wait 1s
expect "balanced"
mark "now"
END
record "by the clock on the wall" --realtime --script wall.script \
	--record wall.cast
check "its ledger adds up" says report "$ledger_holds"
check "its recording is one" cast check wall.cast
check "with the time of day" jq -es '.[0].timestamp > 1700000000' wall.cast

# A signal ends it as any run; that the terminal is another size does not.
printf 'rate 50k\nwait 1h\n' >long.script
: >signal.cast
start_weir signal record --realtime --script long.script --record signal.cast
run=$pid
for signal in WINCH TERM; do
	size=$(wc -c <signal.cast)
	check "frames come before SIG$signal" wait_for 60 sh -c \
		"[ \$(wc -c <signal.cast) -gt $((size + 20000)) ]"
	kill -s "$signal" "$run"
done
end_of "$run"
is "a signal ends it" "$code" 0
check "and all that was produced is taken" says signal.out '.ledger |
	.produced > 0 and .produced == .valid'
check "the recording is whole" cast check signal.cast

cd / || exit 99
if ! command -v tmux >/dev/null; then
	ok "in a terminal # SKIP there is no tmux"
	finish
fi
. "$lib/terminal.sh"
open_terminal
if command -v asciinema >/dev/null; then
	keys "asciinema cat '$tmp/one.cast' >'$tmp/cat.out'; echo cat=\$?" Enter
	expect "asciinema reads it" '^cat=0$'
	check "and gives what is in it" grep -q 'dead letters' "$tmp/cat.out"
else
	ok "asciinema reads it # SKIP there is no asciinema"
fi
launch run "$interactions" --script "$tmp/wall.script" --record "$tmp/live.cast"
expect "a script plays in a terminal, too, and ends it" '^code=0$'
check "it is recorded" cast check "$tmp/live.cast"
check "with its mark" sh -c "python3 '$lib/cast.py' markers '$tmp/live.cast' |
	grep -q now"
printf 'expect "no such text" within 1s\n' >"$tmp/false.script"
launch run "$interactions" --script "$tmp/false.script"
expect "what is not there ends it" '^code=1$'
expect "with a sentence" '"no such text" was not on the screen'
mkdir -p "$XDG_CONFIG_HOME/weir"
echo 'theme = light' >"$XDG_CONFIG_HOME/weir/config"
terminal resize-window -t weir -x 110 -y 36
launch run "$interactions" --record "$tmp/live.cast"
expect "weir runs" '[─▸]users ─.* │ [─1-9] items ─'
keys g
expect "keys go on working" 'generator'
keys q
expect "exit code" '^code=0$'
check "what was typed by hand is recorded" cast check "$tmp/live.cast"
check "as large as the terminal, in the theme of the settings" jq -es \
	'.[0] | [.width, .height] == [110, 36] and .theme.bg == "#ffffff"' \
	"$tmp/live.cast"

finish
