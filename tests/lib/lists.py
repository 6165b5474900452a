#!/usr/bin/env python3
"""Looks at lists on a screen, and counts what must be on them by other means.

	lists.py keys EVENTS FIELD            how many keys there are
	lists.py nth EVENTS FIELD N           the Nth key and its number, ranked
	lists.py matching EVENTS FIELD TEXT   how many keys have it in them
	lists.py early EVENTS FIELD           a key that soon occurs no more
	lists.py rows EVENTS FIELD ORDER SCREEN [TEXT]
		each row on the screen (its place, key and number) is the one of
		that place; ORDER is largest, smallest or key
	lists.py windows WINDOWS KEY SCREEN   the chart's smallest, average and
		largest are what an export of windows of 10 s has

EVENTS are JSON objects, one a line. Nothing of weir is used.
"""
import collections
import csv
import json
import re
import sys
import time


def counted(path, field):
	with open(path, encoding="utf-8") as file:
		return collections.Counter(json.loads(line)[field]
					   for line in file)


def in_order(counts, order, text=""):
	rows = [(key, n) for key, n in counts.items()
		if text.lower() in key.lower()]
	if order == "key":
		return sorted(rows, key=lambda row: row[0].encode())
	sign = -1 if order == "largest" else 1
	return sorted(rows, key=lambda row: (sign * row[1], row[0].encode()))


def screen_rows(path):
	"""Rows as "▸  1,234  u000001   56"."""
	found = []
	with open(path, encoding="utf-8") as file:
		for line in file:
			row = re.match(r"^[▸ ] +([\d,]+)  (\S+) +([\d,]+)$",
				       line.rstrip())
			if row:
				found.append((int(row[1].replace(",", "")), row[2],
					      int(row[3].replace(",", ""))))
	return found


def check_rows(events, field, order, screen, text=""):
	want = in_order(counted(events, field), order, text)
	rows = screen_rows(screen)
	if len(rows) < 5:
		sys.exit("only %d rows on the screen" % len(rows))
	for place, key, n in rows:
		if place > len(want) or want[place - 1] != (key, n):
			sys.exit("row %d is %s with %d, must be %s" % (
				place, key, n, want[place - 1:place]))


def check_windows(windows, key, screen):
	with open(windows, encoding="utf-8", newline="") as file:
		rows = list(csv.reader(file))[1:]
	newest = max(int(row[0]) for row in rows)
	its = [(int(row[2]), int(row[0])) for row in rows if row[1] == key]
	# A window of 10 s is complete 10 s after its end. The events of each
	# partition go on nearly to the end of the newest one.
	over = [row for row in its if row[1] + 20000 <= newest]
	clock = lambda ms: time.strftime("%H:%M:%S", time.gmtime(ms / 1000))
	least, most = min(over), max(its, key=lambda row: (row[0], -row[1]))
	want = ["↓ min %s at %s" % (format(least[0], ","), clock(least[1])),
		"┄ average %s of %d windows " % (
			format(sum(n for n, _ in over) / len(over), ",.2f"),
			len(over)),
		"↑ max %s at %s" % (format(most[0], ","), clock(most[1]))]
	with open(screen, encoding="utf-8") as file:
		text = file.read()
	for part in want:
		if part not in text:
			sys.exit("not on the screen: " + part)


def main():
	what, arguments = sys.argv[1], sys.argv[2:]
	if what == "keys":
		print(len(counted(*arguments)))
	elif what == "nth":
		rows = in_order(counted(*arguments[:2]), "largest")
		print(*rows[int(arguments[2]) - 1])
	elif what == "matching":
		print(len(in_order(counted(*arguments[:2]), "key", arguments[2])))
	elif what == "early":
		last = {}
		with open(arguments[0], encoding="utf-8") as file:
			for at, line in enumerate(file):
				last[json.loads(line)[arguments[1]]] = at
		print(min(last, key=lambda key: (last[key], key)))
	elif what == "rows":
		check_rows(*arguments)
	elif what == "windows":
		check_windows(*arguments)
	else:
		sys.exit(__doc__)


main()
