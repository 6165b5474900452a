#!/bin/sh
# What goes wrong ends with the right exit code and one sentence that says what
# it is, and harms nothing.
. "${srcdir:-.}/tests/fault/lib.sh"
need jq awk

# Runs weir: exit code, one line "weir: …" on stderr that matches, and nothing
# on stdout. Progress is not counted.
expect() { # description code pattern arguments...
	what=$1
	want=$2
	pattern=$3
	shift 3
	"${as:-env}" ${as_options:-} timeout 60 "$WEIR" "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	judge $?
}

judge() { # code; the rest as expect() has left it
	grep -vE '^weir: (broker |commit |kafka: )' "$tmp/err" >"$tmp/lines"
	{
		[ "$1" = "$want" ] || echo "exit code $1, should be $want"
		[ "$(wc -l <"$tmp/lines")" = 1 ] || echo "not one line"
		grep -q '^weir: ' "$tmp/lines" || echo 'not "weir: …"'
		grep -qE -- "$pattern" "$tmp/lines" || echo "no match: $pattern"
		[ ! -s "$tmp/out" ] || echo "something on stdout"
		# What people cannot act on.
		grep -qE 'MDB_|errno|\(null\)|(^|[^a-z])rc[ =]' "$tmp/lines" &&
			echo "not for people"
	} >"$tmp/wrong"
	if [ -s "$tmp/wrong" ]; then
		cat "$tmp/err" >>"$tmp/wrong"
		not_ok "$what" "$tmp/wrong"
	else
		ok "$what"
	fi
}

# --- words and numbers ---

expect "unknown option" 2 'no option --nonsense' --nonsense
expect "unknown short option" 2 'no option -q' run -q
expect "unknown option behind a command" 2 '--foo' report --foo x
expect "missing value" 2 '--rate needs a value' run --rate
expect "missing value of a short option" 2 '-b needs a value' run -b
for value in '' x -1 1x 1e 1e10 inf nan 0x10 '1 k' 1kk .; do
	expect "--rate '$value'" 2 '--rate takes' run --rate "$value"
done
for value in '' 0 -1 +1 1.5 1x 99999999999999999999 ' 1'; do
	expect "--events '$value'" 2 '--events takes' run --events "$value"
done
for value in '' 0 0s -1s 1w 1e300 x; do
	expect "--duration '$value'" 2 '--duration takes' run --duration "$value"
done
for value in '' -1 1.5 18446744073709551616 x; do
	expect "--seed '$value'" 2 '--seed takes' run --seed "$value"
done
for value in '' -0.1 1.01 2 50% x; do
	expect "--bad '$value'" 2 '--bad takes' run --bad "$value"
done
for value in '' 0 15M 1 16m 1T x; do
	expect "--memory '$value'" 2 '--memory takes' run --memory "$value"
done
for value in '' 0 65 x; do
	expect "--generators '$value'" 2 '--generators takes' run \
		--generators "$value"
done
expect "a word too many" 2 '"b" is one word too many' run a b
expect "a word too many behind --" 2 'one word too many' run a -- b
expect "view without a store" 2 'needs the folder of a store' view
expect "report without a store" 2 'needs the folder of a store' report
expect "check without a pipeline" 2 'needs a pipeline' check
expect "generate without a pipeline" 2 'needs a pipeline' generate
expect "an option of another command" 2 '--store has no meaning for `weir check`' \
	check interactions --store "$tmp/x"
expect "report takes no --headless" 2 '--headless has no meaning' \
	report x --headless
expect "--no-generate without brokers" 2 '--no-generate needs --brokers' \
	run --headless --no-generate
for option in '--rate 1' '--events 1' '--seed 1' '--bad 0'; do
	# shellcheck disable=SC2086
	expect "--no-generate and $option" 2 '--no-generate goes with none of' \
		run --headless --no-generate -b 127.0.0.1:1 $option
done
expect "generate to nowhere" 2 'needs --brokers, or --stdout' \
	generate interactions
expect "no brokers in -b" 2 '--brokers takes' run --headless -b ''
expect "a librdkafka setting without =" 2 'NAME=VALUE' run -X foo
expect "an unknown librdkafka setting" 2 'no setting "foo"' run -X foo=1
expect "a bad value of a librdkafka setting" 2 'value for "linger.ms"' \
	run -X linger.ms=secret
if grep -q secret "$tmp/err"; then
	not_ok "values of settings are not repeated"
else
	ok "values of settings are not repeated"
