# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft fuzz': searches with libFuzzer for inputs that break something, or runs given ones."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from launch.builder import Builder
from launch.errors import BROKEN, FINE, FOUND, WeftError, usage_error
from launch.places import BUILD, CHECKOUT
from launch.process import describe
from launch.sanitizers import environment_of
from launch.targets import fuzzers

VARIANT = "fuzz"
CORPUS = os.path.join(CHECKOUT, "test", "fuzz", "corpus")
FINDS = os.path.join(BUILD, "fuzz-finds")
# What may be committed, so that a clone stays small and its test fast.
MOST_FILES, MOST_BYTES, MOST_TOTAL = 300, 4096, 400 * 1024
_SECONDS_OF_ONE = 10  # an input that takes longer counts as one that hangs
_STATUS = re.compile(r"^#(\d+)\s+(\w+)\s+cov: (\d+) ft: (\d+) corp: (\d+)")
_RUNS = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_WRITTEN = re.compile(r"Test unit written to (\S+)")
# Where in the output of a program that stopped the reason begins.
_REASON = re.compile(r"^(weft fuzz: |ibcm: |StepRuntime: |.*runtime error: |==\d+==\s?ERROR)",
                     re.MULTILINE)
_SHOWN = 6000  # characters of it


def main(options):
    arguments = _parse(options.rest)
    builder = Builder(VARIANT, options.verbose)
    names = [arguments.target] if arguments.target else fuzzers()
    builder.build(["fuzz-" + name for name in names])
    if arguments.files:
        return run_files(builder.file_of("fuzz-" + names[0]), names[0], arguments.files)
    for name in names:
        program = builder.file_of("fuzz-" + name)
        if arguments.minimise:
            minimise(program, name)
        elif not search(program, name, arguments.seconds, arguments.jobs):
            return FOUND
    return FINE


def _parse(rest):
    known = fuzzers()
    parser = argparse.ArgumentParser(
        prog="weft fuzz", description="Searches for inputs that break something, with libFuzzer "
        "under AddressSanitizer and UBSan, beginning with the inputs in test/fuzz/corpus.",
        epilog="The targets are %s. New inputs are kept in build/fuzz-finds/TARGET; what breaks "
               "something is printed with the command that runs it again. The exit status is 1 "
               "if something broke." % ", ".join(known))
    parser.add_argument("target", nargs="?", metavar="TARGET", help="default: each in turn")
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help="run these inputs once, instead of searching")
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="how long to search, per target (default: 60)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N",
                        help="processes that search at once and share finds (default: 1)")
    parser.add_argument("--minimise", action="store_true",
                        help="instead: replace the committed inputs by the fewest that reach as "
                             "much as these and the finds")
    arguments = parser.parse_args(rest)
    if arguments.target and arguments.target not in known:
        raise usage_error("there is no fuzzer '%s'; there are %s"
                          % (arguments.target, ", ".join(known)))
    if arguments.seconds < 1 or arguments.jobs < 1:
        parser.error("--seconds and --jobs are at least 1")
    for file in arguments.files:
        if not os.path.isfile(file):
            raise usage_error("there is no file %s" % file)
    return arguments


def run_files(program, name, files):
    """Runs each input once; FOUND at the first that breaks something."""
    for file in files:
        done = _call([program, "-timeout=%d" % _SECONDS_OF_ONE, os.path.abspath(file)], name)
        if done.returncode != 0:
            print(reason(done.stderr))
            print("%s: the fuzzer %s" % (file, describe(done.returncode)))
            return FOUND
        print("%s: no violation" % file)
    return FINE


