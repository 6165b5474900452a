#!/usr/bin/env python3
"""ClickHouse for a test: answers on standard output what is asked on standard input.

	$(tests/clickhouse/python) server.py DIR

DIR is for its data. Each line of standard input is one statement, or `@FILE` for
those in a file; the answer is one line, the rows as a JSON array of arrays, or
{"error": TEXT}. It ends when standard input does. Like a server, it goes on reading
topics into tables between two questions.
"""
import importlib.machinery
import importlib.util
import json
import os
import sys
import sysconfig

# Not `import chdb`: that opens a database and closes it again, and in a process
# where one was closed no other can work in the background.
LIBRARY = os.path.join(sysconfig.get_path("platlib"), "chdb", "_chdb.abi3.so")


def engine():
	loader = importlib.machinery.ExtensionFileLoader("_chdb", LIBRARY)
	module = importlib.util.module_from_spec(
		importlib.util.spec_from_loader("_chdb", loader))
	loader.exec_module(module)
	return module


def main():
	# As many topics at once as a server reads, whatever this machine has.
	connection = engine().connect(
		sys.argv[1] + "?background_message_broker_schedule_pool_size=16")
	for line in sys.stdin:
		line = line.rstrip("\n")
		try:
			if line.startswith("@"):
				with open(line[1:], encoding="utf-8") as file:
					line = file.read()
			rows = connection.query(line, "JSONCompactEachRow").bytes()
			answer = [json.loads(row) for row in rows.splitlines()]
		except (RuntimeError, OSError) as error:
			answer = {"error": str(error)}
		print(json.dumps(answer), flush=True)
	connection.close()


main()
