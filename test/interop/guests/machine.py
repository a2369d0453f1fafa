# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One QEMU: the process, its console, its end."""

import shutil
import socket
import subprocess
import time

from guests.errors import GuestError, Unavailable

_QEMU = "qemu-system-x86_64"
_AGENT_PORT = 7777
_UP = "weft-guest: is up"
_COMPLAINT = "weft-guest: no "


def find_qemu():
    """The path of QEMU."""
    path = shutil.which(_QEMU)
    if path is None:
        raise Unavailable("there is no %s here; Debian's package qemu-system-x86 has it" % _QEMU)
    return path


class Machine:
    """A virtual machine, emulated: it needs no rights and no help from this machine's kernel."""

    def __init__(self, name, number, kernel, image, wire, folder, megabytes=768, processors=1):
        """
        kernel, image: what to boot.
        wire: path of the UNIX socket that the network card is plugged into.
        folder: for the console's log. The machine boots at once; see wait_until_up.
        """
        self.name = name
        self.console = folder / ("%s-console.log" % name)
        self.console.write_bytes(b"")
        self.port = _free_port()
        mac = "52:54:00:77:00:%02x" % number
        command = [
            find_qemu(), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", str(processors),
            "-m", str(megabytes), "-kernel", str(kernel), "-initrd", str(image),
            "-append", "console=ttyS0 quiet panic=-1 net.ifnames=0 mitigations=off "
                       "weft.name=%s weft.address=%d" % (name, number),
            "-serial", "file:%s" % self.console, "-monitor", "none",
            "-device", "virtio-rng-pci",
            "-netdev", "stream,id=wire,server=off,addr.type=unix,addr.path=%s" % wire,
            "-device", "virtio-net-pci,netdev=wire,mac=%s,addr=0x5" % mac,
            "-netdev", "user,id=control,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:%d-:%d"
                       % (self.port, _AGENT_PORT),
            "-device", "virtio-net-pci,netdev=control,addr=0x6"]
        self._errors = open(folder / ("%s-qemu.log" % name), "w+", encoding="utf-8")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._errors,
                                         stderr=self._errors)

    def wait_until_up(self, timeout=300):
        """Waits until the agent in the guest takes commands."""
        deadline = time.monotonic() + timeout
        while _UP not in self.console_text():
            if self._process.poll() is not None:
                raise GuestError("%s did not boot: %s" % (self.name, self.last_words()))
            if time.monotonic() > deadline:
                raise GuestError("%s has not booted in %d s: %s"
                                 % (self.name, timeout, self.last_words()))
            time.sleep(0.05)
        if _COMPLAINT in self.console_text():
            raise GuestError("%s did not come up as it should: %s"
                             % (self.name, self.last_words()))

    def is_running(self):
        """Whether QEMU runs."""
        return self._process.poll() is None

    def console_text(self):
        """All that the guest's kernel and first program have said."""
        return self.console.read_text(encoding="utf-8", errors="replace")

    def last_words(self):
        """The end of the console's log, and what QEMU says."""
        self._errors.seek(0)
        lines = self.console_text().splitlines()[-30:]
        return "\n".join([self._errors.read().strip(), "(console %s)" % self.console, *lines])

    def stop(self):
        """Ends QEMU."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._errors.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
