# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Programs of this machine and the libraries that they need elsewhere."""

import os
import pathlib
import re
import shutil
import subprocess

from guests.errors import Unavailable


def find_program(name, package):
    """The path of an installed program."""
    path = shutil.which(name, path=os.pathsep.join(["/usr/bin", "/usr/sbin", "/bin", "/sbin"]))
    if path is None:
        raise Unavailable("there is no '%s' here; Debian's package %s has it" % (name, package))
    return pathlib.Path(path)


def libraries_of(file):
    """The shared libraries that the loader maps for a program, and the loader itself."""
    answer = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False,
                            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    missing = re.findall(r"^\s*(\S+) => not found", answer.stdout, re.MULTILINE)
    if missing:
        raise Unavailable("%s needs %s, which this machine has not got"
                          % (file, ", ".join(missing)))
    return [pathlib.Path(path) for path in
            re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", answer.stdout, re.MULTILINE)]


def place_in_guest(path):
    """Where a file of this machine lies in a guest: as /usr is all there is, below /usr."""
    text = os.path.abspath(str(path))
    return text if text.startswith("/usr/") else "/usr" + text
