# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Nothing that holds only on one machine, and no marks of unfinished work."""

import re

from lint.tree import Finding

# In pieces, so that this file does not find itself.
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
_MACHINE = re.compile(r"(?<![\w./$}-])(/(?:work|tmp|home|root|Users|mnt)/[\w.+-]*)")
_OUTSIDE = re.compile(r"(\.\./shar" r"ed\b)")
_REGISTRY = re.compile(r"\b((?:(?:deb|ftp|security|snapshot|archive)\.(?:[\w-]+\.)*debian|pypi|"
                       r"[\w-]+\.pythonhosted|proxy\.golang|registry\.[\w-]+)\.(?:org|io|com))\b")
_TEXT = (".cc", ".h", ".py", ".sh", ".toml", ".txt", ".md", ".pyi", ".weft", ".net")
_FOLDERS = ("src", "test", "bindings", "examples", "bench", "tools", "doc", ".ci")
_WHY = {
    _UNFINISHED: "'%s' marks unfinished work: finish it, or say what is so and why",
    _MACHINE: "'%s' is a path of one machine: take a folder from the caller or the system",
    _OUTSIDE: "'%s' lies outside of the checkout: copy what is needed to test/data",
    _REGISTRY: "'%s' is the host name of a package registry: leave it to the system's settings",
}


def check(tree):
    names = tree.within(*_FOLDERS) + [name for name in tree.files if "/" not in name]
    for name in names:
        if not (name.endswith(_TEXT) or name in ("weft", "wscript", ".ci/run")):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            for pattern, why in _WHY.items():
                for match in pattern.finditer(line):
                    yield Finding(name, number, why % match.group(1))