fi
expect "a file of settings that is not there" 1 'No such file' \
	run -F "$tmp/none"
printf '# x\n\nlinger.ms=1\nbar=2\n' >"$tmp/settings"
expect "a broken file of settings" 2 'settings:4: .*no setting "bar"' \
	run -F "$tmp/settings"
expect "no terminal" 2 'no terminal.*--headless' run
expect "no terminal to view on" 2 'no terminal.*weir report' view "$tmp"

# --- pipelines ---

broken() { # description pattern sed-script
	sed "$3" "$interactions" >"$tmp/broken.json"
	expect "$1" 2 "$2" check "$tmp/broken.json"
}

expect "an unknown pipeline" 2 'nonesuch.*interactions' run --headless nonesuch
expect "a pipeline file that is not there" 2 'no file .*/nonesuch.json' \
	check "$tmp/nonesuch.json"
expect "a folder as a pipeline" 2 . check "$tmp/"
# The line of what is wrong is found by other means.
line=$(awk '/"users": *{"by"/ {print NR; exit}' "$interactions")
broken "a field that is not there" \
	"broken.json:$line: tables.users.by\\[0\\]: .*\"usr_id\".*\"user_id\"" \
	's/"by": \["user_id"\]/"by": ["usr_id"]/'
line=$(awk '/"topic":/ {print NR; exit}' "$interactions")
broken "an unknown key" "broken.json:$line: topic.*\"partition\".*\"partitions\"" \
	's/"partitions": 4/"partition": 4/'
line=$(awk '/"tables":/ {print NR; exit}' "$interactions")
broken "an unknown key at the top" "broken.json:$line: .*\"tabels\".*\"tables\"" \
	's/"tables":/"tabels":/'
line=$(awk '/"max_length"/ {print NR; exit}' "$interactions")
broken "a wrong type" "broken.json:$line: event.fields.user_id.max_length: " \
	's/"max_length": 64/"max_length": "64"/'
broken "a value that is not one of" \
	'broken.json:[0-9]+: event.fields.timestamp.unit: .*"min"' \
	's/"unit": "ms"/"unit": "min"/'
broken "broken JSON" 'broken.json:[0-9]+: ' 's/"name": "interactions",$/"name" "x",/'
head -c 1000 "$interactions" >"$tmp/cut.json"
expect "a file cut off" 2 'cut.json:[0-9]+: ' check "$tmp/cut.json"
: >"$tmp/empty.json"
expect "an empty file" 2 'empty.json:1: ' check "$tmp/empty.json"
head -c 5000 /dev/urandom >"$tmp/noise.json"
expect "noise" 2 'noise.json:[0-9]+: |noise.json' check "$tmp/noise.json"
awk 'BEGIN {for (i = 0; i < 100000; i++) printf "["}' >"$tmp/deep.json"
expect "a hundred thousand brackets" 2 'deep.json:1: ' check "$tmp/deep.json"
sed -e '/"alerts": \[/,/^  \],/d' -e '/"generator"/,$d' "$interactions" | sed '$s/$/\n}/; s/^  \],$/  ]/' \
	>"$tmp/silent.json"
expect "a pipeline without generator, no brokers" 2 'has no generator' \
	run --headless "$tmp/silent.json"

# --- stores ---

store=$tmp/store
"$WEIR" run interactions --headless --seed 1 --events 5000 --store "$store" \
	>"$tmp/first" 2>"$tmp/err" || not_ok "a first store" "$tmp/err"
print_sums() {
	(cd "$1" && find . -type f ! -name lock.mdb -exec cksum '{}' + | sort)
}
unharmed() { # description folder sums-before
	print_sums "$2" >"$tmp/sums"
	if cmp -s "$3" "$tmp/sums"; then
		ok "$1"
	else
		diff "$3" "$tmp/sums" >"$tmp/check"
		not_ok "$1" "$tmp/check"
	fi
}
run() { # the arguments of a short run
	echo run --headless --seed 1 --events 100 "$@"
}

expect "report of no store" 1 'no store in' report "$tmp/none"
expect "report of a file" 1 'cannot use|no store' report "$interactions"
[ ! -e "$tmp/none" ] && ok "looking makes no folder" ||
	not_ok "looking makes no folder"
# shellcheck disable=SC2046
expect "a store where none can be" 1 '/proc/weir' $(run --store /proc/weir/x)
expect "a store in place of a file" 1 'settings' $(run --store "$tmp/settings")
expect "a store below a file" 1 'settings' $(run --store "$tmp/settings/x")

