#!/bin/sh
# Alerts of the whole program: what fires is what is counted from the events by
# other means; a restart or a kill neither forgets nor repeats one; who is told
# gets all of it as text, whatever stands in it.
. "${srcdir:-.}/tests/lib/tap.sh"
need python3 jq kcat

# RULES FILE: the pipeline with these alerts instead of its own
rules() {
	python3 - "$interactions" "$1" >"$2" <<'END'
import re, sys
text = open(sys.argv[1]).read()
begin = text.index('"alerts": [')
end = text.index("\n  ],", begin) + 4
print(text[:begin] + '"alerts": [' + sys.argv[2] + "]" + text[end:])
END
}

# NAME ARGUMENTS...: a headless run to its end, its report in $tmp/NAME.out
run() {
	run_name=$1
	shift
	start_weir "$run_name" run "$@" --headless
	end_of "$pid"
	[ "$code" -eq 0 ] || show "$tmp/$run_name.err"
}

# --- the moments -------------------------------------------------------------------

rules '
  {"name": "flap", "table": "item_minute", "above": 430, "clear_below": 425,
   "cooldown": "2m"},
  {"name": "plain", "table": "item_minute", "above": 590},
  {"name": "long", "table": "item_minute", "above": 720, "for": "3m"}
' "$tmp/windows.json"
"$WEIR" generate "$tmp/windows.json" --stdout --seed 7 --events 900000 \
	>"$tmp/events"
run windows "$tmp/windows.json" --seed 7 --events 900000 --store "$tmp/windows"
is "rules on windows: exit code" "$code" 0
if python3 "$lib/alerts_oracle.py" "$tmp/windows.json" "$tmp/events" \
	"$tmp/windows.out" >"$tmp/oracle"; then
	ok "what fired and cleared, and when, is what is counted"
else
	not_ok "what fired and cleared, and when, is what is counted"
fi
cat "$tmp/oracle"
check "there was something to count" says "$tmp/windows.out" \
	'([.alert_log[] | select(.state == "cleared")] | length) > 5
	and ([.alert_rules[].fired] | min) > 3'
# Slower: commits fall elsewhere.
run slower "$tmp/windows.json" --seed 7 --events 900000 --rate 300000 \
	--store "$tmp/slower"
is "slower, the same fires" \
	"$(of "$tmp/slower.out" '[.alert_log[] | [.name, .state, .key, .time_ms]]
		| sort')" \
	"$(of "$tmp/windows.out" '[.alert_log[] | [.name, .state, .key, .time_ms]]
		| sort')"
"$WEIR" alerts --test "$tmp/windows.json" "$tmp/windows" >"$tmp/test"
is "weir alerts --test: exit code" $? 0
is "it counts the same" \
	"$(awk '$2 == "warning" {print $1, $3}' "$tmp/test")" \
	"$(jq -r '.alert_rules[] | "\(.name) \(.fired)"' "$tmp/windows.out")"
"$WEIR" report "$tmp/windows" >"$tmp/report"
check "the store says what the run said" cmp "$tmp/windows.out" "$tmp/report"

# --- restarts ----------------------------------------------------------------------

rules '{"name": "many", "table": "items", "above": 20000}' "$tmp/many.json"
run first "$tmp/many.json" --seed 1 --events 200000 --store "$tmp/many"
run second "$tmp/many.json" --seed 2 --events 20000 --store "$tmp/many"
is "a restart does not repeat what fires" \
	"$(of "$tmp/second.out" '[.alert_rules[0].fired, .alerts[0].id,
		.alerts[0].state, .alerts[0].key]')" '[1,1,"firing","i00001"]'
is "nor forgets since when" \
	"$(of "$tmp/second.out" '.alerts[0].fired_ms')" \
	"$(of "$tmp/first.out" '.alerts[0].fired_ms')"
check "its value is the one of now" says "$tmp/second.out" \
	'.alerts[0].value > 30000'
rules '{"name": "many", "table": "items", "above": 20000,
  "message": "{key}!"}' "$tmp/worded.json"
run worded "$tmp/worded.json" --seed 3 --events 1000 --store "$tmp/many"
is "in other words it is the same rule" \
	"$(of "$tmp/worded.out" '[.alert_rules[0].fired, .alerts[0].message]')" \
	'[1,"i00001!"]'
rules '{"name": "many", "table": "items", "above": 25000},
  {"name": "more", "table": "items", "above": 1}' "$tmp/changed.json"
run changed "$tmp/changed.json" --seed 4 --events 1000 --store "$tmp/many"
is "another limit is another rule" \
	"$(of "$tmp/changed.out" '[.alert_rules[0].fired, .alerts[0].id > 1]')" \
	'[1,true]'
check "numbers go on all the same" says "$tmp/changed.out" \
	"($ledger_holds) and .ledger.consumed == 222000"
run none "$interactions" --seed 5 --events 1000 --store "$tmp/many"
is "removed rules take their states with them" \
	"$(of "$tmp/none.out" '[.alerts, .alert_log]')" '[[],[]]'

# --- killed ------------------------------------------------------------------------

