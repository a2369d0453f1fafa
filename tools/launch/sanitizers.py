# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What programs of the sanitizer variants need around them."""

import functools
import os
import platform
import subprocess

# A user's own setting goes before these.
_OPTIONS = {
    "asan": {
        "ASAN_OPTIONS": "strict_string_checks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    },
    "fuzz": {
        "ASAN_OPTIONS": "strict_string_checks=1:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-14",
    },
    "tsan": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"},
}


def environment_of(variant):
    """The environment for programs of the variant."""
    environment = dict(os.environ)
    for name, value in _OPTIONS.get(variant, {}).items():
        environment.setdefault(name, value)
    return environment


@functools.lru_cache(maxsize=None)
def wrapper_of(variant):
    """What to put before a program: TSan's runtime of GCC 12 cannot start when the kernel
    spreads mappings as widely as newer ones do, which setarch turns off where it may."""
    if variant != "tsan":
        return []
    wrapper = ["setarch", platform.machine(), "--addr-no-randomize"]
    try:
        allowed = subprocess.run(wrapper + ["true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return wrapper if allowed.returncode == 0 else []


def preload_of(variant):
    """Python is not instrumented: the runtime has to be there before the module is loaded, and
    the interpreter's own leaks are none of ours."""
    if variant != "asan":
        return {}
    found = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True,
                           check=True)
    return {"LD_PRELOAD": os.path.realpath(found.stdout.strip()),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=0")}
