"""Overwrites parts of a store, and looks at what weir makes of it.

damage.py WEIR STORE REPORT FOLDER PLACES [PIPELINE]: at PLACES pages of STORE,
from its first to its last, a copy in FOLDER gets zeros, ones or noise, over all
of the page or a part of it. REPORT is the whole store's. With KINDS=page in the
environment it is another page of the store instead: of those, LMDB 0.9.24 goes
in circles within itself on one in some thousands.

`weir report` of the copy must end with 0 and a report, or with 1 and one
sentence; it may not die of a signal or hang. So must `weir run` with 2,000 more
events of PIPELINE. A report must add up in itself: damage within rows, which
nobody can know, may show in single rows only. What could be reported before a
run that fails must still be reported behind it, unless that run came upon the
damage in a later commit than its first.

Prints what was wrong, with the place, and exits 1.
"""
import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys

PAGE = os.sysconf("SC_PAGE_SIZE")
LIMIT_S = 60
EVENTS = 2000
KINDS = os.environ.get("KINDS", "zeros ones noise").split()
FOUND = re.compile(r"ERROR: AddressSanitizer: (.*\n)((?:.*\n){1,5})")
NUMBERS = re.compile(r"\d+")
RUNNING = 4  # a run waits more than it computes


def run(arguments):
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT_S,
                              check=False)
    except subprocess.TimeoutExpired:
        return None, b"", b""
    return done.returncode, done.stdout, done.stderr


def sentences(err):
    return [line for line in err.decode("utf-8", "replace").splitlines()
            if line.startswith("weir: ")
            and not line.startswith(("weir: broker ", "weir: commit ",
                                     "weir: kafka: "))]


def judge(outcome):
    """What is wrong with an end; the sentence, if it was to be one."""
    code, out, err = outcome
    said = sentences(err)
    text = err.decode("utf-8", "replace").strip()[-300:]
    found = FOUND.search(err.decode("utf-8", "replace"))
    if found:
        # LMDB writes beyond its pages there; weir's own code may not.
        by_lmdb = "liblmdb" in found.group(2)
        return None if by_lmdb else f"AddressSanitizer: {found.group(0)}"
    if code is None:
        return "hangs"
    if code < 0:
        return f"dies of {signal.Signals(-code).name}: {text}"
    if code not in (0, 1, 3):
        return f"ends with {code}: {text}"
    if code == 0:
        try:
            json.loads(out)
        except ValueError:
            return f"ends with 0 and no report: {out[:200]!r}"
        return None
    if len(said) < 1 or "defect" in said[0]:
        return f"ends with {code} and no sentence: {text}"
    return None


def sums(report):
    ledger = report["ledger"]
    tables = {name: (table["keys"], table["total"])
              for name, table in report["tables"].items() if "keys" in table}
    return ledger["valid"], tables


def adds_up(report):
    """What of a report contradicts the rest of it."""
    valid, tables = sums(report)
    wrong = [f"table {name} has {total} of {valid}"
             for name, (_keys, total) in tables.items() if total != valid]
    if not report["ledger"]["balanced"]:
        wrong.append("its ledger does not balance")
    return wrong


NOTES = {"other": "reports with other rows than before",
         "late": "runs that came upon it after a commit"}


class Place:
    def __init__(self, number, draw, size, pages, places):
        page = number * pages // places
        kind = draw.choice(KINDS)
        length = draw.choice([8, 64, 512, PAGE, PAGE])
        self.at = page * PAGE
        if length < PAGE:
            self.at += draw.randrange(PAGE - length)
        noise = draw.randbytes(length)
        self.other = draw.randrange(pages) * PAGE
        self.noise = {"zeros": b"\0" * length, "ones": b"\xff" * length,
                      "noise": noise, "page": None}[kind]
        self.length = min(length, size - self.at)
        self.name = (f"{number}: {self.length} bytes of {kind} at {self.at} "
                     f"(page {page})")

    def harm(self, path):
        with open(path, "r+b") as data:
            noise = self.noise
            if noise is None:
                data.seek(self.other)
                noise = data.read(self.length)
            data.seek(self.at)
            data.write(noise[:self.length])