cat >"$tmp/number.py" <<'END'
import os, sys
with open(sys.argv[1], "a") as out:
	out.write(os.environ["WEIR_ALERT_NUMBER"] + " "
		  + os.environ["WEIR_ALERT_COUNT"] + "\n")
END
rules '{"name": "keys", "table": "users", "above": 5}' "$tmp/keys.json"
for i in 1 2 3 4 5 6; do
	start_weir killed run "$tmp/keys.json" --headless --seed $i --rate 20000 \
		--store "$tmp/killed" \
		--on-alert "python3 $tmp/number.py $tmp/numbers"
	was=$(jq -s 'last | .ledger.consumed // 0' "$tmp/report_says" 2>/dev/null)
	wait_for 60 report_says "$tmp/killed" \
		".ledger.consumed > ${was:-0} + $((i * 3001))"
	kill -9 "$pid"
	end_of "$pid"
done
run killed "$tmp/keys.json" --seed 9 --events 5000 --rate 50000 \
	--store "$tmp/killed" --on-alert "python3 $tmp/number.py $tmp/numbers"
is "killed six times: ends with" "$code" 0
over=$("$WEIR" export "$tmp/killed" users | awk -F, 'NR > 1 && $2 > 5' |
	wc -l | tr -d ' ')
is "killed six times: each key above the limit has fired once" \
	"$(of "$tmp/killed.out" '.alert_rules[0] | [.fired, .firing]')" \
	"[$over,$over]"
check "killed six times: there are some" [ "$over" -gt 200 ]
# What is left when weir ends, the next run tells: this one has nothing else to.
told_all() {
	[ "$(sort -u "$tmp/numbers" | awk '{n += $2} END {print n}')" = "$over" ]
}
start_weir left run "$tmp/keys.json" --headless --rate 0 \
	--store "$tmp/killed" --on-alert "python3 $tmp/number.py $tmp/numbers"
broker_of left
check "killed six times: all keys were told" wait_for 60 told_all
kill -INT "$pid"
end_of "$pid"
is "killed six times: every notice was told" \
	"$(cut -d ' ' -f 1 "$tmp/numbers" | sort -n | uniq | awk '$1 != NR' |
	wc -l | tr -d ' ')" 0

# --- who is told -------------------------------------------------------------------

cat >"$tmp/env.py" <<'END'
import json, os, sys
assert not [k for k in os.environ if k.startswith("WEIR_KAFKA_")]
with open(sys.argv[1], "a") as out:
	out.write(json.dumps({k[11:]: os.fsencode(v).decode("utf-8", "replace")
		for k, v in os.environ.items() if k.startswith("WEIR_ALERT_")})
		+ "\n")
END
rules '{"name": "any user", "table": "users", "above": 0,
  "severity": "critical", "message": "<{key}>"}' "$tmp/any.json"
WEIR_ALERT_KEY=x WEIR_KAFKA_CLIENT_ID=secret \
	start_weir told run "$tmp/any.json" --headless --rate 0 \
	--store "$tmp/told" --alerts-topic told.alerts \
	--on-alert "python3 $tmp/env.py $tmp/told.env"
told=$pid
broker_of told
python3 - "$tmp" <<'END'
import json, sys
keys = ["plain", "a\nb", "it's \"q\"", "$(touch pwned)", "`id`", "a;b|c&d",
	"\x1b[2J", "-n", "", "a b=c", "%s%n", "ü😀"]
for i, key in enumerate(keys):
	with open(f"{sys.argv[1]}/event.{i}", "w") as out:
		out.write(json.dumps({"user_id": key, "item_id": "i",
			"timestamp": 1, "interaction_type": "view"}) + "\n")
with open(f"{sys.argv[1]}/keys", "w") as out:
	json.dump(keys, out)
END
keys=$(jq length "$tmp/keys")
lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}
i=0
while [ $i -lt "$keys" ]; do
	kcat -q -P -b "$broker" -t interactions -l "$tmp/event.$i"
	i=$((i + 1))
	wait_for 30 lines "$tmp/told.env" $i
done
is "a command has the keys in its environment, as they are" \
	"$(jq -s -c '[.[].KEY]' "$tmp/told.env")" "$(jq -c . "$tmp/keys")"
is "and the rest" "$(sed 1q "$tmp/told.env" | jq -c '[.NAME, .STATE, .SEVERITY,
	.VALUE, .LIMIT, .MESSAGE, .COUNT, .NUMBER, .ID, .PIPELINE]')" \
	'["any user","firing","critical","1","0","<plain>","1","1","1","interactions"]'
check "nothing was run of it" [ ! -e pwned ]
kcat -q -C -b "$broker" -t told.alerts -c "$keys" -o beginning -f '%s\n' \
	>"$tmp/records" 2>"$tmp/kcat.err"
is "the topic has the same" \
	"$(jq -s -c '[.[].alerts[0].key]' "$tmp/records")" \
	"$(jq -c . "$tmp/keys")"
