#!/usr/bin/env python3
"""Looks at what a terminal showed or was sent.

	screen.py number LABEL SCREEN   the number behind a label
	screen.py adds-up SCREEN        all numbers on one screen belong together
	screen.py aligned SCREEN        the line between the panels is straight
	screen.py tame RAW              only what may be sent to a terminal was

SCREEN is the text of a whole screen, RAW the bytes that a program wrote. What
is wrong is printed, and the exit code is then 1.
"""
import re
import sys
import unicodedata

wrong = []


def must(true, text):
	if not true:
		wrong.append(text)


def rows_of(path):
	with open(path, encoding="utf-8") as file:
		return file.read().split("\n")


def number(text):
	return int(text.replace(",", ""))


def labelled(text, label):
	found = re.search(r"(?<![\w-])%s +(-?[\d,]+)(?![\d.,]| [kMGT] )" %
			  re.escape(label), text)
	return number(found.group(1)) if found else None


# --- the ledger and the panels --------------------------------------------------------


def width(c):
	if unicodedata.combining(c):
		return 0
	return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def cells(row):
	"""A character for each column; what a wide one covers is empty."""
	made = []
	for c in row:
		if width(c) == 0:
			continue
		made.append(c)
		if width(c) == 2:
			made.append("")
	return made


# What the rule above a panel begins with: its number, where there are several.
RULE = re.compile("[─1-9][ ▸─]")


def divider_of(rows):
	for row in rows:
		if RULE.match(row) and " │ " in row:
			return "".join(cells(row)).index(" │ ") + 1
	return None


def panels_of(rows):
	"""Their lines by title, from a screen of two columns."""
	at = divider_of(rows)
	panels = {}
	if at is None:
		return panels
	for half in (slice(0, at), slice(at + 1, None)):
		title = None
		for row in rows:
			text = "".join(cells(row)[half]).strip()
			found = re.match(r"[─1-9][ ▸](.+?) ─", text)
			if found:
				title = found.group(1)
				panels[title] = []
			elif row.startswith(" ✓ ") or row.startswith(" ✗ "):
				title = None
			elif title:
				panels[title].append(text)
	return panels


LABELS = ("produced", "acked", "unacked", "failed", "in topic", "consumed",
	  "lag", "lost", "skipped", "valid", "dead", "foreign", "late")


def adds_up(rows):
	line = [r for r in rows if r.startswith(" ✓ ") and " valid " in r]
	must(len(line) == 1, "there is no line with a balanced ledger")
	if not line:
		return
	got = {l: labelled(line[0], l) for l in LABELS}
	known = {l: n for l, n in got.items() if n is not None}
	must("valid" in known and "dead" in known, "no valid, no dead: " + line[0])
	consumed = known["valid"] + known["dead"]
	if "consumed" in known:
		must(known["consumed"] == consumed, "consumed: " + line[0])
	if "in topic" in known:
		must(known["in topic"] == consumed + known["lag"] +
		     known["lost"] + known.get("skipped", 0),
		     "in topic: " + line[0])
	if "acked" in known:
		must(known["produced"] == known["acked"] + known["unacked"] +
		     known["failed"], "produced: " + line[0])

	panels = panels_of(rows)
	ledger = "\n".join(panels.get("ledger", []))
	of = {l: labelled(ledger, l) for l in LABELS}
	of = {l: n for l, n in of.items() if n is not None}
	if ledger:
		# A low one has not all of them.
		must(len(of) >= 8, "the ledger's panel: %s" % of)
		for label in set(of) & set(known):
			must(of[label] == known[label], "%s is %d in the panel, "
			     "%d in the line" % (label, of[label], known[label]))
		if len(of) >= 12:
			must(of["produced"] == of["acked"] + of["unacked"] +
			     of["failed"], "produced: %s" % of)
			must(of["consumed"] == of["valid"] + of["dead"],
			     "consumed: %s" % of)
			must(of["acked"] + of["foreign"] == of["consumed"] +
			     of["lag"] + of["lost"] + of["skipped"],
			     "acked: %s" % of)
	users = None
	for name in ("users", "items"):
		text = "\n".join(panels.get(name, []))
		found = re.search(r"([\d,]+) interactions", text)
		if found:
			must(number(found.group(1)) == known["valid"],
			     "%s: %s interactions, %d valid" %
			     (name, found.group(1), known["valid"]))
		found = re.search(r"([\d,]+) users", text)
		if found:
			users = number(found.group(1))
	shares = [r for r in panels.get("types", []) if " % " in r]
	if len(shares) == 3:
		must(sum(number(r.split()[-1]) for r in shares) ==
		     known["valid"], "types: %s" % shares)
	spread = [r for name, of_it in panels.items()
		  if name.startswith("interactions per") for r in of_it
		  if " % " in r]
	if spread and users is not None:
		must(sum(number(r.split()[-1]) for r in spread) == users,
		     "spread: %s of %d users" % (spread, users))
	places = [r.split() for r in panels.get("partitions", [])]
	places = [[number(n) for n in r] for r in places
		  if len(r) == 5 and r[0].isdigit()]
	if len(places) == 4 and "in topic" in known:
		must(sum(p[1] for p in places) == consumed,
		     "positions: %s of %d" % (places, consumed))
		must(sum(p[2] for p in places) == known["in topic"],
		     "ends: %s of %d" % (places, known["in topic"]))
		must(all(p[2] - p[1] == p[3] for p in places),
		     "lag: %s" % places)
	print("%d numbers of the ledger, panels: %s" %
	      (len(known) + len(of), ", ".join(sorted(panels))))


