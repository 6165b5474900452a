#!/bin/sh
# Logins and TLS: every way in carries events, every way that is closed ends with
# one sentence that says what to do, and secrets are nowhere but where they were
# put.
. "${srcdir:-.}/tests/kafka/lib.sh"
# The broker would make topics of one partition for whoever asks for them.
broker --secure auto.create.topics.enable=true num.partitions=1
sasl_ssl=$(cat "$tmp/kafka/address.sasl_ssl")
ssl=$(cat "$tmp/kafka/address.ssl")
sasl=$(cat "$tmp/kafka/address.sasl")
ca=$tmp/kafka/ca.pem

# Where secrets are put; all else in $tmp but the broker's is searched for them.
given=$tmp/given
mkdir "$given" "$tmp/said"
secret=alice-secret
echo "$secret" >"$given/password"

# --- every way in --------------------------------------------------------------

# NAME ADDRESS ARGUMENTS...: 1,000 events to a topic of that name and back.
through() {
	way=$1
	at=$2
	shift 2
	"$WEIR" generate interactions -b "$at" -t "$way" --seed 7 --events 1000 \
		--rate max --bad 0.05 "$@" >"$tmp/said/$way.generate.out" \
		2>"$tmp/said/$way.generate" </dev/null
	is "$way: events are generated" "$?" 0
	show "$tmp/said/$way.generate" | grep -v 'weir: produced'
	start_weir "$way" run interactions -b "$at" -t "$way" --no-generate \
		--headless --duration 1000s --store "$tmp/$way.store" "$@"
	watcher=$pid
	check "$way: all of them are watched" wait_for 60 report_says \
		"$tmp/$way.store" '.ledger.consumed == 1000'
	tr '\0' '\n' <"/proc/$watcher/cmdline" >"$tmp/said/$way.cmdline"
	check "$way: the command line can be read" \
		grep -q -x -e --no-generate "$tmp/said/$way.cmdline"
	stop_weir "$way" "$watcher"
	kcat_reads "$way" "$tmp/$way.read"
	check "$way: the numbers are those of kcat and recount.py" \
		recounted "$interactions" "$tmp/$way.read" "$tmp/$way.out" 1000
	"$WEIR" report "$tmp/$way.store" >"$tmp/said/$way.report" 2>&1
}

through plain "$sasl_ssl" -X security.protocol=SASL_SSL \
	-X ssl.ca.location="$ca" -X sasl.mechanism=PLAIN \
	-X sasl.username=alice -X sasl.password=$secret
through plaintext "$sasl" --property=security.protocol=SASL_PLAINTEXT \
	-X sasl.mechanism=PLAIN -Xsasl.username=alice \
	"-Xsasl.password=$secret"
through scram-256 "$sasl_ssl" -X security.protocol=SASL_SSL \
	-X ssl.ca.location="$ca" -X sasl.mechanism=SCRAM-SHA-256 \
	-X sasl.username=alice -X sasl.password=@"$given/password"
cat >"$given/settings" <<END
# As kcat has them.
security.protocol=SASL_SSL
ssl.ca.location=$ca
sasl.mechanism=SCRAM-SHA-512
sasl.username=alice
sasl.password=$secret
END
through scram-512 "$sasl_ssl" -F "$given/settings"
sed "s,^sasl.password=.*,sasl.password=@$given/password," \
	"$given/settings" >"$given/settings-and-file"
through scram-512-file "$sasl_ssl" -F "$given/settings-and-file"
through certificate "$ssl" -X security.protocol=SSL -X ssl.ca.location="$ca" \
	-X ssl.certificate.location="$tmp/kafka/client.pem" \
	-X ssl.key.location="$tmp/kafka/client.key"
through key-from-file "$ssl" -X security.protocol=SSL \
	-X ssl.ca.location="$ca" \
	-X ssl.certificate.pem=@"$tmp/kafka/client.pem" \
	-X ssl.key.pem=@"$tmp/kafka/client.key"
