# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who may include whom."""

import pytest

from lint import includes

HEADERS = {"src/%s/model/%s.h" % (part, part): "" for part in
           ("ib-wire", "ibcm", "interleave", "ib-fabric", "lab", "ibcm-verbs")}


def header_of(part):
    return '#include "%s/model/%s.h"\n' % (part, part)


@pytest.mark.parametrize("name, part", [
    ("src/ibcm/model/a.cc", "interleave"),
    ("src/ibcm/model/a.cc", "ib-fabric"),
    ("src/ib-fabric/model/a.cc", "ibcm"),
    ("src/ib-wire/model/a.cc", "ibcm"),
    ("src/interleave/model/a.cc", "ib-wire"),
    ("src/ibcm-verbs/a.cc", "lab"),
    ("src/lab/model/a.cc", "ibcm-verbs"),
    ("bindings/a.cc", "interleave"),
    ("examples/a.cc", "ibcm"),
    ("test/ibcm/a.cc", "ib-fabric"),
    ("test/bugs/a.cc", "ibcm"),
])
def test_forbidden_part(said, name, part):
    files = dict(HEADERS, **{name: "// one\n" + header_of(part)})
    assert said(includes.check, files) == [name + ":2"]


@pytest.mark.parametrize("name, part", [
    ("src/ibcm/model/a.cc", "ibcm"),
    ("src/ibcm/model/a.cc", "ib-wire"),
    ("src/lab/model/a.cc", "interleave"),
    ("src/ibcm-verbs/a.cc", "ibcm"),
    ("bindings/a.cc", "ibcm"),
    ("examples/a.cc", "lab"),
    ("test/lab/a.cc", "ib-wire"),
    ("test/ibcm/a.cc", "ib-wire"),
    ("bench/a_bench.cc", "interleave"),
])
def test_allowed_part(said, name, part):
    assert said(includes.check, dict(HEADERS, **{name: header_of(part)})) == []


def test_message_names_both_parts(plant):
    tree = plant(dict(HEADERS, **{"src/ibcm/model/a.cc": header_of("interleave")}))
    message = next(iter(includes.check(tree))).message
    assert "part ibcm " in message and "part interleave " in message


@pytest.mark.parametrize("include", [
    '#include "mad.h"',  # not from src/
    '#include "../model/mad.h"',
    '#include "ib-wire/model/none.h"',  # not there
    "#include <ib-wire/model/ib-wire.h>",  # ours, in angle brackets
    '#include "ns3/simulator.h"',  # a library's, in quotes
    "#include <ns3/simulator.h>",  # a library that the row does not name
    "#  include <fmt/core.h>",
    "#include <boost/context/fiber.hpp>",
    "#include <infiniband/verbs.h>",
])
def test_wrong_include_of_the_core(said, include):
    files = dict(HEADERS, **{"src/ibcm/model/a.cc": include + "\n",
                             "src/ibcm/model/mad.h": "", "src/ib-wire/model/mad.h": ""})
    assert said(includes.check, files) == ["src/ibcm/model/a.cc:1"]


def test_a_test_sees_no_other_tests_support(said):
    files = dict(HEADERS, **{"test/lab/support.h": "",
                             "test/ibcm/a_test.cc": '#include "support.h"\n'})
    assert said(includes.check, files) == ["test/ibcm/a_test.cc:1"]


def test_near_misses(said):
    files = dict(HEADERS, **{
        "src/ibcm/model/a.cc": '// #include "interleave/model/interleave.h"\n'
                               '/*\n#include "lab/model/lab.h"\n*/\n'
                               'auto text = "#include <ns3/node.h>";\n'
                               "#include <vector>\n#include <tl/expected.hpp>\n",
        "src/ib-wire/model/b.h": "#include <infiniband/umad_types.h>\n",
        "src/ib-fabric/model/c.cc": "#include <ns3/simulator.h>\n",
        "test/ibcm/support.h": "",
        "test/ibcm/d_test.cc": '#include "ibcm/support.h"\n#include <fmt/core.h>\n',
        "test/ibcm/e_test.cc": '#include "support.h"\n',
    })
    assert said(includes.check, files) == []
