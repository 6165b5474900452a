#!/bin/sh
# The demos: each gives the same recording twice, finds on the screen what its
# chapters say, and loses nothing; also on a small screen. README's pictures are
# what weir draws now.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq
demo=$(cd "$srcdir/demo" && pwd) || exit 99

# RUN NAME ARGUMENTS...: demo/NAME.script, in $tmp/RUN. All of them play at once:
# each waits for its broker most of the time.
begin() {
	begin_run=$1
	begin_name=$2
	shift 2
	mkdir "$tmp/$begin_run"
	(
		cd "$tmp/$begin_run" || exit 99
		XDG_STATE_HOME=$PWD
		export XDG_STATE_HOME
		exec "$WEIR" record --script "$demo/$begin_name.script" \
			--record cast "$@" >report 2>err </dev/null
	) &
	eval "pid_$begin_run=$!"
	pids="$pids $!"
}

# RUN DESCRIPTION [EVENTS]: it ends well, after more than EVENTS
finished() {
	eval "end_of \$pid_$1"
	is "$2" "$code" 0
	[ "$code" -eq 0 ] || diag "$(cat "$tmp/$1/err")"
	check "$2: its ledger adds up" says "$tmp/$1/report" "$ledger_holds"
	check "$2: nothing is lost" says "$tmp/$1/report" '.ledger |
		.lost == 0 and .lag == 0 and .failed == 0 and .foreign == 0 and
		.produced == .consumed and .consumed > '"${3:-100000}"
}

# NAME [ALERT]: of its recording
recorded() {
	check "$1: it is an asciicast" python3 "$lib/cast.py" check "$tmp/$1/cast"
	python3 "$lib/cast.py" markers "$tmp/$1/cast" >"$tmp/$1/markers"
	is "$1: each chapter has its mark" \
		"$(sed 's/^[^ ]* //' "$tmp/$1/markers" | grep -v '^alert: ')" \
		"$(sed -n 's/^mark "\(.*\)"$/\1/p' "$demo/$1.script")"
	check "$1: and an alert has" grep -q " alert: ${2:-hot item}\$" \
		"$tmp/$1/markers"
	check "$1: byte for byte the same again" \
		cmp "$tmp/$1/cast" "$tmp/$1_again/cast"
}

begin interview interview --snapshot demo.db
begin interview_again interview --snapshot demo.db
begin interview_small interview --snapshot demo.db --size 80x24
begin quick quick
begin quick_again quick
begin quick_small quick --size 80x24
begin web_events web_events web_events
begin web_events_again web_events web_events
begin web_events_small web_events web_events --size 80x24
begin picture picture

finished quick "quick"
finished quick_again "quick, again"
finished quick_small "quick, on a small screen"
recorded quick
finished web_events "web events" 3000
finished web_events_again "web events, again" 3000
finished web_events_small "web events, on a small screen" 3000
recorded web_events "schema changed"
check "web events: the field that came is in the schema as seen" says \
	"$tmp/web_events/report" '.schema.fields | map(select(
		.name == "device_type" and .events > 500 and .first.offset > 500)) |
		length == 1'
check "web events: some events were refused" says \
	"$tmp/web_events/report" '.ledger.dead > 500'
finished picture "picture"
awk '/^```/ {blocks++; next} blocks == 1' "$srcdir/README.md" >"$tmp/readme"
if cmp -s "$tmp/readme" "$tmp/picture/screen.txt" &&
	cmp -s "$srcdir/docs/screen.svg" "$tmp/picture/screen.svg"; then
	ok "README's pictures are what weir draws"
else
	not_ok "README's pictures are what weir draws"
	diag "run demo/record, and look at what has changed"
	diff "$tmp/readme" "$tmp/picture/screen.txt" >"$tmp/diff"
	show "$tmp/diff"
fi
finished interview "interview"
finished interview_again "interview, again"
finished interview_small "interview, on a small screen"
recorded interview
check "interview: broken events became dead letters" says \
	"$tmp/interview/report" '.ledger.dead > 10000'
is "interview: a snapshot each minute, one by hand, one at the end" \
	"$(python3 -c "import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute(
	'SELECT count(*) FROM snapshot').fetchone()[0])" \
		"$tmp/interview/demo.db")" 4

finish
