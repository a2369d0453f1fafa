# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The wire between two guests: knows Connection Management messages, and does them harm on request."""
