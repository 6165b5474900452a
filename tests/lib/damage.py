"""Overwrites parts of a store, and looks at what weir makes of it.

damage.py WEIR STORE REPORT FOLDER TIMES: each time, a copy of STORE in FOLDER
gets random bytes at a random place. `weir report` must end with 0 and a report,
or with 1 (3: does not balance) and one sentence; it may not die of a signal or
hang. REPORT is the whole store's: a report that is right is the same. Prints
what was wrong, with the place, and exits 1.

Going on with a damaged store is not tried: LMDB keeps no checksums, and writing
follows what it reads.
"""
import os
import random
import shutil
import subprocess
import sys

PAGE = 4096
LIMIT_S = 20


def run(arguments):
    try:
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT_S,
                              check=False)
    except subprocess.TimeoutExpired:
        return None, b"", b""
    return done.returncode, done.stdout, done.stderr


def judge(what, outcome, wrong):
    code, _out, err = outcome
    said = [line for line in err.decode("utf-8", "replace").splitlines()
            if line.startswith("weir: ")
            and not line.startswith(("weir: broker ", "weir: commit "))]
    if code is None:
        wrong.append(f"{what} hangs")
    elif code < 0:
        wrong.append(f"{what} dies of signal {-code}: "
                     f"{err.decode('utf-8', 'replace').strip()[:150]}")
    elif code not in (0, 1, 3):
        wrong.append(f"{what} ends with {code}")
    elif code != 0 and len(said) < 1:
        wrong.append(f"{what} ends with {code} and says nothing")


def main():
    weir, store, report_file, folder, times = sys.argv[1:]
    draw = random.Random(20250101)
    size = os.path.getsize(os.path.join(store, "data.mdb"))
    with open(report_file, "rb") as f:
        whole = f.read()
    wrong, tally, untold = [], {}, 0
    for number in range(int(times)):
        # Whole pages and parts of some, ones and random bytes.
        at = draw.randrange(size)
        length = draw.choice([8, 64, 512, PAGE])
        if length == PAGE:
            at -= at % PAGE
        noise = draw.choice([draw.randbytes(length), b"\xff" * length,
                             b"\0" * length])[:size - at]
        copy = os.path.join(folder, "damaged")
        shutil.copytree(store, copy)
        with open(os.path.join(copy, "data.mdb"), "r+b") as data:
            data.seek(at)
            data.write(noise)
        place = f"{number}: {len(noise)} bytes at {at} (page {at // PAGE})"
        read = run([weir, "report", copy])
        judge(f"{place}: report", read, wrong)
        tally[read[0]] = tally.get(read[0], 0) + 1
        untold += read[0] == 0 and read[1] != whole
        shutil.rmtree(copy)
    for line in wrong:
        print(line)
    print(f"note: exit codes {tally}; {untold} reports were other than before "
          "and did not say so")
    return 1 if wrong else 0


sys.exit(main())
