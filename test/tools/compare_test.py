# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'bench compare': the table is checked, the sides alternate, the ratio says more is better."""

import pathlib

import pytest

from launch import compare
from launch.errors import WeftError
from launch.targets import benchmarks

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
OURS, THEIRS = compare.Side(benchmark="ours"), compare.Side(benchmark="theirs")


def row(better="higher", target=1.0, name="hop", group=""):
    return compare.Row(name, group, "x/s", better == "higher", target, OURS, THEIRS)


def test_table_of_this_checkout_is_valid():
    rows = compare.read_rows(str(CHECKOUT / compare.TABLE), benchmarks())
    assert {"mad-hop", "req-decode"} <= {entry.name for entry in rows}


@pytest.mark.parametrize("better, ours, theirs, ratio", [
    ("higher", 6, 3, 2.0), ("higher", 3, 6, 0.5), ("lower", 3, 6, 2.0), ("lower", 6, 3, 0.5)])
def test_ratio(better, ours, theirs, ratio):
    outcome = compare.measure_row(row(better), 5, lambda side: ours if side is OURS else theirs)
    assert outcome.ratio == ratio
    assert outcome.ok() == (ratio >= 1)
    assert compare.line_of(outcome).split() == [
        "hop", str(ours), str(theirs), "x/s", "%.3f" % ratio, "1.000",
        "ok" if ratio >= 1 else "short"]


def test_sides_alternate_and_a_slow_spell_falls_on_both():
    calls = []

    def measure(side):
        calls.append(side.benchmark)
        speed = 0.1 if len(calls) in (3, 4) else 1.0
        return (20 if side is OURS else 10) * speed

    outcome = compare.measure_row(row(), 5, measure)
    assert calls == ["ours", "theirs", "theirs", "ours"] * 2 + ["ours", "theirs"]
    assert outcome.ratio == 2.0


GOOD = {"name": "a", "unit": "ns", "better": "lower", "target": "1", "why": "'x'",
        "ours": "{program = 'p-bench', benchmark = 'BM_A'}", "theirs": "{command = ['true']}"}


def table(tmp_path, *rows):
    def text(value, key):
        quoted = key in ("name", "unit", "better", "group")
        return "%s = %s" % (key, "'%s'" % value if quoted else value)

    path = tmp_path / "rows.toml"
    path.write_text("".join("[[row]]\n" + "\n".join(text(v, k) for k, v in row.items()) + "\n"
                            for row in rows))
    return str(path)


def test_good_table(tmp_path):
    rows = compare.read_rows(table(tmp_path, GOOD, dict(GOOD, name="b", group="g")), ["p-bench"])
    assert [entry.name for entry in compare.chosen(rows, [])] == ["a", "b"]
    assert [entry.name for entry in compare.chosen(rows, ["g", "b"])] == ["b"]
    with pytest.raises(WeftError, match="no comparison 'c'; there are a, b"):
        compare.chosen(rows, ["c"])


@pytest.mark.parametrize("change, message", [
    ({"better": "more"}, "'higher' or 'lower', not 'more'"),
    ({"ours": "{program = 'p-bench'}"}, "program and benchmark"),
    ({"ours": "{}"}, "program and benchmark"),
    ({"ours": "{command = ['x'], benchmark = 'y'}"}, "program and benchmark"),
    ({"ours": "{program = 'q-bench', benchmark = 'y'}"}, "no benchmark program 'q-bench'"),
    ({"extra": "1"}, "unknown keys .'extra'."),
])
def test_mistakes_in_the_table(tmp_path, change, message):
    with pytest.raises(WeftError, match=message) as caught:
        compare.read_rows(table(tmp_path, dict(GOOD, **change)), ["p-bench"])
    assert caught.value.status == 2 and "row 'a'" in str(caught.value)


def test_missing_key_and_doubled_name(tmp_path):
    with pytest.raises(WeftError, match="missing keys .'unit'."):
        compare.read_rows(table(tmp_path, {k: v for k, v in GOOD.items() if k != "unit"}),
                          ["p-bench"])
    with pytest.raises(WeftError, match="two rows have the name 'a'"):
        compare.read_rows(table(tmp_path, GOOD, GOOD), ["p-bench"])


def test_value_of_a_benchmark():
    report = {"benchmarks": [{"name": "BM_A", "run_type": "iteration", "cpu_time": 2.5,
                              "time_unit": "us", "items_per_second": 4e5}]}
    assert compare.benchmark_value(report, compare.Side(benchmark="BM_A")) == 2500
    assert compare.benchmark_value(
        report, compare.Side(benchmark="BM_A", value="items_per_second")) == 4e5
    with pytest.raises(ValueError, match="no value 'hops'"):
        compare.benchmark_value(report, compare.Side(benchmark="BM_A", value="hops"))
    with pytest.raises(ValueError, match="0 benchmarks are called BM_B"):
        compare.benchmark_value({"benchmarks": []}, compare.Side(benchmark="BM_B"))


def test_a_side_that_is_not_installed_is_no_failure():
    report = {"benchmarks": [{"name": "BM_A", "error_occurred": True,
                              "error_message": "unavailable: built without x"}]}
    with pytest.raises(compare.Unavailable, match="^built without x$"):
        compare.benchmark_value(report, compare.Side(benchmark="BM_A"))
    report["benchmarks"][0]["error_message"] = "went wrong"
    with pytest.raises(ValueError, match="BM_A: went wrong"):
        compare.benchmark_value(report, compare.Side(benchmark="BM_A"))


@pytest.mark.parametrize("script, message", [
    ("exit 4", "status 4"), ("echo none", "no figure"), ("true", "no figure"),
    ("echo 0", "measured 0"), ("echo nan", "measured nan")])
def test_command_without_a_figure(script, message):
    with pytest.raises(WeftError, match=message):
        compare.measure(compare.Side(command=("sh", "-c", script)), None, None)


def test_command_with_a_figure():
    side = compare.Side(command=("sh", "-c", "echo warm up; echo 12.5"), scale=2.0)
    assert compare.measure(side, None, None) == 25.0
