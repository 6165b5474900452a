#!/usr/bin/env python3
"""Looks into a snapshot file, with Python's own SQLite.

	snapshot_check.py report FILE REPORT
		The newest snapshot says what the report of the same commit says, for
		every table; and all snapshots add up.
	snapshot_check.py rows FILE PIPELINE EVENTS WEIR STORE
		Every row of the current tables is what recount.py counts from the
		events, and so is every row of an export, as CSV and as JSON, from the
		store and from the file.
	snapshot_check.py keys FILE TABLE KEYS WEIR STORE
		The same for a table by one string, of which KEYS has the keys and their
		counts as a JSON object.

Differences are printed; the exit code is 1 when there are some.
"""
import csv
import io
import json
import sqlite3
import subprocess
import sys

import recount

found = []


def same(where, got, want):
	if isinstance(want, float) or isinstance(got, float):
		if got is not None and want is not None and \
				abs(got - want) <= 1e-12 * abs(want):
			return
	if got != want:
		found.append("%s: %.150r; wanted %.150r" % (where, got, want))


def connect(path):
	db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
	db.row_factory = sqlite3.Row
	same("integrity", db.execute("PRAGMA integrity_check").fetchone()[0],
	     "ok")
	return db


def text(value):
	return value.decode("utf-8", "replace") if isinstance(value, bytes) \
		else value or ""


# --- against a report ------------------------------------------------------------------


def summaries(where, row, want):
	same(where + " keys", row["keys"], want["keys"])
	same(where + " total", row["total"], want["total"])
	same(where + " average", row["average"], want["average"])
	same(where + " min", [row["min_value"], row["min_keys"],
			      text(row["min_example"])],
	     [want["min"]["value"], want["min"]["keys"],
	      want["min"]["example"]])
	same(where + " max", [row["max_value"], text(row["max_key"])],
	     [want["max"]["value"], want["max"]["key"]])


def rankings(db, snapshot, name, side, want):
	got = db.execute("SELECT * FROM ranking WHERE snapshot = ? AND "
			 "table_name = ? AND side = ? ORDER BY place",
			 (snapshot, name, side)).fetchall()
	same("%s %s" % (name, side),
	     [dict(json.loads(r["measures"]), key=text(r["key"])) for r in got],
	     want)
	same("%s %s places" % (name, side), [r["place"] for r in got],
	     list(range(1, len(got) + 1)))


def against_report(file, report_path):
	with open(report_path, encoding="utf-8") as opened:
		report = json.load(opened)
	db = connect(file)
	last = db.execute("SELECT s.*, r.pipeline, r.source, r.topic FROM "
			  "snapshot s JOIN run r ON r.id = s.run "
			  "ORDER BY s.id DESC LIMIT 1").fetchone()
	same("commit", last["commit_number"], report["commit"])
	same("commit_ms", last["commit_ms"], report["commit_ms"])
	same("watermark_ms", last["watermark_ms"], report["watermark_ms"])
	same("pipeline", last["pipeline"], report["pipeline"])
	same("source", [last["source"], last["topic"]],
	     [report["source"]["label"], report["source"]["topic"]])
	ledger = report["ledger"]
	for key in ledger:
		if key != "dead_by_reason":
			same("ledger " + key, last[key], ledger[key])
	same("reasons", dict(db.execute(
		"SELECT reason, count FROM dead_by_reason WHERE snapshot = ?",
		(last["id"],)).fetchall()), ledger["dead_by_reason"])
	same("offsets",
	     [[r["topic"], r["partition"], r["state"], r["begin_offset"],
	       r["next_offset"], r["end_offset"], r["lost"], r["skipped"]]
	      for r in db.execute("SELECT * FROM snapshot_offset WHERE "
				  "snapshot = ? AND state <> 'ended' ORDER BY "
				  "entry", (last["id"],))],
	     [[o[k] for k in ("topic", "partition", "state", "begin", "next",
			      "end", "lost", "skipped")]
	      for o in report["offsets"]])
	for name, want in report["tables"].items():
		row = db.execute("SELECT * FROM snapshot_table WHERE snapshot "
				 "= ? AND table_name = ?",
				 (last["id"], name)).fetchone()
		if "windows" not in want:
			summaries(name, row, want)
			rankings(db, last["id"], name, "top", want["top"])
			rankings(db, last["id"], name, "bottom",
				 want["bottom"])
			continue
		same(name + " late", row["late"], want["late"])
		if want["windows"]:
			summaries(name, row, want["windows"][-1])
			rankings(db, last["id"], name, "top",
				 want["windows"][-1]["top"])
		for window in want["windows"]:
			where = "%s %d" % (name, window["start_ms"])
			row = db.execute(
				"SELECT * FROM window_summary WHERE table_name "
				"= ? AND start_ms = ?",
				(name, window["start_ms"])).fetchone()
			if row is None:
				found.append(where + ": is not there")
				continue
			summaries(where, row, window)
			same(where + " end", row["end_ms"], window["end_ms"])
			same(where + " complete", bool(row["complete"]),
			     window["complete"])
	adds_up(db)


