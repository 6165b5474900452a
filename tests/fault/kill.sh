#!/bin/sh
# Killed at any moment, a store holds exactly the effect of the events below its
# offsets. An oracle counts those events a second time (tests/lib/kill_oracle.py).
. "${srcdir:-.}/tests/fault/lib.sh"
need python3 jq

sed 's/"user_id": *{"zipf"[^}]*}/"user_id": {"uniform": [1, 1000000], "format": "u%07d"}/' \
	"$interactions" >"$tmp/wide.json"

killed() { # wait for the end of what was killed
	end_of "$weir" 2>/dev/null
}

# Report and oracle, on the one run that a store had.
check_killed() { # description pipeline seed store
	if ! "$WEIR" report "$4" >"$tmp/report" 2>"$tmp/check"; then
		not_ok "$1: the store can be read" "$tmp/check"
		return
	fi
	check "$1" python3 "$lib/kill_oracle.py" "$WEIR" "$tmp/report" \
		"$2:$3:$tmp/report"
}

# 1. At random moments, early and later.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	store=$tmp/store-$i
	roll 8
	commits=$((rolled + 1))
	roll 150
	delay=$(printf '0.%03d' "$rolled")
	start run interactions --headless --seed "$i" --rate 200000 \
		--events 100000000 --store "$store"
	wait_for 20 report_says "$store" ".commit >= $commits and .ledger.valid > 0"
	sleep "$delay"
	kill -KILL "$weir"
	killed
	check_killed "killed $delay s after commit $commits" interactions \
		"$i" "$store"
	rm -rf "$store"
done

# 2. While a commit's pages are written. Little memory and many users make
# commits frequent and large.
inside=0
for i in 1 2 3 4 5 6 7 8; do
	store=$tmp/inside-$i
	roll 6
	flushes=$((rolled + 2))
	roll 3000
	start run "$tmp/wide.json" --headless --seed "$i" --rate 150000 \
		--events 100000000 --memory 16M --store "$store"
	wait_for 20 report_says "$store" '.commit >= 1'
	where=$(python3 "$lib/kill_in_commit.py" "$weir" "$store" "$flushes" \
		"$rolled")
	killed
	[ "$where" != "inside a commit" ] || inside=$((inside + 1))
	check_killed "killed at its write number $flushes ($where)" \
		"$tmp/wide.json" "$i" "$store"
	rm -rf "$store"
done
if [ "$inside" -gt 0 ]; then
	ok "some of the kills were inside of a commit"
	diag "$inside of 8"
else
	not_ok "some of the kills were inside of a commit"
fi

# 3. One store, continued after each kill. Each run has a broker of its own: its
# offsets begin anew, and what the last one held unread is lost.
store=$tmp/continued
runs=
echo '{"source": {"label": ""}, "commit": 0, "ledger": {"lost": 0, "lag": 0,
	"failed": 0, "unacked": 0, "valid": 0}}' >"$tmp/before"
for i in 1 2 3 4 5 6 7; do
	roll 5
	commits=$rolled
	roll 200
	delay=$(printf '0.%03d' "$rolled")
	begun=$(jq .commit "$tmp/before")
	start run interactions --headless --seed "$i" --rate 100000 \
		--events 100000000 --store "$store"
	# With commits = 0, often before anything was read.
	wait_for 20 report_says "$store" ".commit > $begun + $commits"
	sleep "$delay"
	kill -KILL "$weir"
	killed
	if ! "$WEIR" report "$store" >"$tmp/after-$i" 2>"$tmp/check"; then
		not_ok "run $i: the store can be read" "$tmp/check"
		break
	fi
	runs="$runs interactions:$i:$tmp/after-$i"
	# shellcheck disable=SC2086
	check "continued $i times: every run's events, once" python3 \
		"$lib/kill_oracle.py" "$WEIR" "$tmp/after-$i" $runs
	check "continued $i times: what the last broker held is lost" \
		jq -e -n --slurpfile a "$tmp/before" --slurpfile b "$tmp/after-$i" '
		$a[0] as $was | $b[0] as $is
		| if $was.source.label == $is.source.label
			or $is.commit <= $was.commit
			or $is.ledger.lost != $was.ledger.lost + $was.ledger.lag
			or $is.ledger.failed !=
				$was.ledger.failed + $was.ledger.unacked
			or $is.ledger.valid < $was.ledger.valid
		then [$was.ledger, $is.ledger] | debug | false else true end'
	cp "$tmp/after-$i" "$tmp/before"
done

# And to the end: nothing of the kills is left behind.
start run interactions --headless --seed 8 --events 20000 --store "$store"
ended 60
cp "$tmp/out" "$tmp/after-8"
# shellcheck disable=SC2086
if [ "$code" = 0 ]; then
	check "a last run ends by itself" python3 "$lib/kill_oracle.py" \
		"$WEIR" "$tmp/after-8" $runs "interactions:8:$tmp/after-8"
else
	not_ok "a last run ends by itself, not with $code" "$tmp/err"
fi
finish