mkdir "$tmp/foreign"
echo precious >"$tmp/foreign/letter"
print_sums "$tmp/foreign" >"$tmp/before"
expect "a folder with other files" 1 'holds other files' \
	$(run --store "$tmp/foreign")
expect "a folder with other files, --fresh" 1 'holds other files' \
	$(run --fresh --store "$tmp/foreign")
unharmed "other files are left alone" "$tmp/foreign" "$tmp/before"

for kind in empty noise short text; do
	mkdir "$tmp/$kind"
	case $kind in
	empty) : >"$tmp/$kind/data.mdb" ;;
	noise) head -c 100000 /dev/urandom >"$tmp/$kind/data.mdb" ;;
	short) head -c 100 /dev/urandom >"$tmp/$kind/data.mdb" ;;
	text) yes weir | head -n 5000 >"$tmp/$kind/data.mdb" ;;
	esac
	print_sums "$tmp/$kind" | grep data.mdb >"$tmp/before"
	expect "report of a data.mdb of $kind" 1 "$tmp/$kind" report "$tmp/$kind"
	# Nothing is lost when nothing was in it.
	if [ $kind != empty ]; then
		expect "a run on a data.mdb of $kind" 1 \
			"$tmp/$kind.*(not a weir store|something else)" \
			$(run --store "$tmp/$kind")
		print_sums "$tmp/$kind" | grep data.mdb >"$tmp/after"
		check "a data.mdb of $kind is left alone" \
			cmp "$tmp/before" "$tmp/after"
	fi
done

print_sums "$store" >"$tmp/before"
sed 's/"max_length": 64/"max_length": 63/' "$interactions" >"$tmp/other.json"
expect "a store of another pipeline" 1 'other fields, rules or tables.*--fresh' \
	run --headless --events 1 "$tmp/other.json" --store "$store"
start run --headless --rate 100 --store "$tmp/busy"
wait_for 20 report_says "$tmp/busy" '.ledger.valid > 0'
wait_for 20 grep -q '^weir: broker ' "$tmp/err"
cp "$tmp/err" "$tmp/busy.err"
expect "a store that is open" 1 \
	"open in another weir, process $weir;.*--store.*weir view" \
	$(run --store "$tmp/busy")
expect "a store that is open, --fresh" 1 "open in another weir, process $weir;" \
	$(run --fresh --store "$tmp/busy")
broker=$(sed -n 's/^weir: broker \([^,]*\),.*/\1/p' "$tmp/busy.err")
expect "a store of another source" 1 \
	'belongs to topic interactions of embedded broker.*--store' \
	run --headless --no-generate -b "$broker" --duration 1s --store "$store"
valid=$(report_value "$tmp/busy" .ledger.valid)
if wait_for 20 report_says "$tmp/busy" ".ledger.valid > $valid"; then
	ok "the first goes on"
else
	not_ok "the first goes on"
fi
kill -TERM "$weir"
ended 30
[ "$code" = 0 ] && ok "and ends well on SIGTERM" ||
	not_ok "and ends well on SIGTERM, not with $code"

# The lock file holds the number of the last process that tried.
print_sums "$store" | grep data.mdb >"$tmp/after"
check "the store is left alone" sh -c "grep data.mdb '$tmp/before' |
	cmp - '$tmp/after'"
"$WEIR" report "$store" | cmp -s - "$tmp/first" &&
	ok "and says what it said" || not_ok "and says what it said"