def aligned(rows):
	at = divider_of(rows)
	must(at is not None, "there are no two columns")
	if at is None:
		return
	inside = False
	for row in rows:
		if RULE.match(row):
			# The last panel may be alone in its row.
			inside = "│" in row
		elif row.startswith(" ✓ ") or row.startswith(" ✗ "):
			inside = False
		if inside and cells(row)[at:at + 1] != ["│"]:
			must(False, "column %d: %s" % (at, ascii(row)))


# --- bytes for the terminal ---------------------------------------------------------------

ESCAPES = re.compile(
	r"\x1b(?:\[[0-9;?]*[@A-HJ-MPSTXZbdfhlmr`]|[()][B0]|[=>78M])")
FORMATS = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e"
		     "\u2060-\u206f\ufeff\ufff9-\ufffb"
		     "\U000e0000-\U000e0fff]")


def tame(path):
	with open(path, "rb") as file:
		raw = file.read()
	try:
		text = raw.decode("utf-8")
	except UnicodeDecodeError as error:
		must(False, "broken UTF-8: %s" % error)
		text = raw.decode("utf-8", "replace")
	rest = ESCAPES.sub("", text)

	def around(found):
		return ascii(rest[max(found.start() - 20, 0):found.end() + 20])

	for found in list(re.finditer("\x1b", rest))[:10]:
		must(False, "an escape sequence: " + around(found))
	for found in list(re.finditer(
			"[\x00-\x07\x0b\x0c\x10-\x1a\x1c-\x1f\x7f-\x9f]",
			rest))[:10]:
		must(False, "a control character: " + around(found))
	for found in list(FORMATS.finditer(rest))[:10]:
		must(False, "it turns or hides text: " + around(found))
	# Blinking is what strangers ask for here, and weir never does.
	for found in list(re.finditer("\x1b\\[5(?:;[0-9;]*)?m", text))[:10]:
		must(False, "it blinks: " + ascii(found.group(0)))
	marks = longest = 0
	for c in rest:
		marks = marks + 1 if unicodedata.combining(c) else 0
		longest = max(longest, marks)
	must(longest <= 4, "%d marks on one character" % longest)


def main():
	what, path = sys.argv[1], sys.argv[-1]
	if what == "number":
		found = labelled("\n".join(rows_of(path)), sys.argv[2])
		if found is None:
			return 1
		print(found)
	elif what == "adds-up":
		adds_up(rows_of(path))
	elif what == "aligned":
		aligned(rows_of(path))
	elif what == "tame":
		tame(path)
	for text in wrong:
		print(text)
	return 1 if wrong else 0


if __name__ == "__main__":
	sys.exit(main())
