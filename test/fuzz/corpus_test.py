# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The committed inputs of the fuzzers, as ordinary tests: with any compiler, in each variant."""

import os
import pathlib
import subprocess

import pytest

from launch import fuzzing

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
PROGRAMS = {os.path.basename(program)[len("fuzz-"):]: program
            for program in os.environ.get("WEFT_FUZZERS", "").split(os.pathsep) if program}


def run(name, *files):
    # File by file: libFuzzer takes a folder for the order to search.
    return subprocess.run([PROGRAMS[name], *map(str, files)], capture_output=True, text=True,
                          errors="replace", check=False)


def test_each_fuzzer_has_inputs():
    assert PROGRAMS and sorted(PROGRAMS) == sorted(folder.name for folder in CORPUS.iterdir())


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_no_input_breaks_anything(name):
    files = sorted((CORPUS / name).iterdir())
    assert files
    done = run(name, *files)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_empty_and_long_inputs(name, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "long").write_bytes(bytes(range(256)) * 16)
    done = run(name, tmp_path / "empty", tmp_path / "long")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_corpus_stays_small(name):
    chosen, left_out = fuzzing.affordable(str(CORPUS / name))
    assert chosen and left_out == 0


@pytest.mark.skipif(os.environ.get("WEFT_VARIANT") == "fuzz", reason="libFuzzer says it otherwise")
def test_missing_file_is_wrong_usage(tmp_path):
    name = sorted(PROGRAMS)[0]
    done = run(name, tmp_path / "none")
    assert done.returncode == 2 and "cannot read" in done.stderr
    assert run(name).returncode == 2
