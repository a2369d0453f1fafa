# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every source file says its licence in its first line, or in its second after '#!'."""

from lint.tree import CXX_ENDINGS, Finding

LICENCE = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"
_HASHED = (".py", ".sh", ".toml")
_HASHED_NAMES = ("wscript", "weft", ".ci/run", ".clang-tidy", "tools/packages.txt")


def check(tree):
    for name in tree.files:
        # Data comes from elsewhere, with its provenance beside it.
        if name.startswith("test/data/"):
            continue
        if name.endswith(CXX_ENDINGS):
            expected = "// " + LICENCE
        elif name.endswith(_HASHED) or name in _HASHED_NAMES:
            expected = "# " + LICENCE
        else:
            continue
        lines = tree.text(name).split("\n", 2)
        number = 2 if lines[0].startswith("#!") else 1
        if lines[number - 1:number] != [expected]:
            yield Finding(name, number, "expected the line '%s'" % expected)
