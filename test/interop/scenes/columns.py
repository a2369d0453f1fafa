# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A pair of guests in which each side runs the Connection Manager of its column, and its jobs."""

import concurrent.futures
import os
import pathlib
import subprocess
import threading
import time

from guests.errors import GuestError, Unavailable
from guests.libraries import find_program
from guests.pair import Pair
from guests.places import CHECKOUT, build_folder, unfinished
from scenes.shell import Shell

# Column -> who runs on the client, and on the server.
COLUMNS = {"kernel-kernel": ("kernel", "kernel"), "kernel-ours": ("kernel", "ours"),
           "ours-kernel": ("ours", "kernel")}
# The same with ours behaving as Linux 6.1 does.
LINUX_COLUMNS = {"kernel-linux61": ("kernel", "ours"), "linux61-kernel": ("ours", "kernel")}
_KERNEL_SHELL = "rdmacm-shell"
_OWN_PROGRAM = "weft-cm"


def own_program(variant=None):
    """The program with our Connection Manager; a variant is built when it is asked for."""
    if variant:
        done = subprocess.run([str(CHECKOUT / "weft"), "build", _OWN_PROGRAM,
                               "--variant=" + variant], capture_output=True, text=True,
                              check=False, timeout=1500)
        if done.returncode != 0:
            raise GuestError("%s does not build with %s:\n%s"
                             % (_OWN_PROGRAM, variant, done.stderr[-4000:]))
        return CHECKOUT / "build" / variant / "bin" / _OWN_PROGRAM
    simulator = os.environ.get("WEFT")  # './weft test' names the one that it has built
    folder = pathlib.Path(simulator).parent if simulator else CHECKOUT / "build/opt/bin"
    path = folder / _OWN_PROGRAM
    if not path.is_file():
        raise Unavailable("%s has not been built" % path)
    return path


def kernel_shell():
    """Compiles the shell over the kernel's Connection Manager, unless that has been done."""
    source = CHECKOUT / "test/interop/rdmacm-shell.c"
    if not source.exists():
        raise Unavailable("there is no %s" % source)
    program = build_folder() / _KERNEL_SHELL
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        part = unfinished(program)
        done = subprocess.run([str(find_program("cc", "gcc")), "-O2", "-o", str(part),
                               str(source), "-lrdmacm", "-libverbs"], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Unavailable("%s does not compile (Debian's package librdmacm-dev?):\n%s"
                              % (source.name, done.stderr))
        part.rename(program)
    return program


class Column:
    """
    One pair of guests. Jobs are functions of the column; they run one after the other, beside
    those of other columns, from start() on.
    """

    def __init__(self, name, folder):
        self.name = name
        self.who = dict(zip(("client", "server"), {**COLUMNS, **LINUX_COLUMNS}[name]))
        self._behaviour = "linux61" if name in LINUX_COLUMNS else "strict"
        self.folder = folder / name
        self.pair = None
        self.resources = {}  # side -> what its kernel knows of when nothing goes on
        self._jobs = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def wire(self):
        """Between the guests."""
        return self.pair.wire

    def guest(self, side):
        """'client' or 'server'."""
        return self.pair.guests()[side]

    def start(self, jobs):
        """Boots and does the jobs: name -> function."""
        self._jobs = {name: (job, concurrent.futures.Future()) for name, job in jobs.items()}
        self._thread.start()

    def result(self, name):
        """What the job has given, as soon as it is there; raises what the job has raised."""
        return self._jobs[name][1].result(timeout=1500)

    def open_shell(self, side):
        """Starts a Shell with that side's Connection Manager; nothing goes by itself in it."""
        command = _KERNEL_SHELL
        if self.who[side] == "ours":
            command = "%s shell --behaviour=%s" % (_OWN_PROGRAM, self._behaviour)
        shell = Shell(self.guest(side).start(command), "%s's %s" % (self.name, side))
        shell.do("policy hold")
        shell.do("auto establish=0 disconnect=1 destroy=0")
        return shell

    def leaks(self):
        """What the kernels of the two sides have left over: texts, none if all is well."""
        now = {side: self.guest(side).run("rdma resource").output for side in self.who}
        return ["%s has %s, and had %s" % (side, now[side].strip(), before.strip())
                for side, before in self.resources.items() if now[side] != before]

    def close(self):
        """Waits for the jobs and ends the guests."""
        if self._thread.ident:
            self._thread.join()
        if self.pair:
            self.pair.close()

    def _run(self):
        try:
            self._boot()
        except BaseException as error:
            for _, future in self._jobs.values():
                future.set_exception(error)
            return
        for name, (job, future) in self._jobs.items():
            self.wire.start_capture(self.capture_of(name))
            started = time.monotonic()
            try:
                future.set_result(job(self))
                with open(self.folder / "times.txt", "a", encoding="ascii") as times:
                    times.write("%s %.1f s\n" % (name, time.monotonic() - started))
            except BaseException as error:
                future.set_exception(error)
                (self.folder / (name + ".failed")).write_text(
                    "%s\n\n%s\n" % (error, self.pair.console_tails()), encoding="utf-8")
            self.wire.stop_capture()
            self.wire.set_rules()

    def capture_of(self, job):
        """The file with the job's frames."""
        return self.folder / (job + ".pcapng")

    def _boot(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        programs = {"kernel": kernel_shell()}
        if "ours" in self.who.values():
            programs["ours"] = own_program()
        self.pair = Pair(self.folder, megabytes=768)
        for side, who in self.who.items():
            guest = self.guest(side)
            guest.install(programs[who])
            if who == "ours":
                guest.use_own_cm()
            self.resources[side] = guest.run("rdma resource").output
