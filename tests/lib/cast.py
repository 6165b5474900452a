#!/usr/bin/env python3
"""Checks recordings by the format's description, and looks into them.

	cast.py check FILE      it is an asciicast, version 2 or 3
	cast.py markers FILE    a line for each marker: its time, its label
	cast.py keys FILE       a line for each input event: its time, its bytes
	cast.py duration FILE   the time of the last event

Times are seconds since the beginning, whatever the version. What is wrong is
printed with its line, and the exit code is then 1. Nothing of weir is used.
The format: https://docs.asciinema.org/manual/asciicast/v3/, and v2.
"""
import decimal
import json
import re
import sys

COLOUR = r"#[0-9a-f]{6}"


class Wrong(Exception):
	pass


def must(true, text):
	if not true:
		raise Wrong(text)


def is_whole(value):
	return isinstance(value, int) and not isinstance(value, bool)


def once(pairs):
	"""An object's members: no name twice."""
	members = dict(pairs)
	must(len(members) == len(pairs), "a member is there twice")
	return members


def check_size(cols, rows):
	must(is_whole(cols) and is_whole(rows) and 0 < cols < 65536 and
	     0 < rows < 65536, "the size is %sx%s" % (cols, rows))


def check_theme(theme):
	must(re.fullmatch(COLOUR, theme["fg"]), "fg is %s" % theme["fg"])
	must(re.fullmatch(COLOUR, theme["bg"]), "bg is %s" % theme["bg"])
	must(re.fullmatch("%s(:%s){7}((:%s){8})?" % ((COLOUR,) * 3),
			  theme["palette"]), "the palette is not one")


def check_header(header):
	must(isinstance(header, dict), "the header is no object")
	version = header.get("version")
	must(version in (2, 3), "the version is %s" % version)
	known = {"version", "timestamp", "duration", "idle_time_limit",
		 "command", "title", "env"}
	if version == 2:
		known |= {"width", "height", "theme"}
		check_size(header.get("width"), header.get("height"))
		term = header
	else:
		known |= {"term", "tags"}
		term = header.get("term")
		must(isinstance(term, dict), "there is no term")
		must(set(term) <= {"cols", "rows", "type", "version", "theme"},
		     "term has %s" % ", ".join(term))
		check_size(term.get("cols"), term.get("rows"))
	must(set(header) <= known, "it has %s" % ", ".join(header))
	if "theme" in term:
		check_theme(term["theme"])
	if "timestamp" in header:
		must(is_whole(header["timestamp"]), "the timestamp is no integer")
	if "title" in header:
		must(isinstance(header["title"], str), "the title is no text")
	return version


def check_event(event, version):
	must(isinstance(event, list) and len(event) == 3,
	     "it is not of three elements")
	time, code, data = event
	must(isinstance(time, decimal.Decimal) or is_whole(time),
	     "the time is no number")
	must(time >= 0, "the time is negative")
	must(code in ("o", "i", "m", "r") or (version == 3 and code == "x"),
	     "the code is %r" % code)
	must(isinstance(data, str), "the data is no text")
	must(not re.search("[\ud800-\udfff]", data), "there is half a character")
	if code == "r":
		size = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", data)
		must(size, "the size is %s" % data)
		check_size(int(size[1]), int(size[2]))
	if code == "x":
		must(re.fullmatch(r"\d+", data), "the status is %s" % data)
	return decimal.Decimal(time), code, data


def parse(line):
	must("\0" not in line, "there is a NUL")
	return json.loads(line, parse_float=decimal.Decimal,
			  object_pairs_hook=once)


def read(path):
	"""The events, with times from the beginning on."""
	with open(path, "rb") as file:
		lines = file.read().split(b"\n")
	at = 0
	events = []
	try:
		must(lines.pop() == b"", "the last line is not whole")
		must(lines, "there is nothing in it")
		at = 1
		version = check_header(parse(lines[0].decode("utf-8")))
		now = decimal.Decimal(0)
		for at, line in enumerate(lines[1:], 2):
			if version == 3 and line.startswith(b"#"):
				continue
			must(not events or events[-1][1] != "x",
			     "there is more behind the exit")
			time, code, data = check_event(
				parse(line.decode("utf-8")), version)
			time = now + time if version == 3 else time
			must(time >= now, "it is earlier than the one before")
			now = time
			events.append((time, code, data))
	except (Wrong, ValueError, KeyError, TypeError) as e:
		sys.exit("%s:%d: %s" % (path, at, e))
	return events


def show(path, code):
	for time, its, data in read(path):
		if its == code:
			print("%.6f %s" % (time, data if code == "m"
					   else json.dumps(data)))


def main():
	what, path = sys.argv[1:]
	if what == "check":
		read(path)
	elif what == "markers":
		show(path, "m")
	elif what == "keys":
		show(path, "i")
	elif what == "duration":
		events = read(path)
		print("%.6f" % (events[-1][0] if events else 0))
	else:
		sys.exit(__doc__)


main()
