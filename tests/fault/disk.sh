#!/bin/sh
# The disk is full or read-only, the folder is taken away: weir says so, goes on
# when it can, and never leaves a store that is wrong.
. "${srcdir:-.}/tests/fault/lib.sh"
need python3 jq

# Every event another key: the store grows quickly.
sed 's/"user_id": *{"zipf"[^}]*}/"user_id": {"uniform": [1, 1000000], "format": "u%07d"}/' \
	"$interactions" >"$tmp/wide.json"

small_disk() { # folder size
	mkdir "$1"
	mount -t tmpfs -o "size=$2" weir-fault "$1" 2>"$tmp/mount" || return 1
	mounts="$mounts $1"
}

said_full() {
	grep -qE '^weir: .* is full .*make room' "$tmp/err"
}

said_full_or_gone() {
	said_full || gone "$weir"
}

# What a report must say of itself, whatever happened.
sane='.ledger.balanced and .ledger.lost == 0 and .ledger.dead == 0
	and .ledger.failed == 0
	and .ledger.valid == ([.offsets[].next] | add)
	and .ledger.valid == .tables.users.total
	and .ledger.valid == .tables.items.total
	and .ledger.valid == .tables.types.total'

if small_disk "$tmp/small" 6m; then
	# 1. Full, then there is room again.
	store=$tmp/small/store
	start run "$tmp/wide.json" --headless --seed 1 --rate 50000 \
		--store "$store"
	if wait_for 30 said_full_or_gone && said_full; then
		ok "a full disk: says so"
	else
		not_ok "a full disk: says so" "$tmp/err"
	fi
	valid=$(report_value "$store" .ledger.valid)
	check "a full disk: the last good commit can be read meanwhile" \
		report_says "$store" "$sane"
	if gone "$weir"; then
		not_ok "a full disk: it waits for room" "$tmp/err"
	else
		ok "a full disk: it waits for room"
	fi
	mount -o remount,size=300m "$tmp/small"
	if wait_for 30 report_says "$store" ".ledger.valid > ${valid:-0} + 50000"
	then
		ok "room again: it goes on by itself"
	else
		not_ok "room again: it goes on by itself" "$tmp/err"
	fi
	kill -INT "$weir" 2>/dev/null
	ended 60
	if [ "$code" = 0 ] && jq -e "$sane and .ledger.lag == 0
		and .ledger.unacked == 0
		and .ledger.valid == .ledger.produced" "$tmp/out" >"$tmp/check"
	then
		ok "room again: nothing was lost"
	else
		echo "exit code $code" >>"$tmp/err"
		jq -c .ledger "$tmp/out" >>"$tmp/err"
		not_ok "room again: nothing was lost" "$tmp/err"
	fi
	check "room again: an independent count agrees" \
		python3 "$lib/kill_oracle.py" "$WEIR" "$tmp/out" \
		"$tmp/wide.json:1:$tmp/out"

	# 2. Full until the end.
	rm -rf "$store"
	mount -o remount,size=6m "$tmp/small"
	start run "$tmp/wide.json" --headless --seed 2 --rate 50000 \
		--store "$store"
	wait_for 30 said_full_or_gone
	kill -INT "$weir" 2>/dev/null
	ended 60
	if [ "$code" = 1 ] && said_full; then
		ok "full to the end: ends with 1"
	else
		not_ok "full to the end: ends with 1, not $code" "$tmp/err"
	fi
	"$WEIR" report "$store" >"$tmp/report" 2>"$tmp/err"
	check "full to the end: the last commit holds" jq -e "$sane" \
		"$tmp/report"
	check "full to the end: an independent count agrees" \
		python3 "$lib/kill_oracle.py" "$WEIR" "$tmp/report" \
		"$tmp/wide.json:2:$tmp/report"
	# It was kept, not shown instead: the end says what the store holds.
	if cmp -s "$tmp/out" "$tmp/report"; then
		ok "full to the end: the report is of what is stored"
	else
		diff "$tmp/out" "$tmp/report" >"$tmp/check"
		not_ok "full to the end: the report is of what is stored" \
			"$tmp/check"
	fi

	# 3. Several sizes, so that space runs out at other places of a commit.
	for kib in 1400 2100 3300 4500; do
		rm -rf "$store"
		mount -o "remount,size=${kib}k" "$tmp/small"
		start run "$tmp/wide.json" --headless --seed 3 --rate 50000 \
			--store "$store"
		wait_for 30 said_full_or_gone
		kill -INT "$weir" 2>/dev/null
		ended 60
		"$WEIR" report "$store" >"$tmp/report" 2>>"$tmp/err"
		if [ "$code" = 1 ] && said_full &&
			jq -e "$sane" "$tmp/report" >/dev/null; then
			ok "full at $kib KiB: says so, and the last commit holds"
		else
			echo "exit code $code" >>"$tmp/err"
			not_ok "full at $kib KiB: says so, and the last commit holds" \
				"$tmp/err"
		fi
	done

	# 4. Too small to begin with.
	rm -rf "$store"
	for size in 4k 16k 40k; do
		mount -o "remount,size=$size" "$tmp/small"
		start run interactions --headless --events 10 --store "$store"
		wait_for 30 said_full_or_gone
		kill -INT "$weir" 2>/dev/null
		ended 30
		if [ "$code" = 1 ] && grep -qE '^weir: .*(full|No space left)' \
			"$tmp/err"; then
			ok "a disk of $size: says so"
		else
			echo "exit code $code" >>"$tmp/err"
			not_ok "a disk of $size: says so" "$tmp/err"
		fi
		rm -rf "$store"
	done
