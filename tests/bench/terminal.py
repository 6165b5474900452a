#!/usr/bin/env python3
"""Runs a program in a terminal of 110 x 32 (rows: x 40), reads what it draws, and
quits it.

	terminal.py ended COMMAND...     until the screen says ENDED; prints the
	                                 seconds until then
	terminal.py first COMMAND...     until the first frame with a table's rows;
	                                 prints the milliseconds until then
	terminal.py rows SECONDS FILE COMMAND...
	                                 for so long; writes the rows of the panel of
	                                 partitions, whenever they change, to FILE:
	                                 clock ms, partition, position

The time begins when the program is started. It is told to end with the key q.
Exit code: the program's, or 1.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

ROWS, COLS = 32, 110
PATIENCE = 600


class Screen:
	"""As much of a VT100 as ncurses asks of one."""

	codes = re.compile(
		r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()].|\x1b[78=>MDEc]|[\r\n\t\b\0\x0e\x0f\x07]"
		r"|[^\x1b\r\n\t\b\0\x0e\x0f\x07]+")

	def __init__(self):
		self.cells = [[" "] * COLS for _ in range(ROWS)]
		self.row = self.col = 0
		self.top, self.bottom = 0, ROWS - 1  # of what scrolls
		self.rest = b""

	def feed(self, data):
		data = self.rest + data
		# What may be cut in the middle waits: a sequence, a character.
		cut = len(data)
		last = data.rfind(b"\x1b")
		if last >= 0 and not re.match(rb"\x1b(\[[?0-9;]*[A-Za-z]|[()].|[78=>MDEc])",
					      data[last:]):
			cut = last
		while cut and cut > len(data) - 4:
			try:
				text = data[:cut].decode()
				break
			except UnicodeDecodeError:
				cut -= 1
		else:
			text = data[:cut].decode(errors="replace")
		self.rest = data[cut:]
		for found in self.codes.finditer(text):
			self.take(found)

	def take(self, found):
		whole, final = found.group(0), found.group(2)
		if final:
			numbers = [int(n) if n.isdigit() else 0
				   for n in found.group(1).split(";")]
			first = numbers[0]
			if final in "Hf":
				self.row = max(first, 1) - 1
				self.col = max(numbers[1] if len(numbers) > 1 else 1, 1) - 1
			elif final == "J":
				if first == 2:
					self.cells = [[" "] * COLS for _ in range(ROWS)]
				else:
					self.blank(self.row, self.col, COLS)
					for row in range(self.row + 1, ROWS):
						self.blank(row, 0, COLS)
			elif final == "K":
				self.blank(self.row, 0 if first else self.col,
					   self.col + 1 if first == 1 else COLS)
			elif final == "C":
				self.col += max(first, 1)
			elif final == "D":
				self.col -= max(first, 1)
			elif final == "A":
				self.row -= max(first, 1)
			elif final == "B":
				self.row += max(first, 1)
			elif final == "r":
				self.top = max(first, 1) - 1
				self.bottom = (numbers[1] if len(numbers) > 1
					       and numbers[1] else ROWS) - 1
				self.row = self.col = 0
		elif whole == "\r":
			self.col = 0
		elif whole in ("\n", "\x1bD"):
			if self.row == self.bottom:
				del self.cells[self.top]
				self.cells.insert(self.bottom, [" "] * COLS)
			else:
				self.row = min(self.row + 1, ROWS - 1)
		elif whole == "\x1bM":
			if self.row == self.top:
				del self.cells[self.bottom]
				self.cells.insert(self.top, [" "] * COLS)
			else:
				self.row = max(self.row - 1, 0)
		elif whole == "\b":
			self.col -= 1
		elif whole == "\t":
			self.col = min(self.col // 8 * 8 + 8, COLS - 1)
		elif whole >= " ":
			for c in whole:
				if 0 <= self.row < ROWS and 0 <= self.col < COLS:
					self.cells[self.row][self.col] = c
				self.col += 1

	def blank(self, row, begin, end):
		if 0 <= row < ROWS:
			for col in range(max(begin, 0), min(end, COLS)):
				self.cells[row][col] = " "

	def lines(self):
		return ["".join(row) for row in self.cells]


def start(command, term):
	pid, fd = pty.fork()
	if pid == 0:
		fcntl.ioctl(0, termios.TIOCSWINSZ,
			    struct.pack("HHHH", ROWS, COLS, 0, 0))
		os.environ.update(TERM=term, LC_ALL="C.UTF-8")
		try:
			os.execvp(command[0], command)
		finally:
			os._exit(127)
	fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
	return pid, fd


def read(fd, seconds):
	"""What was drawn; b"" when nothing, None when the program has ended."""
	if not select.select([fd], [], [], seconds)[0]:
		return b""
	try:
		return os.read(fd, 65536) or None
	except OSError:
		return None


def quit_and_wait(pid, fd):
	os.write(fd, b"q")
	while read(fd, 60) is not None:
		pass
	return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def wait_for(pattern, command):
	began = time.monotonic()
	pid, fd = start(command, "xterm-256color")
	drawn = b""
	while time.monotonic() - began < PATIENCE:
		more = read(fd, 1)
		if more is None:
			break
		drawn = drawn[-4096:] + more
		if re.search(pattern, drawn):
			took = time.monotonic() - began
			return took, quit_and_wait(pid, fd)
	sys.exit("terminal.py: it never came: " + repr(drawn[-400:]))


def rows(seconds, name, command):
	global ROWS
	ROWS = 40  # so that the panel has room for all
	# The panel's rows begin with a number of a partition and its position.
	row = re.compile(r"(?:^|│) +(\d+) +([\d,]+) +([\d,]+) +[\d,]+(?: +[\d,]+)*"
			 r"(?: +\S+ \S+ UTC)? *(?:│.*)?$")
	screen, known, stop = Screen(), {}, time.monotonic() + seconds
	pid, fd = start(command, "vt100")
	with open(name, "w") as file:
		while time.monotonic() < stop:
			more = read(fd, 1)
			if more is None:
				sys.exit("terminal.py: the program has ended: "
					 + "\n".join(screen.lines()))
			screen.feed(more)
			# A frame comes in pieces; half of one has numbers that never were.
			while (more := read(fd, 0.003)):
				screen.feed(more)
			now_ms = time.time() * 1000
			for line in screen.lines():
				found = row.search(line)
				if not found:
					continue
				partition, position = (
					int(n.replace(",", "")) for n in found.groups()[:2])
				if known.get(partition) != position:
					known[partition] = position
					file.write(f"{now_ms:.1f} {partition} {position}\n")
	if not known:
		sys.exit("terminal.py: there were no partitions on the screen:\n"
			 + "\n".join(screen.lines()))
	return quit_and_wait(pid, fd)


def main(arguments):
	if len(arguments) >= 2 and arguments[0] == "ended":
		took, code = wait_for(rb" ENDED ", arguments[1:])
		print(f"{took:.3f}")
	elif len(arguments) >= 2 and arguments[0] == "first":
		took, code = wait_for(rb"u\d{6,}", arguments[1:])
		print(f"{took * 1000:.0f}")
	elif len(arguments) >= 4 and arguments[0] == "rows":
		code = rows(float(arguments[1]), arguments[2], arguments[3:])
	else:
		print(__doc__, file=sys.stderr)
		code = 2
	return code


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
