# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where things lie, and the environment that programs are run in."""

import os
import sys

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(CHECKOUT, "tools")
BUILD = os.path.join(CHECKOUT, "build")
PYTHON = "/usr/bin/python3"


def variant_folder(variant):
    return os.path.join(BUILD, variant)


def cache_folder(name):
    """A folder for results that outlive a checkout, in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "weft", name)
    os.makedirs(folder, exist_ok=True)
    return folder


def processors():
    """How many processors this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def debian_path():
    """The PATH with Debian's own programs first: what Conda, pyenv and the like put before them
    is not what our packages belong to. Another compiler is chosen by CXX."""
    return os.pathsep.join(["/usr/bin", "/bin", os.environ.get("PATH", os.defpath)])


def python_command(*arguments):
    """Debian's Python, with its byte code kept out of the source tree."""
    prefix = sys.pycache_prefix or os.path.join(BUILD, "pycache")
    return [PYTHON, "-X", "pycache_prefix=" + prefix, *arguments]
