# How long a recording takes. Part of tests/bench/run.

bench_record() {
	local i times=
	printf 'rate 10k\nwait 60s\n' >"$tmp/minute.script"
	for ((i = 0; i < pairs; i++)); do
		measured "$build/weir" record --script "$tmp/minute.script" \
			--record "$tmp/minute.cast"
		jq -e '.ledger | .balanced and .lost == 0 and .consumed > 590000' \
			"$tmp/out" >/dev/null || fail "not all was recorded"
		say "  $wall s, CPU $cpu s, $(wc -c <"$tmp/minute.cast") bytes"
		times="$times$wall "
	done
	result '60 s of 10,000 events/s with the dashboard, recorded in lockstep' \
		'< 10 s' "$(tr ' ' '\n' <<<"${times% }" | median) s"
}
