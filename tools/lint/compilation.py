# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""For the checks made by Clang: how each file is compiled, what it includes, what is known of it.

A result is kept in the user's cache under a key made of all that it depends on: the checker, its
settings, the command, and the contents of the file and of every header of ours that it reaches.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import re

from launch.places import cache_folder, processors
from lint.program import run
from lint.tree import Finding, code_only

_QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_LINE = re.compile(r"^(?P<path>/?[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?(?:error|warning): "
                   r"(?P<message>.+)$", re.MULTILINE)
# Flags that only GCC knows.
_GCC_ONLY = ("-Wsuggest-override",)


class Compilation:
    """The commands of compile_commands.json, for Clang."""

    def __init__(self, tree, entries=None):
        self.tree = tree
        if entries is None:
            with open(os.path.join(tree.root, "compile_commands.json"), encoding="utf-8") as file:
                entries = json.load(file)
        self._flags = {os.path.relpath(entry["file"], tree.root): self._of(entry)
                       for entry in entries}

    def _of(self, entry):
        words = [word for word in entry["arguments"][1:] if word not in _GCC_ONLY]
        flags = []
        for word in words[:words.index("-c")]:
            if word.startswith("-I") and not os.path.isabs(word[2:]):
                # The build folder's include paths are relative to it.
                word = "-I" + os.path.join(entry["directory"], word[2:])
            flags.append(word)
        return flags

    def sources(self, *folders):
        """The compiled files under any of the folders."""
        return [name for name in self.tree.cxx(*folders)
                if name in self._flags and self.tree.exists(name)]

    def flags(self, name):
        return self._flags[name]

    @functools.lru_cache(maxsize=None)
    def _direct(self, name):
        """The headers of ours that the file itself includes."""
        text = code_only(self.tree.text(name), keep_strings=True)
        headers = []
        for header in _QUOTED.findall(text):
            for base in ("src", name.partition("/")[0], os.path.dirname(name)):
                path = os.path.normpath(os.path.join(base, header))
                if self.tree.exists(path):
                    headers.append(path)
                    break
        return headers

    def reached(self, name):
        """The file and every header of ours that it reaches, sorted."""
        seen = set()
        waiting = [name]
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting += self._direct(path)
        return sorted(seen)

    @functools.lru_cache(maxsize=None)
    def _content(self, name):
        return hashlib.sha256(self.tree.text(name).encode()).hexdigest()

    def key(self, name, *more):
        """Changes whenever the result of a checker on this file may."""
        root = self.tree.root
        flags = [flag.replace(root, "") for flag in self.flags(name)]
        parts = [more, flags, [(path, self._content(path)) for path in self.reached(name)]]
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _library_versions(tree):
    """The installed packages whose headers our sources may include, and their versions."""
    if not tree.exists("tools/packages.txt"):
        return ""
    names = [name for name in tree.text("tools/packages.txt").split() if name.endswith("-dev")]
    _, versions = run(["dpkg-query", "-W", *names], tree.root)
    return versions


def check_all(compilation, names, command_of, settings, cache=None):
    """Runs command_of(name) for each file whose result is not known; yields the findings.

    'settings' goes into the keys: the checker's version and configuration.
    """
    cache = cache or cache_folder("lint")
    settings = (settings, _library_versions(compilation.tree))

    def one(name):
        place = os.path.join(cache, compilation.key(name, settings))
        try:
            with open(place, encoding="utf-8") as file:
                return [Finding(*found) for found in json.load(file)]
        except (OSError, ValueError):
            pass
        status, output = run(command_of(name), compilation.tree.root)
        found, complete = _findings(compilation.tree.root, name, status, output)
        if not complete:
            return found
        draft = "%s.%d" % (place, os.getpid())
        with open(draft, "w", encoding="utf-8") as file:
            json.dump([[f.path, f.line, f.message] for f in found], file)
        os.replace(draft, place)
        return found

    with concurrent.futures.ThreadPoolExecutor(max_workers=processors()) as pool:
        # A header's fault shows in every file that includes it, and is said once.
        yield from sorted({found for result in pool.map(one, names) for found in result})


def _findings(root, name, status, output):
    """The findings, and whether they are all: a file that does not compile was not checked."""
    found = []
    for match in _LINE.finditer(output):
        path = match["path"]
        if os.path.isabs(path):
            path = os.path.relpath(path, root)
        found.append(Finding(path, int(match["line"]), match["message"]))
    if status != 0 and not found:
        return [Finding(name, 1, "the checker failed: " + output.strip()[-2000:])], False
    return found, not any("[clang-diagnostic-error]" in finding.message for finding in found)
