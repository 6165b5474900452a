#!/bin/sh
# Lists in a real terminal: every row of a table can be reached, in any order,
# through a filter; what is shown is what was counted by other means; and where
# a number came from can be looked at.
. "${srcdir:-.}/tests/lib/tap.sh"
need tmux jq python3 kcat

. "$lib/terminal.sh"

# Several weirs run at a time, each in a window of its own.
window() {
	terminal new-window -n "$1" -t weir: "env PS1='ready> ' ENV= sh -i"
	expect "a window for $1" '^ready>'
}

lists() {
	python3 "$lib/lists.py" "$@"
}

# DESCRIPTION ORDER REGEX [TEXT]: sooner or later the screen shows the regex, and
# each of its rows is as counted. A frame may be caught half drawn.
rows() {
	if wait_for 30 as_counted "$@"; then
		ok "$1: each row is as counted"
	else
		not_ok "$1: each row is as counted" "$tmp/wrong"
		sed 's/^/#   |/' "$tmp/screen"
	fi
}
as_counted() {
	echo "not on the screen: $3" >"$tmp/wrong"
	shows "$3" && [ "$(selected)" -gt "$beyond_row" ] &&
		lists rows "$tmp/events" user_id "$2" "$tmp/screen" \
			${4:+"$4"} 2>"$tmp/wrong"
}

# The number of the row that is selected; 0, if none is. Rows may have to be
# beyond one, which is $beyond_row.
selected() {
	sed -n 's/^▸ *\([0-9,]*\)  u.*/\1/p;$s/.*/0/p' "$tmp/screen" |
		sed 1q | tr -d ,
}
beyond_row=-1

open_terminal
# Or a window would be found by the name of what runs in it.
terminal set-option -g automatic-rename off
# More windows than in a minute or two of the usual length.
sed -e 's/"tumbling": "1m"/"tumbling": "10s"/' "$interactions" \
	>"$tmp/interactions.json"
interactions=$tmp/interactions.json
events=100000
"$WEIR" generate "$interactions" --stdout --seed 7 --events $events \
	>"$tmp/events" 2>"$tmp/err"
store=$tmp/store
launch run "$interactions" --seed 7 --events $events --rate max \
	--store "$store"
expect "all events are counted" ' ENDED$'
# The broker is there until weir quits; its address is on the screen.
broker=$(sed -n 's/.*embedded broker \(127[0-9.]*:[0-9]*\).*/\1/p' \
	"$tmp/screen" | sed 1q)

# --- all rows ---------------------------------------------------------------------

total=$(lists keys "$tmp/events" user_id)
commas=$(printf %s "$total" | sed -e ':a' -e 's/\(.*[0-9]\)\([0-9]\{3\}\)/\1,\2/' \
	-e 'ta')
keys t
rows "t shows all rows" largest "─ users, all rows ─.* $commas rows ─"
is "there are so many" "$total" \
	"$("$WEIR" export "$store" users | sed 1d | wc -l | tr -d ' ')"
for i in 1 2 3 4 5; do
	keys NPage NPage NPage NPage
	rows "page $i down" largest "^▸ +[0-9,]+  u"
	beyond_row=$(selected)
done
check "that is beyond the ranking" [ "$beyond_row" -ge 100 ]
beyond_row=-1
keys End
rows "End is the last row" largest "^▸ +$commas  u"
keys PPage PPage
rows "and back from there" largest "^▸ +[0-9,]+  u"
keys Home
rows "Home is the first" largest '^▸ +1  u000001'
keys v
rows "v turns it round" smallest 'by interactions, smallest first'
keys s
rows "s is by the next column" key 'by user_id · as of'
"$WEIR" export "$store" users | tr -d '\r' | sed -n '2,21s/^\([^,]*\),\([^,]*\),.*/\1 \2/p' \
	>"$tmp/exported"
as_exported() {
	capture
	sed -n 's/^[▸ ] *[0-9,]*  \(u[0-9]*\) *\([0-9,]*\)$/\1 \2/p' \
		"$tmp/screen" | tr -d , | sed 20q >"$tmp/shown"
	cmp "$tmp/exported" "$tmp/shown"
}
check "as the export has them" wait_for 10 as_exported
keys s
rows "and then the first again" largest 'by interactions, largest first'

# --- a key that no ranking has --------------------------------------------------------

