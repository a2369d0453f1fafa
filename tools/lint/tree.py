# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The files that lint looks at, what it finds in them, and C++ text without comments."""

import dataclasses
import functools
import os
import re
import subprocess

CXX_ENDINGS = (".cc", ".h")
_SHEBANG_SHELL = re.compile(r"#!\s*/(usr/)?bin/(env\s+)?(sh|bash|dash)\b")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One complaint. The line counts from 1."""

    path: str
    line: int
    message: str

    def __str__(self):
        return "%s:%d: %s" % (self.path, self.line, self.message)


class Tree:
    """A checkout, or in the tests of lint any folder. Paths are relative to its root."""

    def __init__(self, root):
        self.root = root

    @functools.cached_property
    def files(self):
        """What git tracks or would track; every file where git knows nothing of the folder."""
        # Root may lint a checkout that belongs to somebody else.
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                   "--exclude-standard"]
        try:
            answer = subprocess.run(command, cwd=self.root, capture_output=True, check=False)
        except FileNotFoundError:
            answer = None
        if answer is None or answer.returncode != 0:
            return sorted(self._walk())
        names = answer.stdout.decode().split("\0")
        return sorted({name for name in names if name and self._is_file(name)})

    def _is_file(self, name):
        path = os.path.join(self.root, name)
        return os.path.isfile(path) and not os.path.islink(path)

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in (".git", "build")]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def within(self, *folders):
        """The files under any of the folders."""
        return [name for name in self.files if name.startswith(tuple(f + "/" for f in folders))]

    def cxx(self, *folders):
        """The C++ files under any of the folders, by default all of them."""
        names = self.within(*folders) if folders else self.files
        return [name for name in names if name.endswith(CXX_ENDINGS)]

    def python(self):
        return [name for name in self.files if name.endswith(".py") or name == "wscript"]

    def shell(self):
        return [name for name in self.files if name.endswith(".sh") or self._has_shebang(name)]

    def _has_shebang(self, name):
        if "." in os.path.basename(name):
            return False
        with open(os.path.join(self.root, name), "rb") as file:
            return bool(_SHEBANG_SHELL.match(file.read(40).decode("latin-1")))

    def exists(self, name):
        return os.path.isfile(os.path.join(self.root, name))

    def text(self, name):
        """The file's text; empty if it went away since the files were listed."""
        if not self.exists(name):
            return ""
        with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as file:
            return file.read()


_TOKEN = re.compile(
    r"""
    (?P<line>//(?:\\\n|[^\n])*)
  | (?P<block>/\*.*?\*/)
  | (?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>\b\d(?:'?[0-9a-zA-Z_.])*)
  | (?P<char>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL)


def _blank(text):
    """As many lines, and nothing on them."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text, keep_strings=False):
    """The text with comments, and unless asked otherwise strings, turned into blanks: every
    other character stays on its line and in its column."""

    def replace(match):
        kind = match.lastgroup if match.lastgroup != "mark" else "raw"
        found = match.group(0)
        if kind == "number" or (keep_strings and kind in ("string", "char", "raw")):
            return found
        if kind in ("line", "block"):
            return _blank(found)
        return found[0] + _blank(found[1:-1]) + found[-1]

    return _TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
