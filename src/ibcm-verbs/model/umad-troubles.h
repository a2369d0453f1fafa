// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UMAD_TROUBLES_H
#define IBCM_VERBS_UMAD_TROUBLES_H

#include "ibcm-verbs/model/verbs-error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/**
 * @file
 * Why a port's MADs cannot be had, and what can be done about it, for a person.
 */

namespace cmverbs
{

/** Each loaded kernel module that can matter here, and who uses it. */
using KernelModules = std::map<std::string, std::vector<std::string>>;

/** From @p root, "/sys/module" unless for a test: ib_cm, ib_umad, and all that use the former. */
KernelModules ReadKernelModules(const std::string& root = "/sys/module");

/** @p module and all that use it, in an order in which they can be unloaded. */
std::vector<std::string> UnloadOrder(const KernelModules& modules, const std::string& module);

/** The umad device cannot be opened. @param code an errno. */
VerbsError WhyNoUmadDevice(const std::string& device,
                           std::uint8_t port,
                           int code,
                           const KernelModules& modules);

/** The kernel refuses the class: code EBUSY, and who has it. */
VerbsError WhyNotRegistered(const std::string& device,
                            std::uint8_t port,
                            int code,
                            const KernelModules& modules);

} // namespace cmverbs

#endif /* IBCM_VERBS_UMAD_TROUBLES_H */
