# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Counting tests: what passed, what failed, what died."""

import os
import sys
import types

import pytest

from launch import gtest, pytests, testing
from launch.results import Result

OUTPUT = """[ RUN      ] A.Good
[       OK ] A.Good (0 ms)
[ RUN      ] A.Bad
a.cc:7: Failure
[  FAILED  ] A.Bad (1 ms)
[ RUN      ] A.Off
a.cc:9: Skipped
no tshark

[  SKIPPED ] A.Off (0 ms)
"""


def case(name, result="COMPLETED", failures=None):
    test = {"name": name, "result": result}
    return dict(test, failures=failures) if failures else test


def report(*cases):
    return {"testsuites": [{"name": "A", "testsuite": list(cases)}]}


def test_report_is_counted():
    result = gtest.from_report(report(case("Good"), case("Bad", failures=[{}]),
                                      case("Off", "SKIPPED")), 1, OUTPUT)
    assert result.counts() == "1 passed, 1 failed, 1 skipped"
    assert result.failures == ["[ RUN      ] A.Bad\na.cc:7: Failure\n[  FAILED  ] A.Bad (1 ms)"]
    assert result.notes == ["A.Off was skipped: no tshark"]


def test_disabled_test_is_skipped():
    result = gtest.from_report(report(case("Good"), case("DISABLED_X", "SUPPRESSED")), 0, OUTPUT)
    assert result.counts() == "1 passed, 0 failed, 1 skipped"


def test_bad_exit_of_passing_tests_is_a_failure():
    result = gtest.from_report(report(case("Good")), 23, "leak of 7 bytes")
    assert result.counts() == "1 passed, 1 failed, 0 skipped"
    assert "leak of 7 bytes" in result.failures[0] and "status 23" in result.failures[0]


def test_crash_names_the_test_and_keeps_the_counts():
    result = gtest.from_output("x/test-a", -11, OUTPUT + "[ RUN      ] A.Dies\n")
    assert result.counts() == "1 passed, 2 failed, 1 skipped"
    assert "SIGSEGV in A.Dies" in result.failures[0]


def test_death_before_the_first_test_is_a_failure():
    assert gtest.from_output("test-a", 127, "no library").counts() == (
        "0 passed, 1 failed, 0 skipped")


def arguments(**more):
    return types.SimpleNamespace(**{"filter": "", "verbose": False, "long": False, **more})


@pytest.mark.parametrize("text, pattern, counts", [
    ("def test_a():\n    pass\n\n\ndef test_b():\n    assert False\n", "",
     "1 passed, 1 failed, 0 skipped"),
    ("def test_a():\n    pass\n\n\ndef test_b():\n    assert False\n", "*test_a*",
     "1 passed, 0 failed, 0 skipped"),
    ("import pytest\n\n\ndef test_a():\n    pytest.skip('none')\n", "",
     "0 passed, 0 failed, 1 skipped"),
    ("import nothing_of_this_name\n", "", "0 passed, 1 failed, 0 skipped"),
    ("", "", "0 passed, 0 failed, 0 skipped"),
])
def test_pytest_is_counted(tmp_path, text, pattern, counts):
    file = tmp_path / "planted_test.py"
    file.write_text(text, encoding="utf-8")
    builder = types.SimpleNamespace(variant="opt")
    result = pytests.run("tools", [str(file)], builder, {}, arguments(filter=pattern))
    assert result.counts() == counts


@pytest.mark.parametrize("result, status", [
    (Result(passed=3), 0),
    (Result(skipped=1), 0),
    (Result(passed=3, failed=1), 1),
    (Result(), 1),  # nothing ran
])
def test_status_and_last_line(monkeypatch, capsys, result, status):
    monkeypatch.setattr(testing, "_run", lambda *_: result)
    monkeypatch.setattr(testing, "_targets", lambda part: [])
    options = types.SimpleNamespace(rest=["ib-wire"], variant="opt", verbose=False)
    assert testing.main(options) == status
    assert capsys.readouterr().out.splitlines()[-1] == result.counts()


def test_program_that_hangs_is_stopped():
    from launch.process import describe, run

    status, output = run([sys.executable, "-c", "import time; print('x', flush=True); "
                          "time.sleep(60)"], {}, seconds=1)
    assert (status, output, describe(status, 1)) == (None, "x\n", "was stopped after 1 s")


def test_interpreter_is_debians():
    assert os.path.realpath(sys.executable).startswith("/usr/bin/python3")
