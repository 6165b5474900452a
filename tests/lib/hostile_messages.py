"""Hostile messages, and what is to become of each.

hostile_messages.py make interactions|ranges DIR: writes each message to a file
of its own under DIR, and DIR/expected.json.
hostile_messages.py judge DIR REPORT: whether the report has counted them so.

A message is (reason or "valid", bytes); valid ones say their key in the table
that is looked at. Two cannot be files for kcat, which takes no empty ones: the
empty value and the tombstone. The test sends those itself, once each.
"""
import collections
import json
import os
import sys
import time

NOW = int(time.time() * 1000)
HOUR = 3600 * 1000


def text(value):
    return json.dumps(value, ensure_ascii=False).encode()


def interaction(**fields):
    """A valid event, with some fields as other bytes, or None: left out."""
    event = {"user_id": b'"h"', "item_id": b'"item"',
             "interaction_type": b'"view"', "timestamp": b"%d" % NOW}
    event.update(fields)
    return b"{" + b",".join(b'"%s":%s' % (key.encode(), value)
                            for key, value in event.items()
                            if value is not None) + b"}"


def nested(levels, close=True):
    return b"[" * levels + (b"]" * levels if close else b"")


def interactions():
    """Against schema/interactions.json; the keys are users."""
    whole = interaction()
    bad = {
        "not_json": [
            b"x", b"{", b"}", b"nul", b"{]", b" ", b"\n\t ", b"\x00",
            whole + b"x", whole + whole, whole + b",", whole[:-1],
            whole + b"\x00", b"\x00" + whole,
            whole.replace(b'"h"', b'"h\x00"'),
            whole.replace(b'"h"', b'"h\n"'),      # a raw control character
            whole.replace(b'"h"', b'"\x1b[2J"'),
            interaction(user_id=b'"\xff"'),
            interaction(user_id=b'"\xc0\x80"'),   # overlong
            interaction(user_id=b'"\xed\xa0\x80"'),  # a surrogate
            interaction(user_id=b'"\xf4\x90\x80\x80"'),
            interaction(user_id=b'"\xe2\x82"'),   # cut off
            interaction(other=b'"\xff"'),         # in what nobody reads
            interaction(user_id=b'"\\ud800"'),
            interaction(user_id=b'"\\u12"'), interaction(user_id=b'"\\x41"'),
            b"\xef\xbb\xbf" + whole, b"\xff\xfe{\x00}\x00",
            b"{'user_id':'h'}", b"{user_id:1}", whole[:-1] + b",}",
            interaction(timestamp=b"01"), interaction(timestamp=b"+1"),
            interaction(timestamp=b"0x10"), interaction(timestamp=b"NaN"),
            interaction(timestamp=b"1."), interaction(timestamp=b"-"),
            interaction(other=b"Infinity"), b"/* */" + whole,
            interaction(other=nested(500, False)),
            b'{"a":' * 900,
        ],
        "too_deep": [
            nested(2000), b'{"a":' * 2000 + b"1" + b"}" * 2000,
            interaction(other=nested(2000)), interaction(other=nested(1024)),
            nested(200000),
        ],
        "too_large": [
            interaction(other=b'"' + b"x" * (1 << 20) + b'"'),
            b"x" * 4000000, b"[" * ((1 << 20) + 1),
        ],
        "not_object": [b"[]", b"1", b"null", b"true", b'"{}"', b"1e3",
                       b"[" + whole + b"]", b"-0", nested(1000)],
        "duplicate_key": [
            interaction()[:-1] + b',"user_id":"h"}',
            interaction()[:-1] + b',"user\\u005fid":"h"}',
            b'{"\\u0075ser_id":"h",' + whole[1:],
            interaction()[:-1] + b',"timestamp":1}',
            b'{"user_id":1,"user_id":2}', b'{"user_id":null,"user_id":null}',
        ],
        "missing": [
            b"{}", b'{"a":{"user_id":"h"}}', interaction(user_id=None),
            interaction(item_id=None), interaction(timestamp=None),
            interaction(interaction_type=None), interaction(user_id=b"null"),
            interaction(timestamp=b"null"), b'{"USER_ID":"h"}',
            whole.replace(b'"user_id"', b'"user_id "'),
            whole.replace(b'"user_id"', b'"user_id\\u0000"'),
        ],
        "wrong_type": [
            interaction(user_id=b"1"), interaction(user_id=b"true"),
            interaction(user_id=b"{}"), interaction(user_id=b'["h"]'),
            interaction(interaction_type=b"0"),
            interaction(timestamp=b'"%d"' % NOW),
            interaction(timestamp=b"%d.0" % NOW),
            interaction(timestamp=b"1e12"), interaction(timestamp=b"[1]"),
            interaction(timestamp=b"{}"), interaction(timestamp=b"false"),
        ],
        "out_of_range": [
            interaction(timestamp=b"1e400"), interaction(timestamp=b"-1e400"),
            interaction(timestamp=b"9" * 30), interaction(other=b"1e999999"),
            interaction(other=b"[" + b"1" * 30 + b"]"),
            interaction(timestamp=b"18446744073709551616"),
            interaction(timestamp=b"-9223372036854775809"),
        ],
        "not_one_of": [
            interaction(interaction_type=b'"VIEW"'),
            interaction(interaction_type=b'""'),
            interaction(interaction_type=b'"view\\u0000"'),
            interaction(interaction_type=b'"' + b"view" * 5000 + b'"'),
        ],
        "too_long": [
            interaction(user_id=text("a" * 65)),
            interaction(user_id=text("ä" * 32 + "a")),  # 65 bytes
            interaction(user_id=b'"' + b"\\u0000" * 65 + b'"'),
            interaction(item_id=text("i" * 100000)),
        ],
        "bad_time": [
            interaction(timestamp=b"-1"),
            interaction(timestamp=b"%d" % (NOW + 3 * HOUR)),
            interaction(timestamp=b"253402300799000"),
            interaction(timestamp=b"9223372036854775807"),
            interaction(timestamp=b"9223372036854775808"),
            interaction(timestamp=b"18446744073709551615"),
            interaction(timestamp=b"-9223372036854775808"),
        ],
    }
    keys = ["", "\0", "\0\0\0", "a\0b", "a" * 64, "ä" * 32, "😀" * 16,
            "e\u0301" * 21, "\x1b]0;title\x07\x1b[31m", "\r\n\t\b\x7f\x85",
            "\u202eright to left\u202c", "\ufeff", "</script>'\";--", "\\u0041",
            "\ud7ff\ue000\uffff\U0010ffff"]
    good = [(key, interaction(user_id=json.dumps(key).encode()))
            for key in keys]
    # The same key, written otherwise.
    good += [(key, interaction(user_id=text(key))) for key in keys[4:]]
    good += [
        ("h", b" \r\n\t" + whole + b"\n\n"),
        ("h", interaction(other=nested(1000))),
        ("h", interaction(other=b'{"user_id":1,"user_id":[]}')),
        ("h", interaction(other=b"1", user=b"2", o=b"-0.0e-5")),
        ("h", whole[:-1] + b',"x":1,"x":2}'),  # twice, but nobody reads it
        ("h", whole.replace(b"user_id", b"\\u0075ser\\u005fid")),
        ("h", interaction(other=b'"' + b"x" * 1000000 + b'"')),
        ("h", interaction(other=b"9223372036854775807")),
        ("h", interaction(other=b"18446744073709551615")),
    ]
    return bad, good


