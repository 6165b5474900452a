#!/usr/bin/env python3
"""What becomes of web events, counted again by other means than weir.

	web_events.py SOURCE REPORT [--enriched FILE] [--averages FILE] [--dlq FILE]

SOURCE is the topic of schema/web_events.json as `kcat -J -C -e` prints it, one JSON
object a line, all messages being text; the other files are the derived topics in the
same form. Each message is judged by the rules of that pipeline, which are written
down here a second time. Valid ones are counted into its tables: in lists, over the
whole stream at once, window by window. What differs from the report and in the
topics is printed as diagnostics of TAP; the exit code is then 1.

What no reader of a topic can know is taken from the report: how far event time had
come (watermark_ms). No event may have been late. This shares no code with weir.

Other tests import it: read(), Stream.
"""
import argparse
import collections
import json
import math
import sys
import time

MINUTE = 60000
WINDOW, ADVANCE, AVERAGE = 5 * MINUTE, MINUTE, MINUTE
LATENESS = {"country_averages": 10000, "daily_active_users": MINUTE}
KEEP = {"country_averages": 120 * MINUTE, "daily_active_users": 31 * 1440 * MINUTE}
DAY = 1440 * MINUTE
FUTURE_S = 3600
SHOWN = 20     # differences
TOP = 10       # keys of a ranking in a report
WINDOWS = 120  # of a table in a report

# Name, type, greatest length, values that may be, values that may not be.
FIELDS = (
	("event_type", str, 12, ("page_view", "button_click"), ()),
	("user_id", int, None, (), ()),
	("page_url", str, 200, (), ()),
	("button_id", str, 36, (), ()),
	("timestamp", int, None, (), ()),
	("country", str, 32, (), ("ZZ", "XX")),
	("device_type", str, 32, (), ()),
)

Message = collections.namedtuple("Message", "topic partition offset ms value")


def read(path):
	"""The messages of a topic, of a file that kcat -J wrote; one without a value
	has None."""
	with open(path, encoding="utf-8") as file:
		found = [json.loads(line) for line in file]
	return [Message(m["topic"], m["partition"], m["offset"], m["ts"],
			m["payload"]) for m in found]


def utc(seconds, form="%Y-%m-%d %H:%M:%S"):
	return time.strftime(form, time.gmtime(seconds))


class Dead(Exception):
	"""reason, field, rule"""


def checked(event, latest):
	"""The values of the fields, in their order."""
	made = {}
	for name, kind, longest, allowed, refused in FIELDS:
		value = event.get(name)
		if value is None and name == "device_type":
			made[name] = None
			continue
		if value is None:
			raise Dead("missing", name, "required")
		if type(value) is not kind:
			raise Dead("wrong_type", name, "type")
		if name == "user_id" and value < 0:
			raise Dead("out_of_range", name, "min")
		if allowed and value not in allowed:
			raise Dead("not_one_of", name, "one_of")
		if value in refused:
			raise Dead("none_of", name, "none_of")
		if longest and len(value.encode()) > longest:
			raise Dead("too_long", name, "max_length")
		if name == "timestamp" and value < 0:
			raise Dead("bad_time", name, "unit")
		if name == "timestamp" and value > latest:
			raise Dead("bad_time", name, "future")
		made[name] = value
	return made


def judged(text, latest):
	if not text:
		raise Dead("no_value", None, None)
	try:
		event = json.loads(text)
	except ValueError:
		raise Dead("not_json", None, None) from None
	if type(event) is not dict:
		raise Dead("not_object", None, None)
	return checked(event, latest)


