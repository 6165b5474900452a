"""Asks SQLite's shell what docs/snapshots.md asks, and compares the answers.

	doc_answers.py DOC FILE

A question is a block of DOC that begins with SELECT; behind it stands the answer, as
`sqlite3 -box` prints it. Answers with times of the clock differ from run to run: of
these the heading is compared, and that there are rows. What is wrong is printed, and
the exit code is then 1.
"""
import re
import subprocess
import sys

doc, file = sys.argv[1:]
with open(doc, encoding="utf-8") as text:
	blocks = re.findall(r"^```\n(SELECT .*?)^```$", text.read(), re.M | re.S)
wrong = []
exact = 0
for block in blocks:
	lines = block.splitlines()
	begin = next((i for i, line in enumerate(lines) if line.startswith("┌")),
		     len(lines))
	question, wanted = " ".join(lines[:begin]), lines[begin:]
	asked = subprocess.run(["sqlite3", "-readonly", "-box", file, question],
			       capture_output=True, text=True)
	got = asked.stdout.splitlines()
	if asked.returncode or asked.stderr:
		wrong.append(f"{question}: {asked.stderr.strip()}")
	elif not wanted:
		continue
	elif "taken" in wanted[1]:
		if len(got) < 5 or got[1].split() != wanted[1].split():
			wrong.append(f"{question}: {got[:4]}")
	else:
		exact += 1
		if got != wanted:
			wrong.append("\n".join([question] + got))
print("\n".join(wrong) if wrong else
      f"# {len(blocks)} questions, {exact} answers compared to the letter")
if len(blocks) < 7 or exact < 4:
	sys.exit(f"there are {len(blocks)} questions, {exact} with answers to compare")
sys.exit(1 if wrong else 0)
