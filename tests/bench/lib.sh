# What the parts of tests/bench/run share. They run in its folder, the top one.
#
# Whatever is measured is started by tests/bench/measure. Figures go through
# say(), which prints them; what stands in the table goes through result(), into
# $work/result.PART, so that a part that runs alone leaves the others' rows be.

programs() {
	make -s -C "$build" weir tests/bench/consume tests/bench/measure \
		tests/bench/path tests/bench/plain tests/bench/screen
}

say() {
	printf '%s\n' "$*"
}

fail() {
	printf 'tests/bench/run: %s\n' "$*" >&2
	exit 1
}

# MEASURE TARGET GOT [COMMAND]: a row of the table, of the part that runs.
result() {
	printf '| %s | %s | %s | `%s` |\n' "$1" "$2" "$3" \
		"${4:-tests/bench/run $part}" >>"$work/result.$part"
	say "=> $1: $3 (target: $2)"
}

# EXPRESSIONS [FORMAT]: arithmetic; several are divided by commas.
calc() {
	awk "BEGIN {printf(\"${2:-%.2f}\", $1)}"
}

# Numbers on standard input: the one in the middle.
median() {
	sort -g | awk '{n[NR] = $1} END {print n[int((NR + 1) / 2)]}'
}

# COMMAND...: measured; the figures are then in $wall, $cpu, $half, $anon, $file.
# What it prints goes to $tmp/out and $tmp/err.
measured() {
	"$build/tests/bench/measure" -o "$tmp/measured" "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null || {
		tail -n 20 "$tmp/err" >&2
		fail "this failed: $*"
	}
	# shellcheck disable=SC1090,SC1091
	. "$tmp/measured"
}

# --- Pipelines ------------------------------------------------------------------

# USERS: interactions.json with so many, Zipf 1.0.
zipf_pipeline() {
	sed 's/{"zipf": 1.0, "count": 100000,/{"zipf": 1.0, "count": '"$1"',/' \
		schema/interactions.json >"$work/zipf-$1.json"
	printf '%s\n' "$work/zipf-$1.json"
}

# USERS: the same, each as likely.
uniform_pipeline() {
	sed 's/{"zipf": 1.0, "count": 100000,/{"uniform": [1, '"$1"'],/' \
		schema/interactions.json >"$work/uniform-$1.json"
	printf '%s\n' "$work/uniform-$1.json"
}

# --- A real broker ----------------------------------------------------------------

# Its address is then in $address. It is stopped at the end; its data stay, and
# topics that are full are used again.
broker() {
	[ -z "${address:-}" ] || return 0
	python=$(tests/kafka/python)
	address=$(tests/kafka/start "$work/kafka" </dev/null)
}

admin() {
	"$python" tests/kafka/admin.py "$address" "$@"
}

# TOPIC PIPELINE EVENTS: the topic has exactly these, with seed 1.
filled() {
	local have
	broker
	have=$(admin offsets "$1" 2>/dev/null | jq 'map(.end) | add' 2>/dev/null) ||
		have=
	[ "$have" != "$3" ] || return 0
	say "filling the topic $1 with $3 events"
	[ -z "$have" ] || [ "$have" = null ] || admin delete-topic "$1"
	admin create-topic "$1" 4 retention.ms=-1 retention.bytes=-1
	"$build/weir" generate "$2" -b "$address" -t "$1" --seed 1 --rate max \
		--events "$3" >"$tmp/out" 2>"$tmp/err" </dev/null ||
		fail "the topic $1 could not be filled: $(tail -n 1 "$tmp/err")"
	have=$(admin offsets "$1" | jq 'map(.end) | add')
	[ "$have" = "$3" ] || fail "the topic $1 has $have events, not $3"
}

# TOPIC EVENTS: plain librdkafka reads it.
plain_reads() {
	measured "$build/tests/bench/consume" "$address" "$1" 4 "$2"
}

# TOPIC PIPELINE EVENTS [ARGUMENTS...]: weir reads it into $tmp/store; the report
# is $tmp/out.
weir_reads() {
	local topic=$1 pipeline=$2 count=$3
	shift 3
	rm -rf "$tmp/store"
	measured -s "$tmp/store" -n "$count" "$build/weir" run "$pipeline" \
		-b "$address" -t "$topic" --no-generate --headless \
		--store "$tmp/store" "$@"
	jq -e --argjson n "$count" '.ledger | .balanced and .valid == $n' \
		"$tmp/out" >/dev/null || fail "weir has not counted all of $topic"
}

# --- The table --------------------------------------------------------------------

version() { # package
	dpkg-query -W -f '${Version}' "$1" 2>/dev/null | sed 's/[-+].*//'
}

machine() {
	local release=Linux
	[ ! -r /etc/os-release ] ||
		# shellcheck disable=SC1091
		release=$(. /etc/os-release && echo "$NAME ${VERSION_ID:-}")
	printf '%s, %d cores; %s, %s; librdkafka %s, LMDB %s, simdjson %s; Apache Kafka 3.7.1, Java %s, Python %s\n' \
		"$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sed 1q)" \
		"$(nproc)" "$release" "gcc $(gcc -dumpfullversion)" \
		"$(version librdkafka-dev)" "$(version liblmdb-dev)" \
		"$(version libsimdjson-dev)" \
		"$(java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')" \
		"$(python3 -c 'import platform; print(platform.python_version())')"
}

# Everything between the two marker lines of docs/performance.md is written anew.
write_table() {
	local p
	{
		machine
		echo
		echo '| measure | target | this machine | command |'
		echo '|---|---|---|---|'
		for p in $parts; do
			cat "$work/result.$p" 2>/dev/null || :
		done
	} >"$tmp/table"
	awk -v table="$tmp/table" '
		/^<!-- measured/ {
			print
			while ((getline line < table) > 0)
				print line
			skipping = 1
			next
		}
		/^<!-- end/ {skipping = 0}
		!skipping' docs/performance.md >"$tmp/performance.md"
	cat "$tmp/performance.md" >docs/performance.md
}
