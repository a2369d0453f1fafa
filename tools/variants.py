# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The variants of the build: read by wscript (flags) and by the launcher (--variant)."""

_ASAN = "-fsanitize=address,undefined"
_TSAN = "-fsanitize=thread"

# name -> (compiler or None for the default, compile flags, link flags)
VARIANTS = {
    "opt": (None, ["-O2", "-g1", "-DNDEBUG"], []),
    # What is shipped: without the core's checks on itself.
    "release": (None, ["-O2", "-DNDEBUG", "-DIBCM_INVARIANTS=0"], []),
    "clang": ("clang++-14", ["-O2", "-g1", "-DNDEBUG"], []),
    "debug": (None, ["-O0", "-g"], []),
    "asan": (None, ["-O1", "-g", _ASAN, "-fno-sanitize-recover=undefined"], [_ASAN]),
    # libFuzzer comes with Clang only; the programs of test/fuzz/ get their main from it.
    "fuzz": ("clang++-14",
             ["-O1", "-g", "-fsanitize=fuzzer-no-link,address,undefined",
              "-fno-sanitize-recover=undefined"], [_ASAN]),
    "tsan": (None, ["-O1", "-g", _TSAN], [_TSAN]),
}
