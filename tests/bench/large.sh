# The parts of tests/bench/run about many users, and about time until something is
# seen.

bench_memory() {
	local n pipeline most=0
	n=$(so_many 20000000 500000)
	pipeline=$(zipf_pipeline 10000000)
	filled "zipf10m-$n" "$pipeline" "$n"
	for _ in $(seq "$pairs"); do
		weir_reads "zipf10m-$n" "$pipeline" "$n" --memory 256M
		say "$(calc "$anon / 1024, $file / 1024, $(jq .tables.users.keys "$tmp/out")" \
			'  RssAnon %d MiB  RssFile (page cache) %d MiB  %d users')"
		[ "$anon" -le "$most" ] || most=$anon
	done
	# Of a store that has all of them.
	large_store
	measured "$build/weir" run "$pipeline" --headless --seed 1 --rate max \
		--events "$((n / 4))" --store "$work/large" --memory 256M
	say "$(calc "$anon / 1024, $file / 1024, $large" \
		'  on a store of all: RssAnon %d MiB  RssFile (page cache) %d MiB  %d users')"
	[ "$anon" -le "$most" ] || most=$anon
	rm -rf "$work/large"
	result 'resident memory beside the page cache, 10 million users, `--memory 256M`' \
		'≤ 512 MiB' "$(calc "$most / 1024" '%d MiB')"
}

# A store in $work/large that has each of $large users.
large_store() {
	large=10000000
	[ $quick = no ] || large=300000
	[ ! -s "$work/large/data.mdb" ] || return 0
	say "making a store of $large users"
	mkdir -p "$work/large"
	"$build/tests/bench/path" -f -e -k "$work/large" -c 2000000 -m 4096 \
		"$large" "$large" >"$tmp/out"
	# Or whoever commits first would wait for all of it.
	sync "$work/large/data.mdb"
}

# ARGUMENTS...: weir in a terminal, the median in $first, in ms.
first_frame() {
	: >"$tmp/firsts"
	for _ in $(seq $((pairs * 2 + 1))); do
		python3 tests/bench/terminal.py first "$build/weir" "$@" \
			>>"$tmp/firsts"
	done
	first=$(median <"$tmp/firsts")
	say "  weir $1: $(tr '\n' ' ' <"$tmp/firsts") ms"
}

# `run` goes on with the store: it is a commit or two older each time.
bench_start() {
	local view
	rm -rf "$work/large"
	large_store
	first_frame view "$work/large"
	view=$first
	first_frame run interactions --rate 1000 --store "$work/large"
	rm -rf "$work/large"
	result 'start on a store of 10 million users, first frame' '≤ 300 ms' \
		"$(calc "$view, $first" '%d ms weir view; %d ms weir run')"
}

# Events carry the clock's time at which they were made, and the panel of
# partitions says up to which offset of each they are counted on the screen: so of
# each event it is known when it could be seen.
bench_latency() {
	local seconds=20 rate=300000 n got
	[ $quick = no ] || seconds=5
	broker
	admin topics | jq -e 'index("latency") == null' >/dev/null ||
		admin delete-topic latency
	admin create-topic latency 4 retention.ms=-1
	python3 tests/bench/terminal.py rows "$seconds" "$tmp/rows" \
		"$build/weir" run interactions -b "$address" -t latency \
		--rate $rate --store "$tmp/store" --fresh >"$tmp/out"
	n=$(admin offsets latency | jq 'map(.end) | add')
	"$build/tests/bench/consume" -t "$address" latency 4 "$n" >"$tmp/times"
	# The first 2 s are the start's, and what was never drawn came at the end.
	got=$(python3 tests/bench/latency.py "$tmp/rows" "$tmp/times" 2)
	say "  $got"
	admin delete-topic latency
	result 'event created → on the screen, at 300,000 events/s, real broker, p99' \
		'≤ 500 ms' "$(printf '%s\n' "$got" | sed 's/.*p99 \([^,;]*\).*/\1/')"
}
