# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The launcher: options, waf, fingerprints, and the shell half in a system of its own."""

import os
import pathlib
import subprocess

import pytest

from launch import builder, inputs, waf
from launch.errors import WeftError
from launch.options import parse

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("words, variant, verbose, command, rest", [
    (["run", "a.toml"], "opt", False, "run", ["a.toml"]),
    (["--variant=asan", "test", "ibcm"], "asan", False, "test", ["ibcm"]),
    (["test", "--variant", "tsan", "ibcm"], "tsan", False, "test", ["ibcm"]),
    (["-v", "run", "-v", "a"], "opt", True, "run", ["-v", "a"]),
    (["python", "--", "--variant=x"], "opt", False, "python", ["--", "--variant=x"]),
    (["--version"], "opt", False, "", ["--version"]),
])
def test_options(words, variant, verbose, command, rest):
    options = parse(words)
    assert (options.variant, options.verbose, options.command, options.rest) == (
        variant, verbose, command, rest)


@pytest.mark.parametrize("words", [["--variant=fast", "run"], ["run", "--variant"]])
def test_unknown_variant(words):
    with pytest.raises(WeftError) as caught:
        parse(words)
    assert caught.value.status == 2 and "opt, release, clang" in str(caught.value)


@pytest.mark.parametrize("version, status", [(None, 2), ("1.9.15", 2)])
def test_wrong_wafdir(tmp_path, monkeypatch, version, status):
    if version:
        (tmp_path / "waflib").mkdir()
        (tmp_path / "waflib/Context.py").write_text("WAFVERSION = '%s'\n" % version)
    monkeypatch.setenv("WAFDIR", str(tmp_path))
    with pytest.raises(WeftError) as caught:
        waf.waf_command()
    assert caught.value.status == status and str(tmp_path) in str(caught.value)


def test_good_wafdir(tmp_path, monkeypatch):
    (tmp_path / "waflib").mkdir()
    (tmp_path / "waflib/Context.py").write_text('WAFVERSION="2.0.27"\n')
    monkeypatch.setenv("WAFDIR", str(tmp_path))
    assert waf.waf_command()[-1] == str(tmp_path)


