# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""run_waf.py WAFDIR ARGUMENT...: runs the waf whose 'waflib' lies in the folder WAFDIR."""

import os
import sys


def main():
    folder = os.path.abspath(sys.argv[1])
    sys.argv[:] = ["waf"] + sys.argv[2:]
    sys.path.insert(0, folder)
    from waflib import Context, Scripting

    Scripting.waf_entry_point(os.getcwd(), Context.WAFVERSION, folder)


if __name__ == "__main__":
    main()
