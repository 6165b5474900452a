"""Kills a weir while it writes a commit's pages.

kill_in_commit.py PID STORE FLUSHES DELAY_US: waits until the process has been
seen writing to its store FLUSHES times, DELAY_US microseconds more, and sends
SIGKILL. Prints "inside a commit" when the file then holds pages behind those of
its last commit, which shows that one was under way, else "between commits".
"""
import os
import signal
import struct
import sys
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def written(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        for line in f:
            if line.startswith("wchar:"):
                return int(line.split()[1])
    return 0


def last_page(data):
    """Of the newer of LMDB's two meta pages: (commit, last page)."""
    metas = []
    for page in 0, 1:
        data.seek(page * PAGE + 16)
        magic, _version = struct.unpack("<II", data.read(8))
        assert magic == 0xBEEFC0DE
        data.seek(page * PAGE + 136)
        last, commit = struct.unpack("<QQ", data.read(16))
        metas.append((commit, last))
    return max(metas)


def main():
    pid, store, flushes, delay_us = sys.argv[1:]
    pid, flushes = int(pid), int(flushes)
    deadline = time.monotonic() + 30
    before = written(pid)
    # A commit writes many pages at once; delivery of messages and progress
    # write little.
    while flushes > 0 and time.monotonic() < deadline:
        after = written(pid)
        if after - before >= 64 * PAGE:
            flushes -= 1
        before = after
        if flushes > 0:
            time.sleep(0.001)
    spin = time.perf_counter() + int(delay_us) / 1e6
    while time.perf_counter() < spin:
        pass
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.001)
    with open(os.path.join(store, "data.mdb"), "rb") as data:
        _commit, last = last_page(data)
    size = os.path.getsize(os.path.join(store, "data.mdb"))
    print("inside a commit" if size > (last + 1) * PAGE else "between commits")


main()
