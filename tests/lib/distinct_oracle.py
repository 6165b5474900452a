"""How many different values there are, counted a second time by other means.

distinct_oracle.py WEIR PIPELINE REPORT RUN... : REPORT is a report's file, each
RUN is SEED:FILE, where FILE is the report that was taken when that run had
ended. The first `next` events of each partition in each run are made again with
`weir generate`, put into sets, and compared with the report. With one run,
windows are compared too; with several they are each other's, as clocks begin
anew.

Prints what differs and exits 1 when anything does.
"""
import collections
import json
import subprocess
import sys
import zlib

WINDOW_MS = 10000
ERROR = 0.008125  # of 2^14 registers
differences = []


def same(what, is_, should_be):
    if is_ != should_be:
        differences.append(f"{what}: is {is_!r}, should be {should_be!r}")


def near(what, is_, should_be):
    """An estimate: within six standard errors, or one that collided."""
    if abs(is_ - should_be) > max(2, 6 * ERROR * should_be):
        differences.append(f"{what}: is {is_!r}, should be near {should_be!r}")


def events_below(weir, pipeline, seed, nexts):
    """The events whose offset is below that of their partition."""
    taken = [0] * len(nexts)
    left = sum(nexts)
    made = subprocess.Popen(
        [weir, "generate", pipeline, "--seed", seed, "--stdout"],
        stdout=subprocess.PIPE)
    while left > 0:
        event = json.loads(made.stdout.readline())
        partition = zlib.crc32(event["user"].encode()) % len(nexts)
        if taken[partition] < nexts[partition]:
            taken[partition] += 1
            left -= 1
            yield event
    made.stdout.close()
    made.wait()


def compare(what, sets, report, measure):
    """A table, or a window of one: the measure that ranks it."""
    sizes = {key: len(values) for key, values in sets.items()}
    least, most = min(sizes.values()), max(sizes.values())
    same(f"{what}.keys", report["keys"], len(sizes))
    same(f"{what}.total", report["total"], None)
    mean = sum(sizes.values()) / len(sizes)
    if abs(report["average"] - mean) > 1e-9 * mean:
        same(f"{what}.average", report["average"], mean)
    same(f"{what}.min.value", report["min"]["value"], least)
    same(f"{what}.max.value", report["max"]["value"], most)
    for row in report["top"]:
        same(f"{what} {row['key']}", row[measure], sizes[row["key"]])


def main():
    weir, pipeline, report_file, *runs = sys.argv[1:]
    with open(report_file, encoding="utf-8") as f:
        report = json.load(f)
    sets = lambda: collections.defaultdict(set)
    users, pages, page_users = sets(), sets(), sets()
    windows = collections.defaultdict(sets)
    window_pages = collections.defaultdict(sets)
    events = collections.Counter()
    for run in runs:
        seed, file = run.split(":", 1)
        with open(file, encoding="utf-8") as f:
            nexts = [p["next"] for p in json.load(f)["offsets"]]
        for event in events_below(weir, pipeline, seed, nexts):
            country, user, page = (event["country"], event["user"],
                                   event["page"])
            events[country] += 1
            users[country].add(user)
            pages[country].add(page)
            page_users[str(page)].add(user)
            window = event["at"] // WINDOW_MS * WINDOW_MS
            windows[window][country].add(user)
            window_pages[window][country].add(page)

    same("ledger.balanced", report["ledger"]["balanced"], True)
    same("ledger.valid", report["ledger"]["valid"], sum(events.values()))
    tables = report["tables"]
    compare("countries", users, tables["countries"], "users")
    for row in tables["countries"]["top"]:
        key = row["key"]
        same(f"{key} events", row["events"], events[key])
        same(f"{key} pages", row["pages"], len(pages[key]))
        near(f"{key} rough", row["rough"], len(users[key]))
    compare("pages", page_users, tables["pages"], "users")
    if len(runs) == 1:
        same("ledger.late", report["ledger"]["late"], 0)
        minutes = tables["minutes"]["windows"]
        same("windows", [w["start_ms"] for w in minutes], sorted(windows)[-120:])
        for window in minutes:
            start = window["start_ms"]
            compare(f"window {start}", windows[start], window, "users")
            for row in window["top"]:
                near(f"window {start} {row['key']} rough", row["rough"],
                     len(window_pages[start][row["key"]]))
    for difference in differences[:20]:
        print(difference)
    if not differences:
        print(f"{sum(events.values())} events, commit {report['commit']}, "
              f"users of countries {sorted(map(len, users.values()))}")
    return 1 if differences else 0


sys.exit(main())
