# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Two virtual machines with soft-RoCE, and how to run programs in them."""