def adds_up(db):
	"""Each snapshot for itself, with what belongs to it."""
	for s in db.execute("SELECT * FROM snapshot ORDER BY id").fetchall():
		where = "snapshot %d" % s["id"]
		same(where + " balanced", s["balanced"], 1)
		same(where + " consumed", s["consumed"], s["valid"] + s["dead"])
		same(where + " offsets", s["consumed"] + s["lost"] + s["skipped"],
		     db.execute("SELECT sum(next_offset - begin_offset) FROM "
				"snapshot_offset WHERE snapshot = ?",
				(s["id"],)).fetchone()[0])
		for name, total in db.execute(
				"SELECT t.table_name, t.total FROM "
				"snapshot_table t JOIN pipeline_table p ON "
				"p.name = t.table_name WHERE t.snapshot = ? AND "
				"p.kind = 'count' AND p.window_ms IS NULL",
				(s["id"],)).fetchall():
			same("%s total of %s" % (where, name), total or 0,
			     s["valid"])
		same(where + " dead", s["dead"], db.execute(
			"SELECT coalesce(sum(count), 0) FROM dead_by_reason "
			"WHERE snapshot = ?", (s["id"],)).fetchone()[0])
	# Nothing is left of snapshots that are gone.
	for name in ("snapshot_offset", "snapshot_table", "ranking",
		     "dead_by_reason"):
		same(name + " of no snapshot", db.execute(
			"SELECT count(*) FROM %s WHERE snapshot NOT IN "
			"(SELECT id FROM snapshot)" % name).fetchone()[0], 0)


# --- rows ------------------------------------------------------------------------------


def exported(weir, store, table, form):
	done = subprocess.run([weir, "export", store, table, "--format", form],
			      stdout=subprocess.PIPE)
	if done.returncode:
		found.append("export of %s failed" % table)
		return []
	if form == "json":
		return json.loads(done.stdout.decode("utf-8"))
	lines = csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline=""))
	names = next(lines)
	return [dict(zip(names, line)) for line in lines]


def harmless(value):
	return "'" + value if value[:1] in tuple("=+-@\t\r") else value


def csv_of(value):
	if value is None:
		return ""
	if isinstance(value, bool):
		return str(value).lower()
	return harmless(value) if isinstance(value, str) else value


def compare_csv(where, got, want):
	if isinstance(want, float):
		got = float(got)
	elif isinstance(want, int) and not isinstance(want, bool):
		got = int(got)
	same(where, got, csv_of(want))


def counted_rows(table, oldest):
	rows = {}
	for start, group in table.groups.items():
		if start is not None and start < oldest:
			continue
		for key, row in group.items():
			parts = key if len(table.by) > 1 else (key,)
			if start is not None:
				parts = (start,) + parts
			rows[parts] = [row.value(table, i)
				       for i in range(len(table.measures))]
	return rows


