"""Dead letters as JSON rows, against the topic that they come from.

letters.py PIPELINE TOPIC SOURCE ROWS [LARGE]

SOURCE and ROWS are what kcat printed of both topics with the format FORMAT: the
sizes tell where a key and a value end, which may hold any byte. Which events are
dead, and why, says recount.py. Rows of events of more than LARGE bytes may be
cut, and one has to be.
"""
import base64
import collections
import json
import sys
import time

import recount

FORMAT = r"%p %o %T %K %S\n%h\n%k\n%s\n"
MEMBERS = ["reason", "field", "rule", "message", "topic", "partition",
	   "offset", "timestamp", "raw_size", "raw", "raw_base64"]

Record = collections.namedtuple(
	"Record", "partition offset timestamp headers key value")


def records(path):
	with open(path, "rb") as file:
		while line := file.readline():
			partition, offset, timestamp, key_size, size = \
				map(int, line.split())
			headers = dict(
				pair.split("=", 1)
				for pair in file.readline().decode().strip().split(",")
				if pair)
			key = file.read(max(key_size, 0))
			assert file.read(1) == b"\n", line
			value = file.read(max(size, 0))
			assert file.read(1) == b"\n", line
			yield Record(partition, offset, timestamp, headers,
				     None if key_size < 0 else key,
				     None if size < 0 else value)


def original(row):
	"""The bytes that a row has of its event, None for a null value."""
	if row["raw_base64"] is not None:
		assert row["raw"] is None, "it has both, text and base64"
		data = base64.b64decode(row["raw_base64"], validate=True)
		return data
	return None if row["raw"] is None else row["raw"].encode()


def check(record, row, event, reason, topic, large):
	"""Whether the row was cut; AssertionError says what is wrong."""
	raw = original(row)
	cut = raw is not None and len(raw) < row["raw_size"]
	size = 0 if event.value is None else len(event.value)

	assert list(row) == MEMBERS, list(row)
	assert row["topic"] == topic
	assert row["reason"] == reason, f"{row['reason']} is not {reason}"
	assert row["raw_size"] == size, f"{row['raw_size']} is not {size}"
	if cut:
		assert size > large, f"{size} bytes are cut to {len(raw)}"
		assert event.value.startswith(raw), "it does not begin so"
		assert len(raw) > 100, f"only {len(raw)} bytes are left"
	else:
		assert raw == event.value, "it has other bytes"
	if row["raw_base64"] is not None and not cut:
		try:
			raw.decode()
		except UnicodeDecodeError:
			pass
		else:
			raise AssertionError("base64, of text")
	assert row["timestamp"] == time.strftime(
		"%Y-%m-%d %H:%M:%S", time.gmtime(event.timestamp // 1000))
	assert record.key == event.key, f"key {record.key}"
	assert record.timestamp == event.timestamp
	assert record.partition == event.partition
	for name, member in (("weir.reason", "reason"), ("weir.field", "field"),
			     ("weir.rule", "rule"),
			     ("__connect.errors.exception.message", "message")):
		assert record.headers.get(name) == row[member], \
			f"{name} is {record.headers.get(name)}"
	assert (row["rule"] == "none_of") == (reason == "none_of"), row["rule"]
	return cut


def main(pipeline, topic, source, rows, large="1000000000"):
	judge = recount.Judge(recount.Pipeline(pipeline))
	dead = {}
	for event in records(source):
		try:
			judge.values(event.value or b"")
		except recount.Dead as why:
			dead[event.partition, event.offset] = event, str(why)
	found = collections.Counter()
	cuts = 0
	wrong = []
	for record in records(rows):
		where = record.partition, record.offset
		try:
			row = json.loads(record.value.decode())
			where = row["partition"], row["offset"]
			found[where] += 1
			assert where in dead, "it is not dead"
			cuts += check(record, row, *dead[where], topic, int(large))
		except (AssertionError, ValueError, KeyError) as error:
			wrong.append(f"{where}: {error!r}")
	wrong += [f"{p} is there {n} times" for p, n in found.items() if n > 1]
	wrong += [f"{p} is not there" for p in dead if p not in found]
	if len(sys.argv) > 5 and not cuts:
		wrong.append("no row was cut")
	for sentence in wrong[:20]:
		print(sentence)
	print(f"{len(dead)} dead, {sum(found.values())} rows, {cuts} cut, "
	      f"{len(wrong)} wrong")
	if wrong or not dead:
		sys.exit(1)


if __name__ == "__main__":
	main(*sys.argv[1:])
