# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Debian's kernel: the installed one, or its package unpacked into the build folder."""

import dataclasses
import fcntl
import pathlib
import re
import shutil
import subprocess

from guests.errors import Unavailable
from guests.places import build_folder

# Enough to boot on QEMU's virtio devices and to run soft-RoCE with and without the kernel's CM.
# soft-RoCE asks for "crc32" by an alias that needs a file the image has not got: so it comes first.
BOOT_MODULES = ["virtio_pci", "virtio-rng", "virtio_net", "crc32_generic", "rdma_rxe", "ib_uverbs",
                "ib_umad"]
CM_MODULES = ["rdma_ucm"]
_META_PACKAGE = "linux-image-amd64"
# Of the whole package (some 400 MB) only what can be needed.
_UNPACKED = ["./boot/vmlinuz-*", "./lib/modules/*/modules.*", "./lib/modules/*/kernel/lib/*",
             "./lib/modules/*/kernel/drivers/infiniband/*", "./lib/modules/*/kernel/net/core/*",
             "./lib/modules/*/kernel/net/ipv4/*", "./lib/modules/*/kernel/net/ipv6/*",
             "./lib/modules/*/kernel/drivers/net/*.ko", "./lib/modules/*/kernel/drivers/virtio/*",
             "./lib/modules/*/kernel/drivers/char/hw_random/*", "./lib/modules/*/kernel/crypto/*",
             "./lib/modules/*/kernel/arch/x86/crypto/*",
             "./lib/modules/*/kernel/fs/configfs/*"]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel image and its modules."""

    version: str
    image: pathlib.Path
    modules: pathlib.Path  # the folder lib/modules/VERSION

    def module_files(self, names):
        """The files of the modules and of all that they need, each after what it needs."""
        needs = _dependencies(self.modules)
        order = []

        def visit(path):
            for needed in needs[path]:
                visit(needed)
            if path not in order:
                order.append(path)

        by_name = {_name_of(path): path for path in needs}
        for name in names:
            if _plain(name) not in by_name:
                raise Unavailable("the kernel %s has no module %s" % (self.version, name))
            visit(by_name[_plain(name)])
        return order


def find_kernel():
    """The newest installed kernel that has soft-RoCE, or else Debian's, fetched by apt."""
    installed = _kernels_below(pathlib.Path("/"))
    if installed:
        return installed[-1]
    folder = build_folder() / "kernel"
    with open(build_folder() / "kernel.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _kernels_below(folder):
            _fetch(folder)
        fetched = _kernels_below(folder)
    if not fetched:
        raise Unavailable("Debian's kernel package in %s has no soft-RoCE" % folder)
    return fetched[-1]


def _kernels_below(root):
    found = []
    for image in (root / "boot").glob("vmlinuz-*"):
        version = image.name[len("vmlinuz-"):]
        modules = root / "lib" / "modules" / version
        if ((modules / "kernel/drivers/infiniband/sw/rxe/rdma_rxe.ko").is_file()
                and (modules / "modules.dep").is_file()):
            found.append(Kernel(version, image, modules))
    return sorted(found, key=lambda kernel: [int(word) for word in
                                             re.findall(r"\d+", kernel.version)])


def _fetch(folder):
    """Downloads the package and unpacks what is needed; half a work is never left behind."""
    for program in ("apt-get", "apt-cache", "dpkg-deb", "tar", "depmod"):
        if shutil.which(program) is None and not pathlib.Path("/sbin", program).exists():
            raise Unavailable("no kernel with soft-RoCE is installed, and without '%s' none can "
                              "be fetched" % program)
    package = _package_name()
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _call(["apt-get", "-q", "download", package], part, "download %s" % package)
    archive = next(part.glob("*.deb"))
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive.name], cwd=part,
                          stdout=subprocess.PIPE) as unpack:
        _call(["tar", "-x", "--wildcards", *_UNPACKED], part, "unpack %s" % archive.name,
              stdin=unpack.stdout)
    archive.unlink()
    version = next((part / "lib" / "modules").iterdir()).name
    _call(["/sbin/depmod", "-b", str(part), version], part, "list the modules")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _package_name():
    """The package that the meta package stands for at the moment."""
    for attempt in ("as it is", "after an update"):
        answer = subprocess.run(["apt-cache", "depends", _META_PACKAGE], capture_output=True,
                                text=True, check=False)
        found = re.search(r"^\s*Depends: (linux-image-\S+)$", answer.stdout, re.MULTILINE)
        if found:
            return found.group(1)
        if attempt == "as it is":  # minimal systems have no lists; who is not root cannot get them
            subprocess.run(["apt-get", "-q", "update"], stdin=subprocess.DEVNULL,
                           capture_output=True, check=False, timeout=600)
    raise Unavailable("no kernel with soft-RoCE is installed, and apt does not know the package "
                      "%s: run 'apt-get update'" % _META_PACKAGE)


def _call(command, folder, what, stdin=subprocess.DEVNULL):
    done = subprocess.run(command, cwd=folder, stdin=stdin, capture_output=True, text=True,
                          check=False, timeout=600)
    if done.returncode != 0:
        raise Unavailable("no kernel with soft-RoCE is installed, and it failed to %s: %s"
                          % (what, (done.stderr or done.stdout).strip()))


def _dependencies(modules):
    """modules.dep: file -> files that it needs, by paths below the folder."""
    needs = {}
    for line in (modules / "modules.dep").read_text(encoding="ascii").splitlines():
        path, _, needed = line.partition(":")
        needs[path] = needed.split()
    return needs


def _name_of(path):
    return _plain(pathlib.PurePath(path).name.partition(".")[0])


def _plain(name):
    """The kernel takes '-' and '_' for the same."""
    return name.replace("-", "_")
