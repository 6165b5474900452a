#!/usr/bin/env python3
"""Foreign clients, for the tests against a real broker.

	clients.py ADDRESS COMMAND...

	codecs TOPIC N          N events with each client, codec, with a key and
				without; and some without a value
	transactions TOPIC N [keyed]
				N transactions, every third of them aborted;
				the user is the key, or there is none
	dated TOPIC PARTITION MS
				the lines of standard input, with the timestamps
				MS, MS + 1...
	read TOPIC              what a second client reads: its values, one a line
	dead TOPIC LETTERS PIPELINE
				LETTERS has each event of TOPIC that is dead, once
	member TOPIC GROUP      reads as a member of the group until SIGTERM: PARTITION
				OFFSET of each event, a line; what it is given,
				on standard error

codecs and transactions print {"users": {USER: EVENTS}, "no_value": N} as JSON: what was
written and committed. Needs the packages of requirements.txt.
"""
import collections
import json
import os
import signal
import sys
import time

import confluent_kafka
import kafka

CODECS = "none", "gzip", "snappy", "lz4", "zstd"
KINDS = "click", "view", "purchase"
WAIT = 60


class Written:
	def __init__(self):
		self.users = collections.Counter()
		self.no_value = 0
		self.made = 0

	def event(self, user):
		self.made += 1
		return json.dumps({
			"user_id": user,
			"item_id": "i%05d" % (self.made % 97),
			"interaction_type": KINDS[self.made % 3],
			"timestamp": int(time.time() * 1000)}).encode()

	def show(self):
		print(json.dumps({"users": self.users, "no_value": self.no_value}))


def flushed(producer, failed):
	if producer.flush(WAIT) or failed:
		sys.exit(f"clients.py: not delivered: {failed[:3]}")


def codecs(address, topic, n):
	"""librdkafka's and the pure Python client, each codec."""
	written = Written()
	for codec in CODECS:
		failed = []
		producer = confluent_kafka.Producer({
			"bootstrap.servers": address, "compression.type": codec,
			"linger.ms": 50,
			"on_delivery": lambda error, _: error and
				failed.append(str(error))})
		other = kafka.KafkaProducer(
			bootstrap_servers=address, linger_ms=50,
			compression_type=None if codec == "none" else codec)
		sent = []
		for keyed in "keyed", "keyless":
			for client in "confluent", "python":
				user = f"{client}-{codec}-{keyed}"
				key = user.encode() if keyed == "keyed" else None
				for i in range(int(n)):
					# Without a value there must be a key.
					gone = keyed == "keyed" and i % 50 == 49
					value = None if gone else \
						written.event(user)
					if client == "confluent":
						producer.produce(topic, value,
								 key)
					else:
						sent.append(other.send(
							topic, value, key))
					if gone:
						written.no_value += 1
					else:
						written.users[user] += 1
		flushed(producer, failed)
		other.flush(WAIT)
		for future in sent:
			future.get(WAIT)
		other.close()
	written.show()


def transactions(address, topic, n, keyed=None):
	written = Written()
	failed = []
	producer = confluent_kafka.Producer({
		"bootstrap.servers": address, "transactional.id": topic,
		"linger.ms": 5,
		"on_delivery": lambda error, _: error and
			failed.append(str(error))})
	producer.init_transactions(WAIT)
	for number in range(int(n)):
		producer.begin_transaction()
		aborted = number % 3 == 2
		for i in range(50):
			user = "aborted" if aborted else f"committed-{number % 4}"
			producer.produce(topic, written.event(user),
					 user if keyed else None)
			if not aborted:
				written.users[user] += 1
		flushed(producer, failed)
		if aborted:
			producer.abort_transaction(WAIT)
		else:
			producer.commit_transaction(WAIT)
	written.show()


def dated(address, topic, partition, ms):
	failed = []
	producer = confluent_kafka.Producer({
		"bootstrap.servers": address, "linger.ms": 5,
		"on_delivery": lambda error, _: error and
			failed.append(str(error))})
	for i, line in enumerate(sys.stdin.buffer):
		producer.produce(topic, line.rstrip(b"\n"),
				 partition=int(partition),
				 timestamp=int(ms) + i)
	flushed(producer, failed)


