#!/usr/bin/env python3
"""What people write by hand: the four tables of schema/interactions.json in
dictionaries, from a topic that is full, to its end.

	dictionaries.py CLIENT BROKERS TOPIC EVENTS

CLIENT is kafka (kafka-python) or confluent (confluent-kafka). Each event is
parsed with json.loads and checked; nothing is stored. Prints what was counted as
JSON, in the form of weir's report. $(tests/kafka/python) has both clients.
"""
import collections
import json
import os
import sys
import time

TYPES = {"click", "view", "purchase"}
MINUTE = 60000
FUTURE = 3600000

users = collections.Counter()
items = collections.Counter()
types = collections.Counter()
item_minute = collections.defaultdict(collections.Counter)
dead = 0


def text(event, field):
	value = event[field]
	if not isinstance(value, str) or len(value) > 64:
		raise ValueError(field)
	return value


def take(data):
	global dead
	try:
		event = json.loads(data)
		user = text(event, "user_id")
		item = text(event, "item_id")
		kind = event["interaction_type"]
		at = event["timestamp"]
		if kind not in TYPES:
			raise ValueError(kind)
		if type(at) is not int or at < 0 or at > time.time() * 1000 + FUTURE:
			raise ValueError(at)
	except (ValueError, KeyError, TypeError):
		dead += 1
		return
	users[user] += 1
	items[item] += 1
	types[kind] += 1
	item_minute[at - at % MINUTE][item] += 1


def read_kafka(brokers, topic, events):
	from kafka import KafkaConsumer
	consumer = KafkaConsumer(topic, bootstrap_servers=brokers,
				 auto_offset_reset="earliest",
				 enable_auto_commit=False)
	for message in consumer:
		take(message.value)
		events -= 1
		if events == 0:
			break


def read_confluent(brokers, topic, events):
	from confluent_kafka import Consumer
	consumer = Consumer({"bootstrap.servers": brokers, "group.id": "dictionaries",
			     "auto.offset.reset": "earliest",
			     "enable.auto.commit": False})
	consumer.subscribe([topic])
	while events > 0:
		for message in consumer.consume(1000, 1.0):
			if message.error():
				sys.exit(f"dictionaries.py: {message.error()}")
			take(message.value())
			events -= 1


def summary(rows):
	ordered = sorted(rows.items(), key=lambda row: (-row[1], row[0]))
	least = ordered[-1][1]
	return {
		"keys": len(rows),
		"total": sum(rows.values()),
		"min": {"value": least,
			"keys": sum(1 for count in rows.values() if count == least)},
		"max": {"value": ordered[0][1], "key": ordered[0][0]},
		"top": [{"key": key, "interactions": count}
			for key, count in ordered[:10]],
	}


def main(arguments):
	if len(arguments) != 4 or arguments[0] not in ("kafka", "confluent"):
		print(__doc__, file=sys.stderr)
		return 2
	read = read_kafka if arguments[0] == "kafka" else read_confluent
	read(arguments[1], arguments[2], int(arguments[3]))
	json.dump({"dead": dead, "tables": {
		"users": summary(users), "items": summary(items),
		"types": summary(types),
		"item_minute": {"windows": [
			{"start_ms": start, **summary(rows)}
			for start, rows in sorted(item_minute.items())]}}}, sys.stdout)
	sys.stdout.flush()
	os._exit(0)


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
