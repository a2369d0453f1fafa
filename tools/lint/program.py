# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs the programs that some checks are made of."""

import shutil
import subprocess


def missing(name):
    return shutil.which(name) is None


def run(command, folder, text=None):
    """(exit status, standard output and error together)."""
    done = subprocess.run(command, cwd=folder, input=text or "", text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout
