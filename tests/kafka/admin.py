#!/usr/bin/env python3
"""What tests ask of a broker, besides events.

	admin.py DIR|ADDRESS COMMAND...

DIR is the folder of a broker that tests/kafka/start started.

	create-topic NAME PARTITIONS [CONFIG=VALUE...]
	delete-topic NAME
	add-partitions NAME N          so that it has N
	set-config NAME CONFIG=VALUE...
	delete-records NAME PARTITION OFFSET   all below OFFSET; -1: all
	describe-topic NAME            partitions and configs, as JSON
	offsets NAME                   [{"partition", "begin", "end"}...], as JSON
	group-offsets GROUP            {"TOPIC": {"PARTITION": OFFSET}}, as JSON
	groups                         names, as JSON
	topics                         names, as JSON
	commit GROUP TOPIC PARTITION OFFSET   as a member of a group of nobody

Returns when the broker has done it, and when a topic is there or gone for those
who ask next. Needs confluent-kafka: $(tests/kafka/python) has it.
"""
import json
import os
import sys
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (
	AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions,
	NewTopic)

WAIT = 30


def fail(sentence):
	print(f"admin.py: {sentence}", file=sys.stderr)
	sys.exit(1)


def pairs(texts):
	return dict(text.split("=", 1) for text in texts)


def done(futures):
	return [future.result(WAIT) for future in futures.values()]


def until(condition, sentence):
	deadline = time.monotonic() + WAIT
	while not condition():
		if time.monotonic() > deadline:
			fail(sentence)
		time.sleep(0.02)


class Broker:
	def __init__(self, address):
		self.settings = {"bootstrap.servers": address}
		self.admin = AdminClient(self.settings)

	def partitions(self, name):
		"""How many the topic has; 0 when there is none."""
		topic = self.admin.list_topics(timeout=WAIT).topics.get(name)
		if topic is None or topic.error is not None:
			return 0
		if any(p.error is not None or p.leader < 0
		       for p in topic.partitions.values()):
			return -1
		return len(topic.partitions)

	def create_topic(self, name, partitions, *config):
		done(self.admin.create_topics([NewTopic(
			name, int(partitions), 1, config=pairs(config))]))
		until(lambda: self.partitions(name) == int(partitions),
		      f"there is no topic {name} after {WAIT} s")

	def delete_topic(self, name):
		done(self.admin.delete_topics([name]))
		until(lambda: self.partitions(name) == 0,
		      f"there is still a topic {name} after {WAIT} s")

	def add_partitions(self, name, partitions):
		done(self.admin.create_partitions(
			[NewPartitions(name, int(partitions))]))
		until(lambda: self.partitions(name) == int(partitions),
		      f"there are no {partitions} partitions after {WAIT} s")

	def set_config(self, name, *config):
		resource = ConfigResource(ConfigResource.Type.TOPIC, name)
		for key, value in pairs(config).items():
			resource.add_incremental_config(ConfigEntry(
				key, value,
				incremental_operation=AlterConfigOpType.SET))
		done(self.admin.incremental_alter_configs([resource]))

	def delete_records(self, name, partition, offset):
		done(self.admin.delete_records(
			[TopicPartition(name, int(partition), int(offset))]))

	def describe_topic(self, name):
		resource = ConfigResource(ConfigResource.Type.TOPIC, name)
		configs, = done(self.admin.describe_configs([resource]))
		return {"topic": name, "partitions": self.partitions(name),
			"configs": {c.name: c.value for c in configs.values()}}

	def offsets(self, name):
		consumer = Consumer(self.settings | {"group.id": "admin.py"})
		found = []
		for number in range(self.partitions(name)):
			begin, end = consumer.get_watermark_offsets(
				TopicPartition(name, number), timeout=WAIT)
			found.append({"partition": number, "begin": begin,
				      "end": end})
		consumer.close()
		return found

	def group_offsets(self, group):
		from confluent_kafka import ConsumerGroupTopicPartitions
		answer, = done(self.admin.list_consumer_group_offsets(
			[ConsumerGroupTopicPartitions(group)]))
		found = {}
		for p in answer.topic_partitions:
			found.setdefault(p.topic, {})[str(p.partition)] = p.offset
		return found

	def groups(self):
		answer = self.admin.list_consumer_groups().result(WAIT)
		return sorted(g.group_id for g in answer.valid)

	def topics(self):
		return sorted(self.admin.list_topics(timeout=WAIT).topics)

	def commit(self, group, name, partition, offset):
		consumer = Consumer(self.settings | {"group.id": group})
		consumer.commit(offsets=[TopicPartition(
			name, int(partition), int(offset))], asynchronous=False)
		consumer.close()


def main():
	if len(sys.argv) < 3:
		fail("usage: admin.py DIR|ADDRESS COMMAND...")
	address, command, *arguments = sys.argv[1:]
	if os.path.isdir(address):
		with open(os.path.join(address, "address"), encoding="ascii") as f:
			address = f.read().strip()
	known = ("create-topic", "delete-topic", "add-partitions", "set-config",
		 "delete-records", "describe-topic", "offsets", "group-offsets",
		 "groups", "topics", "commit")
	if command not in known:
		fail(f"there is no command {command}")
	try:
		answer = getattr(Broker(address), command.replace("-", "_"))(
			*arguments)
	except KafkaException as problem:
		fail(f"{command}: {problem.args[0].str()}")
	if answer is not None:
		print(json.dumps(answer))


main()
