# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The second half of './weft': builds what the command needs, then runs it. See tools/README.md."""

import importlib
import os
import signal
import shutil
import sys

from launch.errors import BROKEN, FINE, WeftError, usage_error
from launch.options import parse
from launch.places import BUILD, variant_folder

# Commands of the launcher -> module with main(options). All others are the built program's.
COMMANDS = {
    "test": "launch.testing",
    "lint": "launch.linting",
    "bench": "launch.bench",
    "fuzz": "launch.fuzzing",
    "bugs": "launch.bugs",
    "install": "launch.installing",
}


def build(options):
    """./weft build [TARGET...]: by default the program, the Python module and nothing else."""
    from launch.builder import Builder
    from launch.targets import known_targets

    known = known_targets()
    targets = [word for word in options.rest if not word.startswith("-")]
    for word in options.rest:
        if word in ("-v", "--verbose"):
            options.verbose = True
        elif word == "all":
            targets = known
        elif word not in known:
            raise usage_error("weft build [-v] [TARGET...]: there is no target '%s'; the targets "
                              "are all, %s" % (word, ", ".join(known)))
    defaults = [target for target in ("weft", "python-module") if target in known]
    Builder(options.variant, options.verbose).build(targets or defaults)
    return FINE


def clean(options):
    """./weft clean: forgets one variant's build, or with 'all' the whole build folder."""
    if options.rest not in ([], ["all"]):
        raise usage_error("weft clean [all] [--variant=V], not '%s'" % " ".join(options.rest))
    shutil.rmtree(variant_folder(options.variant) if not options.rest else BUILD,
                  ignore_errors=True)
    return FINE


def python(options):
    """./weft python [ARGUMENT...]: Debian's Python with the package 'weft' to import."""
    from launch.builder import Builder
    from launch.places import PYTHON
    from launch.sanitizers import environment_of, preload_of

    builder = Builder(options.variant, options.verbose)
    builder.build(["python-module"])
    environment = environment_of(options.variant)
    environment.update(preload_of(options.variant))
    folders = [os.path.dirname(builder.file_of("python-module")), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return _become([PYTHON] + options.rest, environment)


def program(options):
    """Any other command: the built program's, or with --core that of an exhibit's core."""
    from launch.builder import Builder
    from launch.exhibits import core_option
    from launch.sanitizers import environment_of, wrapper_of

    builder = Builder(options.variant, options.verbose)
    target = "weft"
    exhibit = core_option(options.rest)
    if exhibit:
        from launch import defective

        defective.build([exhibit], builder)
        target = defective.target_of(exhibit)
    else:
        builder.build([target])
    words = [options.command] if options.command else []
    command = wrapper_of(options.variant) + [builder.file_of(target)] + words + options.rest
    return _become(command, environment_of(options.variant))


def _become(command, environment):
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores SIGPIPE, and a program inherits that: 'weft … | head' shall end quietly.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvpe(command[0], command, environment)


def main():
    try:
        options = parse(sys.argv[1:])
        if options.command in COMMANDS:
            return importlib.import_module(COMMANDS[options.command]).main(options)
        return {"build": build, "clean": clean, "python": python}.get(
            options.command, program)(options)
    except WeftError as error:
        print("weft: %s" % error, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("weft: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader, such as 'head', has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