def ranges():
    """Against the pipeline in tests/fault/hostile.sh; the keys are cities."""
    def event(city="c", **fields):
        parts = {"user": text({"geo": {"city": city}}), "n": b"0", "x": b"0",
                 "on": b"true", "at": b"%d" % (NOW // 1000)}
        parts.update(fields)
        return b"{" + b",".join(b'"%s":%s' % (key.encode(), value)
                                for key, value in parts.items()
                                if value is not None) + b"}"

    bad = {
        "out_of_range": [
            event(n=b"-11"), event(n=b"11"), event(n=b"9223372036854775808"),
            event(n=b"-9223372036854775808"),
            event(n=b"18446744073709551615"), event(n=b"9" * 30),
            event(x=b"-0.26"), event(x=b"1.5000001"), event(x=b"2"),
            event(x=b"1e308"), event(x=b"-1e308"), event(x=b"1e400"),
            event(x=b"18446744073709551615"),
        ],
        "wrong_type": [
            event(n=b"1.0"), event(n=b"1e0"), event(n=b'"1"'),
            event(n=b"true"), event(x=b'"0"'), event(x=b"[]"),
            event(on=b"1"), event(on=b'"true"'), event(on=b"0"),
            event(user=b'"c"'), event(user=b"[]"),
            event(user=b'{"geo":"c"}'), event(user=b'{"geo":[{"city":"c"}]}'),
            event(user=b'{"geo":{"city":1}}'),
            event(user=b'{"geo":{"city":{"city":"c"}}}'),
            event(at=b"1.5"),
        ],
        "missing": [
            event(user=None), event(user=b"null"), event(user=b"{}"),
            event(user=b'{"geo":null}'), event(user=b'{"geo":{}}'),
            event(user=b'{"geo":{"city":null}}'), event(n=None),
            event(n=b"null"), event(x=None),
            b'{"user.geo.city":"c","n":0,"x":0,"on":true,"at":1}',
        ],
        "duplicate_key": [
            event(user=b'{"geo":{"city":"c","city":"c"}}'),
            event(user=b'{"geo":{"city":"c"},"geo":{}}'),
            event(user=b'{"geo":{"city":"c","c\\u0069ty":"d"}}'),
        ],
        "too_long": [event("c" * 21), event("ü" * 10 + "c")],
        "too_large": [event(other=b'"' + b"x" * 4096 + b'"')],
        "bad_time": [event(at=b"9223372036854775807"), event(at=b"-1"),
                     event(at=b"%d" % NOW)],  # milliseconds, not seconds
    }
    good = [(city, event(city)) for city in
            ["", "\0", "c" * 20, "ü" * 10, "\x1b[0m", "a.b", "\U0001f300"]]
    good += [
        ("c", event(n=b"-10")), ("c", event(n=b"10")), ("c", event(n=b"-0")),
        ("c", event(x=b"-0.25")), ("c", event(x=b"1.5")),
        ("c", event(x=b"1")), ("c", event(x=b"1e-400")),
        ("c", event(x=b"15e-1")), ("c", event(on=None)),
        ("c", event(on=b"null")), ("c", event(on=b"false")),
        ("c", event(user=b'{"x":[{}],"geo":{"y":1,"city":"c"},"geo2":{}}')),
    ]
    return bad, good


SETS = {"interactions": (interactions, "users"), "ranges": (ranges, "cities")}


def make(name, folder):
    messages, table = SETS[name]
    bad, good = messages()
    files = [raw for group in bad.values() for raw in group]
    files += [raw for _key, raw in good]
    for number, raw in enumerate(files):
        with open(os.path.join(folder, f"{number:03d}.msg"), "wb") as f:
            f.write(raw)
    dead = {reason: len(group) for reason, group in bad.items()}
    dead["no_value"] = 2
    expected = {"table": table, "dead": dead, "messages": len(files) + 2,
                "valid": len(good),
                "keys": collections.Counter(key for key, _raw in good)}
    with open(os.path.join(folder, "expected.json"), "w",
              encoding="utf-8") as f:
        json.dump(expected, f)
    print(len(files) + 2)


def judge(folder, report_file):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as f:
        expected = json.load(f)
    with open(report_file, "rb") as f:
        raw = f.read()
    wrong = []

    def same(what, is_, should_be):
        if is_ != should_be:
            wrong.append(f"{what}: is {is_!r}, should be {should_be!r}")

    for byte in set(raw):
        if byte == 0x7f or (byte < 0x20 and byte not in (9, 10)):
            wrong.append(f"the report holds the raw byte {byte:#04x}")
    for control in range(0x80, 0xa0):
        if chr(control).encode() in raw:
            wrong.append(f"the report holds U+{control:04X}")
    report = json.loads(raw.decode("utf-8"))
    ledger = report["ledger"]
    same("dead_by_reason",
         {k: n for k, n in ledger["dead_by_reason"].items() if n},
         expected["dead"])
    same("dead", ledger["dead"], sum(expected["dead"].values()))
    same("foreign", ledger["foreign"], expected["messages"])
    # The generator's own are all there too.
    same("acked", ledger["acked"], ledger["produced"])
    same("valid", ledger["valid"], expected["valid"] + ledger["produced"])
    same("balanced", ledger["balanced"], True)
    for counter in "failed", "unacked", "lag", "lost", "skipped":
        same(counter, ledger[counter], 0)
    table = report["tables"][expected["table"]]
    same("total", table["total"], ledger["valid"])
    ours = collections.Counter(expected["keys"])
    rows = {row["key"]: row["n"] for row in table["top"] + table["bottom"]}
    same("keys", table["keys"], len(ours) + 1)
    for key, count in rows.items():
        if key != "generated":
            same(f"rows of {key!r}", count, ours.get(key))
    # Ten at each end; they may overlap.
    if len(rows) < min(10, table["keys"]):
        wrong.append(f"{len(rows)} rows of {table['keys']}")
    for line in wrong:
        print(line)
    if not wrong:
        print(f"note: {expected['messages']} foreign messages, "
              f"{ledger['dead']} of them dead, among {ledger['produced']} "
              "of our own")
    return 1 if wrong else 0


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    sys.exit(judge(*sys.argv[2:]))
