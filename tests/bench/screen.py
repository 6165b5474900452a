#!/usr/bin/env python3
"""Measures the screen of a program that runs, in a terminal of 200 x 60.

	screen.py share SECONDS COMMAND...   CPU of its first thread, which draws, in
	                                     per cent of one core; and frames a second
	screen.py keys N COMMAND...          ms from a key until its effect is on the
	                                     screen: median and largest of N
	screen.py rest SECONDS COMMAND...    bytes that it writes while nothing happens

The first 3 seconds are left out. It is told to end with Ctrl-C.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from pseudo_terminal import Terminal  # noqa: E402

WARM = 3
# Ctrl-L draws all of it, beginning with this.
REDRAW, CLEARED = b"\x0c", b"\x1b[H\x1b[2J"


def run_for(terminal, seconds):
	until = time.monotonic() + seconds
	while time.monotonic() < until:
		terminal.pump(0.05)
		if terminal.ended():
			sys.exit("it ended with %d" % terminal.code)


def thread_ns(terminal):
	with open("/proc/%d/task/%d/schedstat" % (terminal.pid, terminal.pid)) as f:
		return int(f.read().split()[0])


def share(terminal, seconds):
	before, began = thread_ns(terminal), time.monotonic()
	run_for(terminal, seconds)
	cpu, wall = thread_ns(terminal) - before, time.monotonic() - began
	print("%.2f" % (cpu / wall / 1e7))


def keys(terminal, count):
	times = []
	for i in range(count):
		# Keys do not wait for frames: at any moment between two of them.
		run_for(terminal, 0.3 + 0.037 * (i % 10))
		at = len(terminal.output)
		began = time.monotonic()
		terminal.pump(0, REDRAW)
		while CLEARED not in terminal.output[at:]:
			terminal.pump(0.001)
			if time.monotonic() > began + 10:
				sys.exit("a key has no effect")
		times.append((time.monotonic() - began) * 1000)
	times.sort()
	print("%.1f %.1f" % (times[len(times) // 2], times[-1]))


def rest(terminal, seconds):
	at = len(terminal.output)
	run_for(terminal, seconds)
	print(len(terminal.output) - at)


def main():
	os.environ["TERM"] = "xterm-256color"
	what, number = sys.argv[1], float(sys.argv[2])
	terminal = Terminal(sys.argv[3:], 60, 200)
	run_for(terminal, WARM)
	{"share": share, "keys": lambda t, n: keys(t, int(n)), "rest": rest}[what](
		terminal, number)
	while not terminal.ended():
		terminal.pump(0.2, b"\x03")
	return terminal.code


if __name__ == "__main__":
	sys.exit(main())
