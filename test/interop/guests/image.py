# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The first (and only) file system of a guest, made of what this machine has installed."""

import glob
import hashlib
import os
import pathlib
import shutil
import subprocess

from guests.cpio import Archive
from guests.errors import Unavailable
from guests.kernel import BOOT_MODULES, CM_MODULES
from guests.libraries import find_program, libraries_of, place_in_guest
from guests.places import INSIDE, build_folder, unfinished

# Program -> Debian package.
_PROGRAMS = {"rdma": "iproute2", "rping": "rdmacm-utils", "ucmatose": "rdmacm-utils",
             "udaddy": "rdmacm-utils", "cmtime": "rdmacm-utils"}
# What soft-RoCE's half in user space consists of: a library that is found by its name.
_PROVIDER = "/usr/lib/*/libibverbs/librxe-*.so"
_DRIVER = "/etc/libibverbs.d/rxe.driver"
# Loaded by name when the first thread ends, so that ldd does not know of it.
_LOADED_LATE = "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"


def make_image(kernel):
    """Writes the image for this kernel into the build folder; gives its path."""
    archive = Archive()
    for old in ("bin", "sbin", "lib", "lib64"):
        archive.add_link(old, "usr/" + old)
    for folder in ("proc", "sys", "dev", "run", "tmp", "usr/bin", "usr/sbin"):
        archive.add_folder(folder)
    busybox = find_program("busybox", "busybox-static")
    if libraries_of(busybox):
        raise Unavailable("the busybox here needs libraries: install busybox-static")
    _add(archive, busybox, "/usr/bin/busybox")
    archive.add_link("usr/bin/sh", "busybox")
    archive.add_file("init", (INSIDE / "init.sh").read_bytes(), executable=True)
    _add(archive, _agent(), "/usr/bin/weft-agent")
    for name, package in _PROGRAMS.items():
        _add(archive, find_program(name, package), "/usr/bin/" + name)
    _add(archive, pathlib.Path(_LOADED_LATE), _LOADED_LATE)
    _add_provider(archive)
    _add_modules(archive, kernel)
    content = archive.to_bytes()
    path = build_folder() / ("image-%s.cpio" % kernel.version)
    if not path.exists() or path.read_bytes() != content:
        part = unfinished(path)
        part.write_bytes(content)
        part.rename(path)
    return path


def _add(archive, file, place):
    """Adds a program or library, and the libraries that it needs."""
    archive.add_file(place, file.read_bytes(), executable=True)
    for library in libraries_of(file):
        if place_in_guest(library) not in archive:
            archive.add_file(place_in_guest(library), library.read_bytes(), executable=True)


def _add_provider(archive):
    found = glob.glob(_PROVIDER)
    if not found or not os.path.exists(_DRIVER):
        raise Unavailable("there is no soft-RoCE provider here; Debian's package "
                          "ibverbs-providers has it")
    for name in found:
        _add(archive, pathlib.Path(name), name)
    archive.add_file(_DRIVER, pathlib.Path(_DRIVER).read_bytes())


def _add_modules(archive, kernel):
    """The modules and a modules.dep that knows of no others."""
    folder = "usr/lib/modules/" + kernel.version
    files = kernel.module_files(BOOT_MODULES + CM_MODULES)
    lines = []
    for path in files:
        archive.add_file("%s/%s" % (folder, path), (kernel.modules / path).read_bytes())
    for line in (kernel.modules / "modules.dep").read_text(encoding="ascii").splitlines():
        if line.partition(":")[0] in files:
            lines.append(line + "\n")
    archive.add_file(folder + "/modules.dep", "".join(lines).encode())
    names = "".join(name + "\n" for name in BOOT_MODULES + CM_MODULES)
    archive.add_file("etc/modules", names.encode())


def _agent():
    """Compiles the agent, unless that has been done."""
    source = INSIDE / "agent.cc"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    program = build_folder() / ("weft-agent-" + digest)
    if not program.exists():
        compiler = shutil.which(os.environ.get("CXX", "c++")) or find_program("c++", "g++")
        part = unfinished(program)
        done = subprocess.run([str(compiler), "-std=c++20", "-O2", "-o", str(part), str(source)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable("the guests' agent does not compile:\n" + done.stderr)
        part.rename(program)
    return program
