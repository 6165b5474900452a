"""The schema as seen, counted a second time: Python's json reads the messages.

schema_oracle.py PIPELINE.json REPORT MESSAGES...: MESSAGES are what was
consumed, in that order, each line "TOPIC TAB PARTITION TAB OFFSET TAB MESSAGE";
ends with 0 when the report says the same of them, or with the first difference.

src/event/seen.h and docs/report.md say what is counted.
"""
import json
import re
import sys

FIELDS, PATH, DEPTH = 256, 200, 8
LEARNING, BLOCK, KEPT = 100, 1000, 32


class Whole(ValueError):
    """The message is not in order as a whole."""


class Real(float):
    pass


def integer(text):
    if not -2**63 <= int(text) < 2**64:
        raise Whole("a number beyond 64 bits")
    return int(text)


def real(text):
    if abs(float(text)) == float("inf"):
        raise Whole("a number beyond doubles")
    return Real(text)


def constant(text):
    raise Whole(text)


def load(raw):
    """Objects are lists of pairs in an Object: keys may occur twice."""
    if raw[:3] == b"\xef\xbb\xbf":
        raise Whole("a byte order mark")
    text = raw.decode("utf-8")
    value = json.loads(text, object_pairs_hook=Object, parse_int=integer,
                       parse_float=real, parse_constant=constant)
    if re.search(r"[\ud800-\udfff]", json.dumps(value, ensure_ascii=False,
                                                default=lambda o: o.pairs)):
        raise Whole("half a surrogate pair")
    if not isinstance(value, Object):
        raise Whole("no object")
    return value


class Object:
    def __init__(self, pairs):
        self.pairs = pairs


def type_of(value):
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (Real, "number"),
                       (str, "string"), (Object, "object"), (list, "array")):
        if isinstance(value, kind):
            return name
    raise AssertionError(value)


def twice(value, paths):
    """Whether a key on the way to a field of the pipeline occurs twice."""
    heads = {path[0] for path in paths}
    met = set()
    for key, inner in value.pairs:
        if key in heads:
            if key in met:
                return True
            met.add(key)
        below = [path[1:] for path in paths if path[0] == key and path[1:]]
        if below and isinstance(inner, Object) and twice(inner, below):
            return True
    return False


def fields_of(value, before=()):
    for key, inner in value.pairs:
        path = before + (key,)
        yield ".".join(path), type_of(inner)
        if isinstance(inner, Object) and len(path) < DEPTH:
            yield from fields_of(inner, path)


class Seen:
    def __init__(self, paths):
        self.known = {".".join(path) for path in paths}
        self.foreign = FIELDS - len(paths)
        self.fields, self.changes = {}, []
        self.events = self.beyond = 0
        self.newest = {}  # the last offset of each partition

    def room(self, name):
        if len(name.encode()) > PATH:
            return False
        if name in self.fields or name in self.known:
            return True
        return len([n for n in self.fields if n not in self.known]) \
            < self.foreign

    def change(self, kind, name, type_name, position):
        self.changes.append({"change": kind, "name": name, "type": type_name,
                             "position": position})

    def add(self, value, position):
        self.events += 1
        judged = self.events > LEARNING
        had = set()
        for name, kind in fields_of(value):
            if not self.room(name):
                self.beyond += 1
                continue
            if name in had:
                continue
            had.add(name)
            new = name not in self.fields
            field = self.fields.setdefault(name, {
                "name": name, "known": name in self.known, "events": 0,
                "types": {}, "first": position, "block": 0, "usual": False,
                "gone": False})
            types = field["types"]
            if new or field["gone"]:
                if judged:
                    self.change("appeared", name, kind, position)
                field["gone"] = False
            elif judged and kind != "null" and kind not in types \
                    and set(types) - {"null"} \
                    and not (kind == "integer" and "number" in types):
                self.change("type", name, kind, position)
            field["events"] += 1
            field["block"] += 1
            types[kind] = types.get(kind, 0) + 1
            field["last"] = position
        if self.events % BLOCK == 0:
            for field in self.fields.values():
                if field["block"] >= BLOCK / 2:
                    field["usual"] = True
                elif field["block"] == 0 and field["usual"] and \
                        self.offsets_since(field["last"]) >= BLOCK:
                    field["usual"], field["gone"] = False, True
                    self.change("vanished", field["name"], None, field["last"])
                field["block"] = 0

    def offsets_since(self, position):
        return self.newest[position["topic"], position["partition"]] \
            - position["offset"]

    def report(self):
        keys = ("name", "known", "events", "types", "first", "last")
        return {"events": self.events, "beyond": self.beyond,
                "changes_total": len(self.changes),
                "changes": self.changes[:-KEPT - 1:-1],
                "fields": [{key: field[key] for key in keys}
                           for field in self.fields.values()]}


def main():
    with open(sys.argv[1]) as file:
        pipeline = json.load(file)
    with open(sys.argv[2]) as file:
        said = json.load(file)["schema"]
    paths = [(spec.get("path") or name).split(".")
             if isinstance(spec.get("path"), (str, type(None))) else spec["path"]
             for name, spec in pipeline["event"]["fields"].items()]
    paths = [tuple(path) for path in paths]
    seen = Seen(paths)
    for name in sys.argv[3:]:
        with open(name, "rb") as file:
            for line in file.read().split(b"\n")[:-1]:
                topic, partition, offset, raw = line.split(b"\t", 3)
                seen.newest[topic.decode(), int(partition)] = int(offset)
                if len(raw) > pipeline["event"].get("max_bytes", 1 << 20):
                    continue
                try:
                    value = load(raw)
                except (Whole, ValueError, RecursionError):
                    continue
                if twice(value, paths):
                    continue
                seen.add(value, {"topic": topic.decode(),
                                 "partition": int(partition),
                                 "offset": int(offset)})
    counted = seen.report()
    for change in said["changes"]:
        change.pop("clock_ms")
    for key, wanted in counted.items():
        if said[key] == wanted:
            continue
        if key == "fields":
            for is_, was in zip(said[key], wanted):
                if is_ != was:
                    sys.exit("the report says\n%s\nwanted\n%s" % (is_, was))
        sys.exit("%s: the report says %s, wanted %s"
                 % (key, str(said[key])[:2000], str(wanted)[:2000]))
    if set(said) != set(counted):
        sys.exit("the report has %s" % sorted(said))
    print("%d events, %d fields, %d beyond, %d changes"
          % (seen.events, len(seen.fields), seen.beyond, len(seen.changes)))


main()
