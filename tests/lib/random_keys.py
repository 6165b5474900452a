#!/usr/bin/env python3
"""Presses random keys, pastes and resizes against a program in a terminal of its
own, and looks what is left of the terminal.

	random_keys.py SEED STEPS COMMAND...

Every 25 steps it must still answer: Ctrl-L draws everything anew. At the end it
gets Ctrl-C, and must end with exit code 0, with the terminal's modes as they were.
Prints what is wrong, and exits with 1 then.
"""
import os
import random
import re
import signal
import sys
import termios
import time

from pseudo_terminal import MODES, Terminal, modes_of

PATIENCE = 60  # seconds for what will never happen

# What the terminal's driver makes a signal of, or stops for, is no key; q quits.
NOT = set(b"\x03\x1a\x1c\x13\x11q")
SEQUENCES = [b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1bOB",
	     b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F", b"\x1b[1~", b"\x1b[4~",
	     b"\x1b[Z", b"\x1b[3~", b"\x1bOP", b"\x1b[15~", b"\x1b", b"\x1b\x1b",
	     b"\x1b[", b"\x1b[200~", b"\x1b[201~", b"\x1b[999;999q", b"\x1b]0;x\x07"]
SIZES = [(1, 1), (1, 200), (100, 1), (24, 80), (40, 120), (60, 200), (10, 40),
	 (9, 39)]


class Player(Terminal):
	def press_last(self, key):
		"""A key that is to end it. Once: it empties the terminal's queues."""
		until = time.monotonic() + PATIENCE
		self.pump(0.2, key)
		while not self.ended() and time.monotonic() < until:
			self.pump(0.2)

	def answers(self):
		"""Whether Ctrl-L has it draw all anew, sooner or later."""
		until = time.monotonic() + PATIENCE
		while time.monotonic() < until and not self.ended():
			from_here = len(self.output)
			self.pump(0.2, b"\x1b[201~")
			self.pump(0.2, b"\x0c")
			if re.search(rb"\x1b\[H\x1b\[2?J", self.output[from_here:]):
				return True
		return False


def any_character(random, limit):
	"""Terminals send whole ones, and escapes only where they mean them."""
	code = random.randrange(1, limit)
	return chr(code).encode() if code not in NOT and code != 0x1b else b" "


def any_step(random, terminal):
	what = random.randrange(100)
	if what < 50:
		return any_character(random, 0x3000 if what < 5 else 0x7f)
	if what < 80:
		return random.choice(SEQUENCES)
	if what < 86:
		return b"\x1b[<%d;%d;%d%s" % (random.choice([0, 64, 65, 2, 35]),
					      random.randrange(1, 250),
					      random.randrange(1, 80),
					      random.choice([b"M", b"m"]))
	if what < 93:
		text = b"".join(any_character(random, 0x3000)
				for _ in range(random.randrange(300)))
		if random.randrange(2):
			# A paste may quit nothing, where the terminal says it is one.
			return b"\x1b[200~q0xq" + text + b"q\rq\x1b[201~"
		return text
	terminal.size(*(random.choice(SIZES) if random.randrange(2) else
			(random.randrange(1, 70), random.randrange(1, 220))))
	return b""


def main():
	seed, steps = int(sys.argv[1]), int(sys.argv[2])
	source = random.Random(seed)
	terminal = Player(sys.argv[3:])
	wrong = []
	if not terminal.answers():
		wrong.append("it never drew anything")
	for step in range(steps):
		if wrong:
			break
		terminal.pump(0.002, any_step(source, terminal))
		if terminal.ended():
			wrong.append("it ended at step %d" % step)
		elif step % 25 == 24 and not terminal.answers():
			wrong.append("it does not answer at step %d" % step)
	# Or else that these are off at the end would say nothing.
	if not wrong and os.environ["TERM"].startswith("xterm") and \
			not modes_of(terminal.output)[b"?1049"]:
		wrong.append("it has no screen of its own")
	terminal.press_last(b"\x03")
	if terminal.code is None:
		wrong.append("Ctrl-C does not end it")
		os.kill(terminal.pid, signal.SIGKILL)
		os.waitpid(terminal.pid, 0)
	elif terminal.code:
		wrong.append("exit code %d" % terminal.code)
	terminal.pump(0.2)
	after = termios.tcgetattr(terminal.slave)
	if after != terminal.before:
		wrong.append("termios: %r was %r" % (after, terminal.before))
	for mode, on in modes_of(terminal.output).items():
		if on != MODES[mode]:
			wrong.append("mode %s is left %s" %
				     (mode.decode(), "on" if on else "off"))
	print("# seed %d, %d steps, %d bytes drawn" %
	      (seed, steps, len(terminal.output)))
	for text in wrong:
		print(text)
	if wrong:
		print("the last it wrote: %r" % bytes(terminal.output[-600:]))
	return 1 if wrong else 0


if __name__ == "__main__":
	sys.exit(main())