is "as JSON" "$(sed 1q "$tmp/records" | jq -c 'del(.clock_ms)
	| del(.alerts[0].time_ms)')" \
	'{"number":1,"pipeline":"interactions","name":"any user","severity":"critical","state":"firing","count":1,"message":"<plain>","table":"users","measure":"interactions","alerts":[{"id":1,"key":"plain","window_start_ms":null,"value":1,"limit":0}]}'
kill -INT "$told"
end_of "$told"
is "it ends well" "$code" 0

# A command that fails, or does not end, is said, and the flow goes on.
cat >"$tmp/hang.py" <<'END'
import time
time.sleep(1000)
END
start_weir hung run "$tmp/any.json" --headless --rate 2000 --store "$tmp/hung" \
	--on-alert "python3 $tmp/hang.py"
hung=$pid
check "a command that hangs does not delay the flow" wait_for 60 \
	report_says "$tmp/hung" '.ledger.consumed > 10000 and .ledger.lag < 2000'
check "it is ended, and that is said" wait_for 60 grep -q \
	'^weir: .*--on-alert took longer than 10 s' "$tmp/hung.err"
kill -INT "$hung"
end_of "$hung"
is "and the end does not wait for it" "$code" 0
# Also when whoever started weir did not care how its children end.
cat >"$tmp/ignoring" <<END
#!/usr/bin/env python3
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv("$WEIR", sys.argv)
END
chmod +x "$tmp/ignoring"
weir=$WEIR
WEIR=$tmp/ignoring
run failing "$tmp/any.json" --seed 1 --events 60000 --rate 20000 \
	--store "$tmp/failing" --on-alert "false"
WEIR=$weir
check "a command that fails is said" grep -q \
	'^weir: the command false of --on-alert ended with exit code 1' \
	"$tmp/failing.err"
run missing "$tmp/any.json" --seed 1 --events 60000 --rate 20000 \
	--store "$tmp/missing" --on-alert "$tmp/there-is-none x"
check "so is one that is not there" grep -q \
	'^weir: cannot run the command .*there-is-none of --on-alert: No such' \
	"$tmp/missing.err"
run refused "$tmp/any.json" --seed 1 --events 10 --store "$tmp/refused" \
	--alerts-topic interactions
is "the topic that is watched is refused" "$code" 2

# --- the desktop ----------------------------------------------------------------------

DBUS_SESSION_BUS_ADDRESS=unix:path=$tmp/none
export DBUS_SESSION_BUS_ADDRESS
run nobus "$tmp/any.json" --seed 1 --events 60000 --rate 20000 \
	--store "$tmp/nobus" --notify
is "without D-Bus it runs all the same" "$code" 0
check "and says what is missing" \
	grep -q '^weir: the desktop takes no notification' "$tmp/nobus.err"
check "nothing is lost" says "$tmp/nobus.out" \
	"($ledger_holds) and .ledger.consumed == 60000"
unset DBUS_SESSION_BUS_ADDRESS

if ! command -v dbus-run-session >/dev/null; then
	ok "the desktop # SKIP there is no dbus-run-session"
elif ! /usr/bin/python3 -c 'from gi.repository import Gio' 2>/dev/null; then
	ok "the desktop # SKIP there is no python3-gi"
else
	rules '{"name": "<b>hot</b> & \"co\"", "table": "users", "above": 0,
	  "severity": "critical"}' "$tmp/desktop.json"
	cat >"$tmp/session.sh" <<'END'
/usr/bin/python3 "$1/notifications.py" "$2/desktop" &
daemon=$!
echo $$ >"$2/session.pid"
"$3" run "$2/desktop.json" --headless --rate 0 --store "$2/desk" --notify \
	>"$2/desk.out" 2>"$2/desk.err" &
weir=$!
echo $weir >"$2/weir.pid"
wait $weir
echo $? >"$2/desk.code"
kill $daemon
END
	lib=$(cd "$lib" && pwd)
	dbus-run-session -- sh "$tmp/session.sh" "$lib" "$tmp" "$WEIR" \
		>"$tmp/session.out" 2>&1 &
	session=$!
	pids="$pids $session"
	wait_for 60 grep -q '^weir: broker' "$tmp/desk.err"
	broker_of desk
	wait_for 30 grep -q ready "$tmp/desktop"
	printf '%s\n' '{"user_id":"<i>\u001b[1m&\u0000\nx","item_id":"i","timestamp":1,"interaction_type":"view"}' \
		>"$tmp/markup"
	kcat -q -P -b "$broker" -t interactions -l "$tmp/markup"
	check "a real notification daemon is told" \
		wait_for 30 grep -q '"Notify"' "$tmp/desktop"
	is "what it is told is escaped" "$(grep '"Notify"' "$tmp/desktop" |
		jq -c '[.app, .title, .body, .urgency]')" \
		'["weir","&lt;b&gt;hot&lt;/b&gt; &amp; &quot;co&quot;","&lt;b&gt;hot&lt;/b&gt; &amp; &quot;co&quot;: &lt;i&gt;�[1m&amp;� x 1 &gt; 0",2]'
	kill -INT "$(cat "$tmp/weir.pid")"
	end_of "$session"
	is "it ends well" "$(cat "$tmp/desk.code")" 0
fi

finish
