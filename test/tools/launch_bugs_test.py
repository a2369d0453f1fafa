# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft bugs': what exhibits say of themselves, how patches are applied, the table."""

import os

import pytest

import defects
from launch import bugs, defective, exhibit_run, exhibits, museum
from launch.errors import WeftError

EXHIBIT = ('title = "t"\norigin = "patch 1"\nkind = "race"\noracles = ["data-race: "]\n')
PATCH = """# a line that patch ignores
--- a/src/ibcm/model/one.cc
+++ b/src/ibcm/model/one.cc
@@ -1,2 +1,2 @@
 #include "ibcm/model/one.h"
-int One() { return 1; }
+int One() { return 2; }
"""
TREE = {
    "ibcm/model/one.h": '#include "ibcm/model/base.h"\nint One();\n',
    "ibcm/model/one.cc": '#include "ibcm/model/one.h"\nint One() { return 1; }\n',
    "ibcm/model/two.cc": '#include "ibcm/model/one.h"\nint Two() { return One() + 1; }\n',
    "ibcm/model/three.cc": "int Three() { return 3; }\n",
    "ibcm/model/base.h": "",
    "ibcm/model/private.h": "",
    "lab/model/lab.cc": '#include "ibcm/model/one.h"\n',
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A checkout with a small core and one exhibit."""
    for module in (defective, exhibits):
        monkeypatch.setattr(module, "CHECKOUT", str(tmp_path))
    for name, text in TREE.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folder = tmp_path / "test/bugs/08-early"
    folder.mkdir(parents=True)
    (folder / "exhibit.toml").write_text(EXHIBIT)
    (folder / "defect.patch").write_text(PATCH)
    return tmp_path


def prepared(tree, patch=PATCH):
    (tree / "test/bugs/08-early/defect.patch").write_text(patch)
    exhibit = exhibits.read(str(tree / "test/bugs/08-early"))
    defective.prepare(exhibit, str(tree / "src"))
    return tree / "build/bugs/08-early/src"


def complaint(call, *words):
    with pytest.raises(WeftError) as caught:
        call(*words)
    return caught.value


def test_exhibit_is_read(tree):
    (exhibit,) = exhibits.all_exhibits(str(tree / "test/bugs"))
    assert (exhibit.name, exhibit.kind, exhibit.oracles) == ("08-early", "race", ("data-race: ",))
    assert exhibit.missing() == ["README.md", "scenario.toml", "found.weft"]


@pytest.mark.parametrize("text, said", [
    ("title = ", "Invalid value"),
    (EXHIBIT + 'colour = "red"\n', "there is no key 'colour'"),
    (EXHIBIT.replace('"t"', "1"), "'title' is a int, expected a str"),
    (EXHIBIT.replace('kind = "race"\n', ""), "the key 'kind' is missing"),
    (EXHIBIT + 'shown-by = "magic"\n', "'shown-by' is 'magic', expected exploration or compiler"),
    (EXHIBIT + 'shown-by = "compiler"\n', "'oracles' is ['data-race: '], expected none"),
    (EXHIBIT.replace('["data-race: "]', "[]"), "'oracles' is [], expected a list of texts"),
    (EXHIBIT.replace('["data-race: "]', "[1]"), "'oracles' is [1], expected a list of texts"),
])
def test_wrong_exhibit_is_refused(tree, text, said):
    (tree / "test/bugs/08-early/exhibit.toml").write_text(text)
    error = complaint(exhibits.all_exhibits, str(tree / "test/bugs"))
    assert error.status == 2 and said in str(error)
    assert "test/bugs/08-early/exhibit.toml" in str(error)


def test_wrong_name_is_refused(tree):
    (tree / "test/bugs/08-early").rename(tree / "test/bugs/8-early")
    assert "expected two digits" in str(complaint(exhibits.all_exhibits, str(tree / "test/bugs")))


def test_exhibits_are_named_or_numbered(tree):
    known = exhibits.all_exhibits(str(tree / "test/bugs"))
    assert exhibits.chosen(["08", "08-early"], known) == known
    assert complaint(exhibits.chosen, ["8"], known).status == 2


def test_copy_is_patched_and_the_tree_is_not(tree):
    copy = prepared(tree)
    assert "return 2" in (copy / "ibcm/model/one.cc").read_text()
    assert "return 1" in (tree / "src/ibcm/model/one.cc").read_text()
    assert (copy / "../patched").read_text() == "ibcm/model/one.cc\n"


def test_copy_follows_the_tree_and_is_left_alone_otherwise(tree):
    copy = prepared(tree)
    before = (copy / "ibcm/model/one.cc").stat().st_ino
    prepared(tree)
    assert (copy / "ibcm/model/one.cc").stat().st_ino == before
    (tree / "src/ibcm/model/three.cc").write_text("int Three() { return 33; }\n")
    prepared(tree)
    assert "33" in (copy / "ibcm/model/three.cc").read_text()
    assert "return 2" in (copy / "ibcm/model/one.cc").read_text()


def test_patch_that_does_not_fit_is_loud(tree):
    error = complaint(prepared, tree, PATCH.replace("return 1", "return 7"))
    assert error.status == 3
    assert "08-early: defect.patch does not apply" in str(error)
    assert "return 7" in str(error)  # the hunk that was rejected
    prepared(tree)  # nothing is left of it


@pytest.mark.parametrize("patch, said", [
    ("nothing", "changes nothing"),
    (PATCH.replace("ibcm/model/one.cc", "lab/model/lab.cc"), "changes src/lab/model/lab.cc"),
    (PATCH.replace("one.cc", "base.h"), "changes src/ibcm/model/base.h, which lab includes"),
])
def test_patch_of_something_else_is_refused(tree, patch, said):
    assert said in str(complaint(prepared, tree, patch))


def test_what_a_patch_reaches(tree):
    sources = str(tree / "src")
    assert defects.reached_units(sources, ["ibcm/model/one.cc"]) == ["ibcm/model/one.cc"]
    both = ["ibcm/model/one.cc", "ibcm/model/two.cc"]
    assert defects.reached_units(sources, ["ibcm/model/base.h"]) == both
    assert defects.headers_of_others(sources) == {"ibcm/model/one.h", "ibcm/model/base.h"}


@pytest.mark.parametrize("words", [["run", "--jobs", "0", "--all"], ["run", "--seeds", "1,1"],
                                   ["run", "--seeds", "x"], ["look"], []])
def test_wrong_words(words, capsys):
    with pytest.raises(SystemExit) as caught:
        bugs._parse(words)
    assert caught.value.code == 2


def test_core_option(tree, monkeypatch):
    known = exhibits.all_exhibits(str(tree / "test/bugs"))
    monkeypatch.setattr(exhibits, "all_exhibits", lambda: known)
    for words in (["f.weft", "--core", "08", "-q"], ["f.weft", "--core=08-early", "-q"]):
        assert exhibits.core_option(words) == known[0]
        assert words == ["f.weft", "-q"]
    assert exhibits.core_option(["f.weft"]) is None
    assert complaint(exhibits.core_option, ["--core"]).status == 2


def finding(seed, schedules, problem=""):
    return exhibit_run.Finding(seed, "data-race", "random", schedules, seed, "log", problem)


def test_findings_add_up(tree):
    (exhibit,) = exhibits.all_exhibits(str(tree / "test/bugs"))
    shown = exhibit_run.Shown(exhibit, [finding(1, 10), finding(2, 500), finding(3, 40)]).add_up()
    assert museum.row_of(shown) == ["08-early", "patch 1", "race", "data-race", "random", "40",
                                    "3", "ok"]
    shown.findings[1].problem = "not found"
    assert museum.row_of(shown.add_up())[-1] == "seed 2: not found"


def test_table_is_written_between_its_markers(tmp_path):
    page = str(tmp_path / "museum.md")
    rows = [["08-early", "patch 1", "race", "data-race", "random", "40", "3", "a|b"]]
    with open(page, "w", encoding="utf-8") as file:
        file.write("before\n%s\n%s\nafter\n" % (museum.BEGIN, museum.END))
    assert museum.kept_rows(page) == {}
    museum.write_table(rows, page)
    museum.write_table(rows, page)
    text = open(page, encoding="utf-8").read()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert text.count("[08-early](../test/bugs/08-early/README.md)") == 1
    assert museum.kept_rows(page) == {"08-early": rows[0]}


def test_page_without_markers_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    assert museum.BEGIN in str(complaint(museum.write_table, [], str(page)))
    assert museum.LANES_BEGIN in str(complaint(museum.write_lanes, str(page), "x"))
    assert os.path.exists(page)


def test_what_is_no_json_is_a_failure():
    assert exhibit_run._json('warned\n{"a": 1}\n') == {"a": 1}
    with pytest.raises(exhibit_run.Failed) as caught:
        exhibit_run._json("terminate called\nAborted\n")
    assert "no JSON: Aborted" in str(caught.value)
