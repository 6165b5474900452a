#!/usr/bin/env python3
"""Messages as strangers write them: corpus.py NOW_MS COUNT

Lines for the pipeline of tests/flow/kcat.sh: valid events, events at the edge
of each rule, and valid ones that were damaged at random, with a fixed seed.
No line is empty.
"""
import json
import random
import sys

now, count = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(20250101)


def event(**other):
	made = {
		"user": {"id": "u%02d" % rng.randint(1, 40),
			 "geo": {"city": rng.choice(["Oslo", "Łódź", "京都", ""])}},
		"amount": rng.choice([0, 1.5, 2e3, 20000, 7, 0.25]),
		"level": rng.randint(-50, 50),
		"vip": rng.random() < 0.3,
		"at": now - rng.randint(0, 1800000),
		"note": {"ignored": [1, None, True, {"x": "y"}]},
	}
	if rng.random() < 0.3:
		del made["user"]["geo"]
	elif rng.random() < 0.1:
		made["user"]["geo"] = None
	if rng.random() < 0.3:
		del made["level"]
	if rng.random() < 0.3:
		made["vip"] = None
	made.update(other)
	return made


def text(value):
	return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode()


def replaced(old, new, **other):
	return text(event(**other)).replace(old, new)


PLACE = "@@"


def put(raw, key="amount"):
	"""The value of a key, as bytes that json.dumps() would not write."""
	return text(event(**{key: PLACE})).replace(b'"@@"', raw)


