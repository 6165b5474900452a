#!/usr/bin/env python3
"""Reads a picture of a screen back.

	svg.py FILE     the text in it, row by row

What is no XML, or outside of the picture, is an error. Nothing of weir is used
but the size of a cell.
"""
import re
import sys
import unicodedata
import xml.etree.ElementTree

WIDTH, HEIGHT, MARGIN = 12, 24, 12
SVG = "{http://www.w3.org/2000/svg}"


def graphemes(text):
	made = []
	for c in text:
		if made and unicodedata.combining(c):
			made[-1] += c
		else:
			made.append(c)
	return made


def read(path):
	root = xml.etree.ElementTree.parse(path).getroot()
	if root.tag != SVG + "svg":
		sys.exit("it is a %s" % root.tag)
	cols = (int(root.get("width")) - 2 * MARGIN) // WIDTH
	rows = (int(root.get("height")) - 2 * MARGIN) // HEIGHT
	classes = re.findall(r"\.(\w+)\{", root.find(SVG + "style").text)
	screen = [[" "] * cols for _ in range(rows)]
	for element in root:
		if element.tag not in [SVG + tag for tag in
				       ("style", "rect", "path", "text")]:
			sys.exit("there is a %s" % element.tag)
		used = element.get("class")
		if used is not None and used not in classes:
			sys.exit("there is no class %s" % used)
		if element.tag != SVG + "text":
			continue
		row, col = int(element.get("y")) // HEIGHT, int(element.get("x")) // WIDTH
		cells = graphemes(element.text)
		width = int(element.get("textLength")) // WIDTH
		if width != len(cells) and (width, len(cells)) != (2, 1):
			sys.exit("%s has %d columns" % (element.text, width))
		if row >= rows or col + width > cols:
			sys.exit("%s is outside" % element.text)
		cells += [""] * (width - len(cells))
		screen[row][col:col + width] = cells
	return screen


for line in read(sys.argv[1]):
	print("".join(line).rstrip(" "))
