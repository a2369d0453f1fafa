# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes captures in which a packet can have a comment: pcapng."""

import struct

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_PACKET = 6
_ORDER_MAGIC = 0x1A2B3C4D
_ETHERNET = 1
_OPTION_COMMENT = 1
_OPTION_NAME = 2


class Writer:
    """One file. The interfaces are named in the order of their numbers."""

    def __init__(self, path, interfaces):
        self._file = open(path, "wb")
        self._block(_SECTION, struct.pack("=IHHq", _ORDER_MAGIC, 1, 0, -1))
        for name in interfaces:
            self._block(_INTERFACE, struct.pack("=HHI", _ETHERNET, 0, 0)
                        + _options([(_OPTION_NAME, name.encode())]))

    def write(self, seconds, interface, frame, comment=None):
        """Adds a packet; seconds since 1970."""
        stamp = int(seconds * 1e6)
        head = struct.pack("=IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF,
                           len(frame), len(frame))
        options = _options([(_OPTION_COMMENT, comment.encode())]) if comment else b""
        self._block(_PACKET, head + _padded(frame) + options)

    def flush(self):
        """Lets readers see all of it."""
        self._file.flush()

    def close(self):
        """Ends the file."""
        self._file.close()

    def _block(self, kind, body):
        length = 12 + len(body)
        self._file.write(struct.pack("=II", kind, length) + body + struct.pack("=I", length))


def _options(options):
    pieces = [struct.pack("=HH", code, len(value)) + _padded(value) for code, value in options]
    return b"".join(pieces) + struct.pack("=HH", 0, 0)


def _padded(piece):
    return piece + b"\0" * (-len(piece) % 4)