# As somebody who may not write there.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir "$tmp/locked" "$tmp/theirs"
	chmod 755 "$tmp" "$tmp/locked"
	cp -r "$store" "$tmp/mine"
	chmod 755 "$tmp/mine"
	chmod 644 "$tmp"/mine/*
	chmod 1777 "$tmp/theirs"
	as=setpriv
	as_options='--reuid 65534 --regid 65534 --clear-groups'
	if setpriv $as_options test -x "$WEIR"; then
		expect "a folder that cannot be written" 1 \
			'locked/x.*Permission denied' \
			$(run --store "$tmp/locked/x")
		expect "an empty folder that cannot be written" 1 \
			'locked.*Permission denied' \
			$(run --store "$tmp/locked")
		expect "a store that cannot be written" 1 \
			'mine.*Permission denied' $(run --store "$tmp/mine")
		expect "a store that cannot be read" 1 \
			'store.*Permission denied' report "$store"
		# Even a reader needs LMDB's lock file.
		expect "a store of somebody else" 1 'mine.*Permission denied' \
			report "$tmp/mine"
	else
		diag "the program cannot be reached as nobody: five tests left out"
	fi
	as=
	as_options=
fi

# --- brokers ---

begun=$(date +%s)
expect "no broker answers" 1 'no broker answers|cannot be reached' run \
	--headless -b 127.0.0.1:1 --store "$tmp/unreached"
diag "after $(($(date +%s) - begun)) s"
[ $(($(date +%s) - begun)) -le 30 ] && ok "within 30 s" || not_ok "within 30 s"
expect "no broker answers a generator" 1 'no broker answers|cannot be reached' \
	generate interactions -b no-such-host.invalid:9092 --events 1

# --- where the output goes ---

to_full() { # description arguments...
	what=$1
	want=1
	pattern='cannot write.*No space left'
	shift
	: >"$tmp/out"
	"$WEIR" "$@" >/dev/full 2>"$tmp/err"
	judge $?
}
to_full "a report to a full disk" report "$store"
to_full "events to a full disk" generate interactions --stdout --events 100000
to_full "few events to a full disk" generate interactions --stdout --events 1
to_full "help to a full disk" --help
to_full "a run's report to a full disk" run --headless --events 100 \
	--store "$tmp/full"
"$WEIR" report "$tmp/full" >"$tmp/out" 2>"$tmp/err" &&
	jq -e '.ledger.valid == 100' "$tmp/out" >"$tmp/check" &&
	ok "its store is complete" || not_ok "its store is complete" "$tmp/err"

to_closed() { # description arguments...
	what=$1
	want=1
	pattern='cannot write'
	shift
	: >"$tmp/out"
	"$WEIR" "$@" >&- 2>"$tmp/err"
	judge $?
}
to_closed "a report to a closed stdout" report "$store"
to_closed "events to a closed stdout" generate interactions --stdout --events 9
cp -r "$store" "$tmp/closed"
to_closed "a run with a closed stdout" run --headless --events 100 \
	--store "$tmp/closed"
if "$WEIR" report "$tmp/closed" >"$tmp/out" 2>"$tmp/err" &&
	jq -e '.ledger.valid == 5100 and .ledger.balanced' "$tmp/out" \
		>"$tmp/check"; then
	ok "its store is unharmed"
else
	not_ok "its store is unharmed" "$tmp/err"
fi
# With all three closed, no file of the store may take their place.
cp -r "$store" "$tmp/closed3"
"$WEIR" run --headless --events 100 --store "$tmp/closed3" <&- >&- 2>&-
code=$?
if [ "$code" = 1 ] && "$WEIR" report "$tmp/closed3" >"$tmp/out" 2>"$tmp/err" &&
	jq -e '.ledger.valid == 5100 and .ledger.balanced' "$tmp/out" \
		>"$tmp/check"; then
	ok "a run with nothing open leaves its store unharmed"
else
	echo "exit code $code" >>"$tmp/err"
	not_ok "a run with nothing open leaves its store unharmed" "$tmp/err"
fi

{
	"$WEIR" generate interactions --stdout 2>"$tmp/err"
	echo $? >"$tmp/code"
} | head -n 1 >"$tmp/out"
if [ "$(cat "$tmp/code")" = 0 ] && [ ! -s "$tmp/err" ] &&
	[ "$(wc -l <"$tmp/out")" = 1 ]; then
	ok "a reader that leaves ends a generator quietly"
else
	echo "exit code $(cat "$tmp/code")" >>"$tmp/err"
	not_ok "a reader that leaves ends a generator quietly" "$tmp/err"
fi
{
	"$WEIR" report "$store" 2>"$tmp/err"
	echo $? >"$tmp/code"
} | :
wait_for 10 test -s "$tmp/code"
if [ "$(cat "$tmp/code")" -lt 128 ]; then
	ok "a report into nothing dies of no signal"
else
	not_ok "a report into nothing dies of no signal"
fi

# --- and what is right is right ---

for arguments in --help --version help "check interactions"; do
	# shellcheck disable=SC2086
	"$WEIR" $arguments >"$tmp/out" 2>"$tmp/err"
	if [ $? = 0 ] && [ -s "$tmp/out" ] && [ ! -s "$tmp/err" ]; then
		ok "weir $arguments"
	else
		not_ok "weir $arguments" "$tmp/err"
	fi
done
finish
