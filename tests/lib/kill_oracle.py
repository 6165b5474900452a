"""What a store must hold, counted a second time by other means.

kill_oracle.py WEIR REPORT RUN... : REPORT is a report's file, each RUN is
PIPELINE:SEED:FILE, where FILE is the report that was taken when that run had
ended (of the runs, the last one's is usually REPORT itself). The first `next`
events of each partition in each run are made again with `weir generate`,
counted here, and compared with the report. With one run, windows are compared
too; with several, what was late depends on when runs ended, so only their sum
is.

Prints what differs and exits 1 when anything does.
"""
import collections
import json
import subprocess
import sys
import zlib

WINDOW_MS = 60000
LATENESS_MS = 10000
differences = []


def same(what, is_, should_be):
    if is_ != should_be:
        differences.append(f"{what}: is {is_!r}, should be {should_be!r}")


def events_below(weir, pipeline, seed, nexts):
    """The events whose offset is below that of their partition."""
    taken = [0] * len(nexts)
    left = sum(nexts)
    made = subprocess.Popen(
        [weir, "generate", pipeline, "--seed", str(seed), "--stdout"],
        stdout=subprocess.PIPE)
    while left > 0:
        line = made.stdout.readline()
        if not line:
            differences.append(f"the events of seed {seed} end too early")
            break
        event = json.loads(line)
        partition = zlib.crc32(event["user_id"].encode()) % len(nexts)
        if taken[partition] < nexts[partition]:
            taken[partition] += 1
            left -= 1
            yield partition, event
    made.stdout.close()
    if made.wait() != 0:
        differences.append("`weir generate` failed")


def compare_group(what, counts, report, bottom):
    """One table, or one window of one."""
    total = sum(counts.values())
    same(f"{what}.keys", report["keys"], len(counts))
    if not counts:
        return
    same(f"{what}.total", report["total"], total)
    if abs(report["average"] - total / len(counts)) > 1e-9 * total:
        same(f"{what}.average", report["average"], total / len(counts))
    least, most = min(counts.values()), max(counts.values())
    least_keys = [k for k, n in counts.items() if n == least]
    same(f"{what}.min", report["min"],
         {"value": least, "keys": len(least_keys), "example": min(least_keys)})
    same(f"{what}.max", report["max"],
         {"value": most, "key": min(k for k, n in counts.items() if n == most)})
    for name, order in ("top", -1), ("bottom", 1):
        if name == "top" or bottom:
            ranked = sorted(counts.items(), key=lambda c: (order * c[1], c[0]))
            same(f"{what}.{name}", report[name],
                 [{"key": k, "interactions": n} for k, n in ranked[:10]])


def main():
    weir, report_file, *runs = sys.argv[1:]
    with open(report_file, encoding="utf-8") as f:
        report = json.load(f)
    by_field = {"users": "user_id", "items": "item_id",
                "types": "interaction_type"}
    counts = {table: collections.Counter() for table in by_field}
    windows = collections.defaultdict(collections.Counter)
    newest = {}
    valid = 0
    for run in runs:
        pipeline, seed, file = run.split(":")
        with open(file, encoding="utf-8") as f:
            offsets = json.load(f)["offsets"]
        for number, partition in enumerate(offsets):
            same("partition", partition["partition"], number)
            same("begin", partition["begin"], 0)
            same("partition's lost", partition["lost"], 0)
        nexts = [partition["next"] for partition in offsets]
        valid += sum(nexts)
        for partition, event in events_below(weir, pipeline, seed, nexts):
            for table, field in by_field.items():
                counts[table][event[field]] += 1
            at = event["timestamp"]
            windows[at // WINDOW_MS * WINDOW_MS][event["item_id"]] += 1
            newest[partition] = max(at, newest.get(partition, at))

    ledger = report["ledger"]
    same("ledger.balanced", ledger["balanced"], True)
    same("ledger.valid", ledger["valid"], valid)
    same("ledger.consumed", ledger["consumed"], valid)
    same("ledger.dead", ledger["dead"], 0)
    same("ledger.foreign", ledger["foreign"], 0)
    same("ledger.skipped", ledger["skipped"], 0)
    same("ledger.lag", ledger["lag"],
         sum(p["end"] - p["next"] for p in report["offsets"]))
    same("produced", ledger["produced"],
         ledger["acked"] + ledger["unacked"] + ledger["failed"])
    same("acked", ledger["acked"],
         ledger["consumed"] + ledger["lag"] + ledger["lost"])
    for table in by_field:
        compare_group(table, counts[table], report["tables"][table], True)

    minutes = report["tables"]["item_minute"]
    same("late", minutes["late"], ledger["late"])
    if len(runs) > 1:
        same("in windows or late",
             sum(w["total"] for w in minutes["windows"]) + minutes["late"],
             valid)
    else:
        same("ledger.lost", ledger["lost"], 0)
        same("late", minutes["late"], 0)
        same("windows", [w["start_ms"] for w in minutes["windows"]],
             sorted(windows))
        watermark = None
        if len(newest) == len(report["offsets"]) and newest:
            watermark = min(newest.values())
        same("watermark_ms", report["watermark_ms"], watermark)
        for window in minutes["windows"]:
            start = window["start_ms"]
            what = f"window {start}"
            same(f"{what}.end_ms", window["end_ms"], start + WINDOW_MS)
            same(f"{what}.complete", window["complete"],
                 watermark is not None
                 and start + WINDOW_MS + LATENESS_MS <= watermark)
            compare_group(what, windows[start], window, False)
    for difference in differences[:20]:
        print(difference)
    if not differences:
        print(f"note: {valid} events, {len(counts['users'])} users, "
              f"commit {report['commit']}")
    return 1 if differences else 0


sys.exit(main())
