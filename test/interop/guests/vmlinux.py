# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
The kernel without its wrapping. QEMU can start the bare image at once (PVH); to unpack itself in an
emulated machine takes the kernel longer than all the rest of its boot.
"""

import hashlib
import lzma
import zlib

from guests.places import build_folder, unfinished

_ELF = b"\x7fELF"
# How what is inside begins -> what unpacks it.
_PACKINGS = {b"\xfd7zXZ\x00": lzma.LZMADecompressor,
             b"\x1f\x8b\x08": lambda: zlib.decompressobj(wbits=31)}
# The note that QEMU needs: type 18 of "Xen", the entry point for PVH.
_PVH_NOTE = b"\x12\x00\x00\x00Xen\x00"


def bare_image(image):
    """The unpacked kernel, or the image given if it is packed otherwise or cannot be so started."""
    content = image.read_bytes()
    bare = build_folder() / ("vmlinux-" + hashlib.sha256(content).hexdigest()[:16])
    if not bare.exists():
        inside = unpacked(content)
        if inside is None:
            return image
        part = unfinished(bare)
        part.write_bytes(inside)
        part.rename(bare)
    return bare


def unpacked(content):
    """The bare kernel in an image; None if there is none that can be started."""
    for magic, make in _PACKINGS.items():
        place = content.find(magic)
        while place >= 0:
            try:
                inside = make().decompress(content[place:])
            except (lzma.LZMAError, zlib.error):
                inside = b""  # what looks like the beginning, and is not
            if inside.startswith(_ELF) and _PVH_NOTE in inside:
                return inside
            place = content.find(magic, place + 1)
    return None