else
	ok "a full disk # SKIP cannot mount a small one: $(sed 1q "$tmp/mount")"
fi

# 5. The folder goes away, or is moved, during the run: the open file stays.
store=$tmp/moved
start run interactions --headless --seed 4 --rate 20000 --store "$store"
wait_for 20 report_says "$store" '.ledger.valid > 0'
mv "$store" "$tmp/moved-away"
valid=$(report_value "$tmp/moved-away" .ledger.valid)
if wait_for 20 report_says "$tmp/moved-away" ".ledger.valid > $valid"; then
	ok "a folder that was moved: it goes on there"
else
	not_ok "a folder that was moved: it goes on there" "$tmp/err"
fi
kill -INT "$weir" 2>/dev/null
ended 30
cp "$tmp/out" "$tmp/report"
if [ "$code" = 0 ] && "$WEIR" report "$tmp/moved-away" | cmp -s - "$tmp/out"
then
	check "a folder that was moved: nothing is wrong in it" jq -e "$sane" \
		"$tmp/report"
else
	echo "exit code $code" >>"$tmp/err"
	not_ok "a folder that was moved: nothing is wrong in it" "$tmp/err"
fi
store=$tmp/removed
start run interactions --headless --seed 5 --rate 20000 --store "$store"
wait_for 20 report_says "$store" '.ledger.valid > 0'
rm -rf "$store"
kill -INT "$weir" 2>/dev/null
ended 30
if [ "$code" = 0 ] || { [ "$code" = 1 ] && grep -q '^weir: .*removed' \
	"$tmp/err"; }; then
	ok "a folder that was removed: ends well"
else
	echo "exit code $code" >>"$tmp/err"
	not_ok "a folder that was removed: ends well" "$tmp/err"
fi

