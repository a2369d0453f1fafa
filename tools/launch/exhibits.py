# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The exhibits of the museum, test/bugs/NN-NAME/, and what their exhibit.toml says."""

import dataclasses
import glob
import os
import re
import tomllib

from launch.errors import usage_error
from launch.places import CHECKOUT

MUSEUM = os.path.join(CHECKOUT, "test", "bugs")
EXPLORATION = "exploration"
COMPILER = "compiler"
_NAME = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")
_KEYS = {"title": str, "origin": str, "kind": str, "shown-by": str, "oracles": list}
_FILES = {EXPLORATION: ["defect.patch", "README.md", "scenario.toml", "found.weft"],
          COMPILER: ["defect.patch", "README.md"]}


@dataclasses.dataclass(frozen=True)
class Exhibit:
    """One defect: its folder, and what is known of it."""

    name: str
    folder: str
    title: str
    origin: str  # where it comes from, for the table
    kind: str  # what sort of mistake it is
    shown_by: str = EXPLORATION
    oracles: tuple = ()  # what a violation's signature contains that counts as having found it

    def file(self, name):
        return os.path.join(self.folder, name)

    @property
    def patch(self):
        return self.file("defect.patch")

    def missing(self):
        """Its files that are not there."""
        return [name for name in _FILES[self.shown_by] if not os.path.isfile(self.file(name))]


def read(folder):
    """The exhibit in a folder; raises WeftError with the file and what was expected."""
    name = os.path.basename(folder)
    path = os.path.join(folder, "exhibit.toml")
    shown = os.path.relpath(path, CHECKOUT)
    if not _NAME.fullmatch(name):
        raise usage_error("%s: the folder's name is '%s', expected two digits and a name, as in "
                          "08-published-too-early" % (shown, name))
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise usage_error("%s: %s" % (shown, error.strerror)) from None
    except tomllib.TOMLDecodeError as error:
        raise usage_error("%s: %s" % (shown, error)) from None
    for key, value in table.items():
        if key not in _KEYS:
            raise usage_error("%s: there is no key '%s'; the keys are %s"
                              % (shown, key, ", ".join(_KEYS)))
        if not isinstance(value, _KEYS[key]):
            raise usage_error("%s: '%s' is a %s, expected a %s"
                              % (shown, key, type(value).__name__, _KEYS[key].__name__))
    for key in ("title", "origin", "kind"):
        if not table.get(key):
            raise usage_error("%s: the key '%s' is missing" % (shown, key))
    how = table.get("shown-by", EXPLORATION)
    if how not in _FILES:
        raise usage_error("%s: 'shown-by' is '%s', expected %s"
                          % (shown, how, " or ".join(_FILES)))
    oracles = tuple(table.get("oracles", ()))
    if bool(oracles) != (how == EXPLORATION) or not all(isinstance(one, str) for one in oracles):
        raise usage_error("%s: 'oracles' is %s, expected %s"
                          % (shown, list(oracles), "a list of texts" if how == EXPLORATION
                             else "none, as the compiler finds it"))
    return Exhibit(name, folder, table["title"], table["origin"], table["kind"], how, oracles)


def all_exhibits(museum=MUSEUM):
    """Every exhibit, by number."""
    files = glob.glob(os.path.join(museum, "*", "exhibit.toml"))
    return [read(os.path.dirname(file)) for file in sorted(files)]


def chosen(names, known):
    """The exhibits that the names mean: the whole name, or its number."""
    found = []
    for name in names:
        matching = [one for one in known if name in (one.name, one.name[:2])]
        if not matching:
            raise usage_error("there is no exhibit '%s'; 'weft bugs list' shows those that are"
                              % name)
        found += [one for one in matching if one not in found]
    return found


def core_option(words):
    """Takes '--core NAME' out of the words of another command; None if it is not there."""
    for i, word in enumerate(words):
        if word == "--core" or word.startswith("--core="):
            name = word[len("--core="):] if "=" in word else "".join(words[i + 1:i + 2])
            del words[i:i + (1 if "=" in word else 2)]
            (exhibit,) = chosen([name], all_exhibits())
            return exhibit
    return None