def read(address, topic):
	consumer = kafka.KafkaConsumer(bootstrap_servers=address,
				       enable_auto_commit=False)
	partitions = [kafka.TopicPartition(topic, p)
		      for p in consumer.partitions_for_topic(topic)]
	consumer.assign(partitions)
	consumer.seek_to_beginning()
	ends = consumer.end_offsets(partitions)
	deadline = time.monotonic() + WAIT
	while any(consumer.position(p) < ends[p] for p in partitions):
		if time.monotonic() > deadline:
			sys.exit("clients.py: the topic does not end")
		for messages in consumer.poll(500).values():
			for message in messages:
				sys.stdout.buffer.write(
					(message.value or b"") + b"\n")
	consumer.close()


def messages(address, topic):
	"""All that there are, read_committed."""
	consumer = confluent_kafka.Consumer({
		"bootstrap.servers": address, "group.id": "clients.py",
		"enable.auto.commit": False, "enable.partition.eof": True,
		"auto.offset.reset": "error"})
	found = consumer.list_topics(topic, WAIT).topics[topic].partitions
	assigned = []
	for number in found:
		begin, _ = consumer.get_watermark_offsets(
			confluent_kafka.TopicPartition(topic, number), WAIT)
		assigned.append(confluent_kafka.TopicPartition(topic, number,
							       begin))
	consumer.assign(assigned)
	at_end = set()
	deadline = time.monotonic() + WAIT
	while len(at_end) < len(found):
		for message in consumer.consume(10000, 0.5):
			error = message.error()
			if error is None:
				deadline = time.monotonic() + WAIT
				yield message
			elif error.code() == \
					confluent_kafka.KafkaError._PARTITION_EOF:
				at_end.add(message.partition())
			else:
				sys.exit(f"clients.py: {error}")
		if time.monotonic() > deadline:
			sys.exit(f"clients.py: {topic} does not end")
	consumer.close()


def dead(address, topic, letters, pipeline):
	sys.path.insert(0, os.path.join(os.path.dirname(
		os.path.abspath(__file__)), "..", "lib"))
	import recount
	judge = recount.Judge(recount.Pipeline(pipeline))
	wanted = {}
	for message in messages(address, topic):
		value = message.value()
		try:
			judge.values(value or b"")
		except recount.Dead:
			wanted[message.partition(), message.offset()] = value
	found = collections.Counter()
	wrong = []
	for message in messages(address, letters):
		headers = dict(message.headers() or [])
		try:
			source = headers["__connect.errors.topic"].decode()
			position = (
				int(headers["__connect.errors.partition"]),
				int(headers["__connect.errors.offset"]))
		except (KeyError, ValueError, TypeError, AttributeError):
			wrong.append(f"headers {headers}")
			continue
		found[position] += 1
		if source != topic:
			wrong.append(f"{position} is of topic {source}")
		elif position not in wanted:
			wrong.append(f"{position} is not dead")
		elif message.value() != wanted[position]:
			wrong.append(f"{position} has other bytes")
	wrong += [f"{p} is there {n} times" for p, n in found.items() if n > 1]
	wrong += [f"{p} is not there" for p in wanted if p not in found]
	for sentence in wrong[:20]:
		print(sentence)
	print(f"{len(wanted)} dead, {sum(found.values())} letters, "
	      f"{len(wrong)} wrong")
	if not wanted:
		sys.exit("clients.py: no event is dead")
	if wrong:
		sys.exit(1)


def member(address, topic, group):
	stopping = []
	signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
	consumer = confluent_kafka.Consumer({
		"bootstrap.servers": address, "group.id": group,
		"partition.assignment.strategy": "range",
		"session.timeout.ms": 6000, "heartbeat.interval.ms": 1000,
		"enable.auto.commit": False, "auto.offset.reset": "earliest"})

	def assigned(_, partitions):
		print("assigned", sorted(p.partition for p in partitions),
		      file=sys.stderr, flush=True)

	def revoked(_, partitions):
		print("revoked", file=sys.stderr, flush=True)

	consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
	while not stopping:
		messages = consumer.consume(500, 0.2)
		for message in messages:
			if message.error() is not None:
				sys.exit(f"clients.py: {message.error()}")
			print(message.partition(), message.offset(), flush=True)
		if messages:
			consumer.commit(asynchronous=False)
	consumer.close()


def main():
	address, command, *arguments = sys.argv[1:]
	{"codecs": codecs, "transactions": transactions, "dated": dated,
	 "read": read, "dead": dead, "member": member}[command](address, *arguments)


main()