def commit_of(store):
    """The number of LMDB's last transaction: of its newer meta page."""
    with open(os.path.join(store, "data.mdb"), "rb") as data:
        metas = data.read(2 * PAGE)
    return max(struct.unpack_from("<Q", metas, page * PAGE + 144)[0]
               for page in (0, 1))


def look(weir, copy, whole, wrong, tally):
    """Of a store at rest: whether there is a report, and what it sums up to."""
    read = run([weir, "report", copy])
    tally["report", read[0]] = tally.get(("report", read[0]), 0) + 1
    fault = judge(read)
    if fault:
        wrong.append(f"report {fault}")
    if fault or read[0] != 0:
        return None
    report = json.loads(read[1])
    wrong.extend(f"report: {text}" for text in adds_up(report))
    # LMDB takes the commit before when the newer meta page is older now.
    if whole and sums(report) != sums(whole) and \
            report["commit"] >= whole["commit"]:
        wrong.append(f"report: {sums(report)}, was {sums(whole)}")
    if whole and report != whole:
        tally["other"] = tally.get("other", 0) + 1
    return report


def go_on(weir, pipeline, copy, before, wrong, tally):
    commit = commit_of(copy)
    ran = run([weir, "run", pipeline, "--headless", "--seed", "77", "--events",
               str(EVENTS), "--store", copy])
    tally["run", ran[0]] = tally.get(("run", ran[0]), 0) + 1
    tally[ran[2]] = None
    fault = judge(ran)
    if fault:
        wrong.append(f"run {fault}")
    elif ran[0] == 0:
        report = json.loads(ran[1])
        wrong.extend(f"run: {text}" for text in adds_up(report))
        if before and sums(report)[0] != sums(before)[0] + EVENTS:
            wrong.append(f"run: {sums(report)[0]} events, {EVENTS} more than "
                         f"{sums(before)[0]} should be")
    elif before:
        # It was aborted, at the first page of it or at the last. A run's first
        # transaction names its source.
        after = look(weir, copy, None, wrong, tally)
        if not after and commit_of(copy) > commit + 1:
            tally["late"] = tally.get("late", 0) + 1
        elif not after:
            wrong.append("what a run has failed on cannot be reported now")
        elif not sums(before)[0] <= sums(after)[0] <= sums(before)[0] + EVENTS:
            wrong.append(f"after a run that failed: {sums(after)[0]}, before "
                         f"{sums(before)[0]}")


def attempt(place, weir, store, whole, folder, pipeline):
    copy = os.path.join(folder, "damaged" + place.name.split(":")[0])
    wrong, tally = [], {}
    os.mkdir(copy)
    try:
        shutil.copy(os.path.join(store, "data.mdb"), copy)
        place.harm(os.path.join(copy, "data.mdb"))
        before = look(weir, copy, whole, wrong, tally)
        if pipeline:
            go_on(weir, pipeline, copy, before, wrong, tally)
    finally:
        shutil.rmtree(copy)
    return [f"{place.name}: {text}" for text in wrong], tally


def main():
    weir, store, report_file, folder, places, *rest = sys.argv[1:]
    pipeline = rest[0] if rest else None
    draw = random.Random(int(os.environ.get("SEED", "20250101")))
    size = os.path.getsize(os.path.join(store, "data.mdb"))
    pages = size // PAGE
    with open(report_file, encoding="utf-8") as file:
        whole = json.load(file)
    wrong, tally, said = [], {}, set()
    with concurrent.futures.ThreadPoolExecutor(RUNNING) as pool:
        for more, counts in pool.map(
                lambda place: attempt(place, weir, store, whole, folder,
                                      pipeline),
                [Place(number, draw, size, pages, int(places))
                 for number in range(int(places))]):
            wrong.extend(more)
            for what, count in counts.items():
                if count is None:
                    said.update(sentences(what))
                else:
                    tally[what] = tally.get(what, 0) + count
    for line in wrong:
        print(line)
    for what, text in NOTES.items():
        tally[text] = tally.pop(what, 0)
    print("note: " + ", ".join(
        f"{count} {what}" if isinstance(what, str) else
        f"{count} × {what[0]} ended with {what[1]}"
        for what, count in sorted(tally.items(), key=str)))
    if "VERBOSE" in os.environ:
        print("\n".join(sorted({NUMBERS.sub("N", line) for line in said})))
    return 1 if wrong else 0


sys.exit(main())
