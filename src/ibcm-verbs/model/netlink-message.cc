// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/netlink-message.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace cmverbs
{

namespace
{

template <class T>
void AppendStruct(std::vector<std::uint8_t>& bytes, const T& value)
{
    const std::size_t start = bytes.size();
    bytes.resize(start + sizeof value);
    std::memcpy(&bytes[start], &value, sizeof value);
}

void Pad(std::vector<std::uint8_t>& bytes)
{
    bytes.resize((bytes.size() + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO);
}

template <class T>
std::optional<T> ReadStruct(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < sizeof(T))
    {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

std::span<const std::uint8_t> From(std::span<const std::uint8_t> bytes, std::size_t offset)
{
    const std::size_t aligned = (offset + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
    return bytes.subspan(std::min(aligned, bytes.size()));
}

} // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::span<const std::byte> fixed)
{
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST;
    header.nlmsg_seq = 1;
    AppendStruct(m_bytes, header);
    std::transform(fixed.begin(),
                   fixed.end(),
                   std::back_inserter(m_bytes),
                   [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    SetLength();
}

void NetlinkRequest::Append(std::uint16_t attribute, std::span<const std::uint8_t> value)
{
    Pad(m_bytes);
    rtattr header{};
    header.rta_type = attribute;
    header.rta_len = static_cast<std::uint16_t>(sizeof header + value.size());
    AppendStruct(m_bytes, header);
    m_bytes.insert(m_bytes.end(), value.begin(), value.end());
    SetLength();
}

void NetlinkRequest::Append(std::uint16_t attribute, std::uint32_t value)
{
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&value);
    Append(attribute, std::span(raw, sizeof value));
}

void NetlinkRequest::SetLength()
{
    const auto length = static_cast<std::uint32_t>(m_bytes.size());
    std::memcpy(m_bytes.data(), &length, sizeof length); // nlmsg_len is the first member
}

NetlinkAnswer::NetlinkAnswer(std::span<const std::uint8_t> bytes, std::size_t fixedBytes)
{
    const auto header = ReadStruct<nlmsghdr>(bytes);
    if (!header || header->nlmsg_len < sizeof(nlmsghdr))
    {
        return;
    }
    std::span<const std::uint8_t> rest =
        bytes.first(std::min<std::size_t>(header->nlmsg_len, bytes.size()));
    rest = From(rest, sizeof(nlmsghdr));
    if (header->nlmsg_type == NLMSG_ERROR)
    {
        m_error = ReadStruct<int>(rest);
        return;
    }
    m_fixed.assign(rest.begin(),
                   rest.begin() + static_cast<std::ptrdiff_t>(std::min(fixedBytes, rest.size())));
    rest = From(rest, fixedBytes);
    while (const auto attribute = ReadStruct<rtattr>(rest))
    {
        if (attribute->rta_len < sizeof(rtattr) || attribute->rta_len > rest.size())
        {
            return;
        }
        const auto value =
            rest.subspan(sizeof(rtattr), attribute->rta_len - std::size_t{sizeof(rtattr)});
        m_attributes[attribute->rta_type & NLA_TYPE_MASK].assign(value.begin(), value.end());
        rest = From(rest, attribute->rta_len);
    }
}

std::span<const std::uint8_t> NetlinkAnswer::Attribute(std::uint16_t number) const
{
    const auto found = m_attributes.find(number);
    return found == m_attributes.end() ? std::span<const std::uint8_t>{} : found->second;
}

std::optional<std::uint32_t> NetlinkAnswer::Number(std::uint16_t attribute) const
{
    const auto value = Attribute(attribute);
    return value.size() == sizeof(std::uint32_t) ? ReadStruct<std::uint32_t>(value) : std::nullopt;
}

} // namespace cmverbs
