#!/usr/bin/env python3
"""How long it took from the creation of each event until the screen had it.

	latency.py ROWS TIMES SKIP

ROWS is what terminal.py rows wrote: clock ms, partition, position; TIMES what
consume -t wrote: partition, offset, ms. Events of the first SKIP seconds, and
those that no screen had any more, are left out.
"""
import array
import sys


def main(rows_name, times_name, skip):
	seen = {}  # by partition: [clock ms, position], both growing
	with open(rows_name) as file:
		for line in file:
			at, partition, position = line.split()
			steps = seen.setdefault(int(partition), [])
			if not steps or int(position) > steps[-1][1]:
				steps.append((float(at), int(position)))
	took, first, last, step = array.array("d"), None, 0, {}
	made_since = 0
	with open(times_name) as file:
		for line in file:
			partition, offset, made = (int(n) for n in line.split())
			if first is None or made < first:
				first = made
			last = max(last, made)
			made_since += made - first >= skip * 1000
			steps, at = seen.get(partition, ()), step.get(partition, 0)
			while at < len(steps) and steps[at][1] <= offset:
				at += 1
			step[partition] = at
			# A commit before the first one cannot be told from none.
			if at < len(steps) and made - first >= skip * 1000:
				took.append(steps[at][0] - made)
	took = sorted(took)
	if not took:
		sys.exit("latency.py: no event came to the screen")
	at = [took[min(len(took) - 1, int(len(took) * part))]
	      for part in (0.5, 0.9, 0.99)]
	print("%d events, %.0f made a second: p50 %.0f ms, p90 %.0f ms, p99 %.0f ms, "
	      "max %.0f ms"
	      % (len(took), made_since / max(last - first - skip * 1000, 1) * 1000,
		 *at, took[-1]))


if __name__ == "__main__":
	main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
