#!/bin/sh
# Scrubbing in a real terminal: a snapshot at a key, back and forth through
# snapshots, the difference between two. What the screen shows of the past is
# compared with what SQLite's own shell says.
. "${srcdir:-.}/tests/lib/tap.sh"
need tmux sqlite3 python3 jq

. "$lib/terminal.sh"

# SQL: the answer
ask() {
	sqlite3 -readonly -cmd '.timeout 5000' "$db" "$1" 2>&1
}

# NUMBER: 1,234,567
grouped() {
	python3 -c 'import sys; print("{:,}".format(int(sys.argv[1])))' "$1"
}

# NUMBER: 1.23; SQLite's own printf rounds 1.625 up, C's to the even digit
hundredths() {
	python3 -c 'import sys; print("{:.2f}".format(float(sys.argv[1])))' "$1"
}

# ID: all that the screen shows of a snapshot is what is in the file. What is
# compared stands in $wrong.
as_in_file() {
	capture
	wrong=
	for label in valid dead lag lost; do
		[ "$(number $label)" = \
			"$(ask "SELECT $label FROM snapshot WHERE id = $1")" ] ||
			wrong="$wrong $label"
	done
	holds "commit +$(grouped "$(ask "SELECT commit_number FROM snapshot
		WHERE id = $1")") "
	holds "PAST $(ask "SELECT strftime('%H:%M:%S', taken_ms / 1000,
		'unixepoch') FROM snapshot WHERE id = $1") UTC"
	holds "average $(hundredths "$(ask "SELECT printf('%!.17g', average)
		FROM snapshot_table WHERE snapshot = $1 AND
		table_name = 'users'")") per"
	holds "$(grouped "$(ask "SELECT keys FROM snapshot_table WHERE
		snapshot = $1 AND table_name = 'users'")") users"
	holds "max $(grouped "$(ask "SELECT max_value FROM snapshot_table WHERE
		snapshot = $1 AND table_name = 'items'")") ─"
	for place in 1 2 3 4 5; do
		for table in users items; do
			row=$(ask "SELECT key FROM ranking WHERE snapshot = $1
				AND table_name = '$table' AND side = 'top' AND
				place = $place")
			holds "$row +$(grouped "$(ask "SELECT value FROM ranking
				WHERE snapshot = $1 AND table_name = '$table'
				AND side = 'top' AND place = $place")") "
		done
	done
	[ -z "$wrong" ]
}

holds() {
	grep -Eq -e "$1" "$tmp/screen" || wrong="$wrong [$1]"
}

# DESCRIPTION ID
is_snapshot() {
	if wait_for 20 as_in_file "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "not as in the file: $wrong"
		sed 's/^/#   |/' "$tmp/screen"
	fi
}

# LABEL BEFORE AFTER: a line of the difference, its change worked out here
changed() {
	sign=
	[ "$3" -le "$2" ] || sign='\+'
	shows "^ +$1 +$(grouped "$2") +$(grouped "$3") +$sign$(grouped \
		$(($3 - $2)))( |\$)"
}

# N: presses S, and waits until the file has N
snapshot() {
	keys S
	expect "S takes snapshot $1, and says so" \
		"^ snapshot $1 in past\\.db, [0-9.]+ s"
	is "snapshot $1 is in the file" "$(ask 'SELECT max(id) FROM snapshot')" \
		"$1"
	seen=$(ask 'SELECT valid FROM latest')
	wait_for 30 beyond valid "$seen"
}

# --- taken at a key -----------------------------------------------------------------

open_terminal
store=$tmp/store
db=$tmp/past.db
launch run "$interactions" --store "$store" --rate 3000 --bad 0.01 \
	--snapshot "$db" --snapshot-every 1h
expect "weir runs" '[─▸]users ─.* │ [─1-9] items ─'
keys '{'
expect "before the first snapshot there is no past" 'there are no snapshots yet'
wait_for 30 beyond valid 0
snapshot 1
snapshot 2
snapshot 3
is "they differ" "$(ask 'SELECT count(DISTINCT valid) FROM snapshot')" 3

# --- back and forth ------------------------------------------------------------------

keys '{'
expect "{ goes back, which is marked" ' PAST [0-9:]{8} UTC, snapshot 3 of 3 *$'
is_snapshot "all numbers are those of snapshot 3" 3
expect "what snapshots do not keep is not known" 'snapshots keep no spread'
keys '{'
expect "{ again" 'snapshot 2 of 3'
is_snapshot "all numbers are those of snapshot 2" 2
keys '{'
expect "and again" 'snapshot 1 of 3'
is_snapshot "all numbers are those of snapshot 1" 1
keys '{'
expect "there is nothing before the oldest" 'this is the oldest snapshot'
expect "the screen stays there" 'snapshot 1 of 3'
keys '}'
expect "} goes forth" 'snapshot 2 of 3'
is_snapshot "to the same numbers" 2
report_says "$store" true >/dev/null
was=$(jq .ledger.consumed "$tmp/report_says")
check "the flow goes on meanwhile" wait_for 30 report_says "$store" \
	".ledger.consumed > $was"
is_snapshot "and the screen stands still" 2

# --- the difference -------------------------------------------------------------------

of_snapshot() { # COLUMN ID
	ask "SELECT $1 FROM snapshot WHERE id = $2"
}
of_table() { # COLUMN ID TABLE
	ask "SELECT $1 FROM snapshot_table WHERE snapshot = $2 AND
		table_name = '$3'"
}
keys d
expect "d shows the difference to the snapshot before" \
	'^  before +snapshot 1 of 3 .*commit '
expect "which is said" '^  after +snapshot 2 of 3 .*commit '
for column in consumed valid dead; do
	check "it is that of the file: $column" wait_for 10 changed $column \
		"$(of_snapshot $column 1)" "$(of_snapshot $column 2)"
done
top=$(ask "SELECT max_key FROM snapshot_table WHERE snapshot = 2 AND
	table_name = 'items'")
check "of keys, too" wait_for 10 changed "$top" \
	"$(ask "SELECT value FROM ranking WHERE snapshot = 1 AND
		table_name = 'items' AND side = 'top' AND key = '$top'")" \
	"$(of_table max_value 2 items)"
keys '}'
expect "} takes the difference along" '^  before +snapshot 2 of 3'
check "to snapshot 3" wait_for 10 changed consumed \
	"$(of_snapshot consumed 2)" "$(of_snapshot consumed 3)"
keys d
expect "d again shows that to now" '^  after +now '
expect "from snapshot 3" "^ +consumed +$(grouped \
	"$(of_snapshot consumed 3)") +[0-9,]+ +\\+[0-9,]+"
keys Escape
expect_not "Esc leaves the difference" '^  after +now '
expect "and stays in the past" ' PAST '
is_snapshot "of snapshot 3" 3

# --- somebody deletes one ------------------------------------------------------------------

sqlite3 -cmd '.timeout 5000' "$db" 'DELETE FROM snapshot WHERE id = 2'
keys '{'
expect "a snapshot that was deleted is passed over" 'snapshot 1 of 2'
is_snapshot "to the one before" 1
keys '}'
expect "and back" 'snapshot 2 of 2'

# --- now ---------------------------------------------------------------------------------

keys '}'
expect_not "} behind the newest is now" ' PAST '
check "with the newest numbers" wait_for 30 beyond valid \
	"$(of_snapshot valid 3)"
keys '{'
expect "once more" 'snapshot 2 of 2'
keys Escape
expect_not "Esc is the way back, too" ' PAST '
expect "with rates again" ' target .* made '
keys d
expect "of now, d shows the difference to the newest snapshot" \
	'^  before +snapshot 2 of 2'
seen=$(of_snapshot consumed 3)
expect "whose numbers are right" \
	"^ +consumed +$(grouped "$seen") +[0-9,]+ +\\+[0-9,]+"
first=$(sed -n 's/^ *consumed  *[0-9,]*  *\([0-9,]*\) .*/\1/p' "$tmp/screen")
moves_on() {
	shows '^  after +now ' && shows_not "consumed +[0-9,]+ +$first "
}
check "and goes on with the flow" wait_for 30 moves_on
keys d
expect_not "d closes it" '^  before +snapshot'
keys '{'
expect "q quits from the past as well" ' PAST '
keys q
expect "exit code" '^code=0$'
check "nothing is left beside the file" [ ! -e "$db-wal" ]
check "the file is whole" [ "$(ask 'PRAGMA integrity_check')" = ok ]
is "the last snapshot was taken" "$(ask 'SELECT count(*) FROM snapshot')" 3

# --- weir view -----------------------------------------------------------------------------

cp "$db" "$tmp/before.db"
launch view "$store" --snapshot "$db"
expect "weir view says that it is over" ' ENDED( |$)'
keys '{' '{'
expect "weir view steps through snapshots as well" 'snapshot 2 of 3'
is_snapshot "all numbers are those of snapshot 3" 3
keys S
expect "it takes none" 'weir run takes them with --snapshot FILE'
keys q
expect "exit code" '^code=0$'
check "it has changed nothing" cmp "$db" "$tmp/before.db"
launch view "$store" --snapshot "$interactions"
expect "what is no snapshot file is refused" \
	'^weir: .*interactions.json is no snapshot file'
expect "with exit code 1" '^code=1$'
launch view "$store"
expect "weir view without snapshots" ' ENDED( |$)'
keys '{'
expect "says how there can be a past" 'there is no past: --snapshot FILE'
keys q
expect "exit code" '^code=0$'

finish
