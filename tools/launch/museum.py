# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The museum's table: in doc/museum.md between two markers, and on the terminal."""

import os
import re

from launch.errors import WeftError
from launch.places import CHECKOUT

PAGE = os.path.join(CHECKOUT, "doc", "museum.md")
BEGIN = "<!-- table: begin, written by 'weft bugs run --all --write-table' -->"
END = "<!-- table: end -->"
COLUMNS = ["exhibit", "of", "kind", "oracle", "strategy", "schedules", "decisions", "result"]
LANES_BEGIN = "<!-- lanes: begin, written by 'weft bugs run --keep' -->"
LANES_END = "<!-- lanes: end -->"
_BAR = re.compile(r"(?<!\\)\|")


def row_of(shown):
    """The row of an exhibit that was shown."""
    exhibit = shown.exhibit
    return [exhibit.name, exhibit.origin, exhibit.kind, shown.oracle, shown.strategy,
            "-" if shown.schedules is None else str(shown.schedules),
            "-" if shown.decisions is None else str(shown.decisions),
            shown.problem or "ok"]


def row_without_run(exhibit):
    return [exhibit.name, exhibit.origin, exhibit.kind] + ["-"] * (len(COLUMNS) - 3)


def kept_rows(page=PAGE):
    """The rows of the page, by exhibit."""
    lines = _between(_read(page), BEGIN, END, page)[1].splitlines()
    rows = [[cell.strip().replace("\\|", "|") for cell in _BAR.split(line)[1:-1]]
            for line in lines if line.startswith("| ")]
    # The first two are the heading.
    return {_link_text(row[0]): [_link_text(row[0])] + row[1:] for row in rows[2:]}


def write_table(rows, page=PAGE):
    """Puts the rows in the place of those that the page has."""
    before, _, after = _between(_read(page), BEGIN, END, page)
    lines = [COLUMNS, ["---"] * len(COLUMNS)]
    lines += [["[%s](../test/bugs/%s/README.md)" % (row[0], row[0])] + row[1:] for row in rows]
    table = "".join("| %s |\n" % " | ".join(cell.replace("|", "\\|") for cell in line)
                    for line in lines)
    _write(page, before + "\n" + table + after)


def write_lanes(page, lanes):
    """Puts a drawing in the place of the one that an exhibit's page has."""
    before, _, after = _between(_read(page), LANES_BEGIN, LANES_END, page)
    _write(page, "%s\n```\n%s\n```\n%s" % (before, lanes.strip("\n"), after))


def aligned(rows):
    """The table for a terminal."""
    table = [COLUMNS] + rows
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS) - 1)] + [0]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in table]


def _link_text(cell):
    match = re.fullmatch(r"\[(.+)\]\(.+\)", cell)
    return match[1] if match else cell


def _between(text, begin, end, page):
    first = text.find(begin)
    last = text.find(end)
    if first < 0 or last < first:
        raise WeftError("%s: no place for what is to be written; expected the lines\n%s\n%s"
                        % (os.path.relpath(page, CHECKOUT), begin, end))
    first += len(begin)
    return text[:first], text[first:last], text[last:]


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
