# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is tried between two Connection Managers, and what has come of it."""