def against_events(file, pipeline_path, events, weir, store):
	pipeline = recount.Pipeline(pipeline_path)
	with open(events, "rb") as opened:
		recount.count(pipeline, opened)
	db = connect(file)
	watermark, late = db.execute("SELECT watermark_ms, late FROM latest") \
		.fetchone()
	# A partition has an entry for each broker that was run.
	nexts, entries = {}, {}
	for number, after in db.execute(
			"SELECT partition, next_offset FROM snapshot_offset "
			"WHERE snapshot = (SELECT max(id) FROM snapshot)"):
		nexts[number] = max(nexts.get(number, 0), after)
		entries[number] = entries.get(number, 0) + 1
	for table in pipeline.tables:
		if table.window and late:
			continue # which were late depends on the order of reading
		oldest = watermark - table.window - table.keep + 1 \
			if table.window and watermark is not None else -1
		want = counted_rows(table, oldest)
		keys = len(table.by) + (table.window is not None)
		current, = db.execute("SELECT current_table FROM pipeline_table "
				      "WHERE name = ?", (table.name,)).fetchone()
		db.row_factory = None
		got = db.execute('SELECT * FROM "%s"' % current).fetchall()
		db.row_factory = sqlite3.Row
		same(table.name + ": rows", len(got), len(want))
		flags = [pipeline.fields[i].type == "boolean" for i in table.by]
		if table.window:
			flags.insert(0, False)
		for row in got:
			key = tuple(bool(v) if flag and v is not None
				    else text(v) if isinstance(v, (bytes, str)) else v
				    for v, flag in zip(row, flags))
			measures = want.get(key)
			where = "%s %r" % (table.name, key)
			if measures is None:
				found.append(where + ": is not in the events")
				continue
			for value, wanted in zip(row[keys:], measures):
				same(where, value, wanted)
			first_p, first_o, last_p, last_o = row[-4:]
			same(where + ": its events have been consumed",
			     first_o < nexts[first_p] and last_o < nexts[last_p]
			     and (first_p != last_p or entries[first_p] > 1
				  or first_o <= last_o), True)
		for source in (store, file):
			against_export(weir, source, table, want, keys)
	return pipeline


def against_export(weir, source, table, want, keys):
	rows = exported(weir, source, table.name, "json")
	where = "%s from %s" % (table.name, source)
	same(where + ", JSON: rows", len(rows), len(want))
	order = []
	for row in rows:
		values = list(row.values())
		key = tuple(values[:keys])
		order.append(key)
		if key not in want:
			found.append("%s, JSON: %r" % (where, key))
			continue
		for value, wanted in zip(values[keys:], want[key]):
			same("%s, JSON, %r" % (where, key), value, wanted)
	lines = exported(weir, source, table.name, "csv")
	same(where + ", CSV: rows", len(lines), len(order))
	for key, line in zip(order, lines):
		values = list(line.values())
		for value, wanted in zip(values, list(key) + want.get(key, [])):
			compare_csv("%s, CSV, %r" % (where, key), value, wanted)


def against_keys(file, name, keys, weir, store):
	with open(keys, encoding="utf-8") as opened:
		want = json.load(opened)
	db = connect(file)
	current, = db.execute("SELECT current_table FROM pipeline_table WHERE "
			      "name = ?", (name,)).fetchone()
	db.row_factory = None
	got = {text(row[0]): row[1] for row in db.execute(
		'SELECT * FROM "%s"' % current)}
	same("current", got, want)
	for source in (store, file):
		rows = [list(r.values())
			for r in exported(weir, source, name, "json")]
		same("JSON", {r[0]: r[1] for r in rows}, want)
		lines = [list(r.values())
			 for r in exported(weir, source, name, "csv")]
		same("CSV", {r[0]: int(r[1]) for r in lines},
		     {harmless(k): n for k, n in want.items()})
	# What is no text in SQL is a blob.
	same("types", {text(k): kind for k, kind in db.execute(
		'SELECT "%s", typeof("%s") FROM "%s"' % (
			(db.execute("SELECT key_fields FROM pipeline_table WHERE "
				    "name = ?", (name,)).fetchone()[0],) * 2 +
			(current,)))},
	     {k: "blob" if "\0" in k else "text" for k in want})


def main():
	commands = {"report": against_report, "rows": against_events,
		    "keys": against_keys}
	commands[sys.argv[1]](*sys.argv[2:])
	for line in found[:20]:
		print("# " + line)
	if len(found) > 20:
		print("# and %d more" % (len(found) - 20))
	return bool(found)


if __name__ == "__main__":
	sys.exit(main())
