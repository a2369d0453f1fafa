# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Boots the guests that the chosen tests need, and does their jobs beside each other."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from guests.errors import Unavailable  # noqa: E402
from guests.machine import find_qemu  # noqa: E402
from guests.places import build_folder  # noqa: E402
from scenes.columns import COLUMNS, LINUX_COLUMNS, Column  # noqa: E402
from scenes.jobs import JOBS  # noqa: E402

# What the other columns have to do as this one does, and the jobs in which that is looked at.
REFERENCE = "kernel-kernel"
COMPARED = ("dialogue",)  # the matrix is compared with the manual


def pytest_configure(config):
    config.addinivalue_line("markers", "job(name): what the guests have to do for the test")


def _wanted(items):
    """Column -> names of the jobs that its tests look at, in the order of JOBS."""
    wanted = {}
    for item in items:
        marker = item.get_closest_marker("job")
        parameters = getattr(item, "callspec", None)
        if marker and parameters and not any(skip.args[0] for skip in
                                             item.iter_markers("skipif")):
            names = wanted.setdefault(parameters.params["column_name"], set())
            names.add(parameters.params.get("job_name", marker.args[0] if marker.args else None))
    for job in COMPARED:
        if any(job in names for names in wanted.values()):
            wanted.setdefault(REFERENCE, set()).add(job)
    return {name: [job for job in JOBS if job in wanted[name]]
            for name in [*COLUMNS, *LINUX_COLUMNS] if name in wanted}


@pytest.fixture(scope="session", name="columns")
def fixture_columns(request):
    """The columns that are needed, already at work: name -> Column."""
    try:
        find_qemu()
    except Unavailable as error:
        pytest.skip("no guests: %s" % error)
    folder = build_folder() / "last-run"
    columns = {}
    for name, jobs in _wanted(request.session.items).items():
        columns[name] = Column(name, folder)
        columns[name].start({job: JOBS[job] for job in jobs})
    yield columns
    for column in columns.values():
        column.close()


@pytest.fixture
def column(columns, column_name):
    """The column of the test's parameter."""
    return columns[column_name]
