# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The wire between two guests: it knows the Connection Manager's messages, and harms them."""
