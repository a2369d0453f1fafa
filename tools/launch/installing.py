# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft install': the Connection Manager for real devices: libraries, headers, weft-cm."""

import argparse
import os

from launch.builder import Builder
from launch.errors import FINE
from parts import below

# The rules of wscript that install something.
_RULES = ["weft-cm", "install-libraries", "install-pkg-config"] + [
    "install-headers-" + part for part in below(["ibcm-verbs"])]


def main(options):
    parser = argparse.ArgumentParser(
        prog="weft install",
        description="Installs weft-cm, and the library weft-ibcm-verbs with its headers and its "
                    "pkg-config file.",
        epilog="The libraries are those of the variant (--variant), byte for byte.")
    parser.add_argument("--prefix", default="/usr/local", metavar="DIR",
                        help="where programs will find it (default: %(default)s)")
    parser.add_argument("--destdir", default="", metavar="DIR",
                        help="a folder that stands for the root, to make a package from")
    arguments = parser.parse_args(options.rest)
    # The user's folder counts, not that of the checkout.
    prefix = os.path.abspath(arguments.prefix)
    destdir = os.path.abspath(arguments.destdir) if arguments.destdir else ""
    builder = Builder(options.variant, options.verbose)
    builder.build(["weft-cm"])
    builder.install(prefix, destdir, _RULES)
    print("installed weft-cm and weft-ibcm-verbs in %s" % (destdir + prefix))
    return FINE
