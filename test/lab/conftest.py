# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The program 'weft', and scenarios for it in a folder of their own."""

import os
import subprocess

import pytest


@pytest.fixture(scope="session")
def program():
    path = os.environ.get("WEFT")
    if not path:
        pytest.skip("WEFT does not name the program; './weft test lab' sets it")
    return path


@pytest.fixture
def weft(program, tmp_path):
    """weft(*words) runs the program in a folder of its own."""

    def run(*words, folder=tmp_path, **environment):
        return subprocess.run([program, *map(str, words)], cwd=folder, capture_output=True,
                              text=True, check=False, timeout=300,
                              env={**os.environ, **environment})

    return run


@pytest.fixture
def scenario(tmp_path):
    """scenario(text) writes a scenario and gives its path."""

    def write(text, name="test.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
