# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""C++ is formatted as clang-format 14 does it with our .clang-format."""

import re

from lint.program import missing, run
from lint.tree import Finding

PROGRAM = "clang-format-14"
_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?:error|warning): ", re.MULTILINE)


def check(tree):
    names = tree.cxx()
    if not names:
        return
    if missing(PROGRAM):
        yield Finding("tools/packages.txt", 1, PROGRAM + " is not installed")
        return
    status, output = run([PROGRAM, "--dry-run", "-Werror", "--style=file"] + names, tree.root)
    lines = {}
    for match in _LINE.finditer(output):
        lines.setdefault(match["path"], []).append(int(match["line"]))
    for name, found in sorted(lines.items()):
        yield Finding(name, min(found), "not formatted (%d places): %s -i %s"
                      % (len(found), PROGRAM, name))
    if status != 0 and not lines:
        yield Finding(names[0], 1, "%s failed: %s" % (PROGRAM, output.strip()))