nth=$(lists nth "$tmp/events" user_id 5000)
user=${nth% *}
count=${nth#* }
keys / u 9
expect "a filter is typed" ' / u9_'
keys BSpace 0 0 1
expect "and corrected" ' / u001_'
matching=$(lists matching "$tmp/events" user_id u001)
expect "so many match, at once" " $matching of $commas match"
rows "they are the rows" largest " $matching of $commas match" u001
keys Escape
expect "Esc clears it" " $commas rows ─"
keys / "$user" Enter
rows_one() {
	shows "^ +1  $user +$count\$" && shows " 1 of $commas match"
}
check "a key beyond the ranking is found" wait_for 30 rows_one
keys Enter
expect "Enter selects it" "^▸ +1  $user"
keys Enter
expect "Enter opens its page" "^  interactions +$count  count"
expect "with its name" "^  $user\$"
last=$("$WEIR" export "$store" users --format json |
	jq -r --arg user "$user" \
	'.[] | select(.user_id == $user) | "\(.last_partition) \(.last_offset)"')
command="kcat -C -b $broker -t interactions -p ${last% *} -o ${last#* } -c 1"
expect "it says how to fetch its last event" "^  $command\$"
$command -q -e >"$tmp/kcat" 2>"$tmp/err"
check "kcat finds it there" grep -q "\"$user\"" "$tmp/kcat"
keys e
expect "e fetches it" "^  key $user\$"
as_kcat() {
	capture && sed -n 's/^  \({.*}\)$/\1/p' "$tmp/screen" |
		cmp -s - "$tmp/kcat"
}
check "the same as kcat" wait_for 30 as_kcat
keys Escape
expect "Esc goes back to the rows" '^▸ +1  '

# --- windows of a key -----------------------------------------------------------------

keys Escape
expect "and to the panels" '[─▸]users ─'
keys Tab
expect "the items" '▸items ─'
keys / i 0 0 0 0 3 Enter Enter
expect "an item" '^▸ +1  i00003'
keys Enter
expect "its windows as a chart" 'interactions in each window of 10 s'
"$WEIR" export "$store" item_minute | tr -d '\r' >"$tmp/windows"
charted() {
	capture && lists windows "$tmp/windows" i00003 "$tmp/screen"
}
check "smallest, average and largest are as exported" wait_for 30 charted

# --- on a store ------------------------------------------------------------------------

window view
launch view "$store"
expect "weir view shows it" '[─▸]users ─'
keys / "$user" Enter Enter
expect "it has all rows, too" "^▸ +1  $user"
keys Enter
expect "and the page of a key" "^  $command\$"
keys e
expect "without brokers, only the command" 'no broker is known here'
keys q
window view2
launch view "$store" -b "$broker"
expect "weir view -b" '[─▸]users ─'
keys / "$user" Enter Enter
expect "all rows" "^▸ +1  $user"
keys Enter e
expect "weir view -b fetches the event" "^  key $user\$"
keys q
cp -r "$store" "$tmp/copy"
window view3
launch view "$store" "$tmp/copy"
expect "weir view of several stores" '[─▸]users ─'
keys t
expect "they have their rankings only, which it says" 'several stores'
keys q

# --- what is not there any more --------------------------------------------------------

# The embedded broker keeps 5 MiB of a partition: the first events are gone.
events=400000
"$WEIR" generate "$interactions" --stdout --seed 8 --events $events \
	>"$tmp/events" 2>"$tmp/err"
window long
launch run "$interactions" --seed 8 --events $events --rate max \
	--store "$tmp/long" --bad 0.00002
expect "a longer run" ' ENDED$'
window gone
launch run "$interactions" --seed 8 --events $events --rate max \
	--store "$tmp/gone"
expect "one without bad events" ' ENDED$'
user=$(lists early "$tmp/events" user_id)
keys / "$user" Enter Enter
expect "a key of long ago" "^▸ +1  $user"
keys Enter e
expect "its event is no longer there, which is said" \
	'the broker has this event no longer'
keys q
terminal select-window -t weir:long
keys BTab BTab BTab
expect "dead letters" '▸dead letters ─'
keys Down Enter
expect "where a dead letter is" '^  position +[0-3]@[0-9]'
expect "and how to fetch it" \
	'^  again +kcat -C -b 127[0-9.]*:[0-9]+ -t interactions -p [0-3] -o [0-9]+ -c 1'
keys q

# --- while it is written ----------------------------------------------------------------

window busy
launch run "$interactions" --rate 20k --store "$tmp/busy"
expect "a run under way" '[─▸]users ─'
keys t
expect "all rows of it" 'largest first · as of commit'
at_commit() {
	shows 'as of commit' &&
		sed -n 's/.*as of commits* \([0-9,]*\).*/\1/p' "$tmp/screen" |
		tr -d ,
}
now_at() {
	was=$(at_commit) && [ -n "$was" ]
}
read_anew() {
	[ "$(at_commit || echo 0)" -gt "$was" ]
}
wait_for 30 now_at
check "they are read anew as it goes on" wait_for 60 read_anew
keys Down Down Down
expect "a row is selected" '^▸ +3  u[0-9]{6} '
chosen=$(sed -n 's/^▸ *[0-9,]*  \(u[0-9]*\) .*/\1/p' "$tmp/screen")
wait_for 30 now_at
check "and again" wait_for 60 read_anew
expect "the selection is where the key is" "^▸ +[0-9,]+  $chosen "
keys q

finish
