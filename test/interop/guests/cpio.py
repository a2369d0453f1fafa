# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Archives of the form that the kernel unpacks as its first file system: cpio, 'newc'."""

import stat


class Archive:
    """Collects files, and makes the folders that they lie in."""

    def __init__(self):
        self._entries = {}

    def add_file(self, path, content, executable=False):
        """Adds a file with this content (bytes)."""
        self._add_folders(path)
        self._entries[path.strip("/")] = (stat.S_IFREG | (0o755 if executable else 0o644), content)

    def add_link(self, path, target):
        """Adds a symbolic link."""
        self._add_folders(path)
        self._entries[path.strip("/")] = (stat.S_IFLNK | 0o777, target.encode())

    def add_folder(self, path):
        """Adds an empty folder."""
        self._add_folders(path.strip("/") + "/x")

    def __contains__(self, path):
        return path.strip("/") in self._entries

    def to_bytes(self):
        """The archive. The same entries give the same bytes."""
        pieces = []
        for number, path in enumerate(sorted(self._entries), 1):
            mode, content = self._entries[path]
            pieces.append(_entry(path, number, mode, content))
        pieces.append(_entry("TRAILER!!!", 0, 0, b""))
        return b"".join(pieces)

    def _add_folders(self, path):
        words = path.strip("/").split("/")[:-1]
        for length in range(1, len(words) + 1):
            self._entries.setdefault("/".join(words[:length]), (stat.S_IFDIR | 0o755, b""))


def _entry(path, number, mode, content):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = [number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(head + name) + _padded(content)


def _padded(piece):
    return piece + b"\0" * (-len(piece) % 4)
