# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The checks that are made by other programs."""

import os
import pathlib

import pytest

from lint import format as formatting
from lint import python, shell, thread_safety, tidy
from lint.compilation import Compilation, check_all

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
STYLE = (CHECKOUT / ".clang-format").read_text(encoding="utf-8")


def entry(tree, name):
    return {"directory": tree.root, "file": os.path.join(tree.root, name),
            "arguments": ["g++", "-std=c++20", "-Isrc", "-Wsuggest-override", "-c", name]}


def test_format(said, need):
    need("clang-format-14")
    files = {".clang-format": STYLE, "src/lab/a.cc": "int a;\n\nint  b;\n",
             "src/lab/b.cc": "int b;\n"}
    assert said(formatting.check, files) == ["src/lab/a.cc:3"]


def test_python(said, need):
    need("pyflakes3")
    need("pycodestyle")
    files = {"a.py": "import os\n", "b.py": "def f(:\n", "c.py": "x = 1\n" + "y = '%s'\n" % (
        "." * 100), "d.py": "x = '%s'\n" % ("." * 94)}
    assert sorted(said(python.check, files)) == ["a.py:1", "b.py:1", "c.py:2"]


def test_shell(said, need):
    need("shellcheck")
    files = {"a.sh": "#!/bin/sh\n\necho $1\n", "b": "#!/bin/sh\ncd x\n",
             "c": "no script: echo $1\n", "d.sh": '#!/bin/sh\necho "$1"\n'}
    assert said(shell.check, files) == ["a.sh:3", "b:2"]


GUARDED = """#pragma once
struct __attribute__((capability("mutex"))) Mutex
{
    void Lock() __attribute__((acquire_capability()));
    void Unlock() __attribute__((release_capability()));
};
struct State
{
    Mutex mutex;
    int value __attribute__((guarded_by(mutex))) = 0;
};
"""
UNLOCKED = '#include "ibcm/model/state.h"\nint\nRead(State& state)\n{\n    return state.value;\n}\n'
LOCKED = UNLOCKED.replace("    return state.value;", "    state.mutex.Lock();\n"
                          "    int value = state.value;\n    state.mutex.Unlock();\n"
                          "    return value;")


@pytest.mark.parametrize("name, text, expected", [
    ("src/ibcm/model/a.cc", UNLOCKED, ["src/ibcm/model/a.cc:5"]),
    ("src/ibcm/model/a.cc", LOCKED, []),
    # Whoever includes the core is held to it; whoever does not is not looked at.
    ("src/lab/model/a.cc", UNLOCKED, ["src/lab/model/a.cc:5"]),
    ("src/lab/model/a.cc", "int f() { int x; return x; }\n", []),
], ids=["core", "core-locked", "user", "stranger"])
def test_thread_safety(plant, need, tmp_path, name, text, expected):
    need("clang++-14")
    tree = plant({"src/ibcm/model/state.h": GUARDED, name: text})
    compilation = Compilation(tree, [entry(tree, name)])
    cache = tmp_path / "cache"
    cache.mkdir()
    for _ in range(2):  # the second time from the cache
        found = thread_safety.check_with(tree, compilation, str(cache))
        assert ["%s:%d" % (f.path, f.line) for f in found] == expected


def test_tidy_list_is_valid(plant, need):
    """The list of this checkout finds a use after a move, and lets a near miss be."""
    need("clang-tidy-14")
    moved = ("#include <string>\n#include <utility>\nstd::string f(std::string a)\n{\n"
             "    std::string b = std::move(a);\n    return %s;\n}\n")
    tree = plant({".clang-tidy": (CHECKOUT / ".clang-tidy").read_text(encoding="utf-8"),
                  "src/lab/a.cc": moved % "a + b", "src/lab/b.cc": moved % "b + b"})
    names = ["src/lab/a.cc", "src/lab/b.cc"]
    compilation = Compilation(tree, [entry(tree, name) for name in names])
    found = list(tidy.check_with(tree, compilation, str(tree.root)))
    assert [f.path for f in found] == ["src/lab/a.cc"]
    assert "bugprone-use-after-move" in found[0].message


def test_cache_key_covers_what_a_file_reaches(plant, tmp_path):
    files = {"src/lab/a.h": '#include "lab/b.h"\n', "src/lab/b.h": "int b;\n", "src/lab/c.h": "",
             "src/lab/a.cc": '#include "lab/a.h"\n'}
    tree = plant(files)
    before = Compilation(tree, [entry(tree, "src/lab/a.cc")])
    key = before.key("src/lab/a.cc", "tidy")
    assert before.reached("src/lab/a.cc") == ["src/lab/a.cc", "src/lab/a.h", "src/lab/b.h"]
    assert key != before.key("src/lab/a.cc", "thread-safety")
    (tmp_path / "src/lab/c.h").write_text("int c;\n", encoding="utf-8")
    assert Compilation(tree, [entry(tree, "src/lab/a.cc")]).key("src/lab/a.cc", "tidy") == key
    (tmp_path / "src/lab/b.h").write_text("long b;\n", encoding="utf-8")
    assert Compilation(tree, [entry(tree, "src/lab/a.cc")]).key("src/lab/a.cc", "tidy") != key


def test_checker_that_dies_is_no_clean_result(plant, tmp_path):
    tree = plant({"src/lab/a.cc": ""})
    compilation = Compilation(tree, [entry(tree, "src/lab/a.cc")])
    found = list(check_all(compilation, ["src/lab/a.cc"], lambda name: ["false"], "x",
                           str(tmp_path)))
    assert [f.path for f in found] == ["src/lab/a.cc"]
