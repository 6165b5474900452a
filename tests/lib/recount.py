#!/usr/bin/env python3
"""Counts events again, by other means than weir, and compares with its reports.

	recount.py [OPTIONS] PIPELINE EVENTS [REPORT...]

EVENTS has one event a line, as `weir generate --stdout` writes it. Each line is
judged by the rules of the pipeline file (docs/pipelines.md), what is valid is
counted into its tables, and everything that a report says about them is worked
out from scratch: the rows are in dictionaries and sorted as a whole, nothing is
merged, ranked or brought up to date. Differences are printed as diagnostics of
TAP; the exit code is 1 when there are some. Without a REPORT, what was counted
is printed as JSON.

	--foreign N   so many of the events were written by others (default: 0)
	--late        events may be late: how many is a matter of the order in which
		      partitions were read, and not compared
	--rel X       how far reals may be apart, relatively (default: 1e-12)
	--shown N     differences to print (default: 20)

This shares no code with weir and needs nothing but Python.
"""
import argparse
import json
import math
import sys
import time

TOP = 10
WINDOWS = 120  # the newest of a table that a report has
DEPTH = 1024
INT64_MIN, INT64_MAX, UINT64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1

if hasattr(sys, "set_int_max_str_digits"):
	sys.set_int_max_str_digits(0)
sys.setrecursionlimit(20000)


# --- the pipeline file ------------------------------------------------------------


def without_comments(text):
	out, at, end = [], 0, len(text)
	while at < end:
		c = text[at]
		if c == '"':
			start = at
			at += 1
			while text[at] != '"':
				at += 2 if text[at] == "\\" else 1
			at += 1
			out.append(text[start:at])
		elif text.startswith("//", at):
			while at < end and text[at] != "\n":
				at += 1
		elif text.startswith("/*", at):
			at = text.index("*/", at) + 2
		else:
			out.append(c)
			at += 1
	return "".join(out)


def duration_ms(text):
	for unit, ms in (("ms", 1), ("s", 1000), ("m", 60000),
			 ("h", 3600000), ("d", 86400000)):
		number = text[:-len(unit)]
		if text.endswith(unit) and number.isdigit():
			return int(number) * ms
	raise ValueError(text)


class Field:
	def __init__(self, name, spec):
		self.name = name
		self.type = spec["type"]
		self.optional = spec.get("optional", False)
		path = spec.get("path")
		if path is None:
			self.path = [name]
		else:
			self.path = path.split(".") if isinstance(path, str) \
				else path
		self.one_of = spec.get("one_of")
		longest = max((len(v.encode()) for v in self.one_of), default=0) \
			if self.one_of else 256
		self.max_length = spec.get("max_length", longest)
		if self.one_of:
			self.one_of = frozenset(self.one_of)
		self.none_of = frozenset(spec.get("none_of", ()))
		self.min, self.max = spec.get("min"), spec.get("max")
		self.unit = spec.get("unit", "ms")


class Measure:
	def __init__(self, spec, fields):
		if spec == "count":
			self.kind, self.field, self.real = "count", -1, False
			return
		self.approximate = spec.get("approximate", False)
		(self.kind, name), = ((k, v) for k, v in spec.items()
				      if k != "approximate")
		self.field = [f.name for f in fields].index(name)
		self.real = fields[self.field].type == "number"