def search(program, name, seconds, jobs):
    """True if nothing broke. Several processes share the folder of finds."""
    corpus = os.path.join(CORPUS, name)
    finds, crashes = _folder(name, "corpus"), _folder(name, "crashes")
    folders = [finds] + ([corpus] if os.path.isdir(corpus) else [])
    print("fuzzing %s for %d s from %d inputs; finds go to %s"
          % (name, seconds, sum(len(os.listdir(folder)) for folder in folders),
             os.path.relpath(finds, CHECKOUT)), flush=True)
    command = [program, "-max_total_time=%d" % seconds, "-timeout=%d" % _SECONDS_OF_ONE,
               "-max_len=%d" % MOST_BYTES, "-rss_limit_mb=4096", "-print_final_stats=1",
               # Weighing inputs by entropy takes longer than running them.
               "-entropic=0", "-len_control=10", "-reload=1",
               "-artifact_prefix=%s/" % crashes] + folders
    started = time.monotonic()
    logs = [open(os.path.join(_folder(name), "job-%d.log" % job), "w+b") for job in range(jobs)]
    running = []
    try:
        for log in logs:
            running.append(subprocess.Popen(
                command, cwd=CHECKOUT, env=environment_of(VARIANT), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT))
        _wait(running, logs[0], name, seconds)
        # None: it is stopped because another one has found something.
        statuses = [process.poll() for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    texts = []
    for log in logs:
        log.seek(0)
        texts.append(log.read().decode(errors="replace"))
        log.close()
    for status, text in zip(statuses, texts):
        if status:
            _tell(status, text, name)
    print(summary(name, texts, time.monotonic() - started), flush=True)
    return not any(statuses)


def minimise(program, name):
    """Replaces the committed inputs by the fewest that reach what they and the finds reach."""
    corpus = os.path.join(CORPUS, name)
    with tempfile.TemporaryDirectory(prefix="weft-fuzz-") as merged:
        given = [folder for folder in (corpus, _folder(name, "corpus")) if os.path.isdir(folder)]
        done = _call([program, "-merge=1", "-set_cover_merge=1", "-max_len=%d" % MOST_BYTES,
                      merged] + given, name)
        if done.returncode != 0:
            raise WeftError("libFuzzer could not merge the inputs:\n" + done.stderr[-_SHOWN:])
        chosen, left = affordable(merged)
        shutil.rmtree(corpus, ignore_errors=True)
        os.makedirs(corpus)
        for file in chosen:
            shutil.copy(file, corpus)
    print("%s: %d inputs in %s%s" % (
        name, len(chosen), os.path.relpath(corpus, CHECKOUT),
        "; %d more are over the limits" % left if left else ""))


def affordable(folder):
    """(the files that may be committed, the small ones first; how many are left out): of too many
    some of each size."""
    files = sorted(glob.glob(os.path.join(folder, "*")),
                   key=lambda file: (os.path.getsize(file), file))
    fitting = [file for file in files if os.path.getsize(file) <= MOST_BYTES]
    most = min(MOST_FILES, len(fitting))
    chosen, total = [], 0
    for file in (fitting[place * len(fitting) // most] for place in range(most)):
        total += os.path.getsize(file)
        if total <= MOST_TOTAL:
            chosen.append(file)
    return chosen, len(files) - len(chosen)


def reason(text):
    """Why a fuzzer stopped: its output from the first complaint on, up to libFuzzer's remarks."""
    begin = _REASON.search(text)
    text = text[begin.start():] if begin else text[-_SHOWN:]
    return text.partition("NOTE: libFuzzer has")[0][:_SHOWN].rstrip("\n")


def summary(name, texts, seconds):
    """One line: how much was run, and what it reached."""
    runs = sum(int(number) for text in texts for number in _RUNS.findall(text))
    reached = [match.groups() for text in texts for match in map(_STATUS.match, text.splitlines())
               if match]
    edges = max((int(one[2]) for one in reached), default=0)
    features = max((int(one[3]) for one in reached), default=0)
    return "%s: %d inputs in %.0f s (%.0f/s), %d edges, %d features" % (
        name, runs, seconds, runs / max(seconds, 1), edges, features)


def _tell(status, text, name):
    print(reason(text))
    print("the fuzzer %s" % describe(status))
    written = _WRITTEN.search(text)
    if written:
        file = os.path.relpath(written.group(1), CHECKOUT)
        print("input       %s\nagain       ./weft fuzz %s %s" % (file, name, file))


def _wait(running, log, name, seconds):
    """Until all jobs have ended, or one has found something."""
    terminal = sys.stderr.isatty()
    # The inputs that are there already are run before the time starts.
    limit = time.monotonic() + seconds + 120
    while any(process.poll() is None for process in running):
        if any(process.poll() not in (None, 0) for process in running):
            break
        if time.monotonic() > limit:
            raise WeftError("the fuzzer %s does not end; its output is %s" % (name, log.name),
                            BROKEN)
        if terminal:
            _show(log.name)
        time.sleep(0.5)
    if terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _show(path):
    """libFuzzer's latest line on the terminal."""
    with open(path, "rb") as log:
        log.seek(max(0, os.path.getsize(path) - 1000))
        lines = [line for line in log.read().decode(errors="replace").splitlines()
                 if line.startswith("#")]
    if lines:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        print("\r\033[K" + lines[-1].expandtabs(1)[:columns - 1], end="", file=sys.stderr,
              flush=True)


def _call(command, name):
    return subprocess.run(command, cwd=_folder(name), env=environment_of(VARIANT), text=True,
                          errors="replace", stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)


def _folder(name, *inside):
    folder = os.path.join(FINDS, name, *inside)
    os.makedirs(folder, exist_ok=True)
    return folder
