# What the screen costs, and how soon a key shows. Part of tests/bench/run.

# NAME: a figure that tests/bench/screen printed.
drawn() {
	awk -v name="$1" '$1 == name {print $2}' "$tmp/drawn"
}

bench_screen() {
	local frames=1000 seconds=15 presses=40 share keys rest
	if [ $quick = yes ]; then
		frames=100 seconds=3 presses=5
	fi
	"$build/tests/bench/screen" "$frames" >"$tmp/drawn"
	sed 's/^/  /' "$tmp/drawn"
	result 'drawing a whole 200 x 60 frame, CPU' '≤ 2 ms' \
		"$(drawn whole_ms) ms; what has changed: $(drawn changed_ms) ms"
	result 'written when nothing has changed' '0 bytes' \
		"$(drawn same_bytes) bytes"
	share=$(python3 tests/bench/screen.py share "$seconds" "$build/weir" run \
		interactions --rate max --store "$tmp/store" --fresh)
	result 'the thread that draws, at full rate, of one core' '< 2 %' "$share %"
	keys=$(python3 tests/bench/screen.py keys "$presses" "$build/weir" run \
		interactions --rate max --store "$tmp/store" --fresh)
	result 'from a key until it shows, at full rate' '≤ 50 ms' \
		"${keys% *} ms, at most ${keys#* } ms"
	rest=$(python3 tests/bench/screen.py rest 3 "$build/weir" view "$tmp/store")
	say "  weir view of a store at rest wrote $rest bytes in 3 s"
	rm -rf "$tmp/store"
}
