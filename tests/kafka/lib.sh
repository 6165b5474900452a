# What the tests against a real broker share. After tests/lib/tap.sh, which it
# reads:
#
#	. "${srcdir:-.}/tests/kafka/lib.sh"
#	broker
#
# What they need is fetched by tests/run, or by hand with tests/kafka/jars and
# tests/kafka/python; without it they are skipped. KAFKA_TESTS=required in
# the environment makes that a failure.
export LC_ALL=C.UTF-8
. "${srcdir:-.}/tests/lib/tap.sh"
kafka=$srcdir/tests/kafka

missing() {
	if [ "${KAFKA_TESTS:-}" = required ]; then
		echo "Bail out! $1"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

for tool in kcat jq java python3 flock setsid; do
	command -v $tool >/dev/null 2>&1 || missing "there is no $tool"
done
"$kafka/jars" --have >/dev/null ||
	missing "there is no broker: tests/kafka/jars fetches it"
python=$("$kafka/python" --have) ||
	missing "there are no Kafka clients: tests/kafka/python fetches them"
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

cleanup() {
	[ ! -e "$tmp/kafka/pid" ] || "$kafka/stop" "$tmp/kafka" --kill
}

# A broker of the test's own, in $tmp/kafka; its address in $address.
broker() { # [arguments of tests/kafka/start...]
	if ! address=$("$kafka/start" "$tmp/kafka" "$@" 2>"$tmp/start.err"); then
		show "$tmp/start.err"
		echo "Bail out! the broker did not start"
		exit 1
	fi
}

broker_signal() { # signal
	kill "-$1" "$(cat "$tmp/kafka/pid")"
}

admin() {
	"$python" "$kafka/admin.py" "$address" "$@"
}

clients() {
	"$python" "$kafka/clients.py" "$address" "$@"
}

# Events in the topic by offsets, gone and aborted ones and markers included.
ends() { # topic
	admin offsets "$1" | jq -c 'map(.end)'
}

# What kcat finds in a topic: values, one a line.
kcat_reads() { # topic file
	kcat -q -b "$address" -t "$1" -C -e -o beginning -f '%s\n' >"$2" \
		2>"$tmp/kcat.err"
}

kcat_writes() { # topic partition file
	# A batch must fit into a small segment.
	kcat -q -b "$address" -t "$1" -P -p "$2" -l "$3" \
		-X batch.num.messages=500
}

# NAME ARGUMENTS...: weir watches; its store is $tmp/NAME.store, its process $pid.
watch() {
	watched=$1
	shift
	start_weir "$watched" run "$@" -b "$address" --no-generate --headless \
		--duration 1000s --store "$tmp/$watched.store"
}

# NAME TOPIC: until the store NAME has all that the topic holds now.
read_to_end() {
	reached=$(ends "$2")
	wait_for 90 report_says "$tmp/$1.store" \
		".offsets | map(.next) == $reached"
}

# NAME PID: asks that weir to end; its report is $tmp/NAME.out.
stop_weir() {
	kill -TERM "$2"
	end_within 60 "$2"
	is "$1: weir ends well" "$code" 0
	[ "$code" -eq 0 ] || show "$tmp/$1.err"
}

# WHAT CODE SENTENCE ARGUMENTS...: weir does not want to; the sentence is an
# extended regular expression.
says_no() {
	what=$1
	wanted=$2
	sentence=$3
	shift 3
	start_weir no "$@"
	end_within 60 "$pid"
	is "$what: exit code" "$code" "$wanted"
	check "$what: the sentence" grep -qE "^weir: .*$sentence" "$tmp/no.err"
	is "$what: only the sentence" \
		"$(grep -vcE '^weir: kafka:' "$tmp/no.err")" 1
	is "$what: no report" "$(cat "$tmp/no.out")" ''
	show "$tmp/no.err"
}

# PIPELINE EVENTS REPORT FOREIGN: the report says what tests/lib/recount.py counts
# in these events. Where weir has skipped or lost some, the test itself looks at
# how many: here they are taken out.
recounted() {
	jq '.ledger.foreign -= .ledger.skipped + .ledger.lost
		| .ledger.skipped = 0 | .ledger.lost = 0
		| .offsets |= map(.begin += .skipped + .lost)' "$3" \
		>"$tmp/recounted" || return
	python3 "$lib/recount.py" --late --foreign "$4" "$1" "$2" "$tmp/recounted"
}

# NAME KILLS LEAST SPREAD ARGUMENTS...: starts weir again and again, and kills it
# LEAST ms and up to SPREAD more later. The caller's position() says how far the
# store has come, in two numbers; $moved is how often the second had grown, and
# $tmp/kills has a line for each kill. Where weir takes so long to begin that
# nothing has moved for four kills, the next ones come later.
kill_often() {
	kills_name=$1
	kills_of=$2
	kills_least=$3
	kills_spread=$4
	shift 4
	killed=0
	moved=0
	was="0 0"
	kills_in_vain=0
	kills_slow=1
	: >"$tmp/kills"
	while [ "$killed" -lt "$kills_of" ]; do
		roll "$kills_spread"
		delay=$(((rolled + kills_least) * kills_slow))
		start_weir "$kills_name" run "$@"
		# This is no waiting for something: it is the moment of the kill.
		sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
		kill -KILL "$pid" 2>/dev/null
		end_of "$pid" 2>/dev/null
		killed=$((killed + 1))
		if [ "$code" -ne 137 ]; then
			not_ok "kill $killed: weir had ended before, with $code" \
				"$tmp/$kills_name.err"
			finish
		fi
		is=$(position)
		[ -n "$is" ] || is="0 0"
		kills_in_vain=$((kills_in_vain + 1))
		if [ "${is#* }" -gt "${was#* }" ]; then
			moved=$((moved + 1))
			kills_in_vain=0
		elif [ "$kills_in_vain" -eq 4 ]; then
			kills_slow=$((kills_slow + 1))
			kills_in_vain=0
		fi
		if [ "${is#* }" -lt "${was#* }" ]; then
			not_ok "kill $killed: the store is at $is, and was at $was"
		fi
		echo "kill $killed after $delay ms: $is" >>"$tmp/kills"
		was=$is
	done
}

# A stream whose events are numbered, and what it is made of.
numbered=$tmp/numbered.json
cat >"$numbered" <<'END'
{
  "name": "numbered",
  "topic": {"name": "numbered", "partitions": 1},
  "event": {
    "time": "at",
    "fields": {
      "who": {"type": "string"},
      "n": {"type": "integer"},
      "at": {"type": "time"}
    }
  },
  "tables": {
    "who": {"by": ["who"], "measures": {"events": "count", "n": {"sum": "n"}}}
  }
}
END
# WHO FROM TO: events FROM to TO - 1.
numbers() {
	awk -v who="$1" -v from="$2" -v to="$3" -v now="$(date +%s)" 'BEGIN {
		for (n = from; n < to; n++)
			printf "{\"who\":\"%s\",\"n\":%d,\"at\":%d000}\n", who, n, now
	}'
}
# REPORT WHO: [events, sum of n] of them.
numbers_in() {
	jq -c --arg who "$2" '[.tables.who.top[] | select(.key == $who)
		| .events, .n]' "$1"
}
