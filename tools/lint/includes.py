# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who may include whom: the table in tools/parts.py, held against every #include."""

import os
import re

from lint.tree import Finding, code_only, line_of
from parts import PARTS, USERS, below

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]*)[">]', re.MULTILINE)

# Headers of libraries that only those parts may include whose row in parts.py names the library.
# The longest prefix counts. Libraries not listed, such as tl::expected, are for everyone.
LIBRARY_HEADERS = {
    "ns3/": ("NS3",),
    "boost/context/": ("BOOST_CONTEXT",),
    "boost/container/": ("BOOST_INTRUSIVE",),
    "boost/intrusive/": ("BOOST_INTRUSIVE",),
    "boost/": ("BOOST",),
    "fmt/": ("FMT",),
    "toml++/": ("TOMLPP",),
    "nlohmann/": ("JSON",),
    "CLI/": ("CLI11",),
    "pybind11/": ("PYBIND11",),
    "Python.h": ("PYBIND11",),
    "pcap": ("PCAP",),
    "rdma/": ("IBUMAD", "IBVERBS"),
    "infiniband/umad.h": ("IBUMAD",),
    "infiniband/umad_": ("UMAD_TYPES",),
    "infiniband/": ("IBVERBS",),
}


def check(tree):
    for name in tree.cxx("src", "bindings", "examples", "test", "bench"):
        text = code_only(tree.text(name), keep_strings=True)
        for match in _INCLUDE.finditer(text):
            problem = _problem(tree, name, match.group(1) == '"', match.group(2))
            if problem:
                yield Finding(name, line_of(text, match.start(2)), problem)


def _problem(tree, name, quoted, header):
    folder, _, rest = name.partition("/")
    if not quoted:
        if header.partition("/")[0] in PARTS:
            return '<%s> is our own header: write "%s"' % (header, header)
        return _library_problem(folder, rest, header)
    # The tests' and benchmarks' own support: from their folder, or lying beside the file.
    if folder != "src" and (tree.exists("%s/%s" % (folder, header)) or (
            "/" not in header and tree.exists(os.path.join(os.path.dirname(name), header)))):
        return None
    # bench/NAME_bench.cc is linked with the programs of test/PART/NAME/, see wscript.
    if folder == "bench" and header.split("/")[1:2] == [rest.removesuffix("_bench.cc")] and (
            tree.exists("test/" + header)):
        return None
    part = header.partition("/")[0]
    if header.startswith("ns3/"):
        return '"%s" is a library\'s header: write <%s>' % (header, header)
    if part not in PARTS:
        return ('"%s" does not begin with the name of a part: includes are written from src/, as '
                '"ib-wire/model/mad.h"' % header)
    if not tree.exists("src/" + header):
        return '"%s": there is no src/%s' % (header, header)
    return _part_problem(folder, rest, part)


def _part_problem(folder, rest, part):
    """Why a file of the folder may not see the part, or None."""
    if folder == "bench":
        return None
    own = rest.partition("/")[0]
    if folder == "src" and own in PARTS:
        allowed = [own] + PARTS[own][1]
        who = "part " + own
    elif folder == "test" and own in PARTS:
        allowed = below([own])
        who = "the test of part " + own
    elif "%s/%s" % (folder, own) in USERS:
        allowed = USERS["%s/%s" % (folder, own)][0]
        who = "%s/%s" % (folder, own)
    elif folder in USERS:
        allowed = USERS[folder][0]
        who = folder
    else:
        allowed = ["lab"]
        who = "/".join((folder, own)) if "/" in rest else folder
    if part in allowed:
        return None
    return ("%s may not include headers of part %s (allowed: %s; see tools/parts.py)"
            % (who, part, ", ".join(allowed)))


def _library_problem(folder, rest, header):
    """Why a file of the folder may not use the library, or None. Tests may use any."""
    matching = [prefix for prefix in LIBRARY_HEADERS if header.startswith(prefix)]
    own = rest.partition("/")[0]
    if not matching or folder in ("test", "bench"):
        return None
    libraries = PARTS[own][2] if folder == "src" and own in PARTS else USERS.get(
        folder, ([], []))[1]
    wanted = LIBRARY_HEADERS[max(matching, key=len)]
    if any(library in libraries for library in wanted):
        return None
    who = "part " + own if folder == "src" else folder
    return ("%s may not use <%s>: its row in tools/parts.py does not name the library %s"
            % (who, header, " or ".join(wanted)))
