# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Finding the kernel in its image, the archive of the first file system, and the modules' order."""

import gzip
import lzma
import shutil
import subprocess

import pytest

from guests import vmlinux
from guests.cpio import Archive
from guests.errors import Unavailable
from guests.kernel import Kernel

KERNEL = b"\x7fELF" + bytes(range(256)) * 300 + b"\x12\x00\x00\x00Xen\x00" + bytes(100)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_is_found_behind_what_looks_like_it(pack):
    false_start = b"setup" + b"\xfd7zXZ\x00" + b"\x1f\x8b\x08" + b"nothing of the kind"
    assert vmlinux.unpacked(false_start + pack(KERNEL) + b"trailer") == KERNEL


@pytest.mark.parametrize("inside", [b"no kernel" * 100, KERNEL.replace(b"Xen", b"Zen")])
def test_what_cannot_be_started_bare(inside):
    assert vmlinux.unpacked(b"setup" + lzma.compress(inside)) is None


def test_no_packing_that_we_know():
    assert vmlinux.unpacked(b"setup" + b"\x28\xb5\x2f\xfd" + KERNEL) is None


@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox unpacks the archive")
def test_the_archive_is_what_was_put_in(tmp_path):
    archive = Archive()
    archive.add_file("/usr/bin/x", b"content", executable=True)
    archive.add_file("etc/y", b"")
    archive.add_link("bin", "usr/bin")
    archive.add_folder("proc")
    subprocess.run(["busybox", "cpio", "-i"], cwd=tmp_path, input=archive.to_bytes(), check=True,
                   capture_output=True)
    assert (tmp_path / "bin/x").read_bytes() == b"content"
    assert (tmp_path / "usr/bin/x").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "etc/y").stat().st_size == 0 and (tmp_path / "proc").is_dir()
    assert "usr/bin/x" in archive and "usr/bin/z" not in archive


@pytest.fixture(name="kernel")
def fixture_kernel(tmp_path):
    (tmp_path / "modules.dep").write_text(
        "kernel/a.ko: kernel/b-c.ko kernel/d.ko\nkernel/b-c.ko: kernel/d.ko\nkernel/d.ko:\n"
        "kernel/e.ko:\n")
    return Kernel("1.0", tmp_path / "vmlinuz", tmp_path)


def test_modules_come_after_what_they_need(kernel):
    assert kernel.module_files(["a", "e"]) == [
        "kernel/d.ko", "kernel/b-c.ko", "kernel/a.ko", "kernel/e.ko"]
    assert kernel.module_files(["b_c"]) == ["kernel/d.ko", "kernel/b-c.ko"]


def test_a_module_that_is_not_there(kernel):
    with pytest.raises(Unavailable, match="has no module f"):
        kernel.module_files(["f"])