# 6. Read-only while it runs. A file system is not made so while a file in it is
# being written, but one that finds an error in itself does it; here the file is
# made immutable, which stops those who have it open, too, on most.
store=$tmp/immutable
start run interactions --headless --seed 6 --rate 20000 --store "$store"
wait_for 20 report_says "$store" '.ledger.valid > 0'
said_readonly() {
	grep -q "^weir: the store $store cannot be written now .*writable again" \
		"$tmp/err"
}
stops_writers() {
	echo x >"$tmp/writers" && exec 8>>"$tmp/writers" &&
		chattr +i "$tmp/writers" 2>/dev/null || return 1
	stops=0
	echo x >&8 && stops=1
	chattr -i "$tmp/writers"
	exec 8>&-
	return $stops
}
if stops_writers 2>/dev/null; then
	immutable=$store/data.mdb
	chattr +i "$immutable"
	check "read-only: says so" wait_for 30 said_readonly
	valid=$(report_value "$store" .ledger.valid)
	check "read-only: the last good commit can be read meanwhile" \
		report_says "$store" "$sane"
	if gone "$weir"; then
		not_ok "read-only: it waits" "$tmp/err"
	else
		ok "read-only: it waits"
	fi
	chattr -i "$immutable"
	check "writable again: it goes on by itself" wait_for 30 \
		report_says "$store" ".ledger.valid > ${valid:-0}"
	kill -INT "$weir"
	ended 60
	if [ "$code" = 0 ] && jq -e "$sane and .ledger.lag == 0
		and .ledger.valid == .ledger.produced" "$tmp/out" >"$tmp/check"
	then
		ok "writable again: nothing was lost"
	else
		echo "exit code $code" >>"$tmp/err"
		jq -c .ledger "$tmp/out" >>"$tmp/err"
		not_ok "writable again: nothing was lost" "$tmp/err"
	fi
	check "writable again: an independent count agrees" \
		python3 "$lib/kill_oracle.py" "$WEIR" "$tmp/out" \
		"$interactions:6:$tmp/out"
else
	ok "read-only # SKIP no file can be made immutable here"
	kill -INT "$weir"
	ended 60
fi

# 7. Read-only from the beginning.
rm -rf "$tmp/copy"
mkdir "$tmp/copy"
cp "$tmp/moved-away/data.mdb" "$tmp/copy/"
before=$(cksum <"$tmp/copy/data.mdb")
if mount --bind "$tmp/copy" "$tmp/copy" 2>/dev/null &&
	mounts="$mounts $tmp/copy" &&
	mount -o remount,bind,ro "$tmp/copy" 2>/dev/null; then
	start run interactions --headless --events 10 --store "$tmp/copy"
	ended 60
	if [ "$code" = 1 ] && grep -q "^weir: .*$tmp/copy.*Read-only" \
		"$tmp/err" && [ "$(cksum <"$tmp/copy/data.mdb")" = "$before" ]
	then
		ok "a read-only file system: says so"
	else
		echo "exit code $code" >>"$tmp/err"
		not_ok "a read-only file system: says so" "$tmp/err"
	fi
else
	ok "a read-only file system # SKIP cannot make one"
fi

# 8. No address space for the store's map. A sanitizer needs it all itself.
if nm "$WEIR" | grep -qE '__(asan|tsan)_init'; then
	ok "little address space # SKIP with a sanitizer"
else
	for command in run report; do
		before=$(cksum <"$tmp/moved-away/data.mdb")
		case $command in
		run) set -- run --headless --events 10 --store ;;
		report) set -- report ;;
		esac
		code=0
		(
			# Less than the map, more than all else.
			ulimit -v 900000
			exec timeout 60 "$WEIR" "$@" "$tmp/moved-away"
		) >"$tmp/out" 2>"$tmp/err" || code=$?
		if [ "$code" = 1 ] && grep -q '^weir: .*address space.*ulimit' \
			"$tmp/err" && [ "$(cksum <"$tmp/moved-away/data.mdb")" = \
			"$before" ]; then
			ok "little address space, weir $command: says so"
		else
			echo "exit code $code" >>"$tmp/err"
			not_ok "little address space, weir $command: says so" \
				"$tmp/err"
		fi
	done
fi
finish
