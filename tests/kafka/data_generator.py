#!/usr/bin/env python3
"""Web events as another program writes them, for the tests of web_events.

	data_generator.py [OPTIONS]

	--topic NAME         default: my_events
	--rps N              events a second, default 10
	--duration S         seconds of event time, default 60
	--start S            event time of the first, seconds since 1970; default: so
			     that the last happen now
	--device-after S     from then on events have device_type, default 30
	--seed N             of all choices, default 1
	--broker ADDRESS     writes with kafka-python, one of the packages in
			     requirements.txt; without it, one event a line on
			     standard output

The events are not clean: countries are drawn from seven, one of which is none, and
one event of twenty has a negative user, one of twenty the country ZZ. It does not
wait between them: their times say when they happened.
"""
import argparse
import json
import random
import sys
import time
import uuid

COUNTRIES = "US", "CA", "UK", "DE", "FR", "JP", "XX"
DEVICES = "mobile", "desktop", "tablet"
WAIT = 60


def event(rng, timestamp, with_device):
	user_id = rng.randint(1, 1000)
	if rng.random() < 0.05:
		user_id = -user_id
	country = rng.choice(COUNTRIES)
	if rng.random() < 0.05:
		country = "ZZ"
	made = {
		"event_type": rng.choice(("page_view", "button_click")),
		"user_id": user_id,
		"page_url": "/page/%d" % rng.randint(1, 100),
		"button_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
		"timestamp": timestamp,
		"country": country,
	}
	if with_device:
		made["device_type"] = rng.choice(DEVICES)
	return json.dumps(made).encode()


def events(options):
	rng = random.Random(options.seed)
	for second in range(options.duration):
		for _ in range(options.rps):
			yield event(rng, options.start + second,
				    second >= options.device_after)


def send(options):
	import kafka
	# It draws the partition of what has no key from this one.
	random.seed(options.seed)
	producer = kafka.KafkaProducer(bootstrap_servers=options.broker,
				       linger_ms=20)
	sent = [producer.send(options.topic, e) for e in events(options)]
	producer.flush(WAIT)
	for future in sent:
		future.get(WAIT)
	producer.close()
	print(len(sent))


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("--topic", default="my_events")
	parser.add_argument("--rps", type=int, default=10)
	parser.add_argument("--duration", type=int, default=60)
	parser.add_argument("--start", type=int)
	parser.add_argument("--device-after", type=int, default=30)
	parser.add_argument("--seed", type=int, default=1)
	parser.add_argument("--broker")
	options = parser.parse_args()
	if options.start is None:
		options.start = int(time.time()) - options.duration
	if options.broker:
		send(options)
	else:
		for e in events(options):
			sys.stdout.buffer.write(e + b"\n")


main()
