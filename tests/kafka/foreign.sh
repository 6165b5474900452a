#!/bin/sh
# Others' clients on a real broker: weir counts what they write, with every codec,
# with and without keys and values, in transactions; and kcat and a pure Python
# client read what weir writes.
. "${srcdir:-.}/tests/kafka/lib.sh"
broker

# Users of the report, as an object. There are more than ten: the ten largest and
# the ten smallest are all of them.
users='.tables.users | [.top[], .bottom[]] | map({(.key): .interactions}) | add'

# --- codecs, keys, tombstones ------------------------------------------------------------

admin create-topic codecs 4
watch codecs interactions -t codecs
run=$pid
if clients codecs codecs 200 >"$tmp/written" 2>"$tmp/clients.err"; then
	ok "two clients write with each codec"
else
	not_ok "two clients write with each codec" "$tmp/clients.err"
fi
check "codecs: weir reads to the end" read_to_end codecs codecs
stop_weir codecs "$run"
check "codecs: the ledger adds up" says "$tmp/codecs.out" "$ledger_holds"
is "codecs: every event is there, of every client" \
	"$(jq -cS "$users" "$tmp/codecs.out")" "$(jq -cS .users "$tmp/written")"
is "codecs: what has no value is a dead letter" \
	"$(of "$tmp/codecs.out" .ledger.dead_by_reason)" \
	"$(jq -c '{no_value}' "$tmp/written")"
is "codecs: nothing is skipped, lost or left" \
	"$(of "$tmp/codecs.out" '.ledger | [.skipped, .lost, .lag]')" '[0,0,0]'
kcat_reads codecs "$tmp/read"
check "codecs: the report is what kcat reads" recounted "$interactions" \
	"$tmp/read" "$tmp/codecs.out" \
	"$(jq '[.users[], .no_value] | add' "$tmp/written")"

# --- transactions -------------------------------------------------------------------------

admin create-topic transactions 3
watch transactions interactions -t transactions
run=$pid
# The last of them is aborted: there is no event behind it.
if clients transactions transactions 30 >"$tmp/written" 2>"$tmp/clients.err"; then
	ok "transactions are committed and aborted"
else
	not_ok "transactions are committed and aborted" "$tmp/clients.err"
fi
check "transactions: weir reads to the end, behind the markers" \
	read_to_end transactions transactions
stop_weir transactions "$run"
check "transactions: the ledger adds up" says "$tmp/transactions.out" \
	"$ledger_holds"
is "transactions: what was committed is counted, what was aborted is not" \
	"$(jq -cS "$users" "$tmp/transactions.out")" \
	"$(jq -cS .users "$tmp/written")"
committed=$(jq '[.users[]] | add' "$tmp/written")
is "transactions: all other offsets are skipped, none is lost" \
	"$(of "$tmp/transactions.out" '.ledger | [.skipped, .lost, .lag]')" \
	"$(ends transactions | jq -c "[add - $committed, 0, 0]")"
kcat_reads transactions "$tmp/read"
check "transactions: the report is what kcat reads" recounted "$interactions" \
	"$tmp/read" "$tmp/transactions.out" "$committed"

# Once more, when all of it is there already, into a store of its own.
watch later interactions -t transactions
run=$pid
check "transactions, afterwards: weir reads to the end" \
	read_to_end later transactions
stop_weir later "$run"
is "transactions, afterwards: the same report" \
	"$(jq -cS '[.ledger, .offsets, .tables.users, .tables.items]' \
		"$tmp/later.out")" \
	"$(jq -cS '[.ledger, .offsets, .tables.users, .tables.items]' \
		"$tmp/transactions.out")"

# --- what weir writes -----------------------------------------------------------------------

admin create-topic made 4
check "weir generates into the topic" "$WEIR" generate interactions \
	-b "$address" -t made --seed 11 --events 20000 --rate max --bad 0.01
"$WEIR" generate interactions --stdout --seed 11 --events 20000 --bad 0.01 |
	sort >"$tmp/made"
kcat -q -b "$address" -t made -C -e -o beginning -f '%p\t%k\t%s\n' \
	>"$tmp/read" 2>"$tmp/kcat.err"
is "kcat reads as many" "$(wc -l <"$tmp/read" | tr -d ' ')" 20000
cut -f 3- "$tmp/read" | sort >"$tmp/read.sorted"
check "kcat reads the same events" cmp "$tmp/read.sorted" "$tmp/made"
clients read made 2>"$tmp/clients.err" | sort >"$tmp/read.python"
check "a pure Python client reads the same events" \
	cmp "$tmp/read.python" "$tmp/made"
check "each key is in the partition of its checksum" python3 -c '
import sys, zlib
wrong = keyed = 0
for line in sys.stdin.buffer:
    partition, key, value = line.split(b"\t", 2)
    if key:
        keyed += 1
        wrong += zlib.crc32(key) % 4 != int(partition)
print(wrong, "of", keyed, "are not")
sys.exit(wrong != 0 or keyed < 19000)' <"$tmp/read"
check "the key of a valid event is its user" awk -F '\t' '
	$3 ~ /^{"user_id":"u[0-9]+","item_id":"i[0-9]+","interaction_type":"[a-z]+","timestamp":17[0-9]+}$/ {
		split($3, part, "\"")
		n++
		wrong += part[4] != $2
	}
	END {
		print wrong + 0, "of", n, "are not"
		exit wrong || n < 19000
	}' "$tmp/read"

# --- dead letters ------------------------------------------------------------------------------

watch letters interactions -t made --dead-letters made.dead
check "weir reads the topic" read_to_end letters made
stop_weir letters "$pid"
kcat -q -b "$address" -t made -C -e -o beginning -f '%p %o\t%k\t%s\n' |
	sort >"$tmp/source"
kcat -q -b "$address" -t made.dead -C -e -o beginning -f '%h\t%p\t%k\t%s\n' |
	sed -E 's/^.*__connect\.errors\.topic=made,__connect\.errors\.partition=([0-9]+),__connect\.errors\.offset=([0-9]+)[^\t]*\t([0-9]+)\t/\3=\1 \2\t/' |
	sed -E 's/^([0-9]+)=\1 /\1 /' | sort >"$tmp/letters"
is "kcat reads each dead letter" "$(wc -l <"$tmp/letters" | tr -d ' ')" \
	"$(of "$tmp/letters.out" .ledger.dead)"
is "in its partition, with its position, key and bytes" \
	"$(comm -23 "$tmp/letters" "$tmp/source" | wc -l | tr -d ' ')" 0

finish
