# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A tree of planted files, and what a check says of it."""

import shutil

import pytest

from lint.tree import Tree


@pytest.fixture
def plant(tmp_path):
    """plant({path: text}) writes the files and gives the Tree."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Tree(str(tmp_path))

    return write


@pytest.fixture
def said(plant):
    """said(check, {path: text}) gives what the check finds, as 'path:line'."""

    def run(check, files):
        return ["%s:%d" % (finding.path, finding.line) for finding in check(plant(files))]

    return run


@pytest.fixture
def need():
    """need(program) skips the test where the program is not installed."""

    def look(program):
        if shutil.which(program) is None:
            pytest.skip("%s is not installed; './weft lint' installs it" % program)

    return look