# All of it, the address too, from the environment.
WEIR_KAFKA_BOOTSTRAP_SERVERS=$sasl_ssl
WEIR_KAFKA_SECURITY_PROTOCOL=SASL_SSL
WEIR_KAFKA_SSL_CA_LOCATION=$ca
WEIR_KAFKA_SASL_MECHANISM=PLAIN
WEIR_KAFKA_SASL_USERNAME=alice
WEIR_KAFKA_SASL_PASSWORD=$secret
export WEIR_KAFKA_BOOTSTRAP_SERVERS WEIR_KAFKA_SECURITY_PROTOCOL \
	WEIR_KAFKA_SSL_CA_LOCATION WEIR_KAFKA_SASL_MECHANISM \
	WEIR_KAFKA_SASL_USERNAME WEIR_KAFKA_SASL_PASSWORD
through environment "$sasl_ssl"
"$WEIR" run interactions -t environment --no-generate --headless \
	--duration 1s --store "$tmp/unnamed.store" >"$tmp/unnamed.out" \
	2>"$tmp/said/unnamed"
check "the environment says where the cluster is" \
	grep -q "^weir: broker $sasl_ssl, topic environment" "$tmp/said/unnamed"
unset WEIR_KAFKA_BOOTSTRAP_SERVERS WEIR_KAFKA_SECURITY_PROTOCOL \
	WEIR_KAFKA_SSL_CA_LOCATION WEIR_KAFKA_SASL_MECHANISM \
	WEIR_KAFKA_SASL_USERNAME WEIR_KAFKA_SASL_PASSWORD

# librdkafka tells all it does; the settings are a part of that.
for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512; do
	"$WEIR" run interactions -b "$sasl_ssl" -t plain --no-generate \
		--headless --duration 1s --store "$tmp/$mechanism.store" \
		-X security.protocol=SASL_SSL -X ssl.ca.location="$ca" \
		-X sasl.mechanism=$mechanism -X sasl.username=alice \
		-X sasl.password=$secret -X debug=all \
		>"$tmp/said/debug.$mechanism.out" \
		2>"$tmp/said/debug.$mechanism" </dev/null
	is "$mechanism: all of librdkafka's log" "$?" 0
	check "$mechanism: the log tells of settings" \
		grep -q 'sasl.password = \[redacted\]' \
		"$tmp/said/debug.$mechanism"
done

# --- topics that weir makes ------------------------------------------------------

is "a topic has the pipeline's partitions, not the cluster's" \
	"$(admin describe-topic plain | jq .partitions)" 4
for retention in 24h forever; do
	sed 's/"partitions": 4/"partitions": 2, "retention": "'$retention'"/' \
		"$interactions" >"$tmp/kept-$retention.json"
	"$WEIR" generate "$tmp/kept-$retention.json" -b "$address" \
		-t "kept-$retention" --events 10 --rate max \
		>"$tmp/out" 2>"$tmp/said/kept-$retention"
	is "a topic kept $retention is made" "$?" 0
	admin describe-topic "kept-$retention" >"$tmp/kept-$retention"
done
check "retention of 24h" grep -q '"retention.ms": "86400000"' "$tmp/kept-24h"
check "retention for ever" grep -q '"retention.ms": "-1"' "$tmp/kept-forever"

# --- every way that is closed --------------------------------------------------

