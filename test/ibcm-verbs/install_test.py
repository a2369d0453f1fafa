# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What './weft install' installs, and that it is the core which the simulator has searched."""

import hashlib
import os
import re
import subprocess

import pytest

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARIES = ["libweft-ib-wire.a", "libweft-ibcm.a", "libweft-ibcm-verbs.a"]
SANITIZED = os.environ["WEFT_VARIANT"] in ("asan", "tsan")


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory):
    """A folder that stands for '/', with everything installed below /opt/weft."""
    folder = tmp_path_factory.mktemp("install")
    subprocess.run([os.path.join(CHECKOUT, "weft"), "install",
                    "--variant", os.environ["WEFT_VARIANT"],
                    "--prefix", "/opt/weft", "--destdir", folder], check=True, cwd=folder)
    return folder


@pytest.fixture(name="prefix")
def _prefix(root):
    return root / "opt/weft"


def _digest(file):
    with open(file, "rb") as source:
        return hashlib.sha256(source.read()).hexdigest()


def _archives_of(program):
    """The archives that the linker has taken parts of the program from, by name."""
    # It ran in the folder of the variant, of which the programs are in bin/.
    folder = os.path.dirname(os.path.dirname(program))
    with open(program + ".map", encoding="utf-8") as text:
        found = set(re.findall(r"^(\S+\.a)\(\S+\.o\)", text.read(), re.MULTILINE))
    return {os.path.basename(name): os.path.join(folder, name) for name in found}


def test_simulator_and_hardware_link_the_same_core(prefix):
    simulator = _archives_of(os.environ["WEFT"])
    hardware = _archives_of(os.environ["WEFT_CM"])
    for name in ("libweft-ibcm.a", "libweft-ib-wire.a"):
        assert os.path.samefile(simulator[name], hardware[name])
        assert _digest(simulator[name]) == _digest(hardware[name]) == _digest(prefix / "lib" / name)
        # Whoever was linked before the archive was made has another one in it.
        for program in ("WEFT", "WEFT_CM"):
            assert os.path.getmtime(simulator[name]) <= os.path.getmtime(os.environ[program])


def test_everything_is_there_and_nothing_else(prefix):
    assert sorted(os.listdir(prefix)) == ["bin", "include", "lib"]
    assert os.listdir(prefix / "bin") == ["weft-cm"]
    assert sorted(os.listdir(prefix / "lib")) == sorted(LIBRARIES + ["pkgconfig"])
    assert sorted(os.listdir(prefix / "include/weft")) == ["ib-wire", "ibcm", "ibcm-verbs"]
    for folder, _, names in os.walk(prefix / "include"):
        assert all(name.endswith(".h") for name in names), folder


def test_installed_program_runs(prefix):
    done = subprocess.run([prefix / "bin/weft-cm", "--help"], check=True, capture_output=True,
                          text=True)
    assert "listen" in done.stdout


def _pkg_config(prefix, *words):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"))
    done = subprocess.run(["pkg-config", *words, "weft-ibcm-verbs"], check=True,
                          capture_output=True, text=True, env=environment)
    return done.stdout.split()


def test_version_is_that_of_weft(prefix):
    with open(os.path.join(CHECKOUT, "wscript"), encoding="utf-8") as text:
        version = re.search(r'^VERSION = "(.*)"', text.read(), re.MULTILINE).group(1)
    assert _pkg_config(prefix, "--modversion") == [version]


@pytest.mark.skipif(SANITIZED, reason="the library needs the sanitizer's runtime")
def test_example_is_built_by_pkg_config_alone(prefix, tmp_path):
    example = os.path.join(CHECKOUT, "examples/verbs/hello.cc")
    program = tmp_path / "hello"
    subprocess.run(["c++", "-Wall", "-Wextra", "-Werror", "-o", program, example,
                    *_pkg_config(prefix, "--cflags", "--libs")], check=True, cwd=tmp_path)
    # There need not be a device here: it is told that there is none.
    done = subprocess.run([program, "192.0.2.1", "7471"], check=False, capture_output=True,
                          text=True)
    if not os.path.exists("/sys/class/infiniband"):
        assert done.returncode == 1
        assert "no RDMA device" in done.stderr


def test_example_is_short_enough_to_read():
    with open(os.path.join(CHECKOUT, "examples/verbs/hello.cc"), encoding="utf-8") as text:
        assert len(text.readlines()) <= 60


def test_headers_stand_by_themselves(prefix, tmp_path):
    """A few that a user begins with, each alone and before everything else."""
    flags = _pkg_config(prefix, "--cflags")
    for header in ("ibcm-verbs/helper/cm-host.h", "ibcm-verbs/model/cm-device.h",
                   "ibcm/model/connection-manager.h", "ib-wire/model/cm-messages.h"):
        source = tmp_path / "alone.cc"
        source.write_text('#include "%s"\n' % header)
        subprocess.run(["c++", "-fsyntax-only", *flags, source], check=True)
