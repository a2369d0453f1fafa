// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/text-file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace ns3
{

tl::expected<std::string, std::string> ReadTextFile(const std::string& path)
{
    // The C functions keep errno, which says more than a stream's failbit.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file)
    {
        return tl::unexpected(std::string(std::strerror(errno)));
    }
    std::string text;
    char block[65536];
    std::size_t bytes = 0;
    while ((bytes = std::fread(block, 1, sizeof block, file.get())) > 0)
    {
        text.append(block, bytes);
    }
    if (std::ferror(file.get()) != 0)
    {
        return tl::unexpected(std::string(std::strerror(errno)));
    }
    return text;
}

} // namespace ns3
