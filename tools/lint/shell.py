# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Shell scripts through shellcheck."""

import re

from lint.program import missing, run
from lint.tree import Finding

_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?P<message>.+)$", re.MULTILINE)


def check(tree):
    names = tree.shell()
    if not names:
        return
    if missing("shellcheck"):
        yield Finding("tools/packages.txt", 1, "shellcheck is not installed")
        return
    status, output = run(["shellcheck", "--format=gcc"] + names, tree.root)
    found = 0
    for match in _LINE.finditer(output):
        found += 1
        yield Finding(match["path"], int(match["line"]), match["message"])
    if status != 0 and not found:
        yield Finding(names[0], 1, "shellcheck failed: " + output.strip())
