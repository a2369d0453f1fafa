# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Weft's build, for waf 2.x. './weft' finds waf and calls this; see tools/README.md.

One output folder per variant (build/opt, build/debug, ...). What the parts are and what each links
stands in tools/parts.py; a new file in model/ or helper/ of a part, in test/PART/, in test/common/
(what the core's tests share with those of the parts above it), or a new bench/*_bench.cc is picked
up by name, so that this file changes only when a part does.
"""

import os
import sys
import sysconfig

from waflib import Build, Context

sys.path.insert(0, os.path.join(Context.run_dir, "tools"))
from compiledb import commands, write_database  # noqa: E402
from exhibit_build import build_exhibits  # noqa: E402
from parts import FUZZERS, PARTS, below, parts_included  # noqa: E402
from variants import VARIANTS  # noqa: E402

# An object is the same in whatever folder a checkout stands: one cache serves them all.
os.environ.setdefault("CCACHE_NOHASHDIR", "1")
os.environ.setdefault("CCACHE_BASEDIR", Context.run_dir)

APPNAME = "weft"
VERSION = "0.3.0"
top = "."
out = "build/opt"

WARNINGS = ["-Wall", "-Wextra", "-Wnon-virtual-dtor", "-Werror"]
# What GCC calls by another name than Clang, or one of them does not have at all. GCC keeps
# functions of -fPIC code replaceable by those of another library, and does not inline them, unless
# told.
FLAGS_OF = {
    "gcc": ["-Wsuggest-override", "-fno-semantic-interposition"],
    "clang": ["-Winconsistent-missing-override"],
}
# -ffp-contract=off: a fused multiply-add would make a run depend on the machine it was built for.
COMMON = ["-std=c++20", "-fPIC", "-ffp-contract=off", "-fno-omit-frame-pointer", "-pthread"]

# uselib name -> pkg-config package
PACKAGES = {
    "FMT": "fmt",
    "IBUMAD": "libibumad",
    "IBVERBS": "libibverbs",
    "PCAP": "libpcap",
    "GTEST": "gtest",
    "BENCHMARK": "benchmark",
}
# uselib name -> libraries of packages without a usable pkg-config file. ns-3's emits a stray
# '-I/usr;' and drags in development files of GSL and SQLite that nothing here links.
LIBRARIES = {
    "NS3": ["ns3-network", "ns3-core"],
    "BOOST_CONTEXT": ["boost_context"],
    "RAPIDCHECK": ["rapidcheck"],
}
HEADERS = [
    "boost/context/detail/fcontext.hpp",
    "tl/expected.hpp",
    "toml++/toml.h",
    "nlohmann/json.hpp",
    "CLI/CLI.hpp",
    "rapidcheck.h",
    "ns3/simulator.h",
]
# One preprocessor run: to compile a program with each of them takes ten seconds.
HEADER_CHECK = """
#if !__has_include(<%s>)
#error missing header %s
#endif
"""


def options(opt):
    opt.load("compiler_cxx")
    opt.add_option("--build-variant", default="opt", choices=sorted(VARIANTS), dest="build_variant")


def configure(conf):
    compiler, compile_flags, link_flags = VARIANTS[conf.options.build_variant]
    if compiler and "CXX" not in conf.environ:
        conf.environ["CXX"] = compiler
    conf.load("compiler_cxx")
    conf.find_program("ccache", mandatory=False)
    conf.env.CXX_BARE = conf.env.CXX
    conf.env.BUILD_VARIANT = conf.options.build_variant
    if conf.env.CCACHE:
        conf.env.CXX = conf.env.CCACHE + conf.env.CXX
    common = COMMON + WARNINGS + FLAGS_OF.get(conf.env.CXX_NAME, [])
    conf.env.append_value("CXXFLAGS", common + compile_flags)
    conf.env.append_value("LINKFLAGS", ["-pthread"] + link_flags)

    for name, package in PACKAGES.items():
        conf.check_cfg(package=package, args=["--cflags", "--libs"], uselib_store=name)
    conf.env.LIB_GTEST = ["gtest_main", "gmock", "gtest"]
    for name, libraries in LIBRARIES.items():
        conf.env["LIB_" + name] = libraries
    conf.check_cxx(msg="Checking for header-only libraries", features="cxx",
                   fragment="".join(HEADER_CHECK % (name, name) for name in HEADERS),
                   errmsg="see config.log for the header that is missing")
    conf.env.DEFINES = []  # waf's HAVE_...: whatever is listed here is required

    conf.env.INCLUDES_PYTHON = [sysconfig.get_paths()["include"]]
    # waf 2.0.15 knows no extension suffix for Python 3.11.
    conf.env.PYEXT_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def build(bld):
    for part, (folder, uses, libs) in PARTS.items():
        files = bld.path.ant_glob([folder + "/model/**/*.cc", folder + "/helper/**/*.cc"])
        if files:
            bld.stlib(source=files, target="weft-" + part, name=part, includes=["src"],
                      export_includes=["src"], use=uses + libs)

    for part in PARTS:
        tests = bld.path.ant_glob("test/%s/**/*.cc" % part)
        if tests and "ibcm" in below([part]):
            tests += bld.path.ant_glob("test/common/*.cc")
        if tests:
            bld.program(source=tests + run_heap(bld, [part]), target="test/test-" + part,
                        name="test-" + part, includes=["src", "test"],
                        use=below([part]) + ["GTEST", "RAPIDCHECK", "PCAP"], install_path=None)

    if bld.path.find_node("src/lab/command/main.cc"):
        bld.objects(source=bld.path.ant_glob("src/lab/command/**/*.cc") + run_heap(bld, ["lab"]),
                    name="weft-main", includes=["src"], use=below(["lab"]))
        bld(features="cxx cxxprogram", target="bin/weft", name="weft",
            use=["weft-main"] + below(["lab"]), linkflags=link_map("weft"), install_path=None)
        if bld.cmd == "build":
            build_exhibits(bld, below(["lab"]))

    tools = bld.path.ant_glob("src/ibcm-verbs/command/**/*.cc")
    if tools:
        bld.program(source=tools, target="bin/weft-cm", name="weft-cm", includes=["src"],
                    use=below(["ibcm-verbs"]), linkflags=link_map("weft-cm"),
                    install_path=os.path.join(bld.options.prefix, "bin"))
        install_library(bld)

    # With libFuzzer where there is it; elsewhere what runs the committed inputs, as a test.
    fuzzing = bld.env.BUILD_VARIANT == "fuzz"
    for name, parts in FUZZERS.items():
        sources = bld.path.ant_glob("test/fuzz/%s_fuzz.cc test/fuzz/%s-*.cc" % (name, name))
        main = [] if fuzzing else bld.path.ant_glob("test/fuzz/replay-main.cc")
        if sources:
            bld.program(source=sources + main, target="fuzz/fuzz-" + name, name="fuzz-" + name,
                        includes=["src", "test"], use=below(parts), install_path=None,
                        linkflags=["-fsanitize=fuzzer"] if fuzzing else [])

    for bench in bld.path.ant_glob("bench/*_bench.cc"):
        name = os.path.splitext(bench.name)[0].replace("_", "-")
        # A benchmark of one part must not wait for the build of all the others.
        parts = below(parts_included(bench.abspath()))
        # bench/NAME_bench.cc may be about the programs of test/PART/NAME/, which are tested there.
        subject = bench.name[:-len("_bench.cc")]
        programs = bld.path.ant_glob("test/*/%s/*.cc" % subject, excl="**/*-test.cc **/*_test.cc")
        bld.program(source=[bench] + programs + run_heap(bld, parts), target="bench/" + name,
                    name=name, includes=["src", "bench"] + (["test"] if programs else []),
                    use=parts + ["BENCHMARK"], install_path=None)

    build_python(bld)


def link_map(program):
    """Has the linker write down which archives the program was made of: a test compares them."""
    return ["-Wl,-Map=bin/%s.map" % program]


def install_library(bld):
    """For 'waf install' with --prefix: what a user's program needs to stand on weft-ibcm-verbs."""
    if bld.cmd not in ("install", "uninstall"):
        return
    library = os.path.join(bld.options.prefix, "lib")
    parts = below(["ibcm-verbs"])
    built = bld.path.get_bld()
    bld.install_files(library, [built.make_node("libweft-%s.a" % part) for part in parts],
                      name="install-libraries")
    for part in parts:
        source = bld.path.find_dir(PARTS[part][0])
        bld.install_files(os.path.join(bld.options.prefix, "include", "weft", part),
                          source.ant_glob("model/*.h helper/*.h"), cwd=source,
                          relative_trick=True, name="install-headers-" + part)
    bld(features="subst", source="src/ibcm-verbs/weft-ibcm-verbs.pc.in",
        target="weft-ibcm-verbs.pc", VERSION=VERSION, name="install-pkg-config",
        install_path=os.path.join(library, "pkgconfig"))


def run_heap(bld, parts):
    """operator new of programs that run scenarios; a library must not bring its own."""
    return bld.path.ant_glob("src/lab/heap/*.cc") if "lab" in parts else []


def build_python(bld):
    """The package 'weft': the extension module beside its Python files, in OUT/python/weft."""
    module = bld.path.ant_glob("bindings/*.cc")
    if not module:
        return
    env = bld.env.derive()
    env.cxxshlib_PATTERN = "%s" + env.PYEXT_SUFFIX
    bld.shlib(source=module, target="python/weft/_weft", name="python-module", includes=["src"],
              cxxflags=["-fvisibility=hidden"], use=below(["lab"]) + ["PYTHON"], env=env,
              install_path=None)
    files = bld.path.ant_glob("bindings/weft/**/*.py bindings/weft/**/*.pyi bindings/weft/py.typed")
    if files:
        bld(features="subst", is_copy=True, source=files, name="python-files",
            target=["python/" + node.path_from(bld.path.find_dir("bindings")) for node in files])


class CompileDatabase(Build.BuildContext):
    """writes compile_commands.json for clangd and clang-tidy"""

    cmd = "compiledb"

    def execute(self):
        self.restore()
        if not self.all_envs:
            self.load_envs()
        self.recurse([self.run_dir])
        # The compilers' tasks exist once every group is posted; nothing is compiled.
        self.pre_build()
        for group in self.groups:
            for generator in group:
                generator.post()
        tasks = [task for group in self.groups for generator in group for task in generator.tasks]
        write_database(self.path.make_node("compile_commands.json").abspath(),
                       commands(tasks, self.variant_dir))
