# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The parts of Weft and who may include whom: read by wscript (linking) and by lint (includes)."""

# part -> (folder, parts whose headers it may include, external libraries it may use)
PARTS = {
    "ib-wire": ("src/ib-wire", [], []),
    "ibcm": ("src/ibcm", ["ib-wire"], []),
    "interleave": ("src/interleave", [], ["BOOST_CONTEXT", "FMT"]),
    "ib-fabric": ("src/ib-fabric", ["ib-wire"], ["NS3"]),
    "lab": (
        "src/lab",
        ["ib-wire", "ibcm", "interleave", "ib-fabric"],
        ["NS3", "BOOST_CONTEXT", "FMT", "TOMLPP", "JSON", "CLI11"],
    ),
    "ibcm-verbs": ("src/ibcm-verbs", ["ib-wire", "ibcm"], ["IBUMAD", "IBVERBS"]),
}
