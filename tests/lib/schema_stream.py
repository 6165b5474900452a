"""Events whose fields change, one a line: schema_stream.py PART NOW_MS

PART is one of those below; no line is empty, and none has a tab at its end.
"""
import json
import random
import sys

part, now = sys.argv[1], int(sys.argv[2])
rng = random.Random(part)


def event(**other):
    made = {"who": {"id": "u%02d" % rng.randint(1, 20)}, "at": now,
            "amount": rng.randint(0, 9), "old": "o"}
    made.update(other)
    return {key: value for key, value in made.items() if value is not ...}


def say(*events):
    for made in events:
        print(json.dumps(made, ensure_ascii=rng.random() < 0.5))


def nested(keys, value):
    for key in reversed(keys):
        value = {key: value}
    return value


def begins():
    """Not judged: fields come, and types change."""
    for i in range(95):
        say(event(extra=rng.choice([..., None, 1, "x"]), size=1))
    say(event(size="1"), event(tags=[]), event(tags=[{"in": 1}, [2]]),
        event(size=None), event(tags={"in": {}}))


def grows():
    """Fields that appear, new types, nulls that alternate with values."""
    for i in range(900):
        say(event(device=rng.choice(["m", "d", None]),
                  rate=rng.choice([0.5, 1, 2.25]) if i > 50 else 1.5,
                  size=rng.choice([1, "1", None, ...])))
    say(event(device=7), event(device=7.5), event(device=8), event(late=None),
        event(late="x"), event(late=True), event(old={"deep": 1}),
        event(rate=10**18), event(amount=3.5), event(amount=4))


def vanishes():
    """Less than a block, then more than one, then it comes again."""
    for i in range(700):
        say(event(old=...))
    for i in range(10):
        say(event(device="m", rare=1))
    for i in range(2300):
        say(event(old=..., who={"id": "u1", "sub": rng.choice([None, 1])}))
    for i in range(40):
        say(event(old=rng.choice(["o", None])))


def hostile():
    """Names as nobody would choose them, and more than there is room for."""
    say(event(**{"": 1}), event(**{"": {"": 2, "a": 3}}), event(**{"a.b": 1}),
        event(a={"b": "x"}), event(**{"a.b": 1, "a": {"b": [1]}}),
        event(**{"\x1b[31m\x00": 1}), event(**{"\u202e\u009b31m": None}),
        event(**{"京都": {"é\n": 1}}), event(**{"who.id": 5}),
        event(**{"x" * 200: 1, "y" * 201: 2, "z" * 100: {"w" * 99: 3,
                                                       "v" * 100: 4}}))
    say(event(**nested("12345678", {"in": 1})), event(**nested("1234567", 8)),
        event(**nested("123456789abcdef012345", 1)))
    print('{"who":{"id":"u1"},"at":%d,"amount":1,"t":1,"t":"x","t":null}' % now)
    print('{"who":{"id":"u1"},"at":%d,"amount":1,"t":{"a":1},"t":{"b":1}}'
          % now)
    print('{"who":{"id":"u1"},"at":%d,"amount":1,"\\u0074":2.0,"t":1e2}' % now)
    print('{"who":{"id":"u1"},"at":%d,"at":%d,"amount":1,"dead":2}'
          % (now, now))
    for i in range(150):
        say(event(**{"f%d" % i: i, "g%d" % (i // 2): {"h": i}}))
    for i in range(60):
        say(event(tier="late, and the pipeline's", f149=2, f150=3))
    for i in range(30):
        say(event(bag={"n%d" % n: n for n in range(rng.randint(1, 90))}))


{"begins": begins, "grows": grows, "vanishes": vanishes,
 "hostile": hostile}[part]()
