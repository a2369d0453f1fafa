// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/gid.h"

#include <arpa/inet.h>

namespace ibwire
{

std::string ToString(const Gid& gid)
{
    char text[INET6_ADDRSTRLEN];
    // Cannot fail: the family is known and the buffer is large enough for every address.
    inet_ntop(AF_INET6, gid.raw.data(), text, sizeof text);
    return text;
}

Result<Gid> ParseGid(std::string_view text)
{
    // inet_pton stops at a NUL, which must not hide what follows it.
    if (text.find('\0') != std::string_view::npos)
    {
        return tl::unexpected(WireError::kBadText);
    }
    Gid gid;
    if (inet_pton(AF_INET6, std::string(text).c_str(), gid.raw.data()) != 1)
    {
        return tl::unexpected(WireError::kBadText);
    }
    return gid;
}

} // namespace ibwire
