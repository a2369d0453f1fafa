# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes the packages of this folder known to its tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
