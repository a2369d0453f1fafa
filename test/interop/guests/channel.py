# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Programs in a guest, seen from outside: input, output, signals, exit status."""

import dataclasses
import socket
import struct
import threading
import time

from guests.errors import GuestError, Late

_HEAD = struct.Struct(">cI")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    status: int  # as the shell has it: 128 + signal
    output: str
    errors: str

    @property
    def text(self):
        """Output and errors, for messages."""
        return (self.output + self.errors).strip()


class Program:
    """A program that runs in a guest. It is killed when this end closes."""

    def __init__(self, port, command, timeout=20):
        self.command = command
        self._changed = threading.Condition()
        self._streams = {b"O": bytearray(), b"E": bytearray()}
        self._status = None
        self._ended = False
        self._read = 0  # so far of the output has been given away by read_line
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        except OSError as error:
            raise GuestError("the guest cannot be reached: %s" % error) from error
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(b"C", command.encode())
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()

    def send(self, data):
        """Gives the program input: text or bytes."""
        data = data.encode() if isinstance(data, str) else data
        for start in range(0, len(data), 65536):
            self._send(b"I", data[start:start + 65536])

    def end_input(self):
        """Lets the program read the end of its input."""
        self._send(b"I", b"")

    def signal(self, number):
        """Sends a signal to the program and its children."""
        self._send(b"K", b"%d" % number)

    def read_line(self, timeout=10):
        """The next line of the output without its end; None when there are no more lines."""
        with self._changed:
            def end_of_line():
                return self._streams[b"O"].find(b"\n", self._read)

            self._wait(lambda: end_of_line() >= 0 or self._ended, timeout, "a line of output")
            end = end_of_line()
            if end < 0:
                return None
            line = self._streams[b"O"][self._read:end]
            self._read = end + 1
            return line.decode(errors="replace").rstrip("\r")

    def wait_for(self, text, timeout=10):
        """Waits until the text is in the output or among the errors."""
        with self._changed:
            def seen():
                return any(text.encode() in stream for stream in self._streams.values())

            self._wait(lambda: seen() or self._ended, timeout, "'%s'" % text)
            if not seen():
                raise GuestError("'%s' ended with %s and did not say '%s':\n%s"
                                 % (self.command, self._status, text, self._outcome().text))

    def wait(self, timeout=30):
        """Waits for the program to end. Late leaves it running."""
        with self._changed:
            self._wait(lambda: self._ended, timeout, "its end")
            if self._status is None:
                raise GuestError("the guest went away while '%s' ran:\n%s"
                                 % (self.command, self._outcome().text))
            return self._outcome()

    def copy_to(self, output, errors):
        """Passes all that the program says on to two binary files until it ends; its status."""
        done = {b"O": 0, b"E": 0}
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._ended or any(len(self._streams[kind]) > count
                                               for kind, count in done.items()))
                new = {kind: bytes(self._streams[kind][count:]) for kind, count in done.items()}
                ended = self._ended
            for kind, file in ((b"O", output), (b"E", errors)):
                file.write(new[kind])
                file.flush()
                done[kind] += len(new[kind])
            if ended:
                return self.wait(0).status

    def is_running(self):
        """Whether the program has not ended."""
        with self._changed:
            return not self._ended

    def so_far(self):
        """What the program has said until now: output and errors."""
        with self._changed:
            return self._outcome().text

    def close(self):
        """Kills the program if it still runs."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.join()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _send(self, kind, body):
        try:
            self._socket.sendall(_HEAD.pack(kind, len(body)) + body)
        except OSError as error:
            raise GuestError("the guest cannot be reached any more: %s" % error) from error

    def _wait(self, reached, timeout, what):
        deadline = time.monotonic() + timeout
        while not reached():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late("'%s': waited %g s for %s; it has said:\n%s"
                           % (self.command, timeout, what, self._outcome().text))
            self._changed.wait(left)

    def _outcome(self):
        output, errors = (self._streams[kind].decode(errors="replace") for kind in (b"O", b"E"))
        return Outcome(self._status, output, errors)

    def _receive(self):
        try:
            while True:
                head = self._receive_exactly(_HEAD.size)
                kind, length = _HEAD.unpack(head)
                body = self._receive_exactly(length)
                with self._changed:
                    if kind == b"X":
                        self._status = int(body)
                        break
                    self._streams[kind] += body
                    self._changed.notify_all()
        except (OSError, EOFError):
            pass
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _receive_exactly(self, count):
        pieces = bytearray()
        while len(pieces) < count:
            piece = self._socket.recv(count - len(pieces))
            if not piece:
                raise EOFError
            pieces += piece
        return bytes(pieces)
