# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What './weft' does before and beside the built program: see tools/README.md."""
