// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_NETLINK_MESSAGE_H
#define IBCM_VERBS_NETLINK_MESSAGE_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <vector>

/**
 * @file
 * Messages of rtnetlink: a header, a fixed part by message type, and attributes. Pure. All
 * integers are in host byte order, addresses in network order.
 */

namespace cmverbs
{

/** A request, byte by byte. */
class NetlinkRequest
{
  public:
    /** @param fixed the struct of the message type, e.g. rtmsg. */
    template <class T>
    NetlinkRequest(std::uint16_t type, const T& fixed)
        : NetlinkRequest(type, std::as_bytes(std::span(&fixed, 1)))
    {
    }

    void Append(std::uint16_t attribute, std::span<const std::uint8_t> value);
    void Append(std::uint16_t attribute, std::uint32_t value);

    std::span<const std::uint8_t> Bytes() const
    {
        return m_bytes;
    }

  private:
    NetlinkRequest(std::uint16_t type, std::span<const std::byte> fixed);

    void SetLength();

    std::vector<std::uint8_t> m_bytes;
};

/** An answer: its fixed part, and its attributes by number. */
class NetlinkAnswer
{
  public:
    /**
     * Reads the first message in @p bytes. Whatever does not fit its length is left out.
     * @param fixedBytes of the message type's struct.
     */
    NetlinkAnswer(std::span<const std::uint8_t> bytes, std::size_t fixedBytes);

    /** Negative errno of an error message; 0 of one that acknowledges; nothing of others. */
    std::optional<int> Error() const
    {
        return m_error;
    }

    /** The fixed part; all zero if the message was too short for one. */
    template <class T>
    T Fixed() const
    {
        T value{};
        if (m_fixed.size() >= sizeof value)
        {
            std::memcpy(&value, m_fixed.data(), sizeof value);
        }
        return value;
    }

    /** An attribute's value; empty if there is none. */
    std::span<const std::uint8_t> Attribute(std::uint16_t number) const;
    /** The value as an integer; nothing unless it has 4 bytes. */
    std::optional<std::uint32_t> Number(std::uint16_t attribute) const;

  private:
    std::optional<int> m_error;
    std::vector<std::uint8_t> m_fixed;
    std::map<std::uint16_t, std::vector<std::uint8_t>> m_attributes;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_NETLINK_MESSAGE_H */
