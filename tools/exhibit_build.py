# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How waf builds the program 'weft' with a defective core; see defects.py."""

import os

from waflib.TaskGen import after_method, feature

from defects import FOLDER, TARGET, reached_units

CORE = "ibcm"


def build_exhibits(bld, uses):
    """Makes the targets among those asked for that are exhibits; no other build knows of them."""
    for target in bld.targets.split(","):
        if not target.startswith(TARGET):
            continue
        name = target[len(TARGET):]
        folder = bld.path.find_dir("%s/%s" % (FOLDER, name))
        copy = folder.find_dir("src")
        changed = folder.find_node("patched").read().split()
        units = [copy.find_node(unit) for unit in reached_units(copy.abspath(), changed)]
        bld(features="cxx cxxstlib rest_of_core", source=units, name="core-" + name,
            target="bugs/%s/%s" % (name, "weft-core-" + name), includes=[copy, "src"],
            use=[use for use in uses if use != "lab"], install_path=None)
        bld(features="cxx cxxprogram defective_core", name=target, target="bugs/%s/weft" % name,
            core="core-" + name, use=["weft-main"] + uses, install_path=None)


@feature("rest_of_core")
@after_method("apply_link", "process_source")
def take_rest_of_core(self):
    """Objects of the real core for what the patch does not reach."""
    real = self.bld.get_tgen_by_name(CORE)
    real.post()
    compiled = {"src/ibcm/" + node.abspath().rpartition("/src/ibcm/")[2] for node in self.source}
    for task in real.compiled_tasks:
        if task.inputs[0].path_from(self.bld.srcnode) not in compiled:
            self.link_task.set_run_after(task)
            self.link_task.inputs.extend(task.outputs)


@feature("defective_core")
@after_method("process_use")
def take_defective_core(self):
    """In the place of the real core's archive, so that nothing of that is linked."""
    core = self.bld.get_tgen_by_name(self.core)
    core.post()
    archive = core.link_task.outputs[0]
    real = os.path.basename(self.bld.get_tgen_by_name(CORE).target)
    self.env.STLIB = [os.path.basename(core.target) if library == real else library
                      for library in self.env.STLIB]
    self.env.append_unique("STLIBPATH", [archive.parent.path_from(self.bld.bldnode)])
    self.link_task.set_run_after(core.link_task)
    self.link_task.dep_nodes.append(archive)
