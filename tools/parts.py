# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The parts of Weft and who may include whom: read by wscript (linking) and by lint (includes)."""

import re

# part -> (folder, parts whose headers it may include, external libraries it may use)
PARTS = {
    "ib-wire": ("src/ib-wire", [], ["UMAD_TYPES"]),
    "ibcm": ("src/ibcm", ["ib-wire"], ["BOOST_INTRUSIVE"]),
    "interleave": ("src/interleave", [], ["BOOST_CONTEXT", "FMT"]),
    "ib-fabric": ("src/ib-fabric", ["ib-wire"], ["NS3"]),
    "lab": (
        "src/lab",
        ["ib-wire", "ibcm", "interleave", "ib-fabric"],
        ["NS3", "BOOST_CONTEXT", "FMT", "TOMLPP", "JSON", "CLI11"],
    ),
    "ibcm-verbs": (
        "src/ibcm-verbs",
        ["ib-wire", "ibcm"],
        ["UMAD_TYPES", "IBUMAD", "IBVERBS", "FMT", "JSON", "CLI11"],
    ),
}

# Folders that are no part themselves -> parts whose headers they may include, and libraries.
# test/PART may include what PART may, and PART; bench/ may include every part.
USERS = {
    "bindings": (["ibcm", "ib-fabric", "lab"], ["NS3", "PYBIND11", "FMT", "JSON"]),
    "examples": (["lab", "ibcm-verbs"], ["NS3"]),
    "test/common": (["ib-wire", "ibcm"], []),
    "test/fuzz": (["ib-wire", "ibcm"], []),
}

# fuzzer -> the parts that it links: test/fuzz/NAME_fuzz.cc, with test/fuzz/NAME-*.cc.
FUZZERS = {
    "cm": ["ibcm"],
    "wire": ["ib-wire"],
}

_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^/"]+)/', re.MULTILINE)


def below(parts):
    """The parts and everything they use, each before what it uses: the order of linking."""
    order = []

    def visit(name):
        for used in PARTS[name][1]:
            visit(used)
        if name not in order:
            order.append(name)

    for part in parts:
        visit(part)
    return order[::-1]


def parts_included(path):
    """The parts whose headers the file includes itself, in the order of PARTS."""
    with open(path, encoding="utf-8") as source:
        named = set(_INCLUDE.findall(source.read()))
    return [part for part in PARTS if part in named]
