"""The names that pipeline files give: python3 names.py FILE...

One a line: fields, tables, measures, topics, columns, and values that rules
name. tests/unit/layers.sh looks for them where they must not be.
"""
import json
import re
import sys

# Strings stay as they are, comments go.
TOKEN = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.S)


def names(pipeline):
    fields = pipeline["event"]["fields"]
    yield pipeline["name"]
    yield pipeline["topic"]["name"]
    yield from fields
    for field in fields.values():
        yield from field.get("one_of", [])
        yield from field.get("none_of", [])
    for name, table in pipeline["tables"].items():
        yield name
        yield from table["measures"]
    for topic in ("dead_letters", "alerts_topic"):
        topic = pipeline.get(topic)
        if topic:
            yield topic["topic"] if isinstance(topic, dict) else topic
    for output in pipeline.get("outputs", []):
        yield output["topic"]
        yield from output.get("add", {})
        yield from output.get("fields", {})


found = set()
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = TOKEN.sub(lambda match: match.group(1) or "", file.read())
    found.update(names(json.loads(text)))
print("\n".join(sorted(found)))
