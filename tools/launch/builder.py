# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Brings targets of one variant up to date: configures and runs waf only when something changed."""

import contextlib
import fcntl
import glob
import json
import os
import re
import subprocess
import sys

from defects import TARGET
from launch import inputs
from launch.errors import WeftError
from launch.places import BUILD, CHECKOUT, debian_path, processors, variant_folder
from launch.waf import waf_command

_PROGRESS = re.compile(r"\[\s*(\d+)/(\d+)\]\s+(\S.*)")
_JOB_BYTES = 1 << 30  # what one compiler process may need at its worst
DATABASE = os.path.join(CHECKOUT, "compile_commands.json")

# target -> its file in the variant's folder, where that is not bench/, test/ or fuzz/ and its name
_FILES = {"weft": "bin/weft", "weft-cm": "bin/weft-cm", "python-module": "python/weft"}
# The package is an extension module and, beside it, files in Python: two targets for waf.
_PYTHON_FILES = os.path.join(CHECKOUT, "bindings", "weft", "*.py")


class Builder:
    """The build of one variant, in build/VARIANT."""

    def __init__(self, variant, verbose=False):
        self.variant = variant
        self.verbose = verbose
        self.folder = variant_folder(variant)
        self._stamp = os.path.join(self.folder, ".weft-stamp.json")

    def file_of(self, target):
        """Where the target's program lies once it is built."""
        place = _FILES.get(target)
        if target.startswith(TARGET):
            place = "bugs/%s/weft" % target[len(TARGET):]
        elif place is None:
            folders = {"test": "test/", "fuzz": "fuzz/"}
            place = folders.get(target.partition("-")[0], "bench/") + target
        return os.path.join(self.folder, place)

    def build(self, targets):
        """Builds what of the targets is out of date; raises WeftError when that fails."""
        if not targets:
            return
        wanted = {target: inputs.sources(target) for target in targets}
        configuration = inputs.configuration(self.variant)
        if self._current(wanted, configuration):
            return
        with self._lock():
            # Who held the lock may have built just this.
            if self._current(wanted, configuration):
                return
            self._run(wanted, configuration)

    def configure(self):
        """Configures if that is due and refreshes compile_commands.json; compiles nothing."""
        with self._lock():
            self._run({}, inputs.configuration(self.variant))

    def install(self, prefix, destdir, names):
        """Copies what waf's rules of these names say; it must have been built."""
        command = waf_command() + [
            "install", "-o", self.folder, "--build-variant=" + self.variant, "-j%d" % _jobs(),
            "--targets=" + ",".join(names), "--prefix=" + prefix, "--destdir=" + destdir]
        with self._lock():
            self._drive(command, self._environment(), sorted(names))

    def _environment(self):
        return dict(os.environ, WAFLOCK=".lock-waf-" + self.variant, LC_ALL="C.UTF-8",
                    PATH=debian_path())

    def _read_stamp(self):
        try:
            with open(self._stamp, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {"configuration": None, "targets": {}}

    def _current(self, wanted, configuration):
        stamp = self._read_stamp()
        return stamp["configuration"] == configuration and all(
            stamp["targets"].get(target) == digest and os.path.exists(self.file_of(target))
            for target, digest in wanted.items())

    @contextlib.contextmanager
    def _lock(self):
        try:
            os.makedirs(self.folder, exist_ok=True)
            file = open(os.path.join(self.folder, ".weft-lock"), "w", encoding="utf-8")
        except OSError as error:
            raise WeftError("cannot write to %s: %s" % (BUILD, error.strerror)) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("weft: waiting for another build of the variant " + self.variant,
                      file=sys.stderr)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _run(self, wanted, configuration):
        stamp = self._read_stamp()
        commands = []
        if stamp["configuration"] != configuration:
            stamp = {"configuration": None, "targets": {}}
            commands.append("configure")
        if self.variant == "opt" or not wanted or not os.path.exists(DATABASE):
            commands.append("compiledb")
        if wanted:
            commands.append("build")
        command = waf_command() + commands + [
            "-o", self.folder, "--build-variant=" + self.variant, "-j%d" % _jobs()]
        if wanted:
            names = list(wanted)
            if "python-module" in names and glob.glob(_PYTHON_FILES):
                names.append("python-files")
            command.append("--targets=" + ",".join(names))
        self._drive(command, self._environment(), sorted(wanted))
        # Digests taken before the build: what was saved in its midst is built the next time.
        stamp["configuration"] = configuration
        stamp["targets"].update(wanted)
        draft = self._stamp + ".new"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(stamp, file)
        os.replace(draft, self._stamp)

    def _drive(self, command, environment, targets):
        progress = _Progress(self.variant, targets, self.verbose)
        process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            for line in process.stdout:
                progress.line(line)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
            progress.done()
        if process.returncode != 0:
            if not self.verbose:
                sys.stderr.write(progress.text())
            raise WeftError("the build of %s failed (variant %s)"
                            % (", ".join(targets) or "nothing", self.variant))


class _Progress:
    """waf's output: kept for a failure, one line on a terminal, all of it when verbose."""

    def __init__(self, variant, targets, verbose):
        self._title = "weft: building %s (%s)" % (", ".join(targets), variant)
        self._verbose = verbose
        self._terminal = sys.stderr.isatty() and not verbose
        self._kept = []
        self._announced = verbose

    def line(self, line):
        if self._verbose:
            sys.stderr.write(line)
        match = _PROGRESS.match(line)
        if not match:
            self._kept.append(line)
            return
        if self._terminal:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            text = "weft: [%s/%s] %s" % match.groups()
            sys.stderr.write("\r\033[K" + text[:columns - 1])
            sys.stderr.flush()
        elif not self._announced:
            # A log without a terminal should still say what takes the time.
            print(self._title, file=sys.stderr, flush=True)
            self._announced = True

    def done(self):
        if self._terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def text(self):
        return "".join(self._kept)


def _jobs():
    """One compiler a processor, unless there is too little memory for that."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        room = int(fields["MemAvailable"].split()[0]) * 1024 // _JOB_BYTES
    except (OSError, KeyError, ValueError):
        return processors()
    return max(1, min(processors(), room))
