// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-troubles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace cmverbs
{

namespace
{

constexpr const char* kCm = "ib_cm";
constexpr const char* kUmad = "ib_umad";

/** The module's users, theirs, and so on. Built into the kernel it has no entry there. */
void Collect(const std::filesystem::path& root, const std::string& module, KernelModules& modules)
{
    std::error_code error;
    if (modules.count(module) != 0 || !std::filesystem::is_directory(root / module, error))
    {
        return;
    }
    std::vector<std::string>& users = modules[module];
    for (const auto& holder : std::filesystem::directory_iterator(root / module / "holders", error))
    {
        users.push_back(holder.path().filename().string());
    }
    std::sort(users.begin(), users.end());
    for (const std::string& user : std::vector<std::string>(users))
    {
        Collect(root, user, modules);
    }
}

void AppendUsersFirst(const KernelModules& modules,
                      const std::string& module,
                      std::vector<std::string>& order)
{
    if (std::find(order.begin(), order.end(), module) != order.end())
    {
        return;
    }
    if (const auto users = modules.find(module); users != modules.end())
    {
        for (const std::string& user : users->second)
        {
            AppendUsersFirst(modules, user, order);
        }
    }
    order.push_back(module);
}

std::string PortName(const std::string& device, std::uint8_t port)
{
    return fmt::format("port {} of {}", port, device);
}

} // namespace

KernelModules ReadKernelModules(const std::string& root)
{
    KernelModules modules;
    Collect(root, kCm, modules);
    Collect(root, kUmad, modules);
    return modules;
}

std::vector<std::string> UnloadOrder(const KernelModules& modules, const std::string& module)
{
    std::vector<std::string> order;
    AppendUsersFirst(modules, module, order);
    return order;
}

VerbsError WhyNoUmadDevice(const std::string& device,
                           std::uint8_t port,
                           int code,
                           const KernelModules& modules)
{
    std::string text = "cannot open the umad device of " + PortName(device, port);
    if (modules.count(kUmad) == 0)
    {
        return {ENOENT, text + "; is the module there? ('modprobe ib_umad')"};
    }
    if (code == EACCES || code == EPERM)
    {
        text += "; /dev/infiniband/umad* must be readable and writable, which is for root unless "
                "udev says otherwise";
    }
    return {code, text};
}

VerbsError WhyNotRegistered(const std::string& device,
                            std::uint8_t port,
                            int code,
                            const KernelModules& modules)
{
    std::string text = "the kernel does not give the management class at " + PortName(device, port);
    if (code == EACCES || code == EPERM)
    {
        return {code, text + "; is this process allowed to use raw MADs?"};
    }
    if (modules.count(kCm) != 0)
    {
        text += fmt::format(" to this process, as its own Connection Manager has it; unload that: "
                            "'modprobe -r {}'",
                            fmt::join(UnloadOrder(modules, kCm), " "));
    }
    else
    {
        text += " to this process; another program has it (see 'fuser -v /dev/infiniband/umad*'), "
                "or the kernel's Connection Manager is built in";
    }
    return {EBUSY, text};
}

} // namespace cmverbs
