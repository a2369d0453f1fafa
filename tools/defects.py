# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a patch to the core reaches: read by the launcher (preparing) and by wscript (building).

A defective core is a copy of src/ibcm in build/bugs/NAME/src/ibcm with a patch applied. Of it is
compiled what the patch reaches; all other objects are those of the real core, whose sources are
the same.
"""

import functools
import glob
import os
import re

FOLDER = "build/bugs"  # NAME/src/ibcm is the copy, NAME/patched lists what the patch has changed
TARGET = "bug-"  # and the name: the target of a program with that core

_INCLUDE = re.compile(r'^\s*#\s*include\s*"(ibcm/[^"]+)"', re.MULTILINE)


def patched_files(patch):
    """The files that the text of a patch changes, as 'ibcm/model/req.cc'."""
    return re.findall(r"^\+\+\+ \w+/src/(\S+)", patch, re.MULTILINE)


def reached_units(sources, changed):
    """The .cc files below the folder of sources that are, or include, one of the changed files."""
    files = glob.glob(os.path.join(sources, "ibcm", "**", "*.cc"), recursive=True)
    units = sorted(os.path.relpath(file, sources) for file in files)
    return [unit for unit in units if not _reached(sources, [unit]).isdisjoint(changed)]


def headers_of_others(sources):
    """The core's headers that lab sees: what they declare is compiled into more than the core."""
    named = set()
    for file in glob.glob(os.path.join(sources, "lab", "**", "*.*"), recursive=True):
        named.update(_named(file))
    return _reached(sources, sorted(named))


def _reached(sources, names):
    """The files of the core and all that they include of it."""
    seen = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _named(os.path.join(sources, name))
    return seen


@functools.lru_cache(maxsize=None)
def _named(file):
    if not os.path.isfile(file):
        return []
    with open(file, encoding="utf-8") as source:
        return _INCLUDE.findall(source.read())
