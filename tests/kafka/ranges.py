#!/usr/bin/env python3
"""Holds the ranges of offsets that stores have read against the topic.

	ranges.py TOPIC ENDS WHOLE EVENTS STORE=REPORT...

ENDS is what the topic has: [END...] by partition, as JSON; it begins at 0 and every
offset is an event. WHOLE is the report of all stores, each REPORT that of one.
EVENTS has the topic's events, PARTITION OFFSET VALUE a line; "-": they are not
asked for.

Every offset must be in a store, and in none twice; those that are in several
must be the overlaps of WHOLE, no more and no less; and what WHOLE has consumed
is the topic's events and those of the overlaps. Prints the events as WHOLE must
have counted them: those in an overlap more than once. What is wrong, and how
many are counted twice, goes to standard error.
"""
import json
import sys


def load(path):
	with open(path, encoding="utf-8") as file:
		return json.load(file)


def ranges_of(report, topic):
	"""{partition: [(begin, next)...]}"""
	found = {}
	for r in report["offsets"] + report["offsets_ended"]:
		if r["topic"] == topic and r["next"] > r["begin"]:
			found.setdefault(r["partition"], []).append(
				(r["begin"], r["next"]))
	return found


def main():
	topic, ends, whole, events, *stores = sys.argv[1:]
	ends = json.loads(ends)
	whole = load(whole)
	wrong = []
	read = {}  # store -> {partition: ranges}
	for pair in stores:
		store, path = pair.split("=", 1)
		read[store] = ranges_of(load(path), topic)
	pieces = {}  # partition -> [(begin, end, stores)...]
	overlaps = []
	for partition, end in enumerate(ends):
		cuts = {0, end}
		for store, of in read.items():
			for begin, to in of.get(partition, []):
				cuts |= {begin, to}
		cuts = sorted(cuts)
		if cuts[0] < 0 or cuts[-1] > end:
			wrong.append(f"partition {partition}: {cuts} of {end}")
		for begin, to in zip(cuts, cuts[1:]):
			there = [store for store, of in read.items()
				 for r in of.get(partition, [])
				 if r[0] <= begin and to <= r[1]]
			where = f"partition {partition}, offsets {begin} to {to - 1}"
			if not there:
				wrong.append(f"{where}: in no store")
			if len(set(there)) < len(there):
				wrong.append(f"{where}: twice in {there}")
			pieces.setdefault(partition, []).append(
				(begin, to, sorted(there)))
		for begin, to, there in pieces.get(partition, []):
			if len(there) < 2:
				continue
			last = overlaps[-1] if overlaps else None
			if last and last[0] == partition and \
					last[2] == begin and last[3] == there:
				last[2] = to
			else:
				overlaps.append([partition, begin, to, there])
	told = sorted([o["partition"], o["begin"], o["end"],
		       sorted(o["stores"])] for o in whole["overlaps"])
	if told != sorted(overlaps):
		wrong.append(f"overlaps {told}, but there are {overlaps}")
	twice = sum((to - begin) * (len(there) - 1)
		    for _, begin, to, there in overlaps)
	if sum(o["events"] for o in whole["overlaps"]) != twice:
		wrong.append(f"{whole['overlaps']}: not {twice} events")
	consumed = whole["ledger"]["consumed"]
	if consumed - twice != sum(ends):
		wrong.append(f"{consumed} consumed, {twice} of them twice: "
			     f"not {sum(ends)}")
	if whole["ledger"]["lost"] or whole["ledger"]["skipped"]:
		wrong.append("some are lost or skipped")
	if events != "-":
		with open(events, "rb") as file:
			for line in file:
				partition, offset, value = line.split(b" ", 2)
				partition, offset = int(partition), int(offset)
				times = sum(len(there) for begin, to, there
					    in pieces.get(partition, [])
					    if begin <= offset < to)
				sys.stdout.buffer.write(value * times)
	for sentence in wrong[:20]:
		print(sentence, file=sys.stderr)
	print(f"{consumed} consumed, {twice} of them twice, "
	      f"{len(overlaps)} overlaps", file=sys.stderr)
	sys.exit(1 if wrong else 0)


main()