class Stream:
	"""A topic's messages: the valid events, and the dead with what is wrong."""

	def __init__(self, messages):
		self.messages = messages
		self.events = []
		self.letters = []  # (message, reason, field, rule)
		latest = time.time() + FUTURE_S
		for message in messages:
			try:
				self.events.append(judged(message.value, latest))
			except Dead as dead:
				self.letters.append((message,) + dead.args)
		self.first = min((e["timestamp"] * 1000 for e in self.events),
				 default=None)

	def dead_by_reason(self):
		return collections.Counter(letter[1] for letter in self.letters)

	def shares(self, field):
		return collections.Counter(e[field] for e in self.events)

	def span(self, start):
		"""The part of a window since the stream's first event."""
		end = start + WINDOW
		return end - self.first if start < self.first < end else WINDOW

	def windows(self):
		"""{start: {country: events}} of the hopping windows."""
		found = collections.defaultdict(collections.Counter)
		for event in self.events:
			at = event["timestamp"] * 1000
			start = at - at % ADVANCE
			while start > at - WINDOW:
				found[start][event["country"]] += 1
				start -= ADVANCE
		return found

	def days(self):
		"""{start: {country: users}}, each user once."""
		users = collections.defaultdict(set)
		for event in self.events:
			at = event["timestamp"] * 1000
			users[at - at % DAY, event["country"]].add(event["user_id"])
		found = collections.defaultdict(dict)
		for (start, country), them in users.items():
			found[start][country] = len(them)
		return found

	# What the derived topics have, as JSON objects.

	def enriched(self):
		return [dict(e, event_date=utc(e["timestamp"], "%Y-%m-%d"))
			for e in self.events]

	def averages(self, watermark):
		return [{"country": country,
			 "window_start": utc(start // 1000),
			 "window_end": utc((start + WINDOW) // 1000),
			 "average_events": events * AVERAGE / self.span(start)}
			for start, countries in self.windows().items()
			if start + WINDOW + LATENESS["country_averages"] <=
			watermark
			for country, events in countries.items()]

	def dlq(self):
		return [{"reason": reason, "field": field, "rule": rule,
			 "topic": m.topic, "partition": m.partition,
			 "offset": m.offset, "timestamp": utc(m.ms // 1000),
			 "raw": m.value, "raw_base64": None,
			 "raw_size": len((m.value or "").encode())}
			for m, reason, field, rule in self.letters]


# --- comparing ---------------------------------------------------------------------


class Differences:
	def __init__(self):
		self.found = []
		self.compared = 0

	def same(self, what, got, want):
		self.compared += 1
		if isinstance(want, float):
			if not isinstance(got, (int, float)) or \
					not math.isclose(got, want, rel_tol=1e-12):
				self.found.append((what, got, want))
		elif got != want:
			self.found.append((what, got, want))

	def same_rows(self, what, got, want, key):
		"""The same rows, each as often; in any order."""
		def by_key(rows):
			found = collections.defaultdict(list)
			for row in rows:
				found[tuple(row.get(k) for k in key)].append(row)
			return found
		got, want = by_key(got), by_key(want)
		for k in sorted(set(got) | set(want), key=str):
			self.same(f"{what} {k}, how many", len(got[k]), len(want[k]))
			for one, other in zip(got[k], want[k]):
				self.same(f"{what} {k}, fields", sorted(one),
					  sorted(other))
				for name in set(one) & set(other):
					self.same(f"{what} {k}, {name}", one[name],
						  other[name])


def ranked(counts):
	"""Largest first, of equals by their bytes; a missing key before others."""
	def order(pair):
		return -pair[1], (pair[0] is not None, (pair[0] or "").encode())
	return [("∅" if key is None else key, count)
		for key, count in sorted(counts.items(), key=order)]


def compare_top(d, what, report, counts, measure, average=None):
	d.same(f"{what}.keys", report["keys"], len(counts))
	want = ranked(counts)[:TOP]
	d.same(f"{what}.top", [(r["key"], r[measure]) for r in report["top"]], want)
	if average:
		for row, (_, count) in zip(report["top"], want):
			d.same(f"{what}.top, {row['key']}, average",
			       row["rolling_average"], average(count))


def compare_windows(d, stream, report, name, found, length, measure, average):
	watermark = report["watermark_ms"]
	table = report["tables"][name]
	d.same(f"{name}.late", table["late"], 0)
	starts = sorted(s for s in found
			if s + length + KEEP[name] > watermark)[-WINDOWS:]
	d.same(f"{name}, windows", [w["start_ms"] for w in table["windows"]], starts)
	for window in table["windows"]:
		start = window["start_ms"]
		what = f"{name}, window of {utc(start // 1000)}"
		d.same(f"{what}, end", window["end_ms"], start + length)
		d.same(f"{what}, complete", window["complete"],
		       start + length + LATENESS[name] <= watermark)
		if average:
			d.same(f"{what}, span", window["span_ms"],
			       stream.span(start))
		compare_top(d, what, window, found.get(start, {}), measure,
			    average and (lambda count: count * AVERAGE /
					 stream.span(start)))


def compare_report(d, stream, report):
	dead = stream.dead_by_reason()
	for name, want in (("consumed", len(stream.messages)),
			   ("valid", len(stream.events)),
			   ("dead", len(stream.letters)),
			   ("dead_by_reason", dict(dead)),
			   ("late", 0), ("lag", 0), ("lost", 0), ("skipped", 0),
			   ("balanced", True)):
		d.same(f"ledger.{name}", report["ledger"][name], want)
	tables = report["tables"]
	for name, field in (("event_types", "event_type"),
			    ("devices", "device_type"), ("pages", "page_url")):
		compare_top(d, name, tables[name], stream.shares(field), "events")
		d.same(f"{name}.total", tables[name]["total"], len(stream.events))
	compare_windows(d, stream, report, "country_averages", stream.windows(),
			WINDOW, "events", True)
	compare_windows(d, stream, report, "daily_active_users", stream.days(),
			DAY, "users", False)


def objects(path):
	return [json.loads(m.value) for m in read(path)]


def compare_letters(d, rows, wanted):
	for row in rows:
		d.same(f"dlq, a message for people: {row['message']!r}",
		       bool(row.pop("message")), True)
	d.same_rows("dlq", rows, wanted, ("partition", "offset"))


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("source")
	parser.add_argument("report")
	parser.add_argument("--enriched")
	parser.add_argument("--averages")
	parser.add_argument("--dlq")
	options = parser.parse_args()
	stream = Stream(read(options.source))
	with open(options.report, encoding="utf-8") as file:
		report = json.load(file)
	d = Differences()
	compare_report(d, stream, report)
	if options.enriched:
		d.same_rows("enriched", objects(options.enriched),
			    stream.enriched(), ("button_id", "timestamp"))
	if options.averages:
		d.same_rows("average", objects(options.averages),
			    stream.averages(report["watermark_ms"]),
			    ("country", "window_start"))
	if options.dlq:
		compare_letters(d, objects(options.dlq), stream.dlq())
	for what, got, want in d.found[:SHOWN]:
		print(f"# {what}: {got!r:.200}; recounted {want!r:.200}")
	if len(d.found) > SHOWN:
		print(f"# and {len(d.found) - SHOWN} more differences")
	print(f"# {len(stream.messages)} messages, {d.compared} values compared")
	return 1 if d.found else 0


if __name__ == "__main__":
	sys.exit(main())
