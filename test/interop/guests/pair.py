# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The two guests, their programs, and which Connection Manager each of them runs."""

import pathlib
import shutil
import tempfile

from guests.channel import Program
from guests.errors import GuestError
from guests.image import make_image
from guests.kernel import CM_MODULES, find_kernel
from guests.libraries import libraries_of, place_in_guest
from guests.machine import Machine, find_qemu
from guests.vmlinux import bare_image
from relay.wire import Wire

HOSTS = ("client", "server")


class Guest:
    """A guest that is up."""

    def __init__(self, name, number, port):
        self.name = name
        self.address = "10.77.0.%d" % number
        self.address6 = "fd77::%d" % number
        self.port = port  # of the agent, on this machine's loopback interface
        self._present = set()

    def start(self, command):
        """Starts a command line of the shell; gives the Program."""
        return Program(self.port, command)

    def run(self, command, timeout=30, check=True):
        """Runs a command line to its end; gives the Outcome. A status other than 0 is an error."""
        with self.start(command) as program:
            program.end_input()
            outcome = program.wait(timeout)
        if check and outcome.status != 0:
            raise GuestError("%s: '%s' ended with status %d:\n%s"
                             % (self.name, command, outcome.status, outcome.text))
        return outcome

    def put(self, content, place, executable=False):
        """Writes a file in the guest."""
        with self.start("mkdir -p $(dirname %s) && head -c %d >%s.part && chmod %s %s.part && "
                        "mv %s.part %s" % (place, len(content), place,
                                           "755" if executable else "644", place, place, place)
                        ) as program:
            program.send(content)
            program.end_input()
            outcome = program.wait(120)
        if outcome.status != 0:
            raise GuestError("%s: cannot write %s: %s" % (self.name, place, outcome.text))

    def install(self, file, name=None):
        """Puts a program of this machine, and the libraries that it needs, into the guest."""
        file = pathlib.Path(file)
        for library in libraries_of(file):
            place = place_in_guest(library)
            if place not in self._present:
                if self.run("test -e %s" % place, check=False).status != 0:
                    self.put(library.read_bytes(), place, executable=True)
                self._present.add(place)
        self.put(file.read_bytes(), "/usr/bin/" + (name or file.name), executable=True)

    def get(self, place):
        """The content of a text file in the guest."""
        return self.run("cat %s" % place).output

    def use_kernel_cm(self):
        """From now on the kernel's Connection Manager answers for this host."""
        for module in CM_MODULES:
            self.run("modprobe %s" % module)

    def use_own_cm(self):
        """Unloads the kernel's Connection Manager: a program may take its place."""
        self.run("for module in rdma_ucm rdma_cm iw_cm ib_cm; do "
                 "! grep -q \"^$module \" /proc/modules || rmmod $module || exit 1; done")


class Pair:
    """Boots both guests, with a wire between them. Use as a context."""

    def __init__(self, folder=None, processors=1, megabytes=768):
        """folder: for consoles and captures. Raises Unavailable if this machine lacks something."""
        find_qemu()
        kernel = find_kernel()
        bare = bare_image(kernel.image)
        image = make_image(kernel)
        # A socket's path has to be short, which a folder given may not be.
        self._sockets = pathlib.Path(tempfile.mkdtemp(prefix="weft-wire-"))
        self.folder = pathlib.Path(folder) if folder else self._sockets
        self._machines = []
        self.wire = Wire(self._sockets, HOSTS)
        try:
            for number, name in enumerate(HOSTS, 1):
                self._machines.append(Machine(name, number, bare, image,
                                              self.wire.path_for(name), self.folder,
                                              megabytes, processors))
            for machine in self._machines:
                machine.wait_until_up()
        except BaseException:
            self.close()
            raise
        self.client, self.server = (Guest(machine.name, number, machine.port) for number, machine
                                    in enumerate(self._machines, 1))

    def guests(self):
        """Both."""
        return {"client": self.client, "server": self.server}

    def console_tails(self):
        """The last words of both guests, for a failure's report."""
        return "\n\n".join(machine.last_words() for machine in self._machines)

    def close(self):
        """Ends both guests and the wire."""
        for machine in self._machines:
            machine.stop()
        self.wire.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