EDGES = [
	# Not JSON, or not an object.
	b"garbage", b"{", b"}", b"[]", b"{}", b"null", b"true", b"1", b'"x"',
	b" ", b"\t", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"{},",
	b"[" * 500 + b"]" * 500, b"[" * 2000 + b"]" * 2000, b"[" * 2000,
	b"{'a':1}", b'{"a":1,}', b"[1,]", b"[,1]", b"NaN", b"[NaN]",
	b"[Infinity]", b"[-Infinity]", b"// no\r{}", b"nul", b"tru", b"0x10",
	b'{"a" 1}', b'{a:1}', b'{"a":01}', b'{"a":+1}', b'{"a":1.}',
	b'{"a":.5}', b'{"a":1e}', b'{"a":--1}', b'{"a":-}',
	# Numbers anywhere.
	put(b"1e400"), put(b"-1e400"), put(b"1e400", "note"), put(b"1e-400"),
	put(b"9" * 400), put(b"9" * 400, "note"), put(b"9" * 400 + b".0"),
	put(b"18446744073709551615"), put(b"18446744073709551616"),
	put(b"18446744073709551616", "note"), put(b"-9223372036854775808"),
	put(b"-9223372036854775809"), put(b"-9223372036854775809", "note"),
	put(b"18446744073709551615", "level"), put(b"9223372036854775807", "level"),
	put(b"-0"), put(b"-0.0"), put(b"0e0"), put(b"2E4"), put(b"20000.0"),
	put(b"20000.000001"), put(b"-0.000001"), put(b"5e-324"),
	put(b"1.0", "level"), put(b"1e1", "level"), put(b"-0", "level"),
	put(b"50", "level"), put(b"51", "level"), put(b"-50", "level"),
	put(b"-51", "level"), put(b'"1"', "level"), put(b"[]", "level"),
	put(b"1" + b"0" * 30 + b"e-20", "level"), put(b"1", "vip"),
	put(b"0", "vip"), put(b'"true"', "vip"), put(b"false", "vip"),
	# Times.
	put(b"-1", "at"), put(b"0", "note"), put(b"-0.0", "at"),
	put(b"1.5e12", "at"), put(b"null", "at"), put(b'"now"', "at"),
	put(b"9223372036854775807", "at"), put(b"9223372036854775808", "at"),
	put(b"18446744073709551615", "at"), put(str(now + 1200000).encode(), "at"),
	put(str(now + 86400000).encode(), "at"),
	# Text.
	replaced(b'"u', b'"\\ud800u'), replaced(b'"u', b'"\\udc00u'),
	put(b'"\\ud800"', "note"), put(b'"\\ud83d\\ude00"', "note"),
	put(b'"\\ud83d\\u0041"', "note"), put(b'"\\u12"', "note"),
	put(b'"\\x41"', "note"), put(b'"a\x01b"', "note"),
	put(b'"a\x7fb"', "note"), put(b'"\xc0\xaf"', "note"),
	put(b'"\xed\xa0\x80"', "note"), put(b'"\xf4\x90\x80\x80"', "note"),
	put(b'"\xe4\xba"', "note"), put(b'"\xf0\x9f\x98\x80"', "note"),
	text(event(user={"id": "a" * 40})), text(event(user={"id": "a" * 41})),
	text(event(user={"id": "é" * 20})), text(event(user={"id": "é" * 21})),
	text(event(user={"id": ""})), text(event(user={"id": "\0"})),
	text(event(user={"id": "\0\0x"})), text(event(user={"id": "a\0"})),
	text(event(user={"id": "a\0b", "geo": {"city": "\0"}})),
	text(event(user={"id": "\x1b]0;x\x07"})),
	text(event(user={"id": "\u009b31m"})), text(event(user={"id": "\u202e"})),
	text(event(user={"id": 7})), text(event(user={"id": None})),
	text(event(user={"id": ["u01"]})), text(event(user={"id": {}})),
	# Paths.
	text(event(user={})), text(event(user=None)), text(event(user=7)),
	text(event(user="u01")), text(event(user=[])),
	text(event(user={"id": "u01", "geo": 7})),
	text(event(user={"id": "u01", "geo": []})),
	text(event(user={"id": "u01", "geo": {}})),
	text(event(user={"id": "u01", "geo": {"city": None}})),
	text(event(user={"id": "u01", "geo": {"city": 7}})),
	text({"user.id": "u01", "amount": 1, "at": now}),
	# Keys that are there twice: those that are read, and others.
	replaced(b'"amount":', b'"amount": 1, "amount":'),
	replaced(b'"amount":', b'"amount": 1, "am\\u006funt":'),
	replaced(b'"user":', b'"user": null, "user":'),
	replaced(b'"id":', b'"id": "u01", "id":'),
	replaced(b'"note":', b'"note": 1, "note":'),
	replaced(b'"ignored":', b'"ignored": 1, "ignored":'),
	replaced(b'"note":', b'"note": {"amount": 1, "amount": 2}, "else":'),
	replaced(b'"note":', b'"Amount": 1, "amount ": 2, "note":'),
	# Space and size.
	b" \t\r " + text(event()) + b" \r\t ", b"\x0c" + text(event()),
	b"\xc2\xa0" + text(event()), b"\xef\xbb\xbf" + text(event()),
	text(event(note="x" * 7900)), text(event(note="x" * 8200)),
]


def damaged():
	line = bytearray(text(event()))
	for _ in range(rng.choice([1, 1, 1, 2, 5])):
		at = rng.randrange(len(line)) if line else 0
		kind = rng.randrange(5)
		if kind == 0 and line:
			line[at] = rng.randrange(256)
		elif kind == 1 and line:
			del line[at]
		elif kind == 2:
			line.insert(at, rng.choice(b'"{}[],:\\0123.-eE tn\x00\xc3'))
		elif kind == 3:
			line[at:at + rng.randint(1, 20)] = b""
		else:
			start = rng.randrange(len(line) + 1)
			line[at:at] = line[start:start + rng.randint(1, 30)]
	return bytes(line)


lines = list(EDGES)
while len(lines) < count:
	lines.append(text(event()) if rng.random() < 0.4 else damaged())
rng.shuffle(lines)
for line in lines:
	line = line.replace(b"\n", b" ")
	sys.stdout.buffer.write((line or b"?") + b"\n")