class Table:
	def __init__(self, name, spec, fields):
		names = [f.name for f in fields]
		self.name = name
		self.by = [names.index(n) for n in spec["by"]]
		self.measures = list(spec["measures"])
		self.kinds = [Measure(m, fields)
			      for m in spec["measures"].values()]
		self.rank = self.measures.index(
			spec.get("rank", self.measures[0]))
		self.window = None
		window = spec.get("window")
		if window:
			self.window = duration_ms(window.get("tumbling") or
						  window["hopping"])
			self.advance = duration_ms(window["advance"]) \
				if "advance" in window else self.window
			self.per = duration_ms(window["average"]) \
				if "average" in window else None
			self.first = None  # the smallest event time
			keep = window.get("keep")
			self.keep = duration_ms(keep) if keep \
				else max(7200000, 2 * self.window)
			late = window.get("lateness")
			self.lateness = duration_ms(late) if late else \
				(10000 if self.keep > 10000 else self.keep // 2)
		self.groups = {}  # start of the window, or None -> {key: row}


class Pipeline:
	def __init__(self, path):
		with open(path, encoding="utf-8-sig") as file:
			spec = json.loads(without_comments(file.read()))
		event = spec["event"]
		self.fields = [Field(n, f) for n, f in event["fields"].items()]
		self.time = [f.name for f in self.fields].index(event["time"])
		self.fields[self.time].optional = False
		self.max_bytes = event.get("max_bytes", 1048576)
		self.future = duration_ms(event.get("future", "1h"))
		self.tables = [Table(n, t, self.fields)
			       for n, t in spec["tables"].items()]
		# Keys on the way to fields: {key: (is a field, {...})}
		self.tree = {}
		for field in self.fields:
			node = self.tree
			for key in field.path:
				node = node.setdefault(key, {})


# --- the judge ---------------------------------------------------------------------


class Dead(Exception):
	pass


class Members(list):
	"""An object: its members in order, those that are there twice too."""


def no_constant(text):
	raise json.JSONDecodeError("not JSON: " + text, text, 0)


def depth_of(text):
	depth = deepest = 0
	inside = skip = False
	for c in text:
		if skip:
			skip = False
		elif inside:
			if c == "\\":
				skip = True
			elif c == '"':
				inside = False
		elif c == '"':
			inside = True
		elif c in "[{":
			depth += 1
			deepest = max(deepest, depth)
		elif c in "]}":
			depth -= 1
	return deepest


def scan(value, escapes):
	"""Half surrogates, which only escapes can write, are no text; and numbers
	have bounds."""
	half = beyond = False
	stack = [value]
	while stack:
		v = stack.pop()
		kind = type(v)
		if kind is str:
			half = half or escapes and any("\ud800" <= c <= "\udfff" for c in v)
		elif kind is int:
			beyond = beyond or not INT64_MIN <= v <= UINT64_MAX
		elif kind is float:
			beyond = beyond or math.isinf(v)
		elif kind is Members:
			for member in v:
				stack.extend(member)
		elif kind is list:
			stack.extend(v)
	return half, beyond


class Judge:
	def __init__(self, pipeline):
		self.pipeline = pipeline
		self.decoder = json.JSONDecoder(object_pairs_hook=Members,
						parse_constant=no_constant)
		self.latest = int(time.time() * 1000) + pipeline.future

	def values(self, raw):
		"""The values of the fields, None where one is missing."""
		if not raw:
			raise Dead("no_value")
		if len(raw) > self.pipeline.max_bytes:
			raise Dead("too_large")
		try:
			text = raw.decode("utf-8")
			# Python's own idea of white space is wider.
			root = self.decoder.decode(text.strip(" \t\r\n"))
		except (UnicodeDecodeError, json.JSONDecodeError):
			raise Dead("not_json") from None
		half, beyond = scan(root, b"\\u" in raw)
		if half:
			raise Dead("not_json")
		if raw.count(b"[") + raw.count(b"{") > DEPTH and \
				depth_of(text) > DEPTH:
			raise Dead("too_deep")
		if type(root) is not Members:
			raise Dead("not_object")
		if self.twice(root, self.pipeline.tree):
			raise Dead("duplicate_key")
		if beyond:
			raise Dead("out_of_range")
		top = dict(root)
		return [self.field(f, top) for f in self.pipeline.fields]

	def twice(self, members, tree):
		seen = set()
		for key, value in members:
			below = tree.get(key)
			if below is None:
				continue
			if key in seen:
				return True
			seen.add(key)
			if below and type(value) is Members and \
					self.twice(value, below):
				return True
		return False

	def field(self, field, value):
		path = field.path
		if len(path) == 1:
			value = value.get(path[0])
		else:
			for i, key in enumerate(path):
				if i and type(value) is Members:
					value = dict(value)
				elif i and value is None:
					break
				elif i:
					raise Dead("wrong_type")
				value = value.get(key)
		if value is None:
			if field.optional:
				return None
			raise Dead("missing")
		return getattr(self, field.type)(field, value)

	def string(self, field, value):
		if type(value) is not str:
			raise Dead("wrong_type")
		if field.one_of is not None and value not in field.one_of:
			raise Dead("not_one_of")
		if value in field.none_of:
			raise Dead("none_of")
		if len(value.encode()) > field.max_length:
			raise Dead("too_long")
		return value

	def bounds(self, field, value):
		if (field.min is not None and value < field.min) or \
				(field.max is not None and value > field.max):
			raise Dead("out_of_range")
		return value

	def integer(self, field, value):
		if type(value) is not int:
			raise Dead("wrong_type")
		if value > INT64_MAX:
			raise Dead("out_of_range")
		return self.bounds(field, value)

	def number(self, field, value):
		if type(value) not in (int, float):
			raise Dead("wrong_type")
		return self.bounds(field, float(value))

	def boolean(self, field, value):
		if type(value) is not bool:
			raise Dead("wrong_type")
		return value

	def time(self, field, value):
		if type(value) is not int:
			raise Dead("wrong_type")
		if value < 0:
			raise Dead("bad_time")
		ms = {"s": value * 1000, "ms": value, "us": value // 1000,
		      "ns": value // 1000000}[field.unit]
		if ms > INT64_MAX:
			raise Dead("bad_time")
		if field is self.pipeline.fields[self.pipeline.time] and \
				ms > self.latest:
			raise Dead("bad_time")
		return ms


# --- counting ------------------------------------------------------------------------


class Cell:
	"""All values that a measure had: how many, their sum, their ends."""

	__slots__ = ("count", "sum", "min", "max")

	def __init__(self):
		self.count, self.sum, self.min, self.max = 0, 0, None, None

	def add(self, value):
		if self.count == 0:
			self.min = self.max = value
		elif value < self.min:
			self.min = value
		elif value > self.max:
			self.max = value
		self.count += 1
		self.sum += value

	def value(self, kind):
		if self.count == 0:
			return None
		if kind == "average":
			return self.sum / self.count
		return {"sum": self.sum, "minimum": self.min,
			"maximum": self.max}[kind]


class Row:
	__slots__ = ("events", "cells")

	def __init__(self, table):
		self.events = 0
		self.cells = [None if m.kind == "count" else
			      set() if m.kind == "distinct" else Cell()
			      for m in table.kinds]

	def value(self, table, measure):
		kind = table.kinds[measure].kind
		if kind == "count":
			return self.events
		cell = self.cells[measure]
		if kind == "distinct":
			return len(cell) or None
		return cell.value(kind)


def add(row, table, values):
	row.events += 1
	for cell, measure in zip(row.cells, table.kinds):
		if cell is not None and values[measure.field] is not None:
			cell.add(values[measure.field])


def starts_of(table, at):
	"""The windows that an event is in; of a table without, the one."""
	if not table.window:
		return [None]
	table.first = at if table.first is None else min(table.first, at)
	last = at - at % table.advance
	return range(last, at - table.window, -table.advance)


def count(pipeline, lines):
	judge = Judge(pipeline)
	dead = {}
	seen = valid = 0
	newest = None
	for line in lines:
		if line.endswith(b"\n"):
			line = line[:-1]
		seen += 1
		try:
			values = judge.values(line)
		except Dead as reason:
			dead[str(reason)] = dead.get(str(reason), 0) + 1
			continue
		valid += 1
		at = values[pipeline.time]
		newest = at if newest is None else max(newest, at)
		for table in pipeline.tables:
			key = values[table.by[0]] if len(table.by) == 1 else \
				tuple([values[i] for i in table.by])
			for start in starts_of(table, at):
				group = table.groups.get(start)
				if group is None:
					group = table.groups[start] = {}
				row = group.get(key)
				if row is None:
					row = group[key] = Row(table)
				add(row, table, values)
	return seen, valid, dead, newest


# --- what a report should say ----------------------------------------------------------


def order_of(table, key):
	"""Keys are ordered as their values are, what is missing first."""
	parts = key if len(table.by) > 1 else (key,)
	return tuple((0,) if p is None else
		     (1, p.encode() if isinstance(p, str) else p)
		     for p in parts)


def text_of(table, key):
	parts = key if len(table.by) > 1 else (key,)
	return " · ".join("∅" if p is None else
			  str(p).lower() if isinstance(p, bool) else str(p)
			  for p in parts)


def summary(table, group, bottom, span=None):
	kind = table.kinds[table.rank].kind
	rows = [(key, row.value(table, table.rank), row)
		for key, row in group.items()]
	rows.sort(key=lambda r: order_of(table, r[0]))
	ranked = [r for r in rows if r[1] is not None]
	events = sum(r[2].events for r in rows)
	cells = [r[2].cells[table.rank] for r in rows
		 if kind not in ("count", "distinct") and
		 r[2].cells[table.rank].count]
	total = average = None
	if kind == "count" and rows:
		total = events
	elif cells and kind in ("sum", "average"):
		total = sum(c.sum for c in cells)
		if kind == "average":
			total /= sum(c.count for c in cells)
	elif cells:
		total = min(c.min for c in cells) if kind == "minimum" \
			else max(c.max for c in cells)
	if total is not None and kind in ("count", "sum"):
		average = total / len(rows)
	elif kind == "average":
		average = total
	elif kind == "distinct" and rows:
		# Different values of one key may be those of another.
		average = sum(len(r[2].cells[table.rank]) for r in rows) \
			/ len(rows)
	least = min((r[1] for r in ranked), default=None)
	most = max((r[1] for r in ranked), default=None)
	smallest = [r for r in ranked if r[1] == least]
	largest = [r for r in ranked if r[1] == most]

	def entry(r):
		made = {"key": text_of(table, r[0])}
		for i, name in enumerate(table.measures):
			made[name] = r[2].value(table, i)
		if span and table.per:
			made["rolling_average"] = r[1] * table.per / span
		return made

	# Python's sort keeps the order of keys among equals.
	down = sorted(ranked, key=lambda r: -r[1])[:TOP]
	made = {
		"keys": len(rows),
		"total": total,
		"average": average,
		"min": {"value": least, "keys": len(smallest),
			"example": text_of(table, smallest[0][0])
			if smallest else ""},
		"max": {"value": most, "key": text_of(table, largest[0][0])
			if largest else ""},
		"top": [entry(r) for r in down],
	}
	if bottom:
		made["bottom"] = [entry(r) for r in
				  sorted(ranked, key=lambda r: r[1])[:TOP]]
	return made


class Compare:
	def __init__(self, rel):
		self.rel = rel
		self.found = []
		self.compared = 0

	def same(self, where, got, want):
		self.compared += 1
		if isinstance(want, dict):
			if not isinstance(got, dict):
				self.found.append((where, got, want))
				return
			for key in sorted(set(got) | set(want)):
				if key not in got or key not in want:
					self.found.append(
						(where + "." + key,
						 got.get(key, "nothing"),
						 want.get(key, "nothing")))
				else:
					self.same(where + "." + key, got[key],
						  want[key])
		elif isinstance(want, list):
			if not isinstance(got, list) or len(got) != len(want):
				self.found.append((where, got, want))
				return
			for i, one in enumerate(want):
				self.same("%s[%d]" % (where, i), got[i], one)
		elif isinstance(want, float):
			if isinstance(got, bool) or \
					not isinstance(got, (int, float)) or \
					abs(got - want) > self.rel * abs(want):
				self.found.append((where, got, want))
		elif type(got) is not type(want) or got != want:
			self.found.append((where, got, want))


def windows(table, report, same, late):
	"""Those that have not expired; which is a matter of the watermark."""
	watermark = report["watermark_ms"]
	got = report["tables"][table.name]
	same("window_ms", got["window_ms"], table.window)
	same("advance_ms", got["advance_ms"], table.advance)
	same("average_ms", got.get("average_ms"), table.per)
	same("late", got["late"], got["late"] if late else 0)
	starts = sorted(start for start in table.groups
			if watermark is None or
			start + table.window + table.keep > watermark)[-WINDOWS:]
	same("windows", [w["start_ms"] for w in got["windows"]], starts)
	by_start = {w["start_ms"]: w for w in got["windows"]}
	for start in starts:
		end = start + table.window
		span = end - max(start, table.first)
		# Late events begin nothing, and which are is not known.
		if late and start in by_start:
			span = by_start[start]["span_ms"]
		want = summary(table, table.groups[start], False, span)
		want["start_ms"] = start
		want["end_ms"] = end
		want["span_ms"] = span
		want["complete"] = watermark is not None and \
			end + table.lateness <= watermark
		if start in by_start:
			same("windows.%d" % start, by_start[start], want)


def compare(pipeline, counted, report, options):
	seen, valid, dead, newest = counted
	c = Compare(options.rel)
	ledger = report["ledger"]
	want = {"produced": seen - options.foreign,
		"acked": seen - options.foreign,
		"unacked": 0, "failed": 0, "foreign": options.foreign,
		"consumed": seen, "valid": valid, "dead": seen - valid,
		"late": ledger["late"] if options.late else 0, "lag": 0, "lost": 0, "skipped": 0,
		"dead_by_reason": dead, "balanced": True}
	c.same("ledger", ledger, want)
	c.same("offsets, consumed",
	       sum(o["next"] - o["begin"] for o in report["offsets"]), seen)
	c.same("offsets, left",
	       sum(o["end"] - o["next"] for o in report["offsets"]), 0)
	c.same("tables", sorted(report["tables"]),
	       sorted(t.name for t in pipeline.tables))
	if newest is not None and report["watermark_ms"] is not None:
		c.same("watermark_ms is not ahead of the events",
		       report["watermark_ms"] <= newest, True)
	for table in pipeline.tables:
		def same(what, got, wanted, name=table.name):
			c.same("tables.%s.%s" % (name, what), got, wanted)
		if table.window:
			windows(table, report, same, options.late)
		else:
			c.same("tables." + table.name,
			       report["tables"][table.name],
			       summary(table, table.groups.get(None, {}), True))
	return c


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("--foreign", type=int, default=0)
	parser.add_argument("--late", action="store_true")
	parser.add_argument("--rel", type=float, default=1e-12)
	parser.add_argument("--shown", type=int, default=20)
	parser.add_argument("pipeline")
	parser.add_argument("events")
	parser.add_argument("reports", nargs="*")
	options = parser.parse_args()
	pipeline = Pipeline(options.pipeline)
	with open(options.events, "rb") as file:
		counted = count(pipeline, file)
	if not options.reports:
		print(json.dumps({"events": counted[0], "valid": counted[1],
				  "dead_by_reason": counted[2]}))
		return 0
	failed = 0
	for path in options.reports:
		try:
			with open(path, encoding="utf-8") as file:
				report = json.load(file)
			c = compare(pipeline, counted, report, options)
		except (OSError, ValueError, KeyError, TypeError) as error:
			print("# %s: is no report: %r" % (path, error))
			failed = 1
			continue
		for where, got, want in c.found[:options.shown]:
			print("# %s: %.200s; recounted %.200s" % (
				where, json.dumps(got), json.dumps(want)))
		if len(c.found) > options.shown:
			print("# and %d more differences" %
			      (len(c.found) - options.shown))
		failed |= bool(c.found)
		print("# %d events, %d values compared" % (counted[0],
							   c.compared))
	return failed


if __name__ == "__main__":
	sys.exit(main())
