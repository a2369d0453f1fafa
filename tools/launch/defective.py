# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Defective cores: copies of src/ibcm with an exhibit's patch, and programs that are built of them.

The tree itself is never touched.
"""

import hashlib
import os
import shutil
import subprocess

from defects import FOLDER, TARGET, headers_of_others, patched_files
from launch.errors import WeftError
from launch.places import CHECKOUT

SOURCES = os.path.join(CHECKOUT, "src")


def folder_of(exhibit):
    """Where the copy is, and all that is made of it."""
    return os.path.join(CHECKOUT, FOLDER, exhibit.name)


def sources_of(exhibit):
    """What stands before 'src' when the copy is compiled."""
    return os.path.join(folder_of(exhibit), "src")


def target_of(exhibit):
    return TARGET + exhibit.name


def prepare(exhibit, sources=SOURCES):
    """Brings the copy up to date; raises WeftError when the patch does not apply as it is."""
    with open(exhibit.patch, encoding="utf-8") as file:
        patch = file.read()
    changed = _checked(exhibit, patch, sources)
    folder = folder_of(exhibit)
    stamp = os.path.join(folder, "made-of")
    made_of = _digest(patch, os.path.join(sources, "ibcm"))
    if _text(stamp) == made_of:
        return
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(sources, "ibcm"), os.path.join(sources_of(exhibit), "ibcm"))
    _apply(exhibit, folder)
    _write(os.path.join(folder, "patched"), "\n".join(changed) + "\n")
    _write(stamp, made_of)


def build(exhibits, builder, more=()):
    """Programs with the cores of the exhibits, and other targets."""
    problems = []
    for exhibit in exhibits:
        try:
            prepare(exhibit)
        except WeftError as error:
            problems.append(str(error))
    if problems:
        raise WeftError("\n".join(problems))
    builder.build([target_of(exhibit) for exhibit in exhibits] + list(more))


def _checked(exhibit, patch, sources):
    changed = patched_files(patch)
    if not changed:
        raise WeftError("%s: defect.patch changes nothing; expected '+++ b/src/ibcm/…'"
                        % exhibit.name)
    outside = [name for name in changed if not name.startswith("ibcm/")]
    if outside:
        raise WeftError("%s: defect.patch changes src/%s, expected files below src/ibcm only"
                        % (exhibit.name, outside[0]))
    shared = sorted(headers_of_others(sources).intersection(changed))
    if shared:
        raise WeftError("%s: defect.patch changes src/%s, which lab includes: it would be "
                        "compiled against another header than the core" % (exhibit.name, shared[0]))
    return changed


def _apply(exhibit, folder):
    rejects = os.path.join(folder, "rejected")
    done = subprocess.run(
        ["patch", "-p1", "--fuzz=0", "--batch", "--no-backup-if-mismatch",
         "--reject-file=" + rejects, "--input=" + exhibit.patch],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", check=False)
    if done.returncode != 0:
        raise WeftError("%s: defect.patch does not apply to src/ibcm any more:\n%s\n%s"
                        % (exhibit.name, done.stdout.rstrip(), _text(rejects).rstrip()))


def _digest(patch, folder):
    digest = hashlib.sha256(patch.encode())
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            digest.update(os.path.relpath(path, folder).encode() + b"\0")
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def _text(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
