#!/usr/bin/env python3
"""When alerts on windows should have fired, counted from the events alone.

  alerts_oracle.py PIPELINE EVENTS REPORT

Goes through the rules of the pipeline that are about a count per key of a
windowed table, above a limit, and compares what becomes of each with the
report's alert_log: state, key and event time, of all windows that are complete
by the report's watermark, and of the oldest that is not.
"""
import json
import re
import sys
from collections import Counter, defaultdict

UNITS = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000}


def duration(text):
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()
    return int(number) * UNITS[unit]


def load(path):
    text = open(path).read()
    return json.loads(re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*',
                             lambda m: m.group(1) or "", text))


def changes(rule, windows, length, bound):
    """[(state, key, time)] of one rule."""
    above = rule["above"]
    clear = rule.get("clear_below")
    hold = duration(rule.get("for", "0s"))
    cooldown = duration(rule.get("cooldown", "0s"))
    out = []
    for key in {k for counts in windows.values() for k in counts}:
        run = fired = cleared = None
        at = min(windows)
        while at <= bound:
            value, end = windows[at][key] if at in windows else 0, at + length
            if value > above:
                run = at if run is None else run
                if not fired and end - run >= hold and \
                        (cleared is None or end - cleared >= cooldown):
                    fired = True
                    out.append(("firing", key, end))
            elif at < bound:  # of an open window nothing else counts
                if not fired:
                    run = None
                elif clear is None or value < clear:
                    fired, run, cleared = False, None, end
                    out.append(("cleared", key, end))
            at += length
    return out


def main():
    pipeline, report = load(sys.argv[1]), json.load(open(sys.argv[3]))
    event_time = pipeline["event"]["time"]
    tables = {}
    for line in open(sys.argv[2]):
        event = json.loads(line)
        for name, table in pipeline["tables"].items():
            if "window" not in table:
                continue
            length = duration(table["window"]["tumbling"])
            start = event[event_time] // length * length
            tables.setdefault(name, defaultdict(Counter))[start][
                event[table["by"][0]]] += 1
    bad = 0
    for rule in pipeline["alerts"]:
        table = pipeline["tables"].get(rule.get("table"), {})
        if "window" not in table or "above" not in rule or "summary" in rule:
            continue
        length = duration(table["window"]["tumbling"])
        lateness = duration(table["window"]["lateness"])
        bound = (report["watermark_ms"] - lateness - length) // length \
            * length + length
        wanted = changes(rule, tables[rule["table"]], length, bound)
        got = [(e["state"], e["key"], e["time_ms"])
               for e in report["alert_log"] if e["name"] == rule["name"]]
        fired = sum(1 for c in wanted if c[0] == "firing")
        counted = [r["fired"] for r in report["alert_rules"]
                   if r["name"] == rule["name"]][0]
        same = sorted(wanted) == sorted(got) and fired == counted
        bad += not same
        print(f"# {rule['name']}: {fired} fired, {len(wanted) - fired} "
              f"cleared; reported: {counted}")
        for what in sorted(set(wanted) ^ set(got))[:10]:
            print("#   ", "missing" if what in wanted else "too much", what)
    return 1 if bad else 0


sys.exit(main())
