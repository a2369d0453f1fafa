# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What would make two runs of one decision log differ, in the code that runs in the simulator.

A line that must use such a thing all the same says why:

    // weft-lint: allow(determinism): host-side wall time for the summary, never simulated

on the line itself or alone on the line before.
"""

import os
import re

from lint.tree import Finding, code_only, line_of

_CLOCK = "take the time from the runtime (Runtime::Now) or from the engine"
_DRAW = "draw from a named stream of interleave/model/random.h"
_BOUND = "draw with the bounded draws of interleave/model/random.h, the same in every library"

# (pattern, what it is called, what to use instead)
BANNED = [
    (r"\brandom_device\b", "std::random_device", _DRAW),
    (r"(?<![\w.>])(?:std\s*::\s*)?s?rand(?:om)?(?:_r)?\s*\(", "rand()", _DRAW),
    (r"\b[dlmnj]rand48\s*\(", "drand48()", _DRAW),
    (r"\bget(?:random|entropy)\s*\(", "getrandom()", _DRAW),
    (r"\barc4random\w*\s*\(", "arc4random()", _DRAW),
    (r"\bdefault_random_engine\b", "std::default_random_engine", _DRAW),
    (r"\b(?:uniform_int|uniform_real|bernoulli|binomial|negative_binomial|geometric|poisson|"
     r"exponential|gamma|weibull|extreme_value|normal|lognormal|chi_squared|cauchy|fisher_f|"
     r"student_t|discrete|piecewise_constant|piecewise_linear)_distribution\b",
     "a std:: distribution", _BOUND),
    (r"\bstd\s*::\s*(?:ranges\s*::\s*)?(?:shuffle|sample|random_shuffle)\b",
     "std::shuffle", _BOUND),
    (r"(?<![\w.>])(?:::\s*|\bstd\s*::\s*)?(?:time|clock)\s*\(\s*(?:\)|NULL\b|nullptr\b|0\s*\)|&)",
     "time()", _CLOCK),
    (r"\b(?:clock_gettime|gettimeofday|timespec_get|ftime)\s*\(", "the wall clock", _CLOCK),
    (r"\b(?:system|steady|high_resolution|utc|tai|gps|file)_clock\b", "a std::chrono clock",
     _CLOCK),
    (r"\b(?:thread_local|__thread)\b", "thread_local",
     "keep it in the task or the engine: fibers of one thread share thread-locals"),
    (r"\bstd\s*::\s*(?:flat_)?(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?(?:[\w:]+(?:\s+const)?\s*\*|"
     r"(?:ns3\s*::\s*)?Ptr\s*<|std\s*::\s*(?:shared|unique)_ptr\s*<)",
     "an ordered container keyed by address", "key it by the object's ordinal"),
    (r"\bstd\s*::\s*(?:hash|less|greater)\s*<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*",
     "an order or hash of addresses", "use the object's ordinal"),
    (r"\bstd\s*::\s*this_thread\s*::\s*(?:sleep_for|sleep_until|get_id)\b", "std::this_thread",
     "wait with the runtime; name tasks by their ordinal"),
    (r"\bstd\s*::\s*(?:jthread|thread|async|mutex|condition_variable)\b(?!\s*::)",
     "an OS thread or lock", "take tasks and locks from the runtime or the engine"),
]
_PATTERNS = [(re.compile(pattern), called, instead) for pattern, called, instead in BANNED]

_ALLOW = re.compile(r"//\s*weft-lint:\s*allow\(([\w-]*)\)\s*(:?)[ \t]*(.*)")
_UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)\s*<")
_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*(?:std\s*::\s*)?unordered_(?:multi)?(?:map|set)\s*<")
_NAME_AFTER = re.compile(r"\s*(?:const\b\s*)?[&*]*\s*(\w+)\s*(?:[;={,)(\[]|WEFT_|IBCM_|GUARDED_BY)")
_RANGE_FOR = re.compile(r"\bfor\s*\(([^;{}]*?[^:])?:(?!:)\s*(?P<range>[^;{}]+?)\)\s*[{\n]")
_SHOWN = re.compile(r"(?:\.|->)\s*(?:Read|Write)\s*\(\s*\)")
_BEGIN = re.compile(r"\b(\w+)\s*(?:\.|->)\s*c?begin\s*\(\s*\)")


def check(tree):
    names = [name for name in tree.cxx("src") if not name.startswith("src/ibcm-verbs/")]
    for name in names:
        text = tree.text(name)
        code = code_only(text)
        allowed, complaints = _allowances(name, text)
        yield from complaints
        found = [*_banned(name, code), *_iterations(tree, name, code),
                 *_argument_orders(name, code)]
        for finding in sorted(set(found)):
            if finding.line not in allowed:
                yield finding


def _banned(name, code):
    for pattern, called, instead in _PATTERNS:
        for match in pattern.finditer(code):
            # An #include names headers, not uses.
            if code.rfind("#include", code.rfind("\n", 0, match.start()) + 1, match.start()) >= 0:
                continue
            yield Finding(name, line_of(code, match.start()),
                          "%s differs from run to run: %s" % (called, instead))


def _allowances(name, text):
    """The lines on which determinism is waived, and complaints about waivers without a reason."""
    allowed = set()
    complaints = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _ALLOW.search(line)
        if not match:
            continue
        if match.group(1) != "determinism":
            complaints.append(Finding(name, number, "weft-lint knows allow(determinism) only, not "
                                                    "allow(%s)" % match.group(1)))
        elif not match.group(2) or not match.group(3).strip():
            complaints.append(Finding(name, number, "a waiver gives its reason: "
                                                    "// weft-lint: allow(determinism): REASON"))
        else:
            allowed.add(number)
            if line[:match.start()].strip() == "":
                allowed.add(number + 1)
    return allowed, complaints


def _closing(code, start):
    """The offset behind the '>' that closes the '<' just before start, or None."""
    depth = 1
    for offset in range(start, min(len(code), start + 2000)):
        if code[offset] == "<":
            depth += 1
        elif code[offset] == ">" and code[offset - 1] != "-":
            depth -= 1
            if depth == 0:
                return offset + 1
    return None


def unordered_names(code):
    """Variables and members that the code declares as unordered containers."""
    names = set()
    for match in _UNORDERED.finditer(code):
        end = _closing(code, match.end())
        declared = _NAME_AFTER.match(code, end) if end else None
        if declared:
            names.add(declared.group(1))
    for alias in _ALIAS.findall(code):
        names.update(re.findall(r"\b%s\b\s*[&*]*\s+[&*]*(\w+)\s*[;={,)]" % alias, code))
    return names


def _iterations(tree, name, code):
    """Loops over unordered containers that this file, or its header or source, declares."""
    base, ending = os.path.splitext(name)
    sibling = base + (".h" if ending == ".cc" else ".cc")
    names = unordered_names(code)
    if tree.exists(sibling):
        names |= unordered_names(code_only(tree.text(sibling)))
    if not names:
        return
    message = ("iteration over the unordered container '%s': its order is the library's; keep an "
               "ordered index beside it, or use an ordered container")
    for match in _RANGE_FOR.finditer(code):
        words = re.findall(r"\w+", match.group("range"))
        if words and words[-1] in names:
            yield Finding(name, line_of(code, match.start()), message % words[-1])
    for match in _BEGIN.finditer(code):
        if match.group(1) in names:
            yield Finding(name, line_of(code, match.start()), message % match.group(1))


def _argument_orders(name, code):
    """Calls in two of whose arguments a guarded field is read or written: accesses are told to the
    observer, and it is the compiler that chooses which argument comes first."""
    opened = []  # for each bracket that is open: itself, and for each argument what is shown in it
    shown = {match.start() for match in _SHOWN.finditer(code)}
    for offset, letter in enumerate(code):
        if letter in "([{":
            opened.append((letter, offset, [False]))
        elif letter in ")]}" and opened:
            bracket, start, arguments = opened.pop()
            if bracket == "(" and sum(arguments) > 1:
                yield Finding(name, line_of(code, start),
                              "the order of arguments differs from compiler to compiler: access "
                              "guarded fields in statements of their own, before the call")
            if opened and any(arguments):
                opened[-1][2][-1] = True
        elif letter == "," and opened:
            opened[-1][2].append(False)
        elif letter == ";" and opened:
            opened[-1][2][:] = [False]
        elif offset in shown and opened:
            opened[-1][2][-1] = True
