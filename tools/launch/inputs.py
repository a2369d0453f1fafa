# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fingerprints of what a build reads, so that a build with nothing to do is not even started."""

import hashlib
import os
import shutil

import defects
from launch.places import CHECKOUT, debian_path
from variants import VARIANTS

_BUILD_FILES = ["wscript"] + [
    os.path.join("tools", name)
    for name in ("compiledb.py", "defects.py", "exhibit_build.py", "parts.py", "variants.py")
]
# What waf and the compilers take from the environment.
_VARIABLES = ("CXX", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LINKFLAGS", "PKG_CONFIG_PATH", "WAFDIR")


def configuration(variant):
    """Changes when 'waf configure' has to be run again."""
    digest = hashlib.sha256()
    digest.update(repr([CHECKOUT, variant, VARIANTS[variant]]).encode())
    for name in _BUILD_FILES:
        with open(os.path.join(CHECKOUT, name), "rb") as source:
            digest.update(source.read())
    for name in _VARIABLES:
        digest.update(("%s=%s\n" % (name, os.environ.get(name))).encode())
    compiler = os.environ.get("CXX") or VARIANTS[variant][0] or "g++"
    program = shutil.which(compiler.split()[-1], path=debian_path())
    if program:
        found = os.stat(program)
        digest.update(repr([program, found.st_size, found.st_mtime_ns]).encode())
    # Found when configuring, and worth much: it may have been installed since.
    digest.update(repr(shutil.which("ccache")).encode())
    return digest.hexdigest()


def folders_of(target):
    """The source folders, relative to the checkout, that the target may depend on."""
    if target.startswith("test-"):
        return ["src", "test/" + target[len("test-"):], "test"]
    if target.startswith("fuzz-"):
        return ["src", "test/fuzz"]
    if target.endswith("-bench"):
        return ["src", "bench"]
    if target.startswith(defects.TARGET):
        return ["src", os.path.join(defects.FOLDER, target[len(defects.TARGET):])]
    if target == "python-module":
        return ["src", "bindings"]
    return ["src"]


def sources(target):
    """Changes when a file that the target may depend on is added, removed or written."""
    digest = hashlib.sha256()
    for folder in folders_of(target):
        # 'test' alone: the headers shared by the tests, not every part's tests.
        for path, found in _files(os.path.join(CHECKOUT, folder), deep=folder != "test"):
            digest.update(repr((path, found.st_mtime_ns, found.st_size)).encode())
    return digest.hexdigest()


def _files(folder, deep):
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir(follow_symlinks=False):
            if deep:
                yield from _files(entry.path, deep)
        else:
            yield entry.path, entry.stat()
