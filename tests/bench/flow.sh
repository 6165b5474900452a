# The parts of tests/bench/run that compare weir with plain librdkafka, and what
# is measured of the flow alone.

# A seed's events and their times are the same each time. weir is measured from the
# start of its process until the last event is committed, or until the screen says
# that all is done; plain librdkafka from the first event to the last.
bench_embedded() {
	local n a a_cpu b c drawn headless
	n=$(so_many 10000000 1000000)
	"$build/weir" generate interactions --seed 1 --events 1000000 --stdout \
		>"$tmp/lines"
	: >"$tmp/drawn"
	: >"$tmp/headless"
	say "$n events of interactions, 4 partitions, $pairs pairs; events/s"
	say "  a: plain librdkafka; b: weir, headless; c: weir, its dashboard drawn"
	for _ in $(seq "$pairs"); do
		read -r a a_cpu < <("$build/tests/bench/plain" "$n" 4 <"$tmp/lines")
		rm -rf "$tmp"/store*
		measured -s "$tmp/store" -n "$n" "$build/weir" run interactions \
			--headless --seed 1 --rate max --events "$n" \
			--store "$tmp/store"
		jq -e --argjson n "$n" '.ledger.valid == $n and .ledger.lost == 0' \
			"$tmp/out" >/dev/null || fail "events were lost"
		b=$(calc "$n / $wall" %.0f)
		c=$(python3 tests/bench/terminal.py ended "$build/weir" run \
			interactions --seed 1 --rate max --events "$n" \
			--store "$tmp/store" --fresh)
		c=$(calc "$n / $c" %.0f)
		"$build/weir" report "$tmp/store" | jq -e --argjson n "$n" \
			'.ledger.valid == $n and .ledger.lost == 0' \
			>/dev/null || fail "events were lost"
		calc "$c / $a" '%.4f\n' >>"$tmp/drawn"
		calc "$b / $a" '%.4f\n' >>"$tmp/headless"
		say "$(calc "$a, $b, $c, $b / $a, $c / $a, $a_cpu, $cpu * 1e9 / $n" \
			'  a %d  b %d  c %d  b/a %.2f  c/a %.2f  CPU ns: a %d  b %d')"
	done
	drawn=$(median <"$tmp/drawn")
	headless=$(median <"$tmp/headless")
	result 'embedded broker, the whole flow with the dashboard drawn ÷ plain librdkafka produce and consume' \
		'≥ 0.80' "$(calc "$drawn, $headless" '%.2f; %.2f headless')"
}

# TOPIC PIPELINE EVENTS: both read the topic, in turns; the medians are then in
# $ratio (of events/s), $beyond (CPU ns an event), $own and $plain (the same).
in_turns() {
	local a_wall a_cpu
	filled "$1" "$2" "$3"
	: >"$tmp/ratios"
	: >"$tmp/beyond"
	: >"$tmp/own"
	: >"$tmp/plain"
	say "$3 events in $1, 4 partitions, Apache Kafka, $pairs pairs"
	say "  a: plain librdkafka; b: weir, headless"
	# Once for the page cache.
	plain_reads "$1" "$3"
	for _ in $(seq "$pairs"); do
		plain_reads "$1" "$3"
		a_wall=$wall
		a_cpu=$cpu
		weir_reads "$1" "$2" "$3"
		calc "$a_wall / $wall" '%.4f\n' >>"$tmp/ratios"
		calc "($cpu - $a_cpu) * 1e9 / $3" '%.1f\n' >>"$tmp/beyond"
		calc "$cpu * 1e9 / $3" '%.1f\n' >>"$tmp/own"
		calc "$a_cpu * 1e9 / $3" '%.1f\n' >>"$tmp/plain"
		say "$(calc "$3 / $a_wall, $3 / $wall, $a_wall / $wall, $a_cpu * 1e9 / $3, $cpu * 1e9 / $3, $anon / 1024" \
			'  a %d/s  b %d/s  b/a %.2f  CPU ns: a %d  b %d  RssAnon MiB: b %d')"
	done
	ratio=$(median <"$tmp/ratios")
	beyond=$(median <"$tmp/beyond")
	own=$(median <"$tmp/own")
	plain=$(median <"$tmp/plain")
}

