# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The checks of './weft lint', one file each: check(tree) yields the findings. See README.md."""
