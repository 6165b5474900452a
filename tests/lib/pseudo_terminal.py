"""A program in a terminal of its own: what it writes, what is typed, what is left
of the terminal's modes."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

# Modes that a program sets, and that must be as before at the end.
MODES = {b"?1049": False, b"?25": True, b"?1000": False, b"?1006": False,
	 b"?2004": False, b"?1": False}


class Terminal:
	def __init__(self, command, rows=40, cols=120):
		self.master, self.slave = pty.openpty()
		self.before = termios.tcgetattr(self.slave)
		self.size(rows, cols)
		self.output = bytearray()
		self.code = None
		self.pid = os.fork()
		if self.pid == 0:
			# In the background, a shell's children ignore both.
			signal.signal(signal.SIGINT, signal.SIG_DFL)
			signal.signal(signal.SIGQUIT, signal.SIG_DFL)
			os.login_tty(self.slave)
			os.execvp(command[0], command)
		os.set_blocking(self.master, False)

	def size(self, rows, cols):
		fcntl.ioctl(self.master, termios.TIOCSWINSZ,
			    struct.pack("HHHH", rows, cols, 0, 0))

	def ended(self):
		if self.code is None:
			pid, status = os.waitpid(self.pid, os.WNOHANG)
			if pid:
				self.code = os.waitstatus_to_exitcode(status)
		return self.code is not None

	def pump(self, seconds, data=b""):
		"""Reads what there is, for so long at most, and writes data."""
		until = time.monotonic() + seconds
		while True:
			left = max(until - time.monotonic(), 0)
			ready = select.select([self.master],
					      [self.master] if data else [],
					      [], left)
			if ready[0]:
				try:
					self.output += os.read(self.master, 65536)
				except OSError:
					return
			if ready[1]:
				data = data[os.write(self.master, data[:512]):]
			if not data and not ready[0]:
				return


def modes_of(output):
	now = dict(MODES)
	for found in re.finditer(rb"\x1b\[(\?[0-9;]+)([hl])", output):
		for number in found.group(1)[1:].split(b";"):
			if b"?" + number in now:
				now[b"?" + number] = found.group(2) == b"h"
	return now
