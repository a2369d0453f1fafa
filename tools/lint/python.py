# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Python compiles, names what it uses, and keeps to PEP 8 at 100 columns."""

import re

from lint.program import missing, run
from lint.tree import Finding

_COLUMNS = 100
# E203, W503: PEP 8 has since turned them round. E402: scripts import behind a change of sys.path.
_IGNORED = "E203,E402,W503"
_LINE = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):(?:\d+:?)?\s*(?P<message>.+)$", re.MULTILINE)


def check(tree):
    names = tree.python()
    broken = set()
    for name in names:
        finding = _compiled(tree, name)
        if finding:
            broken.add(name)
            yield finding
    names = [name for name in names if name not in broken]
    if not names:
        return
    for command in (["pyflakes3"],
                    ["pycodestyle", "--max-line-length=%d" % _COLUMNS, "--ignore=" + _IGNORED]):
        if missing(command[0]):
            yield Finding("tools/packages.txt", 1, "%s is not installed" % command[0])
            continue
        _, output = run(command + names, tree.root)
        for match in _LINE.finditer(output):
            yield Finding(match["path"], int(match["line"]), match["message"])


def _compiled(tree, name):
    """The finding, if the file has no valid syntax. Nothing is written."""
    try:
        compile(tree.text(name), name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return Finding(name, error.lineno or 1, "SyntaxError: %s" % error.msg)
    return None
