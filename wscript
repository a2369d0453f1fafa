# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Weft's build, for waf 2.x. './weft' finds waf and calls this; see README.md.

One output folder per variant (build/opt, build/debug, ...). What the parts are and what each links
stands in tools/parts.py; a new file in model/ or helper/ of a part, or test/PART/*_test.cc, is
picked up by name, so that this file changes only when a part does.
"""

import os
import subprocess
import sys
import sysconfig

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
from parts import PARTS  # noqa: E402

APPNAME = "weft"
VERSION = "0.1.0"
top = "."
out = "build/opt"

VARIANTS = {
    "opt": (["-O2", "-g1", "-DNDEBUG"], []),
    "debug": (["-O0", "-g"], []),
    "asan": (
        ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
        ["-fsanitize=address,undefined"],
    ),
    "tsan": (["-O1", "-g", "-fsanitize=thread"], ["-fsanitize=thread"]),
}

WARNINGS = ["-Wall", "-Wextra", "-Wnon-virtual-dtor", "-Wsuggest-override", "-Werror"]
# -ffp-contract=off: a fused multiply-add would make a run depend on the machine it was built for.
COMMON = ["-std=c++20", "-fPIC", "-ffp-contract=off", "-fno-omit-frame-pointer", "-pthread"]


def options(opt):
    opt.load("compiler_cxx python")
    opt.add_option("--build-variant", default="opt", choices=sorted(VARIANTS), dest="build_variant")


def configure(conf):
    conf.load("compiler_cxx")
    conf.find_program("ccache", mandatory=False)
    if conf.env.CCACHE:
        conf.env.CXX = conf.env.CCACHE + conf.env.CXX
    compile_flags, link_flags = VARIANTS[conf.options.build_variant]
    is_gcc = conf.env.CXX_NAME == "gcc"
    warnings = [w for w in WARNINGS if is_gcc or w != "-Wsuggest-override"]
    conf.env.append_value("CXXFLAGS", COMMON + warnings + compile_flags)
    conf.env.append_value("LINKFLAGS", ["-pthread"] + link_flags)

    pkg = lambda *a, **k: conf.check_cfg(args=["--cflags", "--libs"], **k)  # noqa: E731
    ns3 = "libns3.37-core libns3.37-network"
    pkg(package=ns3, uselib_store="NS3")
    # Debian's ns-3 .pc files emit a stray '-I/usr;', and their headers are not ours to lint.
    conf.env.INCLUDES_NS3 = []
    conf.env.CXXFLAGS_NS3 = [f for f in conf.env.CXXFLAGS_NS3 if f.startswith("-D")]
    pkg(package="fmt", uselib_store="FMT")
    pkg(package="libibumad", uselib_store="IBUMAD")
    pkg(package="libibverbs", uselib_store="IBVERBS")
    pkg(package="libpcap", uselib_store="PCAP")
    pkg(package="gtest", uselib_store="GTEST")
    conf.env.LIB_GTEST = ["gtest", "gtest_main", "gmock"]
    pkg(package="benchmark", uselib_store="BENCHMARK")
    conf.env.LIB_BOOST_CONTEXT = ["boost_context"]
    conf.env.LIB_RAPIDCHECK = ["rapidcheck"]
    for header in ("boost/context/detail/fcontext.hpp", "tl/expected.hpp", "toml++/toml.h",
                   "nlohmann/json.hpp", "CLI/CLI.hpp", "rapidcheck.h"):
        conf.check_cxx(header_name=header)
    conf.env.INCLUDES_PYTHON = [sysconfig.get_paths()["include"]]
    # waf 2.0.15 knows no extension suffix for Python 3.11.
    conf.env.PYEXT_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def sources(bld, folder):
    return bld.path.ant_glob([folder + "/model/**/*.cc", folder + "/helper/**/*.cc"])


def build(bld):
    env_includes = ["src"]

    for part, (folder, uses, libs) in PARTS.items():
        files = sources(bld, folder)
        if files:
            bld.stlib(source=files, target="weft-" + part, name=part, includes=env_includes,
                      export_includes=env_includes, use=uses + libs)

    def linked(part):
        """The part and everything below it, in link order."""
        order = []

        def visit(name):
            for below in PARTS[name][1]:
                visit(below)
            if name not in order:
                order.append(name)

        visit(part)
        return list(reversed(order))

    for part, (_, _, libs) in PARTS.items():
        tests = bld.path.ant_glob("test/%s/*.cc" % part)
        if tests:
            bld.program(source=tests, target="test/test-" + part, name="test-" + part,
                        includes=env_includes + ["test"],
                        use=linked(part) + ["GTEST", "RAPIDCHECK", "JSON", "PCAP"],
                        install_path=None)

    if bld.path.find_node("src/lab/command/main.cc"):
        bld.program(source=bld.path.ant_glob("src/lab/command/*.cc"), target="bin/weft", name="weft",
                    includes=env_includes, use=linked("lab"))

    for bench in bld.path.ant_glob("bench/*_bench.cc"):
        name = os.path.splitext(bench.name)[0].replace("_", "-")
        bld.program(source=[bench], target="bench/" + name, name=name,
                    includes=env_includes + ["bench"], use=linked("lab") + ["BENCHMARK"],
                    install_path=None)

    module = bld.path.ant_glob("bindings/*.cc")
    if module:
        bld.shlib(source=module, target="python/weft/_weft", name="python-module",
                  includes=env_includes, use=linked("lab") + ["PYTHON"])


def compile_database(ctx):
    """compile_commands.json for clangd and clang-tidy is written by './weft' after configuring."""
