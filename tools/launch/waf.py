# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Finds waf 2.x: $WAFDIR, a 'waf' on the PATH, or the copy inside Debian's package xmds2."""

import glob
import os
import re
import shutil
import subprocess
import sys

from launch.errors import WeftError, usage_error
from launch.places import BUILD, TOOLS, python_command

_PACKAGE = "xmds2"
_INSIDE = "usr/lib/python3/dist-packages/xpdeint/waf"
_VERSION = re.compile(r"""^WAFVERSION\s*=\s*['"]([0-9.]+)['"]""", re.MULTILINE)


def waf_command():
    """The command that runs waf; further arguments are waf's."""
    given = os.environ.get("WAFDIR")
    if given:
        return _run_from(_checked(os.path.abspath(given), "$WAFDIR"))
    program = shutil.which("waf")
    if program and _program_version(program).startswith("2."):
        return [program]
    return _run_from(_fetched())


def _run_from(folder):
    return python_command("-E", os.path.join(TOOLS, "run_waf.py"), folder)


def _library_version(folder):
    try:
        with open(os.path.join(folder, "waflib", "Context.py"), encoding="utf-8") as source:
            match = _VERSION.search(source.read())
    except OSError:
        return None
    return match.group(1) if match else None


def _checked(folder, name):
    version = _library_version(folder)
    if version is None:
        raise usage_error("%s is %s, which has no waflib in it" % (name, folder))
    if not version.startswith("2."):
        raise usage_error("%s is %s, which has waf %s; Weft's wscript needs waf 2.x"
                          % (name, folder, version))
    return folder


def _program_version(program):
    # In the build folder: waf called in a folder with a wscript wants to know about that first.
    os.makedirs(BUILD, exist_ok=True)
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, cwd=BUILD,
                            stdin=subprocess.DEVNULL, check=False)
    match = re.search(r"waf ([0-9.]+)", answer.stdout)
    return match.group(1) if match else ""


def _fetched():
    """The unpacked package, which is not installed: nobody asked for an equation solver."""
    unpacked = os.path.join(BUILD, "waf")
    folder = os.path.join(unpacked, _INSIDE)
    if _library_version(folder):
        return folder
    print("weft: fetching waf (inside Debian's package %s)" % _PACKAGE, file=sys.stderr)
    draft = "%s.%d" % (unpacked, os.getpid())
    shutil.rmtree(draft, ignore_errors=True)
    os.makedirs(draft)
    try:
        archive = _download(draft)
        _must(["dpkg-deb", "-x", archive, draft], draft)
        os.remove(archive)
        _checked(os.path.join(draft, _INSIDE), "the package " + _PACKAGE)
        shutil.rmtree(unpacked, ignore_errors=True)
        os.rename(draft, unpacked)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _download(folder):
    # apt would rather be '_apt', who may not write here, and says so.
    fetch = ["apt-get", "-q", "download", "-o", "APT::Sandbox::User=root", _PACKAGE]
    if subprocess.run(fetch, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL,
                      check=False).returncode != 0:
        # Containers come with empty package lists, and old lists name files that are gone.
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        _must(root + ["apt-get", "-q", "update"], folder)
        _must(fetch, folder)
    archives = glob.glob(os.path.join(folder, _PACKAGE + "_*.deb"))
    if len(archives) != 1:
        raise WeftError("apt-get downloaded no archive of the package " + _PACKAGE)
    return archives[0]


def _must(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise usage_error("there is no %s here to fetch waf with: set WAFDIR to the folder of a "
                          "waf 2.x" % command[0]) from None
    if done.returncode != 0:
        raise WeftError("%s\nfailed, so that there is no waf; set WAFDIR to the folder of a "
                        "waf 2.x, or put it on the PATH:\n%s" % (" ".join(command), done.stdout))
