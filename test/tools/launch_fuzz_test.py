# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft fuzz': its arguments, and what it makes of how a fuzzer ends."""

import os

import pytest

from launch import fuzzing
from launch.errors import FINE, FOUND, WeftError

STATUS = "#%d\tDONE   cov: %d ft: %d corp: 3/9b lim: 4 exec/s: 7 rss: 30Mb"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A corpus with one input, and a folder for finds."""
    monkeypatch.setattr(fuzzing, "CHECKOUT", str(tmp_path))
    monkeypatch.setattr(fuzzing, "CORPUS", str(tmp_path / "corpus"))
    monkeypatch.setattr(fuzzing, "FINDS", str(tmp_path / "finds"))
    (tmp_path / "corpus/cm").mkdir(parents=True)
    (tmp_path / "corpus/cm/one").write_bytes(b"1")
    return tmp_path


def fuzzer(folder, script):
    program = folder / "fuzzer"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("words, said", [
    (["cn"], "there is no fuzzer 'cn'; there are cm, wire"),
    (["cm", "no-such-file"], "there is no file no-such-file"),
])
def test_wrong_words(words, said):
    with pytest.raises(WeftError) as caught:
        fuzzing._parse(words)
    assert caught.value.status == 2 and said in str(caught.value)


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--jobs=0"], ["--seconds", "soon"]])
def test_wrong_numbers(words, capsys):
    with pytest.raises(SystemExit) as caught:
        fuzzing._parse(words)
    assert caught.value.code == 2


def test_search_that_finds_nothing(folders, capsys):
    program = fuzzer(folders, 'echo "$@" >"%s/words"\necho "%s"\n'
                     'echo "stat::number_of_executed_units: 50"\n'
                     % (folders, STATUS % (50, 700, 900)))
    assert fuzzing.search(program, "cm", 1, 2)
    assert "cm: 100 inputs in" in (out := capsys.readouterr().out)
    assert "700 edges, 900 features" in out
    words = (folders / "words").read_text().split()
    assert "-max_total_time=1" in words
    # New inputs go to the first folder; the committed ones are only read.
    assert words[-2:] == [str(folders / "finds/cm/corpus"), str(folders / "corpus/cm")]


def test_search_that_finds_something(folders, capsys):
    written = folders / "finds/cm/crashes/crash-1"
    program = fuzzer(folders, 'echo "INFO: Seed: 1"\n'
                     'echo "weft fuzz: host 0: two at once"\n'
                     'echo "NOTE: libFuzzer has rudimentary signal handlers."\n'
                     'echo "Test unit written to %s"\nexit 77\n' % written)
    assert not fuzzing.search(program, "cm", 1, 1)
    out = capsys.readouterr().out
    assert "\nweft fuzz: host 0: two at once\nthe fuzzer ended with status 77\n" in out
    assert "again       ./weft fuzz cm finds/cm/crashes/crash-1\n" in out
    assert "NOTE" not in out and "Seed" not in out


def test_job_that_is_killed_is_no_success(folders, capsys):
    assert not fuzzing.search(fuzzer(folders, "kill -9 $$\n"), "cm", 1, 1)
    assert "was killed by SIGKILL" in capsys.readouterr().out


def test_given_inputs(folders, capsys):
    program = fuzzer(folders, 'for last; do :; done\n'
                     'case $last in *bad) echo "weft fuzz: no" >&2; exit 77;; esac\n')
    good, bad = str(folders / "good"), str(folders / "bad")
    assert fuzzing.run_files(program, "cm", [good]) == FINE
    assert fuzzing.run_files(program, "cm", [good, bad]) == FOUND
    out = capsys.readouterr().out
    assert "good: no violation" in out and "weft fuzz: no\n" in out
    assert "bad: the fuzzer ended with status 77" in out


def test_what_may_be_committed(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "MOST_FILES", 2)
    for name, size in (("a", 30), ("b", 10), ("c", 20), ("d", 5000)):
        (tmp_path / name).write_bytes(b"x" * size)
    chosen, left_out = fuzzing.affordable(str(tmp_path))
    assert [os.path.basename(file) for file in chosen] == ["b", "c"] and left_out == 2


def test_minimise_replaces_the_corpus(folders, capsys):
    program = fuzzer(folders, 'for word; do case $word in -*) ;; *) break;; esac; done\n'
                     'printf 22 >"$word/two"\n')
    fuzzing.minimise(program, "cm")
    assert os.listdir(folders / "corpus/cm") == ["two"]
    assert "cm: 1 inputs in corpus/cm" in capsys.readouterr().out


def test_minimise_that_fails_keeps_the_corpus(folders):
    with pytest.raises(WeftError):
        fuzzing.minimise(fuzzer(folders, "exit 1\n"), "cm")
    assert os.listdir(folders / "corpus/cm") == ["one"]