# DESCRIPTION SECONDS PATTERN ARGUMENTS...: ends with 1 and one sentence by then.
# Of progress there may be the line of what was produced.
refused_n=0
refused() {
	what=$1
	seconds=$2
	pattern=$3
	shift 3
	refused_n=$((refused_n + 1))
	start_weir "refused-$refused_n" "$@"
	end_within "$seconds" "$pid"
	err=$tmp/said/refused-$refused_n
	mv "$tmp/refused-$refused_n.err" "$err"
	grep -v '^weir: produced [0-9]*, acked 0, failed' "$err" >"$tmp/lines"
	{
		[ "$code" = 1 ] || echo "exit code $code, should be 1"
		[ "$(wc -l <"$tmp/lines")" = 1 ] || echo "not one line"
		grep -qE -- "^weir: .*($pattern)" "$tmp/lines" ||
			echo "no match: $pattern"
		[ ! -s "$tmp/refused-$refused_n.out" ] ||
			echo "something on stdout"
	} >"$tmp/wrong"
	if [ -s "$tmp/wrong" ]; then
		not_ok "$what" "$tmp/wrong"
		show "$err"
	else
		ok "$what"
		sed 's/^/# /' "$tmp/lines"
	fi
}
watching() { # address user password mechanism [argument...]
	at=$1
	user=$2
	password=$3
	mechanism=$4
	shift 4
	echo run interactions -b "$at" -t plain --no-generate --headless \
		--duration 20s --store "$tmp/refused.store" \
		-X security.protocol=SASL_SSL -X ssl.ca.location="$ca" \
		-X sasl.mechanism="$mechanism" -X sasl.username="$user" \
		-X sasl.password="$password" "$@"
}
generating() { # topic user
	echo generate interactions -b "$sasl_ssl" -t "$1" --rate 1000 \
		--duration 20s -X security.protocol=SASL_SSL \
		-X ssl.ca.location="$ca" -X sasl.mechanism=PLAIN \
		-X sasl.username="$2" -X sasl.password="$2-secret"
}

for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512; do
	# shellcheck disable=SC2046
	refused "a wrong password, $mechanism" 9 \
		"$sasl_ssl refuses the login: .*; check sasl.username and sasl.password" \
		$(watching "$sasl_ssl" alice ${secret}x $mechanism)
done
# shellcheck disable=SC2046
{
	refused "a wrong CA" 9 \
		"TLS connection to $sasl_ssl failed: .*; check ssl.ca.location" \
		$(watching "$sasl_ssl" alice $secret PLAIN \
			-X ssl.ca.location="$tmp/kafka/other-ca.pem")
	refused "no CA" 9 \
		"TLS connection to $sasl_ssl failed: .*; check ssl.ca.location" \
		run interactions -b "$sasl_ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SASL_SSL \
		-X sasl.mechanism=PLAIN -X sasl.username=alice \
		-X sasl.password=$secret
	refused "a CA that is not there" 9 \
		"cannot read the file of ssl.ca.location, $tmp/none" \
		$(watching "$sasl_ssl" alice $secret PLAIN \
			-X ssl.ca.location="$tmp/none")
	refused "no client certificate" 9 \
		"$ssl refuses the TLS connection: .*; check ssl.certificate.location" \
		run interactions -b "$ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SSL \
		-X ssl.ca.location="$ca"
	refused "a key of another certificate" 9 \
		'ssl.key.location failed: .*; check that it belongs to' \
		run interactions -b "$ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SSL \
		-X ssl.ca.location="$ca" \
		-X ssl.certificate.location="$tmp/kafka/client.pem" \
		-X ssl.key.location="$tmp/kafka/broker.key"
	refused "TLS where there is none" 20 \
		"$address does not speak TLS there; check security.protocol" \
		run interactions -b "$address" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SSL \
		-X ssl.ca.location="$ca"
	refused "no TLS where there is" 20 \
		"$ssl closes the connection; it may want TLS: check security.protocol" \
		run interactions -b "$ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store"
	refused "no login where one is wanted" 20 \
		"$sasl closes the connection; it may want a login: check security.protocol" \
		run interactions -b "$sasl" -t plain --no-generate --headless \
		--store "$tmp/refused.store"
	refused "a login where none is wanted" 9 \
		"$address takes no login there; check security.protocol" \
		$(watching "$address" alice $secret PLAIN \
			-X security.protocol=SASL_PLAINTEXT)
	refused "a mechanism that is not offered" 9 \
		"$sasl_ssl does not offer this SASL mechanism, but .*SCRAM-SHA-512.*; check sasl.mechanism" \
		run interactions -b "$sasl_ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SASL_SSL \
		-X ssl.ca.location="$ca" -X sasl.mechanism=OAUTHBEARER \
		-X enable.sasl.oauthbearer.unsecure.jwt=true \
		-X sasl.oauthbearer.config=principal=alice
	refused "no mechanism" 9 'give sasl.mechanism PLAIN' run interactions \
		-b "$sasl_ssl" -t plain --no-generate --headless \
		--store "$tmp/refused.store" -X security.protocol=SASL_SSL \
		-X ssl.ca.location="$ca" -X sasl.username=alice \
		-X sasl.password=$secret
	refused "who may see nothing cannot watch" 9 \
		'does not let this user see the topic plain; ask for' \
		$(watching "$sasl_ssl" bob bob-secret PLAIN)
	refused "who may see nothing cannot generate" 9 \
		'does not let this user see the topic plain; ask for' \
		$(generating plain bob)
	refused "who may only read cannot generate" 20 \
		'does not let this user write to the topic plain; ask for' \
		$(generating plain reader)
	refused "who may only read cannot write, and without idempotence" 20 \
		'does not let this user write to the topic plain; ask for' \
		$(generating plain reader) -X enable.idempotence=false
	refused "who may only read cannot make a topic" 9 \
		'no topic unmade and does not let this user make it; ask for' \
		$(generating unmade reader)
	refused "a topic that is not there" 9 \
		'the cluster has no topic unmade; check --topic' \
		$(watching "$sasl_ssl" reader reader-secret PLAIN) -t unmade
	refused "nobody is there" 20 \
		'no broker answers at 127.0.0.1:1 \(Connection refused\); check' \
		$(watching 127.0.0.1:1 alice $secret PLAIN)
	refused "no such host" 20 \
		'no broker answers at no-such-host.invalid:9092 \(.*\); check the address' \
		generate interactions -b no-such-host.invalid:9092 --events 1
}
kcat -q -L -J -b "$address" 2>"$tmp/kcat.err" | jq -r '.topics[].topic' \
	>"$tmp/topics"
