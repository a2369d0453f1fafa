# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Counts of tests, and what to show of those that failed."""

import dataclasses


@dataclasses.dataclass
class Result:
    """What running some tests came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)  # output of each failed test
    notes: list = dataclasses.field(default_factory=list)  # lines for the reader
    seconds: float = 0.0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.notes += other.notes

    def ran(self):
        return self.passed + self.failed + self.skipped

    def counts(self):
        return "%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped)
