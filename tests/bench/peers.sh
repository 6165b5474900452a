# The parts of tests/bench/run that compare weir with what others do the same work
# with. What they counted is compared before what it took is.

# NAME FILTER: the peer's result, $tmp/NAME.json, and weir's report agree in it.
agree() {
	local theirs ours
	theirs=$(jq -S -c "$2" "$tmp/$1.json")
	ours=$(jq -S -c "$2" "$tmp/report")
	[ "$theirs" = "$ours" ] || fail "weir and $1 do not agree: $ours, $theirs"
}

# NAME: they agree in the three tables without a window, and in the windows that
# weir's report has, but for the last ten seconds' worth: all of those complete.
same_tables() {
	local table
	for table in users items types; do
		agree "$1" ".tables.$table | [.keys, .total, .total / .keys, .min.value,
			.min.keys, .max.value, .max.key, (.top | map([.key, .interactions]))]"
	done
	jq -c '.tables.item_minute.windows[] | select(.complete)
		| [.start_ms, .keys, .total, .max.value, (.top | map(.interactions))]' \
		"$tmp/report" >"$tmp/ours"
	jq -c '.tables.item_minute.windows[]
		| [.start_ms, .keys, .total, .max.value, (.top | map(.interactions))]' \
		"$tmp/$1.json" >"$tmp/theirs"
	if grep -qvxFf "$tmp/theirs" "$tmp/ours"; then
		fail "weir and $1 do not agree in the windows"
	fi
	say "  $1: users, items, types and $(wc -l <"$tmp/ours") windows as weir's"
}

# TOPIC EVENTS: the median of weir's CPU seconds in $own, its report in
# $tmp/report.
weir_counts() {
	: >"$tmp/own"
	for _ in $(seq "$pairs"); do
		weir_reads "$1" interactions "$2"
		echo "$cpu" >>"$tmp/own"
	done
	own=$(median <"$tmp/own")
	cp "$tmp/out" "$tmp/report"
	say "  weir: $(tr '\n' ' ' <"$tmp/own")CPU s"
}

# NAME COMMAND...: a peer, once; its CPU seconds in $theirs.
peer_counts() {
	local name=$1
	shift
	measured "$@"
	cp "$tmp/out" "$tmp/$name.json"
	same_tables "$name"
	theirs=$cpu
	say "$(calc "$wall, $cpu, $anon / 1024" \
		"  $name: %.1f s, %.1f CPU s, RssAnon %d MiB")"
}

# A Java program takes seconds to warm up: it gets enough to do.
bench_streams() {
	local n
	n=$(so_many 3000000 200000)
	filled "interactions-$n" interactions "$n"
	weir_counts "interactions-$n" "$n"
	peer_counts streams java -cp "$(tests/bench/peers/build)" \
		-Dorg.slf4j.simpleLogger.defaultLogLevel=warn weir.Tables \
		"$address" "interactions-$n" "$n" "$tmp/streams"
	result 'Kafka Streams ÷ weir, CPU seconds, same events and tables' '≥ 10' \
		"$(calc "$theirs / $own, $theirs, $own" '%.0f (%.1f s, %.2f s)')"
}

bench_python() {
	local n kafka confluent
	n=$(so_many 1000000 200000)
	filled "interactions-$n" interactions "$n"
	weir_counts "interactions-$n" "$n"
	peer_counts kafka "$python" tests/bench/peers/dictionaries.py kafka \
		"$address" "interactions-$n" "$n"
	kafka=$theirs
	peer_counts confluent "$python" tests/bench/peers/dictionaries.py \
		confluent "$address" "interactions-$n" "$n"
	confluent=$theirs
	result 'Python, kafka-python and dictionaries ÷ weir, likewise' '≥ 40' \
		"$(calc "$kafka / $own, $kafka, $own" '%.0f (%.1f s, %.2f s)')"
	result 'Python, confluent-kafka and dictionaries ÷ weir, likewise' '–' \
		"$(calc "$confluent / $own, $confluent" '%.0f (%.1f s)')"
}
