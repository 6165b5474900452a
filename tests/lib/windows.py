#!/usr/bin/env python3
"""Events for windows, out of order and late, and what becomes of them.

	windows.py make DIR             what is to be sent, step by step
	windows.py check DIR REPORT     whether weir's report says what it should

DIR/steps has the numbers of the steps and the watermark that each leads to, at
the least; DIR/STEP-PARTITION the events of a step, one a line; DIR/STEP-tick one
that does not change what is late. DIR/ticks gets the number of a step for each
tick that was sent.

How far the watermark has come when an event is read depends on how fast the
partitions are read, and on which of them are taken for idle. So the events are
chosen so that it does not matter: which of their windows are closed is the same
at all watermarks that are possible while their step lasts.

What is expected is worked out event by event and window by window. Differences
are printed as diagnostics of TAP; the exit code is 1 when there are some.
"""
import json
import os
import random
import sys

SECOND, MINUTE = 1000, 60000
BASE = 1735689600000
PARTITIONS = 10
IDLE = 9  # has events in the first step only
AHEAD = 8 * SECOND  # so much further than the watermark partitions may be
KEYS = ["CA", "DE", "FR", "JP", "UK", "US"]

# name: length, advance, lateness, average (docs/pipelines.md); as in windows.sh
TABLES = {
	"fives": (5 * MINUTE, MINUTE, 10 * SECOND, MINUTE),
	"minutes": (MINUTE, MINUTE, 30 * SECOND, None),
}


def windows_of(table, time):
	length, advance = TABLES[table][:2]
	start = (time - length) // advance * advance
	while start <= time:
		if start <= time < start + length:
			yield start
		start += advance


def closed(table, start, watermark):
	length, _, lateness, _ = TABLES[table]
	return watermark is not None and start + length + lateness <= watermark


def closed_windows(time, watermark):
	return [(table, start) for table in TABLES
		for start in windows_of(table, time)
		if closed(table, start, watermark)]


def steps():
	"""(watermark before, watermark behind, earliest event) of each step."""
	before = None
	for n in range(7):
		at = BASE + 10 * MINUTE + 30 * SECOND + n * 2 * MINUTE
		yield before, at, at - 3 * MINUTE
		# No window closes now: all that comes too late is late for
		# the same ones.
		yield at, at + SECOND, at - 9 * MINUTE
		before = at + SECOND


def make(folder):
	rand = random.Random(7)
	with open(os.path.join(folder, "steps"), "w") as plan:
		for number, (before, behind, earliest) in enumerate(steps()):
			print(f"{number:02} {behind}", file=plan)
			write_step(rand, folder, number, before, behind,
				   earliest)


def write_step(rand, folder, number, before, behind, earliest):
	path = os.path.join(folder, f"{number:02}-")
	for partition in range(PARTITIONS):
		if partition == IDLE and number > 0:
			continue
		ahead = partition * AHEAD // PARTITIONS
		times = [behind + ahead]
		while len(times) < 20 + 10 * (partition % 3):
			time = rand.randrange(earliest, behind + ahead)
			if (closed_windows(time, before) ==
					closed_windows(time, behind + AHEAD)):
				times.append(time)
		rand.shuffle(times)
		with open(f"{path}{partition}", "w") as to:
			for time in times:
				key = KEYS[int(len(KEYS) * rand.random() ** 2)]
				print(json.dumps({"k": key, "t": time}),
				      file=to)
	with open(f"{path}tick", "w") as to:
		print(json.dumps({"k": "US", "t": behind}), file=to)


def sent(folder):
	"""(event, watermark) of all that was sent."""
	with open(os.path.join(folder, "ticks")) as ticks:
		ticks = [int(line) for line in ticks]
	for number, (before, _, _) in enumerate(steps()):
		path = os.path.join(folder, f"{number:02}-")
		for partition in range(PARTITIONS):
			if not os.path.exists(f"{path}{partition}"):
				continue
			with open(f"{path}{partition}") as lines:
				for line in lines:
					yield json.loads(line), before
		with open(f"{path}tick") as line:
			tick = json.loads(line.read())
		for _ in range(ticks.count(number)):
			yield tick, before


class Differences:
	def __init__(self):
		self.count = 0

	def compare(self, what, got, wanted):
		if isinstance(got, float) and isinstance(wanted, float):
			if abs(got - wanted) <= 1e-12 * abs(wanted):
				return
		elif got == wanted:
			return
		self.count += 1
		if self.count <= 20:
			print(f"# {what}: {got}, should be {wanted}")


def check_table(differences, name, report, events):
	length, advance, _, average = TABLES[name]
	got = report["tables"][name]
	counts, late, first = {}, 0, None

	for event, watermark in events:
		is_late = False
		for start in windows_of(name, event["t"]):
			if closed(name, start, watermark):
				is_late = True
				continue
			keys = counts.setdefault(start, {})
			keys[event["k"]] = keys.get(event["k"], 0) + 1
		late += is_late
		if not is_late and (first is None or event["t"] < first):
			first = event["t"]

	differences.compare(f"{name}: late", got["late"], late)
	differences.compare(f"{name}: window_ms", got["window_ms"], length)
	differences.compare(f"{name}: advance_ms", got["advance_ms"], advance)
	differences.compare(f"{name}: average_ms", got.get("average_ms"),
			    average)
	differences.compare(f"{name}: windows",
			    [w["start_ms"] for w in got["windows"]],
			    sorted(counts))
	for window in got["windows"]:
		start = window["start_ms"]
		keys = counts.get(start, {})
		span = length
		if start < first < start + length:
			span = start + length - first
		top = []
		for key in sorted(keys, key=lambda k: (-keys[k], k)):
			row = {"key": key, "n": keys[key]}
			if average:
				row["rolling_average"] = \
					keys[key] * average / span
			top.append(row)
		what = f"{name}: {(start - BASE) / MINUTE:g} min"
		for member, wanted in (
				("end_ms", start + length),
				("span_ms", span),
				("complete", closed(name, start,
						    report["watermark_ms"])),
				("keys", len(keys)),
				("total", sum(keys.values()))):
			differences.compare(f"{what}: {member}",
					    window[member], wanted)
		differences.compare(f"{what}: rows", len(window["top"]),
				    len(top))
		for is_row, row in zip(window["top"], top):
			differences.compare(f"{what}: members of a row",
					    sorted(is_row), sorted(row))
			for member in row:
				differences.compare(
					f"{what}: {row['key']}: {member}",
					is_row.get(member), row[member])
	return late


def check(folder, path):
	differences = Differences()
	events = list(sent(folder))
	with open(path) as file:
		report = json.load(file)

	late = sum(bool(closed_windows(event["t"], watermark))
		   for event, watermark in events)
	ledger = report["ledger"]
	differences.compare("valid", ledger["valid"], len(events))
	differences.compare("late", ledger["late"], late)
	of = [check_table(differences, name, report, events)
	      for name in TABLES]
	if not 0 < min(of) <= max(of) <= late < len(events):
		differences.compare("late events there are", of, "some")
	return differences.count


def main():
	if sys.argv[1] == "make":
		make(sys.argv[2])
		return 0
	return 1 if check(sys.argv[2], sys.argv[3]) else 0


if __name__ == "__main__":
	sys.exit(main())
