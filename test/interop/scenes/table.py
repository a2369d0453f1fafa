# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the columns have made of the scenes, as text: for doc/interop.md, and to compare with it."""

import itertools
import re

BEGIN = "<!-- written by the tests: see test/interop/README.md -->"
END = "<!-- end of what the tests write -->"
_HEAD = ("| scene | pairs | messages | client hears | server hears |\n"
         "|---|---|---|---|---|\n")
# How often a message is sent again depends on how slow the machine is, if it is often.
_MANY = 8
_FATES = {"drop": "lost", "duplicate": "doubled", "delay": "late", "corrupt": "damaged",
          "reorder": "overtaken"}


def messages_text(log):
    """The messages in their order; -> is from the client. What is repeated is counted."""
    steps = [_step(entry) for entry in log]
    pieces = []
    place = 0
    while place < len(steps):
        length, times = _repetition(steps, place)
        piece = " ".join(steps[place:place + length])
        if times > 1:
            piece = "%s × %d" % ("(%s)" % piece if length > 1 else piece, times)
        pieces.append(piece)
        place += length * times
    if sum("×" in piece for piece in pieces) > 2:  # what there was, and how often
        kinds = sorted(set(steps), key=steps.index)
        pieces = ["%s × %d" % (kind, steps.count(kind)) for kind in kinds]
        return "in some order: " + ", ".join(pieces)
    return " ".join(pieces)


def row(record):
    """The last three cells for a Record."""
    return (messages_text(record.messages), _events_text(record.client),
            _events_text(record.server))


def _events_text(events):
    """The events in their order, those that are repeated counted."""
    groups = [(event, len(list(same))) for event, same in itertools.groupby(events)]
    return ", ".join(event if times == 1 else "%s × %d" % (event, times)
                     for event, times in groups) or "nothing"


def write(rows, perhaps):
    """The whole table. rows: scene -> column -> cells; perhaps: scene -> as for alike."""
    lines = [_HEAD]
    for scene, columns in rows.items():
        groups = {}
        for column, cells in columns.items():
            same = next((known for known in groups if alike(known, cells, perhaps[scene])),
                        cells)
            groups.setdefault(same, []).append(column)
        for cells, names in groups.items():
            who = "all" if len(names) == len(columns) and len(names) > 1 else ", ".join(names)
            lines.append("| %s | %s | %s |\n" % (scene, who, " | ".join(cells)))
    return "".join(lines)


def read(text, columns):
    """The table in a text: scene -> column -> cells."""
    rows = {}
    body = text.partition(BEGIN)[2].partition(END)[0]
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if len(cells) == 5 and cells[0] not in ("scene", "---"):
            names = columns if cells[1] == "all" else cells[1].split(", ")
            for name in names:
                rows.setdefault(cells[0], {})[name] = tuple(cells[2:])
    return rows


def replace(text, table):
    """The text with another table in it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("there are no marks for the table")
    return "%s%s\n\n%s\n%s%s" % (before, begin, table, end, after)


def alike(one, other, perhaps=()):
    """
    Whether two rows' cells tell the same, but for how often something comes that comes often, and
    for the messages that come perhaps.
    """
    return [_plain(cell, perhaps) for cell in one] == [_plain(cell, perhaps) for cell in other]


def _plain(cell, perhaps):
    for attribute in perhaps:
        cell = re.sub(r" (←%s|%s→)( × \d+)?(?=[ )]|$)" % (attribute, attribute), "", cell)
    if cell.startswith("in some order"):
        kinds = [kind.partition(" × ") for kind in cell.partition(": ")[2].split(", ")]
        return sorted((kind, "many" if int(times) >= _MANY else times)
                      for kind, _, times in kinds)
    return re.sub(r"× (\d+)", lambda found: "× many" if int(found.group(1)) >= _MANY
                  else found.group(0), cell)


def _step(entry):
    name = entry["attribute"]
    if "reason" in entry:
        name += "(%d)" % entry["reason"]
    name = "%s→" % name if entry["from"] == "client" else "←%s" % name
    fate = _FATES.get(entry["action"])
    return "%s %s" % (name, fate) if fate else name


def _repetition(steps, place):
    """The pattern of up to three steps that is repeated most here: its length, how often."""
    best = (1, 1)
    for length in (1, 2, 3):
        pattern = steps[place:place + length]
        times = 1
        while steps[place + times * length:place + (times + 1) * length] == pattern:
            times += 1
        if times > 1 and times * length > best[0] * best[1]:
            best = (length, times)
    return best
