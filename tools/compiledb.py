# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""compile_commands.json from waf's C++ tasks, for clangd, clang-tidy and the other lint checks."""

import json
import os


def commands(tasks, directory):
    """One entry for each C++ task, sorted by file; the command is the one that waf would run."""
    entries = {}
    for task in tasks:
        if task.__class__.__name__ != "cxx":
            continue
        env = task.env
        arguments = env.CXX_BARE + env.CXXFLAGS
        arguments += [env.CPPPATH_ST % path for path in env.INCPATHS]
        arguments += [env.DEFINES_ST % define for define in env.DEFINES]
        source, target = task.inputs[0].abspath(), task.outputs[0].abspath()
        entries[source] = {
            "directory": directory,
            "file": source,
            "output": target,
            "arguments": arguments + ["-c", source, "-o", target],
        }
    return [entries[name] for name in sorted(entries)]


def write_database(path, entries):
    """Writes only what changed (clangd reindexes on a new file), and never half a file."""
    text = json.dumps(entries, indent=1) + "\n"
    try:
        with open(path, encoding="utf-8") as old:
            if old.read() == text:
                return
    except OSError:
        pass
    draft = "%s.%d" % (path, os.getpid())
    with open(draft, "w", encoding="utf-8") as new:
        new.write(text)
    os.replace(draft, path)
