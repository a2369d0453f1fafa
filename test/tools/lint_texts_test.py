# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The checks of plain text: spdx, paths, and the scanner below them."""

import pytest

from lint import paths, spdx
from lint.tree import code_only

LICENCE = spdx.LICENCE
# In pieces: these files are checked too.
TMP = "/tm" "p/x"


@pytest.mark.parametrize("name, text, line", [
    ("src/lab/model/a.cc", "#include <vector>\n", 1),
    ("src/lab/model/a.h", "\n// %s\n" % LICENCE, 1),
    ("src/lab/model/b.h", "// SPDX-License-Identifier: MIT\n", 1),
    ("tools/a.py", "// %s\n" % LICENCE, 1),
    ("tools/b.sh", "#!/bin/sh\necho\n", 2),
    ("examples/a.toml", "", 1),
    ("wscript", "import os\n", 1),
])
def test_spdx_missing(said, name, text, line):
    assert said(spdx.check, {name: text}) == ["%s:%d" % (name, line)]


def test_spdx_near_misses(said):
    assert said(spdx.check, {
        "src/lab/model/a.cc": "// %s\n" % LICENCE,
        "tools/a.py": "# %s\nimport os\n" % LICENCE,
        "tools/b.sh": "#!/bin/sh\n# %s\n" % LICENCE,
        "test/data/capture.toml": "",
        "README.md": "",
    }) == []


@pytest.mark.parametrize("text", [
    "// TO" "DO: finish\n",
    "int x; // X" "XX\n",
    "# FIX" "ME\n",
    'Open("%s");\n' % TMP,
    "see ../shar" "ed/reference\n",
    "deb http://deb.deb" "ian.org/debian\n",
    "/ho" "me/me/weft\n",
])
def test_paths_found(said, text):
    assert said(paths.check, {"src/lab/model/a.cc": "\n" + text}) == ["src/lab/model/a.cc:2"]


def test_paths_near_misses(said):
    text = ("auto pattern = \"weftX" "XXXXX\";\nint todo = 1; // methodology, hackles\n"
            "Open(folder + name); see doc/home/page and build%s\n"
            "// https://www.debian.org is no registry\n" % TMP)
    assert said(paths.check, {"src/lab/model/a.cc": text}) == []


def test_code_only_keeps_places():
    text = ('int a; // b "c"\nauto s = "/* no */ \\" // no"; /* x\ny */ char c = \'"\';\n'
            'auto r = R"x(a)" // )x"; int n = 1\'000; f(\'a\');\n')
    code = code_only(text)
    assert len(code) == len(text) and code.count("\n") == text.count("\n")
    assert "no" not in code and "b" not in code.split("\n")[0]
    assert "y" not in code.split("\n")[2 - 1] and "char c" in code
    assert "1'000" in code and "int n" in code
    assert code.index("char c") == text.index("char c")


def test_code_only_can_keep_strings():
    assert code_only('#include "a/b.h" // c\n', keep_strings=True) == '#include "a/b.h"     \n'