# The topic of `real` and `cpu`.
plain_topic() {
	in_turns "interactions-$1" interactions "$1"
}

bench_real() {
	plain_topic "$(so_many 10000000 500000)"
	result 'real broker, full topic: weir reading it ÷ plain librdkafka reading it' \
		'≥ 0.90' "$(calc "$ratio")"
}

bench_cpu() {
	local n
	n=$(so_many 10000000 500000)
	plain_topic "$n"
	echo "$beyond" >"$work/cpu.$n"
	result 'CPU an event beyond plain librdkafka, 100,000 users Zipf 1.0, 10,000 items' \
		'≤ 250 ns' "$(calc "$beyond, $own, $plain" \
			'%.0f ns (%.0f − %.0f)')"
}

bench_cpu10m() {
	local n few
	n=$(so_many 10000000 500000)
	if [ ! -s "$work/cpu.$n" ]; then
		plain_topic "$n"
		echo "$beyond" >"$work/cpu.$n"
	fi
	few=$(cat "$work/cpu.$n")
	in_turns "zipf10m-$n" "$(zipf_pipeline 10000000)" "$n"
	result 'the same, 10 million users Zipf 1.0, ÷ that' '≤ 2.5' \
		"$(calc "$beyond / $few, $beyond" '%.2f (%.0f ns)')"
}

# What was stored while the first half of the events was read makes the second
# half what goes on for long.
bench_uniform() {
	local n pipeline topic rate
	n=$(so_many 20000000 3000000)
	pipeline=$(uniform_pipeline 10000000)
	topic=uniform10m-$n
	filled "$topic" "$pipeline" "$n"
	say "$n events in $topic, read $pairs times; events/s of the second half"
	: >"$tmp/rates"
	: >"$tmp/anon"
	for _ in $(seq "$pairs"); do
		weir_reads "$topic" "$pipeline" "$n" --memory 256M
		rate=$(calc "$wall > $half ? $n / 2 / ($wall - $half) : 0" %.0f)
		echo "$rate" >>"$tmp/rates"
		calc "$anon / 1024" '%.0f\n' >>"$tmp/anon"
		say "$(calc "$rate, $n / $wall, $anon / 1024, $file / 1024, $(jq .tables.users.keys "$tmp/out"), $cpu * 1e9 / $n" \
			'  %d/s (all of it: %d/s)  RssAnon %d MiB  RssFile %d MiB  %d users  CPU ns %d')"
	done
	result 'uniform over 10 million users: events/s; RssAnon at `--memory 256M`' \
		'≥ 200,000/s; within 512 MiB' \
		"$(calc "$(median <"$tmp/rates"), $(sort -g "$tmp/anon" | tail -n 1)" \
			'%d/s; %d MiB')"
}

bench_generator() {
	local n
	n=$(so_many 20000000 2000000)
	: >"$tmp/rates"
	for _ in $(seq "$pairs"); do
		"$build/tests/bench/measure" -o "$tmp/measured" "$build/weir" \
			generate interactions --seed 1 --rate max --events "$n" \
			--stdout >/dev/null
		# shellcheck disable=SC1091
		. "$tmp/measured"
		calc "$n / $wall" '%.0f\n' >>"$tmp/rates"
		say "$(calc "$n / $wall / 1e6, $cpu * 1e9 / $n" \
			'  %.2f million events/s  CPU ns %d')"
	done
	result 'the generator alone, one thread, `--stdout >/dev/null`' \
		'≥ 4 million/s' \
		"$(calc "$(median <"$tmp/rates") / 1e6" '%.1f million/s')"
}