check "looking for a topic does not make it" \
	sh -c "grep -q -x plain '$tmp/topics' && ! grep -q unmade '$tmp/topics'"
# shellcheck disable=SC2046
start_weir reader $(watching "$sasl_ssl" reader reader-secret SCRAM-SHA-256) \
	--fresh --duration 1000s
reader=$pid
check "who may only read can watch" wait_for 60 report_says \
	"$tmp/refused.store" '.ledger.consumed == 1000'

# --- a running weir, and the broker goes ---------------------------------------

"$kafka/stop" "$tmp/kafka"
check "it says that the broker is gone" wait_for 60 grep -qE \
	"^weir: (no broker answers at|the connection to the broker) $sasl_ssl .*; check" \
	"$tmp/reader.err"
broker --secure
check "and that it goes on" wait_for 60 grep -q '^weir: going on$' \
	"$tmp/reader.err"
"$WEIR" generate interactions -b "$address" -t plain --events 500 --rate max \
	>"$tmp/out" 2>"$tmp/said/more"
check "it reads what comes then" wait_for 60 report_says \
	"$tmp/refused.store" '.ledger.consumed == 1500'
stop_weir reader "$reader"
grep -vE '^weir: (commit|kafka:)' "$tmp/reader.err" >"$tmp/lines"
is "nothing is said twice in a row" "$(uniq -d "$tmp/lines")" ""
sed 's/^/# /' "$tmp/lines"

# --- secrets ---------------------------------------------------------------------

# As it is, and as base64 of PLAIN's message and of the word alone.
{
	printf '%s\n' $secret bob-secret reader-secret
	printf '%s' $secret | base64
	printf '\0alice\0%s' $secret | base64
	sed -n 2p "$tmp/kafka/client.key"
} >"$given/secrets"
grep -rlaF -f "$given/secrets" "$tmp" --exclude-dir=given --exclude-dir=kafka \
	>"$tmp/found"
is "no secret is said, reported, stored, or listed with the processes" \
	"$(grep -v "^$tmp/found\$" "$tmp/found" | tr '\n' ' ')" ""
is "(and it would have been found)" \
	"$(grep -claF -f "$given/secrets" "$given/settings")" "$given/settings"
finish