def test_fingerprint_of_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "CHECKOUT", str(tmp_path))
    (tmp_path / "src/lab").mkdir(parents=True)
    (tmp_path / "test/lab").mkdir(parents=True)
    source = tmp_path / "src/lab/a.cc"
    source.write_text("int a;\n")
    program, tests = inputs.sources("weft"), inputs.sources("test-lab")
    assert inputs.sources("weft") == program
    # A test is no input of the program.
    (tmp_path / "test/lab/a_test.cc").write_text("")
    assert inputs.sources("weft") == program and inputs.sources("test-lab") != tests
    found = source.stat()
    os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    touched = inputs.sources("weft")
    assert touched != program
    source.rename(tmp_path / "src/lab/b.cc")
    assert inputs.sources("weft") != touched


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A builder whose waf is a script: build(script) gives it; its folder is temporary."""

    def make(script):
        monkeypatch.setattr(builder, "variant_folder", lambda variant: str(tmp_path / "out"))
        monkeypatch.setattr(builder, "waf_command", lambda: ["sh", "-c", script, "sh"])
        monkeypatch.setattr(builder, "CHECKOUT", str(tmp_path))
        return builder.Builder("opt")

    return make


def test_nothing_to_do_runs_nothing(build, tmp_path):
    made = build('mkdir -p out/bin; touch out/bin/weft; echo "$@" >>calls')
    made.build(["weft"])
    made.build(["weft"])
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 1 and calls[0].startswith("configure compiledb build")
    # A program that was removed is built again, without configuring.
    (tmp_path / "out/bin/weft").unlink()
    made.build(["weft"])
    assert (tmp_path / "calls").read_text().splitlines()[1].startswith("compiledb build")


def test_failed_build_is_shown_and_tried_again(build, tmp_path, capfd):
    made = build('echo "[ 1/2] Compiling a.cc"; echo "a.cc:1: error: no"; echo x >>calls; exit 1')
    for attempt in (1, 2):
        with pytest.raises(WeftError) as caught:
            made.build(["weft"])
        assert caught.value.status == 3
        assert "a.cc:1: error: no" in capfd.readouterr().err
        assert (tmp_path / "calls").read_text() == "x\n" * attempt


# What the shell half finds in a system where only these programs exist.
PROGRAMS = ("sh", "dirname", "readlink", "mkdir", "cat", "id", "tr", "env", "pwd")


@pytest.fixture
def system(tmp_path):
    """A checkout with the launcher, reached through a symlink, and a PATH of our making."""
    tools = tmp_path / "checkout/tools"
    tools.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "checkout/weft").write_text((CHECKOUT / "weft").read_text())
    (tmp_path / "checkout/weft").chmod(0o755)
    (tools / "packages.txt").write_text(
        "# c\n[build]\ng++\nlib-a-dev\n[test]\npytest-x\n[fuzz]\nfuzzer-x\n"
        "[interop]\nemulator-x\n")
    (tools / "help.txt").write_text("the help\n")
    (tools / "launcher.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\n")
    (tmp_path / "link").symlink_to("checkout/weft")
    for name in PROGRAMS:
        for folder in ("/usr/bin", "/bin"):
            if os.path.exists(os.path.join(folder, name)):
                (tmp_path / "bin" / name).symlink_to(os.path.join(folder, name))
                break
    return tmp_path


def program(system, name, script):
    path = system / "bin" / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def launch(system, *words, folder=None):
    return subprocess.run([str(system / "link"), *words], cwd=folder or system, text=True,
                          env={"PATH": str(system / "bin")}, capture_output=True, check=False)


# A dpkg-query that knows what the file 'installed' lists, and an apt-get that adds to it.
DPKG = 'cat "%s/installed" 2>/dev/null; exit 0\n'
APT = ('echo "$@" >>"%(d)s/apt-calls"\n'
       'case " $* " in *" update "*) : >"%(d)s/updated"; exit 0;; esac\n'
       '[ -e "%(d)s/updated" ] || [ -z "%(old)s" ] || exit 100\n'
       'for p in "$@"; do echo "$p=installed" >>"%(d)s/installed"; done\n')


def test_foreign_system(system):
    done = launch(system, "run", "x")
    assert done.returncode == 2
    assert "g++ lib-a-dev" in done.stderr and "pytest-x" not in done.stderr


def test_help_needs_nothing(system):
    done = launch(system, "--help")
    assert (done.returncode, done.stdout, done.stderr) == (0, "the help\n", "")
    assert launch(system).returncode == 2


def test_missing_packages_are_installed_once(system):
    (system / "installed").write_text("lib-a-dev=installed\n")
    program(system, "dpkg-query", DPKG % system)
    program(system, "apt-get", APT % {"d": system, "old": ""})
    program(system, "sudo", '[ "$1" = -n ] && shift; exec "$@"\n')
    (system / "elsewhere").mkdir()
    done = launch(system, "run", "a b", folder=system / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "%s ['run', 'a b']\n" % (system / "elsewhere")
    assert done.stderr == "weft: installing the Debian packages: g++\n"
    calls = (system / "apt-calls").read_text()
    assert "install --no-install-recommends g++" in calls and "lib-a-dev" not in calls
    assert launch(system, "run").stderr == "" and (system / "apt-calls").read_text() == calls
    done = launch(system, "test", "--filter", "interop", "ibcm", "--long")
    assert done.stderr == "weft: installing the Debian packages: pytest-x\n"
    done = launch(system, "fuzz", "cm")
    assert done.stderr == "weft: installing the Debian packages: fuzzer-x\n"


@pytest.mark.parametrize("words, wanted", [
    (["test"], True), (["test", "--filter", "x", "--jobs", "2", "-v"], True),
    (["test", "ibcm", "interop"], True), (["test", "ibcm"], False), (["run", "interop"], False),
    (["test", "ibcm", "--filter", "interop"], False), (["test", "interop-x"], False)])
def test_the_guests_packages(system, words, wanted):
    (system / "installed").write_text("".join(
        name + "=installed\n" for name in ("g++", "lib-a-dev", "pytest-x")))
    program(system, "dpkg-query", DPKG % system)
    program(system, "apt-get", 'exit 100\n')
    program(system, "sudo", '[ "$1" = -n ] && shift; exec "$@"\n')
    done = launch(system, *words)
    # They are not to be had: that is said, and does not keep the other tests from running.
    assert done.returncode == 0, done.stderr
    assert ("could not install: emulator-x" in done.stderr) == wanted
    assert ("going on without" in done.stderr) == wanted


def test_stale_lists_are_updated(system):
    program(system, "dpkg-query", DPKG % system)
    program(system, "apt-get", APT % {"d": system, "old": "yes"})
    program(system, "sudo", '[ "$1" = -n ] && shift; exec "$@"\n')
    done = launch(system, "run")
    assert done.returncode == 0, done.stderr
    assert " update" in (system / "apt-calls").read_text()


def test_failed_installation_is_shown(system):
    program(system, "dpkg-query", DPKG % system)
    program(system, "apt-get", 'echo "E: no such thing"; exit 100\n')
    program(system, "sudo", '[ "$1" = -n ] && shift; exec "$@"\n')
    done = launch(system, "run")
    assert done.returncode == 3
    assert "E: no such thing" in done.stderr and "could not install: g++ lib-a-dev" in done.stderr
