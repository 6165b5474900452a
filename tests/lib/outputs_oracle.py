#!/usr/bin/env python3
"""What the outputs of tests/lib/outputs.json must hold, counted from their source.

	outputs_oracle.py SOURCE EVENTS WINDOWS REPORT

The first three are what kcat reads of the topics, a record a line, with tabs between
partition, offset, headers, key and value; REPORT is weir's at the end. Each valid
event must be in EVENTS once, in its partition and order, and each key of each window
that is complete in WINDOWS once, in the order of windows and keys.
"""
import collections
import datetime
import json
import sys

LENGTH, LATENESS = 1000, 1000
UTC = datetime.timezone.utc
problems = 0


def problem(text):
	global problems
	problems += 1
	if problems <= 10:
		print(text)


def records(path):
	with open(path, encoding="utf-8", newline="\n") as lines:
		for line in lines:
			partition, offset, headers, key, value = \
				line.rstrip("\n").split("\t", 4)
			yield (int(partition), int(offset),
				dict(h.split("=", 1) for h in headers.split(",") if h),
				key, value)


def text(ms, form="%Y-%m-%d %H:%M:%S"):
	return datetime.datetime.fromtimestamp(ms // 1000, UTC).strftime(form)


def is_whole(value):
	return isinstance(value, int) and not isinstance(value, bool)


def valid(event):
	return is_whole(event.get("n")) and event["n"] >= 0


def derived(event):
	at_ms = event["at"] // 1000
	return [
		("who", event["user"]["name"]), ("kind", event.get("kind")),
		("n", event["n"]), ("x", event["x"]), ("ok", event.get("ok")),
		("at", event["at"]), ("day", text(at_ms, "%Y-%m-%d")),
		("moment", text(at_ms))]


def pairs(value):
	return json.loads(value, object_pairs_hook=lambda found: found)


def compare_events(source, found):
	"""Of each partition: the same offsets and values in the same order."""
	have = collections.defaultdict(list)
	for partition, _, headers, key, value in found:
		if headers["weir.pipeline"] != "made":
			problem(f"pipeline: {headers}")
		if int(headers["weir.source.partition"]) != partition:
			problem(f"in partition {partition}: {headers}")
		have[partition].append((int(headers["weir.source.offset"]), key, pairs(value)))
	for partition in sorted(set(source) | set(have)):
		want = [(o, key, derived(event)) for o, key, event in source[partition]]
		got = have[partition]
		if want == got:
			continue
		counts = collections.Counter(o for o, _, _ in got)
		twice = [o for o in counts if counts[o] > 1]
		missing = [o for o, _, _ in want if o not in counts]
		problem(f"partition {partition}: {len(want)} events wanted, {len(got)} are "
			f"there; {len(twice)} more than once {twice[:5]}, "
			f"{len(missing)} missing {missing[:5]}")
		for a, b in zip(want, got):
			if a != b:
				problem(f"wanted {a}, got {b}")
				break


def compare_windows(source, found, watermark):
	rows = collections.defaultdict(lambda: [0, 0])
	for events in source.values():
		for _, _, event in events:
			start = event["at"] // 1000 // LENGTH * LENGTH
			row = rows[start, event["user"]["name"].encode()]
			row[0] += 1
			row[1] += event["n"]
	# None is late, so the first event is the earliest one.
	first = min(event["at"] // 1000 for events in source.values()
		for _, _, event in events)
	want = []
	for (start, who), (events, n) in sorted(rows.items()):
		span = start + LENGTH - max(start, first)
		if start + LENGTH + LATENESS <= watermark:
			want.append((start, who.decode(), [
				("who", who.decode()), ("from", text(start)),
				("to", text(start + LENGTH)), ("n", n),
				("rate", events * 60000 / span)]))
	got = []
	for partition, _, headers, key, value in found:
		if partition != 0:
			problem(f"a window in partition {partition}: {headers}")
		got.append((int(headers["weir.window.start"]), key, pairs(value)))
	if want != got:
		counts = collections.Counter(row[:2] for row in got)
		twice = [row for row in counts if counts[row] > 1]
		missing = [row[:2] for row in want if row[:2] not in counts]
		problem(f"windows: {len(want)} rows wanted, {len(got)} are there; "
			f"{len(twice)} more than once {twice[:5]}, {len(missing)} missing "
			f"{missing[:5]}")
		for a, b in zip(want, got):
			if a != b:
				problem(f"wanted {a}, got {b}")
				break
	return len(want), len(rows) - len(want)


def main():
	source = collections.defaultdict(list)
	for partition, offset, _, key, value in records(sys.argv[1]):
		event = json.loads(value)
		if valid(event):
			source[partition].append((offset, key, event))
	with open(sys.argv[4], encoding="utf-8") as file:
		report = json.load(file)
	events = sum(map(len, source.values()))
	if report["ledger"]["valid"] != events or report["ledger"]["late"]:
		problem(f"{events} valid events, none late; weir: {report['ledger']}")
	compare_events(source, records(sys.argv[2]))
	complete, rest = compare_windows(source, records(sys.argv[3]),
		report["watermark_ms"])
	want = [("made.events", events), ("made.sums", complete)]
	got = [(output["topic"], output["records"]) for output in report["outputs"]]
	if want != got:
		problem(f"the report: wanted {want}, got {got}")
	print(f"{events} events; {complete} rows of complete windows, {rest} of others")
	# A test of nothing proves nothing.
	if events == 0 or complete == 0:
		problem("too little to compare")
	return 1 if problems else 0


if __name__ == "__main__":
	sys.exit(main())
