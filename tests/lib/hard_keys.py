#!/usr/bin/env python3
"""Events whose keys are hard to tell apart.

	hard_keys.py SEED COUNT PIPELINE EVENTS

Writes a pipeline with tables by one text, by several parts, by numbers and by
windows, and events for it, one a line: keys that are empty, begin with NUL or
are nothing else, are as long as keys may be, differ behind many equal bytes, or
would be the same if their parts were only joined; parts that are missing, null
and empty; events out of order within what is allowed.
"""
import json
import random
import sys

START_MS = 1735689600000
ATOMS = ["", "\0", "\0\0", "\u00ff", "a", "aa", "a\0", "\0a", "a\0\0b",
	 "a\0\u00ff", " · ", "∅", "a · b", "é", "\x01", "\x7f", "😀"]

PIPELINE = {
	"name": "hard",
	"topic": {"name": "hard", "partitions": 2},
	"event": {"time": "t", "fields": {
		"s": {"type": "string", "max_length": 480},
		"a": {"type": "string", "max_length": 100, "optional": True},
		"b": {"type": "string", "max_length": 60, "optional": True},
		"i": {"type": "integer"},
		"r": {"type": "number"},
		"f": {"type": "boolean", "optional": True},
		"t": {"type": "time"}}},
	"tables": {
		"one": {"by": ["s"], "rank": "n", "measures": {"n": "count",
			"sum": {"sum": "i"}, "least": {"minimum": "r"},
			"most": {"maximum": "r"}}},
		"count": {"by": ["s"], "measures": {"n": "count"}},
		"two": {"by": ["a", "b"], "measures": {"n": "count"}},
		"back": {"by": ["b", "a"], "rank": "least", "measures": {
			"n": "count", "least": {"minimum": "i"}}},
		"four": {"by": ["a", "i", "f", "b"], "rank": "most",
			 "measures": {"most": {"maximum": "r"}}},
		"numbers": {"by": ["i"], "rank": "sum", "measures": {
			"sum": {"sum": "r"}, "n": "count"}},
		"seconds": {"by": ["s"], "measures": {"n": "count"},
			    "window": {"tumbling": "1s", "keep": "30s",
				       "lateness": "5s"}},
		"tens": {"by": ["a", "b"], "rank": "mean", "measures": {
			"mean": {"average": "i"}}, "window": {
			"tumbling": "10s", "keep": "10m"}}},
	"generator": {"rate": 1, "fields": {
		"s": {"constant": ""}, "i": {"constant": 0},
		"r": {"constant": 0}}},
}


def short(r, most):
	text = "".join(r.choice(ATOMS) for _ in range(r.randint(0, 4)))
	while len(text.encode()) > most:
		text = text[:-1]
	return text


def text(r):
	kind = r.random()
	if kind < .3:
		return short(r, 480)
	if kind < .5:
		return "p" * 475 + "%05d" % r.randrange(2000)
	if kind < .8:
		return "the first 16 are" + "%05d" % r.randrange(2000)
	return ("x" if kind < .9 else "\0") * r.randint(0, 480)


def main():
	seed, count = int(sys.argv[1]), int(sys.argv[2])
	r = random.Random(seed)
	with open(sys.argv[3], "w") as out:
		json.dump(PIPELINE, out)
	with open(sys.argv[4], "w") as out:
		for n in range(count):
			event = {"s": text(r)}
			for name, value in (("a", short(r, 100)),
					    ("b", short(r, 60)),
					    ("f", r.random() < .5)):
				kind = r.random()
				if kind > .15:
					event[name] = None if kind < .3 else value
			event["i"] = r.choice([-3, -1, 0, 1, 5, 255, 256, -256,
					       2 ** 40, -2 ** 40])
			event["r"] = r.choice([0.0, -0.0, 0.25, -0.25, 1024.5, 3])
			event["t"] = START_MS + n - r.randint(0, 900)
			out.write(json.dumps(event, ensure_ascii=r.random() < .5)
				  + "\n")


main()
